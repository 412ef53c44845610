//! Removes rows that a target would refuse.

use super::limit::{Severity, Target};
use super::row_checks::check_line;
use crate::error::Result;
use crate::flow::Map;
use crate::record::{Batch, Policy, Removal, json, reason};
use crate::report::StepCounts;

/// Removes rows that break a limit of a target, as the lines that are written of them.
pub(crate) struct LintStage {
    pub(crate) target: &'static Target,
}

impl Map for LintStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let (mut removals, mut line) = (Vec::new(), Vec::new());
        for index in 0..batch.rows() {
            line.clear();
            json::write_present(&mut line, &batch.records, index);
            let refused = check_line(self.target, &line, 1, false).broken.into_iter().find_map(|broken| {
                let limit = self.target.limits().nth(broken.limit)?;
                (limit.severity == Severity::Error)
                    .then(|| format!("{}: {}: {}", limit.rule.code(), limit.rule.text(), broken.detail))
            });
            if let Some(detail) = refused {
                removals.push(Removal { index, code: reason::NOT_IN_TARGET, column: None, detail });
            }
        }
        batch.remove(removals, Policy::Reject, counts)
    }
}
