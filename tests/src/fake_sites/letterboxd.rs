//! Letterboxd's pages as a reader of their markup sees them: lists, watchlists, films, and one page for each film.
//!
//! The markup is in own words, shaped like the pages of 2025 and 2026. A page past the end is a 403, as on the real site.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    FakeSites, Pace,
    entry::Entry,
    escaped,
    state::{ListFault, ListState},
};
use crate::loopback::{Answer, Request};

/// What the site holds, by path: `anna/watchlist`, `anna/films`, `anna/list/best`.
#[derive(Default)]
pub(super) struct LetterboxdState {
    lists: BTreeMap<String, ListState>,
}

impl FakeSites {
    /// Sets a public list, watchlist or page of films by its path: `anna/list/best`, `anna/watchlist`, `anna/films`,
    /// `anna/likes/films`. Each entry has a page of its own, see [`Entry::slug`]. A mini-series
    /// (`tvMiniSeries`) has the page that calls it a film without a number and links to a show.
    pub fn set_letterboxd(&self, path: &str, entries: Vec<Entry>) {
        let list = ListState {
            name: format!("Sample list {path}"),
            entries,
            ..ListState::default()
        };
        self.shared
            .change(|state| state.letterboxd.lists.insert(path.to_owned(), list));
    }

    /// Spoils what one list says.
    pub fn disturb_letterboxd(&self, path: &str, fault: Option<ListFault>) {
        self.shared.change(|state| {
            let list = state.letterboxd.lists.entry(path.to_owned()).or_default();
            list.fault = fault;
        });
    }

    /// Makes a list private, or public again.
    pub fn set_letterboxd_private(&self, path: &str, is_private: bool) {
        self.shared.change(|state| {
            let list = state.letterboxd.lists.entry(path.to_owned()).or_default();
            list.is_private = is_private;
        });
    }

    /// How closely the requests for Letterboxd's pages followed each other.
    pub fn letterboxd_pace(&self) -> Pace {
        self.pace(|call| {
            let parts: Vec<&str> = call
                .path
                .split('/')
                .filter(|part| !part.is_empty())
                .collect();
            route(&parts).is_some()
        })
    }
}

/// What a path means.
enum Route {
    Film(String),
    List {
        path: String,
        number: usize,
        kind: Kind,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Watchlist,
    Films,
}

impl Kind {
    /// Films on one page.
    fn page(self) -> usize {
        match self {
            Self::List => 100,
            Self::Watchlist => 28,
            Self::Films => 72,
        }
    }

    /// Classes of the page's body.
    fn body(self) -> &'static str {
        match self {
            Self::List => "list-page backdropped",
            Self::Watchlist => "screen-member-child-page watchlist wide logged-out",
            Self::Films => {
                "screen-member-child-page films-watched wide small-poster-grid logged-out"
            }
        }
    }
}

fn route(parts: &[&str]) -> Option<Route> {
    let (parts, number) = match parts {
        [rest @ .., "page", number] => (rest, number.parse().ok()?), // no number, no such page
        _ => (parts, 1),
    };
    let kind = match parts {
        ["film", slug] => return Some(Route::Film((*slug).to_owned())),
        ["user", ..] => return None, // IMDb's
        [_, "list", _] | [_, "list", _, "share", _] => Kind::List,
        [_, "watchlist"] => Kind::Watchlist,
        [_, "films"] | [_, "likes", "films"] => Kind::Films,
        _ => return None,
    };
    Some(Route::List {
        path: parts.join("/"),
        number,
        kind,
    })
}

/// The page, when the path is one of the site's.
pub(super) fn answer(
    state: &mut LetterboxdState,
    request: &Request,
    parts: &[&str],
) -> Option<Answer> {
    let known = route(parts)?;
    if !request.path.ends_with('/') {
        let whole = format!("{}/", request.path);
        return Some(Answer::empty(301).with("location", whole));
    }
    let answer = match known {
        Route::Film(slug) => state
            .lists
            .values()
            .flat_map(|list| &list.entries)
            .find(|entry| entry.slug() == slug)
            .map(film),
        Route::List { path, number, kind } => {
            let list = state.lists.get_mut(&path);
            list.filter(|list| !list.is_private)
                .map(|list| page(list, &path, number, kind))
        }
    };
    Some(answer.unwrap_or_else(|| {
        Answer::html(
            404,
            "<!DOCTYPE html><html><head><title>Letterboxd - Not Found</title></head><body class=\"error message-dark\">\
             <h1>Letterboxd</h1><p>Sorry, we can’t find the page you’ve requested.</p></body></html>",
        )
    }))
}

fn page(list: &mut ListState, path: &str, number: usize, kind: Kind) -> Answer {
    let size = kind.page();
    let name = list.name.clone();
    let page = list.page(number.saturating_sub(1) * size, size);
    if page.entries.is_empty() && number > 1 {
        return Answer::html(
            403,
            "<!DOCTYPE html><html><head><title>Forbidden</title></head><body>Forbidden</body></html>",
        );
    }
    let pages = page.total.div_ceil(size).max(1);
    let mut posters = String::new();
    for (rank, entry) in (page.from + 1..).zip(&page.entries) {
        posters.push_str(&poster(rank, entry, kind));
    }
    let (grid, heading) = match kind {
        Kind::List => (
            "<ul class=\"js-list-entries poster-list -p125 -grid\">",
            String::new(),
        ),
        Kind::Watchlist => (
            "<div class=\"poster-grid\"><ul class=\"grid -p125 -scaled128\">",
            format!(
                "<div class=\"js-watchlist-content\" data-num-entries=\"{total}\"><h1 class=\"section-heading\">\
                 Someone wants to see <span class=\"js-watchlist-count\">{total}&nbsp;films</span></h1></div>",
                total = page.total
            ),
        ),
        Kind::Films => (
            "<div class=\"poster-grid\"><ul class=\"grid -p70\">",
            String::new(),
        ),
    };
    let owner = path.split('/').next().unwrap_or_default();
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta property=\"og:title\" content=\"{name}\">\
         <meta property=\"og:url\" content=\"https://letterboxd.com/{path}/\"></head>\
         <body class=\"{body}\" data-owner=\"{owner}\">\
         <div class=\"react-component\" data-component-class=\"NavComponent\" data-user=\"nobody\"></div>\
         {heading}{grid}\n{posters}</ul>\n{paging}</body></html>",
        name = escaped(&name),
        body = kind.body(),
        paging = paging(path, number, pages),
    );
    Answer::html(200, text)
}

/// One film on a page: lists quote their JSON as it is, grids escape it.
fn poster(rank: usize, entry: &Entry, kind: Kind) -> String {
    let slug = entry.slug();
    let name = escaped(&display_name(entry));
    let number = 1000 + rank;
    let json = format!("{{\"lid\":\"x{number}\",\"uid\":\"film:{number}\",\"type\":\"film\"}}");
    let json = match kind {
        Kind::List => format!("'{json}'"),
        Kind::Watchlist | Kind::Films => format!("\"{}\"", json.replace('"', "&quot;")),
    };
    let poster = format!(
        "<div class=\"react-component\" data-component-class=\"LazyPoster\" data-image-width=\"125\" \
         data-item-name=\"{name}\" data-item-slug=\"{slug}\" data-item-link=\"/film/{slug}/\" \
         data-item-full-display-name=\"{name}\" data-film-id=\"{number}\" data-postered-identifier={json} \
         data-target-link=\"/film/{slug}/\" data-details-endpoint=\"/film/{slug}/json/\">\
         <div class=\"poster film-poster\"><img class=\"image\" alt=\"{alt}\"><span class=\"frame\"></span></div></div>",
        alt = escaped(&entry.title)
    );
    match kind {
        Kind::List => format!(
            "<li class=\"posteritem numbered-list-item\" data-object-name=\"list\"> {poster} <p class=\"list-number\">{rank}</p> </li>\n"
        ),
        Kind::Watchlist | Kind::Films => format!("<li class=\"griditem\">\n{poster}\n</li>\n"),
    }
}

fn display_name(entry: &Entry) -> String {
    match entry.year {
        Some(year) => format!("{} ({year})", entry.title),
        None => entry.title.clone(),
    }
}

/// Nothing for one page; else neighbours, the first three, and the last.
fn paging(path: &str, number: usize, pages: usize) -> String {
    if pages < 2 {
        return String::new();
    }
    let link = |page: usize| format!("/{path}/page/{page}/");
    let mut text = String::from("<div class=\"pagination\">");
    if number < pages {
        let next = link(number + 1);
        let part = format!(
            "<div class=\"paginate-nextprev\"><a class=\"next\" href=\"{next}\">Older</a></div>"
        );
        text.push_str(&part);
    }
    text.push_str("<div class=\"paginate-pages\"><ul>");
    for page in 1..=pages {
        let is_near = page <= 3 || page == pages || page.abs_diff(number) <= 1;
        let written = if page == number {
            write!(
                text,
                "<li class=\"paginate-page paginate-current\"><span>{page}</span></li>"
            )
        } else if is_near {
            write!(
                text,
                "<li class=\"paginate-page\"><a href=\"{}\">{page}</a></li>",
                link(page)
            )
        } else if page == 4 {
            write!(text, "<li class=\"paginate-page unseen-pages\">…</li>")
        } else {
            Ok(())
        };
        written.unwrap_or_default(); // a String takes everything
    }
    text.push_str("</ul></div></div>");
    text
}

/// A film's own page, the only one with numbers of other sites.
fn film(entry: &Entry) -> Answer {
    let kind = if entry.is_show() { "tv" } else { "movie" };
    let is_trap = entry.type_id == "tvMiniSeries";
    let number = entry
        .tmdb_id
        .map(|number| number.to_string())
        .unwrap_or_default();
    let (body_kind, body_number) = if is_trap {
        ("movie", "")
    } else {
        (kind, number.as_str())
    };
    let imdb = if entry.imdb_id.is_empty() {
        String::new()
    } else {
        format!(
            "<a href=\"http://www.imdb.com/title/{}/maindetails\" class=\"micro-button track-event\" data-track-action=\"IMDb\">IMDb</a> ",
            entry.imdb_id
        )
    };
    let tmdb = if number.is_empty() {
        String::new()
    } else {
        format!(
            "<a href=\"https://www.themoviedb.org/{kind}/{number}/\" class=\"micro-button track-event\" data-track-action=\"TMDB\">TMDB</a>"
        )
    };
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta property=\"og:type\" content=\"video.movie\">\
         <meta property=\"og:title\" content=\"\u{200e}{name}\"></head>\
         <body class=\"film backdropped\" data-type=\"film\" data-tmdb-type=\"{body_kind}\" data-tmdb-id=\"{body_number}\">\
         <h1 class=\"headline-1\">{name}</h1>\
         <p class=\"text-link text-footer\"> 100&nbsp;mins More at {imdb}{tmdb}</p>\
         <footer>Film data from <a href=\"https://www.themoviedb.org\" class=\"mute\">TMDB</a></footer></body></html>",
        name = escaped(&display_name(entry)),
    );
    Answer::html(200, text)
}
