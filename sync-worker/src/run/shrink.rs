//! Whether a list shrank more than its owner allows: pure. A site that loses half a list, or all of it,
//! is more often broken than right.

use runtime::counted;
use schema::models::ListId;

/// How many entries a list had and has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shrink {
    /// Entries on it before the reading.
    pub(crate) before: usize,
    /// Entries of the reading.
    pub(crate) after: usize,
}

impl Shrink {
    /// Whether more than `limit_percent` hundredths are gone, or everything; 100 allows all of it.
    pub(crate) fn is_beyond(self, limit_percent: i32) -> bool {
        if limit_percent >= 100 || self.after >= self.before {
            return false;
        }
        let limit = usize::try_from(limit_percent).unwrap_or(0); // below zero: nothing may go
        self.after == 0 || (self.before - self.after) * 100 > self.before * limit
    }

    /// What its owner is told.
    pub(crate) fn told(self, list: ListId) -> String {
        let Self { before, after } = self;
        let now = if after == 0 {
            "none".to_owned()
        } else {
            after.to_string()
        };
        format!(
            "it had {} and has {now} now, so nothing was changed. Look at the list on its site; if it \
             is right, take it with `listsync lists accept {list}`.",
            counted(before, "entry", "entries")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrink(before: usize, after: usize) -> Shrink {
        Shrink { before, after }
    }

    #[test]
    fn a_list_may_lose_its_share_and_no_more() {
        assert!(!shrink(100, 50).is_beyond(50));
        assert!(shrink(100, 49).is_beyond(50));
        assert!(shrink(100, 99).is_beyond(0));
        assert!(!shrink(100, 100).is_beyond(0));
        assert!(!shrink(100, 300).is_beyond(0));
    }

    #[test]
    fn a_list_that_became_empty_is_beyond_any_share_but_all_of_it() {
        assert!(shrink(1, 0).is_beyond(99));
        assert!(!shrink(1, 0).is_beyond(100));
        assert!(!shrink(0, 0).is_beyond(0));
    }

    #[test]
    fn its_owner_is_told_what_happened_and_what_to_do() {
        assert_eq!(
            shrink(200, 0).told(ListId(3)),
            "it had 200 entries and has none now, so nothing was changed. Look at the list on its \
             site; if it is right, take it with `listsync lists accept 3`."
        );
    }
}
