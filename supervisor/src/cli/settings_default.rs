//! `listsync settings-default`: the settings file with every setting, made of the table that is also
//! the truth. `deploy/default.toml` is this output; CI compares them.

use super::{error::CommandError, exit::Exit, terminal::Terminal};

/// Arguments of `listsync settings-default`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the README's table in place of the file
    #[arg(long)]
    table: bool,
    /// Print the README's table of what a program can have
    #[arg(long, conflicts_with = "table")]
    programs: bool,
}

/// Prints the file, or one of the tables.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, CommandError> {
    let text = if args.table {
        runtime::settings::markdown_table()
    } else if args.programs {
        runtime::settings::programs_table()
    } else {
        runtime::settings::default_toml()
    };
    terminal.say(text.trim_end())?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_in_it() {
        let terminal = Terminal::of_test();
        for (table, programs, word) in [
            (false, false, "OVERSEERR_URL"),
            (true, false, "OVERSEERR_URL"),
            (false, true, "restart_burst"),
        ] {
            run(&Args { table, programs }, &terminal).unwrap();
            assert!(terminal.printed().contains(word));
        }
    }
}
