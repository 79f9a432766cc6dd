//! How an event looks on the wire, and which of them a client wants.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::{collections::BTreeSet, str::FromStr};

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use schema::{
    models::{EventKind, RunId},
    wire::{
        supervisor::{ProgramChange, ProgramState},
        sync::{EventView, ReadingProgress, RunProgress},
    },
};
use serde::Serialize;

use crate::routes::Process;

/// Milliseconds after which a client that was cut off comes again.
const RETRY_MS: u32 = 2000;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// Something that is stored.
    Stored(EventKind),
    /// Where the run is; not stored.
    Progress,
    /// How far a list is read; not stored.
    Reading,
    /// A process is in another state; not stored.
    Process,
}

impl Topic {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stored(kind) => kind.as_str(),
            Self::Progress => "progress",
            Self::Reading => "reading",
            Self::Process => "process",
        }
    }
}

impl FromStr for Topic {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "progress" => Ok(Self::Progress),
            "reading" => Ok(Self::Reading),
            "process" => Ok(Self::Process),
            _ => word.parse().map(Self::Stored).map_err(|error| {
                let stored = error.to_string();
                format!("{} `progress` `reading` `process`", stored.trim_end())
            }),
        }
    }
}

/// Which events a client wants; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these.
    pub(crate) topics: Option<BTreeSet<Topic>>,
    /// Only those of this run.
    pub(crate) run: Option<RunId>,
}

impl Filter {
    pub(super) fn wants(&self, frame: &Frame) -> bool {
        self.topics
            .as_ref()
            .is_none_or(|topics| topics.contains(&frame.topic))
            && (self.run.is_none() || self.run == frame.run)
    }
}

/// One event as it is sent. Clones share the text.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    topic: Topic,
    pub(super) run: Option<RunId>,
    pub(super) text: Bytes,
}

impl Frame {
    pub(super) fn stored(event: &EventView) -> Self {
        Self {
            topic: Topic::Stored(event.kind),
            run: event.run,
            text: block(Some(event.id), event.kind.as_str(), event),
        }
    }

    pub(super) fn progress(progress: &RunProgress) -> Self {
        Self::passing(Topic::Progress, Some(progress.run), progress)
    }

    pub(super) fn reading(reading: &ReadingProgress) -> Self {
        Self::passing(Topic::Reading, reading.run, reading)
    }

    pub(super) fn process(change: &Change) -> Self {
        Self::passing(Topic::Process, None, change)
    }

    /// Without a number: who comes again goes on after the last stored one.
    fn passing(topic: Topic, run: Option<RunId>, data: &impl Serialize) -> Self {
        Self {
            topic,
            run,
            text: block(None, topic.as_str(), data),
        }
    }
}

/// A process went from one state to another.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    /// When.
    at: DateTime<Utc>,
    /// The state it left.
    from: ProgramState,
    /// Why.
    reason: Option<String>,
    /// How it is since then.
    process: Process,
}

impl From<ProgramChange> for Change {
    fn from(change: ProgramChange) -> Self {
        Self {
            at: change.at,
            from: change.from,
            reason: change.reason,
            process: Process::of(change.program, change.at),
        }
    }
}

/// The beginning of every stream. The number makes a client that is cut off before its first event
/// come again with it, and miss nothing.
pub(super) fn hello(last: i32) -> Bytes {
    format!("retry: {RETRY_MS}\nid: {last}\n\n").into()
}

/// Events were missed: the client has to look at everything anew, and goes on after `newest`.
pub(super) fn reset(newest: i32) -> Bytes {
    block(
        Some(newest),
        "reset",
        &serde_json::json!({ "newest": newest }),
    )
}

/// Keeps proxies from closing a connection on which nothing happens.
pub(crate) fn heartbeat() -> Bytes {
    Bytes::from_static(b": heartbeat\n\n")
}

/// One event. JSON has no line breaks of its own, so its data is one line.
pub(crate) fn block(id: Option<i32>, name: &str, data: &impl Serialize) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    let data = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!("cannot write a {name} event as JSON: {error}");
        "null".into()
    });
    format!("{id}event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{now, progress};
    use schema::models::ListId;

    fn event() -> EventView {
        EventView {
            id: 7,
            at: now(),
            kind: EventKind::TitleRequested,
            run: Some(RunId(3)),
            list: Some(ListId(5)),
            data: serde_json::json!({ "title": "Two\nlines" }),
        }
    }

    fn reading() -> ReadingProgress {
        ReadingProgress {
            run: Some(RunId(3)),
            list: ListId(5),
            name: "Top 250".into(),
            read: 100,
            announced: Some(250),
        }
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_block_has_the_form_that_browsers_read() {
        assert_eq!(
            text(&Frame::stored(&event()).text),
            "id: 7\nevent: title_requested\ndata: {\"id\":7,\"at\":\"2026-11-21T12:00:00Z\",\
             \"kind\":\"title_requested\",\"run\":3,\"list\":5,\"data\":{\"title\":\"Two\\nlines\"}}\n\n"
        );
        assert_eq!(
            text(&Frame::progress(&progress()).text),
            "event: progress\ndata: {\"run\":8,\"phase\":\"apply\",\"done\":3,\"total\":10,\
             \"item\":\"Heat\"}\n\n"
        );
        assert_eq!(
            text(&Frame::reading(&reading()).text),
            "event: reading\ndata: {\"run\":3,\"list\":5,\"name\":\"Top 250\",\"read\":100,\
             \"announced\":250}\n\n"
        );
        assert_eq!(
            text(&reset(9)),
            "id: 9\nevent: reset\ndata: {\"newest\":9}\n\n"
        );
        assert_eq!(text(&hello(4)), "retry: 2000\nid: 4\n\n");
    }

    #[test]
    fn a_filter_lets_through_what_is_wanted() {
        let (stored, passing) = (Frame::stored(&event()), Frame::reading(&reading()));
        let filter = |words: &[&str], run| Filter {
            topics: (!words.is_empty())
                .then(|| words.iter().map(|word| word.parse().unwrap()).collect()),
            run,
        };
        for (filter, expected) in [
            (Filter::default(), (true, true)),
            (filter(&["title_requested"], None), (true, false)),
            (filter(&["reading", "run_ended"], None), (false, true)),
            (filter(&["process"], None), (false, false)),
            (filter(&[], Some(RunId(3))), (true, true)),
            (filter(&[], Some(RunId(4))), (false, false)),
            (filter(&["progress"], Some(RunId(3))), (false, false)),
        ] {
            assert_eq!((filter.wants(&stored), filter.wants(&passing)), expected);
        }
    }

    #[test]
    fn a_word_that_is_no_topic_names_those_there_are() {
        let error = "nothing".parse::<Topic>().unwrap_err();
        assert!(
            error.starts_with("`nothing` is none of `run_started`"),
            "{error}"
        );
        assert!(
            error.ends_with("`retry_asked` `progress` `reading` `process`"),
            "{error}"
        );
    }
}
