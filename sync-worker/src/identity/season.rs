//! Seasons that an entry names where a show is meant: `Fargo Season 2`, `True Detective S03`, `The
//! Crown: The Complete Fourth Season`. Which show it is, and whether its years allow for such a
//! season, is for [`super::certain`]. Pure.

/// A season that stands behind a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Season {
    pub(super) which: Which,
    pub(super) mark: Mark,
    /// The year before it, which is that of the show: `Fargo (2014) Season 2`.
    pub(super) first_year: Option<i32>,
}

/// Which season it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Number(u32),
    /// The final one, several, all, or one that goes by a name.
    Any,
}

/// How a season is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// In so many words, and nothing follows.
    Season,
    /// Something follows: an episode, or a name of the season.
    Episode,
    /// A bare number, which is a season of some shows and a sequel elsewhere.
    Numeral,
}

/// A final season is at most so many years younger than its show.
const LAST: i32 = 25;
/// The same for a season that is known by a name of its own.
const NAMED: i32 = 10;

impl Season {
    /// A season with a name of its own, of which nobody knows the number.
    pub(super) const BY_NAME: Self = Self {
        which: Which::Any,
        mark: Mark::Numeral,
        first_year: None,
    };

    /// Whether a show that began in the one year may have had this season in the other: two seasons
    /// in a year are as much as there are, and three years between them are long. Lists give the
    /// year of the show too.
    pub(super) fn fits(self, first: i32, year: i32) -> bool {
        let years = year.saturating_sub(first);
        match (self.which, self.mark) {
            (Which::Any, Mark::Numeral) => (0..=NAMED).contains(&years),
            (Which::Any, _) => (0..=LAST).contains(&years),
            (Which::Number(..=1), _) => years == 0,
            (Which::Number(number), _) => {
                let after = years.unsigned_abs();
                years == 0 || years > 0 && ((number - 1) / 2..=2 + 3 * number).contains(&after)
            }
        }
    }
}

/// A word, and where in the title it begins.
struct Token {
    text: String,
    start: usize,
}

/// The title before a season, and the season.
pub(super) fn season(title: &str) -> Option<(&str, Season)> {
    let tokens = tokens(title);
    let found = |start: usize, which, mark| {
        let front = front(title, tokens.get(start)?.start)?;
        let season = Season {
            which,
            mark,
            first_year: None,
        };
        Some((front, season))
    };
    if let Some((start, which)) = at_the_end(&tokens) {
        return found(start, which, Mark::Season);
    }
    if let Some((start, number)) = in_chinese(title) {
        let season = Season {
            which: Which::Number(number),
            mark: Mark::Season,
            first_year: None,
        };
        return front(title, start).map(|front| (front, season));
    }
    let inside = (1..tokens.len())
        .find_map(|index| before(tokens.get(..=index)?).filter(|(start, _)| *start > 0));
    if let Some((start, which)) = inside {
        return found(start, which, Mark::Episode);
    }
    let episode = tokens.iter().position(|token| is_episode(&token.text));
    if let Some(start) = episode {
        return found(start, Which::Any, Mark::Episode);
    }
    let last = tokens.last()?;
    let number = number(&last.text).filter(|number| (2..=9).contains(number))?;
    let is_numeral = !last.text.starts_with(char::is_alphabetic) || number_in_letters(last);
    is_numeral
        .then(|| found(tokens.len() - 1, Which::Number(number), Mark::Numeral))
        .flatten()
}

/// `iv`, and not `four`.
fn number_in_letters(token: &Token) -> bool {
    token
        .text
        .chars()
        .all(|sign| matches!(sign, 'i' | 'v' | 'x'))
}

/// The words of a title without the punctuation around them.
fn tokens(title: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for piece in title.split_inclusive(|sign: char| sign.is_whitespace() || "._".contains(sign)) {
        let text = piece.trim_matches(|sign: char| !sign.is_alphanumeric());
        if !text.is_empty() {
            let text = text.to_lowercase();
            tokens.push(Token { text, start });
        }
        start += piece.len();
    }
    tokens
}

/// The title up to the place, unless nothing but an article is left.
fn front(title: &str, end: usize) -> Option<&str> {
    let front = title
        .get(..end)?
        .trim_end_matches(|sign: char| sign.is_whitespace() || ":-–—,([{|._/~「【".contains(sign));
    let is_empty = !front.contains(char::is_alphanumeric);
    let is_article = ["the", "a", "an"].contains(&front.to_lowercase().as_str());
    (!is_empty && !is_article).then_some(front)
}

/// The season that the words end with, `part 2` and the like behind it left aside.
fn at_the_end(tokens: &[Token]) -> Option<(usize, Which)> {
    let mut end = tokens.len();
    while let Some(last) = end.checked_sub(1).and_then(|last| tokens.get(last))
        && matches!(
            last.text.as_str(),
            "complete" | "boxset" | "box" | "set" | "dvd"
        )
    {
        end -= 1;
    }
    let words = tokens.get(..end)?;
    if let Some(found) = before(words) {
        return Some(found);
    }
    let (rest, part) = words.split_at_checked(words.len().checked_sub(2)?)?;
    let [part, count] = part else { return None };
    let number = number(&count.text)?;
    match part.text.as_str() {
        "cour" => before(rest).or(Some((rest.len(), Which::Number(number)))),
        "part" | "pt" | "vol" | "volume" => before(rest),
        _ => None,
    }
}

/// The season that stands last in the words, and where it begins.
fn before(tokens: &[Token]) -> Option<(usize, Which)> {
    let (last, front) = tokens.split_last()?;
    let mut start = front.len();
    let which = if let Some(which) = in_short(&last.text) {
        which
    } else {
        let previous = front.last()?;
        start -= 1;
        named(&previous.text, &last.text)?
    };
    while let Some(word) = start.checked_sub(1).and_then(|index| tokens.get(index))
        && matches!(word.text.as_str(), "the" | "complete" | "entire")
    {
        start -= 1;
    }
    Some((start, which))
}

/// `season two`, `fourth season`, `complete series`.
fn named(one: &str, other: &str) -> Option<Which> {
    if is_season(one) {
        return number(other).map(Which::Number).or_else(|| several(other));
    }
    match (one, other) {
        ("complete", "series")
        | ("final" | "last", "season" | "series")
        | ("letzte", "staffel") => Some(Which::Any),
        _ if is_season(other) => ordinal(one).map(Which::Number),
        _ => None,
    }
}

fn is_season(word: &str) -> bool {
    matches!(
        word,
        "season"
            | "seasons"
            | "series"
            | "staffel"
            | "saison"
            | "temporada"
            | "stagione"
            | "seizoen"
            | "sezon"
            | "sezona"
            | "säsong"
            | "sæson"
            | "sesong"
            | "kausi"
            | "сезон"
            | "시즌"
    )
}

/// `s02`, `시즌2`; none for `s01-s03`.
fn in_short(word: &str) -> Option<Which> {
    let rest = word
        .strip_prefix('s')
        .or_else(|| word.strip_prefix("시즌"))?;
    if let Some((first, last)) = rest.split_once('-') {
        let last = last.strip_prefix('s').unwrap_or(last);
        return (digits(first).is_some() && digits(last).is_some()).then_some(Which::Any);
    }
    digits(rest).map(Which::Number)
}

/// `s06e01`.
fn is_episode(word: &str) -> bool {
    let parts = word.strip_prefix('s').and_then(|rest| rest.split_once('e'));
    parts.is_some_and(|(season, episode)| digits(season).is_some() && digits(episode).is_some())
}

/// `1-3`.
fn several(word: &str) -> Option<Which> {
    let (first, last) = word.split_once(['-', '–'])?;
    (digits(first).is_some() && digits(last).is_some()).then_some(Which::Any)
}

/// One or two digits.
fn digits(word: &str) -> Option<u32> {
    let is_short = matches!(word.len(), 1 | 2) && word.bytes().all(|byte| byte.is_ascii_digit());
    // Two digits are a number.
    is_short.then(|| word.parse().ok()).flatten()
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    const ROMAN: [&str; 12] = [
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii",
    ];
    let place = |words: &[&str], first: u32| {
        let mut numbered = words.iter().zip(first..);
        numbered
            .find(|(one, _)| **one == word)
            .map(|(_, number)| number)
    };
    digits(word)
        .or_else(|| place(&WORDS, 0))
        .or_else(|| place(&ROMAN, 1))
}

/// `2nd`, `second`, and what other languages say before their word for a season.
fn ordinal(word: &str) -> Option<u32> {
    const WORDS: [[&str; 5]; 6] = [
        ["first", "erste", "première", "primera", "primeira"],
        ["second", "zweite", "deuxième", "segunda", "seconda"],
        ["third", "dritte", "troisième", "tercera", "terceira"],
        ["fourth", "vierte", "quatrième", "cuarta", "quarta"],
        ["fifth", "fünfte", "cinquième", "quinta", ""],
        ["sixth", "sechste", "sixième", "sexta", ""],
    ];
    const MORE: [&str; 6] = ["seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"];
    let end = word
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(word.len());
    let (count, ending) = word.split_at_checked(end)?;
    let endings = [
        "", "st", "nd", "rd", "th", "e", "ª", "º", "a", "ème", "de", "re",
    ];
    let first_six = || {
        let mut numbered = WORDS.iter().zip(1..);
        numbered.find(|(words, _)| words.contains(&word))
    };
    let more = || MORE.iter().zip(7..).find(|(one, _)| **one == word);
    digits(count)
        .filter(|_| endings.contains(&ending))
        .or_else(|| first_six().map(|(_, number)| number))
        .or_else(|| more().map(|(_, number)| number))
}

/// `第二季` and `第2期`, which stand without a space.
fn in_chinese(title: &str) -> Option<(usize, u32)> {
    let start = title.rfind('第')?;
    let rest = title.trim_end().get(start + '第'.len_utf8()..)?;
    let count = rest.strip_suffix(['季', '期'])?.trim();
    let number = digits(count).or_else(|| {
        let mut numbered = "一二三四五六七八九十".chars().zip(1..);
        numbered
            .find(|(sign, _)| count.chars().eq([*sign]))
            .map(|(_, number)| number)
    });
    number.map(|number| (start, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(title: &str) -> String {
        season(title).map_or_else(String::new, |(front, season)| {
            let number = match season.which {
                Which::Number(number) => number.to_string(),
                Which::Any => "?".to_owned(),
            };
            format!("{front}|{number}|{:?}", season.mark)
        })
    }

    #[test]
    fn a_season_is_named_in_many_ways() {
        for (title, found) in [
            ("Fargo Season 2", "Fargo|2|Season"),
            ("Fargo (Season 2)", "Fargo|2|Season"),
            ("True Detective S03", "True Detective|3|Season"),
            ("S.W.A.T. S02", "S.W.A.T|2|Season"),
            ("The.Witcher.S02.COMPLETE", "The.Witcher|2|Season"),
            ("Twin Peaks: Season Three", "Twin Peaks|3|Season"),
            ("Skins - Series IV", "Skins|4|Season"),
            (
                "Boku no Hero Academia 5th Season",
                "Boku no Hero Academia|5|Season",
            ),
            (
                "The Crown: The Complete Fourth Season",
                "The Crown|4|Season",
            ),
            (
                "Attack on Titan: The Final Season Part 2",
                "Attack on Titan|?|Season",
            ),
            ("Re:Zero 2nd Season Part 2", "Re:Zero|2|Season"),
            ("Spy x Family Cour 2", "Spy x Family|2|Season"),
            ("Dark – Staffel 3", "Dark|3|Season"),
            ("Dark 3. Staffel", "Dark|3|Season"),
            (
                "La casa de papel: segunda temporada",
                "La casa de papel|2|Season",
            ),
            ("Кухня 2 сезон", "Кухня|2|Season"),
            ("오징어 게임 시즌 2", "오징어 게임|2|Season"),
            ("进击的巨人 第二季", "进击的巨人|2|Season"),
            ("Friends Seasons 1-10", "Friends|?|Season"),
            ("Friends S01-S10", "Friends|?|Season"),
            ("Breaking Bad: The Complete Series", "Breaking Bad|?|Season"),
            (
                "Black Mirror S06E01 Joan Is Awful",
                "Black Mirror|?|Episode",
            ),
            (
                "American Horror Story Season 5: Hotel",
                "American Horror Story|5|Episode",
            ),
            ("Overlord IV", "Overlord|4|Numeral"),
            ("Squid Game 2", "Squid Game|2|Numeral"),
        ] {
            assert_eq!(told(title), found, "{title}");
        }
    }

    #[test]
    fn a_title_with_the_word_in_it_names_no_season() {
        for title in [
            "The Final Season",
            "Season of the Witch",
            "The Four Seasons",
            "Season 2",
            "A Man for All Seasons",
            "Series 7: The Contenders",
            "Apollo 13",
            "Blade Runner 2049",
            "Four",
            "",
        ] {
            assert_eq!(told(title), "", "{title}");
        }
    }

    #[test]
    fn the_number_of_a_season_tells_how_much_later_than_the_first_it_may_be() {
        let fits = |title: &str, years: i32| {
            season(title).is_some_and(|(_, season)| season.fits(2000, 2000 + years))
        };
        for (title, years, does_fit) in [
            ("X Season 1", 0, true),
            ("X Season 1", 1, false),
            ("X Season 2", 0, true),
            ("X Season 2", 8, true),
            ("X Season 2", 9, false),
            ("X Season 2", -1, false),
            ("X Season 9", 3, false),
            ("X Season 9", 4, true),
            ("X Final Season", 20, true),
            ("X Final Season", 40, false),
        ] {
            assert_eq!(fits(title, years), does_fit, "{title} after {years}");
        }
    }
}
