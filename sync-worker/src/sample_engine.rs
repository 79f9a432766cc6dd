//! An engine for tests, which has all that is its own in one folder. Nobody answers on its sockets.

use std::path::Path;

use runtime::{Boot, Clock, Environment, Readiness, Stop, settings};
use schema::Db;

use crate::engine::Engine;

/// One with these settings besides where its folder is.
pub(crate) fn engine(folder: &Path, clock: Clock, settings: &[(&str, &str)]) -> Engine {
    let own = folder.to_str().unwrap();
    let folders = [("LISTSYNC_DATA_DIR", own), ("LISTSYNC_RUN_DIR", own)];
    let environment = Environment::of(folders.into_iter().chain(settings.iter().copied()));
    let settings = settings::load(&environment, None, &[]).unwrap();
    let paths = &settings.settings.paths;
    paths.create().unwrap();
    let database = paths.database();
    schema::migrate(&database).unwrap();
    Engine::new(Boot {
        db: Db::open(&database).unwrap(),
        cipher: None,
        clock,
        stop: Stop::new(),
        ready: Readiness::default(),
        settings,
        environment,
    })
}
