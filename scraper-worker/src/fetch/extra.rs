//! Headers of the owner's own that go along with requests to a site. Leaves which requests those are
//! to `fetch`. Values are never logged: one may be a key.

use std::collections::HashMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use runtime::{Secret, settings::nearest};

/// Headers that say who we are or belong to the connection, which nobody sets here.
const OURS: &[&str] = &[
    "user-agent",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "accept-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "if-none-match",
    "if-modified-since",
];

/// By provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtraHeaders(HashMap<String, HeaderMap>);

impl ExtraHeaders {
    /// Reads `providers.extra_headers`, and says as sentences what of it is not used.
    pub(crate) fn read(entries: &[Secret], providers: &[&'static str]) -> (Self, Vec<String>) {
        let mut headers = Self::default();
        let mut problems = Vec::new();
        for (number, entry) in (1_u32..).zip(entries) {
            match parsed(entry.expose(), providers) {
                Ok((provider, name, mut value)) => {
                    value.set_sensitive(true);
                    headers.0.entry(provider).or_default().append(name, value);
                }
                // The entry itself may hold a key.
                Err(what) => problems.push(format!(
                    "entry {number} of `providers.extra_headers` is not used: {what}"
                )),
            }
        }
        (headers, problems)
    }

    /// Those of one provider.
    pub(crate) fn of(&self, provider: &str) -> HeaderMap {
        self.0.get(provider).cloned().unwrap_or_default()
    }
}

fn parsed(
    entry: &str,
    providers: &[&'static str],
) -> Result<(String, HeaderName, HeaderValue), String> {
    let mut parts = entry.splitn(3, ':').map(str::trim);
    let (Some(provider), Some(name), Some(value)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err("it is not of the form `provider: Name: value`".into());
    };
    let provider = provider.to_ascii_lowercase();
    if !providers.contains(&provider.as_str()) {
        return Err(format!("there is no {}", like(&provider, providers)));
    }
    let name: HeaderName = name
        .parse()
        .map_err(|_says_no_more| format!("`{name}` is no name of a header"))?;
    if OURS.contains(&name.as_str()) {
        return Err(format!("the header `{name}` is always our own"));
    }
    let value = value.parse().map_err(|_says_no_more| {
        format!("the value of `{name}` has characters that no header may have")
    })?;
    Ok((provider, name, value))
}

/// The name as it was written, and what may have been meant.
pub(crate) fn like(name: &str, providers: &[&'static str]) -> String {
    let meant = nearest(name, providers.iter().copied());
    let meant = meant.map(|known| format!("; did you mean `{known}`?"));
    format!("provider `{name}`{}", meant.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["imdb", "letterboxd", "trakt"];

    fn read(entries: &[&str]) -> (ExtraHeaders, Vec<String>) {
        let entries: Vec<_> = entries.iter().map(|entry| Secret::new(*entry)).collect();
        ExtraHeaders::read(&entries, NAMES)
    }

    #[test]
    fn headers_go_to_the_provider_they_are_for() {
        let (headers, problems) = read(&[
            "imdb: X-Name: a: b",
            "IMDb : Cookie:x=1",
            "letterboxd:X-Other: c",
        ]);
        assert!(problems.is_empty(), "{problems:?}");
        let imdb = headers.of("imdb");
        assert_eq!(imdb["x-name"], "a: b");
        assert_eq!((imdb.len(), headers.of("letterboxd").len()), (2, 1));
        assert!(headers.of("trakt").is_empty());
        assert!(!format!("{headers:?}").contains("a: b"), "{headers:?}");
    }

    #[test]
    fn what_is_not_used_is_said_without_its_value() {
        let (headers, problems) = read(&[
            "imdb X-Name",
            "imbd: X-Name: secret",
            "imdb: X Name: secret",
            "imdb: User-Agent: secret",
            "imdb: Host: secret",
            "trakt: X-Name: \u{1}secret",
        ]);
        insta::assert_snapshot!(problems.join("\n"), @r"
        entry 1 of `providers.extra_headers` is not used: it is not of the form `provider: Name: value`
        entry 2 of `providers.extra_headers` is not used: there is no provider `imbd`; did you mean `imdb`?
        entry 3 of `providers.extra_headers` is not used: `X Name` is no name of a header
        entry 4 of `providers.extra_headers` is not used: the header `user-agent` is always our own
        entry 5 of `providers.extra_headers` is not used: the header `host` is always our own
        entry 6 of `providers.extra_headers` is not used: the value of `x-name` has characters that no header may have
        ");
        assert!(headers.0.is_empty());
    }
}
