//! Reading that goes wrong, and searches.

use super::*;

#[actix_rt::test]
async fn trouble_that_passes_is_read_over() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        ),
        1 => Reply::Html(502),
        _ => ok(json!({ "results": [] })),
    });
    let id = ForeignId::Imdb("tt0133093".into());
    assert_eq!(server.client().look_up(&id).await, Ok(vec![]));
    assert_eq!(server.lines().len(), 3);
}

#[actix_rt::test]
async fn trouble_that_stays_is_tmdbs_and_never_nothing_found() {
    let server = Server::new(|_, _| {
        Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        )
    });
    let error = server
        .client()
        .look_up(&ForeignId::Tvdb(5))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        TargetError::Upstream {
            message: "Unable to retrieve search results.".into()
        }
    );
    assert!(!error.ends_the_run());
    assert_eq!(server.lines().len(), 3);
}

#[actix_rt::test]
async fn a_probe_is_not_repeated() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        ),
        _ => ok(json!({ "results": [] })),
    });
    let (seerr, id) = (server.client(), ForeignId::Imdb("tt0000001".into()));
    assert!(matches!(
        seerr.probe(&id).await,
        Err(TargetError::Upstream { .. })
    ));
    assert_eq!(server.lines().len(), 1);
    assert_eq!(seerr.probe(&id).await, Ok(()));
}

#[actix_rt::test]
async fn a_reading_that_is_cut_off_is_repeated_twice() {
    let (url, count) =
        curt("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
            .await;
    assert!(client(&url, 1).look_up(&ForeignId::Tvdb(5)).await.is_err());
    assert_eq!(*count.lock().unwrap(), 3);
}

#[actix_rt::test]
async fn a_search_that_tmdb_keeps_waiting_is_tmdbs_trouble_and_the_rest_is_not() {
    let server = Server::new(|_, _| Reply::Never);
    let seerr = hasty(&server.url);
    assert!(matches!(
        seerr.search("Heat").await,
        Err(TargetError::Upstream { .. })
    ));
    assert!(matches!(
        seerr.verify(1).await,
        Err(TargetError::Unknown { .. })
    ));
    assert_eq!(
        server.lines().len(),
        2,
        "what took too long is not asked again"
    );
}

#[actix_rt::test]
async fn an_answer_without_end_is_given_up() {
    let server = Server::new(|_, _| ok(json!({ "results": ["x".repeat(5000)] })));
    let limits = Limits {
        body: 4096,
        ..Limits::with_post(Duration::from_secs(20))
    };
    let seerr = Seerr::with_limits(&settings(&server.url, 1), limits).unwrap();
    assert!(matches!(
        seerr.search("Heat").await,
        Err(TargetError::Malformed { .. })
    ));
}

#[actix_rt::test]
async fn json_of_another_shape_is_malformed() {
    let server = Server::new(|_, _| ok(json!({ "results": 5 })));
    let error = server.client().search("Heat").await.unwrap_err();
    let TargetError::Malformed { what } = error else {
        panic!()
    };
    assert!(what.starts_with("GET /search: invalid type"), "{what}");
}

#[actix_rt::test]
async fn a_search_reads_two_pages_and_does_not_believe_an_empty_second() {
    let result = |id: i64| json!({ "id": id, "mediaType": "movie", "title": "Heat" });
    let server = Server::new(move |asked, _| {
        let page = asked.parameter("page");
        let results = if page == 1 {
            vec![result(1), result(2)]
        } else {
            vec![result(2), result(3)]
        };
        ok(json!({ "page": page, "totalPages": 9, "totalResults": 170, "results": results }))
    });
    let ids: Vec<i64> = server
        .client()
        .search("Heat")
        .await
        .unwrap()
        .iter()
        .map(|found| found.tmdb_id)
        .collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(server.lines().len(), 2);
    let server = Server::new(move |_, before| match before {
        0 => ok(json!({ "page": 1, "totalPages": 9, "totalResults": 170, "results": [result(1)] })),
        _ => ok(json!({ "page": 2, "totalPages": 1, "totalResults": 0, "results": [] })),
    });
    assert!(matches!(
        server.client().search("Heat").await,
        Err(TargetError::Upstream { .. })
    ));
}

#[actix_rt::test]
async fn a_search_in_seerrs_own_language_is_made_only_where_it_is_another() {
    for (locale, queries) in [("de", 1), ("pt-BR", 1), ("en", 0), ("en-GB", 0), ("", 0)] {
        let server = Server::new(move |asked, _| match asked.line.as_str() {
            "GET /api/v1/settings/public" => ok(json!({ "locale": locale })),
            _ => ok(json!({ "totalPages": 1, "results": [
                { "id": 129, "mediaType": "movie", "title": "Chihiros Reise ins Zauberland",
                  "originalTitle": "千と千尋の神隠し", "posterPath": "/a.jpg" },
            ] })),
        });
        let seerr = server.client();
        let found = seerr.search_local("Spirited Away").await.unwrap();
        assert_eq!(found.len(), queries, "{locale}");
        let wanted = format!("GET /api/v1/search?query=Spirited%20Away&page=1&language={locale}");
        let searches: Vec<String> = server.lines().into_iter().skip(1).collect();
        assert_eq!(searches, vec![wanted; queries]);
        for found in found {
            assert_eq!(found.title, "Chihiros Reise ins Zauberland");
            assert_eq!(found.original_title.as_deref(), Some("千と千尋の神隠し"));
            assert_eq!(found.poster_path.as_deref(), Some("/a.jpg"));
        }
    }
}
