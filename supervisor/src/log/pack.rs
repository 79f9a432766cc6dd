//! Packs old log files, on a thread of its own with the lowest priority.
//!
//! It writes beside the log and renames nothing: the log thread knows where the file is by the time that it
//! is done. Leaves that to [`super::backups`], and when to pack to [`super::sink`].

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::mpsc,
};

use flate2::{Compression, write::GzEncoder};

use super::backups::unfinished;

/// The lowest priority there is.
const NICE: i32 = 19;

/// Told when a file is packed, with its device and number.
pub(super) type Done = Box<dyn FnOnce(io::Result<(u64, u64)>) + Send>;

/// A file to pack.
pub(super) struct Job {
    /// The log it belongs to.
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) done: Done,
}

/// Hands jobs to the thread, which is started with the first.
#[derive(Debug, Default)]
pub(super) struct Packer(Option<mpsc::Sender<Job>>);

impl Packer {
    /// Packs a file when it is its turn.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(super) fn pack(&mut self, job: Job) -> io::Result<()> {
        let jobs = match &self.0 {
            Some(jobs) => jobs,
            None => self.0.insert(start()?),
        };
        jobs.send(job)
            .map_err(|_gone| io::Error::other("the thread that packs old logs is gone"))
    }
}

fn start() -> io::Result<mpsc::Sender<Job>> {
    let (jobs, received) = mpsc::channel::<Job>();
    std::thread::Builder::new()
        .name("pack".to_owned())
        .spawn(move || {
            // On Linux this is about the thread alone. Without it packing is only less polite.
            if let Err(error) = rustix::process::nice(NICE) {
                tracing::debug!("old logs are packed with the usual priority: {error}");
            }
            for Job { path, file, done } in received {
                done(pack(&path, file));
            }
        })?;
    Ok(jobs)
}

fn pack(path: &Path, mut file: File) -> io::Result<(u64, u64)> {
    let packed = unfinished(path);
    let write = |file: &mut File| {
        let about = file.metadata()?;
        let target = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(about.mode() & 0o7777)
            .open(&packed)?;
        // The fastest: what is logged much is packed much.
        let mut encoder = GzEncoder::new(BufWriter::new(target), Compression::fast());
        io::copy(file, &mut encoder)?;
        let target = encoder
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        // Others clean up by age.
        target.set_modified(about.modified()?)?;
        // On the disk before the plain file is removed, so that a loss of power costs neither.
        target.sync_all()?;
        Ok((about.dev(), about.ino()))
    };
    let written = write(&mut file);
    if written.is_err() {
        // The error is told; what is left is removed with the next start.
        std::fs::remove_file(&packed).unwrap_or_default();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_packed_file_holds_the_same_and_is_as_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let text = (0..20_000).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        std::fs::write(&path, &text).unwrap();
        let (done, told) = mpsc::channel();
        let job = Job {
            path: path.clone(),
            file: File::open(&path).unwrap(),
            done: Box::new(move |result| done.send(result).unwrap()),
        };
        Packer::default().pack(job).unwrap();
        let inode = told.recv().unwrap().unwrap();
        let about = std::fs::metadata(&path).unwrap();
        assert_eq!(inode, (about.dev(), about.ino()));
        let packed = File::open(unfinished(&path)).unwrap();
        let about_packed = packed.metadata().unwrap();
        assert!(about_packed.len() < about.len() / 2);
        assert_eq!(about_packed.modified().unwrap(), about.modified().unwrap());
        let mut back = String::new();
        flate2::read::MultiGzDecoder::new(packed)
            .read_to_string(&mut back)
            .unwrap();
        assert!(back == text);
    }

    #[test]
    fn what_cannot_be_written_is_told_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone/api.log");
        let file = tempfile::tempfile().unwrap();
        assert!(pack(&path, file).is_err());
        assert!(folder.path().read_dir().unwrap().next().is_none());
    }
}
