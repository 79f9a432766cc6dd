//! Finds out which titles the entries of a run are, each title once however many lists have it.
//!
//! What is known costs no call. Look-ups go side by side, a few at a time; what they find is stored
//! in small batches, so that a crash loses little.

use std::{collections::HashMap, time::Duration};

use chrono::NaiveDateTime;
use futures_util::{StreamExt, stream};
use runtime::Chain;
use schema::{
    DbError,
    models::{
        EventKind, IdSource, Identity, ListItem, NewEvent, NewTitle, RunId, Title, TitleId,
        TitleRef,
    },
    wire::sync::RunPhase,
};

use super::{Going, Interrupted, read::ListRead, report::Tally};
use crate::{
    chance::jitter,
    engine::Engine,
    identity::{self, IdMap, Identified, Step, UpstreamProbe},
    target::{Target, TargetError},
};

/// Look-ups under way at once. TMDB behind Seerr bears some twenty cold ones a second.
const AT_ONCE: usize = 6;

/// Entries stored with one transaction.
const BATCH: usize = 50;

/// Look-ups that may fail one after the other before it is looked whether TMDB answers at all.
const FAILURES_IN_A_ROW: u32 = 8;

/// Entries of different lists that are the same entry, the first of which is looked for.
struct Group {
    items: Vec<ListItem>,
}

impl Group {
    /// One reading may have learned the ids that another could not.
    fn add(&mut self, item: ListItem) {
        let has_id = |item: &ListItem| {
            item.imdb_id.is_some() || item.tmdb_id.is_some() || item.tvdb_id.is_some()
        };
        let is_better = has_id(&item) && !self.items.first().is_some_and(has_id);
        let place = if is_better { 0 } else { self.items.len() };
        self.items.insert(place, item);
    }
}

/// What became of a group.
struct Found {
    group: Group,
    identified: Identified,
}

/// Identifies what is new or due again; everything else keeps what is known of it.
pub(crate) async fn entries<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    reads: &[ListRead],
    tally: &mut Tally,
) -> Result<(), Interrupted> {
    let (titles, ids) = engine
        .db
        .read(|conn| -> Result<_, DbError> { Ok((Title::all(conn)?, TitleId::all(conn)?)) })
        .await?;
    let map = IdMap::new(&titles, &ids);
    let names: HashMap<TitleRef, &Title> = titles.iter().map(|title| (title.id, title)).collect();

    let (mut known, mut asked) = (Vec::new(), Vec::new());
    for group in groups(reads, engine.clock.now()) {
        let Some(first) = group.items.first() else {
            continue;
        };
        match identity::first_step(first, &map) {
            Step::Known(title) => {
                if let Some(title) = names.get(&title) {
                    let identified = Identified::Matched {
                        media_type: title.media_type,
                        tmdb_id: title.tmdb_id,
                        title: title.title.clone(),
                        year: title.year,
                        how: "an id that was known".to_owned(),
                    };
                    known.push(Found { group, identified });
                }
            }
            Step::Ids {
                media_type,
                tmdb_id,
            } => {
                let identified = Identified::Matched {
                    media_type,
                    tmdb_id,
                    title: first.title.clone(),
                    year: first.year,
                    how: "the entry's TMDB id".to_owned(),
                };
                known.push(Found { group, identified });
            }
            Step::LookUp(_) | Step::Search => asked.push(group),
        }
    }
    going.phase(RunPhase::Identify, known.len() + asked.len());
    store_all(engine, going, known).await?;
    ask(engine, target, going, asked, tally).await
}

async fn ask<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    groups: Vec<Group>,
    tally: &mut Tally,
) -> Result<(), Interrupted> {
    let probe = UpstreamProbe::default();
    let mut answers = stream::iter(groups)
        .map(|group| async {
            let answer = match group.items.first() {
                Some(first) => identity::identify(target, first, &probe).await,
                None => Ok(Identified::NotFound { why: String::new() }),
            };
            (group, answer)
        })
        .buffer_unordered(AT_ONCE);
    let mut batch = Vec::new();
    let mut failures = 0;
    let mut end = Ok(());
    loop {
        let (group, answer) = match going.or_cancelled(answers.next()).await {
            Ok(Some(answered)) => answered,
            Ok(None) => break,
            Err(cancelled) => {
                end = Err(cancelled);
                break;
            }
        };
        match answer {
            Ok(identified) => {
                failures = 0;
                batch.push(Found { group, identified });
            }
            Err(error) if error.ends_the_run() => {
                end = Err(error.into());
                break;
            }
            Err(error) => {
                failures += 1;
                tally.could_not_ask(&group.items, &error);
                // A few entries that always fail must not keep the others from being asked for.
                if failures == FAILURES_IN_A_ROW {
                    let now = tokio::time::Instant::now();
                    if let Err(error) = probe.answers_since(target, now).await {
                        end = Err(error.into());
                        break;
                    }
                    failures = 0;
                }
            }
        }
        if batch.len() >= BATCH {
            store_all(engine, going, std::mem::take(&mut batch)).await?;
        }
    }
    drop(answers);
    store_all(engine, going, batch).await?;
    end
}

/// Entries to look at, those that are the same on several lists together, in the lists' order.
fn groups(reads: &[ListRead], now: NaiveDateTime) -> Vec<Group> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for item in reads.iter().flat_map(|read| read.items.iter()) {
        if !is_due(item, now) {
            continue;
        }
        let place = *places.entry(item.entry_key.as_str()).or_insert_with(|| {
            groups.push(Group { items: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.add(item.clone());
        }
    }
    groups
}

fn is_due(item: &ListItem, now: NaiveDateTime) -> bool {
    match item.identity {
        Identity::New => true,
        // The title may have been forgotten since (its row deleted).
        Identity::Matched => item.title_ref.is_none(),
        Identity::NotFound => item.next_try.is_none_or(|next_try| next_try <= now),
        Identity::NeedsReview => false,
    }
}

async fn store_all(engine: &Engine, going: &Going, found: Vec<Found>) -> Result<(), DbError> {
    let mut found = found.into_iter();
    loop {
        let batch: Vec<Found> = found.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let now = engine.clock.now();
        let run = going.run;
        let names = engine
            .write(move |conn, events| {
                let mut names = Vec::new();
                for found in batch {
                    events.extend(news(&found, run, now));
                    names.push(store(conn, found, now)?);
                }
                Ok(names)
            })
            .await?;
        for name in names {
            going.step(&name);
        }
    }
}

/// Events of the entries that newly have no certain title. One that is still not found is no news.
fn news(found: &Found, run: RunId, now: NaiveDateTime) -> Vec<NewEvent> {
    let (kind, identity, why) = match &found.identified {
        Identified::Matched { .. } => return Vec::new(),
        Identified::NeedsReview { why } => (EventKind::NeedsReview, Identity::NeedsReview, why),
        Identified::NotFound { why } => (EventKind::NotFound, Identity::NotFound, why),
    };
    let items = found.group.items.iter();
    items
        .filter(|item| item.identity != identity)
        .map(|item| NewEvent {
            at: now,
            kind,
            run: Some(run),
            list: Some(item.list),
            data: serde_json::json!({
                "title": item.title,
                "year": item.year,
                "media_type": item.media_type,
                "reason": why,
            })
            .to_string(),
        })
        .collect()
}

/// Stores what became of a group and gives its name back.
fn store(
    conn: &mut schema::SqliteConnection,
    found: Found,
    now: NaiveDateTime,
) -> Result<String, DbError> {
    let mut name = String::new();
    let (identity, title, reason) = match found.identified {
        Identified::Matched {
            media_type,
            tmdb_id,
            title,
            year,
            how,
        } => {
            let title = Title::ensure(
                conn,
                &NewTitle {
                    media_type,
                    tmdb_id,
                    title,
                    year,
                    created_at: now,
                    updated_at: now,
                },
            )?;
            for item in &found.group.items {
                for id in foreign_ids(item, &title, &how, now) {
                    id.insert(conn)?;
                }
            }
            (Identity::Matched, Some(title.id), how)
        }
        Identified::NeedsReview { why } => (Identity::NeedsReview, None, why),
        Identified::NotFound { why } => (Identity::NotFound, None, why),
    };
    for mut item in found.group.items {
        item.identity = identity;
        item.title_ref = title;
        item.identity_reason = Some(reason.clone());
        if identity == Identity::NotFound {
            item.attempts += 1;
            item.next_try = now.checked_add_signed(pause(item.attempts));
        } else {
            item.next_try = None;
        }
        item.save_identity(conn)?;
        name = item.title;
    }
    Ok(name)
}

fn pause(attempts: i32) -> chrono::Duration {
    let pause: Duration = identity::next_try(attempts, jitter());
    chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX)
}

/// The entry's ids, now known to be the title's.
fn foreign_ids(item: &ListItem, title: &Title, how: &str, now: NaiveDateTime) -> Vec<TitleId> {
    let imdb = item.imdb_id.clone().map(|id| (IdSource::Imdb, id));
    let tvdb = item.tvdb_id.map(|id| (IdSource::Tvdb, id.to_string()));
    imdb.into_iter()
        .chain(tvdb)
        .map(|(source, external_id)| TitleId {
            source,
            external_id,
            media_type: title.media_type,
            title: title.id,
            known_by: how.to_owned(),
            known_at: now,
        })
        .collect()
}

impl Tally {
    /// An entry the target could not be asked about; it is asked again with the next run.
    fn could_not_ask(&mut self, items: &[ListItem], error: &TargetError) {
        let Some(item) = items.first() else { return };
        tracing::warn!("looking up {} failed: {}", item.title, Chain(error));
        self.failed(
            &item.title,
            &format!("its title could not be looked up: {}", Chain(error)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::models::{ListId, MediaType};

    fn at(minute: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    fn item(list: i32, identity: Identity) -> ListItem {
        ListItem {
            season: None,
            id: list,
            list: ListId(list),
            entry_key: "imdb:tt1".into(),
            rank: 1,
            title: "Heat".into(),
            original_title: None,
            year: Some(1995),
            media_type: Some(MediaType::Movie),
            imdb_id: Some("tt1".into()),
            tmdb_id: None,
            tvdb_id: None,
            first_seen: at(0),
            returned_at: None,
            left_at: None,
            fetch: None,
            identity,
            title_ref: None,
            identity_reason: None,
            attempts: 0,
            next_try: None,
        }
    }

    fn told(identified: Identified) -> Vec<(EventKind, i32)> {
        let items = vec![
            item(1, Identity::New),
            item(2, Identity::NotFound),
            item(3, Identity::NeedsReview),
            item(4, Identity::Matched),
        ];
        let found = Found {
            group: Group { items },
            identified,
        };
        let events = news(&found, RunId(9), at(1));
        for event in &events {
            assert_eq!((event.run, event.at), (Some(RunId(9)), at(1)));
            assert_eq!(
                event.data,
                r#"{"media_type":"movie","reason":"why","title":"Heat","year":1995}"#
            );
        }
        let lists = events.iter().map(|event| event.list.unwrap().0);
        events.iter().map(|event| event.kind).zip(lists).collect()
    }

    #[test]
    fn of_the_same_entry_on_two_lists_the_one_with_ids_is_looked_for() {
        let mut group = Group { items: Vec::new() };
        let without = ListItem {
            imdb_id: None,
            ..item(1, Identity::New)
        };
        for item in [without, item(2, Identity::New), item(3, Identity::New)] {
            group.add(item);
        }
        let lists: Vec<_> = group.items.iter().map(|item| item.list.0).collect();
        assert_eq!(lists, [2, 1, 3]);
    }

    #[test]
    fn only_a_state_that_is_new_is_told() {
        let why = || "why".to_owned();
        assert_eq!(
            told(Identified::NotFound { why: why() }),
            [1, 3, 4].map(|list| (EventKind::NotFound, list))
        );
        assert_eq!(
            told(Identified::NeedsReview { why: why() }),
            [1, 2, 4].map(|list| (EventKind::NeedsReview, list))
        );
        let matched = Identified::Matched {
            media_type: MediaType::Movie,
            tmdb_id: 949,
            title: "Heat".into(),
            year: Some(1995),
            how: why(),
        };
        assert_eq!(told(matched), []);
    }
}
