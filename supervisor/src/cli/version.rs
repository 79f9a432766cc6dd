//! `listsync version`: of this command, and of the supervisor that runs, if one does.

use serde::Serialize;

use super::{error::CommandError, exit::Exit, session::Session};

/// Version of this command.
const OURS: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize)]
struct Versions<'a> {
    version: &'a str,
    running: Option<&'a str>,
}

/// Prints both; that none runs is no error.
pub(super) async fn run(session: &Session) -> Result<Exit, CommandError> {
    let running = session.status().await.ok().map(|report| report.version); // absent is an answer
    if session.json {
        session.terminal.say_json(&Versions {
            version: OURS,
            running: running.as_deref(),
        })?;
        return Ok(Exit::Done);
    }
    session.terminal.say(&format!("listsync {OURS}"))?;
    match running {
        Some(running) if running == OURS => session
            .terminal
            .say("the supervisor that runs is of the same version")?,
        Some(running) => session.terminal.say(&format!(
            "the supervisor that runs is of version {running}; restart it to use this one"
        ))?,
        None => {}
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{session::tests::World, status::tests::report};
    use schema::wire::supervisor::{FromSupervisor, SupervisorLink};

    #[actix_rt::test]
    async fn without_a_supervisor_there_is_one_line() {
        let world = World::new();
        run(&world.session).await.unwrap();
        assert_eq!(world.printed(), format!("listsync {OURS}\n"));
    }

    #[actix_rt::test]
    async fn a_supervisor_of_another_version_is_told() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            let report = schema::wire::supervisor::StatusReport {
                version: "9".into(),
                ..report(vec![])
            };
            vec![FromSupervisor::Status(report)]
        });
        run(&world.session).await.unwrap();
        assert!(
            world.printed().contains("version 9; restart it"),
            "{}",
            world.printed()
        );
    }
}
