//! Tests of [`super`]: what becomes of a title of which a question fails.

use super::*;
use crate::target::in_memory::Fault;

impl House {
    /// What goes wrong with the next questions that begin with these words.
    fn faults(&self, faults: &[(&'static str, TargetError)]) {
        let faults = faults.iter().cloned();
        self.shelf.change(|shelf| {
            shelf.faults = faults
                .map(|(word, error)| (word, Fault::Says(error)))
                .collect();
        });
    }

    /// What a run asked by title or number, without the questions whether TMDB answers.
    async fn asked(&self, list: ListId) -> Vec<String> {
        let mut asked = self.run(&[list]).await;
        asked.retain(|question| !question.starts_with("look up"));
        asked
    }
}

fn upstream() -> TargetError {
    TargetError::Upstream {
        message: "Unable to retrieve movie.".into(),
    }
}

fn malformed() -> TargetError {
    TargetError::Malformed {
        what: "details".into(),
    }
}

fn busy() -> TargetError {
    TargetError::Busy {
        message: "SQLITE_BUSY".into(),
    }
}

fn film(tmdb_id: i64) -> Told {
    Told {
        tmdb_id: Some(tmdb_id),
        ..HEAT
    }
}

#[actix_rt::test]
async fn a_number_whose_details_cannot_be_read_is_held_against_its_title() {
    let house = House::new();
    let list = house.list("file", &[film(550)]).await;
    house.faults(&[("details", upstream()), ("details", malformed())]);
    assert_eq!(
        house.asked(list).await,
        ["details 550", "details 550", "search Heat"]
    );
    assert_eq!(
        house.review(list).await,
        (
            "its number and its title mean different titles: the entry's TMDB id is movie 550; \"Heat\" \
             (1995), as the list has it, is movie 949 \"Heat\" (1995)"
                .to_owned(),
            vec![550, 949]
        )
    );
}

#[actix_rt::test]
async fn a_number_whose_details_cannot_be_read_is_requested_where_its_title_leads_to_no_other() {
    let unheard_of = Told {
        title: "El club de la lucha",
        ..film(550)
    };
    for (told, wanted) in [
        (film(949), ["search Heat", "submit 949"]),
        (unheard_of, ["search El club de la lucha", "submit 550"]),
    ] {
        let house = House::new();
        let list = house.list("file", &[told]).await;
        house.faults(&[("details", malformed()), ("details", upstream())]);
        let mut asked = house.asked(list).await;
        asked.retain(|question| !question.starts_with("details"));
        asked.dedup(); // an empty search is repeated
        assert_eq!(asked, wanted);
    }
}

#[actix_rt::test]
async fn a_number_of_which_nothing_can_be_found_out_waits_for_the_next_run() {
    let house = House::new();
    let list = house.list("file", &[film(550)]).await;
    house.faults(&[
        ("details", upstream()),
        ("details", upstream()),
        ("search", busy()),
    ]);
    assert_eq!(
        house.asked(list).await,
        ["details 550", "details 550", "search Heat"]
    );
    let title = house.items(list).await[0].title_ref.unwrap();
    let decision = house
        .write(move |conn, _| Ok(Decision::latest_of(conn, &[title])?.remove(0)))
        .await;
    assert_eq!(
        decision.reason,
        "it could not be asked whether it is what its list means: Seerr was busy: SQLITE_BUSY"
    );
    assert_eq!(house.asked(list).await, ["details 550", "search Heat"]);
    assert_eq!(house.review(list).await.1, [550, 949]);
}

#[actix_rt::test]
async fn a_look_up_that_fails_leads_to_no_review_without_the_title_that_is_meant() {
    let house = House::new();
    let wrong = Told {
        imdb_id: Some("tt0113277"),
        ..film(550)
    };
    let list = house.list("trakt", &[wrong]).await;
    let questions = ["details 550", "look up Imdb(\"tt0113277\")"];
    house.faults(&[("look up", busy())]);
    assert_eq!(house.run(&[list]).await, questions);
    assert_eq!(house.items(list).await[0].identity, Identity::Matched);
    assert_eq!(house.run(&[list]).await, questions);
    assert_eq!(house.review(list).await.1, [550, 949]);
}

#[actix_rt::test]
async fn the_seasons_of_a_show_are_not_kept_while_it_is_not_clear_which_show_it_is() {
    let house = House::new();
    let show = Details {
        title: "The Lamp".into(),
        year: Some(2001),
        imdb_id: Some("tt7".into()),
        tvdb_id: Some(7),
        seasons: vec![SeasonFacts {
            season: 1,
            airs_on: Some("2001-01-01".parse().unwrap()),
        }],
        ..Details::default()
    };
    house.shelf.change(|shelf| shelf.shows.insert(4, show));
    let wrong = Told {
        media_type: MediaType::Tv,
        imdb_id: Some("tt0113277"),
        ..film(4)
    };
    let list = house.list("trakt", &[wrong]).await;
    let questions = ["details 4", "look up Imdb(\"tt0113277\")"];
    house.faults(&[("look up", upstream())]);
    assert_eq!(house.run(&[list]).await, questions);
    let title = house.items(list).await[0].title_ref.unwrap();
    let kept = house.write(move |conn, _| Ok(TitleFacts::of(conn, &[title])?));
    assert_eq!(kept.await.len(), 0);
    assert_eq!(house.run(&[list]).await, questions);
    assert_eq!(house.review(list).await.1, [4, 949]);
}
