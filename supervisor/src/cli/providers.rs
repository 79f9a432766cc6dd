//! `listsync providers`: the table of sites lists are read from, and signing out of them. Leaves
//! signing in to `providers_sign_in`.

use std::time::Duration;

use clap::Subcommand;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use runtime::{
    Environment,
    settings::{PathSettings, likely_paths},
    socket::client::Client,
};
use schema::wire::{
    Link,
    sync::{
        FromSyncWorker, ProviderView, ProvidersRequest, SignInState, SignOut, SyncLink,
        ToSyncWorker,
    },
};

use super::{
    error::CommandError,
    exit::Exit,
    providers_sign_in,
    session::Session,
    table::{Cell, Table},
    tail::visible,
    terminal::{Look, Tone},
};

/// How long a person who pressed the tabulator is kept waiting.
const PATIENCE: Duration = Duration::from_millis(300);

/// Arguments of `providers`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign in to a site, for lists that only you see
    #[command(after_help = super::exit::SIGN_IN)]
    SignIn(providers_sign_in::Args),
    /// Forget the tokens of an account
    SignOut(SignOutArgs),
}

/// Arguments of `providers sign-out`.
#[derive(Debug, clap::Args)]
struct SignOutArgs {
    /// The site: trakt, simkl, …
    #[arg(value_name = "NAME", add = sites())]
    name: String,
    /// The account; may be left out when there is only one
    #[arg(value_name = "ACCOUNT")]
    account: Option<String>,
}

/// Shows the sites, or signs in or out.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    match args.command {
        Some(Command::SignIn(args)) => return providers_sign_in::run(session, args).await,
        Some(Command::SignOut(args)) => return sign_out(session, args).await,
        None => {}
    }
    let asked = ToSyncWorker::Providers(ProvidersRequest {});
    let FromSyncWorker::Providers(views) = session.ask_sync_worker(asked).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&views.providers)?;
    } else {
        let look = session.look();
        let text = table(&views.providers, look) + &problems(&views.providers);
        session.terminal.say(&text)?;
    }
    Ok(Exit::Done)
}

async fn sign_out(session: &Session, args: SignOutArgs) -> Result<Exit, CommandError> {
    let asked = ToSyncWorker::SignOut(SignOut {
        provider: args.name,
        account: args.account,
    });
    let FromSyncWorker::SignedOut(out) = session.ask_sync_worker(asked).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&out)?;
    } else {
        let account = visible(&out.account, Look::PIPE);
        session
            .terminal
            .say(&format!("signed {account} out of {}", out.provider))?;
        session.terminal.tell(
            "  its tokens are forgotten here; the site may go on listing ListSync among the account's \
             applications",
        );
    }
    Ok(Exit::Done)
}

fn table(sites: &[ProviderView], look: Look) -> String {
    let mut table = Table::new(&["name", "site", "reads", "needs", "state"]);
    for site in sites {
        let (tone, state) = state(site);
        table.row([
            site.name.as_str().into(),
            site.title.as_str().into(),
            reads(site).into(),
            needs(site).into(),
            Cell::toned(tone, state),
        ]);
    }
    table.render(look)
}

/// One address that the site takes, since all of them fill a page.
fn reads(site: &ProviderView) -> String {
    let address = site.accepts.iter().find(|form| form.contains("://"));
    let form = address.or(site.accepts.first());
    form.cloned().unwrap_or_default()
}

fn needs(site: &ProviderView) -> String {
    let mut needs = Vec::new();
    needs.extend(site.key_variable.clone().or(site.needs_key.clone()));
    needs.extend(site.needs_browser.then(|| "the browser".to_owned()));
    needs.extend(
        site.has_sign_in
            .then(|| "sign-in for private lists".to_owned()),
    );
    if needs.is_empty() {
        return "nothing".to_owned();
    }
    needs.join(", ")
}

fn state(site: &ProviderView) -> (Tone, String) {
    if !site.is_enabled {
        return (Tone::Faint, "switched off".to_owned());
    }
    let lost = |site: &ProviderView| site.accounts.iter().any(|it| it.problem.is_some());
    if lost(site) {
        return (Tone::Bad, "sign in again".to_owned());
    }
    if site.needs_key.is_some() && !site.has_key {
        return (Tone::Warning, "no key".to_owned());
    }
    let goes_on = site
        .sign_in
        .as_ref()
        .is_some_and(|sign_in| sign_in.state == SignInState::Waiting);
    if goes_on {
        return (Tone::Warning, "signing in".to_owned());
    }
    if site.accounts.is_empty() {
        return (Tone::Good, "ready".to_owned());
    }
    let names: Vec<_> = site.accounts.iter().map(|it| it.account.as_str()).collect();
    (Tone::Good, format!("ready, as {}", names.join(", ")))
}

/// What is wrong with accounts, below the table: a cell is too narrow for a sentence.
fn problems(sites: &[ProviderView]) -> String {
    let mut text = String::new();
    for site in sites {
        for problem in site.accounts.iter().filter_map(|it| it.problem.as_ref()) {
            let line = format!("  {}: {}\n", site.name, visible(problem, Look::PIPE));
            text.push_str(&line);
        }
    }
    text
}

/// Offers the sites one can sign in to, while a command is typed.
pub(super) fn sites() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        // Whatever is wrong with the surroundings, a command that is being typed is no place to say so.
        let Ok(environment) = Environment::from_process() else {
            return Vec::new();
        };
        let known = likely_paths(&environment, None).and_then(|paths| known(&paths));
        let sites = known.unwrap_or_default().into_iter();
        sites
            .filter(|site| site.has_sign_in)
            .map(|site| CompletionCandidate::new(site.name).help(Some(site.title.into())))
            .collect()
    })
}

/// What the sync-worker has; none where it does not answer in time.
fn known(paths: &PathSettings) -> Option<Vec<ProviderView>> {
    let client = Client::<SyncLink>::new(paths);
    let asked = async {
        let asked = client.call(ToSyncWorker::Providers(ProvidersRequest {}));
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(FromSyncWorker::Providers(views))) => Some(views.providers),
            _ => None,
        }
    };
    actix::System::new().block_on(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::wire::{
        Failure, FailureCode,
        sync::{AccountView, ProviderViews, SignedOut},
    };

    fn site(name: &str, title: &str) -> ProviderView {
        ProviderView {
            name: name.into(),
            title: title.into(),
            accepts: vec!["top".into(), format!("https://{name}.example/LIST")],
            is_enabled: true,
            needs_key: None,
            key_variable: None,
            has_key: false,
            needs_browser: false,
            has_sign_in: false,
            accounts: Vec::new(),
            sign_in: None,
            notice: None,
        }
    }

    fn account(name: &str, problem: Option<&str>) -> AccountView {
        AccountView {
            account: name.into(),
            signed_in_at: at(0),
            expires_at: None,
            problem: problem.map(Into::into),
        }
    }

    fn sites() -> Vec<ProviderView> {
        let keyed = |name: &str, title: &str, variable: &str| ProviderView {
            needs_key: Some(format!("providers.{name}.key")),
            key_variable: Some(variable.into()),
            ..site(name, title)
        };
        vec![
            site("imdb", "IMDb"),
            ProviderView {
                needs_browser: true,
                is_enabled: false,
                ..site("letterboxd", "Letterboxd")
            },
            ProviderView {
                has_sign_in: true,
                has_key: true,
                accounts: vec![account(
                    "1234",
                    Some("Simkl does not accept the sign-in of 1234 any more. Sign in."),
                )],
                ..keyed("simkl", "Simkl", "SIMKL_CLIENT_ID")
            },
            keyed("tmdb", "TMDB", "TMDB_KEY"),
            ProviderView {
                has_sign_in: true,
                has_key: true,
                accounts: vec![account("alice", None), account("bob", None)],
                ..keyed("trakt", "Trakt", "TRAKT_CLIENT_ID")
            },
        ]
    }

    fn serve(world: &World) {
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Providers(_) => {
                vec![FromSyncWorker::Providers(ProviderViews {
                    providers: sites(),
                })]
            }
            ToSyncWorker::SignOut(out) => {
                vec![out.account.map_or_else(
                    || Failure::new(FailureCode::NotFound, "nobody is signed in").into(),
                    |account| {
                        FromSyncWorker::SignedOut(SignedOut {
                            provider: out.provider,
                            account,
                        })
                    },
                )]
            }
            other => panic!("{other:?}"),
        });
    }

    #[actix_rt::test]
    async fn every_site_is_shown_with_what_it_needs_and_how_it_is() {
        let world = World::new();
        serve(&world);
        run(&world.session, Args { command: None }).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        name        site        reads                            needs                                       state
        imdb        IMDb        https://imdb.example/LIST        nothing                                     ready
        letterboxd  Letterboxd  https://letterboxd.example/LIST  the browser                                 switched off
        simkl       Simkl       https://simkl.example/LIST       SIMKL_CLIENT_ID, sign-in for private lists  sign in again
        tmdb        TMDB        https://tmdb.example/LIST        TMDB_KEY                                    no key
        trakt       Trakt       https://trakt.example/LIST       TRAKT_CLIENT_ID, sign-in for private lists  ready, as alice, bob
          simkl: Simkl does not accept the sign-in of 1234 any more. Sign in.
        ");
    }

    #[actix_rt::test]
    async fn a_machine_reads_all_of_it() {
        let world = World::new().json();
        serve(&world);
        run(&world.session, Args { command: None }).await.unwrap();
        let read: Vec<ProviderView> = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(read, sites());
    }

    #[actix_rt::test]
    async fn signing_out_names_the_account_or_says_why_not() {
        let world = World::new();
        serve(&world);
        let args = |account: Option<&str>| Args {
            command: Some(Command::SignOut(SignOutArgs {
                name: "trakt".into(),
                account: account.map(Into::into),
            })),
        };
        run(&world.session, args(Some("alice"))).await.unwrap();
        assert_eq!(world.printed(), "signed alice out of trakt\n");
        assert!(world.told().contains("tokens are forgotten"));
        let error = run(&world.session, args(None)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(error.text(), "listsync: nobody is signed in");
    }
}
