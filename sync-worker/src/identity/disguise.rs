//! Words in which other signs stand for letters. Pure.

use super::title::Folded;

/// `se7en` is `seven`, and `f***ing` what it stands for: a digit inside a word and an asterisk may be
/// any letter.
pub(super) fn is_in_disguise(one: &Folded, other: &Folded) -> bool {
    one.has_mixed_word != other.has_mixed_word
        && one.full.split(' ').count() == other.full.split(' ').count()
        && (one.full.split(' ').zip(other.full.split(' ')))
            .all(|(one, other)| one == other || are_one_in_disguise(one, other))
}

fn are_one_in_disguise(one: &str, other: &str) -> bool {
    let pairs = || one.chars().zip(other.chars());
    let equal = pairs().filter(|(one, other)| one == other).count();
    let letters = one.chars().count();
    letters == other.chars().count()
        && 2 * equal > letters
        && one.starts_with(char::is_alphabetic)
        && pairs().all(|(one, other)| {
            one == other
                || stands_for_a_letter(one) && other.is_alphabetic()
                || one.is_alphabetic() && stands_for_a_letter(other)
        })
}

fn stands_for_a_letter(sign: char) -> bool {
    sign.is_ascii_digit() || sign == '*'
}
