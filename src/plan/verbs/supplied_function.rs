//! A function of the caller.

use std::sync::Arc;

use crate::compute::Function;
use crate::error::{Class, Error, Result};

/// A function that a plan's JSON cannot hold, and how it is shown to people: none, until the caller supplies it.
#[derive(Clone, Default)]
pub struct SuppliedFunction(Option<(Arc<dyn Function>, String)>);

impl SuppliedFunction {
    /// This function; `shown` is how `explain` shows it.
    pub fn new(function: Arc<dyn Function>, shown: String) -> Self {
        SuppliedFunction(Some((function, shown)))
    }

    /// The function, and how it is shown; `step` is what the error names.
    ///
    /// # Errors
    /// `not_supplied`.
    pub(crate) fn get(&self, step: &str) -> Result<(Arc<dyn Function>, &str)> {
        match &self.0 {
            Some((function, shown)) => Ok((Arc::clone(function), shown)),
            None => {
                let message = format!("{step}: its function was not supplied");
                Err(Error::new(Class::Plan, "not_supplied", message)
                    .help("the JSON of a plan holds no function: give it by its name, from_json(text, functions={…})"))
            }
        }
    }
}
