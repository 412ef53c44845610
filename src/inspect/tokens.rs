//! The tokens of rows: those of tokenized rows, and what is known of the tokens of any row.

use arrow::array::{AsArray, ListArray};
use arrow::datatypes::{DataType, Field, Int32Type};
use serde_json::{Value, json};

use super::counted_tokens::CountedTokens;
use super::lengths::Lengths;
use crate::record::tokens::items;
use crate::record::{Batch, schema};

/// The tokens of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowTokens {
    all: u64,
    trained: u64,
}

/// What is known of the tokens of a row.
pub(crate) struct KnownTokens {
    /// None where rows are not tokenized.
    pub(super) tokenized: Option<RowTokens>,
    /// None without a tokenizer.
    pub(super) counted: Option<CountedTokens>,
    /// The most tokens of a row.
    pub(super) context: Option<u64>,
    /// Whether the row is rendered, and no character of it trains.
    pub(super) is_untrained: bool,
}

impl KnownTokens {
    /// Whether the row is longer than the context. The ids of a tokenized row are what is trained, so that they decide.
    pub(crate) fn are_over_context(&self) -> bool {
        let all = self.tokenized.map(|tokens| tokens.all).or(self.counted.map(|tokens| tokens.all()));
        all.zip(self.context).is_some_and(|(all, context)| all > context)
    }

    /// Whether the row is tokenized or rendered, and nothing of it is trained.
    pub(crate) fn are_untrained(&self) -> bool {
        self.is_untrained || self.tokenized.is_some_and(|tokens| tokens.trained == 0)
    }
}

/// The columns of token ids and labels of a batch.
pub(super) struct TokenColumns<'b> {
    ids: &'b ListArray,
    labels: &'b ListArray,
}

/// Whether the column has the ids or the labels of rows.
pub(crate) fn has_tokens(field: &Field) -> bool {
    let is_numbers =
        matches!(field.data_type(), DataType::List(item) if *item.data_type() == DataType::Int32);
    is_numbers && [schema::INPUT_IDS, schema::LABELS].contains(&field.name().as_str())
}

impl<'b> TokenColumns<'b> {
    /// Those of a batch; none where its rows are not tokenized.
    pub(super) fn of(batch: &'b Batch) -> Option<Self> {
        let find = |name| {
            let (index, field) = batch.records.schema_ref().column_with_name(name)?;
            has_tokens(field).then(|| batch.records.column(index).as_list())
        };
        Some(TokenColumns { ids: find(schema::INPUT_IDS)?, labels: find(schema::LABELS)? })
    }

    pub(super) fn row(&self, i: usize) -> RowTokens {
        let labels = items::<Int32Type>(self.labels, i);
        RowTokens {
            all: self.ids.value_length(i).max(0) as u64,
            trained: labels.iter().filter(|label| **label != schema::IGNORE).count() as u64,
        }
    }
}

/// Tokens of all rows. Merging is commutative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(super) lengths: Lengths,
    trained: u64,
}

impl Tokens {
    pub(super) fn add(&mut self, row: RowTokens) {
        self.lengths.add(row.all);
        self.trained += row.trained;
    }

    /// Adds a row, with its length rounded down by less than 1/64.
    pub(super) fn add_rounded(&mut self, row: RowTokens) {
        self.lengths.add_rounded(row.all);
        self.trained += row.trained;
    }

    pub(super) fn merge(&mut self, other: Tokens) {
        self.lengths.merge(other.lengths);
        self.trained += other.trained;
    }

    /// The same as [`to_json`](Self::to_json), with a histogram.
    pub(super) fn with_histogram(&self) -> Value {
        self.trained_too(self.lengths.with_histogram())
    }

    /// The lengths of rows in tokens, and the tokens that are trained; null where rows are not tokenized.
    pub(super) fn to_json(&self) -> Value {
        self.trained_too(self.lengths.to_json())
    }

    fn trained_too(&self, mut json: Value) -> Value {
        if !json.is_null() {
            json["trained"] = json!(self.trained);
        }
        json
    }
}
