//! Titles by their ids and addresses, as people and programs write them: `tt0133093`, `tmdb:603`,
//! `movie/603`, `tvdb:121361`, the addresses of IMDb, TMDB, TVDB, Trakt and Letterboxd. Pure.

use schema::models::MediaType;
use url::Url;

use super::words::{Named, number, season};
use crate::{
    provider::{is_of, pasted},
    providers::harvest::{number as leading_number, tmdb_title},
};

/// What an id or an address says of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) imdb_id: Option<String>,
    pub(super) tmdb_id: Option<i64>,
    pub(super) tvdb_id: Option<i64>,
    pub(super) media_type: Option<MediaType>,
    pub(super) season: Option<i32>,
    /// As Letterboxd calls it.
    pub(super) source_id: Option<String>,
    /// Made of the words of an address without an id.
    pub(super) named: Option<Named>,
}

impl Link {
    /// `None` for what is neither.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_whitespace) {
            return None;
        }
        Self::id(text).or_else(|| Self::address(text))
    }

    fn imdb(id: String) -> Self {
        Self {
            imdb_id: Some(id),
            ..Self::default()
        }
    }

    fn tmdb(media_type: Option<MediaType>, id: i64) -> Self {
        Self {
            tmdb_id: Some(id),
            media_type,
            ..Self::default()
        }
    }

    fn tvdb(media_type: Option<MediaType>, id: i64) -> Self {
        Self {
            tvdb_id: Some(id),
            media_type,
            ..Self::default()
        }
    }

    fn id(text: &str) -> Option<Self> {
        if let Some(id) = imdb_id(text) {
            return Some(Self::imdb(id));
        }
        let (site, rest) = text.split_once([':', '/'])?;
        let (kind, id) = rest.split_once([':', '/', '-']).map_or_else(
            || (None, rest),
            |(kind, id)| match kind_word(kind) {
                Some(kind) => (Some(kind), id),
                None => (None, rest),
            },
        );
        match site.to_ascii_lowercase().as_str() {
            "imdb" => imdb_id(rest).map(Self::imdb),
            "tmdb" | "themoviedb" => Some(Self::tmdb(kind, leading_number(id)?)),
            "tvdb" | "thetvdb" => Some(Self::tvdb(
                kind.or(Some(MediaType::Tv)),
                leading_number(id)?,
            )),
            site => Some(Self::tmdb(Some(kind_word(site)?), leading_number(rest)?)),
        }
    }

    /// The same for an address alone: what looks like an id in it may be any site's.
    pub(super) fn address(text: &str) -> Option<Self> {
        // Numbers and words are no hosts, and taking them for one is slow.
        let url = text.contains('.').then(|| pasted(text))??;
        let host = url.host_str()?.to_ascii_lowercase();
        let is = |domain: &str| is_of(&host, domain);
        let parts: Vec<_> = url
            .path_segments()?
            .filter(|part| !part.is_empty())
            .collect();
        if is("imdb.com") {
            return after(&parts, "title").and_then(imdb_id).map(Self::imdb);
        }
        if is("themoviedb.org") || is("tmdb.org") {
            let (media_type, id) = tmdb_title(&url)?;
            return Some(Self {
                season: after(&parts, "season").and_then(season),
                ..Self::tmdb(Some(media_type), id)
            });
        }
        if is("thetvdb.com") {
            return Self::of_tvdb(&url, &parts);
        }
        if is("trakt.tv") {
            return Self::of_trakt(&parts);
        }
        (is("letterboxd.com") || is("boxd.it")).then(|| Self::of_letterboxd(&host, &parts))?
    }

    fn of_tvdb(url: &Url, parts: &[&str]) -> Option<Self> {
        let query = url.query_pairs().find(|(key, _)| key == "id");
        let series = || number(&query?.1);
        let numbered = |kind: &str| after(parts, kind).and_then(number);
        if let Some(id) = numbered("movie").or_else(|| numbered("movies")) {
            return Some(Self::tvdb(Some(MediaType::Movie), id));
        }
        let id = numbered("series").or_else(series)?;
        Some(Self::tvdb(Some(MediaType::Tv), id))
    }

    fn of_trakt(parts: &[&str]) -> Option<Self> {
        let (kind, slug) = match parts {
            ["movies" | "movie", slug, ..] => (MediaType::Movie, slug),
            ["shows" | "show", slug, ..] => (MediaType::Tv, slug),
            ["search", "imdb", id, ..] => return imdb_id(id).map(Self::imdb),
            _ => return None,
        };
        // An episode is no whole title.
        if parts.contains(&"episodes") {
            return None;
        }
        Some(Self {
            media_type: Some(kind),
            season: after(parts, "seasons").and_then(season),
            named: slug_name(slug),
            ..Self::default()
        })
    }

    fn of_letterboxd(host: &str, parts: &[&str]) -> Option<Self> {
        let source_id = letterboxd_id(host, parts)?;
        let slug = after(parts, "film");
        Some(Self {
            source_id: Some(source_id),
            named: slug.and_then(slug_name),
            ..Self::default()
        })
    }

    /// Whether it tells one title from all others.
    pub(super) fn has_id(&self) -> bool {
        self.imdb_id.is_some() || self.tmdb_id.is_some() || self.tvdb_id.is_some()
    }
}

/// What Letterboxd calls a film: `letterboxd:boxd.it/29qU`, `letterboxd:dune-2021`.
pub(super) fn source_id(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?; // then it is none of Letterboxd
    let host = url.host_str()?;
    let parts: Vec<_> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    letterboxd_id(host.trim_start_matches("www."), &parts)
}

fn letterboxd_id(host: &str, parts: &[&str]) -> Option<String> {
    match host.trim_start_matches("www.") {
        "boxd.it" => parts
            .first()
            .map(|code| format!("letterboxd:boxd.it/{code}")),
        "letterboxd.com" => after(parts, "film").map(|slug| format!("letterboxd:{slug}")),
        _ => None,
    }
}

/// `tt` and digits.
pub(super) fn imdb_id(text: &str) -> Option<String> {
    let digits = text
        .trim()
        .strip_prefix("tt")
        .or_else(|| text.trim().strip_prefix("TT"))?;
    let is_id =
        (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| format!("tt{digits}"))
}

fn kind_word(word: &str) -> Option<MediaType> {
    match word.to_ascii_lowercase().as_str() {
        "movie" | "movies" | "film" => Some(MediaType::Movie),
        "tv" | "show" | "shows" | "series" => Some(MediaType::Tv),
        _ => None,
    }
}

fn after<'a>(parts: &[&'a str], name: &str) -> Option<&'a str> {
    let at = parts.iter().position(|part| *part == name)?;
    parts.get(at + 1).copied()
}

/// `the-matrix-1999`
fn slug_name(slug: &str) -> Option<Named> {
    let words = slug.replace('-', " ");
    if !words.contains(char::is_alphabetic) {
        return None;
    }
    let (title, year) = match words.rsplit_once(' ') {
        Some((title, year)) if year.len() == 4 => (title, super::words::year_in(year)),
        _ => (words.as_str(), None),
    };
    Some(Named {
        title: if year.is_some() { title } else { &words }.to_owned(),
        year,
        season: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_addresses_are_titles() {
        use MediaType::{Movie, Tv};
        let imdb = || Link::imdb("tt0133093".into());
        for (text, expected) in [
            ("tt0133093", imdb()),
            ("TT0133093", imdb()),
            ("imdb:tt0133093", imdb()),
            ("imdb.com/title/tt0133093", imdb()),
            ("https://m.imdb.com/de/title/tt0133093/?ref_=x", imdb()),
            ("https://trakt.tv/search/imdb/tt0133093", imdb()),
            ("tmdb:603", Link::tmdb(None, 603)),
            ("tmdb:movie/603", Link::tmdb(Some(Movie), 603)),
            ("movie/603", Link::tmdb(Some(Movie), 603)),
            ("movie/603-the-matrix", Link::tmdb(Some(Movie), 603)),
            ("tv:1396", Link::tmdb(Some(Tv), 1396)),
            (
                "https://www.themoviedb.org/movie/603-the-matrix",
                Link::tmdb(Some(Movie), 603),
            ),
            ("tvdb:121361", Link::tvdb(Some(Tv), 121_361)),
            (
                "https://thetvdb.com/?tab=series&id=121361",
                Link::tvdb(Some(Tv), 121_361),
            ),
            (
                "https://www.thetvdb.com/dereferrer/movie/113",
                Link::tvdb(Some(Movie), 113),
            ),
        ] {
            assert_eq!(Link::of(text), Some(expected), "{text}");
        }
        let season = Link::of("https://www.themoviedb.org/tv/1396/season/2").unwrap();
        assert_eq!((season.tmdb_id, season.season), (Some(1396), Some(2)));
        let trakt = Link::of("https://app.trakt.tv/shows/dark-2017/seasons/2").unwrap();
        assert_eq!((trakt.media_type, trakt.season), (Some(Tv), Some(2)));
        let named = trakt.named.unwrap();
        assert_eq!((named.title.as_str(), named.year), ("dark", Some(2017)));
        let film = Link::of("https://letterboxd.com/bob/film/dune-2021/").unwrap();
        assert_eq!(film.source_id.as_deref(), Some("letterboxd:dune-2021"));
        assert!(!film.has_id());
    }

    #[test]
    fn other_words_and_addresses_are_none() {
        for text in [
            "",
            "The Matrix",
            "nm0000206",
            "tt",
            "tt0133093x",
            "tmdb:",
            "tmdb:0",
            "movie/x",
            "film",
            "https://www.imdb.com/name/nm0000206/",
            "https://trakt.tv/users/x/lists/y",
            "https://trakt.tv/shows/dark/seasons/1/episodes/2",
            "https://imdb.com.evil.example/title/tt0133093/",
            "https://letterboxd.com/bob/list/x/",
            "24/7",
        ] {
            assert_eq!(Link::of(text), None, "{text}");
        }
    }
}
