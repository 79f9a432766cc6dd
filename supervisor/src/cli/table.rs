//! Tables: drawn to the width of a terminal, aligned columns without lines in a pipe.

use comfy_table::{Cell as Drawn, CellAlignment, Color, ContentArrangement, presets};

use super::{
    tail::visible,
    terminal::{Look, Tone},
};

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    heads: Vec<&'static str>,
    numbers: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

/// One cell: text and what it means.
#[derive(Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text in the colour of `tone`.
    pub(super) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            text: harmless(&text.into()),
            tone,
        }
    }
}

/// Names come from sites: they may break a line, but not drive the terminal.
fn harmless(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| visible(line, Look::PIPE))
        .collect();
    lines.join("\n")
}

impl<T: ToString> From<T> for Cell {
    fn from(value: T) -> Self {
        Self::toned(Tone::Plain, value.to_string())
    }
}

impl Table {
    /// A table with these column heads; those that begin with `#` hold numbers, set to the right.
    pub(super) fn new(heads: &[&'static str]) -> Self {
        Self {
            heads: heads
                .iter()
                .map(|head| head.trim_start_matches('#'))
                .collect(),
            numbers: heads.iter().map(|head| head.starts_with('#')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, ending with a newline.
    pub(super) fn render(&self, look: Look) -> String {
        match look.width {
            Some(width) => self.drawn(look, width),
            None => self.aligned(),
        }
    }

    fn drawn(&self, look: Look, width: u16) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.max(40))
            .set_header(self.heads.iter().map(Drawn::new));
        if look.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        for row in &self.rows {
            table.add_row(row.iter().zip(&self.numbers).map(|(cell, is_number)| {
                let drawn = Drawn::new(&cell.text);
                let drawn = match cell.tone {
                    Tone::Plain => drawn,
                    Tone::Good => drawn.fg(Color::DarkGreen),
                    Tone::Warning => drawn.fg(Color::DarkYellow),
                    Tone::Bad => drawn.fg(Color::DarkRed),
                    Tone::Faint => drawn.fg(Color::DarkGrey),
                };
                if *is_number {
                    drawn.set_alignment(CellAlignment::Right)
                } else {
                    drawn
                }
            }));
        }
        format!("{table}\n")
    }

    fn aligned(&self) -> String {
        let width_of = |column: usize, head: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| one_line(&cell.text).chars().count())
                .fold(head.chars().count(), usize::max)
        };
        let widths: Vec<usize> = self
            .heads
            .iter()
            .enumerate()
            .map(|(column, head)| width_of(column, head))
            .collect();
        let heads: Vec<String> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        let rows = self
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| one_line(&cell.text)).collect());
        let mut text = String::new();
        for row in std::iter::once(heads).chain(rows) {
            let cells =
                row.iter()
                    .zip(&widths)
                    .zip(&self.numbers)
                    .map(|((cell, width), is_number)| {
                        let width = *width;
                        if *is_number {
                            format!("{cell:>width$}")
                        } else {
                            format!("{cell:<width$}")
                        }
                    });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Text of a site or a person cannot break a line of a table.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "#items", "why"]);
        table.row(["Top 250".into(), 250.into(), Cell::toned(Tone::Good, "")]);
        table.row([
            "Mine".into(),
            7.into(),
            Cell::toned(Tone::Bad, "the list\nis private"),
        ]);
        table
    }

    #[test]
    fn a_pipe_gets_aligned_columns_and_one_line_a_row() {
        insta::assert_snapshot!(table().render(Look::PIPE), @"
        name     items  why
        Top 250    250
        Mine         7  the list is private
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_wrapped_cells() {
        let look = Look {
            width: Some(40),
            ..Look::PIPE
        };
        let text = table().render(look);
        assert!(
            text.lines().all(|line| line.chars().count() <= 40),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
        let colourful = table().render(Look {
            colour: true,
            ..look
        });
        assert!(colourful.contains('\u{1b}'));
    }

    #[test]
    fn what_a_site_calls_its_titles_cannot_drive_the_terminal() {
        let mut table = Table::new(&["title"]);
        table.row(["Heat\u{1b}[2J".into()]);
        for look in [
            Look::PIPE,
            Look {
                width: Some(80),
                ..Look::PIPE
            },
        ] {
            assert!(!table.render(look).contains('\u{1b}'));
        }
    }
}
