//! Which titles and entries somebody means. Only reads; leaves what was written to `named`.

use std::collections::BTreeMap;

use schema::{
    DbError, SqliteConnection,
    models::{IdSource, Identity, ListItem, Mark, MediaType, SyncedItem, Title, TitleId, TitleRef},
    wire::{Failure, FailureCode},
};

use super::named::Named;
use crate::identity::keys;

/// Rows that are looked at; who means more of them says it more exactly.
const LIMIT: i64 = 300;
/// Hits that are told.
const MOST_TOLD: usize = 10;

/// What a story can be about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// A movie or show.
    Title(Title),
    /// Entries that are one, of which it is not known which title they are.
    Entries(Vec<ListItem>),
    /// A title that nothing is known of, by what it was called.
    Nobody {
        /// Movie or show, where that was said.
        media_type: Option<MediaType>,
        /// TMDB's number, where that was said.
        tmdb_id: Option<i64>,
    },
}

/// The one that is meant; or why there is none, or not one.
pub(super) fn one(
    conn: &mut SqliteConnection,
    text: &str,
    named: &Named,
) -> Result<Result<Subject, Failure>, DbError> {
    let mut found = all(conn, named)?;
    Ok(match (found.len(), named) {
        (0, Named::Item(id)) => Err(Failure::new(
            FailureCode::NotFound,
            format!("there is no entry {id}"),
        )
        .with_remedy("`listsync items` shows the entries there are.")),
        (0, Named::Title(media_type, tmdb_id)) => Ok(Subject::Nobody {
            media_type: Some(*media_type),
            tmdb_id: Some(*tmdb_id),
        }),
        (0, _) => Ok(Subject::Nobody {
            media_type: None,
            tmdb_id: None,
        }),
        (1, _) => Ok(found.remove(0)),
        (_, _) => Err(several(text, &found)),
    })
}

fn several(text: &str, found: &[Subject]) -> Failure {
    let mut names: Vec<String> = found.iter().take(MOST_TOLD).map(Subject::told).collect();
    if found.len() > MOST_TOLD {
        names.push(format!("and {} more", found.len() - MOST_TOLD));
    }
    Failure::new(
        FailureCode::Conflict,
        format!("`{text}` means {} titles", found.len()),
    )
    .with_remedy(format!(
        "Give the one you mean by what stands first:\n    {}",
        names.join("\n    ")
    ))
}

impl Subject {
    /// `movie:949  Heat (1995)`.
    fn told(&self) -> String {
        let (by, name, year) = match self {
            Self::Title(title) => (
                format!("{}:{}", title.media_type, title.tmdb_id),
                &title.title,
                title.year,
            ),
            Self::Entries(entries) => match entries.first() {
                Some(entry) => (format!("item:{}", entry.id), &entry.title, entry.year),
                None => return String::new(),
            },
            Self::Nobody { .. } => return String::new(),
        };
        match year {
            Some(year) => format!("{by}  {name} ({year})"),
            None => format!("{by}  {name}"),
        }
    }
}

/// Titles and entries that were found, before they are put together.
#[derive(Default)]
struct Hits {
    titles: Vec<Title>,
    items: Vec<ListItem>,
}

fn all(conn: &mut SqliteConnection, named: &Named) -> Result<Vec<Subject>, DbError> {
    let mut hits = Hits::default();
    match named {
        Named::Item(id) => hits.items.extend(ListItem::find(conn, *id)?),
        Named::Number(id) => {
            hits = words(conn, &id.to_string(), true)?;
            hits.items.extend(ListItem::find(conn, *id)?);
            if hits.titles.is_empty() && hits.items.is_empty() {
                hits = words(conn, &id.to_string(), false)?;
            }
        }
        Named::Title(media_type, id) => {
            hits.titles = Title::by_tmdb_ids(conn, *media_type, &[*id])?;
            hits.items = ListItem::marked(conn, &Mark::Tmdb(Some(*media_type), *id), LIMIT)?;
        }
        Named::Mark(mark) => hits = marked(conn, mark)?,
        Named::Words(text) => {
            hits = words(conn, text, true)?;
            if hits.titles.is_empty() && hits.items.is_empty() {
                hits = words(conn, text, false)?;
            }
            if hits.titles.is_empty() && hits.items.is_empty() {
                hits = alike(conn, text)?;
            }
        }
    }
    subjects(conn, hits)
}

fn marked(conn: &mut SqliteConnection, mark: &Mark) -> Result<Hits, DbError> {
    let known = match mark {
        Mark::Imdb(id) => TitleId::of(conn, IdSource::Imdb, &[id])?,
        Mark::Tvdb(id) => TitleId::of(conn, IdSource::Tvdb, &[&id.to_string()])?,
        Mark::Trakt(id) => TitleId::of(conn, IdSource::Trakt, &[&id.to_string()])?,
        Mark::Key(key) => {
            let site = key
                .strip_prefix("source:")
                .and_then(|key| key.split_once(':'));
            match site.map(|(site, id)| (site.parse::<IdSource>(), id)) {
                Some((Ok(source), id)) => TitleId::of(conn, source, &[id])?,
                _ => Vec::new(),
            }
        }
        Mark::Tmdb(..) => Vec::new(),
    };
    let ids: Vec<TitleRef> = known.iter().map(|id| id.title).collect();
    let mut titles = Title::of(conn, &ids)?;
    if let Mark::Tmdb(_, id) = mark {
        for media_type in [MediaType::Movie, MediaType::Tv] {
            titles.extend(Title::by_tmdb_ids(conn, media_type, &[*id])?);
        }
    }
    Ok(Hits {
        titles,
        items: ListItem::marked(conn, mark, LIMIT)?,
    })
}

/// Titles and entries with these words in their names, a year at the end read as one; with `is_whole`
/// only those that are called so and not otherwise.
fn words(conn: &mut SqliteConnection, text: &str, is_whole: bool) -> Result<Hits, DbError> {
    let (name, year) = with_year(text);
    if year.is_some() {
        let mut hits = by_words(conn, name, is_whole)?;
        hits.titles.retain(|title| title.year == year);
        hits.items.retain(|item| item.year == year);
        if !hits.titles.is_empty() || !hits.items.is_empty() {
            return Ok(hits);
        }
    }
    by_words(conn, text, is_whole)
}

fn by_words(conn: &mut SqliteConnection, text: &str, is_whole: bool) -> Result<Hits, DbError> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let mut hits = Hits {
        titles: Title::named(conn, &words, LIMIT)?,
        items: ListItem::named(conn, &words, LIMIT)?,
    };
    if is_whole {
        let name = folded(text);
        hits.titles.retain(|title| folded(&title.title) == name);
        hits.items.retain(|item| folded(&item.title) == name);
    }
    Ok(hits)
}

/// The same without regard to accents and signs: `amelie` is found in `Amélie`. Looks at every name.
fn alike(conn: &mut SqliteConnection, text: &str) -> Result<Hits, DbError> {
    let name = folded(with_year(text).0);
    if name.is_empty() {
        return Ok(Hits::default());
    }
    let titles: Vec<TitleRef> = Title::names(conn)?
        .into_iter()
        .filter(|(_, title)| folded(title).contains(&name))
        .map(|(id, _)| id)
        .take(MOST_TOLD + 1)
        .collect();
    let mut hits = Hits {
        titles: Title::of(conn, &titles)?,
        items: Vec::new(),
    };
    let items = ListItem::names(conn)?.into_iter();
    for (id, _) in items
        .filter(|(_, title)| folded(title).contains(&name))
        .take(MOST_TOLD + 1)
    {
        hits.items.extend(ListItem::find(conn, id)?);
    }
    Ok(hits)
}

/// Lower case, letters and digits only, in Latin: for finding, never for deciding.
fn folded(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_lowercase();
    let words = plain.split(|sign: char| !sign.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// `Dune (2021)` and `dune 2021` are `Dune` of 2021.
fn with_year(text: &str) -> (&str, Option<i32>) {
    let Some((name, last)) = text.trim().rsplit_once(' ') else {
        return (text, None);
    };
    let digits = last.trim_start_matches('(').trim_end_matches(')');
    match digits.parse() {
        Ok(year @ 1870..=2200) if digits.len() == 4 => (name.trim(), Some(year)),
        _ => (text, None),
    }
}

/// Puts hits together: an entry that is a title is that title, entries with a key in common are one.
/// Titles that are on no list and were never asked for count only when nothing else was found.
fn subjects(conn: &mut SqliteConnection, hits: Hits) -> Result<Vec<Subject>, DbError> {
    let mut titles: BTreeMap<TitleRef, Title> = hits
        .titles
        .into_iter()
        .map(|title| (title.id, title))
        .collect();
    let (known, unknown): (Vec<_>, Vec<_>) = hits
        .items
        .into_iter()
        .partition(|item| item.title_ref.is_some());
    let missing: Vec<TitleRef> = known
        .iter()
        .filter_map(|item| item.title_ref)
        .filter(|title| !titles.contains_key(title))
        .collect();
    for title in Title::of(conn, &missing)? {
        titles.insert(title.id, title);
    }
    let groups = groups(unknown);
    let mut found = Vec::new();
    for title in titles.values() {
        if has_traces(conn, title)? {
            found.push(Subject::Title(title.clone()));
        }
    }
    found.extend(groups.into_iter().map(Subject::Entries));
    if found.is_empty() {
        found.extend(titles.into_values().map(Subject::Title));
    }
    Ok(found)
}

fn has_traces(conn: &mut SqliteConnection, title: &Title) -> Result<bool, DbError> {
    Ok(!ListItem::of_title(conn, title.id)?.is_empty()
        || !SyncedItem::of_title(conn, title.media_type, title.tmdb_id)?.is_empty())
}

/// Entries that are the same entry, by their keys.
fn groups(items: Vec<ListItem>) -> Vec<Vec<ListItem>> {
    let mut groups: Vec<(Vec<String>, Vec<ListItem>)> = Vec::new();
    for item in items {
        let own = keys(&item);
        let same = groups
            .iter_mut()
            .find(|(keys, _)| keys.iter().any(|key| own.contains(key)));
        match same {
            Some((keys, group)) => {
                keys.extend(own);
                group.push(item);
            }
            None => groups.push((own, vec![item])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The entries that are one with these, on whichever list.
pub(super) fn same_entries(
    conn: &mut SqliteConnection,
    entries: Vec<ListItem>,
) -> Result<Vec<ListItem>, DbError> {
    let Some(first) = entries.first() else {
        return Ok(entries);
    };
    let own: Vec<String> = entries.iter().flat_map(keys).collect();
    let mut marks = vec![Mark::Key(first.entry_key.clone())];
    marks.extend(first.imdb_id.clone().map(Mark::Imdb));
    marks.extend(first.tvdb_id.map(Mark::Tvdb));
    marks.extend(first.tmdb_id.map(|id| Mark::Tmdb(first.media_type, id)));
    let mut all = entries;
    for mark in marks {
        for item in ListItem::marked(conn, &mark, LIMIT)? {
            let is_new = all.iter().all(|known| known.id != item.id);
            let is_same = keys(&item).iter().any(|key| own.contains(key));
            if is_new && is_same && item.identity != Identity::Matched {
                all.push(item);
            }
        }
    }
    all.sort_by_key(|item| (item.list, item.id));
    Ok(all)
}
