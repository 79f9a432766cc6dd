//! `run_requests`: which run made which request, so that a run can be undone. What became of a request
//! is the ledger's and the target's to tell. Written by sync-worker.

use diesel::prelude::*;

use super::{MediaType, RunId, SyncedItem, TitleRef};
use crate::tables::{run_requests, titles};

/// A request that a run made.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = run_requests)]
pub struct RunRequest {
    /// The target: `seerr`.
    pub target: String,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// The quality.
    pub is_4k: bool,
    /// The target's request.
    pub request_id: i32,
    /// The run that made it: the one that has it among its requested titles.
    pub run: RunId,
}

impl RunRequest {
    /// The request that a ledger row has just got from its run; none where the row names none.
    pub fn of_row(row: &SyncedItem) -> Option<Self> {
        Some(Self {
            target: row.target.clone(),
            media_type: row.media_type,
            tmdb_id: row.tmdb_id,
            is_4k: row.is_4k,
            request_id: row.request_id.filter(|_| row.created_by_us)?,
            run: row.run?,
        })
    }

    /// Records it, over one of the same title and number: what is gone may have left its number behind.
    ///
    /// # Errors
    /// When the database fails, or there is no such run.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(run_requests::table)
            .values(self)
            .on_conflict((
                run_requests::target,
                run_requests::media_type,
                run_requests::tmdb_id,
                run_requests::is_4k,
                run_requests::request_id,
            ))
            .do_update()
            .set(run_requests::run.eq(self.run))
            .execute(conn)
            .map(drop)
    }

    /// How many requests a run made.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(conn: &mut SqliteConnection, run: RunId) -> QueryResult<i64> {
        run_requests::table
            .filter(run_requests::run.eq(run))
            .count()
            .get_result(conn)
    }

    /// What a run requested of a target: title, quality and request, the oldest request first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_run(
        conn: &mut SqliteConnection,
        run: RunId,
        target: &str,
    ) -> QueryResult<Vec<(TitleRef, bool, i32)>> {
        let is_it = titles::media_type
            .eq(run_requests::media_type)
            .and(titles::tmdb_id.eq(run_requests::tmdb_id));
        run_requests::table
            .inner_join(titles::table.on(is_it))
            .filter(run_requests::run.eq(run))
            .filter(run_requests::target.eq(target))
            .order(run_requests::request_id)
            .select((titles::id, run_requests::is_4k, run_requests::request_id))
            .load(conn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Db, DbError,
        models::{NewRun, NewTitle, RunStatus, RunTrigger, SyncRun, Title},
    };

    fn request(tmdb_id: i64, request_id: i32, run: RunId) -> RunRequest {
        RunRequest {
            target: "seerr".into(),
            media_type: MediaType::Movie,
            tmdb_id,
            is_4k: false,
            request_id,
            run,
        }
    }

    #[tokio::test]
    async fn requests_are_told_run_by_run_and_forgotten_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        crate::migrate(&path).unwrap();
        let db = Db::open(&path).unwrap();
        let told = db.write(|conn| -> Result<_, DbError> {
            let now = chrono::DateTime::UNIX_EPOCH.naive_utc();
            let mut runs = Vec::new();
            for _ in 0..2 {
                let new = NewRun {
                    sync_started: now,
                    sync_mode: RunTrigger::Manual,
                    status: RunStatus::Completed,
                    scope: "{}".into(),
                    is_full: true,
                };
                runs.push(SyncRun::insert(conn, &new)?.id);
            }
            for tmdb_id in [603, 604] {
                let new = NewTitle {
                    media_type: MediaType::Movie,
                    tmdb_id,
                    title: "The Matrix".into(),
                    year: None,
                    created_at: now,
                    updated_at: now,
                };
                Title::ensure(conn, &new)?;
            }
            request(604, 9, runs[0]).save(conn)?;
            request(603, 8, runs[0]).save(conn)?;
            request(603, 12, runs[1]).save(conn)?;
            assert_eq!(RunRequest::count(conn, runs[0])?, 2);
            let first = RunRequest::of_run(conn, runs[0], "seerr")?;
            assert_eq!(first.iter().map(|row| row.2).collect::<Vec<_>>(), [8, 9]);
            assert_eq!(RunRequest::of_run(conn, runs[0], "shelf")?, []);
            // The number is another run's now.
            request(603, 8, runs[1]).save(conn)?;
            assert_eq!(RunRequest::count(conn, runs[0])?, 1);
            SyncRun::forget(conn, now + chrono::Duration::days(1), 0, 10)?;
            Ok((
                RunRequest::count(conn, runs[0])?,
                RunRequest::count(conn, runs[1])?,
            ))
        });
        assert_eq!(told.await.unwrap(), (0, 0));
    }
}
