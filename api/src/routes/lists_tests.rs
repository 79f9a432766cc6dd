//! Tests of lists over HTTP.

use super::*;
use crate::testing::{World, list_view};
use schema::wire::FailureCode;

fn asked(world: &World) -> ToSyncWorker {
    let mut asked = world.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

#[actix_web::test]
async fn lists_come_from_the_database_in_pages_and_without_removed_ones() {
    let world = World::alone().await;
    let first = world.insert_list("imdb", "top").await;
    for name in ["a", "b", "c"] {
        world.insert_list("trakt", name).await;
    }
    let now = world.clock.now();
    world
        .db
        .write(move |conn| List::set_removed(conn, first, Some(now), now))
        .await
        .unwrap();
    let answer = world.get("/api/lists?limit=2&page=2").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&answer.json["total"], &answer.json["page"]),
        (&3.into(), &2.into())
    );
    assert_eq!(answer.json["lists"].as_array().unwrap().len(), 1);
    let list = &answer.json["lists"][0];
    assert_eq!(list["display_name"], "c of trakt");
    assert_eq!(list["status"], "new");
    assert_eq!(list["created_at"], "2026-11-21T12:00:00Z");
    assert_eq!(
        world.get("/api/lists?with_removed=true").await.json["total"],
        4
    );
    let empty = world.get("/api/lists?page=1000000&limit=200").await;
    assert_eq!(empty.json["lists"].as_array().unwrap().len(), 0);
}

#[actix_web::test]
async fn a_list_is_added_by_address_or_as_the_old_clients_do() {
    for (body, input, list_type, user) in [
        (
            r#"{"url":" https://www.imdb.com/chart/top "}"#,
            "https://www.imdb.com/chart/top",
            None,
            None,
        ),
        (
            r#"{"list_type":"imdb","list_id":"top","user_id":"4"}"#,
            "top",
            Some("imdb"),
            Some(4),
        ),
        (
            r#"{"list_type":"imdb","list_id":"top","user_id":4}"#,
            "top",
            Some("imdb"),
            Some(4),
        ),
        (
            r#"{"list_id":"https://trakt.tv/x"}"#,
            "https://trakt.tv/x",
            None,
            None,
        ),
    ] {
        let world = World::new().await;
        let answer = world.send("POST", "/api/lists", body).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        assert_eq!(answer.header("location"), "/api/lists/5");
        assert_eq!(
            (&answer.json["id"], &answer.json["user_id"]),
            (&5.into(), &"1".into())
        );
        let ToSyncWorker::AddList(add) = asked(&world) else {
            panic!()
        };
        assert_eq!(
            (add.input.as_str(), add.list_type.as_deref()),
            (input, list_type)
        );
        assert_eq!(add.requested_as, user);
    }
}

#[actix_rt::test]
async fn a_new_list_asks_first_only_when_that_is_said() {
    for (body, asks) in [
        (r#"{"url":"https://imdb.example/chart/top"}"#, false),
        (
            r#"{"url":"https://imdb.example/chart/top","ask_first":false}"#,
            false,
        ),
        (
            r#"{"url":"https://imdb.example/chart/top","ask_first":true}"#,
            true,
        ),
    ] {
        let world = World::new().await;
        world.send("POST", "/api/lists", body).await;
        let ToSyncWorker::AddList(add) = asked(&world) else {
            panic!()
        };
        assert_eq!(add.ask_first, asks, "{body}");
    }
}

#[test]
fn a_list_that_waits_says_for_how_many_titles_and_can_be_sent_back() {
    let waiting = ListView {
        ask_first: true,
        waiting_titles: Some(312),
        ..list_view()
    };
    let answer = serde_json::to_value(ListAnswer::from(waiting)).unwrap();
    assert_eq!(answer["ask_first"], true);
    assert_eq!(answer["waiting_titles"], 312);
    serde_json::from_value::<Replacement>(answer).unwrap();
}

#[test]
fn what_the_owner_of_a_sites_first_list_should_know_is_told_and_can_be_sent_back() {
    let first = ListView {
        notice: Some("The terms of the site forbid reading it.".into()),
        ..list_view()
    };
    let answer = serde_json::to_value(ListAnswer::from(first)).unwrap();
    assert_eq!(answer["notice"], "The terms of the site forbid reading it.");
    serde_json::from_value::<Replacement>(answer).unwrap();
    let other = serde_json::to_value(ListAnswer::from(list_view())).unwrap();
    assert_eq!(other.get("notice"), None);
}

#[actix_web::test]
async fn what_cannot_be_added_is_refused_field_by_field() {
    let world = World::new().await;
    let long = format!(r#"{{"url":"{}"}}"#, "x".repeat(3000));
    for (body, fields) in [
        ("{}", &["url"][..]),
        (r#"{"list_type":"imdb"}"#, &["url"]),
        (r#"{"list_id":"top"}"#, &["list_type"]),
        (r#"{"url":"x","list_id":"top"}"#, &["url"]),
        (
            r#"{"url":"x","item_limit":0,"requested_as":-1}"#,
            &["item_limit", "requested_as"],
        ),
        (r#"{"url":"x","user_id":"me"}"#, &["user_id"]),
        (r#"{"url":"x","colour":1}"#, &["colour"]),
        (r#"{"url":"x","item_limit":99999999999}"#, &["item_limit"]),
        (&long, &["url"]),
    ] {
        world.send("POST", "/api/lists", body).await.blames(fields);
    }
    assert!(world.asked().is_empty());
}

#[actix_web::test]
async fn what_the_sync_worker_refuses_is_passed_on() {
    let world = World::new().await;
    for (code, status, word) in [
        (FailureCode::Conflict, 409, "conflict"),
        (FailureCode::Invalid, 422, "invalid"),
        (FailureCode::Internal, 500, "internal"),
    ] {
        world.sync_fails(code, "the list imdb:top is there already");
        world
            .send("POST", "/api/lists", r#"{"url":"x"}"#)
            .await
            .is_problem(status, word);
    }
    let alone = World::alone().await;
    let answer = alone.send("POST", "/api/lists", r#"{"url":"x"}"#).await;
    answer.is_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
}

#[actix_web::test]
async fn one_list_is_shown_by_number_or_as_its_provider_calls_it() {
    let world = World::alone().await;
    let id = world.insert_list("trakt", "me/best films").await;
    let answer = world.get(&format!("/api/lists/{id}")).await;
    assert_eq!(
        (answer.status, &answer.json["list_id"]),
        (200, &"me/best films".into())
    );
    let answer = world.get("/api/lists/trakt/me/best%20films").await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &id.0.into()));
    for path in [
        "/api/lists/trakt/nothing",
        "/api/lists/0",
        "/api/lists/-1",
        "/api/lists/x",
    ] {
        world.get(path).await.is_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn put_replaces_all_that_can_be_changed_and_patch_only_what_is_given() {
    let world = World::new().await;
    assert_eq!(
        world
            .send("PUT", "/api/lists/5", r#"{"item_limit":20}"#)
            .await
            .status,
        200
    );
    assert_eq!(
        asked(&world),
        ToSyncWorker::ChangeList(ChangeList {
            withdraws: Some(None),
            shrink_limit_percent: Some(None),
            list: ListId(5),
            description: Some(None),
            auto_sync: Some(true),
            item_limit: Some(Some(20)),
            is_4k: Some(None),
            requested_as: Some(None),
        })
    );
    let world = World::new().await;
    let body = r#"{"item_limit":null,"auto_sync":false}"#;
    assert_eq!(world.send("PATCH", "/api/lists/5", body).await.status, 200);
    let mut expected = ChangeList::of(ListId(5));
    expected.item_limit = Some(None);
    expected.auto_sync = Some(false);
    assert_eq!(asked(&world), ToSyncWorker::ChangeList(expected));
    world
        .send("PATCH", "/api/lists/5", r#"{"item_limit":-3}"#)
        .await
        .blames(&["item_limit"]);
    world
        .send("PUT", "/api/lists/5", r#"{"colour":"red"}"#)
        .await
        .blames(&["colour"]);
    world
        .send("PATCH", "/api/lists/5", r#"{"list_id":"x"}"#)
        .await
        .blames(&["list_id"]);
    world.sync_fails(FailureCode::NotFound, "there is no list 5");
    world
        .send("PATCH", "/api/lists/5", "{}")
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_fetched_list_can_be_sent_back_with_put() {
    let world = World::new().await;
    let id = world.insert_list("trakt", "me/best").await;
    let path = format!("/api/lists/{id}");
    let mut list = world.get(&path).await.json;
    list["item_limit"] = 20.into();
    let answer = world.send("PUT", &path, &list.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!(
        asked(&world),
        ToSyncWorker::ChangeList(ChangeList {
            withdraws: Some(None),
            shrink_limit_percent: Some(None),
            list: id,
            description: Some(Some("me/best of trakt".into())),
            auto_sync: Some(true),
            item_limit: Some(Some(20)),
            is_4k: Some(None),
            requested_as: Some(None),
        })
    );
}

#[actix_web::test]
async fn the_user_of_a_list_is_changed_under_either_name() {
    for (method, body, user) in [
        ("PUT", r#"{"user_id":"4"}"#, Some(Some(4))),
        ("PUT", r#"{"user_id":4}"#, Some(Some(4))),
        ("PUT", r#"{"user_id":null}"#, Some(None)),
        ("PUT", r#"{"requested_as":2,"user_id":"4"}"#, Some(Some(2))),
        ("PUT", r#"{"requested_as":null,"user_id":"4"}"#, Some(None)),
        ("PUT", "{}", Some(None)),
        ("PATCH", r#"{"user_id":"4"}"#, Some(Some(4))),
        ("PATCH", r#"{"user_id":null}"#, Some(None)),
        ("PATCH", r#"{"requested_as":2,"user_id":4}"#, Some(Some(2))),
        ("PATCH", "{}", None),
    ] {
        let world = World::new().await;
        let answer = world.send(method, "/api/lists/5", body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.json);
        let ToSyncWorker::ChangeList(change) = asked(&world) else {
            panic!()
        };
        assert_eq!(change.requested_as, user, "{method} {body}");
    }
    let world = World::new().await;
    for method in ["PUT", "PATCH"] {
        world
            .send(method, "/api/lists/5", r#"{"user_id":"me"}"#)
            .await
            .blames(&["user_id"]);
    }
}

#[actix_web::test]
async fn a_list_is_removed_by_number_or_as_its_provider_calls_it() {
    let world = World::new().await;
    let id = world.insert_list("trakt", "me/best").await;
    let number = format!("/api/lists/{id}");
    for path in [number.as_str(), "/api/lists/trakt/me/best"] {
        assert_eq!(world.send("DELETE", path, "").await.status, 200);
    }
    let remove = ToSyncWorker::RemoveList(RemoveList { list: id });
    assert_eq!(world.asked(), [remove.clone(), remove]);
    world
        .send("DELETE", "/api/lists/trakt/other", "")
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn the_entries_of_a_list_are_paged() {
    let world = World::alone().await;
    let id = world.insert_list("trakt", "me/best").await;
    for path in [
        format!("/api/lists/{id}/items?limit=20"),
        "/api/lists/trakt/me/best/items".into(),
    ] {
        let answer = world.get(&path).await;
        assert_eq!(
            (answer.status, &answer.json["total"]),
            (200, &0.into()),
            "{path}"
        );
    }
    world
        .get("/api/lists/77/items")
        .await
        .is_problem(404, "not_found");
    world
        .get(&format!("/api/lists/{id}/items?limit=x"))
        .await
        .blames(&["limit"]);
}
