//! The seasons of shows: asked of the target when a decision needs them, side by side, and kept with
//! an age, so that an unchanged show costs no call.

use std::{collections::HashMap, time::Duration};

use chrono::{NaiveDate, NaiveDateTime};
use futures_util::{StreamExt, stream};
use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    models::{Identity, ListItem, MediaType, ReviewCandidate, Title, TitleFacts, TitleRef},
};

use super::Applier;
use crate::{
    chance::jitter,
    identity::{self, EntryIds, PICKED, UpstreamProbe},
    plan::{Decided, Verdict, Wish, decide},
    run::Interrupted,
    target::{Details, Snapshot, Target},
};

/// Shows asked for at once.
const AT_ONCE: usize = 6;

/// Shows of which a run asks only because what is known of them is old; the rest has time.
const REFRESHED: usize = 200;

/// Questions that may fail one after the other before it is looked whether TMDB answers at all.
const FAILURES_IN_A_ROW: u32 = 5;

/// What a run has asked of shows.
#[derive(Default)]
pub(super) struct FactsAsked {
    refreshed: usize,
    failures_in_a_row: u32,
    probe: UpstreamProbe,
    /// Shows that could not be asked for, with why.
    failed: HashMap<TitleRef, String>,
    /// Shows that TMDB knows under other ids than their entries tell, with why.
    divided: HashMap<TitleRef, String>,
}

impl<T: Target> Applier<'_, T> {
    /// Asks for the shows on which nothing can be decided without, and for some whose facts are old.
    pub(super) async fn know_seasons(
        &mut self,
        wishes: &[Wish],
        snapshot: &Snapshot,
    ) -> Result<(), Interrupted> {
        let now = self.engine.clock.now();
        let mut asked: Vec<(TitleRef, i64)> = Vec::new();
        for wish in wishes
            .iter()
            .filter(|wish| wish.media_type == MediaType::Tv)
        {
            let known = self.batch.known(wish, snapshot);
            let is_needed = known.facts.is_none()
                && !self.facts.failed.contains_key(&wish.title)
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
    ) -> Result<(), DbError> {
        if known.is_empty() {
            return Ok(());
        }
        for (facts, _) in &known {
            self.batch.facts.insert(facts.title, facts.clone());
        }
        let wrong = self
            .engine
            .db
            .write(move |conn| -> Result<_, DbError> {
                let mut wrong = Vec::new();
                for (facts, details) in &known {
                    let why = take_over(conn, facts, details, now)?;
                    wrong.extend(why.map(|why| (facts.title, why)));
                }
                Ok(wrong)
            })
            .await?;
        for (title, why) in wrong {
            tracing::warn!("an entry is not believed to be title {title}: {why}");
            let why = format!("a person has to say which title it is: {why}");
            self.facts.divided.insert(title, why);
        }
        Ok(())
    }

    /// The decision on a show that could not be asked for: it waits, with what went wrong.
    pub(super) fn with_failed_facts(&self, wish: &Wish, decided: Decided) -> Decided {
        if let Some(why) = self.facts.divided.get(&wish.title) {
            return Decided {
                verdict: Verdict::Wait,
                reason: why.clone(),
                remedy: Some("Say which title it is with `listsync review`.".to_owned()),
            };
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

/// Takes over what TMDB tells of a show: its seasons and ids. Entries whose own ids mean another title
/// are not believed any more; gives what was wrong with one of them.
fn take_over(
    conn: &mut SqliteConnection,
    facts: &TitleFacts,
    details: &Details,
    now: NaiveDateTime,
) -> Result<Option<String>, DbError> {
    facts.save(conn)?;
    let Some(title) = Title::of(conn, &[facts.title])?.pop() else {
        return Ok(None);
    };
    identity::learn(conn, identity::ids_of_details(&title, details, now))?;
    let mut wrong = None;
    for mut item in ListItem::of_title(conn, title.id)? {
        let is_picked = item.identity_reason.as_deref() == Some(PICKED);
        let why = identity::contradicts(&EntryIds::of(&item), details);
        let Some(why) = why.filter(|_| !is_picked && item.identity == Identity::Matched) else {
            continue;
        };
        item.identity = Identity::NeedsReview;
        item.title_ref = None;
        item.next_try = None;
        item.identity_reason = Some(format!("its ids mean different titles: {why}"));
        item.candidates = serde_json::to_string(&[candidate(&title, &why)]).ok(); // shown only
        item.save_identity(conn)?;
        wrong = Some(why);
    }
    Ok(wrong)
}

fn candidate(title: &Title, why: &str) -> ReviewCandidate {
    ReviewCandidate {
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        title: title.title.clone(),
        original_title: None,
        year: title.year,
        popularity: 0.0,
        certainty: 0.5,
        reason: why.to_owned(),
        poster_path: None,
    }
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
