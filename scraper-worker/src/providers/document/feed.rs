//! Feeds, RSS and Atom: items by their titles (`Name (2021)`), by their links and by what Letterboxd adds
//! to them. Pure.

use std::{borrow::Cow, collections::BTreeSet};

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use schema::models::MediaType;

use super::{
    Unread,
    link::{Link, imdb_id},
    mapping::Mapping,
    row::{Row, Told},
    words::{Named, kind_of, plain_text},
};
use crate::provider::Page;

/// Items of one feed. A guess, far above real ones.
const MOST_ITEMS: usize = 100_000;
/// Elements within each other; feeds have five.
const DEEPEST: usize = 100;

/// Reads the whole feed.
///
/// # Errors
/// [`Unread`] when it is none, breaks off, or is about other things than titles.
pub(super) fn read(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    let feed = Feed::of(text)?;
    let mut page = Page {
        name: Some(plain_text(&feed.title)).filter(|name| !name.is_empty()),
        announced: u32::try_from(feed.items.len()).ok(), // no feed has so many
        ..Page::default()
    };
    let mut nameless = 0;
    let mut strange = None;
    for (rank, item) in (1..).zip(&feed.items) {
        match item.row(mapping) {
            Row::Wanted(entry) => page
                .entries
                .push(schema::wire::scraper::Entry { rank, ..entry }),
            Row::Unwanted => page.dropped += 1,
            Row::Nameless => {
                nameless += 1;
                strange = strange.or(Some(item));
            }
        }
    }
    if nameless * 5 > feed.items.len() {
        let shown = super::shown(strange.map_or("", |item| &item.title));
        return Err(Unread::NoTitles(format!(
            "its item `{shown}` is no title: items have a name with a year (`Heat (1995)`) or a link to \
             IMDb, TMDB, TVDB, Trakt or Letterboxd"
        )));
    }
    page.dropped += u32::try_from(nameless).unwrap_or(u32::MAX); // as above
    super::some_titles(&page)?;
    Ok(page)
}

/// One item, as text.
#[derive(Debug, Default)]
struct Item {
    title: String,
    links: Vec<String>,
    about: String,
    film_title: String,
    film_year: String,
    movie_id: String,
    show_id: String,
    imdb_id: String,
    tvdb_id: String,
    categories: Vec<String>,
}

impl Item {
    fn row(&self, mapping: &Mapping) -> Row {
        let links: Vec<_> = self
            .links
            .iter()
            .filter_map(|link| Link::of(link))
            .collect();
        let is_told = links
            .iter()
            .any(|link| link.has_id() || link.media_type.is_some());
        let has_id = ![&self.movie_id, &self.show_id, &self.imdb_id, &self.tvdb_id]
            .iter()
            .all(|id| id.trim().is_empty());
        if self
            .links
            .iter()
            .any(|link| link.contains("letterboxd.com/") && link.contains("/list/"))
        {
            return Row::Unwanted; // a list of somebody's among what they watched
        }
        let named = Named::of_ranked(&plain_text(&self.title));
        let is_named = named.year.is_some() || named.season.is_some();
        let imdb = self.imdb_in_text();
        let is_title = is_told || has_id || is_named || !self.film_title.is_empty();
        if !is_title && imdb.is_none() {
            return Row::Nameless;
        }
        self.told(&named, &links, imdb)
            .row(self.kind(&named, &links, mapping))
    }

    fn told<'a>(&'a self, named: &Named, links: &[Link], imdb: Option<String>) -> Told<'a> {
        let year = named.year.map(|year| year.to_string());
        let is_film = !self.film_title.is_empty();
        let link = links.iter().find(|link| link.has_id());
        let id = |id: Option<i64>| id.map(|id| Cow::Owned(id.to_string()));
        let own = |text: &'a String| Some(text.as_str()).filter(|text| !text.trim().is_empty());
        Told {
            title: Some(if is_film {
                Cow::Borrowed(self.film_title.as_str())
            } else {
                Cow::Owned(named.title.clone())
            }),
            year: own(&self.film_year)
                .map(Cow::Borrowed)
                .or(year.map(Cow::Owned)),
            season: named
                .season
                .or_else(|| links.iter().find_map(|link| link.season))
                .map(|season| Cow::Owned(season.to_string())),
            imdb_id: own(&self.imdb_id)
                .map(Cow::Borrowed)
                .or_else(|| link?.imdb_id.clone().map(Cow::Owned))
                .or(imdb.map(Cow::Owned)),
            tmdb_id: own(&self.movie_id)
                .or(own(&self.show_id))
                .map(Cow::Borrowed)
                .or_else(|| id(link?.tmdb_id)),
            tvdb_id: own(&self.tvdb_id)
                .map(Cow::Borrowed)
                .or_else(|| id(link?.tvdb_id)),
            url: self
                .links
                .iter()
                .find(|link| Link::of(link).is_some())
                .map(|link| Cow::Borrowed(link.as_str())),
            ..Told::default()
        }
    }

    fn kind(&self, named: &Named, links: &[Link], mapping: &Mapping) -> Option<MediaType> {
        let is = |id: &str| !id.trim().is_empty();
        let by_category = || {
            let mut words = self.categories.iter();
            words.find_map(|word| kind_of(word).ok().flatten()) // an unwanted one is none
        };
        match (
            is(&self.movie_id),
            is(&self.show_id) || named.season.is_some(),
        ) {
            (true, _) => Some(MediaType::Movie),
            (_, true) => Some(MediaType::Tv),
            _ => links
                .iter()
                .find_map(|link| link.media_type)
                .or_else(by_category)
                .or_else(|| mapping.all()),
        }
    }

    /// The one title of IMDb that the text of the item leads to.
    fn imdb_in_text(&self) -> Option<String> {
        let ids: BTreeSet<_> = self
            .about
            .split("imdb.com/title/")
            .skip(1)
            .filter_map(|rest| {
                let end = rest.find(|char: char| !char.is_ascii_alphanumeric());
                imdb_id(rest.get(..end.unwrap_or(rest.len()))?)
            })
            .collect();
        ids.first().filter(|_| ids.len() == 1).cloned()
    }

    fn set(&mut self, element: &str, text: &str) {
        let to = match element {
            "title" => &mut self.title,
            "description" | "summary" | "content" | "content:encoded" => &mut self.about,
            "letterboxd:filmtitle" => &mut self.film_title,
            "letterboxd:filmyear" => &mut self.film_year,
            "tmdb:movieid" => &mut self.movie_id,
            "tmdb:tvid" => &mut self.show_id,
            "imdb:id" | "imdbid" | "imdb" | "imdb_id" => &mut self.imdb_id,
            "tvdb:id" | "tvdbid" | "tvdb" | "tvdb_id" => &mut self.tvdb_id,
            "link" | "guid" | "id" => {
                let link = text.trim();
                if !link.is_empty() {
                    self.links.push(link.to_owned());
                }
                return;
            }
            "category" => {
                self.categories.push(text.trim().to_owned());
                return;
            }
            _ => return,
        };
        if to.is_empty() {
            text.trim().clone_into(to);
        }
    }
}

/// A feed as text.
#[derive(Debug, Default)]
struct Feed {
    title: String,
    items: Vec<Item>,
}

/// What is being read.
#[derive(Default)]
struct Reading {
    /// Names of the open elements.
    open: Vec<String>,
    text: String,
    feed: Feed,
    item: Option<(usize, Item)>,
    is_feed: bool,
    is_whole: bool,
}

impl Feed {
    fn of(text: &str) -> Result<Self, Unread> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        let mut reading = Reading::default();
        loop {
            let event = reader.read_event().map_err(|error| {
                Unread::Broken(super::shown(&format!("it is damaged XML: {error}")))
            })?;
            match event {
                Event::Start(element) => reading.begin(&element)?,
                Event::Empty(element) => {
                    reading.begin(&element)?;
                    reading.end();
                }
                Event::End(_) => reading.end(),
                Event::Text(text) => reading.text.push_str(&String::from_utf8_lossy(&text)),
                Event::CData(text) => reading.text.push_str(&String::from_utf8_lossy(&text)),
                Event::GeneralRef(name) => {
                    let char = name.resolve_char_ref().ok().flatten(); // an unknown one stays as it is
                    let name = String::from_utf8_lossy(&name).into_owned();
                    match (char, resolve_predefined_entity(&name)) {
                        (Some(char), _) => reading.text.push(char),
                        (None, Some(known)) => reading.text.push_str(known),
                        (None, None) => reading.text.extend(["&", &name, ";"]),
                    }
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        if !reading.is_feed {
            return Err(Unread::NoTitles(
                "it is XML, but neither RSS nor Atom".into(),
            ));
        }
        if !reading.is_whole {
            return Err(Unread::Broken("it breaks off before its end".into()));
        }
        Ok(reading.feed)
    }
}

impl Reading {
    fn begin(&mut self, element: &BytesStart<'_>) -> Result<(), Unread> {
        let name = String::from_utf8_lossy(element.name().as_ref()).to_ascii_lowercase();
        if self.open.is_empty() {
            self.is_feed = matches!(name.as_str(), "rss" | "feed" | "rdf:rdf");
        }
        if self.open.len() >= DEEPEST || self.feed.items.len() >= MOST_ITEMS {
            return Err(Unread::Broken("it is larger than any feed".into()));
        }
        if self.item.is_none() && matches!(name.as_str(), "item" | "entry") {
            self.item = Some((self.open.len(), Item::default()));
        }
        if name == "link"
            && let Some((_, item)) = &mut self.item
            && let Some(href) = href(element)
        {
            item.set("link", &href);
        }
        // Titles of Atom may have elements in them.
        if self
            .item
            .as_ref()
            .is_none_or(|(depth, _)| self.open.len() <= depth + 1)
        {
            self.text.clear();
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self) {
        let Some(name) = self.open.pop() else { return };
        self.is_whole = self.open.is_empty();
        match &mut self.item {
            Some((depth, _)) if self.open.len() == *depth => {
                self.feed
                    .items
                    .extend(self.item.take().map(|(_, item)| item));
            }
            Some((depth, item)) if self.open.len() == *depth + 1 => {
                item.set(&name, &self.text);
                self.text.clear();
            }
            None if name == "title" && self.feed.title.is_empty() && self.open.len() <= 2 => {
                self.text.trim().clone_into(&mut self.feed.title);
            }
            _ => {}
        }
    }
}

/// Where a link of Atom leads, if it is that to the item itself.
fn href(element: &BytesStart<'_>) -> Option<String> {
    let attribute = |name: &str| {
        let found = element.try_get_attribute(name).ok()??; // a damaged one tells nothing
        Some(found.unescape_value().ok()?.into_owned()) // nor does this
    };
    let rel = attribute("rel");
    attribute("href").filter(|_| rel.is_none_or(|rel| rel == "alternate" || rel == "related"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, Unread> {
        super::read(text, &Mapping::default())
    }

    fn rss(items: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Films &amp; more</title>\
             <image><title>No</title></image>{items}</channel></rss>"
        )
    }

    #[test]
    fn items_are_titles_by_their_names_or_their_links() {
        let page = read(&rss(
            "<item><title>Heat (1995)</title><link>https://blog.example/heat</link></item>\
             <item><title><![CDATA[Tom &amp; Jerry (2021)]]></title></item>\
             <item><title>Dark - Season 2</title></item>\
             <item><title>Ronin</title><guid>https://www.imdb.com/title/tt0122690/</guid></item>\
             <item><title>Alien</title><link>https://www.themoviedb.org/movie/348-alien</link></item>\
             <item><title>Am&#233;lie</title><description>&lt;a href=\"https://www.imdb.com/title/tt0211915/?x\"&gt;x</description></item>\
             <item><title>Show</title><link>https://trakt.tv/shows/show-2020</link></item>",
        ));
        let page = page.unwrap();
        assert_eq!(page.name.as_deref(), Some("Films & more"));
        assert_eq!((page.entries.len(), page.announced), (7, Some(7)));
        let at = |at: usize| &page.entries[at];
        assert_eq!((at(0).title.as_str(), at(0).year), ("Heat", Some(1995)));
        assert_eq!(at(1).title, "Tom & Jerry");
        assert_eq!(
            (at(2).season, at(2).media_type),
            (Some(2), Some(MediaType::Tv))
        );
        assert_eq!(at(3).imdb_id.as_deref(), Some("tt0122690"));
        assert_eq!(
            (at(4).tmdb_id, at(4).media_type),
            (Some(348), Some(MediaType::Movie))
        );
        assert_eq!(
            (at(5).title.as_str(), at(5).imdb_id.as_deref()),
            ("Amélie", Some("tt0211915"))
        );
        assert_eq!(
            (at(6).title.as_str(), at(6).media_type),
            ("Show", Some(MediaType::Tv))
        );
    }

    #[test]
    fn letterboxd_tells_the_film_and_its_number() {
        let page = read(&rss(
            "<item><title>Dune, 2021 - ★★★★</title><link>https://letterboxd.com/bob/film/dune-2021/</link>\
             <letterboxd:filmTitle>Dune</letterboxd:filmTitle><letterboxd:filmYear>2021</letterboxd:filmYear>\
             <tmdb:movieId>438631</tmdb:movieId></item>\
             <item><title>My list</title><link>https://letterboxd.com/bob/list/my-list/</link></item>",
        ));
        let page = page.unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 1));
        let dune = &page.entries[0];
        assert_eq!((dune.title.as_str(), dune.year), ("Dune", Some(2021)));
        assert_eq!(
            (dune.tmdb_id, dune.media_type),
            (Some(438_631), Some(MediaType::Movie))
        );
        assert_eq!(dune.source_id.as_deref(), Some("letterboxd:dune-2021"));
    }

    #[test]
    fn atom_is_read_too() {
        let page = read(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Mine</title><link href=\"https://a.example\"/>\
             <entry><title type=\"xhtml\"><div>Heat <b>(1995)</b></div></title>\
             <link rel=\"self\" href=\"https://a.example/1\"/>\
             <link rel=\"alternate\" href=\"https://trakt.tv/movies/heat-1995\"/><id>tag:a,1</id></entry></feed>",
        );
        let page = page.unwrap();
        assert_eq!(
            (page.name.as_deref(), page.entries.len()),
            (Some("Mine"), 1)
        );
        let heat = &page.entries[0];
        assert_eq!((heat.title.as_str(), heat.year), ("Heat", Some(1995)));
        assert_eq!(heat.media_type, Some(MediaType::Movie));
    }

    #[test]
    fn a_feed_of_other_things_is_no_list_and_one_without_items_is_empty() {
        let blog = rss("<item><title>What we watched in May</title></item>");
        let error = read(&blog).unwrap_err();
        assert!(
            format!("{error:?}").contains("What we watched in May"),
            "{error:?}"
        );
        let empty = read(&rss("")).unwrap();
        assert_eq!((empty.entries.len(), empty.announced), (0, Some(0)));
        let whole = rss("<item><title>Heat (1995)</title></item>");
        let cut = &whole[..whole.len() - 20];
        assert!(matches!(read(cut), Err(Unread::Broken(_))));
        for other in ["<opml></opml>", "<rss><item></rss>"] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn entities_are_not_multiplied() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;\">]><rss><channel>\
                    <item><title>&b; (1995)</title></item></channel></rss>";
        assert_eq!(read(bomb).unwrap().entries[0].title, "&b;");
    }
}
