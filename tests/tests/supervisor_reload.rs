//! New settings while everything runs: what differs is told, and only that is touched.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use schema::wire::supervisor::{
    DifferenceKind, ProgramOutcome,
    ProgramState::{Running, Stopped},
};
use tests::supervised::{OURS, Scene, Supervised, gone};

async fn pids(supervised: &Supervised) -> Vec<i32> {
    let mut pids = Vec::new();
    for name in OURS {
        pids.push(supervised.pid_of(name).await.unwrap());
    }
    pids
}

#[actix_rt::test]
async fn settings_that_did_not_change_change_nothing() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = pids(&supervised).await;
    let reloaded = supervised.reload(false).await.unwrap();
    assert_eq!(reloaded.differences, []);
    assert_eq!(pids(&supervised).await, before);
    let output = supervised.scene.cli(&["reload"]).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[actix_rt::test]
async fn a_change_of_one_program_restarts_that_one() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = pids(&supervised).await;
    let file = supervised.scene.file("seen");
    supervised
        .scene
        .put("api", &["env", &file, "ready", "wait"], "");
    // Looking at it changes nothing.
    let looked = supervised.reload(true).await.unwrap();
    assert!(looked.dry_run);
    let difference = &looked.differences[0];
    assert_eq!(
        (
            difference.name.as_str(),
            difference.kind,
            difference.restarts
        ),
        ("api", DifferenceKind::Changed, true)
    );
    assert_eq!(difference.keys, ["args"]);
    assert_eq!(pids(&supervised).await, before);
    let reloaded = supervised.reload(false).await.unwrap();
    assert_eq!(reloaded.differences, looked.differences);
    assert_eq!(reloaded.results[0].outcome, ProgramOutcome::Started);
    let after = pids(&supervised).await;
    assert_eq!(after[..2], before[..2]);
    assert_ne!(after[2], before[2]);
    assert!(!supervised.text("seen").is_empty());
}

#[actix_rt::test]
async fn a_change_that_needs_no_new_process_restarts_nothing_and_counts() {
    let mut supervised = Scene::new()
        .unwrap()
        .program("api", &["ignore-term", "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let before = pids(&supervised).await;
    supervised.scene.put(
        "api",
        &["ignore-term", "ready", "wait"],
        "stop_timeout_s = 1",
    );
    let reloaded = supervised.reload(false).await.unwrap();
    let difference = &reloaded.differences[0];
    assert_eq!(difference.keys, ["stop_timeout_s"]);
    assert!(!difference.restarts);
    assert_eq!(pids(&supervised).await, before);
    let begun = std::time::Instant::now();
    supervised.stop_program("api").await.unwrap();
    // One second, not the eight it had before.
    let took = begun.elapsed().as_millis();
    assert!((1000..6000).contains(&took), "{took} ms");
}

#[actix_rt::test]
async fn programs_come_and_go() {
    let scene = Scene::new().unwrap();
    let mut supervised = scene
        .program("old", &["ready", "wait"], "ready = \"notify\"")
        .start_ready()
        .await
        .unwrap();
    let before = pids(&supervised).await;
    let old = supervised.pid_of("old").await.unwrap();
    supervised.scene.remove("old");
    supervised.scene.put(
        "new",
        &["say", "hello", "ready", "wait"],
        "ready = \"notify\"",
    );
    supervised
        .scene
        .put("later", &["wait"], "autostart = false");
    let reloaded = supervised.reload(false).await.unwrap();
    let kinds: Vec<_> = reloaded
        .differences
        .iter()
        .map(|difference| (difference.name.as_str(), difference.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("later", DifferenceKind::Added),
            ("new", DifferenceKind::Added),
            ("old", DifferenceKind::Removed)
        ]
    );
    gone("the removed program", old).await;
    assert!(supervised.program("old").await.is_err());
    supervised.in_state("new", Running).await;
    assert_eq!(supervised.program("later").await.unwrap().state, Stopped);
    assert_eq!(pids(&supervised).await, before);
    supervised.logged("new", "hello\n").await;
}

#[actix_rt::test]
async fn settings_that_make_no_sense_are_refused_with_file_and_line_and_change_nothing() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let before = pids(&supervised).await;
    supervised
        .scene
        .put("api", &["ready", "wait"], "stop_timeut_s = 3");
    let file = supervised.scene.file("listsync.toml");
    let error = supervised.reload(false).await.unwrap_err().to_string();
    for part in ["stop_timeut_s", "stop_timeout_s", &file, "line "] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let output = supervised.scene.cli(&["reload"]).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    supervised
        .scene
        .put("api", &["ready", "wait"], "after = [\"api\"]");
    assert!(supervised.reload(false).await.is_err());
    assert_eq!(pids(&supervised).await, before);
}
