//! Turns away requests whose query has a parameter that their path does not have: mistyped, it would
//! change nothing and look as if it had. Which there are is told by the API's document, so that no path
//! is forgotten. What the parameters hold is looked at by `query`.

use std::collections::BTreeMap;

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};
use utoipa::openapi::{OpenApi, RefOr, path::ParameterIn};

use crate::{
    body::unknown,
    error::{ApiError, Fields},
    openapi,
    shared::Shared,
};

/// Beginnings of the old product's paths. Its clients send parameters that mean nothing here, such as
/// one that keeps answers from being cached.
const OLD: &[&str] = &[
    "/api/system/",
    "/api/lists",
    "/api/sync/",
    "/api/sync-history",
    "/api/sync-interval",
    "/api/analytics/",
    "/api/config",
];
/// Paths of ours that begin like old ones.
const OURS: &[&str] = &["/api/lists/resolve", "/api/lists/files"];

/// Names of the parameters of each path, by `/api/items GET`.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, Vec<String>>);

impl Parameters {
    /// Those of the API's document.
    pub(crate) fn documented() -> Self {
        Self::of(openapi::document())
    }

    fn of(document: OpenApi) -> Self {
        let mut all = BTreeMap::new();
        for (path, item) in document.paths.paths {
            if takes_any(&path) {
                continue;
            }
            for (method, operation) in [
                ("GET", item.get),
                ("PUT", item.put),
                ("POST", item.post),
                ("PATCH", item.patch),
                ("DELETE", item.delete),
            ] {
                let Some(operation) = operation else {
                    continue;
                };
                let names = operation.parameters.into_iter().flatten();
                let names = names.filter_map(|parameter| match parameter {
                    RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                        Some(parameter.name)
                    }
                    _ => None,
                });
                all.insert(format!("{path} {method}"), names.collect());
            }
        }
        Self(all)
    }

    /// What of a query the path does not have.
    fn unknown(&self, path: &str, method: &str, query: &str) -> Fields {
        let mut wrong = Fields::default();
        let Some(known) = self.0.get(&format!("{path} {method}")) else {
            return wrong;
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        // What cannot be read at all is told by whoever reads the values.
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
        for (name, _) in pairs.map(web::Query::into_inner).unwrap_or_default() {
            if !known.contains(&name.as_str()) {
                wrong.add(
                    name.chars().take(LONGEST_NAME).collect::<String>(),
                    unknown(&name, &known),
                );
            }
        }
        wrong
    }
}

/// Longest name that is shown again.
const LONGEST_NAME: usize = 100;

/// Whether a path of the document takes any parameter, and ignores those it does not have.
pub(crate) fn takes_any(path: &str) -> bool {
    let begins = |start: &&str| path.starts_with(*start);
    OLD.iter().any(begins) && !OURS.iter().any(begins)
}

/// Lets requests through whose parameters are known.
pub(crate) async fn check<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let wrong = wrong(request.request());
    if wrong.is_empty() {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let answer = ApiError::Parameters(wrong).error_response();
    Ok(request.into_response(answer).map_into_right_body())
}

fn wrong(request: &HttpRequest) -> Fields {
    let query = request.query_string();
    let (Some(shared), Some(pattern), false) = (
        request.app_data::<web::Data<Shared>>(),
        request.match_pattern(),
        query.is_empty(),
    ) else {
        return Fields::default();
    };
    let (path, method) = (plain(&pattern), request.method().as_str());
    shared.parameters.unknown(&path, method, query)
}

/// A pattern as the document has it: without what a part may look like.
pub(crate) fn plain(pattern: &str) -> String {
    let parts: Vec<_> = pattern
        .split('/')
        .map(|part| match part.split_once(':') {
            Some((name, _)) => format!("{name}}}"),
            None => part.to_owned(),
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[actix_web::test]
    async fn a_parameter_that_a_path_does_not_have_is_named_with_the_nearest() {
        let world = World::new().await;
        for (method, path, name, told) in [
            (
                "GET",
                "/api/items?serach=heat",
                "serach",
                "is not known; did you mean `search`?",
            ),
            (
                "GET",
                "/api/items?limit=5&colour=red",
                "colour",
                "is not known; there are `page`, `limit`, `list`, `identity`, `status` and `search`",
            ),
            (
                "GET",
                "/api/plans?page=2",
                "page",
                "is not known; leave it out",
            ),
            (
                "GET",
                "/api/lists/resolve?urls=x",
                "urls",
                "is not known; did you mean `url`?",
            ),
            (
                "POST",
                "/api/pins/import?dryrun=true",
                "dryrun",
                "is not known; did you mean `dry_run`?",
            ),
            (
                "GET",
                "/api/items/1/story?x=1",
                "x",
                "is not known; leave it out",
            ),
            ("HEAD", "/api/items?x", "x", ""),
        ] {
            let answer = world.send(method, path, "").await;
            if method == "HEAD" {
                assert_eq!(answer.status, 400);
                continue;
            }
            answer.is_problem(400, "bad_request");
            assert_eq!(answer.json["fields"][name], told, "{path}");
        }
        assert!(world.asked().is_empty());
    }

    #[actix_web::test]
    async fn paths_of_the_old_product_take_what_its_clients_send() {
        let world = World::new().await;
        let list = world.insert_list("imdb", "top").await;
        for path in [
            "/api/lists?_=1732250000".to_owned(),
            format!("/api/lists/{list}?detail=1"),
            format!("/api/lists/{list}/items?detail=1"),
            "/api/lists/imdb/top?x=1".into(),
            "/api/sync-history?sort=asc".into(),
            "/api/analytics/overview?time_range=24h".into(),
            "/api/system/status?t=1".into(),
            "/healthz?t=1".into(),
        ] {
            let answer = world.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.json);
        }
    }

    #[actix_web::test]
    async fn who_has_no_key_is_told_that_first() {
        let world = World::new().await;
        let answer = world.anonymous("GET", "/api/items?serach=heat").await;
        answer.is_problem(401, "unauthorized");
    }
}
