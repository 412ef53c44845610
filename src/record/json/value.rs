//! Arrow values as JSON values.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, RunArray, UnionArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::checked::is_json_text;
use super::text::{write_integer, write_string, write_verbatim};
use crate::record::{is_text, schema};

/// Which parts of a value JSON cannot represent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// A NaN or an infinity, written as null.
    pub not_finite: bool,
    /// A map has a key twice. The JSON object has the key twice too; most readers keep the last value.
    pub repeated_key: bool,
    /// A text of type `arrow.json` that is not JSON, written as a string.
    pub not_json: bool,
}

/// Which parts of value `i` of a column JSON cannot represent; `scratch` is overwritten.
pub fn losses(field: &Field, column: &dyn Array, i: usize, scratch: &mut Vec<u8>) -> Losses {
    scratch.clear();
    let mut writer = Writer::new(scratch);
    writer.column(field, column, i);
    writer.losses
}

/// Appends values to JSON text.
pub(super) struct Writer<'o> {
    pub(crate) out: &'o mut Vec<u8>,
    losses: Losses,
}

impl<'o> Writer<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Writer { out, losses: Losses::default() }
    }

    /// Appends value `i` of a column of a batch. JSON text was checked when it was read, and is not checked again.
    pub(crate) fn column(&mut self, field: &Field, column: &dyn Array, i: usize) {
        match column.as_string_view_opt() {
            Some(text) if text.is_valid(i) && schema::is_json(field) => {
                write_verbatim(self.out, text.value(i))
            }
            _ => self.value(field, column, i),
        }
    }

    fn value(&mut self, field: &Field, column: &dyn Array, i: usize) {
        // For these types `is_null` does not say whether a value is null.
        match column.data_type() {
            DataType::Null => return self.null(),
            DataType::Dictionary(_, _) => return self.dictionary(field, column, i),
            DataType::RunEndEncoded(ends, values) => return self.run(ends.data_type(), values, column, i),
            DataType::Union(_, _) => return self.union(column, i),
            _ if column.is_null(i) => return self.null(),
            _ => {}
        }
        macro_rules! integer {
            ($t:ty) => {
                write_integer(self.out, column.as_primitive::<$t>().value(i))
            };
        }
        match column.data_type() {
            DataType::Utf8 => self.text(field, column.as_string::<i32>().value(i)),
            DataType::LargeUtf8 => self.text(field, column.as_string::<i64>().value(i)),
            DataType::Utf8View => self.text(field, column.as_string_view().value(i)),
            DataType::Boolean => {
                self.out.extend_from_slice(if column.as_boolean().value(i) { b"true" } else { b"false" });
            }
            DataType::Int8 => integer!(Int8Type),
            DataType::Int16 => integer!(Int16Type),
            DataType::Int32 => integer!(Int32Type),
            DataType::Int64 => integer!(Int64Type),
            DataType::UInt8 => integer!(UInt8Type),
            DataType::UInt16 => integer!(UInt16Type),
            DataType::UInt32 => integer!(UInt32Type),
            DataType::UInt64 => integer!(UInt64Type),
            DataType::Float16 => self.float(f64::from(column.as_primitive::<Float16Type>().value(i))),
            DataType::Float32 => self.float(f64::from(column.as_primitive::<Float32Type>().value(i))),
            DataType::Float64 => self.float(column.as_primitive::<Float64Type>().value(i)),
            DataType::List(item) => {
                let list = column.as_list::<i32>();
                let ends = (list.value_offsets()[i] as usize, list.value_offsets()[i + 1] as usize);
                self.list(item, list.values().as_ref(), ends);
            }
            DataType::LargeList(item) => {
                let list = column.as_list::<i64>();
                let ends = (list.value_offsets()[i] as usize, list.value_offsets()[i + 1] as usize);
                self.list(item, list.values().as_ref(), ends);
            }
            DataType::ListView(item) => {
                let list = column.as_list_view::<i32>();
                let from = list.value_offset(i) as usize;
                self.list(item, list.values().as_ref(), (from, from + list.value_size(i) as usize));
            }
            DataType::LargeListView(item) => {
                let list = column.as_list_view::<i64>();
                let from = list.value_offset(i) as usize;
                self.list(item, list.values().as_ref(), (from, from + list.value_size(i) as usize));
            }
            DataType::FixedSizeList(item, n) => {
                let (list, n) = (column.as_fixed_size_list(), *n as usize);
                self.list(item, list.values().as_ref(), (i * n, (i + 1) * n));
            }
            DataType::Struct(fields) => {
                self.out.push(b'{');
                for (j, (f, c)) in fields.iter().zip(column.as_struct().columns()).enumerate() {
                    if j > 0 {
                        self.out.push(b',');
                    }
                    write_string(self.out, f.name());
                    self.out.push(b':');
                    self.value(f, c.as_ref(), i);
                }
                self.out.push(b'}');
            }
            DataType::Map(_, _) => self.map(column.as_map(), i),
            // Dates, times, decimals and binary: as Arrow displays them.
            _ => self.displayed(column, i),
        }
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn dictionary(&mut self, field: &Field, column: &dyn Array, i: usize) {
        if column.is_null(i) {
            return self.null();
        }
        // A slice of one row, since `normalized_keys` converts the keys of the whole array.
        let one = column.slice(i, 1);
        let dictionary = one.as_any_dictionary();
        let key = dictionary.normalized_keys()[0];
        self.value(field, dictionary.values().as_ref(), key);
    }

    fn run(&mut self, ends: &DataType, item: &Field, column: &dyn Array, i: usize) {
        fn physical<R: arrow::datatypes::RunEndIndexType>(
            column: &dyn Array,
            i: usize,
        ) -> Option<(ArrayRef, usize)> {
            let runs = column.as_any().downcast_ref::<RunArray<R>>()?;
            Some((runs.values().clone(), runs.get_physical_index(i)))
        }
        let run = match ends {
            DataType::Int16 => physical::<Int16Type>(column, i),
            DataType::Int32 => physical::<Int32Type>(column, i),
            _ => physical::<Int64Type>(column, i),
        };
        match run {
            Some((values, index)) => self.value(item, values.as_ref(), index),
            None => self.null(),
        }
    }

    /// The value alone: JSON cannot say which of the types of the union it has.
    fn union(&mut self, column: &dyn Array, i: usize) {
        let (Some(union), DataType::Union(fields, _)) =
            (column.as_any().downcast_ref::<UnionArray>(), column.data_type())
        else {
            return self.null();
        };
        let id = union.type_id(i);
        match fields.iter().find(|(known, _)| *known == id) {
            Some((_, field)) => self.value(field, union.child(id).as_ref(), union.value_offset(i)),
            None => self.null(),
        }
    }

    /// An object where the keys are text, else a list of objects with `key` and `value`.
    fn map(&mut self, map: &MapArray, i: usize) {
        let (from, to) = (map.value_offsets()[i] as usize, map.value_offsets()[i + 1] as usize);
        let (keys, values) = (map.keys().as_ref(), map.values().as_ref());
        let (key_field, value_field) = map.entries_fields();
        if !is_text(keys.data_type()) {
            self.out.push(b'[');
            for j in from..to {
                self.out.extend_from_slice(if j > from { b",{\"key\":" } else { b"{\"key\":" });
                self.value(key_field, keys, j);
                self.out.extend_from_slice(b",\"value\":");
                self.value(value_field, values, j);
                self.out.push(b'}');
            }
            return self.out.push(b']');
        }
        let mut seen = HashSet::new();
        self.out.push(b'{');
        for j in from..to {
            if j > from {
                self.out.push(b',');
            }
            let key = self.out.len();
            // JSON keys are strings: a key of type `arrow.json` is written as a string, a null key as "null".
            self.value(&schema::text(""), keys, j);
            if !self.out[key..].starts_with(b"\"") {
                self.out.truncate(key);
                write_string(self.out, "null");
            }
            let repeated = !seen.insert(self.out[key..].to_vec());
            self.losses.repeated_key |= repeated;
            self.out.push(b':');
            self.value(value_field, values, j);
        }
        self.out.push(b'}');
    }

    /// The items `ends.0..ends.1`.
    fn list(&mut self, item: &Field, values: &dyn Array, ends: (usize, usize)) {
        self.out.push(b'[');
        for j in ends.0..ends.1 {
            if j > ends.0 {
                self.out.push(b',');
            }
            self.value(item, values, j);
        }
        self.out.push(b']');
    }

    fn text(&mut self, field: &Field, text: &str) {
        let is_json = schema::is_json(field);
        if is_json && is_json_text(text) {
            write_verbatim(self.out, text);
        } else {
            self.losses.not_json |= is_json;
            write_string(self.out, text);
        }
    }

    /// JSON has no NaN and no infinity: both become null, as in polars and pandas.
    fn float(&mut self, value: f64) {
        match serde_json::Number::from_f64(value) {
            Some(n) => self.out.extend_from_slice(n.to_string().as_bytes()),
            None => {
                self.losses.not_finite = true;
                self.null();
            }
        }
    }

    fn displayed(&mut self, column: &dyn Array, i: usize) {
        let options = FormatOptions::default().with_display_error(false);
        let text = ArrayFormatter::try_new(column, &options).and_then(|f| f.value(i).try_to_string());
        match text {
            Ok(text) => write_string(self.out, &text),
            // A date or time outside the calendar: the stored number.
            Err(_) => match cast(&column.slice(i, 1), &DataType::Int64) {
                Ok(number) => write_integer(self.out, number.as_primitive::<Int64Type>().value(0)),
                Err(_) => self.null(),
            },
        }
    }
}
