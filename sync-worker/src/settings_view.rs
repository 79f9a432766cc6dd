//! Every setting with its value and where that came from, as people may see it: no secret, no
//! password. Leaves what each is for to `runtime::settings::KNOWN`, which whoever shows it has, too.

use runtime::{
    Loaded,
    settings::{KNOWN, Source},
};
use schema::wire::sync::{SettingSource, SettingView, SettingViews};

/// All of them, in the order people read them.
pub(crate) fn all(loaded: &Loaded) -> SettingViews {
    let view = |key: &'static str| {
        let shown = loaded.shown.get(key);
        SettingView {
            key: key.to_owned(),
            value: shown.cloned().flatten(),
            is_set: shown.is_some(),
            source: match loaded.source(key) {
                Source::Environment { .. } => SettingSource::Environment,
                Source::Saved => SettingSource::Saved,
                Source::File { .. } => SettingSource::File,
                Source::Default => SettingSource::Default,
            },
            locked_by: loaded.locked_by(key).map(str::to_owned),
        }
    };
    SettingViews {
        settings: KNOWN.iter().map(|known| view(known.key)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::{Environment, settings::SavedValue};

    #[test]
    fn values_are_shown_with_their_source_and_secrets_only_as_set() {
        let environment = Environment::of([
            ("HOME", "/home/me"),
            ("SEERR_URL", "http://me:hush@seerr:5055"),
            ("TRAKT_CLIENT_ID", "hush"),
            ("IMDB_LISTS", "top, ls1"),
        ]);
        let saved = [
            SavedValue::new("sync.interval_hours", "0.5"),
            SavedValue::new("seerr.api_key", "hush"),
        ];
        let loaded = runtime::settings::load(&environment, None, &saved).unwrap();
        let views = all(&loaded);
        assert_eq!(views.settings.len(), KNOWN.len());
        let view = |key: &str| {
            let found = views.settings.iter().find(|view| view.key == key);
            found.unwrap().clone()
        };
        let url = view("seerr.url");
        assert_eq!(url.value.as_deref(), Some("http://me:***@seerr:5055"));
        assert_eq!(url.locked_by.as_deref(), Some("SEERR_URL"));
        assert_eq!(url.source, SettingSource::Environment);
        for (key, source, is_set) in [
            (
                "providers.trakt.client_id",
                SettingSource::Environment,
                true,
            ),
            ("seerr.api_key", SettingSource::Saved, true),
            ("providers.tmdb.key", SettingSource::Default, false),
        ] {
            let secret = view(key);
            assert_eq!(
                (secret.value, secret.source, secret.is_set),
                (None, source, is_set),
                "{key}"
            );
        }
        assert_eq!(view("sync.interval_hours").value.as_deref(), Some("0.5"));
        assert_eq!(view("lists.imdb").value.as_deref(), Some("top, ls1"));
        assert_eq!(view("log.level").source, SettingSource::Default);
        let text = serde_json::to_string(&views).unwrap();
        assert!(!text.contains("hush"), "{text}");
        assert!(text.len() < schema::wire::MAX_LINE_BYTES / 4);
    }
}
