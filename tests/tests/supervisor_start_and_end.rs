//! Starting once, ending in order, and refusing with a text that helps.

use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use nix::sys::signal::{Signal, kill};
use schema::wire::supervisor::{
    ExitCause,
    ProgramOutcome::Stopped,
    ProgramState::{Backoff, Stopping},
    ToSupervisor,
};
use tests::{
    harness::{is_alive, wait_for},
    supervised::{LIMIT, Scene, Supervised, gone},
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
    supervised.terminate().unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
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
    let _follower = supervised.follow("api", 1).await.unwrap();
    supervised.shutdown().await.unwrap();
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    tidy(&supervised);
}

#[actix_rt::test]
async fn slow_programs_stop_side_by_side_and_status_answers_meanwhile() {
    let script = ["stop-slowly", "700", "ready", "wait"];
    let mut supervised = Scene::new()
        .unwrap()
        .program("api", &script, "")
        .program("sync-worker", &script, "")
        .program("scraper-worker", &script, "")
        .start_ready()
        .await
        .unwrap();
    let begun = Instant::now();
    supervised.terminate().unwrap();
    wait_for("a status in which all are stopping", LIMIT, || async {
        let report = supervised.status().await.ok()?;
        let mut programs = report.programs.iter();
        let all = programs.all(|program| program.state == Stopping);
        (report.is_stopping && all).then_some(())
    })
    .await;
    let refused = supervised.order(ToSupervisor::Start, "api").await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    // Each took its time; that all were stopping at once was seen above.
    assert!(begun.elapsed() >= Duration::from_millis(700));
}

#[actix_rt::test]
async fn each_level_of_the_order_stops_after_the_one_before() {
    let script = ["stop-slowly", "400", "ready", "wait"];
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &script,
            "after = [\"sync-worker\", \"scraper-worker\"]",
        )
        .program("sync-worker", &script, "")
        .program("scraper-worker", &script, "")
        .start_ready()
        .await
        .unwrap();
    let (code, took) = supervised.stop().await.unwrap();
    assert_eq!(code, Some(0));
    // Two levels, each as long as its slowest.
    assert!(took >= Duration::from_millis(800), "{took:?}");
}

#[actix_rt::test]
async fn a_program_that_ignores_the_request_is_killed_in_time_and_holds_up_nobody() {
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ignore-term", "ready", "wait"],
            "stop_timeout_s = 5",
        )
        .start_ready()
        .await
        .unwrap();
    let other = supervised.pid_of("sync-worker").await.unwrap();
    let stubborn = supervised.pid_of("api").await.unwrap();
    let begun = Instant::now();
    supervised.terminate().unwrap();
    gone("the well-behaved one", other).await;
    // The other was not waited for.
    assert!(is_alive(stubborn));
    assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
    let took = begun.elapsed().as_millis();
    assert!((4990..15_000).contains(&took), "{took} ms");
    let log = supervised.log("supervisor");
    assert!(log.contains("SIGKILL") || log.contains("killing"), "{log}");
}

#[actix_rt::test]
async fn a_stop_of_one_program_that_ignores_it_tells_that_it_was_killed() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ignore-term", "ready", "wait"],
            "stop_timeout_s = 1",
        )
        .start_ready()
        .await
        .unwrap();
    let begun = Instant::now();
    assert_eq!(supervised.stop_program("api").await.unwrap(), Stopped);
    // One second, not the eight of others.
    let took = begun.elapsed();
    assert!((1000..7000).contains(&took.as_millis()), "{took:?}");
    let exit = supervised.program("api").await.unwrap().last_exit.unwrap();
    assert_eq!(
        (exit.cause, exit.signal),
        (ExitCause::StopTimeout, Some(9)),
        "{exit:?}"
    );
}

#[actix_rt::test]
async fn defaults_end_the_stubborn_before_docker_loses_patience() {
    let mut supervised = Scene::new()
        .unwrap()
        .program("api", &["ignore-term", "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let (_, took) = supervised.stop().await.unwrap();
    assert!((7900..8500).contains(&took.as_millis()), "{took:?}");
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
async fn all_ready_is_said_with_the_addresses_and_what_is_to_be_set() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let port = |name: &str| supervised.scene.variable(name).unwrap().to_owned();
    let wanted = format!(
        "is ready: dashboard http://127.0.0.1:{}, API http://127.0.0.1:{}",
        port("LISTSYNC_DASHBOARD_PORT"),
        port("LISTSYNC_API_PORT")
    );
    wait_for("the line that says all is ready", LIMIT, || async {
        let log = supervised.log("supervisor");
        (log.contains(&wanted)
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
        .env("LISTSYNC_API_PORT", "0")
        .env("LISTSYNC_DASHBOARD_PORT", "0")
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
