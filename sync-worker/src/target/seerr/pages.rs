//! Reading all of `/media` and `/request` in large pages while Seerr goes on working, and the
//! [`Snapshot`] that comes of it. Of each page only what is kept of its rows outlives it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDateTime;
use schema::models::MediaType;
use serde::de::DeserializeOwned;

use super::{
    http::Http,
    merged::highest,
    product::Product,
    refusal::Call,
    rows::{Media, No, Page, Request, Row},
};
use crate::target::{Snapshot, TargetError, TargetRequest, TargetWarning};

/// Rows a page. Larger ones block Seerr for everybody else.
const TAKE: usize = 1000;
/// Rows of the first page when only the newest requests are wanted: those of a batch, with some to
/// spare. Seerr takes a third of a millisecond for each.
const FIRST_TAKE: usize = 300;
/// Readings from the beginning before the whole is given up.
const ROUNDS: usize = 3;
/// Where requests are, oldest last.
const REQUESTS: &str = "/request?filter=all&sort=added";

/// What was read so far.
struct Rows<K> {
    /// Of every row, also of those that are not kept.
    ids: HashSet<i32>,
    kept: Vec<K>,
    /// What people said no to.
    refusals: Vec<No>,
    /// Radarrs and Sonarrs that did not answer Seerr, by name.
    silent: BTreeSet<String>,
}

impl<K> Rows<K> {
    fn new() -> Self {
        Self {
            ids: HashSet::new(),
            kept: Vec::new(),
            refusals: Vec::new(),
            silent: BTreeSet::new(),
        }
    }

    /// Takes what is new on a page.
    fn take<R: Row<Kept = K>>(&mut self, page: Page<R>, product: &Product) {
        if let Some(errors) = page.service_errors {
            self.silent.extend(errors.names());
        }
        for row in page.results {
            if self.ids.insert(row.id()) {
                self.refusals.extend(row.refusals(product));
                self.kept.extend(row.keep(product));
            }
        }
    }
}

/// Everything Seerr knows.
///
/// # Errors
/// When a page does not arrive.
pub(super) async fn snapshot(http: &Http, product: &Product) -> Result<Snapshot, TargetError> {
    let (media, requests) = futures_util::try_join!(
        all::<Media>(http, "/media?sort=added", product),
        all::<Request>(http, REQUESTS, product),
    )?;
    Ok(Snapshot {
        told_at: http.told_at(),
        ..merge(media, requests)
    })
}

/// Requests with this id or a higher one, newest first.
///
/// # Errors
/// When a page does not arrive.
pub(super) async fn requests_since(
    http: &Http,
    product: &Product,
    oldest_id: i32,
) -> Result<Vec<TargetRequest>, TargetError> {
    let mut rows: BTreeMap<i32, TargetRequest> = BTreeMap::new();
    let mut skip = 0;
    loop {
        let take = if skip == 0 { FIRST_TAKE } else { TAKE };
        let page: Page<Request> = page(http, REQUESTS, take, skip).await?;
        skip += page.results.len();
        let is_last = page.results.is_empty()
            || skip >= page.info.results
            || page.results.iter().any(|row| row.id() < oldest_id);
        let wanted = page.results.into_iter().filter(|row| row.id() >= oldest_id);
        rows.extend(wanted.filter_map(|row| Some((row.id(), row.keep(product)?))));
        if is_last {
            return Ok(rows.into_values().rev().collect());
        }
    }
}

/// The names of Radarrs and Sonarrs that do not answer Seerr, told with any page of requests.
///
/// # Errors
/// When the page does not arrive.
pub(super) async fn silent_services(http: &Http) -> Result<BTreeSet<String>, TargetError> {
    let page: Page<Request> = page(http, REQUESTS, 1, 0).await?;
    let errors = page.service_errors;
    Ok(errors.map_or_else(BTreeSet::new, |errors| errors.names().collect()))
}

/// What is said of services that do not answer; nothing when all do.
pub(super) fn warnings(silent: &BTreeSet<String>) -> Vec<TargetWarning> {
    if silent.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = silent.iter().map(String::as_str).collect();
    let names = names.join(", ");
    vec![TargetWarning {
        what: format!(
            "{names}: no answer to Seerr, which can make it wait 10 s whenever requests are read, and what is requested stays where it is"
        ),
        remedy: format!(
            "Look whether {names} runs, and test the connection in Seerr's Settings > Services."
        ),
    }]
}

/// All rows, each once. Pages are cut by position, newest first: a row that comes in meanwhile shows
/// one twice, a row that goes hides one. So rows are told apart by id, each page begins with the last
/// row of the one before (where it does not, something went and it all begins anew), and page 1 is
/// looked at again at the end.
async fn all<R: Row + DeserializeOwned>(
    http: &Http,
    path: &str,
    product: &Product,
) -> Result<Rows<R::Kept>, TargetError> {
    for _ in 0..ROUNDS {
        let mut rows = Rows::new();
        if one_round::<R>(http, path, product, &mut rows).await? {
            return Ok(rows);
        }
    }
    Err(TargetError::Busy {
        message: format!("rows of {path} went while it was read, {ROUNDS} times"),
    })
}

/// Fills `rows`; tells whether none can have been hidden.
async fn one_round<R: Row + DeserializeOwned>(
    http: &Http,
    path: &str,
    product: &Product,
    rows: &mut Rows<R::Kept>,
) -> Result<bool, TargetError> {
    let first: Page<R> = page(http, path, TAKE, 0).await?;
    let mut read = first.results.len();
    let mut total = first.info.results;
    rows.take(first, product);
    if read == 0 || read >= total {
        return Ok(read >= total); // one page is of one moment
    }
    while read < total {
        let mut overlap = 1;
        let next = loop {
            let next: Page<R> = page(http, path, TAKE, read.saturating_sub(overlap)).await?;
            let is_joined = next
                .results
                .first()
                .is_some_and(|row| rows.ids.contains(&row.id()));
            if is_joined {
                break next;
            }
            // Rows went meanwhile: what followed the last one read stands further to the front.
            if overlap >= read {
                return Ok(false);
            }
            overlap = (overlap * 30).min(read);
        };
        let reached = read.saturating_sub(overlap) + next.results.len();
        total = next.info.results;
        rows.take(next, product);
        if reached <= read && reached < total {
            return Ok(false);
        }
        read = reached;
    }
    let newest: Page<R> = page(http, path, TAKE, 0).await?;
    rows.take(newest, product);
    Ok(true)
}

async fn page<R: DeserializeOwned>(
    http: &Http,
    path: &str,
    take: usize,
    skip: usize,
) -> Result<Page<R>, TargetError> {
    http.get(Call::Own, &format!("{path}&take={take}&skip={skip}"), None)
        .await
}

fn merge(media: Rows<<Media as Row>::Kept>, requests: Rows<TargetRequest>) -> Snapshot {
    let mut by_title = HashMap::with_capacity(media.kept.len());
    for (key, row) in media.kept {
        let row = match by_title.remove(&key) {
            Some(known) => highest(known, row),
            None => row,
        };
        by_title.insert(key, row);
    }
    let requests_by_title = grouped(requests.kept);
    let refusals = media.refusals.into_iter().chain(requests.refusals);
    Snapshot {
        refused_at: refused_at(refusals, &requests_by_title),
        told_at: None,
        media: by_title,
        requests: requests_by_title,
        newest_request_id: requests.ids.iter().copied().max().unwrap_or_default(),
        warnings: warnings(&requests.silent),
    }
}

/// When each no was said that is seen now: an older declined request is none.
fn refused_at(
    refusals: impl Iterator<Item = No>,
    requests: &HashMap<Key, Vec<TargetRequest>>,
) -> HashMap<Key, NaiveDateTime> {
    let mut said: HashMap<Key, NaiveDateTime> = HashMap::new();
    for no in refusals {
        let newest = requests.get(&no.place).and_then(|group| group.first());
        if no.request.is_some() && no.request != newest.map(|request| request.id) {
            continue;
        }
        let known = said.entry(no.place).or_insert(no.at);
        *known = no.at.max(*known);
    }
    said
}

/// By title and quality, newest first; no group has room to spare, since most have one request.
fn grouped(mut requests: Vec<TargetRequest>) -> HashMap<Key, Vec<TargetRequest>> {
    requests.sort_unstable_by_key(|row| (key(row), std::cmp::Reverse(row.id)));
    let mut groups = HashMap::with_capacity(requests.len());
    for group in requests.chunk_by(|one, other| key(one) == key(other)) {
        groups.extend(group.first().map(|row| (key(row), group.to_vec())));
    }
    groups
}

/// Media type, TMDB number and whether it is 4K.
type Key = (MediaType, i64, bool);

fn key(row: &TargetRequest) -> Key {
    (row.media_type, row.tmdb_id, row.is_4k)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::target::{MediaRow, MediaStatus, SeasonRow, seerr::product::Program};

    fn rows<R: Row + DeserializeOwned>(results: &[Value]) -> Rows<R::Kept> {
        let page = json!({ "pageInfo": { "results": results.len() }, "results": results });
        let product = Product::recognised(Program::Seerr, true, "3.1.0");
        let mut rows = Rows::new();
        rows.take::<R>(serde_json::from_value(page).unwrap(), &product);
        rows
    }

    fn snapshot(media: &[Value], requests: &[Value]) -> Snapshot {
        merge(rows::<Media>(media), rows::<Request>(requests))
    }

    fn media(id: i32, tmdb_id: i64, status: i64, status4k: i64) -> Value {
        json!({ "id": id, "mediaType": "movie", "tmdbId": tmdb_id, "status": status, "status4k": status4k })
    }

    fn request(id: i32, tmdb_id: i64, is_4k: bool) -> Value {
        json!({
            "id": id, "status": 2, "type": "movie", "is4k": is_4k,
            "media": { "tmdbId": tmdb_id, "mediaType": "movie" }, "requestedBy": { "id": 1 }, "seasons": []
        })
    }

    #[test]
    fn of_two_rows_of_one_title_the_highest_counts_in_either_order() {
        let rows = [media(1, 603, 5, 1), media(2, 603, 1, 3)];
        let swapped = [media(2, 603, 1, 3), media(1, 603, 5, 1)];
        let wanted = MediaRow {
            seasons: Box::default(),
            status: MediaStatus::Available,
            status_4k: MediaStatus::Processing,
            is_handed_on: false,
            is_handed_on_4k: false,
        };
        for rows in [rows, swapped] {
            let snapshot = snapshot(&rows, &[]);
            assert_eq!(snapshot.media.get(&(MediaType::Movie, 603)), Some(&wanted));
        }
    }

    #[test]
    fn what_fetches_a_title_knows_it_by_a_number_of_its_own() {
        let mut row = media(1, 603, 3, 3);
        row["externalServiceId"] = json!(17);
        row["externalServiceId4k"] = Value::Null;
        let of = |row: Value| snapshot(&[row], &[]).media[&(MediaType::Movie, 603)].clone();
        let handed_on = |row: &MediaRow| (row.is_handed_on, row.is_handed_on_4k);
        assert_eq!(handed_on(&of(row.clone())), (true, false));
        row["externalServiceId4k"] = json!(0);
        assert_eq!(handed_on(&of(row)), (true, true));
        assert_eq!(handed_on(&of(media(1, 603, 3, 3))), (false, false));
    }

    #[test]
    fn the_seasons_of_the_library_are_read_for_both_qualities() {
        let show = json!({ "id": 4, "mediaType": "tv", "tmdbId": 1396, "status": 4, "status4k": 3, "seasons": [
            { "id": 8, "seasonNumber": 2, "status": 4, "status4k": 1 },
            { "id": 7, "seasonNumber": 1, "status": 5, "status4k": 7 },
            { "id": 9, "seasonNumber": 0 },
        ] });
        let season = |season, status, status_4k| SeasonRow {
            season,
            status,
            status_4k,
        };
        let snapshot = snapshot(&[show], &[]);
        assert_eq!(
            &*snapshot.media[&(MediaType::Tv, 1396)].seasons,
            [
                season(0, MediaStatus::Unknown, MediaStatus::Unknown),
                season(1, MediaStatus::Available, MediaStatus::Deleted),
                season(2, MediaStatus::Partial, MediaStatus::Unknown),
            ]
        );
    }

    #[test]
    fn what_is_neither_movie_nor_show_or_lost_its_title_is_left_out_and_nothing_else() {
        let media = [
            json!({ "id": 1, "mediaType": "music", "tmdbId": 5, "status": 5, "status4k": 1 }),
            json!({ "id": 2, "mediaType": null, "tmdbId": 5, "status": 5, "status4k": 1 }),
            json!({ "id": 3, "mediaType": "movie", "tmdbId": null, "status": 5 }),
            json!({ "id": 4, "mediaType": "movie", "tmdbId": 6, "status": null, "seasons": null }),
        ];
        let requests = [
            json!({ "id": 9, "status": 2, "type": "movie", "media": null }),
            json!({ "id": 8, "status": 2, "type": "music", "media": { "tmdbId": 1 } }),
            json!({ "id": 7, "status": 2, "media": { "tmdbId": 6, "mediaType": "movie" }, "seasons": null }),
        ];
        let snapshot = snapshot(&media, &requests);
        let known: Vec<_> = snapshot.media.keys().collect();
        assert_eq!(known, [&(MediaType::Movie, 6)]);
        let asked: Vec<_> = snapshot.requests.keys().collect();
        assert_eq!(asked, [&(MediaType::Movie, 6, false)]);
        assert_eq!(snapshot.newest_request_id, 9, "also of those left out");
    }

    #[test]
    fn requests_of_a_title_are_newest_first_and_apart_by_quality() {
        let rows = [
            request(3, 603, false),
            request(9, 603, false),
            request(5, 603, true),
            request(4, 604, false),
        ];
        let snapshot = snapshot(&[], &rows);
        let ids = |tmdb_id, is_4k| -> Vec<i32> {
            snapshot.requests[&(MediaType::Movie, tmdb_id, is_4k)]
                .iter()
                .map(|row| row.id)
                .collect()
        };
        assert_eq!(
            (ids(603, false), ids(603, true), ids(604, false)),
            (vec![9, 3], vec![5], vec![4])
        );
        assert_eq!(snapshot.newest_request_id, 9);
    }

    #[test]
    fn a_no_is_dated_by_the_row_that_tells_it_and_an_older_request_tells_none() {
        let at = |hour: u32| format!("2026-02-28T{hour:02}:00:00.500Z");
        let dated = |mut row: Value, hour| {
            row["updatedAt"] = json!(at(hour));
            row
        };
        let declined = |id, tmdb_id, is_4k, hour| {
            let mut row = dated(request(id, tmdb_id, is_4k), hour);
            row["status"] = json!(3);
            row
        };
        let undated = |mut row: Value, time: Value| {
            row["updatedAt"] = time;
            row
        };
        let media = [
            dated(media(1, 10, 7, 1), 4),
            dated(media(2, 11, 5, 6), 5),
            dated(media(3, 12, 5, 3), 6),
            undated(media(4, 13, 7, 1), json!(1_772_280_000)),
            undated(media(5, 14, 7, 1), json!("yesterday")),
        ];
        let requests = [
            declined(7, 20, false, 1),
            declined(8, 20, true, 2),
            declined(9, 21, false, 3),
            dated(request(10, 21, false), 3),
            declined(11, 22, false, 7),
            declined(12, 22, false, 8),
            declined(13, 10, false, 9),
            dated(request(14, 23, false), 3),
        ];
        let mut told: Vec<String> = snapshot(&media, &requests)
            .refused_at
            .into_iter()
            .map(|((_, tmdb_id, is_4k), at)| format!("{tmdb_id} {is_4k} {at}"))
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "10 false 2026-02-28 09:00:00.500",
                "11 true 2026-02-28 05:00:00.500",
                "20 false 2026-02-28 01:00:00.500",
                "20 true 2026-02-28 02:00:00.500",
                "22 false 2026-02-28 08:00:00.500",
            ]
        );
    }

    #[test]
    fn a_row_takes_no_more_memory_than_this() {
        assert!(size_of::<SeasonRow>() <= 8);
        assert!(size_of::<<Media as Row>::Kept>() <= 40);
        assert!(size_of::<TargetRequest>() <= 56);
        let rows: Vec<Value> = (1..=50)
            .map(|id| request(id, i64::from(id % 40), false))
            .collect();
        let snapshot = snapshot(&[], &rows);
        assert!(
            snapshot
                .requests
                .values()
                .all(|group| group.capacity() == group.len())
        );
    }

    #[test]
    fn a_service_that_does_not_answer_is_named_with_what_to_do() {
        assert_eq!(warnings(&BTreeSet::new()), []);
        let warning = warnings(&["Films".to_owned(), "Shows".to_owned()].into()).remove(0);
        assert!(
            warning.what.starts_with("Films, Shows: no answer to Seerr"),
            "{}",
            warning.what
        );
        assert_eq!(
            warning.remedy,
            "Look whether Films, Shows runs, and test the connection in Seerr's Settings > Services."
        );
    }
}
