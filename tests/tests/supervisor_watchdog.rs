//! Programs that live and do nothing any more are noticed.

use std::time::{Duration, Instant};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schema::wire::supervisor::{ExitCause, ProgramState::Running};
use tests::supervised::Scene;

#[actix_rt::test]
async fn a_program_that_falls_silent_is_aborted_and_replaced() {
    let scene = Scene::new().unwrap();
    let aborts = scene.file("aborts");
    let script = ["on-abort", &aborts, "ready", "alive", "5", "100", "wait"];
    let supervised = scene
        .program("scraper-worker", &script, "watchdog_s = 1")
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("scraper-worker").await.unwrap();
    let begun = Instant::now();
    let after = supervised.replaced("scraper-worker", before).await;
    assert!(begun.elapsed() > Duration::from_millis(800));
    let exit = after.last_exit.unwrap();
    assert_eq!(exit.cause, ExitCause::Watchdog, "{exit:?}");
    // Asked for what it was doing first.
    assert_eq!(supervised.text("aborts"), "ABRT\n");
    assert_eq!((after.restarts, after.failures), (1, 1));
}

#[actix_rt::test]
async fn a_program_that_says_it_is_alive_is_left_alone() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "scraper-worker",
            &["ready", "alive-for-ever", "300"],
            "watchdog_s = 1",
        )
        .program(
            "talk",
            &["ready", "alive", "8", "300", "exit", "0"],
            "ready = \"notify\"\nrestart = \"never\"\nwatchdog_s = 1",
        )
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("scraper-worker").await.unwrap();
    // 2.4 seconds of the other one's life.
    supervised
        .in_state("talk", schema::wire::supervisor::ProgramState::Exited)
        .await;
    let talk = supervised.program("talk").await.unwrap();
    assert_eq!(talk.last_exit.unwrap().cause, ExitCause::Exit);
    let now = supervised.program("scraper-worker").await.unwrap();
    assert_eq!((now.pid, now.restarts), (Some(before), 0));
}

#[actix_rt::test]
async fn a_frozen_program_is_killed_though_it_cannot_abort() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "scraper-worker",
            &["ready", "alive-for-ever", "200"],
            "watchdog_s = 1",
        )
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("scraper-worker").await.unwrap();
    kill(Pid::from_raw(before), Signal::SIGSTOP).unwrap();
    let after = supervised.replaced("scraper-worker", before).await;
    let exit = after.last_exit.unwrap();
    assert_eq!(exit.cause, ExitCause::Watchdog, "{exit:?}");
    assert_eq!(after.state, Running);
}

#[actix_rt::test]
async fn a_program_is_told_how_long_it_may_be_silent() {
    let scene = Scene::new().unwrap();
    let (with, without) = (scene.file("with"), scene.file("without"));
    let supervised = scene
        .program(
            "scraper-worker",
            &["env", &with, "ready", "wait"],
            "watchdog_s = 7",
        )
        .program(
            "sync-worker",
            &["env", &without, "ready", "wait"],
            "watchdog_s = 0",
        )
        .start_ready()
        .await
        .unwrap();
    let text = supervised.text("with");
    assert!(text.contains("WATCHDOG_USEC=7000000\n"), "{text}");
    let text = supervised.text("without");
    assert!(!text.contains("WATCHDOG_USEC"), "{text}");
}
