//! Any bytes as the answer to any kind of request: the first byte chooses the request, the second the
//! kind of answer, the rest is the body.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scraper_worker::parse_once::{Parser, SAMPLES};

static PARSERS: LazyLock<Vec<Parser>> = LazyLock::new(|| {
    let parsers = SAMPLES.iter().map(|sample| Parser::of(*sample));
    parsers
        .collect::<Result<_, _>>()
        .expect("every sample has a site")
});

fuzz_target!(|data: &[u8]| {
    let [which, kind, body @ ..] = data else {
        return;
    };
    let parser = &PARSERS[usize::from(*which) % PARSERS.len()];
    let content_type = [
        "application/json",
        "text/html",
        "text/csv",
        "application/xml",
    ][usize::from(*kind) % 4];
    let body = String::from_utf8_lossy(body);
    let length = body.len();
    if let Ok(texts) = parser.texts(body.into_owned(), content_type) {
        // A page is worth little more than its body.
        assert!(
            texts <= 8 * length + 10_000,
            "{parser:?}: {texts} bytes of text"
        );
    }
});
