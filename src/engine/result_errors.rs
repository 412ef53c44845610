//! Errors about the result of a whole run: the reasons why rows were removed, and the fix of the most frequent one.

use crate::error::{Class, Error};
use crate::record::{finding, reason};
use crate::report::{Reason, Report};

/// The code of the error for a result without rows.
pub(crate) const NO_ROWS: &str = "no_rows";
/// The code of the error for rows without columns.
pub(crate) const NO_COLUMNS: &str = "no_columns";
/// The code of the error for more rejects than allowed.
pub(crate) const TOO_MANY_REJECTS: &str = "too_many_rejects";

/// Reasons that do not reject a row.
const NO_REJECTS: [&str; 3] = [reason::FILTERED, reason::DUPLICATE, reason::DUPLICATE_AGAINST];

/// The error for a run that read rows and kept none; none if rows are left, or none were read.
pub(crate) fn nothing_left(report: &Report) -> Option<Error> {
    let read = report.rows.read;
    if report.rows.written > 0 || read == 0 {
        return None;
    }
    Some(summary_error(NO_ROWS, &format!("no rows are left of the {read} read"), "", report))
}

/// An error about many rows: `message`, the removed rows by reason, and `end`. Its help is the fix of the most
/// frequent reason.
pub(crate) fn summary_error(code: &'static str, message: &str, end: &str, report: &Report) -> Error {
    let reasons = removed(report);
    let listed: Vec<String> = reasons.iter().map(|(label, rows)| format!("{rows} {label}")).collect();
    let removed = if listed.is_empty() { String::new() } else { format!("; removed: {}", listed.join(", ")) };
    let error = Error::new(Class::Data, code, format!("{message}{removed}{end}"));
    let counts = |label: &str| code != TOO_MANY_REJECTS || !NO_REJECTS.contains(&label);
    let Some((most_frequent, _)) = reasons.iter().find(|(label, _)| counts(label)) else { return error };
    let error = error.reason(Some(most_frequent.clone()));
    match fix(most_frequent) {
        Some(fix) => error.help(fix),
        None => error,
    }
}

/// The reasons of the report as labels with their numbers of rows, the most frequent first.
fn removed(report: &Report) -> Vec<(String, u64)> {
    let entry = |(code, entry): (&str, &Reason)| (label(code, entry, report), entry.rows.count);
    let mut all: Vec<(String, u64)> = report.reasons.iter().map(entry).collect();
    all.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    all
}

/// The label of a reason: its code, followed by a colon and the most frequent control token or column, if there is
/// one.
fn label(code: &str, entry: &Reason, report: &Report) -> String {
    let named = if code == reason::SPECIAL_TOKEN_IN_TEXT {
        let tokens = report.findings.iter().filter_map(|(name, found)| {
            let token = name.strip_prefix(finding::SPECIAL_TOKEN_IN_TEXT)?.strip_prefix(':')?;
            Some((token, found.count))
        });
        most(tokens.collect())
    } else {
        most(entry.columns.iter().map(|(name, rows)| (name, *rows)).collect())
    };
    named.map_or_else(|| code.to_string(), |named| format!("{code}:{named}"))
}

/// The most frequent name; of several, the first in bytewise order.
fn most(counts: Vec<(&str, u64)>) -> Option<&str> {
    let most = counts.into_iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
    most.map(|(name, _)| name)
}

/// The fix for the reason with this label.
fn fix(label: &str) -> Option<String> {
    let (code, named) = label.split_once(':').unwrap_or((label, ""));
    let fix = reason::find(code)?.fix;
    let (column, token) = if named.is_empty() { ("column", "the token") } else { (named, named) };
    (!fix.is_empty()).then(|| fix.replace("COLUMN", column).replace("TOKEN", token))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Place;
    use crate::report::{ReportContext, StepCounts};

    const PLACE: Place = Place { file: 0, row: 0, line: None, byte: None, copy: 0 };

    fn report(written: u64, removed: &[(&'static str, usize)], note: impl Fn(&mut StepCounts)) -> Report {
        let mut counts = StepCounts { rows_in: 10, rows_out: written, ..StepCounts::default() };
        for (code, rows) in removed {
            (0..*rows).for_each(|_| counts.add_removed(code, PLACE));
        }
        note(&mut counts);
        let shape = ReportContext {
            verbs: &[],
            sources: &[0],
            split_names: &[],
            tokenizer_warnings: None,
            pack: None,
            report_by: None,
        };
        Report::new(shape, &[counts], &Arc::default())
    }

    #[test]
    fn names_the_most_frequent_reason_and_its_fix() {
        let report = report(0, &[("missing_field", 3), ("special_token_in_text", 4)], |counts| {
            for column in ["a", "b", "b"] {
                counts.blame("missing_field", column);
            }
            counts.blame("special_token_in_text", "a");
            counts.add_named_finding("special_token_in_text", "</s>", PLACE, 9);
            counts.add_named_finding("special_token_in_text", "<s>", PLACE, 1);
        });
        let e = nothing_left(&report).unwrap();
        assert_eq!(e.get_reason(), Some("special_token_in_text:</s>"));
        assert_eq!(
            e.message(),
            "no rows are left of the 10 read; removed: 4 special_token_in_text:</s>, 3 missing_field:b"
        );
        assert!(e.get_help().unwrap().contains("stop=\"</s>\""), "{e}");
    }

    #[test]
    fn duplicates_are_not_rejects() {
        let report = report(0, &[("duplicate", 9), ("bad_json", 1)], |counts| counts.add("rejected", 1));
        let e = summary_error(TOO_MANY_REJECTS, "too many", "", &report);
        assert_eq!(e.get_reason(), Some("bad_json"));
        let e = summary_error(NO_ROWS, "none", "", &report);
        assert_eq!(e.get_reason(), Some("duplicate"));
    }

    #[test]
    fn a_run_that_keeps_rows_is_not_an_error() {
        assert!(nothing_left(&report(1, &[("duplicate", 9)], |_| {})).is_none());
    }
}
