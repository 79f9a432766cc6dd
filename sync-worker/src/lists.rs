//! Lists: adding, changing and removing them, and taking over those of the settings.
//!
//! Which list an address means is the scraper-worker's knowledge; it is asked.

use std::time::Duration;

use runtime::{Chain, counted, socket::client::CallError};
use schema::{
    DbError, SqliteConnection,
    models::{FetchKind, List, ListId, ListPolicy, NewList, ProviderToken},
    wire::{
        Failure, FailureCode,
        scraper::{
            FromScraper, ListRecognized, ListResolved, RecognizeList, ResolveList, ToScraper,
        },
        sync::{AddList, ChangeList, ListView, ResolveInput},
    },
};
use tokio::time::{sleep, timeout};

use crate::{
    credential, custom,
    engine::Engine,
    events::{ListChange, list_changed},
    exports,
};

/// First pause after the lists of the settings could not be taken over; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// How long a person who only wants to know what a list is waits for a token to be renewed.
const RENEWAL: Duration = Duration::from_millis(500);

/// The lists as people see them.
pub(crate) async fn all(engine: &Engine, with_removed: bool) -> Result<Vec<ListView>, Failure> {
    let lists = engine
        .db
        .read(move |conn| List::all(conn, with_removed))
        .await;
    let lists = lists.map_err(|error| failed(&error))?;
    Ok(lists
        .iter()
        .map(|(list, policy)| list.view(policy))
        .collect())
}

/// Adds a list that a person names.
pub(crate) async fn add(engine: &Engine, add: AddList) -> Result<Box<ListView>, Failure> {
    check_limit(add.item_limit)?;
    check_user(add.requested_as)?;
    check_shrink(add.shrink_limit_percent)?;
    let recognized = recognize(engine, &add.input, add.list_type.clone())
        .await
        .map_err(|error| error.to_failure())?;
    let recognized = by_name(engine, recognized).await?;
    let stored = store(engine, recognized, add, false)
        .await
        .map_err(|error| failed(&error))?;
    match stored {
        Stored::Added(mut view) => {
            tracing::info!(list.id = %view.id, "added list {} of {}", view.id, view.list_type);
            if view.ask_first {
                let limit = engine.settings().settings.sync.ask_above_titles;
                let asks = asks_first(view.id, limit);
                view.notice = Some(match view.notice.take() {
                    Some(notice) => format!("{notice} {asks}"),
                    None => asks,
                });
            }
            Ok(view)
        }
        Stored::ThereAlready(view) => Err(Failure::new(
            FailureCode::Conflict,
            format!("it is list {} ({}) already", view.id, view.description),
        )
        .with_remedy(format!(
            "Change it with `listsync lists edit {}`, or remove it and add it again.",
            view.id
        ))),
    }
}

/// Changes what a list asks for.
pub(crate) async fn change(engine: &Engine, change: ChangeList) -> Result<Box<ListView>, Failure> {
    check_limit(change.item_limit.flatten())?;
    check_user(change.requested_as.flatten())?;
    check_shrink(change.shrink_limit_percent.flatten())?;
    let now = engine.clock.now();
    alter(engine, change.list, ListChange::Changed, move |conn| {
        List::change(conn, &change, now)
    })
    .await
}

/// What a person is told who adds a list that is to ask first.
fn asks_first(id: ListId, limit: u32) -> String {
    let how = match limit {
        0 => "Its first run asks for nothing".to_owned(),
        limit => format!(
            "Its first run asks for at most {}; more wait",
            counted(limit, "title", "titles")
        ),
    };
    format!(
        "{how} until you say yes: `listsync lists accept {id}`. `listsync sync {id} --plan` shows what it \
         would ask for."
    )
}

/// Says yes to a list: to the titles of a new one that waits, and to what is left of a frozen one from
/// its next reading on. The answer's notice tells which it was.
pub(crate) async fn accept(engine: &Engine, id: ListId) -> Result<Box<ListView>, Failure> {
    let now = engine.clock.now();
    let accepted = engine
        .write(move |conn, events| {
            let there = List::find(conn, id)?.filter(|list| list.removed_at.is_none());
            let Some(before) = there else {
                return Ok(None);
            };
            let list = List::accept(conn, id)?;
            let change = if before.ask_first {
                ListChange::Agreed
            } else {
                ListChange::Changed
            };
            events.push(list_changed(&list, change, now));
            let view = ListView {
                notice: Some(accepted(&before)),
                ..list.view(&ListPolicy::of(conn, id)?)
            };
            Ok(Some(Box::new(view)))
        })
        .await
        .map_err(|error| failed(&error))?;
    accepted.ok_or_else(|| no_such_list(id))
}

/// What a yes to a list that was like this comes to.
fn accepted(before: &List) -> String {
    let is_frozen = before.status == FetchKind::Frozen;
    let first = match before.waiting_titles {
        _ if !before.ask_first => None,
        Some(titles) => Some(format!(
            "The next run asks for the {} that waited.",
            counted(titles, "title", "titles")
        )),
        None => Some("Its first run asks for everything on it without waiting.".to_owned()),
    };
    let shrink = match (is_frozen, &first) {
        (true, _) => Some("It is taken as it is at its next reading, however much it shrank."),
        (false, Some(_)) => None,
        (false, None) => Some(
            "It neither waited for a yes nor was it frozen; its next reading is taken however much it \
             shrinks.",
        ),
    };
    let told = first.into_iter().chain(shrink.map(str::to_owned));
    told.collect::<Vec<_>>().join(" ")
}

/// Which list an address means, how large it is, and what is missing to read it.
pub(crate) async fn resolve(engine: &Engine, input: ResolveInput) -> Result<ListResolved, Failure> {
    let found = recognize(engine, &input.input, input.list_type)
        .await
        .map_err(|error| error.to_failure())?;
    let given = credential::of(engine, &found.list_type, &found.list_id);
    let given = timeout(RENEWAL, given).await.map_err(|_elapsed| {
        Failure::new(
            FailureCode::Unavailable,
            format!("the sign-in to {} is just being renewed", found.list_type),
        )
        .with_remedy("Try again in a moment.")
    })?;
    let request = ResolveList {
        list_type: found.list_type,
        list_id: found.list_id,
        credential: given.credential,
    };
    let answer = engine.scraper().call(ToScraper::ResolveList(request)).await;
    match answer.map_err(|error| error.to_failure())? {
        FromScraper::ListResolved(resolved) => Ok(resolved),
        other => {
            tracing::error!("the scraper-worker resolved a list with {other:?}");
            Err(Failure::new(
                FailureCode::Internal,
                "the scraper-worker gave an unexpected answer",
            ))
        }
    }
}

/// Removes a list. Its row stays, so that a list of the environment does not come back.
pub(crate) async fn remove(engine: &Engine, id: ListId) -> Result<Box<ListView>, Failure> {
    let now = engine.clock.now();
    alter(engine, id, ListChange::Removed, move |conn| {
        List::set_removed(conn, id, Some(now), now)
    })
    .await
}

/// Carries out `alteration` on a list that is there and gives it as it is then.
async fn alter<E, F>(
    engine: &Engine,
    id: ListId,
    change: ListChange,
    alteration: F,
) -> Result<Box<ListView>, Failure>
where
    E: Into<DbError>,
    F: FnOnce(&mut SqliteConnection) -> Result<List, E> + Send + 'static,
{
    let now = engine.clock.now();
    let altered = engine
        .write(move |conn, events| {
            match List::find(conn, id)? {
                Some(list) if list.removed_at.is_none() => {}
                _ => return Ok(None),
            }
            let list = alteration(conn).map_err(Into::into)?;
            events.push(list_changed(&list, change, now));
            let policy = ListPolicy::of(conn, id)?;
            Ok(Some(Box::new(list.view(&policy))))
        })
        .await
        .map_err(|error| failed(&error))?;
    altered.ok_or_else(|| no_such_list(id))
}

/// A list of the settings: the provider's name and what stands there.
type Named = (String, String);

/// The lists that environment and settings file name.
pub(crate) fn of_settings(engine: &Engine) -> Vec<Named> {
    let settings = engine.settings();
    let lists = settings.settings.lists.iter();
    lists
        .flat_map(|(list_type, inputs)| {
            inputs
                .iter()
                .map(|input| (list_type.clone(), input.clone()))
        })
        .collect()
}

/// Adds those that were never added before; one that was removed since stays removed. Gives back
/// those that could not be looked at because the scraper-worker is away.
pub(crate) async fn take_over(engine: &Engine, named: Vec<Named>) -> Vec<Named> {
    let mut again = Vec::new();
    let mut named = named.into_iter();
    while let Some((list_type, input)) = named.next() {
        match take_over_one(engine, &list_type, &input).await {
            Ok(()) => {}
            Err(Refused::Retry(error)) => {
                // The others would wait for the same absent process.
                tracing::warn!("{list_type}:{input} cannot be looked at yet: {error}");
                again.push((list_type, input));
                again.extend(named.by_ref());
            }
            Err(Refused::Final(error)) => {
                tracing::warn!("the setting {list_type}:{input} is no list: {error}");
            }
        }
    }
    again
}

/// Goes on with what [`take_over`] could not look at, after growing pauses; `tell` hears of each try.
pub(crate) async fn take_over_rest(engine: &Engine, mut named: Vec<Named>, tell: impl Fn()) {
    let mut pause = FIRST_PAUSE;
    while !named.is_empty() {
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        named = take_over(engine, named).await;
        tell();
    }
}

enum Refused {
    Retry(String),
    Final(String),
}

async fn take_over_one(engine: &Engine, list_type: &str, input: &str) -> Result<(), Refused> {
    let recognized = recognize(engine, input, Some(list_type.to_owned()))
        .await
        .map_err(|error| {
            let text = match error.remedy() {
                Some(remedy) => format!("{}. {remedy}", Chain(&error)),
                None => Chain(&error).to_string(),
            };
            if error.is_retryable() {
                Refused::Retry(text)
            } else {
                Refused::Final(text)
            }
        })?;
    let stored = store(engine, recognized, AddList::default(), true)
        .await
        .map_err(|error| Refused::Retry(Chain(&error).to_string()))?;
    if let Stored::Added(view) = stored {
        tracing::info!(list.id = %view.id, "added list {} of {} from the settings", view.id, view.list_type);
        if let Some(notice) = &view.notice {
            tracing::warn!(list.id = %view.id, "{notice}");
        }
    }
    Ok(())
}

async fn recognize(
    engine: &Engine,
    input: &str,
    list_type: Option<String>,
) -> Result<ListRecognized, CallError> {
    let (list_type, input) = as_called_now(list_type, input);
    let request = RecognizeList { input, list_type };
    match engine
        .scraper()
        .call(ToScraper::RecognizeList(request))
        .await?
    {
        FromScraper::ListRecognized(recognized) => Ok(recognized),
        other => {
            tracing::error!("the scraper-worker recognized a list with {other:?}");
            Err(CallError::Failed(Failure::new(
                FailureCode::Internal,
                "the scraper-worker gave an unexpected answer",
            )))
        }
    }
}

/// A list of Trakt's `me` by the name of whoever is signed in, so that it stays that person's when
/// accounts come and go. Lists of the settings keep the word, by which they are known again.
async fn by_name(engine: &Engine, list: ListRecognized) -> Result<ListRecognized, Failure> {
    let Some(rest) = list.list_id.strip_prefix("me/") else {
        return Ok(list);
    };
    let provider = list.list_type.clone();
    let accounts = engine
        .db
        .read(move |conn| ProviderToken::of(conn, &provider))
        .await
        .map_err(|error| failed(&error))?;
    let Some(first) = accounts.first().filter(|_| list.list_type == "trakt") else {
        return Ok(list);
    };
    let input = format!("{}/{rest}", first.account);
    recognize(engine, &input, Some(list.list_type.clone()))
        .await
        .map_err(|error| error.to_failure())
}

/// What the old product called sites of their own: Trakt's charts, which are lists like others here,
/// franchises, which TMDB keeps up to date, and any file in the shape of Steven Lu's.
fn as_called_now(list_type: Option<String>, input: &str) -> (Option<String>, String) {
    match list_type.as_deref() {
        Some("trakt_special") => (Some("trakt".to_owned()), input.to_owned()),
        Some("collections") => (Some("tmdb".to_owned()), format!("collection:{input}")),
        Some("stevenlu") if is_of_another(input) => (Some("url".to_owned()), input.to_owned()),
        _ => (list_type, input.to_owned()),
    }
}

/// Whether it is an address, and none of where Steven Lu's files are or were.
fn is_of_another(input: &str) -> bool {
    let input = input.to_ascii_lowercase();
    let is_his = ["stevenlu.com", "amazonaws.com"]
        .iter()
        .any(|host| input.contains(host));
    input.contains("://") && !is_his
}

/// What became of a list that was to be followed.
pub(crate) enum Stored {
    Added(Box<ListView>),
    ThereAlready(Box<ListView>),
}

/// Follows a list, unless it is followed already.
pub(crate) async fn store(
    engine: &Engine,
    recognized: ListRecognized,
    add: AddList,
    from_settings: bool,
) -> Result<Stored, DbError> {
    let now = engine.clock.now();
    engine
        .write(move |conn, events| {
            let known = List::find_by_name(conn, &recognized.list_type, &recognized.list_id)?;
            let is_asking = add.ask_first && !from_settings && may_ask(&recognized.list_type);
            let is_first = known.is_none() && is_first_of(conn, &recognized.list_type)?;
            let notice = recognized.notice.filter(|_| is_first);
            let list = match known {
                Some(list) if list.removed_at.is_none() || from_settings => {
                    let policy = ListPolicy::of(conn, list.id)?;
                    return Ok(Stored::ThereAlready(Box::new(list.view(&policy))));
                }
                Some(list) => List::set_removed(conn, list.id, None, now)?,
                None => List::insert(
                    conn,
                    &NewList {
                        list_type: recognized.list_type,
                        list_id: recognized.list_id,
                        list_url: recognized.list_url,
                        description: recognized.name,
                        status: FetchKind::New,
                        auto_sync: true,
                        item_limit: None,
                        from_settings,
                        created_at: now,
                        updated_at: now,
                    },
                )?,
            };
            let mut change = ChangeList::of(list.id);
            change.description = add.description.map(Some);
            change.auto_sync = add.auto_sync;
            change.item_limit = add.item_limit.map(Some);
            change.is_4k = add.is_4k.map(Some);
            change.requested_as = add.requested_as.map(Some);
            change.shrink_limit_percent = add.shrink_limit_percent.map(Some);
            change.withdraws = add.withdraws.map(Some);
            if is_asking {
                List::ask_first(conn, list.id)?;
            }
            let list = List::change(conn, &change, now)?;
            events.push(list_changed(&list, ListChange::Added, now));
            let policy = ListPolicy::of(conn, list.id)?;
            let view = ListView {
                notice,
                ..list.view(&policy)
            };
            Ok(Stored::Added(Box::new(view)))
        })
        .await
}

/// Whether a person may be asked about lists of this kind: what is in a file, or was sent title by title,
/// its owner has put there.
fn may_ask(list_type: &str) -> bool {
    list_type != exports::LIST_TYPE && list_type != custom::LIST_TYPE
}

/// Whether no list of this site was ever added: what its owner should know is told once.
fn is_first_of(conn: &mut SqliteConnection, list_type: &str) -> Result<bool, DbError> {
    let lists = List::all(conn, true)?;
    Ok(lists.iter().all(|(list, _)| list.list_type != list_type))
}

fn check_limit(limit: Option<i32>) -> Result<(), Failure> {
    match limit {
        Some(limit) if limit < 1 => Err(Failure::new(
            FailureCode::Invalid,
            format!("`item_limit` must be at least 1, not {limit}"),
        )),
        _ => Ok(()),
    }
}

fn check_user(user: Option<i32>) -> Result<(), Failure> {
    match user {
        Some(user) if user < 1 => Err(Failure::new(
            FailureCode::Invalid,
            format!("`requested_as` must be the number of a Seerr user, not {user}"),
        )),
        _ => Ok(()),
    }
}

fn check_shrink(percent: Option<i32>) -> Result<(), Failure> {
    match percent {
        Some(percent) if !(0..=100).contains(&percent) => Err(Failure::new(
            FailureCode::Invalid,
            format!("`shrink_limit_percent` must be from 0 to 100, not {percent}"),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn no_such_list(id: ListId) -> Failure {
    Failure::new(FailureCode::NotFound, format!("there is no list {id}"))
        .with_remedy("`listsync lists` shows the lists there are.")
}

/// Logs why the database failed, which nobody else needs to know.
pub(crate) fn failed(error: &DbError) -> Failure {
    tracing::error!("{}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}

#[cfg(test)]
mod tests {
    use schema::Db;

    use super::*;

    #[test]
    fn names_of_the_old_product_mean_sites_of_today() {
        for (list_type, input, expected) in [
            (
                "trakt_special",
                "trending:movies",
                ("trakt", "trending:movies"),
            ),
            (
                "collections",
                "James Bond Collection",
                ("tmdb", "collection:James Bond Collection"),
            ),
            ("tmdb", "710", ("tmdb", "710")),
            ("stevenlu", "movies.json", ("stevenlu", "movies.json")),
            (
                "stevenlu",
                "https://s3.amazonaws.com/popular-movies/movies.json",
                (
                    "stevenlu",
                    "https://s3.amazonaws.com/popular-movies/movies.json",
                ),
            ),
            (
                "stevenlu",
                "https://films.example/mine.json",
                ("url", "https://films.example/mine.json"),
            ),
        ] {
            let (name, input) = as_called_now(Some(list_type.to_owned()), input);
            assert_eq!(
                (name.as_deref(), input.as_str()),
                (Some(expected.0), expected.1)
            );
        }
        assert_eq!(as_called_now(None, "710"), (None, "710".to_owned()));
    }

    #[test]
    fn who_adds_a_list_hears_beforehand_that_its_first_run_may_wait() {
        let told = asks_first(ListId(3), 100);
        assert_eq!(
            told,
            "Its first run asks for at most 100 titles; more wait until you say yes: `listsync lists \
             accept 3`. `listsync sync 3 --plan` shows what it would ask for."
        );
        let always = asks_first(ListId(3), 0);
        assert!(always.starts_with("Its first run asks for nothing until you say yes:"));
    }

    #[actix_rt::test]
    async fn a_yes_is_to_what_waits_or_to_what_shrank_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        schema::migrate(&file).unwrap();
        let db = Db::open(&file).unwrap();
        let told = db.write(|conn| -> Result<_, DbError> {
            let mut told = Vec::new();
            let plain = List::insert(conn, &letterboxd("plain"))?;
            told.push((accepted(&plain), List::accept(conn, plain.id)?));
            let new = List::insert(conn, &letterboxd("new"))?;
            List::ask_first(conn, new.id)?;
            let new = List::set_waiting(conn, new.id, false, Some(312))?;
            told.push((accepted(&new), List::accept(conn, new.id)?));
            List::ask_first(conn, new.id)?;
            let frozen = List {
                status: FetchKind::Frozen,
                ..List::set_waiting(conn, new.id, false, None)?
            };
            told.push((accepted(&frozen), List::accept(conn, new.id)?));
            Ok(told)
        });
        let told = told.await.unwrap();
        let [plain, new, frozen] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(
            plain
                .0
                .starts_with("It neither waited for a yes nor was it frozen")
        );
        assert!(plain.1.accepts_shrink);
        assert_eq!(new.0, "The next run asks for the 312 titles that waited.");
        assert!(!new.1.accepts_shrink && !new.1.ask_first);
        assert_eq!(new.1.waiting_titles, None);
        assert_eq!(
            frozen.0,
            "Its first run asks for everything on it without waiting. It is taken as it is at its next \
             reading, however much it shrank."
        );
    }

    fn letterboxd(slug: &str) -> NewList {
        let now = "2026-11-21T12:00:00".parse().unwrap();
        NewList {
            list_type: "letterboxd".into(),
            list_id: format!("one/{slug}"),
            list_url: format!("https://letterboxd.com/one/list/{slug}/"),
            description: slug.into(),
            status: FetchKind::New,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: now,
            updated_at: now,
        }
    }

    #[actix_rt::test]
    async fn a_sites_notice_is_told_with_its_first_list_even_if_that_was_removed_since() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        schema::migrate(&file).unwrap();
        let db = Db::open(&file).unwrap();
        let firsts = db.write(|conn| -> Result<_, DbError> {
            let before = is_first_of(conn, "letterboxd")?;
            let list = List::insert(conn, &letterboxd("quiet"))?;
            let after = is_first_of(conn, "letterboxd")?;
            let now = list.created_at;
            List::set_removed(conn, list.id, Some(now), now)?;
            let removed = is_first_of(conn, "letterboxd")?;
            Ok([before, after, removed, is_first_of(conn, "trakt")?])
        });
        assert_eq!(firsts.await.unwrap(), [true, false, false, true]);
    }
}
