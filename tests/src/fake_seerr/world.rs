//! The titles that exist: what TMDB knows, as far as the fake Seerr is concerned.
//!
//! Sample titles are in `sample.rs`; which of them Seerr has a row for is in `state.rs`.

use std::collections::HashMap;

/// Film or show. TMDB numbers the two apart, so one number can be both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A film.
    Movie,
    /// A show.
    Tv,
}

impl Kind {
    /// Seerr's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Tv => "tv",
        }
    }
}

/// A season as TMDB lists it; number 0 holds the specials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Season {
    /// Its number.
    pub number: i64,
    /// How many episodes it has.
    pub episodes: i64,
}

/// A film or show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// Film or show.
    pub kind: Kind,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// `tt…`, when TMDB knows it.
    pub imdb_id: Option<String>,
    /// TVDB's number, when TMDB knows it.
    pub tvdb_id: Option<i64>,
    /// The title in Seerr's language.
    pub title: String,
    /// The title in its own language.
    pub original_title: String,
    /// Year of the first release; `None` for what has no date yet.
    pub year: Option<i32>,
    /// Seasons of a show, the specials among them.
    pub seasons: Vec<Season>,
}

impl Title {
    /// A film.
    pub fn movie(tmdb_id: i64, imdb_id: &str, title: &str, year: i32) -> Self {
        Self {
            kind: Kind::Movie,
            tmdb_id,
            imdb_id: Some(imdb_id.to_owned()),
            tvdb_id: None,
            title: title.to_owned(),
            original_title: title.to_owned(),
            year: Some(year),
            seasons: Vec::new(),
        }
    }

    /// A show with that many seasons of eight episodes, and specials.
    pub fn show(
        tmdb_id: i64,
        imdb_id: &str,
        tvdb_id: Option<i64>,
        title: &str,
        year: i32,
        seasons: i64,
    ) -> Self {
        Self {
            kind: Kind::Tv,
            tvdb_id,
            seasons: (0..=seasons)
                .map(|number| Season {
                    number,
                    episodes: 8,
                })
                .collect(),
            ..Self::movie(tmdb_id, imdb_id, title, year)
        }
    }

    /// The same with another title in its own language.
    #[must_use]
    pub fn originally(mut self, title: &str) -> Self {
        title.clone_into(&mut self.original_title);
        self
    }

    /// The same without an IMDb number.
    #[must_use]
    pub fn without_imdb(mut self) -> Self {
        self.imdb_id = None;
        self
    }

    /// The same without a date.
    #[must_use]
    pub fn undated(mut self) -> Self {
        self.year = None;
        self
    }

    /// Its first day, as TMDB writes it; empty when it has none.
    pub fn date(&self) -> String {
        self.year
            .map_or_else(String::new, |year| format!("{year:04}-06-15"))
    }
}

/// An entry of a list for which a title is to exist: its IMDb number, title, year and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `tt…`
    pub imdb_id: String,
    /// The title.
    pub title: String,
    /// The year.
    pub year: Option<i32>,
    /// Film or show.
    pub kind: Kind,
}

/// Everything TMDB knows.
#[derive(Clone, Debug, Default)]
pub struct World {
    titles: Vec<Title>,
    by_id: HashMap<(Kind, i64), usize>,
    people: Vec<(i64, String)>,
    collections: Vec<(i64, String)>,
}

impl World {
    /// A world without a title.
    pub fn new() -> Self {
        Self::default()
    }

    /// About fifty well-known titles with their true numbers, and a few made-up ones that are hard to tell apart.
    pub fn sample() -> Self {
        super::sample::world()
    }

    /// `count` made-up films `Sample Film 0001` …, TMDB numbers from 9,000,001 and `tt90000001` on.
    pub fn numbered(count: i64) -> Self {
        let mut world = Self::new();
        for at in 1..=count {
            let year = 1950 + i32::try_from(at % 70).unwrap_or(0);
            world.add(Title::movie(
                9_000_000 + at,
                &format!("tt{}", 90_000_000 + at),
                &format!("Sample Film {at:04}"),
                year,
            ));
        }
        world
    }

    /// A title for each entry, with made-up TMDB numbers from 8,000,001 on in the order given.
    pub fn for_entries(entries: impl IntoIterator<Item = Wanted>) -> Self {
        let mut world = Self::new();
        for (at, entry) in (1_i64..).zip(entries) {
            let id = 8_000_000 + at;
            let mut title = match entry.kind {
                Kind::Movie => Title::movie(id, &entry.imdb_id, &entry.title, 0),
                Kind::Tv => Title::show(id, &entry.imdb_id, Some(id), &entry.title, 0, 3),
            };
            title.year = entry.year;
            world.add(title);
        }
        world
    }

    /// Adds a title; one with the same number and kind is replaced.
    pub fn add(&mut self, title: Title) {
        let key = (title.kind, title.tmdb_id);
        if let Some(old) = self.by_id.get(&key).and_then(|at| self.titles.get_mut(*at)) {
            *old = title;
        } else {
            self.by_id.insert(key, self.titles.len());
            self.titles.push(title);
        }
    }

    /// The same with one more title.
    #[must_use]
    pub fn with(mut self, title: Title) -> Self {
        self.add(title);
        self
    }

    /// The same with every title of another world.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for title in other.titles {
            self.add(title);
        }
        self.people.extend(other.people);
        self.collections.extend(other.collections);
        self
    }

    /// The same with a person, whom title searches and `tmdb:` find too.
    #[must_use]
    pub fn with_person(mut self, tmdb_id: i64, name: &str) -> Self {
        self.people.push((tmdb_id, name.to_owned()));
        self
    }

    /// The same with a collection, which title searches find and nobody can request.
    #[must_use]
    pub fn with_collection(mut self, tmdb_id: i64, title: &str) -> Self {
        self.collections.push((tmdb_id, title.to_owned()));
        self
    }

    /// Every title, in the order added; searches prefer the earlier.
    pub fn titles(&self) -> &[Title] {
        &self.titles
    }

    /// The title with that number.
    pub fn find(&self, kind: Kind, tmdb_id: i64) -> Option<&Title> {
        self.by_id
            .get(&(kind, tmdb_id))
            .and_then(|at| self.titles.get(*at))
    }

    /// The title with that IMDb number.
    pub fn by_imdb(&self, imdb_id: &str) -> Option<&Title> {
        self.titles
            .iter()
            .find(|title| title.imdb_id.as_deref() == Some(imdb_id))
    }

    /// The title of exactly that name, the earliest if there are several.
    pub fn named(&self, name: &str) -> Option<&Title> {
        self.titles.iter().find(|title| title.title == name)
    }

    pub(crate) fn people(&self) -> &[(i64, String)] {
        &self.people
    }

    pub(crate) fn collections(&self) -> &[(i64, String)] {
        &self.collections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_worlds_are_the_same_each_time() {
        let world = World::numbered(1000);
        let last = world.find(Kind::Movie, 9_001_000).unwrap();
        assert_eq!(last.title, "Sample Film 1000");
        assert_eq!(last.imdb_id.as_deref(), Some("tt90001000"));
        assert_eq!(world.titles(), World::numbered(1000).titles());
    }

    #[test]
    fn the_sample_has_no_number_twice() {
        let world = World::sample();
        let mut imdb: Vec<_> = world
            .titles()
            .iter()
            .filter_map(|title| title.imdb_id.clone())
            .collect();
        let all = imdb.len();
        imdb.sort();
        imdb.dedup();
        assert_eq!(imdb.len(), all);
        assert!(all >= 40);
    }
}
