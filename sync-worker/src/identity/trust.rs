//! How far an id in the map can be believed, by how it came to be known. Pure.
//!
//! An id that was merely found beside a title somebody searched for is a guess: an id that a list tells,
//! or that TMDB itself tells, is better evidence, and the guess in the map is corrected by it. What a
//! list tells never corrects what another list or TMDB told: then the two contradict each other, and a
//! person has to say.

/// Weaker evidence is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// A title search found the title.
    Guess,
    /// A list told this id together with another.
    Told,
    /// TMDB said that the id is the title's.
    LookedUp,
}

/// How the ids in the details of a title are known.
pub(super) const DETAILS: &str = "TMDB's details";

/// How an id is known that TMDB gives to several titles of one type: it means none of them alone.
pub(super) const SHARED: &str = "TMDB's details, of several titles";

/// How an id is known that a person's choice led to; such ids are not kept in the map, so that taking
/// the choice back takes everything back.
pub(crate) const PICKED: &str = "picked by a person";

/// The reason of an entry that a person said is none of TMDB's titles.
pub(crate) const RULED_OUT: &str = "a person said it is none of TMDB's titles";

/// What `known_by` of a row in the map, or the reason of a match, is worth.
pub(super) fn trust(known_by: &str) -> Trust {
    let is_answer = ["imdb look-up", "tvdb look-up", DETAILS]
        .iter()
        .any(|answer| known_by.starts_with(answer));
    if known_by.contains("title search") {
        Trust::Guess
    } else if is_answer {
        Trust::LookedUp
    } else {
        Trust::Told
    }
}

/// Whether TMDB itself said so, and not a list or a search; and said it of this title alone.
pub(crate) fn is_of_tmdb(known_by: &str) -> bool {
    known_by != SHARED && trust(known_by) == Trust::LookedUp
}

/// Whether TMDB, asked what an id is, named one title only.
pub(super) fn is_only_answer(known_by: &str) -> bool {
    known_by.contains(" look-up") && trust(known_by) == Trust::LookedUp && !known_by.contains(": ")
}

/// How the match of an entry began, whatever ids led from there to here: `imdb look-up` of
/// `the entry, found by tt0133093, known by imdb look-up`.
pub(super) fn beginning(known_by: &str) -> &str {
    ["known by ", "found by "]
        .iter()
        .filter_map(|link| known_by.rfind(link).map(|at| at + link.len()))
        .max()
        .and_then(|at| known_by.get(at..))
        .unwrap_or(known_by)
}

/// How an id of an entry is known that was matched as `how` says. `is_asked` tells whether it is the
/// very id that was looked up; the others are the list's word.
pub(super) fn beside(how: &str, is_asked: bool) -> String {
    if is_asked || trust(how) != Trust::LookedUp {
        return how.to_owned();
    }
    format!("the entry, found by {how}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tmdb_says_is_worth_more_than_what_a_list_says_and_a_search_least() {
        let worth: Vec<Trust> = [
            "title search: title equal, year equal",
            "TMDB does not know tt9; title search: title equal, year equal",
            "tt9, known by title search: title equal",
            "the entry's TMDB id",
            "the entry, found by imdb look-up",
            "tt9, known by imdb look-up",
            "imdb look-up, a movie there and a show on the list",
            "tvdb look-up",
            DETAILS,
        ]
        .map(trust)
        .to_vec();
        let (guess, told, looked_up) = (Trust::Guess, Trust::Told, Trust::LookedUp);
        assert!(guess < told && told < looked_up);
        assert_eq!(worth[..3], [guess; 3]);
        assert_eq!(worth[3..6], [told; 3]);
        assert_eq!(worth[6..], [looked_up; 3]);
    }

    #[test]
    fn an_id_beside_the_one_that_was_looked_up_is_the_lists_word() {
        assert_eq!(beside("imdb look-up", true), "imdb look-up");
        assert_eq!(
            beside("imdb look-up", false),
            "the entry, found by imdb look-up"
        );
        assert_eq!(beside("the entry's TMDB id", false), "the entry's TMDB id");
    }

    #[test]
    fn a_chain_of_ids_is_told_by_its_beginning() {
        for (known_by, begins) in [
            ("imdb look-up", "imdb look-up"),
            ("the entry, found by imdb look-up", "imdb look-up"),
            (
                "tt1, known by the entry, found by tvdb look-up",
                "tvdb look-up",
            ),
        ] {
            assert_eq!(beginning(known_by), begins);
        }
    }
}
