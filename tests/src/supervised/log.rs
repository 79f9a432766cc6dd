//! Logs of programs: as files, and as they are told to who follows them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use runtime::socket::client::Stream;
use schema::wire::supervisor::{
    FromSupervisor, LogLine, SupervisorLink, TailRequest, ToSupervisor,
};

use super::{LIMIT, Supervised};

impl Supervised {
    /// The log of a program.
    pub fn log(&self, program: &str) -> String {
        self.text(&format!("logs/{program}.log"))
    }

    /// Follows a log from its last `lines` on.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn follow(&self, name: &str, lines: u32) -> Result<Heard> {
        self.tail(TailRequest {
            names: vec![name.to_owned()],
            lines: Some(lines),
            follow: true,
            ..TailRequest::default()
        })
        .await
    }

    /// The last lines of a log.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn last_lines(&self, name: &str, lines: u32) -> Result<Vec<LogLine>> {
        let request = TailRequest {
            names: vec![name.to_owned()],
            lines: Some(lines),
            ..TailRequest::default()
        };
        self.tail(request).await?.all().await
    }

    /// Lines of logs.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn tail(&self, request: TailRequest) -> Result<Heard> {
        let stream = self.socket().stream(ToSupervisor::Tail(request)).await?;
        Ok(Heard(stream))
    }
}

/// Lines that are being told.
#[derive(Debug)]
pub struct Heard(Stream<SupervisorLink>);

impl Heard {
    /// The next line.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn line(&mut self) -> Result<LogLine> {
        let answer = tokio::time::timeout(LIMIT, self.0.next()).await;
        match answer.context("no line came")?? {
            Some(FromSupervisor::Line(line)) => Ok(line),
            other => bail!("instead of a line came {other:?}"),
        }
    }

    /// Everything up to the end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn all(mut self) -> Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        loop {
            let answer = tokio::time::timeout(LIMIT, self.0.next()).await;
            match answer.context("the end did not come")?? {
                Some(FromSupervisor::Line(line)) => lines.push(line),
                Some(FromSupervisor::TailEnded(_)) | None => return Ok(lines),
                Some(other) => bail!("instead of a line came {other:?}"),
            }
        }
    }
}

/// All that is kept of a log, each file alone, the oldest first; packed ones are unpacked.
///
/// # Errors
/// When a file is not what its name says.
pub async fn log_files(supervised: &Supervised, program: &str) -> Result<Vec<Vec<u8>>> {
    log_files_in(&supervised.scene.folder().join("logs"), program).await
}

/// The same of any folder.
///
/// # Errors
/// When a file is not what its name says.
pub async fn log_files_in(folder: &Path, program: &str) -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for number in 0..1000 {
        let name = match number {
            0 => format!("{program}.log"),
            number => format!("{program}.log.{number}"),
        };
        let packed = folder.join(format!("{name}.gz"));
        if let Ok(plain) = std::fs::read(folder.join(&name)) {
            files.push(plain);
        } else if packed.exists() {
            files.push(unpacked(&packed).await?);
        } else {
            break;
        }
    }
    files.reverse();
    Ok(files)
}

async fn unpacked(file: &Path) -> Result<Vec<u8>> {
    let mut gzip = tokio::process::Command::new("gzip");
    let output = gzip.arg("-dc").arg(file).output().await?;
    ensure!(
        output.status.success(),
        "{} is no packed log: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
