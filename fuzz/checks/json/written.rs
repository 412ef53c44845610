//! Checks text columns of JSON, and text that is written as JSON strings.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringViewArray};
use fastprep::record::json::{checked, losses, write_string, write_value, write_verbatim};
use fastprep::record::schema;

use super::{oracle, text};

/// Checks that a text that is JSON is written as it is, and any other text as a JSON string.
///
/// By design: the depth is not limited here, since the text is not parsed. So serde_json decides what is JSON, and
/// the scanner is compared with it.
pub fn check(text: &str) {
    let is_json = oracle::is_json(text);
    assert!(text::is_json(text).is_none_or(|found| found == is_json), "{text:?}");

    let mut quoted = Vec::new();
    write_string(&mut quoted, text);
    let quoted = String::from_utf8(quoted).unwrap();
    assert_eq!(oracle::string(&quoted).as_deref(), Some(text));
    text::check(&quoted);

    let mut one_line = Vec::new();
    write_verbatim(&mut one_line, text);
    let one_line = String::from_utf8(one_line).unwrap();
    assert_eq!(one_line, text.replace(['\n', '\r'], " "));
    assert!(oracle::is_json(&one_line) || !is_json, "{text:?}");

    let texts = [Some(text), None, Some("{}")];
    let columns: [ArrayRef; 2] =
        [Arc::new(StringArray::from_iter(texts)), Arc::new(StringViewArray::from_iter(texts))];
    let field = schema::json("j");
    for column in &columns {
        let (right, wrong) = checked(&field, column).unwrap();
        assert_eq!(right.data_type(), column.data_type());
        assert_eq!(wrong, if is_json { vec![] } else { vec![0] }, "{text:?}");
        let first = match right.as_string_view_opt() {
            Some(views) => views.value(0),
            None => right.as_string::<i32>().value(0),
        };
        assert_eq!(first, if is_json { text } else { &quoted });
        assert!(right.is_null(1) && right.is_valid(2));
    }

    // A text that was not checked before is written as it is if it is JSON.
    let mut written = Vec::new();
    write_value(&mut written, &field, columns[0].as_ref(), 0);
    let expected = if is_json { &one_line } else { &quoted };
    assert_eq!(String::from_utf8(written).unwrap(), *expected);
    assert_eq!(losses(&field, columns[0].as_ref(), 0, &mut Vec::new()).not_json, !is_json);
}
