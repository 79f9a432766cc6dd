//! Tests of the supervisor's programs over HTTP.

use super::*;
use crate::testing::World;
use runtime::Stop;
use schema::wire::{Failure, FailureCode, supervisor::Done};
use serde_json::json;

#[actix_web::test]
async fn programs_are_shown_with_all_that_is_known_of_them() {
    let world = World::new().await;
    let answer = world.get("/api/processes").await;
    assert_eq!(
        (answer.status, &answer.json["supervisor"]),
        (
            200,
            &json!({
                "pid": 40,
                "version": "0.1.0",
                "started_at": "2026-11-21T12:00:00Z",
                "is_stopping": false,
                "stdout_dropped_lines": 0,
            })
        )
    );
    let program = json!({
        "name": "sync-worker",
        "state": "RUNNING",
        "essential": true,
        "pid": 41,
        "since": "2026-11-21T11:00:00Z",
        "started_at": "2026-11-21T11:00:00Z",
        "uptime_s": 3600,
        "ready_after_ms": 30,
        "restarts": 2,
        "failures": 0,
        "last_exit": null,
        "next_try_at": null,
        "status_text": "waits for the next run",
        "memory_bytes": null,
        "cpu_ms": null,
        "processes": 1,
        "log_lost_bytes": 0,
        "log_suppressed_lines": 0,
    });
    assert_eq!(answer.json["processes"], json!([program]));
    assert_eq!(world.get("/api/processes/sync-worker").await.json, program);
}

#[actix_web::test]
async fn a_program_that_is_not_there_is_not_found() {
    let world = World::new().await;
    let answer = world.get("/api/processes/nothing").await;
    answer.is_problem(404, "not_found");
    assert_eq!(answer.json["detail"], "There is no program `nothing`.");
}

#[actix_web::test]
async fn a_program_is_started_stopped_and_started_anew() {
    let world = World::new().await;
    let names = || vec!["sync-worker".to_owned()];
    for (action, asked, outcome) in [
        (
            "start",
            ToSupervisor::Start(Programs { names: names() }),
            "started",
        ),
        (
            "stop",
            ToSupervisor::Stop(Programs { names: names() }),
            "stopped",
        ),
        (
            "restart",
            ToSupervisor::Restart(Restart {
                names: names(),
                at_once: false,
            }),
            "started",
        ),
    ] {
        let path = format!("/api/processes/sync-worker/{action}");
        let answer = world.send("POST", &path, "").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let result = json!({"name": "sync-worker", "outcome": outcome, "reason": null});
        assert_eq!(answer.json, json!({"is_done": true, "results": [result]}));
        assert_eq!(world.supervisor.asked().last(), Some(&asked));
        assert_eq!(world.anonymous("POST", &path).await.status, 401);
    }
    assert_eq!(
        world.supervisor.asked().len(),
        3,
        "without a key nobody is asked"
    );
}

#[actix_web::test]
async fn a_failed_start_says_why() {
    let world = World::new().await;
    let result = ProgramResult {
        name: "job".into(),
        outcome: ProgramOutcome::Failed,
        reason: Some("exit code 70".into()),
    };
    let done = Done {
        results: vec![result],
    };
    world.supervisor.answers(vec![FromSupervisor::Done(done)]);
    let answer = world.send("POST", "/api/processes/job/start", "").await;
    assert_eq!(
        answer.json["results"],
        json!([{"name": "job", "outcome": "failed", "reason": "exit code 70"}])
    );
}

#[actix_web::test]
async fn what_the_supervisor_refuses_is_a_problem() {
    let world = World::new().await;
    for (code, status, word) in [
        (FailureCode::NotFound, 404, "not_found"),
        (FailureCode::Conflict, 409, "conflict"),
        (FailureCode::Unavailable, 503, "unavailable"),
    ] {
        let failure = Failure::new(code, "it says no");
        world.supervisor.answers(vec![failure.into()]);
        let answer = world.send("POST", "/api/processes/job/stop", "").await;
        answer.is_problem(status, word);
        assert_eq!(answer.json["detail"], "It says no.");
    }
    let world = World::alone().await;
    world
        .send("POST", "/api/processes/job/start", "")
        .await
        .is_problem(503, "unavailable");
    world
        .get("/api/processes")
        .await
        .is_problem(503, "unavailable");
}

#[actix_web::test]
async fn whoever_ends_the_api_by_it_gets_an_answer_first() {
    let world = World::new().await;
    let listeners = crate::testing::listeners();
    let at = listeners.ports().api;
    world.supervisor.answers(Vec::new()); // not before this process is gone
    let stop = Stop::new();
    let ready = runtime::Readiness::default();
    let served = crate::server::run(listeners, world.shared.clone(), stop.clone(), &ready);
    let asks = async {
        let stopping = async {
            while world.supervisor.asked().is_empty() {
                tokio::task::yield_now().await;
            }
            stop.request();
        };
        let key = crate::testing::KEY;
        let request = format!(
            "POST /api/processes/api/restart HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n"
        );
        let (answer, ()) = tokio::join!(sent(at, &request), stopping);
        assert!(answer.starts_with("HTTP/1.1 202 Accepted\r\n"), "{answer}");
        assert!(
            answer.ends_with(r#"{"is_done":false,"results":[]}"#),
            "{answer}"
        );
    };
    tokio::join!(async { served.await.unwrap() }, asks);
}

/// All that comes on a connection until the server closes it.
async fn sent(at: std::net::SocketAddr, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
