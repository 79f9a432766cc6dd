//! How alike two folded titles are, and what a person is told of it. Pure.

use super::{
    country::are_of_two_countries,
    cut::is_cut_off,
    disguise::is_in_disguise,
    fold::Word,
    numbers::is_number,
    parts::{are_swapped, has_name_for_number, is_about_it, is_numbered_name, is_season_of, part},
    sound::consonants,
    title::Folded,
};

/// How two titles compare, better ones greater.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Likeness {
    /// Not to be taken for each other.
    Different,
    /// This share of their letters is in words that both have.
    Sharing(f64),
    /// One is the end or the beginning of the other, without anything that parts them.
    Within,
    /// All words are the same but for a letter or two.
    Misspelt,
    /// One is the other with a season behind it.
    Season,
    /// One is the other, cut off.
    CutOff,
    /// One is the other with a subtitle, or without what stands in front.
    Subtitle,
    /// The same but for a publisher in front or an edition behind.
    Published,
    /// The same but for the country that the list tells.
    OfCountry,
    /// The same but for the order of its two parts.
    Swapped,
    /// They sound the same.
    Sounding,
    /// The same name in two scripts.
    Transcribed,
    /// The same but for articles.
    ButForArticles,
    /// The same but for abbreviations and words for numbers.
    Written,
    /// The same but for spaces.
    Spaced,
    /// Equal after folding.
    Equal,
}

impl Likeness {
    /// Whether it is the same title: everything below is another title that may be meant.
    pub(super) fn is_same(self) -> bool {
        self >= Self::Published
    }

    /// From 0 to 1, for the certainty shown to people.
    pub(super) fn strength(self) -> f64 {
        match self {
            Self::Different => 0.0,
            Self::Sharing(share) => 0.6 * share,
            Self::Within => 0.6,
            Self::Misspelt => 0.7,
            Self::Season => 0.72,
            Self::CutOff => 0.74,
            Self::Subtitle => 0.75,
            Self::Published | Self::OfCountry | Self::Swapped => 0.91,
            Self::Sounding => 0.92,
            Self::Transcribed => 0.94,
            Self::ButForArticles => 0.96,
            Self::Written => 0.98,
            Self::Spaced => 0.99,
            Self::Equal => 1.0,
        }
    }

    /// What follows the words `title` or `original title`.
    pub(super) fn explained(self) -> String {
        match self {
            Self::Different => "different".to_owned(),
            Self::Sharing(share) if share < 0.25 => "different".to_owned(),
            Self::Sharing(share) => format!("has {:.0} % of its words in common", 100.0 * share),
            Self::Within => "is part of a longer one".to_owned(),
            Self::Misspelt => "equal but for a letter or two".to_owned(),
            Self::Season => "equal but for the season".to_owned(),
            Self::CutOff => "equal as far as it goes, but cut off".to_owned(),
            Self::Subtitle => "equal but for the subtitle".to_owned(),
            Self::Published => "equal but for the publisher or the edition".to_owned(),
            Self::OfCountry => "equal but for the country".to_owned(),
            Self::Swapped => "equal but for the order of its parts".to_owned(),
            Self::Sounding => "sounds the same".to_owned(),
            Self::Transcribed => "is the same in another script".to_owned(),
            Self::ButForArticles => "equal but for the article".to_owned(),
            Self::Written => "equal but for how it is written".to_owned(),
            Self::Spaced => "equal but for spaces".to_owned(),
            Self::Equal => "equal".to_owned(),
        }
    }
}

/// Compares two titles; which is which does not matter.
pub(super) fn compare(one: &Folded, other: &Folded) -> Likeness {
    if one.full.is_empty() || other.full.is_empty() {
        return Likeness::Different;
    }
    if one.is_cut || other.is_cut {
        // What was not read may tell them apart.
        let is_alike = one.bare == other.bare;
        return if is_alike {
            Likeness::Misspelt
        } else {
            Likeness::Different
        };
    }
    if let Some(same) = same(one, other) {
        return same;
    }
    let (short, long) = if one.core.len() <= other.core.len() {
        (one, other)
    } else {
        (other, one)
    };
    if is_cut_off(one, other).is_some() {
        return Likeness::CutOff;
    }
    if is_season_of(short, long) {
        return Likeness::Season;
    }
    let (few, many) = (&short.sequels, &long.sequels);
    if one.looks == other.looks && one.looks.len() >= 5 {
        return Likeness::Misspelt;
    }
    let have_other_numbers = few != many;
    if have_other_numbers && !few.is_empty() && !many.is_empty() {
        return Likeness::Different;
    }
    if let Some(part) = part(&short.core, &long.core) {
        return part;
    }
    if are_of_two_countries(short, long) {
        return Likeness::Different;
    }
    if is_numbered_name(short, long) {
        return Likeness::Within;
    }
    if have_other_numbers {
        let is_named = has_name_for_number(one, other) || has_name_for_number(other, one);
        return if is_named {
            Likeness::Within
        } else {
            Likeness::Different
        };
    }
    if is_transcribed_front(one, other) || is_transcribed_front(other, one) {
        return Likeness::Subtitle;
    }
    if are_misspelt(short, long) {
        return Likeness::Misspelt;
    }
    Likeness::Sharing(shared(&short.core, &long.core))
}

/// The ways to be the same title.
fn same(one: &Folded, other: &Folded) -> Option<Likeness> {
    if one.full == other.full {
        return Some(Likeness::Equal);
    }
    // `The Rapist` and `Therapist` have the same letters.
    let has_split_article =
        starts_with_article(one) != starts_with_article(other) && one.bare != other.bare;
    let letters = |title: &Folded| title.full.replace(' ', "");
    if !has_split_article && letters(one) == letters(other) {
        return Some(Likeness::Spaced);
    }
    if !has_split_article && one.loose == other.loose || is_in_disguise(one, other) {
        return Some(Likeness::Written);
    }
    if one.bare == other.bare {
        return Some(Likeness::ButForArticles);
    }
    if are_swapped(&one.core, &other.core) {
        return Some(Likeness::Swapped);
    }
    if one.sequels != other.sequels {
        return None;
    }
    if one.is_latin != other.is_latin && are_transcribed(&one.sound, &other.sound) {
        return Some(Likeness::Transcribed);
    }
    (one.sound == other.sound && one.sound.len() >= 8).then_some(Likeness::Sounding)
}

fn starts_with_article(title: &Folded) -> bool {
    ["the ", "a ", "an "]
        .iter()
        .any(|article| title.full.starts_with(article))
}

/// Whether an article inside tells the titles apart, not only one in front: `fast and furious` and
/// `the fast and the furious`.
pub(super) fn have_other_articles_inside(one: &Folded, other: &Folded) -> bool {
    let inside = |title: &Folded| {
        let words = title.full.split(' ').skip(1);
        words.filter(|word| *word == "the").count()
    };
    inside(one) != inside(other)
}

fn are_transcribed(one: &str, other: &str) -> bool {
    if one == other {
        return one.len() >= 3;
    }
    let (bones, others) = (consonants(one), consonants(other));
    bones == others && bones.len() >= 5
}

/// `voyna i mir` and `война и мир: наташа ростова`.
fn is_transcribed_front(whole: &Folded, parted: &Folded) -> bool {
    whole.is_latin != parted.is_latin
        && parted
            .front_sound
            .as_deref()
            .is_some_and(|front| are_transcribed(&whole.sound, front))
}

/// All words are the same but for a letter or two in long ones, or the whole is.
fn are_misspelt(one: &Folded, other: &Folded) -> bool {
    const LONG: usize = 120;
    let (shorter, longer) = (
        one.bare.len().min(other.bare.len()),
        one.bare.len().max(other.bare.len()),
    );
    if shorter < 5 || longer > LONG || longer - shorter > 2 {
        return false;
    }
    if one.core.len() != other.core.len() {
        let most = if shorter >= 16 { 2 } else { 1 };
        return shorter >= 8 && strsim::osa_distance(&one.bare, &other.bare) <= most;
    }
    let mut faults = 0;
    for (one, other) in one.core.iter().zip(&other.core) {
        if one.text == other.text {
            continue;
        }
        let letters = one.text.chars().count().min(other.text.chars().count());
        let most = match letters {
            3 if are_turned(&one.text, &other.text) => 1,
            0..=3 => return false,
            4..=7 => 1,
            _ => 2,
        };
        let distance = strsim::osa_distance(&one.text, &other.text);
        if distance > most || is_number(&one.text) || is_number(&other.text) {
            return false;
        }
        faults += distance;
    }
    faults <= 3
}

/// Two neighbouring letters have changed places.
fn are_turned(one: &str, other: &str) -> bool {
    let sorted = |word: &str| {
        let mut signs: Vec<char> = word.chars().collect();
        signs.sort_unstable();
        signs
    };
    sorted(one) == sorted(other) && strsim::osa_distance(one, other) == 1
}

/// `sorcerer's stone` and `philosopher's stone`: one word of many is another.
fn is_one_word_off(one: &[Word], other: &[Word]) -> bool {
    one.len() == other.len()
        && one.len() >= 5
        && one
            .iter()
            .zip(other)
            .filter(|(one, other)| one.text != other.text)
            .count()
            == 1
}

/// Which share of the longer title's letters is in words that both have.
fn shared(short: &[Word], long: &[Word]) -> f64 {
    let letters = |words: &[Word]| words.iter().map(|word| word.text.len()).sum::<usize>();
    let most = letters(short).max(letters(long));
    if most == 0 || is_about_it(short) != is_about_it(long) {
        return 0.0;
    }
    let mut left: Vec<&str> = long.iter().map(|word| word.text.as_str()).collect();
    let mut common = 0;
    for word in short {
        if let Some(place) = left.iter().position(|other| *other == word.text) {
            common += left.swap_remove(place).len();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred letters")]
    let share = common as f64 / most as f64;
    if is_one_word_off(short, long) {
        return share.max(0.75);
    }
    share
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(one: &str, other: &str) -> Likeness {
        let (one, other) = (Folded::of(one), Folded::of(other));
        let told = compare(&one, &other);
        assert_eq!(told, compare(&other, &one), "not symmetrical");
        told
    }

    #[test]
    fn titles_are_the_same_in_several_ways() {
        for (one, other, likeness) in [
            ("Amélie", "amelie!", Likeness::Equal),
            ("Rocky IV", "Rocky 4", Likeness::Equal),
            ("Spider-Man", "Spiderman", Likeness::Spaced),
            ("Ocean's Eleven", "Ocean's 11", Likeness::Written),
            ("Se7en", "Seven", Likeness::Written),
            ("Scre4m", "Scream", Likeness::Written),
            ("The F***ing World", "The Fucking World", Likeness::Written),
            ("Bull Sh*t", "Bull Shit", Likeness::Written),
            ("Bi-mil-ui Sup", "Bimilui Sup", Likeness::Spaced),
            ("The Guest", "Guest", Likeness::ButForArticles),
            ("A Guest", "The Guest", Likeness::ButForArticles),
            (
                "Star Wars: Clone Wars",
                "Star Wars: The Clone Wars",
                Likeness::ButForArticles,
            ),
            ("L'Avventura", "Avventura", Likeness::ButForArticles),
            ("기생충", "Gisaengchung", Likeness::Transcribed),
            ("Андрей Рублёв", "Andrei Rublev", Likeness::Transcribed),
            (
                "Das Mädchen vom Land",
                "Das Maedchen vom Land",
                Likeness::Sounding,
            ),
        ] {
            assert_eq!(told(one, other), likeness, "{one} / {other}");
        }
    }

    #[test]
    fn sequel_numbers_must_agree() {
        for (one, other) in [
            ("The Godfather Part II", "The Godfather Part III"),
            ("Rocky", "Rocky II"),
            ("Toy Story 3", "Toy Story"),
            ("Terminator 2: Judgment Day", "Terminator"),
            ("Dune: Part Two", "Dune"),
            ("Ocean's Eleven", "Ocean's Twelve"),
            ("Kill Bill: Vol. 1", "Kill Bill: Vol. 2"),
            ("Mob Season 2", "Mob Season 3"),
            ("Blade Runner 2049", "Blade Runner"),
            ("Love Island (UK)", "Love Island USA"),
        ] {
            assert_eq!(told(one, other), Likeness::Different, "{one} / {other}");
        }
    }

    #[test]
    fn a_title_with_or_without_a_subtitle_is_another_that_may_be_meant() {
        for (one, other, likeness) in [
            (
                "Precious",
                "Precious: Based on the Novel",
                Likeness::Subtitle,
            ),
            (
                "Star Wars",
                "Star Wars: Episode IV - A New Hope",
                Likeness::Subtitle,
            ),
            ("Kill Bill", "Kill Bill: Vol. 1", Likeness::Subtitle),
            (
                "Birdman",
                "Birdman or (The Unexpected Virtue of Ignorance)",
                Likeness::Subtitle,
            ),
            ("Daredevil", "Marvel's Daredevil", Likeness::Subtitle),
            ("Fury Road", "Mad Max: Fury Road", Likeness::Subtitle),
            (
                "Star Trek: The Wrath of Khan",
                "Star Trek II: The Wrath of Khan",
                Likeness::Subtitle,
            ),
            (
                "Dr. Strangelove",
                "Dr. Strangelove or How I Learned to Stop Worrying",
                Likeness::Subtitle,
            ),
            ("Mob Psycho", "Mob Psycho 2nd Season", Likeness::Season),
            ("It", "It Chapter One", Likeness::Subtitle),
            ("The Simpsons", "The Simpsons Movie", Likeness::Subtitle),
            ("Dark", "Dark – Staffel 3", Likeness::Season),
            (
                "Attack on Titan",
                "Attack on Titan: The Final Season",
                Likeness::Season,
            ),
            ("Rambo 2", "Rambo: First Blood Part II", Likeness::Within),
            (
                "Mission Impossible 4",
                "Mission: Impossible - Ghost Protocol",
                Likeness::Within,
            ),
            (
                "Raiders of the Lost Ark",
                "Indiana Jones and the Raiders of the Lost Ark",
                Likeness::Within,
            ),
            (
                "The Shawshank Redemtion",
                "The Shawshank Redemption",
                Likeness::Misspelt,
            ),
        ] {
            assert_eq!(told(one, other), likeness, "{one} / {other}");
        }
        assert_eq!(
            told("Heat", "Heat: The Making of a Crime Saga"),
            Likeness::Sharing(0.0)
        );
        assert!(!told("Her", "Her Private Hell").is_same());
        assert!(!told("Die Hard", "Hard").is_same());
        assert!(!told("The Rapist", "Therapist").is_same());
        assert!(!told("A Live", "Alive").is_same());
        assert!(!told("Los Angeles", "Angeles").is_same());
    }

    proptest! {
        #[test]
        fn comparing_is_symmetrical(
            one in "(the |a |le )?[a-c]{1,6}( [a-c1-3]{1,5}){0,3}(: [a-c]{2,5}|'s|, the)?",
            other in "(the |a |le )?[a-c]{1,6}( [a-c1-3]{1,5}){0,3}(: [a-c]{2,5}|'s|, the)?",
        ) {
            let (one, other) = (Folded::of(&one), Folded::of(&other));
            prop_assert_eq!(compare(&one, &other), compare(&other, &one));
        }
    }
}
