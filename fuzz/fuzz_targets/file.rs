//! Any bytes as an export file: the first byte chooses its ending, the rest is the file. What lists there
//! are in it is looked for, and each is read.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use scraper_worker::parse_once::exported;

const NAMES: [&str; 5] = ["a.zip", "a.csv", "a.tsv", "a.json", "a.txt"];
/// The most that is read of one list.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// In memory, one for each process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(format!("/dev/shm/listsync-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("/dev/shm takes a folder");
    folder
});

fuzz_target!(|data: &[u8]| {
    let [which, file @ ..] = data else {
        return;
    };
    let name = NAMES[usize::from(*which) % NAMES.len()];
    fs::write(FOLDER.join(name), file).expect("/dev/shm takes a file");
    for texts in exported(&FOLDER, name).unwrap_or_default() {
        // A file in another encoding becomes up to three times as long.
        assert!(texts <= 8 * 3 * MOST_BYTES, "{texts} bytes of text");
    }
});
