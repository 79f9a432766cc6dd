//! The socket and the commands: who may ask what, what is told, and that asking harms nothing.

use schema::wire::supervisor::{
    ProgramOutcome::Started,
    ProgramState::{Backoff, Running, Starting, Stopped, Stopping},
    ToSupervisor::Stop,
};
use tests::{
    harness::{children_of, is_alive, kill, wait_for},
    supervised::{LIMIT, Scene, descriptors},
};
use tokio::{io::AsyncWriteExt as _, net::UnixStream};

#[actix_rt::test]
async fn a_second_supervisor_is_refused_by_pid_and_path_and_the_first_goes_on() {
    let scene = Scene::new().unwrap();
    let starts = scene.file("starts");
    let supervised = scene
        .program("api", &["started", &starts, "ready", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let before = supervised.status().await.unwrap();
    let second = supervised.scene.cli(&["run"]).await.unwrap();
    assert_eq!(second.status.code(), Some(75));
    let text = String::from_utf8(second.stderr).unwrap();
    let lock = supervised.scene.file("run/supervisor.lock");
    assert!(
        text.contains(&format!("process {} holds {lock}", before.pid)),
        "{text}"
    );
    let after = supervised.status().await.unwrap();
    assert_eq!(after.pid, before.pid);
    for (before, after) in before.programs.iter().zip(&after.programs) {
        assert_eq!((before.pid, before.restarts), (after.pid, after.restarts));
    }
    assert_eq!(supervised.text("starts").lines().count(), 1);
    assert_eq!(
        supervised.text("run/supervisor.pid").trim(),
        before.pid.to_string()
    );
}

#[actix_rt::test]
async fn callers_who_never_end_their_question_hold_up_nobody() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pid = supervised.pid().unwrap();
    let before = descriptors(pid).unwrap();
    let socket = supervised.scene.folder().join("run/supervisor.sock");
    let mut silent = Vec::new();
    for _ in 0..50 {
        let mut caller = UnixStream::connect(&socket).await.unwrap();
        caller.write_all(b"{\"v\":1,\"id\":7,\"bo").await.unwrap();
        silent.push(caller);
    }
    for _ in 0..10 {
        supervised.status().await.unwrap();
    }
    // Answered while all of them were still there: none was waited for, none was sent away for it.
    let open = descriptors(pid).unwrap();
    assert!(
        (before + 50..=before + 2 * 50 + 2).contains(&open),
        "{open} after {before}"
    );
    drop(silent);
    wait_for("their descriptors closed", LIMIT, || async {
        (descriptors(pid).ok()? <= before + 1).then_some(())
    })
    .await;
}

#[actix_rt::test]
async fn nonsense_is_answered_once_and_ends_the_connection_alone() {
    use tokio::io::AsyncReadExt as _;
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let socket = supervised.scene.folder().join("run/supervisor.sock");
    for nonsense in [
        &b"hello\n"[..],
        b"{\"v\":1,\"id\":1,\"body\":{\"type\":\"stats\"}}\n",
        b"{\"v\":9,\"id\":1,\"body\":{\"type\":\"status\",\"data\":{}}}\n",
        b"\xff\xfe\0\n",
    ] {
        let mut caller = UnixStream::connect(&socket).await.unwrap();
        caller.write_all(nonsense).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(LIMIT, caller.read_to_string(&mut answer));
        read.await.expect("it was not closed").unwrap();
        assert_eq!(answer.lines().count(), 1, "{answer}");
        assert!(answer.contains("failed"), "{answer}");
    }
    assert!(supervised.status().await.unwrap().programs.len() == 3);
}

#[actix_rt::test]
async fn who_watches_gets_a_snapshot_and_every_change_in_order() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let mut watched = supervised.watch().await.unwrap();
    assert_eq!(watched.snapshot.programs.len(), 3);
    let before = supervised.pid_of("api").await.unwrap();
    kill(before);
    let mut changes = watched.until("api", Running).await.unwrap();
    assert_eq!(supervised.order(Stop, "api").await.unwrap().name, "api");
    changes.extend(watched.until("api", Stopped).await.unwrap());
    let steps: Vec<_> = changes
        .iter()
        .map(|change| (change.from, change.program.state))
        .collect();
    let through_backoff = vec![
        (Running, Backoff),
        (Backoff, Starting),
        (Starting, Running),
        (Running, Stopping),
        (Stopping, Stopped),
    ];
    let at_once = vec![
        (Running, Starting),
        (Starting, Running),
        (Running, Stopping),
        (Stopping, Stopped),
    ];
    assert!(steps == at_once || steps == through_backoff, "{steps:?}");
    let numbers: Vec<_> = changes.iter().map(|change| change.id).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    let reason = changes[0].reason.as_deref().unwrap();
    assert!(reason.contains("SIGKILL"), "{reason}");
    // Who comes later may hear of them too.
    let mut again = supervised.watch_from(Some(2)).await.unwrap();
    for wanted in &changes[changes.len() - 2..] {
        assert_eq!(again.next().await.unwrap().as_ref(), Some(wanted));
    }
}

#[actix_rt::test]
async fn a_watch_hears_the_end_of_everything() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let mut watched = supervised.watch().await.unwrap();
    supervised.terminate().unwrap();
    let mut stopped = Vec::new();
    while let Some(change) = watched.next().await.unwrap() {
        if change.program.state == Stopped {
            stopped.push(change.program.name);
        }
    }
    stopped.sort();
    assert_eq!(stopped, ["api", "scraper-worker", "sync-worker"]);
    supervised.ended().await.unwrap();
}

#[actix_rt::test]
async fn restart_of_all_goes_one_by_one_each_ready_before_the_next() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let mut watched = supervised.watch().await.unwrap();
    let results = supervised.restart_all(false).await.unwrap();
    assert!(
        results.iter().all(|result| result.outcome == Started),
        "{results:?}"
    );
    let mut down: Vec<String> = Vec::new();
    let mut back = 0;
    while back < 3 {
        let change = watched.next().await.unwrap().unwrap();
        let name = change.program.name;
        if change.program.state == Running {
            down.retain(|other| *other != name);
            back += 1;
        } else if !down.contains(&name) {
            down.push(name);
        }
        assert!(down.len() <= 1, "{down:?} are down at the same time");
    }
}

#[actix_rt::test]
async fn restart_of_all_at_once_stops_them_side_by_side() {
    let script = ["stop-slowly", "1000", "ready", "wait"];
    let supervised = Scene::new()
        .unwrap()
        .program("api", &script, "")
        .program("sync-worker", &script, "")
        .program("scraper-worker", &script, "")
        .start_ready()
        .await
        .unwrap();
    let all_stopping = wait_for("a status in which all are stopping", LIMIT, || async {
        let report = supervised.status().await.ok()?;
        let mut programs = report.programs.iter();
        programs
            .all(|program| program.state == Stopping)
            .then_some(())
    });
    let (results, ()) = tokio::join!(supervised.restart_all(true), all_stopping);
    let results = results.unwrap();
    assert!(
        results.iter().all(|result| result.outcome == Started),
        "{results:?}"
    );
}

#[actix_rt::test]
async fn exit_codes_are_those_of_supervisorctl() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    for (args, code, text) in [
        (&["status"][..], 0, "RUNNING"),
        (&["status", "nosuch"], 4, "no such process"),
        (&["pid", "api"], 0, ""),
        (&["stop", "api"], 0, "api: stopped"),
        (&["stop", "api"], 0, "api: ERROR (not running)"),
        (&["status"], 3, "STOPPED"),
        (&["pid", "api"], 7, "0"),
        (&["start", "api"], 0, "api: started"),
        (&["start", "api"], 0, "api: ERROR (already started)"),
        (&["restart", "api"], 0, "api: started"),
        (&["signal", "CONT", "api"], 0, "api: signalled"),
        (&["signal", "HOP", "api"], 1, "bad signal name"),
        (&["start", "nosuch"], 1, "nosuch"),
    ] {
        let output = supervised.scene.cli(args).await.unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(text), "{args:?}: {said}");
    }
    supervised.stop().await.unwrap();
    for args in [&["status"][..], &["pid", "api"], &["tail", "api"]] {
        let output = supervised.scene.cli(args).await.unwrap();
        assert_eq!(output.status.code(), Some(4), "{args:?}: {output:?}");
    }
}

#[actix_rt::test]
async fn status_as_a_command_tells_what_the_socket_tells() {
    let supervised = Scene::new()
        .unwrap()
        .program("api", &["notify", "READY=1\nSTATUS=all well", "wait"], "")
        .start_ready()
        .await
        .unwrap();
    let output = supervised.scene.cli(&["status", "--json"]).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut asked = serde_json::to_value(supervised.status().await.unwrap()).unwrap();
    let mut told = told;
    for report in [&mut told, &mut asked] {
        for program in report["programs"].as_array_mut().unwrap() {
            let program = program.as_object_mut().unwrap();
            // These go on changing.
            program.remove("cpu_ms");
            program.remove("memory_bytes");
        }
    }
    assert_eq!(told["programs"], asked["programs"]);
    let api = supervised.program("api").await.unwrap();
    assert_eq!(api.status_text.as_deref(), Some("all well"));
    assert!(
        api.memory_bytes.is_some_and(|bytes| bytes > 10_000),
        "{api:?}"
    );
    assert_eq!(api.processes, 1);
}

#[actix_rt::test]
async fn a_panic_of_the_supervisor_leaves_nothing_that_is_deaf() {
    let mut supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let children = children_of(supervised.pid().unwrap());
    assert!(children.len() >= 3);
    supervised.debug_panic().await.unwrap();
    let status = supervised.ended().await.unwrap();
    assert!(!status.success());
    for pid in children {
        tests::supervised::gone("a program of a supervisor that panicked", pid).await;
    }
    supervised.boot().await.unwrap();
    supervised.all_ready().await;
    assert!(is_alive(supervised.pid().unwrap()));
}

#[actix_rt::test]
async fn events_as_a_command_follow_what_happens() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let mut command = supervised.scene.command().unwrap();
    let mut child = command
        .args(["events", "-f", "--json", "--processes"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = {
        use tokio::io::AsyncBufReadExt as _;
        tokio::io::BufReader::new(child.stdout.take().unwrap()).lines()
    };
    let mut next = async || -> serde_json::Value {
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
        serde_json::from_str(&line.expect("no event").unwrap().unwrap()).unwrap()
    };
    for _ in 0..3 {
        assert_eq!(next().await["type"], "program");
    }
    supervised.stop_program("api").await.unwrap();
    let event = next().await;
    assert_eq!(event["type"], "process", "{event}");
}
