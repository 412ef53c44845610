//! `map`, `select`, `reject`, `selectattr`, `rejectattr`: their results are generators.

use minijinja::value::{Rest, Value, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::attribute::attribute;
use super::sequence::items;
use crate::template::arguments::bind;
use crate::template::failure::{failed, unsupported};
use crate::template::generator::Generator;

type Args = Rest<ValueOrKwargs>;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("map", map);
    environment.add_filter("select", |state: &mut State, value: Value, args: Args| {
        keep(state, &value, None, &args.into_values(), true)
    });
    environment.add_filter("reject", |state: &mut State, value: Value, args: Args| {
        keep(state, &value, None, &args.into_values(), false)
    });
    environment.add_filter("selectattr", |state: &mut State, value: Value, args: Args| {
        by_attribute(state, &value, &args.into_values(), true)
    });
    environment.add_filter("rejectattr", |state: &mut State, value: Value, args: Args| {
        by_attribute(state, &value, &args.into_values(), false)
    });
}

/// The items of a value; none of one that is false, as in Jinja.
fn walked(value: &Value) -> Result<Vec<Value>, Error> {
    if value.is_true() { items(value) } else { Ok(Vec::new()) }
}

fn map(state: &mut State, value: Value, args: Args) -> Result<Value, Error> {
    let args = args.into_values();
    let mapped = match args.first().filter(|first| !first.is_kwargs()) {
        Some(filter) => {
            let filter = filter.as_str().ok_or_else(|| failed("map takes the name of a filter"))?;
            let mut mapped = Vec::new();
            for item in walked(&value)? {
                state.consume_fuel(1)?;
                let mut call = vec![item];
                call.extend(args[1..].iter().cloned());
                mapped.push(state.apply_filter(filter, &call)?);
            }
            mapped
        }
        None => {
            let [path, default] = bind("map", ["attribute", "default"], &args)?;
            let path = path.ok_or_else(|| failed("map takes a filter or an attribute"))?;
            let get = |item: Value| {
                let found = attribute(&item, &path)?;
                Ok(if found.is_undefined() { default.clone().unwrap_or(found) } else { found })
            };
            walked(&value)?.into_iter().map(get).collect::<Result<_, Error>>()?
        }
    };
    Ok(Generator::value(mapped))
}

fn by_attribute(state: &mut State, value: &Value, args: &[Value], wanted: bool) -> Result<Value, Error> {
    let [path, test @ ..] = args else { return Err(failed("an attribute is missing")) };
    keep(state, value, Some(path), test, wanted)
}

/// The items whose test, or whose truth, is as wanted.
fn keep(
    state: &mut State,
    value: &Value,
    path: Option<&Value>,
    test: &[Value],
    wanted: bool,
) -> Result<Value, Error> {
    if test.iter().any(Value::is_kwargs) {
        return Err(unsupported("a test with named arguments"));
    }
    let mut kept = Vec::new();
    for item in walked(value)? {
        state.consume_fuel(1)?;
        let tested = path.map_or_else(|| Ok(item.clone()), |path| attribute(&item, path))?;
        let holds = match test {
            [] => tested.is_true(),
            [name, rest @ ..] => {
                let name = name.as_str().ok_or_else(|| failed("the name of a test is text"))?;
                let mut call = vec![tested];
                call.extend(rest.iter().cloned());
                state.perform_test(name, &call)?
            }
        };
        if holds == wanted {
            kept.push(item);
        }
    }
    Ok(Generator::value(kept))
}
