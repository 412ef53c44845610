//! Values as Python's `str` and `repr` print them.

use minijinja::value::{Tuple, Value, ValueKind};
use minijinja::{Error, Output, State};

use super::failure::{failed, unsupported};
use super::generator::{Generator, View};
use super::number::ExactNumber;
use super::python;

/// Containers that are nested more deeply are not printed.
const DEPTH: usize = 200;

/// Prints the value of `{{ … }}`.
pub(super) fn formatter(out: &mut Output, _state: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => out.write_str(text)?,
        None => out.write_str(&text(value)?)?,
    }
    Ok(())
}

/// The text of a value: `str(value)`; nothing for an undefined one.
pub(super) fn text(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_string());
    }
    if value.is_undefined() {
        return Ok(String::new());
    }
    let mut out = String::new();
    repr(value, &mut out, DEPTH)?;
    Ok(out)
}

fn repr(value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
    if depth == 0 {
        return Err(failed("a value is nested too deeply to be printed"));
    }
    match value.kind() {
        ValueKind::None => out.push_str("None"),
        ValueKind::Undefined => out.push_str("Undefined"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String => {
            out.push_str(if value.is_safe() { "Markup(" } else { "" });
            python::repr(value.as_str().unwrap_or_default(), out);
            out.push_str(if value.is_safe() { ")" } else { "" });
        }
        ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
        ValueKind::Number => out.push_str(&python::float(f64::try_from(value.clone()).unwrap_or(f64::NAN))),
        ValueKind::Seq | ValueKind::Iterable => sequence(value, out, depth)?,
        ValueKind::Map => {
            out.push('{');
            for (i, key) in value.try_iter()?.enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                repr(&key, out, depth - 1)?;
                out.push_str(": ");
                repr(&value.get_item(&key)?, out, depth - 1)?;
            }
            out.push('}');
        }
        _ => match ExactNumber::of(value) {
            Some(number) => out.push_str(&number.text),
            None => return Err(unsupported(format!("the printed form of a {}", value.kind()))),
        },
    }
    Ok(())
}

fn sequence(value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
    if Generator::is(value) {
        return Err(unsupported("the printed form of a generator"));
    }
    let (open, close, end) = match View::of(value) {
        Some((name, _)) => {
            out.push_str(name);
            ("([", "", "])")
        }
        None if value.downcast_object_ref::<Tuple>().is_some() => {
            ("(", if value.len() == Some(1) { "," } else { "" }, ")")
        }
        None => ("[", "", "]"),
    };
    out.push_str(open);
    for (i, item) in value.try_iter()?.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        repr(&item, out, depth - 1)?;
    }
    out.push_str(close);
    out.push_str(end);
    Ok(())
}
