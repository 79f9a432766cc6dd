//! Bodies and addresses that no site would send or that were damaged on the way: every parser answers
//! with a page or an error, never with a panic, and holds no more than the body is worth. The same is
//! tried for longer by `fuzz/`.

use std::{fs, path::Path};

use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderValue};
use schema::wire::scraper::Entry;

use super::{all, fixtures};
use crate::provider::{Answer, Page, ProviderError, Request};

/// Damages tried on each fixture, few enough for every run of the tests.
const CASES: u32 = 48;

/// One damage to a body.
#[derive(Clone, Debug)]
enum Damage {
    /// It ends here.
    Cut(usize),
    /// So many bytes are missing from here.
    Missing(usize, usize),
    /// So many bytes from here stand there twice.
    Twice(usize, usize),
    /// Something else stands here.
    Instead(usize, &'static str),
}

/// What parsers stumble over.
const STUMBLES: &[&str] = &[
    "null",
    "\"\"",
    "{}",
    "[]",
    "0",
    "-1",
    "1e400",
    "99999999999999999999",
    "true",
    "\"tt\"",
    "\u{0}",
    "\u{feff}",
    "\u{200e}",
    "é",
    "漢",
    "&#x110000;",
    "&amp;",
    "<",
    "\"",
    "\\u0000",
    "(2021)",
    "[[[[[[[[",
    ",,,,,,",
    "\n\n",
    ";",
    "%00",
    "</script>",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), 1_usize..200).prop_map(|(at, many)| Damage::Missing(at, many)),
        (any::<usize>(), 1_usize..2_000).prop_map(|(at, many)| Damage::Twice(at, many)),
        (any::<usize>(), prop::sample::select(STUMBLES))
            .prop_map(|(at, what)| Damage::Instead(at, what)),
    ]
}

fn damaged(body: &str, damages: &[Damage]) -> String {
    let mut body = body.to_owned();
    for damage in damages {
        let at = |position: usize, body: &str| {
            body.floor_char_boundary(position.checked_rem(body.len()).unwrap_or(0))
        };
        match damage {
            Damage::Cut(position) => body.truncate(at(*position, &body)),
            Damage::Missing(position, many) => {
                let from = at(*position, &body);
                let until = body.ceil_char_boundary((from + many).min(body.len()));
                body.replace_range(from..until, "");
            }
            Damage::Twice(position, many) => {
                let from = at(*position, &body);
                let until = body.ceil_char_boundary((from + many).min(body.len()));
                let again = body[from..until].to_owned();
                body.insert_str(from, &again);
            }
            Damage::Instead(position, what) => {
                let from = at(*position, &body);
                let until = body.ceil_char_boundary((from + what.len()).min(body.len()));
                body.replace_range(from..until, what);
            }
        }
    }
    body
}

fn answer(body: String, status: u16, request: &Request) -> Answer {
    let mut headers = HeaderMap::new();
    let kind = if body.trim_start().starts_with('<') {
        "text/html"
    } else {
        "application/json"
    };
    headers.insert("content-type", HeaderValue::from_static(kind));
    Answer {
        status,
        url: request.url.clone(),
        headers,
        body,
    }
}

/// Every text of a page together.
fn texts(page: &Page) -> usize {
    let of = |entry: &Entry| {
        entry.title.len()
            + entry.original_title.as_ref().map_or(0, String::len)
            + entry.imdb_id.as_ref().map_or(0, String::len)
            + entry.source_id.as_ref().map_or(0, String::len)
    };
    page.entries.iter().map(of).sum()
}

fn check(read: Result<Page, ProviderError>, body: usize, what: &str) {
    if let Ok(page) = read.and_then(Page::bounded) {
        // Ids and names of sites are written out in full, so a page may be a little more than its body.
        assert!(
            page.entries.len() <= body + 1,
            "{what}: {}",
            page.entries.len()
        );
        assert!(
            texts(&page) <= 8 * body + 10_000,
            "{what}: {}",
            texts(&page)
        );
    }
}

#[test]
fn damaged_pages_are_read_or_refused_and_nothing_else() {
    for (site, file, list, way) in fixtures::OWN {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let body = fs::read_to_string(path.join(site).join(file)).unwrap();
        let (provider, list, request) = fixtures::request_of(site, list, way);
        let what = format!("{site}/{file}");
        let config = ProptestConfig {
            cases: CASES,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(damages in prop::collection::vec(damage(), 1..6), status in prop::sample::select(&[200_u16, 200, 200, 200, 401, 403, 404, 429, 500]))| {
            let body = damaged(&body, &damages);
            let length = body.len();
            check(provider.parse(&list, &request, &answer(body, status, &request)), length, &what);
        });
    }
}

#[test]
fn pages_of_another_site_are_never_an_empty_list() {
    let bodies = [
        "",
        " ",
        "null",
        "0",
        "\"\"",
        "<html><body>maintenance</body></html>",
        "{\"ok\":true}",
    ];
    for (site, file, list, way) in fixtures::OWN {
        let (provider, list, request) = fixtures::request_of(site, list, way);
        for body in bodies {
            let read = provider.parse(&list, &request, &answer(body.to_owned(), 200, &request));
            // A `null` is how one site writes an empty list.
            let is_its_word = body == "null" && *site == "simkl";
            let is_empty_end = read
                .as_ref()
                .is_ok_and(|page| page.entries.is_empty() && page.next.is_none());
            assert!(
                !is_empty_end || is_its_word,
                "{site}/{file}: {body:?} is read as empty"
            );
        }
    }
}

/// Addresses of every site, with anything after the host.
fn address() -> impl Strategy<Value = String> {
    let hosts: Vec<String> = all()
        .iter()
        .flat_map(|provider| provider.accepts().iter())
        .filter_map(|form| url::Url::parse(form).ok())
        .filter_map(|url| url.host_str().map(str::to_owned))
        .collect();
    let part = prop_oneof![
        prop::sample::select(
            &[
                "lists",
                "list",
                "users",
                "user",
                "watchlist",
                "chart",
                "movies",
                "tv",
                "shows",
                "anime",
                "json",
                "items",
                "collection",
                "search",
                "me",
                "top",
                "1",
                "film"
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-zA-Z0-9._%-]{1,12}",
        "\\PC{1,6}",
    ];
    let parts = prop::collection::vec(part, 0..6).prop_map(|parts| parts.join("/"));
    (
        prop::sample::select(hosts),
        parts,
        "(\\?[a-z]{1,8}=[^#]{0,8})?(#.{0,6})?",
    )
        .prop_map(|(host, path, rest)| format!("https://{host}/{path}{rest}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pasted_is_one_list_or_none(input in prop_oneof![address(), "\\PC{0,40}", "[a-z0-9:/._-]{0,30}"]) {
        for provider in all() {
            for list in [provider.recognize(&input), provider.recognize_own(&input)].into_iter().flatten() {
                let again = provider.recognize_own(&list.list_id);
                prop_assert_eq!(
                    again.map(|again| again.list_id), Some(list.list_id.clone()),
                    "{}: {:?} is {}, which is another list", provider.name(), &input, &list.list_id
                );
            }
        }
    }
}
