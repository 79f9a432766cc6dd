//! `listsync lists`: the table of lists. Leaves adding and removing to `lists_add` and `lists_remove`.

use clap::Subcommand;
use runtime::counted;
use schema::{
    models::FetchKind,
    wire::{
        Link,
        sync::{FromSyncWorker, ListView, ListsRequest, SyncLink, ToSyncWorker},
    },
};

use super::{
    error::CommandError,
    exit::Exit,
    lists_accept, lists_add, lists_edit, lists_read, lists_remove, lists_resolve,
    session::Session,
    table::{Cell, Table, one_line},
    tail::visible,
    terminal::{Look, Tone},
};

/// Arguments of `lists`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Also those that were removed
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow a list: paste its address, or give its id
    Add(lists_add::Args),
    /// Tell what an address means, how large it is and what is missing to read it
    Resolve(lists_resolve::Args),
    /// Change how a list is followed
    Edit(lists_edit::Args),
    /// Let the schedule read lists
    Enable(lists_edit::Which),
    /// Leave lists out of scheduled runs
    Disable(lists_edit::Which),
    /// Read lists now and sum up what is on them; nothing is requested
    Read(lists_read::Args),
    /// Say yes to what new lists would ask for, or to lists that are frozen because they shrank
    Accept(lists_accept::Args),
    /// Follow lists no longer; what they asked for stays requested
    Remove(lists_remove::Args),
}

/// What stands there while there are no lists.
const EMPTY: &str = "\
No lists yet. Add one by its address or id, for example:
  listsync lists add https://www.imdb.com/list/ls012345678/
  listsync lists add top --type imdb
  listsync lists add stevenlu";

/// Shows the lists, or adds, or removes.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    match args.command {
        Some(Command::Add(args)) => return lists_add::run(session, args).await,
        Some(Command::Resolve(args)) => return lists_resolve::run(session, args).await,
        Some(Command::Edit(args)) => return lists_edit::run(session, args).await,
        Some(Command::Enable(which)) => return lists_edit::set_auto(session, which, true).await,
        Some(Command::Disable(which)) => return lists_edit::set_auto(session, which, false).await,
        Some(Command::Read(args)) => return lists_read::run(session, args).await,
        Some(Command::Accept(args)) => return lists_accept::run(session, args).await,
        Some(Command::Remove(args)) => return lists_remove::run(session, args).await,
        None => {}
    }
    let lists = fetch(session, args.all).await?;
    if session.json {
        session.terminal.say_json(&lists)?;
    } else if lists.is_empty() {
        session.terminal.say(EMPTY)?;
    } else {
        let look = session.look();
        let text = table(&lists, look) + &reasons(&lists, look);
        session.terminal.say(&text)?;
    }
    Ok(Exit::Done)
}

/// All lists of the sync-worker, by number.
///
/// # Errors
/// [`CommandError`].
pub(super) async fn fetch(
    session: &Session,
    with_removed: bool,
) -> Result<Vec<ListView>, CommandError> {
    let request = ToSyncWorker::Lists(ListsRequest { with_removed });
    let mut stream = match session.sync_worker().await?.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let mut lists = Vec::new();
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Lists(part) = answer else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        lists.extend(part.lists);
    }
    Ok(lists)
}

fn table(lists: &[ListView], look: Look) -> String {
    let mut table = Table::new(&[
        "#id",
        "type",
        "list",
        "name",
        "#items",
        "status",
        "last synced",
        "auto",
    ]);
    for list in lists {
        let (tone, status) = status(list);
        table.row([
            list.id.into(),
            list.list_type.as_str().into(),
            list.list_id.as_str().into(),
            list.description.as_str().into(),
            items(list).into(),
            Cell::toned(tone, status),
            list.last_synced
                .map_or_else(|| "never".into(), |at| look.time(at))
                .into(),
            if list.auto_sync { "yes" } else { "no" }.into(),
        ]);
    }
    table.render(look)
}

/// Why lists are as they are, below the table: a cell is too narrow for a sentence.
fn reasons(lists: &[ListView], look: Look) -> String {
    let mut text = String::new();
    for list in lists {
        if let Some(reason) = reason(list) {
            let reason = one_line(reason);
            let reason = visible(&reason, Look::PIPE);
            let line = format!("  {} {}: {reason}", list.id, outcome(list));
            text.push_str(&wrapped(&line, look.width));
        }
        if let Some(waiting) = waiting(list) {
            text.push_str(&wrapped(&format!("  {} {waiting}", list.id), look.width));
        }
    }
    text
}

/// What a new list waits for, and what its owner can do.
fn waiting(list: &ListView) -> Option<String> {
    let titles = list.waiting_titles.filter(|_| list.ask_first)?;
    let id = list.id;
    Some(format!(
        "waits for a yes: {} (`listsync lists accept {id}` says it, `listsync sync {id} --plan` shows them)",
        counted(titles, "title", "titles")
    ))
}

/// `line` in lines of at most `width` columns, those after the first set in; a newline at the end.
fn wrapped(line: &str, width: Option<u16>) -> String {
    const INDENT: &str = "    ";
    let Some(width) = width.map(usize::from) else {
        return format!("{line}\n");
    };
    let (mut text, mut column) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let columns = word.trim_end().chars().count();
        if column > INDENT.len() && column + columns > width {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(INDENT);
            column = INDENT.len();
        }
        text.push_str(word);
        column += word.chars().count();
    }
    text.push('\n');
    text
}

/// `250`, or `250 (top 10)` when only its top is followed.
fn items(list: &ListView) -> String {
    match list.item_limit {
        Some(limit) => format!("{} (top {limit})", list.item_count),
        None => list.item_count.to_string(),
    }
}

fn status(list: &ListView) -> (Tone, &'static str) {
    if list.removed_at.is_some() {
        return (Tone::Faint, "removed");
    }
    if list.status == FetchKind::Complete && waiting(list).is_some() {
        return (Tone::Warning, "waits for a yes");
    }
    (outcome_tone(list.status), list.status.as_str())
}

/// How its last reading ended, or that it is followed no longer.
fn outcome(list: &ListView) -> &'static str {
    if list.removed_at.is_some() {
        return "removed";
    }
    list.status.as_str()
}

fn reason(list: &ListView) -> Option<&str> {
    if list.removed_at.is_some() {
        return list
            .from_settings
            .then_some("it stays in the settings and is not added again");
    }
    list.status_reason.as_deref()
}

/// The colour of an outcome.
pub(super) fn outcome_tone(outcome: FetchKind) -> Tone {
    match outcome {
        FetchKind::New => Tone::Faint,
        FetchKind::Complete => Tone::Good,
        FetchKind::Partial | FetchKind::Frozen => Tone::Warning,
        FetchKind::Refused | FetchKind::Failed => Tone::Bad,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::{models::ListId, wire::sync::Lists};

    pub(in crate::cli) fn list(id: i32, list_type: &str, list_id: &str, name: &str) -> ListView {
        ListView {
            withdraws: None,
            status_cause: None,
            last_read_at: None,
            last_read_entries: None,
            last_error: None,
            last_error_at: None,
            shrink_limit_percent: None,
            id: ListId(id),
            list_type: list_type.into(),
            list_id: list_id.into(),
            list_url: format!("https://{list_type}.example/{list_id}"),
            description: name.into(),
            item_count: 250,
            status: FetchKind::Complete,
            status_reason: None,
            last_synced: Some(at(0)),
            auto_sync: true,
            item_limit: None,
            is_4k: None,
            requested_as: None,
            from_settings: false,
            removed_at: None,
            created_at: at(0),
            updated_at: at(0),
            ask_first: false,
            waiting_titles: None,
            notice: None,
        }
    }

    fn args(all: bool) -> Args {
        Args { all, command: None }
    }

    #[actix_rt::test]
    async fn each_list_is_a_row_however_many_answers_it_takes() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let refused = ListView {
                status: FetchKind::Refused,
                status_reason: Some("the list is private; make it public".into()),
                item_limit: Some(10),
                last_synced: None,
                auto_sync: false,
                ..list(2, "imdb", "ls1", "Mine")
            };
            [list(1, "imdb", "top", "IMDb Top 250"), refused]
                .into_iter()
                .map(|list| FromSyncWorker::Lists(Lists { lists: vec![list] }))
                .collect()
        });
        run(&world.session, args(false)).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        id  type  list  name                 items  status    last synced       auto
         1  imdb  top   IMDb Top 250           250  complete  2026-03-01 12:00  yes
         2  imdb  ls1   Mine          250 (top 10)  refused   never             no
          2 refused: the list is private; make it public
        ");
    }

    #[actix_rt::test]
    async fn with_no_lists_it_says_how_to_add_one() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Lists(Lists { lists: vec![] })]);
        run(&world.session, args(true)).await.unwrap();
        assert_eq!(world.printed().trim_end(), EMPTY);
    }

    #[test]
    fn a_new_list_that_waits_says_for_how_many_titles_and_how_to_say_yes() {
        let new = |waiting_titles, status| ListView {
            ask_first: true,
            waiting_titles,
            status,
            status_reason: (status == FetchKind::Partial).then(|| "page 3 is missing".into()),
            ..list(1, "imdb", "top", "IMDb Top 250")
        };
        let uncounted = new(None, FetchKind::Complete);
        assert_eq!(status(&uncounted).1, "complete");
        assert_eq!(reasons(&[uncounted], Look::PIPE), "");
        let waiting = new(Some(312), FetchKind::Complete);
        insta::assert_snapshot!(table(std::slice::from_ref(&waiting), Look::PIPE), @"
        id  type  list  name          items  status           last synced       auto
         1  imdb  top   IMDb Top 250    250  waits for a yes  2026-03-01 12:00  yes
        ");
        insta::assert_snapshot!(reasons(&[waiting, new(Some(1), FetchKind::Partial)], Look::PIPE), @"
          1 waits for a yes: 312 titles (`listsync lists accept 1` says it, `listsync sync 1 --plan` shows them)
          1 partial: page 3 is missing
          1 waits for a yes: 1 title (`listsync lists accept 1` says it, `listsync sync 1 --plan` shows them)
        ");
    }

    #[test]
    fn a_removed_list_of_the_settings_says_that_it_stays_removed() {
        let removed = ListView {
            removed_at: Some(at(0)),
            from_settings: true,
            ..list(1, "imdb", "top", "x")
        };
        assert_eq!(
            reasons(&[removed], Look::PIPE),
            "  1 removed: it stays in the settings and is not added again\n"
        );
    }

    #[test]
    fn a_long_reason_is_wrapped_to_the_terminal() {
        let refused = ListView {
            status: FetchKind::Refused,
            status_reason: Some(format!(
                "{}https://{}",
                "why\nnot ".repeat(9),
                "x".repeat(50)
            )),
            ..list(5, "imdb", "ls1", "Mine")
        };
        let look = Look {
            width: Some(40),
            ..Look::PIPE
        };
        let x = "x".repeat(50);
        assert_eq!(
            reasons(&[refused], look),
            format!(
                "  5 refused: why not why not why not why\n    not why not why not why not why not\n    why not\n    https://{x}\n"
            )
        );
    }
}
