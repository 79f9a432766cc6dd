//! Where a command's output goes: standard output and error, their width and colours, and what is
//! asked of the person there. The only file that prints. Leaves what is said to the commands.

use std::{
    cell::RefCell,
    io::{self, IsTerminal, Write},
    rc::Rc,
};

use chrono::{DateTime, Local, Utc};
use runtime::Environment;
use serde::Serialize;

use super::error::CommandError;

/// How text may look where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether colours are understood and wanted.
    pub(super) colour: bool,
    /// Columns of the terminal; absent when it is none, and then lines are as long as they are.
    pub(super) width: Option<u16>,
    /// Whether times are shown in UTC instead of the machine's zone.
    pub(super) utc: bool,
}

/// What a piece of text means, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As any text.
    Plain,
    /// As it should be.
    Good,
    /// Something to know.
    Warning,
    /// Wrong.
    Bad,
    /// Beside the point.
    Faint,
}

impl Look {
    /// What a pipe or a file gets.
    pub(super) const PIPE: Self = Self {
        colour: false,
        width: None,
        utc: false,
    };

    /// `text` in the colour of `tone`, where there are colours.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => 32,
            Tone::Warning => 33,
            Tone::Bad => 31,
            Tone::Faint => 2,
        };
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// `text` in one of the colours that tell programs apart, the same for the same `number`.
    pub(super) fn paint_one_of(self, number: usize, text: &str) -> String {
        const CODES: [u8; 6] = [36, 33, 35, 32, 34, 96];
        match CODES.get(number % CODES.len()) {
            Some(code) if self.colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    /// A moment as people read it: `2026-03-01 17:04`.
    pub(super) fn time(self, at: DateTime<Utc>) -> String {
        self.formatted(at, "%Y-%m-%d %H:%M")
    }

    /// A moment to the second: `2026-03-01 17:04:05`.
    pub(super) fn second(self, at: DateTime<Utc>) -> String {
        self.formatted(at, "%Y-%m-%d %H:%M:%S")
    }

    fn formatted(self, at: DateTime<Utc>, form: &str) -> String {
        if self.utc {
            at.format(form).to_string()
        } else {
            at.with_timezone(&Local).format(form).to_string()
        }
    }
}

/// Standard output and error, or a memory of them in tests.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    /// How text on standard output may look.
    pub(super) look: Look,
    errors_are_seen: bool,
    redraws: bool,
    sink: Sink,
}

#[derive(Clone, Debug)]
enum Sink {
    Process,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only tests look at what was printed")
    )]
    Memory(Rc<RefCell<Printed>>),
}

/// What was printed to a [`Terminal`] of a test.
#[derive(Debug, Default)]
pub(super) struct Printed {
    out: Vec<u8>,
    errors: Vec<u8>,
}

impl Terminal {
    /// The process's own.
    pub(super) fn of_process(environment: Option<&Environment>) -> Self {
        let set = |name| environment.is_some_and(|environment| environment.get(name).is_some());
        let seen = io::stdout().is_terminal();
        let dumb = environment.and_then(|environment| environment.get("TERM")) == Some("dumb");
        let look = if seen {
            Look {
                colour: !dumb && !set("NO_COLOR"),
                width: Some(columns()),
                utc: false,
            }
        } else {
            Look::PIPE
        };
        Self {
            look,
            errors_are_seen: io::stderr().is_terminal(),
            redraws: seen && !dumb,
            sink: Sink::Process,
        }
    }

    /// Whether a person sees standard error, and progress may be shown there.
    pub(super) fn shows_progress(&self) -> bool {
        self.errors_are_seen
    }

    /// Whether standard output is a screen on which a picture can be drawn in place of another.
    pub(super) fn redraws(&self) -> bool {
        self.redraws
    }

    /// How text may look now: the person may have changed the size of the window.
    pub(super) fn look_again(&self) -> Look {
        match self.sink {
            Sink::Process if self.look.width.is_some() => Look {
                width: Some(columns()),
                ..self.look
            },
            _ => self.look,
        }
    }

    /// Whether a person sits in front of input and output.
    pub(super) fn is_interactive(&self) -> bool {
        self.look.width.is_some() && io::stdin().is_terminal()
    }

    /// Prints to standard output, with a newline unless `text` ends with one.
    ///
    /// # Errors
    /// [`CommandError::PipeClosed`] when nobody reads any more, which is a quiet end.
    pub(super) fn say(&self, text: &str) -> Result<(), CommandError> {
        match &self.sink {
            Sink::Process => {
                let mut out = io::stdout().lock();
                put(&mut out, text)
                    .and_then(|()| out.flush())
                    .map_err(CommandError::output)
            }
            Sink::Memory(printed) => {
                put(&mut printed.borrow_mut().out, text).map_err(CommandError::output)
            }
        }
    }

    /// Prints a question, the cursor staying behind it.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub(super) fn ask(&self, question: &str) -> Result<(), CommandError> {
        self.draw(&format!("{question} "))
    }

    /// Prints exactly `text`.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub(super) fn draw(&self, text: &str) -> Result<(), CommandError> {
        match &self.sink {
            Sink::Process => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())
                    .and_then(|()| out.flush())
                    .map_err(CommandError::output)
            }
            Sink::Memory(printed) => {
                let out = &mut printed.borrow_mut().out;
                out.write_all(text.as_bytes()).map_err(CommandError::output)
            }
        }
    }

    /// Prints a value as one line of JSON.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub(super) fn say_json<T: Serialize>(&self, value: &T) -> Result<(), CommandError> {
        let text =
            serde_json::to_string(value).map_err(|error| CommandError::output(error.into()))?;
        self.say(&text)
    }

    /// Prints to standard error. That nobody can read it there is no reason to stop.
    pub(super) fn tell(&self, text: &str) {
        match &self.sink {
            Sink::Process => put(&mut io::stderr().lock(), text).unwrap_or_default(),
            Sink::Memory(printed) => {
                put(&mut printed.borrow_mut().errors, text).unwrap_or_default();
            }
        }
    }
}

/// Rows of the terminal.
pub(super) fn rows() -> usize {
    // Where it does not tell, it is taken for one of the usual size.
    rustix::termios::tcgetwinsize(io::stdout()).map_or(24, |size| usize::from(size.ws_row.max(1)))
}

/// Columns of the terminal.
fn columns() -> u16 {
    comfy_table::Table::new().width().unwrap_or(80)
}

fn put(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if text.is_empty() || !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
impl Terminal {
    /// One that remembers what was printed.
    pub(super) fn of_test() -> Self {
        Self {
            look: Look {
                utc: true,
                ..Look::PIPE
            },
            errors_are_seen: false,
            redraws: false,
            sink: Sink::Memory(Rc::default()),
        }
    }

    /// One that remembers what was drawn, a screen of 80 columns.
    pub(super) fn screen_of_test() -> Self {
        let terminal = Self::of_test();
        Self {
            look: Look {
                width: Some(80),
                ..terminal.look
            },
            redraws: true,
            ..terminal
        }
    }

    /// What was printed to standard output.
    pub(super) fn printed(&self) -> String {
        match &self.sink {
            Sink::Process => panic!("this terminal remembers nothing"),
            Sink::Memory(printed) => String::from_utf8(printed.borrow().out.clone()).unwrap(),
        }
    }

    /// What was printed to standard error.
    pub(super) fn told(&self) -> String {
        match &self.sink {
            Sink::Process => panic!("this terminal remembers nothing"),
            Sink::Memory(printed) => String::from_utf8(printed.borrow().errors.clone()).unwrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let colourful = Look {
            colour: true,
            ..Look::PIPE
        };
        assert_eq!(
            colourful.paint(Tone::Bad, "FATAL"),
            "\u{1b}[31mFATAL\u{1b}[0m"
        );
        assert_eq!(colourful.paint(Tone::Plain, "x"), "x");
        assert_eq!(Look::PIPE.paint(Tone::Bad, "FATAL"), "FATAL");
    }

    #[test]
    fn every_text_ends_with_one_newline() {
        let terminal = Terminal::of_test();
        terminal.say("one").unwrap();
        terminal.say("two\n").unwrap();
        terminal.say("").unwrap();
        terminal.tell("oh");
        assert_eq!(terminal.printed(), "one\ntwo\n\n");
        assert_eq!(terminal.told(), "oh\n");
    }
}
