//! Numbers that the engine would print otherwise than Python.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};

use super::python;

/// A number of the data by the text that Python prints: an integer of more than 128 bits, or a very large or very small
/// float. It can be printed and tested, not calculated with.
#[derive(Debug)]
pub(super) struct ExactNumber {
    pub(super) text: String,
    pub(super) float: bool,
}

impl ExactNumber {
    pub(super) fn of(value: &Value) -> Option<&ExactNumber> {
        value.downcast_object_ref()
    }
}

impl Object for ExactNumber {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The value for an integer of JSON.
pub(super) fn integer(text: &str) -> Value {
    if let Ok(value) = text.parse::<i64>() {
        return Value::from(value);
    }
    match text.parse::<i128>() {
        Ok(value) => Value::from(value),
        Err(_) => Value::from_object(ExactNumber { text: text.to_string(), float: false }),
    }
}

/// The value for a float.
pub(super) fn float(value: f64) -> Value {
    let text = python::float(value);
    if text.contains(['e', 'n']) {
        return Value::from_object(ExactNumber { text, float: true });
    }
    Value::from(value)
}
