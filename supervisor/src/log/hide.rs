//! Secrets in what programs print: each known one becomes `***`, also where it is split over two reads.
//!
//! Pure. The end of what was read is held back as long as it may be the beginning of a secret; nothing is
//! held back behind a newline. Leaves who knows the secrets to [`super::Logs::hide`].

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::Arc,
};

use aho_corasick::{AhoCorasick, MatchKind};

/// Shorter ones would be found in every second word.
const SHORTEST: usize = 6;

/// What is printed in the place of a secret.
const STARS: &[u8] = b"***";

/// The secrets that are known.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Arc<Known>>);

struct Known {
    /// All forms of all secrets; none has a newline in it.
    forms: Vec<Vec<u8>>,
    longest: usize,
    finder: AhoCorasick,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secrets {
    /// These as well as those known before; each also as it looks in JSON and in an address.
    ///
    /// # Errors
    /// When they are too many to be searched for, in words.
    pub(crate) fn and<'secret>(
        &self,
        more: impl IntoIterator<Item = &'secret str>,
    ) -> Result<Self, String> {
        let before = self.0.iter().flat_map(|known| known.forms.iter().cloned());
        let mut forms: BTreeSet<Vec<u8>> = before.collect();
        forms.extend(more.into_iter().flat_map(forms_of));
        if forms.is_empty() {
            return Ok(Self(None));
        }
        let forms: Vec<Vec<u8>> = forms.into_iter().collect();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&forms)
            .map_err(|error| error.to_string())?;
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        Ok(Self(Some(Arc::new(Known {
            forms,
            longest,
            finder,
        }))))
    }

    /// `text` with stars for each secret in it.
    pub(crate) fn hidden(&self, text: String) -> String {
        match &self.0 {
            Some(known) if known.finder.is_match(&text) => known
                .finder
                .replace_all_bytes(text.as_bytes(), &known.stars())
                .try_into()
                .unwrap_or_else(|_torn: std::string::FromUtf8Error| "***".to_owned()),
            _ => text,
        }
    }
}

impl Known {
    fn stars(&self) -> Vec<&'static [u8]> {
        vec![STARS; self.forms.len()]
    }

    /// Where the first part of `bytes` behind `from` begins that more bytes may make a secret.
    fn unsure(&self, bytes: &[u8], from: usize) -> usize {
        let line = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let earliest = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (from.max(line).max(earliest)..bytes.len())
            .find(|start| {
                let end = bytes.get(*start..).unwrap_or_default();
                self.forms
                    .iter()
                    .any(|form| form.len() > end.len() && form.starts_with(end))
            })
            .unwrap_or(bytes.len())
    }
}

/// A secret as it is, in JSON, and in an address; line by line where it has several.
fn forms_of(secret: &str) -> Vec<Vec<u8>> {
    let mut forms: Vec<String> = secret.lines().map(str::to_owned).collect();
    let json = serde_json::Value::from(secret).to_string();
    forms.extend(json.get(1..json.len().saturating_sub(1)).map(str::to_owned));
    forms.push(percent_encoded(secret, false));
    forms.push(percent_encoded(secret, true));
    forms
        .into_iter()
        .map(|form| form.trim().as_bytes().to_vec())
        .filter(|form| form.len() >= SHORTEST)
        .collect()
}

fn percent_encoded(secret: &str, is_lower: bool) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        let written = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.write_char(char::from(byte))
            }
            _ if is_lower => write!(text, "%{byte:02x}"),
            _ => write!(text, "%{byte:02X}"),
        };
        // Writing to a `String` cannot fail.
        written.unwrap_or_default();
    }
    text
}

/// Hides the secrets of one stream.
#[derive(Debug, Default)]
pub(super) struct Mask {
    secrets: Secrets,
    held: Vec<u8>,
    shown: Vec<u8>,
}

impl Mask {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            ..Self::default()
        }
    }

    /// Knows these from now on.
    pub(super) fn know(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// What can be shown now that `bytes` came.
    pub(super) fn pass<'pass>(&'pass mut self, bytes: &'pass [u8]) -> &'pass [u8] {
        let Some(known) = self.secrets.0.as_ref() else {
            if self.held.is_empty() {
                return bytes;
            }
            return self.rest_and(bytes);
        };
        if self.held.is_empty() {
            let sure = known.unsure(bytes, 0);
            if sure == bytes.len() && !known.finder.is_match(bytes) {
                return bytes;
            }
            self.held.extend_from_slice(bytes);
            return self.cut(sure);
        }
        self.held.extend_from_slice(bytes);
        let sure = known.unsure(&self.held, 0);
        self.cut(sure)
    }

    /// What was held back: nothing comes after it.
    pub(super) fn finish(&mut self) -> &[u8] {
        if self.held.is_empty() {
            return &[];
        }
        self.cut(self.held.len())
    }

    fn rest_and(&mut self, bytes: &[u8]) -> &[u8] {
        self.shown.clear();
        self.shown.append(&mut self.held);
        self.shown.extend_from_slice(bytes);
        &self.shown
    }

    /// Shows what is held up to `sure` and further as far as a secret begins before.
    fn cut(&mut self, mut sure: usize) -> &[u8] {
        self.shown.clear();
        let Some(known) = self.secrets.0.as_ref() else {
            return &[];
        };
        let is_end = sure == self.held.len();
        let mut at = 0;
        for found in known.finder.find_iter(&self.held) {
            if found.start() >= sure {
                break;
            }
            self.shown
                .extend_from_slice(self.held.get(at..found.start()).unwrap_or_default());
            self.shown.extend_from_slice(STARS);
            at = found.end();
            if at > sure {
                sure = if is_end {
                    at
                } else {
                    known.unsure(&self.held, at)
                };
            }
        }
        let sure = sure.max(at);
        self.shown
            .extend_from_slice(self.held.get(at..sure).unwrap_or_default());
        self.held.drain(..sure);
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        Mask::new(Secrets::default().and(secrets.iter().copied()).unwrap())
    }

    fn through(mask: &mut Mask, text: &[u8], chunk: usize) -> String {
        let mut shown = Vec::new();
        for part in text.chunks(chunk) {
            shown.extend_from_slice(mask.pass(part));
        }
        shown.extend_from_slice(mask.finish());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_secret_is_hidden_wherever_reads_split_it() {
        let text = b"key=tops3cret! topsecret tops3cret!\ntops3cret\n tops3cret!tops3cret!";
        for chunk in 1..=text.len() {
            let shown = through(&mut mask(&["tops3cret!"]), text, chunk);
            assert_eq!(
                shown, "key=*** topsecret ***\ntops3cret\n ******",
                "chunks of {chunk}"
            );
        }
    }

    #[test]
    fn of_secrets_in_each_other_the_longest_is_hidden_whole() {
        let text = b"abcdef abcdefgh abcdefg xyabcdefx efghij abcdefghij";
        for chunk in 1..=text.len() {
            let shown = through(&mut mask(&["abcdef", "abcdefgh", "efghij"]), text, chunk);
            assert_eq!(shown, "*** *** ***g xy***x *** ***ij", "chunks of {chunk}");
        }
    }

    #[test]
    fn a_secret_is_hidden_as_json_and_addresses_have_it() {
        let mut mask = mask(&["pa\"ss/wörd"]);
        let text = r#"{"p":"pa\"ss/wörd"} ?p=pa%22ss%2Fw%C3%B6rd&q=pa%22ss%2fw%c3%b6rd pa"ss/wörd"#;
        let shown = through(&mut mask, text.as_bytes(), 7);
        assert_eq!(shown, r#"{"p":"***"} ?p=***&q=*** ***"#);
    }

    #[test]
    fn each_line_of_a_long_secret_is_hidden_and_lines_stay_lines() {
        let mut mask = mask(&["-----BEGIN-----\nabcdefgh\nijk"]);
        let shown = through(&mut mask, b"-----BEGIN-----\nabcdefgh\nijk\n", 5);
        assert_eq!(shown, "***\n***\nijk\n");
    }

    #[test]
    fn without_secrets_and_with_too_short_ones_bytes_pass_as_they_are() {
        let bytes = [0, 255, b'a', b'\n'];
        assert_eq!(mask(&[]).pass(&bytes), bytes);
        assert_eq!(mask(&["abcde"]).pass(b"abcde"), b"abcde");
    }

    #[test]
    fn only_what_may_be_a_secret_is_held_back() {
        let mut mask = mask(&["secret-one"]);
        assert_eq!(mask.pass(b"a prompt> "), b"a prompt> ");
        assert_eq!(mask.pass(b"my sec"), b"my ");
        assert_eq!(mask.pass(b"ond\n"), b"second\n");
        assert_eq!(mask.pass(b"sec"), b"");
        assert_eq!(mask.finish(), b"sec");
        assert_eq!(mask.finish(), b"");
    }

    #[test]
    fn more_secrets_join_those_known_before() {
        let first = Secrets::default().and(["first-secret"]).unwrap();
        let both = first.and(["second-secret"]).unwrap();
        let text = "first-secret second-secret".to_owned();
        assert_eq!(first.hidden(text.clone()), "*** second-secret");
        assert_eq!(both.hidden(text), "*** ***");
        assert!(!format!("{both:?}").contains("secret"));
    }
}
