//! The fake Trakt: client id, paging, shapes of elements, and the statuses it refuses with.

#![cfg(test)]

mod caller;

use caller::Caller;
use serde_json::{Value, json};
use tests::fake_seerr::World;
use tests::fake_sites::{Entry, FakeSites, ListFault, TRAKT_CLIENT_ID};

fn client(sites: &FakeSites) -> Caller {
    Caller::at(&sites.url())
        .with("trakt-api-version", "2")
        .with("trakt-api-key", TRAKT_CLIENT_ID)
}

fn many(count: i64) -> Vec<Entry> {
    Entry::all_of(&World::numbered(count))
}

#[tokio::test]
async fn without_a_client_id_or_version_there_is_nothing() {
    let sites = FakeSites::start();
    sites.set_trakt("users/anna/lists/best", many(1));
    let path = "/users/anna/lists/best/items";
    assert_eq!(client(&sites).get(path).await.status, 200);
    assert_eq!(
        client(&sites)
            .without("trakt-api-key")
            .get(path)
            .await
            .status,
        403
    );
    assert_eq!(
        client(&sites)
            .with("trakt-api-key", "x")
            .get(path)
            .await
            .status,
        403
    );
    assert_eq!(
        client(&sites)
            .without("trakt-api-version")
            .get(path)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_list_comes_in_pages_of_100_and_never_more_than_250() {
    let sites = FakeSites::start();
    sites.set_trakt("users/anna/lists/best", many(600));
    let page = async |query: &str| {
        let heard = client(&sites)
            .get(&format!("/users/anna/lists/best/items/movie,show{query}"))
            .await;
        let header = |name: &str| heard.header(name).to_owned();
        let paging = [
            header("x-pagination-page"),
            header("x-pagination-limit"),
            header("x-pagination-page-count"),
            header("x-pagination-item-count"),
        ];
        (heard.json().as_array().unwrap().clone(), paging.join(" "))
    };
    let (items, paging) = page("").await;
    assert_eq!((items.len(), paging.as_str()), (100, "1 100 6 600"));
    let (items, paging) = page("?page=3&limit=1000").await;
    assert_eq!((items.len(), paging.as_str()), (100, "3 250 3 600"));
    assert_eq!(items[0]["rank"], 501);
    assert_eq!(items[0]["movie"]["ids"]["tmdb"], 9_000_501);
    let (items, _) = page("?page=4&limit=250").await;
    assert!(items.is_empty());
}

#[tokio::test]
async fn elements_have_the_shape_of_what_they_are_in() {
    let sites = FakeSites::start();
    let mut mixed = vec![
        Entry::movie("tt1", "One", None).with_tmdb(1),
        Entry::show("tt2", "Two", Some(2020)),
        Entry::show("tt2", "Two", Some(2020)).of_type("tvEpisode"),
        Entry::movie("", "A Person", None).of_type("person"),
    ];
    mixed[1].imdb_id.clear();
    sites.set_trakt("lists/12", mixed.clone());
    sites.set_trakt("users/anna/watchlist", mixed.clone());
    sites.set_trakt("users/anna/collection", mixed[..1].to_vec());
    for chart in ["movies/popular", "movies/trending", "movies/boxoffice"] {
        sites.set_trakt(chart, many(30));
    }
    sites.set_trakt("shows/trending", mixed[1..2].to_vec());
    let get = async |path: &str| client(&sites).get(path).await.json();
    let types = |items: &Value| -> Vec<String> {
        let items = items.as_array().unwrap().iter();
        items
            .map(|item| item["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = get("/lists/12/items").await;
    assert_eq!(types(&all), ["movie", "show", "episode", "person"]);
    assert_eq!(all[0]["movie"]["year"], Value::Null);
    assert_eq!(all[1]["show"]["ids"]["imdb"], Value::Null);
    assert_eq!(all[2]["show"]["title"], "Two");
    assert_eq!(all[3]["person"]["name"], "A Person");
    assert_eq!(
        types(&get("/lists/12/items/movie,show").await),
        ["movie", "show"]
    );
    assert_eq!(types(&get("/users/anna/watchlist/shows").await), ["show"]);
    assert!(get("/users/anna/collection/movies").await[0]["movie"].is_object());
    let none = client(&sites).get("/users/anna/lists/none").await;
    assert_eq!((none.status, none.text.as_str()), (404, ""));
    let popular = get("/movies/popular").await;
    assert_eq!(popular.as_array().unwrap().len(), 10);
    assert_eq!(popular[0]["title"], "Sample Film 0001");
    let trending = get("/movies/trending?limit=20").await;
    assert_eq!(trending.as_array().unwrap().len(), 20);
    assert!(trending[0]["watchers"].is_u64() && trending[0]["movie"].is_object());
    assert_eq!(get("/shows/trending").await[0]["show"]["year"], 2020);
    let weekend = client(&sites).get("/movies/boxoffice?limit=30").await;
    assert_eq!(weekend.json().as_array().unwrap().len(), 10);
    assert_eq!(weekend.header("x-pagination-page-count"), "");
    assert_eq!(get("/lists/12").await["item_count"], json!(4));
}

#[tokio::test]
async fn refusals_have_their_own_status_and_lists_can_lie() {
    let sites = FakeSites::start();
    sites.set_trakt("users/anna/watchlist", many(150));
    let path = "/users/anna/watchlist/movie,show";
    for status in [401, 420, 423, 426] {
        sites.refuse_trakt("users/anna/lists/best", status);
        let heard = client(&sites).get("/users/anna/lists/best/items").await;
        assert_eq!(heard.status, status);
    }
    assert_eq!(client(&sites).get("/lists/99/items").await.status, 404);
    sites.disturb_trakt("users/anna/watchlist", Some(ListFault::SamePage));
    let second = client(&sites).get(&format!("{path}?page=2")).await.json();
    assert_eq!(second[0]["rank"], 1);
    sites.disturb_trakt("users/anna/watchlist", Some(ListFault::Total(151)));
    let heard = client(&sites).get(path).await;
    assert_eq!(heard.header("x-pagination-item-count"), "151");
}
