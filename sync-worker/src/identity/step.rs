//! What can be said of an entry before anybody is asked: a person's choice first, then what its ids mean
//! together. Pure.

use schema::models::{IdSource, ListItem, MediaType, Pin};

use super::{
    Identified,
    contradiction::{Called, Claim, between, is_nothing_like, may_differ},
    ids::{OWN_ID, shown},
    ids_of,
    map::{IdMap, Meaning, Name},
    tmdb_id,
    trust::{PICKED, RULED_OUT, Trust, beginning, trust},
};

/// The first thing to do for an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing but storing this.
    Done(Identified),
    /// To ask the target: look-ups by id, then a title search.
    Ask,
}

/// What to do first for an entry. `keys` are those it is recognised by.
///
/// The ids of the entry are believed only together. Those that are merely guessed (see
/// [`super::trust`]) give way to better ones, and to a look-up where there is an id nobody asked about
/// yet. An id whose known title is nothing like the entry is asked about again: the target knows more of
/// the title's names than we do. So is one that TMDB never confirmed, as soon as title or year differ: one
/// list that has an id wrong must not mislead the others.
///
/// Where nobody vouches for the ids of the entry, TMDB's number beside another id is believed once TMDB has
/// said that both are one title, and not under a title that is nothing like the one known for it.
pub(crate) fn first_step(entry: &ListItem, keys: &[String], map: &IdMap, is_vouched: bool) -> Step {
    if let Some(pin) = map.pin(keys) {
        return Step::Done(picked(pin, entry));
    }
    let claims = claims(entry, map);
    let Some(best) = claims.iter().map(|(trust, _)| *trust).max() else {
        return Step::Ask;
    };
    // What a list tells and what TMDB told are to agree; guesses only where there is nothing else.
    let believed: Vec<Claim> = claims
        .into_iter()
        .filter(|(trust, _)| *trust > Trust::Guess || best == Trust::Guess)
        .map(|(_, claim)| claim)
        .collect();
    let is_divided = believed
        .iter()
        .any(|one| believed.iter().any(|other| one.excludes(other)));
    if is_divided && best > Trust::Guess {
        return Step::Done(between(entry, &believed));
    }
    if is_divided || best == Trust::Guess && has_unknown_id(entry, map) {
        return Step::Ask;
    }
    match believed.iter().find(|claim| claim.media_type.is_some()) {
        Some(claim) if !is_vouched && is_unproved(entry, claim, map) => Step::Ask,
        Some(claim) if !is_doubtful(entry, best, claim) => matched(entry, claim),
        _ => Step::Ask,
    }
}

fn picked(pin: &Pin, entry: &ListItem) -> Identified {
    match (pin.media_type, pin.tmdb_id) {
        (Some(media_type), Some(tmdb_id)) => Identified::Matched {
            media_type,
            tmdb_id,
            title: pin.title.clone().unwrap_or_else(|| entry.title.clone()),
            year: pin.year.or(entry.year),
            how: PICKED.to_owned(),
        },
        _ => Identified::RuledOut {
            why: RULED_OUT.to_owned(),
        },
    }
}

/// What each id means, with what that is worth; the entry's own number of TMDB first.
fn claims(entry: &ListItem, map: &IdMap) -> Vec<(Trust, Claim)> {
    let own = tmdb_id(entry).map(|tmdb_id| {
        let name = entry.media_type.and_then(|kind| map.name(kind, tmdb_id));
        let claim = Claim {
            id: OWN_ID.to_owned(),
            known_by: String::new(),
            media_type: entry.media_type,
            tmdb_id,
            name: name.cloned(),
        };
        (Trust::Told, claim)
    });
    let of_ids = ids_of(entry).into_iter().filter_map(|id| {
        let meaning = map.find(&id, entry.media_type)?;
        Some(claim(shown(id.0, &id.1), meaning, map))
    });
    let mut claims: Vec<_> = own.into_iter().chain(of_ids).collect();
    // An id of its own tells more of an entry than another one like it.
    if claims.is_empty() && !has_unknown_id(entry, map) {
        let alike = map.alike(&entry.entry_key);
        claims.extend(alike.map(|meaning| claim("the same entry".to_owned(), meaning, map)));
    }
    claims
}

fn claim(id: String, meaning: &Meaning, map: &IdMap) -> (Trust, Claim) {
    let claim = Claim {
        id,
        known_by: beginning(&meaning.known_by).to_owned(),
        media_type: Some(meaning.media_type),
        tmdb_id: meaning.tmdb_id,
        name: map.name(meaning.media_type, meaning.tmdb_id).cloned(),
    };
    (trust(&meaning.known_by), claim)
}

/// Whether the entry has an id that can be looked up and that nobody has asked about.
fn has_unknown_id(entry: &ListItem, map: &IdMap) -> bool {
    ids_of(entry).iter().any(|id| {
        matches!(id.0, IdSource::Imdb | IdSource::Tvdb) && map.find(id, entry.media_type).is_none()
    })
}

/// Whether TMDB's number of an entry stands beside an id, and TMDB has said of none that it is the same
/// title; or alone, and is known as a title that is nothing like the entry.
fn is_unproved(entry: &ListItem, claim: &Claim, map: &IdMap) -> bool {
    if tmdb_id(entry).is_none() || entry.media_type.is_none() {
        return false;
    }
    let mut others = ids_of(entry)
        .into_iter()
        .filter(|(source, _)| match source {
            IdSource::Imdb => true,
            // Those of movies are not TMDB's to look up.
            IdSource::Tvdb => entry.media_type == Some(MediaType::Tv),
            _ => false,
        });
    let is_proved = |id| {
        map.find(&id, entry.media_type)
            .is_some_and(|meaning| trust(&meaning.known_by) == Trust::LookedUp)
    };
    let Some(first) = others.next() else {
        return claim.name.as_ref().is_some_and(|name| differs(entry, name));
    };
    !is_proved(first) && !others.any(is_proved)
}

fn differs(entry: &ListItem, (name, year): &Name) -> bool {
    let (titles, name) = (called(entry), [name.as_str()]);
    is_nothing_like(
        Called {
            titles: &titles,
            year: entry.year.filter(|_| entry.season.is_none()),
        },
        Called {
            titles: &name,
            year: *year,
        },
    )
}

fn called(entry: &ListItem) -> Vec<&str> {
    std::iter::once(entry.title.as_str())
        .chain(entry.original_title.as_deref())
        .collect()
}

/// Whether an entry with an id that can be looked up was led to a title that is nothing like it, or, where
/// TMDB has not said so, that may be another one; as far as the title's name is known.
fn is_doubtful(entry: &ListItem, best: Trust, claim: &Claim) -> bool {
    let can_ask = tmdb_id(entry).is_none() && (entry.imdb_id.is_some() || entry.tvdb_id.is_some());
    let types = entry.media_type.zip(claim.media_type);
    if best < Trust::LookedUp && types.is_some_and(|(one, other)| one != other) {
        return can_ask || best == Trust::Guess;
    }
    let Some((name, year)) = &claim.name else {
        return false;
    };
    let titles = called(entry);
    let of_entry = Called {
        titles: &titles,
        year: entry.year,
    };
    let there = Called {
        titles: &[name],
        year: *year,
    };
    can_ask
        && match best {
            Trust::LookedUp => is_nothing_like(of_entry, there),
            Trust::Guess | Trust::Told => may_differ(of_entry, there),
        }
}

fn matched(entry: &ListItem, claim: &Claim) -> Step {
    let Some(media_type) = claim.media_type else {
        return Step::Ask;
    };
    let (title, year) = claim
        .name
        .clone()
        .unwrap_or_else(|| (entry.title.clone(), entry.year));
    let how = match claim.known_by.as_str() {
        "" => claim.id.clone(),
        known_by => format!("{}, known by {known_by}", claim.id),
    };
    Step::Done(Identified::Matched {
        media_type,
        tmdb_id: claim.tmdb_id,
        title,
        year,
        how,
    })
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
