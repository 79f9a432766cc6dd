//! What travels over the Unix sockets: the envelope, its version, and the failure every link shares.
//!
//! One file per socket holds the two enums of that link. `frame` alone turns messages into bytes.
//! Leaves sockets, connections and cancellation to `runtime::socket`.

mod frame;
pub mod scraper;
pub mod supervisor;
pub mod sync;

pub use frame::{WireError, decode_answer, decode_request, encode_answer, encode_request};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Version of the messages. It rises when a field changes its meaning.
pub const VERSION: u32 = 1;

/// Longest line, in bytes without its newline, that either side accepts.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// One message on a socket: `{"v":1,"id":7,"body":{"type":"status","data":{…}}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope<B> {
    /// [`VERSION`] of the sender.
    pub v: u32,
    /// Chosen by the caller; every answer carries the id of its request.
    pub id: u64,
    /// True on every answer of a stream but the last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The request or the answer.
    pub body: B,
}

/// One socket: which requests it takes and what it answers.
pub trait Link: 'static {
    /// The enum of requests, `To…`.
    type Request: Serialize + DeserializeOwned + Send + std::fmt::Debug + 'static;
    /// The enum of answers, `From…`.
    type Answer: Serialize + DeserializeOwned + Send + std::fmt::Debug + From<Failure> + 'static;
    /// File name of the socket in the run directory.
    const SOCKET: &'static str;
    /// What answers there, as error texts call it.
    const PEER: &'static str;

    /// The failure in `answer`, if it is one.
    fn failure(answer: &Self::Answer) -> Option<&Failure>;

    /// Whether `request` changes something. Closing the connection ends reads and streams only; a
    /// change that was begun is carried out.
    fn is_change(_request: &Self::Request) -> bool {
        false
    }
}

/// Why a request was not carried out. Every answer enum has it as its `failed` variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{message}")]
pub struct Failure {
    /// What a caller decides on.
    pub code: FailureCode,
    /// What happened, to what: a lower-case fragment without full stop.
    pub message: String,
    /// What the person can do about it, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Failure {
    /// A failure without a remedy.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            remedy: None,
        }
    }

    /// The same failure, saying what the person can do.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Kinds of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The line was no message of this link; the connection is closed after the answer.
    BadFrame,
    /// The sender speaks another [`VERSION`].
    VersionMismatch,
    /// A value in the request is impossible; the message names it.
    Invalid,
    /// What the request names does not exist.
    NotFound,
    /// It exists already, or the state forbids it now.
    Conflict,
    /// Busy with something that excludes this request; may be asked again.
    Busy,
    /// A process, site or server that is needed did not answer; may be asked again.
    Unavailable,
    /// The work was cancelled.
    Cancelled,
    /// A fault of ours; the log of the answering process has the cause.
    Internal,
}

impl FailureCode {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable | Self::Cancelled)
    }
}
