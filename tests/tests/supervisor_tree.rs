//! Everything a program started goes when it goes, wherever it went; and everything goes with the supervisor.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use schema::wire::supervisor::{
    ProgramOutcome::{Started, Stopped},
    ProgramState::{Backoff, Running},
};
use tests::{
    harness::{children_of, is_alive, kill, wait_for},
    supervised::{
        LIMIT, Processes, Scene, Supervised, beside, gone, is_root, killed_at_the_end, parent_of,
        skipped,
    },
};

/// A supervisor that is process 1 of a namespace of its own.
const AS_FIRST: [&str; 5] = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

async fn pids(supervised: &Supervised) -> Vec<i32> {
    let report = supervised.status().await.unwrap();
    report
        .programs
        .iter()
        .filter_map(|program| program.pid)
        .collect()
}

#[actix_rt::test]
async fn children_of_a_program_go_with_it() {
    let scene = Scene::new().unwrap();
    let file = scene.file("child");
    let supervised = scene
        .program("api", &["child", &file, "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let first = supervised.number("child").await;
    assert!(is_alive(first));
    supervised.stop_program("api").await.unwrap();
    assert!(!is_alive(first), "the child outlived the stop");
    supervised.start_program("api").await.unwrap();
    let second = supervised.number("child").await;
    let before = supervised.pid_of("api").await.unwrap();
    kill(before);
    supervised.replaced("api", before).await;
    gone("the child after a crash", second).await;
}

#[actix_rt::test]
async fn what_left_the_session_of_a_program_goes_with_it() {
    let scene = Scene::new().unwrap();
    let file = |name: &str| scene.file(name);
    let (own, daemon, wiped) = (file("own"), file("daemon"), file("wiped"));
    let script = [
        "session-child",
        &own,
        "daemon",
        &daemon,
        "daemon-wiped",
        &wiped,
        "ready",
        "wait",
    ];
    let supervised = scene
        .program("api", &script, "")
        .program("sync-worker", &["ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let other = supervised.pid_of("sync-worker").await.unwrap();
    let mut runaways = Vec::new();
    for name in ["own", "daemon", "wiped"] {
        runaways.push(supervised.number(name).await);
    }
    let _end = killed_at_the_end(&runaways);
    assert!(runaways.iter().all(|pid| is_alive(*pid)));
    let status = supervised.program("api").await.unwrap();
    // One without a session, a parent and an environment of ours cannot be told to be its.
    assert!(status.processes >= 3, "{status:?}");
    assert_eq!(supervised.stop_program("api").await.unwrap(), Stopped);
    for (name, pid) in ["own", "daemon"].into_iter().zip(&runaways) {
        assert!(!is_alive(*pid), "{name} outlived the stop");
    }
    assert_eq!(supervised.pid_of("sync-worker").await.unwrap(), other);
    supervised.logged("supervisor", "left behind").await;
    // Nobody's by all that can be seen of it, it goes with the supervisor.
    let mut supervised = supervised;
    supervised.terminate().unwrap();
    supervised.ended().await.unwrap();
    gone("what belongs to nobody", runaways[2]).await;
}

#[actix_rt::test]
async fn a_pipeline_behind_a_shell_has_one_copy_after_restarts_and_none_after_a_stop() {
    let scene = Scene::new().unwrap();
    let (starts, copy) = (scene.file("starts"), scene.file("copy"));
    let core = beside("scripted-child").unwrap();
    // The line by which the old product starts its core, with a small core.
    let line = format!(
        "{} started {starts} stamps 1000000 5000 2>&1 | while IFS= read -r line; do \
         echo \"$(date +%s) - $line\"; done | tee -a {copy}",
        core.display()
    );
    let supervised = scene
        .settings(
            "core",
            &format!("command = \"/bin/bash\"\nargs = [\"-c\", {line:?}]"),
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("core", Running).await;
    // The shells have the line as one word of theirs, behind `-c`.
    let with = |text: &str| {
        let all = Processes::with(text);
        let shells = Processes::with("read -r line; do");
        let others = all.into_iter().filter(|pid| !shells.contains(pid));
        others.count()
    };
    let core = format!("started {starts} stamps");
    for _ in 0..2 {
        assert_eq!(supervised.restart("core").await.unwrap().outcome, Started);
        // A shell that has not yet become what it starts is neither for a moment.
        wait_for("one core and one copy", LIMIT, || async {
            ((with(&core), with(&format!("tee -a {copy}"))) == (1, 1)).then_some(())
        })
        .await;
    }
    assert_eq!(supervised.stop_program("core").await.unwrap(), Stopped);
    assert_eq!((with(&core), with(&format!("tee -a {copy}"))), (0, 0));
    assert_eq!(Processes::with(&copy), Vec::<i32>::new());
}

#[actix_rt::test]
async fn nothing_survives_a_killed_supervisor_and_the_next_one_starts_one_of_each() {
    let scene = Scene::new().unwrap();
    let (child, starts) = (scene.file("child"), scene.file("starts"));
    let mut supervised = scene
        .program("api", &["started", &starts, "ready", "wait"], "")
        .program(
            "sync-worker",
            &["ignore-term", "child", &child, "ready", "wait"],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let direct = pids(&supervised).await;
    assert_eq!(direct.len(), 3);
    let grandchild = supervised.number("child").await;
    let _end = killed_at_the_end(&[grandchild]);
    let port = supervised
        .scene
        .variable("LISTSYNC_API_PORT")
        .unwrap()
        .to_owned();
    supervised.kill().await.unwrap();
    for pid in direct {
        gone("a program of a killed supervisor", pid).await;
    }
    // The very port can be taken by somebody else at once.
    drop(std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap());
    supervised.boot().await.unwrap();
    supervised.all_ready().await;
    assert_eq!(pids(&supervised).await.len(), 3);
    assert_eq!(supervised.text("starts").lines().count(), 2);
    assert_eq!(Processes::with(&format!("started {starts}")).len(), 1);
}

async fn a_daemon_is_adopted_and_taken_away(scene: Scene) {
    let daemon = scene.file("daemon");
    let supervised = scene
        .program("scraper-worker", &["daemon", &daemon, "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    supervised.number("daemon").await;
    let outside = supervised.pid().unwrap();
    let (kept, runaway) = wait_for("the runaway being adopted", LIMIT, || async {
        // Numbers inside a namespace are others than outside: found by who is whose child.
        let inside = Processes::with("listsync-under-test run")
            .into_iter()
            .find(|pid| parent_of(*pid) == Some(outside));
        let supervisor = inside.unwrap_or(outside);
        let ours = Processes::with(&daemon).into_iter();
        let children: Vec<_> = ours
            .filter(|pid| parent_of(*pid) == Some(supervisor))
            .collect();
        let text = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/stat"));
        // The daemon's session is not led by itself.
        let is_runaway = |pid: &i32| {
            let Ok(stat) = text(*pid) else { return false };
            let words: Vec<_> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
            words.get(4).and_then(|sid| sid.parse().ok()) != Some(*pid)
        };
        let runaway = children.iter().copied().find(is_runaway)?;
        let kept = children.iter().copied().find(|pid| *pid != runaway)?;
        Some((kept, runaway))
    })
    .await;
    let before = supervised.program("scraper-worker").await.unwrap();
    kill(runaway);
    wait_for("the dead runaway being taken away", LIMIT, || async {
        (!std::fs::exists(format!("/proc/{runaway}")).unwrap()).then_some(())
    })
    .await;
    assert!(is_alive(kept));
    let after = supervised.program("scraper-worker").await.unwrap();
    assert_eq!((after.pid, after.restarts), (before.pid, before.restarts));
}

#[actix_rt::test]
async fn a_dead_runaway_leaves_no_zombie_and_is_not_taken_for_its_program() {
    a_daemon_is_adopted_and_taken_away(Scene::new().unwrap()).await;
}

#[actix_rt::test]
async fn a_dead_runaway_leaves_no_zombie_under_process_1_either() {
    if !is_root() {
        skipped("only root makes a namespace of processes");
        return;
    }
    a_daemon_is_adopted_and_taken_away(Scene::new().unwrap().wrapped(&AS_FIRST)).await;
}

#[actix_rt::test]
async fn process_1_stops_everything_on_sigterm_and_ends_with_0() {
    if !is_root() {
        skipped("only root makes a namespace of processes");
        return;
    }
    let mut supervised = Scene::new()
        .unwrap()
        .wrapped(&AS_FIRST)
        .start_ready()
        .await
        .unwrap();
    assert_eq!(supervised.status().await.unwrap().pid, 1);
    let outside = supervised.pid().unwrap();
    let children = children_of(outside);
    let first = *children.first().unwrap();
    tests::harness::stop_signal(first);
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    assert!(children.iter().all(|pid| !is_alive(*pid)));
}

#[actix_rt::test]
async fn the_exit_of_a_program_is_seen_while_somebody_holds_its_output() {
    let scene = Scene::new().unwrap();
    let (holder, go, starts) = (scene.file("holder"), scene.file("go"), scene.file("starts"));
    let script = [
        "started",
        &starts,
        "hold-stdout",
        &holder,
        &go,
        "ready",
        "pause",
        "50",
        "exit",
        "1",
    ];
    let supervised = scene
        .program("scraper-worker", &script, "restart_base_ms = 60000")
        .start()
        .await
        .unwrap();
    let holder = supervised.number("holder").await;
    let _end = killed_at_the_end(&[holder]);
    // The first death after readiness is answered at once: nobody waited for the end of the output.
    wait_for("the second life", LIMIT, || async {
        (supervised.text("starts").lines().count() == 2).then_some(())
    })
    .await;
    supervised.in_state("scraper-worker", Backoff).await;
    let text = supervised.text("starts");
    let moments: Vec<i64> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap().1.parse().unwrap())
        .collect();
    let milliseconds = (moments[1] - moments[0]) / 1_000_000;
    assert!(milliseconds < 400, "{milliseconds} ms");
    // It is taken away like everything a program leaves.
    gone("the holder of the output", holder).await;
}

#[actix_rt::test]
async fn what_a_program_leaves_behind_at_its_own_end_is_taken_away() {
    let scene = Scene::new().unwrap();
    let (daemon, wiped) = (scene.file("daemon"), scene.file("wiped"));
    let script = [
        "daemon",
        &daemon,
        "daemon-wiped",
        &wiped,
        "pause",
        "20",
        "exit",
        "7",
    ];
    let supervised = scene
        .program("scraper-worker", &script, "restart_base_ms = 60000")
        .start()
        .await
        .unwrap();
    let runaway = supervised.number("daemon").await;
    let _end = killed_at_the_end(&[runaway]);
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(waiting.last_exit.unwrap().reason, "exit code 7");
    gone("the runaway", runaway).await;
}

#[actix_rt::test]
async fn nothing_is_left_when_the_supervisor_ends() {
    let scene = Scene::new().unwrap();
    let (daemon, wiped) = (scene.file("daemon"), scene.file("wiped"));
    let script = [
        "daemon",
        &daemon,
        "daemon-wiped",
        &wiped,
        "ready",
        "pause",
        "50",
        "exit",
        "0",
    ];
    let mut supervised = scene
        .program("job", &script, "restart = \"never\"\nready = \"notify\"")
        .start()
        .await
        .unwrap();
    let runaways = [
        supervised.number("daemon").await,
        supervised.number("wiped").await,
    ];
    let _end = killed_at_the_end(&runaways);
    assert_eq!(supervised.stop().await.unwrap().0, Some(0));
    assert!(runaways.iter().all(|pid| !is_alive(*pid)));
}
