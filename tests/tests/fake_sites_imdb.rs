//! The fake list sites when they are well: IMDb's GraphQL and pages, Steven Lu's files, and the real captures.

#![cfg(test)]

mod caller;

use caller::Caller;
use serde_json::{Value, json};
use tests::fake_seerr::{FakeSeerr, World};
use tests::fake_sites::{Entry, FakeSites, ListFault, captures};

const SEARCH: &str = "titleListItemSearch(first: 250, after: $after) { total pageInfo { hasNextPage endCursor } \
    edges { listItem: title { id titleText { text } originalTitleText { text } releaseYear { year } titleType { id } } } }";

fn client(sites: &FakeSites) -> Caller {
    Caller::at(&sites.url()).with("x-imdb-client-name", "imdb-web-next")
}

async fn ask(sites: &FakeSites, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let heard = client(sites).post("/graphql", &body).await;
    assert_eq!(heard.status, 200, "{}", heard.text);
    heard.json()
}

fn many(count: usize) -> Vec<Entry> {
    let entries = Entry::all_of(&World::numbered(i64::try_from(count).unwrap()));
    assert_eq!(entries.len(), count);
    entries
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let sites = FakeSites::start();
    sites.set_imdb_list("ls1", many(600));
    let query = format!(
        "query L($id: ID!, $after: String) {{ list(id: $id) {{ id name {{ originalText }} visibility {{ id }} {SEARCH} }} }}"
    );
    let mut after = Value::Null;
    let mut seen = Vec::new();
    loop {
        let answer = ask(&sites, &query, json!({"id": "ls1", "after": after})).await;
        let search = &answer["data"]["list"]["titleListItemSearch"];
        assert_eq!(search["total"], 600);
        for edge in search["edges"].as_array().unwrap() {
            seen.push(edge["listItem"]["id"].as_str().unwrap().to_owned());
            assert_eq!(
                edge.as_object().unwrap().len(),
                1,
                "only what was asked for"
            );
        }
        after = search["pageInfo"]["endCursor"].clone();
        if search["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let expected: Vec<String> = many(600).into_iter().map(|entry| entry.imdb_id).collect();
    assert_eq!(seen, expected);
    assert_eq!(sites.count("POST", "/graphql"), 3);
}

#[tokio::test]
async fn watchlists_charts_and_profiles_are_asked_for_in_their_own_words() {
    let sites = FakeSites::start();
    sites.set_imdb_watchlist(
        "ur1",
        vec![Entry::show("tt1", "One", None).of_type("tvMiniSeries")],
    );
    sites.set_imdb_chart("TOP_RATED_MOVIES", many(3));
    sites.set_imdb_profile("p.abc", "ur1");
    let query = format!(
        "query($after: String) {{ predefinedList(classType: WATCH_LIST, userId: \"ur1\") {{ {SEARCH} }} }}"
    );
    let answer = ask(&sites, &query, json!({})).await;
    let item = &answer["data"]["predefinedList"]["titleListItemSearch"]["edges"][0]["listItem"];
    assert_eq!(item["titleType"]["id"], "tvMiniSeries");
    assert_eq!(item["releaseYear"], Value::Null);
    let items = "query($after: ID) { predefinedList(classType: WATCH_LIST, userId: \"ur1\") { items(first: 1, after: $after) { total edges { node { listItem { ... on Title { id } } } } } } }";
    let answer = ask(&sites, items, json!({})).await;
    assert_eq!(
        answer["data"]["predefinedList"]["items"]["edges"][0]["node"]["listItem"]["id"],
        "tt1"
    );
    let chart = "{ chartTitles(chart: {chartType: TOP_RATED_MOVIES}, first: 250) { total edges { currentRank node { id } } } }";
    let answer = ask(&sites, chart, json!({})).await;
    assert_eq!(answer["data"]["chartTitles"]["edges"][2]["currentRank"], 3);
    sites.set_imdb_chart("BOX_OFFICE", many(2));
    let weekend = "{ boxOfficeWeekendChart(limit: 50) { entries { title { id } } } }";
    let answer = ask(&sites, weekend, json!({})).await;
    let entries = &answer["data"]["boxOfficeWeekendChart"]["entries"];
    assert_eq!(entries[1]["title"]["id"], "tt90000002");
    let profile = "{ userProfile(input: {profileId: \"p.abc\"}) { userId } }";
    assert_eq!(
        ask(&sites, profile, json!({})).await["data"]["userProfile"]["userId"],
        "ur1"
    );
}

#[tokio::test]
async fn private_unknown_and_empty_are_told_apart() {
    let sites = FakeSites::start();
    sites.set_imdb_list("ls1", many(1));
    sites.set_imdb_private("ls1", true);
    sites.set_imdb_list("ls2", Vec::new());
    let list = |id: &str| format!("query($after: String) {{ list(id: \"{id}\") {{ {SEARCH} }} }}");
    let private = ask(&sites, &list("ls1"), json!({})).await;
    assert_eq!(private["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(private["data"]["list"], Value::Null);
    let unknown = ask(&sites, &list("ls9"), json!({})).await;
    assert_eq!(
        unknown["errors"][0]["extensions"]["code"],
        "RESOURCE_NOT_FOUND"
    );
    let empty = ask(&sites, &list("ls2"), json!({})).await;
    assert_eq!(empty["data"]["list"]["titleListItemSearch"]["total"], 0);
    let nobody = format!(
        "query($after: String) {{ predefinedList(classType: WATCH_LIST, userId: \"ur9\") {{ {SEARCH} }} }}"
    );
    let nobody = ask(&sites, &nobody, json!({})).await;
    assert_eq!(
        nobody,
        json!({"data": {"predefinedList": null}, "extensions": nobody["extensions"]})
    );
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let sites = FakeSites::start();
    sites.set_imdb_list("ls1", many(1));
    let nameless = Caller::at(&sites.url())
        .post("/", &json!({"query": "{ list(id: \"ls1\") { id } }"}))
        .await;
    assert_eq!(nameless.status, 403);
    assert!(nameless.text.contains("nginx"));
    let refused = async |query: &str| {
        let heard = client(&sites).post("/", &json!({"query": query})).await;
        (heard.status, heard.text)
    };
    for query in [
        "{ list(id: \"ls1\") { isbn } }",
        "{ list { id } }",
        "{ list(id: \"ls1\") }",
        "{ chartTitles(chart: {chartType: BEST}, first: 1) { total } }",
        "query($after: ID) { list(id: \"ls1\") { titleListItemSearch(first: 250, after: $after) { total } } }",
        "{ list(id: \"ls1\") { id ",
    ] {
        assert_eq!(refused(query).await.0, 400, "{query}");
    }
    let (status, text) =
        refused("{ list(id: \"ls1\") { titleListItemSearch(first: 5000) { total } } }").await;
    assert!(
        status == 200 && text.contains("Too much data requested"),
        "{text}"
    );
}

#[tokio::test]
async fn lists_can_lie() {
    let sites = FakeSites::start();
    sites.set_imdb_list("ls1", many(5));
    sites.cap_pages(2);
    let query = format!("query($after: String) {{ list(id: \"ls1\") {{ {SEARCH} }} }}");
    let page = async |after: &Value| {
        let answer = ask(&sites, &query, json!({"after": after})).await;
        answer["data"]["list"]["titleListItemSearch"].clone()
    };
    let first = page(&Value::Null).await;
    assert_eq!(first["edges"].as_array().unwrap().len(), 2);
    let cursor = first["pageInfo"]["endCursor"].clone();
    sites.disturb("ls1", ListFault::SamePage);
    assert_eq!(page(&cursor).await["edges"], first["edges"]);
    sites.disturb("ls1", ListFault::Total(99));
    assert_eq!(page(&Value::Null).await["total"], 99);
    sites.disturb("ls1", ListFault::ChangesTo(many(3)));
    assert_eq!(page(&Value::Null).await["total"], 5);
    assert_eq!(page(&cursor).await["total"], 3);
}

#[tokio::test]
async fn pages_hold_everything_in_next_data() {
    let sites = FakeSites::start();
    let mut entries = many(60);
    entries[0].title = "</script><b>".to_owned();
    sites.set_imdb_chart("TOP_RATED_MOVIES", entries.clone());
    sites.set_imdb_list("ls1", many(300));
    let data = |text: &str| {
        let (_, rest) = text.split_once("type=\"application/json\">").unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        serde_json::from_str::<Value>(data).unwrap()
    };
    let page = client(&sites).get("/chart/top/").await.text;
    assert_eq!(page.matches("ipc-metadata-list-summary-item").count(), 25);
    let chart = data(&page)["props"]["pageProps"]["pageData"]["chartTitles"].clone();
    assert_eq!(chart["edges"].as_array().unwrap().len(), 60);
    assert_eq!(
        chart["edges"][0]["node"]["titleText"]["text"],
        "</script><b>"
    );
    let second = client(&sites).get("/list/ls1/?page=2").await.text;
    let list = data(&second)["props"]["pageProps"]["mainColumnData"]["list"].clone();
    assert_eq!(
        list["titleListItemSearch"]["edges"]
            .as_array()
            .unwrap()
            .len(),
        50
    );
    assert_eq!(client(&sites).get("/list/ls9/").await.status, 404);
}

#[tokio::test]
async fn stevenlu_answers_304_to_the_same_etag() {
    let sites = FakeSites::start();
    sites.set_stevenlu("movies", many(2));
    let caller = Caller::at(&sites.url());
    let first = caller.get("/movies.json").await;
    assert_eq!(first.json()[0]["tmdb_id"], 9_000_001);
    assert_eq!(first.json()[0].get("year"), None);
    assert_eq!(
        first.header("content-encoding"),
        "",
        "unpacked by the client"
    );
    let etag = first.header("etag").to_owned();
    let knowing = caller.clone().with("if-none-match", &etag);
    assert_eq!(knowing.get("/movies.json").await.status, 304);
    sites.set_stevenlu("movies", many(3));
    assert_eq!(knowing.get("/movies.json").await.status, 200);
    assert_eq!(caller.get("/all-movies.json").await.status, 404);
}

#[tokio::test]
async fn real_captures_are_served_and_found_in_a_world_made_of_them() {
    let (Some(top), Some(watchlist)) = (captures::imdb_top_250(), captures::imdb_watchlist())
    else {
        return; // the captures do not stand beside the project
    };
    assert_eq!((top.entries.len(), watchlist.entries.len()), (250, 15));
    assert!(top.entries.iter().all(|entry| entry.year.is_some()));
    let sites = FakeSites::start();
    sites.serve_raw(
        "/chart/top/",
        200,
        &[("content-type", "text/html")],
        top.body.clone(),
    );
    sites.serve_raw_graphql("ur1", &watchlist.body);
    assert_eq!(client(&sites).get("/chart/top/").await.text, top.body);
    let query = format!(
        "query($after: String) {{ predefinedList(classType: WATCH_LIST, userId: \"ur1\") {{ {SEARCH} }} }}"
    );
    let answer = ask(&sites, &query, json!({})).await;
    assert_eq!(
        answer["data"]["predefinedList"]["titleListItemSearch"]["total"],
        15
    );
    let seerr = FakeSeerr::start(World::for_entries(top.entries.iter().map(Entry::wanted)));
    for entry in [&top.entries[0], &top.entries[249]] {
        let path = format!("/search?query=imdb%3A{}", entry.imdb_id);
        let found = Caller::of(&seerr).get(&path).await.json();
        assert_eq!(found["results"][0]["title"], entry.title.as_str());
    }
}
