//! Signing in to list sites: one sign-in at a time for each site, its accounts and their tokens.
//!
//! `site` and one file per site say what is asked and what answers mean, `state` when to ask again,
//! `task` carries a sign-in out, `accounts` keeps the tokens. A sign-in that goes on is kept in memory
//! alone: a restart ends it.

mod accounts;
mod http;
mod oauth;
mod plex;
mod simkl;
mod site;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod tmdb;
mod trakt;
mod view;

pub(crate) use accounts::{Problem, check_lines, has_accounts, is_owner, sign_out, token};
pub(crate) use view::providers;

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

use runtime::socket::Answers;
use schema::wire::{
    Failure, FailureCode,
    sync::{FromSyncWorker, SignInView, SyncLink},
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::Engine;
use accounts::Renewals;
use http::{Http, HttpError};
use site::Site;
use task::Progress;

/// What signing in needs to remember while the process lives.
#[derive(Default)]
pub(crate) struct SignIns {
    http: OnceCell<Http>,
    /// The last sign-in to each site.
    last: RefCell<BTreeMap<&'static str, Begun>>,
    renewals: Renewals,
}

/// A sign-in that goes on, or how it ended.
struct Begun {
    progress: watch::Receiver<Progress>,
    cancel: CancellationToken,
}

impl SignIns {
    /// Waits for the renewals of tokens that go on: their answers are given once.
    pub(crate) async fn settled(&self) {
        self.renewals.settled().await;
    }

    /// The client, made when somebody needs it first.
    fn http(&self) -> Result<Http, HttpError> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let http = Http::new()?;
        Ok(self.http.get_or_init(|| http).clone())
    }
}

/// A site that people can sign in to.
fn site(provider: &str) -> Result<&'static dyn Site, Failure> {
    site::find(provider).ok_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!("there is no signing in to `{provider}`"),
        )
        .with_remedy(format!(
            "The sites one can sign in to are: {}.",
            site::names().join(", ")
        ))
    })
}

/// Begins a sign-in that goes on by itself; returns once the person can be told what to do.
pub(crate) async fn start(engine: &Engine, provider: &str) -> Result<SignInView, Failure> {
    let site = site(provider)?;
    let (mut progress, _) = begin(engine, site)?;
    begun(site, &mut progress).await
}

/// Begins a sign-in and tells the caller how it goes; it ends when the caller hangs up.
pub(crate) async fn follow(engine: &Engine, provider: &str, answers: Answers<SyncLink>) {
    let begun = async {
        let site = site(provider)?;
        let (mut progress, cancel) = begin(engine, site)?;
        // Dropped when the caller hangs up.
        let guard: DropGuard = cancel.drop_guard();
        let view = begun(site, &mut progress).await?;
        Ok::<_, Failure>((site, progress, guard, view))
    };
    let (site, mut progress, guard, view) = match begun.await {
        Ok(begun) => begun,
        Err(failure) => return answers.fail(failure).await,
    };
    if answers.more(FromSyncWorker::SignIn(view)).await.is_err() {
        return;
    }
    let end = ended(site, &mut progress).await;
    drop(guard);
    match end {
        Ok(view) => answers.last(FromSyncWorker::SignIn(view)).await,
        Err(failure) => answers.fail(failure).await,
    }
}

/// How the last sign-in to a site is.
pub(crate) fn status(engine: &Engine, provider: &str) -> Result<SignInView, Failure> {
    let site = site(provider)?;
    shown(engine, site).ok_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!("no sign-in to {} goes on", site.title()),
        )
        .with_remedy(format!(
            "One that was begun before ListSync started has ended with it. {}",
            site::again(site)
        ))
    })
}

/// Ends the sign-in that goes on.
pub(crate) async fn cancel(engine: &Engine, provider: &str) -> Result<SignInView, Failure> {
    let site = site(provider)?;
    let going = {
        let last = engine.sign_ins.last.borrow();
        let begun = last.get(site.name());
        begun
            .filter(|begun| !begun.progress.borrow().is_over())
            .map(|begun| (begun.progress.clone(), begun.cancel.clone()))
    };
    let Some((mut progress, cancel)) = going else {
        return Err(Failure::new(
            FailureCode::NotFound,
            format!("no sign-in to {} goes on", site.title()),
        ));
    };
    cancel.cancel();
    // What was approved in the same moment counts.
    match progress.wait_for(Progress::is_over).await {
        Ok(over) => Ok(over.view(site)),
        Err(_gone) => Err(lost(site)),
    }
}

/// How the last sign-in to a site is, if there was one.
fn shown(engine: &Engine, site: &dyn Site) -> Option<SignInView> {
    let last = engine.sign_ins.last.borrow();
    let view = last.get(site.name())?.progress.borrow().view(site);
    Some(view)
}

/// Begins, unless another sign-in to the site goes on.
fn begin(
    engine: &Engine,
    site: &'static dyn Site,
) -> Result<(watch::Receiver<Progress>, CancellationToken), Failure> {
    let mut last = engine.sign_ins.last.borrow_mut();
    if let Some(begun) = last.get(site.name())
        && !begun.progress.borrow().is_over()
    {
        return Err(Failure::new(
            FailureCode::Busy,
            format!("somebody is signing in to {} already", site.title()),
        )
        .with_remedy(format!(
            "Finish it on its page, or end it with `listsync providers sign-in {} --cancel`.",
            site.name()
        )));
    }
    let (sender, progress) = watch::channel(Progress::Beginning);
    let cancel = CancellationToken::new();
    actix_rt::spawn(task::run(engine.clone(), site, sender, cancel.clone()));
    last.insert(
        site.name(),
        Begun {
            progress: progress.clone(),
            cancel: cancel.clone(),
        },
    );
    Ok((progress, cancel))
}

/// Waits until the person can be told what to do.
async fn begun(
    site: &dyn Site,
    progress: &mut watch::Receiver<Progress>,
) -> Result<SignInView, Failure> {
    let has_begun = |progress: &Progress| !matches!(progress, Progress::Beginning);
    let begun = progress.wait_for(has_begun).await;
    begun.map_err(|_gone| lost(site))?.result(site)
}

/// Waits until it is over.
async fn ended(
    site: &dyn Site,
    progress: &mut watch::Receiver<Progress>,
) -> Result<SignInView, Failure> {
    let ended = progress.wait_for(Progress::is_over).await;
    ended.map_err(|_gone| lost(site))?.result(site)
}

fn lost(site: &dyn Site) -> Failure {
    let message = format!(
        "the sign-in to {} was lost: ListSync is ending",
        site.title()
    );
    Failure::new(FailureCode::Unavailable, message).with_remedy(site::again(site))
}
