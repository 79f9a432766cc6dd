//! Names of files and discs: marks of resolution, source and codec, and all that follows them, are no
//! part of a title. Pure.

/// The title before such marks, with spaces for the dots between its words; none without a mark.
pub(super) fn without_marks(title: &str) -> Option<String> {
    let title = without_group_in_front(title.trim());
    let starts = starts(title);
    let word = |place: usize| {
        let start = starts.get(place)?;
        title.get(*start..starts.get(place + 1).copied().unwrap_or(title.len()))
    };
    let first = (1..starts.len()).find(|place| word(*place).is_some_and(is_mark))?;
    // Small marks stand in front of it.
    let mut end = first;
    while end > 1 && word(end - 1).is_some_and(is_small_mark) {
        end -= 1;
    }
    let front = title.get(..*starts.get(end)?)?;
    let plain = if front.contains(' ') {
        front.to_owned()
    } else {
        front.replace(['.', '_'], " ")
    };
    let plain =
        plain.trim_end_matches(|sign: char| sign.is_whitespace() || "([{-–—:,|/+".contains(sign));
    plain
        .contains(char::is_alphanumeric)
        .then(|| plain.trim_start().to_owned())
}

/// Who made a file puts their name before the title, in square brackets.
fn without_group_in_front(title: &str) -> &str {
    let rest = title
        .strip_prefix('[')
        .and_then(|open| open.split_once(']'))
        .map_or("", |(_, rest)| rest.trim_start());
    if rest.is_empty() { title } else { rest }
}

/// Where words begin, a bracket before one of them included.
fn starts(title: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut start = 0;
    for piece in title.split_inclusive(|sign: char| sign.is_whitespace() || "._".contains(sign)) {
        if piece.contains(char::is_alphanumeric) {
            starts.push(start);
        }
        start += piece.len();
    }
    starts
}

fn plain(word: &str) -> String {
    word.trim_matches(|sign: char| !sign.is_alphanumeric())
        .to_lowercase()
        .replace('-', "")
}

/// What no title has.
fn is_mark(word: &str) -> bool {
    let word = plain(word);
    let is_resolution = word
        .strip_suffix(['p', 'i'])
        .is_some_and(|lines| matches!(lines, "480" | "540" | "576" | "720" | "1080" | "2160"));
    let is_coded = [
        "x264", "x265", "h264", "h265", "hevc", "xvid", "dvdrip", "webdl", "webrip",
    ]
    .iter()
    .any(|mark| word.starts_with(mark));
    is_resolution
        || is_coded
        || matches!(
            word.as_str(),
            "4k" | "uhd"
                | "bluray"
                | "bdrip"
                | "brrip"
                | "bdremux"
                | "remux"
                | "hdtv"
                | "hdrip"
                | "hdcam"
                | "camrip"
                | "dvdscr"
                | "dvd"
                | "av1"
                | "10bit"
                | "hdr10"
                | "truehd"
                | "ddp5"
        )
}

/// What titles have too, but for just before a mark.
fn is_small_mark(word: &str) -> bool {
    matches!(
        plain(word).as_str(),
        "complete"
            | "nf"
            | "amzn"
            | "dsnp"
            | "hmax"
            | "atvp"
            | "hulu"
            | "web"
            | "hd"
            | "hdr"
            | "dv"
            | "imax"
            | "hybrid"
            | "proper"
            | "repack"
            | "internal"
            | "multi"
            | "dual"
            | "german"
            | "french"
            | "remastered"
            | "restored"
            | "unrated"
            | "uncut"
            | "extended"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_what_follows_them_fall_away() {
        for (name, title) in [
            (
                "Game.of.Thrones.S01.COMPLETE.1080p.BluRay.x264-REWARD",
                "Game of Thrones S01",
            ),
            ("The.Witcher.S02.2160p.NF.WEB-DL", "The Witcher S02"),
            (
                "Blade Runner (The Final Cut) [2160p]",
                "Blade Runner (The Final Cut)",
            ),
            ("Dune.2021.MULTI.2160p.UHD.BluRay.x265-X", "Dune 2021"),
            ("Dune (2021) 4K UHD", "Dune (2021)"),
            ("Stop Making Sense – 4K Restoration", "Stop Making Sense"),
            ("[Group] Mushishi (BDRip 1080p)", "Mushishi"),
            ("heat_1995_720p_hdtv", "heat 1995"),
        ] {
            assert_eq!(without_marks(name).as_deref(), Some(title), "{name}");
        }
    }

    #[test]
    fn a_title_without_marks_stays_as_it_is() {
        for title in [
            "Dune",
            "Se7en",
            "1080p",
            "4K",
            "S.W.A.T.",
            "The Complete Works",
            "[REC]",
            "",
        ] {
            assert_eq!(without_marks(title), None, "{title}");
        }
    }
}
