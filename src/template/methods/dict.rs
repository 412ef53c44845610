//! Methods of `dict`.

use minijinja::value::{Tuple, Value};
use minijinja::{Error, ErrorKind};

use crate::template::arguments::bind;
use crate::template::failure::failed;
use crate::template::generator::View;

pub(super) fn call(dict: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match name {
        "get" => {
            let [key, default] = bind("get", ["key", "default"], args)?;
            let key = key.ok_or_else(|| failed("get takes a key"))?;
            let found = dict.as_object().and_then(|object| object.get_value(&key));
            Ok(found.or(default).unwrap_or_else(|| Value::from(())))
        }
        "items" => {
            let [] = bind("items", [], args)?;
            Ok(View::value("dict_items", pairs(dict)?))
        }
        "keys" => {
            let [] = bind("keys", [], args)?;
            Ok(View::value("dict_keys", dict.try_iter()?.collect()))
        }
        "values" => {
            let [] = bind("values", [], args)?;
            let values = dict.try_iter()?.map(|key| dict.get_item(&key)).collect::<Result<_, _>>()?;
            Ok(View::value("dict_values", values))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

/// The keys and values of a dict, as tuples.
pub(in crate::template) fn pairs(dict: &Value) -> Result<Vec<Value>, Error> {
    dict.try_iter()?
        .map(|key| {
            let value = dict.get_item(&key)?;
            Ok(Value::from(Tuple::from([key, value])))
        })
        .collect()
}
