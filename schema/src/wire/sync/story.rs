//! The story of a title: when it was seen where, which title it is, what was decided and asked, and
//! what comes next; as data, and as the text a person reads.
//!
//! Leaves finding out the story to the sync-worker, and colours to the command line.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    column::word_enum,
    models::{IdSource, MediaType},
};

/// See [`ToSyncWorker::Why`](super::ToSyncWorker::Why).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// What a title is called by: the number of an entry (`12`, `item:12`), `movie:550`, `tv:1396`,
    /// `tmdb:550`, `tt0111161`, `tvdb:81189`, `trakt:713`, its address on a list's site, or words of
    /// its name.
    pub title: String,
}

word_enum! {
    /// Where the story of a title has come to.
    StoryState {
        /// On no list that was read, and never seen.
        Absent = "absent",
        /// It was on a list and left before anything was asked.
        Left = "left",
        /// On a list; nobody has looked yet which title it is.
        New = "new",
        /// On a list; a person has to say which title it is.
        NeedsReview = "needs_review",
        /// On a list; no title was found, or a person said that there is none.
        NotFound = "not_found",
        /// The title is known; no run has decided on it yet.
        Undecided = "undecided",
        /// Decided to wait.
        Waiting = "waiting",
        /// Decided to do nothing.
        Skipped = "skipped",
        /// To be requested.
        Planned = "planned",
        /// A request was sent and nobody knows yet how it ended.
        Requesting = "requesting",
        /// Requested by us.
        Requested = "requested",
        /// Comes by somebody else's doing.
        Adopted = "adopted",
        /// In the library.
        Available = "available",
        /// Failed; tried again.
        Failed = "failed",
        /// Failed for good; waits for a person.
        FailedPermanent = "failed_permanent",
        /// A person declined the request.
        Declined = "declined",
        /// On the target's block list.
        Blocklisted = "blocklisted",
        /// Deleted from the library by a person.
        Deleted = "deleted",
        /// Our request was taken back.
        Withdrawn = "withdrawn",
    }
}

/// The story of one title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// The title, as far as it is known.
    pub title: StoryTitle,
    /// Where it has come to, as a sentence.
    pub headline: String,
    /// What happened, in its order; what has no time stands where it belongs.
    pub steps: Vec<StoryStep>,
    /// How it is now, for each quality that is or was wanted; at least one.
    pub now: Vec<StoryNow>,
}

/// Which title a story is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StoryTitle {
    /// Its name, or what was asked for.
    pub name: String,
    /// Year of its release.
    pub year: Option<i32>,
    /// Movie or show, where that is known.
    pub media_type: Option<MediaType>,
    /// TMDB's number, once it is certain.
    pub tmdb_id: Option<i64>,
    /// What other databases call it.
    pub ids: Vec<StoryId>,
    /// The numbers of its entries on lists, those that left included.
    pub items: Vec<i32>,
}

/// What another database calls a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StoryId {
    /// Whose id it is.
    pub source: IdSource,
    /// The id.
    pub id: String,
    /// How it is known: `the entry`.
    pub known_by: String,
}

/// One thing that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StoryStep {
    /// When, where that is known.
    pub at: Option<DateTime<Utc>>,
    /// What, as a fragment.
    pub what: String,
    /// More of it, a line each.
    pub details: Vec<String>,
    /// What a person can do about it, as a sentence.
    pub remedy: Option<String>,
}

/// How a title is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StoryNow {
    /// The quality this is about.
    pub is_4k: bool,
    /// Where it has come to.
    pub state: StoryState,
    /// Why, as a fragment.
    pub why: String,
    /// What comes next by itself.
    pub next: Option<StoryNext>,
    /// What would change it and what a person can do, as sentences.
    pub remedy: String,
}

/// What comes next by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StoryNext {
    /// When, where that is known.
    pub at: Option<DateTime<Utc>>,
    /// What, as a fragment.
    pub what: String,
}

/// How the text of a story looks.
pub struct StoryLook<'a> {
    /// Columns; lines are as long as they are when absent.
    pub width: Option<usize>,
    /// A moment as people read it: `2026-03-01 17:04`.
    pub time: &'a dyn Fn(DateTime<Utc>) -> String,
}

impl std::fmt::Debug for StoryLook<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoryLook")
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl StoryTitle {
    /// `Heat (1995)`.
    pub fn name_and_year(&self) -> String {
        match self.year {
            Some(year) => format!("{} ({year})", self.name),
            None => self.name.clone(),
        }
    }

    /// `movie:949, imdb tt0113277`; empty where nothing is known.
    fn known_as(&self) -> String {
        let own = match (self.media_type, self.tmdb_id) {
            (Some(media_type), Some(tmdb_id)) => Some(format!("{media_type}:{tmdb_id}")),
            (Some(MediaType::Movie), None) => Some("a movie".to_owned()),
            (Some(MediaType::Tv), None) => Some("a show".to_owned()),
            (None, _) => None,
        };
        let others = self.ids.iter().map(|id| format!("{} {}", id.source, id.id));
        own.into_iter().chain(others).collect::<Vec<_>>().join(", ")
    }
}

impl Story {
    /// The first line of [`Story::text`], without a newline.
    pub fn first_line(&self) -> String {
        let name = self.title.name_and_year();
        match self.title.known_as() {
            known_as if known_as.is_empty() || known_as == name => name,
            known_as => format!("{name}: {known_as}"),
        }
    }

    /// The whole story for a person, ending with a newline.
    pub fn text(&self, look: &StoryLook<'_>) -> String {
        let times: Vec<String> = self
            .steps
            .iter()
            .map(|step| step.at.map(look.time).unwrap_or_default())
            .collect();
        let column = times.iter().map(|time| time.chars().count()).max();
        let indent = column
            .filter(|column| *column > 0)
            .map_or(2, |column| column + 4);
        let mut text = Text::new(look.width);
        text.line(0, &self.first_line());
        text.line(2, &self.headline);
        if !self.steps.is_empty() {
            text.empty();
        }
        for (step, time) in self.steps.iter().zip(times) {
            text.marked(&time, indent, &step.what);
            for detail in step.details.iter().chain(&step.remedy) {
                text.line(indent + 2, detail);
            }
        }
        for now in &self.now {
            text.empty();
            let label = if now.is_4k { "in 4K" } else { "now" };
            let state = now.state.as_str().replace('_', " ");
            text.marked(label, 10, &format!("{state}: {}", now.why));
            if let Some(next) = &now.next {
                let what = match next.at {
                    Some(at) => format!("{}: {}", (look.time)(at), next.what),
                    None => next.what.clone(),
                };
                text.marked("next", 10, &what);
            }
            text.marked("to do", 10, &now.remedy);
        }
        text.done()
    }
}

/// Lines being wrapped.
struct Text {
    width: Option<usize>,
    text: String,
}

impl Text {
    fn new(width: Option<usize>) -> Self {
        Self {
            width,
            text: String::new(),
        }
    }

    fn empty(&mut self) {
        self.text.push('\n');
    }

    /// `words` set in by `indent`, further lines by two more.
    fn line(&mut self, indent: usize, words: &str) {
        self.wrapped(&" ".repeat(indent), indent + 2, words);
    }

    /// `mark` set in by two, `words` from column `indent` on.
    fn marked(&mut self, mark: &str, indent: usize, words: &str) {
        self.wrapped(&format!("{:<indent$}", format!("  {mark}")), indent, words);
    }

    fn wrapped(&mut self, head: &str, indent: usize, words: &str) {
        self.text.push_str(head);
        let mut column = head.chars().count();
        let mut is_first = true;
        for word in words.split_whitespace() {
            let columns = word.chars().count();
            let is_full = self.width.is_some_and(|width| column + 1 + columns > width);
            if !is_first && is_full {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                column = indent;
            } else if !is_first {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += columns;
            is_first = false;
        }
        self.text.push('\n');
    }

    fn done(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{encode_answer, sync::FromSyncWorker};

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-03-01T12:{minute:02}:00Z").parse().unwrap()
    }

    fn story() -> Story {
        Story {
            title: StoryTitle {
                name: "Heat".into(),
                year: Some(1995),
                media_type: Some(MediaType::Movie),
                tmdb_id: Some(949),
                ids: vec![StoryId {
                    source: IdSource::Imdb,
                    id: "tt0113277".into(),
                    known_by: "the entry".into(),
                }],
                items: vec![12],
            },
            headline: "Its request failed; it is tried again.".into(),
            steps: vec![
                StoryStep {
                    at: Some(at(0)),
                    what: "came onto list 1, imdb:top (IMDb Top 250)".into(),
                    details: vec!["number 7 there".into()],
                    remedy: None,
                },
                StoryStep {
                    what: "recognised as movie:949".into(),
                    ..StoryStep::default()
                },
            ],
            now: vec![StoryNow {
                is_4k: false,
                state: StoryState::Failed,
                why: "Seerr could not reach TMDB".into(),
                next: Some(StoryNext {
                    at: Some(at(59)),
                    what: "tried again with the first run after that".into(),
                }),
                remedy: "`listsync items retry movie:949` lets the next run try it.".into(),
            }],
        }
    }

    fn text(width: Option<usize>) -> String {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        story().text(&StoryLook { width, time: &time })
    }

    #[test]
    fn a_story_is_read_from_top_to_bottom() {
        insta::assert_snapshot!(text(None), @"
        Heat (1995): movie:949, imdb tt0113277
          Its request failed; it is tried again.

          2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                              number 7 there
                            recognised as movie:949

          now     failed: Seerr could not reach TMDB
          next    2026-03-01 12:59: tried again with the first run after that
          to do   `listsync items retry movie:949` lets the next run try it.
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_wrapped_lines() {
        let text = text(Some(40));
        assert!(
            text.lines().all(|line| line.chars().count() <= 40),
            "{text}"
        );
        insta::assert_snapshot!(text, @"
        Heat (1995): movie:949, imdb tt0113277
          Its request failed; it is tried again.

          2026-03-01 12:00  came onto list 1,
                            imdb:top (IMDb Top
                            250)
                              number 7 there
                            recognised as
                            movie:949

          now     failed: Seerr could not reach
                  TMDB
          next    2026-03-01 12:59: tried again
                  with the first run after that
          to do   `listsync items retry
                  movie:949` lets the next run
                  try it.
        ");
    }

    #[test]
    fn a_story_has_its_shape() {
        let answer = FromSyncWorker::Story(Box::new(story()));
        insta::assert_snapshot!(encode_answer(7, false, &answer).unwrap(), @r#"{"v":1,"id":7,"body":{"type":"story","data":{"title":{"name":"Heat","year":1995,"media_type":"movie","tmdb_id":949,"ids":[{"source":"imdb","id":"tt0113277","known_by":"the entry"}],"items":[12]},"headline":"Its request failed; it is tried again.","steps":[{"at":"2026-03-01T12:00:00Z","what":"came onto list 1, imdb:top (IMDb Top 250)","details":["number 7 there"],"remedy":null},{"at":null,"what":"recognised as movie:949","details":[],"remedy":null}],"now":[{"is_4k":false,"state":"failed","why":"Seerr could not reach TMDB","next":{"at":"2026-03-01T12:59:00Z","what":"tried again with the first run after that"},"remedy":"`listsync items retry movie:949` lets the next run try it."}]}}}"#);
    }
}
