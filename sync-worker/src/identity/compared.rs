//! One candidate held against an entry: how alike their titles are, how far apart their years. Pure.

use schema::models::MediaType;

use super::{
    likeness::{Likeness, compare},
    readings::{Kind, Reading, readings, without_year},
    score::Fit,
    title::Folded,
    wanted::{Wanted, Whose},
    years::Years,
};
use crate::target::Candidate;

/// A title with fewer letters than this does not tell which it is without a year.
const TELLING: usize = 7;
/// Single words that are so common as titles that one of them tells nothing without a year.
const EVERYDAY: [&str; 30] = [
    "adventure",
    "aftermath",
    "awakening",
    "beginning",
    "brothers",
    "challenge",
    "champion",
    "children",
    "christmas",
    "darkness",
    "daughter",
    "daughters",
    "families",
    "halloween",
    "homecoming",
    "invasion",
    "invisible",
    "nightmare",
    "obsession",
    "paradise",
    "possession",
    "redemption",
    "stranger",
    "strangers",
    "summertime",
    "survivor",
    "survivors",
    "vengeance",
    "visitors",
    "wedding",
];
/// Shared words make a title plausible from this share of the letters on.
const SHARED: f64 = 0.75;

/// One candidate held against the entry.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Compared<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) likeness: Likeness,
    pub(super) whose: Whose,
    /// It goes on where the entry's title ends.
    pub(super) is_longer: bool,
    /// Title and original title are both the same.
    pub(super) agrees_twice: bool,
    pub(super) years: Years,
    pub(super) is_other_type: bool,
    /// The entry's title has a sign for a letter or word, and the candidate's is written just so.
    has_its_signs: bool,
    /// A show that began a few years before; the entry's title goes on where its title ends.
    may_be_season: bool,
    /// Letters that the entry's title is known by.
    telling: usize,
}

impl<'a> Compared<'a> {
    pub(super) fn new(
        wanted: &Wanted,
        titles: &[(Whose, Reading)],
        candidate: &'a Candidate,
    ) -> Self {
        let there = titles_of(candidate);
        let wished = titles.first().map(|(_, reading)| &reading.title);
        let mut found = Found::default();
        for (whose, reading) in titles {
            // An original title that is the title itself says nothing more.
            let is_telling = *whose == Whose::Original
                && wished
                    .is_some_and(|title| compare(title, &reading.title) < Likeness::ButForArticles);
            for title in &there {
                found.add(*whose, reading, title, is_telling);
            }
        }
        let (likeness, whose) = match found.best() {
            // A slip of the pen may sound the same too, and so may another title.
            (Likeness::Sounding, Whose::Title) if !is_transcribed(wanted, candidate) => {
                (Likeness::Misspelt, Whose::Title)
            }
            best => best,
        };
        Self {
            candidate,
            likeness,
            whose,
            is_longer: found.is_longer,
            agrees_twice: found.title_agrees && found.original_agrees,
            years: Years::of(wanted.year, candidate.year),
            is_other_type: wanted
                .media_type
                .is_some_and(|media_type| media_type != candidate.media_type),
            may_be_season: !found.is_longer && may_be_season(wanted.year, candidate),
            has_its_signs: has_signs(&candidate.title)
                && small(&candidate.title).eq(small(&wanted.title)),
            telling: wished.map_or(0, telling),
        }
    }

    pub(super) fn is_same(&self) -> bool {
        self.likeness.is_same() && !self.is_other_type
    }

    /// Whether it is the same title in a way that needs no year to be believed.
    pub(super) fn is_plainly_same(&self) -> bool {
        self.is_same() && self.likeness >= Likeness::ButForArticles
    }

    /// Whether the entry's title tells which it is without a year.
    pub(super) fn is_distinctive(&self) -> bool {
        self.telling >= TELLING
    }

    pub(super) fn is_plausible(&self) -> bool {
        match self.likeness {
            likeness if likeness.is_same() => !self.is_other_type || self.years.fits(),
            _ if self.is_other_type => false,
            Likeness::Season => self.candidate.media_type == MediaType::Tv,
            Likeness::Subtitle | Likeness::Within if self.may_be_season => true,
            Likeness::Subtitle => self.years.fits(),
            Likeness::Misspelt => {
                self.years.fits() || matches!(self.years, Years::Off(2..=3)) && self.telling >= 12
            }
            Likeness::Within => self.years == Years::Equal,
            Likeness::Sharing(share) => self.years == Years::Equal && share >= SHARED,
            _ => false,
        }
    }

    /// How well the title fits, whatever its year.
    fn title_rank(&self) -> f64 {
        let twice = if self.agrees_twice { 0.01 } else { 0.0 };
        self.likeness.strength() + twice
    }

    /// What tells two of one year apart: articles, a number in digits or letters, whether the original
    /// title agrees too, and a sign that no list makes up. Spaces and scripts are too little.
    pub(super) fn tie_rank(&self) -> (bool, bool, bool) {
        let other_words = [
            Likeness::Published,
            Likeness::ButForArticles,
            Likeness::Written,
        ];
        let is_worded = !other_words.contains(&self.likeness);
        (is_worded, self.agrees_twice, self.has_its_signs)
    }

    pub(super) fn certainty(&self) -> f64 {
        let kind = if self.is_other_type { 0.5 } else { 1.0 };
        (self.title_rank() * self.years.strength() * kind).clamp(0.0, 1.0)
    }

    /// `title equal, year off by 1`
    pub(super) fn explained(&self) -> String {
        let whose = match self.whose {
            Whose::Title => "title",
            Whose::Original => "original title",
            Whose::Alternative => "another of its titles",
        };
        let kind = match (self.is_other_type, self.candidate.media_type) {
            (false, _) => "",
            (true, MediaType::Movie) => ", but it is a movie",
            (true, MediaType::Tv) => ", but it is a show",
        };
        let (likeness, years) = (self.likeness.explained(), self.years.explained());
        format!("{whose} {likeness}, {years}{kind}")
    }

    /// `"Pinocchio" (2022, movie 532639): title equal, year equal`
    pub(super) fn named(&self) -> String {
        let Candidate {
            media_type,
            tmdb_id,
            title,
            year,
            ..
        } = self.candidate;
        let year = year.map_or_else(|| "no year".to_owned(), |year| year.to_string());
        let kind = match media_type {
            MediaType::Movie => "movie",
            MediaType::Tv => "show",
        };
        format!(
            "\"{title}\" ({year}, {kind} {tmdb_id}): {}",
            self.explained()
        )
    }

    pub(super) fn fit(&self, certainty: f64) -> Fit {
        Fit {
            candidate: self.candidate.clone(),
            certainty,
            reason: self.explained(),
        }
    }
}

/// Whether a name has letters that are not English, which are transcribed in several ways.
fn is_transcribed(wanted: &Wanted, candidate: &Candidate) -> bool {
    let is_foreign = |title: &String| {
        let mut signs = title.chars();
        signs.any(|sign| sign.is_alphabetic() && !sign.is_ascii())
    };
    let there = candidate.original_title.iter();
    std::iter::once(&candidate.title)
        .chain(there)
        .any(is_foreign)
        || is_foreign(&wanted.title)
}

/// Whether signs stand for letters or words, which are often left out.
fn has_signs(title: &str) -> bool {
    title.contains(['$', '#', '!', '@', '+', '*'])
}

fn small(title: &str) -> impl Iterator<Item = char> {
    title.chars().flat_map(char::to_lowercase)
}

/// Whether a show may have had a season of its own title in a year: `American Horror Story: Coven`.
/// Later than that it is mostly another show of the series.
fn may_be_season(year: Option<i32>, candidate: &Candidate) -> bool {
    let years = year
        .zip(candidate.year)
        .and_then(|(year, first)| year.checked_sub(first));
    candidate.media_type == MediaType::Tv && years.is_some_and(|years| (1..=3).contains(&years))
}

/// What the titles of one candidate have in common with those of the entry.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
struct Found {
    likeness: Likeness,
    whose: Whose,
    is_longer: bool,
    title_agrees: bool,
    original_agrees: bool,
    front_agrees: bool,
    bracket_agrees: bool,
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
        }
    }
}

impl Found {
    fn add(&mut self, whose: Whose, reading: &Reading, title: &Known, is_telling: bool) {
        let found = compare(&reading.title, &title.title);
        let likeness = read_as(found, reading.kind, title.kind);
        let of_both = whose.max(title.whose);
        if likeness > self.likeness || likeness == self.likeness && of_both < self.whose {
            self.likeness = likeness;
            self.whose = of_both;
            self.is_longer = title.title.weight() > reading.title.weight();
        }
        self.title_agrees |= likeness.is_same() && whose == Whose::Title;
        self.original_agrees |= likeness >= Likeness::ButForArticles && is_telling;
        self.front_agrees |= found.is_same() && reading.kind == Kind::Front;
        self.bracket_agrees |= found.is_same() && reading.kind == Kind::Bracket;
    }

    fn best(&self) -> (Likeness, Whose) {
        // Two names of one title: each alone could be that of another.
        if self.front_agrees && self.bracket_agrees && !self.likeness.is_same() {
            return (Likeness::Written, self.whose);
        }
        (self.likeness, self.whose)
    }
}

/// One title of a candidate.
struct Known {
    whose: Whose,
    title: Folded,
    /// What was taken off, e.g. a country.
    kind: Kind,
}

fn titles_of(candidate: &Candidate) -> Vec<Known> {
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
                Kind::Whole | Kind::Unqualified | Kind::Unpublished
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
        // `The Office (US)` is not `The Office (UK)`.
        (Kind::Unqualified, Kind::Unqualified) => Likeness::Different,
        (Kind::Front | Kind::Bracket, _) => at_most(Likeness::Subtitle),
        (Kind::Unpublished | Kind::Edition, _) | (_, Kind::Unpublished) => {
            at_most(Likeness::Published)
        }
        (Kind::Whole, Kind::Whole) => likeness,
        _ => at_most(Likeness::Written),
    }
}

/// Letters that a title is known by: a single word needs more of them, and one of everyday tells
/// nothing.
fn telling(title: &Folded) -> usize {
    match title.core.as_slice() {
        [word] if EVERYDAY.contains(&word.text.as_str()) => 0,
        [_] => title.weight().saturating_sub(1),
        _ => title.weight(),
    }
}
