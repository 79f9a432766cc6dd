//! JSON of any shape: an array of rows, or an object with one in it somewhere; rows as Trakt, Simkl, MDBList,
//! TMDB, Radarr, Sonarr, Jellyfin and people write them. Pure.
//!
//! Which field is what is known by its name. Radarr's lists name TMDB's number `tmdbId` and have movies only;
//! Sonarr's have nothing but TVDB's number, and shows only. `id` is TMDB's number where the rows are TMDB's
//! or MDBList's, by the other fields that only these have.

mod fields;
mod row;

use std::borrow::Cow;

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::{Deserializer, Map, Value};

use self::fields::{Fields, at};
use super::{
    Unread,
    mapping::Mapping,
    row::{Row, has_id},
    words::plain_word,
};
use crate::provider::Page;

type Object = Map<String, Value>;

/// Values of one text: each takes far more room than its letters. A guess, far above real ones.
const MOST_VALUES: usize = 2_000_000;
/// Objects within each other in which rows are looked for.
const DEEPEST: u32 = 4;
/// Rows of a section that are looked at to see whether they are titles.
const TRIED: usize = 20;
/// Names that are shown of an object that is not understood.
const SHOWN_KEYS: usize = 12;

/// Arrays that say what is in them.
const SECTIONS: &[(&str, Option<MediaType>)] = &[
    ("movies", Some(MediaType::Movie)),
    ("films", Some(MediaType::Movie)),
    ("shows", Some(MediaType::Tv)),
    ("tv", Some(MediaType::Tv)),
    ("tvshows", Some(MediaType::Tv)),
    ("series", Some(MediaType::Tv)),
    ("seasons", Some(MediaType::Tv)),
    ("anime", None),
];
/// Arrays of which one may be empty and is the list still.
const CONTAINERS: &[&str] = &[
    "items",
    "results",
    "entries",
    "data",
    "list",
    "watchlist",
    "titles",
    "rows",
    "records",
    "parts",
];

/// Reads the whole text.
///
/// # Errors
/// [`Unread`] when no list of titles is found in it.
pub(super) fn read(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    page(&roots(text)?, mapping)
}

/// The same for the beginning of a text, up to the last row that is whole.
///
/// # Errors
/// As [`read`].
pub(super) fn read_head(head: &str, mapping: &Mapping) -> Result<Page, Unread> {
    read(&closed(head), mapping)
}

/// Whether the rows have the statuses that Simkl's have.
pub(super) fn has_statuses(text: &str) -> bool {
    ["plantowatch", "completed", "watching", "dropped", "hold"]
        .iter()
        .any(|status| text.contains(&format!("\"{status}\"")))
        && text.contains("\"status\"")
        && text.contains("\"simkl\"")
}

/// Several values after each other are one list: a line each, or the parts of a long one.
fn roots(text: &str) -> Result<Vec<Value>, Unread> {
    let marks = text.bytes().filter(|byte| b",[{".contains(byte)).count();
    if marks > MOST_VALUES {
        return Err(Unread::Broken(
            "it has more values in it than any list".into(),
        ));
    }
    let values: Result<Vec<Value>, _> = Deserializer::from_str(text).into_iter().collect();
    values.map_err(|error| Unread::Broken(format!("it is malformed JSON: {error}")))
}

fn page(roots: &[Value], mapping: &Mapping) -> Result<Page, Unread> {
    let sections = sections(roots, mapping)?;
    let mut read = Counted::default();
    for section in &sections {
        for row in section.rows {
            read.take(row, section.media_type, mapping);
        }
    }
    if read.nameless > 0 && read.nameless as usize > read.page.entries.len() {
        return Err(unknown_rows(&sections));
    }
    let mut page = read.page;
    page.dropped += read.nameless;
    page.announced = Some(read.rows);
    super::some_titles(&page)?;
    if let [Value::Object(root)] = roots {
        about(root, &mut page);
    }
    Ok(page)
}

#[derive(Default)]
struct Counted {
    page: Page,
    rows: u32,
    nameless: u32,
}

impl Counted {
    fn take(&mut self, row: &Value, otherwise: Option<MediaType>, mapping: &Mapping) {
        let Some(row) = row::read(row, otherwise, mapping) else {
            return; // of another status
        };
        self.rows += 1;
        match row {
            Row::Wanted(entry) => self.page.entries.push(Entry {
                rank: self.rows,
                ..entry
            }),
            Row::Unwanted => self.page.dropped += 1,
            Row::Nameless => self.nameless += 1,
        }
    }
}

/// What the object around the rows says of them: their name and number, and that there are more, or that
/// something failed.
fn about(root: &Object, page: &mut Page) {
    let fields = Fields::of(root);
    page.is_cut |= failed(root).is_some();
    page.name = ["name", "title", "listname"]
        .iter()
        .find_map(|key| fields.text(&[key]))
        .map(Cow::into_owned);
    let inner = ["pagination", "pageinfo", "meta"]
        .iter()
        .find_map(|key| fields.object(key));
    for fields in [Some(fields), inner.map(Fields::of)].into_iter().flatten() {
        let number = |keys: &[&str]| fields.text(keys)?.parse::<u32>().ok(); // else it does not count
        let total = number(&["totalresults", "totalitems", "totalrecords", "itemcount"]);
        page.announced = page.announced.max(total);
        let pages = number(&["totalpages", "pagecount"]);
        let goes_on = ["hasmore", "hasnextpage"]
            .iter()
            .any(|key| fields.get(key) == Some(&Value::Bool(true)));
        page.is_cut |= goes_on || pages.is_some_and(|pages| pages > 1);
    }
}

/// Rows that lie together.
struct Section<'a> {
    media_type: Option<MediaType>,
    rows: &'a [Value],
}

fn sections<'a>(roots: &'a [Value], mapping: &Mapping) -> Result<Vec<Section<'a>>, Unread> {
    let untyped = |rows: &'a [Value]| Section {
        media_type: None,
        rows,
    };
    if let Some(path) = mapping.get("items") {
        let [root] = roots else {
            return Err(unknown(roots.first()));
        };
        let rows = at(root, path).and_then(Value::as_array);
        let rows = rows.ok_or_else(|| unknown(Some(root)))?;
        return Ok(vec![untyped(rows)]);
    }
    match roots {
        [] => Err(super::unknown_text("")),
        [Value::Array(rows)] => Ok(vec![untyped(rows)]),
        [Value::Object(root)] => {
            let found = search(root, mapping, 0)?;
            let is_filled = found.iter().flatten().any(|part| !part.rows.is_empty());
            match failed(root).filter(|_| !is_filled) {
                // Nothing, where something failed, is no empty list.
                Some(failed) => Err(failed),
                None => found.ok_or_else(|| unknown(roots.first())),
            }
        }
        _ if roots.iter().all(Value::is_object) => Ok(vec![untyped(roots)]),
        _ => roots
            .iter()
            .map(|root| root.as_array().map(|rows| untyped(rows)))
            .collect::<Option<_>>()
            .ok_or_else(|| unknown(roots.first())),
    }
}

/// Sections that say what they are, the one array of titles, or what is found one object deeper.
fn search<'a>(
    object: &'a Object,
    mapping: &Mapping,
    depth: u32,
) -> Result<Option<Vec<Section<'a>>>, Unread> {
    let mut typed = Vec::new();
    let mut others = Vec::new();
    let mut empty = None;
    for (key, rows) in object
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_array()?)))
    {
        let plain = plain_word(key);
        let section = SECTIONS.iter().find(|(name, _)| *name == plain);
        let is_empty_list = rows.is_empty() && CONTAINERS.contains(&plain.as_str());
        match section {
            Some((_, media_type)) if rows.iter().all(is_row) => typed.push(Section {
                media_type: *media_type,
                rows,
            }),
            _ if has_titles(rows, mapping) => others.push((key, rows)),
            _ if is_empty_list => empty = Some(rows),
            _ => {}
        }
    }
    let is_typed = typed.iter().any(|section| !section.rows.is_empty());
    match others.as_slice() {
        [] if is_typed => return Ok(Some(typed)),
        [(_, rows)] if !is_typed => {
            return Ok(Some(vec![Section {
                media_type: None,
                rows,
            }]));
        }
        [] => {}
        [(first, _), ..] => return Err(ambiguous(object, first)),
    }
    let deeper = deeper(object, mapping, depth)?;
    Ok(deeper
        .or_else(|| (!typed.is_empty()).then_some(typed))
        .or_else(|| {
            empty.filter(|_| failed(object).is_none()).map(|rows| {
                vec![Section {
                    media_type: None,
                    rows,
                }]
            })
        }))
}

fn deeper<'a>(
    object: &'a Object,
    mapping: &Mapping,
    depth: u32,
) -> Result<Option<Vec<Section<'a>>>, Unread> {
    if depth >= DEEPEST {
        return Ok(None);
    }
    let mut found = None;
    for (key, inner) in object
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_object()?)))
    {
        if let Some(sections) = search(inner, mapping, depth + 1)? {
            if found.is_some() {
                return Err(ambiguous(object, key));
            }
            found = Some(sections);
        }
    }
    Ok(found)
}

fn is_row(value: &Value) -> bool {
    value.is_object() || value.is_string()
}

fn has_titles(rows: &[Value], mapping: &Mapping) -> bool {
    rows.iter()
        .take(TRIED)
        .filter(|row| row.is_object())
        .any(|row| {
            let row = row::read(row, None, mapping);
            matches!(&row, None | Some(Row::Unwanted))
                || matches!(&row, Some(Row::Wanted(entry)) if is_title(entry))
        })
}

/// A name alone may be anybody's.
fn is_title(entry: &Entry) -> bool {
    has_id(entry) || entry.year.is_some() || entry.media_type.is_some()
}

/// What a server says that failed.
fn failed(root: &Object) -> Option<Unread> {
    let fields = Fields::of(root);
    let is_no = |key| fields.get(key) == Some(&Value::Bool(false));
    let said = fields.text(&["error", "errormessage"]);
    let is_failure = said.is_some() || is_no("success") || is_no("response");
    let words = said
        .or_else(|| fields.text(&["message", "statusmessage"]))
        .unwrap_or(Cow::Borrowed("no reason"));
    is_failure.then(|| Unread::Failed(super::shown(&words)))
}

fn ambiguous(object: &Object, key: &str) -> Unread {
    Unread::Unknown {
        what: format!(
            "there are several lists in it, in `{}`",
            names(object).join("`, `")
        ),
        example: super::example(&[("items", key)]),
    }
}

fn unknown(root: Option<&Value>) -> Unread {
    let what = match root {
        Some(Value::Object(object)) => format!("its fields are `{}`", names(object).join("`, `")),
        Some(Value::Array(rows)) => return unknown_row(rows.first()),
        _ => "it has neither an array nor an object in it".to_owned(),
    };
    Unread::Unknown {
        what,
        example: super::example(&[("items", "data.rows"), ("title", "name")]),
    }
}

fn unknown_rows(sections: &[Section<'_>]) -> Unread {
    unknown_row(sections.iter().find_map(|section| section.rows.first()))
}

fn unknown_row(row: Option<&Value>) -> Unread {
    let what = match row {
        Some(Value::Object(row)) => {
            format!("its rows have the fields `{}`", names(row).join("`, `"))
        }
        _ => "its rows are no titles".to_owned(),
    };
    Unread::Unknown {
        what,
        example: super::example(&[("title", "movie.name"), ("imdb_id", "movie.imdb")]),
    }
}

fn names(object: &Object) -> Vec<String> {
    let names = object.keys().map(|key| super::shown(key));
    names
        .filter(|name| !name.is_empty())
        .take(SHOWN_KEYS)
        .collect()
}

/// The text up to its last whole object, with what was open there closed.
fn closed(head: &str) -> String {
    let (mut open, mut is_text, mut is_escaped) = (Vec::new(), false, false);
    let mut last = (0, Vec::new());
    for (at, byte) in head.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => {
                open.pop();
                // Rows lie in an array.
                if open.last() == Some(&']') || open.is_empty() {
                    last = (at + 1, open.clone());
                }
            }
            _ => {}
        }
    }
    let (end, open) = last;
    let whole = head.get(..end).unwrap_or_default();
    whole.chars().chain(open.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Page, Unread> {
        super::read(&value.to_string(), &Mapping::default())
    }

    fn one(row: Value) -> Entry {
        let mut page = read(&json!([row])).unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 0));
        page.entries.remove(0)
    }

    type Told<'a> = (
        &'a str,
        Option<i32>,
        Option<MediaType>,
        Option<&'a str>,
        Option<i64>,
        Option<i64>,
    );

    fn told(entry: &Entry) -> Told<'_> {
        (
            &entry.title,
            entry.year,
            entry.media_type,
            entry.imdb_id.as_deref(),
            entry.tmdb_id,
            entry.tvdb_id,
        )
    }

    #[test]
    fn rows_of_many_programs_are_titles() {
        let heat = || {
            (
                "Heat",
                Some(1995),
                Some(Movie),
                Some("tt0113277"),
                Some(949),
                None,
            )
        };
        let ids = json!({"trakt": 1, "imdb": "tt0113277", "tmdb": "949"});
        for row in [
            json!({"rank": 1, "type": "movie", "movie": {"title": "Heat", "year": 1995, "ids": ids}}),
            json!({"status": "completed", "movie": {"title": "Heat", "year": 1995, "ids": ids}}),
            json!({"title": "Heat", "tmdbId": 949, "imdbId": "tt0113277", "year": 1995}),
            json!({"id": 949, "rank": 1, "title": "Heat", "imdb_id": "tt0113277", "mediatype": "movie", "release_year": 1995, "tvdbid": 0}),
            json!({"Name": "Heat", "Type": "Movie", "ProductionYear": 1995, "ProviderIds": {"Imdb": "tt0113277", "Tmdb": "949"}}),
            json!({"title": "Heat", "release_date": "12/15/1995", "media_type": "movie", "ids": ids}),
        ] {
            assert_eq!(told(&one(row.clone())), heat(), "{row}");
        }
        let stevenlu = one(json!({"title": "Heat", "imdb_id": "tt0113277", "poster_url": null}));
        assert_eq!(
            told(&stevenlu),
            ("Heat", None, None, Some("tt0113277"), None, None)
        );
        let sonarr = one(json!({"tvdbId": 75837, "title": "Dark"}));
        assert_eq!(
            told(&sonarr),
            ("Dark", None, Some(Tv), None, None, Some(75_837))
        );
        let tmdb = one(
            json!({"id": 1396, "name": "Dark", "first_air_date": "2017-12-01", "poster_path": null}),
        );
        assert_eq!(
            told(&tmdb),
            ("Dark", Some(2017), Some(Tv), None, Some(1396), None)
        );
        let season = one(
            json!({"type": "season", "season": {"number": 2}, "show": {"title": "Dark", "year": 2017, "ids": {"tvdb": 5}}}),
        );
        assert_eq!((season.season, season.media_type), (Some(2), Some(Tv)));
        assert_eq!(
            one(json!("tt0113277")).imdb_id.as_deref(),
            Some("tt0113277")
        );
    }

    #[test]
    fn episodes_and_people_are_dropped_and_rows_without_anything_too() {
        let page = read(&json!([
            {"type": "movie", "movie": {"title": "Heat", "ids": {"imdb": null, "tmdb": 949}}},
            {"type": "movie", "movie": {"title": "Ronin", "year": 1998, "ids": {}}},
            {"type": "episode", "episode": {"title": "x"}, "show": {"title": "y"}},
            {"type": "person", "person": {"name": "z"}},
            {"movie": {"title": null, "ids": null}},
        ]))
        .unwrap();
        assert_eq!(
            (page.entries.len(), page.dropped, page.announced),
            (2, 3, Some(5))
        );
        assert_eq!(page.entries[1].rank, 2);
    }

    #[test]
    fn sections_say_what_their_rows_are_and_a_row_knows_better() {
        let page = read(&json!({
            "name": "Mine",
            "movies": [{"title": "Heat", "year": 1995}],
            "shows": [{"title": "Dark", "year": 2017}, {"title": "Ronin", "mediatype": "movie"}],
            "anime": [{"anime_type": "movie", "show": {"title": "A", "year": 2001}}],
        }))
        .unwrap();
        let kinds: Vec<_> = page
            .entries
            .iter()
            .map(|entry| (entry.title.as_str(), entry.media_type.unwrap()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("A", Movie),
                ("Heat", Movie),
                ("Dark", Tv),
                ("Ronin", Movie)
            ]
        );
        assert_eq!(page.name.as_deref(), Some("Mine"));
    }

    #[test]
    fn the_one_array_of_titles_is_found_wherever_it_is() {
        for value in [
            json!({"items": [{"title": "Heat", "year": 1995}], "tags": ["a"]}),
            json!({"films_of_mine": [{"title": "Heat", "year": 1995}]}),
            json!({"data": {"rows": [{"title": "Heat", "year": 1995}]}, "links": []}),
            json!({"data": {"list": {"items": [{"title": "Heat", "year": 1995}], "name": "x"}}}),
        ] {
            assert_eq!(read(&value).unwrap().entries[0].title, "Heat", "{value}");
        }
        let lines =
            "{\"title\": \"Heat\", \"year\": 1995}\n{\"title\": \"Ronin\", \"year\": 1998}\n";
        let page = super::read(lines, &Mapping::default()).unwrap();
        assert_eq!(page.entries.len(), 2);
        let two = read(
            &json!({"a": [{"title": "Heat", "year": 1995}], "b": [{"title": "Ronin", "year": 1998}]}),
        );
        let Err(Unread::Unknown { what, example }) = two else {
            panic!()
        };
        assert!(
            what.contains("`a`, `b`") && example == "items=a",
            "{what} {example}"
        );
    }

    #[test]
    fn empty_lists_are_told_from_what_is_not_understood() {
        for empty in [
            json!([]),
            json!({"items": []}),
            json!({"movies": [], "shows": []}),
            json!({"data": {"items": []}}),
        ] {
            let page = read(&empty).unwrap();
            assert_eq!(
                (page.entries.len(), page.announced),
                (0, Some(0)),
                "{empty}"
            );
        }
        for other in [
            json!({}),
            json!(null),
            json!(5),
            json!("x"),
            json!([1, 2]),
            json!([{"a": 1}]),
            json!({"a": []}),
            json!({"users": [{"name": "Bob"}]}),
            json!([[]]),
        ] {
            assert!(read(&other).is_err(), "{other}");
        }
        for broken in ["[{\"title\": \"Heat\"", "[}", "", "{\"items\": ["] {
            assert!(
                super::read(broken, &Mapping::default()).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn the_words_of_a_server_that_fails_are_handed_on() {
        for (value, said) in [
            (
                json!({"error": "premium_only", "items": []}),
                "premium_only",
            ),
            (
                json!({"response": false, "error": "API Limit Reached!"}),
                "API Limit Reached!",
            ),
            (
                json!({"success": false, "status_message": "No such list."}),
                "No such list.",
            ),
            (
                json!({"error": "too often", "movies": [], "shows": []}),
                "too often",
            ),
            (
                json!({"success": false, "message": "Not now.", "data": {"items": []}}),
                "Not now.",
            ),
        ] {
            let Err(Unread::Failed(words)) = read(&value) else {
                panic!("{value}")
            };
            assert_eq!(words, said);
        }
    }

    #[test]
    fn one_page_of_many_is_not_the_whole_list() {
        let rows = json!([{"title": "Heat", "year": 1995}]);
        let page = read(&json!({"results": rows, "total_pages": 3, "total_results": 60})).unwrap();
        assert_eq!((page.is_cut, page.announced), (true, Some(60)));
        let page =
            read(&json!({"items": rows, "pagination": {"total_items": 2, "has_more": true}}))
                .unwrap();
        assert_eq!((page.is_cut, page.announced), (true, Some(2)));
        let page = read(&json!({"results": rows, "error": "too often"})).unwrap();
        assert!(page.is_cut);
        let page = read(&json!({"results": rows, "total_pages": 1})).unwrap();
        assert_eq!((page.is_cut, page.announced), (false, Some(1)));
    }

    #[test]
    fn the_owner_says_where_the_rows_are_and_which_field_is_which() {
        let text = json!({"a": {"b": [{"movie": {"label": "Heat", "jahr": 1995}}]}, "c": [{"title": "x", "year": 2000}]});
        let mapping =
            Mapping::parse("items=a.b&title=movie.label&year=movie.jahr&all=movie").unwrap();
        let page = super::read(&text.to_string(), &mapping).unwrap();
        assert_eq!(
            told(&page.entries[0]),
            ("Heat", Some(1995), Some(MediaType::Movie), None, None, None)
        );
        let gone = Mapping::parse("items=a.c").unwrap();
        assert!(super::read(&text.to_string(), &gone).is_err());
        let strange = json!([{"label": "Heat"}, {"label": "Ronin"}]);
        let Err(Unread::Unknown { what, .. }) = read(&strange) else {
            panic!()
        };
        assert_eq!(what, "its rows have the fields `label`");
    }

    #[test]
    fn only_the_status_that_is_meant_counts() {
        let text = json!({"shows": [
            {"status": "completed", "show": {"title": "Dark", "ids": {"simkl": 1}}},
            {"status": "plantowatch", "show": {"title": "Fargo", "ids": {"simkl": 2}}},
        ]});
        assert!(has_statuses(&text.to_string()));
        let page = super::read(&text.to_string(), &Mapping::of_status("plantowatch")).unwrap();
        assert_eq!((page.entries.len(), page.announced), (1, Some(1)));
        assert_eq!(page.entries[0].title, "Fargo");
    }

    #[test]
    fn more_values_than_a_list_has_are_refused() {
        let many = format!("[{}0]", "0,".repeat(MOST_VALUES));
        let error = super::read(&many, &Mapping::default());
        assert!(matches!(error, Err(Unread::Broken(_))));
    }

    #[test]
    fn the_beginning_of_a_long_text_shows_what_it_is() {
        let whole = json!({"name": "}\"]", "items": [{"title": "Heat", "year": 1995, "ids": {"x": []}}, {"title": "Ronin", "year": 1998}]}).to_string();
        let at = whole.find("\"Ronin").unwrap();
        let page = read_head(&whole[..at + 3], &Mapping::default()).unwrap();
        assert_eq!(page.entries.len(), 1);
        assert!(read_head("{\"items\": [", &Mapping::default()).is_err());
        assert_eq!(
            read_head(&whole, &Mapping::default())
                .unwrap()
                .entries
                .len(),
            2
        );
    }
}
