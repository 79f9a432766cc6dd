//! How the id of a list looks in logs and reasons: what may be a secret of its owner's, who alone was
//! given the address, is left out.

use std::borrow::Cow;

/// Hexadecimal digits that nobody makes up by hand, but a site that makes addresses hard to guess.
const UNGUESSABLE: usize = 20;
/// How much of such a part is shown, so that two can be told apart.
const BEGINNING: usize = 6;

/// The id without what follows `?` or `#` in an address, and with the beginning of unguessable parts only.
pub(crate) fn shown(list_id: &str) -> Cow<'_, str> {
    let (address, rest) = match list_id.split_once("://") {
        Some((_, after)) => {
            let end = after.find(['?', '#']).unwrap_or(after.len());
            list_id.split_at(list_id.len() - after.len() + end)
        }
        None => (list_id, ""),
    };
    if rest.is_empty() && !address.split('/').any(is_unguessable) {
        return Cow::Borrowed(list_id);
    }
    let parts: Vec<Cow<'_, str>> = address.split('/').map(beginning).collect();
    let cut = if rest.is_empty() { "" } else { "?…" };
    Cow::Owned(parts.join("/") + cut)
}

fn beginning(part: &str) -> Cow<'_, str> {
    if is_unguessable(part) {
        let start: String = part.chars().take(BEGINNING).collect();
        Cow::Owned(start + "…")
    } else if let Some((_, host)) = part.rsplit_once('@') {
        // A user and a password before a host.
        Cow::Borrowed(host)
    } else {
        Cow::Borrowed(part)
    }
}

fn is_unguessable(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_hexdigit).count();
    digits >= UNGUESSABLE
        && part
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_left_out_and_the_rest_stays() {
        for (id, expected) in [
            ("ls012345678", "ls012345678"),
            (
                "some_one/official-top-250-narrative-feature-films",
                "some_one/official-top-250-narrative-feature-films",
            ),
            ("https://a.example/films.csv", "https://a.example/films.csv"),
            (
                "https://a.example/films.csv?token=hush",
                "https://a.example/films.csv?…",
            ),
            (
                "https://a.example/films.csv#title=Film",
                "https://a.example/films.csv?…",
            ),
            ("https://me:hush@a.example/x?y=1", "https://a.example/x?…"),
            ("rss/0f1e2d3c-aaaa-4b49-8504-5e72f7a9cd99", "rss/0f1e2d…"),
            ("films.csv?title=Film", "films.csv?title=Film"),
        ] {
            assert_eq!(shown(id), expected, "{id}");
        }
    }
}
