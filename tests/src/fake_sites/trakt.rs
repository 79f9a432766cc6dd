//! Trakt's API: lists, watchlists, favourites, collections and charts, with its client id, its shapes, and its paging
//! as it is since April 2026: 100 or 10 titles unless asked, never more than 250.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    FakeSites,
    entry::Entry,
    state::{ListFault, ListPage, ListState},
};
use crate::loopback::{Answer, Request};

/// The client id that is taken; any other is a 403.
pub const TRAKT_CLIENT_ID: &str = "fake-trakt-client-id";

/// Most titles in one page, whatever is asked for.
const MOST: usize = 250;
/// Titles in one page of a list when nothing is asked for.
const OF_LIST: usize = 100;
/// Titles in one page of a chart when nothing is asked for.
const OF_CHART: usize = 10;

/// What the API holds, by path: `users/anna/lists/best`, `lists/12`, `users/anna/watchlist`, `movies/trending`.
#[derive(Default)]
pub(super) struct TraktState {
    lists: BTreeMap<String, ListState>,
    statuses: BTreeMap<String, u16>,
}

impl FakeSites {
    /// Sets a public list, watchlist or chart by its path: `users/anna/lists/best`, `lists/12`, `users/anna/watchlist`,
    /// `users/anna/favorites`, `users/anna/collection`, `movies/trending`, `shows/popular`, `movies/boxoffice`.
    pub fn set_trakt(&self, path: &str, entries: Vec<Entry>) {
        let list = ListState {
            name: format!("Sample Trakt list {path}"),
            entries,
            ..ListState::default()
        };
        self.shared
            .change(|state| state.trakt.lists.insert(path.to_owned(), list));
    }

    /// Answers that path with a status of Trakt's: 401 private, 404, 420 limit, 423 locked, 426 VIP only.
    pub fn refuse_trakt(&self, path: &str, status: u16) {
        self.shared
            .change(|state| state.trakt.statuses.insert(path.to_owned(), status));
    }

    /// Spoils what one list or chart says.
    pub fn disturb_trakt(&self, path: &str, fault: Option<ListFault>) {
        self.shared.change(|state| {
            let list = state.trakt.lists.entry(path.to_owned()).or_default();
            list.fault = fault;
        });
    }
}

/// What is asked for.
enum Asked {
    /// A list's own data.
    About,
    /// Its entries, of these types only when any is named.
    Items(Vec<String>),
}

/// How the elements of an answer look.
#[derive(Clone, Copy)]
enum Shape {
    /// With `type`, `rank` and the time it was listed.
    Listed,
    Collected,
    /// `{"watchers": 1, "movie": {…}}`
    Wrapped(&'static str),
    /// The title itself.
    Bare,
}

/// Whether that path is one of the API's.
pub(super) fn is_path(parts: &[&str]) -> bool {
    matches!(
        parts.first(),
        Some(&("users" | "lists" | "movies" | "shows"))
    )
}

pub(super) fn answer(state: &mut TraktState, request: &Request, parts: &[&str]) -> Answer {
    if request.header("trakt-api-key") != Some(TRAKT_CLIENT_ID) {
        return error(403, "invalid API key or unapproved app");
    }
    if request.header("trakt-api-version") != Some("2") {
        return error(400, "trakt-api-version is not 2");
    }
    let Some((path, asked, shape)) = route(parts) else {
        return bare(404);
    };
    if let Some(status) = state.statuses.get(&path) {
        return refusal(*status);
    }
    let Some(list) = state.lists.get_mut(&path) else {
        return bare(404);
    };
    if list.is_private {
        return refusal(401);
    }
    match asked {
        Asked::About => Answer::json(
            200,
            &json!({
                "name": list.name,
                "description": "",
                "privacy": "public",
                "type": "personal",
                "item_count": list.entries.len(),
                "ids": {"trakt": 12, "slug": path.rsplit('/').next()},
            }),
        ),
        Asked::Items(types) => items(list, &types, shape, request),
    }
}

fn route(parts: &[&str]) -> Option<(String, Asked, Shape)> {
    let path = |parts: &[&str]| parts.join("/");
    let types = |rest: &[&str]| {
        let words = rest.first().copied().unwrap_or_default().split(',');
        let words = words.filter(|word| !word.is_empty());
        Asked::Items(
            words
                .map(|word| word.trim_end_matches('s').to_owned())
                .collect(),
        )
    };
    Some(match parts {
        ["users", user, "lists", list] => (
            path(&["users", user, "lists", list]),
            Asked::About,
            Shape::Listed,
        ),
        ["lists", list] => (path(&["lists", list]), Asked::About, Shape::Listed),
        ["users", user, "lists", list, "items", rest @ ..] => (
            path(&["users", user, "lists", list]),
            types(rest),
            Shape::Listed,
        ),
        ["lists", list, "items", rest @ ..] => (path(&["lists", list]), types(rest), Shape::Listed),
        ["users", user, kind @ ("watchlist" | "favorites"), rest @ ..] => {
            (path(&["users", user, kind]), types(rest), Shape::Listed)
        }
        ["users", user, "collection", rest @ ..] => (
            path(&["users", user, "collection"]),
            types(rest),
            Shape::Collected,
        ),
        [kind @ ("movies" | "shows"), chart, ..] => {
            let shape = match *chart {
                "popular" => Shape::Bare,
                "boxoffice" => Shape::Wrapped("revenue"),
                "anticipated" => Shape::Wrapped("list_count"),
                "favorited" => Shape::Wrapped("user_count"),
                "played" | "watched" | "collected" => Shape::Wrapped("watcher_count"),
                _ => Shape::Wrapped("watchers"),
            };
            (path(&[kind, chart]), Asked::Items(Vec::new()), shape)
        }
        _ => return None,
    })
}

fn items(list: &mut ListState, types: &[String], shape: Shape, request: &Request) -> Answer {
    let is_chart = matches!(shape, Shape::Wrapped(_) | Shape::Bare);
    if matches!(shape, Shape::Wrapped("revenue")) {
        let page = list.page(0, OF_CHART); // the weekend's ten, never paged
        return Answer::json(200, &elements(&page, shape));
    }
    let usual = if is_chart { OF_CHART } else { OF_LIST };
    let limit = number(request, "limit").unwrap_or(usual).clamp(1, MOST);
    let number = number(request, "page").unwrap_or(1).max(1);
    let page = list.page_of((number - 1) * limit, limit, |entry| {
        types.is_empty() || types.iter().any(|known| known == word(entry))
    });
    let pages = page.total.div_ceil(limit);
    Answer::json(200, &elements(&page, shape))
        .with("x-pagination-page", number.to_string())
        .with("x-pagination-limit", limit.to_string())
        .with("x-pagination-page-count", pages.to_string())
        .with("x-pagination-item-count", page.total.to_string())
}

fn elements(page: &ListPage, shape: Shape) -> Value {
    let entries = (page.from + 1..).zip(&page.entries);
    entries
        .map(|(rank, entry)| element(rank, entry, shape))
        .collect()
}

fn element(rank: usize, entry: &Entry, shape: Shape) -> Value {
    let word = word(entry);
    let mut element = match shape {
        Shape::Bare => return title(entry),
        Shape::Wrapped(count) => json!({count: 100_000 / rank}),
        Shape::Collected => {
            json!({"collected_at": "2025-05-01T10:00:00.000Z", "updated_at": "2025-05-01T10:00:00.000Z"})
        }
        Shape::Listed => json!({
            "rank": rank,
            "id": 500_000 + rank,
            "listed_at": "2025-05-01T10:00:00.000Z",
            "notes": null,
            "type": word,
        }),
    };
    if let Value::Object(fields) = &mut element {
        add_title(fields, entry, word);
    }
    element
}

fn add_title(fields: &mut Map<String, Value>, entry: &Entry, word: &str) {
    let ids = json!({"trakt": 1});
    match word {
        "episode" => {
            let episode = json!({"season": 1, "number": 2, "title": "Second", "ids": ids});
            fields.insert("episode".to_owned(), episode);
            fields.insert("show".to_owned(), title(entry));
        }
        "season" => {
            fields.insert("season".to_owned(), json!({"number": 1, "ids": ids}));
            fields.insert("show".to_owned(), title(entry));
        }
        "person" => {
            fields.insert(
                "person".to_owned(),
                json!({"name": entry.title, "ids": ids}),
            );
        }
        _ => {
            fields.insert(word.to_owned(), title(entry));
        }
    }
}

/// Trakt's word for the kind of an entry.
fn word(entry: &Entry) -> &'static str {
    match entry.type_id.as_str() {
        "tvSeries" | "tvMiniSeries" => "show",
        "tvEpisode" => "episode",
        "tvSeason" => "season",
        "person" => "person",
        _ => "movie",
    }
}

fn title(entry: &Entry) -> Value {
    let imdb_id = (!entry.imdb_id.is_empty()).then_some(&entry.imdb_id);
    let digits: String = entry.imdb_id.chars().filter(char::is_ascii_digit).collect();
    json!({
        "title": entry.title,
        "year": entry.year,
        "ids": {
            "trakt": digits.parse::<i64>().unwrap_or(1), // any number does
            "slug": entry.slug(),
            "imdb": imdb_id,
            "tmdb": entry.tmdb_id,
            "plex": {"guid": null, "slug": null},
        },
    })
}

fn number(request: &Request, name: &str) -> Option<usize> {
    let pairs = request.query.as_deref().unwrap_or_default().split('&');
    let mut values = pairs.filter_map(|pair| pair.split_once('='));
    let (_, value) = values.find(|(known, _)| *known == name)?;
    value.parse().ok() // what is no number counts as not said
}

fn refusal(status: u16) -> Answer {
    match status {
        426 => bare(426).with("x-upgrade-url", "https://trakt.tv/vip"),
        423 => bare(423).with("x-private-user", "true"),
        420 => bare(420).with("x-account-limit", "250"),
        status => bare(status),
    }
}

fn bare(status: u16) -> Answer {
    Answer::new(status, "application/json; charset=utf-8", "")
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"error": text}))
}
