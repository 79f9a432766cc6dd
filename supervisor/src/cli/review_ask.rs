//! Asks a person for one waiting entry after the other. Leaves keeping what they say to `review`.

use schema::wire::{
    FailureCode,
    sync::{Choice, ReviewEntry, ReviewPage},
};
use tokio::signal::ctrl_c;

use super::{
    error::CommandError,
    prompt::{Keyboard, Prompt},
    review::{candidate, choice, entry_name, line, lists, pick, show},
    session::Session,
};

/// What a person answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Picked(Choice),
    Skip,
    Quit,
}

/// Asks until all are through or the person has enough.
pub(super) async fn run(session: &Session, page: &ReviewPage) -> Result<(), CommandError> {
    let keyboard = Keyboard::new(session.terminal.clone());
    tokio::select! {
        ended = converse(session, &keyboard, page) => ended,
        _ = ctrl_c() => Err(interrupted(session)),
    }
}

fn interrupted(session: &Session) -> CommandError {
    session.terminal.tell("");
    CommandError::Interrupted("ended; what was picked is kept".into())
}

async fn converse(
    session: &Session,
    prompt: &impl Prompt,
    page: &ReviewPage,
) -> Result<(), CommandError> {
    let (total, mut done) = (page.total, 0);
    for (number, entry) in (1..).zip(&page.entries) {
        session.terminal.say(&question(entry, number, total))?;
        match one(session, prompt, entry).await? {
            Said::Picked(_) => done += 1,
            Said::Skip => {}
            Said::Quit => break,
        }
    }
    let rest = total.saturating_sub(done);
    session.terminal.say(&match rest {
        0 => "Nothing waits any more.".to_owned(),
        rest => format!("{done} picked, {rest} wait."),
    })?;
    if done > 0 {
        session
            .terminal
            .tell("  `listsync sync` asks for what was picked, as the next run does anyway");
    }
    Ok(())
}

/// Asks for one entry until the answer can be kept.
async fn one(
    session: &Session,
    prompt: &impl Prompt,
    entry: &ReviewEntry,
) -> Result<Said, CommandError> {
    loop {
        // The end of what is typed is the end of the conversation, as Ctrl-C is.
        let typed = match prompt.line(&ways(entry)).await {
            Err(CommandError::Interrupted(_)) => return Err(interrupted(session)),
            typed => typed?,
        };
        let said = match understood(&typed, entry) {
            Ok(said) => said,
            Err(problem) => {
                session.terminal.say(&problem)?;
                continue;
            }
        };
        let Said::Picked(choice) = &said else {
            return Ok(said);
        };
        match pick(session, entry.item, choice.clone()).await {
            Ok(picked) => {
                show(session, &picked)?;
                return Ok(said);
            }
            Err(CommandError::Refused(failure)) if failure.code == FailureCode::NotFound => {
                session.terminal.say(&line(&failure.message))?;
                return Ok(Said::Skip);
            }
            Err(error @ CommandError::Refused(_)) => session.terminal.say(&error.text())?,
            Err(error) => return Err(error),
        }
    }
}

fn question(entry: &ReviewEntry, number: u32, total: u32) -> String {
    let mut lines = vec![
        String::new(),
        format!("{number} of {total}: {}", entry_name(entry)),
        format!("  on {}", lists(entry)),
    ];
    lines.extend(
        entry
            .reason
            .as_deref()
            .map(|reason| format!("  {}", line(reason))),
    );
    for (number, title) in (1..).zip(&entry.candidates) {
        lines.push(format!(
            "  {number:>2}  {}: {}",
            candidate(title),
            line(&title.reason)
        ));
    }
    lines.join("\n")
}

fn ways(entry: &ReviewEntry) -> String {
    let numbers = match entry.candidates.len() {
        0 => String::new(),
        1 => "1, ".to_owned(),
        most => format!("1-{most}, "),
    };
    format!("{numbers}movie:NUMBER, tv:NUMBER, tt…, (n)one, (s)kip or (q)uit:")
}

/// What was typed means; nothing is skipping.
fn understood(typed: &str, entry: &ReviewEntry) -> Result<Said, String> {
    match typed.to_lowercase().as_str() {
        "" | "s" | "skip" => return Ok(Said::Skip),
        "q" | "quit" => return Ok(Said::Quit),
        "n" => return Ok(Said::Picked(Choice::None)),
        _ => {}
    }
    let Ok(number) = typed.parse::<usize>() else {
        return choice(typed).map(Said::Picked);
    };
    let title = number
        .checked_sub(1)
        .and_then(|place| entry.candidates.get(place));
    match title {
        Some(title) => Ok(Said::Picked(Choice::Title {
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
        })),
        // A number of TMDB without its kind means two titles.
        None => Err(format!(
            "{number} is none of the titles above; write movie:{number} or tv:{number} if it is TMDB's number"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use schema::wire::{
        Failure,
        sync::{FromSyncWorker, Pick, SyncLink, ToSyncWorker},
    };

    use super::*;
    use crate::cli::{
        review::tests::{entry, pinned, title},
        session::tests::World,
    };

    /// Types these lines.
    struct Person(RefCell<Vec<&'static str>>);

    impl Prompt for Person {
        async fn line(&self, _question: &str) -> Result<String, CommandError> {
            let mut lines = self.0.borrow_mut();
            if lines.is_empty() {
                return Err(CommandError::Interrupted("the end".into()));
            }
            Ok(lines.remove(0).to_owned())
        }

        async fn secret(&self, question: &str) -> Result<String, CommandError> {
            self.line(question).await
        }
    }

    fn serve(world: &World) {
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::Pick(Pick { choice, item }) = request else {
                panic!("{request:?}")
            };
            let nobody = Choice::Title {
                media_type: schema::models::MediaType::Movie,
                tmdb_id: 404,
            };
            if choice == nobody {
                let failure = Failure::new(FailureCode::Invalid, "TMDB has no movie 404");
                return vec![failure.with_remedy("Look at the number.").into()];
            }
            if item == 9 {
                return vec![Failure::new(FailureCode::NotFound, "there is no entry 9").into()];
            }
            vec![FromSyncWorker::Picked(Box::new(pinned(&choice)))]
        });
    }

    fn page(items: &[i32]) -> ReviewPage {
        let entries: Vec<ReviewEntry> = items
            .iter()
            .map(|item| entry(*item, vec![title(1091, 1982), title(60_935, 2011)]))
            .collect();
        ReviewPage {
            total: u32::try_from(entries.len()).unwrap(),
            entries,
        }
    }

    #[actix_rt::test]
    async fn a_person_is_asked_until_the_answer_can_be_kept() {
        let world = World::new();
        serve(&world);
        let person = Person(RefCell::new(vec![
            "3",
            "what",
            "movie:404",
            "2",
            "",
            "n",
            "1",
            "q",
        ]));
        converse(&world.session, &person, &page(&[7, 8, 10, 9, 11, 12]))
            .await
            .unwrap();
        assert!(person.0.borrow().is_empty());
        insta::assert_snapshot!(world.printed());
    }

    #[actix_rt::test]
    async fn the_end_of_input_keeps_what_was_picked() {
        let world = World::new();
        serve(&world);
        let person = Person(RefCell::new(vec!["1"]));
        let error = converse(&world.session, &person, &page(&[7, 8]))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "ended; what was picked is kept");
        assert!(world.printed().contains("pin 3, 2 entries"));
    }
}
