//! Title searches as IMDb's `GraphQL` takes them: conditions of an address in, constraints out. Pure.
//! Knows only conditions and values of which it is known how they are called there: IMDb answers a value
//! that it does not know with no titles and no error, which would be an empty list.
//! Names of constraints as public projects use them (2026-08); not checked against the live site.

use serde_json::{Map, Value, json};

/// The variables of a search; `None` where only its page understands all conditions.
pub(super) fn variables(conditions: &str) -> Option<Value> {
    let mut constraints = Map::new();
    let mut sort = json!({"sortBy": "POPULARITY", "sortOrder": "ASC"});
    for (key, value) in url::form_urlencoded::parse(conditions.as_bytes()) {
        let value = value.trim().to_ascii_lowercase();
        let (name, constraint) = match key.as_ref() {
            "sort" => {
                sort = order(&value)?;
                continue;
            }
            "title_type" => ("titleTypeConstraint", types(&value)?),
            "genres" => ("genreConstraint", genres(&value)?),
            "user_rating" => (
                "userRatingsConstraint",
                json!({"aggregateRatingRange": range::<f64>(&value)?}),
            ),
            "num_votes" => (
                "userRatingsConstraint",
                json!({"ratingsCountRange": range::<u64>(&value)?}),
            ),
            "runtime" => (
                "runtimeConstraint",
                json!({"runtimeRangeMinutes": range::<u64>(&value)?}),
            ),
            "release_date" => ("releaseDateConstraint", dates(&value)?),
            "title" => ("titleTextConstraint", json!({"searchTerm": value})),
            "groups" => ("rankedTitleListConstraint", ranked(&value)?),
            _ => return None,
        };
        add(&mut constraints, name, constraint)?;
    }
    Some(json!({"after": null, "constraints": constraints, "sort": sort}))
}

/// Ratings and numbers of votes are parts of one constraint. One condition said twice has a meaning that
/// only the page knows.
fn add(constraints: &mut Map<String, Value>, name: &str, constraint: Value) -> Option<()> {
    let Value::Object(new) = constraint else {
        return None;
    };
    let known = constraints.entry(name).or_insert_with(|| json!({}));
    let known = known.as_object_mut()?;
    for (key, value) in new {
        if known.insert(key, value).is_some() {
            return None;
        }
    }
    Some(())
}

/// What sorts of titles are called in addresses, and in IMDb's data.
const TYPES: &[(&str, &str)] = &[
    ("feature", "movie"),
    ("movie", "movie"),
    ("tv_series", "tvSeries"),
    ("tv_miniseries", "tvMiniSeries"),
    ("mini_series", "tvMiniSeries"),
    ("tv_movie", "tvMovie"),
    ("tv_special", "tvSpecial"),
    ("tv_episode", "tvEpisode"),
    ("tv_short", "tvShort"),
    ("short", "short"),
    ("video", "video"),
    ("video_game", "videoGame"),
    ("game", "videoGame"),
    ("music_video", "musicVideo"),
    ("podcast_series", "podcastSeries"),
    ("podcast_episode", "podcastEpisode"),
];

fn types(value: &str) -> Option<Value> {
    let find = |word: &str| TYPES.iter().find(|(known, _)| *known == word);
    let ids: Option<Vec<_>> = words(value)
        .map(|word| find(word).map(|(_, id)| *id))
        .collect();
    Some(json!({"anyTitleTypeIds": ids?}))
}

const GENRES: &[&str] = &[
    "Action",
    "Adventure",
    "Animation",
    "Biography",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "Film-Noir",
    "Game-Show",
    "History",
    "Horror",
    "Music",
    "Musical",
    "Mystery",
    "News",
    "Reality-TV",
    "Romance",
    "Sci-Fi",
    "Short",
    "Sport",
    "Talk-Show",
    "Thriller",
    "War",
    "Western",
];

/// A title has to be of all of them, and of none with a `!` before it.
fn genres(value: &str) -> Option<Value> {
    let find = |word: &str| {
        let is_meant = |known: &&&str| known.replace('-', "").eq_ignore_ascii_case(word);
        let word_is = |known: &&&str| is_meant(known) || known.eq_ignore_ascii_case(word);
        GENRES.iter().find(word_is).copied()
    };
    let (mut all, mut none) = (Vec::new(), Vec::new());
    for word in words(&value.replace('_', "-")) {
        match word.strip_prefix('!') {
            Some(word) => none.push(find(word)?),
            None => all.push(find(word)?),
        }
    }
    let mut constraint = Map::new();
    for (name, ids) in [("allGenreIds", all), ("excludeGenreIds", none)] {
        if !ids.is_empty() {
            constraint.insert(name.to_owned(), json!(ids));
        }
    }
    (!constraint.is_empty()).then_some(Value::Object(constraint))
}

/// `7.0,8.5`, `7,`, `,8`
fn range<T: std::str::FromStr + serde::Serialize>(value: &str) -> Option<Value> {
    bounds(value, ["min", "max"], |text| {
        Some(json!(text.parse::<T>().ok()?)) // then it is no number
    })
}

/// `2020-01-01,2020-12-31`, `2020,2021`, `1999`; months are left to the page.
fn dates(value: &str) -> Option<Value> {
    let (from, to) = value.split_once(',').unwrap_or((value, value));
    let whole = format!("{},{}", day(from, "-01-01"), day(to, "-12-31"));
    let range = bounds(&whole, ["start", "end"], |text| {
        let day: chrono::NaiveDate = text.parse().ok()?; // then it is none
        Some(json!(day.to_string()))
    })?;
    Some(json!({"releaseDateRange": range}))
}

/// A year made its first or last day.
fn day(text: &str, of_year: &str) -> String {
    let text = text.trim();
    if text.len() == 4 {
        format!("{text}{of_year}")
    } else {
        text.to_owned()
    }
}

fn bounds(
    value: &str,
    [lower, upper]: [&str; 2],
    read: impl Fn(&str) -> Option<Value>,
) -> Option<Value> {
    let (from, to) = value.split_once(',')?;
    let mut range = Map::new();
    for (name, text) in [(lower, from.trim()), (upper, to.trim())] {
        if !text.is_empty() {
            range.insert(name.to_owned(), read(text)?);
        }
    }
    (!range.is_empty()).then_some(Value::Object(range))
}

/// `top_250`, `bottom_100`; other groups are prizes and companies, which are called otherwise there.
fn ranked(value: &str) -> Option<Value> {
    let list = |word: &str| {
        let (end, count) = word.split_once('_')?;
        let kind = match end {
            "top" => "TOP_RATED_MOVIES",
            "bottom" => "LOWEST_RATED_MOVIES",
            _ => return None,
        };
        let count: u32 = count.parse().ok()?; // then it is another group
        Some(json!({"rankRange": {"max": count}, "rankedTitleListType": kind}))
    };
    let lists: Option<Vec<_>> = words(value).map(list).collect();
    Some(json!({"allRankedTitleLists": lists?}))
}

/// `user_rating,desc`
fn order(value: &str) -> Option<Value> {
    let (by, direction) = value.split_once(',').unwrap_or((value, "asc"));
    let by = match by {
        "moviemeter" | "popularity" => "POPULARITY",
        "user_rating" => "USER_RATING",
        "num_votes" => "USER_RATING_COUNT",
        "release_date" => "RELEASE_DATE",
        "runtime" => "RUNTIME",
        _ => return None,
    };
    let direction = match direction {
        "asc" => "ASC",
        "desc" => "DESC",
        _ => return None,
    };
    Some(json!({"sortBy": by, "sortOrder": direction}))
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraints(conditions: &str) -> Option<Value> {
        Some(variables(conditions)?["constraints"].clone())
    }

    #[test]
    fn conditions_of_an_address_become_constraints() {
        for (conditions, expected) in [
            (
                "title_type=feature,tv_series",
                json!({"titleTypeConstraint": {"anyTitleTypeIds": ["movie", "tvSeries"]}}),
            ),
            (
                "genres=sci-fi,action,!horror",
                json!({"genreConstraint": {"allGenreIds": ["Sci-Fi", "Action"], "excludeGenreIds": ["Horror"]}}),
            ),
            (
                "genres=film_noir",
                json!({"genreConstraint": {"allGenreIds": ["Film-Noir"]}}),
            ),
            (
                "num_votes=25000,&user_rating=7.5,8",
                json!({"userRatingsConstraint": {"aggregateRatingRange": {"min": 7.5, "max": 8.0},
                    "ratingsCountRange": {"min": 25000}}}),
            ),
            (
                "release_date=2020-01-15,2021-03-02",
                json!({"releaseDateConstraint": {"releaseDateRange": {"start": "2020-01-15", "end": "2021-03-02"}}}),
            ),
            (
                "release_date=1999,",
                json!({"releaseDateConstraint": {"releaseDateRange": {"start": "1999-01-01"}}}),
            ),
            (
                "release_date=1999",
                json!({"releaseDateConstraint": {"releaseDateRange": {"start": "1999-01-01", "end": "1999-12-31"}}}),
            ),
            (
                "runtime=60,90",
                json!({"runtimeConstraint": {"runtimeRangeMinutes": {"min": 60, "max": 90}}}),
            ),
            (
                "title=Paper+Boats",
                json!({"titleTextConstraint": {"searchTerm": "paper boats"}}),
            ),
            (
                "groups=top_250",
                json!({"rankedTitleListConstraint": {"allRankedTitleLists": [
                    {"rankRange": {"max": 250}, "rankedTitleListType": "TOP_RATED_MOVIES"}]}}),
            ),
        ] {
            assert_eq!(constraints(conditions), Some(expected), "{conditions}");
        }
    }

    #[test]
    fn the_order_is_popularity_unless_another_is_wanted() {
        let sort = |conditions| Some(variables(conditions)?["sort"].clone());
        assert_eq!(
            sort("genres=drama"),
            Some(json!({"sortBy": "POPULARITY", "sortOrder": "ASC"}))
        );
        assert_eq!(
            sort("genres=drama&sort=user_rating,desc"),
            Some(json!({"sortBy": "USER_RATING", "sortOrder": "DESC"}))
        );
        assert_eq!(sort("genres=drama&sort=alpha,asc"), None);
        assert_eq!(sort("genres=drama&sort=user_rating,sideways"), None);
    }

    #[test]
    fn a_condition_or_value_that_is_not_known_there_is_left_to_the_page() {
        for conditions in [
            "role=nm0000001",
            "title_type=feature&countries=de",
            "title_type=hologram",
            "genres=drama,sadness",
            "genres=drama&genres=action",
            "genres=,",
            "user_rating=high,",
            "user_rating=7",
            "num_votes=,",
            "release_date=soon,later",
            "release_date=2020-13-01,",
            "release_date=2020-05,",
            "groups=oscar_winner",
            "groups=top_many",
        ] {
            assert_eq!(variables(conditions), None, "{conditions}");
        }
    }
}
