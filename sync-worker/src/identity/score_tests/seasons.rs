//! Tests of the verdict: seasons that an entry names.

use super::*;

#[test]
fn a_season_with_a_name_of_its_own_may_be_one_of_the_show() {
    let show = [found(Tv, 1, "American Horror Story", 2011)];
    let entry = |year: i32| wanted("American Horror Story: Coven", year, Tv);
    assert!(told(&entry(2013), &show).starts_with("1? "));
    assert!(told(&entry(2009), &show).starts_with("none: "));
    assert!(told(&entry(2030), &show).starts_with("none: "));
}

#[test]
fn a_season_explains_a_year_that_is_later_than_the_first_of_the_show() {
    let show = found(Tv, 1, "Fargo", 2014);
    let film = found(Movie, 2, "Fargo", 1996);
    let both = [show.clone(), film.clone()];
    for (title, year) in [
        ("Fargo Season 2", 2015),
        ("Fargo: Season Three", 2017),
        ("Fargo (Season 2)", 2014),
        ("Fargo S05", 2023),
        ("Fargo: The Complete Fourth Season", 2020),
        ("Fargo: The Final Season", 2024),
        ("Fargo (2014) Season 2", 2015),
    ] {
        for kind in [Some(Tv), None] {
            let told = told(&wanted(title, year, kind), &both);
            assert!(told.starts_with("1: "), "{title}: {told}");
        }
        let told = told(&wanted(title, year, Movie), &both);
        assert!(told.starts_with("none: "), "{title}: {told}");
    }
    for (title, year) in [
        // Too soon, too late, and before there was a show.
        ("Fargo Season 9", 2015),
        ("Fargo Season 2", 2030),
        ("Fargo Season 2", 2012),
        ("Fargo Season 1", 2015),
    ] {
        let told = told(&wanted(title, year, Tv), &both);
        assert!(told.starts_with("1? "), "{title}: {told}");
    }
    // A film of just that year and name, where the list tells no kind.
    let of_the_year = [show, found(Movie, 2, "Fargo", 2015)];
    let entry = wanted("Fargo Season 2", 2015, None);
    assert!(told(&entry, &of_the_year).starts_with("1? "));
}

#[test]
fn a_season_is_of_one_show_or_a_person_picks() {
    let shows = [
        found(Tv, 1, "Battlestar Galactica", 1978),
        found(Tv, 2, "Battlestar Galactica", 2004),
    ];
    let entry = |title: &str, year: Option<i32>| wanted(title, year, Tv);
    let third = entry("Battlestar Galactica Season 3", Some(2006));
    assert!(told(&third, &shows).starts_with("2? "));
    // Before the second one there was one alone, and the first season is that of the year.
    let second = entry("Battlestar Galactica Season 2", Some(1980));
    assert!(told(&second, &shows).starts_with("1: "));
    let first = entry("Battlestar Galactica Season 1", Some(2004));
    assert!(told(&first, &shows).starts_with("2: "));
    let dated = entry("Battlestar Galactica (2004) S03", Some(2006));
    assert!(told(&dated, &shows).starts_with("2: "));
    assert!(told(&entry("Battlestar Galactica S03", None), &shows).starts_with("2? "));
    assert!(told(&entry("Battlestar Galactica S03", None), &shows[1..]).starts_with("2: "));
    assert!(told(&entry("Lost S03", None), &[found(Tv, 4, "Lost", 2004)]).starts_with("1? "));
}

#[test]
fn a_show_or_film_of_its_own_goes_before_the_show_of_the_season() {
    let show = found(Tv, 1, "Top Chef", 2006);
    let entry = wanted("Top Chef Season 5", 2010, Tv);
    assert!(told(&entry, std::slice::from_ref(&show)).starts_with("1: "));
    let of_the_year = found(Tv, 2, "Top Chef: Just Desserts", 2010);
    assert!(told(&entry, &[show.clone(), of_the_year]).starts_with("2? "));
    let own = found(Tv, 3, "Top Chef Season 5", 2010);
    assert_eq!(
        told(&entry, &[show.clone(), own]),
        "3: title equal, year equal"
    );
    let of_another = found(Tv, 3, "Top Chef Season 4", 2009);
    assert!(told(&entry, &[show, of_another]).starts_with("1? "));
    // Its seasons are shows of their own.
    let adders = [
        found(Tv, 1, "The Black Adder", 1983),
        found(Tv, 2, "Blackadder II", 1986),
        found(Tv, 3, "Blackadder the Third", 1987),
    ];
    for numbered in [
        &adders[..2],
        &adders[1..],
        &[adders[0].clone(), adders[2].clone()],
    ] {
        let third = told(&wanted("Blackadder Series 3", 1987, Tv), numbered);
        assert!(!third.starts_with("1: "), "{third}");
    }
    // The word is part of the title.
    let seasons = [
        found(Tv, 1, "Open", 2009),
        found(Movie, 2, "Open Season", 2006),
    ];
    let third = wanted("Open Season 3", 2010, None);
    assert!(told(&third, &seasons).starts_with("1? "));
    let series = [
        found(Tv, 1, "World", 2009),
        found(Movie, 2, "World Series", 2008),
    ];
    let second = wanted("World Series 2", 2010, None);
    assert!(told(&second, &series).starts_with("1? "));
}

#[test]
fn a_number_is_a_season_where_the_show_is_called_so_and_may_be_one_in_east_asia() {
    let mut overlord = found(Tv, 1, "Overlord", 2015);
    let entry = wanted("Overlord IV", 2022, Tv);
    assert!(told(&entry, std::slice::from_ref(&overlord)).starts_with("none: "));
    overlord.original_title = Some("オーバーロード".into());
    assert!(told(&entry, std::slice::from_ref(&overlord)).starts_with("1? "));
    overlord.alternative_titles = vec!["Overlord IV".into()];
    assert!(told(&entry, std::slice::from_ref(&overlord)).starts_with("1: "));
    let mut planet = found(Tv, 2, "Planet Earth", 2006);
    let third = wanted("Planet Earth III", 2023, Tv);
    assert!(told(&third, std::slice::from_ref(&planet)).starts_with("none: "));
    planet.year = Some(2023);
    assert!(told(&third, &[planet]).starts_with("none: "));
    let mut kakegurui = found(Tv, 3, "Kakegurui", 2017);
    kakegurui.alternative_titles = vec!["Kakegurui ××".into()];
    let entry = |year: i32| wanted("Kakegurui xx", year, Tv);
    assert!(told(&entry(2019), std::slice::from_ref(&kakegurui)).starts_with("3: "));
    assert!(told(&entry(2029), &[kakegurui]).starts_with("1? "));
}

#[test]
fn an_episode_names_no_title() {
    let show = [found(Tv, 1, "Black Mirror", 2011)];
    for title in [
        "Black Mirror S06E01 Joan Is Awful",
        "Black Mirror Season 6: Joan",
    ] {
        assert!(told(&wanted(title, 2023, None), &show).starts_with("1? "));
    }
}
