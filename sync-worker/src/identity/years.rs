//! How far the year of an entry is from that of a candidate, and what that is worth. Pure.

/// How the entry's year and the candidate's compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Years {
    Equal,
    Off(u32),
    NotGiven,
    NotThere,
}

impl Years {
    /// Compares the year of the entry with that of the candidate.
    pub(super) fn of(wanted: Option<i32>, there: Option<i32>) -> Self {
        match (wanted, there) {
            (None, _) => Self::NotGiven,
            (_, None) => Self::NotThere,
            (Some(one), Some(other)) if one == other => Self::Equal,
            (Some(one), Some(other)) => Self::Off(one.abs_diff(other)),
        }
    }

    /// Equal, a neighbour, or nothing that speaks against it.
    pub(super) fn fits(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::Off(1) | Self::NotGiven | Self::NotThere
        )
    }

    /// From 0 to 1, for the certainty shown to people.
    pub(super) fn strength(self) -> f64 {
        match self {
            Self::Equal => 1.0,
            Self::Off(1) => 0.95,
            Self::NotGiven => 0.92,
            Self::NotThere => 0.8,
            Self::Off(2) => 0.7,
            Self::Off(3..=5) => 0.6,
            Self::Off(_) => 0.5,
        }
    }

    /// `year off by 1`
    pub(super) fn explained(self) -> String {
        match self {
            Self::Equal => "year equal".to_owned(),
            Self::Off(years) => format!("year off by {years}"),
            Self::NotGiven => "the list gives no year".to_owned(),
            Self::NotThere => "TMDB has no year".to_owned(),
        }
    }
}
