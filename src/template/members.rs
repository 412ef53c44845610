//! Objects of the data. As in Python, `x.items` is the method of the dict, and `x['items']` the member.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectExt, ObjectRepr, Value};

/// What a dict of Python has by these names, as attributes that the sandbox allows.
const METHODS: [&str; 6] = ["copy", "fromkeys", "get", "items", "keys", "values"];

/// Methods that change a dict: as attributes they are undefined in the sandbox.
const CHANGING: [&str; 5] = ["clear", "pop", "popitem", "setdefault", "update"];

/// An object of the data.
#[derive(Debug)]
pub(super) struct Members(IndexMap<Arc<str>, Value>);

impl Members {
    pub(super) fn value(members: impl Iterator<Item = (Arc<str>, Value)>) -> Value {
        Value::from_object(Members(members.collect()))
    }
}

impl Object for Members {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }

    /// An attribute.
    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        if METHODS.contains(&name) {
            return Some(Value::from_object(Method));
        }
        if CHANGING.contains(&name) {
            return None;
        }
        self.0.get(name).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_rev_enumerator(|this| Box::new(this.0.keys().map(|key| Value::from(Arc::clone(key)))))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A method that is not called: it is true, and cannot be printed.
#[derive(Debug)]
struct Method;

impl Object for Method {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}
