//! A step of a plan: a verb with its options.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::columns::Columns;
use super::resolve::Builder;
use crate::error::{Error, Result};
use crate::format::PromptFormat;
use crate::record::Answers;

/// The behavior of a verb.
pub trait Verb: Send + Sync {
    /// Checks its options, and that it may follow the steps `before`.
    ///
    /// # Errors
    /// `Class::Plan`: `bad_chain` for its position, `bad_option` for an option. `Class::Column`: `reserved_column`.
    fn check(&self, before: &[Step]) -> Result<()>;

    /// Records the columns that it uses, and changes `columns` to those after the step.
    ///
    /// # Errors
    /// A column is missing, or two columns would have the same name.
    fn columns(&self, columns: &mut Columns<'_>) -> Result<()>;

    /// Adds its `explain` line and its stages, each run on an empty batch. `chain` has the steps around it.
    ///
    /// # Errors
    /// The step does not fit the columns or the other steps.
    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()>;

    /// Whether it may come before a concat: its result for a row depends on no row of another source, and it needs no
    /// prompt format.
    fn may_precede_concat(&self) -> bool;

    /// For a step with paths: the step as it is published, each path replaced by the next of these names.
    ///
    /// # Errors
    /// Those of a tokenizer that cannot be loaded.
    fn published(&self, names: &mut dyn Iterator<Item = String>) -> Result<Option<Step>> {
        let _ = names;
        Ok(None)
    }

    /// Whether the step leaves token ids, labels and segments unchanged.
    fn keeps_tokens(&self) -> bool;

    /// The prompt format, if the verb renders rows.
    fn prompt_format(&self) -> Option<&Arc<PromptFormat>> {
        None
    }

    /// Whether it renders conversations; then whether these have weights.
    fn conversations(&self) -> Option<bool> {
        None
    }

    /// Which answers the rows have that it renders, after the steps `before`; none if it renders no rows.
    fn answers(&self, before: &[Step]) -> Option<Answers> {
        let _ = before;
        None
    }

    /// The columns of the dialect, if the verb says what rows mean.
    fn dialect(&self) -> Option<Vec<String>> {
        None
    }

    /// Whether a row may leave it several times.
    fn repeats_rows(&self) -> bool {
        false
    }

    /// Whether it needs the key of the rendered prompt of each row.
    fn needs_prompt_key(&self) -> bool {
        false
    }
}

/// The name of a verb.
pub trait Named {
    /// The method's name.
    const NAME: &'static str;
}

/// The methods of [`Verb`], and those that [`Step`] derives from its type.
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

/// The key for the verb in the JSON of a step.
pub(crate) const VERB_KEY: &str = "verb";

impl Step {
    /// The method's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The verb, as a trait object.
    pub fn verb(&self) -> &dyn Verb {
        self.0.as_ref()
    }

    /// Whether its verb is `V`.
    pub(crate) fn is<V: 'static>(&self) -> bool {
        self.get::<V>().is_some()
    }

    /// The verb with its options, if it is `V`.
    pub fn get<V: 'static>(&self) -> Option<&V> {
        let verb: &dyn Any = self.0.as_ref();
        verb.downcast_ref()
    }

    /// The same, mutable.
    pub(crate) fn get_mut<V: 'static>(&mut self) -> Option<&mut V> {
        let verb: &mut dyn Any = self.0.as_mut();
        verb.downcast_mut()
    }

    /// The step as JSON: an object of `verb` and the options, without functions.
    ///
    /// # Errors
    /// A number that JSON cannot hold; no option has one.
    pub fn to_json(&self) -> Result<Value> {
        let mut step = json!({VERB_KEY: self.name()});
        let options = self.0.options().map_err(|e| Error::internal("a step has no JSON").source(e))?;
        if let (Value::Object(step), Value::Object(options)) = (&mut step, options) {
            step.extend(options);
        }
        Ok(step)
    }
}

/// The prompt format of these steps, if one of them renders rows.
pub(crate) fn prompt_format(steps: &[Step]) -> Option<&Arc<PromptFormat>> {
    steps.iter().find_map(|step| step.verb().prompt_format())
}

/// Whether one of these steps renders conversations; then whether these have weights.
pub(crate) fn conversations(steps: &[Step]) -> Option<bool> {
    steps.iter().find_map(|step| step.verb().conversations())
}

/// Which answers the rows have after these steps.
pub(crate) fn answers(steps: &[Step]) -> Answers {
    let each = steps.iter().enumerate();
    each.filter_map(|(i, step)| step.verb().answers(&steps[..i])).next().unwrap_or_default()
}

/// A step within its chain.
#[derive(Clone, Copy)]
pub struct Chain<'p> {
    pub(crate) steps: &'p [Step],
    /// The index of the step.
    pub(crate) index: usize,
}

impl<'p> Chain<'p> {
    /// The steps after this one.
    pub(crate) fn after(self) -> &'p [Step] {
        self.steps.get(self.index + 1..).unwrap_or_default()
    }
}
