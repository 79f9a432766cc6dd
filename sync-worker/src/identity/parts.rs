//! Titles that are part of others: a subtitle more or less, a season, a number in place of a name.
//! Pure.

use super::{
    fold::Word,
    likeness::Likeness,
    numbers::{self, is_number, is_part},
    title::Folded,
};

/// One title within the other: a subtitle more or less.
pub(super) fn part(short: &[Word], long: &[Word]) -> Option<Likeness> {
    let (false, Some(more)) = (short.is_empty(), long.len().checked_sub(short.len())) else {
        return None;
    };
    if more == 0 {
        return None;
    }
    let (beginning, rest) = long.split_at(short.len());
    if starts_with(beginning, short) {
        return goes_on(beginning, rest);
    }
    let (front, end) = long.split_at(more);
    if starts_with(end, short) {
        return stands_behind(front, end);
    }
    if has_same_subtitle(short, long) {
        return Some(Likeness::Subtitle);
    }
    let is_inside = short.len() >= 3
        && is_long(short)
        && long
            .windows(short.len())
            .any(|words| starts_with(words, short))
        && !is_about_it(long);
    is_inside.then_some(Likeness::Within)
}

/// A title that has more behind it. A single word goes on as anything: `Her Private Hell`.
fn goes_on(title: &[Word], rest: &[Word]) -> Option<Likeness> {
    if is_about_it(rest) || is_sequel(rest) {
        return None;
    }
    let is_parted = title.last().is_some_and(|word| word.ends_part)
        || is_first_part(rest)
        || matches!(rest, [kind] if matches!(kind.text.as_str(), "movie" | "film"))
        || rest
            .first()
            .is_some_and(|word| matches!(word.text.as_str(), "or" | "aka"));
    match (is_parted, title.len()) {
        (true, _) => Some(Likeness::Subtitle),
        (false, 1) => None,
        (false, _) => Some(Likeness::Within),
    }
}

/// A title that has more in front: `Mad Max: Fury Road`, `Marvel's Daredevil`.
fn stands_behind(front: &[Word], title: &[Word]) -> Option<Likeness> {
    if is_about_it(front) {
        return None;
    }
    let is_parted = front
        .last()
        .is_some_and(|word| word.ends_part || word.is_possessive);
    match (is_parted, title.len()) {
        (true, _) => Some(Likeness::Subtitle),
        (false, 1) if !is_long(title) => None,
        (false, _) => Some(Likeness::Within),
    }
}

/// `part 1`, `chapter 1` or `1`.
fn is_first_part(rest: &[Word]) -> bool {
    match rest {
        [number] => number.text == "1",
        [part, number] => is_part(&part.text) && number.text == "1",
        _ => false,
    }
}

/// Whether what follows a title makes it another part of a series: `3`, `part 2`; not `episode 4 a
/// new hope`, which is what a first film was called afterwards.
fn is_sequel(rest: &[Word]) -> bool {
    let is_episode = rest.first().is_some_and(|word| word.text == "episode") && rest.len() > 3;
    let mut follows_part = false;
    for (index, word) in rest.iter().enumerate() {
        let is_named = is_episode && index == 1;
        if numbers::is_sequel(word, follows_part) && !is_named {
            return true;
        }
        follows_part = is_part(&word.text);
    }
    false
}

/// Whether a title goes on with the number of a sequel where the other ends.
pub(super) fn is_sequel_of(long: &[Word], short: &[Word]) -> bool {
    !short.is_empty() && starts_with(long, short) && long.get(short.len()..).is_some_and(is_sequel)
}

/// `star trek: the wrath of khan` and `star trek ii: the wrath of khan`.
fn has_same_subtitle(short: &[Word], long: &[Word]) -> bool {
    let Some(end) = short.iter().position(|word| word.ends_part) else {
        return false;
    };
    let (title, subtitle) = short.split_at(end + 1);
    let Some(from) = long.len().checked_sub(subtitle.len()) else {
        return false;
    };
    let (front, end) = long.split_at(from);
    subtitle.len() >= 2
        && !is_about_it(front)
        && starts_with(end, subtitle)
        && starts_with(front, title)
}

/// Whether words have letters enough not to be part of another title by chance.
fn is_long(words: &[Word]) -> bool {
    words
        .iter()
        .map(|word| word.text.chars().count())
        .sum::<usize>()
        >= 8
}

pub(super) fn starts_with(long: &[Word], short: &[Word]) -> bool {
    long.len() >= short.len()
        && long
            .iter()
            .zip(short)
            .all(|(one, other)| one.text == other.text)
}

/// Words of making-ofs, parodies and collections, which are never the title itself.
pub(super) fn is_about_it(words: &[Word]) -> bool {
    words.iter().any(|word| {
        matches!(
            word.text.as_str(),
            "making"
                | "behind"
                | "documentary"
                | "featurette"
                | "bloopers"
                | "deleted"
                | "recap"
                | "reunion"
                | "tribute"
                | "parody"
                | "unauthorized"
                | "untold"
                | "commentary"
                | "retrospective"
                | "collection"
                | "compilation"
                | "trailer"
                | "rifftrax"
                | "xxx"
                | "porn"
                | "interview"
                | "interviews"
                | "aftershow"
                | "anniversary"
                | "inside"
                | "special"
                | "specials"
                | "backstage"
                | "webisodes"
                | "phenomenon"
                | "explained"
                | "honest"
                | "trailers"
                | "podcast"
                | "outtakes"
                | "porno"
                | "companion"
                | "fanfilm"
        )
    })
}

/// `american crime story: the people vs oj simpson`, with the parts in the other order.
pub(super) fn are_swapped(one: &[Word], other: &[Word]) -> bool {
    one.len() == other.len()
        && two_parts(one)
            .zip(two_parts(other))
            .is_some_and(|((one, of_one), (other, of_other))| {
                one.len() == of_other.len()
                    && starts_with(one, of_other)
                    && starts_with(other, of_one)
            })
}

fn two_parts(words: &[Word]) -> Option<(&[Word], &[Word])> {
    let (first, rest) = words.split_at(1 + words.iter().position(|word| word.ends_part)?);
    let is_one = rest.iter().filter(|word| word.ends_part).count() == 1;
    is_one.then_some((first, rest))
}

/// `long` is `short` and `season 2`.
pub(super) fn is_season_of(short: &Folded, long: &Folded) -> bool {
    long.season.is_some()
        && short.season.is_none()
        && long.core.len() == short.core.len() + 2
        && starts_with(&long.core, &short.core)
}

/// `rambo 2` and `rambo: first blood part 2`.
pub(super) fn is_numbered_name(short: &Folded, long: &Folded) -> bool {
    let Some((last, front)) = short.core.split_last() else {
        return false;
    };
    is_number(&last.text)
        && !front.is_empty()
        && short.sequels == long.sequels
        && long.core.len() > short.core.len()
        && starts_with(&long.core, front)
        && ends_part_at(long, front.len())
}

/// `mission impossible 4` and `mission impossible ghost protocol`: one has a number where the other
/// has a name.
pub(super) fn has_name_for_number(numbered: &Folded, named: &Folded) -> bool {
    let Some((last, front)) = numbered.core.split_last() else {
        return false;
    };
    let front = match front.split_last() {
        Some((part, front)) if is_part(&part.text) => front,
        _ => front,
    };
    is_number(&last.text)
        && !front.is_empty()
        && named.sequels.is_empty()
        && named.core.len() > front.len()
        && starts_with(&named.core, front)
        && !named.core.iter().any(|word| is_number(&word.text))
        && !is_about_it(named.core.get(front.len()..).unwrap_or_default())
        && (front.len() > 1
            || front
                .last()
                .is_some_and(|_| ends_part_at(named, front.len())))
}

fn ends_part_at(title: &Folded, count: usize) -> bool {
    count
        .checked_sub(1)
        .and_then(|index| title.core.get(index))
        .is_some_and(|word| word.ends_part)
}
