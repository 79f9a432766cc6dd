//! Holds what TMDB tells of a title against an entry that is taken for it. Costs no call where they agree;
//! where they do not, the title that is meant is asked for, so that a person can choose between the two.

use schema::models::{IdSource, ListItem, ReviewCandidate};

use super::{
    Identified, UpstreamProbe,
    ask::trusted_search,
    contradiction::{
        Called, Claim, Contradiction, EntryIds, between, contradicts, is_nothing_like, named,
        with_year,
    },
    ids::{OWN_ID, shown},
    number::{self, Number, is},
    score::{Fit, Verdict, judge},
    tmdb_id,
    trust::{DETAILS, Trust, beginning, trust},
    wanted::Wanted,
};
use crate::target::{Candidate, Details, Target, TargetError};

/// An entry that is not believed to be the title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doubt {
    /// Why, and what may be meant.
    pub(crate) identified: Identified,
    /// The entry's id, and the one title that TMDB says it is.
    pub(crate) meant: Option<(IdSource, String, Candidate)>,
}

impl Doubt {
    /// Why.
    pub(crate) fn why(&self) -> Option<&str> {
        match &self.identified {
            Identified::NeedsReview { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// Why an entry cannot be the title `own` with these details, if it cannot. The title and year of an entry
/// that a list's word led there, and whose ids are not vouched for, must be the details' own, or no other
/// title's.
///
/// # Errors
/// When the target cannot be asked what is meant instead.
pub(crate) async fn against<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    details: &Details,
    (is_vouched, probe): (bool, &UpstreamProbe),
) -> Result<Option<Doubt>, TargetError> {
    let ids = EntryIds::of(entry);
    if let Some(contradiction) = contradicts(&ids, details) {
        return by_id(target, entry, own, details, contradiction).await;
    }
    let is_told = ids.imdb_id.is_some() && ids.imdb_id == details.imdb_id;
    let has_titles = !entry.title.trim().is_empty() && !details.title.is_empty();
    if is_vouched || is_told || !has_titles || !is_lists_word(entry, own) {
        return Ok(None);
    }
    by_title(target, entry, own, details, probe).await
}

/// Why an entry cannot be the title `own` whose details nobody can read, if it cannot: its title leads to
/// another title and not there.
///
/// # Errors
/// When the target cannot be asked.
pub(crate) async fn unread<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    probe: &UpstreamProbe,
) -> Result<Option<Doubt>, TargetError> {
    let wanted = wanted_of(entry, own);
    let found = trusted_search(target, &wanted.title, probe).await?;
    let fits = fitting(&wanted, &found);
    if fits.is_empty() || found.iter().any(|one| is(one, own)) {
        return Ok(None);
    }
    let itself = Details {
        title: entry.title.clone(),
        year: entry.year,
        ..Details::default()
    };
    Ok(Some(Doubt {
        identified: two_titles(entry, (own, None), candidate(own, &itself), fits),
        meant: None,
    }))
}

/// Whether a list's word led to the title: the entry's own number, or an id or entry of another list; and
/// neither a look-up nor a search, which had the title in sight.
fn is_lists_word(entry: &ListItem, own: Number) -> bool {
    let reason = entry.identity_reason.as_deref();
    tmdb_id(entry) == Some(own.1) || reason.is_some_and(|how| trust(how) == Trust::Told)
}

/// What TMDB calls a title, where it tells.
pub(super) fn named_by_details(details: &Details) -> Option<(String, Option<i32>)> {
    (!details.title.is_empty()).then(|| (details.title.clone(), details.year))
}

/// The details tell another id than the entry. If TMDB's own look-up of the entry's id leads to the title
/// nevertheless, the id has only changed.
async fn by_id<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    details: &Details,
    contradiction: Contradiction,
) -> Result<Option<Doubt>, TargetError> {
    let meant = target.look_up(&contradiction.id).await?;
    if meant.iter().any(|one| is(one, own)) {
        return Ok(None);
    }
    let (source, id) = number::named(&contradiction.id);
    let mut claims = vec![taken_for(entry, own, named_by_details(details))];
    claims.extend(meant.iter().map(|one| Claim {
        id: shown(source, &id),
        known_by: format!("{source} look-up"),
        media_type: Some(one.media_type),
        tmdb_id: one.tmdb_id,
        name: Some((one.title.clone(), one.year)),
    }));
    let mut identified = between(entry, &claims);
    if let (true, Identified::NeedsReview { why, .. }) = (meant.is_empty(), &mut identified) {
        *why = format!("its ids mean different titles: {}", contradiction.why);
    }
    let only = <[Candidate; 1]>::try_from(meant).ok(); // of several titles none is meant
    Ok(Some(Doubt {
        identified,
        meant: only.map(|[one]| (source, id, one)),
    }))
}

/// What the entry was taken for, as TMDB names it.
fn taken_for(entry: &ListItem, own: Number, name: Option<(String, Option<i32>)>) -> Claim {
    let is_own = tmdb_id(entry) == Some(own.1);
    let reason = entry.identity_reason.as_deref().unwrap_or_default();
    let (id, known_by) = if is_own {
        (OWN_ID, DETAILS)
    } else {
        ("the entry", beginning(reason))
    };
    Claim {
        id: id.to_owned(),
        known_by: known_by.to_owned(),
        media_type: Some(own.0),
        tmdb_id: own.1,
        name,
    }
}

/// What the entry says of its title, season years aside.
fn wanted_of(entry: &ListItem, own: Number) -> Wanted {
    let mut wanted = Wanted::of(entry);
    wanted.media_type = Some(own.0);
    if entry.season.is_some() {
        wanted.year = None; // the season's
    }
    wanted
}

fn fitting(wanted: &Wanted, found: &[Candidate]) -> Vec<Fit> {
    match judge(wanted, found) {
        Verdict::Certain(fit) => vec![fit],
        Verdict::Plausible(fits, _) => fits,
        Verdict::None(_) => Vec::new(),
    }
}

/// Whether the entry's title is one that TMDB finds the number by, and no other title's.
async fn by_title<T: Target>(
    target: &T,
    entry: &ListItem,
    own: Number,
    details: &Details,
    probe: &UpstreamProbe,
) -> Result<Option<Doubt>, TargetError> {
    let wanted = wanted_of(entry, own);
    let itself = candidate(own, details);
    // That other titles have a short name too says nothing against the number.
    let of_its_year = Wanted {
        year: wanted.year.or(details.year),
        ..wanted.clone()
    };
    if matches!(
        judge(&of_its_year, std::slice::from_ref(&itself)),
        Verdict::Certain(_)
    ) {
        return Ok(None);
    }
    let found = trusted_search(target, &wanted.title, probe).await?;
    let fits = fitting(&wanted, &found);
    let is_believed = if fits.is_empty() {
        found.iter().any(|one| is(one, own)) || !is_another(&wanted, &itself)
    } else {
        fits.iter().any(|fit| is(&fit.candidate, own))
    };
    Ok((!is_believed).then(|| Doubt {
        identified: two_titles(entry, (own, named_by_details(details)), itself, fits),
        meant: None,
    }))
}

fn candidate((media_type, tmdb_id): Number, details: &Details) -> Candidate {
    Candidate {
        media_type,
        tmdb_id,
        title: details.title.clone(),
        original_title: details.original_title.clone(),
        alternative_titles: Vec::new(),
        year: details.year,
        popularity: 0.0,
        poster_path: None,
    }
}

fn is_another(wanted: &Wanted, there: &Candidate) -> bool {
    let titles =
        |title, original| -> Vec<&str> { std::iter::once(title).chain(original).collect() };
    let of_entry = titles(wanted.title.as_str(), wanted.original_title.as_deref());
    let of_number = titles(there.title.as_str(), there.original_title.as_deref());
    is_nothing_like(
        Called {
            titles: &of_entry,
            year: wanted.year,
        },
        Called {
            titles: &of_number,
            year: there.year,
        },
    )
}

/// What becomes of an entry that was taken for one title, called so as far as TMDB tells, and whose own
/// title is another's.
fn two_titles(
    entry: &ListItem,
    (own, name): (Number, Option<(String, Option<i32>)>),
    itself: Candidate,
    fits: Vec<Fit>,
) -> Identified {
    let mut claim = taken_for(entry, own, name);
    let what = if claim.id == OWN_ID {
        claim.known_by.clear(); // it is the list's own word
        "its number"
    } else {
        "what it was taken for"
    };
    let taken_for = claim.told();
    let name = |one: &Candidate| named(one.media_type, one.tmdb_id, Some((&one.title, one.year)));
    let of_list = with_year(&entry.title, entry.year);
    let other = fits.first().map_or_else(
        || format!("no title like {of_list}, as the list has it, leads there"),
        |fit| format!("{of_list}, as the list has it, is {}", name(&fit.candidate)),
    );
    let own = Fit {
        certainty: 0.5,
        reason: taken_for.clone(),
        candidate: itself,
    };
    Identified::NeedsReview {
        why: format!("{what} and its title mean different titles: {taken_for}; {other}"),
        candidates: std::iter::once(own)
            .chain(fits)
            .map(ReviewCandidate::from)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use schema::models::MediaType::{Movie, Tv};

    use super::{super::sample::item, *};
    use crate::target::in_memory::InMemory;

    fn called(title: &str, year: i32) -> Details {
        Details {
            title: title.into(),
            year: Some(year),
            ..Details::default()
        }
    }

    async fn doubted(shelf: &InMemory, entry: &ListItem, own: Number, details: &Details) -> String {
        let probe = UpstreamProbe::default();
        let doubt = against(shelf, entry, own, details, (false, &probe)).await;
        let why = doubt.unwrap().map(|doubt| doubt.why().unwrap().to_owned());
        why.unwrap_or_default()
    }

    #[actix_rt::test]
    async fn a_short_title_without_a_year_is_its_numbers_whoever_else_has_that_name() {
        let shelf = InMemory::new().movie(11868, "tt0051554", "Dracula", 1958);
        let entry = ListItem {
            tmdb_id: Some(138),
            ..item("Dracula", None, Movie)
        };
        let own = (Movie, 138);
        let why = doubted(&shelf, &entry, own, &called("Dracula", 1931)).await;
        assert_eq!((why.as_str(), shelf.look().asked.len()), ("", 0));
        let why = doubted(&shelf, &entry, own, &called("Paper Moon", 1973)).await;
        assert!(why.starts_with("its number and its title mean"), "{why}");
    }

    #[actix_rt::test]
    async fn what_a_look_up_or_a_search_led_to_is_not_doubted_for_its_title_and_a_lists_word_is() {
        let shelf = InMemory::new().movie(603, "tt0133093", "The Matrix", 1999);
        let led = |how: &str| ListItem {
            tvdb_id: Some(9),
            identity_reason: Some(how.to_owned()),
            ..item("The Matrix", 1999, None)
        };
        let moon = called("Paper Moon", 1973);
        for how in [
            "tvdb look-up",
            "title search: title equal, year equal",
            "TVDB's 9, known by title search: title equal",
        ] {
            assert_eq!(
                doubted(&shelf, &led(how), (Tv, 7), &moon).await,
                "",
                "{how}"
            );
        }
        assert_eq!(shelf.look().asked, [""; 0]);
        let entry = led("TVDB's 9, known by the entry's TMDB id");
        assert_eq!(
            doubted(&shelf, &entry, (Movie, 7), &moon).await,
            "what it was taken for and its title mean different titles: the entry is movie 7 \"Paper \
             Moon\" (1973), known by the entry's TMDB id; \"The Matrix\" (1999), as the list has it, is \
             movie 603 \"The Matrix\" (1999)"
        );
    }
}
