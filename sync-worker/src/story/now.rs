//! How a title is now: its state, why, what comes next, and what a person can do. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use schema::{
    models::{
        Decision, DecisionKind, Identity, ItemStatus, LedgerStatus, ListItem, MediaType, Standing,
        SyncedItem,
    },
    wire::sync::{StoryNext, StoryNow, StoryState},
};

use super::{
    absent,
    facts::{Facts, Followed, Situation},
    words,
};

/// How it is, for each quality that is or was wanted; at least one.
pub(super) fn all(facts: &Facts, situation: &Situation) -> Vec<StoryNow> {
    let mut qualities: BTreeSet<bool> = BTreeSet::new();
    qualities.extend(facts.ledger.iter().map(|(row, _)| row.is_4k));
    qualities.extend(facts.decisions.iter().map(|decision| decision.is_4k));
    qualities.extend(
        facts
            .standing()
            .map(|(_, followed)| wants_4k(followed, situation)),
    );
    if qualities.is_empty() {
        qualities.insert(situation.is_4k);
    }
    qualities
        .into_iter()
        .map(|is_4k| Quality::of(facts, situation, is_4k).now())
        .collect()
}

/// The state as a sentence that names the quality where it is 4K.
pub(super) fn headline(now: &StoryNow, situation: &Situation) -> String {
    let sentence = words::state(now.state, &situation.target);
    if now.is_4k {
        format!("In 4K: {sentence}")
    } else {
        sentence
    }
}

fn wants_4k(followed: &Followed, situation: &Situation) -> bool {
    followed.policy.is_4k.unwrap_or(situation.is_4k)
}

/// One quality of a title.
struct Quality<'a> {
    facts: &'a Facts,
    situation: &'a Situation,
    is_4k: bool,
    row: Option<&'a SyncedItem>,
    decision: Option<&'a Decision>,
    /// The entries that ask for it now, on lists that are followed.
    standing: Vec<(&'a ListItem, &'a Followed)>,
}

impl<'a> Quality<'a> {
    fn of(facts: &'a Facts, situation: &'a Situation, is_4k: bool) -> Self {
        let of_quality = |decision: &&Decision| decision.is_4k == is_4k;
        Self {
            facts,
            situation,
            is_4k,
            row: facts
                .ledger
                .iter()
                .map(|(row, _)| row)
                .find(|row| row.is_4k == is_4k),
            decision: facts.decisions.iter().rev().find(of_quality),
            standing: facts
                .standing()
                .filter(|(_, followed)| wants_4k(followed, situation) == is_4k)
                .collect(),
        }
    }

    fn now(&self) -> StoryNow {
        let state = self.state();
        StoryNow {
            is_4k: self.is_4k,
            state,
            why: self.why(state),
            next: self.next(state),
            remedy: self.remedy(state),
        }
    }

    fn is_wanted(&self) -> bool {
        !self.standing.is_empty()
    }

    fn standing(&self) -> Standing<'a> {
        Standing {
            row: self.row,
            decision: self.decision,
        }
    }

    fn state(&self) -> StoryState {
        let holding = self.standing().holding();
        match (self.row, holding) {
            (Some(row), _) if row.status == LedgerStatus::Planned && !self.is_wanted() => {
                StoryState::Left
            }
            (Some(row), holding) if row.status == LedgerStatus::Planned => {
                holding.map_or(StoryState::Planned, |decision| decided(decision.decision))
            }
            (Some(_), _) if self.is_wanted() && self.waits() => StoryState::Waiting,
            (Some(row), _) => of_ledger(row.status),
            (None, _) if !self.is_wanted() => self.unwanted(),
            (None, Some(decision)) => decided(decision.decision),
            (None, None) => self.unidentified().unwrap_or(StoryState::Undecided),
        }
    }

    fn waits(&self) -> bool {
        self.standing().status() == Some(ItemStatus::Waiting)
    }

    /// When a no that was final is overruled, since the entry was put on a list again.
    fn came_anew(&self) -> Option<NaiveDateTime> {
        let row = self.row?;
        let said_at = row.refused_at.unwrap_or(row.last_synced);
        let entries = || self.standing.iter().map(|(entry, _)| *entry);
        let since = match row.status {
            LedgerStatus::Declined | LedgerStatus::Deleted => {
                entries().filter_map(|entry| entry.returned_at).max()
            }
            LedgerStatus::Withdrawn => entries()
                .map(|entry| entry.returned_at.unwrap_or(entry.first_seen))
                .max(),
            _ => None,
        };
        since.filter(|at| *at > said_at)
    }

    /// Until when it waits, where that is known.
    fn until(&self) -> Option<NaiveDateTime> {
        let mut seasons = self.standing.iter().map(|(entry, _)| entry.season);
        let first = seasons.next().flatten();
        let season = first.filter(|_| seasons.all(|season| season == first));
        let airing = self.facts.airing.as_ref();
        self.standing().until(airing, season, self.situation.now)
    }

    fn unwanted(&self) -> StoryState {
        if self.facts.entries.is_empty() && self.facts.decisions.is_empty() {
            StoryState::Absent
        } else {
            StoryState::Left
        }
    }

    /// What is in the way before anything can be decided.
    fn unidentified(&self) -> Option<StoryState> {
        let is = |identity| {
            self.standing
                .iter()
                .any(|(entry, _)| entry.identity == identity)
        };
        if is(Identity::Matched) {
            None
        } else if is(Identity::NeedsReview) {
            Some(StoryState::NeedsReview)
        } else if is(Identity::NotFound) {
            Some(StoryState::NotFound)
        } else {
            Some(StoryState::New)
        }
    }

    fn entry(&self, identity: Identity) -> Option<&ListItem> {
        let entries = self.standing.iter().map(|(entry, _)| *entry);
        entries.into_iter().find(|entry| entry.identity == identity)
    }

    fn why(&self, state: StoryState) -> String {
        let why = match state {
            StoryState::Absent => return self.why_absent(),
            StoryState::Left => return "every list that had it has let it go".to_owned(),
            StoryState::New => "it is on a list since its last reading".to_owned(),
            StoryState::Undecided => format!("it is on {}", self.lists()),
            StoryState::NeedsReview => self
                .entry(Identity::NeedsReview)
                .and_then(|entry| entry.identity_reason.clone())
                .unwrap_or_else(|| "several titles could be meant".to_owned()),
            StoryState::NotFound => self
                .entry(Identity::NotFound)
                .and_then(|entry| entry.identity_reason.clone())
                .unwrap_or_else(|| "nothing was found".to_owned()),
            StoryState::Waiting | StoryState::Skipped => self
                .decision
                .map_or_else(String::new, |decision| decision.reason.clone()),
            StoryState::Failed | StoryState::FailedPermanent => {
                self.row.map_or_else(String::new, |row| {
                    row.error_message
                        .clone()
                        .unwrap_or_else(|| row.reason.clone())
                })
            }
            StoryState::Requested if self.is_ours_by_now() => self.our_request(),
            _ => self
                .row
                .map(|row| row.reason.clone())
                .or_else(|| self.decision.map(|decision| decision.reason.clone()))
                .unwrap_or_default(),
        };
        match state {
            _ if self.is_wanted() => why,
            StoryState::Requested | StoryState::Adopted | StoryState::Available => {
                format!("{why}; it is on no list any more, and what was asked for stays")
            }
            _ => format!("{why}; it is on no list any more"),
        }
    }

    /// Whether the ledger's reason is still the one our request was sent for, which is none any more.
    fn is_ours_by_now(&self) -> bool {
        let is_ours = self.row.is_some_and(|row| row.created_by_us);
        let is_asked = |decision: &Decision| decision.decision == DecisionKind::Request;
        is_ours && self.decision.is_none_or(is_asked)
    }

    fn our_request(&self) -> String {
        let target = &self.situation.target;
        match self.row.and_then(|row| row.request_id) {
            Some(id) => format!("{target} has our request {id}"),
            None => format!("{target} has our request"),
        }
    }

    fn why_absent(&self) -> String {
        let followed = self.facts.lists.iter();
        let count = followed
            .filter(|followed| followed.list.removed_at.is_none())
            .count();
        match (count, absent::has_suspects(self.facts)) {
            (0, _) => "no list is followed".to_owned(),
            (1, true) => {
                "the list that is followed does not have it, as far as it was read".to_owned()
            }
            (1, false) => {
                "the list that is followed does not have it, and all of it was read".to_owned()
            }
            (count, true) => format!(
                "none of the {count} lists has it, as far as they were read; those above may have it"
            ),
            (count, false) => {
                format!("none of the {count} lists has it, and all of them were read")
            }
        }
    }

    /// `lists 1 and 3`.
    fn lists(&self) -> String {
        words::numbered_lists(self.standing.iter().map(|(_, one)| one.list.id.0).collect())
    }

    fn next(&self, state: StoryState) -> Option<StoryNext> {
        let is_final = matches!(
            state,
            StoryState::Absent
                | StoryState::Left
                | StoryState::NeedsReview
                | StoryState::FailedPermanent
                | StoryState::Blocklisted
                | StoryState::Declined
                | StoryState::Deleted
                | StoryState::Withdrawn
        );
        let is_anew = self.came_anew().is_some();
        if (is_final && !is_anew) || !self.is_wanted() {
            return None;
        }
        let told = |at, what: String| Some(StoryNext { at, what });
        let outlook = &self.situation.outlook;
        if let Some(missing) = outlook.missing.first() {
            return told(
                None,
                format!("nothing: no run can start, since {}", missing.what),
            );
        }
        let not_before = match state {
            StoryState::Failed => self.row.and_then(|row| row.retry_at),
            StoryState::Waiting => self.until(),
            StoryState::NotFound => match self.entry(Identity::NotFound)?.next_try {
                Some(next_try) => Some(next_try),
                None if self.is_pinned_to_nothing() => return None,
                None => None,
            },
            _ => None,
        };
        let what = match state {
            StoryState::Failed => "it is tried again",
            StoryState::NotFound => "it is looked for again",
            StoryState::New => "it is looked which title it is",
            StoryState::Planned => "it is requested",
            StoryState::Requesting => "it is looked what became of the request",
            StoryState::Undecided => "it is decided on",
            _ if is_anew => "it was put on a list again and is asked for anew",
            _ => "it is looked at again",
        };
        if self.standing.iter().all(|(_, one)| !one.list.auto_sync) {
            let what = "nothing by itself: its lists are left out of scheduled runs";
            return told(None, what.to_owned());
        }
        if let Some(at) = not_before.filter(|at| *at > self.situation.now) {
            return told(
                Some(at.and_utc()),
                format!("{what} by the first run after that"),
            );
        }
        match (outlook.run, outlook.next_sync) {
            (Some(run), _) => told(None, format!("run {run} is going on")),
            (None, Some(at)) => told(Some(at), format!("{what} by the next run")),
            (None, None) if !outlook.automated => told(
                None,
                "nothing by itself: only people start runs (AUTOMATED_MODE is off)".to_owned(),
            ),
            (None, None) => None,
        }
    }

    fn is_pinned_to_nothing(&self) -> bool {
        self.facts.pins.iter().any(|pin| pin.tmdb_id.is_none())
    }

    /// What a person can do: what the decision says, or else what its state allows.
    fn remedy(&self, state: StoryState) -> String {
        if let Some(missing) = self.situation.outlook.missing.first()
            && self.is_wanted()
        {
            return missing.remedy.clone();
        }
        if self.came_anew().is_some() {
            return "`listsync sync` starts a run now.".to_owned();
        }
        let of_decision = self
            .decision
            .filter(|decision| decided(decision.decision) == state || is_no(state))
            .and_then(|decision| decision.remedy.clone());
        of_decision.unwrap_or_else(|| self.default_remedy(state))
    }

    fn default_remedy(&self, state: StoryState) -> String {
        let target = &self.situation.target;
        let title = self.named();
        match state {
            StoryState::Absent => self.remedy_of_absent(),
            StoryState::Left => {
                "Put it on a list that is followed to have it asked for.".to_owned()
            }
            StoryState::New | StoryState::Undecided | StoryState::Planned => {
                "`listsync sync` starts a run now.".to_owned()
            }
            StoryState::NeedsReview => format!(
                "`listsync review` asks which one it is; `listsync review pick {title} movie:NUMBER` \
                 (or tv:NUMBER, or none) says it at once."
            ),
            StoryState::NotFound => self.remedy_of_not_found(&title),
            StoryState::Requested => format!(
                "{target} gets it from here. Where it is not wanted any more, decline or delete the \
                 request there.{}",
                self.later_seasons()
            ),
            StoryState::Adopted | StoryState::Available => {
                format!("Nothing has to be done.{}", self.later_seasons())
            }
            StoryState::Waiting => {
                "Every run looks at it anew; what a person can do about it, the reason says."
                    .to_owned()
            }
            StoryState::Skipped => "Nothing has to be done; every run looks at it anew.".to_owned(),
            StoryState::Requesting => "Nothing has to be done; it is not sent twice.".to_owned(),
            StoryState::Failed => {
                format!(
                    "`listsync items retry {title}` lets the next run try it, however soon that is."
                )
            }
            StoryState::FailedPermanent => format!(
                "Mend what the reason says, then `listsync items retry {title}` lets the next run try \
                 it again."
            ),
            StoryState::Withdrawn if !self.is_wanted() => {
                "Put it on a list again to have it asked for anew.".to_owned()
            }
            StoryState::Declined | StoryState::Deleted | StoryState::Withdrawn => format!(
                "It is not asked for again while it stays on its lists. Take it off them, let a run see \
                 that, and put it on again; or `listsync items retry {title} --anyway`."
            ),
            StoryState::Blocklisted => format!(
                "Take it off the block list in {target} first; then take it off its lists and put it \
                 on again, or `listsync items retry {title} --anyway`."
            ),
        }
    }

    fn remedy_of_not_found(&self, title: &str) -> String {
        let pin = self.facts.pins.iter().find(|pin| pin.tmdb_id.is_none());
        match pin {
            Some(pin) => format!("`listsync pins remove {}` has it looked for again.", pin.id),
            None => format!(
                "Mend title or year on its list, or say which one it is: `listsync review pick {title} \
                 movie:NUMBER` (or tv:NUMBER, or none)."
            ),
        }
    }

    fn remedy_of_absent(&self) -> String {
        if self
            .facts
            .lists
            .iter()
            .all(|one| one.list.removed_at.is_some())
        {
            return "Follow a list: `listsync lists add ADDRESS`.".to_owned();
        }
        if absent::has_suspects(self.facts) {
            return "See to the lists above, or put it on another list that is followed; \
                    `listsync sync` reads them now."
                .to_owned();
        }
        "Put it on a list that is followed; `listsync lists` shows them, `listsync sync` reads them \
         now."
            .to_owned()
    }

    fn later_seasons(&self) -> &'static str {
        let media_type = self.facts.title.as_ref().map(|title| title.media_type);
        if media_type == Some(MediaType::Tv) && self.is_wanted() {
            " Seasons that air later are asked for by themselves while it stays on its lists."
        } else {
            ""
        }
    }

    /// What commands call it: `movie:949`, or the number of its entry.
    fn named(&self) -> String {
        match (&self.facts.title, self.standing.first()) {
            (Some(title), _) => format!("{}:{}", title.media_type, title.tmdb_id),
            (None, Some((entry, _))) => entry.id.to_string(),
            (None, None) => self.facts.asked.clone(),
        }
    }
}

fn decided(decision: DecisionKind) -> StoryState {
    match decision {
        DecisionKind::Request | DecisionKind::Retry => StoryState::Planned,
        DecisionKind::Skip => StoryState::Skipped,
        DecisionKind::Wait => StoryState::Waiting,
        DecisionKind::Review => StoryState::FailedPermanent,
        DecisionKind::Withdraw => StoryState::Withdrawn,
    }
}

/// States a decision to do nothing leads to, whose remedy is that of the decision.
fn is_no(state: StoryState) -> bool {
    matches!(
        state,
        StoryState::Declined
            | StoryState::Deleted
            | StoryState::Blocklisted
            | StoryState::Failed
            | StoryState::FailedPermanent
            | StoryState::Adopted
    )
}

fn of_ledger(status: LedgerStatus) -> StoryState {
    match status {
        LedgerStatus::Planned => StoryState::Planned,
        LedgerStatus::Requesting => StoryState::Requesting,
        LedgerStatus::Requested => StoryState::Requested,
        LedgerStatus::Adopted => StoryState::Adopted,
        LedgerStatus::Available => StoryState::Available,
        LedgerStatus::Failed => StoryState::Failed,
        LedgerStatus::FailedPermanent => StoryState::FailedPermanent,
        LedgerStatus::Declined => StoryState::Declined,
        LedgerStatus::Blocklisted => StoryState::Blocklisted,
        LedgerStatus::Deleted => StoryState::Deleted,
        LedgerStatus::Withdrawn => StoryState::Withdrawn,
    }
}
