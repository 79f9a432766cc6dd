//! Ids that a list does not tell: what is remembered of them, and one request for each title that is
//! new. Leaves where they are learned and what the answer says to the provider, and sending to
//! `fetch`.
//!
//! A title whose ids cannot be learned is handed on without them, and the reading is partial: it is
//! on the list all the same. A site that turns us away is asked for nothing more in this reading.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{NaiveDateTime, TimeDelta};
use runtime::Chain;
use schema::{
    DbError,
    models::SourceId,
    wire::scraper::{Entry, FetchOutcome},
};

use super::{Going, Sink, remember, setback::Setback};
use crate::{
    fetch::Asker,
    provider::{Detail, Ids, Named, ProviderError, Request, SourceKey},
};

/// Entries that may wait for the ids of one after them.
pub(super) const LATE: usize = 10;
/// How long they may wait.
pub(super) const QUIET: Duration = Duration::from_secs(10);
/// Titles in a row whose pages fail before no more are asked for. A guess.
const FAILURES: u32 = 3;
/// How long a title that had no ids is taken to have none. A guess: they are added within weeks.
const WITHOUT_IDS: TimeDelta = TimeDelta::days(30);

/// How asking for ids went in one reading.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Titles handed on without the ids they may have.
    unread: u32,
    failures_in_a_row: u32,
    why: Option<Setback>,
    is_over: bool,
}

impl Details {
    fn learned(&mut self) {
        self.failures_in_a_row = 0;
    }

    pub(super) fn failed(&mut self, setback: Setback) {
        self.unread += 1;
        self.failures_in_a_row += 1;
        let ends_it = setback.is_for_the_whole_site();
        self.is_over |= ends_it || self.failures_in_a_row >= FAILURES;
        if ends_it || self.why.is_none() {
            self.why = Some(setback);
        }
    }

    /// How the reading ends, with this in mind.
    pub(super) fn applied(self, outcome: FetchOutcome) -> FetchOutcome {
        let Some(why) = self.why else {
            return outcome;
        };
        let titles = match self.unread {
            1 => "1 title".to_owned(),
            unread => format!("{unread} titles"),
        };
        let here = format!(
            "the ids of {titles} could not be read: {why}; they are looked for by title and year"
        );
        match outcome {
            FetchOutcome::Complete => FetchOutcome::Partial {
                reason: here,
                retryable: why.is_retryable(),
                cause: why.cause(),
            },
            FetchOutcome::Partial {
                reason,
                retryable,
                cause,
            } => FetchOutcome::Partial {
                reason: format!("{reason}; {here}"),
                retryable: retryable || why.is_retryable(),
                cause,
            },
            // Nothing was handed on, so nothing lacks its ids.
            FetchOutcome::Refused { .. } | FetchOutcome::Failed { .. } => outcome,
        }
    }
}

impl<S: Sink> Going<'_, S> {
    /// The entries with what is remembered of them, and where to ask for the rest.
    pub(super) async fn remembered(
        &mut self,
        entries: Vec<Entry>,
        asked: &Request,
    ) -> Vec<(Entry, Option<Detail>)> {
        let mut paired: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let detail = self.detail(&entry, asked);
                (entry, detail)
            })
            .collect();
        match self.rows(&paired).await {
            Ok(rows) => {
                let now = self.walk.fetcher.clock().now();
                for (entry, detail) in &mut paired {
                    let row = detail.as_ref().and_then(|detail| rows.get(&detail.key.key));
                    if let Some(row) = row {
                        fill(entry, &ids_of(row));
                        call(entry, named_of(row));
                        if is_settled(row, now) {
                            *detail = None;
                        }
                    }
                }
            }
            // Asking for all of them anew would be at the site's expense.
            Err(error) => {
                let setback = Setback::of_memory(&Chain(&error));
                for (_, detail) in &mut paired {
                    if detail.take().is_some() {
                        self.details.failed(setback.clone());
                    }
                }
            }
        }
        paired
    }

    fn detail(&mut self, entry: &Entry, asked: &Request) -> Option<Detail> {
        let walk = self.walk;
        let detail = walk
            .provider
            .detail_of(entry, &walk.list, walk.sites)
            .unwrap_or_else(|error| {
                self.details.failed(walk.setback(&error));
                None
            });
        self.is_completed |= detail.is_some();
        detail.map(|detail| walk.provider.signed(detail, asked))
    }

    /// What is remembered of them, by key. A key of a provider means one thing, whatever its source.
    async fn rows(
        &self,
        paired: &[(Entry, Option<Detail>)],
    ) -> Result<HashMap<String, SourceId>, DbError> {
        let mut keys: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (_, detail) in paired {
            if let Some(Detail { key, .. }) = detail {
                keys.entry(key.source).or_default().push(key.key.clone());
            }
        }
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let find = move |conn: &mut _| {
            let mut rows = HashMap::new();
            for (source, keys) in keys {
                let found = SourceId::find_many(conn, source, &keys)?;
                rows.extend(found.into_iter().map(|row| (row.source_key.clone(), row)));
            }
            Ok::<_, DbError>(rows)
        };
        self.walk.fetcher.db().read(find).await
    }

    /// Asks for the ids of one entry, unless asking is over.
    pub(super) async fn ask(&mut self, entry: &mut Entry, detail: &Detail) {
        if self.details.is_over {
            self.details.unread += 1;
            return;
        }
        let learned = match self.out_of_time() {
            Some(reason) => Err(Setback::of_time(reason)),
            None => self.learn(detail).await,
        };
        match learned {
            Ok((ids, named)) => {
                self.details.learned();
                fill(entry, &ids);
                call(entry, named);
            }
            Err(setback) => {
                tracing::debug!(key = detail.key.key, "cannot read ids: {setback}");
                self.details.failed(setback);
            }
        }
    }

    async fn learn(&mut self, detail: &Detail) -> Result<(Ids, Option<Named>), Setback> {
        let walk = self.walk;
        let _turn = walk.fetcher.turn_to_ask(detail.key.source).await;
        // Another list that is read at the same time may have had the same title just now.
        if let Some(learned) = self.learned_meanwhile(detail).await? {
            return Ok(learned);
        }
        let asker = Asker::of(walk.provider, &detail.request);
        let fetched = walk
            .fetcher
            .fetch(&detail.request, asker, &mut self.budget, false)
            .await
            .map_err(|error| Setback::of_fetch(&error))?;
        let parsed = walk.provider.parse_detail(&detail.request, &fetched.answer);
        let ids = match parsed {
            // A title without a page has nothing to learn from.
            Err(ProviderError::NotFound) => Ids::default(),
            parsed => parsed.map_err(|error| walk.setback(&error))?,
        };
        let named = walk
            .provider
            .parse_detail_name(&detail.request, &fetched.answer);
        // What cannot be written down is asked for again.
        let told = named
            .as_ref()
            .and_then(|named| serde_json::to_string(named).ok());
        let key = detail.key.clone();
        remember(walk.fetcher, key, ids.clone(), told).await;
        Ok((ids, named))
    }

    async fn learned_meanwhile(
        &self,
        detail: &Detail,
    ) -> Result<Option<(Ids, Option<Named>)>, Setback> {
        let fetcher = self.walk.fetcher;
        let SourceKey { source, key } = detail.key.clone();
        let find = move |conn: &mut _| SourceId::find(conn, source, &key);
        let row = fetcher.db().read(find).await;
        let row = row.map_err(|error: DbError| Setback::of_memory(&Chain(&error)))?;
        let now = fetcher.clock().now();
        Ok(row
            .filter(|row| is_settled(row, now))
            .map(|row| (ids_of(&row), named_of(&row))))
    }
}

/// Whether nothing is asked for any more.
fn is_settled(row: &SourceId, now: NaiveDateTime) -> bool {
    let is_known = row.imdb_id.is_some() || row.tmdb_id.is_some() || row.tvdb_id.is_some();
    // What a clock that ran ahead wrote down would hold for years.
    is_known || (now - row.known_at).abs() < WITHOUT_IDS
}

pub(super) fn ids_of(row: &SourceId) -> Ids {
    Ids {
        media_type: row.media_type,
        imdb_id: row.imdb_id.clone(),
        tmdb_id: row.tmdb_id,
        tvdb_id: row.tvdb_id,
        season: row.season,
    }
}

/// What a title is called, where that was learned with its ids. Other keys have other texts there.
fn named_of(row: &SourceId) -> Option<Named> {
    serde_json::from_str(row.other_id.as_deref()?).ok()
}

/// A list that calls its titles anything knows what it means.
fn call(entry: &mut Entry, named: Option<Named>) {
    if let Some(named) = named.filter(|_| entry.title.is_empty()) {
        entry.title = named.title;
        entry.year = entry.year.or(named.year);
    }
}

/// A title's own page knows better than a list does.
pub(super) fn fill(entry: &mut Entry, ids: &Ids) {
    entry.media_type = ids.media_type.or(entry.media_type);
    entry.imdb_id = ids.imdb_id.clone().or(entry.imdb_id.take());
    entry.tmdb_id = ids.tmdb_id.or(entry.tmdb_id);
    entry.tvdb_id = ids.tvdb_id.or(entry.tvdb_id);
    entry.season = ids.season.or(entry.season);
}

#[cfg(test)]
mod tests {
    use schema::models::Cause;

    use super::*;

    fn with(unread: u32, why: Setback) -> Details {
        Details {
            unread,
            why: Some(why),
            ..Details::default()
        }
    }

    #[test]
    fn what_cut_the_list_short_is_said_before_what_its_titles_lack() {
        let cut = FetchOutcome::Partial {
            reason: "the list has more than 400 pages".into(),
            retryable: false,
            cause: Cause::TooLarge,
        };
        let late = Setback::of_time("it was late".into());
        assert_eq!(
            with(1, late.clone()).applied(cut),
            FetchOutcome::Partial {
                reason: "the list has more than 400 pages; the ids of 1 title could not be read: \
                    it was late; they are looked for by title and year"
                    .into(),
                retryable: true,
                cause: Cause::TooLarge,
            }
        );
        let whole = Details::default().applied(FetchOutcome::Complete);
        assert_eq!(whole, FetchOutcome::Complete);
        let failed = FetchOutcome::Failed {
            reason: "no answer".into(),
            retryable: true,
            cause: Cause::Unreachable,
        };
        assert_eq!(with(0, late).applied(failed.clone()), failed);
    }

    #[test]
    fn three_failures_in_a_row_end_the_asking_and_a_success_between_starts_anew() {
        let mut details = Details::default();
        let failure = Setback::of_memory(&"torn");
        for _ in 0..2 {
            details.failed(failure.clone());
        }
        details.learned();
        for _ in 0..2 {
            details.failed(failure.clone());
            assert!(!details.is_over);
        }
        details.failed(failure);
        assert!(details.is_over);
    }

    #[test]
    fn what_ends_the_asking_is_the_reason_given() {
        let mut details = Details::default();
        details.failed(Setback::of_memory(&"torn"));
        details.failed(Setback::of_time("it was late".into()));
        assert!(details.is_over);
        assert_eq!(details.why, Some(Setback::of_time("it was late".into())));
    }
}
