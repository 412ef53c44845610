//! A plan's JSON of any bytes is read or refused: no panic, and what is read has JSON that is read again as the same.

use std::path::PathBuf;
use std::sync::Arc;

use fastprep::cancel::Cancel;
use fastprep::error::{Class, Error};
use fastprep::plan::{Plan, SourceSpec, Step};
use fastprep::read::jsonl::format::JsonLines;
use serde_json::Value;

/// Steps that are read, at most: a push copies the plan.
const STEPS: usize = 32;

/// What is wrong with a plan is for the user to correct: it is never a fault of ours.
fn refused(e: &Error) {
    assert!(matches!(e.class(), Class::Plan | Class::Column), "{e}");
    assert!(!e.code().is_empty() && !e.message().is_empty());
}

/// A step of this JSON, where it is one. Its JSON, as text, is read as a step of the same JSON.
fn step(value: &Value) -> Option<Step> {
    let step = Step::from_json(value.clone()).inspect_err(refused).ok()?;
    let text = step.to_json().unwrap().to_string();
    let again = Step::from_json(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again.to_json().unwrap().to_string(), text);
    Some(step)
}

/// The plan, and after it those of the steps that it accepts.
fn pushed(plan: Plan, steps: &[Step]) -> Plan {
    steps.iter().fold(plan, |plan, step| plan.push(step.clone()).inspect_err(refused).unwrap_or(plan))
}

fn new(name: &str) -> Plan {
    Plan::new(SourceSpec::Files {
        format: Arc::new(JsonLines { max_line_bytes: 1 << 20 }),
        inputs: vec![PathBuf::from(name)],
    })
}

/// The steps of a plan's JSON, read as steps and pushed one after another.
fn read(steps: &Value) -> Vec<Step> {
    steps.as_array().unwrap().iter().map(|value| step(value).unwrap()).collect()
}

/// The plan's JSON holds steps that are read and accepted in their order.
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
    // By text, which keeps the order of keys.
    assert_eq!(read_again.to_json(&Cancel::default()).unwrap().to_string(), json.to_string());
}

/// JSON: a list of steps, or an object of `steps` and `column`, the name that concat gives to the column of sources.
pub fn check(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let (steps, column) = match &value {
        Value::Object(plan) => (plan.get("steps"), plan.get("column").and_then(Value::as_str)),
        list => (Some(list), None),
    };
    let Some(steps) = steps.and_then(Value::as_array) else { return };
    let steps: Vec<Step> = steps.iter().take(STEPS).filter_map(step).collect();
    round_trip(&pushed(new("a.jsonl"), &steps));

    // Half of the steps in each source, then all of them.
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
