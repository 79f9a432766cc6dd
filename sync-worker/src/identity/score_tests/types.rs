//! Tests of the verdict: films against shows.

use super::*;

#[test]
fn a_movie_is_not_the_show_of_the_same_name() {
    let both = [
        found(Tv, 1, "Fargo", 2014),
        found(Movie, 275, "Fargo", 1996),
    ];
    assert_eq!(
        told(&wanted("Fargo", 1996, Movie), &both),
        "275: title equal, year equal"
    );
    assert_eq!(
        told(&wanted("Fargo", 2014, Tv), &both),
        "1: title equal, year equal"
    );
    assert_eq!(
        told(&wanted("Fargo", None, Tv), &both),
        "2? 2 titles fit: \"Fargo\" (2014, show 1): title equal, the list gives no year; \"Fargo\" (1996, movie 275): title equal, the list gives no year, but it is a movie"
    );
    assert!(told(&wanted("Fargo", None, None), &both).starts_with("2? "));
    assert_eq!(
        told(&wanted("Fargo", 2014, Movie), &both[..1]),
        "1? 1 title fits, not certainly: \"Fargo\" (2014, show 1): title equal, year equal, but it is a show"
    );
}

#[test]
fn a_movie_and_a_show_of_one_name_and_year_need_a_person_unless_the_list_tells() {
    let both = [found(Tv, 1, "Dark", 2017), found(Movie, 2, "Dark", 2017)];
    assert!(told(&wanted("Dark", 2017, None), &both).starts_with("2? "));
    assert_eq!(
        told(&wanted("Dark", 2017, Tv), &both),
        "1: title equal, year equal"
    );
}
