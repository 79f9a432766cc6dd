//! Everything that is stored of one title, read for its story. Only reads; leaves telling it to `tell`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use schema::{
    DbError, SqliteConnection,
    models::{
        Decision, Fetch, LedgerSeason, List, ListId, ListItem, ListPolicy, MediaType, Pin, Plan,
        PlanItem, RunId, SyncedItem, Title, TitleFacts, TitleId,
    },
    wire::sync::Missing,
};

use super::find::{Subject, same_entries};
use crate::identity::all_keys;

/// What is stored of a title.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What somebody called it by.
    pub(super) asked: String,
    /// Movie or show, where nothing but that was said of it.
    pub(super) media_type: Option<MediaType>,
    /// TMDB's number, likewise.
    pub(super) tmdb_id: Option<i64>,
    /// The title, once it is known.
    pub(super) title: Option<Title>,
    /// Its ids elsewhere.
    pub(super) ids: Vec<TitleId>,
    /// Its entries, those that left included, by list.
    pub(super) entries: Vec<ListItem>,
    /// Every list, removed ones included.
    pub(super) lists: Vec<Followed>,
    /// What people said its entries are.
    pub(super) pins: Vec<Pin>,
    /// What was decided, the oldest first.
    pub(super) decisions: Vec<Decision>,
    /// What was asked, with the seasons, by quality.
    pub(super) ledger: Vec<(SyncedItem, Vec<LedgerSeason>)>,
    /// When its seasons air, where it is a show.
    pub(super) airing: Option<TitleFacts>,
    /// What open plans do with it.
    pub(super) plans: Vec<(PlanItem, Plan)>,
}

/// A list and how it is followed.
#[derive(Debug)]
pub(super) struct Followed {
    /// The list.
    pub(super) list: List,
    /// How.
    pub(super) policy: ListPolicy,
    /// Entries that its site said there are; not read for a title that is on a list.
    pub(super) announced: Option<i32>,
    /// Entries of it that are no movie and no show; likewise.
    pub(super) dropped: i32,
}

/// What holds for every story told now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Situation {
    /// Now.
    pub(crate) now: NaiveDateTime,
    /// What people call the target.
    pub(crate) target: String,
    /// Whether lists that do not say ask for 4K.
    pub(crate) is_4k: bool,
    /// What the schedule does.
    pub(crate) outlook: Outlook,
}

/// What the schedule does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlook {
    /// When the next run is; absent when the schedule starts none.
    pub(crate) next_sync: Option<DateTime<Utc>>,
    /// The run that is going on.
    pub(crate) run: Option<RunId>,
    /// Whether the schedule starts runs.
    pub(crate) automated: bool,
    /// What a person has to set before a run can do its work.
    pub(crate) missing: Vec<Missing>,
}

impl Facts {
    /// Reads them.
    pub(super) fn read(
        conn: &mut SqliteConnection,
        asked: &str,
        subject: Subject,
    ) -> Result<Self, DbError> {
        let mut facts = Self {
            asked: asked.trim().to_owned(),
            ..Self::default()
        };
        match subject {
            Subject::Nobody {
                media_type,
                tmdb_id,
            } => {
                facts.media_type = media_type;
                facts.tmdb_id = tmdb_id;
            }
            Subject::Entries(entries) => facts.entries = same_entries(conn, entries)?,
            Subject::Title(title) => facts.of_title(conn, title)?,
        }
        let keys: Vec<String> = facts.entries.iter().flat_map(all_keys).collect();
        for (_, pin) in Pin::by_keys(conn, &keys)? {
            if facts.pins.iter().all(|known| known.id != pin.id) {
                facts.pins.push(pin);
            }
        }
        facts.lists = List::all(conn, true)?
            .into_iter()
            .map(|(list, policy)| Followed {
                list,
                policy,
                announced: None,
                dropped: 0,
            })
            .collect();
        // Only of a title that is on none it matters how much of a list is left out.
        if facts.standing().next().is_none() {
            facts.know_readings(conn)?;
        }
        Ok(facts)
    }

    fn of_title(&mut self, conn: &mut SqliteConnection, title: Title) -> Result<(), DbError> {
        self.ids = TitleId::of_title(conn, title.id)?;
        self.entries = ListItem::of_title(conn, title.id)?;
        self.decisions = Decision::of_title(conn, title.id)?;
        self.decisions.reverse();
        for row in SyncedItem::of_title(conn, title.media_type, title.tmdb_id)? {
            let seasons = LedgerSeason::of_item(conn, row.id)?;
            self.ledger.push((row, seasons));
        }
        self.airing = TitleFacts::of(conn, &[title.id])?.pop();
        self.plans = PlanItem::waiting(conn, title.id)?;
        self.title = Some(title);
        Ok(())
    }

    /// What was left out of each list when it was read last.
    fn know_readings(&mut self, conn: &mut SqliteConnection) -> Result<(), DbError> {
        let newest = Fetch::newest_of_each(conn)?.into_iter();
        let newest: HashMap<ListId, Fetch> = newest.map(|fetch| (fetch.list, fetch)).collect();
        for followed in &mut self.lists {
            if let Some(fetch) = newest.get(&followed.list.id) {
                followed.announced = fetch.announced;
                followed.dropped = fetch.dropped;
            }
        }
        Ok(())
    }

    /// The list with this number.
    pub(super) fn list(&self, id: ListId) -> Option<&Followed> {
        self.lists.iter().find(|followed| followed.list.id == id)
    }

    /// The entries that are on a list that is followed.
    pub(super) fn standing(&self) -> impl Iterator<Item = (&ListItem, &Followed)> {
        self.entries
            .iter()
            .filter(|entry| entry.left_at.is_none())
            .filter_map(|entry| Some((entry, self.list(entry.list)?)))
            .filter(|(_, followed)| followed.list.removed_at.is_none())
    }
}
