//! Every way a site fails, for each class of source (a JSON API, pages of HTML, a page in the browser): how the reading
//! ends, what the list says, and that nothing is removed. Files fail in `export_files_are_followed`.

#![expect(
    clippy::print_stdout,
    reason = "what each list said, for reading through it"
)]

use std::{path::Path, time::Duration};

use anyhow::{Result, bail, ensure};
use schema::{
    models::{FetchKind, ListId, ListItem, RunStatus, RunTrigger},
    wire::sync::{RunReport, StartRun},
};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites, ListFault, TRAKT_CLIENT_ID},
    harness::{Household, Setup},
    loopback::{Fault, Times},
};

/// Titles on the list of the API: more than one page of 250.
const MANY: i64 = 260;
/// Films on the watchlist: each costs two seconds once.
const FEW: i64 = 2;
/// Titles on the page: more than come at once.
const SOME: i64 = 20;

/// A list of one class on a server of its own.
struct Source {
    class: &'static str,
    sites: FakeSites,
    list: ListId,
    titles: i32,
}

struct Home {
    household: Household,
    sources: Vec<Source>,
    /// Lives as long as the rest.
    _seerr: FakeSeerr,
}

const TRAKT: &str = "users/anna/lists/best";
const LETTERBOXD: &str = "anna/watchlist";

fn has_browser() -> bool {
    let known = ["chromium-headless-shell", "chromium"];
    known
        .iter()
        .any(|name| Path::new("/usr/bin").join(name).is_file())
}

/// A household that has read all of them once.
async fn home() -> Result<Home> {
    let [api, html, page] = [(); 3].map(|()| FakeSites::start());
    let numbered = |count| Entry::all_of(&World::numbered(count));
    api.set_trakt(TRAKT, numbered(MANY));
    html.set_letterboxd(LETTERBOXD, numbered(FEW));
    page.set_web_page("best", numbered(SOME));
    let seerr = FakeSeerr::start(World::numbered(MANY));
    let household = Setup::new()
        .seerr(&seerr)
        .environment("LISTSYNC_TRAKT_URL", &api.url())
        .environment("TRAKT_CLIENT_ID", TRAKT_CLIENT_ID)
        .environment("LISTSYNC_LETTERBOXD_URL", &html.url())
        .environment("LISTSYNC_ALLOW_PRIVATE_ADDRESSES", "true")
        .start()
        .await?;
    let address = page.web_page("best");
    let mut wanted = vec![
        ("api", "trakt", "anna/best", api, MANY),
        ("html", "letterboxd", "anna/watchlist", html, FEW),
    ];
    if has_browser() {
        wanted.push(("page", "web", address.as_str(), page, SOME));
    } else {
        println!("there is no browser: the page is left out");
    }
    let mut sources = Vec::new();
    for (class, list_type, input, sites, titles) in wanted {
        sources.push(Source {
            class,
            sites,
            list: household.add_list(list_type, input).await?.id,
            titles: i32::try_from(titles)?,
        });
    }
    let home = Home {
        household,
        sources,
        _seerr: seerr,
    };
    let report = home.household.sync().await?;
    ensure!(
        report.summary.counts.requested == u32::try_from(MANY)?,
        "{report:#?}"
    );
    Ok(home)
}

impl Home {
    async fn entries(&self, list: ListId) -> Result<usize> {
        let items = self
            .household
            .database()?
            .read(move |conn| ListItem::of_list(conn, list))
            .await?;
        Ok(items.iter().filter(|item| item.left_at.is_none()).count())
    }

    /// Syncs the lists of these classes only.
    async fn sync_only(&self, classes: &[&str]) -> Result<RunReport> {
        let fits = |source: &&Source| classes.contains(&source.class);
        let lists = self.sources.iter().filter(fits).map(|source| source.list);
        let scope = StartRun {
            lists: lists.collect(),
            ..StartRun::everything(RunTrigger::Manual)
        };
        let run = self.household.start_run_of(scope).await?;
        self.household.report(run, Duration::from_mins(2)).await
    }

    /// Lets every call of every site meet that fault, syncs, and makes all well again.
    async fn sync_with(&self, fault: &Fault, limit: Duration) -> Result<RunReport> {
        for source in &self.sources {
            source.sites.fault("*", fault.clone(), Times::Always);
        }
        let run = self.household.start_run().await?;
        let report = self.household.report(run, limit).await?;
        for source in &self.sources {
            source.sites.clear_faults();
        }
        Ok(report)
    }

    /// Each list ended as `expected` by its class, says why, and lost nothing.
    async fn assert_all(
        &self,
        what: &str,
        report: &RunReport,
        expected: &[Expected],
    ) -> Result<()> {
        assert_eq!(
            report.summary.status,
            RunStatus::Completed,
            "{what}: {report:#?}"
        );
        assert_eq!(report.summary.counts.requested, 0, "{what}");
        for source in &self.sources {
            let class = source.class;
            let Some((_, ends, words)) = expected.iter().find(|(known, ..)| *known == class) else {
                continue;
            };
            let row = self.household.list(source.list).await?;
            let reason = row.status_reason.unwrap_or_default();
            println!("{what}, {class}: {} ({reason})", row.status.as_str());
            assert!(
                ends.contains(&row.status),
                "{what}, {class}: {:?}: {reason}",
                row.status
            );
            assert!(
                words
                    .iter()
                    .any(|word| reason.to_lowercase().contains(word)),
                "{what}, {class}: {words:?} is not in {reason:?}"
            );
            assert_eq!(
                row.item_count, source.titles,
                "{what}, {class}: the last good count stays"
            );
            let left = self.entries(source.list).await?;
            assert_eq!(
                i32::try_from(left)?,
                source.titles,
                "{what}, {class}: nothing is removed"
            );
        }
        Ok(())
    }
}

/// Class, how a reading may end, and words of which the reason has one.
type Expected = (&'static str, &'static [FetchKind], &'static [&'static str]);

const REFUSED: &[FetchKind] = &[FetchKind::Refused];
const FAILED: &[FetchKind] = &[FetchKind::Failed];
/// As far as it came before the time was over.
const UNFINISHED: &[FetchKind] = &[FetchKind::Failed, FetchKind::Partial];
const UNLIKE: &[FetchKind] = &[FetchKind::Failed, FetchKind::Refused];

#[actix_rt::test]
async fn whatever_a_site_answers_the_list_says_it_and_loses_nothing() -> Result<()> {
    let home = home().await?;
    let limit = Duration::from_mins(2);
    let cases: Vec<(&str, Fault, Vec<Expected>)> = vec![
        (
            "202 and a robot check",
            Fault::WafChallenge,
            vec![
                ("api", REFUSED, &["robot check"]),
                ("html", REFUSED, &["robot check"]),
                ("page", REFUSED, &["robot check", "challenge"]),
            ],
        ),
        (
            "403 and a challenge",
            Fault::CloudflareChallenge,
            vec![
                ("api", REFUSED, &["challenge"]),
                ("html", REFUSED, &["challenge"]),
                ("page", REFUSED, &["challenge", "403"]),
            ],
        ),
        (
            "a web page that is no list",
            Fault::Html,
            vec![
                ("api", FAILED, &["json"]),
                ("html", FAILED, &["not the one expected"]),
                ("page", UNLIKE, &["imdb", "tmdb"]),
            ],
        ),
        (
            "500",
            Fault::Status(500),
            vec![
                ("api", FAILED, &["500"]),
                ("html", FAILED, &["500"]),
                ("page", FAILED, &["500"]),
            ],
        ),
        (
            "a reset connection",
            Fault::Reset,
            vec![
                ("api", FAILED, &["127.0.0.1"]),
                ("html", FAILED, &["127.0.0.1"]),
                ("page", FAILED, &["127.0.0.1"]),
            ],
        ),
        (
            "truncated gzip",
            Fault::TruncatedGzip,
            vec![
                ("api", FAILED, &["127.0.0.1"]),
                ("html", FAILED, &["127.0.0.1"]),
                ("page", UNLIKE, &["127.0.0.1", "imdb"]),
            ],
        ),
        (
            "a redirect to a private address",
            Fault::Redirect("http://169.254.169.254/latest/meta-data/".to_owned()),
            vec![
                (
                    "api",
                    UNLIKE,
                    &["169.254.169.254", "another host", "elsewhere", "redirect"],
                ),
                (
                    "html",
                    UNLIKE,
                    &["169.254.169.254", "another host", "elsewhere", "redirect"],
                ),
                ("page", UNLIKE, &["169.254.169.254"]),
            ],
        ),
    ];
    for (what, fault, expected) in cases {
        let report = home.sync_with(&fault, limit).await?;
        home.assert_all(what, &report, &expected).await?;
    }
    lists_that_lie(&home).await?;
    asked_to_wait(&home).await
}

/// Repeated pages, wrong totals, and lists that change between two pages.
async fn lists_that_lie(home: &Home) -> Result<()> {
    let fewer = Entry::all_of(&World::numbered(MANY - 5));
    let api = |fault: ListFault| {
        for source in home.sources.iter().filter(|source| source.class == "api") {
            source.sites.disturb_trakt(TRAKT, Some(fault.clone()));
        }
    };
    for (what, fault) in [
        ("the same page over and over", ListFault::SamePage),
        (
            "more announced than sent",
            ListFault::Total(usize::try_from(MANY)? + 5),
        ),
    ] {
        api(fault);
        let report = home.sync_only(&["api"]).await?;
        let partial: &[Expected] = &[(
            "api",
            &[FetchKind::Partial],
            &["260", "265", "250", "again", "same"],
        )];
        home.assert_all(what, &report, partial).await?;
    }
    // It becomes shorter after its first page: read again from the start it is whole, and five titles have left.
    api(ListFault::ChangesTo(fewer));
    home.sync_only(&["api"]).await?;
    for source in home.sources.iter().filter(|source| source.class == "api") {
        let row = home.household.list(source.list).await?;
        let left = home.entries(source.list).await?;
        match row.status {
            FetchKind::Complete => assert_eq!(left, 255, "it was read again from its start"),
            FetchKind::Partial => assert_eq!(left, 260, "nothing is removed"),
            other => bail!(
                "changed between two pages: {other:?} {:?}",
                row.status_reason
            ),
        }
        source
            .sites
            .set_trakt(TRAKT, Entry::all_of(&World::numbered(MANY)));
    }
    home.sync_only(&["api"]).await?;
    Ok(())
}

/// 429: waited for when it is soon, left alone when it is late.
async fn asked_to_wait(home: &Home) -> Result<()> {
    for source in &home.sources {
        let soon = Some("1".to_owned());
        source.sites.fault(
            "*",
            Fault::TooManyRequests { retry_after: soon },
            Times::ONCE,
        );
    }
    home.household.sync().await?;
    for source in home.sources.iter().filter(|source| source.class != "page") {
        let row = home.household.list(source.list).await?;
        assert_eq!(
            row.status,
            FetchKind::Complete,
            "{}: {:?}",
            source.class,
            row.status_reason
        );
    }
    let late = Fault::TooManyRequests {
        retry_after: Some("3600".to_owned()),
    };
    let report = home.sync_with(&late, Duration::from_mins(2)).await?;
    let expected: &[Expected] = &[
        ("api", FAILED, &["left alone until"]),
        ("html", FAILED, &["left alone until"]),
        ("page", FAILED, &["left alone until"]),
    ];
    home.assert_all("429, an hour", &report, expected).await?;
    // Well again, but not asked before its time.
    for source in &home.sources {
        source.sites.forget_calls();
    }
    let report = home.sync_only(&["api", "html", "page"]).await?;
    home.assert_all("within the hour", &report, expected)
        .await?;
    for source in &home.sources {
        assert_eq!(
            source.sites.call_count(),
            0,
            "{} is left alone",
            source.class
        );
    }
    Ok(())
}

/// `make test-all`: what takes as long as the deadlines are.
#[actix_rt::test]
#[ignore = "takes minutes; part of `make test-all`"]
async fn whatever_never_ends_is_given_up_and_loses_nothing() -> Result<()> {
    let home = home().await?;
    let limit = Duration::from_mins(8);
    let all = |words: &'static [&'static str]| -> Vec<Expected> {
        vec![
            ("api", UNFINISHED, words),
            ("html", UNFINISHED, words),
            ("page", UNFINISHED, words),
        ]
    };
    let drip = Fault::Drip {
        piece: 1,
        every: Duration::from_secs(1),
    };
    for (what, fault, words) in [
        (
            "an endless body",
            Fault::Endless,
            &["too large", "larger", "mib", "more than", "bytes", "time"][..],
        ),
        (
            "a gzip bomb",
            Fault::GzipBomb,
            &[
                "too large",
                "larger",
                "mib",
                "more than",
                "bytes",
                "time",
                "memory",
            ][..],
        ),
        (
            "no answer at all",
            Fault::Hang,
            &["time", "seconds", " s", "answer"][..],
        ),
        (
            "a slow drip",
            drip,
            &["time", "seconds", " s", "answer"][..],
        ),
        (
            "429 without a time",
            Fault::TooManyRequests { retry_after: None },
            &["left alone until", "429"][..],
        ),
    ] {
        let report = home.sync_with(&fault, limit).await?;
        home.assert_all(what, &report, &all(words)).await?;
    }
    Ok(())
}
