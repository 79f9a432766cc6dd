//! What the supervisor takes while nothing happens, and that it takes no more after a long time.

#![expect(
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use std::{collections::BTreeMap, time::Duration};

use schema::wire::supervisor::ProgramState::Running;
use tests::{
    harness::{kill, wait_for},
    supervised::{LIMIT, Scene, Supervised, descriptors, private_kib, resident_kib},
};

/// Times each thread of a process went to sleep by itself, hence was woken.
fn sleeps(pid: i32) -> BTreeMap<String, u64> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .filter_map(|task| {
            // A thread may end between the two looks.
            let text = std::fs::read_to_string(task.ok()?.path().join("status")).ok()?;
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            let name = format!("{} {}", field("Name:")?.trim(), field("Pid:")?.trim());
            Some((
                name,
                field("voluntary_ctxt_switches:")?.trim().parse().ok()?,
            ))
        })
        .collect()
}

/// Threads that were woken between two looks.
fn woken(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<String> {
    let is_same = |(name, count): (&String, &u64)| before.get(name) == Some(count);
    let woken = after.iter().filter(|thread| !is_same(*thread));
    woken.map(|(name, _)| name.clone()).collect()
}

/// Waits until what the start left to do is done, timers of the first seconds included.
async fn still(supervised: &Supervised) {
    let pid = supervised.pid().unwrap();
    wait_for(
        "two seconds without a wake-up",
        Duration::from_mins(1),
        || async {
            let before = sleeps(pid);
            tokio::time::sleep(Duration::from_secs(2)).await;
            woken(&before, &sleeps(pid)).is_empty().then_some(())
        },
    )
    .await;
}

#[actix_rt::test]
async fn nothing_wakes_the_supervisor_while_nothing_happens() {
    let supervised = Scene::new().unwrap().start_ready().await.unwrap();
    let pid = supervised.pid().unwrap();
    still(&supervised).await;
    let before = sleeps(pid);
    // The one wait of these tests that is for its own sake.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(woken(&before, &sleeps(pid)), Vec::<String>::new());
}

#[actix_rt::test]
async fn a_hundred_kills_leave_no_descriptor_and_no_memory_behind() {
    many_restarts(100).await;
}

#[actix_rt::test]
#[ignore = "takes minutes; `make test-all` runs it"]
async fn a_thousand_kills_leave_no_descriptor_and_no_memory_behind() {
    many_restarts(1000).await;
}

async fn many_restarts(count: usize) {
    let policy = "restart_base_ms = 1\nrestart_cap_ms = 1\nrestart_burst = 100000";
    let supervised = Scene::new()
        .unwrap()
        .program("scraper-worker", &["say", "here", "ready", "wait"], policy)
        .start_ready()
        .await
        .unwrap();
    let pid = supervised.pid().unwrap();
    let mut child = supervised.pid_of("scraper-worker").await.unwrap();
    let mut at_first = (0, 0, 0);
    for round in 0..count {
        if round == count / 5 {
            at_first = look(pid);
        }
        kill(child);
        child = supervised
            .replaced("scraper-worker", child)
            .await
            .pid
            .unwrap();
    }
    let (open, private, resident) = look(pid);
    assert!(
        open <= at_first.0 + 2,
        "{open} descriptors after {}",
        at_first.0
    );
    assert!(
        private < at_first.1 + 1024 && resident < at_first.2 + 2048,
        "{private} and {resident} KiB after {at_first:?}"
    );
    let status = supervised.program("scraper-worker").await.unwrap();
    assert_eq!((status.state, status.restarts), (Running, count as u64));
    wait_for("a line of each life", LIMIT, || async {
        (supervised.log("scraper-worker").lines().count() == count + 1).then_some(())
    })
    .await;
}

fn look(pid: i32) -> (usize, i64, i64) {
    (
        descriptors(pid).unwrap(),
        private_kib(pid).unwrap(),
        resident_kib(pid).unwrap(),
    )
}
