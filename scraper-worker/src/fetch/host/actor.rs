//! One host's queue of requests.
//!
//! Owns: who waits for a request to this host, and the host's [`HostState`].
//! Hears from: readings that want to send (through [`Host`]) and that were told "later".
//! On panic: the process aborts and is started again; holds worth remembering are in `host_state`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix::prelude::*;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use super::state::{Admission, HostState};
use crate::provider::Politeness;

/// Somebody wants to send a request; answered through `reply`. Whoever stops waiting drops its end.
#[derive(Message)]
#[rtype(result = "()")]
struct Enter {
    patience: Duration,
    reply: oneshot::Sender<Result<(), Instant>>,
}

/// The host said "later".
#[derive(Message)]
#[rtype(result = "()")]
struct Hold {
    until: Instant,
}

struct Queue {
    state: HostState,
    waiting: VecDeque<Enter>,
    wake: Option<SpawnHandle>,
}

impl Queue {
    /// Lets go whoever may, tells those who will not wait that long, and sets the alarm for the rest.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        if let Some(wake) = self.wake.take() {
            ctx.cancel_future(wake);
        }
        while let Some(first) = self.waiting.pop_front() {
            if first.reply.is_closed() {
                continue;
            }
            let told = match self.state.admit(Instant::now(), first.patience) {
                Admission::Go => Ok(()),
                Admission::Held(until) => Err(until),
                Admission::Wait(after) => {
                    self.waiting.push_front(first);
                    self.wake = Some(ctx.run_later(after, Queue::pump));
                    return;
                }
            };
            if first.reply.send(told).is_err() {
                tracing::debug!("a request was given up while it waited");
            }
        }
    }
}

impl Actor for Queue {
    type Context = Context<Self>;
}

impl Handler<Enter> for Queue {
    type Result = ();

    fn handle(&mut self, message: Enter, ctx: &mut Self::Context) {
        self.waiting.push_back(message);
        self.pump(ctx);
    }
}

impl Handler<Hold> for Queue {
    type Result = ();

    fn handle(&mut self, message: Hold, ctx: &mut Self::Context) {
        self.state.hold(message.until);
        self.pump(ctx);
    }
}

/// The right to have one request under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    _permit: Option<OwnedSemaphorePermit>,
}

/// A host as readings see it. Clones are the same host.
#[derive(Clone)]
pub(crate) struct Host {
    queue: Addr<Queue>,
    at_once: Arc<Semaphore>,
}

impl Host {
    /// Begins to watch over a host; `held_until` is what is remembered of it.
    pub(crate) fn start(politeness: Politeness, held_until: Option<Instant>) -> Self {
        let mut state = HostState::new(politeness, Instant::now());
        if let Some(until) = held_until {
            state.hold(until);
        }
        let queue = Queue {
            state,
            waiting: VecDeque::new(),
            wake: None,
        }
        .start();
        let permits = usize::try_from(politeness.at_once.max(1)).unwrap_or(1);
        Self {
            queue,
            at_once: Arc::new(Semaphore::new(permits)),
        }
    }

    /// Waits until a request may be sent. `Err` says until when the host is left alone, if that is
    /// longer than `patience`.
    pub(crate) async fn enter(&self, patience: Duration) -> Result<Pass, Instant> {
        // The semaphore is never closed; if it were, going on without its limit is right.
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        let (reply, told) = oneshot::channel();
        if let Err(error) = self.queue.send(Enter { patience, reply }).await {
            tracing::error!("a host's queue is gone, going on without it: {error}");
            return Ok(Pass { _permit: permit });
        }
        told.await.unwrap_or(Ok(()))?;
        Ok(Pass { _permit: permit })
    }

    /// Leaves the host alone until then.
    pub(crate) async fn hold(&self, until: Instant) {
        if let Err(error) = self.queue.send(Hold { until }).await {
            tracing::error!("a host's queue is gone: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Politeness = Politeness {
        per_second: 1.0,
        burst: 1,
        at_once: 4,
        per_day: None,
    };
    const MINUTE: Duration = Duration::from_mins(1);

    /// Paused time: actix's own test macro cannot pause it.
    fn paused(test: impl Future<Output = ()>) {
        actix::System::with_tokio_rt(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap()
        })
        .block_on(test);
    }

    #[test]
    fn requests_go_one_after_another_at_the_hosts_rate() {
        paused(async {
            let host = Host::start(CALM, None);
            let begun = Instant::now();
            drop(host.enter(MINUTE).await.unwrap());
            assert!(
                begun.elapsed() < Duration::from_millis(10),
                "the first has no delay"
            );
            for _ in 0..3 {
                drop(host.enter(MINUTE).await.unwrap());
            }
            let took = begun.elapsed();
            assert!(
                took >= Duration::from_secs(3) && took < Duration::from_millis(3100),
                "{took:?}"
            );
        });
    }

    #[test]
    fn whoever_gives_up_waiting_takes_no_turn() {
        paused(async {
            let host = Host::start(CALM, None);
            drop(host.enter(MINUTE).await.unwrap());
            let begun = Instant::now();
            for _ in 0..3 {
                let given_up = tokio::time::timeout(Duration::from_millis(10), host.enter(MINUTE));
                assert!(given_up.await.is_err());
            }
            drop(host.enter(MINUTE).await.unwrap());
            assert!(
                begun.elapsed() < Duration::from_millis(1100),
                "{:?}",
                begun.elapsed()
            );
        });
    }

    #[test]
    fn a_hold_reaches_those_who_wait_already() {
        paused(async {
            let host = Host::start(CALM, None);
            drop(host.enter(MINUTE).await.unwrap());
            let waits = host.enter(Duration::from_secs(5));
            let holds = async {
                let until = Instant::now() + Duration::from_mins(10);
                host.hold(until).await;
                until
            };
            let (told, until) = futures_util::future::join(waits, holds).await;
            assert_eq!(told.unwrap_err(), until);
        });
    }

    #[test]
    fn no_more_requests_are_under_way_than_the_host_takes() {
        paused(async {
            let politeness = Politeness {
                per_second: 0.0,
                burst: 1,
                at_once: 1,
                per_day: None,
            };
            let host = Host::start(politeness, None);
            let first = host.enter(MINUTE).await.unwrap();
            let second = tokio::time::timeout(Duration::from_secs(1), host.enter(MINUTE)).await;
            assert!(second.is_err());
            drop(first);
            host.enter(MINUTE).await.unwrap();
        });
    }
}
