//! `listsync items`: the table of entries, and what became of each. Leaves the story of a title to
//! `items_why`, and letting one be tried again to `items_retry`.

use clap::Subcommand;
use runtime::counted;
use schema::{
    models::{Identity, ItemStatus, MediaType},
    wire::{
        Link,
        sync::{
            FromSyncWorker, ITEMS_LIMIT, ItemView, ItemsRequest, MOST_ITEMS, SyncLink, ToSyncWorker,
        },
    },
};
use serde::Serialize;

use super::{
    error::CommandError,
    exit::Exit,
    items_retry, items_why, list_names, lists,
    session::Session,
    table::{Cell, Table},
    terminal::{Look, Tone},
};

/// Letters of a reason that a cell has room for; `--why` tells all of it.
const SHORT: usize = 60;

/// Arguments of `items`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Tell a title's whole story: by the number of an entry, `movie:550`, `tv:1396`, `tt0111161`,
    /// `tvdb:81189`, its address, or words of its name
    #[arg(long, value_name = "TITLE", conflicts_with_all = ["list", "identity", "status", "search", "limit", "page"])]
    why: Option<String>,
    /// Only entries of this list: its number, `type:id`, address or name
    #[arg(long, value_name = "LIST")]
    list: Option<String>,
    /// Only entries whose title is so far known: `new`, `matched`, `needs_review`, `not_found`
    #[arg(long, value_name = "STATE")]
    identity: Option<Identity>,
    /// Only entries whose title is there on its way: `waiting` (also for its next try), `skipped`
    /// (whatever nothing is asked for), `planned`, `requesting`, `requested`, `adopted`, `available`,
    /// `failed`, `failed_permanent`, `declined`, `blocklisted`, `deleted`, `withdrawn`
    #[arg(long, value_name = "STATUS")]
    status: Option<ItemStatus>,
    /// Only entries with this in their title
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Entries of a page
    #[arg(long, value_name = "N", default_value_t = ITEMS_LIMIT, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_ITEMS)))]
    limit: u32,
    /// Which page
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let a title whose request failed be tried again by the next run
    #[command(after_help = super::exit::ITEMS_RETRY)]
    Retry(items_retry::Args),
}

/// One page for a machine.
#[derive(Serialize)]
struct Shown<'a> {
    items: &'a [ItemView],
    total: i64,
    page: u32,
    limit: u32,
}

/// Shows the entries, or does what the subcommand says.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if let Some(Command::Retry(args)) = args.command {
        return items_retry::run(session, args).await;
    }
    if let Some(title) = args.why {
        return items_why::run(session, title).await;
    }
    let request = request(session, &args).await?;
    let (items, total) = fetch(session, request.clone()).await?;
    if session.json {
        session.terminal.say_json(&Shown {
            items: &items,
            total,
            page: request.page,
            limit: request.limit,
        })?;
    } else if items.is_empty() {
        session.terminal.say(&nothing(&request, total))?;
    } else {
        let look = session.look();
        session.terminal.say(&table(&items, look))?;
        if let Some(rest) = rest(&request, items.len(), total) {
            session.terminal.tell(&rest);
        }
    }
    Ok(Exit::Done)
}

async fn request(session: &Session, args: &Args) -> Result<ItemsRequest, CommandError> {
    let list = match &args.list {
        Some(wanted) => {
            let all = lists::fetch(session, false).await?;
            Some(list_names::resolve(&all, wanted)?.id)
        }
        None => None,
    };
    Ok(ItemsRequest {
        list,
        identity: args.identity,
        status: args.status,
        search: args.search.clone(),
        limit: args.limit,
        page: args.page,
    })
}

async fn fetch(
    session: &Session,
    request: ItemsRequest,
) -> Result<(Vec<ItemView>, i64), CommandError> {
    let client = session.sync_worker().await?;
    let mut stream = match client.stream(ToSyncWorker::Items(request)).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let (mut items, mut total) = (Vec::new(), 0);
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Items(part) = answer else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        items.extend(part.items);
        total = part.total;
    }
    Ok((items, total))
}

fn table(items: &[ItemView], look: Look) -> String {
    let has_moments = items.iter().any(|item| until(item, look).is_some());
    let mut head = vec![
        "#id", "title", "#year", "kind", "list", "identity", "status",
    ];
    head.extend(has_moments.then_some("until"));
    head.push("reason");
    let mut table = Table::new(&head);
    for item in items {
        let mut cells: Vec<Cell> = vec![
            item.id.into(),
            title(item).into(),
            item.year
                .map(|year| year.to_string())
                .unwrap_or_default()
                .into(),
            kind(item).into(),
            format!("{} {}", item.list, item.list_name).into(),
            Cell::toned(identity_tone(item.identity), words(item.identity.as_str())),
            match item.status {
                Some(status) => Cell::toned(status_tone(status), words(status.as_str())),
                None => "".into(),
            },
        ];
        if has_moments {
            cells.push(until(item, look).unwrap_or_default().into());
        }
        cells.push(short(reason(item)).into());
        table.row(cells);
    }
    table.render(look)
}

/// Until when it waits, or is not looked for again.
fn until(item: &ItemView, look: Look) -> Option<String> {
    let waits = matches!(item.status, Some(ItemStatus::Waiting | ItemStatus::Failed));
    match item.until.or(item.next_try) {
        Some(at) => Some(look.time(at)),
        None => waits.then(|| "the next run".to_owned()),
    }
}

fn title(item: &ItemView) -> String {
    match item.season {
        Some(season) => format!("{}, season {season}", item.title),
        None => item.title.clone(),
    }
}

fn kind(item: &ItemView) -> &'static str {
    let kind = item.matched.as_ref().map(|title| title.media_type);
    match kind.or(item.media_type) {
        Some(MediaType::Movie) => "movie",
        Some(MediaType::Tv) => "show",
        None => "",
    }
}

/// Why it is where it is, or why it is not known which title it is.
fn reason(item: &ItemView) -> &str {
    let of_identity = || item.identity_reason.as_deref();
    let reason = match item.identity {
        Identity::Matched => item.reason.as_deref(),
        Identity::New | Identity::NeedsReview | Identity::NotFound => {
            of_identity().or(item.reason.as_deref())
        }
    };
    reason.unwrap_or_default()
}

fn short(text: &str) -> String {
    if text.chars().count() <= SHORT {
        return text.to_owned();
    }
    let cut: String = text.chars().take(SHORT - 1).collect();
    format!("{}…", cut.trim_end())
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn identity_tone(identity: Identity) -> Tone {
    match identity {
        Identity::New => Tone::Faint,
        Identity::Matched => Tone::Good,
        Identity::NeedsReview | Identity::NotFound => Tone::Warning,
    }
}

fn status_tone(status: ItemStatus) -> Tone {
    match status {
        ItemStatus::Planned | ItemStatus::Requesting => Tone::Faint,
        ItemStatus::Requested | ItemStatus::Available | ItemStatus::Adopted => Tone::Good,
        ItemStatus::Failed | ItemStatus::Waiting => Tone::Warning,
        ItemStatus::FailedPermanent => Tone::Bad,
        ItemStatus::Skipped
        | ItemStatus::Declined
        | ItemStatus::Blocklisted
        | ItemStatus::Deleted
        | ItemStatus::Withdrawn => Tone::Plain,
    }
}

/// What stands below a page that is not all.
fn rest(request: &ItemsRequest, shown: usize, total: i64) -> Option<String> {
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    if shown >= total {
        return None;
    }
    let before = i64::from(request.limit) * i64::from(request.page - 1);
    let (first, last) = (before + 1, before + shown);
    let next = if last < total {
        format!("; `--page {}` shows the next", request.page + 1)
    } else {
        String::new()
    };
    Some(format!("  {first} to {last} of {total}{next}"))
}

/// What stands there when there is nothing to show.
fn nothing(request: &ItemsRequest, total: i64) -> String {
    if total > 0 {
        return format!(
            "There is no page {}; all pages have {}.",
            request.page,
            counted(total, "entry", "entries")
        );
    }
    let is_filtered = request.list.is_some()
        || request.identity.is_some()
        || request.status.is_some()
        || request.search.is_some();
    if is_filtered {
        return "No entry is like that. Leave out --list, --identity, --status or --search to see more; \
                `listsync items --why TITLE` says of a title where it is, and why it is on no list."
            .to_owned();
    }
    "No entries yet. Follow a list with `listsync lists add ADDRESS`, then read it with \
     `listsync sync`."
        .to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::{
        lists::tests::list,
        session::tests::{World, at},
    };
    use schema::{
        models::ListId,
        wire::sync::{Items, Lists, MatchedView},
    };

    fn item(id: i32, title: &str) -> ItemView {
        ItemView {
            id,
            list: ListId(1),
            list_name: "IMDb Top 250".into(),
            rank: id,
            title: title.into(),
            year: Some(1995),
            media_type: None,
            season: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            first_seen: at(0),
            identity: Identity::Matched,
            identity_reason: None,
            next_try: None,
            matched: Some(MatchedView {
                media_type: MediaType::Movie,
                tmdb_id: 949,
                title: title.into(),
                year: Some(1995),
            }),
            status: Some(ItemStatus::Requested),
            reason: Some("it is on imdb:top and not in Seerr".into()),
            remedy: None,
            until: None,
        }
    }

    fn unknown(id: i32) -> ItemView {
        ItemView {
            matched: None,
            media_type: Some(MediaType::Tv),
            season: Some(2),
            year: None,
            identity: Identity::NeedsReview,
            identity_reason: Some(
                "two titles fit equally well, and nothing on the list tells which".into(),
            ),
            status: None,
            reason: None,
            ..item(id, "Dune\u{1b}[2J")
        }
    }

    fn args() -> Args {
        Args {
            why: None,
            list: None,
            identity: None,
            status: None,
            search: None,
            limit: 2,
            page: 1,
            command: None,
        }
    }

    #[actix_rt::test]
    async fn a_page_of_entries_says_how_to_go_on() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => vec![FromSyncWorker::Lists(Lists {
                lists: vec![list(1, "imdb", "top", "IMDb Top 250")],
            })],
            ToSyncWorker::Items(request) => {
                assert_eq!((request.list, request.limit), (Some(ListId(1)), 2));
                [item(1, "Heat"), unknown(2)]
                    .into_iter()
                    .map(|item| {
                        FromSyncWorker::Items(Items {
                            items: vec![item],
                            total: 7,
                        })
                    })
                    .collect()
            }
            other => panic!("{other:?}"),
        });
        let args = Args {
            list: Some("imdb:top".into()),
            ..args()
        };
        run(&world.session, args).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        id  title               year  kind   list            identity      status     reason
         1  Heat                1995  movie  1 IMDb Top 250  matched       requested  it is on imdb:top and not in Seerr
         2  Dune�[2J, season 2        show   1 IMDb Top 250  needs review             two titles fit equally well, and nothing on the list tells…
        ");
        insta::assert_snapshot!(world.told(), @"  1 to 2 of 7; `--page 2` shows the next");
    }

    #[test]
    fn what_waits_says_until_when() {
        let waiting = |id, title: &str, until, reason: &str| ItemView {
            status: Some(ItemStatus::Waiting),
            reason: Some(reason.into()),
            until,
            ..item(id, title)
        };
        let items = [
            waiting(
                1,
                "Severance",
                Some(at(86_400)),
                "season 3 has not aired yet",
            ),
            waiting(2, "Heat", None, "Seerr has no 4K server for movies"),
            item(3, "Alien"),
        ];
        insta::assert_snapshot!(table(&items, Look::PIPE), @"
        id  title      year  kind   list            identity  status     until             reason
         1  Severance  1995  movie  1 IMDb Top 250  matched   waiting    2026-03-02 12:00  season 3 has not aired yet
         2  Heat       1995  movie  1 IMDb Top 250  matched   waiting    the next run      Seerr has no 4K server for movies
         3  Alien      1995  movie  1 IMDb Top 250  matched   requested                    it is on imdb:top and not in Seerr
        ");
    }

    #[actix_rt::test]
    async fn a_machine_gets_the_page_as_one_object() {
        let world = World::new().json();
        world.serve::<SyncLink>(|_| {
            vec![FromSyncWorker::Items(Items {
                items: vec![item(1, "Heat")],
                total: 1,
            })]
        });
        run(&world.session, args()).await.unwrap();
        let page: serde_json::Value = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(
            (&page["total"], &page["items"][0]["title"]),
            (&1.into(), &"Heat".into())
        );
    }

    #[test]
    fn nothing_to_show_says_what_to_do() {
        let all = ItemsRequest::default();
        let searched = ItemsRequest {
            search: Some("x".into()),
            ..all.clone()
        };
        let third = ItemsRequest {
            page: 3,
            ..all.clone()
        };
        assert!(nothing(&all, 0).contains("listsync lists add"));
        assert!(nothing(&searched, 0).contains("--search"));
        assert_eq!(
            nothing(&third, 1),
            "There is no page 3; all pages have 1 entry."
        );
        assert_eq!(rest(&all, 50, 50), None);
        assert_eq!(rest(&third, 7, 107).unwrap(), "  101 to 107 of 107");
    }
}
