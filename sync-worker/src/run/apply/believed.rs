//! Holds what TMDB tells of a title against the entries that are taken for it, before anything is
//! requested. An entry that is not believed waits for a person; so does its title in this run.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use futures_util::{StreamExt, stream};
use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    models::{IdSource, Identity, ListItem, NewEvent, NewTitle, RunId, Title, TitleId, TitleRef},
};

use super::{
    Applier, Deed,
    ahead::Read,
    facts::{AT_ONCE, Held},
};
use crate::{
    identity::{self, Doubt, OWN_ID, PICKED, Vouched},
    plan::{Decided, Verdict, Wish, decide},
    run::{
        Interrupted,
        group::Group,
        identify::{self, Found},
    },
    target::{Candidate, Details, Snapshot, Target, TargetError},
};

/// Whether a title is what its entries mean.
pub(super) enum Believed {
    /// As far as anybody knows; with what TMDB tells of its ids.
    Yes(Vec<TitleId>),
    /// It waits, with the reason and the remedy.
    No(Decided),
}

/// What came of asking for details a second time.
enum AskedAgain {
    Told(Details),
    NoSuchTitle,
    /// TMDB has not said what the title is.
    Untold,
}

/// A title, and the entries on lists that are taken for it, but for those that a person decided on.
pub(super) struct Taken {
    title: Title,
    /// Each with whether its ids are vouched for.
    entries: Vec<(ListItem, bool)>,
}

impl Taken {
    /// Those of some titles.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn of(
        conn: &mut SqliteConnection,
        titles: &[TitleRef],
    ) -> Result<HashMap<TitleRef, Self>, DbError> {
        let titles = Title::of(conn, titles)?;
        let mut entries = Vec::new();
        for title in &titles {
            entries.extend(ListItem::of_title(conn, title.id)?);
        }
        entries.retain(|entry| entry.left_at.is_none() && is_taken(entry));
        let vouched = Vouched::of(conn, &entries)?;
        let mut taken: HashMap<TitleRef, Self> = titles
            .into_iter()
            .map(|title| (title.id, Self::new(title)))
            .collect();
        for entry in entries {
            let is_vouched = vouched.covers(&entry);
            let of = entry.title_ref.and_then(|title| taken.get_mut(&title));
            if let Some(one) = of {
                one.entries.push((entry, is_vouched));
            }
        }
        Ok(taken)
    }

    fn new(title: Title) -> Self {
        Self {
            title,
            entries: Vec::new(),
        }
    }

    pub(super) fn title(&self) -> &Title {
        &self.title
    }

    fn is_doubtful(&self) -> bool {
        self.entries.iter().any(is_one_lists_word)
    }
}

/// Whether nobody but one list has said that an entry's title and TMDB's number go together.
fn is_one_lists_word((entry, is_vouched): &(ListItem, bool)) -> bool {
    let reason = entry.identity_reason.as_deref().unwrap_or_default();
    (reason == OWN_ID || reason.starts_with(&format!("{OWN_ID};")))
        && !entry.title.trim().is_empty()
        && !is_vouched
}

fn is_taken(entry: &ListItem) -> bool {
    entry.identity == Identity::Matched && entry.identity_reason.as_deref() != Some(PICKED)
}

impl<T: Target> Applier<'_, T> {
    /// The entries of the titles that are about to be requested.
    pub(super) async fn taken(&self, batch: &[Deed]) -> Result<HashMap<TitleRef, Taken>, DbError> {
        let titles: Vec<TitleRef> = batch.iter().map(|deed| deed.wish.title).collect();
        let read = self.engine.db.read(move |conn| Taken::of(conn, &titles));
        read.await
    }

    /// Whether the details of a title must be known before it is requested.
    pub(super) fn is_doubtful(&self, taken: &HashMap<TitleRef, Taken>, title: TitleRef) -> bool {
        !self.facts.compared.contains(&title) && taken.get(&title).is_some_and(Taken::is_doubtful)
    }

    /// Whether a title that is about to be requested is what its entries mean, by what was `read` of it.
    pub(super) async fn believe(
        &mut self,
        taken: &HashMap<TitleRef, Taken>,
        deed: &Deed,
        read: Option<Read>,
    ) -> Result<Believed, Interrupted> {
        let Some(title) = taken.get(&deed.wish.title) else {
            return Ok(Believed::Yes(Vec::new()));
        };
        let mut details = read.and_then(|read| read.details);
        if details.is_none() {
            if !self.is_doubtful(taken, deed.wish.title) {
                return Ok(Believed::Yes(Vec::new()));
            }
            details = match self.going.or_cancelled(self.asked_again(deed)).await?? {
                AskedAgain::Told(details) => Some(details),
                // The request will tell the same.
                AskedAgain::NoSuchTitle => return Ok(Believed::Yes(Vec::new())),
                AskedAgain::Untold => None,
            };
        }
        if let Some(held) = self.disbelieved(title, details.as_ref()).await? {
            return Ok(Believed::No(held.decided()));
        }
        self.facts.compared.insert(deed.wish.title);
        let now = self.engine.clock.now();
        let ids = details.map(|details| identity::ids_of_details(&title.title, &details, now));
        Ok(Believed::Yes(ids.unwrap_or_default()))
    }

    /// For a plan: holds the titles that it would request against their entries, where that must be done
    /// before they are. A run that requests does so on the way.
    pub(super) async fn compare_for_plan(
        &mut self,
        wishes: &[Wish],
        snapshot: &Snapshot,
    ) -> Result<(), Interrupted> {
        let is_asked_for = |wish: &&Wish| {
            let decided = decide(wish, self.batch.known(wish, snapshot), self.situation());
            matches!(decided.verdict, Verdict::Request { .. })
        };
        let titles: Vec<TitleRef> = wishes
            .iter()
            .filter(is_asked_for)
            .map(|wish| wish.title)
            .collect();
        let read = self.engine.db.read(move |conn| Taken::of(conn, &titles));
        let taken = read.await?;
        let target = self.target;
        let doubtful: Vec<&Taken> = taken
            .values()
            .filter(|one| self.is_doubtful(&taken, one.title.id))
            .collect();
        let mut answers = stream::iter(doubtful)
            .map(|one| async move {
                let (media_type, tmdb_id) = (one.title.media_type, one.title.tmdb_id);
                (one, target.details(media_type, tmdb_id).await)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((one, answer)) = self.going.or_cancelled(answers.next()).await? {
            match answer {
                Ok(details) => {
                    self.disbelieved(one, Some(&details)).await?;
                    self.facts.compared.insert(one.title.id);
                }
                Err(error) if error.ends_the_run() => return Err(error.into()),
                // Whoever requests it asks again.
                Err(error) => tracing::debug!("details could not be read for a plan: {error}"),
            }
        }
        Ok(())
    }

    /// The details once more, now that TMDB answers.
    async fn asked_again(&self, deed: &Deed) -> Result<AskedAgain, TargetError> {
        let now = tokio::time::Instant::now();
        self.facts.probe.answers_since(self.target, now).await?;
        let wish = &deed.wish;
        match self.target.details(wish.media_type, wish.tmdb_id).await {
            Ok(details) => Ok(AskedAgain::Told(details)),
            Err(TargetError::NoSuchTitle) => Ok(AskedAgain::NoSuchTitle),
            Err(error) if error.ends_the_run() => Err(error),
            Err(error) => {
                tracing::debug!(wish.tmdb_id, "details could not be read: {error}");
                Ok(AskedAgain::Untold)
            }
        }
    }

    /// Leaves the entries to a person that cannot be the title they are taken for, by its details, or by
    /// their own titles where nobody can read those. Gives why the title is not requested now, if it is not.
    pub(super) async fn disbelieved(
        &mut self,
        taken: &Taken,
        details: Option<&Details>,
    ) -> Result<Option<Held>, Interrupted> {
        let mut doubts = Vec::new();
        for told in &taken.entries {
            // Where nothing contradicts, nothing is asked, and the answer is there at once.
            let doubt = tokio::select! {
                biased;
                doubt = self.doubt(&taken.title, told, details) => doubt,
                () = self.going.cancel.cancelled() => return Err(Interrupted::Cancelled),
            };
            match doubt {
                Ok(doubt) => doubts.extend(doubt.map(|doubt| (told.0.clone(), doubt))),
                Err(error) if error.ends_the_run() => return Err(error.into()),
                Err(error) => return Ok(Some(self.hold(taken.title.id, unasked(&error)))),
            }
        }
        if doubts.is_empty() {
            return Ok(None);
        }
        let (id, held) = (taken.title.id, held(&doubts));
        tracing::warn!("an entry is not believed to be title {id}: {}", held.why);
        let (now, run) = (self.engine.clock.now(), self.going.run);
        let name = details.map(|details| (details.title.clone(), details.year));
        self.engine
            .write(move |conn, events| {
                if let Some((name, year)) = name.filter(|(name, _)| !name.is_empty()) {
                    Title::rename(conn, id, (&name, year), now)?;
                }
                for (entry, doubt) in doubts {
                    events.extend(leave_to_a_person(conn, id, (entry.id, doubt), run, now)?);
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(Some(self.hold(id, held)))
    }

    /// Why an entry is not the title, if it is not.
    async fn doubt(
        &self,
        title: &Title,
        told: &(ListItem, bool),
        details: Option<&Details>,
    ) -> Result<Option<Doubt>, TargetError> {
        let own = (title.media_type, title.tmdb_id);
        let ((entry, is_vouched), probe) = (told, &self.facts.probe);
        match details {
            Some(details) => {
                identity::against(self.target, entry, own, details, (*is_vouched, probe)).await
            }
            None if is_one_lists_word(told) => {
                identity::unread(self.target, entry, own, probe).await
            }
            None => Ok(None),
        }
    }

    fn hold(&mut self, title: TitleRef, held: Held) -> Held {
        self.facts.held.insert(title, held.clone());
        held
    }
}

impl Held {
    /// The decision on it.
    pub(super) fn decided(&self) -> Decided {
        Decided {
            verdict: Verdict::Wait,
            reason: self.why.clone(),
            remedy: Some(self.remedy.to_owned()),
        }
    }
}

/// Why a title waits whose entries are doubted: for a person, unless they were only misled.
fn held(doubts: &[(ListItem, Doubt)]) -> Held {
    let of_a_person = doubts
        .iter()
        .filter(|(entry, doubt)| !is_misled(entry, doubt))
        .find_map(|(_, doubt)| doubt.why());
    match of_a_person {
        Some(why) => Held {
            why: format!("a person has to say which title it is: {why}"),
            remedy: "Say which title it is with `listsync review`.",
            is_unasked: false,
        },
        None => Held {
            why: "its id is another title's: it is looked at anew".to_owned(),
            remedy: "The next run does it by itself.",
            is_unasked: false,
        },
    }
}

/// Whether the entry's own id told another title than it was taken for, so that nobody has to choose.
fn is_misled(entry: &ListItem, doubt: &Doubt) -> bool {
    entry.tmdb_id.is_none() && doubt.meant.is_some()
}

fn unasked(error: &TargetError) -> Held {
    Held {
        why: format!(
            "it could not be asked whether it is what its list means: {}",
            Chain(error)
        ),
        remedy: "It is asked again with the next run.",
        is_unasked: true,
    }
}

/// Stores that an entry is not what it was taken for; one whose own id told another title is looked at
/// anew, since it has only been misled. Gives what is new.
fn leave_to_a_person(
    conn: &mut SqliteConnection,
    title: TitleRef,
    (entry, doubt): (i32, Doubt),
    run: RunId,
    now: NaiveDateTime,
) -> Result<Vec<NewEvent>, DbError> {
    let is_still = |item: &ListItem| is_taken(item) && item.title_ref == Some(title);
    let Some(mut item) = ListItem::find(conn, entry)?.filter(is_still) else {
        return Ok(Vec::new()); // somebody has seen to it meanwhile
    };
    let is_misled = is_misled(&item, &doubt);
    if let Some((source, id, meant)) = doubt.meant {
        learn(conn, (source, id), &meant, now)?;
    }
    if is_misled {
        item.identity = Identity::New;
        item.title_ref = None;
        item.save_identity(conn)?;
        return Ok(Vec::new());
    }
    let found = Found {
        group: Group {
            items: vec![item],
            keys: Vec::new(),
        },
        identified: doubt.identified,
    };
    let events = identify::news(&found, run, now);
    identify::save(conn, found, None, now, &mut Vec::new())?;
    Ok(events)
}

/// What TMDB says an id means.
fn learn(
    conn: &mut SqliteConnection,
    (source, external_id): (IdSource, String),
    meant: &Candidate,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let new = NewTitle {
        media_type: meant.media_type,
        tmdb_id: meant.tmdb_id,
        title: meant.title.clone(),
        year: meant.year,
        created_at: now,
        updated_at: now,
    };
    let title = Title::ensure(conn, &new)?;
    let id = TitleId {
        source,
        external_id,
        media_type: meant.media_type,
        title: title.id,
        known_by: format!("{source} look-up"),
        known_at: now,
    };
    identity::learn(conn, vec![id])
}

#[cfg(test)]
#[path = "believed_tests.rs"]
mod tests;
