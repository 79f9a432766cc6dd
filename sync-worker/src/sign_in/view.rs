//! The sites as people see them: what each takes and needs, and who is signed in. What a site is the
//! scraper-worker knows; it is asked.

use std::time::Duration;

use chrono::NaiveDateTime;
use runtime::{Chain, settings::Known};
use schema::{
    models::ProviderToken,
    wire::{
        Failure, FailureCode,
        scraper::{FromScraper, ProviderInfo, Providers, ToScraper},
        sync::{AccountView, ProviderView, ProviderViews},
    },
};
use tokio::time::timeout;

use super::{accounts, shown, site};
use crate::engine::Engine;

/// How long the scraper-worker may take. It answers at once, or is being restarted.
const LIMIT: Duration = Duration::from_secs(1);

/// All sites.
///
/// # Errors
/// When the scraper-worker does not answer, or the database fails.
pub(crate) async fn providers(engine: &Engine) -> Result<ProviderViews, Failure> {
    let sites = known(engine).await?;
    let accounts = engine.db.read(ProviderToken::all).await.map_err(|error| {
        tracing::error!("the accounts cannot be read: {}", Chain(&error));
        Failure::new(FailureCode::Internal, "the database failed")
    })?;
    let view = |info: ProviderInfo| {
        let own = accounts.iter().filter(|row| row.provider == info.name);
        let own = own.map(|row| account(engine, row)).collect();
        one(engine, info, own)
    };
    Ok(ProviderViews {
        providers: sites.into_iter().map(view).collect(),
    })
}

async fn known(engine: &Engine) -> Result<Vec<ProviderInfo>, Failure> {
    let client = engine.scraper();
    let asked = timeout(LIMIT, client.call(ToScraper::Providers(Providers {}))).await;
    let silent = || {
        Failure::new(
            FailureCode::Unavailable,
            "the scraper-worker, which knows the sites, does not answer",
        )
    };
    match asked.map_err(|_elapsed| silent())? {
        Ok(FromScraper::Providers(list)) => Ok(list.providers),
        Ok(other) => {
            tracing::error!("the scraper-worker gave the wrong answer: {other:?}");
            Err(silent())
        }
        Err(error) => Err(error.to_failure()),
    }
}

fn one(engine: &Engine, info: ProviderInfo, accounts: Vec<AccountView>) -> ProviderView {
    let settings = engine.settings();
    let key = info.needs_key.as_deref().and_then(Known::find);
    let site = site::find(&info.name);
    ProviderView {
        has_key: key.is_some_and(|known| settings.shown.contains_key(known.key)),
        key_variable: key.map(|known| known.variable.to_owned()),
        has_sign_in: site.is_some(),
        sign_in: site.and_then(|site| shown(engine, site)),
        accounts,
        name: info.name,
        title: info.title,
        accepts: info.accepts,
        is_enabled: info.is_enabled,
        needs_key: info.needs_key,
        needs_browser: info.needs_browser,
        notice: info.notice,
    }
}

fn account(engine: &Engine, row: &ProviderToken) -> AccountView {
    AccountView {
        account: row.account.clone(),
        signed_in_at: row.created_at.and_utc(),
        expires_at: row.expires_at.as_ref().map(NaiveDateTime::and_utc),
        problem: accounts::problem_of(engine, row).map(|problem| problem.told()),
    }
}
