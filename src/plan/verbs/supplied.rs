//! Functions of the caller.

use std::sync::Arc;

use crate::compute::Function;
use crate::error::{Class, Error, Result};

/// A function that a plan's JSON cannot hold: none, until the caller supplies it.
#[derive(Clone, Default)]
pub struct Supplied(Option<Arc<dyn Function>>);

impl Supplied {
    /// This function.
    pub fn new(function: Arc<dyn Function>) -> Self {
        Supplied(Some(function))
    }

    /// The function; `step` is what the error names.
    ///
    /// # Errors
    /// `not_supplied`.
    pub fn get(&self, step: &str) -> Result<Arc<dyn Function>> {
        self.0.clone().ok_or_else(|| {
            Error::new(Class::Plan, "not_supplied", format!("{step}: its function was not supplied"))
                .help("the JSON of a step holds no function: give it beside it")
        })
    }
}
