//! Functions of a column of text. Null stays null.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use arrow::array::{ArrayRef, BooleanArray, StringViewArray, UInt64Array};

use crate::hash;

/// Whether each text contains one of the strings of the finder.
pub(crate) fn contains_any(finder: &AhoCorasick, texts: &StringViewArray) -> ArrayRef {
    Arc::new(texts.iter().map(|text| text.map(|text| finder.is_match(text))).collect::<BooleanArray>())
}

/// The hash of each text by this seed.
pub(crate) fn hashes(seed: u64, texts: &StringViewArray) -> ArrayRef {
    Arc::new(texts.iter().map(|text| text.map(|text| hash::text(text, seed))).collect::<UInt64Array>())
}
