//! Keys of machines that use the API. Leaves storing their digests to `schema` and checking them to `api`.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::SecretError;

/// A new key: 256 random bits as 43 URL-safe characters.
///
/// # Errors
/// [`SecretError::Random`] when the kernel gives no random bytes.
pub fn new_api_key() -> Result<String, SecretError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(SecretError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a key: its SHA-256 in 64 hexadecimal digits. Keys are random, so that no salt
/// or slow hash is needed.
pub fn api_key_digest(key: &str) -> String {
    Sha256::digest(key.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap_or_default(); // writing to a String cannot fail
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_url_safe_and_never_the_same() {
        let (one, other) = (new_api_key().unwrap(), new_api_key().unwrap());
        assert_eq!(one.len(), 43);
        assert!(
            one.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
        assert_ne!(one, other);
    }

    #[test]
    fn the_digest_is_sha256_in_hexadecimal() {
        assert_eq!(
            api_key_digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
