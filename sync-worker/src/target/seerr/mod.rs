//! Seerr, Overseerr and Jellyseerr as a [`Target`]: which calls are made and what their answers mean.

mod address;
mod answers;
#[cfg(test)]
mod client_tests;
mod http;
mod pages;
mod refusal;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use runtime::settings::SeerrSettings;
use schema::models::MediaType;
use serde::Serialize;
use thiserror::Error;
use tokio::time::Instant;

use self::{
    address::{Address, encode},
    answers::{Found, FoundTitle, Hello, PublicSettings, Request, Status, TitleDetails, User},
    http::{Http, Limits},
    refusal::Call,
};
use super::{
    Candidate, Details, ForeignId, NewRequest, Requested, Seasons, Snapshot, Target, TargetError,
    TargetInfo, TargetRequest,
};

/// The user that the API key acts as.
const OWNER: i32 = 1;
/// What the products call their interface.
const PRODUCTS: [&str; 3] = ["Seerr API", "Overseerr API", "Jellyseerr API"];
/// Pages of a title search that are read; the title that is meant is rarely beyond.
const SEARCH_PAGES: i64 = 2;
/// Seerr may ask GitHub before it tells its version; that is not worth more.
const VERSION_LIMIT: Duration = Duration::from_secs(3);
/// A TMDB that takes longer does not count as sound.
const PROBE_LIMIT: Duration = Duration::from_secs(10);
/// How long a version, or that it was not told, is believed.
const VERSION_AGE: Duration = Duration::from_hours(1);

/// Why no client can be made of the settings.
#[derive(Debug, Error)]
pub(crate) enum SeerrSetupError {
    /// No address.
    #[error(
        "the address of Seerr is not set: set OVERSEERR_URL (seerr.url), e.g. http://seerr:5055"
    )]
    AddressMissing,
    /// An address that is none.
    #[error("OVERSEERR_URL (seerr.url) cannot be used: {why}")]
    AddressInvalid {
        /// What is wrong with it.
        why: String,
    },
    /// No key.
    #[error(
        "the API key of Seerr is not set: copy it from Seerr's Settings > General into OVERSEERR_API_KEY (seerr.api_key)"
    )]
    KeyMissing,
    /// A key with signs that no key has.
    #[error(
        "OVERSEERR_API_KEY (seerr.api_key) holds characters that no key has: copy it again from Seerr's Settings > General"
    )]
    KeyInvalid,
    /// The system has no certificates, or the like.
    #[error("the HTTP client cannot be made")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// A client of one Seerr; cheap to clone.
#[derive(Clone)]
pub(crate) struct Seerr {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    /// User of the settings.
    user: i32,
    /// What Seerr told before.
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    locale: Option<String>,
    version: Option<(Instant, String)>,
}

impl fmt::Debug for Seerr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seerr")
            .field("address", &self.inner.http.address.shown)
            .finish_non_exhaustive()
    }
}

/// Body of a request; what is not known is left out, since Seerr refuses `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    media_type: MediaType,
    media_id: i64,
    /// Always sent: without it Seerr does not look for duplicates.
    is4k: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seasons: Option<BodySeasons<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tvdb_id: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum BodyWord {
    All,
}

/// Seerr's own form is one or the other, without a tag.
#[derive(Serialize)]
#[serde(untagged)]
enum BodySeasons<'a> {
    Word(BodyWord),
    Numbers(&'a [i32]),
}

impl<'a> Body<'a> {
    fn of(wish: &'a NewRequest) -> Self {
        let is_show = wish.media_type == MediaType::Tv;
        Self {
            media_type: wish.media_type,
            media_id: wish.tmdb_id,
            is4k: wish.is_4k,
            seasons: is_show.then(|| match &wish.seasons {
                Seasons::All => BodySeasons::Word(BodyWord::All),
                Seasons::Some(numbers) => BodySeasons::Numbers(numbers),
            }),
            tvdb_id: wish.tvdb_id.filter(|id| is_show && *id > 0),
        }
    }
}

impl Seerr {
    /// Makes a client; asks nothing yet.
    ///
    /// # Errors
    /// When address or key are missing or cannot be used.
    pub(crate) fn new(settings: &SeerrSettings) -> Result<Self, SeerrSetupError> {
        let post = Duration::from_secs(settings.timeout_s.max(1));
        Self::with_limits(settings, Limits::with_post(post))
    }

    fn with_limits(settings: &SeerrSettings, limits: Limits) -> Result<Self, SeerrSetupError> {
        let address = Address::parse(settings.url.as_deref())?;
        let key = settings
            .api_key
            .as_ref()
            .filter(|key| !key.expose().trim().is_empty())
            .ok_or(SeerrSetupError::KeyMissing)?;
        Ok(Self {
            inner: Arc::new(Inner {
                http: Http::new(address, key, limits)?,
                user: settings.user_id,
                told: Mutex::default(),
            }),
        })
    }

    fn http(&self) -> &Http {
        &self.inner.http
    }

    /// The user to name in a request: none for the key's own. An empty or worded `X-Api-User` would
    /// mean the admin, or no answer at all, so only numbers above 0 get that far.
    fn acting_user(&self, asked: Option<i32>) -> Result<Option<i32>, TargetError> {
        match asked.unwrap_or(self.inner.user) {
            OWNER => Ok(None),
            user if user > 0 => Ok(Some(user)),
            _ => Err(TargetError::NoSuchUser),
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.inner
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn public_settings(&self) -> Result<PublicSettings, TargetError> {
        let settings: PublicSettings = self.http().get(Call::Own, "/settings/public", None).await?;
        self.told().locale = Some(locale_of(&settings));
        Ok(settings)
    }

    /// The language whose details a request looks for in Seerr's cache.
    async fn locale(&self) -> Result<String, TargetError> {
        let known = self.told().locale.clone();
        match known {
            Some(locale) => Ok(locale),
            None => Ok(locale_of(&self.public_settings().await?)),
        }
    }

    async fn version(&self) -> String {
        let known = self.told().version.clone();
        if let Some((at, version)) = known
            && at.elapsed() < VERSION_AGE
        {
            return version;
        }
        let asked = self.http().get_within(VERSION_LIMIT, Call::Own, "/status");
        let version = match asked.await {
            Ok(Status { version }) => version,
            Err(error) => {
                tracing::debug!(%error, "seerr does not tell its version");
                "unknown".to_owned()
            }
        };
        self.told().version = Some((Instant::now(), version.clone()));
        version
    }

    /// What answers at the address, asked without need of a key.
    async fn greeting(&self) -> Result<String, TargetError> {
        let hello: Result<Hello, _> = self.http().get(Call::Own, "", None).await;
        let found = match hello {
            Ok(Hello { api: Some(api) }) if PRODUCTS.contains(&api.as_str()) => return Ok(api),
            Ok(Hello { api: Some(api) }) => {
                format!("`{}`", api.chars().take(60).collect::<String>())
            }
            Ok(Hello { api: None }) | Err(TargetError::Malformed { .. }) => {
                "JSON of another program".to_owned()
            }
            Err(error) => return Err(error),
        };
        Err(TargetError::NotSeerr { found })
    }

    async fn me(&self) -> Result<User, TargetError> {
        let owner: User = self.http().get(Call::Own, "/auth/me", None).await?;
        match self.acting_user(None)? {
            None => Ok(owner),
            user => self.http().get(Call::Own, "/auth/me", user).await,
        }
    }

    async fn find(&self, query: &str) -> Result<Found, TargetError> {
        self.http()
            .get(Call::Search, &format!("/search?query={query}"), None)
            .await
    }
}

impl Target for Seerr {
    fn name(&self) -> &'static str {
        "seerr"
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        let api = self.greeting().await?;
        let (user, settings, version) = futures_util::join!(
            Box::pin(self.me()),
            Box::pin(self.public_settings()),
            Box::pin(self.version())
        );
        let (user, settings) = (user?, settings?);
        // Jellyseerr called itself Overseerr until 2.5, but has media servers to choose from.
        let product = match api.trim_end_matches(" API") {
            "Overseerr" if settings.media_server_type.is_some() => "Jellyseerr",
            product => product,
        };
        tracing::info!(product, version, "API connection successful");
        Ok(TargetInfo {
            product: product.to_owned(),
            version,
            can_request: user.can_request(),
            // The key may act as anybody, with that user's rights.
            can_act_for_others: true,
            user_id: user.id,
            user_name: user.name(),
            has_4k_movies: settings.movie4k_enabled,
            has_4k_shows: settings.series4k_enabled,
            locale: locale_of(&settings),
        })
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        pages::snapshot(self.http()).await
    }

    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError> {
        let found = self.find(&id_query(id)).await?;
        Ok(candidates(found.results))
    }

    async fn probe(&self, id: &ForeignId) -> Result<(), TargetError> {
        let path = format!("/search?query={}", id_query(id));
        let asked = self.http().get_within(PROBE_LIMIT, Call::Search, &path);
        asked.await.map(|_: Found| ())
    }

    async fn search(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        let query = as_plain_title(title);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let mut results = Vec::new();
        let mut page = 1;
        loop {
            // Lists are mostly in English; the title in its own language comes with every result.
            let found = self
                .find(&format!("{}&page={page}&language=en", encode(&query)))
                .await?;
            if page > 1 && found.results.is_empty() {
                return Err(TargetError::Upstream {
                    message: format!("page {page} of a title search came back empty"),
                });
            }
            let pages = found.total_pages.min(SEARCH_PAGES);
            results.extend(found.results);
            page += 1;
            if page > pages {
                return Ok(candidates(results));
            }
        }
    }

    async fn details(&self, media_type: MediaType, tmdb_id: i64) -> Result<Details, TargetError> {
        let locale = self.locale().await?;
        let kind = match media_type {
            MediaType::Movie => "movie",
            MediaType::Tv => "tv",
        };
        let path = format!("/{kind}/{tmdb_id}?language={}", encode(&locale));
        let details: TitleDetails = self.http().get(Call::Details, &path, None).await?;
        Ok(details.read())
    }

    async fn request(&self, wish: &NewRequest) -> Result<Requested, TargetError> {
        let user = self.acting_user(wish.requested_as)?;
        let answer = self
            .http()
            .post::<Request>("/request", &Body::of(wish), user)
            .await?;
        match answer {
            (409, _) => Ok(Requested::AlreadyThere),
            (202, _) => Ok(Requested::NothingLeft),
            (_, Some(request)) => Ok(Requested::Created {
                request_id: answers::Row::id(&request),
                media_id: request.media_id(),
                seasons: request.seasons(),
            }),
            (status, None) => Err(TargetError::Unknown {
                why: format!("status {status} came without a request"),
            }),
        }
    }

    async fn requests_since(&self, oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        pages::requests_since(self.http(), oldest_id).await
    }
}

fn id_query(id: &ForeignId) -> String {
    encode(&match id {
        ForeignId::Imdb(id) => format!("imdb:{id}"),
        ForeignId::Tvdb(id) => format!("tvdb:{id}"),
    })
}

fn locale_of(settings: &PublicSettings) -> String {
    match settings.locale.as_deref() {
        None | Some("") => "en".to_owned(),
        Some(locale) => locale.to_owned(),
    }
}

/// Movies and shows, each once.
fn candidates(results: Vec<FoundTitle>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in results.into_iter().filter_map(FoundTitle::read) {
        let is_known = candidates.iter().any(|known| {
            (known.media_type, known.tmdb_id) == (candidate.media_type, candidate.tmdb_id)
        });
        if !is_known {
            candidates.push(candidate);
        }
    }
    candidates
}

/// A title that Seerr takes for nothing but a title: it reads `year:1982` anywhere in it as a
/// command. Cut at a length that no title has.
fn as_plain_title(title: &str) -> String {
    let mut plain: String = title.trim().chars().take(200).collect();
    let lower = plain.to_ascii_lowercase();
    if ["tmdb:", "imdb:", "tvdb:", "year:"]
        .iter()
        .any(|prefix| lower.contains(prefix))
    {
        plain = plain.replace(':', " ");
    }
    plain.trim().to_owned()
}
