//! What the end of a process means: to the machine, and to people.
//!
//! Leaves what is done about it to [`super::state`].

use std::{io, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Instant};

use runtime::Chain;
use schema::wire::supervisor::{ExitCause, LastExit};

use super::{
    actor::Program,
    state::{Doom, Input},
};
use crate::process;

impl Program {
    /// Takes in the end of the process that lives; what it means to the machine.
    pub(super) fn exited(&mut self, status: io::Result<ExitStatus>) -> Input {
        self.current = None;
        self.alive.replace(None);
        self.status.pid = None;
        self.status.status_text = None;
        self.status.started_at = None;
        let input = Input::Exited {
            is_clean: status
                .as_ref()
                .is_ok_and(|status| self.settings.is_success(*status)),
            by_stranger: status
                .as_ref()
                .is_ok_and(|status| process::is_by_stranger(*status)),
        };
        let last = self.last_exit(status, self.machine.doom());
        self.status.last_exit = Some(last);
        input
    }

    fn last_exit(&self, status: io::Result<ExitStatus>, doom: Option<Doom>) -> LastExit {
        let plain = match &status {
            Ok(status) => process::reason(*status),
            Err(error) => format!("its end could not be seen: {}", Chain(error)),
        };
        let status = status.ok(); // why there is none is in the reason
        let signal = status.and_then(|status| status.signal());
        let by_kernel =
            self.shared.oom.borrow_mut().has_killed(Instant::now()) && signal == Some(9);
        let cause = match doom {
            Some(Doom::Late) => ExitCause::StartTimeout,
            Some(Doom::Stuck) => ExitCause::Watchdog,
            Some(Doom::Asked) => ExitCause::Stopped,
            Some(Doom::Stubborn) => ExitCause::StopTimeout,
            Some(Doom::TooLarge) => ExitCause::Memory,
            None if by_kernel => ExitCause::OomKill,
            None if signal.is_some() => ExitCause::Signal,
            None => ExitCause::Exit,
        };
        let reason = match cause {
            ExitCause::OomKill => "killed by the kernel: there was no memory left".to_owned(),
            _ => self.doomed().unwrap_or(plain),
        };
        LastExit {
            at: self.shared.clock.now_utc(),
            code: status.and_then(|status| status.code()),
            signal,
            cause,
            expected: status.is_some_and(|status| self.settings.is_success(status)),
            reason,
        }
    }
}
