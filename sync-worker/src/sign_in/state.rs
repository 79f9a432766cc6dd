//! When a sign-in is asked for again and when it is over: pure. Leaves sending and waiting to `task`.

use std::time::Duration;

use schema::wire::Failure;

use super::site::{Polled, Tokens};

/// What is added to the interval of a site that is asked too often, as RFC 8628 has it.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause between two polls, whatever a site says.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// A sign-in that waits for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Polling {
    interval: Duration,
    lifetime: Duration,
}

/// What to do next.
pub(super) enum Next {
    /// Ask again after this pause.
    Wait(Duration),
    /// Take the tokens.
    Done(Tokens),
    /// It came to nothing.
    Over(Failure),
    /// The person's time is over.
    Expired,
}

impl Polling {
    pub(super) fn new(interval: Duration, lifetime: Duration) -> Self {
        Self { interval, lifetime }
    }

    /// The pause before the first poll.
    pub(super) fn first(self) -> Duration {
        self.interval
    }

    /// What follows from an answer that came `since` so long after the sign-in began.
    pub(super) fn after(&mut self, polled: Polled, since: Duration) -> Next {
        let pause = match polled {
            Polled::Approved(tokens) => return Next::Done(tokens),
            Polled::Over(failure) => return Next::Over(failure),
            Polled::Pending | Polled::Trouble => self.interval,
            Polled::SlowDown(wanted) => {
                self.interval = (self.interval + SLOWER).min(LONGEST_PAUSE);
                wanted
                    .unwrap_or_default()
                    .clamp(self.interval, LONGEST_PAUSE)
            }
        };
        if since + pause >= self.lifetime {
            return Next::Expired;
        }
        Next::Wait(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::wire::FailureCode;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn waited(next: &Next) -> Option<u64> {
        match next {
            Next::Wait(pause) => Some(pause.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn it_is_asked_at_the_sites_pace_and_slower_when_the_site_says_so() {
        let mut polling = Polling::new(seconds(5), seconds(600));
        assert_eq!(polling.first(), seconds(5));
        assert_eq!(waited(&polling.after(Polled::Pending, seconds(5))), Some(5));
        assert_eq!(waited(&polling.after(Polled::Trouble, seconds(5))), Some(5));
        let slow = polling.after(Polled::SlowDown(None), seconds(10));
        assert_eq!(waited(&slow), Some(10));
        // From then on, not only once.
        assert_eq!(
            waited(&polling.after(Polled::Pending, seconds(20))),
            Some(10)
        );
        let named = polling.after(Polled::SlowDown(Some(seconds(40))), seconds(30));
        assert_eq!(waited(&named), Some(40));
        let absurd = polling.after(Polled::SlowDown(Some(seconds(86_400))), seconds(30));
        assert_eq!(waited(&absurd), Some(120));
        // One that asks for less than the interval does not make us faster.
        let less = polling.after(Polled::SlowDown(Some(seconds(1))), seconds(30));
        assert_eq!(waited(&less), Some(25));
    }

    #[test]
    fn nobody_is_asked_after_the_code_has_expired() {
        let mut polling = Polling::new(seconds(5), seconds(60));
        assert_eq!(
            waited(&polling.after(Polled::Pending, seconds(54))),
            Some(5)
        );
        assert!(matches!(
            polling.after(Polled::Pending, seconds(55)),
            Next::Expired
        ));
        assert!(matches!(
            polling.after(Polled::Trouble, seconds(59)),
            Next::Expired
        ));
    }

    #[test]
    fn a_yes_in_the_last_second_counts_and_a_no_ends_it() {
        let mut polling = Polling::new(seconds(5), seconds(60));
        let tokens = Tokens {
            access: "hush".into(),
            refresh: None,
            lifetime: None,
            account: None,
        };
        let done = polling.after(Polled::Approved(tokens), seconds(60));
        assert!(matches!(done, Next::Done(_)));
        let no = Failure::new(FailureCode::Conflict, "no");
        let over = polling.after(Polled::Over(no.clone()), seconds(6));
        assert!(matches!(over, Next::Over(failure) if failure == no));
    }
}
