//! `listsync lists remove`: follows lists no longer.

use schema::wire::{
    Link,
    sync::{FromSyncWorker, RemoveList, SyncLink, ToSyncWorker},
};

use super::{error::CommandError, exit::Exit, list_names, lists, session::Session};

/// Arguments of `lists remove`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Numbers, `type:id`, addresses or names
    #[arg(value_name = "LIST", required = true)]
    lists: Vec<String>,
}

/// Removes all that were named, or none when one of them cannot be found.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let all = lists::fetch(session, false).await?;
    for list in list_names::resolve_all(&all, &args.lists)? {
        match session
            .ask_sync_worker(ToSyncWorker::RemoveList(RemoveList { list }))
            .await?
        {
            FromSyncWorker::List(list) if session.json => session.terminal.say_json(&list)?,
            FromSyncWorker::List(list) => session.terminal.say(&format!(
                "removed list {}: {} ({}:{}); what it asked for stays requested",
                list.id, list.description, list.list_type, list.list_id
            ))?,
            _ => return Err(CommandError::unexpected(SyncLink::PEER)),
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::sync::Lists;

    #[actix_rt::test]
    async fn lists_are_removed_by_what_they_are_called_or_not_at_all() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => {
                let lists = vec![
                    list(1, "imdb", "top", "Top"),
                    list(2, "imdb", "ls1", "Mine"),
                ];
                vec![FromSyncWorker::Lists(Lists { lists })]
            }
            ToSyncWorker::RemoveList(remove) => {
                vec![FromSyncWorker::List(Box::new(list(
                    remove.list.0,
                    "imdb",
                    "x",
                    "gone",
                )))]
            }
            other => panic!("{other:?}"),
        });
        let args = |lists: &[&str]| Args {
            lists: lists.iter().map(|name| (*name).to_owned()).collect(),
        };
        let error = run(&world.session, args(&["1", "nosuch"]))
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(world.printed(), "");
        run(&world.session, args(&["1", "mine"])).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        removed list 1: gone (imdb:x); what it asked for stays requested
        removed list 2: gone (imdb:x); what it asked for stays requested
        ");
    }
}
