//! Text out of bytes, whoever wrote them: UTF-8, UTF-16, Windows-1252. Pure; what the text means is left to
//! its reader.

/// UTF-8 without its mark, or UTF-16; what is neither is Windows-1252, in which IMDb's older exports and
/// many spreadsheets are. A letter that is damaged in a text of UTF-8 costs itself and no other.
pub(super) fn text(bytes: Vec<u8>) -> String {
    if let Some(text) = utf16(&bytes) {
        return text;
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| not_utf8(error.as_bytes()));
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// By its mark, or by the zeros between Latin letters.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (is_little, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (true, bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (false, bytes),
        _ => return None,
    };
    let units = rest.chunks_exact(2).filter_map(|pair| {
        let pair: [u8; 2] = pair.try_into().ok()?; // two they are
        Some(if is_little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    });
    let letters = char::decode_utf16(units);
    Some(
        letters
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

fn not_utf8(bytes: &[u8]) -> String {
    let lossy = String::from_utf8_lossy(bytes);
    let damaged = lossy.matches(char::REPLACEMENT_CHARACTER).count();
    let whole = lossy.chars().filter(|char| !char.is_ascii()).count() - damaged;
    if whole > damaged {
        return lossy.into_owned();
    }
    bytes.iter().map(|byte| western(*byte)).collect()
}

/// Source: <https://encoding.spec.whatwg.org/index-windows-1252.txt>, checked 2026-11-21.
fn western(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let place = byte.checked_sub(0x80).map(usize::from);
    let special = place.and_then(|place| FROM_0X80.get(place).copied());
    special.unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        let title = "Amélie";
        for bytes in [
            title.as_bytes().to_vec(),
            "\u{feff}Amélie".as_bytes().to_vec(),
            b"Am\xe9lie".to_vec(),
            utf16("\u{feff}Amélie", u16::to_le_bytes),
            utf16("\u{feff}Amélie", u16::to_be_bytes),
            utf16(title, u16::to_le_bytes),
            utf16(title, u16::to_be_bytes),
        ] {
            assert_eq!(text(bytes.clone()), title, "{bytes:?}");
        }
        assert_eq!(text(b"\x80\x93".to_vec()), "€“");
        assert_eq!(text(Vec::new()), "");
    }

    #[test]
    fn a_damaged_letter_costs_no_other() {
        let mut bytes = "Amélie, Señorita, Ä".as_bytes().to_vec();
        bytes.push(0xe2);
        assert_eq!(text(bytes), "Amélie, Señorita, Ä\u{fffd}");
    }

    #[test]
    fn half_a_letter_of_utf16_is_left_away() {
        let mut bytes = utf16("\u{feff}Heat", u16::to_le_bytes);
        bytes.push(b'x');
        assert_eq!(text(bytes), "Heat");
    }
}
