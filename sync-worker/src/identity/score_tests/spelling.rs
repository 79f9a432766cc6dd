//! Tests of the verdict: how a title is written.

use super::*;

#[test]
fn accents_and_punctuation_do_not_count() {
    let candidates = [found(Movie, 194, "Amélie", 2001)];
    assert_eq!(
        told(&wanted("AMELIE!", 2001, Movie), &candidates),
        "194: title equal, year equal"
    );
}

#[test]
fn an_article_tells_two_titles_of_one_year_apart() {
    let both = [
        found(Movie, 1, "The Guest", 2014),
        found(Movie, 2, "Guest", 2014),
    ];
    assert_eq!(
        told(&wanted("Guest", 2014, Movie), &both),
        "2: title equal, year equal"
    );
    assert_eq!(
        told(&wanted("The Guest", 2014, Movie), &both),
        "1: title equal, year equal"
    );
    assert_eq!(
        told(&wanted("A Guest", 2014, Movie), &both[..1]),
        "1: title equal but for the article, year equal"
    );
    assert!(told(&wanted("A Guest", 2014, Movie), &both).starts_with("2? "));
}

#[test]
fn a_country_in_brackets_is_one_with_its_name_behind_the_title() {
    let shows = [
        found(Tv, 1, "MasterChef", 2010),
        found(Tv, 2, "MasterChef Australia", 2009),
        found(Tv, 3, "MasterChef Canada", 2014),
    ];
    let entry = wanted("MasterChef (AU)", 2009, Tv);
    assert!(told(&entry, &shows).starts_with("2:"));
    // The one without a name may be that of any country, unless the year says which.
    let entry = wanted("MasterChef (US)", 2009, Tv);
    assert!(told(&entry, &shows).contains('?'));
    let entry = wanted("MasterChef (US)", 2010, Tv);
    assert_eq!(
        told(&entry, &shows),
        "1: title equal but for the country, year equal"
    );
}

#[test]
fn a_country_behind_the_title_is_no_part_of_it() {
    let offices = [
        found(Tv, 2316, "The Office", 2005),
        found(Tv, 2996, "The Office", 2001),
    ];
    assert_eq!(
        told(&wanted("The Office (US)", 2005, Tv), &offices),
        "2316: title equal but for the country, year equal"
    );
    assert!(told(&wanted("The Office (US)", None, Tv), &offices).starts_with("2? "));
}

#[test]
fn a_title_that_only_sounds_the_same_is_a_transcription_or_a_slip() {
    let grimm = [found(Movie, 1, "The Brothers Grimm", 2005)];
    let entry = wanted("The Brothers Grim", 2005, Movie);
    assert!(told(&entry, &grimm).starts_with("1? "));
    let girls = [found(Movie, 1, "M\u{e4}dchen in Uniform", 1931)];
    let entry = wanted("Maedchen in Uniform", 1931, Movie);
    assert_eq!(told(&entry, &girls), "1: title sounds the same, year equal");
}

#[test]
fn a_publisher_in_front_is_no_part_of_the_title_and_a_director_is() {
    let entry = wanted("Jessica Jones", 2015, Tv);
    let jones = [found(Tv, 1, "Marvel's Jessica Jones", 2015)];
    assert_eq!(
        told(&entry, &jones),
        "1: title equal but for the publisher or the edition, year equal"
    );
    // Without the very year it may be another of that name.
    assert!(told(&wanted("Jessica Jones", 2016, Tv), &jones).starts_with("1? "));
    assert!(told(&wanted("Jessica Jones", None, Tv), &jones).starts_with("1? "));
    let and_proper = [jones[0].clone(), found(Tv, 2, "Jessica Jones", 2015)];
    assert!(told(&entry, &and_proper).starts_with("2: "));
    let pinocchio = [found(Movie, 1, "Pinocchio", 2022)];
    let of_another = wanted("Guillermo del Toro's Pinocchio", 2022, Movie);
    assert!(told(&of_another, &pinocchio).starts_with("1? "));
}

#[test]
fn the_movie_and_the_cut_behind_a_title_are_no_part_of_it() {
    let superman = [found(Movie, 1, "Superman", 1978)];
    for title in ["Superman: The Movie", "Superman - The Director's Cut"] {
        assert!(told(&wanted(title, 1978, Movie), &superman).starts_with("1: "));
        assert!(told(&wanted(title, 2007, Movie), &superman).starts_with("1? "));
        assert!(told(&wanted(title, None, Movie), &superman).starts_with("1? "));
    }
    let transformers = [
        found(Movie, 1, "Transformers", 2007),
        found(Movie, 2, "The Transformers: The Movie", 1986),
    ];
    let entry = wanted("Transformers: The Movie", 2007, Movie);
    assert!(told(&entry, &transformers).starts_with("2? "));
    // Of a show there is a film that is not the show.
    let show = [found(Tv, 1, "Psych", 2006)];
    assert!(told(&wanted("Psych: The Movie", 2006, None), &show).starts_with("1? "));
}

#[test]
fn a_sign_that_is_written_tells_two_of_one_year_apart() {
    let both = [
        found(Movie, 1, "#Alive", 2020),
        found(Movie, 2, "Alive", 2020),
    ];
    assert!(told(&wanted("#Alive", 2020, Movie), &both).starts_with("1: "));
    // Lists leave signs out.
    assert!(told(&wanted("Alive", 2020, Movie), &both).starts_with("2? "));
}

#[test]
fn spaces_do_not_tell_two_of_one_year_apart_and_words_do() {
    let both = [
        found(Movie, 557, "Spider-Man", 2002),
        found(Movie, 2, "Spiderman", 2002),
    ];
    assert!(told(&wanted("Spiderman", 2002, Movie), &both).starts_with("2? "));
    let nines = [
        found(Movie, 12_244, "9", 2009),
        found(Movie, 10_197, "Nine", 2009),
    ];
    assert!(told(&wanted("9", 2009, Movie), &nines).starts_with("12244: "));
    assert!(told(&wanted("Nine", 2009, Movie), &nines).starts_with("10197: "));
}

#[test]
fn a_cut_without_a_year_needs_a_person() {
    let league = [found(Movie, 1, "Justice League", 2017)];
    let entry = |year: Option<i32>| wanted("Justice League (Director's Cut)", year, Movie);
    assert!(told(&entry(Some(2017)), &league).starts_with("1: "));
    assert!(told(&entry(None), &league).starts_with("1? "));
    let rings = [found(Movie, 1, "The Two Towers", 2002)];
    let extended = wanted("The Two Towers Extended Edition", 2002, None);
    assert!(told(&extended, &rings).starts_with("1: "));
    // A show has no cut, and may have such a sequel.
    let cards = [found(Tv, 1, "House of Cards", 1995)];
    let sequel = wanted("House of Cards: The Final Cut", 1995, None);
    assert!(told(&sequel, &cards).starts_with("1? "));
}

#[test]
fn the_two_parts_of_a_title_may_be_swapped_unless_one_is_a_title_of_the_year() {
    let entry = wanted("Far from Home: Spider-Man", 2019, Movie);
    let spider = found(Movie, 1, "Spider-Man: Far from Home", 2019);
    assert_eq!(
        told(&entry, std::slice::from_ref(&spider)),
        "1: title equal but for the order of its parts, year equal"
    );
    let home = found(Movie, 2, "Far from Home", 2019);
    assert!(told(&entry, &[spider, home]).starts_with("2? "));
}

#[test]
fn an_article_inside_a_title_is_doubted_where_another_has_just_the_title() {
    let films = [
        found(Movie, 1, "Fast & Furious", 2009),
        found(Movie, 2, "The Fast and the Furious", 2001),
    ];
    let entry = |title: &str| wanted(title, 2009, Movie);
    assert!(told(&entry("The Fast and the Furious"), &films).starts_with("2? "));
    assert!(told(&entry("Fast and Furious"), &films).starts_with("1: "));
    // In front of one it is left out as often as not.
    let predators = [
        found(Movie, 1, "The Predator", 2018),
        found(Movie, 2, "Predator", 1987),
    ];
    assert!(told(&wanted("Predator", 2018, Movie), &predators).starts_with("1: "));
}

#[test]
fn swapped_letters_and_letters_that_look_alike_are_a_slip_never_certain() {
    for (title, there, year) in [
        ("Braeking Bda", "Breaking Bad", 2008),
        ("Mernento", "Memento", 2000),
        ("Rocky 11", "Rocky II", 1979),
    ] {
        let candidates = [found(Movie, 1, there, year)];
        let told = told(&wanted(title, year, Movie), &candidates);
        assert!(told.starts_with("1? "), "{title}: {told}");
    }
    let fog = [
        found(Movie, 1, "The Fog", 1980),
        found(Movie, 2, "Fog", 1980),
    ];
    assert!(told(&wanted("The The Fog", 1980, Movie), &fog).starts_with("1: "));
}

#[test]
fn marks_of_a_file_are_no_part_of_the_title() {
    let thrones = [found(Tv, 1, "Game of Thrones", 2011)];
    for title in [
        "Game.of.Thrones.S01.COMPLETE.1080p.BluRay.x264-REWARD",
        "Game of Thrones [2160p]",
        "Game.of.Thrones.2011.1080p.WEB-DL",
    ] {
        let told = told(&wanted(title, None, None), &thrones);
        assert!(told.starts_with("1: "), "{title}: {told}");
    }
    let runner = [found(Movie, 1, "Blade Runner", 1982)];
    let cut = Wanted::new(
        "Blade Runner (The Final Cut) [2160p]",
        None,
        Some(1982),
        None,
    );
    assert!(told(&cut, &runner).starts_with("1: "));
    let women = [
        found(Movie, 1, "Wonder Woman", 2017),
        found(Movie, 2, "Wonder Woman 1984", 2020),
    ];
    let named = wanted("Wonder.Woman.1984.IMAX.2160p", None, Movie);
    assert!(told(&named, &women).starts_with("2: "));
    let restored = wanted("Dune (4K Restoration)", 2021, Movie);
    assert!(told(&restored, &[found(Movie, 1, "Dune", 1984)]).starts_with("1? "));
}

#[test]
fn a_title_cut_off_inside_a_word_is_the_only_one_of_the_year_that_goes_on_so() {
    let slimes = [
        found(Tv, 1, "That Time I Got Reincarnated as a Slime", 2018),
        found(
            Tv,
            2,
            "That Time I Got Reincarnated as a Slime: Visions",
            2023,
        ),
    ];
    let entry = |year: Option<i32>| wanted("That Time I Got Reincarnated as a Sl…", year, Tv);
    assert!(told(&entry(Some(2018)), &slimes).starts_with("1: "));
    assert!(told(&entry(None), &slimes).starts_with("2? "));
    assert!(told(&entry(Some(2019)), &slimes).starts_with("2? "));
    let near = found(Tv, 3, "That Time I Got Reincarnated as a Slug", 2018);
    let both = [slimes[0].clone(), near];
    assert!(told(&entry(Some(2018)), &both).starts_with("2? "));
    let narnia = [
        found(Movie, 1, "The Chronicles of Narnia: Prince Caspian", 2008),
        found(Tv, 2, "The Chronicles of Narnia", 1988),
    ];
    let cut = wanted("The Chronicles of Narn…", 2008, None);
    assert!(told(&cut, &narnia).starts_with("2? "));
    // Between words it may have been another one.
    let hill = [found(
        Movie,
        1,
        "The Englishman Who Went Up a Hill But Came Down",
        1995,
    )];
    let cut = wanted("The Englishman Who Went Up a Hill…", 1995, Movie);
    assert!(told(&cut, &hill).starts_with("1? "));
}
