//! Builds the report from the counts of all steps.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{
    Counted, First, Groups, KindTokens, Length, Named, Packing, Reason, Report, Rows, Step, StepCounts,
    Tally, Tokens, histogram,
};
use crate::record::{FileNames, finding, reason};

/// The name of the sum of copies that a step made of rows.
pub(crate) const REPEATED: &str = "repeated";

/// What the report needs to know about the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportContext<'a> {
    /// The verb of each step, by number.
    pub(crate) verbs: &'a [&'static str],
    /// The numbers of the steps that are sources.
    pub(crate) sources: &'a [usize],
    /// The names of the splits, by number.
    pub(crate) split_names: &'a [String],
    /// The warnings about the tokenizer, where there is one.
    pub(crate) tokenizer_warnings: Option<&'a [String]>,
    /// The number of the step that packs rows, and the maximum of tokens in a pack.
    pub(crate) pack: Option<(usize, u32)>,
    /// The column of `split(report_by=)`.
    pub(crate) report_by: Option<&'a str>,
}

impl Report {
    /// Builds the report. `counts` are by step, `names` are those of the input files, by number.
    pub(crate) fn new(context: ReportContext<'_>, counts: &[StepCounts], names: &FileNames) -> Self {
        let mut all = StepCounts::default();
        counts.iter().for_each(|c| all.merge(c.clone()));
        let step = |(verb, c): (&&str, &StepCounts)| Step {
            step: (*verb).into(),
            rows_in: c.rows_in,
            rows_out: c.rows_out,
            removed: entries(&c.removed, names),
            repeated: sum(c, REPEATED),
        };
        let read = context.sources.iter().filter_map(|step| counts.get(*step)).map(|c| c.rows_in).sum();
        let written = counts.last().map_or(0, |c| c.rows_out);
        Report {
            rows: rows(&all, read, written),
            steps: context.verbs.iter().zip(counts).map(step).collect(),
            reasons: reasons(&all, names),
            findings: entries(&all.findings, names),
            blank_lines: sum(&all, "blank_lines"),
            tokens: context.tokenizer_warnings.map(|warnings| tokens(warnings, &all)),
            packing: context.pack.map(|(step, max_length)| {
                packing(max_length, &all, counts.get(step).map_or(0, |pack| pack.rows_out))
            }),
            groups: context.report_by.map(|column| groups(column, context.split_names, &all)),
        }
    }
}

fn sum(all: &StepCounts, name: &str) -> u64 {
    all.sums.get(name).copied().unwrap_or(0)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn rows(all: &StepCounts, read: u64, written: u64) -> Rows {
    let removed = |code: &str| all.removed.get(code).map_or(0, Tally::count);
    let duplicate = removed(reason::DUPLICATE) + removed(reason::DUPLICATE_AGAINST);
    let (filtered, rejected) = (removed(reason::FILTERED), sum(all, "rejected"));
    let dropped = all.removed_rows() - rejected - duplicate - filtered;
    Rows { read, written, rejected, duplicate, filtered, dropped, repeated: sum(all, REPEATED) }
}

/// The counts by name, the most frequent first.
pub(crate) fn entries<K: ToString, T: Tally>(tallies: &BTreeMap<K, T>, names: &FileNames) -> Named<Counted> {
    let mut entries: Vec<(String, Counted)> =
        tallies.iter().map(|(name, tally)| (name.to_string(), counted(tally, names))).collect();
    entries.sort_by(|(a, m), (b, n)| (Reverse(m.count), a).cmp(&(Reverse(n.count), b)));
    Named(entries)
}

fn counted(tally: &impl Tally, names: &FileNames) -> Counted {
    let first = tally.first();
    let file = names.get(first.file as usize).map_or("?", String::as_str).to_string();
    Counted { count: tally.count(), first: First { file, row: first.row, line: first.line } }
}

/// The reasons of all steps, each with the columns that are the cause, where there are any.
fn reasons(all: &StepCounts, names: &FileNames) -> Named<Reason> {
    let columns = |code: &str| {
        let columns = all.columns.iter().filter(|((reason, _), _)| *reason == code);
        columns.map(|((_, column), rows)| (column.clone(), *rows)).collect()
    };
    let entries = entries(&all.removed, names).0.into_iter();
    entries.map(|(code, rows)| (code.clone(), Reason { rows, columns: columns(&code) })).collect()
}

fn tokens(warnings: &[String], all: &StepCounts) -> Tokens {
    let length = |q: f64| quantile(&all.lengths, q).unwrap_or(0);
    let (total, trained) = (sum(all, "tokens"), sum(all, "trained_tokens"));
    Tokens {
        total,
        trained,
        trained_share: share(trained, total).unwrap_or(0.0),
        kinds: kinds(all),
        rows_without_trained: all.removed.get(reason::NO_TRAINED_TOKEN).map_or(0, Tally::count),
        truncated: sum(all, "truncated"),
        doubled_bos: all.finding_count(finding::DOUBLED_BOS),
        length: Length {
            p50: length(0.5),
            p99: length(0.99),
            max: length(1.0),
            histogram: histogram(all.lengths.iter().map(|(length, rows)| (u64::from(*length), *rows))),
        },
        stop_stable_share: share(sum(all, "stop_stable"), sum(all, "stop_rows")),
        warnings: warnings.to_vec(),
    }
}

/// The tokens of each kind; none where no row has any.
fn kinds(all: &StepCounts) -> BTreeMap<String, KindTokens> {
    let kinds = [
        ("reasoning", "reasoning_tokens", "trained_reasoning_tokens"),
        ("calls", "calls_tokens", "trained_calls_tokens"),
        ("content", "content_tokens", "trained_content_tokens"),
    ];
    let kinds = kinds.map(|(kind, total, trained)| {
        (kind.to_string(), KindTokens { total: sum(all, total), trained: sum(all, trained) })
    });
    match kinds.iter().any(|(_, tokens)| tokens.total > 0) {
        true => kinds.into(),
        false => BTreeMap::new(),
    }
}

fn packing(max_length: u32, all: &StepCounts, packs: u64) -> Packing {
    let tokens = sum(all, "packed_tokens");
    let fill = share(tokens, packs * u64::from(max_length)).unwrap_or(0.0);
    Packing { documents: sum(all, "documents"), packs, tokens, max_length, fill }
}

fn groups(column: &str, split_names: &[String], all: &StepCounts) -> Groups {
    let mut rows: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for ((value, split), n) in &all.groups {
        rows.entry(value).or_insert_with(|| vec![0; split_names.len()])[usize::from(*split)] += n;
    }
    let by_split = |counts: Vec<u64>| split_names.iter().cloned().zip(counts).collect();
    let rows = rows.into_iter().map(|(value, counts)| (value.to_string(), by_split(counts)));
    Groups { column: column.into(), rows: rows.collect() }
}

/// A quantile of a histogram of lengths, by nearest rank: always a length that occurs.
fn quantile(lengths: &BTreeMap<u32, u64>, share: f64) -> Option<u32> {
    let rows: u64 = lengths.values().sum();
    let rank = ((rows as f64 * share).ceil() as u64).clamp(1, rows.max(1));
    let mut seen = 0;
    lengths
        .iter()
        .find(|&(_, n)| {
            seen += n;
            seen >= rank
        })
        .map(|(length, _)| *length)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Place;

    /// Counts of many kinds for a row, which follow from its number.
    fn count(counts: &mut StepCounts, row: u64) {
        let place =
            Place { file: 0, row, line: row.is_multiple_of(2).then_some(row + 1), byte: None, copy: 0 };
        counts.rows_in += 1;
        counts.add("tokens", row);
        counts.add("trained_tokens", row / 2);
        *counts.lengths.entry(row as u32 % 7).or_default() += 1;
        counts.add_finding(finding::DOUBLED_BOS, place, u64::from(row.is_multiple_of(11)));
        counts.add_named_finding(finding::LATE_COLUMN, &(row * 31 % 257).to_string(), place, row % 3);
        if row.is_multiple_of(5) {
            counts.add_removed(reason::MISSING_FIELD, place);
            counts.blame(reason::MISSING_FIELD, ["a", "b"][row as usize % 2]);
            counts.add("rejected", 1);
        } else {
            counts.rows_out += 1;
            *counts.groups.entry((["x", "y"][row as usize % 2].into(), (row % 3 % 2) as u8)).or_default() +=
                1;
        }
    }

    fn report(counts: StepCounts) -> Report {
        let context = ReportContext {
            verbs: &["scan_jsonl"],
            sources: &[0],
            split_names: &["train".into(), "valid".into()],
            tokenizer_warnings: Some(&["other ids".into()]),
            pack: Some((0, 64)),
            report_by: Some("c"),
        };
        Report::new(context, &[counts], &Arc::new(vec!["in.jsonl".into()]))
    }

    #[test]
    fn the_report_does_not_depend_on_parts_and_their_order() {
        let mut whole = StepCounts::default();
        (0..1_000).for_each(|row| count(&mut whole, row));
        let whole = report(whole);
        assert!(whole.findings.iter().any(|(name, _)| name == "late_columns"));
        for size in [1, 7, 400] {
            let mut parts: Vec<StepCounts> = vec![];
            for row in 0..1_000 {
                if row % size == 0 {
                    parts.push(StepCounts::default());
                }
                count(parts.last_mut().unwrap(), row);
            }
            for turn in 0..3 {
                match turn {
                    0 => {}
                    1 => parts.reverse(),
                    _ => parts.sort_by_key(|part| part.sums["tokens"].wrapping_mul(0x9e37_79b9) % 1_009),
                }
                let mut all = StepCounts::default();
                parts.iter().cloned().for_each(|part| all.merge(part));
                assert_eq!(report(all), whole, "{size} {turn}");
            }
        }
    }

    #[test]
    fn its_json_is_read_as_the_same_report() {
        let mut counts = StepCounts::default();
        (0..100).for_each(|row| count(&mut counts, row));
        for report in [report(counts), report(StepCounts::default())] {
            let text = report.to_string();
            let read: Report = serde_json::from_str(&text).unwrap();
            assert_eq!(read, report);
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn the_most_frequent_come_first_with_their_columns() {
        let mut counts = StepCounts::default();
        (0..20).for_each(|row| count(&mut counts, row));
        counts.add_named_finding(
            finding::COERCED,
            "x",
            Place { file: 9, row: 3, line: None, byte: None, copy: 0 },
            99,
        );
        let json = report(counts).to_json();
        let reason = r#"{"count":4,"first":{"file":"in.jsonl","row":0,"line":1},"columns":{"a":2,"b":2}}"#;
        assert_eq!(json["reasons"]["missing_field"].to_string(), reason);
        let found = json["findings"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(found.0, "coerced:x");
        assert_eq!(found.1.to_string(), r#"{"count":99,"first":{"file":"?","row":3,"line":null}}"#);
    }
}
