//! Moments of the command line: `--since 10m`, `--since yesterday`. Leaves how they are written to
//! `runtime`, and what is done with them to the commands.

use chrono::{DateTime, TimeZone, Utc};
pub(super) use runtime::moment::EXAMPLES;
use runtime::moment::named;

use super::{error::CommandError, exit::Exit};

/// The moment that `text` names, in the zone of `now`.
///
/// # Errors
/// When it names none, or one that has not come yet.
pub(super) fn parse<Z: TimeZone>(
    text: &str,
    now: &DateTime<Z>,
) -> Result<DateTime<Utc>, CommandError> {
    let problem = match named(text, now) {
        Some(moment) if moment <= now.to_utc() => return Ok(moment),
        Some(_later) => "has not come yet",
        None => "is no moment",
    };
    Err(CommandError::Told {
        message: format!("`{}` {problem}", text.trim()),
        remedy: Some(format!("Write one like these: {EXAMPLES}.")),
        exit: Exit::Usage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_none_or_has_not_come_yet_is_refused_with_examples() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00+02:00").unwrap();
        for (text, problem) in [
            ("tomorrow", "`tomorrow` is no moment"),
            ("12:01", "`12:01` has not come yet"),
            (
                "2026-03-01T12:00:01+02:00",
                "`2026-03-01T12:00:01+02:00` has not come yet",
            ),
        ] {
            let error = parse(text, &now).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{text}");
            let told = error.text();
            assert!(
                told.contains(problem) && told.contains("17:04:30, 10m"),
                "{told}"
            );
        }
        assert!(parse("10m", &now).is_ok());
    }
}
