use std::io::Cursor;

use arrow::array::{Array, AsArray};
use serde_json::value::RawValue;

use super::*;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::flow::{Cut, Decode, Piece};
use crate::limits::MAX_LINE_BYTES;
use crate::read::testing::gzip;
use crate::read::{ColumnKind, Limits, ReadColumn};
use crate::record::{Place, reason};
use crate::report::StepCounts;
use crate::testing::{Random, shared_data, untar};

const LIMITS: [(usize, usize); 7] = [(1, 1), (1, 3), (3, 1), (3, 100), (7, 3), (64, 2), (1 << 20, 1 << 16)];

/// What was read of an element: its place, and its text, or the reason for its reject.
type Read = (Place, Result<String, &'static str>);

/// All elements in order, and the error after them.
fn read_all(
    stored: &[u8],
    (batch_bytes, batch_rows): (usize, usize),
    max: usize,
) -> (Vec<Read>, Option<Error>) {
    let limits = Limits { batch_bytes, batch_rows, max_line_bytes: max };
    let reader = Box::new(Cursor::new(stored.to_vec()));
    let mut source = ArraySource::from_reader(reader, "a.json", limits, Cancel::default()).unwrap();
    let decode = ArrayDecode::new(vec![ReadColumn::new("a", ColumnKind::Json)], &[], limits);
    let mut all = Vec::new();
    loop {
        let piece = match source.next() {
            Err(e) => return (all, Some(e)),
            Ok(None) => return (all, None),
            Ok(Some(piece)) => piece,
        };
        let mut counts = StepCounts::default();
        let batch = decode.decode(piece, &mut counts).unwrap();
        assert!(batch.rows() + batch.rejects.len() <= batch_rows);
        assert_eq!(counts.rows_in, (batch.rows() + batch.rejects.len()) as u64);
        batch.records.columns().iter().for_each(|c| c.to_data().validate_full().unwrap());
        let text = |i| String::from_utf8(batch.places.text_of(i).unwrap().to_vec()).unwrap();
        let rows = (0..batch.rows()).map(|i| (batch.places.at(i), Ok(text(i))));
        let mut read: Vec<Read> = rows.chain(batch.rejects.iter().map(|r| (r.place, Err(r.code)))).collect();
        read.sort_by_key(|(place, _)| place.row);
        all.append(&mut read);
    }
}

/// Reads with many sizes of blocks and batches, which must not change the result.
fn read(stored: &[u8]) -> (Vec<Read>, Option<Error>) {
    let all = LIMITS.map(|limits| read_all(stored, limits, MAX_LINE_BYTES));
    let shown = |error: &Option<Error>| error.as_ref().map(|e| format!("{e:?}"));
    for (limits, (rows, error)) in LIMITS.iter().zip(&all) {
        let text = String::from_utf8_lossy(stored);
        assert_eq!((rows, shown(error)), (&all[0].0, shown(&all[0].1)), "{limits:?}: {text}");
    }
    all.into_iter().next_back().unwrap()
}

/// The elements by serde_json, with their places; `None` if the text is not an array.
fn expected(text: &str) -> Option<Vec<(Place, &str)>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut all = Vec::new();
    for (row, element) in (0..).zip(elements) {
        let byte = element.get().as_ptr() as usize - text.as_ptr() as usize;
        let line = text[..byte].matches('\n').count() as u64 + 1;
        all.push((Place { file: 0, row, line: Some(line), byte: Some(byte as u64), copy: 0 }, element.get()));
    }
    Some(all)
}

/// Checks a text against serde_json: it reads the same elements; what it does not read is an error or a reject.
fn check(text: &str) {
    let (rows, error) = read(text.as_bytes());
    let Some(elements) = expected(text) else {
        let bad = |(_, read): &Read| matches!(read, Err(reason::BAD_JSON));
        let nothing = text.trim_ascii().is_empty();
        assert!(error.is_some() || rows.iter().any(bad) || nothing, "{text:?}");
        return;
    };
    assert!(error.is_none(), "{text:?}: {error:?}");
    assert_eq!(rows.len(), elements.len(), "{text:?}");
    for ((place, read), (expected, element)) in rows.iter().zip(elements) {
        assert_eq!(*place, expected, "{text:?}");
        match read {
            Ok(row) => assert_eq!(row, element),
            Err(code) => assert_eq!(*code, reason::NOT_AN_OBJECT, "{element}"),
        }
    }
}

const PRETTY: &str = r#"
[
  {"a": 1, "b": "[{\"]\\"},
  { "a" : [1, {"x": "}"}, []] , "c": "\\\\\"" },

  {},7 , "text, [" ,null,[],[{"a":"\u00e9é"}],
  {
    "a": {
      "deep": [ 1,
        2 ]
    }
  }
]
"#;

#[test]
fn elements_are_those_of_serde_json() {
    for text in [
        PRETTY,
        "[]",
        " [ \n ] \r\n\t",
        "",
        " \n",
        "[{}]",
        "[1]",
        "[1,2]",
        r#"[{"a":1},{"a":2}]"#,
        r#"["","\\",{"\\":"\\\\"}]"#,
        "[[],[[]],{}]",
        "[-1.5e3,true]",
        "[\n\n1\n,\n{}\n]",
    ] {
        check(text);
        check(&text.replace('\n', "\r\n"));
    }
}

#[test]
fn random_texts_of_json_tokens_are_read_as_by_serde_json() {
    const TOKENS: [&str; 24] = [
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"\\\"\"",
        "1",
        "nul",
        "null",
        " ",
        "\n",
        "{}",
        "[]",
        "{\"a\":1}",
        "{\"a\":",
        ",\n",
        "[{",
        "}]",
        "é",
        "\"a\":[1]",
    ];
    for seed in 0..4000 {
        let mut random = Random(seed + 1);
        let mut text = String::from("[");
        for _ in 0..random.below(12) {
            text += TOKENS[random.below(TOKENS.len())];
        }
        text += ["]", "", "\n]\n"][random.below(3)];
        check(&text);
    }
}

/// A value as JSON text with white space between its tokens.
fn value(random: &mut Random, depth: usize) -> String {
    let space = [" ", "", "\n", "\r\n\t", ""][random.below(5)];
    let many = random.below(4);
    let text = match random.below(if depth > 3 { 4 } else { 6 }) {
        0 => ["null", "true", "-0", "1.5E+3"][random.below(4)].to_string(),
        1..=3 => {
            let part = |i: usize| [r#"\""#, r"\\", "[{", "]}", "é", r"\u0041", ",", "x: "][i];
            format!("\"{}\"", (0..many).map(|_| part(random.below(8))).collect::<String>())
        }
        4 => {
            let items: Vec<String> = (0..many).map(|_| value(random, depth + 1)).collect();
            format!("[{space}{}]", items.join(","))
        }
        _ => {
            let member = |i| format!("\"k{i}\"{space}:{}", value(random, depth + 1));
            let members: Vec<String> = (0..many).map(member).collect();
            format!("{{{}{space}}}", members.join(&format!("{space},")))
        }
    };
    format!("{space}{text}{space}")
}

#[test]
fn random_arrays_with_any_white_space_are_read_as_by_serde_json() {
    for seed in 0..600 {
        let mut random = Random(seed + 1);
        let elements: Vec<String> = (0..random.below(6)).map(|_| value(&mut random, 0)).collect();
        let text = format!("[{}]", elements.join(","));
        assert!(expected(&text).is_some(), "{text}");
        check(&text);
    }
}

#[test]
fn damage_at_any_byte_is_an_error_or_a_reject() {
    let text = PRETTY.trim();
    let whole = read(text.as_bytes()).0.len();
    for cut in 1..text.len() {
        let Some(text) = text.get(..cut) else { continue };
        let (rows, error) = read(text.as_bytes());
        let error = error.unwrap();
        assert_eq!((error.class(), error.code()), (Class::Source, "corrupt_json"), "{error}");
        assert!(error.get_line().is_some() && error.get_row() == Some(rows.len() as u64), "{error}");
        assert!(rows.len() <= whole && rows.iter().all(|(_, row)| *row != Err(reason::BAD_JSON)));
    }
    let damages: [fn(u8) -> u8; 6] = [|b| b ^ 1, |b| b ^ 0x20, |_| b'"', |_| b'[', |_| b'}', |_| b' '];
    for at in 0..text.len() {
        for damage in damages {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = damage(bytes[at]);
            match std::str::from_utf8(&bytes) {
                Ok(text) => check(text),
                Err(_) => {
                    let (rows, error) = read(&bytes);
                    let is_bad = |(_, row): &Read| matches!(row, Err(reason::BAD_UTF8 | reason::BAD_JSON));
                    assert!(error.is_some() || rows.iter().any(is_bad));
                }
            }
            bytes.remove(at);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                check(text);
            }
        }
    }
}

#[test]
fn errors_name_the_element_the_line_and_the_byte() {
    for (text, rows, line, message) in [
        ("[{},\n{\"a\":1} {}]", 2, 2, "a comma is missing after element 1: there is `{` at byte 13"),
        ("[{}\n1]", 1, 2, "a comma is missing after element 0: there is `1` at byte 4"),
        ("[{},{}", 2, 1, "the file ends after element 1, without the `]` of the array"),
        ("[", 0, 1, "the file ends before any element, without the `]` of the array"),
        ("[{},\n\n{\"a\":\n[", 1, 3, "the file ends within element 1, which begins at line 3, byte 6"),
        (
            "[{},\n{\"a\":\"\n]",
            1,
            2,
            "the file ends within a string of element 1, which begins at line 2, byte 5",
        ),
        ("[{},]", 1, 1, "an element is missing before `]` at byte 4"),
        ("[,{}]", 0, 1, "an element is missing before `,` at byte 1"),
        (
            "[{},{\"a\":\n[1}]",
            1,
            2,
            "`}` at byte 12 does not close the `[` that is open in element 1, which begins at line 1, byte 4",
        ),
        ("[{}]\n[{}]", 1, 2, "a second array begins at byte 5, after element 0"),
        ("[{}]\n{}", 1, 2, "the array ends after element 0, but then there is `{` at byte 5"),
    ] {
        let (read, error) = read(text.as_bytes());
        let error = error.unwrap();
        let expected = format!("{message} (elements and bytes are counted from 0)");
        assert_eq!((read.len(), error.message()), (rows, expected.as_str()));
        assert_eq!(
            (error.code(), error.get_line(), error.get_path()),
            ("corrupt_json", Some(line), Some("a.json"))
        );
        assert!(error.get_help().is_some());
    }
}

#[test]
fn other_json_is_refused_by_name() {
    for (text, message, help) in [
        ("{\"a\":1}\n{\"a\":2}\n", "this is JSON lines, not a JSON array", "read it with scan_jsonl"),
        ("{\n \"data\": [{}]\n}\n", "this is a JSON object, not a JSON array", "jq -c '.KEY[]' \"a.json\""),
        ("1\n", "this is not a JSON array: it begins with `1`", "begin with `[`"),
        ("\u{feff}id,text\n", "this is not a JSON array: it begins with `i`", "begin with `[`"),
    ] {
        let (rows, error) = read(text.as_bytes());
        let error = error.unwrap();
        assert!(rows.is_empty());
        assert_eq!((error.code(), error.message()), ("unsupported_format", message));
        assert!(error.get_help().unwrap().contains(help), "{error}");
    }
}

#[test]
fn rejects_have_a_detail_and_the_place_of_their_element() {
    let text = "[{\"a\":1},\n {\"a\":01},\n\n {\"a\":\"\u{1}\"}, 7,\"x\",{\"a\":\"\\ud800\"},nul , {\"a\":}, {\"b\":NaN}\n]";
    let limits = Limits::default();
    let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let mut source = ArraySource::from_reader(reader, "-", limits, Cancel::default()).unwrap();
    let decode = ArrayDecode::new(vec![ReadColumn::new("a", ColumnKind::Text)], &[], limits);
    let piece = source.next().unwrap().unwrap();
    let batch = decode.decode(piece, &mut StepCounts::default()).unwrap();
    let found: Vec<_> = batch
        .rejects
        .iter()
        .map(|r| (r.place.row, r.place.line.unwrap(), r.place.byte.unwrap(), r.code, r.detail.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                0,
                1,
                1,
                "wrong_type",
                "column `a` holds an integer (1), not a string or null; cast it with with_columns"
            ),
            (1, 2, 11, "bad_json", "unexpected `1` at byte 6 of the element"),
            (2, 4, 23, "bad_json", "control character in string at byte 6 of the element"),
            (3, 4, 34, "not_an_object", "the element is an integer: 7"),
            (4, 4, 36, "not_an_object", "the element is a string: \"x\""),
            (
                5,
                4,
                40,
                "bad_json",
                "column `a`: a lone surrogate escape at byte 6 of the element is no character"
            ),
            (6, 4, 55, "bad_json", "the element ends too early at byte 3 of the element"),
            (7, 4, 61, "bad_json", "unexpected `}` at byte 5 of the element"),
            (8, 4, 69, "bad_json", "NaN and Infinity are not JSON: write null at byte 5 of the element"),
        ]
    );
    assert_eq!(batch.rejects[3].record, "7");
}

#[test]
fn elements_over_the_limit_are_rejected_and_never_held() {
    let long = format!("{{\"a\":\n\"{}\"}}", "x".repeat(5_000));
    let text = format!("[{{}},\n{long},{{\"a\":1}},\n\n{long}, {long}]");
    for limits in LIMITS {
        let (rows, error) = read_all(text.as_bytes(), limits, 20);
        assert!(error.is_none());
        let found: Vec<_> =
            rows.iter().map(|(p, read)| (p.row, p.line.unwrap(), p.byte.unwrap(), read.clone())).collect();
        let at = |n: usize| text.match_indices(&long).nth(n).unwrap().0 as u64;
        let long = || Err(reason::LINE_TOO_LONG);
        let middle = text.find("{\"a\":1}").unwrap() as u64;
        let expected = [
            (0, 1, 1, Ok("{}".to_string())),
            (1, 2, at(0), long()),
            (2, 3, middle, Ok("{\"a\":1}".into())),
            (3, 5, at(1), long()),
            (4, 6, at(2), long()),
        ];
        assert_eq!(found, expected, "{limits:?}");
    }
    // The end of the file, or a bracket of the wrong kind, in such an element.
    for (text, expected) in [
        (&text[..3_000], "the file ends within a string of element 1, which begins at line 2, byte 5"),
        ("[[\n1111111111111111111111111111111111111111111\n}]", "`}` at byte 47 does not close the `[`"),
    ] {
        for limits in LIMITS {
            let (_, error) = read_all(text.as_bytes(), limits, 20);
            assert!(error.unwrap().message().starts_with(expected));
        }
    }
}

#[test]
fn deep_nesting_is_rejected_without_recursion() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        for depth in [256, 513, 100_000, 1_000_000] {
            let deep = open.repeat(depth) + "1" + &close.repeat(depth);
            let text = format!("[{deep},{{\"a\":1}}]");
            let (rows, error) = read_all(text.as_bytes(), (1 << 16, 1 << 16), MAX_LINE_BYTES);
            assert!(error.is_none());
            let levels = depth * (open.len() - open.replace(['[', '{'], "").len());
            assert_eq!(rows[0].1 == Err(reason::BAD_JSON), levels > 512, "{depth}");
            assert_eq!(rows[1].1, Ok("{\"a\":1}".into()));
            let text = format!("[{}", deep.replacen("1}", "1]", 1).replacen("1]", "1}", 1));
            let (_, error) = read_all(text.as_bytes(), (1 << 16, 1 << 16), MAX_LINE_BYTES);
            assert_eq!(error.unwrap().code(), "corrupt_json");
        }
    }
}

#[test]
fn a_piece_up_to_a_row_has_the_rows_before_it() {
    let reader = Box::new(Cursor::new(PRETTY.as_bytes().to_vec()));
    let mut source = ArraySource::from_reader(reader, "-", Limits::default(), Cancel::default()).unwrap();
    let piece = source.next().unwrap().unwrap();
    let decode = ArrayDecode::new(vec![], &[], Limits::default());
    let rows = |piece| {
        let batch = decode.decode(piece, &mut StepCounts::default()).unwrap();
        let rejects = batch.rejects.iter().map(|r| r.place);
        let mut places: Vec<Place> = (0..batch.rows()).map(|i| batch.places.at(i)).chain(rejects).collect();
        places.sort();
        places
    };
    let all = rows(piece.clone());
    for row in 0..all.len() {
        assert_eq!(rows(piece.until(row as u64)), all[..=row]);
        assert_eq!(rows(piece.until(1_000).until(row as u64)), all[..=row]);
    }
    assert!(piece.until(0).bytes() < piece.bytes());
}

#[test]
fn nested_values_over_several_lines_are_read_on_one_line() {
    let kinds = [("a", ColumnKind::Json), ("l", ColumnKind::LenientText)];
    let columns: Vec<ReadColumn> = kinds.iter().map(|(name, kind)| ReadColumn::new(*name, *kind)).collect();
    let value =
        serde_json::json!({"x": [1, 2, {"y": "a\nb, [\n"}], "z": {}, "long": "more than twelve bytes"});
    let pretty = serde_json::to_string_pretty(&[serde_json::json!({"a": value, "l": value})]).unwrap();
    let one_line = format!("[{{\"a\":{value},\"l\":{value}}}]");
    for text in [pretty, one_line] {
        let reader = Box::new(Cursor::new(text.into_bytes()));
        let mut source = ArraySource::from_reader(reader, "-", Limits::default(), Cancel::default()).unwrap();
        let decode = ArrayDecode::new(columns.clone(), &[], Limits::default());
        let batch = decode.decode(source.next().unwrap().unwrap(), &mut StepCounts::default()).unwrap();
        for name in ["a", "l"] {
            let column = batch.column(name).unwrap().as_string_view();
            assert_eq!(serde_json::from_str::<serde_json::Value>(column.value(0)).unwrap(), value);
            assert!(!column.value(0).contains('\n'));
        }
    }
}

#[test]
fn compressed_arrays_are_read() {
    let plain = read(PRETTY.as_bytes()).0;
    for stored in [gzip(PRETTY.as_bytes()), zstd::encode_all(PRETTY.as_bytes(), 1).unwrap()] {
        assert_eq!(read(&stored).0, plain);
    }
}

#[test]
fn the_json_test_suite_as_elements() {
    let Some(archive) = shared_data("adversarial/JSONTestSuite.tar.gz") else { return };
    let mut checked = 0;
    for (name, bytes) in untar(&archive) {
        let Some(kind) = name.rsplit('/').next().filter(|n| n.ends_with(".json")) else { continue };
        let element = bytes.trim_ascii();
        let text = [b"[{\"a\":1},\n", element, b"\n,{\"a\":2}]"].concat();
        let (rows, error) = read_all(&text, (1 << 16, 1 << 16), MAX_LINE_BYTES);
        checked += 1;
        match &kind[..2] {
            "y_" => {
                assert!(error.is_none(), "{name}: {error:?}");
                assert_eq!(rows.len(), 3, "{name}");
                let ok = matches!(rows[1].1, Ok(_) | Err(reason::NOT_AN_OBJECT));
                assert!(ok, "{name}: {:?}", rows[1]);
            }
            "n_" => {
                let at = error.as_ref().map(|e| (e.code(), e.get_line().is_some(), e.get_row()));
                match at {
                    Some(("corrupt_json", true, Some(1..))) => {}
                    None => {
                        assert_eq!(rows.len(), 3, "{name}");
                        assert!(
                            matches!(rows[1].1, Err(reason::BAD_JSON | reason::BAD_UTF8)),
                            "{name}: {rows:?}"
                        );
                    }
                    _ => panic!("{name}: {error:?}"),
                }
            }
            _ => assert!(error.is_some() || rows.len() == 3, "{name}"),
        }
    }
    assert!(checked > 300, "{checked}");
}
