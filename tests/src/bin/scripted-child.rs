//! A program for the supervisor to keep, that does what its arguments say, one after the other.
//!
//! ```text
//! started FILE        appends "PID NANOSECONDS" to FILE (monotonic clock), as the very first act wanted
//! ready [TEXT]        READY=1 (and STATUS=TEXT when given as ready=TEXT)
//! notify TEXT         sends TEXT to NOTIFY_SOCKET as it is
//! print LINES BYTES   lines "NUMBER xxxx…" of BYTES each, newline included
//! say TEXT            one line
//! open TEXT           text without a newline
//! env FILE            writes the environment, one NAME=value a line
//! ignore-term         SIGTERM does nothing from now on
//! child FILE          starts a copy of itself in the same group that waits; its pid goes to FILE
//! until FILE          waits until FILE is there
//! exit CODE           ends
//! abort               ends by SIGABRT
//! sleep               waits for ever, whatever SIGTERM was told to do
//! wait                waits for SIGTERM and ends with code 0 (the last thing when nothing ends it)
//! ```

use std::{
    io::{Write as _, stdout},
    os::unix::net::UnixDatagram,
    process::ExitCode,
};

use nix::sys::signal::{SigHandler, Signal, signal};

/// Words of the script, each taken once.
struct Script(std::vec::IntoIter<String>);

impl Script {
    fn word(&mut self, what: &str) -> anyhow::Result<String> {
        self.0
            .next()
            .ok_or_else(|| anyhow::anyhow!("the script ends where {what} should be"))
    }

    fn number(&mut self, what: &str) -> anyhow::Result<usize> {
        Ok(self.word(what)?.parse()?)
    }
}

fn main() -> ExitCode {
    match run(Script(
        std::env::args().skip(1).collect::<Vec<_>>().into_iter(),
    )) {
        Ok(code) => code,
        Err(error) => {
            // There is nobody else to tell.
            writeln!(std::io::stderr(), "scripted-child: {error:#}").unwrap_or_default();
            ExitCode::from(99)
        }
    }
}

fn run(mut script: Script) -> anyhow::Result<ExitCode> {
    while let Some(verb) = script.0.next() {
        match verb.as_str() {
            "started" => started(&script.word("a file")?)?,
            "ready" => notify("READY=1")?,
            "notify" => notify(&script.word("a text")?)?,
            "print" => print(
                script.number("a number of lines")?,
                script.number("a length")?,
            )?,
            "say" => writeln!(stdout(), "{}", script.word("a text")?)?,
            "open" => {
                write!(stdout(), "{}", script.word("a text")?)?;
                stdout().flush()?;
            }
            "env" => environment(&script.word("a file")?)?,
            "ignore-term" => disposition(SigHandler::SigIgn)?,
            "child" => child(&script.word("a file")?)?,
            "until" => until(&script.word("a file")?)?,
            "exit" => return Ok(ExitCode::from(script.word("a code")?.parse::<u8>()?)),
            "abort" => std::process::abort(),
            "sleep" => loop {
                std::thread::park();
            },
            "wait" => break,
            other => anyhow::bail!("there is no verb {other:?}"),
        }
    }
    wait()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this process does nothing else meanwhile"
)]
fn until(file: &str) -> anyhow::Result<()> {
    while !std::fs::exists(file)? {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Ok(())
}

fn append(file: &str, text: &str) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn started(file: &str) -> anyhow::Result<()> {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)?;
    let nanoseconds = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
    append(file, &format!("{} {nanoseconds}\n", std::process::id()))
}

fn environment(file: &str) -> anyhow::Result<()> {
    let lines: Vec<_> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}\n", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    Ok(std::fs::write(file, lines.concat())?)
}

fn notify(text: &str) -> anyhow::Result<()> {
    let socket = std::env::vars_os().find(|(name, _)| name == "NOTIFY_SOCKET");
    let Some((_, path)) = socket else {
        anyhow::bail!("NOTIFY_SOCKET is not set")
    };
    UnixDatagram::unbound()?.send_to(text.as_bytes(), path)?;
    Ok(())
}

fn print(lines: usize, bytes: usize) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, stdout().lock());
    for number in 0..lines {
        let mut line = format!("{number} ");
        while line.len() + 1 < bytes {
            line.push('x');
        }
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a grandchild is what this is for"
)]
fn child(file: &str) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let child = std::process::Command::new(own).arg("wait").spawn()?;
    Ok(std::fs::write(file, child.id().to_string())?)
}

#[expect(
    unsafe_code,
    reason = "setting what a signal does is unsafe in general"
)]
fn disposition(handler: SigHandler) -> anyhow::Result<()> {
    // SAFETY: ignoring and the default action run no code of ours.
    unsafe { signal(Signal::SIGTERM, handler) }?;
    Ok(())
}

/// Until SIGTERM, which then counts as a clean end.
fn wait() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?.recv().await;
        Ok(ExitCode::SUCCESS)
    })
}
