//! GET /movie/{id} and GET /tv/{id}; whatever goes wrong is a 500.

use std::sync::Arc;

use serde_json::{Value, json};

use super::shapes;
use super::shared::Shared;
use super::state::State;
use super::upstream;
use super::validate::{Query, refuse};
use super::world::{Airs, Kind, ShowState, Title};
use crate::loopback::Answer;

pub(super) async fn show(shared: &Arc<Shared>, kind: Kind, tmdb_id: i64, query: &Query) -> Answer {
    let language = query.text("language").map(str::to_owned);
    let language = language.unwrap_or_else(|| shared.read(|state| state.settings.locale.clone()));
    let found = upstream::details(shared, kind, tmdb_id, &language).await;
    let core = shared.read(|state| state.settings.latency.search_core);
    shared.compute(core).await;
    let body = shared.read(|state| {
        found.ok()?;
        state
            .title(kind, tmdb_id)
            .map(|title| shape(state, title, &language))
    });
    match (body, kind) {
        (Some(body), _) => Answer::json(200, &body),
        (None, Kind::Movie) => refuse(500, "Unable to retrieve movie."),
        (None, Kind::Tv) => refuse(500, "Unable to retrieve series."),
    }
}

fn shape(state: &State, title: &Title, language: &str) -> Value {
    let mut shape = match title.kind {
        Kind::Movie => json!({
            "title": title.name_in(language),
            "originalTitle": title.original_title,
            "releaseDate": title.date(),
            "imdbId": title.imdb_id,
            "runtime": 110,
            "status": "Released",
            "releases": {"results": []},
            "adult": false,
            "video": false,
        }),
        Kind::Tv => json!({
            "name": title.name_in(language),
            "originalName": title.original_title,
            "firstAirDate": title.date(),
            "numberOfSeasons": title.seasons.iter().filter(|season| season.number > 0).count(),
            "numberOfEpisodes": title.seasons.iter().filter(|season| season.number > 0).map(|season| season.episodes).sum::<i64>(),
            "seasons": seasons(title),
            "status": match title.state {
                ShowState::Ended => "Ended",
                ShowState::Canceled => "Canceled",
                ShowState::Returning | ShowState::Airing(_) => "Returning Series",
            },
            "inProduction": matches!(title.state, ShowState::Returning | ShowState::Airing(_)),
            "nextEpisodeToAir": match title.state {
                ShowState::Airing(day) => json!({
                    "id": title.tmdb_id * 1000,
                    "airDate": day.to_string(),
                    "episodeNumber": 1,
                    "seasonNumber": title.seasons.last().map_or(1, |season| season.number),
                    "name": "",
                }),
                _ => Value::Null,
            },
            "type": "Scripted",
        }),
    };
    shapes::put(&mut shape, "id", json!(title.tmdb_id));
    shapes::put(&mut shape, "posterPath", json!(title.poster_path()));
    shapes::put(
        &mut shape,
        "externalIds",
        json!({"imdbId": title.imdb_id, "tvdbId": title.tvdb_id}),
    );
    for empty in ["genres", "keywords", "watchProviders"] {
        shapes::put(&mut shape, empty, json!([]));
    }
    shapes::put(&mut shape, "credits", json!({"cast": [], "crew": []}));
    shapes::put(&mut shape, "onUserWatchlist", json!(false));
    if let Some(row) = state.media_of(title.kind, title.tmdb_id) {
        shapes::put(&mut shape, "mediaInfo", shapes::media_with_all(state, row));
    }
    shape
}

fn seasons(title: &Title) -> Vec<Value> {
    let name = |number: i64| match number {
        0 => "Specials".to_owned(),
        number => format!("Season {number}"),
    };
    title
        .seasons
        .iter()
        .map(|season| {
            json!({
                "airDate": match season.airs {
                    Airs::WithTheShow => json!(title.date()),
                    Airs::On(day) => json!(day.to_string()),
                    Airs::Unknown => Value::Null,
                    Airs::Empty => json!(""),
                },
                "episodeCount": season.episodes,
                "id": title.tmdb_id * 100 + season.number,
                "name": name(season.number),
                "overview": "",
                "seasonNumber": season.number,
            })
        })
        .collect()
}
