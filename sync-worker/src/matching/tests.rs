//! The labelled cases beside the crate: how well they are judged, and whether they are hard enough.

use std::path::{Path, PathBuf};

use super::*;

fn cases() -> Vec<case::Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matching");
    file::read_all([folder]).unwrap()
}

/// What was reached; a change that falls below it is a step back.
const RECALL: f64 = 0.975;
const AGREEMENT: f64 = 0.972;

#[test]
fn no_certain_match_is_wrong_and_few_titles_are_missed() {
    let table = Table::of(&cases());
    std::io::stderr()
        .write_all(table.to_string().as_bytes())
        .unwrap();
    assert_eq!(table.all.certain_wrong, 0, "{table}");
    assert!(table.all.recall() >= RECALL, "{table}");
    assert!(table.all.agreement() >= AGREEMENT, "{table}");
}

#[test]
fn there_are_many_cases_and_many_of_them_need_a_person() {
    let cases = cases();
    let is_review = |case: &&case::Case| case.expected == case::Expected::Review;
    assert!(cases.len() >= 300, "{}", cases.len());
    assert!(cases.iter().filter(is_review).count() >= 50);
}

#[test]
fn each_case_has_decoys_and_says_why_it_is_hard() {
    for case in cases() {
        assert!(case.candidates.len() >= 4, "{}/{}", case.theme, case.name);
        assert!(!case.why.is_empty(), "{}/{}", case.theme, case.name);
    }
}

fn file_of(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("theme.json");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

const CASE: &str =
    r#"{"name":"n","query":{"title":"Heat"},"candidates":[],"expected":"not_found"}"#;

#[test]
fn files_hold_an_array_an_object_or_lines() {
    for text in [
        format!("[{CASE},{CASE}]"),
        format!(r#"{{"cases":[{CASE},{CASE}]}}"#),
        format!("{CASE}\n{CASE}\n"),
    ] {
        let (folder, file) = file_of(&text);
        assert_eq!(file::read_all([file]).unwrap().len(), 2, "{text}");
        assert_eq!(file::read_all([folder.path().to_owned()]).unwrap().len(), 2);
    }
}

#[test]
fn an_error_names_the_file_the_case_and_the_field() {
    let told = |text: &str| {
        let (_folder, file) = file_of(text);
        let error = file::read_all([file.clone()]).unwrap_err();
        let told = runtime::Chain(&error).to_string();
        told.replace(&file.display().to_string(), "FILE")
    };
    assert_eq!(
        told(&CASE.replace("not_found", "perhaps")),
        "FILE, case 1 (n): `expected`: `perhaps` is none of `certain`, `review` and `not_found`"
    );
    assert!(told("[{]").starts_with("FILE is not JSON: "));
    assert!(told("[]").starts_with("no cases in FILE: "));
    let missing = file::read_all([PathBuf::from("/nowhere.json")]).unwrap_err();
    assert!(
        runtime::Chain(&missing)
            .to_string()
            .starts_with("/nowhere.json cannot be read: ")
    );
}

#[test]
fn a_wrong_certain_match_is_counted_and_told() {
    let (_folder, file) = file_of(
        r#"[{"name":"one","query":{"title":"Heat","year":1995,"type":"movie"},"expected":"review",
            "candidates":[{"type":"movie","id":949,"title":"Heat","year":1995}]},
           {"name":"two","query":{"title":"Heat","year":1995,"type":"movie"},"expected":949,
            "candidates":[{"type":"movie","id":949,"title":"Heat","year":1995}]}]"#,
    );
    let table = Table::of(&file::read_all([file]).unwrap());
    assert_eq!((table.all.certain_right, table.all.certain_wrong), (1, 1));
    assert!((table.all.precision() - 0.5).abs() < 1e-9);
    assert_eq!(
        table.disagreements,
        ["theme/one: labelled review; said CERTAIN, movie 949: title equal, year equal"]
    );
}
