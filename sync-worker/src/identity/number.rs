//! TMDB's number of an entry with whose other id, or with whose title, nobody has yet said that it goes:
//! asked once. What contradicts is left to a person with both titles.

use schema::models::{IdSource, ListItem, MediaType};
use tokio::time::Instant;

use super::{
    Identified, UpstreamProbe,
    against::{against, named_by_details},
    contradiction::{Claim, between},
    foreign_ids,
    ids::{OWN_ID, is_of_one_title, shown},
};
use crate::target::{Candidate, ForeignId, Target, TargetError};

/// Movie or show, and TMDB's number.
pub(crate) type Number = (MediaType, i64);

/// Asks whether the ids of an entry, and where it has no other id its title, are those of its number.
pub(super) async fn identify<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    probe: &UpstreamProbe,
) -> Result<Identified, TargetError> {
    let mut unknown = Vec::new();
    for id in foreign_ids(entry).into_iter().filter(|id| leads(id, own)) {
        let began = Instant::now();
        let mut candidates = target.look_up(&id).await?;
        probe.answered(began);
        let (source, text) = named(&id);
        candidates.retain(|one| is_of_one_title(source) || one.media_type == own.0);
        let agreeing = candidates.iter().find(|one| is(one, own));
        if let Some(found) = agreeing {
            let is_only = candidates.len() == 1;
            return Ok(confirmed(entry, found, source, is_only));
        }
        if !candidates.is_empty() {
            return contradicted(target, entry, own, (source, &text, &candidates)).await;
        }
        unknown.push(shown(source, &text));
    }
    if unknown.is_empty() {
        return by_title(target, entry, own, probe).await;
    }
    // What the number itself is comes out before anything is requested.
    let how = format!("{OWN_ID}; TMDB does not know {}", unknown.join(" or "));
    Ok(matched(entry, own, how))
}

/// Whether an id may lead to the number: TVDB's numbers of movies are not TMDB's to look up.
fn leads(id: &ForeignId, own: Number) -> bool {
    own.0 == MediaType::Tv || matches!(id, ForeignId::Imdb(_))
}

pub(super) fn named(id: &ForeignId) -> (IdSource, String) {
    match id {
        ForeignId::Imdb(id) => (IdSource::Imdb, id.clone()),
        ForeignId::Tvdb(id) => (IdSource::Tvdb, id.to_string()),
    }
}

pub(super) fn is(candidate: &Candidate, own: Number) -> bool {
    (candidate.media_type, candidate.tmdb_id) == own
}

fn confirmed(entry: &ListItem, found: &Candidate, source: IdSource, is_only: bool) -> Identified {
    let how = if is_only {
        format!("{source} look-up")
    } else {
        format!("{source} look-up: of the titles with this id {OWN_ID} says which")
    };
    Identified::Matched {
        media_type: found.media_type,
        tmdb_id: found.tmdb_id,
        title: if found.title.is_empty() {
            entry.title.clone()
        } else {
            found.title.clone()
        },
        year: found.year.or(entry.year),
        how,
    }
}

fn matched(entry: &ListItem, (media_type, tmdb_id): Number, how: String) -> Identified {
    Identified::Matched {
        media_type,
        tmdb_id,
        title: entry.title.clone(),
        year: entry.year,
        how,
    }
}

/// The id is another title. What the number is called is asked too: a person needs both names.
async fn contradicted<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    (source, id, candidates): (IdSource, &str, &[Candidate]),
) -> Result<Identified, TargetError> {
    let name = match target.details(own.0, own.1).await {
        Ok(details) => named_by_details(&details),
        Err(error) if error.ends_the_run() => return Err(error),
        // A title without its name, or a number that TMDB does not have.
        Err(_) => None,
    };
    let mut claims = vec![Claim {
        id: OWN_ID.to_owned(),
        known_by: String::new(),
        media_type: Some(own.0),
        tmdb_id: own.1,
        name,
    }];
    claims.extend(candidates.iter().map(|one| Claim {
        id: shown(source, id),
        known_by: format!("{source} look-up"),
        media_type: Some(one.media_type),
        tmdb_id: one.tmdb_id,
        name: Some((one.title.clone(), one.year)),
    }));
    Ok(between(entry, &claims))
}

/// The number is known under a title that is nothing like the entry's: TMDB says what it is.
async fn by_title<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    probe: &UpstreamProbe,
) -> Result<Identified, TargetError> {
    let began = Instant::now();
    let details = match target.details(own.0, own.1).await {
        Ok(details) => details,
        Err(error) if error.ends_the_run() => return Err(error),
        Err(_) => {
            // TMDB is away, or has no such number, which the request will tell.
            probe.answers_since(target, began).await?;
            return Ok(matched(entry, own, OWN_ID.to_owned()));
        }
    };
    let doubt = against(target, entry, own, &details, (false, probe)).await?;
    Ok(doubt.map_or_else(
        || Identified::Matched {
            media_type: own.0,
            tmdb_id: own.1,
            title: details.title,
            year: details.year,
            how: OWN_ID.to_owned(),
        },
        |doubt| doubt.identified,
    ))
}
