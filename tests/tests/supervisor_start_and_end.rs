//! Starting once, ending in order, and refusing with a text that helps.

use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use nix::sys::signal::{Signal, kill};
use schema::wire::supervisor::ProgramState::Backoff;
use tests::{
    harness::{is_alive, wait_for},
    supervised::{LIMIT, Scene, Supervised},
};

fn pids(supervised: &schema::wire::supervisor::StatusReport) -> Vec<i32> {
    supervised
        .programs
        .iter()
        .filter_map(|program| program.pid)
        .collect()
}

fn tidy(supervised: &Supervised) {
    let run = supervised.scene.folder().join("run");
    for name in ["supervisor.sock", "supervisor.pid", "notify"] {
        assert!(!run.join(name).exists(), "{name} is left behind");
    }
}

#[actix_rt::test]
async fn sigterm_stops_everything_and_ends_with_0() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pids = pids(&supervised.status().await.unwrap());
    assert_eq!(pids.len(), 3);
    let begun = Instant::now();
    supervised.terminate().unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    tidy(&supervised);
    let log = supervised.log("supervisor");
    assert!(
        log.contains("stopping, SIGTERM came") && log.contains("ListSync is stopped"),
        "{log}"
    );
}

#[actix_rt::test]
async fn shutdown_is_answered_and_ends_with_0_also_during_a_back_off_and_with_a_follower() {
    let mut supervised = Scene::new()
        .unwrap()
        .program("scraper-worker", &["exit", "1"], "restart_base_ms = 60000")
        .start()
        .await
        .unwrap();
    supervised.in_state("scraper-worker", Backoff).await;
    let _follower = supervised.tail("api", 1, true).await.unwrap();
    let begun = Instant::now();
    supervised.shutdown().await.unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    tidy(&supervised);
}

#[actix_rt::test]
async fn programs_stop_side_by_side_and_status_answers_meanwhile() {
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ignore-term", "ready", "sleep"],
            "stop_timeout_s = 1",
        )
        .program(
            "sync-worker",
            &["ignore-term", "ready", "sleep"],
            "stop_timeout_s = 1",
        )
        .start_ready()
        .await
        .unwrap();
    let begun = Instant::now();
    supervised.terminate().unwrap();
    wait_for("a status that says it is stopping", LIMIT, || async {
        supervised
            .status()
            .await
            .ok()
            .filter(|report| report.is_stopping)
    })
    .await;
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    let took = begun.elapsed().as_millis();
    assert!((1000..1700).contains(&took), "{took} ms");
}

#[actix_rt::test]
async fn programs_stop_in_the_reverse_order_of_their_start() {
    let mut supervised = Scene::new()
        .unwrap()
        .program("api", &["ready", "wait"], "after = [\"sync-worker\"]")
        .program(
            "sync-worker",
            &["ready", "wait"],
            "after = [\"scraper-worker\"]",
        )
        .start_ready()
        .await
        .unwrap();
    supervised.terminate().unwrap();
    supervised.ended().await.unwrap();
    let log = supervised.log("supervisor");
    let at = |text: &str| {
        log.find(text)
            .unwrap_or_else(|| panic!("no {text:?} in {log}"))
    };
    assert!(at("api is stopped") < at("stopping sync-worker"));
    assert!(at("sync-worker is stopped") < at("stopping scraper-worker"));
    assert!(at("scraper-worker is ready") < at("starting sync-worker"));
}

#[actix_rt::test]
async fn a_second_sigterm_kills_what_still_runs() {
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ignore-term", "ready", "sleep"],
            "stop_timeout_s = 60",
        )
        .start_ready()
        .await
        .unwrap();
    supervised.terminate().unwrap();
    wait_for("a status that says it is stopping", LIMIT, || async {
        supervised
            .status()
            .await
            .ok()
            .filter(|report| report.is_stopping)
    })
    .await;
    let begun = Instant::now();
    supervised.terminate().unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[actix_rt::test]
async fn other_signals_do_not_end_it_and_sigquit_stops_in_order() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pid = nix::unistd::Pid::from_raw(supervised.pid().unwrap());
    for signal in [
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGPIPE,
        Signal::SIGALRM,
        Signal::SIGWINCH,
    ] {
        kill(pid, signal).unwrap();
    }
    wait_for("a line about SIGUSR2", LIMIT, || async {
        supervised
            .log("supervisor")
            .contains("SIGUSR2 came")
            .then_some(())
    })
    .await;
    supervised.status().await.unwrap();
    kill(pid, Signal::SIGQUIT).unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
}

#[actix_rt::test]
async fn a_second_supervisor_is_refused_by_pid_and_path_and_the_first_goes_on() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = supervised.status().await.unwrap();
    let begun = Instant::now();
    let second = supervised.scene.cli(&["run"]).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(second.status.code(), Some(75));
    let text = String::from_utf8(second.stderr).unwrap();
    let lock = supervised.scene.file("run/supervisor.lock");
    assert!(
        text.contains(&format!("process {} holds {lock}", before.pid)),
        "{text}"
    );
    assert_eq!(supervised.status().await.unwrap(), before);
    assert_eq!(
        supervised.text("run/supervisor.pid").trim(),
        before.pid.to_string()
    );
}

#[actix_rt::test]
async fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let scene = Scene::new().unwrap();
    std::fs::create_dir(scene.folder().join("data")).unwrap();
    let path = scene.folder().join("data/list_sync.db");
    foreign_database(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let output = scene.refused().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains(path.to_str().unwrap()) && text.contains("move it away"),
        "{text}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[actix_rt::test]
async fn a_data_directory_that_cannot_be_written_comes_with_the_command_that_helps() {
    let scene = Scene::new().unwrap();
    // A file in the way: root, as CI runs, may write everywhere.
    let file = scene.folder().join("file");
    std::fs::write(&file, "").unwrap();
    let data = file.join("data").display().to_string();
    let output = scene
        .environment("LISTSYNC_DATA_DIR", &data)
        .refused()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    let chown = format!(
        "sudo chown -R {}:{} ",
        nix::unistd::Uid::effective(),
        nix::unistd::Gid::effective()
    );
    assert!(text.contains(&chown) && text.contains(&data), "{text}");
}

#[actix_rt::test]
async fn settings_that_make_no_sense_are_refused_before_anything_is_touched() {
    let scene = Scene::new()
        .unwrap()
        .settings("vpn", "after = [\"nobody\"]");
    let output = scene.refused().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("names \"nobody\", which is no program"),
        "{text}"
    );
    assert!(!scene.folder().join("data").exists());
}

#[actix_rt::test]
async fn workers_see_what_they_may_and_users_programs_nothing_of_ours() {
    let scene = Scene::new().unwrap();
    let file = |name: &str| scene.file(name);
    let (scraper, api, user) = (file("scraper.env"), file("api.env"), file("user.env"));
    let supervised = scene
        .environment("OVERSEERR_URL", "http://seerr:5055")
        .environment("OVERSEERR_API_KEY", "hush")
        .environment("LISTSYNC_SECRET_KEY", "hush")
        .environment("UNRELATED", "x")
        .program("scraper-worker", &["env", &scraper, "ready", "wait"], "")
        .program(
            "api",
            &["env", &api, "ready", "wait"],
            "environment = { EXTRA = \"1\" }",
        )
        .program(
            "user",
            &["env", &user, "ready", "wait"],
            "ready = \"notify\"",
        )
        .start_ready()
        .await
        .unwrap();
    let names = |name: &str| -> Vec<String> {
        let text = supervised.text(name);
        text.lines()
            .map(|line| line.split('=').next().unwrap().to_owned())
            .collect()
    };
    let scraper = names("scraper.env");
    assert!(scraper.contains(&"OVERSEERR_URL".to_owned()));
    assert!(!supervised.text("scraper.env").contains("hush"));
    let api = supervised.text("api.env");
    assert!(api.contains("OVERSEERR_API_KEY=hush") && api.contains("LISTSYNC_SECRET_KEY=hush"));
    assert!(api.contains("EXTRA=1") && !api.contains("UNRELATED"));
    assert!(api.contains(&format!(
        "LISTSYNC_RUN_DIR={}",
        supervised.scene.file("run")
    )));
    let mut user = names("user.env");
    user.sort();
    assert_eq!(user, ["NOTIFY_SOCKET", "PATH"]);
}

#[actix_rt::test]
async fn all_ready_is_said_with_the_addresses_and_what_is_to_be_set() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    wait_for("the line that says all is ready", LIMIT, || async {
        let log = supervised.log("supervisor");
        (log.contains("is ready: dashboard http://127.0.0.1:3222, API http://127.0.0.1:4222")
            && log.contains("set OVERSEERR_URL")
            && log.contains("listsync setup"))
        .then_some(())
    })
    .await;
    let mode = |name: &str| {
        let path = supervised.scene.folder().join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("run"), mode("run/supervisor.sock")), (0o700, 0o600));
}

/// A supervisor in the folder of a scene, not started yet, so that a test may give it other streams.
fn again(scene: &Scene) -> std::io::Result<tokio::process::Command> {
    let test = std::env::current_exe()?;
    let mut folders = test
        .ancestors()
        .map(|folder| folder.join("listsync-under-test"));
    let mut command =
        tokio::process::Command::new(folders.find(|path| path.is_file()).unwrap_or_default());
    command
        .arg("run")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LISTSYNC_DATA_DIR", scene.file("data"))
        .env("LISTSYNC_RUN_DIR", scene.file("run"))
        .env("LISTSYNC_LOG_DIR", scene.file("logs"))
        .env("LISTSYNC_CONFIG", scene.file("listsync.toml"))
        .current_dir(scene.folder())
        .stdin(std::process::Stdio::null())
        .stdout(std::fs::File::create(scene.folder().join("stdout"))?)
        .kill_on_drop(true);
    Ok(command)
}

#[actix_rt::test]
async fn closing_the_terminal_it_was_started_in_stops_everything_in_order() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    supervised.terminate().unwrap();
    supervised.ended().await.unwrap();
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut child = again(&supervised.scene)
        .unwrap()
        .stdin(terminal.slave)
        .spawn()
        .unwrap();
    supervised.all_ready().await;
    let pid = nix::unistd::Pid::from_raw(child.id().unwrap().try_into().unwrap());
    // The shell and the kernel may each send one.
    kill(pid, Signal::SIGHUP).unwrap();
    kill(pid, Signal::SIGHUP).unwrap();
    let ended = tokio::time::timeout(LIMIT, child.wait()).await.unwrap();
    assert_eq!(ended.unwrap().code(), Some(0));
    tidy(&supervised);
    let log = supervised.log("supervisor");
    assert!(log.contains("stopping, our terminal is closed"), "{log}");
    assert!(!log.contains("killing what still runs"), "{log}");
}

#[actix_rt::test]
async fn a_stop_during_a_long_start_is_heard_and_nothing_is_started() {
    let scene = Scene::new().unwrap();
    // Settings that take until somebody writes them.
    let settings = scene.folder().join("listsync.toml");
    nix::unistd::mkfifo(&settings, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = again(&scene).unwrap().spawn().unwrap();
    let writer = tokio::task::spawn_blocking(move || std::fs::File::create(settings));
    let writer = tokio::time::timeout(LIMIT, writer).await.unwrap().unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().unwrap().try_into().unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    drop(writer.unwrap());
    let ended = tokio::time::timeout(LIMIT, child.wait()).await.unwrap();
    assert_eq!(ended.unwrap().code(), Some(0));
    let log = std::fs::read_to_string(scene.folder().join("logs/supervisor.log")).unwrap();
    assert!(log.contains("before anything was started"), "{log}");
    assert!(!log.contains("starting api"), "{log}");
}

/// A database with a table and without our marker.
fn foreign_database(path: &std::path::Path) -> diesel::ConnectionResult<()> {
    use diesel::{Connection as _, connection::SimpleConnection as _};
    let mut connection = diesel::SqliteConnection::establish(&path.display().to_string())?;
    let made = connection.batch_execute("CREATE TABLE photos (name TEXT)");
    made.map_err(diesel::ConnectionError::CouldntSetupConfiguration)
}
