//! Pages that were parsed lately: an answer that comes again is not parsed again. Bounded by entries,
//! the longest unused are forgotten first. Leaves parsing to the providers, whose pages depend on
//! nothing but the list, the request and the answer.

use std::{cell::RefCell, collections::HashMap};

use sha2::{Digest as _, Sha256};

use crate::provider::{Answer, ListToRead, Page, Request, SecretPart};

/// Entries kept, of all lists together: a few megabytes. A guess.
const MOST: usize = 10_000;

/// Headers that differ from answer to answer and say nothing of a list. One that is missing here
/// costs a parse, no more.
const NOISE: &[&str] = &[
    "age",
    "alt-svc",
    "cache-control",
    "cf-cache-status",
    "cf-ray",
    "connection",
    "content-length",
    "date",
    "etag",
    "expires",
    "last-modified",
    "nel",
    "report-to",
    "server",
    "server-timing",
    "set-cookie",
    "transfer-encoding",
    "vary",
    "via",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-amzn-requestid",
    "x-cache",
    "x-ratelimit",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-runtime",
];

type Word = [u8; 32];

/// The memory. One for the process.
#[derive(Debug, Default)]
pub(crate) struct KnownPages(RefCell<Inside>);

#[derive(Debug, Default)]
struct Inside {
    pages: HashMap<Word, Kept>,
    entries: usize,
    /// Uses so far, which is the time here.
    now: u64,
}

#[derive(Debug)]
struct Kept {
    page: Page,
    used: u64,
}

impl Kept {
    fn size(&self) -> usize {
        self.page.entries.len()
    }
}

impl KnownPages {
    /// The page of this answer: the one that is known, or what `parse` makes of it.
    pub(super) fn page<E>(
        &self,
        provider: &str,
        list: &ListToRead,
        (request, answer): (&Request, &Answer),
        parse: impl FnOnce() -> Result<Page, E>,
    ) -> Result<Page, E> {
        let word = word(provider, list, request, answer);
        if let Some(page) = self.find(&word) {
            return Ok(page);
        }
        let page = parse()?;
        self.keep(word, &page);
        Ok(page)
    }

    fn find(&self, word: &Word) -> Option<Page> {
        let mut inside = self.0.borrow_mut();
        inside.now += 1;
        let now = inside.now;
        let kept = inside.pages.get_mut(word)?;
        kept.used = now;
        Some(kept.page.clone())
    }

    fn keep(&self, word: Word, page: &Page) {
        let mut inside = self.0.borrow_mut();
        let kept = Kept {
            page: page.clone(),
            used: inside.now,
        };
        // One page that fills it all would only drive out the others, and what has no entries, such
        // as the answer to a sign-in, is quickly read.
        if kept.size() > MOST / 2 || kept.size() == 0 {
            return;
        }
        inside.entries += kept.size();
        if let Some(before) = inside.pages.insert(word, kept) {
            inside.entries -= before.size();
        }
        while inside.entries > MOST {
            inside.forget_one();
        }
    }
}

impl Inside {
    fn forget_one(&mut self) {
        let oldest = self.pages.iter().min_by_key(|(_, kept)| kept.used);
        let Some(word) = oldest.map(|(word, _)| *word) else {
            self.entries = 0;
            return;
        };
        if let Some(kept) = self.pages.remove(&word) {
            self.entries -= kept.size();
        }
    }
}

/// Everything that a page is made of, in a word.
fn word(provider: &str, list: &ListToRead, request: &Request, answer: &Answer) -> Word {
    let mut sum = Sha256::new();
    let mut part = |bytes: &[u8]| {
        sum.update(bytes.len().to_be_bytes());
        sum.update(bytes);
    };
    part(provider.as_bytes());
    part(list.id.as_bytes());
    let credential = list.credential.as_ref();
    for text in [
        list.known.as_deref(),
        credential.and_then(|own| own.key.as_deref()),
        credential.and_then(|own| own.token.as_deref()),
        credential.and_then(|own| own.account.as_deref()),
        request.body.as_deref(),
    ] {
        part(&[u8::from(text.is_some())]);
        part(text.unwrap_or_default().as_bytes());
    }
    part(format!("{:?} {:?}", list.limit, request.carried).as_bytes());
    part(format!("{:?} {} {}", request.method, request.step, request.number).as_bytes());
    part(request.url.as_str().as_bytes());
    for (name, value) in &request.headers {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    for secret in &request.secrets {
        let (name, value) = match secret {
            SecretPart::Query(name, value) => (*name, value),
            SecretPart::Body(value) => ("", value),
        };
        part(name.as_bytes());
        part(value.expose().as_bytes());
    }
    part(format!("{} {}", answer.status, answer.url).as_bytes());
    for (name, value) in &answer.headers {
        if !NOISE.contains(&name.as_str()) {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
    }
    part(answer.body.as_bytes());
    sum.finalize().into()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use schema::wire::scraper::{Credential, Entry};

    use super::*;

    fn answer(body: &str, headers: &[(&'static str, &str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        Answer {
            status: 200,
            url: url::Url::parse("http://a.example/").unwrap(),
            headers: map,
            body: body.into(),
        }
    }

    fn request() -> Request {
        Request::get(url::Url::parse("http://a.example/").unwrap(), "page")
    }

    fn page_of(entries: usize) -> Page {
        Page {
            entries: vec![Entry::default(); entries],
            ..Page::default()
        }
    }

    /// Whether it had to be parsed.
    fn parses(known: &KnownPages, list: &ListToRead, request: &Request, answer: &Answer) -> bool {
        let mut parsed = false;
        let page = known.page::<()>("plain", list, (request, answer), || {
            parsed = true;
            Ok(page_of(3))
        });
        assert_eq!(page, Ok(page_of(3)));
        parsed
    }

    #[test]
    fn the_same_answer_is_parsed_once_whatever_its_date() {
        let (known, list) = (KnownPages::default(), ListToRead::default());
        let first = answer("x", &[("date", "now"), ("x-pagination-item-count", "3")]);
        assert!(parses(&known, &list, &request(), &first));
        let again = answer("x", &[("date", "later"), ("x-pagination-item-count", "3")]);
        assert!(!parses(&known, &list, &request(), &again));
    }

    #[test]
    fn whatever_a_page_is_made_of_makes_it_another() {
        let (known, list) = (KnownPages::default(), ListToRead::default());
        let same = answer("x", &[]);
        assert!(parses(&known, &list, &request(), &same));
        for other in [
            answer("y", &[]),
            answer("x", &[("x-pagination-item-count", "4")]),
        ] {
            assert!(parses(&known, &list, &request(), &other));
        }
        let lists = [
            ListToRead {
                id: "l2".into(),
                ..list.clone()
            },
            ListToRead {
                known: Some("ur1".into()),
                ..list.clone()
            },
            ListToRead {
                limit: Some(5),
                ..list.clone()
            },
            ListToRead {
                credential: Some(Credential::key("k")),
                ..list.clone()
            },
        ];
        for other in lists {
            assert!(parses(&known, &other, &request(), &same));
        }
        let requests = [
            Request {
                step: "other",
                ..request()
            },
            Request {
                number: 2,
                ..request()
            },
            Request {
                carried: Some(1),
                ..request()
            },
            Request {
                body: Some("b".into()),
                ..request()
            },
            Request {
                secrets: vec![SecretPart::Query("key", runtime::Secret::new("k"))],
                ..request()
            },
            request().header("x-key", HeaderValue::from_static("k")),
        ];
        for other in requests {
            assert!(parses(&known, &list, &other, &same));
        }
    }

    #[test]
    fn a_page_that_cannot_be_read_is_not_kept() {
        let (known, list) = (KnownPages::default(), ListToRead::default());
        let same = answer("x", &[]);
        let failed = known.page("plain", &list, (&request(), &same), || Err("changed"));
        assert_eq!(failed, Err("changed"));
        assert!(parses(&known, &list, &request(), &same));
    }

    #[test]
    fn it_holds_so_many_entries_and_forgets_what_was_unused_for_longest() {
        let (known, list) = (KnownPages::default(), ListToRead::default());
        let ask = |number: usize, entries: usize| {
            let mut parsed = false;
            let answer = answer(&number.to_string(), &[]);
            let page = known.page::<()>("plain", &list, (&request(), &answer), || {
                parsed = true;
                Ok(page_of(entries))
            });
            page.unwrap();
            parsed
        };
        for number in 0..10 {
            assert!(ask(number, MOST / 10));
        }
        assert!(!ask(0, MOST / 10));
        assert!(ask(10, MOST / 10), "drives out the second");
        assert!(!ask(0, MOST / 10) && ask(1, MOST / 10));
        assert!(known.0.borrow().entries <= MOST);
        assert!(ask(99, MOST) && ask(99, MOST), "too large to be kept");
        assert!(!ask(0, MOST / 10));
    }
}
