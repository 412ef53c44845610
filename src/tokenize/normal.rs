//! The normalizers that the fast way knows: none, and NFC.

use std::borrow::Cow;

use tokenizers::{NormalizerWrapper, Tokenizer};
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What is done to text before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normal {
    /// Nothing.
    AsIs,
    /// Unicode's composed form, by the same tables as `tokenizers` has.
    Nfc,
}

impl Normal {
    /// That of a tokenizer; its name is the error, where it is another.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self, String> {
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
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Normal::Nfc if !text.is_ascii() && is_nfc_quick(text.chars()) != IsNormalized::Yes => {
                Cow::Owned(text.nfc().map(|(c, _)| c).collect())
            }
            _ => Cow::Borrowed(text),
        }
    }
}
