//! What holds in every world, whatever ledger, library and requests say: worlds made up at random.

use proptest::{collection::vec, option, prelude::*};
use schema::models::{
    LedgerSeason, LedgerStatus, ListId, MediaType, SeasonFacts, SeasonState, SyncedItem,
    TitleFacts, TitleRef,
};

use super::{
    Consent, SeasonsWanted, Verdict,
    case::is_live,
    world::{TMDB_ID, World, at, ledger, recorded, today},
};
use crate::target::{MediaRow, MediaStatus, RequestStatus, SeasonRow, TargetRequest};

const STATES: [MediaStatus; 8] = [
    MediaStatus::Unknown,
    MediaStatus::Pending,
    MediaStatus::Processing,
    MediaStatus::Partial,
    MediaStatus::Available,
    MediaStatus::Blocklisted,
    MediaStatus::Deleted,
    MediaStatus::Other(9),
];

const REQUEST_STATES: [RequestStatus; 6] = [
    RequestStatus::Pending,
    RequestStatus::Approved,
    RequestStatus::Declined,
    RequestStatus::Failed,
    RequestStatus::Completed,
    RequestStatus::Other(9),
];

const LEDGER_STATES: [LedgerStatus; 11] = [
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

fn state() -> impl Strategy<Value = MediaStatus> {
    prop::sample::select(STATES.to_vec())
}

/// Seasons 0 to 5, some of them.
fn numbers() -> impl Strategy<Value = Vec<i32>> {
    prop::sample::subsequence((0..6).collect::<Vec<i32>>(), 0..6)
}

/// A moment that may be still to come.
fn moment() -> impl Strategy<Value = Option<i64>> {
    option::of(-200_i64..60)
}

/// A moment that is over.
fn past() -> impl Strategy<Value = Option<i64>> {
    option::of(-200_i64..20)
}

fn media() -> impl Strategy<Value = MediaRow> {
    let season = (0..6, state(), state());
    (state(), state(), vec(season, 0..6)).prop_map(|(status, status_4k, seasons)| {
        let mut seasons: Vec<SeasonRow> = seasons
            .into_iter()
            .map(|(season, status, status_4k)| SeasonRow {
                season,
                status,
                status_4k,
            })
            .collect();
        seasons.sort_by_key(|row| row.season);
        seasons.dedup_by_key(|row| row.season);
        MediaRow {
            status,
            status_4k,
            is_handed_on: false,
            is_handed_on_4k: false,
            seasons: seasons.into(),
        }
    })
}

fn requests(media_type: MediaType) -> impl Strategy<Value = Vec<TargetRequest>> {
    let status = prop::sample::select(REQUEST_STATES.to_vec());
    let request = (status, option::of(1..4), numbers(), any::<bool>());
    vec(request, 0..4).prop_map(move |rows| {
        (1_i32..20)
            .zip(rows)
            .map(
                |(id, (status, requested_by, seasons, is_4k))| TargetRequest {
                    id,
                    media_type,
                    tmdb_id: TMDB_ID,
                    is_4k,
                    status,
                    requested_by,
                    seasons: if media_type == MediaType::Tv {
                        seasons
                    } else {
                        Vec::new()
                    },
                },
            )
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect()
    })
}

fn row() -> impl Strategy<Value = SyncedItem> {
    let status = prop::sample::select(LEDGER_STATES.to_vec());
    let numbers = (
        option::of(1..6),
        any::<bool>(),
        0..12,
        option::of(0..5),
        option::of(1..4),
    );
    let moments = (moment(), past(), past(), past(), -200_i64..20);
    (status, numbers, moments).prop_map(|(status, numbers, moments)| {
        let (request_id, created_by_us, attempts, request_after, asked_as_user) = numbers;
        let (retry_at, requesting_since, refused_at, requested_at, last_synced) = moments;
        SyncedItem {
            request_id,
            created_by_us: created_by_us && request_id.is_some(),
            attempts,
            request_after,
            asked_as_user,
            retry_at: retry_at.map(at),
            requesting_since: requesting_since.map(at),
            refused_at: refused_at.map(at),
            requested_at: requested_at.map(at),
            last_synced: at(last_synced),
            ..ledger(status)
        }
    })
}

fn asked() -> impl Strategy<Value = Vec<LedgerSeason>> {
    let state = prop::sample::select(vec![SeasonState::Requested, SeasonState::Adopted]);
    vec((0..6, option::of(1..6), state), 0..4).prop_map(|rows| {
        let mut rows: Vec<LedgerSeason> = rows
            .into_iter()
            .map(|(season, id, state)| recorded(season, id, state))
            .collect();
        rows.sort_by_key(|row| row.season);
        rows.dedup_by_key(|row| row.season);
        rows
    })
}

fn facts() -> impl Strategy<Value = TitleFacts> {
    let season = option::of(-3_i64..3);
    (vec(season, 0..6), any::<bool>()).prop_map(|(seasons, has_tvdb_id)| TitleFacts {
        title: TitleRef(1),
        seasons: (1..)
            .zip(seasons)
            .map(|(season, days)| SeasonFacts {
                season,
                airs_on: days.map(|days| today() + chrono::Duration::days(days)),
            })
            .collect(),
        has_ended: false,
        has_tvdb_id,
        known_at: at(0),
        refresh_at: at(10),
    })
}

/// Mostly nobody has to be asked.
fn consent() -> impl Strategy<Value = Consent> {
    let list = ListId(1);
    prop_oneof![
        4 => Just(Consent::Given),
        1 => Just(Consent::Open { list }),
        1 => Just(Consent::Missing { list, titles: 312 }),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let media_type = prop::sample::select(vec![MediaType::Movie, MediaType::Tv]);
    let wish = (
        any::<[bool; 4]>(),
        option::of(numbers()),
        past(),
        past(),
        consent(),
    );
    (media_type, wish).prop_flat_map(|(media_type, (flags, named, returned, since, consent))| {
        let shown = (
            option::of(row()),
            asked(),
            option::of(media()),
            requests(media_type),
            option::of(facts()),
        );
        shown.prop_map(move |(ledger, asked, media, requests, facts)| {
            let [is_4k, is_left, withdraws, has_4k_server] = flags;
            let mut world = World::new(media_type);
            world.wish.is_4k = is_4k;
            world.wish.withdraws = withdraws;
            world.wish.returned_at = returned.map(at);
            world.wish.wanted_since = since.map(at);
            world.wish.consent = consent;
            if is_left {
                world.wish.lists.clear();
            }
            if let Some(named) = named.clone().filter(|named| !named.is_empty()) {
                world.wish.seasons = SeasonsWanted::Some(named.into_iter().collect());
            }
            world.asked = if media_type == MediaType::Tv && ledger.is_some() {
                asked
            } else {
                Vec::new()
            };
            world.ledger = ledger.map(|row| SyncedItem {
                media_type,
                is_4k,
                ..row
            });
            world.media = media;
            world.requests = requests;
            world.record_ours();
            world.facts = facts.filter(|_| media_type == MediaType::Tv);
            world.has_4k_server = has_4k_server;
            world
        })
    })
}

impl World {
    fn status(&self) -> MediaStatus {
        self.media.as_ref().map_or(MediaStatus::Unknown, |row| {
            if self.wish.is_4k {
                row.status_4k
            } else {
                row.status
            }
        })
    }

    /// The requests in the quality of the wish.
    fn in_quality(&self) -> impl Iterator<Item = &TargetRequest> {
        self.requests
            .iter()
            .filter(|request| request.is_4k == self.wish.is_4k)
    }

    /// Whether the library has something of the season.
    fn is_there(&self, season: i32) -> bool {
        self.media.iter().flat_map(|row| &row.seasons).any(|row| {
            let status = if self.wish.is_4k {
                row.status_4k
            } else {
                row.status
            };
            row.season == season && !matches!(status, MediaStatus::Unknown | MediaStatus::Deleted)
        })
    }

    /// Whether the library or a request that still holds it has the season.
    fn has(&self, season: i32) -> bool {
        self.is_there(season)
            || self
                .in_quality()
                .any(|request| is_live(request) && request.seasons.contains(&season))
    }

    /// A no in the ledger that nothing has answered.
    fn was_refused(&self) -> bool {
        self.ledger.as_ref().is_some_and(|row| {
            matches!(
                row.status,
                LedgerStatus::Declined | LedgerStatus::Deleted | LedgerStatus::Blocklisted
            ) && self.wish.returned_at.is_none()
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_decision_is_the_same_each_time_and_says_why(world in world()) {
        let decided = world.decide();
        prop_assert_eq!(&decided, &world.decide());
        prop_assert!(!decided.reason.is_empty());
        let words = format!("{} {}", decided.reason, decided.remedy.as_deref().unwrap_or(""));
        prop_assert!(!words.contains("adarr") && !words.contains("onarr"), "{words}");
        if matches!(decided.verdict, Verdict::Wait | Verdict::Review | Verdict::PutOff { .. }) {
            prop_assert!(decided.remedy.is_some(), "{decided:?}");
        }
    }

    #[test]
    fn what_the_target_forbids_or_has_is_not_asked_for(world in world()) {
        let decided = world.decide();
        let Verdict::Request { seasons } = &decided.verdict else { return Ok(()) };
        let status = world.status();
        prop_assert!(world.wish.is_wanted());
        prop_assert!(!world.wish.is_4k || world.has_4k_server);
        prop_assert!(!matches!(status, MediaStatus::Blocklisted | MediaStatus::Other(_)));
        let is_open = world.ledger.as_ref().is_some_and(|row| row.status == LedgerStatus::Requesting);
        match (world.wish.media_type, seasons) {
            (MediaType::Movie, None) => {
                prop_assert!(!matches!(status, MediaStatus::Available | MediaStatus::Partial));
                prop_assert!(!world.in_quality().any(is_live), "held by a request");
            }
            (MediaType::Tv, Some(seasons)) => {
                prop_assert!(!seasons.is_empty());
                prop_assert!(seasons.0.iter().all(|season| !world.has(*season)), "{seasons}");
                let may_fill = status != MediaStatus::Available || world.wish.returned_at.is_some()
                    || world.wish.wanted_since.is_some();
                let newest = (0..6).rev().find(|season| world.is_there(*season));
                prop_assert!(may_fill || seasons.0.iter().all(|season| Some(*season) > newest));
                prop_assert!(status != MediaStatus::Available || newest.is_some());
            }
            other => prop_assert!(false, "{other:?}"),
        }
        prop_assert!(is_open || status != MediaStatus::Deleted || world.wish.returned_at.is_some()
            || world.wish.wanted_since.is_some() || world.in_quality().any(is_live));
    }

    #[test]
    fn a_no_is_not_overruled_by_anything_but_coming_back(world in world()) {
        let has_ours_live = world.in_quality().any(|request| is_live(request)
            && (world.ledger.as_ref().is_some_and(|row| row.created_by_us && row.request_id == Some(request.id))
                || world.asked.iter().any(|asked| asked.request_id == Some(request.id))));
        if world.was_refused() && !has_ours_live {
            let decided = world.decide();
            let asks = matches!(decided.verdict, Verdict::Request { .. } | Verdict::AskFacts);
            prop_assert!(!asks, "{decided:?}");
        }
    }

    #[test]
    fn what_was_given_up_is_not_tried_until_a_person_says_so(mut world in world()) {
        let Some(row) = &mut world.ledger else { return Ok(()) };
        row.status = LedgerStatus::FailedPermanent;
        let decided = world.decide();
        let tries = matches!(decided.verdict, Verdict::Request { .. } | Verdict::AskFacts);
        let is_seen_to = world.in_quality().any(is_live);
        prop_assert!(!tries || is_seen_to, "{decided:?}");
    }

    #[test]
    fn only_what_left_is_taken_back_and_only_while_nothing_has_come(world in world()) {
        if let Verdict::Withdraw { request_id } = world.decide().verdict {
            prop_assert!(!world.wish.is_wanted() && world.wish.withdraws);
            prop_assert!(!matches!(world.status(), MediaStatus::Available | MediaStatus::Partial));
            let taken = world.in_quality().find(|request| request.id == request_id);
            prop_assert!(taken.is_some_and(is_live));
        }
    }

    #[test]
    fn without_a_yes_nothing_is_asked_for_and_everything_else_is_as_ever(mut world in world()) {
        world.wish.consent = Consent::Given;
        let agreed = world.decide();
        let list = ListId(1);
        world.wish.consent = Consent::Missing { list, titles: 312 };
        let decided = world.decide();
        let asks = matches!(
            agreed.verdict,
            Verdict::Request { .. } | Verdict::Retry { .. } | Verdict::AskFacts
        );
        if asks {
            prop_assert_eq!(decided.verdict, Verdict::Wait);
            prop_assert!(decided.reason.contains("312"), "{}", decided.reason);
        } else {
            prop_assert_eq!(&decided, &agreed);
        }
        world.wish.consent = Consent::Open { list };
        prop_assert_eq!(world.decide().verdict, agreed.verdict);
    }

    #[test]
    fn what_was_carried_out_is_not_decided_again(mut world in world()) {
        let mut asked = 0;
        let mut last = world.decide();
        for _ in 0..12 {
            if let Verdict::Settle { until } = last.verdict {
                world.now = until;
            }
            asked += u32::from(matches!(last.verdict, Verdict::Request { .. }));
            world.carry_out(&last);
            world.now += chrono::Duration::seconds(1);
            last = world.decide();
        }
        prop_assert!(asked <= 1, "asked {asked} times");
        let is_quiet = matches!(
            last.verdict,
            Verdict::Skip { .. } | Verdict::Wait | Verdict::Review | Verdict::AskFacts
        );
        prop_assert!(is_quiet, "{last:?}");
        prop_assert_eq!(&last.verdict, &{ world.carry_out(&last); world.decide().verdict });
    }
}
