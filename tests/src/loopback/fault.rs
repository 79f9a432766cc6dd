//! The misbehaviours a test can order, and the table of which call meets which.

use std::time::Duration;

use super::{Answer, Body, gzip};

/// A misbehaviour.
#[derive(Clone, Debug)]
pub enum Fault {
    /// That status with a short text in the way of a proxy.
    Status(u16),
    /// A whole answer of the test's own.
    Raw {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// 429; `Retry-After` is sent as given (seconds or an HTTP date), or not at all.
    TooManyRequests {
        /// The header's value.
        retry_after: Option<String>,
    },
    /// 202 with the page of AWS WAF that wants to run a script.
    WafChallenge,
    /// 403 with the page of Cloudflare that wants to run a script.
    CloudflareChallenge,
    /// 200 with a web page where JSON is due.
    Html,
    /// A redirect to that address.
    Redirect(String),
    /// Never an answer.
    Hang,
    /// The connection is reset instead of an answer.
    Reset,
    /// The connection is closed instead of an answer.
    Closed,
    /// Spaces without end.
    Endless,
    /// A small gzip stream that unpacks without end.
    GzipBomb,
    /// The true answer, after a while.
    Late(Duration),
    /// The call is worked on, and the answer is thrown away: the connection is closed.
    AnswerLost,
    /// The true answer, cut in its middle.
    CutShort,
    /// The true answer as gzip, cut in its middle although its length fits.
    TruncatedGzip,
    /// The true answer, that many bytes at a time.
    Drip {
        /// Bytes in one piece.
        piece: usize,
        /// The pause before each.
        every: Duration,
    },
}

impl Fault {
    /// What is answered without looking at the call, if this fault does so.
    pub(crate) fn instead(&self) -> Option<Answer> {
        Some(match self {
            Self::Status(status) => Answer::html(
                *status,
                format!(
                    "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr><center>nginx</center></body></html>"
                ),
            ),
            Self::Raw {
                status,
                headers,
                body,
            } => Answer {
                status: *status,
                headers: headers.clone(),
                body: Body::Whole(body.clone()),
            },
            Self::TooManyRequests { retry_after } => {
                let answer = Answer::text(429, "Too Many Requests");
                match retry_after {
                    Some(value) => answer.with("retry-after", value.as_str()),
                    None => answer,
                }
            }
            Self::WafChallenge => Answer::html(202, WAF).with("x-amzn-waf-action", "challenge"),
            Self::CloudflareChallenge => Answer::html(403, CLOUDFLARE)
                .with("cf-mitigated", "challenge")
                .with("server", "cloudflare"),
            Self::Html => Answer::html(
                200,
                "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>",
            ),
            Self::Redirect(to) => Answer::empty(302).with("location", to.as_str()),
            Self::Hang => Answer::none(Body::Never),
            Self::Reset => Answer::none(Body::Reset),
            Self::Closed => Answer::none(Body::Closed),
            Self::Endless => Answer {
                body: Body::Endless {
                    start: vec![b'['],
                    piece: vec![b' '; 64 * 1024],
                },
                ..Answer::json(200, &serde_json::Value::Null)
            },
            Self::GzipBomb => {
                let (start, piece) = gzip::bomb();
                Answer {
                    body: Body::Endless { start, piece },
                    ..Answer::json(200, &serde_json::Value::Null)
                }
                .with("content-encoding", "gzip")
            }
            Self::Late(_)
            | Self::AnswerLost
            | Self::CutShort
            | Self::TruncatedGzip
            | Self::Drip { .. } => return None,
        })
    }

    /// How long the call waits before it is worked on.
    pub(crate) fn delay(&self) -> Duration {
        match self {
            Self::Late(delay) => *delay,
            _ => Duration::ZERO,
        }
    }

    /// What becomes of the true answer.
    pub(crate) fn spoil(&self, mut answer: Answer) -> Answer {
        let whole = answer.bytes().to_vec();
        match self {
            Self::AnswerLost => return Answer::none(Body::Closed),
            Self::CutShort => {
                let sent = whole.len() / 2;
                answer.body = Body::CutShort { whole, sent };
            }
            Self::TruncatedGzip => {
                let mut packed = gzip::pack(&whole);
                packed.truncate(packed.len() / 2);
                answer.body = Body::Whole(packed);
                answer
                    .headers
                    .retain(|(name, _)| name != "content-encoding");
                return answer.with("content-encoding", "gzip");
            }
            Self::Drip { piece, every } => {
                answer.body = Body::Drip {
                    whole,
                    piece: *piece,
                    every: *every,
                };
            }
            _ => {}
        }
        answer
    }
}

/// The page that a plain client meets at www.imdb.com: own words, with the marks by which it is known.
const WAF: &str = r#"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title></title>
<script type="text/javascript">window.awsWafCookieDomainList = []; window.gokuProps = {"key":"fake","iv":"fake","context":"fake"};</script>
<script src="https://fake.edge.token.awswaf.com/fake/challenge.js"></script></head>
<body><div id="challenge-container"></div><noscript><h1>JavaScript is disabled</h1>
In order to continue, we need to verify that you're not a robot.</noscript></body></html>"#;

/// The page a suspected robot meets at a site behind Cloudflare: own words, with the marks by which it is known.
const CLOUDFLARE: &str = r#"<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>
<meta http-equiv="content-security-policy" content="script-src https://challenges.cloudflare.com"></head>
<body><div class="main-content"><noscript>Enable JavaScript and cookies to continue</noscript></div>
<script src="/cdn-cgi/challenge-platform/fake.js"></script></body></html>"#;

/// How often a fault strikes before it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// That many calls.
    N(u32),
    /// Until it is cleared.
    Always,
}

impl Times {
    /// One call.
    pub const ONCE: Self = Self::N(1);
}

#[derive(Clone, Debug)]
struct Rule {
    method: Option<String>,
    path: String,
    skip: u32,
    fault: Fault,
    times: Times,
}

/// Which call meets which fault; the first rule that fits strikes.
#[derive(Clone, Debug, Default)]
pub struct FaultTable {
    rules: Vec<Rule>,
}

impl FaultTable {
    /// Adds a rule. `call` is a path or `METHOD path`; a path ending in `*` stands for all that begin so.
    /// The first `skip` fitting calls pass.
    pub fn add(&mut self, call: &str, skip: u32, fault: Fault, times: Times) {
        let (method, path) = match call.split_once(' ') {
            Some((method, path)) => (Some(method.to_owned()), path),
            None => (None, call),
        };
        self.rules.push(Rule {
            method,
            path: path.to_owned(),
            skip,
            fault,
            times,
        });
    }

    /// Forgets every rule.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault that this call meets, counting it as struck.
    pub fn strike(&mut self, method: &str, path: &str) -> Option<Fault> {
        let at = self.rules.iter_mut().position(|rule| {
            let fits = rule.method.as_deref().is_none_or(|known| known == method)
                && match rule.path.strip_suffix('*') {
                    Some(start) => path.starts_with(start),
                    None => rule.path == path,
                };
            if fits && rule.skip > 0 {
                rule.skip -= 1;
                return false;
            }
            fits
        })?;
        let rule = self.rules.get_mut(at)?;
        let fault = rule.fault.clone();
        match &mut rule.times {
            Times::Always => {}
            Times::N(left) => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.rules.remove(at);
                }
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_told_and_not_before() {
        let mut table = FaultTable::default();
        table.add("POST /api/*", 1, Fault::Status(503), Times::N(2));
        let mut struck = Vec::new();
        for _ in 0..4 {
            struck.push(table.strike("POST", "/api/x").is_some());
        }
        assert_eq!(struck, [false, true, true, false]);
        assert!(table.strike("GET", "/api/x").is_none());
    }
}
