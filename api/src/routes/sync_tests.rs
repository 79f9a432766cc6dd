//! Tests of starting, watching and ending runs over HTTP.

use super::*;
use schema::wire::{Failure, FailureCode, sync::RunStarted};

use crate::testing::{World, missing, progress, sync_status};

fn started(world: &World) -> StartRun {
    match world.asked().pop() {
        Some(ToSyncWorker::StartRun(start)) => start,
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_trigger_without_a_body_syncs_everything() {
    for body in ["", "{}", r#"{"type":"all"}"#] {
        let world = World::new().await;
        let answer = world.send("POST", "/api/sync/trigger", body).await;
        assert_eq!((answer.status, &answer.json["run_id"]), (202, &7.into()));
        assert_eq!(answer.json["success"], true);
        assert_eq!(answer.json["queued"], false);
        assert_eq!(answer.header("location"), "/api/sync-history/7");
        assert_eq!(started(&world), StartRun::everything(RunTrigger::Manual));
    }
}

#[actix_web::test]
async fn one_list_or_some_are_synced_by_number_or_name() {
    let world = World::new().await;
    let id = world.insert_list("trakt", "me/best").await;
    for (path, body) in [
        ("trigger", r#"{"lists":[1]}"#),
        (
            "trigger",
            r#"{"type":"single","list":{"list_type":"trakt","list_id":"me/best"}}"#,
        ),
        ("trigger", r#"{"list_type":"trakt","list_id":"me/best"}"#),
        ("single", r#"{"list_type":"trakt","list_id":"me/best"}"#),
        ("single", r#"{"id":1}"#),
    ] {
        let answer = world.send("POST", &format!("/api/sync/{path}"), body).await;
        assert_eq!(
            (answer.status, &answer.json["sync_type"]),
            (202, &"single".into()),
            "{body}"
        );
        assert_eq!(started(&world).lists, [id], "{body}");
    }
    let unknown = r#"{"list_type":"trakt","list_id":"other"}"#;
    world
        .send("POST", "/api/sync/single", unknown)
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn titles_can_be_given_as_the_plex_script_sends_them() {
    let world = World::new().await;
    let body = r#"{"custom_list":[
        {"title":"Heat","year":1995,"media_type":"movie","imdb_id":"imdb://tt0113277","guid":"x"},
        {"title":"Dark","year":"2017","media_type":"show","imdb_id":""},
        {"title":"Solo","year":null,"tmdb_id":"tmdb://348350"},
        {"title":"Lost","imdb_id":"tvdb://73739","season":"2"},
        {"title":"Lost","tvdb_id":73739,"season":0}
    ]}"#;
    let answer = world.send("POST", "/api/sync/trigger", body).await;
    assert_eq!(
        (answer.status, &answer.json["sync_type"]),
        (202, &"custom".into())
    );
    let entry = |title: &str| CustomEntry {
        title: title.into(),
        ..CustomEntry::default()
    };
    assert_eq!(
        started(&world).custom,
        [
            CustomEntry {
                year: Some(1995),
                media_type: Some(MediaType::Movie),
                imdb_id: Some("tt0113277".into()),
                ..entry("Heat")
            },
            CustomEntry {
                year: Some(2017),
                media_type: Some(MediaType::Tv),
                ..entry("Dark")
            },
            CustomEntry {
                tmdb_id: Some(348_350),
                ..entry("Solo")
            },
            CustomEntry {
                imdb_id: Some("tvdb://73739".into()),
                season: Some(2),
                ..entry("Lost")
            },
            CustomEntry {
                tvdb_id: Some(73_739),
                season: Some(0),
                ..entry("Lost")
            },
        ]
    );
}

#[actix_web::test]
async fn what_cannot_be_meant_is_refused_field_by_field() {
    let world = World::new().await;
    let many = format!(
        "{{\"custom_list\":[{}]}}",
        vec![r#"{"title":"x"}"#; 1001].join(",")
    );
    for (path, body, fields) in [
        ("trigger", r#"{"type":"some"}"#, &["type"][..]),
        ("trigger", r#"{"type":"single"}"#, &["list"]),
        ("trigger", r#"{"list_type":"imdb"}"#, &["list_id"]),
        ("trigger", r#"{"list_id":"top"}"#, &["list_type"]),
        ("trigger", r#"{"lists":["one"]}"#, &["lists[0]"]),
        (
            "trigger",
            r#"{"lists":[1],"custom_list":[{"title":"x"}]}"#,
            &["lists"],
        ),
        (
            "trigger",
            r#"{"custom_list":[{"title":"x"},{"title":" ","year":"now","imdb_id":"nm1"}]}"#,
            &["custom_list[1].imdb_id", "custom_list[1].year"],
        ),
        (
            "trigger",
            r#"{"custom_list":[{"title":""}]}"#,
            &["custom_list[0].title"],
        ),
        (
            "trigger",
            r#"{"custom_list":[{"title":"x","media_type":"song"}]}"#,
            &["custom_list[0].media_type"],
        ),
        ("trigger", &many, &["custom_list"]),
        ("trigger", r#"{"custom_list":[]}"#, &["custom_list"]),
        ("trigger", r#"{"lists":[]}"#, &["lists"]),
        (
            "trigger",
            r#"{"lists":[],"custom_list":[]}"#,
            &["custom_list", "lists"],
        ),
        ("trigger", r#"{"lists":null}"#, &["lists"]),
        (
            "trigger",
            r#"{"lists":[1],"custom_list":[]}"#,
            &["custom_list"],
        ),
        ("single", r#"{"lists":[]}"#, &["lists"]),
        ("single", "", &["id"]),
    ] {
        world
            .send("POST", &format!("/api/sync/{path}"), body)
            .await
            .blames(fields);
    }
    assert!(world.asked().is_empty());
}

#[actix_web::test]
async fn an_empty_selection_is_not_everything() {
    let world = World::new().await;
    let answer = world
        .send("POST", "/api/sync/trigger", r#"{"custom_list":[]}"#)
        .await;
    assert_eq!(
        answer.json["fields"]["custom_list"],
        "must have at least one entry; leave it out to sync everything"
    );
}

#[actix_web::test]
async fn while_a_run_is_going_on_the_next_is_queued() {
    let world = World::new().await;
    world.sync_answers(FromSyncWorker::RunStarted(RunStarted {
        run: RunId(9),
        is_queued: true,
    }));
    let answer = world.send("POST", "/api/sync/trigger", "").await;
    assert_eq!((answer.status, &answer.json["run_id"]), (202, &9.into()));
    assert_eq!(
        (&answer.json["status"], &answer.json["queued"]),
        (&"queued".into(), &true.into())
    );
    assert_eq!(answer.header("location"), "/api/sync-history/9");
}

#[actix_web::test]
async fn a_full_queue_is_busy_and_says_what_to_do() {
    let world = World::new().await;
    let full = Failure::new(FailureCode::Busy, "100 runs are waiting for their turn")
        .with_remedy("Wait until some of them are over.");
    world.sync_answers(full.into());
    let answer = world.send("POST", "/api/sync/trigger", "").await;
    answer.is_problem(409, "busy");
    assert_eq!(
        answer.json["detail"],
        "100 runs are waiting for their turn. Wait until some of them are over."
    );
}

#[actix_web::test]
async fn a_run_is_cancelled_under_either_path() {
    let world = World::new().await;
    for (path, body, run) in [
        ("/api/sync/cancel", "", None),
        ("/api/sync/cancel", r#"{"run_id":7}"#, Some(RunId(7))),
        ("/api/sync/7/cancel", "", Some(RunId(7))),
        ("/api/sync/job_1a2b/cancel", "", None),
    ] {
        let answer = world.send("POST", path, body).await;
        assert_eq!(
            (answer.status, &answer.json["run_id"]),
            (202, &7.into()),
            "{path}"
        );
        assert_eq!(
            world.asked().pop(),
            Some(ToSyncWorker::CancelRun(CancelRun { run }))
        );
    }
    for path in ["/api/sync/cancel", "/api/sync/job_1a2b/cancel"] {
        world.sync_fails(FailureCode::Conflict, "no run is going on");
        let answer = world.send("POST", path, "").await;
        answer.is_problem(409, "conflict");
        assert_eq!(answer.json["detail"], "No run is going on.", "{path}");
    }
}

#[actix_web::test]
async fn the_status_tells_where_a_run_is_and_what_is_missing() {
    let world = World::new().await;
    let answer = world.get("/api/sync/status").await;
    assert_eq!(
        (answer.status, &answer.json["is_running"]),
        (200, &false.into())
    );
    assert_eq!(answer.json["last_run"]["counts"]["requested"], 12);
    assert_eq!(answer.json["can_trigger_sync"], true);
    assert_eq!(answer.json["queued"], 0);
    let mut status = sync_status();
    status.run = Some(progress());
    status.missing = vec![missing()];
    status.queued = 2;
    world.sync_is(status);
    let answer = world.get("/api/sync/status").await;
    assert_eq!(
        (&answer.json["run_id"], &answer.json["phase"]),
        (&8.into(), &"apply".into())
    );
    assert_eq!(
        (&answer.json["done"], &answer.json["total"]),
        (&3.into(), &10.into())
    );
    assert_eq!(answer.json["queued"], 2);
    assert_eq!(answer.json["missing"][0]["what"], "Seerr is not configured");
    assert_eq!(answer.json["can_trigger_sync"], false);
    World::alone()
        .await
        .get("/api/sync/status")
        .await
        .is_problem(503, "unavailable");
}

#[actix_web::test]
async fn an_answer_to_another_question_is_a_fault_of_ours() {
    let world = World::new().await;
    world.sync_answers(FromSyncWorker::SettingsSaved(
        schema::wire::sync::SettingsSaved::default(),
    ));
    world
        .send("POST", "/api/sync/trigger", "")
        .await
        .is_problem(500, "internal");
}
