//! The seasons of shows: asked of the target when a decision needs them, side by side, and kept with
//! an age, so that an unchanged show costs no call.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{NaiveDate, NaiveDateTime};
use futures_util::{StreamExt, stream};
use runtime::Chain;
use schema::{
    DbError,
    models::{MediaType, TitleFacts, TitleRef},
};

use super::{Applier, believed::Taken};
use crate::{
    chance::jitter,
    identity::{self, UpstreamProbe},
    plan::{Decided, Verdict, Wish, decide},
    run::Interrupted,
    target::{Details, Snapshot, Target},
};

/// Titles asked for at once.
pub(super) const AT_ONCE: usize = 6;

/// Shows of which a run asks only because what is known of them is old; the rest has time.
const REFRESHED: usize = 200;

/// Questions that may fail one after the other before it is looked whether TMDB answers at all.
const FAILURES_IN_A_ROW: u32 = 5;

/// What a run has asked of shows.
#[derive(Default)]
pub(super) struct FactsAsked {
    refreshed: usize,
    failures_in_a_row: u32,
    pub(super) probe: UpstreamProbe,
    /// Shows that could not be asked for, with why.
    failed: HashMap<TitleRef, String>,
    /// Titles whose details were held against their entries.
    pub(super) compared: HashSet<TitleRef>,
    /// Titles of which it is not clear that they are what their entries mean.
    pub(super) held: HashMap<TitleRef, Held>,
}

/// Why a title is not requested in this run, and what would change that.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) why: String,
    pub(super) remedy: &'static str,
    /// Whether a question failed, so that it is still to be found out.
    pub(super) is_unasked: bool,
}

impl<T: Target> Applier<'_, T> {
    /// Asks for the shows on which nothing can be decided without, and for some whose facts are old.
    pub(super) async fn know_seasons(
        &mut self,
        wishes: &[Wish],
        snapshot: &Snapshot,
    ) -> Result<(), Interrupted> {
        if self.undone.is_some() {
            return Ok(()); // nothing is asked for
        }
        let now = self.engine.clock.now();
        let mut asked: Vec<(TitleRef, i64)> = Vec::new();
        for wish in wishes
            .iter()
            .filter(|wish| wish.media_type == MediaType::Tv)
        {
            let known = self.batch.known(wish, snapshot);
            let has_failed = self.facts.failed.contains_key(&wish.title);
            if has_failed || self.facts.held.contains_key(&wish.title) {
                continue; // once in a run is enough
            }
            let is_needed = known.facts.is_none()
                && decide(wish, known, self.situation()).verdict == Verdict::AskFacts;
            let is_old = known.facts.is_some_and(|facts| facts.refresh_at <= now)
                && wish.is_wanted()
                && self.facts.refreshed < REFRESHED;
            self.facts.refreshed += usize::from(is_old);
            let show = (wish.title, wish.tmdb_id);
            if (is_needed || is_old) && !asked.contains(&show) {
                asked.push(show);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        self.ask(asked, now).await
    }

    async fn ask(
        &mut self,
        shows: Vec<(TitleRef, i64)>,
        now: NaiveDateTime,
    ) -> Result<(), Interrupted> {
        let target = self.target;
        let mut answers = stream::iter(shows)
            .map(|(title, tmdb_id)| async move {
                let began = tokio::time::Instant::now();
                (title, began, target.details(MediaType::Tv, tmdb_id).await)
            })
            .buffer_unordered(AT_ONCE);
        let mut known = Vec::new();
        let mut end = Ok(());
        loop {
            let (title, began, answer) = match self.going.or_cancelled(answers.next()).await {
                Ok(Some(answered)) => answered,
                Ok(None) => break,
                Err(cancelled) => {
                    end = Err(cancelled);
                    break;
                }
            };
            match answer {
                Ok(details) => {
                    self.facts.failures_in_a_row = 0;
                    known.push((facts_of(title, &details, now), details));
                }
                Err(error) if error.ends_the_run() => {
                    end = Err(error.into());
                    break;
                }
                Err(error) => {
                    self.facts.failures_in_a_row += 1;
                    let why = format!("its seasons could not be asked for: {}", Chain(&error));
                    self.facts.failed.insert(title, why);
                    // TMDB may be away, or a few shows may be gone from it.
                    if self.facts.failures_in_a_row >= FAILURES_IN_A_ROW {
                        let probed = self.facts.probe.answers_since(target, began).await;
                        if let Err(error) = probed {
                            end = Err(error.into());
                            break;
                        }
                        self.facts.failures_in_a_row = 0;
                    }
                }
            }
        }
        drop(answers);
        self.keep(known, now).await?;
        end
    }

    async fn keep(
        &mut self,
        known: Vec<(TitleFacts, Details)>,
        now: NaiveDateTime,
    ) -> Result<(), Interrupted> {
        if known.is_empty() {
            return Ok(());
        }
        let shows: Vec<TitleRef> = known.iter().map(|(facts, _)| facts.title).collect();
        let taken = self
            .engine
            .db
            .read(move |conn| Taken::of(conn, &shows))
            .await?;
        let (mut compared, mut ids, mut end) = (Vec::new(), Vec::new(), Ok(()));
        for (facts, details) in known {
            if let Some(show) = taken.get(&facts.title) {
                // Facts that are kept are not asked for again, nor held against the entries.
                match self.disbelieved(show, Some(&details)).await {
                    Ok(held) if held.as_ref().is_some_and(|held| held.is_unasked) => continue,
                    Ok(_) => {}
                    Err(error) => {
                        end = Err(error);
                        break;
                    }
                }
                ids.extend(identity::ids_of_details(show.title(), &details, now));
            }
            self.facts.compared.insert(facts.title);
            self.batch.facts.insert(facts.title, facts.clone());
            compared.push(facts);
        }
        self.engine
            .db
            .write(move |conn| -> Result<(), DbError> {
                for facts in &compared {
                    facts.save(conn)?;
                }
                identity::learn(conn, ids)
            })
            .await?;
        end
    }

    /// The decision on a title that may not be what its entries mean, or on a show that could not be asked
    /// for: it waits, with what went wrong.
    pub(super) fn with_failed_facts(&self, wish: &Wish, decided: Decided) -> Decided {
        if let Some(held) = self.facts.held.get(&wish.title) {
            return held.decided();
        }
        match self.facts.failed.get(&wish.title) {
            Some(why) if decided.verdict == Verdict::AskFacts => Decided {
                verdict: Verdict::Wait,
                reason: why.clone(),
                remedy: Some("It is asked again with the next run.".to_owned()),
            },
            _ => decided,
        }
    }
}

fn facts_of(title: TitleRef, details: &Details, now: NaiveDateTime) -> TitleFacts {
    let next = details
        .seasons
        .iter()
        .filter_map(|season| season.airs_on)
        .filter(|day| *day > now.date())
        .min();
    TitleFacts {
        title,
        seasons: details.seasons.clone(),
        has_ended: details.has_ended,
        has_tvdb_id: details.tvdb_id.is_some(),
        known_at: now,
        refresh_at: refresh_at(details, next, now, jitter()),
    }
}

/// A show that has ended hardly changes; one that goes on is looked at every week, and when its next
/// season begins. Without a TVDB id it is looked at daily: the id comes any day. `jitter` is between 0
/// and 1 and moves it by a tenth, so that what was asked together is not asked together again.
fn refresh_at(
    details: &Details,
    next_season: Option<NaiveDate>,
    now: NaiveDateTime,
    jitter: f64,
) -> NaiveDateTime {
    let days = match (details.tvdb_id, details.has_ended) {
        (None, _) => 1,
        (Some(_), true) => 60,
        (Some(_), false) => 7,
    };
    let pause = Duration::from_secs(days * 86_400).mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0));
    let by_age = chrono::Duration::from_std(pause)
        .ok() // below ten thousand years
        .and_then(|pause| now.checked_add_signed(pause))
        .unwrap_or(NaiveDateTime::MAX);
    let by_season = next_season
        .and_then(|day| day.succ_opt())
        .and_then(|day| day.and_hms_opt(0, 0, 0));
    by_season.map_or(by_age, |moment| by_age.min(moment))
}

#[cfg(test)]
mod tests {
    use schema::models::SeasonFacts;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_known_of_a_show_grows_old_as_fast_as_it_may_change() {
        let now = "2026-11-22T12:00:00".parse().unwrap();
        let due = |tvdb_id: Option<i64>, has_ended: bool, next: Option<&str>| {
            let details = Details {
                tvdb_id,
                has_ended,
                seasons: vec![SeasonFacts {
                    season: 1,
                    airs_on: next.map(day),
                }],
                ..Details::default()
            };
            refresh_at(&details, next.map(day), now, 0.5).to_string()
        };
        assert_eq!(due(Some(1), true, None), "2027-01-21 12:00:00");
        assert_eq!(due(Some(1), false, None), "2026-11-29 12:00:00");
        assert_eq!(
            due(Some(1), false, Some("2026-11-24")),
            "2026-11-25 00:00:00"
        );
        assert_eq!(
            due(Some(1), false, Some("2027-03-01")),
            "2026-11-29 12:00:00"
        );
        assert_eq!(due(None, false, None), "2026-11-23 12:00:00");
    }
}
