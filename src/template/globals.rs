//! The functions that templates find: `namespace`, `dict`, `range`, `raise_exception`, `strftime_now`.

use minijinja::value::{Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, functions};

use super::clock::Clock;
use super::failure::{Failure, carry, failed};
use super::source::ITERABLE;

pub(super) fn add(environment: &mut Environment<'static>, now: Option<Clock>) {
    environment.add_function("namespace", namespace);
    environment.add_function("dict", functions::dict);
    environment.add_function("range", functions::range);
    environment.add_function("raise_exception", |message: Value| {
        Err::<Value, _>(carry(Failure::Raised(super::print::text(&message)?)))
    });
    environment.add_function("strftime_now", move |format: String| match &now {
        Some(now) => now.format(&format).map_err(failed),
        None => Err(carry(Failure::Clock)),
    });
    environment.add_function(ITERABLE, iterable);
}

/// The value, if it can be iterated.
pub(super) fn iterable(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Undefined => {
            Ok(value)
        }
        kind => Err(failed(format!("a value of kind {kind} is not iterable"))),
    }
}

/// A namespace, as transformers allows it: its names do not begin with `_`.
fn namespace(values: Option<ValueOrKwargs>) -> Result<Value, Error> {
    if let Some(values) = &values {
        for name in values.try_iter()? {
            if name.as_str().is_some_and(|name| name.starts_with('_')) {
                return Err(failed(format!("the sandbox does not allow the name `{name}` in a namespace")));
            }
        }
    }
    functions::namespace(values)
}
