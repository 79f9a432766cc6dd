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

/// A POST under way costs 27 ms and no look-up at TMDB; and the same with TMDB 80 ms away and no cache.
const VARIANTS: [(usize, Duration); 2] = [(1000, Duration::ZERO), (200, Duration::from_millis(80))];

/// The tables of new titles.
///
/// # Errors
/// When a title was not requested.
pub async fn new_titles() -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for (titles, tmdb) in VARIANTS {
        tables.push(variant(titles, tmdb).await?);
    }
    Ok(tables)
}

async fn variant(titles: usize, tmdb: Duration) -> Result<Table> {
    let latency = Latency {
        tmdb,
        ..Latency::measured()
    };
    let away = tmdb.as_millis();
    progress(&format!(
        "{titles} new titles, TMDB at {away} ms: a whole run"
    ))?;
    let mut lived = Lived::with_imdb_list(titles, latency).await?;
    let run = lived.run(titles).await?;
    let calls = lived.seerr.calls();
    let look_ups = lived.seerr.count("GET", "/api/v1/search");
    let (pages, most) = (lived.sites.call_count(), lived.seerr.max_running_posts());
    lived.household.stop().await?;
    let posts: Vec<Call> = calls.iter().filter(|call| is_post(call)).cloned().collect();
    let (first, last) = ends(&posts)?;
    let (checks, checks_seconds) = checks(&calls, &posts);

    progress("a bare serial POST loop with the same bodies")?;
    let (loop_seconds, loop_posts) = bare_loop(titles, latency, &posts).await?;
    ensure!(
        posts.len() == titles && loop_posts.len() == titles,
        "{titles} titles took {} POSTs, and {} of the bare loop",
        posts.len(),
        loop_posts.len()
    );
    // Both by the fake's own record: from the arrival of the first POST to that of the last.
    let (loop_first, loop_last) = ends(&loop_posts)?;
    let gaps = real(titles.saturating_sub(1));
    let bare = gaps / seconds(loop_first, loop_last);
    let phase = gaps / seconds(first, last);
    let whole_seconds = seconds(run.started, run.ended);
    let whole = real(titles) / whole_seconds;

    let mut table = Table::new(
        "new-titles",
        format!(
            "New titles: an IMDb list of {titles}; a POST takes Seerr 27 ms alone, TMDB is {away} ms away"
        ),
        &["what", "s", "titles/s", "ratio to bare loop"],
    );
    let mut row = |what: &str, s: f64, rate: f64| {
        table.row([
            Cell::text(what),
            Cell::Number(s, 2),
            Cell::Number(rate, 2),
            Cell::Number(rate / bare, 3),
        ]);
    };
    row("bare serial POST loop", loop_seconds, bare);
    row(
        "ListSync, first POST to last POST",
        seconds(first, last),
        phase,
    );
    row("ListSync, whole run", whole_seconds, whole);
    table.note(format!(
        "of the whole run: {:.2} s until the first POST (snapshot, {pages} calls to the list site, \
         {look_ups} look-ups in Seerr), {:.2} s after the last POST arrived (its answer, verification, record)",
        seconds(run.started, first),
        seconds(last, run.ended),
    ));
    if checks > 0 {
        table.note(format!(
            "between first and last POST {checks} times the requests made so far were verified: {checks_seconds:.2} s in all",
        ));
    }
    table.note(format!(
        "from one POST to the next: {:.2} ms in ListSync, {:.2} ms in the bare loop; POSTs at once: {most}",
        1000.0 / phase,
        1000.0 / bare,
    ));
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
async fn bare_loop(titles: usize, latency: Latency, posts: &[Call]) -> Result<(f64, Vec<Call>)> {
    let seerr = FakeSeerr::start(World::numbered(i64::try_from(titles)?));
    seerr.set_latency(latency);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (url, key) = (format!("{}/api/v1/request", seerr.url()), seerr.api_key());
    let started = super::clock::now();
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
    let ended = super::clock::now();
    let posts = seerr.calls().into_iter().filter(is_post).collect();
    Ok((seconds(started, ended), posts))
}
