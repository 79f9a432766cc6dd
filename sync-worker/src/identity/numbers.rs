//! The ways to write a number in a title: `part two`, `pt. ii` and `part 2`; `rocky iv` and `rocky 4`;
//! `twelve`, `12` and `douze`; `2nd season` and `season 2`. Pure.

use super::fold::Word;

/// What counts the parts of a work.
pub(super) fn is_part(word: &str) -> bool {
    matches!(
        word,
        "part" | "chapter" | "episode" | "volume" | "book" | "season" | "cour" | "series"
    )
}

/// One way to write numbers where nothing else can be meant. A numeral that may be a word (`i`,
/// `v`, `x`, `one`) counts as a number only where it must be one.
pub(super) fn numerals(words: &mut [Word]) {
    let mut follows_part = false;
    for index in 0..words.len() {
        let counts_there = words
            .get(index + 1)
            .is_some_and(|next| is_number(&next.text) || roman_or_counted(&next.text));
        let Some(word) = words.get_mut(index) else {
            return;
        };
        let plain = match word.text.as_str() {
            _ if index == 0 => None,
            "pt" => Some("part"),
            "vol" => Some("volume"),
            "i" if follows_part => Some("1"),
            "v" if follows_part || word.ends_part => Some("5"),
            "x" if follows_part || word.ends_part => Some("10"),
            text if counts_there && of_part(text).is_some() => of_part(text),
            text if follows_part => counted(text).or_else(|| roman(text)),
            text => roman(text),
        };
        if let Some(plain) = plain {
            plain.clone_into(&mut word.text);
        }
        follows_part = is_part(&word.text);
    }
}

/// What counts parts in other languages, where a number follows.
fn of_part(word: &str) -> Option<&'static str> {
    Some(match word {
        "teil" | "partie" | "parte" | "deel" | "del" => "part",
        "kapitel" | "chapitre" | "capitulo" | "capitolo" => "chapter",
        "staffel" | "saison" | "temporada" | "stagione" | "seizoen" | "sezon" | "sasong"
        | "saeson" => "season",
        _ => return None,
    })
}

fn roman_or_counted(word: &str) -> bool {
    matches!(word, "i" | "v" | "x") || roman(word).is_some() || counted(word).is_some()
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
        "xvi" => "16",
        "xvii" => "17",
        "xviii" => "18",
        "xix" => "19",
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

/// A word for a number up to ninety, in the languages whose words for it mean nothing else.
fn value(word: &str) -> Option<u32> {
    Some(match word {
        "zero" => 0,
        "one" => 1,
        "two" | "deux" | "zwei" => 2,
        "three" | "trois" | "drei" | "tres" | "tre" => 3,
        "four" | "quatre" | "vier" | "cuatro" | "quattro" => 4,
        "five" | "cinq" | "cinco" | "cinque" => 5,
        "six" | "sechs" | "seis" => 6,
        "seven" | "sept" | "sieben" | "siete" | "sette" => 7,
        "eight" | "huit" | "acht" | "ocho" => 8,
        "nine" | "neuf" | "neun" | "nueve" | "nove" => 9,
        "ten" | "dix" | "zehn" | "diez" | "dieci" => 10,
        "eleven" | "onze" => 11,
        "twelve" | "douze" | "zwolf" | "doce" | "dodici" => 12,
        "thirteen" | "treize" | "dreizehn" | "trece" | "tredici" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

fn multiple(word: &str) -> Option<u32> {
    Some(match word {
        "hundred" | "cent" | "cents" | "hundert" | "cien" => 100,
        "thousand" | "mille" | "tausend" | "mil" => 1000,
        _ => return None,
    })
}

fn ordinal(word: &str) -> Option<&'static str> {
    Some(match word {
        "first" => "1st",
        "second" => "2nd",
        "third" => "3rd",
        "fourth" => "4th",
        "fifth" => "5th",
        "sixth" => "6th",
        "seventh" => "7th",
        "eighth" => "8th",
        "ninth" => "9th",
        "tenth" => "10th",
        "eleventh" => "11th",
        "twelfth" => "12th",
        "thirteenth" => "13th",
        _ => return None,
    })
}

/// Every word for a number as digits: `one hundred and one` is `101`, `nineteen eighty-four` is
/// `1984`, `thirteenth` is `13th`, `second season` is `season 2`.
pub(super) fn digits(words: &[Word]) -> Vec<Word> {
    let mut plain: Vec<Word> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if let Some((number, count)) = spelled(rest) {
            let (read, after) = rest.split_at(count);
            plain.push(Word {
                text: number.to_string(),
                ends_part: read.last().is_some_and(|word| word.ends_part),
                is_possessive: false,
                is_spelled: true,
            });
            rest = after;
        } else {
            let mut word = first.clone();
            if let Some(ordinal) = ordinal(&word.text) {
                ordinal.clone_into(&mut word.text);
            }
            plain.push(word);
            rest = after;
        }
    }
    seasons(&mut plain);
    plain
}

/// The number that the words begin with, and of how many words it is.
fn spelled(words: &[Word]) -> Option<(u32, usize)> {
    let text = |index: usize| words.get(index).map_or("", |word| word.text.as_str());
    // A part of the title ends: what follows is another number.
    let goes_on = |count: usize| words.get(count - 1).is_some_and(|word| !word.ends_part);
    let mut number = value(text(0)).or_else(|| multiple(text(0)))?;
    let mut count = 1;
    if goes_on(count)
        && let (10..=99, Some(unit)) = (number, value(text(count)))
    {
        match (number, unit) {
            (20..=90, 1..=9) if number % 10 == 0 => (number, count) = (number + unit, 2),
            // A year, in two halves.
            (10..=99, 10..=99) => {
                number = number * 100 + unit;
                count = 2;
                if goes_on(count)
                    && unit % 10 == 0
                    && let Some(last @ 1..=9) = value(text(count))
                {
                    (number, count) = (number + last, 3);
                }
                return Some((number, count));
            }
            _ => {}
        }
    }
    while goes_on(count)
        && let Some(times) = multiple(text(count))
        && number < times
    {
        (number, count) = (number * times, count + 1);
        let and = usize::from(text(count) == "and");
        let below = words.get(count + and..).unwrap_or_default();
        if goes_on(count)
            && let Some(_) = below.first().and_then(|word| value(&word.text))
            && let Some((rest, read)) = spelled(below)
            && rest < times
        {
            (number, count) = (number + rest, count + and + read);
        }
    }
    Some((number, count))
}

/// `2nd season` and a last `s2` are `season 2`.
fn seasons(words: &mut Vec<Word>) {
    for index in 1..words.len() {
        let [first, second] = words.get_mut(index - 1..=index).unwrap_or_default() else {
            return;
        };
        if let (Some(number), true) = (of_ordinal(&first.text), is_part(&second.text)) {
            let number = number.to_owned();
            first.text = std::mem::replace(&mut second.text, number);
        }
    }
    let number = words.last().and_then(|last| {
        let number = last.text.strip_prefix('s')?;
        let is_season = matches!(number.len(), 1 | 2) && is_number(number);
        (is_season && words.len() > 1).then(|| number.trim_start_matches('0').to_owned())
    });
    if let (Some(number), Some(last)) = (number, words.last_mut()) {
        "season".clone_into(&mut last.text);
        last.ends_part = false;
        words.push(Word {
            ends_part: true,
            ..Word::new(number)
        });
    }
}

/// `2` of `2nd`.
fn of_ordinal(word: &str) -> Option<&str> {
    ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .filter(|number| is_number(number))
}

/// Whether a word counts a part of a series. `One` in front of other words does not: `The
/// Emancipation of One Harley Quinn`. Nor does the first of several, which mostly goes without.
pub(super) fn is_sequel(word: &Word, follows_part: bool) -> bool {
    let is_counting = follows_part || word.ends_part;
    let counts = !word.is_spelled || is_counting;
    let is_first = word.text == "1" && is_counting;
    is_number(&word.text) && counts && !is_first
}

/// Whether a word is digits and nothing else.
pub(super) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::fold::words;

    fn light(title: &str) -> String {
        let mut words = words(title);
        numerals(&mut words);
        joined(&words)
    }

    fn all(title: &str) -> String {
        let mut words = words(title);
        numerals(&mut words);
        joined(&digits(&words))
    }

    fn joined(words: &[Word]) -> String {
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn roman_and_arabic_numerals_and_parts_are_the_same() {
        for (one, other) in [
            ("Rocky IV", "Rocky 4"),
            ("Rocky V", "Rocky 5"),
            ("Saw X", "Saw 10"),
            (
                "Star Trek V: The Final Frontier",
                "Star Trek 5: The Final Frontier",
            ),
            (
                "Star Wars: Episode IV – A New Hope",
                "Star Wars Episode 4: A New Hope",
            ),
            ("Dune: Part Two", "Dune: Part 2"),
            ("The Godfather Part II", "The Godfather, Pt. 2"),
            ("Kill Bill: Vol. 1", "Kill Bill Volume I"),
            ("Dark – Staffel 3", "Dark Season III"),
            ("Les Misérables, partie 2", "Les Misérables Part II"),
        ] {
            assert_eq!(light(one), light(other), "{one} / {other}");
        }
    }

    #[test]
    fn a_numeral_that_may_be_a_word_stays_one() {
        for (one, other) in [
            ("V", "5"),
            ("I, Robot", "1, Robot"),
            ("Malcolm X", "Malcolm"),
            ("X", "10"),
            ("Two Part Harmony", "2 Part Harmony"),
            ("One", "1"),
            ("The King and I", "The King and 1"),
            ("Une partie de campagne", "Une part de campagne"),
            (
                "Batman v Superman: Dawn of Justice",
                "Batman 5 Superman: Dawn of Justice",
            ),
        ] {
            assert_ne!(light(one), light(other), "{one} / {other}");
        }
    }

    #[test]
    fn words_for_numbers_become_digits() {
        for (one, other) in [
            ("Ocean's Eleven", "Ocean's 11"),
            ("Twelve Monkeys", "12 Monkeys"),
            ("One Hundred and One Dalmatians", "101 Dalmatians"),
            ("Nineteen Eighty-Four", "1984"),
            ("Twenty-One", "21"),
            ("Les Quatre Cents Coups", "Les 400 Coups"),
            ("Friday the Thirteenth", "Friday the 13th"),
            ("Two Thousand Maniacs", "2000 Maniacs"),
            ("Twenty Thousand Leagues", "20,000 Leagues"),
            ("Three Hundred", "300"),
            ("Mob 2nd Season", "Mob Season Two"),
            ("Mob Second Season", "Mob S2"),
        ] {
            assert_eq!(all(one), all(other), "{one} / {other}");
        }
        assert_ne!(all("Twenty: Four"), all("24"));
        assert_eq!(all("One Two Three"), "1 2 3");
    }
}
