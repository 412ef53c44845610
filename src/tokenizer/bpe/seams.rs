//! Where a piece may be cut further: between characters that no token spans.
//!
//! No merge can reach over such a place, so the ids of both sides are those of the whole. In scripts that write no
//! spaces, where pieces are long and seldom seen twice, most such parts have been seen.

/// Bits of the filter: 256 KiB, of which a large vocabulary sets one in twenty.
const BITS: u32 = 21;

/// Knows the places that tokens span; now and then it takes another place for one.
pub(crate) struct Seams {
    filter: Vec<u64>,
    /// By how many bytes a token has of the character on the left, and on the right: whether there is such a token.
    reaches: [[bool; 4]; 4],
}

/// The bytes of a character, the last in the lowest bits, and how many they are.
#[derive(Clone, Copy)]
struct Char {
    bytes: u32,
    len: u32,
}

impl Char {
    /// The character, or what there is of one, at the start of `bytes`.
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

    /// What stands at the start of `bytes`, which may begin within a character: the rest of that, or a character.
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
    /// The places within these tokens, which may begin and end within a character.
    pub(crate) fn new<'t>(tokens: impl Iterator<Item = &'t [u8]>) -> Self {
        let mut seams = Seams { filter: vec![0; 1 << (BITS - 6)], reaches: [[false; 4]; 4] };
        for token in tokens {
            if token.is_empty() {
                continue;
            }
            let mut left = Char::head(token);
            let mut at = left.len as usize;
            while at < token.len() {
                let right = Char::first(&token[at..]);
                seams.reaches[left.len as usize - 1][right.len as usize - 1] = true;
                let (word, bit) = bit(left.bytes, right.bytes);
                seams.filter[word] |= bit;
                at += right.len as usize;
                left = right;
            }
        }
        seams
    }

    /// Whether a token may span the place between two characters.
    #[inline]
    fn is_spanned(&self, left: Char, right: Char) -> bool {
        // Whole characters first: those are what most tokens have on both sides.
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

    /// Hands on start and end of each part of a piece that no token reaches out of. A piece may begin and end within a
    /// character, where bytes were cut as if each were one.
    #[inline]
    pub(crate) fn parts(&self, piece: &[u8], mut take: impl FnMut(usize, usize)) {
        let (mut start, mut left) = (0, Char::head(piece));
        let mut at = left.len as usize;
        while at < piece.len() {
            let right = Char::first(&piece[at..]);
            if !self.is_spanned(left, right) {
                take(start, at);
                start = at;
            }
            at += right.len as usize;
            left = right;
        }
        take(start, piece.len());
    }
}
