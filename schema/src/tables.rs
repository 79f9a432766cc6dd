// @generated automatically by Diesel CLI.

diesel::table! {
    api_keys (id) {
        id -> Integer,
        name -> Text,
        digest -> Text,
        created_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    decisions (id) {
        id -> Integer,
        run -> Integer,
        title -> Integer,
        is_4k -> Bool,
        decision -> Text,
        reason -> Text,
        decided_at -> Timestamp,
        remedy -> Nullable<Text>,
        seasons -> Nullable<Text>,
        sources -> Nullable<Text>,
    }
}

diesel::table! {
    events (id) {
        id -> Integer,
        at -> Timestamp,
        kind -> Text,
        run -> Nullable<Integer>,
        list -> Nullable<Integer>,
        data -> Text,
    }
}

diesel::table! {
    fetches (id) {
        id -> Integer,
        list -> Integer,
        list_type -> Text,
        list_id -> Text,
        started_at -> Timestamp,
        finished_at -> Timestamp,
        outcome -> Text,
        reason -> Nullable<Text>,
        entries -> Integer,
        announced -> Nullable<Integer>,
        dropped -> Integer,
        pages -> Integer,
        not_modified -> Bool,
        cause -> Nullable<Text>,
        digest -> Nullable<Text>,
    }
}

diesel::table! {
    host_state (host) {
        host -> Text,
        not_before -> Timestamp,
        reason -> Text,
        failures -> Integer,
    }
}

diesel::table! {
    host_usage (host) {
        host -> Text,
        day -> Date,
        requests -> Integer,
    }
}

diesel::table! {
    http_cache (url) {
        url -> Text,
        etag -> Nullable<Text>,
        last_modified -> Nullable<Text>,
        body -> Binary,
        stored_at -> Timestamp,
    }
}

diesel::table! {
    id_maps (source) {
        source -> Text,
        etag -> Nullable<Text>,
        checked_at -> Timestamp,
        entries -> Integer,
    }
}

diesel::table! {
    ledger_seasons (item, season) {
        item -> Integer,
        season -> Integer,
        request_id -> Nullable<Integer>,
        state -> Text,
    }
}

diesel::table! {
    list_items (id) {
        id -> Integer,
        list -> Integer,
        entry_key -> Text,
        rank -> Integer,
        title -> Text,
        original_title -> Nullable<Text>,
        year -> Nullable<Integer>,
        media_type -> Nullable<Text>,
        imdb_id -> Nullable<Text>,
        tmdb_id -> Nullable<BigInt>,
        tvdb_id -> Nullable<BigInt>,
        first_seen -> Timestamp,
        returned_at -> Nullable<Timestamp>,
        left_at -> Nullable<Timestamp>,
        fetch -> Nullable<Integer>,
        identity -> Text,
        title_ref -> Nullable<Integer>,
        identity_reason -> Nullable<Text>,
        attempts -> Integer,
        next_try -> Nullable<Timestamp>,
        season -> Nullable<Integer>,
        trakt_id -> Nullable<BigInt>,
        candidates -> Nullable<Text>,
    }
}

diesel::table! {
    list_policies (list) {
        list -> Integer,
        is_4k -> Nullable<Bool>,
        requested_as -> Nullable<Integer>,
        shrink_limit_percent -> Nullable<Integer>,
        withdraws -> Nullable<Bool>,
    }
}

diesel::table! {
    lists (id) {
        id -> Integer,
        list_type -> Text,
        list_id -> Text,
        list_url -> Text,
        description -> Text,
        item_count -> Integer,
        last_synced -> Nullable<Timestamp>,
        status -> Text,
        status_reason -> Nullable<Text>,
        auto_sync -> Bool,
        priority -> Text,
        item_limit -> Nullable<Integer>,
        from_settings -> Bool,
        is_named -> Bool,
        last_fetch -> Nullable<Integer>,
        removed_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        status_cause -> Nullable<Text>,
        last_read_at -> Nullable<Timestamp>,
        last_read_entries -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        last_error_at -> Nullable<Timestamp>,
        accepts_shrink -> Bool,
        ask_first -> Bool,
        waiting_titles -> Nullable<Integer>,
    }
}

diesel::table! {
    listsync_schema (id) {
        id -> Integer,
        product -> Text,
        created_by -> Text,
    }
}

diesel::table! {
    pin_keys (entry_key) {
        entry_key -> Text,
        pin -> Integer,
    }
}

diesel::table! {
    pins (id) {
        id -> Integer,
        entry_title -> Text,
        entry_year -> Nullable<Integer>,
        entry_type -> Nullable<Text>,
        media_type -> Nullable<Text>,
        tmdb_id -> Nullable<BigInt>,
        title -> Nullable<Text>,
        year -> Nullable<Integer>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    plan_items (plan, position) {
        plan -> Integer,
        position -> Integer,
        title -> Integer,
        is_4k -> Bool,
        decision -> Text,
        reason -> Text,
        remedy -> Nullable<Text>,
        seasons -> Nullable<Text>,
        request_id -> Nullable<Integer>,
        requested_as -> Integer,
        lists -> Text,
        sources -> Text,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    plans (id) {
        id -> Integer,
        made_by -> Integer,
        status -> Text,
        target -> Text,
        counts -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        applied_by -> Nullable<Integer>,
        undoes -> Nullable<Integer>,
    }
}

diesel::table! {
    provider_tokens (id) {
        id -> Integer,
        provider -> Text,
        account -> Text,
        tokens -> Text,
        expires_at -> Nullable<Timestamp>,
        problem -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    run_requests (target, media_type, tmdb_id, is_4k, request_id) {
        target -> Text,
        media_type -> Text,
        tmdb_id -> BigInt,
        is_4k -> Bool,
        request_id -> Integer,
        run -> Integer,
    }
}

diesel::table! {
    settings (key) {
        key -> Text,
        value -> Text,
        is_encrypted -> Bool,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    source_ids (source, source_key) {
        source -> Text,
        source_key -> Text,
        media_type -> Nullable<Text>,
        imdb_id -> Nullable<Text>,
        tmdb_id -> Nullable<BigInt>,
        other_id -> Nullable<Text>,
        known_at -> Timestamp,
        tvdb_id -> Nullable<BigInt>,
        season -> Nullable<Integer>,
    }
}

diesel::table! {
    sync_history (id) {
        id -> Integer,
        sync_started -> Timestamp,
        sync_completed -> Nullable<Timestamp>,
        sync_mode -> Text,
        status -> Text,
        reason -> Nullable<Text>,
        scope -> Text,
        is_full -> Bool,
        taken_up -> Integer,
        items_processed -> Integer,
        items_requested -> Integer,
        items_skipped -> Integer,
        items_errored -> Integer,
        report -> Nullable<Text>,
        plan -> Nullable<Integer>,
        titles -> Integer,
        already_requested -> Integer,
        available -> Integer,
        waiting -> Integer,
        withdrawn -> Integer,
        needs_review -> Integer,
        not_found -> Integer,
        planned -> Integer,
        undone_by -> Nullable<Integer>,
    }
}

diesel::table! {
    sync_interval (id) {
        id -> Integer,
        interval_hours -> Double,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    synced_items (id) {
        id -> Integer,
        target -> Text,
        title -> Text,
        year -> Nullable<Integer>,
        media_type -> Text,
        tmdb_id -> BigInt,
        imdb_id -> Nullable<Text>,
        is_4k -> Bool,
        overseerr_id -> Nullable<Integer>,
        status -> Text,
        reason -> Text,
        provider_source -> Text,
        request_id -> Nullable<Integer>,
        created_by_us -> Bool,
        asked_as_user -> Nullable<Integer>,
        run -> Nullable<Integer>,
        attempts -> Integer,
        retry_at -> Nullable<Timestamp>,
        requesting_since -> Nullable<Timestamp>,
        request_after -> Nullable<Integer>,
        refused_at -> Nullable<Timestamp>,
        last_synced -> Timestamp,
        error_message -> Nullable<Text>,
        requested_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    title_facts (title) {
        title -> Integer,
        seasons -> Text,
        has_ended -> Bool,
        has_tvdb_id -> Bool,
        known_at -> Timestamp,
        refresh_at -> Timestamp,
    }
}

diesel::table! {
    title_ids (source, external_id, media_type) {
        source -> Text,
        external_id -> Text,
        media_type -> Text,
        title -> Integer,
        known_by -> Text,
        known_at -> Timestamp,
    }
}

diesel::table! {
    titles (id) {
        id -> Integer,
        media_type -> Text,
        tmdb_id -> BigInt,
        title -> Text,
        year -> Nullable<Integer>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::joinable!(decisions -> titles (title));
diesel::joinable!(ledger_seasons -> synced_items (item));
diesel::joinable!(list_items -> lists (list));
diesel::joinable!(list_items -> titles (title_ref));
diesel::joinable!(list_policies -> lists (list));
diesel::joinable!(pin_keys -> pins (pin));
diesel::joinable!(plan_items -> plans (plan));
diesel::joinable!(plan_items -> titles (title));
diesel::joinable!(run_requests -> sync_history (run));
diesel::joinable!(title_facts -> titles (title));
diesel::joinable!(title_ids -> titles (title));

diesel::allow_tables_to_appear_in_same_query!(
    api_keys,
    decisions,
    events,
    fetches,
    host_state,
    host_usage,
    http_cache,
    id_maps,
    ledger_seasons,
    list_items,
    list_policies,
    lists,
    listsync_schema,
    pin_keys,
    pins,
    plan_items,
    plans,
    provider_tokens,
    run_requests,
    settings,
    source_ids,
    sync_history,
    sync_interval,
    synced_items,
    title_facts,
    title_ids,
    titles,
);
