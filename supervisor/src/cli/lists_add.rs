//! `listsync lists add`: recognises what was pasted and follows it. Leaves export files to `file`.

mod file;

use schema::wire::{
    Link,
    sync::{AddList, FromSyncWorker, ListView, SyncLink, ToSyncWorker},
};

use super::{error::CommandError, exit::Exit, lists_read, session::Session};

/// Arguments of `lists add`.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Args {
    /// An address, an id or a name, or a file with a list (.csv, .tsv, .json, .txt, .zip)
    #[arg(value_name = "INPUT")]
    input: String,
    /// The site, where INPUT is no address: imdb, trakt, letterboxd, …
    #[arg(long = "type", value_name = "SITE")]
    list_type: Option<String>,
    /// What to call it; its own name when absent
    #[arg(long)]
    name: Option<String>,
    /// Only that many entries from the top
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    limit: Option<i32>,
    /// Ask for 4K, whatever the general setting is
    #[arg(long = "4k", conflicts_with = "no_4k")]
    is_4k: bool,
    /// Do not ask for 4K, whatever the general setting is
    #[arg(long = "no-4k")]
    no_4k: bool,
    /// The Seerr user in whose name is asked, by number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    user: Option<i32>,
    /// Leave it out of scheduled runs
    #[arg(long)]
    no_auto: bool,
    /// Hundredths by which it may shrink between two readings before it is frozen
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(i32).range(0..=100))]
    shrink_limit: Option<i32>,
    /// Take back what was asked for an entry that leaves it, while nothing has come of it
    #[arg(long)]
    withdraw: bool,
    /// Do not read it now; with --json it never is
    #[arg(long)]
    no_read: bool,
    /// Say yes beforehand to everything its first run asks for, however much that is
    #[arg(long)]
    yes: bool,
}

impl Args {
    fn is_4k(&self) -> Option<bool> {
        match (self.is_4k, self.no_4k) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

impl From<Args> for AddList {
    fn from(args: Args) -> Self {
        let is_4k = args.is_4k();
        Self {
            input: args.input,
            list_type: args.list_type,
            description: args.name,
            auto_sync: args.no_auto.then_some(false),
            item_limit: args.limit,
            is_4k,
            requested_as: args.user,
            shrink_limit_percent: args.shrink_limit,
            withdraws: args.withdraw.then_some(true),
            ask_first: !args.yes,
        }
    }
}

/// Adds the list and tells what it was taken for.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if let Some(path) = file::of(&args) {
        return file::run(session, args, &path).await;
    }
    let is_read = !args.no_read && !session.json;
    let request = ToSyncWorker::AddList(args.into());
    let FromSyncWorker::List(list) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&list)?;
    } else {
        session.terminal.say(&text("added", &list))?;
        tell_notice(session, &list);
    }
    if is_read {
        let summary = lists_read::read(session, list.id).await?;
        session.terminal.say(&lists_read::text(&summary))?;
    } else if !session.json {
        session.terminal.tell(&format!(
            "  `listsync sync --wait {}` reads it now",
            list.id
        ));
    }
    Ok(Exit::Done)
}

/// What the owner should know of a list's site.
pub(super) fn tell_notice(session: &Session, list: &ListView) {
    if let Some(notice) = &list.notice {
        session.terminal.tell(&format!("  note: {notice}"));
    }
}

/// What was done to a list, and how it differs from the general settings.
pub(super) fn text(done: &str, list: &ListView) -> String {
    let mut extras = Vec::new();
    extras.extend(list.item_limit.map(|limit| format!("only the top {limit}")));
    extras.extend(list.is_4k.map(|is_4k| {
        if is_4k {
            "in 4K".to_owned()
        } else {
            "not in 4K".to_owned()
        }
    }));
    extras.extend(
        list.requested_as
            .map(|user| format!("as Seerr user {user}")),
    );
    extras.extend(
        list.shrink_limit_percent
            .map(|percent| format!("frozen when it shrinks by more than {percent} %")),
    );
    let withdraws = list.withdraws == Some(true);
    extras.extend(withdraws.then(|| "what leaves it is taken back".to_owned()));
    extras.extend((!list.auto_sync).then(|| "not by the schedule".to_owned()));
    let extras = if extras.is_empty() {
        String::new()
    } else {
        format!("\n  {}", extras.join(", "))
    };
    format!(
        "{done} list {}: {} ({}:{})\n  {}{extras}",
        list.id, list.description, list.list_type, list.list_id, list.list_url
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::{Failure, FailureCode};

    fn args() -> Args {
        Args {
            withdraw: false,
            input: "top".into(),
            list_type: Some("imdb".into()),
            name: None,
            limit: Some(10),
            is_4k: false,
            no_4k: true,
            user: Some(3),
            no_auto: true,
            shrink_limit: None,
            no_read: true,
            yes: false,
        }
    }

    #[actix_rt::test]
    async fn it_tells_what_was_recognised() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::AddList(add) = request else {
                panic!("{request:?}")
            };
            let list = ListView {
                item_limit: add.item_limit,
                is_4k: add.is_4k,
                requested_as: add.requested_as,
                auto_sync: add.auto_sync.unwrap_or(true),
                ..list(3, "imdb", &add.input, "IMDb Top 250")
            };
            vec![FromSyncWorker::List(Box::new(list))]
        });
        run(&world.session, args()).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        added list 3: IMDb Top 250 (imdb:top)
          https://imdb.example/top
          only the top 10, not in 4K, as Seerr user 3, not by the schedule
        ");
        assert!(world.told().contains("listsync sync --wait 3"));
    }

    #[actix_rt::test]
    async fn what_the_owner_should_know_of_the_site_is_told() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let list = ListView {
                notice: Some("Its terms forbid it.".into()),
                ..list(3, "letterboxd", "bob/watchlist", "Watchlist")
            };
            vec![FromSyncWorker::List(Box::new(list))]
        });
        run(&world.session, args()).await.unwrap();
        assert!(world.told().contains("note: Its terms forbid it."));
        assert!(!world.printed().contains("terms"));
    }

    #[test]
    fn a_list_asks_first_unless_its_owner_says_yes_beforehand() {
        let asks = |yes| AddList::from(Args { yes, ..args() }).ask_first;
        assert!(asks(false) && !asks(true));
    }

    #[actix_rt::test]
    async fn a_refusal_says_why_and_what_is_accepted() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let failure = Failure::new(FailureCode::Invalid, "`top` is no list of any site")
                .with_remedy("imdb takes ls…, ur…, top.");
            vec![failure.into()]
        });
        let error = run(&world.session, args()).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.text(),
            "listsync: `top` is no list of any site\n  imdb takes ls…, ur…, top."
        );
    }
}
