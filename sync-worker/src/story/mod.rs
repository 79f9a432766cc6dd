//! Entries and the stories of titles, for people: what was seen, decided, asked, and what comes next.
//!
//! `facts` reads, `tell` is pure. Leaves what is decided to `plan`, and changes nothing but in `retry`.

mod absent;
mod asked;
mod facts;
mod find;
pub(crate) mod items;
mod named;
mod now;
mod retry;
mod tell;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub(crate) use facts::{Outlook, Situation};
pub(crate) use retry::retry;

use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    wire::{
        Failure, FailureCode,
        sync::{Story, Why},
    },
};

use crate::engine::Engine;
use facts::Facts;

/// What people call the target.
const TARGET: &str = "Seerr";

/// What holds for stories and retries at this moment.
pub(crate) fn situation(engine: &Engine, outlook: Outlook) -> Situation {
    Situation {
        now: engine.clock.now(),
        target: TARGET.to_owned(),
        is_4k: engine.settings().settings.seerr.is_4k,
        outlook,
    }
}

/// The story of a title, also of one that nothing is known of.
///
/// # Errors
/// [`FailureCode::Invalid`] when it is called by what calls no title, [`FailureCode::NotFound`] when
/// an entry of that number does not exist, [`FailureCode::Conflict`] when several are called so.
pub(crate) async fn tell(
    engine: &Engine,
    why: Why,
    situation: Situation,
) -> Result<Box<Story>, Failure> {
    let by = named::named(&why.title)?;
    let told = engine
        .db
        .read(move |conn| told(conn, &why.title, &by, &situation))
        .await;
    told.map_err(|error| failed(&error))?
}

fn told(
    conn: &mut SqliteConnection,
    text: &str,
    by: &named::Named,
    situation: &Situation,
) -> Result<Result<Box<Story>, Failure>, DbError> {
    Ok(match find::one(conn, text, by)? {
        Ok(subject) => {
            let facts = Facts::read(conn, text, subject)?;
            Ok(Box::new(tell::tell(&facts, situation)))
        }
        Err(failure) => Err(failure),
    })
}

fn failed(error: &DbError) -> Failure {
    tracing::error!("{}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}
