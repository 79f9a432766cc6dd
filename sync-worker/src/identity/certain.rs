//! When no doubt is left which candidate an entry is. Popularity speaks for none; it only raises a
//! doubt. Pure.

use super::{
    compared::Compared, cut::Cut, likeness::Likeness, of_season::Years as Season, wanted::Whose,
    years::Years,
};

/// So many times as popular as a little known title is one of which lists leave out a part.
const FAR_MORE_POPULAR: f64 = 7.0;
/// The same for a title that is one of several of its own.
const MORE_POPULAR: f64 = 5.0;
/// What nobody looks up is counted as this popular: below it TMDB's figures are chance.
const LITTLE_KNOWN: f64 = 0.5;

/// The one that is meant beyond doubt.
pub(super) fn certain<'a>(compared: &'a [Compared<'a>]) -> Option<&'a Compared<'a>> {
    fitting(compared).filter(|one| !is_outshone(one, compared))
}

/// Whether one that anybody knows has the title as a part of its own, and is of just the year, or
/// the entry has none: `Fallout` of 2018 may be the famous one with more in front. What a title is
/// called besides needs less to be doubted.
fn is_outshone(one: &Compared, compared: &[Compared]) -> bool {
    let is_besides = one.whose == Whose::Alternative;
    let times = if is_besides {
        MORE_POPULAR
    } else {
        FAR_MORE_POPULAR
    };
    let known = times * one.candidate.popularity.max(LITTLE_KNOWN);
    compared.iter().any(|other| {
        let is_part = other.likeness == Likeness::Subtitle
            || is_besides && other.likeness == Likeness::Within;
        is_part
            && other.is_longer
            && !other.is_other_type
            && matches!(other.years, Years::Equal | Years::NotGiven)
            && other.candidate.popularity > known
    })
}

fn fitting<'a>(compared: &'a [Compared<'a>]) -> Option<&'a Compared<'a>> {
    let same = || compared.iter().filter(|one| one.is_same());
    let same_year: Vec<_> = same().filter(|one| one.years == Years::Equal).collect();
    if !same_year.is_empty() {
        return of_the_year(&same_year, compared);
    }
    let mut near = same().filter(|one| matches!(one.years, Years::Off(1) | Years::NotThere));
    if let (Some(first), second) = (near.next(), near.next()) {
        // Of just that year is one of the other type: the list may be wrong about either.
        let is_taken = !first.agrees_twice
            && compared.iter().any(|one| {
                one.is_other_type && one.likeness.is_same() && one.years == Years::Equal
            });
        let is_only = second.is_none()
            && !is_taken
            && !is_sequel_of_the_year(compared)
            && !is_bettered(first, compared);
        return (is_only && first.years == Years::Off(1) && first.is_plainly_same())
            .then_some(first);
    }
    by_title_alone(compared)
        .or_else(|| of_a_season(compared))
        .or_else(|| cut_off(compared))
}

/// The only show that may have had the season which the entry names. A film or a show of its own for
/// just that season goes before it, and so does a title that has the word in it: `Open Season 2`.
fn of_a_season<'a>(compared: &'a [Compared<'a>]) -> Option<&'a Compared<'a>> {
    let mut shows = compared
        .iter()
        .filter(|one| matches!(one.season, Some(Season::Fit | Season::Doubtful)));
    let (Some(only), None) = (shows.next(), shows.next()) else {
        return None;
    };
    let is_doubted = compared.iter().any(|other| {
        let is_other = (other.candidate.media_type, other.candidate.tmdb_id)
            != (only.candidate.media_type, only.candidate.tmdb_id);
        is_other && (other.is_same() || other.is_season_doubt)
    });
    (only.season == Some(Season::Fit) && !is_doubted && only.is_distinctive_show()).then_some(only)
}

/// The only one of just that year that goes on where the entry's title is cut off in the middle of a
/// word: cut off between words it may be a title that is not there.
fn cut_off<'a>(compared: &'a [Compared<'a>]) -> Option<&'a Compared<'a>> {
    if compared.iter().any(Compared::is_same) {
        return None;
    }
    let mut longer = compared
        .iter()
        .filter(|one| one.likeness == Likeness::CutOff && !one.is_other_type && one.years.fits());
    let (Some(only), None) = (longer.next(), longer.next()) else {
        return None;
    };
    // The one that ends with that word may be meant too, whatever its year.
    let ends_there = |one: &Compared| one.cut == Some(Cut::InsideTheLastWord);
    let is_doubted = !ends_there(only)
        && compared
            .iter()
            .any(|one| !one.is_other_type && ends_there(one));
    let is_it = only.years == Years::Equal && only.is_cut_inside_a_word();
    (is_it && !is_doubted).then_some(only)
}

/// The only one of a distinctive title, or the only one with both titles of the entry.
fn by_title_alone<'a>(compared: &'a [Compared<'a>]) -> Option<&'a Compared<'a>> {
    let same = || {
        compared
            .iter()
            .filter(|one| one.is_same() && one.years == Years::NotGiven)
    };
    let mut twice = same().filter(|one| one.agrees_twice);
    if let (Some(only), None) = (twice.next(), twice.next()) {
        return Some(only);
    }
    let mut any = same();
    let (Some(only), None) = (any.next(), any.next()) else {
        return None;
    };
    // The first of a series goes by its name, and mostly has more of it in front or behind.
    let is_series = only.likeness == Likeness::ButForArticles
        && compared
            .iter()
            .any(|one| one.likeness == Likeness::Subtitle && one.is_plausible());
    // What anybody knows by a part of that name is meant as likely as what is called so besides.
    let is_doubted = only.whose != Whose::Title
        && compared.iter().any(|one| {
            one.likeness == Likeness::Subtitle
                && one.is_plausible()
                && one.candidate.popularity > only.candidate.popularity
        });
    let is_known = only.is_plainly_same() && only.is_distinctive();
    (is_known && !is_series && !is_doubted).then_some(only)
}

/// Whether one of just that year has the title and a number or a subtitle, as sequels have.
fn is_sequel_of_the_year(compared: &[Compared]) -> bool {
    compared.iter().any(|one| {
        (one.is_sequel || one.likeness == Likeness::Subtitle && one.is_longer)
            && one.years == Years::Equal
            && !one.is_other_type
    })
}

/// The only one of the year, or the only one whose title fits best.
fn of_the_year<'a>(
    same_year: &[&'a Compared<'a>],
    compared: &[Compared],
) -> Option<&'a Compared<'a>> {
    let best = same_year
        .iter()
        .max_by(|one, other| one.tie_rank().cmp(&other.tie_rank()))?;
    let as_good = same_year
        .iter()
        .filter(|one| one.tie_rank() == best.tie_rank());
    // `Far from Home: Spider-Man` beside a `Far from Home` of the year.
    let is_divided = best.likeness == Likeness::Swapped
        && compared
            .iter()
            .any(|one| one.likeness == Likeness::Subtitle && one.is_plausible());
    let is_only = as_good.count() == 1 && !is_divided;
    (is_only && !is_bettered(best, compared)).then_some(*best)
}

/// Whether another one may be meant although this one has the better year: it has exactly the title
/// that this one has but for an article or the script, from about that time or but for an article
/// inside; or it has the original title of the entry besides.
fn is_bettered(one: &Compared, compared: &[Compared]) -> bool {
    compared
        .iter()
        .filter(|other| other.is_same())
        .any(|other| {
            let is_closer = one.likeness <= Likeness::ButForArticles
                && other.likeness > Likeness::ButForArticles
                && (matches!(other.years, Years::Off(..=5) | Years::NotThere)
                    || one.has_other_article_inside);
            // What a few call it against what it is called, a year beside.
            let most = if one.years == Years::Equal { 1 } else { 3 };
            let is_proper = one.whose == Whose::Alternative
                && other.whose != Whose::Alternative
                && other.is_plainly_same()
                && (other.years == Years::NotThere
                    || matches!(other.years, Years::Off(years) if years <= most));
            // `Transformers: The Movie` has its publisher or edition in its own title, of any year.
            let is_whole =
                one.likeness == Likeness::Published && other.likeness > Likeness::Published;
            is_closer || is_proper || is_whole || other.agrees_twice && !one.agrees_twice
        })
}
