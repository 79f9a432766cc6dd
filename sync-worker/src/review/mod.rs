//! The entries that wait for a person to say which title they are, each once however many lists have
//! it. Leaves keeping the choice to `pins`.

mod group;

use runtime::Chain;
use schema::{
    models::{Identity, ListItem, ReviewCandidate},
    wire::{
        Failure, FailureCode,
        sync::{ReviewEntry, ReviewFilter, ReviewPage, ReviewRequest},
    },
};

use self::group::{Group, groups};
use crate::engine::Engine;

/// Most titles to pick from; who knows better gives the number.
const CANDIDATES: usize = 10;

/// One page of what waits.
pub(crate) async fn page(engine: &Engine, request: ReviewRequest) -> Result<ReviewPage, Failure> {
    let page = engine
        .db
        .read(move |conn| {
            ListItem::waiting(conn, identities(request.filter)).map(|rows| {
                let groups = groups(rows);
                let limit = request.limit.clamp(1, ReviewRequest::MOST);
                ReviewPage {
                    total: u32::try_from(groups.len()).unwrap_or(u32::MAX),
                    entries: part(groups, request.offset, limit),
                }
            })
        })
        .await;
    page.map_err(|error| {
        tracing::error!("the entries that wait cannot be read: {}", Chain(&error));
        Failure::new(FailureCode::Internal, "the database failed")
    })
}

fn part(groups: Vec<Group>, offset: u32, limit: u32) -> Vec<ReviewEntry> {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let shown = groups.into_iter().skip(count(offset)).take(count(limit));
    shown.map(entry).collect()
}

fn identities(filter: ReviewFilter) -> &'static [Identity] {
    match filter {
        ReviewFilter::NeedsReview => &[Identity::NeedsReview],
        ReviewFilter::NotFound => &[Identity::NotFound],
        ReviewFilter::All => &[Identity::NeedsReview, Identity::NotFound],
    }
}

fn entry(group: Group) -> ReviewEntry {
    let candidates = candidates(&group.first);
    let item = group.first;
    ReviewEntry {
        item: item.id,
        title: item.title,
        original_title: item.original_title,
        year: item.year,
        media_type: item.media_type,
        season: item.season,
        imdb_id: item.imdb_id,
        tmdb_id: item.tmdb_id,
        tvdb_id: item.tvdb_id,
        identity: item.identity,
        reason: item.identity_reason,
        next_try: item.next_try.map(|time| time.and_utc()),
        lists: group.lists,
        list_count: group.list_count,
        candidates,
    }
}

fn candidates(item: &ListItem) -> Vec<ReviewCandidate> {
    let Some(text) = item.candidates.as_deref() else {
        return Vec::new();
    };
    match serde_json::from_str::<Vec<ReviewCandidate>>(text) {
        Ok(mut candidates) => {
            candidates.truncate(CANDIDATES);
            candidates
        }
        Err(error) => {
            tracing::warn!(
                item = item.id,
                "what an entry may be cannot be read: {error}"
            );
            Vec::new()
        }
    }
}
