//! `tail -f`: how long after its writing a line is seen, and whether each is.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{
    super::clock::{pause, real},
    Effort,
    peer::{Job, Kind, Peer, millis, monotonic},
    report::Report,
};

/// Pause between the start of the command and the first line, by which it follows.
const ATTACH_MS: u64 = 1500;

/// How long after the last line was written one is still waited for.
const LAST: Duration = Duration::from_secs(3);

/// Bytes of a file of the log: several rotations happen.
const FILE: u64 = 1_000_000;

struct Rate {
    name: &'static str,
    pause_us: u64,
    lines: usize,
}

pub(super) async fn measure(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    let seconds = usize::try_from(effort.follow_s)?;
    let rates = [
        Rate {
            name: "1.1 lines/s",
            pause_us: 909_000,
            lines: seconds * 11 / 10,
        },
        Rate {
            name: "13 lines/s",
            pause_us: 77_000,
            lines: seconds * 13,
        },
        Rate {
            name: "some 5,000 lines/s",
            pause_us: 140,
            lines: seconds * 5000,
        },
        Rate {
            name: "full rate",
            pause_us: 0,
            lines: effort.lines / 5,
        },
    ];
    for rate in &rates {
        for peer in peers {
            let followed = follow(peer.kind, rate).await?;
            let what = format!("`tail -f` at {}, ms", rate.name);
            report.add_spread(&what, peer.kind, &followed.late);
            report.add(
                &format!("... lines missing of {}, {}", rate.lines, rate.name),
                peer.kind,
                real(followed.missing),
                0,
            );
        }
        report.target(&format!("`tail -f` at {}, ms: p95", rate.name), 5.0);
        report.target(
            &format!("... lines missing of {}, {}", rate.lines, rate.name),
            0.0,
        );
    }
    report.note(
        "`tail -f`: from before the write in the child to after the read from the command's stdout",
    );
    Ok(())
}

struct Followed {
    late: Vec<f64>,
    missing: usize,
}

async fn follow(kind: Kind, rate: &Rate) -> Result<Followed> {
    let place = tempfile::tempdir()?;
    let file = |name: &str| place.path().join(name).display().to_string();
    let (go, done) = (file("go"), file("done"));
    let script = [
        "say",
        "hello",
        "until",
        &go,
        "stamps",
        &rate.lines.to_string(),
        &rate.pause_us.to_string(),
        "started",
        &done,
        "wait",
    ];
    let job = Job {
        name: "talker",
        script: script.map(str::to_owned).to_vec(),
        log: (FILE, 20),
    };
    let mut peer = Peer::with(kind, &[job]).await?;
    peer.start_job("talker").await?;
    let mut command = peer.control(&["tail", "-f", "talker"])?;
    let mut client = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    pause(ATTACH_MS).await;
    std::fs::write(&go, "")?;
    let mut lines = BufReader::new(client.stdout.take().context("no stdout")?).split(b'\n');
    let mut seen = vec![false; rate.lines];
    let mut late = Vec::new();
    let mut quiet_since = None;
    while !seen.last().copied().unwrap_or(true) {
        let next = tokio::time::timeout(Duration::from_millis(200), lines.next_segment()).await;
        let now = monotonic()?;
        let Ok(line) = next else {
            // Nothing came; is more to come?
            if std::fs::exists(&done)? {
                let since = *quiet_since.get_or_insert_with(Instant::now);
                if since.elapsed() > LAST {
                    break;
                }
            }
            continue;
        };
        quiet_since = None;
        let Some(line) = line? else { break };
        if let Some((number, written)) = stamp(&line)
            && let Some(seen) = seen.get_mut(number)
        {
            *seen = true;
            late.push(millis(written, now));
        }
    }
    client.kill().await?;
    peer.stop().await?;
    let missing = seen.iter().filter(|seen| !**seen).count();
    Ok(Followed { late, missing })
}

/// Number and moment of a line.
fn stamp(line: &[u8]) -> Option<(usize, u64)> {
    let text = std::str::from_utf8(line).ok()?;
    let (number, written) = text.trim().rsplit_once(' ')?;
    let number = number.rsplit(' ').next()?;
    Some((number.parse().ok()?, written.parse().ok()?))
}
