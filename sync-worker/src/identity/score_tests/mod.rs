//! Tests of [`super`]: what is certain, what a person must pick, what is neither.

mod answers;
mod doubts;
mod names;
mod rules;
mod seasons;
mod spelling;
mod types;
mod years;

use MediaType::{Movie, Tv};

use super::*;

fn wanted(
    title: &str,
    year: impl Into<Option<i32>>,
    media_type: impl Into<Option<MediaType>>,
) -> Wanted {
    Wanted {
        title: title.into(),
        year: year.into(),
        media_type: media_type.into(),
        ..Wanted::default()
    }
}

fn found(
    media_type: MediaType,
    tmdb_id: i64,
    title: &str,
    year: impl Into<Option<i32>>,
) -> Candidate {
    Candidate {
        media_type,
        tmdb_id,
        title: title.into(),
        original_title: None,
        alternative_titles: Vec::new(),
        year: year.into(),
        popularity: 1.0,
        poster_path: None,
    }
}

/// `603: title equal, year equal`, `2?: …` or `none: …`.
fn told(wanted: &Wanted, candidates: &[Candidate]) -> String {
    match judge(wanted, candidates) {
        Verdict::Certain(fit) => format!("{}: {}", fit.candidate.tmdb_id, fit.reason),
        Verdict::Plausible(candidates, why) => format!("{}? {why}", candidates.len()),
        Verdict::None(why) => format!("none: {why}"),
    }
}
