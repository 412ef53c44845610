//! Checks that a plan's JSON from any bytes is read or refused without a panic. The JSON of what is read gives the
//! same plan.

use std::path::PathBuf;
use std::sync::Arc;

use fastprep::cancel::Cancel;
use fastprep::error::{Class, Error};
use fastprep::plan::{Plan, SourceSpec, Step};
use fastprep::read::jsonl::format::JsonLines;
use serde_json::Value;

/// The most steps that are read: each push copies the plan.
const STEPS: usize = 32;

/// Checks that the error is one that the user can correct, not an internal one.
fn refused(e: &Error) {
    assert!(matches!(e.class(), Class::Plan | Class::Column), "{e}");
    assert!(!e.code().is_empty() && !e.message().is_empty());
}

/// Reads a step; `None` if it is refused. Checks that its JSON is read as the same step.
fn step(value: &Value) -> Option<Step> {
    let step = Step::from_json(value.clone()).inspect_err(refused).ok()?;
    let text = step.to_json().unwrap().to_string();
    let again = Step::from_json(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again.to_json().unwrap().to_string(), text);
    Some(step)
}

/// Adds to the plan those steps that it accepts.
fn pushed(plan: Plan, steps: &[Step]) -> Plan {
    steps.iter().fold(plan, |plan, step| plan.push(step.clone()).inspect_err(refused).unwrap_or(plan))
}

fn new(name: &str) -> Plan {
    Plan::new(SourceSpec::Files {
        format: Arc::new(JsonLines { max_line_bytes: 1 << 20 }),
        inputs: vec![PathBuf::from(name)],
    })
}

/// Reads the steps of a plan's JSON, which must all be accepted.
fn read(steps: &Value) -> Vec<Step> {
    steps.as_array().unwrap().iter().map(|value| step(value).unwrap()).collect()
}

/// Checks that the JSON of a plan is read as the same plan.
fn round_trip(plan: &Plan) {
    let json = plan.to_json(&Cancel::default()).unwrap();
    let read_again = match &plan.source_column {
        None => pushed(new("a.jsonl"), &read(&json["steps"])),
        Some(column) => {
            let plans = json["source"]["plans"].as_array().unwrap().iter();
            let plans = plans.map(|part| {
                let name = part["name"].as_str().unwrap();
                (name.to_string(), pushed(new(&format!("{name}.jsonl")), &read(&part["steps"])))
            });
            let joined = Plan::concat(plans.collect(), column.clone()).unwrap();
            pushed(joined, &read(&json["steps"]))
        }
    };
    assert_eq!(read_again.verbs(), plan.verbs());
    // Compared as text, which keeps the order of keys.
    assert_eq!(read_again.to_json(&Cancel::default()).unwrap().to_string(), json.to_string());
}

/// Checks JSON that is a list of steps, or an object with `steps` and `column`, the name of concat's column of
/// sources.
pub fn check(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let (steps, column) = match &value {
        Value::Object(plan) => (plan.get("steps"), plan.get("column").and_then(Value::as_str)),
        list => (Some(list), None),
    };
    let Some(steps) = steps.and_then(Value::as_array) else { return };
    let steps: Vec<Step> = steps.iter().take(STEPS).filter_map(step).collect();
    round_trip(&pushed(new("a.jsonl"), &steps));

    // A concat of two plans, each with half of the steps, followed by all steps.
    let (left, right) = steps.split_at(steps.len() / 2);
    let of_one_source = |steps: &[Step]| -> Vec<Step> {
        steps.iter().filter(|step| step.verb().may_precede_concat()).cloned().collect()
    };
    for keep_all in [true, false] {
        let part = |name: &str, steps: &[Step]| {
            let steps = if keep_all { steps.to_vec() } else { of_one_source(steps) };
            (name.to_string(), pushed(new(&format!("{name}.jsonl")), &steps))
        };
        let parts = vec![part("a", left), part("b", right)];
        match Plan::concat(parts, column.unwrap_or("source").to_string()) {
            Ok(joined) => {
                refused(&Plan::concat(vec![("c".into(), joined.clone())], "d".into()).err().unwrap());
                round_trip(&pushed(joined, &steps));
            }
            Err(e) => refused(&e),
        }
    }
}
