//! One file per resource: `configure()`, handlers, the types of requests and answers, tests. This
//! one puts them together and says which of them need a key.

mod health;
mod history;
mod items;
mod lists;
mod sync;
mod system;

use actix_web::{HttpRequest, Route, middleware::from_fn, web};

use crate::{auth, error::ApiError, server::unknown_path};

/// Adds all resources. What is inside the scope `/api` cannot be reached without a key, however its
/// path is spelt; the open ones are registered before it, by their full path.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.configure(health::configure)
        .configure(system::configure_open)
        .service(
            web::scope("/api")
                .configure(system::configure)
                .configure(lists::configure)
                .configure(sync::configure)
                .configure(history::configure)
                .configure(items::configure)
                .default_service(web::to(unknown_path))
                .wrap(from_fn(auth::require)),
        );
}

/// What a resource answers to methods it does not have.
pub(crate) fn only(allowed: &'static str) -> Route {
    web::to(move |request: HttpRequest| async move {
        let method = request.method().to_string();
        Err::<&'static str, _>(ApiError::Method { method, allowed })
    })
}
