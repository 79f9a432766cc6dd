//! What the end-to-end tests stand on: a fake Seerr, fake list sites, and the harness that boots the real binaries.
//!
//! Nothing here touches the internet. Every server listens on 127.0.0.1 and runs in its own thread, so that it
//! keeps answering whatever a test does to its own runtime.

#![expect(
    clippy::similar_names,
    reason = "tmdb_id, tvdb_id and imdb_id are what everybody calls these numbers"
)]

pub mod bench;
pub mod chance;
pub mod fake_seerr;
pub mod fake_sites;
pub mod harness;
pub mod loopback;
pub mod supervised;
