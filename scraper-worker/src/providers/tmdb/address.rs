//! Which list of TMDB an address, an id or a name means, and its one canonical form. Pure.

use schema::models::MediaType;
use url::form_urlencoded;

use super::{
    SITE, discover, kind,
    shelf::{Of, Shelf},
};
use crate::{
    provider::{after_prefix, pasted},
    providers::harvest::number,
};

/// A list of TMDB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TmdbList {
    /// Somebody's list: `710`, or a name of 24 signs that lists had before.
    List(String),
    /// A franchise by its number: `collection/10`.
    Collection(i64),
    /// A franchise by its name, in small letters and without the word itself: `collection:star wars`.
    Franchise(String),
    /// A chart: `movie/top_rated`.
    Chart { of: MediaType, chart: &'static str },
    /// What is looked at just now: `trending/all/week`.
    Trending {
        of: Option<MediaType>,
        span: &'static str,
    },
    /// A search: `discover/movie?with_genres=28`.
    Discover { of: MediaType, query: String },
    /// What an account keeps beside lists: `watchlist/tv`, `u/somebody/favorites`.
    Shelf(Of),
}

const MOVIE_CHARTS: &[&str] = &["popular", "top_rated", "upcoming", "now_playing"];
const TV_CHARTS: &[&str] = &["popular", "top_rated", "on_the_air", "airing_today"];
const SPANS: &[&str] = &["day", "week"];
/// Pages of the site that are searches with one parameter.
const SEARCHES: &[(&str, &str)] = &[
    ("keyword", "with_keywords"),
    ("company", "with_companies"),
    ("network", "with_networks"),
    ("genre", "with_genres"),
];
/// What the names of franchises end with.
const SUFFIX: &str = " collection";
/// Characters of a franchise's name. A guess, far above real ones.
const LONGEST_NAME: usize = 100;

impl TmdbList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::List(id) => id.clone(),
            Self::Franchise(name) => format!("collection:{name}"),
            Self::Discover { query, .. } if !query.is_empty() => {
                format!("{}?{query}", self.path())
            }
            _ => self.path(),
        }
    }

    /// Its path, for charts and searches that of the API.
    pub(super) fn path(&self) -> String {
        match self {
            Self::List(id) => format!("list/{id}"),
            Self::Collection(id) => format!("collection/{id}"),
            Self::Franchise(_) => "search/collection".into(),
            Self::Chart { of, chart } => format!("{}/{chart}", kind(*of)),
            Self::Trending { of, span } => format!("trending/{}/{span}", of.map_or("all", kind)),
            Self::Discover { of, .. } => format!("discover/{}", kind(*of)),
            Self::Shelf(of) => of.path(),
        }
    }

    /// What chooses the titles of a search.
    pub(super) fn query(&self) -> Option<&str> {
        match self {
            Self::Discover { query, .. } => Some(query.as_str()).filter(|query| !query.is_empty()),
            _ => None,
        }
    }

    /// The path of the page by which a browser reads it, if one can.
    pub(super) fn page(&self) -> Option<String> {
        matches!(self, Self::List(_) | Self::Collection(_)).then(|| self.path())
    }

    /// Whether it is a beginning of all that TMDB knows.
    pub(super) fn is_endless(&self) -> bool {
        matches!(
            self,
            Self::Chart { .. } | Self::Trending { .. } | Self::Discover { .. }
        )
    }

    /// Its address for people. Some have no page of their own; what they are stands after a `#` then.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Franchise(name) => {
                let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                format!("{SITE}/{}?query={query}", self.path())
            }
            Self::Chart { of, chart } if *chart == "popular" => format!("{SITE}/{}", kind(*of)),
            Self::Chart { .. } => format!("{SITE}/{}", self.path().replace('_', "-")),
            Self::Trending { .. } => format!("{SITE}/#{}", self.id()),
            Self::Shelf(of) if of.user.is_none() => format!("{SITE}/#{}", self.id()),
            _ => format!("{SITE}/{}", self.id_as_path()),
        }
    }

    fn id_as_path(&self) -> String {
        match self {
            Self::List(_) => self.path(),
            _ => self.id(),
        }
    }

    /// What to call it until its own name is read.
    pub(super) fn name(&self) -> String {
        match self {
            Self::List(id) => format!("TMDB list {id}"),
            Self::Collection(id) => format!("TMDB collection {id}"),
            Self::Franchise(name) => format!("{} Collection (TMDB)", capitals(name)),
            Self::Chart { of, chart } => {
                format!("TMDB {} {}", chart.replace('_', " "), plural(*of))
            }
            Self::Trending { of, span } => {
                let of = of.map_or("movies and shows", plural);
                format!("TMDB trending {of} of the {span}")
            }
            Self::Discover { of, query } if query.is_empty() => {
                format!("TMDB search for {}", plural(*of))
            }
            Self::Discover { of, query } => {
                let query = discover::words(query);
                format!("TMDB search for {}: {query}", plural(*of))
            }
            Self::Shelf(of) => of.name(),
        }
    }
}

/// `movies` or `shows`.
pub(super) fn plural(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movies",
        MediaType::Tv => "shows",
    }
}

fn capitals(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(chars).collect()
        })
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Reads what can only be a list of TMDB: an address, a franchise's full name, anything after `tmdb:`
/// or `collection:`.
pub(super) fn parse(input: &str) -> Option<TmdbList> {
    let input = input.trim();
    if let Some(rest) = after_prefix(input, &["tmdb"]) {
        return parse_own(rest);
    }
    named(input)
        .or_else(|| page(input))
        .or_else(|| full_name(input))
}

/// Reads the same and short names: a number, `movie/popular`, `trending:tv:day`, `watchlist`.
pub(super) fn parse_own(input: &str) -> Option<TmdbList> {
    let input = after_prefix(input, &["tmdb"]).unwrap_or(input).trim();
    named(input)
        .or_else(|| page(input))
        .or_else(|| short(input))
        .or_else(|| full_name(input))
}

/// What stands after `collection:`: a name, but also a number or an address. `collections` was the old
/// product's name for franchises.
fn named(input: &str) -> Option<TmdbList> {
    let rest = after_prefix(input, &["collection", "collections"])?;
    let numbered = is_number(rest).then(|| number(rest)).flatten();
    let is_collection =
        |list: &TmdbList| matches!(list, TmdbList::Collection(_) | TmdbList::Franchise(_));
    numbered
        .map(TmdbList::Collection)
        .or_else(|| page(rest).filter(is_collection))
        .or_else(|| franchise(rest))
}

/// A name that says of itself that it is a franchise's: `James Bond Collection`.
fn full_name(input: &str) -> Option<TmdbList> {
    let is_one = input.to_lowercase().ends_with(SUFFIX) && !input.contains(['/', '\\']);
    is_one.then(|| franchise(input)).flatten()
}

fn franchise(name: &str) -> Option<TmdbList> {
    let words: Vec<_> = name.split_whitespace().collect();
    let name = words.join(" ").to_lowercase();
    let name = name.strip_suffix(SUFFIX).unwrap_or(&name).trim().to_owned();
    let is_fair = !name.is_empty() && !name.contains("://") && name.len() <= LONGEST_NAME;
    is_fair.then_some(TmdbList::Franchise(name))
}

fn page(input: &str) -> Option<TmdbList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    let is_here = ["themoviedb.org", "tmdb.org"]
        .iter()
        .any(|known| host == *known || host.strip_suffix(known).is_some_and(is_known_subdomain));
    if !is_here {
        return None;
    }
    match url.fragment() {
        Some(fragment) if url.path() == "/" && url.query().is_none() => short(fragment),
        _ => of_path(url.path(), url.query().unwrap_or_default()),
    }
}

/// Others of the site's names are for pictures and talk.
fn is_known_subdomain(rest: &str) -> bool {
    matches!(rest, "www." | "m." | "api.")
}

/// A path with what follows it, without the site before it, or with colons as charts are written.
fn short(input: &str) -> Option<TmdbList> {
    let (path, query) = input.split_once('?').unwrap_or((input, ""));
    let path = path.trim_matches('/');
    if is_number(path) || is_old_id(path) {
        return list(path);
    }
    let lower = path.to_ascii_lowercase();
    let (shelf, only) = lower
        .split_once('/')
        .map_or((lower.as_str(), None), |(shelf, only)| (shelf, Some(only)));
    if let Some(shelf) = Shelf::find(shelf) {
        return of_shelf(None, shelf, only);
    }
    chart_with_colons(path).or_else(|| of_path(path, query))
}

/// `popular:movies`, `movie:popular`, `trending:tv:week`.
fn chart_with_colons(text: &str) -> Option<TmdbList> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<_> = lower.split(':').map(str::trim).collect();
    match parts.as_slice() {
        ["trending", of] => trending(of, "day"),
        ["trending", of, span] => trending(of, span),
        [first, second] => match (media_type(first), media_type(second)) {
            (Some(of), None) => chart(of, second),
            (None, Some(of)) => chart(of, first),
            _ => None,
        },
        _ => None,
    }
}

/// The path of an address; the API's own begin with its version.
fn of_path(path: &str, query: &str) -> Option<TmdbList> {
    let lower = path.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    let parts = match parts.as_slice() {
        ["3" | "4", rest @ ..] => rest,
        parts => parts,
    };
    known_path(parts, query)
}

fn known_path(path: &[&str], query: &str) -> Option<TmdbList> {
    match path {
        ["list", id, ..] => list(id),
        ["collection", id, ..] => number(id).map(TmdbList::Collection),
        ["search", "collection"] => searched(query),
        ["trending", of] => trending(of, "day"),
        ["trending", of, span, ..] => trending(of, span),
        ["discover", of] => Some(TmdbList::Discover {
            of: media_type(of)?,
            query: discover::canonical(query),
        }),
        [of @ ("movie" | "tv")] => chart(media_type(of)?, "popular"),
        [of @ ("movie" | "tv"), name] => chart(media_type(of)?, name),
        ["u", user, shelf, rest @ ..] => {
            let shelf = Shelf::find(shelf)?;
            of_shelf(Some((*user).to_owned()), shelf, rest.first().copied())
        }
        // The API's own, of whoever has signed in.
        ["account", _, kind @ ("movie" | "tv"), shelf] => {
            of_shelf(None, Shelf::find(shelf)?, Some(kind))
        }
        ["account", _, shelf, kind] => of_shelf(None, Shelf::find(shelf)?, Some(kind)),
        [of, id] => search(of, id, None),
        [of, id, kind] => search(of, id, Some(kind)),
        _ => None,
    }
}

fn list(id: &str) -> Option<TmdbList> {
    if is_old_id(id) {
        return Some(TmdbList::List(id.to_ascii_lowercase()));
    }
    number(id).map(|id| TmdbList::List(id.to_string()))
}

/// A search page with a name in it.
fn searched(query: &str) -> Option<TmdbList> {
    let (_, name) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "query")?;
    franchise(&name)
}

fn trending(of: &str, span: &str) -> Option<TmdbList> {
    let of = match of {
        "all" => None,
        of => Some(media_type(of)?),
    };
    let span = SPANS.iter().find(|known| **known == span)?;
    Some(TmdbList::Trending { of, span })
}

fn chart(of: MediaType, name: &str) -> Option<TmdbList> {
    let name = name.replace(['-', ' '], "_");
    let known = match of {
        MediaType::Movie => MOVIE_CHARTS,
        MediaType::Tv => TV_CHARTS,
    };
    let chart = known.iter().find(|known| **known == name)?;
    Some(TmdbList::Chart { of, chart })
}

/// Pages of keywords, companies, networks and genres. Only shows have networks.
fn search(of: &str, id: &str, kind: Option<&str>) -> Option<TmdbList> {
    let (_, parameter) = SEARCHES.iter().find(|(known, _)| *known == of)?;
    let usual = if of == "network" { "tv" } else { "movie" };
    Some(TmdbList::Discover {
        of: media_type(kind.unwrap_or(usual))?,
        query: discover::canonical(&format!("{parameter}={}", number(id)?)),
    })
}

fn of_shelf(user: Option<String>, shelf: Shelf, kind: Option<&str>) -> Option<TmdbList> {
    let only = kind.map(|kind| media_type(kind).ok_or(())).transpose();
    let of = Of {
        user,
        shelf,
        only: only.ok()?, // another part of the page, which is no list
    };
    of.is_fair().then_some(TmdbList::Shelf(of))
}

fn media_type(word: &str) -> Option<MediaType> {
    match word {
        "movie" | "movies" => Some(MediaType::Movie),
        "tv" | "show" | "shows" => Some(MediaType::Tv),
        _ => None,
    }
}

pub(super) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// What lists were called before they had numbers.
fn is_old_id(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(input: &str) -> Option<String> {
        parse(input).map(|list| list.id())
    }

    fn own(input: &str) -> Option<String> {
        parse_own(input).map(|list| list.id())
    }

    fn all_mean(expected: &str, inputs: &[&str]) {
        for input in inputs {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
            assert_eq!(own(input).as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn every_address_of_a_list_means_the_same_list() {
        all_mean(
            "710",
            &[
                "https://www.themoviedb.org/list/710",
                "themoviedb.org/list/710-my-list?language=de-DE",
                "http://themoviedb.org/list/710/#top",
                "HTTPS://WWW.THEMOVIEDB.ORG/list/710",
                "https://m.themoviedb.org/list/710",
                "https://www.tmdb.org/list/710",
                "https://api.themoviedb.org/3/list/710?api_key=secret&page=2",
                "https://api.themoviedb.org/4/list/710",
                "tmdb:710",
                "TMDB: list/710",
            ],
        );
        all_mean(
            "509ec17b19c2950a0600050d",
            &[
                "https://www.themoviedb.org/list/509EC17B19C2950A0600050D",
                "tmdb:509ec17b19c2950a0600050d",
            ],
        );
        assert_eq!(own("710").as_deref(), Some("710"));
        assert_eq!(own("list/710-x").as_deref(), Some("710"));
        assert_eq!(id("710"), None, "other sites have numbers too");
    }

    #[test]
    fn franchises_are_known_by_number_and_by_name() {
        all_mean(
            "collection/10",
            &[
                "https://www.themoviedb.org/collection/10-star-wars-collection",
                "https://www.themoviedb.org/collection/10?language=fr",
                "https://api.themoviedb.org/3/collection/10",
                "tmdb:collection/10",
                "tmdb:collection:10",
                "collection:10",
                "collections:https://www.themoviedb.org/collection/10",
            ],
        );
        all_mean(
            "collection:james bond",
            &[
                "James Bond Collection",
                "  james  bond COLLECTION ",
                "collection:James Bond",
                "Collections: James Bond Collection",
                "tmdb:collection:james bond",
                "tmdb:James Bond Collection",
                "https://www.themoviedb.org/search/collection?query=James+Bond&language=en",
            ],
        );
        all_mean(
            "collection:mission: impossible",
            &["Mission: Impossible Collection"],
        );
        let list = parse("James Bond Collection").unwrap();
        assert_eq!(list.name(), "James Bond Collection (TMDB)");
        assert_eq!(
            list.url(),
            "https://www.themoviedb.org/search/collection?query=james+bond"
        );
        for input in [
            "James Bond",
            "collection:",
            "Collection",
            "my/own collection",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn charts_are_known_by_their_pages_by_the_apis_addresses_and_by_short_names() {
        all_mean(
            "movie/popular",
            &[
                "https://www.themoviedb.org/movie",
                "https://www.themoviedb.org/movie?language=de",
                "https://api.themoviedb.org/3/movie/popular?api_key=secret&page=2",
                "tmdb:movie/popular",
                "tmdb:popular:movies",
                "tmdb:movie:popular",
            ],
        );
        all_mean(
            "tv/on_the_air",
            &[
                "https://www.themoviedb.org/tv/on-the-air",
                "https://api.themoviedb.org/3/tv/on_the_air",
                "tmdb:on_the_air:shows",
            ],
        );
        all_mean(
            "trending/all/week",
            &[
                "https://api.themoviedb.org/3/trending/all/week?api_key=secret",
                "https://www.themoviedb.org/#trending/all/week",
                "tmdb:trending:all:week",
            ],
        );
        all_mean("trending/tv/day", &["tmdb:trending:tv", "tmdb:trending/tv"]);
        assert_eq!(
            own("trending:movies").as_deref(),
            Some("trending/movie/day")
        );
        assert_eq!(own("top_rated:tv").as_deref(), Some("tv/top_rated"));
        for trakt in ["trending:movies", "popular:shows", "movies/popular"] {
            assert_eq!(id(trakt), None, "{trakt} is Trakt's");
        }
        for none in [
            "upcoming:tv",
            "airing_today:movie",
            "trending:movie:year",
            "popular:all",
        ] {
            assert_eq!(own(none), None, "{none}");
        }
    }

    #[test]
    fn searches_have_one_form_whatever_page_they_are_of() {
        all_mean(
            "discover/movie?sort_by=vote_average.desc&with_genres=28",
            &[
                "https://www.themoviedb.org/discover/movie?with_genres=28&sort_by=vote_average.desc",
                "https://api.themoviedb.org/3/discover/movie?api_key=secret&sort_by=vote_average.desc&with_genres=28&page=4",
                "tmdb:discover/movie?with_genres=28&sort_by=vote_average.desc",
            ],
        );
        all_mean(
            "discover/movie?with_keywords=9715",
            &[
                "https://www.themoviedb.org/keyword/9715-superhero",
                "https://www.themoviedb.org/keyword/9715-superhero/movie",
                "https://api.themoviedb.org/3/keyword/9715/movies?api_key=secret",
                "tmdb:keyword/9715",
                "https://www.themoviedb.org/discover/movie?with_keywords=9715",
            ],
        );
        all_mean(
            "discover/tv?with_networks=213",
            &["https://www.themoviedb.org/network/213"],
        );
        all_mean(
            "discover/tv?with_companies=420",
            &["https://www.themoviedb.org/company/420-marvel/tv"],
        );
        all_mean(
            "discover/tv?with_genres=16",
            &["https://www.themoviedb.org/genre/16-animation/tv"],
        );
        all_mean("discover/tv", &["https://www.themoviedb.org/discover/tv"]);
    }

    #[test]
    fn shelves_are_of_a_named_user_or_of_whoever_signed_in() {
        all_mean(
            "u/some_one/watchlist",
            &[
                "https://www.themoviedb.org/u/some_one/watchlist",
                "themoviedb.org/u/Some_One/watchlist/?page=2",
            ],
        );
        all_mean(
            "u/some_one/favorites/tv",
            &["https://www.themoviedb.org/u/some_one/favorites/tv"],
        );
        all_mean(
            "watchlist",
            &["tmdb:watchlist", "https://www.themoviedb.org/#watchlist"],
        );
        all_mean(
            "favorites/movies",
            &[
                "tmdb:favorites/movies",
                "tmdb:favourites/movie",
                "https://api.themoviedb.org/3/account/12/favorite/movies?session_id=secret",
                "https://api.themoviedb.org/4/account/5f19/movie/favorites",
            ],
        );
        assert_eq!(own("watchlist").as_deref(), Some("watchlist"));
        assert_eq!(id("watchlist"), None, "other sites have watchlists too");
    }

    #[test]
    fn an_id_and_its_address_are_recognized_as_themselves() {
        for input in [
            "710",
            "509ec17b19c2950a0600050d",
            "collection/10",
            "collection:james bond",
            "collection:amélie & co.",
            "movie/popular",
            "movie/now_playing",
            "tv/airing_today",
            "trending/all/day",
            "trending/movie/week",
            "discover/movie",
            "discover/tv?first_air_date.gte=2020-01-01&with_genres=16%2C35",
            "watchlist",
            "watchlist/tv",
            "favorites/movies",
            "ratings",
            "u/some_one/watchlist",
            "u/some_one/favorites/tv",
        ] {
            let list = parse_own(input).unwrap_or_else(|| panic!("{input}"));
            assert_eq!(list.id(), input);
            assert_eq!(parse(&list.url()), Some(list.clone()), "{}", list.url());
            assert_eq!(parse(&format!("tmdb:{input}")), Some(list), "{input}");
        }
    }

    #[test]
    fn what_is_no_list_of_ours_is_left_to_others() {
        for input in [
            "",
            "tmdb",
            "tmdb:",
            "https://www.themoviedb.org/",
            "https://www.themoviedb.org/list/",
            "https://www.themoviedb.org/list/new",
            "https://www.themoviedb.org/movie/603-the-matrix",
            "https://www.themoviedb.org/tv/1396",
            "https://www.themoviedb.org/person/6384",
            "https://www.themoviedb.org/u/some_one",
            "https://www.themoviedb.org/u/some_one/lists",
            "https://www.themoviedb.org/keyword/",
            "https://www.themoviedb.org/search?query=x",
            "https://www.themoviedb.org/settings/api",
            "https://image.tmdb.org/list/710",
            "https://evil.example/list/710",
            "https://notthemoviedb.org/list/710",
            "https://themoviedb.org.evil.example/list/710",
            "ftp://www.themoviedb.org/list/710",
            "movie/603",
            "abc",
            "some_one/list",
            "one/watchlist",
        ] {
            assert_eq!(id(input), None, "{input}");
            assert_eq!(own(input), None, "{input}");
        }
    }

    #[test]
    fn lists_have_names_until_their_own_is_read() {
        for (input, name) in [
            ("710", "TMDB list 710"),
            ("collection/10", "TMDB collection 10"),
            ("tv/top_rated", "TMDB top rated shows"),
            (
                "trending/all/week",
                "TMDB trending movies and shows of the week",
            ),
            (
                "discover/movie?year=1999",
                "TMDB search for movies: year 1999",
            ),
            ("watchlist/tv", "TMDB: shows in the watchlist"),
            ("u/some_one/favorites", "TMDB: favorites of some_one"),
        ] {
            assert_eq!(parse_own(input).unwrap().name(), name);
        }
    }

    #[test]
    fn the_address_of_a_search_keeps_no_key() {
        let pasted = "https://api.themoviedb.org/3/discover/tv?api_key=secret&session_id=secret";
        let list = parse(pasted).unwrap();
        assert!(!format!("{}{}{}", list.id(), list.url(), list.name()).contains("secret"));
        assert!(url::Url::parse(&list.url()).is_ok());
    }
}
