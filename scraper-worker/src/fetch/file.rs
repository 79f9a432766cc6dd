//! Reads export files from their folder, and nothing from outside of it: no other folder, no link, and
//! no more than a list can be. Leaves what a file says to its provider.
//!
//! Addresses: `file:///watchlist.csv` is the file of that name, `file:///export.zip#lists%2Fmine.csv` a file
//! inside it. A `*` in the name stands for anything; of several files that match, the last by name is
//! read, so a newer export of one person takes the place of an older one as soon as it lies there.
//! A file in a zip whose name ends in a number above 1 is a further part of the one without it, or with 1,
//! and is read after it: Trakt parts long lists so.
//! A zip whose files all lie in one folder is read as if they lay outside of it: file managers pack so.

use std::{
    borrow::Cow,
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::{fcntl::OFlag, libc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use runtime::exports::{ENDINGS, MOST_BYTES, check_name};
use schema::models::Cause;
use tokio::task::spawn_blocking;
use url::{Url, form_urlencoded};
use zip::{ZipArchive, result::ZipError};

use super::{encoding, http::HttpError};
use crate::provider::{Answer, Request};

/// Files in a zip; a Letterboxd export has one for each list and a dozen more.
const MOST_MEMBERS: usize = 10_000;
/// Bytes of a file's beginning.
const HEAD_BYTES: u64 = 64 * 1024;

/// The address of a file of the folder, or of one inside it.
pub(crate) fn address(name: &str, inner: Option<&str>) -> Option<Url> {
    let mut url = Url::parse("file:///").ok()?; // it is one
    url.path_segments_mut().ok()?.push(name); // it has a path
    let inner =
        inner.map(|inner| form_urlencoded::byte_serialize(inner.as_bytes()).collect::<String>());
    url.set_fragment(inner.as_deref());
    Some(url)
}

/// Reads the file of `request` as text.
///
/// # Errors
/// [`HttpError::Refused`] when there is no such file or it cannot be used.
pub(crate) async fn read(folder: &Path, request: &Request) -> Result<Answer, HttpError> {
    let (name, inner) = parts(&request.url);
    let folder = folder.to_owned();
    let body = blocking(move || text(&folder, &name, inner.as_deref())).await?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(Answer {
        status: 200,
        url: request.url.clone(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
        body,
    })
}

/// What `seen` makes of the beginning of a file, or of each that may be a list in a zip, whose path it is given.
///
/// # Errors
/// As [`read`].
pub(crate) async fn beginnings<T: Send + 'static>(
    folder: &Path,
    name: &str,
    seen: impl Fn(Option<&str>, &str) -> Option<T> + Send + 'static,
) -> Result<Vec<T>, HttpError> {
    let (folder, name) = (folder.to_owned(), name.to_owned());
    blocking(move || heads(&folder, &name, seen)).await
}

/// The text of a file, or of one inside it.
///
/// # Errors
/// As [`read`].
pub(crate) fn text(folder: &Path, name: &str, inner: Option<&str>) -> Result<String, HttpError> {
    let export = Export::open(folder, name)?;
    match inner {
        None => export.text(),
        Some(inner) => export.unzip()?.text(inner),
    }
}

/// [`beginnings`], at once.
///
/// # Errors
/// As [`read`].
pub(crate) fn heads<T>(
    folder: &Path,
    name: &str,
    seen: impl Fn(Option<&str>, &str) -> Option<T>,
) -> Result<Vec<T>, HttpError> {
    let export = Export::open(folder, name)?;
    if !is_zip(name) {
        return Ok(seen(None, &export.text()?).into_iter().collect());
    }
    let mut zip = export.unzip()?;
    let mut found = Vec::new();
    for (path, index) in zip.members.clone() {
        if is_list(&path) && !zip.is_further_part(&path) {
            found.extend(seen(Some(&path), &zip.head(index)?));
        }
    }
    Ok(found)
}

/// Whether a file of a zip may be a list, by its name.
fn is_list(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut endings = ENDINGS.iter().filter(|end| !is_zip(end));
    endings.any(|end| lower.ends_with(end))
}

/// What a JSON file and its further parts have in common: `lists-watchlist`, `.json`.
fn first_part(path: &str) -> Option<(&str, &str)> {
    let at = path.len().checked_sub(".json".len())?;
    let (stem, end) = path.split_at_checked(at)?;
    let is_json = end.eq_ignore_ascii_case(".json");
    is_json.then(|| (stem.strip_suffix("-1").unwrap_or(stem), end))
}

/// Whether this is the name of a zip.
pub(crate) fn is_zip(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".zip")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HttpError> + Send + 'static,
) -> Result<T, HttpError> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(refused(
            format!("the file could not be read: {error}"),
            "Try again.",
        ))
    })
}

/// Name in the folder, and path inside of it.
fn parts(url: &Url) -> (String, Option<String>) {
    let path = url.to_file_path().unwrap_or_default(); // no name is refused below
    let name = path
        .strip_prefix("/")
        .unwrap_or(&path)
        .to_string_lossy()
        .into_owned();
    let inner = url.fragment().map(|fragment| {
        let mut pairs = form_urlencoded::parse(fragment.as_bytes());
        pairs
            .next()
            .map_or_else(String::new, |(inner, _)| inner.into_owned())
    });
    (name, inner)
}

fn refused(reason: impl Into<String>, remedy: impl Into<String>) -> HttpError {
    HttpError::Refused {
        cause: Cause::Settings,
        reason: reason.into(),
        remedy: remedy.into(),
    }
}

fn too_large(what: &str) -> HttpError {
    HttpError::Refused {
        cause: Cause::TooLarge,
        reason: format!(
            "{what} is longer than {} MiB, which no list is",
            MOST_BYTES / 1024 / 1024
        ),
        remedy: "Put the export in as the site gave it, or part the list into several files."
            .into(),
    }
}

/// A file of the folder, open.
struct Export {
    name: String,
    file: File,
}

impl Export {
    fn open(folder: &Path, name: &str) -> Result<Self, HttpError> {
        let name = if name.contains('*') {
            last_match(folder, name).ok_or_else(|| absent(name))?
        } else {
            name.to_owned()
        };
        check_name(&name).map_err(|problem| {
            refused(
                format!("the name `{name}` {problem}"),
                "Put a file of another name into the folder of exports.",
            )
        })?;
        let path = folder.join(&name);
        let file = OpenOptions::new()
            .read(true)
            // A pipe must not keep us waiting.
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&path)
            .map_err(|error| closed(&name, &path, &error))?;
        let found = file
            .metadata()
            .map_err(|error| closed(&name, &path, &error))?;
        if !found.is_file() {
            return Err(refused(
                format!("{name} is no regular file"),
                "Put the exported file itself into the folder of exports.",
            ));
        }
        if found.len() > MOST_BYTES {
            return Err(too_large(&name));
        }
        Ok(Self { name, file })
    }

    fn text(self) -> Result<String, HttpError> {
        // It may have grown since its length was looked at.
        let bytes = bytes(self.file, MOST_BYTES).map_err(|error| unreadable(&self.name, &error))?;
        let bytes = bytes.ok_or_else(|| too_large(&self.name))?;
        Ok(encoding::text(bytes))
    }

    fn unzip(self) -> Result<Zip, HttpError> {
        let archive = ZipArchive::new(self.file).map_err(|error| no_zip(&self.name, &error))?;
        if archive.len() > MOST_MEMBERS {
            return Err(refused(
                format!(
                    "{} holds {} files; at most {MOST_MEMBERS} are read",
                    self.name,
                    archive.len()
                ),
                "Put the export in as the site gave it, or the list's own file alone.",
            ));
        }
        Ok(Zip {
            members: members(&archive),
            name: self.name,
            archive,
        })
    }
}

/// A zip of the folder, open.
struct Zip {
    name: String,
    archive: ZipArchive<File>,
    /// Path and number of each file in it.
    members: Vec<(String, usize)>,
}

impl Zip {
    /// The file and its further parts, one after the other.
    fn text(mut self, inner: &str) -> Result<String, HttpError> {
        let what = format!("{inner} in {}", self.name);
        let parts = self.parts(inner);
        if parts.is_empty() {
            return Err(refused(
                format!("there is no {what}"),
                "Put in an export that has it, or remove the list.",
            ));
        }
        let (mut text, mut left) = (String::new(), MOST_BYTES);
        for index in parts {
            let member = self
                .archive
                .by_index(index)
                .map_err(|error| no_zip(&self.name, &error))?;
            let bytes = bytes(member, left).map_err(|error| unreadable(&what, &error))?;
            let bytes = bytes.ok_or_else(|| too_large(&what))?;
            left -= bytes.len() as u64;
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&encoding::text(bytes));
        }
        Ok(text)
    }

    /// Numbers of the file of this path and of its further parts, in order.
    fn parts(&self, inner: &str) -> Vec<usize> {
        let index = |path: &str| {
            let found = self.members.iter().find(|(known, _)| known == path);
            found.map(|(_, index)| *index)
        };
        let further = first_part(inner).into_iter().flat_map(|(stem, end)| {
            let numbered = move |number| index(&format!("{stem}-{number}{end}"));
            (2..).map_while(numbered)
        });
        index(inner).into_iter().chain(further).collect()
    }

    /// Whether the file of this path is read with the one it is a part of.
    fn is_further_part(&self, path: &str) -> bool {
        let Some((stem, end)) = path.rsplit_once(".json").map(|(stem, _)| (stem, ".json")) else {
            return false;
        };
        let Some((stem, number)) = stem.rsplit_once('-') else {
            return false;
        };
        let is_further = number.parse().is_ok_and(|number: u32| number > 1);
        let firsts = [format!("{stem}{end}"), format!("{stem}-1{end}")];
        let has_first = || self.members.iter().any(|(known, _)| firsts.contains(known));
        is_further && has_first()
    }

    fn head(&mut self, index: usize) -> Result<String, HttpError> {
        let member = self
            .archive
            .by_index(index)
            .map_err(|error| no_zip(&self.name, &error))?;
        let mut head = Vec::new();
        member
            .take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(|error| unreadable(&self.name, &error))?;
        // What was cut within a letter is not in another encoding.
        if let Err(error) = std::str::from_utf8(&head)
            && error.error_len().is_none()
        {
            head.truncate(error.valid_up_to());
        }
        Ok(encoding::text(head))
    }
}

/// The files in a zip, but for those whose path leads out of it.
fn members(archive: &ZipArchive<File>) -> Vec<(String, usize)> {
    let named: Vec<_> = (0..archive.len())
        .filter_map(|index| Some((archive.name_for_index(index)?.ok()?, index))) // no name, no list
        .filter(|(path, _)| is_inside(path))
        .collect();
    let folder = outer_folder(named.iter().map(|(path, _)| path));
    named
        .iter()
        .filter(|(path, _)| !path.ends_with('/'))
        .map(|(path, index)| {
            let path = folder
                .as_deref()
                .and_then(|folder| path.strip_prefix(folder))
                .unwrap_or(path);
            (path.to_owned(), *index)
        })
        .collect()
}

fn is_inside(path: &str) -> bool {
    let is_plain = !path.starts_with('/') && !path.contains('\\');
    // What macOS adds to every zip.
    is_plain
        && !path
            .split('/')
            .any(|part| part == ".." || part == "__MACOSX")
}

/// The folder that everything lies in, with its slash.
fn outer_folder<'a>(paths: impl Iterator<Item = &'a Cow<'a, str>>) -> Option<String> {
    let mut folder = None;
    for path in paths {
        let (first, _) = path.split_once('/')?;
        if *folder.get_or_insert(first) != first {
            return None;
        }
    }
    folder.map(|folder| format!("{folder}/"))
}

/// The last by name of the files that match.
fn last_match(folder: &Path, pattern: &str) -> Option<String> {
    std::fs::read_dir(folder)
        .ok()? // a folder that is not there has none
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()) // nor has one we cannot name
        .filter(|name| matches(pattern, name))
        .max()
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(place) = rest.find(part) else {
            return false;
        };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

fn absent(name: &str) -> HttpError {
    refused(
        format!("there is no file {name} in the folder of exports"),
        "Put it there again (`listsync lists add FILE`), or remove the list.",
    )
}

fn closed(name: &str, path: &Path, error: &io::Error) -> HttpError {
    match error.kind() {
        io::ErrorKind::NotFound => absent(name),
        io::ErrorKind::PermissionDenied => refused(
            format!("the file {name} may not be read by the user that ListSync runs as"),
            format!("Let it: `chmod a+r '{}'`.", path.display()),
        ),
        _ if error.raw_os_error() == Some(libc::ELOOP) => refused(
            format!("{name} is a symbolic link, which is not followed"),
            "Put the file itself into the folder of exports.",
        ),
        _ => unreadable(name, error),
    }
}

fn unreadable(what: &str, error: &io::Error) -> HttpError {
    refused(
        format!("{what} cannot be read: {error}"),
        "It is probably damaged: get it from the site again.",
    )
}

fn no_zip(name: &str, error: &ZipError) -> HttpError {
    if matches!(error, ZipError::UnsupportedArchive(what) if *what == ZipError::PASSWORD_REQUIRED) {
        return refused(
            format!("{name} is encrypted"),
            "Unpack it, and put in the file without a password.",
        );
    }
    refused(
        format!("{name} is no zip that can be read: {error}"),
        "It is probably not complete: get it from the site again.",
    )
}

/// All bytes, or none when there are more than `most`.
fn bytes(from: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, os::unix::fs::PermissionsExt};

    use nix::{
        sys::stat::Mode,
        unistd::{Uid, mkfifo},
    };
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (path, bytes) in files {
            zip.start_file(*path, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    async fn text(
        folder: &Path,
        name: &str,
        inner: Option<&str>,
    ) -> Result<String, (String, String)> {
        let request = Request::get(address(name, inner).unwrap(), "file");
        read(folder, &request)
            .await
            .map(|answer| answer.body)
            .map_err(|error| match error {
                HttpError::Refused {
                    cause: Cause::Settings | Cause::TooLarge,
                    reason,
                    remedy,
                } => (reason, remedy),
                other => panic!("{other}"),
            })
    }

    #[actix_rt::test]
    async fn a_file_is_read_whatever_its_name() {
        for name in ["a.csv", "Ä list (1).csv", "50%25 #1?.csv"] {
            let folder = folder(&[(name, b"text")]);
            assert_eq!(
                text(folder.path(), name, None).await.unwrap(),
                "text",
                "{name}"
            );
        }
    }

    #[actix_rt::test]
    async fn text_is_utf8_with_or_without_mark_or_windows_1252() {
        let folder = folder(&[
            ("mark.csv", "\u{feff}Amélie".as_bytes()),
            ("old.csv", b"Am\xe9lie \x80\x93"),
        ]);
        assert_eq!(
            text(folder.path(), "mark.csv", None).await.unwrap(),
            "Amélie"
        );
        assert_eq!(
            text(folder.path(), "old.csv", None).await.unwrap(),
            "Amélie €“"
        );
    }

    #[actix_rt::test]
    async fn a_file_inside_a_zip_is_read_also_when_all_lies_in_one_folder() {
        let files: &[(&str, &[u8])] = &[("watchlist.csv", b"w"), ("lists/a b.csv", b"l")];
        let packed: Vec<_> = files
            .iter()
            .map(|(path, bytes)| (format!("export/{path}"), *bytes))
            .collect();
        let mut packed: Vec<_> = packed
            .iter()
            .map(|(path, bytes)| (path.as_str(), *bytes))
            .collect();
        packed.push(("__MACOSX/._x", b""));
        let folder = folder(&[("a.zip", &zipped(files)), ("b.ZIP", &zipped(&packed))]);
        for name in ["a.zip", "b.ZIP"] {
            assert_eq!(
                text(folder.path(), name, Some("lists/a b.csv"))
                    .await
                    .unwrap(),
                "l"
            );
            assert_eq!(
                text(folder.path(), name, Some("watchlist.csv"))
                    .await
                    .unwrap(),
                "w"
            );
        }
        let seen = |path: Option<&str>, text: &str| Some(format!("{}={text}", path.unwrap()));
        let seen = beginnings(folder.path(), "b.ZIP", seen).await.unwrap();
        assert_eq!(seen, ["watchlist.csv=w", "lists/a b.csv=l"]);
    }

    #[actix_rt::test]
    async fn the_parts_of_a_long_list_are_read_as_one() {
        let zip = zipped(&[
            ("lists-watchlist-2.json", b"[2]"),
            ("lists-watchlist.json", b"[1]"),
            ("lists-watchlist-3.json", b"[3]"),
            ("lists-watchlist-5.json", b"[5]"),
            ("collection-1.json", b"[a]"),
            ("collection-2.json", b"[b]"),
            ("lists-list-2.json", b"[x]"),
        ]);
        let folder = folder(&[("trakt.zip", &zip)]);
        let read = async |inner| text(folder.path(), "trakt.zip", Some(inner)).await.unwrap();
        assert_eq!(read("lists-watchlist.json").await, "[1]\n[2]\n[3]");
        assert_eq!(read("collection-1.json").await, "[a]\n[b]");
        assert_eq!(read("lists-list-2.json").await, "[x]");
        let seen = |path: Option<&str>, _: &str| path.map(str::to_owned);
        let seen = beginnings(folder.path(), "trakt.zip", seen).await.unwrap();
        let expected = [
            "lists-watchlist.json",
            "collection-1.json",
            "lists-list-2.json",
        ];
        assert_eq!(seen, expected);
    }

    #[actix_rt::test]
    async fn of_several_that_match_the_last_by_name_is_read() {
        let folder = folder(&[
            ("x-bob-2026-01-utc.zip", &zipped(&[("a.csv", b"old")])),
            ("x-bob-2026-02-utc (1).zip", &zipped(&[("a.csv", b"new")])),
            ("x-bob-other.zip", b""),
            ("x-eve-2027-01-utc.zip", b""),
        ]);
        let name = "x-bob-*-utc*.zip";
        assert_eq!(
            text(folder.path(), name, Some("a.csv")).await.unwrap(),
            "new"
        );
        let (reason, _) = text(folder.path(), "x-zoe-*.zip", Some("a.csv"))
            .await
            .unwrap_err();
        assert!(reason.contains("no file x-zoe-*.zip"), "{reason}");
    }

    #[actix_rt::test]
    async fn nothing_outside_of_the_folder_is_read() {
        let outer = folder(&[("secret.csv", b"secret"), ("evil.zip", b"")]);
        let folder = outer.path().join("exports");
        fs::create_dir(&folder).unwrap();
        fs::create_dir(folder.join("sub.csv")).unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret.csv"), folder.join("link.csv"))
            .unwrap();
        mkfifo(&folder.join("pipe.csv"), Mode::S_IRWXU).unwrap();
        for (name, said) in [
            ("../secret.csv", "without folders"),
            ("/etc/passwd", "without folders"),
            ("..", ".txt or .zip"),
            ("passwd", ".txt or .zip"),
            ("link.csv", "symbolic link"),
            ("sub.csv", "no regular file"),
            ("pipe.csv", "no regular file"),
            ("gone.csv", "there is no file gone.csv"),
        ] {
            let (reason, remedy) = text(&folder, name, None).await.unwrap_err();
            assert!(reason.contains(said), "{name}: {reason}");
            assert!(remedy.ends_with('.'), "{remedy}");
        }
        let raw = Request::get("file:///..%2Fsecret.csv".parse().unwrap(), "file");
        assert!(read(&folder, &raw).await.is_err());
    }

    #[actix_rt::test]
    async fn paths_that_lead_out_of_a_zip_are_not_in_it() {
        let zip = zipped(&[
            ("../../x.csv", b"x"),
            ("a/../../y.csv", b"y"),
            ("a.csv", b"a"),
        ]);
        let folder = folder(&[("a.zip", &zip)]);
        for inner in ["../../x.csv", "a/../../y.csv", "x.csv", ""] {
            let (reason, _) = text(folder.path(), "a.zip", Some(inner)).await.unwrap_err();
            assert!(reason.starts_with("there is no "), "{reason}");
        }
    }

    #[actix_rt::test]
    async fn a_zip_bomb_is_refused_when_it_is_too_long_and_not_before() {
        let zeros = vec![b'0'; usize::try_from(MOST_BYTES).unwrap()];
        let longer = [zeros.as_slice(), b"0"].concat();
        let zip = zipped(&[("most.csv", &zeros), ("bomb.csv", &longer)]);
        assert!(zip.len() < 100_000);
        let folder = folder(&[("a.zip", &zip), ("a.csv", &longer)]);
        let most = text(folder.path(), "a.zip", Some("most.csv"))
            .await
            .unwrap();
        assert_eq!(most.len() as u64, MOST_BYTES);
        for (name, inner) in [("a.zip", Some("bomb.csv")), ("a.csv", None)] {
            let (reason, _) = text(folder.path(), name, inner).await.unwrap_err();
            assert!(reason.contains("longer than 16 MiB"), "{reason}");
        }
        let seen = beginnings(folder.path(), "a.zip", |_, head| Some(head.len())).await;
        assert_eq!(seen.unwrap(), [65536, 65536]);
    }

    #[actix_rt::test]
    async fn a_zip_of_too_many_files_is_refused() {
        let names: Vec<_> = (0..=MOST_MEMBERS).map(|name| name.to_string()).collect();
        let files: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), b"".as_slice()))
            .collect();
        let folder = folder(&[("a.zip", &zipped(&files))]);
        let (reason, remedy) = text(folder.path(), "a.zip", Some("1")).await.unwrap_err();
        assert_eq!(reason, "a.zip holds 10001 files; at most 10000 are read");
        assert!(remedy.contains("the list's own file"), "{remedy}");
    }

    #[actix_rt::test]
    async fn damaged_truncated_and_encrypted_zips_are_refused() {
        let whole = zipped(&[("a.csv", b"Date,Name,Year,Letterboxd URI\n")]);
        let cut = whole[..whole.len() - 10].to_vec();
        let mut encrypted = whole.clone();
        let local = whole
            .windows(4)
            .position(|four| four == b"PK\x03\x04")
            .unwrap();
        let central = whole
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
        encrypted[local + 6] |= 1;
        encrypted[central + 8] |= 1;
        let mut damaged = whole.clone();
        damaged[local + 40] ^= 0xff;
        let folder = folder(&[
            ("cut.zip", &cut),
            ("text.zip", b"Date,Name"),
            ("empty.zip", b""),
            ("encrypted.zip", &encrypted),
            ("damaged.zip", &damaged),
        ]);
        for (name, said) in [
            ("cut.zip", "no zip that can be read"),
            ("text.zip", "no zip that can be read"),
            ("empty.zip", "no zip that can be read"),
            ("encrypted.zip", "encrypted.zip is encrypted"),
            ("damaged.zip", "cannot be read"),
        ] {
            let (reason, _) = text(folder.path(), name, Some("a.csv")).await.unwrap_err();
            assert!(reason.contains(said), "{name}: {reason}");
        }
    }

    #[actix_rt::test]
    async fn a_file_that_may_not_be_read_says_how_to_change_that() {
        if Uid::effective().is_root() {
            return; // root reads everything
        }
        let folder = folder(&[("a.csv", b"x")]);
        let mode = fs::Permissions::from_mode(0o000);
        fs::set_permissions(folder.path().join("a.csv"), mode).unwrap();
        let (_, remedy) = text(folder.path(), "a.csv", None).await.unwrap_err();
        assert!(remedy.contains("chmod a+r"), "{remedy}");
    }
}
