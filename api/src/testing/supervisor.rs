//! A double of the supervisor: one program, answers as a test wants them, and what it was asked.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use runtime::socket::Answers;
use schema::wire::supervisor::{
    Done, FromSupervisor, LogLine, ProgramChange, ProgramOutcome, ProgramResult, ProgramState,
    ProgramStatus, StatusReport, SupervisorLink, TailEnded, ToSupervisor,
};
use tokio::sync::broadcast;

use super::now;

/// See the head of this file. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Supervisor {
    asked: Arc<Mutex<Vec<ToSupervisor>>>,
    next: Arc<Mutex<VecDeque<Vec<FromSupervisor>>>>,
    changes: broadcast::Sender<ProgramChange>,
}

impl Default for Supervisor {
    fn default() -> Self {
        Self {
            asked: Arc::default(),
            next: Arc::default(),
            changes: broadcast::channel(1000).0,
        }
    }
}

/// Numbers of changes only ever rise, whichever double counts.
static LAST: AtomicU64 = AtomicU64::new(0);

impl Supervisor {
    /// What it answers next instead of its default; with nothing it does not answer at all.
    pub(crate) fn answers(&self, answers: Vec<FromSupervisor>) {
        self.next.lock().unwrap().push_back(answers);
    }

    /// What it was asked beside its status and to tell changes.
    pub(crate) fn asked(&self) -> Vec<ToSupervisor> {
        self.asked.lock().unwrap().clone()
    }

    /// How many listen to changes.
    pub(crate) fn watched_by(&self) -> usize {
        self.changes.receiver_count()
    }

    /// The program is in another state.
    pub(crate) fn changes(&self, from: ProgramState, to: ProgramState) {
        let mut program = processes().programs.remove(0);
        program.state = to;
        let change = ProgramChange {
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
            at: now(),
            from,
            reason: None,
            program,
        };
        self.changes.send(change).unwrap();
    }

    pub(super) async fn answer(self, request: ToSupervisor, answers: Answers<SupervisorLink>) {
        match request {
            ToSupervisor::Status(_) => {
                answers.last(FromSupervisor::Status(processes())).await;
            }
            ToSupervisor::Watch(_) => {
                let mut changes = self.changes.subscribe();
                let tell = async {
                    while let Ok(change) = changes.recv().await {
                        if answers.more(FromSupervisor::Changed(change)).await.is_err() {
                            break;
                        }
                    }
                };
                answers.cancelled().run_until_cancelled(tell).await;
            }
            request => {
                let default = default(&request);
                self.asked.lock().unwrap().push(request);
                let next = self.next.lock().unwrap().pop_front();
                let mut all = next.unwrap_or(default);
                let Some(last) = all.pop() else {
                    return answers.cancelled().cancelled().await;
                };
                for answer in all {
                    answers.more(answer).await.unwrap();
                }
                answers.last(last).await;
            }
        }
    }
}

fn default(request: &ToSupervisor) -> Vec<FromSupervisor> {
    let done = |names: &[String], outcome| {
        let results = names.iter().map(|name| ProgramResult {
            name: name.clone(),
            outcome,
            reason: None,
        });
        vec![FromSupervisor::Done(Done {
            results: results.collect(),
        })]
    };
    match request {
        ToSupervisor::Start(programs) => done(&programs.names, ProgramOutcome::Started),
        ToSupervisor::Stop(programs) => done(&programs.names, ProgramOutcome::Stopped),
        ToSupervisor::Restart(restart) => done(&restart.names, ProgramOutcome::Started),
        ToSupervisor::Tail(_) => vec![line("one", 0), line("two", 3), end()],
        other => panic!("nobody should ask for {other:?}"),
    }
}

/// A line of the program's log.
pub(crate) fn line(text: &str, skipped: u64) -> FromSupervisor {
    FromSupervisor::Line(LogLine {
        name: "sync-worker".into(),
        text: text.into(),
        skipped,
    })
}

/// The end of a log.
pub(crate) fn end() -> FromSupervisor {
    FromSupervisor::TailEnded(TailEnded::default())
}

/// How its programs are.
pub(crate) fn processes() -> StatusReport {
    StatusReport {
        version: "0.1.0".into(),
        pid: 40,
        started_at: now(),
        is_stopping: false,
        stdout_dropped_lines: 0,
        programs: vec![ProgramStatus {
            name: "sync-worker".into(),
            state: ProgramState::Running,
            essential: true,
            pid: Some(41),
            since: now() - chrono::TimeDelta::hours(1),
            started_at: Some(now() - chrono::TimeDelta::hours(1)),
            ready_after_ms: Some(30),
            restarts: 2,
            last_exit: None,
            next_try_at: None,
            status_text: Some("waits for the next run".into()),
            failures: 0,
            memory_bytes: None,
            cpu_ms: None,
            processes: 1,
            log_lost_bytes: 0,
            log_suppressed_lines: 0,
        }],
    }
}
