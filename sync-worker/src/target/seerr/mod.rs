//! Seerr, Overseerr and Jellyseerr as a [`Target`]: which calls are made and what their answers mean.

mod address;
mod answers;
mod body;
#[cfg(test)]
mod client_tests;
mod http;
mod merged;
mod pages;
mod product;
mod refusal;
mod rows;
mod titles;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use runtime::settings::SeerrSettings;
use schema::models::MediaType;
use serde::de::IgnoredAny;
use thiserror::Error;
use tokio::time::Instant;

use self::{
    address::{Address, encode},
    answers::{Hello, PublicSettings, Status, User},
    body::{Body, NoBody},
    http::{Http, Limits},
    product::{Product, Program},
    refusal::Call,
    rows::{Request, Row},
    titles::{Found, TitleDetails, candidates},
};
use super::{
    Candidate, Details, ForeignId, NewRequest, Seasons, Snapshot, Submitted, Target, TargetError,
    TargetInfo, TargetRequest, TargetWarning,
};

/// The user that the API key acts as.
const OWNER: i32 = 1;
/// The language of titles that are looked for: that of most lists.
const LANGUAGE: &str = "en";
/// Pages of a title search that are read; the title that is meant is rarely beyond.
const SEARCH_PAGES: i64 = 2;
/// Seerr may ask GitHub before it tells its version; that is not worth more.
const VERSION_LIMIT: Duration = Duration::from_secs(3);
/// A TMDB that takes longer does not count as sound.
const PROBE_LIMIT: Duration = Duration::from_secs(10);
/// How long a version, or that it was not told, is believed; also which program it is.
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
    product: Option<(Instant, Product)>,
}

impl fmt::Debug for Seerr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seerr")
            .field("address", &self.inner.http.address.shown)
            .finish_non_exhaustive()
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
                tracing::debug!(%error, "Seerr does not tell its version");
                "unknown".to_owned()
            }
        };
        self.told().version = Some((Instant::now(), version.clone()));
        version
    }

    /// What it calls itself, asked without need of a key.
    async fn greeting(&self) -> Result<Program, TargetError> {
        let hello: Result<Hello, _> = self.http().get(Call::Own, "", None).await;
        let found = match hello {
            Ok(Hello { api: Some(api) }) => match Program::named(&api) {
                Some(program) => return Ok(program),
                None => format!("`{}`", api.chars().take(60).collect::<String>()),
            },
            Ok(Hello { api: None }) | Err(TargetError::Malformed { .. }) => {
                "JSON of another program".to_owned()
            }
            Err(error) => return Err(error),
        };
        Err(TargetError::NotSeerr { found })
    }

    /// Which program it is in which version, remembered for a while.
    fn recognise(&self, named: Program, settings: &PublicSettings, version: &str) -> Product {
        let has_media_server = settings.media_server_type.is_some();
        let mut product = Product::recognised(named, has_media_server, version);
        product.has_specials = settings.enable_special_episodes;
        self.told().product = Some((Instant::now(), product.clone()));
        product
    }

    /// Which program answers, asked for when nobody did lately.
    async fn product(&self) -> Result<Product, TargetError> {
        let known = self.told().product.clone();
        if let Some((at, product)) = known
            && at.elapsed() < VERSION_AGE
        {
            return Ok(product);
        }
        let named = self.greeting().await?;
        let (settings, version) =
            futures_util::join!(Box::pin(self.public_settings()), Box::pin(self.version()));
        Ok(self.recognise(named, &settings?, &version))
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

    async fn search_in(&self, title: &str, language: &str) -> Result<Vec<Candidate>, TargetError> {
        let query = as_plain_title(title);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let (query, language) = (encode(&query), encode(language));
        let mut results = Vec::new();
        let mut page = 1;
        loop {
            let found = self
                .find(&format!("{query}&page={page}&language={language}"))
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

    /// What to request where `"all"` would bring the specials too: the seasons by number.
    async fn without_specials(&self, wish: &NewRequest) -> Result<Option<NewRequest>, TargetError> {
        let is_all = wish.media_type == MediaType::Tv && wish.seasons == Seasons::All;
        if !is_all || !self.product().await?.all_brings_specials() {
            return Ok(None);
        }
        let details = self.details(wish.media_type, wish.tmdb_id).await?;
        let numbers = details.seasons.iter().map(|facts| facts.season).collect();
        Ok(Some(NewRequest {
            seasons: Seasons::Some(numbers),
            ..wish.clone()
        }))
    }
}

impl Target for Seerr {
    fn name(&self) -> &'static str {
        "seerr"
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        let named = self.greeting().await?;
        let (user, settings, version) = futures_util::join!(
            Box::pin(self.me()),
            Box::pin(self.public_settings()),
            Box::pin(self.version())
        );
        let (user, settings) = (user?, settings?);
        let product = self.recognise(named, &settings, &version);
        tracing::info!(
            product = product.name(),
            version = product.version(),
            "API connection successful"
        );
        Ok(TargetInfo {
            product: product.name().to_owned(),
            version,
            can_request: user.can_request(),
            // The key may act as anybody, with that user's rights.
            can_act_for_others: true,
            user_id: user.id,
            user_name: user.name(),
            has_4k_movies: settings.movie4k_enabled,
            has_4k_shows: settings.series4k_enabled,
            locale: locale_of(&settings),
            warnings: product.warnings(),
        })
    }

    async fn troubles(&self) -> Vec<TargetWarning> {
        match pages::silent_services(self.http()).await {
            Ok(silent) => pages::warnings(&silent),
            Err(error) => {
                let remedy = error.remedy();
                vec![TargetWarning {
                    what: format!("requests cannot be read: {error}"),
                    remedy: remedy.unwrap_or_else(|| "Look into Seerr's own logs.".to_owned()),
                }]
            }
        }
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        let product = self.product().await?;
        let snapshot = pages::snapshot(self.http(), &product).await?;
        for warning in &snapshot.warnings {
            tracing::warn!("{}", warning.what);
        }
        Ok(snapshot)
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
        // The title in its own language comes with every result.
        self.search_in(title, LANGUAGE).await
    }

    async fn search_local(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        let locale = self.locale().await?;
        if locale.split('-').next() == Some(LANGUAGE) {
            return Ok(Vec::new());
        }
        self.search_in(title, &locale).await
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

    async fn submit(&self, wish: &NewRequest) -> Result<Submitted, TargetError> {
        let user = self.acting_user(wish.requested_as)?;
        let named = self.without_specials(wish).await?;
        let body = Body::of(named.as_ref().unwrap_or(wish));
        let answer = self
            .http()
            .post::<Request>(Call::Post, "/request", &body, user)
            .await?;
        match answer {
            (409, _) => Ok(Submitted::AlreadyThere),
            (202, _) => Ok(Submitted::NothingLeft),
            (_, Some(request)) => Ok(Submitted::Created {
                request_id: request.id(),
                media_id: request.media_id(),
                seasons: request.seasons(),
            }),
            (status, None) => Err(TargetError::Unknown {
                why: format!("status {status} came without a request"),
            }),
        }
    }

    async fn retry(&self, request_id: i32) -> Result<(), TargetError> {
        let path = format!("/request/{request_id}/retry");
        // As the key's own user: it takes the right to manage requests.
        self.http()
            .post::<IgnoredAny>(Call::Retry, &path, &NoBody {}, None)
            .await
            // Later versions say 409 when it is no longer failed.
            .map(drop)
    }

    async fn verify(&self, oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        let product = self.product().await?;
        pages::requests_since(self.http(), &product, oldest_id).await
    }

    async fn withdraw(&self, request_id: i32) -> Result<(), TargetError> {
        let path = format!("/request/{request_id}");
        match self.http().delete(Call::Withdraw, &path).await {
            Err(TargetError::NoSuchRequest) => Ok(()),
            withdrawn => withdrawn,
        }
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
