//! The kinds of 64 bytes as bit masks: bit `i` is for byte `i`.
//!
//! The `unsafe` code calls vector instructions, which are chosen at run time.
#![allow(unsafe_code)]

/// The length of a block in bytes.
pub(crate) const BLOCK: usize = 64;

/// A mask for each kind. A byte is of at most one kind; those of none are punctuation, symbols and control
/// characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// `a` to `z`.
    pub(crate) lower: u64,
    /// `A` to `Z`.
    pub(crate) upper: u64,
    /// `0` to `9`.
    pub(crate) digit: u64,
    /// The space.
    pub(crate) space: u64,
    /// Tab, vertical tab and form feed.
    pub(crate) tab: u64,
    /// Line feed and carriage return.
    pub(crate) newline: u64,
    /// The apostrophe.
    pub(crate) apostrophe: u64,
    /// Not ASCII.
    pub(crate) high: u64,
}

/// The function that computes the masks of a block; none where the processor lacks the vector instructions.
pub(crate) fn masks() -> Option<fn(&[u8; BLOCK]) -> Masks> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") {
            // SAFETY: the processor has the instructions that `x86::wide` is compiled with.
            return Some(|block| unsafe { x86::wide(block) });
        }
        if has!("avx2") {
            // SAFETY: the processor has the instructions that `x86::narrow` is compiled with.
            return Some(|block| unsafe { x86::narrow(block) });
        }
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_max_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_sub_epi8, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512,
        _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi8, _mm512_test_epi8_mask,
    };

    use super::{BLOCK, Masks};

    const LOWER: u8 = 1;
    const UPPER: u8 = 2;
    const DIGIT: u8 = 4;
    const SPACE: u8 = 8;
    const TAB: u8 = 16;
    const NEWLINE: u8 = 32;

    /// The kind of each ASCII character.
    static KINDS: [u8; 128] = {
        let mut kinds = [0; 128];
        let mut c = 0;
        while c < 128 {
            kinds[c] = match c as u8 {
                b'a'..=b'z' => LOWER,
                b'A'..=b'Z' => UPPER,
                b'0'..=b'9' => DIGIT,
                b' ' => SPACE,
                b'\t' | 0x0b | 0x0c => TAB,
                b'\n' | b'\r' => NEWLINE,
                _ => 0,
            };
            c += 1;
        }
        kinds
    };

    /// Looks up all 64 bytes at once.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(crate) fn wide(block: &[u8; BLOCK]) -> Masks {
        // SAFETY: both tables and the block are whole vectors; unaligned loads may read them anywhere.
        let (bytes, first, second): (__m512i, __m512i, __m512i) = unsafe {
            (
                _mm512_loadu_si512(block.as_ptr().cast()),
                _mm512_loadu_si512(KINDS.as_ptr().cast()),
                _mm512_loadu_si512(KINDS.as_ptr().add(64).cast()),
            )
        };
        let kinds = _mm512_permutex2var_epi8(first, bytes, second);
        let high = _mm512_movepi8_mask(bytes);
        let of = |kind: u8| _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(kind as i8)) & !high;
        Masks {
            lower: of(LOWER),
            upper: of(UPPER),
            digit: of(DIGIT),
            space: of(SPACE),
            tab: of(TAB),
            newline: of(NEWLINE),
            apostrophe: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\'' as i8)),
            high,
        }
    }

    /// The same in two halves, with comparisons.
    #[target_feature(enable = "avx2")]
    pub(crate) fn narrow(block: &[u8; BLOCK]) -> Masks {
        // SAFETY: each half of the block is a whole vector; unaligned loads may read it anywhere.
        let halves: [__m256i; 2] = unsafe {
            [_mm256_loadu_si256(block.as_ptr().cast()), _mm256_loadu_si256(block.as_ptr().add(32).cast())]
        };
        let bits = |of: &dyn Fn(__m256i) -> __m256i| {
            let [low, high] = halves.map(|half| u64::from(_mm256_movemask_epi8(of(half)) as u32));
            low | high << 32
        };
        let is = |c: u8| move |b: __m256i| _mm256_cmpeq_epi8(b, _mm256_set1_epi8(c as i8));
        // Subtracts `from`, so that bytes outside the range are above its end.
        let within = |from: u8, to: u8| {
            move |b: __m256i| {
                let (from, end) = (_mm256_set1_epi8(from as i8), _mm256_set1_epi8((to - from) as i8));
                _mm256_cmpeq_epi8(_mm256_max_epu8(_mm256_sub_epi8(b, from), end), end)
            }
        };
        let or = |a: __m256i, b: __m256i| _mm256_or_si256(a, b);
        Masks {
            lower: bits(&within(b'a', b'z')),
            upper: bits(&within(b'A', b'Z')),
            digit: bits(&within(b'0', b'9')),
            space: bits(&is(b' ')),
            tab: bits(&|b| or(is(b'\t')(b), within(0x0b, 0x0c)(b))),
            newline: bits(&|b| or(is(b'\n')(b), is(b'\r')(b))),
            apostrophe: bits(&is(b'\'')),
            high: bits(&|b| b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_position() {
        let Some(masks) = masks() else { return };
        for byte in 0..=255u8 {
            for position in 0..BLOCK {
                let mut block = [b'-'; BLOCK];
                block[position] = byte;
                let bit = |is_set: bool| u64::from(is_set) << position;
                let expected = Masks {
                    lower: bit(byte.is_ascii_lowercase()),
                    upper: bit(byte.is_ascii_uppercase()),
                    digit: bit(byte.is_ascii_digit()),
                    space: bit(byte == b' '),
                    tab: bit(matches!(byte, b'\t' | 0x0b | 0x0c)),
                    newline: bit(matches!(byte, b'\n' | b'\r')),
                    apostrophe: bit(byte == b'\''),
                    high: bit(byte >= 0x80),
                };
                assert_eq!(masks(&block), expected, "{byte:#x} at {position}");
                #[cfg(target_arch = "x86_64")]
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the instructions.
                    assert_eq!(unsafe { x86::narrow(&block) }, expected, "{byte:#x} at {position}");
                }
            }
        }
    }
}
