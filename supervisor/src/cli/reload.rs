//! `listsync reload`: has the settings file read again, and prints what differs and what was done.

use std::collections::BTreeSet;

use schema::wire::{
    Link,
    supervisor::{
        DifferenceKind, FromSupervisor, ProgramDifference, ProgramOutcome, ProgramResult, Reload,
        Reloaded, SupervisorLink, ToSupervisor,
    },
};

use super::{
    control, error::CommandError, exit::Exit, session::Session, tail::visible, terminal::Look,
    waiting,
};

/// Arguments of `reload`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Asks and prints the difference.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = ToSupervisor::Reload(Reload {
        dry_run: args.dry_run,
    });
    let FromSupervisor::Reloaded(reloaded) = waiting::ask(session, request, &[]).await? else {
        return Err(CommandError::unexpected(SupervisorLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&reloaded)?;
    } else {
        for line in lines(&reloaded) {
            session.terminal.say(&line)?;
        }
        control::say_where_to_look(session, &reloaded.results);
    }
    let exits = reloaded.results.iter().map(control::exit);
    Ok(exits.fold(Exit::Done, Exit::or_worse))
}

fn lines(reloaded: &Reloaded) -> Vec<String> {
    let result_of = |name: &str| reloaded.results.iter().find(|result| result.name == name);
    let differences = &reloaded.differences;
    let mut lines: Vec<String> = differences
        .iter()
        .map(|difference| {
            let done = match result_of(&difference.name) {
                _ if reloaded.dry_run => would(difference).to_owned(),
                result => done(difference, result),
            };
            format!("{}: {}, {done}", difference.name, what(difference))
        })
        .collect();
    let told: BTreeSet<&str> = differences.iter().map(|it| it.name.as_str()).collect();
    let others = reloaded.results.iter();
    let others = others.filter(|result| !told.contains(result.name.as_str()));
    lines.extend(others.map(control::line));
    if !reloaded.needs_restart.is_empty() {
        lines.push(format!(
            "supervisor: changed ({}), takes effect when the supervisor itself is started again",
            reloaded.needs_restart.join(", ")
        ));
    }
    if lines.is_empty() {
        lines.push("No changes".into());
    }
    lines
}

fn what(difference: &ProgramDifference) -> String {
    match difference.kind {
        DifferenceKind::Added => "added".into(),
        DifferenceKind::Removed => "removed".into(),
        DifferenceKind::Changed => format!("changed ({})", difference.keys.join(", ")),
    }
}

fn would(difference: &ProgramDifference) -> &'static str {
    match (difference.kind, difference.restarts) {
        (DifferenceKind::Added, true) => "would be started",
        (DifferenceKind::Added, false) => "would not be started",
        (DifferenceKind::Changed, true) => "would be restarted",
        (DifferenceKind::Changed, false) => "would take effect without a restart",
        (DifferenceKind::Removed, _) => "would be stopped",
    }
}

fn done(difference: &ProgramDifference, result: Option<&ProgramResult>) -> String {
    let kind = difference.kind;
    let Some(result) = result else {
        return match (kind, difference.restarts) {
            (DifferenceKind::Added, _) => "not started",
            (DifferenceKind::Changed, true) => "takes effect at its next start",
            (DifferenceKind::Changed, false) => "in effect",
            (DifferenceKind::Removed, _) => "did not run",
        }
        .into();
    };
    match result.outcome {
        ProgramOutcome::Started if kind == DifferenceKind::Changed => "restarted".into(),
        ProgramOutcome::Started => "started".into(),
        ProgramOutcome::Stopped => "stopped".into(),
        ProgramOutcome::Signalled => "signalled".into(),
        ProgramOutcome::AlreadyStarted => "runs already".into(),
        ProgramOutcome::NotRunning => "did not run".into(),
        ProgramOutcome::Failed => {
            let reason = result.reason.as_deref().unwrap_or("abnormal termination");
            format!("ERROR ({})", visible(reason, Look::PIPE))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::{Failure, FailureCode};

    fn difference(
        name: &str,
        kind: DifferenceKind,
        keys: &[&str],
        restarts: bool,
    ) -> ProgramDifference {
        ProgramDifference {
            name: name.into(),
            kind,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            restarts,
        }
    }

    fn result(name: &str, outcome: ProgramOutcome, reason: Option<&str>) -> ProgramResult {
        ProgramResult {
            name: name.into(),
            outcome,
            reason: reason.map(str::to_owned),
        }
    }

    fn reloaded(dry_run: bool) -> Reloaded {
        let results = vec![
            result("api", ProgramOutcome::Started, None),
            result("broken", ProgramOutcome::Failed, Some("exit code 1")),
            result("old", ProgramOutcome::Stopped, None),
            result("vpn", ProgramOutcome::Started, None),
            result("waits-for-vpn", ProgramOutcome::Started, None),
        ];
        Reloaded {
            dry_run,
            differences: vec![
                difference(
                    "api",
                    DifferenceKind::Changed,
                    &["args", "stop_timeout_s"],
                    true,
                ),
                difference("broken", DifferenceKind::Added, &[], true),
                difference("idle", DifferenceKind::Changed, &["args"], true),
                difference("old", DifferenceKind::Removed, &[], false),
                difference("quiet", DifferenceKind::Changed, &["log_backups"], false),
                difference("vpn", DifferenceKind::Added, &[], true),
            ],
            needs_restart: vec!["paths.run_dir".into(), "api.port".into()],
            results: if dry_run { Vec::new() } else { results },
        }
    }

    async fn told(reloaded: Reloaded) -> (Exit, String) {
        let world = World::new();
        let dry_run = reloaded.dry_run;
        world.serve::<SupervisorLink>(move |request| {
            assert_eq!(request, ToSupervisor::Reload(Reload { dry_run }));
            vec![FromSupervisor::Reloaded(reloaded.clone())]
        });
        let exit = run(&world.session, Args { dry_run }).await.unwrap();
        (exit, world.printed())
    }

    #[actix_rt::test]
    async fn the_difference_is_told_with_what_was_done() {
        let (exit, printed) = told(reloaded(false)).await;
        assert_eq!(exit, Exit::NotRunning);
        insta::assert_snapshot!(printed, @"
        api: changed (args, stop_timeout_s), restarted
        broken: added, ERROR (exit code 1)
        idle: changed (args), takes effect at its next start
        old: removed, stopped
        quiet: changed (log_backups), in effect
        vpn: added, started
        waits-for-vpn: started
        supervisor: changed (paths.run_dir, api.port), takes effect when the supervisor itself is started again
        ");
    }

    #[actix_rt::test]
    async fn a_dry_run_tells_what_would_be_done() {
        let (exit, printed) = told(reloaded(true)).await;
        assert_eq!(exit, Exit::Done);
        insta::assert_snapshot!(printed, @"
        api: changed (args, stop_timeout_s), would be restarted
        broken: added, would be started
        idle: changed (args), would be restarted
        old: removed, would be stopped
        quiet: changed (log_backups), would take effect without a restart
        vpn: added, would be started
        supervisor: changed (paths.run_dir, api.port), takes effect when the supervisor itself is started again
        ");
    }

    #[actix_rt::test]
    async fn no_difference_is_said_too() {
        let nothing = Reloaded {
            dry_run: false,
            differences: vec![],
            needs_restart: vec![],
            results: vec![],
        };
        assert_eq!(told(nothing).await, (Exit::Done, "No changes\n".into()));
    }

    #[actix_rt::test]
    async fn a_file_that_is_wrong_is_1_with_place_and_remedy() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            let failure = Failure::new(
                FailureCode::Invalid,
                "/etc/listsync/listsync.toml:12: unknown key `comand`",
            );
            vec![failure.with_remedy("Did you mean `command`?").into()]
        });
        let error = run(&world.session, Args { dry_run: false })
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.text(),
            "listsync: /etc/listsync/listsync.toml:12: unknown key `comand`\n  Did you mean `command`?"
        );
    }
}
