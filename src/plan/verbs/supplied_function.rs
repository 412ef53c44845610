//! A function of the user.

use std::sync::Arc;

use crate::compute::Function;
use crate::error::{Class, Error, Result};

/// A function and its text in `explain`; none until it is supplied, since the JSON of a plan cannot hold it.
#[derive(Clone, Default)]
pub struct SuppliedFunction(Option<(Arc<dyn Function>, String)>);

impl SuppliedFunction {
    /// A supplied function; `shown` is its text in `explain`.
    pub fn new(function: Arc<dyn Function>, shown: String) -> Self {
        SuppliedFunction(Some((function, shown)))
    }

    /// The function and its text in `explain`; an error names `step`.
    ///
    /// # Errors
    /// `not_supplied`.
    pub(crate) fn get(&self, step: &str) -> Result<(Arc<dyn Function>, &str)> {
        match &self.0 {
            Some((function, shown)) => Ok((Arc::clone(function), shown)),
            None => {
                let message = format!("{step}: the function is not supplied");
                Err(Error::new(Class::Plan, "not_supplied", message)
                    .help("the JSON of a plan does not contain the function: pass it by its name, as in from_json(text, functions={…})"))
            }
        }
    }
}
