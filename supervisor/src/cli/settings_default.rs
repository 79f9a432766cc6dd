//! `listsync settings-default`: the settings file with every setting, made of the table that is also
//! the truth. `deploy/default.toml` is this output; CI compares them.

use super::{error::CommandError, exit::Exit, terminal::Terminal};

/// Prints the file.
pub(super) fn run(terminal: &Terminal) -> Result<Exit, CommandError> {
    terminal.say(&runtime::settings::default_toml())?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_in_it() {
        let terminal = Terminal::of_test();
        run(&terminal).unwrap();
        assert!(terminal.printed().contains("OVERSEERR_URL"));
    }
}
