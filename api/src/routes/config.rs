//! `/api/config`: every setting with its value and where that came from, and saving those that can
//! be saved. What there is comes from `runtime`'s table, the values from the sync-worker, which
//! alone may decrypt and save.

use actix_web::{HttpResponse, web};
use runtime::settings::{Effect, KNOWN, Kind, Known, SettingsError, check_forgotten, check_saved};
use schema::wire::sync::{
    FromSyncWorker, SaveSettings, SettingSource, SettingView, SettingsRequest, SyncLink,
    ToSyncWorker,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::Locked,
    shared::{Shared, unexpected},
};

/// The setting whose change this process takes up itself.
const LOG_LEVEL: &str = "log.level";

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, save))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/config").get(all).put(save).done());
}

/// Every setting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Config)]
struct Settings {
    /// In the order people read them.
    settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own"
)]
struct Setting {
    /// Its name here and in the settings file.
    #[schema(example = "sync.interval_hours")]
    key: &'static str,
    /// The environment variable that sets it.
    #[schema(example = "SYNC_INTERVAL")]
    variable: &'static str,
    /// The first part of the key.
    #[schema(example = "sync")]
    section: &'static str,
    /// Its value; null when nothing sets it, and always for a secret. The password of an address is `***`.
    #[schema(value_type = Option<Value>, example = 6.0)]
    value: Value,
    /// Whether it must not be seen.
    is_secret: bool,
    /// Whether anything sets it, a default included.
    is_set: bool,
    /// Where its value came from.
    source: SettingSource,
    /// The variable that sets it and so locks it here.
    locked_by: Option<String>,
    /// Its value when nothing sets it, as text or in words; null for none.
    default: Option<&'static str>,
    /// What it is for.
    doc: &'static str,
    /// What values it can have.
    kind: Allowed,
    /// When a changed value is used.
    effect: When,
    /// Whether it can be saved here.
    is_savable: bool,
    /// False for what is accepted and has no effect in this version.
    is_used: bool,
}

/// What values a setting can have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingKind)]
struct Allowed {
    r#type: KindName,
    /// The least of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<i64>,
    /// The most of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<i64>,
    /// The words there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'static [&'static str]>,
    /// The same for people.
    #[schema(example = "a whole number from 1 to 3600")]
    text: String,
}

/// See [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SettingKindName)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Text,
    Bool,
    Integer,
    Hours,
    Url,
    Path,
    Address,
    Word,
    LogLevel,
    List,
}

/// When a changed value is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SettingEffect)]
#[serde(rename_all = "snake_case")]
enum When {
    /// At once, or from the next run on.
    Live,
    /// After a restart.
    Restart,
}

impl Allowed {
    fn of(kind: Kind) -> Self {
        let (least, most) = match kind {
            Kind::Integer { least, most } => (Some(least), Some(most)),
            _ => (None, None),
        };
        let (r#type, words) = match kind {
            Kind::Text | Kind::TimeZone => (KindName::Text, None),
            Kind::Bool => (KindName::Bool, None),
            Kind::Integer { .. } => (KindName::Integer, None),
            Kind::Hours => (KindName::Hours, None),
            Kind::Url => (KindName::Url, None),
            Kind::Path => (KindName::Path, None),
            Kind::Address => (KindName::Address, None),
            Kind::Word(words) => (KindName::Word, Some(words)),
            Kind::LogLevel => (KindName::LogLevel, None),
            Kind::List => (KindName::List, None),
        };
        Self {
            r#type,
            least,
            most,
            words,
            text: kind.expected(),
        }
    }
}

impl Setting {
    fn of(known: &'static Known, view: SettingView) -> Self {
        Self {
            key: known.key,
            variable: known.variable,
            section: known.section(),
            value: view
                .value
                .map_or(Value::Null, |text| typed(known.kind, text)),
            is_secret: known.is_secret,
            is_set: view.is_set,
            source: view.source,
            locked_by: view.locked_by,
            default: Some(known.default).filter(|text| !text.is_empty()),
            doc: known.doc,
            kind: Allowed::of(known.kind),
            effect: match known.effect {
                Effect::Live => When::Live,
                Effect::Restart => When::Restart,
            },
            is_savable: known.is_savable,
            is_used: known.is_used,
        }
    }
}

/// The text as JSON has such values.
fn typed(kind: Kind, text: String) -> Value {
    match kind {
        Kind::Bool | Kind::Integer { .. } | Kind::Hours => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Kind::List => json!(
            text.split(", ")
                .filter(|entry| !entry.is_empty())
                .collect::<Vec<_>>()
        ),
        _ => Value::String(text),
    }
}

/// Shows every setting
///
/// With its value, where that came from, and what locks it: first the environment, then what was
/// saved here, then the settings file, then the default. Secrets are never shown.
#[utoipa::path(
    get,
    path = "/api/config",
    operation_id = "get_config",
    responses((status = 200, description = "The settings", body = Settings)),
    tag = "Settings",
)]
async fn all(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut views = views(&shared).await?;
    let settings = KNOWN
        .iter()
        .filter_map(|known| {
            let place = views.iter().position(|view| view.key == known.key)?;
            Some(Setting::of(known, views.swap_remove(place)))
        })
        .collect();
    Ok(HttpResponse::Ok().json(Settings { settings }))
}

/// Every setting as the sync-worker has it.
async fn views(shared: &Shared) -> Result<Vec<SettingView>, ApiError> {
    let request = ToSyncWorker::Settings(SettingsRequest {});
    match shared.change(request).await? {
        FromSyncWorker::Settings(views) => Ok(views.settings),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// One setting as the sync-worker has it.
pub(super) async fn view(shared: &Shared, key: &str) -> Result<SettingView, ApiError> {
    let mut all = views(shared).await?.into_iter();
    all.find(|view| view.key == key)
        .ok_or_else(|| ApiError::NotFound(format!("setting `{key}`")))
}

/// What was saved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfigSaved)]
struct Saved {
    /// The keys, those that were forgotten among them.
    saved: Vec<String>,
    /// Those that are used after a restart.
    need_restart: Vec<String>,
}

/// Saves settings, all or none
///
/// The body has keys and values; null forgets what was saved, so that the settings file or the
/// default counts again. What the environment sets is locked.
#[utoipa::path(
    put,
    path = "/api/config",
    operation_id = "save_config",
    request_body(
        content = Object,
        description = "Keys of settings with their values",
        example = json!({"seerr.url": "http://seerr:5055", "sync.interval_hours": 6, "seerr.api_key": null}),
    ),
    responses(
        (status = 200, description = "Saved, and in force as far as it needs no restart", body = Saved),
        (status = 409, response = Locked),
    ),
    tag = "Settings",
)]
async fn save(
    body: Json<Map<String, Value>>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    if body.0.is_empty() {
        return Err(Fields::of("body", "must have at least one setting").into());
    }
    Ok(HttpResponse::Ok().json(save_all(&shared, body.0).await?))
}

/// Looks at all values, then saves them.
async fn save_all(shared: &Shared, values: Map<String, Value>) -> Result<Saved, ApiError> {
    let mut wrong = Fields::default();
    let mut save = SaveSettings::default();
    for (key, value) in values {
        match checked(&key, value) {
            Ok(value) => drop(save.values.insert(key, value)),
            Err(problem) => wrong.add(key, problem),
        }
    }
    wrong.check()?;
    let mut locked = Fields::default();
    for view in views(shared).await? {
        if let Some(variable) = view
            .locked_by
            .filter(|_| save.values.contains_key(&view.key))
        {
            locked.add(view.key, format!("is set by the variable {variable}"));
        }
    }
    if !locked.is_empty() {
        return Err(ApiError::Locked(locked));
    }
    let saved: Vec<String> = save.values.keys().cloned().collect();
    let need_restart = match shared.change(ToSyncWorker::SaveSettings(save)).await? {
        FromSyncWorker::SettingsSaved(answer) => answer.need_restart,
        other => return Err(unexpected::<SyncLink>(&other)),
    };
    if saved.iter().any(|key| key == LOG_LEVEL) {
        take_log_level(shared).await;
    }
    Ok(Saved {
        saved,
        need_restart,
    })
}

/// Saves one value.
pub(super) async fn save_one(shared: &Shared, key: &str, value: Value) -> Result<(), ApiError> {
    let values = Map::from_iter([(key.to_owned(), value)]);
    save_all(shared, values).await.map(drop)
}

/// This process logs on the level that is set now.
pub(crate) async fn take_log_level(shared: &Shared) {
    match view(shared, LOG_LEVEL).await {
        Ok(view) => runtime::logs::set_level(view.value.as_deref().unwrap_or("info")),
        Err(error) => {
            tracing::warn!(
                "the log's level is taken at the next start: {}",
                runtime::Chain(&error)
            );
        }
    }
}

/// The value as text, `None` to forget it; or what is wrong with it.
fn checked(key: &str, value: Value) -> Result<Option<String>, String> {
    let problem = |error: SettingsError| error.problem();
    let known = check_forgotten(key).map_err(problem)?;
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Bool(_) if known.kind == Kind::Bool => value.to_string(),
        Value::Number(_) if matches!(known.kind, Kind::Integer { .. } | Kind::Hours) => {
            value.to_string()
        }
        _ => return Err(format!("must be {}", known.kind.expected())),
    };
    check_saved(key, &text).map_err(problem)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use schema::wire::{
        FailureCode,
        sync::{SettingViews, SettingsSaved},
    };

    /// As the sync-worker answers: the address saved, the interval and a key set by the environment.
    fn settings() -> FromSyncWorker {
        let view = |known: &Known| {
            let (value, source, locked_by) = match known.key {
                "seerr.url" => (Some("http://me:***@seerr"), SettingSource::Saved, None),
                "sync.interval_hours" => (
                    Some("0.5"),
                    SettingSource::Environment,
                    Some("SYNC_INTERVAL"),
                ),
                "lists.imdb" => (Some("top, ls1"), SettingSource::File, None),
                "seerr.is_4k" => (Some("true"), SettingSource::File, None),
                "seerr.api_key" => (None, SettingSource::Saved, None),
                _ => (None, SettingSource::Default, None),
            };
            SettingView {
                key: known.key.into(),
                value: value.map(str::to_owned),
                is_set: source != SettingSource::Default,
                source,
                locked_by: locked_by.map(str::to_owned),
            }
        };
        FromSyncWorker::Settings(SettingViews {
            settings: KNOWN.iter().map(view).collect(),
        })
    }

    #[actix_web::test]
    async fn every_setting_is_shown_with_what_is_known_of_it() {
        let world = World::new().await;
        world.sync_answers(settings());
        let answer = world.get("/api/config").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let all = answer.json["settings"].as_array().unwrap();
        assert_eq!(all.len(), KNOWN.len());
        let one = |key: &str| all.iter().find(|setting| setting["key"] == key).unwrap();
        assert_eq!(
            one("sync.interval_hours"),
            &json!({
                "key": "sync.interval_hours", "variable": "SYNC_INTERVAL", "section": "sync",
                "value": 0.5, "is_secret": false, "is_set": true, "source": "environment",
                "locked_by": "SYNC_INTERVAL", "default": "24",
                "doc": "hours between runs, fractions allowed",
                "kind": {"type": "hours", "text": "a number of hours from 0.0005 to 8760"},
                "effect": "live", "is_savable": true, "is_used": true,
            })
        );
        assert_eq!(one("seerr.api_key")["value"], Value::Null);
        assert_eq!(one("seerr.api_key")["is_set"], true);
        assert_eq!(one("lists.imdb")["value"], json!(["top", "ls1"]));
        assert_eq!(one("seerr.is_4k")["value"], true);
        assert_eq!(one("seerr.timeout_s")["kind"]["most"], 3600);
        assert_eq!(
            one("log.format")["kind"]["words"],
            json!(["auto", "human", "json"])
        );
        assert_eq!(one("http.api_port")["effect"], "restart");
    }

    #[actix_web::test]
    async fn values_are_saved_as_numbers_words_or_text_and_null_forgets() {
        let world = World::new().await;
        world.sync_answers(settings());
        world.sync_answers(FromSyncWorker::SettingsSaved(SettingsSaved {
            need_restart: vec!["seerr.user_id".into()],
        }));
        let body = r#"{"seerr.url":"http://seerr:5055","seerr.user_id":2,"seerr.is_4k":false,
                       "seerr.api_key":null,"log.level":"debug"}"#;
        world.sync_answers(settings());
        let answer = world.send("PUT", "/api/config", body).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(
            answer.json,
            json!({
                "saved": ["log.level", "seerr.api_key", "seerr.is_4k", "seerr.url", "seerr.user_id"],
                "need_restart": ["seerr.user_id"],
            })
        );
        let asked = world.asked();
        let Some(ToSyncWorker::SaveSettings(save)) = asked.get(1) else {
            panic!("{asked:?}")
        };
        let values: Vec<_> = save.values.values().map(Option::as_deref).collect();
        assert_eq!(
            values,
            [
                Some("debug"),
                None,
                Some("false"),
                Some("http://seerr:5055"),
                Some("2")
            ]
        );
        // The level is looked up for this process's own log.
        assert_eq!(asked.len(), 3);
    }

    #[actix_web::test]
    async fn what_is_wrong_is_named_field_by_field_and_nothing_is_saved() {
        let world = World::new().await;
        let body = r#"{"seerr.uri":"http://x","seerr.url":"seerr","seerr.is_4k":"maybe",
                       "seerr.user_id":1.5,"sync.automated":1,"sync.interval_hours":0,
                       "seerr.api_key":"","lists.imdb":["top"],"http.api_port":null,
                       "seerr.timeout_s":{"a":1},"log.level":"loud","sync.time_zone":7}"#;
        let answer = world.send("PUT", "/api/config", body).await;
        answer.blames(&[
            "http.api_port",
            "lists.imdb",
            "log.level",
            "seerr.api_key",
            "seerr.is_4k",
            "seerr.timeout_s",
            "seerr.uri",
            "seerr.url",
            "seerr.user_id",
            "sync.automated",
            "sync.interval_hours",
            "sync.time_zone",
        ]);
        let fields = &answer.json["fields"];
        assert_eq!(
            fields["seerr.uri"],
            "cannot be saved here; did you mean `seerr.url`?"
        );
        assert_eq!(
            fields["lists.imdb"],
            "cannot be saved here; set it in the environment or the settings file"
        );
        assert_eq!(fields["sync.automated"], "must be true or false");
        world
            .send(
                "PUT",
                "/api/config",
                r#"{"seerr.url":"http://me:***@seerr"}"#,
            )
            .await
            .blames(&["seerr.url"]);
        world
            .send("PUT", "/api/config", "{}")
            .await
            .blames(&["body"]);
        world
            .send("PUT", "/api/config", "[]")
            .await
            .blames(&["body"]);
        assert!(world.asked().is_empty());
    }

    #[actix_web::test]
    async fn a_wrong_secret_is_not_sent_back() {
        let world = World::new().await;
        let body = r#"{"notify.discord_webhook_url":"hush"}"#;
        let answer = world.send("PUT", "/api/config", body).await;
        answer.blames(&["notify.discord_webhook_url"]);
        assert!(!answer.json.to_string().contains("hush"), "{}", answer.json);
    }

    #[actix_web::test]
    async fn what_the_environment_sets_is_locked_and_the_variable_named() {
        let world = World::new().await;
        for value in ["6", "null"] {
            world.sync_answers(settings());
            let body = format!(r#"{{"seerr.user_id":2,"sync.interval_hours":{value}}}"#);
            let answer = world.send("PUT", "/api/config", &body).await;
            answer.is_problem(409, "locked_by_environment");
            assert_eq!(
                answer.json["detail"],
                "`sync.interval_hours` is set by the variable SYNC_INTERVAL; change or remove that \
                 variable and start again."
            );
            assert_eq!(
                answer.json["fields"],
                json!({"sync.interval_hours": "is set by the variable SYNC_INTERVAL"})
            );
        }
        // Only the settings were asked for.
        assert_eq!(world.asked().len(), 2);
    }

    #[actix_web::test]
    async fn without_the_sync_worker_and_when_it_refuses_the_reason_is_told() {
        let alone = World::alone().await;
        alone
            .get("/api/config")
            .await
            .is_problem(503, "unavailable");
        let put = alone
            .send("PUT", "/api/config", r#"{"seerr.user_id":2}"#)
            .await;
        put.is_problem(503, "unavailable");
        let world = World::new().await;
        world.sync_answers(settings());
        world.sync_fails(FailureCode::Internal, "the settings could not be saved");
        let put = world
            .send("PUT", "/api/config", r#"{"seerr.user_id":2}"#)
            .await;
        put.is_problem(500, "internal");
        world
            .anonymous("GET", "/api/config")
            .await
            .is_problem(401, "unauthorized");
    }
}
