//! A program's log for one client while it is written. Each client has a connection of its own to the
//! supervisor, which leaves lines out for one that is slow. Leaves HTTP to `routes::logs`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use futures_util::stream::{Stream, unfold};
use runtime::{Chain, socket};
use schema::wire::supervisor::{FromSupervisor, SupervisorLink};
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::ApiError,
    events::{block, heartbeat},
};

/// Most clients at a time.
const MOST: usize = 50;
/// Longest time without any sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a client that was cut off comes again.
const HELLO: &str = "retry: 2000\n\n";

/// Gives clients their seats.
#[derive(Debug)]
pub(crate) struct Logs(Arc<Semaphore>);

impl Default for Logs {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Logs {
    /// Takes a seat.
    pub(crate) fn join(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.0)
            .try_acquire_owned()
            .map_err(|_full| ApiError::TooManyStreams {
                most: MOST,
                what: "logs",
            })
    }
}

struct Client {
    lines: socket::Stream<SupervisorLink>,
    ending: CancellationToken,
    is_over: bool,
    _seat: OwnedSemaphorePermit,
}

/// The bytes for a client, until the supervisor or this process ends.
pub(crate) fn stream(
    lines: socket::Stream<SupervisorLink>,
    seat: OwnedSemaphorePermit,
    ending: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let client = Client {
        lines,
        ending,
        is_over: false,
        _seat: seat,
    };
    unfold((client, Some(HELLO)), |(mut client, hello)| async move {
        let bytes = match hello {
            Some(hello) => Bytes::from_static(hello.as_bytes()),
            None => client.next().await?,
        };
        Some((Ok(bytes), (client, None)))
    })
}

impl Client {
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let ending = self.ending.clone();
        tokio::select! {
            biased;
            () = ending.cancelled() => Some(self.end(None)),
            answer = timeout(HEARTBEAT, self.lines.next()) => Some(match answer {
                Err(_elapsed) => heartbeat(),
                Ok(Ok(Some(FromSupervisor::Line(line)))) => block(None, "line", &line),
                Ok(Ok(_ended)) => self.end(None),
                Ok(Err(error)) => {
                    tracing::debug!("a stream of lines ends: {}", Chain(&error));
                    self.end(Some(&error.to_string()))
                }
            }),
        }
    }

    fn end(&mut self, reason: Option<&str>) -> Bytes {
        self.is_over = true;
        block(None, "end", &json!({ "reason": reason }))
    }
}
