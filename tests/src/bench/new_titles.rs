//! New titles: how fast a list becomes requests, beside a bare loop that posts the same bodies to the same kind of Seerr.

use std::time::Duration;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};

use super::{
    clock::{Spread, real, seconds, utc},
    household::Lived,
    progress,
    table::{Cell, Table},
};
use crate::fake_seerr::{Call, FakeSeerr, Latency, World};

/// Where the titles of a table come from.
#[derive(Clone, Copy)]
enum Source {
    /// An IMDb list: each title is looked up by its id.
    Imdb,
    /// A file that tells TMDB's numbers.
    File,
}

/// A table: so many titles, TMDB so far away, so many runs of which the median counts.
struct Variant {
    source: Source,
    titles: usize,
    tmdb: Duration,
    runs: usize,
}

const NEAR: Duration = Duration::ZERO;
const FAR: Duration = Duration::from_millis(80);

/// A POST under way costs 27 ms and no look-up at TMDB; and the same with TMDB 80 ms away and no cache.
const VARIANTS: [Variant; 4] = [
    Variant {
        source: Source::Imdb,
        titles: 1000,
        tmdb: NEAR,
        runs: 5,
    },
    Variant {
        source: Source::Imdb,
        titles: 10_000,
        tmdb: NEAR,
        runs: 1,
    },
    Variant {
        source: Source::File,
        titles: 1000,
        tmdb: FAR,
        runs: 1,
    },
    Variant {
        source: Source::Imdb,
        titles: 1000,
        tmdb: FAR,
        runs: 1,
    },
];

/// POSTs of the bare loop; its pace does not depend on how many there are.
const BARE: usize = 1000;

/// The tables of new titles.
///
/// # Errors
/// When a title was not requested.
pub async fn new_titles() -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for variant in VARIANTS {
        let mut measured = Vec::new();
        for _ in 0..variant.runs {
            measured.push(measure(&variant).await?);
        }
        tables.push(table(&variant, measured)?);
    }
    Ok(tables)
}

/// One household's first run beside a bare loop.
struct Measured {
    bare: f64,
    phase: f64,
    whole: f64,
    whole_seconds: f64,
    notes: Vec<String>,
}

async fn measure(variant: &Variant) -> Result<Measured> {
    let Variant { titles, tmdb, .. } = *variant;
    let latency = Latency {
        tmdb,
        ..Latency::measured()
    };
    let away = tmdb.as_millis();
    progress(&format!(
        "{titles} new titles, TMDB at {away} ms: a whole run"
    ))?;
    let mut lived = match variant.source {
        Source::Imdb => Lived::with_imdb_list(titles, latency).await?,
        Source::File => Lived::with_file(titles, latency).await?,
    };
    let run = lived.run(titles).await?;
    let calls = lived.seerr.calls();
    let look_ups = lived.seerr.count("GET", "/api/v1/search");
    let (pages, most) = (lived.sites.call_count(), lived.seerr.max_running_posts());
    lived.household.stop().await?;
    let posts: Vec<Call> = calls.iter().filter(|call| is_post(call)).cloned().collect();
    let (first, last) = ends(&posts)?;
    let (checks, checks_seconds) = checks(&calls, &posts);

    ensure!(
        posts.len() == titles,
        "{titles} titles took {} POSTs",
        posts.len()
    );
    progress("a bare serial POST loop with the same bodies")?;
    let some = posts.get(..BARE.min(titles)).unwrap_or_default();
    let loop_posts = bare_loop(titles, latency, some).await?;
    ensure!(loop_posts.len() == some.len(), "the bare loop lost POSTs");
    // Both by the fake's own record: from the arrival of the first POST to that of the last.
    let (loop_first, loop_last) = ends(&loop_posts)?;
    let bare = real(some.len().saturating_sub(1)) / seconds(loop_first, loop_last);
    let phase = real(titles.saturating_sub(1)) / seconds(first, last);
    let whole_seconds = seconds(run.started, run.ended);
    let mut notes = vec![format!(
        "of the whole run: {:.2} s until the first POST (snapshot, {pages} calls to the list site, \
         {look_ups} look-ups in Seerr), {:.2} s after the last POST arrived (its answer, verification, record)",
        seconds(run.started, first),
        seconds(last, run.ended),
    )];
    if checks > 0 {
        notes.push(format!(
            "between first and last POST {checks} times the requests made so far were verified: {checks_seconds:.2} s in all",
        ));
    }
    notes.push(format!(
        "from one POST to the next: {:.2} ms in ListSync, {:.2} ms in the bare loop; POSTs at once: {most}",
        1000.0 / phase,
        1000.0 / bare,
    ));
    Ok(Measured {
        bare,
        phase,
        whole: real(titles) / whole_seconds,
        whole_seconds,
        notes,
    })
}

/// The median run by its rate of requests.
fn table(variant: &Variant, mut measured: Vec<Measured>) -> Result<Table> {
    let list = match variant.source {
        Source::Imdb => "an IMDb list (each title is looked up)",
        Source::File => "a file with TMDB's numbers",
    };
    let away = variant.tmdb.as_millis();
    measured.sort_by(|one, other| (one.phase / one.bare).total_cmp(&(other.phase / other.bare)));
    let ratios: Vec<String> = measured
        .iter()
        .map(|one| format!("{:.3}", one.phase / one.bare))
        .collect();
    let middle = measured.len() / 2;
    let Some(median) = measured.into_iter().nth(middle) else {
        anyhow::bail!("nothing was measured")
    };
    let mut table = Table::new(
        "new-titles",
        format!(
            "New titles: {list} of {}; a POST takes Seerr 27 ms alone, TMDB is {away} ms away",
            variant.titles
        ),
        &["what", "s", "titles/s", "ratio to bare loop"],
    );
    let mut row = |what: &str, rate: f64| {
        table.row([
            Cell::text(what),
            Cell::Number(real(variant.titles) / rate, 2),
            Cell::Number(rate, 2),
            Cell::Number(rate / median.bare, 3),
        ]);
    };
    row("bare serial POST loop", median.bare);
    row("ListSync, first POST to last POST", median.phase);
    row("ListSync, whole run", median.whole);
    if variant.runs > 1 {
        table.note(format!(
            "the median of {} runs; their ratios of the first line to the second: {}",
            variant.runs,
            ratios.join(", ")
        ));
    }
    table.note(format!("the whole run took {:.2} s", median.whole_seconds));
    for note in median.notes {
        table.note(note);
    }
    Ok(table)
}

fn is_post(call: &Call) -> bool {
    call.method == "POST" && call.path == "/api/v1/request"
}

/// How often a snapshot page was read between two POSTs, and how much longer those gaps were than the median one.
fn checks(calls: &[Call], posts: &[Call]) -> (usize, f64) {
    let pages: Vec<_> = calls
        .iter()
        .filter(|call| call.method == "GET" && call.path == "/api/v1/request")
        .map(|call| call.id)
        .collect();
    let (mut usual, mut longer) = (Vec::new(), Vec::new());
    for (one, next) in posts.iter().zip(posts.iter().skip(1)) {
        let gap = seconds(utc(one.at), utc(next.at));
        if pages.iter().any(|id| (one.id..next.id).contains(id)) {
            longer.push(gap);
        } else {
            usual.push(gap);
        }
    }
    let median = Spread::of(&usual).median;
    let beyond = longer.iter().map(|gap| gap - median).sum();
    (longer.len(), beyond)
}

fn ends(posts: &[Call]) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let (Some(first), Some(last)) = (posts.first(), posts.last()) else {
        anyhow::bail!("not one request was made")
    };
    Ok((utc(first.at), utc(last.at)))
}

/// Posts the bodies one after the other over one connection to a fresh Seerr of the same pace.
async fn bare_loop(titles: usize, latency: Latency, posts: &[Call]) -> Result<Vec<Call>> {
    let seerr = FakeSeerr::start(World::numbered(i64::try_from(titles)?));
    seerr.set_latency(latency);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (url, key) = (format!("{}/api/v1/request", seerr.url()), seerr.api_key());
    for post in posts {
        let request = client
            .post(&url)
            .header("x-api-key", &key)
            .header("content-type", "application/json")
            .body(post.body.clone());
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(
            status == 201,
            "the bare loop was answered {status}: {}",
            String::from_utf8_lossy(&body)
        );
    }
    Ok(seerr.calls().into_iter().filter(is_post).collect())
}
