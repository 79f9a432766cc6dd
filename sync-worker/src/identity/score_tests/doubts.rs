//! Tests of the verdict: titles that are nearly the same.

use super::*;

#[test]
fn a_longer_title_is_not_the_shorter_one() {
    let longer = [found(Movie, 9, "Her Private Hell", 2013)];
    assert_eq!(
        told(&wanted("Her", 2013, Movie), &longer),
        "none: best of 1 found: \"Her Private Hell\" (2013, movie 9): title different, year equal"
    );
    let both = [longer[0].clone(), found(Movie, 152_601, "Her", 2013)];
    assert_eq!(
        told(&wanted("Her", 2013, Movie), &both),
        "152601: title equal, year equal"
    );
}

#[test]
fn alike_is_plausible_and_never_certain() {
    let candidates = [found(Movie, 1, "Star Trek Into Darkness", 2013)];
    assert_eq!(
        told(&wanted("Star Trek In Darkness", 2013, Movie), &candidates),
        "1? 1 title fits, not certainly: \"Star Trek Into Darkness\" (2013, movie 1): title has 80 % of its words in common, year equal"
    );
    assert!(told(&wanted("Star Trek In Darkness", 2010, Movie), &candidates).starts_with("none: "));
    let longer = [found(
        Movie,
        1,
        "Birds of Prey (and the Fantabulous Emancipation of One Harley Quinn)",
        2020,
    )];
    assert!(told(&wanted("Birds of Prey", 2020, Movie), &longer).starts_with("1? "));
    assert!(told(&wanted("Birds of Prey", 2002, Movie), &longer).starts_with("none: "));
}

#[test]
fn one_that_everybody_knows_raises_a_doubt_about_a_namesake_of_its_subtitle() {
    let mut known = found(Movie, 1, "Mission: Impossible - Fallout", 2018);
    known.popularity = 100.0;
    let fallout = found(Movie, 2, "Fallout", 2018);
    let entry = wanted("Fallout", 2018, Movie);
    let both = [known.clone(), fallout.clone()];
    assert!(told(&entry, &both).starts_with("2? "));
    for other in [
        // Not so much better known, of another year, or not for sale as a film.
        Candidate {
            popularity: 6.0,
            ..known.clone()
        },
        Candidate {
            year: Some(2017),
            ..known.clone()
        },
        Candidate {
            media_type: Tv,
            ..known
        },
    ] {
        let told = told(&entry, &[other, fallout.clone()]);
        assert_eq!(told, "2: title equal, year equal");
    }
}
