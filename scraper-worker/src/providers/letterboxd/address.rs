//! Which list of Letterboxd an address or an id means, and its one canonical form. Pure.

use crate::provider::{after_prefix, pasted};

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["letterboxd"];

/// A list of Letterboxd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LetterboxdList {
    /// A user's list: `user/slug`; a private one with the token of its share link.
    List {
        user: String,
        slug: String,
        token: Option<String>,
    },
    /// What a user keeps beside lists: `user/watchlist`.
    Kept { user: String, shelf: Shelf },
    /// The films of a person: `actor/name`.
    Person { role: &'static str, name: String },
    /// `boxd.it/…`; only Letterboxd knows what it stands for.
    Short(String),
}

/// What Letterboxd keeps for every user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    Watchlist,
    Films,
    Likes,
}

impl Shelf {
    fn as_str(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Films => "films",
            Self::Likes => "likes/films",
        }
    }
}

/// Parts that people have in films, which have a page each.
const ROLES: &[&str] = &[
    "actor",
    "director",
    "writer",
    "producer",
    "editor",
    "cinematography",
    "composer",
];

/// First parts of addresses that are no users.
const NO_USERS: &[&str] = &[
    "film", "films", "lists", "list", "members", "journal", "search", "settings", "crew", "studio",
    "country", "about", "pro", "activity", "reviews", "tag", "tags", "user", "users", "s", "ajax",
];

/// Parts of a user's address that are no list's slug.
const NO_SLUGS: &[&str] = &[
    "list",
    "lists",
    "diary",
    "reviews",
    "tags",
    "likes",
    "activity",
    "following",
    "followers",
    "stats",
    "year",
    "film",
    "network",
    "rss",
];

impl LetterboxdList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::List { user, slug, token } => match token {
                None => format!("{user}/{slug}"),
                Some(token) => format!("{user}/{slug}/share/{token}"),
            },
            Self::Kept { user, shelf } => format!("{user}/{}", shelf.as_str()),
            Self::Person { role, name } => format!("{role}/{name}"),
            Self::Short(code) => format!("boxd.it/{code}"),
        }
    }

    /// Path of its first page; a short link has none of Letterboxd's.
    pub(super) fn path(&self) -> String {
        match self {
            Self::List { user, slug, token } => match token {
                None => format!("{user}/list/{slug}/"),
                Some(token) => format!("{user}/list/{slug}/share/{token}/"),
            },
            _ => format!("{}/", self.id()),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Short(code) => format!("https://boxd.it/{code}"),
            _ => format!("https://letterboxd.com/{}", self.path()),
        }
    }

    /// What to call it until its own name is read.
    pub(super) fn name(&self) -> String {
        match self {
            Self::List { user, slug, .. } => format!("{slug} ({user} on Letterboxd)"),
            Self::Kept { user, shelf } => match shelf {
                Shelf::Watchlist => format!("Letterboxd watchlist of {user}"),
                Shelf::Films => format!("Letterboxd films of {user}"),
                Shelf::Likes => format!("Letterboxd films liked by {user}"),
            },
            Self::Person { role, name } => format!("Letterboxd films of {role} {name}"),
            Self::Short(code) => format!("Letterboxd list boxd.it/{code}"),
        }
    }
}

/// Reads what can only be a list of Letterboxd: an address, or anything after `letterboxd:`.
pub(super) fn parse(input: &str) -> Option<LetterboxdList> {
    if after_prefix(input, PREFIXES).is_some() {
        return parse_own(input);
    }
    page(input.trim())
}

/// Reads the same and short names: `user/list`, `user/watchlist`.
pub(super) fn parse_own(input: &str) -> Option<LetterboxdList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    page(input).or_else(|| match parts(input).as_slice() {
        [user, "likes", "films"] => kept(user, Shelf::Likes),
        [user, slug, "share", token] if !is_known(slug) => list(user, slug, Some(token)),
        [user, slug] if !is_known(slug) && !is_role(user) => list(user, slug, None),
        path => known_path(path),
    })
}

fn page(input: &str) -> Option<LetterboxdList> {
    let url = pasted(input)?;
    if matches!(url.host_str()?, "boxd.it" | "www.boxd.it") {
        return match parts(url.path()).as_slice() {
            [code] if code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Some(LetterboxdList::Short((*code).to_owned()))
            }
            _ => None,
        };
    }
    let is_letterboxd = matches!(url.host_str()?, "letterboxd.com" | "www.letterboxd.com");
    is_letterboxd.then(|| known_path(&parts(url.path())))?
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// The path of an address, without its page number, view and order.
fn known_path(path: &[&str]) -> Option<LetterboxdList> {
    let path = without_view(path);
    match path {
        [user, "list", slug] => list(user, slug, None),
        [user, "list", slug, "share", token] => list(user, slug, Some(token)),
        [user, "watchlist"] => kept(user, Shelf::Watchlist),
        [user, "films"] => kept(user, Shelf::Films),
        [user, "likes", "films"] => kept(user, Shelf::Likes),
        [role, name] => {
            let role = ROLES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(role))?;
            is_name(name).then(|| LetterboxdList::Person {
                role,
                name: name.to_ascii_lowercase(),
            })
        }
        _ => None,
    }
}

/// Without `detail`, `by/rating` and `page/3` at the end: they show the same films. What is left out
/// by `genre/…` and the like is another list, which is not taken for this one.
fn without_view<'a>(mut path: &'a [&'a str]) -> &'a [&'a str] {
    while let [rest @ .., last] = path {
        path = match (rest, *last) {
            ([.., "list" | "share", _], "detail") => rest,
            ([rest @ .., "page"], number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                rest
            }
            ([rest @ .., "by"], _) => rest,
            _ => return path,
        };
    }
    path
}

fn is_known(slug: &str) -> bool {
    matches!(slug, "watchlist" | "films") || NO_SLUGS.contains(&slug)
}

fn is_role(user: &str) -> bool {
    ROLES.iter().any(|known| known.eq_ignore_ascii_case(user))
}

fn list(user: &str, slug: &str, token: Option<&str>) -> Option<LetterboxdList> {
    let token_is_fair =
        token.is_none_or(|token| token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    (is_user(user) && is_name(slug) && token_is_fair).then(|| LetterboxdList::List {
        user: user.to_ascii_lowercase(),
        slug: slug.to_ascii_lowercase(),
        token: token.map(str::to_owned),
    })
}

fn kept(user: &str, shelf: Shelf) -> Option<LetterboxdList> {
    is_user(user).then(|| LetterboxdList::Kept {
        user: user.to_ascii_lowercase(),
        shelf,
    })
}

fn is_user(text: &str) -> bool {
    is_name(text) && !is_role(text) && !NO_USERS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(input: &str) -> Option<String> {
        parse(input).map(|list| list.id())
    }

    fn own(input: &str) -> Option<String> {
        parse_own(input).map(|list| list.id())
    }

    #[test]
    fn every_address_of_a_list_means_the_same_list() {
        for input in [
            "https://letterboxd.com/Some_One/list/rainy-days/",
            "http://www.letterboxd.com/some_one/list/rainy-days",
            "letterboxd.com/some_one/list/rainy-days/?x=1#y",
            "HTTPS://LETTERBOXD.COM/some_one/list/rainy-days/page/3/",
            "https://letterboxd.com/some_one/list/rainy-days/detail/",
            "https://letterboxd.com/some_one/list/rainy-days/detail/page/2/",
            "https://letterboxd.com/some_one/list/rainy-days/by/release-earliest/page/2/",
            "letterboxd:some_one/rainy-days",
            "letterboxd: some_one/list/rainy-days/",
        ] {
            assert_eq!(id(input).as_deref(), Some("some_one/rainy-days"), "{input}");
            assert_eq!(own(input), id(input), "{input}");
        }
        for input in ["some_one/rainy-days", "/some_one/list/rainy-days/"] {
            assert_eq!(
                own(input).as_deref(),
                Some("some_one/rainy-days"),
                "{input}"
            );
            assert_eq!(id(input), None, "{input} may be another site's");
        }
    }

    #[test]
    fn every_kind_of_list_has_its_id() {
        for (input, expected) in [
            ("https://letterboxd.com/one/watchlist/", "one/watchlist"),
            ("letterboxd.com/one/watchlist/page/15/", "one/watchlist"),
            (
                "https://letterboxd.com/one/watchlist/by/added-earliest/",
                "one/watchlist",
            ),
            ("https://letterboxd.com/one/films/", "one/films"),
            (
                "https://letterboxd.com/one/films/by/date/page/2",
                "one/films",
            ),
            ("https://letterboxd.com/one/likes/films/", "one/likes/films"),
            (
                "https://letterboxd.com/actor/ada-example/",
                "actor/ada-example",
            ),
            (
                "https://letterboxd.com/director/ada-example/by/popular/",
                "director/ada-example",
            ),
            (
                "https://letterboxd.com/one/list/quiet/share/AbC12xyz/",
                "one/quiet/share/AbC12xyz",
            ),
            ("https://boxd.it/AbC12", "boxd.it/AbC12"),
            ("boxd.it/AbC12/", "boxd.it/AbC12"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
        assert_eq!(own("one/watchlist").as_deref(), Some("one/watchlist"));
        assert_eq!(own("one/likes/films").as_deref(), Some("one/likes/films"));
    }

    #[test]
    fn an_id_and_its_address_are_recognized_as_themselves() {
        for input in [
            "one/quiet",
            "one/quiet/share/AbC12xyz",
            "one/watchlist",
            "one/films",
            "one/likes/films",
            "composer/ada-example",
            "boxd.it/AbC12",
        ] {
            let list = parse_own(input).unwrap();
            assert_eq!(list.id(), input);
            assert_eq!(parse(&list.url()), Some(list), "{input}");
        }
    }

    #[test]
    fn what_is_no_list_of_ours_is_left_to_others() {
        for input in [
            "",
            "letterboxd",
            "letterboxd:",
            "one",
            "https://letterboxd.com/",
            "https://letterboxd.com/one/",
            "https://letterboxd.com/one/films/diary/",
            "https://letterboxd.com/one/films/genre/horror/",
            "https://letterboxd.com/one/watchlist/decade/1980s/",
            "https://letterboxd.com/film/paper-boats/",
            "https://letterboxd.com/films/popular/",
            "https://letterboxd.com/one/lists/",
            "https://letterboxd.com/one/rss/",
            "https://letterboxd.com/one/watchlist/rss/",
            "https://boxd.it/",
            "https://boxd.it/list/AbC12",
            "https://letterboxd.com.evil.example/one/watchlist/",
            "https://notletterboxd.com/one/watchlist/",
            "ftp://letterboxd.com/one/watchlist/",
            "https://trakt.tv/users/one/watchlist",
            "film/paper-boats",
            "one/diary",
            "one/two words",
            "one/../two",
        ] {
            assert_eq!(id(input), None, "{input}");
            assert_eq!(own(input), None, "{input}");
        }
    }
}
