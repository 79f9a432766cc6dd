//! The page of one film: what it is on TMDB and IMDb.

use schema::models::MediaType;
use scraper::{ElementRef, Html};

use super::html::{attr, elements};
use crate::{
    provider::{Answer, Ids, ProviderError},
    providers::html::{document, has_class},
};

pub(super) const STEP: &str = "film";

/// Reads the page of a film. It may know TMDB's number and kind, or IMDb's id only, or neither.
pub(super) fn parse(answer: &Answer) -> Result<Ids, ProviderError> {
    let page = document(answer.document()?)?;
    let tmdb = button(&page, "TMDB", tmdb).or_else(|| of_body(&page));
    let imdb_id = button(&page, "IMDb", imdb);
    if tmdb.is_none() && imdb_id.is_none() && !is_film(&page) {
        return Err(ProviderError::changed("no page of a film"));
    }
    Ok(Ids {
        tvdb_id: None,
        season: None,
        media_type: tmdb.map(|(media_type, _)| media_type),
        tmdb_id: tmdb.map(|(_, id)| id),
        imdb_id,
    })
}

/// What the film's own button leads to; reviews on the page may link to other films.
fn button<T>(page: &Html, action: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let is_it = |link: &ElementRef<'_>| {
        link.attr("data-track-action")
            .map_or(has_class(*link, "micro-button"), |known| {
                known.eq_ignore_ascii_case(action)
            })
    };
    elements(page)
        .filter(|element| element.value().name() == "a")
        .filter(is_it)
        .find_map(|link| read(link.attr("href")?))
}

/// `https://www.themoviedb.org/tv/91275-name/`
fn tmdb(href: &str) -> Option<(MediaType, i64)> {
    let (_, path) = href.split_once("themoviedb.org/")?;
    let (kind, rest) = path.split_once('/')?;
    Some((media_type(kind)?, number(rest)?))
}

/// A miniseries is a movie without a number here, and a show in its button: without a number it says
/// nothing.
fn of_body(page: &Html) -> Option<(MediaType, i64)> {
    let body = elements(page).find(|element| element.value().name() == "body")?;
    let kind = media_type(&attr(body, "data-tmdb-type")?)?;
    Some((kind, number(&attr(body, "data-tmdb-id")?)?))
}

fn media_type(kind: &str) -> Option<MediaType> {
    match kind {
        "movie" => Some(MediaType::Movie),
        "tv" => Some(MediaType::Tv),
        _ => None,
    }
}

fn number(text: &str) -> Option<i64> {
    let digits = text.split(|char: char| !char.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|number| *number > 0) // else it is none
}

/// `http://www.imdb.com/title/tt7909970/maindetails`
fn imdb(href: &str) -> Option<String> {
    let (_, rest) = href.split_once("imdb.com/title/tt")?;
    let digits = rest.split(|char: char| !char.is_ascii_digit()).next()?;
    (7..=10)
        .contains(&digits.len())
        .then(|| format!("tt{digits}"))
}

fn is_film(page: &Html) -> bool {
    elements(page).any(|element| {
        element.value().name() == "body"
            && (has_class(element, "film") || element.attr("data-type") == Some("film"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;
    use url::Url;

    fn read_with(status: u16, html: &str) -> Result<Ids, ProviderError> {
        parse(&Answer {
            status,
            url: Url::parse("https://letterboxd.com/film/paper-boats/").unwrap(),
            headers: HeaderMap::new(),
            body: html.into(),
        })
    }

    fn read(html: &str) -> Result<Ids, ProviderError> {
        read_with(200, html)
    }

    const IMDB: &str = r#"<a href="http://www.imdb.com/title/tt9000001/maindetails" class="micro-button" data-track-action="IMDb">IMDb</a>"#;

    #[test]
    fn a_movie_has_its_numbers() {
        let ids = read(&format!(
            r#"<body class="film backdropped" data-tmdb-type="movie" data-tmdb-id="900001">
            <a href="https://www.themoviedb.org/movie/1/">of a review</a>{IMDB}
            <a href="https://www.themoviedb.org/movie/900001-paper-boats" data-track-action="TMDB">TMDB</a>"#
        ));
        let expected = Ids {
            season: None,
            tvdb_id: None,
            media_type: Some(MediaType::Movie),
            imdb_id: Some("tt9000001".into()),
            tmdb_id: Some(900_001),
        };
        assert_eq!(ids, Ok(expected));
    }

    #[test]
    fn the_button_says_that_a_miniseries_is_a_show() {
        let show = r#"<body class="film" data-tmdb-type="movie" data-tmdb-id="">
            <a href='https://www.themoviedb.org/tv/900002/' class="micro-button track-event" data-track-action="TMDB">"#;
        let ids = read(show).unwrap();
        assert_eq!(
            (ids.media_type, ids.tmdb_id),
            (Some(MediaType::Tv), Some(900_002))
        );
        let trap = r#"<body class="film" data-tmdb-type="movie" data-tmdb-id="">"#;
        assert_eq!(read(trap), Ok(Ids::default()));
    }

    #[test]
    fn the_body_says_it_where_there_is_no_button() {
        let ids = read(r#"<body class="film" data-tmdb-type="tv" data-tmdb-id="900003">"#).unwrap();
        assert_eq!(
            (ids.media_type, ids.tmdb_id),
            (Some(MediaType::Tv), Some(900_003))
        );
        let person = r#"<body class="film" data-tmdb-type="person" data-tmdb-id="17288">"#;
        assert_eq!(read(person), Ok(Ids::default()));
    }

    #[test]
    fn a_film_without_any_number_has_none_and_another_page_is_a_change() {
        let review = r#"<body class="film"><p><a href="https://www.imdb.com/title/tt0133093/">better</a>
            <a href="https://www.themoviedb.org/movie/603">better</a></p>"#;
        assert_eq!(read(review), Ok(Ids::default()));
        for page in [
            "",
            "<html><body class='error'>",
            "<body class=\"list-page\">",
        ] {
            let error = read(page).unwrap_err();
            assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        }
    }

    #[test]
    fn a_missing_film_and_a_challenge_are_told_apart() {
        let missing = read_with(404, "<html><title>Letterboxd - Not Found</title>");
        assert_eq!(missing, Err(ProviderError::NotFound));
        let wall = "<html><title>Just a moment...</title>";
        for status in [403, 503] {
            let wall = read_with(status, wall).unwrap_err();
            assert!(matches!(wall, ProviderError::Blocked { .. }), "{wall}");
        }
    }
}
