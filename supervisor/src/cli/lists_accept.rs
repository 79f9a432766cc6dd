//! `listsync lists accept`: says yes to what new lists would ask for, and takes frozen lists as they are
//! now.

use schema::{
    models::{FetchKind, ListId},
    wire::{
        Link,
        sync::{AcceptList, FromSyncWorker, ListView, SyncLink, ToSyncWorker},
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

/// Accepts all that were named, or none when one of them cannot be found; frozen ones are read again.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let all = lists::fetch(session, false).await?;
    let mut exit = Exit::Done;
    for id in list_names::resolve_all(&all, &args.lists)? {
        let before = all.iter().find(|list| list.id == id);
        let is_new = before.is_some_and(|list| list.ask_first);
        let is_frozen = before.is_some_and(|list| list.status == FetchKind::Frozen);
        let request = ToSyncWorker::AcceptList(AcceptList { list: id });
        let FromSyncWorker::List(list) = session.ask_sync_worker(request).await? else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        if session.json && !is_frozen {
            session.terminal.say_json(&list)?;
        } else if !session.json {
            session.terminal.say(&text(&list))?;
        }
        if is_frozen && !read_again(session, id).await? {
            exit = Exit::Failed;
        }
        if is_new && !session.json {
            session.terminal.tell(&format!(
                "  `listsync sync --wait {id}` starts a run of it now"
            ));
        }
    }
    Ok(exit)
}

/// What was accepted, and what that comes to.
fn text(list: &ListView) -> String {
    let what = list.notice.as_ref();
    let what = what.map_or_else(String::new, |notice| format!("\n  {notice}"));
    format!("accepted list {}: {}{what}", list.id, list.description)
}

/// Reads a list that was frozen; gives whether it is taken now.
async fn read_again(session: &Session, id: ListId) -> Result<bool, CommandError> {
    let summary = lists_read::read(session, id).await?;
    if session.json {
        session.terminal.say_json(&summary)?;
    } else {
        session.terminal.say(&lists_read::text(&summary))?;
    }
    Ok(!lists_read::has_failed(&summary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::sync::Lists;

    fn mine(id: i32) -> ListView {
        list(id, "imdb", "ls1", "Mine")
    }

    /// A sync-worker with this list.
    fn serve(world: &World, before: ListView, notice: &'static str) {
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::Lists(_) => vec![FromSyncWorker::Lists(Lists {
                lists: vec![before.clone()],
            })],
            ToSyncWorker::AcceptList(accept) => {
                let accepted = ListView {
                    notice: Some(notice.into()),
                    ..mine(accept.list.0)
                };
                vec![FromSyncWorker::List(Box::new(accepted))]
            }
            ToSyncWorker::ReadList(read) => {
                vec![FromSyncWorker::ListRead(Box::new(
                    lists_read::tests::summary(read.list.0),
                ))]
            }
            other => panic!("{other:?}"),
        });
    }

    async fn accept(world: &World) {
        let lists = vec!["3".to_owned()];
        run(&world.session, Args { lists }).await.unwrap();
    }

    #[actix_rt::test]
    async fn a_frozen_list_is_accepted_and_read_again() {
        let world = World::new();
        let frozen = ListView {
            status: FetchKind::Frozen,
            ..mine(3)
        };
        serve(&world, frozen, "It is taken as it is.");
        accept(&world).await;
        let printed = world.printed();
        assert!(
            printed
                .starts_with("accepted list 3: Mine\n  It is taken as it is.\n  read completely"),
            "{printed}"
        );
        assert_eq!(world.told(), "");
    }

    #[actix_rt::test]
    async fn a_new_list_is_accepted_without_being_read_and_says_how_to_go_on() {
        let world = World::new();
        let new = ListView {
            ask_first: true,
            waiting_titles: Some(312),
            ..mine(3)
        };
        serve(&world, new, "The next run asks for the 312 titles.");
        accept(&world).await;
        assert_eq!(
            world.printed(),
            "accepted list 3: Mine\n  The next run asks for the 312 titles.\n"
        );
        assert!(world.told().contains("listsync sync --wait 3"));
    }
}
