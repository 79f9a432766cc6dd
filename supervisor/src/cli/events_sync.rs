//! What the sync-worker tells of its work: listening to it across its restarts, and each event in
//! words. Leaves what the supervisor tells to `events`.

use std::{fmt::Write as _, time::Duration};

use runtime::{
    counted,
    socket::client::{CallError, Client},
};
use schema::{
    models::EventKind,
    wire::{
        Link,
        sync::{EventView, FromSyncWorker, RunSummary, SyncLink, ToSyncWorker, WatchEvents},
    },
};
use serde_json::Value;

use super::{
    changes::Told,
    error::CommandError,
    exit::Exit,
    session::Session,
    sync::{is_unavailable, was_cut_off},
    sync_report,
    tail::visible,
    terminal::{Look, Tone},
};

/// Pause before a sync-worker that was lost is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// The events of the sync-worker, from some on.
#[derive(Debug)]
pub(super) struct Syncs<'a> {
    session: &'a Session,
    client: Client<SyncLink>,
    /// What is asked for as long as nothing came.
    begin: WatchEvents,
    /// The last event that was printed or is known to be missing.
    last: Option<i32>,
}

impl<'a> Syncs<'a> {
    /// Those that `client` tells, beginning with the newest `events`.
    pub(super) fn new(session: &'a Session, client: Client<SyncLink>, events: u32) -> Self {
        Self {
            session,
            client,
            begin: WatchEvents {
                after: None,
                last: Some(events),
                follow: false,
            },
            last: None,
        }
    }

    /// Prints what there is, and with `follow` what comes until that cannot be known any more.
    pub(super) async fn print(&mut self, follow: bool) -> Result<Exit, CommandError> {
        self.begin.follow = follow;
        if self.begin.after.is_none() && self.begin.last == Some(0) {
            // Where to go on must be known before anything happens that a lost connection could hide.
            self.begin.after = match newest(&self.client).await {
                Ok(newest) => Some(newest),
                Err(error) => return Err(self.session.explained(error).await),
            };
        }
        let mut is_waiting = false;
        loop {
            let heard = self.last;
            let error = match self.print_stream().await? {
                Ok(()) if !follow => return Ok(Exit::Done),
                Ok(()) => CallError::Lost {
                    peer: SyncLink::PEER,
                },
                Err(error) => error,
            };
            if !follow || !is_passing(&error) {
                return Err(self.session.explained(error).await);
            }
            is_waiting &= heard == self.last;
            if let CallError::Unreachable { .. } = error {
                // It may be stopped for long; as long as there is a supervisor it may come again.
                self.session.status().await?;
                if !std::mem::replace(&mut is_waiting, true) {
                    self.session
                        .terminal
                        .tell("the sync-worker does not answer; waiting for it");
                }
            }
            tokio::time::sleep(PAUSE).await;
            // As long as nothing came it begins as it was asked to.
            self.begin.after = self.last.or(self.begin.after);
        }
    }

    /// What there is, not printed; [`Syncs::print`] goes on after it.
    ///
    /// # Errors
    /// [`CallError`] when the sync-worker does not tell it all now.
    pub(super) async fn backlog(&mut self) -> Result<Vec<EventView>, CallError> {
        let wanted = self.begin.last.unwrap_or(0);
        let request = WatchEvents {
            // One at least: its number is where to go on.
            last: Some(wanted.max(1)),
            ..self.begin.clone()
        };
        let client = self.client.clone().patient(Duration::ZERO);
        let mut stream = client.stream(ToSyncWorker::WatchEvents(request)).await?;
        let mut events = Vec::new();
        while let Some(answer) = stream.next().await? {
            if let FromSyncWorker::Event(event) = answer {
                events.push(event);
            }
        }
        self.begin.after = Some(events.last().map_or(0, |event| event.id));
        let surplus = events
            .len()
            .saturating_sub(usize::try_from(wanted).unwrap_or(usize::MAX));
        Ok(events.split_off(surplus))
    }

    /// Prints one stream; the inner error is how it ended early.
    async fn print_stream(&mut self) -> Result<Result<(), CallError>, CommandError> {
        let request = ToSyncWorker::WatchEvents(self.begin.clone());
        let mut stream = match self.client.stream(request).await {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            match stream.next().await {
                Ok(Some(FromSyncWorker::Event(event))) => {
                    self.last = Some(event.id);
                    say(self.session, &event)?;
                }
                Ok(Some(FromSyncWorker::EventsReset(reset))) => self.reset(reset.newest),
                Ok(Some(FromSyncWorker::Progress(_) | FromSyncWorker::Reading(_))) => {}
                Ok(Some(FromSyncWorker::EventsEnded(_)) | None) => return Ok(Ok(())),
                Ok(Some(_)) => return Err(CommandError::unexpected(SyncLink::PEER)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn reset(&mut self, newest: i32) {
        self.last = Some(newest);
        self.session
            .terminal
            .tell("some events are no longer kept; going on with what happens from now on");
    }
}

/// Prints one event.
pub(super) fn say(session: &Session, event: &EventView) -> Result<(), CommandError> {
    if session.json {
        session.terminal.say_json(&Told::Sync(event))
    } else {
        session.terminal.say(&line(event, session.look()))
    }
}

/// The number of the newest event; 0 when there is none.
async fn newest(client: &Client<SyncLink>) -> Result<i32, CallError> {
    let last = WatchEvents {
        last: Some(1),
        ..WatchEvents::default()
    };
    match client.call(ToSyncWorker::WatchEvents(last)).await? {
        FromSyncWorker::Event(event) => Ok(event.id),
        _ => Ok(0),
    }
}

/// Whether the sync-worker may tell it later.
pub(super) fn is_passing(error: &CallError) -> bool {
    matches!(error, CallError::Unreachable { .. }) || was_cut_off(error) || is_unavailable(error)
}

/// `2026-03-01 17:04:05  list_read  list 3 Top 250: complete, 250 entries`.
pub(super) fn line(event: &EventView, look: Look) -> String {
    let at = look.second(event.at);
    let kind = format!("{:<16}", event.kind.as_str());
    format!(
        "{}  {}  {}",
        look.paint(Tone::Faint, &at),
        look.paint(tone(event), &kind),
        visible(&text(event), Look::PIPE)
    )
}

fn tone(event: &EventView) -> Tone {
    let says = |name: &str, expected: &str| word(&event.data, name) == expected;
    match event.kind {
        EventKind::TitleRequested => Tone::Good,
        EventKind::RequestFailed => Tone::Bad,
        EventKind::NeedsReview | EventKind::NotFound => Tone::Warning,
        EventKind::RunEnded if says("status", "failed") => Tone::Bad,
        EventKind::RunEnded if says("status", "cancelled") => Tone::Warning,
        EventKind::ListRead if says("outcome", "partial") => Tone::Warning,
        EventKind::ListRead if says("outcome", "refused") || says("outcome", "failed") => Tone::Bad,
        EventKind::RunStarted
        | EventKind::RunEnded
        | EventKind::ListRead
        | EventKind::Pinned
        | EventKind::ListChanged
        | EventKind::RetryAsked
        | EventKind::SettingsChanged => Tone::Plain,
    }
}

/// What happened, in words. What an event of another version does not tell is left out.
fn text(event: &EventView) -> String {
    let data = &event.data;
    let word = |name: &str| word(data, name);
    let run = event
        .run
        .map_or_else(|| "a run".into(), |run| format!("run {run}"));
    let list = event
        .list
        .map_or_else(|| "a list".into(), |list| format!("list {list}"));
    match event.kind {
        EventKind::RunStarted => format!("{run} started ({})", word("trigger")),
        EventKind::RunEnded => match serde_json::from_value::<RunSummary>(data.clone()) {
            Ok(summary) => sync_report::headline(&summary, Look::PIPE)
                .trim_end()
                .replace('\n', "; "),
            Err(_other_version) => format!("{run} ended ({})", word("status")),
        },
        EventKind::ListRead => {
            let mut text = format!("{list} {}: {}", word("name"), word("outcome"));
            if let Some(entries) = data.get("entries").and_then(Value::as_u64) {
                // Writing to a string does not fail.
                write!(text, ", {entries} entries").unwrap_or_default();
            }
            because(text, word("reason"))
        }
        EventKind::TitleRequested | EventKind::RequestFailed => {
            because(title(data), word("reason"))
        }
        EventKind::RetryAsked => format!("{}: a person wants it tried again", title(data)),
        EventKind::NeedsReview | EventKind::NotFound => {
            because(format!("{} on {list}", title(data)), word("reason"))
        }
        EventKind::Pinned => pinned(data),
        EventKind::ListChanged => format!(
            "{list} {}: {} ({}:{})",
            list_change(data),
            word("description"),
            word("list_type"),
            word("list_id")
        ),
        EventKind::SettingsChanged => {
            let keys = data
                .get("keys")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let keys: Vec<&str> = keys.filter_map(Value::as_str).collect();
            format!("saved {}", keys.join(", "))
        }
    }
}

/// What became of a list.
fn list_change(data: &Value) -> String {
    match word(data, "change") {
        "waiting" => {
            let titles = data.get("titles").and_then(Value::as_u64);
            let titles = counted(titles.unwrap_or_default(), "title", "titles");
            format!("waits for a yes to {titles}")
        }
        "agreed" => "needs nobody's yes any more".to_owned(),
        change => change.to_owned(),
    }
}

/// What a person said an entry is.
fn pinned(data: &Value) -> String {
    let number = |name: &str| data.get(name).and_then(Value::as_u64).unwrap_or_default();
    match word(data, "change") {
        "imported" => format!(
            "imported {} pins, {} entries are another title now",
            number("pins"),
            number("entries")
        ),
        "removed" => format!("{}: what a person said is taken back", title(data)),
        _ => match data.get("chosen").filter(|chosen| !chosen.is_null()) {
            Some(chosen) => format!("{} is {}", title(data), title(chosen)),
            None => format!("{} is none of TMDB's titles", title(data)),
        },
    }
}

/// `Heat (1995), movie, in 4K`.
fn title(data: &Value) -> String {
    let mut text = word(data, "title").to_owned();
    if let Some(year) = data.get("year").and_then(Value::as_i64) {
        write!(text, " ({year})").unwrap_or_default(); // as above
    }
    match word(data, "media_type") {
        "" => {}
        "tv" => text.push_str(", show"),
        kind => write!(text, ", {kind}").unwrap_or_default(), // as above
    }
    if data.get("is_4k").and_then(Value::as_bool) == Some(true) {
        text.push_str(", in 4K");
    }
    text
}

/// A text among the details; empty where there is none.
fn word<'a>(data: &'a Value, name: &str) -> &'a str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn because(text: String, reason: &str) -> String {
    if reason.is_empty() {
        text
    } else {
        format!("{text}: {reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::{World, at},
        sync_report::tests::report,
    };
    use schema::{
        models::{ListId, RunId, RunStatus},
        wire::{
            Failure, FailureCode,
            sync::{EventsEnded, EventsReset},
        },
    };
    use serde_json::json;
    use std::{cell::Cell, rc::Rc};

    fn event(id: i32, kind: EventKind, data: Value) -> FromSyncWorker {
        FromSyncWorker::Event(EventView {
            id,
            at: at(id.into()),
            kind,
            run: Some(RunId(12)),
            list: Some(ListId(3)),
            data,
        })
    }

    fn started(id: i32) -> FromSyncWorker {
        event(id, EventKind::RunStarted, json!({ "trigger": "manual" }))
    }

    fn end() -> FromSyncWorker {
        FromSyncWorker::EventsEnded(EventsEnded {})
    }

    async fn run_until(
        session: &Session,
        (events, follow): (u32, bool),
        interrupt: impl Future,
    ) -> Result<Exit, CommandError> {
        let client = session.sync_worker().await?;
        let mut syncs = Syncs::new(session, client, events);
        tokio::select! {
            ended = syncs.print(follow) => ended,
            _ = interrupt => Ok(Exit::Interrupted),
        }
    }

    async fn run(session: &Session, args: (u32, bool)) -> Result<Exit, CommandError> {
        run_until(session, args, std::future::pending::<()>()).await
    }

    fn args(events: u32, follow: bool) -> (u32, bool) {
        (events, follow)
    }

    #[actix_rt::test]
    async fn each_event_is_a_line() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            let expected = WatchEvents {
                after: None,
                last: Some(20),
                follow: false,
            };
            assert_eq!(request, ToSyncWorker::WatchEvents(expected));
            let summary = report(RunStatus::Completed).summary;
            let heat = json!({
                "title": "Heat", "year": 1995, "media_type": "movie", "tmdb_id": 949,
                "is_4k": true, "reason": "not in Seerr yet",
            });
            let odd = json!({ "title": "Odd\u{1b}[2J", "year": null, "media_type": "tv", "reason": "no title is like it" });
            let read = json!({ "name": "Top 250", "outcome": "complete", "reason": null, "entries": 250 });
            let refused = json!({ "name": "Mine", "outcome": "refused", "reason": "it is private", "entries": 0 });
            let changed = json!({ "change": "added", "list_type": "imdb", "list_id": "top", "description": "Top 250" });
            let top = |change, titles: Option<u32>| json!({ "change": change, "titles": titles, "list_type": "imdb", "list_id": "top", "description": "Top 250" });
            let (waiting, agreed) = (top("waiting", Some(250)), top("agreed", None));
            vec![
                started(1),
                event(2, EventKind::ListRead, read),
                event(3, EventKind::ListRead, refused),
                event(4, EventKind::TitleRequested, heat.clone()),
                event(5, EventKind::RequestFailed, heat),
                event(6, EventKind::NotFound, odd.clone()),
                event(7, EventKind::NeedsReview, odd),
                event(8, EventKind::RunEnded, json!(summary)),
                event(9, EventKind::ListChanged, changed),
                event(10, EventKind::SettingsChanged, json!({ "keys": ["seerr.url", "seerr.api_key"] })),
                event(11, EventKind::RunEnded, json!({ "status": "failed", "new": 1 })),
                event(12, EventKind::ListChanged, waiting),
                event(13, EventKind::ListChanged, agreed),
                end(),
            ]
        });
        assert_eq!(
            run(&world.session, args(20, false)).await.unwrap(),
            Exit::Done
        );
        insta::assert_snapshot!(world.printed(), @"
        2026-03-01 12:00:01  run_started       run 12 started (manual)
        2026-03-01 12:00:02  list_read         list 3 Top 250: complete, 250 entries
        2026-03-01 12:00:03  list_read         list 3 Mine: refused, 0 entries: it is private
        2026-03-01 12:00:04  title_requested   Heat (1995), movie, in 4K: not in Seerr yet
        2026-03-01 12:00:05  request_failed    Heat (1995), movie, in 4K: not in Seerr yet
        2026-03-01 12:00:06  not_found         Odd�[2J, show on list 3: no title is like it
        2026-03-01 12:00:07  needs_review      Odd�[2J, show on list 3: no title is like it
        2026-03-01 12:00:08  run_ended         run 12 completed in 3.2 s; 265 entries, 250 titles: 240 requested, 8 skipped, 2 not found
        2026-03-01 12:00:09  list_changed      list 3 added: Top 250 (imdb:top)
        2026-03-01 12:00:10  settings_changed  saved seerr.url, seerr.api_key
        2026-03-01 12:00:11  run_ended         run 12 ended (failed)
        2026-03-01 12:00:12  list_changed      list 3 waits for a yes to 250 titles: Top 250 (imdb:top)
        2026-03-01 12:00:13  list_changed      list 3 needs nobody's yes any more: Top 250 (imdb:top)
        ");
    }

    #[actix_rt::test]
    async fn programs_get_an_object_a_line() {
        let world = World::new().json();
        world.serve::<SyncLink>(|_| vec![started(7), end()]);
        run(&world.session, args(10, false)).await.unwrap();
        assert_eq!(
            world.printed(),
            "{\"type\":\"sync\",\"id\":7,\"at\":\"2026-03-01T12:00:07Z\",\"kind\":\"run_started\",\"run\":12,\
             \"list\":3,\"data\":{\"trigger\":\"manual\"}}\n"
        );
    }

    /// Ends with a failure that nobody waits through.
    fn over() -> FromSyncWorker {
        Failure::new(FailureCode::Internal, "the database failed").into()
    }

    #[actix_rt::test]
    async fn following_goes_on_after_the_last_event_when_the_sync_worker_was_killed() {
        let world = World::new();
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        world.serve::<SyncLink>(move |request| {
            let ToSyncWorker::WatchEvents(request) = request else {
                panic!("{request:?}");
            };
            counted.set(counted.get() + 1);
            assert_eq!(request.follow, counted.get() > 1);
            match counted.get() {
                1 => {
                    assert_eq!((request.after, request.last), (None, Some(1)));
                    vec![started(7), end()]
                }
                2 => {
                    assert_eq!(request.after, Some(7));
                    let stopping =
                        Failure::new(FailureCode::Cancelled, "the request was cancelled");
                    vec![started(8), stopping.into()]
                }
                3 => {
                    assert_eq!(request.after, Some(8));
                    Vec::new() // killed at once
                }
                4 => {
                    assert_eq!(request.after, Some(8));
                    let reset = FromSyncWorker::EventsReset(EventsReset { newest: 40 });
                    vec![started(9), reset, started(41), end()]
                }
                _ => {
                    assert_eq!(request.after, Some(41));
                    vec![over()]
                }
            }
        });
        let error = run(&world.session, args(0, true)).await.unwrap_err();
        assert_eq!(error.text(), "listsync: the database failed");
        let times: Vec<_> = world
            .printed()
            .lines()
            .map(|line| line[17..19].to_owned())
            .collect();
        assert_eq!(times, ["08", "09", "41"]);
        assert!(world.told().contains("no longer kept"), "{}", world.told());
        assert_eq!(calls.get(), 5);
    }

    #[actix_rt::test]
    async fn ctrl_c_ends_it_without_a_word() {
        let world = World::new();
        let (interrupt, interrupted) = tokio::sync::oneshot::channel();
        let interrupt = Cell::new(Some(interrupt));
        world.serve::<SyncLink>(move |_| {
            if let Some(interrupt) = interrupt.take() {
                interrupt.send(()).unwrap();
            }
            Vec::new() // it is asked again and again
        });
        let ended = run_until(&world.session, args(2, true), interrupted).await;
        assert_eq!(ended.unwrap(), Exit::Interrupted);
        assert_eq!((world.printed(), world.told()), Default::default());
    }

    #[actix_rt::test]
    async fn a_sync_worker_that_is_killed_before_it_tells_anything_is_asked_for_the_same() {
        let world = World::new();
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        world.serve::<SyncLink>(move |request| {
            let expected = WatchEvents {
                after: None,
                last: Some(2),
                follow: true,
            };
            assert_eq!(request, ToSyncWorker::WatchEvents(expected));
            counted.set(counted.get() + 1);
            match counted.get() {
                1 => Vec::new(),
                _ => vec![over()],
            }
        });
        run(&world.session, args(2, true)).await.unwrap_err();
        assert_eq!(calls.get(), 2);
    }

    #[actix_rt::test]
    async fn without_following_a_lost_connection_is_an_error() {
        let world = World::new();
        world.serve::<SyncLink>(|_| Vec::new());
        let error = run(&world.session, args(5, false)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.text().contains("was lost"), "{}", error.text());
    }

    #[actix_rt::test]
    async fn with_nothing_running_the_supervisor_is_what_is_missing() {
        let world = World::new();
        let error = run(&world.session, args(5, true)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}
