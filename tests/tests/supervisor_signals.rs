//! Signals to the supervisor, and through it to its programs.

use std::time::{Duration, Instant};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schema::wire::supervisor::ProgramOutcome::{NotRunning, Signalled};
use tests::{
    harness::{is_alive, wait_for},
    supervised::{LIMIT, Scene, Supervised},
};

async fn is_stopping(supervised: &Supervised) {
    wait_for("a status that says it is stopping", LIMIT, || async {
        supervised
            .status()
            .await
            .ok()
            .filter(|report| report.is_stopping)
    })
    .await;
}

#[actix_rt::test]
async fn no_other_signal_ends_it_or_its_programs() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = supervised.status().await.unwrap();
    let pid = supervised.pid().unwrap();
    let own = Pid::from_raw(pid);
    let all = Signal::iterator().filter(|signal| {
        !matches!(
            signal,
            Signal::SIGKILL
                | Signal::SIGSTOP
                | Signal::SIGTERM
                | Signal::SIGINT
                | Signal::SIGQUIT
                // Faults of its own, which nothing sends from outside.
                | Signal::SIGSEGV
                | Signal::SIGBUS
                | Signal::SIGFPE
                | Signal::SIGILL
                | Signal::SIGTRAP
                | Signal::SIGABRT
                | Signal::SIGSYS
        )
    });
    for signal in all {
        kill(own, signal).unwrap();
        // Stopped by one of the terminal's, it could not answer.
        kill(own, Signal::SIGCONT).unwrap();
    }
    for real_time in [34, 35, 50, 64] {
        let output = supervised_kill(pid, real_time).await;
        assert!(output, "signal {real_time} was not sent");
    }
    let after = supervised.status().await.unwrap();
    assert!(!after.is_stopping);
    for (before, after) in before.programs.iter().zip(&after.programs) {
        assert_eq!((before.pid, before.restarts), (after.pid, after.restarts));
    }
}

/// nix has no name for these.
async fn supervised_kill(pid: i32, signal: i32) -> bool {
    let mut command = tokio::process::Command::new("/bin/kill");
    let command = command.args([format!("-{signal}"), pid.to_string()]);
    command.status().await.is_ok_and(|status| status.success())
}

#[actix_rt::test]
async fn sigint_and_sigquit_stop_in_order_with_0() {
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
        let child = supervised.pid_of("api").await.unwrap();
        kill(Pid::from_raw(supervised.pid().unwrap()), signal).unwrap();
        assert_eq!(supervised.ended().await.unwrap().code(), Some(0));
        assert!(!is_alive(child));
    }
}

#[actix_rt::test]
async fn a_second_request_to_stop_kills_what_still_runs() {
    for (first, second) in [
        (Signal::SIGTERM, Signal::SIGTERM),
        (Signal::SIGINT, Signal::SIGINT),
    ] {
        let mut supervised = Scene::new()
            .unwrap()
            .program(
                "api",
                &["ignore-term", "ready", "wait"],
                "stop_timeout_s = 60",
            )
            .start_ready()
            .await
            .unwrap();
        let child = supervised.pid_of("api").await.unwrap();
        let own = Pid::from_raw(supervised.pid().unwrap());
        kill(own, first).unwrap();
        is_stopping(&supervised).await;
        let begun = Instant::now();
        kill(own, second).unwrap();
        supervised.ended().await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
        assert!(!is_alive(child));
    }
}

#[actix_rt::test]
async fn sigusr2_opens_the_logs_anew() {
    let scene = Scene::new().unwrap();
    let hangups = scene.file("hangups");
    let supervised = scene
        .program(
            "api",
            &[
                "say", "first", "on-hup", &hangups, "ready", "stamps", "1000000", "2000",
            ],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let logs = supervised.scene.folder().join("logs");
    wait_for("the first line", LIMIT, || async {
        supervised.log("api").contains("first").then_some(())
    })
    .await;
    // As logrotate does.
    std::fs::rename(logs.join("api.log"), logs.join("api.log.old")).unwrap();
    kill(Pid::from_raw(supervised.pid().unwrap()), Signal::SIGUSR2).unwrap();
    wait_for("a new file with lines", LIMIT, || async {
        (supervised.log("api").lines().count() > 3).then_some(())
    })
    .await;
    let (old, new) = (supervised.text("logs/api.log.old"), supervised.log("api"));
    let number = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    let last = number(old.lines().last().unwrap());
    assert_eq!(number(new.lines().next().unwrap()), last + 1);
}

#[actix_rt::test]
async fn sighup_reads_the_settings_again() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = supervised.pid_of("api").await.unwrap();
    supervised
        .scene
        .put("more", &["ready", "wait"], "ready = \"notify\"");
    supervised.scene.save().unwrap();
    kill(Pid::from_raw(supervised.pid().unwrap()), Signal::SIGHUP).unwrap();
    supervised
        .in_state("more", schema::wire::supervisor::ProgramState::Running)
        .await;
    assert_eq!(supervised.pid_of("api").await.unwrap(), before);
}

#[actix_rt::test]
async fn a_signal_is_passed_on_to_a_program() {
    let scene = Scene::new().unwrap();
    let hangups = scene.file("hangups");
    let supervised = scene
        .program("api", &["on-hup", &hangups, "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    for (count, name) in ["HUP", "SIGHUP", "hup", "1"].into_iter().enumerate() {
        assert_eq!(
            supervised.signal("api", name).await.unwrap().outcome,
            Signalled
        );
        wait_for("the signal", LIMIT, || async {
            (supervised.text("hangups").lines().count() == count + 1).then_some(())
        })
        .await;
    }
    let error = supervised
        .signal("api", "HOP")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("HOP"), "{error}");
    supervised.stop_program("api").await.unwrap();
    assert_eq!(
        supervised.signal("api", "HUP").await.unwrap().outcome,
        NotRunning
    );
}

#[actix_rt::test]
async fn a_program_gets_the_signal_it_wants_for_its_end() {
    let scene = Scene::new().unwrap();
    let hangups = scene.file("hangups");
    let mut supervised = scene
        .program(
            "api",
            &["ignore-term", "on-hup", &hangups, "ready", "wait"],
            "stop_signal = \"HUP\"\nstop_timeout_s = 1",
        )
        .program(
            "sync-worker",
            &["ignore-term", "ready", "wait"],
            "stop_signal = \"INT\"",
        )
        .start_ready()
        .await
        .unwrap();
    supervised.stop_program("sync-worker").await.unwrap();
    let exit = supervised
        .program("sync-worker")
        .await
        .unwrap()
        .last_exit
        .unwrap();
    assert_eq!(exit.signal, Some(2));
    supervised.stop().await.unwrap();
    assert_eq!(supervised.text("hangups"), "HUP\n");
}
