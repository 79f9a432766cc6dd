//! What it was given: environment, descriptors, signals, limits.

use std::fmt::Write as _;

/// Lines of `/proc/self/status` that tell what was inherited.
const STATUS: [&str; 8] = [
    "Umask:", "Uid:", "Gid:", "Groups:", "SigBlk:", "SigIgn:", "NSsid:", "NSpgid:",
];

/// Writes the environment, one variable a line.
pub(crate) fn environment(file: &str) -> anyhow::Result<()> {
    let lines: Vec<_> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}\n", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    Ok(std::fs::write(file, lines.concat())?)
}

/// Writes `NAME: VALUE` lines: `fd 0: /dev/null`, `SigIgn: 0000000000000000`, `limit Max open files: …`.
pub(crate) fn state(file: &str) -> anyhow::Result<()> {
    let mut text = String::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        // The descriptor of this very look is gone by now.
        if let Ok(target) = std::fs::read_link(entry.path())
            && !target.starts_with(format!("/proc/{}/fd", std::process::id()))
        {
            let number = entry.file_name();
            writeln!(text, "fd {}: {}", number.display(), target.display())?;
        }
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines() {
        if STATUS.iter().any(|name| line.starts_with(name)) {
            let (name, value) = line.split_once(':').unwrap_or_default();
            let words: Vec<_> = value.split_whitespace().collect();
            writeln!(text, "{name}: {}", words.join(" "))?;
        }
    }
    for line in std::fs::read_to_string("/proc/self/limits")?.lines() {
        let words: Vec<_> = line.split("  ").map(str::trim).collect();
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if let [name, soft, hard, ..] = words.as_slice() {
            writeln!(text, "limit {name}: {soft} {hard}")?;
        }
    }
    let score = std::fs::read_to_string("/proc/self/oom_score_adj")?;
    writeln!(text, "oom_score_adj: {}", score.trim())?;
    writeln!(text, "directory: {}", std::env::current_dir()?.display())?;
    writeln!(text, "pid: {}", std::process::id())?;
    let new = format!("{file}.new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, file)?)
}
