//! Filters of lists and dicts.

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error};

use crate::template::arguments::bind;
use crate::template::failure::failed;
use crate::template::generator::Generator;
use crate::template::methods::pairs;
use crate::template::print;

type Args = Rest<ValueOrKwargs>;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("list", |value: Value| Ok::<_, Error>(Value::from(items(&value)?)));
    environment.add_filter("items", |value: Value| match value.kind() {
        ValueKind::Undefined => Ok(Generator::value(Vec::new())),
        ValueKind::Map => Ok(Generator::value(pairs(&value)?)),
        kind => Err(failed(format!("items takes a dict, not {kind}"))),
    });
    environment.add_filter("first", |value: Value| {
        Ok::<_, Error>(iterate(&value)?.next().unwrap_or(Value::UNDEFINED))
    });
    environment.add_filter("last", last);
    environment.add_filter("reverse", reverse);
    environment.add_filter("join", join);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
}

/// What Python iterates over.
///
/// # Errors
/// None, numbers and bools cannot be iterated.
fn iterate(value: &Value) -> Result<minijinja::value::ValueIter, Error> {
    if value.is_none() {
        return Err(failed("none is not iterable"));
    }
    value.try_iter()
}

pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    Ok(iterate(value)?.collect())
}

fn length(value: Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text.chars().count()));
    }
    match value.kind() {
        ValueKind::Undefined => Ok(Value::from(0)),
        _ if Generator::is(&value) => Err(failed("a generator has no length")),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => Ok(Value::from(match value.len() {
            Some(length) => length,
            None => value.try_iter()?.count(),
        })),
        kind => Err(failed(format!("a value of kind {kind} has no length"))),
    }
}

fn last(value: Value) -> Result<Value, Error> {
    if Generator::is(&value) {
        return Err(failed("a generator cannot be reversed"));
    }
    Ok(iterate(&value)?.last().unwrap_or(Value::UNDEFINED))
}

fn reverse(value: Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    let mut items = items(&value)?;
    items.reverse();
    Ok(Generator::value(items))
}

fn join(value: Value, args: Args) -> Result<Value, Error> {
    let [between, attribute] = bind("join", ["d", "attribute"], &args.into_values())?;
    let between = between.as_ref().map_or(Ok(String::new()), print::text)?;
    let mut joined = String::new();
    for (i, item) in iterate(&value)?.enumerate() {
        if i > 0 {
            joined.push_str(&between);
        }
        let item = match &attribute {
            Some(path) => super::attribute::attribute(&item, path)?,
            None => item,
        };
        joined.push_str(&print::text(&item)?);
    }
    Ok(Value::from(joined))
}

fn default(value: Value, args: Args) -> Result<Value, Error> {
    let [default, boolean] = bind("default", ["default_value", "boolean"], &args.into_values())?;
    let missing = value.is_undefined() || (boolean.is_some_and(|on| on.is_true()) && !value.is_true());
    Ok(if missing { default.unwrap_or_else(|| Value::from("")) } else { value })
}
