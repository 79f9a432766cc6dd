//! `/docs`: the API's document for reading and trying, by Swagger UI, which is built in. Nothing comes
//! from elsewhere; addresses are relative, as those of the status page.

use std::sync::Arc;

use actix_web::{HttpResponse, http::header, web};

use crate::{error::ApiError, routes::only};

/// Scripts are ours. Swagger UI sets styles on elements and draws icons from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const HTML: &str = include_str!("page/docs.html");
const STYLE: &str = include_str!("page/docs.css");
const SCRIPT: &str = include_str!("page/docs.js");

/// Files of Swagger UI that the page needs.
const FILES: &[(&str, &str)] = &[
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
];

/// Adds `/docs` and the files it needs.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    for (path, kind, text) in [
        ("/docs/", "text/html; charset=utf-8", HTML),
        ("/docs/docs.css", "text/css; charset=utf-8", STYLE),
        ("/docs/docs.js", "text/javascript; charset=utf-8", SCRIPT),
    ] {
        let file = web::get().to(move || async move { answer(kind, text.as_bytes()) });
        let resource = web::resource(path).route(file);
        app.service(resource.default_service(only("GET, HEAD")));
    }
    for (name, kind) in FILES {
        let file = web::get().to(move || async move { of_swagger(name, kind) });
        let resource = web::resource(format!("/docs/{name}")).route(file);
        app.service(resource.default_service(only("GET, HEAD")));
    }
    let moved = web::get().to(async || {
        HttpResponse::PermanentRedirect()
            .insert_header((header::LOCATION, "docs/"))
            .finish()
    });
    let resource = web::resource("/docs").route(moved);
    app.service(resource.default_service(only("GET, HEAD")));
}

fn of_swagger(name: &str, kind: &'static str) -> Result<HttpResponse, ApiError> {
    let found = utoipa_swagger_ui::serve(name, Arc::default())
        .ok()
        .flatten(); // told below
    let file = found.ok_or_else(|| ApiError::UnknownPath(format!("/docs/{name}")))?;
    Ok(answer(kind, &file.bytes))
}

fn answer(kind: &'static str, bytes: &[u8]) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn the_page_takes_nothing_from_elsewhere() {
        for text in [HTML, STYLE, SCRIPT] {
            assert!(!text.contains("http://") && !text.contains("https://"));
            assert!(!text.contains("src=\"/") && !text.contains("href=\"/"));
        }
        assert!(!HTML.contains("<style") && !HTML.contains(" onclick"));
    }

    #[actix_web::test]
    async fn the_page_and_its_files_are_served_to_everybody_with_a_policy() {
        let world = World::alone().await;
        let files = FILES.iter().map(|(name, _)| *name);
        for name in ["", "docs.css", "docs.js"].into_iter().chain(files) {
            let answer = world.anonymous("GET", &format!("/docs/{name}")).await;
            assert_eq!(answer.status, 200, "{name}");
            assert!(
                answer
                    .header("content-security-policy")
                    .contains("default-src 'none'")
            );
            assert_eq!(answer.header("cache-control"), "no-cache");
            assert!(
                name.is_empty() || HTML.contains(&format!("\"{name}\"")),
                "{name}"
            );
        }
        let moved = world.anonymous("GET", "/docs").await;
        assert_eq!((moved.status, moved.header("location")), (308, "docs/"));
        assert_eq!(world.anonymous("POST", "/docs/").await.status, 405);
        assert_eq!(world.anonymous("GET", "/docs/x.js").await.status, 404);
    }
}
