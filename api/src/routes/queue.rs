//! `/api/queue/stats`: how many titles are where on their way, from the ledger's index by status.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use schema::{
    DbError,
    models::{LedgerStatus, SyncedItem},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{error::ApiError, shared::Shared};

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(stats))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/queue/stats").get(stats).done());
}

/// How many titles are where on their way, each quality of a title counted by itself.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueueStats)]
struct Stats {
    /// To be requested, or being requested: `planned` and `requesting`.
    pending: i64,
    /// Failed, and tried again by itself at its time: `failed`.
    failed: i64,
    /// Nothing more is to be asked: `requested`, `adopted` and `available`.
    completed: i64,
    /// Failed for good; a person has to look: `failed_permanent`.
    permanent_failures: i64,
    /// Not asked for because a person or a policy said so: `declined`, `blocklisted`, `deleted` and
    /// `withdrawn`.
    refused: i64,
    /// All of them.
    total: i64,
    /// When the first failed one may be tried again.
    next_retry: Option<DateTime<Utc>>,
    /// The same by status; those that no title has are left out.
    statuses: Vec<StatusCount>,
}

/// How many titles have a status.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct StatusCount {
    status: LedgerStatus,
    titles: i64,
}

impl Stats {
    fn of(counts: Vec<(LedgerStatus, i64)>) -> Self {
        let mut stats = Self::default();
        for (status, titles) in counts {
            *stats.place(status) += titles;
            stats.total += titles;
            stats.statuses.push(StatusCount { status, titles });
        }
        stats.statuses.sort_by_key(|count| count.status);
        stats
    }

    fn place(&mut self, status: LedgerStatus) -> &mut i64 {
        match status {
            LedgerStatus::Planned | LedgerStatus::Requesting => &mut self.pending,
            LedgerStatus::Failed => &mut self.failed,
            LedgerStatus::Requested | LedgerStatus::Adopted | LedgerStatus::Available => {
                &mut self.completed
            }
            LedgerStatus::FailedPermanent => &mut self.permanent_failures,
            LedgerStatus::Declined
            | LedgerStatus::Blocklisted
            | LedgerStatus::Deleted
            | LedgerStatus::Withdrawn => &mut self.refused,
        }
    }
}

/// Counts the titles by where they are on their way
#[utoipa::path(
    get,
    path = "/api/queue/stats",
    operation_id = "get_queue_stats",
    responses((status = 200, description = "How many are where", body = Stats)),
    tag = "Items",
)]
async fn stats(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let (counts, next_retry) = shared
        .read(|conn| -> Result<_, DbError> {
            Ok((
                SyncedItem::count_by_status(conn)?,
                SyncedItem::next_retry(conn)?,
            ))
        })
        .await?;
    let mut stats = Stats::of(counts);
    stats.next_retry = next_retry.map(|at| at.and_utc());
    Ok(HttpResponse::Ok().json(stats))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use schema::models::{MediaType, NewSyncedItem};

    const ALL: [LedgerStatus; 11] = [
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

    #[actix_web::test]
    async fn every_status_is_counted_in_one_place() {
        let world = World::alone().await;
        let answer = world.get("/api/queue/stats").await;
        assert_eq!(
            (answer.status, answer.json["total"].as_i64()),
            (200, Some(0))
        );
        let now = world.clock.now();
        let rows = ALL
            .into_iter()
            .zip(1..)
            .map(move |(status, tmdb_id)| NewSyncedItem {
                target: "seerr".into(),
                title: "T".into(),
                year: None,
                media_type: MediaType::Movie,
                tmdb_id,
                imdb_id: None,
                is_4k: false,
                overseerr_id: None,
                status,
                reason: String::new(),
                provider_source: String::new(),
                request_id: None,
                created_by_us: false,
                asked_as_user: None,
                run: None,
                attempts: 1,
                retry_at: (status == LedgerStatus::Failed).then_some(now),
                requesting_since: None,
                request_after: None,
                refused_at: None,
                last_synced: now,
                error_message: None,
                requested_at: None,
            });
        world
            .db
            .write(move |conn| -> Result<(), DbError> {
                for row in rows {
                    SyncedItem::save(conn, &row)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let answer = world.get("/api/queue/stats").await;
        let number = |name: &str| answer.json[name].as_i64().unwrap();
        assert_eq!(
            [
                "pending",
                "failed",
                "completed",
                "permanent_failures",
                "refused",
                "total"
            ]
            .map(number),
            [2, 1, 3, 1, 4, 11]
        );
        assert_eq!(answer.json["statuses"].as_array().unwrap().len(), ALL.len());
        assert_eq!(answer.json["next_retry"], "2026-11-21T12:00:00Z");
    }
}
