//! Layers, derived values, and the texts of errors.

use super::*;
use crate::settings::{AuthMode, LogFormat};

fn env<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    let home = [("HOME", "/home/me")];
    Environment::of(
        home.into_iter()
            .chain(variables)
            .map(|(n, v)| (n.to_owned(), v.to_owned())),
    )
}

fn loaded<const N: usize>(variables: [(&str, &str); N]) -> Loaded {
    load(&env(variables), None, &[]).unwrap()
}

fn error<const N: usize>(variables: [(&str, &str); N]) -> String {
    load(&env(variables), None, &[]).unwrap_err().to_string()
}

struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(text: &str) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listsync.toml");
    std::fs::write(&path, text).unwrap();
    File {
        _folder: folder,
        path,
    }
}

#[test]
fn with_nothing_set_there_are_defaults() {
    let Settings {
        paths,
        http,
        log,
        seerr,
        sync,
        lists,
        providers,
        notify,
        browser,
        program,
    } = loaded([]).settings;
    assert_eq!(paths.data_dir, Path::new("/home/me/.local/share/listsync"));
    assert_eq!(
        paths.run_dir,
        Path::new("/home/me/.local/share/listsync/run")
    );
    assert_eq!(
        paths.log_dir,
        Path::new("/home/me/.local/share/listsync/logs")
    );
    assert_eq!((http.api_port, http.dashboard_port), (4222, 3222));
    assert_eq!(http.bind.to_string(), "127.0.0.1");
    assert_eq!(http.auth, AuthMode::Required);
    assert_eq!((log.level.as_str(), log.format), ("info", LogFormat::Auto));
    assert_eq!((seerr.url, seerr.api_key, seerr.user_id), (None, None, 1));
    assert_eq!(
        (seerr.is_4k, seerr.timeout_s, seerr.settle_s),
        (false, 60, 120)
    );
    assert!((sync.interval_hours - 24.0).abs() < f64::EPSILON && sync.automated);
    assert_eq!(sync.history_days, 365);
    assert_eq!(providers.imdb.url, "https://www.imdb.com");
    assert_eq!(providers.imdb.graphql_url, "https://api.graphql.imdb.com");
    assert_eq!(providers.trakt.special_items_limit, 20);
    assert_eq!(providers.letterboxd.url, "https://letterboxd.com");
    assert_eq!((browser.path, browser.memory_mb), (None, 800));
    assert!(lists.is_empty() && program.is_empty() && notify.discord_webhook_url.is_none());
}

#[test]
fn in_a_container_the_old_places_are_kept() {
    let environment = env([("XDG_DATA_HOME", "/elsewhere")]).in_container();
    let Settings { paths, http, .. } = load(&environment, None, &[]).unwrap().settings;
    assert_eq!(
        paths.database(),
        Path::new("/usr/src/app/data/list_sync.db")
    );
    assert_eq!(
        paths.socket("api.sock"),
        Path::new("/run/listsync/api.sock")
    );
    assert_eq!(paths.log("api"), Path::new("/var/log/supervisor/api.log"));
    assert_eq!(http.bind.to_string(), "0.0.0.0");
    let path = config_path(&environment, None).unwrap();
    assert_eq!(path, Path::new("/etc/listsync/listsync.toml"));
}

#[test]
fn outside_one_xdg_says_where() {
    let environment = env([
        ("XDG_DATA_HOME", "/d"),
        ("XDG_RUNTIME_DIR", "/r"),
        ("XDG_CONFIG_HOME", "relative is ignored"),
    ]);
    let paths = load(&environment, None, &[]).unwrap().settings.paths;
    assert_eq!(paths.data_dir, Path::new("/d/listsync"));
    assert_eq!(paths.run_dir, Path::new("/r/listsync"));
    assert_eq!(
        config_path(&environment, None).unwrap(),
        Path::new("/home/me/.config/listsync/listsync.toml")
    );
    let nowhere = load(&Environment::default(), None, &[])
        .unwrap_err()
        .to_string();
    assert_eq!(
        nowhere,
        "there is no place for the data directory, since HOME is not set; set LISTSYNC_DATA_DIR"
    );
}

#[test]
fn relative_directories_become_absolute() {
    let paths = loaded([("LISTSYNC_DATA_DIR", "data")]).settings.paths;
    assert!(paths.data_dir.is_absolute() && paths.data_dir.ends_with("data"));
    assert_eq!(paths.log_dir, paths.data_dir.join("logs"));
}

#[test]
fn environment_comes_before_saved_before_file_before_default() {
    let file = file("[sync]\ninterval_hours = 3\n");
    let saved = [SavedValue::new("sync.interval_hours", "2")];
    let set = env([("SYNC_INTERVAL", "0.5")]);
    let hours = |environment: &Environment, config: Option<&Path>, saved: &[SavedValue]| {
        let loaded = load(environment, config, saved).unwrap();
        let source = loaded.source("sync.interval_hours").clone();
        (loaded.settings.sync.interval_hours.to_string(), source)
    };
    let some = Some(file.path.as_path());
    let variable = "SYNC_INTERVAL".to_owned();
    assert_eq!(
        hours(&set, some, &saved),
        (
            "0.5".into(),
            Source::Environment {
                variable,
                dot_env: None
            }
        )
    );
    assert_eq!(hours(&env([]), some, &saved), ("2".into(), Source::Saved));
    let path = file.path.clone();
    assert_eq!(
        hours(&env([]), some, &[]),
        ("3".into(), Source::File { path })
    );
    assert_eq!(
        hours(&env([("SYNC_INTERVAL", "")]), None, &[]),
        ("24".into(), Source::Default)
    );
}

#[test]
fn every_setting_has_a_source_and_environment_ones_are_locked() {
    let loaded = loaded([("SEERR_URL", "http://seerr:5055/")]);
    assert_eq!(loaded.sources.len(), KNOWN.len());
    assert_eq!(loaded.locked_by("seerr.url"), Some("SEERR_URL"));
    assert_eq!(loaded.locked_by("seerr.api_key"), None);
    assert_eq!(
        loaded.settings.seerr.url.as_deref(),
        Some("http://seerr:5055")
    );
}

#[test]
fn every_variable_of_the_table_reaches_its_setting() {
    for known in KNOWN {
        let value = match known.kind {
            super::super::Kind::Url => "http://sample:1",
            super::super::Kind::Bool => "true",
            super::super::Kind::Integer { least, .. } if least > 7 => &least.to_string(),
            super::super::Kind::Integer { .. } => "7",
            super::super::Kind::Hours => "2",
            super::super::Kind::Address => "127.0.0.7",
            super::super::Kind::Word(words) => words[words.len() - 1],
            super::super::Kind::LogLevel => "debug",
            super::super::Kind::Path => "/sample",
            super::super::Kind::TimeZone => "Asia/Tokyo",
            _ => "sample",
        };
        for variable in known.variables() {
            let loaded = loaded([(variable, value)]);
            assert_eq!(loaded.locked_by(known.key), Some(variable));
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        }
    }
}

#[test]
fn the_first_of_two_names_wins_and_a_difference_is_said() {
    let loaded = loaded([
        ("OVERSEERR_URL", "http://one"),
        ("JELLYSEERR_URL", "http://other"),
    ]);
    assert_eq!(loaded.settings.seerr.url.as_deref(), Some("http://one"));
    assert_eq!(
        loaded.warnings,
        ["OVERSEERR_URL and JELLYSEERR_URL differ; OVERSEERR_URL is used"]
    );
}

#[test]
fn lists_of_the_environment_are_split() {
    let lists = loaded([("IMDB_LISTS", "top, ls123"), ("TRAKT_LISTS", "")])
        .settings
        .lists;
    assert_eq!(lists["imdb"], ["top", "ls123"]);
    assert!(!lists.contains_key("trakt"));
}

#[test]
fn a_secret_may_lie_in_a_file() {
    let secret = file("hush\n");
    let path = secret.path.to_str().unwrap();
    let loaded = loaded([("OVERSEERR_API_KEY_FILE", path)]);
    assert_eq!(loaded.settings.seerr.api_key, Some(Secret::new("hush")));
    assert_eq!(
        loaded.locked_by("seerr.api_key"),
        Some("OVERSEERR_API_KEY_FILE")
    );
    assert!(loaded.warnings.is_empty());
    assert_eq!(
        error([("TMDB_KEY_FILE", "/nonexistent/key")]),
        "cannot read the file /nonexistent/key that TMDB_KEY_FILE names"
    );
}

#[test]
fn secrets_are_in_no_text() {
    let saved = [SavedValue::new("providers.tmdb.key", "hush")];
    let variables = [
        ("OVERSEERR_API_KEY", "hush"),
        ("OVERSEERR_KEY", "hush"),
        (
            "DISCORD_WEBHOOK_URL",
            "https://discord.com/api/webhooks/1/hush",
        ),
    ];
    let loaded = load(&env(variables), None, &saved).unwrap();
    assert!(loaded.settings.notify.discord_webhook_url.is_some());
    assert!(!format!("{loaded:?} {saved:?}").contains("hush"));
    let error = error([("DISCORD_WEBHOOK_URL", "discord.com/hush")]);
    assert_eq!(
        error,
        "DISCORD_WEBHOOK_URL is ***; it must be an address that begins with http:// or https://"
    );
}

#[test]
fn graphql_goes_where_imdb_goes_when_only_that_is_set() {
    let imdb = loaded([("LISTSYNC_IMDB_URL", "http://127.0.0.1:9/")])
        .settings
        .providers
        .imdb;
    assert_eq!(imdb.graphql_url, "http://127.0.0.1:9");
    let variables = [
        ("LISTSYNC_IMDB_URL", "http://one"),
        ("LISTSYNC_IMDB_GRAPHQL_URL", "http://other"),
    ];
    assert_eq!(
        loaded(variables).settings.providers.imdb.graphql_url,
        "http://other"
    );
}

#[test]
fn ill_formed_values_name_themselves_and_what_is_allowed() {
    assert_eq!(
        error([("OVERSEERR_URL", "192.168.1.5:5055")]),
        "OVERSEERR_URL is \"192.168.1.5:5055\"; it must be an address that begins with http:// or \
         https://"
    );
    assert_eq!(
        error([("SYNC_INTERVAL", "daily")]),
        "SYNC_INTERVAL is \"daily\"; it must be a number of hours from 0.0005 to 8760"
    );
    assert_eq!(
        error([("OVERSEERR_USER_ID", "me")]),
        "OVERSEERR_USER_ID is \"me\"; it must be a whole number from 1 on"
    );
    assert_eq!(
        error([("LISTSYNC_API_PORT", "70000")]),
        "LISTSYNC_API_PORT is \"70000\"; it must be a whole number from 0 to 65535"
    );
    assert_eq!(
        error([("AUTH", "none")]),
        "AUTH is \"none\"; it must be one of required, disabled_for_local_addresses, disabled"
    );
    assert_eq!(
        error([("AUTOMATED_MODE", "maybe"), ("LOG_FORMAT", "xml")]),
        "2 settings are wrong: AUTOMATED_MODE is \"maybe\"; it must be true or false · LOG_FORMAT is \
         \"xml\"; it must be one of auto, human, json"
    );
}

#[test]
fn a_config_file_that_is_asked_for_must_be_there() {
    let path = Path::new("/nonexistent/l.toml");
    let error = load(&env([]), Some(path), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the settings file /nonexistent/l.toml"
    );
    let named = env([("LISTSYNC_CONFIG", "/nonexistent/l.toml")]);
    assert!(load(&named, None, &[]).is_err());
}

#[test]
fn wrong_saved_values_are_warnings_and_the_next_layer_is_used() {
    let saved = [
        SavedValue::new("sync.interval_hours", "-1"),
        SavedValue::new("http.api_port", "1"),
        SavedValue::new("gone.setting", "1"),
    ];
    let loaded = load(&env([]), None, &saved).unwrap();
    assert!((loaded.settings.sync.interval_hours - 24.0).abs() < f64::EPSILON);
    assert_eq!(loaded.settings.http.api_port, 4222);
    assert_eq!(
        loaded.warnings,
        [
            "the saved value of `sync.interval_hours` is \"-1\" and not used; it must be a number of \
             hours from 0.0005 to 8760",
            "`http.api_port` is saved in the database and no setting that can be saved; it is not \
             used",
            "`gone.setting` is saved in the database and no setting that can be saved; it is not used",
        ]
    );
}

#[test]
fn unknown_variables_are_one_warning_and_retired_ones_one_note() {
    let loaded = loaded([
        ("OVERSEER_URL", "http://x"),
        ("LISTSYNC_COLOUR", "red"),
        ("IMBD_LISTS", "top"),
        ("NUXT_PUBLIC_API_URL", "x"),
        ("LISTSYNC_BATCH_SIZE", "3"),
        ("ENCRYPTION_KEY", "x"),
        ("DISPLAY", ":0"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(
        loaded.warnings,
        [
            "unknown variables are ignored: IMBD_LISTS (did you mean IMDB_LISTS?), LISTSYNC_COLOUR, \
          OVERSEER_URL (did you mean OVERSEERR_URL?)"
        ]
    );
    assert_eq!(
        loaded.notes,
        [
            "variables of the old ListSync are no longer needed: LISTSYNC_BATCH_SIZE, \
          NUXT_PUBLIC_API_URL"
        ]
    );
}

#[test]
fn values_out_of_their_bounds_and_pairs_that_clash_are_refused() {
    let mut settings = loaded([]).settings;
    settings.sync.interval_hours = 0.0;
    let text = settings.check().unwrap_err().to_string();
    assert_eq!(text, "`sync.interval_hours` must be above 0");
    assert_eq!(
        error([("LISTSYNC_API_PORT", "3222")]),
        "`http.dashboard_port` must differ from `http.api_port`"
    );
}

#[test]
fn a_time_zone_is_understood_from_every_layer_and_an_impossible_one_refused() {
    let zone = |variables: &[(&str, &str)], config: Option<&Path>| {
        let all = variables.iter().chain(&[("HOME", "/home/me")]).copied();
        load(&Environment::of(all), config, &[]).unwrap()
    };
    assert!(zone(&[], None).time_zone.is_machine());
    let written = file("[sync]\ntime_zone = \"UTC+1\"\n");
    let loaded = zone(&[], Some(&written.path));
    assert_eq!(loaded.time_zone.variable().as_deref(), Some("<+01>-1"));
    assert_eq!(loaded.settings.sync.time_zone, "UTC+1");
    let loaded = zone(&[("TZ", "IST")], Some(&written.path));
    assert_eq!(loaded.time_zone.name(), Some("Asia/Kolkata"));
    assert!(
        loaded.warnings[0].contains("IST is taken for Asia/Kolkata"),
        "{:?}",
        loaded.warnings
    );
    let loaded = zone(&[("TZ", "IST"), ("TIMEZONE_REGION", "EU")], None);
    assert_eq!(loaded.time_zone.name(), Some("Europe/Dublin"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    assert_eq!(
        error([("TZ", "Mars/Phobos-1")]),
        "TZ is \"Mars/Phobos-1\"; it must be a time zone such as Europe/Berlin, CET or UTC+1"
    );
}

#[test]
fn everything_that_no_log_may_show_is_told() {
    let written = file(
        "[seerr]\nurl = \"http://me:pass-one@seerr:5055\"\n[lists]\nweb = [\"https://me:pass-two@x/\"]\n\
         [program.vpn]\ncommand = \"vpn\"\nenvironment = { VPN_PASSWORD = \"pass-three\", MODE = \"not-secret\" }\n",
    );
    let environment = Environment::of([
        ("HOME", "/home/me"),
        ("TMDB_KEY", "pass-four"),
        ("SEERR_API_KEY", "short"),
        ("LISTSYNC_SECRET_KEY", "pass-five"),
    ]);
    let saved = [
        SavedValue::new("providers.trakt.client_id", "pass-six"),
        SavedValue::new("providers.tvdb.key", "pass-four"),
    ];
    let told = |loaded: Loaded| {
        let mut told: Vec<_> = loaded
            .secrets()
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect();
        told.sort();
        told
    };
    let loaded = load(&environment, Some(&written.path), &saved).unwrap();
    assert_eq!(
        told(loaded),
        [
            "pass-five",
            "pass-four",
            "pass-one",
            "pass-six",
            "pass-three",
            "pass-two"
        ]
    );
    let without = load_without_secrets(&environment, Some(&written.path), &saved).unwrap();
    assert_eq!(told(without), ["pass-one", "pass-two"]);
}

#[test]
fn keys_of_programs_are_found_and_else_the_table() {
    let written = file("[program.vpn]\ncommand = \"vpn\"\nafter = [\"api\"]\n");
    let loaded = load(&env([]), Some(&written.path), &[]).unwrap();
    let line = |key| loaded.place(key).and_then(|place| place.line);
    assert_eq!(line("program.vpn.after"), Some(3));
    assert_eq!(line("program.vpn.ready_url"), Some(1));
    assert_eq!(line("program.api.after"), None);
}

#[test]
fn a_value_of_dot_env_says_so() {
    let dot_env = file("SYNC_INTERVAL=6\n");
    let mut environment = env([]);
    environment.read_dot_env(&dot_env.path).unwrap();
    let loaded = load(&environment, None, &[]).unwrap();
    let text = loaded.source("sync.interval_hours").to_string();
    assert_eq!(text, format!("SYNC_INTERVAL in {}", dot_env.path.display()));
}

#[test]
fn what_the_supervisor_sets_is_no_unknown_variable() {
    let environment = Environment::of([("HOME", "/home/me"), ("LISTSYNC_LIFE", "api:1:2:3")]);
    let loaded = load(&environment, None, &[]).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn what_is_set_and_has_no_effect_is_told_in_one_line() {
    let environment = Environment::of([
        ("HOME", "/home/me"),
        ("TRUSTED_PROXIES", "10.0.0.1"),
        ("DISCORD_WEBHOOK_URL", "https://discord.example/hook"),
    ]);
    let notes = load(&environment, None, &[]).unwrap().notes;
    assert_eq!(
        notes,
        ["set and not used by this version yet: DISCORD_WEBHOOK_URL, TRUSTED_PROXIES"]
    );
}
