//! Which list of MyAnimeList an address, an id or a name means, and its one canonical form. Pure.

use crate::provider::{after_prefix, pasted};

/// What a user follows, all of it or one status of it: `name`, `name/plan_to_watch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MalList {
    pub(super) user: String,
    pub(super) status: Option<&'static Status>,
}

/// What a user says of a title.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// On the site's pages.
    pub(super) number: u8,
    /// In its API.
    pub(super) word: &'static str,
    title: &'static str,
    others: &'static [&'static str],
}

const STATUSES: &[Status] = &[
    Status {
        number: 1,
        word: "watching",
        title: "Currently watching",
        others: &["current", "currently_watching"],
    },
    Status {
        number: 2,
        word: "completed",
        title: "Completed",
        others: &[],
    },
    Status {
        number: 3,
        word: "on_hold",
        title: "On hold",
        others: &["onhold", "paused"],
    },
    Status {
        number: 4,
        word: "dropped",
        title: "Dropped",
        others: &[],
    },
    Status {
        number: 6,
        word: "plan_to_watch",
        title: "Plan to watch",
        others: &["planning", "ptw"],
    },
];

/// What stands for all of them on the site's pages.
pub(super) const ALL: u8 = 7;

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["myanimelist", "mal"];
const HOSTS: &[&str] = &[
    "myanimelist.net",
    "www.myanimelist.net",
    "m.myanimelist.net",
];

impl MalList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self.status {
            None => self.user.clone(),
            Some(status) => format!("{}/{}", self.user, status.word),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        let number = self.status.map_or(ALL, |status| status.number);
        format!(
            "https://myanimelist.net/animelist/{}?status={number}",
            self.user
        )
    }

    /// What to call it; the site's lists have no names.
    pub(super) fn name(&self) -> String {
        match self.status {
            None => format!("Anime of {} (MyAnimeList)", self.user),
            Some(status) => format!("{} ({} on MyAnimeList)", status.title, self.user),
        }
    }
}

/// Input that can only mean a list of MyAnimeList.
pub(super) fn parse(input: &str) -> Option<MalList> {
    match after_prefix(input, PREFIXES) {
        Some(own) => parse_own(own),
        None => page(input.trim()),
    }
}

fn page(input: &str) -> Option<MalList> {
    let url = pasted(input)?;
    let host = url.host_str()?.to_ascii_lowercase();
    if !HOSTS.contains(&host.as_str()) {
        return None;
    }
    let segments: Vec<_> = url
        .path_segments()?
        .filter(|segment| !segment.is_empty())
        .collect();
    let status = url
        .query_pairs()
        .find(|(key, _)| key == "status")
        .map(|(_, value)| value.into_owned());
    match segments.as_slice() {
        ["animelist", user] | ["animelist", user, "load.json"] => {
            of(user, status.as_deref().unwrap_or_default())
        }
        ["profile", user] => of(user, ""),
        _ => None,
    }
}

/// Input that is known to mean a list of MyAnimeList.
pub(super) fn parse_own(input: &str) -> Option<MalList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = page(input) {
        return Some(list);
    }
    let input = input.trim_end_matches('/');
    let (user, status) = input.split_once('/').unwrap_or((input, ""));
    of(user, status)
}

/// Names of users are the same in small and in large letters.
fn of(user: &str, status: &str) -> Option<MalList> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_name = (1..=40).contains(&user.len()) && user.bytes().all(is_letter);
    let status = status_of(status)?;
    is_name.then(|| MalList {
        user: user.to_ascii_lowercase(),
        status,
    })
}

/// By number or by word; `None` when there is no such status.
#[expect(
    clippy::option_option,
    reason = "no such status and all statuses are different answers"
)]
fn status_of(written: &str) -> Option<Option<&'static Status>> {
    let word = written.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    if matches!(word.as_str(), "" | "all" | "7") {
        return Some(None);
    }
    let is_it = |status: &&Status| {
        status.word == word
            || status.others.contains(&word.as_str())
            || status.number.to_string() == word
    };
    STATUSES.iter().find(is_it).map(Some)
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
    fn every_address_of_a_list_gives_its_one_id() {
        for (input, expected) in [
            ("https://myanimelist.net/animelist/Ada_B", "ada_b"),
            ("myanimelist.net/animelist/Ada_B/?status=7", "ada_b"),
            (
                "http://www.MyAnimeList.net/animelist/Ada_B?status=6&order=5#x",
                "ada_b/plan_to_watch",
            ),
            (
                "https://myanimelist.net/animelist/ada_b/load.json?status=1&offset=0",
                "ada_b/watching",
            ),
            ("https://myanimelist.net/profile/Ada_B", "ada_b"),
            ("mal:Ada_B/PTW", "ada_b/plan_to_watch"),
            ("MyAnimeList:ada_b/on-hold", "ada_b/on_hold"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
        for input in [
            "ada_b",
            "https://myanimelist.net",
            "https://myanimelist.net/mangalist/Ada_B",
            "https://myanimelist.net/anime/1/Cowboy_Bebop",
            "https://myanimelist.net/topanime.php",
            "https://myanimelist.net/animelist/Ada_B?status=9",
            "https://anilist.co/user/Ada",
            "https://myanimelist.net.example/profile/Ada",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn names_mean_users_where_the_site_is_known() {
        for (input, expected) in [
            (" Ada ", "ada"),
            ("ada/Plan to Watch", "ada/plan_to_watch"),
            ("ada/all/", "ada"),
            ("ada/4", "ada/dropped"),
        ] {
            assert_eq!(own(input).as_deref(), Some(expected), "{input}");
        }
        for input in ["", "a b", "ada/favourites", "https://example.org/ada"] {
            assert_eq!(own(input), None, "{input}");
        }
    }

    #[test]
    fn prefix_after_prefix_is_no_name_and_comes_to_an_end() {
        assert_eq!(own(&"mal:".repeat(100_000)), None);
        assert_eq!(id(&"mal:".repeat(100_000)), None);
    }

    #[test]
    fn ids_and_addresses_are_recognized_as_themselves() {
        for input in ["ada", "ada/watching", "ada/plan_to_watch"] {
            let list = parse_own(input).unwrap();
            assert_eq!(own(&list.id()), Some(list.id()), "{input}");
            assert_eq!(id(&list.url()), Some(list.id()), "{input}");
        }
    }
}
