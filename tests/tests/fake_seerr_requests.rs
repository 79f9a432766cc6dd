//! POST /request of the fake Seerr and what follows from it: the table of answers, duplicates, seasons, rights, quotas.

#![cfg(test)]

mod caller;

use std::time::Duration;

use caller::Caller;
use serde_json::{Value, json};
use tests::fake_seerr::{
    FakeSeerr, Kind, Quota, Stage, Title, User, World, media_status, permission, request_status,
};
use tests::loopback::Times;

const MATRIX: i64 = 603;
const BREAKING_BAD: i64 = 1396;
const SOON: Duration = Duration::from_secs(5);

fn sample() -> (FakeSeerr, Caller) {
    let seerr = FakeSeerr::start(World::sample());
    let caller = Caller::of(&seerr);
    (seerr, caller)
}

fn seasons(made: &Value) -> Vec<i64> {
    let seasons = made["seasons"].as_array().unwrap().iter();
    seasons
        .map(|season| season["seasonNumber"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_request_is_approved_at_once_and_its_title_looks_stale() {
    let (seerr, caller) = sample();
    let made = caller.ask_movie(MATRIX).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["status"], request_status::APPROVED);
    assert_eq!(made["requestedBy"]["id"], 1);
    assert_eq!(
        made["media"]["status"],
        media_status::PENDING,
        "already 3 in the database"
    );
    assert_eq!(seerr.media()[0].status, media_status::PROCESSING);
    assert_eq!(caller.get("/request/count").await.json()["approved"], 1);
}

#[tokio::test]
async fn a_film_asked_for_again_is_409_if_is4k_is_sent() {
    let (seerr, caller) = sample();
    caller.ask_movie(MATRIX).await;
    let again = caller.ask_movie(MATRIX).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.message(), "Request for this media already exists.");
    // 4K is another matter, and leaves the ordinary state alone.
    let body = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": true});
    assert_eq!(caller.post("/request", &body).await.status, 201);
    assert_eq!(caller.post("/request", &body).await.status, 409);
    assert_eq!(seerr.requests_for(MATRIX, true).len(), 1);
    assert_eq!(seerr.requests_for(MATRIX, false).len(), 1);
}

#[tokio::test]
async fn without_is4k_nothing_is_a_duplicate() {
    let (seerr, caller) = sample();
    let movie = json!({"mediaType": "movie", "mediaId": MATRIX});
    let show = json!({"mediaType": "tv", "mediaId": BREAKING_BAD, "seasons": [1]});
    for body in [&movie, &movie, &movie, &show, &show] {
        assert_eq!(caller.post("/request", body).await.status, 201);
    }
    assert_eq!(seerr.requests_for(MATRIX, false).len(), 3);
    assert_eq!(seerr.requests_for(BREAKING_BAD, false).len(), 2);
}

#[tokio::test]
async fn only_the_oldest_request_is_looked_at() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.add_request(Kind::Movie, MATRIX, request_status::DECLINED, &[]));
    assert_eq!(
        seerr.media()[0].status,
        media_status::UNKNOWN,
        "declined means unknown again"
    );
    for _ in 0..3 {
        assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    }
    assert_eq!(seerr.requests_for(MATRIX, false).len(), 4);
}

#[tokio::test]
async fn a_failed_request_blocks_and_can_be_retried() {
    let (seerr, caller) = sample();
    seerr.faults().refuse_in_radarr(MATRIX);
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    let failed =
        |wanted: i64| move |state: &tests::fake_seerr::State| state.requests()[0].status == wanted;
    assert!(seerr.wait_until(failed(request_status::FAILED), SOON));
    assert_eq!(seerr.media()[0].status, media_status::PROCESSING);
    assert_eq!(caller.ask_movie(MATRIX).await.status, 409);
    seerr.faults().accept_in_radarr(MATRIX);
    let retried = caller.post("/request/1/retry", &json!({})).await;
    assert_eq!(
        (retried.status, retried.json()["status"].clone()),
        (200, json!(request_status::APPROVED))
    );
}

#[tokio::test]
async fn a_film_in_the_library_is_taken_all_the_same() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.set_media(Kind::Movie, MATRIX, media_status::AVAILABLE));
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    assert_eq!(seerr.media()[0].status, media_status::AVAILABLE);
}

#[tokio::test]
async fn a_blocklisted_title_is_refused_and_its_requests_are_hidden() {
    let (seerr, caller) = sample();
    caller.ask_movie(MATRIX).await;
    seerr.change(|state| state.blocklist(Kind::Movie, MATRIX));
    let refused = caller.ask_movie(MATRIX).await;
    assert_eq!(
        (refused.status, refused.message().as_str()),
        (403, "This media is blocklisted.")
    );
    assert_eq!(
        caller.get("/request").await.json()["pageInfo"]["results"],
        0
    );
    assert_eq!(
        caller.get("/media").await.json()["results"][0]["status"],
        media_status::BLOCKLISTED
    );
    assert_eq!(
        caller.get(&format!("/blocklist/{MATRIX}")).await.status,
        200
    );
    assert_eq!(caller.get("/blocklist/1").await.status, 401);
}

#[tokio::test]
async fn seasons_taken_are_dropped_until_none_is_left() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.set_library_seasons(BREAKING_BAD, &[1]));
    let some = caller.ask_show(BREAKING_BAD, json!([1, 2])).await;
    assert_eq!((some.status, seasons(&some.json())), (201, vec![2]));
    let rest = caller.ask_show(BREAKING_BAD, json!("all")).await;
    assert_eq!((rest.status, seasons(&rest.json())), (201, vec![3, 4, 5]));
    let nothing = caller.ask_show(BREAKING_BAD, json!("all")).await;
    assert_eq!(nothing.status, 202);
    assert_eq!(
        nothing.json(),
        json!({"message": "No seasons available to request"})
    );
    for empty in [json!([]), json!([0])] {
        assert_eq!(caller.ask_show(BREAKING_BAD, empty).await.status, 202);
    }
    assert_eq!(seerr.requests().len(), 2);
    // What does not exist is taken, and twice the same too.
    let odd = caller.ask_show(BREAKING_BAD, json!([99, 99])).await;
    assert_eq!((odd.status, seasons(&odd.json())), (201, vec![99, 99]));
    // A declined request holds no season any more.
    caller.post("/request/1/decline", &json!({})).await;
    assert_eq!(caller.ask_show(BREAKING_BAD, json!([2])).await.status, 201);
}

#[tokio::test]
async fn specials_need_a_setting_and_their_number() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.settings.enable_special_episodes = true);
    let all = caller.ask_show(BREAKING_BAD, json!("all")).await.json();
    assert_eq!(seasons(&all), [1, 2, 3, 4, 5]);
    let specials = caller.ask_show(BREAKING_BAD, json!([0])).await.json();
    assert_eq!(seasons(&specials), [0]);
}

#[tokio::test]
async fn bad_bodies_are_told_apart() {
    let (seerr, caller) = sample();
    let text = caller.post_text("/request", "text/plain", "{}").await;
    assert_eq!(text.status, 415);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        caller.post_text("/request", form, "mediaId=1").await.status,
        415
    );
    assert_eq!(
        caller
            .post_text("/request", "application/json", "{\"media")
            .await
            .status,
        400
    );
    let no_seasons = json!({"mediaType": "tv", "mediaId": BREAKING_BAD, "is4k": false});
    let heard = caller.post("/request", &no_seasons).await;
    assert_eq!(heard.status, 500);
    assert_eq!(
        heard.message(),
        "Cannot read properties of undefined (reading 'filter')"
    );
    let nobody = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": false, "userId": 77});
    let heard = caller.post("/request", &nobody).await;
    assert_eq!(heard.status, 500);
    assert!(
        heard
            .message()
            .starts_with("Could not find any entity of type \"User\"")
    );
    let tags = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": false, "tags": "x"});
    let heard = caller.post("/request", &tags).await;
    assert_eq!(
        (heard.status, heard.message().as_str()),
        (500, "value.join is not a function")
    );
    assert!(seerr.requests().is_empty());
    // The title's row was written before that failed.
    assert_eq!(seerr.media()[0].status, media_status::PENDING);
}

#[tokio::test]
async fn two_shows_cannot_share_a_tvdb_number() {
    let world = World::new()
        .with(Title::show(1, "tt1", Some(5), "One", 2000, 1))
        .with(Title::show(2, "tt2", Some(5), "Other", 2000, 1));
    let seerr = FakeSeerr::start(world);
    let caller = Caller::of(&seerr);
    assert_eq!(caller.ask_show(1, json!([1])).await.status, 201);
    let heard = caller.ask_show(2, json!([1])).await;
    assert_eq!(
        heard.message(),
        "SQLITE_CONSTRAINT: UNIQUE constraint failed: media.tvdbId"
    );
}

#[tokio::test]
async fn a_show_without_a_tvdb_number_vanishes_after_the_201() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.settings.sonarr_configured = true);
    assert_eq!(caller.ask_show(7_000_004, json!("all")).await.status, 201);
    assert!(seerr.wait_until(
        |state| state.requests().is_empty() && state.media().is_empty(),
        SOON
    ));
}

#[tokio::test]
async fn who_asks_decides_about_approval_and_rights() {
    let (seerr, caller) = sample();
    seerr.change(|state| {
        state.add_user(User::new(2, "anna", permission::REQUEST));
        state.add_user(User::new(3, "bert", 0));
    });
    let anna = caller.clone().with("x-api-user", "2");
    let made = anna.ask_movie(MATRIX).await.json();
    assert_eq!(
        (made["status"].clone(), made["modifiedBy"].clone()),
        (json!(request_status::PENDING), Value::Null)
    );
    assert_eq!(seerr.media()[0].status, media_status::PENDING);
    // The admin in anna's name: approved, although anna needs approval.
    let body = json!({"mediaType": "movie", "mediaId": 550, "is4k": false, "userId": 2});
    let made = caller.post("/request", &body).await.json();
    assert_eq!(
        (made["status"].clone(), made["requestedBy"]["id"].clone()),
        (json!(2), json!(2))
    );
    // Naming oneself needs the right too.
    let heard = anna.post("/request", &body).await;
    assert_eq!(
        heard.message(),
        "You do not have permission to modify the request user."
    );
    let bert = caller.clone().with("x-api-user", "3");
    assert_eq!(
        bert.ask_movie(13).await.message(),
        "You do not have permission to make movie requests."
    );
    let four = json!({"mediaType": "tv", "mediaId": BREAKING_BAD, "is4k": true, "seasons": [1]});
    assert_eq!(
        anna.post("/request", &four).await.message(),
        "You do not have permission to make 4K series requests."
    );
    // Anna sees her own requests only, and may not approve.
    caller.ask_movie(13).await;
    assert_eq!(anna.get("/request").await.json()["pageInfo"]["results"], 2);
    assert_eq!(
        caller.get("/request").await.json()["pageInfo"]["results"],
        3
    );
    assert_eq!(
        anna.post("/request/1/approve", &json!({})).await.status,
        403
    );
}

#[tokio::test]
async fn an_exhausted_quota_hides_that_it_was_a_duplicate() {
    let (seerr, caller) = sample();
    let mut anna = User::new(2, "anna", permission::REQUEST | permission::AUTO_APPROVE);
    anna.movie_quota = Some(Quota { limit: 1, days: 7 });
    anna.tv_quota = Some(Quota { limit: 2, days: 7 });
    seerr.change(|state| state.add_user(anna));
    let anna = caller.clone().with("x-api-user", "2");
    assert_eq!(anna.ask_movie(MATRIX).await.status, 201);
    let again = anna.ask_movie(MATRIX).await;
    assert_eq!(
        (again.status, again.message().as_str()),
        (403, "Movie Quota exceeded.")
    );
    // Shows count seasons; what does not fit whole is refused whole.
    let many = anna.ask_show(BREAKING_BAD, json!([1, 2, 3])).await;
    assert_eq!(
        (many.status, many.message().as_str()),
        (403, "Series Quota exceeded.")
    );
    assert_eq!(anna.ask_show(BREAKING_BAD, json!([1, 2])).await.status, 201);
    let quota = anna.get("/user/2/quota").await.json();
    assert_eq!(
        quota["tv"],
        json!({"days": 7, "limit": 2, "used": 2, "remaining": 0, "restricted": true})
    );
    assert_eq!(anna.get("/user/1/quota").await.status, 403);
    assert_eq!(caller.get("/user/9/quota").await.status, 404);
}

#[tokio::test]
async fn requests_are_read_in_pages_of_10_and_sorted() {
    let seerr = FakeSeerr::start(World::numbered(12));
    let caller = Caller::of(&seerr);
    for at in 1..=12 {
        caller.ask_movie(9_000_000 + at).await;
    }
    caller.post("/request/1/decline", &json!({})).await;
    let first = caller.get("/request").await.json();
    assert_eq!(first["results"].as_array().unwrap().len(), 10);
    assert_eq!(first["results"][0]["id"], 12);
    assert_eq!(first["results"][0]["media"]["tmdbId"], 9_000_012);
    assert_eq!(first["results"][0]["media"].get("seasons"), None);
    let asc = caller
        .get("/request?take=100&sortDirection=asc&filter=all")
        .await
        .json();
    assert_eq!(asc["results"][0]["status"], request_status::DECLINED);
    assert_eq!(asc["results"].as_array().unwrap().len(), 12);
    assert_eq!(
        caller.get("/request?filter=approved").await.json()["pageInfo"]["results"],
        11
    );
    assert_eq!(
        caller.get("/request?mediaType=tv").await.json()["pageInfo"]["results"],
        0
    );
}

#[tokio::test]
async fn requests_can_be_removed_and_decided() {
    let (seerr, caller) = sample();
    caller.ask_movie(MATRIX).await;
    assert_eq!(caller.get("/request/1").await.json()["type"], "movie");
    assert_eq!(
        caller.post("/request/1/pending", &json!({})).await.status,
        400
    );
    assert_eq!(
        caller.post("/request/1/decline", &json!({})).await.json()["status"],
        3
    );
    assert_eq!(seerr.media()[0].status, media_status::UNKNOWN);
    assert_eq!(
        caller.post("/request/1/approve", &json!({})).await.json()["status"],
        2
    );
    assert_eq!(seerr.media()[0].status, media_status::PROCESSING);
    assert_eq!(caller.delete("/request/1").await.status, 204);
    assert_eq!(caller.get("/request/1").await.status, 404);
    let media = caller.post("/media/1/available", &json!({})).await;
    assert_eq!(media.json()["status"], media_status::AVAILABLE);
    assert_eq!(caller.delete("/media/1").await.status, 204);
    assert!(seerr.media().is_empty());
}

#[tokio::test]
async fn ordered_failures_strike_as_often_as_told() {
    let (seerr, caller) = sample();
    let busy = "SQLITE_BUSY: database is locked";
    seerr
        .faults()
        .fail_post(MATRIX, busy, Stage::BeforeWrite, Times::ONCE);
    let heard = caller.ask_movie(MATRIX).await;
    assert_eq!((heard.status, heard.message().as_str()), (500, busy));
    assert!(seerr.media().is_empty());
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    seerr
        .faults()
        .fail_post(550, busy, Stage::AfterMedia, Times::Always);
    assert_eq!(caller.ask_movie(550).await.status, 500);
    // The title looks pending, and nobody asked for it.
    assert_eq!(
        caller.get("/movie/550").await.json()["mediaInfo"]["status"],
        media_status::PENDING
    );
    assert!(seerr.requests_for(550, false).is_empty());
    assert_eq!(caller.ask_movie(550).await.status, 500);
}
