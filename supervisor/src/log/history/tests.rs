//! Lines read back from files.

use super::{super::backups::Older, *};
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;

fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn packed(text: &str) -> Older {
    let mut encoder = GzEncoder::new(tempfile::tempfile().unwrap(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut file = encoder.finish().unwrap();
    file.rewind().unwrap();
    Older {
        file,
        is_packed: true,
    }
}

/// Three files, of which the oldest is packed.
fn snapshot(oldest: &str, older: &str, current: &str, is_open: bool) -> Snapshot {
    Snapshot {
        current: Some((file(current), current.len() as u64)),
        older: vec![
            Older {
                file: file(older),
                is_packed: false,
            },
            packed(oldest),
        ],
        next: 0,
        is_open,
    }
}

fn lines(snapshot: Snapshot, wish: Wish) -> Vec<String> {
    let mut lines = Vec::new();
    read(snapshot, &wish, drop, |mut texts| {
        lines.append(&mut texts);
        true
    })
    .unwrap();
    lines
}

fn last(lines: u64) -> Wish {
    Wish {
        lines: Some(lines),
        ..Wish::default()
    }
}

#[test]
fn the_last_lines_come_from_as_many_files_as_it_takes() {
    for count in 0..12 {
        let snapshot = snapshot("1\n2\n3\n", "4\n5\n6\n", "7\n8\n9\n", false);
        let expected: Vec<_> = (1..=9)
            .skip(9_usize.saturating_sub(count))
            .map(|line| line.to_string())
            .collect();
        assert_eq!(lines(snapshot, last(count as u64)), expected, "{count}");
    }
}

#[test]
fn a_line_that_is_still_written_is_left_to_who_follows_and_an_ended_one_is_not() {
    assert_eq!(
        lines(snapshot("", "1\n", "2\nhal", true), last(9)),
        ["1", "2"]
    );
    assert_eq!(lines(snapshot("", "1\n", "2\nhal", true), last(1)), ["2"]);
    assert_eq!(
        lines(snapshot("", "1\n", "2\nhal", false), last(2)),
        ["2", "hal"]
    );
    assert_eq!(lines(snapshot("", "", "", false), last(2)), [""; 0]);
}

#[test]
fn lines_longer_than_a_block_are_counted_once_and_cut() {
    let long = "x".repeat(200_000);
    let text = format!("a\n{long}\nb\n{long}\nc\n");
    for count in 1..=5 {
        let found = lines(snapshot("", "", &text, false), last(count));
        assert_eq!(found.len() as u64, count);
        assert_eq!(found.last().unwrap(), "c");
    }
    let found = lines(snapshot("", "", &text, false), last(2));
    assert!(found[0].ends_with("x… (134464 bytes more)"));
}

#[test]
fn only_lines_of_a_level_count() {
    let line = |level: &str, n: u32| format!("{{\"level\":\"{level}\",\"n\":{n}}}\n");
    let text: String = (0..100)
        .map(|n| line(if n % 10 == 0 { "ERROR" } else { "INFO" }, n))
        .collect();
    let wish = Wish {
        lines: Some(3),
        level: Some(LogLevel::Error),
        since: None,
    };
    let found = lines(snapshot(&text, &text, "plain\n", false), wish);
    let ends: Vec<_> = found
        .iter()
        .map(|line| line.rsplit(':').next().unwrap())
        .collect();
    assert_eq!(ends, ["70}", "80}", "90}"]);
}

#[test]
fn lines_since_a_time_are_all_from_the_first_that_tells_it() {
    let minute = |minute: u32| format!("2026-11-21T10:{minute:02}:00Z INFO line\n  more of it\n");
    let oldest = minute(0) + &minute(1);
    let older = minute(2) + &minute(3);
    let current = minute(4) + "2026-11-21T09:00:00Z INFO of another clock\n";
    for (since, expected) in [(3, 5), (1, 9), (5, 0), (4, 3), (0, 11)] {
        let since = format!("2026-11-21T10:{since:02}:00Z").parse().unwrap();
        let wish = Wish {
            since: Some(since),
            ..Wish::default()
        };
        let found = lines(snapshot(&oldest, &older, &current, false), wish);
        assert_eq!(found.len(), expected, "{since}: {found:?}");
        let wish = Wish {
            since: Some(since),
            lines: Some(2),
            level: None,
        };
        let found = lines(snapshot(&oldest, &older, &current, false), wish);
        assert_eq!(found.len(), expected.min(2));
    }
}

#[test]
fn lines_at_the_beginning_of_a_file_are_as_old_as_the_end_of_the_one_before() {
    let older = "2026-11-21T10:01:00Z INFO one\n";
    let current = "  more of one\n2026-11-21T10:02:00Z INFO two\n";
    for (minute, expected) in [(1, 3), (2, 1)] {
        for limit in [2, 3, 9] {
            let wish = Wish {
                since: Some(format!("2026-11-21T10:{minute:02}:00Z").parse().unwrap()),
                lines: Some(limit),
                level: None,
            };
            let found = lines(snapshot("", older, current, false), wish);
            assert_eq!(
                found.len() as u64,
                limit.min(expected),
                "{minute}: {found:?}"
            );
        }
    }
}

#[test]
fn reading_ends_when_nobody_wants_more() {
    let text = "a line\n".repeat(100_000);
    let mut calls = 0;
    read(
        snapshot(&text, &text, &text, false),
        &Wish::default(),
        drop,
        |_| {
            calls += 1;
            calls < 3
        },
    )
    .unwrap();
    assert_eq!(calls, 3);
}
