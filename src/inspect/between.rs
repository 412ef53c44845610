//! What rows share with another set.

use serde_json::{Value, json};

use super::other_set::{Found, OtherSet};
use super::tally::Tally;
use super::thousands::thousands;
use super::whole::Whole;

/// The other set, and the rows that are compared with it.
pub(crate) struct Compared {
    pub(crate) set: OtherSet,
    /// The split of the other set, where both are splits of the rows: its number and name.
    pub(crate) split: Option<(u8, String)>,
    /// The names of its files, where it has others.
    pub(crate) files: Vec<String>,
}

/// What rows share with the other set.
#[derive(Debug, Default)]
pub(crate) struct Between {
    /// The rows that are compared.
    pub(super) rows: u64,
    pub(super) shared_rows: Tally,
    /// Rows that share a prompt alone.
    pub(super) shared_prompts: Tally,
    /// The rows of the other set, and those that are shared.
    pub(super) there: u64,
    pub(super) found: Found,
}

impl Between {
    /// Shared rows as a finding: those of this set, and in the detail those of the other.
    pub(super) fn whole(&self, tally: &Tally, there: u64) -> Whole {
        let detail = format!("{} of {} rows there", thousands(there), thousands(self.there));
        Whole { count: tally.count, detail, examples: tally.examples.clone(), affix: None }
    }

    /// Its JSON.
    pub(super) fn to_json(&self, compared: &Compared) -> Value {
        let shared = |tally: &Tally, there: u64| json!({"here": tally.count, "there": there});
        json!({
            "split": compared.split.as_ref().map(|(_, name)| name),
            "files": compared.files,
            "rows": {"here": self.rows, "there": self.there},
            "not_in_dialect": compared.set.unread,
            "shared_rows": shared(&self.shared_rows, self.found.rows),
            "shared_prompts": shared(&self.shared_prompts, self.found.prompts),
        })
    }
}
