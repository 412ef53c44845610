//! The stage of `format` for columns with preferences.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, BinaryArray, BooleanArray, RecordBatch};
use arrow::datatypes::Field;

use super::columns;
use super::options::AnswersOptions;
use super::row::{AnswersRow, Rendered, join};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::format::formatter::Formatter;
use crate::format::formatting::{Formatting, count_spaced};
use crate::format::{FormatOptions, PromptFormat};
use crate::record::turns::{Branch, Role, Span};
use crate::record::{Batch, Policy, Removal, is_text, reason, schema, text_views};
use crate::report::StepCounts;

/// Renders rows with preferences: each answer is rendered and proven with the prompt, as a row of one answer is.
pub(crate) struct AnswersPromptStage {
    /// A format for each answer: the same but for the template of the completion.
    formatters: Vec<Formatter>,
    /// The column that says whether the one answer is a good one.
    label: Option<String>,
    /// The columns that the templates use, and the label.
    consumed: Vec<String>,
    prompt_key: bool,
    options: AnswersOptions,
}

impl AnswersPromptStage {
    /// The stage of formats that differ in the template of the completion: that of the preferred answer, and that of the other
    /// one; or one format, and the column of the label.
    ///
    /// # Errors
    /// `internal`.
    pub(crate) fn new(
        formats: Vec<PromptFormat>,
        label: Option<String>,
        format: &FormatOptions,
        options: AnswersOptions,
    ) -> Result<Self> {
        let formatters: Vec<Formatter> =
            formats.into_iter().map(|each| Formatter::new(each, format.clone())).collect::<Result<_>>()?;
        let used = formatters.iter().flat_map(|f| f.renderer.columns.iter().map(|c| c.name.clone()));
        let consumed = used.chain(label.clone()).collect();
        Ok(AnswersPromptStage { formatters, label, consumed, prompt_key: format.prompt_key, options })
    }

    /// A removal of the row with the answer of this number, whose detail says which of two answers it is about.
    fn named(&self, answer: usize, removal: Removal) -> Removal {
        let is_of_answer = [reason::EMPTY_COMPLETION, reason::SEPARATOR_COLLISION, reason::STOP_COLLISION]
            .contains(&removal.code);
        match self.options.answers.each().get(answer) {
            Some(column) if is_of_answer && self.formatters.len() > 1 => {
                Removal { detail: format!("`{}`: {}", column.text, removal.detail), ..removal }
            }
            _ => removal,
        }
    }

    /// The labels of a batch.
    fn labels<'b>(&self, batch: &'b Batch) -> Result<Option<&'b BooleanArray>> {
        let Some(name) = &self.label else { return Ok(None) };
        let column = batch.column(name)?;
        match column.as_boolean_opt() {
            Some(labels) => Ok(Some(labels)),
            None => {
                let data_type = column.data_type();
                let shown = schema::type_name(&Field::new(name, data_type.clone(), true));
                let message = format!("format: column `{name}` must be true or false; it is {shown}");
                let of = |value: &str, note: &str| {
                    format!(
                        "convert it first: with_columns((pl.col(\"{name}\") == {value}).alias(\"{name}\")){note}"
                    )
                };
                let help = match data_type {
                    t if t.is_numeric() => of("1", ""),
                    t if is_text(t) => of("\"yes\"", ", with the text of a good answer in place of yes"),
                    _ => "name the column that says whether an answer is a good one".into(),
                };
                Err(Error::new(Class::Column, "wrong_type", message).column(name).help(help))
            }
        }
    }
}

/// The answers of a batch by the index of their rows, and the keys of their prompts.
struct Answered {
    rows: BTreeMap<usize, (String, usize, Option<Vec<u8>>)>,
    keys: BTreeMap<usize, u128>,
    removals: Vec<(Policy, Removal)>,
    /// The rows that a space has repaired.
    spaced: Vec<usize>,
}

/// Formats a batch with one of the formats.
fn answered(formatter: &Formatter, batch: &Batch, counts: &mut StepCounts) -> Result<Answered> {
    let mut formatted = Formatting::run(formatter, batch, counts)?;
    let removals = std::mem::take(&mut formatted.removals);
    let spaced = std::mem::take(&mut formatted.spaced);
    let records: RecordBatch = formatted.records()?;
    let column = |name: &str| {
        records.column_by_name(name).ok_or_else(|| Error::internal(format!("format lost `{name}`")))
    };
    let (prompts, completions) =
        (text_views(column(schema::PROMPT)?.as_ref())?, text_views(column(schema::COMPLETION)?.as_ref())?);
    let plain: Option<&BinaryArray> =
        records.column_by_name(schema::AS_TEXT).and_then(|column| column.as_binary_opt::<i32>());
    let key_column =
        records.column_by_name(schema::PROMPT_KEY).and_then(|column| column.as_fixed_size_binary_opt());
    let removed: BTreeSet<usize> = removals.iter().map(|(_, removal)| removal.index).collect();
    let (mut rows, mut keys) = (BTreeMap::new(), BTreeMap::new());
    for (n, index) in (0..batch.rows()).filter(|i| !removed.contains(i)).enumerate() {
        let (prompt, completion) = (prompts.value(n), completions.value(n));
        let plain = plain.filter(|plain| plain.is_valid(n)).map(|plain| plain.value(n).to_vec());
        rows.insert(index, (format!("{prompt}{completion}"), prompt.len(), plain));
        if let Some(key) = key_column.and_then(|keys| <[u8; 16]>::try_from(keys.value(n)).ok()) {
            keys.insert(index, u128::from_be_bytes(key));
        }
    }
    Ok(Answered { rows, keys, removals, spaced })
}

fn rendered(branch: Branch, text: String, prompt: usize, as_text: Option<Vec<u8>>) -> Rendered {
    let span = |end: usize, role, trained| {
        // A page of rendered rows is far shorter than 4 GiB.
        Span {
            end: end as u32,
            role,
            trained,
            from_data: true,
            weight: 1.0,
            branch: Branch::Main,
            kind: None,
        }
    };
    let spans = vec![span(prompt, Role::Prompt, false), span(text.len(), Role::Completion, true)];
    Rendered { branch, text, prompt, spans, as_text }
}

impl Map for AnswersPromptStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let labels = self.labels(&batch)?;
        let mut each: Vec<Answered> = self
            .formatters
            .iter()
            .map(|formatter| answered(formatter, &batch, counts))
            .collect::<Result<_>>()?;
        let mut removals: BTreeMap<usize, (Policy, Removal)> = BTreeMap::new();
        for (answer, answered) in each.iter_mut().enumerate() {
            for (policy, removal) in std::mem::take(&mut answered.removals) {
                removals.entry(removal.index).or_insert((policy, self.named(answer, removal)));
            }
        }
        let (mut rows, mut keys): (Vec<AnswersRow>, Vec<u128>) = (Vec::new(), Vec::new());
        for index in 0..batch.rows() {
            if removals.contains_key(&index) {
                continue;
            }
            let unlabelled = labels.is_some_and(|labels| labels.is_null(index));
            if let Some(name) = self.label.as_ref().filter(|_| unlabelled) {
                let (code, column) = (reason::MISSING_FIELD, Some(name.clone()));
                let detail = format!("column `{name}` is absent or null");
                removals.insert(index, (Policy::Reject, Removal { index, code, column, detail }));
                continue;
            }
            let branches = match labels.map(|labels| labels.value(index)) {
                None => [Branch::Chosen, Branch::Rejected],
                Some(true) => [Branch::Chosen; 2],
                Some(false) => [Branch::Rejected; 2],
            };
            keys.push(each.first().and_then(|a| a.keys.get(&index)).copied().unwrap_or_default());
            let answers: Vec<Rendered> = each
                .iter_mut()
                .zip(branches)
                .filter_map(|(answered, branch)| {
                    let (text, prompt, as_text) = answered.rows.remove(&index)?;
                    Some(rendered(branch, text, prompt, as_text))
                })
                .collect();
            match join(&answers, &self.options) {
                Ok(row) => rows.push(row),
                Err((policy, code, detail)) => {
                    keys.pop();
                    removals.insert(index, (policy, Removal { index, code, column: None, detail }));
                }
            }
        }
        // A prompt that is repaired is so with each answer.
        let spaced: BTreeSet<usize> = each.iter().flat_map(|answered| &answered.spaced).copied().collect();
        let spaced: Vec<usize> = spaced.into_iter().filter(|row| !removals.contains_key(row)).collect();
        count_spaced(&spaced, &batch.places, counts);
        let batch = batch.remove_each(removals.into_values().collect(), counts)?;
        let keys = self.prompt_key.then_some(keys.as_slice());
        columns::add(batch, &rows, self.options.answers, keys, &self.consumed)
    }
}
