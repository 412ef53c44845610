//! Cuts text into the pieces that a byte-level BPE model merges, exactly as `tokenizers` does.
//!
//! The parts of a `pre_tokenizer` become stages; each is an automaton that cuts the pieces of the stage before. Text
//! is not copied, unless a stage adds a space before a piece.

mod ascii;
mod automaton;
mod charset;
mod classes;
mod masks;
mod pattern;
pub(super) mod patterns;
#[cfg(test)]
mod tests;

use serde_json::Value;
use unicode_categories::UnicodeCategories;

use ascii::AsciiCutter;
use automaton::Automaton;
pub(crate) use charset::CharSet;
use pattern::{Node, parse};
use patterns::GPT2;

use super::byte_chars::byte_chars;

/// The maximum of pieces that are passed on together. A block may have as many pieces as bytes.
const AT_ONCE: usize = 2 * masks::BLOCK;

/// The number of pieces that are passed on together where the number of bytes read for them matters.
const FEW: usize = 8;

/// Cuts text into pieces.
pub(crate) struct Splitter {
    stages: Vec<Stage>,
}

enum Stage {
    /// Matches are pieces. Text between matches is a piece too, where `keep_gaps` is true, else it is dropped.
    Split { automaton: Automaton, ascii: Option<AsciiCutter>, keep_gaps: bool },
    /// Adds a space before a piece that does not begin with one.
    PrefixSpace,
}

impl Splitter {
    /// The splitter for a `pre_tokenizer` in the JSON form of `tokenizers`.
    ///
    /// # Errors
    /// Why the pre-tokenizer is not supported.
    pub(crate) fn new(pre_tokenizer: &Value) -> Result<Self, String> {
        let mut stages = Vec::new();
        let mut is_bytes = false;
        add_stages(pre_tokenizer, &mut is_bytes, &mut stages)?;
        if is_bytes { Ok(Splitter { stages }) } else { Err("its pre-tokenizer has no ByteLevel".to_string()) }
    }

    /// Calls `take` with the pieces of the text, in order, several at a time: a text, the start of the first piece in
    /// it, and the end of each piece, where the next one begins. `text` is UTF-8.
    #[inline]
    pub(crate) fn pieces(&self, text: &[u8], take: &mut impl FnMut(&[u8], usize, &[usize])) {
        match &self.stages[..] {
            [Stage::Split { automaton, ascii: Some(ascii), .. }] => {
                let range = CutRange { from: 0, group: AT_ONCE - masks::BLOCK };
                cut_blocks(automaton, ascii, text, range, &mut |text, start, ends, _| {
                    take(text, start, ends)
                });
            }
            [Stage::Split { automaton, keep_gaps, .. }] => cut(automaton, text, *keep_gaps, take),
            stages => run(stages, text, take),
        }
    }

    /// Whether pieces do not depend on the text before them, so that cutting can start at any piece.
    pub(crate) fn can_resume(&self) -> bool {
        matches!(&self.stages[..], [Stage::Split { ascii: Some(_), .. }])
    }

    /// Whether every text that begins with `text` is cut at `at` into pieces of which those before `at` are the pieces of the
    /// text up to there alone. False where this is not known. Where [`Splitter::can_resume`] is true, the other pieces are
    /// those of the text from `at` on alone.
    pub(crate) fn always_cuts(&self, text: &[u8], at: usize) -> bool {
        let [Stage::Split { automaton, ascii: Some(_), .. }] = &self.stages[..] else { return false };
        let mut offset = 0;
        while offset < at {
            let (end, read) = automaton.match_and_read(text, offset);
            let alone = automaton.match_end(&text[..at], offset);
            // What was read is the start of any of these texts, so that the piece is the same in all of them.
            match end.filter(|end| read <= text.len() && alone == Some(*end)) {
                Some(end) => offset = end,
                None => return false,
            }
        }
        offset == at
    }

    /// As [`pieces`](Self::pieces), from the start of a piece on, few pieces at a time. `take` gets in addition the
    /// number of bytes, from the start of the text, that were read so far. Does nothing where
    /// [`Splitter::can_resume`] is false.
    pub(crate) fn pieces_from(
        &self,
        text: &[u8],
        from: usize,
        take: &mut impl FnMut(&[u8], usize, &[usize], usize),
    ) {
        if let [Stage::Split { automaton, ascii: Some(ascii), .. }] = &self.stages[..] {
            cut_blocks(automaton, ascii, text, CutRange { from, group: FEW }, take);
        }
    }
}

/// Where [`cut_blocks`] starts, and how many pieces it passes on together.
struct CutRange {
    from: usize,
    group: usize,
}

fn run(stages: &[Stage], text: &[u8], take: &mut dyn FnMut(&[u8], usize, &[usize])) {
    match stages {
        _ if text.is_empty() => {}
        [] => take(text, 0, &[text.len()]),
        [Stage::PrefixSpace, rest @ ..] if !text.starts_with(b" ") => {
            run(rest, &[b" ", text].concat(), take);
        }
        [Stage::PrefixSpace, rest @ ..] => run(rest, text, take),
        [Stage::Split { automaton, keep_gaps, .. }, rest @ ..] => {
            cut(automaton, text, *keep_gaps, &mut |text, mut start, ends| {
                for &end in ends {
                    run(rest, &text[start..end], take);
                    start = end;
                }
            });
        }
    }
}

#[inline]
fn cut(automaton: &Automaton, text: &[u8], keep_gaps: bool, take: &mut impl FnMut(&[u8], usize, &[usize])) {
    let mut ends = [0; AT_ONCE];
    let (mut start, mut n, mut offset) = (0, 0, 0);
    while offset < text.len() {
        let (gap, mut end) = (offset, automaton.match_end(text, offset));
        while end.is_none() && offset < text.len() {
            offset += automaton.width(text, offset);
            end = automaton.match_end(text, offset);
        }
        if gap < offset {
            if keep_gaps {
                ends[n] = offset;
                n += 1;
            } else {
                take(text, start, &ends[..n]);
                (start, n) = (offset, 0);
            }
        }
        if let Some(end) = end {
            ends[n] = end;
            n += 1;
            offset = end;
        }
        if n + 2 > AT_ONCE {
            take(text, start, &ends[..n]);
            (start, n) = (offset, 0);
        }
    }
    take(text, start, &ends[..n]);
}

/// The same for a pattern that leaves no gaps, block by block where the text is ASCII.
#[inline]
fn cut_blocks(
    automaton: &Automaton,
    ascii: &AsciiCutter,
    text: &[u8],
    CutRange { from, group }: CutRange,
    take: &mut impl FnMut(&[u8], usize, &[usize], usize),
) {
    let mut ends = [0; AT_ONCE];
    let (mut start, mut n, mut offset, mut seen) = (from, 0, from, from);
    while offset < text.len() {
        // Checks the second byte too, since the first may be a space before a word that is not ASCII.
        let is_ascii = text[offset] < 0x80 && text.get(offset + 1).is_none_or(|&b| b < 0x80);
        let mut bits = if is_ascii { ascii.ends(text, offset) } else { 0 };
        // The pieces of a block that is not full depend on the end of the text.
        let block_end = offset + masks::BLOCK;
        seen = seen.max(if block_end <= text.len() { block_end } else { usize::MAX });
        if bits == 0 {
            let (end, read) = automaton.match_and_read(text, offset);
            seen = seen.max(read);
            offset = end.unwrap_or(text.len());
            ends[n] = offset;
            n += 1;
        } else {
            let block = offset;
            while bits != 0 {
                offset = block + bits.trailing_zeros() as usize;
                ends[n] = offset;
                n += 1;
                bits &= bits - 1;
            }
        }
        if n >= group {
            take(text, start, &ends[..n], seen);
            (start, n) = (offset, 0);
        }
    }
    take(text, start, &ends[..n], seen);
}

fn add_stages(part: &Value, is_bytes: &mut bool, stages: &mut Vec<Stage>) -> Result<(), String> {
    let Some(kind) = part["type"].as_str() else { return Err("it has no pre-tokenizer".to_string()) };
    // After `ByteLevel` the text is bytes, each written as a character.
    let stage = match kind {
        "Sequence" => {
            for part in part["pretokenizers"].as_array().into_iter().flatten() {
                add_stages(part, is_bytes, stages)?;
            }
            return Ok(());
        }
        "ByteLevel" if !*is_bytes => {
            if part["add_prefix_space"] == true {
                stages.push(Stage::PrefixSpace);
            }
            if part["use_regex"] == true {
                stages.push(split(GPT2, true)?);
            }
            *is_bytes = true;
            return Ok(());
        }
        "Split" => {
            let keep_gaps = match (part["behavior"].as_str(), part["invert"].as_bool()) {
                (Some("Isolated"), _) => true,
                (Some("Removed"), Some(true)) => false,
                (behavior, _) => {
                    let behavior = behavior.unwrap_or_default();
                    return Err(format!("its pre-tokenizer Split has the behavior {behavior}"));
                }
            };
            match (part["pattern"]["Regex"].as_str(), part["pattern"]["String"].as_str()) {
                (Some(pattern), _) => split(pattern, keep_gaps)?,
                (_, Some(text)) if !text.is_empty() => {
                    let literal = text.chars().map(|c| Node::Set(CharSet::one(c))).collect();
                    Stage::Split {
                        automaton: Automaton::new(&Node::Concat(literal))?,
                        ascii: None,
                        keep_gaps,
                    }
                }
                _ => return Err("its pre-tokenizer Split has neither a pattern nor a text".to_string()),
            }
        }
        "Digits" => runs_of(char::is_numeric, part["individual_digits"] == true)?,
        "Punctuation" => match part["behavior"].as_str() {
            Some("Isolated") => runs_of(is_punctuation, true)?,
            Some("Contiguous") => runs_of(is_punctuation, false)?,
            behavior => {
                let behavior = behavior.unwrap_or_default();
                return Err(format!("its pre-tokenizer Punctuation has the behavior {behavior}"));
            }
        },
        other => return Err(format!("its pre-tokenizer is {other}")),
    };
    stages.push(match stage {
        Stage::Split { automaton, keep_gaps, .. } if *is_bytes => {
            Stage::Split { automaton: automaton.over_bytes(&byte_chars()), ascii: None, keep_gaps }
        }
        stage => stage,
    });
    Ok(())
}

fn split(pattern: &str, keep_gaps: bool) -> Result<Stage, String> {
    let automaton = parse(pattern).and_then(|node| Automaton::new(&node));
    let automaton = automaton.map_err(|why| format!("its pattern {pattern:?} is not supported: {why}"))?;
    Ok(Stage::Split { automaton, ascii: AsciiCutter::new(pattern), keep_gaps })
}

/// Cuts off the characters for which `predicate` is true: each alone, or whole runs of them.
fn runs_of(predicate: impl Fn(char) -> bool, single: bool) -> Result<Stage, String> {
    let set = Node::Set(CharSet::matching(predicate));
    let node = if single { set } else { Node::Repeat(Box::new(set), 1, None) };
    Ok(Stage::Split { automaton: Automaton::new(&node)?, ascii: None, keep_gaps: true })
}

/// Punctuation as defined by the pre-tokenizer `Punctuation`.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || UnicodeCategories::is_punctuation(c)
}
