//! What every part of the sync-worker shares: the database, the clock, the scraper's socket, who
//! follows events, and the settings as they are now. Decides nothing.

use std::{cell::RefCell, rc::Rc, time::Duration};

use chrono::NaiveDateTime;
use runtime::{Boot, BootError, Clock, Loaded, settings::SeerrSettings, socket::client::Client};
use schema::{
    Db, DbError, SqliteConnection,
    models::{Event, NewEvent},
    wire::scraper::ScraperLink,
};

use crate::{
    events::Feed,
    saved::Untold,
    sign_in::SignIns,
    supervised::Says,
    target::{Seerr, SeerrSetupError},
};

/// How long a call waits for a scraper-worker that is being restarted.
const SCRAPER_PATIENCE: Duration = Duration::from_secs(15);

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    /// When this process started.
    pub(crate) started_at: NaiveDateTime,
    /// Who follows what happens.
    pub(crate) feed: Feed,
    /// What the scraper-worker has not heard yet of changed settings.
    pub(crate) untold: Rc<Untold>,
    /// Sign-ins to list sites that go on.
    pub(crate) sign_ins: Rc<SignIns>,
    /// What this process says of itself.
    pub(crate) says: Rc<Says>,
    settings: Rc<RefCell<Rc<Loaded>>>,
    target: Rc<RefCell<Option<(SeerrSettings, Seerr)>>>,
    boot: Rc<Boot>,
}

impl Engine {
    pub(crate) fn new(boot: Boot) -> Self {
        Self {
            db: boot.db.clone(),
            clock: boot.clock.clone(),
            started_at: boot.clock.now(),
            feed: Feed::default(),
            untold: Rc::default(),
            sign_ins: Rc::default(),
            says: Rc::new(Says::new(boot.ready.clone())),
            target: Rc::default(),
            settings: Rc::new(RefCell::new(Rc::new(boot.settings.clone()))),
            boot: Rc::new(boot),
        }
    }

    /// Carries out `change` and stores the events it gives, as one transaction, and wakes who follows
    /// them. The only way to store events.
    ///
    /// # Errors
    /// Whatever `change` fails with; then nothing has happened.
    pub(crate) async fn write<T, F>(&self, change: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection, &mut Vec<NewEvent>) -> Result<T, DbError> + Send + 'static,
    {
        write(&self.db, &self.feed, change).await
    }

    /// The settings as they are now; a run keeps the ones it began with.
    pub(crate) fn settings(&self) -> Rc<Loaded> {
        Rc::clone(&self.settings.borrow())
    }

    /// The target as it is set now. One client serves until its settings change: it keeps its
    /// connections and what it has learned of the target's version.
    pub(crate) fn target(&self) -> Result<Seerr, SeerrSetupError> {
        let settings = self.settings().settings.seerr.clone();
        let mut kept = self.target.borrow_mut();
        if let Some((of, target)) = kept.as_ref()
            && *of == settings
        {
            return Ok(target.clone());
        }
        let target = Seerr::new(&settings)?;
        *kept = Some((settings, target.clone()));
        Ok(target)
    }

    /// How this process was started.
    pub(crate) fn boot(&self) -> &Boot {
        &self.boot
    }

    /// The scraper-worker's socket.
    pub(crate) fn scraper(&self) -> Client<ScraperLink> {
        Client::new(&self.settings().settings.paths).patient(SCRAPER_PATIENCE)
    }

    /// Reads the settings again after something was saved.
    ///
    /// # Errors
    /// When the saved settings cannot be read or used; the ones before stay in force.
    pub(crate) async fn reload(&self) -> Result<(), BootError> {
        let loaded = self.boot.reload().await?;
        *self.settings.borrow_mut() = Rc::new(loaded);
        Ok(())
    }
}

/// See [`Engine::write`].
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that stores events"
)]
pub(crate) async fn write<T, F>(db: &Db, feed: &Feed, change: F) -> Result<T, DbError>
where
    T: Send + 'static,
    F: FnOnce(&mut SqliteConnection, &mut Vec<NewEvent>) -> Result<T, DbError> + Send + 'static,
{
    let (done, newest) = db
        .write(move |conn| -> Result<_, DbError> {
            let mut events = Vec::new();
            let done = change(conn, &mut events)?;
            if events.is_empty() {
                return Ok((done, None));
            }
            Event::insert(conn, &events)?;
            Ok((done, Some(Event::newest(conn)?)))
        })
        .await?;
    if let Some(newest) = newest {
        feed.stored(newest);
    }
    Ok(done)
}
