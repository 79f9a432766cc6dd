-- A source's standing: the last reading of any outcome, the last that went wrong, and whether the
-- owner accepted that the list shrank. sync-worker.
ALTER TABLE lists ADD COLUMN status_cause TEXT;
ALTER TABLE lists ADD COLUMN last_read_at TIMESTAMP;
ALTER TABLE lists ADD COLUMN last_read_entries INTEGER;
ALTER TABLE lists ADD COLUMN last_error TEXT;
ALTER TABLE lists ADD COLUMN last_error_at TIMESTAMP;
ALTER TABLE lists ADD COLUMN accepts_shrink BOOLEAN NOT NULL DEFAULT FALSE;
-- Hundredths by which a list may shrink between two readings.
ALTER TABLE list_policies ADD COLUMN shrink_limit_percent INTEGER;
-- The season that an entry is about, where it is about one.
ALTER TABLE list_items ADD COLUMN season INTEGER;

-- Why a reading was not complete, and what it read, so that the same is not read again. scraper-worker.
ALTER TABLE fetches ADD COLUMN cause TEXT;
ALTER TABLE fetches ADD COLUMN digest TEXT;

-- Ids of other sites that id maps tell. scraper-worker.
ALTER TABLE source_ids ADD COLUMN tvdb_id BIGINT;
ALTER TABLE source_ids ADD COLUMN season INTEGER;

-- Id maps that were taken over as a whole, and when. scraper-worker.
CREATE TABLE id_maps (
    source TEXT NOT NULL PRIMARY KEY,
    etag TEXT,
    checked_at TIMESTAMP NOT NULL,
    entries INTEGER NOT NULL
);

-- Failures of a host in a row, and what was asked of it on a day (UTC). scraper-worker.
ALTER TABLE host_state ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
CREATE TABLE host_usage (
    host TEXT NOT NULL PRIMARY KEY,
    day DATE NOT NULL,
    requests INTEGER NOT NULL
);

-- Accounts on list sites that people signed in to; the tokens are encrypted. sync-worker.
CREATE TABLE provider_tokens (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    tokens TEXT NOT NULL,
    expires_at TIMESTAMP,
    problem TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (provider, account)
);
