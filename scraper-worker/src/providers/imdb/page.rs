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

/// Where the data begins.
const MARK: &str = "<script id=\"__NEXT_DATA__\"";

/// Path of its first page; `None` for what only GraphQL tells.
pub(super) fn path(list: &ImdbList) -> Option<String> {
    match list {
        ImdbList::List(id) => Some(format!("list/{id}/")),
        ImdbList::Watchlist(id) | ImdbList::Profile(id) => Some(format!("user/{id}/watchlist/")),
        ImdbList::Chart(chart) => chart.graphql.map(|_| chart.path.to_owned()),
        ImdbList::Search(conditions) => {
            Some(format!("search/title/?{conditions}&count={PAGE_SIZE}"))
        }
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
    let props = data.pointer("/props/pageProps");
    let props = props.ok_or_else(|| ProviderError::changed("no `props.pageProps` in the page"))?;
    if is_null(props, "/mainColumnData/predefinedList") {
        return Err(no_watchlist(list));
    }
    if is_null(props, "/mainColumnData/list") {
        return Err(ProviderError::NotFound);
    }
    let (connection, rows) = rows(list, props)
        .ok_or_else(|| ProviderError::changed("no list of titles in the page's data"))?;
    let announced = total(connection);
    let name = props
        .pointer("/mainColumnData/list/name/originalText")
        .and_then(Value::as_str);
    Ok(Page {
        announced,
        name: name.map(str::to_owned),
        next: next(list, connection, announced, request)?,
        ..title::page(rows, None)?
    })
}

fn is_null(props: &Value, path: &str) -> bool {
    props.pointer(path).is_some_and(Value::is_null)
}

fn data(html: &str) -> Result<Value, ProviderError> {
    let text = html
        .split_once(MARK)
        .and_then(|(_, rest)| rest.split_once('>'));
    let text = text.and_then(|(_, rest)| rest.split_once("</script>"));
    let (json, _) = text.ok_or_else(|| ProviderError::changed("no `__NEXT_DATA__` in the page"))?;
    serde_json::from_str(json).map_err(|error| {
        ProviderError::changed(format!("malformed `__NEXT_DATA__` in the page: {error}"))
    })
}

/// The part of the data that has the rows, and the rows. A page shows a few of them only.
fn rows<'a>(list: &ImdbList, props: &'a Value) -> Option<(&'a Value, &'a Vec<Value>)> {
    let places: &[(&str, &str)] = match list {
        ImdbList::List(_) => &[("/mainColumnData/list/titleListItemSearch", "edges")],
        ImdbList::Watchlist(_) | ImdbList::Profile(_) => &[(
            "/mainColumnData/predefinedList/titleListItemSearch",
            "edges",
        )],
        ImdbList::Chart(_) => &[("/pageData/chartTitles", "edges")],
        ImdbList::Search(_) => &[("/searchResults/titleResults", "titleListItems")],
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
            .join(&path(&list).unwrap())
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
