//! Tests of the verdict: original titles and what a title is called besides.

use super::*;

#[test]
fn the_original_title_counts_as_the_title() {
    let mut away = found(Movie, 129, "Spirited Away", 2001);
    away.original_title = Some("千と千尋の神隠し".into());
    assert_eq!(
        told(&wanted("千と千尋の神隠し", 2001, Movie), &[away.clone()]),
        "129: original title equal, year equal"
    );
    let mut entry = wanted("Chihiros Reise ins Zauberland", 2001, Movie);
    entry.original_title = Some("千と千尋の神隠し".into());
    assert_eq!(
        told(&entry, &[away]),
        "129: original title equal, year equal"
    );
}

#[test]
fn the_original_title_tells_two_of_one_title_apart() {
    let mut mothers = [
        found(Movie, 1, "Mother", 2009),
        found(Movie, 2, "Mother", 2017),
    ];
    mothers[0].original_title = Some("마더".into());
    let entry = |year: Option<i32>| Wanted {
        original_title: Some("마더".into()),
        ..wanted("Mother", year, Movie)
    };
    assert!(told(&entry(None), &mothers).starts_with("1: "));
    assert!(told(&entry(Some(2009)), &mothers).starts_with("1: "));
    // Title and year say one thing, the original title another.
    assert!(told(&entry(Some(2017)), &mothers).starts_with("2? "));
}

#[test]
fn a_title_that_only_sounds_like_the_original_proves_nothing_more() {
    let entry = Wanted {
        original_title: Some("Солярис".into()),
        ..wanted("Solaris", None, Movie)
    };
    let remake = [found(Movie, 2, "Solaris", 2002)];
    assert!(told(&entry, &remake).starts_with("1? "));
    let mut first = found(Movie, 1, "Solaris", 1972);
    first.original_title = Some("Солярис".into());
    assert!(told(&entry, &[remake[0].clone(), first]).starts_with("1: "));
}

#[test]
fn a_name_in_a_bracket_is_believed_beside_the_name_before_it() {
    let mut away = found(Movie, 129, "Spirited Away", 2001);
    away.alternative_titles = vec!["Sen to Chihiro no Kamikakushi".into()];
    for title in [
        "Spirited Away (Sen to Chihiro no Kamikakushi)",
        "Sen to Chihiro no Kamikakushi / Spirited Away",
    ] {
        let told = told(&wanted(title, 2001, Movie), std::slice::from_ref(&away));
        assert!(told.starts_with("129: "), "{told}");
    }
    let pilot = [found(Tv, 1, "Pilot", 2008)];
    assert!(told(&wanted("Episode One (Pilot)", 2008, Tv), &pilot).starts_with("1? "));
    let hell = [found(Movie, 1, "Hell", 2001)];
    assert!(told(&wanted("Spirited Away (Hell)", 2001, Movie), &hell).starts_with("1? "));
}

#[test]
fn another_name_is_the_title_unless_one_of_about_that_year_has_it_as_its_own() {
    let mut raid = found(Movie, 94_329, "Serbuan Maut", 2011);
    raid.alternative_titles = vec!["The Raid".into()];
    let near = found(Movie, 2, "The Raid", 2012);
    let far = found(Movie, 3, "The Raid", 1954);
    let entry = wanted("The Raid", 2011, Movie);
    assert_eq!(
        told(&entry, &[raid.clone(), far]),
        "94329: another of its titles equal, year equal"
    );
    assert!(told(&entry, &[raid, near]).starts_with("2? "));
}

#[test]
fn what_a_title_is_called_besides_is_doubted_beside_a_known_one_of_the_year() {
    let mut spanish = found(Movie, 1, "Blancanieves", 2012);
    spanish.alternative_titles = vec!["Snow White".into()];
    let mut known = found(Movie, 2, "Snow White and the Huntsman", 2012);
    let entry = wanted("Snow White", 2012, Movie);
    let besides = "1: another of its titles equal, year equal";
    assert_eq!(told(&entry, &[spanish.clone(), known.clone()]), besides);
    known.popularity = 9.0;
    assert!(told(&entry, &[spanish, known]).starts_with("2? "));
}

#[test]
fn without_a_year_what_it_is_called_besides_is_doubted_beside_a_better_known_one() {
    let mut show = found(Tv, 1, "It", 1990);
    show.original_title = Some("Stephen King's It".into());
    let mut film = found(Movie, 2, "It", 2017);
    let entry = wanted("Stephen King's It", None, None);
    let both = [show.clone(), film.clone()];
    assert!(told(&entry, &both).starts_with("1: "));
    film.popularity = 100.0;
    assert!(told(&entry, &[show, film]).starts_with("2? "));
}
