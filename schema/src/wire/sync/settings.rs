//! Settings as people see and save them.

use serde::{Deserialize, Serialize};

/// See [`ToSyncWorker::Settings`](super::ToSyncWorker::Settings).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsRequest {}

/// See [`ToSyncWorker::SaveSettings`](super::ToSyncWorker::SaveSettings).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveSettings {
    /// Key (`seerr.url`) to value; null forgets what was saved.
    pub values: std::collections::BTreeMap<String, Option<String>>,
}

impl std::fmt::Debug for SaveSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// See [`ToSyncWorker::SettingsChanged`](super::ToSyncWorker::SettingsChanged).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanged {
    /// The part before the dot of the keys that changed.
    pub section: String,
}

/// See [`FromSyncWorker::Settings`](super::FromSyncWorker::Settings).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingViews {
    /// In the order people read them.
    pub settings: Vec<SettingView>,
}

/// One setting as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingView {
    /// Its key: `seerr.url`.
    pub key: String,
    /// Its value as text; absent when nothing sets it, and for secrets.
    pub value: Option<String>,
    /// Whether anything sets it, a default included.
    pub is_set: bool,
    /// Where the value came from: `environment`, `saved`, `file`, `default`.
    pub source: SettingSource,
    /// The variable that sets it, which locks it here.
    pub locked_by: Option<String>,
}

/// See [`SettingView::source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// A variable, also of a `.env` file.
    Environment,
    /// The database.
    Saved,
    /// The settings file.
    File,
    /// Nothing else.
    Default,
}

/// See [`FromSyncWorker::SettingsSaved`](super::FromSyncWorker::SettingsSaved).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsSaved {
    /// Keys that take effect after a restart of this process.
    pub need_restart: Vec<String>,
}
