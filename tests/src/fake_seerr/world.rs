//! The titles that exist: what TMDB knows, as far as the fake Seerr is concerned.
//!
//! Sample titles are in `sample.rs`; which of them Seerr has a row for is in `state.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::words::{holds_all, split};

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
    /// When the first of them airs.
    pub airs: Airs,
}

/// When a season's first episode airs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Airs {
    /// On the show's first day.
    #[default]
    WithTheShow,
    /// On that day.
    On(NaiveDate),
    /// Nobody knows yet: TMDB writes `null`.
    Unknown,
    /// Nobody knows yet: TMDB writes an empty text.
    Empty,
}

/// How far a show is, as TMDB words it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShowState {
    /// No more episodes.
    #[default]
    Ended,
    /// No more episodes, and not by choice.
    Canceled,
    /// More are to come, when is not known.
    Returning,
    /// More are to come, the next on that day.
    Airing(NaiveDate),
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
    /// How far a show is.
    pub state: ShowState,
    /// The title in other languages than English, by language.
    pub names: BTreeMap<String, String>,
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
            state: ShowState::default(),
            names: BTreeMap::new(),
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
                    airs: Airs::default(),
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

    /// The same with that title in that language.
    #[must_use]
    pub fn called(mut self, language: &str, title: &str) -> Self {
        self.names.insert(language.to_owned(), title.to_owned());
        self
    }

    /// The same show with another day for one of its seasons.
    #[must_use]
    pub fn season_airs(mut self, number: i64, airs: Airs) -> Self {
        let seasons = self.seasons.iter_mut();
        for season in seasons.filter(|season| season.number == number) {
            season.airs = airs;
        }
        self
    }

    /// The same show, as far as that.
    #[must_use]
    pub fn being(mut self, state: ShowState) -> Self {
        self.state = state;
        self
    }

    /// The title in that language; in English where it has no other.
    pub fn name_in(&self, language: &str) -> &str {
        let name = self.names.get(language);
        name.map_or(self.title.as_str(), String::as_str)
    }

    /// Every name it has.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        let own = [self.title.as_str(), self.original_title.as_str()];
        own.into_iter()
            .chain(self.names.values().map(String::as_str))
    }

    /// Path of its poster at TMDB's image host.
    pub fn poster_path(&self) -> String {
        format!("/poster-{}-{}.jpg", self.kind.word(), self.tmdb_id)
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
    by_imdb: HashMap<String, usize>,
    /// Which titles may have a word; one that was replaced may have it no more.
    by_word: HashMap<String, BTreeSet<usize>>,
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
        let at = self.by_id.get(&key).copied().unwrap_or(self.titles.len());
        for word in title.all_names().flat_map(split) {
            self.by_word.entry(word).or_default().insert(at);
        }
        // Of two with one number the earlier is found.
        if let Some(imdb_id) = &title.imdb_id
            && self.by_imdb(imdb_id).is_none()
        {
            self.by_imdb.insert(imdb_id.clone(), at);
        }
        if let Some(old) = self.titles.get_mut(at) {
            *old = title;
        } else {
            self.by_id.insert(key, at);
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
        let title = self.titles.get(*self.by_imdb.get(imdb_id)?)?;
        (title.imdb_id.as_deref() == Some(imdb_id)).then_some(title)
    }

    /// Titles of which a name in some language has all these words, in the order added.
    pub(super) fn holding(&self, words: &str) -> Vec<&Title> {
        let wanted = split(words);
        let rarest = wanted
            .iter()
            .map(|word| self.by_word.get(word))
            .min_by_key(|titles| titles.map_or(0, BTreeSet::len));
        let places = rarest.flatten().into_iter().flatten();
        places
            .filter_map(|at| self.titles.get(*at))
            .filter(|title| title.all_names().any(|name| holds_all(words, name)))
            .collect()
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

    #[test]
    fn a_title_that_was_replaced_is_found_by_what_it_is_now() {
        let world = World::new()
            .with(Title::movie(1, "tt1", "Old Name", 2000))
            .with(Title::movie(1, "tt2", "New Name", 2000).called("de", "Neuer Titel"));
        assert!(world.by_imdb("tt1").is_none());
        assert_eq!(world.by_imdb("tt2").unwrap().title, "New Name");
        let found = |words: &str| world.holding(words).len();
        assert_eq!(
            (found("old name"), found("new name"), found("titel")),
            (0, 1, 1)
        );
        assert_eq!((found(""), found("name nobody")), (0, 0));
        let title = world.find(Kind::Movie, 1).unwrap();
        assert_eq!(
            (title.name_in("de"), title.name_in("fr")),
            ("Neuer Titel", "New Name")
        );
    }
}
