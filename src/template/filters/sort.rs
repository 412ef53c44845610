//! Filters that order values: by default without regard to case, as in Jinja.

use std::cmp::Ordering;

use minijinja::value::{Rest, Tuple, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error};

use super::attribute::attribute;
use super::sequence::items;
use crate::template::arguments::bind;
use crate::template::failure::failed;
use crate::template::generator::Generator;

type Args = Rest<ValueOrKwargs>;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("sort", sort);
    environment.add_filter("dictsort", dict_sort);
    environment.add_filter("unique", unique);
    environment.add_filter("min", |value: Value, args: Args| extreme(&value, args, Ordering::Less));
    environment.add_filter("max", |value: Value, args: Args| extreme(&value, args, Ordering::Greater));
    environment.add_filter("sum", sum);
}

/// What values are ordered by.
fn key(value: &Value, path: Option<&Value>, case_sensitive: bool) -> Result<Value, Error> {
    let value = path.map_or_else(|| Ok(value.clone()), |path| attribute(value, path))?;
    Ok(match value.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => value,
    })
}

/// The order of two keys.
///
/// # Errors
/// Values of different kinds have no order in Python.
fn compare(a: &Value, b: &Value) -> Result<Ordering, Error> {
    let number = |kind| matches!(kind, ValueKind::Number | ValueKind::Bool);
    let (x, y) = (a.kind(), b.kind());
    let ordered = (number(x) && number(y)) || (x == y && matches!(x, ValueKind::String | ValueKind::Seq));
    if ordered { Ok(a.cmp(b)) } else { Err(failed(format!("{x} and {y} have no order"))) }
}

fn sorted(mut keyed: Vec<(Value, Value)>, reverse: bool) -> Result<Vec<Value>, Error> {
    let mut wrong = None;
    let mut order = |a: &(Value, Value), b: &(Value, Value)| {
        let order = compare(&a.0, &b.0).unwrap_or_else(|e| {
            wrong = Some(e);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    };
    keyed.sort_by(&mut order);
    wrong.map_or_else(|| Ok(keyed.into_iter().map(|(_, value)| value).collect()), Err)
}

fn is_on(option: Option<Value>) -> bool {
    option.is_some_and(|on| on.is_true())
}

fn sort(value: Value, args: Args) -> Result<Value, Error> {
    let [reverse, case, path] =
        bind("sort", ["reverse", "case_sensitive", "attribute"], &args.into_values())?;
    let case = is_on(case);
    let path = path.filter(|path| !path.is_none());
    let keyed = items(&value)?.into_iter().map(|item| Ok((key(&item, path.as_ref(), case)?, item)));
    Ok(Value::from(sorted(keyed.collect::<Result<_, Error>>()?, is_on(reverse))?))
}

fn dict_sort(value: Value, args: Args) -> Result<Value, Error> {
    let [case, by, reverse] = bind("dictsort", ["case_sensitive", "by", "reverse"], &args.into_values())?;
    if value.kind() != ValueKind::Map {
        return Err(failed("dictsort takes a dict"));
    }
    let by_value = match by.as_ref().map_or(Some("key"), |by| by.as_str()) {
        Some("key") => false,
        Some("value") => true,
        _ => return Err(failed("dictsort sorts by `key` or `value`")),
    };
    let case = is_on(case);
    let mut keyed = Vec::new();
    for name in items(&value)? {
        let member = value.get_item(&name)?;
        let by = key(if by_value { &member } else { &name }, None, case)?;
        keyed.push((by, Value::from(Tuple::from([name, member]))));
    }
    Ok(Value::from(sorted(keyed, is_on(reverse))?))
}

fn unique(value: Value, args: Args) -> Result<Value, Error> {
    let [case, path] = bind("unique", ["case_sensitive", "attribute"], &args.into_values())?;
    let case = is_on(case);
    let mut seen: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    for item in items(&value)? {
        let key = key(&item, path.as_ref(), case)?;
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Generator::value(kept))
}

fn extreme(value: &Value, args: Args, wanted: Ordering) -> Result<Value, Error> {
    let [case, path] = bind("min and max", ["case_sensitive", "attribute"], &args.into_values())?;
    let case = is_on(case);
    let mut best: Option<(Value, Value)> = None;
    for item in items(value)? {
        let key = key(&item, path.as_ref(), case)?;
        let better = match &best {
            Some((other, _)) => compare(&key, other)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |(_, item)| item))
}

/// The sum of whole numbers.
fn sum(value: Value, args: Args) -> Result<Value, Error> {
    let [path, start] = bind("sum", ["attribute", "start"], &args.into_values())?;
    let mut sum = start.map_or(Ok(0), |start| crate::template::arguments::integer("start", &start))?;
    for item in items(&value)? {
        let item = path.as_ref().map_or_else(|| Ok(item.clone()), |path| attribute(&item, path))?;
        let number = crate::template::arguments::integer("sum", &item)?;
        sum = sum.checked_add(number).ok_or_else(|| failed("the sum is too large"))?;
    }
    Ok(Value::from(sum))
}
