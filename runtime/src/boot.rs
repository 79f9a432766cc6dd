//! How every worker begins: environment, settings, logs, database, saved settings, stop, readiness.
//! Leaves what the worker does to its `run()`.

use schema::{
    Db, DbError,
    models::{Setting, SyncInterval},
};

use crate::{
    clock::Clock,
    environment::Environment,
    logs,
    ready::Readiness,
    secret::{Cipher, SecretError},
    settings::{self, Loaded, SavedValue, SettingsError},
    stop::Stop,
};

/// Whether a process may hold the key that decrypts saved secrets. The scraper-worker, which reads
/// hostile pages, may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterKey {
    /// It may; saved secrets are in its settings.
    Held,
    /// It may not; all secrets are absent from its settings and its environment, whatever sets them.
    NotHeld,
}

/// Why a process could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The settings cannot be used.
    #[error("cannot start with these settings")]
    Settings(#[from] SettingsError),
    /// The key of saved secrets cannot be used.
    #[error("cannot decrypt saved secrets")]
    Secret(#[from] SecretError),
    /// The database cannot be used.
    #[error("cannot use the database")]
    Database(#[from] DbError),
}

/// What a worker begins with.
#[derive(Debug)]
pub struct Boot {
    /// Settings, with where each value came from.
    pub settings: Loaded,
    /// The database.
    pub db: Db,
    /// Encrypts and decrypts saved secrets, where the process may.
    pub cipher: Option<Cipher>,
    /// The machine's clock.
    pub clock: Clock,
    /// Set by SIGTERM and SIGINT.
    pub stop: Stop,
    /// Tells the supervisor.
    pub ready: Readiness,
    /// The environment the settings came from.
    pub environment: Environment,
}

impl Boot {
    /// The settings as they are now, after something was saved. Their level of logging is in force
    /// at once.
    ///
    /// # Errors
    /// [`BootError`]; the old settings may be used on.
    pub async fn reload(&self) -> Result<Loaded, BootError> {
        let loaded = load_with_saved(&self.environment, &self.db, self.cipher.as_ref()).await?;
        logs::set_level(&loaded.settings.log.level);
        Ok(loaded)
    }
}

/// Begins a worker. Call it inside the asynchronous runtime, once.
///
/// # Errors
/// [`BootError`]; the supervisor has made the database before it starts a worker.
pub async fn boot(process: &'static str, master_key: MasterKey) -> Result<Boot, BootError> {
    let mut environment = Environment::from_process()?;
    if master_key == MasterKey::NotHeld {
        environment.forget_secrets(); // `.env` has them, too
    }
    let first = load_for(master_key, &environment, &[])?;
    logs::init(process, &first.settings.log);
    let stop = Stop::on_signals();
    let ready = Readiness::from_environment(&environment);
    let paths = &first.settings.paths;
    let db = Db::open(&paths.database())?;
    let cipher = match master_key {
        MasterKey::Held => Some(Cipher::open(paths, &environment)?),
        MasterKey::NotHeld => None,
    };
    let settings = load_with_saved(&environment, &db, cipher.as_ref()).await?;
    logs::set_level(&settings.settings.log.level);
    settings.log();
    Ok(Boot {
        settings,
        db,
        cipher,
        clock: Clock::system(),
        stop,
        ready,
        environment,
    })
}

fn load_for(
    master_key: MasterKey,
    environment: &Environment,
    saved: &[SavedValue],
) -> Result<Loaded, SettingsError> {
    match master_key {
        MasterKey::Held => settings::load(environment, None, saved),
        MasterKey::NotHeld => settings::load_without_secrets(environment, None, saved),
    }
}

/// Settings with the saved ones among them; a saved secret that cannot be decrypted is a warning.
/// Without a cipher there are no secrets at all.
async fn load_with_saved(
    environment: &Environment,
    db: &Db,
    cipher: Option<&Cipher>,
) -> Result<Loaded, BootError> {
    let (saved, warnings) = saved_values(db, cipher).await?;
    let master_key = cipher.map_or(MasterKey::NotHeld, |_held| MasterKey::Held);
    let mut loaded = load_for(master_key, environment, &saved)?;
    loaded.warnings.extend(warnings);
    Ok(loaded)
}

/// The saved settings, decrypted, and a warning for each that cannot be. Without a cipher secrets
/// are left out silently. The interval may also lie in a table of its own, as the old product has it.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn saved_values(
    db: &Db,
    cipher: Option<&Cipher>,
) -> Result<(Vec<SavedValue>, Vec<String>), DbError> {
    let (mut values, mut warnings) = (Vec::new(), Vec::new());
    let (rows, interval) = db
        .read(|conn| Ok::<_, DbError>((Setting::all(conn)?, SyncInterval::find(conn)?)))
        .await?;
    if let Some(interval) = interval
        && rows.iter().all(|row| row.key != SyncInterval::KEY)
    {
        let hours = interval.interval_hours.to_string();
        values.push(SavedValue::new(SyncInterval::KEY, hours));
    }
    for row in rows {
        match (row.is_encrypted, cipher) {
            (false, _) => values.push(SavedValue::new(row.key, row.value)),
            (true, None) => {}
            (true, Some(cipher)) => match cipher.decrypt(&row.key, &row.value) {
                Ok(value) => values.push(SavedValue::new(row.key, value)),
                Err(error) => warnings.push(error.to_string()),
            },
        }
    }
    Ok((values, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{secret::Secret, settings::Source};

    async fn save(db: &Db, key: &str, value: String, is_encrypted: bool) {
        let updated_at = Clock::system().now();
        let row = Setting {
            key: key.into(),
            value,
            is_encrypted,
            updated_at,
        };
        db.write(move |conn| row.save(conn)).await.unwrap();
    }

    #[actix_rt::test]
    async fn without_the_key_no_layer_brings_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("listsync.toml");
        std::fs::write(
            &config,
            "[seerr]\nurl = \"http://seerr:5055\"\napi_key = \"hush\"\n[program.job]\n\
             command = \"/bin/job\"\n[program.job.environment]\nTOKEN = \"hush\"\n",
        )
        .unwrap();
        let environment = Environment::of([
            ("LISTSYNC_DATA_DIR", folder.path().to_str().unwrap()),
            ("LISTSYNC_CONFIG", config.to_str().unwrap()),
            ("TMDB_KEY", "hush"),
            ("TVDB_KEY_FILE", "/nonexistent/may/not/be/read"),
        ]);
        schema::migrate(&folder.path().join("list_sync.db")).unwrap();
        let db = Db::open(&folder.path().join("list_sync.db")).unwrap();
        save(&db, "providers.trakt.client_id", "hush".into(), false).await;
        let loaded = load_with_saved(&environment, &db, None).await.unwrap();
        let settings = &loaded.settings;
        assert_eq!(settings.seerr.url.as_deref(), Some("http://seerr:5055"));
        assert_eq!(settings.seerr.api_key, None);
        assert_eq!(settings.providers.tmdb.key, None);
        assert_eq!(settings.providers.trakt.client_id, None);
        assert_eq!(settings.program["job"].environment, None);
        assert_eq!(loaded.source("seerr.api_key"), &settings::Source::Default);
        assert_eq!(loaded.sources.len(), settings::KNOWN.len());
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }

    #[actix_rt::test]
    async fn an_interval_in_the_table_of_the_old_product_counts_as_saved() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of([("LISTSYNC_DATA_DIR", folder.path().to_str().unwrap())]);
        schema::migrate(&folder.path().join("list_sync.db")).unwrap();
        let db = Db::open(&folder.path().join("list_sync.db")).unwrap();
        let now = Clock::system().now();
        db.write(move |conn| SyncInterval::save(conn, 0.5, now))
            .await
            .unwrap();
        let hours = async || {
            let loaded = load_with_saved(&environment, &db, None).await.unwrap();
            assert_eq!(loaded.source(SyncInterval::KEY), &Source::Saved);
            loaded.settings.sync.interval_hours.to_string()
        };
        assert_eq!(hours().await, "0.5");
        save(&db, SyncInterval::KEY, "6".into(), false).await;
        assert_eq!(hours().await, "6");
    }

    #[actix_rt::test]
    async fn saved_settings_are_used_and_secrets_only_where_the_key_is() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of([
            ("LISTSYNC_DATA_DIR", folder.path().to_str().unwrap()),
            ("LISTSYNC_SECRET_KEY", "correct horse"),
        ]);
        let paths = settings::load(&environment, None, &[])
            .unwrap()
            .settings
            .paths;
        schema::migrate(&paths.database()).unwrap();
        let db = Db::open(&paths.database()).unwrap();
        let cipher = Cipher::open(&paths, &environment).unwrap();
        let key = cipher
            .encrypt("seerr.api_key", &Secret::new("hush"))
            .unwrap();
        save(&db, "seerr.api_key", key, true).await;
        save(&db, "seerr.url", "http://seerr:5055".into(), false).await;

        let loaded = load_with_saved(&environment, &db, Some(&cipher))
            .await
            .unwrap();
        assert_eq!(loaded.settings.seerr.api_key, Some(Secret::new("hush")));
        assert_eq!(loaded.source("seerr.url"), &Source::Saved);
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);

        let loaded = load_with_saved(&environment, &db, None).await.unwrap();
        assert_eq!(loaded.settings.seerr.api_key, None);
        assert_eq!(
            loaded.settings.seerr.url.as_deref(),
            Some("http://seerr:5055")
        );

        let other = Environment::of([("LISTSYNC_SECRET_KEY", "wrong horse")]);
        let other = Cipher::open(&paths, &other).unwrap();
        let loaded = load_with_saved(&environment, &db, Some(&other))
            .await
            .unwrap();
        assert_eq!(loaded.settings.seerr.api_key, None);
        assert!(loaded.warnings[0].starts_with("the saved value of `seerr.api_key` cannot be"));
    }
}
