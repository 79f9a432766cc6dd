//! The command line of ListSync: the commands, what they have in common, and who carries them out.
//!
//! Talks to sockets only. Leaves the daemon to `daemon`, and each command to its file.

mod api_key;
mod cancel;
mod check;
mod completions;
mod control;
mod error;
mod events;
mod exit;
mod list_names;
mod lists;
mod lists_add;
mod lists_remove;
mod one_shot;
mod pid;
mod progress;
mod prompt;
mod session;
mod settings_default;
mod setup;
mod shutdown;
mod status;
mod sync;
mod sync_report;
mod table;
mod tail;
mod terminal;
mod version;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use runtime::{Clock, Environment, SettingsError};

use error::CommandError;
use exit::Exit;
use session::Session;
use terminal::Terminal;

/// Keeps media requests in step with lists kept elsewhere.
#[derive(Debug, Parser)]
#[command(name = "listsync", version, after_help = exit::ALL, disable_help_subcommand = true)]
struct Cli {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    /// The settings file, in place of `LISTSYNC_CONFIG`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run ListSync in the foreground; what the container runs
    Run,
    /// Show how the programs are
    #[command(after_help = exit::STATUS)]
    Status(status::Args),
    /// Start programs and wait until they are ready
    #[command(after_help = exit::CONTROL)]
    Start(control::Args),
    /// Stop programs and wait until they are gone
    #[command(after_help = exit::CONTROL)]
    Stop(control::Args),
    /// Stop and start programs, one after the other
    #[command(after_help = exit::CONTROL)]
    Restart(control::Args),
    /// Show the ends of the logs
    Tail(tail::Args),
    /// Show what happened
    #[command(after_help = exit::EVENTS)]
    Events(events::Args),
    /// Print the process id of a program, or of the supervisor
    #[command(after_help = exit::PID)]
    Pid(pid::Args),
    /// Stop everything, the supervisor too
    Shutdown,
    /// Ask on the terminal for what is missing, try it, and save it encrypted
    Setup,
    /// Look whether everything is well: one line each, with what to do
    #[command(after_help = exit::CHECK)]
    Check(check::Args),
    /// Start a run
    #[command(after_help = exit::SYNC)]
    Sync(sync::Args),
    /// End the run that is going on
    Cancel(cancel::Args),
    /// Show the lists, add and remove them
    Lists(lists::Args),
    /// Keys for machines that use the API
    ApiKey(api_key::Args),
    /// Print the version, and that of the running supervisor
    Version,
    /// Print a script that completes commands in a shell
    Completions(completions::Args),
    /// Print the settings file with every setting and its default
    #[command(hide = true)]
    SettingsDefault(settings_default::Args),
}

/// Carries out the command line `args`, program name included. Call it on the main thread, outside
/// any asynchronous runtime.
pub(crate) fn run(
    args: Vec<OsString>,
    environment: Result<Environment, SettingsError>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output, errors to standard error; that nobody reads
            // them changes nothing.
            error.print().unwrap_or_default();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let terminal = Terminal::of_process(environment.as_ref().ok());
    let json = cli.json;
    match carry_out(cli, terminal.clone(), environment) {
        Ok(End::Command(exit)) => exit.into(),
        Ok(End::Daemon(code)) => code,
        Err(error) => {
            if !matches!(error, CommandError::PipeClosed) {
                terminal.tell(&if json { error.json() } else { error.text() });
            }
            error.exit().into()
        }
    }
}

/// How it ended: the daemon has exit codes of its own.
enum End {
    Command(Exit),
    Daemon(ExitCode),
}

fn carry_out(
    cli: Cli,
    terminal: Terminal,
    environment: Result<Environment, SettingsError>,
) -> Result<End, CommandError> {
    // These need nothing of the machine, so nothing of it can be in their way.
    match &cli.command {
        Command::Completions(args) => return completions::run(&terminal, args).map(End::Command),
        Command::SettingsDefault(args) => {
            return settings_default::run(args, &terminal).map(End::Command);
        }
        _ => {}
    }
    let environment = match (environment, &cli.command) {
        (Ok(environment), _) => environment,
        (Err(_), Command::Version) => Environment::default(),
        (Err(error), _) => return Err(error.into()),
    };
    if matches!(cli.command, Command::Run) {
        return Ok(End::Daemon(crate::daemon::run(&environment, cli.config)));
    }
    let session = Session {
        terminal,
        json: cli.json,
        environment,
        config: cli.config,
        clock: Clock::system(),
    };
    actix::System::new()
        .block_on(Box::pin(converse(&session, cli.command)))
        .map(End::Command)
}

async fn converse(session: &Session, command: Command) -> Result<Exit, CommandError> {
    match command {
        Command::Status(args) => status::run(session, args).await,
        Command::Start(args) => control::run(session, control::Verb::Start, args).await,
        Command::Stop(args) => control::run(session, control::Verb::Stop, args).await,
        Command::Restart(args) => control::run(session, control::Verb::Restart, args).await,
        Command::Tail(args) => tail::run(session, args).await,
        Command::Events(args) => events::run(session, args).await,
        Command::Pid(args) => pid::run(session, args).await,
        Command::Shutdown => shutdown::run(session).await,
        Command::Setup => Box::pin(setup::run(session)).await,
        Command::Check(args) => Box::pin(check::run(session, args)).await,
        Command::Sync(args) => Box::pin(sync::run(session, args)).await,
        Command::Cancel(args) => cancel::run(session, args).await,
        Command::Lists(args) => lists::run(session, args).await,
        Command::ApiKey(args) => api_key::run(session, args).await,
        Command::Version => version::run(session).await,
        // Carried out before there was a session.
        Command::Run | Command::Completions(_) | Command::SettingsDefault(_) => Ok(Exit::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_people_know_are_understood() {
        for line in [
            "listsync run --config /etc/listsync.toml",
            "listsync status",
            "listsync status api --json",
            "listsync --json status",
            "listsync restart all",
            "listsync tail -n 50 -f api sync-worker",
            "listsync events -n 50 -f",
            "listsync pid",
            "listsync check --quick",
            "listsync check --settings-only --config x.toml",
            "listsync sync --wait 3 imdb:top",
            "listsync cancel",
            "listsync lists --all",
            "listsync lists add https://www.imdb.com/list/ls1/ --limit 10 --no-4k --user 3 --no-auto",
            "listsync lists add top --type imdb --4k --name Best",
            "listsync lists remove 3 imdb:top",
            "listsync api-key create homepage",
            "listsync version",
            "listsync completions bash",
            "listsync settings-default",
        ] {
            parsed(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "listsync",
            "listsync start",
            "listsync lists add",
            "listsync lists add x --4k --no-4k",
            "listsync lists add x --limit 0",
            "listsync lists remove",
            "listsync api-key create",
            "listsync completions cmd.exe",
            "listsync fly",
        ] {
            assert_eq!(parsed(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn help_explains_the_exit_codes() {
        let help = Cli::command().render_help().to_string();
        assert!(
            help.contains("4  the supervisor cannot be reached"),
            "{help}"
        );
        assert!(!help.contains("settings-default"), "{help}");
    }
}
