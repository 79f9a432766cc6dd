//! Stories of titles that are on no list, or on one that is held as it was.

use schema::models::{Cause, DecisionKind, FetchKind, LedgerStatus};

use super::{
    heat,
    world::{Told, World},
};

#[actix_rt::test]
async fn a_list_that_was_refused_could_have_it() {
    let mut world = World::new();
    let private = world.list("trakt", "bob/watchlist", "watchlist");
    let why = "the list is private; sign in with `listsync providers sign-in trakt`";
    world.read_badly(private, FetchKind::Refused, Cause::Private, why);
    insta::assert_snapshot!(world.told("tt0113277").await, @"
    tt0113277
      It is on no list that was read.

      2026-03-01 17:00  the site did not give out list 1, trakt:bob/watchlist (watchlist)
                          the list is private; sign in with `listsync providers sign-in trakt`
                          `listsync lists read 1` tries it now.

      now     absent: the list that is followed does not have it, as far as it was read
      to do   See to the lists above, or put it on another list that is followed; `listsync sync` reads them now.
    ");
}

#[actix_rt::test]
async fn a_list_of_which_only_the_top_is_followed_could_have_it() {
    let mut world = World::new();
    let top = world.list("imdb", "top", "IMDb Top 250");
    world.follow_top(top, 100);
    world.fetched(top, 250, 0);
    insta::assert_snapshot!(world.told("heat").await, @"
    heat
      It is on no list that was read.

      2026-03-01 12:00  of list 1, imdb:top (IMDb Top 250), only the top 100 of 250 are followed
                          `listsync lists edit 1 --limit 0` takes all of it.

      now     absent: the list that is followed does not have it, as far as it was read
      to do   See to the lists above, or put it on another list that is followed; `listsync sync` reads them now.
    ");
}

#[actix_rt::test]
async fn an_entry_that_is_an_episode_was_left_out() {
    let mut world = World::new();
    let list = world.list("imdb", "ls012345678", "Best of television");
    world.fetched(list, 42, 3);
    insta::assert_snapshot!(world.told("Ozymandias").await, @"
    Ozymandias
      It is on no list that was read.

      2026-03-01 12:00  of list 1, imdb:ls012345678 (Best of television), 3 entries that are no movies and no shows, but an episode, a person or a game were left out
                          If it is one of them, put the movie or show itself on a list.

      now     absent: the list that is followed does not have it, as far as it was read
      to do   See to the lists above, or put it on another list that is followed; `listsync sync` reads them now.
    ");
}

#[actix_rt::test]
async fn a_list_that_shrank_keeps_what_it_had() {
    let mut world = World::new();
    let (list, _, title) = heat(&mut world);
    let reason = "it is in the library";
    world.decided(1, &title, Told::by(4, DecisionKind::Skip, reason));
    world.ledger(1, &title, LedgerStatus::Available, reason, |_| {});
    let why =
        "it had 250 entries and has 3 now, so nothing was changed. Look at the list on its site.";
    world.read_badly(list, FetchKind::Frozen, Cause::Shrunk, why);
    insta::assert_snapshot!(world.told("heat").await, @"
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
      2026-03-01 17:00  list 1, imdb:top (IMDb Top 250), shrank so much that it is frozen
                          it had 250 entries and has 3 now, so nothing was changed. Look at the list on its site.
                          If it is right, `listsync lists accept 1` takes it as it is.

      now     available: it is in the library
      next    2026-03-02 12:00: it is looked at again by the next run
      to do   Nothing has to be done.
    ");
}

#[actix_rt::test]
async fn lists_that_never_had_it_and_were_removed_are_not_named() {
    let mut world = World::new();
    let (list, _, _) = heat(&mut world);
    let never = world.list("stevenlu", "stevenlu", "Popular movies");
    world.removed(never, 100);
    world.removed(list, 120);
    world.list("trakt", "alice/watchlist", "Watchlist");
    insta::assert_snapshot!(world.told("heat").await, @"
    Heat (1995): movie:949, imdb tt0113277
      It is on no list any more, and nothing was asked for it.

      2026-03-01 12:00  came onto list 1, imdb:top (IMDb Top 250)
                          number 112 there, entry 1: Heat (1995), a movie, imdb tt0113277
      2026-03-01 12:00  recognised as movie:949, Heat (1995)
                          Seerr's look-up of its IMDb id
      2026-03-01 14:00  list 1, imdb:top (IMDb Top 250), was removed: it asks for nothing any more

      now     left: every list that had it has let it go
      to do   Put it on a list that is followed to have it asked for.
    ");
}
