use arrow::array::{Array, AsArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{Float64Type, Int64Type};

use super::*;
use crate::cancel::Cancel;
use crate::flow::Cut;
use crate::read::ColumnKind;
use crate::read::lines::LinesSource;
use crate::record::Reject;
use crate::record::json::row as row_json;
use crate::record::reject_json::quote_line;

const KINDS: [(&str, ColumnKind); 6] = [
    ("t", ColumnKind::Text),
    ("i", ColumnKind::Int64),
    ("f", ColumnKind::Float64),
    ("b", ColumnKind::Bool),
    ("j", ColumnKind::Json),
    ("l", ColumnKind::LenientText),
];

fn decoder(limits: Limits) -> JsonlDecode {
    let columns = KINDS.iter().map(|(name, kind)| ReadColumn::new(*name, *kind)).collect();
    JsonlDecode::new(columns, &["t".into(), "known".into()], limits)
}

fn piece(text: &[u8]) -> Lines {
    Lines { file: 1, first_row: 10, byte: 100, text: Text::Whole(Buffer::from_vec(text.to_vec())) }
}

fn decode(text: &[u8]) -> (Batch, StepCounts) {
    let mut counts = StepCounts::default();
    let batch = decoder(Limits::default()).decode(piece(text), &mut counts).unwrap();
    assert_eq!(batch.rows(), batch.places.rows.len());
    // The columns were created without a check.
    batch.records.columns().iter().for_each(|c| c.to_data().validate_full().unwrap());
    assert_eq!(counts.rows_in, counts.rows_out + counts.removed_rows());
    assert_eq!(counts.rows_out, batch.rows() as u64);
    assert_eq!(counts.removed_rows(), batch.rejects.len() as u64);
    (batch, counts)
}

#[test]
fn columns_of_every_kind_are_read() {
    let text = concat!(
        r#"{"t":"a text that is not inlined","i":-7,"f":2,"b":true,"j":{"x":[1, "\u00e9"]},"l":"lenient"}"#,
        "\n",
        r#" { "l" : "x\ny" , "t" : "an escaped \"text\" \ud83d\ude00" , "known": [1], "f": 1.5e0 } "#,
        "\r\n",
        r#"{"t":null,"i":null,"f":null,"b":null,"j":null,"l":null}"#,
        "\n",
        "{}",
    );
    let (batch, counts) = decode(text.as_bytes());
    assert!(batch.rejects.is_empty() && counts.findings.is_empty());
    let t = batch.column("t").unwrap().as_string_view();
    assert_eq!(t.value(0), "a text that is not inlined");
    assert_eq!(t.value(1), "an escaped \"text\" 😀");
    assert!(t.is_null(2) && t.is_null(3));
    assert_eq!(batch.column("i").unwrap().as_primitive::<Int64Type>().value(0), -7);
    let f = batch.column("f").unwrap().as_primitive::<Float64Type>();
    assert_eq!((f.value(0), f.value(1)), (2.0, 1.5));
    assert!(batch.column("b").unwrap().as_boolean().value(0));
    assert_eq!(batch.column("j").unwrap().as_string_view().value(0), r#"{"x":[1, "\u00e9"]}"#);
    let l = batch.column("l").unwrap().as_string_view();
    assert_eq!((l.value(0), l.value(1)), ("lenient", "x\ny"));
    assert_eq!(row_json(&batch.records, 3), r#"{"t":null,"i":null,"f":null,"b":null,"j":null,"l":null}"#);
    // The place of the second line in the stream; its text has no carriage return.
    let first = text.find('\n').unwrap() + 1;
    let place = Place { file: 1, row: 11, line: Some(12), byte: Some(100 + first as u64), copy: 0 };
    assert_eq!(batch.places.at(1), place);
    assert_eq!(batch.places.text_of(3), Some(&b"{}"[..]));
    // Text without escapes was not copied: the view's buffer is the chunk itself.
    let chunk = batch.places.text.as_ref().unwrap().as_ptr() as usize;
    assert_eq!(t.data_buffers()[0].as_ptr() as usize, chunk);
}

#[test]
fn rejects_have_a_detail_and_a_place() {
    let lines: &[(&[u8], &str, &str)] = &[
        (
            b"{\"t\":1}",
            "wrong_type",
            "column `t` holds an integer (1), not a string or null; cast it with with_columns",
        ),
        (
            b"{\"i\":1.0}",
            "wrong_type",
            "column `i` holds a number (1.0), not an integer of 64 bits or null; cast it with with_columns",
        ),
        (
            b"{\"i\":9223372036854775808}",
            "wrong_type",
            "column `i` holds an integer (9223372036854775808), not an integer of 64 bits or null; cast it with with_columns",
        ),
        (
            b"{\"f\":1e999}",
            "wrong_type",
            "column `f` holds a number (1e999), not a number that a float holds exactly or null; cast it with with_columns",
        ),
        (
            b"{\"b\":\"true\"}",
            "wrong_type",
            "column `b` holds a string (\"true\"), not true or false or null; cast it with with_columns",
        ),
        (b"{\"t\":\"x\"", "bad_json", "the line ends too early at byte 8 of the line"),
        (
            b"{\"t\":\"a\\ud800\"}",
            "bad_json",
            "column `t`: a lone surrogate escape at byte 7 of the line is no character",
        ),
        (b"[1]", "not_an_object", "the line is an array: [1]"),
        (b"null", "not_an_object", "the line is null: null"),
        (b"{\"t\":\"\xff\"}", "bad_utf8", "byte 0xff at byte 6 of the line is not valid UTF-8"),
        (b"{\"other\":\"\xc3\"}", "bad_utf8", "byte 0xc3 at byte 10 of the line is not valid UTF-8"),
    ];
    let good = "{\"t\":\"gut gemacht, schön\",\"i\":1}\n";
    for (bad, code, detail) in lines {
        let text = [good.as_bytes(), b"\n", bad, b"\r\n \t\n", good.as_bytes()].concat();
        let (batch, counts) = decode(&text);
        assert_eq!(batch.rows(), 2);
        let place =
            Place { file: 1, row: 12, line: Some(13), byte: Some(100 + good.len() as u64 + 1), copy: 0 };
        let record = quote_line(bad);
        assert_eq!(
            batch.rejects,
            [Reject { code, place, position: 12, detail: (*detail).to_string(), record }]
        );
        assert_eq!(counts.removed[code].first, place);
        assert_eq!((counts.rows_in, counts.sums["blank_lines"]), (3, 2));
        assert_eq!(batch.places.rows.iter().map(|r| r.row).collect::<Vec<_>>(), [10, 14]);
        assert_eq!(batch.column("t").unwrap().as_string_view().value(1), "gut gemacht, schön");
        assert_eq!(batch.column("b").unwrap().null_count(), 2);
    }
}

#[test]
fn findings_name_the_column_and_the_first_row() {
    let text = br#"{"l":1}
{"l":{"a":"b"},"new":1,"t":"x"}
{"l":"\ud800","t":"first","t":"last"}
{"l":"fine","\u006eew":2}
{"l":null}
"#;
    let (batch, counts) = decode(text);
    let l = batch.column("l").unwrap().as_string_view();
    assert_eq!(
        l.iter().collect::<Vec<_>>(),
        [Some("1"), Some(r#"{"a":"b"}"#), Some(r#""\ud800""#), Some("fine"), None]
    );
    assert_eq!(batch.column("t").unwrap().as_string_view().value(2), "last");
    let found: Vec<_> =
        counts.findings.iter().map(|(name, f)| (name.to_string(), f.count, f.first.row)).collect();
    let expected = [("coerced:l", 3, 10), ("late_column:new", 2, 11), ("repeated_key:t", 1, 12)];
    assert_eq!(found, expected.map(|(name, count, row)| (name.to_string(), count, row)));
}

#[test]
fn a_key_with_a_lone_surrogate_names_no_column() {
    let columns = vec![ReadColumn::new(r"\ud800", ColumnKind::Json)];
    let decode = JsonlDecode::new(columns, &[], Limits::default());
    let mut counts = StepCounts::default();
    // The column's name is the decoded text of the first key, and the raw JSON of the second.
    let line = br#"{"\\ud800":1,"\ud800":2}"#;
    let batch = decode.decode(piece(line), &mut counts).unwrap();
    assert_eq!(batch.records.column(0).as_string_view().value(0), "1");
    let found: Vec<_> = counts.findings.keys().map(ToString::to_string).collect();
    assert_eq!(found, [r"late_column:\ud800"]);
}

#[test]
fn rows_are_counted_without_columns() {
    let decode = JsonlDecode::new(Vec::new(), &["t".into()], Limits::default());
    let mut counts = StepCounts::default();
    let batch = decode.decode(piece(b"{\"t\":1}\n{}\n[]"), &mut counts).unwrap();
    assert_eq!((batch.rows(), batch.rejects.len()), (2, 1));
}

/// The whole output: rows with their places, rejects, counts.
fn run(text: &[u8], limits: Limits) -> (Vec<(Place, String)>, Vec<Reject>, StepCounts) {
    let mut source = LinesSource::from_reader(
        Box::new(std::io::Cursor::new(text.to_vec())),
        "-",
        limits,
        Cancel::default(),
    );
    let decode = decoder(limits);
    let (mut rows, mut rejects, mut counts) = (Vec::new(), Vec::new(), StepCounts::default());
    while let Some(piece) = source.next().unwrap() {
        let mut own = StepCounts::default();
        let batch = decode.decode(piece, &mut own).unwrap();
        rows.extend((0..batch.rows()).map(|i| (batch.places.at(i), row_json(&batch.records, i))));
        rejects.extend(batch.rejects);
        counts.merge(own);
    }
    (rows, rejects, counts)
}

#[test]
fn rows_do_not_depend_on_the_batch_size() {
    let mut text = b"\xef\xbb\xbf".to_vec();
    for i in 0..60 {
        let line = match i % 10 {
            0 => format!("{{\"t\":\"{}\"}}", "long ".repeat(20 + i)),
            1 => String::new(),
            2 => format!("{{\"l\":{i},\"t\":\"a\\nb\"}}\r"),
            3 => "{\"t\":5}".into(),
            4 => "{\"new\":1}".into(),
            5 => "{\"t\"".into(),
            6 => format!("\"{}", "x".repeat(crate::limits::REJECT_RECORD_BYTES - 3 + i / 10)),
            _ => format!("{{\"i\":{i},\"t\":\"row {i}\"}}"),
        };
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(b"{\"t\":\"\xff\"}\n{\"t\":\"the end\"}");
    let expected = run(&text, Limits { max_line_bytes: 150, ..Limits::default() });
    assert_eq!(expected.0.len(), 6 * 5 + 1 + 1);
    assert_eq!(expected.2.removed["line_too_long"].count, 11);
    for batch_bytes in [1, 10, 100, 1000, 100_000] {
        for batch_rows in [1, 3, 1000] {
            let limits = Limits { batch_bytes, batch_rows, max_line_bytes: 150 };
            assert_eq!(run(&text, limits), expected, "{limits:?}");
        }
    }
}
