//! The questions to AniList's GraphQL.
//! Source: <https://docs.anilist.co/reference/> (`MediaListCollection`, `Page`, `MediaList`), as told
//! in 2026; not checked against the live site.

use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use url::Url;

use super::address::{AnilistList, Chart, Season, Section};
use crate::provider::Request;

/// Steps, by what an answer holds.
pub(super) const CHUNK: &str = "chunk of lists";
pub(super) const PAGE: &str = "page of a list";
pub(super) const CHART: &str = "page of a chart";

/// Entries in a chunk, and on a page: the most that AniList gives.
pub(super) const CHUNK_SIZE: u32 = 500;
pub(super) const PAGE_SIZE: u32 = 50;

const MEDIA: &str =
    "{ id idMal type format seasonYear startDate { year } title { english romaji native } }";

/// All lists of a user, so many entries at a time.
pub(super) fn chunk(url: Url, list: &AnilistList, number: u32) -> Request {
    let query = format!(
        "query ($user: String, $statuses: [MediaListStatus], $chunk: Int, $perChunk: Int) {{ \
         MediaListCollection(userName: $user, type: ANIME, status_in: $statuses, \
         sort: [ADDED_TIME_DESC], chunk: $chunk, perChunk: $perChunk) {{ hasNextChunk \
         user {{ name mediaListOptions {{ animeList {{ customLists }} }} }} \
         lists {{ name status isCustomList entries {{ status media {MEDIA} }} }} }} }}"
    );
    let variables = json!({
        "user": user(list),
        "statuses": statuses(list),
        "chunk": number,
        "perChunk": CHUNK_SIZE,
    });
    post(url, CHUNK, &query, &variables, number)
}

/// The same entries page by page, which does not tell custom lists.
pub(super) fn page(url: Url, list: &AnilistList, number: u32) -> Request {
    let query = format!(
        "query ($user: String, $statuses: [MediaListStatus], $page: Int, $perPage: Int) {{ \
         Page(page: $page, perPage: $perPage) {{ pageInfo {{ hasNextPage }} \
         mediaList(userName: $user, type: ANIME, status_in: $statuses, \
         sort: [ADDED_TIME_DESC]) {{ status user {{ name }} media {MEDIA} }} }} }}"
    );
    let variables = json!({
        "user": user(list),
        "statuses": statuses(list),
        "page": number,
        "perPage": PAGE_SIZE,
    });
    post(url, PAGE, &query, &variables, number)
}

/// A chart, without what the site shows to grown-ups only. `this` is the season of today.
pub(super) fn chart(url: Url, chart: Chart, this: Season, number: u32) -> Request {
    let (sort, season) = match chart {
        Chart::Trending => ("TRENDING_DESC", None),
        Chart::Popular => ("POPULARITY_DESC", None),
        Chart::Top => ("SCORE_DESC", None),
        Chart::ThisSeason => ("POPULARITY_DESC", Some(this)),
        Chart::NextSeason => ("POPULARITY_DESC", Some(this.next())),
        Chart::Season(season) => ("POPULARITY_DESC", Some(season)),
    };
    let query = format!(
        "query ($sort: [MediaSort], $season: MediaSeason, $year: Int, $page: Int, $perPage: Int) {{ \
         Page(page: $page, perPage: $perPage) {{ pageInfo {{ hasNextPage }} \
         media(type: ANIME, isAdult: false, sort: $sort, season: $season, seasonYear: $year) \
         {MEDIA} }} }}"
    );
    let mut variables = json!({"sort": [sort], "page": number, "perPage": PAGE_SIZE});
    // A variable that is null would ask for titles of no season.
    if let (Some(season), Some(variables)) = (season, variables.as_object_mut()) {
        let name = season.name().to_ascii_uppercase();
        variables.insert("season".into(), json!(name));
        variables.insert("year".into(), json!(season.year()));
    }
    post(url, CHART, &query, &variables, number)
}

/// The same question about the part after it.
pub(super) fn after(request: &Request) -> Option<Request> {
    let mut body: Value = serde_json::from_str(request.body.as_deref()?).ok()?; // our own words
    let number = request.number + 1;
    let variables = body.get_mut("variables")?.as_object_mut()?;
    let key = if request.step == CHUNK {
        "chunk"
    } else {
        "page"
    };
    variables.insert(key.into(), json!(number));
    Some(Request {
        number,
        body: Some(body.to_string()),
        ..request.clone()
    })
}

fn post(url: Url, step: &'static str, query: &str, variables: &Value, number: u32) -> Request {
    let body = json!({"query": query, "variables": variables});
    Request {
        number,
        ..Request::post(url, step, &body)
    }
    .header("accept", HeaderValue::from_static("application/json"))
}

fn user(list: &AnilistList) -> Option<&str> {
    match list {
        AnilistList::Of { user, .. } => Some(user),
        AnilistList::Chart(_) => None,
    }
}

/// All of them by name when none is meant: what an empty argument means is not told.
fn statuses(list: &AnilistList) -> Vec<&'static str> {
    const ALL: &[&str] = &[
        "CURRENT",
        "PLANNING",
        "COMPLETED",
        "PAUSED",
        "DROPPED",
        "REPEATING",
    ];
    match list {
        AnilistList::Of {
            section: Section::Status(status),
            ..
        } => vec![status.word()],
        AnilistList::Of {
            section: Section::Named { slug, .. },
            ..
        } if is_completed(slug) => vec!["COMPLETED"],
        _ => ALL.to_vec(),
    }
}

/// Whether a list's name is that of one kind of what was completed (`Completed TV`), into which the
/// site divides that status for users who want it so.
pub(super) fn is_completed(slug: &str) -> bool {
    slug.starts_with("completed-")
}
