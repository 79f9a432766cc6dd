//! Labelled matching cases: an entry of a list, what a search finds for it, and what a careful person
//! says of it. They measure the judgement of `identity`; `make match` prints how well it does.

mod case;
mod file;
mod table;

use std::{io::Write, path::PathBuf, process::ExitCode};

use table::Table;

/// Exit code when a match called certain is wrong.
const WRONG: u8 = 1;
/// Exit code when cases cannot be read.
const UNREADABLE: u8 = 2;

/// Judges the cases of files and folders and prints a table of how well that went, a row for each
/// theme, and a line for each case that was judged otherwise than it is labelled.
///
/// Ends with 1 when a match called certain is wrong, with 2 when a case cannot be read.
pub fn run(paths: impl IntoIterator<Item = PathBuf>) -> ExitCode {
    let (text, code) = match file::read_all(paths) {
        Ok(cases) => {
            let table = Table::of(&cases);
            let code = if table.all.certain_wrong == 0 {
                0
            } else {
                WRONG
            };
            (table.to_string(), code)
        }
        Err(error) => (format!("{}\n", runtime::Chain(&error)), UNREADABLE),
    };
    let written = if code == UNREADABLE {
        std::io::stderr().write_all(text.as_bytes())
    } else {
        std::io::stdout().write_all(text.as_bytes())
    };
    // Whoever reads the table went away.
    match written {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(UNREADABLE),
    }
}

#[cfg(test)]
mod tests;
