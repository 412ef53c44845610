//! Paths of attributes, as `map` and `sort` take them.

use minijinja::Error;
use minijinja::value::Value;

/// The item or attribute of a path like `a.b` or `a.0`.
pub(in crate::template) fn attribute(value: &Value, path: &Value) -> Result<Value, Error> {
    let Some(path) = path.as_str() else { return value.get_item(path) };
    path.split('.').try_fold(value.clone(), |value, part| match part.parse::<usize>() {
        Ok(index) => value.get_item_by_index(index),
        Err(_) => value.get_attr(part),
    })
}
