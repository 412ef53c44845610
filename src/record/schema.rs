//! Names and types of columns that several layers use.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

/// The start of the names of internal columns, which are never written as columns.
pub(crate) const HIDDEN: &str = "__fastprep_";
/// FixedSizeBinary(16): the dedup key, big-endian; written to `keys.arrow`.
pub const KEY: &str = "__fastprep_key";
/// FixedSizeBinary(16): the key that decides the split, big-endian; by default a hash of the rendered prompt.
pub(crate) const PROMPT_KEY: &str = "__fastprep_prompt_key";
/// UInt8: index into the plan's split names.
pub(crate) const SPLIT: &str = "__fastprep_split";
/// Binary: the byte spans of control tokens that are plain text, as pairs of start and end (u32, little-endian)
/// within the row's text, prompt + completion. Null where there are none.
pub(crate) const AS_TEXT: &str = "__fastprep_as_text";
/// Utf8View: the rendered text of a row of turns that is not a pair of prompt and completion.
pub(crate) const TURNS_TEXT: &str = "__fastprep_turns_text";
/// Binary: the spans of that text; see `turns`.
pub(crate) const TURNS: &str = "__fastprep_turns";

/// FixedSizeBinary(16): the key of the rows that a choice compares: those of one group, of one prompt, or of one class.
/// Null for rows without a class.
pub(crate) const GROUP: &str = "__fastprep_group";
/// FixedSizeBinary(16): the key of the answer of a row, where conflicts are resolved.
pub(crate) const ANSWER: &str = "__fastprep_answer";
/// Boolean: whether a choice keeps the row.
pub(crate) const STAYS: &str = "__fastprep_stays";

/// The place of a row, carried through a barrier: UInt32, UInt64, twice UInt64 or null, and UInt64.
pub(crate) const PLACE_FILE: &str = "__fastprep_file";
/// See [`PLACE_FILE`].
pub(crate) const PLACE_ROW: &str = "__fastprep_row";
/// See [`PLACE_FILE`].
pub(crate) const PLACE_LINE: &str = "__fastprep_line";
/// See [`PLACE_FILE`].
pub(crate) const PLACE_BYTE: &str = "__fastprep_byte";
/// See [`PLACE_FILE`].
pub(crate) const PLACE_COPY: &str = "__fastprep_copy";

/// The rendered prompt, ending in the separator.
pub(crate) const PROMPT: &str = "prompt";
/// The rendered completion, ending in the stop.
pub(crate) const COMPLETION: &str = "completion";
/// The rendered answer that is preferred.
pub(crate) const CHOSEN: &str = "chosen";
/// The other rendered answer.
pub(crate) const REJECTED: &str = "rejected";
/// Boolean: whether the completion is a good one.
pub(crate) const LABEL: &str = "label";
/// The text of a conversation.
pub(crate) const CHAT_TEXT: &str = "text";
/// JSON: the spans of that text, each with start and end in characters, role, and whether it trains.
pub(crate) const SPANS: &str = "spans";
/// The number of the message that trains, where each turn of a conversation is a row of its own.
pub(crate) const MESSAGE: &str = "message";
/// `list<int32>`: the encoding of the prompt, then that of the completion.
pub(crate) const INPUT_IDS: &str = "input_ids";
/// `list<int32>`: −100 where not trained.
pub(crate) const LABELS: &str = "labels";
/// `list<int32>`: runs of tokens of one kind.
pub(crate) const SEGMENT_LENGTHS: &str = "segment_lengths";
/// `list<uint8>`: 0 never trained, 1 context, 2 target; one for each run.
pub(crate) const SEGMENT_KINDS: &str = "segment_kinds";

/// The columns that `tokenize` adds.
pub(crate) const TOKENIZED: [&str; 4] = [INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS];
/// `list<int32>`: the ids of the prompt of a row with preferences.
pub(crate) const PROMPT_IDS: &str = "prompt_ids";
/// `list<int32>`: the ids of the preferred answer, without those of the prompt.
pub(crate) const CHOSEN_IDS: &str = "chosen_ids";
/// `list<int32>`: those ids, −100 where not trained.
pub(crate) const CHOSEN_LABELS: &str = "chosen_labels";
/// `list<int32>`: the ids of the other answer, without those of the prompt.
pub(crate) const REJECTED_IDS: &str = "rejected_ids";
/// `list<int32>`: those ids, −100 where not trained.
pub(crate) const REJECTED_LABELS: &str = "rejected_labels";
/// `list<int32>`: the ids of an answer with a label, without those of the prompt.
pub(crate) const COMPLETION_IDS: &str = "completion_ids";
/// `list<int32>`: those ids, −100 where not trained.
pub(crate) const COMPLETION_LABELS: &str = "completion_labels";
/// `list<float32>`: a factor for each segment; only where segments weigh differently.
pub(crate) const SEGMENT_WEIGHTS: &str = "segment_weights";
/// `list<int32>`: tokens of each document of a packed row.
pub(crate) const SEQ_LENGTHS: &str = "seq_lengths";
/// A number: the factor of a row in the loss.
pub(crate) const ROW_WEIGHT: &str = "row_weight";

/// The split of rows that are in no other split.
pub(crate) const TRAIN: &str = "train";

/// Kind of a segment whose tokens can never train.
pub(crate) const NEVER: u8 = 0;
/// Kind of a segment that the model reads, but is not trained on.
pub(crate) const CONTEXT: u8 = 1;
/// Kind of a segment that is trained.
pub(crate) const TARGET: u8 = 2;

/// The label of a token that is not trained.
pub(crate) const IGNORE: i32 = -100;

/// Whether a column is internal.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(HIDDEN)
}

/// A text column.
pub fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8View, true)
}

/// A column of JSON kept verbatim: Arrow's canonical extension `arrow.json` over text.
pub fn json(name: &str) -> Field {
    let metadata = HashMap::from([
        ("ARROW:extension:name".to_string(), "arrow.json".to_string()),
        ("ARROW:extension:metadata".to_string(), String::new()),
    ]);
    Field::new(name, DataType::Utf8View, true).with_metadata(metadata)
}

/// Whether a column holds verbatim JSON.
pub(crate) fn is_json(field: &Field) -> bool {
    field.metadata().get("ARROW:extension:name").is_some_and(|n| n == "arrow.json")
}

/// `list<item>` without null lists and without null items.
pub(crate) fn list(name: &str, item: DataType) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("item", item, false))), false)
}

/// The name of a type in messages and in `explain`.
pub(crate) fn type_name(field: &Field) -> String {
    match field.data_type() {
        _ if is_json(field) => "json".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "str".into(),
        DataType::Dictionary(_, value) => type_name(&Field::new("", value.as_ref().clone(), true)),
        DataType::Boolean => "bool".into(),
        DataType::List(item) if !item.data_type().is_nested() => format!("list<{}>", type_name(item)),
        t if t.is_nested() => "nested".into(),
        t => t.to_string().to_lowercase(),
    }
}
