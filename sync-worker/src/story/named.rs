//! What a person calls a title by: numbers, ids, addresses, words. Pure; leaves looking it up to `find`.

use schema::{
    models::{Mark, MediaType},
    wire::{Failure, FailureCode},
};
use url::Url;

/// The forms there are, for who wrote it otherwise.
const FORMS: &str = "Give the number of an entry (`item:12`), `movie:550`, `tv:1396`, `tt0111161`, \
                     `tvdb:81189`, the address of the title on IMDb, TMDB, TVDB, Letterboxd, Trakt, \
                     AniList, MyAnimeList or Seerr, or words of its name.";
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
    /// Another mark of an entry or title.
    Mark(Mark),
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
        return Ok(Named::Mark(Mark::Imdb(id)));
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

/// `movie:550`, `imdb:tt0111161`; none where what is before the colon is part of a name.
fn prefixed(text: &str) -> Option<Named> {
    let (kind, id) = text.split_once(':')?;
    let kind = kind.trim().to_ascii_lowercase();
    let id = id.trim_start_matches('/').trim();
    let number = || id.parse::<i64>().ok().filter(|id| *id > 0);
    Some(match kind.as_str() {
        "item" | "entry" => Named::Item(i32::try_from(number()?).ok()?),
        "movie" | "film" => Named::Title(MediaType::Movie, number()?),
        "tv" | "show" => Named::Title(MediaType::Tv, number()?),
        "imdb" => Named::Mark(Mark::Imdb(imdb_id(id)?)),
        "tmdb" => Named::Mark(Mark::Tmdb(None, number()?)),
        "tvdb" => Named::Mark(Mark::Tvdb(number()?)),
        "trakt" => Named::Mark(Mark::Trakt(number()?)),
        "letterboxd" | "anilist" | "myanimelist" => {
            Named::Mark(Mark::Key(format!("source:{kind}:{id}")))
        }
        _ => return None,
    })
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
    let after = |name: &str| {
        let place = parts.iter().position(|part| *part == name)?;
        parts.get(place + 1).copied()
    };
    let is_of = |site: &str| host == site || host.ends_with(&format!(".{site}"));
    if is_of("imdb.com") {
        let id = parts.iter().find_map(|part| imdb_id(part))?;
        return Some(Named::Mark(Mark::Imdb(id)));
    }
    if is_of("thetvdb.com") {
        let queried = url.query_pairs().find(|(name, _)| name == "id");
        let id = match queried {
            Some((_, id)) => leading_number(&id),
            None => after("series")
                .or_else(|| after("movie"))
                .and_then(leading_number),
        };
        return match id {
            Some(id) => Some(Named::Mark(Mark::Tvdb(id))),
            None => after("series").or_else(|| after("movies")).map(of_slug),
        };
    }
    for (site, kind, folder) in [
        ("letterboxd.com", "letterboxd", "film"),
        ("anilist.co", "anilist", "anime"),
        ("myanimelist.net", "myanimelist", "anime"),
    ] {
        if is_of(site) {
            return Some(Named::Mark(Mark::Key(format!(
                "source:{kind}:{}",
                after(folder)?
            ))));
        }
    }
    if is_of("trakt.tv") {
        let slug = after("movies").or_else(|| after("shows"))?;
        return Some(match slug.parse() {
            Ok(id) => Named::Mark(Mark::Trakt(id)),
            Err(_) => of_slug(slug),
        });
    }
    // TMDB, and Seerr at whatever host.
    let movie = after("movie").and_then(leading_number);
    let show = || after("tv").and_then(leading_number);
    movie
        .map(|id| Named::Title(MediaType::Movie, id))
        .or_else(|| show().map(|id| Named::Title(MediaType::Tv, id)))
}

/// `550` of `550-fight-club`.
fn leading_number(part: &str) -> Option<i64> {
    let end = part.find(|sign: char| !sign.is_ascii_digit());
    let (digits, rest) = part.split_at(end.unwrap_or(part.len()));
    let is_number = rest.is_empty() || rest.starts_with('-');
    digits.parse().ok().filter(|_| is_number) // no digits: none
}

/// Words of `heat-1995`.
fn of_slug(slug: &str) -> Named {
    Named::Words(slug.replace('-', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(mark: Mark) -> Named {
        Named::Mark(mark)
    }

    fn key(key: &str) -> Named {
        Named::Mark(Mark::Key(key.to_owned()))
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
                mark(Mark::Tvdb(81_189)),
            ),
            (
                "https://thetvdb.com/series/breaking-bad",
                words("breaking bad"),
            ),
            (
                "https://letterboxd.com/film/dune-2021/",
                key("source:letterboxd:dune-2021"),
            ),
            (
                "https://anilist.co/anime/21/ONE-PIECE/",
                key("source:anilist:21"),
            ),
            ("https://trakt.tv/movies/heat-1995", words("heat 1995")),
            ("https://trakt.tv/shows/1388", mark(Mark::Trakt(1388))),
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
