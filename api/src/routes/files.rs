//! `/api/lists/files`: takes an export file of Letterboxd or IMDb and follows its lists. The file goes
//! into the folder of exports, where the other processes read it; leaves what is in it to them.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::StreamExt as _;
use runtime::{
    exports::{Incoming, MOST_BYTES, Placed, check_name},
    socket::CallError,
};
use schema::wire::{
    Failure, FailureCode,
    sync::{AddFile, FileAdded, FromSyncWorker, SyncLink, ToSyncWorker},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{at, lists::ListAnswer};
use crate::{
    error::{ApiError, Fields},
    openapi::{Invalid, TooLarge, UnsupportedType},
    query::Query,
    shared::{Shared, unexpected},
};

/// Bytes that are kept in memory before they are written.
const CHUNK: usize = 256 * 1024;
const LONGEST_NAME: usize = 200;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(add))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/lists/files").post(add).done());
}

/// What became of the lists of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileAdded)]
struct Added {
    /// Lists that are followed from now on.
    added: Vec<ListAnswer>,
    /// Lists that were followed before; their next reading takes the new file.
    there_already: Vec<ListAnswer>,
}

impl From<FileAdded> for Added {
    fn from(file: FileAdded) -> Self {
        Self {
            added: file.added.into_iter().map(Into::into).collect(),
            there_already: file.there_already.into_iter().map(Into::into).collect(),
        }
    }
}

/// Follows the lists of an export file
///
/// The body is the file itself, as Letterboxd (`.zip`, or a `.csv` out of it), IMDb (`.csv`), Trakt or Simkl (`.zip`, `.json`, `.csv`) gave it, or any table, JSON or text of titles: `curl --data-binary @watchlist.csv`. One of the same name is replaced. A zip of Letterboxd named `letterboxd-USER-DATE-utc.zip` takes the place of the older ones of that person.
#[utoipa::path(
    post,
    path = "/api/lists/files",
    operation_id = "add_file",
    params(("name" = String, Query, description = "Name of the file, ending in .csv, .tsv, .json, .txt or .zip", example = "watchlist.csv")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file, at most 16 MiB"),
    responses(
        (status = 201, description = "Its lists", body = Added),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Invalid),
    ),
    tag = "Lists",
)]
async fn add(
    request: HttpRequest,
    body: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let name = name_of(&request)?;
    let placed = receive(body, &shared, name.clone()).await?;
    let asked = ToSyncWorker::AddFile(AddFile { file: name });
    match shared.change(asked).await {
        Ok(FromSyncWorker::FileAdded(file)) => Ok(HttpResponse::Created().json(Added::from(file))),
        Ok(other) => Err(unexpected::<SyncLink>(&other)),
        Err(error) => {
            if is_about_the_file(&error) {
                web::block(move || placed.undo())
                    .await
                    .map_err(|_blocking| ended())?
                    .map_err(|error| unwritable(&error))?;
            }
            Err(error)
        }
    }
}

fn name_of(request: &HttpRequest) -> Result<String, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    if is_form {
        return Err(ApiError::UnsupportedType(
            "the body must be the file itself and not a form with the file in it: \
             `curl --data-binary @watchlist.csv '…/api/lists/files?name=watchlist.csv'`",
        ));
    }
    let mut query = Query::of(request)?;
    let name = query.text("name", LONGEST_NAME);
    query.check()?;
    let name = name.ok_or_else(|| Fields::of("name", "is needed: the name of the file"))?;
    check_name(&name).map_err(|problem| Fields::of("name", problem))?;
    Ok(name)
}

/// Puts the body into the folder. Off the server's threads: the disk may be slow.
async fn receive(
    mut body: web::Payload,
    shared: &Shared,
    name: String,
) -> Result<Placed, ApiError> {
    let folder = shared.exports.clone();
    let mut incoming = on_disk(move || Incoming::begin(&folder)).await?;
    let (mut waiting, mut length) = (Vec::new(), 0);
    while let Some(piece) = body.next().await {
        let piece = piece
            .map_err(|error| ApiError::Unreadable(format!("the body cannot be read: {error}")))?;
        length += piece.len() as u64;
        if length > MOST_BYTES {
            let limit = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
            return Err(ApiError::TooLarge { limit });
        }
        waiting.extend_from_slice(&piece);
        if waiting.len() >= CHUNK {
            incoming = written(incoming, std::mem::take(&mut waiting)).await?;
        }
    }
    let incoming = written(incoming, waiting).await?;
    on_disk(move || incoming.place(&name)).await
}

async fn written(mut incoming: Incoming, bytes: Vec<u8>) -> Result<Incoming, ApiError> {
    on_disk(move || {
        incoming.write(&bytes)?;
        Ok(incoming)
    })
    .await
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    web::block(work)
        .await
        .map_err(|_blocking| ended())?
        .map_err(|error| unwritable(&error))
}

fn ended() -> ApiError {
    CallError::Failed(Failure::new(FailureCode::Unavailable, "the api is ending")).into()
}

fn unwritable(error: &std::io::Error) -> ApiError {
    let failure = Failure::new(
        FailureCode::Unavailable,
        format!("the file cannot be put into the folder of exports: {error}"),
    );
    let remedy =
        "Look at the folder `exports` in the data directory: ListSync needs to write there.";
    CallError::Failed(failure.with_remedy(remedy)).into()
}

/// Whether the file is at fault, and not a process that will be there again.
fn is_about_the_file(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Peer(CallError::Failed(failure)) if failure.code == FailureCode::Invalid
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::testing::{KEY, World, list_view};

    const CSV: &str = "Date,Name,Year,Letterboxd URI\n2026-01-01,Heat,1995,https://boxd.it/a\n";
    const PATH: &str = "/api/lists/files?name=watchlist.csv";

    /// Names and texts in the folder.
    fn files(world: &World) -> Vec<(String, String)> {
        let found = fs::read_dir(world.paths.exports()).unwrap();
        found
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect()
    }

    fn one(text: &str) -> Vec<(String, String)> {
        vec![("watchlist.csv".to_owned(), text.to_owned())]
    }

    #[actix_web::test]
    async fn a_file_is_put_into_the_folder_and_its_lists_are_followed() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::FileAdded(FileAdded {
            added: vec![list_view()],
            there_already: Vec::new(),
        }));
        let answer = world.send("POST", PATH, CSV).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        assert_eq!(answer.json["added"][0]["id"], 5);
        assert_eq!(answer.json["there_already"].as_array().unwrap().len(), 0);
        assert_eq!(files(&world), one(CSV));
        let asked = AddFile {
            file: "watchlist.csv".into(),
        };
        assert_eq!(world.asked(), [ToSyncWorker::AddFile(asked)]);
    }

    #[actix_web::test]
    async fn a_file_that_is_no_export_leaves_nothing_and_an_older_one_is_kept() {
        let world = World::new().await;
        let said = "watchlist.csv is no export of a list: it begins with `a,b`";
        world.sync_fails(FailureCode::Invalid, said);
        let answer = world.send("POST", PATH, "a,b\n").await;
        answer.is_problem(422, "invalid");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("it begins with `a,b`"), "{detail}");
        assert!(files(&world).is_empty());
        fs::write(world.paths.exports().join("watchlist.csv"), CSV).unwrap();
        world.sync_fails(FailureCode::Invalid, said);
        world
            .send("POST", PATH, "a,b\n")
            .await
            .is_problem(422, "invalid");
        assert_eq!(files(&world), one(CSV));
    }

    #[actix_web::test]
    async fn while_the_sync_worker_is_away_the_file_waits_for_it() {
        let world = World::alone().await;
        let answer = world.send("POST", PATH, CSV).await;
        answer.is_problem(503, "unavailable");
        assert_eq!(files(&world), one(CSV));
    }

    #[actix_web::test]
    async fn names_that_lead_elsewhere_are_refused() {
        let world = World::new().await;
        for name in [
            "",
            "?name=",
            "?name=..%2Fx.csv",
            "?name=%2Fetc%2Fx.csv",
            "?name=.x.csv",
            "?name=x.pdf",
            "?name=a%00.csv",
        ] {
            let path = format!("/api/lists/files{name}");
            world.send("POST", &path, CSV).await.blames(&["name"]);
        }
        assert!(files(&world).is_empty() && world.asked().is_empty());
    }

    #[actix_web::test]
    async fn a_form_is_explained_and_a_key_is_needed() {
        let world = World::new().await;
        let form = [
            ("x-api-key", KEY),
            ("content-type", "multipart/form-data; boundary=x"),
        ];
        let answer = world.ask("POST", PATH, &form, None, "--x--").await;
        answer.is_problem(415, "unsupported_type");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("--data-binary"), "{detail}");
        let answer = world.ask("POST", PATH, &[], None, CSV).await;
        answer.is_problem(401, "unauthorized");
        world
            .get("/api/lists/files")
            .await
            .is_problem(405, "method_not_allowed");
        assert!(files(&world).is_empty() && world.asked().is_empty());
    }

    #[actix_web::test]
    async fn sixteen_mebibytes_are_taken_and_a_byte_more_is_not() {
        let world = World::new().await;
        let most = "x".repeat(usize::try_from(MOST_BYTES).unwrap());
        let answer = world.send("POST", PATH, &format!("{most}x")).await;
        answer.is_problem(413, "too_large");
        assert!(files(&world).is_empty());
        world.sync_answers(FromSyncWorker::FileAdded(FileAdded::default()));
        assert_eq!(world.send("POST", PATH, &most).await.status, 201);
        assert_eq!(files(&world), one(&most));
    }

    #[actix_web::test]
    async fn a_folder_that_cannot_be_written_is_named() {
        let world = World::new().await;
        let exports = world.paths.exports();
        fs::remove_dir(&exports).unwrap();
        fs::write(&exports, "in the way").unwrap();
        let answer = world.send("POST", PATH, CSV).await;
        answer.is_problem(503, "unavailable");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("folder of exports"), "{detail}");
    }

    #[actix_web::test]
    async fn everybody_may_read_what_was_put_there() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::FileAdded(FileAdded::default()));
        assert_eq!(world.send("POST", PATH, CSV).await.status, 201);
        let file = fs::metadata(world.paths.exports().join("watchlist.csv")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o644);
    }
}
