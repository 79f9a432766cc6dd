//! What a person sees while a command waits long for programs: on which one. Nothing where nobody sees
//! it. Leaves the answer to the commands.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use schema::wire::supervisor::{
    FromSupervisor, ProgramState, ProgramStatus, ToSupervisor, WatchPrograms,
};

use super::{
    changes::Changes, error::CommandError, session::Session, tail::visible, terminal::Look,
};

/// What answers sooner needs no explanation.
const SOON: Duration = Duration::from_millis(500);
/// How often the sign of life moves.
const BEAT: Duration = Duration::from_millis(120);

/// Asks the supervisor one thing; a person who waits sees for which of the programs that `names` names,
/// all where it names none.
///
/// # Errors
/// [`CommandError`].
pub(super) async fn ask(
    session: &Session,
    request: ToSupervisor,
    names: &[String],
) -> Result<FromSupervisor, CommandError> {
    meanwhile(session, names, session.ask_supervisor(request)).await
}

/// Does `work`; a person who waits sees for which programs, as in [`ask`].
pub(super) async fn meanwhile<T>(
    session: &Session,
    names: &[String],
    work: impl Future<Output = T>,
) -> T {
    if session.json || !session.terminal.shows_progress() {
        return work.await;
    }
    let bar = ProgressBar::hidden();
    let done = tokio::select! {
        done = work => done,
        never = show(session, names, &bar) => match never {},
    };
    bar.finish_and_clear();
    done
}

/// Shows what is between two states, for as long as it is polled.
async fn show(session: &Session, names: &[String], bar: &ProgressBar) -> Infallible {
    tokio::time::sleep(SOON).await;
    bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    // The template is fixed; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    // Whatever went wrong: whoever waits for the answer hears of it.
    if listen(session, names, bar).await.is_err() {
        bar.set_message("");
    }
    std::future::pending().await
}

async fn listen(
    session: &Session,
    names: &[String],
    bar: &ProgressBar,
) -> Result<(), CommandError> {
    let is_all = names.is_empty() || names.iter().any(|name| name == "all");
    let (mut changes, report) = Changes::open(session, WatchPrograms::default()).await?;
    bar.enable_steady_tick(BEAT);
    let mut states: BTreeMap<String, ProgramState> = BTreeMap::new();
    let mut take = |program: ProgramStatus| {
        if is_all || names.contains(&program.name) {
            states.insert(program.name, program.state);
        }
        bar.set_message(waits_for(&states));
    };
    report.programs.into_iter().for_each(&mut take);
    while let Some(change) = changes.next().await? {
        take(change.program);
    }
    Ok(())
}

/// `waiting for api (STARTING), sync-worker (STOPPING)`.
fn waits_for(states: &BTreeMap<String, ProgramState>) -> String {
    let is_between = |state: ProgramState| {
        matches!(
            state,
            ProgramState::Starting | ProgramState::Stopping | ProgramState::Backoff
        )
    };
    let programs: Vec<String> = states
        .iter()
        .filter(|(_, state)| is_between(**state))
        .map(|(name, state)| format!("{name} ({})", state.as_str()))
        .collect();
    if programs.is_empty() {
        return "waiting".into();
    }
    visible(&format!("waiting for {}", programs.join(", ")), Look::PIPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::{World, at},
        status::tests::{program, report},
    };
    use schema::wire::supervisor::{ProgramChange, SupervisorLink};

    #[actix_rt::test]
    async fn it_follows_the_programs_and_bears_that_the_supervisor_ends() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            let programs = vec![
                program("api", ProgramState::Stopping),
                program("vpn", ProgramState::Starting),
                program("other", ProgramState::Starting),
            ];
            let change = ProgramChange {
                id: 1,
                at: at(0),
                from: ProgramState::Starting,
                reason: None,
                program: program("other", ProgramState::Running),
            };
            vec![
                FromSupervisor::Status(report(programs)),
                FromSupervisor::Changed(change),
            ]
        });
        for (names, told) in [
            (&[][..], "waiting for api (STOPPING), vpn (STARTING)"),
            (
                &["all".to_owned()],
                "waiting for api (STOPPING), vpn (STARTING)",
            ),
            (&["vpn".to_owned()], "waiting for vpn (STARTING)"),
            (&["other".to_owned()], "waiting"),
        ] {
            let bar = ProgressBar::hidden();
            listen(&world.session, names, &bar).await.unwrap();
            assert_eq!(bar.message(), told);
        }
    }

    #[test]
    fn only_what_is_between_two_states_is_waited_for() {
        let states = [
            ("api", ProgramState::Starting),
            ("bad", ProgramState::Fatal),
            ("sync-worker", ProgramState::Running),
            ("vpn", ProgramState::Stopping),
        ];
        let states = states.map(|(name, state)| (name.to_owned(), state));
        assert_eq!(
            waits_for(&states.into()),
            "waiting for api (STARTING), vpn (STOPPING)"
        );
        assert_eq!(waits_for(&BTreeMap::new()), "waiting");
    }
}
