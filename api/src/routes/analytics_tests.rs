//! Tests of the figures, over a small database whose figures can be counted by hand.

use diesel::connection::SimpleConnection;

use super::*;
use crate::testing::World;

/// It is 2026-11-21 12:00 UTC.
async fn world() -> World {
    let world = World::alone().await;
    let sql = "
        INSERT INTO lists (id, list_type, list_id, list_url, description, status, removed_at, created_at, updated_at)
        VALUES (1, 'imdb', 'ls1', '', 'One', 'complete', NULL, '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (2, 'imdb', 'ls2', '', 'Two', 'complete', NULL, '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (3, 'trakt', 'me/w', '', 'Three', 'complete', NULL, '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (4, 'trakt', 'old', '', 'Gone', 'complete', '2026-11-02 00:00:00', '2026-11-01 00:00:00', '2026-11-01 00:00:00');
        INSERT INTO titles (id, media_type, tmdb_id, title, created_at, updated_at)
        VALUES (1, 'movie', 101, 'A', '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (2, 'movie', 102, 'B', '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (3, 'tv', 101, 'C', '2026-11-01 00:00:00', '2026-11-01 00:00:00'),
               (4, 'movie', 104, 'D', '2026-11-01 00:00:00', '2026-11-01 00:00:00');
        INSERT INTO list_items (list, entry_key, rank, title, first_seen, identity, title_ref, left_at)
        VALUES (1, 'a', 1, 'A', '2026-11-01 00:00:00', 'matched', 1, NULL),
               (1, 'b', 2, 'B', '2026-11-01 00:00:00', 'matched', 2, NULL),
               (1, 'c', 3, 'C', '2026-11-01 00:00:00', 'matched', 3, '2026-11-02 00:00:00'),
               (1, 'x', 4, 'X', '2026-11-01 00:00:00', 'not_found', NULL, NULL),
               (2, 'a', 1, 'A', '2026-11-01 00:00:00', 'matched', 1, NULL),
               (2, 'y', 2, 'Y', '2026-11-01 00:00:00', 'needs_review', NULL, NULL),
               (2, 'd', 3, 'D', '2026-11-01 00:00:00', 'matched', 4, NULL),
               (4, 'b', 1, 'B', '2026-11-01 00:00:00', 'matched', 2, NULL);
        INSERT INTO synced_items (target, title, media_type, tmdb_id, is_4k, status, reason,
               provider_source, last_synced, requested_at)
        VALUES ('seerr', 'A', 'movie', 101, 0, 'requested', '', '', '2026-11-21', '2026-11-21 00:30:00'),
               ('seerr', 'B', 'movie', 102, 0, 'available', '', '', '2026-11-18', '2026-11-18 10:00:00'),
               ('seerr', 'C', 'tv', 101, 0, 'failed', '', '', '2026-11-18', '2026-11-18 23:59:59'),
               ('seerr', 'D', 'movie', 104, 0, 'failed_permanent', '', '', '2026-11-18', NULL),
               ('seerr', 'E', 'movie', 105, 0, 'adopted', '', '', '2026-10-18', '2026-10-30 23:59:59');
        INSERT INTO sync_history (sync_started, sync_completed, sync_mode, status, scope, is_full)
        VALUES ('2026-09-01 10:00:00', '2026-09-01 10:00:10', 'manual', 'failed', '{}', 1),
               ('2026-11-01 10:00:00', '2026-11-01 10:00:10', 'manual', 'completed', '{}', 1),
               ('2026-11-02 10:00:00', '2026-11-02 10:00:20.5', 'schedule', 'completed', '{}', 1),
               ('2026-11-03 10:00:00', '2026-11-03 10:00:10', 'schedule', 'failed', '{}', 1),
               ('2026-11-04 10:00:00', '2026-11-04 10:00:10', 'manual', 'cancelled', '{}', 1),
               ('2026-11-05 10:00:00', NULL, 'manual', 'running', '{}', 1),
               ('2026-11-05 10:00:01', NULL, 'manual', 'queued', '{}', 1);";
    world
        .db
        .write(move |conn| conn.batch_execute(sql))
        .await
        .unwrap();
    world
}

#[actix_web::test]
async fn the_overview_counts_entries_titles_requests_and_runs() {
    let answer = world().await.get("/api/analytics/overview").await;
    assert_eq!(answer.status, 200);
    let json = &answer.json;
    assert_eq!(
        (
            &json["total_items"],
            &json["needs_review"],
            &json["not_found"]
        ),
        (&6.into(), &1.into(), &1.into())
    );
    assert_eq!(
        json["titles"],
        serde_json::json!({"requested": 1, "available": 1, "failed": 1, "failed_permanent": 1, "adopted": 1})
    );
    assert_eq!(json["total_errors"], 2);
    assert_eq!(
        json["requests"],
        serde_json::json!({"last_24h": 1, "last_7d": 3, "last_30d": 4})
    );
    assert_eq!(json["success_rate"], 66.7);
    assert_eq!(json["avg_processing_time"], 15.3);
    assert_eq!(
        (&json["active_sync"], &json["queued"]),
        (&true.into(), &1.into())
    );
    assert_eq!(json["total_sync_operations"], 5);
    assert_eq!(json["last_sync_time"], "2026-11-02T10:00:20.500Z");
    assert_eq!(json["last_run"]["status"], "cancelled");
}

#[actix_web::test]
async fn a_new_installation_has_figures_too() {
    let world = World::alone().await;
    let answer = world.get("/api/analytics/overview").await;
    assert_eq!(
        (answer.status, &answer.json["total_items"]),
        (200, &0.into())
    );
    for absent in [
        "success_rate",
        "avg_processing_time",
        "last_run",
        "last_sync_time",
    ] {
        assert_eq!(answer.json[absent], serde_json::Value::Null, "{absent}");
    }
    let sources = world.get("/api/analytics/source-distribution").await;
    assert_eq!(sources.json, serde_json::json!([]));
}

#[actix_web::test]
async fn each_day_tells_its_movies_and_shows() {
    let world = world().await;
    let answer = world.get("/api/analytics/media-additions?days=4").await;
    assert_eq!(answer.status, 200);
    let days = answer.json.as_array().unwrap();
    // Today comes last; how many days the requests are apart depends on the zone of this machine.
    let count: i64 = days.iter().map(|day| day["count"].as_i64().unwrap()).sum();
    assert_eq!((days.len(), count), (4, 3));
    let shows: i64 = days.iter().map(|day| day["shows"].as_i64().unwrap()).sum();
    assert_eq!(shows, 1);
    let all = world.get("/api/analytics/media-additions").await;
    assert_eq!(all.json.as_array().unwrap().len(), 30);
    world
        .get("/api/analytics/media-additions?days=366")
        .await
        .blames(&["days"]);
}

#[test]
fn days_begin_at_midnight_where_people_live() {
    let now = DateTime::parse_from_rfc3339("2026-11-21T01:00:00+02:00").unwrap();
    let days = days_until(now, 2);
    let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
    assert_eq!(
        days,
        [
            (
                "2026-11-20".parse().unwrap(),
                at("2026-11-19T22:00:00"),
                at("2026-11-20T22:00:00")
            ),
            (
                "2026-11-21".parse().unwrap(),
                at("2026-11-20T22:00:00"),
                at("2026-11-21T22:00:00")
            ),
        ]
    );
}

#[actix_web::test]
async fn sources_tell_what_became_of_their_entries() {
    let answer = world()
        .await
        .get("/api/analytics/source-distribution")
        .await;
    assert_eq!(answer.status, 200);
    let imdb = &answer.json[0];
    assert_eq!(
        serde_json::json!({"source": imdb["source"], "items_found": imdb["items_found"],
            "matched": imdb["matched"], "needs_review": imdb["needs_review"],
            "not_found": imdb["not_found"], "requested": imdb["requested"],
            "available": imdb["available"], "success_rate": imdb["success_rate"]}),
        serde_json::json!({"source": "imdb", "items_found": 6, "matched": 4, "needs_review": 1,
            "not_found": 1, "requested": 2, "available": 1, "success_rate": 66.7})
    );
    assert_eq!(
        imdb["lists"][0],
        serde_json::json!({"id": 1, "list_id": "ls1", "description": "One", "items_found": 3,
            "matched": 2, "needs_review": 0, "not_found": 1, "requested": 1, "available": 1,
            "success_rate": 66.7})
    );
    let trakt = &answer.json[1];
    assert_eq!(
        (&trakt["source"], &trakt["items_found"]),
        (&"trakt".into(), &0.into())
    );
    assert_eq!(trakt["success_rate"], serde_json::Value::Null);
    // The list that was removed is not among them.
    assert_eq!(trakt["lists"].as_array().unwrap().len(), 1);
}
