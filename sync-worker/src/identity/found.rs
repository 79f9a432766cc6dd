//! What the titles of one candidate have in common with those of an entry, collected over all readings
//! of both. Pure.

use super::{
    cut::{Cut, is_cut_off},
    likeness::{Likeness, compare, have_other_articles_inside},
    of_season::OfSeason,
    parts::is_sequel_of,
    readings::{Kind, Reading, readings, without_year},
    title::Folded,
    wanted::Whose,
};
use crate::target::Candidate;

/// What the titles of one candidate have in common with those of the entry.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Found {
    likeness: Likeness,
    whose: Whose,
    pub(super) is_longer: bool,
    pub(super) title_agrees: bool,
    pub(super) original_agrees: bool,
    front_agrees: bool,
    bracket_agrees: bool,
    pub(super) has_article_inside: bool,
    pub(super) cut: Option<Cut>,
    pub(super) is_sequel: bool,
    pub(super) season: OfSeason,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            likeness: Likeness::Different,
            whose: Whose::Title,
            is_longer: false,
            title_agrees: false,
            original_agrees: false,
            front_agrees: false,
            bracket_agrees: false,
            has_article_inside: false,
            cut: None,
            is_sequel: false,
            season: OfSeason::default(),
        }
    }
}

impl Found {
    /// Adds one reading of the entry's title, held against one title of the candidate.
    pub(super) fn add(&mut self, whose: Whose, reading: &Reading, title: &Known, is_telling: bool) {
        let found = compare(&reading.title, &title.title);
        let likeness = read_as(found, reading.kind, title.kind);
        self.season
            .add(reading, &title.title, whose.max(title.whose), found);
        let of_both = whose.max(title.whose);
        if likeness > self.likeness || likeness == self.likeness && of_both < self.whose {
            self.likeness = likeness;
            self.whose = of_both;
            self.has_article_inside = have_other_articles_inside(&reading.title, &title.title);
            self.is_longer = title.title.weight() > reading.title.weight();
        }
        let is_whole = reading.kind == Kind::Whole;
        if let (true, Some(cut)) = (is_whole, is_cut_off(&reading.title, &title.title)) {
            self.cut.get_or_insert(cut);
        }
        self.is_sequel |= is_whole && is_sequel_of(&title.title.core, &reading.title.core);
        self.title_agrees |= likeness.is_same() && whose == Whose::Title;
        self.original_agrees |= likeness >= Likeness::ButForArticles && is_telling;
        self.front_agrees |= found.is_same() && reading.kind == Kind::Front;
        self.bracket_agrees |= found.is_same() && reading.kind == Kind::Bracket;
    }

    /// The best of what was added, and whose titles that were.
    pub(super) fn best(&self) -> (Likeness, Whose) {
        // Two names of one title: each alone could be that of another.
        if self.front_agrees && self.bracket_agrees && !self.likeness.is_same() {
            return (Likeness::Written, self.whose);
        }
        (self.likeness, self.whose)
    }
}

/// One title of a candidate.
pub(super) struct Known {
    pub(super) whose: Whose,
    pub(super) title: Folded,
    /// What was taken off, e.g. a country.
    kind: Kind,
}

/// All titles of a candidate, each as it stands and without a country or a publisher.
pub(super) fn titles_of(candidate: &Candidate) -> Vec<Known> {
    let original = candidate.original_title.iter();
    let others = candidate.alternative_titles.iter();
    let mut titles = Vec::new();
    for (whose, title) in std::iter::once((Whose::Title, &candidate.title))
        .chain(original.map(|title| (Whose::Original, title)))
        .chain(others.map(|title| (Whose::Alternative, title)))
    {
        for reading in readings(without_year(title).0) {
            if matches!(
                reading.kind,
                Kind::Whole
                    | Kind::Unqualified
                    | Kind::OfCountry
                    | Kind::InCountry
                    | Kind::Unpublished
            ) {
                titles.push(Known {
                    whose,
                    title: reading.title,
                    kind: reading.kind,
                });
            }
        }
    }
    titles
}

/// What a likeness of a reading of the entry's title and of a candidate's title is worth.
fn read_as(likeness: Likeness, kind: Kind, there: Kind) -> Likeness {
    if !likeness.is_same() {
        // Parts of a title prove nothing in part.
        return match kind {
            Kind::Whole if there == Kind::Whole => likeness,
            _ => Likeness::Different,
        };
    }
    let at_most = |most: Likeness| if likeness > most { most } else { likeness };
    match (kind, there) {
        // `The Office (US)` is not `The Office (UK)`, which is `The Office UK`.
        (Kind::Unqualified | Kind::OfCountry, Kind::Unqualified | Kind::OfCountry)
        | (Kind::OfCountry, Kind::InCountry)
        | (Kind::InCountry, Kind::OfCountry)
        | (Kind::Season(_), _) => Likeness::Different,
        // Of several countries the one without a name may be any.
        (Kind::OfCountry, _) => at_most(Likeness::OfCountry),
        (Kind::Front | Kind::Bracket, _) => at_most(Likeness::Subtitle),
        (Kind::Unpublished | Kind::Uncut | Kind::Edition | Kind::TheMovie, _)
        | (_, Kind::Unpublished) => at_most(Likeness::Published),
        (Kind::Whole, Kind::Whole) => likeness,
        _ => at_most(Likeness::Written),
    }
}
