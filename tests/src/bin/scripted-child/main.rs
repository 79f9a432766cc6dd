//! A program for the supervisor to keep, that does what its arguments say, one after the other.
//!
//! Its first act is to look at the clock, which is what the time to a replacement is measured by; so there is no
//! runtime, no thread, and not even the preparation that `std` makes before `main`. SIGTERM ends it with code 0
//! unless the script says otherwise.
//!
//! ```text
//! started FILE        appends "PID NANOSECONDS" to FILE (monotonic clock); of the first act when it comes first
//! ready               READY=1
//! notify TEXT         sends TEXT to NOTIFY_SOCKET as it is
//! alive COUNT MS      WATCHDOG=1 that often, each followed by a pause of MS milliseconds
//! alive-for-ever MS   the same without an end
//!
//! print LINES BYTES   lines "NUMBER xxxx…" of BYTES each, newline included, in writes of 64 KiB
//! lines LINES BYTES   the same, one write a line
//! stamps LINES US     lines "NUMBER NANOSECONDS", each followed by a pause of US microseconds
//! say TEXT            one line
//! open TEXT           text without a newline
//! bytes               all 256 values, text that is broken UTF-8, a zero, and a newline
//! long-line BYTES     one line of that length, newline included
//!
//! env FILE            writes the environment, one NAME=value a line
//! state FILE          writes what it inherited: descriptors, signals, session, mask, limits, user
//! memory MB           takes that much memory
//!
//! ignore-term         SIGTERM does nothing from now on
//! stop-slowly MS      SIGTERM ends it after that many milliseconds
//! stop-when FILE      SIGTERM ends it as soon as FILE is there
//! on-hup FILE         SIGHUP appends a line to FILE
//! on-abort FILE       SIGABRT appends a line to FILE and ends it
//!
//! child FILE          starts a copy of itself in the same group that waits; its pid goes to FILE
//! session-child FILE  the same in a session of its own
//! daemon FILE         the same in a session of its own, and not our child any more
//! daemon-wiped FILE   the same with an empty environment
//! hold-stdout FILE GO a copy in a session of its own that says a line once GO is there
//!
//! listen FILE         serves HTTP on the sockets handed over, their names to FILE, until SIGTERM
//! http PORT FILE      serves HTTP on PORT of 127.0.0.1: 200 when FILE is there, else 503
//!
//! until FILE          waits until FILE is there
//! pause MS            waits that long
//! exit CODE           ends
//! abort               ends by SIGABRT
//! wait                waits for ever (the last thing when nothing else ends it)
//! ```

#![no_main]

mod descent;
mod http;
mod output;
mod signals;
mod view;

use std::{
    ffi::{c_char, c_int},
    io::Write as _,
    os::unix::net::UnixDatagram,
    time::Duration,
};

use nix::{
    sys::time::TimeSpec,
    time::{ClockId, clock_gettime},
};

/// Words of the script, each taken once.
struct Script(std::vec::IntoIter<String>);

impl Script {
    fn word(&mut self, what: &str) -> anyhow::Result<String> {
        self.0
            .next()
            .ok_or_else(|| anyhow::anyhow!("the script ends where {what} should be"))
    }

    fn file(&mut self) -> anyhow::Result<String> {
        self.word("a file")
    }

    fn number(&mut self, what: &str) -> anyhow::Result<u64> {
        Ok(self.word(what)?.parse()?)
    }

    fn count(&mut self, what: &str) -> anyhow::Result<usize> {
        Ok(self.word(what)?.parse()?)
    }
}

/// What the C library calls first.
#[expect(
    unsafe_code,
    reason = "`std` would set signals and take its time before a `main` of its own"
)]
// SAFETY: there is no other `main`, and its form is the C library's.
#[unsafe(no_mangle)]
pub extern "C" fn main(_count: c_int, _words: *const *const c_char) -> c_int {
    let born = clock_gettime(ClockId::CLOCK_MONOTONIC);
    let words: Vec<String> = std::env::args().skip(1).collect();
    let said = born
        .map_err(anyhow::Error::from)
        .and_then(|born| run(born, Script(words.into_iter())));
    said.unwrap_or_else(|error| {
        // There is nobody else to tell.
        writeln!(std::io::stderr(), "scripted-child: {error:#}").unwrap_or_default();
        99
    })
}

fn run(born: TimeSpec, mut script: Script) -> anyhow::Result<c_int> {
    let mut birth = Some(born);
    signals::on_term(signals::Term::Exit)?;
    while let Some(verb) = script.0.next() {
        let moment = birth.take();
        match verb.as_str() {
            "started" => started(&script.file()?, moment)?,
            "ready" => notify("READY=1")?,
            "notify" => notify(&script.word("a text")?)?,
            "alive" => alive(script.number("a count")?, script.number("a pause")?)?,
            "alive-for-ever" => alive(u64::MAX, script.number("a pause")?)?,
            "print" => output::blocks(script.count("lines")?, script.count("a length")?)?,
            "lines" => output::lines(script.count("lines")?, script.count("a length")?)?,
            "stamps" => output::stamps(script.count("lines")?, script.number("a pause")?)?,
            "say" => output::all(format!("{}\n", script.word("a text")?).as_bytes())?,
            "open" => output::all(script.word("a text")?.as_bytes())?,
            "bytes" => output::bytes()?,
            "long-line" => output::long_line(script.count("a length")?)?,
            "env" => view::environment(&script.file()?)?,
            "state" => view::state(&script.file()?)?,
            "memory" => take_memory(script.count("megabytes")?),
            "ignore-term" => signals::on_term(signals::Term::Ignore)?,
            "stop-slowly" => signals::on_term(signals::Term::After(script.number("a time")?))?,
            "stop-when" => signals::on_term(signals::Term::When(script.file()?))?,
            "on-hup" => signals::note_hangup(&script.file()?)?,
            "on-abort" => signals::note_abort(&script.file()?)?,
            "child" => descent::child(&script.file()?)?,
            "session-child" => descent::session_child(&script.file()?)?,
            "daemon" => descent::daemon(&script.file()?, false)?,
            "daemon-wiped" => descent::daemon(&script.file()?, true)?,
            "hold-stdout" => descent::hold_stdout(&script.file()?, &script.file()?)?,
            "listen" => return http::inherited(&script.file()?),
            "http" => return http::probe(script.word("a port")?.parse()?, &script.file()?),
            "until" => until(&script.file()?)?,
            "pause" => pause(Duration::from_millis(script.number("a time")?)),
            "exit" => return Ok(script.word("a code")?.parse::<u8>()?.into()),
            "abort" => std::process::abort(),
            "wait" => break,
            other => anyhow::bail!("there is no verb {other:?}"),
        }
    }
    signals::wait_for_ever()
}

fn started(file: &str, moment: Option<TimeSpec>) -> anyhow::Result<()> {
    let now = moment.map_or_else(|| clock_gettime(ClockId::CLOCK_MONOTONIC), Ok)?;
    let nanoseconds = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?;
    let line = format!("{} {nanoseconds}\n", std::process::id());
    Ok(file.write_all(line.as_bytes())?)
}

fn notify(text: &str) -> anyhow::Result<()> {
    let socket = std::env::vars_os().find(|(name, _)| name == "NOTIFY_SOCKET");
    // So that one script serves under a supervisor that knows no readiness too.
    let Some((_, path)) = socket else {
        return Ok(());
    };
    UnixDatagram::unbound()?.send_to(text.as_bytes(), path)?;
    Ok(())
}

fn alive(count: u64, milliseconds: u64) -> anyhow::Result<()> {
    for _ in 0..count {
        notify("WATCHDOG=1")?;
        pause(Duration::from_millis(milliseconds));
    }
    Ok(())
}

fn take_memory(megabytes: usize) {
    // Zeros alone would be no pages of ours.
    let taken: &'static mut [u8] = vec![1_u8; megabytes * 1024 * 1024].leak();
    std::hint::black_box(taken);
}

fn until(file: &str) -> anyhow::Result<()> {
    while !std::fs::exists(file)? {
        pause(Duration::from_millis(2));
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this process does nothing else meanwhile"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
