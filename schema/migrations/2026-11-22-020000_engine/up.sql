-- The site's own number of a title, where it is not what the entry is recognised by, and what a person
-- may pick from. sync-worker.
ALTER TABLE list_items ADD COLUMN trakt_id BIGINT;
ALTER TABLE list_items ADD COLUMN candidates TEXT;
CREATE INDEX list_items_by_identity ON list_items (identity, list, left_at);
CREATE INDEX list_items_by_key ON list_items (entry_key);
-- Pages of what is on lists now, in their order.
CREATE INDEX list_items_on_list ON list_items (list, rank) WHERE left_at IS NULL;
-- Statistics count along indexes alone, without a look at the rows.
DROP INDEX list_items_by_title;
CREATE INDEX list_items_by_title ON list_items (title_ref, identity, left_at, list);
DROP INDEX synced_items_by_status;
CREATE INDEX synced_items_by_status ON synced_items (status, media_type, tmdb_id, is_4k);

-- What sites call the titles that were found before is known of every list from now on.
INSERT INTO title_ids (source, external_id, media_type, title, known_by, known_at)
SELECT sites.site, SUBSTR(list_items.entry_key, LENGTH('source:' || sites.site || ':') + 1),
    titles.media_type, MIN(titles.id),
    'the entry, found by ' || MIN(COALESCE(list_items.identity_reason, 'its list')),
    MIN(list_items.first_seen)
FROM (
    SELECT 'letterboxd' AS site UNION ALL SELECT 'anilist' UNION ALL SELECT 'myanimelist'
    UNION ALL SELECT 'simkl'
) AS sites
INNER JOIN list_items ON list_items.entry_key LIKE 'source:' || sites.site || ':%'
INNER JOIN titles ON titles.id = list_items.title_ref
WHERE list_items.identity = 'matched'
GROUP BY sites.site, list_items.entry_key, titles.media_type
HAVING MIN(titles.id) = MAX(titles.id);

-- What a policy may say of entries that left: their requests are withdrawn.
ALTER TABLE list_policies ADD COLUMN withdraws BOOLEAN;

-- What happened in a run.
CREATE INDEX events_by_run ON events (run, kind);
-- Whether nobody has agreed yet to what a new list asks for, and how many titles wait for that.
-- sync-worker.
ALTER TABLE lists ADD COLUMN ask_first BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE lists ADD COLUMN waiting_titles INTEGER;

-- A show's seasons and when they air, with an age. sync-worker.
CREATE TABLE title_facts (
    title INTEGER NOT NULL PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    seasons TEXT NOT NULL,
    has_ended BOOLEAN NOT NULL,
    has_tvdb_id BOOLEAN NOT NULL,
    known_at TIMESTAMP NOT NULL,
    refresh_at TIMESTAMP NOT NULL
);
CREATE INDEX title_facts_by_refresh ON title_facts (refresh_at);

-- What people said an entry is, for every list; without a number: none. sync-worker.
CREATE TABLE pins (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    entry_title TEXT NOT NULL,
    entry_year INTEGER,
    entry_type TEXT,
    media_type TEXT,
    tmdb_id BIGINT,
    title TEXT,
    year INTEGER,
    created_at TIMESTAMP NOT NULL
);
-- What such an entry is recognised by, on whichever list.
CREATE TABLE pin_keys (
    entry_key TEXT NOT NULL PRIMARY KEY,
    pin INTEGER NOT NULL REFERENCES pins (id) ON DELETE CASCADE
);
CREATE INDEX pin_keys_by_pin ON pin_keys (pin);

-- What would change a decision, which seasons it is about, and who asks.
ALTER TABLE decisions ADD COLUMN remedy TEXT;
ALTER TABLE decisions ADD COLUMN seasons TEXT;
ALTER TABLE decisions ADD COLUMN sources TEXT;
CREATE INDEX decisions_by_kind ON decisions (decision, title, is_4k);

-- When the target confirmed our request, and the lists that ask.
ALTER TABLE synced_items ADD COLUMN requested_at TIMESTAMP;
CREATE INDEX synced_items_by_request ON synced_items (requested_at, media_type);
CREATE INDEX synced_items_by_title ON synced_items (media_type, tmdb_id);

-- Runs by what became of their titles.
ALTER TABLE sync_history ADD COLUMN plan INTEGER;
ALTER TABLE sync_history ADD COLUMN titles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN already_requested INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN available INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN needs_review INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN not_found INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_history ADD COLUMN planned INTEGER NOT NULL DEFAULT 0;
-- Until now these counters were in the reports alone, which are forgotten.
UPDATE sync_history SET
    titles = coalesce(json_extract(report, '$.summary.counts.titles'), 0),
    already_requested = coalesce(json_extract(report, '$.summary.counts.already_requested'), 0),
    available = coalesce(json_extract(report, '$.summary.counts.available'), 0),
    needs_review = coalesce(json_extract(report, '$.summary.counts.needs_review'), 0),
    not_found = coalesce(json_extract(report, '$.summary.counts.not_found'), 0)
WHERE json_valid(report);
CREATE INDEX sync_history_by_start ON sync_history (sync_started, status);

-- Plans that were made without being carried out. sync-worker.
CREATE TABLE plans (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    made_by INTEGER NOT NULL,
    status TEXT NOT NULL,
    target TEXT NOT NULL,
    counts TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP,
    applied_by INTEGER
);
CREATE INDEX plans_by_status ON plans (status);
-- What a plan does with a title; titles with which nothing is to be done are in its counters only.
CREATE TABLE plan_items (
    plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    title INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    is_4k BOOLEAN NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    remedy TEXT,
    seasons TEXT,
    request_id INTEGER,
    requested_as INTEGER NOT NULL,
    lists TEXT NOT NULL,
    sources TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (plan, position)
);
