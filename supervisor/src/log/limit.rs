//! How many lines a second a program may log: a bucket of ten seconds' worth; what is beyond it is left out
//! line by line and counted.
//!
//! Pure: time comes from outside. Lines are taken again when a second's worth is free, so that a flood is
//! told once a second and not at every line. Leaves where the rest goes to [`super::sink`].

use std::time::{Duration, Instant};

/// Seconds whose lines may come at once.
const BURST_S: u32 = 10;

/// How long a program must be silent before it is told how much was left out.
pub(super) const CALM: Duration = Duration::from_secs(1);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Limit {
    per_s: u32,
    /// Lines that may come now, in parts.
    tokens: f64,
    filled_at: Instant,
    /// The line that is open is left out.
    drops_line: bool,
    /// A line is open.
    in_line: bool,
    /// None is taken until a second's worth is free.
    is_shut: bool,
    /// Lines left out that nobody was told of.
    untold: u64,
    kept: Vec<u8>,
}

impl Limit {
    pub(super) fn new(per_s: u32, now: Instant) -> Self {
        Self {
            per_s,
            tokens: f64::from(per_s) * f64::from(BURST_S),
            filled_at: now,
            drops_line: false,
            in_line: false,
            is_shut: false,
            untold: 0,
            kept: Vec::new(),
        }
    }

    /// Lines are being left out, and nobody was told how many.
    pub(super) fn is_untold(&self) -> bool {
        self.untold > 0
    }

    /// What is kept of `bytes`, and how many lines are not.
    pub(super) fn pass(&mut self, bytes: &[u8], now: Instant) -> (&[u8], u64) {
        self.fill(now);
        self.kept.clear();
        let mut left_out = 0;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.in_line {
                self.drops_line = !self.takes_line();
                if self.drops_line {
                    left_out += 1;
                    self.untold += 1;
                } else if let Some(told) = self.told() {
                    self.kept.extend_from_slice(told.as_bytes());
                }
            }
            if !self.drops_line {
                self.kept.extend_from_slice(part);
            }
            self.in_line = part.last() != Some(&b'\n');
        }
        (&self.kept, left_out)
    }

    /// What to say of the lines left out, once; only between two lines.
    pub(super) fn told(&mut self) -> Option<String> {
        let left_out = std::mem::take(&mut self.untold);
        (left_out > 0).then(|| {
            format!(
                "[listsync] {left_out} lines were left out, it may log {} a second\n",
                self.per_s
            )
        })
    }

    /// Whether a kept line is open, which nothing may be put into.
    pub(super) fn is_in_kept_line(&self) -> bool {
        self.in_line && !self.drops_line
    }

    /// The line that is open ends here.
    pub(super) fn end_line(&mut self) {
        self.in_line = false;
    }

    fn takes_line(&mut self) -> bool {
        let enough = if self.is_shut {
            f64::from(self.per_s.max(1))
        } else {
            1.0
        };
        self.is_shut = self.tokens < enough;
        if !self.is_shut {
            self.tokens -= 1.0;
        }
        !self.is_shut
    }

    fn fill(&mut self, now: Instant) {
        let per_s = f64::from(self.per_s);
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        self.tokens = (self.tokens + passed * per_s).min(per_s * f64::from(BURST_S));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(limit: &mut Limit, bytes: &str, now: Instant) -> String {
        let (kept, _) = limit.pass(bytes.as_bytes(), now);
        String::from_utf8(kept.to_vec()).unwrap()
    }

    #[test]
    fn a_burst_passes_and_a_flood_is_left_out_and_told_once_a_second() {
        let begin = Instant::now();
        let mut limit = Limit::new(10, begin);
        let flood = "line\n".repeat(150);
        let (kept, left_out) = limit.pass(flood.as_bytes(), begin);
        assert_eq!((kept.len(), left_out), (500, 50));
        let later = begin + Duration::from_millis(900);
        assert_eq!(text(&mut limit, "still too early\n", later), "");
        let later = begin + Duration::from_millis(1001);
        let told = "[listsync] 51 lines were left out, it may log 10 a second\n";
        assert_eq!(
            text(&mut limit, &"x\n".repeat(30), later),
            format!("{told}{}", "x\n".repeat(10))
        );
        assert!(limit.is_untold());
    }

    #[test]
    fn a_line_is_kept_or_left_out_as_a_whole_however_it_comes() {
        let begin = Instant::now();
        let mut limit = Limit::new(1, begin);
        let mut kept = String::new();
        for part in [
            "1\n2\n3\n4\n5\n6\n7\n8\n9\nte",
            "n",
            "\nele",
            "ven",
            "\n",
            "twelve\n",
        ] {
            kept += &text(&mut limit, part, begin);
        }
        assert_eq!(kept, "1\n2\n3\n4\n5\n6\n7\n8\n9\nten\n");
        assert_eq!(
            limit.told().as_deref(),
            Some("[listsync] 2 lines were left out, it may log 1 a second\n")
        );
        assert_eq!(limit.told(), None);
    }

    #[test]
    fn after_a_calm_time_there_is_room_for_a_burst_again() {
        let begin = Instant::now();
        let mut limit = Limit::new(2, begin);
        let flood = "x\n".repeat(100);
        assert_eq!(limit.pass(flood.as_bytes(), begin).1, 80);
        limit.told();
        let later = begin + Duration::from_mins(1);
        assert_eq!(limit.pass(flood.as_bytes(), later).1, 80);
    }
}
