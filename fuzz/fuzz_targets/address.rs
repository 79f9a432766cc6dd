//! Any text as an address that somebody pasted: it is one list or none, and the list's id means the
//! same list.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scraper_worker::parse_once::recognized;

fuzz_target!(|input: &str| {
    for (list_type, list_id) in recognized(input) {
        let again = recognized(&list_id);
        let is_same = again
            .iter()
            .any(|(other, id)| *other == list_type && *id == list_id);
        assert!(
            is_same,
            "{input:?} is {list_type}:{list_id}, which is another list"
        );
    }
});
