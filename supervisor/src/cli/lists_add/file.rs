//! `listsync lists add FILE`: puts an export file into the folder of exports and follows its lists.
//! Leaves what a file holds to the sync-worker.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};
use runtime::{
    Settings,
    exports::{ENDINGS, Incoming, MOST_BYTES, Placed, check_name},
};
use schema::{
    models::ListId,
    wire::{
        FailureCode, Link,
        sync::{AddFile, ChangeList, FileAdded, FromSyncWorker, ListView, SyncLink, ToSyncWorker},
    },
};

use super::{Args, text};
use crate::cli::{error::CommandError, exit::Exit, lists_read, session::Session};

/// Bytes that are copied at once.
const CHUNK: usize = 256 * 1024;

/// The file that INPUT names, if it is none of an address, an id or a name.
pub(super) fn of(args: &Args) -> Option<PathBuf> {
    let input = args.input.as_str();
    let lower = input.to_ascii_lowercase();
    let is_named_so = ENDINGS.iter().any(|end| lower.ends_with(end));
    // `export.zip/lists/mine.csv` is the id of a list.
    let is_id = args.list_type.is_some() || input.contains("://") || lower.contains(".zip/");
    // `movies.json` is also what people call one of Steven Lu's lists.
    let is_elsewhere =
        lower.strip_suffix(".json").is_some() && !input.contains('/') && !Path::new(input).exists();
    (is_named_so && !is_id && !is_elsewhere).then(|| PathBuf::from(input))
}

/// Copies the file, tells which lists are followed, and reads them where no schedule does.
pub(super) async fn run(session: &Session, args: Args, path: &Path) -> Result<Exit, CommandError> {
    let settings = session.loaded()?.settings;
    let name = name_of(path)?;
    let from = open(path)?;
    session.sync_worker().await?;
    let placed = place(&settings, path, &name, from)?;
    let asked = ToSyncWorker::AddFile(AddFile { file: name });
    let answer = session.ask_sync_worker(asked).await;
    if let (Some(placed), Err(CommandError::Refused(failure))) = (placed, &answer)
        && failure.code == FailureCode::Invalid
    {
        placed
            .undo()
            .map_err(|error| unwritable(&settings, path, &error))?;
    }
    let FromSyncWorker::FileAdded(mut file) = answer? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    // Where nothing is read by itself, nobody else would say what is in the file.
    let is_read = !args.no_read && !session.json && !settings.sync.automated;
    let changed = apply(session, args, &mut file).await;
    show(session, &file)?;
    changed?;
    if is_read {
        read(session, &file).await?;
    } else if !session.json {
        tell_when(session, &file, settings.sync.automated);
    }
    Ok(Exit::Done)
}

/// Reads the lists and tells what is on them.
async fn read(session: &Session, file: &FileAdded) -> Result<(), CommandError> {
    for list in file.added.iter().chain(&file.there_already) {
        let summary = lists_read::read(session, list.id).await?;
        let name = format!("list {}: {}\n", list.id, list.description);
        session
            .terminal
            .say(&(name + &lists_read::text(&summary)))?;
    }
    Ok(())
}

fn name_of(path: &Path) -> Result<String, CommandError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    check_name(&name).map_err(|problem| {
        CommandError::told(format!("the name {name} {problem}"), "Rename the file.")
    })?;
    Ok(name.into_owned())
}

fn open(path: &Path) -> Result<File, CommandError> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => {
                "Check its path; inside a container only files of the container are seen, so copy \
                 it there first (`docker cp`). If it lies in the folder of exports already, add \
                 `--type file`."
            }
            _ => "Make it readable for the user who runs this command.",
        };
        CommandError::told(format!("cannot read {shown}: {error}"), remedy)
    })?;
    let found = file.metadata();
    let found = found.map_err(|error| {
        CommandError::told(format!("cannot read {shown}: {error}"), "Try again.")
    })?;
    if !found.is_file() {
        return Err(CommandError::told(
            format!("{shown} is no file"),
            "Name the exported file itself.",
        ));
    }
    if found.len() > MOST_BYTES {
        let limit = MOST_BYTES / 1024 / 1024;
        return Err(CommandError::told(
            format!("{shown} is longer than {limit} MiB, which no list is"),
            "Name the export as the site gave it.",
        ));
    }
    Ok(file)
}

/// Nothing when the file lies in the folder already.
fn place(
    settings: &Settings,
    path: &Path,
    name: &str,
    from: File,
) -> Result<Option<Placed>, CommandError> {
    let folder = settings.paths.exports();
    let is_there = fs::canonicalize(path)
        .and_then(|path| Ok(path == fs::canonicalize(&folder)?.join(name)))
        .unwrap_or(false); // then it is elsewhere
    if is_there {
        return Ok(None);
    }
    copy(&folder, name, from)
        .map(Some)
        .map_err(|error| unwritable(settings, path, &error))
}

fn copy(folder: &Path, name: &str, from: File) -> io::Result<Placed> {
    let mut incoming = Incoming::begin(folder)?;
    let mut from = from.take(MOST_BYTES);
    let mut chunk = Vec::with_capacity(CHUNK);
    while from.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)? > 0 {
        incoming.write(&chunk)?;
        chunk.clear();
    }
    incoming.place(name)
}

fn unwritable(settings: &Settings, path: &Path, error: &io::Error) -> CommandError {
    let folder = settings.paths.exports();
    let (shown, folder) = (path.display(), folder.display());
    let message = format!("cannot put {shown} into {folder}: {error}");
    if error.kind() != io::ErrorKind::PermissionDenied {
        return CommandError::told(message, "Look whether its disk is full or read-only.");
    }
    let owner = owner_of(&settings.paths.data_dir).unwrap_or_else(|| "USER".into());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let port = settings.http.api_port;
    CommandError::told(
        message,
        format!(
            "Run this as the user that ListSync runs as: `sudo -u {owner} listsync lists add '{shown}'` \
             (in a container: `docker exec -u {owner} CONTAINER listsync lists add …`). Or copy the \
             file to {folder} yourself. Or send it: `curl -H \"X-Api-Key: KEY\" --data-binary \
             @'{shown}' 'http://localhost:{port}/api/lists/files?name={name}'`."
        ),
    )
}

/// The user who owns the folder, by name where there is one.
fn owner_of(folder: &Path) -> Option<String> {
    let owner = fs::metadata(folder).ok()?.uid(); // told with a placeholder
    let user = User::from_uid(Uid::from_raw(owner)).ok().flatten(); // shown by number
    Some(user.map_or_else(|| owner.to_string(), |user| user.name))
}

/// Applies what was said about the list, if there is just one.
async fn apply(session: &Session, args: Args, file: &mut FileAdded) -> Result<(), CommandError> {
    let count = file.added.len() + file.there_already.len();
    let mut lists = file.added.iter_mut().chain(&mut file.there_already);
    let (Some(list), 1) = (lists.next(), count) else {
        let change = change_of(args, ListId(0));
        return if change == ChangeList::of(ListId(0)) {
            Ok(())
        } else {
            Err(CommandError::told(
                format!("the file holds {count} lists, so --name and the like were left out"),
                "Give them to each list: `listsync lists edit LIST`.",
            ))
        };
    };
    let change = change_of(args, list.id);
    if change == ChangeList::of(list.id) {
        return Ok(());
    }
    let request = ToSyncWorker::ChangeList(change);
    let FromSyncWorker::List(changed) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    *list = *changed;
    Ok(())
}

fn change_of(args: Args, list: ListId) -> ChangeList {
    let is_4k = args.is_4k();
    ChangeList {
        description: args.name.map(Some),
        auto_sync: args.no_auto.then_some(false),
        item_limit: args.limit.map(Some),
        is_4k: is_4k.map(Some),
        requested_as: args.user.map(Some),
        shrink_limit_percent: args.shrink_limit.map(Some),
        withdraws: args.withdraw.then_some(Some(true)),
        ..ChangeList::of(list)
    }
}

fn show(session: &Session, file: &FileAdded) -> Result<(), CommandError> {
    if session.json {
        return session.terminal.say_json(file);
    }
    for list in &file.added {
        session.terminal.say(&text("added", list))?;
    }
    for list in &file.there_already {
        session.terminal.say(&there_already(list))?;
    }
    Ok(())
}

fn tell_when(session: &Session, file: &FileAdded, automated: bool) {
    let lists = file.added.iter().chain(&file.there_already);
    let ids: Vec<_> = lists.map(|list| list.id.to_string()).collect();
    session.terminal.tell(&if automated {
        "  it is read now, or as soon as the run that is going on has ended".to_owned()
    } else {
        format!("  `listsync sync --wait {}` reads it now", ids.join(" "))
    });
}

fn there_already(list: &ListView) -> String {
    format!(
        "list {} was there already: {} ({}:{})\n  the new file takes the place of the old one",
        list.id, list.description, list.list_type, list.list_id
    )
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, os::unix::fs::PermissionsExt, rc::Rc};

    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::Failure;

    const CSV: &str = "Date,Name,Year,Letterboxd URI\n";

    fn args(input: &str) -> Args {
        Args {
            withdraw: false,
            no_read: true,
            yes: false,
            shrink_limit: None,
            input: input.into(),
            list_type: None,
            name: None,
            limit: None,
            is_4k: false,
            no_4k: false,
            user: None,
            no_auto: false,
        }
    }

    fn csv(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("watchlist.csv");
        fs::write(&path, CSV).unwrap();
        path
    }

    fn exports(world: &World) -> PathBuf {
        world.session.paths().unwrap().exports()
    }

    /// Names in the folder of exports.
    fn names(world: &World) -> Vec<String> {
        let found = fs::read_dir(exports(world)).unwrap();
        found
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn found(added: &[i32], there: &[i32]) -> FromSyncWorker {
        let views = |ids: &[i32]| {
            ids.iter()
                .map(|id| list(*id, "file", "watchlist.csv", "watchlist"))
                .collect()
        };
        FromSyncWorker::FileAdded(FileAdded {
            added: views(added),
            there_already: views(there),
        })
    }

    #[test]
    fn files_are_told_from_addresses_and_ids() {
        for input in [
            "watchlist.csv",
            "./a.ZIP",
            "/tmp/x y.csv",
            "./trakt.json",
            "ids.txt",
        ] {
            assert!(of(&args(input)).is_some(), "{input}");
        }
        for input in [
            "top",
            "https://a.example/x.csv",
            "a.zip/lists/b.csv",
            "letterboxd-bob/watchlist",
            "movies.json",
            "films.csv?title=Film",
        ] {
            assert!(of(&args(input)).is_none(), "{input}");
        }
        let of_a_site = Args {
            list_type: Some("file".into()),
            ..args("watchlist.csv")
        };
        assert!(of(&of_a_site).is_none());
    }

    #[actix_rt::test]
    async fn the_file_is_copied_and_its_lists_are_told() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let path = csv(&folder);
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::AddFile(add) = request else {
                panic!("{request:?}")
            };
            assert_eq!(add.file, "watchlist.csv");
            vec![found(&[5], &[6])]
        });
        let input = path.to_str().unwrap();
        run(&world.session, args(input), &path).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        added list 5: watchlist (file:watchlist.csv)
          https://file.example/watchlist.csv
        list 6 was there already: watchlist (file:watchlist.csv)
          the new file takes the place of the old one
        ");
        let copy = exports(&world).join("watchlist.csv");
        assert_eq!(fs::read_to_string(&copy).unwrap(), CSV);
        assert_eq!(
            fs::metadata(copy).unwrap().permissions().mode() & 0o777,
            0o644
        );
    }

    #[actix_rt::test]
    async fn a_machine_reads_what_was_added() {
        let (world, folder) = (World::new().json(), tempfile::tempdir().unwrap());
        let path = csv(&folder);
        world.serve::<SyncLink>(|_| vec![found(&[5], &[])]);
        run(&world.session, args("x.csv"), &path).await.unwrap();
        let file: FileAdded = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!((file.added.len(), file.there_already.len()), (1, 0));
    }

    #[actix_rt::test]
    async fn what_is_no_export_is_not_left_there_and_an_older_file_is() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let path = csv(&folder);
        world.serve::<SyncLink>(|_| {
            let failure =
                Failure::new(FailureCode::Invalid, "watchlist.csv is no export of a list");
            vec![failure.with_remedy("Put in another.").into()]
        });
        let error = run(&world.session, args("x.csv"), &path).await.unwrap_err();
        assert_eq!(
            error.text(),
            "listsync: watchlist.csv is no export of a list\n  Put in another."
        );
        assert!(names(&world).is_empty());
        fs::write(exports(&world).join("watchlist.csv"), "older").unwrap();
        run(&world.session, args("x.csv"), &path).await.unwrap_err();
        assert_eq!(names(&world), ["watchlist.csv"]);
        let text = fs::read_to_string(exports(&world).join("watchlist.csv")).unwrap();
        assert_eq!(text, "older");
    }

    #[actix_rt::test]
    async fn a_file_that_lies_there_already_is_not_copied_onto_itself() {
        let world = World::new();
        let path = exports(&world).join("watchlist.csv");
        fs::write(&path, CSV).unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        world.serve::<SyncLink>(|_| vec![found(&[5], &[])]);
        run(&world.session, args("x.csv"), &path).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    }

    #[actix_rt::test]
    async fn what_is_said_about_a_list_is_applied_to_the_only_one() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let path = csv(&folder);
        let asked = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&asked);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::ChangeList(change) => {
                let view = ListView {
                    item_limit: change.item_limit.flatten(),
                    ..list(5, "file", "watchlist.csv", "Mine")
                };
                heard.borrow_mut().push(change);
                vec![FromSyncWorker::List(Box::new(view))]
            }
            _ if heard.borrow().is_empty() => vec![found(&[5], &[])],
            _ => vec![found(&[5, 6], &[])],
        });
        let said = || Args {
            limit: Some(3),
            name: Some("Mine".into()),
            no_4k: true,
            ..args("x.csv")
        };
        run(&world.session, said(), &path).await.unwrap();
        let change = asked.borrow()[0].clone();
        assert_eq!((change.list, change.item_limit), (ListId(5), Some(Some(3))));
        assert_eq!((change.is_4k, change.auto_sync), (Some(Some(false)), None));
        assert!(world.printed().contains("only the top 3"));
        let error = run(&world.session, said(), &path).await.unwrap_err();
        assert!(error.to_string().contains("holds 2 lists"), "{error}");
        assert_eq!(asked.borrow().len(), 1);
    }

    #[actix_rt::test]
    async fn a_path_that_leads_to_no_file_is_said_before_anything_is_asked() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("folder.csv")).unwrap();
        let long = File::create(folder.path().join("long.zip")).unwrap();
        long.set_len(MOST_BYTES + 1).unwrap();
        fs::write(folder.path().join(".hidden.csv"), CSV).unwrap();
        for (name, said) in [
            ("gone.csv", "cannot read"),
            ("folder.csv", "is no file"),
            ("long.zip", "longer than 16 MiB"),
            (".hidden.csv", "must not begin with a dot"),
        ] {
            let path = folder.path().join(name);
            let error = run(&world.session, args("x.csv"), &path).await.unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.remedy().is_some());
        }
    }

    #[actix_rt::test]
    async fn with_nothing_running_nothing_is_copied() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let path = csv(&folder);
        let error = run(&world.session, args("x.csv"), &path).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
        assert!(names(&world).is_empty());
    }

    #[test]
    fn without_the_right_to_write_there_are_three_ways() {
        let world = World::new();
        let settings = world.session.loaded().unwrap().settings;
        let denied = io::ErrorKind::PermissionDenied.into();
        let error = unwritable(&settings, Path::new("/tmp/my.csv"), &denied);
        let remedy = error.remedy().unwrap();
        for part in [
            "sudo -u ",
            "docker exec -u ",
            "--data-binary @'/tmp/my.csv'",
            "name=my.csv",
        ] {
            assert!(remedy.contains(part), "{remedy}");
        }
        let full = io::ErrorKind::StorageFull.into();
        assert!(
            unwritable(&settings, Path::new("a.csv"), &full)
                .remedy()
                .unwrap()
                .contains("full")
        );
    }
}
