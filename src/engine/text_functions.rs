//! Functions of a column of text that expressions call.

use aho_corasick::AhoCorasick;
use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::datatypes::DataType;
use serde::Deserialize;

use super::interrupt::Interrupted;
use super::ranges::{cut, each};
use super::resources::Resources;
use crate::cancel::Cancel;
use crate::compute::{contains_any, hashes};
use crate::dedup::{Normalize, normalized};
use crate::error::{Class, Error, Result};
use crate::record::{is_text, text_views};

/// A function of a column of text: it gives one value for each text, and null for null.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub(crate) enum TextFunction {
    /// Whether the text contains one of some strings.
    ContainsAny(AhoCorasick),
    /// The hash of the text by this seed.
    Hash(u64),
    /// The text as `dedup(normalize=)` compares it.
    Normalize(Normalize),
}

/// The JSON of a function: an object whose key is its name.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Options {
    ContainsAny { patterns: Vec<String> },
    Hash { seed: u64 },
    Normalize { form: Normalize },
}

impl TryFrom<Options> for TextFunction {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        Ok(match options {
            Options::ContainsAny { patterns } => {
                if patterns.is_empty() || patterns.iter().any(String::is_empty) {
                    return Err("`patterns` must be one string or more, none of them empty".into());
                }
                let finder = AhoCorasick::new(patterns);
                TextFunction::ContainsAny(finder.map_err(|e| format!("`patterns` are too many: {e}"))?)
            }
            Options::Hash { seed } => TextFunction::Hash(seed),
            Options::Normalize { form } => {
                if form == Normalize::default() {
                    return Err("`form` must be one word or more".into());
                }
                TextFunction::Normalize(form)
            }
        })
    }
}

impl TextFunction {
    /// The function of this JSON; `name` is for errors.
    ///
    /// # Errors
    /// `bad_option`.
    pub(crate) fn from_json(name: &str, json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|e| {
            // Without the position in the JSON, which users do not see.
            let message = e.to_string();
            let what = message.split(" at line ").next().unwrap_or_default();
            Error::new(Class::Plan, "bad_option", format!("{name}: {what}"))
        })
    }

    fn name(&self) -> &'static str {
        match self {
            TextFunction::ContainsAny(_) => "contains_any",
            TextFunction::Hash(_) => "hash",
            TextFunction::Normalize(_) => "normalize",
        }
    }

    /// The type of the results.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            TextFunction::ContainsAny(_) => DataType::Boolean,
            TextFunction::Hash(_) => DataType::UInt64,
            TextFunction::Normalize(_) => DataType::Utf8View,
        }
    }

    /// The results for the chunks of a column, in order.
    ///
    /// # Errors
    /// `Column` if it is not text; `Cancelled`.
    pub(crate) fn apply(
        &self,
        chunks: &[ArrayRef],
        resources: Resources,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Vec<ArrayRef>> {
        let chunks = chunks.iter().map(|chunk| self.texts(chunk)).collect::<Result<Vec<_>>>()?;
        let mut parts = Vec::new();
        for texts in &chunks {
            let bytes = |i: usize| texts.views()[i] as u32 as usize;
            let ranges = cut(texts.len(), resources, bytes);
            parts.extend(ranges.into_iter().map(|rows| texts.slice(rows.start, rows.len())));
        }
        each(&parts, resources.threads, cancel, interrupted, |texts| {
            cancel.check()?;
            Ok(match self {
                TextFunction::ContainsAny(finder) => contains_any(finder, texts),
                TextFunction::Hash(seed) => hashes(*seed, texts),
                TextFunction::Normalize(form) => normalized(*form, texts)?,
            })
        })
    }

    fn texts(&self, chunk: &ArrayRef) -> Result<StringViewArray> {
        if !is_text(chunk.data_type()) && chunk.data_type() != &DataType::Null {
            let message = format!("{}: the column must be text; got {}", self.name(), chunk.data_type());
            let e = Error::new(Class::Column, "wrong_column_type", message);
            return Err(e.help("convert it with .cast(pl.String)"));
        }
        text_views(chunk)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int32Array};
    use arrow::datatypes::UInt64Type;

    use super::*;

    fn apply(json: &str, column: impl Array + 'static) -> Result<Vec<ArrayRef>> {
        let resources = Resources { threads: 2, batch_bytes: 4, batch_rows: 2, shuffle_bytes: 0 };
        let function = TextFunction::from_json("f", json)?;
        let chunks = function.apply(&[Arc::new(column)], resources, &Cancel::default(), &mut || false)?;
        assert!(chunks.iter().all(|chunk| chunk.data_type() == &function.data_type()));
        Ok(chunks)
    }

    fn texts() -> StringViewArray {
        [Some("abc"), None, Some(""), Some("\u{ff21} \n x and more than twelve bytes"), Some("b")]
            .into_iter()
            .collect()
    }

    #[test]
    fn gives_a_value_for_each_text() {
        let found: Vec<Option<bool>> = apply(r#"{"contains_any": {"patterns": ["bc", "and"]}}"#, texts())
            .unwrap()
            .iter()
            .flat_map(|chunk| chunk.as_boolean().iter().collect::<Vec<_>>())
            .collect();
        assert_eq!(found, [Some(true), None, Some(false), Some(true), Some(false)]);
        let hashes: Vec<Option<u64>> = apply(r#"{"hash": {"seed": 7}}"#, texts())
            .unwrap()
            .iter()
            .flat_map(|chunk| chunk.as_primitive::<UInt64Type>().iter().collect::<Vec<_>>())
            .collect();
        assert_eq!(hashes[0], Some(crate::hash::text("abc", 7)));
        assert_eq!(hashes[1], None);
        let normal: Vec<Option<String>> =
            apply(r#"{"normalize": {"form": ["unicode", "case", "whitespace"]}}"#, texts())
                .unwrap()
                .iter()
                .flat_map(|chunk| {
                    chunk.as_string_view().iter().map(|t| t.map(String::from)).collect::<Vec<_>>()
                })
                .collect();
        let long = "a x and more than twelve bytes";
        assert_eq!(normal, [Some("abc"), None, Some(""), Some(long), Some("b")].map(|t| t.map(String::from)));
    }

    #[test]
    fn refuses_other_columns_and_options() {
        let hash = r#"{"hash": {"seed": 0}}"#;
        assert_eq!(apply(hash, Int32Array::from(vec![1])).unwrap_err().code(), "wrong_column_type");
        assert_eq!(
            apply(hash, arrow::array::NullArray::new(3))
                .unwrap()
                .iter()
                .map(|c| c.null_count())
                .sum::<usize>(),
            3
        );
        for (json, message) in [
            (r#"{"contains_any": {"patterns": []}}"#, "none of them empty"),
            (r#"{"contains_any": {"patterns": ["a", ""]}}"#, "none of them empty"),
            (r#"{"normalize": {"form": []}}"#, "one word or more"),
            (r#"{"normalize": {"form": ["upper"]}}"#, "upper"),
            (r#"{"hash": {"seed": -1}}"#, "invalid value"),
            (r#"{"hash": {}}"#, "missing field"),
            (r#"{"md5": {}}"#, "unknown variant"),
        ] {
            let e = TextFunction::from_json("f", json).unwrap_err();
            assert!(e.message().contains(message), "{json}: {e}");
        }
    }
}
