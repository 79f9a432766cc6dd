//! How the server ends without losing a request: it accepts nothing more, which is left in the queue
//! for its successor, answers what comes on open connections and closes them, and waits for what is
//! going on, within limits. Leaves when to end to `server`.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServerHandle,
    web::Bytes,
};
use tokio::time::{sleep, timeout};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use crate::shared::Shared;

/// What a connection takes at most from its acceptance, in one thread, to being counted in another.
/// Nobody tells when the last one has arrived; a guess, many times what it takes on a busy machine.
const SETTLE: Duration = Duration::from_millis(100);
/// How long a connection on which nothing happens is kept for its next request: one that is on its
/// way when the connection is closed is lost. A guess; clients that are busy ask sooner.
const GRACE: Duration = Duration::from_millis(400);
/// How long requests may go on after that. Together within two seconds.
const LIMIT: Duration = Duration::from_secs(1);
/// What the end of an answer may take from its making to its sending.
const FLUSH: Duration = Duration::from_millis(50);
/// Answers that are longer are made while they are sent.
const SENT_AT_ONCE: u64 = 16 * 1024;

/// What is going on, and whether it is to end.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    begun: CancellationToken,
    connections: TaskTracker,
    requests: TaskTracker,
}

impl Drain {
    /// Whether the process is to end.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// The same as a token.
    pub(crate) fn begun(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Counts a connection while it is held.
    pub(crate) fn connection(&self) -> TaskTrackerToken {
        self.connections.token()
    }

    /// Counts a request while it is held.
    pub(crate) fn request(&self) -> TaskTrackerToken {
        self.requests.token()
    }

    /// Ends what is going on: `close` is called when connections on which nothing happens have had
    /// their time, and each other one is to be closed after its answer.
    async fn end(&self, close: impl FnOnce()) {
        self.begun.cancel();
        self.connections.close();
        self.requests.close();
        sleep(SETTLE).await;
        if timeout(GRACE, self.connections.wait()).await.is_ok() {
            return;
        }
        close();
        let answered = async {
            self.requests.wait().await;
            sleep(FLUSH).await;
        };
        tokio::select! {
            () = self.connections.wait() => {}
            () = answered => {}
            () = sleep(LIMIT) => tracing::warn!("requests that were still going on were cut off"),
        }
    }
}

/// Ends a server that is being polled, as the head of this file says.
pub(crate) async fn end(server: &ServerHandle, shared: &Shared) {
    server.pause().await;
    shared.events.close();
    shared.drain.end(|| drop(server.stop(true))).await;
}

/// A body that counts as a request until all of it has been taken for sending. A stream does not: its
/// client may read nothing.
pub(crate) fn held(body: BoxBody, counted: TaskTrackerToken) -> BoxBody {
    match body.size() {
        BodySize::Sized(length) if length > SENT_AT_ONCE => BoxBody::new(Held {
            body,
            _counted: counted,
        }),
        _ => body,
    }
}

struct Held {
    body: BoxBody,
    _counted: TaskTrackerToken,
}

impl MessageBody for Held {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
#[path = "drain_tests.rs"]
mod tests;
