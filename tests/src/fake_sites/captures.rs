//! Real captures of list pages, read at run time from `../shared/fixtures` when that folder stands beside the project.
//!
//! Nothing of them is copied into the project; tests pass without them.

use std::path::Path;

use serde_json::Value;

use super::entry::Entry;

/// A captured body and the entries in it, in order.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The body as it was captured.
    pub body: String,
    /// What is in it.
    pub entries: Vec<Entry>,
}

/// The page of IMDb's Top 250, captured in January 2026; `None` without the folder.
pub fn imdb_top_250() -> Option<Capture> {
    let body = read("imdb/chart-top250-2026-01-14.html")?;
    let (_, rest) = body.split_once("id=\"__NEXT_DATA__\"")?;
    let (_, rest) = rest.split_once('>')?;
    let (data, _) = rest.split_once("</script>")?;
    let data: Value = serde_json::from_str(data).ok()?; // a file of another shape is no capture
    let edges = data.pointer("/props/pageProps/pageData/chartTitles/edges")?;
    let entries = edges
        .as_array()?
        .iter()
        .map(|edge| entry(edge.get("node")?));
    let entries = entries.collect::<Option<_>>()?;
    Some(Capture { body, entries })
}

/// The GraphQL answer for a watchlist of 15; `None` without the folder.
pub fn imdb_watchlist() -> Option<Capture> {
    let body = read("imdb/graphql-predefinedList-watchlist-15.json")?;
    let data: Value = serde_json::from_str(&body).ok()?; // as above
    let edges = data.pointer("/data/predefinedList/titleListItemSearch/edges")?;
    let entries = edges.as_array()?.iter();
    let entries = entries.map(|edge| entry(edge.get("listItem")?));
    let entries = entries.collect::<Option<_>>()?;
    Some(Capture { body, entries })
}

/// The first page of a Letterboxd list, captured in December 2025: 100 films; `None` without the folder.
pub fn letterboxd_list() -> Option<String> {
    read("letterboxd/list-official-top250-p1-of-3.html")
}

fn entry(title: &Value) -> Option<Entry> {
    let text = |path: &str| title.pointer(path).and_then(Value::as_str);
    let year = title.pointer("/releaseYear/year").and_then(Value::as_i64);
    let year = year.and_then(|year| i32::try_from(year).ok());
    let name = text("/titleText/text")?;
    let mut entry = Entry::movie(text("/id")?, name, year).of_type(text("/titleType/id")?);
    text("/originalTitleText/text")
        .unwrap_or(name)
        .clone_into(&mut entry.original_title);
    Some(entry)
}

/// A captured body by its path in the folder; `None` without the folder, which stands beside the project, or beside the
/// folder that the project is checked out in.
pub fn read(path: &str) -> Option<String> {
    let mut around = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folder = around.find_map(|folder| {
        let folder = folder.join("shared/fixtures");
        folder.is_dir().then_some(folder)
    })?;
    // Whatever keeps it from being read, there is no capture.
    std::fs::read_to_string(folder.join(path)).ok()
}
