//! What a program inherits, what it may take, and what is said when it takes too much.

use std::{collections::BTreeMap, time::Duration};

use schema::wire::supervisor::{ExitCause, ProgramState::Running};
use tests::supervised::{Scene, Supervised, is_root, skipped};

/// What a child wrote of itself.
fn state(supervised: &Supervised, file: &str) -> BTreeMap<String, String> {
    let text = supervised.text(file);
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[actix_rt::test]
async fn a_program_inherits_three_descriptors_and_nothing_odd() {
    let scene = Scene::new().unwrap();
    let file = scene.file("state");
    let supervised = scene
        .program("scraper-worker", &["state", &file, "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let state = state(&supervised, "state");
    let open: Vec<_> = state
        .keys()
        .filter(|name| name.starts_with("fd "))
        .collect();
    assert_eq!(open, ["fd 0", "fd 1", "fd 2"]);
    assert_eq!(state["fd 0"], "/dev/null");
    assert!(state["fd 1"].starts_with("pipe:") && state["fd 1"] == state["fd 2"]);
    assert_eq!(state["SigBlk"], "0000000000000000");
    assert_eq!(state["SigIgn"], "0000000000000000");
    assert_eq!(
        (&state["NSsid"], &state["NSpgid"]),
        (&state["pid"], &state["pid"])
    );
    let own = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", supervised.pid().unwrap()))
        .unwrap();
    let (own, child): (i32, i32) = (
        own.trim().parse().unwrap(),
        state["oom_score_adj"].parse().unwrap(),
    );
    assert!(child >= own, "{child} < {own}");
}

#[actix_rt::test]
async fn the_child_is_the_kernels_first_choice_even_when_the_supervisor_is_its_last() {
    let lower = ["-n", "-500", "--", "true"];
    let lowered = tokio::process::Command::new("choom").args(lower).output();
    if !lowered.await.is_ok_and(|output| output.status.success()) {
        skipped("nobody may lower oom_score_adj here");
        return;
    }
    let scene = Scene::new().unwrap();
    let (scraper, api) = (scene.file("scraper"), scene.file("api"));
    let supervised = scene
        .wrapped(&["choom", "-n", "-500", "--"])
        .program("scraper-worker", &["state", &scraper, "ready", "wait"], "")
        .program(
            "api",
            &["state", &api, "ready", "wait"],
            "oom_score_adj = 200",
        )
        .start_ready()
        .await
        .unwrap();
    let score = |file: &str| -> i32 { state(&supervised, file)["oom_score_adj"].parse().unwrap() };
    assert!(score("scraper") >= -500);
    assert_eq!(score("api"), 200);
}

#[actix_rt::test]
async fn mask_directory_and_limits_are_as_wished() {
    let scene = Scene::new().unwrap();
    let (file, folder) = (scene.file("state"), scene.file("here"));
    std::fs::create_dir(&folder).unwrap();
    let more = format!(
        "umask = \"077\"\ndirectory = {folder:?}\nrlimits = {{ nofile = 100, core = 0 }}\noom_score_adj = 300"
    );
    let supervised = scene
        .program("sync-worker", &["state", &file, "ready", "wait"], &more)
        .start_ready()
        .await
        .unwrap();
    let state = state(&supervised, "state");
    assert_eq!(state["Umask"], "0077");
    assert_eq!(state["directory"], folder);
    assert_eq!(state["limit Max open files"], "100 100");
    assert_eq!(state["limit Max core file size"], "0 0");
    assert_eq!(state["oom_score_adj"], "300");
}

#[actix_rt::test]
async fn a_program_runs_as_the_user_it_is_told_to() {
    if !is_root() {
        skipped("only root may start programs as somebody else");
        return;
    }
    let scene = Scene::new().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(scene.folder(), open).unwrap();
    let (state_file, env) = (scene.file("state"), scene.file("env"));
    let mut supervised = scene
        .program(
            "other",
            &["state", &state_file, "env", &env, "ready", "wait"],
            "user = \"nobody\"\nready = \"notify\"",
        )
        .start_ready()
        .await
        .unwrap();
    let state = state(&supervised, "state");
    assert_eq!(state["Uid"], "65534 65534 65534 65534");
    assert_eq!(state["Gid"], "65534 65534 65534 65534");
    assert!(
        !format!(" {} ", state["Groups"]).contains(" 0 "),
        "{state:?}"
    );
    let env = supervised.text("env");
    assert!(
        env.contains("USER=nobody\n") && env.contains("LOGNAME=nobody\n"),
        "{env}"
    );
    // It dies with us though it is somebody else's.
    let pid = supervised.pid_of("other").await.unwrap();
    supervised.kill().await.unwrap();
    tests::supervised::gone("the program of another user", pid).await;
}

#[actix_rt::test]
async fn an_unknown_user_is_refused_before_anything_starts() {
    let scene = Scene::new()
        .unwrap()
        .settings("other", "command = \"/bin/true\"\nuser = \"nosuchuser\"");
    let output = scene.refused().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("nosuchuser") && text.contains("line 3"),
        "{text}"
    );
    assert!(!scene.folder().join("data").exists());
}

#[actix_rt::test]
async fn a_program_that_takes_too_much_memory_is_restarted_and_the_reason_told() {
    let scene = Scene::new().unwrap();
    let go = scene.file("go");
    // Memory is looked at when the program says that it is alive.
    let script = [
        "ready",
        "until",
        &go,
        "memory",
        "60",
        "alive-for-ever",
        "100",
    ];
    let supervised = scene
        .program(
            "scraper-worker",
            &script,
            "max_memory_mb = 30\nwatchdog_s = 30",
        )
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("scraper-worker").await.unwrap();
    std::fs::write(&go, "").unwrap();
    let change = supervised
        .until("scraper-worker", "restarted for its memory", |now| {
            now.last_exit
                .as_ref()
                .is_some_and(|exit| exit.cause == ExitCause::Memory)
        })
        .await;
    assert_ne!(change.pid, Some(before));
    let reason = change.last_exit.unwrap().reason;
    assert!(reason.contains("memory"), "{reason}");
}

#[actix_rt::test]
async fn status_tells_what_all_processes_of_a_program_take() {
    let scene = Scene::new().unwrap();
    let child = scene.file("child");
    let supervised = scene
        .program(
            "scraper-worker",
            &["session-child", &child, "memory", "40", "ready", "wait"],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let status = supervised.program("scraper-worker").await.unwrap();
    assert_eq!(status.processes, 2);
    let megabytes = status.memory_bytes.unwrap() / 1_000_000;
    assert!((40..60).contains(&megabytes), "{megabytes} MB");
    assert!(status.cpu_ms.is_some());
}

/// A group of processes whose memory the kernel limits; gone when dropped.
struct Group(std::path::PathBuf);

impl Group {
    /// Below the one we are in; none where that is not possible.
    fn new() -> Option<Self> {
        let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let inside = |controller: &str| {
            let mut lines = own
                .lines()
                .filter_map(|line| line.split(':').nth(1).zip(line.rsplit(':').next()));
            lines
                .find(|(name, _)| *name == controller)
                .map(|(_, path)| path.trim_start_matches('/').to_owned())
        };
        let name = format!("listsync-test-{}", std::process::id());
        let old = inside("memory").map(|path| {
            (
                format!("/sys/fs/cgroup/memory/{path}"),
                "memory.limit_in_bytes",
            )
        });
        let new = inside("").map(|path| (format!("/sys/fs/cgroup/{path}"), "memory.max"));
        for (parent, limit) in old.into_iter().chain(new) {
            let folder = std::path::Path::new(&parent).join(&name);
            if std::fs::create_dir(&folder).is_ok() {
                let group = Self(folder);
                if std::fs::write(group.0.join(limit), (120 * 1024 * 1024).to_string()).is_ok() {
                    return Some(group);
                }
            }
        }
        None
    }
}

impl Drop for Group {
    #[expect(
        clippy::disallowed_methods,
        reason = "the kernel takes a moment to count the dead"
    )]
    fn drop(&mut self) {
        for _ in 0..200 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        skipped(&format!("removing {}", self.0.display()));
    }
}

#[actix_rt::test]
async fn a_program_that_the_kernel_killed_for_memory_is_shown_so() {
    let Some(group) = Group::new() else {
        skipped("no group of processes can be made whose memory is limited");
        return;
    };
    let scene = Scene::new().unwrap();
    let go = scene.file("go");
    let script = ["ready", "until", &go, "memory", "400", "wait"];
    let enter = format!(
        "echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"",
        group.0.display()
    );
    let mut supervised = scene
        .wrapped(&["/bin/sh", "-c", &enter])
        .program("scraper-worker", &script, "oom_score_adj = 900")
        // On a busy machine the kernel takes a second victim while the first is still dying.
        .program("api", &["ready", "wait"], "oom_score_adj = 500")
        .program("sync-worker", &["ready", "wait"], "oom_score_adj = 500")
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("scraper-worker").await.unwrap();
    std::fs::write(&go, "").unwrap();
    let after = supervised
        .until("scraper-worker", "killed", |now| now.last_exit.is_some())
        .await;
    let exit = after.last_exit.unwrap();
    assert_eq!(
        (exit.cause, exit.signal),
        (ExitCause::OomKill, Some(9)),
        "{exit:?}"
    );
    assert!(after.pid != Some(before));
    supervised.in_state("api", Running).await;
    supervised.stop().await.unwrap();
}

#[actix_rt::test]
async fn workers_see_what_they_may_and_users_programs_nothing_of_ours() {
    let scene = Scene::new().unwrap();
    let file = |name: &str| scene.file(name);
    let (scraper, api, user) = (file("scraper.env"), file("api.env"), file("user.env"));
    let supervised = scene
        .environment("OVERSEERR_URL", "http://seerr:5055")
        .environment("OVERSEERR_API_KEY", "hush-hush")
        .environment("LISTSYNC_SECRET_KEY", "hush-hush")
        .environment("UNRELATED", "x")
        .program("scraper-worker", &["env", &scraper, "ready", "wait"], "")
        .program(
            "api",
            &["env", &api, "ready", "wait"],
            "environment = { EXTRA = \"1$HOME%d\" }",
        )
        .program(
            "user",
            &["env", &user, "ready", "wait"],
            "ready = \"notify\"",
        )
        .start_ready()
        .await
        .unwrap();
    assert!(supervised.text("scraper.env").contains("OVERSEERR_URL="));
    assert!(!supervised.text("scraper.env").contains("hush"));
    let api = supervised.text("api.env");
    assert!(api.contains("OVERSEERR_API_KEY=hush") && api.contains("LISTSYNC_SECRET_KEY=hush"));
    assert!(api.contains("EXTRA=1$HOME%d\n") && !api.contains("UNRELATED"));
    assert!(api.contains(&format!(
        "LISTSYNC_RUN_DIR={}",
        supervised.scene.file("run")
    )));
    let user = supervised.text("user.env");
    let mut names: Vec<_> = user
        .lines()
        .map(|line| line.split('=').next().unwrap())
        .filter(|name| !["TZ", "LISTSYNC_LIFE"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["NOTIFY_SOCKET", "PATH"]);
}
