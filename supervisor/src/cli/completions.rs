//! `listsync completions`: a script that completes commands in a shell, and the answers to that script,
//! which asks this binary at each press of the tabulator. Leaves the names of programs to
//! `program_names`.

use std::ffi::OsString;

use clap::CommandFactory;
use clap_complete::{CompleteEnv, env::Shells};

use super::{Cli, error::CommandError, exit::Exit, terminal::Terminal};

/// Variable by which the script says for which shell it asks.
const VARIABLE: &str = "LISTSYNC_COMPLETE";
/// The binary, as it is found in the search path.
const BINARY: &str = "listsync";

/// What `completions --help` says beyond the arguments.
pub(super) const PLACES: &str = "\
Examples:
    listsync completions bash > /etc/bash_completion.d/listsync
    listsync completions zsh > /usr/local/share/zsh/site-functions/_listsync
    listsync completions fish > ~/.config/fish/completions/listsync.fish

The script asks `listsync` for what can follow, so names of programs are those of the supervisor
that runs. Make it anew after an update of ListSync.";

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// Prints the script.
pub(super) fn run(terminal: &Terminal, args: &Args) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&args.shell.to_string()) {
        shell
            .write_registration(VARIABLE, BINARY, BINARY, BINARY, &mut script)
            .map_err(CommandError::output)?;
    }
    terminal.say(String::from_utf8_lossy(&script).trim())?;
    if args.shell == clap_complete::Shell::Zsh {
        terminal.say(AT_FIRST_USE)?;
    }
    Ok(Exit::Done)
}

/// zsh reads the script only when something is completed for the first time, and takes it for the
/// completion itself.
const AT_FIRST_USE: &str = r#"if [[ "$funcstack[1]" == "_listsync" ]]; then
    _clap_dynamic_completer_listsync "$@"
fi"#;

/// Answers where a script asks what can follow the words in `args`; gives whether one did. Says nothing
/// else: it would stand in the middle of what a person types.
pub(super) fn answer(args: &[OsString]) -> bool {
    let here = std::env::current_dir().ok(); // only names of files need it
    CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .bin(BINARY)
        .try_complete(args.iter().cloned(), here.as_deref())
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    fn script(shell: clap_complete::Shell) -> String {
        let terminal = Terminal::of_test();
        run(&terminal, &Args { shell }).unwrap();
        terminal.printed()
    }

    #[test]
    fn every_shell_gets_a_script_that_asks_us() {
        for shell in clap_complete::Shell::value_variants() {
            let script = script(*shell);
            assert!(script.contains(VARIABLE), "{shell}: {script}");
            assert!(script.contains(BINARY), "{shell}: {script}");
        }
    }

    #[test]
    fn zsh_finds_the_script_by_its_first_line() {
        let script = script(clap_complete::Shell::Zsh);
        assert!(script.starts_with("#compdef listsync\n"), "{script}");
    }
}
