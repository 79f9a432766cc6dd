//! What people paste and write for a list: addresses, prefixes that name a site, names and numbers.
//! Leaves which list that is to the providers.

use std::borrow::Cow;

use url::Url;

/// The address of a web page that a person pasted, with or without `https://` before it.
pub(crate) fn pasted(input: &str) -> Option<Url> {
    let text = if input.contains("://") {
        Cow::Borrowed(input)
    } else {
        Cow::Owned(format!("https://{input}"))
    };
    let url = Url::parse(&text).ok()?; // then it is an id or a name
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Whether a host is this one or below it.
pub(crate) fn is_of(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What stands after one of these words and a colon, by which people say of which site a list is:
/// `trakt:trending:movies`.
pub(crate) fn after_prefix<'a>(input: &'a str, words: &[&str]) -> Option<&'a str> {
    let (word, rest) = input.trim().split_once(':')?;
    let is_one = words
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word.trim()));
    (is_one && !rest.starts_with("//")).then_some(rest.trim())
}

/// Whether it is a number as sites count lists: up to twelve digits.
pub(crate) fn is_number(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it may be the name of a user or a list in an address; written with `%` it has letters of
/// other scripts.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_a_sites_or_below_it_and_prefixes_are_words_before_a_colon() {
        assert!(is_of("trakt.tv", "trakt.tv") && is_of("app.trakt.tv", "trakt.tv"));
        assert!(!is_of("nottrakt.tv", "trakt.tv") && !is_of("trakt.tv.example", "trakt.tv"));
        for (input, expected) in [
            ("trakt:a/b", Some("a/b")),
            (" Trakt : a:b ", Some("a:b")),
            ("trakt:", Some("")),
            ("trakt:https://trakt.tv/x", Some("https://trakt.tv/x")),
            ("trakt://x", None),
            ("tra:x", None),
            ("trakt", None),
        ] {
            assert_eq!(after_prefix(input, &["tv", "trakt"]), expected, "{input}");
        }
    }

    #[test]
    fn names_and_numbers_are_what_stands_in_addresses() {
        assert!(is_number("1001") && !is_number("") && !is_number("12a"));
        assert!(is_name("rainy-days") && is_name("%E6%98%A0") && !is_name("..") && !is_name("a/b"));
    }
}
