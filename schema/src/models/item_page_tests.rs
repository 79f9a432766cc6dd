use super::*;
use crate::models::{
    DecisionKind, FetchKind, LedgerStatus, List, ListPolicy, NewDecision, NewList, NewListItem,
    NewSyncedItem, NewTitle, RunId, SeasonFacts,
};

fn at(minute: i64) -> NaiveDateTime {
    chrono::DateTime::from_timestamp(1_772_366_400 + minute * 60, 0)
        .unwrap()
        .naive_utc()
}

struct World {
    conn: SqliteConnection,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        crate::migrate(&file).unwrap();
        Self {
            conn: SqliteConnection::establish(file.to_str().unwrap()).unwrap(),
            _folder: folder,
        }
    }

    fn list(&mut self, name: &str, is_4k: Option<bool>) -> ListId {
        let new = NewList {
            list_type: "imdb".into(),
            list_id: name.into(),
            list_url: String::new(),
            description: name.into(),
            status: FetchKind::Complete,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: at(0),
            updated_at: at(0),
        };
        let list = List::insert(&mut self.conn, &new).unwrap().id;
        if is_4k.is_some() {
            let mut policy = ListPolicy::of(&mut self.conn, list).unwrap();
            policy.is_4k = is_4k;
            policy.save(&mut self.conn).unwrap();
        }
        list
    }

    fn title(&mut self, media_type: MediaType, tmdb_id: i64) -> Title {
        let new = NewTitle {
            media_type,
            tmdb_id,
            title: format!("Title {tmdb_id}"),
            year: None,
            created_at: at(0),
            updated_at: at(0),
        };
        Title::ensure(&mut self.conn, &new).unwrap()
    }

    fn entry(&mut self, list: ListId, rank: i32, title: Option<&Title>, identity: Identity) {
        let new = NewListItem {
            trakt_id: None,
            season: None,
            list,
            entry_key: format!("{list}-{rank}"),
            rank,
            title: format!("Entry {rank}"),
            original_title: None,
            year: None,
            media_type: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            first_seen: at(0),
            fetch: None,
            identity,
        };
        ListItem::insert(&mut self.conn, std::slice::from_ref(&new)).unwrap();
        let stored = ListItem::by_keys(&mut self.conn, list, &[&new.entry_key]).unwrap();
        let mut item = stored.into_iter().next().unwrap();
        item.title_ref = title.map(|title| title.id);
        item.save_identity(&mut self.conn).unwrap();
    }

    fn decided(&mut self, title: &Title, is_4k: bool, kind: DecisionKind, reason: &str) {
        let new = NewDecision {
            run: RunId(1),
            title: title.id,
            is_4k,
            decision: kind,
            reason: reason.into(),
            decided_at: at(10),
            remedy: Some(format!("What helps against: {reason}")),
            seasons: None,
            sources: None,
        };
        Decision::insert(&mut self.conn, &[new]).unwrap();
    }

    fn recorded(&mut self, title: &Title, is_4k: bool, status: LedgerStatus, minute: i64) {
        let row = NewSyncedItem {
            requested_at: None,
            target: "seerr".into(),
            title: title.title.clone(),
            year: None,
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
            imdb_id: None,
            is_4k,
            overseerr_id: None,
            status,
            reason: format!("the ledger says {status}"),
            provider_source: "imdb:top".into(),
            request_id: None,
            created_by_us: false,
            asked_as_user: None,
            run: None,
            attempts: 1,
            retry_at: (status == LedgerStatus::Failed).then(|| at(120)),
            requesting_since: None,
            request_after: None,
            refused_at: None,
            last_synced: at(minute),
            error_message: None,
        };
        SyncedItem::save(&mut self.conn, &row).unwrap();
    }

    fn page(&mut self, filter: &ItemFilter) -> Vec<ItemRow> {
        let (rows, total) = ItemRow::page(&mut self.conn, filter, 5000, 0, at(60)).unwrap();
        assert_eq!(i64::try_from(rows.len()), Ok(total), "{filter:?}");
        rows
    }
}

const LEDGER: [LedgerStatus; 11] = [
    LedgerStatus::Planned,
    LedgerStatus::Requesting,
    LedgerStatus::Requested,
    LedgerStatus::Adopted,
    LedgerStatus::Available,
    LedgerStatus::Failed,
    LedgerStatus::FailedPermanent,
    LedgerStatus::Declined,
    LedgerStatus::Blocklisted,
    LedgerStatus::Deleted,
    LedgerStatus::Withdrawn,
];

const STATUSES: [ItemStatus; 13] = [
    ItemStatus::Waiting,
    ItemStatus::Skipped,
    ItemStatus::Planned,
    ItemStatus::Requesting,
    ItemStatus::Requested,
    ItemStatus::Adopted,
    ItemStatus::Available,
    ItemStatus::Failed,
    ItemStatus::FailedPermanent,
    ItemStatus::Declined,
    ItemStatus::Blocklisted,
    ItemStatus::Deleted,
    ItemStatus::Withdrawn,
];

/// Every ledger status with every kind of decision, older and newer, in either quality and in both, on
/// a list of each policy.
fn everything() -> World {
    let mut world = World::new();
    let lists = [
        world.list("unsaid", None),
        world.list("standard", Some(false)),
        world.list("sharp", Some(true)),
    ];
    let ledger: Vec<Option<LedgerStatus>> = LEDGER.into_iter().map(Some).chain([None]).collect();
    let kinds = [
        None,
        Some(DecisionKind::Request),
        Some(DecisionKind::Skip),
        Some(DecisionKind::Wait),
        Some(DecisionKind::Review),
    ];
    let mut number = 0;
    for status in &ledger {
        for kind in kinds {
            for minute in [5, 10, 20] {
                for qualities in [&[false][..], &[true], &[false, true]] {
                    number += 1;
                    let title = world.title(MediaType::Movie, i64::from(number));
                    for is_4k in qualities {
                        if let Some(kind) = kind {
                            // An earlier one does not count.
                            world.decided(&title, *is_4k, DecisionKind::Wait, "long ago");
                            world.decided(&title, *is_4k, kind, "lately");
                        }
                        if let Some(status) = status {
                            world.recorded(&title, *is_4k, *status, minute);
                        }
                    }
                    for list in lists {
                        world.entry(list, number, Some(&title), Identity::Matched);
                    }
                }
            }
        }
    }
    world
}

#[test]
fn the_database_finds_what_the_rule_means_by_a_status() {
    let mut world = everything();
    let all = world.page(&ItemFilter::default());
    let titles: Vec<&Title> = all.iter().filter_map(|row| row.title.as_ref()).collect();
    let recorded = Recorded::of(&mut world.conn, &titles).unwrap();
    let policies: HashMap<ListId, Option<bool>> = [1, 2, 3]
        .map(ListId)
        .map(|list| (list, ListPolicy::of(&mut world.conn, list).unwrap().is_4k))
        .into();
    for status in STATUSES {
        let by_rule: Vec<i32> = all
            .iter()
            .filter(|row| {
                let title = row.title.as_ref().unwrap();
                let of = |is_4k| Standing {
                    row: recorded.rows.get(&(title.media_type, title.tmdb_id, is_4k)),
                    decision: recorded.decisions.get(&(title.id, is_4k)),
                };
                let has_standard = of(false).row.is_some() || of(false).decision.is_some();
                status.includes(of(policies[&row.item.list].unwrap_or(!has_standard)))
            })
            .map(|row| row.item.id)
            .collect();
        let filter = ItemFilter {
            status: Some(status),
            ..ItemFilter::default()
        };
        let page = world.page(&filter);
        let looked_up: Vec<i32> = page.iter().map(|row| row.item.id).collect();
        assert_eq!(looked_up, by_rule, "{status}");
        assert!(!by_rule.is_empty(), "{status}");
        let walked = filter
            .walked()
            .numbers(&mut world.conn, "i.id", "ORDER BY i.list, i.rank, i.id")
            .unwrap();
        assert!(
            walked
                .into_iter()
                .eq(by_rule.iter().map(|id| i64::from(*id))),
            "{status}"
        );
        let exact = !matches!(status, ItemStatus::Waiting | ItemStatus::Skipped);
        for row in page.iter().filter(|_| exact) {
            assert_eq!(row.standing.as_ref().unwrap().status, status);
        }
    }
}

#[test]
fn a_title_that_waits_says_for_what_and_until_when() {
    let mut world = World::new();
    let list = world.list("top", None);
    let quota = world.title(MediaType::Movie, 1);
    world.decided(&quota, false, DecisionKind::Wait, "the limit is used up");
    world.recorded(&quota, false, LedgerStatus::Planned, 9);
    let show = world.title(MediaType::Tv, 2);
    world.decided(
        &show,
        false,
        DecisionKind::Wait,
        "season 2 has not aired yet",
    );
    world.recorded(&show, false, LedgerStatus::Available, 5);
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
    let airs = |season, day| SeasonFacts {
        season,
        airs_on: Some(day),
    };
    let facts = TitleFacts {
        title: show.id,
        seasons: vec![airs(1, at(0).date()), airs(2, day(20)), airs(3, day(28))],
        has_ended: false,
        has_tvdb_id: true,
        known_at: at(0),
        refresh_at: at(9999),
    };
    facts.save(&mut world.conn).unwrap();
    let failed = world.title(MediaType::Movie, 3);
    world.recorded(&failed, false, LedgerStatus::Failed, 5);
    let retried = world.title(MediaType::Movie, 4);
    world.decided(&retried, false, DecisionKind::Wait, "the limit is used up");
    world.recorded(&retried, false, LedgerStatus::Planned, 15);
    for (rank, title) in [&quota, &show, &failed, &retried].into_iter().enumerate() {
        let rank = i32::try_from(rank).unwrap();
        world.entry(list, rank, Some(title), Identity::Matched);
    }
    let told = |rows: Vec<ItemRow>| -> Vec<String> {
        let rows = rows.into_iter();
        rows.map(|row| {
            let standing = row.standing.unwrap();
            let until = standing.until.map(|until| until.to_string());
            format!(
                "{}: {}, {}",
                standing.status,
                standing.reason,
                until.as_deref().unwrap_or("until a run sees otherwise")
            )
        })
        .collect()
    };
    let waiting = world.page(&ItemFilter {
        status: Some(ItemStatus::Waiting),
        ..ItemFilter::default()
    });
    assert_eq!(
        waiting[0].standing.as_ref().unwrap().remedy.as_deref(),
        Some("What helps against: the limit is used up")
    );
    assert_eq!(
        told(waiting),
        [
            "waiting: the limit is used up, until a run sees otherwise",
            "waiting: season 2 has not aired yet, 2026-03-20 00:00:00",
            "failed: the ledger says failed, 2026-03-01 14:00:00",
        ]
    );
    let planned = world.page(&ItemFilter {
        status: Some(ItemStatus::Planned),
        ..ItemFilter::default()
    });
    assert_eq!(
        told(planned),
        ["planned: the ledger says planned, until a run sees otherwise"],
        "a person let it be tried again"
    );
}

#[test]
fn entries_are_counted_by_how_far_they_are_known() {
    let mut world = World::new();
    let (one, two) = (world.list("one", None), world.list("two", None));
    let title = world.title(MediaType::Movie, 1);
    for list in [one, two] {
        world.entry(list, 1, Some(&title), Identity::Matched);
        world.entry(list, 2, None, Identity::NotFound);
        world.entry(list, 3, None, Identity::NeedsReview);
    }
    for (identity, list, number) in [
        (None, None, 6),
        (None, Some(two), 3),
        (Some(Identity::Matched), None, 2),
        (Some(Identity::Matched), Some(two), 1),
        (Some(Identity::NotFound), None, 2),
        (Some(Identity::New), None, 0),
    ] {
        let filter = ItemFilter {
            list,
            identity,
            ..ItemFilter::default()
        };
        assert_eq!(world.page(&filter).len(), number, "{filter:?}");
    }
    let conn = &mut world.conn;
    let (rows, total) = ItemRow::page(conn, &ItemFilter::default(), 2, 4, at(0)).unwrap();
    let places: Vec<(ListId, i32)> = rows
        .iter()
        .map(|row| (row.item.list, row.item.rank))
        .collect();
    assert_eq!((places, total), (vec![(two, 2), (two, 3)], 6));
    let (rows, total) = ItemRow::page(conn, &ItemFilter::default(), 2, 6, at(0)).unwrap();
    assert_eq!((rows.len(), total), (0, 6));
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = sql_types::Text)]
    detail: String,
}

#[test]
fn pages_are_found_along_indexes_and_nothing_is_sorted() {
    let mut world = World::new();
    let filter = ItemFilter::default();
    for sql in [
        format!("SELECT COUNT(*) {}", filter.looked_up().sql),
        format!(
            "SELECT i.id {} ORDER BY i.list, i.rank, i.id LIMIT 50",
            filter.looked_up().sql
        ),
    ] {
        let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(&mut world.conn)
            .unwrap();
        let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        assert!(steps[0].contains("INDEX list_items_on_list"), "{steps:#?}");
        assert!(!steps.concat().contains("TEMP B-TREE"), "{steps:#?}");
    }
    let waiting = ItemFilter {
        status: Some(ItemStatus::Waiting),
        ..filter
    };
    let steps: Vec<Step> = sql_query(format!(
        "EXPLAIN QUERY PLAN SELECT COUNT(*) {}",
        waiting.looked_up().sql
    ))
    .load(&mut world.conn)
    .unwrap();
    let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
    let is_slow = |step: &String| {
        [
            "titles",
            "list_items",
            "decisions",
            "synced_items",
            "SCAN i",
            "SCAN d",
            "SCAN s",
        ]
        .iter()
        .any(|table| step.starts_with("SCAN") && step.contains(table))
    };
    assert!(!steps.iter().any(is_slow), "{steps:#?}");
}
