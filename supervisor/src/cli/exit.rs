//! The exit codes of `listsync`, and how `--help` explains them. Leaves those of the daemon itself
//! (`listsync run`) to `daemon`; they are listed here because one table is easier to find than two.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, all as wanted.
    Done,
    /// Not carried out, or something that was looked at is not well.
    Failed,
    /// The command line or the surroundings do not allow it.
    Usage,
    /// `status`: something is down.
    Down,
    /// The supervisor cannot be reached, or `status` was asked about a program that does not exist.
    Unreachable,
    /// A program is not running (`pid`, `signal`) or could not be started (`start`, `restart`, `reload`).
    NotRunning,
    /// A fault of ours or of the machine.
    Software,
    /// The settings cannot be used.
    BadSettings,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Down => 3,
            Self::Unreachable => 4,
            Self::NotRunning => 7,
            Self::Software => runtime::exit::SOFTWARE,
            Self::BadSettings => runtime::exit::BAD_SETTINGS,
            Self::Interrupted => 130,
        }
    }

    /// The graver of two ends, for commands that do several things.
    pub(super) fn or_worse(self, other: Self) -> Self {
        if other.code() > self.code() {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// For `listsync --help`.
pub(super) const ALL: &str = "\
Exit codes:
    0  done, all as wanted
    1  not carried out, or something that was looked at is not well
    2  the command line is wrong, or a terminal is needed
    3  status: something is down
    4  the supervisor cannot be reached; status: no such program
    7  pid, signal: not running; start, restart, reload: could not be started
   70  a fault of ours or of the machine; run: an essential program could not be kept up
   75  run: another supervisor runs already
   78  the settings, a directory or the database cannot be used
  130  interrupted";

/// For `listsync status --help`.
pub(super) const STATUS: &str = "\
Exit codes:
    0  every program listed runs, is on its way, or was never meant to run
    3  one is down: STOPPED by a person, EXITED with an error, BACKOFF or FATAL
    4  the supervisor cannot be reached, or there is no such program; with --watch: it has ended
  130  --watch was interrupted

With --watch and --json the first line is what --json prints without it, and each further one is
`{\"type\":\"process\",…}` as of `listsync events --json`.";

/// For `listsync start --help` and its kin.
pub(super) const CONTROL: &str = "\
Exit codes:
    0  done, also where nothing had to be done
    1  there is no such program
    4  the supervisor cannot be reached
    7  a program could not be started or stopped";

/// For `listsync pid --help`.
pub(super) const PID: &str = "\
Exit codes:
    0  it runs
    1  there is no such program
    4  the supervisor cannot be reached
    7  it is down: 0 is printed in place of its number (null with --json), and a line on stderr says so";

/// For `listsync sync --help`.
pub(super) const SYNC: &str = "\
Exit codes:
    0  started; with --wait: completed; with --plan: the plan was made
    1  not started; with --wait or --plan: failed or cancelled
    4  the supervisor cannot be reached
  130  interrupted; the run goes on";

/// For `listsync plan --help`.
pub(super) const PLAN: &str = "\
Examples:
    listsync sync --plan             make a plan and show it
    listsync plan apply --wait       carry out the newest that is open, and print what was done
    listsync plan show 3 --json      plan 3 as data

A plan can be applied for a day. What has changed in Seerr by then is left out, with its reason.

Exit codes:
    0  shown, discarded or started; apply --wait: completed
    1  no such plan; it is too old, was applied or discarded, or is being applied; you said no;
       apply --wait: failed or cancelled
    4  the supervisor cannot be reached
  130  interrupted; a run that was started goes on";

/// For `listsync undo --help`.
pub(super) const UNDO: &str = "\
Examples:
    listsync history                 which runs requested something
    listsync undo 12 --plan          show what would be taken back, and what is left and why
    listsync undo 12 --yes --wait    take it back without asking, and print what was done

What is in the library or on its way there, and what somebody else asked for, is left. What was taken
back is not asked for again until it is taken off its lists and put on again, or you say
`listsync items retry TITLE --anyway`.

Exit codes:
    0  started; with --wait: completed; with --plan: the plan was made
    1  the run cannot be undone, or nothing of it can be taken back; you said no; --wait: failed
    2  there is no terminal to ask on, and --yes is missing
    4  the supervisor cannot be reached
  130  interrupted; a run that was started goes on";

/// For `listsync providers sign-in --help`.
pub(super) const SIGN_IN: &str = "\
Exit codes:
    0  signed in; with --cancel: ended
    1  not signed in: denied, expired, or something must be set first
    4  the supervisor cannot be reached
  130  interrupted; nobody is signed in";

/// For `listsync items --help`.
pub(super) const ITEMS: &str = "\
Examples:
    listsync items --status failed            titles whose requests failed
    listsync items --identity needs_review    entries that wait for you
    listsync items --why heat                 the whole story of a title
    listsync items --why movie:550            … by TMDB's number; a title on no list tells where it stopped
    listsync items --why https://www.imdb.com/title/tt0113277/

Exit codes:
    0  shown, also where there is nothing, or nothing is known of a title
    1  several titles are called so, or there is no such entry or list
    4  the supervisor cannot be reached";

/// For `listsync items retry --help`.
pub(super) const ITEMS_RETRY: &str = "\
Exit codes:
    0  the next run tries it
    1  there is nothing to try again, a person had said no to it, or a run is going on
    4  the supervisor cannot be reached";

/// For `listsync signal --help`.
pub(super) const SIGNAL: &str = "\
Examples:
    listsync signal HUP vpn                a program of yours does what it does on that signal
    listsync signal KILL scraper-worker    as if it had crashed; it is started again

Our own programs listen to TERM and INT; other signals end them where they end any process.

Exit codes:
    0  sent; with `all` to those that run
    1  there is no such program or signal
    4  the supervisor cannot be reached
    7  a program is not running";

/// For `listsync reload --help`.
pub(super) const RELOAD: &str = "\
Only programs whose settings differ are started again. Saved settings of the dashboard need no reload.

Exit codes:
    0  done, also where nothing differs
    1  the settings file cannot be used; everything goes on as before
    4  the supervisor cannot be reached
    7  a program could not be started";

/// For `listsync shutdown --help`.
pub(super) const SHUTDOWN: &str = "\
Exit codes:
    0  asked; with --wait: everything is gone
    4  the supervisor cannot be reached
  130  interrupted; the supervisor goes on stopping everything";

/// For `listsync check --help`.
pub(super) const CHECK: &str = "\
Exit codes:
    0  all is well, perhaps with something to know
    1  something is not well
   78  the settings cannot be used (with --settings-only)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_end_counts() {
        assert_eq!(Exit::Done.or_worse(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::NotRunning.or_worse(Exit::Failed), Exit::NotRunning);
        assert_eq!(Exit::Unreachable.or_worse(Exit::Done), Exit::Unreachable);
    }

    #[test]
    fn every_code_is_explained_in_help() {
        let all = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Down,
            Exit::Unreachable,
            Exit::NotRunning,
            Exit::Software,
            Exit::BadSettings,
            Exit::Interrupted,
        ];
        for exit in all {
            let code = format!("{:>5}  ", exit.code());
            assert!(ALL.lines().any(|line| line.starts_with(&code)), "{exit:?}");
        }
    }
}
