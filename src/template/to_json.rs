//! The filter `tojson` as transformers defines it: `json.dumps` with its arguments, nothing escaped for HTML.

use std::fmt::Write;

use minijinja::Error;
use minijinja::value::{Value, ValueKind};

use super::arguments::{bind, text};
use super::failure::{failed, unsupported};
use super::generator::{Generator, View};
use super::number::ExactNumber;
use super::python;

/// Values that are nested more deeply are not written.
const DEPTH: usize = 200;

pub(super) fn to_json(value: &Value, args: &[Value]) -> Result<Value, Error> {
    let names = ["ensure_ascii", "indent", "separators", "sort_keys"];
    let [ascii, indent, separators, sorted] = bind("tojson", names, args)?;
    let indent = match indent.filter(|indent| !indent.is_none()) {
        None => None,
        Some(indent) => Some(match indent.as_str() {
            Some(text) => text.to_string(),
            None => " ".repeat(
                usize::try_from(super::arguments::integer("indent", &indent)?.clamp(0, 64)).unwrap_or(0),
            ),
        }),
    };
    let (item, key) = match separators.filter(|pair| !pair.is_none()) {
        Some(pair) => {
            let pair: Vec<Value> = pair.try_iter()?.collect();
            let [item, key] = pair.as_slice() else { return Err(failed("separators are two texts")) };
            (text("separators", item)?.to_string(), text("separators", key)?.to_string())
        }
        None => (if indent.is_some() { "," } else { ", " }.to_string(), ": ".to_string()),
    };
    let ascii = ascii.is_some_and(|on| on.is_true());
    let sorted = sorted.is_some_and(|on| on.is_true());
    let mut json = Json { out: String::new(), ascii, indent, item, key, sorted };
    json.value(value, 0)?;
    Ok(Value::from(json.out))
}

struct Json {
    out: String,
    ascii: bool,
    indent: Option<String>,
    /// Between items.
    item: String,
    /// After keys.
    key: String,
    sorted: bool,
}

impl Json {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth == DEPTH {
            return Err(failed("a value is nested too deeply for tojson"));
        }
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Number if value.is_integer() => self.out.push_str(&value.to_string()),
            ValueKind::Number => {
                self.out.push_str(&python::float(f64::try_from(value.clone()).unwrap_or(0.0)))
            }
            ValueKind::Seq | ValueKind::Iterable if !Generator::is(value) && View::of(value).is_none() => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.container('[', ']', items, depth, |json, item| json.value(item, depth + 1))?;
            }
            ValueKind::Map => self.map(value, depth)?,
            kind => match ExactNumber::of(value) {
                Some(number) => self.out.push_str(&number.text),
                None => return Err(failed(format!("a value of kind {kind} is not JSON"))),
            },
        }
        Ok(())
    }

    fn map(&mut self, map: &Value, depth: usize) -> Result<(), Error> {
        let mut keys: Vec<Value> = map.try_iter()?.collect();
        if self.sorted {
            if keys.iter().any(|key| key.as_str().is_none()) {
                return Err(unsupported("tojson with sort_keys of keys that are not text"));
            }
            keys.sort();
        }
        self.container('{', '}', keys, depth, |json, key| {
            json.member_name(key)?;
            let separator = json.key.clone();
            json.out.push_str(&separator);
            json.value(&map.get_item(key)?, depth + 1)
        })
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        escape_json(&mut self.out, text, self.ascii);
        self.out.push('"');
    }

    /// Numbers, bools and none become text as keys.
    fn member_name(&mut self, key: &Value) -> Result<(), Error> {
        match key.kind() {
            ValueKind::String => self.string(key.as_str().unwrap_or_default()),
            ValueKind::None | ValueKind::Bool | ValueKind::Number => {
                self.out.push('"');
                self.value(key, 0)?;
                self.out.push('"');
            }
            kind => return Err(failed(format!("a key of kind {kind} is not JSON"))),
        }
        Ok(())
    }

    fn container(
        &mut self,
        open: char,
        close: char,
        items: Vec<Value>,
        depth: usize,
        mut each: impl FnMut(&mut Self, &Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push(open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                let separator = self.item.clone();
                self.out.push_str(&separator);
            }
            self.new_line(depth + 1);
            each(self, item)?;
        }
        if !items.is_empty() {
            self.new_line(depth);
        }
        self.out.push(close);
        Ok(())
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(indent);
            }
        }
    }
}

/// Appends a text as `json.dumps` writes it, without its quotes; what is beyond ASCII as escapes if asked for.
pub(crate) fn escape_json(out: &mut String, text: &str, ascii: bool) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || (ascii && c > '~') => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
}
