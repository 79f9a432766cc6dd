//! Goes through the pages of one list: their order, the ways of reading, limits, completeness. Hands
//! entries on as pages, and the ids of new titles, arrive. Leaves single requests to `fetch` and what
//! a page holds to the provider.
//!
//! Two ways are never mixed: once entries of one way were handed on, a failure makes the reading
//! partial instead of beginning another way.

mod details;
mod digest;
mod known_pages;
mod mapped;
mod pass;
mod setback;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, future::Future, mem};

use runtime::{Chain, counted, settings::ProvidersSettings, socket::Gone};
use schema::{
    models::{Cause, SourceId},
    wire::scraper::{Entry, FetchOutcome},
};
use tokio::time::Instant;

pub(crate) use self::known_pages::KnownPages;
use self::{
    details::{Details, LATE, QUIET},
    digest::Digest,
    pass::{Pass, Took},
    setback::Setback,
};
use crate::{
    fetch::{Asker, Budget, Fetched, Fetcher},
    provider::{Extent, Ids, ListToRead, Page, Provider, ProviderError, Request, SourceKey, Way},
    providers,
    shown::shown,
};

/// Entries of one list.
const MOST_ENTRIES: usize = 50_000;
/// Entries handed on at once.
const CHUNK: usize = 100;

/// How a list changed of which an entry stood on two pages.
const MOVED: &str = "entries moved from one page to another";

/// Takes entries as they arrive.
pub(crate) trait Sink {
    /// Takes some, at most a hundred, and how many the site says there are. Fails when nobody wants
    /// them any more.
    fn entries(
        &self,
        entries: Vec<Entry>,
        announced: Option<u32>,
    ) -> impl Future<Output = Result<(), Gone>>;
}

/// How a reading ends that comes to nothing but `error`.
pub(crate) fn outcome_of(
    error: &ProviderError,
    provider: &dyn Provider,
    list: &str,
) -> FetchOutcome {
    Setback::of_provider(error, provider, list).into_outcome()
}

/// A reading to do.
pub(crate) struct Walk<'a> {
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) provider: &'a dyn Provider,
    pub(crate) sites: &'a ProvidersSettings,
    pub(crate) list: ListToRead,
    /// Entries wanted, from the top.
    pub(crate) limit: Option<u32>,
}

/// What was read before.
pub(crate) struct Before<'a> {
    /// Pages that need not be parsed again.
    pub(crate) pages: &'a KnownPages,
    /// A complete reading of the same list whose entries need not be handed on again.
    pub(crate) known: Option<Known>,
}

/// A complete reading that was done before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// What it read, in a word.
    pub(crate) digest: String,
    pub(crate) read: u32,
    pub(crate) announced: Option<u32>,
    pub(crate) dropped: u32,
}

/// How a reading went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    pub(crate) outcome: FetchOutcome,
    pub(crate) name: Option<String>,
    pub(crate) read: u32,
    pub(crate) announced: Option<u32>,
    pub(crate) dropped: u32,
    /// Answers that were not kept ones.
    pub(crate) pages: u32,
    pub(crate) not_modified: bool,
    /// Whether the list is what [`Before::known`] read, so that nothing was handed on.
    pub(crate) is_as_known: bool,
    /// What was read, in a word, if that is all there is to it: other readings with the same have
    /// the same entries.
    pub(crate) digest: Option<String>,
}

impl Walk<'_> {
    /// Reads the list as if nothing had been read before.
    ///
    /// # Errors
    /// As [`Walk::run_after`].
    #[cfg(test)]
    pub(crate) async fn run(&self, sink: &impl Sink) -> Result<Walked, Gone> {
        let before = Before {
            pages: &KnownPages::default(),
            known: None,
        };
        self.run_after(before, sink).await
    }

    /// Reads the list, of which something may be known from before.
    ///
    /// # Errors
    /// [`Gone`] when nobody waits for the entries any more; everything else is an outcome.
    pub(crate) async fn run_after(
        &self,
        before: Before<'_>,
        sink: &impl Sink,
    ) -> Result<Walked, Gone> {
        let mut going = Going::new(self, &before, sink);
        let ways = if providers::is_enabled(self.provider, self.sites) {
            self.provider.ways(&self.list, self.sites)
        } else {
            Err(providers::switched_off(self.provider))
        };
        let outcome = match ways {
            Ok(ways) => going.read(ways).await?,
            Err(error) => self.setback(&error).into_outcome(),
        };
        Ok(going.end(outcome))
    }

    fn setback(&self, error: &ProviderError) -> Setback {
        Setback::of_provider(error, self.provider, &shown(&self.list.id))
    }
}

/// Why a pass ended before its end.
enum Stop {
    Setback(Setback),
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Setback> for Stop {
    fn from(setback: Setback) -> Self {
        Self::Setback(setback)
    }
}

/// What an answer was.
enum Read {
    Page(Box<Page>),
    /// The whole list, as it was known.
    AsKnown,
}

/// How a pass came to its end.
enum Passed {
    Ended(FetchOutcome),
    /// The list changed between two pages: how.
    Changed(String),
}

/// A reading under way.
struct Going<'a, S> {
    walk: &'a Walk<'a>,
    before: &'a Before<'a>,
    sink: &'a S,
    budget: Budget,
    begun: Instant,
    /// Keys of what was handed on.
    sent: HashSet<u64>,
    /// When something was handed on last.
    told: Instant,
    details: Details,
    /// Whether the map of ids was looked after in this reading.
    has_seen_to_map: bool,
    name: Option<String>,
    announced: Option<u32>,
    dropped: u32,
    asked: u32,
    not_modified: u32,
    is_as_known: bool,
    /// What this pass has read.
    digest: Digest,
    /// Whether entries were completed from elsewhere, which no answer of the list shows.
    is_completed: bool,
}

impl<'a, S: Sink> Going<'a, S> {
    fn new(walk: &'a Walk<'a>, before: &'a Before<'a>, sink: &'a S) -> Self {
        Self {
            walk,
            before,
            sink,
            budget: walk.fetcher.budget(),
            begun: Instant::now(),
            sent: HashSet::new(),
            told: Instant::now(),
            details: Details::default(),
            has_seen_to_map: false,
            name: None,
            announced: None,
            dropped: 0,
            asked: 0,
            not_modified: 0,
            is_as_known: false,
            digest: Digest::new(walk.limit),
            is_completed: false,
        }
    }

    /// Tries the ways in order.
    async fn read(&mut self, ways: Vec<Way>) -> Result<FetchOutcome, Gone> {
        let (provider, list) = (self.walk.provider.name(), shown(&self.walk.list.id));
        let mut setbacks = Vec::new();
        let mut ways = ways.into_iter().peekable();
        while let Some(way) = ways.next() {
            let setback = match self.read_way(&way).await {
                Ok(outcome) => return Ok(outcome),
                Err(Stop::Gone) => return Err(Gone),
                Err(Stop::Setback(setback)) => setback,
            };
            if !self.sent.is_empty() {
                return Ok(setback.into_partial(self.sent.len()));
            }
            if setback.is_final() {
                return Ok(setback.into_outcome());
            }
            if let Some(other) = ways.peek() {
                tracing::warn!(
                    provider,
                    list.id = %list,
                    way = way.name,
                    "Error fetching {provider} list {list} by {}: {setback}; trying {}",
                    way.name,
                    other.name
                );
            }
            setbacks.push((way.name, setback));
        }
        Ok(Setback::of_all(setbacks).into_outcome())
    }

    /// Reads one way; once more from the beginning if the list changes meanwhile.
    async fn read_way(&mut self, way: &Way) -> Result<FetchOutcome, Stop> {
        if let Passed::Ended(outcome) = self.pass(way, false).await? {
            return Ok(outcome);
        }
        tracing::info!(
            list.id = %shown(&self.walk.list.id),
            "the list {} changed while it was read, reading it again", shown(&self.walk.list.id)
        );
        Ok(match self.pass(way, true).await? {
            Passed::Ended(outcome) => outcome,
            Passed::Changed(how) => FetchOutcome::Partial {
                reason: kept_changing(&how),
                retryable: true,
                cause: Cause::Inconsistent,
            },
        })
    }

    async fn pass(&mut self, way: &Way, is_second: bool) -> Result<Passed, Stop> {
        let mut pass = Pass::default();
        self.digest = Digest::new(self.walk.limit);
        let ended = self.pages(way, &mut pass, is_second).await;
        self.dropped = pass.dropped;
        self.announced = pass.announced.or(self.announced);
        let ended = ended?;
        if matches!(ended, Passed::Ended(FetchOutcome::Complete))
            && let Some(reason) = self.incomplete(&pass)
        {
            return Ok(partial(reason, true, Cause::Inconsistent));
        }
        Ok(ended)
    }

    /// Why a pass that came to its end is not the whole list, if so.
    fn incomplete(&self, pass: &Pass) -> Option<String> {
        if pass.unreadable > 0 {
            Some(format!(
                "{} came damaged and could not be read",
                counted(pass.unreadable, "entry", "entries")
            ))
        } else if pass.is_cut {
            Some(format!(
                "the page goes on further than could be read; {}",
                counted(pass.entries(), "entry was", "entries were")
            ))
        } else if pass.has_moved {
            Some(kept_changing(MOVED))
        } else if !self.sent.iter().all(|key| pass.has_seen(*key)) {
            // Only after a second pass: what the first one handed on is gone from the list.
            Some("entries were removed from the list while it was read".into())
        } else {
            None
        }
    }

    async fn pages(&mut self, way: &Way, pass: &mut Pass, is_second: bool) -> Result<Passed, Stop> {
        let mut next = Some(way.first.clone());
        let mut pages = 0;
        while let Some(request) = next.take() {
            if let Some(reason) = self.too_long(pages, pass) {
                return Ok(partial(reason, false, Cause::TooLarge));
            }
            pages += 1;
            let page = match self.page(&request).await? {
                Read::Page(page) => *page,
                Read::AsKnown => return Ok(Passed::Ended(FetchOutcome::Complete)),
            };
            self.name = page.name.clone().or(self.name.take());
            next.clone_from(&page.next);
            match pass.take(page) {
                Took::Page(_) if pass.has_moved && !is_second => {
                    return Ok(Passed::Changed(MOVED.into()));
                }
                Took::Page(entries) => {
                    let is_enough = self.hand_on(entries, pass, &request).await?;
                    if is_enough {
                        return Ok(Passed::Ended(FetchOutcome::Complete));
                    }
                }
                Took::TotalChanged { before, now } => {
                    return Ok(Passed::Changed(format!(
                        "{}, then {now}",
                        counted(before, "entry", "entries")
                    )));
                }
                Took::Repeated if pass.announced.is_some() && pass.shortfall().is_none() => break,
                Took::Repeated => {
                    let reason = format!(
                        "the site sent the same page twice after {}",
                        counted(pass.entries(), "entry", "entries")
                    );
                    return Ok(partial(reason, true, Cause::Inconsistent));
                }
            }
        }
        // What came damaged says itself why it is missing.
        Ok(match pass.shortfall().filter(|_| pass.unreadable == 0) {
            None => Passed::Ended(FetchOutcome::Complete),
            Some((announced, read)) => partial(
                format!(
                    "the site announced {}, {read} could be read",
                    counted(announced, "entry", "entries")
                ),
                true,
                Cause::Inconsistent,
            ),
        })
    }

    /// Hands on what was not handed on before; true when that is all that was asked for. Ids that are
    /// not known are asked for on the way, so that nothing waits long for what comes after it.
    async fn hand_on(
        &mut self,
        mut entries: Vec<Entry>,
        pass: &Pass,
        asked: &Request,
    ) -> Result<bool, Gone> {
        let limit = self.walk.limit.map_or(usize::MAX, |limit| limit as usize);
        let excess = pass.entries().saturating_sub(limit);
        entries.truncate(entries.len().saturating_sub(excess));
        entries.retain(|entry| self.sent.insert(pass::key(entry)));
        self.fill_from_map(&mut entries).await;
        let mut late = Vec::new();
        for (mut entry, detail) in self.remembered(entries, asked).await {
            if let Some(detail) = detail {
                let is_late = late.len() >= LATE || self.told.elapsed() >= QUIET;
                if is_late && !late.is_empty() {
                    self.tell(mem::take(&mut late), pass).await?;
                }
                self.ask(&mut entry, &detail).await;
            }
            late.push(entry);
            if late.len() == CHUNK {
                self.tell(mem::take(&mut late), pass).await?;
            }
        }
        if !late.is_empty() {
            self.tell(late, pass).await?;
        }
        Ok(pass.entries() >= limit)
    }

    async fn tell(&mut self, entries: Vec<Entry>, pass: &Pass) -> Result<(), Gone> {
        self.told = Instant::now();
        self.sink.entries(entries, pass.announced).await
    }

    /// Why no further page is asked for, if so.
    fn too_long(&self, pages: u32, pass: &Pass) -> Option<String> {
        let Extent { pages: most, .. } = self.walk.provider.extent();
        if pages >= most {
            Some(format!(
                "the list has more than {most} pages; the rest was not read"
            ))
        } else if pass.entries() >= MOST_ENTRIES {
            Some(format!(
                "the list has more than {MOST_ENTRIES} entries; the rest was not read"
            ))
        } else {
            self.out_of_time()
                .map(|reason| format!("{reason}; the rest was not read"))
        }
    }

    /// That the reading's time is up, if so.
    fn out_of_time(&self) -> Option<String> {
        let Extent { time: limit, .. } = self.walk.provider.extent();
        let minutes = limit.as_secs() / 60;
        (self.begun.elapsed() > limit)
            .then(|| format!("reading took longer than {minutes} minutes"))
    }

    /// One request and its page. A kept answer that is not understood any more is fetched anew.
    async fn page(&mut self, request: &Request) -> Result<Read, Setback> {
        let mut fetched = self.fetch(request, false).await?;
        if self.is_known(request, &fetched) {
            self.is_as_known = true;
            return Ok(Read::AsKnown);
        }
        let mut parsed = self.parse(request, &fetched);
        if fetched.is_not_modified && matches!(parsed, Err(ProviderError::Changed { .. })) {
            fetched = self.fetch(request, true).await?;
            parsed = self.parse(request, &fetched);
        }
        let page = parsed.map_err(|error| self.walk.setback(&error))?;
        self.digest.add(request, &fetched.answer.body);
        if let Some(answer) = fetched.to_keep {
            self.walk.fetcher.keep(answer).await;
        }
        if let Some((key, value)) = &page.learned {
            let value = Some(value.clone());
            remember(self.walk.fetcher, key.clone(), Ids::default(), value).await;
        }
        Ok(Read::Page(Box::new(page)))
    }

    /// Whether an answer is the whole list and what it was when it was read before.
    fn is_known(&self, request: &Request, fetched: &Fetched) -> bool {
        let Some(known) = &self.before.known else {
            return false;
        };
        let may_be = request.is_whole_list && fetched.answer.status == 200 && self.sent.is_empty();
        may_be && {
            let mut digest = self.digest.clone();
            digest.add(request, &fetched.answer.body);
            digest.word() == known.digest
        }
    }

    async fn fetch(&mut self, request: &Request, afresh: bool) -> Result<Fetched, Setback> {
        let asker = Asker::of(self.walk.provider, request);
        let fetched = self
            .walk
            .fetcher
            .fetch(request, asker, &mut self.budget, afresh)
            .await
            .map_err(|error| Setback::of_fetch(&error))?;
        self.asked += 1;
        self.not_modified += u32::from(fetched.is_not_modified);
        Ok(fetched)
    }

    fn parse(&self, request: &Request, fetched: &Fetched) -> Result<Page, ProviderError> {
        let Walk { provider, list, .. } = self.walk;
        let answer = &fetched.answer;
        self.before
            .pages
            .page(provider.name(), list, (request, answer), || {
                provider.parse(list, request, answer)?.bounded()
            })
    }

    fn end(self, outcome: FetchOutcome) -> Walked {
        let outcome = self.details.applied(outcome);
        let is_all = matches!(outcome, FetchOutcome::Complete) && !self.is_completed;
        let walked = Walked {
            outcome,
            name: self.name,
            read: u32::try_from(self.sent.len()).unwrap_or(u32::MAX),
            announced: self.announced,
            dropped: self.dropped,
            pages: self.asked - self.not_modified,
            not_modified: self.asked > 0 && self.asked == self.not_modified,
            is_as_known: false,
            digest: is_all.then(|| self.digest.word()),
        };
        match self.before.known.clone().filter(|_| self.is_as_known) {
            Some(Known {
                digest,
                read,
                announced,
                dropped,
            }) => Walked {
                read,
                announced,
                dropped,
                is_as_known: true,
                digest: Some(digest),
                ..walked
            },
            None => walked,
        }
    }
}

fn kept_changing(how: &str) -> String {
    format!("the list kept changing while it was read: {how}")
}

fn partial(reason: String, retryable: bool, cause: Cause) -> Passed {
    Passed::Ended(FetchOutcome::Partial {
        reason,
        retryable,
        cause,
    })
}

/// Writes down what a key of a site means. A failure costs one request next time.
async fn remember(fetcher: &Fetcher, key: SourceKey, ids: Ids, other_id: Option<String>) {
    let row = SourceId {
        source: key.source.to_owned(),
        source_key: key.key,
        media_type: ids.media_type,
        imdb_id: ids.imdb_id,
        tmdb_id: ids.tmdb_id,
        other_id,
        known_at: fetcher.clock().now(),
        tvdb_id: ids.tvdb_id,
        season: ids.season,
    };
    if let Err(error) = fetcher.db().write(move |conn| row.save(conn)).await {
        tracing::warn!("cannot remember a site's id: {}", Chain(&error));
    }
}
