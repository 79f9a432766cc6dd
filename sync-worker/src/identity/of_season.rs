//! What a season that an entry names says of one candidate: whether it is the show, and whether its
//! years allow for it. Pure.

use schema::models::MediaType;

use super::{
    likeness::Likeness,
    parts::{is_sequel_of, starts_with},
    readings::{Kind, Reading},
    season::{Mark, Season, Which},
    title::Folded,
    wanted::Whose,
};
use crate::target::Candidate;

/// What the years of a show that has the name say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Years {
    /// It may have had the season then, or the entry gives no year.
    Fit,
    /// It cannot have, but the name is its own: the entry may be wrong.
    Doubtful,
    /// Not meant: it began later, or a few call it so and the years do not fit.
    Unfit,
}

/// What the titles of one candidate have to do with the season.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct OfSeason {
    /// Of a candidate with the title before the season.
    season: Option<Season>,
    /// That is its title or original title, not what it is called besides.
    is_own_name: bool,
    /// Its title goes on behind the title before the season.
    goes_on: bool,
    /// With a number: seasons of that show are titles of their own.
    is_numbered: bool,
    /// Its title goes on with the word `season` or `series`.
    has_the_word: bool,
    /// Another of its titles is the whole title of the entry.
    is_called_so: bool,
    /// The whole title of the entry goes on where one of its titles ends.
    is_front: bool,
}

impl OfSeason {
    /// Adds one reading of the entry's title and one title of the candidate.
    pub(super) fn add(&mut self, reading: &Reading, title: &Folded, whose: Whose, found: Likeness) {
        let (short, long) = (&reading.title.core, &title.core);
        match reading.kind {
            Kind::Season(season) => {
                if found.is_same() {
                    // What tells the year of the show tells more.
                    if self.season.is_none_or(|known| known.first_year.is_none()) {
                        self.season = Some(season);
                    }
                    self.is_own_name |= whose != Whose::Alternative;
                }
                let goes_on = long.len() > short.len() && starts_with(long, short);
                self.goes_on |= goes_on;
                self.is_numbered |= goes_on && is_sequel_of(long, short);
                self.has_the_word |= goes_on
                    && long.get(short.len()).is_some_and(|word| {
                        matches!(word.text.as_str(), "season" | "seasons" | "series")
                    });
            }
            Kind::Whole => {
                self.is_called_so |= found.is_same() && whose == Whose::Alternative;
                self.is_front |= short.len() > long.len() && starts_with(short, long);
            }
            _ => {}
        }
    }

    /// The season, where the candidate is a show that has the name before it, or that is called by
    /// the name of the season besides its own.
    fn named(self) -> Option<Season> {
        match self.season {
            Some(season) if season.mark == Mark::Season => Some(season),
            season => (self.is_called_so && self.is_front)
                .then(|| season.filter(|it| it.mark == Mark::Numeral))
                .map(|numbered| numbered.unwrap_or(Season::BY_NAME)),
        }
    }

    /// What the years say, where the candidate has the name.
    pub(super) fn years(self, wanted: Option<i32>, candidate: &Candidate) -> Option<Years> {
        let season = self.named()?;
        let Some(first) = candidate.year else {
            return Some(Years::Doubtful);
        };
        if let Some(known) = season.first_year {
            let is_it = known == first && wanted.is_none_or(|year| year >= first);
            return Some(if is_it { Years::Fit } else { Years::Unfit });
        }
        Some(match wanted {
            None => Years::Fit,
            Some(year) if season.fits(first, year) => Years::Fit,
            Some(year) if year < first || season.which == Which::Number(1) || !self.is_own_name => {
                Years::Unfit
            }
            Some(_) => Years::Doubtful,
        })
    }

    /// Whether a person should look at it although it may not be the season's show: an episode is
    /// named, or a bare number behind the name of a show from where seasons are numbered so.
    pub(super) fn may_be_meant(self, candidate: &Candidate) -> bool {
        self.season.is_some_and(|season| match season.mark {
            Mark::Season | Mark::Episode => true,
            Mark::Numeral => is_from_east_asia(candidate),
        })
    }

    /// Whether the candidate, if it is not the show of the season, makes doubtful which one is: the
    /// word is part of its title, or it is a show with a number of its own; or it is of just
    /// that year and a film of the name or a show whose name goes on.
    pub(super) fn is_doubt(self, candidate: &Candidate, is_of_the_year: bool) -> bool {
        let is_of_the_name = match candidate.media_type {
            MediaType::Movie => self.season.is_some(),
            MediaType::Tv => self.goes_on,
        };
        let is_season = self.is_numbered && candidate.media_type == MediaType::Tv;
        self.has_the_word || is_season || is_of_the_year && is_of_the_name
    }
}

/// Whether the original title is in Chinese, Japanese or Korean signs.
fn is_from_east_asia(candidate: &Candidate) -> bool {
    let titles = std::iter::once(&candidate.title).chain(&candidate.original_title);
    titles
        .flat_map(|title| title.chars())
        .any(|sign| matches!(sign, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}
