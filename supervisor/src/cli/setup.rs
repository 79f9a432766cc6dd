//! `listsync setup`: asks for what is missing, tries it, saves it encrypted. What the environment sets
//! is shown and not asked. Leaves trying and saving to the sync-worker.

use std::collections::BTreeMap;

use runtime::{
    Chain, Loaded, Secret,
    settings::{Known, Source, check_saved, without_password},
};
use schema::wire::{
    Link,
    sync::{
        AddList, CheckVerdict, FromSyncWorker, SaveSettings, SyncLink, TestTarget, ToSyncWorker,
    },
};
use tokio::signal::ctrl_c;

use super::{
    check,
    error::{Absence, CommandError},
    exit::Exit,
    lists, lists_add,
    one_shot::OneShot,
    prompt::{Keyboard, Prompt, interrupted},
    session::Session,
};
use crate::saved;

const URL: &str = "seerr.url";
const API_KEY: &str = "seerr.api_key";
const INTERVAL: &str = "sync.interval_hours";

/// What is asked for.
const ASKED: [&str; 3] = [URL, API_KEY, INTERVAL];

/// Asks, tries, saves; starts the workers it needs while no supervisor runs.
pub(super) async fn run(session: &Session) -> Result<Exit, CommandError> {
    if !session.terminal.is_interactive() {
        return Err(no_terminal());
    }
    let loaded = session.loaded()?;
    let one_shot = match session.status().await {
        Ok(_) => None,
        Err(CommandError::Unreachable {
            cause: Absence::NoSocket | Absence::NobodyListens,
            ..
        }) => Some(OneShot::start(session, &loaded).await?),
        Err(error) => return Err(error),
    };
    let is_running = one_shot.is_none();
    let conversation = async {
        let known = with_saved(session, loaded).await;
        let keyboard = Keyboard::new(session.terminal.clone());
        converse(session, &keyboard, &known, is_running).await
    };
    let ended = unless(ctrl_c(), session, conversation).await;
    if let Some(one_shot) = one_shot {
        // Who is in a hurry need not wait for the workers: they end with us.
        tokio::select! {
            () = one_shot.stop() => {}
            _ = ctrl_c() => {}
        }
    }
    ended
}

/// The conversation, given up as soon as `interruption` comes, be it in the middle of a trial that takes
/// its time.
async fn unless(
    interruption: impl Future,
    session: &Session,
    conversation: impl Future<Output = Result<Exit, CommandError>>,
) -> Result<Exit, CommandError> {
    tokio::select! {
        ended = conversation => ended,
        _ = interruption => Err(interrupted(&session.terminal)),
    }
}

/// What is set already.
struct KnownSettings {
    loaded: Loaded,
    /// Whether what is saved is among it.
    with_saved: bool,
}

impl KnownSettings {
    /// Whether the value of `key` is one that an earlier setup, or the dashboard, has saved.
    fn is_saved(&self, key: &str) -> bool {
        matches!(self.loaded.source(key), Source::Saved)
    }

    fn keeps_something(&self) -> bool {
        ASKED.into_iter().any(|key| self.is_saved(key))
    }
}

/// The settings with those that are saved; without them, and with a word about it, where they cannot be read.
async fn with_saved(session: &Session, loaded: Loaded) -> KnownSettings {
    let (environment, config) = (&session.environment, session.config.as_deref());
    match saved::with_saved(environment, config, &loaded.settings.paths).await {
        Ok(loaded) => KnownSettings {
            loaded,
            with_saved: true,
        },
        Err(error) => {
            session.terminal.tell(&format!(
                "what is saved already cannot be shown: {}",
                Chain(error.as_ref())
            ));
            KnownSettings {
                loaded,
                with_saved: false,
            }
        }
    }
}

fn no_terminal() -> CommandError {
    CommandError::Told {
        message: "setup asks questions and needs a terminal for input and output".into(),
        remedy: Some(
            "In Docker that is `docker exec -it CONTAINER listsync setup`. Without a terminal set OVERSEERR_URL and \
             OVERSEERR_API_KEY (or OVERSEERR_API_KEY_FILE), SYNC_INTERVAL if 24 hours do not suit, and lists \
             such as IMDB_LISTS, in the environment or a `.env` file; `listsync check` says whether all is well."
                .into(),
        ),
        exit: Exit::Usage,
    }
}

async fn converse(
    session: &Session,
    prompt: &impl Prompt,
    known: &KnownSettings,
    is_running: bool,
) -> Result<Exit, CommandError> {
    let say = |text: &str| session.terminal.say(text);
    say("ListSync needs the address and the API key of Seerr (Overseerr, Jellyseerr).")?;
    if known.keeps_something() {
        say("Enter keeps what is saved.")?;
    }
    target(session, prompt, known).await?;
    interval(session, prompt, known).await?;
    first_lists(session, prompt).await?;
    say("")?;
    if is_running {
        say("All set. `listsync sync --wait` does the first run now and tells what it did.")?;
    } else {
        say(
            "All set. Start ListSync with `listsync run`; then `listsync sync --wait` does the first run at once.",
        )?;
    }
    let port = known.loaded.settings.http.dashboard_port;
    say(&format!(
        "The dashboard is on http://localhost:{port}, and `listsync check` says whether all is well."
    ))?;
    Ok(Exit::Done)
}

/// Address and key, tried until they work.
async fn target(
    session: &Session,
    prompt: &impl Prompt,
    known: &KnownSettings,
) -> Result<(), CommandError> {
    let loaded = &known.loaded;
    let seerr = &loaded.settings.seerr;
    let mut typed = seerr.url.clone();
    let locked = (loaded.locked_by(URL), loaded.locked_by(API_KEY));
    let saved_key = seerr.api_key.as_ref().filter(|_| known.is_saved(API_KEY));
    loop {
        let url = match (locked.0, &seerr.url) {
            (Some(variable), Some(url)) => {
                locked_value(session, "Address", &without_password(url), variable)?;
                url.clone()
            }
            _ => ask_url(session, prompt, typed.as_deref()).await?,
        };
        typed = Some(url.clone());
        let api_key = match (locked.1, &seerr.api_key) {
            (Some(variable), Some(key)) => {
                locked_value(session, "API key", "***", variable)?;
                key.expose().to_owned()
            }
            _ => ask_key(session, prompt, saved_key).await?,
        };
        let test = TestTarget {
            url: url.clone(),
            api_key: api_key.clone(),
        };
        let request = ToSyncWorker::TestTarget(test);
        let FromSyncWorker::CheckLine(line) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        session.terminal.say(&check::text(&line, session.look()))?;
        if line.verdict != CheckVerdict::Failed {
            let values = [
                (URL, locked.0, url, seerr.url.as_deref()),
                (
                    API_KEY,
                    locked.1,
                    api_key,
                    seerr.api_key.as_ref().map(Secret::expose),
                ),
            ];
            let is_kept = |key, value: &str, before| known.is_saved(key) && before == Some(value);
            let free = values.into_iter().filter(|(key, locked, value, before)| {
                locked.is_none() && !is_kept(key, value, *before)
            });
            return save(session, free.map(|(key, _, value, _)| (key, value))).await;
        }
        if let (Some(url), Some(key)) = locked {
            return Err(CommandError::told(
                format!("Seerr does not work with what {url} and {key} say"),
                "Correct them where they are set, and run `listsync setup` again.",
            ));
        }
        session.terminal.say("Try again, or leave with Ctrl-C.")?;
    }
}

fn locked_value(
    session: &Session,
    what: &str,
    value: &str,
    variable: &str,
) -> Result<(), CommandError> {
    session
        .terminal
        .say(&format!("{what}: {value} (locked: {variable} sets it)"))?;
    Ok(())
}

async fn ask_url(
    session: &Session,
    prompt: &impl Prompt,
    default: Option<&str>,
) -> Result<String, CommandError> {
    let question = match default {
        Some(default) => format!("Address [{}]:", without_password(default)),
        None => "Address, such as http://seerr:5055:".into(),
    };
    loop {
        let typed = prompt.line(&question).await?;
        let typed = if typed.is_empty() {
            default.unwrap_or_default()
        } else {
            &typed
        };
        if typed.is_empty() {
            continue;
        }
        let url = with_scheme(typed);
        if is_right(session, URL, &url)? {
            return Ok(url);
        }
    }
}

fn with_scheme(typed: &str) -> String {
    let typed = typed.trim_end_matches('/');
    if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("http://{typed}")
    }
}

async fn ask_key(
    session: &Session,
    prompt: &impl Prompt,
    saved: Option<&Secret>,
) -> Result<String, CommandError> {
    let question = match saved {
        Some(_) => "API key (Seerr: Settings, General; it is not shown) [the saved one]:",
        None => "API key (Seerr: Settings, General; it is not shown):",
    };
    loop {
        let typed = prompt.secret(question).await?;
        match saved {
            Some(saved) if typed.is_empty() => return Ok(saved.expose().to_owned()),
            _ if typed.is_empty() => {}
            _ if is_right(session, API_KEY, &typed)? => return Ok(typed),
            _ => {}
        }
    }
}

/// Hours between runs.
async fn interval(
    session: &Session,
    prompt: &impl Prompt,
    known: &KnownSettings,
) -> Result<(), CommandError> {
    let hours = known.loaded.settings.sync.interval_hours;
    if let Some(variable) = known.loaded.locked_by(INTERVAL) {
        locked_value(session, "Hours between runs", &hours.to_string(), variable)?;
        return Ok(());
    }
    let question = if known.with_saved {
        format!("Hours between runs [{hours}]:")
    } else {
        "Hours between runs (Enter leaves it as it is):".to_owned()
    };
    loop {
        let typed = prompt.line(&question).await?;
        if typed.is_empty() {
            return Ok(());
        }
        if is_right(session, INTERVAL, &typed)? {
            return save(session, [(INTERVAL, typed)]).await;
        }
    }
}

/// Whether the value can be saved; says why not.
fn is_right(session: &Session, key: &str, value: &str) -> Result<bool, CommandError> {
    match check_saved(key, value) {
        Ok(Known { .. }) => Ok(true),
        Err(error) => {
            session.terminal.say(&format!("  {}", Chain(&error)))?;
            Ok(false)
        }
    }
}

async fn save(
    session: &Session,
    values: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<(), CommandError> {
    let values: BTreeMap<String, Option<String>> = values
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Some(value)))
        .collect();
    if values.is_empty() {
        return Ok(());
    }
    match session
        .ask_sync_worker(ToSyncWorker::SaveSettings(SaveSettings { values }))
        .await?
    {
        FromSyncWorker::SettingsSaved(saved) if saved.need_restart.is_empty() => {
            session.terminal.say("Saved.")
        }
        FromSyncWorker::SettingsSaved(saved) => session.terminal.say(&format!(
            "Saved; {} after a restart of ListSync.",
            saved.need_restart.join(", ")
        )),
        _ => Err(CommandError::unexpected(SyncLink::PEER)),
    }
}

/// Lists, as many as are wanted.
async fn first_lists(session: &Session, prompt: &impl Prompt) -> Result<(), CommandError> {
    let there = lists::fetch(session, false).await?;
    if !there.is_empty() {
        session
            .terminal
            .say(&format!("Lists followed already: {}", there.len()))?;
    }
    loop {
        let input = prompt
            .line("A list to follow (address or id, such as https://www.imdb.com/chart/top/; empty to go on):")
            .await?;
        if input.is_empty() {
            return Ok(());
        }
        let add = AddList {
            input,
            ask_first: true,
            ..AddList::default()
        };
        match session.ask_sync_worker(ToSyncWorker::AddList(add)).await {
            Ok(FromSyncWorker::List(list)) => {
                session.terminal.say(&lists_add::text("added", &list))?;
                lists_add::tell_notice(session, &list);
            }
            Ok(_) => return Err(CommandError::unexpected(SyncLink::PEER)),
            Err(error @ CommandError::Refused(_)) => session.terminal.say(&error.text())?,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use runtime::{
        Environment,
        settings::{SavedValue, load},
    };
    use schema::wire::{
        Failure, FailureCode,
        sync::{CheckLine, Lists, SettingsSaved},
    };
    use std::{cell::RefCell, collections::VecDeque, rc::Rc};

    /// Somebody with fixed answers, and what was asked.
    struct Person(RefCell<VecDeque<&'static str>>, RefCell<Vec<String>>);

    impl Person {
        fn typing(answers: &[&'static str]) -> Self {
            Self(
                RefCell::new(answers.iter().copied().collect()),
                RefCell::default(),
            )
        }

        fn answer(&self, question: &str) -> String {
            self.0
                .borrow_mut()
                .pop_front()
                .unwrap_or_else(|| panic!("asked too much: {question}"))
                .into()
        }
    }

    impl Prompt for Person {
        async fn line(&self, question: &str) -> Result<String, CommandError> {
            self.1.borrow_mut().push(question.into());
            Ok(self.answer(question))
        }

        async fn secret(&self, question: &str) -> Result<String, CommandError> {
            self.1.borrow_mut().push(question.into());
            Ok(self.answer(question))
        }
    }

    /// The settings with these saved.
    fn known(world: &World, saved: &[(&str, &str)]) -> KnownSettings {
        let saved: Vec<_> = saved
            .iter()
            .map(|(key, value)| SavedValue::new(*key, *value))
            .collect();
        KnownSettings {
            loaded: load(&world.session.environment, None, &saved).unwrap(),
            with_saved: true,
        }
    }

    type Saved = Rc<RefCell<BTreeMap<String, Option<String>>>>;

    fn sync_worker(world: &World) -> Saved {
        let saved = Saved::default();
        let keep = Rc::clone(&saved);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::TestTarget(test) => {
                let is_right = test.api_key == "right";
                vec![FromSyncWorker::CheckLine(CheckLine {
                    subject: "target".into(),
                    verdict: if is_right {
                        CheckVerdict::Well
                    } else {
                        CheckVerdict::Failed
                    },
                    message: format!("Seerr at {}", test.url),
                    remedy: (!is_right).then(|| "Copy the key anew.".into()),
                })]
            }
            ToSyncWorker::SaveSettings(save) => {
                keep.borrow_mut().extend(save.values);
                vec![FromSyncWorker::SettingsSaved(SettingsSaved::default())]
            }
            ToSyncWorker::Lists(_) => vec![FromSyncWorker::Lists(Lists { lists: vec![] })],
            ToSyncWorker::AddList(add) if add.input == "top" && add.ask_first => {
                vec![FromSyncWorker::List(Box::new(list(
                    1,
                    "imdb",
                    "top",
                    "IMDb Top 250",
                )))]
            }
            ToSyncWorker::AddList(_) => {
                vec![Failure::new(FailureCode::Invalid, "no site has such a list").into()]
            }
            other => panic!("{other:?}"),
        });
        saved
    }

    #[actix_rt::test]
    async fn what_works_is_saved_and_what_does_not_is_asked_again() {
        let world = World::new();
        let saved = sync_worker(&world);
        let known = known(&world, &[]);
        let person = Person::typing(&[
            "seerr:5055/",
            "wrong",
            "",
            "right",
            "often",
            "12",
            "nonsense",
            "top",
            "",
        ]);
        assert_eq!(
            converse(&world.session, &person, &known, false)
                .await
                .unwrap(),
            Exit::Done
        );
        let saved = saved.borrow();
        assert_eq!(saved["seerr.url"].as_deref(), Some("http://seerr:5055"));
        assert_eq!(saved["seerr.api_key"].as_deref(), Some("right"));
        assert_eq!(saved["sync.interval_hours"].as_deref(), Some("12"));
        insta::assert_snapshot!(world.printed(), @"
        ListSync needs the address and the API key of Seerr (Overseerr, Jellyseerr).
        fail  target                  Seerr at http://seerr:5055
                                      Copy the key anew.
        Try again, or leave with Ctrl-C.
        ok    target                  Seerr at http://seerr:5055
        Saved.
          `sync.interval_hours` cannot be saved as \"often\"; it must be a number of hours from 0.0005 to 8760
        Saved.
        listsync: no site has such a list
        added list 1: IMDb Top 250 (imdb:top)
          https://imdb.example/top

        All set. Start ListSync with `listsync run`; then `listsync sync --wait` does the first run at once.
        The dashboard is on http://localhost:3222, and `listsync check` says whether all is well.
        ");
    }

    fn locked(world: &mut World, key: &'static str) {
        let mut variables: Vec<(String, String)> = world
            .session
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in [
            ("OVERSEERR_URL", "http://me:hush@seerr:5055"),
            ("OVERSEERR_API_KEY", key),
            ("SYNC_INTERVAL", "6"),
        ] {
            variables.push((name.into(), value.into()));
        }
        world.session.environment = Environment::of(variables);
    }

    #[actix_rt::test]
    async fn what_the_environment_sets_is_shown_and_not_asked() {
        let mut world = World::new();
        locked(&mut world, "right");
        let saved = sync_worker(&world);
        let known = known(&world, &[]);
        converse(&world.session, &Person::typing(&[""]), &known, true)
            .await
            .unwrap();
        assert!(saved.borrow().is_empty());
        let printed = world.printed();
        assert!(
            printed.contains("Address: http://me:***@seerr:5055 (locked: OVERSEERR_URL sets it)"),
            "{printed}"
        );
        assert!(
            printed.contains("API key: *** (locked: OVERSEERR_API_KEY sets it)"),
            "{printed}"
        );
        assert!(
            printed.contains("Hours between runs: 6 (locked: SYNC_INTERVAL sets it)"),
            "{printed}"
        );
    }

    #[actix_rt::test]
    async fn locked_values_that_do_not_work_end_it() {
        let mut world = World::new();
        locked(&mut world, "wrong");
        sync_worker(&world);
        let known = known(&world, &[]);
        let error = converse(&world.session, &Person::typing(&[]), &known, true)
            .await
            .unwrap_err();
        assert!(
            error.text().contains("OVERSEERR_URL and OVERSEERR_API_KEY"),
            "{}",
            error.text()
        );
    }

    #[actix_rt::test]
    async fn a_second_setup_offers_what_is_saved_and_saves_only_what_is_new() {
        let world = World::new();
        let saved = sync_worker(&world);
        let known = known(
            &world,
            &[
                (URL, "http://me:hush@old:5055"),
                (API_KEY, "right"),
                (INTERVAL, "12"),
            ],
        );
        let person = Person::typing(&["", "", "", ""]);
        converse(&world.session, &person, &known, true)
            .await
            .unwrap();
        assert!(saved.borrow().is_empty());
        assert!(
            world.printed().contains("Enter keeps what is saved."),
            "{}",
            world.printed()
        );
        let questions = person.1.take();
        assert_eq!(questions[0], "Address [http://me:***@old:5055]:");
        assert!(questions[1].ends_with("[the saved one]:"), "{questions:?}");
        assert_eq!(questions[2], "Hours between runs [12]:");
        let person = Person::typing(&["new:5055", "", "24", ""]);
        converse(&world.session, &person, &known, true)
            .await
            .unwrap();
        let saved = saved.borrow();
        assert_eq!(saved["seerr.url"].as_deref(), Some("http://new:5055"));
        assert_eq!(saved["sync.interval_hours"].as_deref(), Some("24"));
        assert!(!saved.contains_key("seerr.api_key"));
    }

    #[actix_rt::test]
    async fn what_is_saved_is_read_from_the_database() {
        let world = World::new();
        let loaded = || world.session.loaded().unwrap();
        let known = with_saved(&world.session, loaded()).await;
        assert!(!known.with_saved, "there is no database yet");
        let path = loaded().settings.paths.database();
        schema::migrate(&path).unwrap();
        let row = schema::models::Setting {
            key: INTERVAL.into(),
            value: "12".into(),
            is_encrypted: false,
            updated_at: world.session.clock.now(),
        };
        let db = schema::Db::open(&path).unwrap();
        db.write(move |conn| row.save(conn)).await.unwrap();
        let known = with_saved(&world.session, loaded()).await;
        assert!(known.with_saved && known.keeps_something() && known.is_saved(INTERVAL));
        assert!((known.loaded.settings.sync.interval_hours - 12.0).abs() < 0.01);
    }

    #[actix_rt::test]
    async fn an_interruption_ends_it_also_while_something_is_tried() {
        let world = World::new();
        let trial = std::future::pending();
        let error = unless(std::future::ready(()), &world.session, trial)
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Interrupted);
    }

    #[actix_rt::test]
    async fn without_a_terminal_it_names_the_variables_instead() {
        let world = World::new();
        let error = run(&world.session).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.text().contains("OVERSEERR_URL"), "{}", error.text());
    }
}
