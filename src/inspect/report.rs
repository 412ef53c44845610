//! The result of `inspect` as JSON.

use serde_json::{Value, json};

use super::enough::sentences;
use super::facts::Facts;
use super::finding::{Among, Check, Finding};
use super::masked::Mask;
use super::representative;
use super::sink::{Inspect, findings};
use super::tally::{Example, Tally, place_json};
use super::task::task;
use super::thousands::thousands;
use crate::report::Report;

/// The version of the JSON.
const VERSION: u32 = 1;
/// Fewer rows have no style yet.
const STYLED: u64 = 100;
/// Two styles are mixed where the rarer one has one row in so many.
const COMMON: u64 = 10;

/// What the rows are, for the report.
pub(crate) struct Context<'a> {
    /// The names of the files, by number: first those that are looked at, then those of another set.
    pub(crate) files: &'a [String],
    /// How many are looked at.
    pub(crate) own: usize,
    /// The name of the dialect, or `unknown`.
    pub(crate) dialect: &'a str,
    /// What a row of the dialect is.
    pub(crate) title: Option<&'a str>,
    /// The column of each part.
    pub(crate) columns: Value,
    /// Columns that are not looked at.
    pub(crate) other_columns: Vec<String>,
    /// How the dialect was decided.
    pub(crate) note: Option<String>,
    /// Whether all rows are read from prepared folders.
    pub(crate) is_prepared: bool,
}

impl Context<'_> {
    /// The names of the files that are looked at.
    fn own_files(&self) -> &[String] {
        self.files.get(..self.own).unwrap_or(self.files)
    }
}

impl Inspect {
    /// The result. `report` is that of the run.
    pub(crate) fn to_json(&self, context: &Context<'_>, report: &Report) -> Value {
        let counts = &self.facts.counts;
        let report = serde_json::to_value(report).unwrap_or_default();
        let mut found: Vec<Value> = findings().filter_map(|(i, f)| self.finding(i, f, context)).collect();
        let rules = self.asked().rules.iter().zip(&self.of_rules);
        found.extend(rules.filter_map(|(rule, tally)| rule.to_json(tally, counts.rows, context.files)));
        let severity = |finding: &Value| {
            let order = ["high", "medium", "low", "hint"];
            order.iter().position(|name| finding["severity"] == *name)
        };
        let share = |finding: &Value| finding["share"].as_f64().unwrap_or_default();
        for finding in &mut found {
            let reason = finding["code"].as_str().and_then(|code| self.asked().silenced.get(code));
            finding["silenced"] = reason.map(String::as_str).into();
        }
        found.sort_by(|a, b| {
            let by_severity = severity(a).cmp(&severity(b)).then(share(b).total_cmp(&share(a)));
            is_silenced(a).cmp(&is_silenced(b)).then(by_severity)
        });
        json!({
            "version": VERSION,
            "verdict": verdict(counts.rows, &found),
            "dialect": context.dialect,
            "title": context.title,
            "columns": context.columns,
            "other_columns": context.other_columns,
            "note": context.note,
            "files": context.own_files(),
            "prepared": context.is_prepared,
            "rows": {
                "read": report["rows"]["read"],
                "inspected": counts.rows,
                "not_in_dialect": tally_json(&self.unread, context),
                "removed": report["reasons"],
            },
            "task": task(&self.facts).name(),
            "enough": sentences(&self.facts, task(&self.facts), self.mask()),
            "with": {
                "prompt": counts.with_prompt,
                "answer": counts.answered,
                "system": counts.with_system,
                "tools": counts.with_tools,
                "history": counts.with_history,
                "reasoning": counts.with_thought,
            },
            "characters": {
                "prompt": counts.prompt_lengths.with_histogram(),
                "answer": counts.answer_lengths.with_histogram(),
            },
            "tokens": counts.tokens.with_histogram(),
            "counted_tokens": self.asked().counter.as_ref().map(|counter| counter.to_json(&counts.counted)),
            "context": self.asked().context,
            "classes": classes(&self.facts, self.mask()),
            "scripts": counts.scripts.to_json(),
            "diversity": representative::diversity(&self.facts),
            "groups": representative::groups(&self.groups, &self.facts, context.files, self.mask()),
            "representative": representative::sentences(&self.groups, &self.facts, context.files, self.mask()),
            "against": self.against(),
            "findings": found,
            "not_checked": self.not_checked(),
        })
    }

    /// What could not be checked, and the option that unlocks it.
    fn not_checked(&self) -> Vec<Value> {
        let mut list = Vec::new();
        let mut add = |what: &str, unlock: &str| list.push(json!({"what": what, "unlock": unlock}));
        if !self.has_turns() {
            add(
                "prompts and answers: it is unknown what the rows mean",
                "read_as(\"pairs\", columns=…), --read-as pairs",
            );
        } else if self.facts.counts.with_prompt == 0 {
            add("prompts: the rows have none", "read_as(\"pairs\"), where a column holds them");
        }
        let is_tokenized = self.facts.counts.tokens.lengths.texts > 0;
        if !is_tokenized {
            add(
                "the share of the tokens that is trained, and rows that train nothing",
                "format(…).tokenize(…) before inspect",
            );
        }
        if self.asked().counter.is_none() {
            add(
                "tokens of prompts and answers, and classes of more than one token",
                "inspect(tokenizer=…), --tokenizer",
            );
        }
        if self.asked().context.is_none() {
            let unlock = match is_tokenized {
                true => "inspect(context=…), --context",
                false => "inspect(tokenizer=…, context=…), --tokenizer and --context",
            };
            add("rows that are longer than the context of the model", unlock);
        }
        if let Some(own) = self.own_text() {
            let mut written: Vec<&str> = literals().filter(|literal| own.writes(literal)).collect();
            written.dedup();
            if !written.is_empty() {
                let what = format!("texts that the format itself writes between columns: {written:?}");
                add(&what, "inspect before format");
            }
        }
        if self.groups.iter().any(|groups| groups.too_many) {
            add("rows by file: there are too many files", "inspect(by=…), --by");
        }
        list
    }

    fn finding(&self, index: usize, finding: &Finding, context: &Context<'_>) -> Option<Value> {
        let counts = &self.facts.counts;
        let mut among = match finding.among {
            Among::Rows => counts.rows,
            Among::Prompts => counts.with_prompt,
            Among::Answers => counts.with_answer,
            Among::Answered => counts.answered,
            Among::Compared => self.facts.between.as_ref()?.rows,
        };
        let mut affix = None;
        let (count, detail, examples) = match finding.check {
            Check::Whole(check) => {
                let mut whole = check(&self.facts)?;
                let texts = whole.examples.iter_mut().map(|example| &mut example.excerpt.found);
                texts.for_each(|text| *text = self.mask().text(text));
                // A value that is masked repairs nothing.
                affix = whole.affix.filter(|affix| self.mask().text(affix) == *affix);
                (whole.count, whole.detail, whole.examples)
            }
            Check::Either(first, second, _) => {
                let sides = [&self.tallies[index], &self.others[index]];
                among = sides[0].count + sides[1].count;
                let rarer = sides.into_iter().min_by_key(|tally| tally.count)?;
                let is_mixed = among >= STYLED && rarer.count * COMMON >= among;
                let [with, without] = sides.map(|tally| thousands(tally.count));
                let detail = format!("{with} {first}, {without} {second}");
                is_mixed.then(|| (rarer.count, detail, rarer.examples.clone()))?
            }
            _ => {
                let tally = &self.tallies[index];
                (tally.count, String::new(), tally.examples.clone())
            }
        };
        if count == 0 || !(finding.applies)(&self.facts, count) {
            return None;
        }
        let share = count as f64 / among.max(1) as f64;
        Some(json!({
            "code": finding.code,
            "title": finding.title,
            "severity": finding.severity(share),
            "count": count,
            "checked": among,
            "share": (share * 1e6).round() / 1e6,
            "detail": self.mask().text(&detail),
            "affix": affix,
            "why": finding.why,
            "repair": finding.repair,
            "examples": examples.iter().map(|example| example.to_json(context.files)).collect::<Vec<_>>(),
        }))
    }
}

/// The literals that findings look for.
fn literals() -> impl Iterator<Item = &'static str> {
    let of = |(_, finding): (usize, &&Finding)| match finding.check {
        Check::Literals(literals, _) => literals,
        _ => &[],
    };
    findings().flat_map(of).copied()
}

fn tally_json(tally: &Tally, context: &Context<'_>) -> Value {
    let why = |example: &Example| {
        let mut place = place_json(example.place, context.files);
        place["why"] = example.excerpt.found.as_str().into();
        place
    };
    json!({"count": tally.count, "examples": tally.examples.iter().map(why).collect::<Vec<_>>()})
}

/// Whether the user has silenced a finding: it counts for nothing.
fn is_silenced(finding: &Value) -> bool {
    !finding["silenced"].is_null()
}

/// The level, and a sentence.
fn verdict(rows: u64, found: &[Value]) -> Value {
    let counted = || found.iter().filter(|finding| !is_silenced(finding));
    let count = |severity: &str| counted().filter(|finding| finding["severity"] == severity).count();
    let (high, medium, low) = (count("high"), count("medium"), count("low"));
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (level, text) = match (rows, high, medium, low) {
        (0, ..) => ("empty", "there are no rows to look at".into()),
        (_, 1.., ..) => ("repair", format!("repair first: {} of high severity", many(high, "finding"))),
        (_, _, 1.., _) => ("look", format!("usable: look at {} of medium severity", many(medium, "finding"))),
        (_, _, _, 1..) => ("good", format!("good: only {} of low severity", many(low, "finding"))),
        _ => ("good", "good: no problem was found".into()),
    };
    json!({"level": level, "text": text})
}

fn classes(facts: &Facts, mask: &Mask) -> Value {
    const SHOWN: usize = 20;
    let Some(ranked) = facts.counts.classes.ranked() else { return Value::Null };
    let class = |(name, rows): &(&str, u64)| json!({"class": mask.text(name), "rows": rows});
    let smallest: Vec<Value> = ranked.iter().rev().take(3).map(class).collect();
    let largest: Vec<Value> = ranked.iter().take(SHOWN).map(class).collect();
    json!({"count": ranked.len(), "largest": largest, "smallest": smallest})
}
