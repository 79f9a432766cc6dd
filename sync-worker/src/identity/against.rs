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
    trust::{DETAILS, beginning},
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
/// whose ids are not vouched for must be the details' own, or no other title's.
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
    if is_vouched || is_told || entry.title.trim().is_empty() || details.title.is_empty() {
        return Ok(None);
    }
    by_title(target, entry, own, details, probe).await
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
    let meant = match target.look_up(&contradiction.id).await {
        Ok(candidates) => candidates,
        Err(error) if error.ends_the_run() => return Err(error),
        // The contradiction is there, whatever the id is.
        Err(_) => Vec::new(),
    };
    if meant.iter().any(|one| is(one, own)) {
        return Ok(None);
    }
    let (source, id) = number::named(&contradiction.id);
    let mut claims = vec![taken_for(entry, own, details)];
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
fn taken_for(entry: &ListItem, own: Number, details: &Details) -> Claim {
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
        name: named_by_details(details),
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
    let mut wanted = Wanted::of(entry);
    wanted.media_type = Some(own.0);
    if entry.season.is_some() {
        wanted.year = None; // the season's
    }
    let itself = candidate(own, details);
    if matches!(
        judge(&wanted, std::slice::from_ref(&itself)),
        Verdict::Certain(_)
    ) {
        return Ok(None);
    }
    let found = trusted_search(target, &wanted.title, probe).await?;
    let fits = match judge(&wanted, &found) {
        Verdict::Certain(fit) => vec![fit],
        Verdict::Plausible(fits, _) => fits,
        Verdict::None(_) => Vec::new(),
    };
    let is_believed = if fits.is_empty() {
        found.iter().any(|one| is(one, own)) || !is_another(&wanted, &itself)
    } else {
        fits.iter().any(|fit| is(&fit.candidate, own))
    };
    Ok((!is_believed).then(|| Doubt {
        identified: two_titles(entry, itself, fits),
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

/// What becomes of an entry whose number is one title and whose own title is another's.
fn two_titles(entry: &ListItem, itself: Candidate, fits: Vec<Fit>) -> Identified {
    let name = |one: &Candidate| named(one.media_type, one.tmdb_id, Some((&one.title, one.year)));
    let of_list = with_year(&entry.title, entry.year);
    let other = fits.first().map_or_else(
        || format!("no title like {of_list}, as the list has it, leads there"),
        |fit| format!("{of_list}, as the list has it, is {}", name(&fit.candidate)),
    );
    let own = Fit {
        certainty: 0.5,
        reason: format!("{OWN_ID} is this"),
        candidate: itself,
    };
    Identified::NeedsReview {
        why: format!(
            "its number and its title mean different titles: {OWN_ID} is {}; {other}",
            name(&own.candidate)
        ),
        candidates: std::iter::once(own)
            .chain(fits)
            .map(ReviewCandidate::from)
            .collect(),
    }
}
