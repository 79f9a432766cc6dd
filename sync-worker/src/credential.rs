//! What a reading may show to its site: keys of the settings, tokens of accounts. The scraper-worker,
//! which reads hostile pages, holds none of its own.

use runtime::{Secret, Settings};
use schema::{
    models::Cause,
    wire::scraper::{Credential, FetchOutcome, ListFetched},
};

use crate::{
    engine::Engine,
    sign_in::{self, Problem},
};

/// What a reading gets along.
pub(crate) struct Given {
    pub(crate) credential: Option<Credential>,
    /// Why the account it should have been read as cannot be used.
    problem: Option<Problem>,
}

/// What a reading of this list of provider `list_type` needs, where it is there. Tokens are renewed
/// before they run out, which may take a while.
pub(crate) async fn of(engine: &Engine, list_type: &str, list_id: &str) -> Given {
    let mut credential = of_settings(&engine.settings().settings, list_type);
    let mut problem = None;
    if sign_in::has_accounts(list_type) {
        match sign_in::token(engine, list_type, list_id).await {
            // Whose list it is comes before whoever's token the settings have.
            Ok(Some((account, token)))
                if credential.token.is_none() || sign_in::is_owner(&account, list_id) =>
            {
                credential.account = Some(account);
                credential.token = Some(token.expose().to_owned());
            }
            Err(wrong) if credential.token.is_none() => problem = Some(wrong),
            Ok(_) | Err(_) => {}
        }
    }
    Given {
        credential: (credential != Credential::default()).then_some(credential),
        problem,
    }
}

impl Given {
    /// The outcome of the reading; where it was turned away for want of an account that cannot be used
    /// any more, it says so.
    pub(crate) fn explained(self, mut fetched: ListFetched) -> ListFetched {
        if let (
            Some(problem),
            FetchOutcome::Refused {
                reason,
                remedy,
                cause: Cause::NeedsSignIn | Cause::Private | Cause::NotFound,
            },
        ) = (self.problem, &mut fetched.outcome)
        {
            *reason = format!("{reason}; {}", problem.reason);
            *remedy = problem.remedy;
        }
        fetched
    }
}

fn of_settings(settings: &Settings, list_type: &str) -> Credential {
    let providers = &settings.providers;
    let (key, token) = match list_type {
        "trakt" => (&providers.trakt.client_id, &None),
        "tmdb" => (&providers.tmdb.key, &None),
        "tvdb" => (&providers.tvdb.key, &providers.tvdb.pin),
        "simkl" => (&providers.simkl.client_id, &providers.simkl.user_token),
        "mdblist" => (&providers.mdblist.key, &None),
        "myanimelist" => (&providers.myanimelist.client_id, &None),
        "plex" => (&None, &providers.plex.token),
        _ => (&None, &None),
    };
    let open = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
    Credential {
        key: open(key),
        token: open(token),
        account: None,
    }
}
