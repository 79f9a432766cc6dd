//! `listsync providers sign-in`: shows what to do on the site, waits for it, and names the account.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runtime::{
    counted,
    socket::client::{CallError, Stream},
};
use schema::wire::{
    Link,
    sync::{FromSyncWorker, SignIn, SignInState, SignInView, SyncLink, ToSyncWorker},
};

use super::{
    error::CommandError,
    exit::Exit,
    providers,
    session::Session,
    tail::visible,
    terminal::{Look, Tone},
};

/// How often the sign of life moves.
const BEAT: Duration = Duration::from_millis(120);

/// Arguments of `providers sign-in`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The site: trakt, simkl, …
    #[arg(value_name = "NAME", add = providers::sites())]
    name: String,
    /// End the sign-in that somebody began, here or in the dashboard
    #[arg(long)]
    cancel: bool,
}

/// Signs in, or ends a sign-in that goes on.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = SignIn {
        provider: args.name,
    };
    if args.cancel {
        return cancel(session, request).await;
    }
    tokio::select! {
        signed_in = sign_in(session, request) => signed_in,
        // The connection is closed with it, which ends the sign-in.
        _ = tokio::signal::ctrl_c() => Err(CommandError::Interrupted(
            "ended; nobody is signed in by this".into(),
        )),
    }
}

async fn cancel(session: &Session, request: SignIn) -> Result<Exit, CommandError> {
    let asked = ToSyncWorker::CancelSignIn(request);
    let FromSyncWorker::SignIn(view) = session.ask_sync_worker(asked).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&view)?;
    } else if view.state == SignInState::SignedIn {
        tell_end(session, &view)?;
    } else {
        let text = format!("the sign-in to {} is ended", view.provider);
        session.terminal.say(&text)?;
    }
    Ok(Exit::Done)
}

async fn sign_in(session: &Session, request: SignIn) -> Result<Exit, CommandError> {
    let client = session.sync_worker().await?;
    let mut stream = match client.stream(ToSyncWorker::SignIn(request)).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let first = next(&mut stream).await?;
    if session.json {
        session.terminal.say_json(&first)?;
    } else {
        session.terminal.say(&what_to_do(&first, session.look()))?;
    }
    let bar = waiting(session);
    let last = next(&mut stream).await;
    bar.finish_and_clear();
    let last = last?;
    if session.json {
        session.terminal.say_json(&last)?;
    } else {
        tell_end(session, &last)?;
    }
    Ok(Exit::Done)
}

async fn next(stream: &mut Stream<SyncLink>) -> Result<SignInView, CommandError> {
    match stream.next().await {
        Ok(Some(FromSyncWorker::SignIn(view))) => Ok(view),
        Ok(_) => Err(CommandError::unexpected(SyncLink::PEER)),
        Err(CallError::Lost { .. }) => Err(CommandError::told(
            "the sync-worker was restarted, and the sign-in was lost with it",
            "Begin again; the code that was shown is of no use any more.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// What the person has to do on the site. Addresses and codes come from there.
fn what_to_do(view: &SignInView, look: Look) -> String {
    let shown = |text: &Option<String>| visible(text.as_deref().unwrap_or_default(), Look::PIPE);
    let url = shown(&view.verification_url);
    let minutes = counted(view.expires_in_s.div_ceil(60), "minute", "minutes");
    let task = match &view.user_code {
        Some(_) => {
            let code = look.paint(Tone::Good, &shown(&view.user_code));
            format!("Open {url}\nand enter  {code}")
        }
        None => format!("Open {url}\nand say yes there."),
    };
    format!("{task}\nThere are {minutes} for it; Ctrl-C ends it.")
}

/// A sign of life, where somebody sees it.
fn waiting(session: &Session) -> ProgressBar {
    if session.json || !session.terminal.shows_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is fixed; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_message("waiting for you to say yes there");
    bar.enable_steady_tick(BEAT);
    bar
}

fn tell_end(session: &Session, view: &SignInView) -> Result<(), CommandError> {
    let account = visible(view.account.as_deref().unwrap_or_default(), Look::PIPE);
    let text = format!("signed in to {} as {account}", view.provider);
    session.terminal.say(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::{Failure, FailureCode};

    fn view(state: SignInState) -> SignInView {
        SignInView {
            provider: "trakt".into(),
            state,
            user_code: Some("AB12CD34".into()),
            verification_url: Some("https://trakt.example/activate".into()),
            expires_in_s: 599,
            account: (state == SignInState::SignedIn).then(|| "alice".into()),
            problem: None,
            remedy: None,
        }
    }

    fn args(cancel: bool) -> Args {
        Args {
            name: "trakt".into(),
            cancel,
        }
    }

    #[actix_rt::test]
    async fn it_shows_code_and_address_and_then_the_account() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            [SignInState::Waiting, SignInState::SignedIn]
                .map(|state| FromSyncWorker::SignIn(view(state)))
                .into()
        });
        assert_eq!(run(&world.session, args(false)).await.unwrap(), Exit::Done);
        insta::assert_snapshot!(world.printed(), @"
        Open https://trakt.example/activate
        and enter  AB12CD34
        There are 10 minutes for it; Ctrl-C ends it.
        signed in to trakt as alice
        ");
    }

    #[test]
    fn where_there_is_no_code_the_page_is_enough_and_none_drives_the_terminal() {
        let view = SignInView {
            user_code: None,
            verification_url: Some("https://x.example/\u{1b}[2J".into()),
            expires_in_s: 60,
            ..view(SignInState::Waiting)
        };
        let text = what_to_do(&view, Look::PIPE);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(
            text.contains("say yes there") && text.contains("1 minute for it"),
            "{text}"
        );
    }

    #[actix_rt::test]
    async fn a_machine_reads_a_line_for_each_step() {
        let world = World::new().json();
        world.serve::<SyncLink>(|_| {
            [SignInState::Waiting, SignInState::SignedIn]
                .map(|state| FromSyncWorker::SignIn(view(state)))
                .into()
        });
        run(&world.session, args(false)).await.unwrap();
        let states: Vec<SignInState> = world
            .printed()
            .lines()
            .map(|line| serde_json::from_str::<SignInView>(line).unwrap().state)
            .collect();
        assert_eq!(states, [SignInState::Waiting, SignInState::SignedIn]);
    }

    #[actix_rt::test]
    async fn a_no_and_a_restart_say_what_to_do() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let no = Failure::new(FailureCode::Conflict, "the sign-in was denied on its page")
                .with_remedy("Begin again.");
            vec![
                FromSyncWorker::SignIn(view(SignInState::Waiting)),
                no.into(),
            ]
        });
        let error = run(&world.session, args(false)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.text(),
            "listsync: the sign-in was denied on its page\n  Begin again."
        );
        let world = World::new();
        world.serve::<SyncLink>(|_| Vec::new());
        let error = run(&world.session, args(false)).await.unwrap_err();
        insta::assert_snapshot!(error.text(), @"
        listsync: the sync-worker was restarted, and the sign-in was lost with it
          Begin again; the code that was shown is of no use any more.
        ");
    }

    #[actix_rt::test]
    async fn one_that_goes_on_can_be_ended() {
        let world = World::new();
        world.serve::<SyncLink>(|request| {
            assert!(matches!(request, ToSyncWorker::CancelSignIn(_)));
            vec![FromSyncWorker::SignIn(view(SignInState::Cancelled))]
        });
        run(&world.session, args(true)).await.unwrap();
        assert_eq!(world.printed(), "the sign-in to trakt is ended\n");
    }
}
