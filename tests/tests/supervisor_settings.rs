//! What may not be written into the settings is refused with place and remedy, by `run` and by `check`.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use tests::supervised::Scene;

/// The text by which both refuse.
async fn refusals(scene: &Scene) -> [String; 2] {
    let mut texts = Vec::new();
    let run = scene.refused().await.unwrap();
    assert_eq!(run.status.code(), Some(78), "{run:?}");
    texts.push(String::from_utf8([run.stdout, run.stderr].concat()).unwrap());
    let check = scene.cli(&["check", "--settings-only"]).await.unwrap();
    assert!(!check.status.success(), "{check:?}");
    texts.push(String::from_utf8([check.stdout, check.stderr].concat()).unwrap());
    // Neither made anything.
    assert!(!scene.folder().join("data").exists());
    texts.try_into().unwrap()
}

#[actix_rt::test]
async fn each_impossible_line_is_named_by_file_and_number() {
    for (lines, parts) in [
        (
            "restart_brust = 3",
            &["restart_brust", "restart_burst", "line 3"][..],
        ),
        ("restart_burst = 0", &["restart_burst", "line 3"]),
        ("umask = \"999\"", &["umask", "line 3"]),
        ("stop_signal = \"HOP\"", &["stop_signal", "HOP", "line 3"]),
        ("ready = \"http\"", &["ready_url", "line"]),
        (
            "ready = \"http\"\nready_url = \"https://x\"",
            &["ready_url", "line 4"],
        ),
        ("after = [\"nobody\"]", &["nobody", "line 3"]),
        ("oneshot = true\nwatchdog_s = 5", &["watchdog_s", "line"]),
        ("restart_factor = 0.5", &["restart_factor", "line 3"]),
        ("restart_jitter = 2.0", &["restart_jitter", "line 3"]),
        ("rlimits = { nofiles = 3 }", &["nofiles", "line 3"]),
        (
            "environment = { NOTIFY_SOCKET = \"x\" }",
            &["NOTIFY_SOCKET", "line 3"],
        ),
        ("oom_score_adj = 5000", &["oom_score_adj", "line 3"]),
        ("after = \"api\"", &["after", "line 3"]),
    ] {
        let scene = Scene::new()
            .unwrap()
            .settings("vpn", &format!("command = \"/bin/true\"\n{lines}"));
        let file = scene.file("listsync.toml");
        for text in refusals(&scene).await {
            for part in parts.iter().copied().chain([file.as_str()]) {
                assert!(text.contains(part), "{lines}: no {part:?} in {text}");
            }
        }
    }
}

#[actix_rt::test]
async fn programs_that_wait_for_each_other_are_named_in_a_row() {
    let scene = Scene::new()
        .unwrap()
        .settings("a", "command = \"/bin/true\"\nafter = [\"b\"]")
        .settings("b", "command = \"/bin/true\"\nafter = [\"c\"]")
        .settings("c", "command = \"/bin/true\"\nafter = [\"a\"]");
    for text in refusals(&scene).await {
        assert!(text.contains("a → b → c → a"), "{text}");
    }
}

#[actix_rt::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let scene = Scene::new()
        .unwrap()
        .settings("a", "command = \"/bin/true\"\nrestart_burst = 0")
        .settings("b", "umask = \"8\"")
        .settings("all", "command = \"/bin/true\"");
    for text in refusals(&scene).await {
        for part in ["restart_burst", "umask", "program.b.command", "program.all"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}

#[actix_rt::test]
async fn a_time_zone_that_there_is_not_is_refused() {
    let scene = Scene::new().unwrap().environment("TZ", "Europe/Berln");
    for text in refusals(&scene).await {
        assert!(
            text.contains("Europe/Berln") && text.contains("Europe/Berlin"),
            "{text}"
        );
    }
}

#[actix_rt::test]
async fn every_process_sees_the_time_zone() {
    for (given, offset) in [
        ("Europe/Berlin", None),
        ("UTC+1", Some("+0100")),
        ("GMT-3", Some("-0300")),
        ("+02:00", Some("+0200")),
        ("Asia/Kolkata", Some("+0530")),
    ] {
        let scene = Scene::new().unwrap();
        let env = scene.file("env");
        let supervised = scene
            .environment("TZ", given)
            .program("api", &["env", &env, "ready", "wait"], "")
            .settings(
                "clock",
                "command = \"/bin/date\"\nargs = [\"+%z\"]\noneshot = true",
            )
            .start()
            .await
            .unwrap();
        supervised
            .in_state("clock", schema::wire::supervisor::ProgramState::Exited)
            .await;
        let said = supervised.log("clock");
        let wanted = offset.map(|offset| format!("{offset}\n"));
        assert!(
            wanted.map_or(
                ["+0100\n", "+0200\n"].contains(&said.as_str()),
                |wanted| said == wanted
            ),
            "{given}: {said}"
        );
        let text = supervised.written("env").await;
        assert!(
            text.lines().any(|line| line.starts_with("TZ=")),
            "{given}: {text}"
        );
    }
}
