//! `listsync tail`: the ends of the logs, and with `-f` what is added to them.

use std::collections::BTreeSet;

use runtime::socket::client::CallError;
use schema::wire::{
    Link,
    supervisor::{FromSupervisor, LogLine, SupervisorLink, TailRequest, ToSupervisor},
};

use super::{
    error::CommandError,
    exit::Exit,
    session::Session,
    terminal::{Look, Tone},
};

/// Arguments of `tail`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs, or `supervisor` for its own log; all when none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Lines from the end to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: u32,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// Prints the lines as they come; with a name in front when there may be several programs.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let names = asked(args.names);
    let with_name = names.len() != 1;
    let request = TailRequest {
        names,
        lines: Some(args.lines),
        follow: args.follow,
    };
    let mut stream = session
        .supervisor()?
        .stream(ToSupervisor::Tail(request))
        .await?;
    loop {
        match stream.next().await {
            Ok(Some(FromSupervisor::Line(line))) if session.json => {
                session.terminal.say_json(&line)?;
            }
            Ok(Some(FromSupervisor::Line(line))) => {
                session
                    .terminal
                    .say(&text(&line, with_name, session.look()))?;
            }
            Ok(Some(FromSupervisor::TailEnded(_)) | None) | Err(CallError::Lost { .. })
                if args.follow =>
            {
                return Err(ended());
            }
            Ok(Some(FromSupervisor::TailEnded(_)) | None) => return Ok(Exit::Done),
            Ok(Some(_)) => return Err(CommandError::unexpected(SupervisorLink::PEER)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Each name once; none, which means all, where `all` is among them.
fn asked(names: Vec<String>) -> Vec<String> {
    if names.iter().any(|name| name == "all") {
        return Vec::new();
    }
    let mut known = BTreeSet::new();
    let names = names.into_iter();
    names.filter(|name| known.insert(name.clone())).collect()
}

fn ended() -> CommandError {
    CommandError::Told {
        message: "the supervisor has ended, nothing more will come".into(),
        remedy: Some(
            "Its last words are in its log file, supervisor.log in the log directory.".into(),
        ),
        exit: Exit::Unreachable,
    }
}

fn text(line: &LogLine, with_name: bool, look: Look) -> String {
    let name = if with_name {
        look.paint(Tone::Faint, &format!("{:<14} | ", line.name))
    } else {
        String::new()
    };
    let text = visible(&line.text, look);
    match line.skipped {
        0 => format!("{name}{text}"),
        skipped => format!("{name}[{skipped} lines left out]\n{name}{text}"),
    }
}

/// What a program wrote cannot drive the terminal; colours of its own may stay.
pub(super) fn visible(text: &str, look: Look) -> String {
    let keeps =
        |sign: char| !sign.is_control() || sign == '\t' || (sign == '\u{1b}' && look.colour);
    text.chars()
        .map(|sign| if keeps(sign) { sign } else { '\u{fffd}' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::supervisor::TailEnded;

    fn line(name: &str, text: &str, skipped: u64) -> FromSupervisor {
        FromSupervisor::Line(LogLine {
            name: name.into(),
            text: text.into(),
            skipped,
        })
    }

    fn args(names: &[&str], follow: bool) -> Args {
        Args {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            lines: 5,
            follow,
        }
    }

    fn world() -> World {
        let world = World::new();
        world.serve::<SupervisorLink>(|request| {
            assert!(matches!(
                request,
                ToSupervisor::Tail(TailRequest { lines: Some(5), .. })
            ));
            let end = FromSupervisor::TailEnded(TailEnded {});
            vec![
                line("api", "one", 0),
                line("sync-worker", "two\u{7}", 3),
                end,
            ]
        });
        world
    }

    #[actix_rt::test]
    async fn several_logs_have_their_names_in_front() {
        let world = world();
        assert_eq!(
            run(&world.session, args(&[], false)).await.unwrap(),
            Exit::Done
        );
        insta::assert_snapshot!(world.printed(), @"
        api            | one
        sync-worker    | [3 lines left out]
        sync-worker    | two�
        ");
    }

    #[test]
    fn all_means_all_whatever_else_is_named_and_twice_is_once() {
        let asked = |names: &[&str]| asked(args(names, false).names);
        assert_eq!(asked(&["all"]), [""; 0]);
        assert_eq!(asked(&["api", "all"]), [""; 0]);
        assert_eq!(
            asked(&["api", "sync-worker", "api"]),
            ["api", "sync-worker"]
        );
    }

    #[actix_rt::test]
    async fn all_logs_have_their_names_in_front_also_when_asked_for_by_all() {
        let world = world();
        run(&world.session, args(&["all"], false)).await.unwrap();
        assert!(
            world.printed().starts_with("api            | one\n"),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn one_log_is_printed_as_it_is() {
        let world = world();
        run(&world.session, args(&["api"], false)).await.unwrap();
        assert!(world.printed().starts_with("one\n"));
    }

    #[actix_rt::test]
    async fn following_ends_with_a_clear_message_when_the_supervisor_goes_away() {
        let world = world();
        let error = run(&world.session, args(&["api"], true)).await.unwrap_err();
        assert!(
            error.text().contains("the supervisor has ended"),
            "{}",
            error.text()
        );
    }
}
