//! Messages to lines and back; the only place that does it.
//!
//! A line is read in two steps, the head first, so that an answer can carry the id of a request
//! whose body was wrong and a newer version is told apart from a malformed line.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{Envelope, Failure, FailureCode, MAX_LINE_BYTES, VERSION};

/// Why a line is no message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not JSON, or the envelope is missing a field.
    #[error("the line is no message: {reason}")]
    Envelope {
        /// What the JSON reader said, with line and column.
        reason: String,
    },
    /// The envelope is right and names another version.
    #[error("the message has version {theirs}, this process speaks version {VERSION}")]
    Version {
        /// Id of the message.
        id: u64,
        /// Version it names.
        theirs: u32,
    },
    /// The envelope is right, the body is not a message of this link.
    #[error("the body of message {id} is not understood: {reason}")]
    Body {
        /// Id of the message.
        id: u64,
        /// What the JSON reader said.
        reason: String,
    },
    /// A message of ours came out longer than [`MAX_LINE_BYTES`].
    #[error("the message is {bytes} bytes long, the limit is {MAX_LINE_BYTES}")]
    TooLong {
        /// Length of the message.
        bytes: usize,
    },
}

impl WireError {
    /// Id of the message, 0 when it could not be read.
    pub fn id(&self) -> u64 {
        match self {
            Self::Version { id, .. } | Self::Body { id, .. } => *id,
            Self::Envelope { .. } | Self::TooLong { .. } => 0,
        }
    }
}

impl From<&WireError> for Failure {
    fn from(error: &WireError) -> Self {
        let code = match error {
            WireError::Version { .. } => FailureCode::VersionMismatch,
            _ => FailureCode::BadFrame,
        };
        Self::new(code, error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'a> {
    v: u32,
    id: u64,
    #[serde(default)]
    more: bool,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// What every version has; a newer one may have more beside it.
#[derive(Deserialize)]
struct Sender {
    v: u32,
    id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare<'a> {
    r#type: &'a str,
}

/// Reads one line as a request.
///
/// # Errors
/// [`WireError`] when the line is no message of this link and version.
pub fn decode_request<B: DeserializeOwned>(line: &str) -> Result<Envelope<B>, WireError> {
    decode(line)
}

/// Reads one line as an answer.
///
/// # Errors
/// [`WireError`] when the line is no message of this link and version.
pub fn decode_answer<B: DeserializeOwned>(line: &str) -> Result<Envelope<B>, WireError> {
    decode(line)
}

fn decode<B: DeserializeOwned>(line: &str) -> Result<Envelope<B>, WireError> {
    let head: Head<'_> = serde_json::from_str(line).map_err(|error| bad_head(line, &error))?;
    if head.v != VERSION {
        return Err(WireError::Version {
            id: head.id,
            theirs: head.v,
        });
    }
    let body = decode_body(head.body.get()).map_err(|error| WireError::Body {
        id: head.id,
        reason: error.to_string(),
    })?;
    Ok(Envelope {
        v: head.v,
        id: head.id,
        more: head.more,
        body,
    })
}

/// A newer version may have another head, and is to be told apart all the same.
fn bad_head(line: &str, error: &serde_json::Error) -> WireError {
    match serde_json::from_str(line) {
        Ok(Sender { v, id }) if v != VERSION => WireError::Version { id, theirs: v },
        _ => WireError::Envelope {
            reason: error.to_string(),
        },
    }
}

/// A message typed by hand may leave out `data` where every field of it has a default.
fn decode_body<B: DeserializeOwned>(body: &str) -> Result<B, serde_json::Error> {
    let error = match serde_json::from_str(body) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    let Ok(bare) = serde_json::from_str::<Bare<'_>>(body) else {
        return Err(error);
    };
    let mut filled = serde_json::Map::new();
    filled.insert("type".into(), bare.r#type.into());
    filled.insert("data".into(), serde_json::Map::new().into());
    serde_json::from_value(filled.into())
}

/// The line, newline included, of a request.
///
/// # Errors
/// [`WireError::TooLong`] above [`MAX_LINE_BYTES`].
pub fn encode_request<B: Serialize>(id: u64, body: &B) -> Result<String, WireError> {
    encode(&Envelope {
        v: VERSION,
        id,
        more: false,
        body,
    })
}

/// The line, newline included, of an answer; `more` when others follow.
///
/// # Errors
/// [`WireError::TooLong`] above [`MAX_LINE_BYTES`].
pub fn encode_answer<B: Serialize>(id: u64, more: bool, body: &B) -> Result<String, WireError> {
    encode(&Envelope {
        v: VERSION,
        id,
        more,
        body,
    })
}

fn encode<B: Serialize>(envelope: &Envelope<&B>) -> Result<String, WireError> {
    let mut line = serde_json::to_string(envelope).map_err(|error| WireError::Envelope {
        reason: error.to_string(),
    })?;
    if line.len() > MAX_LINE_BYTES {
        return Err(WireError::TooLong { bytes: line.len() });
    }
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::supervisor::{StatusRequest, ToSupervisor};

    #[test]
    fn a_message_survives_the_way_there_and_back() {
        let sent = ToSupervisor::Status(StatusRequest {
            names: vec!["api".into()],
        });
        let line = encode_request(7, &sent).unwrap();
        assert!(line.ends_with('\n'));
        let read: Envelope<ToSupervisor> = decode_request(line.trim_end()).unwrap();
        assert_eq!(
            read,
            Envelope {
                v: VERSION,
                id: 7,
                more: false,
                body: sent
            }
        );
    }

    #[test]
    fn a_body_may_leave_out_its_data_when_nothing_is_needed() {
        let line = r#"{"v":1,"id":1,"body":{"type":"status"}}"#;
        let read: Envelope<ToSupervisor> = decode_request(line).unwrap();
        assert_eq!(read.body, ToSupervisor::Status(StatusRequest::default()));
    }

    #[test]
    fn a_newer_version_is_told_apart_from_a_malformed_line() {
        let newer = r#"{"v":2,"id":3,"body":{"type":"no_such_thing","data":{}}}"#;
        let error = decode_request::<ToSupervisor>(newer).unwrap_err();
        assert_eq!(Failure::from(&error).code, FailureCode::VersionMismatch);
        assert_eq!(error.id(), 3);
        insta::assert_snapshot!(error, @"the message has version 2, this process speaks version 1");
    }

    #[test]
    fn a_newer_version_is_told_apart_whatever_its_envelope_has() {
        for newer in [
            r#"{"v":2,"id":3,"sent_at":"now","body":{"type":"status","data":{}}}"#,
            r#"{"v":2,"id":3,"payload":[]}"#,
        ] {
            let error = decode_request::<ToSupervisor>(newer).unwrap_err();
            assert_eq!(Failure::from(&error).code, FailureCode::VersionMismatch);
            assert_eq!(error.id(), 3);
        }
        let own = r#"{"v":1,"id":3,"sent_at":"now","body":{"type":"status","data":{}}}"#;
        let error = decode_request::<ToSupervisor>(own).unwrap_err();
        assert_eq!(Failure::from(&error).code, FailureCode::BadFrame);
    }

    #[test]
    fn bad_lines_say_what_is_wrong_with_them() {
        let text = |line: &str| {
            decode_request::<ToSupervisor>(line)
                .unwrap_err()
                .to_string()
        };
        insta::assert_snapshot!(text("GET / HTTP/1.1"), @"the line is no message: expected value at line 1 column 1");
        insta::assert_snapshot!(text(r#"{"v":1,"body":{"type":"status"}}"#), @"the line is no message: missing field `id` at line 1 column 32");
        insta::assert_snapshot!(
            text(r#"{"v":1,"id":4,"body":{"type":"status","data":{"nmaes":[]}}}"#),
            @"the body of message 4 is not understood: unknown field `nmaes`, expected `names` at line 1 column 32"
        );
    }

    #[test]
    fn a_message_over_the_limit_is_refused() {
        let names = vec!["x".repeat(MAX_LINE_BYTES)];
        let error = encode_request(1, &ToSupervisor::Status(StatusRequest { names })).unwrap_err();
        assert!(matches!(error, WireError::TooLong { .. }));
    }
}
