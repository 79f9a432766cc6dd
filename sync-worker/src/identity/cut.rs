//! Titles that a list cuts off: `That Time I Got Reincarnated as a Sl…`. Pure.

use super::{parts::is_about_it, title::Folded};

/// Without dots behind it, a title that ends in the middle of a word needs so many letters, and so
/// many words, to be one that is cut off.
const LETTERS: usize = 18;
const WORDS: usize = 4;
/// The same for one with dots.
const LETTERS_BEFORE_DOTS: usize = 8;

/// Where the longer title was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    InsideTheLastWord,
    InsideAWord,
    BetweenWords,
}

/// Whether the shorter title is the longer one, cut off, and where.
pub(super) fn is_cut_off(one: &Folded, other: &Folded) -> Option<Cut> {
    let (short, long) = if one.full.len() < other.full.len() {
        (one, other)
    } else {
        (other, one)
    };
    let rest = long.full.strip_prefix(&short.full)?;
    let words = long.core.get(short.core.len().saturating_sub(1)..);
    if rest.is_empty() || is_about_it(words.unwrap_or_default()) {
        return None;
    }
    let cut = if rest.starts_with(' ') {
        Cut::BetweenWords
    } else if rest.contains(' ') {
        Cut::InsideAWord
    } else {
        Cut::InsideTheLastWord
    };
    if short.ends_with_dots {
        return (short.weight() >= LETTERS_BEFORE_DOTS).then_some(cut);
    }
    // One more letter is a plural, and more of a number another number.
    let is_inside = cut != Cut::BetweenWords && !matches!(rest, "s" | "es");
    let is_number = short.full.ends_with(|sign: char| sign.is_ascii_digit());
    let is_long = short.weight() >= LETTERS && short.core.len() >= WORDS;
    (is_inside && !is_number && is_long).then_some(cut)
}

/// Whether dots stand behind a title, as where it is cut off.
pub(super) fn ends_with_dots(title: &str) -> bool {
    let title = title.trim_end();
    title.ends_with('…') || title.ends_with("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_in_the_middle_of_a_word_or_with_dots_is_cut_off() {
        for (short, long, is_cut) in [
            (
                "That Time I Got Reincarnated as a Sl…",
                "That Time I Got Reincarnated as a Slime",
                Some(Cut::InsideTheLastWord),
            ),
            (
                "That Time I Got Reincarnated as a Sl",
                "That Time I Got Reincarnated as a Slime",
                Some(Cut::InsideTheLastWord),
            ),
            (
                "The Lord of the Rings: The R...",
                "The Lord of the Rings: The Return of the King",
                Some(Cut::InsideAWord),
            ),
            (
                "Harry Potter and…",
                "Harry Potter and the Goblet of Fire",
                Some(Cut::BetweenWords),
            ),
            ("The Good Doctor", "The Good Doctors", None),
            (
                "A Very Long Way to the Other Star",
                "A Very Long Way to the Other Stars",
                None,
            ),
            ("Alien", "Aliens vs. Predator", None),
            (
                "Star Wars: The Empire Strikes 2",
                "Star Wars: The Empire Strikes 20",
                None,
            ),
            (
                "The Chronicles of Narnia",
                "The Chronicles of Narnia: Prince Caspian",
                None,
            ),
            ("It…", "It Follows", None),
        ] {
            let (short, long) = (Folded::of(short), Folded::of(long));
            assert_eq!(is_cut_off(&short, &long), is_cut, "{}", short.full);
            assert_eq!(is_cut_off(&long, &short), is_cut, "{}", short.full);
        }
    }
}
