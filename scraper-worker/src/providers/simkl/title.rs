//! Rows of Simkl's answers and the entries in them.

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use super::address::Kind;
use crate::{
    provider::{Page, ProviderError},
    providers::loose::{is_imdb_title, number, text, whole},
};

/// Reads rows, whatever wraps them. `kind` is what a row is that does not say so.
///
/// # Errors
/// [`ProviderError::Changed`] when most rows can be no titles.
pub(super) fn page(rows: &[Value], kind: Option<Kind>) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut strange = 0;
    for row in rows {
        match read(row, kind) {
            Row::Wanted(entry) => page.entries.push(*entry),
            Row::Unwanted => page.dropped += 1,
            Row::Strange => strange += 1,
        }
    }
    page.with_strange(
        strange,
        rows.len(),
        "rows are no movie, no show and no anime",
    )
}

enum Row {
    Wanted(Box<Entry>),
    Unwanted,
    Strange,
}

/// What a row says of its title, and where.
struct Said<'a> {
    row: &'a Value,
    title: &'a Value,
    kind: Option<Kind>,
    /// What it is wrapped in; `show` may be an anime too.
    wrapper: Option<Kind>,
    anime_type: Option<String>,
}

fn read(row: &Value, kind: Option<Kind>) -> Row {
    let (title, wrapper) = unwrapped(row);
    if !title.is_object() {
        return Row::Strange;
    }
    let told = |key| text(row.get(key)).or_else(|| text(title.get(key)));
    let (word, anime_type) = (told("type"), told("anime_type"));
    let is = |word: &Option<String>, other: &str| {
        word.as_ref()
            .is_some_and(|it| it.eq_ignore_ascii_case(other))
    };
    let is_none = ["episode", "person", "game"]
        .iter()
        .any(|other| is(&word, other));
    if is_none || is(&anime_type, "music video") {
        return Row::Unwanted;
    }
    let kind = match (kind, word.as_deref().and_then(Kind::find)) {
        // Among anime all wrappers are `show`, which says nothing.
        (Some(Kind::Anime), None) => kind,
        (_, said) => said.or(wrapper).or_else(|| kind_of_page(title)).or(kind),
    };
    let said = Said {
        row,
        title,
        kind,
        wrapper,
        anime_type,
    };
    entry(&said).map_or(Row::Strange, |entry| Row::Wanted(Box::new(entry)))
}

/// In what an account marked, the title is in a field named after what it is; charts and lists that
/// somebody made have the bare title.
fn unwrapped(row: &Value) -> (&Value, Option<Kind>) {
    let wrappers = [
        ("movie", Kind::Movies),
        ("show", Kind::Shows),
        ("anime", Kind::Anime),
    ];
    wrappers
        .into_iter()
        .find_map(|(name, of)| {
            let title = row.get(name).filter(|held| held.is_object())?;
            Some((title, Some(of)))
        })
        .unwrap_or((row, None))
}

/// What its page is under: `/tv/548312/…`.
fn kind_of_page(title: &Value) -> Option<Kind> {
    let path = text(title.get("url"))?;
    let path = path
        .split_once("simkl.com")
        .map_or(path.as_str(), |(_, path)| path);
    Kind::find(path.trim_start_matches('/').split('/').next()?)
}

/// An anime film is a film.
pub(super) fn media_type(
    kind: Option<Kind>,
    anime_type: Option<&str>,
    wrapper: Option<Kind>,
) -> Option<MediaType> {
    match (kind, anime_type) {
        (Some(Kind::Anime), Some(it)) if it.eq_ignore_ascii_case("movie") => Some(MediaType::Movie),
        (Some(Kind::Anime), Some(_)) => Some(MediaType::Tv),
        (Some(Kind::Anime), None) => wrapper.and_then(Kind::media_type),
        (kind, _) => kind.and_then(Kind::media_type),
    }
}

fn entry(said: &Said<'_>) -> Option<Entry> {
    let title = said.title;
    let ids = Ids::of(title.get("ids").unwrap_or(&Value::Null));
    let media_type = media_type(said.kind, said.anime_type.as_deref(), said.wrapper);
    let is_of_show = said.kind == Some(Kind::Anime) && media_type == Some(MediaType::Tv);
    let season = || season(said.row).or_else(|| season(title));
    let entry = Entry {
        title: text(title.get("title")).unwrap_or_default(),
        year: year(title),
        media_type,
        season: is_of_show.then(season).flatten(),
        source_id: ids.simkl.map(|number| match said.kind {
            Some(kind) => format!("simkl:{}/{number}", kind.path()),
            None => format!("simkl:{number}"),
        }),
        imdb_id: ids.imdb,
        tmdb_id: ids.tmdb,
        tvdb_id: ids.tvdb,
        ..Entry::default()
    };
    let has_id = entry.imdb_id.is_some() || entry.tmdb_id.is_some() || entry.tvdb_id.is_some();
    (has_id || !entry.title.is_empty()).then_some(entry)
}

/// What a title is called elsewhere, as far as Simkl tells.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) simkl: Option<i64>,
    pub(super) imdb: Option<String>,
    pub(super) tmdb: Option<i64>,
    pub(super) tvdb: Option<i64>,
}

impl Ids {
    pub(super) fn of(ids: &Value) -> Self {
        Self {
            simkl: number(ids.get("simkl")).or_else(|| number(ids.get("simkl_id"))),
            imdb: text(ids.get("imdb")).filter(|id| is_imdb_title(id)),
            tmdb: number(ids.get("tmdb")),
            tvdb: number(ids.get("tvdb")),
        }
    }
}

/// The one season of its show on TVDB that an anime is. One that is spread over several is the show.
pub(super) fn season(of: &Value) -> Option<i32> {
    let mapped = of.get("mapped_tvdb_seasons")?.as_array()?;
    let mut seasons: Vec<i64> = mapped
        .iter()
        .map(|season| whole(Some(season)))
        .collect::<Option<_>>()?;
    seasons.sort_unstable();
    seasons.dedup();
    match seasons.as_slice() {
        [season] => i32::try_from(*season).ok().filter(|season| *season > 0), // specials are no season
        _ => None,
    }
}

/// From `year`, or a date as `2016-07-16…` or `07/16/2016`.
fn year(title: &Value) -> Option<i32> {
    let told = number(title.get("year"));
    let of_date = || {
        let date = ["release_date", "first_aired", "date"]
            .into_iter()
            .find_map(|key| text(title.get(key)))?;
        let year = match date.rsplit_once('/') {
            Some((_, year)) => year,
            None => date.get(..4)?,
        };
        year.parse().ok() // else it is no date
    };
    told.or_else(of_date)
        .and_then(|year| i32::try_from(year).ok())
        .filter(|year| (1000..=9999).contains(year)) // else it is no year
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(row: Value, kind: Option<Kind>) -> Entry {
        let mut page = page(&[row], kind).unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 0));
        page.entries.remove(0)
    }

    #[test]
    fn every_shape_of_a_row_is_the_same_title() {
        let ids = json!({"simkl": 7, "imdb": "tt9000001", "tmdb": "900001", "tvdb": null});
        let bare = json!({"title": " Paper Boats ", "year": 1987, "ids": ids});
        let expected = one(bare.clone(), Some(Kind::Movies));
        assert_eq!(
            (expected.title.as_str(), expected.year, expected.tmdb_id),
            ("Paper Boats", Some(1987), Some(900_001))
        );
        assert_eq!(expected.media_type, Some(MediaType::Movie));
        assert_eq!(expected.source_id.as_deref(), Some("simkl:movies/7"));
        let chart = json!({"title": "Paper Boats", "url": "/movies/7/paper-boats",
            "release_date": "04/30/1987", "ids": {"simkl_id": "7", "imdb": "tt9000001", "tmdb": 900_001}});
        let typed = json!({"title": "Paper Boats", "type": "movie", "ids": ids,
            "release_date": "1987-04-30T00:00:00Z"});
        let marked = json!({"status": "completed", "movie": bare});
        for row in [chart, typed, marked] {
            assert_eq!(one(row.clone(), None), expected, "{row}");
        }
    }

    #[test]
    fn an_anime_film_is_a_film_and_an_anime_is_the_one_season_it_is() {
        let anime = |anime_type: Value, seasons: Value| {
            json!({"anime_type": anime_type, "mapped_tvdb_seasons": seasons,
                "show": {"title": "Kites", "year": 2001, "ids": {"simkl": 9, "tvdb": "77"}}})
        };
        for (anime_type, seasons, media_type, season) in [
            (json!("movie"), json!([1]), Some(MediaType::Movie), None),
            (json!("tv"), json!([3]), Some(MediaType::Tv), Some(3)),
            (json!("ona"), json!(["2", 2]), Some(MediaType::Tv), Some(2)),
            (json!("tv"), json!([1, 2]), Some(MediaType::Tv), None),
            (json!("special"), json!([0]), Some(MediaType::Tv), None),
            (json!(null), json!(null), Some(MediaType::Tv), None),
        ] {
            let read = one(anime(anime_type, seasons), Some(Kind::Anime));
            assert_eq!((read.media_type, read.season), (media_type, season));
            assert_eq!(read.source_id.as_deref(), Some("simkl:anime/9"));
        }
        let of_chart = json!({"title": "Kites", "ids": {"simkl_id": 9}});
        assert_eq!(one(of_chart, Some(Kind::Anime)).media_type, None);
        let typed = json!({"title": "Kites", "type": "anime", "anime_type": "movie", "ids": {}});
        assert_eq!(one(typed, None).media_type, Some(MediaType::Movie));
        let song = page(
            &[anime(json!("music video"), json!(null))],
            Some(Kind::Anime),
        );
        assert_eq!(song.unwrap().dropped, 1);
    }

    #[test]
    fn ids_and_years_may_be_absent_null_zero_or_empty() {
        for (ids, year) in [
            (json!({}), json!(null)),
            (json!({"imdb": null, "tmdb": 0, "tvdb": ""}), json!(0)),
            (
                json!({"imdb": "nm0000001", "tmdb": "soon", "tvdb": []}),
                json!("soon"),
            ),
            (json!(null), json!({})),
        ] {
            let row = json!({"title": "Bare", "year": year, "ids": ids, "release_date": "soon"});
            let read = one(row, Some(Kind::Shows));
            assert_eq!(
                (
                    read.imdb_id,
                    read.tmdb_id,
                    read.tvdb_id,
                    read.year,
                    read.source_id
                ),
                (None, None, None, None, None)
            );
        }
    }

    #[test]
    fn rows_of_which_none_can_be_read_are_a_change() {
        let fair = json!({"title": "Fair", "ids": {}});
        for row in [
            json!(1),
            json!(null),
            json!({"movie": null}),
            json!({"title": " "}),
        ] {
            let changed = page(&[row.clone(), row.clone()], None);
            assert!(
                matches!(changed, Err(ProviderError::Changed { .. })),
                "{row}"
            );
            assert_eq!(page(&[row, fair.clone()], None).unwrap().dropped, 1);
        }
    }
}
