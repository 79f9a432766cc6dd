//! Makes the first API key and lays it into the data directory, readable by its owner alone.
//! Leaves further keys to `listsync api-key create`.
//!
//! The file is there before its digest is stored: a crash in between leaves a file whose key the
//! next start takes up. The other way round a key would be valid that nobody knows.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use runtime::{
    Clock,
    secret::{SecretError, api_key_digest, new_api_key},
    settings::PathSettings,
};
use schema::{
    Db, DbError,
    models::{ApiKey, NewApiKey},
};

/// Name of the first key.
const NAME: &str = "first key";
/// Shorter texts are no keys of ours.
const SHORTEST_KEY: usize = 32;

/// Why there is no first key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// No random bytes.
    #[error("no key can be made")]
    Random(#[from] SecretError),
    /// The file cannot be read or written.
    #[error("cannot use the key file {path}; make its folder writable for this user")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The digest cannot be stored.
    #[error("the key cannot be stored")]
    Database(#[from] DbError),
}

/// Where the first key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstKey {
    /// There is a valid key already.
    NotNeeded,
    /// The file's key was taken up.
    FromFile,
    /// A new one was made.
    Made,
}

/// Sees to it that there is a valid key, and that its owner can find the first one.
pub(crate) async fn ensure_first_key(
    db: &Db,
    paths: &PathSettings,
    clock: &Clock,
) -> Result<FirstKey, KeyError> {
    if db.read(ApiKey::count_valid).await? > 0 {
        return Ok(FirstKey::NotNeeded);
    }
    let path = paths.api_key_file();
    let failed = |source| KeyError::File {
        path: path.clone(),
        source,
    };
    if let Some(key) = read(&path).map_err(failed)? {
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        if store(db, &key, clock).await? {
            tracing::info!("took up the API key in {}", path.display());
            return Ok(FirstKey::FromFile);
        }
    }
    let key = new_api_key()?;
    write(&path, &key).map_err(failed)?;
    store(db, &key, clock).await?;
    tracing::info!("made the first API key; it is in {}", path.display());
    Ok(FirstKey::Made)
}

/// The key in the file, if there is one that could be ours.
fn read(path: &Path) -> io::Result<Option<String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
        Err(error) => return Err(error),
    };
    let key = text.trim();
    let is_key = key.len() >= SHORTEST_KEY && key.chars().all(|c| c.is_ascii_graphic());
    Ok(is_key.then(|| key.to_owned()))
}

/// Writes the whole file or none of it.
fn write(path: &Path, key: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Stores the digest; false when it is known and was revoked.
async fn store(db: &Db, key: &str, clock: &Clock) -> Result<bool, DbError> {
    let new = NewApiKey {
        name: NAME.into(),
        digest: api_key_digest(key),
        created_at: clock.now(),
    };
    match db.write(move |conn| ApiKey::insert(conn, &new)).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_duplicate() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    struct Place {
        db: Db,
        paths: PathSettings,
        clock: Clock,
        _folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let data_dir = folder.path().to_owned();
            let paths = PathSettings {
                run_dir: data_dir.clone(),
                log_dir: data_dir.clone(),
                data_dir,
            };
            schema::migrate(&paths.database()).unwrap();
            let db = Db::open(&paths.database()).unwrap();
            Self {
                db,
                paths,
                clock: Clock::fixed(now().naive_utc()),
                _folder: folder,
            }
        }

        async fn ensure(&self) -> FirstKey {
            ensure_first_key(&self.db, &self.paths, &self.clock)
                .await
                .unwrap()
        }

        fn file(&self) -> String {
            std::fs::read_to_string(self.paths.api_key_file()).unwrap()
        }

        async fn is_valid(&self, key: &str) -> bool {
            let digest = api_key_digest(key.trim());
            self.db
                .read(move |conn| ApiKey::find_valid(conn, &digest))
                .await
                .unwrap()
                .is_some()
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[actix_web::test]
    async fn the_first_start_makes_a_key_that_only_its_owner_can_read() {
        let place = Place::new();
        assert_eq!(place.ensure().await, FirstKey::Made);
        assert!(place.is_valid(&place.file()).await);
        assert_eq!(mode(&place.paths.api_key_file()), 0o600);
        assert!(!place.paths.api_key_file().with_extension("new").exists());
        let before = place.file();
        assert_eq!(place.ensure().await, FirstKey::NotNeeded);
        assert_eq!(place.file(), before);
    }

    #[actix_web::test]
    async fn a_key_file_without_a_stored_key_is_taken_up_and_closed_to_others() {
        let place = Place::new();
        let path = place.paths.api_key_file();
        std::fs::write(&path, "a-key-written-before-the-crash-0123456789\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(place.ensure().await, FirstKey::FromFile);
        assert!(
            place
                .is_valid("a-key-written-before-the-crash-0123456789")
                .await
        );
        assert_eq!(mode(&path), 0o600);
    }

    #[actix_web::test]
    async fn half_written_files_of_a_crash_are_replaced() {
        let place = Place::new();
        let path = place.paths.api_key_file();
        std::fs::write(path.with_extension("new"), "half").unwrap();
        std::fs::set_permissions(path.with_extension("new"), Permissions::from_mode(0o666))
            .unwrap();
        std::fs::write(&path, "").unwrap();
        assert_eq!(place.ensure().await, FirstKey::Made);
        assert!(place.is_valid(&place.file()).await);
        assert_eq!(mode(&path), 0o600);
    }

    #[actix_web::test]
    async fn a_data_directory_that_is_gone_is_named() {
        let place = Place::new();
        let mut paths = place.paths.clone();
        paths.data_dir = "/nonexistent".into();
        let error = ensure_first_key(&place.db, &paths, &place.clock)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use the key file /nonexistent/api-key; make its folder writable for this user"
        );
    }
}
