//! Ids that a map from one site's ids to those of others tells: the map is taken over as a whole, and
//! looked at again once a week. Leaves where it is and what it says to the provider, and sending to
//! `fetch`.
//!
//! The map is not part of the list. Where it cannot be had, an older one does, and without any the
//! entries go on with title and year: the reading is no less complete for that, and the log says it.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDateTime, TimeDelta};
use reqwest::header::HeaderValue;
use runtime::Chain;
use schema::{
    DbError,
    models::{IdMap, SourceId},
    wire::scraper::Entry,
};
use tokio::task;

use super::{
    Going, Sink,
    details::{fill, ids_of},
    setback::Setback,
};
use crate::{
    fetch::{Asker, FetchError, Fetcher},
    provider::{Answer, Ids, MapToRead, ProviderError, Request, SourceKey},
};

/// How long a map is taken to be right. A guess: titles are added to it day by day, but rarely
/// corrected.
const FRESH: TimeDelta = TimeDelta::days(7);
/// How soon a map that could not be had is asked for again, so that lists read one after the other
/// do not all wait for it. A guess.
const AFTER_FAILURE: TimeDelta = TimeDelta::hours(1);

/// Why a map stays as it was.
#[derive(Debug, thiserror::Error)]
enum MapError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("the database failed")]
    Database(#[from] DbError),
    #[error("reading it broke off")]
    Reading(#[from] task::JoinError),
    #[error("it has {now} entries, and had {before}")]
    Shrunk { now: usize, before: usize },
}

/// A row of `source_ids` by source and key.
type Rows = HashMap<(String, String), SourceId>;

impl<S: Sink> Going<'_, S> {
    /// Gives the entries the ids that the map of their site tells.
    pub(super) async fn fill_from_map(&mut self, entries: &mut [Entry]) {
        let walk = self.walk;
        let keys: Vec<_> = entries
            .iter()
            .map(|entry| walk.provider.key_in_map(entry))
            .collect();
        if keys.iter().all(Option::is_none) {
            return;
        }
        self.is_completed = true;
        self.see_to_map().await;
        match rows(walk.fetcher, &keys).await {
            Ok(rows) => {
                for (entry, key) in entries.iter_mut().zip(keys) {
                    let key = key.map(|key| (key.source.to_owned(), key.key));
                    if let Some(row) = key.and_then(|key| rows.get(&key)) {
                        fill(entry, &ids_of(row));
                    }
                }
            }
            Err(error) => {
                let setback = Setback::of_memory(&Chain(&error));
                for _ in keys.iter().flatten() {
                    self.details.failed(setback.clone());
                }
            }
        }
    }

    /// Renews the map, once in a reading.
    async fn see_to_map(&mut self) {
        if self.has_seen_to_map {
            return;
        }
        self.has_seen_to_map = true;
        let walk = self.walk;
        match walk.provider.id_map(walk.sites) {
            Ok(None) => {}
            Ok(Some(map)) => renew(walk.fetcher, &map).await,
            Err(error) => tracing::warn!(
                provider = walk.provider.name(),
                "the map of ids cannot be asked for: {error}; titles are looked for by title and year"
            ),
        }
    }
}

/// What is remembered of the keys.
async fn rows(fetcher: &Fetcher, keys: &[Option<SourceKey>]) -> Result<Rows, DbError> {
    let mut by_source: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for SourceKey { source, key } in keys.iter().flatten() {
        by_source.entry(source).or_default().push(key.clone());
    }
    let find = move |conn: &mut _| {
        let mut rows = Rows::new();
        for (source, keys) in by_source {
            let found = SourceId::find_many(conn, source, &keys)?;
            rows.extend(found.into_iter().map(|row| {
                let key = (row.source.clone(), row.source_key.clone());
                (key, row)
            }));
        }
        Ok::<_, DbError>(rows)
    };
    fetcher.db().read(find).await
}

/// Looks at the map again if it is time to.
async fn renew(fetcher: &Fetcher, map: &MapToRead) {
    // Readings side by side would fetch it twice; it is large.
    let _turn = fetcher.turn_to_ask(map.name).await;
    let known = match known(fetcher, map).await {
        Ok(known) => known,
        Err(error) => return note(map, None, &error),
    };
    let now = fetcher.clock().now();
    // What a clock that ran ahead wrote down would hold for years.
    if known
        .as_ref()
        .is_some_and(|known| (now - known.checked_at).abs() < FRESH)
    {
        return;
    }
    let Err(error) = take_over(fetcher, map, known.as_ref(), now).await else {
        return;
    };
    note(map, known.as_ref(), &error);
    let later = IdMap {
        checked_at: now - FRESH + AFTER_FAILURE,
        ..known.unwrap_or_else(|| none_yet(map, now))
    };
    let saved = fetcher.db().write(move |conn| later.save(conn)).await;
    if let Err(error) = saved {
        tracing::warn!(
            "cannot remember when to ask for the {} again: {}",
            map.name,
            Chain(&error)
        );
    }
}

/// Maps go by their address: another address is another map.
async fn known(fetcher: &Fetcher, map: &MapToRead) -> Result<Option<IdMap>, MapError> {
    let address = map.request.url.to_string();
    let find = move |conn: &mut _| IdMap::find(conn, &address);
    Ok(fetcher.db().read(find).await?)
}

fn none_yet(map: &MapToRead, now: NaiveDateTime) -> IdMap {
    IdMap {
        source: map.request.url.to_string(),
        etag: None,
        checked_at: now,
        entries: 0,
    }
}

fn note(map: &MapToRead, known: Option<&IdMap>, error: &MapError) {
    let then = if known.is_some_and(|known| known.entries > 0) {
        "the one from before is used"
    } else {
        "titles are looked for by title and year"
    };
    tracing::warn!("cannot read the {}: {}; {then}", map.name, Chain(error));
}

/// Fetches the map, unless it is still the one that was taken over, and takes it over.
async fn take_over(
    fetcher: &Fetcher,
    map: &MapToRead,
    known: Option<&IdMap>,
    now: NaiveDateTime,
) -> Result<(), MapError> {
    let request = conditional(map, known);
    let asker = Asker {
        name: map.name,
        politeness: map.politeness,
    };
    let received = fetcher
        .fetch(&request, asker, &mut fetcher.budget(), false)
        .await?;
    if let Some(known) = known.filter(|_| received.answer.status == 304) {
        let same = IdMap {
            checked_at: now,
            ..known.clone()
        };
        return Ok(fetcher.db().write(move |conn| same.save(conn)).await?);
    }
    let etag = received.answer.header("etag").map(str::to_owned);
    let rows = read(map, received.answer, now).await?;
    let before = known.map_or(0, |known| usize::try_from(known.entries).unwrap_or(0));
    if rows.len() * 2 < before {
        return Err(MapError::Shrunk {
            now: rows.len(),
            before,
        });
    }
    let row = IdMap {
        etag,
        entries: i32::try_from(rows.len()).unwrap_or(i32::MAX),
        ..none_yet(map, now)
    };
    let (sources, count) = (map.sources, rows.len());
    let save = move |conn: &mut _| {
        SourceId::replace_all(conn, sources, &rows)?;
        row.save(conn)
    };
    fetcher.db().write(save).await?;
    tracing::info!(entries = count, "took over the {}: {count} ids", map.name);
    Ok(())
}

fn conditional(map: &MapToRead, known: Option<&IdMap>) -> Request {
    let request = map.request.clone();
    // An odd one costs a full download.
    let etag = known
        .and_then(|known| known.etag.as_deref())
        .and_then(|etag| HeaderValue::from_str(etag).ok());
    match etag {
        Some(etag) => request.header("if-none-match", etag),
        None => request,
    }
}

/// It takes long enough to be done beside the other readings.
async fn read(
    map: &MapToRead,
    answer: Answer,
    now: NaiveDateTime,
) -> Result<Vec<SourceId>, MapError> {
    let parse = map.parse;
    let read = move || {
        let ids = parse(&answer)?;
        let rows = ids.into_iter().map(|(key, ids)| row(key, ids, now));
        Ok::<_, ProviderError>(rows.collect())
    };
    Ok(task::spawn_blocking(read).await??)
}

fn row(key: SourceKey, ids: Ids, now: NaiveDateTime) -> SourceId {
    SourceId {
        source: key.source.to_owned(),
        source_key: key.key,
        media_type: ids.media_type,
        imdb_id: ids.imdb_id,
        tmdb_id: ids.tmdb_id,
        other_id: None,
        known_at: now,
        tvdb_id: ids.tvdb_id,
        season: ids.season,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::HttpResponse;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        fake_site::{Bench, FakeSite, limits, sites},
        providers,
        settings::Limits,
    };

    const DAY: Duration = Duration::from_hours(24);

    fn map(site: &FakeSite) -> MapToRead {
        let anilist = providers::find("anilist").unwrap();
        anilist.id_map(&sites(&site.url)).unwrap().unwrap()
    }

    /// A map with one id for each number.
    fn document(numbers: std::ops::Range<u32>) -> Value {
        numbers
            .map(|number| json!({"type": "TV", "anilist_id": number, "tvdb_id": number}))
            .collect()
    }

    fn tagged(document: &Value) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header(("etag", "W/\"one\""))
            .json(document)
    }

    async fn look(bench: &Bench, map: &MapToRead) {
        let large = Limits {
            body_bytes: 16 * 1024 * 1024,
            total: Duration::from_secs(30),
            ..limits()
        };
        renew(&bench.fetcher_with(large), map).await;
    }

    async fn found(bench: &Bench, number: u32) -> Option<i64> {
        let find = move |conn: &mut _| SourceId::find(conn, "anilist", &number.to_string());
        bench.db.read(find).await.unwrap()?.tvdb_id
    }

    #[actix_rt::test]
    async fn a_map_is_asked_for_again_after_a_week_and_not_sent_twice() {
        let site = FakeSite::start(|hit| match hit.header("if-none-match") {
            Some("W/\"one\"") => HttpResponse::NotModified().finish(),
            _ => tagged(&document(1..4)),
        })
        .await;
        let (bench, map) = (Bench::new(), map(&site));
        for (days, asked) in [(0, 1), (6, 1), (2, 2), (6, 2), (1, 3)] {
            bench.clock.advance(DAY * days);
            look(&bench, &map).await;
            assert_eq!(site.hits().len(), asked, "{days} days later");
            assert_eq!(found(&bench, 3).await, Some(3));
        }
        assert!(site.hits()[0].header("if-none-match").is_none());
        assert!(
            site.hits()[0]
                .header("user-agent")
                .unwrap()
                .starts_with("ListSync/")
        );
    }

    #[actix_rt::test]
    async fn a_new_map_takes_the_place_of_the_old_one() {
        let site = FakeSite::start(|hit| match hit.number {
            0 => tagged(&document(1..5)),
            _ => tagged(&document(3..7)),
        })
        .await;
        let (bench, map) = (Bench::new(), map(&site));
        look(&bench, &map).await;
        bench.clock.advance(DAY * 7);
        look(&bench, &map).await;
        assert_eq!(
            (found(&bench, 1).await, found(&bench, 6).await),
            (None, Some(6))
        );
    }

    #[actix_rt::test]
    async fn a_map_that_cannot_be_had_leaves_the_one_from_before_and_is_asked_for_in_an_hour() {
        for failure in [
            || HttpResponse::NotFound().finish(),
            || HttpResponse::Ok().body("<html>"),
            || HttpResponse::Ok().body("[{\"type\":"),
            || HttpResponse::Ok().body("[]"),
            || HttpResponse::Ok().json(document(1..2)),
        ] {
            let site = FakeSite::start(move |hit| match hit.number {
                0 => tagged(&document(1..9)),
                1 => failure(),
                _ => tagged(&document(1..10)),
            })
            .await;
            let (bench, map) = (Bench::new(), map(&site));
            look(&bench, &map).await;
            bench.clock.advance(DAY * 7);
            for (minutes, asked, last) in [(0, 2, None), (59, 2, None), (1, 3, Some(9))] {
                bench.clock.advance(Duration::from_mins(minutes));
                look(&bench, &map).await;
                assert_eq!(site.hits().len(), asked, "{minutes} minutes later");
                assert_eq!(
                    (found(&bench, 8).await, found(&bench, 9).await),
                    (Some(8), last)
                );
            }
        }
    }

    #[actix_rt::test]
    async fn a_map_that_was_never_had_is_asked_for_in_an_hour_too() {
        let site = FakeSite::start(|hit| match hit.number {
            0 => HttpResponse::NotFound().finish(),
            _ => tagged(&document(1..4)),
        })
        .await;
        let (bench, map) = (Bench::new(), map(&site));
        for (minutes, known) in [(0, None), (59, None), (1, Some(3))] {
            bench.clock.advance(Duration::from_mins(minutes));
            look(&bench, &map).await;
            assert_eq!(found(&bench, 3).await, known, "{minutes} minutes later");
        }
    }

    #[actix_rt::test]
    async fn two_readings_side_by_side_fetch_it_once_and_it_may_be_large() {
        let rows: Vec<_> = (1..=30_000)
            .map(|number| {
                json!({"type": "TV", "anidb_id": number, "anilist_id": number, "mal_id": number,
                    "kitsu_id": number, "livechart_id": number, "anime-planet_id": "some-show",
                    "imdb_id": [format!("tt{number:07}")], "themoviedb_id": {"tv": number},
                    "tvdb_id": number, "season": {"tvdb": 1, "tmdb": 1}})
            })
            .collect();
        let body = serde_json::to_string(&rows).unwrap();
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body.clone())).await;
        let (bench, map) = (Bench::new(), map(&site));
        let large = Limits {
            body_bytes: 16 * 1024 * 1024,
            total: Duration::from_secs(30),
            ..limits()
        };
        let fetcher = bench.fetcher_with(large);
        tokio::join!(renew(&fetcher, &map), renew(&fetcher, &map));
        assert_eq!(site.hits().len(), 1);
        assert_eq!(found(&bench, 30_000).await, Some(30_000));
        let address = map.request.url.to_string();
        let kept = bench.db.read(move |conn| IdMap::find(conn, &address)).await;
        assert_eq!(kept.unwrap().unwrap().entries, 60_000);
    }
}
