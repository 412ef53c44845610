//! The tests of Jinja (`is string`, `is defined`), as Python answers them.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error};

use super::failure::failed;
use super::generator::Generator;
use super::number::ExactNumber;

pub(super) fn add(environment: &mut Environment<'static>) {
    let mut add = |name: &'static str, holds: fn(&Value) -> bool| {
        environment.add_test(name, move |value: Value| holds(&value));
    };
    add("defined", |value| !value.is_undefined());
    add("undefined", Value::is_undefined);
    add("none", Value::is_none);
    add("string", |value| value.kind() == ValueKind::String);
    add("mapping", |value| value.kind() == ValueKind::Map);
    add("iterable", is_iterable);
    add("sequence", |value| value.kind() != ValueKind::Iterable && is_iterable(value) || is_list(value));
    add("boolean", |value| value.kind() == ValueKind::Bool);
    add("true", |value| value.kind() == ValueKind::Bool && value.is_true());
    add("false", |value| value.kind() == ValueKind::Bool && !value.is_true());
    add("integer", |value| value.is_integer() || ExactNumber::of(value).is_some_and(|number| !number.float));
    add("float", is_float);
    add("number", |value| {
        matches!(value.kind(), ValueKind::Number | ValueKind::Bool) || ExactNumber::of(value).is_some()
    });
    add("lower", |value| cased(value, char::is_lowercase, char::is_uppercase));
    add("upper", |value| cased(value, char::is_uppercase, char::is_lowercase));
    for name in ["eq", "equalto", "=="] {
        environment.add_test(name, |a: Value, b: Value| a == b);
    }
    for name in ["ne", "!="] {
        environment.add_test(name, |a: Value, b: Value| a != b);
    }
    for name in ["gt", "greaterthan", ">"] {
        environment.add_test(name, |a: Value, b: Value| a > b);
    }
    for name in ["lt", "lessthan", "<"] {
        environment.add_test(name, |a: Value, b: Value| a < b);
    }
    for name in ["ge", ">="] {
        environment.add_test(name, |a: Value, b: Value| a >= b);
    }
    for name in ["le", "<="] {
        environment.add_test(name, |a: Value, b: Value| a <= b);
    }
    environment.add_test("in", |a: Value, container: Value| is_in(&a, &container));
    environment.add_test("odd", |value: Value| remainder(&value, 2).map(|r| r == 1));
    environment.add_test("even", |value: Value| remainder(&value, 2).map(|r| r == 0));
    environment.add_test("divisibleby", |value: Value, by: i64| remainder(&value, by).map(|r| r == 0));
}

/// Text, lists, dicts, and undefined values; not none.
fn is_iterable(value: &Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Undefined
    )
}

/// A list that the engine computes as it is read: a slice, or the sum of two lists.
fn is_list(value: &Value) -> bool {
    value.kind() == ValueKind::Iterable
        && !Generator::is(value)
        && super::generator::View::of(value).is_none()
}

fn is_float(value: &Value) -> bool {
    let float = value.kind() == ValueKind::Number && !value.is_integer();
    float || ExactNumber::of(value).is_some_and(|number| number.float)
}

fn cased(value: &Value, wanted: fn(char) -> bool, other: fn(char) -> bool) -> bool {
    value.as_str().is_some_and(|text| text.chars().any(wanted) && !text.chars().any(other))
}

pub(super) fn is_in(value: &Value, container: &Value) -> Result<bool, Error> {
    if let Some(text) = container.as_str() {
        let part = value.as_str().ok_or_else(|| failed("only text can be in text"))?;
        return Ok(text.contains(part));
    }
    if container.is_none() {
        return Err(failed("none is not iterable"));
    }
    Ok(container.try_iter()?.any(|item| item == *value))
}

fn remainder(value: &Value, by: i64) -> Result<i64, Error> {
    let number = super::arguments::integer("the test", value)?;
    number.checked_rem_euclid(by).ok_or_else(|| failed("division by zero"))
}
