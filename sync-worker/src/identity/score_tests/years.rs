//! Tests of the verdict: when the years decide, and when they leave a doubt.

use super::*;

#[test]
fn of_remakes_the_one_of_the_year_is_meant() {
    let dunes = [
        found(Movie, 438_631, "Dune", 2021),
        found(Movie, 841, "Dune", 1984),
    ];
    assert_eq!(
        told(&wanted("Dune", 1984, Movie), &dunes),
        "841: title equal, year equal"
    );
    assert_eq!(
        told(&wanted("Dune", 2021, Movie), &dunes),
        "438631: title equal, year equal"
    );
    assert!(told(&wanted("Dune", 2003, Movie), &dunes).starts_with("2? "));
    assert!(told(&wanted("Dune", None, Movie), &dunes).starts_with("2? "));
}

#[test]
fn a_year_off_by_one_is_certain_only_alone() {
    let one = [found(Movie, 1, "Coherence", 2014)];
    assert_eq!(
        told(&wanted("Coherence", 2013, Movie), &one),
        "1: title equal, year off by 1"
    );
    let both_sides = [
        found(Movie, 1, "Coherence", 2014),
        found(Movie, 2, "Coherence", 2012),
    ];
    assert!(told(&wanted("Coherence", 2013, Movie), &both_sides).starts_with("2? "));
    let and_undated = [
        found(Movie, 1, "Coherence", 2014),
        found(Movie, 2, "Coherence", None),
    ];
    assert!(told(&wanted("Coherence", 2013, Movie), &and_undated).starts_with("2? "));
    let and_far = [
        found(Movie, 1, "Coherence", 2014),
        found(Movie, 2, "Coherence", 1950),
    ];
    assert_eq!(
        told(&wanted("Coherence", 2013, Movie), &and_far),
        "1: title equal, year off by 1"
    );
    let and_equal = [
        found(Movie, 1, "Coherence", 2014),
        found(Movie, 2, "Coherence", 2013),
    ];
    assert_eq!(
        told(&wanted("Coherence", 2013, Movie), &and_equal),
        "2: title equal, year equal"
    );
}

#[test]
fn a_year_far_off_needs_a_person() {
    let candidates = [found(Movie, 1, "Solaris", 1972)];
    assert_eq!(
        told(&wanted("Solaris", 2002, Movie), &candidates),
        "1? 1 title fits, not certainly: \"Solaris\" (1972, movie 1): title equal, year off by 30"
    );
    let undated = [found(Movie, 1, "Solaris", None)];
    assert_eq!(
        told(&wanted("Solaris", 2002, Movie), &undated),
        "1? 1 title fits, not certainly: \"Solaris\" (no year, movie 1): title equal, TMDB has no year"
    );
}

#[test]
fn without_a_year_only_a_single_title_of_the_name_is_certain() {
    let candidates = [
        found(Movie, 1, "Parasite", 2019),
        found(Movie, 2, "Parasite Eve", 1997),
    ];
    assert_eq!(
        told(&wanted("Parasite", None, None), &candidates),
        "1: title equal, the list gives no year"
    );
    let with_article = [
        found(Movie, 1, "Parasite", 2019),
        found(Movie, 2, "The Parasite", 1997),
    ];
    assert!(told(&wanted("Parasite", None, None), &with_article).starts_with("2? "));
}

#[test]
fn two_titles_of_one_name_and_year_need_a_person() {
    let both = [
        found(Movie, 1, "Pinocchio", 2022),
        found(Movie, 2, "Pinocchio", 2022),
    ];
    assert_eq!(
        told(&wanted("Pinocchio", 2022, Movie), &both),
        "2? 2 titles fit: \"Pinocchio\" (2022, movie 1): title equal, year equal; \"Pinocchio\" (2022, movie 2): title equal, year equal"
    );
}

#[test]
fn a_short_or_everyday_title_needs_a_year() {
    for title in ["Up", "Heat", "The Return", "Halloween", "9"] {
        let only = [found(Movie, 1, title, 2009)];
        assert!(
            told(&wanted(title, None, Movie), &only).starts_with("1? "),
            "{title}"
        );
        assert_eq!(
            told(&wanted(title, 2009, Movie), &only),
            "1: title equal, year equal"
        );
    }
    let telling = [found(Movie, 1, "Interstellar", 2014)];
    assert!(told(&wanted("Interstellar", None, None), &telling).starts_with("1: "));
}

#[test]
fn a_year_behind_the_title_counts_where_a_candidate_has_it() {
    let dunes = [
        found(Movie, 438_631, "Dune", 2021),
        found(Movie, 841, "Dune", 1984),
    ];
    for (title, year) in [
        ("Dune 1984", None),
        ("Dune - 1984", Some(1984)),
        ("Dune (1984)", None),
    ] {
        assert_eq!(
            told(&Wanted::new(title, None, year, Some(Movie)), &dunes),
            "841: title equal, year equal"
        );
    }
    assert!(told(&wanted("Dune 1990", None, Movie), &dunes).starts_with("none: "));
    let named = [
        found(Movie, 1, "Death Race 2000", 1975),
        found(Movie, 2, "Death Race", 2000),
    ];
    assert!(told(&wanted("Death Race 2000", None, Movie), &named).starts_with("1: "));
}

#[test]
fn a_neighbouring_year_is_not_enough_beside_one_of_just_that_year() {
    let show = [
        found(Movie, 1, "Little Women", 2018),
        found(Tv, 2, "Little Women", 2017),
    ];
    assert!(told(&wanted("Little Women", 2017, Movie), &show).starts_with("2? "));
    let sequel = [
        found(Movie, 1, "Planes", 2013),
        found(Movie, 2, "Planes: Fire & Rescue", 2014),
    ];
    assert!(told(&wanted("Planes", 2014, Movie), &sequel).starts_with("2? "));
    assert!(told(&wanted("Planes", 2012, Movie), &sequel).starts_with("1: "));
}

#[test]
fn two_years_that_contradict_each_other_need_a_person() {
    let dunes = [
        found(Movie, 438_631, "Dune", 2021),
        found(Movie, 841, "Dune", 1984),
    ];
    let entry = |year: i32| Wanted::new("Dune (1984)", None, Some(year), Some(Movie));
    assert!(told(&entry(2021), &dunes).starts_with("2? "));
    assert!(told(&entry(1985), &dunes).starts_with("841: "));
}

#[test]
fn a_neighbouring_year_is_not_enough_beside_a_numbered_sequel_of_just_that_year() {
    let affairs = [
        found(Movie, 1, "Infernal Affairs", 2002),
        found(Movie, 2, "Infernal Affairs II", 2003),
    ];
    assert!(told(&wanted("Infernal Affairs", 2003, Movie), &affairs).starts_with("1? "));
    assert!(told(&wanted("Infernal Affairs", 2001, Movie), &affairs).starts_with("1: "));
}
