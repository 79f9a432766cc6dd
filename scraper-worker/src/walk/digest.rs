//! What was read, in a word, so that an unchanged list is known again before it is parsed. Pure;
//! leaves keeping the word to `reading`.
//!
//! The word holds for one version of this program: another one may read more out of the same answer.

use sha2::{Digest as _, Sha256};

use crate::provider::Request;

/// What was read of a list so far.
#[derive(Clone, Debug)]
pub(super) struct Digest(Sha256);

impl Digest {
    /// Nothing yet, of a reading of at most `limit` entries.
    pub(super) fn new(limit: Option<u32>) -> Self {
        let mut digest = Self(Sha256::new());
        digest.part(env!("CARGO_PKG_VERSION").as_bytes());
        digest.part(&limit.unwrap_or(0).to_be_bytes());
        digest
    }

    /// One answer more.
    pub(super) fn add(&mut self, request: &Request, body: &str) {
        self.part(request.url.as_str().as_bytes());
        self.part(request.step.as_bytes());
        self.part(request.body.as_deref().unwrap_or_default().as_bytes());
        self.part(body.as_bytes());
    }

    /// With its length before it, so that no two sequences of parts are the same.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update(bytes.len().to_be_bytes());
        self.0.update(bytes);
    }

    pub(super) fn word(self) -> String {
        let digits = |byte: u8| [byte >> 4, byte & 15];
        self.0
            .finalize()
            .into_iter()
            .flat_map(digits)
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(limit: Option<u32>, answers: &[(&str, &str)]) -> String {
        let mut digest = Digest::new(limit);
        for (path, body) in answers {
            let url = url::Url::parse("http://a.example/").unwrap();
            digest.add(&Request::get(url.join(path).unwrap(), "page"), body);
        }
        digest.word()
    }

    #[test]
    fn the_same_answers_have_the_same_word_and_others_have_another() {
        let one = word(None, &[("x", "body")]);
        assert_eq!((one.len(), &one), (64, &word(None, &[("x", "body")])));
        let others = [
            word(Some(5), &[("x", "body")]),
            word(None, &[("y", "body")]),
            word(None, &[("x", "bodY")]),
            word(None, &[("x", "bo"), ("x", "dy")]),
            word(None, &[("x", "body"), ("x", "body")]),
            word(None, &[]),
        ];
        for other in others {
            assert_ne!(one, other);
        }
    }
}
