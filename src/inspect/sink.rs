//! The sink of `inspect`: any worker looks at the rows of a batch; what the batches say is merged in input order.

use std::sync::Arc;

use serde_json::Value;

use super::FINDINGS;
use super::between::{Between, Compared};
use super::classes::Classes;
use super::edges::Edge;
use super::excerpt::Excerpt;
use super::facts::{Counts, Facts};
use super::finding::{Check, Finding, Side};
use super::groups::{BatchGroups, By, Groups, Measured};
use super::literals::Literals;
use super::masked::{Mask, hide};
use super::other_set::Shared;
use super::other_set_sink::splits_of;
use super::prompt_index::PromptIndex;
use super::row::{Match, OpenRows, ReadRows, Row, Text};
use super::row_keys::{RowKeys, row_keys};
use super::row_lines::RowLines;
use super::tally::{Example, Tally};
use super::token_counter::{Counter, TokenCounter};
use super::tokens::TokenColumns;
use crate::error::{Error, Result};
use crate::flow::{MakeReady, Sink};
use crate::hash;
use crate::personal_data::Found;
use crate::record::{Batch, FileNames, Place};

/// Takes all rows, and knows the findings at the end.
pub(crate) struct Inspect {
    look: Arc<Look>,
    index: PromptIndex,
    pub(super) tallies: Vec<Tally>,
    /// The other style of findings of two.
    pub(super) others: Vec<Tally>,
    pub(super) unread: Tally,
    pub(super) facts: Facts,
    pub(super) groups: Vec<Groups>,
    compared: Option<Compared>,
    lines: Option<RowLines>,
}

/// Looks at the rows of a batch.
struct Look {
    rows: Arc<dyn ReadRows>,
    /// Whether all rows of the findings are listed.
    lists: bool,
    literals: Literals,
    mask: Mask,
    /// What rows are counted by.
    by: Vec<By>,
    /// Counts tokens, if they are counted.
    counter: Option<TokenCounter>,
    /// The split that the others are compared with.
    compared_split: Option<u8>,
}

/// What a batch says.
pub(crate) struct Ready {
    batch: Batch,
    tallies: Vec<Tally>,
    others: Vec<Tally>,
    /// Rows that are none of their dialect.
    unread: Tally,
    counts: Counts,
    groups: Vec<BatchGroups>,
    keys: Vec<Keyed>,
    /// The findings of the rows, if they are listed.
    listed: Vec<Listed>,
}

/// A finding of a row.
struct Listed {
    /// The number of the row in its batch.
    row: usize,
    code: &'static str,
    example: Example,
}

struct Keyed {
    /// The number of the row in its batch.
    row: usize,
    keys: RowKeys,
    /// Whether it is compared with the other set, if there is one.
    is_compared: bool,
    prompt_end: Option<Edge>,
    answer_end: Option<Edge>,
    answer: Option<AnswerStart>,
}

/// What is counted of the last answer.
struct AnswerStart {
    turn: u32,
    /// Of the whole answer.
    hash: u64,
    start: Box<str>,
    /// Its first three words, where there are more.
    opening: Option<Box<str>>,
}

impl Inspect {
    /// A sink for rows that are read in this way, counted by these groups, and compared with another set; all rows of
    /// the findings are written to `lines`. With a `counter`, tokens are counted.
    ///
    /// # Errors
    /// `Internal`.
    pub(crate) fn new(
        rows: Arc<dyn ReadRows>,
        by: Vec<By>,
        compared: Option<Compared>,
        lines: Option<RowLines>,
        counter: Option<TokenCounter>,
    ) -> Result<Self> {
        let literals = Literals::new(FINDINGS)?;
        let groups = by.iter().cloned().map(Groups::new).collect();
        let compared_split = compared.as_ref().and_then(|compared| Some(compared.split.as_ref()?.0));
        let between =
            compared.as_ref().map(|compared| Between { there: compared.set.total, ..Between::default() });
        Ok(Inspect {
            look: Arc::new(Look {
                rows,
                lists: lines.is_some(),
                literals,
                mask: Mask::new()?,
                by,
                counter,
                compared_split,
            }),
            groups,
            index: PromptIndex::default(),
            tallies: vec![Tally::default(); FINDINGS.len()],
            others: vec![Tally::default(); FINDINGS.len()],
            unread: Tally::default(),
            facts: Facts { between, ..Facts::default() },
            compared,
            lines,
        })
    }

    /// The names of the files, before the first row.
    pub(crate) fn opened(&mut self, files: &FileNames) {
        self.lines.iter_mut().for_each(|lines| lines.files = files.clone());
    }

    pub(super) fn mask(&self) -> &Mask {
        &self.look.mask
    }

    /// What the rows share with the other set, as JSON.
    pub(super) fn against(&self) -> Value {
        let both = self.facts.between.as_ref().zip(self.compared.as_ref());
        both.map_or(Value::Null, |(between, compared)| between.to_json(compared))
    }

    pub(super) fn counter(&self) -> Option<&TokenCounter> {
        self.look.counter.as_ref()
    }

    pub(super) fn has_turns(&self) -> bool {
        self.look.rows.has_turns()
    }

    /// Adds the keys and ends of the rows of a batch, and lists the findings of each row.
    fn add_keys(
        &mut self,
        batch: &Batch,
        keyed: &[Keyed],
        listed: Vec<Listed>,
        groups: &mut [BatchGroups],
    ) -> Result<()> {
        let look = Arc::clone(&self.look);
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
        let facts = &mut self.facts;
        for Keyed { row, keys, is_compared, prompt_end, answer_end, answer } in keyed {
            let mut lines: Vec<(&str, Example)> = Vec::new();
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
                        example(*row, &|row| prompt_example(keys.place, row, other, &look.mask))?
                {
                    if tally.wants(keys.place) {
                        tally.keep(made.clone());
                    }
                    lines.push((code, made));
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
                    lines.extend(lack.into_iter().map(|example| (code, example)));
                }
            }
            write(&mut self.lines, &lines)?;
        }
        Ok(())
    }
}

/// The findings that follow from the rows before a row, or from another set.
const DUPLICATES: &str = "duplicate_rows";
const CONFLICTS: &str = "conflicting_answers";
const SHARED_ROWS: &str = "shared_rows";
const SHARED_PROMPTS: &str = "shared_prompts";
const NO_SEPARATOR: &str = "missing_separator";
const NO_STOP: &str = "missing_stop";

fn write(to: &mut Option<RowLines>, lines: &[(&str, Example)]) -> Result<()> {
    match to {
        Some(to) => lines.iter().try_for_each(|(code, example)| to.write(code, example)),
        None => Ok(()),
    }
}

/// The start of the last question, or of the answer where there is none.
fn prompt_example(place: Place, row: &Row<'_>, other: Place, mask: &Mask) -> Option<Example> {
    let (text, said) = row.question().next().or_else(|| row.answer()).or_else(|| {
        let first = row.texts.first()?;
        Some((0, first.text))
    })?;
    let Text { speaker, turn, .. } = row.texts[text];
    let mut personal = Vec::new();
    mask.find(said, &mut personal);
    let excerpt = Excerpt::start_of(said, &personal);
    Some(Example { place, speaker: speaker.name(), turn, excerpt, other: Some(other) })
}

/// The end of the last question or of the answer.
fn end_example(place: Place, row: &Row<'_>, is_prompt: bool, mask: &Mask) -> Option<Example> {
    let (text, said) = if is_prompt { row.question().last()? } else { row.answer()? };
    let start = said.char_indices().rev().nth(7).map_or(0, |(start, _)| start);
    Some(Example::new(place, row, Match { text, start, end: said.len() }, mask))
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
}

impl Look {
    /// What is counted of an answer; nothing of a short one, which is a name, a number or a class.
    fn answer_start(&self, turn: u32, answer: &str) -> Option<AnswerStart> {
        const LEAST: usize = 20;
        const SHOWN: usize = 60;
        if answer.len() < LEAST {
            return None;
        }
        let mut words = answer.split_whitespace();
        let three: Vec<&str> = words.by_ref().take(3).collect();
        let has_more = words.next().is_some();
        let opening = three.join(" ");
        let end = answer.floor_char_boundary(SHOWN);
        // All personal data but names has a digit or this sign.
        let may_be_personal = answer[..end].bytes().any(|byte| byte.is_ascii_digit() || byte == b'@');
        let mut personal = Vec::new();
        if may_be_personal {
            self.mask.find(answer, &mut personal);
        }
        Some(AnswerStart {
            turn,
            hash: hash::text(answer, 0),
            start: hide(answer, (0, end), &personal).into(),
            opening: (has_more && opening.len() <= SHOWN).then(|| opening.into()),
        })
    }

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
        let tokens = scratch.counter.as_mut().map(|counter| counter.row(row)).transpose()?;
        if let Some(tokens) = &tokens {
            ready.counts.counted.add(row, tokens);
        }
        found.clear();
        found.extend(FINDINGS.iter().map(|finding| match finding.check {
            Check::Row(check) => check(row),
            Check::Tokens(check) => tokens.as_ref().and_then(|tokens| check(row, tokens)),
            Check::Literals(..) | Check::Personal(_) | Check::Either(..) | Check::Whole(_) => None,
        }));
        self.styles(row, place, ready);
        self.personal(row, found, &mut scratch.personal);
        self.literals.search(row, |index, hit| {
            if found[index].is_none()
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
                    code: finding.code,
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
            answer: row.answer().and_then(|(text, said)| self.answer_start(row.texts[text].turn, said)),
        });
        Ok(())
    }
}

impl MakeReady<Ready> for Look {
    fn make_ready(&self, batch: Batch) -> Result<Ready> {
        let mut ready = Ready {
            tallies: vec![Tally::default(); FINDINGS.len()],
            others: vec![Tally::default(); FINDINGS.len()],
            unread: Tally::default(),
            counts: Counts::default(),
            groups: self.by.iter().map(|by| BatchGroups::new(by, &batch)).collect::<Result<_>>()?,
            keys: Vec::with_capacity(batch.rows()),
            listed: Vec::new(),
            batch,
        };
        let batch = ready.batch.clone();
        let rows = self.rows.open(&batch)?;
        let tokens = TokenColumns::of(&batch);
        let counter = self.counter.as_ref().map(TokenCounter::counter);
        let mut scratch = Scratch { counter, ..Scratch::default() };
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            scratch.measured.start(tokens.as_ref().map(|tokens| tokens.row(i)));
            let mut looked = Ok(());
            let read = rows.row(i, &mut |row| looked = self.row(row, (place, i), &mut scratch, &mut ready));
            looked.map_err(|e| e.row(place.row))?;
            if let Err(why) = read {
                ready.unread.add(place, || Example {
                    place,
                    speaker: "row",
                    turn: 0,
                    excerpt: Excerpt { found: self.mask.text(&why), ..Excerpt::default() },
                    other: None,
                });
            }
        }
        if let Some(split) = self.compared_split {
            let splits = splits_of(&batch)?;
            ready.keys.iter_mut().for_each(|keyed| keyed.is_compared = splits[keyed.row] != split);
        }
        Ok(ready)
    }
}

impl Sink for Inspect {
    type Ready = Ready;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Ready>> {
        self.look.clone()
    }

    fn push(&mut self, ready: Ready) -> Result<()> {
        let Ready { batch, tallies, others, unread, counts, mut groups, keys, listed } = ready;
        self.tallies.iter_mut().zip(tallies).for_each(|(all, tally)| all.merge(tally));
        self.others.iter_mut().zip(others).for_each(|(all, tally)| all.merge(tally));
        self.unread.merge(unread);
        self.facts.counts.merge(counts);
        self.add_keys(&batch, &keys, listed, &mut groups)?;
        let has_classes = matches!(self.facts.counts.classes, Classes::Few(_));
        let mut pairs = self.groups.iter_mut().zip(groups);
        pairs.try_for_each(|(all, groups)| all.merge(groups, has_classes))
    }

    fn finish(&mut self) -> Result<()> {
        let ends = [(NO_SEPARATOR, &mut self.facts.prompt_ends), (NO_STOP, &mut self.facts.answer_ends)];
        for (code, ends) in ends {
            let lack: Vec<_> = ends.decide().into_iter().map(|example| (code, example)).collect();
            write(&mut self.lines, &lack)?;
        }
        self.lines.iter_mut().try_for_each(RowLines::finish)?;
        if let Some(counter) = &self.look.counter {
            self.facts.class_tokens = counter.of_classes(&self.facts.counts)?;
        }
        if let (Some(compared), Some(between)) = (&self.compared, &mut self.facts.between) {
            between.found = compared.set.found();
        }
        self.facts.duplicates.count = self.index.duplicates;
        self.facts.conflicts.count = self.index.conflict_rows;
        self.facts.conflicting_prompts = self.index.conflicts;
        Ok(())
    }
}

/// The findings, for the report.
pub(super) fn findings() -> impl Iterator<Item = (usize, &'static &'static Finding)> {
    FINDINGS.iter().enumerate()
}
