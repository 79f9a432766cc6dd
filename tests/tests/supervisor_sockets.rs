//! The sockets of HTTP are the supervisor's: no caller is turned away while `api` is replaced.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what a test of processes stands on is there, or the test fails"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use schema::wire::supervisor::{Restart, ToSupervisor};
use tests::{
    harness::{Setup, kill, wait_for},
    supervised::{LIMIT, Scene},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const FRESH: usize = 4;
const KEPT: usize = 4;

/// One question on a connection; tells whether it goes on, and the answer's text.
async fn ask(stream: &mut TcpStream, path: &str, is_last: bool) -> Result<(bool, String)> {
    let wish = if is_last { "close" } else { "keep-alive" };
    let question = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: {wish}\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut got = Vec::new();
    let mut part = [0; 4096];
    loop {
        let head = got.windows(4).position(|end| end == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&got[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .context("no length")?;
            let length: usize = length.trim().parse()?;
            if got.len() >= head + 4 + length {
                ensure!(text.starts_with("http/1.1 200"), "answered {text}");
                let body = String::from_utf8_lossy(&got[head + 4..]).into_owned();
                return Ok((!text.contains("connection: close") && !is_last, body));
            }
        }
        match stream.read(&mut part).await? {
            0 => bail!("closed after {} bytes", got.len()),
            count => got.extend_from_slice(&part[..count]),
        }
    }
}

/// Callers that go on until they are told to end.
struct Load {
    is_over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    /// When the connection began and what went wrong.
    failures: Arc<Mutex<Vec<(Instant, String)>>>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn new() -> Self {
        Self {
            is_over: Arc::default(),
            asked: Arc::default(),
            failures: Arc::default(),
            callers: Vec::new(),
        }
    }

    fn begin(&mut self, port: u16, is_kept: bool) {
        let (is_over, asked, failures) = (
            Arc::clone(&self.is_over),
            Arc::clone(&self.asked),
            Arc::clone(&self.failures),
        );
        self.callers.push(actix_rt::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let called = async {
                    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
                    while ask(&mut stream, "/healthz", !is_kept).await?.0 {
                        asked.fetch_add(1, Ordering::Relaxed);
                        if is_over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, anyhow::Error>(())
                };
                let failed = match tokio::time::timeout(LIMIT, called).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => format!("{error:#}"),
                    Err(_slow) if is_kept => continue,
                    Err(slow) => slow.to_string(),
                };
                failures.lock().unwrap().push((begun, failed));
            }
        }));
    }

    /// Waits until `more` further questions were answered.
    async fn goes_on(&self, more: usize) {
        let wanted = self.asked.load(Ordering::Relaxed) + more;
        wait_for("more answers", LIMIT, || async {
            (self.asked.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
    }

    /// How many questions were answered, and the failures.
    async fn end(self) -> (usize, Vec<(Instant, String)>) {
        self.is_over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        let failures = std::mem::take(&mut *self.failures.lock().unwrap());
        (self.asked.load(Ordering::Relaxed), failures)
    }
}

#[actix_rt::test]
async fn no_caller_fails_while_api_is_restarted_again_and_again() {
    let household = Setup::new().start().await.unwrap();
    let mut load = Load::new();
    for port in [household.api_port, household.dashboard_port] {
        for _ in 0..FRESH {
            load.begin(port, false);
        }
        for _ in 0..KEPT {
            load.begin(port, true);
        }
    }
    load.goes_on(100).await;
    for _ in 0..10 {
        let before = household.pid("api").await.unwrap();
        let restart = Restart {
            names: vec!["api".into()],
            at_once: false,
        };
        household
            .supervisor()
            .call(ToSupervisor::Restart(restart))
            .await
            .unwrap();
        household.replaced("api", before).await;
        load.goes_on(100).await;
    }
    let (asked, failures) = load.end().await;
    assert!(
        failures.is_empty(),
        "{} beside {asked} answers: {:?}",
        failures.len(),
        failures.first()
    );
}

#[actix_rt::test]
async fn no_new_caller_fails_when_api_is_killed() {
    let household = Setup::new().start().await.unwrap();
    let mut load = Load::new();
    for _ in 0..FRESH {
        load.begin(household.api_port, false);
    }
    load.goes_on(50).await;
    let mut kills = Vec::new();
    for _ in 0..5 {
        let before = household.pid("api").await.unwrap();
        kill(before);
        kills.push(Instant::now());
        household.replaced("api", before).await;
        load.goes_on(50).await;
    }
    let (asked, failures) = load.end().await;
    // Who was being answered by the one that died had begun just before.
    let close = Duration::from_millis(500);
    let others: Vec<_> = failures
        .iter()
        .filter(|(begun, text)| {
            let died = |kill: &Instant| *begun <= *kill && kill.duration_since(*begun) < close;
            text.contains("refused") || !kills.iter().any(died)
        })
        .collect();
    assert!(
        others.is_empty(),
        "{} beside {asked} answers: {:?}",
        others.len(),
        others.first()
    );
}

/// Who answers on a port.
async fn answerer(port: &str) -> Result<i32> {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    Ok(ask(&mut stream, "/", true).await?.1.parse()?)
}

#[actix_rt::test]
async fn a_program_gets_both_sockets_with_their_names_and_its_successor_the_same() {
    let scene = Scene::new().unwrap();
    let names = scene.file("names");
    let supervised = scene
        .program("api", &["listen", &names], "")
        .start_ready()
        .await
        .unwrap();
    assert_eq!(supervised.text("names"), "2 api:dashboard\n");
    let port = |name: &str| supervised.scene.variable(name).unwrap().to_owned();
    let (api, dashboard) = (port("LISTSYNC_API_PORT"), port("LISTSYNC_DASHBOARD_PORT"));
    let first = supervised.pid_of("api").await.unwrap();
    assert_eq!(answerer(&api).await.unwrap(), first);
    assert_eq!(answerer(&dashboard).await.unwrap(), first);
    supervised.restart("api").await.unwrap();
    let second = supervised.pid_of("api").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(answerer(&api).await.unwrap(), second);
    // Who calls while nobody is there waits.
    supervised.stop_program("api").await.unwrap();
    let (answered, started) = tokio::join!(answerer(&api), async {
        supervised.start_program("api").await
    });
    started.unwrap();
    assert_eq!(answered.unwrap(), supervised.pid_of("api").await.unwrap());
}

#[actix_rt::test]
async fn the_old_one_goes_only_when_the_new_one_is_ready() {
    let scene = Scene::new().unwrap();
    let (names, starts, go) = (scene.file("names"), scene.file("starts"), scene.file("go"));
    std::fs::write(&go, "").unwrap();
    let supervised = scene
        .program(
            "api",
            &["started", &starts, "until", &go, "listen", &names],
            "",
        )
        .start_ready()
        .await
        .unwrap();
    let port = supervised.scene.variable("LISTSYNC_API_PORT").unwrap();
    let first = supervised.pid_of("api").await.unwrap();
    std::fs::remove_file(&go).unwrap();
    let (restarted, ()) = tokio::join!(supervised.restart("api"), async {
        wait_for("the second one", LIMIT, || async {
            (supervised.text("starts").lines().count() == 2).then_some(())
        })
        .await;
        assert_eq!(answerer(port).await.unwrap(), first);
        std::fs::write(&go, "").unwrap();
    });
    restarted.unwrap();
    let second = supervised.pid_of("api").await.unwrap();
    assert_ne!(second, first);
    assert_eq!(answerer(port).await.unwrap(), second);
    tests::supervised::gone("the old one", first).await;
}

#[actix_rt::test]
async fn a_restart_whose_new_one_fails_leaves_the_old_one_serving() {
    let scene = Scene::new().unwrap();
    let (names, broken) = (scene.file("names"), scene.file("broken"));
    let script = format!(
        "[ -e {broken} ] && exit 3; exec {} listen {names}",
        tests::supervised::beside("scripted-child")
            .unwrap()
            .display()
    );
    let supervised = scene
        .settings(
            "api",
            &format!("command = \"/bin/sh\"\nargs = [\"-c\", {script:?}]"),
        )
        .start_ready()
        .await
        .unwrap();
    let port = supervised.scene.variable("LISTSYNC_API_PORT").unwrap();
    let first = supervised.pid_of("api").await.unwrap();
    std::fs::write(&broken, "").unwrap();
    let result = supervised.restart("api").await.unwrap();
    assert_eq!(
        result.outcome,
        schema::wire::supervisor::ProgramOutcome::Failed
    );
    assert_eq!(answerer(port).await.unwrap(), first);
    assert_eq!(supervised.pid_of("api").await.unwrap(), first);
}
