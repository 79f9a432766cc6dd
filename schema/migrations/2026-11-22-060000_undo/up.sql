-- The requests that runs made, each with the run that made it, so that a run can be undone. sync-worker.
CREATE TABLE run_requests (
    target TEXT NOT NULL,
    media_type TEXT NOT NULL,
    tmdb_id BIGINT NOT NULL,
    is_4k BOOLEAN NOT NULL,
    request_id INTEGER NOT NULL,
    run INTEGER NOT NULL REFERENCES sync_history (id) ON DELETE CASCADE,
    PRIMARY KEY (target, media_type, tmdb_id, is_4k, request_id)
);
CREATE INDEX run_requests_by_run ON run_requests (run);
-- Of what was requested before, the ledger tells the run that changed it last: the one that asked, as
-- long as nothing has come of it.
INSERT INTO run_requests (target, media_type, tmdb_id, is_4k, request_id, run)
SELECT target, media_type, tmdb_id, is_4k, request_id, run
FROM synced_items
WHERE status = 'requested' AND created_by_us AND request_id IS NOT NULL
    AND run IN (SELECT id FROM sync_history);

-- The run that took back what this one had requested, and the run whose undoing a plan is.
ALTER TABLE sync_history ADD COLUMN undone_by INTEGER;
ALTER TABLE plans ADD COLUMN undoes INTEGER;
