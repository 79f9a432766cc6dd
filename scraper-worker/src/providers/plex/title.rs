//! What a title of Plex is called elsewhere: `imdb://tt…`, `tmdb://…`, `tvdb://…`. Pure.

use schema::{models::MediaType, wire::scraper::Entry};

use crate::{provider::Ids, providers::loose::is_imdb_title};

/// Ids by such names; of each kind the first that is one.
pub(super) fn ids<'a>(names: impl IntoIterator<Item = &'a str>) -> Ids {
    let mut ids = Ids::default();
    for name in names {
        let Some((of, id)) = name.trim().split_once("://") else {
            continue;
        };
        let number = || id.parse().ok().filter(|number: &i64| *number > 0); // else it is no id
        match of {
            "imdb" if is_imdb_title(id) => {
                ids.imdb_id.get_or_insert_with(|| id.to_owned());
            }
            "tmdb" => ids.tmdb_id = ids.tmdb_id.or_else(number),
            "tvdb" => ids.tvdb_id = ids.tvdb_id.or_else(number),
            _ => {}
        }
    }
    ids
}

/// An entry of it, if it has an id or a title.
pub(super) fn entry(
    title: &str,
    year: Option<i32>,
    media_type: Option<MediaType>,
    ids: Ids,
) -> Option<Entry> {
    let has_id = ids.imdb_id.is_some() || ids.tmdb_id.is_some() || ids.tvdb_id.is_some();
    let title = title.trim();
    (has_id || !title.is_empty()).then(|| Entry {
        title: title.to_owned(),
        year,
        media_type,
        imdb_id: ids.imdb_id,
        tmdb_id: ids.tmdb_id,
        tvdb_id: ids.tvdb_id,
        ..Entry::default()
    })
}

/// `movie` or `show`; what else there is is no title.
pub(super) fn media_type(word: &str) -> Option<MediaType> {
    match word.trim().to_ascii_lowercase().as_str() {
        "movie" => Some(MediaType::Movie),
        "show" | "series" => Some(MediaType::Tv),
        _ => None,
    }
}

/// `Paper Boats (1987)`: the title and its year.
pub(super) fn split_year(title: &str) -> (&str, Option<i32>) {
    let title = title.trim();
    let split = title
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    match split.and_then(|(name, year)| Some((name.trim_end(), year_of(year)?))) {
        Some((name, year)) if !name.is_empty() => (name, Some(year)),
        _ => (title, None),
    }
}

/// Four digits at the beginning of a date.
pub(super) fn year_of(date: &str) -> Option<i32> {
    let year = date.trim().get(..4)?.parse().ok()?; // else it is no date
    let rest = date.trim().get(4..)?;
    let is_year = (1000..=9999).contains(&year) && (rest.is_empty() || rest.starts_with('-'));
    is_year.then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_their_names_and_others_are_passed_over() {
        let read = ids([
            "plex://movie/5d77",
            "imdb://nm0000001",
            "imdb://tt9000001",
            "tmdb://none",
            "tmdb://0",
            "tmdb://900001",
            "tvdb://77",
            "tvdb://78",
            "tt123",
        ]);
        assert_eq!(
            (read.imdb_id.as_deref(), read.tmdb_id, read.tvdb_id),
            (Some("tt9000001"), Some(900_001), Some(77))
        );
    }

    #[test]
    fn the_year_is_taken_from_the_end_of_a_title() {
        for (title, expected) in [
            ("Paper Boats (1987)", ("Paper Boats", Some(1987))),
            ("1987 (2020) ", ("1987", Some(2020))),
            ("Boats (and Paper)", ("Boats (and Paper)", None)),
            ("(1987)", ("(1987)", None)),
            ("Kites (19870)", ("Kites (19870)", None)),
            ("Kites", ("Kites", None)),
        ] {
            assert_eq!(split_year(title), expected);
        }
        assert_eq!(year_of("2020-03-11"), Some(2020));
        assert_eq!(year_of("soon"), None);
    }
}
