//! The step `tokenize` for rows with preferences: ids of the prompt and of each answer.

use super::answer_columns::AnswerLists;
use super::encode_row::{EncodedRow, UnwrittenToken};
use super::options::{End, OnOverflow, TokenizeOptions};
use super::stage::{Sums, TokenizeStage};
use super::text::{RowText, Texts};
use crate::error::{Error, Result};
use crate::flow::Map;
use crate::record::schema::IGNORE;
use crate::record::{Answers, Batch, Place, Policy, Removal, finding, reason, schema};
use crate::report::StepCounts;
use crate::tokenizer::{LoadedTokenizer, Session};

/// The stage for rows with preferences. The ids of the prompt and an answer are those of a row of one answer. Rows are
/// counted as by [`TokenizeStage`]; their length is that of the prompt with its longest answer.
///
/// Of an answer no token is ever cut. Where the prompt is cut, it is cut alike for both answers.
pub(crate) struct AnswersTokenizeStage {
    one: TokenizeStage,
    answers: Answers,
    /// What happens to rows whose two answers have the same ids; none: they stay.
    on_same: Option<Policy>,
}

/// An encoded answer.
struct Encoded {
    /// The ids of the prompt.
    prompt: Vec<i32>,
    ids: Vec<i32>,
    labels: Vec<i32>,
    /// The tokens of the prompt that no cut removes: those that the tokenizer adds before a text, and the last ones.
    first: usize,
    kept: usize,
}

/// A row that is removed.
type Removed = (Policy, Removal);

impl AnswersTokenizeStage {
    /// A stage for this tokenizer.
    ///
    /// # Errors
    /// As [`TokenizeStage::new`].
    pub(crate) fn new(
        tokenizer: &LoadedTokenizer,
        options: TokenizeOptions,
        answers: Answers,
        on_same: Option<Policy>,
    ) -> Result<Self> {
        Ok(AnswersTokenizeStage { one: TokenizeStage::new(tokenizer, options)?, answers, on_same })
    }

    /// Encodes an answer with its prompt. What is in the prompt is counted with the first answer only.
    #[expect(clippy::too_many_arguments, reason = "the state of a batch")]
    fn encode(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        prompt_parts: usize,
        is_first: bool,
        place: Place,
        counts: &mut StepCounts,
        sums: &mut Sums,
    ) -> Result<std::result::Result<Encoded, Removed>> {
        let removed =
            |code, detail| Ok(Err((Policy::Reject, Removal { index: 0, code, column: None, detail })));
        let (mut ids, mut encoded) = (Vec::new(), EncodedRow::default());
        let verify = self.one.options.verify.is_some_and(|n| place.row.is_multiple_of(n));
        self.one.rows().encode_parts(session, text, verify, &mut ids, &mut encoded)?;
        for UnwrittenToken { token, .. } in &encoded.unwritten {
            counts.add_named_finding(finding::SPECIAL_TOKEN_IN_TEXT, token, place, 1);
        }
        if let Some(removal) = self.one.unwritten_removal(&encoded.unwritten, text) {
            return Ok(Err(removal));
        }
        let row = &encoded.row;
        // Run 0 is what the tokenizer adds before a text.
        let prompt = row.before(1 + prompt_parts);
        if prompt == 0 {
            return removed(reason::NO_PROMPT, "the prompt has no tokens".into());
        }
        if row.target() == 0 {
            return removed(reason::NO_TRAINED_TOKEN, "an answer has no token that trains".into());
        }
        let kept = self.one.tokens_to_keep(session, text, &encoded, &ids)?;
        let (last, eos) = (text.parts.len().saturating_sub(1), self.one.options.end.eos_id());
        let parts = row.parts(&ids).enumerate().map(|(i, (ids, trained))| match ids {
            // The last part without EOS.
            [own @ .., id] if encoded.eos_added && i == last && Some(*id) == eos => (own, trained),
            _ => (ids, trained),
        });
        self.one.marks.find(parts.skip(if is_first { 0 } else { prompt_parts }), place, counts);
        let mut labels = Vec::with_capacity(ids.len() - prompt);
        let mut start = prompt;
        for run in &row.runs[1 + prompt_parts..] {
            let own = &ids[start..start + run.tokens];
            labels.extend(own.iter().map(|id| if run.trained { *id } else { IGNORE }));
            start += run.tokens;
        }
        let answer = ids.split_off(prompt);
        let twice = self.one.bos_id.is_some_and(|bos| ids.starts_with(&[bos, bos]));
        counts.add_finding(finding::DOUBLED_BOS, place, u64::from(twice && is_first));
        let bos_avoided = encoded.bos_avoided && is_first;
        counts.add_finding(finding::DOUBLED_BOS_AVOIDED, place, u64::from(bos_avoided));
        let no_eos = self.one.options.end == End::NoEos && is_first;
        counts.add_finding(finding::NO_EOS, place, u64::from(no_eos));
        counts.add_finding(finding::DOUBLED_EOS_AVOIDED, place, u64::from(encoded.eos_avoided));
        if let Some(stable) = encoded.stop_stable {
            sums.stop_rows += 1;
            sums.stop_stable += u64::from(stable);
        }
        let first = row.before(1).min(prompt);
        Ok(Ok(Encoded { prompt: ids, ids: answer, labels, first, kept }))
    }

    /// Cuts the prompt that these answers share, and checks that they differ.
    ///
    /// # Errors
    /// Why the row is removed.
    fn fit(&self, answers: &mut [Encoded], sums: &mut Sums) -> std::result::Result<(), Removed> {
        let removed = |policy, code, detail| Err((policy, Removal { index: 0, code, column: None, detail }));
        let mut prompts = answers.iter().map(|answer| &answer.prompt);
        let first = prompts.next();
        if prompts.any(|prompt| Some(prompt) != first) {
            let detail = "the prompt has other ids before the other answer".to_string();
            return removed(Policy::Reject, reason::PROMPT_DIFFERS, detail);
        }
        if let ([a, b], Some(policy)) = (&*answers, self.on_same)
            && a.ids == b.ids
        {
            return removed(policy, reason::SAME_ANSWERS, "both answers have the same ids".into());
        }
        let Some(longest) = answers.iter().max_by_key(|answer| answer.ids.len()) else { return Ok(()) };
        let (tokens, target) = (longest.prompt.len() + longest.ids.len(), longest.ids.len());
        let Some(limit) = self.one.options.max_length.filter(|limit| tokens > *limit) else { return Ok(()) };
        let (excess, start) = (tokens - limit, longest.first);
        let may_be_cut = (longest.prompt.len() - start).saturating_sub(longest.kept.max(1));
        if self.one.options.on_overflow != OnOverflow::TruncatePromptLeft || excess > may_be_cut {
            let detail =
                format!("{tokens} tokens, {target} of them the longest answer; max_length is {limit}");
            return removed(self.one.options.on_overflow.policy(), reason::TOO_LONG, detail);
        }
        sums.truncated += 1;
        answers.iter_mut().for_each(|answer| drop(answer.prompt.drain(start..start + excess)));
        Ok(())
    }
}

impl Map for AnswersTokenizeStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let texts = Texts::new(&batch)?;
        let mut session = self.one.tokenizer.encoder().session();
        let mut lists = AnswerLists::new(self.answers);
        let (mut removals, mut sums) = (Vec::new(), Sums::default());
        let mut text = RowText::default();
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            let mut answers: Vec<Encoded> = Vec::new();
            let mut outcome = Ok(());
            for column in self.answers.each() {
                let prompt_parts = texts.read_answer(i, column.branches, &mut text)?;
                let is_first = answers.is_empty();
                let encoded = self
                    .encode(&mut session, &text, prompt_parts, is_first, place, counts, &mut sums)
                    .map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
                match encoded {
                    Ok(encoded) => answers.push(encoded),
                    Err(removed) => {
                        outcome = Err(removed);
                        break;
                    }
                }
            }
            if let Err((policy, removal)) = outcome.and_then(|()| self.fit(&mut answers, &mut sums)) {
                removals.push((policy, Removal { index: i, ..removal }));
                continue;
            }
            let Some(prompt) = answers.first().map(|answer| answer.prompt.as_slice()) else {
                return Err(Error::internal("a row without answers reached tokenize"));
            };
            let longest = answers.iter().map(|answer| answer.ids.len()).max().unwrap_or(0);
            let length = u32::try_from(prompt.len() + longest).unwrap_or(u32::MAX);
            *counts.lengths.entry(length).or_default() += 1;
            let ids = answers.iter().map(|answer| answer.ids.len()).sum::<usize>();
            let trained = answers.iter().flat_map(|a| &a.labels).filter(|label| **label != IGNORE).count();
            sums.tokens += (prompt.len() + ids) as u64;
            sums.trained += trained as u64;
            let each = answers.iter().map(|answer| (answer.ids.as_slice(), answer.labels.as_slice()));
            lists.push(prompt, each)?;
        }
        sums.report(counts, self.one.options.stop.is_some());
        let batch = lists.add_to(batch.remove_each(removals, counts)?)?;
        let batch = batch.without_columns(&[schema::TURNS_TEXT, schema::TURNS])?;
        match self.one.options.keep_text {
            true => Ok(batch),
            false => batch.without_columns(self.answers.texts()),
        }
    }
}
