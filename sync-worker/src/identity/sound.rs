//! Roughly what a title sounds like in Latin letters, so that the ways to write one name in another
//! script meet: `Андрей Рублёв`, `Andrey Rublyov` and `Andrei Rublev`. Pure, and never proof alone:
//! different titles sound alike.

use super::fold::Word;

/// Letters that are written in several ways, longer ones first.
const SPELLINGS: [(&str, &str); 37] = [
    ("shch", "s"),
    ("tsch", "c"),
    ("sch", "s"),
    ("iya", "a"),
    ("iia", "a"),
    ("ija", "a"),
    ("you", "e"),
    ("yo", "e"),
    ("io", "e"),
    ("ye", "e"),
    ("ie", "e"),
    ("je", "e"),
    ("ya", "a"),
    ("ia", "a"),
    ("yu", "u"),
    ("iu", "u"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("ou", "o"),
    ("eo", "o"),
    ("eu", "u"),
    ("ch", "c"),
    ("sh", "s"),
    ("zh", "z"),
    ("kh", "h"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("bh", "b"),
    ("ts", "c"),
    ("tz", "c"),
    ("ck", "k"),
    ("qu", "k"),
    ("ks", "x"),
    ("ee", "i"),
    ("oo", "u"),
];

/// The sound of words, without spaces.
pub(super) fn of(words: &[Word]) -> String {
    let mut latin = String::new();
    for word in words {
        if matches!(word.text.as_str(), "el" | "ul" | "ar" | "as") {
            // An article that is written as it sounds.
            latin.push_str("al");
        } else if word.text.is_ascii() {
            latin.push_str(&word.text);
        } else {
            let mut spelled = deunicode::deunicode(&word.text).to_ascii_lowercase();
            spelled.retain(|sign| sign.is_ascii_alphanumeric());
            if word
                .text
                .chars()
                .any(|sign| matches!(sign, '\u{3040}'..='\u{30ff}'))
            {
                spelled = as_heard(spelled);
            }
            latin.push_str(&spelled);
        }
    }
    simple(&latin)
}

/// Japanese syllables as they are mostly transcribed: `ji` and not `zi`.
fn as_heard(spelled: String) -> String {
    const SYLLABLES: [(&str, &str); 6] = [
        ("zi", "ji"),
        ("si", "shi"),
        ("ti", "chi"),
        ("tu", "tsu"),
        ("hu", "fu"),
        ("di", "ji"),
    ];
    let syllables = SYLLABLES.iter();
    syllables.fold(spelled, |text, (from, to)| text.replace(from, to))
}

fn simple(latin: &str) -> String {
    let mut sound = String::with_capacity(latin.len());
    let mut rest = latin;
    while let Some(first) = rest.chars().next() {
        let spelling = SPELLINGS
            .iter()
            .find_map(|(from, to)| rest.strip_prefix(from).map(|rest| (*to, rest)));
        let (letter, after) = match spelling {
            Some((to, after)) => (to, after),
            None => (
                match first {
                    'w' => "v",
                    'y' | 'j' => "i",
                    'q' => "k",
                    _ => rest.get(..first.len_utf8()).unwrap_or_default(),
                },
                rest.get(first.len_utf8()..).unwrap_or_default(),
            ),
        };
        // A double letter sounds like one, two digits are another number.
        let is_double = !letter.is_empty()
            && sound.ends_with(letter)
            && !letter.starts_with(|sign: char| sign.is_ascii_digit());
        if !is_double {
            sound.push_str(letter);
        }
        rest = after;
    }
    sound
}

/// The consonants of a sound: scripts without vowels have nothing else, and others are transcribed
/// with all kinds of them.
pub(super) fn consonants(sound: &str) -> String {
    let mut kept = String::with_capacity(sound.len());
    for sign in sound.chars() {
        let plain = match sign {
            'a' | 'e' | 'i' | 'o' | 'u' | 'h' => continue,
            'b' => 'p',
            'd' => 't',
            'g' => 'k',
            'z' | 'c' | 'x' => 's',
            'f' => 'v',
            _ => sign,
        };
        if plain.is_ascii_digit() || !kept.ends_with(plain) {
            kept.push(plain);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::title::Folded;

    fn sound(title: &str) -> String {
        Folded::of(title).sound
    }

    #[test]
    fn transcriptions_of_one_name_sound_the_same() {
        for (one, other) in [
            ("Андрей Рублёв", "Andrey Rublyov"),
            (
                "Dilwale Dulhania Le Jayenge",
                "Dilvale Dulhaniya Le Jaayenge",
            ),
            ("Tōkyō Monogatari", "Toukyou Monogatari"),
            ("Das Mädchen", "Das Maedchen"),
            ("卧虎藏龙", "Wo Hu Cang Long"),
            ("シン・ゴジラ", "Shin Gojira"),
            ("リング", "Ringu"),
            ("Bab al-Hadid", "Bab el hadid"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} / {other}");
        }
        assert_ne!(sound("Apollo 11"), sound("Apollo 1"));
    }

    #[test]
    fn consonants_carry_a_name_over_to_scripts_without_vowels() {
        for (one, other) in [
            ("기생충", "Gisaengchung"),
            ("올드보이", "Oldeuboi"),
            ("Κυνόδοντας", "Kynodontas"),
            ("Солярис", "Solaris"),
            ("Москва слезам не верит", "Moskva slezam ne verit"),
            ("살인의 추억", "Salinui chueok"),
        ] {
            assert_eq!(
                consonants(&sound(one)),
                consonants(&sound(other)),
                "{one} / {other}: {} / {}",
                sound(one),
                sound(other)
            );
        }
    }
}
