//! Prints an error with all its causes; leaves where errors are handled to their owners.

use std::{error::Error, fmt};

/// An error and its causes in one line: `cannot open the database: disk I/O error`.
///
/// A cause whose text the line ends with already is left out, since some libraries print their own.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.0.to_string();
        let mut source = self.0.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !line.ends_with(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            source = cause.source();
        }
        f.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the list")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("the site hung up: {0}")]
    struct Middle(#[source] std::io::Error);

    #[test]
    fn causes_follow_their_error_and_are_not_said_twice() {
        let error = Outer(Middle(std::io::Error::other("broken pipe")));
        assert_eq!(
            Chain(&error).to_string(),
            "cannot read the list: the site hung up: broken pipe"
        );
    }
}
