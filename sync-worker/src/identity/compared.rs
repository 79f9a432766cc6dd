//! One candidate held against an entry: how alike their titles are, how far apart their years. Pure.

use schema::models::MediaType;

use super::{
    cut::Cut,
    found::{Found, titles_of},
    likeness::{Likeness, compare},
    of_season,
    readings::{Kind, Reading},
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
    /// What tells it apart are articles, and one of them inside.
    pub(super) has_other_article_inside: bool,
    /// Where it was cut off, if it was.
    pub(super) cut: Option<Cut>,
    /// It goes on with a number where the entry's title ends.
    pub(super) is_sequel: bool,
    /// What the years say of a show whose season the entry names.
    pub(super) season: Option<of_season::Years>,
    /// Not the show of the season that the entry names, but it raises a doubt.
    pub(super) is_season_doubt: bool,
    /// Letters that the entry's title is known by.
    telling: usize,
    /// The same for the title before a season.
    telling_before: usize,
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
            // A show has no cut of its own, and is not its film.
            let is_of_films = matches!(reading.kind, Kind::Edition | Kind::TheMovie);
            if is_of_films && candidate.media_type == MediaType::Tv {
                continue;
            }
            for title in &there {
                found.add(*whose, reading, title, is_telling);
            }
        }
        let years = Years::of(wanted.year, candidate.year);
        let is_other_type = wanted
            .media_type
            .is_some_and(|media_type| media_type != candidate.media_type);
        let is_show = candidate.media_type == MediaType::Tv && !is_other_type;
        let (likeness, whose) = match found.best() {
            // A slip of the pen may sound the same too, and so may another title.
            (Likeness::Sounding, Whose::Title) if !is_transcribed(wanted, candidate) => {
                (Likeness::Misspelt, Whose::Title)
            }
            (likeness, _)
                if likeness < Likeness::Season
                    && is_show
                    && found.season.may_be_meant(candidate) =>
            {
                (Likeness::Season, Whose::Title)
            }
            best => best,
        };
        Self {
            candidate,
            likeness,
            whose,
            is_longer: found.is_longer,
            has_other_article_inside: likeness == Likeness::ButForArticles
                && found.has_article_inside,
            cut: found.cut,
            is_sequel: found.is_sequel,
            agrees_twice: found.title_agrees && found.original_agrees,
            years,
            is_other_type,
            season: found
                .season
                .years(wanted.year, candidate)
                .filter(|_| is_show),
            is_season_doubt: !is_other_type
                && found.season.is_doubt(candidate, years == Years::Equal),
            may_be_season: !found.is_longer && may_be_season(wanted.year, candidate),
            has_its_signs: has_signs(&candidate.title)
                && small(&candidate.title).eq(small(&wanted.title)),
            telling: wished.map_or(0, telling),
            telling_before: titles
                .iter()
                .find(|(_, reading)| matches!(reading.kind, Kind::Season(_)))
                .map_or(0, |(_, reading)| telling(&reading.title)),
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

    /// The same for a title before a season; a year of the show says enough.
    pub(super) fn is_distinctive_show(&self) -> bool {
        self.telling_before >= TELLING || self.years != Years::NotGiven
    }

    pub(super) fn is_plausible(&self) -> bool {
        match self.likeness {
            likeness if likeness.is_same() => !self.is_other_type || self.years.fits(),
            _ if self.is_other_type => false,
            _ if matches!(
                self.season,
                Some(of_season::Years::Fit | of_season::Years::Doubtful)
            ) =>
            {
                true
            }
            Likeness::CutOff if self.is_cut_inside_a_word() => true,
            Likeness::Season => self.candidate.media_type == MediaType::Tv,
            Likeness::Subtitle | Likeness::Within if self.may_be_season => true,
            Likeness::CutOff | Likeness::Subtitle => self.years.fits(),
            Likeness::Misspelt => {
                self.years.fits() || matches!(self.years, Years::Off(2..=3)) && self.telling >= 12
            }
            Likeness::Within => self.years == Years::Equal,
            Likeness::Sharing(share) => self.years == Years::Equal && share >= SHARED,
            _ => false,
        }
    }

    /// Whether the entry's title ends in the middle of a word of it.
    pub(super) fn is_cut_inside_a_word(&self) -> bool {
        matches!(self.cut, Some(Cut::InsideAWord | Cut::InsideTheLastWord))
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

/// Letters that a title is known by: a single word needs more of them, and one of everyday tells
/// nothing.
fn telling(title: &Folded) -> usize {
    match title.core.as_slice() {
        [word] if EVERYDAY.contains(&word.text.as_str()) => 0,
        [_] => title.weight().saturating_sub(1),
        _ => title.weight(),
    }
}
