//! Long lists: they are handed on as they are read, and no page is asked for before the one before it
//! was taken.

use tokio::sync::Semaphore;

use super::*;

const PAGE: u32 = 250;
const ENTRIES: u32 = 20_000;

async fn long() -> FakeSite {
    site(|hit| {
        let from = (hit.page() - 1) * PAGE;
        let next = (from + PAGE < ENTRIES).then_some(hit.page() + 1);
        plain(from..from + PAGE, Some(ENTRIES), next)
    })
    .await
}

/// Keeps nothing but how much it was given, and takes as many hundreds as it is let.
struct Counting {
    entries: Cell<u32>,
    largest: Cell<usize>,
    may_take: Semaphore,
}

impl Counting {
    fn new(may_take: usize) -> Self {
        Self {
            entries: Cell::new(0),
            largest: Cell::new(0),
            may_take: Semaphore::new(may_take),
        }
    }
}

impl Sink for Counting {
    async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
        self.may_take.acquire().await.unwrap().forget();
        let before = self.entries.get();
        assert_eq!(entries[0].rank, before + 1);
        self.entries
            .set(before + u32::try_from(entries.len()).unwrap());
        self.largest.set(self.largest.get().max(entries.len()));
        Ok(())
    }
}

async fn walk(site: &FakeSite, sink: &Counting) -> Walked {
    let (bench, provider) = (Bench::new(), PlainLists::at(&[site]));
    let (fetcher, sites) = (bench.fetcher(), sites("http://127.0.0.1:9"));
    let walk = Walk {
        fetcher: &fetcher,
        provider: &provider,
        sites: &sites,
        list: ListToRead::default(),
        limit: None,
    };
    walk.run(sink).await.unwrap()
}

#[actix_rt::test]
async fn twenty_thousand_entries_are_read_completely_in_hundreds() {
    let (site, sink) = (long().await, Counting::new(1000));
    let walked = walk(&site, &sink).await;
    assert_eq!(
        (walked.outcome, walked.read, walked.pages),
        (FetchOutcome::Complete, ENTRIES, ENTRIES / PAGE)
    );
    assert_eq!((sink.entries.get(), sink.largest.get()), (ENTRIES, 100));
}

#[actix_rt::test]
async fn no_page_is_asked_for_before_the_one_before_it_was_taken() {
    let (site, sink) = (long().await, Counting::new(2));
    let waits = tokio::time::timeout(Duration::from_secs(1), walk(&site, &sink)).await;
    assert!(waits.is_err());
    assert_eq!((sink.entries.get(), site.hits().len()), (200, 1));
}
