//! What each signal means to the supervisor. Leaves doing it to [`crate::daemon`].
//!
//! | signal | effect |
//! |---|---|
//! | TERM, INT, QUIT | stop everything in order; the second one kills what still runs |
//! | HUP | read the settings file again, as `listsync reload`; where it means that the terminal we were started in is closed, stop |
//! | USR1 | say in the log how every program is |
//! | USR2 | open the log files anew, for those who move them away |
//! | CHLD | taken away by [`crate::reaper`] |
//! | PIPE, WINCH, CONT, URG | nothing |
//! | TSTP, STOP, and faults of our own | what they always do |
//! | all others | one line in the log |

use std::{cell::Cell, io::IsTerminal as _, rc::Rc};

use runtime::{Chain, Stop};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A wish that a signal brought and that ends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Read the settings again.
    Reload,
    /// Say how everything is.
    Report,
    /// Open the log files anew.
    Reopen,
}

/// What signals have asked for.
pub(crate) struct Asked {
    /// To stop in order.
    pub(crate) shutdown: Stop,
    /// To stop at once.
    pub(crate) force: Stop,
    /// Everything else, in the order it came.
    pub(crate) wishes: mpsc::UnboundedReceiver<Wish>,
}

/// Signals that end a process by default and mean nothing here.
const IDLE: [(i32, &str); 10] = [
    (5, "SIGTRAP"),
    (14, "SIGALRM"),
    (16, "SIGSTKFLT"),
    (26, "SIGVTALRM"),
    (27, "SIGPROF"),
    (29, "SIGIO"),
    (30, "SIGPWR"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

/// The real-time signals a program may use.
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

impl Asked {
    /// Listens for all signals that can be listened for. Call it before anything is started.
    pub(crate) fn listen() -> Self {
        let (wish, wishes) = mpsc::unbounded_channel();
        let asked = Self {
            shutdown: Stop::new(),
            force: Stop::new(),
            wishes,
        };
        let has_come = Rc::new(Cell::new(false));
        for (kind, name) in [
            (SignalKind::terminate(), "SIGTERM"),
            (SignalKind::interrupt(), "SIGINT"),
            (SignalKind::quit(), "SIGQUIT"),
        ] {
            let (shutdown, force) = (asked.shutdown.clone(), asked.force.clone());
            let has_come = Rc::clone(&has_come);
            on_signal(kind, name.to_owned(), move || {
                // Not whether everything is being stopped: the first signal after `listsync shutdown` is one.
                if has_come.replace(true) {
                    tracing::warn!(
                        signal = name,
                        "killing what still runs, {name} came while stopping"
                    );
                    force.request();
                } else {
                    tracing::info!(signal = name, "stopping, {name} came");
                    shutdown.request();
                }
            });
        }
        asked.listen_for_hangup(wish.clone());
        for (kind, name, wanted) in [
            (SignalKind::user_defined1(), "SIGUSR1", Wish::Report),
            (SignalKind::user_defined2(), "SIGUSR2", Wish::Reopen),
        ] {
            let wish = wish.clone();
            on_signal(kind, name.to_owned(), move || tell(&wish, wanted));
        }
        let real_time = REAL_TIME.map(|number| (number, format!("signal {number}")));
        let idle = IDLE.map(|(number, name)| (number, name.to_owned()));
        for (number, name) in idle.into_iter().chain(real_time) {
            let said = name.clone();
            on_signal(SignalKind::from_raw(number), name, move || {
                tracing::info!(signal = said, "{said} came; it means nothing here");
            });
        }
        asked
    }

    fn listen_for_hangup(&self, wish: mpsc::UnboundedSender<Wish>) {
        let has_terminal = std::io::stdin().is_terminal() || std::io::stdout().is_terminal();
        let shutdown = self.shutdown.clone();
        on_signal(SignalKind::hangup(), "SIGHUP".to_owned(), move || {
            if has_terminal {
                // The shell and the kernel may each send one: a second is no wish to be quicker.
                tracing::info!(signal = "SIGHUP", "stopping, our terminal is closed");
                shutdown.request();
            } else {
                tell(&wish, Wish::Reload);
            }
        });
    }
}

fn tell(wish: &mpsc::UnboundedSender<Wish>, wanted: Wish) {
    // The daemon listens until it ends.
    wish.send(wanted).unwrap_or_default();
}

fn on_signal(kind: SignalKind, name: String, act: impl Fn() + 'static) {
    match signal(kind) {
        Ok(mut signals) => {
            actix_rt::spawn(async move {
                while signals.recv().await.is_some() {
                    act();
                }
            });
        }
        Err(error) => tracing::error!("cannot listen for {name}: {}", Chain(&error)),
    }
}
