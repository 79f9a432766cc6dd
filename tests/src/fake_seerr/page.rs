//! A page that shows what was requested, for people watching the demo. It reloads its rows when something changes.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::rows::{Requested, media_status, request_status};
use super::shared::Shared;
use super::state::State;
use super::world::Kind;
use crate::loopback::{Answer, Body, Request};

const PAGE: &str = include_str!("page.html");

/// Changes closer together than this are shown at once.
const SETTLE: Duration = Duration::from_millis(150);

/// The answer, when the call is for the page.
pub(super) fn answer(shared: &Arc<Shared>, request: &Request) -> Option<Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET" | "HEAD", "/") => {
            let body = shared.read(|state| PAGE.replace("<!-- rows -->", &rows(state)));
            Some(Answer::html(200, body).with("cache-control", "no-store"))
        }
        ("GET", "/page/rows") => {
            Some(Answer::html(200, shared.read(rows)).with("cache-control", "no-store"))
        }
        ("GET", "/page/changes") => Some(changes(shared)),
        ("GET", "/favicon.ico") => Some(Answer::empty(204)),
        _ => None,
    }
}

fn changes(shared: &Arc<Shared>) -> Answer {
    let (pieces, body) = mpsc::channel(4);
    let mut versions = shared.versions();
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut seen = String::new();
        loop {
            let rows = shared.read(rows);
            if rows != seen {
                seen = rows;
                if pieces.send(b"data: changed\n\n".to_vec()).await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(SETTLE).await;
            tokio::select! {
                changed = versions.changed() => if changed.is_err() { return },
                () = pieces.closed() => return,
            }
        }
    });
    Answer {
        status: 200,
        headers: vec![
            ("content-type".to_owned(), "text/event-stream".to_owned()),
            ("cache-control".to_owned(), "no-store".to_owned()),
        ],
        body: Body::Stream(body),
    }
}

fn rows(state: &State) -> String {
    let mut html = String::new();
    let count = state.requests().len();
    let titles = if count == 1 { "request" } else { "requests" };
    let in_library = state
        .media()
        .iter()
        .filter(|row| row.status == media_status::AVAILABLE)
        .count();
    // Writing to a String cannot fail.
    write!(
        html,
        "<p class=\"sum\"><b>{count}</b> {titles} · {in_library} in the library</p>"
    )
    .ok();
    if count == 0 {
        html.push_str("<p class=\"none\">Nothing was requested yet.</p>");
        return html;
    }
    html.push_str("<table><thead><tr><th>Title</th><th>Year</th><th>Type</th><th>4K</th><th>As</th><th>When (UTC)</th><th>Status</th></tr></thead><tbody>");
    for row in state.requests().iter().rev() {
        line(&mut html, state, row);
    }
    html.push_str("</tbody></table>");
    html
}

fn line(html: &mut String, state: &State, row: &Requested) {
    let title = state.title(row.kind, row.tmdb_id);
    let name = title.map_or("?", |title| title.title.as_str());
    let year = title
        .and_then(|title| title.year)
        .map_or_else(String::new, |year| year.to_string());
    let kind = match row.kind {
        Kind::Movie => "Movie".to_owned(),
        Kind::Tv => {
            let seasons: Vec<String> = row.seasons.iter().map(i64::to_string).collect();
            format!("Show <small>S {}</small>", seasons.join(", "))
        }
    };
    let user = state.users.get(&row.requested_by);
    let user = user.map_or("?", |user| user.name.as_str());
    let (class, status) = match row.status {
        request_status::PENDING => ("wait", "pending"),
        request_status::APPROVED => ("good", "approved"),
        request_status::DECLINED => ("bad", "declined"),
        request_status::FAILED => ("bad", "failed"),
        _ => ("good", "completed"),
    };
    write!(
        html,
        "<tr><td data-name=\"Title\"><span>{} <small>#{}</small></span></td><td data-name=\"Year\">{year}</td><td data-name=\"Type\"><span>{kind}</span></td><td data-name=\"4K\">{}</td><td data-name=\"As\">{}</td><td data-name=\"When\">{}</td><td data-name=\"Status\"><span class=\"tag {class}\">{status}</span></td></tr>",
        escape(name),
        row.id,
        if row.is_4k { "4K" } else { "–" },
        escape(user),
        row.created_at.format("%H:%M:%S"),
    )
    .ok(); // as above
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
