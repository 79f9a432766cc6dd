//! Real answers of sites read as if somebody had saved them as files, where they are at hand.

use std::fs;

use schema::models::MediaType;

use super::{Mapping, read};
use crate::{provider::Page, providers::fixtures::capture};

fn page(path: &str) -> Option<Page> {
    let text = fs::read_to_string(capture(path)?).unwrap();
    Some(read(&text, &Mapping::default()).unwrap())
}

/// Title, year, IMDb's and TMDB's id.
type Told<'a> = (&'a str, Option<i32>, Option<&'a str>, Option<i64>);

#[test]
fn saved_answers_are_read_item_for_item() {
    let cases: [(&str, usize, Told<'_>, Told<'_>); 8] = [
        (
            "trakt/docs-example-custom-list-mixed-types.json",
            3,
            (
                "Star Wars: Episode IV - A New Hope",
                Some(1977),
                Some("tt0076759"),
                Some(11),
            ),
            ("Breaking Bad", Some(2008), Some("tt0903747"), Some(1396)),
        ),
        (
            "trakt/movies-boxoffice-traktpy.json",
            10,
            ("Get Out", Some(2017), Some("tt5052448"), Some(419_430)),
            ("Lion", Some(2016), Some("tt3741834"), Some(334_543)),
        ),
        (
            "trakt/flexget-get-list-0.json",
            2,
            (
                "The Walking Dead",
                Some(2010),
                Some("tt1520211"),
                Some(1402),
            ),
            ("Deadpool", Some(2016), Some("tt1431045"), Some(293_660)),
        ),
        (
            "mdblist/api-list-items-sonarr.json",
            3,
            (
                "Scam 1992: The Harshad Mehta Story",
                Some(2020),
                Some("tt12392504"),
                Some(90_823),
            ),
            (
                "Beetlejuice Beetlejuice",
                Some(2024),
                Some("tt2049403"),
                Some(917_496),
            ),
        ),
        (
            "mdblist/direct-list-json-sonarr.json",
            2,
            ("Panchayat", Some(2020), Some("tt12004706"), Some(101_352)),
            ("Fight Club", Some(1999), Some("tt0137523"), Some(550)),
        ),
        (
            "stevenlu/stevenlu-format-agoodmovietowatch-latest10.json",
            10,
            ("Powwow Highway", None, Some("tt0098112"), None),
            ("The Wild Robot", None, Some("tt29623480"), None),
        ),
        (
            "simkl/sync-all-items-srgsf.json",
            117,
            ("Avatar", Some(2009), Some("tt0499549"), Some(19_995)),
            (
                "100 Years of Horror",
                Some(1996),
                Some("tt0166940"),
                Some(78_782),
            ),
        ),
        (
            "simkl/movies-trending-50-2026-07-15.json",
            50,
            (
                "Harry Potter and the Chamber of Secrets",
                Some(2002),
                None,
                None,
            ),
            ("Captain Marvel", Some(2019), None, None),
        ),
    ];
    for (file, count, first, last) in cases {
        let Some(page) = page(file) else { return };
        let told: Vec<Told<'_>> = page
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.title.as_str(),
                    entry.year,
                    entry.imdb_id.as_deref(),
                    entry.tmdb_id,
                )
            })
            .collect();
        assert_eq!(told.len(), count, "{file}");
        assert_eq!(told.first(), Some(&first), "{file}");
        assert_eq!(told.last(), Some(&last), "{file}");
        let rows = page.entries.len() + page.dropped as usize;
        assert_eq!(page.announced, u32::try_from(rows).ok(), "{file}");
    }
}

#[test]
fn a_movie_among_shows_is_a_movie() {
    let Some(page) = page("mdblist/api-list-items-sonarr.json") else {
        return;
    };
    let kinds: Vec<_> = page.entries.iter().map(|entry| entry.media_type).collect();
    let (movie, show) = (Some(MediaType::Movie), Some(MediaType::Tv));
    assert_eq!(kinds, [show, show, movie]);
    assert_eq!(page.entries[0].tvdb_id, Some(389_680));
}

#[test]
fn an_empty_list_and_a_refusal_in_json_are_not_the_same() {
    if let Some(empty) = page("trakt/flexget-watchlist-shows-empty.json") {
        assert_eq!((empty.entries.len(), empty.announced), (0, Some(0)));
    }
    for file in [
        "premium-only-200",
        "private-list-403",
        "user-token-required-401",
    ] {
        let Some(file) = capture(&format!("simkl/auth-v2-{file}.json")) else {
            return;
        };
        let text = fs::read_to_string(&file).unwrap();
        let error = read(&text, &Mapping::default());
        assert!(error.is_err(), "{}: {error:?}", file.display());
    }
}
