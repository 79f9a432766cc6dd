//! What a failure means for a reading: whether another way may help, and how the reading ends if
//! none does. Pure.

use std::fmt;

use runtime::Chain;
use schema::{models::Cause, wire::scraper::FetchOutcome};

use crate::{
    fetch::{FetchError, HttpError},
    provider::{Provider, ProviderError},
};

/// A way that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setback {
    reason: String,
    cause: Cause,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// No, whichever way.
    Refused { remedy: String },
    /// Turned away on this way.
    Blocked { remedy: &'static str },
    /// No usable answer on this way.
    Failed { retryable: bool },
    /// The host asked to be left alone, or the reading's time is up; going round by another way
    /// would not be polite.
    Later,
}

impl Setback {
    pub(super) fn of_fetch(error: &FetchError) -> Self {
        let failed = Kind::Failed {
            retryable: error.is_retryable(),
        };
        let (cause, kind) = match error {
            FetchError::Later { .. } | FetchError::UsedUp { .. } => {
                (Cause::QuotaUsedUp, Kind::Later)
            }
            FetchError::Http(HttpError::Refused { remedy, cause, .. }) => (
                *cause,
                Kind::Refused {
                    remedy: remedy.clone(),
                },
            ),
            FetchError::Http(HttpError::TooLarge { .. }) => (Cause::TooLarge, failed),
            FetchError::Http(HttpError::Elsewhere { .. } | HttpError::SentRound { .. }) => {
                (Cause::Changed, failed)
            }
            FetchError::Http(_) | FetchError::Status { .. } | FetchError::Resting { .. } => {
                (Cause::Unreachable, failed)
            }
        };
        Self {
            reason: Chain(error).to_string(),
            cause,
            kind,
        }
    }

    pub(super) fn of_provider(error: &ProviderError, provider: &dyn Provider, list: &str) -> Self {
        let title = provider.title();
        let (cause, reason, kind) = match error {
            ProviderError::Refused {
                cause,
                reason,
                remedy,
            } => (
                *cause,
                reason.clone(),
                Kind::Refused {
                    remedy: remedy.clone(),
                },
            ),
            ProviderError::NotFound => (
                Cause::NotFound,
                format!("{title} has no list {list}"),
                Kind::Refused {
                    remedy: "Check its address, or remove it here.".into(),
                },
            ),
            ProviderError::Blocked { how } => (
                Cause::Blocked,
                format!("{title} turned us away ({how})"),
                Kind::Blocked {
                    remedy: provider.remedy_when_blocked(),
                },
            ),
            ProviderError::Changed { what } => (
                Cause::Changed,
                format!("{title}'s answer is not the one expected: {what}"),
                Kind::Failed { retryable: false },
            ),
            ProviderError::Failed { what } => (
                Cause::Unreachable,
                format!("{title} failed: {what}"),
                Kind::Failed { retryable: true },
            ),
        };
        Self {
            reason,
            cause,
            kind,
        }
    }

    /// The reading's time is up: how.
    pub(super) fn of_time(reason: String) -> Self {
        Self {
            reason,
            cause: Cause::TooLarge,
            kind: Kind::Later,
        }
    }

    /// What was learned before cannot be looked up.
    pub(super) fn of_memory(error: &impl fmt::Display) -> Self {
        Self {
            reason: format!("what was learned before cannot be looked up: {error}"),
            cause: Cause::Unreachable,
            kind: Kind::Failed { retryable: true },
        }
    }

    /// All ways came to nothing. Refused when we were turned away and waiting helps none of them.
    pub(super) fn of_all(setbacks: Vec<(&'static str, Self)>) -> Self {
        let retryable = setbacks
            .iter()
            .any(|(_, setback)| matches!(setback.kind, Kind::Failed { retryable: true }));
        let blocked = setbacks.iter().find_map(|(_, setback)| match setback.kind {
            Kind::Blocked { .. } => Some((setback.cause, setback.kind.clone())),
            _ => None,
        });
        let last = setbacks.last().map(|(_, setback)| setback.cause);
        let (cause, kind) = blocked.filter(|_| !retryable).unwrap_or((
            last.unwrap_or(Cause::Unreachable),
            Kind::Failed { retryable },
        ));
        let mut setbacks = setbacks;
        if setbacks.len() == 1
            && let Some((_, only)) = setbacks.pop()
        {
            return only;
        }
        let reasons: Vec<_> = setbacks
            .iter()
            .map(|(way, setback)| format!("{way}: {}", setback.reason))
            .collect();
        Self {
            reason: reasons.join("; "),
            cause,
            kind,
        }
    }

    /// The reason in a word.
    pub(super) fn cause(&self) -> Cause {
        self.cause
    }

    /// Whether other ways are pointless.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.kind, Kind::Refused { .. } | Kind::Later)
    }

    /// Whether it says no to whatever else the same site would be asked for.
    pub(super) fn is_for_the_whole_site(&self) -> bool {
        !matches!(self.kind, Kind::Failed { .. })
    }

    pub(super) fn is_retryable(&self) -> bool {
        matches!(self.kind, Kind::Failed { retryable: true } | Kind::Later)
    }

    pub(super) fn into_outcome(self) -> FetchOutcome {
        let Self {
            reason,
            cause,
            kind,
        } = self;
        match kind {
            Kind::Refused { remedy } => FetchOutcome::Refused {
                reason,
                remedy,
                cause,
            },
            Kind::Blocked { remedy } => FetchOutcome::Refused {
                reason,
                remedy: remedy.into(),
                cause,
            },
            Kind::Failed { retryable } => FetchOutcome::Failed {
                reason,
                retryable,
                cause,
            },
            Kind::Later => FetchOutcome::Failed {
                reason,
                retryable: true,
                cause,
            },
        }
    }

    /// The end of a reading that handed on `read` entries already.
    pub(super) fn into_partial(self, read: usize) -> FetchOutcome {
        FetchOutcome::Partial {
            retryable: self.is_retryable(),
            cause: self.cause,
            reason: format!("after {read} entries: {}", self.reason),
        }
    }
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked() -> Setback {
        Setback {
            reason: "turned away".into(),
            cause: Cause::Blocked,
            kind: Kind::Blocked {
                remedy: "Use the file.",
            },
        }
    }

    fn failed(retryable: bool) -> Setback {
        Setback {
            reason: "no answer".into(),
            cause: Cause::Unreachable,
            kind: Kind::Failed { retryable },
        }
    }

    #[test]
    fn turned_away_everywhere_is_a_refusal_and_a_passing_failure_is_not() {
        let refused = Setback::of_all(vec![("GraphQL", blocked()), ("page", failed(false))]);
        assert_eq!(
            refused.into_outcome(),
            FetchOutcome::Refused {
                reason: "GraphQL: turned away; page: no answer".into(),
                remedy: "Use the file.".into(),
                cause: Cause::Blocked,
            }
        );
        let failed = Setback::of_all(vec![("GraphQL", failed(true)), ("page", blocked())]);
        assert!(matches!(
            failed.into_outcome(),
            FetchOutcome::Failed {
                retryable: true,
                ..
            }
        ));
    }

    #[test]
    fn what_cannot_be_had_here_is_refused_with_what_to_do() {
        let error = FetchError::Http(HttpError::Refused {
            cause: Cause::Settings,
            reason: "no browser is installed".into(),
            remedy: "Install one.".into(),
        });
        let setback = Setback::of_fetch(&error);
        assert!(setback.is_final() && setback.is_for_the_whole_site());
        assert_eq!(
            setback.into_outcome(),
            FetchOutcome::Refused {
                reason: "no browser is installed".into(),
                remedy: "Install one.".into(),
                cause: Cause::Settings,
            }
        );
        let error = FetchError::Http(HttpError::TooLarge {
            host: "a.example".into(),
            limit: 7,
        });
        let setback = Setback::of_fetch(&error);
        assert!(!setback.is_final() && !setback.is_for_the_whole_site());
        assert_eq!(
            setback.into_outcome(),
            FetchOutcome::Failed {
                reason: "the answer of a.example is longer than 7 bytes".into(),
                retryable: false,
                cause: Cause::TooLarge,
            }
        );
    }

    #[test]
    fn a_single_way_speaks_for_itself() {
        let only = Setback::of_all(vec![("file", failed(true))]).into_outcome();
        assert_eq!(
            only,
            FetchOutcome::Failed {
                reason: "no answer".into(),
                retryable: true,
                cause: Cause::Unreachable,
            }
        );
    }

    #[test]
    fn after_entries_were_handed_on_everything_is_partial() {
        assert_eq!(
            blocked().into_partial(250),
            FetchOutcome::Partial {
                reason: "after 250 entries: turned away".into(),
                retryable: false,
                cause: Cause::Blocked,
            }
        );
    }
}
