//! What can be said of an entry before anybody is asked: a person's choice first, then what its ids mean
//! together. Pure.

use schema::models::{IdSource, ListItem, Pin};

use super::{
    Identified,
    contradiction::{Called, Claim, between, is_nothing_like, may_differ},
    ids::{OWN_ID, shown},
    ids_of,
    map::{IdMap, Meaning},
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
pub(crate) fn first_step(entry: &ListItem, keys: &[String], map: &IdMap) -> Step {
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
    let titles: Vec<&str> = std::iter::once(entry.title.as_str())
        .chain(entry.original_title.as_deref())
        .collect();
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
mod tests {
    use MediaType::{Movie, Tv};
    use schema::models::MediaType;

    use super::{super::ask::tests::item, *};

    fn map(ids: &[(IdSource, &str, MediaType, i64, &str)]) -> IdMap {
        let mut map = IdMap::default();
        for (source, id, media_type, tmdb_id, known_by) in ids {
            let meaning = Meaning {
                media_type: *media_type,
                tmdb_id: *tmdb_id,
                known_by: (*known_by).into(),
            };
            map.add_id((*source, (*id).into()), meaning);
        }
        map
    }

    /// `movie 603 by …`, `review: …` or `ask`.
    fn told(entry: &ListItem, map: &IdMap) -> String {
        match first_step(entry, &[], map) {
            Step::Ask => "ask".into(),
            Step::Done(Identified::Matched {
                media_type,
                tmdb_id,
                how,
                ..
            }) => format!("{media_type} {tmdb_id} by {how}"),
            Step::Done(Identified::NeedsReview { why, candidates }) => {
                format!("review of {}: {why}", candidates.len())
            }
            Step::Done(other) => format!("{other:?}"),
        }
    }

    fn matrix(number: Option<i64>, imdb_id: Option<&str>, of_tvdb: Option<i64>) -> ListItem {
        ListItem {
            tmdb_id: number,
            imdb_id: imdb_id.map(str::to_owned),
            tvdb_id: of_tvdb,
            ..item("The Matrix", 1999, Movie)
        }
    }

    #[test]
    fn what_is_known_costs_nothing() {
        let map = map(&[(IdSource::Imdb, "tt0133093", Movie, 603, "imdb look-up")]);
        let by_number = matrix(Some(603), None, None);
        assert_eq!(told(&by_number, &map), "movie 603 by the entry's TMDB id");
        for kind in [None, Some(Movie), Some(Tv)] {
            let by_imdb = ListItem {
                media_type: kind,
                ..matrix(None, Some("imdb://tt0133093"), None)
            };
            assert_eq!(
                told(&by_imdb, &map),
                "movie 603 by tt0133093, known by imdb look-up"
            );
        }
        assert_eq!(told(&matrix(None, Some("tt9"), None), &map), "ask");
        assert_eq!(told(&matrix(None, None, None), &map), "ask");
    }

    #[test]
    fn a_tvdb_number_and_one_of_trakt_are_known_for_their_type_only() {
        let map = map(&[
            (IdSource::Tvdb, "81189", Tv, 1396, "the entry's TMDB id"),
            (IdSource::Trakt, "1388", Tv, 1396, "the entry's TMDB id"),
        ]);
        let entry = |tvdb_id, trakt_id, kind: Option<MediaType>| ListItem {
            tvdb_id,
            trakt_id,
            ..item("Breaking Bad", 2008, kind)
        };
        for (tvdb_id, trakt_id, id) in [
            (Some(81_189), None, "TVDB's 81189"),
            (None, Some(1388), "Trakt's 1388"),
        ] {
            assert_eq!(
                told(&entry(tvdb_id, trakt_id, Some(Tv)), &map),
                format!("tv 1396 by {id}, known by the entry's TMDB id")
            );
            assert_eq!(told(&entry(tvdb_id, trakt_id, Some(Movie)), &map), "ask");
            assert_eq!(told(&entry(tvdb_id, trakt_id, None), &map), "ask");
        }
    }

    #[test]
    fn what_a_site_calls_a_film_is_known_on_every_list() {
        let map = map(&[(
            IdSource::Letterboxd,
            "the-matrix",
            Movie,
            603,
            "the entry, found by imdb look-up",
        )]);
        let entry = ListItem {
            entry_key: "source:letterboxd:the-matrix".into(),
            ..item("The Matrix", 1999, None)
        };
        assert_eq!(
            told(&entry, &map),
            "movie 603 by Letterboxd's the-matrix, known by imdb look-up"
        );
    }

    #[test]
    fn ids_that_mean_different_titles_are_left_to_a_person() {
        let map = map(&[
            (IdSource::Imdb, "tt1", Movie, 603, "imdb look-up"),
            (IdSource::Tvdb, "9", Movie, 604, "the entry's TMDB id"),
            (IdSource::Imdb, "tt2", Tv, 550, "imdb look-up"),
        ]);
        let divided = "review of 2: its ids mean different titles: ";
        for (entry, between) in [
            (
                matrix(None, Some("tt1"), Some(9)),
                "tt1 is movie 603, known by imdb look-up; TVDB's 9 is movie 604, known by the entry's \
                 TMDB id",
            ),
            (
                matrix(Some(605), Some("tt1"), None),
                "the entry's TMDB id is movie 605; tt1 is movie 603, known by imdb look-up",
            ),
            (
                matrix(Some(550), Some("tt2"), None),
                "the entry's TMDB id is movie 550; tt2 is show 550, known by imdb look-up",
            ),
        ] {
            assert_eq!(told(&entry, &map), format!("{divided}{between}"));
        }
        // Without a type the number agrees with either, and with no other number.
        let untyped = |tmdb_id| ListItem {
            media_type: None,
            ..matrix(Some(tmdb_id), Some("tt2"), None)
        };
        assert_eq!(
            told(&untyped(550), &map),
            "tv 550 by tt2, known by imdb look-up"
        );
        assert_eq!(
            told(&untyped(551), &map),
            "review of 1: its ids mean different titles: the entry's TMDB id is TMDB's 551; tt2 is show \
             550, known by imdb look-up"
        );
    }

    #[test]
    fn an_id_beside_a_title_search_beats_no_id_of_the_entry() {
        let search = "title search: title equal";
        let map = map(&[
            (IdSource::Imdb, "tt1", Movie, 603, search),
            (IdSource::Tvdb, "9", Movie, 604, "the entry's TMDB id"),
            (IdSource::Imdb, "tt2", Movie, 604, search),
            (IdSource::Letterboxd, "the-matrix", Movie, 605, search),
        ]);
        assert_eq!(
            told(&matrix(None, Some("tt1"), Some(9)), &map),
            "movie 604 by TVDB's 9, known by the entry's TMDB id"
        );
        assert_eq!(
            told(&matrix(Some(604), Some("tt1"), None), &map),
            "movie 604 by the entry's TMDB id"
        );
        // A guess is good enough only where every id has been asked about.
        assert_eq!(told(&matrix(None, Some("tt1"), Some(10)), &map), "ask");
        assert_eq!(
            told(&matrix(None, Some("tt1"), None), &map),
            "movie 603 by tt1, known by title search: title equal"
        );
        let named = ListItem {
            entry_key: "source:letterboxd:the-matrix".into(),
            ..matrix(None, Some("tt1"), None)
        };
        assert_eq!(told(&named, &map), "ask", "two guesses that differ");
    }

    #[test]
    fn a_known_title_that_is_nothing_like_the_entry_is_asked_about_again() {
        let mut map = map(&[(IdSource::Imdb, "tt1", Movie, 603, "imdb look-up")]);
        map.names
            .insert((Movie, 603), ("Paper Moon".into(), Some(1973)));
        assert_eq!(told(&matrix(None, Some("tt1"), None), &map), "ask");
        let near = ListItem {
            year: Some(1974),
            ..matrix(None, Some("tt1"), None)
        };
        assert_eq!(told(&near, &map), "movie 603 by tt1, known by imdb look-up");
    }

    #[test]
    fn an_id_that_only_a_list_told_is_asked_about_where_title_or_year_differ() {
        let mut map = map(&[(IdSource::Imdb, "tt1", Movie, 603, "the entry's TMDB id")]);
        let entry = matrix(None, Some("tt1"), None);
        let mut known_as = |title: &str, year| {
            map.names.insert((Movie, 603), (title.into(), year));
            told(&entry, &map)
        };
        let known = "movie 603 by tt1, known by the entry's TMDB id";
        assert_eq!(known_as("Matrix", Some(2001)), known);
        assert_eq!(known_as("The Matrix", None), known);
        assert_eq!(known_as("Paper Moon", Some(1999)), "ask");
        assert_eq!(known_as("The Matrix", Some(1993)), "ask");
    }

    #[test]
    fn a_movie_that_only_a_list_or_a_search_told_is_no_show_before_it_was_asked_about() {
        let show = ListItem {
            media_type: Some(Tv),
            ..matrix(None, Some("tt1"), None)
        };
        for known_by in ["the entry's TMDB id", "title search: title equal"] {
            let map = map(&[(IdSource::Imdb, "tt1", Movie, 603, known_by)]);
            assert_eq!(told(&show, &map), "ask", "{known_by}");
        }
        let map = map(&[(IdSource::Imdb, "tt1", Movie, 603, "imdb look-up")]);
        assert_eq!(told(&show, &map), "movie 603 by tt1, known by imdb look-up");
    }

    #[test]
    fn what_a_person_picked_counts_more_than_any_id() {
        let pin = |title: Option<(MediaType, i64)>| Pin {
            id: 1,
            entry_title: "The Matrix".into(),
            entry_year: Some(1999),
            entry_type: Some(Movie),
            media_type: title.map(|(media_type, _)| media_type),
            tmdb_id: title.map(|(_, tmdb_id)| tmdb_id),
            title: title.map(|_| "Another".into()),
            year: None,
            created_at: chrono::DateTime::UNIX_EPOCH.naive_utc(),
        };
        let entry = matrix(Some(603), Some("tt1"), None);
        let step = |pin: Pin| {
            let mut map = IdMap::default();
            map.pins.add(pin, &["imdb:tt1"]);
            first_step(&entry, &["imdb:tt1".into(), "tmdb:movie:603".into()], &map)
        };
        let Step::Done(Identified::Matched {
            media_type,
            tmdb_id,
            title,
            year,
            how,
        }) = step(pin(Some((Tv, 7))))
        else {
            panic!("not matched");
        };
        assert_eq!((media_type, tmdb_id, year), (Tv, 7, Some(1999)));
        assert_eq!((title.as_str(), how.as_str()), ("Another", PICKED));
        let none = step(pin(None));
        assert!(matches!(none, Step::Done(Identified::RuledOut { .. })));
    }
}
