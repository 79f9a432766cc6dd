//! Files of cases: a JSON array, `{"cases": […]}`, or one case a line; folders of them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::case::{Case, CaseError};

/// Why cases cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// No file or folder was named, or there is none in the folder.
    #[error("no cases in {0}: name a file, or a folder with files that end with .json or .jsonl")]
    Empty(String),
    /// It is not there or may not be read.
    #[error("{} cannot be read", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// It is not JSON.
    #[error("{} is not JSON", path.display())]
    NotJson {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    /// A case says too little.
    #[error("{}, case {number}{}", path.display(), name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())]
    Case {
        path: PathBuf,
        /// Counted from 1.
        number: usize,
        name: Option<String>,
        #[source]
        source: CaseError,
    },
}

/// All cases of files and folders, in order.
///
/// # Errors
/// For the first one that cannot be read, with the file, the case and the field.
pub(super) fn read_all(paths: impl IntoIterator<Item = PathBuf>) -> Result<Vec<Case>, FileError> {
    let mut cases = Vec::new();
    let mut named = Vec::new();
    for path in paths {
        for file in files(&path)? {
            cases.extend(read(&file)?);
        }
        named.push(path.display().to_string());
    }
    if cases.is_empty() {
        return Err(FileError::Empty(named.join(" ")));
    }
    Ok(cases)
}

/// The file itself, or the files of the folder by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("json" | "jsonl" | "ndjson")) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The cases of one file.
///
/// # Errors
/// As for [`read_all`].
pub(super) fn read(path: &Path) -> Result<Vec<Case>, FileError> {
    let text = std::fs::read_to_string(path).map_err(|source| FileError::Read {
        path: path.to_owned(),
        source,
    })?;
    let theme = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter()
    {
        let value: Value = value.map_err(|source| FileError::NotJson {
            path: path.to_owned(),
            source,
        })?;
        found.extend(cases_of(value));
    }
    let cases = found.iter().enumerate().map(|(index, value)| {
        Case::read(value, &theme, index + 1).map_err(|source| FileError::Case {
            path: path.to_owned(),
            number: index + 1,
            name: value.get("name").and_then(Value::as_str).map(str::to_owned),
            source,
        })
    });
    cases.collect()
}

/// One JSON value is a case, several in an array, or several under `cases`.
fn cases_of(value: Value) -> Vec<Value> {
    match value {
        Value::Array(cases) => cases,
        Value::Object(mut fields) if fields.get("cases").is_some_and(Value::is_array) => {
            fields.remove("cases").map_or_else(Vec::new, cases_of)
        }
        one => vec![one],
    }
}
