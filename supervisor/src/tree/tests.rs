//! Real processes that leave their program in every way there is.

use super::sweep::Swept;
use nix::sys::prctl;

use super::*;
use crate::{
    process::{
        Handle, Signal, Spawned, signal_group,
        tests::{next_line, start, start_with},
    },
    reaper::Children,
};

/// A program that carries a mark.
struct Program {
    mark: Mark,
    spawned: Spawned,
}

impl Program {
    fn start(name: &str, script: &str) -> Self {
        prctl::set_child_subreaper(true).unwrap();
        let mark = Mark::new(name, 1);
        let (variable, value) = mark.variable();
        let spawned = start_with(script, &[(variable, &value)]);
        Self { mark, spawned }
    }

    fn leader(&self) -> i32 {
        self.spawned.pid
    }

    /// The process whose number it writes next, once that is a `sleep` in a session of its own.
    async fn stray(&mut self) -> Process {
        let pid = next_line(&mut self.spawned).await.parse().unwrap();
        loop {
            let stat = Stat::of(pid).unwrap();
            if stat.name == "sleep" && stat.is_of(pid) {
                let started = stat.started;
                return Process { pid, started };
            }
            tokio::task::yield_now().await;
        }
    }

    /// Ends the leader and its group.
    async fn end(&mut self) {
        let leader = self.spawned.pid;
        let is_of = |process: &Process| process.look().is_some_and(|stat| stat.is_of(leader));
        signal_group(leader, Signal::KILL).unwrap();
        self.spawned.child.wait().await.unwrap();
        while members(Some(leader), &self.mark).iter().any(is_of) {
            tokio::task::yield_now().await;
        }
    }

    fn sweep(&self, remembered: &Remembered) -> Swept {
        sweep(Some(self.leader()), &self.mark, remembered)
    }
}

const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

async fn is_gone(process: Process) -> bool {
    if let Some(handle) = Handle::open(process.pid).unwrap()
        && process.look().is_some()
    {
        tokio::time::timeout(LIMIT, handle.ended()).await.is_ok()
    } else {
        true
    }
}

/// Forks twice and begins a session of its own: nothing but its environment ties it to the program.
const MARKED: &str = "(setsid sleep 1000 & echo $!); sleep 1000";
/// The same without that; it descends from the program for as long as the program's group lives.
const WIPED: &str = "(env -i setsid sleep 1000 & echo $!; wait) & wait";
/// The same, left to us at once.
const LOST: &str = "(env -i setsid sleep 1000 & echo $!); sleep 1000";

#[actix_rt::test]
async fn what_left_the_session_of_its_program_is_ended() {
    let mut program = Program::start("api", MARKED);
    let stray = program.stray().await;
    program.end().await;
    assert!(stray.look().is_some(), "the group does not have it");
    let swept = program.sweep(&Remembered::default());
    assert_eq!(swept.processes(), [stray]);
    assert_eq!(
        swept.to_string(),
        format!("1 process: sleep (pid {})", stray.pid)
    );
    swept.gone(LIMIT).await;
    assert!(stray.look().is_none());
    assert!(program.sweep(&Remembered::default()).is_empty());
}

#[actix_rt::test]
async fn what_also_wiped_its_environment_is_ended_if_it_was_there_at_the_stop() {
    let mut program = Program::start("api", WIPED);
    let stray = program.stray().await;
    let remembered = remember(Some(program.leader()), &program.mark);
    assert!(remembered.0.contains(&stray));
    program.end().await;
    assert!(stray.look().is_some());
    assert!(members(Some(program.leader()), &program.mark).is_empty());
    let swept = program.sweep(&remembered);
    assert_eq!(swept.processes(), [stray]);
    assert!(is_gone(stray).await);
}

#[actix_rt::test]
async fn a_process_left_in_the_session_needs_no_mark() {
    let mut program = Program::start("api", "(env -i sleep 1000 & echo $!); exec sleep 1000");
    let pid = next_line(&mut program.spawned).await.parse().unwrap();
    while Stat::of(pid).unwrap().name != "sleep" {
        tokio::task::yield_now().await;
    }
    // The leader alone.
    let handle = Handle::open(program.spawned.pid).unwrap().unwrap();
    handle.signal(Signal::KILL).unwrap();
    program.spawned.child.wait().await.unwrap();
    let swept = program.sweep(&Remembered::default());
    assert_eq!(swept.processes().len(), 1);
    assert_eq!(swept.processes()[0].pid, pid);
}

#[actix_rt::test]
async fn a_program_that_lives_is_ended_with_all_it_has() {
    let mut program = Program::start("api", WIPED);
    let stray = program.stray().await;
    let swept = program.sweep(&Remembered::default());
    assert_eq!(swept.processes().len(), 3, "{swept}");
    assert!(is_gone(stray).await);
    program.spawned.child.wait().await.unwrap();
}

#[actix_rt::test]
async fn what_is_another_programs_is_never_touched() {
    let mut mine = Program::start("api", MARKED);
    let mut other = Program::start("vpn", MARKED);
    let mut lost = Program::start("cron", LOST);
    let same = Mark::new("api", 2);
    let (variable, value) = same.variable();
    let mut next_life = start_with("echo $$; exec sleep 1000", &[(variable, &value)]);
    let next = next_line(&mut next_life).await.parse().unwrap();
    let stray = mine.stray().await;
    let spared = [other.stray().await, lost.stray().await];
    mine.end().await;
    // As if its number were another program's by now.
    for leader in [mine.leader(), other.leader(), lost.leader(), next] {
        let swept = sweep(Some(leader), &mine.mark, &Remembered::default());
        let found = swept.processes();
        assert!(found.iter().all(|process| *process == stray), "{swept}");
    }
    assert!(sweep(None, &mine.mark, &Remembered::default()).is_empty());
    assert!(is_gone(stray).await);
    for pid in [other.spawned.pid, lost.spawned.pid, next] {
        assert!(!Stat::of(pid).unwrap().is_dead());
    }
    assert!(spared.iter().all(|process| process.look().is_some()));
    assert_eq!(members(Some(next), &same).len(), 1);
    // All that is left is ended at the very end.
    let swept = end_strangers(&Children::default());
    assert!(swept.processes().contains(&spared[1]), "{swept}");
    for process in spared {
        assert!(is_gone(process).await);
    }
}

#[actix_rt::test]
async fn the_end_of_the_supervisor_spares_what_was_there_before_it() {
    let mut before = start("echo $$; exec sleep 1000");
    next_line(&mut before).await;
    let children = Children::default();
    crate::reaper::start(children.clone());
    let mut program = Program::start("api", LOST);
    let stray = program.stray().await;
    program.end().await;
    let swept = end_strangers(&children);
    assert_eq!(swept.processes(), [stray]);
    assert!(!Stat::of(before.pid).unwrap().is_dead());
    assert!(is_gone(stray).await);
}

#[actix_rt::test]
async fn a_number_that_is_somebody_elses_now_is_never_touched() {
    let mut mine = Program::start("api", ":");
    mine.spawned.child.wait().await.unwrap();
    let mut bystander = start("echo $$; exec sleep 1000");
    next_line(&mut bystander).await;
    let started = Stat::of(bystander.pid).unwrap().started;
    let before = Process {
        pid: bystander.pid,
        started: started - 1,
    };
    assert!(before.look().is_none());
    let swept = mine.sweep(&Remembered(vec![before]));
    assert!(swept.is_empty(), "{swept}");
    assert!(!Stat::of(bystander.pid).unwrap().is_dead());
}

#[actix_rt::test]
async fn a_process_that_keeps_forking_away_is_caught() {
    // Each generation leaves the next one to us, in a session of its own.
    let hop = "exec setsid sh -c 'hop() { (hop) & exit; }; hop'";
    let mut program = Program::start("api", hop);
    program.spawned.child.wait().await.unwrap();
    let swept = program.sweep(&Remembered::default());
    assert!(!swept.is_empty());
    swept.gone(LIMIT).await;
    assert_eq!(members(Some(program.leader()), &program.mark), []);
}

#[test]
fn a_mark_is_told_from_those_of_other_lives_and_other_supervisors() {
    let mark = Mark::new("api", 7);
    let text = mark.variable().1.into_string().unwrap();
    let owner = |text: &str| mark.owner(format!("A=1\0LISTSYNC_LIFE={text}\0B=2\0").as_bytes());
    assert_eq!(owner(&text), Owner::This);
    assert_eq!(owner(&text.replace(":7:", ":8:")), Owner::Other);
    assert_eq!(owner(&text.replace("api", "vpn")), Owner::Other);
    assert_eq!(owner(&format!("{text}0")), Owner::Unknown);
    assert_eq!(owner("api:7:1:1"), Owner::Unknown);
    assert_eq!(mark.owner(b""), Owner::Unknown);
    let hidden = format!("A=LISTSYNC_LIFE={text}\0");
    assert_eq!(mark.owner(hidden.as_bytes()), Owner::Unknown);
}
