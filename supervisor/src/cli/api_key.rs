//! `listsync api-key`: keys for machines that use the API.

use clap::Subcommand;
use schema::wire::{
    Link,
    supervisor::{CreateApiKey, FromSupervisor, SupervisorLink, ToSupervisor},
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Arguments of `api-key`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and print it, this once
    Create {
        /// What it is for, such as `homepage`
        name: String,
    },
}

/// Prints the key alone to standard output, so that a script can take it, and the notes beside it.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let Command::Create { name } = args.command;
    let request = ToSupervisor::CreateApiKey(CreateApiKey { name });
    let FromSupervisor::ApiKeyCreated(created) = session.ask_supervisor(request).await? else {
        return Err(CommandError::unexpected(SupervisorLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&created)?;
        return Ok(Exit::Done);
    }
    session.terminal.say(&created.key)?;
    session.terminal.tell(&format!(
        "This is the key `{}`. It is not shown again: only its digest is stored.\n\
         Send it as the header `X-Api-Key`, or as `Authorization: Bearer`. The first key, made at the first start, \
         lies in {}.",
        created.name,
        session.paths()?.api_key_file().display()
    ));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::supervisor::ApiKeyCreated;

    #[actix_rt::test]
    async fn the_key_alone_goes_to_standard_output() {
        let world = World::new();
        world.serve::<SupervisorLink>(|request| {
            assert_eq!(
                request,
                ToSupervisor::CreateApiKey(CreateApiKey {
                    name: "home".into()
                })
            );
            vec![FromSupervisor::ApiKeyCreated(ApiKeyCreated {
                name: "home".into(),
                key: "ls_1".into(),
            })]
        });
        let args = Args {
            command: Command::Create {
                name: "home".into(),
            },
        };
        run(&world.session, args).await.unwrap();
        assert_eq!(world.printed(), "ls_1\n");
        assert!(world.told().contains("not shown again"), "{}", world.told());
        assert!(world.told().contains("/data/api-key"), "{}", world.told());
    }
}
