//! Which list a person means: by number, `type:id`, address, id or name. Leaves asking for the lists
//! to `lists`.

use schema::{models::ListId, wire::sync::ListView};

use super::error::CommandError;

/// How like a name must be to be told as near; a guess that suits typing errors.
const LIKENESS: f64 = 0.75;
/// Near names that are told.
const MOST_NEAR: usize = 5;

/// The list that `wanted` names.
///
/// # Errors
/// When there is none or more than one; the text names the near ones.
pub(super) fn resolve<'a>(
    lists: &'a [ListView],
    wanted: &str,
) -> Result<&'a ListView, CommandError> {
    let wanted = wanted.trim();
    let ways: [&dyn Fn(&ListView) -> bool; 5] = [
        &|list| wanted.parse() == Ok(list.id.0),
        &|list| {
            wanted
                .split_once(':')
                .is_some_and(|(kind, id)| list.list_type == kind && list.list_id == id)
        },
        &|list| list.list_id == wanted,
        &|list| is_address(wanted) && bare(&list.list_url) == bare(wanted),
        &|list| list.description.to_lowercase() == wanted.to_lowercase(),
    ];
    for way in ways {
        let found: Vec<&ListView> = lists.iter().filter(|list| way(list)).collect();
        match found.as_slice() {
            [] => {}
            [list] => return Ok(list),
            several => return Err(ambiguous(wanted, several)),
        }
    }
    Err(unknown(lists, wanted))
}

/// The numbers of the lists that `wanted` names, each once.
///
/// # Errors
/// As [`resolve`], for the first that cannot be found.
pub(super) fn resolve_all(
    lists: &[ListView],
    wanted: &[String],
) -> Result<Vec<ListId>, CommandError> {
    let mut ids = Vec::new();
    for name in wanted {
        let id = resolve(lists, name)?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A list in one line: `3  imdb:top  IMDb Top 250`.
pub(super) fn named(list: &ListView) -> String {
    format!(
        "{}  {}:{}  {}",
        list.id, list.list_type, list.list_id, list.description
    )
}

fn is_address(text: &str) -> bool {
    text.contains('/') || text.contains('.')
}

/// An address without what does not tell lists apart: scheme, `www.`, query, last slash.
fn bare(address: &str) -> String {
    let address = address.to_lowercase();
    let address = address
        .split_once("://")
        .map_or(address.as_str(), |(_, rest)| rest);
    let address = address
        .strip_prefix("www.")
        .or_else(|| address.strip_prefix("m."))
        .unwrap_or(address);
    let end = address.find(['?', '#']).unwrap_or(address.len());
    address
        .get(..end)
        .unwrap_or(address)
        .trim_end_matches('/')
        .to_owned()
}

fn ambiguous(wanted: &str, lists: &[&ListView]) -> CommandError {
    let names: Vec<String> = lists.iter().map(|list| named(list)).collect();
    CommandError::told(
        format!("`{wanted}` means more than one list"),
        format!(
            "Give the number of the one you mean:\n    {}",
            names.join("\n    ")
        ),
    )
}

fn unknown(lists: &[ListView], wanted: &str) -> CommandError {
    let low = wanted.to_lowercase();
    let likeness = |list: &ListView| {
        [
            list.list_id.to_lowercase(),
            format!("{}:{}", list.list_type, list.list_id),
            list.description.to_lowercase(),
        ]
        .iter()
        .map(|name| {
            if name.contains(&low) {
                1.0
            } else {
                strsim::jaro_winkler(name, &low)
            }
        })
        .fold(0.0, f64::max)
    };
    let mut near: Vec<(f64, &ListView)> = lists
        .iter()
        .map(|list| (likeness(list), list))
        .filter(|(like, _)| *like >= LIKENESS)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let names: Vec<String> = near
        .iter()
        .take(MOST_NEAR)
        .map(|(_, list)| named(list))
        .collect();
    let remedy = if names.is_empty() {
        "`listsync lists` shows those there are, `listsync lists add` adds one.".into()
    } else {
        format!(
            "Perhaps one of these; a list is named by its number, `type:id`, address or name:\n    {}",
            names.join("\n    ")
        )
    };
    CommandError::told(format!("there is no list `{wanted}`"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::lists::tests::list;

    fn lists() -> Vec<ListView> {
        let url = |list: ListView, url: &str| ListView {
            list_url: url.into(),
            ..list
        };
        vec![
            url(
                list(1, "imdb", "top", "IMDb Top 250"),
                "https://www.imdb.com/chart/top/",
            ),
            url(
                list(2, "imdb", "ls012345678", "Cosy films"),
                "https://www.imdb.com/list/ls012345678/",
            ),
            url(
                list(3, "stevenlu", "stevenlu", "Popular movies"),
                "https://movies.stevenlu.com/",
            ),
            url(
                list(7, "tmdb", "2", "Cosy films"),
                "https://www.themoviedb.org/list/2",
            ),
        ]
    }

    #[test]
    fn a_list_is_found_by_everything_it_is_called() {
        let lists = lists();
        for (wanted, id) in [
            ("1", 1),
            ("2", 2),
            ("imdb:top", 1),
            ("ls012345678", 2),
            ("tmdb:2", 7),
            ("http://imdb.com/list/ls012345678?ref_=x", 2),
            ("https://m.imdb.com/chart/top", 1),
            ("popular MOVIES", 3),
        ] {
            assert_eq!(resolve(&lists, wanted).unwrap().id, ListId(id), "{wanted}");
        }
    }

    #[test]
    fn what_several_lists_are_called_is_refused_with_their_names() {
        let error = resolve(&lists(), "cosy films").unwrap_err();
        insta::assert_snapshot!(error.text(), @"
        listsync: `cosy films` means more than one list
          Give the number of the one you mean:
            2  imdb:ls012345678  Cosy films
            7  tmdb:2  Cosy films
        ");
    }

    #[test]
    fn an_unknown_list_comes_with_the_near_ones() {
        insta::assert_snapshot!(resolve(&lists(), "stevenlo").unwrap_err().text(), @"
        listsync: there is no list `stevenlo`
          Perhaps one of these; a list is named by its number, `type:id`, address or name:
            3  stevenlu:stevenlu  Popular movies
        ");
        insta::assert_snapshot!(resolve(&[], "x").unwrap_err().text(), @"
        listsync: there is no list `x`
          `listsync lists` shows those there are, `listsync lists add` adds one.
        ");
    }

    #[test]
    fn a_list_named_twice_counts_once() {
        let wanted = ["1".to_owned(), "imdb:top".to_owned(), "3".to_owned()];
        assert_eq!(
            resolve_all(&lists(), &wanted).unwrap(),
            [ListId(1), ListId(3)]
        );
    }
}
