//! How patient and how greedy reading is. Fixed values for now; tests use smaller ones. Leaves
//! addresses and keys of sites to `runtime::settings`, and the rate of a site to its provider.

use std::time::Duration;

/// Limits of single requests and of whole readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Until a connection stands.
    pub(crate) connect: Duration,
    /// Until an answer is complete, from the first byte sent.
    pub(crate) total: Duration,
    /// Between two pieces of an answer.
    pub(crate) idle: Duration,
    /// Bytes of one answer, decompressed.
    pub(crate) body_bytes: usize,
    /// Tries of one request, the first among them.
    pub(crate) tries: u32,
    /// Before the second try; doubled for each further one.
    pub(crate) first_delay: Duration,
    /// Longest single `Retry-After` that is waited for instead of ending the reading.
    pub(crate) patience: Duration,
    /// All waiting for sites that one reading may do.
    pub(crate) waiting_per_walk: Duration,
    /// How long a host is left alone that refuses for too many requests without saying until when.
    /// A guess.
    pub(crate) silent_hold: Duration,
    /// Whole answers kept for conditional requests.
    pub(crate) cached_answers: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_mins(1),
            idle: Duration::from_secs(20),
            body_bytes: 16 * 1024 * 1024,
            tries: 3,
            first_delay: Duration::from_millis(500),
            patience: Duration::from_mins(1),
            waiting_per_walk: Duration::from_mins(2),
            silent_hold: Duration::from_mins(1),
            cached_answers: 200,
        }
    }
}
