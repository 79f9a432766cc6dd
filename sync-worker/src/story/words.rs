//! How stories call lists, titles and states. Pure.

use schema::{
    models::{List, ListItem, MediaType, Title},
    wire::sync::StoryState,
};

/// `list 1, imdb:top (IMDb Top 250)`.
pub(super) fn list(list: &List) -> String {
    let own = format!("list {}, {}:{}", list.id, list.list_type, list.list_id);
    let name = list.description.trim();
    if name.is_empty() || name == list.list_id {
        own
    } else {
        format!("{own} ({name})")
    }
}

/// `Heat (1995)`.
pub(super) fn name(title: &str, year: Option<i32>) -> String {
    match year {
        Some(year) => format!("{title} ({year})"),
        None => title.to_owned(),
    }
}

/// `movie:949, Heat (1995)`.
pub(super) fn title(title: &Title) -> String {
    format!(
        "{}:{}, {}",
        title.media_type,
        title.tmdb_id,
        name(&title.title, title.year)
    )
}

/// How a list shows an entry: `number 7 there: Heat (1995), a movie, imdb tt0113277, season 2 only`.
pub(super) fn entry(entry: &ListItem) -> String {
    let kind = match entry.media_type {
        Some(MediaType::Movie) => Some("a movie".to_owned()),
        Some(MediaType::Tv) => Some("a show".to_owned()),
        None => None,
    };
    let parts = [
        kind,
        entry.imdb_id.as_ref().map(|id| format!("imdb {id}")),
        entry.tmdb_id.map(|id| format!("tmdb {id}")),
        entry.tvdb_id.map(|id| format!("tvdb {id}")),
        entry.season.map(|season| format!("season {season} only")),
    ];
    let mut text = format!(
        "number {} there, entry {}: {}",
        entry.rank,
        entry.id,
        name(&entry.title, entry.year)
    );
    for part in parts.into_iter().flatten() {
        text.push_str(", ");
        text.push_str(&part);
    }
    text
}

/// `seasons 1 to 4`, `season 2`.
pub(super) fn seasons(numbers: &schema::models::SeasonNumbers) -> String {
    if numbers.0.len() == 1 {
        format!("season {numbers}")
    } else {
        format!("seasons {numbers}")
    }
}

/// `list 1`, `lists 1 and 3`, `lists 1, 3 and 4`.
pub(super) fn numbered_lists(mut numbers: Vec<i32>) -> String {
    numbers.sort_unstable();
    numbers.dedup();
    let words: Vec<String> = numbers.iter().map(i32::to_string).collect();
    match words.split_last() {
        None => "no list".to_owned(),
        Some((only, [])) => format!("list {only}"),
        Some((last, first)) => format!("lists {} and {last}", first.join(", ")),
    }
}

/// Where a title has come to, as a sentence; `target` is what people call the target.
pub(super) fn state(state: StoryState, target: &str) -> String {
    match state {
        StoryState::Absent => "It is on no list that was read.".to_owned(),
        StoryState::Left => "It is on no list any more, and nothing was asked for it.".to_owned(),
        StoryState::New => "No run has looked yet which title it is.".to_owned(),
        StoryState::NeedsReview => "A person has to say which title it is.".to_owned(),
        StoryState::NotFound => "No title was found for it.".to_owned(),
        StoryState::Undecided => "No run has decided on it yet.".to_owned(),
        StoryState::Waiting => "It waits.".to_owned(),
        StoryState::Skipped => "It is left out.".to_owned(),
        StoryState::Planned => "It is to be requested.".to_owned(),
        StoryState::Requesting => {
            "Its request was sent, and nobody knows yet how it ended.".to_owned()
        }
        StoryState::Requested => "It is requested.".to_owned(),
        StoryState::Adopted => format!("It is in {target} without our doing."),
        StoryState::Available => "It is in the library.".to_owned(),
        StoryState::Failed => "Its request failed and is tried again.".to_owned(),
        StoryState::FailedPermanent => {
            "Its request failed for good; a person has to look.".to_owned()
        }
        StoryState::Declined => "A person declined it.".to_owned(),
        StoryState::Blocklisted => format!("It is on {target}'s block list."),
        StoryState::Deleted => "A person deleted it.".to_owned(),
        StoryState::Withdrawn => "Our request for it was taken back.".to_owned(),
    }
}
