//! Two titles are equal when they fold to the same text: spelling, punctuation and the ways to write
//! a number or a part do not count, words do. Pure.

/// Titles are cut at this length; none is as long.
const LONGEST: usize = 200;

/// A title as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// Words with single spaces, the article in front where the title has one.
    pub(super) full: String,
    /// The same without a leading article.
    pub(super) bare: String,
}

impl Folded {
    /// Folds a title. Empty only for an empty title.
    pub(super) fn of(title: &str) -> Self {
        let title: String = title.trim().chars().take(LONGEST).collect();
        let (title, article) = article_from_the_end(&title.to_lowercase());
        let mut words = numbers(words(&latin(&title)));
        if words.is_empty() {
            // Nothing but signs, e.g. `…`: they are the title then.
            words = title.split_whitespace().map(str::to_owned).collect();
        }
        let has_article = article.is_some()
            || words.len() > 1 && words.first().is_some_and(|word| is_article(word));
        let bare_from = usize::from(article.is_none() && has_article);
        let bare = words.get(bare_from..).unwrap_or_default().join(" ");
        let full = match article {
            Some(article) => format!("{article} {bare}"),
            None => words.join(" "),
        };
        Self { full, bare }
    }
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "a" | "an")
}

/// `matrix, the` is `the matrix`.
fn article_from_the_end(title: &str) -> (String, Option<String>) {
    if let Some((front, last)) = title.rsplit_once(',')
        && is_article(last.trim())
        && !front.trim().is_empty()
    {
        return (front.trim().to_owned(), Some(last.trim().to_owned()));
    }
    (title.to_owned(), None)
}

/// Latin letters without their accents, other scripts untouched: what they sound like in Latin is
/// the same for too many different titles.
fn latin(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    for sign in title.chars() {
        match sign {
            // Apostrophes, and accents that stand for themselves.
            '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '\u{300}'..='\u{36f}' => {}
            '½' => plain.push_str(" 1 2 "),
            '&' => plain.push_str(" and "),
            '¹' | '²' | '³' => {
                plain.push(' ');
                plain.push_str(deunicode::deunicode_char(sign).unwrap_or_default());
            }
            '\u{80}'..='\u{24f}'
            | '\u{1e00}'..='\u{1eff}'
            | '\u{2000}'..='\u{206f}'
            | '\u{fb00}'..='\u{fb06}'
            | '\u{ff01}'..='\u{ff5e}' => {
                plain.push_str(deunicode::deunicode_char(sign).unwrap_or(" "));
            }
            _ => plain.push(sign),
        }
    }
    plain.to_lowercase()
}

/// Splits at everything that is no letter and no digit. `s.w.a.t.` and `m*a*s*h` are one word, so is
/// `10,000`; a `+` between spaces is `and`.
fn words(title: &str) -> Vec<String> {
    let signs: Vec<char> = title.chars().collect();
    let at = |index: usize| signs.get(index).copied().unwrap_or(' ');
    let mut words = Vec::new();
    let mut word = String::new();
    // Letters since the last sign that was none.
    let mut run = 0;
    for (index, sign) in signs.iter().copied().enumerate() {
        if sign.is_alphanumeric() {
            word.push(sign);
            run += 1;
            continue;
        }
        let before = if index == 0 { ' ' } else { at(index - 1) };
        let joins_letters = matches!(sign, '.' | '*')
            && run == 1
            && before.is_alphabetic()
            && at(index + 1).is_alphabetic()
            && !at(index + 2).is_alphanumeric();
        let joins_digits = sign == ','
            && before.is_ascii_digit()
            && (1..=3).all(|ahead| at(index + ahead).is_ascii_digit())
            && !at(index + 4).is_ascii_digit();
        run = 0;
        if joins_letters || joins_digits {
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if sign == '+' && before == ' ' && at(index + 1) == ' ' {
            words.push("and".to_owned());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// One way to write numbers: `part two`, `pt. ii` and `part 2`; `rocky iv` and `rocky 4`. A numeral
/// that may be a word (`i`, `v`, `x`, `one`) counts as a number only where it must be one.
fn numbers(words: Vec<String>) -> Vec<String> {
    let last = words.len().saturating_sub(1);
    let mut plain: Vec<String> = Vec::with_capacity(words.len());
    for (index, word) in words.into_iter().enumerate() {
        let follows_part = plain.last().is_some_and(|before| is_part(before));
        let number = match word.as_str() {
            _ if index == 0 => None,
            "pt" => Some("part"),
            "vol" => Some("volume"),
            "i" if follows_part => Some("1"),
            "v" if follows_part || index == last => Some("5"),
            "x" if follows_part || index == last => Some("10"),
            "i" | "v" | "x" => None,
            word if follows_part => counted(word).or_else(|| roman(word)),
            word => roman(word),
        };
        plain.push(number.map_or(word, str::to_owned));
    }
    plain
}

fn is_part(word: &str) -> bool {
    matches!(
        word,
        "part" | "chapter" | "episode" | "volume" | "book" | "season"
    )
}

fn roman(word: &str) -> Option<&'static str> {
    Some(match word {
        "ii" => "2",
        "iii" => "3",
        "iv" => "4",
        "vi" => "6",
        "vii" => "7",
        "viii" => "8",
        "ix" => "9",
        "xi" => "11",
        "xii" => "12",
        "xiii" => "13",
        "xiv" => "14",
        "xv" => "15",
        _ => return None,
    })
}

fn counted(word: &str) -> Option<&'static str> {
    Some(match word {
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" => "10",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(title: &str) -> String {
        Folded::of(title).full
    }

    #[test]
    fn spellings_of_one_title_fold_to_the_same() {
        for (one, other) in [
            ("Amélie", "AMELIE"),
            ("Amélie", "Ame\u{301}lie"),
            ("Ocean's Eleven", "Ocean’s Eleven"),
            ("Oceans Eleven", "Ocean's Eleven"),
            ("Fast & Furious", "Fast and Furious"),
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
            ("(500) Days of Summer", "500 Days of Summer"),
            ("Matrix, The", "The Matrix"),
            ("Beautiful Mind, A", "A Beautiful Mind"),
            ("Rocky IV", "Rocky 4"),
            ("Rocky V", "Rocky 5"),
            (
                "Star Wars: Episode IV – A New Hope",
                "Star Wars Episode 4: A New Hope",
            ),
            ("Dune: Part Two", "Dune: Part 2"),
            ("The Godfather Part II", "The Godfather, Pt. 2"),
            ("Kill Bill: Vol. 1", "Kill Bill Volume I"),
            ("Straße", "Strasse"),
            ("Spider‑Man", "Spider-Man"),
            ("  The   Thing ", "the thing"),
            ("ＡＫＩＲＡ", "Akira"),
            ("東京物語", "東京物語 "),
        ] {
            assert_eq!(full(one), full(other), "{one} / {other}");
        }
    }

    #[test]
    fn different_titles_stay_different() {
        for (one, other) in [
            ("Her", "Her Private Hell"),
            ("It", "It Follows"),
            ("Alien", "Aliens"),
            ("V", "5"),
            ("I, Robot", "1, Robot"),
            ("Malcolm X", "Malcolm"),
            ("X", "10"),
            ("The Thing", "Thing"),
            ("Two Part Harmony", "2 Part Harmony"),
            ("One", "1"),
            ("東京物語", "京都物語"),
            ("Rocky", "Rocky II"),
            ("Dune 2", "Dune"),
        ] {
            assert_ne!(full(one), full(other), "{one} / {other}");
        }
    }

    #[test]
    fn the_bare_form_has_no_article_in_front() {
        assert_eq!(Folded::of("The Thing").bare, "thing");
        assert_eq!(Folded::of("Thing, The").bare, "thing");
        assert_eq!(Folded::of("A").bare, "a");
        assert_eq!(Folded::of("The The").bare, "the");
        assert_eq!(Folded::of("Thing").bare, "thing");
    }

    #[test]
    fn a_title_of_signs_or_of_nothing_does_no_harm() {
        assert_eq!(full("…"), "…");
        assert_eq!(full("!!!"), "!!!");
        assert_eq!(full(""), "");
        assert_eq!(full(", the"), full(", the"));
        assert_eq!(full(&"ß".repeat(100_000)).len(), 400);
    }
}
