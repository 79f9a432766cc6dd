//! Figures of each peer, put side by side with what is wanted of ours.

use super::{
    super::{
        clock::Spread,
        table::{Cell, Table},
    },
    peer::Kind,
};

/// Rows by what was measured.
#[derive(Debug)]
pub(super) struct Report {
    kinds: Vec<Kind>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    what: String,
    decimals: usize,
    figures: Vec<(Kind, f64)>,
    target: Option<f64>,
}

impl Report {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// One figure of one peer. Of the rows of one name, the first says what is wanted.
    pub(super) fn add(&mut self, what: &str, kind: Kind, figure: f64, decimals: usize) {
        match self.rows.iter_mut().find(|row| row.what == what) {
            Some(row) => row.figures.push((kind, figure)),
            None => self.rows.push(Row {
                what: what.to_owned(),
                decimals,
                figures: vec![(kind, figure)],
                target: None,
            }),
        }
    }

    /// The median of some figures, and the one that 95 of 100 do not exceed.
    pub(super) fn add_spread(&mut self, what: &str, kind: Kind, figures: &[f64]) {
        self.add(
            &format!("{what}: median"),
            kind,
            Spread::of(figures).median,
            2,
        );
        self.add(&format!("{what}: p95"), kind, percentile(figures, 95), 2);
    }

    /// What a figure of ours must not exceed.
    pub(super) fn target(&mut self, what: &str, target: f64) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.what == what) {
            row.target = Some(target);
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub(super) fn table(self) -> Table {
        let mut table = Table::new(
            "supervision",
            "Supervision of three small children, beside Debian's supervisord",
            &["what", "listsync", "supervisord", "times", "target", "met"],
        );
        let has_other = self.kinds.contains(&Kind::Supervisord);
        for row in self.rows {
            let of = |wanted: Kind| {
                let mut figures = row.figures.iter();
                figures
                    .find(|(kind, _)| *kind == wanted)
                    .map(|(_, figure)| *figure)
            };
            let number = |figure: Option<f64>| {
                figure.map_or(Cell::Empty, |figure| Cell::Number(figure, row.decimals))
            };
            let (ours, theirs) = (of(Kind::Ours), of(Kind::Supervisord));
            let times = ours.zip(theirs).filter(|(ours, _)| *ours > 0.0);
            let met = ours.zip(row.target).map(|(ours, target)| ours <= target);
            table.row([
                Cell::text(&row.what),
                number(ours),
                if has_other {
                    number(theirs)
                } else {
                    Cell::text("not installed")
                },
                times.map_or(Cell::Empty, |(ours, theirs)| Cell::Number(theirs / ours, 2)),
                number(row.target),
                met.map_or(Cell::Empty, |met| {
                    Cell::text(if met { "yes" } else { "NO" })
                }),
            ]);
        }
        table
            .note("times: supervisord's figure divided by ours; target: what ours must not exceed");
        for note in self.notes {
            table.note(note);
        }
        table
    }
}

/// The least of the figures that so many of a hundred do not exceed.
pub(super) fn percentile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_twenty_figures_the_nineteenth_is_the_95th_percentile() {
        let figures: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((percentile(&figures, 95) - 19.0).abs() < f64::EPSILON);
        assert!((percentile(&figures[..1], 95) - 1.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 95).is_nan());
    }

    #[test]
    fn figures_stand_beside_each_other_with_what_is_wanted() {
        let mut report = Report::new(&[Kind::Ours, Kind::Supervisord]);
        report.add("restart, ms", Kind::Ours, 2.0, 1);
        report.add("restart, ms", Kind::Supervisord, 1000.0, 1);
        report.target("restart, ms", 5.0);
        let text = report.table().text();
        let line = text.lines().find(|line| line.contains("restart")).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words,
            ["restart,", "ms", "2.0", "1000.0", "500.00", "5.0", "yes"]
        );
    }
}
