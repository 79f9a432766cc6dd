//! `listsync lists resolve`: what a pasted address means, without following it.

use schema::wire::{
    Link,
    scraper::ListResolved,
    sync::{FromSyncWorker, ResolveInput, SyncLink, ToSyncWorker},
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Arguments of `lists resolve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An address, an id or a name
    #[arg(value_name = "INPUT")]
    input: String,
    /// The site, where INPUT is no address: imdb, trakt, letterboxd, …
    #[arg(long = "type", value_name = "SITE")]
    list_type: Option<String>,
}

/// Tells which list it is, how large, and what is missing to read it.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::ResolveList(ResolveInput {
        input: args.input,
        list_type: args.list_type,
    });
    let FromSyncWorker::ListResolved(list) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&list)?;
    } else {
        session.terminal.say(&text(&list))?;
    }
    Ok(if list.missing.is_some() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn text(list: &ListResolved) -> String {
    let mut lines = vec![
        format!("{} ({}:{})", list.name, list.list_type, list.list_id),
        list.list_url.clone(),
    ];
    lines.extend(list.size.map(|size| match size {
        1 => "1 entry".to_owned(),
        size => format!("{size} entries"),
    }));
    lines.extend(list.problem.clone());
    if let Some(missing) = &list.missing {
        lines.push(format!(
            "cannot be read ({}): {}",
            missing.cause, missing.reason
        ));
        lines.push(missing.remedy.clone());
    }
    lines.extend(list.notice.as_ref().map(|notice| format!("note: {notice}")));
    lines.join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{models::Cause, wire::scraper::Missing};

    fn resolved() -> ListResolved {
        ListResolved {
            list_type: "trakt".into(),
            list_id: "one/watchlist".into(),
            list_url: "https://trakt.tv/users/one/watchlist".into(),
            name: "Watchlist of one".into(),
            size: Some(67),
            missing: None,
            problem: None,
            notice: None,
        }
    }

    #[test]
    fn it_tells_name_size_and_what_is_missing() {
        insta::assert_snapshot!(text(&resolved()), @r"
        Watchlist of one (trakt:one/watchlist)
          https://trakt.tv/users/one/watchlist
          67 entries
        ");
        let missing = ListResolved {
            size: None,
            missing: Some(Missing {
                cause: Cause::NeedsKey,
                reason: "Trakt needs a client id".into(),
                remedy: "Set TRAKT_CLIENT_ID.".into(),
            }),
            notice: Some("Its terms forbid it.".into()),
            ..resolved()
        };
        insta::assert_snapshot!(text(&missing), @r"
        Watchlist of one (trakt:one/watchlist)
          https://trakt.tv/users/one/watchlist
          cannot be read (needs_key): Trakt needs a client id
          Set TRAKT_CLIENT_ID.
          note: Its terms forbid it.
        ");
    }
}
