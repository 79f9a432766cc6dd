//! `listsync completions`: a script that completes commands in a shell.

use clap::CommandFactory;

use super::{Cli, error::CommandError, exit::Exit, terminal::Terminal};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell; the script goes where it looks for completions, for bash usually
    /// `/etc/bash_completion.d/listsync`
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// Prints the script.
pub(super) fn run(terminal: &Terminal, args: &Args) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "listsync", &mut script);
    terminal.say(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_knows_the_commands() {
        let terminal = Terminal::of_test();
        run(
            &terminal,
            &Args {
                shell: clap_complete::Shell::Bash,
            },
        )
        .unwrap();
        assert!(terminal.printed().contains("api-key"));
    }
}
