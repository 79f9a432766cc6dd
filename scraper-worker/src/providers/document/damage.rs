//! What is damaged or cut off is never read as a shorter list, and nothing makes a reader panic.

use std::{fs, path::Path};

use super::{Mapping, Unread, look, read};
use crate::provider::Page;

/// Our own documents, by name.
fn documents() -> Vec<(String, String)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found = Vec::new();
    for folder in ["file", "url"] {
        for file in fs::read_dir(fixtures.join(folder)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if file.path().extension().is_none_or(|end| end != "snap") {
                found.push((name, fs::read_to_string(file.path()).unwrap()));
            }
        }
    }
    assert!(found.len() > 10);
    found
}

/// Every place where a text can be cut, up to some.
fn cuts(text: &str) -> impl Iterator<Item = &str> {
    let end = text.trim_end().len();
    let cuts = text.char_indices().map(move |(at, _)| &text[..at]);
    cuts.filter(move |cut| cut.len() < end)
}

#[test]
fn json_and_feeds_that_are_cut_off_are_refused_wherever_that_is() {
    for (name, text) in documents() {
        if !text.starts_with(['[', '{', '<']) {
            continue;
        }
        assert!(read(&text, &Mapping::default()).is_ok(), "{name}");
        for cut in cuts(&text) {
            let page = read(cut, &Mapping::default());
            assert!(page.is_err(), "{name}: {cut}");
        }
    }
}

#[test]
fn no_cut_and_no_strange_letter_is_more_than_a_refusal() {
    let mapping = Mapping::parse("items=a.b&title=Name&status=x").unwrap();
    for (_, text) in documents() {
        for cut in cuts(&text).step_by(41) {
            let mut strange = vec![cut.to_owned()];
            for letter in ["\0", "\"", "<", "{", "]", ";", "\u{fffd}", "&#x0;"] {
                strange.push(format!("{cut}{letter}{}", &text[cut.len()..]));
            }
            for text in strange {
                for mapping in [&Mapping::default(), &mapping] {
                    check(read(&text, mapping));
                }
                drop(look(&text));
            }
        }
    }
}

/// Every row is accounted for, and a terminal can show what is said.
fn check(told: Result<Page, Unread>) {
    match told {
        Ok(page) => {
            let rows = page.entries.len() + (page.dropped + page.unreadable) as usize;
            assert!(
                Some(rows) <= page.announced.map(|all| all as usize),
                "{page:?}"
            );
        }
        Err(unread) => {
            let said = unread.told("x", '?').to_string();
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
}
