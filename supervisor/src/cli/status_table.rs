//! How the programs are, as a table for a person: a row each, below it what there is more to say, all
//! within the width of the terminal. Leaves the words to `status_text`.

use chrono::{DateTime, Utc};
use schema::wire::supervisor::{ProgramState, ProgramStatus};

use super::{
    measures::{bytes, uptime},
    status_text::{details, tone},
    terminal::{Look, Tone},
};

/// Narrowest table that is drawn; a narrower terminal cuts or wraps it.
const NARROWEST: usize = 60;
/// What stands before what there is more to say.
const INDENT: &str = "    ";
const HEADS: [&str; 6] = ["NAME", "STATE", "PID", "UPTIME", "MEMORY", "CPU"];
/// Columns that are set to the left; the others hold numbers.
const LEFT: usize = 2;

/// The lines of the table. `share` tells what share of a core a program takes.
pub(super) fn table(
    programs: &[ProgramStatus],
    now: DateTime<Utc>,
    look: Look,
    share: impl Fn(&ProgramStatus) -> Option<String>,
) -> Vec<String> {
    let rows: Vec<[String; 6]> = programs
        .iter()
        .map(|program| cells(program, now, share(program)))
        .collect();
    let width = usize::from(look.width.unwrap_or(80)).max(NARROWEST);
    let widths = widths(&rows, width);
    let heads = HEADS.map(str::to_owned);
    let mut lines = vec![look.paint(Tone::Faint, row(&heads, &widths, |_, cell| cell).trim_end())];
    for (program, cells) in programs.iter().zip(&rows) {
        let paint = |column, cell: String| match column {
            1 => look.paint(tone(program), &cell),
            _ => cell,
        };
        lines.push(row(cells, &widths, paint).trim_end().to_owned());
        let more = details(program, now, look).join(", ");
        let more = wrapped(&more, width - INDENT.len()).into_iter();
        lines.extend(more.map(|line| look.paint(Tone::Faint, &format!("{INDENT}{line}"))));
    }
    lines
}

fn cells(program: &ProgramStatus, now: DateTime<Utc>, share: Option<String>) -> [String; 6] {
    let is_up = program.state == ProgramState::Running;
    let age = program.started_at.filter(|_| is_up);
    [
        program.name.clone(),
        program.state.as_str().to_owned(),
        program.pid.map_or_else(String::new, |pid| pid.to_string()),
        age.map_or_else(String::new, |started| uptime(now - started)),
        program.memory_bytes.map_or_else(String::new, bytes),
        share.unwrap_or_default(),
    ]
}

/// The width of each column; names give way where there is not room for all.
fn widths(rows: &[[String; 6]], room: usize) -> Vec<usize> {
    let length = |cell: &str| cell.chars().count();
    let mut widths: Vec<usize> = HEADS.iter().map(|head| length(head)).collect();
    for cells in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = length(cell).max(*width);
        }
    }
    let others: usize = widths.iter().skip(1).map(|width| width + 2).sum();
    if let Some(name) = widths.first_mut() {
        *name = (*name).min(room.saturating_sub(others)).max(8);
    }
    widths
}

fn row(cells: &[String; 6], widths: &[usize], paint: impl Fn(usize, String) -> String) -> String {
    let cells = cells.iter().zip(widths).enumerate();
    let cells = cells.map(|(column, (cell, width))| {
        let cell = cut(cell, *width);
        let cell = if column < LEFT {
            format!("{cell:<width$}")
        } else {
            format!("{cell:>width$}")
        };
        paint(column, cell)
    });
    cells.collect::<Vec<_>>().join("  ")
}

/// `text`, or its beginning and `…`.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// `text` in lines of at most `width`, broken between words where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        while line.chars().count() > width {
            let rest: String = line.chars().skip(width).collect();
            lines.push(line.chars().take(width).collect());
            line = rest;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::at,
        status::tests::{ended, program},
        status_text::life_share,
    };

    const LOOK: Look = Look {
        width: Some(80),
        utc: true,
        ..Look::PIPE
    };

    fn drawn(programs: &[ProgramStatus], look: Look) -> String {
        let now = at(200_000);
        table(programs, now, look, |program| life_share(program, now)).join("\n")
    }

    fn some() -> Vec<ProgramStatus> {
        vec![
            ProgramStatus {
                memory_bytes: Some(34_714_214),
                cpu_ms: Some(2_400_000),
                restarts: 2,
                failures: 1,
                last_exit: Some(ended(None, "killed by SIGKILL")),
                status_text: Some(
                    "dashboard http://127.0.0.1:3222, API http://127.0.0.1:4222".into(),
                ),
                ..program("api", ProgramState::Running)
            },
            program("a-program-with-quite-a-long-name", ProgramState::Stopped),
            program("sync-worker", ProgramState::Stopping),
        ]
    }

    #[test]
    fn eighty_columns_hold_it() {
        let text = drawn(&some(), LOOK);
        insta::assert_snapshot!(text, @"
        NAME                           STATE       PID           UPTIME    MEMORY    CPU
        api                            RUNNING   11991  2 days, 7:33:20  33.1 MiB  1.2 %
            2 restarts, 1 failure counted, last exit: killed by SIGKILL (2026-03-01
            12:00), dashboard http://127.0.0.1:3222, API http://127.0.0.1:4222
        a-program-with-quite-a-long-…  STOPPED
            Not started
        sync-worker                    STOPPING
            for 2 days, 7:33:20
        ");
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }

    #[test]
    fn colours_tell_the_state_and_change_no_width() {
        let look = Look {
            colour: true,
            ..LOOK
        };
        let text = drawn(&some(), look);
        assert!(text.contains("\u{1b}[32mRUNNING "), "{text}");
        let mut plain = String::new();
        let mut inside = false;
        for sign in text.chars() {
            match sign {
                '\u{1b}' => inside = true,
                'm' if inside => inside = false,
                _ if inside => {}
                _ => plain.push(sign),
            }
        }
        let lines: Vec<_> = plain.lines().map(str::trim_end).collect();
        assert_eq!(lines, drawn(&some(), LOOK).lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_word_that_is_too_long_is_broken() {
        assert_eq!(wrapped("ab cdefgh i", 4), ["ab", "cdef", "gh i"]);
        assert_eq!(wrapped("", 4), [""; 0]);
        assert_eq!(wrapped("abcdefghi", 4), ["abcd", "efgh", "i"]);
    }
}
