//! `listsync settings-default`: the settings file with every setting, made of the table that is also
//! the truth. `deploy/default.toml` is this output; CI compares them.

use super::{error::CommandError, exit::Exit, terminal::Terminal};

/// Arguments of `listsync settings-default`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the README's table in place of the file
    #[arg(long)]
    table: bool,
}

/// Prints the file, or the table.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, CommandError> {
    let text = if args.table {
        runtime::settings::markdown_table()
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
        for table in [false, true] {
            run(&Args { table }, &terminal).unwrap();
            assert!(terminal.printed().contains("OVERSEERR_URL"));
        }
    }
}
