//! The functions that check what operators, filters, tests and methods are given. Each returns the value that it
//! checked, or the result.

use std::sync::Arc;

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::placeholder::{beyond_plain, in_text, in_value, to_json};
use super::rules::Known;
use crate::template::failure::{failed, unsupported};
use crate::template::filters::attribute;
use crate::template::generator::Generator;
use crate::template::globals;
use crate::template::joins::PLUS;
use crate::template::plus;
use crate::template::predicates::is_in;
use crate::template::print;
use crate::template::python::is_space;
use crate::template::source::ITERABLE;
use crate::template::to_json::to_json as json_of;

/// The functions, by what they check.
pub(super) const COMPARED: &str = "__compared";
pub(super) const FILTERED: &str = "__filtered";
pub(super) const TESTED: &str = "__tested";
pub(super) const CALLED: &str = "__called";
pub(super) const ITEM_OF: &str = "__item_of";
pub(super) const TEXT: &str = "__text";
/// Gives some text for a text with placeholders: both are not empty.
pub(super) const FILLED: &str = "__filled";
pub(super) const SEEN: &str = "__seen";
pub(super) const UNPACKED: &str = "__unpacked";

/// The tests that ask for the kind of a value.
const KINDS: [&str; 13] = [
    "boolean",
    "defined",
    "false",
    "float",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "sequence",
    "string",
    "true",
    "undefined",
];

pub(super) fn add(environment: &mut Environment<'static>, known: Arc<Known>) {
    environment.set_formatter(|out, state, value| {
        printable(value)?;
        print::formatter(out, state, value)
    });
    environment.add_filter("tojson", |value: Value, args: Rest<ValueOrKwargs>| {
        let args = args.into_values();
        // Escapes of what is beyond ASCII would escape the placeholders.
        let is_plain = args.first().is_none_or(|first| first.is_kwargs())
            && !args.iter().any(|named| named.get_attr("ensure_ascii").is_ok_and(|on| on.is_true()));
        if in_value(&value) && (!is_plain || beyond_plain(&value)) {
            return Err(looks());
        }
        let text = json_of(&value, &args)?;
        Ok(text.as_str().map_or(Value::UNDEFINED, |text| Value::from(to_json(text))))
    });
    environment.add_function(ITERABLE, |value: Value| {
        unseen(&value)?;
        globals::iterable(value)
    });
    environment.add_function(TEXT, |value: Value| printable(&value).map(|()| value));
    environment.add_function(PLUS, |state: &mut State, operands: Rest<Value>| {
        // Marked text escapes what it is joined to.
        let escaped = |value: &Value| !value.is_safe() && value.as_str().is_some_and(in_text);
        if operands.iter().any(Value::is_safe) && operands.iter().any(escaped) {
            return Err(looks());
        }
        plus::sum(state, operands)
    });
    environment.add_function(FILLED, |value: Value| {
        if value.as_str().is_some_and(in_text) { Value::from("x") } else { value }
    });
    environment.add_function(UNPACKED, |value: Value| {
        unseen(&value)?;
        peeked(&value)?.iter().try_for_each(unseen).map(|()| value)
    });
    environment.add_function(SEEN, |value: Value| if in_value(&value) { Err(looks()) } else { Ok(value) });
    environment.add_function(ITEM_OF, |value: Value, key: Value| {
        if in_value(&key) || (key.as_str().is_none() && value.as_str().is_some_and(in_text)) {
            return Err(looks());
        }
        Ok(value)
    });
    let of = Arc::clone(&known);
    environment
        .add_function(COMPARED, move |operator: &str, a: Value, b: Value| compared(&of, operator, &a, &b));
    let of = Arc::clone(&known);
    environment.add_function(FILTERED, move |name: &str, value: Value, args: Rest<ValueOrKwargs>| {
        filtered(&of, name, &value, &args.into_values()).map(|()| value)
    });
    let of = Arc::clone(&known);
    environment.add_function(TESTED, move |name: &str, value: Value, args: Rest<ValueOrKwargs>| {
        tested(&of, name, &value, &args.into_values()).map(|()| value)
    });
    environment.add_function(CALLED, move |name: &str, value: Value, args: Rest<ValueOrKwargs>| {
        called(&known, name, &value, &args.into_values()).map(|()| value)
    });
}

/// The failure of a template that looks into a text.
fn looks() -> Error {
    unsupported("a look into a text")
}

/// A text with placeholders is no list of characters.
fn unseen(value: &Value) -> Result<(), Error> {
    if value.as_str().is_some_and(in_text) { Err(looks()) } else { Ok(()) }
}

/// Of lists and dicts the printed form depends on the texts in them.
fn printable(value: &Value) -> Result<(), Error> {
    if value.as_str().is_none() && in_value(value) { Err(looks()) } else { Ok(()) }
}

fn equal(known: &Known, a: &Value, b: &Value) -> Result<bool, Error> {
    match (a.as_str(), b.as_str()) {
        (Some(x), Some(y)) => known.equal(x, y).ok_or_else(looks),
        (None, None) if in_value(a) || in_value(b) => Err(looks()),
        _ => Ok(a == b),
    }
}

fn holds(known: &Known, container: &Value, value: &Value) -> Result<bool, Error> {
    match (container.as_str(), value.as_str()) {
        (Some(text), Some(part)) if !known.finds(text, part) => return Err(looks()),
        (None, _) if in_value(container) || in_value(value) => {
            if !matches!(container.kind(), ValueKind::Seq | ValueKind::Map) {
                return Err(looks());
            }
            for item in container.try_iter()? {
                if equal(known, &item, value)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        _ => {}
    }
    is_in(value, container)
}

fn compared(known: &Known, operator: &str, a: &Value, b: &Value) -> Result<bool, Error> {
    match operator {
        "==" => return equal(known, a, b),
        "!=" => return Ok(!equal(known, a, b)?),
        "in" => return holds(known, b, a),
        "not in" => return Ok(!holds(known, b, a)?),
        _ => {}
    }
    if in_value(a) || in_value(b) {
        return Err(looks());
    }
    match operator {
        "<" => Ok(a < b),
        "<=" => Ok(a <= b),
        ">" => Ok(a > b),
        ">=" => Ok(a >= b),
        _ => Err(failed(format!("no operator `{operator}`"))),
    }
}

fn filtered(known: &Known, name: &str, value: &Value, args: &[Value]) -> Result<(), Error> {
    if !in_value(value) && !args.iter().any(in_value) {
        return Ok(());
    }
    let is_text = value.as_str().is_some();
    let fits = match name {
        "default" | "d" | "tojson" => true,
        "string" | "safe" => is_text,
        "trim" => is_text && strips(args),
        "replace" => is_text && parts(known, value, args.get(..1).unwrap_or_default()),
        "length" | "count" | "list" | "items" | "first" | "last" | "reverse" => !is_text,
        // By keys, which are no texts.
        "dictsort" => args.is_empty(),
        "join" => !is_text && args.iter().all(|arg| !arg.is_kwargs()) && texts(value)?,
        "map" => match args {
            [only] if only.is_kwargs() => true,
            [filter] => {
                matches!(filter.as_str(), Some("trim" | "string")) && texts(value)?
                    || filter.as_str() == Some("tojson")
            }
            _ => false,
        },
        "select" | "reject" => match args {
            [] => true,
            [test, ..] => test.as_str().is_some_and(|test| KINDS.contains(&test)),
        },
        "selectattr" | "rejectattr" => match args {
            [_] => true,
            [path, test, rest @ ..] => {
                test.as_str().is_some_and(|test| KINDS.contains(&test))
                    || (!rest.iter().any(in_value) && attributes_are_seen(value, path)?)
            }
            [] => false,
        },
        _ => false,
    };
    if fits { Ok(()) } else { Err(looks()) }
}

/// Whether all items are texts, or have none within.
fn texts(list: &Value) -> Result<bool, Error> {
    Ok(peeked(list)?.iter().all(|item| item.as_str().is_some() || !in_value(item)))
}

/// Whether an attribute of all items has no placeholders.
fn attributes_are_seen(list: &Value, path: &Value) -> Result<bool, Error> {
    for item in peeked(list)? {
        if in_value(&attribute(&item, path)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The items of a list. Those of a generator stay in it.
fn peeked(list: &Value) -> Result<Vec<Value>, Error> {
    match list.downcast_object_ref::<Generator>() {
        Some(generator) => Ok(generator.items()),
        None => Ok(list.try_iter()?.collect()),
    }
}

/// Whether only white space is stripped.
fn strips(args: &[Value]) -> bool {
    match args {
        [] => true,
        [characters] => {
            characters.is_none()
                || characters.as_str().is_some_and(|characters| characters.chars().all(is_space))
        }
        _ => false,
    }
}

/// Whether these parts are found in the text as they should be.
fn parts(known: &Known, text: &Value, parts: &[Value]) -> bool {
    let text = text.as_str().unwrap_or_default();
    !parts.is_empty() && parts.iter().all(|part| part.as_str().is_some_and(|part| known.finds(text, part)))
}

fn tested(known: &Known, name: &str, value: &Value, args: &[Value]) -> Result<(), Error> {
    let seen = || !in_value(value) && !args.iter().any(in_value);
    let fits = KINDS.contains(&name)
        || match (name, args) {
            ("eq" | "equalto" | "==" | "ne" | "!=", [other]) => equal(known, value, other).is_ok(),
            ("in", [container]) => holds(known, container, value).is_ok(),
            _ => seen(),
        };
    if fits { Ok(()) } else { Err(looks()) }
}

fn called(known: &Known, name: &str, value: &Value, args: &[Value]) -> Result<(), Error> {
    let with = args.iter().any(in_value);
    let fits = match value.as_str() {
        Some(text) if in_text(text) || with => match name {
            "strip" | "lstrip" | "rstrip" => strips(args),
            "startswith" | "endswith" if args.len() == 1 && args[0].is_tuple() => {
                parts(known, value, &peeked(&args[0])?)
            }
            "startswith" | "endswith" | "removeprefix" | "removesuffix" | "count" => {
                parts(known, value, args)
            }
            "split" | "rsplit" | "replace" => parts(known, value, args.get(..1).unwrap_or_default()),
            "find" | "rfind" => {
                parts(known, value, args)
                    && !args.iter().any(|part| text.contains(part.as_str().unwrap_or_default()))
            }
            "join" => !in_text(text) && args.len() == 1 && texts(&args[0])?,
            _ => false,
        },
        Some(_) => true,
        None if ["count", "index"].contains(&name) => !with && !in_value(value),
        None => !with,
    };
    if fits { Ok(()) } else { Err(looks()) }
}
