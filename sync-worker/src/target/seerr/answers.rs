//! The JSON of Seerr about itself and its users, and the one word that all the rest uses. Rows of its
//! database are in [`super::rows`], titles of TMDB in [`super::titles`].

use schema::models::MediaType;
use serde::Deserialize;

/// `GET /api/v1`.
#[derive(Deserialize)]
pub(super) struct Hello {
    #[serde(default)]
    pub(super) api: Option<String>,
}

/// `GET /status`.
#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) version: String,
}

/// `GET /settings/public`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct PublicSettings {
    pub(super) movie4k_enabled: bool,
    pub(super) series4k_enabled: bool,
    pub(super) locale: Option<String>,
    /// Overseerr has none.
    pub(super) media_server_type: Option<i64>,
    /// Whether season 0 may be requested.
    pub(super) enable_special_episodes: bool,
}

/// `GET /auth/me`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: i32,
    #[serde(default)]
    pub(super) permissions: i64,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    plex_username: Option<String>,
}

impl User {
    const ADMIN: i64 = 2;
    const REQUEST: i64 = 32 | 262_144 | 524_288;

    /// Whether any request is allowed.
    pub(super) fn can_request(&self) -> bool {
        self.permissions & (Self::ADMIN | Self::REQUEST) != 0
    }

    /// What people call the user.
    pub(super) fn name(&self) -> String {
        [&self.display_name, &self.username, &self.plex_username]
            .into_iter()
            .flatten()
            .find(|name| !name.is_empty())
            .cloned()
            .unwrap_or_else(|| format!("user {}", self.id))
    }
}

/// Movie, show, or what is neither: a person, a collection, what comes with a later version.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Movie,
    Tv,
    #[serde(other)]
    Neither,
}

impl Kind {
    /// None for what is neither, and where nothing is said.
    pub(super) fn read(kind: Option<Self>) -> Option<MediaType> {
        match kind? {
            Self::Movie => Some(MediaType::Movie),
            Self::Tv => Some(MediaType::Tv),
            Self::Neither => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_from_the_bits() {
        let user = |permissions: i64| -> User {
            serde_json::from_value(serde_json::json!({ "id": 4, "permissions": permissions }))
                .unwrap()
        };
        assert!(user(2).can_request());
        assert!(user(32).can_request());
        assert!(user(524_288).can_request());
        assert!(!user(16).can_request());
        assert_eq!(user(0).name(), "user 4");
    }
}
