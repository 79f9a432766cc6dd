//! What all of them print comes out of the supervisor as one stream, and no secret in it.

use std::time::Duration;

use tests::{
    harness::{is_alive, wait_for},
    supervised::{LIMIT, Scene},
};

#[actix_rt::test]
async fn our_own_output_is_one_stream_of_json_lines_with_a_name_and_a_time() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "api",
            &[
                "say",
                "{\"message\":\"hello\"}",
                "say",
                "plain words",
                "bytes",
                "ready",
                "wait",
            ],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let is_said = |line: &serde_json::Value, words: &str| {
        line["process"] == "api" && line["message"] == words
    };
    wait_for("all lines of api", LIMIT, || async {
        let stdout = supervised.stdout();
        let lines: Vec<serde_json::Value> = stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        for line in &lines {
            for field in ["timestamp", "process", "level"] {
                assert!(line[field].is_string(), "{field}: {line}");
            }
        }
        let is_there = |words: &str| lines.iter().any(|line| is_said(line, words));
        let broken = stdout.contains('\u{fffd}');
        (is_there("hello") && is_there("plain words") && broken).then_some(())
    })
    .await;
    supervised.logged("supervisor", "starting api").await;
}

#[actix_rt::test]
async fn our_own_output_for_people_has_a_name_and_a_time_before_each_line() {
    let supervised = Scene::new()
        .unwrap()
        .environment("LOG_FORMAT", "human")
        .program("api", &["say", "plain words", "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let line = wait_for("the line", LIMIT, || async {
        let stdout = supervised.stdout();
        let mut lines = stdout.lines();
        lines
            .find(|line| line.contains("plain words"))
            .map(str::to_owned)
    })
    .await;
    let year = chrono::Utc::now().format("%Y-").to_string();
    assert!(line.starts_with(&year) && line.contains("api"), "{line}");
    // The file is what was printed and nothing more.
    assert_eq!(supervised.log("api"), "plain words\n");
}

#[actix_rt::test]
async fn secrets_that_the_settings_know_appear_nowhere() {
    let secret = "0123456789abcdefSECRET";
    let (head, rest) = secret.split_at(9);
    let supervised = Scene::new()
        .unwrap()
        .environment("OVERSEERR_URL", "http://127.0.0.1:1")
        .environment("OVERSEERR_API_KEY", secret)
        .program(
            "api",
            &[
                "say", secret, "open", head, "pause", "50", "say", rest, "say", "end", "ready",
                "wait",
            ],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    wait_for("the last line", LIMIT, || async {
        supervised.log("api").ends_with("end\n").then_some(())
    })
    .await;
    assert_eq!(supervised.log("api"), "***\n***\nend\n");
    let lines = supervised.last_lines("api", 10).await.unwrap();
    assert!(lines.iter().all(|line| !line.text.contains(secret)));
    wait_for("the last line on stdout", LIMIT, || async {
        supervised.stdout().contains("\"end\"").then_some(())
    })
    .await;
    assert!(!supervised.stdout().contains(secret));
}

#[actix_rt::test]
async fn a_stdout_that_nobody_reads_holds_up_nobody() {
    let scene = Scene::new().unwrap();
    let done = scene.file("done");
    // A pipe whose reader sleeps.
    let reader = "exec 3>&1; { \"$0\" \"$@\" & wait; } 2>&1 | sleep 600";
    let script = ["ready", "print", "50000", "100", "started", &done, "wait"];
    let supervised = scene
        .wrapped(&["/bin/sh", "-c", reader])
        .program("api", &script, "")
        .start_ready()
        .await
        .unwrap();
    supervised.written("done").await;
    wait_for("all lines in the file", Duration::from_secs(20), || async {
        (supervised.log("api").len() == 5_000_000).then_some(())
    })
    .await;
    let pid = supervised.status().await.unwrap().pid;
    supervised.shutdown().await.unwrap();
    wait_for("the end of the supervisor", LIMIT, || async {
        (!is_alive(pid)).then_some(())
    })
    .await;
    // The shell and its sleep are left.
    let shell = supervised.pid().unwrap();
    drop(tests::supervised::killed_at_the_end(&[shell]));
}
