//! Feeds the id map: what the ids of matched entries and the details of titles tell, better evidence in
//! the place of worse.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use schema::{
    DbError, SqliteConnection,
    models::{IdSource, ListItem, MediaType, Title, TitleId},
};

use super::{
    ids::imdb_id,
    ids_of,
    map::ids_known,
    trust::{DETAILS, SHARED, Trust, beside, is_only_answer, trust},
};
use crate::target::Details;

/// The ids of an entry that was matched to `title` as `how` says.
pub(crate) fn ids_of_match(
    entry: &ListItem,
    title: &Title,
    how: &str,
    now: NaiveDateTime,
) -> Vec<TitleId> {
    ids_of(entry)
        .into_iter()
        .map(|(source, external_id)| {
            let is_asked = how.starts_with(&format!("{source} look-up"));
            let is_of_several = is_asked && !is_only_answer(how);
            TitleId {
                source,
                external_id,
                media_type: title.media_type,
                title: title.id,
                known_by: if is_of_several {
                    SHARED.to_owned()
                } else {
                    beside(how, is_asked)
                },
                known_at: now,
            }
        })
        .collect()
}

/// The ids that the details of a title tell; for [`learn`].
pub(crate) fn ids_of_details(title: &Title, details: &Details, now: NaiveDateTime) -> Vec<TitleId> {
    let imdb = details.imdb_id.as_deref().and_then(imdb_id);
    let tvdb = details.tvdb_id.filter(|id| *id > 0);
    let id = |source, external_id| TitleId {
        source,
        external_id,
        media_type: title.media_type,
        title: title.id,
        known_by: DETAILS.to_owned(),
        known_at: now,
    };
    imdb.map(|imdb| id(IdSource::Imdb, imdb))
        .into_iter()
        .chain(tvdb.map(|tvdb| id(IdSource::Tvdb, tvdb.to_string())))
        .collect()
}

/// Adds ids to the map. One that means another title there is corrected where the new evidence is
/// better, or is TMDB's answer to what the id is; else what is known stays.
///
/// # Errors
/// When the database fails.
pub(crate) fn learn(conn: &mut SqliteConnection, ids: Vec<TitleId>) -> Result<(), DbError> {
    let mut known = KnownIds::of(conn, ids.iter().map(named))?;
    for id in ids {
        known.learn(conn, id)?;
    }
    Ok(())
}

fn named(id: &TitleId) -> (IdSource, String) {
    (id.source, id.external_id.clone())
}

/// The rows of the map for the ids of a few entries, kept up while more is learned of them.
pub(crate) struct KnownIds {
    rows: HashMap<(IdSource, String, MediaType), TitleId>,
}

impl KnownIds {
    /// Loads what is known of some ids.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn of(
        conn: &mut SqliteConnection,
        ids: impl IntoIterator<Item = (IdSource, String)>,
    ) -> Result<Self, DbError> {
        let ids: Vec<_> = ids.into_iter().collect();
        let rows = ids_known(conn, &ids)?;
        Ok(Self {
            rows: rows.into_iter().map(|row| (place(&row), row)).collect(),
        })
    }

    /// The row that says of an id what contradicts it: a list's word against another list's or TMDB's.
    pub(crate) fn against(&self, id: &TitleId) -> Option<&TitleId> {
        self.rows.get(&place(id)).filter(|row| {
            row.title != id.title
                && row.known_by != SHARED
                && trust(&id.known_by) == Trust::Told
                && trust(&row.known_by) >= Trust::Told
        })
    }

    /// Stores an id; see [`learn`].
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn learn(
        &mut self,
        conn: &mut SqliteConnection,
        id: TitleId,
    ) -> Result<(), DbError> {
        match self.rows.get(&place(&id)) {
            None => id.insert(conn)?,
            Some(row) if is_shared(&id, row) => {
                let shared = TitleId {
                    title: row.title,
                    known_by: SHARED.to_owned(),
                    ..id
                };
                shared.correct(conn)?;
                ListItem::look_again(conn, row.title, (shared.source, &shared.external_id))?;
                self.rows.insert(place(&shared), shared);
                return Ok(());
            }
            Some(row) if !is_better(&id, row) => return Ok(()),
            Some(row) => {
                id.correct(conn)?;
                if row.title != id.title {
                    ListItem::look_again(conn, row.title, (id.source, &id.external_id))?;
                }
            }
        }
        self.rows.insert(place(&id), id);
        Ok(())
    }
}

fn place(id: &TitleId) -> (IdSource, String, MediaType) {
    (id.source, id.external_id.clone(), id.media_type)
}

/// Whether TMDB gives the id to another title than this one too, to which it has given it. The first keeps
/// it, so that the id does not move to and fro with each title that is asked about; alone it means neither.
fn is_shared(id: &TitleId, row: &TitleId) -> bool {
    let is_told = id.known_by == SHARED || id.known_by == DETAILS && id.title != row.title;
    is_told && row.known_by != SHARED && trust(&row.known_by) == Trust::LookedUp
}

/// Of the same title only better evidence is news. Of TMDB's own words about two titles the later counts,
/// if it names one title only.
fn is_better(id: &TitleId, row: &TitleId) -> bool {
    let (new, old) = (trust(&id.known_by), trust(&row.known_by));
    new > old || id.title != row.title && is_only_answer(&id.known_by)
}
