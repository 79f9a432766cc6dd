//! `listsync lists accept`: takes frozen lists as they are now.

use schema::{
    models::FetchKind,
    wire::{
        Link,
        sync::{AcceptList, FromSyncWorker, SyncLink, ToSyncWorker},
    },
};

use super::{error::CommandError, exit::Exit, list_names, lists, lists_read, session::Session};

/// Arguments of `lists accept`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Numbers, `type:id`, addresses or names
    #[arg(value_name = "LIST", required = true)]
    lists: Vec<String>,
}

/// Accepts all that were named and reads them again, or none when one of them cannot be found.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let all = lists::fetch(session, false).await?;
    let mut exit = Exit::Done;
    for id in list_names::resolve_all(&all, &args.lists)? {
        let is_frozen = all
            .iter()
            .any(|list| list.id == id && list.status == FetchKind::Frozen);
        if !is_frozen {
            session.terminal.tell(&format!(
                "  list {id} is not frozen; its next reading is taken however much it shrinks"
            ));
        }
        let request = ToSyncWorker::AcceptList(AcceptList { list: id });
        let FromSyncWorker::List(list) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        if !is_frozen {
            if session.json {
                session.terminal.say_json(&list)?;
            }
            continue;
        }
        let summary = lists_read::read(session, id).await?;
        if lists_read::has_failed(&summary) {
            exit = Exit::Failed;
        }
        if session.json {
            session.terminal.say_json(&summary)?;
        } else {
            session.terminal.say(&format!(
                "accepted list {id}: {}\n{}",
                list.description,
                lists_read::text(&summary)
            ))?;
        }
    }
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::sync::{ListView, Lists};

    #[actix_rt::test]
    async fn a_frozen_list_is_accepted_and_read_again() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => {
                let frozen = ListView {
                    status: FetchKind::Frozen,
                    ..list(3, "imdb", "ls1", "Mine")
                };
                vec![FromSyncWorker::Lists(Lists {
                    lists: vec![frozen],
                })]
            }
            ToSyncWorker::AcceptList(accept) => {
                vec![FromSyncWorker::List(Box::new(list(
                    accept.list.0,
                    "imdb",
                    "ls1",
                    "Mine",
                )))]
            }
            ToSyncWorker::ReadList(read) => {
                vec![FromSyncWorker::ListRead(Box::new(
                    lists_read::tests::summary(read.list.0),
                ))]
            }
            other => panic!("{other:?}"),
        });
        let lists = vec!["3".to_owned()];
        run(&world.session, Args { lists }).await.unwrap();
        assert!(
            world
                .printed()
                .starts_with("accepted list 3: Mine\n  read completely")
        );
    }
}
