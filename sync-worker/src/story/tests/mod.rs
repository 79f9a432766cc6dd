//! Stories as a person reads them, each of a database that a test has filled.

mod absent;
mod finding;
mod retrying;
mod waiting;
mod world;

use schema::{
    models::{
        Cause, DecisionKind, FetchKind, IdSource, LedgerStatus, ListId, MediaType, NewPin, Pin,
        ReviewCandidate,
    },
    wire::{
        FailureCode,
        sync::{Missing, StoryState},
    },
};

use MediaType::{Movie, Tv};
use world::{Told, World, at};

fn candidate(
    tmdb_id: i64,
    title: &str,
    year: i32,
    certainty: f64,
    reason: &str,
) -> ReviewCandidate {
    ReviewCandidate {
        media_type: Movie,
        tmdb_id,
        title: title.into(),
        original_title: None,
        year: Some(year),
        popularity: 1.0,
        certainty,
        reason: reason.into(),
        poster_path: None,
    }
}

/// Heat on IMDb's top list, recognised.
fn heat(world: &mut World) -> (ListId, schema::models::ListItem, schema::models::Title) {
    let list = world.list("imdb", "top", "IMDb Top 250");
    let item = world.entry_with(list, 112, "Heat", 1995, |entry| {
        entry.media_type = Some(Movie);
        entry.imdb_id = Some("tt0113277".into());
    });
    let title = world.title(Movie, 949, "Heat", 1995);
    world.id(&title, IdSource::Imdb, "tt0113277");
    world.matched(item.clone(), &title, "Seerr's look-up of its IMDb id");
    (list, item, title)
}

fn requested(world: &mut World, title: &schema::models::Title) {
    let reason = "it is on imdb:top and not in Seerr";
    world.decided(1, title, Told::by(4, DecisionKind::Request, reason));
    world.ledger(2, title, LedgerStatus::Requested, reason, |row| {
        row.request_id = Some(17);
        row.created_by_us = true;
        row.requested_at = Some(at(2));
    });
}

#[actix_rt::test]
async fn a_title_that_was_just_requested() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    requested(&mut world, &title);
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is requested.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1

      now     requested: Seerr has our request 17
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.
    ");
}

#[actix_rt::test]
async fn a_title_that_was_in_the_library_before() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    let reason = "it is in the library";
    world.decided(1, &title, Told::by(4, DecisionKind::Skip, reason));
    world.ledger(1, &title, LedgerStatus::Available, reason, |row| {
        row.attempts = 0;
    });
    insta::assert_snapshot!(world.told("tt0113277").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is in the library.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  Seerr had it in the library
      2026-03-01 12:01  run 4 decided to ask for nothing
                          it is in the library
                          asked for by imdb:top

      now     available: it is in the library
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Nothing has to be done.
    ");
}

#[actix_rt::test]
async fn a_title_whose_requests_failed_waits_for_its_time() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    let reason = "it is on imdb:top and not in Seerr";
    world.decided(1, &title, Told::by(4, DecisionKind::Request, reason));
    world.ledger(200, &title, LedgerStatus::Failed, reason, |row| {
        row.attempts = 3;
        row.retry_at = Some(at(440));
        row.error_message = Some("Seerr could not get it from TMDB (status 429)".into());
    });
    insta::assert_snapshot!(world.told("movie:949").await, @"
    Heat (1995): movie:949, imdb tt0113277
      Its request failed and is tried again.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 15:20  attempt 3 failed
                          Seerr could not get it from TMDB (status 429)

      now     failed: Seerr could not get it from TMDB (status 429)
      next    2026-03-01 19:20: it is tried again by the first run after that
      to do   `listsync items retry movie:949` lets the next run try it, however soon that is.
    ");
}

#[actix_rt::test]
async fn a_title_that_a_person_declined() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    requested(&mut world, &title);
    let reason = "its request was declined";
    world.decided(180, &title, Told::by(5, DecisionKind::Skip, reason));
    world.ledger(180, &title, LedgerStatus::Declined, reason, |row| {
        row.request_id = Some(17);
        row.created_by_us = true;
        row.requested_at = Some(at(2));
        row.refused_at = Some(at(180));
    });
    insta::assert_snapshot!(world.told("item:1").await, @"
    Heat (1995): movie:949, imdb tt0113277
      A person declined it.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 15:00  a person had declined it in Seerr
      2026-03-01 15:00  run 5 decided to ask for nothing
                          its request was declined
                          asked for by imdb:top

      now     declined: its request was declined
      to do   It is not asked for again while it stays on its lists. Take it off them, let a run see that, and put it on again; or `listsync items retry movie:949 --anyway`.
    ");
}

#[actix_rt::test]
async fn an_ambiguous_title_on_two_lists_waits_for_a_person() {
    let mut world = World::new();
    let (one, two) = (
        world.list("letterboxd", "alice/watchlist", "Watchlist"),
        world.list("file", "films.csv", "films.csv"),
    );
    let candidates = [
        candidate(
            438_631,
            "Dune",
            2021,
            0.71,
            "the same title; the list gives no year",
        ),
        candidate(
            841,
            "Dune",
            1984,
            0.69,
            "the same title; the list gives no year",
        ),
    ];
    for list in [one, two] {
        let item = world.entry_with(list, 3, "Dune", 0, |entry| entry.year = None);
        world.unsure(item, "two titles fit equally well", &candidates);
    }
    insta::assert_snapshot!(world.told("dune").await, @"
    Dune
      A person has to say which title it is.

      2026-03-01 12:00  came onto list 1, letterboxd:alice/watchlist (Watchlist)
                          number 3 there, entry 1: Dune
      2026-03-01 12:00  came onto list 2, file:films.csv
                          number 3 there, entry 2: Dune
                        which title it is could not be told
                          two titles fit equally well
                          movie:438631 Dune (2021), 71 % sure: the same title; the list gives no year
                          movie:841 Dune (1984), 69 % sure: the same title; the list gives no year

      now     needs review: two titles fit equally well
      to do   `listsync review` asks which one it is; `listsync review pick 1 movie:NUMBER` (or tv:NUMBER, or none) says it at once.
    ");
}

#[actix_rt::test]
async fn a_title_that_a_person_picked() {
    let mut world = World::new();
    let list = world.list("file", "films.csv", "films.csv");
    let item = world.entry_with(list, 3, "Dune", 0, |entry| entry.year = None);
    let pin = NewPin {
        entry_title: "Dune".into(),
        entry_year: None,
        entry_type: None,
        media_type: Some(Movie),
        tmdb_id: Some(438_631),
        title: Some("Dune".into()),
        year: Some(2021),
        created_at: at(30),
    };
    Pin::save(&mut world.conn, &pin, &crate::identity::keys(&item)).unwrap();
    let title = world.title(Movie, 438_631, "Dune", 2021);
    world.matched(item, &title, "picked by a person");
    insta::assert_snapshot!(world.told("1").await, @"
    Dune (2021): movie:438631
      No run has decided on it yet.

      2026-03-01 12:00  came onto list 1, file:films.csv
                          number 3 there, entry 1: Dune
      2026-03-01 12:30  a person said that it is movie:438631, Dune (2021)

      now     undecided: it is on list 1
      next    2026-03-02 12:00: it is decided on by the next run
      to do   `listsync sync` starts a run now.
    ");
}

#[actix_rt::test]
async fn a_title_that_was_not_found_says_when_it_is_looked_for_again() {
    let mut world = World::new();
    let list = world.list("web", "https://example.org/films", "Films of the week");
    let mut item = world.entry(list, 9, "Zqxj the Unfilmed", 2031);
    item.identity = schema::models::Identity::NotFound;
    item.identity_reason = Some("a title search found nothing like it".into());
    item.attempts = 3;
    item.next_try = Some(at(4 * 1440));
    item.save_identity(&mut world.conn).unwrap();
    insta::assert_snapshot!(world.told("unfilmed").await, @"
    Zqxj the Unfilmed (2031)
      No title was found for it.

      2026-03-01 12:00  came onto list 1, web:https://example.org/films (Films of the week)
                          number 9 there, entry 1: Zqxj the Unfilmed (2031)
                        no title was found
                          a title search found nothing like it
                          looked for 3 times

      now     not found: a title search found nothing like it
      next    2026-03-05 12:00: it is looked for again by the first run after that
      to do   Mend title or year on its list, or say which one it is: `listsync review pick 1 movie:NUMBER` (or tv:NUMBER, or none).
    ");
}

#[actix_rt::test]
async fn a_title_that_a_person_said_is_none_is_not_looked_for() {
    let mut world = World::new();
    let list = world.list("file", "films.csv", "films.csv");
    let mut item = world.entry(list, 3, "Holiday in Spain", 2019);
    let pin = NewPin {
        entry_title: item.title.clone(),
        entry_year: item.year,
        entry_type: None,
        media_type: None,
        tmdb_id: None,
        title: None,
        year: None,
        created_at: at(30),
    };
    Pin::save(&mut world.conn, &pin, &crate::identity::keys(&item)).unwrap();
    item.identity = schema::models::Identity::NotFound;
    item.identity_reason = Some("a person said it is none of TMDB's titles".into());
    item.save_identity(&mut world.conn).unwrap();
    insta::assert_snapshot!(world.told("holiday").await, @"
    Holiday in Spain (2019)
      No title was found for it.

      2026-03-01 12:00  came onto list 1, file:films.csv
                          number 3 there, entry 1: Holiday in Spain (2019)
      2026-03-01 12:30  a person said that it is none of TMDB's titles

      now     not found: a person said it is none of TMDB's titles
      to do   `listsync pins remove 1` has it looked for again.
    ");
}

#[actix_rt::test]
async fn a_title_that_left_its_list_stays_requested() {
    let mut world = World::new();
    let (list, item, title) = heat(&mut world);
    requested(&mut world, &title);
    world.follow_top(list, 100);
    world.left(&item, 240);
    insta::assert_snapshot!(world.told("movie:949").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is requested.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 16:00  left list 1, imdb:top (IMDb Top 250)
                          only its top 100 are followed, so it may only have moved down

      now     requested: Seerr has our request 17; it is on no list any more, and what was asked for stays
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.
    ");
}

#[actix_rt::test]
async fn a_title_that_left_its_list_is_taken_back_where_the_list_says_so() {
    let mut world = World::new();
    let (list, item, title) = heat(&mut world);
    requested(&mut world, &title);
    world.policy(list, |policy| policy.withdraws = Some(true));
    world.left(&item, 240);
    let reason = "it left every list and imdb:top takes its requests back";
    world.decided(241, &title, Told::by(6, DecisionKind::Withdraw, reason));
    world.ledger(241, &title, LedgerStatus::Withdrawn, reason, |row| {
        row.request_id = Some(17);
        row.created_by_us = true;
        row.requested_at = Some(at(2));
        row.refused_at = Some(at(241));
    });
    insta::assert_snapshot!(world.told("movie:949").await, @"
    Heat (1995): movie:949, imdb tt0113277
      Our request for it was taken back.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 16:00  left list 1, imdb:top (IMDb Top 250)
                          what is asked for by this list is taken back when it leaves
      2026-03-01 16:01  run 6 decided to take our request back
                          it left every list and imdb:top takes its requests back
      2026-03-01 16:01  our request was taken back

      now     withdrawn: it left every list and imdb:top takes its requests back; it is on no list any more
      to do   Put it on a list again to have it asked for anew.
    ");
}

#[actix_rt::test]
async fn a_show_that_is_there_in_part_is_topped_up() {
    let mut world = World::new();
    let list = world.list("trakt", "alice/shows", "Shows");
    let item = world.entry_with(list, 1, "Breaking Bad", 2008, |entry| {
        entry.media_type = Some(Tv);
        entry.tmdb_id = Some(1396);
        entry.tvdb_id = Some(81_189);
    });
    let title = world.title(Tv, 1396, "Breaking Bad", 2008);
    world.id(&title, IdSource::Tvdb, "81189");
    world.matched(item, &title, "the entry's TMDB id");
    let first = "seasons 1 to 3 are in the library; season 5 has not aired";
    let told = Told {
        seasons: Some(&[4]),
        ..Told::by(4, DecisionKind::Request, first)
    };
    world.decided(1, &title, told);
    let second = "season 5 has aired since";
    let told = Told {
        seasons: Some(&[5]),
        ..Told::by(7, DecisionKind::Request, second)
    };
    world.decided(300, &title, told);
    let row = world.ledger(301, &title, LedgerStatus::Requested, second, |row| {
        row.request_id = Some(29);
        row.created_by_us = true;
        row.requested_at = Some(at(301));
        row.asked_as_user = Some(3);
    });
    for season in 1..=3 {
        world.season(&row, season, None);
    }
    world.season(&row, 4, Some(17));
    world.season(&row, 5, Some(29));
    insta::assert_snapshot!(world.told("tvdb:81189").await, @"
    Breaking Bad (2008): tv:1396, tvdb 81189
      It is requested.

      2026-03-01 12:00  came onto list 1, trakt:alice/shows (Shows)
                          number 1 there, entry 1: Breaking Bad (2008), a show, tmdb 1396, tvdb 81189
      2026-03-01 12:00  recognised as tv:1396, Breaking Bad (2008)
                          the entry's TMDB id
      2026-03-01 12:01  run 4 decided to request season 4
                          seasons 1 to 3 are in the library; season 5 has not aired
                          asked for by imdb:top
      2026-03-01 17:00  run 7 decided to request season 5
                          season 5 has aired since
                          asked for by imdb:top
      2026-03-01 17:01  Seerr took our request 29, in the name of user 3
                          season 4 in request 17
                          season 5 in request 29
                          seasons 1 to 3 in the library or somebody else's request

      now     requested: Seerr has our request 29
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there. Seasons that air later are asked for by themselves while it stays on its lists.
    ");
}

#[actix_rt::test]
async fn ids_that_contradict_each_other_wait_for_a_person() {
    let mut world = World::new();
    let list = world.list("mdblist", "alice/mixed", "Mixed");
    let item = world.entry_with(list, 4, "The Thing", 1982, |entry| {
        entry.media_type = Some(Movie);
        entry.imdb_id = Some("tt0084787".into());
        entry.tmdb_id = Some(60_935);
    });
    let why =
        "its ids mean different titles: tt0084787 is movie:1091, tmdb 60935 is The Thing (2011)";
    let candidates = [
        candidate(1091, "The Thing", 1982, 0.9, "its IMDb id"),
        candidate(60_935, "The Thing", 2011, 0.4, "its TMDB id"),
    ];
    world.unsure(item, why, &candidates);
    insta::assert_snapshot!(world.told("https://www.imdb.com/title/tt0084787/").await, @"
    The Thing (1982): a movie
      A person has to say which title it is.

      2026-03-01 12:00  came onto list 1, mdblist:alice/mixed (Mixed)
                          number 4 there, entry 1: The Thing (1982), a movie, imdb tt0084787, tmdb 60935
                        which title it is could not be told
                          its ids mean different titles: tt0084787 is movie:1091, tmdb 60935 is The Thing (2011)
                          movie:1091 The Thing (1982), 90 % sure: its IMDb id
                          movie:60935 The Thing (2011), 40 % sure: its TMDB id

      now     needs review: its ids mean different titles: tt0084787 is movie:1091, tmdb 60935 is The Thing (2011)
      to do   `listsync review` asks which one it is; `listsync review pick 1 movie:NUMBER` (or tv:NUMBER, or none) says it at once.
    ");
}

#[actix_rt::test]
async fn a_title_that_failed_for_good_waits_for_a_person() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    let reason = "it is on imdb:top and not in Seerr";
    world.decided(1, &title, Told::by(4, DecisionKind::Request, reason));
    world.ledger(300, &title, LedgerStatus::FailedPermanent, reason, |row| {
        row.attempts = 10;
        row.error_message = Some("Seerr refused it: no default Radarr server is set".into());
    });
    let told = Told {
        remedy: Some(
            "Set a default Radarr server in Seerr, then `listsync items retry movie:949`.",
        ),
        ..Told::by(9, DecisionKind::Review, "its request failed 10 times")
    };
    world.decided(310, &title, told);
    insta::assert_snapshot!(world.told("tmdb:949").await, @"
    Heat (1995): movie:949, imdb tt0113277
      Its request failed for good; a person has to look.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 17:00  attempt 10 failed and it was given up
                          Seerr refused it: no default Radarr server is set
      2026-03-01 17:10  run 9 decided to leave it to a person
                          its request failed 10 times
                          asked for by imdb:top

      now     failed permanent: Seerr refused it: no default Radarr server is set
      to do   Set a default Radarr server in Seerr, then `listsync items retry movie:949`.
    ");
}

#[actix_rt::test]
async fn an_absent_title_names_the_lists_that_could_have_it() {
    let mut world = World::new();
    let frozen = world.list("imdb", "ls012345678", "Cosy films");
    let why = "it had 200 entries and has none now, so nothing was changed. Look at the list on its \
               site.";
    world.read_badly(frozen, FetchKind::Frozen, Cause::Shrunk, why);
    let private = world.list("trakt", "bob/watchlist", "watchlist");
    let why = "the list is private; sign in with `listsync providers sign-in trakt`";
    world.read_badly(private, FetchKind::Refused, Cause::Private, why);
    let top = world.list("imdb", "top", "IMDb Top 250");
    world.follow_top(top, 100);
    world.list("stevenlu", "stevenlu", "Popular movies");
    insta::assert_snapshot!(world.told("movie:949").await, @"
    movie:949
      It is on no list that was read.

      2026-03-01 12:00  of list 3, imdb:top (IMDb Top 250), only the top 100 are followed
                          `listsync lists edit 3 --limit 0` takes all of it.
      2026-03-01 17:00  list 1, imdb:ls012345678 (Cosy films), shrank so much that it is frozen
                          it had 200 entries and has none now, so nothing was changed. Look at the list on its site.
                          If it is right, `listsync lists accept 1` takes it as it is.
      2026-03-01 17:00  the site did not give out list 2, trakt:bob/watchlist (watchlist)
                          the list is private; sign in with `listsync providers sign-in trakt`
                          `listsync lists read 2` tries it now.

      now     absent: none of the 4 lists has it, as far as they were read; those above may have it
      to do   See to the lists above, or put it on another list that is followed; `listsync sync` reads them now.
    ");
}

#[actix_rt::test]
async fn a_title_that_is_nowhere_says_what_to_do() {
    let mut world = World::new();
    insta::assert_snapshot!(world.told("The Wrong Trousers").await, @"
    The Wrong Trousers
      It is on no list that was read.

      now     absent: no list is followed
      to do   Follow a list: `listsync lists add ADDRESS`.
    ");
    world.list("stevenlu", "stevenlu", "Popular movies");
    insta::assert_snapshot!(world.told("The Wrong Trousers").await, @"
    The Wrong Trousers
      It is on no list that was read.

      now     absent: the list that is followed does not have it, and all of it was read
      to do   Put it on a list that is followed; `listsync lists` shows them, `listsync sync` reads them now.
    ");
}

#[actix_rt::test]
async fn two_qualities_of_a_title_are_told_apart() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    requested(&mut world, &title);
    let sharp = world.list("plex", "watchlist", "Watchlist");
    world.policy(sharp, |policy| policy.is_4k = Some(true));
    let item = world.entry_with(sharp, 1, "Heat", 1995, |entry| {
        entry.imdb_id = Some("tt0113277".into());
    });
    world.matched(item, &title, "an id that was known");
    let told = Told {
        is_4k: true,
        remedy: Some("Set up a 4K server in Seerr, or stop asking for 4K."),
        ..Told::by(
            4,
            DecisionKind::Wait,
            "Seerr has no server for movies in 4K",
        )
    };
    world.decided(3, &title, told);
    insta::assert_snapshot!(world.told("Heat (1995)").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is requested. In 4K: It waits.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  came onto list 2, plex:watchlist (Watchlist)
                          number 1 there, entry 2: Heat (1995), imdb tt0113277
      2026-03-01 12:00  recognised on list 1 as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 12:00  recognised on list 2 as movie:949, Heat (1995)
                          an id that was known
      2026-03-01 12:01  run 4 decided to request it
                          it is on imdb:top and not in Seerr
      2026-03-01 12:02  Seerr took our request 17, in the name of user 1
      2026-03-01 12:03  run 4 decided, for 4K, to wait
                          Seerr has no server for movies in 4K
                          asked for by imdb:top

      now     requested: Seerr has our request 17
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Seerr gets it from here. Where it is not wanted any more, decline or delete the request there.

      in 4K   waiting: Seerr has no server for movies in 4K
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Set up a 4K server in Seerr, or stop asking for 4K.
    ");
}

#[actix_rt::test]
async fn while_no_run_can_start_that_is_what_comes_next() {
    let mut world = World::new();
    heat(&mut world);
    world.outlook.next_sync = None;
    world.outlook.missing = vec![Missing {
        what: "the API key of Seerr is not set".into(),
        remedy: "Set OVERSEERR_API_KEY to the key in Seerr's Settings > General.".into(),
    }];
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      No run has decided on it yet.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id

      now     undecided: it is on list 1
      next    nothing: no run can start, since the API key of Seerr is not set
      to do   Set OVERSEERR_API_KEY to the key in Seerr's Settings > General.
    ");
}

#[actix_rt::test]
async fn a_name_of_several_titles_says_how_to_choose() {
    let mut world = World::new();
    let (list, _, _) = heat(&mut world);
    for (rank, name, year, tmdb_id) in [(2, "Heat", 1986, 11_562), (3, "Amélie", 2001, 194)] {
        let item = world.entry(list, rank, name, year);
        let title = world.title(Movie, tmdb_id, name, year);
        world.matched(item, &title, "a title search");
    }
    world.entry(list, 4, "In the Heat of the Night", 1967);
    world.title(Tv, 949, "Nobody's show", 2020);
    let failure = world.story("heat").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Conflict);
    let text = format!(
        "{failure}\n{}",
        failure.remedy.as_deref().unwrap_or_default()
    );
    insta::assert_snapshot!(text, @"
    `heat` means 2 titles
    Give the one you mean by what stands first:
        movie:949  Heat (1995)
        movie:11562  Heat (1986)
    ");
    for (by, name) in [
        ("heat 1986", "Heat"),
        ("Heat (1995)", "Heat"),
        ("heat night", "In the Heat of the Night"),
        ("amelie", "Amélie"),
        ("tmdb:949", "Heat"),
        ("item:3", "Amélie"),
        ("2", "Heat"),
    ] {
        assert_eq!(world.story(by).await.unwrap().title.name, name, "{by}");
    }
}

#[actix_rt::test]
async fn what_is_not_there_is_told_apart_from_what_is_not_known() {
    let world = World::new();
    let failure = world.story("item:99").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::NotFound);
    for by in ["99", "tt9999999", "tv:5", "letterboxd:nothing"] {
        let story = world.story(by).await.unwrap();
        assert_eq!(story.now[0].state, StoryState::Absent, "{by}");
        assert_eq!(story.now[0].next, None, "{by}");
    }
}
