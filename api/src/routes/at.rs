//! [`At`]: one path of the API with its methods. What is registered with it is in the API's document,
//! too; a test compares them.

use actix_web::{
    FromRequest, Handler, HttpRequest, Resource, Responder, Route,
    web::{self, resource},
};

use crate::error::ApiError;

/// One path. Methods it does not have get the problem `method_not_allowed`, which names those it has.
pub(crate) struct At {
    #[cfg(test)]
    path: &'static str,
    resource: Resource,
    methods: Vec<&'static str>,
}

/// A path, with actix's patterns: `/lists/{id}`.
pub(crate) fn at(path: &'static str) -> At {
    At {
        #[cfg(test)]
        path,
        resource: resource(path),
        methods: Vec::new(),
    }
}

impl At {
    pub(crate) fn get<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("GET", web::get().to(handler))
    }

    pub(crate) fn post<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("POST", web::post().to(handler))
    }

    pub(crate) fn put<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("PUT", web::put().to(handler))
    }

    pub(crate) fn patch<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("PATCH", web::patch().to(handler))
    }

    pub(crate) fn delete<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("DELETE", web::delete().to(handler))
    }

    fn route(mut self, method: &'static str, route: Route) -> Self {
        self.methods.push(method);
        self.resource = self.resource.route(route);
        self
    }

    /// The resource, to be registered.
    pub(crate) fn done(self) -> Resource {
        #[cfg(test)]
        tests::note(self.path, &self.methods);
        self.resource.default_service(only(allowed(&self.methods)))
    }
}

fn allowed(methods: &[&str]) -> String {
    let mut all = Vec::new();
    for method in methods {
        all.push(*method);
        if *method == "GET" {
            all.push("HEAD"); // `server` sees to it
        }
    }
    all.join(", ")
}

/// What a resource answers to methods it does not have.
pub(crate) fn only(allowed: impl Into<String>) -> Route {
    let allowed = allowed.into();
    web::to(move |request: HttpRequest| {
        let (method, allowed) = (request.method().to_string(), allowed.clone());
        async move { Err::<&'static str, _>(ApiError::Method { method, allowed }) }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    thread_local! {
        static NOTED: RefCell<BTreeSet<(String, &'static str)>> = RefCell::default();
    }

    /// Patterns as the document has them: without what a part may look like.
    pub(super) fn note(path: &str, methods: &[&'static str]) {
        let plain = crate::parameters::plain(path);
        NOTED.with_borrow_mut(|noted| {
            noted.extend(methods.iter().map(|method| (plain.clone(), *method)));
        });
    }

    /// What was registered in this thread, by path and method.
    pub(crate) fn noted() -> BTreeSet<(String, &'static str)> {
        NOTED.with_borrow(Clone::clone)
    }
}
