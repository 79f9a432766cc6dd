//! The feed of a watchlist, which needs no token: as JSON, and as RSS where that fails.
//!
//! Both hold titles with their years, their kind and their ids. Feeds of Plex had the newest 50
//! entries only until 2024-06; since then each page names the next. A feed that does not and has 50
//! entries is taken for a beginning.
//! Source: <https://github.com/nylonee/watchlistarr/issues/162>, 2024-06.

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};
use schema::models::Cause;
use serde_json::Value;
use url::Url;

use super::{address::PlexList, title};
use crate::provider::{Answer, Page, ProviderError, Request};

/// A page of the feed as JSON.
pub(super) const JSON: &str = "feed as JSON";
/// A page of the feed as RSS.
pub(super) const RSS: &str = "feed as RSS";

/// Entries of a feed that has no further pages.
const OLD_SIZE: usize = 50;

/// Reads a page of either.
pub(super) fn parse(
    list: &PlexList,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    if matches!(answer.status, 404 | 410) && answer.wall().is_none() {
        return Err(ProviderError::refused(
            Cause::NotFound,
            format!("Plex has no {}", list.name().trim_start_matches("Plex ")),
            "Copy its address again from the settings of your Plex account, under Watchlist; it changes when the feed is made anew.",
        ));
    }
    let feed = if request.step == JSON {
        of_json(answer)?
    } else {
        of_rss(answer.document()?)?
    };
    page(feed, request)
}

/// What a feed holds, in either form.
#[derive(Debug, Default)]
struct Feed {
    name: Option<String>,
    items: Vec<Item>,
    /// Entries that are none.
    strange: u32,
    next: Option<String>,
    /// Whether it says itself that it is one of several pages.
    has_pages: bool,
    /// Whether it ends in the middle.
    is_torn: bool,
}

#[derive(Debug, Default)]
struct Item {
    title: String,
    category: String,
    link: String,
    guids: Vec<String>,
}

fn page(feed: Feed, request: &Request) -> Result<Page, ProviderError> {
    let mut page = Page {
        name: feed.name,
        dropped: feed.strange,
        ..Page::default()
    };
    let count = feed.items.len();
    if count == 0 && feed.strange == 0 && page.name.is_none() {
        return Err(ProviderError::changed("a feed without a name and entries"));
    }
    for item in &feed.items {
        let (name, year) = title::split_year(&item.title);
        let media_type = title::media_type(&item.category).or_else(|| kind_of_page(&item.link));
        let ids = title::ids(item.guids.iter().map(String::as_str));
        match title::entry(name, year, media_type, ids) {
            Some(entry) if media_type.is_some() => page.entries.push(entry),
            _ => page.dropped += 1,
        }
    }
    if page.entries.is_empty() && page.dropped > 0 {
        return Err(ProviderError::changed(
            "no entry of the feed is a movie or a show",
        ));
    }
    page.next = feed.next.and_then(|next| after(request, &next));
    if count == 0 && feed.strange == 0 && page.next.is_some() {
        return Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        });
    }
    let is_old = !feed.has_pages && request.number == 1 && count >= OLD_SIZE;
    page.is_cut = feed.is_torn || (page.next.is_none() && is_old);
    Ok(page)
}

/// The page that a link names. The feed stays where it is; only where in it to go on is taken over.
fn after(request: &Request, next: &str) -> Option<Request> {
    let named = request.url.join(next).ok()?; // no address names no page
    let cursor: Vec<(String, String)> = named
        .query_pairs()
        .filter(|(key, _)| key != "format")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    if cursor.is_empty() {
        return None;
    }
    let mut url: Url = request.url.clone();
    url.query_pairs_mut().clear().extend_pairs(cursor);
    if request.step == JSON {
        url.query_pairs_mut().append_pair("format", "json");
    }
    Some(Request {
        url,
        number: request.number + 1,
        is_whole_list: false,
        ..request.clone()
    })
}

/// `https://watch.plex.tv/show/…`
fn kind_of_page(link: &str) -> Option<schema::models::MediaType> {
    let url = Url::parse(link).ok()?; // then it tells nothing
    title::media_type(url.path_segments()?.next()?)
}

fn of_json(answer: &Answer) -> Result<Feed, ProviderError> {
    let body = answer.json()?;
    let rows = body
        .get("items")
        .and_then(Value::as_array)
        .ok_or_else(|| ProviderError::changed("no `items` in the feed"))?;
    let link = |key| body.get("links")?.get(key)?.as_str();
    let mut feed = Feed {
        name: body.get("title").and_then(Value::as_str).map(str::to_owned),
        next: link("next").map(str::to_owned),
        has_pages: ["self", "previous", "first", "last"]
            .into_iter()
            .any(|key| link(key).is_some_and(|link| link.contains("cursor="))),
        ..Feed::default()
    };
    for row in rows {
        if !row.is_object() {
            feed.strange += 1;
            continue;
        }
        let text = |key| row.get(key).and_then(Value::as_str).unwrap_or_default();
        let guids = row.get("guids").and_then(Value::as_array);
        feed.items.push(Item {
            title: text("title").to_owned(),
            category: text("category").to_owned(),
            link: text("link").to_owned(),
            guids: guids
                .into_iter()
                .flatten()
                .chain(row.get("guid"))
                .filter_map(|guid| guid.as_str().map(str::to_owned))
                .collect(),
        });
    }
    Ok(feed)
}

fn of_rss(text: &str) -> Result<Feed, ProviderError> {
    let mut reader = Reader::from_str(text);
    let mut rss = Rss::default();
    loop {
        let event = reader
            .read_event()
            .map_err(|error| ProviderError::changed(format!("malformed RSS: {error}")))?;
        match event {
            Event::Start(tag) => rss.begin(&tag),
            Event::Empty(tag) => {
                rss.begin(&tag);
                rss.end();
            }
            Event::End(_) => rss.end(),
            Event::Text(part) => rss.text.push_str(&part.decode().unwrap_or_default()),
            Event::CData(part) => rss.text.push_str(&part.decode().unwrap_or_default()),
            Event::GeneralRef(name) => rss.text.push_str(&meant(&name)),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
    if !rss.has_channel {
        return Err(ProviderError::changed("no RSS channel"));
    }
    rss.feed.is_torn = !rss.path.is_empty();
    if rss.feed.is_torn && rss.feed.items.is_empty() {
        return Err(ProviderError::changed(
            "RSS that ends before its first entry",
        ));
    }
    Ok(rss.feed)
}

/// A feed while it is read.
#[derive(Default)]
struct Rss {
    /// Names of the elements that are open: `/rss/channel`.
    path: String,
    text: String,
    item: Option<Item>,
    has_channel: bool,
    feed: Feed,
}

impl Rss {
    fn begin(&mut self, tag: &BytesStart<'_>) {
        if tag.local_name().as_ref() == b"link" {
            self.follow(tag);
        }
        // With its prefix: `media:title` is not the title.
        self.path.push('/');
        self.path
            .push_str(&String::from_utf8_lossy(tag.name().as_ref()));
        self.text.clear();
        match self.path.as_str() {
            "/rss/channel" => self.has_channel = true,
            "/rss/channel/item" => self.item = Some(Item::default()),
            _ => {}
        }
    }

    /// `<atom:link rel="next" href="…"/>`
    fn follow(&mut self, tag: &BytesStart<'_>) {
        let value = |name: &str| {
            let attribute = tag.try_get_attribute(name).ok().flatten()?; // a broken one is no link
            attribute
                .unescape_value()
                .ok()
                .map(std::borrow::Cow::into_owned) // as above
        };
        let (rel, href) = (value("rel"), value("href"));
        match rel.as_deref() {
            Some("next") => self.feed.next = href,
            Some("self") => {
                self.feed.has_pages |= href.is_some_and(|href| href.contains("cursor="));
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        match (self.path.as_str(), &mut self.item) {
            ("/rss/channel/title", _) => {
                self.feed.name = (!text.is_empty()).then_some(text);
            }
            ("/rss/channel/item/title", Some(item)) => item.title = text,
            ("/rss/channel/item/category", Some(item)) => item.category = text,
            ("/rss/channel/item/link", Some(item)) => item.link = text,
            ("/rss/channel/item/guid", Some(item)) => item.guids.push(text),
            ("/rss/channel/item", item) => self.feed.items.extend(item.take()),
            _ => {}
        }
        let parent = self.path.rfind('/').unwrap_or_default();
        self.path.truncate(parent);
    }
}

/// What `&amp;`, `&#39;` and the like stand for.
fn meant(name: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = name.resolve_char_ref() {
        return character.to_string();
    }
    let name = name.decode().unwrap_or_default();
    match quick_xml::escape::resolve_predefined_entity(&name) {
        Some(text) => text.to_owned(),
        None => format!("&{name};"), // no XML, but nothing is lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = include_str!("../../../tests/fixtures/plex/feed.xml");

    #[test]
    fn a_feed_that_ends_anywhere_is_never_taken_for_a_whole_one() {
        let whole = of_rss(FEED).unwrap();
        assert_eq!((whole.items.len(), whole.is_torn), (2, false));
        for (end, _) in FEED.trim_end().char_indices() {
            let cut = of_rss(FEED.get(..end).unwrap());
            assert!(cut.is_err() || cut.unwrap().is_torn, "cut at {end}");
        }
    }

    #[test]
    fn what_stands_in_a_feed_by_names_is_read_as_what_it_means() {
        let text = "<rss><channel><item><title>a&amp;b &#x41; &quot;c&quot; &nbsp; <![CDATA[<d>]]>\
            </title></item></channel></rss>";
        let feed = of_rss(text).unwrap();
        assert_eq!(feed.items[0].title, "a&b A \"c\" &nbsp; <d>");
    }

    #[test]
    fn a_link_leads_on_in_the_same_feed_only() {
        let url = Url::parse("https://rss.plex.tv/0f1e?format=json").unwrap();
        let request = Request::get(url, JSON);
        for (next, expected) in [
            (
                "https://rss.plex.tv/0f1e?cursor=2",
                Some("https://rss.plex.tv/0f1e?cursor=2&format=json"),
            ),
            (
                "https://evil.example/x?cursor=2",
                Some("https://rss.plex.tv/0f1e?cursor=2&format=json"),
            ),
            (
                "?cursor=3&format=rss",
                Some("https://rss.plex.tv/0f1e?cursor=3&format=json"),
            ),
            ("https://rss.plex.tv/0f1e", None),
            ("http://[", None),
        ] {
            let request = after(&request, next);
            assert_eq!(
                request.as_ref().map(|next| next.url.as_str()),
                expected,
                "{next}"
            );
        }
    }
}
