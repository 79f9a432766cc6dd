//! `listsync pins`: what people said entries are, for every list. Leaves files to `pins_file`.

use clap::Subcommand;
use schema::{
    pin_file::PinTitle,
    wire::{
        Link,
        sync::{FromSyncWorker, PinView, PinsRequest, SyncLink, ToSyncWorker, Unpin},
    },
};

use super::{
    error::CommandError, exit::Exit, pins_file, review::name, session::Session, table::Table,
    terminal::Look,
};

/// What stands there while there are none.
const EMPTY: &str = "\
No pins yet. `listsync review` shows the entries that wait for you to say which title they are.";

/// Arguments of `pins`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write all pins into a file, or print them
    Export(pins_file::ExportArgs),
    /// Take over the pins of a file; those about the same entry are replaced
    #[command(after_help = pins_file::EXIT)]
    Import(pins_file::ImportArgs),
    /// Take back what was said; the next run looks at the entries anew
    Remove(RemoveArgs),
}

/// Arguments of `pins remove`.
#[derive(Debug, clap::Args)]
struct RemoveArgs {
    /// Numbers of pins
    #[arg(value_name = "ID", required = true, value_parser = clap::value_parser!(i32).range(1..))]
    pins: Vec<i32>,
}

/// Shows the pins, or exports, imports, removes.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    match args.command {
        Some(Command::Export(args)) => return pins_file::export(session, args).await,
        Some(Command::Import(args)) => return pins_file::import(session, args).await,
        Some(Command::Remove(args)) => return remove(session, args).await,
        None => {}
    }
    let pins = fetch(session).await?;
    if session.json {
        session.terminal.say_json(&pins)?;
    } else if pins.is_empty() {
        session.terminal.say(EMPTY)?;
    } else {
        session.terminal.say(&table(&pins, session.look()))?;
    }
    Ok(Exit::Done)
}

/// All pins, the oldest first, from as many answers as it takes.
///
/// # Errors
/// [`CommandError`].
pub(super) async fn fetch(session: &Session) -> Result<Vec<PinView>, CommandError> {
    let mut all: Vec<PinView> = Vec::new();
    loop {
        let request = ToSyncWorker::Pins(PinsRequest {
            after: all.last().map_or(0, |last| last.id),
            offset: 0,
            limit: PinsRequest::MOST,
        });
        let FromSyncWorker::Pins(page) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        if page.pins.is_empty() {
            return Ok(all);
        }
        all.extend(page.pins);
    }
}

async fn remove(session: &Session, args: RemoveArgs) -> Result<Exit, CommandError> {
    for pin in args.pins {
        let request = ToSyncWorker::Unpin(Unpin { pin });
        let FromSyncWorker::Unpinned(gone) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        if session.json {
            session.terminal.say_json(&gone)?;
        } else {
            session.terminal.say(&format!(
                "removed pin {}: {}; the next run looks at {} anew",
                gone.pin.id,
                name(&gone.pin.entry.title, gone.pin.entry.year),
                match gone.entries {
                    1 => "1 entry".to_owned(),
                    entries => format!("{entries} entries"),
                }
            ))?;
        }
    }
    Ok(Exit::Done)
}

fn table(pins: &[PinView], look: Look) -> String {
    let mut table = Table::new(&["#id", "entry", "is", "title", "since"]);
    for pin in pins {
        table.row([
            pin.id.into(),
            name(&pin.entry.title, pin.entry.year).into(),
            pin.title
                .as_ref()
                .map_or_else(|| "none".to_owned(), number)
                .into(),
            pin.title
                .as_ref()
                .map_or_else(String::new, |title| name(&title.title, title.year))
                .into(),
            look.time(pin.created_at).into(),
        ]);
    }
    table.render(look)
}

/// `movie:1091`.
fn number(title: &PinTitle) -> String {
    format!("{}:{}", title.media_type, title.tmdb_id)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::{review::tests::pinned, session::tests::World};
    use schema::{
        models::MediaType,
        wire::{
            Failure, FailureCode,
            sync::{Choice, PinPage, Unpinned},
        },
    };

    /// Pin 4 says that an entry is a movie, pin 5 that one is none.
    pub(in crate::cli) fn pins() -> Vec<PinView> {
        let movie = Choice::Title {
            media_type: MediaType::Movie,
            tmdb_id: 1091,
        };
        let view = |id, choice| PinView {
            id,
            ..pinned(choice).pin
        };
        vec![view(4, &movie), view(5, &Choice::None)]
    }

    /// One pin to an answer.
    pub(in crate::cli) fn answer(request: &PinsRequest) -> FromSyncWorker {
        let mut pins = pins();
        pins.retain(|pin| pin.id > request.after);
        pins.truncate(1);
        FromSyncWorker::Pins(PinPage { pins, total: 2 })
    }

    #[actix_rt::test]
    async fn every_pin_is_a_row_however_many_answers_it_takes() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Pins(request) => vec![answer(&request)],
            other => panic!("{other:?}"),
        });
        run(&world.session, Args { command: None }).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        id  entry      is          title             since
         4  The Thing  movie:1091  The Thing (1982)  2026-03-01 12:00
         5  The Thing  none                          2026-03-01 12:00
        ");
    }

    #[actix_rt::test]
    async fn with_no_pins_it_says_where_they_come_from() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Pins(PinPage::default())]);
        run(&world.session, Args { command: None }).await.unwrap();
        assert!(world.printed().contains("`listsync review`"));
    }

    #[actix_rt::test]
    async fn a_pin_is_removed_by_its_number() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::Unpin(unpin) = request else {
                panic!("{request:?}")
            };
            match pins().into_iter().find(|pin| pin.id == unpin.pin) {
                Some(pin) => {
                    let gone = Unpinned { pin, entries: 1 };
                    vec![FromSyncWorker::Unpinned(Box::new(gone))]
                }
                None => vec![Failure::new(FailureCode::NotFound, "there is no pin 9").into()],
            }
        });
        let args = |pins: &[i32]| RemoveArgs { pins: pins.into() };
        remove(&world.session, args(&[4])).await.unwrap();
        assert_eq!(
            world.printed().trim_end(),
            "removed pin 4: The Thing; the next run looks at 1 entry anew"
        );
        let error = remove(&world.session, args(&[9])).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }
}
