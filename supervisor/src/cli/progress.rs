//! The progress bar of a run on standard error; nothing where nobody sees it. It is fed by what the
//! sync-worker tells everybody who follows what happens.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runtime::socket::client::{CallError, Client};
use schema::{
    models::{EventKind, ListId, RunId},
    wire::sync::{
        FromSyncWorker, ReadingProgress, RunPhase, RunProgress, SyncLink, ToSyncWorker, WatchEvents,
    },
};

use super::{tail::visible, terminal::Look};

/// Pause before a sync-worker that was lost is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// A bar, or nothing.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    /// Lists that are being read.
    readings: RefCell<BTreeMap<ListId, ReadingProgress>>,
}

impl Progress {
    /// A bar when `is_seen`.
    pub(super) fn new(is_seen: bool) -> Self {
        Self::on(is_seen.then(ProgressDrawTarget::stderr))
    }

    fn on(target: Option<ProgressDrawTarget>) -> Self {
        let bar = target.map(|target| {
            let bar = ProgressBar::with_draw_target(None, target);
            // The template is fixed; were it wrong, the plain bar would do.
            if let Ok(style) =
                ProgressStyle::with_template("{prefix:>11} {bar:30} {pos}/{len} {wide_msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            readings: RefCell::default(),
        }
    }

    /// Shows where the run is, as the sync-worker tells it, for as long as it is polled. How the run
    /// ended is for others to find out; a sync-worker that is away is waited for.
    pub(super) async fn follow(&self, client: &Client<SyncLink>, run: RunId) -> Infallible {
        if self.bar.is_none() {
            return std::future::pending().await;
        }
        loop {
            // Whatever went wrong: whoever waits for the report hears of it.
            if self.listen(client, run).await.is_err() {
                self.readings.borrow_mut().clear();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen(&self, client: &Client<SyncLink>, run: RunId) -> Result<(), CallError> {
        let request = WatchEvents {
            follow: true,
            ..WatchEvents::default()
        };
        let mut stream = client.stream(ToSyncWorker::WatchEvents(request)).await?;
        while let Some(answer) = stream.next().await? {
            match answer {
                FromSyncWorker::Progress(progress) if progress.run == run => self.show(&progress),
                FromSyncWorker::Reading(reading) if reading.run == Some(run) => {
                    self.readings.borrow_mut().insert(reading.list, reading);
                    self.show_readings();
                }
                FromSyncWorker::Event(event)
                    if event.kind == EventKind::ListRead && event.run == Some(run) =>
                {
                    if let Some(list) = event.list {
                        self.readings.borrow_mut().remove(&list);
                    }
                    self.show_readings();
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn show(&self, progress: &RunProgress) {
        let Some(bar) = &self.bar else { return };
        if bar.is_finished() {
            bar.reset();
        }
        bar.set_prefix(phase(progress.phase));
        bar.set_length(progress.total.max(progress.done).into());
        bar.set_position(progress.done.into());
        if progress.phase == RunPhase::Read {
            self.show_readings();
        } else {
            let item = progress.item.as_deref().unwrap_or_default();
            bar.set_message(visible(item, Look::PIPE));
        }
    }

    fn show_readings(&self) {
        if let Some(bar) = &self.bar {
            let reading = slowest(&self.readings.borrow()).unwrap_or_default();
            bar.set_message(visible(&reading, Look::PIPE));
        }
    }

    /// Shows how far one list is read that is read alone.
    pub(super) fn read(&self, reading: &ReadingProgress) {
        let Some(bar) = &self.bar else { return };
        bar.set_prefix(phase(RunPhase::Read));
        bar.set_length(reading.announced.unwrap_or(reading.read).into());
        bar.set_position(reading.read.into());
        bar.set_message(visible(&reading.name, Look::PIPE));
    }

    /// Shows how many runs come first.
    pub(super) fn queued(&self, before: u32) {
        let Some(bar) = &self.bar else { return };
        bar.set_prefix(phase(RunPhase::Queued));
        bar.set_length(before.into());
        bar.set_position(0);
        bar.set_message("waiting for the runs before it");
    }

    /// Shows that nothing is heard at the moment.
    pub(super) fn wait(&self, why: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(why.to_owned());
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The list with the most left to read: `Top 250: 100 of 250`. One whose length is not known yet comes
/// after those, and last one that is being stored.
fn slowest(readings: &BTreeMap<ListId, ReadingProgress>) -> Option<String> {
    let left = |reading: &ReadingProgress| match reading.announced {
        Some(announced) if announced > reading.read => (2, announced - reading.read),
        None => (1, 0),
        Some(_) => (0, 0),
    };
    let reading = readings.values().max_by_key(|reading| left(reading))?;
    Some(match reading.announced {
        Some(announced) => format!("{}: {} of {announced}", reading.name, reading.read),
        None => format!("{}: {}", reading.name, reading.read),
    })
}

fn phase(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Queued => "queued",
        RunPhase::Read => "reading",
        RunPhase::Identify => "identifying",
        RunPhase::Plan => "planning",
        RunPhase::Apply => "requesting",
        RunPhase::Verify => "verifying",
        RunPhase::Ended => "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::wire::sync::EventView;
    use std::cell::Cell;

    fn reading(list: i32, read: u32, announced: Option<u32>) -> ReadingProgress {
        ReadingProgress {
            run: Some(RunId(12)),
            list: ListId(list),
            name: format!("List {list}"),
            read,
            announced,
        }
    }

    fn progress(run: i32, phase: RunPhase, done: u32) -> FromSyncWorker {
        FromSyncWorker::Progress(RunProgress {
            run: RunId(run),
            phase,
            done,
            total: 9,
            item: Some("Heat\u{1b}[2J".into()),
        })
    }

    fn list_read(list: i32) -> FromSyncWorker {
        FromSyncWorker::Event(EventView {
            id: 1,
            at: at(0),
            kind: EventKind::ListRead,
            run: Some(RunId(12)),
            list: Some(ListId(list)),
            data: serde_json::Value::Null,
        })
    }

    #[test]
    fn the_list_with_the_most_left_is_shown() {
        let slowest = |readings: &[ReadingProgress]| {
            let readings = readings
                .iter()
                .map(|reading| (reading.list, reading.clone()));
            slowest(&readings.collect())
        };
        assert_eq!(slowest(&[]), None);
        let known = [reading(1, 3, None), reading(2, 9, Some(9))];
        assert_eq!(slowest(&known).unwrap(), "List 1: 3");
        assert_eq!(
            slowest(&[
                reading(1, 3, None),
                reading(2, 240, Some(250)),
                reading(3, 50, Some(100)),
                reading(4, 250, Some(250)),
            ])
            .unwrap(),
            "List 3: 50 of 100"
        );
    }

    /// What is on the bar after each of the worker's lives, all of which end.
    async fn shown(lives: Vec<Vec<FromSyncWorker>>) -> Vec<String> {
        let world = World::new();
        let count = lives.len();
        let life = std::rc::Rc::new(Cell::new(0));
        let begun = std::rc::Rc::clone(&life);
        world.serve::<SyncLink>(move |request| {
            assert!(matches!(
                request,
                ToSyncWorker::WatchEvents(WatchEvents { follow: true, .. })
            ));
            let answers = lives.get(begun.get()).cloned().unwrap_or_default();
            begun.set(begun.get() + 1);
            answers
        });
        let progress = Progress::on(Some(ProgressDrawTarget::hidden()));
        let client = world.session.sync_worker().await.unwrap();
        let mut seen = Vec::new();
        let look = async {
            for number in 0..count {
                while life.get() <= number + 1 {
                    tokio::task::yield_now().await;
                }
                let bar = progress.bar.as_ref().unwrap();
                seen.push(format!(
                    "{} {}/{} {}",
                    bar.prefix(),
                    bar.position(),
                    bar.length().unwrap(),
                    bar.message()
                ));
            }
        };
        tokio::select! {
            biased; // looks before the next life is heard of
            () = look => {}
            never = progress.follow(&client, RunId(12)) => match never {},
        }
        seen
    }

    #[actix_rt::test]
    async fn it_shows_the_run_it_is_about_across_lives_of_the_sync_worker() {
        let first = vec![
            progress(12, RunPhase::Read, 1),
            progress(4, RunPhase::Apply, 8),
            FromSyncWorker::Reading(reading(1, 10, Some(90))),
            FromSyncWorker::Reading(reading(2, 10, Some(20))),
        ];
        let second = vec![
            progress(12, RunPhase::Read, 2),
            FromSyncWorker::Reading(reading(1, 30, Some(90))),
            FromSyncWorker::Reading(reading(2, 11, Some(20))),
            list_read(1),
        ];
        let third = vec![progress(12, RunPhase::Apply, 3)];
        assert_eq!(
            shown(vec![first, second, third]).await,
            [
                "reading 1/9 List 1: 10 of 90",
                "reading 2/9 List 2: 11 of 20",
                "requesting 3/9 Heat\u{fffd}[2J",
            ]
        );
    }
}
