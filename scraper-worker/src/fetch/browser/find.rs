//! Which file is the browser. Leaves running it to `launch`.

use std::path::{Path, PathBuf};

/// Files that are browsers, best first. `/usr/bin/chromium` of Debian is a shell script that adds
/// arguments of its own, so the file behind it comes before it.
const FILES: &[&str] = &[
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/bin/chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
    "/usr/local/bin/chromium",
    "/usr/local/bin/chrome",
];
/// Debian's shell script, and the file behind it.
const WRAPPED: (&str, &str) = ("/usr/bin/chromium", "/usr/lib/chromium/chromium");

/// Finds the file to run; `Err` says what is missing.
pub(super) fn find(configured: Option<&Path>) -> Result<PathBuf, Missing> {
    let Some(path) = configured else {
        let found = FILES.iter().map(Path::new).find(|path| path.is_file());
        return found.map(Path::to_owned).ok_or(Missing::Any);
    };
    let (wrapper, behind) = (Path::new(WRAPPED.0), Path::new(WRAPPED.1));
    if path == wrapper && behind.is_file() {
        return Ok(behind.to_owned());
    }
    if path.is_file() {
        Ok(path.to_owned())
    } else {
        Err(Missing::Configured(path.to_owned()))
    }
}

/// Why there is no browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// None is installed.
    Any,
    /// The one of the settings is not there.
    Configured(PathBuf),
}

impl Missing {
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Any => "no browser is installed, and this page needs one".to_owned(),
            Self::Configured(path) => {
                format!(
                    "the browser of the settings, {}, is not there",
                    path.display()
                )
            }
        }
    }

    pub(super) fn remedy(&self) -> String {
        match self {
            Self::Any => "Install Debian's `chromium-headless-shell` (`apt install \
                 chromium-headless-shell`), or set `browser.path` (LISTSYNC_BROWSER_PATH) to \
                 Chromium or Chrome; the container image has one."
                .to_owned(),
            Self::Configured(_) => "Correct `browser.path` (LISTSYNC_BROWSER_PATH), or leave it \
                 unset to have one found."
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_of_the_settings_is_not_replaced_by_another() {
        let missing = find(Some(Path::new("/nowhere/chromium"))).unwrap_err();
        assert!(missing.reason().contains("/nowhere/chromium"));
        assert!(missing.remedy().contains("LISTSYNC_BROWSER_PATH"));
        assert_eq!(find(Some(Path::new("/bin/sh"))), Ok("/bin/sh".into()));
        assert!(Missing::Any.remedy().contains("chromium-headless-shell"));
    }
}
