//! What a person is told when a site says no: one snapshot of every site's words for every kind of no,
//! so that each has its cause, its object and its remedy.

use std::fmt::Write as _;

use reqwest::header::{HeaderMap, HeaderValue};
use schema::wire::scraper::FetchOutcome;

use super::{all, fixtures};
use crate::{
    fake_site::sites,
    provider::{Answer, ListToRead, ProviderError, Via},
    walk::outcome_of,
};

/// What sites say no with.
const ANSWERS: &[(u16, &str, &str)] = &[
    (401, "application/json", ""),
    (402, "application/json", "{}"),
    (403, "application/json", "{}"),
    (
        403,
        "text/html",
        "<html><title>Just a moment...</title></html>",
    ),
    (404, "text/html", "<html><body>404</body></html>"),
    (
        202,
        "text/html",
        "<html><script src='https://x.token.awswaf.com/challenge.js'></script>",
    ),
    (200, "text/html", "<html><body>maintenance</body></html>"),
    (200, "application/json", "{\"error\":\"oops\"}"),
];

/// The first kind of request of each site that our client carries out.
fn first_of(site: &str) -> Option<(&'static str, &'static str)> {
    fixtures::OWN
        .iter()
        .filter(|(name, _, _, way)| *name == site && *way != "file")
        .map(|(_, _, list, way)| (*list, *way))
        .next()
}

fn checked(outcome: FetchOutcome, list: &str) -> String {
    match outcome {
        FetchOutcome::Refused {
            reason,
            remedy,
            cause,
        } => {
            assert!(
                remedy.ends_with(['.', ')']) && remedy.len() > 20,
                "{remedy}"
            );
            assert!(!reason.ends_with('.') && reason.len() > 10, "{reason}");
            format!("refused, {cause}: {reason}. {remedy}")
        }
        FetchOutcome::Failed {
            reason,
            retryable,
            cause,
        } => format!(
            "failed, {cause}{}: {reason}",
            if retryable { ", again later" } else { "" }
        ),
        FetchOutcome::Complete | FetchOutcome::Partial { .. } => format!("{list} was read"),
    }
}

#[test]
fn each_no_has_its_cause_and_what_to_do() {
    let mut told = String::new();
    for provider in all() {
        let Some((id, way)) = first_of(provider.name()) else {
            continue;
        };
        let list = ListToRead {
            id: id.to_owned(),
            ..ListToRead::default()
        };
        let sites = sites("http://site.test");
        writeln!(told, "{}", provider.title()).unwrap();
        if let Err(error) = provider.ways(&list, &sites) {
            let said = checked(outcome_of(&error, *provider, id), id);
            writeln!(told, "  without a key: {said}").unwrap();
        }
        let (_, list, request) = fixtures::request_of(provider.name(), id, way);
        if request.via != Via::Http {
            continue;
        }
        for (status, kind, body) in ANSWERS {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(kind));
            let answer = Answer {
                status: *status,
                url: request.url.clone(),
                headers,
                body: (*body).to_owned(),
            };
            let said = match provider.parse(&list, &request, &answer) {
                Ok(page) => {
                    let is_going_on = page.next.is_some();
                    assert!(is_going_on, "{}: {status} {body} is read", provider.name());
                    "another address is asked".to_owned()
                }
                Err(ProviderError::Failed { what }) => format!("failed, again later: {what}"),
                Err(error) => checked(outcome_of(&error, *provider, id), id),
            };
            let kind = if body.is_empty() { "" } else { kind };
            writeln!(told, "  {status} {kind}: {said}").unwrap();
        }
    }
    insta::assert_snapshot!(told);
}
