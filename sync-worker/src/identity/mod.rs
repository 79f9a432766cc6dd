//! Which title an entry of a list is: what the id maps know, what its ids tell, what a search finds.
//! Storing the answer and asking again later is the run's work.

mod ask;
mod fold;
mod probe;
mod score;

pub(crate) use ask::{Identified, identify};
pub(crate) use probe::UpstreamProbe;

use std::{collections::HashMap, time::Duration};

use schema::models::{IdSource, ListItem, MediaType, Title, TitleId, TitleRef};

use crate::target::ForeignId;

/// The ids that are known already.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdMap {
    by_id: HashMap<(IdSource, String), Vec<(MediaType, TitleRef)>>,
    by_tmdb: HashMap<(MediaType, i64), TitleRef>,
}

impl IdMap {
    /// Made of all rows of the two tables.
    pub(crate) fn new(titles: &[Title], ids: &[TitleId]) -> Self {
        let mut map = Self::default();
        for title in titles {
            map.add_title(title);
        }
        for id in ids {
            map.add_id(id);
        }
        map
    }

    /// Adds a title that was stored since.
    pub(crate) fn add_title(&mut self, title: &Title) {
        self.by_tmdb
            .insert((title.media_type, title.tmdb_id), title.id);
    }

    /// Adds an id that was stored since.
    pub(crate) fn add_id(&mut self, id: &TitleId) {
        let known = self
            .by_id
            .entry((id.source, id.external_id.clone()))
            .or_default();
        if !known.contains(&(id.media_type, id.title)) {
            known.push((id.media_type, id.title));
        }
    }

    /// The title with a foreign id. TVDB counts movies and shows apart, IMDb does not; an id that
    /// leaves two titles possible is not known.
    fn find(&self, id: &ForeignId, media_type: Option<MediaType>) -> Option<TitleRef> {
        let key = match id {
            ForeignId::Imdb(id) => (IdSource::Imdb, id.clone()),
            ForeignId::Tvdb(id) => (IdSource::Tvdb, id.to_string()),
        };
        let known = self.by_id.get(&key)?;
        let of_type: Vec<&(MediaType, TitleRef)> = known
            .iter()
            .filter(|(kind, _)| media_type == Some(*kind))
            .collect();
        match (of_type.as_slice(), known.as_slice(), id) {
            ([(_, only)], _, _) | ([], [(_, only)], ForeignId::Imdb(_)) => Some(*only),
            _ => None,
        }
    }

    /// The title with TMDB's number.
    pub(crate) fn title(&self, media_type: MediaType, tmdb_id: i64) -> Option<TitleRef> {
        self.by_tmdb.get(&(media_type, tmdb_id)).copied()
    }
}

/// The first thing to do for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: the title is known.
    Known(TitleRef),
    /// Nothing but storing a title: the entry names it.
    Ids {
        /// Movie or show.
        media_type: MediaType,
        /// TMDB's number.
        tmdb_id: i64,
    },
    /// Look-ups at the target, in this order, until one answers.
    LookUp(Vec<ForeignId>),
    /// A title search at the target.
    Search,
}

/// What to do first for an entry; [`identify`] takes the last two steps.
pub(crate) fn first_step(entry: &ListItem, map: &IdMap) -> Step {
    if let (Some(media_type), Some(tmdb_id)) = (entry.media_type, tmdb_id(entry)) {
        return map.title(media_type, tmdb_id).map_or(
            Step::Ids {
                media_type,
                tmdb_id,
            },
            Step::Known,
        );
    }
    let ids = foreign_ids(entry);
    match ids.iter().find_map(|id| map.find(id, entry.media_type)) {
        Some(title) => Step::Known(title),
        None if ids.is_empty() => Step::Search,
        None => Step::LookUp(ids),
    }
}

/// TMDB's number, where it is one.
fn tmdb_id(entry: &ListItem) -> Option<i64> {
    entry.tmdb_id.filter(|id| *id > 0)
}

/// Ids to look up, the surest first. Text that is no id is left out.
fn foreign_ids(entry: &ListItem) -> Vec<ForeignId> {
    let imdb = entry.imdb_id.as_deref().and_then(imdb_id);
    let tvdb = entry.tvdb_id.filter(|id| *id > 0);
    imdb.map(ForeignId::Imdb)
        .into_iter()
        .chain(tvdb.map(ForeignId::Tvdb))
        .collect()
}

/// `tt0111161`, also in the forms `imdb://tt0111161` and `TT0111161`.
fn imdb_id(text: &str) -> Option<String> {
    let id = text.trim().rsplit('/').next()?.to_ascii_lowercase();
    let digits = id.strip_prefix("tt")?;
    let is_id =
        (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id)
}

/// How long an entry that was not found is left alone after this many vain attempts: 1 day, 2, 4, up
/// to 30, give or take a tenth. `jitter` is between 0 and 1; 0.5 adds and takes nothing.
pub(crate) fn next_try(attempts: i32, jitter: f64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(0)
        .min(5);
    let days = (1_u32 << doublings).min(30);
    let share = 0.9 + 0.2 * jitter.clamp(0.0, 1.0);
    Duration::from_secs(u64::from(days) * 86_400).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};
    use chrono::DateTime;

    use super::{ask::tests::item, *};

    fn map(titles: &[(i32, MediaType, i64)], ids: &[(IdSource, &str, MediaType, i32)]) -> IdMap {
        let now = DateTime::UNIX_EPOCH.naive_utc();
        let titles: Vec<Title> = titles
            .iter()
            .map(|(id, media_type, tmdb_id)| Title {
                id: TitleRef(*id),
                media_type: *media_type,
                tmdb_id: *tmdb_id,
                title: "T".into(),
                year: None,
                created_at: now,
                updated_at: now,
            })
            .collect();
        let ids: Vec<TitleId> = ids
            .iter()
            .map(|(source, id, media_type, title)| TitleId {
                source: *source,
                external_id: (*id).into(),
                media_type: *media_type,
                title: TitleRef(*title),
                known_by: "the entry".into(),
                known_at: now,
            })
            .collect();
        IdMap::new(&titles, &ids)
    }

    #[test]
    fn what_is_known_costs_nothing() {
        let map = map(
            &[(4, Movie, 603)],
            &[(IdSource::Imdb, "tt0133093", Movie, 4)],
        );
        let by_number = ListItem {
            tmdb_id: Some(603),
            ..item("The Matrix", 1999, Movie)
        };
        assert_eq!(first_step(&by_number, &map), Step::Known(TitleRef(4)));
        let as_show = ListItem {
            tmdb_id: Some(603),
            ..item("The Matrix", 1999, Tv)
        };
        assert_eq!(
            first_step(&as_show, &map),
            Step::Ids {
                media_type: Tv,
                tmdb_id: 603
            }
        );
        for kind in [None, Some(Movie), Some(Tv)] {
            let by_imdb = ListItem {
                imdb_id: Some("imdb://tt0133093".into()),
                ..item("The Matrix", 1999, kind)
            };
            assert_eq!(first_step(&by_imdb, &map), Step::Known(TitleRef(4)));
        }
    }

    #[test]
    fn a_tvdb_number_is_known_for_its_type_only() {
        let map = map(&[(4, Tv, 1396)], &[(IdSource::Tvdb, "81189", Tv, 4)]);
        let entry = |kind: Option<MediaType>| ListItem {
            tvdb_id: Some(81_189),
            ..item("T", None, kind)
        };
        assert_eq!(first_step(&entry(Some(Tv)), &map), Step::Known(TitleRef(4)));
        let look_up = Step::LookUp(vec![ForeignId::Tvdb(81_189)]);
        assert_eq!(first_step(&entry(Some(Movie)), &map), look_up);
        assert_eq!(first_step(&entry(None), &map), look_up);
    }

    #[test]
    fn unknown_ids_are_looked_up_the_surest_first() {
        let entry = ListItem {
            imdb_id: Some("tt0903747".into()),
            tvdb_id: Some(81_189),
            tmdb_id: Some(1396),
            ..item("Breaking Bad", 2008, None)
        };
        assert_eq!(
            first_step(&entry, &IdMap::default()),
            Step::LookUp(vec![
                ForeignId::Imdb("tt0903747".into()),
                ForeignId::Tvdb(81_189)
            ])
        );
        assert_eq!(
            first_step(&item("Breaking Bad", 2008, Tv), &IdMap::default()),
            Step::Search
        );
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

    #[test]
    fn the_pauses_double_up_to_thirty_days() {
        let days = |attempts, jitter| next_try(attempts, jitter).as_secs_f64() / 86_400.0;
        let steps: Vec<u64> = (0..=8)
            .map(|attempts| next_try(attempts, 0.5).as_secs() / 86_400)
            .collect();
        assert_eq!(steps, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert!((days(1, 0.0) - 0.9).abs() < 1e-9 && (days(1, 1.0) - 1.1).abs() < 1e-9);
        assert!(days(i32::MAX, 7.0) < 33.1 && days(i32::MIN, -7.0) > 0.89);
    }
}
