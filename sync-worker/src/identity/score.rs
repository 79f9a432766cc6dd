//! Which of the titles that a search found an entry is: certain, plausible, or none, always with a
//! certainty from 0 to 1 and the reason. Pure. Popularity orders what a person picks from and may
//! raise a doubt; it never speaks for a title.

use std::collections::HashSet;

use schema::models::MediaType;

use super::{certain::certain, compared::Compared, wanted::Wanted, years::Years};
use crate::target::Candidate;

/// So many are named in the reason.
const NAMED: usize = 5;
/// So many are kept for the person who picks.
pub(super) const KEPT: usize = 10;
/// What is not certain is below this.
const UNCERTAIN: f64 = 0.89;

/// One candidate, held against the entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) candidate: Candidate,
    /// From 0 to 1; at least 0.9 for what is certain, and for nothing else.
    pub(crate) certainty: f64,
    /// `title equal, year off by 1`
    pub(crate) reason: String,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// One title and no other.
    Certain(Fit),
    /// A person must pick; the likeliest first, at most ten. The text names them.
    Plausible(Vec<Fit>, String),
    /// Nothing fits.
    None(String),
}

/// Holds what a search found against what the entry tells.
///
/// Certain is a title that is the same, of the type the list tells, and of the same year; or off by
/// one year with no other as good. Without a year it must be the only one of a title that is
/// distinctive. Where the entry names a season it is the only show that may have had that season in
/// that year; where its title ends in the middle of a word, the only one of the year that goes on so.
/// Takes time in proportion to the candidates.
pub(crate) fn judge(wanted: &Wanted, candidates: &[Candidate]) -> Verdict {
    let compared = compared(wanted, candidates);
    if compared.iter().any(|one| one.likeness.is_same()) {
        return verdict(wanted, &compared);
    }
    if let Some(verdict) = of_the_year_behind(wanted, candidates) {
        return verdict;
    }
    if let Some(plain) = wanted.unmarked() {
        let compared = self::compared(&plain, candidates);
        let is_same = compared.iter().any(|one| one.likeness.is_same());
        if let (false, Some(verdict)) = (is_same, of_the_year_behind(&plain, candidates)) {
            return verdict;
        }
        if compared.iter().any(Compared::is_plausible) {
            return verdict(&plain, &compared);
        }
    }
    verdict(wanted, &compared)
}

/// The verdict where the year at the end of the title is just that of a candidate.
fn of_the_year_behind(wanted: &Wanted, candidates: &[Candidate]) -> Option<Verdict> {
    let dated = wanted.dated()?;
    let compared = compared(&dated, candidates);
    let is_of_it = |one: &Compared| one.likeness.is_same() && one.years == Years::Equal;
    compared
        .iter()
        .any(is_of_it)
        .then(|| verdict(&dated, &compared))
}

/// All candidates, the likeliest first; popularity and then the number order equals.
fn compared<'a>(wanted: &Wanted, candidates: &'a [Candidate]) -> Vec<Compared<'a>> {
    let titles = wanted.titles();
    let is_show = |candidate: &Candidate| candidate.media_type == MediaType::Tv;
    // Pages of a search overlap now and then.
    let mut known = HashSet::new();
    let mut compared: Vec<Compared> = candidates
        .iter()
        .filter(|candidate| known.insert((candidate.media_type, candidate.tmdb_id)))
        .map(|candidate| Compared::new(wanted, &titles, candidate))
        .collect();
    compared.sort_by(|one, other| {
        let (this, that) = (one.candidate, other.candidate);
        other
            .certainty()
            .total_cmp(&one.certainty())
            .then_with(|| that.popularity.total_cmp(&this.popularity))
            .then_with(|| this.tmdb_id.cmp(&that.tmdb_id))
            .then_with(|| is_show(this).cmp(&is_show(that)))
    });
    compared
}

fn verdict(wanted: &Wanted, compared: &[Compared]) -> Verdict {
    if let (false, Some(certain)) = (wanted.has_two_years, certain(compared)) {
        return Verdict::Certain(certain.fit(certain.certainty().max(0.9)));
    }
    let plausible: Vec<&Compared> = compared.iter().filter(|one| one.is_plausible()).collect();
    if !plausible.is_empty() {
        let fits = plausible.iter().take(KEPT);
        return Verdict::Plausible(
            fits.map(|one| one.fit(shared_certainty(one, &plausible)))
                .collect(),
            named(&plausible),
        );
    }
    Verdict::None(match compared.first() {
        None => "nothing found".to_owned(),
        Some(best) => format!("best of {} found: {}", compared.len(), best.named()),
    })
}

/// What is left of a certainty when as many others are as good.
fn shared_certainty(one: &Compared, all: &[&Compared]) -> f64 {
    let certainty = one.certainty();
    let equals = all.iter().take(KEPT);
    let count = equals
        .filter(|other| (other.certainty() - certainty).abs() < 1e-9)
        .count();
    #[expect(clippy::cast_precision_loss, reason = "at most ten")]
    let share = certainty.min(UNCERTAIN) / count.max(1) as f64;
    share
}

fn named(plausible: &[&Compared]) -> String {
    let count = plausible.len();
    let mut text: Vec<String> = plausible
        .iter()
        .take(NAMED)
        .map(|one| one.named())
        .collect();
    if count > NAMED {
        text.push(format!("and {} more", count - NAMED));
    }
    let fit = if count == 1 {
        "1 title fits, not certainly".to_owned()
    } else {
        format!("{count} titles fit")
    };
    format!("{fit}: {}", text.join("; "))
}

#[cfg(test)]
#[path = "score_tests/mod.rs"]
mod tests;
