//! `listsync tail`: the ends of the logs, and with `-f` what is added to them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Local;
use runtime::socket::client::CallError;
use schema::wire::{
    Link,
    supervisor::{FromSupervisor, LogLevel, LogLine, SupervisorLink, TailRequest, ToSupervisor},
};

use super::{
    error::CommandError, exit::Exit, moment, program_names, session::Session, terminal::Look,
};

/// What `tail --help` says beyond the arguments.
pub(super) const EXAMPLES: &str = "\
Examples:
    listsync tail -f                          all logs, and what is added to them
    listsync tail -n 100 api sync-worker      the last hundred lines of two
    listsync tail --since 10m --level error   all errors of the last ten minutes
    listsync tail --since yesterday api       since midnight before today's, local time

Exit codes:
    0  all was printed
    1  there is no such log
    2  --since names no moment
    4  the supervisor cannot be reached; with -f: it has ended";

/// Lines from the end where nobody says how many, nor since when.
const LINES: u32 = 10;

/// Arguments of `tail`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs, or `supervisor` for its own log; all when none is named
    #[arg(value_name = "NAME", add = program_names::programs_and_supervisor())]
    names: Vec<String>,
    /// Lines from the end to begin with [default: 10; with --since all]
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<u32>,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only lines written since then: `10m`, `2h`, `3d`, `17:04`, `today`, `yesterday`, or a date with
    /// time as in 2026-03-01T17:04:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only lines of this level or a graver one; a line that tells no level counts as `info`
    #[arg(long, value_name = "LEVEL", ignore_case = true)]
    level: Option<Level>,
}

/// Levels as the settings name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    Trace,
    Debug,
    Info,
    #[value(alias = "warn")]
    Warning,
    #[value(aliases = ["critical", "fatal"])]
    Error,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warning => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

/// Prints the lines as they come; with a name in front when there may be several programs.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let follow = args.follow;
    let request = request(session, args)?;
    let mut printer = Printer::new(session, &request.names);
    let mut stream = session
        .supervisor()?
        .stream(ToSupervisor::Tail(request))
        .await?;
    loop {
        match stream.next().await {
            Ok(Some(FromSupervisor::Line(line))) => printer.line(&line)?,
            Ok(Some(FromSupervisor::TailEnded(_)) | None) | Err(CallError::Lost { .. })
                if follow =>
            {
                return Err(CommandError::supervisor_ended());
            }
            Ok(Some(FromSupervisor::TailEnded(_)) | None) => return Ok(Exit::Done),
            Ok(Some(_)) => return Err(CommandError::unexpected(SupervisorLink::PEER)),
            Err(error) => return Err(error.into()),
        }
    }
}

fn request(session: &Session, args: Args) -> Result<TailRequest, CommandError> {
    let now = session.clock.now_utc();
    let since = match args.since.as_deref() {
        None => None,
        Some(text) if session.look().utc => Some(moment::parse(text, &now)?),
        Some(text) => Some(moment::parse(text, &now.with_timezone(&Local))?),
    };
    Ok(TailRequest {
        names: asked(args.names),
        lines: args.lines.or(since.is_none().then_some(LINES)),
        follow: args.follow,
        since,
        level: args.level.map(LogLevel::from),
    })
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

struct Printer<'a> {
    session: &'a Session,
    /// Columns of the names in front; none where one program is all there is.
    names: Option<usize>,
    /// Numbers of the colours that programs have, in the order they first wrote something.
    colours: BTreeMap<String, usize>,
}

impl<'a> Printer<'a> {
    /// Wide enough for our programs, and for those of the owner that are named.
    fn new(session: &'a Session, names: &[String]) -> Self {
        let width = names.iter().map(|name| name.chars().count()).max();
        Self {
            session,
            names: (names.len() != 1).then(|| width.unwrap_or(0).max(14)),
            colours: BTreeMap::new(),
        }
    }

    fn line(&mut self, line: &LogLine) -> Result<(), CommandError> {
        if self.session.json {
            return self.session.terminal.say_json(line);
        }
        let look = self.session.look();
        let name = self.name(&line.name, look);
        let text = visible(&line.text, look);
        self.session.terminal.say(&match line.skipped {
            0 => format!("{name}{text}"),
            skipped => format!("{name}[{skipped} lines left out]\n{name}{text}"),
        })
    }

    fn name(&mut self, name: &str, look: Look) -> String {
        let Some(width) = self.names else {
            return String::new();
        };
        let next = self.colours.len();
        let colour = *self.colours.entry(name.to_owned()).or_insert(next);
        look.paint_one_of(colour, &format!("{name:<width$} | "))
    }
}

/// What a program wrote cannot drive the terminal; colours of its own may stay.
pub(super) fn visible(text: &str, look: Look) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut shown = plain(pieces.next().unwrap_or_default());
    for piece in pieces {
        let is_kept = look.colour && begins_as_colour(piece);
        shown.push(if is_kept { '\u{1b}' } else { '\u{fffd}' });
        shown.push_str(&plain(piece));
    }
    shown
}

fn plain(text: &str) -> String {
    let keeps = |sign: char| !sign.is_control() || sign == '\t';
    text.chars()
        .map(|sign| if keeps(sign) { sign } else { '\u{fffd}' })
        .collect()
}

/// Whether what follows an escape sign is a colour. Other such texts set titles or the clipboard, or
/// move the cursor.
fn begins_as_colour(rest: &str) -> bool {
    let is_number = |sign: char| sign.is_ascii_digit() || matches!(sign, ';' | ':');
    rest.strip_prefix('[')
        .is_some_and(|rest| rest.trim_start_matches(is_number).starts_with('m'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
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
            lines: Some(5),
            follow,
            since: None,
            level: None,
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

    fn parsed(words: &[&str]) -> Args {
        use clap::{Args as _, FromArgMatches as _};
        let command = Args::augment_args(clap::Command::new("tail").no_binary_name(true));
        Args::from_arg_matches(&command.get_matches_from(words)).unwrap()
    }

    #[test]
    fn ten_lines_are_enough_unless_a_moment_is_named() {
        let world = World::new();
        let request = |words: &[&str]| request(&world.session, parsed(words)).unwrap();
        assert_eq!(request(&[]).lines, Some(10));
        assert_eq!(request(&["-n", "3"]).lines, Some(3));
        let since = request(&["--since", "10m", "-f", "api"]);
        assert_eq!(since.lines, None);
        assert_eq!(since.since, Some(at(3000)));
        assert!(since.follow);
        assert_eq!(request(&["--since", "10m", "-n", "3"]).lines, Some(3));
    }

    #[test]
    fn levels_have_the_names_of_the_settings() {
        let world = World::new();
        for (word, level) in [
            ("warning", LogLevel::Warn),
            ("WARN", LogLevel::Warn),
            ("critical", LogLevel::Error),
            ("error", LogLevel::Error),
            ("debug", LogLevel::Debug),
        ] {
            let args = parsed(&["--level", word]);
            assert_eq!(
                request(&world.session, args).unwrap().level,
                Some(level),
                "{word}"
            );
        }
    }

    #[test]
    fn a_moment_that_is_none_is_refused_before_anybody_is_asked() {
        let world = World::new();
        let error = request(&world.session, parsed(&["--since", "soon"])).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.text().contains("yesterday"), "{}", error.text());
    }

    #[test]
    fn colours_of_a_program_stay_and_nothing_else_drives_the_terminal() {
        let look = Look {
            colour: true,
            ..Look::PIPE
        };
        let coloured = "\u{1b}[1;31mred\u{1b}[0m \u{1b}[38:5:2mgreen\u{1b}[m";
        assert_eq!(visible(coloured, look), coloured);
        assert_eq!(visible("\u{1b}[31mred", Look::PIPE), "\u{fffd}[31mred");
        for text in ["[2J", "]52;c;aGk=\u{1b}\\", "[?1049h", "c", "[31", ""] {
            let shown = visible(&format!("\u{1b}{text}"), look);
            assert!(!shown.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn each_program_has_a_colour_of_its_own() {
        let world = World::new();
        let mut printer = Printer::new(&world.session, &[]);
        let look = Look {
            colour: true,
            ..Look::PIPE
        };
        let api = printer.name("api", look);
        let sync = printer.name("sync-worker", look);
        assert_ne!(api.get(..5), sync.get(..5));
        assert_eq!(printer.name("api", look), api);
    }
}
