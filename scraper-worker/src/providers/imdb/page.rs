//! IMDb's pages and the data in them. Leaves rows of titles to `title`.

use reqwest::header::HeaderValue;
use serde_json::Value;
use url::Url;

use super::{
    ImdbList,
    graphql::{has_next, is_somebodys, total},
    no_watchlist, title,
};
use crate::provider::{Answer, Page, ProviderError, Request};

pub(super) const STEP: &str = "page";

/// Titles on one page of a list.
const PAGE_SIZE: u32 = 250;

/// What the element with the data is called.
const MARK: &str = "__NEXT_DATA__";

/// Path of its first page.
pub(super) fn path(list: &ImdbList) -> String {
    match list {
        ImdbList::List(id) => format!("list/{id}/"),
        ImdbList::Watchlist(id) | ImdbList::Profile(id) => format!("user/{id}/watchlist/"),
        ImdbList::Chart(chart) => chart.path.to_owned(),
        ImdbList::Search(conditions) => format!("search/title/?{conditions}&count={PAGE_SIZE}"),
        ImdbList::Calendar(conditions) if conditions.is_empty() => "calendar/".to_owned(),
        ImdbList::Calendar(conditions) => format!("calendar/?{conditions}"),
    }
}

/// Asks for a page by its number.
pub(super) fn request(mut url: Url, number: u32) -> Request {
    if number > 1 {
        url.set_query(Some(&format!("page={number}")));
    }
    // In English, so that titles are the ones that searches know.
    Request {
        number,
        ..Request::get(url, STEP)
    }
    .header("accept", HeaderValue::from_static("text/html"))
    .header("accept-language", HeaderValue::from_static("en"))
}

/// Reads a page.
pub(super) fn parse(
    list: &ImdbList,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let data = data(answer.document()?)?;
    // Beside its pages the site has their data alone, without `props` around them.
    let props = data
        .pointer("/props/pageProps")
        .or_else(|| data.get("pageProps"));
    let props = props.ok_or_else(|| ProviderError::changed("no `props.pageProps` in the page"))?;
    if let ImdbList::Calendar(_) = list {
        return calendar(props);
    }
    if is_null(props, "/mainColumnData/predefinedList") {
        return Err(no_watchlist(list));
    }
    if is_null(props, "/mainColumnData/list") {
        return Err(ProviderError::NotFound);
    }
    let (connection, rows) = rows(list, props)
        .ok_or_else(|| ProviderError::changed("no list of titles in the page's data"))?;
    let announced = total(connection);
    Ok(Page {
        announced,
        name: name(props),
        next: next(list, connection, announced, request)?,
        ..title::page(rows, None)?
    })
}

fn is_null(props: &Value, path: &str) -> bool {
    props.pointer(path).is_some_and(Value::is_null)
}

fn name(props: &Value) -> Option<String> {
    let places = [
        "/mainColumnData/list/name/originalText",
        "/aboveTheFoldData/list/name/originalText",
        "/list/name/originalText",
    ];
    let name = places.iter().find_map(|path| props.pointer(path)?.as_str());
    name.map(str::to_owned)
}

/// What is released day by day. There always is something.
fn calendar(props: &Value) -> Result<Page, ProviderError> {
    let groups = props.get("groups").and_then(Value::as_array);
    let groups = groups.ok_or_else(|| ProviderError::changed("no days in the calendar's data"))?;
    let rows: Option<Vec<_>> = groups
        .iter()
        .map(|group| group.get("entries")?.as_array())
        .collect();
    let rows = rows.ok_or_else(|| ProviderError::changed("a day without entries"))?;
    let rows: Vec<Value> = rows.into_iter().flatten().cloned().collect();
    if rows.is_empty() {
        return Err(ProviderError::changed("a calendar without any release"));
    }
    Ok(Page {
        // What comes to cinemas and later to other places is there twice.
        may_repeat: true,
        ..title::page(&rows, None)?
    })
}

/// The data of a page: in an element of it, or all of the answer.
fn data(text: &str) -> Result<Value, ProviderError> {
    let json = if text.trim_start().starts_with('{') {
        text
    } else {
        element(text).ok_or_else(|| ProviderError::changed("no `__NEXT_DATA__` in the page"))?
    };
    serde_json::from_str(json).map_err(|error| {
        ProviderError::changed(format!("malformed `__NEXT_DATA__` in the page: {error}"))
    })
}

/// What is in the element of that id, however its tag is written.
fn element(html: &str) -> Option<&str> {
    html.match_indices(MARK).find_map(|(at, _)| {
        let before = html.get(..at)?;
        let is_id = ["id=\"", "id='", "id="]
            .iter()
            .any(|start| before.ends_with(start));
        let (_, rest) = html.get(at..).filter(|_| is_id)?.split_once('>')?;
        rest.split_once("</script>").map(|(json, _)| json)
    })
}

/// Where rows may stand: the part of the data that has them, and their name in it.
const OF_PEOPLE: &[(&str, &str)] = &[
    ("/mainColumnData/list/titleListItemSearch", "edges"),
    (
        "/mainColumnData/predefinedList/titleListItemSearch",
        "edges",
    ),
    ("/mainColumnData/list/items", "edges"),
    ("/mainColumnData/predefinedList/items", "edges"),
    ("/list/titleListItemSearch", "edges"),
    ("/predefinedList/titleListItemSearch", "edges"),
];
const OF_CHARTS: &[(&str, &str)] = &[
    ("/pageData/chartTitles", "edges"),
    ("/pageData/topGrossingReleases", "edges"),
    ("/pageData/boxOfficeWeekendChart", "entries"),
    ("/mainColumnData/chartTitles", "edges"),
    ("/chartTitles", "edges"),
];
const OF_SEARCHES: &[(&str, &str)] = &[
    ("/searchResults/titleResults", "titleListItems"),
    ("/searchResults/titleResults", "edges"),
    ("/searchResults/advancedTitleSearch", "edges"),
];

/// The part of the data that has the rows, and the rows. A page shows a few of them only.
fn rows<'a>(list: &ImdbList, props: &'a Value) -> Option<(&'a Value, &'a Vec<Value>)> {
    let places = match list {
        ImdbList::List(_) | ImdbList::Watchlist(_) | ImdbList::Profile(_) => OF_PEOPLE,
        ImdbList::Chart(_) => OF_CHARTS,
        ImdbList::Search(_) | ImdbList::Calendar(_) => OF_SEARCHES,
    };
    places.iter().find_map(|(path, rows)| {
        let connection = props.pointer(path)?;
        Some((connection, connection.get(rows)?.as_array()?))
    })
}

/// Lists and watchlists have pages by number; charts are one page, and so is what we read of a search.
fn next(
    list: &ImdbList,
    connection: &Value,
    announced: Option<u32>,
    request: &Request,
) -> Result<Option<Request>, ProviderError> {
    if !is_somebodys(list) {
        return Ok(None);
    }
    let told = has_next(connection)?;
    // Where a page does not tell whether there is a next one, the total does.
    let read = request.number.saturating_mul(PAGE_SIZE);
    let has_next = told.unwrap_or_else(|| announced.is_some_and(|announced| announced > read));
    Ok(has_next.then(|| self::request(request.url.clone(), request.number + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::imdb::address;
    use reqwest::header::HeaderMap;

    fn read(list: &str, html: &str) -> Result<Page, ProviderError> {
        let list = address::parse(list).unwrap();
        let url = Url::parse("http://imdb.test")
            .unwrap()
            .join(&path(&list))
            .unwrap();
        let answer = Answer {
            url: url::Url::parse("http://site.example/").unwrap(),
            status: 200,
            headers: HeaderMap::new(),
            body: html.into(),
        };
        parse(&list, &request(url, 1), &answer)
    }

    fn html(data: &str) -> String {
        format!(
            "<html><script id=\"__NEXT_DATA__\" type=\"application/json\">{data}</script></html>"
        )
    }

    #[test]
    fn a_page_that_is_not_the_expected_one_is_a_change() {
        let other = html(r#"{"props":{"pageProps":{"pageData":{"news":[]}}}}"#);
        for page in ["<html>sign in</html>", &html("{"), &html("{}"), &other] {
            let error = read("top", page).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{page}: {error}"
            );
        }
    }

    #[test]
    fn the_data_is_found_however_its_element_is_written() {
        let data = r#"{"props":{"pageProps":{"pageData":{"chartTitles":{"edges":[
            {"currentRank":1,"node":{"id":"tt0000001","titleText":{"text":"One"}}}]}}}}}"#;
        let alone = data.replace(r#"{"props":"#, "").replace("}}}}}", "}}}}");
        for page in [
            html(data),
            format!("<html><script nonce='x' id='__NEXT_DATA__'>{data}</script>"),
            format!("<html><script type=application/json id=__NEXT_DATA__>{data}</script>"),
            format!("<script>window.__NEXT_DATA__ = {{}}</script>{}", html(data)),
            format!(" {data}"),
            alone,
        ] {
            assert_eq!(read("top", &page).unwrap().entries.len(), 1, "{page}");
        }
    }

    #[test]
    fn a_calendar_has_its_releases_day_by_day() {
        let of = |groups: &str| {
            read(
                "calendar",
                &html(&format!(
                    r#"{{"props":{{"pageProps":{{"groups":{groups}}}}}}}"#
                )),
            )
        };
        let page = of(
            r#"[{"group":"Nov 27, 2026","entries":[{"id":"tt0000001","titleText":"One (2026)",
            "titleType":{"id":"movie"}}]},{"group":"Dec 4, 2026","entries":[]},
            {"group":"Dec 11, 2026","entries":[{"id":"tt0000002","titleText":"Two (2025)"}]}]"#,
        );
        let told: Vec<_> = page
            .unwrap()
            .entries
            .into_iter()
            .map(|entry| (entry.title, entry.year))
            .collect();
        assert_eq!(
            told,
            [
                ("One".to_owned(), Some(2026)),
                ("Two".to_owned(), Some(2025))
            ]
        );
        for strange in ["[]", "{}", r#"[{"group":"x"}]"#, r#"[{"entries":[]}]"#] {
            assert!(
                matches!(of(strange), Err(ProviderError::Changed { .. })),
                "{strange}"
            );
        }
    }

    #[test]
    fn a_list_goes_on_to_its_next_page_by_number() {
        let page = html(
            r#"{"props":{"pageProps":{"mainColumnData":{"list":{"name":{"originalText":"Mine"},
            "titleListItemSearch":{"total":251,"edges":[{"listItem":{"id":"tt0000001",
            "titleText":{"text":"One"},"titleType":{"id":"movie"}}}]}}}}}}"#,
        );
        let page = read("ls0001", &page).unwrap();
        assert_eq!(
            (page.announced, page.name.as_deref()),
            (Some(251), Some("Mine"))
        );
        assert_eq!(
            page.next.unwrap().url.as_str(),
            "http://imdb.test/list/ls0001/?page=2"
        );
    }

    #[test]
    fn a_list_that_tells_neither_its_length_nor_its_next_page_is_a_change() {
        let row = r#"{"listItem":{"id":"tt0000001","titleText":{"text":"One"}}}"#;
        let of = |place: &str, told: &str| {
            html(&format!(
                r#"{{"props":{{"pageProps":{{"mainColumnData":{{"{place}":{{
                "titleListItemSearch":{{{told}"edges":[{row}]}}}}}}}}}}}}"#
            ))
        };
        for (list, place) in [("ls0001", "list"), ("ur0001", "predefinedList")] {
            for told in ["", r#""total":null,"pageInfo":{"hasNextPage":"no"},"#] {
                let error = read(list, &of(place, told)).unwrap_err();
                assert!(
                    matches!(error, ProviderError::Changed { .. }),
                    "{list} {told}: {error}"
                );
            }
            for told in [r#""total":1,"#, r#""pageInfo":{"hasNextPage":false},"#] {
                assert_eq!(read(list, &of(place, told)).unwrap().next, None);
            }
        }
        let chart = format!(
            r#"{{"props":{{"pageProps":{{"pageData":{{"chartTitles":{{"edges":[{row}]}}}}}}}}}}"#
        );
        assert_eq!(read("top", &html(&chart)).unwrap().entries.len(), 1);
    }

    #[test]
    fn a_missing_list_and_a_hidden_watchlist_are_refusals() {
        let no_list = html(r#"{"props":{"pageProps":{"mainColumnData":{"list":null}}}}"#);
        assert_eq!(read("ls0001", &no_list), Err(ProviderError::NotFound));
        let hidden = html(r#"{"props":{"pageProps":{"mainColumnData":{"predefinedList":null}}}}"#);
        assert!(matches!(
            read("ur0001", &hidden),
            Err(ProviderError::Refused { .. })
        ));
    }
}
