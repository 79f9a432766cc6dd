//! Titles are found by whatever a person calls them.

use schema::{
    models::{IdSource, MediaType, SourceId, Title},
    wire::{FailureCode, sync::StoryState},
};

use super::world::{World, at};

fn film(world: &mut World, rank: i32, tmdb_id: i64, name: &str, year: i32) -> Title {
    let list = match world.first_list() {
        Some(list) => list,
        None => world.list("imdb", "top", "IMDb Top 250"),
    };
    let item = world.entry(list, rank, name, year);
    let title = world.title(MediaType::Movie, tmdb_id, name, year);
    world.matched(item, &title, "a title search");
    title
}

#[actix_rt::test]
async fn a_name_is_found_however_it_is_written() {
    let mut world = World::new();
    film(&mut world, 1, 161, "Ocean's Eleven", 2001);
    film(&mut world, 2, 194, "Amélie", 2001);
    film(&mut world, 3, 1585, "It's a Wonderful Life", 1946);
    film(&mut world, 4, 238, "The Godfather", 1972);
    film(&mut world, 5, 240, "The Godfather Part II", 1974);
    film(&mut world, 6, 557, "Spider-Man", 2002);
    film(&mut world, 7, 2, "The Amelie Diaries", 2010);
    for (by, name) in [
        ("oceans eleven", "Ocean's Eleven"),
        ("OCEANS 11", "Ocean's Eleven"),
        ("amelie", "Amélie"),
        ("its a wonderful life", "It's a Wonderful Life"),
        ("wonderful", "It's a Wonderful Life"),
        ("godfather", "The Godfather"),
        ("godfather, the", "The Godfather"),
        ("godfather 2", "The Godfather Part II"),
        ("spiderman", "Spider-Man"),
        ("amelie 2001", "Amélie"),
        ("amelie diaries", "The Amelie Diaries"),
        ("amelie 2003", "Amélie"),
    ] {
        let story = world.story(by).await.unwrap();
        assert_eq!(story.title.name, name, "{by}");
    }
}

#[actix_rt::test]
async fn part_of_a_name_gives_the_choice_of_at_most_ten() {
    let mut world = World::new();
    for number in 1..=12 {
        film(
            &mut world,
            number,
            i64::from(number),
            &format!("Night Train {number}"),
            1990,
        );
    }
    film(&mut world, 13, 13, "Midnight Training", 2000);
    let failure = world.story("night train").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Conflict);
    let text = format!("{failure}\n{}", failure.remedy.clone().unwrap_or_default());
    insta::assert_snapshot!(text, @"
    nothing is called `night train`, and 13 titles have it in their names
    Give the one you mean by what stands first:
        movie:1  Night Train 1 (1990)
        movie:2  Night Train 2 (1990)
        movie:3  Night Train 3 (1990)
        movie:4  Night Train 4 (1990)
        movie:5  Night Train 5 (1990)
        movie:6  Night Train 6 (1990)
        movie:7  Night Train 7 (1990)
        movie:8  Night Train 8 (1990)
        movie:9  Night Train 9 (1990)
        movie:10  Night Train 10 (1990)
        and 3 more
    ");
    assert_eq!(
        world.story("midnight").await.unwrap().title.name,
        "Midnight Training"
    );
}

#[actix_rt::test]
async fn an_id_or_address_of_a_site_finds_what_came_from_another() {
    let mut world = World::new();
    let heat = film(&mut world, 1, 949, "Heat", 1995);
    for (source, id) in [
        (IdSource::Imdb, "tt0113277"),
        (IdSource::Tvdb, "1088"),
        (IdSource::Trakt, "713"),
        (IdSource::Simkl, "movies/53992"),
        (IdSource::Anilist, "21"),
    ] {
        world.id(&heat, source, id);
    }
    // Learned when some list of Letterboxd was read.
    let learned = SourceId {
        source: "letterboxd_film".into(),
        source_key: "heat-1995".into(),
        media_type: Some(MediaType::Movie),
        imdb_id: Some("tt0113277".into()),
        tmdb_id: None,
        other_id: None,
        known_at: at(0),
        tvdb_id: None,
        season: None,
    };
    learned.save(&mut world.conn).unwrap();
    film(&mut world, 2, 438_631, "Dune", 2021);
    film(&mut world, 3, 841, "Dune", 1984);
    for by in [
        "tt0113277",
        "https://www.imdb.com/title/tt0113277/?ref_=nv_sr_1",
        "tmdb:movie:949",
        "https://www.themoviedb.org/movie/949-heat",
        "https://thetvdb.com/movies/1088",
        "https://thetvdb.com/movies/heat",
        "https://trakt.tv/movies/713",
        "https://trakt.tv/movies/heat-1995",
        "https://simkl.com/movies/53992/heat",
        "https://anilist.co/anime/21/heat",
        "https://letterboxd.com/film/heat-1995/",
        "letterboxd:heat-1995",
        "https://seerr.example/movie/949",
    ] {
        assert_eq!(
            world.story(by).await.unwrap().title.tmdb_id,
            Some(949),
            "{by}"
        );
    }
    // Nobody has learned these: the words of the address are the name.
    for (by, tmdb_id) in [
        ("https://letterboxd.com/film/dune-2021/", 438_631),
        ("https://letterboxd.com/film/dune-1984/", 841),
    ] {
        assert_eq!(
            world.story(by).await.unwrap().title.tmdb_id,
            Some(tmdb_id),
            "{by}"
        );
    }
    let story = world
        .story("https://letterboxd.com/film/parasite-2019/")
        .await
        .unwrap();
    assert_eq!(story.now[0].state, StoryState::Absent);
}
