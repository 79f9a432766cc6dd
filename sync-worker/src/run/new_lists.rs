//! New lists whose owner is to be asked first: which titles only they would ask for, and which of them
//! go too far without a yes. Pure; leaves storing what comes of it to `apply`.
//!
//! Titles are counted by the new lists that ask for them, so that what is kept grows by a few bytes a
//! title, however many titles a list has.

use std::collections::{BTreeMap, BTreeSet};

use schema::models::ListId;

use super::wishes::WishKey;
use crate::plan::{Consent, Verdict, Wish};

/// What a run knows of its new lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewLists {
    /// It is not counted yet what these would ask for.
    open: BTreeSet<ListId>,
    /// These would ask for so many titles, and wait.
    withheld: BTreeMap<ListId, u32>,
}

impl NewLists {
    /// Before anything is counted.
    pub(crate) fn uncounted(lists: impl IntoIterator<Item = ListId>) -> Self {
        Self {
            open: lists.into_iter().collect(),
            withheld: BTreeMap::new(),
        }
    }

    /// After it is counted: these wait, and the others go on.
    pub(crate) fn waiting(withheld: BTreeMap<ListId, u32>) -> Self {
        Self {
            open: BTreeSet::new(),
            withheld,
        }
    }

    /// Those of which nothing is counted yet.
    pub(crate) fn open(&self) -> &BTreeSet<ListId> {
        &self.open
    }

    /// Whether what the list asks for waits.
    pub(crate) fn is_withheld(&self, list: ListId) -> bool {
        self.withheld.contains_key(&list)
    }

    /// Whether these lists, all that ask for a title, may ask.
    pub(crate) fn consent(&self, lists: &[ListId]) -> Consent {
        let Some(list) = lists.first().copied() else {
            return Consent::Given;
        };
        if lists.iter().all(|list| self.open.contains(list)) {
            return Consent::Open { list };
        }
        match self.withheld.get(&list) {
            Some(titles) if lists.iter().all(|list| self.is_withheld(*list)) => Consent::Missing {
                list,
                titles: *titles,
            },
            _ => Consent::Given,
        }
    }
}

/// What is to become of a new list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It goes on.
    GoesOn {
        /// Whether that is all it would ask for, as far as it was read.
        is_all: bool,
    },
    /// It waits for a yes to so many titles.
    Waits(u32),
}

/// Titles that only new lists ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Titles {
    asked: u32,
    /// Those that something stands in the way of now.
    held_up: u32,
}

/// The titles that only new lists ask for, counted by those lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    by_lists: BTreeMap<Vec<ListId>, Titles>,
    /// What would be asked for, in the order in which it was decided.
    pub(crate) asked: Vec<WishKey>,
}

impl Counted {
    /// Takes note of what was decided on a wish.
    pub(crate) fn note(&mut self, wish: &Wish, verdict: &Verdict) {
        if !matches!(wish.consent, Consent::Open { .. }) {
            return;
        }
        let titles = match self.by_lists.get_mut(&wish.lists) {
            Some(titles) => titles,
            None => self.by_lists.entry(wish.lists.clone()).or_default(),
        };
        match verdict {
            Verdict::Request { .. } | Verdict::Retry { .. } => {
                titles.asked += 1;
                self.asked.push((wish.title, wish.is_4k));
            }
            Verdict::Wait | Verdict::PutOff { .. } | Verdict::Settle { .. } | Verdict::AskFacts => {
                titles.held_up += 1;
            }
            Verdict::Skip { .. } | Verdict::Review | Verdict::Withdraw { .. } => {}
        }
    }

    /// What is to become of `lists`: those with more than `limit` titles that no list asks for which
    /// goes on wait.
    pub(crate) fn judge(&self, lists: &BTreeSet<ListId>, limit: u32) -> BTreeMap<ListId, Judged> {
        let (mut asked, held_up) = self.of_each();
        let of = |of_each: &BTreeMap<ListId, u32>, list| of_each.get(list).copied().unwrap_or(0);
        let mut judged = BTreeMap::new();
        let mut uncovered: Vec<_> = self.by_lists.iter().collect();
        while let Some(list) = lists
            .iter()
            .find(|list| !judged.contains_key(*list) && of(&asked, list) <= limit)
        {
            let is_all = of(&asked, list).saturating_add(of(&held_up, list)) <= limit;
            judged.insert(*list, Judged::GoesOn { is_all });
            // What a list that goes on asks for counts for none of those that share it.
            uncovered.retain(|(sharing, titles)| {
                let is_its = sharing.contains(list);
                for other in sharing.iter().filter(|_| is_its) {
                    asked
                        .entry(*other)
                        .and_modify(|asked| *asked -= titles.asked);
                }
                !is_its
            });
        }
        for list in lists {
            let waits = Judged::Waits(of(&asked, list));
            judged.entry(*list).or_insert(waits);
        }
        judged
    }

    /// Titles that would be asked for, and those that something stands in the way of, of each list.
    fn of_each(&self) -> (BTreeMap<ListId, u32>, BTreeMap<ListId, u32>) {
        let (mut asked, mut held_up) = (BTreeMap::new(), BTreeMap::new());
        for (lists, titles) in &self.by_lists {
            for list in lists {
                *asked.entry(*list).or_default() += titles.asked;
                *held_up.entry(*list).or_default() += titles.held_up;
            }
        }
        (asked, held_up)
    }
}

#[cfg(test)]
mod tests {
    use schema::models::{LedgerStatus, TitleRef};

    use super::*;
    use crate::plan::SeasonsWanted;

    fn lists(numbers: &[i32]) -> Vec<ListId> {
        numbers.iter().copied().map(ListId).collect()
    }

    fn wish(title: i32, asking: &[i32], new: &NewLists) -> Wish {
        let lists = lists(asking);
        Wish {
            title: TitleRef(title),
            media_type: schema::models::MediaType::Movie,
            tmdb_id: i64::from(title),
            name: "Heat".into(),
            year: Some(1995),
            imdb_id: None,
            is_4k: false,
            seasons: SeasonsWanted::All,
            requested_as: 1,
            consent: new.consent(&lists),
            lists,
            sources: "imdb:top".into(),
            returned_at: None,
            wanted_since: None,
            withdraws: false,
            is_wanted_elsewhere: false,
        }
    }

    const ASKED: Verdict = Verdict::Request { seasons: None };

    /// `groups`: how many titles are asked for by which lists; 1 to 3 are new.
    fn counted(groups: &[(u32, &[i32], Verdict)]) -> Counted {
        let new = NewLists::uncounted(lists(&[1, 2, 3]));
        let (mut counted, mut title) = (Counted::default(), 0);
        for (count, asking, verdict) in groups {
            for _ in 0..*count {
                title += 1;
                counted.note(&wish(title, asking, &new), verdict);
            }
        }
        counted
    }

    fn judged(groups: &[(u32, &[i32], Verdict)], limit: u32) -> Vec<Judged> {
        let new = [ListId(1), ListId(2), ListId(3)].into();
        counted(groups).judge(&new, limit).into_values().collect()
    }

    const ALL: Judged = Judged::GoesOn { is_all: true };
    const SOME: Judged = Judged::GoesOn { is_all: false };

    #[test]
    fn a_list_waits_when_it_would_ask_for_more_than_it_may() {
        let groups: [(u32, &[i32], Verdict); 2] = [(100, &[1], ASKED), (101, &[2], ASKED)];
        assert_eq!(judged(&groups, 100), [ALL, Judged::Waits(101), ALL]);
        assert_eq!(
            judged(&groups, 0),
            [Judged::Waits(100), Judged::Waits(101), ALL]
        );
    }

    #[test]
    fn what_another_list_asks_for_is_not_counted() {
        let groups: [(u32, &[i32], Verdict); 2] = [(500, &[1, 9], ASKED), (5, &[1], ASKED)];
        assert_eq!(judged(&groups, 100), [ALL; 3]);
        assert_eq!(counted(&groups).asked.len(), 5);
        // List 2 goes on, so what it shares with list 1 is no longer only list 1's.
        let shared: [(u32, &[i32], Verdict); 2] = [(80, &[1, 2], ASKED), (60, &[1], ASKED)];
        assert_eq!(judged(&shared, 100), [ALL; 3]);
        let beyond: [(u32, &[i32], Verdict); 2] = [(80, &[1, 2], ASKED), (101, &[1], ASKED)];
        assert_eq!(judged(&beyond, 100), [Judged::Waits(101), ALL, ALL]);
    }

    #[test]
    fn two_lists_that_wait_each_count_what_they_share() {
        let groups: [(u32, &[i32], Verdict); 2] = [(150, &[1, 2], ASKED), (10, &[2], ASKED)];
        assert_eq!(
            judged(&groups, 100),
            [Judged::Waits(150), Judged::Waits(160), ALL]
        );
    }

    #[test]
    fn what_is_there_or_left_alone_counts_for_nothing_and_what_is_held_up_puts_the_yes_off() {
        let skip = Verdict::Skip {
            status: LedgerStatus::Available,
            request_id: None,
            created_by_us: false,
        };
        let retry = Verdict::Retry {
            request_id: 7,
            is_ours: false,
        };
        let groups: [(u32, &[i32], Verdict); 6] = [
            (900, &[1], skip),
            (90, &[1], ASKED),
            (10, &[1], retry),
            (60, &[2], ASKED),
            (41, &[2, 3], Verdict::Wait),
            (5, &[3], Verdict::AskFacts),
        ];
        assert_eq!(judged(&groups, 100), [ALL, SOME, ALL]);
        assert_eq!(counted(&groups).asked.len(), 160);
    }

    #[test]
    fn a_title_may_be_asked_for_as_soon_as_one_of_its_lists_may_ask() {
        let open = NewLists::uncounted(lists(&[1, 2]));
        let list = ListId(1);
        assert_eq!(open.consent(&lists(&[1, 2])), Consent::Open { list });
        assert_eq!(open.consent(&lists(&[1, 9])), Consent::Given);
        assert_eq!(open.consent(&[]), Consent::Given);
        let waiting = NewLists::waiting([(list, 312), (ListId(2), 200)].into());
        let missing = Consent::Missing { list, titles: 312 };
        assert_eq!(waiting.consent(&lists(&[1, 2])), missing);
        assert_eq!(waiting.consent(&lists(&[1, 3])), Consent::Given);
        assert_eq!(waiting.consent(&lists(&[9, 1])), Consent::Given);
    }
}
