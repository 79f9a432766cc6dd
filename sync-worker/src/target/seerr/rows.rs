//! Rows of Seerr's database as `/media` and `/request` tell them, and what is kept of them.

use chrono::{DateTime, NaiveDateTime};
use schema::models::MediaType;
use serde::{Deserialize, de::IgnoredAny};

use super::{answers::Kind, merged, product::Product};
use crate::target::{MediaRow, MediaStatus, RequestStatus, SeasonRow, TargetRequest};

/// One page of `/media` or `/request`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<R> {
    #[serde(rename = "pageInfo")]
    pub(super) info: PageInfo,
    pub(super) results: Vec<R>,
    /// Only with requests, and not from Overseerr.
    #[serde(default)]
    pub(super) service_errors: Option<ServiceErrors>,
}

/// Of [`Page`].
#[derive(Deserialize)]
pub(super) struct PageInfo {
    /// Rows on all pages.
    pub(super) results: usize,
}

/// Radarrs and Sonarrs that did not answer Seerr.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceErrors {
    radarr: Vec<Service>,
    sonarr: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    name: Option<String>,
}

impl ServiceErrors {
    /// What the owner calls them.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        let of = |services: Vec<Service>, kind: &'static str| {
            services.into_iter().map(move |service| {
                let name = service.name.filter(|name| !name.trim().is_empty());
                name.map_or_else(|| kind.to_owned(), |name| in_short(&name))
            })
        };
        of(self.radarr, "Radarr").chain(of(self.sonarr, "Sonarr"))
    }
}

fn in_short(name: &str) -> String {
    let signs = name.chars().filter(|sign| !sign.is_control());
    signs.take(60).collect()
}

/// A person's no that a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct No {
    /// Media type, TMDB number and whether it is 4K.
    pub(super) place: (MediaType, i64, bool),
    /// The declined request; none of a title that was deleted or blocklisted.
    pub(super) request: Option<i32>,
    /// When the row last changed, by Seerr's clock.
    pub(super) at: NaiveDateTime,
}

/// A row that is recognised on a second look, and what is kept of it.
pub(super) trait Row {
    /// What is kept.
    type Kept;

    fn id(&self) -> i32;

    /// What people said no to, where it tells when.
    fn refusals(&self, product: &Product) -> Vec<No>;

    /// None for kinds we do not know and for rows that lost their title.
    fn keep(self, product: &Product) -> Option<Self::Kept>;
}

/// One row of `/media`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Media {
    id: i32,
    #[serde(default, rename = "mediaType")]
    kind: Option<Kind>,
    #[serde(default)]
    tmdb_id: Option<i64>,
    #[serde(default)]
    status: Option<i64>,
    #[serde(default)]
    status4k: Option<i64>,
    /// What Radarr or Sonarr calls it.
    #[serde(default)]
    external_service_id: Option<IgnoredAny>,
    #[serde(default)]
    external_service_id4k: Option<IgnoredAny>,
    #[serde(default)]
    seasons: Option<Vec<LibrarySeason>>,
    #[serde(default)]
    updated_at: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LibrarySeason {
    season_number: i32,
    #[serde(default)]
    status: Option<i64>,
    #[serde(default)]
    status4k: Option<i64>,
}

impl Row for Media {
    type Kept = ((MediaType, i64), MediaRow);

    fn id(&self) -> i32 {
        self.id
    }

    fn refusals(&self, product: &Product) -> Vec<No> {
        let told = |status, is_4k| {
            let status = product.media_status(status);
            let is_no = matches!(status, MediaStatus::Deleted | MediaStatus::Blocklisted);
            let place = (Kind::read(self.kind)?, self.tmdb_id?, is_4k);
            let at = moment(self.updated_at.as_ref().filter(|_| is_no))?;
            Some(No {
                place,
                request: None,
                at,
            })
        };
        let standard = told(self.status, false);
        standard
            .into_iter()
            .chain(told(self.status4k, true))
            .collect()
    }

    fn keep(self, product: &Product) -> Option<Self::Kept> {
        let key = (Kind::read(self.kind)?, self.tmdb_id?);
        let seasons = self.seasons.unwrap_or_default();
        let row = MediaRow {
            status: product.media_status(self.status),
            status_4k: product.media_status(self.status4k),
            is_handed_on: self.external_service_id.is_some(),
            is_handed_on_4k: self.external_service_id4k.is_some(),
            seasons: merged::once_each(seasons.into_iter().map(|season| SeasonRow {
                season: season.season_number,
                status: product.media_status(season.status),
                status_4k: product.media_status(season.status4k),
            })),
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
    kind: Option<Kind>,
    #[serde(default)]
    is4k: Option<bool>,
    #[serde(default)]
    media: Option<RequestMedia>,
    #[serde(default)]
    requested_by: Option<Numbered>,
    #[serde(default)]
    seasons: Option<Vec<Season>>,
    #[serde(default)]
    updated_at: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestMedia {
    #[serde(default)]
    id: Option<i32>,
    #[serde(default)]
    tmdb_id: Option<i64>,
    #[serde(default)]
    media_type: Option<Kind>,
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
    type Kept = TargetRequest;

    fn id(&self) -> i32 {
        self.id
    }

    fn refusals(&self, product: &Product) -> Vec<No> {
        let is_no = product.request_status(self.status) == RequestStatus::Declined;
        let at = moment(self.updated_at.as_ref().filter(|_| is_no));
        let told = self.place().zip(at).map(|(place, at)| No {
            place,
            request: Some(self.id),
            at,
        });
        told.into_iter().collect()
    }

    fn keep(self, product: &Product) -> Option<TargetRequest> {
        let (media_type, tmdb_id, is_4k) = self.place()?;
        Some(TargetRequest {
            id: self.id,
            media_type,
            tmdb_id,
            is_4k,
            status: product.request_status(self.status),
            requested_by: self.requested_by.as_ref().map(|user| user.id),
            seasons: self.seasons(),
        })
    }
}

/// Seerr's times are text like `2026-02-28T12:00:00.000Z`; others are as good as none.
fn moment(time: Option<&serde_json::Value>) -> Option<NaiveDateTime> {
    let text = time?.as_str()?;
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.naive_utc())
}

impl Request {
    /// Media type, TMDB number and whether it is 4K; none for kinds we do not know and without a title.
    fn place(&self) -> Option<(MediaType, i64, bool)> {
        let media = self.media.as_ref()?;
        let kind = Kind::read(self.kind).or_else(|| Kind::read(media.media_type))?;
        Some((kind, media.tmdb_id?, self.is4k.unwrap_or(false)))
    }

    /// Numbers of the seasons it holds, ascending.
    pub(super) fn seasons(&self) -> Vec<i32> {
        let seasons = self.seasons.as_deref().unwrap_or_default();
        let mut numbers: Vec<i32> = seasons.iter().map(|season| season.season_number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Seerr's own id of the title.
    pub(super) fn media_id(&self) -> Option<i32> {
        self.media.as_ref()?.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_do_not_answer_are_named_by_name_or_kind() {
        let errors: ServiceErrors = serde_json::from_str(
            r#"{"radarr":[{"id":0,"name":"Films"},{"id":1,"name":""}],"sonarr":[{"id":2}]}"#,
        )
        .unwrap();
        assert_eq!(
            errors.names().collect::<Vec<_>>(),
            ["Films", "Radarr", "Sonarr"]
        );
        let none: ServiceErrors = serde_json::from_str("{}").unwrap();
        assert_eq!(none.names().count(), 0);
    }
}
