//! One entry of a fake list, with what the sites show of it.

use serde_json::{Value, json};

use crate::fake_seerr::{Kind, Title, Wanted, World};

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `tt…`
    pub imdb_id: String,
    /// The title.
    pub title: String,
    /// The title in its own language.
    pub original_title: String,
    /// The year, if it has one.
    pub year: Option<i32>,
    /// The word of IMDb for its kind: `movie`, `tvSeries`, `tvMiniSeries`, `videoGame`, …
    pub type_id: String,
    /// TMDB's number, which only Steven Lu shows.
    pub tmdb_id: Option<i64>,
}

impl Entry {
    /// A film.
    pub fn movie(imdb_id: &str, title: &str, year: Option<i32>) -> Self {
        Self {
            imdb_id: imdb_id.to_owned(),
            title: title.to_owned(),
            original_title: title.to_owned(),
            year,
            type_id: "movie".to_owned(),
            tmdb_id: None,
        }
    }

    /// A show.
    pub fn show(imdb_id: &str, title: &str, year: Option<i32>) -> Self {
        Self::movie(imdb_id, title, year).of_type("tvSeries")
    }

    /// The same with another word for its kind.
    #[must_use]
    pub fn of_type(mut self, type_id: &str) -> Self {
        type_id.clone_into(&mut self.type_id);
        self
    }

    /// The same as Steven Lu's old files have it: without TMDB's number.
    #[must_use]
    pub fn without_tmdb(mut self) -> Self {
        self.tmdb_id = None;
        self
    }

    /// Entries for every title of a world that has an IMDb number, in its order.
    pub fn all_of(world: &World) -> Vec<Self> {
        world.titles().iter().filter_map(Self::of).collect()
    }

    /// Entries for the titles of exactly these names, in this order; names the world lacks are left out.
    pub fn named(world: &World, names: &[&str]) -> Vec<Self> {
        names
            .iter()
            .filter_map(|name| world.named(name).and_then(Self::of))
            .collect()
    }

    /// The entry of a title; `None` when it has no IMDb number.
    pub fn of(title: &Title) -> Option<Self> {
        let imdb_id = title.imdb_id.as_deref()?;
        let mut entry = match title.kind {
            Kind::Movie => Self::movie(imdb_id, &title.title, title.year),
            Kind::Tv => Self::show(imdb_id, &title.title, title.year),
        };
        title.original_title.clone_into(&mut entry.original_title);
        entry.tmdb_id = Some(title.tmdb_id);
        Some(entry)
    }

    /// The same as a film that has no year yet.
    #[must_use]
    pub fn without_year(mut self) -> Self {
        self.year = None;
        self
    }

    /// The same with TMDB's number.
    #[must_use]
    pub fn with_tmdb(mut self, number: i64) -> Self {
        self.tmdb_id = Some(number);
        self
    }

    /// What sites make of its title and year in addresses: `the-matrix-1999`.
    pub fn slug(&self) -> String {
        let words = self
            .title
            .split(|letter: char| !letter.is_ascii_alphanumeric());
        let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
        let mut words: Vec<String> = words.collect();
        words.extend(self.year.map(|year| year.to_string()));
        words.join("-")
    }

    /// Whether it is a show, by its word for the kind.
    pub fn is_show(&self) -> bool {
        matches!(self.type_id.as_str(), "tvSeries" | "tvMiniSeries")
    }

    /// What a world needs so that Seerr can find it.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            imdb_id: self.imdb_id.clone(),
            title: self.title.clone(),
            year: self.year,
            kind: if self.is_show() {
                Kind::Tv
            } else {
                Kind::Movie
            },
        }
    }

    /// Everything IMDb's GraphQL can say about it here; a query takes its pick.
    pub(super) fn imdb_title(&self) -> Value {
        let year = self.year.map_or(
            Value::Null,
            |year| json!({"__typename": "YearRange", "year": year, "endYear": null}),
        );
        json!({
            "__typename": "Title",
            "id": self.imdb_id,
            "titleText": {"__typename": "TitleText", "text": self.title},
            "originalTitleText": {"__typename": "TitleText", "text": self.original_title},
            "releaseYear": year,
            "titleType": {
                "__typename": "TitleType",
                "id": self.type_id,
                "text": self.type_id,
                "canHaveEpisodes": self.is_show(),
                "isSeries": self.is_show(),
                "isEpisode": self.type_id == "tvEpisode",
                "displayableProperty": {"value": {"plainText": ""}},
            },
            "canHaveEpisodes": self.is_show(),
            "ratingsSummary": {"aggregateRating": 8.1, "voteCount": 12345},
            "runtime": {"seconds": 6600},
            "primaryImage": null,
            "certificate": null,
            "releaseDate": null,
            "plot": null,
            "series": null,
            "episodes": null,
        })
    }

    /// The shape of popular-movies' files: no year.
    pub(super) fn stevenlu(&self) -> Value {
        let mut shape = json!({
            "title": self.title,
            "imdb_id": self.imdb_id,
            "poster_url": null,
            "genres": ["drama"],
        });
        if let (Some(tmdb_id), Value::Object(fields)) = (self.tmdb_id, &mut shape) {
            fields.insert("tmdb_id".to_owned(), json!(tmdb_id));
        }
        shape
    }
}
