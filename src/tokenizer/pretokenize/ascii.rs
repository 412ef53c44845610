//! Splits ASCII text by the four most used patterns, 64 bytes at a time.
//!
//! The starts of pieces are computed with bits, for all bytes of a block at once. A block begins where a piece
//! begins, so that nothing before it matters. Where a piece may depend on bytes after the block, or on bytes that are
//! not ASCII, the automaton decides. The tests compare the results with those of the automaton (`tests.rs`).

use super::masks::{BLOCK, Masks, masks};
use super::patterns::{CL100K, CL100K_BASE, GPT2, O200K, QWEN};

/// The rules of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// A space belongs to the text after it; all white space is treated alike.
    Gpt2,
    /// A character belongs to the letters after it; digits are in groups of three, or alone.
    Cl100k { digits: u32 },
    /// As `Cl100k`, but words begin at capitals, and a contraction belongs to the word before it.
    O200k,
}

/// Cuts ASCII blocks by one of the patterns.
#[derive(Clone, Copy)]
pub(crate) struct AsciiCutter {
    rules: Rules,
    masks: fn(&[u8; BLOCK]) -> Masks,
}

impl AsciiCutter {
    /// The cutter for a pattern; none for other patterns, or on a processor without the vector instructions.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        let rules = match pattern {
            GPT2 => Rules::Gpt2,
            CL100K | CL100K_BASE => Rules::Cl100k { digits: 3 },
            QWEN => Rules::Cl100k { digits: 1 },
            O200K => Rules::O200k,
            _ => return None,
        };
        Some(AsciiCutter { rules, masks: masks()? })
    }

    /// The ends of the pieces in the block that begins at `start`, as far as they are certain. Bit `i` says that a
    /// piece ends before the byte `start + i`. A piece must begin at `start`.
    #[inline]
    pub(crate) fn ends(&self, text: &[u8], start: usize) -> u64 {
        let rest = &text[start..];
        let mut copy = [0; BLOCK];
        let (block, len) = match rest.first_chunk::<BLOCK>() {
            Some(block) => (block, BLOCK as u32),
            None => {
                copy[..rest.len()].copy_from_slice(rest);
                (&copy, rest.len() as u32)
            }
        };
        let masks = (self.masks)(block);
        let known = len.min(masks.high.trailing_zeros());
        let is_text_end = known == len && len < BLOCK as u32;
        let (starts, certain) = match self.rules {
            Rules::Gpt2 => gpt2(&masks, block, known),
            Rules::Cl100k { digits } => cl100k(&masks, block, known, digits),
            Rules::O200k => o200k(&masks, block, known, is_text_end),
        };
        // The last piece ends with the text, unless it is white space, for which the automaton decides.
        let last = if is_text_end && certain == len { 1 << len } else { 0 };
        starts & low(certain) & !1 | last
    }
}

/// The `n` lowest bits.
#[inline]
fn low(n: u32) -> u64 {
    u64::MAX.checked_shr(64 - n).unwrap_or(0)
}

/// The lowest bit of the run of set bits that ends before bit `end`.
#[inline]
fn run_start(bits: u64, end: u32) -> u32 {
    if end == 0 { 0 } else { end - (bits << (64 - end)).leading_ones() }
}

/// The number of letters after an apostrophe that make a contraction with it; 0 where it is none.
#[inline]
fn contraction(block: &[u8; BLOCK], apostrophe: u32, any_case: bool) -> u32 {
    let letter = |i: u32| {
        let byte = block.get((apostrophe + i) as usize).copied().unwrap_or(0);
        if any_case && byte.is_ascii_alphabetic() { byte | 0x20 } else { byte }
    };
    match (letter(1), letter(2)) {
        (b's' | b't' | b'm' | b'd', _) => 1,
        (b'r' | b'v', b'e') | (b'l', b'l') => 2,
        _ => 0,
    }
}

/// Calls `take` with the index of each set bit.
#[inline]
fn each(mut bits: u64, mut take: impl FnMut(u32)) {
    while bits != 0 {
        take(bits.trailing_zeros());
        bits &= bits - 1;
    }
}

/// The starts of pieces as bits, and the number of bytes for which they are certain.
type Starts = (u64, u32);

fn gpt2(m: &Masks, block: &[u8; BLOCK], len: u32) -> Starts {
    let valid = low(len);
    let letter = (m.lower | m.upper) & valid;
    let (digit, space) = (m.digit & valid, m.space & valid);
    let white = (m.space | m.tab | m.newline) & valid;
    let other = valid & !(letter | digit | white);
    let after_space = space << 1;
    let begin = |kind: u64| kind & !(kind << 1) & !after_space;
    let (mut letters, others) = (begin(letter), begin(other));
    let (mut more, mut certain) = (0, certain(white, len));
    each(m.apostrophe & others & letter >> 1, |i| {
        let contracted = contraction(block, i, false);
        if contracted > 0 {
            letters &= !(2 << i);
            more |= (2 << i) << contracted;
        } else if i + 2 == BLOCK as u32 {
            // The second letter is in the next block.
            certain = certain.min(i + 1);
        }
    });
    // The last white space of a run belongs to the text after it, or is a piece of its own.
    let white_starts = white & !(white << 1) | white & !(white >> 1);
    (letters | others | begin(digit) | white_starts | more, certain)
}

/// The number of bytes for which starts are certain: white space at the end of the block may continue after it.
#[inline]
fn certain(white: u64, len: u32) -> u32 {
    (run_start(white, len) + 1).min(len)
}

fn cl100k(m: &Masks, block: &[u8; BLOCK], len: u32, digits: u32) -> Starts {
    let len = line_ends(m, len);
    let valid = low(len);
    let letter = (m.lower | m.upper) & valid;
    let Plain { other_starts, white, starts } = plain(m, letter, len, digits);
    let letters = letter & !(letter << 1) & !((m.space | m.tab | other_starts) << 1);
    let mut more = 0;
    each(m.apostrophe & other_starts & letter >> 1, |i| {
        let contracted = contraction(block, i, true);
        if contracted > 0 {
            more |= (2 << i) << contracted;
        }
    });
    (starts | letters | more, certain(white, len))
}

fn o200k(m: &Masks, block: &[u8; BLOCK], len: u32, is_text_end: bool) -> Starts {
    let mut len = line_ends(m, len);
    // A slash after line ends belongs to the punctuation before them.
    let slash = block.iter().zip(0..).fold(0, |bits, (&b, i)| bits | u64::from(b == b'/') << i);
    let odd = m.newline << 1 & slash & low(len);
    if odd != 0 {
        len = run_start(m.newline, odd.trailing_zeros());
    }
    let valid = low(len);
    let letter = (m.lower | m.upper) & valid;
    let Plain { other_starts, white, starts } = plain(m, letter, len, 3);
    let words = letter & !(letter << 1) & !((m.space | m.tab | other_starts) << 1);
    let capitals = m.upper & valid & m.lower << 1;
    let (mut starts, mut word_end, mut certain) = (starts | words | capitals, u32::MAX, certain(white, len));
    each(m.apostrophe & other_starts & letter << 1, |i| {
        let contracted = contraction(block, i, true);
        if i != word_end && i + 2 >= len && !is_text_end {
            // The letters of the contraction may be after the known bytes.
            certain = certain.min(i);
        } else if contracted > 0 && i != word_end {
            word_end = i + 1 + contracted;
            starts &= !(1 << i);
            // No word begins at a capital within the contraction.
            starts &= !((2u64 << i) * low(contracted));
            starts |= 1u64.checked_shl(word_end).unwrap_or(0);
        }
    });
    (starts, certain)
}

/// The part that [`cl100k`] and [`o200k`] have in common.
struct Plain {
    /// Starts of runs of punctuation and symbols that have no space before them.
    other_starts: u64,
    white: u64,
    /// Starts of pieces that do not begin with a letter.
    starts: u64,
}

/// White space before a line end belongs to it. The block is cut before such white space.
#[inline]
fn line_ends(m: &Masks, len: u32) -> u32 {
    let odd = (m.space | m.tab) << 1 & m.newline & low(len);
    if odd == 0 { len } else { run_start(m.space | m.tab | m.newline, odd.trailing_zeros()) }
}

#[inline]
fn plain(m: &Masks, letter: u64, len: u32, digits: u32) -> Plain {
    let valid = low(len);
    let (digit, newline) = (m.digit & valid, m.newline & valid);
    let blank = (m.space | m.tab) & valid;
    let white = blank | newline;
    let other = valid & !(letter | digit | white);
    let other_starts = other & !(other << 1) & !((m.space & valid) << 1);
    // Line ends belong to punctuation right before them.
    let newline_starts = newline & !((newline | other) << 1);
    let blank_starts = blank & (!(blank << 1) | !(white >> 1));
    let mut digit_starts = digit;
    if digits > 1 {
        digit_starts &= !(digit << 1);
        let mut next = digit_starts;
        while next != 0 {
            next = next << 3 & digit & digit << 1 & digit << 2;
            digit_starts |= next;
        }
    }
    Plain { other_starts, white, starts: other_starts | newline_starts | blank_starts | digit_starts }
}
