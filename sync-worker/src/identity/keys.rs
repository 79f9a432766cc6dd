//! What an entry is recognised by on whichever list it stands: its ids, the site's own name of it, or
//! else its title, year and kind. Pure. Pins are kept under these keys, so what is written here stays
//! as it is; how titles are compared when they are looked for may change.

use schema::models::{ListItem, MediaType};

use super::ids::imdb_id;

/// The keys of an entry, the surest first; the season it is about does not count.
pub(crate) fn keys(item: &ListItem) -> Vec<String> {
    let kind = item.media_type.map_or("any", MediaType::as_str);
    let number = |site: &str, id: Option<i64>| {
        id.filter(|id| *id > 0)
            .map(|id| format!("{site}:{kind}:{id}"))
    };
    let imdb = item.imdb_id.as_deref().and_then(imdb_id);
    let ids = [
        imdb.map(|id| format!("imdb:{id}")),
        number("tmdb", item.tmdb_id),
        number("tvdb", item.tvdb_id),
        number("trakt", item.trakt_id),
    ];
    let mut keys: Vec<String> = ids.into_iter().flatten().collect();
    let has_id = !keys.is_empty();
    if item.entry_key.starts_with("source:") {
        keys.push(item.entry_key.clone());
    }
    // A title names an entry only where nothing better does.
    if !has_id && !item.title.trim().is_empty() {
        let year = item.year.map_or_else(String::new, |year| year.to_string());
        let title = plain(&item.title);
        keys.push(format!("title:{kind}:{year}:{title}"));
    }
    keys
}

/// The same, before them what an entry with ids says as a whole: what a person says of it where an id is
/// another title's holds for no other entry with that id.
pub(crate) fn all_keys(item: &ListItem) -> Vec<String> {
    let mut all: Vec<String> = whole(item).into_iter().collect();
    all.extend(keys(item));
    all
}

/// All that an entry with ids says, in one key: `told:movie:1995:heat:tmdb-680`; none without an id or a
/// title.
pub(crate) fn whole(item: &ListItem) -> Option<String> {
    let kind = item.media_type.map_or("any", MediaType::as_str);
    let number =
        |site: &str, id: Option<i64>| id.filter(|id| *id > 0).map(|id| format!("{site}-{id}"));
    let imdb = item.imdb_id.as_deref().and_then(imdb_id);
    let ids = [
        imdb.map(|id| format!("imdb-{id}")),
        number("tmdb", item.tmdb_id),
        number("tvdb", item.tvdb_id),
        number("trakt", item.trakt_id),
    ];
    let ids: Vec<String> = ids.into_iter().flatten().collect();
    if ids.is_empty() || item.title.trim().is_empty() {
        return None;
    }
    let year = item.year.map_or_else(String::new, |year| year.to_string());
    let (title, ids) = (plain(&item.title), ids.join(","));
    Some(format!("told:{kind}:{year}:{title}:{ids}"))
}

/// Whether two titles are made of the same words.
pub(crate) fn is_titled_alike(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// The words of a title in lower case with single spaces, without punctuation; of a title that has no
/// words, what it is.
pub(super) fn plain(title: &str) -> String {
    let title = title.trim().to_lowercase();
    let words: Vec<&str> = title
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return title;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{super::sample::item, *};

    #[test]
    fn an_entry_without_ids_is_known_by_its_title_and_by_what_its_site_calls_it() {
        let plain = item("The Thing", 1982, MediaType::Movie);
        assert_eq!(keys(&plain), ["title:movie:1982:the thing"]);
        let of_site = ListItem {
            entry_key: "source:letterboxd:the-thing".into(),
            ..plain.clone()
        };
        assert_eq!(
            keys(&of_site),
            ["source:letterboxd:the-thing", "title:movie:1982:the thing"]
        );
        let with_ids = ListItem {
            imdb_id: Some("tt0084787".into()),
            trakt_id: Some(713),
            ..of_site
        };
        assert_eq!(
            keys(&with_ids),
            [
                "imdb:tt0084787",
                "trakt:movie:713",
                "source:letterboxd:the-thing"
            ]
        );
    }

    #[test]
    fn what_an_entry_says_as_a_whole_is_its_surest_key_where_it_has_an_id() {
        let heat = item("Heat!", 1995, MediaType::Movie);
        assert_eq!(all_keys(&heat), keys(&heat));
        let numbered = ListItem {
            tmdb_id: Some(680),
            imdb_id: Some("tt0113277".into()),
            ..heat
        };
        assert_eq!(
            all_keys(&numbered),
            [
                "told:movie:1995:heat:imdb-tt0113277,tmdb-680",
                "imdb:tt0113277",
                "tmdb:movie:680"
            ]
        );
    }

    #[test]
    fn punctuation_and_case_make_no_other_entry_and_signs_alone_are_a_title() {
        let of = |title: &str| keys(&item(title, 1982, MediaType::Movie));
        assert_eq!(of("THE  THING!"), of("The Thing"));
        assert_ne!(of("The Thing"), of("Thing"));
        assert_eq!(of("…"), ["title:movie:1982:…"]);
        assert_eq!(of("  "), [""; 0]);
    }
}
