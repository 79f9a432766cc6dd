//! From SIGKILL of a worker to its successor alive, ready, and answering.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use runtime::socket::client::Client;
use schema::wire::{
    Link,
    scraper::{Providers, ScraperLink, ToScraper},
    supervisor::{ProgramState, ProgramStatus},
    sync::{SyncLink, SyncStatusRequest, ToSyncWorker},
};

use super::{
    WORKERS,
    clock::{Spread, millis, now, pause},
    household::Lived,
    progress,
    table::{Cell, Table},
};
use crate::harness;

/// Kills of each worker.
const TIMES: usize = 10;

/// A worker that has been ready for longer is started again at once; the supervisor's own limit is two seconds.
const STABLE: TimeDelta = TimeDelta::milliseconds(2200);

/// How long a worker may take to be back before the bench gives up.
const LIMIT: Duration = Duration::from_secs(20);

/// Kill to alive, to ready and to answering, of each worker.
///
/// # Errors
/// When one does not come back.
pub async fn kill(lived: &Lived) -> Result<Table> {
    progress(&format!("{TIMES} kills of each worker"))?;
    let mut figures = [const { (Vec::new(), Vec::new(), Vec::new()) }; WORKERS.len()];
    for _ in 0..TIMES {
        for (name, (alive, ready, answers)) in WORKERS.into_iter().zip(&mut figures) {
            stable(lived, name).await?;
            let killed = once(lived, name).await?;
            alive.push(killed.alive);
            ready.push(killed.ready);
            answers.push(killed.answers);
        }
    }
    let mut table = Table::new(
        "kill",
        format!("kill -9 of a worker that was stable, {TIMES} times each, ms"),
        &["worker", "from SIGKILL to", "median", "min", "max"],
    );
    for (name, (alive, ready, answers)) in WORKERS.into_iter().zip(&figures) {
        let kinds = [
            ("successor alive", alive),
            ("successor ready", ready),
            ("its first answer, seen from outside", answers),
        ];
        for (what, figures) in kinds {
            let spread = Spread::of(figures);
            table.row([
                Cell::text(name),
                Cell::text(what),
                Cell::Number(spread.median, 1),
                Cell::Number(spread.min, 1),
                Cell::Number(spread.max, 1),
            ]);
        }
    }
    table.note(
        "alive: the new process exists; ready: it said so; both as the supervisor reports them",
    );
    table.note("answer: of its socket, or of /healthz for api, asked anew every millisecond after the old process was gone");
    Ok(table)
}

struct Killed {
    alive: f64,
    ready: f64,
    answers: f64,
}

async fn program(lived: &Lived, name: &str) -> Result<ProgramStatus> {
    let status = lived.household.status().await?;
    let mut programs = status.programs.into_iter();
    programs
        .find(|program| program.name == name)
        .with_context(|| format!("{name} is not reported"))
}

/// Waits until a worker has been ready for so long that its death is answered at once.
async fn stable(lived: &Lived, name: &str) -> Result<()> {
    loop {
        let program = program(lived, name).await?;
        if program.state == ProgramState::Running && now() - program.since > STABLE {
            return Ok(());
        }
        pause(50).await;
    }
}

async fn once(lived: &Lived, name: &str) -> Result<Killed> {
    let old = lived.household.pid(name).await?;
    let killed = now();
    harness::kill(old);
    let back = async {
        while harness::is_alive(old) {
            pause(1).await;
        }
        while !answers(lived, name).await {
            pause(1).await;
        }
        let answered = now();
        loop {
            let program = program(lived, name).await?;
            let is_new = program.pid.is_some_and(|pid| pid != old);
            if let (true, ProgramState::Running, Some(started)) =
                (is_new, program.state, program.started_at)
            {
                return Ok(Killed {
                    alive: millis(killed, started),
                    ready: millis(killed, program.since),
                    answers: millis(killed, answered),
                });
            }
            pause(5).await;
        }
    };
    tokio::time::timeout(LIMIT, back)
        .await
        .with_context(|| format!("{name} did not come back"))?
}

/// Whether the worker answers a small question now.
async fn answers(lived: &Lived, name: &str) -> bool {
    let run = lived.household.folder().join("run");
    match name {
        "scraper-worker" => {
            let client = Client::<ScraperLink>::at(run.join(ScraperLink::SOCKET));
            let question = ToScraper::Providers(Providers::default());
            client.call(question).await.is_ok()
        }
        "sync-worker" => {
            let client = Client::<SyncLink>::at(run.join(SyncLink::SOCKET));
            let question = ToSyncWorker::Status(SyncStatusRequest::default());
            client.call(question).await.is_ok()
        }
        _ => healthz(lived.household.api_port).await,
    }
}

async fn healthz(port: u16) -> bool {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let asked = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let question = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(question.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}
