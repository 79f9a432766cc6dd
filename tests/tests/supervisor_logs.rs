//! What programs print arrives: every byte, every line once, whatever rotates or dies.

use std::collections::BTreeSet;

use runtime::socket::client::Stream;
use schema::wire::supervisor::{
    FromSupervisor, LogLine,
    ProgramState::{Exited, Running},
    SupervisorLink,
    ToSupervisor::{Restart, Stop},
};
use tests::{
    harness::{kill, wait_for},
    supervised::{LIMIT, Scene, Supervised},
};

/// All that is kept of a log, oldest first, and each file alone.
fn files(supervised: &Supervised, program: &str) -> Vec<String> {
    let name = |number: usize| match number {
        0 => format!("logs/{program}.log"),
        number => format!("logs/{program}.log.{number}"),
    };
    let kept =
        (0..1000).take_while(|number| supervised.scene.folder().join(name(*number)).exists());
    let mut files: Vec<String> = kept.map(|number| supervised.text(&name(number))).collect();
    files.reverse();
    files
}

async fn line(tail: &mut Stream<SupervisorLink>) -> LogLine {
    match tail.next().await {
        Ok(Some(FromSupervisor::Line(line))) => line,
        // No test expects this text.
        other => LogLine {
            name: String::new(),
            text: format!("no line but {other:?}"),
            skipped: 0,
        },
    }
}

#[actix_rt::test]
async fn twenty_thousand_lines_before_an_exit_are_all_kept() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "job",
            &["print", "20000", "100", "exit", "0"],
            "restart = \"never\"",
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("job", Exited).await;
    let log = supervised.log("job");
    assert_eq!(log.len(), 2_000_000);
    assert!(
        log.lines()
            .enumerate()
            .all(|(n, line)| line.starts_with(&format!("{n} x")))
    );
}

#[actix_rt::test]
async fn rotation_loses_and_splits_no_line_across_restarts() {
    let more = "log_max_bytes = 20000\nlog_backups = 900";
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["print", "1000", "97", "ready", "wait"], more)
        .start_ready()
        .await
        .unwrap();
    supervised.order(Restart, "api").await.unwrap();
    let before = supervised.program("api").await.unwrap().pid;
    kill(before.unwrap());
    supervised
        .until("api", "replaced", |now| {
            now.state == Running && now.pid != before
        })
        .await;
    // The last life is ready before all it printed has gone through the pipe.
    let files = wait_for("all lines", LIMIT, || async {
        let files = files(&supervised, "api");
        (files.iter().map(String::len).sum::<usize>() == 3 * 97_000).then_some(files)
    })
    .await;
    assert!(files.len() >= 15, "{}", files.len());
    for file in &files {
        assert!(
            file.len() <= 20_000 && (file.is_empty() || file.ends_with('\n')),
            "{}",
            file.len()
        );
    }
    let together = files.concat();
    let numbers: Vec<usize> = together
        .lines()
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    let expected: Vec<usize> = (0..3).flat_map(|_life| 0..1000).collect();
    assert_eq!(numbers, expected);
    assert!(together.lines().all(|line| line.len() == 96));
}

#[actix_rt::test]
async fn a_follower_sees_every_line_once_through_rotations_and_a_restart() {
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
    let mut tail = supervised.tail("api", 1000, true).await.unwrap();
    for life in 0..3 {
        assert_eq!(line(&mut tail).await.text, "begin");
        for number in 0..400 {
            let line = line(&mut tail).await;
            assert!(
                line.text.starts_with(&format!("{number} x")),
                "life {life}: {}",
                line.text
            );
            assert_eq!(line.skipped, 0);
        }
        assert_eq!(line(&mut tail).await.text, "end");
        supervised.order(Restart, "api").await.unwrap();
    }
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
    supervised.order(Stop, "api").await.unwrap();
    let mut tail = supervised.tail("api", 53, false).await.unwrap();
    let mut texts = Vec::new();
    while let Some(FromSupervisor::Line(line)) = tail.next().await.unwrap() {
        texts.push(line.text);
    }
    assert_eq!(texts.len(), 53);
    assert!(
        texts[0].starts_with("49 x") && texts[51].starts_with("49 x"),
        "{texts:?}"
    );
    assert!(texts[1] == "half" && texts[52] == "half", "{texts:?}");
    let mut all = supervised.tail("all", 5, false).await.unwrap();
    let mut names = BTreeSet::new();
    while let Some(FromSupervisor::Line(line)) = all.next().await.unwrap() {
        names.insert(line.name);
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["api", "supervisor"]);
    assert!(
        supervised
            .tail("apy", 5, false)
            .await
            .unwrap()
            .next()
            .await
            .is_err()
    );
}

#[actix_rt::test]
async fn a_follower_that_does_not_read_holds_up_nobody_and_is_told_what_it_missed() {
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["ready", "print", "1", "20", "wait"], "")
        .program(
            "flood",
            &["print", "300000", "100", "exit", "0"],
            "restart = \"never\"\nautostart = false",
        )
        .start()
        .await
        .unwrap();
    let mut tail = supervised.tail("flood", 10, true).await.unwrap();
    supervised
        .order(schema::wire::supervisor::ToSupervisor::Start, "flood")
        .await
        .unwrap();
    supervised.in_state("flood", Exited).await;
    let (mut seen, mut skipped) = (0, 0);
    while seen + skipped < 300_000 {
        let line = line(&mut tail).await;
        assert_eq!(line.name, "flood");
        seen += 1;
        skipped += line.skipped;
    }
    assert_eq!(seen + skipped, 300_000);
    assert!(skipped > 0);
}

#[actix_rt::test]
async fn our_own_output_is_one_stream_of_json_lines() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &["say", "{\"message\":\"hello\"}", "ready", "wait"],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let stdout = supervised.stdout();
    for line in stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert!(
        stdout.contains("hello") && stdout.contains("starting api"),
        "{stdout}"
    );
    assert!(supervised.log("supervisor").contains("starting api"));
}
