//! Tests of [`super`]: what is believed of the target's answers.

use schema::models::MediaType::{Movie, Tv};

use super::*;
use crate::{
    identity::sample::item,
    target::{Details, NewRequest, Snapshot, Submitted, TargetInfo, TargetRequest},
};

/// A target that knows The Thing and whether TMDB is there.
#[derive(Clone, Copy)]
enum Double {
    Sound,
    WithoutTmdb,
    Gone,
    Hanging,
}

fn gone() -> TargetError {
    TargetError::Unreachable {
        address: "http://seerr:5055".into(),
        why: "connection refused".into(),
    }
}

fn upstream() -> TargetError {
    TargetError::Upstream {
        message: "Unable to retrieve movie.".into(),
    }
}

fn thing(media_type: MediaType, tmdb_id: i64) -> Candidate {
    Candidate {
        media_type,
        tmdb_id,
        title: "The Thing".into(),
        original_title: None,
        year: Some(1982),
        popularity: 40.0,
        alternative_titles: Vec::new(),
        poster_path: None,
    }
}

impl Double {
    async fn answer(self) -> Result<(), TargetError> {
        match self {
            Self::Sound => Ok(()),
            Self::WithoutTmdb => Err(upstream()),
            Self::Gone => Err(gone()),
            Self::Hanging => std::future::pending().await,
        }
    }
}

impl Target for Double {
    fn name(&self) -> &'static str {
        "double"
    }

    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError> {
        self.answer().await?;
        Ok(match id {
            ForeignId::Imdb(id) if id == "tt0084787" => vec![thing(Movie, 1091)],
            ForeignId::Imdb(id) if id == "tt0000002" => vec![thing(Movie, 1091), thing(Tv, 7)],
            _ => Vec::new(),
        })
    }

    async fn details(&self, media_type: MediaType, tmdb_id: i64) -> Result<Details, TargetError> {
        self.answer().await?;
        match (media_type, tmdb_id) {
            (Movie, 1091) => Ok(Details {
                title: "The Thing".into(),
                year: Some(1982),
                ..Details::default()
            }),
            (_, 404) => Err(TargetError::NoSuchTitle),
            // Seerr's words for a number that TMDB does not have.
            _ => Err(upstream()),
        }
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        Err(gone())
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        Err(gone())
    }

    async fn search(&self, _title: &str) -> Result<Vec<Candidate>, TargetError> {
        Err(gone())
    }

    async fn submit(&self, _wish: &NewRequest) -> Result<Submitted, TargetError> {
        Err(gone())
    }

    async fn retry(&self, _request_id: i32) -> Result<(), TargetError> {
        Err(gone())
    }

    async fn verify(&self, _oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        Err(gone())
    }

    async fn withdraw(&self, _request_id: i32) -> Result<(), TargetError> {
        Err(gone())
    }
}

/// What came of it, as a person reads it.
fn told(chosen: Result<Chosen, Failure>) -> String {
    match chosen {
        Ok(chosen) => {
            let title = chosen.title.map(|title| {
                let name = named(&title.title, title.year);
                format!("{}:{} {name}", title.media_type, title.tmdb_id)
            });
            let notice = chosen.notice.unwrap_or_default();
            format!("{} {notice}", title.unwrap_or_default())
        }
        Err(failure) => format!(
            "{:?}: {} | {}",
            failure.code,
            failure.message,
            failure.remedy.unwrap_or_default()
        ),
    }
}

fn entry() -> ListItem {
    item("The Thing", None, None)
}

async fn number(target: Result<Double, String>, media_type: MediaType, tmdb_id: i64) -> String {
    told(by_number(target, &entry(), media_type, tmdb_id).await)
}

#[actix_rt::test]
async fn a_number_is_looked_at_and_taken_as_it_is_while_nobody_can_tell() {
    tokio::time::pause();
    let lines = [
        number(Ok(Double::Sound), Movie, 1091).await,
        number(Ok(Double::Sound), Movie, 404).await,
        number(Ok(Double::Sound), Tv, 1091).await,
        number(Ok(Double::WithoutTmdb), Tv, 1091).await,
        number(Ok(Double::Gone), Movie, 1091).await,
        number(Ok(Double::Hanging), Movie, 1091).await,
        number(Err("the address of Seerr is not set".into()), Tv, 7).await,
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[actix_rt::test]
async fn an_imdb_id_is_looked_up_or_refused() {
    tokio::time::pause();
    let mut lines = Vec::new();
    for (target, id) in [
        (Double::Sound, "tt0084787"),
        (Double::Sound, "tt0000001"),
        (Double::Sound, "tt0000002"),
        (Double::Gone, "tt0084787"),
        (Double::Hanging, "tt0084787"),
    ] {
        lines.push(told(by_imdb(Ok(target), id.to_owned()).await));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_title_the_entry_waits_with_needs_no_look() {
    let waiting = ListItem {
        candidates: Some(
            r#"[{"media_type":"movie","tmdb_id":1091,"title":"The Thing","original_title":null,"year":1982,"popularity":1.0,"certainty":0.7,"reason":"x","poster_path":null}]"#
                .into(),
        ),
        ..entry()
    };
    let found = candidate(&waiting, Movie, 1091).unwrap();
    assert_eq!(
        (found.title.as_str(), found.year),
        ("The Thing", Some(1982))
    );
    assert_eq!(candidate(&waiting, Tv, 1091), None);
    assert_eq!(candidate(&entry(), Movie, 1091), None);
    let odd = ListItem {
        candidates: Some("odd".into()),
        ..entry()
    };
    assert_eq!(candidate(&odd, Movie, 1091), None);
}
