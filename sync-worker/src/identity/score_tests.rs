//! Tests of [`super`]: what is certain, what a person must pick, what is neither.

use MediaType::{Movie, Tv};

use proptest::prelude::*;

use super::*;

fn wanted(
    title: &str,
    year: impl Into<Option<i32>>,
    media_type: impl Into<Option<MediaType>>,
) -> Wanted {
    Wanted {
        title: title.into(),
        year: year.into(),
        media_type: media_type.into(),
        ..Wanted::default()
    }
}

fn found(
    media_type: MediaType,
    tmdb_id: i64,
    title: &str,
    year: impl Into<Option<i32>>,
) -> Candidate {
    Candidate {
        media_type,
        tmdb_id,
        title: title.into(),
        original_title: None,
        alternative_titles: Vec::new(),
        year: year.into(),
        popularity: 1.0,
        poster_path: None,
    }
}

/// `603: title equal, year equal`, `2?: …` or `none: …`.
fn told(wanted: &Wanted, candidates: &[Candidate]) -> String {
    match judge(wanted, candidates) {
        Verdict::Certain(fit) => format!("{}: {}", fit.candidate.tmdb_id, fit.reason),
        Verdict::Plausible(candidates, why) => format!("{}? {why}", candidates.len()),
        Verdict::None(why) => format!("none: {why}"),
    }
}

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

#[test]
fn accents_and_punctuation_do_not_count() {
    let candidates = [found(Movie, 194, "Amélie", 2001)];
    assert_eq!(
        told(&wanted("AMELIE!", 2001, Movie), &candidates),
        "194: title equal, year equal"
    );
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
fn a_country_behind_the_title_is_no_part_of_it() {
    let offices = [
        found(Tv, 2316, "The Office", 2005),
        found(Tv, 2996, "The Office", 2001),
    ];
    assert_eq!(
        told(&wanted("The Office (US)", 2005, Tv), &offices),
        "2316: title equal but for how it is written, year equal"
    );
    assert!(told(&wanted("The Office (US)", None, Tv), &offices).starts_with("2? "));
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
            popularity: 15.0,
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
fn a_season_with_a_name_of_its_own_may_be_one_of_the_show() {
    let show = [found(Tv, 1, "American Horror Story", 2011)];
    let entry = |year: i32| wanted("American Horror Story: Coven", year, Tv);
    assert!(told(&entry(2013), &show).starts_with("1? "));
    assert!(told(&entry(2009), &show).starts_with("none: "));
    assert!(told(&entry(2030), &show).starts_with("none: "));
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

const TITLES: [&str; 10] = [
    "Dune",
    "The Dune",
    "Dune 2",
    "Dune: Part Two",
    "Dune: Part One",
    "Heat Wave",
    "Heatwave",
    "The Heat Wave",
    "Chaleur",
    "Interstellar",
];

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let titles = (0..TITLES.len(), 0..=TITLES.len());
    (any::<bool>(), 1_i64..6, titles, 2000..2004, 0.0..9.0_f64).prop_map(
        |(is_movie, tmdb_id, (title, original), year, popularity)| Candidate {
            original_title: TITLES.get(original).map(|title| (*title).to_owned()),
            year: (year > 2000).then_some(year),
            popularity,
            ..found(
                if is_movie { Movie } else { Tv },
                tmdb_id,
                TITLES[title],
                None,
            )
        },
    )
}

fn any_wanted() -> impl Strategy<Value = Wanted> {
    (0..TITLES.len(), 0..=TITLES.len(), 2000..2004, 0..3_usize).prop_map(
        |(title, original, year, kind)| {
            Wanted::new(
                TITLES[title],
                TITLES.get(original).copied(),
                (year > 2000).then_some(year),
                [None, Some(Movie), Some(Tv)][kind],
            )
        },
    )
}

fn certain(wanted: &Wanted, candidates: &[Candidate]) -> Option<(MediaType, i64)> {
    match judge(wanted, candidates) {
        Verdict::Certain(fit) => Some((fit.candidate.media_type, fit.candidate.tmdb_id)),
        _ => None,
    }
}

/// One of each number: two with one number would be one title.
fn each_once(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut known = HashSet::new();
    let once = candidates.into_iter();
    once.filter(|one| known.insert((one.media_type, one.tmdb_id)))
        .collect()
}

proptest! {
    #[test]
    fn another_type_is_never_certain(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
    ) {
        if let (Some(kind), Some((found, _))) = (wanted.media_type, certain(&wanted, &candidates)) {
            prop_assert_eq!(kind, found);
        }
    }

    #[test]
    fn a_year_off_by_two_is_never_certain(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
    ) {
        if let (Some(year), Verdict::Certain(fit)) = (wanted.year, judge(&wanted, &candidates)) {
            prop_assert!(fit.candidate.year.is_some_and(|found| found.abs_diff(year) < 2));
        }
    }

    #[test]
    fn two_equal_candidates_are_never_certain(
        wanted in any_wanted(),
        candidate in any_candidate(),
        others in prop::collection::vec(any_candidate(), 0..4),
        is_first in any::<bool>(),
    ) {
        let twin = Candidate { tmdb_id: 99, popularity: 1000.0, ..candidate.clone() };
        let mut all = vec![candidate.clone(), twin];
        if is_first {
            all.reverse();
        }
        all.extend(others);
        if let Some((media_type, id)) = certain(&wanted, &each_once(all)) {
            let is_one = [candidate.tmdb_id, 99].contains(&id);
            prop_assert!(!is_one || media_type != candidate.media_type);
        }
    }

    #[test]
    fn the_order_of_the_candidates_changes_no_verdict(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
        turns in 0..7_usize,
    ) {
        let candidates = each_once(candidates);
        let mut turned = candidates.clone();
        turned.rotate_left(turns.min(candidates.len()));
        prop_assert_eq!(judge(&wanted, &candidates), judge(&wanted, &turned));
        turned.reverse();
        prop_assert_eq!(judge(&wanted, &candidates), judge(&wanted, &turned));
    }

    #[test]
    fn no_text_is_too_odd_to_be_judged(title in "\\PC{0,40}", other in "\\PC{0,40}") {
        let candidates = [found(Movie, 1, &other, 2000)];
        let verdict = judge(&Wanted::new(&title, Some(&other), None, None), &candidates);
        if let Verdict::Certain(fit) = verdict {
            prop_assert!(fit.certainty >= 0.9);
        }
    }
}
