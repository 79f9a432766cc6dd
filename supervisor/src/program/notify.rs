//! What programs say about themselves over `NOTIFY_SOCKET`, as systemd defines it: pure.
//!
//! Source: <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>.

use std::time::Duration;

/// One thing a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It does its work from now on.
    Ready,
    /// Its address answers; it did not say that itself.
    Answers,
    /// How it is, in its own words.
    Status(String),
    /// It is ending by itself.
    Stopping,
    /// It is not stuck.
    Alive,
    /// It is stuck, as it sees itself.
    Stuck,
    /// What it does now takes this much longer.
    Extend(Duration),
}

/// Longest time a program can ask for at once.
const LONGEST: Duration = Duration::from_hours(1);

/// Longest status text that is kept, in characters.
const STATUS_LENGTH: usize = 200;

/// The notices in a datagram; what we do not use is passed over.
pub(crate) fn parse(datagram: &[u8]) -> Vec<Notice> {
    String::from_utf8_lossy(datagram)
        .lines()
        .filter_map(|line| match line.split_once('=')? {
            ("READY", "1") => Some(Notice::Ready),
            ("STOPPING", "1") => Some(Notice::Stopping),
            ("WATCHDOG", "1") => Some(Notice::Alive),
            ("WATCHDOG", "trigger") => Some(Notice::Stuck),
            ("EXTEND_TIMEOUT_USEC", text) => {
                let time = text.parse().ok().map(Duration::from_micros)?; // no number says nothing
                Some(Notice::Extend(time.min(LONGEST)))
            }
            ("STATUS", text) => Some(Notice::Status(text.chars().take(STATUS_LENGTH).collect())),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_holds_several_notices_and_strange_ones_are_passed_over() {
        let notices = parse(b"READY=1\nSTATUS=all well = good\nMAINPID=7\nnonsense\nWATCHDOG=1\n");
        let status = Notice::Status("all well = good".to_owned());
        assert_eq!(notices, [Notice::Ready, status, Notice::Alive]);
        assert_eq!(parse(b"STOPPING=1"), [Notice::Stopping]);
        assert_eq!(
            parse(b"WATCHDOG=trigger\nEXTEND_TIMEOUT_USEC=1500000\nEXTEND_TIMEOUT_USEC=x"),
            [Notice::Stuck, Notice::Extend(Duration::from_millis(1500))]
        );
        assert_eq!(parse(b"READY=0\n\xff\xfe"), []);
    }

    #[test]
    fn long_texts_are_cut() {
        let text = format!("STATUS={}", "x".repeat(1000));
        assert_eq!(parse(text.as_bytes()), [Notice::Status("x".repeat(200))]);
    }
}
