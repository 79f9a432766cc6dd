//! Ready is not the same as started: the order, the states and the answers wait for it.

use schema::wire::supervisor::{
    ExitCause,
    ProgramOutcome::{Failed, Started},
    ProgramState::{Backoff, Exited, Fatal, Running, Starting, Stopped as IsStopped},
};
use tests::{
    harness::wait_for,
    supervised::{LIMIT, Scene, free_port},
};

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
    let exit = waiting.last_exit.unwrap();
    assert_eq!(
        (exit.cause, exit.reason.as_str()),
        (ExitCause::StartTimeout, "was not ready within 1 s")
    );
    assert_eq!(waiting.failures, 1);
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
    let sync = supervised.program("sync-worker").await.unwrap();
    assert!(sync.ready_after_ms.is_some());
}

#[actix_rt::test]
async fn an_address_that_answers_tells_readiness() {
    let scene = Scene::new().unwrap();
    let (port, go) = (free_port().unwrap().to_string(), scene.file("go"));
    let more = format!("ready = \"http\"\nready_url = \"http://127.0.0.1:{port}/health\"");
    let supervised = scene
        .program("web", &["http", &port, &go], &more)
        .program("api", &["ready", "wait"], "after = [\"web\"]")
        .start()
        .await
        .unwrap();
    supervised.in_state("web", Starting).await;
    // It is asked again and again, and says that it is not ready.
    wait_for("an answer of 503", LIMIT, || async {
        let address = format!("127.0.0.1:{port}");
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    assert_eq!(supervised.program("web").await.unwrap().state, Starting);
    assert_eq!(supervised.program("api").await.unwrap().state, IsStopped);
    std::fs::write(&go, "").unwrap();
    supervised.in_state("web", Running).await;
    supervised.in_state("api", Running).await;
}

#[actix_rt::test]
async fn an_address_that_never_answers_is_a_failed_start() {
    let port = free_port().unwrap();
    let more =
        format!("ready = \"http\"\nready_url = \"http://127.0.0.1:{port}/\"\nready_timeout_s = 1");
    let supervised = Scene::new()
        .unwrap()
        .program("web", &["wait"], &more)
        .start()
        .await
        .unwrap();
    let waiting = supervised.in_state("web", Backoff).await;
    assert_eq!(waiting.last_exit.unwrap().cause, ExitCause::StartTimeout);
}

#[actix_rt::test]
async fn a_death_before_readiness_is_a_failed_start_however_long_it_took() {
    let scene = Scene::new().unwrap();
    let go = scene.file("go");
    let supervised = scene
        .program(
            "scraper-worker",
            &["until", &go, "exit", "0"],
            "restart_base_ms = 60000\nautostart = false",
        )
        .start()
        .await
        .unwrap();
    let (answer, ()) = tokio::join!(supervised.start_program("scraper-worker"), async {
        let started = supervised.in_state("scraper-worker", Starting).await;
        wait_for("a long life", LIMIT, || async {
            let age = chrono::Utc::now() - started.since;
            (age.num_milliseconds() > 1200).then_some(())
        })
        .await;
        std::fs::write(&go, "").unwrap();
    });
    assert_eq!(answer.unwrap(), Failed);
    let waiting = supervised.in_state("scraper-worker", Backoff).await;
    assert_eq!(waiting.failures, 1);
}

#[actix_rt::test]
async fn a_job_that_fails_keeps_back_what_comes_after_it() {
    let scene = Scene::new().unwrap();
    let mend = scene.file("mend");
    let script = format!("[ -e {mend} ] && exit 0; exit 1");
    let supervised = scene
        .settings(
            "job",
            &format!(
                "command = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\noneshot = true\n\
                 restart_base_ms = 1\nrestart_cap_ms = 1\nrestart_burst = 3"
            ),
        )
        .program(
            "later",
            &["ready", "wait"],
            "after = [\"job\"]\nready = \"notify\"",
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("job", Fatal).await;
    assert_eq!(supervised.program("later").await.unwrap().state, IsStopped);
    std::fs::write(&mend, "").unwrap();
    supervised.start_program("job").await.unwrap();
    supervised.in_state("job", Exited).await;
    supervised.in_state("later", Running).await;
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
    assert_eq!(supervised.start_program("later").await.unwrap(), Started);
}

#[actix_rt::test]
async fn restarting_a_program_leaves_alone_what_comes_after_it() {
    let supervised = Scene::new()
        .unwrap()
        .program("sync-worker", &["ready", "wait"], "after = [\"api\"]")
        .start_ready()
        .await
        .unwrap();
    let dependant = supervised.pid_of("sync-worker").await.unwrap();
    let before = supervised.pid_of("api").await.unwrap();
    assert_eq!(supervised.restart("api").await.unwrap().outcome, Started);
    supervised.replaced("api", before).await;
    let after = supervised.program("sync-worker").await.unwrap();
    assert_eq!((after.pid, after.restarts), (Some(dependant), 0));
}
