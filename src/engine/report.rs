//! The report of a run, from the counts of its steps.

use serde_json::{Value, json};

use crate::plan::Resolved;
use crate::plan::resolve::Barrier;
use crate::record::{FileNames, Place};
use crate::report::{Removed, StepCounts, quantile};

/// The report: names are documented in `docs/report.md` and stable.
pub(super) fn report(plan: &Resolved, counts: &[StepCounts], names: &FileNames) -> Value {
    let mut all = StepCounts::default();
    counts.iter().for_each(|c| all.merge(c.clone()));
    let removed = |codes: &[&str]| -> u64 {
        all.removed.iter().filter(|(code, _)| codes.contains(code)).map(|(_, r)| r.count).sum()
    };
    let duplicate = removed(&["duplicate", "duplicate_against"]);
    let filtered = removed(&["filtered"]);
    let rejected = all.sums.get("rejected").copied().unwrap_or(0);
    let steps: Vec<Value> = plan
        .verbs
        .iter()
        .zip(counts)
        .map(|(verb, c)| {
            json!({
                "step": verb,
                "rows_in": c.rows_in,
                "rows_out": c.rows_out,
                "removed": entries(c.removed.iter().map(|(k, v)| (*k, *v)), names),
            })
        })
        .collect();
    let written = counts.last().map_or(0, |c| c.rows_out);
    json!({
        "rows": {
            "read": counts.first().map_or(0, |c| c.rows_in),
            "written": written,
            "rejected": rejected,
            "duplicate": duplicate,
            "filtered": filtered,
            "dropped": all.removed_rows() - rejected - duplicate - filtered,
        },
        "steps": steps,
        "reasons": reasons(&all, names),
        "findings": entries(all.findings.iter().map(|(k, v)| (k.as_str(), *v)), names),
        "blank_lines": all.sums.get("blank_lines").copied().unwrap_or(0),
        "tokens": tokens(plan, &all),
        "packing": packing(plan, &all, written),
        "groups": groups(plan, &all),
    })
}

/// The reasons of all steps, each with the columns that are to blame, where there are some.
fn reasons(all: &StepCounts, names: &FileNames) -> Value {
    let mut reasons = entries(all.removed.iter().map(|(k, v)| (*k, *v)), names);
    for ((code, column), rows) in &all.columns {
        reasons[*code]["columns"][column.as_str()] = json!(rows);
    }
    reasons
}

fn entries<'a>(all: impl Iterator<Item = (&'a str, Removed)>, names: &FileNames) -> Value {
    let mut sorted: Vec<(&str, Removed)> = all.collect();
    sorted.sort_by_key(|(code, r)| (std::cmp::Reverse(r.count), *code));
    let entry = |(code, r): (&str, Removed)| {
        (code.to_string(), json!({"count": r.count, "first": place(r.first, names)}))
    };
    Value::Object(sorted.into_iter().map(entry).collect())
}

/// A place for programs: `row` counts from 0, `line` from 1.
fn place(place: Place, names: &FileNames) -> Value {
    let name = names.get(place.file as usize).map_or("?", String::as_str);
    json!({"file": name, "row": place.row, "line": place.line})
}

fn tokens(plan: &Resolved, all: &StepCounts) -> Value {
    let Some(tokenizer) = &plan.tokenizer else { return Value::Null };
    let sum = |name: &str| all.sums.get(name).copied().unwrap_or(0);
    let share = |a: u64, b: u64| if b == 0 { Value::Null } else { json!(a as f64 / b as f64) };
    let length = |q: f64| quantile(&all.lengths, q).unwrap_or(0);
    json!({
        "total": sum("tokens"),
        "trained": sum("trained_tokens"),
        "trained_share": if sum("tokens") == 0 { 0.0 } else { sum("trained_tokens") as f64 / sum("tokens") as f64 },
        "rows_without_trained": all.removed.get("no_trained_token").map_or(0, |r| r.count),
        "truncated": sum("truncated"),
        "doubled_bos": all.findings.get("doubled_bos").map_or(0, |r| r.count),
        "length": {"p50": length(0.5), "p99": length(0.99), "max": length(1.0)},
        "stop_stable_share": share(sum("stop_stable"), sum("stop_rows")),
        "warnings": tokenizer.warnings,
    })
}

fn packing(plan: &Resolved, all: &StepCounts, packs: u64) -> Value {
    let Some((_, Barrier::Pack(how))) = plan.barrier else { return Value::Null };
    let sum = |name: &str| all.sums.get(name).copied().unwrap_or(0);
    let room = packs * u64::from(how.max_length);
    json!({
        "documents": sum("documents"),
        "packs": packs,
        "tokens": sum("packed_tokens"),
        "max_length": how.max_length,
        "fill": if room == 0 { 0.0 } else { sum("packed_tokens") as f64 / room as f64 },
    })
}

fn groups(plan: &Resolved, all: &StepCounts) -> Value {
    let Some(column) = &plan.report_by else { return Value::Null };
    let mut rows = serde_json::Map::new();
    for ((value, split), n) in &all.groups {
        let by_split = rows.entry(value.clone()).or_insert_with(|| {
            Value::Object(plan.split_names.iter().map(|name| (name.clone(), json!(0))).collect())
        });
        by_split[plan.split_names[usize::from(*split)].as_str()] = json!(n);
    }
    json!({"column": column, "rows": rows})
}
