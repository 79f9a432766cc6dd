//! The names of programs that a shell offers while a command is typed: those the supervisor has, else
//! those in the settings. Says nothing when it knows none. Leaves the scripts to `completions`.

use std::time::Duration;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use runtime::{
    Environment,
    settings::{PathSettings, likely_paths, load},
    socket::client::Client,
};
use schema::wire::supervisor::{
    FromSupervisor, ProgramStatus, StatusRequest, SupervisorLink, ToSupervisor,
};

use crate::settings::Worker;

/// How long a person who pressed the tabulator is kept waiting.
const PATIENCE: Duration = Duration::from_millis(300);

/// Offers the names of programs.
pub(super) fn programs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(&[]))
}

/// Offers the names of programs, and `all`.
pub(super) fn programs_or_all() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(&[("all", "every program")]))
}

/// Offers the names of programs, `all`, and the supervisor itself.
pub(super) fn programs_and_supervisor() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        candidates(&[
            ("all", "every program"),
            ("supervisor", "the supervisor itself"),
        ])
    })
}

fn candidates(more: &[(&'static str, &'static str)]) -> Vec<CompletionCandidate> {
    let more = more
        .iter()
        .map(|(name, help)| CompletionCandidate::new(*name).help(Some((*help).into())));
    // Whatever is wrong with the surroundings, a command that is being typed is no place to say so.
    let Ok(environment) = Environment::from_process() else {
        return more.collect();
    };
    let known = known(&environment).into_iter();
    known
        .map(|(name, state)| CompletionCandidate::new(name).help(state.map(Into::into)))
        .chain(more)
        .collect()
}

/// The names, with the states where the supervisor tells them.
fn known(environment: &Environment) -> Vec<(String, Option<&'static str>)> {
    let ours = Worker::ALL.map(|worker| worker.name().to_owned());
    let mut names = ours.to_vec();
    if let Some(programs) = likely_paths(environment, None).and_then(|paths| running(&paths)) {
        let told = |program: ProgramStatus| (program.name, Some(program.state.as_str()));
        return programs.into_iter().map(told).collect();
    }
    if let Ok(loaded) = load(environment, None, &[]) {
        let theirs = loaded.settings.program.into_keys();
        names.extend(theirs.filter(|name| !ours.contains(name)));
    }
    names.into_iter().map(|name| (name, None)).collect()
}

/// What the supervisor has; none where it does not answer in time.
fn running(paths: &PathSettings) -> Option<Vec<ProgramStatus>> {
    let client = Client::<SupervisorLink>::new(paths);
    let asked = async {
        let asked = client.call(ToSupervisor::Status(StatusRequest::default()));
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(FromSupervisor::Status(report))) => Some(report.programs),
            _ => None,
        }
    };
    actix::System::new().block_on(asked)
}
