//! A child that prints as quickly as it can: what that costs it and the supervisor, and whether all arrives whole.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    super::{
        clock::{Spread, pause, real},
        proc::Use,
        progress,
    },
    Effort,
    peer::{Job, Kind, LIMIT, Peer, millis, moments},
    report::Report,
};
use crate::supervised::beside;

/// Limit of a file that is never reached.
const NEVER: u64 = 0;

/// One way of printing.
struct Way {
    name: &'static str,
    verb: &'static str,
    /// Bytes of a file, old files.
    log: (u64, u32),
}

const WAYS: [Way; 3] = [
    Way {
        name: "one write a line",
        verb: "lines",
        log: (NEVER, 1),
    },
    Way {
        name: "64 KiB a write",
        verb: "print",
        log: (NEVER, 1),
    },
    Way {
        name: "one write a line, files of 10 MB",
        verb: "lines",
        log: (10_000_000, 20),
    },
];

/// Bytes of a line in [`WAYS`].
const BYTES: usize = 100;

pub(super) async fn measure(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    for way in &WAYS {
        progress(&format!(
            "supervision: {} lines, {}",
            effort.lines, way.name
        ))?;
        let mut bare = Vec::new();
        let mut walls = vec![Vec::new(); peers.len()];
        let mut cores = vec![Vec::new(); peers.len()];
        let mut lost = vec![0; peers.len()];
        for _ in 0..effort.floods {
            bare.push(into_cat(way.verb, effort.lines).await?);
            for (at, peer) in peers.iter().enumerate() {
                let flooded = flooded(peer.kind, way.verb, effort.lines, BYTES, way.log).await?;
                let places = (walls.get_mut(at), cores.get_mut(at), lost.get_mut(at));
                if let (Some(walls), Some(cores), Some(lost)) = places {
                    walls.push(flooded.wall_ms);
                    cores.push(flooded.core_ms);
                    *lost += flooded.lost;
                }
            }
        }
        let bare = Spread::of(&bare).median;
        let what = format!("{} lines of {BYTES} bytes, {}", effort.lines, way.name);
        for (peer, ((walls, cores), lost)) in peers.iter().zip(walls.iter().zip(&cores).zip(&lost))
        {
            let wall = Spread::of(walls).median;
            report.add(&format!("{what}: child's time, ms"), peer.kind, wall, 0);
            report.add(
                &format!("{what}: times `cat > file`"),
                peer.kind,
                wall / bare,
                2,
            );
            report.add(
                &format!("{what}: supervisor on a core, ms"),
                peer.kind,
                Spread::of(cores).median,
                0,
            );
            report.add(&format!("{what}: lines lost"), peer.kind, real(*lost), 0);
        }
        report.target(&format!("{what}: times `cat > file`"), 1.2);
        report.target(&format!("{what}: lines lost"), 0.0);
        report.note(format!("{what}: `child | cat > file` took {bare:.0} ms"));
    }
    split(peers, effort, report).await
}

/// Lines cut in two by rotations.
async fn split(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    for (bytes, share) in [(97, 10), (5003, 200)] {
        let lines = effort.lines / share;
        // Ten rotations.
        let file = u64::try_from(lines * bytes / 10)?;
        for verb in ["lines", "print"] {
            let what = format!("{lines} lines of {bytes} bytes over ten rotations ({verb})");
            for peer in peers {
                let flooded = flooded(peer.kind, verb, lines, bytes, (file, 30)).await?;
                report.add(&format!("{what}: split"), peer.kind, real(flooded.split), 0);
                report.add(&format!("{what}: lost"), peer.kind, real(flooded.lost), 0);
            }
            report.target(&format!("{what}: split"), 0.0);
            report.target(&format!("{what}: lost"), 0.0);
        }
    }
    Ok(())
}

struct Flooded {
    wall_ms: f64,
    core_ms: f64,
    lost: usize,
    split: usize,
}

async fn flooded(
    kind: Kind,
    verb: &str,
    lines: usize,
    bytes: usize,
    log: (u64, u32),
) -> Result<Flooded> {
    let place = tempfile::tempdir()?;
    let marks = place.path().join("marks");
    let job = Job {
        name: "flood",
        script: script(verb, lines, bytes, &marks),
        log,
    };
    let mut peer = Peer::with(kind, &[job]).await?;
    // What its start left to do.
    pause(300).await;
    let before = Use::of(peer.pid()?)?;
    peer.start_job("flood").await?;
    let wall_ms = wall(&marks).await?;
    let files = arrived(&peer, lines * bytes).await?;
    let core_ms = Use::of(peer.pid()?)?.since(&before).core_ms;
    peer.stop().await?;
    let split = files
        .iter()
        .filter(|file| !file.is_empty() && !file.ends_with(b"\n"))
        .count();
    Ok(Flooded {
        wall_ms,
        core_ms,
        lost: lines.saturating_sub(whole_lines(&files.concat())),
        split,
    })
}

fn script(verb: &str, lines: usize, bytes: usize, marks: &Path) -> Vec<String> {
    let marks = marks.display().to_string();
    let (lines, bytes) = (lines.to_string(), bytes.to_string());
    [
        "started", &marks, verb, &lines, &bytes, "started", &marks, "wait",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Lines that follow each other by their numbers.
fn whole_lines(text: &[u8]) -> usize {
    let mut next = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let digits = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let number = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok());
        if number == Some(next) {
            next += 1;
        }
    }
    next
}

/// Milliseconds between the child's two marks.
async fn wall(marks: &Path) -> Result<f64> {
    let limit = Instant::now() + LIMIT;
    loop {
        if let [(_, begun), (_, ended)] = moments(marks).as_slice() {
            return Ok(millis(*begun, *ended));
        }
        ensure!(
            Instant::now() < limit,
            "the child did not get rid of its lines"
        );
        pause(5).await;
    }
}

/// The files once they hold that many bytes, or no more come.
async fn arrived(peer: &Peer, bytes: usize) -> Result<Vec<Vec<u8>>> {
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let files = peer.log("flood").await?;
        let there: usize = files.iter().map(Vec::len).sum();
        if there >= bytes || Instant::now() > limit {
            return Ok(files);
        }
        pause(50).await;
    }
}

/// The child's time when `cat` takes all it prints into a file.
async fn into_cat(verb: &str, lines: usize) -> Result<f64> {
    let place = tempfile::Builder::new().prefix("ls").tempdir()?;
    let marks = place.path().join("marks");
    let mut words = script(verb, lines, BYTES, &marks);
    words.pop();
    let mut child = tokio::process::Command::new(beside("scripted-child")?)
        .args(words)
        .args(["exit", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output: Stdio = child.stdout.take().context("no stdout")?.try_into()?;
    let file = std::fs::File::create(place.path().join("log"))?;
    let mut cat = tokio::process::Command::new("cat")
        .stdin(output)
        .stdout(file)
        .kill_on_drop(true)
        .spawn()?;
    child.wait().await?;
    cat.wait().await?;
    wall(&marks).await
}
