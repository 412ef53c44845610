//! The normalizers that the fast way knows: none, and NFC.

use std::borrow::Cow;
use std::iter::once;
use std::sync::LazyLock;

use tokenizers::{NormalizerWrapper, Tokenizer};
use unicode_normalization_alignments::char::canonical_combining_class;
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What is done to text before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Normal {
    /// Nothing.
    AsIs,
    /// Unicode's composed form, by the same tables as `tokenizers` has.
    Nfc,
}

impl Normal {
    /// That of a tokenizer; its name is the error, where it is another.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Result<Self, String> {
        match tokenizer.get_normalizer() {
            None => Ok(Normal::AsIs),
            Some(NormalizerWrapper::NFC(_)) => Ok(Normal::Nfc),
            Some(NormalizerWrapper::Sequence(parts)) => match parts.as_ref() {
                [] => Ok(Normal::AsIs),
                [NormalizerWrapper::NFC(_)] => Ok(Normal::Nfc),
                _ => Err("its normalizer is a sequence".to_string()),
            },
            Some(_) => Err("its normalizer is not NFC".to_string()),
        }
    }

    /// The text, normalized.
    #[inline]
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Normal::Nfc if !is_nfc(text) => Cow::Owned(text.nfc().map(|(c, _)| c).collect()),
            _ => Cow::Borrowed(text),
        }
    }
}

/// Not the class of any character: it may compose with its neighbours, or is never in composed text.
const DOUBTFUL: u8 = u8::MAX;

/// By code point, up to the last of three bytes: the canonical combining class, or [`DOUBTFUL`].
static CLASSES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..0x1_0000).map(|code| char::from_u32(code).map_or(DOUBTFUL, class)).collect());

fn class(c: char) -> u8 {
    match is_nfc_quick(once(c)) {
        IsNormalized::Yes => canonical_combining_class(c),
        _ => DOUBTFUL,
    }
}

/// Whether a text is composed for sure: the quick check of UAX #15, section 9, with a table.
fn is_nfc(text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let classes = CLASSES.as_slice();
    let mut last = 0;
    text.chars().all(|c| {
        let class = classes.get(c as usize).copied().unwrap_or_else(|| class(c));
        let in_order = class == 0 || class >= last;
        last = class;
        class != DOUBTFUL && in_order
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_crate_says() {
        // One of each class and kind.
        let others =
            ["", "a", "\u{300}", "\u{327}", "\u{e48}", "\u{1100}", "\u{1161}", "\u{1d165}", "漢", "é"];
        for c in '\0'..=char::MAX {
            for other in others {
                for text in [format!("{other}{c}"), format!("{c}{other}")] {
                    assert_eq!(is_nfc(&text), is_nfc_quick(text.chars()) == IsNormalized::Yes, "{text:?}");
                }
            }
        }
    }
}
