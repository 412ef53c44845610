//! The option `normalize`: which texts count as equal.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};
use crate::record::NO_TEXT;
use crate::word::{self, Word};

/// How text is normalized before keys are made; not at all by default. The text itself never changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Normalize {
    /// Unicode form NFKC.
    pub(crate) unicode: bool,
    /// Lower case.
    pub(crate) case: bool,
    /// Runs of white space become one space; none at the ends.
    pub(crate) whitespace: bool,
}

impl Serialize for Normalize {
    /// Writes the parts as words.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.parts().map(Word::name))
    }
}

impl<'de> Deserialize<'de> for Normalize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut normalize = Normalize::default();
        for given in Vec::<String>::deserialize(from)? {
            match word::find(&given).map_err(D::Error::custom)? {
                Part::Unicode => normalize.unicode = true,
                Part::Case => normalize.case = true,
                Part::Whitespace => normalize.whitespace = true,
            }
        }
        Ok(normalize)
    }
}

/// A part of normalization, as users name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`Normalize::unicode`].
    Unicode,
    /// [`Normalize::case`].
    Case,
    /// [`Normalize::whitespace`].
    Whitespace,
}

impl Word for Part {
    const ALL: &'static [Self] = &[Part::Unicode, Part::Case, Part::Whitespace];

    fn name(self) -> &'static str {
        match self {
            Part::Unicode => "unicode",
            Part::Case => "case",
            Part::Whitespace => "whitespace",
        }
    }
}

impl Normalize {
    fn parts(self) -> impl Iterator<Item = Part> {
        let has = move |part: &Part| match part {
            Part::Unicode => self.unicode,
            Part::Case => self.case,
            Part::Whitespace => self.whitespace,
        };
        Part::ALL.iter().copied().filter(has)
    }

    /// Its name in `explain` and recipes: `raw`, or the parts.
    pub fn name(self) -> String {
        let parts: Vec<&str> = self.parts().map(Word::name).collect();
        if parts.is_empty() { "raw".into() } else { parts.join("+") }
    }

    /// The bytes to hash: `value` itself without normalization, else normalized in `buffer`.
    pub(crate) fn apply<'a>(self, value: &'a [u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
        if self == Normalize::default() {
            return value;
        }
        let (mark, text) = if value.first() == Some(&NO_TEXT) { value.split_at(1) } else { (&[][..], value) };
        // A value that is neither text nor JSON is not normalized.
        let Ok(text) = std::str::from_utf8(text) else { return value };
        let mut text = Cow::Borrowed(text);
        if self.unicode && !text.is_ascii() {
            text = text.nfkc().collect::<String>().into();
        }
        if self.case {
            text = text.to_lowercase().into();
            if self.unicode && !text.is_ascii() {
                // The result of lower-casing may not be in form NFKC.
                text = text.nfkc().collect::<String>().into();
            }
        }
        buffer.clear();
        buffer.extend_from_slice(mark);
        if self.whitespace {
            for (i, word) in text.split_whitespace().enumerate() {
                if i > 0 {
                    buffer.push(b' ');
                }
                buffer.extend_from_slice(word.as_bytes());
            }
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
        buffer
    }
}

/// Each text as it is before keys are made. Null stays null.
pub(crate) fn normalized(normalize: Normalize, texts: &StringViewArray) -> Result<ArrayRef> {
    let mut all = StringViewBuilder::with_capacity(texts.len());
    let mut buffer = Vec::new();
    for text in texts {
        let bytes = text.map(|text| normalize.apply(text.as_bytes(), &mut buffer));
        let text = bytes.map(std::str::from_utf8).transpose();
        all.append_option(text.map_err(|e| Error::internal("a normalized text is not UTF-8").source(e))?);
    }
    Ok(Arc::new(all.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::tokenizer::CharSet;

    /// Keys of earlier data sets are compared with new ones, so the normalization of an assigned character must never
    /// change. If this fails after an update, keys need a new version.
    #[test]
    fn the_normalization_of_assigned_characters_never_changes() {
        let unassigned = CharSet::category("Cn").unwrap();
        let digest = |normalize: Normalize| {
            let mut all = Vec::new();
            for c in ('\0'..=char::MAX).filter(|&c| !unassigned.contains(c as u32)) {
                let text = format!("a{c} {c}A");
                all.extend_from_slice(normalize.apply(text.as_bytes(), &mut Vec::new()));
                all.push(b'\n');
            }
            hash::digest_hex(&all)
        };
        let (unicode, case, whitespace) = (true, true, true);
        let none = Normalize::default();
        let digests = [
            Normalize { unicode, ..none },
            Normalize { case, ..none },
            Normalize { whitespace, ..none },
            Normalize { unicode, case, whitespace },
        ]
        .map(digest);
        let expected = [
            "a235c75eb592177cadea68f6d97b2236",
            "98dca7b3b84ccb75e995bf5553102b90",
            "98c5e7b3f9587dd850a92d09d54e2aad",
            "a0c0f3890b47b4579214697af2401a97",
        ];
        assert_eq!(digests, expected);
    }
}
