//! The sink of `inspect`: any worker looks at the rows of a batch; what the batches say is merged in input order.

use std::sync::Arc;

use serde_json::Value;

use super::FINDINGS;
use super::asked::Asked;
use super::between::{Between, Compared};
use super::classes::Classes;
use super::facts::Facts;
use super::finding::Finding;
use super::groups::{By, Groups};
use super::in_order::{InOrder, Looked};
use super::literals::Literals;
use super::look::Look;
use super::masked::Mask;
use super::own_text::OwnText;
use super::ready::Ready;
use super::row::ReadRows;
use super::row_lines::RowLines;
use super::tally::Tally;
use crate::error::Result;
use crate::flow::{MakeReady, Sink};
use crate::record::FileNames;

/// Takes all rows, and knows the findings at the end.
pub(crate) struct Inspect {
    look: Arc<Look>,
    in_order: InOrder,
    pub(super) tallies: Vec<Tally>,
    /// The other style of findings of two.
    pub(super) others: Vec<Tally>,
    /// Of the rules of the user.
    pub(super) of_rules: Vec<Tally>,
    pub(super) unread: Tally,
    pub(super) facts: Facts,
    pub(super) groups: Vec<Groups>,
}

impl Inspect {
    /// A sink for rows that are read in this way, counted by these groups, and compared with another set; all rows of
    /// the findings are written to `lines`.
    ///
    /// # Errors
    /// `Internal`.
    pub(crate) fn new(
        rows: Arc<dyn ReadRows>,
        by: Vec<By>,
        asked: Asked,
        compared: Option<Compared>,
        lines: Option<RowLines>,
    ) -> Result<Self> {
        let literals = Literals::new(FINDINGS)?;
        let of_rules = vec![Tally::default(); asked.rules.len()];
        let groups = by.iter().cloned().map(Groups::new).collect();
        let compared_split = compared.as_ref().and_then(|compared| Some(compared.split.as_ref()?.0));
        let between =
            compared.as_ref().map(|compared| Between { there: compared.set.total, ..Between::default() });
        let has_own_marks = rows.own_text().is_some_and(|own| !own.has_default_marks());
        Ok(Inspect {
            look: Arc::new(Look {
                rows,
                lists: lines.is_some(),
                literals,
                mask: Mask::new()?,
                by,
                asked,
                compared_split,
            }),
            groups,
            tallies: vec![Tally::default(); FINDINGS.len()],
            others: vec![Tally::default(); FINDINGS.len()],
            of_rules,
            unread: Tally::default(),
            facts: Facts { between, has_own_marks, ..Facts::default() },
            in_order: InOrder::new(compared, lines),
        })
    }

    /// The names of the files, before the first row.
    pub(crate) fn opened(&mut self, files: &FileNames) {
        self.in_order.lines.iter_mut().for_each(|lines| lines.files = files.clone());
    }

    pub(super) fn mask(&self) -> &Mask {
        &self.look.mask
    }

    /// What the rows share with the other set, as JSON.
    pub(super) fn against(&self) -> Value {
        let both = self.facts.between.as_ref().zip(self.in_order.compared.as_ref());
        both.map_or(Value::Null, |(between, compared)| between.to_json(compared))
    }

    pub(super) fn asked(&self) -> &Asked {
        &self.look.asked
    }

    pub(super) fn has_turns(&self) -> bool {
        self.look.rows.has_turns()
    }

    pub(super) fn own_text(&self) -> Option<&OwnText> {
        self.look.rows.own_text()
    }
}

impl Sink for Inspect {
    type Ready = Ready;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Ready>> {
        self.look.clone()
    }

    fn push(&mut self, ready: Ready) -> Result<()> {
        let Ready { batch, tallies, others, of_rules, unread, counts, mut groups, keys, listed } = ready;
        self.tallies.iter_mut().zip(tallies).for_each(|(all, tally)| all.merge(tally));
        self.others.iter_mut().zip(others).for_each(|(all, tally)| all.merge(tally));
        self.of_rules.iter_mut().zip(of_rules).for_each(|(all, tally)| all.merge(tally));
        self.unread.merge(unread);
        self.facts.counts.merge(counts);
        let looked = Looked { batch: &batch, keys, listed, groups: &mut groups };
        self.in_order.add(&self.look, looked, &mut self.facts)?;
        let has_classes = matches!(self.facts.counts.classes, Classes::Few(_));
        let mut pairs = self.groups.iter_mut().zip(groups);
        pairs.try_for_each(|(all, groups)| all.merge(groups, has_classes))
    }

    fn finish(&mut self) -> Result<()> {
        self.in_order.finish(&mut self.facts)?;
        if let Some(counter) = &self.look.asked.counter {
            self.facts.class_tokens = counter.of_classes(&self.facts.counts)?;
        }
        Ok(())
    }
}

/// The findings, for the report.
pub(super) fn findings() -> impl Iterator<Item = (usize, &'static &'static Finding)> {
    FINDINGS.iter().enumerate()
}
