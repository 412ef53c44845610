//! Cuts pieces further: between characters that no token has next to each other.
//!
//! No merge can cross such a place, so the ids of the piece are the ids of both sides. Scripts without spaces have
//! long pieces that seldom repeat; their parts repeat often.

/// Size of the filter as a power of two: 2²¹ bits are 256 KiB. A large vocabulary sets one bit in twenty.
const BITS: u32 = 21;

/// The pairs of neighbouring characters in tokens. The filter may hold other pairs too; then a piece is not cut
/// there.
pub(crate) struct Seams {
    filter: Vec<u64>,
    /// Whether a token has this many bytes of the character on the left, and this many of the character on the right.
    reaches: [[bool; 4]; 4],
}

/// The bytes of a character, the last in the lowest bits, and their number.
#[derive(Clone, Copy)]
struct Char {
    bytes: u32,
    len: u32,
}

impl Char {
    /// The character, or its first bytes, at the start of `bytes`.
    #[inline]
    fn first(bytes: &[u8]) -> Self {
        let len = match bytes[0] {
            0..0xe0 if bytes[0] < 0xc0 => 1,
            0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let part = &bytes[..len.min(bytes.len())];
        Char { bytes: part.iter().fold(0, |all, &b| all << 8 | u32::from(b)), len: part.len() as u32 }
    }

    /// The character at the start of `bytes`, or the rest of one where `bytes` begin within a character.
    #[inline]
    fn head(bytes: &[u8]) -> Self {
        let inner = bytes.iter().take(3).take_while(|&&b| is_inner(b)).count();
        if inner == 0 {
            return Char::first(bytes);
        }
        let rest = bytes[..inner].iter().fold(0, |all, &b| all << 8 | u32::from(b));
        Char { bytes: rest, len: inner as u32 }
    }

    /// Its last `n` bytes.
    #[inline]
    fn end(self, n: u32) -> u32 {
        self.bytes & u32::MAX >> (32 - 8 * n)
    }

    /// Its first `n` bytes.
    #[inline]
    fn start(self, n: u32) -> u32 {
        self.bytes >> (8 * (self.len - n))
    }
}

#[inline]
fn bit(left: u32, right: u32) -> (usize, u64) {
    let hash = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    ((hash / 64) as usize, 1 << (hash % 64))
}

fn is_inner(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

impl Seams {
    /// The pairs of characters in these tokens, which may begin and end within a character.
    pub(crate) fn new<'t>(tokens: impl Iterator<Item = &'t [u8]>) -> Self {
        let mut seams = Seams { filter: vec![0; 1 << (BITS - 6)], reaches: [[false; 4]; 4] };
        for token in tokens {
            if token.is_empty() {
                continue;
            }
            let mut left = Char::head(token);
            let mut offset = left.len as usize;
            while offset < token.len() {
                let right = Char::first(&token[offset..]);
                seams.reaches[left.len as usize - 1][right.len as usize - 1] = true;
                let (word, bit) = bit(left.bytes, right.bytes);
                seams.filter[word] |= bit;
                offset += right.len as usize;
                left = right;
            }
        }
        seams
    }

    /// Whether a token may cross the place between two characters.
    #[inline]
    fn is_spanned(&self, left: Char, right: Char) -> bool {
        // Whole characters first: most tokens have them on both sides.
        for l in (1..=left.len).rev() {
            for r in (1..=right.len).rev() {
                if self.reaches[l as usize - 1][r as usize - 1] {
                    let (word, bit) = bit(left.end(l), right.start(r));
                    if self.filter[word] & bit != 0 {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Calls `take` with start and end of each part of a piece. No token crosses from one part to the next. A piece
    /// may begin and end within a character, where the pre-tokenizer cut bytes.
    #[inline]
    pub(crate) fn parts(&self, piece: &[u8], mut take: impl FnMut(usize, usize)) {
        let (mut start, mut left) = (0, Char::head(piece));
        let mut offset = left.len as usize;
        while offset < piece.len() {
            let right = Char::first(&piece[offset..]);
            if !self.is_spanned(left, right) {
                take(start, offset);
                start = offset;
            }
            offset += right.len as usize;
            left = right;
        }
        take(start, piece.len());
    }
}
