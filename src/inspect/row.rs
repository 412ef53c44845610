//! A row as findings see it: texts, each with its speaker.

use super::own_text::OwnText;
use crate::error::Result;
use crate::record::Batch;
use crate::record::turns::Branch;

/// Who says a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// Instructions of the system or the developer.
    System,
    /// The person.
    User,
    /// The model.
    Answer,
    /// The model, in an answer that it should not give.
    Rejected,
    /// The model, before it answers.
    Thought,
    /// The model, in the name or the arguments of a call.
    Call,
    /// The result of a tool.
    Tool,
    /// A column of a row whose dialect is unknown.
    Column,
}

impl Speaker {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Speaker::System => "system",
            Speaker::User => "prompt",
            Speaker::Answer => "answer",
            Speaker::Rejected => "rejected answer",
            Speaker::Thought => "reasoning",
            Speaker::Call => "call",
            Speaker::Tool => "tool result",
            Speaker::Column => "text",
        }
    }
}

/// A text of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'r> {
    pub(crate) speaker: Speaker,
    /// The number of its turn, from 1.
    pub(crate) turn: u32,
    /// Which of two answers it belongs to, if to one.
    pub(crate) branch: Branch,
    pub(crate) text: &'r str,
    /// The text with what a format wrote around it.
    pub(crate) whole: &'r str,
}

impl<'r> Text<'r> {
    /// A text that no format has written, and that does not belong to one of two answers.
    pub(crate) fn new(speaker: Speaker, turn: u32, text: &'r str) -> Self {
        Text { speaker, turn, branch: Branch::Main, text, whole: text }
    }
}

/// Where the texts of a call are in the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallTexts {
    /// The index of the text with the name of the tool.
    pub(crate) name: usize,
    /// The index of the text with the arguments; none if the call has none.
    pub(crate) arguments: Option<usize>,
}

/// A row.
#[derive(Debug, Default)]
pub(crate) struct Row<'r> {
    /// The texts, in order. A turn without texts and calls has one that is empty.
    pub(crate) texts: Vec<Text<'r>>,
    /// The calls of tools.
    pub(crate) calls: Vec<CallTexts>,
    /// The tools that the model may call, as JSON text.
    pub(crate) tools: Option<&'r str>,
    /// Whether the answer is a good one, if the row says so.
    pub(crate) label: Option<bool>,
}

/// A part of a text that a finding names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    /// The index of the text in the row.
    pub(crate) text: usize,
    /// Byte offsets in the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Match {
    /// The whole text.
    pub(crate) fn whole(row: &Row<'_>, text: usize) -> Self {
        Match { text, start: 0, end: row.texts[text].text.len() }
    }

    /// The whole of the longest text; of a row without texts, nothing.
    pub(crate) fn longest(row: &Row<'_>) -> Self {
        let length = |text: usize| row.texts[text].text.len();
        let longest = (0..row.texts.len()).rev().max_by_key(|text| length(*text));
        longest.map_or(Match { text: 0, start: 0, end: 0 }, |text| Match::whole(row, text))
    }
}

impl<'r> Row<'r> {
    /// The texts of these speakers, with their indexes.
    pub(crate) fn texts_of(&self, speaker: Speaker) -> impl DoubleEndedIterator<Item = (usize, &'r str)> {
        let all = self.texts.iter().enumerate();
        all.filter(move |(_, text)| text.speaker == speaker).map(|(i, text)| (i, text.text))
    }

    /// The number of texts before the last turn of the model, or before two answers: the prompt in a wide sense, with
    /// system and history.
    pub(crate) fn prompt_len(&self) -> usize {
        if let Some(first) = self.texts.iter().position(|text| text.branch != Branch::Main) {
            return first;
        }
        let by_model = |text: &Text<'_>| {
            matches!(
                text.speaker,
                Speaker::Answer | Speaker::Rejected | Speaker::Thought | Speaker::Call | Speaker::Column
            )
        };
        self.texts.iter().rposition(|text| !by_model(text)).map_or(0, |last| last + 1)
    }

    /// The last answer, with its index.
    pub(crate) fn answer(&self) -> Option<(usize, &'r str)> {
        self.texts_of(Speaker::Answer).next_back()
    }

    /// Whether the row has two answers.
    pub(crate) fn is_pair(&self) -> bool {
        self.texts.iter().any(|text| text.branch == Branch::Rejected)
    }

    /// The texts of one of two answers.
    pub(crate) fn texts_in(&self, branch: Branch) -> impl Iterator<Item = &Text<'r>> {
        self.texts.iter().filter(move |text| text.branch == branch)
    }

    /// The dialogues of the row, each with the indexes of its texts: one, or, with two answers, one that ends in each.
    pub(crate) fn dialogues(&self) -> impl Iterator<Item = Vec<(usize, &Text<'r>)>> {
        let ends: &[Branch] = match self.is_pair() {
            true => &[Branch::Chosen, Branch::Rejected],
            false => &[Branch::Main],
        };
        ends.iter().map(|end| {
            let texts = self.texts.iter().enumerate();
            texts.filter(|(_, text)| text.branch == Branch::Main || text.branch == *end).collect()
        })
    }

    /// The texts of the last question: those of the last turn of the person.
    pub(crate) fn question(&self) -> impl Iterator<Item = (usize, &'r str)> {
        let turn = self.texts.iter().rfind(|text| text.speaker == Speaker::User).map(|text| text.turn);
        self.texts_of(Speaker::User).filter(move |(i, _)| Some(self.texts[*i].turn) == turn)
    }
}

/// Reads the rows of batches.
pub(crate) trait ReadRows: Send + Sync {
    /// The rows of a batch.
    ///
    /// # Errors
    /// `Internal`: the batch lacks a column of the plan.
    fn open<'b>(&'b self, batch: &'b Batch) -> Result<Box<dyn OpenRows + 'b>>;

    /// Whether rows have prompts and answers; otherwise they are texts alone.
    fn has_turns(&self) -> bool;

    /// What the format that rendered the rows wrote around their texts, if one did.
    fn own_text(&self) -> Option<&OwnText> {
        None
    }
}

/// The rows of a batch.
pub(crate) trait OpenRows {
    /// Passes row `i` to `take`.
    ///
    /// # Errors
    /// Why it is no row of its dialect.
    fn row(&self, i: usize, take: &mut dyn FnMut(&Row<'_>)) -> Result<(), String>;
}
