//! Asking the target which title an entry is: look-ups by id first, then a title search whose result
//! [`super::score`] judges.

use schema::models::{ListItem, MediaType};
use tokio::time::Instant;

use super::{
    UpstreamProbe, foreign_ids,
    score::{Verdict, Wanted, judge},
    tmdb_id,
};
use crate::target::{Candidate, ForeignId, Target, TargetError};

/// Times an empty search is repeated.
const SEARCHED_AGAIN: u32 = 2;

/// Which title an entry is, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identified {
    /// Certain.
    Matched {
        /// Movie or show.
        media_type: MediaType,
        /// TMDB's number.
        tmdb_id: i64,
        /// Its title.
        title: String,
        /// Year of its release.
        year: Option<i32>,
        /// How that is known, e.g. `title search: title equal, year equal`.
        how: String,
    },
    /// A person must pick.
    NeedsReview {
        /// Why.
        why: String,
    },
    /// Nothing fits.
    NotFound {
        /// Why.
        why: String,
    },
}

impl Identified {
    fn matched(candidate: Candidate, wanted: &Wanted, how: String) -> Self {
        Self::Matched {
            media_type: candidate.media_type,
            tmdb_id: candidate.tmdb_id,
            title: if candidate.title.is_empty() {
                wanted.title.clone()
            } else {
                candidate.title
            },
            year: candidate.year.or(wanted.year),
            how,
        }
    }
}

/// Asks the target which title an entry is.
///
/// # Errors
/// When the target or its source of titles does not answer; that is never `NotFound`.
pub(crate) async fn identify<T: Target>(
    target: &T,
    item: &ListItem,
    probe: &UpstreamProbe,
) -> Result<Identified, TargetError> {
    let wanted = Wanted::of(item);
    if let (Some(media_type), Some(tmdb_id)) = (item.media_type, tmdb_id(item)) {
        return Ok(Identified::Matched {
            media_type,
            tmdb_id,
            title: wanted.title,
            year: wanted.year,
            how: "the entry's TMDB id".to_owned(),
        });
    }
    let mut unknown = Vec::new();
    for id in foreign_ids(item) {
        let began = Instant::now();
        let candidates = target.look_up(&id).await?;
        probe.answered(began);
        match looked_up(&id, &wanted, candidates) {
            Some(identified) => return Ok(identified),
            None => unknown.push(match id {
                ForeignId::Imdb(id) => id,
                ForeignId::Tvdb(id) => format!("TVDB's {id}"),
            }),
        }
    }
    if let Some(tmdb_id) = tmdb_id(item) {
        match of_untyped(target, &wanted, tmdb_id, probe).await? {
            Some(identified) => return Ok(identified),
            None => unknown.push(format!("TMDB's {tmdb_id}")),
        }
    }
    let unknown = unknown.join(" or ");
    // Nothing can be certain then, and a person has no more to go by than we.
    let is_vague = wanted.year.is_none() && wanted.media_type.is_none();
    if wanted.title.is_empty() || !unknown.is_empty() && is_vague {
        let why = if unknown.is_empty() {
            "the entry has neither a title nor an id".to_owned()
        } else {
            format!("TMDB does not know {unknown}, as Seerr says")
        };
        return Ok(Identified::NotFound { why });
    }
    let context = if unknown.is_empty() {
        "title search".to_owned()
    } else {
        format!("TMDB does not know {unknown}; title search")
    };
    let verdict = search(target, &wanted, probe).await?;
    Ok(match verdict {
        Verdict::Certain(candidate, why) => {
            Identified::matched(candidate, &wanted, format!("{context}: {why}"))
        }
        Verdict::Plausible(_, why) => Identified::NeedsReview {
            why: format!("{context}: {why}"),
        },
        Verdict::None(why) => Identified::NotFound {
            why: format!("{context}: {why}"),
        },
    })
}

/// What the titles with an id mean; nothing when the id leads nowhere.
fn looked_up(id: &ForeignId, wanted: &Wanted, candidates: Vec<Candidate>) -> Option<Identified> {
    let how = match id {
        ForeignId::Imdb(_) => "imdb look-up",
        ForeignId::Tvdb(_) => "tvdb look-up",
    };
    let of_type = |candidate: &&Candidate| wanted.media_type == Some(candidate.media_type);
    let agreeing: Vec<&Candidate> = candidates.iter().filter(of_type).collect();
    match (agreeing.as_slice(), candidates.as_slice(), id) {
        (_, [], _) => None,
        ([only], _, _) => Some(Identified::matched((*only).clone(), wanted, how.to_owned())),
        // One IMDb id is one title: TMDB files some of IMDb's television movies as shows, and the
        // other way round.
        ([], [only], ForeignId::Imdb(_)) => {
            let how = match (wanted.media_type, only.media_type) {
                (None, _) => how.to_owned(),
                (_, MediaType::Movie) => format!("{how}, a movie there and a show on the list"),
                (_, MediaType::Tv) => format!("{how}, a show there and a movie on the list"),
            };
            Some(Identified::matched(only.clone(), wanted, how))
        }
        // TVDB's numbers mean one title among movies and another among shows.
        ([], _, ForeignId::Tvdb(_)) if wanted.media_type.is_some() => None,
        _ => match judge(wanted, &candidates) {
            Verdict::Certain(candidate, why) => Some(Identified::matched(
                candidate,
                wanted,
                format!("{how}: {why}"),
            )),
            Verdict::Plausible(_, why) => Some(Identified::NeedsReview {
                why: format!("{how}: {why}"),
            }),
            Verdict::None(_) if matches!(id, ForeignId::Tvdb(_)) => None,
            Verdict::None(why) => Some(Identified::NeedsReview {
                why: format!("{how}: {} titles have the id; {why}", candidates.len()),
            }),
        },
    }
}

/// TMDB's number without movie or show: both are looked at, and the title must tell which.
async fn of_untyped<T: Target>(
    target: &T,
    wanted: &Wanted,
    tmdb_id: i64,
    probe: &UpstreamProbe,
) -> Result<Option<Identified>, TargetError> {
    let began = Instant::now();
    let (movie, show) = futures_util::join!(
        target.details(MediaType::Movie, tmdb_id),
        target.details(MediaType::Tv, tmdb_id)
    );
    let mut candidates = Vec::new();
    for (media_type, answer) in [(MediaType::Movie, movie), (MediaType::Tv, show)] {
        match answer {
            Ok(details) => candidates.push(Candidate {
                media_type,
                tmdb_id,
                title: details.title,
                original_title: None,
                year: details.year,
                popularity: 0.0,
            }),
            Err(TargetError::NoSuchTitle) => {}
            // Also the answer for a number that TMDB does not have: ask whether TMDB is there.
            Err(TargetError::Upstream { .. }) => probe.answers_since(target, began).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(match judge(wanted, &candidates) {
        Verdict::Certain(candidate, why) => Some(Identified::matched(
            candidate,
            wanted,
            format!("the entry's TMDB id: {why}"),
        )),
        _ => None,
    })
}

/// Searches by title, and by the original title when that alone is not certain.
async fn search<T: Target>(
    target: &T,
    wanted: &Wanted,
    probe: &UpstreamProbe,
) -> Result<Verdict, TargetError> {
    let mut candidates = trusted_search(target, &wanted.title, probe).await?;
    let verdict = judge(wanted, &candidates);
    let (Some(original), false) = (
        &wanted.original_title,
        matches!(verdict, Verdict::Certain(..)),
    ) else {
        return Ok(verdict);
    };
    for candidate in trusted_search(target, original, probe).await? {
        let is_known = candidates.iter().any(|known| {
            (known.media_type, known.tmdb_id) == (candidate.media_type, candidate.tmdb_id)
        });
        if !is_known {
            candidates.push(candidate);
        }
    }
    Ok(judge(wanted, &candidates))
}

/// A search whose empty answer can be believed: TMDB was there before and after it was asked again,
/// since a single failure of TMDB reads like nothing found. Seerr keeps what TMDB answered, and not
/// what it failed to answer, so asking again costs little when there is nothing.
async fn trusted_search<T: Target>(
    target: &T,
    title: &str,
    probe: &UpstreamProbe,
) -> Result<Vec<Candidate>, TargetError> {
    let began = Instant::now();
    let candidates = target.search(title).await?;
    if !candidates.is_empty() {
        return Ok(candidates);
    }
    probe.answers_since(target, began).await?;
    let again = Instant::now();
    for _ in 0..SEARCHED_AGAIN {
        let candidates = target.search(title).await?;
        if !candidates.is_empty() {
            return Ok(candidates);
        }
    }
    probe.answers_since(target, again).await?;
    Ok(Vec::new())
}

#[cfg(test)]
#[path = "ask_tests.rs"]
pub(super) mod tests;
