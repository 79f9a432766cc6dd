//! What is sent.

use super::*;

#[actix_rt::test]
async fn a_movie_is_requested_with_everything_that_matters_and_nothing_else() {
    let server = Server::new(|_, _| made(11, &[]));
    let answer = server.client().submit(&movie(603)).await.unwrap();
    assert_eq!(
        answer,
        Submitted::Created {
            request_id: 11,
            media_id: Some(70),
            seasons: vec![]
        }
    );
    let asked = server.only();
    assert_eq!(asked.line, "POST /api/v1/request");
    assert_eq!(
        asked.body,
        json!({ "mediaType": "movie", "mediaId": 603, "is4k": false })
    );
    assert_eq!(asked.key.as_deref(), Some("c2VjcmV0=="));
    assert_eq!(asked.content_type.as_deref(), Some("application/json"));
    assert_eq!(
        asked.agent.as_deref(),
        Some(concat!("ListSync/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(asked.user, None);
}

#[actix_rt::test]
async fn a_show_is_requested_with_its_seasons() {
    let server = Server::new(|_, _| made(11, &[3, 1]));
    let show = NewRequest {
        media_type: Tv,
        is_4k: true,
        ..movie(1396)
    };
    let answer = server.client().submit(&show).await.unwrap();
    assert_eq!(
        answer,
        Submitted::Created {
            request_id: 11,
            media_id: Some(70),
            seasons: vec![1, 3]
        }
    );
    assert_eq!(
        server.only().body,
        json!({ "mediaType": "tv", "mediaId": 1396, "is4k": true, "seasons": "all" })
    );
    let some = NewRequest {
        seasons: Seasons::Some(vec![1, 3]),
        ..show
    };
    server.client().submit(&some).await.unwrap();
    let second = server.asked.lock().unwrap()[1].body.clone();
    assert_eq!(
        second,
        json!({ "mediaType": "tv", "mediaId": 1396, "is4k": true, "seasons": [1, 3] })
    );
}

#[actix_rt::test]
async fn another_user_is_named_only_when_there_is_one() {
    let server = Server::new(|_, _| made(11, &[]));
    let as_user = |user: Option<i32>| NewRequest {
        requested_as: user,
        ..movie(603)
    };
    let (owner, four) = (client(&server.url, 1), client(&server.url, 4));
    owner.submit(&as_user(Some(7))).await.unwrap();
    owner.submit(&as_user(Some(1))).await.unwrap();
    owner.submit(&as_user(None)).await.unwrap();
    four.submit(&as_user(None)).await.unwrap();
    four.submit(&as_user(Some(1))).await.unwrap();
    let users: Vec<Option<String>> = server
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| asked.user.clone())
        .collect();
    assert_eq!(
        users,
        [Some("7".into()), None, None, Some("4".into()), None]
    );
    for user in [0, -1] {
        assert_eq!(
            owner.submit(&as_user(Some(user))).await,
            Err(TargetError::NoSuchUser)
        );
    }
    assert_eq!(server.lines().len(), 5);
}

#[actix_rt::test]
async fn titles_are_encoded_to_the_last_sign() {
    let server = Server::new(|_, _| {
        ok(json!({ "page": 1, "totalPages": 1, "totalResults": 0, "results": [] }))
    });
    let seerr = server.client();
    for title in [
        "Ocean's Eleven",
        "(500) Days",
        "M*A*S*H",
        "100% Wolf",
        "Amélie",
        " Borat! + ",
        "Leap year:2000",
    ] {
        seerr.search(title).await.unwrap();
    }
    seerr.search("  ").await.unwrap();
    let queries: Vec<String> = server.lines();
    let wanted = [
        "Ocean%27s%20Eleven",
        "%28500%29%20Days",
        "M%2AA%2AS%2AH",
        "100%25%20Wolf",
        "Am%C3%A9lie",
        "Borat%21%20%2B",
        "Leap%20year%202000",
    ]
    .map(|query| format!("GET /api/v1/search?query={query}&page=1&language=en"));
    assert_eq!(queries, wanted);
}

#[actix_rt::test]
async fn ids_are_looked_up_with_their_prefix() {
    let server = Server::new(|_, _| {
        ok(
            json!({ "page": 1, "totalPages": 1, "totalResults": 2, "results": [
            { "id": 3, "mediaType": "person", "name": "Keanu" },
            { "id": 603, "mediaType": "movie", "title": "The Matrix", "originalTitle": "The Matrix", "releaseDate": "1999-03-31", "popularity": 80.5 },
        ] }),
        )
    });
    let seerr = server.client();
    let found = seerr
        .look_up(&ForeignId::Imdb("tt0133093".into()))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].tmdb_id, found[0].year, found[0].title.as_str()),
        (603, Some(1999), "The Matrix")
    );
    seerr.look_up(&ForeignId::Tvdb(81_189)).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/search?query=imdb%3Att0133093",
            "GET /api/v1/search?query=tvdb%3A81189"
        ]
    );
}

#[actix_rt::test]
async fn details_are_asked_in_seerrs_language_that_is_read_once() {
    let server = Server::new(|asked, _| match asked.line.as_str() {
        "GET /api/v1/settings/public" => ok(json!({ "locale": "pt-BR" })),
        _ => ok(
            json!({ "title": "Matrix", "releaseDate": "1999-03-31", "imdbId": "tt0133093", "externalIds": {} }),
        ),
    });
    let seerr = server.client();
    seerr.details(Movie, 603).await.unwrap();
    let details = seerr.clone().details(Tv, 1396).await.unwrap();
    assert_eq!(
        (details.title.as_str(), details.year),
        ("Matrix", Some(1999))
    );
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/settings/public",
            "GET /api/v1/movie/603?language=pt-BR",
            "GET /api/v1/tv/1396?language=pt-BR"
        ]
    );
}
