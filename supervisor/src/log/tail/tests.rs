//! `tail` through a real socket, from memory and from files.

use super::{
    super::tests::{World, pipe, until},
    *,
};
use chrono::{DateTime, Utc};
use runtime::{
    Stop,
    socket::{Client, Handler, Stream, serve},
};
use schema::wire::supervisor::{LogLevel, TailEnded, ToSupervisor};
use std::io::Write as _;

#[derive(Clone)]
struct Door(Logs);

impl Handler<SupervisorLink> for Door {
    fn handle(
        &self,
        request: ToSupervisor,
        answers: Answers<SupervisorLink>,
    ) -> impl Future<Output = ()> + 'static {
        let logs = self.0.clone();
        async move {
            let ToSupervisor::Tail(request) = request else {
                return;
            };
            match tail(&logs, &["api".into()], request, &answers).await {
                Ok(Ok(())) => answers.last(FromSupervisor::TailEnded(TailEnded {})).await,
                Ok(Err(_hung_up)) => {}
                Err(failure) => answers.fail(failure).await,
            }
        }
    }
}

async fn stream(world: &World, request: TailRequest) -> Stream<SupervisorLink> {
    let path = world.folder.path().join("s");
    if !path.exists() {
        let (door, path) = (Door(world.logs.clone()), path.clone());
        actix_rt::spawn(async move { serve(&path, door, Stop::new()).await.unwrap() });
    }
    until(|| path.exists()).await;
    let client = Client::<SupervisorLink>::at(path);
    client.stream(ToSupervisor::Tail(request)).await.unwrap()
}

async fn line(stream: &mut Stream<SupervisorLink>) -> Option<LogLine> {
    match stream.next().await.unwrap() {
        Some(FromSupervisor::Line(line)) => Some(line),
        _ => None,
    }
}

async fn texts(world: &World, request: TailRequest) -> Vec<String> {
    let mut stream = stream(world, request).await;
    let mut texts = Vec::new();
    while let Some(line) = line(&mut stream).await {
        assert_eq!(line.skipped, 0);
        texts.push(line.text);
    }
    texts
}

fn last(lines: u32) -> TailRequest {
    TailRequest {
        names: vec!["api".into()],
        lines: Some(lines),
        ..TailRequest::default()
    }
}

fn numbered(lines: std::ops::Range<u32>) -> String {
    lines.fold(String::new(), |text, n| text + &format!("line {n:0>90}\n"))
}

#[actix_rt::test]
async fn lines_beyond_memory_come_send_files_and_join_without_a_gap() {
    let world = World::new(100_000);
    world.print("api", &numbered(0..9000)).await;
    for wanted in [0, 1, 2000, 2500, 3000, 8999, 9000, 20_000] {
        let from = 9000_u32.saturating_sub(wanted);
        let expected = numbered(from..9000);
        let found = texts(&world, last(wanted)).await;
        assert!(
            found.iter().map(String::as_str).eq(expected.lines()),
            "{wanted}"
        );
    }
}

#[actix_rt::test]
async fn what_comes_follows_what_was_read_send_files_without_a_gap() {
    let world = World::new(100_000);
    world.print("api", &numbered(0..5000)).await;
    let (reader, mut writer) = pipe();
    let _tap = world.logs.read("api", reader);
    let book = world.logs.book("api").unwrap();
    let (before, _) = book.end();
    writer.write_all(b"line 5000 ha").unwrap();
    until(|| book.end() == (before, true)).await;
    let mut stream = stream(
        &world,
        TailRequest {
            follow: true,
            ..last(5000)
        },
    )
    .await;
    for expected in numbered(0..5000).lines() {
        assert_eq!(line(&mut stream).await.unwrap().text, expected);
    }
    writer.write_all(b"lf\nline 5001\n").unwrap();
    assert_eq!(line(&mut stream).await.unwrap().text, "line 5000 half");
    assert_eq!(line(&mut stream).await.unwrap().text, "line 5001");
}

#[actix_rt::test]
async fn lines_of_an_earlier_supervisor_are_found_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("api.log.1"), numbered(0..1000)).unwrap();
    std::fs::write(folder.path().join("api.log"), numbered(1000..2000)).unwrap();
    let world = World::of(folder, |plan| plan.max_bytes = 1_000_000);
    world.print("api", &numbered(2000..2100)).await;
    for wanted in [5, 300, 1100, 1101, 3000] {
        let expected = numbered(2100_u32.saturating_sub(wanted)..2100);
        let found = texts(&world, last(wanted)).await;
        assert!(
            found.iter().map(String::as_str).eq(expected.lines()),
            "{wanted}"
        );
    }
}

#[actix_rt::test]
async fn a_level_leaves_out_what_is_less_grave_in_memory_in_files_and_of_what_comes() {
    let world = World::new(100_000);
    let line_of = |level: &str, n: u32| format!("{{\"level\":\"{level}\",\"n\":{n}}}\n");
    let text: String = (0..20_000)
        .map(|n| line_of(if n % 1000 == 0 { "WARN" } else { "INFO" }, n))
        .collect();
    world.print("api", &text).await;
    for wanted in [2, 20] {
        let request = TailRequest {
            level: Some(LogLevel::Warn),
            ..last(wanted)
        };
        let expected: Vec<_> = (20 - wanted..20)
            .map(|n| line_of("WARN", n * 1000).trim_end().to_owned())
            .collect();
        assert_eq!(texts(&world, request).await, expected);
    }
    let request = TailRequest {
        level: Some(LogLevel::Error),
        follow: true,
        ..last(5)
    };
    let mut stream = stream(&world, request).await;
    world
        .print("api", &(line_of("WARN", 1) + &line_of("ERROR", 2)))
        .await;
    assert_eq!(
        line(&mut stream).await.unwrap().text,
        line_of("ERROR", 2).trim_end()
    );
}

#[actix_rt::test]
async fn lines_since_a_time_are_found_by_what_they_tell_or_when_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let told = |hour: u32, n: u32| format!("2026-01-01T{hour:02}:00:00Z INFO {n:0>90}\n");
    let old: String = (0..1000).map(|n| told(1 + n / 100, n)).collect();
    std::fs::write(folder.path().join("api.log"), &old).unwrap();
    let world = World::of(folder, |_plan| {});
    let began: DateTime<Utc> = Utc::now();
    let since = |since: DateTime<Utc>| TailRequest {
        lines: None,
        since: Some(since),
        ..last(0)
    };
    let nine: DateTime<Utc> = "2026-01-01T09:00:00Z".parse().unwrap();
    assert_eq!(texts(&world, since(nine)).await.len(), 200);
    let one = "2026-01-01T01:30:00Z".parse().unwrap();
    assert_eq!(texts(&world, since(one)).await.len(), 900);
    let limited = TailRequest {
        lines: Some(3),
        ..since(nine)
    };
    let found = texts(&world, limited).await;
    assert_eq!(found, old.lines().skip(997).collect::<Vec<_>>());
    assert_eq!(texts(&world, since(began)).await, [""; 0]);
    world.print("api", "2026-01-01T11:00:00Z INFO new\n").await;
    assert_eq!(
        texts(&world, since("2026-01-01T10:30:00Z".parse().unwrap()))
            .await
            .len(),
        1
    );
}

#[actix_rt::test]
async fn lines_without_a_time_are_found_by_when_they_came() {
    let world = World::new(0);
    let began: DateTime<Utc> = Utc::now();
    world.print("api", "plain\nlines\n").await;
    let since = |since| TailRequest {
        lines: None,
        since: Some(since),
        ..last(0)
    };
    assert_eq!(texts(&world, since(began)).await, ["plain", "lines"]);
    let later = Utc::now() + chrono::TimeDelta::hours(1);
    assert_eq!(texts(&world, since(later)).await, [""; 0]);
}

#[actix_rt::test]
async fn secrets_learnt_later_are_hidden_in_what_was_written_before() {
    let world = World::new(0);
    world.print("api", "tops3cret\n").await;
    world.logs.hide(&["tops3cret".into()]);
    assert_eq!(texts(&world, last(5)).await, ["***"]);
}

#[actix_rt::test]
async fn who_follows_misses_nothing_through_rotations_and_lives() {
    let world = World::new(5000);
    let mut stream = stream(
        &world,
        TailRequest {
            follow: true,
            ..last(10)
        },
    )
    .await;
    world.print("api", "first\n").await;
    assert_eq!(line(&mut stream).await.unwrap().text, "first");
    for life in 0..5 {
        let text = numbered(life * 500..(life + 1) * 500);
        world.print("api", &text).await;
        for expected in text.lines() {
            let line = line(&mut stream).await.unwrap();
            assert_eq!((line.text.as_str(), line.skipped), (expected, 0));
        }
    }
}

#[actix_rt::test]
async fn a_name_without_a_log_is_refused_with_those_there_are() {
    let world = World::new(0);
    let request = TailRequest {
        names: vec!["apy".into()],
        ..TailRequest::default()
    };
    let error = stream(&world, request).await.next().await.unwrap_err();
    let failure = error.to_failure();
    assert_eq!(failure.message, "there is no log \"apy\"");
    assert_eq!(
        failure.remedy.as_deref(),
        Some("There are logs of api and supervisor.")
    );
}

#[actix_rt::test]
async fn all_logs_are_read_where_none_is_named_and_each_once() {
    let programs = ["api".to_owned()];
    let names = |asked: &[&str]| {
        let asked: Vec<_> = asked.iter().map(|name| (*name).to_owned()).collect();
        names(&programs, &asked)
    };
    assert_eq!(names(&[]), ["api", OWN]);
    assert_eq!(names(&["x", "all"]), ["api", OWN]);
    assert_eq!(names(&["x", "api", "x"]), ["x", "api"]);
}
