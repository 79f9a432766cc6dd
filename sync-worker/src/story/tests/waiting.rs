//! Stories of titles that wait, that waited, and that come about after all.

use schema::models::{
    DecisionKind, LedgerStatus, ListItem, MediaType, NewPin, Pin, SeasonFacts, TitleFacts,
};

use super::{
    candidate, heat, requested,
    world::{Told, World, at},
};

const ASKED: &str = "it is on imdb:top and not in Seerr";

#[actix_rt::test]
async fn a_title_for_which_the_quota_is_used_up_says_what_would_help() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    world.decided(1, &title, Told::by(4, DecisionKind::Request, ASKED));
    let why = "Seerr's limit for this user is used up: Movie Quota exceeded. Raise the user's request \
               limit in Seerr, or wait until its period is over.";
    world.ledger(1, &title, LedgerStatus::Planned, ASKED, |_| {});
    world.decided(2, &title, Told::by(4, DecisionKind::Wait, why));
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It waits.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  run 4 decided to wait
                          Seerr's limit for this user is used up: Movie Quota exceeded. Raise the user's request limit in Seerr, or wait until its period is over.
                          asked for by imdb:top

      now     waiting: Seerr's limit for this user is used up: Movie Quota exceeded. Raise the user's request limit in Seerr, or wait until its period is over.
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Every run looks at it anew; what a person can do about it, the reason says.
    ");
}

#[actix_rt::test]
async fn a_show_that_has_not_aired_waits_for_its_day() {
    let mut world = World::new();
    let list = world.list("trakt", "alice/shows", "Shows");
    let item = world.entry_with(list, 1, "Severance", 2022, |entry| entry.season = Some(3));
    let title = world.title(MediaType::Tv, 95_396, "Severance", 2022);
    world.matched(item, &title, "the entry's TMDB id");
    let facts = TitleFacts {
        title: title.id,
        seasons: vec![SeasonFacts {
            season: 3,
            airs_on: chrono::NaiveDate::from_ymd_opt(2026, 4, 10),
        }],
        has_ended: false,
        has_tvdb_id: true,
        known_at: at(0),
        refresh_at: at(9999),
    };
    facts.save(&mut world.conn).unwrap();
    let told = Told {
        remedy: Some("It is looked at again by itself and asked for when the time has come."),
        ..Told::by(4, DecisionKind::Wait, "season 3 has not aired yet")
    };
    world.decided(1, &title, told);
    insta::assert_snapshot!(world.told("severance").await, @"
    Severance (2022): tv:95396
      It waits.

      2026-03-01 12:00  came onto list 1, trakt:alice/shows (Shows)
                          number 1 there, entry 1: Severance (2022), season 3 only
      2026-03-01 12:00  recognised as tv:95396, Severance (2022)
                          the entry's TMDB id
      2026-03-01 12:01  run 4 decided to wait
                          season 3 has not aired yet
                          asked for by imdb:top

      now     waiting: season 3 has not aired yet
      next    2026-04-10 00:00: it is looked at again by the first run after that
      to do   It is looked at again by itself and asked for when the time has come.
    ");
}

#[actix_rt::test]
async fn a_show_in_the_library_of_which_more_waits_says_so() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    requested(&mut world, &title);
    let why =
        "what Seerr hands requests to refused our request; tried again after 2026-03-01 22:00 UTC";
    let told = Told {
        remedy: Some("It is sent on again by itself; Seerr shows why it was refused."),
        ..Told::by(6, DecisionKind::Wait, why)
    };
    world.decided(300, &title, told);
    world.ledger(240, &title, LedgerStatus::Requested, ASKED, |row| {
        row.request_id = Some(17);
        row.created_by_us = true;
        row.requested_at = Some(at(2));
        row.attempts = 2;
        row.retry_at = Some(at(600));
    });
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It waits.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 16:00  Seerr sent the failed request 17 on once more
                          2 times so far; if it fails again, not before 2026-03-01 22:00 UTC
      2026-03-01 17:00  run 6 decided to wait
                          what Seerr hands requests to refused our request; tried again after 2026-03-01 22:00 UTC
                          asked for by imdb:top

      now     waiting: what Seerr hands requests to refused our request; tried again after 2026-03-01 22:00 UTC
      next    2026-03-01 22:00: it is looked at again by the first run after that
      to do   It is sent on again by itself; Seerr shows why it was refused.
    ");
}

#[actix_rt::test]
async fn a_retry_that_succeeded_tells_of_the_failure_before_it() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    world.decided(1, &title, Told::by(4, DecisionKind::Request, ASKED));
    let wait = "Seerr could not ask TMDB: status 429; tried again after 2026-03-01 13:00 UTC";
    world.decided(30, &title, Told::by(5, DecisionKind::Wait, wait));
    let again = "its last request failed; it is tried again";
    world.decided(62, &title, Told::by(6, DecisionKind::Request, again));
    world.ledger(62, &title, LedgerStatus::Requested, again, |row| {
        row.request_id = Some(18);
        row.created_by_us = true;
        row.requested_at = Some(at(62));
        row.attempts = 2;
    });
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is requested.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:30  run 5 decided to wait
                          Seerr could not ask TMDB: status 429; tried again after 2026-03-01 13:00 UTC
                          asked for by imdb:top
      2026-03-01 13:02  run 6 decided to request it
                          its last request failed; it is tried again
                          asked for by imdb:top
      2026-03-01 13:02  Seerr took our request 18, in the name of user 1

      now     requested: Seerr has our request 18
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.
    ");
}

#[actix_rt::test]
async fn of_several_lists_one_that_was_removed_no_longer_asks() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    let never = world.list("stevenlu", "stevenlu", "Popular movies");
    let other = world.list("trakt", "alice/watchlist", "Watchlist");
    let item = world.entry(other, 9, "Heat", 1995);
    world.matched(item, &title, "an id that was known");
    requested(&mut world, &title);
    world.removed(other, 200);
    world.removed(never, 210);
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is requested.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  came onto list 3, trakt:alice/watchlist (Watchlist)
                          number 9 there, entry 2: Heat (1995)
      2026-03-01 12:00  recognised on list 1 as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:00  recognised on list 3 as movie:949, Heat (1995)
                          an id that was known
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 15:20  list 3, trakt:alice/watchlist (Watchlist), was removed: it asks for nothing any more

      now     requested: Seerr has our request 17
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.
    ");
}

#[actix_rt::test]
async fn a_title_that_was_pinned_after_its_review_is_asked_for() {
    let mut world = World::new();
    let list = world.list("file", "films.csv", "films.csv");
    let item = world.entry_with(list, 3, "Dune", 0, |entry| entry.year = None);
    let candidates = [candidate(438_631, "Dune", 2021, 0.71, "the same title")];
    world.unsure(item.clone(), "the list gives no year", &candidates);
    let pin = NewPin {
        entry_title: "Dune".into(),
        entry_year: None,
        entry_type: None,
        media_type: Some(MediaType::Movie),
        tmdb_id: Some(438_631),
        title: Some("Dune".into()),
        year: Some(2021),
        created_at: at(30),
    };
    Pin::save(&mut world.conn, &pin, &crate::identity::keys(&item)).unwrap();
    let title = world.title(MediaType::Movie, 438_631, "Dune", 2021);
    world.matched(item, &title, "picked by a person");
    let why = "it is on file:films.csv and not in Seerr";
    world.decided(61, &title, Told::by(5, DecisionKind::Request, why));
    world.ledger(62, &title, LedgerStatus::Requested, why, |row| {
        row.request_id = Some(21);
        row.created_by_us = true;
        row.requested_at = Some(at(62));
    });
    insta::assert_snapshot!(world.told("dune").await, @"
    Dune (2021): movie:438631
      It is requested.

      2026-03-01 12:00  came onto list 1, file:films.csv
                          number 3 there, entry 1: Dune
      2026-03-01 12:30  a person said that it is movie:438631, Dune (2021)
      2026-03-01 13:01  run 5 decided to request it
                          it is on file:films.csv and not in Seerr
                          asked for by imdb:top
      2026-03-01 13:02  Seerr took our request 21, in the name of user 1

      now     requested: Seerr has our request 21
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.
    ");
}

#[actix_rt::test]
async fn what_was_declined_and_put_on_its_list_again_is_asked_for_anew() {
    let mut world = World::new();
    let (_, item, title) = heat(&mut world);
    requested(&mut world, &title);
    let reason = "its request was declined";
    world.decided(180, &title, Told::by(5, DecisionKind::Skip, reason));
    world.ledger(180, &title, LedgerStatus::Declined, reason, |row| {
        row.request_id = Some(17);
        row.created_by_us = true;
        row.requested_at = Some(at(2));
        row.refused_at = Some(at(180));
    });
    world.left(&item, 240);
    let told = world.told("heat").await;
    assert!(
        told.contains("it is on no list any more") && !told.contains("next "),
        "{told}"
    );
    world.returned(&item, 300);
    assert_eq!(
        ListItem::find(&mut world.conn, item.id)
            .unwrap()
            .unwrap()
            .left_at,
        None
    );
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      A person declined it.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 15:00  a person had declined it in Seerr
      2026-03-01 15:00  run 5 decided to ask for nothing
                          its request was declined
                          asked for by imdb:top
      2026-03-01 17:00  was put on list 1, imdb:top (IMDb Top 250) anew
                        recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id

      now     declined: its request was declined
      next    2026-03-02 12:00: it was put on a list again and is asked for anew by the next run
      to do   `listsync sync` starts a run now.
    ");
}
