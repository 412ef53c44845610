//! `pack`.

use super::builder::Builder;
use super::stages::Barrier;
use crate::error::{Class, Error, Result};
use crate::pack::{self, PackOptions};
use crate::plan::Step;
use crate::plan::explain::detail;
use crate::record::schema::INPUT_IDS;

impl Builder<'_> {
    pub fn pack(&mut self, max_length: Option<usize>, seed: u64) -> Result<()> {
        let wrong =
            |message: String, help: &str| Err(Error::new(Class::Plan, "bad_max_length", message).help(help));
        let (Some(_), true) = (&self.out.tokenizer, self.empty.records.column_by_name(INPUT_IDS).is_some())
        else {
            return wrong("pack: the rows have no token ids".into(), "put .tokenize(...) before it");
        };
        let Some(longest) = self.out.max_length else {
            return wrong(
                "pack: a row may have any number of tokens, and none is cut".into(),
                "give tokenize a max_length: its on_overflow decides about longer rows",
            );
        };
        let limit = max_length.unwrap_or(longest);
        if limit < longest {
            return wrong(
                format!("pack: max_length={limit}, but rows have up to {longest} tokens, and none is cut"),
                "give tokenize the same max_length: its on_overflow decides about longer rows",
            );
        }
        let Ok(max_length) = u32::try_from(limit) else {
            return wrong(
                format!("pack: max_length={limit} is too large"),
                "packs of millions of tokens train nobody",
            );
        };
        let kept = pack::needed(&self.empty.records)?;
        let lost: Vec<String> =
            self.visible().into_iter().filter(|name| kept.column_by_name(name).is_none()).collect();
        self.say(
            "pack",
            &format!("best fit decreasing, max_length={max_length}; order by seed={seed}"),
            "barrier",
        );
        if !lost.is_empty() {
            self.out.lines.push(detail(&format!("leaves out {}", lost.join(", "))));
        }
        let mut later = self.plan.steps.iter().skip_while(|step| !matches!(step, Step::Tokenize(_)));
        let as_made = later.all(keeps_labels);
        let labels_follow = as_made && pack::labels_follow(&kept);
        self.empty.records = pack::join(&kept, &[], labels_follow)?;
        self.out.barrier = Some(Barrier::Pack(PackOptions { max_length, seed, labels_follow }));
        Ok(())
    }
}

/// Whether labels and segments are after this step as they were before it; named one by one, so that nobody forgets a
/// new one.
fn keeps_labels(step: &Step) -> bool {
    match step {
        Step::WithColumns { .. } | Step::MapBatches { .. } | Step::Rename(_) => false,
        Step::Select(_)
        | Step::Filter { .. }
        | Step::Head(_)
        | Step::Validate { .. }
        | Step::Format { .. }
        | Step::Dedup { .. }
        | Step::Split { .. }
        | Step::Restore { .. }
        | Step::Tokenize(_)
        | Step::Shuffle { .. }
        | Step::Pack { .. } => true,
    }
}
