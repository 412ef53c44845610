//! The registry of findings: conditions of rows that are counted, but do not remove a row.

use std::fmt;

/// A kind of finding: its stable slug and what it means. Each has an anchor in `docs/report.md`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// The slug that reports carry.
    pub(crate) code: &'static str,
    /// What the finding means, in one sentence.
    pub(crate) about: &'static str,
    /// What to do about it, in words of the Python interface.
    pub(crate) fix: &'static str,
}

macro_rules! findings {
    ($($name:ident $code:literal $about:literal $fix:literal;)*) => {
        $(#[doc = $about] pub(crate) const $name: &str = $code;)*
        /// All kinds, in the order of the steps that count them.
        pub(crate) const KINDS: &[Kind] = &[$(Kind { code: $code, about: $about, fix: $fix }),*];
    };
}

findings! {
    LATE_COLUMN "late_column" "A key was not in the head of the file, and is not read." "move a row that has the key to the head of the file, or give the first rows the key with null";
    LATE_COLUMNS "late_columns" "Further keys were not in the head of the file, beyond those that are named." "write keys that differ from row to row as values of one object";
    REPEATED_KEY "repeated_key" "A row names a key twice." "repair the program that wrote the rows: one key, one value";
    COERCED "coerced" "A value is not of the column's type, and is kept as JSON text or as a JSON string." "write one type in the column; where it is to be text, cast it: with_columns(pl.col(…).cast(pl.String))";
    NOT_FINITE "not_finite" "A row has a NaN or an infinity, which JSON lines hold as null." "write Arrow shards, which hold such numbers, or replace them with with_columns first";
    REPAIRED "repaired" "A step changed the text of a row." "compare rows before and after with preview; name fewer columns or turn parts of the step off if it changes too much";
    REDACTED "redacted" "A piece of personal data or a secret was replaced by a placeholder." "leave a kind out of redact(kinds=) to keep its data";
    SPECIAL_TOKEN_IN_TEXT "special_token_in_text" "The text holds a control token of the tokenizer, under every policy." "choose special_tokens= of tokenize: \"reject\", \"as_text\", \"strip\" or \"as_token\"";
    FOREIGN_CONTROL_TOKEN "foreign_control_token" "The text holds a control token of another well-known model, which is plain text to this tokenizer." "remove it from the text first with with_columns, unless the model is to write it";
    NOT_PRINTED "not_printed" "The chat template prints nothing of a text of the conversation; the row was kept." "remove such texts first, or choose a template that prints them";
    CUT "cut" "The chat template prints only a part of a text of the conversation; the row was kept." "remove the rest first, or choose a template that prints it";
    GENERATION_MARKS "generation_marks" "The chat template marks other text by `{% generation %}` than what is proven to train; the proof decides." "nothing is wrong with the row; a trainer that goes by the marks trains other tokens";
    TEMPLATE_MARK_IN_TEXT "template_mark_in_text" "The text holds the token with which the chat template ends turns." "remove it from the text first; where the tokenizer has it as a control token, special_tokens= of tokenize decides";
    DROPPED_OLDEST_TURNS "dropped_oldest_turns" "The oldest messages of a conversation were dropped, as the row was too long." "choose a greater max_length=, or another on_overflow= of tokenize";
    FIXED "fixed" "A policy changed a row instead of removing it." "to keep rows as they are, choose a separator or stop that does not occur in them, which PromptFormat.suggest finds";
    STOP_IDS_HOLD_SEPARATOR "stop_ids_hold_separator" "The stop holds the separator as ids, though not as text." "choose another separator or stop, or match them as strings and not by ids";
    SEPARATOR_IDS_IN_TEXT "separator_ids_in_text" "Other text has the ids of the separator." "choose another separator, or match it as a string and not by ids";
    STOP_IDS_IN_TEXT "stop_ids_in_text" "Other text has the ids of the stop." "choose another stop, or match it as a string and not by ids";
    PROMPT_IDS_DIFFER "prompt_ids_differ" "At inference the ids before a turn that trains are others than in the row, though the text is the same." "make a row of each turn: format(…, history=\"split_turns\") and tokenize(…, boundary=\"part\")";
    IDS_OF_PARTS_DIFFER "ids_of_parts_differ" "The ids of the whole text are others than those of its parts." "nothing is wrong: boundary=\"whole\" was chosen for it; boundary=\"part\" gives the ids of inference";
    STRADDLING_TOKEN "straddling_token" "A token is on both sides of a boundary of what trains, and has the smaller weight of both." "choose boundary=\"part\", with which a token begins where training begins";
    TOKEN_OF_TWO_KINDS "token_of_two_kinds" "A token is of two kinds of a turn with different weights (reasoning, calls, content), and has the smaller one." "nothing is wrong; to avoid the finding, give both kinds one weight in span_weights";
    DOUBLED_BOS "doubled_bos" "The row begins with BOS twice." "remove BOS from the text: tokenize adds it";
    DOUBLED_BOS_AVOIDED "doubled_bos_avoided" "The text begins with BOS, and no second one was added." "nothing is wrong; to avoid the finding, remove BOS from the text";
    NO_EOS "no_eos" "The row ends in the stop alone, as the tokenizer names no EOS token." "choose a tokenizer that names its EOS token, or end generation at the stop";
    DOUBLED_EOS_AVOIDED "doubled_eos_avoided" "The text ends with EOS, and no second one was added." "nothing is wrong; to avoid the finding, remove EOS from the text";
}

/// A finding: its kind, and the column, token or policy that it names, where it names one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The code of its [`Kind`].
    pub(crate) code: &'static str,
    /// The column, token or policy.
    pub(crate) name: Option<String>,
}

impl Finding {
    /// A finding that names nothing.
    pub(crate) fn new(code: &'static str) -> Self {
        Finding { code, name: None }
    }

    /// A finding that names a column, a token or a policy.
    pub(crate) fn with_name(code: &'static str, name: &str) -> Self {
        Finding { code, name: Some(name.into()) }
    }
}

/// The name in reports: `code` or `code:name`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}:{name}", self.code),
            None => f.write_str(self.code),
        }
    }
}
