//! The normalizers that the engines `bpe` and `chunks` support: none, and NFC.

use std::borrow::Cow;
use std::iter::once;
use std::sync::LazyLock;

use tokenizers::{NormalizerWrapper, Tokenizer};
use unicode_normalization_alignments::char::canonical_combining_class;
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The normal form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NormalForm {
    /// The text is not changed.
    AsIs,
    /// Unicode's composed form, by the same tables as in `tokenizers`.
    Nfc,
}

impl NormalForm {
    /// The normal form of a tokenizer.
    ///
    /// # Errors
    /// Why its normalizer is not supported.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Result<Self, String> {
        match tokenizer.get_normalizer() {
            None => Ok(NormalForm::AsIs),
            Some(NormalizerWrapper::NFC(_)) => Ok(NormalForm::Nfc),
            Some(NormalizerWrapper::Sequence(parts)) => match parts.as_ref() {
                [] => Ok(NormalForm::AsIs),
                [NormalizerWrapper::NFC(_)] => Ok(NormalForm::Nfc),
                _ => Err("its normalizer is a sequence".to_string()),
            },
            Some(_) => Err("its normalizer is not NFC".to_string()),
        }
    }

    /// The text, normalized.
    #[inline]
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            NormalForm::Nfc if !is_nfc(text) => Cow::Owned(text.nfc().map(|(c, _)| c).collect()),
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether it certainly does not change this text, nor any part of it.
    #[inline]
    pub(crate) fn keeps(self, text: &str) -> bool {
        self == NormalForm::AsIs || is_nfc(text)
    }
}

/// In place of a class: the character may compose with its neighbours, or never occurs in composed text.
const DOUBTFUL: u8 = u8::MAX;

/// By code point, up to the last code point of three bytes: the canonical combining class, or [`DOUBTFUL`].
static CLASSES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..0x1_0000).map(|code| char::from_u32(code).map_or(DOUBTFUL, class)).collect());

fn class(c: char) -> u8 {
    match is_nfc_quick(once(c)) {
        IsNormalized::Yes => canonical_combining_class(c),
        _ => DOUBTFUL,
    }
}

/// Whether a text is certainly composed: the quick check of UAX #15, section 9, with a table.
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
    fn the_table_agrees_with_the_crate() {
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
