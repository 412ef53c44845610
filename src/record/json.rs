//! Rows as JSON text: what `rejects.jsonl` and JSONL shards hold.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::schema;

/// Row `i` as a JSON object: keys in schema order, hidden columns left out.
pub fn row(records: &RecordBatch, i: usize) -> String {
    let mut out = Vec::new();
    write_row(&mut out, records, i);
    // `write_row` writes only UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends row `i` as a JSON object.
pub fn write_row(out: &mut Vec<u8>, records: &RecordBatch, i: usize) {
    out.push(b'{');
    let mut first = true;
    for (field, column) in records.schema_ref().fields().iter().zip(records.columns()) {
        if schema::is_hidden(field.name()) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write_string(out, field.name());
        out.push(b':');
        write_value(out, field, column.as_ref(), i);
    }
    out.push(b'}');
}

/// Appends value `i` of a column.
pub fn write_value(out: &mut Vec<u8>, field: &Field, column: &dyn Array, i: usize) {
    if column.is_null(i) {
        out.extend_from_slice(b"null");
        return;
    }
    macro_rules! integer {
        ($t:ty) => {
            write_integer(out, column.as_primitive::<$t>().value(i))
        };
    }
    match column.data_type() {
        DataType::Utf8 => write_text(out, field, column.as_string::<i32>().value(i)),
        DataType::LargeUtf8 => write_text(out, field, column.as_string::<i64>().value(i)),
        DataType::Utf8View => write_text(out, field, column.as_string_view().value(i)),
        DataType::Boolean => {
            out.extend_from_slice(if column.as_boolean().value(i) { b"true" } else { b"false" });
        }
        DataType::Int8 => integer!(Int8Type),
        DataType::Int16 => integer!(Int16Type),
        DataType::Int32 => integer!(Int32Type),
        DataType::Int64 => integer!(Int64Type),
        DataType::UInt8 => integer!(UInt8Type),
        DataType::UInt16 => integer!(UInt16Type),
        DataType::UInt32 => integer!(UInt32Type),
        DataType::UInt64 => integer!(UInt64Type),
        DataType::Float32 => write_float(out, f64::from(column.as_primitive::<Float32Type>().value(i))),
        DataType::Float64 => write_float(out, column.as_primitive::<Float64Type>().value(i)),
        DataType::List(item) => {
            let list = column.as_list::<i32>();
            let ends = (list.value_offsets()[i] as usize, list.value_offsets()[i + 1] as usize);
            write_list(out, item, list.values().as_ref(), ends);
        }
        DataType::LargeList(item) => {
            let list = column.as_list::<i64>();
            let ends = (list.value_offsets()[i] as usize, list.value_offsets()[i + 1] as usize);
            write_list(out, item, list.values().as_ref(), ends);
        }
        DataType::FixedSizeList(item, n) => {
            let (list, n) = (column.as_fixed_size_list(), *n as usize);
            write_list(out, item, list.values().as_ref(), (i * n, (i + 1) * n));
        }
        DataType::Dictionary(_, _) => {
            // Of one row: normalizing the keys of all would cost the whole column for each row.
            let one = column.slice(i, 1);
            let dictionary = one.as_any_dictionary();
            let k = dictionary.normalized_keys()[0];
            write_value(out, field, dictionary.values().as_ref(), k);
        }
        DataType::Struct(fields) => {
            out.push(b'{');
            for (j, (f, c)) in fields.iter().zip(column.as_struct().columns()).enumerate() {
                if j > 0 {
                    out.push(b',');
                }
                write_string(out, f.name());
                out.push(b':');
                write_value(out, f, c.as_ref(), i);
            }
            out.push(b'}');
        }
        // Dates, times, decimals, binary: as Arrow shows them.
        _ => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(column, &options).map(|f| f.value(i).to_string());
            write_string(out, &shown.unwrap_or_default());
        }
    }
}

/// Appends the items from `ends.0` to before `ends.1`.
fn write_list(out: &mut Vec<u8>, item: &Field, values: &dyn Array, ends: (usize, usize)) {
    out.push(b'[');
    for j in ends.0..ends.1 {
        if j > ends.0 {
            out.push(b',');
        }
        write_value(out, item, values, j);
    }
    out.push(b']');
}

fn write_text(out: &mut Vec<u8>, field: &Field, text: &str) {
    if schema::is_json(field) {
        write_verbatim(out, text);
    } else {
        write_string(out, text);
    }
}

/// JSON knows no NaN and no infinity: null, as polars and pandas write them.
fn write_float(out: &mut Vec<u8>, value: f64) {
    match serde_json::Number::from_f64(value) {
        Some(n) => out.extend_from_slice(n.to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends a JSON string: `"`, `\` and control characters escaped, all else as UTF-8.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
    for block in blocks {
        // Without a branch on each byte, so that it becomes a few vector instructions.
        if block.iter().fold(false, |found, &b| found | must_escape(b)) {
            write_escaped(out, block);
        } else {
            out.extend_from_slice(block);
        }
    }
    write_escaped(out, rest);
    out.push(b'"');
}

/// Bytes that are looked at together.
const BLOCK: usize = 32;

const fn must_escape(b: u8) -> bool {
    b < 0x20 || b == b'"' || b == b'\\'
}

fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut done = 0;
    for (i, &b) in bytes.iter().enumerate() {
        if !must_escape(b) {
            continue;
        }
        out.extend_from_slice(&bytes[done..i]);
        done = i + 1;
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(b >> 4)]);
                out.push(HEX[usize::from(b & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[done..]);
}

/// Appends JSON text as it is, but on one line: a line break in valid JSON is white space between tokens.
pub fn write_verbatim(out: &mut Vec<u8>, json: &str) {
    let from = out.len();
    out.extend_from_slice(json.as_bytes());
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        out[from..].iter_mut().filter(|b| matches!(b, b'\n' | b'\r')).for_each(|b| *b = b' ');
    }
}

/// Appends a whole number.
pub fn write_integer(out: &mut Vec<u8>, value: impl Into<i128>) {
    let value: i128 = value.into();
    if value < 0 {
        out.push(b'-');
    }
    // Every type of ours has at most 64 bits, so the magnitude fits.
    let mut rest = value.unsigned_abs() as u64;
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_survives_serde() {
        let all: String = (0..0x3000u32).filter_map(char::from_u32).chain(['😀', '\u{10ffff}']).collect();
        // Shifted, so that each character meets each position of a block.
        for shift in 0..BLOCK {
            let text = "x".repeat(shift) + &all;
            let mut out = Vec::new();
            write_string(&mut out, &text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn integers_are_written_as_rust_does() {
        let values = [0, 1, -1, 9, 10, 100, i128::from(i64::MIN), i128::from(i64::MAX), i128::from(u64::MAX)];
        for value in values {
            let mut out = Vec::new();
            write_integer(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn verbatim_json_stays_on_one_line() {
        let mut out = Vec::new();
        write_verbatim(&mut out, "{\r\n  \"a\": \"\\n\"\n}");
        assert_eq!(out, b"{    \"a\": \"\\n\" }");
    }
}
