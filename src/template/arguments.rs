//! Arguments of filters and methods, by position or by name as in Python.

use minijinja::Error;
use minijinja::value::{Kwargs, Value, from_args};

use super::failure::failed;

/// The arguments for parameters with these names; none for those that were not given.
///
/// # Errors
/// Too many arguments, an unknown name, or a parameter that was given twice.
pub(super) fn bind<const N: usize>(
    what: &str,
    names: [&str; N],
    given: &[Value],
) -> Result<[Option<Value>; N], Error> {
    let (positional, named): (&[Value], Kwargs) = from_args(given)?;
    if positional.len() > N {
        return Err(failed(format!("{what} takes at most {N} arguments, not {}", positional.len())));
    }
    let mut bound = [const { None }; N];
    for (slot, value) in bound.iter_mut().zip(positional) {
        *slot = Some(value.clone());
    }
    for name in named.args() {
        let Some(i) = names.iter().position(|known| *known == name) else {
            return Err(failed(format!("{what} has no parameter `{name}`")));
        };
        if bound[i].is_some() {
            return Err(failed(format!("{what} was given `{name}` twice")));
        }
        bound[i] = Some(named.peek(name)?);
    }
    Ok(bound)
}

/// A text.
pub(super) fn text<'a>(what: &str, value: &'a Value) -> Result<&'a str, Error> {
    value.as_str().ok_or_else(|| failed(format!("{what} takes text, not {}", value.kind())))
}

/// A text that may be missing or `none`.
pub(super) fn optional_text<'a>(what: &str, value: Option<&'a Value>) -> Result<Option<&'a str>, Error> {
    value.filter(|value| !value.is_none()).map(|value| text(what, value)).transpose()
}

/// A whole number; a bool counts as 0 or 1.
pub(super) fn integer(what: &str, value: &Value) -> Result<i64, Error> {
    i64::try_from(value.clone())
        .ok()
        .filter(|_| value.is_integer() || value.kind() == minijinja::value::ValueKind::Bool)
        .ok_or_else(|| failed(format!("{what} takes an integer, not {}", value.kind())))
}
