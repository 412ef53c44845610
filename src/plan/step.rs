//! A step of a plan: a verb with its options.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::columns::Columns;
use super::resolve::Builder;
use crate::error::{Error, Result};
use crate::format::PromptFormat;

/// What each verb knows of its step.
pub trait Verb: Send + Sync {
    /// Whether its options are right in themselves, and it may follow these steps.
    ///
    /// # Errors
    /// `Class::Plan`: `bad_chain` for its place, `bad_option` for an option. `Class::Column`: `reserved_column`.
    fn check(&self, before: &[Step]) -> Result<()>;

    /// Uses the columns that it reads, and leaves those that the next step finds.
    ///
    /// # Errors
    /// A column is missing, or there would be two of a name.
    fn columns(&self, columns: &mut Columns<'_>) -> Result<()>;

    /// Adds its line for people and its stages, tried on no rows; `chain` has the steps around it.
    ///
    /// # Errors
    /// What is wrong between this step, the columns and the other steps.
    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()>;

    /// Whether it may be a step of one source of several: what it makes of a row depends on no row of another source, and
    /// it needs no format.
    fn is_of_one_source(&self) -> bool;

    /// The step as it is published, where it names paths: each by the next of these names.
    ///
    /// # Errors
    /// Those of a tokenizer that cannot be loaded.
    fn published(&self, names: &mut dyn Iterator<Item = String>) -> Result<Option<Step>> {
        let _ = names;
        Ok(None)
    }

    /// Whether token ids, labels and segments are after the step as they were before it.
    fn keeps_tokens(&self) -> bool;

    /// The prompt format, of the verb that renders rows by one.
    fn renders(&self) -> Option<&Arc<PromptFormat>> {
        None
    }

    /// Whether it asks for the key of each row's rendered prompt.
    fn needs_prompt_key(&self) -> bool {
        false
    }
}

/// The name of a verb.
pub trait Named {
    /// The method's name.
    const NAME: &'static str;
}

/// What a step needs of its verb beside [`Verb`].
trait AnyVerb: Verb + Any {
    fn name(&self) -> &'static str;
    fn options(&self) -> serde_json::Result<Value>;
    fn cloned(&self) -> Box<dyn AnyVerb>;
}

impl<V: Verb + Named + Clone + Serialize + 'static> AnyVerb for V {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn options(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }

    fn cloned(&self) -> Box<dyn AnyVerb> {
        Box::new(self.clone())
    }
}

/// A verb with its options.
pub struct Step(Box<dyn AnyVerb>);

impl Clone for Step {
    fn clone(&self) -> Self {
        Step(self.0.cloned())
    }
}

impl<V: Verb + Named + Clone + Serialize + 'static> From<V> for Step {
    fn from(verb: V) -> Self {
        Step(Box::new(verb))
    }
}

/// The key of a step's JSON that names its verb.
pub(crate) const VERB_KEY: &str = "verb";

impl Step {
    /// The method's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The step as what all verbs can.
    pub fn verb(&self) -> &dyn Verb {
        self.0.as_ref()
    }

    /// Whether it is of this verb.
    pub(crate) fn is<V: 'static>(&self) -> bool {
        self.get::<V>().is_some()
    }

    /// The verb with its options, where it is this one.
    pub fn get<V: 'static>(&self) -> Option<&V> {
        let verb: &dyn Any = self.0.as_ref();
        verb.downcast_ref()
    }

    /// As [`get`](Self::get), to change it.
    pub(crate) fn get_mut<V: 'static>(&mut self) -> Option<&mut V> {
        let verb: &mut dyn Any = self.0.as_mut();
        verb.downcast_mut()
    }

    /// The step as JSON: an object of `verb` and the options. Functions are not in it.
    ///
    /// # Errors
    /// A number that JSON has not; no option holds one.
    pub fn to_json(&self) -> Result<Value> {
        let mut step = json!({VERB_KEY: self.name()});
        let options = self.0.options().map_err(|e| Error::internal("a step has no JSON").source(e))?;
        if let (Value::Object(step), Value::Object(options)) = (&mut step, options) {
            step.extend(options);
        }
        Ok(step)
    }
}

/// The prompt format of these steps, where one renders rows.
pub(crate) fn format_of(steps: &[Step]) -> Option<&Arc<PromptFormat>> {
    steps.iter().find_map(|step| step.verb().renders())
}

/// A step among those of its chain.
#[derive(Clone, Copy)]
pub struct Chain<'p> {
    /// All steps.
    pub(crate) steps: &'p [Step],
    /// The index of this one.
    pub(crate) index: usize,
}

impl<'p> Chain<'p> {
    /// The steps after this one.
    pub(crate) fn after(self) -> &'p [Step] {
        self.steps.get(self.index + 1..).unwrap_or_default()
    }
}
