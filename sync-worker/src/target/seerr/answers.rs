//! The JSON of Seerr, as far as it is used, and what it becomes.

use schema::models::MediaType;
use serde::Deserialize;

use crate::target::{Candidate, Details, MediaRow, MediaStatus, RequestStatus, TargetRequest};

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

/// One page of `/media` or `/request`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<R> {
    pub(super) page_info: PageInfo,
    pub(super) results: Vec<R>,
}

/// Of [`Page`].
#[derive(Deserialize)]
pub(super) struct PageInfo {
    /// Rows on all pages.
    pub(super) results: usize,
}

/// A row that is recognised on a second look.
pub(super) trait Row {
    fn id(&self) -> i32;
}

/// One row of `/media`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Media {
    id: i32,
    #[serde(rename = "mediaType")]
    kind: Option<String>,
    tmdb_id: Option<i64>,
    #[serde(default)]
    status: Option<i64>,
    #[serde(default)]
    status4k: Option<i64>,
}

impl Row for Media {
    fn id(&self) -> i32 {
        self.id
    }
}

impl Media {
    /// Its key and row; none for kinds we do not know.
    pub(super) fn read(&self) -> Option<((MediaType, i64), MediaRow)> {
        let key = (media_type(self.kind.as_deref())?, self.tmdb_id?);
        let row = MediaRow {
            id: self.id,
            status: media_status(self.status),
            status_4k: media_status(self.status4k),
        };
        Some((key, row))
    }
}

/// One row of `/request`, and the answer of a POST there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    id: i32,
    #[serde(default)]
    status: Option<i64>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    is4k: Option<bool>,
    #[serde(default)]
    media: Option<RequestMedia>,
    #[serde(default)]
    requested_by: Option<Numbered>,
    #[serde(default)]
    seasons: Option<Vec<Season>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestMedia {
    #[serde(default)]
    id: Option<i32>,
    #[serde(default)]
    tmdb_id: Option<i64>,
    #[serde(default)]
    media_type: Option<String>,
}

#[derive(Deserialize)]
struct Numbered {
    id: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Season {
    season_number: i32,
}

impl Row for Request {
    fn id(&self) -> i32 {
        self.id
    }
}

impl Request {
    /// None for kinds we do not know and for rows that lost their title.
    pub(super) fn read(&self) -> Option<TargetRequest> {
        let media = self.media.as_ref()?;
        Some(TargetRequest {
            id: self.id,
            media_type: media_type(self.kind.as_deref())
                .or_else(|| media_type(media.media_type.as_deref()))?,
            tmdb_id: media.tmdb_id?,
            is_4k: self.is4k.unwrap_or(false),
            status: request_status(self.status),
            requested_by: self.requested_by.as_ref().map(|user| user.id),
            seasons: self.seasons(),
        })
    }

    /// Numbers of the seasons it holds, ascending.
    pub(super) fn seasons(&self) -> Vec<i32> {
        let mut numbers: Vec<i32> = self
            .seasons
            .iter()
            .flatten()
            .map(|season| season.season_number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Seerr's own id of the title.
    pub(super) fn media_id(&self) -> Option<i32> {
        self.media.as_ref()?.id
    }
}

/// `GET /search`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    #[serde(default)]
    pub(super) total_pages: i64,
    pub(super) results: Vec<FoundTitle>,
}

/// One result of a search: a movie, a show, or what is neither.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundTitle {
    id: i64,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    original_title: Option<String>,
    #[serde(default)]
    original_name: Option<String>,
    #[serde(default)]
    release_date: Option<String>,
    #[serde(default)]
    first_air_date: Option<String>,
    #[serde(default)]
    popularity: Option<f64>,
}

impl FoundTitle {
    /// None for people and collections.
    pub(super) fn read(self) -> Option<Candidate> {
        let media_type = media_type(self.media_type.as_deref())?;
        let (title, original, date) = match media_type {
            MediaType::Movie => (self.title, self.original_title, self.release_date),
            MediaType::Tv => (self.name, self.original_name, self.first_air_date),
        };
        let title = title.unwrap_or_default();
        Some(Candidate {
            media_type,
            tmdb_id: self.id,
            original_title: original.filter(|original| *original != title && !original.is_empty()),
            title,
            year: year(date.as_deref()),
            popularity: self.popularity.unwrap_or_default(),
        })
    }
}

/// `GET /movie/{id}` and `GET /tv/{id}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TitleDetails {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    release_date: Option<String>,
    #[serde(default)]
    first_air_date: Option<String>,
    #[serde(default)]
    imdb_id: Option<String>,
    #[serde(default)]
    external_ids: Option<ExternalIds>,
    #[serde(default)]
    seasons: Option<Vec<Season>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExternalIds {
    imdb_id: Option<String>,
    tvdb_id: Option<i64>,
}

impl TitleDetails {
    pub(super) fn read(self) -> Details {
        let ids = self.external_ids.unwrap_or_default();
        let mut seasons: Vec<i32> = self
            .seasons
            .iter()
            .flatten()
            .map(|season| season.season_number)
            .filter(|number| *number > 0)
            .collect();
        seasons.sort_unstable();
        seasons.dedup();
        Details {
            title: self.title.or(self.name).unwrap_or_default(),
            year: year(self.release_date.or(self.first_air_date).as_deref()),
            imdb_id: self.imdb_id.or(ids.imdb_id).filter(|id| !id.is_empty()),
            tvdb_id: ids.tvdb_id.filter(|id| *id > 0),
            seasons,
        }
    }
}

fn media_type(word: Option<&str>) -> Option<MediaType> {
    match word? {
        "movie" => Some(MediaType::Movie),
        "tv" => Some(MediaType::Tv),
        _ => None,
    }
}

/// The year of `2014-09-25`; dates may be empty.
fn year(date: Option<&str>) -> Option<i32> {
    let year = date?.get(..4)?.parse().ok()?; // what is no date has no year
    (year > 1800).then_some(year)
}

fn media_status(number: Option<i64>) -> MediaStatus {
    match number {
        None | Some(1) => MediaStatus::Unknown,
        Some(2) => MediaStatus::Pending,
        Some(3) => MediaStatus::Processing,
        Some(4) => MediaStatus::Partial,
        Some(5) => MediaStatus::Available,
        Some(6) => MediaStatus::Blocklisted,
        Some(7) => MediaStatus::Deleted,
        Some(other) => MediaStatus::Other(other),
    }
}

fn request_status(number: Option<i64>) -> RequestStatus {
    match number {
        Some(1) => RequestStatus::Pending,
        Some(2) => RequestStatus::Approved,
        Some(3) => RequestStatus::Declined,
        Some(4) => RequestStatus::Failed,
        Some(5) => RequestStatus::Completed,
        other => RequestStatus::Other(other.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<Candidate> {
        serde_json::from_str::<FoundTitle>(json).unwrap().read()
    }

    #[test]
    fn movies_and_shows_are_read_and_people_and_collections_left_out() {
        let show = found(r#"{"id":1,"mediaType":"tv","name":"Dark","originalName":"Dark","firstAirDate":"2017-12-01","popularity":3.5}"#).unwrap();
        assert_eq!(
            (show.title.as_str(), show.original_title, show.year),
            ("Dark", None, Some(2017))
        );
        let movie = found(r#"{"id":1,"mediaType":"movie","title":"Spirited Away","originalTitle":"千と千尋の神隠し","releaseDate":""}"#).unwrap();
        assert_eq!(
            (movie.original_title.as_deref(), movie.year),
            (Some("千と千尋の神隠し"), None)
        );
        assert_eq!(found(r#"{"id":1,"mediaType":"person","name":"A"}"#), None);
        assert_eq!(
            found(r#"{"id":1,"mediaType":"collection","title":"A"}"#),
            None
        );
    }

    #[test]
    fn specials_are_not_among_the_seasons() {
        let details: TitleDetails = serde_json::from_str(
            r#"{"name":"Dark","firstAirDate":"2017-12-01","seasons":[{"seasonNumber":2},{"seasonNumber":0},{"seasonNumber":1}],"externalIds":{"imdbId":"tt5753856","tvdbId":334824}}"#,
        )
        .unwrap();
        assert_eq!(
            details.read(),
            Details {
                title: "Dark".into(),
                year: Some(2017),
                imdb_id: Some("tt5753856".into()),
                tvdb_id: Some(334_824),
                seasons: vec![1, 2],
            }
        );
    }

    #[test]
    fn six_is_blocklisted_seven_deleted_and_a_later_number_stays_one() {
        assert_eq!(media_status(Some(6)), MediaStatus::Blocklisted);
        assert_eq!(media_status(Some(7)), MediaStatus::Deleted);
        assert_eq!(media_status(Some(9)), MediaStatus::Other(9));
        assert_eq!(media_status(None), MediaStatus::Unknown);
        assert_eq!(request_status(Some(8)), RequestStatus::Other(8));
    }

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
