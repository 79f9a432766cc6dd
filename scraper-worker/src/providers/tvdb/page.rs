//! Pages of `TheTVDB` for people, read where there is no key: a list with the names and addresses of
//! its titles, and the page of each title with its ids.

use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use scraper::{ElementRef, Html, Node};

use super::{PREFIX, address::TvdbList, api::year_of};
use crate::{
    provider::{Answer, Ids, Page, ProviderError},
    providers::html::{document, has_class},
};

/// Steps, by what is asked for.
pub(super) const LIST: &str = "page of a list";
pub(super) const TITLE: &str = "page of a title";

/// What the site's titles of pages end with.
const SUFFIXES: &[&str] = &[
    " - TheTVDB.com",
    " - TheTVDB",
    " | TheTVDB.com",
    " | TheTVDB",
];

/// Reads the page of a list or of somebody's favourites.
pub(super) fn list(list: &TvdbList, answer: &Answer) -> Result<Page, ProviderError> {
    if let Some(error) = refusal(list, answer) {
        return Err(error);
    }
    let page = document(answer.document()?)?;
    let headings: Vec<ElementRef<'_>> = headings(&page);
    let entries: Vec<Entry> = headings
        .iter()
        .filter_map(|heading| entry(*heading))
        .collect();
    if entries.is_empty() {
        // No page of an empty list was ever seen, so none is taken for one.
        return Err(ProviderError::changed(
            "no heading with a link to a series or a movie",
        ));
    }
    Ok(Page {
        dropped: u32::try_from(headings.len() - entries.len()).unwrap_or(u32::MAX), // no page is that long
        // How many there are is told nowhere, so a page without its end may be without entries too.
        is_cut: has_next(&page) || !answer.body.contains("</html>"),
        name: name(&page),
        entries,
        ..Page::default()
    })
}

fn refusal(list: &TvdbList, answer: &Answer) -> Option<ProviderError> {
    if answer.wall().is_some() {
        return None;
    }
    let id = list.id();
    let is_sign_in = ["/login", "/auth"]
        .iter()
        .any(|part| answer.url.path().contains(part));
    let with_key = "or get a key at https://thetvdb.com/dashboard/account/apikey and set it as `providers.tvdb.key` (TVDB_KEY).";
    match (answer.status, list) {
        (401 | 403 | 404 | 410, TvdbList::FavoritesOf(_)) => Some(of_others(&id)),
        (404 | 410, TvdbList::List(slug)) => Some(ProviderError::refused(
            Cause::NotFound,
            format!("TheTVDB has no list {id}"),
            format!(
                "Check its address in a browser, or remove it here. For favorites of a user write `user/{slug}/favorites`."
            ),
        )),
        (200, TvdbList::FavoritesOf(_)) if is_sign_in => Some(of_others(&id)),
        (200, _) if is_sign_in => Some(ProviderError::refused(
            Cause::Private,
            format!("TheTVDB does not show {id} to strangers"),
            format!("Make it public there, {with_key}"),
        )),
        _ => None,
    }
}

fn of_others(id: &str) -> ProviderError {
    ProviderError::refused(
        Cause::Private,
        format!("TheTVDB does not show {id} to us: favorites are shown to their owner"),
        "For your own write `tvdb:favorites` and set `providers.tvdb.key` (TVDB_KEY) and `providers.tvdb.pin` (TVDB_PIN); others can put theirs into a public list.",
    )
}

/// Headings of titles. Beside the list's own part of the page stand people, news and so on.
fn headings(page: &Html) -> Vec<ElementRef<'_>> {
    let root = page.root_element();
    let general = elements(root).find(|element| element.attr("id") == Some("general"));
    match general {
        Some(part) => linked_headings(part),
        None => linked_headings(root)
            .into_iter()
            .filter(|heading| has_class(*heading, "mt-0"))
            .collect(),
    }
}

fn linked_headings(part: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    elements(part)
        .filter(|element| element.value().name() == "h3" && link(*element).is_some())
        .collect()
}

fn entry(heading: ElementRef<'_>) -> Option<Entry> {
    let link = link(heading)?;
    let (media_type, slug) = title_of(link.attr("href")?)?;
    let kind = match media_type {
        MediaType::Tv => "series",
        MediaType::Movie => "movies",
    };
    Some(Entry {
        title: text(link),
        year: year_beside(heading),
        media_type: Some(media_type),
        source_id: Some(format!("{PREFIX}{kind}/{slug}")),
        ..Entry::default()
    })
}

fn link(heading: ElementRef<'_>) -> Option<ElementRef<'_>> {
    elements(heading)
        .find(|element| element.value().name() == "a" && element.attr("href").is_some())
}

/// `/series/tide-tables` and `https://thetvdb.com/movies/the-paper-lighthouse`.
fn title_of(href: &str) -> Option<(MediaType, String)> {
    let path = href
        .split_once("://")
        .map_or(href, |(_, rest)| rest.split_once('/').map_or("", |it| it.1));
    let path = path.split(['?', '#']).next()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["series", slug] => Some((MediaType::Tv, (*slug).to_owned())),
        ["movies", slug] => Some((MediaType::Movie, (*slug).to_owned())),
        _ => None,
    }
}

/// The year in the line under the heading, which is within the same row.
fn year_beside(heading: ElementRef<'_>) -> Option<i32> {
    for part in heading.ancestors().filter_map(ElementRef::wrap).take(3) {
        if elements(part)
            .filter(|element| element.value().name() == "h3")
            .nth(1)
            .is_some()
        {
            return None;
        }
        let line = elements(part).find(|element| has_class(*element, "mb-1"));
        if let Some(line) = line {
            return text(line)
                .split(|char: char| !char.is_ascii_digit())
                .filter(|digits| digits.len() == 4)
                .find_map(year_of);
        }
    }
    None
}

/// Whether the list goes on elsewhere. No such page was ever seen.
fn has_next(page: &Html) -> bool {
    elements(page.root_element()).any(|element| {
        matches!(element.value().name(), "a" | "link") && element.attr("rel") == Some("next")
    })
}

fn name(page: &Html) -> Option<String> {
    let root = page.root_element();
    let of = |name: &str| {
        elements(root)
            .find(|element| element.value().name() == name)
            .map(text)
            .filter(|text| !text.is_empty())
    };
    let name = of("h1").or_else(|| of("title"))?;
    let bare = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    Some(bare.unwrap_or(&name).trim().to_owned())
}

/// Reads the page of a title: its number, and what its links to other sites say.
pub(super) fn title(path: &str, answer: &Answer) -> Result<Ids, ProviderError> {
    let page = document(answer.document()?)?;
    let own = own_number(&page)
        .ok_or_else(|| ProviderError::changed("no number of the title on its page"))?;
    let is_movie = path.contains("/movies/");
    let links = || {
        elements(page.root_element())
            .filter(|element| element.value().name() == "a")
            .filter_map(|link| link.attr("href"))
    };
    let kind = if is_movie { "movie" } else { "tv" };
    let imdb_id = links().find_map(imdb);
    let tmdb_id = links().find_map(|href| tmdb(href, kind));
    // A show is known by this number everywhere. A movie is not, and its others may be added later.
    let is_known = !is_movie || imdb_id.is_some() || tmdb_id.is_some();
    Ok(Ids {
        media_type: Some(if is_movie {
            MediaType::Movie
        } else {
            MediaType::Tv
        }),
        imdb_id,
        tmdb_id,
        tvdb_id: is_known.then_some(own),
        season: None,
    })
}

/// The number after the label `TheTVDB.com Series ID` or `TheTVDB.com Movie ID`.
fn own_number(page: &Html) -> Option<i64> {
    let is_label = |element: &ElementRef<'_>| {
        let text = text(*element).to_ascii_lowercase();
        element.value().name() == "strong"
            && text.starts_with("thetvdb.com")
            && text.trim_end_matches(':').ends_with(" id")
    };
    let label = elements(page.root_element()).find(is_label)?;
    let row = label.parent().and_then(ElementRef::wrap)?;
    let row_text = text(row);
    let after = row_text.split_once(&text(label))?.1;
    let digits = after
        .split(|char: char| !char.is_ascii_digit())
        .find(|digits| !digits.is_empty())?;
    digits.parse().ok().filter(|number| *number > 0) // else it is none
}

fn imdb(href: &str) -> Option<String> {
    let digits = leading_digits(href.split_once("imdb.com/title/tt")?.1);
    (5..=12)
        .contains(&digits.len())
        .then(|| format!("tt{digits}"))
}

fn tmdb(href: &str, kind: &str) -> Option<i64> {
    let (_, path) = href.split_once("themoviedb.org/")?;
    let (found, rest) = path.split_once('/')?;
    let number = leading_digits(rest).parse().ok()?; // else it is none
    (found == kind && number > 0).then_some(number)
}

fn leading_digits(text: &str) -> &str {
    text.split(|char: char| !char.is_ascii_digit())
        .next()
        .unwrap_or_default()
}

fn elements(part: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    part.descendent_elements()
}

/// All its text, without runs of spaces.
fn text(element: ElementRef<'_>) -> String {
    let all: String = element
        .descendants()
        .filter_map(|node| match node.value() {
            Node::Text(text) => Some(format!("{} ", &**text)),
            _ => None,
        })
        .collect();
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use url::Url;

    use super::{super::address, *};

    fn answer(status: u16, path: &str, body: &str) -> Answer {
        Answer {
            status,
            url: Url::parse("http://site.test").unwrap().join(path).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    fn read(id: &str, answer: &Answer) -> Result<Page, ProviderError> {
        list(&address::parse_own(id).unwrap(), answer)
    }

    fn cause(id: &str, answer: &Answer) -> Cause {
        match read(id, answer) {
            Err(ProviderError::Refused {
                cause,
                reason,
                remedy,
            }) => {
                assert!(
                    reason.contains(id) && remedy.ends_with('.'),
                    "{reason} {remedy}"
                );
                cause
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn titles_stand_in_headings_of_the_lists_own_part_of_the_page() {
        let page = read(
            "lists/rainy-days",
            &answer(
                200,
                "/lists/rainy-days",
                r#"<h1>Rainy &amp; Wet</h1><h3><a href="/series/news">News</a></h3><div id="general">
                <div><h3><a href="/series/tide-tables">Tide  Tables</a></h3><div class="mb-1">since 12 May 2011</div></div>
                <div><h3><a href="https://thetvdb.com/movies/harbour?x=1">Harbour &amp; Ebb</a></h3></div>
                <div><h3><a href="/people/7-ada">Ada</a></h3></div></div>"#,
            ),
        )
        .unwrap();
        let told: Vec<_> = page
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.title.as_str(),
                    entry.year,
                    entry.source_id.as_deref().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Tide Tables", Some(2011), "tvdb:series/tide-tables"),
                ("Harbour & Ebb", None, "tvdb:movies/harbour")
            ]
        );
        assert_eq!(
            (page.dropped, page.name.as_deref()),
            (1, Some("Rainy & Wet"))
        );
    }

    #[test]
    fn a_page_without_titles_is_a_change_and_never_an_empty_list() {
        for body in [
            "",
            "<html><body>Down for maintenance",
            "<div id='general'></div>",
            "<div id='general'><h3><a href='/people/7'>Ada</a></h3></div>",
        ] {
            let error =
                read("lists/rainy-days", &answer(200, "/lists/rainy-days", body)).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body} {error}"
            );
        }
        let challenge = "<html><title>Just a moment...</title>";
        for status in [200, 403] {
            let error = read("lists/rainy-days", &answer(status, "/", challenge)).unwrap_err();
            assert!(matches!(error, ProviderError::Blocked { .. }), "{error}");
        }
    }

    #[test]
    fn a_page_that_goes_on_or_ends_in_the_middle_is_cut() {
        let rows = r#"<html><div id="general"><h3><a href="/series/a">A</a></h3></div>"#;
        for (end, is_cut) in [
            ("</html>", false),
            (r#"<a rel="next" href="?page=2"></html>"#, true),
            ("", true),
            ("<div><h3><a href=\"/series/b\">B</a></h3></ht", true),
        ] {
            let body = format!("{rows}{end}");
            let page = read("lists/rainy-days", &answer(200, "/lists/rainy-days", &body));
            assert_eq!(page.unwrap().is_cut, is_cut, "{end}");
        }
    }

    #[test]
    fn absent_and_private_lists_are_told_apart() {
        assert_eq!(
            cause(
                "lists/rainy-days",
                &answer(404, "/lists/rainy-days", "<html>")
            ),
            Cause::NotFound
        );
        assert_eq!(
            cause("lists/rainy-days", &answer(200, "/auth/login", "<html>")),
            Cause::Private
        );
        for (status, path) in [
            (404, "/user/7/favorites"),
            (403, "/user/7/favorites"),
            (200, "/auth/login"),
        ] {
            assert_eq!(
                cause("user/7/favorites", &answer(status, path, "<html>")),
                Cause::Private
            );
        }
    }

    #[test]
    fn the_page_of_a_title_tells_its_ids() {
        let body = r#"<ul><li><strong>TheTVDB.com Movie ID</strong> <span>90011</span></li>
            <li><strong>Status</strong><span>Released 1998</span></li>
            <li><a href="https://www.imdb.com/title/tt90000011/">IMDB</a>
            <a href="https://www.themoviedb.org/tv/1">other</a>
            <a href="https://www.themoviedb.org/movie/900011-the-paper-lighthouse">TMDB</a></li></ul>"#;
        let ids = title("/movies/x", &answer(200, "/movies/x", body)).unwrap();
        let expected = Ids {
            media_type: Some(MediaType::Movie),
            imdb_id: Some("tt90000011".into()),
            tmdb_id: Some(900_011),
            tvdb_id: Some(90_011),
            season: None,
        };
        assert_eq!(ids, expected);
        let bare = "<li><strong>TheTVDB.com Movie ID</strong> <span>90011</span></li>";
        let ids = title("/movies/x", &answer(200, "/movies/x", bare)).unwrap();
        assert_eq!(
            (ids.tvdb_id, ids.imdb_id),
            (None, None),
            "asked for again some day"
        );
        for body in ["", "<html>Sorry", "<strong>TheTVDB.com Series ID</strong>"] {
            let error = title("/series/x", &answer(200, "/series/x", body)).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body} {error}"
            );
        }
        let gone = title("/series/x", &answer(404, "/series/x", "<html>"));
        assert_eq!(gone, Err(ProviderError::NotFound));
    }
}
