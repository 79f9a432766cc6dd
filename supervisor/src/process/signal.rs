//! Signals: their names as people write them, and sending one to a group.
//!
//! Leaves to others which signal is due when.

use std::{fmt, io};

use nix::{errno::Errno, libc, sys::signal::Signal as Named};

/// Highest signal number of Linux.
pub(super) const LAST: i32 = 64;

/// A signal, also one of those for real time, which have numbers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(i32);

impl Signal {
    /// Asks to end.
    pub(crate) const TERM: Self = Self(libc::SIGTERM);
    /// Ends.
    pub(crate) const KILL: Self = Self(libc::SIGKILL);
    /// Ends, and leaves a picture of the memory where that is allowed: for a program that hangs.
    pub(crate) const ABRT: Self = Self(libc::SIGABRT);
    /// Halts, until somebody says otherwise.
    pub(crate) const STOP: Self = Self(libc::SIGSTOP);

    /// `TERM`, `SIGTERM`, `15`, `RTMIN`, `RTMIN+3`, `RTMAX-1` and so on, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let upper = name.trim().to_ascii_uppercase();
        if let Ok(number) = upper.parse() {
            return Self::numbered(number);
        }
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some(above) = short.strip_prefix("RTMIN") {
            return Self::real_time(libc::SIGRTMIN(), above, '+');
        }
        if let Some(below) = short.strip_prefix("RTMAX") {
            return Self::real_time(libc::SIGRTMAX(), below, '-');
        }
        let named: Named = format!("SIG{short}").parse().ok()?; // there is one way to fail: no such name
        Some(Self(named as i32))
    }

    /// The signal of a number that the kernel has.
    pub(crate) fn numbered(number: i32) -> Option<Self> {
        (1..=LAST).contains(&number).then_some(Self(number))
    }

    /// `distance` is empty, or a sign and a number.
    fn real_time(from: i32, distance: &str, sign: char) -> Option<Self> {
        let distance: i32 = match distance.strip_prefix(sign) {
            // A second sign would be a number, too.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            None if distance.is_empty() => 0,
            _ => return None,
        };
        let number = match sign {
            '+' => from.checked_add(distance)?,
            _ => from.checked_sub(distance)?,
        };
        (libc::SIGRTMIN()..=libc::SIGRTMAX())
            .contains(&number)
            .then_some(Self(number))
    }

    /// The number of the kernel.
    pub(crate) fn number(self) -> i32 {
        self.0
    }
}

/// `SIGKILL`, `SIGRTMIN+6`, or `signal 32` for one that the C library keeps to itself.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Named::try_from(self.0), self.0 - libc::SIGRTMIN()) {
            (Ok(named), _) => f.write_str(named.as_str()),
            (Err(_unnamed), 0) => f.write_str("SIGRTMIN"),
            (Err(_unnamed), above @ 1..) => write!(f, "SIGRTMIN+{above}"),
            (Err(_unnamed), _) => write!(f, "signal {}", self.0),
        }
    }
}

/// Sends a signal to all processes of a group; whether there was any.
///
/// # Errors
/// What the kernel said, and for a number that would mean other processes than those of a group.
#[expect(unsafe_code, reason = "the safe form knows no signals for real time")]
pub(crate) fn signal_group(leader: i32, signal: Signal) -> io::Result<bool> {
    // 0 is our own group, and -1 is everybody.
    if leader <= 1 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{leader} is no group of a program"),
        ));
    }
    // SAFETY: the call takes two numbers and touches no memory of ours.
    match Errno::result(unsafe { libc::killpg(leader, signal.number()) }) {
        Ok(_done) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_read_with_and_without_their_prefix_and_as_numbers() {
        assert_eq!(Signal::named("term"), Some(Signal::TERM));
        assert_eq!(Signal::named(" SIGKILL "), Some(Signal::KILL));
        assert_eq!(Signal::named("sigabrt"), Some(Signal::ABRT));
        assert_eq!(Signal::named("9"), Some(Signal::KILL));
        assert_eq!(Signal::named("1"), Signal::named("HUP"));
        assert_eq!(Signal::named("64"), Signal::named("RTMAX"));
        for wrong in ["loud", "", "SIG", "0", "65", "-9", "SIG9", "TERM+1"] {
            assert_eq!(Signal::named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn signals_for_real_time_are_counted_from_either_end() {
        let first = Signal::named("RTMIN").unwrap();
        assert_eq!(first.number(), libc::SIGRTMIN());
        assert_eq!(
            Signal::named("sigrtmin+3").unwrap().number(),
            first.number() + 3
        );
        let last = Signal::named("SIGRTMAX").unwrap();
        assert_eq!(
            Signal::named("RTMAX-2").unwrap().number(),
            last.number() - 2
        );
        let span = last.number() - first.number();
        assert_eq!(Signal::named(&format!("RTMIN+{span}")), Some(last));
        for wrong in [
            "RTMIN+31", "RTMAX-31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN++1", "RTMIN3",
        ] {
            assert_eq!(Signal::named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_signal_is_shown_by_a_name_that_can_be_read_again() {
        for number in 1..=LAST {
            let signal = Signal::numbered(number).unwrap();
            let shown = signal.to_string();
            if shown.starts_with("signal ") {
                assert!((32..libc::SIGRTMIN()).contains(&number), "{shown}");
            } else {
                assert_eq!(Signal::named(&shown), Some(signal), "{shown}");
            }
        }
    }

    #[test]
    fn a_number_that_is_no_group_of_a_program_gets_no_signal() {
        for leader in [-1, 0, 1] {
            assert!(signal_group(leader, Signal::KILL).is_err());
        }
    }
}
