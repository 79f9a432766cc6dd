//! What programs print arrives in files: every byte, every line once, whatever rotates, fills up or dies.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use schema::wire::supervisor::ProgramState::{Exited, Running};
use tests::{
    harness::{kill, wait_for},
    supervised::{LIMIT, Scene, Supervised, is_root, log_files, resident_kib, skipped},
};

/// Size of all that is kept of a log.
async fn kept(supervised: &Supervised, program: &str) -> usize {
    let files = log_files(supervised, program).await.unwrap();
    files.iter().map(Vec::len).sum()
}

/// What a script printed by `print` or `lines`, in one piece.
fn printed(lines: usize, bytes: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(lines * bytes);
    for number in 0..lines {
        let mut line = format!("{number} ").into_bytes();
        line.resize(bytes - 1, b'x');
        line.push(b'\n');
        all.append(&mut line);
    }
    all
}

#[actix_rt::test]
async fn twenty_thousand_lines_before_an_exit_are_all_kept_before_the_exit_is_told() {
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
    assert!(supervised.log("job").into_bytes() == printed(20_000, 100));
}

#[actix_rt::test]
async fn rotation_loses_and_splits_no_line_across_restarts() {
    for (count, bytes) in [(1000, 97), (100, 5003)] {
        let more = "log_max_bytes = 20000\nlog_backups = 900";
        let (lines, length) = (count.to_string(), bytes.to_string());
        let supervised = Scene::new()
            .unwrap()
            .program(
                "api",
                &[
                    "print", &lines, &length, "lines", &lines, &length, "ready", "wait",
                ],
                more,
            )
            .start_ready()
            .await
            .unwrap();
        supervised.restart("api").await.unwrap();
        let before = supervised.pid_of("api").await.unwrap();
        kill(before);
        supervised.replaced("api", before).await;
        // The last life is ready before all it printed has gone through the pipe.
        wait_for("all lines", LIMIT, || async {
            (kept(&supervised, "api").await == 6 * count * bytes).then_some(())
        })
        .await;
        let files = log_files(&supervised, "api").await.unwrap();
        assert!(files.len() >= 15, "{}", files.len());
        for file in &files {
            assert!(
                file.len() <= 20_000 + bytes && (file.is_empty() || file.ends_with(b"\n")),
                "{}",
                file.len()
            );
        }
        assert!(files.concat() == printed(count, bytes).repeat(6));
    }
}

#[actix_rt::test]
async fn all_files_of_a_log_together_have_a_limit() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "job",
            &["print", "20000", "100", "exit", "0"],
            "restart = \"never\"\nlog_max_bytes = 50000\nlog_backups = 3",
        )
        .start()
        .await
        .unwrap();
    supervised.in_state("job", Exited).await;
    let files = log_files(&supervised, "job").await.unwrap();
    assert_eq!(files.len(), 4);
    assert!(kept(&supervised, "job").await <= 200_000);
    // What is kept is the end, without a gap.
    assert!(printed(20_000, 100).ends_with(&files.concat()));
}

#[actix_rt::test]
async fn one_line_of_a_mebibyte_arrives_whole_and_costs_no_memory() {
    let scene = Scene::new().unwrap();
    let go = scene.file("go");
    let script = [
        "ready",
        "until",
        &go,
        "long-line",
        "1048576",
        "say",
        "after",
        "wait",
    ];
    let supervised = scene
        .program("api", &script, "")
        .start_ready()
        .await
        .unwrap();
    let before = resident_kib(supervised.pid().unwrap()).unwrap();
    std::fs::write(&go, "").unwrap();
    wait_for("the line after it", LIMIT, || async {
        supervised.log("api").ends_with("after\n").then_some(())
    })
    .await;
    let grown = resident_kib(supervised.pid().unwrap()).unwrap() - before;
    assert!(grown < 2048, "{grown} KiB");
    let log = supervised.log("api");
    assert_eq!(log.len(), 1_048_576 + 6);
    assert!(log[..1_048_575].bytes().all(|byte| byte == b'y'));
    let tail = supervised.last_lines("api", 2).await.unwrap();
    assert_eq!(tail.last().unwrap().text, "after");
    assert!(tail[0].text.starts_with("yyyy"));
}

#[actix_rt::test]
async fn every_byte_is_kept_and_shown_as_well_as_can_be() {
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["bytes", "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let mut wanted: Vec<u8> = (0..=u8::MAX).collect();
    wanted.extend_from_slice(b"\n\xc3( \xe2\x82 \xf0\x9f \xff \0 end\n");
    let path = supervised.scene.folder().join("logs/api.log");
    wait_for("all bytes", LIMIT, || async {
        (std::fs::read(&path).ok()? == wanted).then_some(())
    })
    .await;
    let tail = supervised.last_lines("api", 10).await.unwrap();
    assert!(tail.last().unwrap().text.ends_with("end"));
    assert!(tail.iter().any(|line| line.text.contains('\u{fffd}')));
    for args in [&["tail", "api"][..], &["tail", "--json", "api"]] {
        let output = supervised.scene.cli(args).await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap();
    }
}

/// Has the logs on a file system of a mebibyte, of which all but a little is taken by `filler`.
fn small_disk(scene: &Scene) -> String {
    let logs = scene.file("logs");
    format!(
        "mkdir -p {logs} && mount -t tmpfs -o size=1m none {logs} && \
         head -c 800000 /dev/zero > {logs}/filler && exec \"$0\" \"$@\""
    )
}

#[actix_rt::test]
async fn a_full_disk_holds_up_nobody_and_what_is_lost_is_counted() {
    if !is_root() {
        skipped("only root can mount a small disk");
        return;
    }
    let scene = Scene::new().unwrap();
    let (done, go) = (scene.file("done"), scene.file("go"));
    let disk = small_disk(&scene);
    let script = [
        "ready", "print", "20000", "100", "started", &done, "until", &go, "print", "200", "100",
        "wait",
    ];
    let supervised = scene
        .wrapped(&["unshare", "--mount", "/bin/sh", "-c", &disk])
        .program("api", &script, "")
        .start_ready()
        .await
        .unwrap();
    // The program got rid of its two megabytes.
    supervised.written("done").await;
    let full = supervised
        .until("api", "without room for its log", |now| {
            now.log_lost_bytes > 1_000_000
        })
        .await;
    assert_eq!((full.state, full.restarts), (Running, 0));
    let inside = format!(
        "/proc/{}/root{}",
        supervised.pid().unwrap(),
        supervised.scene.file("logs")
    );
    std::fs::remove_file(format!("{inside}/filler")).unwrap();
    std::fs::write(&go, "").unwrap();
    wait_for("lines on the disk again", LIMIT, || async {
        let text = std::fs::read_to_string(format!("{inside}/api.log")).ok()?;
        text.lines().last()?.starts_with("199 x").then_some(())
    })
    .await;
    let after = supervised.program("api").await.unwrap();
    assert_eq!((after.state, after.pid), (Running, full.pid));
    assert!(after.log_lost_bytes >= full.log_lost_bytes);
    let status = supervised.scene.cli(&["status"]).await.unwrap();
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(text.contains("lost"), "{text}");
}

#[actix_rt::test]
async fn a_deleted_log_directory_holds_up_nobody() {
    let scene = Scene::new().unwrap();
    let (go, done) = (scene.file("go"), scene.file("done"));
    let script = [
        "print", "50", "100", "ready", "until", &go, "print", "2000", "100", "started", &done,
        "wait",
    ];
    let supervised = scene
        .program("api", &script, "log_max_bytes = 5000")
        .start_ready()
        .await
        .unwrap();
    let logs = supervised.scene.folder().join("logs");
    std::fs::remove_dir_all(&logs).unwrap();
    std::fs::write(&go, "").unwrap();
    supervised.written("done").await;
    let status = supervised.program("api").await.unwrap();
    assert_eq!((status.state, status.restarts), (Running, 0));
    std::fs::create_dir_all(&logs).unwrap();
    // What is printed from now on is there again.
    supervised.restart("api").await.unwrap();
    wait_for("lines in the new directory", LIMIT, || async {
        (kept(&supervised, "api").await > 1000).then_some(())
    })
    .await;
}

#[actix_rt::test]
async fn logs_survive_crashes_of_programs_and_of_the_supervisor() {
    let policy = "restart_base_ms = 1\nrestart_cap_ms = 1\nrestart_burst = 4";
    let mut supervised = Scene::new()
        .unwrap()
        .program(
            "scraper-worker",
            &["print", "10", "50", "exit", "1"],
            policy,
        )
        .start()
        .await
        .unwrap();
    supervised
        .in_state(
            "scraper-worker",
            schema::wire::supervisor::ProgramState::Fatal,
        )
        .await;
    assert_eq!(supervised.log("scraper-worker").lines().count(), 40);
    supervised.kill().await.unwrap();
    supervised.boot().await.unwrap();
    supervised
        .in_state(
            "scraper-worker",
            schema::wire::supervisor::ProgramState::Fatal,
        )
        .await;
    assert_eq!(supervised.log("scraper-worker").lines().count(), 80);
}

#[actix_rt::test]
async fn a_program_that_talks_too_much_is_cut_short_when_wished_and_that_is_told() {
    let supervised = Scene::new()
        .unwrap()
        .program(
            "job",
            &["print", "5000", "50", "exit", "0"],
            "restart = \"never\"\nlog_lines_per_s = 10",
        )
        .program("api", &["print", "5000", "50", "ready", "wait"], "")
        .start()
        .await
        .unwrap();
    supervised.in_state("job", Exited).await;
    let job = supervised.program("job").await.unwrap();
    let log = supervised.log("job");
    let there = log.lines().filter(|line| line.ends_with('x')).count();
    assert!((90..=120).contains(&there), "{there} lines");
    assert_eq!(job.log_suppressed_lines, 5000 - there as u64);
    assert!(log.contains("left out"), "{log}");
    wait_for("all lines of the other", LIMIT, || async {
        (supervised.log("api").lines().count() == 5000).then_some(())
    })
    .await;
}
