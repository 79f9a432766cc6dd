//! Tests of the verdict: what holds for any entry and any candidates.

use proptest::prelude::*;

use super::*;

const TITLES: [&str; 10] = [
    "Dune",
    "The Dune",
    "Dune 2",
    "Dune: Part Two",
    "Dune: Part One",
    "Heat Wave",
    "Heatwave",
    "The Heat Wave",
    "Chaleur",
    "Interstellar",
];

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let titles = (0..TITLES.len(), 0..=TITLES.len());
    (any::<bool>(), 1_i64..6, titles, 2000..2004, 0.0..9.0_f64).prop_map(
        |(is_movie, tmdb_id, (title, original), year, popularity)| Candidate {
            original_title: TITLES.get(original).map(|title| (*title).to_owned()),
            year: (year > 2000).then_some(year),
            popularity,
            ..found(
                if is_movie { Movie } else { Tv },
                tmdb_id,
                TITLES[title],
                None,
            )
        },
    )
}

fn any_wanted() -> impl Strategy<Value = Wanted> {
    (0..TITLES.len(), 0..=TITLES.len(), 2000..2004, 0..3_usize).prop_map(
        |(title, original, year, kind)| {
            Wanted::new(
                TITLES[title],
                TITLES.get(original).copied(),
                (year > 2000).then_some(year),
                [None, Some(Movie), Some(Tv)][kind],
            )
        },
    )
}

fn certain(wanted: &Wanted, candidates: &[Candidate]) -> Option<(MediaType, i64)> {
    match judge(wanted, candidates) {
        Verdict::Certain(fit) => Some((fit.candidate.media_type, fit.candidate.tmdb_id)),
        _ => None,
    }
}

/// One of each number: two with one number would be one title.
fn each_once(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut known = HashSet::new();
    let once = candidates.into_iter();
    once.filter(|one| known.insert((one.media_type, one.tmdb_id)))
        .collect()
}

proptest! {
    #[test]
    fn another_type_is_never_certain(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
    ) {
        if let (Some(kind), Some((found, _))) = (wanted.media_type, certain(&wanted, &candidates)) {
            prop_assert_eq!(kind, found);
        }
    }

    #[test]
    fn a_year_off_by_two_is_never_certain(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
    ) {
        if let (Some(year), Verdict::Certain(fit)) = (wanted.year, judge(&wanted, &candidates)) {
            prop_assert!(fit.candidate.year.is_some_and(|found| found.abs_diff(year) < 2));
        }
    }

    #[test]
    fn two_equal_candidates_are_never_certain(
        wanted in any_wanted(),
        candidate in any_candidate(),
        others in prop::collection::vec(any_candidate(), 0..4),
        is_first in any::<bool>(),
    ) {
        let twin = Candidate { tmdb_id: 99, popularity: 1000.0, ..candidate.clone() };
        let mut all = vec![candidate.clone(), twin];
        if is_first {
            all.reverse();
        }
        all.extend(others);
        if let Some((media_type, id)) = certain(&wanted, &each_once(all)) {
            let is_one = [candidate.tmdb_id, 99].contains(&id);
            prop_assert!(!is_one || media_type != candidate.media_type);
        }
    }

    #[test]
    fn the_order_of_the_candidates_changes_no_verdict(
        wanted in any_wanted(),
        candidates in prop::collection::vec(any_candidate(), 0..7),
        turns in 0..7_usize,
    ) {
        let candidates = each_once(candidates);
        let mut turned = candidates.clone();
        turned.rotate_left(turns.min(candidates.len()));
        prop_assert_eq!(judge(&wanted, &candidates), judge(&wanted, &turned));
        turned.reverse();
        prop_assert_eq!(judge(&wanted, &candidates), judge(&wanted, &turned));
    }

    #[test]
    fn no_text_is_too_odd_to_be_judged(title in "\\PC{0,40}", other in "\\PC{0,40}") {
        let candidates = [found(Movie, 1, &other, 2000)];
        let verdict = judge(&Wanted::new(&title, Some(&other), None, None), &candidates);
        if let Verdict::Certain(fit) = verdict {
            prop_assert!(fit.certainty >= 0.9);
        }
    }
}
