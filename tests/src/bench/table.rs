//! A table of figures, as text with columns in line and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One figure or word.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words, to the left.
    Text(String),
    /// A figure with that many decimals, to the right.
    Number(f64, usize),
    /// Nothing to say.
    Empty,
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value, decimals) => format!("{value:.decimals$}"),
            Self::Empty => String::new(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(value, _) => json!(value),
            Self::Empty => Value::Null,
        }
    }
}

/// Figures with what each is and its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: &'static str,
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    notes: Vec<String>,
}

impl Table {
    /// One without rows; `name` is that of the JSON.
    pub fn new(name: &'static str, title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self {
            name,
            title: title.into(),
            columns: columns.to_vec(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a row; one cell a column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a line below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The table for programs.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let cells = self.columns.iter().zip(row);
                let fields = cells.map(|(column, cell)| ((*column).to_owned(), cell.json()));
                Value::Object(fields.collect())
            })
            .collect();
        json!({"name": self.name, "title": self.title, "rows": rows, "notes": self.notes})
    }

    /// The table for people.
    pub fn text(&self) -> String {
        let shown: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(Cell::shown).collect())
            .collect();
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = shown.iter().filter_map(|row| row.get(at));
                let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
                longest.max(column.chars().count())
            })
            .collect();
        let to_left: Vec<bool> = (0..self.columns.len())
            .map(|at| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.any(|cell| matches!(cell, Cell::Text(_)))
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::from("  ");
            for ((cell, width), to_left) in cells.zip(&widths).zip(&to_left) {
                let cell = if *to_left {
                    format!("{cell:<width$}  ")
                } else {
                    format!("{cell:>width$}  ")
                };
                line.push_str(&cell);
            }
            line.trim_end().to_owned()
        };
        let rule: usize = widths.iter().map(|width| width + 2).sum();
        let mut text = format!("{}\n", self.title);
        let mut add = |line: String| writeln!(text, "{line}").unwrap_or_default();
        add(line(&mut self.columns.iter().copied()));
        add(format!("  {}", "-".repeat(rule.saturating_sub(2))));
        for row in &shown {
            add(line(&mut row.iter().map(String::as_str)));
        }
        for note in &self.notes {
            add(format!("  * {note}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_to_the_left_and_figures_to_the_right() {
        let mut table = Table::new("sample", "Sample", &["what", "s"]);
        table.row([Cell::text("short"), Cell::Number(1.5, 2)]);
        table.row([Cell::text("rather long"), Cell::Number(12.0, 2)]);
        table.row([Cell::text("none"), Cell::Empty]);
        table.note("a remark");
        let wanted = "Sample\n  what             s\n  ------------------\n  short         1.50\n  \
                      rather long  12.00\n  none\n  * a remark\n";
        assert_eq!(table.text(), wanted);
        let first = &table.json()["rows"][0];
        assert_eq!(first, &json!({"what": "short", "s": 1.5}));
    }
}
