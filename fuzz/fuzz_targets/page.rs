//! Any bytes as the answer to any kind of request: the first byte chooses the request, the second the
//! kind of answer, the rest is the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scraper_worker::parse_once::{SAMPLES, read};

fuzz_target!(|data: &[u8]| {
    let [which, kind, body @ ..] = data else {
        return;
    };
    let sample = &SAMPLES[usize::from(*which) % SAMPLES.len()];
    let content_type = ["application/json", "text/html", "text/csv", "application/xml"][usize::from(*kind) % 4];
    let body = String::from_utf8_lossy(body);
    if let Ok(texts) = read(sample, &body, content_type) {
        // A page is worth little more than its body.
        assert!(texts <= 8 * body.len() + 10_000);
    }
});
