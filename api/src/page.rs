//! The plain status page: three files built into the binary, without anything from elsewhere. Their
//! addresses are relative, so that a proxy may put them below a path of its own.

use actix_web::{HttpResponse, http::header, web};

use crate::routes::only;

/// Only what we serve ourselves; no frame may show the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/status.css");
const SCRIPT: &str = include_str!("page/status.js");
const ICON: &str = include_str!("page/icon.svg");

/// Adds `/` and the files it needs.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    for (path, kind, text) in [
        ("/", "text/html; charset=utf-8", HTML),
        ("/status.css", "text/css; charset=utf-8", STYLE),
        ("/status.js", "text/javascript; charset=utf-8", SCRIPT),
        ("/icon.svg", "image/svg+xml", ICON),
    ] {
        let file = web::get().to(move || async move { answer(kind, text) });
        app.service(
            web::resource(path)
                .route(file)
                .default_service(only("GET, HEAD")),
        );
    }
}

fn answer(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn the_page_takes_nothing_from_elsewhere() {
        for text in [HTML, STYLE, SCRIPT] {
            assert!(!text.contains("http://") && !text.contains("https://"));
            assert!(!text.contains("@import") && !text.contains("url("));
            assert!(!text.contains("src=\"/") && !text.contains("href=\"/"));
        }
        // The policy forbids what stands inside the page.
        assert!(
            !HTML.contains("<style") && !HTML.contains(" style=") && !HTML.contains(" onclick")
        );
    }

    #[actix_web::test]
    async fn the_page_and_its_files_are_served_to_everybody_with_a_policy() {
        let world = World::new().await;
        for path in ["/", "/status.css", "/status.js", "/icon.svg"] {
            let answer = world.anonymous("GET", path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(
                answer
                    .header("content-security-policy")
                    .contains("default-src 'none'")
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cache-control"), "no-cache");
        }
        let answer = world.anonymous("POST", "/").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}
