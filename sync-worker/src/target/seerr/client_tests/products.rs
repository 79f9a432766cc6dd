//! Who answers there.

use super::*;
use crate::target::{MediaStatus, RequestStatus};

#[actix_rt::test]
async fn a_check_tells_who_we_are_and_what_may_be_requested() {
    let server = Server::new(|asked, _| seerr_itself(asked));
    let info = server.client().check().await.unwrap();
    assert_eq!(
        info,
        TargetInfo {
            product: "Seerr".into(),
            version: "3.1.0".into(),
            user_id: 1,
            user_name: "Owner".into(),
            can_request: true,
            can_act_for_others: true,
            has_4k_movies: true,
            has_4k_shows: false,
            locale: "en".into(),
            warnings: vec![],
        }
    );
    let info = client(&server.url, 4).check().await.unwrap();
    assert_eq!((info.user_id, info.can_request), (4, false));
    assert_eq!(
        client(&server.url, 5).check().await,
        Err(TargetError::NoSuchUser)
    );
}

/// Who it says it is: its name, whether it tells of a media server, its version; all else as a Seerr.
fn posing_as(api: &'static str, has_media_server: bool, version: &'static str) -> Server {
    Server::new(move |asked, _| match asked.line.as_str() {
        "GET /api/v1" => ok(json!({ "api": api, "version": "1.0" })),
        "GET /api/v1/status" => ok(json!({ "version": version })),
        "GET /api/v1/settings/public" if has_media_server => {
            ok(json!({ "mediaServerType": 2, "enableSpecialEpisodes": true }))
        }
        "GET /api/v1/settings/public" => ok(json!({ "enableSpecialEpisodes": true })),
        "GET /api/v1/tv/1396?language=en" => ok(json!({ "name": "Show", "seasons": [
            { "seasonNumber": 0 }, { "seasonNumber": 2 }, { "seasonNumber": 1 },
        ] })),
        "POST /api/v1/request" => made(11, &[1, 2]),
        line if line.starts_with("GET /api/v1/media?") => page_of(
            &[
                json!({ "id": 2, "mediaType": "movie", "tmdbId": 7, "status": 7, "status4k": 1 }),
                json!({ "id": 1, "mediaType": "movie", "tmdbId": 6, "status": 6, "status4k": 1 }),
            ],
            asked,
        ),
        line if line.starts_with("GET /api/v1/request?") => page_of(
            &[
                json!({ "id": 5, "status": 5, "type": "movie", "is4k": false, "media": { "tmdbId": 5 } }),
            ],
            asked,
        ),
        _ => seerr_itself(asked),
    })
}

#[actix_rt::test]
async fn products_are_told_apart_and_old_ones_warned_of() {
    for (api, has_media_server, version, product, warnings) in [
        ("Seerr API", true, "3.1.0", "Seerr", 0),
        ("Seerr API", true, "develop-f74306e", "Seerr", 0),
        ("Jellyseerr API", true, "2.7.3", "Jellyseerr", 0),
        ("Overseerr API", true, "2.0.1", "Jellyseerr", 0),
        ("Overseerr API", false, "1.34.0", "Overseerr", 0),
        ("Overseerr API", false, "1.32.5", "Overseerr", 1),
    ] {
        let server = posing_as(api, has_media_server, version);
        let info = stranger(&server.url).check().await.unwrap();
        assert_eq!(
            (info.product.as_str(), info.version.as_str()),
            (product, version)
        );
        assert_eq!(info.warnings.len(), warnings, "{product} {version}");
        assert!(info.can_request, "a warning is no refusal");
    }
}

#[actix_rt::test]
async fn numbers_are_read_as_their_product_means_them() {
    use MediaStatus::{Blocklisted, Deleted, Other};
    for (api, has_media_server, version, six, seven, five) in [
        (
            "Seerr API",
            true,
            "3.1.0",
            Blocklisted,
            Deleted,
            RequestStatus::Completed,
        ),
        (
            "Jellyseerr API",
            true,
            "2.5.2",
            Blocklisted,
            Other(7),
            RequestStatus::Other(5),
        ),
        (
            "Overseerr API",
            false,
            "1.34.0",
            Other(6),
            Other(7),
            RequestStatus::Other(5),
        ),
    ] {
        let server = posing_as(api, has_media_server, version);
        let seerr = stranger(&server.url);
        let snapshot = seerr.snapshot().await.unwrap();
        let status = |tmdb_id| snapshot.media[&(Movie, tmdb_id)].status;
        assert_eq!((status(6), status(7)), (six, seven), "{api} {version}");
        assert_eq!(snapshot.requests[&(Movie, 5, false)][0].status, five);
        let asked = server.lines().len();
        assert_eq!(seerr.verify(1).await.unwrap()[0].status, five);
        assert_eq!(server.lines().len(), asked + 1, "who it is is asked once");
    }
}

#[actix_rt::test]
async fn nothing_is_asked_with_a_parameter_that_one_of_them_does_not_know() {
    let known = [
        ("/media", &["take", "skip", "sort"][..]),
        ("/request", &["take", "skip", "filter", "sort"]),
        ("/search", &["query", "page", "language"]),
        ("/movie/", &["language"]),
        ("/tv/", &["language"]),
    ];
    let server = Server::new(|asked, _| match asked.line.as_str() {
        line if line.contains("take=") => page_of(&[], asked),
        line if line.contains("search") => ok(json!({ "results": [], "totalPages": 1 })),
        _ => ok(json!({ "api": "Overseerr API", "locale": "de" })),
    });
    let seerr = server.client();
    seerr.snapshot().await.unwrap();
    seerr.verify(1).await.unwrap();
    seerr.troubles().await;
    seerr.look_up(&ForeignId::Tvdb(5)).await.unwrap();
    seerr.probe(&ForeignId::Tvdb(5)).await.unwrap();
    seerr.search("Heat").await.unwrap();
    seerr.search_local("Heat").await.unwrap();
    seerr.details(Movie, 603).await.unwrap();
    seerr.details(Tv, 1396).await.unwrap();
    for line in server.lines() {
        let Some((path, query)) = line.split_once('?') else {
            continue;
        };
        let path = path.trim_start_matches("GET /api/v1");
        let (_, names) = known
            .iter()
            .find(|(known, _)| path.starts_with(known))
            .unwrap();
        for pair in query.split('&') {
            let name = pair.split('=').next().unwrap();
            assert!(names.contains(&name), "{line}");
        }
        assert!(
            !query.contains("filter=") || query.contains("filter=all"),
            "{line}"
        );
    }
}

#[actix_rt::test]
async fn all_seasons_are_named_where_all_would_bring_the_specials() {
    let show = NewRequest {
        media_type: Tv,
        ..movie(1396)
    };
    for (api, has_media_server, version, seasons) in [
        ("Overseerr API", false, "1.34.0", json!([1, 2])),
        ("Jellyseerr API", true, "2.5.2", json!([1, 2])),
        ("Jellyseerr API", true, "2.6.0", json!("all")),
        ("Seerr API", true, "3.1.0", json!("all")),
    ] {
        let server = posing_as(api, has_media_server, version);
        stranger(&server.url).submit(&show).await.unwrap();
        let asked = server.asked.lock().unwrap();
        assert_eq!(
            asked.last().unwrap().body["seasons"],
            seasons,
            "{api} {version}"
        );
    }
}

#[actix_rt::test]
async fn a_seerr_whose_version_does_not_come_is_taken_for_a_new_one() {
    let server = Server::new(|asked, _| match asked.line.as_str() {
        "GET /api/v1/status" => Reply::Html(200),
        _ => seerr_itself(asked),
    });
    let info = stranger(&server.url).check().await.unwrap();
    assert_eq!(
        (info.product.as_str(), info.version.as_str()),
        ("Seerr", "unknown")
    );
    assert_eq!(info.warnings, []);
}

#[actix_rt::test]
async fn services_that_do_not_answer_seerr_are_told_when_a_person_looks_and_by_a_snapshot() {
    let server = Server::new(|asked, _| {
        ok(json!({ "pageInfo": { "results": 0 }, "results": [],
            "serviceErrors": { "radarr": [{ "id": 0, "name": "Films" }], "sonarr": [] },
            "asked": asked.line }))
    });
    let seerr = server.client();
    let troubles = seerr.troubles().await;
    assert_eq!(troubles.len(), 1);
    assert!(
        troubles[0].what.starts_with("Films: no answer to Seerr"),
        "{troubles:?}"
    );
    assert_eq!(seerr.snapshot().await.unwrap().warnings, troubles);
    assert_eq!(
        server.lines()[0],
        "GET /api/v1/request?filter=all&sort=added&take=1&skip=0"
    );
    let broken = Server::new(|_, _| Reply::Html(200));
    let troubles = broken.client().troubles().await;
    assert!(
        troubles[0].what.starts_with("requests cannot be read"),
        "{troubles:?}"
    );
    assert!(troubles[0].remedy.contains("OVERSEERR_URL"), "{troubles:?}");
}

#[actix_rt::test]
async fn a_wrong_or_missing_key_is_told_apart() {
    for (status, body, wanted) in [
        (
            401,
            json!({ "message": "cookie 'connect.sid' required" }),
            TargetError::KeyMissing,
        ),
        (
            403,
            json!({ "status": 403, "error": "You do not have permission to access this endpoint" }),
            TargetError::KeyRefused,
        ),
    ] {
        let server = Server::new(move |asked, _| match asked.line.as_str() {
            "GET /api/v1/auth/me" => Reply::Json(status, body.clone()),
            _ => seerr_itself(asked),
        });
        let error = server.client().check().await.unwrap_err();
        assert_eq!(error, wanted);
        assert!(error.ends_the_run() && error.remedy().unwrap().contains("OVERSEERR_API_KEY"));
    }
}

#[actix_rt::test]
async fn what_is_not_seerr_is_said_to_be_something_else() {
    type Answer = fn(&Asked, usize) -> Reply;
    let table: [(Answer, &str); 5] = [
        (|_, _| Reply::Redirect, "a redirect (status 307) to /login"),
        (|_, _| Reply::Html(200), "a web page (status 200)"),
        (|_, _| Reply::Html(404), "a web page (status 404)"),
        (
            |_, _| ok(json!({ "appName": "Radarr" })),
            "JSON of another program",
        ),
        (|_, _| ok(json!({ "api": "Toaster" })), "`Toaster`"),
    ];
    for (answer, found) in table {
        let server = Server::new(answer);
        let error = server.client().check().await.unwrap_err();
        assert_eq!(
            error,
            TargetError::NotSeerr {
                found: found.into()
            }
        );
        assert_eq!(server.lines().len(), 1, "nothing is followed or repeated");
    }
    let server = Server::new(|_, _| Reply::Redirect);
    assert!(matches!(
        server.client().submit(&movie(603)).await,
        Err(TargetError::NotSeerr { .. })
    ));
}
