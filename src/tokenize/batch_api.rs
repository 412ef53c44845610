//! Texts of an Arrow array to lists of ids and back, a range of rows at a time: a worker's part of what
//! `Tokenizer` does. Output is built flat, a vector of ids for the whole range.

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

/// Bytes of text that a token stands for at least, on average, in most texts.
const BYTES_PER_TOKEN: usize = 4;

/// What is made of each text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Its ids: `list<int32>`.
    Ids,
    /// How many they are: `int32`.
    Counts,
}

impl Make {
    /// The type of what is made.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Make::Ids => schema::list("", DataType::Int32).data_type().clone(),
            Make::Counts => DataType::Int32,
        }
    }
}

/// What is done with a control token that a text writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It becomes the control token, as in `tokenizers`.
    AsToken,
    /// It becomes the plain characters that it is.
    AsText,
    /// It is an error.
    Raise,
}

impl Word for Written {
    const ALL: &'static [Self] = &[Written::AsToken, Written::AsText, Written::Raise];

    fn name(self) -> &'static str {
        match self {
            Written::AsToken => "as_token",
            Written::AsText => "as_text",
            Written::Raise => "raise",
        }
    }
}

/// Turns texts into what is asked for.
pub(crate) struct ListEncoder<'a> {
    /// The tokenizer.
    pub(crate) tokenizer: &'a LoadedTokenizer,
    /// Whether each text gets what the post-processor adds.
    pub(crate) add_special_tokens: bool,
    /// What is done with control tokens in the texts.
    pub(crate) written: Written,
    /// What is made.
    pub(crate) make: Make,
}

impl ListEncoder<'_> {
    /// Encodes these rows; null stays null.
    ///
    /// # Errors
    /// `Tokenizer`, with the row counted from the start of `texts`; `Cancelled`.
    pub(crate) fn encode(&self, texts: &Texts, rows: Range<usize>, cancel: &Cancel) -> Result<ArrayRef> {
        let nulls = texts.nulls.as_ref().map(|n| n.slice(rows.start, rows.len()));
        let Some(strings) = texts.strings() else {
            return Ok(new_null_array(&self.make.data_type(), rows.len()));
        };
        let bytes: usize = rows.clone().map(|i| strings.bytes(i)).sum();
        let mut ids = Vec::with_capacity(bytes / BYTES_PER_TOKEN);
        let mut session = self.tokenizer.encoder().session();
        let mut numbers = Vec::with_capacity(rows.len() + 1);
        if self.make == Make::Ids {
            numbers.push(0);
        }
        for (at, i) in rows.enumerate() {
            cancel.check()?;
            if nulls.as_ref().is_none_or(|n| n.is_valid(at)) {
                let text = strings.get(i).unwrap_or_default();
                self.tokenizer
                    .encode(&mut session, text, self.add_special_tokens, self.written, &mut ids)
                    .map_err(|e| e.row(i as u64))?;
            }
            numbers.push(length(ids.len())?);
            if self.make == Make::Counts {
                ids.clear();
            }
        }
        let numbers = ScalarBuffer::from(numbers);
        Ok(match self.make {
            Make::Counts => Arc::new(Int32Array::try_new(numbers, nulls).or_defect()?),
            Make::Ids => {
                ids.shrink_to_fit();
                let values = Arc::new(Int32Array::from(ids));
                let item = Arc::new(Field::new("item", DataType::Int32, false));
                Arc::new(ListArray::try_new(item, OffsetBuffer::new(numbers), values, nulls).or_defect()?)
            }
        })
    }
}

impl LoadedTokenizer {
    /// Appends the ids of a text, on request with what the post-processor puts around it.
    ///
    /// # Errors
    /// See [`Session::encode_prompt`]; `Data`, for a control token that may not be there.
    pub(crate) fn encode(
        &self,
        session: &mut Session<'_>,
        text: &str,
        add_special_tokens: bool,
        written: Written,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        if add_special_tokens {
            out.extend_from_slice(&self.prefix_ids);
        }
        match written {
            Written::AsToken => session.encode_prompt(text, out)?,
            Written::AsText | Written::Raise => self.encode_plain(session, text, written, out)?,
        }
        if add_special_tokens {
            out.extend_from_slice(&self.suffix_ids);
        }
        Ok(())
    }

    /// Appends ids without a control token.
    fn encode_plain(
        &self,
        session: &mut Session<'_>,
        text: &str,
        written: Written,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        let (start, found) = (out.len(), self.control.tokens().written(text));
        if let (Written::Raise, Some(first)) = (written, found.first()) {
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
        // The tokenizer may make one of text that is written otherwise.
        if written == Written::AsText
            && (!spans.is_empty() || !self.control.made(text, &[], &out[start..]).is_empty())
        {
            out.truncate(start);
            session.encode_prompt_as_text(text, &spans, out)?;
        }
        match self.control.made(text, &spans, &out[start..]).first() {
            Some(token) => {
                let what = format!(
                    "the ids hold the control token {:?}, made of text written otherwise",
                    token.content
                );
                Err(control_token(what))
            }
            None => Ok(()),
        }
    }
}

/// A chunk of a column: strings, or a dictionary, of which each value that occurs is encoded once.
pub(crate) struct Column {
    /// The strings: the rows, or the dictionary's values, of which those that do not occur count as null.
    pub(crate) texts: Texts,
    /// Of a dictionary: each row's value, null where it has none.
    pub(crate) keys: Option<UInt64Array>,
    /// Rows of the chunks before.
    pub(crate) first_row: u64,
}

/// Strings, and which of them are null.
pub(crate) struct Texts {
    array: ArrayRef,
    nulls: Option<NullBuffer>,
}

impl Texts {
    fn strings(&self) -> Option<Strings<'_>> {
        Strings::of(self.array.as_ref())
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.array.len()
    }

    /// The bytes of row `i`.
    pub(crate) fn bytes(&self, i: usize) -> usize {
        let is_null = self.nulls.as_ref().is_some_and(|n| n.is_null(i));
        if is_null { 0 } else { self.strings().map_or(0, |s| s.bytes(i)) }
    }
}

impl Column {
    /// A chunk of any text type.
    ///
    /// # Errors
    /// `Column`, when it is not text.
    pub(crate) fn of(array: &ArrayRef, first_row: u64) -> Result<Self> {
        let refused = || {
            let what = format!("tokenize: the array is {}, not text", array.data_type());
            let e = Error::new(Class::Column, "wrong_column_type", what);
            e.help("give strings, or a dictionary of strings; of a table, give one column")
        };
        let texts = |array: &ArrayRef, nulls| {
            let is_text = Strings::of(array.as_ref()).is_some() || array.data_type() == &DataType::Null;
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

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        self.keys.as_ref().map_or(self.texts.len(), Array::len)
    }

    /// The bytes of row `i`.
    pub(crate) fn bytes(&self, i: usize) -> usize {
        let Some(keys) = &self.keys else { return self.texts.bytes(i) };
        if keys.is_null(i) {
            0
        } else {
            self.texts.bytes(usize::try_from(keys.value(i)).unwrap_or(usize::MAX))
        }
    }

    /// The place in the whole column of what failed at string `i`.
    pub(crate) fn row_of(&self, i: u64) -> u64 {
        let within = self.keys.as_ref().and_then(|keys| keys.iter().position(|key| key == Some(i)));
        self.first_row + within.map_or(i, |row| row as u64)
    }
}

/// What was made of a dictionary's values, in one piece.
///
/// # Errors
/// `Data`, when they are 2³¹ tokens or more.
pub(crate) fn joined(made: &[ArrayRef], make: Make) -> Result<ArrayRef> {
    let parts: Vec<&dyn Array> = made.iter().map(AsRef::as_ref).collect();
    if parts.is_empty() {
        return Ok(new_empty_array(&make.data_type()));
    }
    let tokens: usize = made.iter().filter_map(|a| a.as_list_opt::<i32>()).map(|l| l.values().len()).sum();
    length(tokens)?;
    concat(&parts).or_too_large()
}

/// The rows of a dictionary from what was made of its values.
///
/// # Errors
/// `Internal`, when Arrow refuses.
pub(crate) fn looked_up(values: &ArrayRef, keys: &UInt64Array, rows: Range<usize>) -> Result<ArrayRef> {
    take(values, &keys.slice(rows.start, rows.len()), None).or_too_large()
}

/// Lists of ids in any integer type, as `large_list<int32>`.
///
/// # Errors
/// `Column`, when these are no lists of integers, or one is beyond 32 bits.
pub(crate) fn id_lists(array: &ArrayRef) -> Result<LargeListArray> {
    let is_list = match array.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            item.data_type().is_integer()
        }
        DataType::Null => true,
        _ => false,
    };
    let refused = |why: &str| {
        let what = format!("decode: the array is {}, {why}", array.data_type());
        Error::new(Class::Column, "wrong_column_type", what)
            .help("give lists of token ids, as encode_batch does")
    };
    if !is_list {
        return Err(refused("not lists of integers"));
    }
    let wanted = DataType::LargeList(Arc::new(Field::new("item", DataType::Int32, true)));
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let lists = cast_with_options(array, &wanted, &options).map_err(|e| refused("beyond int32").source(e))?;
    Ok(lists.as_list::<i64>().clone())
}

/// Decodes these rows; null stays null.
///
/// # Errors
/// `Data`, for a null among the ids, or 2³¹ bytes of text in one range; `Tokenizer`; `Cancelled`.
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
            let e = Error::new(Class::Data, "null_id", "decode: a list holds null among its ids");
            return Err(e.help("take the nulls out, or make the whole list null").row(i as u64));
        }
        let text = tokenizer.decode(ids.values(), skip_special_tokens).map_err(|e| e.row(i as u64))?;
        length(texts.values_slice().len() + text.len())?;
        texts.append_value(text);
    }
    Ok(Arc::new(texts.finish()))
}

#[cold]
fn control_token(what: String) -> Error {
    Error::new(Class::Data, reason::SPECIAL_TOKEN_IN_TEXT, what).help(
        "special_tokens=\"as_text\" encodes it as plain characters, \"as_token\" as the control token; or take it out",
    )
}

fn length(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(|_| {
        let what = format!("{n} tokens or bytes in one piece: 32-bit offsets hold fewer than 2³¹");
        Error::new(Class::Data, "too_large", what).help("give smaller texts")
    })
}
