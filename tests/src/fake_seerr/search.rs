//! GET /search: the four prefixes, and the title search that hides every failure of TMDB.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::shapes;
use super::shared::Shared;
use super::state::State;
use super::upstream;
use super::validate::{Query, refuse};
use super::words::{holds_all, split};
use super::world::{Kind, Title};
use crate::loopback::Answer;

/// Results on one page of a title search.
const PAGE: usize = 20;
/// Most results of a search with `year:`.
const YEAR_LIMIT: usize = 40;

/// What a query asks for; the first prefix of tmdb, imdb, tvdb, year that fits, wherever it stands.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Tmdb(i64),
    Imdb(String),
    Tvdb(i64),
    Year(i32, String),
    Title(String),
}

pub(super) async fn search(shared: &Arc<Shared>, query: &Query) -> Answer {
    let from = Instant::now();
    let text = query.text("query").unwrap_or("").to_owned();
    let asked = asked(&text);
    let page = query.number("page").unwrap_or(1.0).max(1.0);
    let page: usize = format!("{page:.0}").parse().unwrap_or(1);
    let language = query.text("language").map(str::to_owned);
    let language = language.unwrap_or_else(|| shared.read(|state| state.settings.locale.clone()));
    let found = upstream::search(shared, format!("search/{text}/{page}/{language}")).await;
    let latency = shared.read(|state| state.settings.latency);
    let is_cached = matches!(found, Ok(true));
    let whole_time = if is_cached {
        latency.search_core
    } else {
        latency.search + latency.tmdb
    };
    shared
        .compute_within(latency.search_core, from, whole_time)
        .await;
    if found.is_err() {
        return match asked {
            Asked::Imdb(_) | Asked::Tvdb(_) => refuse(500, "Unable to retrieve search results."),
            _ => results(1, 0, 0, Vec::new()),
        };
    }
    shared.read(|state| match &asked {
        Asked::Imdb(id) => {
            let found = state.world.by_imdb(id);
            whole(
                found
                    .map(|title| shape(state, title, &language))
                    .into_iter()
                    .collect(),
            )
        }
        Asked::Tvdb(id) => {
            let fits = |title: &&Title| title.tvdb_id == Some(*id);
            let found = state.world.titles().iter().filter(fits);
            whole(found.map(|title| shape(state, title, &language)).collect())
        }
        Asked::Tmdb(id) => {
            let titles = [Kind::Movie, Kind::Tv]
                .into_iter()
                .filter_map(|kind| state.title(kind, *id));
            let mut found: Vec<Value> =
                titles.map(|title| shape(state, title, &language)).collect();
            let people = state.world.people().iter();
            found.extend(
                people
                    .filter(|(known, _)| known == id)
                    .map(|(id, name)| person(*id, name)),
            );
            whole(found)
        }
        Asked::Year(year, words) => {
            let holding = state.world.holding(words).into_iter();
            let mut found: Vec<&Title> =
                holding.filter(|title| title.year == Some(*year)).collect();
            found.sort_by_key(|title| title.kind);
            found.truncate(YEAR_LIMIT);
            whole(
                found
                    .into_iter()
                    .map(|title| shape(state, title, "en"))
                    .collect(),
            )
        }
        Asked::Title(words) => {
            let mut found: Vec<Value> = ranked(state, words)
                .into_iter()
                .map(|title| shape(state, title, &language))
                .collect();
            let holds = |name: &str| holds_all(words, name);
            let people = state.world.people().iter();
            found.extend(
                people
                    .filter(|(_, name)| holds(name))
                    .map(|(id, name)| person(*id, name)),
            );
            let collections = state.world.collections().iter();
            found.extend(
                collections
                    .filter(|(_, name)| holds(name))
                    .map(|(id, name)| collection(*id, name)),
            );
            let all = found.len();
            let on_page = found.into_iter().skip((page - 1) * PAGE).take(PAGE);
            results(page, all.div_ceil(PAGE), all, on_page.collect())
        }
    })
}

fn whole(found: Vec<Value>) -> Answer {
    results(1, 1, found.len(), found)
}

fn results(page: usize, pages: usize, all: usize, found: Vec<Value>) -> Answer {
    let body = json!({"page": page, "totalPages": pages, "totalResults": all, "results": found});
    Answer::json(200, &body)
}

fn asked(text: &str) -> Asked {
    let text = text.to_lowercase();
    let after = |prefix: &str| text.split_once(prefix).map(|(_, rest)| rest);
    let digits = |rest: &str| -> String { rest.chars().take_while(char::is_ascii_digit).collect() };
    if let Some(id) = after("tmdb:").and_then(|rest| digits(rest).parse().ok()) {
        return Asked::Tmdb(id);
    }
    if let Some(rest) = after("imdb:") {
        for start in ["tt", "nm"] {
            if let Some(number) = rest.strip_prefix(start)
                && !digits(number).is_empty()
            {
                return Asked::Imdb(format!("{start}{}", digits(number)));
            }
        }
    }
    if let Some(id) = after("tvdb:").and_then(|rest| digits(rest).parse().ok()) {
        return Asked::Tvdb(id);
    }
    if let Some(rest) = after("year:") {
        let year = digits(rest);
        if year.len() == 4
            && let Ok(number) = year.parse()
        {
            let words = text.replace(&format!("year:{year}"), "");
            return Asked::Year(number, words.trim().to_owned());
        }
    }
    Asked::Title(text)
}

/// Titles that hold every word, those of exactly that name first.
fn ranked<'a>(state: &'a State, words: &str) -> Vec<&'a Title> {
    let mut found = state.world.holding(words);
    let wanted = split(words);
    found.sort_by_key(|title| !title.all_names().any(|name| split(name) == wanted));
    found
}

/// A film or show as a search result: no IMDb or TVDB number, `mediaInfo` only if Seerr has a row.
fn shape(state: &State, title: &Title, language: &str) -> Value {
    let mut shape = json!({
        "id": title.tmdb_id,
        "mediaType": title.kind.word(),
        "popularity": 12.3,
        "posterPath": title.poster_path(),
        "backdropPath": null,
        "voteCount": 100,
        "voteAverage": 7.5,
        "genreIds": [18],
        "overview": "",
        "originalLanguage": "en",
    });
    let more = match title.kind {
        Kind::Movie => json!({
            "adult": false,
            "originalTitle": title.original_title,
            "releaseDate": title.date(),
            "title": title.name_in(language),
            "video": false,
        }),
        Kind::Tv => json!({
            "firstAirDate": title.date(),
            "name": title.name_in(language),
            "originCountry": ["US"],
            "originalName": title.original_title,
        }),
    };
    if let Value::Object(more) = more {
        for (name, value) in more {
            shapes::put(&mut shape, &name, value);
        }
    }
    if let Some(row) = state.media_of(title.kind, title.tmdb_id) {
        let mut media = shapes::media(row);
        shapes::put(&mut media, "watchlists", json!([]));
        shapes::put(&mut shape, "mediaInfo", media);
    }
    shape
}

fn person(id: i64, name: &str) -> Value {
    json!({"id": id, "mediaType": "person", "name": name, "popularity": 1.0, "adult": false, "profilePath": null, "knownFor": []})
}

fn collection(id: i64, title: &str) -> Value {
    json!({"id": id, "mediaType": "collection", "title": title, "originalTitle": title, "adult": false, "overview": "", "posterPath": null, "backdropPath": null, "originalLanguage": "en"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found_anywhere_and_tmdb_wins() {
        assert_eq!(asked("tmdb:12 imdb:tt1"), Asked::Tmdb(12));
        assert_eq!(
            asked("x imdb:tt0111161"),
            Asked::Imdb("tt0111161".to_owned())
        );
        assert_eq!(
            asked("imdb:0111161"),
            Asked::Title("imdb:0111161".to_owned())
        );
        assert_eq!(
            asked("the thing year:1982"),
            Asked::Year(1982, "the thing".to_owned())
        );
        assert_eq!(asked("Dune 1984"), Asked::Title("dune 1984".to_owned()));
    }
}
