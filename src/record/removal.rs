//! Taking rows out: by reason, by policy, never in silence.

use arrow::array::BooleanArray;

use super::{Batch, Place, json};
use crate::error::{Class, Error, Result};
use crate::limits::REJECT_RECORD_BYTES;
use crate::report::StepCounts;
use crate::word::Word;

/// What is done with a row for which there is a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Taken out, counted, and kept in `rejects.jsonl`.
    Reject,
    /// Taken out and counted.
    Drop,
    /// The run ends with an error that names the row.
    Raise,
}

impl Word for Policy {
    const ALL: &'static [Self] = &[Policy::Reject, Policy::Drop, Policy::Raise];

    fn name(self) -> &'static str {
        match self {
            Policy::Reject => "reject",
            Policy::Drop => "drop",
            Policy::Raise => "raise",
        }
    }
}

/// What is done with a row whose data hold a control token, written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialPolicy {
    /// The row is taken out.
    Remove(Policy),
    /// The token is taken out of the text.
    Strip,
    /// It stays, and its place is kept, so that the tokenizer takes it for plain text.
    AsText,
    /// It stays, and the tokenizer takes it for the control token.
    AsToken,
}

impl Word for SpecialPolicy {
    const ALL: &'static [Self] = &[
        SpecialPolicy::Remove(Policy::Reject),
        SpecialPolicy::Remove(Policy::Drop),
        SpecialPolicy::Remove(Policy::Raise),
        SpecialPolicy::Strip,
        SpecialPolicy::AsText,
        SpecialPolicy::AsToken,
    ];

    fn name(self) -> &'static str {
        match self {
            SpecialPolicy::Remove(policy) => policy.name(),
            SpecialPolicy::Strip => "strip",
            SpecialPolicy::AsText => "as_text",
            SpecialPolicy::AsToken => "as_token",
        }
    }
}

/// A row of a batch that is to be taken out.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Index within the batch.
    pub index: usize,
    /// Slug of the registry.
    pub code: &'static str,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What exactly: the value, the offset, the limit.
    pub detail: String,
}

/// A rejected row, as `rejects.jsonl` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reject {
    /// Slug of the registry.
    pub code: &'static str,
    /// Where it came from.
    pub place: Place,
    /// Its number in the order that reached the step: [`RowPlace::row`](super::RowPlace::row).
    pub position: u64,
    /// What exactly.
    pub detail: String,
    /// The record as JSON text, valid in itself.
    pub record: String,
}

/// A dropped duplicate and the row that was kept in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    /// The dropped row.
    pub dropped: Place,
    /// Its number in the order that reached the step.
    pub position: u64,
    /// The kept row; none where the key came from an earlier folder.
    pub kept: Option<Place>,
    /// The number of that earlier folder among all of the plan.
    pub against: Option<usize>,
}

impl Batch {
    /// Takes these rows out by policy and counts them. `removals` are in row order, one a row at most.
    pub fn remove(mut self, removals: Vec<Removal>, policy: Policy, counts: &mut StepCounts) -> Result<Self> {
        if removals.is_empty() {
            return Ok(self);
        }
        let mut keep = vec![true; self.rows()];
        for removal in removals {
            let place = self.places.at(removal.index);
            keep[removal.index] = false;
            counts.remove(removal.code, place);
            if let Some(column) = &removal.column {
                counts.blame(removal.code, column);
            }
            match policy {
                Policy::Drop => {}
                Policy::Reject => {
                    counts.add("rejected", 1);
                    let record = record_json(&self, removal.index);
                    let (code, detail) = (removal.code, removal.detail);
                    let position = self.places.rows[removal.index].row;
                    self.rejects.push(Reject { code, place, position, detail, record });
                }
                Policy::Raise => {
                    let mut e = Error::new(Class::Data, removal.code, removal.detail)
                        .row(place.row)
                        .line(place.line)
                        .help("the policy \"reject\" instead of \"raise\" sets such rows aside and goes on");
                    if let Some(column) = removal.column {
                        e = e.column(column);
                    }
                    return Err(e.file(place.file));
                }
            }
        }
        self.keep(&BooleanArray::from(keep))
    }

    /// Takes rows out that have different policies, in row order as above. One to raise for comes first, so that
    /// the first of them is named.
    pub fn remove_each(self, removals: Vec<(Policy, Removal)>, counts: &mut StepCounts) -> Result<Self> {
        if let Some((policy, first)) = removals.iter().find(|(policy, _)| *policy == Policy::Raise) {
            return self.remove(vec![first.clone()], *policy, counts);
        }
        let (rejected, mut dropped): (Vec<_>, Vec<_>) =
            removals.into_iter().partition(|(p, _)| *p == Policy::Reject);
        for (_, removal) in &mut dropped {
            removal.index -= rejected.partition_point(|(_, r)| r.index < removal.index);
        }
        let alone =
            |removals: Vec<(Policy, Removal)>| removals.into_iter().map(|(_, removal)| removal).collect();
        let batch = self.remove(alone(rejected), Policy::Reject, counts)?;
        batch.remove(alone(dropped), Policy::Drop, counts)
    }
}

/// The record as its source had it: the line where there is one, else its columns as an object.
fn record_json(batch: &Batch, index: usize) -> String {
    match batch.places.text_of(index) {
        Some(line) => quote_line(line),
        None => quote_row(json::row(&batch.records, index)),
    }
}

/// A row as a JSON object where it is of bearable size, else as a string of how that begins.
fn quote_row(row: String) -> String {
    if row.len() <= REJECT_RECORD_BYTES {
        return row;
    }
    beginning(row.as_bytes())
}

/// A line as a JSON value: verbatim where it is a JSON object of bearable size, else as a string.
pub fn quote_line(line: &[u8]) -> String {
    if line.len() <= REJECT_RECORD_BYTES
        && let Ok(text) = std::str::from_utf8(line)
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
    {
        return text.trim().to_string();
    }
    beginning(line)
}

/// How a record begins, as a JSON string.
fn beginning(record: &[u8]) -> String {
    let shown = &record[..record.len().min(REJECT_RECORD_BYTES)];
    serde_json::Value::String(String::from_utf8_lossy(shown).into_owned()).to_string()
}
