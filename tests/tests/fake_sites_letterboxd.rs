//! The fake Letterboxd: page sizes, markup, pages of films with their traps, refusals, and who asks too fast.

#![cfg(test)]

mod caller;

use caller::Caller;
use tests::fake_seerr::World;
use tests::fake_sites::{Entry, FakeSites, ListFault};
use tests::loopback::{Fault, Times};

fn many(count: i64) -> Vec<Entry> {
    Entry::all_of(&World::numbered(count))
}

fn slugs(page: &str) -> usize {
    page.matches("data-item-slug=").count()
}

#[tokio::test]
async fn each_kind_of_page_has_its_size_and_names_the_last_one() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    for (path, size, pages) in [
        ("anna/list/best", 100, 6),
        ("anna/watchlist", 28, 20),
        ("anna/films", 72, 8),
    ] {
        sites.set_letterboxd(path, many(550));
        let first = caller.get(&format!("/{path}/")).await.text;
        assert_eq!(slugs(&first), size, "{path}");
        assert!(
            first.contains(&format!("href=\"/{path}/page/{pages}/\">{pages}</a>")),
            "{path}"
        );
        assert!(first.contains("unseen-pages"), "{path}");
        let last = caller.get(&format!("/{path}/page/{pages}/")).await;
        assert_eq!(
            (last.status, slugs(&last.text)),
            (200, 550 - size * (pages - 1)),
            "{path}"
        );
        assert!(!last.text.contains("class=\"next\""), "{path}");
        let past = caller.get(&format!("/{path}/page/{}/", pages + 1)).await;
        assert_eq!(past.status, 403, "{path}");
    }
    let watchlist = caller.get("/anna/watchlist/").await.text;
    assert!(watchlist.contains("550&nbsp;films") && watchlist.contains("&quot;uid&quot;"));
    sites.set_letterboxd("anna/films", many(3));
    assert!(!caller.get("/anna/films/").await.text.contains("pagination"));
    assert_eq!(caller.get("/anna/films").await.status, 301);
    assert_eq!(caller.get("/bea/watchlist/").await.status, 404);
    sites.set_letterboxd_private("anna/films", true);
    assert_eq!(caller.get("/anna/films/").await.status, 404);
}

#[tokio::test]
async fn a_film_says_what_it_is_elsewhere_and_a_mini_series_lies_in_its_body() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    let entries = vec![
        Entry::movie("tt1", "Bob's \"Film\"", Some(2020)).with_tmdb(11),
        Entry::show("tt2", "Unbelievable", Some(2019))
            .of_type("tvMiniSeries")
            .with_tmdb(22),
        Entry::movie("tt3", "Untitled", None).without_tmdb(),
        Entry::movie("", "No Numbers", Some(1931)),
    ];
    sites.set_letterboxd("anna/watchlist", entries);
    let list = caller.get("/anna/watchlist/").await.text;
    assert!(
        list.contains("data-item-name=\"Bob&#039;s &quot;Film&quot; (2020)\""),
        "{list}"
    );
    assert!(list.contains("data-item-name=\"Untitled\""));
    let film = async |slug: &str| caller.get(&format!("/film/{slug}/")).await.text;
    let bob = film("bob-s-film-2020").await;
    assert!(bob.contains("data-tmdb-type=\"movie\" data-tmdb-id=\"11\""));
    assert!(bob.contains("/title/tt1/maindetails") && bob.contains("themoviedb.org/movie/11/"));
    let series = film("unbelievable-2019").await;
    assert!(series.contains("data-tmdb-type=\"movie\" data-tmdb-id=\"\""));
    assert!(series.contains("themoviedb.org/tv/22/"));
    assert!(
        !film("untitled")
            .await
            .contains("data-track-action=\"TMDB\"")
    );
    assert!(!film("no-numbers-1931").await.contains("imdb.com"));
    assert_eq!(caller.get("/film/nothing/").await.status, 404);
}

#[tokio::test]
async fn the_wall_is_cloudflares_and_lists_can_lie() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    sites.set_letterboxd("anna/list/best", many(150));
    sites.fault("/anna/*", Fault::CloudflareChallenge, Times::ONCE);
    let heard = caller.get("/anna/list/best/").await;
    assert_eq!(
        (heard.status, heard.header("cf-mitigated")),
        (403, "challenge")
    );
    assert!(heard.text.contains("Just a moment..."));
    let list = "anna/list/best";
    sites.disturb_letterboxd(list, Some(ListFault::SamePage));
    assert!(
        caller
            .get("/anna/list/best/page/2/")
            .await
            .text
            .contains("sample-film-0001")
    );
    sites.disturb_letterboxd(list, Some(ListFault::Total(450)));
    assert!(
        caller
            .get("/anna/list/best/")
            .await
            .text
            .contains("/page/5/")
    );
}

#[tokio::test]
async fn who_asks_too_fast_is_noticed() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    sites.set_letterboxd("anna/watchlist", many(1));
    caller.get("/anna/watchlist/").await;
    assert_eq!(sites.letterboxd_pace().closest, None);
    caller.get("/movies.json").await;
    caller.get("/film/sample-film-0001-1951/").await;
    let pace = sites.letterboxd_pace();
    assert_eq!((pace.calls, pace.at_once), (2, 1));
    assert!(pace.closest.unwrap() < chrono::TimeDelta::seconds(2));
}
