//! Tests of [`super`]: what is told, what is asked, and what is written.

use super::*;
use schema::models::MediaType;

fn at(minute: i64) -> NaiveDateTime {
    chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
        .unwrap()
        .naive_utc()
}

pub(in crate::run) fn item(list: i32) -> ListItem {
    ListItem {
        candidates: None,
        trakt_id: None,
        season: None,
        id: list,
        list: ListId(list),
        entry_key: "imdb:tt1".into(),
        rank: 1,
        title: "Heat".into(),
        original_title: None,
        year: Some(1995),
        media_type: Some(MediaType::Movie),
        imdb_id: Some("tt1".into()),
        tmdb_id: None,
        tvdb_id: None,
        first_seen: at(0),
        returned_at: None,
        left_at: None,
        fetch: None,
        identity: Identity::New,
        title_ref: None,
        identity_reason: None,
        attempts: 0,
        next_try: None,
    }
}

fn told(identified: Identified) -> Vec<(EventKind, i32)> {
    let states = [
        Identity::New,
        Identity::NotFound,
        Identity::NeedsReview,
        Identity::Matched,
    ];
    let items = (1..)
        .zip(states)
        .map(|(list, identity)| ListItem {
            identity,
            ..item(list)
        })
        .collect();
    let found = Found {
        group: Group {
            items,
            keys: Vec::new(),
        },
        identified,
    };
    let events = news(&found, RunId(9), at(1));
    for event in &events {
        assert_eq!((event.run, event.at), (Some(RunId(9)), at(1)));
        assert_eq!(
            event.data,
            r#"{"media_type":"movie","reason":"why","title":"Heat","year":1995}"#
        );
    }
    let lists = events.iter().map(|event| event.list.unwrap().0);
    events.iter().map(|event| event.kind).zip(lists).collect()
}

#[test]
fn only_a_state_that_is_new_is_told() {
    let why = || "why".to_owned();
    assert_eq!(
        told(Identified::NotFound { why: why() }),
        [1, 3, 4].map(|list| (EventKind::NotFound, list))
    );
    let review = Identified::NeedsReview {
        why: why(),
        candidates: Vec::new(),
    };
    assert_eq!(
        told(review),
        [1, 2, 4].map(|list| (EventKind::NeedsReview, list))
    );
    assert_eq!(told(Identified::RuledOut { why: why() }), []);
    let matched = Identified::Matched {
        media_type: MediaType::Movie,
        tmdb_id: 949,
        title: "Heat".into(),
        year: Some(1995),
        how: why(),
    };
    assert_eq!(told(matched), []);
}
