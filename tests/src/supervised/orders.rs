//! Orders to a supervisor that runs, and what it answers.

use anyhow::{Context, Result, bail};
use runtime::socket::client::Stream;
use schema::wire::supervisor::{
    DebugPanic, Done, FromSupervisor, ProgramChange, ProgramOutcome, ProgramResult, ProgramState,
    Programs, Reload, Reloaded, Restart, SignalPrograms, StatusReport, SupervisorLink,
    ToSupervisor, WatchPrograms,
};

use super::{LIMIT, Supervised};

impl Supervised {
    /// Restarts a program and tells what became of it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn restart(&self, name: &str) -> Result<ProgramResult> {
        let restart = Restart {
            names: vec![name.to_owned()],
            at_once: false,
        };
        first(self.results(ToSupervisor::Restart(restart)).await?)
    }

    /// Restarts all programs, all at once or one by one.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn restart_all(&self, at_once: bool) -> Result<Vec<ProgramResult>> {
        let restart = Restart {
            names: vec!["all".to_owned()],
            at_once,
        };
        self.results(ToSupervisor::Restart(restart)).await
    }

    /// Sends an order and tells what became of the first program it named.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn order(
        &self,
        order: fn(Programs) -> ToSupervisor,
        name: &str,
    ) -> Result<ProgramResult> {
        let names = vec![name.to_owned()];
        first(self.results(order(Programs { names })).await?)
    }

    /// Starts a program.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn start_program(&self, name: &str) -> Result<ProgramOutcome> {
        Ok(self.order(ToSupervisor::Start, name).await?.outcome)
    }

    /// Stops a program.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn stop_program(&self, name: &str) -> Result<ProgramOutcome> {
        Ok(self.order(ToSupervisor::Stop, name).await?.outcome)
    }

    /// Sends a program a signal.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn signal(&self, name: &str, signal: &str) -> Result<ProgramResult> {
        let order = SignalPrograms {
            names: vec![name.to_owned()],
            signal: signal.to_owned(),
        };
        first(self.results(ToSupervisor::Signal(order)).await?)
    }

    /// Has the settings written and read again.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn reload(&self, dry_run: bool) -> Result<Reloaded> {
        self.scene.save()?;
        let order = ToSupervisor::Reload(Reload { dry_run });
        match self.socket().call(order).await? {
            FromSupervisor::Reloaded(reloaded) => Ok(reloaded),
            other => bail!("reload was answered with {other:?}"),
        }
    }

    /// Has it panic. The connection ends without an answer.
    ///
    /// # Errors
    /// When it answers.
    pub async fn debug_panic(&self) -> Result<()> {
        let order = ToSupervisor::DebugPanic(DebugPanic {});
        match self.socket().call(order).await {
            Err(_gone) => Ok(()),
            Ok(answer) => bail!("the panic was answered with {answer:?}"),
        }
    }

    /// What is told to who watches the programs.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn watch(&self) -> Result<Watched> {
        self.watch_from(None).await
    }

    /// The same with so many changes of before.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn watch_from(&self, last: Option<u32>) -> Result<Watched> {
        let request = ToSupervisor::Watch(WatchPrograms { last, once: false });
        let mut stream = self.socket().stream(request).await?;
        match stream.next().await? {
            Some(FromSupervisor::Status(snapshot)) => Ok(Watched { snapshot, stream }),
            other => bail!("a watch began with {other:?} instead of a snapshot"),
        }
    }

    async fn results(&self, order: ToSupervisor) -> Result<Vec<ProgramResult>> {
        match self.socket().call(order).await? {
            FromSupervisor::Done(Done { results }) => Ok(results),
            other => bail!("the order was answered with {other:?}"),
        }
    }
}

fn first(results: Vec<ProgramResult>) -> Result<ProgramResult> {
    results.into_iter().next().context("no result")
}

/// Changes of programs, as they happen.
#[derive(Debug)]
pub struct Watched {
    /// How everything was when the watch began.
    pub snapshot: StatusReport,
    stream: Stream<SupervisorLink>,
}

impl Watched {
    /// The next change; none when the supervisor said that it ends.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn next(&mut self) -> Result<Option<ProgramChange>> {
        let answer = tokio::time::timeout(LIMIT, self.stream.next()).await;
        match answer.context("nothing changed")?? {
            Some(FromSupervisor::Changed(change)) => Ok(Some(change)),
            Some(FromSupervisor::WatchEnded(_)) | None => Ok(None),
            Some(other) => bail!("a watch went on with {other:?}"),
        }
    }

    /// The changes up to the one by which a program is in a state, that one included.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn until(&mut self, name: &str, state: ProgramState) -> Result<Vec<ProgramChange>> {
        let mut seen = Vec::new();
        loop {
            let change = self
                .next()
                .await
                .with_context(|| format!("{name} did not become {}", state.as_str()))?;
            let change = change.context("the watch ended")?;
            let is_it = change.program.name == name && change.program.state == state;
            seen.push(change);
            if is_it {
                return Ok(seen);
            }
        }
    }
}
