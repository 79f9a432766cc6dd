//! A web page: any page whose links to IMDb or TMDB titles are a list, read by the browser.
//!
//! Lists: any `http` or `https` address that is of no other site here. One page, scrolled to its end; no
//! key. Entries have an IMDb id, a TMDB id or both, a title and mostly a year; the media type is known
//! from TMDB only. What a page calls its titles is found by rules that fit most pages and not all:
//! the ids are what counts.

use std::{collections::HashMap, net::IpAddr};

use runtime::settings::ProvidersSettings;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use url::{Host, Url};

use super::harvest::{Harvest, named, slug_of, split_title, tmdb_title, worth};
use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Reach, Recognized, Request, Via,
    Way, is_of,
};

/// See the file's header.
pub(super) struct WebPage;

/// Sites that are read in their own way or not at all: they turn browsers away, or say how else.
const OTHERS: &[&str] = &[
    "imdb.com",
    "letterboxd.com",
    "boxd.it",
    "trakt.tv",
    "themoviedb.org",
    "tmdb.org",
];

impl Provider for WebPage {
    fn name(&self) -> &'static str {
        "web"
    }

    fn title(&self) -> &'static str {
        "Web page"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &["https://… (a page with links to IMDb or TMDB titles)"]
    }

    fn needs_browser(&self) -> bool {
        true
    }

    // The hosts are unknown, and one page is all there is.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.2,
            burst: 1,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "The site turns automated readers away. Ask whose page it is for another form of the list, or keep it on a site that can be read."
    }

    fn notice(&self) -> Option<&'static str> {
        Some(
            "Every link on the page to a title of IMDb or TMDB is taken for an entry, also those beside the list itself.",
        )
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        let mut url = Url::parse(input.trim()).ok()?; // then it is no address
        url.set_fragment(None);
        if !is_page(&url) {
            return None;
        }
        let host = url.host_str()?;
        let name = format!("{host}{}", url.path().trim_end_matches('/'));
        Some(Recognized {
            list_id: url.to_string(),
            list_url: url.to_string(),
            name,
        })
    }

    fn ways(&self, list: &ListToRead, _: &ProvidersSettings) -> Result<Vec<Way>, ProviderError> {
        let url = Url::parse(&list.id).map_err(|error| ProviderError::Refused {
            cause: Cause::Settings,
            reason: format!("`{}` is no address: {error}", list.id),
            remedy: "Add the page again with its address.".into(),
        })?;
        Ok(vec![Way {
            name: "browser",
            first: Request {
                via: Via::Browser,
                reach: Reach::Guarded,
                ..Request::get(url, "page")
            },
        }])
    }

    fn parse(&self, _: &ListToRead, _: &Request, answer: &Answer) -> Result<Page, ProviderError> {
        let harvest = Harvest::of(answer)?;
        let found = titles(&harvest);
        if found.is_empty() {
            return Err(ProviderError::changed(
                "no link to a title of IMDb or TMDB on the page",
            ));
        }
        let name = harvest.title.trim();
        Ok(Page {
            entries: merged(found).into_iter().map(Found::into_entry).collect(),
            is_cut: !harvest.is_whole,
            name: (!name.is_empty()).then(|| name.to_owned()),
            ..Page::default()
        })
    }
}

fn is_page(url: &Url) -> bool {
    let is_web = matches!(url.scheme(), "http" | "https");
    let has_login = !url.username().is_empty() || url.password().is_some();
    let is_host = match url.host() {
        Some(Host::Domain(name)) => {
            (name.contains('.') || url.port().is_some()) && !is_others(name)
        }
        Some(Host::Ipv4(ip)) => !IpAddr::from(ip).is_unspecified(),
        Some(Host::Ipv6(ip)) => !IpAddr::from(ip).is_unspecified(),
        None => false,
    };
    is_web && is_host && !has_login
}

fn is_others(host: &str) -> bool {
    OTHERS.iter().any(|other| is_of(host, other))
}

/// What a link says a title is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TitleId {
    Imdb(String),
    Tmdb(MediaType, i64),
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    id: TitleId,
    /// Words of the address.
    slug: String,
    /// Whether it is the title's own page, and not that of its cast, a season, its pictures.
    is_own_page: bool,
}

impl Target {
    /// That of a link, or of the link within it that a counter or a warning leads on to.
    fn of(href: &str) -> Option<Self> {
        let url = Url::parse(href).ok()?; // an address that is none leads nowhere
        Self::at(&url).or_else(|| {
            url.query_pairs().take(20).find_map(|(name, value)| {
                // `?https://…` has no name.
                [name, value]
                    .iter()
                    .filter(|text| text.starts_with("http"))
                    .find_map(|text| Self::at(&Url::parse(text).ok()?)) // as above
            })
        })
    }

    fn at(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
        if is_of(host, "themoviedb.org") {
            let (media_type, id) = tmdb_title(url)?;
            return Some(Self {
                id: TitleId::Tmdb(media_type, id),
                slug: slug_of(url),
                is_own_page: parts.count() == 2,
            });
        }
        if is_of(host, "imdb.com") {
            // Other languages have theirs before it: `/de/title/tt…`.
            let id = parts
                .by_ref()
                .skip_while(|part| *part != "title")
                .nth(1)
                .filter(|id| is_imdb(id))?;
            return Some(Self {
                id: TitleId::Imdb(id.to_owned()),
                slug: String::new(),
                is_own_page: parts.next().is_none_or(|part| part == "reference"),
            });
        }
        None
    }
}

fn is_imdb(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        (7..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// One title of the page.
#[derive(Debug)]
struct Found {
    imdb: Option<String>,
    tmdb: Option<(MediaType, i64)>,
    /// The best text of its links.
    text: String,
    /// How good it is.
    rank: u8,
    near: String,
    /// From the address.
    slug: String,
}

impl Found {
    /// Whether the other is the same on the other site: one of each, and no two names.
    fn may_be(&self, other: &Self) -> bool {
        let is_one_of_each = self.imdb.is_some() != other.imdb.is_some();
        let has_no_name = |found: &Self| worth(&found.text) < 2;
        let name = |found: &Self| split_title(&found.text).0.to_lowercase();
        is_one_of_each && (has_no_name(self) || has_no_name(other) || name(self) == name(other))
    }

    /// Takes what the other knows.
    fn absorb(&mut self, other: Self) {
        self.imdb = self.imdb.take().or(other.imdb);
        self.tmdb = self.tmdb.or(other.tmdb);
        if worth(&other.text) > worth(&self.text) {
            self.text = other.text;
        }
        if self.slug.is_empty() {
            self.slug = other.slug;
        }
    }

    fn into_entry(self) -> Entry {
        let (title, year) = named(&self.text, &self.near, &self.slug);
        Entry {
            title,
            year,
            media_type: self.tmdb.map(|(media_type, _)| media_type),
            imdb_id: self.imdb,
            tmdb_id: self.tmdb.map(|(_, id)| id),
            ..Entry::default()
        }
    }
}

/// Each title once, in the order of the first link to it.
fn titles(harvest: &Harvest) -> Vec<Found> {
    let mut places: HashMap<TitleId, usize> = HashMap::new();
    let mut found: Vec<Found> = Vec::new();
    for link in &harvest.links {
        let Some(target) = Target::of(&link.href) else {
            continue;
        };
        let text = link.text.as_str();
        // "Its music" is no name of a title, unless there is no other.
        let rank = (worth(text) * 2).saturating_sub(u8::from(!target.is_own_page));
        let place = *places.entry(target.id.clone()).or_insert(found.len());
        if let Some(known) = found.get_mut(place) {
            if rank > known.rank {
                known.rank = rank;
                text.clone_into(&mut known.text);
                known.near.clone_from(&link.near);
            }
            continue;
        }
        let (imdb, tmdb) = match target.id {
            TitleId::Imdb(id) => (Some(id), None),
            TitleId::Tmdb(media_type, id) => (None, Some((media_type, id))),
        };
        found.push(Found {
            imdb,
            tmdb,
            text: text.to_owned(),
            rank,
            near: link.near.clone(),
            slug: target.slug,
        });
    }
    found
}

/// An IMDb and a TMDB title that stand in the same row, and alone there, are one, unless they have
/// different names.
fn merged(found: Vec<Found>) -> Vec<Found> {
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, title) in found.iter().enumerate() {
        if !title.near.is_empty() {
            rows.entry(&title.near).or_default().push(place);
        }
    }
    let pairs: Vec<(usize, usize)> = rows
        .values()
        .filter_map(|places| match *places.as_slice() {
            [one, other] => found
                .get(one)?
                .may_be(found.get(other)?)
                .then_some((one, other)),
            _ => None,
        })
        .collect();
    let mut found: Vec<_> = found.into_iter().map(Some).collect();
    for (one, other) in pairs {
        let other = found.get_mut(other).and_then(Option::take);
        if let (Some(Some(one)), Some(other)) = (found.get_mut(one), other) {
            one.absorb(other);
        }
    }
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    forget_shared_rows(&mut found);
    found
}

/// What stands near several titles names none of them.
fn forget_shared_rows(found: &mut [Found]) {
    let mut rows: HashMap<String, usize> = HashMap::new();
    for title in &*found {
        *rows.entry(title.near.clone()).or_default() += 1;
    }
    for title in found {
        let is_shared = rows.get(&title.near).is_some_and(|titles| *titles > 1);
        if is_shared && worth(&title.text) == 0 {
            title.near.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn link(href: &str, text: &str, near: &str) -> serde_json::Value {
        json!({"href": href, "text": text, "near": near})
    }

    fn page(links: &[serde_json::Value]) -> Result<Page, ProviderError> {
        let body = json!({"title": " My list ", "links": links, "is_whole": true});
        let answer = Answer {
            status: 200,
            url: Url::parse("https://blog.example/list").unwrap(),
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_string(),
        };
        let list = ListToRead {
            id: "https://blog.example/list".into(),
            ..ListToRead::default()
        };
        let way = WebPage.ways(&list, &crate::fake_site::sites("http://x"));
        WebPage.parse(&list, &way.unwrap()[0].first, &answer)
    }

    #[test]
    fn any_page_is_recognized_that_is_of_no_other_site() {
        let id = |input: &str| WebPage.recognize(input).map(|list| list.list_id);
        for (input, expected) in [
            ("https://Blog.example/a?b=c#d", "https://blog.example/a?b=c"),
            ("http://blog.example", "http://blog.example/"),
            ("http://nas:8080/list", "http://nas:8080/list"),
            ("http://192.168.0.7/list", "http://192.168.0.7/list"),
            ("https://notimdb.com/x", "https://notimdb.com/x"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
            assert_eq!(id(expected).as_deref(), Some(expected), "an id is itself");
        }
        for input in [
            "",
            "blog.example/a",
            "movies",
            "ftp://blog.example/",
            "http://nas/list",
            "https://bob:secret@blog.example/",
            "http://0.0.0.0/",
            "https://www.imdb.com/title/tt0133093/",
            "https://letterboxd.com/film/x/",
            "https://app.trakt.tv/movies/x",
            "https://www.themoviedb.org/movie/603",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
        let named = WebPage
            .recognize("https://blog.example/best/2024/")
            .unwrap();
        assert_eq!(named.name, "blog.example/best/2024");
    }

    #[test]
    fn a_page_without_titles_is_no_empty_list() {
        for links in [
            vec![],
            vec![
                link("https://www.imdb.com/", "IMDb", "Find us on IMDb"),
                link("https://www.imdb.com/name/nm0000206/", "K. R.", ""),
                link("https://www.themoviedb.org/movie", "Movies", ""),
                link("https://www.themoviedb.org/person/6384", "K. R.", ""),
                link("https://imdb.com.evil.example/title/tt0133093/", "x", ""),
            ],
        ] {
            let error = page(&links).unwrap_err();
            assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        }
    }

    #[test]
    fn links_lead_to_titles_in_many_forms() {
        let target = |href: &str| Target::of(href).map(|target| (target.id, target.is_own_page));
        let imdb = |is_own_page| Some((TitleId::Imdb("tt0133093".into()), is_own_page));
        let show = |is_own_page| Some((TitleId::Tmdb(MediaType::Tv, 1396), is_own_page));
        for (href, expected) in [
            ("https://www.imdb.com/title/tt0133093", imdb(true)),
            ("https://m.imdb.com/de/title/tt0133093/?ref_=x", imdb(true)),
            ("http://imdb.com/title/tt0133093/reference", imdb(true)),
            (
                "https://www.imdb.com/title/tt0133093/fullcredits",
                imdb(false),
            ),
            (
                "https://out.example/?to=https%3A%2F%2Fwww.imdb.com%2Ftitle%2Ftt0133093%2F",
                imdb(true),
            ),
            (
                "https://href.li/?https://www.imdb.com/title/tt0133093/",
                imdb(true),
            ),
            (
                "https://themoviedb.org/tv/1396-breaking-bad?language=de",
                show(true),
            ),
            ("https://www.themoviedb.org/tv/1396/season/1", show(false)),
            ("https://www.imdb.com/name/nm0000206/", None),
            ("https://www.imdb.com/list/ls000000001/", None),
            ("https://www.imdb.com/title/", None),
            ("https://www.imdb.com/title/nm0000206/", None),
            ("https://www.themoviedb.org/collection/10", None),
            ("https://a.example/?to=https%3A%2F%2Fb.example%2F", None),
        ] {
            assert_eq!(target(href), expected, "{href}");
        }
    }

    #[test]
    fn names_of_pages_of_a_title_and_rows_of_several_are_not_its_own() {
        let at = |id: &str| format!("https://www.imdb.com/title/{id}");
        let row = "Heat (1995) Its music IMDb";
        let cast = link(
            &format!("{}/fullcredits", at("tt0113277")),
            "Its music",
            row,
        );
        let one = page(&[cast, link(&at("tt0113277"), "Heat", row)]).unwrap();
        assert_eq!(
            (one.entries.len(), one.entries[0].title.as_str()),
            (1, "Heat")
        );
        let row = "Heat (1995) IMDb Dune (2021) IMDb";
        let two = page(&[
            link(&at("tt0113277"), "IMDb", row),
            link(&at("tt1160419"), "IMDb", row),
        ])
        .unwrap();
        let named: Vec<_> = two
            .entries
            .iter()
            .map(|entry| (entry.title.as_str(), entry.year))
            .collect();
        assert_eq!(named, [("", None); 2], "the ids are what counts");
    }

    #[test]
    fn two_links_of_one_row_are_one_title_unless_they_have_two_names() {
        let (imdb, tmdb) = (
            "https://m.imdb.com/de/title/tt0133093/reference?ref=x",
            "https://www.themoviedb.org/movie/603-the-matrix",
        );
        let row = "The Matrix (1999) IMDb TMDB";
        let one = page(&[link(imdb, "IMDb", row), link(tmdb, "TMDB", row)]).unwrap();
        assert_eq!(one.name.as_deref(), Some("My list"));
        assert_eq!(
            one.entries,
            [Entry {
                title: "The Matrix".into(),
                year: Some(1999),
                media_type: Some(MediaType::Movie),
                imdb_id: Some("tt0133093".into()),
                tmdb_id: Some(603),
                ..Entry::default()
            }]
        );
        let row = "The Matrix and Heat";
        let two = page(&[link(imdb, "The Matrix", row), link(tmdb, "Heat", row)]).unwrap();
        assert_eq!(two.entries.len(), 2);
        let two = page(&[link(imdb, "IMDb", ""), link(tmdb, "TMDB", "")]).unwrap();
        assert_eq!(two.entries.len(), 2);
        assert_eq!(two.entries[1].title, "the matrix", "of the address");
        let both = page(&[link(imdb, "", "a"), link(imdb, "The Matrix (1999)", "b")]).unwrap();
        assert_eq!(both.entries.len(), 1);
        assert_eq!(both.entries[0].title, "The Matrix");
    }
}
