//! Whether the kernel killed something for want of memory.
//!
//! A process that it kills dies of SIGKILL, as one does that a person kills; only a counter of the
//! kernel's tells the two apart. It is that of the control group which we and our programs run in, so
//! that it grows also when it was another process of that group; where there is none, it is that
//! of the whole system. Leaves to [`crate::program`] which death to ask about.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The word before the number, in every one of the files.
const COUNTER: &str = "oom_kill";

/// How long a growth counts for deaths: they are told a moment later, what was left behind is ended
/// first, and several may die of one shortage. Guess: twice what a program's end may take.
const RECENT: Duration = Duration::from_secs(5);

/// Looks whether the counter has grown.
#[derive(Debug)]
pub(crate) struct OomWatch {
    /// None if the kernel counts nowhere.
    counter: Option<PathBuf>,
    seen: u64,
    /// When it was last seen to have grown.
    grown_at: Option<Instant>,
}

impl OomWatch {
    /// Counts from now on.
    pub(crate) fn new() -> Self {
        Self::at(Path::new("/proc"), Path::new("/sys/fs/cgroup"))
    }

    fn at(proc: &Path, groups: &Path) -> Self {
        let own = fs::read_to_string(proc.join("self/cgroup")).unwrap_or_default();
        let mut files = files(&own, groups);
        files.push(proc.join("vmstat"));
        let found = files
            .into_iter()
            .find_map(|file| Some((read(&file)?, file)));
        if found.is_none() {
            tracing::debug!("the kernel does not count whom it kills for want of memory");
        }
        let (seen, counter) = found.map_or((0, None), |(seen, file)| (seen, Some(file)));
        Self {
            counter,
            seen,
            grown_at: None,
        }
    }

    /// Takes in what the counter says. To be called now and then, so that the end of something else, such
    /// as a page of the browser, does not count for a death long after it.
    pub(crate) fn look(&mut self, now: Instant) {
        let Some(count) = self.counter.as_deref().and_then(read) else {
            return;
        };
        if count > self.seen {
            self.grown_at = Some(now);
        }
        self.seen = count;
    }

    /// Whether something was killed for want of memory just now, or since the last look.
    pub(crate) fn has_killed(&mut self, now: Instant) -> bool {
        self.look(now);
        self.grown_at
            .is_some_and(|at| now.saturating_duration_since(at) < RECENT)
    }
}

/// Where our group's counter may be, best first: in a container the group that `/proc` names may be what
/// is mounted as the root.
fn files(own: &str, groups: &Path) -> Vec<PathBuf> {
    let unified = group(own, "").map(|path| (groups.to_owned(), path, "memory.events"));
    let memory = group(own, "memory").map(|path| {
        let folder = groups.join("memory");
        (folder, path, "memory.oom_control")
    });
    unified
        .into_iter()
        .chain(memory)
        .flat_map(|(folder, path, file)| [folder.join(path).join(file), folder.join(file)])
        .collect()
}

/// The group of a controller, from lines such as `4:memory:/docker/12ab`; of the hierarchy that all
/// controllers share, from `0::/docker/12ab`.
fn group<'a>(own: &'a str, controller: &str) -> Option<&'a str> {
    own.lines().find_map(|line| {
        let (_number, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_it = controllers.split(',').any(|name| name == controller);
        is_it.then(|| path.trim_start_matches('/'))
    })
}

fn read(file: &Path) -> Option<u64> {
    count(&fs::read_to_string(file).ok()?) // not there, or not ours to see
}

fn count(text: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, number) = line.split_once(' ')?;
        (name == COUNTER).then(|| number.trim().parse().ok())? // a number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kernel {
        folder: tempfile::TempDir,
    }

    impl Kernel {
        fn new(own: &str) -> Self {
            let kernel = Self {
                folder: tempfile::tempdir().unwrap(),
            };
            kernel.write("proc/self/cgroup", own);
            kernel
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn watch(&self) -> OomWatch {
            let root = self.folder.path();
            OomWatch::at(&root.join("proc"), &root.join("groups"))
        }
    }

    const EVENTS: &str = "low 0\nhigh 0\nmax 9\noom 5\noom_kill 3\noom_group_kill 8\n";

    #[test]
    fn growth_counts_for_deaths_of_that_moment_and_not_for_later_ones() {
        let kernel = Kernel::new("0::/docker/12\n");
        let file = "groups/docker/12/memory.events";
        kernel.write(file, EVENTS);
        let mut watch = kernel.watch();
        let begin = Instant::now();
        assert!(!watch.has_killed(begin));
        kernel.write(file, &EVENTS.replace("oom 5", "oom 6"));
        assert!(!watch.has_killed(begin));
        kernel.write(file, &EVENTS.replace("kill 3", "kill 5"));
        assert!(watch.has_killed(begin));
        assert!(watch.has_killed(begin + Duration::from_secs(1)), "another");
        let later = begin + Duration::from_mins(1);
        assert!(!watch.has_killed(later));
        // It was something else, long before the next death.
        kernel.write(file, &EVENTS.replace("kill 3", "kill 6"));
        watch.look(later);
        assert!(!watch.has_killed(later + Duration::from_mins(1)));
        fs::remove_file(kernel.folder.path().join(file)).unwrap();
        assert!(!watch.has_killed(later + Duration::from_mins(2)));
    }

    #[test]
    fn the_counter_is_found_wherever_the_kernel_has_it() {
        let both = "4:memory:/box/7\n1:cpu,cpuacct:/\n0::/\n";
        let cases = [
            ("0::/docker/12\n", "groups/docker/12/memory.events", EVENTS),
            // The root that a container sees is its own group.
            ("0::/docker/12\n", "groups/memory.events", EVENTS),
            (
                both,
                "groups/memory/box/7/memory.oom_control",
                "under_oom 0\noom_kill 3\n",
            ),
            (both, "groups/memory/memory.oom_control", "oom_kill 3\n"),
            (
                "3:cpu,memory:/x\n",
                "groups/memory/x/memory.oom_control",
                "oom_kill 3\n",
            ),
            ("", "proc/vmstat", "nr_free_pages 1\noom_kill 3\n"),
        ];
        for (own, file, text) in cases {
            let kernel = Kernel::new(own);
            kernel.write(file, text);
            // An old kernel's, without the number.
            if file != "proc/vmstat" {
                kernel.write("proc/vmstat", "oom_kill 700\n");
            }
            let mut watch = kernel.watch();
            assert_eq!(watch.seen, 3, "{file}");
            kernel.write(file, &text.replace("kill 3", "kill 4"));
            assert!(watch.has_killed(Instant::now()), "{file}");
        }
    }

    #[test]
    fn a_kernel_that_counts_nothing_has_killed_nobody() {
        let kernel = Kernel::new("4:memory:/\n");
        kernel.write("groups/memory/memory.oom_control", "under_oom 0\n");
        kernel.write("proc/vmstat", "nr_free_pages 1\n");
        let mut watch = kernel.watch();
        assert!(watch.counter.is_none());
        assert!(!watch.has_killed(Instant::now()));
        assert!(!OomWatch::new().has_killed(Instant::now()));
    }
}
