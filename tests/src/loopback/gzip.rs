//! Just enough gzip to serve it, to serve it cut off, and to serve a bomb.
//!
//! Bodies are stored, not squeezed: any gzip reader takes that, and it needs no dependency.

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The bytes as a valid gzip stream.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    let pieces = bytes.chunks(0xffff).count();
    if pieces == 0 {
        packed.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    for (at, piece) in bytes.chunks(0xffff).enumerate() {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        packed.push(u8::from(at + 1 == pieces));
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(piece);
    }
    packed.extend_from_slice(&checksum(bytes).to_le_bytes());
    let length = u32::try_from(bytes.len() % (1 << 32)).unwrap_or(0);
    packed.extend_from_slice(&length.to_le_bytes());
    packed
}

/// The beginning and the endlessly repeatable piece of a stream that unpacks to spaces, about 160 bytes from each.
pub fn bomb() -> (Vec<u8>, Vec<u8>) {
    // One block with the fixed code: a space, then "258 bytes from one back" over and over. A repeat is the eight
    // bits 11000101 and five zero bits; 8 × 32 of them are whole bytes again once the block's 3 + 8 bits are padded
    // by repeats to a byte boundary: 11 + 13 × 1 = 24.
    let mut start = Bits::default();
    start.push(&[true, true, false]); // last block, fixed code (01, low bit first)
    start.push(&code(0x30 + u16::from(b' '), 8));
    start.repeat(1);
    let mut piece = Bits::default();
    piece.repeat(8 * 512);
    let mut beginning = HEADER.to_vec();
    beginning.extend(start.bytes);
    (beginning, piece.bytes)
}

fn code(value: u16, bits: u32) -> Vec<bool> {
    (0..bits).rev().map(|bit| value >> bit & 1 == 1).collect()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bits: &[bool]) {
        for bit in bits {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(*bit) << (self.used % 8);
            }
            self.used += 1;
        }
    }

    fn repeat(&mut self, times: usize) {
        for _ in 0..times {
            self.push(&code(0b1100_0101, 8));
            self.push(&[false; 5]);
        }
    }
}

/// CRC-32, which zip has too.
pub fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_gzip() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_bombs_start_ends_on_a_byte() {
        let mut start = Bits::default();
        start.push(&[true; 11]);
        start.repeat(1);
        assert_eq!(start.used % 8, 0);
    }
}
