//! What is wrong with a value, in words for people: which it was, and what may stand there. The parser
//! tells it in the words of the program, which this file alone understands.

/// Longest piece of what was given that is shown again.
const LONGEST_GIVEN: usize = 60;
/// Most names that are listed.
const MOST_NAMES: usize = 12;

/// A fault as the parser tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// A field that there is not.
    Unknown {
        /// Its name.
        name: &'a str,
        /// Those there are.
        allowed: Vec<&'a str>,
    },
    /// A field that is needed.
    Missing(&'a str),
    /// A field that is there twice.
    Twice(&'a str),
    /// A word that is none of those there are.
    Word {
        /// The word.
        given: &'a str,
        /// Those there are.
        allowed: Vec<&'a str>,
    },
    /// A value of another kind.
    Kind {
        /// What was given, in the parser's words.
        given: &'a str,
        /// What is needed, in the parser's words.
        wanted: &'a str,
    },
    /// Words of our own.
    Own(&'a str),
    /// A number that no computer's number holds.
    TooLarge,
    /// Lists in lists in lists.
    TooDeep,
    /// No value of this kind can be read there, which the parser says of words.
    NoWord,
}

impl<'a> Fault<'a> {
    /// What the parser said, without its place.
    pub(super) fn of(said: &'a str) -> Self {
        if let Some((name, allowed)) = named(said, "unknown field `") {
            return Self::Unknown { name, allowed };
        }
        if let Some((given, allowed)) = named(said, "unknown variant `") {
            return Self::Word { given, allowed };
        }
        if let Some((name, _)) = named(said, "missing field `") {
            return Self::Missing(name);
        }
        if let Some((name, _)) = named(said, "duplicate field `") {
            return Self::Twice(name);
        }
        let of_kind = ["invalid type: ", "invalid value: ", "invalid length "];
        let rest = of_kind.iter().find_map(|start| said.strip_prefix(start));
        match rest.and_then(|rest| rest.rsplit_once(", expected ")) {
            Some((_, "string or map")) => Self::NoWord,
            Some((given, wanted)) => Self::Kind { given, wanted },
            None if said == "expected value" => Self::NoWord,
            None if said == "recursion limit exceeded" => Self::TooDeep,
            None if said == "number out of range" => Self::TooLarge,
            None => Self::Own(said),
        }
    }

    /// As it goes after the name of the field.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Unknown { name, allowed } => unknown(name, allowed),
            Self::Missing(_) => "is missing".into(),
            Self::Twice(_) => "is there twice; leave one of them out".into(),
            Self::Word { given, allowed } => {
                format!("must be one of {}, not `{}`", listed(allowed), short(given))
            }
            Self::Kind { given, wanted } => {
                format!("must be {}, not {}", kind(wanted), self::given(given))
            }
            Self::Own(said) => format!("cannot be taken: {said}"),
            Self::TooLarge => "is a number that is too large".into(),
            Self::TooDeep => "is nested too deeply".into(),
            Self::NoWord => "must be a word".into(),
        }
    }
}

/// A name and what is possible instead of it: `` unknown field `x`, expected one of `a`, `b` ``. The
/// name may hold anything, what is possible are names of ours.
fn named<'a>(said: &'a str, start: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let rest = said.strip_prefix(start)?;
    if let Some((name, allowed)) = rest.rsplit_once("`, expected ") {
        return Some((name, allowed.split('`').skip(1).step_by(2).collect()));
    }
    let name = rest
        .strip_suffix("`, there are no fields")
        .or_else(|| rest.strip_suffix('`'))?;
    Some((name, Vec::new()))
}

/// What is said of a name that there is not, with the nearest that there is.
pub(crate) fn unknown(name: &str, allowed: &[&str]) -> String {
    match runtime::settings::nearest(name, allowed.iter().copied()) {
        Some(nearest) => format!("is not known; did you mean `{nearest}`?"),
        None if allowed.is_empty() => "is not known; leave it out".into(),
        None if allowed.len() <= MOST_NAMES => {
            format!("is not known; there are {}", listed(allowed))
        }
        None => "is not known; leave it out".into(),
    }
}

/// `` `a`, `b` and `c` ``.
fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// The kind that the parser names.
fn kind(wanted: &str) -> String {
    let number = |least: &str, most: &str| format!("a whole number from {least} to {most}");
    match wanted {
        "i32" => number("-2147483648", "2147483647"),
        "u32" => number("0", "4294967295"),
        "i8" | "i16" | "i64" | "isize" => "a whole number".into(),
        "u8" | "u16" | "u64" | "usize" => "a whole number from 0".into(),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "a map" | "map" => "an object".into(),
        _ if wanted.starts_with("struct ") => "an object".into(),
        _ if wanted.contains("string") || wanted == "str" => "text".into(),
        _ => "of another kind".into(),
    }
}

/// What was given, as the parser names it.
fn given(given: &str) -> String {
    let inside = |start: &str| given.strip_prefix(start)?.strip_suffix('`');
    let number = inside("integer `").or_else(|| inside("floating point `"));
    match given {
        "null" | "unit value" | "Option value" => "null".into(),
        "map" => "an object".into(),
        "sequence" => "a list".into(),
        _ => match (number, inside("boolean `"), given.strip_prefix("string ")) {
            (Some(number), ..) => number.to_owned(),
            (_, Some(word), _) => word.to_owned(),
            (.., Some(text)) => format!("the text `{}`", short(text.trim_matches('"'))),
            _ => "that".into(),
        },
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_GIVEN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_says_becomes_words_for_people() {
        for (said, told) in [
            (
                "unknown field `limt`, expected one of `limit`, `page`, `search`",
                "is not known; did you mean `limit`?",
            ),
            (
                "unknown field `zzz`, expected `limit` or `page`",
                "is not known; there are `limit` and `page`",
            ),
            (
                "unknown field `x`, there are no fields",
                "is not known; leave it out",
            ),
            ("missing field `title`", "is missing"),
            (
                "duplicate field `id`",
                "is there twice; leave one of them out",
            ),
            (
                "unknown variant `some`, expected `all` or `single`",
                "must be one of `all` and `single`, not `some`",
            ),
            (
                "invalid type: string \"ten\", expected i32",
                "must be a whole number from -2147483648 to 2147483647, not the text `ten`",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "must be a whole number from 0 to 4294967295, not -1",
            ),
            (
                "invalid type: integer `5`, expected a string",
                "must be text, not 5",
            ),
            (
                "invalid type: null, expected a boolean",
                "must be true or false, not null",
            ),
            (
                "invalid type: map, expected a sequence",
                "must be a list, not an object",
            ),
            (
                "invalid type: boolean `true`, expected struct Named",
                "must be an object, not true",
            ),
            (
                "invalid type: floating point `1.5`, expected u64",
                "must be a whole number from 0, not 1.5",
            ),
            (
                "a user is a whole number",
                "cannot be taken: a user is a whole number",
            ),
        ] {
            assert_eq!(Fault::of(said).sentence(), told, "{said}");
        }
    }

    #[test]
    fn a_name_may_hold_anything() {
        let said = "unknown field `a`, expected b`, expected `c` or `d`";
        assert_eq!(
            Fault::of(said),
            Fault::Unknown {
                name: "a`, expected b",
                allowed: vec!["c", "d"]
            }
        );
    }

    #[test]
    fn a_long_text_is_cut_in_what_is_said_of_it() {
        let long = "ä".repeat(500);
        let said = format!("invalid type: string \"{long}\", expected i32");
        let told = Fault::of(&said).sentence();
        assert!(
            told.ends_with("ä…`") && told.chars().count() < 140,
            "{told}"
        );
    }
}
