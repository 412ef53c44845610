//! The registry of reasons: why a row was removed.

/// A reason: its stable slug and what it means. Each has an anchor in `docs/reasons.md`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason {
    /// The slug that reports, rejects and errors carry.
    pub(crate) code: &'static str,
    /// What the reason means, in one sentence.
    pub(crate) about: &'static str,
    /// What to do about such rows, in words of the Python interface. COLUMN and TOKEN stand for the column and the
    /// token that the rows name.
    pub(crate) fix: &'static str,
}

macro_rules! reasons {
    ($($name:ident $code:literal $about:literal $fix:literal;)*) => {
        $(#[doc = $about] pub const $name: &str = $code;)*
        /// All reasons, in the order of the steps that give them.
        pub(crate) const REASONS: &[Reason] = &[$(Reason { code: $code, about: $about, fix: $fix }),*];
    };
}

reasons! {
    BAD_JSON "bad_json" "The line, or the element of an array, is not valid JSON." "repair the program that wrote the lines: most often it does not escape line ends within text, or, where the detail says trailing text, writes two values on one line";
    BAD_UTF8 "bad_utf8" "The line, the element of an array, or the record is not valid UTF-8." "find the encoding, often WINDOWS-1252, and convert the file: iconv -f ENCODING -t UTF-8; in a file of UTF-16 the row holds half of a character, so that it must be written again";
    BAD_CSV "bad_csv" "The CSV record has text after a closing quote, or a carriage return outside quotes." "repair the program that wrote the file: quote a field that has quotes or line ends, and write two quotes for each quote within it";
    WRONG_FIELD_COUNT "wrong_field_count" "The CSV record has more or fewer fields than its file has columns." "quote fields that have the separator in them, or pass the right separator= to scan_csv";
    NOT_AN_OBJECT "not_an_object" "The line, or the element of an array, is valid JSON, but not an object with columns." "write each row as an object with columns, such as {\"text\": …}";
    LINE_TOO_LONG "line_too_long" "The line, the element of an array, or the record is longer than max_line_bytes." "check the line ends, which may be missing in the whole file, or raise max_line_bytes of the scan";
    MISSING_FIELD "missing_field" "A column that the plan needs is absent or null in this row." "put `COLUMN` in an optional part, {#COLUMN}…{COLUMN}…{/COLUMN}, or give it a value before format: with_columns(pl.col(\"COLUMN\").fill_null(\"\"))";
    WRONG_TYPE "wrong_type" "A column that the plan uses holds a value of another type in this row." "name a text column instead of `COLUMN`, or convert it to text first: with_columns(pl.col(\"COLUMN\").cast(pl.String))";
    NOT_IN_DIALECT "not_in_dialect" "The row is not one of the dialect that the data is read as." "repair what the detail names, or choose another dialect: read_as(\"none\") keeps all rows";
    FILTERED "filtered" "The filter's expression was false or null for this row." "check the expression of filter: it is false or null for these rows";
    BLANK_FIELD "blank_field" "A field that must not be blank is empty or holds only white space." "fill `COLUMN` in, or leave it out of validate(not_blank=)";
    TOO_SHORT "too_short" "A field has fewer characters than the rule asks for." "lower min_chars of validate for `COLUMN`";
    TOO_MANY_CHARS "too_many_chars" "A field has more characters than the rule allows." "raise max_chars of validate for `COLUMN`";
    VALUE_NOT_ALLOWED "value_not_allowed" "A field holds a value that is not on the rule's list." "add the values to allowed= of validate for `COLUMN`";
    EMPTY_PROMPT "empty_prompt" "The rendered prompt is empty or holds only white space." "for data without prompts use PromptFormat(\"\", completion=…); else name other columns in the template";
    EMPTY_COMPLETION "empty_completion" "The rendered completion is empty or holds only white space." "name the column that holds the answers in completion=";
    SEPARATOR_COLLISION "separator_collision" "The separator occurs in the row where the format did not put it." "choose another separator, which PromptFormat.suggest finds, or format(on_collision=\"insert_space\")";
    STOP_COLLISION "stop_collision" "The stop occurs in the row where the format did not put it." "choose another stop, which PromptFormat.suggest finds, or format(on_collision=\"insert_space\")";
    SPECIAL_TOKEN_IN_TEXT "special_token_in_text" "The text holds a control token of the tokenizer, written out." "where the rows end in TOKEN, make it the stop: PromptFormat(…, stop=\"TOKEN\"); else choose tokenize(special_tokens=): \"as_text\", \"strip\" or \"as_token\"";
    BAD_MESSAGES "bad_messages" "The messages cannot be read: a text holds half of a character, values nest more than 100 deep, or a text holds characters of private use planes." "repair what the detail names in the messages";
    CHAT_NOT_RENDERED "chat_not_rendered" "The chat template refuses the conversation, or fails on it." "change what the detail names, such as the order of roles, or choose another template";
    NOT_PRINTED "not_printed" "The chat template prints nothing of a text of the conversation." "remove such texts first, choose a template that prints them, or keep the rows: format(…, on_dropped=\"keep\")";
    CUT "cut" "The chat template prints only a part of a text of the conversation." "remove the rest first, choose a template that prints it, or keep the rows: format(…, on_dropped=\"keep\")";
    TURN_INTERLEAVED "turn_interleaved" "The chat template prints a turn of the assistant in the middle of other messages, or after later ones." "train only the last turn: format(…, train=\"last\"), or choose another template";
    REPR "repr" "The chat template prints parts of a message in the form of Python's repr, which no model should see." "write the content of the messages as text instead of parts";
    PRINTED_TWICE "printed_twice" "The chat template prints a text of the assistant twice." "choose another template";
    NOT_PROVEN "not_proven" "It cannot be proven which characters of the render are those of a turn." "train only the last turn: format(…, train=\"last\"), or choose another template";
    NO_PROMPT "no_prompt" "The conversation begins with a turn of the assistant." "remove that turn, or give it the weight 0; before an answer with a label put a turn of the user";
    PROMPT_DIFFERS "prompt_differs" "What the chat template prints before a turn is not what the model sees at inference." "set the variable that decides it, such as template_kwargs={\"enable_thinking\": False}; for rows without preferences make a row of each turn: format(…, history=\"split_turns\"), or train only the last one, train=\"last\"; or choose a template made for training";
    NO_END_TOKEN "no_end_token" "No token ends a turn that trains, so that a model would not learn to stop." "choose a template that ends each turn of the assistant with a token, or, for rows without preferences, say what happens to a last turn without one: format(…, on_open_end=\"append_eos\")";
    UNUSED_WEIGHT "unused_weight" "A message has a weight other than 0 and 1, and the step does not use weights." "use them: format(…, weights=True)";
    SAME_ANSWERS "same_answers" "The preferred answer and the other one are the same text, or have the same token ids." "nothing can be learnt from them; keep them by format(…, on_same_answers=\"keep\")";
    UNTRAINED_WITHIN "untrained_within" "An answer holds text within that must not train, such as the result of a tool or a later question." "keep the rows for reward models, which train no token: format(…, on_untrained=\"keep\")";
    DUPLICATE "duplicate" "An earlier row of this run has the same key." "name the columns that tell rows apart: dedup(on=…)";
    DUPLICATE_AGAINST "duplicate_against" "A row of an earlier prepared folder has the same key." "all of these rows are in the earlier folders: leave dedup(against=) out to prepare them again";
    PAST_HEAD "past_head" "The row comes after the last row that head keeps. It is counted after a shuffle or a pack, which read all rows." "nothing is wrong with them: head keeps the first rows in the order that reaches it";
    NOT_SAMPLED "not_sampled" "The row is not in the sample." "nothing is wrong with them: sample keeps so many rows as it is asked for";
    SURPLUS "surplus" "The class or the source of the row has more rows than are kept." "nothing is wrong with them: balance(how=\"oversample\"), balance(how=\"weights\") and mix(on_exhausted=\"repeat\") keep all rows";
    OTHER_ANSWER "other_answer" "Other rows have the same prompt and another answer." "choose which answer stays with keep= of resolve_conflicts, or name the columns that tell the prompts apart";
    NOT_IN_TARGET "not_in_target" "The row cannot be written as a conversation of the target, or the target would refuse it." "repair what the detail names, or choose another target";
    TOO_LONG "too_long" "The row has more tokens than max_length, and the policy does not cut it." "raise max_length of tokenize, or let on_overflow cut such rows";
    NO_TRAINED_TOKEN "no_trained_token" "No token of the row would be trained." "check completion= and the stop: the tokenizer makes no token of them";
}

/// The registry's entry of this code.
pub(crate) fn find(code: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|r| r.code == code)
}
