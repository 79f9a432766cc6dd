//! Ids that mean different titles, and an id that leads to a title nothing like the entry: noticed, told
//! in words, and left to a person. Pure.

use schema::models::{IdSource, ListItem, MediaType, ReviewCandidate, Title, TitleId};

use super::{
    Identified,
    ids::{OWN_ID, imdb_id, shown, tmdb_id as tmdb_id_of},
    keys::plain,
    trust::beginning,
};
use crate::target::{Candidate, Details, ForeignId};

/// Titles that are less alike than this have nothing in common. A guess on the careful side: of titles
/// that are translations of each other most are less alike, which is why years must be apart too.
const ALIKE: f64 = 0.5;

/// Years between a list and TMDB that happen: festivals, countries, first seasons.
const YEARS_APART: u32 = 2;

/// The ids that the lists tell of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EntryIds {
    /// `tt…`
    pub(super) imdb_id: Option<String>,
    /// TVDB's number.
    pub(super) tvdb_id: Option<i64>,
}

impl EntryIds {
    /// Those of an entry.
    pub(super) fn of(entry: &ListItem) -> Self {
        Self {
            imdb_id: entry.imdb_id.as_deref().and_then(imdb_id),
            tvdb_id: entry.tvdb_id.filter(|id| *id > 0),
        }
    }
}

/// An id of an entry that is not the one TMDB gives the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// The entry's.
    pub(super) id: ForeignId,
    /// In words.
    pub(super) why: String,
}

/// Why the details of a title cannot be those of the entry: TMDB gives the title another IMDb or TVDB id
/// than the list does. `None` where they agree, or one of them does not tell.
pub(super) fn contradicts(entry: &EntryIds, details: &Details) -> Option<Contradiction> {
    let imdb = entry.imdb_id.as_deref().and_then(imdb_id);
    let its_imdb = details.imdb_id.as_deref().and_then(imdb_id);
    let differ = |source, of_list: Option<String>, of_tmdb: Option<String>| {
        let (of_list, of_tmdb) = of_list.zip(of_tmdb)?;
        (of_list != of_tmdb).then(|| {
            format!(
                "the list says {}, and TMDB says that \"{}\" is {}",
                shown(source, &of_list),
                details.title,
                shown(source, &of_tmdb)
            )
        })
    };
    let number = |id: Option<i64>| id.filter(|id| *id > 0).map(|id| id.to_string());
    // TVDB's numbers change more often than IMDb's: where the better id agrees it decides.
    let agrees = imdb.is_some() && imdb == its_imdb;
    let by_imdb = differ(IdSource::Imdb, imdb.clone(), its_imdb).zip(imdb.map(ForeignId::Imdb));
    let by_tvdb = || {
        differ(
            IdSource::Tvdb,
            number(entry.tvdb_id),
            number(details.tvdb_id),
        )
        .zip(entry.tvdb_id.map(ForeignId::Tvdb))
    };
    by_imdb
        .or_else(by_tvdb)
        .filter(|_| !agrees)
        .map(|(why, id)| Contradiction { id, why })
}

/// What some title is called, in every language that is known, and its year.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'a> {
    pub(super) titles: &'a [&'a str],
    pub(super) year: Option<i32>,
}

/// Whether two titles have nothing in common: unlike in every language, and more than two years apart.
/// Where a year is missing nothing is said.
pub(super) fn is_nothing_like(one: Called, other: Called) -> bool {
    are_years_apart(one, other) && !have_a_like_title(one, other)
}

/// Whether two titles may be two: unlike in every language, or more than two years apart.
pub(super) fn may_differ(one: Called, other: Called) -> bool {
    are_years_apart(one, other) || !have_a_like_title(one, other)
}

fn are_years_apart(one: Called, other: Called) -> bool {
    one.year
        .zip(other.year)
        .is_some_and(|(one, other)| one.abs_diff(other) > YEARS_APART)
}

fn have_a_like_title(one: Called, other: Called) -> bool {
    one.titles.iter().any(|one| {
        let one = plain(one);
        other
            .titles
            .iter()
            .any(|other| are_alike(&one, &plain(other)))
    })
}

/// Both `plain`. One that is a part of the other is like it.
fn are_alike(one: &str, other: &str) -> bool {
    let holds = |long: &str, short: &str| format!(" {long} ").contains(&format!(" {short} "));
    if one.is_empty() || other.is_empty() {
        return true; // nothing to go by
    }
    holds(one, other) || holds(other, one) || strsim::normalized_levenshtein(one, other) >= ALIKE
}

/// What the answer of a look-up means once it is held against the entry: a title that is nothing like
/// the entry needs a person, since the list may have the id wrong.
pub(super) fn checked(
    identified: Identified,
    entry: &ListItem,
    id: &ForeignId,
    candidates: &[Candidate],
) -> Identified {
    let Identified::Matched {
        media_type,
        tmdb_id,
        ..
    } = &identified
    else {
        return identified;
    };
    let found = candidates
        .iter()
        .find(|one| (one.media_type, one.tmdb_id) == (*media_type, *tmdb_id));
    match (found, tmdb_id_of(entry)) {
        (Some(found), Some(own)) if own != found.tmdb_id => other_number(entry, id, found, own),
        (Some(found), _) if is_unlike(entry, found) => unlike(entry, id, found),
        _ => identified,
    }
}

/// The list gives TMDB's number without movie or show, and the id is a title of another number.
fn other_number(entry: &ListItem, id: &ForeignId, found: &Candidate, own: i64) -> Identified {
    let (id, source) = match id {
        ForeignId::Imdb(_) => (of_look_up(id), "imdb look-up"),
        ForeignId::Tvdb(_) => (of_look_up(id), "tvdb look-up"),
    };
    let claims = [
        Claim {
            id: OWN_ID.to_owned(),
            known_by: String::new(),
            media_type: None,
            tmdb_id: own,
            name: None,
        },
        Claim {
            id,
            known_by: source.to_owned(),
            media_type: Some(found.media_type),
            tmdb_id: found.tmdb_id,
            name: Some((found.title.clone(), found.year)),
        },
    ];
    between(entry, &claims)
}

fn of_look_up(id: &ForeignId) -> String {
    match id {
        ForeignId::Imdb(id) => shown(IdSource::Imdb, id),
        ForeignId::Tvdb(id) => shown(IdSource::Tvdb, &id.to_string()),
    }
}

fn is_unlike(entry: &ListItem, found: &Candidate) -> bool {
    let of_entry: Vec<&str> = std::iter::once(entry.title.as_str())
        .chain(entry.original_title.as_deref())
        .collect();
    let there: Vec<&str> = std::iter::once(found.title.as_str())
        .chain(found.original_title.as_deref())
        .chain(found.alternative_titles.iter().map(String::as_str))
        .collect();
    let (of_entry, there) = (
        Called {
            titles: &of_entry,
            year: entry.year,
        },
        Called {
            titles: &there,
            year: found.year,
        },
    );
    is_nothing_like(of_entry, there)
}

fn unlike(entry: &ListItem, id: &ForeignId, found: &Candidate) -> Identified {
    let id = of_look_up(id);
    let there = named(
        found.media_type,
        found.tmdb_id,
        Some((&found.title, found.year)),
    );
    let of_list = with_year(&entry.title, entry.year);
    let reason = format!("TMDB says that {id} is this; neither title nor year is the list's");
    Identified::NeedsReview {
        why: format!("{id} is {there} on TMDB, which is nothing like {of_list} on the list"),
        candidates: vec![ReviewCandidate {
            media_type: found.media_type,
            tmdb_id: found.tmdb_id,
            title: found.title.clone(),
            original_title: found.original_title.clone(),
            year: found.year,
            popularity: found.popularity,
            certainty: 0.0,
            reason,
            poster_path: found.poster_path.clone(),
        }],
    }
}

/// What one id of an entry means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The id as people read it.
    pub(super) id: String,
    /// How that is known; empty for the list's own word.
    pub(super) known_by: String,
    /// Movie or show; absent for a number of TMDB without that.
    pub(super) media_type: Option<MediaType>,
    /// TMDB's number.
    pub(super) tmdb_id: i64,
    /// The title's name and year, where it was met before.
    pub(super) name: Option<(String, Option<i32>)>,
}

impl Claim {
    /// Whether both cannot be true.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let types = self.media_type.zip(other.media_type);
        self.tmdb_id != other.tmdb_id || types.is_some_and(|(one, other)| one != other)
    }

    /// `tt0133093 is movie 603 "The Matrix" (1999), known by imdb look-up`
    pub(super) fn told(&self) -> String {
        let name = self
            .name
            .as_ref()
            .map(|(name, year)| (name.as_str(), *year));
        let title = match self.media_type {
            Some(media_type) => named(media_type, self.tmdb_id, name),
            None => format!("TMDB's {}", self.tmdb_id),
        };
        match self.known_by.as_str() {
            "" => format!("{} is {title}", self.id),
            known_by => format!("{} is {title}, known by {known_by}", self.id),
        }
    }
}

/// What becomes of an entry whose ids mean different titles. Each title is a candidate, none likelier
/// than another.
pub(super) fn between(entry: &ListItem, claims: &[Claim]) -> Identified {
    let mut titles: Vec<&Claim> = Vec::new();
    for claim in claims.iter().filter(|claim| claim.media_type.is_some()) {
        if titles.iter().all(|known| known.excludes(claim)) {
            titles.push(claim);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "an entry has a handful of ids")]
    let share = 1.0 / titles.len().max(1) as f64;
    let candidates = titles
        .into_iter()
        .filter_map(|claim| {
            let (title, year) = claim
                .name
                .clone()
                .unwrap_or_else(|| (entry.title.clone(), entry.year));
            Some(ReviewCandidate {
                media_type: claim.media_type?,
                tmdb_id: claim.tmdb_id,
                title,
                original_title: None,
                year,
                popularity: 0.0,
                certainty: share,
                reason: claim.told(),
                poster_path: None,
            })
        })
        .collect();
    let told: Vec<String> = claims.iter().map(Claim::told).collect();
    Identified::NeedsReview {
        why: format!("its ids mean different titles: {}", told.join("; ")),
        candidates,
    }
}

/// What becomes of an entry that was matched while the id map says of one of its ids that it is another
/// title's.
pub(crate) fn divided(
    entry: &ListItem,
    (title, how): (&Title, &str),
    (other, row): (&Title, &TitleId),
) -> Identified {
    let claim = |id: String, known_by: &str, title: &Title| Claim {
        id,
        known_by: known_by.to_owned(),
        media_type: Some(title.media_type),
        tmdb_id: title.tmdb_id,
        name: Some((title.title.clone(), title.year)),
    };
    let claims = [
        claim("the entry".to_owned(), how, title),
        claim(
            shown(row.source, &row.external_id),
            beginning(&row.known_by),
            other,
        ),
    ];
    between(entry, &claims)
}

/// `movie 603 "The Matrix" (1999)`
pub(super) fn named(
    media_type: MediaType,
    tmdb_id: i64,
    name: Option<(&str, Option<i32>)>,
) -> String {
    let kind = match media_type {
        MediaType::Movie => "movie",
        MediaType::Tv => "show",
    };
    match name {
        Some((title, year)) => format!("{kind} {tmdb_id} {}", with_year(title, year)),
        None => format!("{kind} {tmdb_id}"),
    }
}

pub(super) fn with_year(title: &str, year: Option<i32>) -> String {
    match year {
        Some(year) => format!("\"{title}\" ({year})"),
        None => format!("\"{title}\""),
    }
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};

    use super::{super::sample::item, *};

    fn details(imdb_id: Option<&str>, tvdb_id: Option<i64>) -> Details {
        Details {
            title: "Heat".into(),
            imdb_id: imdb_id.map(str::to_owned),
            tvdb_id,
            ..Details::default()
        }
    }

    #[test]
    fn details_with_another_id_than_the_lists_are_those_of_another_title() {
        let entry = ListItem {
            imdb_id: Some("imdb://TT0113277".into()),
            tvdb_id: Some(7),
            ..item("Heat", 1995, Movie)
        };
        let told = |imdb, tvdb| {
            let found = contradicts(&EntryIds::of(&entry), &details(imdb, tvdb));
            found.map(|contradiction| contradiction.why)
        };
        assert_eq!(told(Some("tt0113277"), Some(7)), None);
        assert_eq!(told(None, None), None);
        assert_eq!(told(Some("no id"), Some(0)), None);
        assert_eq!(
            told(Some("tt0133093"), Some(8)).as_deref(),
            Some("the list says tt0113277, and TMDB says that \"Heat\" is tt0133093")
        );
        assert_eq!(
            told(None, Some(8)).as_deref(),
            Some("the list says TVDB's 7, and TMDB says that \"Heat\" is TVDB's 8")
        );
        assert_eq!(
            contradicts(&EntryIds::default(), &details(Some("tt1"), Some(1))),
            None
        );
    }

    #[test]
    fn titles_are_nothing_alike_only_when_all_of_them_differ_and_the_years_too() {
        let nothing_like = |one: (&[&str], Option<i32>), other: (&[&str], Option<i32>)| {
            let called = |(titles, year)| Called { titles, year };
            is_nothing_like(called(one), called(other))
        };
        let heat: (&[&str], _) = (&["Heat"], Some(1995));
        assert!(nothing_like(
            heat,
            (&["Paper Moon", "Luna de papel"], Some(1973))
        ));
        assert!(!nothing_like(heat, (&["Paper Moon", "Heat"], Some(1973))));
        assert!(!nothing_like(heat, (&["Paper Moon"], Some(1997))));
        assert!(!nothing_like(heat, (&["Paper Moon"], None)));
        assert!(!nothing_like(heat, (&["Heat: Director's Cut"], Some(2015))));
        assert!(!nothing_like((&[""], Some(1995)), (&["Moon"], Some(2015))));
    }

    #[test]
    fn ids_of_two_titles_are_told_with_both_of_them() {
        let claim = |id: &str, known_by: &str, media_type, tmdb_id, name: Option<&str>| Claim {
            id: id.into(),
            known_by: known_by.into(),
            media_type,
            tmdb_id,
            name: name.map(|name| (name.to_owned(), Some(1999))),
        };
        let claims = [
            claim("the entry's TMDB id", "", Some(Movie), 550, None),
            claim("tt1", "imdb look-up", Some(Tv), 550, Some("Fight Camp")),
            claim("TVDB's 9", "the entry", Some(Tv), 550, Some("Fight Camp")),
        ];
        assert!(claims[0].excludes(&claims[1]) && !claims[1].excludes(&claims[2]));
        assert!(!claim("x", "", None, 550, None).excludes(&claims[0]));
        let Identified::NeedsReview { why, candidates } =
            between(&item("Fight Club", 1999, Movie), &claims)
        else {
            panic!("not left to a person");
        };
        assert_eq!(
            why,
            "its ids mean different titles: the entry's TMDB id is movie 550; tt1 is show 550 \"Fight \
             Camp\" (1999), known by imdb look-up; TVDB's 9 is show 550 \"Fight Camp\" (1999), known by \
             the entry"
        );
        let told: Vec<_> = candidates
            .iter()
            .map(|one| (one.media_type, one.tmdb_id, one.title.as_str()))
            .collect();
        assert_eq!(told, [(Movie, 550, "Fight Club"), (Tv, 550, "Fight Camp")]);
        assert!((candidates[0].certainty - 0.5).abs() < 1e-9);
    }
}
