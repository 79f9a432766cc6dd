-- The marker: a database without it is somebody else's and is never written.
CREATE TABLE listsync_schema (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    product TEXT NOT NULL,
    created_by TEXT NOT NULL
);
INSERT INTO listsync_schema (id, product, created_by) VALUES (1, 'listsync', 'rust');

-- What to follow. Definitions and state: sync-worker.
CREATE TABLE lists (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    list_type TEXT NOT NULL,
    list_id TEXT NOT NULL,
    list_url TEXT NOT NULL,
    description TEXT NOT NULL,
    item_count INTEGER NOT NULL DEFAULT 0,
    last_synced TIMESTAMP,
    status TEXT NOT NULL,
    status_reason TEXT,
    auto_sync BOOLEAN NOT NULL DEFAULT TRUE,
    priority TEXT NOT NULL DEFAULT 'normal',
    item_limit INTEGER,
    from_settings BOOLEAN NOT NULL DEFAULT FALSE,
    is_named BOOLEAN NOT NULL DEFAULT FALSE,
    last_fetch INTEGER,
    removed_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (list_type, list_id)
);

-- How to follow it; a NULL takes the general setting.
CREATE TABLE list_policies (
    list INTEGER NOT NULL PRIMARY KEY REFERENCES lists (id) ON DELETE CASCADE,
    is_4k BOOLEAN,
    requested_as INTEGER
);

-- One title, whoever asks for it.
CREATE TABLE titles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    media_type TEXT NOT NULL,
    tmdb_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    year INTEGER,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (media_type, tmdb_id)
);

-- Foreign ids of titles, and how each is known.
CREATE TABLE title_ids (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    media_type TEXT NOT NULL,
    title INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    known_by TEXT NOT NULL,
    known_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source, external_id, media_type)
);
CREATE INDEX title_ids_by_title ON title_ids (title);

-- Membership: list and entry. `fetch` is the reading that last changed the row; the one that last
-- saw the whole list is `lists.last_fetch`, so an unchanged list writes no row here.
CREATE TABLE list_items (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    list INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    entry_key TEXT NOT NULL,
    rank INTEGER NOT NULL,
    title TEXT NOT NULL,
    original_title TEXT,
    year INTEGER,
    media_type TEXT,
    imdb_id TEXT,
    tmdb_id BIGINT,
    tvdb_id BIGINT,
    first_seen TIMESTAMP NOT NULL,
    returned_at TIMESTAMP,
    left_at TIMESTAMP,
    fetch INTEGER,
    identity TEXT NOT NULL,
    title_ref INTEGER REFERENCES titles (id) ON DELETE SET NULL,
    identity_reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try TIMESTAMP,
    UNIQUE (list, entry_key)
);
CREATE INDEX list_items_by_title ON list_items (title_ref);

-- The ledger: what was asked of which target, from where identity ends.
CREATE TABLE synced_items (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    title TEXT NOT NULL,
    year INTEGER,
    media_type TEXT NOT NULL,
    tmdb_id BIGINT NOT NULL,
    imdb_id TEXT,
    is_4k BOOLEAN NOT NULL,
    overseerr_id INTEGER,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    provider_source TEXT NOT NULL,
    request_id INTEGER,
    created_by_us BOOLEAN NOT NULL DEFAULT FALSE,
    asked_as_user INTEGER,
    run INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TIMESTAMP,
    requesting_since TIMESTAMP,
    request_after INTEGER,
    refused_at TIMESTAMP,
    last_synced TIMESTAMP NOT NULL,
    error_message TEXT,
    UNIQUE (target, media_type, tmdb_id, is_4k)
);
CREATE INDEX synced_items_by_status ON synced_items (status);
CREATE INDEX synced_items_by_run ON synced_items (run);

CREATE TABLE ledger_seasons (
    item INTEGER NOT NULL REFERENCES synced_items (id) ON DELETE CASCADE,
    season INTEGER NOT NULL,
    request_id INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (item, season)
);

-- A row only when a title's decision or reason differs from its last.
CREATE TABLE decisions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    title INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    is_4k BOOLEAN NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
CREATE INDEX decisions_by_title ON decisions (title, is_4k, id);
CREATE INDEX decisions_by_run ON decisions (run);

CREATE TABLE sync_history (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sync_started TIMESTAMP NOT NULL,
    sync_completed TIMESTAMP,
    sync_mode TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    scope TEXT NOT NULL,
    is_full BOOLEAN NOT NULL,
    taken_up INTEGER NOT NULL DEFAULT 0,
    items_processed INTEGER NOT NULL DEFAULT 0,
    items_requested INTEGER NOT NULL DEFAULT 0,
    items_skipped INTEGER NOT NULL DEFAULT 0,
    items_errored INTEGER NOT NULL DEFAULT 0,
    report TEXT
);
CREATE INDEX sync_history_by_status ON sync_history (status);

CREATE TABLE sync_interval (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    interval_hours DOUBLE NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Numbered; what live streams resume from.
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TIMESTAMP NOT NULL,
    kind TEXT NOT NULL,
    run INTEGER,
    list INTEGER,
    data TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at);

-- Readings of list sites. Written by scraper-worker, which knows lists only by number.
CREATE TABLE fetches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    list INTEGER NOT NULL,
    list_type TEXT NOT NULL,
    list_id TEXT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    entries INTEGER NOT NULL,
    announced INTEGER,
    dropped INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    not_modified BOOLEAN NOT NULL
);
CREATE INDEX fetches_by_list ON fetches (list, id);

CREATE TABLE http_cache (
    url TEXT NOT NULL PRIMARY KEY,
    etag TEXT,
    last_modified TEXT,
    body BLOB NOT NULL,
    stored_at TIMESTAMP NOT NULL
);

CREATE TABLE host_state (
    host TEXT NOT NULL PRIMARY KEY,
    not_before TIMESTAMP NOT NULL,
    reason TEXT NOT NULL
);

-- What a site's own key means, learned once: a film page's ids, a profile's user id.
CREATE TABLE source_ids (
    source TEXT NOT NULL,
    source_key TEXT NOT NULL,
    media_type TEXT,
    imdb_id TEXT,
    tmdb_id BIGINT,
    other_id TEXT,
    known_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source, source_key)
);

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    is_encrypted BOOLEAN NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);
