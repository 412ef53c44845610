//! The methods of Python's `str`, `dict` and `list` that templates call.

mod dict;
mod list;
pub(super) mod string;

pub(super) use dict::pairs;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::failure::{failed, unsupported};

/// Calls a method of a value that is no object with methods of its own.
pub(super) fn call(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let result = string::call(state, text, name, args)?;
        if value.is_safe() && !matches!(result.kind(), ValueKind::Bool | ValueKind::Number) {
            return Err(unsupported(format!("`.{name}()` of text of the filter `safe`")));
        }
        return Ok(result);
    }
    match value.kind() {
        ValueKind::Map => dict::call(value, name, args),
        ValueKind::Seq | ValueKind::Iterable => list::call(value, name, args),
        ValueKind::Undefined => Err(failed(format!("`.{name}()` of an undefined value"))),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
