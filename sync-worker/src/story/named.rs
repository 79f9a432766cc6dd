//! What a person calls a title by: numbers, ids, addresses, words. Pure; leaves looking it up to `find`.

use schema::{
    models::{Mark, MediaType},
    wire::{Failure, FailureCode},
};
use url::Url;

/// The forms there are, for who wrote it otherwise.
const FORMS: &str = "Give the number of an entry (`item:12`), `movie:550`, `tv:1396`, `tt0111161`, \
                     `tvdb:81189`, the address of the title on IMDb, TMDB, TVDB, Letterboxd, Trakt, \
                     Simkl, AniList, MyAnimeList or Seerr, or words of its name.";
/// Longest text that is looked for.
const LONGEST: usize = 500;

/// What somebody calls a title by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The number of an entry.
    Item(i32),
    /// A number: of an entry, or else a name such as `1917`.
    Number(i32),
    /// TMDB's number.
    Title(MediaType, i64),
    /// Another mark of an entry or title, and the words to look for where nothing carries it.
    Mark(Mark, Option<String>),
    /// Words of its name.
    Words(String),
}

/// Reads what a person wrote.
///
/// # Errors
/// [`FailureCode::Invalid`] when it is empty, too long, or an address of something else.
pub(super) fn named(text: &str) -> Result<Named, Failure> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(invalid("`title` must have 1 to 500 characters".to_owned()));
    }
    if let Ok(number) = text.parse::<i32>()
        && number > 0
    {
        return Ok(Named::Number(number));
    }
    if let Some(id) = imdb_id(text) {
        return Ok(mark(Mark::Imdb(id)));
    }
    if let Some(named) = prefixed(text) {
        return Ok(named);
    }
    match address(text) {
        Some(url) => of_address(&url)
            .ok_or_else(|| invalid(format!("`{text}` is not the address of a title"))),
        None => Ok(Named::Words(text.to_owned())),
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message).with_remedy(FORMS)
}

fn mark(mark: Mark) -> Named {
    Named::Mark(mark, None)
}

/// `movie:550`, `tmdb:tv:1396`, `imdb:tt0111161`; none where what is before the colon is part of a
/// name.
fn prefixed(text: &str) -> Option<Named> {
    let (site, id) = text.split_once(':')?;
    let site = site.trim().to_ascii_lowercase();
    let id = id.trim_start_matches('/').trim();
    let numbered = number(id).and_then(|id| match site.as_str() {
        "item" | "entry" => Some(Named::Item(i32::try_from(id).ok()?)), // larger than any
        "tmdb" | "themoviedb" => Some(mark(Mark::Tmdb(None, id))),
        "tvdb" | "thetvdb" => Some(mark(Mark::Tvdb(id))),
        "trakt" => Some(mark(Mark::Trakt(id))),
        kind => Some(Named::Title(media_type(kind)?, id)),
    });
    if numbered.is_some() {
        return numbered;
    }
    // `tmdb:movie:550`, `tvdb:series/81189`.
    let (kind, rest) = id.split_once([':', '/']).unwrap_or(("", id));
    let kind = kind.trim().to_ascii_lowercase();
    let rest = rest.trim().trim_end_matches('/');
    let numbered = media_type(&kind).zip(leading_number(rest));
    match (site.as_str(), numbered) {
        ("imdb", _) => imdb_id(rest).map(|id| mark(Mark::Imdb(id))),
        ("tmdb" | "themoviedb", Some((media_type, id))) => Some(Named::Title(media_type, id)),
        ("tvdb" | "thetvdb", Some((_, id))) => Some(mark(Mark::Tvdb(id))),
        ("trakt", Some((_, id))) => Some(mark(Mark::Trakt(id))),
        ("letterboxd", _) => own_name("letterboxd", rest),
        ("simkl", _) => own_name("simkl", id),
        ("anilist", _) => own_name("anilist", rest),
        ("myanimelist" | "mal", _) => own_name("myanimelist", rest),
        _ => None,
    }
}

/// Sites whose numbers the id map keeps as their names are written with a number, too.
fn own_name(site: &str, id: &str) -> Option<Named> {
    let is_name = !id.is_empty() && !id.contains(char::is_whitespace);
    is_name.then(|| mark(Mark::Key(format!("source:{site}:{id}"))))
}

/// What sites call movies and shows.
fn media_type(word: &str) -> Option<MediaType> {
    match word {
        "movie" | "movies" | "film" | "films" => Some(MediaType::Movie),
        "tv" | "show" | "shows" | "series" => Some(MediaType::Tv),
        _ => None,
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id| *id > 0) // anything else is no number
}

/// `tt0111161`.
fn imdb_id(text: &str) -> Option<String> {
    let id = text.to_ascii_lowercase();
    let digits = id.strip_prefix("tt")?;
    let is_id = (5..=12).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit());
    is_id.then_some(id)
}

/// An address, also without its scheme.
fn address(text: &str) -> Option<Url> {
    if text.contains("://") {
        return Url::parse(text).ok(); // then it may be a name all the same
    }
    let (host, _) = text.split_once('/')?;
    let is_host = host.contains('.') && !host.contains(char::is_whitespace);
    is_host
        .then(|| Url::parse(&format!("https://{text}")).ok())
        .flatten()
}

fn of_address(url: &Url) -> Option<Named> {
    let host = url.host_str()?.trim_start_matches("www.");
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let is_of = |site: &str| host == site || host.ends_with(&format!(".{site}"));
    // Also where another site tells IMDb's id: `mdblist.com/movie/tt0113277`.
    if let Some(id) = parts.iter().find_map(|part| imdb_id(part)) {
        return Some(mark(Mark::Imdb(id)));
    }
    if is_of("imdb.com") {
        return None;
    }
    if is_of("thetvdb.com") {
        return of_tvdb(url, &parts);
    }
    if is_of("letterboxd.com") {
        let slug = after(&parts, "film");
        let of_tmdb = || after(&parts, "tmdb").and_then(leading_number);
        return slug
            .map(|slug| named_there("letterboxd", slug, slug))
            .or_else(|| of_tmdb().map(|id| mark(Mark::Tmdb(None, id))));
    }
    for (site, name) in [
        ("anilist.co", "anilist"),
        ("myanimelist.net", "myanimelist"),
    ] {
        if is_of(site) {
            let id = after(&parts, "anime")?;
            return Some(named_there(name, id, after(&parts, id).unwrap_or_default()));
        }
    }
    if is_of("simkl.com") {
        let (kind, id) = ["movies", "tv", "anime"]
            .iter()
            .find_map(|kind| Some((kind, after(&parts, kind)?)))?;
        let words = after(&parts, id).unwrap_or_default();
        number(id)?;
        return Some(named_there("simkl", &format!("{kind}/{id}"), words));
    }
    if is_of("trakt.tv") {
        let slug = after(&parts, "movies").or_else(|| after(&parts, "shows"))?;
        return Some(match slug.parse() {
            Ok(id) => Named::Mark(Mark::Trakt(id), Some(slug.to_owned())),
            Err(_) => Named::Words(of_slug(slug)), // no number: its words
        });
    }
    // TMDB, and Seerr at whatever host.
    ["movie", "tv"].iter().find_map(|kind| {
        let id = after(&parts, kind).and_then(leading_number)?;
        Some(Named::Title(media_type(kind)?, id))
    })
}

/// The part of an address after another.
fn after<'a>(parts: &[&'a str], name: &str) -> Option<&'a str> {
    let place = parts.iter().position(|part| *part == name)?;
    parts.get(place + 1).copied()
}

/// TVDB's number, or what it calls the title.
fn of_tvdb(url: &Url, parts: &[&str]) -> Option<Named> {
    let queried = url.query_pairs().find(|(name, _)| name == "id");
    if let Some((_, id)) = queried {
        return leading_number(&id).map(|id| mark(Mark::Tvdb(id)));
    }
    ["series", "movies", "movie"].iter().find_map(|kind| {
        let slug = after(parts, kind)?;
        Some(match number(slug) {
            Some(id) => Named::Mark(Mark::Tvdb(id), Some(slug.to_owned())),
            None => named_there("tvdb", &format!("{kind}/{slug}"), slug),
        })
    })
}

/// What a site itself calls a title, and the words of its address.
fn named_there(site: &str, id: &str, slug: &str) -> Named {
    let words = Some(of_slug(slug)).filter(|words| !words.is_empty());
    Named::Mark(Mark::Key(format!("source:{site}:{id}")), words)
}

/// `550` of `550-fight-club`.
fn leading_number(part: &str) -> Option<i64> {
    let end = part.find(|sign: char| !sign.is_ascii_digit());
    let (digits, rest) = part.split_at(end.unwrap_or(part.len()));
    let is_number = rest.is_empty() || rest.starts_with('-');
    digits.parse().ok().filter(|_| is_number) // no digits: none
}

/// `heat 1995` of `heat-1995`.
fn of_slug(slug: &str) -> String {
    slug.replace(['-', '_'], " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Named {
        mark(Mark::Key(key.to_owned()))
    }

    fn key_or(key: &str, words: &str) -> Named {
        Named::Mark(Mark::Key(key.to_owned()), Some(words.to_owned()))
    }

    fn words(text: &str) -> Named {
        Named::Words(text.to_owned())
    }

    #[test]
    fn a_title_is_understood_by_everything_it_is_called() {
        let movie = |id| Named::Title(MediaType::Movie, id);
        let show = |id| Named::Title(MediaType::Tv, id);
        let imdb = || mark(Mark::Imdb("tt0113277".into()));
        for (text, named_as) in [
            ("12", Named::Number(12)),
            ("item:12", Named::Item(12)),
            ("movie:550", movie(550)),
            ("TV: 1396", show(1396)),
            ("show:1396", show(1396)),
            ("tmdb:550", mark(Mark::Tmdb(None, 550))),
            ("tvdb:81189", mark(Mark::Tvdb(81_189))),
            ("trakt:713", mark(Mark::Trakt(713))),
            (" TT0113277 ", imdb()),
            ("imdb://tt0113277", imdb()),
            ("letterboxd:dune-2021", key("source:letterboxd:dune-2021")),
            ("https://www.imdb.com/title/tt0113277/?ref_=x", imdb()),
            ("m.imdb.com/de/title/tt0113277", imdb()),
            (
                "https://www.themoviedb.org/movie/550-fight-club",
                movie(550),
            ),
            ("themoviedb.org/tv/1396", show(1396)),
            ("http://seerr.lan:5055/tv/1396", show(1396)),
            (
                "https://thetvdb.com/?tab=series&id=81189",
                mark(Mark::Tvdb(81_189)),
            ),
            (
                "https://thetvdb.com/dereferrer/series/81189",
                Named::Mark(Mark::Tvdb(81_189), Some("81189".into())),
            ),
            (
                "https://thetvdb.com/series/breaking-bad",
                key_or("source:tvdb:series/breaking-bad", "breaking bad"),
            ),
            (
                "https://letterboxd.com/film/dune-2021/",
                key_or("source:letterboxd:dune-2021", "dune 2021"),
            ),
            (
                "letterboxd.com/alice/film/heat-1995/",
                key_or("source:letterboxd:heat-1995", "heat 1995"),
            ),
            ("letterboxd.com/tmdb/949", mark(Mark::Tmdb(None, 949))),
            ("https://letterboxd.com/imdb/tt0113277/", imdb()),
            (
                "https://anilist.co/anime/21/ONE-PIECE/",
                key_or("source:anilist:21", "ONE PIECE"),
            ),
            (
                "https://myanimelist.net/anime/21/One_Piece",
                key_or("source:myanimelist:21", "One Piece"),
            ),
            (
                "https://simkl.com/movies/53992/heat",
                key_or("source:simkl:movies/53992", "heat"),
            ),
            ("simkl:tv/11121", key("source:simkl:tv/11121")),
            ("anilist:21", key("source:anilist:21")),
            ("tmdb:movie:120", movie(120)),
            ("tmdb:tv/1396-breaking-bad", show(1396)),
            ("tvdb:series:81189", mark(Mark::Tvdb(81_189))),
            ("trakt:movie:713", mark(Mark::Trakt(713))),
            ("https://mdblist.com/movie/tt0113277", imdb()),
            ("https://trakt.tv/movies/heat-1995", words("heat 1995")),
            (
                "https://app.trakt.tv/shows/1388",
                Named::Mark(Mark::Trakt(1388), Some("1388".into())),
            ),
            ("Alien: Covenant", words("Alien: Covenant")),
            ("Film: The Living Record", words("Film: The Living Record")),
            ("Mission: Impossible", words("Mission: Impossible")),
            ("Face/Off", words("Face/Off")),
            ("movie: the movie", words("movie: the movie")),
            ("-5", words("-5")),
        ] {
            assert_eq!(named(text), Ok(named_as), "{text}");
        }
    }

    #[test]
    fn what_is_no_title_is_refused_with_the_forms_there_are() {
        for text in [
            "",
            "  ",
            "https://www.imdb.com/list/ls012345678/",
            "https://example.org/x",
        ] {
            let failure = named(text).unwrap_err();
            assert_eq!(failure.code, FailureCode::Invalid, "{text}");
            assert!(failure.remedy.unwrap().contains("`movie:550`"));
        }
    }
}
