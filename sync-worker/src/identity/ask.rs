//! Asking the target which title an entry is: look-ups by id first, then a title search whose result
//! [`super::score`] judges, and further searches where the first leaves a doubt.

use schema::models::{ListItem, MediaType, ReviewCandidate};
use tokio::time::Instant;

use super::{
    UpstreamProbe, contradiction, foreign_ids, number, readings,
    score::{Fit, KEPT, Verdict, judge},
    tmdb_id,
    wanted::Wanted,
};
use crate::target::{Candidate, ForeignId, Target, TargetError};

/// Times an empty search is repeated.
const SEARCHED_AGAIN: u32 = 2;

/// Which title an entry is, or why that is not known.
#[derive(Clone, Debug, PartialEq)]
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
        /// What may be meant, the likeliest first.
        candidates: Vec<ReviewCandidate>,
    },
    /// Nothing fits.
    NotFound {
        /// Why.
        why: String,
    },
    /// Nothing, because a person said so; never asked about again.
    RuledOut {
        /// Who said so.
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

    fn needs_review(fits: Vec<Fit>, why: String) -> Self {
        Self::NeedsReview {
            why,
            candidates: fits.into_iter().map(ReviewCandidate::from).collect(),
        }
    }
}

impl From<Fit> for ReviewCandidate {
    fn from(fit: Fit) -> Self {
        let candidate = fit.candidate;
        Self {
            media_type: candidate.media_type,
            tmdb_id: candidate.tmdb_id,
            title: candidate.title,
            original_title: candidate.original_title,
            year: candidate.year,
            popularity: candidate.popularity,
            certainty: fit.certainty,
            reason: fit.reason,
            poster_path: candidate.poster_path,
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
        return number::identify(target, item, (media_type, tmdb_id), probe).await;
    }
    let mut unknown = Vec::new();
    for id in foreign_ids(item) {
        let began = Instant::now();
        let candidates = target.look_up(&id).await?;
        probe.answered(began);
        let told = candidates.clone();
        match looked_up(&id, &wanted, candidates) {
            Some(identified) => {
                return Ok(contradiction::checked(identified, item, &id, &told));
            }
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
        Verdict::Certain(fit) => {
            let how = format!("{context}: {}", fit.reason);
            Identified::matched(fit.candidate, &wanted, how)
        }
        Verdict::Plausible(fits, why) => {
            Identified::needs_review(fits, format!("{context}: {why}"))
        }
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
            Verdict::Certain(fit) => Some(Identified::matched(
                fit.candidate,
                wanted,
                format!("{how}: {}", fit.reason),
            )),
            Verdict::Plausible(fits, why) => {
                Some(Identified::needs_review(fits, format!("{how}: {why}")))
            }
            Verdict::None(_) if matches!(id, ForeignId::Tvdb(_)) => None,
            Verdict::None(why) => Some(Identified::needs_review(
                candidates.iter().take(KEPT).map(of_the_id).collect(),
                format!("{how}: {} titles have the id; {why}", candidates.len()),
            )),
        },
    }
}

/// A title that has the entry's id and nothing else in common with it.
fn of_the_id(candidate: &Candidate) -> Fit {
    Fit {
        candidate: candidate.clone(),
        certainty: 0.5,
        reason: "it has the entry's id, and another title".to_owned(),
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
                alternative_titles: Vec::new(),
                year: details.year,
                popularity: 0.0,
                poster_path: None,
            }),
            Err(TargetError::NoSuchTitle) => {}
            // Also the answer for a number that TMDB does not have: ask whether TMDB is there.
            Err(TargetError::Upstream { .. }) => probe.answers_since(target, began).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(match judge(wanted, &candidates) {
        Verdict::Certain(fit) => Some(Identified::matched(
            fit.candidate,
            wanted,
            format!("the entry's TMDB id: {}", fit.reason),
        )),
        _ => None,
    })
}

/// Searches by title; where that is not certain, in the target's own language and by the original
/// title; and where nothing fits, by what stands before a subtitle.
async fn search<T: Target>(
    target: &T,
    wanted: &Wanted,
    probe: &UpstreamProbe,
) -> Result<Verdict, TargetError> {
    let mut candidates = trusted_search(target, &wanted.title, probe).await?;
    let mut verdict = judge(wanted, &candidates);
    if !matches!(verdict, Verdict::Certain(_)) {
        let localised = target.search_local(&wanted.title).await?;
        if merge(&mut candidates, localised) {
            verdict = judge(wanted, &candidates);
        }
    }
    if let (Some(original), false) = (
        &wanted.original_title,
        matches!(verdict, Verdict::Certain(_)),
    ) {
        let found = trusted_search(target, original, probe).await?;
        if merge(&mut candidates, found) {
            verdict = judge(wanted, &candidates);
        }
    }
    if let (Verdict::None(_), Some(front)) = (&verdict, readings::front(&wanted.title)) {
        let found = trusted_search(target, &front, probe).await?;
        if merge(&mut candidates, found) {
            verdict = judge(wanted, &candidates);
        }
    }
    Ok(verdict)
}

/// Adds what another search found: titles that are new, and further names of those that are not.
/// Tells whether there was anything to add.
fn merge(candidates: &mut Vec<Candidate>, found: Vec<Candidate>) -> bool {
    let mut is_news = false;
    for other in found {
        let known = candidates
            .iter_mut()
            .find(|known| (known.media_type, known.tmdb_id) == (other.media_type, other.tmdb_id));
        match known {
            None => candidates.push(other),
            Some(known)
                if known.title != other.title
                    && known.original_title.as_ref() != Some(&other.title)
                    && !known.alternative_titles.contains(&other.title) =>
            {
                known.alternative_titles.push(other.title);
            }
            Some(_) => continue,
        }
        is_news = true;
    }
    is_news
}

/// A search whose empty answer can be believed: TMDB was there before and after it was asked again,
/// since a single failure of TMDB reads like nothing found. Seerr keeps what TMDB answered, and not
/// what it failed to answer, so asking again costs little when there is nothing.
pub(super) async fn trusted_search<T: Target>(
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
