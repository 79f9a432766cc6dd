//! Tests of [`super`]: the order of the questions, and what is believed of the answers.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use MediaType::{Movie, Tv};

use super::super::sample::item;
use super::*;
use crate::target::{Details, NewRequest, Snapshot, Submitted, TargetInfo, TargetRequest};

/// A target that knows what a test tells it, and remembers what it was asked.
#[derive(Clone, Default)]
struct Known {
    ids: Rc<RefCell<HashMap<String, Vec<Candidate>>>>,
    titles: Rc<RefCell<HashMap<String, Vec<Candidate>>>>,
    /// What a search in the target's own language finds, where that is not English.
    localised: Rc<RefCell<HashMap<String, Vec<Candidate>>>>,
    numbers: Rc<RefCell<HashMap<(MediaType, i64), Details>>>,
    /// TMDB is down: searches come back empty, look-ups fail.
    is_down: Rc<Cell<bool>>,
    /// So many searches come back empty although TMDB knows better.
    empty_searches: Rc<Cell<u32>>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Known {
    fn id(self, id: &str, candidates: &[Candidate]) -> Self {
        self.ids.borrow_mut().insert(id.into(), candidates.to_vec());
        self
    }

    fn title(self, title: &str, candidates: &[Candidate]) -> Self {
        self.titles
            .borrow_mut()
            .insert(title.into(), candidates.to_vec());
        self
    }

    fn localised_title(self, title: &str, candidates: &[Candidate]) -> Self {
        self.localised
            .borrow_mut()
            .insert(title.into(), candidates.to_vec());
        self
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    fn answer<A>(&self, question: String, answer: A) -> Result<A, TargetError> {
        self.asked.borrow_mut().push(question);
        if self.is_down.get() {
            return Err(TargetError::Upstream {
                message: "Unable to retrieve search results.".into(),
            });
        }
        Ok(answer)
    }
}

impl Target for Known {
    fn name(&self) -> &'static str {
        "known"
    }

    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError> {
        let id = match id {
            ForeignId::Imdb(id) => id.clone(),
            ForeignId::Tvdb(id) => id.to_string(),
        };
        let known = self.ids.borrow().get(&id).cloned();
        let question = if known.is_some() {
            id
        } else {
            "an unknown id".into()
        };
        self.answer(question, known.unwrap_or_default())
    }

    async fn search(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        self.asked.borrow_mut().push(format!("search {title}"));
        if self.is_down.get() {
            return Ok(Vec::new());
        }
        if self.empty_searches.get() > 0 {
            self.empty_searches.set(self.empty_searches.get() - 1);
            return Ok(Vec::new());
        }
        Ok(self.titles.borrow().get(title).cloned().unwrap_or_default())
    }

    async fn search_local(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        let found = self.localised.borrow().get(title).cloned();
        if found.is_some() {
            self.asked
                .borrow_mut()
                .push(format!("search {title}, localised"));
        }
        Ok(found.unwrap_or_default())
    }

    async fn details(&self, media_type: MediaType, tmdb_id: i64) -> Result<Details, TargetError> {
        let known = self.numbers.borrow().get(&(media_type, tmdb_id)).cloned();
        let upstream = TargetError::Upstream {
            message: "Unable to retrieve movie.".into(),
        };
        self.answer(format!("details {tmdb_id}"), known)?
            .ok_or(upstream)
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        panic!("not asked for")
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        panic!("not asked for")
    }

    async fn submit(&self, _wish: &NewRequest) -> Result<Submitted, TargetError> {
        panic!("not asked for")
    }

    async fn retry(&self, _request_id: i32) -> Result<(), TargetError> {
        panic!("not asked for")
    }

    async fn withdraw(&self, _request_id: i32) -> Result<(), TargetError> {
        panic!("not asked for")
    }

    async fn verify(&self, _oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        panic!("not asked for")
    }
}

fn found(media_type: MediaType, tmdb_id: i64, title: &str, year: i32) -> Candidate {
    Candidate {
        media_type,
        tmdb_id,
        title: title.into(),
        original_title: None,
        alternative_titles: Vec::new(),
        year: Some(year),
        popularity: 1.0,
        poster_path: None,
    }
}

/// `movie 603 by …`, `review: …`, `not found: …` or `error: …`.
async fn told(target: &Known, item: &ListItem) -> String {
    match identify(target, item, &UpstreamProbe::default()).await {
        Ok(Identified::Matched {
            media_type,
            tmdb_id,
            how,
            ..
        }) => {
            let kind = if media_type == Movie { "movie" } else { "show" };
            format!("{kind} {tmdb_id} by {how}")
        }
        Ok(Identified::RuledOut { why }) => format!("ruled out: {why}"),
        Ok(Identified::NeedsReview { why, .. }) => format!("review: {why}"),
        Ok(Identified::NotFound { why }) => format!("not found: {why}"),
        Err(error) => format!("error: {error}"),
    }
}

fn numbered(tmdb_id: i64, imdb_id: Option<&str>) -> ListItem {
    ListItem {
        tmdb_id: Some(tmdb_id),
        imdb_id: imdb_id.map(str::to_owned),
        ..item("The Matrix", 1999, Movie)
    }
}

#[actix_rt::test]
async fn an_id_beside_the_number_is_looked_up_once_and_must_be_the_same_title() {
    let target = Known::default().id("tt0133093", &[found(Movie, 603, "Matrix", 1999)]);
    let pair = numbered(603, Some("tt0133093"));
    assert_eq!(told(&target, &pair).await, "movie 603 by imdb look-up");
    assert_eq!(target.asked(), ["tt0133093"]);
    let film = ListItem {
        tvdb_id: Some(9),
        ..numbered(603, Some("tt9"))
    };
    assert_eq!(
        told(&target, &film).await,
        "movie 603 by the entry's TMDB id; TMDB does not know tt9"
    );
    let other = Details {
        title: "Heat".into(),
        year: Some(1995),
        ..Details::default()
    };
    target.numbers.borrow_mut().insert((Movie, 949), other);
    assert_eq!(
        told(&target, &numbered(949, Some("tt0133093"))).await,
        "review: its ids mean different titles: the entry's TMDB id is movie 949 \"Heat\" (1995); \
         tt0133093 is movie 603 \"Matrix\" (1999), known by imdb look-up"
    );
    let show = ListItem {
        media_type: Some(Tv),
        ..pair
    };
    assert!(told(&target, &show).await.starts_with("review: its ids"));
}

#[actix_rt::test]
async fn of_two_shows_with_one_tvdb_id_the_number_says_which_and_nothing_else_does() {
    let both = [
        found(Tv, 7, "The Lamp", 2001),
        found(Tv, 8, "The Lamp", 2001),
    ];
    let target = Known::default().id("9", &both);
    let of = |tmdb_id| ListItem {
        tmdb_id,
        tvdb_id: Some(9),
        ..item("The Lamp", 2001, Tv)
    };
    assert_eq!(
        told(&target, &of(Some(8))).await,
        "show 8 by tvdb look-up: of the titles with this id the entry's TMDB id says which"
    );
    let alone = told(&target, &of(None)).await;
    assert!(alone.starts_with("review: tvdb look-up: "), "{alone}");
}

#[actix_rt::test]
async fn a_number_alone_is_asked_about_and_its_title_compared() {
    let named = |title: &str, year| Details {
        title: title.into(),
        year: Some(year),
        ..Details::default()
    };
    for (details, wanted) in [
        (
            named("The Matrix", 1999),
            "movie 603 by the entry's TMDB id",
        ),
        // The name of another film, though its year and half its words agree.
        (
            named("The Matrix Revisited", 1999),
            "review: its number and its title mean different titles: the entry's TMDB id is movie 603 \
             \"The Matrix Revisited\" (1999); \"The Matrix\" (1999), as the list has it, is movie 604 \
             \"The Matrix\" (1999)",
        ),
        (
            named("Paper Moon", 1973),
            "review: its number and its title mean different titles: the entry's TMDB id is movie 603 \
             \"Paper Moon\" (1973); \"The Matrix\" (1999), as the list has it, is movie 604 \"The \
             Matrix\" (1999)",
        ),
    ] {
        let target = Known::default().title("The Matrix", &[found(Movie, 604, "The Matrix", 1999)]);
        target.numbers.borrow_mut().insert((Movie, 603), details);
        assert_eq!(told(&target, &numbered(603, None)).await, wanted);
    }
    // Neither title nor year agree, and nothing has that name.
    let target = Known::default();
    let moon = named("Paper Moon", 1973);
    target.numbers.borrow_mut().insert((Movie, 603), moon);
    let told = told(&target, &numbered(603, None)).await;
    assert!(
        told.ends_with("no title like \"The Matrix\" (1999), as the list has it, leads there"),
        "{told}"
    );
}

#[actix_rt::test]
async fn an_imdb_id_takes_one_look_up() {
    let target = Known::default().id("tt0133093", &[found(Movie, 603, "Matrix", 1999)]);
    let entry = ListItem {
        imdb_id: Some("tt0133093".into()),
        ..item("Whatever", 1998, Movie)
    };
    assert_eq!(told(&target, &entry).await, "movie 603 by imdb look-up");
    assert_eq!(target.asked(), ["tt0133093"]);
}

#[actix_rt::test]
async fn an_id_of_a_title_that_is_nothing_like_the_entry_is_left_to_a_person() {
    let mut matrix = found(Movie, 603, "Matrix", 1999);
    matrix.alternative_titles = vec!["Die Matrix".into()];
    let target = Known::default().id("tt0133093", &[matrix]);
    let entry = |title: &str, year: Option<i32>| ListItem {
        imdb_id: Some("tt0133093".into()),
        ..item(title, year, Movie)
    };
    assert_eq!(
        told(&target, &entry("Whatever", Some(1850))).await,
        "review: tt0133093 is movie 603 \"Matrix\" (1999) on TMDB, which is nothing like \"Whatever\" \
         (1850) on the list"
    );
    let of_another_number = ListItem {
        tmdb_id: Some(604),
        media_type: None,
        ..entry("Matrix", Some(1999))
    };
    assert_eq!(
        told(&target, &of_another_number).await,
        "review: its ids mean different titles: the entry's TMDB id is TMDB's 604; tt0133093 is movie \
         603 \"Matrix\" (1999), known by imdb look-up"
    );
    for (title, year) in [("Whatever", None), ("Die Matrix", Some(1850))] {
        assert_eq!(
            told(&target, &entry(title, year)).await,
            "movie 603 by imdb look-up"
        );
    }
}

#[actix_rt::test]
async fn an_imdb_id_is_believed_over_the_lists_type() {
    let target = Known::default().id("tt1", &[found(Tv, 7, "A Very British Scandal", 2021)]);
    let entry = ListItem {
        imdb_id: Some("tt1".into()),
        ..item("A Very British Scandal", 2021, Movie)
    };
    assert_eq!(
        told(&target, &entry).await,
        "show 7 by imdb look-up, a show there and a movie on the list"
    );
}

#[actix_rt::test]
async fn of_two_titles_with_one_id_the_lists_type_or_the_title_tells() {
    let both = [found(Tv, 7, "Fargo", 2014), found(Movie, 8, "Fargo", 1996)];
    let target = Known::default().id("tt1", &both);
    let entry = |year: Option<i32>, kind: Option<MediaType>| ListItem {
        imdb_id: Some("tt1".into()),
        ..item("Fargo", year, kind)
    };
    assert_eq!(
        told(&target, &entry(None, Some(Movie))).await,
        "movie 8 by imdb look-up"
    );
    assert_eq!(
        told(&target, &entry(Some(2014), None)).await,
        "show 7 by imdb look-up: title equal, year equal"
    );
    assert!(
        told(&target, &entry(None, None))
            .await
            .starts_with("review: imdb look-up: 2 titles fit")
    );
}

#[actix_rt::test]
async fn an_unknown_imdb_id_goes_on_to_tvdb_and_then_to_a_search() {
    let target = Known::default()
        .id("81189", &[found(Tv, 1396, "Breaking Bad", 2008)])
        .title("Breaking Bad", &[found(Tv, 1396, "Breaking Bad", 2008)]);
    let mut entry = ListItem {
        imdb_id: Some("tt9".into()),
        tvdb_id: Some(81_189),
        ..item("Breaking Bad", 2008, Tv)
    };
    assert_eq!(told(&target, &entry).await, "show 1396 by tvdb look-up");
    entry.tvdb_id = None;
    assert_eq!(
        told(&target, &entry).await,
        "show 1396 by TMDB does not know tt9; title search: title equal, year equal"
    );
}

#[actix_rt::test]
async fn an_unknown_imdb_id_with_nothing_to_go_by_is_not_found() {
    let target = Known::default().title("Pilot", &[found(Tv, 1, "Pilot", 2008)]);
    let entry = ListItem {
        imdb_id: Some("tt9".into()),
        ..item("Pilot", None, None)
    };
    assert_eq!(
        told(&target, &entry).await,
        "not found: TMDB does not know tt9, as Seerr says"
    );
    assert_eq!(target.asked(), ["an unknown id"]);
}

#[actix_rt::test]
async fn a_tvdb_number_of_the_other_type_is_another_title() {
    let target = Known::default()
        .id("5", &[found(Tv, 7, "Something Else", 2001)])
        .title("Heat", &[found(Movie, 949, "Heat", 1995)]);
    for kind in [Some(Movie), None] {
        let entry = ListItem {
            tvdb_id: Some(5),
            ..item("Heat", 1995, kind)
        };
        assert_eq!(
            told(&target, &entry).await,
            "movie 949 by TMDB does not know TVDB's 5; title search: title equal, year equal"
        );
    }
}

#[actix_rt::test]
async fn text_that_is_no_id_is_not_looked_up() {
    let target = Known::default().title("Heat", &[found(Movie, 949, "Heat", 1995)]);
    let entry = ListItem {
        imdb_id: Some("949".into()),
        tvdb_id: Some(0),
        ..item("Heat", 1995, Movie)
    };
    assert_eq!(
        told(&target, &entry).await,
        "movie 949 by title search: title equal, year equal"
    );
    assert_eq!(target.asked(), ["search Heat"]);
}

#[actix_rt::test]
async fn a_search_below_certainty_needs_a_person() {
    let both = [
        found(Movie, 1, "Pinocchio", 2022),
        found(Movie, 2, "Pinocchio", 2022),
    ];
    let target = Known::default().title("Pinocchio", &both);
    let told = told(&target, &item("Pinocchio", 2022, Movie)).await;
    assert!(
        told.starts_with("review: title search: 2 titles fit"),
        "{told}"
    );
}

#[actix_rt::test]
async fn a_search_that_finds_other_titles_only_is_not_found() {
    let target = Known::default().title("Her", &[found(Movie, 1, "Her Private Hell", 2013)]);
    let told = told(&target, &item("Her", 2013, Movie)).await;
    assert!(
        told.starts_with("not found: title search: best of 1 found"),
        "{told}"
    );
    assert_eq!(target.asked(), ["search Her"]);
}

#[actix_rt::test]
async fn an_empty_search_is_believed_only_while_tmdb_answers() {
    let target = Known::default();
    assert_eq!(
        told(&target, &item("Xyzzy", 2000, Movie)).await,
        "not found: title search: nothing found"
    );
    assert_eq!(
        target.asked(),
        [
            "search Xyzzy",
            "an unknown id",
            "search Xyzzy",
            "search Xyzzy",
            "an unknown id"
        ]
    );
    target.is_down.set(true);
    assert_eq!(
        told(&target, &item("Xyzzy", 2000, Movie)).await,
        "error: Seerr could not ask TMDB: Unable to retrieve search results."
    );
}

#[actix_rt::test]
async fn two_empty_searches_are_not_taken_for_nothing() {
    let target = Known::default().title("Heat", &[found(Movie, 949, "Heat", 1995)]);
    target.empty_searches.set(2);
    assert_eq!(
        told(&target, &item("Heat", 1995, Movie)).await,
        "movie 949 by title search: title equal, year equal"
    );
}

#[actix_rt::test]
async fn a_failing_look_up_is_an_error_and_not_a_reason_to_search() {
    let target = Known::default().title("Heat", &[found(Movie, 949, "Heat", 1995)]);
    target.is_down.set(true);
    let entry = ListItem {
        imdb_id: Some("tt0113277".into()),
        ..item("Heat", 1995, Movie)
    };
    assert!(told(&target, &entry).await.starts_with("error: "));
    assert_eq!(target.asked().len(), 1);
}

#[actix_rt::test]
async fn the_original_title_is_searched_when_the_title_is_not_enough() {
    let mut away = found(Movie, 129, "Spirited Away", 2001);
    away.original_title = Some("千と千尋の神隠し".into());
    let target = Known::default()
        .title("Chihiro", &[found(Movie, 5, "Chihiro-san", 2023)])
        .title("千と千尋の神隠し", &[away]);
    let entry = ListItem {
        original_title: Some("千と千尋の神隠し".into()),
        ..item("Chihiro", 2001, Movie)
    };
    assert_eq!(
        told(&target, &entry).await,
        "movie 129 by title search: original title equal, year equal"
    );
}

#[actix_rt::test]
async fn a_title_in_the_targets_own_language_is_searched_in_it() {
    let english = found(Movie, 129, "Spirited Away", 2001);
    let german = found(Movie, 129, "Chihiros Reise ins Zauberland", 2001);
    let title = "Chihiros Reise ins Zauberland";
    let target = Known::default()
        .title(title, &[english])
        .localised_title(title, &[german, found(Movie, 5, "Chihiro", 2023)]);
    assert_eq!(
        told(&target, &item(title, 2001, Movie)).await,
        "movie 129 by title search: another of its titles equal, year equal"
    );
    assert_eq!(
        target.asked(),
        [
            format!("search {title}"),
            format!("search {title}, localised")
        ]
    );
}

#[actix_rt::test]
async fn a_certain_title_is_searched_once() {
    let heat = [found(Movie, 949, "Heat", 1995)];
    let target = Known::default()
        .title("Heat", &heat)
        .localised_title("Heat", &heat);
    let entry = ListItem {
        original_title: Some("Hitze".into()),
        ..item("Heat", 1995, Movie)
    };
    assert!(told(&target, &entry).await.starts_with("movie 949 "));
    assert_eq!(target.asked(), ["search Heat"]);
}

#[actix_rt::test]
async fn where_nothing_fits_what_stands_before_the_subtitle_is_searched() {
    let target = Known::default().title("Birds of Prey", &[found(Movie, 1, "Birds of Prey", 2020)]);
    let entry = item("Birds of Prey: Harley Quinn", 2020, Movie);
    let said = told(&target, &entry).await;
    assert!(
        said.starts_with("review: title search: 1 title fits"),
        "{said}"
    );
    assert_eq!(
        target.asked().last().map(String::as_str),
        Some("search Birds of Prey")
    );
    let target = Known::default().title("Dune", &[found(Movie, 841, "Dune", 1984)]);
    assert_eq!(
        told(&target, &item("Dune 1984", None, Movie)).await,
        "movie 841 by title search: title equal, year equal"
    );
}

#[actix_rt::test]
async fn a_person_gets_the_titles_to_pick_from() {
    let mut both = [
        found(Movie, 1, "Pinocchio", 2022),
        found(Movie, 2, "Pinocchio", 2022),
    ];
    both[1].popularity = 9.0;
    both[1].poster_path = Some("/poster.jpg".into());
    let target = Known::default().title("Pinocchio", &both);
    let probe = UpstreamProbe::default();
    let entry = item("Pinocchio", 2022, Movie);
    let Identified::NeedsReview { candidates, .. } =
        identify(&target, &entry, &probe).await.unwrap()
    else {
        panic!("needs no review")
    };
    assert_eq!(
        candidates.iter().map(|one| one.tmdb_id).collect::<Vec<_>>(),
        [2, 1]
    );
    let ReviewCandidate {
        reason,
        certainty,
        poster_path,
        ..
    } = &candidates[0];
    assert_eq!(reason, "title equal, year equal");
    assert_eq!(poster_path.as_deref(), Some("/poster.jpg"));
    assert!((0.0..0.5).contains(certainty), "{certainty}");
}

#[actix_rt::test]
async fn a_number_without_a_type_is_decided_by_the_title() {
    let target = Known::default();
    let details = |title: &str, year: i32| Details {
        title: title.into(),
        year: Some(year),
        ..Details::default()
    };
    target
        .numbers
        .borrow_mut()
        .insert((Movie, 1396), details("Mirror", 1975));
    target
        .numbers
        .borrow_mut()
        .insert((Tv, 1396), details("Breaking Bad", 2008));
    let entry = ListItem {
        tmdb_id: Some(1396),
        ..item("Breaking Bad", 2008, None)
    };
    assert_eq!(
        told(&target, &entry).await,
        "show 1396 by the entry's TMDB id: title equal, year equal"
    );
    // A number that only one of the two has: the other look is a failure, TMDB is asked whether it
    // is there.
    target.numbers.borrow_mut().remove(&(Movie, 1396));
    assert_eq!(
        told(&target, &entry).await,
        "show 1396 by the entry's TMDB id: title equal, year equal"
    );
    target.is_down.set(true);
    assert!(told(&target, &entry).await.starts_with("error: "));
}

#[actix_rt::test]
async fn an_entry_with_nothing_is_not_found() {
    let target = Known::default();
    assert_eq!(
        told(&target, &item(" ", None, None)).await,
        "not found: the entry has neither a title nor an id"
    );
    assert!(target.asked().is_empty());
}

#[actix_rt::test]
async fn one_probe_serves_the_searches_that_began_before_it() {
    let target = Known::default();
    let probe = UpstreamProbe::default();
    let began = Instant::now();
    probe.answers_since(&target, began).await.unwrap();
    probe.answers_since(&target, began).await.unwrap();
    assert_eq!(target.asked().len(), 1);
}
