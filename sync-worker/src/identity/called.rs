//! Whether a stored name is what a person means by some words: for finding what is stored, never for
//! deciding which title an entry is. Pure.

use super::{fold, readings, title::Folded};

/// How well a name fits, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// The same but for capital letters, accents and punctuation.
    Same,
    /// The same but for an article, or a number written otherwise.
    Alike,
    /// The words stand in it one after the other.
    Phrase,
    /// The words stand in it, or parts of its words.
    Words,
    /// The same, and of another year than was asked for.
    OtherYear,
}

/// What a person calls a title.
#[derive(Debug)]
pub(crate) struct Called {
    whole: Name,
    /// What is left when a year at its end is taken for the title's, and that year.
    dated: Option<(Name, i32)>,
}

impl Called {
    /// Reads what was written: `Dune (2021)` and `dune 2021` also mean `Dune` of 2021.
    pub(crate) fn new(text: &str) -> Self {
        let dated = match readings::without_year(text) {
            (name, Some(year)) => Some((name, year)),
            (_, None) => readings::bare_year(text),
        };
        Self {
            whole: Name::new(text),
            dated: dated.map(|(name, year)| (Name::new(name), year)),
        }
    }

    /// How well a name of that year fits; none where it does not.
    pub(crate) fn fit(&self, name: &str, year: Option<i32>) -> Option<Fit> {
        let may_be_dated = self
            .dated
            .as_ref()
            .is_some_and(|(dated, _)| dated.may_be(name));
        if !may_be_dated && !self.whole.may_be(name) {
            return None;
        }
        let stored = Stored::new(name);
        let dated =
            self.dated
                .as_ref()
                .and_then(|(called, asked)| match called.fit(name, &stored)? {
                    fit if year == Some(*asked) => Some(fit),
                    Fit::Same | Fit::Alike => Some(Fit::OtherYear),
                    _ => None,
                });
        let whole = self.whole.fit(name, &stored);
        whole.into_iter().chain(dated).min()
    }
}

/// A name that is stored.
struct Stored {
    /// Its words with single spaces.
    phrase: String,
    /// Its words without spaces.
    joined: String,
}

impl Stored {
    fn new(name: &str) -> Self {
        let (mut phrase, mut joined) = (String::new(), String::new());
        for word in fold::words(name) {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(&word.text);
            joined.push_str(&word.text);
        }
        Self { phrase, joined }
    }

    /// Whether these words stand in it one after the other.
    fn has_phrase(&self, phrase: &str) -> bool {
        self.phrase.match_indices(phrase).any(|(start, found)| {
            let (before, rest) = self.phrase.split_at(start);
            let after = rest.get(found.len()..).unwrap_or_default();
            (before.is_empty() || before.ends_with(' '))
                && (after.is_empty() || after.starts_with(' '))
        })
    }

    /// Whether a word stands in one of its words, or is begun by one and goes on with the next:
    /// `spiderman` stands in `spider man`, and `heat` not in `the attic`.
    fn has(&self, word: &str) -> bool {
        self.phrase.contains(word)
            || self
                .phrase
                .split(' ')
                .scan(0, |start, own| {
                    let from = *start;
                    *start += own.len();
                    Some(from)
                })
                .any(|from| {
                    let rest = self.joined.get(from..).unwrap_or_default();
                    rest.starts_with(word)
                })
    }
}

/// A name that is looked for.
#[derive(Debug)]
struct Name {
    words: Vec<String>,
    /// The words with single spaces.
    phrase: String,
    /// The words without spaces: `Spider-Man` is also written `Spiderman`.
    joined: String,
    /// Without articles and spaces, numbers in digits.
    bare: String,
    /// The longest word of those that is written in one way only; without one every name is looked at
    /// closely, which takes longer.
    mark: String,
}

impl Name {
    fn new(text: &str) -> Self {
        let words: Vec<String> = fold::words(text)
            .into_iter()
            .map(|word| word.text)
            .collect();
        let close = Folded::of(text);
        let is_written_so = |word: &&str| words.iter().any(|own| own == word);
        let core = close.core.iter().map(|word| word.text.as_str());
        let mark = core.filter(is_written_so).max_by_key(|word| word.len());
        Self {
            phrase: words.join(" "),
            joined: words.concat(),
            mark: mark.unwrap_or_default().to_owned(),
            bare: close.bare,
            words,
        }
    }

    /// Whether a closer look at a name is worth its time: of a hundred thousand names nearly all are
    /// told apart by their letters alone. Where folding puts letters in the place of signs, or what stands
    /// behind a comma to the front, it is.
    fn may_be(&self, name: &str) -> bool {
        let is_of_signs = !self.mark.chars().all(char::is_alphanumeric);
        if is_of_signs || !name.is_ascii() || name.contains(['&', '%', '+', '$', '!', '*', ',']) {
            return true;
        }
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let letters: String = letters.map(|sign| sign.to_ascii_lowercase()).collect();
        letters.contains(&self.mark)
    }

    /// How well a name fits, whatever its year.
    fn fit(&self, name: &str, stored: &Stored) -> Option<Fit> {
        if self.joined.is_empty() || !stored.joined.contains(&self.mark) {
            return None;
        }
        if stored.joined == self.joined {
            return Some(Fit::Same);
        }
        if !self.bare.is_empty() && Folded::of(name).bare == self.bare {
            return Some(Fit::Alike);
        }
        if stored.has_phrase(&self.phrase) {
            return Some(Fit::Phrase);
        }
        let has_all = self.words.iter().all(|word| stored.has(word));
        has_all.then_some(Fit::Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_by_what_people_write_for_it() {
        for (called, name, year, fit) in [
            ("oceans eleven", "Ocean's Eleven", 2001, Fit::Same),
            ("oceans 11", "Ocean's Eleven", 2001, Fit::Alike),
            ("amelie", "Amélie", 2001, Fit::Same),
            ("AMELIE", "Amélie", 2001, Fit::Same),
            (
                "its a wonderful life",
                "It's a Wonderful Life",
                1946,
                Fit::Same,
            ),
            ("wonderful life", "It's a Wonderful Life", 1946, Fit::Phrase),
            ("godfather", "The Godfather", 1972, Fit::Alike),
            ("the godfather", "Godfather, The", 1972, Fit::Same),
            (
                "godfather part 2",
                "The Godfather Part II",
                1974,
                Fit::Alike,
            ),
            ("spiderman", "Spider-Man", 2002, Fit::Same),
            ("spider man", "Spider-Man: Homecoming", 2017, Fit::Phrase),
            (
                "spiderman homecoming",
                "Spider-Man: Homecoming",
                2017,
                Fit::Same,
            ),
            ("spiderman home", "Spider-Man: Homecoming", 2017, Fit::Words),
            ("walle", "WALL·E", 2008, Fit::Same),
            (
                "dr strangelove",
                "Dr. Strangelove or: How I Learned",
                1964,
                Fit::Phrase,
            ),
            ("leon", "Léon", 1994, Fit::Same),
            (
                "amelie poulain",
                "Le Fabuleux Destin d'Amélie Poulain",
                2001,
                Fit::Words,
            ),
            ("fast and furious", "Fast & Furious", 2009, Fit::Same),
            ("dune 2021", "Dune", 2021, Fit::Same),
            ("Dune (2021)", "Dune", 2021, Fit::Same),
            ("dune 2021", "Dune", 1984, Fit::OtherYear),
            ("blade runner 2049", "Blade Runner 2049", 2017, Fit::Same),
            ("2049", "Blade Runner 2049", 2017, Fit::Phrase),
            ("1917", "1917", 2019, Fit::Same),
            ("東京物語", "東京物語", 1953, Fit::Same),
            // The article comes to the front, and what it ends with goes with the next word.
            ("la", "A, L'", 2000, Fit::Same),
        ] {
            let found = Called::new(called).fit(name, Some(year));
            assert_eq!(found, Some(fit), "{called} / {name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_stands_in_a_name_is_never_passed_over(
            name in "[a-zA-Z0-9 '.,:!&$*+%-]{1,30}",
        ) {
            for word in fold::words(&name) {
                let called = Name::new(&word.text);
                let is_there = Stored::new(&name).joined.contains(&called.mark);
                proptest::prop_assert!(!is_there || called.may_be(&name), "{}", word.text);
            }
        }
    }

    #[test]
    fn another_title_is_not_found() {
        for (called, name) in [
            ("heat", "The Thing"),
            ("dune 2021", "Dune Part Two"),
            ("…", "Heat"),
            ("", "Heat"),
            ("oceans eleven", "Ocean's Twelve"),
            ("heat", "The Attic"),
        ] {
            assert_eq!(
                Called::new(called).fit(name, Some(1995)),
                None,
                "{called} / {name}"
            );
        }
    }
}
