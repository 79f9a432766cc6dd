//! A database of a test with lists, entries, decisions and a ledger, and the stories told of it.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{Connection, ExpressionMethods, RunQueryDsl, SqliteConnection};
use runtime::Clock;
use schema::{
    models::{
        Cause, Decision, DecisionKind, Fetch, FetchKind, IdSource, Identity, LedgerSeason,
        LedgerStatus, List, ListId, ListItem, ListPolicy, ListSetback, MediaType, NewDecision,
        NewFetch, NewList, NewListItem, NewSyncedItem, NewTitle, ReviewCandidate, RunId,
        SeasonState, SyncedItem, Title, TitleId,
    },
    wire::{
        Failure,
        sync::{RetryAsked, RetryTitle, Story, StoryLook, Why},
    },
};

use crate::{
    engine::Engine,
    sample_engine::engine,
    story::{self, Outlook, Situation},
};

/// 2026-03-01 12:00 UTC and so many minutes.
pub(super) fn at(minute: i64) -> NaiveDateTime {
    DateTime::from_timestamp(1_772_366_400 + minute * 60, 0)
        .unwrap()
        .naive_utc()
}

pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) conn: SqliteConnection,
    pub(super) outlook: Outlook,
    _folder: tempfile::TempDir,
}

impl World {
    /// It is 2026-03-01 18:00; the next run is at 2026-03-02 12:00.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seerr = [
            ("OVERSEERR_URL", "http://127.0.0.1:9"),
            ("OVERSEERR_API_KEY", "hush"),
        ];
        let engine = engine(folder.path(), Clock::fixed(at(360)), &seerr);
        let database = engine.settings().settings.paths.database();
        let conn = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
        let outlook = Outlook {
            next_sync: Some(at(1440).and_utc()),
            run: None,
            automated: true,
            missing: Vec::new(),
        };
        Self {
            engine,
            conn,
            outlook,
            _folder: folder,
        }
    }

    pub(super) fn situation(&self) -> Situation {
        story::situation(&self.engine, self.outlook.clone())
    }

    pub(super) async fn story(&self, title: &str) -> Result<Box<Story>, Failure> {
        let why = Why {
            title: title.to_owned(),
        };
        story::tell(&self.engine, why, self.situation()).await
    }

    /// The story as a person reads it.
    pub(super) async fn told(&self, title: &str) -> String {
        let story = self.story(title).await.unwrap();
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        story.text(&StoryLook {
            width: None,
            time: &time,
        })
    }

    pub(super) async fn retry(&self, title: &str, anyway: bool) -> Result<RetryAsked, Failure> {
        let request = RetryTitle {
            title: title.to_owned(),
            anyway,
        };
        story::retry(&self.engine, request, self.situation()).await
    }

    /// A list that was read completely at 12:00.
    pub(super) fn list(&mut self, list_type: &str, list_id: &str, name: &str) -> ListId {
        let new = NewList {
            list_type: list_type.into(),
            list_id: list_id.into(),
            list_url: String::new(),
            description: name.into(),
            status: FetchKind::New,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: at(-60),
            updated_at: at(-60),
        };
        let list = List::insert(&mut self.conn, &new).unwrap().id;
        List::read_completely(&mut self.conn, list, None, 250, at(0)).unwrap();
        list
    }

    pub(super) fn first_list(&mut self) -> Option<ListId> {
        let all = List::all(&mut self.conn, false).unwrap();
        all.first().map(|(list, _)| list.id)
    }

    pub(super) fn read_badly(&mut self, list: ListId, status: FetchKind, cause: Cause, why: &str) {
        let setback = ListSetback {
            status,
            cause: Some(cause),
            reason: why.into(),
            entries: 0,
            on_list: None,
        };
        List::read_badly(&mut self.conn, list, &setback, at(300)).unwrap();
    }

    pub(super) fn follow_top(&mut self, list: ListId, limit: i32) {
        use schema_tables::lists;
        diesel::update(lists::table)
            .filter(lists::id.eq(list.0))
            .set(lists::item_limit.eq(limit))
            .execute(&mut self.conn)
            .unwrap();
    }

    pub(super) fn policy(&mut self, list: ListId, change: impl FnOnce(&mut ListPolicy)) {
        let mut policy = ListPolicy::of(&mut self.conn, list).unwrap();
        change(&mut policy);
        policy.save(&mut self.conn).unwrap();
    }

    /// An entry that came onto the list at 12:00.
    pub(super) fn entry(&mut self, list: ListId, rank: i32, name: &str, year: i32) -> ListItem {
        self.entry_with(list, rank, name, year, |_| {})
    }

    pub(super) fn entry_with(
        &mut self,
        list: ListId,
        rank: i32,
        name: &str,
        year: i32,
        change: impl FnOnce(&mut NewListItem),
    ) -> ListItem {
        let mut new = NewListItem {
            trakt_id: None,
            season: None,
            list,
            entry_key: format!("title:any:{year}:{}", name.to_lowercase()),
            rank,
            title: name.into(),
            original_title: None,
            year: Some(year),
            media_type: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            first_seen: at(0),
            fetch: None,
            identity: Identity::New,
        };
        change(&mut new);
        let key = new.entry_key.clone();
        ListItem::insert(&mut self.conn, &[new]).unwrap();
        let all = ListItem::of_list(&mut self.conn, list).unwrap();
        all.into_iter().find(|item| item.entry_key == key).unwrap()
    }

    /// The title, met at 12:00.
    pub(super) fn title(
        &mut self,
        media_type: MediaType,
        tmdb_id: i64,
        name: &str,
        year: i32,
    ) -> Title {
        let new = NewTitle {
            media_type,
            tmdb_id,
            title: name.into(),
            year: Some(year),
            created_at: at(0),
            updated_at: at(0),
        };
        Title::ensure(&mut self.conn, &new).unwrap()
    }

    pub(super) fn id(&mut self, title: &Title, source: IdSource, id: &str) {
        let row = TitleId {
            source,
            external_id: id.into(),
            media_type: title.media_type,
            title: title.id,
            known_by: "the entry".into(),
            known_at: at(0),
        };
        row.insert(&mut self.conn).unwrap();
    }

    pub(super) fn matched(&mut self, mut item: ListItem, title: &Title, how: &str) {
        item.identity = Identity::Matched;
        item.title_ref = Some(title.id);
        item.identity_reason = Some(how.into());
        item.save_identity(&mut self.conn).unwrap();
    }

    pub(super) fn unsure(&mut self, mut item: ListItem, why: &str, candidates: &[ReviewCandidate]) {
        item.identity = Identity::NeedsReview;
        item.identity_reason = Some(why.into());
        item.candidates = Some(serde_json::to_string(candidates).unwrap());
        item.save_identity(&mut self.conn).unwrap();
    }

    pub(super) fn left(&mut self, item: &ListItem, minute: i64) {
        ListItem::mark_left(&mut self.conn, &[item.id], at(minute), None).unwrap();
    }

    /// The entry stands on its list again.
    pub(super) fn returned(&mut self, item: &ListItem, minute: i64) {
        let left = ListItem::find(&mut self.conn, item.id).unwrap().unwrap();
        let again = NewListItem {
            list: item.list,
            entry_key: item.entry_key.clone(),
            rank: item.rank,
            title: item.title.clone(),
            original_title: item.original_title.clone(),
            year: item.year,
            media_type: item.media_type,
            imdb_id: item.imdb_id.clone(),
            tmdb_id: item.tmdb_id,
            tvdb_id: item.tvdb_id,
            season: item.season,
            trakt_id: item.trakt_id,
            first_seen: item.first_seen,
            fetch: None,
            identity: item.identity,
        };
        left.save_entry(&mut self.conn, &again, at(minute)).unwrap();
    }

    pub(super) fn removed(&mut self, list: ListId, minute: i64) {
        List::set_removed(&mut self.conn, list, Some(at(minute)), at(minute)).unwrap();
    }

    /// The last reading of the list: so many entries there, and so many left out.
    pub(super) fn fetched(&mut self, list: ListId, announced: i32, dropped: i32) {
        let new = NewFetch {
            list,
            list_type: "imdb".into(),
            list_id: String::new(),
            started_at: at(0),
            finished_at: at(0),
            outcome: FetchKind::Complete,
            reason: None,
            entries: announced - dropped,
            announced: Some(announced),
            dropped,
            pages: 1,
            not_modified: false,
            cause: None,
            digest: None,
        };
        Fetch::insert(&mut self.conn, &new).unwrap();
    }

    pub(super) fn decided(&mut self, minute: i64, title: &Title, what: Told<'_>) {
        let new = NewDecision {
            run: RunId(what.run),
            title: title.id,
            is_4k: what.is_4k,
            decision: what.decision,
            reason: what.reason.into(),
            decided_at: at(minute),
            remedy: what.remedy.map(str::to_owned),
            seasons: what
                .seasons
                .map(|seasons| seasons.iter().copied().collect()),
            sources: Some("imdb:top".into()),
        };
        Decision::insert(&mut self.conn, &[new]).unwrap();
    }

    pub(super) fn ledger(
        &mut self,
        minute: i64,
        title: &Title,
        status: LedgerStatus,
        reason: &str,
        change: impl FnOnce(&mut NewSyncedItem),
    ) -> SyncedItem {
        let mut row = NewSyncedItem {
            target: "seerr".into(),
            title: title.title.clone(),
            year: title.year,
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
            imdb_id: None,
            is_4k: false,
            overseerr_id: None,
            status,
            reason: reason.into(),
            provider_source: "imdb:top".into(),
            request_id: None,
            created_by_us: false,
            asked_as_user: Some(1),
            run: Some(RunId(4)),
            attempts: 1,
            retry_at: None,
            requesting_since: None,
            request_after: None,
            refused_at: None,
            last_synced: at(minute),
            error_message: None,
            requested_at: None,
        };
        change(&mut row);
        SyncedItem::save(&mut self.conn, &row).unwrap()
    }

    pub(super) fn season(&mut self, row: &SyncedItem, season: i32, request_id: Option<i32>) {
        let state = if request_id.is_some() {
            SeasonState::Requested
        } else {
            SeasonState::Adopted
        };
        let season = LedgerSeason {
            item: row.id,
            season,
            request_id,
            state,
        };
        season.save(&mut self.conn).unwrap();
    }

    /// The ledger's row in standard quality.
    pub(super) fn row(&mut self, title: &Title) -> SyncedItem {
        let rows = SyncedItem::of_title(&mut self.conn, title.media_type, title.tmdb_id);
        rows.unwrap().remove(0)
    }
}

/// A decision in few words.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) run: i32,
    pub(super) is_4k: bool,
    pub(super) decision: DecisionKind,
    pub(super) reason: &'a str,
    pub(super) remedy: Option<&'a str>,
    pub(super) seasons: Option<&'a [i32]>,
}

impl<'a> Told<'a> {
    pub(super) fn by(run: i32, decision: DecisionKind, reason: &'a str) -> Self {
        Self {
            run,
            is_4k: false,
            decision,
            reason,
            remedy: None,
            seasons: None,
        }
    }
}

/// The one column that no query of the models sets alone.
mod schema_tables {
    diesel::table! {
        lists (id) {
            id -> Integer,
            item_limit -> Nullable<Integer>,
        }
    }
}
