//! Programs die, hang, refuse to stop and leave children behind; the supervisor copes.

use std::time::{Duration, Instant};

use schema::wire::supervisor::{
    ProgramOutcome::{AlreadyStarted, Failed, NotRunning, Started, Stopped},
    ProgramState::{Backoff, Exited, Fatal, Running, Starting, Stopped as IsStopped},
    ToSupervisor::{Restart, Start, Stop},
};
use tests::{
    harness::{children_of, is_alive, kill, wait_for},
    supervised::{LIMIT, Scene},
};

async fn gone(what: &str, pid: i32) {
    wait_for(&format!("{what} gone"), LIMIT, || async {
        (!is_alive(pid)).then_some(())
    })
    .await;
}

#[actix_rt::test]
async fn a_killed_program_is_replaced_at_once_and_the_others_are_left_alone() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = supervised.program("api").await.unwrap();
    let other = supervised.program("sync-worker").await.unwrap();
    let started = Instant::now();
    kill(before.pid.unwrap());
    let after = supervised
        .until("api", "replaced", |now| {
            now.state == Running && now.pid != before.pid
        })
        .await;
    assert!(
        started.elapsed() < Duration::from_millis(450),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(after.restarts, 1);
    assert_eq!(after.last_exit.unwrap().reason, "killed by SIGKILL");
    assert_eq!(supervised.program("sync-worker").await.unwrap(), other);
}

#[actix_rt::test]
async fn a_program_that_fails_at_once_backs_off_and_ends_the_supervisor_with_70() {
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
    let wait = fatal.next_try_at.unwrap() - fatal.since;
    assert!((295..=300).contains(&wait.num_seconds()), "{wait}");
    supervised.in_state("api", Running).await;
    let answer = supervised.order(Start, "scraper-worker").await.unwrap();
    assert_eq!(
        (answer.outcome, answer.reason.as_deref()),
        (Failed, Some("exit code 3"))
    );
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
    assert!(
        waiting
            .last_exit
            .unwrap()
            .reason
            .starts_with("killed by SIGABRT")
    );
    let wait = waiting.next_try_at.unwrap() - waiting.since;
    assert!((47..=72).contains(&wait.num_seconds()), "{wait}");
    // Nothing is left of that once somebody stops it.
    assert_eq!(
        supervised
            .order(Stop, "scraper-worker")
            .await
            .unwrap()
            .outcome,
        Stopped
    );
    let stopped = supervised.program("scraper-worker").await.unwrap();
    assert_eq!((stopped.state, stopped.next_try_at), (IsStopped, None));
}

#[actix_rt::test]
async fn a_missing_binary_is_named_and_not_tried_again_soon() {
    let supervised = Scene::new()
        .unwrap()
        .settings("scraper-worker", "command = \"/nonexistent/scraper\"")
        .start()
        .await
        .unwrap();
    let fatal = supervised.in_state("scraper-worker", Fatal).await;
    let text = fatal.status_text.unwrap();
    assert!(
        text.starts_with("cannot start /nonexistent/scraper: No such file"),
        "{text}"
    );
    assert_eq!(fatal.restarts, 0);
}

#[actix_rt::test]
async fn a_program_that_is_not_ready_in_time_is_killed() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "scraper-worker",
            &["ignore-term", "wait"],
            "ready_timeout_s = 1",
        )
        .start()
        .await
        .unwrap();
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(
        waiting.last_exit.unwrap().reason,
        "was not ready within 1 s"
    );
}

#[actix_rt::test]
async fn readiness_gates_the_order_and_what_a_program_says_is_shown() {
    let scene = Scene::new().unwrap();
    let (go, starts) = (scene.file("go"), scene.file("starts"));
    let supervised = scene
        .program(
            "sync-worker",
            &["notify", "STATUS=warming up", "until", &go, "ready", "wait"],
            "",
        )
        .program(
            "api",
            &["started", &starts, "ready", "wait"],
            "after = [\"sync-worker\"]",
        )
        .start()
        .await
        .unwrap();
    let warming = supervised
        .until("sync-worker", "warming up", |now| now.status_text.is_some())
        .await;
    assert_eq!(warming.state, Starting);
    assert_eq!(warming.status_text.as_deref(), Some("warming up"));
    assert_eq!(supervised.program("api").await.unwrap().state, IsStopped);
    assert_eq!(supervised.text("starts"), "");
    std::fs::write(&go, "").unwrap();
    supervised.all_ready().await;
    assert_eq!(supervised.text("starts").lines().count(), 1);
}

#[actix_rt::test]
async fn stop_and_start_tell_what_they_did() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pid = supervised.program("api").await.unwrap().pid.unwrap();
    assert_eq!(
        supervised.order(Start, "api").await.unwrap().outcome,
        AlreadyStarted
    );
    assert_eq!(
        supervised.order(Stop, "api").await.unwrap().outcome,
        Stopped
    );
    assert!(!is_alive(pid));
    assert_eq!(
        supervised.order(Stop, "api").await.unwrap().outcome,
        NotRunning
    );
    assert_eq!(
        supervised.order(Start, "api").await.unwrap().outcome,
        Started
    );
    assert_eq!(
        supervised.order(Restart, "api").await.unwrap().outcome,
        Started
    );
    let error = supervised.order(Stop, "apy").await.unwrap_err().to_string();
    assert!(error.contains("there is no program \"apy\""), "{error}");
}

#[actix_rt::test]
async fn what_ignores_the_request_to_stop_is_killed_in_time() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ignore-term", "ready", "sleep"],
            "stop_timeout_s = 1",
        )
        .start_ready()
        .await
        .unwrap();
    let begun = Instant::now();
    assert_eq!(
        supervised.order(Stop, "api").await.unwrap().outcome,
        Stopped
    );
    let took = begun.elapsed();
    assert!((1000..1500).contains(&took.as_millis()), "{took:?}");
    let stopped = supervised.program("api").await.unwrap();
    assert_eq!(stopped.last_exit.unwrap().reason, "killed by SIGKILL");
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
    let child = || supervised.text("child").parse::<i32>().unwrap();
    let first = child();
    assert!(is_alive(first));
    supervised.order(Stop, "api").await.unwrap();
    gone("the child after a stop", first).await;
    supervised.order(Start, "api").await.unwrap();
    let second = child();
    let killed = supervised.program("api").await.unwrap().pid;
    kill(killed.unwrap());
    supervised
        .until("api", "replaced", |now| {
            now.state == Running && now.pid != killed
        })
        .await;
    gone("the child after a crash", second).await;
}

#[actix_rt::test]
async fn nothing_survives_a_killed_supervisor_and_the_next_one_starts_cleanly() {
    let scene = Scene::new().unwrap();
    let file = scene.file("child");
    let mut supervised = scene
        .program("api", &["ready", "wait"], "")
        .program(
            "sync-worker",
            &["ignore-term", "child", &file, "ready", "sleep"],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let children = children_of(supervised.pid().unwrap());
    assert!(children.len() >= 3, "{children:?}");
    let direct: Vec<i32> = supervised
        .status()
        .await
        .unwrap()
        .programs
        .iter()
        .filter_map(|program| program.pid)
        .collect();
    supervised.kill().await.unwrap();
    for pid in direct {
        gone("a program of a killed supervisor", pid).await;
    }
    supervised.boot().await.unwrap();
    supervised.all_ready().await;
    assert_eq!(supervised.status().await.unwrap().programs.len(), 3);
    for pid in children {
        kill(pid);
    }
}

#[actix_rt::test]
async fn a_job_that_is_done_is_left_alone_and_those_after_it_start() {
    let scene = Scene::new().unwrap();
    let supervised = scene
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
async fn the_exit_of_a_program_is_seen_while_a_grandchild_holds_its_output() {
    let scene = Scene::new().unwrap();
    let file = scene.file("child");
    // A session of its own keeps the grandchild out of the group that is killed.
    let script = format!("setsid sleep 300 & echo $! > {file}; exit 1");
    let supervised = scene
        .settings(
            "scraper-worker",
            &format!("command = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\nrestart_base_ms = 60000"),
        )
        .start()
        .await
        .unwrap();
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(waiting.last_exit.unwrap().code, Some(1));
    if let Ok(pid) = supervised.text("child").trim().parse() {
        kill(pid);
    }
}

#[actix_rt::test]
async fn what_a_program_leaves_behind_is_taken_away_and_its_own_end_is_still_seen() {
    let scene = Scene::new().unwrap();
    let (file, go) = (scene.file("orphan"), scene.file("go"));
    // Its parent ends at once; the session of its own keeps it out of the group that is killed.
    let script = format!(
        "(setsid sh -c 'echo $$ > {file}.new; mv {file}.new {file}; exec sleep 300' &); \
         while [ ! -e {file} ]; do sleep 0.01; done; while [ ! -e {go} ]; do sleep 0.01; done; exit 7"
    );
    let supervised = scene
        .settings(
            "scraper-worker",
            &format!("command = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\nrestart_base_ms = 60000"),
        )
        .start()
        .await
        .unwrap();
    let supervisor = supervised.pid().unwrap();
    let orphan: i32 = wait_for("an orphan", LIMIT, || async {
        supervised.text("orphan").trim().parse().ok()
    })
    .await;
    wait_for("the orphan being adopted", LIMIT, || async {
        let status = std::fs::read_to_string(format!("/proc/{orphan}/status")).ok()?;
        status
            .contains(&format!("\nPPid:\t{supervisor}\n"))
            .then_some(())
    })
    .await;
    kill(orphan);
    wait_for("the dead orphan being taken away", LIMIT, || async {
        let is_known = std::fs::exists(format!("/proc/{orphan}")).unwrap();
        (!is_known).then_some(())
    })
    .await;
    std::fs::write(&go, "").unwrap();
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(waiting.last_exit.unwrap().reason, "exit code 7");
}

#[actix_rt::test]
async fn everything_is_ready_without_what_the_rest_works_without() {
    let scene = Scene::new().unwrap();
    let socket = scene.file("notified");
    let notified = tokio::net::UnixDatagram::bind(&socket).unwrap();
    let supervised = scene
        .environment("NOTIFY_SOCKET", &socket)
        .settings("scraper-worker", "command = \"/nonexistent/scraper\"")
        .program(
            "later",
            &["ready", "wait"],
            "after = [\"scraper-worker\"]\nready = \"notify\"",
        )
        .start()
        .await
        .unwrap();
    let mut said = String::new();
    while !said.contains("READY=1") {
        let mut datagram = [0; 1000];
        let received = tokio::time::timeout(LIMIT, notified.recv(&mut datagram)).await;
        let count = received.expect("no READY=1").unwrap();
        said = String::from_utf8_lossy(&datagram[..count]).into_owned();
    }
    assert!(
        said.contains("not up: scraper-worker (FATAL), later (STOPPED)"),
        "{said}"
    );
    // What comes after it still waits for it.
    assert_eq!(supervised.program("later").await.unwrap().state, IsStopped);
    assert_eq!(supervised.program("api").await.unwrap().state, Running);
}

#[actix_rt::test]
async fn start_and_restart_of_all_keep_the_order() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "scraper-worker",
            &["ready", "wait"],
            "after = [\"sync-worker\"]",
        )
        .program("sync-worker", &["ready", "wait"], "after = [\"api\"]")
        .start_ready()
        .await
        .unwrap();
    let places = |log: &str| {
        [
            "api is ready",
            "starting sync-worker",
            "sync-worker is ready",
            "starting scraper-worker",
        ]
        .map(|text| {
            log.rfind(text)
                .unwrap_or_else(|| panic!("no {text:?} in {log}"))
        })
    };
    let ready = |log: &str| log.matches("scraper-worker is ready").count();
    for (round, commands) in [(2, &["stop", "start"][..]), (3, &["restart"])] {
        for command in commands {
            let output = supervised.scene.cli(&[command, "all"]).await.unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        let log = wait_for("the last line of the start", LIMIT, || async {
            let log = supervised.log("supervisor");
            (ready(&log) == round).then_some(log)
        })
        .await;
        assert!(places(&log).is_sorted(), "{log}");
    }
}

#[actix_rt::test]
async fn what_comes_after_a_program_that_does_not_start_is_left_alone_unless_named_alone() {
    let supervised = Scene::new()
        .unwrap()
        .settings("scraper-worker", "command = \"/nonexistent/scraper\"")
        .program(
            "later",
            &["ready", "wait"],
            "after = [\"scraper-worker\"]\nready = \"notify\"",
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("scraper-worker", Fatal).await;
    let output = supervised.scene.cli(&["start", "all"]).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("it comes after scraper-worker, which did not start"),
        "{text}"
    );
    assert_eq!(supervised.program("later").await.unwrap().state, IsStopped);
    let alone = supervised.order(Start, "later").await.unwrap();
    assert_eq!(alone.outcome, Started);
}
