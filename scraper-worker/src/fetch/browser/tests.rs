//! The browser with real pages, from a site on loopback. Without an installed browser each test says
//! so and does nothing.

use std::{
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::{HttpResponse, web::Bytes};
use futures_util::stream;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::Instant,
};
use url::Url;

use super::*;
use crate::{fake_site::FakeSite, provider::Via};

/// A browser in a folder of its own.
struct Bench {
    place: TempDir,
    browser: Browser,
}

fn limits() -> BrowserLimits {
    BrowserLimits {
        page: Duration::from_secs(20),
        harvest: Duration::from_secs(15),
        quiet: Duration::from_millis(300),
        answer: Duration::from_secs(3),
        look: Duration::from_millis(100),
        ..BrowserLimits::default()
    }
}

fn bench(limits: BrowserLimits) -> Option<Bench> {
    bench_with(limits, 800)
}

fn bench_with(limits: BrowserLimits, memory_mb: u64) -> Option<Bench> {
    if let Err(missing) = find::find(None) {
        writeln!(std::io::stderr(), "SKIPPED: {}", missing.reason()).unwrap();
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    let settings = BrowserSettings {
        path: None,
        memory_mb,
    };
    let at = Place {
        folder: place.path().join("browser"),
        is_container: true,
    };
    let browser = Browser::with_limits(settings, Guard::new(true), at, limits);
    Some(Bench { place, browser })
}

fn request(url: &str) -> Request {
    Request {
        via: Via::Browser,
        reach: Reach::Guarded,
        ..Request::get(Url::parse(url).unwrap(), "page")
    }
}

impl Bench {
    async fn read(&self, url: &str) -> Result<Value, HttpError> {
        let answer = self.browser.read(&request(url)).await?;
        assert_eq!(answer.status, 200);
        Ok(serde_json::from_str(&answer.body).unwrap())
    }

    /// Its process, while it runs and reads nothing.
    async fn pid(&self) -> i32 {
        let slot = self.browser.0.slot.lock().await;
        slot.as_ref().unwrap().process.pid()
    }

    /// Its process, found from outside.
    fn outer_pid(&self) -> Option<i32> {
        let mark = format!("--user-data-dir={}", self.place.path().display());
        processes(&mark).into_iter().min()
    }

    fn is_gone(&self) -> bool {
        let folder = self.place.path().join("browser");
        let is_empty = std::fs::read_dir(folder).is_ok_and(|mut left| left.next().is_none());
        is_empty && processes(&self.place.path().display().to_string()).is_empty()
    }
}

/// Processes whose command line has these words.
fn processes(words: &str) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(words)
        })
        .collect()
}

/// Waits until it is so.
async fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} never came");
}

fn page(body: impl Into<String>) -> HttpResponse {
    let body: String = body.into();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!("<!doctype html><title>A  list</title><body>{body}"))
}

fn texts(seen: &Value) -> Vec<&str> {
    let links = seen["links"].as_array().unwrap();
    links
        .iter()
        .map(|link| link["text"].as_str().unwrap())
        .collect()
}

/// A page whose rows are asked for in pieces as one comes near its end.
const ENDLESS: &str = "<ul id=rows></ul><script>
    let next = 1, busy = false;
    const more = async () => {
        if (busy || next > 90) return;
        busy = true;
        const rows = await (await fetch('/rows?page=' + next)).json();
        for (const row of rows) {
            rowsList.insertAdjacentHTML('beforeend',
              `<li style='height:90px'><a href='/title/${row}'>Film ${row}</a><br>(19${row})</li>`);
        }
        next += rows.length; busy = false;
    };
    const rowsList = document.getElementById('rows');
    addEventListener('scroll', () => {
        if (innerHeight + scrollY > document.body.scrollHeight - 200) more();
    });
    setTimeout(more, 200);
    </script>";

#[actix_rt::test]
async fn links_come_in_order_with_what_stands_near_them_and_scripts_have_run() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/rows" => {
            let from: u32 = hit.page();
            HttpResponse::Ok().json((from..from + 30).map(|n| n + 9).collect::<Vec<_>>())
        }
        "/endless" => page(ENDLESS),
        _ => page(
            "<p>12 items</p><ul>\
             <li><a href='/a' style='text-transform:uppercase'>One <b>&amp;</b> on<i>ly</i></a> <div>2001</div></li>\
             <li><a href='/b#x' aria-label='Two'><img src='/i.png' alt=no></a><span>1999</span></li>\
             <li><a href='mailto:a@b.example'>mail</a> <a href='/a'>One &amp; only</a></li></ul>\
             <div><div><a href='//other.example/c'></a></div><p>Three<script>no</script></p></div>\
             <script>document.querySelector('[href$=\"/c\"]').textContent = 'By script'</script>",
        ),
    })
    .await;
    assert_eq!(bench.browser.status().state, BrowserState::Idle);
    let seen = bench.read(&format!("{}/list", site.url)).await.unwrap();
    assert_eq!(seen["title"], "A list");
    assert_eq!(seen["is_whole"], true);
    assert_eq!(seen["counts"], serde_json::json!(["12 items"]));
    assert_eq!(texts(&seen), ["One & only", "Two", "By script"]);
    assert_eq!(seen["links"][0]["href"], format!("{}/a", site.url));
    assert_eq!(seen["links"][0]["near"], "One & only 2001");
    assert_eq!(seen["links"][1]["href"], format!("{}/b#x", site.url));
    assert_eq!(seen["links"][1]["near"], "1999");
    assert_eq!(seen["links"][2]["href"], "http://other.example/c");
    assert_eq!(seen["links"][2]["near"], "By script Three");
    let hits = site.hits();
    assert!(
        hits.iter().all(|hit| hit.path != "/i.png"),
        "images are not loaded"
    );
    let agent = hits[0].header("user-agent").unwrap();
    assert!(
        agent.contains("ListSync/") && agent.contains("Headless"),
        "{agent}"
    );

    let seen = bench.read(&format!("{}/endless", site.url)).await.unwrap();
    assert_eq!(
        (seen["is_whole"].as_bool(), texts(&seen).len()),
        (Some(true), 90)
    );
    assert_eq!(seen["links"][89]["near"], "Film 99 (1999)");

    let status = bench.browser.status();
    assert_eq!(status.state, BrowserState::Ready);
    assert!(status.version.unwrap().contains("Chrom"));
    let is_root = nix::unistd::getuid().is_root();
    assert!(!is_root || status.is_sandboxed == Some(false));
    assert_eq!(status.is_sandboxed == Some(false), status.problem.is_some());
    bench.browser.close().await;
    assert!(bench.is_gone());
    assert_eq!(bench.browser.status().state, BrowserState::Idle);
}

#[actix_rt::test]
async fn limits_cut_a_page_and_it_says_so() {
    let limits = BrowserLimits {
        scrolls: 1,
        links: 100,
        ..limits()
    };
    let Some(bench) = bench(limits) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/rows" => {
            let from: u32 = hit.page();
            HttpResponse::Ok().json((from..from + 30).map(|n| n + 9).collect::<Vec<_>>())
        }
        "/many" => page(
            (0..150)
                .map(|n| format!("<a href='/{n}'>{n}</a> "))
                .collect::<Vec<_>>()
                .concat(),
        ),
        _ => page(ENDLESS),
    })
    .await;
    let seen = bench.read(&format!("{}/endless", site.url)).await.unwrap();
    assert_eq!(seen["is_whole"], false);
    assert_eq!(seen["scrolled"], 1);
    assert!(texts(&seen).len() >= 60);
    let seen = bench.read(&format!("{}/many", site.url)).await.unwrap();
    assert_eq!(
        (&seen["is_whole"], texts(&seen).len()),
        (&Value::Bool(false), 100)
    );
}

#[actix_rt::test]
async fn pages_that_wait_for_a_person_or_send_files_do_not_stop_it() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/dialogs" => page(
            "<script>alert(1); const no = confirm(2); const none = prompt(3); open('/popup'); print();
             onbeforeunload = () => 'stay'; addEventListener('beforeunload', e => e.preventDefault());
             document.write(`<a href='/x'>${no} ${none}</a>`)</script>",
        ),
        "/file" => HttpResponse::Ok()
            .content_type("application/zip")
            .insert_header(("content-disposition", "attachment; filename=a.zip"))
            .body("PK"),
        "/moves" => page("<a href='/old'>old</a><script>setTimeout(() => location = '/moved', 100)</script>"),
        "/moved" => page("<a href='/new'>new</a>"),
        "/cookie" => HttpResponse::Ok()
            .content_type("text/html")
            .insert_header(("set-cookie", "seen=1"))
            .body(format!("<a href=/x>{}</a>", hit.header("cookie").unwrap_or("none"))),
        "/popup" => panic!("a window was opened"),
        "/gone" => HttpResponse::NotFound().content_type("text/html").body("<h1>gone"),
        "/empty" => HttpResponse::Ok().finish(),
        _ => page("<a href='/y'>fine</a>"),
    })
    .await;
    let at = |path: &str| format!("{}{path}", site.url);
    let seen = bench.read(&at("/dialogs")).await.unwrap();
    assert_eq!(texts(&seen), ["false null"]);
    let error = bench.read(&at("/file")).await.unwrap_err();
    assert!(error.to_string().contains("file to be saved"), "{error}");
    assert!(!error.is_retryable());
    let answer = bench.browser.read(&request(&at("/moves"))).await.unwrap();
    assert_eq!(answer.url.path(), "/moved");
    assert!(
        answer.body.contains("new") && !answer.body.contains("old"),
        "{}",
        answer.body
    );
    for _ in 0..2 {
        let seen = bench.read(&at("/cookie")).await.unwrap();
        assert_eq!(texts(&seen), ["none"], "no cookie outlives its page");
    }
    let answer = bench.browser.read(&request(&at("/gone"))).await.unwrap();
    assert_eq!(answer.status, 404);
    assert_eq!(texts(&bench.read(&at("/empty")).await.unwrap()), [""; 0]);
    assert_eq!(texts(&bench.read(&at("/y")).await.unwrap()), ["fine"]);
    // As root the first start is one that is refused its sandbox.
    let starts = 1 + u32::from(nix::unistd::getuid().is_root());
    assert_eq!(bench.browser.0.started.get(), starts, "one for all pages");
}

#[actix_rt::test]
async fn no_page_leads_to_another_address_of_the_owners_network() {
    let Some(bench) = bench(limits()) else { return };
    let secret = FakeSite::start(|_| page("<a href='/s'>secret</a>")).await;
    let aim = secret.url.clone();
    let site = FakeSite::start(move |hit| match hit.path.as_str() {
        "/metadata" => HttpResponse::Found()
            .insert_header(("location", "http://169.254.169.254/latest/meta-data/"))
            .finish(),
        "/port" => HttpResponse::Found()
            .insert_header(("location", aim.clone()))
            .finish(),
        "/script" => page(format!("<script>location = '{aim}/'</script>")),
        "/encrypted" => page("<script>location = 'https://10.0.0.5/'</script>"),
        _ => page(format!(
            "<a href='/x'>fine</a><iframe src='{aim}/'></iframe><script>
             fetch('{aim}/').catch(() => 0); new Image().src = '{aim}/i';
             new WebSocket('{}'); navigator.sendBeacon('{aim}/b', 'x')</script>",
            aim.replace("http", "ws")
        )),
    })
    .await;
    for path in ["/metadata", "/port", "/script", "/encrypted"] {
        let error = bench
            .read(&format!("{}{path}", site.url))
            .await
            .unwrap_err();
        assert!(
            matches!(error, HttpError::Refused { .. }),
            "{path}: {error}"
        );
    }
    let seen = bench.read(&format!("{}/parts", site.url)).await.unwrap();
    assert_eq!(texts(&seen), ["fine"]);
    assert!(secret.hits().is_empty(), "{:?}", secret.hits());
    // Where the owner does not allow it, no browser is asked at all.
    bench.browser.0.guard.allow_private(false);
    let hits = site.hits().len();
    let error = bench.read(&site.url).await.unwrap_err();
    assert!(
        error.to_string().contains("inside your own network"),
        "{error}"
    );
    assert_eq!(site.hits().len(), hits);
    for url in ["file:///etc/passwd", "ftp://a.example/", "data:text/html,x"] {
        let error = bench.read(url).await.unwrap_err();
        assert!(matches!(error, HttpError::Refused { .. }), "{url}: {error}");
    }
}

#[actix_rt::test]
async fn a_page_that_takes_too_long_ends_the_browser_and_the_next_one_has_another() {
    let short = BrowserLimits {
        page: Duration::from_secs(2),
        harvest: Duration::from_secs(1),
        ..limits()
    };
    let Some(bench) = bench(short) else { return };
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = (silent.local_addr().unwrap(), silent); // open, and never accepted from
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/loop" => page("<a href='/x'>x</a><script>while (true);</script>"),
        _ => page("<a href='/y'>fine</a>"),
    })
    .await;
    for url in [
        format!("http://{}/", silent.0),
        format!("{}/loop", site.url),
    ] {
        let error = bench.read(&url).await.unwrap_err();
        assert!(
            error.is_retryable() && error.to_string().contains("within 2 s"),
            "{error}"
        );
        assert!(!error.may_pass_soon(), "not in the same reading");
        assert!(bench.is_gone(), "{url}");
        assert_eq!(bench.browser.status().state, BrowserState::Idle);
    }
    let seen = bench.read(&format!("{}/y", site.url)).await.unwrap();
    assert_eq!(texts(&seen), ["fine"]);
}

#[actix_rt::test]
async fn a_page_whose_browser_was_killed_is_read_by_another() {
    let Some(bench) = bench(limits()) else { return };
    let is_first = AtomicBool::new(true);
    // The first page never gets its script; the second does.
    let site = FakeSite::start(move |hit| {
        if hit.path == "/slow.js" {
            return HttpResponse::Ok().body("");
        }
        if hit.path == "/loop" && is_first.swap(false, Ordering::SeqCst) {
            return page("<script>while (true);</script>");
        }
        page("<a href='/y'>fine</a>")
    })
    .await;
    let url = format!("{}/loop", site.url);
    let killing = async {
        until("the page", || !site.hits().is_empty()).await;
        kill(Pid::from_raw(bench.outer_pid().unwrap()), Signal::SIGKILL).unwrap();
    };
    let (seen, ()) = futures_util::future::join(bench.read(&url), killing).await;
    assert_eq!(texts(&seen.unwrap()), ["fine"]);
    // Between two pages, too.
    kill(Pid::from_raw(bench.pid().await), Signal::SIGKILL).unwrap();
    let seen = bench.read(&url).await.unwrap();
    assert_eq!(texts(&seen), ["fine"]);
}

#[actix_rt::test]
async fn a_page_whose_process_was_killed_is_read_by_another() {
    let Some(bench) = bench(limits()) else { return };
    let is_first = AtomicBool::new(true);
    let site = FakeSite::start(move |_| {
        if is_first.swap(false, Ordering::SeqCst) {
            return page("<script>setInterval(() => { for (let i = 0; i < 1e7; i++); document.body.append('x') }, 10)</script>");
        }
        page("<a href='/y'>fine</a>")
    })
    .await;
    let killing = async {
        until("the page", || !site.hits().is_empty()).await;
        sleep(Duration::from_millis(300)).await; // so that it was seen alive
        let session = bench.outer_pid().unwrap();
        for pid in memory::of_session(session) {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains("--type=renderer") {
                kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
            }
        }
    };
    let (seen, ()) = futures_util::future::join(bench.read(&site.url), killing).await;
    assert_eq!(texts(&seen.unwrap()), ["fine"]);
}

#[actix_rt::test]
async fn a_page_that_takes_too_much_memory_is_ended_and_not_tried_again() {
    let Some(bench) = bench_with(limits(), 20) else {
        return;
    };
    let site = FakeSite::start(|_| page("<a href='/y'>fine</a>")).await;
    let error = bench.read(&site.url).await.unwrap_err();
    assert!(error.to_string().contains("browser.memory_mb"), "{error}");
    assert!(!error.is_retryable() && bench.is_gone());
}

#[actix_rt::test]
async fn a_page_that_never_rests_is_whole_and_one_that_lost_a_part_is_not() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/poll" => HttpResponse::Ok().body("0"),
        "/more" => HttpResponse::TooManyRequests().finish(),
        "/torn" => page("<a href='/x'>fine</a><script>fetch('/more')</script>"),
        _ => page(
            "<a href='/x'>fine</a><p id=grows></p><script>setInterval(() => {
             fetch('/poll'); grows.style.height = grows.offsetHeight + 9 + 'px' }, 50)</script>",
        ),
    })
    .await;
    let seen = bench.read(&site.url).await.unwrap();
    assert_eq!(seen["is_whole"], true);
    let seen = bench.read(&format!("{}/torn", site.url)).await.unwrap();
    assert_eq!(seen["is_whole"], false, "its rest may have been refused");
}

/// A site that answers with the head of `path` and a body of a link and so many rows, and then hangs
/// up or says nothing any more.
async fn torn_site(answers: &'static [(&str, &str, usize, bool)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    actix_rt::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let count = client.read(&mut asked).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..count]).into_owned();
            let is_asked = |path: &str| asked.starts_with(&format!("GET {path} "));
            let Some((_, head, rows, hangs_up)) = answers.iter().find(|(path, ..)| is_asked(path))
            else {
                continue;
            };
            let body = format!("<a href=/x>fine</a>{}", "<p>a row of it</p>".repeat(*rows));
            let chunk = format!("{:x}\r\n", body.len());
            let chunk = if head.contains("chunked") { &chunk } else { "" };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{head}\r\n\r\n{chunk}{body}"
            );
            client.write_all(answer.as_bytes()).await.unwrap();
            if !hangs_up {
                open.push(client);
            }
        }
    });
    url
}

#[actix_rt::test]
async fn what_a_page_is_still_asking_for_is_waited_for_unless_it_takes_for_ever() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/late" => HttpResponse::Ok().streaming(stream::once(async {
            tokio::time::sleep(Duration::from_millis(1200)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"Late"))
        })),
        "/never" => HttpResponse::Ok().streaming(stream::pending::<std::io::Result<Bytes>>()),
        _ => page(
            "<a href=/early>Early</a><script>
             const add = (text) => document.body.insertAdjacentHTML('beforeend', `<a href=/x>${text}</a>`);
             fetch('/late').then((answer) => answer.text()).then(add);
             const other = new XMLHttpRequest();
             other.open('GET', '/late?other');
             other.onload = () => add(other.responseText + ' too');
             other.send();
             if (location.pathname === '/polls') fetch('/never');
             </script>",
        ),
    })
    .await;
    for path in ["/once", "/polls"] {
        let seen = bench.read(&format!("{}{path}", site.url)).await.unwrap();
        assert_eq!(seen["is_whole"], true, "{path}");
        let mut found = texts(&seen);
        found.sort_unstable();
        assert_eq!(found, ["Early", "Late", "Late too"], "{path}");
    }
}

/// Asks for more only when its end comes into sight anew, as a person's slow scrolling makes it.
const WATCHFUL: &str = "<ul id=rows></ul><p id=end>more</p><script>
    let next = 0, first = true;
    new IntersectionObserver(async ([end]) => {
        if (!end.isIntersecting || next === 40) return;
        if (next === 10 && first) { first = false; return; } // misses it once
        const rows = await (await fetch('/rows?page=1')).json();
        for (const row of rows.slice(0, 10)) {
            next += 1;
            document.getElementById('rows').insertAdjacentHTML('beforeend',
              `<li style='height:200px'><a href='/title/${next}'>Film ${next}</a></li>`);
        }
    }).observe(document.getElementById('end'));
    </script>";

#[actix_rt::test]
async fn an_end_that_was_not_noticed_is_shown_once_more() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/rows" => HttpResponse::Ok().json((0..10).collect::<Vec<_>>()),
        _ => page(WATCHFUL),
    })
    .await;
    let seen = bench.read(&format!("{}/watchful", site.url)).await.unwrap();
    assert_eq!((texts(&seen).len(), &seen["is_whole"]), (40, &true.into()));
}

#[actix_rt::test]
async fn a_site_that_wants_to_be_left_alone_is_heard() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/busy" => HttpResponse::TooManyRequests()
            .insert_header(("Retry-After", "3600"))
            .content_type("text/html")
            .body("<iframe src=/other></iframe>Later"),
        "/other" => HttpResponse::Ok()
            .insert_header(("Retry-After", "5"))
            .body("inside"),
        _ => page("<a href=/x>fine</a>"),
    })
    .await;
    for (path, status, pause) in [("/busy", 429, Some("3600")), ("/fine", 200, None)] {
        let request = request(&format!("{}{path}", site.url));
        let answer = bench.browser.read(&request).await.unwrap();
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (status, pause)
        );
    }
}

#[actix_rt::test]
async fn a_page_that_broke_off_is_not_whole() {
    let Some(bench) = bench(limits()) else { return };
    let site = torn_site(&[
        ("/whole", "Connection: close", 20_000, true),
        ("/short", "Content-Length: 999999", 20_000, true),
        ("/chunk", "Transfer-Encoding: chunked", 20_000, true),
        ("/drip", "Content-Length: 99", 0, false),
        ("/start", "Content-Length: 99", 0, true),
    ])
    .await;
    let seen = bench.read(&format!("{site}/whole")).await.unwrap();
    assert_eq!(seen["is_whole"], true);
    for path in ["/short", "/chunk", "/start"] {
        // Whether the browser hears of it in time is the machine's business.
        match bench.read(&format!("{site}{path}")).await {
            Ok(seen) => assert_eq!(seen["is_whole"], false, "{path}"),
            Err(error) => {
                let text = error.to_string();
                assert!(text.ends_with("it broke off"), "{path} {text}");
                assert!(error.is_retryable());
            }
        }
    }
    let seen = bench.read(&format!("{site}/drip")).await.unwrap();
    assert_eq!(
        (&seen["is_whole"], texts(&seen)),
        (&Value::Bool(false), vec!["fine"])
    );
}

#[actix_rt::test]
async fn what_a_page_gives_is_bounded_and_a_long_text_is_no_row() {
    let roomy = BrowserLimits {
        characters: 20_000,
        ..limits()
    };
    let Some(bench) = bench(roomy) else { return };
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/long" => page(
            "<script>for (let i = 0; i < 1000; i++) document.write(
             `<a href='/${i}?${'x'.repeat(i % 2 ? 1500 : 3000)}'>${i}</a> `)</script>",
        ),
        _ => page(format!(
            "<article><h2>Best films of 2024</h2>{}<p><a href='/z'>IMDb</a></p></article>\
             <a href='/c'><h3>Heat</h3><p>1995 A thief</p></a>",
            "<p><a href='/x'>Film</a> (1999)</p>".repeat(20)
        )),
    })
    .await;
    let seen = bench.read(&format!("{}/long", site.url)).await.unwrap();
    assert_eq!(seen["is_whole"], false);
    let texts = texts(&seen);
    assert!(texts.len() < 20 && texts.contains(&"1") && !texts.contains(&"0"));
    let seen = bench.read(&format!("{}/article", site.url)).await.unwrap();
    assert_eq!(seen["links"][0]["near"], "Film (1999)");
    assert_eq!(seen["links"][1]["near"], "IMDb");
    assert_eq!(seen["links"][2]["text"], "Heat");
}

#[actix_rt::test]
async fn nothing_of_one_site_reaches_what_the_page_of_another_may() {
    let Some(bench) = bench(limits()) else { return };
    let other = FakeSite::start(|_| page("<a href='/o'>other</a>")).await;
    let aim = other.url.clone();
    let site = FakeSite::start(move |hit| {
        if hit.path == "/worker.js" {
            return HttpResponse::Ok().content_type("text/javascript").body(format!(
                "const loop = async () => {{ for (;;) {{ await fetch('{aim}/stolen', {{mode: 'no-cors'}}).catch(() => 0); \
                 await new Promise(done => setTimeout(done, 20)) }} }}; oninstall = event => event.waitUntil(loop())"
            ));
        }
        page("<a href='/x'>fine</a><script>navigator.serviceWorker.register('/worker.js')</script>")
    })
    .await;
    bench.read(&site.url).await.unwrap();
    assert!(site.hits().iter().any(|hit| hit.path == "/worker.js"));
    bench.read(&other.url).await.unwrap();
    assert!(other.hits().iter().all(|hit| hit.path != "/stolen"));
}

#[actix_rt::test]
async fn calls_between_people_do_not_go_round_the_guard() {
    let Some(bench) = bench(limits()) else { return };
    let (datagrams, streams) = (
        tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let udp = datagrams.local_addr().unwrap();
    let tcp = streams.local_addr().unwrap();
    let site = FakeSite::start(move |_| {
        page(format!(
            "<a href='/x'>fine</a><script>
             const peer = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{udp}'}},
               {{urls: ['turn:{udp}', 'turn:{tcp}?transport=tcp'], username: 'u', credential: 'c'}}]}});
             peer.createDataChannel('d'); peer.createOffer().then(o => peer.setLocalDescription(o));
             new WebTransport('https://{udp}/').ready.catch(() => 0);
             </script><link rel=preconnect href='http://{tcp}/'>"
        ))
    })
    .await;
    bench.read(&site.url).await.unwrap();
    let mut byte = [0; 1];
    assert!(datagrams.try_recv(&mut byte).is_err(), "a datagram came");
    let accepted = futures_util::FutureExt::now_or_never(streams.accept());
    assert!(accepted.is_none(), "a connection came");
}

#[actix_rt::test]
async fn a_browser_that_does_not_start_is_left_alone_for_a_while() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("chromium");
    std::fs::write(&script, "#!/bin/sh\necho no display >&2\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, executable).unwrap();
    let settings = BrowserSettings {
        path: Some(script.clone()),
        memory_mb: 800,
    };
    let at = Place {
        folder: place.path().join("browser"),
        is_container: false,
    };
    let browser = Browser::new(settings, Guard::new(false), at);
    let asked = request("http://1.1.1.1/");
    for _ in 0..2 {
        let error = browser.read(&asked).await.unwrap_err();
        assert!(error.to_string().contains("no display"), "{error}");
        assert!(error.is_retryable() && !error.may_pass_soon());
    }
    assert_eq!(browser.0.started.get(), 1);
    assert!(browser.status().problem.unwrap().contains("no display"));
    // One that comes to be there is not still said to be missing.
    std::fs::remove_file(&script).unwrap();
    assert_eq!(browser.status().state, BrowserState::Absent);
}

#[actix_rt::test]
async fn two_pages_are_read_one_after_the_other() {
    let Some(bench) = bench(limits()) else { return };
    let open = std::sync::Arc::new(AtomicBool::new(false));
    let site = FakeSite::start(move |hit| {
        if hit.path == "/done" {
            open.store(false, Ordering::SeqCst);
            return HttpResponse::Ok().finish();
        }
        assert!(!open.swap(true, Ordering::SeqCst), "two pages are open");
        page("<a href='/y'>fine</a><script>setTimeout(() => fetch('/done'), 200)</script>")
    })
    .await;
    let (one, two) = (format!("{}/1", site.url), format!("{}/2", site.url));
    let (one, two) = futures_util::future::join(bench.read(&one), bench.read(&two)).await;
    assert_eq!(texts(&one.unwrap()), ["fine"]);
    assert_eq!(texts(&two.unwrap()), ["fine"]);
}

#[actix_rt::test]
async fn an_idle_browser_is_closed_and_one_that_has_read_its_pages_is_replaced() {
    let quick = BrowserLimits {
        idle: Duration::from_millis(100),
        pages: 2,
        ..limits()
    };
    let Some(bench) = bench(quick) else { return };
    let site = FakeSite::start(|_| page("<a href='/y'>fine</a>")).await;
    bench.read(&site.url).await.unwrap();
    until("the end", || bench.is_gone()).await;
    assert_eq!(bench.browser.status().state, BrowserState::Idle);
    bench.read(&site.url).await.unwrap();
    bench.read(&site.url).await.unwrap();
    assert!(bench.is_gone(), "two pages are enough");
}

#[actix_rt::test]
async fn hanging_up_ends_the_browser() {
    let Some(bench) = bench(limits()) else { return };
    let site = FakeSite::start(|_| page("<script>while (true);</script>")).await;
    let asked = async { until("the page", || !site.hits().is_empty()).await };
    tokio::select! {
        read = bench.read(&site.url) => panic!("{read:?}"),
        () = asked => {}
    }
    assert_eq!(bench.browser.status().state, BrowserState::Idle);
    bench.browser.close().await;
    assert!(bench.is_gone());
}

#[actix_rt::test]
async fn without_a_browser_or_without_its_sandbox_the_person_is_told_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("chromium");
    std::fs::write(&script, "#!/bin/sh\necho 'No usable sandbox!' >&2\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, executable).unwrap();
    let browser = |path: &Path| {
        let settings = BrowserSettings {
            path: Some(path.to_owned()),
            memory_mb: 800,
        };
        let at = Place {
            folder: place.path().join("browser"),
            is_container: false,
        };
        Browser::new(settings, Guard::new(false), at)
    };
    let missing = browser(Path::new("/nowhere/chromium"));
    assert_eq!(missing.status().state, BrowserState::Absent);
    assert!(
        missing
            .status()
            .remedy
            .unwrap()
            .contains("LISTSYNC_BROWSER_PATH")
    );
    let asked = request("http://1.1.1.1/");
    let error = missing.read(&asked).await.unwrap_err();
    assert!(
        matches!(error, HttpError::Refused { reason, .. } if reason.contains("/nowhere/chromium"))
    );

    let unsafe_one = browser(&script);
    match unsafe_one.read(&asked).await.unwrap_err() {
        HttpError::Refused { reason, remedy, .. } => {
            assert!(reason.contains("No usable sandbox!"), "{reason}");
            assert!(remedy.contains("user namespaces"), "{remedy}");
        }
        other => panic!("{other:?}"),
    }
    let status = unsafe_one.status();
    assert_eq!(
        (status.state, status.is_sandboxed),
        (BrowserState::Idle, None)
    );
    assert!(status.problem.unwrap().contains("sandbox"));
}

/// Prints what a browser costs; run by `make test-all`.
#[actix_rt::test]
#[ignore = "takes minutes"]
async fn two_hundred_pages_in_a_row() {
    let Some(bench) = bench(limits()) else { return };
    let rows: Vec<String> = (0..150)
        .map(|n| {
            format!("<li><a href='https://www.imdb.com/title/tt{n:07}/'>Film {n}</a> (1999)</li>")
        })
        .collect();
    let site = FakeSite::start(move |_| page(format!("<ul>{}</ul>", rows.concat()))).await;
    let begun = Instant::now();
    let mut before = begun;
    let mut peak = 0;
    for number in 1..=200 {
        let seen = bench.read(&format!("{}/{number}", site.url)).await.unwrap();
        assert_eq!(texts(&seen).len(), 150);
        let took = before.elapsed();
        let census = bench.outer_pid().map(memory::census).unwrap_or_default();
        before = Instant::now();
        peak = peak.max(census.bytes);
        if number == 1 || number % 25 == 0 {
            writeln!(
                std::io::stderr(),
                "page {number}: {} ms, {} processes, {} MiB",
                took.as_millis(),
                census.processes,
                census.bytes / 1_048_576
            )
            .unwrap();
        }
    }
    writeln!(
        std::io::stderr(),
        "200 pages in {} ms, peak {} MiB, {} starts",
        begun.elapsed().as_millis(),
        peak / 1_048_576,
        bench.browser.0.started.get()
    )
    .unwrap();
    bench.browser.close().await;
    assert!(bench.is_gone());
}
