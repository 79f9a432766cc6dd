//! `listsync items --why`: the story of one title. The sync-worker tells it; here it is printed.

use schema::wire::{
    Link,
    sync::{FromSyncWorker, Story, StoryLook, StoryState, SyncLink, ToSyncWorker, Why},
};

use super::{
    error::CommandError,
    exit::Exit,
    session::Session,
    tail::visible,
    terminal::{Look, Tone},
};

/// Tells the story of what is called `title`.
pub(super) async fn run(session: &Session, title: String) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::Why(Why { title });
    let FromSyncWorker::Story(story) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&story)?;
    } else {
        session.terminal.say(&text(&story, session.look()))?;
    }
    Ok(Exit::Done)
}

/// The story with its sentence in the colour of its state. Names come from sites: they cannot drive
/// the terminal.
fn text(story: &Story, look: Look) -> String {
    let plain = story.text(&StoryLook {
        width: look.width.map(usize::from),
        time: &|at| look.time(at),
    });
    let tone = story.now.first().map_or(Tone::Plain, |now| tone(now.state));
    let lines = plain.lines().enumerate().map(|(number, line)| {
        let line = visible(line, Look::PIPE);
        if number == 1 {
            look.paint(tone, &line)
        } else {
            line
        }
    });
    lines.map(|line| line + "\n").collect()
}

fn tone(state: StoryState) -> Tone {
    match state {
        StoryState::Requested | StoryState::Adopted | StoryState::Available => Tone::Good,
        StoryState::NeedsReview
        | StoryState::NotFound
        | StoryState::Failed
        | StoryState::Absent => Tone::Warning,
        StoryState::FailedPermanent => Tone::Bad,
        StoryState::Left
        | StoryState::New
        | StoryState::Undecided
        | StoryState::Waiting
        | StoryState::Skipped
        | StoryState::Planned
        | StoryState::Requesting
        | StoryState::Declined
        | StoryState::Blocklisted
        | StoryState::Deleted
        | StoryState::Withdrawn => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::wire::{
        Failure, FailureCode,
        sync::{StoryNow, StoryStep, StoryTitle},
    };

    fn story() -> Story {
        Story {
            title: StoryTitle {
                name: "Heat\u{1b}[2J".into(),
                year: Some(1995),
                media_type: None,
                tmdb_id: None,
                ids: Vec::new(),
                items: vec![12],
            },
            headline: "It waits for a person.".into(),
            steps: vec![StoryStep {
                at: Some(at(0)),
                what: "came onto list 1".into(),
                ..StoryStep::default()
            }],
            now: vec![StoryNow {
                is_4k: false,
                state: StoryState::NeedsReview,
                why: "two titles fit".into(),
                next: None,
                remedy: "`listsync review` asks.".into(),
            }],
        }
    }

    #[actix_rt::test]
    async fn a_story_is_printed_and_cannot_drive_the_terminal() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Story(Box::new(story()))]);
        run(&world.session, "12".into()).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        Heat�[2J (1995)
          It waits for a person.

          2026-03-01 12:00  came onto list 1

          now     needs review: two titles fit
          to do   `listsync review` asks.
        ");
        let colourful = Look {
            colour: true,
            ..Look::PIPE
        };
        assert!(text(&story(), colourful).contains("\u{1b}[33m  It waits for a person.\u{1b}[0m"));
    }

    #[actix_rt::test]
    async fn a_machine_gets_the_same_as_data() {
        let world = World::new().json();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Story(Box::new(story()))]);
        run(&world.session, "12".into()).await.unwrap();
        let told: Story = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(told, story());
    }

    #[actix_rt::test]
    async fn what_means_several_titles_is_no_success() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let failure = Failure::new(FailureCode::Conflict, "`heat` means 2 titles")
                .with_remedy("Give the one you mean.");
            vec![failure.into()]
        });
        let error = run(&world.session, "heat".into()).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.text().contains("Give the one you mean."));
    }
}
