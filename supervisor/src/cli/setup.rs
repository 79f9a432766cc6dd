//! `listsync setup`: asks for what is missing, tries it, saves it encrypted. What the environment sets
//! is shown and not asked. Leaves trying and saving to the sync-worker.

use std::collections::BTreeMap;

use runtime::{
    Chain, Loaded,
    settings::{Known, check_saved},
};
use schema::wire::{
    Link,
    sync::{
        AddList, CheckVerdict, FromSyncWorker, SaveSettings, SyncLink, TestTarget, ToSyncWorker,
    },
};

use super::{
    check,
    error::{Absence, CommandError},
    exit::Exit,
    lists, lists_add,
    one_shot::OneShot,
    prompt::{Keyboard, Prompt},
    session::Session,
};

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
    let keyboard = Keyboard::new(session.terminal.clone());
    let is_running = one_shot.is_none();
    let ended = converse(session, &keyboard, &loaded, is_running).await;
    if let Some(one_shot) = one_shot {
        one_shot.stop().await;
    }
    ended
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
    loaded: &Loaded,
    is_running: bool,
) -> Result<Exit, CommandError> {
    let say = |text: &str| session.terminal.say(text);
    say("ListSync needs the address and the API key of Seerr (Overseerr, Jellyseerr).")?;
    target(session, prompt, loaded).await?;
    interval(session, prompt, loaded).await?;
    first_lists(session, prompt).await?;
    say("")?;
    if is_running {
        say("All set. `listsync sync --wait` does the first run now and tells what it did.")?;
    } else {
        say(
            "All set. Start ListSync with `listsync run`; then `listsync sync --wait` does the first run at once.",
        )?;
    }
    let port = loaded.settings.http.dashboard_port;
    say(&format!(
        "The dashboard is on http://localhost:{port}, and `listsync check` says whether all is well."
    ))?;
    Ok(Exit::Done)
}

/// Address and key, tried until they work.
async fn target(
    session: &Session,
    prompt: &impl Prompt,
    loaded: &Loaded,
) -> Result<(), CommandError> {
    let seerr = &loaded.settings.seerr;
    let mut typed = seerr.url.clone();
    let locked = (
        loaded.locked_by("seerr.url"),
        loaded.locked_by("seerr.api_key"),
    );
    loop {
        let url = match (locked.0, &seerr.url) {
            (Some(variable), Some(url)) => locked_value(session, "Address", url, variable)?,
            _ => ask_url(session, prompt, typed.as_deref()).await?,
        };
        typed = Some(url.clone());
        let api_key = match (locked.1, &seerr.api_key) {
            (Some(variable), Some(key)) => {
                locked_value(session, "API key", "***", variable)?;
                key.expose().to_owned()
            }
            _ => ask_key(session, prompt).await?,
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
                ("seerr.url", locked.0, url),
                ("seerr.api_key", locked.1, api_key),
            ];
            let free = values.into_iter().filter(|(_, locked, _)| locked.is_none());
            return save(session, free.map(|(key, _, value)| (key, value))).await;
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
) -> Result<String, CommandError> {
    session
        .terminal
        .say(&format!("{what}: {value} (locked: {variable} sets it)"))?;
    Ok(value.to_owned())
}

async fn ask_url(
    session: &Session,
    prompt: &impl Prompt,
    default: Option<&str>,
) -> Result<String, CommandError> {
    let question = match default {
        Some(default) => format!("Address [{default}]:"),
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
        if is_right(session, "seerr.url", &url)? {
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

async fn ask_key(session: &Session, prompt: &impl Prompt) -> Result<String, CommandError> {
    loop {
        let typed = prompt
            .secret("API key (Seerr: Settings, General; it is not shown):")
            .await?;
        if !typed.is_empty() && is_right(session, "seerr.api_key", &typed)? {
            return Ok(typed);
        }
    }
}

/// Hours between runs.
async fn interval(
    session: &Session,
    prompt: &impl Prompt,
    loaded: &Loaded,
) -> Result<(), CommandError> {
    const KEY: &str = "sync.interval_hours";
    let default = loaded.settings.sync.interval_hours;
    if let Some(variable) = loaded.locked_by(KEY) {
        locked_value(
            session,
            "Hours between runs",
            &default.to_string(),
            variable,
        )?;
        return Ok(());
    }
    loop {
        let typed = prompt
            .line(&format!("Hours between runs [{default}]:"))
            .await?;
        if typed.is_empty() {
            return Ok(());
        }
        if is_right(session, KEY, &typed)? {
            return save(session, [(KEY, typed)]).await;
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
            ..AddList::default()
        };
        match session.ask_sync_worker(ToSyncWorker::AddList(add)).await {
            Ok(FromSyncWorker::List(list)) => session.terminal.say(&lists_add::text(&list))?,
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
    use runtime::Environment;
    use schema::wire::{
        Failure, FailureCode,
        sync::{CheckLine, Lists, SettingsSaved},
    };
    use std::{cell::RefCell, collections::VecDeque, rc::Rc};

    /// Somebody with fixed answers.
    struct Person(RefCell<VecDeque<&'static str>>);

    impl Person {
        fn typing(answers: &[&'static str]) -> Self {
            Self(RefCell::new(answers.iter().copied().collect()))
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
            Ok(self.answer(question))
        }

        async fn secret(&self, question: &str) -> Result<String, CommandError> {
            Ok(self.answer(question))
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
            ToSyncWorker::AddList(add) if add.input == "top" => {
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
        let loaded = world.session.loaded().unwrap();
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
            converse(&world.session, &person, &loaded, false)
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
          `sync.interval_hours` cannot be saved as \"often\"; it must be a number of hours above 0 and at most 8760
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
            ("OVERSEERR_URL", "http://seerr:5055"),
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
        let loaded = world.session.loaded().unwrap();
        converse(&world.session, &Person::typing(&[""]), &loaded, true)
            .await
            .unwrap();
        assert!(saved.borrow().is_empty());
        let printed = world.printed();
        assert!(
            printed.contains("Address: http://seerr:5055 (locked: OVERSEERR_URL sets it)"),
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
        let loaded = world.session.loaded().unwrap();
        let error = converse(&world.session, &Person::typing(&[]), &loaded, true)
            .await
            .unwrap_err();
        assert!(
            error.text().contains("OVERSEERR_URL and OVERSEERR_API_KEY"),
            "{}",
            error.text()
        );
    }

    #[actix_rt::test]
    async fn without_a_terminal_it_names_the_variables_instead() {
        let world = World::new();
        let error = run(&world.session).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.text().contains("OVERSEERR_URL"), "{}", error.text());
    }
}
