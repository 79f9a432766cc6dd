//! A picture on the terminal that is drawn again and again in the same place, and what is left of it.
//! Leaves what is drawn to the commands.

use super::{
    error::CommandError,
    terminal::{Terminal, rows},
};

/// The terminal's other screen, on which nothing of before is lost. When it is left, the table of the
/// last picture stays behind.
pub(super) struct Screen<'a> {
    terminal: &'a Terminal,
    last: Vec<String>,
}

/// Lines of a picture that stand above the table.
const ABOVE: usize = 2;

/// Other screen, no cursor, no wrapping: what is too long is cut by the terminal.
pub(super) const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
/// The opposite.
pub(super) const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

impl<'a> Screen<'a> {
    /// Goes there.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub(super) fn open(terminal: &'a Terminal) -> Result<Self, CommandError> {
        terminal.draw(ENTER)?;
        Ok(Self {
            terminal,
            last: Vec::new(),
        })
    }

    /// Draws `picture` in place of the last one.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub(super) fn show(&mut self, mut picture: Vec<String>) -> Result<(), CommandError> {
        let mut text = String::new();
        // Each line is set to its place, so that nothing scrolls.
        for (number, line) in fitting(&picture, rows()).iter().enumerate() {
            let place = format!("\u{1b}[{};1H{line}\u{1b}[K", number + 1);
            text.push_str(&place);
        }
        text.push_str("\u{1b}[J");
        self.last = picture.split_off(ABOVE.min(picture.len()));
        self.terminal.draw(&text)
    }
}

/// The lines there is room for; the last one tells of those there is none for.
fn fitting(picture: &[String], rows: usize) -> Vec<String> {
    let mut lines: Vec<String> = picture.iter().take(rows).cloned().collect();
    let hidden = picture.len().saturating_sub(rows);
    if hidden > 0
        && let Some(last) = lines.last_mut()
    {
        *last = format!("… {} more lines; the window is too low", hidden + 1);
    }
    lines
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let rest = format!("{LEAVE}{}\n", self.last.join("\n"));
        // Whoever closed the terminal does not miss it.
        self.terminal.draw(&rest).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_window_tells_how_much_it_does_not_show() {
        let picture: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(fitting(&picture, 4), picture);
        assert_eq!(
            fitting(&picture, 2),
            ["a", "… 3 more lines; the window is too low"]
        );
        assert_eq!(fitting(&picture, 0), Vec::<String>::new());
    }
}
