//! Which texts of the settings no log may show. Leaves hiding them to the logs.

use crate::secret::Secret;

/// Shorter texts are parts of other words, and no secrets worth the name.
const LEAST_BYTES: usize = 6;

/// Parts of names of variables that hold secrets.
const WORDS: &[&str] = &[
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "CREDENTIAL",
];

/// Takes in a secret, line by line, since logs have lines.
pub(super) fn take(text: &str, secrets: &mut Vec<Secret>) {
    for line in text.lines().map(str::trim) {
        let secret = Secret::new(line);
        if line.len() >= LEAST_BYTES && !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }
}

/// Takes in the password of an address, as it stands there and as it is meant.
pub(super) fn take_password(text: &str, secrets: &mut Vec<Secret>) {
    let Ok(url) = url::Url::parse(text.trim()) else {
        return; // what is no address has none
    };
    if let Some(password) = url.password() {
        take(password, secrets);
    }
    // The parser writes some characters anew.
    let written = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .and_then(|authority| authority.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'));
    if let Some((_, password)) = written {
        take(password, secrets);
        take(&decoded(password), secrets);
    }
}

/// Takes in a variable of a program if its name looks secret; else the password of an address in it.
pub(super) fn take_variable(name: &str, value: &str, secrets: &mut Vec<Secret>) {
    let name = name.to_ascii_uppercase();
    if WORDS.iter().any(|word| name.contains(word)) {
        take(value, secrets);
    }
    take_password(value, secrets);
}

/// `%40` as `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let byte = behind
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok()) // else it is no escape
            .and_then(|digits| u8::from_str_radix(digits, 16).ok()); // as above
        bytes.push(byte.unwrap_or(*first));
        rest = behind
            .get(if byte.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(take: impl Fn(&mut Vec<Secret>)) -> Vec<String> {
        let mut secrets = Vec::new();
        take(&mut secrets);
        take(&mut secrets);
        secrets
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect()
    }

    #[test]
    fn secrets_are_taken_once_and_by_line_and_short_ones_not() {
        assert_eq!(
            exposed(|secrets| take("abcdef\n  ghijkl \nshort\n", secrets)),
            ["abcdef", "ghijkl"]
        );
    }

    #[test]
    fn passwords_of_addresses_are_taken_in_every_spelling() {
        assert_eq!(
            exposed(|secrets| take_password("http://me:p%40ssword@x/a@b:c", secrets)),
            ["p%40ssword", "p@ssword"]
        );
        for text in ["http://x/me:password@y", "me:password@x", "password"] {
            assert!(
                exposed(|secrets| take_password(text, secrets)).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn variables_are_secret_by_their_names() {
        let of = |name, value| exposed(|secrets| take_variable(name, value, secrets));
        for name in ["API_KEY", "Token", "DB_PASSWORD", "AWS_SECRET", "MY_PWD"] {
            assert_eq!(of(name, "hushhush"), ["hushhush"], "{name}");
        }
        assert!(of("MODE", "hushhush").is_empty());
        assert_eq!(of("DATABASE_URL", "pg://me:hushhush@db/x"), ["hushhush"]);
    }
}
