//! `listsync lists read`, and the first reading after `lists add`: progress while it goes on, then what
//! is on the list, or what to do when it cannot be read.

use runtime::counted;
use schema::{
    models::{Cause, FetchKind, ListId},
    wire::{
        Link,
        sync::{FromSyncWorker, ListReadSummary, ReadList, SyncLink, ToSyncWorker},
    },
};

use super::{
    error::CommandError, exit::Exit, list_names, lists, progress::Progress, session::Session,
};

/// Arguments of `lists read`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Numbers, `type:id`, addresses or names
    #[arg(value_name = "LIST", required = true)]
    lists: Vec<String>,
}

/// Reads each list now and sums up what is on it; nothing is requested.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let all = lists::fetch(session, false).await?;
    let mut exit = Exit::Done;
    for list in list_names::resolve_all(&all, &args.lists)? {
        let summary = read(session, list).await?;
        if session.json {
            session.terminal.say_json(&summary)?;
        } else {
            let name = format!("list {}: {}\n", list, summary.list.description);
            session.terminal.say(&(name + &text(&summary)))?;
        }
        if has_failed(&summary) {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Whether nothing of the reading was taken.
pub(super) fn has_failed(summary: &ListReadSummary) -> bool {
    matches!(
        summary.list.status,
        FetchKind::Refused | FetchKind::Failed | FetchKind::Frozen
    )
}

/// Reads one list, with a bar where somebody sees it.
///
/// # Errors
/// [`CommandError`]; Ctrl-C ends the reading, and the list stays.
pub(super) async fn read(
    session: &Session,
    list: ListId,
) -> Result<Box<ListReadSummary>, CommandError> {
    let progress = Progress::new(session.terminal.shows_progress() && !session.json);
    let done = tokio::select! {
        done = listen(session, list, &progress) => done,
        _ = tokio::signal::ctrl_c() => Err(CommandError::Interrupted(format!(
            "list {list} stays; the next run reads it, or `listsync lists read {list}`"
        ))),
    };
    progress.clear();
    done
}

async fn listen(
    session: &Session,
    list: ListId,
    progress: &Progress,
) -> Result<Box<ListReadSummary>, CommandError> {
    let request = ToSyncWorker::ReadList(ReadList { list });
    let client = session.sync_worker().await?;
    let mut stream = match client.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    while let Some(answer) = stream.next().await? {
        match answer {
            FromSyncWorker::Reading(reading) => progress.read(&reading),
            FromSyncWorker::ListRead(summary) => return Ok(summary),
            _ => break,
        }
    }
    Err(CommandError::unexpected(SyncLink::PEER))
}

/// What is on the list, and what its owner can do about what is not.
pub(super) fn text(summary: &ListReadSummary) -> String {
    let list = &summary.list;
    let mut lines = vec![headline(summary)];
    if let Some(reason) = list.status_reason.as_deref() {
        lines.push(reason.to_owned());
    }
    if summary.read > 0 && list.status != FetchKind::Frozen {
        lines.push(kinds(summary));
        lines.push(ids(summary));
        lines.extend(changes(summary));
    }
    if summary.dropped > 0 {
        lines.push(format!(
            "left out: {} that are no movie and no show",
            summary.dropped
        ));
    }
    lines.extend(next_step(summary));
    lines
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn headline(summary: &ListReadSummary) -> String {
    let read = counted(summary.read, "entry", "entries");
    let of = match summary.announced {
        Some(announced) if announced != summary.read => format!(" of {announced}"),
        _ => String::new(),
    };
    let seconds = (f64::from(u32::try_from(summary.took_ms).unwrap_or(u32::MAX)) / 100.0).round();
    let took = format!("{:.1} s", seconds / 10.0);
    let cause = summary.list.status_cause.map_or("", Cause::as_str);
    match summary.list.status {
        FetchKind::Complete if summary.read == 0 => "read completely: it is empty".to_owned(),
        FetchKind::Complete | FetchKind::New => format!("read completely: {read}{of} in {took}"),
        FetchKind::Partial => {
            format!("read in part ({cause}): {read}{of} in {took}; nothing counts as removed")
        }
        FetchKind::Frozen => format!("frozen ({cause}): {read} in {took}"),
        FetchKind::Refused => {
            let who_says_no = refusal(summary.list.status_cause);
            format!("not read ({cause}): {who_says_no}")
        }
        FetchKind::Failed => format!("not read ({cause}): no answer that can be used"),
    }
}

/// Who says no; the reason tells the rest.
fn refusal(cause: Option<Cause>) -> &'static str {
    match cause {
        Some(Cause::NeedsKey | Cause::NeedsSignIn | Cause::Settings) => {
            "a setting of yours is needed"
        }
        Some(Cause::SwitchedOff) => "you have switched that off",
        Some(Cause::Forbidden) => "the address is not visited",
        Some(Cause::Changed | Cause::TooLarge) => "it cannot be taken for a list",
        _ => "the site says no",
    }
}

fn kinds(summary: &ListReadSummary) -> String {
    let mut kinds = Vec::new();
    if summary.movies > 0 {
        kinds.push(counted(summary.movies, "movie", "movies"));
    }
    if summary.shows > 0 {
        kinds.push(counted(summary.shows, "show", "shows"));
    }
    let on_list = u32::try_from(summary.list.item_count).unwrap_or(0);
    let unknown = on_list.saturating_sub(summary.movies + summary.shows);
    if unknown > 0 && summary.list.status == FetchKind::Complete {
        kinds.push(format!("{unknown} that may be either"));
    }
    if summary.without_year > 0 {
        kinds.push(format!("{} without a year", summary.without_year));
    }
    kinds.join(", ")
}

fn ids(summary: &ListReadSummary) -> String {
    let ids: Vec<_> = [
        (summary.with_imdb_id, "IMDb"),
        (summary.with_tmdb_id, "TMDB"),
        (summary.with_tvdb_id, "TVDB"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, site)| format!("{count} {site}"))
    .collect();
    let known = if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    };
    match summary.without_id {
        0 => format!("ids: {known}"),
        without => format!("ids: {known}; {without} are looked for by title and year"),
    }
}

fn changes(summary: &ListReadSummary) -> Option<String> {
    let is_first = summary.left == 0 && summary.added == summary.read;
    let is_news = summary.added > 0 || summary.left > 0;
    (is_news && !is_first).then(|| {
        format!(
            "since the last reading: {} new, {} gone",
            summary.added, summary.left
        )
    })
}

fn next_step(summary: &ListReadSummary) -> Option<String> {
    let list = &summary.list;
    let id = list.id;
    match list.status {
        // It may be more than its owner expects; then the note says what happens.
        FetchKind::Complete | FetchKind::Partial
            if summary.read > 0 && list.auto_sync && list.ask_first =>
        {
            Some(format!(
                "the next run looks what is missing; `listsync sync --wait {id}` does it now"
            ))
        }
        FetchKind::Complete | FetchKind::Partial if summary.read > 0 && list.auto_sync => {
            Some(format!(
                "the next run asks for what is missing; `listsync sync --wait {id}` does it now"
            ))
        }
        FetchKind::Complete | FetchKind::Partial if summary.read > 0 => Some(format!(
            "`listsync sync --wait {id}` asks for what is missing; the schedule leaves it out"
        )),
        FetchKind::Refused | FetchKind::Failed => Some(format!(
            "each run tries it again; `listsync lists remove {id}` gives it up"
        )),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::sync::{ListView, Lists, ReadingProgress};

    pub(in crate::cli) fn summary(id: i32) -> ListReadSummary {
        ListReadSummary {
            list: ListView {
                item_count: 250,
                ..list(id, "imdb", "top", "IMDb Top 250")
            },
            read: 250,
            announced: Some(250),
            dropped: 0,
            movies: 231,
            shows: 19,
            with_imdb_id: 250,
            with_tmdb_id: 0,
            with_tvdb_id: 0,
            without_id: 0,
            without_year: 3,
            added: 250,
            left: 0,
            took_ms: 3149,
        }
    }

    fn bad(status: FetchKind, cause: Cause, reason: &str) -> ListReadSummary {
        let mut bad = ListReadSummary {
            read: 0,
            announced: None,
            movies: 0,
            shows: 0,
            with_imdb_id: 0,
            without_year: 0,
            added: 0,
            ..summary(3)
        };
        bad.list.status = status;
        bad.list.status_cause = Some(cause);
        bad.list.status_reason = Some(reason.into());
        bad
    }

    #[test]
    fn a_complete_reading_says_what_is_there_and_what_comes_next() {
        insta::assert_snapshot!(text(&summary(3)), @r"
          read completely: 250 entries in 3.1 s
          231 movies, 19 shows, 3 without a year
          ids: 250 IMDb
          the next run asks for what is missing; `listsync sync --wait 3` does it now
        ");
        let mut again = summary(3);
        again.added = 2;
        again.left = 1;
        again.without_id = 4;
        again.dropped = 5;
        again.list.auto_sync = false;
        insta::assert_snapshot!(text(&again), @r"
          read completely: 250 entries in 3.1 s
          231 movies, 19 shows, 3 without a year
          ids: 250 IMDb; 4 are looked for by title and year
          since the last reading: 2 new, 1 gone
          left out: 5 that are no movie and no show
          `listsync sync --wait 3` asks for what is missing; the schedule leaves it out
        ");
    }

    #[test]
    fn a_refusal_says_why_and_what_to_do() {
        let private = bad(
            FetchKind::Refused,
            Cause::Private,
            "IMDb keeps the list ls1 private. Make it public in its settings on IMDb.",
        );
        insta::assert_snapshot!(text(&private), @r"
          not read (private): the site says no
          IMDb keeps the list ls1 private. Make it public in its settings on IMDb.
          each run tries it again; `listsync lists remove 3` gives it up
        ");
        let off = bad(
            FetchKind::Refused,
            Cause::SwitchedOff,
            "IMDb is switched off.",
        );
        assert!(text(&off).contains("not read (switched_off): you have switched that off"));
        let mut part = bad(
            FetchKind::Partial,
            Cause::Inconsistent,
            "the site announced 250 entries, 100 could be read",
        );
        part.read = 100;
        part.announced = Some(250);
        part.movies = 100;
        part.with_imdb_id = 100;
        insta::assert_snapshot!(text(&part), @r"
          read in part (inconsistent): 100 entries of 250 in 3.1 s; nothing counts as removed
          the site announced 250 entries, 100 could be read
          100 movies
          ids: 100 IMDb
          the next run asks for what is missing; `listsync sync --wait 3` does it now
        ");
        let frozen = bad(
            FetchKind::Frozen,
            Cause::Shrunk,
            "it had 200 entries and has none now",
        );
        insta::assert_snapshot!(text(&frozen), @r"
          frozen (shrunk): 0 entries in 3.1 s
          it had 200 entries and has none now
        ");
    }

    #[actix_rt::test]
    async fn a_list_is_read_by_any_of_its_names() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => vec![FromSyncWorker::Lists(Lists {
                lists: vec![list(3, "imdb", "top", "IMDb Top 250")],
            })],
            ToSyncWorker::ReadList(read) => vec![
                FromSyncWorker::Reading(ReadingProgress {
                    run: None,
                    list: read.list,
                    name: "IMDb Top 250".into(),
                    read: 100,
                    announced: Some(250),
                }),
                FromSyncWorker::ListRead(Box::new(summary(read.list.0))),
            ],
            other => panic!("{other:?}"),
        });
        let lists = vec!["imdb:top".to_owned()];
        let exit = run(&world.session, Args { lists }).await.unwrap();
        assert_eq!(exit, Exit::Done);
        assert!(
            world
                .printed()
                .contains("list 3: IMDb Top 250\n  read completely: 250")
        );
    }
}
