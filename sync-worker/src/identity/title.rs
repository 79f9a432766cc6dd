//! A title in the forms in which [`super::likeness`] compares it. Pure.

use super::{
    cut,
    fold::{self, Word},
    numbers::{self, is_number, is_part},
};

/// A title, folded once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Folded {
    /// Words with single spaces, the article in front where the title has one.
    pub(super) full: String,
    /// Without spaces, each number in digits, each abbreviation in one way.
    pub(super) loose: String,
    /// Words of `loose` without articles.
    pub(super) core: Vec<Word>,
    /// `core` without spaces.
    pub(super) bare: String,
    /// Roughly what it sounds like, in Latin letters.
    pub(super) sound: String,
    /// What the part before a colon or a dash sounds like, where something follows it.
    pub(super) front_sound: Option<String>,
    /// Numbers that tell sequels apart; the first part of something is not one.
    pub(super) sequels: Vec<String>,
    /// A season beyond the first that the title ends with: its number, or `season` for the final one.
    pub(super) season: Option<String>,
    /// Written with Latin letters only.
    pub(super) is_latin: bool,
    /// Digits or asterisks stand for letters in one of its words, or may: `se7en`, `sh*t`.
    pub(super) has_mixed_word: bool,
    /// Longer than what was read of it.
    pub(super) is_cut: bool,
    /// Letters and digits that look alike as one: `rocky 11` and `rocky ii`, `mernento`.
    pub(super) looks: String,
    /// Dots stand behind it, as where a list cuts a title off.
    pub(super) ends_with_dots: bool,
}

impl Folded {
    /// Folds a title. Empty only for an empty title.
    pub(super) fn of(title: &str) -> Self {
        let article = foreign_article(title);
        let mut words = fold::words(title);
        // A slip: `The The` alone is a name.
        if let [first, second, _, ..] = words.as_slice()
            && first.text == "the"
            && second.text == "the"
        {
            words.remove(0);
        }
        let looks = looks(&words);
        numbers::numerals(&mut words);
        let mut loose = numbers::digits(&words);
        let last = loose.len().saturating_sub(1);
        for (index, word) in loose.iter_mut().enumerate() {
            if let Some(usual) = usual(&word.text, index > 0, index > 0 && index == last) {
                usual.clone_into(&mut word.text);
            }
        }
        let core = without_articles(&loose, article);
        let bare = joined(&core);
        Self {
            full: spaced(&words),
            loose: joined(&loose),
            sound: super::sound::of(&core),
            front_sound: core
                .iter()
                .position(|word| word.ends_part)
                .filter(|end| end + 1 < core.len())
                .and_then(|end| core.get(..=end))
                .map(super::sound::of),
            sequels: sequels(&core),
            season: season(&core),
            is_latin: bare.chars().all(is_latin),
            has_mixed_word: core.iter().any(|word| is_mixed(&word.text)),
            is_cut: fold::is_too_long(title),
            looks,
            ends_with_dots: cut::ends_with_dots(title),
            core,
            bare,
        }
    }

    /// How many letters the title has to be known by. A sign that is a word or syllable counts for
    /// more than one.
    pub(super) fn weight(&self) -> usize {
        self.bare
            .chars()
            .map(|sign| match sign {
                '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}' => 2,
                '\u{3400}'..='\u{9fff}' => 3,
                _ => 1,
            })
            .sum()
    }
}

/// What a scan of the title may be read as.
fn looks(words: &[Word]) -> String {
    let mut text: String = words.iter().map(|word| word.text.as_str()).collect();
    for (from, to) in [("rn", "m"), ("vv", "w"), ("1", "l"), ("i", "l"), ("0", "o")] {
        text = text.replace(from, to);
    }
    text
}

fn spaced(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

/// Without spaces, and without the word before a number that counts parts: `godfather part 2` is
/// also called `godfather 2`.
fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let counts = matches!(word.text.as_str(), "part" | "chapter" | "volume")
            && words.peek().is_some_and(|next| is_number(&next.text));
        if !counts || text.is_empty() {
            text.push_str(&word.text);
        }
    }
    text
}

fn is_latin(sign: char) -> bool {
    !sign.is_alphabetic() || matches!(sign, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Articles of other languages that are no word of English: `Die Hard` and `Los Angeles` begin with
/// none. They are recognised as they are written, `L.A.` is not one.
const FOREIGN_ARTICLES: [&str; 18] = [
    "le", "la", "les", "un", "une", "der", "das", "ein", "eine", "el", "il", "lo", "gli", "uno",
    "una", "het", "ett", "os",
];

/// Letters of the foreign article that the title begins with.
fn foreign_article(title: &str) -> Option<String> {
    let title = title.trim();
    let (first, rest) = title.split_once(char::is_whitespace).unwrap_or((title, ""));
    let article: String = first
        .chars()
        .take(20)
        .flat_map(char::to_lowercase)
        .collect();
    // `Boot, Das` is `Das Boot` by now.
    if let Some((_, last)) = title.rsplit_once(',') {
        let last = last.trim().to_lowercase();
        if FOREIGN_ARTICLES.contains(&last.as_str()) {
            return Some(last);
        }
    }
    if FOREIGN_ARTICLES.contains(&article.as_str()) && !rest.trim().is_empty() {
        return Some(article);
    }
    let elided = ["l'", "l’"].iter().find(|it| article.starts_with(**it))?;
    (article.len() > elided.len() + 2).then(|| "l".to_owned())
}

/// `the` wherever it stands, `a`, `an` and other languages' articles in front.
fn without_articles(words: &[Word], foreign: Option<String>) -> Vec<Word> {
    let mut core: Vec<Word> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let is_last = index + 1 == words.len();
        let is_article = match word.text.as_str() {
            "the" => !(is_last && core.is_empty()),
            "a" | "an" => index == 0 && !is_last,
            text => index == 0 && !is_last && foreign.as_deref() == Some(text),
        };
        if is_article {
            if let Some(before) = core.last_mut() {
                before.ends_part |= word.ends_part;
            }
            continue;
        }
        let mut word = word.clone();
        if index == 0
            && foreign.as_deref() == Some("l")
            && word.text.starts_with('l')
            && word.text.len() > 1
        {
            word.text = word.text.split_off(1);
        }
        core.push(word);
    }
    core
}

/// The usual form of a word that is written in several ways.
fn usual(word: &str, is_inside: bool, is_last: bool) -> Option<&'static str> {
    Some(match word {
        "und" | "et" | "y" | "e" | "n" | "og" | "och" if is_inside && !is_last => "and",
        "versus" | "v" if is_inside && !is_last => "vs",
        "doctor" => "dr",
        "mister" => "mr",
        "missus" | "mistress" => "mrs",
        "saint" | "sankt" => "st",
        "street" if is_last => "st",
        "mount" => "mt",
        "junior" => "jr",
        "senior" => "sr",
        // Letter and nought are mixed up.
        "o" if is_last => "0",
        "wo" if is_inside => "o",
        "okay" => "ok",
        "colour" => "color",
        "colours" => "colors",
        "favourite" => "favorite",
        "favour" => "favor",
        "honour" => "honor",
        "honourable" => "honorable",
        "neighbour" => "neighbor",
        "neighbours" => "neighbors",
        "neighbourhood" => "neighborhood",
        "harbour" => "harbor",
        "armour" => "armor",
        "rumour" => "rumor",
        "rumours" => "rumors",
        "humour" => "humor",
        "labour" => "labor",
        "grey" => "gray",
        "theatre" => "theater",
        "centre" => "center",
        "defence" => "defense",
        "offence" => "offense",
        "licence" => "license",
        "programme" => "program",
        "jewellery" => "jewelry",
        "traveller" => "traveler",
        "travellers" => "travelers",
        "tyre" => "tire",
        "pyjamas" => "pajamas",
        _ => return None,
    })
}

fn sequels(words: &[Word]) -> Vec<String> {
    let mut follows_part = false;
    let mut sequels = Vec::new();
    for word in words {
        if numbers::is_sequel(word, follows_part) {
            sequels.push(word.text.clone());
        }
        follows_part = is_part(&word.text);
    }
    sequels
}

fn season(words: &[Word]) -> Option<String> {
    let [.., _, season, number] = words else {
        return None;
    };
    let is_last = season.text == "final" && number.text == "season";
    let is_season = season.text == "season" && is_number(&number.text) && number.text != "1";
    (is_season || is_last).then(|| number.text.clone())
}

fn is_mixed(word: &str) -> bool {
    word.starts_with(char::is_alphabetic)
        && word
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(title: &str) -> String {
        let words: Vec<String> = Folded::of(title)
            .core
            .into_iter()
            .map(|word| word.text)
            .collect();
        words.join(" ")
    }

    #[test]
    fn the_bare_form_has_no_articles() {
        for (title, without) in [
            ("The Thing", "thing"),
            ("Thing, The", "thing"),
            ("A", "a"),
            ("The The", "the"),
            ("The A-Team", "a team"),
            ("Star Wars: The Clone Wars", "star wars clone wars"),
            ("L'Avventura", "avventura"),
            ("Les Misérables", "miserables"),
            ("Das Boot", "boot"),
            ("Boot, Das", "boot"),
            ("Die Hard", "die hard"),
            ("Los Angeles", "los angeles"),
            ("L.A. Confidential", "la confidential"),
            ("La", "la"),
            ("L'", "l"),
        ] {
            assert_eq!(bare(title), without, "{title}");
        }
    }

    #[test]
    fn the_loose_form_knows_no_spaces_abbreviations_and_words_for_numbers() {
        let loose = |title: &str| Folded::of(title).loose;
        for (one, other) in [
            ("Spider-Man", "Spiderman"),
            ("9-1-1", "911"),
            ("Doctor Who", "Dr. Who"),
            ("Batman v Superman", "Batman vs. Superman"),
            ("Tom und Jerry", "Tom & Jerry"),
            ("Astérix et Obélix", "Asterix and Obelix"),
            ("The Favourite", "The Favorite"),
            ("21 Jump St.", "21 Jump Street"),
            ("Ocean's 11", "Ocean's Eleven"),
            ("Godfather II", "Godfather: Part Two"),
            ("John Wick 4", "John Wick: Chapter 4"),
        ] {
            assert_eq!(loose(one), loose(other), "{one} / {other}");
        }
    }

    #[test]
    fn numbers_that_tell_sequels_apart_are_found() {
        let sequels = |title: &str| Folded::of(title).sequels.join(" ");
        for (title, found) in [
            ("Rocky", ""),
            ("Rocky II", "2"),
            ("Dune: Part One", ""),
            ("Kill Bill: Vol. 1", ""),
            ("Kill Bill: Vol. 2", "2"),
            ("12 Angry Men", "12"),
            ("Rocky I", ""),
            ("Blade Runner 2049", "2049"),
            ("One Piece", ""),
            ("Ocean's Twelve", "12"),
        ] {
            assert_eq!(sequels(title), found, "{title}");
        }
        assert_eq!(
            Folded::of("Mob Psycho 2nd Season").season.as_deref(),
            Some("2")
        );
        assert_eq!(Folded::of("Open Season 2").season.as_deref(), Some("2"));
        assert_eq!(Folded::of("Season 2").season, None);
    }
}
