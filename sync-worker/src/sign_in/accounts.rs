//! The accounts people have signed in to: their tokens, encrypted in the database, renewed before
//! they run out. A refresh token is often good for one use, so new tokens are stored before they are
//! used, one renewal of an account goes on at a time, and nobody who stops waiting can end it.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    time::{Duration, Instant},
};

use chrono::{NaiveDateTime, TimeDelta};
use runtime::{Chain, Secret, secret::SecretError};
use schema::{
    DbError,
    models::{NewProviderToken, ProviderToken},
    wire::{
        Failure, FailureCode,
        sync::{CheckLine, CheckVerdict, SignOut, SignedOut},
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    oauth::{Refreshed, refreshed},
    site::{self, Site, Tokens},
};
use crate::engine::Engine;

/// Tokens are renewed when so much of their life is left, or a quarter where that is less.
const EARLY: TimeDelta = TimeDelta::days(1);
/// Pause after a renewal that the site did not answer.
const PAUSE: Duration = Duration::from_mins(1);
/// Tries of storing tokens that the site gave for those it has made void.
const TRIES: u32 = 5;
/// Pause between them.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Why an account cannot be used, as a fragment, and what to do, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Problem {
    fn new(site: &dyn Site, reason: String) -> Self {
        let name = site.name();
        Self {
            reason,
            remedy: format!("Sign in with `listsync providers sign-in {name}`."),
        }
    }

    /// Both, as people read them.
    pub(super) fn told(&self) -> String {
        format!("{}. {}", self.reason, self.remedy)
    }
}

/// Why an account could not be stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// This process holds no key.
    #[error("there is no key to encrypt tokens with")]
    NoKey,
    /// The tokens cannot be encrypted.
    #[error("the tokens cannot be encrypted")]
    Secret(#[from] SecretError),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbError),
    /// The tokens cannot be written as JSON.
    #[error("the tokens cannot be written")]
    Json(#[from] serde_json::Error),
}

/// What is kept of renewals while the process lives, by row of the account.
#[derive(Default)]
pub(super) struct Renewals {
    locks: RefCell<HashMap<i32, Rc<Mutex<()>>>>,
    /// When a site was asked in vain.
    asked_in_vain: RefCell<HashMap<i32, Instant>>,
}

impl Renewals {
    fn lock(&self, id: i32) -> Rc<Mutex<()>> {
        Rc::clone(self.locks.borrow_mut().entry(id).or_default())
    }

    /// Waits for those that go on.
    pub(super) async fn settled(&self) {
        let locks: Vec<_> = self.locks.borrow().values().map(Rc::clone).collect();
        for lock in locks {
            drop(lock.lock().await);
        }
    }

    fn rests(&self, id: i32) -> bool {
        let asked = self.asked_in_vain.borrow();
        asked.get(&id).is_some_and(|at| at.elapsed() < PAUSE)
    }
}

/// As they are encrypted.
#[derive(Serialize, Deserialize)]
struct Stored {
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// What the tokens of an account are encrypted for.
fn key(provider: &str, account: &str) -> String {
    format!("provider_tokens.{provider}.{account}")
}

/// Whether people can sign in to a site, so that it may have accounts.
pub(crate) fn has_accounts(provider: &str) -> bool {
    site::find(provider).is_some()
}

/// Stores the account of a finished sign-in.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn store(
    engine: &Engine,
    site: &dyn Site,
    account: &str,
    tokens: &Tokens,
) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let row = NewProviderToken {
        provider: site.name().to_owned(),
        account: account.to_owned(),
        tokens: sealed(engine, site.name(), account, tokens)?,
        expires_at: end_of(tokens, now),
        problem: None,
        created_at: now,
        updated_at: now,
    };
    engine
        .write(move |conn, _events| Ok(row.save(conn)?))
        .await?;
    Ok(())
}

fn sealed(
    engine: &Engine,
    provider: &str,
    account: &str,
    tokens: &Tokens,
) -> Result<String, StoreError> {
    let stored = Stored {
        access_token: tokens.access.expose().to_owned(),
        refresh_token: tokens.refresh.as_ref().map(|it| it.expose().to_owned()),
    };
    let text = Secret::new(serde_json::to_string(&stored)?);
    let cipher = engine.boot().cipher.as_ref().ok_or(StoreError::NoKey)?;
    Ok(cipher.encrypt(&key(provider, account), &text)?)
}

/// The tokens of a row.
///
/// # Errors
/// When they were saved under another key, or are damaged.
fn opened(engine: &Engine, site: &dyn Site, row: &ProviderToken) -> Result<Tokens, Problem> {
    let whose = format!("the account {} on {}", row.account, site.title());
    let unreadable = || Problem::new(site, format!("the saved tokens of {whose} cannot be read"));
    let cipher = engine.boot().cipher.as_ref().ok_or_else(unreadable)?;
    let text = match cipher.decrypt(&key(&row.provider, &row.account), &row.tokens) {
        Ok(text) => text,
        Err(SecretError::WrongKey { origin, .. }) => {
            let problem = Problem::new(
                site,
                format!(
                    "the tokens of {whose} were saved under another key than the one from {origin}"
                ),
            );
            let remedy = format!(
                "Bring that other key back, or sign in anew with `listsync providers sign-in {}`.",
                site.name()
            );
            return Err(Problem { remedy, ..problem });
        }
        Err(_malformed) => return Err(unreadable()),
    };
    // What the parser says would quote the tokens.
    let stored: Stored = serde_json::from_str(text.expose()).map_err(|_quoting| unreadable())?;
    Ok(Tokens {
        access: stored.access_token.into(),
        refresh: stored.refresh_token.map(Into::into),
        lifetime: None,
        account: Some(row.account.clone()),
    })
}

fn end_of(tokens: &Tokens, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let lifetime = TimeDelta::from_std(tokens.lifetime?).ok()?; // longer than time itself
    now.checked_add_signed(lifetime)
}

/// Whether it is time to renew tokens that were given at `since`.
fn is_due(since: NaiveDateTime, end: Option<NaiveDateTime>, now: NaiveDateTime) -> bool {
    end.is_some_and(|end| {
        let life = end.signed_duration_since(since);
        end.signed_duration_since(now) <= EARLY.min(life / 4)
    })
}

/// The account's name and token that a reading of `list_id` may show: of the account whose list it
/// is, else of the first one. None when nobody has signed in to the site.
///
/// # Errors
/// When the account cannot be used any more.
pub(crate) async fn token(
    engine: &Engine,
    provider: &str,
    list_id: &str,
) -> Result<Option<(String, Secret)>, Problem> {
    let Some(site) = site::find(provider) else {
        return Ok(None);
    };
    let name = site.name();
    let rows = engine
        .db
        .read(move |conn| ProviderToken::of(conn, name))
        .await
        .unwrap_or_else(|error| {
            tracing::error!("the accounts cannot be read: {}", Chain(&error));
            Vec::new()
        });
    match fitting(rows, list_id) {
        None => Ok(None),
        Some(row) => {
            let account = row.account.clone();
            let tokens = usable(engine, site, row).await?;
            Ok(Some((account, tokens.access)))
        }
    }
}

/// The account whose list it is, else the first.
fn fitting(rows: Vec<ProviderToken>, list_id: &str) -> Option<ProviderToken> {
    let at = rows.iter().position(|row| is_owner(&row.account, list_id));
    rows.into_iter().nth(at.unwrap_or_default())
}

/// Whether a list is an account's own, as its id tells.
pub(crate) fn is_owner(account: &str, list_id: &str) -> bool {
    let owner = list_id.split('/').next().unwrap_or_default();
    account.eq_ignore_ascii_case(owner)
}

/// Tokens that are valid for a while, renewed when that is due.
async fn usable(
    engine: &Engine,
    site: &'static dyn Site,
    row: ProviderToken,
) -> Result<Tokens, Problem> {
    let tokens = checked(engine, site, &row)?;
    let now = engine.clock.now();
    let is_due = is_due(row.updated_at, row.expires_at, now);
    if !is_due {
        return Ok(tokens);
    }
    if tokens.refresh.is_none() {
        return match row.expires_at {
            Some(end) if end <= now => Err(Problem::new(
                site,
                format!(
                    "the sign-in of {} to {} has run out",
                    row.account,
                    site.title()
                ),
            )),
            _ => Ok(tokens),
        };
    }
    if engine.sign_ins.renewals.rests(row.id) {
        return Ok(tokens);
    }
    // A task of its own: a reading that is cancelled must not lose the answer.
    let renewal = actix_rt::spawn(renewed(engine.clone(), site, row));
    match renewal.await {
        Ok(renewed) => renewed,
        Err(error) => {
            tracing::error!("a renewal of tokens ended in a fault: {}", Chain(&error));
            Ok(tokens)
        }
    }
}

/// The tokens of an account that has no known problem.
fn checked(engine: &Engine, site: &dyn Site, row: &ProviderToken) -> Result<Tokens, Problem> {
    if let Some(problem) = &row.problem {
        return Err(Problem::new(site, problem.clone()));
    }
    opened(engine, site, row)
}

/// Renews the tokens of an account, unless somebody else just did.
async fn renewed(
    engine: Engine,
    site: &'static dyn Site,
    row: ProviderToken,
) -> Result<Tokens, Problem> {
    let lock = engine.sign_ins.renewals.lock(row.id);
    let _one_at_a_time = lock.lock().await;
    let row = again(&engine, site, row).await;
    let tokens = checked(&engine, site, &row)?;
    if !is_due(row.updated_at, row.expires_at, engine.clock.now())
        || engine.sign_ins.renewals.rests(row.id)
    {
        return Ok(tokens);
    }
    match asked(&engine, site, &tokens).await {
        Refreshed::Tokens(mut new) => {
            // Sites that do not change it do not repeat it.
            new.refresh = new.refresh.or(tokens.refresh);
            replace(&engine, site, &row, &new).await?;
            Ok(new)
        }
        Refreshed::Refused => Err(refused(&engine, site, row).await),
        Refreshed::Trouble(why) => {
            let mut in_vain = engine.sign_ins.renewals.asked_in_vain.borrow_mut();
            in_vain.insert(row.id, Instant::now());
            tracing::warn!(
                provider = site.name(),
                "{} did not renew a sign-in, which is used on as it is: {why}",
                site.title()
            );
            Ok(tokens)
        }
    }
}

/// The row as it is now: who waited for the lock may find it renewed.
async fn again(engine: &Engine, site: &dyn Site, row: ProviderToken) -> ProviderToken {
    let name = site.name();
    let rows = engine
        .db
        .read(move |conn| ProviderToken::of(conn, name))
        .await;
    match rows {
        Ok(rows) => rows.into_iter().find(|now| now.id == row.id).unwrap_or(row),
        Err(error) => {
            tracing::error!("the accounts cannot be read: {}", Chain(&error));
            row
        }
    }
}

async fn asked(engine: &Engine, site: &dyn Site, tokens: &Tokens) -> Refreshed {
    let Some(refresh) = &tokens.refresh else {
        return Refreshed::Trouble("there is nothing to renew it with".to_owned());
    };
    let call = match site.refresh(&engine.settings().settings.providers, refresh) {
        Ok(Some(call)) => call,
        Ok(None) => return Refreshed::Trouble("its tokens are not renewed".to_owned()),
        Err(failure) => return Refreshed::Trouble(failure.message),
    };
    let answer = match engine.sign_ins.http() {
        Ok(http) => http.send(call).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => refreshed(&answer),
        Err(error) => Refreshed::Trouble(error.told()),
    }
}

/// Stores new tokens. The old ones are void, so this is tried until it works or is hopeless.
async fn replace(
    engine: &Engine,
    site: &dyn Site,
    row: &ProviderToken,
    new: &Tokens,
) -> Result<(), Problem> {
    let lost = |why: String| {
        tracing::error!(
            provider = site.name(),
            "a renewed sign-in to {} cannot be stored: {why}",
            site.title()
        );
        Problem::new(
            site,
            format!(
                "the sign-in of {} to {} was renewed and could not be stored",
                row.account,
                site.title()
            ),
        )
    };
    let sealed = sealed(engine, &row.provider, &row.account, new)
        .map_err(|error| lost(Chain(&error).to_string()))?;
    let mut tries = 1;
    loop {
        let (row, sealed) = (row.clone(), sealed.clone());
        let now = engine.clock.now();
        let end = end_of(new, now);
        let stored = engine
            .write(move |conn, _events| Ok(row.replace_tokens(conn, &sealed, end, now)?))
            .await;
        match stored {
            // Also when the account was signed out or in anew meanwhile: then those tokens count.
            Ok(_is_ours) => return Ok(()),
            Err(error) if tries == TRIES => return Err(lost(Chain(&error).to_string())),
            Err(_passing) => {}
        }
        tries += 1;
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

/// Notes that somebody has to sign in again.
async fn refused(engine: &Engine, site: &dyn Site, row: ProviderToken) -> Problem {
    let reason = format!(
        "{} does not accept the sign-in of {} any more",
        site.title(),
        row.account
    );
    let problem = Problem::new(site, reason.clone());
    let noted = engine
        .write(move |conn, _events| Ok(row.set_problem(conn, &reason)?))
        .await;
    if let Err(error) = noted {
        tracing::error!("a lost sign-in cannot be noted: {}", Chain(&error));
    }
    tracing::warn!(
        provider = site.name(),
        "{} does not accept a sign-in any more; {}",
        site.title(),
        problem.remedy
    );
    problem
}

/// Why an account cannot be used, as people read it.
pub(super) fn problem_of(engine: &Engine, row: &ProviderToken) -> Option<Problem> {
    let site = site::find(&row.provider)?;
    checked(engine, site, row).err()
}

/// Forgets the tokens of an account.
///
/// # Errors
/// When there is none, or when it is not said which of several.
pub(crate) async fn sign_out(engine: &Engine, request: SignOut) -> Result<SignedOut, Failure> {
    let site = super::site(&request.provider)?;
    let name = site.name();
    let rows = engine
        .db
        .read(move |conn| ProviderToken::of(conn, name))
        .await
        .map_err(|error| failed(&error))?;
    let account = chosen(site, rows, request.account)?;
    let gone = account.clone();
    let was_there = engine
        .write(move |conn, _events| Ok(ProviderToken::delete(conn, name, &gone)?))
        .await
        .map_err(|error| failed(&error))?;
    if !was_there {
        return Err(nobody(site, &account));
    }
    tracing::info!(provider = name, "signed out of {}", site.title());
    Ok(SignedOut {
        provider: name.to_owned(),
        account,
    })
}

fn chosen(
    site: &dyn Site,
    rows: Vec<ProviderToken>,
    wanted: Option<String>,
) -> Result<String, Failure> {
    let mut names: Vec<String> = rows.into_iter().map(|row| row.account).collect();
    if let Some(wanted) = wanted {
        let known = names.iter().find(|name| name.eq_ignore_ascii_case(&wanted));
        return known.cloned().ok_or_else(|| nobody(site, &wanted));
    }
    if names.len() > 1 {
        let message = format!("several accounts are signed in to {}", site.title());
        return Err(Failure::new(FailureCode::Invalid, message)
            .with_remedy(format!("Say which: {}.", names.join(", "))));
    }
    names.pop().ok_or_else(|| {
        let message = format!("nobody is signed in to {}", site.title());
        Failure::new(FailureCode::NotFound, message)
    })
}

fn nobody(site: &dyn Site, account: &str) -> Failure {
    let message = format!("no account `{account}` is signed in to {}", site.title());
    Failure::new(FailureCode::NotFound, message)
        .with_remedy("`listsync providers` shows who is signed in.")
}

fn failed(error: &DbError) -> Failure {
    tracing::error!("{}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}

/// A line of the check for each account that cannot be used.
pub(crate) async fn check_lines(engine: &Engine) -> Vec<CheckLine> {
    let rows = engine
        .db
        .read(ProviderToken::all)
        .await
        .unwrap_or_else(|error| {
            tracing::error!("the accounts cannot be read: {}", Chain(&error));
            Vec::new()
        });
    let line = |row: &ProviderToken| {
        let problem = problem_of(engine, row)?;
        Some(CheckLine {
            subject: format!("account {} on {}", row.account, row.provider),
            verdict: CheckVerdict::Failed,
            message: problem.reason,
            remedy: Some(problem.remedy),
        })
    };
    rows.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn row(id: i32, account: &str) -> ProviderToken {
        let now = at("2026-11-21T12:00:00");
        ProviderToken {
            id,
            provider: "trakt".into(),
            account: account.into(),
            tokens: String::new(),
            expires_at: None,
            problem: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn tokens_are_renewed_a_day_or_a_quarter_of_their_life_before_their_end() {
        let since = at("2026-11-01T00:00:00");
        for (end, not_yet, due) in [
            // A day's life: six hours before.
            (
                "2026-11-02T00:00:00",
                "2026-11-01T17:59:59",
                "2026-11-01T18:00:00",
            ),
            // A week's and a quarter's life: a day before.
            (
                "2026-11-08T00:00:00",
                "2026-11-06T23:59:59",
                "2026-11-07T00:00:00",
            ),
            (
                "2027-02-01T00:00:00",
                "2027-01-30T23:59:59",
                "2027-01-31T00:00:00",
            ),
        ] {
            assert!(!is_due(since, Some(at(end)), at(not_yet)), "{end}");
            assert!(is_due(since, Some(at(end)), at(due)), "{end}");
        }
        assert!(!is_due(since, None, at("2036-01-01T00:00:00")));
    }

    #[test]
    fn a_list_is_read_as_the_account_whose_it_is() {
        let rows = || vec![row(1, "alice"), row(2, "bob")];
        for (list_id, expected) in [
            ("bob/watchlist", "bob"),
            ("Bob/lists/best", "bob"),
            ("me/watchlist", "alice"),
            ("carol/watchlist", "alice"),
            ("trending:movies", "alice"),
        ] {
            assert_eq!(
                fitting(rows(), list_id).unwrap().account,
                expected,
                "{list_id}"
            );
        }
        assert!(fitting(Vec::new(), "bob/watchlist").is_none());
    }
}
