//! What the lists ask for: one wish for each title and quality, however many lists have it.

use chrono::NaiveDateTime;
use schema::models::{ListId, MediaType, SeasonNumbers, TitleRef};

use super::Consent;

/// One title in one quality that at least one list asks or asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The title.
    pub(crate) title: TitleRef,
    /// Movie or show.
    pub(crate) media_type: MediaType,
    /// TMDB's number.
    pub(crate) tmdb_id: i64,
    /// Its name, for people.
    pub(crate) name: String,
    /// Its year, for people.
    pub(crate) year: Option<i32>,
    /// `tt…`, where a list gave it.
    pub(crate) imdb_id: Option<String>,
    /// The quality.
    pub(crate) is_4k: bool,
    /// Seasons of a show; without meaning for movies.
    pub(crate) seasons: SeasonsWanted,
    /// In whose name to ask: the first asking list's user.
    pub(crate) requested_as: i32,
    /// Lists that ask for it, the first first; empty once it has left them all.
    pub(crate) lists: Vec<ListId>,
    /// The same in words: `imdb:top, stevenlu:movies`; of the lists it was on, once it left them.
    pub(crate) sources: String,
    /// When it last came back onto one of them after having left.
    pub(crate) returned_at: Option<NaiveDateTime>,
    /// Since when at least one of the lists that ask now has had it without a break.
    pub(crate) wanted_since: Option<NaiveDateTime>,
    /// Whether what was asked for is to be taken back when no list asks any more: what the policy of
    /// a list it was on says.
    pub(crate) withdraws: bool,
    /// Whether a list has it that this run is not about.
    pub(crate) is_wanted_elsewhere: bool,
    /// Whether the lists that ask for it may.
    pub(crate) consent: Consent,
}

impl Wish {
    /// Whether any list asks for it now.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.lists.is_empty()
    }
}

/// Which seasons of a show are wanted; the widest wish wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SeasonsWanted {
    /// All but the specials, and those that come later.
    #[default]
    All,
    /// These, because lists name them.
    Some(SeasonNumbers),
}

impl SeasonsWanted {
    /// The seasons that either asks for.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Some(mut one), Self::Some(other)) => {
                one.0.extend(other.0);
                Self::Some(one)
            }
            _ => Self::All,
        }
    }

    /// What one entry of a list asks for.
    pub(crate) fn of_entry(season: Option<i32>) -> Self {
        season.map_or(Self::All, |season| {
            Self::Some([season].into_iter().collect())
        })
    }
}
