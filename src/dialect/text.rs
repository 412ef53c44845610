//! `text`: plain text in one column.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::{doubt, one_answer};
use super::head::Head;
use super::misfit::Misfit;
use super::part_columns::PartColumns;

/// Plain text in one column.
pub(super) struct Text;

const TEXT: &str = "text";
const PARTS: &[PartSpec] = &[PartSpec::required(
    TEXT,
    Holds::Text,
    &["text", "content", "document", "body", "article", "passage", "raw_content", "markdown"],
)];

impl Dialect for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn title(&self) -> &'static str {
        "plain text"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let cell = row.get(TEXT);
        let text = cell.text().ok_or_else(|| Misfit::of(TEXT, cell, "text"))?;
        Ok(Dialogue::new(vec![Turn::said(Role::Assistant, text)]))
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        if let Some(column) = head.other_class(columns) {
            return doubt(column, "has few values", "classification");
        }
        if let Some(column) = head.other_text(columns) {
            return doubt(column, "holds text too", "pairs");
        }
        one_answer(head, columns)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn one_column_of_text() {
        assert_eq!(name_of(&[r#"{"text":"a","url":"u","tokens":7}"#]), "text text=text");
        assert_eq!(read("text", r#"{"text":"a"}"#).unwrap(), ["assistant: a"]);
        assert_eq!(
            read("text", r#"{"text":["a"]}"#).unwrap_err(),
            "text: found an array ([\"a\"]), expected text"
        );
    }

    #[test]
    fn another_column_of_text_or_of_classes_is_a_doubt() {
        assert_eq!(name_of(&[r#"{"text":"a","gist":"b"}"#]), "unknown");
        let rows = [0, 1, 0, 1].map(|class| format!(r#"{{"text":"a","about":{class}}}"#));
        assert_eq!(name_of(&rows), "unknown");
    }
}
