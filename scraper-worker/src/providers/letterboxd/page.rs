//! One page of a list: how many pages and films there are, whether an empty one is truly empty. Leaves
//! the posters to `poster`.

use scraper::{ElementRef, Html};
use url::Url;

use super::{
    address::LetterboxdList,
    html::{attr, clean, elements, is_challenge, leading_number, meta, text},
    poster, readable,
};
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::html::{document, has_class},
};

pub(super) const STEP: &str = "page";

/// Reads a page.
pub(super) fn parse(
    list: &LetterboxdList,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    // Letterboxd answers so for pages after the last: the list became shorter since page one.
    if request.number > 1 && matches!(answer.status, 403 | 404) && !is_wall(answer) {
        return Err(ProviderError::Failed {
            what: format!(
                "the list changed: its page {} is not there any more",
                request.number
            ),
        });
    }
    let text = readable(answer, &format!("list {}", list.id()))?;
    let page = document(text)?;
    let entries = poster::entries(&page);
    let announced = announced(&page);
    if entries.is_empty() && !(announced == Some(0) || is_empty_list(&page)) {
        return Err(ProviderError::changed(
            "no poster with a film's name in the page",
        ));
    }
    Ok(Page {
        entries,
        unreadable: poster::unreadable(&page),
        announced,
        name: name(&page),
        next: next(&page, request)?,
        ..Page::default()
    })
}

fn is_wall(answer: &Answer) -> bool {
    answer.wall().is_some() || is_challenge(&answer.body)
}

/// Films the list is said to have: watchlists have it as a number, lists in a sentence.
fn announced(page: &Html) -> Option<u32> {
    elements(page)
        .find_map(|element| leading_number(element.attr("data-num-entries")?))
        .or_else(|| {
            let count = elements(page).find(|element| has_class(*element, "js-watchlist-count"))?;
            leading_number(&text(count))
        })
        .or_else(|| {
            let sentence = meta(page, "description")?;
            let count = sentence.strip_prefix("A list of ")?;
            let rest = count.trim_start_matches(|char: char| char.is_ascii_digit() || char == ',');
            let is_told = rest.starts_with(" films compiled") || rest.starts_with(" film compiled");
            is_told.then(|| leading_number(count))?
        })
}

/// The place for posters is there and holds nothing, or a heading stands in it instead.
fn is_empty_list(page: &Html) -> bool {
    const PLACES: &[&str] = &["js-list-entries", "poster-grid", "poster-list", "grid"];
    /// Of them within one another.
    const MOST_PLACES: usize = 10;
    let is_list_page = elements(page)
        .filter(|element| element.value().name() == "body")
        .any(|body| {
            [
                "list-page",
                "watchlist",
                "films-watched",
                "likes",
                "likes-page",
                "filmography-page",
            ]
            .iter()
            .any(|class| has_class(body, class))
        });
    let is_place = |element: &ElementRef<'_>| PLACES.iter().any(|class| has_class(*element, class));
    let has_empty_place = elements(page).filter(is_place).any(|place| {
        // One more than may be, so that endlessly nested places cost no minutes.
        let inside = place.descendent_elements().take(MOST_PLACES + 1);
        let (mut count, mut is_empty) = (0, true);
        for inner in inside {
            count += 1;
            is_empty &= inner == place || is_place(&inner);
        }
        is_empty && count <= MOST_PLACES
    });
    let says_so = elements(page)
        .filter(|element| {
            has_class(*element, "ui-block-heading") || has_class(*element, "empty-list")
        })
        .any(|heading| {
            let words = text(heading).to_lowercase();
            words.starts_with("no ") || words.contains("no films") || words.contains("empty")
        });
    is_list_page && (has_empty_place || says_so)
}

/// The list's own name, as the page is called when it is shared.
fn name(page: &Html) -> Option<String> {
    let name = meta(page, "og:title").or_else(|| {
        let title = elements(page).find(|element| element.value().name() == "title")?;
        Some(text(title))
    })?;
    let name = name.split(" • Letterboxd").next().map(clean)?;
    (!name.is_empty()).then_some(name)
}

/// The page after this one. Page one tells how many there are; none beyond is ever asked for.
fn next(page: &Html, request: &Request) -> Result<Option<Request>, ProviderError> {
    let told = pages(page);
    let count = match (request.carried, told) {
        (None, told) => told,
        (Some(before), None) if before > 1 => {
            return Err(ProviderError::changed(format!(
                "page {} does not tell the number of pages, which was {before}",
                request.number
            )));
        }
        (Some(before), Some(now)) if before != now => {
            return Err(ProviderError::Failed {
                what: format!("the list changed: it had {before} pages, then {now}"),
            });
        }
        (Some(before), _) => Some(before),
    };
    let has_next = count.map_or_else(|| has_next_link(page), |count| request.number < count);
    Ok(has_next.then(|| Request {
        url: numbered(request.url.clone(), request.number + 1),
        number: request.number + 1,
        carried: count,
        ..request.clone()
    }))
}

/// The number of the last page that is linked, or of this one.
fn pages(page: &Html) -> Option<u32> {
    elements(page)
        .filter(|element| has_class(*element, "paginate-page"))
        .filter_map(|number| leading_number(&text(number)))
        .max()
}

/// Where only the way on is linked, without numbers.
fn has_next_link(page: &Html) -> bool {
    elements(page).any(|element| {
        element.value().name() == "a"
            && has_class(element, "next")
            && attr(element, "href").is_some_and(|href| href.contains("/page/"))
    })
}

/// `…/page/3/` of any page of a list.
fn numbered(mut url: Url, number: u32) -> Url {
    let path = url.path().trim_end_matches('/');
    let first = match path.rsplit_once("/page/") {
        Some((first, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => first,
        _ => path,
    };
    let path = format!("{first}/page/{number}/");
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::{super::address, *};
    use crate::provider::Reach;
    use reqwest::header::{HeaderMap, HeaderValue};

    const LIST: &str = "one/quiet";
    const URL: &str = "http://site.test/one/list/quiet/";

    fn answer(status: u16, url: &str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/html"));
        Answer {
            status,
            url: Url::parse(url).unwrap(),
            headers,
            body: body.into(),
        }
    }

    fn first(url: &str) -> Request {
        Request::get(Url::parse(url).unwrap(), STEP)
    }

    fn read_as(list: &str, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
        parse(&address::parse_own(list).unwrap(), request, answer)
    }

    fn read(request: &Request, body: &str) -> Result<Page, ProviderError> {
        read_as(LIST, request, &answer(200, URL, body))
    }

    /// A page of one film, with links to as many pages; 0 for no block of them.
    fn page(pages: u32) -> String {
        let number = |number| {
            format!("<li class='paginate-page'><a href='/x/page/{number}/'>{number}</a></li>")
        };
        let links: String = (1..=pages).map(number).collect();
        format!(
            "<body class='list-page'><ul class='js-list-entries'><li class='posteritem'>\
             <div data-item-slug='paper-boats' data-item-name='Paper Boats (1987)'></div></li></ul>\
             <div class='pagination'><ul>{links}</ul></div>"
        )
    }

    #[test]
    fn pages_follow_up_to_the_number_that_page_one_told() {
        let second = read(&first(URL), &page(3)).unwrap().next.unwrap();
        assert_eq!(
            second.url.as_str(),
            "http://site.test/one/list/quiet/page/2/"
        );
        assert_eq!(
            (second.number, second.carried, second.reach),
            (2, Some(3), Reach::OwnersSite)
        );
        let third = read(&second, &page(3)).unwrap().next.unwrap();
        assert_eq!(
            third.url.as_str(),
            "http://site.test/one/list/quiet/page/3/"
        );
        assert_eq!(read(&third, &page(3)).unwrap().next, None);
        assert_eq!(read(&first(URL), &page(0)).unwrap().next, None);
    }

    #[test]
    fn a_list_that_gets_other_pages_meanwhile_has_changed() {
        let second = read(&first(URL), &page(3)).unwrap().next.unwrap();
        for pages in [2, 4] {
            let error = read(&second, &page(pages)).unwrap_err();
            assert!(matches!(error, ProviderError::Failed { .. }), "{error}");
        }
        let error = read(&second, &page(0)).unwrap_err();
        assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        for status in [403, 404] {
            let gone = answer(status, URL, "<html><title>Letterboxd</title>");
            let error = read_as(LIST, &second, &gone).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the site failed: the list changed: its page 2 is not there any more"
            );
        }
        let challenge = answer(403, URL, "<html><title>Just a moment...</title>");
        let error = read_as(LIST, &second, &challenge).unwrap_err();
        assert!(matches!(error, ProviderError::Blocked { .. }), "{error}");
    }

    #[test]
    fn a_link_to_the_next_page_counts_where_pages_have_no_numbers() {
        let with_link = format!("{}<a class='next' href='/one/list/quiet/page/2/'>", page(0));
        let second = read(&first(URL), &with_link).unwrap().next.unwrap();
        assert_eq!((second.number, second.carried), (2, None));
        assert_eq!(read(&second, &page(0)).unwrap().next, None);
    }

    #[test]
    fn an_empty_list_is_told_from_a_page_that_is_not_understood() {
        for empty in [
            "<body class='watchlist'><div data-num-entries='0'></div>",
            "<body class='watchlist'><span class='js-watchlist-count'>0&nbsp;films</span>",
            "<head><meta name='description' content='A list of 0 films compiled on Letterboxd.'></head><body class='list-page'>",
            "<body class='list-page'><ul class='js-list-entries poster-list'> </ul>",
            "<body class='likes'><ul class='poster-list -p70'></ul>",
            "<body class='wide films-watched'><div class='poster-grid'><ul class='grid'></ul></div>",
            "<body class='list-page'><section class='ui-block-heading'><h2>There are no films in this list.</h2></section>",
        ] {
            let page = read(&first(URL), empty).unwrap();
            assert_eq!((page.entries.len(), page.next), (0, None), "{empty}");
        }
        for strange in [
            "",
            "<html>We are back soon",
            "<body class='error'>sign in",
            "<body class='list-page'>",
            "<body class='list-page'><ul class='js-list-entries'><li><div data-new-name='x'></div></li></ul>",
            "<ul class='grid'></ul>",
            "<body class='watchlist'><div data-num-entries='28'><ul class='grid'><li></li></ul></div>",
        ] {
            let error = read(&first(URL), strange).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{strange}: {error}"
            );
        }
    }

    #[test]
    fn endlessly_nested_places_cost_no_minutes() {
        let nested = format!(
            "<body class='list-page'>{}<p>",
            "<div class='grid'>".repeat(4_000)
        );
        let error = read(&first(URL), &nested).unwrap_err();
        assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
    }

    #[test]
    fn the_number_of_films_is_taken_from_where_it_is_certain() {
        let told = |html: &str| {
            read(&first(URL), &format!("{html}{}", page(1)))
                .unwrap()
                .announced
        };
        assert_eq!(told("<div data-num-entries='1,415'></div>"), Some(1415));
        assert_eq!(
            told("<span class='js-watchlist-count'>1,415&nbsp;films</span>"),
            Some(1415)
        );
        let described = |text: &str| told(&format!("<meta name='description' content='{text}'>"));
        assert_eq!(
            described("A list of 1,250 films compiled on Letterboxd, including"),
            Some(1250)
        );
        assert_eq!(
            described("A list of 1 film compiled on Letterboxd"),
            Some(1)
        );
        assert_eq!(described("A list of 12 films I saw, of 30"), None);
        assert_eq!(described("12 films"), None);
    }

    #[test]
    fn walls_private_lists_and_missing_ones_are_told_apart() {
        let of = |status, body: &str| {
            read_as(LIST, &first(URL), &answer(status, URL, body)).unwrap_err()
        };
        for (status, body) in [
            (403, "<html><title>Just a moment...</title>"),
            (
                403,
                "<html>Letterboxd <script>window._cf_chl_opt = {}</script>",
            ),
            (403, "<html><title>Attention Required!</title>"),
            (403, ""),
            (202, ""),
            (503, "<html><title>Just a moment...</title>"),
        ] {
            let error = of(status, body);
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{status} {body}: {error}"
            );
        }
        for (status, body) in [
            (404, ""),
            (404, "<html><title>Letterboxd - Not Found</title>"),
            (403, "<html><title>Letterboxd - Private list</title>"),
            (
                403,
                "<html>Letterboxd <script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'>",
            ),
        ] {
            let error = of(status, body);
            assert!(
                matches!(&error, ProviderError::Refused { reason, .. } if reason.contains("list one/quiet")),
                "{status} {body}: {error}"
            );
        }
        let mut mitigated = answer(403, URL, "");
        mitigated
            .headers
            .insert("cf-mitigated", HeaderValue::from_static("challenge"));
        let error = read_as(LIST, &first(URL), &mitigated).unwrap_err();
        assert!(matches!(error, ProviderError::Blocked { .. }), "{error}");
    }

    #[test]
    fn a_list_is_called_as_it_calls_itself() {
        let named = |head: &str| {
            let html = format!("<head>{head}</head>{}", page(1));
            read(&first(URL), &html).unwrap().name
        };
        let own =
            named("<title>x</title><meta property='og:title' content='&lrm;Quiet &amp; Loud'>");
        assert_eq!(own.as_deref(), Some("Quiet & Loud"));
        let title = named("<title>&lrm;one&rsquo;s films &bull; Letterboxd</title>");
        assert_eq!(title.as_deref(), Some("one’s films"));
        assert_eq!(named(""), None);
    }
}
