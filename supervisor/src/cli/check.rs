//! `listsync check`: one line for each thing that was looked at, with what to do. Settings are looked
//! at here, programs by the supervisor, the rest by the sync-worker.

use std::time::Duration;

use runtime::{
    Chain, Loaded, SettingsError,
    settings::Source,
    socket::client::{CallError, Client},
};
use schema::wire::{
    Link,
    supervisor::{
        FromSupervisor, ProgramState, ProgramStatus, StatusRequest, SupervisorLink, ToSupervisor,
    },
    sync::{Check, CheckLine, CheckVerdict, FromSyncWorker, SyncLink, ToSyncWorker},
};
use serde::Serialize;

use super::{
    error::{Absence, CommandError},
    exit::Exit,
    one_shot::OneShot,
    session::Session,
    status,
    terminal::{Look, Tone},
};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out the list sites, and start nothing: for a container's health check
    #[arg(long, conflicts_with = "settings_only")]
    quick: bool,
    /// Only look at the settings; needs nothing else of the machine
    #[arg(long)]
    settings_only: bool,
}

impl Args {
    /// Whether workers are started where no supervisor runs.
    pub(super) fn may_start_workers(&self) -> bool {
        !self.quick && !self.settings_only
    }
}

/// How long a worker that is just being restarted is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at everything and prints as it goes.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let mut lines = Lines {
        session,
        seen: Vec::new(),
    };
    let loaded = look_at_settings(session, &mut lines)?;
    match loaded {
        Some(loaded) if !args.settings_only => {
            look_at_the_rest(&mut lines, &loaded, args.quick).await?;
        }
        _ => {}
    }
    let exit = lines.end()?;
    Ok(if args.settings_only && exit == Exit::Failed {
        Exit::BadSettings
    } else {
        exit
    })
}

/// The lines so far; those for people are printed at once.
struct Lines<'a> {
    session: &'a Session,
    seen: Vec<CheckLine>,
}

#[derive(Serialize)]
struct Report<'a> {
    well: bool,
    lines: &'a [CheckLine],
}

impl Lines<'_> {
    fn add(&mut self, line: CheckLine) -> Result<(), CommandError> {
        if !self.session.json {
            self.session
                .terminal
                .say(&text(&line, self.session.look()))?;
        }
        self.seen.push(line);
        Ok(())
    }

    fn end(self) -> Result<Exit, CommandError> {
        let well = self
            .seen
            .iter()
            .all(|line| line.verdict != CheckVerdict::Failed);
        if self.session.json {
            self.session.terminal.say_json(&Report {
                well,
                lines: &self.seen,
            })?;
        }
        Ok(if well { Exit::Done } else { Exit::Failed })
    }
}

/// `ok    database  …`, and what to do on a line of its own.
pub(super) fn text(line: &CheckLine, look: Look) -> String {
    let (tone, word) = match line.verdict {
        CheckVerdict::Well => (Tone::Good, "ok"),
        CheckVerdict::Warning => (Tone::Warning, "warn"),
        CheckVerdict::Failed => (Tone::Bad, "fail"),
    };
    let verdict = look.paint(tone, &format!("{word:<4}"));
    let text = format!("{verdict}  {:<22}  {}", line.subject, line.message);
    match &line.remedy {
        Some(remedy) => format!("{text}\n      {:<22}  {remedy}", ""),
        None => text,
    }
}

fn line(
    subject: &str,
    verdict: CheckVerdict,
    message: String,
    remedy: Option<String>,
) -> CheckLine {
    CheckLine {
        subject: subject.into(),
        verdict,
        message,
        remedy,
    }
}

fn look_at_settings(
    session: &Session,
    lines: &mut Lines<'_>,
) -> Result<Option<Loaded>, CommandError> {
    let loaded = match session.loaded() {
        Ok(loaded) => loaded,
        Err(CommandError::Settings(error)) => {
            for error in each(error) {
                lines.add(line(
                    "settings",
                    CheckVerdict::Failed,
                    Chain(&error).to_string(),
                    None,
                ))?;
            }
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    let programs = crate::settings::binaries()
        .map_err(|error| {
            CommandError::told(
                format!("cannot tell where the binaries are: {error}"),
                "Is /proc mounted?",
            )
        })
        .map(|binaries| crate::settings::programs(&loaded, &session.environment, &binaries))?;
    let programs = match programs {
        Ok(programs) => programs,
        Err(error) => {
            for error in each(error) {
                lines.add(line(
                    "programs",
                    CheckVerdict::Failed,
                    Chain(&error).to_string(),
                    None,
                ))?;
            }
            return Ok(None);
        }
    };
    lines.add(line("settings", CheckVerdict::Well, origins(&loaded), None))?;
    for warning in &loaded.warnings {
        lines.add(line(
            "settings",
            CheckVerdict::Warning,
            warning.clone(),
            None,
        ))?;
    }
    for warning in crate::settings::warnings(&programs, &loaded) {
        lines.add(line(
            "programs",
            CheckVerdict::Warning,
            warning.message,
            Some(warning.remedy),
        ))?;
    }
    Ok(Some(loaded))
}

fn each(error: SettingsError) -> Vec<SettingsError> {
    match error {
        SettingsError::Several(errors) => errors,
        one => vec![one],
    }
}

/// Where the values came from: `seerr.url from OVERSEERR_URL; the rest are saved or defaults`.
fn origins(loaded: &Loaded) -> String {
    let mut set: Vec<String> = loaded
        .sources
        .iter()
        .filter(|(_, source)| !matches!(source, Source::Default | Source::Saved))
        .map(|(key, source)| format!("{key} from {source}"))
        .collect();
    set.push(if set.is_empty() {
        "all saved or default".into()
    } else {
        "the rest saved or default".into()
    });
    set.join(", ")
}

async fn look_at_the_rest(
    lines: &mut Lines<'_>,
    loaded: &Loaded,
    quick: bool,
) -> Result<(), CommandError> {
    let session = lines.session;
    let client = Client::<SupervisorLink>::new(&loaded.settings.paths);
    let answer = client
        .call(ToSupervisor::Status(StatusRequest::default()))
        .await
        .map_err(CommandError::from);
    match answer {
        Ok(FromSupervisor::Status(report)) => {
            let text = format!("version {}, pid {}", report.version, report.pid);
            lines.add(line("supervisor", CheckVerdict::Well, text, None))?;
            for program in &report.programs {
                lines.add(about_program(program, session))?;
            }
        }
        Ok(_) => lines.add(about_error(
            "supervisor",
            &CommandError::unexpected(SupervisorLink::PEER),
        ))?,
        Err(CommandError::Unreachable {
            cause: Absence::NoSocket | Absence::NobodyListens,
            ..
        }) if !quick => {
            return look_without_supervisor(lines, loaded).await;
        }
        Err(error) => return lines.add(about_error("supervisor", &error)),
    }
    ask_sync_worker(lines, loaded, quick).await
}

async fn look_without_supervisor(
    lines: &mut Lines<'_>,
    loaded: &Loaded,
) -> Result<(), CommandError> {
    lines.add(line(
        "supervisor",
        CheckVerdict::Warning,
        "does not run; workers were started for this check alone".into(),
        Some("Start it with `listsync run`.".into()),
    ))?;
    match OneShot::start(lines.session, loaded).await {
        Ok(one_shot) => {
            let asked = ask_sync_worker(lines, loaded, false).await;
            one_shot.stop().await;
            asked
        }
        Err(error) => lines.add(about_error("workers", &error)),
    }
}

/// Passes on what the sync-worker says. One that is killed meanwhile is asked once more; what it said
/// already is not said again.
async fn ask_sync_worker(
    lines: &mut Lines<'_>,
    loaded: &Loaded,
    quick: bool,
) -> Result<(), CommandError> {
    let client = Client::<SyncLink>::new(&loaded.settings.paths).patient(PATIENCE);
    let before = lines.seen.len();
    let mut asked = pass_on(lines, &client, quick, 0).await?;
    if matches!(asked, Err(CallError::Lost { .. })) {
        let said = lines.seen.len() - before;
        asked = pass_on(lines, &client, quick, said).await?;
    }
    match asked {
        Ok(()) => Ok(()),
        Err(error) => lines.add(about_error("sync-worker", &error.into())),
    }
}

async fn pass_on(
    lines: &mut Lines<'_>,
    client: &Client<SyncLink>,
    quick: bool,
    mut skip: usize,
) -> Result<Result<(), CallError>, CommandError> {
    let mut stream = match client.stream(ToSyncWorker::Check(Check { quick })).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    loop {
        match stream.next().await {
            Ok(Some(FromSyncWorker::CheckLine(_))) if skip > 0 => skip -= 1,
            Ok(Some(FromSyncWorker::CheckLine(line))) => lines.add(line)?,
            Ok(Some(_)) => {
                let error = CommandError::unexpected(SyncLink::PEER);
                lines.add(about_error("sync-worker", &error))?;
                return Ok(Ok(()));
            }
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn about_error(subject: &str, error: &CommandError) -> CheckLine {
    line(
        subject,
        CheckVerdict::Failed,
        Chain(error).to_string(),
        error.remedy(),
    )
}

fn about_program(program: &ProgramStatus, session: &Session) -> CheckLine {
    let description = status::description(program, session.clock.now_utc(), session.look());
    let message = format!("{} {description}", program.state.as_str());
    let (verdict, remedy) = match program.state {
        ProgramState::Running => (CheckVerdict::Well, None),
        ProgramState::Starting | ProgramState::Stopping => (CheckVerdict::Warning, None),
        ProgramState::Stopped | ProgramState::Exited if !status::is_down(program) => {
            (CheckVerdict::Well, None)
        }
        ProgramState::Stopped => (
            CheckVerdict::Failed,
            Some(format!("Start it with `listsync start {}`.", program.name)),
        ),
        ProgramState::Backoff | ProgramState::Fatal | ProgramState::Exited => (
            CheckVerdict::Failed,
            Some(format!("`listsync tail {}` shows why.", program.name)),
        ),
    };
    line(
        &program.name,
        verdict,
        message.trim_end().to_owned(),
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::World,
        status::tests::{program, report},
    };
    use runtime::Environment;

    const ALL: Args = Args {
        quick: false,
        settings_only: false,
    };
    const QUICK: Args = Args {
        quick: true,
        settings_only: false,
    };
    const SETTINGS: Args = Args {
        quick: false,
        settings_only: true,
    };

    fn with_supervisor(world: &World, state: ProgramState) {
        world.serve::<SupervisorLink>(move |_| {
            vec![FromSupervisor::Status(report(vec![program(
                "sync-worker",
                state,
            )]))]
        });
    }

    fn with_sync_worker(world: &World, verdict: CheckVerdict) {
        world.serve::<SyncLink>(move |_| {
            let remedy = (verdict != CheckVerdict::Well).then(|| "Look at its address.".to_owned());
            vec![
                FromSyncWorker::CheckLine(line(
                    "database",
                    CheckVerdict::Well,
                    "3 lists".into(),
                    None,
                )),
                FromSyncWorker::CheckLine(line("target", verdict, "Seerr 2.7.3".into(), remedy)),
            ]
        });
    }

    #[actix_rt::test]
    async fn everything_gets_a_line_and_one_failure_is_1() {
        let world = World::new();
        with_supervisor(&world, ProgramState::Running);
        with_sync_worker(&world, CheckVerdict::Failed);
        assert_eq!(run(&world.session, ALL).await.unwrap(), Exit::Failed);
        insta::assert_snapshot!(world.printed(), @"
        ok    settings                paths.data_dir from LISTSYNC_DATA_DIR, paths.run_dir from LISTSYNC_RUN_DIR, the rest saved or default
        ok    supervisor              version 0.1.0, pid 77
        ok    sync-worker             RUNNING pid 11991, uptime 1:00:00, ready in 43 ms
        ok    database                3 lists
        fail  target                  Seerr 2.7.3
                                      Look at its address.
        ");
    }

    #[actix_rt::test]
    async fn a_warning_is_still_well() {
        let world = World::new().json();
        with_supervisor(&world, ProgramState::Running);
        with_sync_worker(&world, CheckVerdict::Warning);
        assert_eq!(run(&world.session, ALL).await.unwrap(), Exit::Done);
        let read: serde_json::Value = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(
            (&read["well"], read["lines"].as_array().unwrap().len()),
            (&true.into(), 5)
        );
    }

    #[actix_rt::test]
    async fn a_program_that_was_given_up_is_a_failure() {
        let world = World::new();
        with_supervisor(&world, ProgramState::Fatal);
        with_sync_worker(&world, CheckVerdict::Well);
        assert_eq!(run(&world.session, QUICK).await.unwrap(), Exit::Failed);
        assert!(
            world
                .printed()
                .contains("`listsync tail sync-worker` shows why."),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn the_quick_one_starts_nothing_and_fails_without_a_supervisor() {
        let world = World::new();
        assert_eq!(run(&world.session, QUICK).await.unwrap(), Exit::Failed);
        assert!(
            world.printed().contains("fail  supervisor"),
            "{}",
            world.printed()
        );
        assert!(
            world.printed().contains("listsync run"),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn settings_alone_need_nothing_and_bad_ones_are_78() {
        let mut world = World::new();
        assert_eq!(run(&world.session, SETTINGS).await.unwrap(), Exit::Done);
        world.session.environment = Environment::of([
            ("HOME", "/nonexistent"),
            ("SYNC_INTERVAL", "often"),
            ("OVERSEERR_USER_ID", "me"),
        ]);
        assert_eq!(
            run(&world.session, SETTINGS).await.unwrap(),
            Exit::BadSettings
        );
        let fails = world
            .printed()
            .lines()
            .filter(|line| line.starts_with("fail"))
            .count();
        assert_eq!(fails, 2, "{}", world.printed());
    }

    #[actix_rt::test]
    async fn everything_wrong_with_programs_is_told_by_line_without_starting_any() {
        let mut world = World::new();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("listsync.toml");
        let write = |text: &str| std::fs::write(&config, text).unwrap();
        world.session.config = Some(config.clone());
        write(
            "[program.a]\ncommand = \"/bin/a\"\nafter = [\"b\"]\n[program.b]\ncommand = \"/bin/b\"\n\
             after = [\"a\"]\n[program.all]\ncommand = \"/bin/c\"\nrestart_jitter = 2\n",
        );
        assert_eq!(
            run(&world.session, SETTINGS).await.unwrap(),
            Exit::BadSettings
        );
        let printed = world.printed();
        let fails: Vec<_> = printed
            .lines()
            .filter(|line| line.starts_with("fail  programs"))
            .collect();
        assert_eq!(fails.len(), 3, "{printed}");
        assert!(
            printed.contains("listsync.toml, line 3 goes in a circle: a → b → a"),
            "{printed}"
        );
        assert!(
            printed.contains("listsync.toml, line 9 is 2; it must be a number from 0 to 1"),
            "{printed}"
        );

        write("[program.a]\ncommand = \"/nonexistent/a\"\n");
        assert_eq!(run(&world.session, SETTINGS).await.unwrap(), Exit::Done);
        let printed = world.printed();
        assert!(
            printed.contains("line 2 is /nonexistent/a, where no file is"),
            "{printed}"
        );
        assert!(
            printed.contains("Install it, or correct the path."),
            "{printed}"
        );
    }
}
