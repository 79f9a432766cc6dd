//! Which of the titles that a search found an entry is: certain, plausible, or none, always with the
//! reason. Pure. Popularity never decides.

use schema::models::{ListItem, MediaType};

use super::fold::Folded;
use crate::target::Candidate;

/// Plausible whatever its year.
const ALIKE: f64 = 0.85;
/// Plausible when the year fits.
const ALIKE_WITH_YEAR: f64 = 0.7;
/// So many are named to the person who picks.
const NAMED: usize = 5;

/// What an entry tells of its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) title: String,
    pub(super) original_title: Option<String>,
    pub(super) year: Option<i32>,
    pub(super) media_type: Option<MediaType>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// One title and no other.
    Certain(Candidate, String),
    /// A person must pick; the likeliest first.
    Plausible(Vec<Candidate>, String),
    /// Nothing fits.
    None(String),
}

impl Wanted {
    /// A year in brackets at the end of the title counts where the list gives none.
    pub(super) fn of(item: &ListItem) -> Self {
        let (title, year) = without_year(&item.title);
        Self {
            title: title.to_owned(),
            original_title: item
                .original_title
                .as_deref()
                .map(|title| without_year(title).0.to_owned())
                .filter(|original| !original.is_empty() && original != title),
            year: item.year.or(year),
            media_type: item.media_type,
        }
    }
}

/// `Dune (1984)` is `Dune` of 1984.
fn without_year(title: &str) -> (&str, Option<i32>) {
    let title = title.trim();
    let Some((front, year)) = title
        .strip_suffix(')')
        .and_then(|open| open.rsplit_once('('))
    else {
        return (title, None);
    };
    match year.trim().parse() {
        Ok(year @ 1870..=2200) if !front.trim().is_empty() => (front.trim(), Some(year)),
        _ => (title, None),
    }
}

/// How two titles compare, better ones greater.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Titles {
    /// 0 to 1.
    Alike(f64),
    EqualButForTheArticle,
    Equal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Years {
    Equal,
    Off(u32),
    NotGiven,
    NotThere,
}

/// One candidate held against the entry.
#[derive(Clone, Debug)]
struct Compared<'a> {
    candidate: &'a Candidate,
    titles: Titles,
    is_original: bool,
    years: Years,
    is_other_type: bool,
    /// The entry's title is the beginning of the candidate's, or the other way round.
    begins_alike: bool,
}

impl<'a> Compared<'a> {
    fn new(wanted: &Wanted, candidate: &'a Candidate) -> Self {
        let wished = [
            Some(wanted.title.as_str()),
            wanted.original_title.as_deref(),
        ];
        let there = [
            Some(candidate.title.as_str()),
            candidate.original_title.as_deref(),
        ];
        let mut titles = Titles::Alike(0.0);
        let mut is_original = false;
        let mut begins_alike = false;
        for (wished_nth, wished) in wished.into_iter().enumerate() {
            for (there_nth, there) in there.into_iter().enumerate() {
                let (Some(wished), Some(there)) = (wished, there) else {
                    continue;
                };
                let (wished, there) = (Folded::of(wished), Folded::of(there));
                let found = compare(&wished, &there);
                if found > titles {
                    titles = found;
                    is_original = wished_nth + there_nth > 0;
                }
                begins_alike |=
                    begins(&wished.bare, &there.bare) || begins(&there.bare, &wished.bare);
            }
        }
        Self {
            candidate,
            titles,
            is_original,
            years: match (wanted.year, candidate.year) {
                (None, _) => Years::NotGiven,
                (_, None) => Years::NotThere,
                (Some(one), Some(other)) if one == other => Years::Equal,
                (Some(one), Some(other)) => Years::Off(one.abs_diff(other)),
            },
            is_other_type: wanted
                .media_type
                .is_some_and(|media_type| media_type != candidate.media_type),
            begins_alike,
        }
    }

    fn has_equal_title(&self) -> bool {
        !matches!(self.titles, Titles::Alike(_))
    }

    fn is_plausible(&self) -> bool {
        let fits_year = matches!(self.years, Years::Equal | Years::Off(1));
        match self.titles {
            Titles::Equal | Titles::EqualButForTheArticle => true,
            Titles::Alike(_) if self.is_other_type => false,
            Titles::Alike(alike) => {
                alike >= ALIKE
                    || fits_year && alike >= ALIKE_WITH_YEAR
                    || self.years == Years::Equal && self.begins_alike
            }
        }
    }

    /// For sorting: what a person should see first.
    fn score(&self) -> f64 {
        let title = match self.titles {
            Titles::Equal => 1.0,
            Titles::EqualButForTheArticle => 0.99,
            Titles::Alike(alike) => alike,
        };
        let year = match self.years {
            Years::Equal => 0.5,
            Years::Off(1) => 0.4,
            Years::NotGiven | Years::NotThere => 0.2,
            Years::Off(_) => 0.0,
        };
        title + year - if self.is_other_type { 0.5 } else { 0.0 }
    }

    /// `title equal, year off by 1`
    fn explained(&self) -> String {
        let which = if self.is_original {
            "original title"
        } else {
            "title"
        };
        let title = match self.titles {
            Titles::Equal => format!("{which} equal"),
            Titles::EqualButForTheArticle => format!("{which} equal but for the article"),
            Titles::Alike(alike) => {
                format!("{which} {alike:.2} alike (\"{}\")", self.candidate.title)
            }
        };
        let year = match self.years {
            Years::Equal => "year equal".to_owned(),
            Years::Off(years) => format!("year off by {years}"),
            Years::NotGiven => "the list gives no year".to_owned(),
            Years::NotThere => "TMDB has no year".to_owned(),
        };
        let kind = match (self.is_other_type, self.candidate.media_type) {
            (false, _) => "",
            (true, MediaType::Movie) => ", but it is a movie",
            (true, MediaType::Tv) => ", but it is a show",
        };
        format!("{title}, {year}{kind}")
    }

    /// `"Pinocchio" (2022, movie 532639): title equal, year equal`
    fn named(&self) -> String {
        let Candidate {
            media_type,
            tmdb_id,
            title,
            year,
            ..
        } = self.candidate;
        let year = year.map_or_else(|| "no year".to_owned(), |year| year.to_string());
        let kind = match media_type {
            MediaType::Movie => "movie",
            MediaType::Tv => "show",
        };
        format!(
            "\"{title}\" ({year}, {kind} {tmdb_id}): {}",
            self.explained()
        )
    }
}

fn compare(one: &Folded, other: &Folded) -> Titles {
    if one.full.is_empty() || other.full.is_empty() {
        Titles::Alike(0.0)
    } else if one.full == other.full {
        Titles::Equal
    } else if one.bare == other.bare {
        Titles::EqualButForTheArticle
    } else {
        Titles::Alike(strsim::normalized_levenshtein(&one.full, &other.full))
    }
}

/// Whether `long` is `short` and more words; one word is not enough to go by.
fn begins(long: &str, short: &str) -> bool {
    short.contains(' ')
        && long
            .strip_prefix(short)
            .is_some_and(|rest| rest.starts_with(' '))
}

/// Holds what a search found against what the entry tells.
///
/// Certain is a title that is equal after folding, of the type the list tells, and of the same year;
/// or off by one year with no other as good. Without a year it must be the only one of that title.
pub(super) fn judge(wanted: &Wanted, candidates: &[Candidate]) -> Verdict {
    let mut compared: Vec<Compared> = candidates
        .iter()
        .map(|candidate| Compared::new(wanted, candidate))
        .collect();
    compared.sort_by(|one, other| other.score().total_cmp(&one.score()));
    let equal: Vec<&Compared> = compared
        .iter()
        .filter(|one| one.has_equal_title() && !one.is_other_type)
        .collect();
    if let Some(certain) = certain(&equal) {
        return Verdict::Certain(certain.candidate.clone(), certain.explained());
    }
    let plausible: Vec<&Compared> = compared.iter().filter(|one| one.is_plausible()).collect();
    if !plausible.is_empty() {
        return Verdict::Plausible(
            plausible.iter().map(|one| one.candidate.clone()).collect(),
            named(&plausible),
        );
    }
    Verdict::None(match compared.first() {
        None => "nothing found".to_owned(),
        Some(best) => format!("best of {} found: {}", compared.len(), best.named()),
    })
}

fn certain<'a>(equal: &[&'a Compared<'a>]) -> Option<&'a Compared<'a>> {
    let of = |years: &[Years]| -> Vec<&'a Compared<'a>> {
        equal
            .iter()
            .copied()
            .filter(|one| years.contains(&one.years))
            .collect()
    };
    match of(&[Years::Equal]).as_slice() {
        [] => {}
        same_year => return the_best(same_year),
    }
    // Nobody of the same year: a neighbour counts when no other could be meant.
    let near = of(&[Years::Off(1), Years::NotThere]);
    if let [only] = near.as_slice() {
        return (only.years == Years::Off(1)).then_some(*only);
    }
    match equal {
        [only] if only.years == Years::NotGiven => Some(*only),
        _ => None,
    }
}

/// The only one, or the only one whose title is equal to the last article.
fn the_best<'a>(same_year: &[&'a Compared<'a>]) -> Option<&'a Compared<'a>> {
    let mut to_the_article = same_year.iter().filter(|one| one.titles == Titles::Equal);
    match (same_year, to_the_article.next(), to_the_article.next()) {
        ([only], _, _) | (_, Some(only), None) => Some(*only),
        _ => None,
    }
}

fn named(plausible: &[&Compared]) -> String {
    let count = plausible.len();
    let mut text: Vec<String> = plausible
        .iter()
        .take(NAMED)
        .map(|one| one.named())
        .collect();
    if count > NAMED {
        text.push(format!("and {} more", count - NAMED));
    }
    let fit = if count == 1 {
        "1 title fits, not certainly".to_owned()
    } else {
        format!("{count} titles fit")
    };
    format!("{fit}: {}", text.join("; "))
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};

    use super::*;

    fn wanted(
        title: &str,
        year: impl Into<Option<i32>>,
        media_type: impl Into<Option<MediaType>>,
    ) -> Wanted {
        Wanted {
            title: title.into(),
            original_title: None,
            year: year.into(),
            media_type: media_type.into(),
        }
    }

    fn found(
        media_type: MediaType,
        tmdb_id: i64,
        title: &str,
        year: impl Into<Option<i32>>,
    ) -> Candidate {
        Candidate {
            media_type,
            tmdb_id,
            title: title.into(),
            original_title: None,
            year: year.into(),
            popularity: 1.0,
        }
    }

    /// `603: title equal, year equal`, `2?: …` or `none: …`.
    fn told(wanted: &Wanted, candidates: &[Candidate]) -> String {
        match judge(wanted, candidates) {
            Verdict::Certain(candidate, why) => format!("{}: {why}", candidate.tmdb_id),
            Verdict::Plausible(candidates, why) => format!("{}? {why}", candidates.len()),
            Verdict::None(why) => format!("none: {why}"),
        }
    }

    #[test]
    fn equal_title_and_year_is_certain() {
        let candidates = [
            found(Movie, 603, "The Matrix", 1999),
            found(Movie, 604, "The Matrix Reloaded", 2003),
        ];
        assert_eq!(
            told(&wanted("Matrix, The", 1999, Movie), &candidates),
            "603: title equal, year equal"
        );
    }

    #[test]
    fn of_remakes_the_one_of_the_year_is_meant() {
        let dunes = [
            found(Movie, 438_631, "Dune", 2021),
            found(Movie, 841, "Dune", 1984),
        ];
        assert_eq!(
            told(&wanted("Dune", 1984, Movie), &dunes),
            "841: title equal, year equal"
        );
        assert_eq!(
            told(&wanted("Dune", 2021, Movie), &dunes),
            "438631: title equal, year equal"
        );
        assert!(told(&wanted("Dune", 2003, Movie), &dunes).starts_with("2? "));
        assert!(told(&wanted("Dune", None, Movie), &dunes).starts_with("2? "));
    }

    #[test]
    fn popularity_decides_nothing() {
        let mut dunes = [
            found(Movie, 438_631, "Dune", 2021),
            found(Movie, 841, "Dune", 1984),
        ];
        dunes[0].popularity = 10_000.0;
        assert!(told(&wanted("Dune", None, Movie), &dunes).starts_with("2? "));
        assert_eq!(
            told(&wanted("Dune", 1984, Movie), &dunes),
            "841: title equal, year equal"
        );
    }

    #[test]
    fn a_longer_title_is_not_the_shorter_one() {
        let longer = [found(Movie, 9, "Her Private Hell", 2013)];
        assert_eq!(
            told(&wanted("Her", 2013, Movie), &longer),
            "none: best of 1 found: \"Her Private Hell\" (2013, movie 9): title 0.19 alike (\"Her Private Hell\"), year equal"
        );
        let both = [longer[0].clone(), found(Movie, 152_601, "Her", 2013)];
        assert_eq!(
            told(&wanted("Her", 2013, Movie), &both),
            "152601: title equal, year equal"
        );
    }

    #[test]
    fn a_movie_is_not_the_show_of_the_same_name() {
        let both = [
            found(Tv, 1, "Fargo", 2014),
            found(Movie, 275, "Fargo", 1996),
        ];
        assert_eq!(
            told(&wanted("Fargo", 1996, Movie), &both),
            "275: title equal, year equal"
        );
        assert_eq!(
            told(&wanted("Fargo", 2014, Tv), &both),
            "1: title equal, year equal"
        );
        assert_eq!(
            told(&wanted("Fargo", None, Tv), &both),
            "1: title equal, the list gives no year"
        );
        assert!(told(&wanted("Fargo", None, None), &both).starts_with("2? "));
        assert_eq!(
            told(&wanted("Fargo", 2014, Movie), &both[..1]),
            "1? 1 title fits, not certainly: \"Fargo\" (2014, show 1): title equal, year equal, but it is a show"
        );
    }

    #[test]
    fn a_movie_and_a_show_of_one_name_and_year_need_a_person_unless_the_list_tells() {
        let both = [found(Tv, 1, "Dark", 2017), found(Movie, 2, "Dark", 2017)];
        assert!(told(&wanted("Dark", 2017, None), &both).starts_with("2? "));
        assert_eq!(
            told(&wanted("Dark", 2017, Tv), &both),
            "1: title equal, year equal"
        );
    }

    #[test]
    fn accents_and_punctuation_do_not_count() {
        let candidates = [found(Movie, 194, "Amélie", 2001)];
        assert_eq!(
            told(&wanted("AMELIE!", 2001, Movie), &candidates),
            "194: title equal, year equal"
        );
    }

    #[test]
    fn a_year_off_by_one_is_certain_only_alone() {
        let one = [found(Movie, 1, "Coherence", 2014)];
        assert_eq!(
            told(&wanted("Coherence", 2013, Movie), &one),
            "1: title equal, year off by 1"
        );
        let both_sides = [
            found(Movie, 1, "Coherence", 2014),
            found(Movie, 2, "Coherence", 2012),
        ];
        assert!(told(&wanted("Coherence", 2013, Movie), &both_sides).starts_with("2? "));
        let and_undated = [
            found(Movie, 1, "Coherence", 2014),
            found(Movie, 2, "Coherence", None),
        ];
        assert!(told(&wanted("Coherence", 2013, Movie), &and_undated).starts_with("2? "));
        let and_far = [
            found(Movie, 1, "Coherence", 2014),
            found(Movie, 2, "Coherence", 1950),
        ];
        assert_eq!(
            told(&wanted("Coherence", 2013, Movie), &and_far),
            "1: title equal, year off by 1"
        );
        let and_equal = [
            found(Movie, 1, "Coherence", 2014),
            found(Movie, 2, "Coherence", 2013),
        ];
        assert_eq!(
            told(&wanted("Coherence", 2013, Movie), &and_equal),
            "2: title equal, year equal"
        );
    }

    #[test]
    fn a_year_far_off_needs_a_person() {
        let candidates = [found(Movie, 1, "Solaris", 1972)];
        assert_eq!(
            told(&wanted("Solaris", 2002, Movie), &candidates),
            "1? 1 title fits, not certainly: \"Solaris\" (1972, movie 1): title equal, year off by 30"
        );
        let undated = [found(Movie, 1, "Solaris", None)];
        assert_eq!(
            told(&wanted("Solaris", 2002, Movie), &undated),
            "1? 1 title fits, not certainly: \"Solaris\" (no year, movie 1): title equal, TMDB has no year"
        );
    }

    #[test]
    fn without_a_year_only_a_single_title_of_the_name_is_certain() {
        let candidates = [
            found(Movie, 1, "Parasite", 2019),
            found(Movie, 2, "Parasite Eve", 1997),
        ];
        assert_eq!(
            told(&wanted("Parasite", None, None), &candidates),
            "1: title equal, the list gives no year"
        );
        let with_article = [
            found(Movie, 1, "Parasite", 2019),
            found(Movie, 2, "The Parasite", 1997),
        ];
        assert!(told(&wanted("Parasite", None, None), &with_article).starts_with("2? "));
    }

    #[test]
    fn the_original_title_counts_as_the_title() {
        let mut away = found(Movie, 129, "Spirited Away", 2001);
        away.original_title = Some("千と千尋の神隠し".into());
        assert_eq!(
            told(&wanted("千と千尋の神隠し", 2001, Movie), &[away.clone()]),
            "129: original title equal, year equal"
        );
        let mut entry = wanted("Chihiros Reise ins Zauberland", 2001, Movie);
        entry.original_title = Some("千と千尋の神隠し".into());
        assert_eq!(
            told(&entry, &[away]),
            "129: original title equal, year equal"
        );
    }

    #[test]
    fn two_titles_of_one_name_and_year_need_a_person() {
        let both = [
            found(Movie, 1, "Pinocchio", 2022),
            found(Movie, 2, "Pinocchio", 2022),
        ];
        assert_eq!(
            told(&wanted("Pinocchio", 2022, Movie), &both),
            "2? 2 titles fit: \"Pinocchio\" (2022, movie 1): title equal, year equal; \"Pinocchio\" (2022, movie 2): title equal, year equal"
        );
    }

    #[test]
    fn an_article_tells_two_titles_of_one_year_apart() {
        let both = [
            found(Movie, 1, "The Guest", 2014),
            found(Movie, 2, "Guest", 2014),
        ];
        assert_eq!(
            told(&wanted("Guest", 2014, Movie), &both),
            "2: title equal, year equal"
        );
        assert_eq!(
            told(&wanted("The Guest", 2014, Movie), &both),
            "1: title equal, year equal"
        );
        assert_eq!(
            told(&wanted("A Guest", 2014, Movie), &both[..1]),
            "1: title equal but for the article, year equal"
        );
        assert!(told(&wanted("A Guest", 2014, Movie), &both).starts_with("2? "));
    }

    #[test]
    fn alike_is_plausible_and_never_certain() {
        let candidates = [found(Movie, 1, "Star Trek Into Darkness", 2013)];
        assert_eq!(
            told(&wanted("Star Trek In Darkness", 2010, Movie), &candidates),
            "1? 1 title fits, not certainly: \"Star Trek Into Darkness\" (2013, movie 1): title 0.91 alike (\"Star Trek Into Darkness\"), year off by 3"
        );
        let longer = [found(
            Movie,
            1,
            "Birds of Prey (and the Fantabulous Emancipation of One Harley Quinn)",
            2020,
        )];
        assert!(told(&wanted("Birds of Prey", 2020, Movie), &longer).starts_with("1? "));
        assert!(told(&wanted("Birds of Prey", 2002, Movie), &longer).starts_with("none: "));
    }

    #[test]
    fn nothing_found_is_none() {
        assert_eq!(
            told(&wanted("Xyzzy", 2000, Movie), &[]),
            "none: nothing found"
        );
        assert!(told(&wanted("", None, None), &[found(Movie, 1, "", None)]).starts_with("none: "));
    }

    #[test]
    fn many_fits_are_named_in_part() {
        let many: Vec<Candidate> = (1..=8).map(|id| found(Movie, id, "Hamlet", 1900)).collect();
        assert!(told(&wanted("Hamlet", 1900, Movie), &many).ends_with("; and 3 more"));
    }

    #[test]
    fn a_year_in_brackets_belongs_to_the_year() {
        assert_eq!(without_year("Dune (1984)"), ("Dune", Some(1984)));
        assert_eq!(without_year("(500) Days"), ("(500) Days", None));
        assert_eq!(without_year("(1984)"), ("(1984)", None));
        assert_eq!(
            without_year("Blade Runner 2049"),
            ("Blade Runner 2049", None)
        );
        assert_eq!(without_year("Scream (VI)"), ("Scream (VI)", None));
    }
}
