//! `/api/analytics/…`: how much there is, how runs ended, what was requested when, and from which lists.
//! Counted along indexes by `schema`; paths and fields that the old product had keep their names.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{
    DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use schema::{
    DbError, SqliteConnection,
    models::{
        Asking, Identity, LedgerStatus, List, ListId, MediaType, RunStatus, SyncRun, SyncedItem,
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{at, history::Run};
use crate::{error::ApiError, query::Query, shared::Shared};

/// Days of runs that the success rate is about.
const RATED_DAYS: i64 = 30;
/// Runs that the average is about.
const TIMED_RUNS: i64 = 100;
/// Days of additions when nobody says how many.
const DAYS: i64 = 30;
const MOST_DAYS: i64 = 365;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(overview, media_additions, source_distribution))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/analytics/overview").get(overview).done())
        .service(at("/analytics/media-additions").get(media_additions).done())
        .service(
            at("/analytics/source-distribution")
                .get(source_distribution)
                .done(),
        );
}

/// How much there is and how it goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsOverview)]
struct Overview {
    /// Entries that are on the lists now.
    total_items: i64,
    /// Of them, those whose title a person has to say.
    needs_review: i64,
    /// Of them, those no title was found for.
    not_found: i64,
    /// Titles by where they are on their way: `requested`, `available`, `failed` and so on.
    titles: BTreeMap<&'static str, i64>,
    /// Titles whose request failed.
    total_errors: i64,
    requests: Requests,
    /// Percent of the runs of the last 30 days that completed, of those that completed or failed; null
    /// when there were none.
    success_rate: Option<f64>,
    /// Seconds that the last completed runs took on average, at most a hundred of them; null when there
    /// were none.
    avg_processing_time: Option<f64>,
    /// Whether a run is going on.
    active_sync: bool,
    /// Runs that wait for their turn.
    queued: i64,
    /// Runs in the history.
    total_sync_operations: i64,
    /// When the last run of everything was completed.
    last_sync_time: Option<DateTime<Utc>>,
    /// The last run that ended.
    last_run: Option<Run>,
}

/// Titles requested lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecentRequests)]
#[expect(
    clippy::struct_field_names,
    reason = "they are read without the struct's name"
)]
struct Requests {
    last_24h: i64,
    last_7d: i64,
    last_30d: i64,
}

/// Shows how much there is and how it goes
#[utoipa::path(
    get,
    path = "/api/analytics/overview",
    operation_id = "get_overview",
    responses((status = 200, description = "The figures", body = Overview)),
    tag = "Runs",
)]
async fn overview(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let now = shared.clock.now();
    let overview = shared.read(move |conn| Overview::of(conn, now)).await?;
    Ok(HttpResponse::Ok().json(overview))
}

impl Overview {
    fn of(conn: &mut SqliteConnection, now: NaiveDateTime) -> Result<Self, DbError> {
        let followed: HashMap<ListId, List> = followed(conn)?;
        let mut entries: HashMap<Identity, i64> = HashMap::new();
        for (list, identity, count) in Asking::counts(conn)? {
            if followed.contains_key(&list) {
                *entries.entry(identity).or_default() += count;
            }
        }
        let entries_in = |identity| entries.get(&identity).copied().unwrap_or(0);
        let titles = SyncedItem::count_by_status(conn)?;
        let total_errors = titles
            .iter()
            .filter(|(status, _)| {
                matches!(status, LedgerStatus::Failed | LedgerStatus::FailedPermanent)
            })
            .map(|(_, count)| count)
            .sum();
        let runs = SyncRun::count_by_status(conn)?;
        let last_run = SyncRun::last_ended(conn)?;
        Ok(Self {
            total_items: entries.values().sum(),
            needs_review: entries_in(Identity::NeedsReview),
            not_found: entries_in(Identity::NotFound),
            titles: titles
                .iter()
                .map(|(status, count)| (status.as_str(), *count))
                .collect(),
            total_errors,
            requests: Requests::of(conn, now)?,
            success_rate: success_rate(&SyncRun::statuses_since(
                conn,
                now - TimeDelta::days(RATED_DAYS),
            )?),
            avg_processing_time: average(&SyncRun::durations(conn, TIMED_RUNS)?),
            active_sync: runs_in(&runs, RunStatus::Running) > 0,
            queued: runs_in(&runs, RunStatus::Queued),
            total_sync_operations: [
                RunStatus::Completed,
                RunStatus::Failed,
                RunStatus::Cancelled,
            ]
            .into_iter()
            .map(|status| runs_in(&runs, status))
            .sum(),
            last_sync_time: SyncRun::last_completed(conn)?.map(|time| time.and_utc()),
            last_run: last_run.as_ref().map(Run::of),
        })
    }
}

impl Requests {
    fn of(conn: &mut SqliteConnection, now: NaiveDateTime) -> Result<Self, DbError> {
        // The clocks of processes may differ by a little.
        let until = now + TimeDelta::hours(1);
        let mut since = |days| -> Result<i64, DbError> {
            let from = now - TimeDelta::days(days);
            let counts = SyncedItem::count_requested(conn, from, until)?;
            Ok(counts.into_iter().map(|(_, count)| count).sum())
        };
        Ok(Self {
            last_24h: since(1)?,
            last_7d: since(7)?,
            last_30d: since(30)?,
        })
    }
}

fn followed(conn: &mut SqliteConnection) -> Result<HashMap<ListId, List>, DbError> {
    let lists = List::all(conn, false)?;
    Ok(lists.into_iter().map(|(list, _)| (list.id, list)).collect())
}

fn runs_in(counts: &[(RunStatus, i64)], status: RunStatus) -> i64 {
    let found = counts.iter().find(|(known, _)| *known == status);
    found.map_or(0, |(_, count)| *count)
}

fn success_rate(runs: &[RunStatus]) -> Option<f64> {
    let count = |status| runs.iter().filter(|run| **run == status).count();
    let (completed, failed) = (count(RunStatus::Completed), count(RunStatus::Failed));
    percent(
        i64::try_from(completed).unwrap_or(i64::MAX),
        i64::try_from(completed.saturating_add(failed)).unwrap_or(i64::MAX),
    )
}

/// A share in percent, with one digit after the point.
#[expect(
    clippy::cast_precision_loss,
    reason = "rows of a table stay below 2^53, and so do tenths of a percent of them"
)]
fn percent(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| ((part * 1000) as f64 / whole as f64).round() / 10.0)
}

/// Seconds, with one digit after the point.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a hundred runs stay below 2^53"
)]
fn average(runs: &[(NaiveDateTime, Option<NaiveDateTime>)]) -> Option<f64> {
    let took: Vec<i64> = runs
        .iter()
        .filter_map(|(started, ended)| Some(((*ended)? - *started).num_milliseconds().max(0)))
        .collect();
    let sum: i64 = took.iter().sum();
    (!took.is_empty()).then(|| (sum as f64 / took.len() as f64 / 100.0).round() / 10.0)
}

/// What was requested on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaAdditions)]
struct Additions {
    /// The day, in the time zone of this machine.
    date: NaiveDate,
    /// When it began.
    timestamp: DateTime<Utc>,
    /// Titles requested.
    count: i64,
    movies: i64,
    shows: i64,
}

/// Shows how many titles were requested on each day
///
/// Days in the time zone of this machine, the oldest first, today last; those on which nothing was requested are there with zeros.
#[utoipa::path(
    get,
    path = "/api/analytics/media-additions",
    operation_id = "get_media_additions",
    params(("days" = Option<i64>, Query, description = "Days to show; 30 when absent", minimum = 1, maximum = 365)),
    responses((status = 200, description = "The days", body = Vec<Additions>)),
    tag = "Runs",
)]
async fn media_additions(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let days = query.number("days", DAYS, 1..=MOST_DAYS);
    query.check()?;
    let days = days_until(shared.clock.now_utc().with_timezone(&Local), days);
    let additions = shared
        .read(move |conn| -> Result<Vec<Additions>, DbError> {
            days.into_iter()
                .map(|(date, from, until)| {
                    let counts = SyncedItem::count_requested(conn, from, until)?;
                    Ok(Additions::of(date, from, &counts))
                })
                .collect()
        })
        .await?;
    Ok(HttpResponse::Ok().json(additions))
}

/// The last days with when each begins and ends in UTC, the oldest first.
fn days_until<Z: TimeZone>(
    now: DateTime<Z>,
    days: i64,
) -> Vec<(NaiveDate, NaiveDateTime, NaiveDateTime)> {
    let today = now.date_naive();
    let zone = now.timezone();
    let begin = |date: NaiveDate| beginning(&zone, date);
    (0..u64::try_from(days).unwrap_or(0))
        .rev()
        .filter_map(|back| {
            let date = today.checked_sub_days(Days::new(back))?;
            let next = date.succ_opt()?;
            Some((date, begin(date)?, begin(next)?))
        })
        .collect()
}

/// When a day begins. Where clocks are put forward over midnight, that is the hour after.
fn beginning<Z: TimeZone>(zone: &Z, date: NaiveDate) -> Option<NaiveDateTime> {
    let at = date.and_time(NaiveTime::MIN);
    let moment = |at| zone.from_local_datetime(&at).earliest();
    let moment = moment(at).or_else(|| moment(at + TimeDelta::hours(1)))?;
    Some(moment.naive_utc())
}

impl Additions {
    fn of(date: NaiveDate, from: NaiveDateTime, counts: &[(MediaType, i64)]) -> Self {
        let of = |media_type| {
            let found = counts.iter().find(|(known, _)| *known == media_type);
            found.map_or(0, |(_, count)| *count)
        };
        let (movies, shows) = (of(MediaType::Movie), of(MediaType::Tv));
        Self {
            date,
            timestamp: from.and_utc(),
            count: movies + shows,
            movies,
            shows,
        }
    }
}

/// What came from the lists of one provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceShare)]
struct ProviderShare {
    /// The provider's name, as in `list_type`.
    source: String,
    #[serde(flatten)]
    share: Share,
    /// By number.
    lists: Vec<ListShare>,
}

/// What came from one list.
#[derive(Debug, Serialize, ToSchema)]
struct ListShare {
    id: ListId,
    list_id: String,
    description: String,
    #[serde(flatten)]
    share: Share,
}

/// What became of entries. A title on two lists counts on each.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Share {
    /// Entries that are on it now.
    items_found: i64,
    /// Of them, those whose title is known.
    matched: i64,
    needs_review: i64,
    not_found: i64,
    /// Titles that Seerr has a request for, ours or another.
    requested: i64,
    /// Titles in the library.
    available: i64,
    /// Percent of the entries whose title is known; null without entries.
    success_rate: Option<f64>,
}

impl Share {
    fn add(&mut self, other: &Self) {
        self.items_found += other.items_found;
        self.matched += other.matched;
        self.needs_review += other.needs_review;
        self.not_found += other.not_found;
        self.requested += other.requested;
        self.available += other.available;
        self.rate();
    }

    fn rate(&mut self) {
        self.success_rate = percent(self.matched, self.items_found);
    }
}

/// Shows what came from which provider and list
///
/// Providers with the most entries first. Lists that were removed are left out.
#[utoipa::path(
    get,
    path = "/api/analytics/source-distribution",
    operation_id = "get_source_distribution",
    responses((status = 200, description = "The providers", body = Vec<ProviderShare>)),
    tag = "Runs",
)]
async fn source_distribution(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let sources = shared.read(sources).await?;
    Ok(HttpResponse::Ok().json(sources))
}

fn sources(conn: &mut SqliteConnection) -> Result<Vec<ProviderShare>, DbError> {
    let mut shares: HashMap<ListId, Share> = HashMap::new();
    for (list, identity, count) in Asking::counts(conn)? {
        let share = shares.entry(list).or_default();
        share.items_found += count;
        match identity {
            Identity::New => {}
            Identity::Matched => share.matched += count,
            Identity::NeedsReview => share.needs_review += count,
            Identity::NotFound => share.not_found += count,
        }
    }
    let asked = [
        LedgerStatus::Requested,
        LedgerStatus::Adopted,
        LedgerStatus::Available,
    ];
    for (list, status, count) in SyncedItem::count_by_list(conn, &asked)? {
        let share = shares.entry(list).or_default();
        if status == LedgerStatus::Available {
            share.available += count;
        } else {
            share.requested += count;
        }
    }
    Ok(by_source(followed(conn)?, &shares))
}

fn by_source(lists: HashMap<ListId, List>, shares: &HashMap<ListId, Share>) -> Vec<ProviderShare> {
    let mut lists: Vec<List> = lists.into_values().collect();
    lists.sort_by_key(|list| list.id);
    let mut sources: BTreeMap<String, ProviderShare> = BTreeMap::new();
    for list in lists {
        let mut share = shares.get(&list.id).copied().unwrap_or_default();
        share.rate();
        let source = sources
            .entry(list.list_type.clone())
            .or_insert_with(|| ProviderShare {
                source: list.list_type,
                share: Share::default(),
                lists: Vec::new(),
            });
        source.share.add(&share);
        source.lists.push(ListShare {
            id: list.id,
            list_id: list.list_id,
            description: list.description,
            share,
        });
    }
    let mut sources: Vec<ProviderShare> = sources.into_values().collect();
    // Stable: those with as many stay in the order of their names.
    sources.sort_by_key(|source| std::cmp::Reverse(source.share.items_found));
    sources
}

#[cfg(test)]
#[path = "analytics_tests.rs"]
mod tests;
