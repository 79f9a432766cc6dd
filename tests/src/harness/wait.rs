//! Waiting for something to become true, instead of sleeping and hoping.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Looks every few milliseconds until `look` finds something, and gives it back.
///
/// # Panics
/// When nothing was found within `limit`; `what` is in the message.
pub async fn wait_for<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            Instant::now() <= deadline,
            "{what} did not come true within {} ms",
            limit.as_millis()
        );
        sleep(Duration::from_millis(5)).await;
    }
}
