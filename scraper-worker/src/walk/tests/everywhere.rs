//! Every kind of failure at every site that is read by requests: whatever its first answer is, nothing
//! is read, it is no empty list, and something is said of it.

use futures_util::future::join_all;
use runtime::{
    Environment,
    settings::{self, KNOWN, ProvidersSettings},
};
use schema::wire::scraper::Credential;

use super::{failures::CASES, *};
use crate::provider::{Via, Way};

/// A list of each site, as people paste it.
const LISTS: &[(&str, &[&str])] = &[
    ("anilist", &["https://anilist.co/user/nobody/animelist"]),
    (
        "imdb",
        &[
            "https://www.imdb.com/list/ls900000001/",
            "https://www.imdb.com/chart/top/",
            "https://www.imdb.com/user/ur90000001/watchlist",
        ],
    ),
    (
        "letterboxd",
        &[
            "https://letterboxd.com/nobody/watchlist/",
            "https://letterboxd.com/nobody/list/best-of-all/",
        ],
    ),
    ("mdblist", &["https://mdblist.com/lists/nobody/best-of-all"]),
    ("myanimelist", &["https://myanimelist.net/animelist/nobody"]),
    ("stevenlu", &["https://movies.stevenlu.com/"]),
    ("tmdb", &["https://www.themoviedb.org/list/900000001"]),
    (
        "trakt",
        &[
            "https://trakt.tv/users/nobody/lists/best-of-all",
            "https://trakt.tv/movies/trending",
        ],
    ),
    ("tvdb", &["https://thetvdb.com/lists/900001"]),
];

/// Settings with every site at `url`.
fn all_at(url: &str) -> ProvidersSettings {
    let addresses = KNOWN
        .iter()
        .filter(|known| known.key.starts_with("providers.") && known.key.ends_with("url"))
        .map(|known| (known.variable, url));
    let environment = Environment::of(addresses.chain([("LISTSYNC_DATA_DIR", "/nowhere")]));
    let loaded = settings::load(&environment, None, &[]).unwrap();
    loaded.settings.providers
}

fn list_of(provider: &dyn Provider, address: &str) -> ListToRead {
    let found = provider.recognize(address);
    ListToRead {
        id: found.unwrap_or_else(|| panic!("{address}")).list_id,
        credential: Some(Credential {
            key: Some("key".into()),
            token: Some("token".into()),
            account: None,
        }),
        ..ListToRead::default()
    }
}

/// Whether it is read without a browser, by requests.
fn is_by_requests(ways: &[Way]) -> bool {
    ways.iter().all(|way| way.first.via == Via::Http)
}

async fn fails(provider: &'static dyn Provider, address: &str, case: &failures::Case) {
    let (page, said, _) = *case;
    let site = site(move |_| page()).await;
    let sites = all_at(&site.url);
    let list = list_of(provider, address);
    if !is_by_requests(&provider.ways(&list, &sites).unwrap()) {
        return;
    }
    let limits = Limits {
        total: Duration::from_secs(2),
        tries: 1,
        ..limits()
    };
    let bench = Bench::new();
    let walk = Walk {
        fetcher: &bench.fetcher_with(limits),
        provider,
        sites: &sites,
        list,
        limit: None,
    };
    let kept = Kept::default();
    let walked = walk.run(&kept).await.unwrap();
    let reason = match &walked.outcome {
        FetchOutcome::Failed { reason, .. } => reason,
        FetchOutcome::Refused { reason, remedy, .. } => {
            assert!(remedy.ends_with('.'), "{address}: {remedy}");
            reason
        }
        other => panic!("{address}, {said}: {other:?}"),
    };
    assert!(
        !reason.is_empty() && !site.hits().is_empty(),
        "{address}, {said}"
    );
    assert_eq!((walked.read, walked.digest), (0, None), "{address}, {said}");
    assert!(kept.0.borrow().is_empty(), "{address}, {said}");
}

#[actix_rt::test]
async fn no_failure_of_any_site_looks_like_an_empty_list() {
    let mut tried = 0;
    for (name, addresses) in LISTS {
        let Some(provider) = providers::find(name) else {
            continue;
        };
        // Side by side, because sites have their pace.
        let all = addresses.iter().flat_map(|address| {
            let one = |case| Box::pin(fails(provider, address, case));
            CASES.iter().map(one)
        });
        tried += join_all(all).await.len();
    }
    assert!(tried >= 8 * CASES.len(), "{tried}");
}
