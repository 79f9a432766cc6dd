//! What becomes of the fake Seerr's rows: requests that fail, are tried again or removed, seasons and their days, doubles,
//! the four programs, and what it all costs.

#![cfg(test)]

mod caller;

use std::time::Duration;

use caller::Caller;
use chrono::NaiveDate;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::fake_seerr::{
    Airs, Double, FakeSeerr, Flavour, Kind, Latency, ShowState, Stage, State, Title, User, World,
    media_status, permission, request_status,
};

const MATRIX: i64 = 603;
const BREAKING_BAD: i64 = 1396;
const SOON: Duration = Duration::from_secs(5);
const BUSY: &str = "SQLITE_BUSY: database is locked";

fn sample() -> (FakeSeerr, Caller) {
    let seerr = FakeSeerr::start(World::sample());
    let caller = Caller::of(&seerr);
    (seerr, caller)
}

fn request_is(id: i64, wanted: i64) -> impl Fn(&State) -> bool {
    move |state| {
        let mut rows = state.requests().iter();
        rows.any(|row| (row.id, row.status) == (id, wanted))
    }
}

/// Standard quality and 4K.
fn status_of(seerr: &FakeSeerr, kind: Kind, tmdb_id: i64) -> (i64, i64) {
    seerr.read(|state| {
        let row = state.media_of(kind, tmdb_id).unwrap();
        (row.status, row.status_4k)
    })
}

fn seasons(made: &Value) -> Vec<i64> {
    let seasons = made["seasons"].as_array().unwrap().iter();
    seasons
        .map(|season| season["seasonNumber"].as_i64().unwrap())
        .collect()
}

// ---- tried again ----

#[tokio::test]
async fn a_retry_fails_again_while_radarr_refuses_and_holds_once_it_does_not() {
    let (seerr, caller) = sample();
    seerr.faults().refuse_in_radarr(MATRIX);
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    assert!(seerr.wait_until(request_is(1, request_status::FAILED), SOON));
    let again = caller.post("/request/1/retry", &json!({})).await;
    assert_eq!(again.json()["status"], request_status::APPROVED);
    assert!(seerr.wait_until(request_is(1, request_status::FAILED), SOON));
    assert_eq!(
        status_of(&seerr, Kind::Movie, MATRIX).0,
        media_status::PROCESSING,
        "a failed request leaves its title on its way"
    );
    seerr.faults().accept_in_radarr(MATRIX);
    assert_eq!(
        caller.post("/request/1/retry", &json!({})).await.status,
        200
    );
    // The word of Radarr on another request comes later than on this one.
    seerr.faults().refuse_in_radarr(550);
    caller.ask_movie(550).await;
    assert!(seerr.wait_until(request_is(2, request_status::FAILED), SOON));
    assert!(seerr.read(request_is(1, request_status::APPROVED)));
    assert_eq!(seerr.requests().len(), 2, "a retry makes no request");
    let gone = caller.post("/request/9/retry", &json!({})).await;
    assert_eq!(
        (gone.status, gone.message().as_str()),
        (404, "Request not found.")
    );
}

#[tokio::test]
async fn only_who_manages_requests_may_try_again_or_remove_what_is_approved() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.add_user(User::new(2, "anna", permission::REQUEST)));
    let anna = caller.clone().with("x-api-user", "2");
    anna.ask_movie(MATRIX).await;
    caller.ask_movie(550).await;
    let refused = anna.post("/request/1/retry", &json!({})).await;
    assert_eq!(refused.status, 403);
    assert!(refused.json().get("message").is_none());
    let refused = anna.delete("/request/2").await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.message(),
        "You do not have permission to delete this request."
    );
    // One's own, while nobody has approved it.
    assert_eq!(anna.delete("/request/1").await.status, 204);
    let gone = caller.delete("/request/1").await;
    assert_eq!(
        (gone.status, gone.message().as_str()),
        (404, "Request not found.")
    );
}

// ---- removed ----

#[tokio::test]
async fn a_title_goes_back_to_unknown_with_its_last_request_of_that_quality() {
    let (seerr, caller) = sample();
    caller.ask_movie(MATRIX).await;
    let four_k = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": true});
    caller.post("/request", &four_k).await;
    let processing = media_status::PROCESSING;
    assert_eq!(
        status_of(&seerr, Kind::Movie, MATRIX),
        (processing, processing)
    );
    assert_eq!(caller.delete("/request/1").await.status, 204);
    assert_eq!(
        status_of(&seerr, Kind::Movie, MATRIX),
        (media_status::UNKNOWN, processing)
    );
    // The same movie can be asked for anew.
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
}

#[tokio::test]
async fn removing_forgets_partly_available_and_deleted_but_not_available() {
    let (seerr, caller) = sample();
    for (tmdb_id, status, left) in [
        (MATRIX, media_status::AVAILABLE, media_status::AVAILABLE),
        (
            550,
            media_status::PARTIALLY_AVAILABLE,
            media_status::UNKNOWN,
        ),
        (13, media_status::DELETED, media_status::UNKNOWN),
    ] {
        let id = seerr.change(|state| {
            let id = state.add_request(Kind::Movie, tmdb_id, request_status::PENDING, &[]);
            state.set_media(Kind::Movie, tmdb_id, status);
            id
        });
        caller.delete(&format!("/request/{id}")).await;
        assert_eq!(status_of(&seerr, Kind::Movie, tmdb_id).0, left, "{status}");
    }
}

#[tokio::test]
async fn a_declined_request_that_is_left_keeps_a_title_as_it_is() {
    let (seerr, caller) = sample();
    seerr.change(|state| {
        state.add_request(Kind::Tv, BREAKING_BAD, request_status::DECLINED, &[1]);
    });
    assert_eq!(caller.ask_show(BREAKING_BAD, json!([2])).await.status, 201);
    caller.delete("/request/2").await;
    assert_eq!(
        status_of(&seerr, Kind::Tv, BREAKING_BAD).0,
        media_status::PROCESSING
    );
    caller.delete("/request/1").await;
    assert_eq!(
        status_of(&seerr, Kind::Tv, BREAKING_BAD).0,
        media_status::UNKNOWN
    );
}

// ---- shows ----

#[tokio::test]
async fn details_tell_when_seasons_air_and_whether_more_is_to_come() {
    let day = |year| NaiveDate::from_ymd_opt(year, 5, 4).unwrap();
    let show = Title::show(1, "tt1", Some(5), "Long Runner", 2020, 4)
        .season_airs(2, Airs::On(day(2022)))
        .season_airs(3, Airs::Unknown)
        .season_airs(4, Airs::Empty)
        .being(ShowState::Airing(day(2030)));
    let world = World::new()
        .with(show)
        .with(Title::show(2, "tt2", Some(6), "Cut Short", 2020, 1).being(ShowState::Canceled))
        .with(Title::show(3, "tt3", Some(7), "Back Some Day", 2020, 1).being(ShowState::Returning));
    let seerr = FakeSeerr::start(world);
    let caller = Caller::of(&seerr);
    let show = caller.get("/tv/1").await.json();
    let dates: Vec<&Value> = show["seasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|season| &season["airDate"])
        .collect();
    assert_eq!(
        dates,
        [
            &json!("2020-06-15"),
            &json!("2020-06-15"),
            &json!("2022-05-04"),
            &Value::Null,
            &json!("")
        ]
    );
    let state = |show: &Value| {
        (
            show["status"].clone(),
            show["nextEpisodeToAir"]["airDate"].clone(),
        )
    };
    assert_eq!(
        state(&show),
        (json!("Returning Series"), json!("2030-05-04"))
    );
    let canceled = caller.get("/tv/2").await.json();
    assert_eq!(state(&canceled), (json!("Canceled"), Value::Null));
    let returning = caller.get("/tv/3").await.json();
    assert_eq!(state(&returning), (json!("Returning Series"), Value::Null));
    assert_eq!(
        caller.get("/search?query=long%20runner").await.json()["results"][0]["posterPath"],
        show["posterPath"]
    );
}

#[tokio::test]
async fn titles_are_found_by_any_name_and_told_in_the_language_asked_for() {
    let title = Title::movie(129, "tt0245429", "Spirited Away", 2001)
        .originally("千と千尋の神隠し")
        .called("de", "Chihiros Reise ins Zauberland");
    let seerr = FakeSeerr::start(World::new().with(title));
    let caller = Caller::of(&seerr);
    let found = async |query: &str, language: &str| {
        let path = format!("/search?query={query}&language={language}");
        caller.get(&path).await.json()["results"][0]["title"].clone()
    };
    assert_eq!(found("spirited%20away", "en").await, "Spirited Away");
    assert_eq!(found("chihiros%20reise", "en").await, "Spirited Away");
    let german = "Chihiros Reise ins Zauberland";
    assert_eq!(found("spirited%20away", "de").await, german);
    let details = caller.get("/movie/129?language=de").await.json();
    assert_eq!(details["title"], german);
    seerr.change(|state| state.settings.locale = "de".to_owned());
    let found = caller.get("/search?query=spirited").await.json();
    assert_eq!(found["results"][0]["title"], german);
}

#[tokio::test]
async fn seasons_of_the_library_are_told_and_held_by_quality() {
    let (seerr, caller) = sample();
    seerr.change(|state| {
        state.set_library_seasons(BREAKING_BAD, &[2, 1]);
        state.set_library_seasons_4k(BREAKING_BAD, &[3]);
        state.set_season(BREAKING_BAD, 4, false, media_status::DELETED);
    });
    let row = caller.get("/media").await.json()["results"][0].clone();
    let partial = media_status::PARTIALLY_AVAILABLE;
    assert_eq!(
        (&row["status"], &row["status4k"]),
        (&json!(partial), &json!(partial))
    );
    let told: Vec<(i64, i64, i64)> = row["seasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|season| {
            let number = |name: &str| season[name].as_i64().unwrap();
            (number("seasonNumber"), number("status"), number("status4k"))
        })
        .collect();
    assert_eq!(told, [(1, 5, 1), (2, 5, 1), (3, 1, 5), (4, 7, 1)]);
    let all = caller.ask_show(BREAKING_BAD, json!("all")).await.json();
    assert_eq!(
        seasons(&all),
        [3, 4, 5],
        "what was deleted can be asked for"
    );
    let body = json!({"mediaType": "tv", "mediaId": BREAKING_BAD, "is4k": true, "seasons": "all"});
    let all = caller.post("/request", &body).await.json();
    assert_eq!(seasons(&all), [1, 2, 4, 5]);
    assert_eq!(seerr.read(State::double_requests), []);
}

#[tokio::test]
async fn completed_seasons_are_held_by_the_library_and_no_longer_by_their_request() {
    let (seerr, caller) = sample();
    seerr.change(|state| {
        state.add_request(Kind::Tv, BREAKING_BAD, request_status::COMPLETED, &[1, 2]);
        state.set_library_seasons(BREAKING_BAD, &[1]);
    });
    let made = caller.ask_show(BREAKING_BAD, json!([1, 2, 3])).await.json();
    assert_eq!(seasons(&made), [2, 3]);
    seerr.change(|state| {
        state.settings.flavour = Flavour::Jellyseerr25;
        state.add_request(Kind::Tv, 1399, request_status::COMPLETED, &[1]);
    });
    let nothing = caller.ask_show(1399, json!([1])).await;
    assert_eq!(nothing.status, 202, "that word is not known there");
}

// ---- doubles ----

#[tokio::test]
async fn what_is_asked_for_twice_is_told_by_quality_and_season() {
    let (seerr, caller) = sample();
    caller.ask_movie(MATRIX).await;
    caller.ask_show(BREAKING_BAD, json!([1, 2])).await;
    let four_k = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": true});
    caller.post("/request", &four_k).await;
    assert_eq!(seerr.read(State::double_requests), []);
    seerr.change(|state| {
        state.add_request(Kind::Movie, MATRIX, request_status::FAILED, &[]);
        state.add_request(Kind::Movie, MATRIX, request_status::DECLINED, &[]);
        state.add_request(Kind::Tv, BREAKING_BAD, request_status::PENDING, &[2, 3]);
        state.add_request(Kind::Tv, BREAKING_BAD, request_status::COMPLETED, &[3]);
    });
    let double = |kind, tmdb_id, season| Double {
        kind,
        tmdb_id,
        is_4k: false,
        season,
        times: 2,
    };
    assert_eq!(
        seerr.read(State::double_requests),
        [
            double(Kind::Movie, MATRIX, None),
            double(Kind::Tv, BREAKING_BAD, Some(2))
        ]
    );
}

// ---- failing now and then ----

#[tokio::test]
async fn one_post_in_ten_can_fail_before_or_after_the_titles_row() {
    for (stage, rows) in [(Stage::BeforeWrite, 27), (Stage::AfterMedia, 30)] {
        let seerr = FakeSeerr::start(World::numbered(30));
        let caller = Caller::of(&seerr);
        seerr.faults().fail_share_of_posts(0.1, BUSY, stage);
        let mut failed = Vec::new();
        for at in 1..=30 {
            let heard = caller.ask_movie(9_000_000 + at).await;
            if heard.status != 201 {
                assert_eq!((heard.status, heard.message().as_str()), (500, BUSY));
                failed.push(at);
            }
        }
        assert_eq!(failed, [10, 20, 30]);
        assert_eq!(
            seerr.requests().len(),
            27,
            "one at a time no other row is lost"
        );
        assert_eq!(seerr.media().len(), rows);
        seerr.faults().clear();
        for at in failed {
            assert_eq!(caller.ask_movie(9_000_000 + at).await.status, 201);
        }
    }
}

#[tokio::test]
async fn rows_beside_a_failing_post_are_kept_when_that_is_switched_off() {
    for loses in [true, false] {
        let seerr = FakeSeerr::start(World::numbered(10));
        let caller = Caller::of(&seerr);
        seerr.faults().delay_posts(Duration::from_millis(100));
        seerr.faults().lose_rows(loses);
        seerr
            .faults()
            .fail_share_of_posts(0.1, BUSY, Stage::BeforeWrite);
        let answers = join_all((1..=10).map(|at| caller.ask_movie(9_000_000 + at))).await;
        let good = answers.iter().filter(|heard| heard.status == 201).count();
        assert_eq!(good, 9);
        assert_eq!(seerr.requests().len(), if loses { 0 } else { 9 });
        if loses {
            let unknown = |state: &State| {
                let mut rows = state.media().iter();
                rows.all(|row| row.status == media_status::UNKNOWN)
            };
            assert!(seerr.read(unknown), "as if nobody had asked");
        }
    }
}

// ---- what it costs ----

#[tokio::test]
async fn a_thousand_rows_cost_what_was_measured() {
    let seerr = FakeSeerr::start(World::numbered(1000));
    let caller = Caller::of(&seerr);
    seerr.change(|state| {
        for at in 1..=1000 {
            state.add_request(Kind::Movie, 9_000_000 + at, request_status::APPROVED, &[]);
        }
    });
    seerr.set_latency(Latency {
        small_core: Duration::ZERO,
        ..Latency::measured()
    });
    let cost = async |path: &str| {
        let before = seerr.read(State::core_time);
        let page = caller.get(path).await.json();
        let rows = page["results"].as_array().unwrap().len();
        (rows, seerr.read(State::core_time).saturating_sub(before))
    };
    assert_eq!(
        cost("/media?take=1000").await,
        (1000, Duration::from_millis(60))
    );
    assert_eq!(
        cost("/request?take=1000").await,
        (1000, Duration::from_millis(350))
    );
    assert_eq!(
        cost("/request?take=10").await,
        (10, Duration::from_micros(3500))
    );
    assert_eq!(cost("/media?take=1").await, (1, Duration::from_micros(60)));
}

// ---- the four programs ----

#[tokio::test]
async fn each_program_says_who_it_is() {
    let (seerr, caller) = sample();
    for (flavour, api, version, has_media_server) in [
        (Flavour::Seerr3, "Seerr API", "3.1.0", true),
        (Flavour::Jellyseerr27, "Jellyseerr API", "2.7.3", true),
        (Flavour::Jellyseerr25, "Jellyseerr API", "2.5.2", true),
        (Flavour::Overseerr134, "Overseerr API", "1.34.0", false),
    ] {
        seerr.change(|state| state.settings.flavour = flavour);
        assert_eq!(caller.get("").await.json()["api"], api);
        assert_eq!(caller.get("/status").await.json()["version"], version);
        let settings = caller.get("/settings/public").await.json();
        assert_eq!(settings.get("mediaServerType").is_some(), has_media_server);
    }
}

#[tokio::test]
async fn each_program_refuses_the_words_it_does_not_know() {
    let (seerr, caller) = sample();
    let words = [
        "/request?sortDirection=asc",
        "/request?mediaType=movie",
        "/request?filter=completed",
        "/request?filter=deleted",
        "/media?filter=deleted",
        "/blacklist",
        "/blocklist",
    ];
    for (flavour, statuses) in [
        (Flavour::Seerr3, [200, 200, 200, 200, 200, 200, 200]),
        (Flavour::Jellyseerr27, [200, 200, 200, 200, 200, 200, 404]),
        (Flavour::Jellyseerr25, [200, 400, 400, 400, 200, 200, 404]),
        (Flavour::Overseerr134, [400, 400, 400, 400, 400, 404, 404]),
    ] {
        seerr.change(|state| state.settings.flavour = flavour);
        for (path, status) in words.iter().zip(statuses) {
            assert_eq!(caller.get(path).await.status, status, "{flavour:?} {path}");
        }
        // What they all know.
        for path in [
            "/media?sort=added&take=1000&skip=0",
            "/request?filter=all&sort=added&take=1000&skip=0",
            "/search?query=imdb%3Att0133093",
            "/search?query=heat&page=1&language=en",
            "/movie/603?language=en",
        ] {
            assert_eq!(caller.get(path).await.status, 200, "{flavour:?} {path}");
        }
    }
}

#[tokio::test]
async fn blocklists_are_called_by_their_names_and_overseerr_has_none() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.blocklist(Kind::Movie, MATRIX));
    for (flavour, status, words) in [
        (Flavour::Seerr3, 403, "This media is blocklisted."),
        (Flavour::Jellyseerr27, 403, "This media is blacklisted."),
        (Flavour::Jellyseerr25, 403, "This media is blacklisted."),
        (Flavour::Overseerr134, 201, ""),
    ] {
        seerr.change(|state| state.settings.flavour = flavour);
        let heard = caller.ask_movie(MATRIX).await;
        assert_eq!((heard.status, heard.message().as_str()), (status, words));
    }
}

#[tokio::test]
async fn only_newer_programs_know_of_deleted_titles_and_of_silent_services() {
    let (seerr, caller) = sample();
    let id = seerr.change(|state| state.set_media(Kind::Movie, MATRIX, media_status::AVAILABLE));
    seerr.faults().slow_requests(Duration::from_millis(1));
    for (flavour, status, tells) in [
        (Flavour::Overseerr134, 400, false),
        (Flavour::Jellyseerr25, 400, true),
        (Flavour::Jellyseerr27, 200, true),
        (Flavour::Seerr3, 200, true),
    ] {
        seerr.change(|state| state.settings.flavour = flavour);
        let heard = caller
            .post(&format!("/media/{id}/deleted"), &json!({}))
            .await;
        assert_eq!(heard.status, status, "{flavour:?}");
        let page = caller.get("/request").await.json();
        assert_eq!(page.get("serviceErrors").is_some(), tells, "{flavour:?}");
    }
}

#[tokio::test]
async fn a_deleted_title_stays_so_while_a_request_waits_and_goes_on_its_way_once_approved() {
    let (seerr, caller) = sample();
    seerr.change(|state| {
        state.add_user(User::new(2, "anna", permission::REQUEST));
        state.set_media(Kind::Movie, MATRIX, media_status::DELETED);
    });
    let anna = caller.clone().with("x-api-user", "2");
    assert_eq!(anna.ask_movie(MATRIX).await.status, 201);
    assert_eq!(
        status_of(&seerr, Kind::Movie, MATRIX).0,
        media_status::DELETED
    );
    caller.post("/request/1/approve", &json!({})).await;
    assert_eq!(
        status_of(&seerr, Kind::Movie, MATRIX).0,
        media_status::PROCESSING
    );
}

// ---- many rows ----

#[tokio::test]
async fn rows_stay_quick_to_find_when_there_are_many() {
    let seerr = FakeSeerr::start(World::numbered(20_000));
    let caller = Caller::of(&seerr);
    seerr.change(|state| {
        for at in 1..=20_000 {
            state.add_request(Kind::Movie, 9_000_000 + at, request_status::APPROVED, &[]);
        }
    });
    let last = caller.get("/request?take=1000&skip=19000").await.json();
    let rows = last["results"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[999]["id"]), (1000, &json!(1)));
    assert_eq!(rows[0]["requestedBy"]["requestCount"], 20_000);
    caller.delete("/request/10000").await;
    let found = seerr.read(|state| {
        let rows = state.requests_for(9_010_000, false).len();
        let beside = state.requests_for(9_010_001, false)[0].id;
        (rows, beside, state.requests().len())
    });
    assert_eq!(found, (0, 10_001, 19_999));
    assert_eq!(caller.ask_movie(9_010_000).await.json()["id"], 20_001);
    let found = caller.get("/search?query=imdb%3Att90020000").await.json();
    assert_eq!(found["results"][0]["id"], 9_020_000);
    let found = caller
        .get("/search?query=sample%20film%2012345")
        .await
        .json();
    assert_eq!(found["totalResults"], 1);
}
