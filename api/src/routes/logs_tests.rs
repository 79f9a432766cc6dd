//! Tests of logs over HTTP.

use std::pin::Pin;

use super::*;
use crate::{
    server,
    testing::{KEY, World, end, line},
};
use actix_web::{
    body::{BoxBody, MessageBody},
    test,
};
use schema::wire::{Failure, FailureCode};
use serde_json::json;
use tokio::time::{Duration, timeout};

fn tail(lines: u32) -> TailRequest {
    TailRequest {
        names: vec!["sync-worker".into()],
        lines: Some(lines),
        ..TailRequest::default()
    }
}

#[actix_web::test]
async fn the_last_lines_are_shown() {
    let world = World::new().await;
    let answer = world.get("/api/logs/sync-worker").await;
    assert_eq!(
        (answer.status, answer.json),
        (
            200,
            json!({"name": "sync-worker", "lines": ["one", "two"], "skipped": 3})
        )
    );
    let query = "lines=5&since=2026-11-21T12:00:00%2B01:00&level=warn";
    let path = format!("/api/logs/sync-worker?{query}");
    assert_eq!(world.get(&path).await.status, 200);
    assert_eq!(world.get(&path.replace("%2B", "+")).await.status, 200);
    let chosen = TailRequest {
        since: Some("2026-11-21T11:00:00Z".parse().unwrap()),
        level: Some(LogLevel::Warn),
        ..tail(5)
    };
    let asked = [tail(200), chosen.clone(), chosen].map(ToSupervisor::Tail);
    assert_eq!(world.supervisor.asked(), asked);
}

#[actix_web::test]
async fn what_cannot_be_asked_for_is_named() {
    let world = World::new().await;
    for (query, field) in [
        ("lines=0", "lines"),
        ("lines=10001", "lines"),
        ("level=loud", "level"),
        ("since=tomorrow", "since"),
    ] {
        let path = format!("/api/logs/sync-worker?{query}");
        world.get(&path).await.blames(&[field]);
    }
    let answer = world.get("/api/logs/sync-worker?since=soon").await;
    let told = answer.json["fields"]["since"].as_str().unwrap();
    assert!(told.contains("17:04:30, 10m, 2h"), "{told}");
    for path in ["/api/logs/all", "/api/logs/all/stream"] {
        world.get(path).await.is_problem(404, "not_found");
    }
    assert!(world.supervisor.asked().is_empty());
    let failure = Failure::new(FailureCode::NotFound, "there is no program `x`");
    world.supervisor.answers(vec![failure.into()]);
    world.get("/api/logs/x").await.is_problem(404, "not_found");
    world
        .get("/api/logs/x/stream")
        .await
        .is_problem(404, "not_found");
    let answer = world.anonymous("GET", "/api/logs/sync-worker").await;
    answer.is_problem(401, "unauthorized");
}

#[actix_web::test]
async fn of_more_than_an_answer_holds_the_newest_are_told() {
    let world = World::new().await;
    let long = "x".repeat(MOST_BYTES / 8);
    let mut answers: Vec<_> = (0..10).map(|_| line(&long, 0)).collect();
    answers.extend([line("last", 0), end()]);
    world.supervisor.answers(answers);
    let log = world.get("/api/logs/sync-worker?lines=100").await.json;
    let lines = log["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &log["skipped"]), (8, &json!(3)));
    assert_eq!(lines.last(), Some(&json!("last")));
}

/// What comes next of a stream.
async fn next(body: &mut Pin<Box<BoxBody>>) -> Option<String> {
    let next = std::future::poll_fn(|context| body.as_mut().poll_next(context));
    let bytes = timeout(Duration::from_secs(20), next).await;
    let bytes = bytes.expect("nothing comes")?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn follow(world: &World, query: &str) -> Pin<Box<BoxBody>> {
    let app = test::init_service(server::app(world.shared.clone())).await;
    let path = format!("/api/logs/sync-worker/stream?{query}");
    let request = test::TestRequest::with_uri(&path)
        .insert_header(("x-api-key", KEY))
        .to_request();
    let answer = test::call_service(&app, request).await;
    assert_eq!(answer.status(), 200);
    let kind = answer.headers().get("content-type").unwrap();
    assert_eq!(kind, "text/event-stream");
    Box::pin(answer.into_body())
}

#[actix_web::test]
async fn lines_come_as_events_until_the_log_ends() {
    let world = World::new().await;
    let mut body = follow(&world, "lines=0").await;
    let asked = TailRequest {
        follow: true,
        ..tail(0)
    };
    assert_eq!(next(&mut body).await.unwrap(), "retry: 2000\n\n");
    for (text, skipped) in [("one", 0), ("two", 3)] {
        assert_eq!(
            next(&mut body).await.unwrap(),
            format!(
                "event: line\ndata: {{\"name\":\"sync-worker\",\"text\":\"{text}\",\
                 \"skipped\":{skipped}}}\n\n"
            )
        );
    }
    assert_eq!(
        next(&mut body).await.unwrap(),
        "event: end\ndata: {\"reason\":null}\n\n"
    );
    assert_eq!(next(&mut body).await, None);
    assert_eq!(world.supervisor.asked(), [ToSupervisor::Tail(asked)]);
}

#[actix_web::test]
async fn a_stream_ends_with_this_process_and_says_when_the_supervisor_fails() {
    let world = World::new().await;
    let failure = Failure::new(FailureCode::Internal, "the log cannot be read");
    world
        .supervisor
        .answers(vec![line("one", 0), failure.into()]);
    let mut body = follow(&world, "").await;
    let mut text = String::new();
    while let Some(more) = next(&mut body).await {
        text.push_str(&more);
    }
    assert!(
        text.ends_with("event: end\ndata: {\"reason\":\"the log cannot be read\"}\n\n"),
        "{text}"
    );

    world.supervisor.answers(Vec::new()); // nothing is written
    let mut body = follow(&world, "").await;
    assert_eq!(next(&mut body).await.unwrap(), "retry: 2000\n\n");
    world.shared.drain.begun().cancel();
    assert!(next(&mut body).await.unwrap().starts_with("event: end\n"));
    assert_eq!(next(&mut body).await, None);
}

#[actix_web::test]
async fn no_more_clients_follow_logs_than_there_are_seats() {
    let world = World::new().await;
    let mut seats = Vec::new();
    while let Ok(seat) = world.shared.logs.join() {
        seats.push(seat);
    }
    let answer = world.get("/api/logs/sync-worker/stream").await;
    answer.is_problem(503, "too_many_streams");
    assert!(
        answer.json["detail"]
            .as_str()
            .unwrap()
            .contains("follow logs")
    );
    seats.pop();
    world.supervisor.answers(Vec::new());
    follow(&world, "").await;
}
