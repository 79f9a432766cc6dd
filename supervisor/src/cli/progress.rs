//! The progress bar of a run on standard error; nothing where nobody sees it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schema::wire::sync::{RunPhase, RunProgress};

/// A bar, or nothing.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar when `is_seen`.
    pub(super) fn new(is_seen: bool) -> Self {
        let bar = is_seen.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // The template is fixed; were it wrong, the plain bar would do.
            if let Ok(style) =
                ProgressStyle::with_template("{prefix:>11} {bar:30} {pos}/{len} {wide_msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar }
    }

    /// Shows where the run is.
    pub(super) fn show(&self, progress: &RunProgress) {
        if let Some(bar) = &self.bar {
            if bar.is_finished() {
                bar.reset();
            }
            bar.set_prefix(phase(progress.phase));
            bar.set_length(progress.total.max(progress.done).into());
            bar.set_position(progress.done.into());
            bar.set_message(progress.item.clone().unwrap_or_default());
        }
    }

    /// Shows that nothing is heard at the moment.
    pub(super) fn wait(&self, why: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(why.to_owned());
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn phase(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Read => "reading",
        RunPhase::Identify => "identifying",
        RunPhase::Plan => "planning",
        RunPhase::Apply => "requesting",
        RunPhase::Verify => "verifying",
        RunPhase::Ended => "done",
    }
}
