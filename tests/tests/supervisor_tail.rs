//! `tail`: every line once and in order, pushed as it is written, whatever rotates, dies or does not read.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use std::{collections::BTreeSet, process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schema::wire::supervisor::{LogLevel, ProgramState::Exited, TailRequest};
use tests::{
    harness::wait_for,
    supervised::{Heard, LIMIT, Scene, Supervised, resident_kib},
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

#[actix_rt::test]
async fn a_follower_sees_every_line_once_through_rotations_and_restarts() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &[
                "say", "begin", "ready", "print", "400", "97", "say", "end", "wait",
            ],
            "log_max_bytes = 5000\nlog_backups = 3",
        )
        .start_ready()
        .await
        .unwrap();
    let mut tail = supervised.follow("api", 1000).await.unwrap();
    for life in 0..3 {
        assert_eq!(tail.line().await.unwrap().text, "begin");
        for number in 0..400 {
            let line = tail.line().await.unwrap();
            assert!(
                line.text.starts_with(&format!("{number} x")),
                "life {life}: {}",
                line.text
            );
            assert_eq!(line.skipped, 0);
        }
        assert_eq!(tail.line().await.unwrap().text, "end");
        supervised.restart("api").await.unwrap();
    }
}

#[actix_rt::test]
async fn a_line_is_told_as_soon_as_it_is_written() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["ready", "stamps", "1000000", "20000"],
            "log_max_bytes = 200",
        )
        .start_ready()
        .await
        .unwrap();
    let mut tail = supervised.follow("api", 0).await.unwrap();
    let mut late = Vec::new();
    let mut last = None;
    for _ in 0..60 {
        let line = tail.line().await.unwrap();
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap();
        let (number, written) = line.text.split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        assert!(last.is_none_or(|last| number == last + 1));
        last = Some(number);
        let written = Duration::from_nanos(written.parse().unwrap());
        late.push(Duration::from(now).saturating_sub(written));
    }
    // Who looks once a second, or waits for more to send, is half a second late on the average.
    late.sort();
    assert!(late[30] < Duration::from_millis(200), "{late:?}");
}

#[actix_rt::test]
async fn tail_shows_the_last_lines_of_one_or_all_also_of_an_earlier_supervisor() {
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["print", "50", "30", "open", "half", "ready", "wait"],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    supervised.kill().await.unwrap();
    supervised.boot().await.unwrap();
    supervised.all_ready().await;
    // A stop lets everything arrive. Then: 49 and half of the killed one's, all 51 of this one's.
    supervised.stop_program("api").await.unwrap();
    let lines = supervised.last_lines("api", 53).await.unwrap();
    let texts: Vec<_> = lines.into_iter().map(|line| line.text).collect();
    assert_eq!(texts.len(), 53);
    assert!(
        texts[0].starts_with("49 x") && texts[51].starts_with("49 x"),
        "{texts:?}"
    );
    assert!(texts[1] == "half" && texts[52] == "half", "{texts:?}");
    let all = supervised.last_lines("all", 5).await.unwrap();
    let names: BTreeSet<_> = all.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["api", "supervisor"]);
    assert!(supervised.last_lines("apy", 5).await.is_err());
}

#[actix_rt::test]
async fn more_lines_than_memory_holds_come_from_the_files() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "job",
            &["print", "30000", "100", "exit", "0"],
            "restart = \"never\"\nlog_max_bytes = 400000\nlog_backups = 9",
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("job", Exited).await;
    let lines = supervised.last_lines("job", 25_000).await.unwrap();
    assert_eq!(lines.len(), 25_000);
    for (number, line) in (5_000..30_000).zip(&lines) {
        assert!(
            line.text.starts_with(&format!("{number} x")),
            "{}",
            line.text
        );
    }
}

/// Counts what a follower gets of lines that are numbered from 0; they are in order.
async fn counted(mut tail: Heard, total: u64) -> (u64, u64) {
    let (mut seen, mut skipped) = (0, 0);
    while seen + skipped < total {
        let line = tail.line().await.unwrap();
        skipped += line.skipped;
        let number: u64 = line.text.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(number, seen + skipped);
        seen += 1;
    }
    (seen, skipped)
}

fn flood(scene: Scene, lines: &str) -> Scene {
    scene.program(
        "flood",
        &["print", lines, "100", "exit", "0"],
        "restart = \"never\"\nautostart = false",
    )
}

#[actix_rt::test]
async fn a_follower_that_does_not_read_holds_up_nobody_and_misses_nothing_that_the_files_have() {
    let supervised = flood(Scene::new().unwrap(), "300000")
        .start()
        .await
        .unwrap();
    let tail = supervised.follow("flood", 10).await.unwrap();
    supervised.start_program("flood").await.unwrap();
    supervised.in_state("flood", Exited).await;
    let (seen, skipped) = counted(tail, 300_000).await;
    assert_eq!((seen, skipped), (300_000, 0));
}

#[actix_rt::test]
async fn a_follower_is_told_what_is_not_in_the_files_any_more() {
    let scene = Scene::new().unwrap().program(
        "flood",
        &["print", "100000", "100", "exit", "0"],
        "restart = \"never\"\nautostart = false\nlog_max_bytes = 1000000\nlog_backups = 1",
    );
    let supervised = scene.start().await.unwrap();
    let tail = supervised.follow("flood", 10).await.unwrap();
    supervised.start_program("flood").await.unwrap();
    supervised.in_state("flood", Exited).await;
    let (seen, skipped) = counted(tail, 100_000).await;
    assert_eq!(seen + skipped, 100_000);
    assert!(skipped > 50_000, "{skipped}");
}

#[actix_rt::test]
async fn three_followers_of_a_flood_get_each_line_or_its_count() {
    let supervised = flood(Scene::new().unwrap(), "200000")
        .start()
        .await
        .unwrap();
    let mut followers = Vec::new();
    for _ in 0..3 {
        followers.push(supervised.follow("flood", 0).await.unwrap());
    }
    supervised.start_program("flood").await.unwrap();
    let counts = followers.into_iter().map(|tail| counted(tail, 200_000));
    for (seen, skipped) in futures_util::future::join_all(counts).await {
        assert_eq!(seen + skipped, 200_000);
    }
}

/// Starts the flood and waits for its end.
async fn flooded(supervised: &Supervised) {
    supervised.start_program("flood").await.unwrap();
    supervised.in_state("flood", Exited).await;
}

#[actix_rt::test]
async fn a_stopped_command_that_follows_holds_up_nobody_and_costs_no_memory() {
    // A hundred megabytes.
    let supervised = flood(Scene::new().unwrap(), "1000000")
        .start()
        .await
        .unwrap();
    flooded(&supervised).await;
    let before = resident_kib(supervised.pid().unwrap()).unwrap();
    let mut command = supervised.scene.command().unwrap();
    let mut client = command
        .args(["tail", "-f", "-n", "1", "flood"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(client.id().unwrap().try_into().unwrap());
    let mut said = [0; 50];
    client
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .await
        .unwrap();
    kill(pid, Signal::SIGSTOP).unwrap();
    // A program that waits for the command to read would never end.
    flooded(&supervised).await;
    let grown = resident_kib(supervised.pid().unwrap()).unwrap() - before;
    assert!(grown <= 1024, "{grown} KiB");
    kill(pid, Signal::SIGCONT).unwrap();
    // It is told on one of its streams.
    let mut out = BufReader::new(client.stdout.take().unwrap()).lines();
    let mut errors = BufReader::new(client.stderr.take().unwrap()).lines();
    let told = async {
        loop {
            let line = tokio::select! {
                line = out.next_line() => line,
                line = errors.next_line() => line,
            };
            let line = line.unwrap().expect("the command ended");
            if line.contains("left out") || line.contains("skipped") {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, told)
        .await
        .expect("it was not told");
}

#[actix_rt::test]
async fn lines_are_chosen_by_time_and_by_level() {
    let line = |year: u32, level: &str| {
        format!(
            "{{\"timestamp\":\"{year}-05-06T07:08:09Z\",\"level\":\"{level}\",\"message\":\"x\"}}"
        )
    };
    let (low, high, late) = (line(2024, "INFO"), line(2024, "ERROR"), line(2025, "WARN"));
    // What tells no time belongs to the time of the line before it, and counts as `info`.
    let script = [
        "say",
        &low,
        "say",
        &high,
        "say",
        &late,
        "say",
        "at panic.rs:3",
        "ready",
        "wait",
    ];
    let scene = Scene::new().unwrap();
    let supervised = scene
        .program("api", &script, "")
        .start_ready()
        .await
        .unwrap();
    let request = TailRequest {
        names: vec!["api".into()],
        ..TailRequest::default()
    };
    let chosen = async |request: TailRequest| -> Vec<String> {
        let lines = supervised.tail(request).await.unwrap().all().await.unwrap();
        lines.into_iter().map(|line| line.text).collect()
    };
    wait_for("four lines", LIMIT, || async {
        (chosen(request.clone()).await.len() == 4).then_some(())
    })
    .await;
    let graver = TailRequest {
        level: Some(LogLevel::Warn),
        ..request.clone()
    };
    assert_eq!(chosen(graver).await, [high.as_str(), &late]);
    let since = TailRequest {
        since: Some("2024-12-31T00:00:00Z".parse().unwrap()),
        ..request
    };
    assert_eq!(chosen(since).await, [late.as_str(), "at panic.rs:3"]);
    let words = [
        "tail",
        "--since",
        "2024-12-31T00:00:00Z",
        "--level",
        "warning",
        "api",
    ];
    let output = supervised.scene.cli(&words).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

#[actix_rt::test]
async fn several_programs_are_followed_at_once_with_their_names() {
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["say", "from api", "ready", "wait"], "")
        .program("sync-worker", &["say", "from sync", "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let text = wait_for("both lines", LIMIT, || async {
        let output = supervised
            .scene
            .cli(&["tail", "api", "sync-worker"])
            .await
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (text.contains("from api") && text.contains("from sync")).then_some(text)
    })
    .await;
    let line = |words: &str| text.lines().find(|line| line.contains(words)).unwrap();
    assert!(line("from api").starts_with("api"), "{text}");
    assert!(line("from sync").starts_with("sync-worker"), "{text}");
}
