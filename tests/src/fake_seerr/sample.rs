//! The sample world: well-known titles with their true TMDB, IMDb and TVDB numbers, and a few made-up ones.
//!
//! Made-up titles have TMDB numbers from 7,000,001 and IMDb numbers from tt70000001 on, which nobody uses yet.

use super::world::{Title, World};

/// The film that is there twice: only a year tells them apart, and the demo's list gives none.
pub const AMBIGUOUS: &str = "The Lantern Keeper of Osmund Bay";

const MOVIES: &[(i64, &str, &str, i32)] = &[
    (278, "tt0111161", "The Shawshank Redemption", 1994),
    (238, "tt0068646", "The Godfather", 1972),
    (155, "tt0468569", "The Dark Knight", 2008),
    (240, "tt0071562", "The Godfather Part II", 1974),
    (389, "tt0050083", "12 Angry Men", 1957),
    (
        122,
        "tt0167260",
        "The Lord of the Rings: The Return of the King",
        2003,
    ),
    (424, "tt0108052", "Schindler's List", 1993),
    (680, "tt0110912", "Pulp Fiction", 1994),
    (
        120,
        "tt0120737",
        "The Lord of the Rings: The Fellowship of the Ring",
        2001,
    ),
    (13, "tt0109830", "Forrest Gump", 1994),
    (
        121,
        "tt0167261",
        "The Lord of the Rings: The Two Towers",
        2002,
    ),
    (550, "tt0137523", "Fight Club", 1999),
    (27205, "tt1375666", "Inception", 2010),
    (1891, "tt0080684", "The Empire Strikes Back", 1980),
    (603, "tt0133093", "The Matrix", 1999),
    (769, "tt0099685", "GoodFellas", 1990),
    (510, "tt0073486", "One Flew Over the Cuckoo's Nest", 1975),
    (157_336, "tt0816692", "Interstellar", 2014),
    (807, "tt0114369", "Se7en", 1995),
    (1585, "tt0038650", "It's a Wonderful Life", 1946),
    (274, "tt0102926", "The Silence of the Lambs", 1991),
    (857, "tt0120815", "Saving Private Ryan", 1998),
    (497, "tt0120689", "The Green Mile", 1999),
    (11, "tt0076759", "Star Wars", 1977),
    (280, "tt0103064", "Terminator 2: Judgment Day", 1991),
    (105, "tt0088763", "Back to the Future", 1985),
    (423, "tt0253474", "The Pianist", 2002),
    (539, "tt0054215", "Psycho", 1960),
    (8587, "tt0110357", "The Lion King", 1994),
    (98, "tt0172495", "Gladiator", 2000),
    (1422, "tt0407887", "The Departed", 2006),
    (1124, "tt0482571", "The Prestige", 2006),
    (244_786, "tt2582802", "Whiplash", 2014),
    (289, "tt0034583", "Casablanca", 1942),
    (78, "tt0083658", "Blade Runner", 1982),
    (348, "tt0078748", "Alien", 1979),
    (1091, "tt0084787", "The Thing", 1982),
    (438_631, "tt1160419", "Dune", 2021),
    (841, "tt0087182", "Dune", 1984),
    (152_601, "tt1798709", "Her", 2013),
];

const TRANSLATED: &[(i64, &str, &str, &str, i32)] = &[
    (346, "tt0047478", "Seven Samurai", "七人の侍", 1954),
    (129, "tt0245429", "Spirited Away", "千と千尋の神隠し", 2001),
    (496_243, "tt6751668", "Parasite", "기생충", 2019),
    (
        194,
        "tt0211915",
        "Amélie",
        "Le Fabuleux Destin d'Amélie Poulain",
        2001,
    ),
    (
        637,
        "tt0118799",
        "Life Is Beautiful",
        "La vita è bella",
        1997,
    ),
    (598, "tt0317248", "City of God", "Cidade de Deus", 2002),
    (
        429,
        "tt0060196",
        "The Good, the Bad and the Ugly",
        "Il buono, il brutto, il cattivo",
        1966,
    ),
];

const SHOWS: &[(i64, &str, i64, &str, i32, i64)] = &[
    (1396, "tt0903747", 81189, "Breaking Bad", 2008, 5),
    (1399, "tt0944947", 121_361, "Game of Thrones", 2011, 8),
    (87108, "tt7366338", 360_893, "Chernobyl", 2019, 1),
    (66732, "tt4574334", 305_288, "Stranger Things", 2016, 5),
    (1438, "tt0306414", 79126, "The Wire", 2002, 5),
    (1398, "tt0141842", 75299, "The Sopranos", 1999, 6),
    (60059, "tt3032476", 273_181, "Better Call Saul", 2015, 6),
    (4613, "tt0185906", 74205, "Band of Brothers", 2001, 1),
];

pub(super) fn world() -> World {
    let mut world = World::new();
    for (tmdb_id, imdb_id, title, year) in MOVIES {
        world.add(Title::movie(*tmdb_id, imdb_id, title, *year));
    }
    for (tmdb_id, imdb_id, title, original, year) in TRANSLATED {
        world.add(Title::movie(*tmdb_id, imdb_id, title, *year).originally(original));
    }
    for (tmdb_id, imdb_id, tvdb_id, title, year, seasons) in SHOWS {
        world.add(Title::show(
            *tmdb_id,
            imdb_id,
            Some(*tvdb_id),
            title,
            *year,
            *seasons,
        ));
    }
    world.add(Title::movie(7_000_001, "tt70000001", AMBIGUOUS, 2011));
    world.add(Title::movie(7_000_002, "tt70000002", AMBIGUOUS, 2019));
    world.add(Title::movie(7_000_003, "tt70000003", "A Parcel for Nobody at All", 2026).undated());
    world.add(Title::show(
        7_000_004,
        "tt70000004",
        None,
        "The Unnumbered Harbour",
        2023,
        2,
    ));
    world
        .with_person(550, "A Person Whose Number Is a Film's")
        .with_collection(10, "Star Wars Collection")
}
