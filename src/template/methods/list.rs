//! Methods of `list` that change nothing: the sandbox of transformers refuses the others.

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

use crate::template::arguments::bind;
use crate::template::failure::failed;

pub(super) fn call(list: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match name {
        "count" => {
            let [item] = bind("count", ["value"], args)?;
            let item = item.ok_or_else(|| failed("count takes a value"))?;
            Ok(Value::from(list.try_iter()?.filter(|other| *other == item).count()))
        }
        "index" => {
            let [item] = bind("index", ["value"], args)?;
            let item = item.ok_or_else(|| failed("index takes a value"))?;
            let at = list.try_iter()?.position(|other| other == item);
            at.map(Value::from).ok_or_else(|| failed("the value is not in the list"))
        }
        "append" | "extend" | "insert" | "pop" | "remove" | "clear" | "reverse" | "sort" => {
            Err(failed(format!("the sandbox does not allow `.{name}()`, which changes a list")))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
