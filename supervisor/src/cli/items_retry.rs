//! `listsync items retry`: a person lets a title be tried again.

use schema::{
    models::LedgerStatus,
    wire::{
        Link,
        sync::{FromSyncWorker, RetryAsked, RetryTitle, SyncLink, ToSyncWorker},
    },
};

use super::{error::CommandError, exit::Exit, session::Session, tail::visible, terminal::Look};

/// Arguments of `items retry`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The title: the number of an entry, `movie:550`, `tv:1396`, `tt0111161`, or words of its name
    #[arg(value_name = "TITLE")]
    title: String,
    /// Also where a person had said no to it: as if it were put on its lists anew
    #[arg(long)]
    anyway: bool,
}

/// Lets the title be tried again.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::RetryTitle(RetryTitle {
        title: args.title,
        anyway: args.anyway,
    });
    let FromSyncWorker::RetryAsked(asked) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&asked)?;
    } else {
        session.terminal.say(&text(&asked, session.look()))?;
    }
    Ok(Exit::Done)
}

fn text(asked: &RetryAsked, look: Look) -> String {
    let was: Vec<String> = asked
        .was
        .iter()
        .map(|was| {
            let quality = if was.is_4k { " in 4K" } else { "" };
            format!("{}{quality}", was.status.as_str().replace('_', " "))
        })
        .collect();
    let next = match asked.next_sync {
        Some(at) => format!("the next run, at {},", look.time(at)),
        None => "the next run".to_owned(),
    };
    // The block list is about the title in every quality.
    let is_blocked = asked
        .was
        .iter()
        .any(|was| was.status == LedgerStatus::Blocklisted);
    let (what, when) = if is_blocked {
        (
            "counts as put on its lists anew",
            format!(
                "no run asks for it while it is on the block list: take it off there, in Seerr; then \
                 {next} asks for it, and `listsync sync` starts one now"
            ),
        )
    } else {
        (
            "is tried again",
            format!("{next} tries it; `listsync sync` starts one now"),
        )
    };
    format!(
        "{} {what} ({}:{}, {} until now)\n  {when}",
        visible(&asked.name, Look::PIPE),
        asked.media_type,
        asked.tmdb_id,
        was.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::{
        models::MediaType,
        wire::{Failure, FailureCode, sync::RetriedQuality},
    };

    fn args() -> Args {
        Args {
            title: "movie:949".into(),
            anyway: true,
        }
    }

    #[actix_rt::test]
    async fn a_title_is_tried_again_by_the_next_run() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            let title = "movie:949".to_owned();
            let expected = RetryTitle {
                title,
                anyway: true,
            };
            assert_eq!(request, ToSyncWorker::RetryTitle(expected));
            let was = |is_4k, status| RetriedQuality {
                is_4k,
                status,
                attempts: 10,
            };
            vec![FromSyncWorker::RetryAsked(RetryAsked {
                name: "Heat (1995)".into(),
                media_type: MediaType::Movie,
                tmdb_id: 949,
                was: vec![
                    was(false, LedgerStatus::FailedPermanent),
                    was(true, LedgerStatus::Declined),
                ],
                next_sync: Some(at(86_400)),
            })]
        });
        run(&world.session, args()).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        Heat (1995) is tried again (movie:949, failed permanent and declined in 4K until now)
          the next run, at 2026-03-02 12:00, tries it; `listsync sync` starts one now
        ");
    }

    #[test]
    fn what_is_on_the_block_list_is_not_said_to_be_tried() {
        let asked = RetryAsked {
            name: "Heat (1995)".into(),
            media_type: MediaType::Movie,
            tmdb_id: 949,
            was: vec![RetriedQuality {
                is_4k: false,
                status: LedgerStatus::Blocklisted,
                attempts: 1,
            }],
            next_sync: None,
        };
        insta::assert_snapshot!(text(&asked, Look::PIPE), @"
        Heat (1995) counts as put on its lists anew (movie:949, blocklisted until now)
          no run asks for it while it is on the block list: take it off there, in Seerr; then the next run asks for it, and `listsync sync` starts one now
        ");
    }

    #[actix_rt::test]
    async fn a_refusal_is_told_with_what_to_do() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let failure = Failure::new(FailureCode::Conflict, "there is nothing to try again")
                .with_remedy("`listsync items --why movie:949` tells its story.");
            vec![failure.into()]
        });
        let error = run(&world.session, args()).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.text().contains("tells its story"));
    }
}
