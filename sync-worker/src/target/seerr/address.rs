//! Where Seerr is: what people write as its address, and how text is put into a query.

use url::Url;

use super::SeerrSetupError;

/// The address of one Seerr.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    base: String,
    /// For people: without credentials.
    pub(super) shown: String,
}

impl Address {
    /// Reads what the owner wrote: a slash at the end and a pasted `/api/v1` do no harm.
    ///
    /// # Errors
    /// When nothing is set, the scheme is missing or is not HTTP, or it is no address.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, SeerrSetupError> {
        let text = text.unwrap_or_default().trim();
        if text.is_empty() {
            return Err(SeerrSetupError::AddressMissing);
        }
        let invalid = |why: String| SeerrSetupError::AddressInvalid { why };
        if !text.contains("://") {
            return Err(invalid(
                "it does not begin with http:// or https://; write e.g. http://seerr:5055".into(),
            ));
        }
        let mut url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(format!("`{}` is not http or https", url.scheme())));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must end before `?` or `#`".into()));
        }
        let path = url.path().to_owned();
        let kept = match path.find("/api/v1") {
            Some(at) => path.get(..at).unwrap_or_default(),
            None => path.as_str(),
        };
        url.set_path(kept.trim_end_matches('/'));
        let base = url.as_str().trim_end_matches('/').to_owned();
        let is_bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
        let shown = if is_bare {
            url.as_str().trim_end_matches('/').to_owned()
        } else {
            "its address".to_owned()
        };
        Ok(Self { base, shown })
    }

    /// The full address of `path`, e.g. `/media?take=1000`; empty for the root of the API.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }
}

/// Encodes all but letters, digits and `-._~`: Seerr refuses every other character in a query, also
/// those that other encoders leave alone, and `+` for a space.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                for half in [byte >> 4, byte & 15] {
                    encoded.extend(
                        char::from_digit(u32::from(half), 16)
                            .map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> String {
        Address::parse(Some(text))
            .map_or_else(|error| error.to_string(), |address| address.of("/media"))
    }

    #[test]
    fn what_people_paste_becomes_the_same_address() {
        for text in [
            "http://seerr:5055",
            " http://seerr:5055/ ",
            "http://seerr:5055//",
            "http://seerr:5055/api/v1",
            "http://seerr:5055/api/v1/",
            "http://seerr:5055/api/v1/status",
            "HTTP://SEERR:5055",
        ] {
            assert_eq!(base(text), "http://seerr:5055/api/v1/media", "{text}");
        }
        assert_eq!(
            base("https://home.example/seerr/"),
            "https://home.example/seerr/api/v1/media"
        );
        assert_eq!(base("http://[::1]:5055"), "http://[::1]:5055/api/v1/media");
    }

    #[test]
    fn what_is_no_address_is_said_so() {
        assert!(base("").contains("not set"));
        assert!(base("seerr:5055").contains("does not begin with http://"));
        assert!(base("localhost:5055").contains("does not begin with http://"));
        assert!(base("ftp://seerr").contains("`ftp` is not http"));
        assert!(base("http://").contains("empty host"));
        assert!(base("http://seerr:99999").contains("invalid port"));
        assert!(base("http://seerr:5055/?a=b").contains('?'));
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        let address = Address::parse(Some("http://me:hush@seerr:5055/")).unwrap();
        assert_eq!(address.shown, "http://seerr:5055");
        assert_eq!(address.of(""), "http://me:hush@seerr:5055/api/v1");
    }

    #[test]
    fn everything_reserved_is_encoded_and_stays_so() {
        for (text, encoded) in [
            ("Ocean's Eleven", "Ocean%27s%20Eleven"),
            ("(500) Days of Summer", "%28500%29%20Days%20of%20Summer"),
            ("M*A*S*H", "M%2AA%2AS%2AH"),
            ("100% Wolf", "100%25%20Wolf"),
            ("Amélie", "Am%C3%A9lie"),
            ("千と千尋", "%E5%8D%83%E3%81%A8%E5%8D%83%E5%B0%8B"),
            ("Romeo + Juliet", "Romeo%20%2B%20Juliet"),
            ("imdb:tt0111161", "imdb%3Att0111161"),
            ("a-b.c_d~e", "a-b.c_d~e"),
            ("?/#[]@!$&,;=", "%3F%2F%23%5B%5D%40%21%24%26%2C%3B%3D"),
        ] {
            assert_eq!(encode(text), encoded);
            let address = format!("http://seerr/api/v1/search?query={encoded}");
            assert_eq!(Url::parse(&address).unwrap().as_str(), address);
        }
    }
}
