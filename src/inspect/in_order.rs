//! What follows from the rows before a row, or from another set: rows are added in input order.

use super::between::Compared;
use super::facts::Facts;
use super::groups::BatchGroups;
use super::look::Look;
use super::other_set::Shared;
use super::prompt_index::PromptIndex;
use super::ready::{Code, Keyed, Listed};
use super::row::{OpenRows, Row};
use super::row_examples::{end_example, start_example};
use super::row_lines::RowLines;
use super::tally::Example;
use crate::error::{Error, Result};
use crate::hash;
use crate::record::Batch;

/// The findings that follow from the rows before a row, or from another set.
const DUPLICATES: &str = "duplicate_rows";
const CONFLICTS: &str = "conflicting_answers";
const SHARED_ROWS: &str = "shared_rows";
const SHARED_PROMPTS: &str = "shared_prompts";
const NO_SEPARATOR: &str = "missing_separator";
const NO_STOP: &str = "missing_stop";

/// What follows from rows in input order.
pub(super) struct InOrder {
    index: PromptIndex,
    pub(super) compared: Option<Compared>,
    pub(super) lines: Option<RowLines>,
}

/// A batch of which the rows were looked at.
pub(super) struct Looked<'b> {
    pub(super) batch: &'b Batch,
    pub(super) keys: Vec<Keyed>,
    pub(super) listed: Vec<Listed>,
    pub(super) groups: &'b mut [BatchGroups],
}

impl InOrder {
    /// Compares rows with another set, and writes all rows of the findings to `lines`.
    pub(super) fn new(compared: Option<Compared>, lines: Option<RowLines>) -> Self {
        InOrder { index: PromptIndex::default(), compared, lines }
    }

    /// Adds the keys and ends of the rows of a batch to the facts, and lists the findings of each row.
    ///
    /// # Errors
    /// `cannot_write`. `Internal`.
    pub(super) fn add(&mut self, look: &Look, looked: Looked<'_>, facts: &mut Facts) -> Result<()> {
        let Looked { batch, keys, listed, groups } = looked;
        let mut open: Option<Box<dyn OpenRows + '_>> = None;
        let mut example =
            |row: usize, make: &dyn Fn(&Row<'_>) -> Option<Example>| -> Result<Option<Example>> {
                let open = match &mut open {
                    Some(open) => open,
                    empty => empty.insert(look.rows.open(batch)?),
                };
                let mut made = None;
                open.row(row, &mut |row| made = make(row)).map_err(Error::internal)?;
                Ok(made)
            };
        let mut listed = listed.into_iter().peekable();
        for Keyed { row, keys, is_compared, prompt_end, answer_end, answer } in &keys {
            let mut lines: Vec<(Code, Example)> = Vec::new();
            while let Some(listed) = listed.next_if(|listed| listed.row == *row) {
                lines.push((listed.code, listed.example));
            }
            let seen = self.index.add(keys);
            if seen.same.is_some() {
                groups.iter_mut().filter_map(|by| by.of(*row)).for_each(|group| group.duplicates += 1);
            }
            if let Some(answer) = answer
                && seen.same.is_none()
            {
                let at = (keys.place, answer.turn);
                facts.answers.add(answer.hash, at, &answer.start);
                if let Some(opening) = &answer.opening {
                    facts.openings.add(hash::text(opening, 0), at, opening);
                }
            }
            let mut seen = vec![
                (DUPLICATES, seen.same, &mut facts.duplicates),
                (CONFLICTS, seen.conflict, &mut facts.conflicts),
            ];
            if *is_compared && let (Some(compared), Some(between)) = (&mut self.compared, &mut facts.between)
            {
                let Shared { row, prompt } = compared.set.look_up(keys);
                between.rows += 1;
                between.shared_rows.count += u64::from(row.is_some());
                between.shared_prompts.count += u64::from(prompt.is_some());
                seen.push((SHARED_ROWS, row, &mut between.shared_rows));
                seen.push((SHARED_PROMPTS, prompt, &mut between.shared_prompts));
            }
            for (code, other, tally) in seen {
                if let Some(other) = other
                    && (look.lists || tally.wants(keys.place))
                    && let Some(made) =
                        example(*row, &|row| start_example(keys.place, row, Some(other), &look.mask))?
                {
                    if tally.wants(keys.place) {
                        tally.keep(made.clone());
                    }
                    lines.push((code.into(), made));
                }
            }
            let ends = [
                (NO_SEPARATOR, true, prompt_end, &mut facts.prompt_ends),
                (NO_STOP, false, answer_end, &mut facts.answer_ends),
            ];
            for (code, is_prompt, edge, ends) in ends {
                if let Some(edge) = edge {
                    let show = || example(*row, &|row| end_example(keys.place, row, is_prompt, &look.mask));
                    let lack = ends.add(keys.place, *edge, look.lists, show)?;
                    lines.extend(lack.into_iter().map(|example| (code.into(), example)));
                }
            }
            self.write(&lines)?;
        }
        Ok(())
    }

    /// Adds to the facts what is known after the last row.
    ///
    /// # Errors
    /// `cannot_write`.
    pub(super) fn finish(&mut self, facts: &mut Facts) -> Result<()> {
        let ends = [(NO_SEPARATOR, &mut facts.prompt_ends), (NO_STOP, &mut facts.answer_ends)];
        for (code, ends) in ends {
            let lack: Vec<_> = ends.decide().into_iter().map(|example| (code.into(), example)).collect();
            self.write(&lack)?;
        }
        self.lines.iter_mut().try_for_each(RowLines::finish)?;
        if let (Some(compared), Some(between)) = (&self.compared, &mut facts.between) {
            between.found = compared.set.found();
        }
        facts.duplicates.count = self.index.duplicates;
        facts.conflicts.count = self.index.conflict_rows;
        facts.conflicting_prompts = self.index.conflicts;
        facts.both_labels = (self.index.both_labels, self.index.both_label_rows);
        Ok(())
    }

    fn write(&mut self, lines: &[(Code, Example)]) -> Result<()> {
        match &mut self.lines {
            Some(to) => lines.iter().try_for_each(|(code, example)| to.write(code, example)),
            None => Ok(()),
        }
    }
}
