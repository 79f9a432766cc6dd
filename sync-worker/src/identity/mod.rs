//! Which title an entry of a list is: what the id maps know, what its ids tell, what a search finds.
//! Storing the answer and asking again later is the run's work.

mod against;
mod ask;
mod called;
mod certain;
mod compared;
mod contradiction;
mod country;
mod cut;
mod disguise;
mod fold;
mod found;
mod ids;
mod keys;
mod learn;
mod likeness;
mod map;
mod number;
mod numbers;
mod of_season;
mod parts;
mod probe;
mod readings;
mod release;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod score;
mod season;
mod sound;
mod step;
mod title;
mod trust;
mod vouched;
pub(crate) mod wanted;
mod years;

pub(crate) use against::{Doubt, against, unread};
pub(crate) use ask::{Identified, identify};
pub(crate) use called::{Called, Fit};
pub(crate) use contradiction::divided;
pub(crate) use ids::{OWN_ID, ids_of, imdb_id};
pub(crate) use keys::{all_keys, is_titled_alike, keys, whole};
pub(crate) use learn::{KnownIds, ids_of_details, ids_of_match, learn};
pub(crate) use map::IdMap;
pub(crate) use probe::UpstreamProbe;
pub(crate) use step::{Step, first_step};
pub(crate) use trust::{PICKED, RULED_OUT, is_of_tmdb};
pub(crate) use vouched::Vouched;

use std::time::Duration;

use ids::{foreign_ids, is_of_one_title, tmdb_id};

/// How long an entry that was not found is left alone after this many vain attempts: 1 day, 2, 4, up
/// to 30, give or take a tenth. `jitter` is between 0 and 1; 0.5 adds and takes nothing.
pub(crate) fn next_try(attempts: i32, jitter: f64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(0)
        .min(5);
    let days = (1_u32 << doublings).min(30);
    let share = 0.9 + 0.2 * jitter.clamp(0.0, 1.0);
    Duration::from_secs(u64::from(days) * 86_400).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_double_up_to_thirty_days() {
        let days = |attempts, jitter| next_try(attempts, jitter).as_secs_f64() / 86_400.0;
        let steps: Vec<u64> = (0..=8)
            .map(|attempts| next_try(attempts, 0.5).as_secs() / 86_400)
            .collect();
        assert_eq!(steps, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert!((days(1, 0.0) - 0.9).abs() < 1e-9 && (days(1, 1.0) - 1.1).abs() < 1e-9);
        assert!(days(i32::MAX, 7.0) < 33.1 && days(i32::MIN, -7.0) > 0.89);
    }
}
