//! Tests of [`super`]: what is believed without asking, and what is asked.

use MediaType::{Movie, Tv};

use super::{super::sample::item, *};

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
    told_of(entry, map, true)
}

fn told_of(entry: &ListItem, map: &IdMap, is_vouched: bool) -> String {
    match first_step(entry, &[], map, is_vouched) {
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
fn ids_that_nobody_vouches_for_are_believed_once_tmdb_has_confirmed_one() {
    let pair = matrix(Some(603), Some("tt1"), None);
    let by = |known_by| map(&[(IdSource::Imdb, "tt1", Movie, 603, known_by)]);
    let known = "movie 603 by the entry's TMDB id";
    for (map, told) in [
        (IdMap::default(), "ask"),
        (by("the entry's TMDB id"), "ask"),
        (by("title search: title equal"), "ask"),
        (by("imdb look-up"), known),
        (by("TMDB's details"), known),
    ] {
        assert_eq!(told_of(&pair, &map, false), told);
        assert_eq!(told_of(&pair, &map, true), known);
    }
    let map = IdMap::default();
    for alone in [
        matrix(Some(603), None, None),
        matrix(Some(603), None, Some(9)), // TVDB's numbers of movies lead nowhere
    ] {
        assert_eq!(told_of(&alone, &map, false), known);
    }
}

#[test]
fn a_number_that_is_known_as_another_title_is_asked_about_unless_vouched_for() {
    let mut map = IdMap::default();
    map.names
        .insert((Movie, 603), ("Paper Moon".into(), Some(1973)));
    let entry = matrix(Some(603), None, None);
    let known = "movie 603 by the entry's TMDB id";
    assert_eq!(told_of(&entry, &map, false), "ask");
    assert_eq!(told_of(&entry, &map, true), known);
    let translated = ListItem {
        title: "Luna de papel".into(),
        year: Some(1973),
        ..entry
    };
    assert_eq!(told_of(&translated, &map, false), known);
}

#[test]
fn an_id_that_tmdb_gives_to_several_titles_means_none_of_them() {
    let shared = "TMDB's details, of several titles";
    let map = map(&[(IdSource::Tvdb, "9", Tv, 7, shared)]);
    let of = |tmdb_id| ListItem {
        tmdb_id,
        tvdb_id: Some(9),
        ..item("The Lamp", 2001, Tv)
    };
    assert_eq!(told(&of(None), &map), "ask");
    assert_eq!(told(&of(Some(8)), &map), "tv 8 by the entry's TMDB id");
    assert_eq!(told_of(&of(Some(8)), &map, false), "ask");
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
        let keys = ["imdb:tt1".into(), "tmdb:movie:603".into()];
        first_step(&entry, &keys, &map, false)
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
