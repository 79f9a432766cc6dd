//! `boxd.it/…`: which list a short link stands for. Its redirect is read and not followed, so that the
//! list itself is asked for in its own host's turn.

use reqwest::header::LOCATION;
use schema::models::Cause;
use url::Url;

use super::{
    address::{self, LetterboxdList},
    document, page, readable,
};
use crate::provider::{Answer, Page, ProviderError, Reach, Request};

pub(super) const STEP: &str = "short link";

/// Redirects from one short link to another. A guess; there should be none.
const MOST: u32 = 3;

pub(super) fn request(url: Url) -> Request {
    Request {
        reach: Reach::Pointed,
        ..document(url, STEP)
    }
}

/// The list's first page is the next request.
pub(super) fn parse(
    list: &LetterboxdList,
    asked: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    if !(300..400).contains(&answer.status) {
        readable(answer, &format!("list {}", list.id()))?;
        return Err(ProviderError::changed(
            "a short link that leads to no other address",
        ));
    }
    let location = answer.header(LOCATION.as_str());
    let to = location.and_then(|to| answer.url.join(to).ok()); // else it leads nowhere
    let next = to.as_ref().and_then(|to| first_page(asked, to));
    let next = next.ok_or_else(|| {
        // Only the host: the rest is whatever somebody made of it.
        let host = to.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
        ProviderError::Refused {
            cause: Cause::NotFound,
            reason: format!(
                "{} leads to something on {host} that is no list of Letterboxd",
                list.id()
            ),
            remedy: "Open the link in a browser, and add the address of the list itself.".into(),
        }
    })?;
    Ok(Page {
        next: Some(next),
        ..Page::default()
    })
}

fn first_page(asked: &Request, to: &Url) -> Option<Request> {
    match address::parse(to.as_str())? {
        short @ LetterboxdList::Short(_) => (asked.number < MOST).then_some(Request {
            number: asked.number + 1,
            ..request(Url::parse(&short.url()).ok()?) // it is one
        }),
        list => Some(document(Url::parse(&list.url()).ok()?, page::STEP)), // it is one
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn read_with(asked: &Request, status: u16, to: Option<&str>) -> Result<Page, ProviderError> {
        let mut headers = HeaderMap::new();
        if let Some(to) = to {
            headers.insert(LOCATION, HeaderValue::from_str(to).unwrap());
        }
        let answer = Answer {
            status,
            url: asked.url.clone(),
            headers,
            body: String::new(),
        };
        parse(&address::parse("boxd.it/AbC12").unwrap(), asked, &answer)
    }

    fn asked() -> Request {
        request(Url::parse("https://boxd.it/AbC12").unwrap())
    }

    #[test]
    fn a_short_link_is_the_list_it_leads_to() {
        let to = "https://letterboxd.com/One/list/quiet/share/AbC12xyz/?utm=1#x";
        let page = read_with(&asked(), 302, Some(to)).unwrap();
        let next = page.next.unwrap();
        assert_eq!(
            next.url.as_str(),
            "https://letterboxd.com/one/list/quiet/share/AbC12xyz/"
        );
        assert_eq!(
            (next.step, next.number, next.reach),
            (page::STEP, 1, Reach::OwnersSite)
        );
        assert!(page.entries.is_empty());
    }

    #[test]
    fn a_short_link_to_something_else_is_refused() {
        for elsewhere in [
            Some("https://letterboxd.com/film/paper-boats/"),
            Some("/one/two/"),
            Some("https://evil.example/one/list/quiet/"),
            Some("http://10.0.0.5/one/watchlist/"),
            Some("file:///etc/passwd"),
            None,
        ] {
            let error = read_with(&asked(), 301, elsewhere).unwrap_err();
            assert!(
                matches!(error, ProviderError::Refused { .. }),
                "{elsewhere:?}: {error}"
            );
        }
    }

    #[test]
    fn short_links_in_a_circle_and_what_is_no_redirect_come_to_an_end() {
        let mut asked = asked();
        for number in 2..=MOST {
            let page = read_with(&asked, 302, Some("https://boxd.it/AbC12")).unwrap();
            asked = page.next.unwrap();
            assert_eq!((asked.number, asked.step), (number, STEP));
        }
        assert!(read_with(&asked, 302, Some("https://boxd.it/AbC12")).is_err());
        for (status, said) in [
            (200, "leads to no other"),
            (404, "shows no list boxd.it/AbC12"),
            (403, "turned us away"),
        ] {
            let error = read_with(&asked, status, None).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
