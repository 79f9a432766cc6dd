//! When to end: a token that SIGTERM and SIGINT set. Leaves how to end to whoever waits for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::chain::Chain;

/// Asks everything that holds a clone of it to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// One that only [`Stop::request`] sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that SIGTERM and SIGINT set as well; a second such signal ends the process at once with
    /// 143 or 130. Call it inside the asynchronous runtime.
    pub fn on_signals() -> Self {
        let stop = Self::new();
        let has_come = Arc::new(AtomicBool::new(false));
        for (kind, name, code) in [
            (SignalKind::terminate(), "SIGTERM", 143),
            (SignalKind::interrupt(), "SIGINT", 130),
        ] {
            let (stop, has_come) = (stop.clone(), Arc::clone(&has_come));
            match signal(kind) {
                Ok(mut signals) => {
                    tokio::spawn(async move {
                        while signals.recv().await.is_some() {
                            let is_second = has_come.swap(true, Ordering::Relaxed);
                            stop.signalled(name, code, is_second);
                        }
                    });
                }
                // Without a handler the signal ends the process by itself, which is bearable.
                Err(error) => {
                    tracing::error!("cannot listen for {name}: {}", Chain(&error));
                }
            }
        }
        stop
    }

    /// A second signal means: now, whatever is still going on.
    fn signalled(&self, name: &str, code: i32, is_second: bool) {
        if is_second {
            tracing::warn!(signal = name, "ending at once, {name} came while stopping");
            std::process::exit(code);
        }
        tracing::info!(signal = name, "stopping, {name} came");
        self.request();
    }

    /// Waits until stopping is asked for.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Whether stopping is asked for.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Asks for it.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// The same as a token, for code that takes one; it cannot be told from the original.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// A `Stop` of its own that this one sets too: for a part that may end before the whole.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal, raise};

    #[actix_rt::test]
    async fn sigterm_asks_to_stop() {
        let stop = Stop::on_signals();
        assert!(!stop.is_requested());
        raise(Signal::SIGTERM).unwrap();
        stop.requested().await;
        assert!(stop.is_requested());
    }

    #[test]
    fn a_child_stops_with_its_parent_and_not_the_other_way() {
        let parent = Stop::new();
        let (one, other) = (parent.child(), parent.child());
        one.request();
        assert!(one.is_requested() && !parent.is_requested() && !other.is_requested());
        parent.request();
        assert!(other.is_requested());
    }
}
