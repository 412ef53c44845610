//! The options of CSV.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use serde::{Deserialize, Serialize};

use super::syntax::Syntax;
use crate::error::{Class, Error, Result};
use crate::record::schema;

/// CSV and TSV, plain or compressed, with the options of the verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// The character between two fields; `None` if the files decide it.
    pub separator: Option<char>,
    /// The character around quoted fields; `None` if no field is quoted.
    pub quote_char: Option<char>,
    /// Whether the first record of each file has the names of the columns.
    pub has_header: bool,
    /// The types of columns that are not text.
    pub schema: BTreeMap<String, CsvType>,
    /// The most bytes of a record; longer records are rejected.
    pub max_line_bytes: usize,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CsvType {
    /// Text.
    Str,
    /// Integers of 64 bits.
    Int64,
    /// Floats of 64 bits.
    Float64,
    /// `true` and `false`.
    Bool,
}

impl Csv {
    /// The options without any given.
    pub const fn new(max_line_bytes: usize) -> Self {
        Csv {
            separator: None,
            quote_char: Some('"'),
            has_header: true,
            schema: BTreeMap::new(),
            max_line_bytes,
        }
    }

    /// Checks the separator and the quote.
    ///
    /// # Errors
    /// `bad_option`.
    pub(super) fn checked(self) -> Result<Self> {
        for (option, value) in [("separator", self.separator), ("quote_char", self.quote_char)] {
            let Some(character) = value else { continue };
            if !character.is_ascii() || matches!(character, '\r' | '\n') {
                let message = format!(
                    "scan_csv: `{option}` must be one ASCII character that is no line end; got {character:?}"
                );
                return Err(Error::new(Class::Plan, "bad_option", message)
                    .help("convert the file, or pass a character such as \",\" or \"\\t\""));
            }
        }
        if self.separator.is_some() && self.separator == self.quote_char {
            let message = "scan_csv: `separator` and `quote_char` must differ";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("pass quote_char=None if no field is quoted"));
        }
        Ok(self)
    }

    /// The characters of a file with this separator.
    pub(super) fn syntax(&self, separator: u8) -> Syntax {
        Syntax { separator, quote: self.quote_char.and_then(|quote| u8::try_from(quote).ok()) }
    }

    /// The Arrow field of a column.
    pub(super) fn field(&self, name: &str) -> Field {
        let data_type = match self.schema.get(name) {
            None | Some(CsvType::Str) => return schema::text(name),
            Some(CsvType::Int64) => DataType::Int64,
            Some(CsvType::Float64) => DataType::Float64,
            Some(CsvType::Bool) => DataType::Boolean,
        };
        Field::new(name, data_type, true)
    }
}
