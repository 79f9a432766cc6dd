//! `listsync review`: the entries that wait for a person to say which title they are, and saying it.
//! Leaves asking one after the other to `review_ask`.

use clap::Subcommand;
use schema::{
    models::{MediaType, ReviewCandidate},
    wire::{
        Link,
        sync::{
            Choice, FromSyncWorker, Pick, Picked, ReviewEntry, ReviewFilter, ReviewPage,
            ReviewRequest, SyncLink, ToSyncWorker,
        },
    },
};

use super::{
    error::CommandError,
    exit::Exit,
    review_ask,
    session::Session,
    table::{Table, one_line},
    tail::visible,
    terminal::Look,
};

/// For `listsync review --help`.
pub(super) const EXAMPLES: &str = "\
On a terminal you are asked for one entry after the other; elsewhere, and with --no-ask or --json, they
are shown. What you pick holds for that entry on every list, now and later; the next run asks for it.

Examples:
    listsync review                          pick on the terminal
    listsync review pick 7 movie:438631      entry 7 is the movie with that number on themoviedb.org
    listsync review pick 7 tt1160419         the same by its IMDb id
    listsync review pick 7 none              TMDB does not have it; stop looking for it

Exit codes:
    0  shown or picked
    1  there is no such entry, or TMDB has no such title
    4  the supervisor cannot be reached
  130  interrupted; what was picked is kept";

/// Arguments of `review`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Those for which nothing was found, in place of those to pick from
    #[arg(long, conflicts_with = "all")]
    not_found: bool,
    /// Both those to pick from and those for which nothing was found
    #[arg(long)]
    all: bool,
    /// At most that many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only show them, on a terminal too
    #[arg(long)]
    no_ask: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say which title an entry is
    Pick(PickArgs),
}

/// Arguments of `review pick`.
#[derive(Debug, clap::Args)]
struct PickArgs {
    /// The entry, by its number in `listsync review`
    #[arg(value_name = "ITEM", value_parser = clap::value_parser!(i32).range(1..))]
    item: i32,
    /// `movie:` or `tv:` with TMDB's number, an IMDb id, or `none`
    #[arg(value_name = "WHAT", value_parser = choice)]
    choice: Choice,
}

impl Args {
    fn filter(&self) -> ReviewFilter {
        match (self.all, self.not_found) {
            (true, _) => ReviewFilter::All,
            (_, true) => ReviewFilter::NotFound,
            _ => ReviewFilter::NeedsReview,
        }
    }
}

/// Shows what waits and asks, or picks.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if let Some(Command::Pick(args)) = args.command {
        let picked = pick(session, args.item, args.choice).await?;
        show(session, &picked)?;
        return Ok(Exit::Done);
    }
    let page = fetch(session, args.filter(), args.limit).await?;
    if session.json {
        session.terminal.say_json(&page)?;
    } else if page.entries.is_empty() {
        session.terminal.say(nothing(args.filter()))?;
    } else if session.terminal.is_interactive() && !args.no_ask {
        review_ask::run(session, &page).await?;
    } else {
        session.terminal.say(&text(&page, session.look()))?;
    }
    Ok(Exit::Done)
}

fn nothing(filter: ReviewFilter) -> &'static str {
    match filter {
        ReviewFilter::NeedsReview => {
            "Nothing waits for you. `listsync review --not-found` shows entries for which nothing was found."
        }
        ReviewFilter::NotFound => "Something was found for every entry.",
        ReviewFilter::All => "Nothing waits for you, and something was found for every entry.",
    }
}

/// The first entries that wait, from as many answers as it takes.
async fn fetch(
    session: &Session,
    filter: ReviewFilter,
    limit: u32,
) -> Result<ReviewPage, CommandError> {
    let mut whole = ReviewPage::default();
    loop {
        let offset = u32::try_from(whole.entries.len()).unwrap_or(u32::MAX);
        let request = ToSyncWorker::Review(ReviewRequest {
            filter,
            offset,
            limit: limit.saturating_sub(offset).min(ReviewRequest::MOST),
        });
        let FromSyncWorker::Review(part) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        let is_empty = part.entries.is_empty();
        whole.total = part.total;
        whole.entries.extend(part.entries);
        let count = u32::try_from(whole.entries.len()).unwrap_or(u32::MAX);
        if is_empty || count >= limit.min(whole.total) {
            return Ok(whole);
        }
    }
}

/// Tells the sync-worker what an entry is.
///
/// # Errors
/// [`CommandError`]; refused when there is no such entry or title.
pub(super) async fn pick(
    session: &Session,
    item: i32,
    choice: Choice,
) -> Result<Box<Picked>, CommandError> {
    let request = ToSyncWorker::Pick(Pick { item, choice });
    match session.ask_sync_worker(request).await? {
        FromSyncWorker::Picked(picked) => Ok(picked),
        _ => Err(CommandError::unexpected(SyncLink::PEER)),
    }
}

/// Prints what was picked.
///
/// # Errors
/// As printing.
pub(super) fn show(session: &Session, picked: &Picked) -> Result<(), CommandError> {
    if session.json {
        return session.terminal.say_json(picked);
    }
    let entry = name(&picked.pin.entry.title, picked.pin.entry.year);
    let is = match &picked.pin.title {
        Some(title) => {
            let title_name = name(&title.title, title.year);
            format!("is {title_name} ({}:{})", title.media_type, title.tmdb_id)
        }
        None => "is none of TMDB's titles".to_owned(),
    };
    let rows = match picked.entries {
        1 => "1 entry".to_owned(),
        rows => format!("{rows} entries"),
    };
    session
        .terminal
        .say(&format!("{entry} {is}: pin {}, {rows}", picked.pin.id))?;
    for notice in &picked.notices {
        session.terminal.tell(&format!("  note: {}", line(notice)));
    }
    Ok(())
}

/// What `movie:438631`, `tv:1396`, `tt1160419` or `none` means.
///
/// # Errors
/// What can be typed.
pub(super) fn choice(text: &str) -> Result<Choice, String> {
    let forms =
        "write movie:NUMBER or tv:NUMBER with TMDB's number, an IMDb id such as tt1160419, or none";
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(Choice::None);
    }
    if let Some(digits) = text.strip_prefix("tt")
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(Choice::Imdb {
            imdb_id: text.to_owned(),
        });
    }
    let (kind, number) = text.split_once(':').ok_or(forms)?;
    let media_type = kind.parse::<MediaType>().map_err(|_unknown| forms)?;
    match number.parse() {
        Ok(tmdb_id) if tmdb_id > 0 => Ok(Choice::Title {
            media_type,
            tmdb_id,
        }),
        _ => Err(forms.to_owned()),
    }
}

fn text(page: &ReviewPage, look: Look) -> String {
    let mut table = Table::new(&["#item", "entry", "lists", "why", "may be"]);
    for entry in &page.entries {
        table.row([
            entry.item.into(),
            entry_name(entry).into(),
            lists(entry).into(),
            entry.reason.clone().unwrap_or_default().into(),
            candidates(entry).into(),
        ]);
    }
    let text = table.render(look);
    let shown = u32::try_from(page.entries.len()).unwrap_or(u32::MAX);
    let total = page.total;
    if shown >= total {
        return text;
    }
    format!("{text}{shown} of {total}; `--limit {total}` shows all\n")
}

/// `The Thing (1982), movie`.
pub(super) fn entry_name(entry: &ReviewEntry) -> String {
    let kind = match entry.media_type {
        None => "",
        Some(MediaType::Movie) => ", movie",
        Some(MediaType::Tv) => ", show",
    };
    format!("{}{kind}", name(&entry.title, entry.year))
}

/// `Mine, Top and 3 more`.
pub(super) fn lists(entry: &ReviewEntry) -> String {
    let names: Vec<String> = entry.lists.iter().map(|place| line(&place.name)).collect();
    let shown = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let names = names.join(", ");
    match entry.list_count.saturating_sub(shown) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn candidates(entry: &ReviewEntry) -> String {
    let titles: Vec<String> = entry.candidates.iter().map(candidate).collect();
    titles.join(",\n")
}

/// `movie:1091 The Thing (1982)`.
pub(super) fn candidate(title: &ReviewCandidate) -> String {
    let original = title.original_title.as_deref();
    let original = original.map_or_else(String::new, |original| format!(" [{}]", line(original)));
    format!(
        "{}:{} {}{original}",
        title.media_type,
        title.tmdb_id,
        name(&title.title, title.year)
    )
}

/// `The Thing (1982)`.
pub(super) fn name(title: &str, year: Option<i32>) -> String {
    let title = line(title);
    year.map_or_else(|| title.clone(), |year| format!("{title} ({year})"))
}

/// Titles and names come from sites: they neither break lines nor drive the terminal.
pub(super) fn line(text: &str) -> String {
    visible(&one_line(text), Look::PIPE)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::{
        models::{Identity, ListId},
        pin_file::{PinEntry, PinTitle},
        wire::{
            Failure, FailureCode,
            sync::{PinView, ReviewPlace},
        },
    };

    pub(in crate::cli) fn title(tmdb_id: i64, year: i32) -> ReviewCandidate {
        ReviewCandidate {
            media_type: MediaType::Movie,
            tmdb_id,
            title: "The Thing".into(),
            original_title: None,
            year: Some(year),
            popularity: 40.0,
            certainty: 0.75,
            reason: "title equal, no year to compare".into(),
            poster_path: None,
        }
    }

    pub(in crate::cli) fn entry(item: i32, candidates: Vec<ReviewCandidate>) -> ReviewEntry {
        let place = |list: i32, name: &str| ReviewPlace {
            list: ListId(list),
            name: name.into(),
            rank: 4,
        };
        ReviewEntry {
            item,
            title: "The Thing\u{1b}[2J".into(),
            original_title: None,
            year: None,
            media_type: Some(MediaType::Movie),
            season: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            identity: Identity::NeedsReview,
            reason: Some("title search: 2 titles fit".into()),
            next_try: None,
            lists: vec![place(1, "Mine"), place(2, "Hers")],
            list_count: 5,
            candidates,
        }
    }

    pub(in crate::cli) fn pinned(choice: &Choice) -> Picked {
        let title = match choice {
            Choice::Title {
                media_type,
                tmdb_id,
            } => Some(PinTitle {
                media_type: *media_type,
                tmdb_id: *tmdb_id,
                title: "The Thing".into(),
                year: Some(1982),
            }),
            _ => None,
        };
        Picked {
            pin: PinView {
                id: 3,
                entry: PinEntry {
                    title: "The Thing".into(),
                    year: None,
                    media_type: Some(MediaType::Movie),
                },
                keys: vec!["title:movie::the thing".into()],
                title,
                created_at: at(0),
            },
            entries: 2,
            notices: Vec::new(),
        }
    }

    fn args(limit: u32) -> Args {
        Args {
            not_found: false,
            all: false,
            limit,
            no_ask: false,
            command: None,
        }
    }

    #[actix_rt::test]
    async fn what_waits_is_a_table_with_what_it_may_be() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let original = ReviewCandidate {
                original_title: Some("La Cosa".into()),
                ..title(60_935, 2011)
            };
            let entries = vec![
                entry(7, vec![title(1091, 1982), original]),
                entry(12, Vec::new()),
            ];
            vec![FromSyncWorker::Review(ReviewPage { entries, total: 9 })]
        });
        run(&world.session, args(2)).await.unwrap();
        insta::assert_snapshot!(world.printed());
    }

    #[actix_rt::test]
    async fn as_many_answers_as_it_takes_are_asked_for() {
        let world = World::new().json();
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::Review(request) = request else {
                panic!("{request:?}")
            };
            assert!(request.limit <= 100);
            let end = (request.offset + request.limit).min(230);
            let entries = (request.offset..end)
                .map(|number| entry(i32::try_from(number).unwrap(), Vec::new()))
                .collect();
            vec![FromSyncWorker::Review(ReviewPage {
                entries,
                total: 230,
            })]
        });
        for (limit, expected) in [(150, 150), (1_000, 230)] {
            let page = fetch(&world.session, ReviewFilter::All, limit)
                .await
                .unwrap();
            let items: Vec<i32> = page.entries.iter().map(|entry| entry.item).collect();
            assert!(items.iter().copied().eq(0..expected), "{limit}");
        }
    }

    #[actix_rt::test]
    async fn where_nothing_waits_it_says_so() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Review(ReviewPage::default())]);
        run(&world.session, args(50)).await.unwrap();
        assert!(world.printed().starts_with("Nothing waits for you."));
    }

    #[actix_rt::test]
    async fn a_pick_tells_what_was_kept_and_what_to_know() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::Pick(pick) = request else {
                panic!("{request:?}")
            };
            if pick.item == 99 {
                return vec![Failure::new(FailureCode::NotFound, "there is no entry 99").into()];
            }
            let picked = Picked {
                notices: vec!["That request stays.".into()],
                ..pinned(&pick.choice)
            };
            vec![FromSyncWorker::Picked(Box::new(picked))]
        });
        for (item, what) in [(7, "movie:1091"), (7, "none")] {
            let command = Command::Pick(PickArgs {
                item,
                choice: choice(what).unwrap(),
            });
            let args = Args {
                command: Some(command),
                ..args(50)
            };
            run(&world.session, args).await.unwrap();
        }
        insta::assert_snapshot!(world.printed(), @"
        The Thing is The Thing (1982) (movie:1091): pin 3, 2 entries
        The Thing is none of TMDB's titles: pin 3, 2 entries
        ");
        assert!(world.told().contains("note: That request stays."));
        let error = pick(&world.session, 99, Choice::None).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }

    #[test]
    fn choices_are_read_as_people_write_them() {
        let movie = Choice::Title {
            media_type: MediaType::Movie,
            tmdb_id: 438_631,
        };
        assert_eq!(choice(" movie:438631 "), Ok(movie));
        assert_eq!(choice("None"), Ok(Choice::None));
        let imdb_id = "tt1160419".to_owned();
        assert_eq!(choice("tt1160419"), Ok(Choice::Imdb { imdb_id }));
        for odd in [
            "", "438631", "film:5", "movie:", "movie:-5", "tv:0", "tt", "ttx", "nothing",
        ] {
            assert!(
                choice(odd).unwrap_err().starts_with("write movie:NUMBER"),
                "{odd}"
            );
        }
    }
}
