//! A title as plain words: case, accents, ligatures, full-width letters, punctuation and where the
//! article stands do not count. What the words mean is for [`super::numbers`] and [`super::title`].
//! Pure.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Titles are cut at this length, in characters; hardly any is half as long.
const LONGEST: usize = 500;

/// More asterisks than these stand for no word.
const LONGEST_MASK: usize = 12;

/// One word of a folded title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower-case letters and digits.
    pub(super) text: String,
    /// A colon, a bracket or a dash between spaces follows: a part of the title ends here.
    pub(super) ends_part: bool,
    /// It was written with `'s`.
    pub(super) is_possessive: bool,
    /// A number that was written in letters.
    pub(super) is_spelled: bool,
}

impl Word {
    /// A word with nothing special about it.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Whether the title is longer than what is read of it.
pub(super) fn is_too_long(title: &str) -> bool {
    title.trim().chars().nth(LONGEST).is_some()
}

/// Folds a title to its words. None only for an empty title.
pub(super) fn words(title: &str) -> Vec<Word> {
    let plain = article_to_the_front(&plain(title));
    let words = split(&plain);
    if !words.is_empty() {
        return words;
    }
    // Nothing but signs, e.g. `…`: they are the title then.
    plain.split_whitespace().map(Word::new).collect()
}

/// Compatibility forms resolved, small letters, Latin letters without accents. Other scripts stay
/// what they are: what they sound like in Latin is the same for too many different titles.
fn plain(title: &str) -> String {
    let mut signs = String::with_capacity(title.len());
    let title = without_entities(title.trim());
    for sign in title.chars().take(LONGEST) {
        match sign {
            // Digits of their own beside the word or number before them.
            '¹' | '²' | '³' | '⁰'..='⁹' | '½' | '¼' | '¾' => signs.extend([' ', sign]),
            '™' | '®' | '©' | '℠' => {}
            // Accents that stand for themselves: apostrophes to whoever types them.
            '´' | '`' | '’' | '‘' | 'ʼ' | '＇' => signs.push('\''),
            _ => signs.push(sign),
        }
    }
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(&signs);
    let mut plain = String::with_capacity(apart.len());
    let small = apart.chars().flat_map(char::to_lowercase);
    for sign in small.filter(|sign| !is_mark(*sign)) {
        match sign {
            '&' => plain.push_str(" and "),
            '%' => plain.push_str(" percent "),
            '×' => plain.push_str(" x "),
            '♥' | '❤' | '♡' => plain.push_str(" heart "),
            'ς' => plain.push('σ'),
            '\u{80}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' if sign.is_alphabetic() => {
                let latin = deunicode::deunicode_char(sign).unwrap_or(" ");
                plain.extend(latin.chars().flat_map(char::to_lowercase));
            }
            _ => plain.push(sign),
        }
    }
    // Crosses in a row are letters.
    let plain = plain.replace(" x  x ", " xx ");
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&plain)
        .into_owned()
}

/// Signs as web pages write them, where a list was taken from one as it stood.
fn without_entities(title: &str) -> Cow<'_, str> {
    const ENTITIES: [(&str, &str); 6] = [
        ("&amp;", "&"),
        ("&#38;", "&"),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&quot;", "\""),
    ];
    if !(title.contains('&') && title.contains(';')) {
        return Cow::Borrowed(title);
    }
    let plain = ENTITIES
        .iter()
        .fold(title.to_owned(), |text, (from, to)| text.replace(from, to));
    Cow::Owned(plain)
}

/// Accents, and the vowel signs of Hebrew and Arabic, which are mostly left out.
fn is_mark(sign: char) -> bool {
    matches!(sign, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}')
}

/// Articles that stand behind a comma in catalogues.
const AFTER_A_COMMA: [&str; 36] = [
    "the", "a", "an", "le", "la", "les", "l'", "un", "une", "der", "die", "das", "ein", "eine",
    "el", "los", "las", "il", "lo", "gli", "i", "o", "os", "as", "de", "het", "en", "ett", "det",
    "den", "dei", "uno", "una", "um", "uma", "een",
];

/// `matrix, the` is `the matrix`, also before the colon or bracket of a longer title.
fn article_to_the_front(title: &str) -> String {
    let end = title
        .find([':', '(', '['])
        .or_else(|| title.find(" - "))
        .unwrap_or(title.len());
    let (first, rest) = title.split_at(end);
    let Some((front, article)) = first.rsplit_once(',') else {
        return title.to_owned();
    };
    let (front, article) = (front.trim(), article.trim());
    // `Me, Myself, I` ends with no article.
    let is_listing = article.len() == 1 && article != "a" && front.contains(',');
    if front.is_empty() || is_listing || !AFTER_A_COMMA.contains(&article) {
        return title.to_owned();
    }
    let space = if article.ends_with('\'') { "" } else { " " };
    format!("{article}{space}{front}{rest}")
}

/// Splits at everything that is no letter and no digit. `s.w.a.t.` and `m*a*s*h` are one word, so is
/// `10,000`; a `+` between spaces is `and`.
fn split(title: &str) -> Vec<Word> {
    let signs: Vec<char> = title.chars().collect();
    let at = |index: usize| signs.get(index).copied().unwrap_or(' ');
    let before = |index: usize| index.checked_sub(1).map_or(' ', at);
    let mut words: Vec<Word> = Vec::new();
    let mut word = Word::default();
    // Letters since the last sign that was none.
    let mut run = 0;
    for (index, sign) in signs.iter().copied().enumerate() {
        let (last, next) = (before(index), at(index + 1));
        let is_inside = last.is_alphanumeric() && next.is_alphanumeric();
        match sign {
            _ if is_of_a_word(sign) => {
                word.text.push(sign);
                run += 1;
                continue;
            }
            '\'' => {
                word.is_possessive |= next == 's' && !at(index + 2).is_alphanumeric();
                continue;
            }
            // Letters in disguise: `Ca$h`, `P!nk`.
            '$' if is_inside && next.is_alphabetic() => word.text.push('s'),
            '!' if is_inside && next.is_alphabetic() => word.text.push('i'),
            '.' | '*'
                if run == 1
                    && last.is_alphabetic()
                    && next.is_alphabetic()
                    && !at(index + 2).is_alphanumeric() => {}
            // Letters that may not be printed: `f***ing`, `sh*t`.
            '*' if (last.is_alphabetic() || word.text.ends_with('*'))
                && goes_on_with_a_letter(&signs, index) =>
            {
                word.text.push(sign);
            }
            ',' | '.' if last.is_ascii_digit() && are_thousands(&signs, index + 1) => {}
            _ => {
                if !word.text.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                word = Word::default();
                if sign == '+' && last == ' ' && next == ' ' {
                    words.push(Word::new("and"));
                }
                if let Some(ended) = words.last_mut() {
                    ended.ends_part |= is_separator(last, sign, next);
                }
            }
        }
        run = 0;
    }
    if !word.text.is_empty() {
        words.push(word);
    }
    if let Some(last) = words.last_mut() {
        last.ends_part = true;
    }
    // Where an apostrophe was, signs meet that belong in another order.
    for word in words.iter_mut().filter(|word| !word.text.is_ascii()) {
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&word.text);
        if let Cow::Owned(composed) = composed {
            word.text = composed;
        }
    }
    words
}

/// Letters, digits, and the signs that vowels are in scripts that write them as marks.
fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric()
        || matches!(sign, '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}' | '\u{3099}' | '\u{309a}')
}

/// Whether nothing but asterisks stands before the next letter.
fn goes_on_with_a_letter(signs: &[char], from: usize) -> bool {
    let ahead = signs.iter().skip(from);
    ahead
        .take(LONGEST_MASK)
        .find(|sign| **sign != '*')
        .is_some_and(|sign| sign.is_alphabetic())
}

fn are_thousands(signs: &[char], from: usize) -> bool {
    let is_digit = |ahead: usize| signs.get(from + ahead).is_some_and(char::is_ascii_digit);
    (0..3).all(is_digit) && !is_digit(3)
}

fn is_separator(last: char, sign: char, next: char) -> bool {
    match sign {
        // A time of day or a ratio.
        ':' => !(last.is_ascii_digit() && next.is_ascii_digit()),
        ';' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '~' | '〜' | '【' | '】' | '「' | '」'
        | '『' | '』' => true,
        '/' if next == '/' => true,
        '/' => last == ' ' && next == ' ',
        '-' | '\u{2010}'..='\u{2015}' => last == ' ' || next == ' ',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(title: &str) -> String {
        let words: Vec<String> = words(title).into_iter().map(|word| word.text).collect();
        words.join(" ")
    }

    #[test]
    fn spellings_of_one_title_fold_to_the_same() {
        for (one, other) in [
            ("Amélie", "AMELIE"),
            ("Amélie", "Ame\u{301}lie"),
            ("Ocean's Eleven", "Ocean’s Eleven"),
            ("Oceans Eleven", "Ocean's Eleven"),
            ("Fast & Furious", "Fast and Furious"),
            ("Thelma &amp; Louise", "Thelma & Louise"),
            ("Schitt&#39;s Creek", "Schitt's Creek"),
            (
                "William Shakespeare's Romeo + Juliet",
                "William Shakespeare's Romeo & Juliet",
            ),
            ("M*A*S*H", "MASH"),
            ("S.W.A.T.", "SWAT"),
            ("E.T. the Extra-Terrestrial", "ET the Extra Terrestrial"),
            ("Dr. Strangelove", "Dr Strangelove"),
            ("WALL·E", "Wall-E"),
            ("Alien³", "Alien 3"),
            ("8½", "8 1/2"),
            ("10,000 BC", "10000 BC"),
            (
                "20.000 Meilen unter dem Meer",
                "20,000 Meilen unter dem Meer",
            ),
            ("(500) Days of Summer", "500 Days of Summer"),
            ("Matrix, The", "The Matrix"),
            ("Beautiful Mind, A", "A Beautiful Mind"),
            (
                "Lord of the Rings, The: The Two Towers",
                "The Lord of the Rings: The Two Towers",
            ),
            ("Avventura, L'", "L’Avventura"),
            ("Welle, Die", "Die Welle"),
            ("Me, Myself, I", "Me Myself I"),
            ("Straße", "Strasse"),
            ("Spider‑Man", "Spider-Man"),
            ("  The   Thing ", "the thing"),
            ("ＡＫＩＲＡ", "Akira"),
            ("ｱｷﾗ", "アキラ"),
            ("東京物語", "東京物語 "),
            ("ﬁve ﬂags", "five flags"),
            ("Æon Flux", "Aeon Flux"),
            ("Łódź", "Lodz"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("SPY×FAMILY", "Spy x Family"),
            ("I ♥ Huckabees", "I Heart Huckabees"),
            ("100% Wolf", "100 Percent Wolf"),
            ("Ca$h", "Cash"),
            ("The F***ing World", "the f***ing world"),
            ("ラブ＆ポップ", "ラブ&ポップ"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} / {other}");
        }
    }

    #[test]
    fn different_titles_stay_different() {
        for (one, other) in [
            ("Her", "Her Private Hell"),
            ("Alien", "Aliens"),
            ("The Thing", "Thing"),
            ("東京物語", "京都物語"),
            ("ハハ", "パパ"),
            ("Rocky", "Rocky II"),
            ("F***ing", "F ing"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} / {other}");
        }
    }

    #[test]
    fn a_colon_a_bracket_and_a_dash_between_spaces_end_a_part() {
        let ended = |title: &str| -> Vec<String> {
            let words = words(title).into_iter();
            words
                .filter_map(|word| word.ends_part.then_some(word.text))
                .collect()
        };
        assert_eq!(ended("Alien: Covenant"), ["alien", "covenant"]);
        assert_eq!(ended("Mission – Impossible"), ["mission", "impossible"]);
        assert_eq!(ended("Spider-Man"), ["man"]);
        assert_eq!(ended("3:10 to Yuma"), ["yuma"]);
        assert_eq!(ended("Birdman or (The Virtue)"), ["or", "virtue"]);
    }

    #[test]
    fn a_title_of_signs_or_of_nothing_does_no_harm() {
        assert_eq!(folded("…"), "...");
        assert_eq!(folded("!!!"), "!!!");
        assert_eq!(folded(""), "");
        assert_eq!(folded(", the"), "the");
        assert!(folded(&"ß".repeat(100_000)).len() <= 2 * LONGEST);
        assert!(folded(&"\u{fdfa}".repeat(100_000)).len() < 100 * LONGEST);
        assert!(is_too_long(&"x ".repeat(LONGEST)) && !is_too_long("x"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(title in "\\PC{0,60}") {
            let once = folded(&title);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn case_does_not_count(title in "[a-zA-Zà-ÿÀ-Þ0-9 :'&.-]{0,40}") {
            prop_assert_eq!(folded(&title.to_lowercase()), folded(&title.to_uppercase()));
        }
    }
}
