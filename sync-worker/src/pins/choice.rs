//! What a person picked, as TMDB has it: a number is looked at before it is taken, and an IMDb id looked
//! up. While Seerr is away a number is taken as it is.

use std::{fmt::Display, time::Duration};

use schema::{
    DbError,
    models::{IdSource, ListItem, MediaType, ReviewCandidate, Title, TitleId},
    pin_file::PinTitle,
    wire::{Failure, FailureCode, sync::Choice},
};
use tokio::time::{Instant, timeout};

use super::{failed, named};
use crate::{
    engine::Engine,
    identity::{UpstreamProbe, imdb_id, is_of_tmdb},
    target::{Candidate, ForeignId, Target, TargetError},
};

/// How long a person who picks waits for the target.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an entry is from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The title; none when it is none of TMDB's.
    pub(super) title: Option<PinTitle>,
    /// The IMDb id by which it was looked up.
    pub(super) imdb_id: Option<String>,
    /// What could not be found out, as a sentence.
    pub(super) notice: Option<String>,
}

impl From<PinTitle> for Chosen {
    fn from(title: PinTitle) -> Self {
        Self {
            title: Some(title),
            ..Self::default()
        }
    }
}

/// What a person's choice for `item` means.
pub(super) async fn resolve(
    engine: &Engine,
    item: &ListItem,
    choice: Choice,
) -> Result<Chosen, Failure> {
    let target = engine.target().map_err(|error| error.to_string());
    match choice {
        Choice::None => Ok(Chosen::default()),
        Choice::Imdb { imdb_id: typed } => {
            let id = imdb_id(&typed).ok_or_else(|| no_imdb_id(&typed))?;
            match known_by_imdb(engine, &id).await? {
                Some(title) => Ok(title.into()),
                None => by_imdb(target, id).await,
            }
        }
        Choice::Title {
            media_type,
            tmdb_id,
        } => {
            if tmdb_id <= 0 {
                return Err(no_such_title(media_type, tmdb_id));
            }
            match candidate(item, media_type, tmdb_id) {
                Some(title) => Ok(title.into()),
                None => by_number(target, item, media_type, tmdb_id).await,
            }
        }
    }
}

/// The title among those that the entry waits with.
fn candidate(item: &ListItem, media_type: MediaType, tmdb_id: i64) -> Option<PinTitle> {
    let candidates: Vec<ReviewCandidate> =
        serde_json::from_str(item.candidates.as_deref()?).ok()?; // then TMDB is asked
    let found = candidates
        .into_iter()
        .find(|title| (title.media_type, title.tmdb_id) == (media_type, tmdb_id))?;
    Some(PinTitle {
        media_type,
        tmdb_id,
        title: found.title,
        year: found.year,
    })
}

/// The title that an earlier look-up found for the id. What lists say of it is not asked: a person who
/// names the id may be putting just that right.
async fn known_by_imdb(engine: &Engine, imdb_id: &str) -> Result<Option<PinTitle>, Failure> {
    let id = imdb_id.to_owned();
    let titles = engine
        .db
        .read(move |conn| -> Result<_, DbError> {
            let ids = TitleId::of(conn, IdSource::Imdb, &[&id])?;
            let of_tmdb = ids.iter().filter(|id| is_of_tmdb(&id.known_by));
            let rows: Vec<_> = of_tmdb.map(|id| id.title).collect();
            Ok(Title::of(conn, &rows)?)
        })
        .await
        .map_err(|error| failed(&error))?;
    Ok(match <[Title; 1]>::try_from(titles) {
        Ok([title]) => Some(PinTitle {
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
            title: title.title,
            year: title.year,
        }),
        Err(_none_or_several) => None,
    })
}

/// The title with IMDb's id, looked up at the target.
async fn by_imdb<T: Target>(target: Result<T, String>, imdb_id: String) -> Result<Chosen, Failure> {
    let id = ForeignId::Imdb(imdb_id.clone());
    let found = match target {
        Err(why) => Err(why),
        Ok(target) => match timeout(PATIENCE, target.look_up(&id)).await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(_elapsed) => Err(too_slow()),
        },
    };
    let mut found = found.map_err(|why| cannot_look_up(&imdb_id, &why))?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(unknown_imdb_id(&imdb_id)),
        (Some(only), true) => Ok(Chosen {
            title: Some(title_of(only)),
            imdb_id: Some(imdb_id),
            notice: None,
        }),
        (Some(last), false) => {
            found.push(last);
            Err(several(&imdb_id, &found))
        }
    }
}

fn title_of(candidate: Candidate) -> PinTitle {
    PinTitle {
        media_type: candidate.media_type,
        tmdb_id: candidate.tmdb_id,
        title: candidate.title,
        year: candidate.year,
    }
}

/// The title with TMDB's number, as the target tells; taken as it is when nobody can tell.
async fn by_number<T: Target>(
    target: Result<T, String>,
    item: &ListItem,
    media_type: MediaType,
    tmdb_id: i64,
) -> Result<Chosen, Failure> {
    let details = match target {
        Err(why) => Err(Unknown::Away(why)),
        Ok(target) => match timeout(PATIENCE, details(&target, media_type, tmdb_id)).await {
            Ok(details) => details,
            Err(_elapsed) => Err(Unknown::Away(too_slow())),
        },
    };
    match details {
        Ok(title) => Ok(title.into()),
        Err(Unknown::NoSuchTitle) => Err(no_such_title(media_type, tmdb_id)),
        Err(Unknown::Away(why)) => Ok(Chosen {
            title: Some(PinTitle {
                media_type,
                tmdb_id,
                title: item.title.clone(),
                year: item.year,
            }),
            imdb_id: None,
            notice: Some(format!(
                "Nobody could look whether TMDB has the {} {tmdb_id}: {}. It is taken as it is.",
                kind(media_type),
                why.trim_end_matches('.')
            )),
        }),
    }
}

/// Why the target tells nothing of a title.
#[derive(Debug)]
enum Unknown {
    /// TMDB does not have it.
    NoSuchTitle,
    /// Nobody can tell now.
    Away(String),
}

async fn details<T: Target>(
    target: &T,
    media_type: MediaType,
    tmdb_id: i64,
) -> Result<PinTitle, Unknown> {
    let began = Instant::now();
    match target.details(media_type, tmdb_id).await {
        Ok(details) => Ok(PinTitle {
            media_type,
            tmdb_id,
            title: details.title,
            year: details.year,
        }),
        Err(TargetError::NoSuchTitle) => Err(Unknown::NoSuchTitle),
        // Also the answer for a number that TMDB does not have: ask whether TMDB is there.
        Err(TargetError::Upstream { .. }) => {
            match UpstreamProbe::default().answers_since(target, began).await {
                Ok(()) => Err(Unknown::NoSuchTitle),
                Err(error) => Err(away(&error)),
            }
        }
        Err(error) => Err(away(&error)),
    }
}

fn away(error: &impl Display) -> Unknown {
    Unknown::Away(error.to_string())
}

fn too_slow() -> String {
    format!("Seerr did not answer within {} s", PATIENCE.as_secs())
}

fn kind(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movie",
        MediaType::Tv => "show",
    }
}

fn no_such_title(media_type: MediaType, tmdb_id: i64) -> Failure {
    let message = format!("TMDB has no {} {tmdb_id}", kind(media_type));
    Failure::new(FailureCode::Invalid, message).with_remedy(
        "The number stands in the address of the title's page on themoviedb.org: /movie/603 is the \
         movie 603, /tv/1396 the show 1396.",
    )
}

fn no_imdb_id(typed: &str) -> Failure {
    let message = format!("`{typed}` is no IMDb id");
    Failure::new(FailureCode::Invalid, message)
        .with_remedy("It is `tt` and digits, as in the address of the title's page on imdb.com.")
}

fn unknown_imdb_id(imdb_id: &str) -> Failure {
    let message = format!("TMDB knows no title with the IMDb id {imdb_id}");
    Failure::new(FailureCode::Invalid, message).with_remedy(
        "Give TMDB's number instead: the movie or show with its number on themoviedb.org.",
    )
}

fn several(imdb_id: &str, found: &[Candidate]) -> Failure {
    let titles: Vec<String> = found
        .iter()
        .map(|title| {
            format!(
                "{}:{} {}",
                title.media_type,
                title.tmdb_id,
                named(&title.title, title.year)
            )
        })
        .collect();
    let message = format!("TMDB has several titles with the IMDb id {imdb_id}");
    Failure::new(FailureCode::Conflict, message).with_remedy(format!(
        "Give the number of one of them: {}.",
        titles.join(", ")
    ))
}

fn cannot_look_up(imdb_id: &str, why: &str) -> Failure {
    let message = format!("{imdb_id} cannot be looked up: {why}");
    Failure::new(FailureCode::Unavailable, message)
        .with_remedy("Try again later, or give TMDB's number, which is taken as it is.")
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
