//! One labelled case, and how it is read from JSON. Whoever writes cases writes them in their own
//! words: TMDB's and Seerr's names of fields are understood too.

use schema::models::MediaType;
use serde_json::Value;

use crate::{identity::wanted::Wanted, target::Candidate};

/// What a careful person says who sees only the entry and the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// This title, without asking.
    Certain(MediaType, i64),
    /// A person must pick.
    Review,
    /// None of them.
    NotFound,
}

/// One labelled case.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The file's name, or what the case says.
    pub(super) theme: String,
    pub(super) name: String,
    /// Why it is hard.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for people, and counted by a test")
    )]
    pub(super) why: String,
    pub(super) wanted: Wanted,
    pub(super) candidates: Vec<Candidate>,
    pub(super) expected: Expected,
}

/// Which field of a case cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{field}`: {problem}")]
pub(super) struct CaseError {
    field: String,
    problem: String,
}

impl CaseError {
    fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }

    fn within(self, field: &str) -> Self {
        Self {
            field: format!("{field}.{}", self.field),
            ..self
        }
    }
}

const TITLE: [&str; 2] = ["title", "name"];
const ORIGINAL: [&str; 4] = [
    "original_title",
    "originalTitle",
    "original_name",
    "originalName",
];
const ALTERNATIVE: [&str; 4] = ["alternative_titles", "alternativeTitles", "aliases", "aka"];
const YEAR: [&str; 6] = [
    "year",
    "release_date",
    "releaseDate",
    "first_air_date",
    "firstAirDate",
    "date",
];
const TYPE: [&str; 4] = ["media_type", "mediaType", "type", "kind"];
const ID: [&str; 7] = [
    "tmdb_id",
    "tmdbId",
    "id",
    "tmdb",
    "expected_id",
    "expectedId",
    "match",
];

impl Case {
    /// Reads one case; the `number` names it where it has no name.
    ///
    /// # Errors
    /// For a field that is missing or means nothing.
    pub(super) fn read(value: &Value, theme: &str, number: usize) -> Result<Self, CaseError> {
        if !value.is_object() {
            return Err(CaseError::new("case", "is no JSON object"));
        }
        let text = |names: &[&str]| field(value, names).and_then(Value::as_str);
        // The entry, in a field of its own or among the others; then `name` is the case's.
        let wanted = match field(value, &["query", "entry", "item", "wanted", "input"]) {
            Some(Value::String(title)) => Wanted::new(title, None, year(value)?, kind(value)?),
            Some(query) => wanted(query, &TITLE).map_err(|error| error.within("query"))?,
            None => wanted(value, &["title"])?,
        };
        let candidates = match field(value, &["candidates", "results", "options"]) {
            Some(Value::Array(found)) => candidates(found, wanted.media_type)?,
            Some(_) => return Err(CaseError::new("candidates", "is no array")),
            None => return Err(CaseError::new("candidates", "is missing")),
        };
        let expected = expected(value, &candidates, wanted.media_type)?;
        Ok(Self {
            theme: text(&["theme", "category"]).unwrap_or(theme).to_owned(),
            name: text(&["name", "case", "case_id"])
                .map_or_else(|| format!("case {number}"), str::to_owned),
            why: text(&["why", "reason", "note", "comment"])
                .unwrap_or_default()
                .to_owned(),
            wanted,
            candidates,
            expected,
        })
    }
}

/// The first of these fields that is there and not null.
fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names
        .iter()
        .filter_map(|name| value.get(name))
        .find(|value| !value.is_null())
}

fn text(value: &Value, names: &[&str]) -> Result<Option<String>, CaseError> {
    let name = names.first().copied().unwrap_or_default();
    match field(value, names) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        // A title of digits that nobody put in quotes.
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(CaseError::new(name, format!("{other} is no text"))),
    }
}

fn texts(value: &Value, names: &[&str]) -> Result<Vec<String>, CaseError> {
    let name = names.first().copied().unwrap_or_default();
    let Some(found) = field(value, names) else {
        return Ok(Vec::new());
    };
    let Value::Array(found) = found else {
        return Ok(text(value, names)?.into_iter().collect());
    };
    let texts = found.iter().map(|one| match one {
        Value::String(text) => Ok(text.clone()),
        // As TMDB tells them: `{"iso_3166_1": "DE", "title": "…"}`.
        Value::Object(_) => {
            text(one, &TITLE)?.ok_or_else(|| CaseError::new(name, format!("{one} has no title")))
        }
        other => Err(CaseError::new(name, format!("{other} is no text"))),
    });
    texts.collect()
}

/// A number, text of digits, or a date that begins with the year; an empty text and 0 are none.
fn year(value: &Value) -> Result<Option<i32>, CaseError> {
    for name in YEAR {
        let year = match value.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) if text.trim().is_empty() => continue,
            Some(number) if number.as_i64() == Some(0) => continue,
            Some(Value::String(text)) => text.trim().get(..4).and_then(|year| year.parse().ok()),
            Some(number) => number.as_i64().and_then(|year| i32::try_from(year).ok()),
        };
        let wrong = || CaseError::new(name, "is neither a year nor a date that begins with one");
        return year.ok_or_else(wrong).map(Some);
    }
    Ok(None)
}

fn kind(value: &Value) -> Result<Option<MediaType>, CaseError> {
    let Some(text) = text(value, &TYPE)? else {
        return Ok(None);
    };
    read_kind(&text).map_err(|problem| CaseError::new("media_type", problem))
}

fn read_kind(text: &str) -> Result<Option<MediaType>, String> {
    match plain(text).as_str() {
        "movie" | "movies" | "film" | "films" | "feature" | "tv_movie" => {
            Ok(Some(MediaType::Movie))
        }
        "tv" | "show" | "shows" | "series" | "tv_show" | "tv_series" | "tvshow" | "tvseries"
        | "miniseries" | "anime" => Ok(Some(MediaType::Tv)),
        "" | "unknown" | "any" | "none" | "null" => Ok(None),
        _ => Err(format!("`{text}` is neither `movie` nor `tv`")),
    }
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

fn wanted(query: &Value, titles: &[&str]) -> Result<Wanted, CaseError> {
    let title = text(query, titles)?.ok_or_else(|| CaseError::new("title", "is missing"))?;
    let original = text(query, &ORIGINAL)?;
    Ok(Wanted {
        alternative_titles: texts(query, &ALTERNATIVE)?,
        ..Wanted::new(&title, original.as_deref(), year(query)?, kind(query)?)
    })
}

/// Movies and shows of a search; people and collections, which it finds too, are left out.
fn candidates(found: &[Value], wanted: Option<MediaType>) -> Result<Vec<Candidate>, CaseError> {
    let mut candidates = Vec::with_capacity(found.len());
    for (index, value) in found.iter().enumerate() {
        let what = field(value, &TYPE).and_then(Value::as_str).map(plain);
        if matches!(what.as_deref(), Some("person" | "collection")) {
            continue;
        }
        let read = candidate(value, wanted);
        candidates.push(read.map_err(|error| error.within(&format!("candidates[{index}]")))?);
    }
    Ok(candidates)
}

fn candidate(value: &Value, wanted: Option<MediaType>) -> Result<Candidate, CaseError> {
    let is_show =
        value.get("name").is_some() || field(value, &["first_air_date", "firstAirDate"]).is_some();
    let media_type = kind(value)?
        .or(if is_show { Some(MediaType::Tv) } else { wanted })
        .ok_or_else(|| CaseError::new("media_type", "is missing"))?;
    let title = text(value, &TITLE)?.ok_or_else(|| CaseError::new("title", "is missing"))?;
    Ok(Candidate {
        media_type,
        tmdb_id: id(value)?.ok_or_else(|| CaseError::new("tmdb_id", "is missing"))?,
        original_title: text(value, &ORIGINAL)?
            .filter(|original| !original.is_empty() && *original != title),
        alternative_titles: texts(value, &ALTERNATIVE)?,
        title,
        year: year(value)?,
        popularity: field(value, &["popularity"])
            .and_then(Value::as_f64)
            .unwrap_or_default(),
        poster_path: None,
    })
}

fn id(value: &Value) -> Result<Option<i64>, CaseError> {
    let number = match field(value, &ID) {
        None => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(inner @ Value::Object(_)) => return id(inner),
        Some(number) => number.as_i64(),
    };
    let wrong = || CaseError::new("tmdb_id", "is no number");
    number.ok_or_else(wrong).map(Some)
}

/// A word with the number beside it, an object with both, a number alone, or null.
fn expected(
    case: &Value,
    candidates: &[Candidate],
    wanted: Option<MediaType>,
) -> Result<Expected, CaseError> {
    const NAMES: [&str; 5] = ["expected", "expect", "answer", "verdict", "label"];
    let Some(value) = NAMES.iter().find_map(|name| case.get(name)) else {
        return Err(CaseError::new("expected", "is missing"));
    };
    let verdict = match value {
        Value::Null => return Ok(Expected::NotFound),
        Value::Number(_) => None,
        Value::String(word) => Some(word.clone()),
        Value::Object(_) => text(value, &["verdict", "outcome", "result", "status", "state"])
            .map_err(|error| error.within("expected"))?,
        other => return Err(CaseError::new("expected", format!("{other} is no verdict"))),
    };
    match verdict.as_deref().map(plain).as_deref() {
        Some("review" | "needs_review" | "plausible" | "ambiguous" | "uncertain" | "ask") => {
            Ok(Expected::Review)
        }
        Some("not_found" | "notfound" | "none" | "no_match" | "nothing" | "unmatched") => {
            Ok(Expected::NotFound)
        }
        Some("certain" | "matched" | "match" | "exact" | "found") | None => {
            let number = match value {
                Value::Number(number) => number.as_i64(),
                Value::Object(_) => id(value).map_err(|error| error.within("expected"))?,
                // Beside the word; `id` alone would be the case's.
                _ => id(&without_own_id(case))?,
            };
            let said = match value {
                Value::Object(_) => kind(value).map_err(|error| error.within("expected"))?,
                _ => None,
            };
            let number = number.ok_or_else(|| CaseError::new("expected.tmdb_id", "is missing"))?;
            right_one(number, said.or(wanted), candidates)
        }
        Some(word) => Err(CaseError::new(
            "expected",
            format!("`{word}` is none of `certain`, `review` and `not_found`"),
        )),
    }
}

fn without_own_id(case: &Value) -> Value {
    let mut case = case.clone();
    if let Some(fields) = case.as_object_mut() {
        fields.remove("id");
    }
    case
}

fn right_one(
    number: i64,
    kind: Option<MediaType>,
    candidates: &[Candidate],
) -> Result<Expected, CaseError> {
    let of_number = || candidates.iter().filter(|one| one.tmdb_id == number);
    let right = of_number()
        .find(|one| kind.is_none_or(|kind| kind == one.media_type))
        .or_else(|| of_number().next());
    match right {
        Some(one) => Ok(Expected::Certain(one.media_type, number)),
        None => Err(CaseError::new(
            "expected.tmdb_id",
            format!("{number} is none of the candidates"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};
    use serde_json::json;

    use super::*;

    fn read(case: &Value) -> Result<Case, String> {
        Case::read(case, "file", 1).map_err(|error| error.to_string())
    }

    fn with_expected(expected: &Value) -> Value {
        json!({
            "query": { "title": "Fargo", "year": 1996 },
            "candidates": [
                { "mediaType": "tv", "id": 60622, "name": "Fargo", "firstAirDate": "2014-04-15" },
                { "mediaType": "movie", "id": 275, "title": "Fargo", "release_date": "1996-03-08" }
            ],
            "expected": expected
        })
    }

    #[test]
    fn verdicts_are_understood_in_several_words() {
        for (expected, understood) in [
            (json!("review"), Expected::Review),
            (json!("needs-review"), Expected::Review),
            (json!({ "verdict": "plausible" }), Expected::Review),
            (json!("not found"), Expected::NotFound),
            (json!(null), Expected::NotFound),
            (json!({ "verdict": "none" }), Expected::NotFound),
            (json!(275), Expected::Certain(Movie, 275)),
            (json!({ "tmdbId": 275 }), Expected::Certain(Movie, 275)),
            (
                json!({ "verdict": "matched", "id": "60622", "type": "show" }),
                Expected::Certain(Tv, 60_622),
            ),
        ] {
            assert_eq!(
                read(&with_expected(&expected)).unwrap().expected,
                understood,
                "{expected}"
            );
        }
        let mut beside = with_expected(&json!("certain"));
        beside["expected_id"] = json!(275);
        beside["id"] = json!(1);
        assert_eq!(
            read(&beside).unwrap().expected,
            Expected::Certain(Movie, 275)
        );
    }

    #[test]
    fn fields_are_understood_under_several_names() {
        let case = read(&json!({
            "title": "Heat", "year": "1995", "type": "film", "name": "heat",
            "results": [
                { "title": "Heat", "originalTitle": "Heat", "releaseDate": "1995-12-15", "id": 949, "alternative_titles": [{ "title": "Fuego contra fuego" }] },
                { "media_type": "person", "id": 1, "name": "Heat" },
                { "type": "series", "tmdb_id": 2, "original_name": "Calor", "name": "Heat", "first_air_date": "" }
            ],
            "verdict": "certain", "tmdb_id": 949
        }))
        .unwrap();
        assert_eq!(case.name, "heat");
        assert_eq!(
            (case.wanted.year, case.wanted.media_type),
            (Some(1995), Some(Movie))
        );
        let read: Vec<_> = case
            .candidates
            .iter()
            .map(|one| (one.media_type, one.tmdb_id, one.year))
            .collect();
        assert_eq!(read, [(Movie, 949, Some(1995)), (Tv, 2, None)]);
        assert_eq!(
            case.candidates[0].alternative_titles,
            ["Fuego contra fuego"]
        );
        assert_eq!(case.candidates[1].original_title.as_deref(), Some("Calor"));
    }

    #[test]
    fn an_error_names_the_field() {
        let error = |case: Value| read(&case).unwrap_err();
        assert_eq!(error(json!({ "query": {} })), "`query.title`: is missing");
        assert_eq!(error(json!([])), "`case`: is no JSON object");
        assert_eq!(
            error(json!({ "query": { "title": "A", "year": "x" } })),
            "`query.year`: is neither a year nor a date that begins with one"
        );
        assert_eq!(
            error(json!({ "query": { "title": "A" } })),
            "`candidates`: is missing"
        );
        assert_eq!(
            error(
                json!({ "query": { "title": "A" }, "candidates": [{ "title": "A", "type": "song" }] })
            ),
            "`candidates[0].media_type`: `song` is neither `movie` nor `tv`"
        );
        assert_eq!(
            error(with_expected(&json!("perhaps"))),
            "`expected`: `perhaps` is none of `certain`, `review` and `not_found`"
        );
        assert_eq!(
            error(with_expected(
                &json!({ "verdict": "certain", "tmdb_id": 5 })
            )),
            "`expected.tmdb_id`: 5 is none of the candidates"
        );
        assert_eq!(
            error(with_expected(&json!("certain"))),
            "`expected.tmdb_id`: is missing"
        );
    }
}
