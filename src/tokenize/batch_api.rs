//! Encodes texts of an Arrow array to lists of ids, and decodes them, a range of rows at a time: the work of one
//! worker for the Python class `Tokenizer`. The ids of a range are in one vector.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, LargeListArray, ListArray, StringBuilder, UInt64Array,
    new_empty_array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options, concat, take};
use arrow::datatypes::{DataType, Field, Int32Type};

use super::strings::Strings;
use crate::arrow_result::ArrowResult;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::record::{reason, schema};
use crate::tokenizer::{LoadedTokenizer, Session, Span};
use crate::word::Word;

/// In most texts a token stands for at least this many bytes on average.
const BYTES_PER_TOKEN: usize = 4;

/// The result for each text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncodeOutput {
    /// The ids: `list<int32>`.
    Ids,
    /// The number of ids: `int32`.
    Counts,
}

impl EncodeOutput {
    /// The type of the result.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            EncodeOutput::Ids => schema::list("", DataType::Int32).data_type().clone(),
            EncodeOutput::Counts => DataType::Int32,
        }
    }
}

/// What is done with the text of a control token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenTokens {
    /// It is encoded as the control token, as in `tokenizers`.
    AsToken,
    /// It is encoded as plain characters.
    AsText,
    /// It is an error.
    Raise,
}

impl Word for WrittenTokens {
    const ALL: &'static [Self] = &[WrittenTokens::AsToken, WrittenTokens::AsText, WrittenTokens::Raise];

    fn name(self) -> &'static str {
        match self {
            WrittenTokens::AsToken => "as_token",
            WrittenTokens::AsText => "as_text",
            WrittenTokens::Raise => "raise",
        }
    }
}

/// Encodes texts.
pub(crate) struct ListEncoder<'a> {
    pub(crate) tokenizer: &'a LoadedTokenizer,
    /// Whether the tokens of the post-processor are added to each text.
    pub(crate) add_special_tokens: bool,
    pub(crate) written: WrittenTokens,
    pub(crate) output: EncodeOutput,
}

impl ListEncoder<'_> {
    /// Encodes these rows; null stays null.
    ///
    /// # Errors
    /// `Tokenizer`, with the row counted from the start of `texts`; `Cancelled`.
    pub(crate) fn encode(&self, texts: &Texts, rows: Range<usize>, cancel: &Cancel) -> Result<ArrayRef> {
        let nulls = texts.nulls.as_ref().map(|n| n.slice(rows.start, rows.len()));
        let Some(strings) = texts.strings() else {
            return Ok(new_null_array(&self.output.data_type(), rows.len()));
        };
        let bytes: usize = rows.clone().map(|i| strings.bytes(i)).sum();
        let mut ids = Vec::with_capacity(bytes / BYTES_PER_TOKEN);
        let mut session = self.tokenizer.encoder().session();
        let mut numbers = Vec::with_capacity(rows.len() + 1);
        if self.output == EncodeOutput::Ids {
            numbers.push(0);
        }
        for (index, i) in rows.enumerate() {
            cancel.check()?;
            if nulls.as_ref().is_none_or(|n| n.is_valid(index)) {
                let text = strings.get(i).unwrap_or_default();
                self.tokenizer
                    .encode(&mut session, text, self.add_special_tokens, self.written, &mut ids)
                    .map_err(|e| e.row(i as u64))?;
            }
            numbers.push(length(ids.len())?);
            if self.output == EncodeOutput::Counts {
                ids.clear();
            }
        }
        let numbers = ScalarBuffer::from(numbers);
        Ok(match self.output {
            EncodeOutput::Counts => Arc::new(Int32Array::try_new(numbers, nulls).or_defect()?),
            EncodeOutput::Ids => {
                ids.shrink_to_fit();
                let values = Arc::new(Int32Array::from(ids));
                let item = Arc::new(Field::new("item", DataType::Int32, false));
                Arc::new(ListArray::try_new(item, OffsetBuffer::new(numbers), values, nulls).or_defect()?)
            }
        })
    }
}

impl LoadedTokenizer {
    /// Appends the ids of a text, on request with the tokens of the post-processor.
    ///
    /// # Errors
    /// See [`Session::encode_prompt`]; `Data`, for a control token where `written` is `Raise`, or where the ids hold
    /// one that cannot be avoided.
    pub(crate) fn encode(
        &self,
        session: &mut Session<'_>,
        text: &str,
        add_special_tokens: bool,
        written: WrittenTokens,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        if add_special_tokens {
            out.extend_from_slice(&self.prefix_ids);
        }
        match written {
            WrittenTokens::AsToken => session.encode_prompt(text, out)?,
            WrittenTokens::AsText | WrittenTokens::Raise => self.encode_plain(session, text, written, out)?,
        }
        if add_special_tokens {
            out.extend_from_slice(&self.suffix_ids);
        }
        Ok(())
    }

    /// Appends the ids of a text, without control tokens.
    fn encode_plain(
        &self,
        session: &mut Session<'_>,
        text: &str,
        written: WrittenTokens,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        let (start, found) = (out.len(), self.control.tokens().written(text));
        if let (WrittenTokens::Raise, Some(first)) = (written, found.first()) {
            let token = &self.control.tokens().tokens[first.token].content;
            return Err(control_token(format!(
                "the text holds the control token {token:?} at byte {}",
                first.span.start
            )));
        }
        // A text is far shorter than 4 GiB.
        let spans: Vec<Span> = found.iter().map(|w| (w.span.start as u32, w.span.end as u32)).collect();
        if spans.is_empty() {
            session.encode_prompt(text, out)?;
        }
        // The tokenizer may make a control token of other text, for example of `</S>` or of full-width characters.
        if written == WrittenTokens::AsText
            && (!spans.is_empty() || !self.control.unwritten(text, &[], &out[start..]).is_empty())
        {
            out.truncate(start);
            session.encode_prompt_as_text(text, &spans, out)?;
        }
        match self.control.unwritten(text, &spans, &out[start..]).first() {
            Some(token) => {
                let message = format!(
                    "the ids hold the control token {:?}, which its text does not write",
                    token.content
                );
                Err(control_token(message))
            }
            None => Ok(()),
        }
    }
}

/// A chunk of a column: strings, or a dictionary. Each value of a dictionary that occurs is encoded once.
pub(crate) struct Column {
    /// The rows; or the values of the dictionary, where those that do not occur are null.
    pub(crate) texts: Texts,
    /// For a dictionary, the index of each row's value; null where the row is null.
    pub(crate) keys: Option<UInt64Array>,
    /// The number of the first row: the number of rows in the chunks before.
    pub(crate) first_row: u64,
}

/// Strings, and which of them are null.
pub(crate) struct Texts {
    array: ArrayRef,
    nulls: Option<NullBuffer>,
}

impl Texts {
    fn strings(&self) -> Option<Strings<'_>> {
        Strings::new(self.array.as_ref())
    }

    pub(crate) fn len(&self) -> usize {
        self.array.len()
    }

    /// The size of row `i` in bytes.
    pub(crate) fn bytes(&self, i: usize) -> usize {
        let is_null = self.nulls.as_ref().is_some_and(|n| n.is_null(i));
        if is_null { 0 } else { self.strings().map_or(0, |s| s.bytes(i)) }
    }
}

impl Column {
    /// A chunk of any text type.
    ///
    /// # Errors
    /// `Column`, where it is not text.
    pub(crate) fn new(array: &ArrayRef, first_row: u64) -> Result<Self> {
        let refused = || {
            let message = format!("tokenize: the array must be text; got {}", array.data_type());
            let e = Error::new(Class::Column, "wrong_column_type", message);
            e.help("pass strings, or a dictionary of strings; of a table, pass one column")
        };
        let texts = |array: &ArrayRef, nulls| {
            let is_text = Strings::new(array.as_ref()).is_some() || array.data_type() == &DataType::Null;
            is_text.then(|| Texts { array: array.clone(), nulls }).ok_or_else(refused)
        };
        let Some(dictionary) = array.as_any_dictionary_opt() else {
            return Ok(Column { texts: texts(array, array.logical_nulls())?, keys: None, first_row });
        };
        let values = dictionary.values();
        let keys = if values.is_empty() {
            UInt64Array::new_null(array.len())
        } else {
            let keys: Vec<u64> = dictionary.normalized_keys().into_iter().map(|key| key as u64).collect();
            UInt64Array::try_new(keys.into(), array.logical_nulls()).or_defect()?
        };
        let mut occurs = vec![false; values.len()];
        for key in keys.iter().flatten() {
            occurs[usize::try_from(key).unwrap_or(usize::MAX)] = true;
        }
        let occurs = NullBuffer::new(BooleanBuffer::from(occurs));
        let nulls = NullBuffer::union(values.logical_nulls().as_ref(), Some(&occurs));
        Ok(Column { texts: texts(values, nulls)?, keys: Some(keys), first_row })
    }

    pub(crate) fn rows(&self) -> usize {
        self.keys.as_ref().map_or(self.texts.len(), Array::len)
    }

    /// The size of row `i` in bytes.
    pub(crate) fn bytes(&self, i: usize) -> usize {
        let Some(keys) = &self.keys else { return self.texts.bytes(i) };
        if keys.is_null(i) {
            0
        } else {
            self.texts.bytes(usize::try_from(keys.value(i)).unwrap_or(usize::MAX))
        }
    }

    /// The first row of the whole column that has string `i`.
    pub(crate) fn row_of(&self, i: u64) -> u64 {
        let within = self.keys.as_ref().and_then(|keys| keys.iter().position(|key| key == Some(i)));
        self.first_row + within.map_or(i, |row| row as u64)
    }
}

/// Concatenates the results for ranges of a dictionary's values.
///
/// # Errors
/// `Data`, where they have 2³¹ tokens or more.
pub(crate) fn joined(chunks: &[ArrayRef], output: EncodeOutput) -> Result<ArrayRef> {
    let arrays: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
    if arrays.is_empty() {
        return Ok(new_empty_array(&output.data_type()));
    }
    let tokens: usize = chunks.iter().filter_map(|a| a.as_list_opt::<i32>()).map(|l| l.values().len()).sum();
    length(tokens)?;
    concat(&arrays).or_too_large()
}

/// The results for rows of a dictionary, looked up in the results for its values.
///
/// # Errors
/// `Data`, where the result is too large for Arrow.
pub(crate) fn looked_up(values: &ArrayRef, keys: &UInt64Array, rows: Range<usize>) -> Result<ArrayRef> {
    take(values, &keys.slice(rows.start, rows.len()), None).or_too_large()
}

/// Converts lists of ids of any integer type to `large_list<int32>`.
///
/// # Errors
/// `Column`, where these are not lists of integers, or one does not fit into 32 bits.
pub(crate) fn id_lists(array: &ArrayRef) -> Result<LargeListArray> {
    let is_list = match array.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            item.data_type().is_integer()
        }
        DataType::Null => true,
        _ => false,
    };
    let refused = |values: &str| {
        let message =
            format!("decode: the array must be lists of integers; got {}{values}", array.data_type());
        Error::new(Class::Column, "wrong_column_type", message)
            .help("pass lists of token ids, as encode_batch returns them")
    };
    if !is_list {
        return Err(refused(""));
    }
    let target = DataType::LargeList(Arc::new(Field::new("item", DataType::Int32, true)));
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let lists = cast_with_options(array, &target, &options)
        .map_err(|e| refused(" with values beyond int32").source(e))?;
    Ok(lists.as_list::<i64>().clone())
}

/// Decodes these rows; null stays null.
///
/// # Errors
/// `Data`, for a null among the ids, or for 2³¹ bytes of text or more in one range; `Tokenizer`; `Cancelled`.
pub(crate) fn decode(
    tokenizer: &LoadedTokenizer,
    lists: &LargeListArray,
    rows: Range<usize>,
    skip_special_tokens: bool,
    cancel: &Cancel,
) -> Result<ArrayRef> {
    let mut texts = StringBuilder::new();
    for i in rows {
        cancel.check()?;
        if lists.is_null(i) {
            texts.append_null();
            continue;
        }
        let ids = lists.value(i);
        let ids = ids.as_primitive::<Int32Type>();
        if ids.null_count() > 0 {
            let e = Error::new(Class::Data, "null_id", "decode: a list of ids holds a null");
            return Err(e.help("remove the nulls, or make the whole list null").row(i as u64));
        }
        let text = tokenizer.decode(ids.values(), skip_special_tokens).map_err(|e| e.row(i as u64))?;
        length(texts.values_slice().len() + text.len())?;
        texts.append_value(text);
    }
    Ok(Arc::new(texts.finish()))
}

#[cold]
fn control_token(message: String) -> Error {
    Error::new(Class::Data, reason::SPECIAL_TOKEN_IN_TEXT, message)
        .help("special_tokens=\"as_text\" encodes it as plain characters, \"as_token\" as the control token")
}

fn length(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(|_| {
        let message = format!("an array of {n} tokens or bytes is too large: its offsets must be below 2³¹");
        Error::new(Class::Data, "too_large", message).help("pass smaller texts, or fewer of them")
    })
}
