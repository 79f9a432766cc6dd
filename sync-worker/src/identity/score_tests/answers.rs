//! Tests of the verdict: what is answered, whatever is asked.

use super::*;

#[test]
fn equal_title_and_year_is_certain() {
    let candidates = [
        found(Movie, 603, "The Matrix", 1999),
        found(Movie, 604, "The Matrix Reloaded", 2003),
    ];
    assert_eq!(
        told(&wanted("Matrix, The", 1999, Movie), &candidates),
        "603: title equal, year equal"
    );
}

#[test]
fn popularity_decides_nothing() {
    let mut dunes = [
        found(Movie, 438_631, "Dune", 2021),
        found(Movie, 841, "Dune", 1984),
    ];
    dunes[0].popularity = 10_000.0;
    assert!(told(&wanted("Dune", None, Movie), &dunes).starts_with("2? "));
    assert_eq!(
        told(&wanted("Dune", 1984, Movie), &dunes),
        "841: title equal, year equal"
    );
}

#[test]
fn nothing_found_is_none() {
    assert_eq!(
        told(&wanted("Xyzzy", 2000, Movie), &[]),
        "none: nothing found"
    );
    assert!(told(&wanted("", None, None), &[found(Movie, 1, "", None)]).starts_with("none: "));
}

#[test]
fn many_fits_are_named_in_part() {
    let many: Vec<Candidate> = (1..=8).map(|id| found(Movie, id, "Hamlet", 1900)).collect();
    assert!(told(&wanted("Hamlet", 1900, Movie), &many).ends_with("; and 3 more"));
}

#[test]
fn a_person_picks_from_at_most_ten_the_likeliest_and_most_popular_first() {
    let mut many: Vec<Candidate> = (1..=12)
        .map(|id| found(Movie, id, "Hamlet", 1990))
        .collect();
    many[11].popularity = 50.0;
    many.push(found(Movie, 20, "Hamlet", 1948));
    let Verdict::Plausible(fits, _) = judge(&wanted("Hamlet", 1990, Movie), &many) else {
        panic!("not plausible")
    };
    assert_eq!(fits.len(), KEPT);
    assert_eq!(fits[0].candidate.tmdb_id, 12);
    assert_eq!(fits[0].reason, "title equal, year equal");
    assert!(fits[0].certainty < 0.1, "{}", fits[0].certainty);
}

#[test]
fn certainty_falls_with_doubt() {
    let certainty = |year: i32, title: &str| match judge(
        &wanted("The Great Escape", year, Movie),
        &[found(Movie, 1, title, 1963)],
    ) {
        Verdict::Certain(fit) => fit.certainty,
        Verdict::Plausible(fits, _) => fits[0].certainty,
        Verdict::None(_) => 0.0,
    };
    let steps = [
        certainty(1963, "The Great Escape"),
        certainty(1964, "The Great Escape"),
        certainty(1965, "The Great Escape"),
        certainty(1990, "The Great Escape"),
        certainty(1963, "Nothing of the Kind"),
    ];
    assert!(steps.is_sorted_by(|one, other| one > other), "{steps:?}");
    assert!(steps[1] >= 0.9 && steps[2] < 0.9, "{steps:?}");
}

#[test]
fn huge_titles_and_many_candidates_do_no_harm() {
    let long = "The Long ".repeat(100_000 / 9);
    let mut many: Vec<Candidate> = (0..10_000)
        .map(|id| found(Movie, id, &format!("Hamlet {id}"), 1990))
        .collect();
    many.push(found(Movie, 20_000, &long, 1990));
    many.push(found(Movie, 20_001, "Hamlet", 1990));
    assert!(told(&wanted("Hamlet", 1990, Movie), &many).starts_with("20001: "));
    // What is not read of it may differ.
    assert!(told(&wanted(&long, 1990, Movie), &many).starts_with("1? "));
}
