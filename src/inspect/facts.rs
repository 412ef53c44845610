//! Facts of all rows, from which findings follow that no row shows by itself. Those of a batch merge in any order.

use super::affix::Affixes;
use super::between::Between;
use super::classes::{Classes, can_be_class};
use super::counted_tokens::CountedLengths;
use super::distinct::Distinct;
use super::edges::Ends;
use super::frequent::Frequent;
use super::groups::Measured;
use super::lengths::{Lengths, chars};
use super::preferences::Preferences;
use super::row::{Row, Speaker, Text};
use super::scripts::Scripts;
use super::sequences::sequences;
use super::tally::Tally;
use super::tokens::Tokens;

/// Facts that merge in any order.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) with_prompt: u64,
    /// Rows with an answer to be learnt, and with any answer, also one that is labelled as bad.
    pub(crate) with_answer: u64,
    pub(crate) answered: u64,
    /// Rows with tools, with system instructions, and with more than one answer.
    pub(crate) with_tools: u64,
    pub(crate) with_system: u64,
    pub(crate) with_history: u64,
    /// Rows in which the model thinks before it answers.
    pub(crate) with_thought: u64,
    pub(crate) prompt_lengths: Lengths,
    pub(crate) answer_lengths: Lengths,
    /// Of rows that are tokenized.
    pub(crate) tokens: Tokens,
    /// With a tokenizer, of the texts of all rows.
    pub(crate) counted: CountedLengths,
    pub(crate) prompt_affixes: Affixes,
    pub(crate) answer_affixes: Affixes,
    pub(crate) classes: Classes,
    pub(crate) scripts: Scripts,
    /// Of rows with preferences.
    pub(crate) preferences: Preferences,
    /// Sequences of words in the last answers.
    pub(crate) sequences: Distinct,
}

impl Counts {
    /// Adds a row, and notes in `measured` what its groups count.
    pub(super) fn add(&mut self, row: &Row<'_>, measured: &mut Measured) {
        measured.tokens.into_iter().for_each(|tokens| self.tokens.add(tokens));
        self.rows += 1;
        self.preferences.add(row);
        let prompt = row.prompt_len();
        self.with_prompt += u64::from(prompt > 0);
        let has = |speaker| row.texts.iter().any(|text| text.speaker == speaker);
        let answers = row.texts_of(Speaker::Answer).count();
        let has_answer = has(Speaker::Answer) || has(Speaker::Call);
        self.with_answer += u64::from(has_answer);
        self.answered += u64::from(has_answer || has(Speaker::Rejected));
        self.with_tools += u64::from(row.tools.is_some());
        self.with_system += u64::from(has(Speaker::System));
        self.with_history += u64::from(answers > 1);
        let thinks = |text: &Text<'_>| match text.speaker {
            Speaker::Thought => true,
            Speaker::Answer => text.text.trim_start().starts_with("<think>"),
            _ => false,
        };
        self.with_thought += u64::from(row.texts.iter().any(thinks));
        if prompt > 0 {
            let length = row.texts[..prompt].iter().map(|text| chars(text.text)).sum();
            self.prompt_lengths.add(length);
            measured.prompt = Some(length);
        }
        if let Some((_, asked)) = row.question().last() {
            self.prompt_affixes.add(asked);
        }
        if let Some((_, answer)) = row.answer() {
            let length = chars(answer);
            self.answer_lengths.add(length);
            measured.answer = Some(length);
            sequences(answer, &mut measured.sequences);
            self.answer_affixes.add(answer);
            match answers {
                1 if prompt > 0 => {
                    measured.may_be_class = can_be_class(answer);
                    self.classes.add(answer);
                }
                _ => self.classes = Classes::Many,
            }
        }
        row.texts.iter().for_each(|text| measured.letters.add(text.text));
        self.scripts.add(measured.letters);
        measured.sequences.iter().for_each(|hash| self.sequences.add(*hash));
    }

    pub(crate) fn merge(&mut self, other: Counts) {
        self.rows += other.rows;
        self.with_prompt += other.with_prompt;
        self.with_answer += other.with_answer;
        self.answered += other.answered;
        self.with_tools += other.with_tools;
        self.with_system += other.with_system;
        self.with_history += other.with_history;
        self.with_thought += other.with_thought;
        self.prompt_lengths.merge(other.prompt_lengths);
        self.answer_lengths.merge(other.answer_lengths);
        self.tokens.merge(other.tokens);
        self.counted.merge(other.counted);
        self.prompt_affixes.merge(other.prompt_affixes);
        self.answer_affixes.merge(other.answer_affixes);
        self.classes.merge(other.classes);
        self.scripts.merge(other.scripts);
        self.preferences.merge(&other.preferences);
        self.sequences.merge(&other.sequences);
    }
}

/// All facts, at the end.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) counts: Counts,
    pub(crate) duplicates: Tally,
    /// Rows that share their prompt with another answer; the examples are the rows that bring a new answer.
    pub(crate) conflicts: Tally,
    /// Prompts with several answers.
    pub(crate) conflicting_prompts: u64,
    /// Prompts with a good answer and a bad one, and the rows that have them.
    pub(crate) both_labels: (u64, u64),
    /// None where there is no other set.
    pub(crate) between: Option<Between>,
    pub(crate) prompt_ends: Ends,
    pub(crate) answer_ends: Ends,
    /// Answers, and their first three words. Copies of a row are not counted.
    pub(crate) answers: Frequent,
    pub(crate) openings: Frequent,
    /// Whether a format has rendered the rows with other marks than those by default.
    pub(crate) has_own_marks: bool,
    /// The tokens of each class, in the order of their rank; without a tokenizer there are none.
    pub(crate) class_tokens: Vec<u64>,
}
