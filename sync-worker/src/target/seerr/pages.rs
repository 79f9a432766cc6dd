//! Reading all of `/media` and `/request` in large pages while Seerr goes on working, and the
//! [`Snapshot`] that comes of it.

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;

use super::{
    answers::{Media, Page, Request, Row},
    http::Http,
    refusal::Call,
};
use crate::target::{MediaRow, MediaStatus, Snapshot, TargetError, TargetRequest};

/// Rows a page. Larger ones block Seerr for everybody else.
const TAKE: usize = 1000;
/// Rows of the first page when only the newest requests are wanted: those of a batch, with some to
/// spare. Seerr takes a third of a millisecond for each.
const FIRST_TAKE: usize = 300;
/// Readings from the beginning before the whole is given up.
const ROUNDS: usize = 3;

/// Everything Seerr knows.
///
/// # Errors
/// When a page does not arrive.
pub(super) async fn snapshot(http: &Http) -> Result<Snapshot, TargetError> {
    let (media, requests) = futures_util::try_join!(
        all::<Media>(http, "/media?sort=added"),
        all::<Request>(http, "/request?filter=all&sort=added"),
    )?;
    Ok(merge(&media, &requests))
}

/// Requests with this id or a higher one, newest first.
///
/// # Errors
/// When a page does not arrive.
pub(super) async fn requests_since(
    http: &Http,
    oldest_id: i32,
) -> Result<Vec<TargetRequest>, TargetError> {
    let mut rows: BTreeMap<i32, Request> = BTreeMap::new();
    let mut skip = 0;
    loop {
        let take = if skip == 0 { FIRST_TAKE } else { TAKE };
        let page: Page<Request> = page(http, "/request?filter=all&sort=added", take, skip).await?;
        skip += page.results.len();
        let is_last = page.results.is_empty()
            || skip >= page.page_info.results
            || page.results.iter().any(|row| row.id() < oldest_id);
        rows.extend(by_id(page.results));
        if is_last {
            break;
        }
    }
    let wanted = rows.range(oldest_id..).rev();
    Ok(wanted.filter_map(|(_, row)| row.read()).collect())
}

/// All rows, each once. Pages are cut by position, newest first: a row that comes in meanwhile shows
/// one twice, a row that goes hides one. So rows are told apart by id, each page begins with the last
/// row of the one before (where it does not, something went and it all begins anew), and page 1 is
/// looked at again at the end.
async fn all<R: Row + DeserializeOwned>(http: &Http, path: &str) -> Result<Vec<R>, TargetError> {
    for _ in 0..ROUNDS {
        let (rows, is_whole) = one_round(http, path).await?;
        if is_whole {
            return Ok(rows.into_values().collect());
        }
    }
    Err(TargetError::Busy {
        message: format!("rows of {path} went while it was read, {ROUNDS} times"),
    })
}

/// The rows, and whether none can have been hidden.
async fn one_round<R: Row + DeserializeOwned>(
    http: &Http,
    path: &str,
) -> Result<(BTreeMap<i32, R>, bool), TargetError> {
    let first: Page<R> = page(http, path, TAKE, 0).await?;
    let mut read = first.results.len();
    let mut total = first.page_info.results;
    let mut rows: BTreeMap<i32, R> = by_id(first.results).collect();
    if read == 0 || read >= total {
        return Ok((rows, read >= total)); // one page is of one moment
    }
    while read < total {
        let mut overlap = 1;
        let next = loop {
            let next: Page<R> = page(http, path, TAKE, read.saturating_sub(overlap)).await?;
            let is_joined = next
                .results
                .first()
                .is_some_and(|row| rows.contains_key(&row.id()));
            if is_joined {
                break next;
            }
            // Rows went meanwhile: what followed the last one read stands further to the front.
            if overlap >= read {
                return Ok((rows, false));
            }
            overlap = (overlap * 30).min(read);
        };
        let reached = read.saturating_sub(overlap) + next.results.len();
        total = next.page_info.results;
        rows.extend(by_id(next.results));
        if reached <= read && reached < total {
            return Ok((rows, false));
        }
        read = reached;
    }
    let newest: Page<R> = page(http, path, TAKE, 0).await?;
    rows.extend(by_id(newest.results));
    Ok((rows, true))
}

fn by_id<R: Row>(rows: Vec<R>) -> impl Iterator<Item = (i32, R)> {
    rows.into_iter().map(|row| (row.id(), row))
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

fn merge(media: &[Media], requests: &[Request]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (key, row) in media.iter().filter_map(Media::read) {
        snapshot
            .media
            .entry(key)
            .and_modify(|known| *known = highest(*known, row))
            .or_insert(row);
    }
    let mut by_title: HashMap<_, Vec<TargetRequest>> = HashMap::new();
    for request in requests.iter().filter_map(Request::read) {
        let key = (request.media_type, request.tmdb_id, request.is_4k);
        by_title.entry(key).or_default().push(request);
    }
    for rows in by_title.values_mut() {
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    }
    snapshot.newest_request_id = requests.iter().map(Row::id).max().unwrap_or_default();
    snapshot.requests = by_title;
    snapshot
}

/// Of two rows of one title, which Seerr makes when two of its users ask at once: for each quality
/// the status that leaves the least to request.
fn highest(one: MediaRow, other: MediaRow) -> MediaRow {
    let (upper, lower) = if rank(other.status) > rank(one.status) {
        (other, one)
    } else {
        (one, other)
    };
    if rank(lower.status_4k) > rank(upper.status_4k) {
        MediaRow {
            status_4k: lower.status_4k,
            ..upper
        }
    } else {
        upper
    }
}

fn rank(status: MediaStatus) -> u8 {
    match status {
        MediaStatus::Unknown => 0,
        MediaStatus::Deleted => 1,
        MediaStatus::Pending => 2,
        MediaStatus::Processing => 3,
        MediaStatus::Partial => 4,
        MediaStatus::Available => 5,
        MediaStatus::Blocklisted => 6,
        MediaStatus::Other(_) => 7,
    }
}

#[cfg(test)]
mod tests {
    use schema::models::MediaType;
    use serde_json::json;

    use super::*;

    fn media(id: i32, tmdb_id: i64, status: i64, status4k: i64) -> Media {
        serde_json::from_value(json!({
            "id": id, "mediaType": "movie", "tmdbId": tmdb_id, "status": status, "status4k": status4k
        }))
        .unwrap()
    }

    fn request(id: i32, tmdb_id: i64, is_4k: bool) -> Request {
        serde_json::from_value(json!({
            "id": id, "status": 2, "type": "movie", "is4k": is_4k,
            "media": { "tmdbId": tmdb_id, "mediaType": "movie" }, "requestedBy": { "id": 1 }, "seasons": []
        }))
        .unwrap()
    }

    #[test]
    fn of_two_rows_of_one_title_the_highest_counts_in_either_order() {
        let rows = [media(1, 603, 5, 1), media(2, 603, 1, 3)];
        let swapped = [media(2, 603, 1, 3), media(1, 603, 5, 1)];
        let wanted = MediaRow {
            id: 1,
            status: MediaStatus::Available,
            status_4k: MediaStatus::Processing,
        };
        for rows in [rows, swapped] {
            let snapshot = merge(&rows, &[]);
            assert_eq!(snapshot.media.get(&(MediaType::Movie, 603)), Some(&wanted));
        }
    }

    #[test]
    fn requests_of_a_title_are_newest_first_and_apart_by_quality() {
        let rows = [
            request(3, 603, false),
            request(9, 603, false),
            request(5, 603, true),
        ];
        let snapshot = merge(&[], &rows);
        let ids = |is_4k| -> Vec<i32> {
            snapshot.requests[&(MediaType::Movie, 603, is_4k)]
                .iter()
                .map(|row| row.id)
                .collect()
        };
        assert_eq!((ids(false), ids(true)), (vec![9, 3], vec![5]));
        assert_eq!(snapshot.newest_request_id, 9);
    }
}
