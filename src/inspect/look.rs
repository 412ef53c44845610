//! Looks at the rows of a batch, on any worker.

use std::sync::Arc;

use arrow::array::BooleanArray;

use super::FINDINGS;
use super::asked::Asked;
use super::edges::Edge;
use super::excerpt::Excerpt;
use super::expected::ExpectedTexts;
use super::finding::{Check, Finding, Side};
use super::groups::{By, Measured};
use super::literals::Literals;
use super::masked::Mask;
use super::other_set_sink::splits_of;
use super::ready::{AnswerStart, Keyed, Listed, Ready};
use super::rendered::Rendered;
use super::row::{Match, ReadRows, Row};
use super::row_examples::start_example;
use super::row_keys::row_keys;
use super::tally::Example;
use super::token_counter::{Counter, TokenCounter};
use super::tokens::{KnownTokens, TokenColumns};
use crate::error::Result;
use crate::flow::MakeReady;
use crate::personal_data::Found;
use crate::record::{Batch, Place};

/// Looks at the rows of a batch.
pub(super) struct Look {
    pub(super) rows: Arc<dyn ReadRows>,
    /// Whether all rows of the findings are listed.
    pub(super) lists: bool,
    pub(super) literals: Literals,
    pub(super) mask: Mask,
    /// What rows are counted by.
    pub(super) by: Vec<By>,
    pub(super) asked: Asked,
    /// The split that the others are compared with.
    pub(super) compared_split: Option<u8>,
}

/// Memory that is used again for each row.
#[derive(Default)]
struct Scratch<'t> {
    /// Counts tokens, if they are counted.
    counter: Option<Counter<'t>>,
    found: Vec<Option<Match>>,
    folded: Vec<u8>,
    personal: Vec<Found>,
    measured: Measured,
    /// What becomes of the row, if rows are rendered.
    rendered: Option<Rendered>,
}

impl Look {
    /// Counts the style that a row has, for each finding of two.
    fn styles(&self, row: &Row<'_>, place: Place, ready: &mut Ready) {
        for (i, finding) in FINDINGS.iter().enumerate() {
            let Check::Either(_, _, check) = finding.check else { continue };
            let Some((side, found)) = check(row) else { continue };
            let tally = match side {
                Side::First => &mut ready.tallies[i],
                Side::Second => &mut ready.others[i],
            };
            tally.add(place, || Example::new(place, row, found, &self.mask));
        }
    }

    /// Looks for personal data in the texts of a row; `personal` is overwritten.
    fn personal(&self, row: &Row<'_>, found: &mut [Option<Match>], personal: &mut Vec<Found>) {
        for (text, said) in row.texts.iter().enumerate() {
            self.mask.find(said.text, personal);
            for Found { kind, range } in personal.iter() {
                let is_of = |finding: &&Finding| matches!(finding.check, Check::Personal(of) if of == *kind);
                if let Some(index) = FINDINGS.iter().position(is_of) {
                    found[index].get_or_insert(Match { text, start: range.start, end: range.end });
                }
            }
        }
    }

    /// Counts a row of which a text is not as the user expects, once for each finding.
    fn unexpected(
        &self,
        texts: &ExpectedTexts<'_>,
        row: &Row<'_>,
        (place, number): (Place, usize),
        ready: &mut Ready,
    ) {
        for (finding, tally) in FINDINGS.iter().zip(&mut ready.tallies) {
            let Check::Expected(check) = finding.check else { continue };
            let mut found = None;
            texts.each(number, row, |expected, text, index| {
                if found.is_none() && check(expected, text) {
                    found = Some(match index {
                        Some(index) => Example::new(place, row, Match::whole(row, index), &self.mask),
                        None => Example::of_column(place, &expected.on, text, &self.mask),
                    });
                }
            });
            let Some(example) = found else { continue };
            if self.lists {
                let example = example.clone();
                ready.listed.push(Listed { row: number, code: finding.code.into(), example });
            }
            tally.add(place, || example);
        }
    }

    /// Counts a row for which a rule is true.
    fn ruled(&self, rule: usize, row: &Row<'_>, (place, number): (Place, usize), ready: &mut Ready) {
        let example = || {
            let start = start_example(place, row, None, &self.mask);
            start.unwrap_or_else(|| Example::of_row(place, Excerpt::default()))
        };
        ready.of_rules[rule].add(place, example);
        if self.lists {
            let code = self.asked.rules[rule].name.clone().into();
            ready.listed.push(Listed { row: number, code, example: example() });
        }
    }

    /// Counts what becomes of a row when it is rendered, once for each finding.
    fn rendered(&self, rendered: &Rendered, (place, number): (Place, usize), ready: &mut Ready) {
        for (finding, tally) in FINDINGS.iter().zip(&mut ready.tallies) {
            if !matches!(finding.check, Check::Rendered) {
                continue;
            }
            let Some(fault) = rendered.faults.iter().find(|fault| fault.code == finding.code) else {
                continue;
            };
            let excerpt = Excerpt { found: self.mask.text(&fault.detail), ..Excerpt::default() };
            let speaker = if fault.message == 0 { "row" } else { "message" };
            let example =
                Example { place, speaker: speaker.into(), turn: fault.message, excerpt, other: None };
            if self.lists {
                let example = example.clone();
                ready.listed.push(Listed { row: number, code: finding.code.into(), example });
            }
            tally.add(place, || example);
        }
    }

    /// Looks at a row.
    ///
    /// # Errors
    /// `Tokenizer`: the tokenizer has no id for a part of a text.
    fn row(
        &self,
        row: &Row<'_>,
        at: (Place, usize),
        scratch: &mut Scratch<'_>,
        ready: &mut Ready,
    ) -> Result<()> {
        let ((place, number), found) = (at, &mut scratch.found);
        ready.counts.add(row, &mut scratch.measured);
        for group in ready.groups.iter_mut().filter_map(|by| by.of(number)) {
            group.add(&scratch.measured, row.answer().map(|(_, answer)| answer));
        }
        let counted = scratch.counter.as_mut().map(|counter| counter.row(row)).transpose()?;
        if let Some(counted) = &counted {
            ready.counts.counted.add(row, counted);
        }
        let tokens = KnownTokens {
            tokenized: scratch.measured.tokens,
            counted,
            context: self.asked.context,
            is_untrained: scratch.rendered.as_ref().is_some_and(|rendered| !rendered.is_trained),
        };
        found.clear();
        found.extend(FINDINGS.iter().map(|finding| match finding.check {
            Check::Row(check) => check(row),
            Check::Tokens(check) => check(&tokens).then(|| Match::longest(row)),
            Check::Literals(..)
            | Check::Personal(_)
            | Check::Either(..)
            | Check::Expected(_)
            | Check::Rendered
            | Check::Whole(_) => None,
        }));
        if let Some(rendered) = &scratch.rendered {
            self.rendered(rendered, at, ready);
        }
        self.styles(row, place, ready);
        self.personal(row, found, &mut scratch.personal);
        let own = self.rows.own_text();
        self.literals.search(row, |index, hit| {
            if found[index].is_none()
                && !own.is_some_and(|own| own.writes(hit.literal))
                && let Check::Literals(_, accept) = FINDINGS[index].check
            {
                found[index] = accept(row, hit);
            }
        });
        for ((tally, finding), found) in ready.tallies.iter_mut().zip(FINDINGS).zip(found) {
            let Some(found) = found else { continue };
            tally.add(place, || Example::new(place, row, *found, &self.mask));
            if self.lists {
                ready.listed.push(Listed {
                    row: number,
                    code: finding.code.into(),
                    example: Example::new(place, row, *found, &self.mask),
                });
            }
        }
        ready.keys.push(Keyed {
            row: number,
            keys: row_keys(row, place, &mut scratch.folded),
            is_compared: true,
            prompt_end: row.question().last().map(|(_, text)| Edge::of(text)),
            answer_end: row.answer().map(|(_, text)| Edge::of(text)),
            answer: row
                .answer()
                .and_then(|(text, said)| AnswerStart::of(row.texts[text].turn, said, &self.mask)),
        });
        Ok(())
    }
}

impl MakeReady<Ready> for Look {
    fn make_ready(&self, batch: Batch) -> Result<Ready> {
        let mut ready = Ready::new(batch, &self.by, self.asked.rules.len())?;
        let batch = ready.batch.clone();
        let rows = self.rows.open(&batch)?;
        let tokens = TokenColumns::of(&batch);
        let rendered = self.asked.rendered.as_ref().map(|rendered| rendered.open(&batch)).transpose()?;
        let expected = ExpectedTexts::of(&self.asked.expected, &batch)?;
        let ruled = self.asked.rules.iter().map(|rule| rule.check.check(&batch.records));
        let ruled: Vec<BooleanArray> = ruled.collect::<Result<_>>()?;
        let counter = self.asked.counter.as_ref().map(TokenCounter::counter);
        let mut scratch = Scratch { counter, ..Scratch::default() };
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            scratch.measured.start(tokens.as_ref().map(|tokens| tokens.row(i)));
            scratch.rendered = match &rendered {
                Some(rendered) => rendered.row(i).map_err(|e| e.row(place.row))?,
                None => None,
            };
            let mut looked = Ok(());
            let read = rows.row(i, &mut |row| {
                looked = self.row(row, (place, i), &mut scratch, &mut ready);
                self.unexpected(&expected, row, (place, i), &mut ready);
                let are_true = ruled.iter().enumerate().filter(|(_, ruled)| ruled.value(i));
                are_true.for_each(|(rule, _)| self.ruled(rule, row, (place, i), &mut ready));
            });
            looked.map_err(|e| e.row(place.row))?;
            if let Err(why) = read {
                let excerpt = Excerpt { found: self.mask.text(&why), ..Excerpt::default() };
                ready.unread.add(place, || Example::of_row(place, excerpt));
            }
        }
        if let Some(split) = self.compared_split {
            let splits = splits_of(&batch)?;
            ready.keys.iter_mut().for_each(|keyed| keyed.is_compared = splits[keyed.row] != split);
        }
        Ok(ready)
    }
}
