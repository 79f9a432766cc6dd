//! Everything Seerr knows, page by page.

use super::*;
use crate::target::{MediaStatus, RequestStatus};

/// A snapshot of rows that `change` changes before each answer; gives it with the skips of the pages.
async fn snapshot_of(
    rows: Vec<Value>,
    change: impl Fn(&mut Vec<Value>, usize) + Send + Sync + 'static,
) -> (Snapshot, Vec<usize>) {
    let rows = Mutex::new((rows, 0));
    let server = Server::new(move |asked, _| {
        if asked.line.starts_with("GET /api/v1/request?") {
            return page_of(&[request_row(8), request_row(5)], asked);
        }
        let (rows, nth) = &mut *rows.lock().unwrap();
        change(rows, *nth);
        *nth += 1;
        page_of(rows, asked)
    });
    let snapshot = server.client().snapshot().await.unwrap();
    let asked = server.asked.lock().unwrap();
    let pages = asked
        .iter()
        .filter(|asked| asked.line.contains("/media?sort=added&take=1000"));
    (
        snapshot,
        pages.map(|asked| asked.parameter("skip")).collect(),
    )
}

fn has(snapshot: &Snapshot, ids: std::ops::RangeInclusive<i64>) -> bool {
    ids.into_iter()
        .all(|id| snapshot.media.contains_key(&(Movie, id)))
}

#[actix_rt::test]
async fn an_empty_seerr_is_one_page_of_each() {
    let (snapshot, skips) = snapshot_of(vec![], |_, _| {}).await;
    assert!(snapshot.media.is_empty());
    assert_eq!(skips, [0]);
}

#[actix_rt::test]
async fn a_snapshot_has_every_row_and_the_newest_request_first() {
    let (snapshot, skips) = snapshot_of(media_rows(1000), |_, _| {}).await;
    assert_eq!(snapshot.media.len(), 1000);
    assert_eq!(skips, [0]);
    let row = &snapshot.media[&(Movie, 5)];
    assert_eq!(
        (row.status, row.status_4k),
        (MediaStatus::Processing, MediaStatus::Unknown)
    );
    let requests = &snapshot.requests[&(Tv, 1396, false)];
    assert_eq!(
        requests
            .iter()
            .map(|request| request.id)
            .collect::<Vec<_>>(),
        [8, 5]
    );
    assert_eq!(requests[0].status, RequestStatus::Declined);
    assert_eq!(
        (requests[0].requested_by, requests[0].seasons.as_slice()),
        (Some(4), &[1, 2][..])
    );
    assert_eq!(snapshot.newest_request_id, 8);
    let away = chrono::Utc::now().naive_utc() - snapshot.told_at.unwrap();
    assert!(away.abs() < chrono::TimeDelta::minutes(1), "{away}");
}

#[actix_rt::test]
async fn pages_are_read_to_the_end_and_the_first_is_looked_at_again() {
    let (snapshot, skips) = snapshot_of(media_rows(2500), |_, _| {}).await;
    assert!(has(&snapshot, 1..=2500) && snapshot.media.len() == 2500);
    assert_eq!(skips, [0, 999, 1998, 0]);
}

#[actix_rt::test]
async fn rows_that_come_in_meanwhile_are_there_once() {
    let (snapshot, _) = snapshot_of(media_rows(2500), |rows, nth| {
        if nth == 1 || nth == 2 {
            rows.insert(0, media_row(2500 + nth));
        }
    })
    .await;
    assert!(has(&snapshot, 1..=2502) && snapshot.media.len() == 2502);
}

#[actix_rt::test]
async fn a_row_that_goes_meanwhile_hides_no_other() {
    let (snapshot, skips) = snapshot_of(media_rows(2500), |rows, nth| {
        if nth == 1 {
            rows.remove(3);
        }
    })
    .await;
    // The one that went was there when its page was read; a step back finds those behind it.
    assert!(has(&snapshot, 1..=2500) && snapshot.media.len() == 2500);
    assert_eq!(skips, [0, 999, 970, 1969, 0]);
}

#[actix_rt::test]
async fn requests_since_an_id_take_no_more_pages_than_needed() {
    let rows: Vec<Value> = (1..=1500).rev().map(request_row).collect();
    let server = Server::new(move |asked, _| page_of(&rows, asked));
    let seerr = server.client();
    let ids = |requests: Vec<TargetRequest>| -> Vec<i32> {
        requests.iter().map(|request| request.id).collect()
    };
    assert_eq!(ids(seerr.verify(1498).await.unwrap()), [1500, 1499, 1498]);
    assert_eq!(server.lines().len(), 1);
    assert_eq!(seerr.verify(1301).await.unwrap().len(), 200);
    assert_eq!(server.lines().len(), 2);
    assert_eq!(seerr.verify(0).await.unwrap().len(), 1500);
    assert_eq!(server.lines().len(), 5);
    assert_eq!(ids(seerr.verify(1501).await.unwrap()), [] as [i32; 0]);
}

#[actix_rt::test]
async fn a_part_is_never_given_for_the_whole() {
    type Answer = fn(&Asked, usize) -> Reply;
    let spoilt: [Answer; 5] = [
        |_, _| Reply::Html(200),
        |_, _| Reply::Json(500, json!({ "message": "SQLITE_BUSY: database is locked" })),
        |_, _| Reply::Html(502),
        |_, _| ok(json!({ "pageInfo": { "results": "many" }, "results": [] })),
        |_, _| ok(json!({ "pageInfo": { "results": 5 } })),
    ];
    for answer in spoilt {
        for which in ["/media?", "/request?"] {
            let rows = media_rows(2500);
            let server = Server::new(move |asked, before| {
                let is_late = asked.line.contains(which) && asked.parameter("skip") > 0;
                if is_late {
                    return answer(asked, before);
                }
                if asked.line.contains("/media?") {
                    return page_of(&rows, asked);
                }
                let requests: Vec<Value> = (1..=1500).rev().map(request_row).collect();
                page_of(&requests, asked)
            });
            assert!(server.client().snapshot().await.is_err(), "{which}");
        }
    }
}

#[actix_rt::test]
async fn a_page_that_is_cut_off_without_end_or_does_not_come_is_no_snapshot() {
    let (url, _) = curt(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"pageInfo\":",
    )
    .await;
    assert!(client(&url, 1).snapshot().await.is_err());
    let silent = Server::new(|_, _| Reply::Never);
    let error = hasty(&silent.url).snapshot().await.unwrap_err();
    assert!(matches!(error, TargetError::Unknown { .. }), "{error:?}");
    let large = Server::new(|asked, _| page_of(&media_rows(1000), asked));
    let limits = Limits {
        body: 4096,
        ..Limits::with_post(Duration::from_secs(20))
    };
    let seerr = Seerr::with_limits(&settings(&large.url, 1), limits).unwrap();
    let error = knowing(seerr).snapshot().await.unwrap_err();
    assert!(matches!(error, TargetError::Malformed { .. }), "{error:?}");
}

#[actix_rt::test]
async fn seasons_and_requests_of_a_show_are_told_apart_by_quality() {
    let server = Server::new(|asked, _| {
        if asked.line.starts_with("GET /api/v1/request?") {
            return page_of(&[request_row(8)], asked);
        }
        let show = json!({ "id": 3, "mediaType": "tv", "tmdbId": 1396, "status": 4, "status4k": 1,
            "seasons": [{ "seasonNumber": 1, "status": 5, "status4k": 3 }] });
        page_of(&[show], asked)
    });
    let snapshot = server.client().snapshot().await.unwrap();
    let row = &snapshot.media[&(Tv, 1396)];
    assert_eq!(
        (row.status, row.status_4k),
        (MediaStatus::Partial, MediaStatus::Unknown)
    );
    let season = row.seasons[0];
    assert_eq!(
        (season.season, season.status, season.status_4k),
        (1, MediaStatus::Available, MediaStatus::Processing)
    );
}
