//! Settings saved by `listsync setup` and the dashboard: checked, encrypted, read again at once.

use runtime::{Chain, Secret, settings};
use schema::{
    DbError,
    models::Setting,
    wire::{Failure, FailureCode, sync::SaveSettings},
};

use crate::engine::Engine;

/// Saves the values and gives back the keys that need a restart.
pub(crate) async fn save(engine: &Engine, save: SaveSettings) -> Result<Vec<String>, Failure> {
    let now = engine.clock.now();
    let loaded = engine.settings();
    let mut rows = Vec::new();
    for (key, value) in save.values {
        if let Some(variable) = loaded.locked_by(&key) {
            return Err(Failure::new(
                FailureCode::Conflict,
                format!("`{key}` is set by the environment ({variable}) and cannot be saved over"),
            )
            .with_remedy(format!("Change or remove {variable} and start again.")));
        }
        let Some(value) = value else {
            rows.push((key, None));
            continue;
        };
        let known = settings::check_saved(&key, &value)
            .map_err(|error| Failure::new(FailureCode::Invalid, Chain(&error).to_string()))?;
        let value = if known.is_secret {
            encrypt(engine, &key, value)?
        } else {
            value
        };
        let row = Setting {
            key: key.clone(),
            value,
            is_encrypted: known.is_secret,
            updated_at: now,
        };
        rows.push((key, Some(row)));
    }
    engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            for (key, row) in rows {
                match row {
                    Some(row) => row.save(conn)?,
                    None => Setting::delete(conn, &key)?,
                }
            }
            Ok(())
        })
        .await
        .map_err(|error| {
            tracing::error!("settings cannot be saved: {}", Chain(&error));
            Failure::new(FailureCode::Internal, "the settings could not be saved")
        })?;
    read_again(engine).await?;
    Ok(Vec::new())
}

fn encrypt(engine: &Engine, key: &str, value: String) -> Result<String, Failure> {
    let internal = || Failure::new(FailureCode::Internal, "the value could not be encrypted");
    let Some(cipher) = &engine.boot().cipher else {
        return Err(internal());
    };
    cipher.encrypt(key, &Secret::new(value)).map_err(|error| {
        tracing::error!("{}", Chain(&error));
        internal()
    })
}

/// Reads the saved settings again. What this process takes from them is live: the next run uses it.
pub(crate) async fn read_again(engine: &Engine) -> Result<(), Failure> {
    engine.reload().await.map_err(|error| {
        tracing::error!("the settings cannot be read again: {}", Chain(&error));
        Failure::new(FailureCode::Invalid, Chain(&error).to_string())
    })
}
