//! Reads the text of a `.env` file: names and values with the quoting that people know from the old
//! product. Leaves the file, and which value wins, to `environment`.
//!
//! Written here because secrets contain `$`: only `${NAME}` is replaced, and only by what is set.
//! Source: python-dotenv's file format, <https://github.com/theskumar/python-dotenv#file-format>.

/// Number of the line, from 1, at which something begins that is no `NAME=value`. Its text may hold a
/// secret and is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) usize);

/// Names and values in the order of the file. `lookup` tells what `${NAME}` stands for; where it does
/// not know, the lines before do.
pub(crate) fn parse(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, Malformed> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut set: Vec<(String, String)> = Vec::new();
    let (mut rest, mut number) = (text.as_str(), 1);
    while !rest.is_empty() {
        let known = |name: &str| {
            let of_line = set.iter().rfind(|(other, _)| other == name);
            lookup(name)
                .or_else(|| of_line.map(|(_, value)| value.clone()))
                .filter(|value| !value.is_empty())
        };
        let (found, below) = statement(rest, &known).ok_or(Malformed(number))?;
        set.extend(found);
        number += rest.matches('\n').count() - below.matches('\n').count();
        rest = below;
    }
    Ok(set)
}

type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The statement that `text` begins with, if that line is none of comments and blanks, and the lines
/// below it; `None` when it is malformed.
fn statement<'a>(text: &'a str, known: Known) -> Option<(Option<(String, String)>, &'a str)> {
    let (line, below) = text.split_once('\n').unwrap_or((text, ""));
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Some((None, below));
    }
    let (left, _) = line.split_once('=')?;
    let name = left.trim();
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => name,
    };
    if !is_name(name) {
        return None;
    }
    let right = text.get(left.len() + 1..)?;
    let blanks = right.len() - right.trim_start_matches([' ', '\t']).len();
    let value = right.get(blanks..)?;
    let (value, below) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (value, behind) = quoted(value.get(1..)?, quote, known)?;
            let (end, below) = behind.split_once('\n').unwrap_or((behind, ""));
            let end = end.trim_start();
            if !end.is_empty() && !end.starts_with('#') {
                return None;
            }
            (value, below)
        }
        Some('#') if blanks > 0 => (String::new(), below),
        _ => {
            let (line, below) = value.split_once('\n').unwrap_or((value, ""));
            (replaced(without_comment(line), known), below)
        }
    };
    Some((Some((name.to_owned(), value)), below))
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.chars().all(plain) && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// What is before ` #`, without blanks at its end.
fn without_comment(line: &str) -> &str {
    let end = line
        .match_indices('#')
        .map(|(place, _)| place)
        .find(|place| {
            line.get(..*place)
                .is_some_and(|before| before.ends_with([' ', '\t']))
        })
        .unwrap_or(line.len());
    line.get(..end).unwrap_or(line).trim_end()
}

/// The value up to its closing quote, and what is behind that. It may go over lines.
fn quoted<'a>(text: &'a str, quote: char, known: Known) -> Option<(String, &'a str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let stop = rest.find([quote, '\\', '$'])?;
        value.push_str(rest.get(..stop)?);
        let (at, behind) = rest.get(stop..)?.split_at_checked(1)?;
        rest = behind;
        match at {
            "\\" => {
                let escaped = rest.chars().next()?;
                rest = rest.get(escaped.len_utf8()..)?;
                match (quote, escaped) {
                    (_, '\\') => value.push('\\'),
                    (_, escaped) if escaped == quote => value.push(quote),
                    ('"', 'n') => value.push('\n'),
                    ('"', 'r') => value.push('\r'),
                    ('"', 't') => value.push('\t'),
                    ('"', '$') => value.push('$'),
                    (_, other) => value.extend(['\\', other]),
                }
            }
            "$" if quote == '"' => {
                let (put, behind) = reference(rest, known);
                value.push_str(&put);
                rest = behind;
            }
            "$" => value.push('$'),
            _ => return Some((value, rest)),
        }
    }
}

/// The text with every `${NAME}` replaced.
fn replaced(text: &str, known: Known) -> String {
    let mut value = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        value.push_str(before);
        let (put, behind) = reference(behind, known);
        value.push_str(&put);
        rest = behind;
    }
    value + rest
}

/// What stands for `$` and what is behind it, and the text after that: the value of `${NAME}`, or
/// what is after `:-` there; the text as it is when nobody knows the name or it is no such form.
fn reference<'a>(behind: &'a str, known: Known) -> (String, &'a str) {
    let inside = behind
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'));
    let Some((inside, after)) = inside else {
        return ("$".into(), behind);
    };
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let value = known(name).or_else(|| default.map(str::to_owned));
    match value.filter(|_| is_name(name)) {
        Some(value) => (value, after),
        None => ("$".into(), behind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let lookup = |name: &str| (name == "HOST").then(|| "nas".to_owned());
        let mut set = parse(&format!("A={text}\n"), lookup).unwrap();
        assert_eq!(set.len(), 1, "{text}");
        set.remove(0).1
    }

    fn malformed(text: &str) -> usize {
        parse(text, |_| None).unwrap_err().0
    }

    #[test]
    fn values_are_read_as_the_old_product_did() {
        for (text, meant) in [
            ("plain", "plain"),
            ("", ""),
            ("  spaces around  ", "spaces around"),
            ("two words # a comment", "two words"),
            ("no#comment", "no#comment"),
            ("#key", "#key"),
            ("   # nothing yet", ""),
            ("a=b=c", "a=b=c"),
            ("it's \"so\"", "it's \"so\""),
            ("C:\\new", "C:\\new"),
            ("\"with # and ' inside\"  # comment", "with # and ' inside"),
            ("'with # and \" inside'#x", "with # and \" inside"),
            ("\"a\\nb \\\"c\\\" \\\\ \\d\"", "a\nb \"c\" \\ \\d"),
            ("'a\\nb \\'c\\''", "a\\nb 'c'"),
            ("\"über Ümläute\"", "über Ümläute"),
            ("\"one\ntwo\"", "one\ntwo"),
        ] {
            assert_eq!(value(text), meant, "{text}");
        }
    }

    #[test]
    fn only_a_name_in_braces_that_is_set_is_replaced() {
        for (text, meant) in [
            ("http://${HOST}:5055", "http://nas:5055"),
            ("\"http://${HOST}:5055\"", "http://nas:5055"),
            ("'${HOST}'", "${HOST}"),
            ("pa$HOST", "pa$HOST"),
            ("\"pa$HOST$\"", "pa$HOST$"),
            ("pa$$w0rd$1", "pa$$w0rd$1"),
            ("${NOBODY}x", "${NOBODY}x"),
            ("${NOBODY:-there}", "there"),
            ("${HOST:-there}", "nas"),
            ("${HOST", "${HOST"),
            ("${}", "${}"),
            ("\"\\${HOST}\"", "${HOST}"),
        ] {
            assert_eq!(value(text), meant, "{text}");
        }
        let set = parse("A=1\nB=${A}2\n", |_| None).unwrap();
        assert_eq!(set[1].1, "12");
    }

    #[test]
    fn names_may_be_exported_and_lines_end_in_any_way() {
        let text = "\u{feff}# ours\r\n\r\n  export A = 1\r\nexported=2\n\texport\tB=3";
        let set = parse(text, |_| None).unwrap();
        let set: Vec<_> = set.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(set, [("A", "1"), ("exported", "2"), ("B", "3")]);
    }

    #[test]
    fn what_is_no_statement_is_named_by_the_line_where_it_begins() {
        assert_eq!(malformed("A=1\n\nhush\n"), 3);
        assert_eq!(malformed("A=\"x\ny\"\nB='hush\n"), 3);
        assert_eq!(malformed("A=\"hush\nB=\"y\"\n"), 1);
        assert_eq!(malformed("A='x' hush\n"), 1);
        assert_eq!(malformed("A B=1\n"), 1);
        assert_eq!(malformed("=1\n"), 1);
        assert_eq!(malformed("1A=1\n"), 1);
    }
}
