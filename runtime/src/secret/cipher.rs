//! Encrypts saved secrets: AES-256-GCM under the key of `LISTSYNC_SECRET_KEY` or of a key file.
//! Leaves where the text is stored to `schema`.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::Secret;
use crate::{environment::Environment, settings::PathSettings};

/// Marks the form of the text, so that a later one can be told apart.
const FORM: &str = "v1:";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// Why secrets cannot be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A key file cannot be read or made.
    #[error(
        "cannot use the key file {path}; it must be ours to read, and neither empty nor cut short"
    )]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No random bytes.
    #[error("the kernel gave no random bytes")]
    Random(#[source] getrandom::Error),
    /// Encrypted under another key, for another setting, or damaged.
    #[error(
        "the saved value of `{key}` cannot be decrypted: it was saved under another key than the \
         one from {origin}; bring that key back or enter the value again"
    )]
    WrongKey {
        /// The setting.
        key: String,
        /// Where the key in use is from.
        origin: String,
    },
    /// The stored text is not of a form that we write.
    #[error("the saved value of `{key}` is not encrypted text of ours; enter the value again")]
    Malformed {
        /// The setting.
        key: String,
    },
    /// The value cannot be encrypted, which only one of 64 GiB and more can cause.
    #[error("the value of `{key}` is too long to be encrypted")]
    TooLong {
        /// The setting.
        key: String,
    },
}

/// Encrypts and decrypts the values of secret settings.
#[derive(Clone)]
pub struct Cipher {
    cipher: Aes256Gcm,
    origin: String,
}

impl Cipher {
    /// The key is SHA-256 of `LISTSYNC_SECRET_KEY` (or of the file `LISTSYNC_SECRET_KEY_FILE`
    /// names), else `secret.key` in the data directory, which is made when it is missing.
    ///
    /// # Errors
    /// [`SecretError::KeyFile`] when the file cannot be read, made or is too short.
    pub fn open(paths: &PathSettings, environment: &Environment) -> Result<Self, SecretError> {
        if let Some(text) = environment.get("LISTSYNC_SECRET_KEY") {
            return Ok(Self::from_text(text, "LISTSYNC_SECRET_KEY"));
        }
        if let Some(path) = environment.get("LISTSYNC_SECRET_KEY_FILE") {
            let path = Path::new(path);
            let text = std::fs::read_to_string(path).map_err(|source| SecretError::KeyFile {
                path: path.to_owned(),
                source,
            })?;
            if text.trim().is_empty() {
                let source = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Err(SecretError::KeyFile {
                    path: path.to_owned(),
                    source,
                });
            }
            return Ok(Self::from_text(text.trim(), &path.display().to_string()));
        }
        let path = paths.secret_key_file();
        let key = read_or_make(&path)?;
        Ok(Self::new(key, path.display().to_string()))
    }

    fn from_text(text: &str, origin: &str) -> Self {
        Self::new(Sha256::digest(text.as_bytes()).into(), origin.to_owned())
    }

    fn new(key: [u8; KEY_BYTES], origin: String) -> Self {
        Self {
            cipher: Aes256Gcm::new(&key.into()),
            origin,
        }
    }

    /// Encrypts the value of the setting `key`; the text can only be decrypted for that setting.
    ///
    /// # Errors
    /// [`SecretError::Random`] without random bytes.
    pub fn encrypt(&self, key: &str, value: &Secret) -> Result<String, SecretError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(SecretError::Random)?;
        let payload = Payload {
            msg: value.expose().as_bytes(),
            aad: key.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_opaque| SecretError::TooLong {
                key: key.to_owned(),
            })?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{FORM}{}", STANDARD.encode(bytes)))
    }

    /// Decrypts what [`Cipher::encrypt`] made for the same setting.
    ///
    /// # Errors
    /// [`SecretError::WrongKey`] and [`SecretError::Malformed`].
    pub fn decrypt(&self, key: &str, text: &str) -> Result<Secret, SecretError> {
        let malformed = || SecretError::Malformed {
            key: key.to_owned(),
        };
        let encoded = text.strip_prefix(FORM).ok_or_else(malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_where| malformed())?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(malformed)?;
        let opened = self
            .cipher
            .decrypt(
                &(*nonce).into(),
                Payload {
                    msg: sealed,
                    aad: key.as_bytes(),
                },
            )
            .map_err(|_opaque| SecretError::WrongKey {
                key: key.to_owned(),
                origin: self.origin.clone(),
            })?;
        let value = String::from_utf8(opened).map_err(|_bytes| malformed())?;
        Ok(Secret::new(value))
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

fn read_or_make(path: &Path) -> Result<[u8; KEY_BYTES], SecretError> {
    let failed = |source| SecretError::KeyFile {
        path: path.to_owned(),
        source,
    };
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(SecretError::Random)?;
    match make(path, &key) {
        Ok(()) => Ok(key),
        // Another process was quicker; its file is complete since it appeared by a link.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn read(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    File::open(path)?.read_exact(&mut key)?;
    Ok(key)
}

/// Writes the key beside its place and links it there, which fails when the place is taken: the
/// file is seen whole or not at all.
fn make(path: &Path, key: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("key.{}.new", unique()?));
    let linked = write_new(&beside, key).and_then(|()| std::fs::hard_link(&beside, path));
    let removed = std::fs::remove_file(&beside);
    match linked {
        // Some network shares know no links; there a process that races may find a cut file, ends,
        // and finds it whole when it is started again.
        Err(error) if is_unsupported(&error) => write_new(path, key),
        linked => linked.and(removed),
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    ) || error.raw_os_error() == Some(nix::errno::Errno::ENOSYS as i32)
}

fn write_new(path: &Path, key: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

fn unique() -> io::Result<u64> {
    getrandom::u64().map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn paths(folder: &Path) -> PathSettings {
        PathSettings {
            data_dir: folder.to_owned(),
            run_dir: folder.join("run"),
            log_dir: folder.join("logs"),
        }
    }

    fn keyed(text: &str) -> Cipher {
        let environment = Environment::of([("LISTSYNC_SECRET_KEY", text)]);
        Cipher::open(&paths(Path::new("/nonexistent")), &environment).unwrap()
    }

    #[test]
    fn a_value_survives_and_two_encryptions_of_it_differ() {
        let cipher = keyed("correct horse");
        let value = Secret::new("hush ☂");
        let one = cipher.encrypt("seerr.api_key", &value).unwrap();
        let other = cipher.encrypt("seerr.api_key", &value).unwrap();
        assert!(one.starts_with("v1:") && one != other);
        assert_eq!(cipher.decrypt("seerr.api_key", &one).unwrap(), value);
        assert_eq!(
            keyed("correct horse")
                .decrypt("seerr.api_key", &other)
                .unwrap(),
            value
        );
    }

    #[test]
    fn another_key_another_setting_and_damage_are_refused_with_a_remedy() {
        let text = keyed("one")
            .encrypt("seerr.api_key", &Secret::new("hush"))
            .unwrap();
        let error = keyed("other").decrypt("seerr.api_key", &text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the saved value of `seerr.api_key` cannot be decrypted: it was saved under another \
             key than the one from LISTSYNC_SECRET_KEY; bring that key back or enter the value again"
        );
        let error = keyed("one")
            .decrypt("providers.tmdb.key", &text)
            .unwrap_err();
        assert!(matches!(error, SecretError::WrongKey { .. }));
        for damaged in ["hush", "v1:", "v1:!!", "v1:AAAA"] {
            let error = keyed("one").decrypt("seerr.api_key", damaged).unwrap_err();
            assert!(matches!(error, SecretError::Malformed { .. }), "{damaged}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_only_for_us() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder.path().join("data"));
        let none = Environment::default();
        let text = Cipher::open(&paths, &none)
            .unwrap()
            .encrypt("a", &Secret::new("hush"))
            .unwrap();
        let mode = std::fs::metadata(paths.secret_key_file())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Cipher::open(&paths, &none).unwrap();
        assert_eq!(again.decrypt("a", &text).unwrap().expose(), "hush");
        assert_eq!(std::fs::read_dir(&paths.data_dir).unwrap().count(), 1);
    }

    #[test]
    fn processes_that_race_for_the_key_file_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| read_or_make(&path).unwrap()))
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_key_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret.key"), "short").unwrap();
        let error = Cipher::open(&paths(folder.path()), &Environment::default()).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot use the key file /"),
            "{error}"
        );
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        for path in ["/nonexistent/key", empty.to_str().unwrap()] {
            let named = Environment::of([("LISTSYNC_SECRET_KEY_FILE", path)]);
            let error = Cipher::open(&paths(folder.path()), &named).unwrap_err();
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}
