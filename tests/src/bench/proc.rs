//! What the kernel tells of a process: its memory, its time on a core, how often it was woken.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Its pages, each divided by the number of processes that share it.
    pub(super) proportional: f64,
    /// Pages that nobody else has.
    pub(super) private: f64,
    /// Of the proportional ones: those of no file, which is the heap, the stacks and what was written to.
    pub(super) anonymous: f64,
}

/// Memory as `/proc/PID/smaps_rollup` has it now.
pub(super) fn memory(pid: i32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kib| kib.parse::<f64>().ok())
            .with_context(|| format!("{path} has no {name}"))
    };
    Ok(Memory {
        proportional: field("Pss:")?,
        private: field("Private_Clean:")? + field("Private_Dirty:")?,
        anonymous: field("Pss_Anon:")?,
    })
}

/// The most memory a process ever had in KiB, shared pages included.
pub(super) fn peak(pid: i32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse().ok())
        .with_context(|| format!("{path} has no VmHWM"))
}

/// What one thread has used since it began.
#[derive(Clone, Debug, Default)]
struct Thread {
    name: String,
    core_ns: u64,
    voluntary: u64,
    involuntary: u64,
}

/// What the threads of a process have used.
#[derive(Clone, Debug, Default)]
pub(super) struct Use(BTreeMap<i32, Thread>);

/// What a process used between two looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    /// Milliseconds on a core.
    pub(super) core_ms: f64,
    /// Times it went to sleep by itself, hence times it was woken.
    pub(super) voluntary: u64,
    /// Times the kernel took the core away.
    pub(super) involuntary: u64,
    /// Threads at the second look.
    pub(super) threads: usize,
    /// Threads that woke, with how often they did.
    pub(super) restless: Vec<(String, u64)>,
}

impl Use {
    /// Looks at every thread of a process: `/proc/PID/status` alone tells of the first.
    pub(super) fn of(pid: i32) -> Result<Self> {
        let folder = format!("/proc/{pid}/task");
        let tasks = std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
        let mut threads = BTreeMap::new();
        for task in tasks {
            let task = task?.path();
            let id = task
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            // A thread may end between the look at the folder and the look at it.
            let status = std::fs::read_to_string(task.join("status"));
            let on_core = std::fs::read_to_string(task.join("schedstat"));
            let (Some(id), Ok(status), Ok(on_core)) = (id, status, on_core) else {
                continue;
            };
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
            };
            let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
            let thread = Thread {
                name: name.trim().to_owned(),
                core_ns: on_core
                    .split_whitespace()
                    .next()
                    .and_then(|ns| ns.parse().ok())
                    .unwrap_or(0),
                voluntary: field("voluntary_ctxt_switches:"),
                involuntary: field("nonvoluntary_ctxt_switches:"),
            };
            threads.insert(id, thread);
        }
        Ok(Self(threads))
    }

    /// What was used since an earlier look. Threads that ended meanwhile are not counted, new ones wholly.
    pub(super) fn since(&self, earlier: &Self) -> Used {
        let mut used = Used {
            threads: self.0.len(),
            ..Used::default()
        };
        let mut core_ns = 0;
        for (id, now) in &self.0 {
            let then = earlier.0.get(id).cloned().unwrap_or_default();
            let woken = now.voluntary.saturating_sub(then.voluntary);
            if woken > 0 {
                used.restless.push((now.name.clone(), woken));
            }
            core_ns += now.core_ns.saturating_sub(then.core_ns);
            used.voluntary += woken;
            used.involuntary += now.involuntary.saturating_sub(then.involuntary);
        }
        let core = std::time::Duration::from_nanos(core_ns);
        used.core_ms = core.as_secs_f64() * 1000.0;
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_this_process() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let memory = memory(pid).unwrap();
        assert!(memory.private > 0.0 && memory.proportional >= memory.anonymous);
        let before = Use::of(pid).unwrap();
        let used = Use::of(pid).unwrap().since(&before);
        assert!(used.threads >= 1);
    }
}
