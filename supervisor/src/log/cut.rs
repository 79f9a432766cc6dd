//! Cuts what programs write into complete lines, for those who need them whole: stdout.
//!
//! Leaves what is done with lines to its caller.

/// A line without end is passed on in pieces of this size.
const LONGEST_LINE: usize = 64 * 1024;

/// Room for an open line that is kept.
const KEPT_ROOM: usize = 8 * 1024;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    open: Vec<u8>,
}

impl LineCutter {
    /// Hands the complete lines of what was written up to now to `take`.
    pub(crate) fn cut(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            self.open.extend_from_slice(bytes);
            if self.open.len() > LONGEST_LINE {
                self.finish(take);
            }
            return;
        };
        let (lines, rest) = bytes.split_at_checked(end + 1).unwrap_or((bytes, &[]));
        if self.open.is_empty() {
            take(lines);
        } else {
            self.open.extend_from_slice(lines);
            take(&self.open);
            self.clear();
        }
        self.open.extend_from_slice(rest);
    }

    /// Ends the line that is open.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.open.is_empty() {
            self.open.push(b'\n');
            take(&self.open);
            self.clear();
        }
    }

    /// A long line does not keep its room for ever.
    fn clear(&mut self) {
        self.open.clear();
        self.open.shrink_to(KEPT_ROOM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_whole() {
        let mut cutter = LineCutter::default();
        let mut seen = Vec::new();
        for part in ["a", "b\nc", "\n", "d\ne\nf"] {
            cutter.cut(part.as_bytes(), |lines| {
                seen.push(String::from_utf8_lossy(lines).into_owned());
            });
        }
        cutter.finish(|lines| {
            seen.push(String::from_utf8_lossy(lines).into_owned());
        });
        assert_eq!(seen, ["ab\n", "c\n", "d\ne\n", "f\n"]);
    }
}
