//! When a program takes too much memory: pure.
//!
//! One large moment is no reason to end a program. Leaves measuring to [`crate::tree`].

/// Looks in a row that must find too much.
const TIMES: u32 = 3;

/// How often in a row too much was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Appetite {
    over: u32,
}

impl Appetite {
    /// Takes in a look; whether it is enough.
    pub(super) fn is_too_large(&mut self, bytes: u64, limit: u64) -> bool {
        self.over = if bytes > limit { self.over + 1 } else { 0 };
        self.over >= TIMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_too_large_is_too_large() {
        let mut appetite = Appetite::default();
        let looks = [11, 11, 9, 11, 11, 11];
        let answers = looks.map(|bytes| appetite.is_too_large(bytes, 10));
        assert_eq!(answers, [false, false, false, false, false, true]);
    }
}
