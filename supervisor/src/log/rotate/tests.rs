//! One file: what is written, what is rotated, what a failing disk does.

use super::{super::backups::numbered, *};

fn whole(log: &mut LogFile, bytes: &[u8]) {
    assert!(matches!(log.write(bytes), Written::Whole));
}

fn opened(path: &Path, max_bytes: u64, backups: u32) -> LogFile {
    let (log, opened) = LogFile::open(path.to_owned(), max_bytes, backups);
    opened.unwrap();
    log
}

/// All that is kept, oldest first, and each file alone.
fn read(path: &Path, backups: u32) -> (String, Vec<String>) {
    let files: Vec<String> = (1..=backups)
        .rev()
        .map(|number| numbered(path, number))
        .chain([path.to_owned()])
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    (files.concat(), files)
}

#[test]
fn rotation_loses_no_line_and_splits_none_whatever_the_chunks() {
    let lines: Vec<_> = (0..500)
        .map(|n| {
            format!(
                "line {n} {}
",
                "x".repeat(n % 90)
            )
        })
        .collect();
    let all = lines.concat();
    for chunk in [1, 7, 64, 150, 997, 5000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let mut log = opened(&path, 1000, 100);
        for part in all.as_bytes().chunks(chunk) {
            whole(&mut log, part);
        }
        let (together, files) = read(&path, 100);
        assert_eq!(together, all, "chunks of {chunk}");
        assert!(files.len() > 20);
        for file in &files {
            assert!(file.is_empty() || file.ends_with('\n'), "chunks of {chunk}");
            assert!(file.len() <= 1100, "chunks of {chunk}: {}", file.len());
        }
    }
}

#[test]
fn a_restart_appends_and_old_files_go_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.log");
    for line in ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n"] {
        whole(&mut opened(&path, 8, 2), line.as_bytes());
    }
    assert_eq!(read(&path, 9).1, ["bbbb\n", "cccc\n", "dddd\n"]);
}

#[test]
fn a_line_longer_than_the_limit_is_whole_and_one_without_end_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.log");
    let mut log = opened(&path, 100, 9);
    let line = format!("{}\n", "y".repeat(150));
    whole(&mut log, b"short\n");
    whole(&mut log, line.as_bytes());
    whole(&mut log, b"after\n");
    assert_eq!(read(&path, 9).1, ["short\n", line.as_str(), "after\n"]);
    for _ in 0..10 {
        whole(&mut log, &[b'z'; 90]);
    }
    assert!(read(&path, 9).1.iter().all(|file| file.len() <= 200));
}

#[test]
fn without_backups_the_file_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.log");
    let mut log = opened(&path, 8, 0);
    whole(&mut log, b"aaaa\n");
    whole(&mut log, b"bbbb\n");
    assert_eq!(read(&path, 1).1, ["bbbb\n"]);
}

#[test]
fn a_deleted_folder_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/api.log");
    let (mut log, opened) = LogFile::open(path.clone(), 8, 1);
    opened.unwrap();
    whole(&mut log, b"aaaa\n");
    std::fs::remove_dir_all(folder.path().join("logs")).unwrap();
    whole(&mut log, b"bbbb\n");
    assert_eq!(read(&path, 1).0, "bbbb\n");
}

#[test]
fn what_the_disk_refuses_is_counted_and_said_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.log");
    let mut log = opened(&path, 1000, 1);
    whole(&mut log, b"half");
    log.file = Some(OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert!(matches!(log.write(b"12345\n"), Written::Refused(_)));
    assert!(log.is_failing());
    assert!(matches!(log.write(b"1234\n"), Written::StillRefused));
    log.close();
    assert!(matches!(log.write(b"again\n"), Written::Recovered(11)));
    let expected = "half\n[listsync] 11 bytes of this log were lost here\nagain\n";
    assert_eq!(read(&path, 1).0, expected);
}

#[test]
fn a_file_that_cannot_be_rotated_grows_on_and_is_rotated_once_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.log");
    let in_the_way = numbered(&path, 1);
    std::fs::create_dir_all(in_the_way.join("something")).unwrap();
    let mut log = opened(&path, 10, 1);
    whole(&mut log, b"aaaa\nbbbb\n");
    assert!(matches!(log.write(b"cccc\n"), Written::Unrotated(_)));
    whole(&mut log, b"dddd\n");
    whole(&mut log, b"eeee\n"); // tried again, in vain, and told no more
    whole(&mut log, b"a longer line than fits\nffff\n");
    let before = "aaaa\nbbbb\ncccc\ndddd\neeee\na longer line than fits\nffff\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    std::fs::remove_dir_all(&in_the_way).unwrap();
    for line in ["gggg\n", "hhhh\n"] {
        whole(&mut log, line.as_bytes());
    }
    let (together, files) = read(&path, 1);
    assert_eq!(together, format!("{before}gggg\nhhhh\n"));
    assert_eq!(files.len(), 2);
    std::fs::remove_file(&in_the_way).unwrap();
    std::fs::create_dir_all(in_the_way.join("something")).unwrap();
    let again = (0..4).map(|_| log.write(b"jjjj\n"));
    let told = again
        .filter(|written| matches!(written, Written::Unrotated(_)))
        .count();
    assert_eq!(told, 1, "a new trouble is told anew");
}
