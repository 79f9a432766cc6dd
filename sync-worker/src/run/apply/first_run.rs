//! Holds back what new lists would ask for without a yes: before anything is asked for, it is counted
//! what only they would ask for, and the lists that go too far wait. Which do is [`Counted`]'s to say.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDateTime;
use runtime::counted;
use schema::{
    DbError, SqliteConnection,
    models::{Asking, List, ListId, NewEvent, RunId},
};

use super::{Applier, CHUNK, DecidedAll, key};
use crate::{
    events::{ListChange, list_changed, list_waits},
    run::{
        Interrupted,
        new_lists::{Judged, NewLists},
        report::Tally,
        wishes::WishKey,
    },
    target::{Snapshot, Target},
};

impl<T: Target> Applier<'_, T> {
    /// Leaves out of what was decided what waits for a yes, and records why it does.
    pub(super) async fn hold_back(
        &mut self,
        snapshot: &Snapshot,
        mut decided: DecidedAll,
        tally: &mut Tally,
    ) -> Result<DecidedAll, Interrupted> {
        if self.new_lists.open().is_empty() {
            return Ok(decided);
        }
        let counted = std::mem::take(&mut self.counted);
        let limit = self.engine.settings().settings.sync.ask_above_titles;
        let judged = counted.judge(self.new_lists.open(), limit);
        let waiting = self.remember(judged).await?;
        self.new_lists = NewLists::waiting(waiting);
        let doubtful: HashSet<WishKey> = counted.asked.iter().copied().collect();
        decided.deeds.retain(|deed| !doubtful.contains(deed));
        for chunk in counted.asked.chunks(CHUNK) {
            self.going.check_cancelled()?;
            let anew = self.decide_on(snapshot, chunk, tally).await?;
            let deeds = anew.deeds.iter();
            decided.deeds.extend(deeds.map(|deed| key(&deed.wish)));
            decided.unsettled.extend(anew.unsettled);
            decided.until = decided.until.max(anew.until);
        }
        Ok(decided)
    }

    /// Stores what is to become of new lists, before anything is asked for because of them; gives those
    /// that wait, with their titles.
    async fn remember(
        &self,
        judged: BTreeMap<ListId, Judged>,
    ) -> Result<BTreeMap<ListId, u32>, DbError> {
        let (run, now) = (self.going.run, self.engine.clock.now());
        let whole = self.wishes.whole_lists();
        self.engine
            .write(move |conn, events| {
                let mut waiting = BTreeMap::new();
                for (list, judged) in judged {
                    let is_whole = whole.contains(&list);
                    let (titles, event) = store(conn, list, judged, is_whole, (run, now))?;
                    waiting.extend(titles.map(|titles| (list, titles)));
                    events.extend(event);
                }
                Ok(waiting)
            })
            .await
    }
}

/// Stores what is to become of one new list: how many titles wait, and what there is to tell. Nothing
/// when a person has agreed to it or removed it meanwhile.
fn store(
    conn: &mut SqliteConnection,
    id: ListId,
    judged: Judged,
    is_whole: bool,
    (run, now): (RunId, NaiveDateTime),
) -> Result<(Option<u32>, Option<NewEvent>), DbError> {
    let Some(list) = List::find(conn, id)?.filter(|list| list.ask_first) else {
        return Ok((None, None));
    };
    let (titles, is_agreed) = match judged {
        Judged::Waits(titles) => (Some(titles), false),
        // What was not read, or not looked up, may be more than its owner expects.
        Judged::GoesOn { is_all } => (None, is_all && is_whole && !Asking::has_new(conn, id)?),
    };
    let stored = titles.map(|titles| i32::try_from(titles).unwrap_or(i32::MAX));
    if list.waiting_titles == stored && !is_agreed {
        return Ok((titles, None));
    }
    let list = List::set_waiting(conn, id, is_agreed, stored)?;
    let event = match titles {
        Some(titles) => {
            tracing::warn!(
                list.id = %id,
                titles,
                "list {id} is new and would ask for {}: `listsync lists accept {id}` says yes",
                counted(titles, "title", "titles")
            );
            Some(list_waits(&list, titles, run, now))
        }
        None => is_agreed.then(|| list_changed(&list, ListChange::Agreed, now)),
    };
    Ok((titles, event))
}
