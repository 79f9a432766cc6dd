//! One file per resource: `configure()`, handlers, the types of requests and answers, tests. This
//! one puts them together and says which of them need a key.

mod analytics;
mod at;
mod config;
mod events;
mod files;
mod health;
mod history;
mod items;
mod lists;
mod lists_reading;
mod logs;
mod metrics;
mod pins;
mod plans;
mod processes;
mod providers;
mod queue;
mod review;
mod story;
mod sync;
mod sync_interval;
mod system;

use actix_web::{middleware::from_fn, web};
use utoipa::OpenApi;

use crate::{auth, parameters, server::unknown_path};

#[cfg(test)]
pub(crate) use at::tests::noted;
pub(crate) use at::{at, only};
pub(crate) use processes::Process;

/// Adds all resources. What is inside the scope `/api` cannot be reached without a key, however its
/// path is spelt; the open ones are registered before it, by their full path.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.configure(health::configure)
        .configure(system::configure_open)
        .configure(metrics::configure)
        .service(
            web::scope("/api")
                .configure(system::configure)
                // Before the lists: one of them could have this name.
                .configure(files::configure)
                .configure(lists_reading::configure)
                .configure(lists::configure)
                .configure(sync::configure)
                .configure(plans::configure)
                .configure(history::configure)
                .configure(analytics::configure)
                .configure(items::configure)
                .configure(story::configure)
                .configure(queue::configure)
                .configure(review::configure)
                .configure(pins::configure)
                .configure(providers::configure)
                .configure(events::configure)
                .configure(processes::configure)
                .configure(logs::configure)
                .configure(config::configure)
                .configure(sync_interval::configure)
                .default_service(web::to(unknown_path))
                .wrap(from_fn(parameters::check))
                .wrap(from_fn(auth::require)),
        );
}

/// The parts of the API's document, in the order of its tags.
pub(crate) fn documents() -> Vec<utoipa::openapi::OpenApi> {
    vec![
        lists::Document::openapi(),
        lists_reading::Document::openapi(),
        files::Document::openapi(),
        items::Document::openapi(),
        story::Document::openapi(),
        queue::Document::openapi(),
        review::Document::openapi(),
        pins::Document::openapi(),
        providers::Document::openapi(),
        sync::Document::openapi(),
        plans::Document::openapi(),
        sync_interval::Document::openapi(),
        history::Document::openapi(),
        analytics::Document::openapi(),
        events::Document::openapi(),
        processes::Document::openapi(),
        logs::Document::openapi(),
        config::Document::openapi(),
        system::Document::openapi(),
        health::Document::openapi(),
        metrics::Document::openapi(),
    ]
}
