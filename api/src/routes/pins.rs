//! `/api/pins`: what people said entries are, and carrying it to another ListSync as a file. The form of
//! the file is `schema::pin_file`'s, keeping pins the sync-worker's.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::StreamExt as _;
use schema::{
    pin_file::{MOST_BYTES, PinFile, PinRecord, write},
    wire::sync::{
        FromSyncWorker, ImportPins, PinPage, PinView, PinsImported, PinsRequest, SyncLink,
        ToSyncWorker, Unpin, Unpinned,
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{at, items, review::number};
use crate::{
    error::{ApiError, Fields},
    openapi::{Invalid, NotFound, TooLarge},
    query::{Page, Query},
    shared::{Shared, unexpected},
};

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, remove, export, import), components(schemas(PinRecord)))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/pins").get(all).done())
        .service(at("/pins/export").get(export).done())
        .service(at("/pins/import").post(import).done())
        .service(at("/pins/{id}").delete(remove).done());
}

/// One page of pins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PinPage)]
struct PinsAnswer {
    /// The oldest first.
    pins: Vec<PinView>,
    total: u32,
    page: i64,
    limit: i64,
    has_more: bool,
}

/// The file that carries pins.
#[derive(Debug, ToSchema)]
#[schema(as = PinFile)]
#[expect(
    dead_code,
    reason = "it is there for the document; `schema::pin_file` reads and writes"
)]
struct FileOfPins {
    /// `listsync-pins`
    #[schema(example = "listsync-pins")]
    format: String,
    /// `1`
    #[schema(example = 1)]
    version: i64,
    /// A later pin counts more than an earlier one.
    pins: Vec<PinRecord>,
}

/// Shows what people said entries are
///
/// Each pin holds for its entry on every list.
#[utoipa::path(
    get,
    path = "/api/pins",
    operation_id = "get_pins",
    params(Page),
    responses((status = 200, description = "One page of pins", body = PinsAnswer)),
    tag = "Review",
)]
async fn all(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let page = query.page(items::LIMIT);
    query.check()?;
    let offset = page.offset();
    let asked = PinsRequest {
        after: 0,
        offset: u32::try_from(offset).unwrap_or(u32::MAX),
        limit: u32::try_from(page.limit).unwrap_or(PinsRequest::MOST),
    };
    let PinPage { pins, total } = ask(&shared, asked).await?;
    Ok(HttpResponse::Ok().json(PinsAnswer {
        pins,
        total,
        page: page.page,
        limit: page.limit,
        has_more: offset.saturating_add(page.limit) < i64::from(total),
    }))
}

async fn ask(shared: &Shared, asked: PinsRequest) -> Result<PinPage, ApiError> {
    match shared.look(ToSyncWorker::Pins(asked)).await? {
        FromSyncWorker::Pins(page) => Ok(page),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// Takes back what a person said
///
/// The next run looks at the entries anew. What was requested stays requested.
#[utoipa::path(
    delete,
    path = "/api/pins/{id}",
    operation_id = "remove_pin",
    params(("id" = i32, Path, description = "Number of the pin", minimum = 1)),
    responses(
        (status = 200, description = "The pin as it was", body = Unpinned),
        (status = 404, response = NotFound),
    ),
    tag = "Review",
)]
async fn remove(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let pin = number(&path, "pin")?;
    match shared.change(ToSyncWorker::Unpin(Unpin { pin })).await? {
        FromSyncWorker::Unpinned(gone) => Ok(HttpResponse::Ok().json(gone)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// Gives all pins as a file
///
/// Another ListSync takes it with `POST /api/pins/import` or `listsync pins import`.
#[utoipa::path(
    get,
    path = "/api/pins/export",
    operation_id = "export_pins",
    responses((status = 200, description = "The file, a pin on each line", body = FileOfPins, headers(("content-disposition" = String, description = "Its name, `listsync-pins.json`")))),
    tag = "Review",
)]
async fn export(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let (mut pins, mut after): (Vec<PinRecord>, _) = (Vec::new(), 0);
    loop {
        let asked = PinsRequest {
            after,
            offset: 0,
            limit: PinsRequest::MOST,
        };
        let page = ask(&shared, asked).await?;
        let Some(last) = page.pins.last() else {
            break;
        };
        after = last.id;
        pins.extend(page.pins.into_iter().map(PinRecord::from));
    }
    let text = write(&pins).map_err(|error| ApiError::Json(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"listsync-pins.json\"",
        ))
        .body(text))
}

/// Takes over the pins of a file
///
/// The body is the file itself: `curl --data-binary @listsync-pins.json`. Pins that are there already change nothing, those about the same entry are replaced, and they take effect on all lists at once. Pins that are none are told in `refused` with their number in the file, and keep no other from being taken.
#[utoipa::path(
    post,
    path = "/api/pins/import",
    operation_id = "import_pins",
    params(("dry_run" = Option<bool>, Query, description = "Only tell what would become of them")),
    request_body(content = FileOfPins, description = "The file, at most 8 MiB and 20,000 pins"),
    responses(
        (status = 200, description = "What became of them", body = PinsImported),
        (status = 413, response = TooLarge),
        (status = 422, response = Invalid),
    ),
    tag = "Review",
)]
async fn import(
    request: HttpRequest,
    body: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let dry_run = query.flag("dry_run");
    query.check()?;
    let bytes = received(body).await?;
    let file = PinFile::read(&bytes)
        .map_err(|error| Fields::of("body", format!("cannot be taken: {error}")))?;
    let mut whole = PinsImported {
        refused: file.refused.clone(),
        ..PinsImported::default()
    };
    for pins in file.into_batches() {
        let asked = ToSyncWorker::ImportPins(ImportPins { pins, dry_run });
        match shared.change(asked).await? {
            FromSyncWorker::PinsImported(part) => whole.add(part),
            other => return Err(unexpected::<SyncLink>(&other)),
        }
    }
    Ok(HttpResponse::Ok().json(whole))
}

async fn received(mut body: web::Payload) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece
            .map_err(|error| ApiError::Unreadable(format!("the body cannot be read: {error}")))?;
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(ApiError::TooLarge { limit: MOST_BYTES });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use schema::{pin_file::RefusedPin, wire::FailureCode};

    use super::*;
    use crate::{routes::review::tests::pin, testing::World};

    fn file(pins: &[PinView]) -> String {
        let records: Vec<PinRecord> = pins.iter().cloned().map(Into::into).collect();
        write(&records).unwrap()
    }

    #[actix_web::test]
    async fn pins_are_shown_in_pages_and_removed() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::Pins(PinPage {
            pins: vec![pin(3)],
            total: 12,
        }));
        let answer = world.get("/api/pins?page=2&limit=5").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json["pins"][0]["title"]["tmdb_id"], 1091);
        assert_eq!(answer.json["has_more"], true);
        world.sync_answers(FromSyncWorker::Unpinned(Box::new(Unpinned {
            pin: pin(3),
            entries: 2,
        })));
        let answer = world.send("DELETE", "/api/pins/3", "").await;
        assert_eq!((answer.status, &answer.json["entries"]), (200, &2.into()));
        let asked = PinsRequest {
            after: 0,
            offset: 5,
            limit: 5,
        };
        assert_eq!(
            world.asked(),
            [
                ToSyncWorker::Pins(asked),
                ToSyncWorker::Unpin(Unpin { pin: 3 })
            ]
        );
        world.sync_fails(FailureCode::NotFound, "there is no pin 3");
        for path in ["/api/pins/3", "/api/pins/x"] {
            world
                .send("DELETE", path, "")
                .await
                .is_problem(404, "not_found");
        }
    }

    #[actix_web::test]
    async fn all_pins_are_exported_as_a_file_however_many_there_are() {
        let world = World::new().await;
        for pins in [vec![pin(3), pin(4)], vec![pin(9)], Vec::new()] {
            world.sync_answers(FromSyncWorker::Pins(PinPage { pins, total: 3 }));
        }
        let answer = world.get("/api/pins/export").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text, file(&[pin(3), pin(4), pin(9)]));
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"listsync-pins.json\""
        );
        let after: Vec<i32> = world
            .asked()
            .into_iter()
            .map(|asked| match asked {
                ToSyncWorker::Pins(asked) => asked.after,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(after, [0, 4, 9]);
    }

    #[actix_web::test]
    async fn a_file_is_imported_part_by_part_and_tells_what_was_refused() {
        let world = World::new().await;
        let pins: Vec<PinView> = (1..=502).map(pin).collect();
        let text = file(&pins).replacen("source:site:2\"", "isbn:2\"", 1);
        for added in [490, 3] {
            world.sync_answers(FromSyncWorker::PinsImported(PinsImported {
                added,
                refused: vec![RefusedPin {
                    number: added,
                    reason: "x".into(),
                }],
                ..PinsImported::default()
            }));
        }
        let answer = world
            .send("POST", "/api/pins/import?dry_run=true", &text)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json["added"], 493);
        assert_eq!(answer.json["refused"][0]["number"], 2);
        let asked = world.asked();
        let [
            ToSyncWorker::ImportPins(first),
            ToSyncWorker::ImportPins(last),
        ] = asked.as_slice()
        else {
            panic!("{asked:?}")
        };
        assert!(first.dry_run && last.dry_run);
        assert_eq!((first.pins.len(), last.pins.len()), (500, 1));
        assert_eq!((first.pins[1].number, last.pins[0].number), (3, 502));
    }

    #[actix_web::test]
    async fn what_is_no_file_of_pins_is_refused_by_what_it_is() {
        let world = World::new().await;
        for (text, said) in [
            ("", "no JSON"),
            ("Date,Name\n", "no JSON"),
            (r#"{"format":"x"}"#, "its format is `x`"),
            (
                r#"{"format":"listsync-pins","version":2,"pins":[]}"#,
                "version of the format is 2",
            ),
            (
                r#"{"format":"listsync-pins","version":1,"pins":[]}"#,
                "nothing to import",
            ),
        ] {
            let answer = world.send("POST", "/api/pins/import", text).await;
            answer.blames(&["body"]);
            let detail = answer.json["detail"].as_str().unwrap();
            assert!(detail.contains(said), "{detail}");
        }
        let long = " ".repeat(MOST_BYTES + 1);
        world
            .send("POST", "/api/pins/import", &long)
            .await
            .is_problem(413, "too_large");
        world
            .send("POST", "/api/pins/import?dry_run=maybe", "{}")
            .await
            .blames(&["dry_run"]);
        assert!(world.asked().is_empty());
    }
}
