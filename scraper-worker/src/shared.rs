//! Readings of one list that were asked for at the same time are one: whoever comes later gets the
//! entries so far and then the rest. It ends when nobody waits for it any more. Leaves reading to
//! whoever begins it and what is recorded of it to `reading`.
//!
//! Memory is bounded: entries are kept for newcomers while there are few, and after that only until
//! all who wait have taken them; a newcomer then waits for the end, for a while, and gets a reading of
//! its own. The slowest of those who wait sets the pace, unless it takes nothing for so long that the
//! others are better off without it.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    pin::pin,
    rc::Rc,
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, Shared, WeakShared, select},
};
use runtime::socket::Gone;
use schema::wire::scraper::{Credential, Entry};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    shown::shown,
    walk::{Sink, Walked},
};

/// Entries after which nobody can join any more. A guess: some hundred kilobytes.
const JOINABLE: usize = 5_000;
/// Chunks that the slowest may be behind.
const BEHIND: usize = 4;
/// How long others wait for one who takes nothing. A guess.
const STALLED: Duration = Duration::from_secs(30);
/// How long a newcomer waits for the end of a reading, less than callers wait for a word. A guess.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// What makes two readings the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) list_type: &'static str,
    pub(crate) list_id: String,
    pub(crate) limit: Option<u32>,
    pub(crate) credential: Option<Credential>,
    /// Digest of what need not be sent again.
    pub(crate) known: Option<String>,
}

/// A reading; `None` when it was given up.
type Walking = LocalBoxFuture<'static, Option<Walked>>;

/// All readings under way.
#[derive(Default)]
pub(crate) struct SharedReadings(RefCell<HashMap<Key, Underway>>);

struct Underway {
    walking: WeakShared<Walking>,
    log: Rc<Log>,
}

impl Underway {
    /// The reading, unless it has ended or was given up.
    fn going(&self) -> Option<Shared<Walking>> {
        self.walking
            .upgrade()
            .filter(|walking| walking.peek().is_none())
    }
}

enum Joined {
    Place(Shared<Walking>, Place),
    /// Too much has gone by; once this is cancelled the next can begin.
    TooLate(CancellationToken),
}

impl SharedReadings {
    /// Reads what `key` stands for, together with others who do, or by what `begin` makes.
    ///
    /// # Errors
    /// [`Gone`] when the caller takes the entries no more, or so slowly that others would suffer.
    pub(crate) async fn read<S: Sink>(
        &self,
        key: &Key,
        begin: impl Fn(Feed) -> Walking,
        sink: &S,
    ) -> Result<Walked, Gone> {
        loop {
            match self.join(key, &begin) {
                Joined::Place(walking, place) => return place.follow(walking, sink).await,
                Joined::TooLate(ended) => {
                    if timeout(LONGEST_WAIT, ended.cancelled()).await.is_err() {
                        let (walking, log) = started(&begin);
                        return Place::of(&log).follow(walking, sink).await;
                    }
                }
            }
        }
    }

    /// Lets nobody join the readings under way any more: what they began with is no longer so.
    pub(crate) fn part(&self) {
        self.0.borrow_mut().clear();
    }

    fn join(&self, key: &Key, begin: impl Fn(Feed) -> Walking) -> Joined {
        let mut underway = self.0.borrow_mut();
        underway.retain(|_, reading| reading.going().is_some());
        if let Some(reading) = underway.get(key)
            && let Some(walking) = reading.going()
        {
            return if reading.log.is_joinable() {
                tracing::debug!(list.id = %shown(&key.list_id), "joined a reading under way");
                Joined::Place(walking, Place::of(&reading.log))
            } else {
                Joined::TooLate(reading.log.ended.clone())
            };
        }
        let (walking, log) = started(begin);
        let place = Place::of(&log);
        if let Some(weak) = walking.downgrade() {
            let reading = Underway { walking: weak, log };
            underway.insert(key.clone(), reading);
        }
        Joined::Place(walking, place)
    }
}

fn started(begin: impl Fn(Feed) -> Walking) -> (Shared<Walking>, Rc<Log>) {
    let log = Rc::<Log>::default();
    // Dropped with the reading, whether it came to its end or was given up.
    let end = log.ended.clone().drop_guard();
    let walking = begin(Feed(Rc::clone(&log)));
    let walking = async move {
        let _end = end;
        walking.await
    };
    (walking.boxed_local().shared(), log)
}

/// Entries handed on at once.
#[derive(Clone)]
struct Chunk {
    entries: Vec<Entry>,
    announced: Option<u32>,
}

/// What a reading has handed on, as far as somebody may still want it.
#[derive(Default)]
struct Log {
    inside: RefCell<Inside>,
    /// There is something new to take, or room for more.
    changed: Notify,
    ended: CancellationToken,
}

#[derive(Default)]
struct Inside {
    chunks: VecDeque<Rc<Chunk>>,
    /// Number of the first of them.
    first: usize,
    /// Entries that have gone by.
    entries: usize,
    /// Number of the chunk that each of those who wait takes next, by name.
    places: HashMap<usize, usize>,
    names: usize,
}

impl Log {
    fn is_joinable(&self) -> bool {
        self.inside.borrow().first == 0
    }

    /// Takes the chunk in, unless somebody is too far behind.
    fn push(&self, chunk: Chunk) -> Result<(), Chunk> {
        let mut inside = self.inside.borrow_mut();
        let end = inside.first + inside.chunks.len();
        if inside.slowest().is_some_and(|place| end - place >= BEHIND) {
            return Err(chunk);
        }
        inside.entries += chunk.entries.len();
        inside.chunks.push_back(Rc::new(chunk));
        drop(inside);
        self.changed.notify_waiters();
        Ok(())
    }
}

impl Inside {
    fn slowest(&self) -> Option<usize> {
        self.places.values().min().copied()
    }

    /// Waits no more for those who are too far behind, if there are others.
    fn leave_behind(&mut self) {
        let end = self.first + self.chunks.len();
        let is_behind = |place: usize| end - place >= BEHIND;
        if self.places.values().any(|place| !is_behind(*place)) {
            self.places.retain(|_, place| !is_behind(*place));
            tracing::warn!("a caller who took nothing of a shared reading was left behind");
        }
    }

    /// Forgets what all have taken, once newcomers are no longer waited for.
    fn forget(&mut self) {
        let Some(slowest) = self.slowest().filter(|_| self.entries > JOINABLE) else {
            return;
        };
        while self.first < slowest && self.chunks.pop_front().is_some() {
            self.first += 1;
        }
    }
}

/// Where a shared reading hands on its entries.
pub(crate) struct Feed(Rc<Log>);

impl Sink for Feed {
    async fn entries(&self, entries: Vec<Entry>, announced: Option<u32>) -> Result<(), Gone> {
        let mut chunk = Chunk { entries, announced };
        loop {
            let room = self.0.changed.notified();
            match self.0.push(chunk) {
                Ok(()) => return Ok(()),
                Err(too_early) => chunk = too_early,
            }
            if timeout(STALLED, room).await.is_err() {
                self.0.inside.borrow_mut().leave_behind();
            }
        }
    }
}

/// One who waits for a reading.
struct Place {
    log: Rc<Log>,
    name: usize,
}

impl Place {
    fn of(log: &Rc<Log>) -> Self {
        let mut inside = log.inside.borrow_mut();
        let name = inside.names;
        inside.names += 1;
        inside.places.insert(name, 0);
        drop(inside);
        Self {
            log: Rc::clone(log),
            name,
        }
    }

    async fn follow<S: Sink>(self, mut walking: Shared<Walking>, sink: &S) -> Result<Walked, Gone> {
        loop {
            // Before looking, so that nothing new is missed while entries are handed on.
            let changed = pin!(self.log.changed.notified());
            self.hand_on(sink).await?;
            if let Either::Left((walked, _)) = select(&mut walking, changed).await {
                self.hand_on(sink).await?;
                return walked.ok_or(Gone);
            }
        }
    }

    async fn hand_on<S: Sink>(&self, sink: &S) -> Result<(), Gone> {
        while let Some(chunk) = self.next()? {
            let Chunk { entries, announced } = Rc::unwrap_or_clone(chunk);
            sink.entries(entries, announced).await?;
        }
        Ok(())
    }

    /// What comes next, if it is there. Fails when this one was left behind.
    fn next(&self) -> Result<Option<Rc<Chunk>>, Gone> {
        let mut inside = self.log.inside.borrow_mut();
        let place = inside.places.get(&self.name).copied().ok_or(Gone)?;
        let offset = place.checked_sub(inside.first).ok_or(Gone)?;
        let Some(chunk) = inside.chunks.get(offset).cloned() else {
            return Ok(None);
        };
        inside.places.insert(self.name, place + 1);
        inside.forget();
        drop(inside);
        self.log.changed.notify_waiters();
        Ok(Some(chunk))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.log.inside.borrow_mut();
        inside.places.remove(&self.name);
        inside.forget();
        drop(inside);
        self.log.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::{join, join3};
    use schema::wire::scraper::FetchOutcome;
    use tokio::sync::mpsc;

    use super::*;

    fn key() -> Key {
        Key {
            list_type: "plain",
            list_id: "l1".into(),
            limit: None,
            credential: None,
            known: None,
        }
    }

    fn walked(read: u32) -> Walked {
        Walked {
            outcome: FetchOutcome::Complete,
            name: None,
            read,
            announced: None,
            dropped: 0,
            pages: 1,
            not_modified: false,
            is_as_known: false,
            digest: None,
        }
    }

    fn chunk(number: u32) -> Vec<Entry> {
        let entry = |place| Entry {
            rank: number * 100 + place,
            ..Entry::default()
        };
        (0..100).map(entry).collect()
    }

    /// Begins readings of so many chunks of a hundred, each let go by a message.
    struct Source {
        chunks: u32,
        begun: Rc<Cell<u32>>,
        pushed: Rc<Cell<u32>>,
        go: RefCell<Vec<mpsc::UnboundedReceiver<()>>>,
    }

    impl Source {
        fn new(chunks: u32, go: Vec<mpsc::UnboundedReceiver<()>>) -> Self {
            Self {
                chunks,
                begun: Rc::default(),
                pushed: Rc::default(),
                go: RefCell::new(go),
            }
        }

        fn begin(&self, feed: Feed) -> Walking {
            self.begun.set(self.begun.get() + 1);
            let (chunks, pushed) = (self.chunks, Rc::clone(&self.pushed));
            let mut go = self.go.borrow_mut().pop();
            async move {
                for number in 0..chunks {
                    if let Some(go) = &mut go {
                        go.recv().await?;
                    }
                    feed.entries(chunk(number), Some(chunks * 100)).await.ok()?;
                    pushed.set(pushed.get() + 1);
                }
                Some(walked(chunks * 100))
            }
            .boxed_local()
        }
    }

    /// Takes entries, each chunk after a message if there is somebody to send one.
    #[derive(Default)]
    struct Taker {
        ranks: RefCell<Vec<u32>>,
        go: Option<tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>>,
    }

    impl Sink for Taker {
        async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
            if let Some(go) = &self.go {
                go.lock().await.recv().await.ok_or(Gone)?;
            }
            let ranks = entries.iter().map(|entry| entry.rank);
            self.ranks.borrow_mut().extend(ranks);
            Ok(())
        }
    }

    impl Taker {
        fn has_all(&self, chunks: u32) -> bool {
            self.ranks.borrow().iter().copied().eq(0..chunks * 100)
        }
    }

    #[tokio::test]
    async fn two_readings_at_once_are_one_and_both_get_everything() {
        let (let_go, go) = mpsc::unbounded_channel();
        let source = Source::new(3, vec![go]);
        let readings = SharedReadings::default();
        let (one, other) = (Taker::default(), Taker::default());
        let (key, begin) = (key(), |feed| source.begin(feed));
        let first = readings.read(&key, begin, &one);
        let second = async {
            // After the first chunk, so that there is something to catch up with.
            let_go.send(()).unwrap();
            while one.ranks.borrow().is_empty() {
                tokio::task::yield_now().await;
            }
            let rest = async {
                let_go.send(()).unwrap();
                let_go.send(()).unwrap();
            };
            join(readings.read(&key, begin, &other), rest).await.0
        };
        let (first, second) = join(first, second).await;
        assert_eq!((first, second), (Ok(walked(300)), Ok(walked(300))));
        assert!(one.has_all(3) && other.has_all(3));
        assert_eq!(source.begun.get(), 1);
        // It has ended, so the next is one of its own.
        let third = Taker::default();
        readings.read(&key, begin, &third).await.unwrap();
        assert!(third.has_all(3));
        assert_eq!(source.begun.get(), 2);
    }

    #[tokio::test]
    async fn other_lists_limits_credentials_and_knowledge_are_other_readings() {
        let (_let_go, go) = mpsc::unbounded_channel();
        let source = Source::new(1, vec![go]);
        let readings = SharedReadings::default();
        let (key, taker) = (key(), Taker::default());
        let begin = |feed| source.begin(feed);
        let mut held = pin!(readings.read(&key, begin, &taker));
        assert!((&mut held).now_or_never().is_none());
        let other_keys = [
            Key {
                list_id: "l2".into(),
                ..key.clone()
            },
            Key {
                limit: Some(5),
                ..key.clone()
            },
            Key {
                credential: Some(Credential::key("k")),
                ..key.clone()
            },
            Key {
                known: Some("d".into()),
                ..key.clone()
            },
        ];
        for (number, other) in (2..).zip(other_keys) {
            let taker = Taker::default();
            readings.read(&other, begin, &taker).await.unwrap();
            assert_eq!(source.begun.get(), number);
        }
        // Nor the same under other settings.
        readings.part();
        readings.read(&key, begin, &Taker::default()).await.unwrap();
        assert_eq!(source.begun.get(), 6);
    }

    #[tokio::test]
    async fn a_reading_goes_on_for_those_who_stay_and_ends_with_the_last() {
        let (let_go, go) = mpsc::unbounded_channel();
        let source = Source::new(2, vec![go]);
        let readings = SharedReadings::default();
        let (key, begin) = (key(), |feed| source.begin(feed));
        let (one, other) = (Taker::default(), Taker::default());
        let mut leaves = Box::pin(readings.read(&key, begin, &one));
        let mut stays = Box::pin(readings.read(&key, begin, &other));
        assert!((&mut leaves).now_or_never().is_none());
        assert!((&mut stays).now_or_never().is_none());
        drop(leaves);
        let_go.send(()).unwrap();
        let soon = timeout(Duration::from_millis(50), &mut stays).await;
        assert!(soon.is_err());
        assert_eq!(other.ranks.borrow().len(), 100);
        assert!(!let_go.is_closed());
        drop(stays);
        assert!(let_go.is_closed(), "the reading was given up");
        readings.read(&key, begin, &other).await.unwrap();
        assert_eq!(source.begun.get(), 2);
    }

    #[tokio::test]
    async fn the_slowest_sets_the_pace_and_little_is_kept() {
        let (take, taken) = mpsc::unbounded_channel();
        let source = Source::new(500, Vec::new());
        let readings = SharedReadings::default();
        let (key, begin) = (key(), |feed| source.begin(feed));
        let slow = Taker {
            go: Some(tokio::sync::Mutex::new(taken)),
            ..Taker::default()
        };
        let quick = Taker::default();
        let pushed = Rc::clone(&source.pushed);
        let lets_take = async {
            for number in 0..500_u32 {
                take.send(()).unwrap();
                while slow.ranks.borrow().len() <= number as usize * 100 {
                    tokio::task::yield_now().await;
                }
                assert!(pushed.get() <= number + 8, "{} {number}", pushed.get());
            }
        };
        let both = join3(
            readings.read(&key, begin, &slow),
            readings.read(&key, begin, &quick),
            lets_take,
        );
        let (one, other, ()) = timeout(Duration::from_secs(20), both).await.unwrap();
        assert_eq!((one.unwrap().read, other.unwrap().read), (50_000, 50_000));
        assert!(slow.has_all(500) && quick.has_all(500));
        assert_eq!(source.begun.get(), 1);
    }

    #[tokio::test]
    async fn whoever_comes_too_late_waits_and_gets_a_reading_of_its_own() {
        let (let_go, go) = mpsc::unbounded_channel();
        let source = Source::new(60, vec![go]);
        let readings = SharedReadings::default();
        let (key, begin) = (key(), |feed| source.begin(feed));
        let (early, late) = (Taker::default(), Taker::default());
        for _ in 0..59 {
            let_go.send(()).unwrap();
        }
        let first = readings.read(&key, begin, &early);
        let second = async {
            while early.ranks.borrow().len() < 5_900 {
                tokio::task::yield_now().await;
            }
            let mut waits = Box::pin(readings.read(&key, begin, &late));
            assert!((&mut waits).now_or_never().is_none());
            let_go.send(()).unwrap();
            waits.await
        };
        let (first, second) = join(first, second).await;
        assert_eq!((first, second), (Ok(walked(6_000)), Ok(walked(6_000))));
        assert!(early.has_all(60) && late.has_all(60));
        assert_eq!(source.begun.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_takes_nothing_does_not_hold_up_the_others_for_ever() {
        let (take, taken) = mpsc::unbounded_channel();
        let source = Source::new(20, Vec::new());
        let readings = SharedReadings::default();
        let (key, begin) = (key(), |feed| source.begin(feed));
        let stuck = Taker {
            go: Some(tokio::sync::Mutex::new(taken)),
            ..Taker::default()
        };
        let quick = Taker::default();
        let lets_take = async {
            while !quick.has_all(20) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            take.send(()).unwrap();
        };
        let both = join3(
            readings.read(&key, begin, &stuck),
            readings.read(&key, begin, &quick),
            lets_take,
        );
        let (stuck, quick, ()) = both.await;
        assert_eq!((stuck, quick), (Err(Gone), Ok(walked(2_000))));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_too_late_does_not_wait_for_ever() {
        let (let_go, go) = mpsc::unbounded_channel();
        let source = Source::new(60, vec![go]);
        let readings = SharedReadings::default();
        let (key, begin) = (key(), |feed| source.begin(feed));
        let (early, late) = (Taker::default(), Taker::default());
        for _ in 0..59 {
            let_go.send(()).unwrap();
        }
        let mut first = pin!(readings.read(&key, begin, &early));
        let unfinished = timeout(Duration::from_secs(1), &mut first).await;
        assert!(unfinished.is_err());
        readings.read(&key, begin, &late).await.unwrap();
        assert!(late.has_all(60));
        let_go.send(()).unwrap();
        first.await.unwrap();
        assert!(early.has_all(60));
    }
}
