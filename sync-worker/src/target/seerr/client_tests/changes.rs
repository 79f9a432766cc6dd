//! What becomes of requests that are made, tried again and taken back.

use super::*;

#[actix_rt::test]
async fn a_request_that_made_nothing_says_so() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(202, json!({ "message": "No seasons available to request" })),
        1 => Reply::Json(
            409,
            json!({ "message": "Request for this media already exists." }),
        ),
        2 => Reply::Json(403, json!({ "message": "This media is blocklisted." })),
        _ => Reply::Json(500, json!({ "message": "SQLITE_BUSY: database is locked" })),
    });
    let seerr = server.client();
    assert_eq!(seerr.submit(&movie(603)).await, Ok(Submitted::NothingLeft));
    assert_eq!(seerr.submit(&movie(603)).await, Ok(Submitted::AlreadyThere));
    assert_eq!(
        seerr.submit(&movie(603)).await,
        Err(TargetError::Blocklisted)
    );
    assert!(matches!(
        seerr.submit(&movie(603)).await,
        Err(TargetError::Busy { .. })
    ));
    assert_eq!(server.lines().len(), 4, "a request is never repeated here");
}

#[actix_rt::test]
async fn a_request_without_an_answer_in_time_is_in_doubt() {
    let server = Server::new(|_, _| Reply::Never);
    let error = hasty(&server.url).submit(&movie(603)).await.unwrap_err();
    assert_eq!(
        error,
        TargetError::Unknown {
            why: "no answer within 0.1 s".into()
        }
    );
    assert!(error.may_have_been_sent() && error.ends_the_run());
    assert_eq!(server.lines().len(), 1);
}

#[actix_rt::test]
async fn a_request_whose_answer_is_cut_off_is_in_doubt() {
    for piece in [
        "",
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\": 1",
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\nbad",
        "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (url, count) = curt(piece).await;
        let error = client(&url, 1).submit(&movie(603)).await.unwrap_err();
        assert!(
            matches!(error, TargetError::Unknown { .. }),
            "{piece:?}: {error:?}"
        );
        assert_eq!(*count.lock().unwrap(), 1, "{piece:?}");
    }
}

#[actix_rt::test]
async fn nobody_there_means_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url.replace("http://", "http://me:hush@"), 1)
        .submit(&movie(603))
        .await
        .unwrap_err();
    let TargetError::Unreachable { address, why } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*address, url);
    assert!(why.contains("refused") && !why.contains("hush"), "{why}");
    assert!(error.ends_the_run() && !error.may_have_been_sent());
}

// ---- a request is tried again, or taken back ----

/// What is done to one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Retry,
    Withdraw,
}

const DEEDS: [Deed; 2] = [Deed::Retry, Deed::Withdraw];

impl Deed {
    async fn to(self, seerr: &Seerr, request_id: i32) -> Result<(), TargetError> {
        match self {
            Self::Retry => seerr.retry(request_id).await,
            Self::Withdraw => seerr.withdraw(request_id).await,
        }
    }

    fn line(self, request_id: i32) -> String {
        match self {
            Self::Retry => format!("POST /api/v1/request/{request_id}/retry"),
            Self::Withdraw => format!("DELETE /api/v1/request/{request_id}"),
        }
    }
}

#[actix_rt::test]
async fn a_request_is_tried_again_once_as_the_keys_own_user() {
    let server = Server::new(|_, _| made(11, &[]));
    client(&server.url, 4).retry(11).await.unwrap();
    let asked = server.only();
    assert_eq!(asked.line, Deed::Retry.line(11));
    assert_eq!(asked.body, json!({}));
    assert_eq!(asked.content_type.as_deref(), Some("application/json"));
    assert_eq!(
        (asked.key.as_deref(), asked.user),
        (Some("c2VjcmV0=="), None)
    );
}

#[actix_rt::test]
async fn a_request_is_taken_back_once_and_the_empty_answer_is_a_yes() {
    let (url, count) = curt("HTTP/1.1 204 No Content\r\n\r\n").await;
    client(&url, 4).withdraw(11).await.unwrap();
    assert_eq!(*count.lock().unwrap(), 1);
    let server = Server::new(|_, _| ok(json!({})));
    client(&server.url, 4).withdraw(11).await.unwrap();
    let asked = server.only();
    assert_eq!((asked.line, asked.user), (Deed::Withdraw.line(11), None));
}

#[actix_rt::test]
async fn a_request_that_is_gone_is_well_withdrawn_and_cannot_be_tried_again() {
    let server = Server::new(|_, _| Reply::Json(404, json!({ "message": "Request not found." })));
    let seerr = server.client();
    assert_eq!(seerr.withdraw(11).await, Ok(()));
    let error = seerr.retry(11).await.unwrap_err();
    assert_eq!(error, TargetError::NoSuchRequest);
    assert!(!error.may_have_been_sent() && !error.ends_the_run());
}

#[actix_rt::test]
async fn a_request_that_is_no_longer_failed_needs_no_other_try() {
    let server = Server::new(|_, _| {
        Reply::Json(
            409,
            json!({ "message": "Only failed requests can be retried." }),
        )
    });
    assert_eq!(server.client().retry(11).await, Ok(()));
}

#[actix_rt::test]
async fn whoever_may_not_is_told_what_to_do() {
    let words = "You do not have permission to delete this request.";
    for deed in DEEDS {
        for (status, body, wanted) in [
            (
                401,
                json!({ "message": words }),
                TargetError::NotAllowed {
                    message: words.into(),
                },
            ),
            (
                403,
                json!({ "message": words }),
                TargetError::NotAllowed {
                    message: words.into(),
                },
            ),
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
            (
                403,
                json!({ "message": "invalid csrf token" }),
                TargetError::Csrf,
            ),
        ] {
            let server = Server::new(move |_, _| Reply::Json(status, body.clone()));
            let error = deed.to(&server.client(), 11).await.unwrap_err();
            assert_eq!(error, wanted, "{deed:?}");
            assert!(error.remedy().is_some() && !error.may_have_been_sent());
        }
    }
    let told = TargetError::NotAllowed {
        message: words.into(),
    };
    assert!(told.remedy().unwrap().contains("manage requests"));
}

#[actix_rt::test]
async fn what_is_elsewhere_changed_nothing_and_is_never_a_yes() {
    for deed in DEEDS {
        let unknown_path =
            json!({ "message": "not found", "errors": [{ "message": "not found" }] });
        for reply in [|| Reply::Html(200), || Reply::Html(404), || Reply::Redirect] {
            let server = Server::new(move |_, _| reply());
            let error = deed.to(&server.client(), 11).await.unwrap_err();
            assert!(
                matches!(error, TargetError::NotSeerr { .. }),
                "{deed:?} {error:?}"
            );
            assert_eq!(server.lines(), [deed.line(11)]);
        }
        let server = Server::new(move |_, _| Reply::Json(404, unknown_path.clone()));
        let error = deed.to(&server.client(), 11).await.unwrap_err();
        assert!(
            matches!(error, TargetError::NotSeerr { .. }),
            "{deed:?} {error:?}"
        );
    }
}

#[actix_rt::test]
async fn what_ends_unknown_is_in_doubt_and_not_repeated() {
    for deed in DEEDS {
        let server = Server::new(|_, _| Reply::Never);
        let error = deed.to(&hasty(&server.url), 11).await.unwrap_err();
        assert!(error.may_have_been_sent(), "{deed:?} {error:?}");
        assert_eq!(server.lines().len(), 1);
        for piece in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\": 1",
            "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\nbad",
            "HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\nbad",
            "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n",
        ] {
            let (url, count) = curt(piece).await;
            let error = deed.to(&client(&url, 1), 11).await.unwrap_err();
            assert!(
                matches!(error, TargetError::Unknown { .. }),
                "{deed:?} {piece:?}: {error:?}"
            );
            assert_eq!(*count.lock().unwrap(), 1, "{deed:?} {piece:?}");
        }
        let large = Server::new(|_, _| ok(json!({ "x": "x".repeat(5000) })));
        let limits = Limits {
            body: 4096,
            ..Limits::with_post(Duration::from_secs(20))
        };
        let seerr = Seerr::with_limits(&settings(&large.url, 1), limits).unwrap();
        let error = deed.to(&seerr, 11).await.unwrap_err();
        assert!(error.may_have_been_sent(), "{deed:?} {error:?}");
    }
}

#[actix_rt::test]
async fn trouble_of_seerr_itself_is_told_as_such() {
    for deed in DEEDS {
        for (message, is_busy) in [("SQLITE_BUSY: database is locked", true), ("oh", false)] {
            let server = Server::new(move |_, _| Reply::Json(500, json!({ "message": message })));
            let error = deed.to(&server.client(), 11).await.unwrap_err();
            assert_eq!(
                matches!(error, TargetError::Busy { .. }),
                is_busy,
                "{deed:?} {error:?}"
            );
            assert!(!error.ends_the_run());
            assert_eq!(
                server.lines().len(),
                1,
                "what changes something is never repeated"
            );
        }
    }
}

#[actix_rt::test]
async fn nobody_there_means_that_nothing_was_changed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for deed in DEEDS {
        let error = deed.to(&client(&url, 1), 11).await.unwrap_err();
        assert!(
            matches!(error, TargetError::Unreachable { .. }),
            "{deed:?} {error:?}"
        );
        assert!(!error.may_have_been_sent());
    }
}
