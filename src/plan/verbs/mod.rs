//! The verbs of the chain, a file each: its options, where it may stand, the columns it needs, its stages.

mod supplied;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use supplied::Supplied;

use super::columns::Columns;
use super::resolve::Builder;
use crate::error::{Class, Error, Result, did_you_mean};

/// What a step knows of itself.
pub trait Verb {
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

    /// Adds its line for people and its stages, tried on no rows.
    ///
    /// # Errors
    /// What is wrong between this step, the columns and the other steps.
    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()>;

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
}

/// Each verb: its file, its type, the method's name.
macro_rules! verbs {
    ($($file:ident $Verb:ident $name:literal)*) => {
        $(
            mod $file;
            pub use $file::$Verb;

            impl $Verb {
                /// The method's name.
                pub const NAME: &'static str = $name;
            }
        )*

        /// A verb with its options.
        #[derive(Clone)]
        #[expect(missing_docs, reason = "each is named as the type that it holds")]
        pub enum Step {
            $($Verb(Box<$Verb>),)*
        }

        $(
            impl From<$Verb> for Step {
                fn from(verb: $Verb) -> Self {
                    Step::$Verb(Box::new(verb))
                }
            }
        )*

        impl Step {
            /// The names of all verbs.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The method's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Step::$Verb(_) => $name,)*
                }
            }

            /// The step as what all verbs can.
            pub fn verb(&self) -> &dyn Verb {
                match self {
                    $(Step::$Verb(verb) => verb.as_ref(),)*
                }
            }

            fn options(&self) -> serde_json::Result<Value> {
                match self {
                    $(Step::$Verb(verb) => written(verb.as_ref()),)*
                }
            }

            fn of(name: &str, options: Value) -> Result<Step> {
                match name {
                    $($name => read::<$Verb>(name, options).map(Step::from),)*
                    _ => {
                        let meant = did_you_mean(name, Step::NAMES.iter().copied());
                        let message = format!("there is no verb `{name}`{meant}");
                        Err(bad_plan(message).help(format!("verbs are {}", Step::NAMES.join(", "))))
                    }
                }
            }
        }
    };
}

verbs! {
    dedup Dedup "dedup"
    drop Drop "drop"
    filter Filter "filter"
    format Format "format"
    head Head "head"
    map_batches MapBatches "map_batches"
    pack Pack "pack"
    rename Rename "rename"
    restore Restore "restore"
    select Select "select"
    shuffle Shuffle "shuffle"
    split Split "split"
    tokenize Tokenize "tokenize"
    validate Validate "validate"
    with_columns WithColumns "with_columns"
    with_row_index WithRowIndex "with_row_index"
}

/// The key of a step's JSON that names its verb.
const VERB: &str = "verb";

impl Step {
    /// The step as JSON: an object of `verb` and the options. Functions are not in it.
    ///
    /// # Errors
    /// A number that JSON has not; no option holds one.
    pub fn to_json(&self) -> Result<Value> {
        let mut step = json!({VERB: self.name()});
        let options = self.options().map_err(|e| Error::internal("a step has no JSON").source(e))?;
        if let (Value::Object(step), Value::Object(options)) = (&mut step, options) {
            step.extend(options);
        }
        Ok(step)
    }

    /// The step of what [`Step::to_json`] gave; functions and tokenizers in memory are to be supplied.
    ///
    /// # Errors
    /// `Class::Plan`: `bad_plan` for another shape, `bad_option` for an option, which it names.
    pub fn from_json(step: Value) -> Result<Step> {
        let Value::Object(mut options) = step else {
            return Err(bad_plan("a step is an object of verb and options".into()));
        };
        let Some(Value::String(name)) = options.remove(VERB) else {
            return Err(bad_plan("a step has no verb".into()));
        };
        Step::of(&name, Value::Object(options))
    }
}

fn written(verb: &impl Serialize) -> serde_json::Result<Value> {
    serde_json::to_value(verb)
}

fn read<V: DeserializeOwned>(name: &str, options: Value) -> Result<V> {
    serde_path_to_error::deserialize(options).map_err(|e| {
        let field = e.path().to_string();
        let what = e.inner().to_string();
        let message = match field.as_str() {
            "." => format!("{name}: {what}"),
            // Of a word the error quotes what was given.
            _ if what.starts_with('"') => format!("{field}={what}"),
            _ => format!("{name}: {field}: {what}"),
        };
        Error::new(Class::Plan, "bad_option", message)
    })
}

fn bad_plan(message: String) -> Error {
    Error::new(Class::Plan, "bad_plan", message)
}

/// The error for a step that cannot follow those before it.
#[cold]
fn bad_chain(message: impl Into<String>, help: &str) -> Error {
    Error::new(Class::Plan, "bad_chain", message).help(help)
}

/// Refuses a second step of a kind that a chain has once; `is_one` says whether a step is of it.
fn only_one(name: &str, before: &[Step], is_one: impl Fn(&Step) -> bool) -> Result<()> {
    match before.iter().any(is_one) {
        false => Ok(()),
        true => {
            Err(bad_chain(format!("{name}: the chain has one already"), "a row can be treated so only once"))
        }
    }
}

/// Refuses a step that could change what `format` has proven.
fn not_proven(name: &str, before: &[Step], changes: bool) -> Result<()> {
    if !changes || !before.iter().any(|step| matches!(step, Step::Format(_))) {
        return Ok(());
    }
    Err(bad_chain(
        format!("{name}: after format it could change `prompt` or `completion`, which are proven"),
        "put it before format",
    ))
}

/// Whether it is a column that `format` proves.
fn is_proven(name: &str) -> bool {
    use crate::record::schema::{COMPLETION, PROMPT};
    name == PROMPT || name == COMPLETION
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step of each verb, as JSON that says all of it.
    fn steps() -> Vec<Value> {
        let format = json!({"version": 2, "prompt": "{a}", "completion": "{b}", "separator": "\n##\n", "stop": "\n", "eos": null});
        vec![
            json!({"verb": "dedup", "on": ["a"], "normalize": ["unicode", "whitespace"], "verify": true, "keepers": false,
                "against": ["x", {"bytes": [47, 255]}]}),
            json!({"verb": "drop", "columns": ["a", "b"]}),
            json!({"verb": "filter", "columns": ["a"], "expression": "{\"Column\":\"a\"}"}),
            json!({"verb": "format", "format": format, "on_collision": "insert_space", "rendered_by": null}),
            json!({"verb": "head", "n": 3}),
            json!({"verb": "map_batches", "name": "f", "version": null, "code": "0a"}),
            json!({"verb": "pack", "max_length": 7, "seed": u64::MAX}),
            json!({"verb": "rename", "mapping": {"b": "a", "a": "b"}}),
            json!({"verb": "restore", "format": format, "column": "split", "splits": ["train"]}),
            json!({"verb": "select", "columns": ["b", "a"]}),
            json!({"verb": "shuffle", "seed": 1}),
            json!({"verb": "split", "shares": {"valid": "0.1", "test": "0.30000000000000004"}, "seed": 1, "by": null,
                "report_by": "a", "existing": "keep"}),
            json!({"verb": "tokenize", "tokenizer": {"path": "t"}, "max_length": null, "on_overflow": "truncate_completion",
                "special_tokens": "as_text", "keep_text": true, "add_bos": false, "verify": 5}),
            json!({"verb": "validate", "required": ["b"], "not_blank": [], "min_chars": {"b": 1, "a": 2}, "max_chars": {},
                "allowed": {"a": ["x"]}, "on_invalid": "raise"}),
            json!({"verb": "with_columns", "columns": ["a"], "names": ["b"], "expressions": [{"digest": "0a"}]}),
            json!({"verb": "with_row_index", "name": "n", "offset": 0}),
        ]
    }

    #[test]
    fn every_verb_has_a_json_form_that_is_read_again() {
        let names: Vec<String> = steps().iter().map(|step| step[VERB].as_str().unwrap().into()).collect();
        assert_eq!(names, Step::NAMES);
        for step in steps() {
            // By text, which keeps the order of keys.
            let again = Step::from_json(step.clone()).unwrap().to_json().unwrap();
            assert_eq!(again.to_string(), step.to_string());
        }
    }

    #[test]
    fn what_is_no_step_is_refused_with_the_option_that_is_wrong() {
        let said = |step: Value| Step::from_json(step).err().map(|e| (e.code(), e.message().to_string()));
        let of = |code, message: &str| Some((code, message.to_string()));
        assert_eq!(said(json!([])), of("bad_plan", "a step is an object of verb and options"));
        assert_eq!(said(json!({"n": 1})), of("bad_plan", "a step has no verb"));
        assert_eq!(
            said(json!({"verb": "dedupe"})),
            of("bad_plan", "there is no verb `dedupe`; did you mean `dedup`?")
        );
        assert_eq!(
            said(json!({"verb": "pack", "max_length": null, "seed": -1})),
            of("bad_option", "pack: seed: invalid value: integer `-1`, expected u64")
        );
        let mut step = steps()[13].clone();
        step["on_invalid"] = json!("rais");
        assert_eq!(
            said(step),
            of("bad_option", "on_invalid=\"rais\" is none of reject, drop, raise; did you mean `raise`?")
        );
        // A key may be left out where null is a value; no other key is known.
        let optional =
            ["on", "version", "code", "rendered_by", "max_length", "by", "report_by", "existing", "verify"];
        for step in steps() {
            for key in step.as_object().unwrap().keys().filter(|key| *key != VERB) {
                let mut less = step.clone();
                less.as_object_mut().unwrap().remove(key);
                let refused = said(less);
                let without = step[VERB] != json!("dedup") || key != "verify";
                let may_be_none = optional.contains(&key.as_str()) && without;
                assert_eq!(refused.is_none(), may_be_none, "{step} without {key}: {refused:?}");
            }
            let mut more = step.clone();
            more["else"] = json!(1);
            assert!(said(more).unwrap().1.contains("else"), "{step}");
        }
    }
}
