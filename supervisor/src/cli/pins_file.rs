//! `listsync pins export` and `import`: carries pins from one ListSync to another. Leaves the form of the
//! file to `schema::pin_file`, and storing pins to the sync-worker.

use std::{
    fs::{self, File},
    io::{self, Read},
};

use schema::{
    pin_file::{MOST_BYTES, PinFile, PinFileError, PinRecord, write},
    wire::{
        Link,
        sync::{FromSyncWorker, ImportPins, PinsImported, SyncLink, ToSyncWorker},
    },
};

use super::{error::CommandError, exit::Exit, pins, review::line, session::Session};

/// For `listsync pins import --help`.
pub(super) const EXIT: &str = "\
Exit codes:
    0  all pins are kept now, also those that were before
    1  the file is no file of pins, or some of its pins were refused; the others are kept
    4  the supervisor cannot be reached";

/// What stands for standard input and output.
const STANDARD: &str = "-";

/// Arguments of `pins export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Where to write them; `-` prints them
    #[arg(value_name = "FILE", default_value = STANDARD)]
    file: String,
}

/// Arguments of `pins import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// A file that `listsync pins export` wrote; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Only tell what would become of them
    #[arg(long)]
    dry_run: bool,
}

/// Writes all pins.
pub(super) async fn export(session: &Session, args: ExportArgs) -> Result<Exit, CommandError> {
    let pins: Vec<PinRecord> = pins::fetch(session)
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    let text = write(&pins).map_err(|error| CommandError::output(error.into()))?;
    if args.file == STANDARD {
        session.terminal.draw(&text)?;
        return Ok(Exit::Done);
    }
    fs::write(&args.file, text).map_err(|error| {
        CommandError::told(
            format!("cannot write {}: {error}", args.file),
            "Name a file in a folder that you may write to, or print the pins: `listsync pins export > FILE`.",
        )
    })?;
    session
        .terminal
        .tell(&format!("exported {} pins to {}", pins.len(), args.file));
    Ok(Exit::Done)
}

/// Takes over the pins of a file, part by part.
pub(super) async fn import(session: &Session, args: ImportArgs) -> Result<Exit, CommandError> {
    let bytes = read(&args.file)?;
    let file = PinFile::read(&bytes).map_err(|error| refused(&args.file, &error))?;
    let mut whole = PinsImported {
        refused: file.refused.clone(),
        ..PinsImported::default()
    };
    for pins in file.into_batches() {
        let request = ToSyncWorker::ImportPins(ImportPins {
            pins,
            dry_run: args.dry_run,
        });
        let FromSyncWorker::PinsImported(part) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        whole.add(part);
    }
    if session.json {
        session.terminal.say_json(&whole)?;
    } else {
        session.terminal.say(&text(&whole, args.dry_run))?;
    }
    Ok(if whole.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn read(file: &str) -> Result<Vec<u8>, CommandError> {
    let read = if file == STANDARD {
        limited(io::stdin().lock())
    } else {
        File::open(file).and_then(limited)
    };
    read.map_err(|error| {
        CommandError::told(
            format!("cannot read {file}: {error}"),
            "Check its path and who may read it; inside a container only files of the container are seen: \
             `docker exec -i CONTAINER listsync pins import - < FILE` takes one from outside.",
        )
    })
}

/// What is read, and at most one byte more than may be.
fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refused(file: &str, error: &PinFileError) -> CommandError {
    CommandError::Told {
        message: format!("{file} is not imported: {error}"),
        remedy: None,
        exit: Exit::Failed,
    }
}

fn text(imported: &PinsImported, is_trial: bool) -> String {
    let (are, become_) = if is_trial {
        ("would be ", "would become")
    } else {
        ("", "became")
    };
    let mut lines = vec![format!(
        "{} {are}added, {} {are}replaced, {} unchanged, {} {are}refused; {} entries {become_} another title",
        imported.added,
        imported.replaced,
        imported.unchanged,
        imported.refused.len(),
        imported.entries
    )];
    lines.extend(imported.refused.iter().map(|refused| {
        format!(
            "  pin {} refused: {}",
            refused.number,
            line(&refused.reason)
        )
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use schema::wire::{Failure, FailureCode};

    use super::*;
    use crate::cli::session::tests::World;

    fn serve(world: &World) -> Arc<Mutex<Vec<ImportPins>>> {
        let imports = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&imports);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::Pins(request) => vec![pins::tests::answer(&request)],
            ToSyncWorker::ImportPins(import) => {
                let added = u32::try_from(import.pins.len()).unwrap();
                heard.lock().unwrap().push(import);
                vec![FromSyncWorker::PinsImported(PinsImported {
                    added,
                    entries: 2,
                    ..PinsImported::default()
                })]
            }
            other => vec![Failure::new(FailureCode::Internal, format!("{other:?}")).into()],
        });
        imports
    }

    fn import_of(file: &str, dry_run: bool) -> ImportArgs {
        ImportArgs {
            file: file.into(),
            dry_run,
        }
    }

    #[actix_rt::test]
    async fn what_is_exported_can_be_imported() {
        let world = World::new();
        let imports = serve(&world);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        let file = path.to_str().unwrap().to_owned();
        export(&world.session, ExportArgs { file: file.clone() })
            .await
            .unwrap();
        assert!(world.told().contains("exported 2 pins to "));
        export(&world.session, ExportArgs { file: "-".into() })
            .await
            .unwrap();
        assert_eq!(world.printed(), fs::read_to_string(&path).unwrap());

        let exit = import(&world.session, import_of(&file, true))
            .await
            .unwrap();
        assert_eq!(exit, Exit::Done);
        let import = imports.lock().unwrap().remove(0);
        assert!(import.dry_run);
        let records: Vec<PinRecord> = pins::tests::pins().into_iter().map(Into::into).collect();
        let sent: Vec<PinRecord> = import.pins.into_iter().map(|pin| pin.pin).collect();
        assert_eq!(sent, records);
        assert!(world.printed().contains(
            "2 would be added, 0 would be replaced, 0 unchanged, 0 would be refused; 2 entries would become another title"
        ));
    }

    #[actix_rt::test]
    async fn refused_pins_are_told_and_the_others_taken() {
        let world = World::new();
        let imports = serve(&world);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        let records: Vec<PinRecord> = pins::tests::pins().into_iter().map(Into::into).collect();
        let text = write(&records)
            .unwrap()
            .replacen("title:movie::", "isbn:", 1);
        fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap();
        let exit = import(&world.session, import_of(file, false))
            .await
            .unwrap();
        assert_eq!(exit, Exit::Failed);
        assert_eq!(imports.lock().unwrap()[0].pins[0].number, 2);
        insta::assert_snapshot!(world.printed(), @"
        1 added, 0 replaced, 0 unchanged, 1 refused; 2 entries became another title
          pin 1 refused: `isbn:the thing` is no key of an entry
        ");
    }

    #[actix_rt::test]
    async fn a_file_of_something_else_says_what_it_is() {
        let world = World::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watchlist.csv");
        fs::write(&path, "Date,Name\n").unwrap();
        for (file, expected) in [
            (
                path.to_str().unwrap(),
                "watchlist.csv is not imported: it is no JSON",
            ),
            ("/nowhere/pins.json", "cannot read /nowhere/pins.json"),
        ] {
            let error = import(&world.session, import_of(file, false))
                .await
                .unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.exit(), Exit::Failed);
        }
    }
}
