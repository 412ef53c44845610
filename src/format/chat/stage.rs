//! The stage of `format` for conversations.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use super::control_tokens::{Found, Made, count_marks, scan};
use super::options::{ChatStageOptions, OnDropped};
use super::read_conversations::{OpenConversations, ReadConversations};
use super::rendered_rows::RenderedRows;
use super::spans_column::spans_column;
use crate::arrow_result::ArrowResult;
use crate::chat::{ChatFault, ChatFormat, ChatRows, Conversation, History, Masked, OnOpenEnd, TrainingRow};
use crate::error::{Error, Result};
use crate::flow::Map;
use crate::format::special_tokens::Scanner;
use crate::limits::TEXT_BUFFER_BYTES;
use crate::record::schema::{CHAT_TEXT, MESSAGE, SPANS};
use crate::record::turns::Span;
use crate::record::{
    Batch, Place, Places, Policy, Removal, SpecialPolicy, encode_turns, finding, reason, schema,
};
use crate::report::{REPEATED, StepCounts};

/// Renders conversations: replaces the columns that they are read from by `text` and `spans`, as the first columns, and
/// adds the hidden columns that `tokenize` reads.
pub(crate) struct ChatStage {
    pub(super) chat: ChatRows,
    /// None where the rows have `text` and `spans` of an earlier run.
    rows: Option<Box<dyn ReadConversations>>,
    /// The columns of the conversations.
    consumed: Vec<String>,
    pub(super) options: ChatStageOptions,
    pub(super) special: Option<(Scanner, SpecialPolicy)>,
}

/// The rows of a batch.
enum Rows<'b> {
    Conversations(Box<dyn OpenConversations + 'b>),
    Rendered(RenderedRows),
}

/// A row that is removed; its index is set later.
type Removed = (Policy, Removal);

/// A row that is made of a row of the batch.
struct OutRow {
    /// The number of the message that trains, where the row is of one turn alone.
    message: Option<usize>,
    /// The row and its key, or why it is removed.
    made: std::result::Result<(TrainingRow, u128), Removed>,
}

fn removal(code: &'static str, column: Option<String>, detail: String) -> Removal {
    Removal { index: 0, code, column, detail }
}

/// Why a row is removed that an error is about.
///
/// # Errors
/// The error, where it is not about a row.
fn refused(e: Error) -> Result<Removed> {
    let codes = [reason::BAD_MESSAGES, reason::CHAT_NOT_RENDERED];
    match codes.into_iter().find(|code| *code == e.code()) {
        Some(code) => Ok((Policy::Reject, removal(code, None, e.message().to_string()))),
        None => Err(e),
    }
}

impl ChatStage {
    /// The stage of a format.
    ///
    /// # Errors
    /// `internal`.
    pub(crate) fn new(
        format: Arc<ChatFormat>,
        rows: Option<Box<dyn ReadConversations>>,
        consumed: Vec<String>,
        options: ChatStageOptions,
    ) -> Result<Self> {
        let special = match &options.special_tokens {
            Some(special) => Some((Scanner::new(&special.tokens)?, special.policy)),
            None => None,
        };
        Ok(ChatStage {
            chat: ChatRows::new(format)
                .with_open_end(options.on_open_end)
                .with_roles(options.roles)
                .with_weights(options.span_weights),
            rows,
            consumed,
            options,
            special,
        })
    }

    /// The rows of a row of the batch: one, or one for each turn that trains.
    fn rows(
        &self,
        opened: &dyn OpenConversations,
        index: usize,
        place: Place,
        counts: &mut StepCounts,
    ) -> Result<Vec<OutRow>> {
        let (conversation, key) = match self.conversation(opened, index, place, counts)? {
            Ok(read) => read,
            Err(removed) => return Ok(vec![OutRow { message: None, made: Err(removed) }]),
        };
        let turns = match self.options.history {
            History::AsRendered => Vec::new(),
            History::SplitTurns => self.chat.trained_turns(&conversation, self.options.train),
        };
        // A conversation in which nothing trains is a row too: it does not vanish.
        let turns: Vec<Option<usize>> =
            if turns.is_empty() { vec![None] } else { turns.into_iter().map(Some).collect() };
        let row = |message| {
            let made = self.row(&conversation, message, place, counts)?;
            Ok(OutRow { message, made: made.map(|row| (row, key)) })
        };
        turns.into_iter().map(row).collect()
    }

    /// The conversation of a row and its key, or why it is removed.
    fn conversation(
        &self,
        opened: &dyn OpenConversations,
        index: usize,
        place: Place,
        counts: &mut StepCounts,
    ) -> Result<std::result::Result<(Conversation, u128), Removed>> {
        let reject = |code, column, detail| Ok(Err((Policy::Reject, removal(code, column, detail))));
        let (mut parsed, mut may_hold_token) = (None, true);
        let read = opened.row(index, &mut |json| {
            let scanner = self.special.as_ref().map(|(scanner, _)| scanner);
            may_hold_token =
                scanner.is_some_and(|scanner| json.texts().any(|text| scanner.may_be_in_json(text)));
            parsed = Some(json.conversation());
        });
        if let Err(not_read) = read {
            return reject(reason::NOT_IN_DIALECT, not_read.column, not_read.detail);
        }
        let parsed = match parsed.unwrap_or_else(|| Err(Error::internal("a row without a conversation"))) {
            Ok(Ok(conversation)) => Ok(conversation),
            Ok(Err(detail)) => return reject(reason::NOT_IN_DIALECT, self.options.variables.clone(), detail),
            Err(e) => Err(e),
        };
        match may_hold_token {
            true => self.prepared(parsed, place, counts),
            false => self.as_rendered(parsed),
        }
    }

    /// A conversation as it is rendered and its key, or why its row is removed.
    pub(in crate::format) fn prepared(
        &self,
        parsed: Result<Conversation>,
        place: Place,
        counts: &mut StepCounts,
    ) -> Result<std::result::Result<(Conversation, u128), Removed>> {
        if let Ok(conversation) = &parsed
            && let Some(removed) = self.token_elsewhere(conversation, place, counts)
        {
            return Ok(Err(removed));
        }
        self.as_rendered(parsed)
    }

    /// The same for a conversation without control tokens where they cannot be kept as text.
    fn as_rendered(
        &self,
        parsed: Result<Conversation>,
    ) -> Result<std::result::Result<(Conversation, u128), Removed>> {
        match parsed {
            Ok(conversation) => {
                let conversation = conversation.with_arguments(self.options.tool_arguments);
                let key = if self.options.prompt_key { conversation.prompt_key() } else { 0 };
                Ok(Ok((conversation, key)))
            }
            Err(e) => refused(e).map(Err),
        }
    }

    /// The row of a conversation, or of one turn of it; or why it is removed.
    fn row(
        &self,
        conversation: &Conversation,
        turn: Option<usize>,
        place: Place,
        counts: &mut StepCounts,
    ) -> Result<std::result::Result<TrainingRow, Removed>> {
        let (row, dropped) = match self.made(|_| self.row_of(conversation, turn))? {
            Ok(row) => self.fitted(conversation, turn, row)?,
            Err(removed) => return Ok(Err(removed)),
        };
        if let Some(removed) = self.examine(&row, 0, dropped, place, counts) {
            return Ok(Err(removed));
        }
        counts.add_finding(finding::DROPPED_OLDEST_TURNS, place, dropped as u64);
        Ok(Ok(row))
    }

    /// The row of a conversation, or of one turn of it; or why no exact mask exists.
    pub(super) fn row_of(&self, conversation: &Conversation, turn: Option<usize>) -> Result<Masked> {
        match turn {
            None => self.chat.training_row(conversation, self.options.train),
            Some(turn) => self.chat.turn_row(conversation, turn),
        }
    }

    /// What `make` makes of a conversation, or why its row is removed.
    pub(in crate::format) fn made<T>(
        &self,
        make: impl FnOnce(&ChatRows) -> Result<std::result::Result<T, ChatFault>>,
    ) -> Result<std::result::Result<T, Removed>> {
        match make(&self.chat) {
            Ok(Ok(made)) => Ok(Ok(made)),
            Ok(Err(fault)) => {
                let policy = match (fault.code, self.options.on_open_end) {
                    (reason::NO_END_TOKEN, OnOpenEnd::Remove(policy)) => policy,
                    _ => Policy::Reject,
                };
                Ok(Err((policy, removal(fault.code, None, fault.detail))))
            }
            Err(e) => refused(e).map(Err),
        }
    }

    /// Why a rendered row is removed. What the template does not print of messages before `first_message` is not counted;
    /// `dropped` messages were dropped before the first one.
    pub(in crate::format) fn examine(
        &self,
        row: &TrainingRow,
        first_message: usize,
        dropped: usize,
        place: Place,
        counts: &mut StepCounts,
    ) -> Option<Removed> {
        let reject = |code, detail| Some((Policy::Reject, removal(code, None, detail)));
        if row.text.len() > TEXT_BUFFER_BYTES {
            let detail = format!("the text of the row is longer than {TEXT_BUFFER_BYTES} bytes");
            return reject(reason::CHAT_NOT_RENDERED, detail);
        }
        let has_weight = |span: &&Span| span.trained && span.weight != 1.0;
        if let Some(span) = row.spans.iter().find(has_weight).filter(|_| !self.options.weights) {
            let detail = format!("a message has the weight {}", span.weight);
            return reject(reason::UNUSED_WEIGHT, detail);
        }
        match (self.options.on_dropped, row.faults.first()) {
            (OnDropped::Remove(policy), Some(fault)) => {
                // The numbers of messages are those of the conversation that was rendered.
                let note = match dropped {
                    0 => String::new(),
                    n => format!(", counted without the {n} oldest messages"),
                };
                let (code, detail) = (fault.code, fault.detail.clone() + &note);
                return Some((policy, removal(code, None, detail)));
            }
            _ => {
                for fault in row.faults.iter().filter(|fault| fault.message >= first_message) {
                    let member = fault.member.as_deref().unwrap_or_default();
                    counts.add_named_finding(finding_of(fault.code), member, place, 1);
                }
            }
        }
        for kind in &row.marks {
            counts.add_named_finding(finding::GENERATION_MARKS, kind, place, 1);
        }
        count_marks(row, place, counts);
        None
    }

    /// Searches the data of rendered rows for control tokens.
    pub(in crate::format) fn scan(&self, made: &[Made], places: &Places, counts: &mut StepCounts) -> Found {
        match &self.special {
            Some((scanner, policy)) => scan(scanner, *policy, self.options.whole, made, places, counts),
            None => Found::default(),
        }
    }

    /// Whether rows get the key that decides their split.
    pub(in crate::format) fn needs_prompt_key(&self) -> bool {
        self.options.prompt_key
    }

    /// Why a row is removed that has a control token where it cannot be kept as text: its place in the text is not known.
    fn token_elsewhere(
        &self,
        conversation: &Conversation,
        place: Place,
        counts: &mut StepCounts,
    ) -> Option<Removed> {
        let (scanner, policy) = self.special.as_ref()?;
        let mut found = None;
        conversation.elsewhere(|text| {
            if found.is_none() {
                found = scanner.first_in(text);
            }
        });
        let token = found?;
        counts.add_named_finding(finding::SPECIAL_TOKEN_IN_TEXT, token, place, 1);
        let policy = match policy {
            SpecialPolicy::AsToken => return None,
            SpecialPolicy::Remove(policy) => *policy,
            // The plan refuses `strip` for conversations.
            SpecialPolicy::AsText | SpecialPolicy::Strip => Policy::Reject,
        };
        let detail =
            format!("control token {token:?} in the tools, a name or an id, where it cannot be plain text");
        Some((policy, removal(reason::SPECIAL_TOKEN_IN_TEXT, None, detail)))
    }

    /// The new columns: first `text` and `spans`, then the hidden ones.
    fn columns(
        &self,
        made: &[Made],
        keys: &[u128],
        messages: &[Option<usize>],
        as_text: &BTreeMap<usize, Vec<u8>>,
    ) -> Result<Vec<(Field, ArrayRef)>> {
        let rows: Vec<(&str, &[Span])> =
            made.iter().map(|(_, row)| (row.text.as_str(), row.spans.as_slice())).collect();
        let [(hidden_text, texts), spans] = encode_turns::columns(&rows, self.options.weights)?;
        let mut columns: Vec<(Field, ArrayRef)> = vec![(schema::text(CHAT_TEXT), Arc::clone(&texts))];
        if self.options.spans {
            columns.push((schema::json(SPANS), spans_column(&rows, self.options.weights)?));
        }
        columns.extend([(hidden_text, texts), spans]);
        if self.options.history == History::SplitTurns && self.rows.is_some() {
            // There are far fewer than 2³¹ messages.
            let numbers: Int32Array = messages.iter().map(|message| message.map(|n| n as i32)).collect();
            columns.push((Field::new(MESSAGE, DataType::Int32, true), Arc::new(numbers)));
        }
        if self.options.prompt_key {
            let bytes: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
            let keys = FixedSizeBinaryArray::try_new(16, Buffer::from(bytes), None).or_defect()?;
            let field = Field::new(schema::PROMPT_KEY, DataType::FixedSizeBinary(16), false);
            columns.push((field, Arc::new(keys)));
        }
        if let Some((_, SpecialPolicy::AsText)) = &self.special {
            let spans = BinaryArray::from_iter(made.iter().map(|(row, _)| as_text.get(row)));
            columns.push((Field::new(schema::AS_TEXT, DataType::Binary, true), Arc::new(spans)));
        }
        Ok(columns)
    }
}

impl Map for ChatStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let (mut rows, mut sources): (Vec<OutRow>, Vec<(usize, u64)>) = (Vec::new(), Vec::new());
        {
            let opened = match &self.rows {
                Some(rows) => Rows::Conversations(rows.open(&batch)?),
                None => Rows::Rendered(RenderedRows::new(&batch)?),
            };
            for index in 0..batch.rows() {
                let place = batch.places.at(index);
                let of_row = match &opened {
                    Rows::Conversations(opened) => self.rows(opened.as_ref(), index, place, counts),
                    Rows::Rendered(rendered) => {
                        Ok(vec![OutRow { message: None, made: rendered.row(index).map(|row| (row, 0)) }])
                    }
                };
                let of_row = of_row.map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
                sources.extend((0..of_row.len()).map(|nth| (index, nth as u64)));
                rows.extend(of_row);
            }
        }
        let more = (rows.len() - batch.rows()) as u64;
        let batch = match more {
            0 => batch,
            _ => {
                counts.add(REPEATED, more);
                batch.repeat(&sources)?
            }
        };
        let mut removals: Vec<Removed> = Vec::new();
        let mut made: Vec<Made> = Vec::new();
        let (mut keys, mut messages) = (Vec::new(), Vec::new());
        for (index, OutRow { message, made: row }) in rows.into_iter().enumerate() {
            match row {
                Ok((row, key)) => {
                    made.push((index, row));
                    keys.push(key);
                    messages.push(message);
                }
                Err((policy, removal)) => removals.push((policy, Removal { index, ..removal })),
            }
        }
        let mut as_text = BTreeMap::new();
        if self.special.is_some() {
            let found = self.scan(&made, &batch.places, counts);
            as_text = found.as_text;
            let stays: Vec<bool> = made.iter().map(|(row, _)| !found.removals.contains_key(row)).collect();
            let mut keep = stays.iter();
            keys.retain(|_| keep.next().is_some_and(|stays| *stays));
            let mut keep = stays.iter();
            messages.retain(|_| keep.next().is_some_and(|stays| *stays));
            let mut keep = stays.iter();
            made.retain(|_| keep.next().is_some_and(|stays| *stays));
            removals.extend(found.removals.into_values());
            removals.sort_by_key(|(_, removal)| removal.index);
        }
        let columns = self.columns(&made, &keys, &messages, &as_text)?;
        arrange(batch.remove_each(removals, counts)?, columns, &self.consumed)
    }
}

/// The batch with the new columns, the visible ones first and the hidden ones last, and without those in `consumed`.
fn arrange(mut batch: Batch, columns: Vec<(Field, ArrayRef)>, consumed: &[String]) -> Result<Batch> {
    let (hidden, visible): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|(field, _)| schema::is_hidden(field.name()));
    let new = visible.into_iter().map(|(field, column)| (Arc::new(field), column));
    let records = &batch.records;
    let old = records.schema_ref().fields().iter().zip(records.columns());
    let is_replaced = |name: &String| consumed.contains(name) || [CHAT_TEXT, SPANS].contains(&name.as_str());
    let old = old.filter(|(field, _)| !is_replaced(field.name()));
    let old = old.map(|(field, column)| (Arc::clone(field), Arc::clone(column)));
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = new.chain(old).unzip();
    batch.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
    hidden.into_iter().try_fold(batch, |batch, (field, column)| batch.with_column(field, column))
}

/// The finding that has the code of a fault.
fn finding_of(code: &str) -> &'static str {
    if code == reason::CUT { finding::CUT } else { finding::NOT_PRINTED }
}
