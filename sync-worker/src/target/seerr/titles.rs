//! Titles of TMDB as Seerr passes them on: results of searches, and details.

use chrono::NaiveDate;
use schema::models::{MediaType, SeasonFacts};
use serde::{Deserialize, de::IgnoredAny};

use super::answers::Kind;
use crate::target::{Candidate, Details};

/// `GET /search`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    #[serde(default)]
    pub(super) total_pages: i64,
    pub(super) results: Vec<FoundTitle>,
}

/// One result of a search: a movie, a show, or what is neither.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundTitle {
    id: i64,
    #[serde(default)]
    media_type: Option<Kind>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    original_title: Option<String>,
    #[serde(default)]
    original_name: Option<String>,
    #[serde(default)]
    release_date: Option<String>,
    #[serde(default)]
    first_air_date: Option<String>,
    #[serde(default)]
    popularity: Option<f64>,
    #[serde(default)]
    poster_path: Option<String>,
}

impl FoundTitle {
    /// None for people and collections.
    pub(super) fn read(self) -> Option<Candidate> {
        let media_type = Kind::read(self.media_type)?;
        let (title, original, date) = match media_type {
            MediaType::Movie => (self.title, self.original_title, self.release_date),
            MediaType::Tv => (self.name, self.original_name, self.first_air_date),
        };
        let title = title.unwrap_or_default();
        Some(Candidate {
            media_type,
            tmdb_id: self.id,
            original_title: original.filter(|original| *original != title && !original.is_empty()),
            title,
            year: year(date.as_deref()),
            popularity: self.popularity.unwrap_or_default(),
            alternative_titles: Vec::new(),
            poster_path: self.poster_path.filter(|path| path.starts_with('/')),
        })
    }
}

/// `GET /movie/{id}` and `GET /tv/{id}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TitleDetails {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    original_title: Option<String>,
    #[serde(default)]
    original_name: Option<String>,
    #[serde(default)]
    release_date: Option<String>,
    #[serde(default)]
    first_air_date: Option<String>,
    #[serde(default)]
    imdb_id: Option<String>,
    #[serde(default)]
    external_ids: Option<ExternalIds>,
    #[serde(default)]
    seasons: Option<Vec<TmdbSeason>>,
    /// TMDB's word.
    #[serde(default)]
    status: Option<String>,
    /// An episode, of which it matters only that there is one.
    #[serde(default)]
    next_episode_to_air: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExternalIds {
    imdb_id: Option<String>,
    tvdb_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TmdbSeason {
    season_number: i32,
    /// `2017-12-01`; empty or absent while nobody knows.
    #[serde(default)]
    air_date: Option<String>,
}

impl TitleDetails {
    pub(super) fn read(self) -> Details {
        let ids = self.external_ids.unwrap_or_default();
        let is_over = matches!(self.status.as_deref(), Some("Ended" | "Canceled"));
        let title = self.title.or(self.name).unwrap_or_default();
        let original = self.original_title.or(self.original_name);
        Details {
            original_title: original.filter(|original| *original != title && !original.is_empty()),
            title,
            year: year(self.release_date.or(self.first_air_date).as_deref()),
            imdb_id: self.imdb_id.or(ids.imdb_id).filter(|id| !id.is_empty()),
            tvdb_id: ids.tvdb_id.filter(|id| *id > 0),
            seasons: seasons(self.seasons.unwrap_or_default()),
            has_ended: is_over && self.next_episode_to_air.is_none(),
        }
    }
}

/// Each season once, ascending, without the specials; of two dates the earlier.
fn seasons(seasons: Vec<TmdbSeason>) -> Vec<SeasonFacts> {
    let mut facts: Vec<SeasonFacts> = seasons
        .into_iter()
        .filter(|season| season.season_number > 0)
        .map(|season| SeasonFacts {
            season: season.season_number,
            airs_on: season.air_date.as_deref().and_then(day),
        })
        .collect();
    facts.sort_by_key(|facts| (facts.season, facts.airs_on.is_none(), facts.airs_on));
    facts.dedup_by_key(|facts| facts.season);
    facts
}

/// Movies and shows, each once.
pub(super) fn candidates(results: Vec<FoundTitle>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in results.into_iter().filter_map(FoundTitle::read) {
        let is_known = candidates.iter().any(|known| {
            (known.media_type, known.tmdb_id) == (candidate.media_type, candidate.tmdb_id)
        });
        if !is_known {
            candidates.push(candidate);
        }
    }
    candidates
}

fn day(date: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok() // what is no date is not known
}

/// The year of `2014-09-25`; dates may be empty.
fn year(date: Option<&str>) -> Option<i32> {
    let year = date?.get(..4)?.parse().ok()?; // what is no date has no year
    (year > 1800).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<Candidate> {
        serde_json::from_str::<FoundTitle>(json).unwrap().read()
    }

    fn details(json: &str) -> Details {
        serde_json::from_str::<TitleDetails>(json).unwrap().read()
    }

    #[test]
    fn movies_and_shows_are_read_and_people_and_collections_left_out() {
        let show = found(r#"{"id":1,"mediaType":"tv","name":"Dark","originalName":"Dark","firstAirDate":"2017-12-01","popularity":3.5}"#).unwrap();
        assert_eq!(
            (show.title.as_str(), show.original_title, show.year),
            ("Dark", None, Some(2017))
        );
        let movie = found(r#"{"id":1,"mediaType":"movie","title":"Spirited Away","originalTitle":"千と千尋の神隠し","releaseDate":""}"#).unwrap();
        assert_eq!(
            (movie.original_title.as_deref(), movie.year),
            (Some("千と千尋の神隠し"), None)
        );
        assert_eq!(found(r#"{"id":1,"mediaType":"person","name":"A"}"#), None);
        assert_eq!(
            found(r#"{"id":1,"mediaType":"collection","title":"A"}"#),
            None
        );
    }

    #[test]
    fn seasons_come_with_their_dates_in_order_once_each_and_without_the_specials() {
        let details = details(
            r#"{"name":"Dark","originalName":"Dunkel","firstAirDate":"2017-12-01","status":"Ended","nextEpisodeToAir":null,
                "seasons":[{"seasonNumber":3,"airDate":""},{"seasonNumber":2,"airDate":"2019-06-21"},
                {"seasonNumber":0,"airDate":"2017-01-01"},{"seasonNumber":2,"airDate":null},
                {"seasonNumber":1,"airDate":"2017-12-01"},{"seasonNumber":4},{"seasonNumber":5,"airDate":"soon"}],
                "externalIds":{"imdbId":"tt5753856","tvdbId":334824}}"#,
        );
        let on = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
        let seasons = [
            (1, on(2017, 12, 1)),
            (2, on(2019, 6, 21)),
            (3, None),
            (4, None),
            (5, None),
        ];
        assert_eq!(
            details,
            Details {
                title: "Dark".into(),
                original_title: Some("Dunkel".into()),
                year: Some(2017),
                imdb_id: Some("tt5753856".into()),
                tvdb_id: Some(334_824),
                seasons: seasons
                    .map(|(season, airs_on)| SeasonFacts { season, airs_on })
                    .to_vec(),
                has_ended: true,
            }
        );
    }

    #[test]
    fn a_show_has_ended_when_tmdb_says_so_and_no_episode_is_to_come() {
        for (json, wanted) in [
            (r#"{"status":"Ended"}"#, true),
            (r#"{"status":"Canceled","nextEpisodeToAir":null}"#, true),
            (
                r#"{"status":"Ended","nextEpisodeToAir":{"id":1,"airDate":"2030-01-01"}}"#,
                false,
            ),
            (r#"{"status":"Returning Series"}"#, false),
            (r#"{"status":"In Production"}"#, false),
            (r#"{"status":null}"#, false),
            ("{}", false),
        ] {
            assert_eq!(details(json).has_ended, wanted, "{json}");
        }
    }

    #[test]
    fn a_poster_is_a_path_at_the_image_host_or_none() {
        for (json, wanted) in [
            (
                r#"{"id":1,"mediaType":"movie","posterPath":"/a.jpg"}"#,
                Some("/a.jpg"),
            ),
            (r#"{"id":1,"mediaType":"movie","posterPath":null}"#, None),
            (
                r#"{"id":1,"mediaType":"movie","posterPath":"http://elsewhere/a.jpg"}"#,
                None,
            ),
            (r#"{"id":1,"mediaType":"movie"}"#, None),
        ] {
            assert_eq!(
                found(json).unwrap().poster_path.as_deref(),
                wanted,
                "{json}"
            );
        }
    }
}
