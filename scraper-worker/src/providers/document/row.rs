//! What a row of any document tells of a title, made into an entry. Pure.

use std::borrow::Cow;

use schema::{models::MediaType, wire::scraper::Entry};

use super::{
    link::{Link, imdb_id},
    words::{Unwanted, kind_of, number, plain_text, season, year_in},
};

/// What a row is.
#[derive(Debug, PartialEq)]
pub(super) enum Row {
    Wanted(Entry),
    /// Neither a movie nor a show.
    Unwanted,
    /// Nothing in it tells a title.
    Nameless,
}

/// Texts of a row, by what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) title: Option<Cow<'a, str>>,
    pub(super) original_title: Option<Cow<'a, str>>,
    pub(super) year: Option<Cow<'a, str>>,
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) season: Option<Cow<'a, str>>,
    pub(super) imdb_id: Option<Cow<'a, str>>,
    pub(super) tmdb_id: Option<Cow<'a, str>>,
    pub(super) tvdb_id: Option<Cow<'a, str>>,
    pub(super) url: Option<Cow<'a, str>>,
}

impl Told<'_> {
    /// The entry. `otherwise` is what it is when nothing in it says so.
    pub(super) fn row(&self, otherwise: Option<MediaType>) -> Row {
        let Ok(kind) = kind_of(text(self.kind.as_ref())) else {
            return Row::Unwanted;
        };
        let links = Links::of(self);
        let media_type = kind.or_else(|| links.media_type()).or(otherwise);
        let title = plain_text(text(self.title.as_ref()));
        let year = year_in(text(self.year.as_ref()));
        let entry = Entry {
            original_title: self
                .original_title
                .as_ref()
                .map(|original| plain_text(original))
                .filter(|original| !original.is_empty() && *original != title),
            title,
            year,
            media_type,
            imdb_id: links.imdb_id(text(self.imdb_id.as_ref())),
            tmdb_id: links.tmdb_id(text(self.tmdb_id.as_ref())),
            tvdb_id: links.tvdb_id(text(self.tvdb_id.as_ref())),
            season: season(text(self.season.as_ref())).or_else(|| links.season()),
            source_id: links.source_id(),
            ..Entry::default()
        };
        if has_id(&entry) || !entry.title.is_empty() || entry.source_id.is_some() {
            Row::Wanted(named(entry, &links))
        } else {
            Row::Nameless
        }
    }
}

/// Takes the title from an address or from its own end, where nothing else tells it.
fn named(mut entry: Entry, links: &Links) -> Entry {
    if let Some(named) = links.named().filter(|_| entry.title.is_empty()) {
        entry.title.clone_from(&named.title);
        entry.year = entry.year.or(named.year);
    }
    if entry.year.is_none() {
        let parted = super::words::Named::of(&entry.title);
        if parted.year.is_some() && parted.season.is_none() {
            entry.title = parted.title;
            entry.year = parted.year;
        }
    }
    entry
}

pub(super) fn has_id(entry: &Entry) -> bool {
    entry.imdb_id.is_some() || entry.tmdb_id.is_some() || entry.tvdb_id.is_some()
}

/// A movie or a show by a word, or neither.
pub(super) fn is_unwanted(word: &str) -> bool {
    kind_of(word) == Err(Unwanted)
}

fn text<'a>(field: Option<&'a Cow<'_, str>>) -> &'a str {
    field.map_or("", |text| text.trim())
}

/// The addresses in a row: columns of ids hold them, too.
struct Links {
    all: Vec<Link>,
}

impl Links {
    fn of(told: &Told<'_>) -> Self {
        let ids = [&told.imdb_id, &told.tmdb_id, &told.tvdb_id];
        let address = told.url.as_ref().and_then(|url| Link::address(url.trim()));
        let all = address
            .into_iter()
            .chain(
                ids.into_iter()
                    .filter_map(|field| Link::of(field.as_ref()?)),
            )
            .collect();
        Self { all }
    }

    fn media_type(&self) -> Option<MediaType> {
        self.all.iter().find_map(|link| link.media_type)
    }

    fn season(&self) -> Option<i32> {
        self.all.iter().find_map(|link| link.season)
    }

    fn source_id(&self) -> Option<String> {
        self.all.iter().find_map(|link| link.source_id.clone())
    }

    fn named(&self) -> Option<&super::words::Named> {
        self.all.iter().find_map(|link| link.named.as_ref())
    }

    fn imdb_id(&self, field: &str) -> Option<String> {
        // Tables of numbers leave the letters away.
        let bare =
            (5..=10).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit());
        imdb_id(field)
            .or_else(|| bare.then(|| format!("tt{field:0>7}")))
            .or_else(|| self.all.iter().find_map(|link| link.imdb_id.clone()))
    }

    fn tmdb_id(&self, field: &str) -> Option<i64> {
        number(field).or_else(|| self.all.iter().find_map(|link| link.tmdb_id))
    }

    fn tvdb_id(&self, field: &str) -> Option<i64> {
        number(field).or_else(|| self.all.iter().find_map(|link| link.tvdb_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(pairs: &[(&str, &'a str)]) -> Told<'a> {
        let mut told = Told::default();
        for (key, value) in pairs {
            let value = Some(Cow::Borrowed(*value));
            match *key {
                "title" => told.title = value,
                "year" => told.year = value,
                "kind" => told.kind = value,
                "imdb" => told.imdb_id = value,
                "tmdb" => told.tmdb_id = value,
                "tvdb" => told.tvdb_id = value,
                "url" => told.url = value,
                other => panic!("{other}"),
            }
        }
        told
    }

    fn entry(pairs: &[(&str, &str)]) -> Entry {
        match told(pairs).row(None) {
            Row::Wanted(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_of_ids_hold_numbers_letters_or_addresses() {
        for imdb in [
            "tt0113277",
            "113277",
            "0113277",
            "https://www.imdb.com/title/tt0113277/",
        ] {
            let entry = entry(&[("imdb", imdb)]);
            assert_eq!(entry.imdb_id.as_deref(), Some("tt0113277"), "{imdb}");
        }
        for tmdb in [
            "949",
            "949.0",
            "movie/949",
            "https://www.themoviedb.org/movie/949-heat",
        ] {
            assert_eq!(entry(&[("tmdb", tmdb)]).tmdb_id, Some(949), "{tmdb}");
        }
        let elsewhere = entry(&[("title", "Heat"), ("url", "movies/54114")]);
        assert!(!has_id(&elsewhere), "any site counts so");
        let both = entry(&[
            ("title", "Heat"),
            ("tmdb", "0"),
            ("imdb", "null"),
            ("tvdb", ""),
        ]);
        assert!(!has_id(&both));
    }

    #[test]
    fn a_year_in_the_title_counts_where_there_is_no_other() {
        let without = entry(&[("title", "Heat (1995)")]);
        assert_eq!((without.title.as_str(), without.year), ("Heat", Some(1995)));
        let with = entry(&[("title", "Heat (1995)"), ("year", "1996")]);
        assert_eq!(with.title, "Heat (1995)");
    }

    #[test]
    fn a_row_without_title_and_id_is_nameless_and_an_episode_unwanted() {
        assert_eq!(told(&[("year", "1995")]).row(None), Row::Nameless);
        let episode = told(&[("title", "Pilot"), ("kind", "episode")]);
        assert_eq!(episode.row(None), Row::Unwanted);
    }
}
