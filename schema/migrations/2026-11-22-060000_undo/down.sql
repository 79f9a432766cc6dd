-- Versions before would carry such a plan out by other rules, or not at all.
DELETE FROM plans WHERE undoes IS NOT NULL;
ALTER TABLE plans DROP COLUMN undoes;
ALTER TABLE sync_history DROP COLUMN undone_by;
-- They cannot read what these runs were to do, and would take them for runs of everything.
UPDATE sync_history SET status = 'cancelled'
WHERE status IN ('queued', 'running') AND scope LIKE '%"undo":%';
DROP TABLE run_requests;
