//! A page of the entries of all lists, each with its title and where that is on its way. Only reads.
//!
//! What is counted and which entries are on the page is found along indexes; what they say is read of
//! those alone. A status is looked for from the titles that have it, which are few; where they are
//! many, or the entries are those of one list, the entries are walked in their order instead.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::{prelude::*, sql_query, sql_types, sqlite::Sqlite};

use super::{
    Decision, Identity, ItemStatus, ListId, ListItem, MediaType, Standing, SyncedItem, Title,
    TitleFacts, TitleRef,
};
use crate::tables::{list_items, list_policies, lists, synced_items, titles};

/// Titles with a status from which on the entries are walked.
const MANY: i64 = 2000;

/// Rows that are loaded by their numbers at once.
const AT_ONCE: usize = 500;

/// Entries that are on a list that is followed.
const ON_A_LIST: &str =
    "i.left_at IS NULL AND i.list IN (SELECT id FROM lists WHERE removed_at IS NULL)";

/// Whether a place is in the quality that the entry's list asks for; where the list does not say, in
/// standard quality if there is something of that.
const OF_ITS_QUALITY: &str = "((NOT place.is_4k \
      AND i.list NOT IN (SELECT list FROM list_policies WHERE is_4k = TRUE)) \
    OR (place.is_4k AND (i.list IN (SELECT list FROM list_policies WHERE is_4k = TRUE) \
      OR (i.list NOT IN (SELECT list FROM list_policies WHERE is_4k = FALSE) \
        AND NOT EXISTS (SELECT 1 FROM decisions n WHERE n.title = place.title AND NOT n.is_4k) \
        AND NOT EXISTS (SELECT 1 FROM titles nt INNER JOIN synced_items ns \
          ON ns.media_type = nt.media_type AND ns.tmdb_id = nt.tmdb_id \
          WHERE nt.id = place.title AND NOT ns.is_4k)))))";

/// Which entries a page shows.
#[derive(Clone, Debug, Default)]
pub struct ItemFilter {
    /// Only of this list.
    pub list: Option<ListId>,
    /// Only in this state of identity.
    pub identity: Option<Identity>,
    /// Only with this status, see [`ItemStatus::includes`].
    pub status: Option<ItemStatus>,
    /// Only titles that contain this text.
    pub search: Option<String>,
}

/// One entry of a page.
#[derive(Clone, Debug)]
pub struct ItemRow {
    /// The entry.
    pub item: ListItem,
    /// Its list's name.
    pub list_name: String,
    /// The title it is, once that is certain.
    pub title: Option<Title>,
    /// Where the title is on its way, in the quality that the list asks for; absent before the first
    /// decision.
    pub standing: Option<ItemStanding>,
}

/// Where a title is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemStanding {
    /// Where.
    pub status: ItemStatus,
    /// Why.
    pub reason: String,
    /// What would change it, as a sentence.
    pub remedy: Option<String>,
    /// Until when it waits; absent where every run looks at it anew.
    pub until: Option<NaiveDateTime>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
}

/// The end of a statement, with what is to be put in the place of its question marks.
struct Selection {
    sql: String,
    texts: Vec<String>,
}

impl ItemRow {
    /// A page of the entries that are on a list now, in the order of the lists and their ranks; and how
    /// many there are in all.
    ///
    /// # Errors
    /// When the database fails.
    pub fn page(
        conn: &mut SqliteConnection,
        filter: &ItemFilter,
        limit: i64,
        offset: i64,
        now: NaiveDateTime,
    ) -> QueryResult<(Vec<Self>, i64)> {
        let total = count(conn, filter)?;
        if offset >= total {
            return Ok((Vec::new(), total));
        }
        // Few of many are met soon on the way, the last of many late.
        let is_near = total > MANY && (offset + limit) <= total / 2;
        let selection = if filter.list.is_some() || is_near {
            filter.walked()
        } else {
            filter.looked_up()
        };
        let ids = selection.numbers(
            conn,
            "i.id",
            &format!("ORDER BY i.list, i.rank, i.id LIMIT {limit} OFFSET {offset}"),
        )?;
        // Row numbers are 32 bits long.
        let ids: Vec<i32> = ids
            .into_iter()
            .filter_map(|id| id.try_into().ok())
            .collect();
        Ok((load(conn, &ids, now)?, total))
    }
}

fn count(conn: &mut SqliteConnection, filter: &ItemFilter) -> QueryResult<i64> {
    // Nearly all are matched: the others are counted along their index.
    if filter.identity == Some(Identity::Matched)
        && filter.status.is_none()
        && filter.search.is_none()
    {
        let mut rest = ItemFilter {
            identity: None,
            ..filter.clone()
        };
        let mut matched = count(conn, &rest)?;
        for identity in Identity::UNMATCHED {
            rest.identity = Some(identity);
            matched -= count(conn, &rest)?;
        }
        return Ok(matched);
    }
    let selection = if filter.list.is_some() {
        filter.walked()
    } else {
        filter.looked_up()
    };
    let numbers = selection.numbers(conn, "COUNT(*)", "")?;
    Ok(numbers.first().copied().unwrap_or_default())
}

impl ItemFilter {
    /// Beginning with the titles that have the status.
    fn looked_up(&self) -> Selection {
        let (own, texts) = self.own();
        let sql = match self.status {
            Some(status) => format!(
                "FROM ({}) place INNER JOIN list_items i ON i.title_ref = place.title \
                 WHERE {ON_A_LIST} AND {OF_ITS_QUALITY}{own}",
                places(status)
            ),
            None => format!("FROM list_items i WHERE {ON_A_LIST}{own}"),
        };
        Selection { sql, texts }
    }

    /// Beginning with the entries in their order.
    fn walked(&self) -> Selection {
        let (own, texts) = self.own();
        let of_status = self.status.map_or_else(String::new, |status| {
            format!(
                " AND EXISTS (SELECT 1 FROM ({}) place \
                 WHERE place.title = i.title_ref AND {OF_ITS_QUALITY})",
                places(status)
            )
        });
        Selection {
            sql: format!("FROM list_items i WHERE {ON_A_LIST}{own}{of_status}"),
            texts,
        }
    }

    /// What the entries themselves have to be.
    fn own(&self) -> (String, Vec<String>) {
        let list = self.list.map(|list| format!(" AND i.list = {list}"));
        let identity = self.identity.map(|identity| match identity {
            Identity::Matched => {
                let others = Identity::UNMATCHED.map(|identity| format!("'{identity}'"));
                format!(" AND i.identity NOT IN ({})", others.join(", "))
            }
            unmatched => format!(" AND i.identity = '{unmatched}'"),
        });
        let search = self.search.as_ref();
        let of_search = search.map(|_| " AND i.title LIKE ? ESCAPE '\\'".to_owned());
        let texts = search.map(|search| {
            let escaped = search
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            format!("%{escaped}%")
        });
        let parts = [list, identity, of_search].into_iter().flatten();
        (parts.collect(), texts.into_iter().collect())
    }
}

/// The titles, with the quality, that [`ItemStatus::includes`] of this status means.
fn places(status: ItemStatus) -> String {
    match status {
        ItemStatus::Waiting => format!(
            "{} UNION {}",
            decided("wait"),
            recorded(ItemStatus::Failed, "")
        ),
        ItemStatus::Skipped => decided("skip"),
        ItemStatus::Planned => recorded(
            status,
            &format!(
                " AND NOT EXISTS (SELECT 1 FROM decisions w WHERE w.decision IN ('wait', 'skip') \
                 AND w.title = t.id AND w.is_4k = s.is_4k AND w.decided_at >= s.last_synced AND {})",
                is_last("w")
            ),
        ),
        ItemStatus::Requested | ItemStatus::Adopted | ItemStatus::Available => recorded(
            status,
            &format!(
                " AND NOT EXISTS (SELECT 1 FROM decisions w WHERE w.decision = 'wait' \
                 AND w.title = t.id AND w.is_4k = s.is_4k AND {})",
                is_last("w")
            ),
        ),
        _ => recorded(status, ""),
    }
}

/// Places with that word in the ledger.
fn recorded(status: ItemStatus, more: &str) -> String {
    format!(
        "SELECT t.id AS title, s.is_4k AS is_4k FROM synced_items s \
         INNER JOIN titles t ON t.media_type = s.media_type AND t.tmdb_id = s.tmdb_id \
         WHERE s.status = '{status}'{more}"
    )
}

/// Places whose last decision is of that kind and still holds.
fn decided(kind: &str) -> String {
    format!(
        "SELECT d.title AS title, d.is_4k AS is_4k FROM decisions d \
         WHERE d.decision = '{kind}' AND {} AND NOT EXISTS (SELECT 1 FROM titles dt \
           INNER JOIN synced_items ds ON ds.media_type = dt.media_type AND ds.tmdb_id = dt.tmdb_id \
           WHERE dt.id = d.title AND ds.is_4k = d.is_4k AND ds.status = 'planned' \
           AND ds.last_synced > d.decided_at)",
        is_last("d")
    )
}

fn is_last(decision: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM decisions later WHERE later.title = {decision}.title \
         AND later.is_4k = {decision}.is_4k AND later.id > {decision}.id)"
    )
}

impl Selection {
    fn numbers(
        self,
        conn: &mut SqliteConnection,
        what: &str,
        order: &str,
    ) -> QueryResult<Vec<i64>> {
        let statement = format!("SELECT {what} AS number {} {order}", self.sql);
        let mut query = sql_query(statement).into_boxed::<Sqlite>();
        for text in self.texts {
            query = query.bind::<sql_types::Text, _>(text);
        }
        let rows: Vec<Number> = query.load(conn)?;
        Ok(rows.into_iter().map(|row| row.number).collect())
    }
}

/// What the entries with these numbers say, in that order.
fn load(conn: &mut SqliteConnection, ids: &[i32], now: NaiveDateTime) -> QueryResult<Vec<ItemRow>> {
    let mut found: HashMap<i32, (ListItem, String, Option<Title>, Option<bool>)> =
        HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(AT_ONCE) {
        let rows: Vec<(ListItem, String, Option<Title>, Option<bool>)> = list_items::table
            .inner_join(lists::table.left_join(list_policies::table))
            .left_join(titles::table)
            .filter(list_items::id.eq_any(chunk))
            .select((
                ListItem::as_select(),
                lists::description,
                Option::<Title>::as_select(),
                list_policies::is_4k.nullable(),
            ))
            .load(conn)?;
        found.extend(
            rows.into_iter()
                .map(|(item, name, title, is_4k)| (item.id, (item, name, title, is_4k))),
        );
    }
    let titles: Vec<&Title> = found.values().filter_map(|row| row.2.as_ref()).collect();
    let recorded = Recorded::of(conn, &titles)?;
    let rows = ids.iter().filter_map(|id| found.remove(id));
    Ok(rows
        .map(|(item, list_name, title, is_4k)| {
            let standing = title
                .as_ref()
                .and_then(|title| recorded.standing(title, is_4k, item.season, now));
            ItemRow {
                item,
                list_name,
                title,
                standing,
            }
        })
        .collect())
}

/// What is recorded of the titles of a page.
struct Recorded {
    rows: HashMap<(MediaType, i64, bool), SyncedItem>,
    decisions: HashMap<(TitleRef, bool), Decision>,
    facts: HashMap<TitleRef, TitleFacts>,
}

impl Recorded {
    fn of(conn: &mut SqliteConnection, titles: &[&Title]) -> QueryResult<Self> {
        let mut rows = HashMap::new();
        for media_type in [MediaType::Movie, MediaType::Tv] {
            let of_type = titles.iter().filter(|title| title.media_type == media_type);
            let numbers: Vec<i64> = of_type.map(|title| title.tmdb_id).collect();
            for chunk in numbers.chunks(AT_ONCE) {
                let found: Vec<SyncedItem> = synced_items::table
                    .filter(synced_items::media_type.eq(media_type))
                    .filter(synced_items::tmdb_id.eq_any(chunk))
                    .order(synced_items::id.desc())
                    .select(SyncedItem::as_select())
                    .load(conn)?;
                let found = found.into_iter();
                rows.extend(found.map(|row| ((media_type, row.tmdb_id, row.is_4k), row)));
            }
        }
        let ids: Vec<TitleRef> = titles.iter().map(|title| title.id).collect();
        let decisions = Decision::latest_of(conn, &ids)?.into_iter();
        let decisions: HashMap<(TitleRef, bool), Decision> = decisions
            .map(|decision| ((decision.title, decision.is_4k), decision))
            .collect();
        let shows = titles
            .iter()
            .filter(|title| title.media_type == MediaType::Tv);
        let shows: Vec<TitleRef> = shows.map(|title| title.id).collect();
        let facts = TitleFacts::of(conn, &shows)?.into_iter();
        Ok(Self {
            rows,
            decisions,
            facts: facts.map(|facts| (facts.title, facts)).collect(),
        })
    }

    /// How a title stands in the quality of a list that asks for `is_4k`, or does not say.
    fn standing(
        &self,
        title: &Title,
        is_4k: Option<bool>,
        season: Option<i32>,
        now: NaiveDateTime,
    ) -> Option<ItemStanding> {
        let in_quality = |is_4k| Standing {
            row: self.rows.get(&(title.media_type, title.tmdb_id, is_4k)),
            decision: self.decisions.get(&(title.id, is_4k)),
        };
        let is_empty = |one: Standing<'_>| one.row.is_none() && one.decision.is_none();
        let is_4k = is_4k.unwrap_or_else(|| is_empty(in_quality(false)));
        let standing = in_quality(is_4k);
        Some(ItemStanding {
            status: standing.status()?,
            reason: standing.reason().unwrap_or_default().to_owned(),
            remedy: standing.remedy().map(str::to_owned),
            until: standing.until(self.facts.get(&title.id), season, now),
        })
    }
}

#[cfg(test)]
#[path = "item_page_tests.rs"]
mod tests;
