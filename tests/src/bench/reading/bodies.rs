//! What is read in the table `reading`: an answer of every kind of list site, generated in the site's shape, and real
//! captures of some where they stand beside the project. As long as the site makes one answer, at most ten thousand.

use scraper_worker::parse_once::Sample;
use serde_json::{Value, json};

use crate::fake_sites::captures;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TABLE: &str = "text/csv; charset=utf-8";
const XML: &str = "application/rss+xml; charset=utf-8";

/// A kind of body.
pub(super) struct Kind {
    /// Names its row, for people and on the command line.
    pub(super) name: &'static str,
    /// The function of `parse.py` that reads it.
    pub(super) reader: &'static str,
    /// Which of our own code reads it.
    pub(super) sample: Sample,
    pub(super) content_type: &'static str,
    /// `None` where a capture is not at hand.
    pub(super) text: fn() -> Option<String>,
}

const fn kind(
    name: &'static str,
    reader: &'static str,
    sample: Sample,
    content_type: &'static str,
    text: fn() -> Option<String>,
) -> Kind {
    Kind {
        name,
        reader,
        sample,
        content_type,
        text,
    }
}

/// All of them.
pub(super) const KINDS: &[Kind] = &[
    kind(
        "IMDb page",
        "imdb_page",
        ("imdb", "top", None),
        HTML,
        || Some(imdb_page(250)),
    ),
    kind(
        "IMDb page, captured",
        "imdb_page",
        ("imdb", "top", None),
        HTML,
        || Some(captures::imdb_top_250()?.body),
    ),
    kind(
        "IMDb GraphQL",
        "imdb_graphql",
        ("imdb", "ls900000001", None),
        JSON,
        || Some(imdb_graphql(250)),
    ),
    kind(
        "IMDb GraphQL, captured",
        "imdb_graphql",
        ("imdb", "ur90000001", None),
        JSON,
        || Some(captures::imdb_watchlist()?.body),
    ),
    kind(
        "Letterboxd page",
        "letterboxd",
        ("letterboxd", "anna/best", None),
        HTML,
        || Some(letterboxd(100)),
    ),
    kind(
        "Letterboxd page, captured",
        "letterboxd",
        (
            "letterboxd",
            "dave/official-top-250-narrative-feature-films",
            None,
        ),
        HTML,
        captures::letterboxd_list,
    ),
    kind(
        "Trakt",
        "trakt",
        ("trakt", "anna/best", Some("movies and shows")),
        JSON,
        || Some(trakt(250)),
    ),
    kind(
        "MDBList API",
        "mdblist_parted",
        ("mdblist", "anna/best", Some("items")),
        JSON,
        || Some(mdblist_parted(1000)),
    ),
    kind(
        "MDBList JSON",
        "mdblist",
        ("mdblist", "anna/best", Some("items")),
        JSON,
        || Some(mdblist(1000)),
    ),
    kind(
        "StevenLu",
        "stevenlu",
        ("stevenlu", "movies", None),
        JSON,
        || Some(stevenlu(10_000)),
    ),
    kind(
        "TMDB list, v3",
        "tmdb",
        ("tmdb", "710", Some("list")),
        JSON,
        || Some(tmdb("items", 20)),
    ),
    kind(
        "TMDB list, v4",
        "tmdb",
        ("tmdb", "710", Some("list v4")),
        JSON,
        || Some(tmdb("results", 20)),
    ),
    kind(
        "TVDB extended",
        "tvdb",
        ("tvdb", "lists/best", Some("entries")),
        JSON,
        || Some(tvdb(10_000)),
    ),
    kind(
        "Simkl trending",
        "simkl_trending",
        ("simkl", "trending:movies", None),
        JSON,
        || Some(simkl_trending(500)),
    ),
    kind(
        "Simkl trending, captured",
        "simkl_trending",
        ("simkl", "trending:movies", None),
        JSON,
        || captures::read("simkl/movies-trending-50-2026-07-15.json"),
    ),
    kind(
        "Simkl all-items",
        "simkl_marked",
        ("simkl", "completed/movies", None),
        JSON,
        || Some(simkl_marked(10_000)),
    ),
    kind(
        "Simkl all-items, captured",
        "simkl_marked",
        ("simkl", "completed/movies", None),
        JSON,
        || captures::read("simkl/sync-all-items-srgsf.json"),
    ),
    kind(
        "AniList collection",
        "anilist",
        ("anilist", "anna", None),
        JSON,
        || Some(anilist(500)),
    ),
    kind(
        "MyAnimeList load.json",
        "myanimelist",
        ("myanimelist", "anna", Some("rows of a list")),
        JSON,
        || Some(myanimelist(300)),
    ),
    kind(
        "Plex watchlist",
        "plex_watchlist",
        ("plex", "watchlist", None),
        JSON,
        || Some(plex_watchlist(100)),
    ),
    kind(
        "Plex RSS",
        "plex_feed",
        ("plex", "rss/0f1e2d3c", Some("feed as RSS")),
        XML,
        || Some(plex_feed(100)),
    ),
    kind(
        "any CSV",
        "any_csv",
        ("file", "films.csv", None),
        TABLE,
        || Some(any_csv(10_000)),
    ),
    kind(
        "any JSON",
        "any_json",
        ("url", "https://a.example/films.json", None),
        JSON,
        || Some(any_json(10_000)),
    ),
    kind(
        "any text",
        "any_text",
        ("file", "films.txt", None),
        TABLE,
        || Some(any_text(10_000)),
    ),
    kind(
        "any feed",
        "any_feed",
        ("url", "https://letterboxd.com/anna/rss/", None),
        XML,
        || Some(any_feed(10_000)),
    ),
];

/// One invented film, as each site knows it.
struct Film {
    number: u32,
    title: String,
    year: u32,
    imdb: String,
}

fn films(count: u32) -> impl Iterator<Item = Film> {
    (1..=count).map(|number| Film {
        number,
        title: format!("The Paper Lighthouse of Street {number}"),
        year: 1930 + number % 90,
        imdb: format!("tt{}", 90_000_000 + number),
    })
}

fn rows(count: u32, row: impl Fn(Film) -> Value) -> Vec<Value> {
    films(count).map(row).collect()
}

fn lines(begin: &str, count: u32, line: impl Fn(&Film) -> String, end: &str) -> String {
    let mut text = begin.to_owned();
    films(count).for_each(|film| text.push_str(&line(&film)));
    text + end
}

fn imdb_title(film: &Film) -> Value {
    json!({
        "id": film.imdb, "titleText": {"text": film.title}, "originalTitleText": {"text": film.title},
        "releaseYear": {"year": film.year, "endYear": null}, "titleType": {"id": "movie"},
    })
}

fn imdb_page(count: u32) -> String {
    let edges = rows(count, |film| {
        let Film {
            number,
            title,
            year,
            imdb,
        } = film;
        let node = json!({
            "id": imdb, "titleText": {"text": title}, "originalTitleText": {"text": title},
            "releaseYear": {"year": year, "endYear": null}, "titleType": {"id": "movie"},
            "plot": {"plotText": {"plainText": "Two sisters keep a lamp of letters. ".repeat(6)}},
            "ratingsSummary": {"aggregateRating": 7.1, "voteCount": 31_000},
        });
        json!({"currentRank": number, "node": node})
    });
    let data = json!({"props": {"pageProps": {"pageData": {"chartTitles": {"edges": edges}}}}, "page": "/chart/top"});
    let shown = lines(
        "<ul class=\"ipc-metadata-list\">",
        count,
        |film| {
            let Film { title, imdb, .. } = film;
            format!(
                "<li class=\"ipc-metadata-list-summary-item\"><div class=\"sc-1 ipc-poster\"><img \
                 alt=\"{title}\" src=\"https://images.example/{imdb}.jpg\"></div><a class=\"ipc-title-link-wrapper\" \
                 href=\"/title/{imdb}/?ref_=chttp\"><h3 class=\"ipc-title__text\">{title}</h3></a></li>"
            )
        },
        "</ul>",
    );
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>Top</title></head><body><main>{shown}</main>\
         <script id=\"__NEXT_DATA__\" type=\"application/json\">{data}</script></body></html>"
    )
}

fn imdb_graphql(count: u32) -> String {
    let edges = rows(
        count,
        |film| json!({"node": {"absolutePosition": film.number}, "listItem": imdb_title(&film)}),
    );
    let search = json!({"total": count, "pageInfo": {"hasNextPage": false, "endCursor": null}, "edges": edges});
    let list = json!({"id": "ls900000001", "name": {"originalText": "Best"}, "titleListItemSearch": search});
    json!({"data": {"list": list}}).to_string()
}

fn letterboxd(count: u32) -> String {
    let begin = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>Best</title><meta name=\"description\" \
         content=\"A list of {count} films compiled on Letterboxd\"></head><body class=\"list-page\">\
         <ul class=\"js-list-entries poster-list -p125 -grid\">"
    );
    let row = |film: &Film| {
        let Film {
            number,
            title,
            year,
            ..
        } = film;
        format!(
            "<li class=\"posteritem numbered-list-item\"><div class=\"react-component\" \
             data-component-class=\"LazyPoster\" data-request-poster-metadata=\"true\" data-film-id=\"{number}\" \
             data-item-name=\"{title} ({year})\" data-item-slug=\"paper-{number}\" \
             data-item-link=\"/film/paper-{number}/\" data-item-full-display-name=\"{title} ({year})\" \
             data-postered-identifier='{{\"lid\":\"a{number}\",\"uid\":\"film:{number}\",\"type\":\"film\"}}'>\
             <div class=\"poster film-poster\"><img alt=\"{title}\" src=\"empty.png\" width=\"125\"><span \
             class=\"frame\"><span class=\"frame-title\"></span></span></div></div>\
             <p class=\"list-number\">{number}</p></li>\n"
        )
    };
    lines(&begin, count, row, "</ul></body></html>")
}

fn trakt(count: u32) -> String {
    let row = |film: Film| {
        let ids = json!({
            "trakt": film.number, "slug": format!("paper-{}", film.number), "imdb": film.imdb, "tmdb": film.number,
            "plex": {"guid": "0a", "slug": "paper"},
        });
        json!({
            "rank": film.number, "id": film.number, "listed_at": "2026-03-01T10:00:00.000Z", "notes": null,
            "type": "movie", "movie": {"title": film.title, "year": film.year, "ids": ids},
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn mdblist_parted(count: u32) -> String {
    let row = |film: Film| {
        let number = film.number;
        let ids = json!({"mdblist": format!("m{number}"), "imdb": film.imdb, "tmdb": number, "tvdb": null});
        json!({
            "id": number, "rank": number, "adult": 0, "title": film.title, "imdb_id": film.imdb, "tvdb_id": null,
            "ids": ids, "mediatype": "movie", "release_year": film.year,
        })
    };
    json!({"movies": rows(count, row), "shows": [], "pagination": {"has_more": false}}).to_string()
}

fn mdblist(count: u32) -> String {
    let row = |film: Film| {
        json!({
            "id": film.number, "rank": film.number, "adult": 0, "title": film.title, "tvdbid": null,
            "imdb_id": film.imdb, "language": "en", "mediatype": "movie", "release_year": film.year,
            "spoken_language": "en",
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn stevenlu(count: u32) -> String {
    let row = |film: Film| {
        json!({
            "title": film.title, "tmdb_id": film.number, "imdb_id": film.imdb,
            "poster_url": format!("https://images.example/{}.jpg", film.number), "genres": ["drama", "family"],
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn tmdb(rows_are: &str, count: u32) -> String {
    let row = |film: Film| {
        json!({
            "adult": false, "backdrop_path": "/aaaaaaaaaaaaaaaaaaaaaaaaaaa.jpg", "id": film.number,
            "title": film.title, "original_title": film.title, "media_type": "movie",
            "overview": "Two sisters fold the town's letters into boats. ".repeat(6),
            "poster_path": "/bbbbbbbbbbbbbbbbbbbbbbbbbbb.jpg", "original_language": "de", "genre_ids": [18, 10751],
            "popularity": 1.5, "release_date": format!("{}-06-05", film.year), "video": false,
            "vote_average": 6.7, "vote_count": 31,
        })
    };
    let list = json!({
        (rows_are): rows(count, row), "created_by": "anna", "description": "For when it pours.", "id": 710, "item_count": count, "name": "Best",
        "page": 1, "total_pages": 1, "total_results": count,
    });
    list.to_string()
}

fn tvdb(count: u32) -> String {
    let row = |film: Film| json!({"order": film.number, "seriesId": null, "movieId": film.number});
    let list = json!({
        "id": 2077, "name": "Best", "overview": "Films for a wet evening.", "url": "best", "isOfficial": false,
        "aliases": [], "score": 3, "entities": rows(count, row), "tags": [],
    });
    json!({"status": "success", "data": list}).to_string()
}

fn simkl_trending(count: u32) -> String {
    let row = |film: Film| {
        let number = film.number;
        let ids = json!({
            "simkl_id": number, "slug": format!("paper-{number}"), "imdb": film.imdb, "tmdb": number.to_string(),
        });
        json!({
            "title": film.title, "url": format!("/movies/{number}/paper"), "poster": "90/900001a", "ids": ids,
            "release_date": format!("11/13/{}", film.year), "rank": number, "watched": 183, "country": "us",
            "ratings": {"simkl": {"rating": 7.63, "votes": 7789}}, "status": "ended",
            "overview": "Two sisters fold the town's letters into boats. ".repeat(6),
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn simkl_marked(count: u32) -> String {
    let row = |film: Film| {
        let number = film.number;
        let ids = json!({
            "simkl": number, "slug": format!("paper-{number}"), "imdb": film.imdb, "tmdb": number.to_string(),
            "offen": "http://paper.example/",
        });
        json!({
            "added_to_watchlist_at": "2026-01-02T03:04:05Z", "last_watched_at": null, "user_rated_at": null,
            "user_rating": null, "status": "completed", "watched_episodes_count": 0, "total_episodes_count": 0,
            "not_aired_episodes_count": 0,
            "movie": {"title": film.title, "poster": "90/900001a", "year": film.year, "ids": ids},
        })
    };
    json!({ "movies": rows(count, row) }).to_string()
}

fn anilist(count: u32) -> String {
    let row = |film: Film| {
        let title = json!({"english": film.title, "romaji": film.title, "native": "紙の灯台"});
        let media = json!({
            "id": film.number, "idMal": film.number, "type": "ANIME", "format": "TV", "seasonYear": film.year,
            "startDate": {"year": film.year}, "title": title,
        });
        json!({"status": "PLANNING", "media": media})
    };
    let list = json!({
        "name": "Planning", "status": "PLANNING", "isCustomList": false, "entries": rows(count, row),
    });
    let user = json!({"name": "anna", "mediaListOptions": {"animeList": {"customLists": []}}});
    let collection = json!({"hasNextChunk": false, "user": user, "lists": [list]});
    json!({"data": {"MediaListCollection": collection}}).to_string()
}

fn myanimelist(count: u32) -> String {
    let row = |film: Film| {
        let number = film.number;
        json!({
            "status": 6, "score": 0, "tags": "", "is_rewatching": 0, "num_watched_episodes": 0,
            "anime_title": film.title, "anime_title_eng": film.title, "anime_num_episodes": 12,
            "anime_airing_status": 2, "anime_id": number, "anime_studios": null,
            "anime_season": {"year": film.year, "season": "Spring"}, "anime_url": format!("/anime/{number}/Paper"),
            "anime_image_path": format!("https://images.example/{number}.jpg"), "anime_media_type_string": "TV",
            "anime_mpaa_rating_string": "PG-13", "start_date_string": null, "anime_start_date_string": "04-07-24",
            "anime_end_date_string": "06-23-24",
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn plex_watchlist(count: u32) -> String {
    let row = |film: Film| {
        let key = format!("5df46a38{:016x}", film.number);
        json!({
            "art": format!("https://images.example/{key}.jpg"), "guid": format!("plex://movie/{key}"),
            "key": format!("/library/metadata/{key}"), "ratingKey": key, "type": "movie", "title": film.title,
            "slug": "paper", "publicPagesURL": "https://watch.plex.tv/movie/paper", "year": film.year,
            "userState": false, "originallyAvailableAt": format!("{}-11-13", film.year),
            "Image": [{"alt": film.title, "type": "coverPoster", "url": "https://images.example/c.jpg"}],
            "Guid": [{"id": format!("imdb://{}", film.imdb)}, {"id": format!("tmdb://{}", film.number)}],
        })
    };
    let container = json!({
        "librarySectionID": "watchlist", "offset": 0, "totalSize": count, "size": count,
        "Metadata": rows(count, row),
    });
    json!({ "MediaContainer": container }).to_string()
}

fn plex_feed(count: u32) -> String {
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <rss xmlns:media=\"http://search.yahoo.com/mrss/\" version=\"2.0\"><channel><title>Plex Watchlist</title>\
        <link>https://watch.plex.tv/watchlist</link>\n";
    let item = |film: &Film| {
        let Film {
            number,
            title,
            year,
            imdb,
        } = film;
        format!(
            "<item><title>{title} ({year})</title><pubDate>Mon, 23 Oct 2023 07:58:16 GMT</pubDate>\
             <link>https://watch.plex.tv/movie/paper-{number}</link><guid isPermaLink=\"false\">imdb://{imdb}</guid>\
             <guid isPermaLink=\"false\">tmdb://{number}</guid><description><![CDATA[Two sisters.]]></description>\
             <category>movie</category><media:credit role=\"actor\">Ada Example</media:credit>\
             <media:thumbnail url=\"https://images.example/1.jpg\"/></item>\n"
        )
    };
    lines(begin, count, item, "</channel></rss>")
}

fn any_csv(count: u32) -> String {
    let row = |film: &Film| {
        let Film {
            number,
            title,
            year,
            imdb,
        } = film;
        format!(
            "{number},{imdb},2026-01-01,2026-01-01,\"a note, quoted\",{title},{title},https://www.imdb.com/title/{imdb}/,\
             Movie,7.4,112,{year},\"Drama, Romance\",5123,{year}-05-12,\"A. Person, B. Person\",,\n"
        )
    };
    let begin = "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,\
                 Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n";
    lines(begin, count, row, "")
}

fn any_json(count: u32) -> String {
    let row = |film: Film| {
        json!({
            "title": film.title, "tmdbId": film.number, "imdbId": film.imdb, "year": film.year, "monitored": true,
        })
    };
    Value::Array(rows(count, row)).to_string()
}

fn any_text(count: u32) -> String {
    lines(
        "",
        count,
        |film| format!("{} ({})\n", film.title, film.year),
        "",
    )
}

fn any_feed(count: u32) -> String {
    let begin = "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" \
        xmlns:letterboxd=\"https://letterboxd.com\" xmlns:tmdb=\"https://themoviedb.org\"><channel>\
        <title>Letterboxd - Anna</title><link>https://letterboxd.com/anna/</link>\n";
    let item = |film: &Film| {
        let Film {
            number,
            title,
            year,
            ..
        } = film;
        format!(
            "<item><title>{title}, {year} - ★★★½</title><link>https://letterboxd.com/anna/film/paper-{number}/</link>\
             <guid isPermaLink=\"false\">letterboxd-watch-{number}</guid>\
             <pubDate>Sat, 3 Jan 2026 08:00:00 +1300</pubDate>\
             <letterboxd:watchedDate>2026-01-02</letterboxd:watchedDate>\
             <letterboxd:filmTitle>{title}</letterboxd:filmTitle><letterboxd:filmYear>{year}</letterboxd:filmYear>\
             <tmdb:movieId>{number}</tmdb:movieId>\
             <description><![CDATA[ <p>Watched on Friday January 2, 2026.</p> ]]></description></item>\n"
        )
    };
    lines(begin, count, item, "</channel></rss>")
}
