//! How well cases are judged: counts by theme, and what was judged otherwise than labelled.

use std::{collections::BTreeMap, fmt};

use schema::models::MediaType;

use super::case::{Case, Expected};
use crate::identity::score::{Verdict, judge};

/// Counts of judged cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) cases: u32,
    /// Labelled certain.
    pub(super) findable: u32,
    /// Called certain, and the right title.
    pub(super) certain_right: u32,
    /// Called certain, and another title than the label's, or one where the label has none.
    pub(super) certain_wrong: u32,
    pub(super) review: u32,
    pub(super) not_found: u32,
    /// Judged as labelled.
    pub(super) agreed: u32,
}

impl Counts {
    fn add(&mut self, case: &Case, verdict: &Verdict) -> bool {
        self.cases += 1;
        self.findable += u32::from(matches!(case.expected, Expected::Certain(..)));
        let agrees = match (case.expected, verdict) {
            (Expected::Certain(media_type, id), Verdict::Certain(fit)) => {
                (media_type, id) == (fit.candidate.media_type, fit.candidate.tmdb_id)
            }
            (Expected::Review, Verdict::Plausible(..)) | (Expected::NotFound, Verdict::None(_)) => {
                true
            }
            _ => false,
        };
        match verdict {
            Verdict::Certain(_) if agrees => self.certain_right += 1,
            Verdict::Certain(_) => self.certain_wrong += 1,
            Verdict::Plausible(..) => self.review += 1,
            Verdict::None(_) => self.not_found += 1,
        }
        self.agreed += u32::from(agrees);
        agrees
    }

    /// Which share of what is called certain is right.
    pub(super) fn precision(&self) -> f64 {
        share(self.certain_right, self.certain_right + self.certain_wrong)
    }

    /// Which share of what is labelled certain is found.
    pub(super) fn recall(&self) -> f64 {
        share(self.certain_right, self.findable)
    }

    /// Which share a person is asked about.
    pub(super) fn review_rate(&self) -> f64 {
        share(self.review, self.cases)
    }

    /// Which share is judged as labelled.
    pub(super) fn agreement(&self) -> f64 {
        share(self.agreed, self.cases)
    }
}

/// Of nothing, everything is right.
fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    f64::from(part) / f64::from(whole)
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    themes: BTreeMap<String, Counts>,
    pub(super) all: Counts,
    /// One line for each case judged otherwise than labelled.
    pub(super) disagreements: Vec<String>,
}

impl Table {
    /// Judges cases.
    pub(super) fn of(cases: &[Case]) -> Self {
        let mut table = Self::default();
        for case in cases {
            let verdict = judge(&case.wanted, &case.candidates);
            let theme = table.themes.entry(case.theme.clone()).or_default();
            theme.add(case, &verdict);
            if !table.all.add(case, &verdict) {
                table.disagreements.push(disagreement(case, &verdict));
            }
        }
        table
    }
}

fn disagreement(case: &Case, verdict: &Verdict) -> String {
    let named = |media_type: MediaType, id: i64| match media_type {
        MediaType::Movie => format!("movie {id}"),
        MediaType::Tv => format!("show {id}"),
    };
    let expected = match case.expected {
        Expected::Certain(media_type, id) => format!("certain, {}", named(media_type, id)),
        Expected::Review => "review".to_owned(),
        Expected::NotFound => "not found".to_owned(),
    };
    let said = match verdict {
        Verdict::Certain(fit) => format!(
            "CERTAIN, {}: {}",
            named(fit.candidate.media_type, fit.candidate.tmdb_id),
            fit.reason
        ),
        Verdict::Plausible(_, why) => format!("review: {why}"),
        Verdict::None(why) => format!("not found: {why}"),
    };
    let Case { theme, name, .. } = case;
    format!("{theme}/{name}: labelled {expected}; said {said}")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.themes.keys().map(|theme| theme.chars().count());
        let wide = names.max().unwrap_or(0).max("all themes".len());
        let heads = [
            "cases",
            "certain right",
            "certain WRONG",
            "review",
            "not found",
            "precision",
            "recall",
            "agreed",
        ];
        write!(f, "{:wide$}", "theme")?;
        for head in heads {
            write!(f, "  {head}")?;
        }
        writeln!(f)?;
        let rows = self
            .themes
            .iter()
            .map(|(theme, counts)| (theme.as_str(), counts));
        for (theme, counts) in rows.chain([("all themes", &self.all)]) {
            let cells = [
                counts.cases.to_string(),
                counts.certain_right.to_string(),
                counts.certain_wrong.to_string(),
                counts.review.to_string(),
                counts.not_found.to_string(),
                format!("{:.3}", counts.precision()),
                format!("{:.3}", counts.recall()),
                format!("{:.3}", counts.agreement()),
            ];
            write!(f, "{theme:wide$}")?;
            for (head, cell) in heads.iter().zip(cells) {
                write!(f, "  {cell:>width$}", width = head.len())?;
            }
            writeln!(f)?;
        }
        let all = &self.all;
        writeln!(f)?;
        writeln!(
            f,
            "precision of certain {:.3} ({} right, {} wrong), recall of the findable {:.3} ({} of {})",
            all.precision(),
            all.certain_right,
            all.certain_wrong,
            all.recall(),
            all.certain_right,
            all.findable
        )?;
        writeln!(
            f,
            "review rate {:.3} ({} of {}), verdicts as labelled {:.3} ({} of {})",
            all.review_rate(),
            all.review,
            all.cases,
            all.agreement(),
            all.agreed,
            all.cases
        )?;
        if !self.disagreements.is_empty() {
            writeln!(f)?;
        }
        for line in &self.disagreements {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
