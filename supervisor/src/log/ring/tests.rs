//! Lines in memory: none lost, none twice, whatever the sizes.

use super::*;

fn texts(ring: &Ring, from: u64, count: usize) -> Vec<String> {
    ring.read(from, count).texts
}

#[test]
fn lines_come_back_in_order_and_once() {
    let mut ring = Ring::new(1000);
    ring.push(b"one\ntwo\nthr");
    assert_eq!(texts(&ring, 0, 9), ["one", "two"]);
    ring.push(b"ee\n");
    let read = ring.read(2, 9);
    assert_eq!(
        read,
        Lines {
            skipped: 0,
            texts: vec!["three".to_owned()],
            next: 3
        }
    );
    assert_eq!(
        ring.read(3, 9),
        Lines {
            skipped: 0,
            texts: vec![],
            next: 3
        }
    );
}

#[test]
fn the_last_lines_are_found_from_the_end() {
    let mut ring = Ring::new(1000);
    ring.push(b"a\nb\nc\nd\n");
    assert_eq!(texts(&ring, ring.last(2), 9), ["c", "d"]);
    assert_eq!(texts(&ring, ring.last(99), 9), ["a", "b", "c", "d"]);
    assert_eq!(texts(&ring, ring.last(0), 9), [""; 0]);
    assert_eq!(texts(&ring, 1, 2), ["b", "c"]);
}

#[test]
fn a_slow_reader_is_told_what_it_missed() {
    let mut ring = Ring::new(10);
    ring.push(b"a\nb\nc\n");
    ring.push(b"dddd\neeee\n");
    let read = ring.read(1, 9);
    assert_eq!(read.texts, ["dddd", "eeee"]);
    assert_eq!(read.skipped, 2);
    assert_eq!(read.next, 5);
}

#[test]
fn a_push_larger_than_the_ring_keeps_its_last_lines_and_all_numbers() {
    let mut ring = Ring::new(8);
    ring.push(b"0\n1\n");
    ring.push(b"2\n3\n4\n5\n6\n7\n8\n9\n");
    let read = ring.read(0, 99);
    assert_eq!(ring.next(), 10);
    assert_eq!(read.next, 10);
    assert_eq!(read.skipped + read.texts.len() as u64, 10);
    assert_eq!(read.texts.last().map(String::as_str), Some("9"));
    assert!(read.texts.len() >= 3);
}

#[test]
fn numbers_add_up_whatever_the_sizes() {
    for limit in [5, 16, 100, 1000] {
        for chunk in [1, 3, 7, 64, 333] {
            let all: Vec<u8> = (0..300)
                .flat_map(|n| format!("line {n}\n").into_bytes())
                .collect();
            let mut ring = Ring::new(limit);
            let (mut next, mut seen) = (0, 0);
            for part in all.chunks(chunk) {
                ring.push(part);
                let read = ring.read(next, 1000);
                seen += read.skipped;
                for text in &read.texts {
                    // A line longer than the ring loses its head, no other does.
                    let full = format!("line {seen}");
                    assert!(
                        full.ends_with(text.as_str()),
                        "{limit} {chunk}: {text} for {full}"
                    );
                    assert!(limit < 16 || *text == full || chunk > limit);
                    seen += 1;
                }
                next = read.next;
            }
            assert_eq!((seen, next), (300, 300), "limit {limit}, chunks of {chunk}");
        }
    }
}

#[test]
fn a_giant_line_without_end_stays_within_the_limit() {
    let mut ring = Ring::new(100);
    for _ in 0..50 {
        ring.push(&[b'x'; 33]);
    }
    assert!(ring.bytes.len() <= 100);
    ring.end_line();
    assert_eq!(ring.read(0, 9).texts.len(), 1);
    ring.push(b"after\n");
    assert_eq!(texts(&ring, ring.last(1), 9), ["after"]);
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_long_lines_are_cut() {
    let mut ring = Ring::new(1_000_000);
    ring.push(b"\xff\x00ok\r\n");
    ring.push(&vec![b'y'; 70_000]);
    ring.push(b"\n");
    let read = texts(&ring, 0, 9);
    assert_eq!(read[0], "\u{fffd}\u{0}ok");
    assert!(read[1].ends_with("y… (4464 bytes more)"));
    assert_eq!(read[1].matches("yy").count(), SHOWN_LINE / 2);
}

#[test]
fn of_a_line_that_is_too_long_the_beginning_is_kept_whatever_the_chunks() {
    let long = format!("begin{}", "z".repeat(200_000));
    let all = format!("before\n{long}\nafter\n{long}\n");
    for chunk in [1000, 65_535, 65_536, 65_537, 100_000, 500_000] {
        let mut ring = Ring::new(256 * 1024);
        for part in all.as_bytes().chunks(chunk) {
            ring.push(part);
        }
        let read = texts(&ring, 0, 9);
        let cut = format!("begin{}… (134469 bytes more)", "z".repeat(SHOWN_LINE - 5));
        assert!(read == ["before", &cut, "after", &cut], "chunks of {chunk}");
    }
}

#[test]
fn lines_are_found_by_the_time_they_tell_or_came_at() {
    let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
    let mut ring = Ring::new(1000);
    ring.push(b"of an earlier life\n");
    ring.stamp(at(100));
    ring.push(b"a\nb\n");
    ring.stamp(at(200));
    ring.push(b"c\n");
    assert_eq!(ring.since(at(50)), (1, false));
    assert_eq!(ring.since(at(100)), (1, false));
    assert_eq!(ring.since(at(101)), (3, false));
    assert_eq!(ring.since(at(201)), (4, false));
    ring.push(b"1970-01-01T00:10:00Z told\nand more of it\n");
    assert_eq!(ring.since(at(201)), (4, false));
    assert_eq!(ring.since(at(601)), (6, false));
    ring.stamp(at(900));
    ring.push(b"without a time of its own\n");
    assert_eq!(ring.since(at(700)), (6, false));
    assert_eq!(Ring::new(9).since(at(0)), (0, true));
    let mut full = Ring::new(8);
    full.stamp(at(100));
    full.push(b"1\n2\n3\n4\n5\n6\n7\n");
    assert_eq!(full.since(at(100)), (4, true), "there may be older ones");
}

#[test]
fn a_line_left_open_is_ended_once() {
    let mut ring = Ring::new(100);
    ring.end_line();
    ring.push(b"half");
    ring.end_line();
    ring.end_line();
    assert_eq!(texts(&ring, 0, 9), ["half"]);
}
