//! What goes wrong at the target, by what a caller does about it.

use thiserror::Error;

/// Why the target did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TargetError {
    /// No connection came about: certainly nothing was sent.
    #[error("cannot reach {address}: {why}")]
    Unreachable {
        /// Where it was looked for, without credentials.
        address: String,
        /// What the network said.
        why: String,
    },
    /// It was sent and no answer says how it ended: timeout, reset, cut off, a gateway's 502 or 504.
    #[error("no answer says how it ended: {why}")]
    Unknown {
        /// What happened.
        why: String,
    },
    /// No key arrived there.
    #[error("Seerr got no API key")]
    KeyMissing,
    /// It does not take the key.
    #[error("Seerr does not take the API key")]
    KeyRefused,
    /// The user may not do this.
    #[error("Seerr does not allow it: {message}")]
    NotAllowed {
        /// Its words.
        message: String,
    },
    /// The user has asked for as much as is allowed.
    #[error("Seerr's limit for this user is used up: {message}")]
    Quota {
        /// Its words.
        message: String,
    },
    /// Nobody may request this title.
    #[error("the title is on Seerr's blocklist")]
    Blocklisted,
    /// It wants a token that only browsers have.
    #[error("Seerr's CSRF protection refuses requests of other programs")]
    Csrf,
    /// TMDB has no such title.
    #[error("TMDB has no such title")]
    NoSuchTitle,
    /// It has no such request any more.
    #[error("Seerr has no such request any more")]
    NoSuchRequest,
    /// It has no such user.
    #[error("Seerr has no such user")]
    NoSuchUser,
    /// TMDB did not answer it.
    #[error("Seerr could not ask TMDB: {message}")]
    Upstream {
        /// Its words.
        message: String,
    },
    /// Its database was locked or lost a race.
    #[error("Seerr was busy: {message}")]
    Busy {
        /// Its words.
        message: String,
    },
    /// What answers there is something else.
    #[error("what answers there is not Seerr: {found}")]
    NotSeerr {
        /// What came instead.
        found: String,
    },
    /// It finds fault with what we sent.
    #[error("Seerr rejected it with status {status}: {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// An answer that cannot be understood.
    #[error("Seerr's answer cannot be understood: {what}")]
    Malformed {
        /// Which answer, and where.
        what: String,
    },
}

impl TargetError {
    /// Whether a request that ended so may exist nevertheless, now or within the time that Seerr
    /// goes on after we hang up.
    pub(crate) fn may_have_been_sent(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Whether the target said no and may have made the request all the same: it failed somewhere on
    /// the way, and what it had stored before stays.
    pub(crate) fn may_be_stored(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Upstream { .. } | Self::Malformed { .. } => true,
            Self::Rejected { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether the next title would fare the same.
    pub(crate) fn ends_the_run(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Unknown { .. }
                | Self::KeyMissing
                | Self::KeyRefused
                | Self::Csrf
                | Self::NotSeerr { .. }
        )
    }

    /// What a person can do, as a sentence; none when waiting is all there is to do.
    pub(crate) fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::Unreachable { .. } => {
                "Check that Seerr runs and that OVERSEERR_URL (seerr.url) is its address as seen from this machine; inside a container `localhost` is the container itself."
            }
            Self::KeyMissing => {
                "Set OVERSEERR_API_KEY (seerr.api_key); a proxy in front of Seerr must pass the header X-Api-Key on."
            }
            Self::KeyRefused => {
                "Copy the API key from Seerr's Settings > General into OVERSEERR_API_KEY (seerr.api_key)."
            }
            Self::NotAllowed { .. } => {
                "Give the user the right that Seerr names (to request, or to manage requests for taking them back and trying them again) in Seerr's Users > Edit > Permissions, or let another user ask (OVERSEERR_USER_ID, or the list's own user)."
            }
            Self::Quota { .. } => {
                "Raise the user's request limit in Seerr, or wait until its period is over."
            }
            Self::Blocklisted => "Take the title off Seerr's blocklist if it is wanted after all.",
            Self::Csrf => "Switch off CSRF protection in Seerr's Settings > Network.",
            Self::NoSuchUser => {
                "Set OVERSEERR_USER_ID (seerr.user_id), or the list's own user, to a user number that Seerr has."
            }
            Self::NotSeerr { .. } => {
                "Set OVERSEERR_URL (seerr.url) to the address where Seerr's own pages open, without a path, e.g. http://seerr:5055; a sign-in proxy in front of it must let /api/v1 through."
            }
            Self::Rejected { .. } | Self::Malformed { .. } => {
                "This is a fault of ListSync or a version of Seerr it does not know; please report it with this text."
            }
            Self::Unknown { .. }
            | Self::NoSuchTitle
            | Self::NoSuchRequest
            | Self::Upstream { .. }
            | Self::Busy { .. } => return None,
        };
        Some(text.to_owned())
    }
}
