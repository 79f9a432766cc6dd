//! Finds out which titles the entries of a run are, each title once however many lists have it.
//!
//! Only entries that are due are read, a page at a time. What is known costs no call. Look-ups go side
//! by side, a few at a time; what they find is stored in small batches, so that a crash loses little.

use std::{collections::HashMap, time::Duration};

use chrono::NaiveDateTime;
use futures_util::{StreamExt, stream};
use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    models::{
        EventKind, Identity, ListId, ListItem, NewEvent, NewTitle, Pin, ReviewCandidate, RunId,
        Title, TitleId, TitleRef,
    },
    wire::sync::RunPhase,
};

use super::{
    Going, Interrupted,
    group::{Group, groups},
    report::Tally,
};
use crate::{
    chance::jitter,
    engine::Engine,
    identity::{self, IdMap, Identified, KnownIds, PICKED, Step, UpstreamProbe, Vouched},
    pins::Kept,
    target::{Target, TargetError},
};

/// Look-ups under way at once. TMDB behind Seerr bears some twenty cold ones a second.
const AT_ONCE: usize = 6;

/// Entries read at once.
const PAGE: usize = 500;

/// Answers stored with one transaction.
const BATCH: usize = 50;

/// Look-ups that may fail one after the other before it is looked whether TMDB answers at all.
const FAILURES_IN_A_ROW: u32 = 8;

/// What became of a group.
pub(super) struct Found {
    pub(super) group: Group,
    pub(super) identified: Identified,
}

/// A page of entries that are due.
struct Page {
    /// Groups of which is known what they are.
    known: Vec<Found>,
    /// Groups to ask about.
    open: Vec<Group>,
}

/// What a run has asked so far.
#[derive(Default)]
struct Asked {
    failures: u32,
    /// What was answered to questions that led to no title; nothing to those that could not be asked.
    /// They are not asked again for the same entry of a later list. Titles that were found are known
    /// from the database.
    in_vain: HashMap<String, Option<Identified>>,
}

/// Identifies what is new or due again on these lists; everything else keeps what is known of it.
///
/// # Errors
/// When the run is cancelled, the target cannot be asked or the database fails.
pub(crate) async fn entries<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    lists: &[ListId],
    tally: &mut Tally,
) -> Result<(), Interrupted> {
    let (lists, now) = (lists.to_vec(), engine.clock.now());
    let due = engine
        .db
        .read(move |conn| ListItem::due(conn, &lists, now))
        .await?;
    going.phase(RunPhase::Identify, due.len());
    let probe = UpstreamProbe::default();
    let mut asked = Asked::default();
    for ids in due.chunks(PAGE) {
        going.check_cancelled()?;
        let Page { mut known, open } = page(engine, ids.to_vec()).await?;
        let (in_vain, open): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|group| asked.in_vain.contains_key(&group.question()));
        known.extend(in_vain.into_iter().filter_map(|group| asked.again(group)));
        store(engine, going, known).await?;
        ask(engine, target, going, open, (&probe, &mut asked), tally).await?;
    }
    Ok(())
}

/// Reads the entries that are still due and says of which it is known what they are.
async fn page(engine: &Engine, ids: Vec<i32>) -> Result<Page, DbError> {
    let now = engine.clock.now();
    engine
        .db
        .read(move |conn| {
            let mut items = ListItem::by_ids(conn, &ids)?;
            // The same entry of an earlier page may have settled it.
            items.retain(|item| item.is_due(now));
            let mut map = IdMap::of(conn, &items)?;
            let vouched = Vouched::of(conn, &items)?;
            let (mut known, mut open) = (Vec::new(), Vec::new());
            for group in groups(items) {
                let Some(entry) = group.entry() else { continue };
                let is_vouched = vouched.covers_all(&entry, &group.items);
                match identity::first_step(&entry, &group.keys, &map, is_vouched) {
                    Step::Done(identified) => {
                        // So that the next entries of this page are held against it.
                        map.learn(&entry, &identified);
                        known.push(Found { group, identified });
                    }
                    Step::Ask => open.push(group),
                }
            }
            Ok::<_, DbError>(Page { known, open })
        })
        .await
}

async fn ask<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    groups: Vec<Group>,
    (probe, asked): (&UpstreamProbe, &mut Asked),
    tally: &mut Tally,
) -> Result<(), Interrupted> {
    let mut answers = stream::iter(groups)
        .map(|group| async {
            let answer = match group.entry() {
                Some(entry) => identity::identify(target, &entry, probe).await,
                None => Ok(Identified::NotFound { why: String::new() }),
            };
            (group, answer)
        })
        .buffer_unordered(AT_ONCE);
    let mut batch = Vec::new();
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
                asked.answered(&group, &identified);
                batch.push(Found { group, identified });
            }
            Err(error) if error.ends_the_run() => {
                end = Err(error.into());
                break;
            }
            Err(error) => {
                tally.could_not_ask(&group.items, &error);
                if let Err(error) = asked.failed(&group, target, probe).await {
                    end = Err(error.into());
                    break;
                }
            }
        }
        if batch.len() >= BATCH {
            store(engine, going, std::mem::take(&mut batch)).await?;
        }
    }
    drop(answers);
    store(engine, going, batch).await?;
    end
}

impl Asked {
    /// What was found out about the group before; nothing if it could not be asked about.
    fn again(&self, group: Group) -> Option<Found> {
        let identified = self.in_vain.get(&group.question())?.clone()?;
        Some(Found { group, identified })
    }

    fn answered(&mut self, group: &Group, identified: &Identified) {
        self.failures = 0;
        if !matches!(identified, Identified::Matched { .. }) {
            self.in_vain
                .insert(group.question(), Some(identified.clone()));
        }
    }

    /// A few entries that always fail must not keep the others from being asked for; many in a row
    /// mean that TMDB does not answer.
    async fn failed<T: Target>(
        &mut self,
        group: &Group,
        target: &T,
        probe: &UpstreamProbe,
    ) -> Result<(), TargetError> {
        self.in_vain.insert(group.question(), None);
        self.failures += 1;
        if self.failures == FAILURES_IN_A_ROW {
            let now = tokio::time::Instant::now();
            probe.answers_since(target, now).await?;
            self.failures = 0;
        }
        Ok(())
    }
}

/// Leaves out what a person has picked, or taken back, while it was looked for: their word is stored
/// already.
fn without_picked(
    conn: &mut SqliteConnection,
    mut found: Vec<Found>,
) -> Result<Vec<Found>, DbError> {
    let keys = found.iter().flat_map(|found| found.group.keys.iter());
    let keys: Vec<String> = keys.cloned().collect();
    let pins = Kept::of_keys(conn, &keys)?;
    found.retain(|found| is_word_of(pins.chosen(&found.group.keys), &found.identified));
    Ok(found)
}

/// Whether an answer is what the pin says, or nobody's word where there is no pin.
fn is_word_of(pin: Option<&Pin>, identified: &Identified) -> bool {
    match identified {
        Identified::Matched {
            media_type,
            tmdb_id,
            how,
            ..
        } if how == PICKED => {
            let said = pin.and_then(|pin| pin.media_type.zip(pin.tmdb_id));
            said == Some((*media_type, *tmdb_id))
        }
        Identified::RuledOut { .. } => pin.is_some_and(|pin| pin.tmdb_id.is_none()),
        Identified::Matched { .. }
        | Identified::NeedsReview { .. }
        | Identified::NotFound { .. } => pin.is_none(),
    }
}

/// Stores some answers with one transaction.
async fn store(engine: &Engine, going: &Going, found: Vec<Found>) -> Result<(), DbError> {
    if found.is_empty() {
        return Ok(());
    }
    let (now, run) = (engine.clock.now(), going.run);
    let names = engine
        .write(move |conn, events| {
            let found = without_picked(conn, found)?;
            let ids = found.iter().flat_map(|found| found.group.items.iter());
            let mut known = KnownIds::of(conn, ids.flat_map(identity::ids_of))?;
            let mut names = Vec::new();
            for mut found in found {
                let title = settle(conn, &mut known, &mut found, now)?;
                events.extend(news(&found, run, now));
                save(conn, found, title, now, &mut names)?;
            }
            Ok(names)
        })
        .await?;
    for name in names {
        going.step(&name);
    }
    Ok(())
}

/// The row of the title a group was matched to, and what its ids teach the id map. Ids that the map
/// knows as those of another title make it a matter for a person, but for a title that a person picked.
fn settle(
    conn: &mut SqliteConnection,
    known: &mut KnownIds,
    found: &mut Found,
    now: NaiveDateTime,
) -> Result<Option<TitleRef>, DbError> {
    let Identified::Matched {
        media_type,
        tmdb_id,
        title,
        year,
        how,
    } = &found.identified
    else {
        return Ok(None);
    };
    let new = NewTitle {
        media_type: *media_type,
        tmdb_id: *tmdb_id,
        title: title.clone(),
        year: *year,
        created_at: now,
        updated_at: now,
    };
    let title = Title::ensure(conn, &new)?;
    if how == PICKED {
        return Ok(Some(title.id));
    }
    let ids: Vec<TitleId> = found
        .group
        .items
        .iter()
        .flat_map(|item| identity::ids_of_match(item, &title, how, now))
        .collect();
    if let Some(against) = ids.iter().find_map(|id| known.against(id)) {
        let others = Title::of(conn, &[against.title])?;
        if let (Some(entry), Some(other)) = (found.group.entry(), others.first()) {
            found.identified = identity::divided(&entry, (&title, how), (other, against));
            return Ok(None);
        }
    }
    for id in ids {
        known.learn(conn, id)?;
    }
    Ok(Some(title.id))
}

/// Events of the entries that newly have no certain title. One that is still not found is no news, nor
/// is what a person said.
pub(super) fn news(found: &Found, run: RunId, now: NaiveDateTime) -> Vec<NewEvent> {
    let (kind, identity, why) = match &found.identified {
        Identified::Matched { .. } | Identified::RuledOut { .. } => return Vec::new(),
        Identified::NeedsReview { why, .. } => (EventKind::NeedsReview, Identity::NeedsReview, why),
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

/// Stores what became of a group and adds the names of its entries.
pub(super) fn save(
    conn: &mut SqliteConnection,
    found: Found,
    title: Option<TitleRef>,
    now: NaiveDateTime,
    names: &mut Vec<String>,
) -> Result<(), DbError> {
    let mut is_asked_again = false;
    let mut candidates = None;
    let (identity, reason) = match found.identified {
        Identified::Matched { how, .. } => (Identity::Matched, how),
        Identified::NeedsReview {
            why,
            candidates: found,
        } => {
            candidates = json(&found);
            (Identity::NeedsReview, why)
        }
        Identified::NotFound { why } => {
            is_asked_again = true;
            (Identity::NotFound, why)
        }
        Identified::RuledOut { why } => (Identity::NotFound, why),
    };
    for mut item in found.group.items {
        item.identity = identity;
        item.title_ref = title;
        item.identity_reason = Some(reason.clone());
        item.candidates.clone_from(&candidates);
        item.next_try = None;
        if is_asked_again {
            item.attempts += 1;
            item.next_try = now.checked_add_signed(pause(item.attempts));
        }
        item.save_identity(conn)?;
        names.push(item.title);
    }
    Ok(())
}

/// As they are stored; a person can name the title also where this fails.
fn json(candidates: &[ReviewCandidate]) -> Option<String> {
    serde_json::to_string(candidates)
        .inspect_err(|error| tracing::warn!("candidates of a review cannot be stored: {error}"))
        .ok()
}

fn pause(attempts: i32) -> chrono::Duration {
    let pause: Duration = identity::next_try(attempts, jitter());
    chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX)
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
#[path = "identify_tests.rs"]
pub(super) mod tests;
