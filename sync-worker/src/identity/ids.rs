//! The ids of an entry: which may be looked up, and which the id map may know. Pure.

use schema::models::{IdSource, ListItem};

use crate::target::ForeignId;

/// What TMDB's number of an entry is called.
pub(crate) const OWN_ID: &str = "the entry's TMDB id";

/// TMDB's number, where it is one.
pub(super) fn tmdb_id(entry: &ListItem) -> Option<i64> {
    entry.tmdb_id.filter(|id| *id > 0)
}

/// Ids to look up, the surest first. Text that is no id is left out.
pub(super) fn foreign_ids(entry: &ListItem) -> Vec<ForeignId> {
    let imdb = entry.imdb_id.as_deref().and_then(imdb_id);
    let tvdb = entry.tvdb_id.filter(|id| *id > 0);
    imdb.map(ForeignId::Imdb)
        .into_iter()
        .chain(tvdb.map(ForeignId::Tvdb))
        .collect()
}

/// Ids that the id map may know, the surest first: those that can be looked up, Trakt's number, and
/// what its own site calls the entry.
pub(crate) fn ids_of(entry: &ListItem) -> Vec<(IdSource, String)> {
    let mut ids: Vec<(IdSource, String)> = foreign_ids(entry)
        .into_iter()
        .map(|id| match id {
            ForeignId::Imdb(id) => (IdSource::Imdb, id),
            ForeignId::Tvdb(id) => (IdSource::Tvdb, id.to_string()),
        })
        .collect();
    let trakt = entry.trakt_id.filter(|id| *id > 0);
    ids.extend(trakt.map(|id| (IdSource::Trakt, id.to_string())));
    ids.extend(site_name(&entry.entry_key));
    ids
}

/// What a site calls the title, from the key its entries are recognised by:
/// `source:letterboxd:dune-2021`. Sites whose names the map does not keep have none.
fn site_name(entry_key: &str) -> Option<(IdSource, String)> {
    let (site, name) = entry_key.strip_prefix("source:")?.split_once(':')?;
    let source = match site {
        "letterboxd" => IdSource::Letterboxd,
        "anilist" => IdSource::Anilist,
        "myanimelist" => IdSource::Myanimelist,
        "simkl" => IdSource::Simkl,
        _ => return None,
    };
    (!name.is_empty()).then(|| (source, name.to_owned()))
}

/// Whether an id of that source means one title, be it a movie or a show. Others count movies and
/// shows apart.
pub(super) fn is_of_one_title(source: IdSource) -> bool {
    !matches!(source, IdSource::Tvdb | IdSource::Trakt)
}

/// The id as people read it: `tt0133093`, `TVDB's 81189`, `Letterboxd's dune-2021`.
pub(super) fn shown(source: IdSource, id: &str) -> String {
    let site = match source {
        IdSource::Imdb => return id.to_owned(),
        IdSource::Tvdb => "TVDB",
        IdSource::Trakt => "Trakt",
        IdSource::Anilist => "AniList",
        IdSource::Myanimelist => "MyAnimeList",
        IdSource::Simkl => "Simkl",
        IdSource::Letterboxd => "Letterboxd",
    };
    format!("{site}'s {id}")
}

/// `tt0111161`, also in the forms `imdb://tt0111161` and `TT0111161`.
pub(crate) fn imdb_id(text: &str) -> Option<String> {
    let id = text.trim().rsplit('/').next()?.to_ascii_lowercase();
    let digits = id.strip_prefix("tt")?;
    let is_id =
        (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::{super::sample::item, *};

    #[test]
    fn the_surest_ids_come_first_and_a_sites_own_name_last() {
        let entry = ListItem {
            imdb_id: Some("tt0903747".into()),
            tvdb_id: Some(81_189),
            trakt_id: Some(1388),
            entry_key: "source:simkl:tv/11121".into(),
            ..item("Breaking Bad", 2008, None)
        };
        let ids: Vec<String> = ids_of(&entry)
            .iter()
            .map(|(source, id)| shown(*source, id))
            .collect();
        assert_eq!(
            ids,
            [
                "tt0903747",
                "TVDB's 81189",
                "Trakt's 1388",
                "Simkl's tv/11121"
            ]
        );
    }

    #[test]
    fn numbers_of_nothing_and_names_of_other_sites_are_no_ids() {
        for key in [
            "source:thetvdb:series/heat",
            "source:letterboxd:",
            "imdb:tt1",
            "",
        ] {
            let entry = ListItem {
                tvdb_id: Some(0),
                trakt_id: Some(-1),
                entry_key: key.into(),
                ..item("Heat", 1995, None)
            };
            assert_eq!(ids_of(&entry), [], "{key}");
        }
    }

    #[test]
    fn only_imdb_ids_are_taken_for_imdb_ids() {
        for (text, id) in [
            ("tt0133093", Some("tt0133093")),
            ("imdb://tt0133093", Some("tt0133093")),
            (" TT0133093 ", Some("tt0133093")),
            ("0133093", None),
            ("nm0000206", None),
            ("tt", None),
            ("tt12x", None),
            ("", None),
        ] {
            assert_eq!(imdb_id(text).as_deref(), id, "{text}");
        }
    }
}
