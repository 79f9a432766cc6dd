//! Which titles and entries somebody means. Only reads; leaves what was written to `named`.

use std::collections::{BTreeMap, HashMap};

use schema::{
    DbError, SqliteConnection,
    models::{
        IdSource, Identity, ListItem, Mark, MediaType, SourceId, SyncedItem, Title, TitleId,
        TitleRef,
    },
    wire::{Failure, FailureCode},
};

use super::named::Named;
use crate::identity::{Called, Fit, keys};

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

/// What was found, the best first.
struct Found {
    subjects: Vec<Subject>,
    /// Nothing is called so; they only have it in their names.
    is_part: bool,
}

/// The one that is meant; or why there is none, or not one.
pub(super) fn one(
    conn: &mut SqliteConnection,
    text: &str,
    named: &Named,
) -> Result<Result<Subject, Failure>, DbError> {
    let mut found = all(conn, named)?;
    // Entries that a list gives this number may be taken for another title: that has its own number.
    if let Named::Title(media_type, tmdb_id) = named {
        let is_it = |subject: &Subject| {
            matches!(subject, Subject::Title(title)
                if (title.media_type, title.tmdb_id) == (*media_type, *tmdb_id))
        };
        if found.subjects.iter().any(is_it) {
            found.subjects.retain(is_it);
        }
    }
    Ok(match (found.subjects.len(), named) {
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
        (1, _) => Ok(found.subjects.remove(0)),
        (_, _) => Err(several(text.trim(), &found)),
    })
}

fn several(text: &str, found: &Found) -> Failure {
    let count = found.subjects.len();
    let told = found.subjects.iter().take(MOST_TOLD);
    let mut names: Vec<String> = told.map(Subject::told).collect();
    if count > MOST_TOLD {
        names.push(format!("and {} more", count - MOST_TOLD));
    }
    let message = if found.is_part {
        format!("nothing is called `{text}`, and {count} titles have it in their names")
    } else {
        format!("`{text}` means {count} titles")
    };
    Failure::new(FailureCode::Conflict, message).with_remedy(format!(
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

/// Titles and entries that were found, before they are put together, the best first.
#[derive(Default)]
struct Hits {
    titles: Vec<Title>,
    items: Vec<ListItem>,
    /// How well each name fits and how long it is; what has another mark fits perfectly.
    ranks: HashMap<Hit, Rank>,
}

/// A title or an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hit {
    Title(TitleRef),
    Entry(i32),
}

/// The less, the better.
type Rank = (Fit, usize);

impl Hits {
    fn is_empty(&self) -> bool {
        self.titles.is_empty() && self.items.is_empty()
    }

    fn is_part(&self) -> bool {
        let best = self.ranks.values().min();
        best.is_some_and(|(fit, _)| !matches!(fit, Fit::Same | Fit::Alike))
    }

    fn rank(&self, hit: Hit) -> Rank {
        self.ranks.get(&hit).copied().unwrap_or((Fit::Same, 0))
    }
}

fn all(conn: &mut SqliteConnection, named: &Named) -> Result<Found, DbError> {
    let hits = match named {
        Named::Item(id) => Hits {
            items: ListItem::find(conn, *id)?.into_iter().collect(),
            ..Hits::default()
        },
        Named::Number(id) => numbered(conn, *id)?,
        Named::Title(media_type, id) => Hits {
            titles: Title::by_tmdb_ids(conn, *media_type, &[*id])?,
            items: ListItem::marked(conn, &Mark::Tmdb(Some(*media_type), *id), LIMIT)?,
            ..Hits::default()
        },
        Named::Mark(mark, words) => match (marked(conn, mark)?, words) {
            (hits, Some(words)) if hits.is_empty() => called(conn, words)?,
            (hits, _) => hits,
        },
        Named::Words(text) => called(conn, text)?,
    };
    let is_part = hits.is_part();
    let subjects = subjects(conn, hits)?;
    Ok(Found { subjects, is_part })
}

/// A number is that of an entry, and may be a name.
fn numbered(conn: &mut SqliteConnection, id: i32) -> Result<Hits, DbError> {
    let entry = ListItem::find(conn, id)?;
    let hits = called(conn, &id.to_string())?;
    Ok(match entry {
        Some(entry) if hits.is_empty() || hits.is_part() => Hits {
            items: vec![entry],
            ..Hits::default()
        },
        entry => {
            let mut hits = hits;
            hits.items.extend(entry);
            hits
        }
    })
}

/// What carries the mark itself, what the id map and the sites' own keys say that it means.
fn marked(conn: &mut SqliteConnection, mark: &Mark) -> Result<Hits, DbError> {
    let mut hits = carrying(conn, mark)?;
    if hits.is_empty()
        && let Mark::Key(key) = mark
        && let Some(known) = known_key(conn, key)?
    {
        for mark in marks_of(&known) {
            let more = carrying(conn, &mark)?;
            hits.titles.extend(more.titles);
            hits.items.extend(more.items);
            if !hits.is_empty() {
                break;
            }
        }
    }
    Ok(hits)
}

fn carrying(conn: &mut SqliteConnection, mark: &Mark) -> Result<Hits, DbError> {
    let known = match mark {
        Mark::Imdb(id) => TitleId::of(conn, IdSource::Imdb, &[id])?,
        Mark::Tvdb(id) => TitleId::of(conn, IdSource::Tvdb, &[&id.to_string()])?,
        Mark::Trakt(id) => TitleId::of(conn, IdSource::Trakt, &[&id.to_string()])?,
        Mark::Key(key) => match site_and_id(key) {
            Some((site, id)) => match site.parse::<IdSource>() {
                Ok(source) => TitleId::of(conn, source, &[id])?,
                Err(_) => Vec::new(), // a site whose names the map does not keep
            },
            None => Vec::new(),
        },
        Mark::Tmdb(..) => Vec::new(),
    };
    let ids: Vec<TitleRef> = known.iter().map(|id| id.title).collect();
    let mut titles = Title::of(conn, &ids)?;
    if let Mark::Tmdb(said, id) = mark {
        for media_type in [MediaType::Movie, MediaType::Tv] {
            if said.is_none_or(|said| said == media_type) {
                titles.extend(Title::by_tmdb_ids(conn, media_type, &[*id])?);
            }
        }
    }
    Ok(Hits {
        titles,
        items: ListItem::marked(conn, mark, LIMIT)?,
        ..Hits::default()
    })
}

/// `letterboxd` and `dune-2021` of `source:letterboxd:dune-2021`.
fn site_and_id(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("source:")?.split_once(':')
}

/// What was learned of a site's own name of a title when a list of that site was read.
fn known_key(conn: &mut SqliteConnection, key: &str) -> Result<Option<SourceId>, DbError> {
    let Some((site, id)) = site_and_id(key) else {
        return Ok(None);
    };
    let source = match site {
        "letterboxd" => "letterboxd_film",
        "tvdb" => "tvdb_title",
        site => site,
    };
    Ok(SourceId::find(conn, source, id)?)
}

fn marks_of(known: &SourceId) -> Vec<Mark> {
    let marks = [
        known.tmdb_id.map(|id| Mark::Tmdb(known.media_type, id)),
        known.imdb_id.clone().map(Mark::Imdb),
        known.tvdb_id.map(Mark::Tvdb),
    ];
    marks.into_iter().flatten().collect()
}

/// Titles and entries that are called so; where none is, those with these words in their names. Looks
/// at every name once.
fn called(conn: &mut SqliteConnection, text: &str) -> Result<Hits, DbError> {
    let called = Called::new(text);
    let mut found: Vec<(Rank, Hit)> = Vec::new();
    let mut best = Fit::OtherYear;
    let mut take = |hit: Hit, name: &str, year: Option<i32>| {
        let Some(fit) = called.fit(name, year) else {
            return;
        };
        best = best.min(fit);
        // Once something is called so, what only has the words in its name is not meant.
        if fit == best || best > Fit::Alike {
            found.push(((fit, name.len()), hit));
        }
    };
    Title::each_name(conn, |(id, name, year)| take(Hit::Title(id), &name, year))?;
    ListItem::each_name(conn, |(id, name, original, year)| {
        take(Hit::Entry(id), &name, year);
        if let Some(original) = original {
            take(Hit::Entry(id), &original, year);
        }
    })?;
    found.retain(|((fit, _), _)| best > Fit::Alike || *fit == best);
    found.sort_unstable();
    found.truncate(usize::try_from(LIMIT).unwrap_or(usize::MAX));
    loaded(conn, found)
}

fn loaded(conn: &mut SqliteConnection, found: Vec<(Rank, Hit)>) -> Result<Hits, DbError> {
    let mut hits = Hits::default();
    let mut titles = Vec::new();
    for (rank, hit) in found {
        if hits.ranks.contains_key(&hit) {
            continue;
        }
        hits.ranks.insert(hit, rank);
        match hit {
            Hit::Title(title) => titles.push(title),
            Hit::Entry(id) => hits.items.extend(ListItem::find(conn, id)?),
        }
    }
    hits.titles = Title::of(conn, &titles)?;
    Ok(hits)
}

/// Puts hits together: an entry that is a title is that title, entries with a key in common are one.
/// Titles that are on no list and were never asked for count only when nothing else was found.
fn subjects(conn: &mut SqliteConnection, mut hits: Hits) -> Result<Vec<Subject>, DbError> {
    let (known, unknown): (Vec<_>, Vec<_>) = std::mem::take(&mut hits.items)
        .into_iter()
        .partition(|item| item.title_ref.is_some());
    let mut ranks: BTreeMap<TitleRef, Rank> = BTreeMap::new();
    for title in &hits.titles {
        ranks.insert(title.id, hits.rank(Hit::Title(title.id)));
    }
    for item in &known {
        let rank = hits.rank(Hit::Entry(item.id));
        if let Some(title) = item.title_ref {
            let best = ranks.entry(title).or_insert(rank);
            *best = rank.min(*best);
        }
    }
    let ids: Vec<TitleRef> = ranks.keys().copied().collect();
    let (mut found, mut untraced) = (Vec::new(), Vec::new());
    for title in Title::of(conn, &ids)? {
        let rank = ranks.get(&title.id).copied();
        let is_traced = has_traces(conn, &title)?;
        let all = if is_traced { &mut found } else { &mut untraced };
        all.push((rank, Subject::Title(title)));
    }
    for group in groups(unknown) {
        let rank = group.iter().map(|item| hits.rank(Hit::Entry(item.id)));
        found.push((rank.min(), Subject::Entries(group)));
    }
    if found.is_empty() {
        found = untraced;
    }
    found.sort_by_key(|(rank, _)| *rank);
    Ok(found.into_iter().map(|(_, subject)| subject).collect())
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
