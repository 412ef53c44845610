//! `resolve_conflicts`: of rows with the same prompt and different answers, those of one answer.

use std::collections::HashMap;

use super::choice::{Choice, Decision, number};
use crate::error::Result;
use crate::flow::BarrierRows;
use crate::record::keys_of;
use crate::record::schema::{ANSWER, GROUP};
use crate::word::Word;

/// Which answer stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// That of the first row.
    First,
    /// That of most rows; of several, the one that comes first.
    Most,
    /// No answer.
    None,
}

impl Word for Keep {
    const ALL: &'static [Self] = &[Keep::First, Keep::Most, Keep::None];

    fn name(self) -> &'static str {
        match self {
            Keep::First => "first",
            Keep::Most => "most",
            Keep::None => "none",
        }
    }
}

/// The answers of all prompts.
pub(super) struct Conflicts {
    keep: Keep,
    /// The number of each answer by the keys of its prompt and of itself.
    numbers: HashMap<(u128, u128), u32>,
    /// The prompt of each answer, and how many rows have it; in the order in which answers come.
    answers: Vec<(u128, u64)>,
    /// The answer of each row.
    rows: Vec<u32>,
}

impl Conflicts {
    pub(super) fn new(keep: Keep) -> Self {
        Conflicts { keep, numbers: HashMap::new(), answers: Vec::new(), rows: Vec::new() }
    }
}

impl Choice for Conflicts {
    fn add(&mut self, rows: &BarrierRows) -> Result<()> {
        let (prompts, answers) = (keys_of(&rows.records, GROUP)?, keys_of(&rows.records, ANSWER)?);
        for (prompt, answer) in prompts.into_iter().zip(answers) {
            let next = number("resolve_conflicts", self.answers.len())?;
            let answer = *self.numbers.entry((prompt, answer)).or_insert(next);
            if answer == next {
                self.answers.push((prompt, 0));
            }
            self.answers[answer as usize].1 += 1;
            self.rows.push(answer);
        }
        Ok(())
    }

    fn decide(self: Box<Self>) -> Result<Box<dyn Decision>> {
        let Conflicts { keep, numbers, answers, rows } = *self;
        drop(numbers);
        // The best answer of each prompt so far, and whether there are others.
        let mut best: HashMap<u128, (usize, bool)> = HashMap::new();
        for (answer, (prompt, count)) in answers.iter().enumerate() {
            let entry = best.entry(*prompt).or_insert((answer, false));
            entry.1 = entry.0 != answer;
            if keep == Keep::Most && *count > answers[entry.0].1 {
                entry.0 = answer;
            }
        }
        let stays = |(answer, (prompt, _)): (usize, &(u128, u64))| {
            let (kept, has_others) = best.get(prompt).copied().unwrap_or((answer, false));
            !has_others || (keep != Keep::None && kept == answer)
        };
        let stays: Vec<bool> = answers.iter().enumerate().map(stays).collect();
        let stays: Vec<bool> = rows.into_iter().map(|answer| stays[answer as usize]).collect();
        Ok(Box::new(stays))
    }
}
