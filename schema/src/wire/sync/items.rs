//! The entries of all lists, and letting a title be tried again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::models::{Identity, ItemStatus, LedgerStatus, ListId, MediaType};

/// Rows of an answer to [`ToSyncWorker::Items`](super::ToSyncWorker::Items) unless told otherwise.
pub const ITEMS_LIMIT: u32 = 50;
/// Most rows that may be asked for at once.
pub const MOST_ITEMS: u32 = 5000;

/// See [`ToSyncWorker::Items`](super::ToSyncWorker::Items).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ItemsRequest {
    /// Only of this list.
    pub list: Option<ListId>,
    /// Only in this state of identity.
    pub identity: Option<Identity>,
    /// Only those of this status, see [`ItemStatus::includes`].
    pub status: Option<ItemStatus>,
    /// Only titles that contain this text.
    pub search: Option<String>,
    /// Rows of a page, 1 to [`MOST_ITEMS`].
    pub limit: u32,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for ItemsRequest {
    fn default() -> Self {
        Self {
            list: None,
            identity: None,
            status: None,
            search: None,
            limit: ITEMS_LIMIT,
            page: 1,
        }
    }
}

/// See [`FromSyncWorker::Items`](super::FromSyncWorker::Items).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// By list and place there.
    pub items: Vec<ItemView>,
    /// How many there are in all, on all pages.
    pub total: i64,
}

/// One entry of one list as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemView {
    /// Its number.
    pub id: i32,
    /// The list.
    pub list: ListId,
    /// Its name.
    pub list_name: String,
    /// Place in the list, from 1.
    pub rank: i32,
    /// Title as the list shows it.
    pub title: String,
    /// Four digits.
    pub year: Option<i32>,
    /// Movie or show, where the list tells.
    pub media_type: Option<MediaType>,
    /// The season it is about, where it is about one.
    pub season: Option<i32>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// When it was first on the list.
    pub first_seen: DateTime<Utc>,
    /// Whether it is known which title it is.
    pub identity: Identity,
    /// How that is known, or why it is not.
    pub identity_reason: Option<String>,
    /// Not looked for again before this moment.
    pub next_try: Option<DateTime<Utc>>,
    /// The title it is, once that is certain.
    pub matched: Option<MatchedView>,
    /// Where the title is on its way, in the quality that the list asks for; absent before the first
    /// decision.
    pub status: Option<ItemStatus>,
    /// Why.
    pub reason: Option<String>,
    /// What would change it, as a sentence.
    pub remedy: Option<String>,
    /// Until when it waits; absent where every run looks at it anew, and where it does not wait.
    pub until: Option<DateTime<Utc>>,
}

/// The title an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchedView {
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title.
    pub title: String,
    /// Year of its release.
    pub year: Option<i32>,
}

/// See [`ToSyncWorker::RetryTitle`](super::ToSyncWorker::RetryTitle).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryTitle {
    /// What a title is called by: see [`Why::title`](super::Why::title).
    pub title: String,
    /// Also where a person had said no to it: as if it were put on its lists anew.
    #[serde(default)]
    pub anyway: bool,
}

/// See [`FromSyncWorker::RetryAsked`](super::FromSyncWorker::RetryAsked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryAsked {
    /// Its name with its year: `Heat (1995)`.
    pub name: String,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// What it was before, by quality.
    pub was: Vec<RetriedQuality>,
    /// When the schedule starts the next run; absent when it does not.
    pub next_sync: Option<DateTime<Utc>>,
}

/// One quality of a title that is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetriedQuality {
    /// Whether it is 4K.
    pub is_4k: bool,
    /// Where it was on its way.
    pub status: LedgerStatus,
    /// Requests that were sent for it.
    pub attempts: i32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Link, encode_answer, encode_request,
        sync::{FromSyncWorker, SyncLink, ToSyncWorker, Why},
    };

    #[test]
    fn requests_about_items_have_their_shape() {
        let requests = [
            ToSyncWorker::Items(ItemsRequest {
                list: Some(ListId(3)),
                search: Some("heat".into()),
                ..ItemsRequest::default()
            }),
            ToSyncWorker::Why(Why {
                title: "movie:949".into(),
            }),
            ToSyncWorker::RetryTitle(RetryTitle {
                title: "12".into(),
                anyway: true,
            }),
        ];
        let lines: Vec<String> = requests
            .iter()
            .map(|request| {
                let kind = if SyncLink::is_change(request) {
                    "change"
                } else {
                    "look  "
                };
                format!("{kind} {}", encode_request(7, request).unwrap())
            })
            .collect();
        insta::assert_snapshot!(lines.concat(), @r#"
        look   {"v":1,"id":7,"body":{"type":"items","data":{"list":3,"identity":null,"status":null,"search":"heat","limit":50,"page":1}}}
        look   {"v":1,"id":7,"body":{"type":"why","data":{"title":"movie:949"}}}
        change {"v":1,"id":7,"body":{"type":"retry_title","data":{"title":"12","anyway":true}}}
        "#);
    }

    #[test]
    fn a_request_for_items_may_leave_out_everything() {
        let request: ItemsRequest = serde_json::from_str("{}").unwrap();
        assert_eq!(request, ItemsRequest::default());
    }

    #[test]
    fn answers_about_items_have_their_shape() {
        let item = ItemView {
            id: 12,
            list: ListId(3),
            list_name: "Cosy films".into(),
            rank: 1,
            title: "Heat".into(),
            year: Some(1995),
            media_type: Some(MediaType::Movie),
            season: None,
            imdb_id: Some("tt0113277".into()),
            tmdb_id: None,
            tvdb_id: None,
            first_seen: "2026-11-21T12:00:00Z".parse().unwrap(),
            identity: Identity::Matched,
            identity_reason: Some("the entry's TMDB id".into()),
            next_try: None,
            matched: Some(MatchedView {
                media_type: MediaType::Movie,
                tmdb_id: 949,
                title: "Heat".into(),
                year: Some(1995),
            }),
            status: Some(ItemStatus::Waiting),
            reason: Some("Seerr has no 4K server for movies".into()),
            remedy: Some("Set up a 4K server in Seerr.".into()),
            until: None,
        };
        let answers = [
            FromSyncWorker::Items(Items {
                items: vec![item],
                total: 1,
            }),
            FromSyncWorker::RetryAsked(RetryAsked {
                name: "Heat (1995)".into(),
                media_type: MediaType::Movie,
                tmdb_id: 949,
                was: vec![RetriedQuality {
                    is_4k: false,
                    status: LedgerStatus::FailedPermanent,
                    attempts: 10,
                }],
                next_sync: None,
            }),
        ];
        let lines: String = answers
            .iter()
            .map(|answer| encode_answer(7, false, answer).unwrap())
            .collect();
        insta::assert_snapshot!(lines, @r#"
        {"v":1,"id":7,"body":{"type":"items","data":{"items":[{"id":12,"list":3,"list_name":"Cosy films","rank":1,"title":"Heat","year":1995,"media_type":"movie","season":null,"imdb_id":"tt0113277","tmdb_id":null,"tvdb_id":null,"first_seen":"2026-11-21T12:00:00Z","identity":"matched","identity_reason":"the entry's TMDB id","next_try":null,"matched":{"media_type":"movie","tmdb_id":949,"title":"Heat","year":1995},"status":"waiting","reason":"Seerr has no 4K server for movies","remedy":"Set up a 4K server in Seerr.","until":null}],"total":1}}}
        {"v":1,"id":7,"body":{"type":"retry_asked","data":{"name":"Heat (1995)","media_type":"movie","tmdb_id":949,"was":[{"is_4k":false,"status":"failed_permanent","attempts":10}],"next_sync":null}}}
        "#);
    }
}
