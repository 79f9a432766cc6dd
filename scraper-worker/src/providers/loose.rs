//! Values of JSON as sites write them: numbers as text, texts as numbers, nothing as null, zero or an
//! empty text. Leaves what a value means to the provider.

use serde_json::Value;

/// A number above zero, in digits or in quotes.
pub(super) fn number(value: Option<&Value>) -> Option<i64> {
    whole(value).filter(|number| *number > 0)
}

/// A number that may be zero.
pub(super) fn whole(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    let number = value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok()); // else it is none
    number.filter(|number| *number >= 0)
}

/// A text with something in it. A title that is a number (`86`) may come as one.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Whether it is how IMDb calls a title.
pub(super) fn is_imdb_title(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Four digits.
pub(super) fn year(value: Option<&Value>) -> Option<i32> {
    let year = i32::try_from(number(value)?).ok()?; // too large for a year
    (1000..=9999).contains(&year).then_some(year)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_texts_are_read_however_they_are_written() {
        for value in [json!(603), json!("603"), json!(" 603 ")] {
            assert_eq!(number(Some(&value)), Some(603), "{value}");
        }
        for value in [
            json!(0),
            json!(-1),
            json!(null),
            json!(""),
            json!("x"),
            json!([1]),
            json!({}),
        ] {
            assert_eq!(number(Some(&value)), None, "{value}");
        }
        assert_eq!((whole(Some(&json!(0))), number(None)), (Some(0), None));
        assert_eq!(text(Some(&json!(86))).as_deref(), Some("86"));
        assert_eq!(text(Some(&json!(" Sora "))).as_deref(), Some("Sora"));
        assert_eq!(
            (text(Some(&json!("  "))), text(Some(&json!(true)))),
            (None, None)
        );
        assert!(is_imdb_title("tt0133093") && is_imdb_title("tt1"));
        for other in ["", "tt", "133093", "nm0000206", "tt01330x3", "TT0133093"] {
            assert!(!is_imdb_title(other), "{other}");
        }
        assert_eq!(year(Some(&json!("2024"))), Some(2024));
        assert_eq!(
            (year(Some(&json!(24))), year(Some(&json!(20_240_101)))),
            (None, None)
        );
    }
}
