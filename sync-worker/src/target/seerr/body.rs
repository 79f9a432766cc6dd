//! What Seerr is sent when something is to change there.

use schema::models::MediaType;
use serde::Serialize;

use crate::target::{NewRequest, Seasons};

/// Body of a request; what is not known is left out, since Seerr refuses `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    media_type: MediaType,
    media_id: i64,
    /// Always sent: without it Seerr does not look for duplicates.
    is4k: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seasons: Option<BodySeasons<'a>>,
}

/// Body of what says everything in its path: Seerr refuses a POST without JSON.
#[derive(Serialize)]
pub(super) struct NoBody {}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum BodyWord {
    All,
}

/// Seerr's own form is one or the other, without a tag.
#[derive(Serialize)]
#[serde(untagged)]
enum BodySeasons<'a> {
    Word(BodyWord),
    Numbers(&'a [i32]),
}

impl<'a> Body<'a> {
    /// What is sent for a wish.
    pub(super) fn of(wish: &'a NewRequest) -> Self {
        let is_show = wish.media_type == MediaType::Tv;
        Self {
            media_type: wish.media_type,
            media_id: wish.tmdb_id,
            is4k: wish.is_4k,
            seasons: is_show.then(|| match &wish.seasons {
                Seasons::All => BodySeasons::Word(BodyWord::All),
                Seasons::Some(numbers) => BodySeasons::Numbers(numbers),
            }),
        }
    }
}
