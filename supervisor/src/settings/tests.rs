//! The table of programs as a whole: defaults, refusals, what programs see, what changed.

use super::{
    table::{ALIVE, SLOW_RETRY, WATCHDOG_S},
    *,
};
use crate::program::ReadyRule;
use nix::sys::resource::Resource;
use runtime::settings::{OUR_PROGRAMS, PROGRAM_KEYS};
use std::{ffi::OsStr, time::Duration};

fn load(text: &str, more: &[(&str, &str)]) -> (tempfile::TempDir, Environment, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("listsync.toml");
    std::fs::write(&config, text).unwrap();
    let data = folder.path().to_str().unwrap();
    let variables = [
        ("LISTSYNC_DATA_DIR", data),
        ("PATH", "/bin"),
        ("LC_ALL", "C"),
    ];
    let environment = Environment::of(variables.iter().chain(more).copied());
    let loaded = runtime::settings::load(&environment, Some(&config), &[]).unwrap();
    (folder, environment, loaded)
}

const NOBODY: Rights = Rights {
    uid: 65_534,
    capabilities: 0,
    oom_score_adj: 100,
    hard_limit: |_| 1000,
};
const ROOT: Rights = Rights {
    uid: 0,
    capabilities: u64::MAX,
    ..NOBODY
};

fn refused(text: &str, rights: Rights) -> String {
    let (folder, environment, loaded) = load(text, &[]);
    programs_with(&loaded, &environment, Path::new("/opt"), rights)
        .unwrap_err()
        .to_string()
        .replace(folder.path().to_str().unwrap(), "/etc")
}

fn error(text: &str) -> String {
    refused(text, ROOT)
}

/// The owner's program `x` with these keys.
fn owners(lines: &str) -> Program {
    let text = format!("[program.x]\ncommand = \"/bin/x\"\n{lines}\n");
    let (_folder, environment, loaded) = load(&text, &[]);
    programs_with(&loaded, &environment, Path::new("/opt"), ROOT)
        .unwrap()
        .remove(3)
}

/// What is wrong with these keys of the owner's program `x`, without where.
fn problem(lines: &str) -> String {
    error(&format!("[program.x]\ncommand = \"/bin/x\"\n{lines}\n"))
}

#[test]
fn our_workers_are_there_without_any_settings() {
    let (_folder, environment, loaded) = load("", &[]);
    let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
    let shown: Vec<_> = programs
        .iter()
        .map(|program| {
            (
                program.name.as_str(),
                program.command.to_str().unwrap(),
                program.essential,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("scraper-worker", "/opt/listsync-scraper-worker", false),
            ("sync-worker", "/opt/listsync-sync-worker", true),
            ("api", "/opt/listsync-api", true),
        ]
    );
    assert!(
        programs
            .iter()
            .all(|program| program.autostart && program.readiness == Probe::Notify)
    );
    assert_eq!(programs[0].policy.slow_retry, Some(SLOW_RETRY));
    assert_eq!(programs[1].policy.slow_retry, None);
}

#[test]
fn a_table_changes_ours_and_adds_the_owners() {
    let (_folder, environment, loaded) = load(
        "[program.api]\nessential = false\nstop_timeout_s = 3\n\
         [program.vpn]\ncommand = \"/usr/bin/vpn\"\nargs = [\"-f\"]\nafter = [\"api\"]\n\
         stop_signal = \"int\"\nenvironment = { MODE = \"x=y\" }\n",
        &[],
    );
    let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
    assert_eq!(programs[2].policy.stop_within, Duration::from_secs(3));
    assert!(!programs[2].essential);
    let vpn = &programs[3];
    assert_eq!(
        (vpn.name.as_str(), vpn.essential, &vpn.readiness),
        ("vpn", false, &Probe::None)
    );
    assert_eq!(vpn.environment[OsStr::new("MODE")], "x=y");
    assert_eq!(Some(vpn.stop_signal), Signal::named("SIGINT"));
    assert_eq!(vpn.policy.ready, ReadyRule::Alive(ALIVE));
}

#[test]
fn what_makes_no_sense_is_refused_by_key_and_line() {
    assert_eq!(
        error("[program.vpn]\nargs = []\n"),
        "`program.vpn.command` in /etc/listsync.toml, line 1 is missing; name the file to run"
    );
    assert_eq!(
        error("[program.api]\nafter = [\"apy\"]\n"),
        "`program.api.after` in /etc/listsync.toml, line 2 names \"apy\", which is no program; there are \
         api, scraper-worker, sync-worker"
    );
    assert_eq!(
        error(
            "[program.api]\nafter = [\"sync-worker\"]\n[program.sync-worker]\nafter = [\"api\"]\n"
        ),
        "`program.api.after` in /etc/listsync.toml, line 2 goes in a circle: api → sync-worker → api; take \
         one of them out"
    );
    assert_eq!(
        error("[program.api]\nstop_signal = \"loud\"\n"),
        "`program.api.stop_signal` in /etc/listsync.toml, line 2 is \"loud\"; it must be a signal such as \
         TERM or INT"
    );
}

#[test]
fn impossible_values_and_pairs_are_refused_with_what_to_do() {
    for (lines, told) in [
        (
            "after = [\"x\"]",
            "`program.x.after` in /etc/listsync.toml, line 3 names the program itself; remove",
        ),
        ("ready = \"http\"", "without a `ready_url`; add"),
        (
            "ready_url = \"http://x/\"",
            "is used by `ready = \"http\"` alone; add",
        ),
        (
            "ready = \"http\"\nready_url = \"https://x/\"",
            "line 4 begins with https://, and the supervisor asks",
        ),
        (
            "oneshot = true\nready = \"notify\"",
            "is \"notify\", and a `oneshot` is only ready when",
        ),
        (
            "oneshot = true\nready = \"http\"\nready_url = \"http://x/\"",
            "2 settings are wrong",
        ),
        (
            "oneshot = true\nwatchdog_s = 5",
            "`program.x.watchdog_s` in /etc/listsync.toml, line 4 is set, and a",
        ),
        (
            "oneshot = true\nrestart = \"always\"",
            "take on-failure or never",
        ),
        (
            "ready_timeout_s = 0",
            "is 0; it must be a whole number from 1 to",
        ),
        (
            "stop_timeout_s = 99999999999",
            "it must be a whole number from 0 to 31536000",
        ),
        ("exit_codes = []", "name at least one code"),
        (
            "restart_factor = 0.5",
            "is 0.5; it must be a number from 1 to 10",
        ),
        ("restart_factor = nan", "it must be a number from 1 to 10"),
        ("restart_jitter = 1.5", "it must be a number from 0 to 1"),
        (
            "restart_base_ms = 70000",
            "is 70000, above `restart_cap_ms`, which is 60000; raise that too",
        ),
        (
            "restart_cap_ms = 100",
            "is 100, below `restart_base_ms`, which is 500 when absent; set that too",
        ),
        (
            "restart_burst = 0",
            "is 0; it must be a whole number from 1 to",
        ),
        (
            "log_backups = 100000",
            "it must be a whole number from 0 to 1000",
        ),
        (
            "log_file = \"supervisor.log\"",
            "which is the log of the supervisor too; give each program its own",
        ),
        (
            "log_file = \"../logs/api.log.2\"",
            "which is the log of api too",
        ),
        (
            "log_file = \"../list_sync.db\"",
            "which ListSync keeps something else in",
        ),
        ("log_file = \"/tmp/\"", "which is no file"),
        ("umask = \"888\"", "is \"888\"; it must be a mask in octal"),
        (
            "user = \"no-such-user-of-ours\"",
            "there is no such user; make it",
        ),
        (
            "oom_score_adj = 1001",
            "it must be a whole number from -1000 to 1000",
        ),
        (
            "rlimits = { nofiles = 5 }",
            "has \"nofiles\"; it may have nofile, nproc",
        ),
        ("stop_signal = \"STOP\"", "it must be a signal such as"),
        (
            "environment = { LISTEN_FDS = \"1\" }",
            "sets LISTEN_FDS, which the supervisor itself sets; remove it",
        ),
        (
            "environment = { LISTSYNC_LIFE = \"1\" }",
            "sets LISTSYNC_LIFE",
        ),
        (
            "environment = { NOTIFY_SOCKET = \"/x\" }",
            "sets NOTIFY_SOCKET",
        ),
        (
            "environment = { WATCHDOG_USEC = \"1\" }",
            "sets WATCHDOG_USEC",
        ),
    ] {
        let text = problem(lines);
        assert!(text.contains(told), "{lines}: {text}");
    }
    let worker = error("[program.api]\noneshot = true\n");
    assert!(
        worker.contains("api never ends by itself; remove the key"),
        "{worker}"
    );
}

#[test]
fn without_root_nobody_gets_more_than_the_supervisor_has() {
    let told = |lines: &str| {
        refused(
            &format!("[program.x]\ncommand = \"/bin/x\"\n{lines}\n"),
            NOBODY,
        )
    };
    assert!(told("user = \"root\"").contains("only root can start a program as somebody else"));
    assert!(told("rlimits = { nofile = 1001 }").contains("it can be 1000 at most"));
    assert!(
        told("oom_score_adj = 99").contains("cannot be below the supervisor's own, which is 100")
    );
    let lines = "user = \"root\"\nrlimits = { nofile = 1001 }\noom_score_adj = -5";
    let limits = owners(lines).limits;
    assert_eq!(limits.resources, [(Resource::RLIMIT_NOFILE, 1001)]);
    assert_eq!(
        (limits.oom_score_adj, limits.user.unwrap().uid),
        (Some(-5), 0)
    );
}

#[test]
fn names_that_cannot_be_used_are_refused_and_everything_wrong_is_told_at_once() {
    let table = |name: &str| format!("[program.{name}]\ncommand = \"/bin/x\"\n");
    let long = "x".repeat(100);
    for (name, told) in [
        ("all", "commands use for something else"),
        ("supervisor", "commands use for something else"),
        ("\"a b\"", "take letters, digits"),
        ("\"..\"", "take letters, digits"),
        ("-x", "begin with a letter"),
        (long.as_str(), "too long for its socket"),
    ] {
        let text = error(&table(name));
        assert!(text.contains(told), "{name}: {text}");
    }
    let (_folder, environment, loaded) = load(&table("\"my.job_2-x\""), &[]);
    assert!(programs(&loaded, &environment, Path::new("/opt")).is_ok());
    let text = error(&format!(
        "{}{}",
        table("all"),
        "[program.api]\nrestart_burst = 0\nafter = [\"y\"]\n"
    ));
    assert!(text.starts_with("3 settings are wrong: "), "{text}");
}

#[test]
fn every_key_reaches_the_program() {
    let program = owners(
        "args = [\"-f\"]\ndirectory = \"/srv\"\nuser = \"root\"\numask = \"027\"\nautostart = false\n\
         after = [\"api\"]\nessential = true\nready = \"http\"\nready_url = \"http://127.0.0.1:1/\"\n\
         ready_timeout_s = 3\nwatchdog_s = 4\nstop_signal = \"USR1\"\nstop_timeout_s = 5\n\
         exit_codes = [0, 3]\nrestart = \"on-failure\"\nrestart_base_ms = 6\nrestart_factor = 3\n\
         restart_cap_ms = 7\nrestart_jitter = 0\nrestart_burst = 8\nrestart_window_s = 9\n\
         max_memory_mb = 10\nlog_file = \"own.log\"\nlog_max_bytes = 11\nlog_backups = 12\n\
         log_lines_per_s = 13\nrlimits = { core = 14 }\noom_score_adj = 15\nenvironment = { HOME = \"/own\" }",
    );
    assert_eq!(program.readiness, Probe::Http("http://127.0.0.1:1/".into()));
    assert_eq!(program.exit_codes, [0, 3]);
    assert_eq!(program.max_memory, Some(10 * 1024 * 1024));
    assert_eq!(program.policy.watchdog, Some(Duration::from_secs(4)));
    assert_eq!(program.policy.slow_retry, None);
    assert_eq!(program.environment[OsStr::new("HOME")], "/own");
    assert_eq!(program.environment[OsStr::new("LOGNAME")], "root");
    assert!(program.log.path.ends_with("logs/own.log"));
    assert_eq!(program.log.lines_per_s, Some(13));
    assert_eq!(program.limits.umask, Some(0o27));
    assert_eq!(program.limits.resources, [(Resource::RLIMIT_CORE, 14)]);
    assert_eq!(program.limits.oom_score_adj, Some(15));
    assert!(!program.takes_sockets && !program.autostart);
}

#[test]
fn ours_are_watched_and_the_browser_goes_first() {
    let (_folder, environment, loaded) = load("", &[]);
    let programs = programs_with(&loaded, &environment, Path::new("/opt"), NOBODY).unwrap();
    let watchdog = Some(Duration::from_secs(WATCHDOG_S));
    assert!(
        programs
            .iter()
            .all(|program| program.policy.watchdog == watchdog)
    );
    let scores: Vec<_> = programs
        .iter()
        .map(|program| program.limits.oom_score_adj)
        .collect();
    assert_eq!(scores, [Some(400), None, None]);
    let sockets: Vec<_> = programs
        .iter()
        .map(|program| program.takes_sockets)
        .collect();
    assert_eq!(sockets, [false, false, true]);
    let unwatched = "[program.api]\nwatchdog_s = 0\n";
    let (_folder, environment, loaded) = load(unwatched, &[]);
    let programs = programs_with(&loaded, &environment, Path::new("/opt"), NOBODY).unwrap();
    assert_eq!(programs[2].policy.watchdog, None);
}

#[test]
fn the_default_file_changes_nothing_and_its_example_can_be_used() {
    assert_eq!(Worker::ALL.map(Worker::name), OUR_PROGRAMS);
    let (_folder, environment, nothing) = load("", &[]);
    let commented = runtime::settings::default_toml();
    let uncommented = commented.replace("\n#", "\n").replace("\n ", "\n# ");
    let of = |loaded: &Loaded| programs(loaded, &environment, Path::new("/opt")).unwrap();
    let expected = of(&nothing);
    for (text, count) in [(commented, 3), (uncommented, 4)] {
        let (_folder, _environment, mut loaded) = load(&text, &[]);
        // The folder and the file are others.
        loaded.settings.paths.clone_from(&nothing.settings.paths);
        loaded.file.clone_from(&nothing.file);
        let programs = of(&loaded);
        assert_eq!(programs.len(), count);
        for (program, expected) in programs.iter().zip(&expected) {
            assert_eq!(program.difference(expected), <[&str; 0]>::default());
            assert!(program == expected, "{program:?}");
        }
        if let Some(vpn) = programs.get(3) {
            let mut plain = owners("");
            plain.name.clone_from(&vpn.name);
            plain.log.name.clone_from(&vpn.name);
            plain.log.path.clone_from(&vpn.log.path);
            assert_eq!(vpn.difference(&plain), ["command"]);
        }
    }
}

#[test]
fn each_key_that_differs_is_named_alone_and_some_take_a_new_process() {
    let values = [
        ("command", "", ""),
        ("args", "args = [\"-x\"]", ""),
        ("environment", "environment = { A = \"1\" }", ""),
        ("directory", "directory = \"/srv\"", ""),
        (
            "user",
            "user = \"root\"\nenvironment = { HOME = \"/\", USER = \"u\", LOGNAME = \"u\" }",
            "environment = { HOME = \"/\", USER = \"u\", LOGNAME = \"u\" }",
        ),
        ("umask", "umask = \"077\"", ""),
        ("autostart", "autostart = false", ""),
        ("oneshot", "oneshot = true", "restart = \"on-failure\""),
        ("after", "after = [\"api\"]", ""),
        ("essential", "essential = true", ""),
        (
            "ready",
            "ready = \"notify\"",
            "ready = \"http\"\nready_url = \"http://x/\"",
        ),
        (
            "ready_url",
            "ready = \"http\"\nready_url = \"http://x/\"",
            "ready = \"http\"\nready_url = \"http://y/\"",
        ),
        (
            "ready_timeout_s",
            "ready = \"notify\"\nready_timeout_s = 1",
            "ready = \"notify\"",
        ),
        ("watchdog_s", "watchdog_s = 1", ""),
        ("stop_signal", "stop_signal = \"INT\"", ""),
        ("stop_timeout_s", "stop_timeout_s = 1", ""),
        ("exit_codes", "exit_codes = [1]", ""),
        ("restart", "restart = \"never\"", ""),
        ("restart_base_ms", "restart_base_ms = 1", ""),
        ("restart_factor", "restart_factor = 3", ""),
        ("restart_cap_ms", "restart_cap_ms = 1000", ""),
        ("restart_jitter", "restart_jitter = 0", ""),
        ("restart_burst", "restart_burst = 1", ""),
        ("restart_window_s", "restart_window_s = 1", ""),
        ("max_memory_mb", "max_memory_mb = 1", ""),
        (
            "log_file",
            "log_file = \"/tmp/y.log\"",
            "log_file = \"/tmp/z.log\"",
        ),
        ("log_max_bytes", "log_max_bytes = 1", ""),
        ("log_backups", "log_backups = 1", ""),
        ("log_lines_per_s", "log_lines_per_s = 1", ""),
        ("rlimits", "rlimits = { core = 1 }", ""),
        ("oom_score_adj", "oom_score_adj = 1", ""),
    ];
    assert_eq!(
        values.map(|(key, ..)| key).to_vec(),
        PROGRAM_KEYS.iter().map(|key| key.key).collect::<Vec<_>>()
    );
    for (key, lines, other) in values {
        let (mut one, mut two) = (owners(lines), owners(other));
        if key == "command" {
            one.command = PathBuf::from("/bin/y");
        }
        if key != "log_file" {
            one.log.path.clone_from(&two.log.path); // each is in a folder of its own
        }
        assert_eq!(one.difference(&two), [key]);
        assert!(one != two, "{key}");
        std::mem::swap(&mut one, &mut two);
        assert_eq!(one.difference(&two), [key]);
    }
    assert!(needs_restart(&["after", "environment"]) && needs_restart(&["ready"]));
    assert!(!needs_restart(&[
        "after",
        "essential",
        "log_file",
        "restart",
        "max_memory_mb"
    ]));
}

/// Variables, the file, and values of `TZ` that are right.
type ZoneCase<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

#[test]
fn programs_get_the_zone_that_the_c_library_understands() {
    // Without data of zones on this machine it is the rule.
    let shanghai = &["Asia/Shanghai", "CST-8"];
    let cases: [ZoneCase; 5] = [
        (&[("TZ", "UTC+1")], "", &["<+01>-1"]),
        (&[("TZ", "CST"), ("TIMEZONE_REGION", "ASIA")], "", shanghai),
        (&[], "[sync]\ntime_zone = \"GMT-3\"\n", &["<-03>3"]),
        (&[("TZ", "localtime")], "", &[]),
        (&[], "", &[]),
    ];
    for (variables, file, meant) in cases {
        let text = format!("{file}[program.vpn]\ncommand = \"vpn\"\n");
        let (_folder, environment, loaded) = load(&text, variables);
        let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
        assert_eq!(programs.len(), 4);
        for program in programs {
            let zone = program.environment.get(OsStr::new("TZ"));
            match zone.map(|zone| zone.to_str().unwrap()) {
                Some(zone) => assert!(meant.contains(&zone), "{zone} {}", program.name),
                None => assert!(meant.is_empty(), "{meant:?} {}", program.name),
            }
        }
    }
}

#[test]
fn what_the_machine_lacks_is_a_warning_with_a_remedy() {
    let text = "[program.gone]\ncommand = \"/nonexistent/x\"\ndirectory = \"/nonexistent\"\n\
                log_file = \"/nonexistent/x.log\"\nafter = [\"idle\"]\n\
                [program.idle]\ncommand = \"no-such-program-of-ours\"\nautostart = false\n\
                [program.plain]\ncommand = \"/etc/passwd\"\n[program.well]\ncommand = \"sh\"\n[program.api]\nargs = []\n";
    let (_folder, environment, loaded) = load(text, &[]);
    let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
    let told: Vec<_> = warnings(&programs, &loaded)
        .into_iter()
        .map(|warning| {
            assert!(warning.remedy.ends_with('.'), "{}", warning.remedy);
            let key = warning.message.split('`').nth(1).unwrap().to_owned();
            assert!(
                warning.message.contains("listsync.toml, line "),
                "{}",
                warning.message
            );
            key
        })
        .collect();
    assert_eq!(
        told,
        [
            "program.gone.command",
            "program.gone.directory",
            "program.gone.log_file",
            "program.gone.after",
            "program.idle.command",
            "program.plain.command"
        ]
    );
}

const SECRETS: &[(&str, &str)] = &[
    ("OVERSEERR_URL", "http://seerr:5055"),
    ("OVERSEERR_API_KEY", "hush"),
    ("SEERR_API_KEY_FILE", "Cargo.toml"),
    ("TRAKT_CLIENT_ID", "hush"),
    ("DISCORD_WEBHOOK_URL", "http://hush"),
    ("LISTSYNC_SECRET_KEY", "hush"),
    ("LISTSYNC_SECRET_KEY_FILE", "/hush"),
    ("AWS_SECRET_ACCESS_KEY", "hush"),
    ("LISTSYNC_IMDB_URL", "http://imdb"),
];

fn names(environment: &Variables) -> Vec<&str> {
    environment
        .keys()
        .map(|name| name.to_str().unwrap())
        .collect()
}

#[test]
fn workers_see_settings_and_the_scraper_no_secret() {
    let (_folder, environment, loaded) = load("", SECRETS);
    let api = worker_environment(&environment, &loaded, Worker::Api);
    for name in [
        "OVERSEERR_API_KEY",
        "LISTSYNC_SECRET_KEY",
        "TRAKT_CLIENT_ID",
        "LISTSYNC_RUN_DIR",
    ] {
        assert!(api.contains_key(OsStr::new(name)), "{name}");
    }
    assert!(!api.contains_key(OsStr::new("AWS_SECRET_ACCESS_KEY")));
    assert!(Path::new(&api[OsStr::new("SEERR_API_KEY_FILE")]).is_absolute());
    let scraper = worker_environment(&environment, &loaded, Worker::Scraper);
    assert_eq!(
        names(&scraper),
        [
            "LC_ALL",
            "LISTSYNC_CONFIG",
            "LISTSYNC_DATA_DIR",
            "LISTSYNC_IMDB_URL",
            "LISTSYNC_IN_CONTAINER",
            "LISTSYNC_LOG_DIR",
            "LISTSYNC_RUN_DIR",
            "LOG_FORMAT",
            "MALLOC_ARENA_MAX",
            "MALLOC_TRIM_THRESHOLD_",
            "OVERSEERR_URL",
            "PATH",
        ]
    );
    assert!(
        scraper
            .values()
            .all(|value| !value.to_string_lossy().contains("hush"))
    );
}

#[test]
fn the_owners_programs_see_nothing_of_ours() {
    let (_folder, environment, loaded) = load("[program.vpn]\ncommand = \"vpn\"\n", SECRETS);
    let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
    assert_eq!(names(&programs[3].environment), ["LC_ALL", "PATH"]);
    assert_eq!(programs[3].command, Path::new("vpn"));
    assert!(!format!("{programs:?}").contains("hush"));
}
