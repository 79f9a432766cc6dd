//! `listsync lists edit`, `enable` and `disable`: changes how a list is followed.

use schema::{
    models::ListId,
    wire::{
        Link,
        sync::{ChangeList, FromSyncWorker, SyncLink, ToSyncWorker},
    },
};

use super::{error::CommandError, exit::Exit, list_names, lists, lists_add, session::Session};

/// Arguments of `lists edit`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A number, `type:id`, an address or a name
    #[arg(value_name = "LIST")]
    list: String,
    /// What to call it; `-` for its own name
    #[arg(long)]
    name: Option<String>,
    /// Only that many entries from the top; 0 for all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    limit: Option<i32>,
    /// Ask for 4K: `yes`, `no`, or `default` for the general setting
    #[arg(long = "4k", value_name = "WHETHER", value_parser = ["yes", "no", "default"])]
    is_4k: Option<String>,
    /// The Seerr user in whose name is asked, by number; 0 for the general setting
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    user: Option<i32>,
    /// Hundredths by which it may shrink between two readings before it is frozen, or `default`
    #[arg(long, value_name = "PERCENT", value_parser = percent_or_default)]
    shrink_limit: Option<Percent>,
    /// Take back what was asked for an entry that leaves it, while nothing has come of it
    #[arg(long, value_name = "WHETHER", value_parser = ["yes", "no"])]
    withdraw: Option<String>,
}

/// Hundredths, or the general setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Percent(Option<i32>);

fn percent_or_default(text: &str) -> Result<Percent, String> {
    if text == "default" {
        return Ok(Percent(None));
    }
    match text.trim_end_matches('%').parse() {
        Ok(percent @ 0..=100) => Ok(Percent(Some(percent))),
        _ => Err("give a number from 0 to 100, or `default`".to_owned()),
    }
}

/// Arguments of `lists enable` and `lists disable`.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Numbers, `type:id`, addresses or names
    #[arg(value_name = "LIST", required = true)]
    lists: Vec<String>,
}

impl Args {
    fn change(self, list: ListId) -> ChangeList {
        let above_zero = |number: i32| (number > 0).then_some(number);
        ChangeList {
            description: self.name.map(|name| Some(name).filter(|name| name != "-")),
            item_limit: self.limit.map(above_zero),
            is_4k: self.is_4k.map(|word| match word.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            }),
            requested_as: self.user.map(above_zero),
            shrink_limit_percent: self.shrink_limit.map(|Percent(percent)| percent),
            withdraws: self.withdraw.map(|word| Some(word == "yes")),
            ..ChangeList::of(list)
        }
    }

    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.limit.is_none()
            && self.is_4k.is_none()
            && self.user.is_none()
            && self.shrink_limit.is_none()
            && self.withdraw.is_none()
    }
}

/// Changes one list.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if args.is_empty() {
        return Err(CommandError::told(
            "there is nothing to change",
            "Give one of --name, --limit, --4k, --user, --shrink-limit, --withdraw.",
        ));
    }
    let all = lists::fetch(session, false).await?;
    let id = list_names::resolve(&all, &args.list)?.id;
    send(session, args.change(id)).await
}

/// Lets the schedule read lists, or leave them out.
pub(super) async fn set_auto(
    session: &Session,
    which: Which,
    auto_sync: bool,
) -> Result<Exit, CommandError> {
    let all = lists::fetch(session, false).await?;
    for list in list_names::resolve_all(&all, &which.lists)? {
        let change = ChangeList {
            auto_sync: Some(auto_sync),
            ..ChangeList::of(list)
        };
        send(session, change).await?;
    }
    Ok(Exit::Done)
}

async fn send(session: &Session, change: ChangeList) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::ChangeList(change);
    let FromSyncWorker::List(list) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&list)?;
    } else {
        session.terminal.say(&lists_add::text("changed", &list))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World};
    use schema::wire::sync::{ListView, Lists};

    fn args() -> Args {
        Args {
            list: "3".into(),
            name: None,
            limit: None,
            is_4k: None,
            user: None,
            shrink_limit: None,
            withdraw: None,
        }
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_zero_goes_back() {
        let change = Args {
            name: Some("-".into()),
            limit: Some(0),
            is_4k: Some("no".into()),
            shrink_limit: Some(percent_or_default("20%").unwrap()),
            withdraw: Some("yes".into()),
            ..args()
        }
        .change(ListId(3));
        assert_eq!(
            change,
            ChangeList {
                description: Some(None),
                item_limit: Some(None),
                is_4k: Some(Some(false)),
                shrink_limit_percent: Some(Some(20)),
                withdraws: Some(Some(true)),
                ..ChangeList::of(ListId(3))
            }
        );
        assert_eq!(percent_or_default("default"), Ok(Percent(None)));
        assert!(percent_or_default("101").is_err() && percent_or_default("few").is_err());
    }

    #[actix_rt::test]
    async fn lists_are_left_to_the_schedule_or_not() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => vec![FromSyncWorker::Lists(Lists {
                lists: vec![list(3, "imdb", "top", "Top")],
            })],
            ToSyncWorker::ChangeList(change) => {
                vec![FromSyncWorker::List(Box::new(ListView {
                    auto_sync: change.auto_sync.unwrap(),
                    ..list(3, "imdb", "top", "Top")
                }))]
            }
            other => panic!("{other:?}"),
        });
        let which = Which {
            lists: vec!["imdb:top".into()],
        };
        set_auto(&world.session, which, false).await.unwrap();
        insta::assert_snapshot!(world.printed(), @r"
        changed list 3: Top (imdb:top)
          https://imdb.example/top
          not by the schedule
        ");
        let nothing = run(&world.session, args()).await.unwrap_err();
        assert!(nothing.text().contains("--shrink-limit"));
    }
}
