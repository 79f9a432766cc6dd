//! One sign-in from its beginning to its end: asks the site, waits, stores the account.

use std::time::Duration;

use runtime::Chain;
use schema::wire::{
    Failure, FailureCode,
    sync::{SignInState, SignInView},
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    accounts,
    site::{Answer, Call, Pin, Polled, Site, Tokens, expired, not_understood},
    state::{Next, Polling},
};
use crate::engine::Engine;

/// Tries of asking for the account's name: the tokens must not be lost for one answer that fails.
const TRIES: u32 = 3;
/// Pause between them.
const PAUSE: Duration = Duration::from_millis(500);

/// How far a sign-in is.
pub(super) enum Progress {
    /// The site has not answered yet.
    Beginning,
    /// The site waits for the person.
    Waiting {
        user_code: Option<String>,
        url: String,
        until: Instant,
    },
    /// Done; the account's name.
    SignedIn(String),
    /// It came to nothing.
    Failed(Failure),
    /// Somebody ended it.
    Cancelled,
}

impl Progress {
    pub(super) fn is_over(&self) -> bool {
        !matches!(self, Self::Beginning | Self::Waiting { .. })
    }

    /// As people see it.
    pub(super) fn view(&self, site: &dyn Site) -> SignInView {
        let mut view = SignInView {
            provider: site.name().to_owned(),
            state: SignInState::Waiting,
            user_code: None,
            verification_url: None,
            expires_in_s: 0,
            account: None,
            problem: None,
            remedy: None,
        };
        match self {
            Self::Beginning => {}
            Self::Waiting {
                user_code,
                url,
                until,
            } => {
                view.user_code.clone_from(user_code);
                view.verification_url = Some(url.clone());
                view.expires_in_s = until.saturating_duration_since(Instant::now()).as_secs();
            }
            Self::SignedIn(account) => {
                view.state = SignInState::SignedIn;
                view.account = Some(account.clone());
            }
            Self::Failed(failure) => {
                view.state = SignInState::Failed;
                view.problem = Some(failure.message.clone());
                view.remedy.clone_from(&failure.remedy);
            }
            Self::Cancelled => view.state = SignInState::Cancelled,
        }
        view
    }

    /// The same, where an end without an account is an error.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn result(&self, site: &dyn Site) -> Result<SignInView, Failure> {
        match self {
            Self::Failed(failure) => Err(failure.clone()),
            Self::Cancelled => Err(Failure::new(
                FailureCode::Cancelled,
                format!("the sign-in to {} was ended", site.title()),
            )),
            _ => Ok(self.view(site)),
        }
    }
}

/// Carries it out. Whoever follows `sender` hears how it goes.
pub(super) async fn run(
    engine: Engine,
    site: &'static dyn Site,
    sender: watch::Sender<Progress>,
    cancel: CancellationToken,
) {
    let signed_in = sign_in(&engine, site, &sender, &cancel).await;
    let end = match signed_in {
        Ok(Some(account)) => {
            tracing::info!(provider = site.name(), "signed in to {}", site.title());
            Progress::SignedIn(account)
        }
        Ok(None) => Progress::Cancelled,
        Err(failure) => {
            tracing::warn!(
                provider = site.name(),
                "signing in to {} came to nothing: {failure}",
                site.title()
            );
            Progress::Failed(failure)
        }
    };
    sender.send_replace(end);
}

/// The account's name; none when it was cancelled. Only waiting is cancelled: what was approved while
/// the site was asked counts.
async fn sign_in(
    engine: &Engine,
    site: &dyn Site,
    sender: &watch::Sender<Progress>,
    cancel: &CancellationToken,
) -> Result<Option<String>, Failure> {
    let first = site.begin(&engine.settings().settings.providers)?;
    let answer = tokio::select! {
        answer = send(engine, site, first) => answer?,
        () = cancel.cancelled() => return Ok(None),
    };
    let pin = site.begun(&engine.settings().settings.providers, &answer)?;
    let begun = Instant::now();
    sender.send_replace(Progress::Waiting {
        user_code: pin.user_code.clone(),
        url: pin.url.clone(),
        until: begun + pin.lifetime,
    });
    let mut polling = Polling::new(pin.interval, pin.lifetime);
    let mut pause = polling.first();
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => return Ok(None),
        }
        match polling.after(poll(engine, site, &pin).await?, begun.elapsed()) {
            Next::Wait(next) => pause = next,
            Next::Done(tokens) => return keep(engine, site, tokens).await.map(Some),
            Next::Over(failure) => return Err(failure),
            Next::Expired => return Err(expired(site)),
        }
    }
}

/// Asks whether the person has said yes. A site that does not answer is asked again.
async fn poll(engine: &Engine, site: &dyn Site, pin: &Pin) -> Result<Polled, Failure> {
    let call = site.poll(&engine.settings().settings.providers, pin)?;
    Ok(match send(engine, site, call).await {
        Ok(answer) => site.polled(&answer),
        Err(failure) => {
            tracing::debug!("{failure}");
            Polled::Trouble
        }
    })
}

/// Stores the account.
async fn keep(engine: &Engine, site: &dyn Site, tokens: Tokens) -> Result<String, Failure> {
    let account = match &tokens.account {
        Some(account) => account.clone(),
        None => account(engine, site, &tokens).await?,
    };
    accounts::store(engine, site, &account, &tokens)
        .await
        .map_err(|error| {
            tracing::error!("an account cannot be stored: {}", Chain(&error));
            Failure::new(
                FailureCode::Internal,
                format!("the account on {} could not be stored", site.title()),
            )
        })?;
    Ok(account)
}

async fn account(engine: &Engine, site: &dyn Site, tokens: &Tokens) -> Result<String, Failure> {
    let mut tries = 1;
    loop {
        let call = site.who(&engine.settings().settings.providers, tokens)?;
        let failure = match send(engine, site, call).await {
            Ok(answer) if answer.is_success() => {
                return site
                    .account(&answer)
                    .filter(|name| !name.contains(char::is_control))
                    .ok_or_else(|| not_understood(site));
            }
            Ok(answer) => super::site::unexpected(site, &answer),
            Err(failure) => failure,
        };
        if tries == TRIES {
            return Err(failure);
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(engine: &Engine, site: &dyn Site, call: Call) -> Result<Answer, Failure> {
    let unreachable = |why: String| {
        Failure::new(
            FailureCode::Unavailable,
            format!("{} cannot be reached: {why}", site.title()),
        )
        .with_remedy("Look at the connection of this machine to the internet, then try again.")
    };
    let http = engine.sign_ins.http();
    let http = http.map_err(|error| unreachable(error.told()))?;
    let answer = http.send(call).await;
    answer.map_err(|error| unreachable(error.told()))
}
