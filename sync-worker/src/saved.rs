//! Settings saved by `listsync setup` and the dashboard: checked, encrypted, in force at once here,
//! in the scraper-worker and in the supervisor. All of a request is saved or nothing.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use runtime::{
    Chain, Secret,
    settings::{self, Effect, Known},
    socket::CallError,
};
use schema::{
    DbError, SqliteConnection,
    models::{Setting, SyncInterval},
    wire::{
        Failure, FailureCode,
        scraper::{SettingsChanged, ToScraper},
        sync::SaveSettings,
    },
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{engine::Engine, events::settings_changed, supervised};

/// How long a save waits for the scraper-worker to read its settings again. One that is away reads
/// them when it starts; one that is busy is told again.
const TELL_LIMIT: Duration = Duration::from_secs(1);
/// How long it may take when nobody waits for it.
const TELL_AGAIN_LIMIT: Duration = Duration::from_secs(30);
/// Pause before it is told again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// See [`FIRST_PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A value to save; `None` forgets what was saved.
struct Change {
    known: &'static Known,
    row: Option<Setting>,
    /// The interval is saved in the old product's table, too.
    hours: Option<f64>,
}

/// Saves the values and gives back the keys that need a restart.
pub(crate) async fn save(engine: &Engine, save: SaveSettings) -> Result<Vec<String>, Failure> {
    let now = engine.clock.now();
    let mut changes = Vec::new();
    for (key, value) in save.values {
        changes.push(checked(engine, &key, value)?);
    }
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&str> = changes.iter().map(|change| change.known.key).collect();
    let sections: BTreeSet<&str> = changes
        .iter()
        .map(|change| change.known.section())
        .collect();
    let need_restart = changes
        .iter()
        .filter(|change| change.known.effect == Effect::Restart)
        .map(|change| change.known.key.to_owned())
        .collect();
    let event = settings_changed(&keys, now);
    engine
        .write(move |conn, events| {
            for change in &changes {
                change.write(conn, now)?;
            }
            events.push(event);
            Ok(())
        })
        .await
        .map_err(|error| {
            tracing::error!("settings cannot be saved: {}", Chain(&error));
            Failure::new(FailureCode::Internal, "the settings could not be saved")
        })?;
    tracing::info!("saved the settings {}", keys.join(", "));
    read_again(engine).await?;
    supervised::tell_saved(&engine.settings().settings.paths);
    tell_scraper(engine, sections).await;
    Ok(need_restart)
}

fn checked(engine: &Engine, key: &str, value: Option<String>) -> Result<Change, Failure> {
    let invalid = |error: &settings::SettingsError| {
        Failure::new(FailureCode::Invalid, Chain(error).to_string())
    };
    if let Some(variable) = engine.settings().locked_by(key) {
        return Err(Failure::new(
            FailureCode::Conflict,
            format!("`{key}` is set by the environment ({variable}) and cannot be saved over"),
        )
        .with_remedy(format!("Change or remove {variable} and start again.")));
    }
    let Some(value) = value else {
        let known = settings::check_forgotten(key).map_err(|error| invalid(&error))?;
        return Ok(Change {
            known,
            row: None,
            hours: None,
        });
    };
    let known = settings::check_saved(key, &value).map_err(|error| invalid(&error))?;
    let hours = value
        .trim()
        .parse()
        .ok() // it is a number where it is the interval
        .filter(|_| known.key == SyncInterval::KEY);
    let value = if known.is_secret {
        encrypt(engine, key, value)?
    } else {
        value
    };
    let row = Setting {
        key: key.to_owned(),
        value,
        is_encrypted: known.is_secret,
        updated_at: engine.clock.now(),
    };
    Ok(Change {
        known,
        row: Some(row),
        hours,
    })
}

impl Change {
    fn write(
        &self,
        conn: &mut SqliteConnection,
        now: chrono::NaiveDateTime,
    ) -> Result<(), DbError> {
        match &self.row {
            Some(row) => row.save(conn)?,
            None => Setting::delete(conn, self.known.key)?,
        }
        match self.hours {
            Some(hours) => SyncInterval::save(conn, hours, now)?,
            None if self.known.key == SyncInterval::KEY => SyncInterval::delete(conn)?,
            None => {}
        }
        Ok(())
    }
}

fn encrypt(engine: &Engine, key: &str, value: String) -> Result<String, Failure> {
    let internal = || Failure::new(FailureCode::Internal, "the value could not be encrypted");
    let Some(cipher) = &engine.boot().cipher else {
        return Err(internal());
    };
    cipher.encrypt(key, &Secret::new(value)).map_err(|error| {
        tracing::error!("{}", Chain(&error));
        internal()
    })
}

/// Reads the saved settings again. What this process takes from them is live: the next run uses it.
pub(crate) async fn read_again(engine: &Engine) -> Result<(), Failure> {
    engine.reload().await.map_err(|error| {
        tracing::error!("the settings cannot be read again: {}", Chain(&error));
        Failure::new(FailureCode::Invalid, Chain(&error).to_string())
    })
}

/// Sections of the settings that the scraper-worker has not read again yet, and who goes on telling.
#[derive(Debug, Default)]
pub(crate) struct Untold(RefCell<Telling>);

#[derive(Debug, Default)]
struct Telling {
    sections: BTreeSet<String>,
    /// The newest save tells everything; whoever told before it has nothing left to do.
    newest: u64,
    task: Option<JoinHandle<()>>,
}

impl Untold {
    /// Takes over from whoever tells: gives all that is to be told, and a number for this telling.
    fn take_over(&self, sections: &BTreeSet<&str>) -> (u64, Vec<String>) {
        let mut telling = self.0.borrow_mut();
        if let Some(task) = telling.task.take() {
            task.abort();
        }
        let more = sections.iter().map(|section| (*section).to_owned());
        telling.sections.extend(more);
        telling.newest = telling.newest.wrapping_add(1);
        (telling.newest, telling.sections.iter().cloned().collect())
    }

    /// Nothing is left to tell, unless a newer save has taken over.
    fn told(&self, number: u64) {
        let mut telling = self.0.borrow_mut();
        if telling.newest == number {
            telling.sections.clear();
        }
    }

    /// Keeps the task that goes on telling; one that a newer save has replaced ends.
    fn goes_on(&self, number: u64, task: JoinHandle<()>) {
        let mut telling = self.0.borrow_mut();
        if telling.newest == number {
            telling.task = Some(task);
        } else {
            task.abort();
        }
    }
}

/// Lets the scraper-worker read its settings again. One that does not at once is told until it does:
/// what it does not know of may be a guard.
async fn tell_scraper(engine: &Engine, sections: BTreeSet<&str>) {
    let (number, sections) = engine.untold.take_over(&sections);
    match tell(engine, &sections, TELL_LIMIT).await {
        Ok(()) => engine.untold.told(number),
        Err(problem) => {
            tracing::warn!(
                "the scraper-worker uses old settings until it has been told; going on: {problem}"
            );
            let task = actix_rt::spawn(go_on_telling(engine.clone(), number, sections));
            engine.untold.goes_on(number, task);
        }
    }
}

async fn go_on_telling(engine: Engine, number: u64, sections: Vec<String>) {
    let mut pause = FIRST_PAUSE;
    loop {
        sleep(pause).await;
        match tell(&engine, &sections, TELL_AGAIN_LIMIT).await {
            Ok(()) => break,
            Err(problem) => tracing::debug!("the scraper-worker uses old settings: {problem}"),
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
    tracing::info!("the scraper-worker has been told of the changed settings");
    engine.untold.told(number);
}

/// Tells all sections once. A scraper-worker that is away needs not be told.
async fn tell(engine: &Engine, sections: &[String], limit: Duration) -> Result<(), String> {
    let client = engine.scraper().patient(Duration::ZERO);
    let telling = async {
        for section in sections {
            let section = section.clone();
            let change = ToScraper::SettingsChanged(SettingsChanged { section });
            client.call(change).await?;
        }
        Ok::<_, CallError>(())
    };
    match timeout(limit, telling).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(CallError::Unreachable { .. })) => {
            tracing::debug!("the scraper-worker is away; it reads the settings when it starts");
            Ok(())
        }
        Ok(Err(error)) => Err(Chain(&error).to_string()),
        Err(_elapsed) => Err("it does not answer".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        path::Path,
        sync::{Arc, Mutex},
    };

    use actix::Actor;
    use runtime::{
        Boot, Cipher, Clock, Environment, Readiness, Stop,
        settings::Source,
        socket::{Answers, serve},
    };
    use schema::{
        Db,
        models::{
            Event, EventKind, FetchKind, Following, List, NewList, NewRun, RunStatus, RunTrigger,
            SyncRun,
        },
        wire::{
            Link,
            scraper::{FromScraper, ScraperLink, SettingsRead},
            supervisor::{SupervisorLink, ToSupervisor},
        },
    };

    use crate::schedule::{Begin, Changed, NextRun, Schedule};

    fn engine(folder: &Path, more: &[(&str, &str)]) -> Engine {
        let own = folder.to_str().unwrap();
        let environment = Environment::of(
            [
                ("LISTSYNC_DATA_DIR", own),
                ("LISTSYNC_RUN_DIR", own),
                ("LISTSYNC_SECRET_KEY", "correct horse"),
            ]
            .into_iter()
            .chain(more.iter().copied()),
        );
        let settings = settings::load(&environment, None, &[]).unwrap();
        let paths = settings.settings.paths.clone();
        schema::migrate(&paths.database()).unwrap();
        let boot = Boot {
            db: Db::open(&paths.database()).unwrap(),
            cipher: Some(Cipher::open(&paths, &environment).unwrap()),
            clock: Clock::system(),
            stop: Stop::new(),
            ready: Readiness::default(),
            settings,
            environment,
        };
        Engine::new(boot)
    }

    fn values(values: &[(&str, Option<&str>)]) -> SaveSettings {
        SaveSettings {
            values: values
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
                .collect(),
        }
    }

    async fn rows(engine: &Engine) -> Vec<Setting> {
        engine.db.read(Setting::all).await.unwrap()
    }

    #[actix_rt::test]
    async fn what_is_saved_is_in_force_encrypted_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[]);
        let (heard, stop) = (Arc::new(Mutex::new(Vec::new())), Stop::new());
        let (told, until) = (Arc::clone(&heard), stop.clone());
        let socket = folder.path().join(ScraperLink::SOCKET);
        actix_rt::spawn(async move {
            let handler = move |request, answers: Answers<ScraperLink>| {
                told.lock().unwrap().push(request);
                async move {
                    let read = FromScraper::SettingsRead(SettingsRead::default());
                    answers.last(read).await;
                }
            };
            serve::<ScraperLink, _>(&socket, handler, until)
                .await
                .unwrap();
        });
        while !folder.path().join(ScraperLink::SOCKET).exists() {
            tokio::task::yield_now().await;
        }
        let need_restart = save(
            &engine,
            values(&[
                ("seerr.api_key", Some("hush")),
                ("seerr.url", Some("http://seerr:5055")),
                ("sync.interval_hours", Some("0.5")),
            ]),
        )
        .await
        .unwrap();
        assert!(need_restart.is_empty(), "{need_restart:?}");
        let loaded = engine.settings();
        assert_eq!(loaded.settings.seerr.api_key, Some(Secret::new("hush")));
        assert_eq!(loaded.source("seerr.url"), &Source::Saved);
        assert_eq!(loaded.settings.sync.interval_hours.to_string(), "0.5");
        let rows = rows(&engine).await;
        let key = rows.iter().find(|row| row.key == "seerr.api_key").unwrap();
        assert!(key.is_encrypted && !key.value.contains("hush"));
        let interval = engine.db.read(SyncInterval::find).await.unwrap().unwrap();
        assert_eq!(interval.interval_hours.to_string(), "0.5");
        let section = |section: &str| {
            ToScraper::SettingsChanged(SettingsChanged {
                section: section.into(),
            })
        };
        assert_eq!(*heard.lock().unwrap(), [section("seerr"), section("sync")]);
        let event = engine.db.read(|conn| Event::after(conn, 0)).await.unwrap();
        let Following::Events(events) = event else {
            panic!("{event:?}")
        };
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, EventKind::SettingsChanged);
        assert_eq!(
            events[0].data,
            r#"{"keys":["seerr.api_key","seerr.url","sync.interval_hours"]}"#
        );
        stop.request();
    }

    #[actix_rt::test]
    async fn a_forgotten_value_gives_way_to_the_next_layer() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[]);
        save(&engine, values(&[("sync.interval_hours", Some("6"))]))
            .await
            .unwrap();
        save(&engine, values(&[("sync.interval_hours", None)]))
            .await
            .unwrap();
        let loaded = engine.settings();
        assert_eq!(loaded.source("sync.interval_hours"), &Source::Default);
        assert_eq!(loaded.settings.sync.interval_hours.to_string(), "24");
        assert!(engine.db.read(SyncInterval::find).await.unwrap().is_none());
    }

    #[actix_rt::test]
    async fn one_wrong_value_saves_none() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[("SYNC_INTERVAL", "12")]);
        for (wrong, code, text) in [
            (
                ("sync.interval_hours", Some("6")),
                FailureCode::Conflict,
                "SYNC_INTERVAL",
            ),
            (
                ("sync.interval_hours", None),
                FailureCode::Conflict,
                "SYNC_INTERVAL",
            ),
            (
                ("seerr.is_4k", Some("maybe")),
                FailureCode::Invalid,
                "true or false",
            ),
            (("seerr.uri", None), FailureCode::Invalid, "`seerr.url`"),
            (
                ("lists.imdb", Some("top")),
                FailureCode::Invalid,
                "cannot be saved",
            ),
        ] {
            let change = values(&[("seerr.user_id", Some("2")), wrong]);
            let failure = save(&engine, change).await.unwrap_err();
            assert_eq!(failure.code, code, "{failure}");
            assert!(failure.message.contains(text), "{failure}");
        }
        assert!(rows(&engine).await.is_empty());
        assert_eq!(engine.settings().settings.seerr.user_id, 1);
    }

    #[actix_rt::test]
    async fn a_shorter_interval_moves_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let target = [
            ("OVERSEERR_URL", "http://127.0.0.1:9"),
            ("OVERSEERR_API_KEY", "hush"),
        ];
        let engine = engine(folder.path(), &target);
        let now = engine.clock.now();
        let ended = now - chrono::TimeDelta::hours(1);
        engine
            .db
            .write(move |conn| {
                let list = NewList {
                    list_type: "imdb".into(),
                    list_id: "top".into(),
                    list_url: "https://imdb.example/chart/top".into(),
                    description: "Top".into(),
                    status: FetchKind::New,
                    auto_sync: true,
                    item_limit: None,
                    from_settings: false,
                    created_at: now,
                    updated_at: now,
                };
                List::insert(conn, &list)?;
                let run = NewRun {
                    sync_started: ended,
                    sync_mode: RunTrigger::Schedule,
                    status: RunStatus::Running,
                    scope: "{}".into(),
                    is_full: true,
                };
                let mut run = SyncRun::insert(conn, &run)?;
                run.status = RunStatus::Completed;
                run.sync_completed = Some(ended);
                run.save_end(conn)?;
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
        let schedule = Schedule::new(engine.clone()).start();
        let next = async |hours: i64| {
            let due = Some((ended + chrono::TimeDelta::hours(hours)).and_utc());
            let moved = async { while schedule.send(NextRun).await.unwrap().0 != due {} };
            timeout(Duration::from_secs(5), moved).await.unwrap();
        };
        schedule.send(Begin).await.unwrap();
        next(24).await;
        save(&engine, values(&[("sync.interval_hours", Some("2"))]))
            .await
            .unwrap();
        schedule.send(Changed).await.unwrap();
        next(2).await;
        save(&engine, values(&[("sync.interval_hours", None)]))
            .await
            .unwrap();
        schedule.send(Changed).await.unwrap();
        next(24).await;
    }

    #[actix_rt::test]
    async fn a_scraper_worker_that_is_away_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[]);
        let saved = save(&engine, values(&[("seerr.user_id", Some("2"))])).await;
        assert_eq!(saved.unwrap(), Vec::<String>::new());
        assert_eq!(engine.settings().settings.seerr.user_id, 2);
    }

    #[actix_rt::test]
    async fn the_supervisor_is_told_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[]);
        let (told, mut heard) = tokio::sync::mpsc::channel(1);
        let (socket, stop) = (folder.path().join(SupervisorLink::SOCKET), Stop::new());
        let (at, until) = (socket.clone(), stop.clone());
        actix_rt::spawn(async move {
            let handler = move |request, _: Answers<SupervisorLink>| {
                let told = told.clone();
                async move {
                    told.send(request).await.unwrap();
                    std::future::pending::<()>().await;
                }
            };
            serve::<SupervisorLink, _>(&at, handler, until)
                .await
                .unwrap();
        });
        while !socket.exists() {
            tokio::task::yield_now().await;
        }
        save(&engine, values(&[("log.level", Some("debug"))]))
            .await
            .unwrap();
        assert!(matches!(
            heard.recv().await,
            Some(ToSupervisor::SettingsChanged(_))
        ));
        stop.request();
    }

    #[actix_rt::test]
    async fn a_scraper_worker_that_does_not_answer_is_told_of_all_changes_until_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), &[]);
        let (heard, stop) = (Arc::new(Mutex::new(Vec::new())), Stop::new());
        let (told, until) = (Arc::clone(&heard), stop.clone());
        let socket = folder.path().join(ScraperLink::SOCKET);
        actix_rt::spawn(async move {
            let handler = move |request, answers: Answers<ScraperLink>| {
                let mut told = told.lock().unwrap();
                told.push(request);
                let nth = told.len();
                async move {
                    match nth {
                        1 => std::future::pending().await,
                        2 => {
                            let busy = Failure::new(FailureCode::Internal, "the database is busy");
                            answers.last(busy.into()).await;
                        }
                        _ => {
                            let read = FromScraper::SettingsRead(SettingsRead::default());
                            answers.last(read).await;
                        }
                    }
                }
            };
            serve::<ScraperLink, _>(&socket, handler, until)
                .await
                .unwrap();
        });
        while !folder.path().join(ScraperLink::SOCKET).exists() {
            tokio::task::yield_now().await;
        }
        save(&engine, values(&[("log.level", Some("debug"))]))
            .await
            .unwrap();
        save(&engine, values(&[("seerr.user_id", Some("2"))]))
            .await
            .unwrap();
        let all_told = async {
            while !engine.untold.0.borrow().sections.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), all_told).await.unwrap();
        let section = |section: &str| {
            ToScraper::SettingsChanged(SettingsChanged {
                section: section.into(),
            })
        };
        let heard = heard.lock().unwrap();
        let all = [section("log"), section("seerr")];
        assert_eq!(heard.first(), Some(&section("log")));
        assert_eq!(heard.get(2..), Some(&all[..]), "{heard:?}");
        drop(heard);
        stop.request();
    }
}
