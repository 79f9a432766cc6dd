//! IMDb's `GraphQL`: our query, its answers, its refusals. Leaves rows of titles to `title`.

use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use url::Url;

use super::{ImdbList, no_watchlist, private, search, title};
use crate::provider::{Answer, Page, ProviderError, Request, SourceKey};

const PROFILE: &str = "profile";
const TITLES: &str = "titles";

/// Titles of a search that are asked for where nobody says how many are wanted: the whole of a narrow
/// one, and of a wide one a beginning, which is not passed off as all of it. A guess.
const MOST_OF_A_SEARCH: u32 = 1000;
/// Pages of a search, however few titles on them are movies or shows. A guess.
const MOST_PAGES_OF_A_SEARCH: u32 = 20;

/// Titles asked for at once; IMDb's own pages have as many, and more is refused as too much.
const PAGE_SIZE: u32 = 250;

/// Fields of a title.
const TITLE: &str =
    "id titleText { text } originalTitleText { text } releaseYear { year } titleType { id }";

/// The key under which a profile's user id is remembered.
pub(super) fn profile_key(profile: String) -> SourceKey {
    SourceKey {
        source: "imdb_profile",
        key: profile,
    }
}

/// The first request; `None` for what only its page shows. `known` is the user id of a profile.
pub(super) fn first(
    list: &ImdbList,
    known: Option<&str>,
    limit: Option<u32>,
    url: Url,
) -> Option<Request> {
    let (step, query) = match list {
        ImdbList::List(id) => (TITLES, list_query(id)),
        ImdbList::Watchlist(user) => (TITLES, watchlist_query(user)),
        ImdbList::Profile(profile) => match known.filter(|known| is_user(known)) {
            Some(user) => (TITLES, watchlist_query(user)),
            None => (PROFILE, profile_query(profile)),
        },
        ImdbList::Chart(chart) => (
            TITLES,
            chart.graphql.map_or_else(box_office_query, chart_query),
        ),
        ImdbList::Search(conditions) => {
            let variables = search::variables(conditions)?;
            let query = search_query(limit.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE));
            return Some(request_with(url, TITLES, &query, &variables));
        }
        ImdbList::Calendar(_) => return None,
    };
    Some(request(url, step, &query))
}

/// Every id in a query was checked to be letters, digits and a dot when it was recognized.
fn request(url: Url, step: &'static str, query: &str) -> Request {
    let variables = if query.contains("$after") {
        json!({ "after": null })
    } else {
        json!({})
    };
    request_with(url, step, query, &variables)
}

fn request_with(url: Url, step: &'static str, query: &str, variables: &Value) -> Request {
    let body = json!({ "query": query, "variables": variables });
    Request::post(url, step, &body)
        .header("accept", HeaderValue::from_static("application/json"))
        .header("x-imdb-client-name", HeaderValue::from_static("listsync"))
}

fn titles() -> String {
    format!(
        "titleListItemSearch(first: {PAGE_SIZE}, after: $after) {{ total \
         pageInfo {{ hasNextPage endCursor }} \
         edges {{ node {{ absolutePosition }} listItem: title {{ {TITLE} }} }} }}"
    )
}

fn list_query(id: &str) -> String {
    format!(
        "query ListSyncList($after: String) {{ list(id: \"{id}\") {{ id name {{ originalText }} {} }} }}",
        titles()
    )
}

fn watchlist_query(user: &str) -> String {
    format!(
        "query ListSyncWatchlist($after: String) {{ \
         predefinedList(classType: WATCH_LIST, userId: \"{user}\") {{ id {} }} }}",
        titles()
    )
}

fn chart_query(chart: &str) -> String {
    format!(
        "query ListSyncChart {{ chartTitles(chart: {{ chartType: {chart} }}, first: {PAGE_SIZE}) {{ \
         total edges {{ currentRank node {{ {TITLE} }} }} }} }}"
    )
}

fn search_query(count: u32) -> String {
    format!(
        "query ListSyncSearch($after: String, $constraints: AdvancedTitleSearchConstraints!, \
         $sort: AdvancedTitleSearchSort!) {{ advancedTitleSearch(first: {count}, after: $after, \
         constraints: $constraints, sort: $sort) {{ total pageInfo {{ hasNextPage endCursor }} \
         edges {{ node {{ title {{ {TITLE} }} }} }} }} }}"
    )
}

fn box_office_query() -> String {
    format!(
        "query ListSyncBoxOffice {{ boxOfficeWeekendChart(limit: 50) {{ \
         entries {{ title {{ {TITLE} }} }} }} }}"
    )
}

fn profile_query(profile: &str) -> String {
    format!(
        "query ListSyncProfile {{ userProfile(input: {{ profileId: \"{profile}\" }}) {{ userId }} }}"
    )
}

/// Reads an answer.
pub(super) fn parse(
    list: &ImdbList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let body = body(answer)?;
    let error = body.pointer("/errors/0");
    let data = body.get("data").filter(|data| data.is_object());
    if let Some(error) = error
        && !(answer.status == 200 && data.is_some_and(has_titles))
    {
        return Err(refusal(list, answer.status, error));
    }
    let data = data.ok_or_else(|| ProviderError::changed("no `data` in the answer"))?;
    if request.step == PROFILE {
        resolved(list, request, data)
    } else {
        let page = page(list, request, data, error.map(message).as_deref())?;
        Ok(page_within(list, limit, request, page))
    }
}

/// `GraphQL` may answer errors with any status; what is no `GraphQL` at all speaks by its status.
fn body(answer: &Answer) -> Result<Value, ProviderError> {
    if answer.status != 200
        && let Ok(body) = serde_json::from_str::<Value>(&answer.body)
        && body.pointer("/errors/0").is_some()
    {
        return Ok(body);
    }
    answer.json().map_err(|error| match error {
        // The address is wrong, not the list: another way may know it.
        ProviderError::NotFound => ProviderError::changed("no GraphQL at this address"),
        other => other,
    })
}

/// What the first error means where no titles came with it.
fn refusal(list: &ImdbList, status: u16, error: &Value) -> ProviderError {
    let code = error
        .pointer("/extensions/code")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match code {
        // Only lists of people are private, and only an answer proper can say so.
        "FORBIDDEN" if status == 200 && is_somebodys(list) => private(&list.id()),
        "FORBIDDEN" => ProviderError::Blocked {
            how: format!("status {status}, FORBIDDEN"),
        },
        "RESOURCE_NOT_FOUND" | "NOT_FOUND" => ProviderError::NotFound,
        "GRAPHQL_VALIDATION_FAILED" | "GRAPHQL_PARSE_FAILED" | "BAD_USER_INPUT" => {
            ProviderError::changed(format!("our query is not understood: {}", message(error)))
        }
        _ => ProviderError::Failed {
            what: message(error),
        },
    }
}

fn message(error: &Value) -> String {
    let message = error.get("message").and_then(Value::as_str);
    message.unwrap_or("no message").chars().take(200).collect()
}

/// Whether the list was made by a person: it may be private, and it has pages.
pub(super) fn is_somebodys(list: &ImdbList) -> bool {
    matches!(
        list,
        ImdbList::List(_) | ImdbList::Watchlist(_) | ImdbList::Profile(_)
    )
}

/// Beside titles an error is about single fields or rows; beside none it is about the list, and
/// the list is not empty because of it.
fn has_titles(data: &Value) -> bool {
    rows(data).is_some_and(|(_, rows)| !rows.is_empty())
}

fn resolved(list: &ImdbList, request: &Request, data: &Value) -> Result<Page, ProviderError> {
    let ImdbList::Profile(profile) = list else {
        return Err(ProviderError::changed(
            "an answer about a user, who was not asked for",
        ));
    };
    let user = data
        .get("userProfile")
        .ok_or_else(|| ProviderError::changed("no `userProfile`"))?;
    if user.is_null() {
        return Err(no_watchlist(list));
    }
    let id = user
        .get("userId")
        .and_then(Value::as_str)
        .filter(|id| is_user(id));
    let id = id.ok_or_else(|| ProviderError::changed("no `userId` of the form ur…"))?;
    Ok(Page {
        next: Some(self::request(
            request.url.clone(),
            TITLES,
            &watchlist_query(id),
        )),
        learned: Some((profile_key(profile.clone()), id.to_owned())),
        ..Page::default()
    })
}

fn is_user(id: &str) -> bool {
    id.strip_prefix("ur").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `damage` is what the answer says went wrong in it.
fn page(
    list: &ImdbList,
    request: &Request,
    data: &Value,
    damage: Option<&str>,
) -> Result<Page, ProviderError> {
    if data.get("predefinedList").is_some_and(Value::is_null) {
        return Err(no_watchlist(list));
    }
    if data.get("list").is_some_and(Value::is_null) {
        return Err(ProviderError::NotFound);
    }
    let (connection, rows) =
        rows(data).ok_or_else(|| ProviderError::changed("no list of titles"))?;
    let name = data
        .pointer("/list/name/originalText")
        .and_then(Value::as_str);
    Ok(Page {
        announced: total(connection),
        name: name.map(str::to_owned),
        next: next(list, connection, request)?,
        ..title::page(rows, damage)?
    })
}

/// A search ends where as much of it was read as anybody wants.
fn page_within(list: &ImdbList, limit: Option<u32>, request: &Request, page: Page) -> Page {
    let most = match (list, limit) {
        (ImdbList::Search(_), None) => MOST_OF_A_SEARCH / PAGE_SIZE,
        (ImdbList::Search(_), Some(_)) => MOST_PAGES_OF_A_SEARCH,
        _ => return page,
    };
    Page {
        next: page.next.filter(|_| request.number < most),
        // Places in a search change while it is read; the total tells whether something is missing.
        may_repeat: true,
        ..page
    }
}

/// The part of the answer that has the rows, and the rows.
fn rows(data: &Value) -> Option<(&Value, &Vec<Value>)> {
    [
        ("/list/titleListItemSearch", "edges"),
        ("/predefinedList/titleListItemSearch", "edges"),
        ("/list/items", "edges"),
        ("/predefinedList/items", "edges"),
        ("/advancedTitleSearch", "edges"),
        ("/chartTitles", "edges"),
        ("/boxOfficeWeekendChart", "entries"),
    ]
    .iter()
    .find_map(|(path, rows)| {
        let connection = data.pointer(path)?;
        Some((connection, connection.get(rows)?.as_array()?))
    })
}

/// How many titles the whole list has.
pub(super) fn total(connection: &Value) -> Option<u32> {
    u32::try_from(connection.get("total")?.as_u64()?).ok() // no list is that long
}

/// Whether there is a next page; `None` where only the total tells.
///
/// # Errors
/// [`ProviderError::Changed`] when not even that does: a part must not pass for the whole list.
pub(super) fn has_next(connection: &Value) -> Result<Option<bool>, ProviderError> {
    let told = connection
        .pointer("/pageInfo/hasNextPage")
        .and_then(Value::as_bool);
    if told.is_none() && total(connection).is_none() {
        return Err(ProviderError::changed(
            "neither `total` nor `pageInfo.hasNextPage`",
        ));
    }
    Ok(told)
}

/// Lists of people and searches have pages; charts are one answer.
fn next(
    list: &ImdbList,
    connection: &Value,
    request: &Request,
) -> Result<Option<Request>, ProviderError> {
    let has_pages = is_somebodys(list) || matches!(list, ImdbList::Search(_));
    if !has_pages || has_next(connection)? != Some(true) {
        return Ok(None);
    }
    connection
        .pointer("/pageInfo/endCursor")
        .and_then(Value::as_str)
        .filter(|cursor| !cursor.is_empty())
        .and_then(|cursor| after(request, cursor))
        .map(Some)
        .ok_or_else(|| ProviderError::changed("a next page, but no `pageInfo.endCursor`"))
}

/// The same request for what comes after `cursor`.
fn after(request: &Request, cursor: &str) -> Option<Request> {
    let mut body: Value = serde_json::from_str(request.body.as_deref()?).ok()?; // we wrote it
    *body.pointer_mut("/variables/after")? = cursor.into();
    Some(Request {
        body: Some(body.to_string()),
        number: request.number + 1,
        ..request.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::imdb::address;
    use reqwest::header::HeaderMap;

    fn read(list: &str, status: u16, body: &Value) -> Result<Page, ProviderError> {
        let list = address::parse(list).unwrap();
        let request = first(&list, None, None, Url::parse("http://imdb.test").unwrap()).unwrap();
        let answer = Answer {
            url: url::Url::parse("http://site.example/").unwrap(),
            status,
            headers: HeaderMap::new(),
            body: body.to_string(),
        };
        parse(&list, None, &request, &answer)
    }

    #[test]
    fn refusals_are_told_apart_and_say_what_to_do() {
        let error = |code: &str| json!({"data": null, "errors": [{"message": "no", "extensions": {"code": code}}]});
        let private = read("ls0001", 200, &error("FORBIDDEN")).unwrap_err();
        assert!(
            matches!(&private, ProviderError::Refused { reason, remedy, .. }
                if reason.contains("private") && remedy.contains("public")),
            "{private:?}"
        );
        assert_eq!(
            read("ls0001", 200, &error("RESOURCE_NOT_FOUND")),
            Err(ProviderError::NotFound)
        );
        assert_eq!(
            read("ls0001", 404, &error("RESOURCE_NOT_FOUND")),
            Err(ProviderError::NotFound)
        );
        let nobody = read("ur0001", 200, &json!({"data": {"predefinedList": null}})).unwrap_err();
        assert!(matches!(nobody, ProviderError::Refused { .. }));
        assert!(matches!(
            read("ls0001", 200, &error("OOPS")),
            Err(ProviderError::Failed { .. })
        ));
        let query = read("ls0001", 400, &error("GRAPHQL_VALIDATION_FAILED"));
        assert!(matches!(query, Err(ProviderError::Changed { .. })));
    }

    /// Titles `1`, `2`, …; 0 stands for a row without one.
    fn edges(numbers: &[u32]) -> Value {
        let edge = |number: &u32| match number {
            0 => json!({"node": {"absolutePosition": 1}, "listItem": null}),
            _ => json!({"listItem": {
                "id": format!("tt{number:07}"), "titleText": {"text": "One"}}}),
        };
        numbers.iter().map(edge).collect()
    }

    fn answered(edges: &Value, code: Option<&str>) -> Value {
        let mut body = json!({"data": {"list": {"titleListItemSearch": {
            "total": edges.as_array().unwrap().len(), "edges": edges,
            "pageInfo": {"hasNextPage": false, "endCursor": null}}}}});
        if let Some(code) = code {
            body["errors"] = json!([{"message": "too slow", "extensions": {"code": code}}]);
        }
        body
    }

    #[test]
    fn titles_lost_in_an_answer_with_errors_are_unreadable_and_without_errors_dropped() {
        for code in ["OOPS", "NOT_FOUND", "FORBIDDEN"] {
            let damaged = read("ls0001", 200, &answered(&edges(&[1, 0, 2]), Some(code)));
            let damaged = damaged.unwrap();
            assert_eq!((damaged.entries.len(), damaged.dropped), (2, 0), "{code}");
            assert_eq!(damaged.unreadable, 1, "{code}");
        }
        let deleted = read("ls0001", 200, &answered(&edges(&[1, 0, 2]), None)).unwrap();
        assert_eq!((deleted.dropped, deleted.unreadable), (1, 0));
        for lost in [edges(&[0, 0]), edges(&[])] {
            let failed = read("ls0001", 200, &answered(&lost, Some("OOPS")));
            assert_eq!(
                failed,
                Err(ProviderError::Failed {
                    what: "too slow".into()
                })
            );
        }
        let whole = read("ls0001", 200, &answered(&edges(&[1, 2]), Some("OOPS"))).unwrap();
        assert_eq!((whole.entries.len(), whole.unreadable), (2, 0));
    }

    #[test]
    fn a_refusal_is_about_the_list_only_where_lists_can_be_private() {
        let forbidden = json!({"data": null, "errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]});
        for list in ["ls0001", "ur0001", "p.abcd1234"] {
            let private = read(list, 200, &forbidden);
            assert!(
                matches!(private, Err(ProviderError::Refused { .. })),
                "{list}: {private:?}"
            );
        }
        for (list, status) in [
            ("top", 200),
            ("boxoffice", 200),
            ("ls0001", 401),
            ("ur0001", 403),
        ] {
            let blocked = read(list, status, &forbidden);
            assert!(
                matches!(blocked, Err(ProviderError::Blocked { .. })),
                "{list}: {blocked:?}"
            );
        }
    }

    #[test]
    fn an_answer_that_does_not_tell_where_the_list_ends_is_a_change() {
        let one = edges(&[1]);
        let strange = [
            json!({"edges": one}),
            json!({"edges": one, "total": null, "pageInfo": null}),
            json!({"edges": one, "total": "1", "pageInfo": {"hasNextPage": null}}),
            json!({"edges": one, "pageInfo": {"hasNextPage": "true", "endCursor": "abc"}}),
            json!({"edges": one, "total": 9, "pageInfo": {"hasNextPage": true}}),
            json!({"edges": one, "total": 9, "pageInfo": {"hasNextPage": true, "endCursor": null}}),
            json!({"edges": one, "total": 9, "pageInfo": {"hasNextPage": true, "endCursor": ""}}),
        ];
        for (list, place) in [("ls0001", "list"), ("ur0001", "predefinedList")] {
            let read = |search: &Value| {
                let body = json!({"data": {place: {"titleListItemSearch": search}}});
                read(list, 200, &body)
            };
            for search in &strange {
                let changed = read(search);
                assert!(
                    matches!(changed, Err(ProviderError::Changed { .. })),
                    "{search}: {changed:?}"
                );
            }
            for search in [
                json!({"edges": one, "total": 1}),
                json!({"edges": one, "pageInfo": {"hasNextPage": false}}),
            ] {
                assert_eq!(read(&search).unwrap().next, None, "{search}");
            }
        }
        let chart = json!({"data": {"chartTitles": {"edges": one}}});
        assert_eq!(read("top", 200, &chart).unwrap().entries.len(), 1);
    }

    #[test]
    fn an_empty_list_is_empty_and_an_unknown_answer_is_not() {
        let empty = json!({"data": {"list": {"titleListItemSearch": {"total": 0, "edges": []}}}});
        assert_eq!(read("ls0001", 200, &empty).unwrap().announced, Some(0));
        for strange in [
            json!({}),
            json!({"data": {}}),
            json!({"data": {"list": {}}}),
            json!([]),
        ] {
            let read = read("ls0001", 200, &strange);
            assert!(
                matches!(read, Err(ProviderError::Changed { .. })),
                "{strange}"
            );
        }
    }

    #[test]
    fn the_next_page_is_asked_for_from_where_this_one_ended() {
        let page = json!({"data": {"list": {"name": {"originalText": "Mine"}, "titleListItemSearch": {
            "total": 300, "pageInfo": {"hasNextPage": true, "endCursor": "abc"},
            "edges": [{"listItem": {"id": "tt0000001", "titleText": {"text": "One"}}}]}}}});
        let page = read("ls0001", 200, &page).unwrap();
        assert_eq!(
            (page.name.as_deref(), page.announced),
            (Some("Mine"), Some(300))
        );
        let next = page.next.unwrap();
        let body: Value = serde_json::from_str(next.body.as_deref().unwrap()).unwrap();
        assert_eq!(body["variables"]["after"], "abc");
        assert_eq!(next.number, 2);
    }

    #[test]
    fn a_profile_is_resolved_once_and_remembered() {
        let page = read(
            "p.abcd1234",
            200,
            &json!({"data": {"userProfile": {"userId": "ur0042"}}}),
        );
        let page = page.unwrap();
        assert_eq!(
            page.learned,
            Some((profile_key("p.abcd1234".into()), "ur0042".into()))
        );
        assert!(page.next.unwrap().body.unwrap().contains("ur0042"));
        let list = address::parse("p.abcd1234").unwrap();
        let url = Url::parse("http://imdb.test").unwrap();
        assert_eq!(
            first(&list, Some("ur0042"), None, url).unwrap().step,
            TITLES
        );
    }

    #[test]
    fn a_search_is_asked_for_as_far_as_it_is_wanted() {
        let list = address::parse("search?genres=drama&title_type=feature").unwrap();
        let url = Url::parse("http://imdb.test").unwrap();
        let asked = |limit| {
            let request = first(&list, None, limit, url.clone()).unwrap();
            let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
            body["query"].as_str().unwrap().to_owned()
        };
        for (limit, size) in [(None, 250), (Some(20), 20), (Some(900), 250)] {
            assert!(asked(limit).contains(&format!("first: {size}, after: $after")));
        }
        let page = |number: u32, limit: Option<u32>| {
            let connection = json!({"total": 579_327, "edges": edges(&[1]),
                "pageInfo": {"hasNextPage": true, "endCursor": "abc"}});
            let answer = Answer {
                url: url.clone(),
                status: 200,
                headers: HeaderMap::new(),
                body: json!({"data": {"advancedTitleSearch": connection}}).to_string(),
            };
            let request = Request {
                number,
                ..first(&list, None, limit, url.clone()).unwrap()
            };
            parse(&list, limit, &request, &answer).unwrap()
        };
        let second = page(1, None).next.unwrap();
        let body: Value = serde_json::from_str(second.body.as_deref().unwrap()).unwrap();
        assert_eq!(body["variables"]["after"], "abc");
        assert_eq!(
            body["variables"]["constraints"]["genreConstraint"]["allGenreIds"],
            json!(["Drama"])
        );
        assert_eq!(page(1, None).announced, Some(579_327));
        assert!(page(3, None).next.is_some() && page(4, None).next.is_none());
        assert!(page(4, Some(2000)).next.is_some() && page(20, Some(2000)).next.is_none());
        let only_its_page = address::parse("search?role=nm0000001").unwrap();
        assert_eq!(first(&only_its_page, None, None, url.clone()), None);
    }

    #[test]
    fn requests_say_who_we_are() {
        let list = address::parse("top").unwrap();
        let request = first(&list, None, None, Url::parse("http://imdb.test").unwrap()).unwrap();
        insta::assert_debug_snapshot!(request);
    }
}
