//! What the supervisor itself goes by among the saved settings: the level of its log, what must not be seen in
//! any log, and whether something is still to be set.
//!
//! Leaves all other saved settings to the workers.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use runtime::{
    Chain, Cipher, Environment, Loaded, logs,
    settings::{self, PathSettings},
};
use schema::Db;
use tokio::sync::Mutex;

use crate::log::Logs;

/// Takes them over from the database.
pub(crate) struct Saved {
    /// As it was read last, `.env` with it.
    environment: RefCell<Environment>,
    config: Option<PathBuf>,
    paths: PathSettings,
    logs: Logs,
    /// One at a time: an older look must not have the last word.
    turn: Mutex<()>,
}

impl Saved {
    /// `config` is the file of `--config`.
    pub(crate) fn new(
        environment: Environment,
        config: Option<PathBuf>,
        paths: PathSettings,
        logs: Logs,
    ) -> Self {
        Self {
            environment: RefCell::new(environment),
            config,
            paths,
            logs,
            turn: Mutex::new(()),
        }
    }

    /// The settings were read again, from this `environment` among others: takes over what is in them, also
    /// where the saved ones cannot be looked at.
    pub(crate) async fn take_with(&self, environment: Environment, loaded: &Loaded) {
        self.environment.replace(environment);
        self.logs.hide(&loaded.secrets());
        self.take().await;
    }

    /// Takes them over, and says what is to be set while nothing can be synced.
    pub(crate) async fn advise(&self) {
        if let Some(text) = self.take().await.as_ref().and_then(advice) {
            tracing::warn!("{text}");
        }
    }

    /// Takes them over.
    pub(crate) async fn take(&self) -> Option<Loaded> {
        let _turn = self.turn.lock().await;
        let environment = self.environment.borrow().clone();
        match with_saved(&environment, self.config.as_deref(), &self.paths).await {
            Ok(loaded) => {
                logs::set_level(&loaded.settings.log.level);
                self.logs.hide(&loaded.secrets());
                Some(loaded)
            }
            // The workers meet the same and say it better; it keeps nobody from starting.
            Err(error) => {
                tracing::warn!(
                    "cannot look at the saved settings: {}",
                    Chain(error.as_ref())
                );
                None
            }
        }
    }
}

/// The settings with those from the database among them.
pub(crate) async fn with_saved(
    environment: &Environment,
    config: Option<&Path>,
    paths: &PathSettings,
) -> anyhow::Result<Loaded> {
    let database = paths.database();
    let db = tokio::task::spawn_blocking(move || Db::open(&database)).await??;
    let cipher = Cipher::open(paths, environment)?;
    let (saved, _said_by_workers) = runtime::saved_values(&db, Some(&cipher)).await?;
    Ok(settings::load(environment, config, &saved)?)
}

fn advice(loaded: &Loaded) -> Option<String> {
    let seerr = &loaded.settings.seerr;
    let missing: Vec<_> = [
        (
            seerr.url.is_none(),
            "OVERSEERR_URL (where Seerr is, such as http://seerr:5055)",
        ),
        (
            seerr.api_key.is_none(),
            "OVERSEERR_API_KEY (in Seerr: Settings → General)",
        ),
    ]
    .into_iter()
    .filter_map(|(is_missing, what)| is_missing.then_some(what))
    .collect();
    if missing.is_empty() {
        return None;
    }
    Some(format!(
        "nothing can be requested yet: set {} in the environment or in .env and start again, or run \
         `listsync setup` now; then add lists with `listsync lists add URL`",
        missing.join(" and ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(variables: &[(&str, &str)]) -> Loaded {
        let data = [("LISTSYNC_DATA_DIR", "/nonexistent")];
        let environment = Environment::of(data.iter().chain(variables).copied());
        settings::load(&environment, None, &[]).unwrap()
    }

    #[test]
    fn who_has_set_nothing_is_told_what_to_set() {
        let text = advice(&loaded(&[])).unwrap();
        assert!(
            text.contains("OVERSEERR_URL") && text.contains("OVERSEERR_API_KEY"),
            "{text}"
        );
        assert!(text.contains("listsync setup"));
        let text = advice(&loaded(&[("OVERSEERR_URL", "http://seerr:5055")])).unwrap();
        assert!(
            !text.contains("OVERSEERR_URL (") && text.contains("OVERSEERR_API_KEY"),
            "{text}"
        );
        let all = [
            ("OVERSEERR_URL", "http://seerr:5055"),
            ("OVERSEERR_API_KEY", "x"),
        ];
        assert_eq!(advice(&loaded(&all)), None);
    }
}
