use serde::de::IgnoredAny;

use super::*;
use crate::limits::MAX_JSON_DEPTH;
use crate::testing::Random;
use crate::testing::{shared_data, untar};

fn check(line: &[u8]) -> Result<Value, JsonError> {
    scan(line, |_, _| {})
}

fn members(line: &str) -> Vec<(String, Kind, String)> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    scan(bytes, |key, value| {
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        found.push((text(key.inner(bytes)), value.kind, text(value.raw(bytes))));
    })
    .unwrap();
    found
}

#[test]
fn members_are_reported_in_order() {
    let line = r#" { "a" : "x\ny" ,"b":[1,{"c":[]}], "n":null,"t":true,"i":-12,"f":1e5,"a":{} } "#;
    let expected = [
        ("a", Kind::String, r#""x\ny""#),
        ("b", Kind::Array, r#"[1,{"c":[]}]"#),
        ("n", Kind::Null, "null"),
        ("t", Kind::Bool, "true"),
        ("i", Kind::Int, "-12"),
        ("f", Kind::Float, "1e5"),
        ("a", Kind::Object, "{}"),
    ];
    assert_eq!(members(line), expected.map(|(k, kind, raw)| (k.to_string(), kind, raw.to_string())));
}

#[test]
fn errors_have_a_reason_and_a_position() {
    for (line, expected) in [
        ("", "the text ends too early at byte 0"),
        (r#"{"a":]}"#, "unexpected `]` at byte 5"),
        (r#"{"a" 1}"#, "unexpected `1` at byte 5"),
        (r#"{"a":1,}"#, "unexpected `}` at byte 7"),
        (r#"{"a":1}{"#, "trailing text after the value at byte 7"),
        ("{\"a\":\"x\ty\"}", "control character in string at byte 7"),
        (r#"{"a":"\x"}"#, "not an escape at byte 7"),
        (r#"{"a":"\u12g4"}"#, "not an escape at byte 10"),
        (r#"{"a":"x"#, "the text ends too early at byte 7"),
        (r#"{"a":"\"#, "the text ends too early at byte 7"),
        (r#"{"a":NaN}"#, "NaN and Infinity are not JSON: write null at byte 5"),
        (r#"{"a":-Infinity}"#, "NaN and Infinity are not JSON: write null at byte 6"),
        (r#"{"a":é}"#, "unexpected `é` at byte 5"),
        (r#"{"a":01}"#, "unexpected `1` at byte 6"),
        (r#"{"a":tru}"#, "unexpected `}` at byte 8"),
        ("[1,2", "the text ends too early at byte 4"),
        ("[1}", "unexpected `}` at byte 2"),
    ] {
        let shown = check(line.as_bytes()).map(|_| ()).unwrap_err().to_string();
        assert_eq!(shown, expected, "{line}");
    }
}

#[test]
fn depth_is_limited_and_counts_the_outermost() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let in_object = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
    for line in [nested(MAX_JSON_DEPTH), in_object(MAX_JSON_DEPTH)] {
        assert!(check(line.as_bytes()).is_ok());
    }
    for line in [nested(MAX_JSON_DEPTH + 1), in_object(MAX_JSON_DEPTH + 1), "[".repeat(1_000_000)] {
        assert_eq!(check(line.as_bytes()).unwrap_err().why, Why::Depth);
    }
}

#[test]
fn a_whole_number_is_a_float_only_if_it_is_exact() {
    // Powers of two and of ten, then neighbours that are between two floats.
    for exact in
        ["9007199254740992", "72057594037927936", "-1180591620717411303424", "10000000000000000000000", "-0"]
    {
        assert_eq!(exact_float64(exact.as_bytes()), Some(exact.parse().unwrap()), "{exact}");
    }
    for none in
        ["9007199254740993", "72057594037927940", "-1180591620717411300000", "100000000000000000000000"]
    {
        assert_eq!(exact_float64(none.as_bytes()), None, "{none}");
    }
}

#[test]
fn json_test_suite() {
    let Some(archive) = shared_data("adversarial/JSONTestSuite.tar.gz") else { return };
    let mut seen = [0; 3];
    for (name, bytes) in untar(&archive) {
        let Some((_, file)) = name.split_once("/test_parsing/") else { continue };
        let valid = std::str::from_utf8(&bytes).is_ok() && check(&bytes).is_ok();
        match file.as_bytes().first() {
            Some(b'y') => {
                assert!(valid, "{file} must be accepted");
                seen[0] += 1;
            }
            Some(b'n') => {
                assert!(!valid, "{file} must be refused");
                seen[1] += 1;
            }
            Some(b'i') => seen[2] += 1,
            _ => {}
        }
    }
    assert_eq!(seen, [95, 188, 35]);
}

fn string(random: &mut Random, out: &mut String) {
    const PIECES: &[&str] = &[
        "a",
        "prompt",
        " ",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0041",
        "\\ud83d\\ude00",
        "é",
        "漢字",
        "😀",
        "0123456789abcdef",
        "{",
        "]",
        ":",
        ",",
        "\\t",
    ];
    out.push('"');
    for _ in 0..random.below(9) {
        out.push_str(PIECES[random.below(PIECES.len())]);
    }
    out.push('"');
}

fn value(random: &mut Random, depth: usize, out: &mut String) {
    const SCALARS: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-3.25",
        "1e9",
        "2E-3",
        "9007199254740993",
        "123456789012345678901",
    ];
    match random.below(if depth > 4 { 2 } else { 4 }) {
        0 => out.push_str(SCALARS[random.below(SCALARS.len())]),
        1 => string(random, out),
        2 => {
            out.push('[');
            for i in 0..random.below(4) {
                if i > 0 {
                    out.push_str([",", " ,\t"][random.below(2)]);
                }
                value(random, depth + 1, out);
            }
            out.push(']');
        }
        _ => object(random, depth, out),
    }
}

fn object(random: &mut Random, depth: usize, out: &mut String) {
    out.push('{');
    for i in 0..random.below(5) {
        if i > 0 {
            out.push_str([",", " , "][random.below(2)]);
        }
        string(random, out);
        out.push_str([":", ": "][random.below(2)]);
        value(random, depth + 1, out);
    }
    out.push('}');
}

/// Compares the members, each value parsed by serde_json, with those that serde_json finds in the whole line.
fn compare(line: &str) {
    let ours = check(line.as_bytes());
    let theirs = serde_json::from_str::<IgnoredAny>(line);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{line}\nours: {ours:?}\ntheirs: {theirs:?}");
    let Ok(serde_json::Value::Object(expected)) = serde_json::from_str(line) else { return };
    let mut found = serde_json::Map::new();
    scan(line.as_bytes(), |key, value| {
        let key = text(line, key);
        let value = match value.kind {
            Kind::String => serde_json::Value::String(text(line, value)),
            _ => serde_json::from_slice(value.raw(line.as_bytes())).unwrap(),
        };
        found.insert(key, value);
    })
    .unwrap();
    assert_eq!(found, expected, "{line}");
}

fn text(line: &str, value: Value) -> String {
    let mut out = Vec::new();
    decode_string(value.inner(line.as_bytes()), &mut out).unwrap();
    assert!(value.escaped || out == value.inner(line.as_bytes()));
    String::from_utf8(out).unwrap()
}

#[test]
fn agrees_with_serde_on_generated_and_mutated_lines() {
    const NOISE: &[&str] =
        &["\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "u", " ", "\t", "\u{1}", "é", "n"];
    let mut random = Random(0x5eed);
    for _ in 0..4000 {
        let mut line = String::new();
        object(&mut random, 0, &mut line);
        compare(&line);
        for _ in 0..8 {
            let mut broken: Vec<char> = line.chars().collect();
            let at = random.below(broken.len());
            let noise = NOISE[random.below(NOISE.len())].chars();
            match random.below(4) {
                0 => broken.truncate(at),
                1 => drop(broken.remove(at)),
                2 => drop(broken.splice(at..=at, noise)),
                _ => drop(broken.splice(at..at, noise)),
            }
            compare(&broken.into_iter().collect::<String>());
        }
    }
}
