//! The command line of ListSync: the commands, what they have in common, and who carries them out.
//!
//! Talks to sockets only. Leaves the daemon to `daemon`, and each command to its file.

mod api_key;
mod cancel;
mod changes;
mod check;
mod completions;
mod control;
mod debug_panic;
mod error;
mod events;
mod events_sync;
mod exit;
mod history;
mod history_text;
mod items;
mod items_retry;
mod items_why;
mod list_names;
mod lists;
mod lists_accept;
mod lists_add;
mod lists_edit;
mod lists_read;
mod lists_remove;
mod lists_resolve;
mod measures;
mod moment;
mod one_shot;
mod pid;
mod pins;
mod pins_file;
mod plan;
mod plan_apply;
mod plan_show;
mod plan_text;
mod program_names;
mod progress;
mod prompt;
mod providers;
mod providers_sign_in;
mod reload;
mod review;
mod review_ask;
mod screen;
mod session;
mod settings_default;
mod setup;
mod shutdown;
mod signal;
mod status;
mod status_table;
mod status_text;
mod status_watch;
mod sync;
mod sync_report;
mod table;
mod tail;
mod terminal;
mod undo;
mod version;
mod waiting;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use runtime::{Clock, Environment, SettingsError};

use crate::identity;
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
    /// Stop and start programs, one after the other, each ready before the next
    #[command(after_help = exit::CONTROL)]
    Restart(control::RestartArgs),
    /// Send a signal to programs, with all their processes
    #[command(after_help = exit::SIGNAL)]
    Signal(signal::Args),
    /// Show the ends of the logs
    #[command(after_help = tail::EXAMPLES)]
    Tail(tail::Args),
    /// Show what happened: to the programs, and what the sync-worker did
    #[command(after_help = events::JSON)]
    Events(events::Args),
    /// Print the process id of a program, or of the supervisor
    #[command(after_help = exit::PID)]
    Pid(pid::Args),
    /// Read the settings file again and carry over what differs
    #[command(after_help = exit::RELOAD)]
    Reload(reload::Args),
    /// Stop everything, the supervisor too
    #[command(after_help = exit::SHUTDOWN)]
    Shutdown(shutdown::Args),
    /// Ask on the terminal for what is missing, try it, and save it encrypted
    Setup,
    /// Look whether everything is well: one line each, with what to do
    #[command(after_help = exit::CHECK)]
    Check(check::Args),
    /// Start a run
    #[command(after_help = exit::SYNC)]
    Sync(sync::Args),
    /// Show what runs would do, carry it out, or drop it
    #[command(after_help = exit::PLAN)]
    Plan(plan::Args),
    /// Take back what a run requested, as far as Seerr has not begun to get it
    #[command(after_help = exit::UNDO)]
    Undo(undo::Args),
    /// End the run that is going on, or take one out of the queue
    Cancel(cancel::Args),
    /// Show the runs there were, or one with all that became of it
    History(history::Args),
    /// Show the lists; add, change, read and remove them
    Lists(lists::Args),
    /// Show the entries of lists and what became of them, or tell a title's story
    #[command(after_help = exit::ITEMS)]
    Items(items::Args),
    /// Show entries that wait for you to say which title they are, and pick
    #[command(after_help = review::EXAMPLES)]
    Review(review::Args),
    /// Show what people said entries are; export, import and remove it
    Pins(pins::Args),
    /// Show the sites lists are read from, sign in to them and out
    Providers(providers::Args),
    /// Keys for machines that use the API
    ApiKey(api_key::Args),
    /// Print the version, and that of the running supervisor
    Version,
    /// Print a script that completes commands in a shell
    #[command(after_help = completions::PLACES)]
    Completions(completions::Args),
    /// Make the supervisor panic, to see that nothing stays up deaf
    #[command(hide = true)]
    DebugPanic,
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
    if completions::answer(&args) {
        return ExitCode::SUCCESS;
    }
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

impl Command {
    /// Whether it makes files that workers need, and so has to be the user that they belong to.
    fn may_start_workers(&self) -> bool {
        match self {
            Self::Run | Self::Setup => true,
            Self::Check(args) => args.may_start_workers(),
            _ => false,
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
    runtime::zone::adopt(&environment, cli.config.as_deref());
    let environment = if cli.command.may_start_workers() {
        match identity::settle(environment, cli.config.as_deref()) {
            Ok(environment) => environment,
            Err(error) => return Ok(End::Daemon(runtime::exit::report(&error))),
        }
    } else {
        environment
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
        Command::Start(args) => control::start(session, args).await,
        Command::Stop(args) => control::stop(session, args).await,
        Command::Restart(args) => control::restart(session, args).await,
        Command::Signal(args) => signal::run(session, args).await,
        Command::Tail(args) => tail::run(session, args).await,
        Command::Events(args) => events::run(session, args).await,
        Command::Pid(args) => pid::run(session, args).await,
        Command::Reload(args) => reload::run(session, args).await,
        Command::Shutdown(args) => shutdown::run(session, args).await,
        Command::DebugPanic => debug_panic::run(session).await,
        Command::Setup => Box::pin(setup::run(session)).await,
        Command::Check(args) => Box::pin(check::run(session, args)).await,
        Command::Sync(args) => Box::pin(sync::run(session, args)).await,
        Command::Plan(args) => Box::pin(plan::run(session, args)).await,
        Command::Undo(args) => Box::pin(undo::run(session, args)).await,
        Command::Cancel(args) => cancel::run(session, args).await,
        Command::History(args) => history::run(session, args).await,
        Command::Lists(args) => lists::run(session, args).await,
        Command::Items(args) => items::run(session, args).await,
        Command::Review(args) => review::run(session, args).await,
        Command::Pins(args) => pins::run(session, args).await,
        Command::Providers(args) => providers::run(session, args).await,
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
            "listsync status --watch api",
            "listsync restart all --all-at-once",
            "listsync signal HUP api sync-worker",
            "listsync reload --dry-run",
            "listsync shutdown --wait",
            "listsync tail --since 10m --level warning",
            "listsync events -f --processes",
            "listsync debug-panic",
            "listsync tail -n 50 -f api sync-worker",
            "listsync events -n 50 -f",
            "listsync pid",
            "listsync check --quick",
            "listsync check --settings-only --config x.toml",
            "listsync sync --wait 3 imdb:top",
            "listsync sync imdb:top --plan --json",
            "listsync plan list",
            "listsync plan show",
            "listsync plan show 3",
            "listsync plan apply 3 --wait --yes",
            "listsync plan discard 3",
            "listsync undo 12",
            "listsync undo 12 --plan --json",
            "listsync undo 12 --yes --wait",
            "listsync cancel",
            "listsync cancel 12",
            "listsync history",
            "listsync history --limit 5 --json",
            "listsync history 12",
            "listsync lists --all",
            "listsync lists add https://www.imdb.com/list/ls1/ --limit 10 --no-4k --user 3 --no-auto",
            "listsync lists add top --type imdb --4k --name Best --yes",
            "listsync lists remove 3 imdb:top",
            "listsync lists accept 3",
            "listsync lists read imdb:top",
            "listsync lists resolve https://trakt.tv/users/me/watchlist",
            "listsync lists edit 3 --limit 0 --4k default --shrink-limit 20",
            "listsync lists disable 3",
            "listsync lists enable 3 imdb:top",
            "listsync items",
            "listsync items --list imdb:top --status failed_permanent --search heat --limit 10 --page 2",
            "listsync items --identity needs_review --json",
            "listsync items --why movie:550",
            "listsync items retry 12 --anyway",
            "listsync review",
            "listsync review --not-found --limit 200 --no-ask",
            "listsync review --all --json",
            "listsync review pick 7 movie:438631",
            "listsync review pick 7 tt1160419",
            "listsync review pick 7 none --json",
            "listsync pins",
            "listsync pins export",
            "listsync pins export pins.json",
            "listsync pins import pins.json --dry-run",
            "listsync pins remove 3 4",
            "listsync providers",
            "listsync providers sign-in trakt",
            "listsync providers sign-in trakt --cancel",
            "listsync providers sign-out trakt alice",
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
            "listsync plan",
            "listsync plan show first",
            "listsync plan apply 0",
            "listsync signal HUP",
            "listsync events --processes --syncs",
            "listsync tail --level loud",
            "listsync lists add",
            "listsync lists add x --4k --no-4k",
            "listsync lists add x --limit 0",
            "listsync lists remove",
            "listsync undo",
            "listsync undo 0",
            "listsync undo last",
            "listsync undo 12 --plan --yes",
            "listsync items retry",
            "listsync items --why",
            "listsync items --why 12 --status failed",
            "listsync items --status broken",
            "listsync items --limit 0",
            "listsync history 0",
            "listsync history --limit 0",
            "listsync history 12 --limit 5",
            "listsync api-key create",
            "listsync review --all --not-found",
            "listsync review --limit 0",
            "listsync review pick 7",
            "listsync review pick 7 438631",
            "listsync review pick 7 film:438631",
            "listsync review pick x none",
            "listsync pins import",
            "listsync pins remove",
            "listsync providers sign-in",
            "listsync providers sign-out",
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
        assert!(!help.contains("debug-panic"), "{help}");
    }
}
