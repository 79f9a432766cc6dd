//! Merges what the lists of a run ask for: the same title from several lists is one wish.
//!
//! A run knows all its wishes by number only, in the order of the lists and their ranks; what a wish
//! says is read when it is its turn, so that memory grows by a few bytes a title.

use std::collections::{HashMap, HashSet};

use runtime::{counted, settings::SeerrSettings};
use schema::{
    DbError, SqliteConnection,
    models::{Asking, FetchKind, List, ListId, ListPolicy, MediaType, SyncedItem, Title, TitleRef},
};

use super::{new_lists::NewLists, read::ListRead};
use crate::{
    engine::Engine,
    plan::{Consent, SeasonsWanted, Wish},
};

/// Lists that a wish names; of a thousand, every decision would name a thousand.
const NAMED: usize = 10;

/// Which wish: a title in one quality.
pub(crate) type WishKey = (TitleRef, bool);

/// How the lists of a run are followed.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each tells something of its own of a list, and they do not exclude each other"
)]
pub(crate) struct Asker {
    pub(crate) list: ListId,
    /// `imdb:top`
    source: String,
    is_4k: bool,
    requested_as: i32,
    withdraws: bool,
    /// Whether its owner is to be asked first.
    is_new: bool,
    /// Whether this run has read all of it.
    is_whole: bool,
}

impl Asker {
    fn of(list: &List, policy: &ListPolicy, defaults: &SeerrSettings) -> Self {
        Self {
            list: list.id,
            source: format!("{}:{}", list.list_type, list.list_id),
            is_4k: policy.is_4k.unwrap_or(defaults.is_4k),
            requested_as: policy.requested_as.unwrap_or(defaults.user_id),
            withdraws: policy.withdraws.unwrap_or(false),
            is_new: list.ask_first,
            is_whole: false,
        }
    }
}

/// Askers by their lists, each with its place among them: a title is on few of many lists.
type Askers<'a> = HashMap<ListId, (usize, &'a Asker)>;

/// What the lists of a run come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    askers: Vec<Asker>,
    /// Each once, in the order of the lists and their ranks; what left them all comes last.
    pub(crate) order: Vec<WishKey>,
    /// What no list asks for any more and whose request was sent and never seen again.
    open: HashMap<WishKey, Wish>,
    /// The target whose ledger tells the wishes, whatever the lists ask; absent where the lists do.
    of_ledger: Option<&'static str>,
}

impl Wishes {
    /// Merges what is on the lists now.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn merge(
        engine: &Engine,
        reads: &[ListRead],
        defaults: &SeerrSettings,
    ) -> Result<Self, DbError> {
        let askers: Vec<Asker> = reads
            .iter()
            .map(|read| Asker {
                is_whole: read.outcome == FetchKind::Complete,
                ..Asker::of(&read.list, &read.policy, defaults)
            })
            .collect();
        engine.db.read(move |conn| Self::of(conn, askers)).await
    }

    /// The same for lists that are not read: those whose plan is carried out.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn of_lists(
        engine: &Engine,
        lists: Vec<ListId>,
        defaults: &SeerrSettings,
    ) -> Result<Self, DbError> {
        let defaults = defaults.clone();
        engine
            .db
            .read(move |conn| {
                let mut askers = Vec::new();
                for list in lists {
                    let Some(list) = List::find(conn, list)? else {
                        continue;
                    };
                    let policy = ListPolicy::of(conn, list.id)?;
                    askers.push(Asker::of(&list, &policy, &defaults));
                }
                Self::of(conn, askers)
            })
            .await
    }

    /// Titles as the ledger of a target has them, for a run that undoes another.
    pub(crate) fn of_ledger(target: &'static str, order: Vec<WishKey>) -> Self {
        Self {
            order,
            of_ledger: Some(target),
            ..Self::default()
        }
    }

    /// Adds titles that nobody here asks for and whose request was sent without anybody knowing its
    /// end: what came of it must be known, also when the entry left meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn with_open_requests(
        mut self,
        engine: &Engine,
        target: &'static str,
    ) -> Result<Self, DbError> {
        let found = engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                let mut found = Vec::new();
                for row in SyncedItem::requesting(conn, target)? {
                    let titles = Title::by_tmdb_ids(conn, row.media_type, &[row.tmdb_id])?;
                    found.extend(titles.first().map(|title| of_nobody(title, &row)));
                }
                Ok(found)
            })
            .await?;
        let asked: HashSet<WishKey> = self.order.iter().copied().collect();
        for wish in found {
            let key = (wish.title, wish.is_4k);
            if !asked.contains(&key) {
                self.order.push(key);
                self.open.insert(key, wish);
            }
        }
        Ok(self)
    }

    /// The lists that ask.
    pub(crate) fn lists(&self) -> Vec<ListId> {
        self.askers.iter().map(|asker| asker.list).collect()
    }

    /// The lists whose owner is to be asked first.
    pub(crate) fn new_lists(&self) -> NewLists {
        let new = self.askers.iter().filter(|asker| asker.is_new);
        NewLists::uncounted(new.map(|asker| asker.list))
    }

    /// The lists of which this run has read everything.
    pub(crate) fn whole_lists(&self) -> Vec<ListId> {
        let whole = self.askers.iter().filter(|asker| asker.is_whole);
        whole.map(|asker| asker.list).collect()
    }

    fn of(conn: &mut SqliteConnection, askers: Vec<Asker>) -> Result<Self, DbError> {
        let mut seen = HashSet::new();
        let (mut order, mut left) = (Vec::new(), Vec::new());
        let mut there = Vec::new();
        // While it is not known which titles new entries are, one that left may have come there under
        // another name.
        let mut knows_all = true;
        for asker in &askers {
            knows_all &= !Asking::has_new(conn, asker.list)?;
        }
        for mut asker in askers {
            // Reading may take long: nothing is asked for a list that was removed meanwhile, and a
            // person may have agreed to a new one.
            match List::find(conn, asker.list)? {
                Some(list) if list.removed_at.is_none() => asker.is_new = list.ask_first,
                _ => continue,
            }
            for title in Asking::titles_on(conn, asker.list)? {
                if seen.insert((title, asker.is_4k)) {
                    order.push((title, asker.is_4k));
                }
            }
            if asker.withdraws && knows_all {
                let titles = Asking::titles_left(conn, asker.list)?;
                left.extend(titles.into_iter().map(|title| (title, asker.is_4k)));
            }
            there.push(asker);
        }
        order.extend(left.into_iter().filter(|key| seen.insert(*key)));
        Ok(Self {
            askers: there,
            order,
            ..Self::default()
        })
    }

    /// What these wishes say now, in their order; one whose title is gone or that nothing of the run's
    /// lists ever asked for is left out. A new list that waits asks for nothing that another asks for.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn load(
        &self,
        conn: &mut SqliteConnection,
        keys: &[WishKey],
        new: &NewLists,
    ) -> Result<Vec<Wish>, DbError> {
        let mut titles: Vec<TitleRef> = keys.iter().map(|(title, _)| *title).collect();
        titles.sort_unstable();
        titles.dedup();
        let known: HashMap<TitleRef, Title> = Title::of(conn, &titles)?
            .into_iter()
            .map(|title| (title.id, title))
            .collect();
        if let Some(target) = self.of_ledger {
            return of_rows(conn, target, keys, &known);
        }
        let mut entries: HashMap<TitleRef, Vec<Asking>> = HashMap::new();
        for asking in Asking::for_titles(conn, &titles)? {
            if let Some(title) = asking.title_ref {
                entries.entry(title).or_default().push(asking);
            }
        }
        let mut lists = self.lists();
        lists.extend(entries.values().flatten().map(|entry| entry.list));
        lists.sort_unstable();
        lists.dedup();
        let removed = List::removed_among(conn, &lists)?;
        let mut askers = self.by_list();
        askers.retain(|list, _| !removed.contains(list));
        for entries in entries.values_mut() {
            entries.retain(|entry| !removed.contains(&entry.list));
        }
        Ok(keys
            .iter()
            .filter_map(|(title, is_4k)| {
                let entries = entries.get(title).map_or(&[][..], Vec::as_slice);
                wish(&askers, known.get(title)?, *is_4k, entries, new)
                    .or_else(|| self.open.get(&(*title, *is_4k)).cloned())
            })
            .collect())
    }

    /// The askers by their lists, each with its place among them.
    fn by_list(&self) -> Askers<'_> {
        let askers = self.askers.iter().enumerate();
        askers
            .map(|(at, asker)| (asker.list, (at, asker)))
            .collect()
    }
}

/// The wishes of nobody for titles that are in the ledger.
fn of_rows(
    conn: &mut SqliteConnection,
    target: &str,
    keys: &[WishKey],
    known: &HashMap<TitleRef, Title>,
) -> Result<Vec<Wish>, DbError> {
    let mut rows = HashMap::new();
    for media_type in [MediaType::Movie, MediaType::Tv] {
        let of_type = known
            .values()
            .filter(|title| title.media_type == media_type);
        let numbers: Vec<i64> = of_type.map(|title| title.tmdb_id).collect();
        for row in SyncedItem::of_titles(conn, target, media_type, &numbers)? {
            rows.insert((row.media_type, row.tmdb_id, row.is_4k), row);
        }
    }
    let wish = |(title, is_4k): &WishKey| {
        let title = known.get(title)?;
        let row = rows.get(&(title.media_type, title.tmdb_id, *is_4k))?;
        Some(of_nobody(title, row))
    };
    Ok(keys.iter().filter_map(wish).collect())
}

/// The wish of nobody for a title that was asked for.
fn of_nobody(title: &Title, row: &SyncedItem) -> Wish {
    Wish {
        title: title.id,
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        name: title.title.clone(),
        year: title.year,
        imdb_id: row.imdb_id.clone(),
        is_4k: row.is_4k,
        seasons: SeasonsWanted::All,
        requested_as: row.asked_as_user.unwrap_or_default(),
        lists: Vec::new(),
        sources: row.provider_source.clone(),
        returned_at: None,
        wanted_since: None,
        withdraws: false,
        is_wanted_elsewhere: false,
        consent: Consent::Given,
    }
}

/// The union of what the lists ask: all askers named, the widest wish for seasons.
fn wish(
    askers: &Askers<'_>,
    title: &Title,
    is_4k: bool,
    entries: &[Asking],
    new: &NewLists,
) -> Option<Wish> {
    let mut wish = Wish {
        title: title.id,
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        name: title.title.clone(),
        year: title.year,
        imdb_id: None,
        is_4k,
        seasons: SeasonsWanted::All,
        requested_as: 0,
        lists: Vec::new(),
        sources: String::new(),
        returned_at: None,
        wanted_since: None,
        withdraws: false,
        is_wanted_elsewhere: entries
            .iter()
            .any(|entry| entry.left_at.is_none() && !askers.contains_key(&entry.list)),
        consent: Consent::Given,
    };
    let mut seasons: Option<SeasonsWanted> = None;
    let (mut on, mut was_on) = (Vec::new(), Vec::new());
    for (asker, entry) in speaking(in_order(askers, is_4k, entries), new) {
        wish.imdb_id = wish.imdb_id.take().or_else(|| entry.imdb_id.clone());
        if entry.left_at.is_some() {
            wish.withdraws |= asker.withdraws;
            was_on.push(asker);
            continue;
        }
        wish.returned_at = wish.returned_at.max(entry.returned_at);
        let since = entry.returned_at.unwrap_or(entry.first_seen);
        wish.wanted_since = Some(wish.wanted_since.map_or(since, |known| known.min(since)));
        let asked = SeasonsWanted::of_entry(entry.season);
        seasons = Some(match seasons.take() {
            Some(seasons) => seasons.and(asked),
            None => asked,
        });
        on.push(asker);
    }
    let first = on.first().or_else(|| was_on.first())?;
    wish.requested_as = first.requested_as;
    wish.seasons = seasons.unwrap_or_default();
    wish.lists = on.iter().map(|asker| asker.list).collect();
    wish.lists.dedup();
    wish.consent = new.consent(&wish.lists);
    wish.sources = sources(if on.is_empty() { &was_on } else { &on });
    Some(wish)
}

/// The same without the entries of new lists that wait, where another list asks for the title.
fn speaking<'a>(
    mut entries: Vec<(&'a Asker, &'a Asking)>,
    new: &NewLists,
) -> Vec<(&'a Asker, &'a Asking)> {
    let waits =
        |(asker, entry): &(&Asker, &Asking)| entry.left_at.is_none() && new.is_withheld(asker.list);
    let has_other = entries
        .iter()
        .any(|asked| asked.1.left_at.is_none() && !waits(asked));
    entries.retain(|asked| !(has_other && waits(asked)));
    entries
}

/// The entries of lists that ask in this quality, in the order of the lists and their ranks.
fn in_order<'a>(
    askers: &Askers<'a>,
    is_4k: bool,
    entries: &'a [Asking],
) -> Vec<(&'a Asker, &'a Asking)> {
    let mut asking: Vec<(usize, &'a Asker, &'a Asking)> = entries
        .iter()
        .filter_map(|entry| {
            let (at, asker) = *askers.get(&entry.list)?;
            (asker.is_4k == is_4k).then_some((at, asker, entry))
        })
        .collect();
    asking.sort_by_key(|(at, _, entry)| (*at, entry.rank));
    let asking = asking.into_iter();
    asking.map(|(_, asker, entry)| (asker, entry)).collect()
}

/// `imdb:top, stevenlu:movies`
fn sources(askers: &[&Asker]) -> String {
    // Entries of one list come one after the other.
    let mut names: Vec<&str> = askers.iter().map(|asker| asker.source.as_str()).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let first = names.join(", ");
    if more == 0 {
        return first;
    }
    format!(
        "{first} and {}",
        counted(count(more), "more list", "more lists")
    )
}

fn count(lists: usize) -> u32 {
    u32::try_from(lists).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> chrono::NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    fn asker(list: i32, is_4k: bool, requested_as: i32, withdraws: bool) -> Asker {
        Asker {
            list: ListId(list),
            source: format!("imdb:ls{list}"),
            is_4k,
            requested_as,
            withdraws,
            is_new: false,
            is_whole: true,
        }
    }

    fn entry(list: i32, season: Option<i32>, left_at: Option<i64>) -> Asking {
        Asking {
            list: ListId(list),
            rank: season.unwrap_or(1),
            title_ref: Some(TitleRef(1)),
            imdb_id: (list == 2).then(|| "tt7".into()),
            season,
            first_seen: at(0),
            returned_at: Some(at(i64::from(list))),
            left_at: left_at.map(at),
        }
    }

    fn wish(askers: &[Asker], is_4k: bool, entries: &[Asking]) -> Option<Wish> {
        wish_with(askers, is_4k, entries, &NewLists::default())
    }

    fn wish_with(
        askers: &[Asker],
        is_4k: bool,
        entries: &[Asking],
        new: &NewLists,
    ) -> Option<Wish> {
        let wishes = Wishes {
            askers: askers.to_vec(),
            ..Wishes::default()
        };
        let title = Title {
            id: TitleRef(1),
            media_type: MediaType::Tv,
            tmdb_id: 1396,
            title: "Breaking Bad".into(),
            year: Some(2008),
            created_at: at(0),
            updated_at: at(0),
        };
        super::wish(&wishes.by_list(), &title, is_4k, entries, new)
    }

    #[test]
    fn a_title_on_two_lists_is_one_wish_that_names_both_and_asks_as_the_first() {
        let askers = [asker(1, false, 4, false), asker(2, false, 7, false)];
        let entries = [entry(2, None, None), entry(1, None, None)];
        let wish = wish(&askers, false, &entries).unwrap();
        assert_eq!(wish.lists, [ListId(1), ListId(2)]);
        assert_eq!(wish.sources, "imdb:ls1, imdb:ls2");
        assert_eq!(wish.requested_as, 4);
        assert_eq!(wish.returned_at, Some(at(2)));
        assert_eq!(wish.wanted_since, Some(at(1)));
        assert_eq!(wish.imdb_id.as_deref(), Some("tt7"));
        assert_eq!(wish.seasons, SeasonsWanted::All);
    }

    #[test]
    fn of_a_thousand_lists_the_first_are_named() {
        let askers: Vec<Asker> = (1..=1000)
            .map(|list| asker(list, false, 1, false))
            .collect();
        let entries: Vec<Asking> = (1..=1000).map(|list| entry(list, None, None)).collect();
        let wish = wish(&askers, false, &entries).unwrap();
        assert_eq!(wish.lists.len(), 1000);
        assert!(
            wish.sources.starts_with("imdb:ls1, imdb:ls2, "),
            "{}",
            wish.sources
        );
        assert!(
            wish.sources.ends_with(", imdb:ls10 and 990 more lists"),
            "{}",
            wish.sources
        );
    }

    #[test]
    fn seasons_of_several_entries_are_joined_and_a_whole_show_is_the_widest() {
        let askers = [asker(1, false, 1, false), asker(2, false, 1, false)];
        let seasons = |entries: &[Asking]| wish(&askers, false, entries).unwrap().seasons;
        let two = [entry(1, Some(3), None), entry(2, Some(1), None)];
        let numbers = [1, 3].into_iter().collect();
        assert_eq!(seasons(&two), SeasonsWanted::Some(numbers));
        let whole = [entry(1, Some(3), None), entry(2, None, None)];
        assert_eq!(seasons(&whole), SeasonsWanted::All);
        let left = [entry(1, Some(3), None), entry(2, None, Some(5))];
        let three = [3].into_iter().collect();
        assert_eq!(seasons(&left), SeasonsWanted::Some(three));
    }

    #[test]
    fn a_quality_is_asked_for_by_the_lists_that_want_it_only() {
        let askers = [asker(1, false, 1, false), asker(2, true, 7, false)];
        let entries = [entry(1, None, None), entry(2, None, None)];
        let normal = wish(&askers, false, &entries).unwrap();
        assert_eq!(
            (normal.sources.as_str(), normal.requested_as),
            ("imdb:ls1", 1)
        );
        let fine = wish(&askers, true, &entries).unwrap();
        assert_eq!((fine.sources.as_str(), fine.requested_as), ("imdb:ls2", 7));
    }

    #[test]
    fn a_list_that_the_run_is_not_about_has_no_say_but_is_known_to_have_it() {
        let askers = [asker(1, false, 1, true)];
        let is_wanted_elsewhere = |left_at| {
            let entries = [entry(1, None, Some(3)), entry(2, None, left_at)];
            let wish = wish(&askers, false, &entries).unwrap();
            assert!(!wish.is_wanted() && wish.withdraws);
            wish.is_wanted_elsewhere
        };
        assert!(is_wanted_elsewhere(None));
        assert!(!is_wanted_elsewhere(Some(2)));
    }

    #[test]
    fn what_left_every_list_is_a_wish_of_nobody_that_still_tells_where_it_was() {
        let askers = [asker(1, false, 1, false), asker(2, false, 7, true)];
        let entries = [entry(1, None, Some(3)), entry(2, None, Some(4))];
        let wish = wish(&askers, false, &entries).unwrap();
        assert!(!wish.is_wanted() && wish.withdraws);
        assert_eq!(wish.sources, "imdb:ls1, imdb:ls2");
        assert_eq!(super::tests::wish(&askers, false, &[]), None);
    }

    #[test]
    fn a_new_list_that_waits_adds_nothing_to_what_another_asks_for() {
        let askers = [asker(1, false, 4, false), asker(2, false, 7, false)];
        let waiting = NewLists::waiting([(ListId(1), 312)].into());
        let both = [entry(1, None, None), entry(2, Some(3), None)];
        let shared = wish_with(&askers, false, &both, &waiting).unwrap();
        assert_eq!((shared.lists, shared.requested_as), (vec![ListId(2)], 7));
        assert_eq!(shared.sources, "imdb:ls2");
        assert_eq!(
            shared.seasons,
            SeasonsWanted::Some([3].into_iter().collect())
        );
        assert_eq!(shared.consent, Consent::Given);

        let left_the_other = [entry(1, None, None), entry(2, Some(3), Some(5))];
        let alone = wish_with(&askers, false, &left_the_other, &waiting).unwrap();
        assert_eq!((alone.lists, alone.requested_as), (vec![ListId(1)], 4));
        let missing = Consent::Missing {
            list: ListId(1),
            titles: 312,
        };
        assert_eq!(alone.consent, missing);
        let uncounted = NewLists::uncounted([ListId(1)]);
        let shared = wish_with(&askers, false, &both, &uncounted).unwrap();
        assert_eq!(shared.lists, [ListId(1), ListId(2)]);
        assert_eq!(shared.consent, Consent::Given);
    }
}
