//! The fake pages that want a browser: what is in them before and after their scripts asked for more.

#![cfg(test)]

mod caller;

use caller::Caller;
use tests::fake_seerr::World;
use tests::fake_sites::{Entry, FakeSites, ListFault};

fn many(count: i64) -> Vec<Entry> {
    Entry::all_of(&World::numbered(count))
}

#[tokio::test]
async fn a_page_has_no_title_before_its_script_runs_and_gets_them_in_pieces() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    sites.set_web_page("best", many(30));
    let page = caller.get("/pages/best").await.text;
    assert!(!page.contains("/title/tt") && page.contains("fetch('/pages/best/titles?from='"));
    let first = caller.get("/pages/best/titles?from=0").await.json();
    assert_eq!(first["titles"].as_array().unwrap().len(), 12);
    assert_eq!(
        first["titles"][0]["href"],
        "https://www.imdb.com/title/tt90000001/?ref_=sample_0"
    );
    let second = "https://www.themoviedb.org/movie/9000002-sample-film-0002-1952";
    assert_eq!(first["titles"][1]["href"], second);
    let last = caller.get("/pages/best/titles?from=24").await.json();
    assert_eq!(
        (last["titles"].as_array().unwrap().len(), &last["more"]),
        (6, &false.into())
    );
    sites.disturb_web_page("best", Some(ListFault::SamePage));
    let again = caller.get("/pages/best/titles?from=24").await.json();
    assert_eq!(
        (&again["titles"], &again["more"]),
        (&first["titles"], &true.into())
    );
    assert_eq!(caller.get("/pages/none").await.status, 404);
}

#[tokio::test]
async fn a_list_of_tmdb_has_its_first_titles_in_the_page() {
    let sites = FakeSites::start();
    let caller = Caller::at(&sites.url());
    let mut entries = many(33);
    entries.push(Entry::movie("tt1", "Without a number", None));
    sites.set_tmdb_list("8136", entries);
    let page = caller.get("/list/8136").await.text;
    assert_eq!(
        page.matches("class=\"font-bold\" href=\"/movie/").count(),
        20
    );
    let rest = caller.get("/list/8136/items?from=20").await.text;
    assert_eq!(rest.matches("class=\"font-bold\"").count(), 13);
    assert_eq!(caller.get("/list/8136/items?from=40").await.text, "");
    assert_eq!(caller.get("/list/1").await.status, 404);
}
