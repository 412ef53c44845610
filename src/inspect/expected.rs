//! What the user expects of texts: of a column, or of the turns of a role.

use std::borrow::Cow;

use arrow::array::{Array, StringViewArray};
use regex::Regex;

use super::lengths::chars;
use super::row::{Row, Speaker};
use super::scripts::{names, script_of};
use crate::error::{Class, Error, Result};
use crate::record::{Batch, schema, text_views};
use crate::word::one_of;

/// What the texts of a column, or of the turns of a role, are expected to be.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// The column; where there is none of this name, the role.
    pub(crate) on: String,
    /// The fewest and the most characters.
    length: Option<(u64, Option<u64>)>,
    /// One of these; none means any.
    scripts: Vec<&'static str>,
    pattern: Option<Regex>,
}

impl Expected {
    /// What is expected of this column or role.
    ///
    /// # Errors
    /// `bad_pattern`: it is no regular expression. `bad_option`: there is no such script.
    pub(crate) fn new(
        on: String,
        length: Option<(u64, Option<u64>)>,
        scripts: &[String],
        pattern: Option<&str>,
    ) -> Result<Self> {
        let known: Vec<(&str, &'static str)> = names().map(|name| (name, name)).collect();
        let script = |given: &String| {
            one_of(given, &known).map_err(|e| {
                let message = format!("inspect: expect: `script` of `{on}` {e}");
                Error::new(Class::Plan, "bad_option", message).column(&on)
            })
        };
        let scripts = scripts.iter().map(script).collect::<Result<_>>()?;
        let pattern = pattern.map(|pattern| Regex::new(pattern).map_err(|e| bad_pattern(&on, pattern, &e)));
        let pattern = pattern.transpose()?;
        Ok(Expected { on, length, scripts, pattern })
    }

    /// The turns that it is about, where it names a role.
    pub(crate) fn speaker(&self) -> Option<Speaker> {
        match self.on.as_str() {
            "system" => Some(Speaker::System),
            "user" => Some(Speaker::User),
            "assistant" => Some(Speaker::Answer),
            "tool" => Some(Speaker::Tool),
            _ => None,
        }
    }

    pub(crate) fn has_other_length(&self, text: &str) -> bool {
        self.length.is_some_and(|(least, most)| {
            let length = chars(text);
            length < least || most.is_some_and(|most| length > most)
        })
    }

    /// Whether most of its letters are of another script. A text without letters is of any script.
    pub(crate) fn has_other_script(&self, text: &str) -> bool {
        !self.scripts.is_empty() && script_of(text).is_some_and(|script| !self.scripts.contains(&script))
    }

    pub(crate) fn lacks_pattern(&self, text: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text))
    }
}

fn bad_pattern(on: &str, pattern: &str, e: &regex::Error) -> Error {
    // The last line says what is wrong; those before it draw the place.
    let shown = e.to_string();
    let what = shown.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let message =
        format!("inspect: expect: the pattern {pattern:?} of `{on}` is no regular expression: {what}");
    Error::new(Class::Plan, "bad_pattern", message)
        .column(on)
        .help("write a backslash before each of . + * ? ( ) | [ ] { } ^ $ that stands for itself; there is no look-around")
}

/// The texts of a batch of which something is expected.
pub(super) struct ExpectedTexts<'e> {
    each: Vec<(&'e Expected, Option<Column>)>,
}

struct Column {
    texts: StringViewArray,
    is_json: bool,
}

impl<'e> ExpectedTexts<'e> {
    /// Those of a batch.
    ///
    /// # Errors
    /// `Internal`: a column is no text.
    pub(super) fn of(expected: &'e [Expected], batch: &Batch) -> Result<Self> {
        let column = |expected: &'e Expected| {
            let found = batch.records.schema_ref().column_with_name(&expected.on);
            let column = found.map(|(i, field)| -> Result<Column> {
                let texts = text_views(batch.records.column(i).as_ref())?;
                Ok(Column { texts, is_json: schema::is_json(field) })
            });
            Ok((expected, column.transpose()?))
        };
        Ok(ExpectedTexts { each: expected.iter().map(column).collect::<Result<_>>()? })
    }

    /// Calls `take` with each text of row `i`, and with its index where it is one of the turns of the row.
    pub(super) fn each(&self, i: usize, row: &Row<'_>, mut take: impl FnMut(&Expected, &str, Option<usize>)) {
        for (expected, column) in &self.each {
            match (column, expected.speaker()) {
                (Some(column), _) => column.text(i).into_iter().for_each(|text| take(expected, &text, None)),
                (None, Some(speaker)) => {
                    row.texts_of(speaker).for_each(|(index, text)| take(expected, text, Some(index)));
                }
                (None, None) => {}
            }
        }
    }
}

impl Column {
    /// The text of row `i`; none where there is none, or where the value is no text.
    fn text(&self, i: usize) -> Option<Cow<'_, str>> {
        let text = self.texts.is_valid(i).then(|| self.texts.value(i))?;
        match self.is_json {
            true => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
            false => Some(Cow::Borrowed(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(length: Option<(u64, Option<u64>)>, script: &str, pattern: &str) -> Expected {
        let scripts: Vec<String> = script.split_whitespace().map(String::from).collect();
        Expected::new("a".into(), length, &scripts, Some(pattern).filter(|p| !p.is_empty())).unwrap()
    }

    #[test]
    fn a_text_is_as_expected_or_not() {
        let length = expected(Some((2, Some(3))), "", "");
        assert_eq!(
            ["é", "éé", "ééé", "éééé"].map(|t| length.has_other_length(t)),
            [true, false, false, true]
        );
        assert!(!expected(Some((0, None)), "", "").has_other_length(&"x".repeat(999)));
        let script = expected(None, "Latin Thai", "");
        let texts = ["ab", "สวัสดี", "12", "", "привет", "ab привет"];
        assert_eq!(texts.map(|t| script.has_other_script(t)), [false, false, false, false, true, true]);
        let pattern = expected(None, "", "[.!]$");
        assert_eq!(["So.", "So", "So.\n"].map(|t| pattern.lacks_pattern(t)), [false, true, true]);
        let none = expected(None, "", "");
        assert!(!none.has_other_length("") && !none.has_other_script("ж") && !none.lacks_pattern(""));
    }

    #[test]
    fn what_cannot_be_expected_is_an_error() {
        let e = Expected::new("a".into(), None, &[], Some("(b")).unwrap_err();
        assert_eq!((e.code(), e.get_column()), ("bad_pattern", Some("a")));
        assert!(e.message().ends_with("is no regular expression: unclosed group"), "{}", e.message());
        let e = Expected::new("a".into(), None, &["latin".into()], None).unwrap_err();
        assert!(e.message().contains("must be one of Latin, Cyrillic"), "{}", e.message());
        assert!(Expected::new("a".into(), None, &[], Some("(a{9999}){9999}")).is_err());
    }
}
