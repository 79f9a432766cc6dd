//! `events`: what happened, numbered, for live streams to resume from. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{ListId, RunId};
use crate::{column::word_enum, tables::events, wire::sync::EventView};

word_enum! {
    /// Kinds of events.
    EventKind {
        /// A run began.
        RunStarted = "run_started",
        /// A run ended, however.
        RunEnded = "run_ended",
        /// A list was read, or could not be.
        ListRead = "list_read",
        /// A title was requested.
        TitleRequested = "title_requested",
        /// A request failed.
        RequestFailed = "request_failed",
        /// An entry waits for a person to say which title it is.
        NeedsReview = "needs_review",
        /// No title was found for an entry.
        NotFound = "not_found",
        /// A person said which title an entry is, or took that back.
        Pinned = "pinned",
        /// A list was added, changed or removed.
        ListChanged = "list_changed",
        /// Settings were saved.
        SettingsChanged = "settings_changed",
        /// A person lets a title be tried again.
        RetryAsked = "retry_asked",
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Number, never given twice.
    pub id: i32,
    /// When.
    pub at: NaiveDateTime,
    /// What.
    pub kind: EventKind,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The list it is about.
    pub list: Option<ListId>,
    /// Details as JSON.
    pub data: String,
}

/// An event to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the fields are those of `Event`")]
pub struct NewEvent {
    pub at: NaiveDateTime,
    pub kind: EventKind,
    pub run: Option<RunId>,
    pub list: Option<ListId>,
    pub data: String,
}

/// What comes after a given event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// The next events in order, a page at the most; none when the given one is the newest.
    Events(Vec<Event>),
    /// The given one is too old, so that some after it are forgotten, or it is of another database.
    Reset {
        /// The newest event there is; 0 when there is none.
        newest: i32,
    },
}

impl Event {
    /// Most events of one page; one with fewer has all there are.
    pub const PAGE: usize = 200;

    /// Stores events in order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &[NewEvent]) -> QueryResult<()> {
        for chunk in new.chunks(100) {
            diesel::insert_into(events::table)
                .values(chunk)
                .execute(conn)?;
        }
        Ok(())
    }

    /// Forgets events older than `before` and all but the newest `keep`. The newest stays: who has
    /// seen it can go on after it. Only from the beginning, whatever the clock did: a number that is
    /// missing between others could not be told from one that was sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prune(conn: &mut SqliteConnection, before: NaiveDateTime, keep: i32) -> QueryResult<()> {
        let newest = Self::newest(conn)?;
        let oldest_to_keep: Option<i32> = events::table
            .filter(events::at.ge(before))
            .select(diesel::dsl::min(events::id))
            .first(conn)?;
        let first = oldest_to_keep
            .unwrap_or(newest)
            .max(newest.saturating_sub(keep).saturating_add(1));
        diesel::delete(events::table.filter(events::id.lt(first))).execute(conn)?;
        Ok(())
    }

    /// The number of the newest event; 0 when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest(conn: &mut SqliteConnection) -> QueryResult<i32> {
        let newest: Option<i32> = events::table
            .select(diesel::dsl::max(events::id))
            .first(conn)?;
        Ok(newest.unwrap_or(0))
    }

    /// The number after which the last `count` events come; 0 when there are no more than that.
    ///
    /// # Errors
    /// When the database fails.
    pub fn before_last(conn: &mut SqliteConnection, count: u32) -> QueryResult<i32> {
        let before: Option<i32> = events::table
            .select(events::id)
            .order(events::id.desc())
            .offset(i64::from(count))
            .first(conn)
            .optional()?;
        match before {
            Some(before) => Ok(before),
            None => Ok(Self::oldest(conn)?.map_or(0, |oldest| oldest - 1)),
        }
    }

    /// The next page of events after the one numbered `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn after(conn: &mut SqliteConnection, after: i32) -> QueryResult<Following> {
        let page: Vec<Self> = events::table
            .filter(events::id.gt(after))
            .order(events::id)
            .limit(i64::try_from(Self::PAGE).unwrap_or(i64::MAX))
            .select(Self::as_select())
            .load(conn)?;
        // Numbers have no gaps, so what is missing right after `after` was forgotten.
        let is_next = page
            .first()
            .is_some_and(|first| first.id == after.saturating_add(1));
        if is_next {
            return Ok(Following::Events(page));
        }
        let newest = Self::newest(conn)?;
        if page.is_empty() && after <= newest {
            return Ok(Following::Events(page));
        }
        Ok(Following::Reset { newest })
    }

    fn oldest(conn: &mut SqliteConnection) -> QueryResult<Option<i32>> {
        events::table
            .select(diesel::dsl::min(events::id))
            .first(conn)
    }

    /// It as people and programs see it.
    pub fn view(self) -> EventView {
        EventView {
            id: self.id,
            at: self.at.and_utc(),
            kind: self.kind,
            run: self.run,
            list: self.list,
            data: serde_json::from_str(&self.data).unwrap_or(serde_json::Value::String(self.data)),
        }
    }

    /// The details of a run's events of one kind, as JSON.
    ///
    /// # Errors
    /// When the database fails.
    pub fn details(
        conn: &mut SqliteConnection,
        run: RunId,
        kind: EventKind,
    ) -> QueryResult<Vec<String>> {
        events::table
            .filter(events::run.eq(run).and(events::kind.eq(kind)))
            .select(events::data)
            .load(conn)
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "nobody follows the events of these tests"
)]
mod tests {
    use super::*;

    fn at(minute: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    struct World {
        conn: SqliteConnection,
        _folder: tempfile::TempDir,
    }

    impl World {
        fn with(events: i64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("list_sync.db");
            crate::migrate(&path).unwrap();
            let conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            let mut world = Self {
                conn,
                _folder: folder,
            };
            world.insert(0..events);
            world
        }

        fn insert(&mut self, minutes: std::ops::Range<i64>) {
            let new: Vec<NewEvent> = minutes
                .map(|minute| NewEvent {
                    at: at(minute),
                    kind: EventKind::ListRead,
                    run: Some(RunId(1)),
                    list: None,
                    data: format!("{{\"minute\":{minute}}}"),
                })
                .collect();
            Event::insert(&mut self.conn, &new).unwrap();
        }

        /// How the database finds the rows of a query.
        fn plan_of(&mut self, query: &str) -> String {
            #[derive(QueryableByName)]
            struct Step {
                #[diesel(sql_type = diesel::sql_types::Text)]
                detail: String,
            }
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}"))
                .load(&mut self.conn)
                .unwrap();
            steps.into_iter().map(|step| step.detail).collect()
        }

        fn after(&mut self, after: i32) -> Following {
            Event::after(&mut self.conn, after).unwrap()
        }

        fn numbers_after(&mut self, after: i32) -> Vec<i32> {
            match self.after(after) {
                Following::Events(events) => events.iter().map(|event| event.id).collect(),
                reset @ Following::Reset { .. } => panic!("{reset:?}"),
            }
        }
    }

    #[test]
    fn what_happened_in_a_run_is_found_without_a_look_at_every_event() {
        let mut world = World::with(3);
        let plan = world.plan_of("SELECT data FROM events WHERE run = 1 AND kind = 'list_read'");
        assert!(plan.contains("USING INDEX events_by_run"), "{plan}");
        let details = Event::details(&mut world.conn, RunId(1), EventKind::ListRead).unwrap();
        assert_eq!(details.len(), 3);
    }

    #[test]
    fn events_are_given_in_pages_and_none_after_the_newest() {
        let mut world = World::with(450);
        let (mut last, mut seen) = (0, Vec::new());
        loop {
            let page = world.numbers_after(last);
            let Some(newest) = page.last() else { break };
            assert!(page.len() <= 200);
            last = *newest;
            seen.extend(page);
        }
        assert_eq!(seen, (1..=450).collect::<Vec<i32>>());
        assert_eq!(Event::newest(&mut world.conn).unwrap(), 450);
    }

    #[test]
    fn a_number_that_is_too_old_or_not_of_this_database_is_a_reset() {
        let mut world = World::with(10);
        Event::prune(&mut world.conn, at(0), 4).unwrap();
        assert_eq!(world.numbers_after(6), [7, 8, 9, 10]);
        assert_eq!(world.after(5), Following::Reset { newest: 10 });
        assert_eq!(world.after(11), Following::Reset { newest: 10 });
        assert_eq!(world.numbers_after(10), [0; 0]);
        let mut fresh = World::with(0);
        assert_eq!(fresh.numbers_after(0), [0; 0]);
        assert_eq!(fresh.after(3), Following::Reset { newest: 0 });
    }

    #[test]
    fn the_last_events_are_found_also_when_there_are_fewer() {
        let mut world = World::with(10);
        let before_last = |world: &mut World, count| {
            let before = Event::before_last(&mut world.conn, count).unwrap();
            world.numbers_after(before)
        };
        assert_eq!(before_last(&mut world, 3), [8, 9, 10]);
        assert_eq!(before_last(&mut world, 0), [0; 0]);
        assert_eq!(before_last(&mut world, 99), (1..=10).collect::<Vec<i32>>());
        Event::prune(&mut world.conn, at(0), 4).unwrap();
        assert_eq!(before_last(&mut world, 99), [7, 8, 9, 10]);
        let mut fresh = World::with(0);
        assert_eq!(before_last(&mut fresh, 5), [0; 0]);
    }

    #[test]
    fn who_has_seen_the_newest_goes_on_after_it_however_old_it_is() {
        let mut world = World::with(3);
        Event::prune(&mut world.conn, at(99), 50).unwrap();
        assert_eq!(world.numbers_after(2), [3]);
        world.insert(100..101);
        assert_eq!(world.numbers_after(3), [4]);
        assert_eq!(world.after(1), Following::Reset { newest: 4 });
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_no_gap() {
        let mut world = World::with(0);
        world.insert(100..103); // the clock was wrong
        world.insert(0..5);
        world.insert(50..52);
        Event::prune(&mut world.conn, at(50), 50).unwrap();
        assert_eq!(world.numbers_after(0), (1..=10).collect::<Vec<i32>>());
        Event::prune(&mut world.conn, at(101), 50).unwrap();
        assert_eq!(world.numbers_after(1), (2..=10).collect::<Vec<i32>>());
        Event::prune(&mut world.conn, at(200), 50).unwrap();
        assert_eq!(world.numbers_after(9), [10]);
    }

    #[test]
    fn details_that_are_no_json_are_shown_as_text() {
        let mut world = World::with(1);
        let Following::Events(mut events) = world.after(0) else {
            panic!("a reset");
        };
        let mut event = events.remove(0);
        assert_eq!(event.clone().view().data["minute"], 0);
        "plain".clone_into(&mut event.data);
        assert_eq!(event.view().data, "plain");
    }
}
