//! Entries that wait for a person to say which title they are, and what people said: pins.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    column::word_enum,
    models::{Identity, ListId, MediaType, ReviewCandidate},
    pin_file::{NumberedPin, PinEntry, PinTitle, RefusedPin},
};

word_enum! {
    /// Which waiting entries are meant.
    ReviewFilter {
        /// Those with titles to pick from.
        NeedsReview = "needs_review",
        /// Those for which nothing was found.
        NotFound = "not_found",
        /// Both, those to pick from first.
        All = "all",
    }
}

impl ReviewFilter {
    /// What is meant when nothing is said.
    pub fn usual() -> Self {
        Self::NeedsReview
    }
}

/// See [`ToSyncWorker::Review`](super::ToSyncWorker::Review).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// Which entries.
    #[serde(default = "ReviewFilter::usual")]
    pub filter: ReviewFilter,
    /// Entries to pass over.
    #[serde(default)]
    pub offset: u32,
    /// Entries to show, 1 to 100.
    pub limit: u32,
}

impl ReviewRequest {
    /// Most entries of one answer.
    pub const MOST: u32 = 100;
}

/// See [`FromSyncWorker::Review`](super::FromSyncWorker::Review).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPage {
    /// The entries, each once however many lists have it.
    pub entries: Vec<ReviewEntry>,
    /// How many there are in all.
    pub total: u32,
}

/// An entry that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewEntry {
    /// Number to pick with.
    pub item: i32,
    /// Title as the list shows it.
    pub title: String,
    /// Title in its own language.
    pub original_title: Option<String>,
    /// Four digits.
    pub year: Option<i32>,
    /// Movie or show, where the list tells.
    pub media_type: Option<MediaType>,
    /// The season that the entry is about, where it is about one.
    pub season: Option<i32>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// `needs_review` or `not_found`.
    pub identity: Identity,
    /// Why it is not known which title it is.
    pub reason: Option<String>,
    /// When it is looked for again by itself.
    pub next_try: Option<DateTime<Utc>>,
    /// Lists that have it, the first ten.
    pub lists: Vec<ReviewPlace>,
    /// How many lists have it.
    pub list_count: u32,
    /// What it may be, the likeliest first.
    pub candidates: Vec<ReviewCandidate>,
}

/// A list that has an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewPlace {
    /// The list.
    pub list: ListId,
    /// Its name.
    pub name: String,
    /// The entry's place in it, from 1.
    pub rank: i32,
}

/// See [`ToSyncWorker::Pick`](super::ToSyncWorker::Pick).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The entry, by the number of any list's row of it.
    pub item: i32,
    /// What it is.
    pub choice: Choice,
}

/// What a person says an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Choice {
    /// The title with TMDB's number.
    Title {
        /// Movie or show.
        media_type: MediaType,
        /// TMDB's number.
        tmdb_id: i64,
    },
    /// The title with IMDb's id; it is looked up.
    Imdb {
        /// `tt…`
        imdb_id: String,
    },
    /// None that TMDB has; it is not looked for again.
    None,
}

/// A pin as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinView {
    /// Number to remove it with.
    pub id: i32,
    /// The entry as its list showed it.
    pub entry: PinEntry,
    /// What the entry is recognised by on any list.
    pub keys: Vec<String>,
    /// The title it is; null when it is none of TMDB's.
    pub title: Option<PinTitle>,
    /// When it was picked or imported.
    pub created_at: DateTime<Utc>,
}

/// See [`FromSyncWorker::Picked`](super::FromSyncWorker::Picked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Picked {
    /// The choice as it is kept.
    pub pin: PinView,
    /// Rows of lists that it holds for.
    pub entries: u32,
    /// What else a person should know, as sentences: a title that could not be looked up, a request of
    /// the wrong title that stays.
    pub notices: Vec<String>,
}

/// See [`ToSyncWorker::Unpin`](super::ToSyncWorker::Unpin).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpin {
    /// The pin.
    pub pin: i32,
}

/// See [`FromSyncWorker::Unpinned`](super::FromSyncWorker::Unpinned).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Unpinned {
    /// The pin as it was.
    pub pin: PinView,
    /// Rows of lists that it held for; the next run looks at them anew.
    pub entries: u32,
}

/// See [`ToSyncWorker::Pins`](super::ToSyncWorker::Pins).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinsRequest {
    /// Only those after the one with this number; who reads all of them misses none so.
    #[serde(default)]
    pub after: i32,
    /// Pins to pass over.
    #[serde(default)]
    pub offset: u32,
    /// Pins to show, 1 to 200.
    pub limit: u32,
}

impl PinsRequest {
    /// Most pins of one answer.
    pub const MOST: u32 = 200;
}

/// See [`FromSyncWorker::Pins`](super::FromSyncWorker::Pins).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinPage {
    /// The pins, the oldest first.
    pub pins: Vec<PinView>,
    /// How many there are in all.
    pub total: u32,
}

/// See [`ToSyncWorker::ImportPins`](super::ToSyncWorker::ImportPins).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportPins {
    /// The pins, in the order of their file.
    pub pins: Vec<NumberedPin>,
    /// Only tells what would become of them.
    #[serde(default)]
    pub dry_run: bool,
}

/// See [`FromSyncWorker::PinsImported`](super::FromSyncWorker::PinsImported).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinsImported {
    /// Pins of entries that had none.
    pub added: u32,
    /// Pins that were there already.
    pub unchanged: u32,
    /// Pins in place of others about the same entry.
    pub replaced: u32,
    /// Pins that were not taken, with the reason.
    pub refused: Vec<RefusedPin>,
    /// Rows of lists that are another title than before.
    pub entries: u32,
}

impl PinsImported {
    /// Adds what became of a further part of the file.
    pub fn add(&mut self, part: Self) {
        self.added += part.added;
        self.unchanged += part.unchanged;
        self.replaced += part.replaced;
        self.entries += part.entries;
        self.refused.extend(part.refused);
        self.refused.sort_by_key(|refused| refused.number);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{FromSyncWorker, SyncLink, ToSyncWorker},
        *,
    };
    use crate::{
        pin_file::PinRecord,
        wire::{Link, encode_answer, encode_request},
    };

    fn pinned() -> PinView {
        PinView {
            id: 3,
            entry: PinEntry {
                title: "The Thing".into(),
                year: None,
                media_type: Some(MediaType::Movie),
            },
            keys: vec!["title:movie::the thing".into()],
            title: Some(PinTitle {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                year: Some(1982),
            }),
            created_at: "2026-11-22T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn requests_about_reviews_and_pins_have_their_shape() {
        let record = PinRecord {
            entry: pinned().entry,
            keys: pinned().keys,
            title: None,
        };
        let requests = [
            ToSyncWorker::Review(ReviewRequest {
                filter: ReviewFilter::All,
                offset: 50,
                limit: 50,
            }),
            ToSyncWorker::Pick(Pick {
                item: 7,
                choice: Choice::Title {
                    media_type: MediaType::Movie,
                    tmdb_id: 1091,
                },
            }),
            ToSyncWorker::Pick(Pick {
                item: 7,
                choice: Choice::Imdb {
                    imdb_id: "tt0084787".into(),
                },
            }),
            ToSyncWorker::Pick(Pick {
                item: 7,
                choice: Choice::None,
            }),
            ToSyncWorker::Unpin(Unpin { pin: 3 }),
            ToSyncWorker::Pins(PinsRequest {
                after: 0,
                offset: 0,
                limit: 200,
            }),
            ToSyncWorker::ImportPins(ImportPins {
                pins: vec![NumberedPin {
                    number: 1,
                    pin: record,
                }],
                dry_run: true,
            }),
        ];
        let lines: Vec<String> = requests
            .iter()
            .map(|request| {
                let kind = if SyncLink::is_change(request) {
                    "change"
                } else {
                    "look  "
                };
                format!("{kind} {}", encode_request(7, request).unwrap())
            })
            .collect();
        insta::assert_snapshot!(lines.concat());
    }

    #[test]
    fn answers_about_reviews_and_pins_have_their_shape() {
        let entry = ReviewEntry {
            item: 7,
            title: "The Thing".into(),
            original_title: None,
            year: None,
            media_type: Some(MediaType::Movie),
            season: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            identity: Identity::NeedsReview,
            reason: Some("two titles fit".into()),
            next_try: None,
            lists: vec![ReviewPlace {
                list: ListId(1),
                name: "Mine".into(),
                rank: 4,
            }],
            list_count: 1,
            candidates: vec![ReviewCandidate {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                original_title: None,
                year: Some(1982),
                popularity: 40.5,
                certainty: 0.75,
                reason: "title equal, no year to compare".into(),
                poster_path: Some("/abc.jpg".into()),
            }],
        };
        let answers = [
            FromSyncWorker::Review(ReviewPage {
                entries: vec![entry],
                total: 1,
            }),
            FromSyncWorker::Picked(Box::new(Picked {
                pin: pinned(),
                entries: 2,
                notices: vec!["It stays requested.".into()],
            })),
            FromSyncWorker::Unpinned(Box::new(Unpinned {
                pin: pinned(),
                entries: 2,
            })),
            FromSyncWorker::Pins(PinPage {
                pins: vec![pinned()],
                total: 1,
            }),
            FromSyncWorker::PinsImported(PinsImported {
                added: 1,
                refused: vec![RefusedPin {
                    number: 4,
                    reason: "it has no `keys`".into(),
                }],
                ..PinsImported::default()
            }),
        ];
        let lines: String = answers
            .iter()
            .map(|answer| encode_answer(7, false, answer).unwrap())
            .collect();
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn the_parts_of_an_import_add_up() {
        let refused = |number| RefusedPin {
            number,
            reason: "x".into(),
        };
        let mut whole = PinsImported {
            refused: vec![refused(9)],
            ..PinsImported::default()
        };
        whole.add(PinsImported {
            added: 1,
            unchanged: 2,
            replaced: 3,
            refused: vec![refused(4)],
            entries: 5,
        });
        assert_eq!(whole.refused, [refused(4), refused(9)]);
        assert_eq!(
            (whole.added, whole.unchanged, whole.replaced, whole.entries),
            (1, 2, 3, 5)
        );
    }
}
