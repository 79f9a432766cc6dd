//! Programs die; the supervisor starts them again, not too often, and says when it gives up.

use schema::wire::supervisor::{
    ExitCause,
    ProgramOutcome::{AlreadyStarted, Failed, NotRunning, Started, Stopped},
    ProgramState::{Backoff, Exited, Fatal, Running, Starting, Stopped as IsStopped},
    ToSupervisor::{Start, Stop},
};
use tests::{
    harness::{children_of, is_alive, kill},
    supervised::Scene,
};

/// Moments of a file that scripted children wrote `started` to, in milliseconds.
fn moments(text: &str) -> Vec<f64> {
    text.lines()
        .filter_map(|line| line.split_once(' ')?.1.parse::<f64>().ok())
        .map(|nanoseconds| nanoseconds / 1e6)
        .collect()
}

#[actix_rt::test]
async fn a_killed_program_is_replaced_at_once_and_the_others_are_left_alone() {
    // Were it made to wait like one that keeps failing, it would not come back in time.
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["ready", "wait"], "restart_base_ms = 60000")
        .start_ready()
        .await
        .unwrap();
    let before = supervised.pid_of("api").await.unwrap();
    let other = supervised.program("sync-worker").await.unwrap();
    kill(before);
    let after = supervised.replaced("api", before).await;
    assert_eq!(after.restarts, 1);
    let exit = after.last_exit.unwrap();
    assert_eq!(
        (exit.cause, exit.signal, exit.code, exit.reason.as_str()),
        (ExitCause::Signal, Some(9), None, "killed by SIGKILL")
    );
    let still = supervised.program("sync-worker").await.unwrap();
    assert_eq!((still.pid, still.restarts), (other.pid, 0));
}

#[actix_rt::test]
async fn gaps_between_failed_starts_grow_and_status_tells_all_of_it() {
    let scene = Scene::new().unwrap();
    let starts = scene.file("starts");
    let policy =
        "restart_base_ms = 40\nrestart_factor = 2.5\nrestart_jitter = 0.1\nrestart_burst = 6";
    let supervised = scene
        .program("scraper-worker", &["started", &starts, "exit", "3"], policy)
        .start()
        .await
        .unwrap();
    let fatal = supervised.in_state("scraper-worker", Fatal).await;
    let moments = moments(&supervised.text("starts"));
    assert_eq!(moments.len(), 6);
    let gaps: Vec<f64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Only how short they are tells of the policy; how long, of the machine.
    for (gap, nth) in gaps.iter().skip(1).zip(1..) {
        assert!(*gap >= 40.0 * 2.5_f64.powi(nth) * 0.85, "{gaps:?}");
    }
    let exit = fatal.last_exit.unwrap();
    assert_eq!((exit.code, exit.cause), (Some(3), ExitCause::Exit));
    assert_eq!((fatal.failures, fatal.restarts), (6, 5));
    let wait = fatal.next_try_at.unwrap() - fatal.since;
    assert!((240..=360).contains(&wait.num_seconds()), "{wait}");
    for other in ["api", "sync-worker"] {
        let other = supervised.in_state(other, Running).await;
        assert_eq!((other.restarts, other.last_exit), (0, None));
    }
}

#[actix_rt::test]
async fn a_program_that_fails_at_once_is_never_reported_running() {
    let scene = Scene::new().unwrap();
    let starts = scene.file("starts");
    let quick =
        "restart_base_ms = 1\nrestart_factor = 1.0\nrestart_cap_ms = 1\nrestart_burst = 100";
    let supervised = scene
        .program(
            "scraper-worker",
            &["started", &starts, "exit", "1"],
            &format!("{quick}\nautostart = false"),
        )
        .start()
        .await
        .unwrap();
    let mut watched = supervised.watch().await.unwrap();
    assert_eq!(
        supervised.start_program("scraper-worker").await.unwrap(),
        Failed
    );
    let changes = watched.until("scraper-worker", Fatal).await.unwrap();
    let states: Vec<_> = changes
        .iter()
        .filter(|change| change.program.name == "scraper-worker")
        .map(|change| change.program.state)
        .collect();
    assert!(!states.contains(&Running), "{states:?}");
    assert_eq!(
        states.iter().filter(|state| **state == Starting).count(),
        100
    );
    assert_eq!(supervised.text("starts").lines().count(), 100);
}

#[actix_rt::test]
async fn a_program_that_dies_soon_after_it_was_ready_is_counted_and_given_up() {
    let scene = Scene::new().unwrap();
    let starts = scene.file("starts");
    let policy = "restart_base_ms = 10\nrestart_cap_ms = 20\nrestart_burst = 5";
    let script = ["started", &starts, "ready", "pause", "150", "exit", "1"];
    let supervised = scene
        .program("scraper-worker", &script, policy)
        .start()
        .await
        .unwrap();
    supervised.in_state("scraper-worker", Fatal).await;
    assert_eq!(supervised.text("starts").lines().count(), 5);
}

#[actix_rt::test]
async fn a_program_that_fails_at_once_ends_the_supervisor_with_70_when_it_is_essential() {
    let quick = "restart_base_ms = 1\nrestart_cap_ms = 5\nrestart_burst = 4";
    let scene = Scene::new().unwrap();
    let starts = scene.file("starts");
    let mut supervised = scene
        .program("api", &["started", &starts, "exit", "3"], quick)
        .start()
        .await
        .unwrap();
    let children = children_of(supervised.pid().unwrap());
    assert_eq!(supervised.ended().await.unwrap().code(), Some(70));
    assert_eq!(supervised.text("starts").lines().count(), 4);
    assert!(children.iter().all(|pid| !is_alive(*pid)));
    assert!(
        supervised
            .log("supervisor")
            .contains("api cannot be kept up"),
        "{}",
        supervised.stdout()
    );
}

#[actix_rt::test]
async fn a_program_that_is_not_essential_goes_fatal_and_the_rest_stays_up() {
    let quick = "restart_base_ms = 1\nrestart_burst = 2";
    let supervised = Scene::new()
        .unwrap()
        .program("scraper-worker", &["exit", "3"], quick)
        .start()
        .await
        .unwrap();
    let fatal = supervised.in_state("scraper-worker", Fatal).await;
    assert_eq!(fatal.last_exit.unwrap().reason, "exit code 3");
    supervised.in_state("api", Running).await;
    let answer = supervised.order(Start, "scraper-worker").await.unwrap();
    assert_eq!(
        (answer.outcome, answer.reason.as_deref()),
        (Failed, Some("exit code 3"))
    );
    // It may be tried once more before it is given up again.
    supervised.in_state("scraper-worker", Fatal).await;
    // What is well is told as 0, what is down as 3.
    let status = supervised.scene.cli(&["status"]).await.unwrap();
    assert_eq!(status.status.code(), Some(3), "{status:?}");
}

#[actix_rt::test]
async fn a_failed_start_says_when_it_is_tried_again() {
    let supervised = Scene::new()
        .unwrap()
        .program("scraper-worker", &["abort"], "restart_base_ms = 60000")
        .start()
        .await
        .unwrap();
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    let reason = waiting.last_exit.unwrap().reason;
    assert!(reason.starts_with("killed by SIGABRT"), "{reason}");
    let wait = waiting.next_try_at.unwrap() - waiting.since;
    assert!((47..=72).contains(&wait.num_seconds()), "{wait}");
    // Nothing is left of that once somebody stops it.
    assert_eq!(
        supervised.stop_program("scraper-worker").await.unwrap(),
        Stopped
    );
    let stopped = supervised.program("scraper-worker").await.unwrap();
    assert_eq!((stopped.state, stopped.next_try_at), (IsStopped, None));
}

#[actix_rt::test]
async fn a_stop_in_the_back_off_lets_the_count_begin_afresh() {
    let scene = Scene::new().unwrap();
    let (starts, go) = (scene.file("starts"), scene.file("go"));
    let policy = "restart_base_ms = 60000\nrestart_burst = 3";
    let script = ["started", &starts, "until", &go, "exit", "4"];
    let supervised = scene
        .program("scraper-worker", &script, policy)
        .start()
        .await
        .unwrap();
    std::fs::write(&go, "").unwrap();
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(waiting.failures, 1);
    for _ in 0..4 {
        assert_eq!(
            supervised.stop_program("scraper-worker").await.unwrap(),
            Stopped
        );
        // The answer is that of the first try.
        let output = supervised.scene.cli(&["start", "scraper-worker"]).await;
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("exit code 4"), "{text}");
        let waiting = supervised.in_state("scraper-worker", Backoff).await;
        assert_eq!(waiting.failures, 1);
    }
    assert_eq!(supervised.text("starts").lines().count(), 5);
}

#[actix_rt::test]
async fn what_can_never_start_is_given_up_at_once_with_errno_and_path() {
    let scene = Scene::new().unwrap();
    let plain = scene.file("plain");
    std::fs::write(&plain, "no program").unwrap();
    let supervised = scene
        .settings("scraper-worker", "command = \"/nonexistent/scraper\"")
        .settings("plain", &format!("command = {plain:?}"))
        .program("lost", &["wait"], "directory = \"/nonexistent/folder\"")
        .start()
        .await
        .unwrap();
    for (name, words) in [
        ("scraper-worker", ["/nonexistent/scraper", "No such file"]),
        ("plain", [plain.as_str(), "Permission denied"]),
        ("lost", ["/nonexistent/folder", "No such file"]),
    ] {
        let fatal = supervised.in_state(name, Fatal).await;
        let text = fatal.status_text.unwrap();
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{name}: {text}"
        );
        assert_eq!(fatal.restarts, 0, "{name}");
    }
    for other in ["api", "sync-worker"] {
        supervised.in_state(other, Running).await;
    }
}

#[actix_rt::test]
async fn stop_and_start_tell_what_they_did() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pid = supervised.pid_of("api").await.unwrap();
    assert_eq!(
        supervised.start_program("api").await.unwrap(),
        AlreadyStarted
    );
    assert_eq!(supervised.stop_program("api").await.unwrap(), Stopped);
    assert!(!is_alive(pid));
    assert_eq!(supervised.stop_program("api").await.unwrap(), NotRunning);
    assert_eq!(supervised.start_program("api").await.unwrap(), Started);
    assert_eq!(supervised.restart("api").await.unwrap().outcome, Started);
    let error = supervised.order(Stop, "apy").await.unwrap_err().to_string();
    assert!(error.contains("there is no program \"apy\""), "{error}");
}

#[actix_rt::test]
async fn a_job_that_is_done_is_left_alone_and_those_after_it_start() {
    let supervised = Scene::new()
        .unwrap()
        .program("job", &["say", "done", "exit", "0"], "oneshot = true")
        .program("api", &["ready", "wait"], "after = [\"job\"]")
        .start()
        .await
        .unwrap();
    supervised.in_state("api", Running).await;
    let job = supervised.program("job").await.unwrap();
    assert_eq!((job.state, job.restarts), (Exited, 0));
    assert_eq!(supervised.log("job"), "done\n");
}

#[actix_rt::test]
async fn codes_that_count_as_success_are_no_failure() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "well",
            &["pause", "20", "exit", "5"],
            "restart = \"on-failure\"\nexit_codes = [0, 5]",
        )
        .program(
            "ill",
            &["pause", "20", "exit", "6"],
            "restart = \"on-failure\"\nexit_codes = [0, 5]\nrestart_base_ms = 60000",
        )
        .start()
        .await
        .unwrap();
    let well = supervised.in_state("well", Exited).await;
    assert_eq!(well.last_exit.unwrap().code, Some(5));
    supervised.in_state("ill", Backoff).await;
    // One that ended as it should is as wanted, and no failure for `status`.
    let output = supervised.scene.cli(&["status", "well"]).await.unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("EXITED"));
}
