//! The fake Seerr's transport, keys, validation, search and details, against the facts known of the real one.

#![cfg(test)]

mod caller;

use std::time::Duration;

use caller::{Caller, raw};
use serde_json::{Value, json};
use tests::fake_seerr::{
    FakeSeerr, Flavour, Kind, Title, Tmdb, User, World, media_status, permission,
};

const SHORT: Duration = Duration::from_millis(300);

fn sample() -> (FakeSeerr, Caller) {
    let seerr = FakeSeerr::start(World::sample());
    let caller = Caller::of(&seerr);
    (seerr, caller)
}

fn ids(answer: &Value) -> Vec<(String, i64)> {
    let results = answer["results"].as_array().unwrap().iter();
    results
        .map(|item| {
            (
                item["mediaType"].as_str().unwrap().to_owned(),
                item["id"].as_i64().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_wrong_base_ends_at_a_sign_in_page_with_200() {
    let seerr = FakeSeerr::start(World::new());
    let caller = Caller::at(&seerr.url());
    for path in ["/search", "/v1/search", "/api/v2/status"] {
        let heard = caller.get(path).await;
        assert_eq!(
            (heard.status, heard.header("location")),
            (307, "/login"),
            "{path}"
        );
    }
    let login = caller.get("/login").await;
    assert_eq!(login.status, 200);
    assert!(login.header("content-type").starts_with("text/html"));
    let post = caller.post("/request", &json!({})).await;
    assert_eq!(post.status, 404);
    assert!(post.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn paths_are_judged_as_express_does() {
    let (_seerr, caller) = sample();
    assert_eq!(caller.get("").await.json()["api"], "Seerr API");
    assert_eq!(caller.get("/").await.status, 404);
    assert_eq!(caller.get("//media").await.status, 404);
    assert_eq!(caller.get("/media/").await.status, 200);
    let unknown = caller.get("/nothing").await;
    assert_eq!(
        (unknown.status, unknown.message().as_str()),
        (404, "not found")
    );
    assert_eq!(caller.delete("/media").await.status, 405);
    assert_eq!(caller.get("/media").await.header("keep-alive"), "timeout=5");
}

#[tokio::test]
async fn a_missing_key_is_401_and_a_wrong_one_403_in_another_shape() {
    let (_seerr, caller) = sample();
    for nobody in [
        caller.clone().without("x-api-key"),
        caller.clone().with("x-api-key", ""),
    ] {
        let heard = nobody.get("/auth/me").await;
        assert_eq!(heard.status, 401);
        assert!(heard.message().contains("connect.sid"));
    }
    let stranger = caller.clone().with("x-api-key", "wrong");
    let heard = stranger.get("/auth/me").await;
    assert_eq!(heard.status, 403);
    assert_eq!(heard.json().get("message"), None);
    assert!(
        heard.json()["error"]
            .as_str()
            .unwrap()
            .contains("permission")
    );
    // Public, whatever the key.
    assert_eq!(stranger.get("/status").await.status, 200);
    assert_eq!(stranger.get("/settings/public").await.status, 200);
    assert_eq!(
        caller.without("x-api-key").get("/status").await.json()["version"],
        "3.1.0"
    );
}

#[tokio::test]
async fn the_user_header_takes_numbers_and_never_answers_names() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.add_user(User::new(2, "anna", permission::REQUEST)));
    let seen = async |value: &str| {
        let heard = caller
            .clone()
            .with("x-api-user", value)
            .get("/auth/me")
            .await;
        (
            heard.status,
            heard.text.parse::<Value>().unwrap()["id"].as_i64(),
        )
    };
    assert_eq!(seen("2").await, (200, Some(2)));
    assert_eq!(seen("").await, (200, Some(1)));
    assert_eq!(seen("1e0").await, (200, Some(1)));
    for nobody in ["99", "0", "-1", "1.5"] {
        assert_eq!(seen(nobody).await.0, 403, "{nobody}");
    }
    let named = caller.clone().with("x-api-user", "anna").hasty(SHORT);
    assert!(named.try_get("/auth/me").await.unwrap_err().is_timeout());
    // It survived.
    assert_eq!(seen("2").await.0, 200);
}

#[tokio::test]
async fn csrf_protection_refuses_everything_that_alters() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.settings.csrf_protection = true);
    assert_eq!(caller.get("/auth/me").await.status, 200);
    let refused = caller.ask_movie(603).await;
    assert_eq!(
        (refused.status, refused.message().as_str()),
        (403, "invalid csrf token")
    );
    assert!(seerr.requests().is_empty());
}

#[tokio::test]
async fn queries_are_checked_to_the_letter() {
    let (seerr, caller) = sample();
    for path in [
        "/media?limit=5",
        "/media?take=",
        "/media?take=many",
        "/media?filter=blocklisted",
        "/request?filter=declined",
        "/movie/abc",
        "/status?x=1",
        "/search",
        "/movie/603?page=1",
        "/search?query=The+Matrix",
        "/search?query=imdb:tt0133093",
    ] {
        assert_eq!(caller.get(path).await.status, 400, "{path}");
    }
    let line = "GET /api/v1/search?query=Am\u{e9}lie HTTP/1.1\r\nHost: x\r\n\r\n";
    let heard = raw(seerr.port(), line.as_bytes());
    assert!(heard.starts_with("HTTP/1.1 400"), "{heard}");
}

#[tokio::test]
async fn prefixes_find_by_number() {
    let (_seerr, caller) = sample();
    let found = caller.get("/search?query=imdb%3Att0133093").await.json();
    assert_eq!(ids(&found), [("movie".to_owned(), 603)]);
    assert_eq!(found["results"][0].get("imdbId"), None);
    assert_eq!(found["results"][0].get("mediaInfo"), None);
    // Without `tt` it is a title nobody has.
    assert_eq!(
        caller.get("/search?query=imdb%3A0133093").await.json()["totalResults"],
        0
    );
    let show = caller.get("/search?query=tvdb%3A81189").await.json();
    assert_eq!(ids(&show), [("tv".to_owned(), 1396)]);
    // One number, a film and a person.
    let both = caller.get("/search?query=tmdb%3A550").await.json();
    assert_eq!(
        ids(&both),
        [("movie".to_owned(), 550), ("person".to_owned(), 550)]
    );
    let year = caller.get("/search?query=year%3A1984%20dune").await.json();
    assert_eq!(ids(&year), [("movie".to_owned(), 841)]);
}

#[tokio::test]
async fn a_title_search_takes_a_year_for_a_word_and_pages_by_20() {
    let seerr = FakeSeerr::start(World::numbered(45).and(World::sample()));
    let caller = Caller::of(&seerr);
    let page = caller
        .get("/search?query=sample%20film&page=3")
        .await
        .json();
    assert_eq!(page["totalPages"], 3);
    assert_eq!(page["totalResults"], 45);
    assert_eq!(page["results"].as_array().unwrap().len(), 5);
    let beyond = caller
        .get("/search?query=sample%20film&page=9")
        .await
        .json();
    assert!(beyond["results"].as_array().unwrap().is_empty());
    assert_eq!(
        caller.get("/search?query=Dune%201984").await.json()["totalResults"],
        0
    );
    let dune = caller.get("/search?query=dune").await.json();
    assert_eq!(
        ids(&dune),
        [("movie".to_owned(), 438_631), ("movie".to_owned(), 841)]
    );
    let stray = caller.get("/search?query=100%%20wolf").await;
    assert_eq!(
        (stray.status, stray.json()["totalResults"].clone()),
        (200, json!(0))
    );
}

#[tokio::test]
async fn a_title_search_hides_that_tmdb_is_down() {
    let (seerr, caller) = sample();
    for tmdb in [Tmdb::Status(429), Tmdb::Status(500), Tmdb::Refused] {
        seerr.faults().tmdb(tmdb);
        let title = caller.get("/search?query=dune").await;
        assert_eq!(
            (title.status, title.json()["totalResults"].clone()),
            (200, json!(0))
        );
        assert_eq!(
            caller.get("/search?query=tmdb%3A603").await.json()["totalResults"],
            0
        );
        assert_eq!(
            caller.get("/search?query=imdb%3Att0133093").await.status,
            500
        );
        assert_eq!(caller.get("/search?query=tvdb%3A81189").await.status, 500);
        let details = caller.get("/movie/603").await;
        assert_eq!(
            (details.status, details.message().as_str()),
            (500, "Unable to retrieve movie.")
        );
        let post = caller.ask_movie(603).await;
        assert_eq!(post.status, 500);
        assert!(
            post.message()
                .starts_with("[TMDB] Failed to fetch movie details: ")
        );
    }
    seerr.faults().tmdb(Tmdb::Well);
    // Failures are not cached.
    assert_eq!(
        caller.get("/search?query=dune").await.json()["totalResults"],
        2
    );
    seerr.faults().tmdb(Tmdb::Hangs);
    // What the cache holds needs no TMDB, the rest hangs until the client gives up.
    assert_eq!(
        caller.get("/search?query=dune").await.json()["totalResults"],
        2
    );
    let hasty = caller.hasty(SHORT);
    assert!(
        hasty
            .try_get("/search?query=alien")
            .await
            .unwrap_err()
            .is_timeout()
    );
}

#[tokio::test]
async fn one_in_five_look_ups_can_fail() {
    let seerr = FakeSeerr::start(World::numbered(100));
    let caller = Caller::of(&seerr);
    seerr.faults().tmdb(Tmdb::Share {
        share: 0.2,
        status: 500,
    });
    let mut empty = 0;
    for at in 1..=100 {
        let found = caller
            .get(&format!("/search?query=sample%20film%20{at:04}"))
            .await
            .json();
        empty += usize::from(found["totalResults"] == 0);
    }
    assert!((19..=20).contains(&empty), "{empty}");
}

#[tokio::test]
async fn unknown_numbers_are_500_never_404() {
    let (_seerr, caller) = sample();
    assert_eq!(caller.get("/movie/99999999").await.status, 500);
    let heard = caller.get("/tv/99999999").await;
    assert_eq!(
        (heard.status, heard.message().as_str()),
        (500, "Unable to retrieve series.")
    );
    let post = caller.ask_movie(99_999_999).await;
    assert_eq!(post.status, 500);
    assert_eq!(
        post.message(),
        "[TMDB] Failed to fetch movie details: Request failed with status code 404"
    );
}

#[tokio::test]
async fn requested_seasons_are_in_the_requests_of_the_details_only() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.set_library_seasons(1396, &[1]));
    assert_eq!(caller.ask_show(1396, json!([2])).await.status, 201);
    let show = caller.get("/tv/1396").await.json();
    assert_eq!(
        show["seasons"].as_array().unwrap().len(),
        6,
        "the specials are among them"
    );
    let media = &show["mediaInfo"];
    assert_eq!(media["seasons"][0]["seasonNumber"], 1);
    assert_eq!(media["seasons"].as_array().unwrap().len(), 1);
    assert_eq!(media["requests"][0]["seasons"][0]["seasonNumber"], 2);
    assert_eq!(show["externalIds"]["tvdbId"], 81189);
    let found = caller.get("/search?query=imdb%3Att0903747").await.json();
    let media = &found["results"][0]["mediaInfo"];
    assert_eq!(media["status"], media_status::PARTIALLY_AVAILABLE);
    assert_eq!((media.get("requests"), media.get("seasons")), (None, None));
}

#[tokio::test]
async fn media_gives_everything_in_one_call() {
    let seerr = FakeSeerr::start(World::numbered(30));
    let caller = Caller::of(&seerr);
    seerr.change(|state| {
        for at in 1..=30 {
            state.set_media(Kind::Movie, 9_000_000 + at, media_status::AVAILABLE);
        }
        state.set_media(Kind::Movie, 9_000_001, media_status::BLOCKLISTED);
        state.add_user(User::new(2, "anna", 0));
    });
    let anna = caller.clone().with("x-api-user", "2");
    let count = async |query: &str| {
        let heard = anna.get(&format!("/media{query}")).await;
        assert_eq!(heard.status, 200, "{query}");
        heard.json()["results"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 20);
    assert_eq!(count("?take=0").await, 20);
    assert_eq!(count("?take=-1").await, 30);
    assert_eq!(count("?take=100000").await, 30);
    assert_eq!(count("?take=20&skip=20").await, 10);
    assert_eq!(count("?take=100&filter=available").await, 29);
    assert_eq!(count("?take=100&filter=deleted").await, 30);
    assert_eq!(anna.get("/media?take=1.5").await.status, 500);
    let page = anna.get("/media?take=20&skip=20").await.json();
    assert_eq!(
        page["pageInfo"],
        json!({"pages": 2, "pageSize": 20, "results": 30, "page": 2})
    );
    assert_eq!(page["results"][0]["id"], 10, "the newest first");
}

#[tokio::test]
async fn users_hide_addresses_from_those_who_may_not_manage_them() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.add_user(User::new(2, "anna", permission::REQUEST)));
    let all = caller.get("/user?take=50").await.json();
    assert_eq!(all["results"][1]["displayName"], "anna");
    assert!(all["results"][0].get("email").is_some());
    let anna = caller.with("x-api-user", "2");
    assert!(
        anna.get("/user").await.json()["results"][0]
            .get("email")
            .is_none()
    );
    assert!(anna.get("/auth/me").await.json().get("email").is_some());
}

#[tokio::test]
async fn older_programs_know_fewer_words() {
    let (seerr, caller) = sample();
    seerr.change(|state| state.settings.flavour = Flavour::Overseerr134);
    assert_eq!(caller.get("/request?sortDirection=asc").await.status, 400);
    assert_eq!(caller.get("/request?mediaType=movie").await.status, 400);
    assert_eq!(caller.get("/request?filter=completed").await.status, 400);
    assert_eq!(caller.get("/blocklist").await.status, 404);
    assert_eq!(caller.get("").await.json()["api"], "Overseerr API");
    // "all" seasons include the specials there.
    seerr.change(|state| state.settings.enable_special_episodes = true);
    let made = caller.ask_show(87108, json!("all")).await.json();
    assert_eq!(made["seasons"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn titles_without_a_date_have_an_empty_one() {
    let world = World::new().with(Title::movie(1, "tt1", "Some Day", 0).undated());
    let seerr = FakeSeerr::start(world);
    let found = Caller::of(&seerr)
        .get("/search?query=some%20day")
        .await
        .json();
    assert_eq!(found["results"][0]["releaseDate"], "");
}

#[tokio::test]
async fn every_call_is_recorded() {
    let (seerr, caller) = sample();
    caller.get("/media?take=5").await;
    caller.ask_movie(603).await;
    let calls = seerr.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (calls[0].path.as_str(), calls[0].query.as_deref()),
        ("/api/v1/media", Some("take=5"))
    );
    assert_eq!(
        (calls[1].method.as_str(), calls[1].status, calls[1].user),
        ("POST", Some(201), Some(1))
    );
    assert_eq!(seerr.count("POST", "/api/v1/request"), 1);
    assert_eq!(seerr.count("GET", "/api/v1/*"), 1);
    seerr.forget_calls();
    assert_eq!(seerr.call_count(), 0);
}

#[tokio::test]
async fn the_page_shows_what_was_requested_and_says_when_it_changed() {
    let seerr = FakeSeerr::with_page(World::sample());
    let page = Caller::at(&seerr.url());
    assert!(
        page.get("/")
            .await
            .text
            .contains("Nothing was requested yet")
    );
    Caller::of(&seerr).ask_movie(603).await;
    assert!(page.get("/").await.text.contains("The Matrix"));
    assert!(page.get("/page/rows").await.text.starts_with("<p"));
    let mut changes = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(format!("{}/page/changes", seerr.url()))
        .send()
        .await
        .unwrap();
    let first = changes.chunk().await.unwrap().unwrap();
    assert_eq!(&first[..], b"data: changed\n\n");
    Caller::of(&seerr).ask_movie(550).await;
    let next = changes.chunk().await.unwrap().unwrap();
    assert_eq!(&next[..], b"data: changed\n\n");
}
