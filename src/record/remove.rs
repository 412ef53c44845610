//! Removes rows from a batch by policy. Every removed row is counted.

use arrow::array::BooleanArray;

use super::batch::Batch;
use super::policy::Policy;
use super::reject_json::record_json;
use super::removal::{Reject, Removal};
use crate::error::{Class, Error, Result};
use crate::report::StepCounts;

impl Batch {
    /// Removes rows by policy and counts them. `removals` are in row order, at most one for each row.
    ///
    /// # Errors
    /// The first removal, where the policy is `Raise`.
    pub(crate) fn remove(
        mut self,
        removals: Vec<Removal>,
        policy: Policy,
        counts: &mut StepCounts,
    ) -> Result<Self> {
        if removals.is_empty() {
            return Ok(self);
        }
        let mut keep = vec![true; self.rows()];
        for removal in removals {
            let place = self.places.at(removal.index);
            keep[removal.index] = false;
            counts.add_removed(removal.code, place);
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
                        .help("the policy \"reject\" writes such rows to rejects.jsonl, and continues");
                    if let Some(column) = removal.column {
                        e = e.column(column);
                    }
                    return Err(e.file(place.file));
                }
            }
        }
        self.keep(&BooleanArray::from(keep))
    }

    /// Removes rows by a policy for each, in row order. Where one has the policy `Raise`, the error names the first
    /// of those.
    pub(crate) fn remove_each(
        self,
        removals: Vec<(Policy, Removal)>,
        counts: &mut StepCounts,
    ) -> Result<Self> {
        if let Some((policy, first)) = removals.iter().find(|(policy, _)| *policy == Policy::Raise) {
            return self.remove(vec![first.clone()], *policy, counts);
        }
        let (rejected, mut dropped): (Vec<_>, Vec<_>) =
            removals.into_iter().partition(|(p, _)| *p == Policy::Reject);
        for (_, removal) in &mut dropped {
            removal.index -= rejected.partition_point(|(_, r)| r.index < removal.index);
        }
        let without_policy =
            |removals: Vec<(Policy, Removal)>| removals.into_iter().map(|(_, removal)| removal).collect();
        let batch = self.remove(without_policy(rejected), Policy::Reject, counts)?;
        batch.remove(without_policy(dropped), Policy::Drop, counts)
    }
}
