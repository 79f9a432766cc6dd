//! New lists whose owner is to be asked first: what only they ask for waits until a person has agreed,
//! once their first run would ask for more titles than it may. Leaves counting the titles and
//! remembering the yes to `run::apply`.

use runtime::counted;
use schema::models::ListId;

use super::{Decided, Verdict, case::Case};

/// Whether the lists that ask for a title may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Consent {
    /// At least one of them needs nobody's yes.
    #[default]
    Given,
    /// All of them are new, and it is not counted yet what they would ask for.
    Open {
        /// The first of them.
        list: ListId,
    },
    /// All of them are new and would ask for too many titles without a yes.
    Missing {
        /// The first of them.
        list: ListId,
        /// Titles that it would ask for.
        titles: u32,
    },
}

/// What would be asked for and lacks a person's yes.
pub(super) fn missing(case: &Case<'_>) -> Option<Decided> {
    let Consent::Missing { list, titles } = case.wish.consent else {
        return None;
    };
    let decided = Decided::new(Verdict::Wait, waits(list, titles));
    Some(decided.unless(format!(
        "Say yes to the list, put the title on another list that is followed, or let this one go with \
         `listsync lists remove {list}`."
    )))
}

/// The same before it is counted, which is as far as a plan gets: carrying it out is a person's yes.
pub(super) fn told_in_plan(case: &Case<'_>, decided: Decided) -> Decided {
    let asks = decided.verdict != Verdict::AskFacts;
    match case.wish.consent {
        Consent::Open { list } if asks => decided.unless(format!(
            "Its list {list} is new: this plan asks for it, and so does a run once `listsync lists accept \
             {list}` has said yes."
        )),
        _ => decided,
    }
}

/// Why the titles of a new list wait, with what a person can do.
fn waits(list: ListId, titles: u32) -> String {
    format!(
        "its list {list} is new and would ask for {}: `listsync lists accept {list}` says yes, `listsync \
         sync {list} --plan` shows them",
        counted(titles, "title", "titles")
    )
}
