//! One host's queue of requests.
//!
//! Owns: who waits for a request to this host, and the host's [`HostState`].
//! Hears from: readings that want to send (through [`Host`]), that were told "later", and how their
//! requests went.
//! On panic: the process aborts and is started again; what is worth remembering is in `host_state`
//! and `host_usage`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix::prelude::*;
use runtime::Clock;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use super::{
    allowance::Used,
    breaker::Breaker,
    kept::{Memory, Remembered},
    state::{Admission, HostState, Went},
};
use crate::{fetch::jitter, provider::Politeness};

/// Why no request may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The host asked to be left alone until then.
    Held(Instant),
    /// It failed so often in a row, last in this way, that it is left alone until then.
    Resting {
        until: Instant,
        failures: u32,
        why: String,
    },
    /// It has been asked as often as it takes a day.
    UsedUp { per_day: u32 },
}

/// Somebody wants to send a request; answered through `reply`. Whoever stops waiting drops its end.
#[derive(Message)]
#[rtype(result = "()")]
struct Enter {
    patience: Duration,
    reply: oneshot::Sender<Result<Admitted, Denied>>,
}

/// A request that may be sent.
#[derive(Debug, Default)]
struct Admitted {
    /// Dropped with the request that finds out whether the host is back.
    probe: Option<oneshot::Sender<()>>,
    to_keep: Option<Used>,
}

/// The host said "later".
#[derive(Message)]
#[rtype(result = "()")]
struct Hold {
    until: Instant,
}

/// A request ended; answered with what has changed by it.
#[derive(Message)]
#[rtype(result = "Noted")]
struct Ended {
    went: Went,
    jitter: f64,
}

/// What is known of a host after a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, MessageResponse)]
pub(crate) struct Noted {
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Until when it is left alone, if that is new.
    pub(crate) opened: Option<Instant>,
    /// Whether it had been left alone and is back.
    pub(crate) is_back: bool,
}

struct Queue {
    state: HostState,
    clock: Clock,
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
            let today = self.clock.now().date();
            let told = match self.state.admit(Instant::now(), today, first.patience) {
                Admission::Go { is_probe, to_keep } => Ok(Admitted {
                    probe: is_probe.then(|| Self::watch(ctx)),
                    to_keep,
                }),
                Admission::Held(until) => Err(Denied::Held(until)),
                Admission::Resting(until) => Err(self.resting(until)),
                Admission::UsedUp => Err(Denied::UsedUp {
                    per_day: self.state.per_day(),
                }),
                Admission::Wait(after) => {
                    self.waiting.push_front(first);
                    self.wake = Some(ctx.run_later(after, Queue::pump));
                    return;
                }
                // `watch` goes on when that has ended.
                Admission::Behind => return self.waiting.push_front(first),
            };
            if first.reply.send(told).is_err() {
                tracing::debug!("a request was given up while it waited");
            }
        }
    }

    fn resting(&mut self, until: Instant) -> Denied {
        let breaker = self.state.breaker();
        Denied::Resting {
            until,
            failures: breaker.failures(),
            why: breaker.why().to_owned(),
        }
    }

    /// Goes on when the request that finds out whether the host is back has ended, also when nobody
    /// says how, because it was given up.
    fn watch(ctx: &mut Context<Self>) -> oneshot::Sender<()> {
        let (probe, ended) = oneshot::channel();
        let waits = actix::fut::wrap_future(ended);
        ctx.spawn(waits.map(|_dropped, queue: &mut Self, ctx| {
            queue.state.breaker().gave_up();
            queue.pump(ctx);
        }));
        probe
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

impl Handler<Ended> for Queue {
    type Result = Noted;

    fn handle(&mut self, message: Ended, ctx: &mut Self::Context) -> Noted {
        let breaker = self.state.breaker();
        let (opened, is_back) = match message.went {
            Went::Answered => (None, breaker.succeeded()),
            Went::Failed(why) => (breaker.failed(Instant::now(), why, message.jitter), false),
            Went::Elsewhere => (None, false),
        };
        let failures = breaker.failures();
        self.pump(ctx);
        Noted {
            failures,
            opened,
            is_back,
        }
    }
}

/// The right to have one request under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    _permit: Option<OwnedSemaphorePermit>,
    _probe: Option<oneshot::Sender<()>>,
}

/// A host as readings see it. Clones are the same host.
#[derive(Clone)]
pub(crate) struct Host {
    queue: Addr<Queue>,
    at_once: Arc<Semaphore>,
    memory: Memory,
    /// Its name where the provider matters: what one site behind a mirror of the owner's does, says
    /// nothing of another.
    whose: Arc<str>,
}

impl Host {
    /// Begins to watch over a host that `provider` asks, with what is remembered of it.
    pub(crate) async fn start(
        name: &str,
        provider: &str,
        politeness: Politeness,
        memory: Memory,
    ) -> Self {
        let whose = format!("{provider} {name}");
        let used = memory.used(&whose).await;
        let mut state = HostState::new(politeness, memory.since(), used);
        if let Some(asked) = memory.of_host(name).await {
            state.hold(asked.until);
        }
        if let Some(Remembered {
            until,
            failures,
            why,
        }) = memory.of_host(&whose).await
        {
            *state.breaker() = Breaker::remembered(failures, until, why);
        }
        let queue = Queue {
            state,
            clock: memory.clock().clone(),
            waiting: VecDeque::new(),
            wake: None,
        }
        .start();
        let permits = usize::try_from(politeness.at_once.max(1)).unwrap_or(1);
        Self {
            queue,
            at_once: Arc::new(Semaphore::new(permits)),
            memory,
            whose: whose.into(),
        }
    }

    /// Waits until a request may be sent, `patience` at the most where the host asked to be left
    /// alone.
    ///
    /// # Errors
    /// [`Denied`] when none may be sent for longer than that.
    pub(crate) async fn enter(&self, patience: Duration) -> Result<Pass, Denied> {
        // The semaphore is never closed; if it were, going on without its limit is right.
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        let (reply, told) = oneshot::channel();
        let admitted = match self.queue.send(Enter { patience, reply }).await {
            Ok(()) => told.await.unwrap_or_else(|_| Ok(Admitted::default()))?, // as below
            Err(error) => {
                tracing::error!("a host's queue is gone, going on without it: {error}");
                Admitted::default()
            }
        };
        let pass = Pass {
            _permit: permit,
            _probe: admitted.probe,
        };
        if let Some(used) = admitted.to_keep {
            self.memory.keep_used(&self.whose, used).await;
        }
        Ok(pass)
    }

    /// Leaves the host alone until then.
    pub(crate) async fn hold(&self, until: Instant) {
        if let Err(error) = self.queue.send(Hold { until }).await {
            tracing::error!("a host's queue is gone: {error}");
        }
    }

    /// Tells how a request went, and remembers what follows from it.
    pub(crate) async fn ended(&self, went: Went) -> Noted {
        let why = match &went {
            Went::Failed(why) => why.clone(),
            Went::Answered | Went::Elsewhere => String::new(),
        };
        let jitter = jitter();
        let noted = self.queue.send(Ended { went, jitter }).await;
        let noted = noted.unwrap_or_else(|error| {
            tracing::error!("a host's queue is gone: {error}");
            Noted::default()
        });
        if let Some(until) = noted.opened {
            let wait = until.saturating_duration_since(Instant::now());
            self.memory
                .hold(&self.whose, wait, noted.failures, why)
                .await;
        }
        if noted.is_back {
            self.memory.recovered(&self.whose).await;
        }
        noted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_site::Bench;

    const CALM: Politeness = Politeness {
        per_second: 1.0,
        burst: 1,
        at_once: 4,
        per_day: None,
    };
    const MINUTE: Duration = Duration::from_mins(1);

    /// A host of its own, and the database that remembers it.
    async fn start(politeness: Politeness) -> (Host, Bench) {
        let bench = Bench::new();
        let memory = Memory::new(bench.db.clone(), bench.clock.clone());
        let host = Host::start("a.example", "plain", politeness, memory).await;
        (host, bench)
    }

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
            let (host, _bench) = start(CALM).await;
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
            let (host, _bench) = start(CALM).await;
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
            let (host, _bench) = start(CALM).await;
            drop(host.enter(MINUTE).await.unwrap());
            let waits = host.enter(Duration::from_secs(5));
            let holds = async {
                let until = Instant::now() + Duration::from_mins(10);
                host.hold(until).await;
                until
            };
            let (told, until) = futures_util::future::join(waits, holds).await;
            assert_eq!(told.unwrap_err(), Denied::Held(until));
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
            let (host, _bench) = start(politeness).await;
            let first = host.enter(MINUTE).await.unwrap();
            let second = tokio::time::timeout(Duration::from_secs(1), host.enter(MINUTE)).await;
            assert!(second.is_err());
            drop(first);
            host.enter(MINUTE).await.unwrap();
        });
    }

    fn quick(per_day: Option<u32>) -> Politeness {
        Politeness {
            per_second: 0.0,
            per_day,
            ..CALM
        }
    }

    async fn failing(host: &Host) -> Instant {
        loop {
            let pass = host.enter(MINUTE).await.unwrap();
            let noted = host.ended(Went::Failed("it answered 502".into())).await;
            drop(pass);
            if let Some(until) = noted.opened {
                return until;
            }
        }
    }

    #[test]
    fn a_host_that_keeps_failing_is_left_alone_and_then_asked_by_one() {
        paused(async {
            let (host, _bench) = start(quick(None)).await;
            let until = failing(&host).await;
            let denied = host.enter(MINUTE).await.unwrap_err();
            let resting = Denied::Resting {
                until,
                failures: 10,
                why: "it answered 502".into(),
            };
            assert_eq!(denied, resting);
            tokio::time::advance(until - Instant::now()).await;
            let probe = host.enter(MINUTE).await.unwrap();
            let second = tokio::time::timeout(Duration::from_secs(1), host.enter(MINUTE)).await;
            assert!(second.is_err(), "one at a time");
            assert!(host.ended(Went::Answered).await.is_back);
            host.enter(MINUTE).await.unwrap();
            drop(probe);
        });
    }

    #[test]
    fn what_a_clock_that_ran_ahead_wrote_down_keeps_nobody_away() {
        paused(async {
            let bench = Bench::new();
            let memory = Memory::new(bench.db.clone(), bench.clock.clone());
            let year = Duration::from_hours(365 * 24);
            memory.hold("a.example", year, 0, "status 429".into()).await;
            let host = Host::start("a.example", "plain", CALM, memory).await;
            drop(host.enter(MINUTE).await.unwrap());
        });
    }

    #[test]
    fn when_the_one_that_finds_out_is_given_up_the_next_does() {
        paused(async {
            let (host, _bench) = start(quick(None)).await;
            let until = failing(&host).await;
            tokio::time::advance(until - Instant::now()).await;
            let probe = host.enter(MINUTE).await.unwrap();
            let waits = host.enter(MINUTE);
            let gives_up = async { drop(probe) };
            let (told, ()) = futures_util::future::join(waits, gives_up).await;
            told.unwrap();
            assert!(
                host.ended(Went::Failed(String::new()))
                    .await
                    .opened
                    .is_some()
            );
            let denied = host.enter(MINUTE).await.unwrap_err();
            assert!(matches!(denied, Denied::Resting { .. }), "{denied:?}");
        });
    }

    #[actix_rt::test]
    async fn a_days_requests_are_counted_across_restarts_and_apart_for_each_provider() {
        let bench = Bench::new();
        let memory = Memory::new(bench.db.clone(), bench.clock.clone());
        let start = async |provider| {
            let memory = memory.clone();
            Host::start("mirror.example", provider, quick(Some(3)), memory).await
        };
        for _ in 0..3 {
            start("one").await.enter(MINUTE).await.unwrap();
        }
        let denied = start("one").await.enter(MINUTE).await.unwrap_err();
        assert_eq!(denied, Denied::UsedUp { per_day: 3 });
        let other = start("other").await;
        other.enter(MINUTE).await.unwrap();
        bench.clock.advance(Duration::from_hours(24));
        start("one").await.enter(MINUTE).await.unwrap();
    }
}
