//! Reads steps from JSON: all verbs by name.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Balance, Dedup, Drop, EnsureAffix, Filter, Format, FormatChat, Head, MapBatches, Mix, Normalize, Pack,
    ReadAs, Redact, Rename, ResolveConflicts, Restore, Sample, Select, Shuffle, Split, StripAffix, Tokenize,
    Validate, WithColumns, WithRowIndex, WriteAs,
};
use crate::error::{Class, Error, Result, did_you_mean};
use crate::plan::step::{Named, Step, VERB_KEY};

macro_rules! verbs {
    ($($Verb:ident)*) => {
        impl Step {
            /// The names of all verbs.
            pub const NAMES: &'static [&'static str] = &[$($Verb::NAME),*];
        }

        fn read_options(name: &str, options: Value) -> Result<Step> {
            match name {
                $($Verb::NAME => read::<$Verb>(name, options).map(Step::from),)*
                _ => {
                    let meant = did_you_mean(name, Step::NAMES.iter().copied());
                    let message = format!("there is no verb `{name}`{meant}");
                    Err(bad_plan(message).help(format!("the verbs are {}", Step::NAMES.join(", "))))
                }
            }
        }
    };
}

verbs! {
    Balance
    Dedup
    Drop
    EnsureAffix
    Filter
    Format
    FormatChat
    Head
    MapBatches
    Mix
    Normalize
    Pack
    ReadAs
    Redact
    Rename
    ResolveConflicts
    Restore
    Sample
    Select
    Shuffle
    Split
    StripAffix
    Tokenize
    Validate
    WithColumns
    WithRowIndex
    WriteAs
}

impl Step {
    /// Reads a step from the JSON of [`Step::to_json`]. Functions and tokenizers in memory must be supplied
    /// afterwards.
    ///
    /// # Errors
    /// `Class::Plan`: `bad_plan` for JSON that is not a step, `bad_option` for an invalid option.
    pub fn from_json(step: Value) -> Result<Step> {
        let Value::Object(mut options) = step else {
            return Err(bad_plan("a step must be an object of verb and options".into()));
        };
        let Some(Value::String(name)) = options.remove(VERB_KEY) else {
            return Err(bad_plan("a step must have the key `verb`".into()));
        };
        read_options(&name, Value::Object(options))
    }
}

fn read<V: DeserializeOwned>(name: &str, options: Value) -> Result<V> {
    serde_path_to_error::deserialize(options).map_err(|e| {
        let field = e.path().to_string();
        let problem = e.inner().to_string();
        let message = match field.as_str() {
            "." => format!("{name}: {problem}"),
            // As in "`on_invalid` must be one of …".
            _ if problem.starts_with("must ") => format!("{name}: `{field}` {problem}"),
            _ => format!("{name}: `{field}`: {problem}"),
        };
        Error::new(Class::Plan, "bad_option", message)
    })
}

fn bad_plan(message: String) -> Error {
    Error::new(Class::Plan, "bad_plan", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One step of each verb, as JSON with all keys.
    fn steps() -> Vec<Value> {
        let format = json!({"version": 2, "prompt": "{a}", "completion": "{b}", "separator": "\n##\n", "stop": "\n", "eos": null});
        vec![
            json!({"verb": "balance", "by": ["a", "b"], "how": "weights", "seed": 3}),
            json!({"verb": "dedup", "on": ["a"], "normalize": ["unicode", "whitespace"], "verify": true, "keepers": false,
                "against": ["x", {"bytes": [47, 255]}]}),
            json!({"verb": "drop", "columns": ["a", "b"]}),
            json!({"verb": "ensure_affix", "columns": ["a"], "on": ["user", "assistant"], "prefix": "", "suffix": "\n"}),
            json!({"verb": "filter", "columns": ["a"], "expression": "{\"Column\":\"a\"}"}),
            json!({"verb": "format", "format": format, "on_collision": "insert_space", "rendered_by": null}),
            json!({"verb": "format_chat", "format": {"chat_template": "{{ x }}", "template_kwargs": {"x": 1}, "now": "2025-03-14"},
                "train": "last", "history": "split_turns", "on_dropped": "keep", "on_open_end": "append_eos", "tool_arguments": "verbatim", "kwargs_column": "a", "weights": true}),
            json!({"verb": "head", "n": 3}),
            json!({"verb": "map_batches", "name": "f", "version": null, "code": "0a"}),
            json!({"verb": "mix", "weights": {"b": "0.7", "a": "0"}, "by": "c", "unit": "tokens", "on_exhausted": "repeat", "seed": 3}),
            json!({"verb": "normalize", "columns": ["a"], "on": ["tool"], "line_ends": true, "unicode": "NFKC", "invisible": false, "strip": true}),
            json!({"verb": "pack", "max_length": 7, "seed": u64::MAX}),
            json!({"verb": "read_as", "dialect": "pairs", "columns": {"completion": "a", "prompt": null}}),
            json!({"verb": "redact", "columns": ["a", "b"], "on": ["system"], "kinds": ["phone", "email"]}),
            json!({"verb": "rename", "mapping": {"b": "a", "a": "b"}}),
            json!({"verb": "resolve_conflicts", "keep": "most", "prompt": ["a"], "answer": ["b"]}),
            json!({"verb": "restore", "format": format, "column": "split", "splits": ["train"]}),
            json!({"verb": "sample", "n": null, "share": "0.1", "by": ["a"], "seed": 3}),
            json!({"verb": "select", "columns": ["b", "a"]}),
            json!({"verb": "shuffle", "seed": 1}),
            json!({"verb": "split", "shares": {"valid": "0.1", "test": "0.30000000000000004"}, "seed": 1, "by": null,
                "report_by": "a", "existing": "keep"}),
            json!({"verb": "strip_affix", "columns": ["a"], "on": ["developer"], "prefix": "x", "suffix": ""}),
            json!({"verb": "tokenize", "tokenizer": {"path": "t"}, "max_length": null, "on_overflow": "truncate_completion",
                "special_tokens": "as_text", "keep_text": true, "add_bos": false, "verify": 5}),
            json!({"verb": "validate", "required": ["b"], "not_blank": [], "min_chars": {"b": 1, "a": 2}, "max_chars": {},
                "allowed": {"a": ["x"]}, "on": ["user"], "on_invalid": "raise"}),
            json!({"verb": "with_columns", "columns": ["a"], "names": ["b"], "expressions": [{"digest": "0a"}]}),
            json!({"verb": "with_row_index", "name": "n", "offset": 0}),
            json!({"verb": "write_as", "target": "azure"}),
        ]
    }

    #[test]
    fn every_verb_is_written_as_json_and_read_again() {
        let names: Vec<String> = steps().iter().map(|step| step[VERB_KEY].as_str().unwrap().into()).collect();
        assert_eq!(names, Step::NAMES);
        for step in steps() {
            // As text, which keeps the order of keys.
            let again = Step::from_json(step.clone()).unwrap().to_json().unwrap();
            assert_eq!(again.to_string(), step.to_string());
        }
    }

    #[test]
    fn rejects_invalid_steps_and_names_the_option() {
        let error = |step: Value| Step::from_json(step).err().map(|e| (e.code(), e.message().to_string()));
        let expected = |code, message: &str| Some((code, message.to_string()));
        assert_eq!(error(json!([])), expected("bad_plan", "a step must be an object of verb and options"));
        assert_eq!(error(json!({"n": 1})), expected("bad_plan", "a step must have the key `verb`"));
        assert_eq!(
            error(json!({"verb": "dedupe"})),
            expected("bad_plan", "there is no verb `dedupe`; did you mean `dedup`?")
        );
        assert_eq!(
            error(json!({"verb": "pack", "max_length": null, "seed": -1})),
            expected("bad_option", "pack: `seed`: invalid value: integer `-1`, expected u64")
        );
        let mut step = steps().into_iter().find(|step| step[VERB_KEY] == "validate").unwrap();
        step["on_invalid"] = json!("rais");
        assert_eq!(
            error(step),
            expected(
                "bad_option",
                "validate: `on_invalid` must be one of reject, drop, raise; got \"rais\"; did you mean `raise`?"
            )
        );
        // A key may be missing if its value may be null; unknown keys are errors.
        let optional = [
            "on",
            "version",
            "code",
            "rendered_by",
            "max_length",
            "by",
            "report_by",
            "existing",
            "verify",
            "history",
            "on_open_end",
            "kwargs_column",
        ];
        for step in steps() {
            for key in step.as_object().unwrap().keys().filter(|key| *key != VERB_KEY) {
                let mut less = step.clone();
                less.as_object_mut().unwrap().remove(key);
                let refused = error(less);
                let needed = [("dedup", "verify"), ("sample", "by"), ("balance", "by"), ("mix", "by")];
                let without = !needed.iter().any(|(verb, option)| step[VERB_KEY] == *verb && key == option);
                let may_be_none = optional.contains(&key.as_str()) && without;
                assert_eq!(refused.is_none(), may_be_none, "{step} without {key}: {refused:?}");
            }
            let mut more = step.clone();
            more["else"] = json!(1);
            assert!(error(more).unwrap().1.contains("else"), "{step}");
        }
    }
}
