//! What came back for a request: whether it is a document, a wall, a refusal by status. Leaves what the
//! document says to the provider that asked.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, error::Category};
use url::Url;

use super::ProviderError;

/// What came back for a request, complete and decompressed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Words that only pages of walls have.
const WALLS: &[(&str, &str)] = &[
    ("token.awswaf.com", "an AWS robot check"),
    ("awsWafCookieDomainList", "an AWS robot check"),
    ("gokuProps", "an AWS robot check"),
    ("verify that you're not a robot", "a robot check"),
    ("challenges.cloudflare.com", "a Cloudflare challenge"),
    ("<title>Just a moment...</title>", "a Cloudflare challenge"),
];

impl Answer {
    /// The body of a 200 that is no wall.
    ///
    /// # Errors
    /// [`ProviderError::Blocked`], [`ProviderError::NotFound`] or [`ProviderError::Changed`], by
    /// status and by what is in the body.
    pub(crate) fn document(&self) -> Result<&str, ProviderError> {
        if let Some(how) = self.wall() {
            return Err(ProviderError::Blocked { how });
        }
        match self.status {
            200 => Ok(&self.body),
            401 | 403 | 405 | 451 => Err(ProviderError::Blocked {
                how: format!("status {}", self.status),
            }),
            404 | 410 => Err(ProviderError::NotFound),
            status => Err(ProviderError::Changed {
                what: format!("status {status}"),
            }),
        }
    }

    /// The JSON of a 200.
    ///
    /// # Errors
    /// As [`Answer::document`], and [`ProviderError::Changed`] when it is no JSON.
    pub(crate) fn json(&self) -> Result<Value, ProviderError> {
        self.json_as()
    }

    /// The same as what it is expected to be, which spares memory where much of it does not count.
    ///
    /// # Errors
    /// As [`Answer::json`], and [`ProviderError::Changed`] when it is something else.
    pub(crate) fn json_as<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        let text = self.document()?;
        if self.is_html() {
            return Err(ProviderError::Changed {
                what: "a web page where JSON is due".into(),
            });
        }
        serde_json::from_str(text).map_err(|error| ProviderError::Changed {
            what: match error.classify() {
                Category::Data => format!("JSON of another shape: {error}"),
                Category::Io | Category::Syntax | Category::Eof => {
                    format!("malformed JSON: {error}")
                }
            },
        })
    }

    /// The value of a header, if it is readable text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()) // unreadable is as good as absent
    }

    /// Whether it is a page for people.
    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.contains("text/html"))
            || self.body.trim_start().starts_with('<')
    }

    /// By which sign it is a page that turns readers away, if it is one.
    pub(crate) fn wall(&self) -> Option<String> {
        if self.header("x-amzn-waf-action").is_some() || self.status == 202 {
            return Some(format!("status {} and a robot check", self.status));
        }
        if self.header("cf-mitigated").is_some() {
            return Some(format!("status {} and a Cloudflare challenge", self.status));
        }
        // Walls are small; a real list page may quote any of these words in a plot.
        let start = self
            .body
            .get(..self.body.floor_char_boundary(20_000))
            .unwrap_or_default();
        let is_suspect = self.status != 200 || self.body.len() < 20_000;
        WALLS
            .iter()
            .find(|(word, _)| is_suspect && self.is_html() && start.contains(word))
            .map(|(_, name)| format!("status {} and {name}", self.status))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answer(status: u16, kind: &'static str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        Answer {
            status,
            url: Url::parse("http://a.example/").unwrap(),
            headers,
            body: body.into(),
        }
    }

    #[test]
    fn walls_are_told_from_pages_by_status_and_by_their_words() {
        let challenge = "<html><script src='https://x.token.awswaf.com/challenge.js'></script>";
        for (status, body) in [(202, ""), (405, "<html>"), (403, ""), (200, challenge)] {
            let error = answer(status, "text/html", body).document().unwrap_err();
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{status}: {error}"
            );
        }
        let words_in_a_plot = format!("<html>{}token.awswaf.com", "x".repeat(30_000));
        assert!(
            answer(200, "text/html", &words_in_a_plot)
                .document()
                .is_ok()
        );
        assert_eq!(
            answer(404, "text/html", "").document(),
            Err(ProviderError::NotFound)
        );
    }

    #[test]
    fn a_page_where_json_is_due_is_a_change_and_not_an_empty_list() {
        for (kind, body) in [
            ("text/html", "<html>maintenance"),
            ("application/json", "{"),
            ("text/plain", ""),
        ] {
            let error = answer(200, kind, body).json().unwrap_err();
            assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        }
        assert_eq!(
            answer(200, "text/plain", "[]").json(),
            Ok(Value::Array(Vec::new()))
        );
    }
}
