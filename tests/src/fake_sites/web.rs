//! Pages that only a browser can read: their titles are written by a script, and more come when one scrolls.
//!
//! `/pages/{name}` is somebody's page with links to IMDb and TMDB; `/list/{number}` is a list page of TMDB, whose first
//! titles are in the page itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    FakeSites,
    entry::Entry,
    escaped,
    state::{ListFault, ListState},
};
use crate::loopback::{Answer, Request};

/// Titles that come at once on a page of `/pages`.
const CHUNK: usize = 12;
/// Titles that come at once on a list page of TMDB.
const TMDB_CHUNK: usize = 20;

/// What these sites hold.
#[derive(Default)]
pub(super) struct WebState {
    /// By name.
    pages: BTreeMap<String, ListState>,
    /// By number.
    tmdb: BTreeMap<String, ListState>,
}

impl FakeSites {
    /// Sets the page `/pages/{name}`. Titles with a number of TMDB are linked there by turns with IMDb.
    pub fn set_web_page(&self, name: &str, entries: Vec<Entry>) {
        let list = named(name, entries);
        self.shared
            .change(|state| state.web.pages.insert(name.to_owned(), list));
    }

    /// Sets the list page `/list/{number}` of TMDB; entries without a number of TMDB are left out.
    pub fn set_tmdb_list(&self, number: &str, entries: Vec<Entry>) {
        let entries = entries.into_iter().filter(|entry| entry.tmdb_id.is_some());
        let list = named(number, entries.collect());
        self.shared
            .change(|state| state.web.tmdb.insert(number.to_owned(), list));
    }

    /// Spoils what a page of `/pages` says.
    pub fn disturb_web_page(&self, name: &str, fault: Option<ListFault>) {
        self.shared.change(|state| {
            let list = state.web.pages.entry(name.to_owned()).or_default();
            list.fault = fault;
        });
    }

    /// Where a page of `/pages` is.
    pub fn web_page(&self, name: &str) -> String {
        format!("{}/pages/{name}", self.url())
    }
}

fn named(name: &str, entries: Vec<Entry>) -> ListState {
    ListState {
        name: format!("Sample page {name}"),
        entries,
        ..ListState::default()
    }
}

/// The answer, when the path is one of these sites'.
pub(super) fn answer(state: &mut WebState, request: &Request, parts: &[&str]) -> Option<Answer> {
    Some(match parts {
        ["pages", name] => page(state.pages.get(*name)?, name),
        ["pages", name, "titles"] => titles(state.pages.get_mut(*name)?, from(request)),
        ["pages", _, "pictures", _] => picture("image/jpeg"),
        ["pages", _, "letters"] => picture("font/woff2"),
        ["list", number] if is_number(number) => tmdb_page(state.tmdb.get_mut(*number)?, number),
        ["list", number, "items"] if is_number(number) => {
            tmdb_items(state.tmdb.get_mut(*number)?, from(request))
        }
        _ => return None,
    })
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn from(request: &Request) -> usize {
    let query = request.query.as_deref().unwrap_or_default();
    let mut pairs = query.split('&');
    let from = pairs.find_map(|pair| pair.strip_prefix("from="));
    from.and_then(|from| from.parse().ok()).unwrap_or(0)
}

/// Without its script the page has not one title.
fn page(list: &ListState, name: &str) -> Answer {
    let text = PAGE
        .replace("TITLE", &escaped(&list.name))
        .replace("NAME", name);
    Answer::html(200, text)
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
<style>
@font-face { font-family: sample; src: url(/pages/NAME/letters) }
body { font-family: sample, sans-serif } li { height: 140px }
</style></head>
<body><h1>TITLE</h1><p><a href="/">Home</a> <a href="https://www.imdb.com/">IMDb</a></p>
<ol id="titles"></ol><p id="end">More…</p>
<script>
const list = document.getElementById('titles'), end = document.getElementById('end');
let from = 0, isBusy = false, isWhole = false;
async function more() {
  if (isBusy || isWhole) return;
  isBusy = true;
  const page = await (await fetch('/pages/NAME/titles?from=' + from)).json();
  for (const title of page.titles) {
    const item = document.createElement('li');
    const picture = document.createElement('img');
    picture.src = '/pages/NAME/pictures/' + (from++);
    const link = document.createElement('a');
    link.href = title.href;
    link.textContent = title.title;
    item.append(picture, link, title.year ? ' (' + title.year + ')' : '');
    list.append(item);
  }
  isWhole = !page.more;
  isBusy = false;
  if (isWhole) end.remove();
  else if (end.getBoundingClientRect().top < innerHeight) more();
}
new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) more(); }).observe(end);
</script></body></html>
"#;

fn titles(list: &mut ListState, from: usize) -> Answer {
    let page = list.page(from, CHUNK);
    let entries = (page.from..).zip(&page.entries);
    let titles: Vec<Value> = entries
        .map(|(at, entry)| json!({"href": href(at, entry), "title": entry.title, "year": entry.year}))
        .collect();
    Answer::json(200, &json!({"titles": titles, "more": page.has_next}))
}

fn href(at: usize, entry: &Entry) -> String {
    match entry.tmdb_id {
        Some(number) if at % 2 == 1 || entry.imdb_id.is_empty() => {
            let kind = if entry.is_show() { "tv" } else { "movie" };
            format!(
                "https://www.themoviedb.org/{kind}/{number}-{}",
                entry.slug()
            )
        }
        _ => format!(
            "https://www.imdb.com/title/{}/?ref_=sample_{at}",
            entry.imdb_id
        ),
    }
}

fn tmdb_page(list: &mut ListState, number: &str) -> Answer {
    let page = list.page(0, TMDB_CHUNK);
    let script = if page.has_next {
        TMDB_SCRIPT
            .replace("NUMBER", number)
            .replace("FROM", &page.entries.len().to_string())
    } else {
        String::new()
    };
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name} — The Movie Database (TMDB)</title></head>\
         <body><header><a href=\"/movie\">Movies</a> <a href=\"/tv\">TV Shows</a></header><h2>{name}</h2>\
         <div id=\"results\">{cards}</div><div id=\"end\" style=\"height: 40px\"></div>{script}</body></html>",
        name = escaped(&list.name),
        cards = cards(&page.entries),
    );
    Answer::html(200, text)
}

const TMDB_SCRIPT: &str = r"<script>
let from = FROM, isBusy = false;
const end = document.getElementById('end');
async function more() {
  if (isBusy) return;
  isBusy = true;
  const html = await (await fetch('/list/NUMBER/items?from=' + from)).text();
  document.getElementById('results').insertAdjacentHTML('beforeend', html);
  from += 20;
  isBusy = html === '';
  if (!isBusy && end.getBoundingClientRect().top < innerHeight) more();
}
new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) more(); }).observe(end);
</script>";

fn tmdb_items(list: &mut ListState, from: usize) -> Answer {
    Answer::html(200, cards(&list.page(from, TMDB_CHUNK).entries))
}

/// Each title is linked twice: by its picture and by its name.
fn cards(entries: &[Entry]) -> String {
    let card = |entry: &Entry| {
        let kind = if entry.is_show() { "tv" } else { "movie" };
        let number = entry.tmdb_id.unwrap_or_default();
        let link = format!("/{kind}/{number}-{}", entry.slug());
        let year = entry
            .year
            .map(|year| format!("May 1, {year}"))
            .unwrap_or_default();
        format!(
            "<div class=\"rounded-md border-[1px]\" style=\"height: 180px\"><a href=\"{link}\"><img src=\"/t/p/{number}.jpg\"></a>\
             <a class=\"font-bold\" href=\"{link}\"><h2>{}</h2></a><span class=\"whitespace-nowrap\">{year}</span></div>\n",
            escaped(&entry.title)
        )
    };
    entries.iter().map(card).collect()
}

/// Nobody is meant to ask for these.
fn picture(kind: &str) -> Answer {
    Answer::new(200, kind, [0xff, 0xd8, 0xff])
}
