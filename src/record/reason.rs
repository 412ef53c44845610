//! The registry of reason codes: why a row was taken out, or what was found in it.

/// A reason: its stable slug and what it means. Each has an anchor in `docs/reasons.md`.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    /// The slug that reports, rejects and errors carry.
    pub code: &'static str,
    /// One sentence.
    pub about: &'static str,
}

macro_rules! reasons {
    ($($name:ident $code:literal $about:literal;)*) => {
        $(#[doc = $about] pub const $name: &str = $code;)*
        /// All reasons, in the order of the way of the data.
        pub const REASONS: &[Reason] = &[$(Reason { code: $code, about: $about }),*];
    };
}

reasons! {
    BAD_JSON "bad_json" "The line is not valid JSON.";
    BAD_UTF8 "bad_utf8" "The line is not valid UTF-8.";
    NOT_AN_OBJECT "not_an_object" "The line is valid JSON, but not an object with columns.";
    LINE_TOO_LONG "line_too_long" "The line is longer than max_line_bytes.";
    MISSING_FIELD "missing_field" "A column that the plan needs is absent or null in this row.";
    WRONG_TYPE "wrong_type" "A column that the plan uses holds a value of another type in this row.";
    FILTERED "filtered" "The filter's expression was false or null for this row.";
    NOT_IN_HEAD "not_in_head" "The row came after the first n that head(n) keeps.";
    BLANK_FIELD "blank_field" "A field that must not be blank is empty or holds only white space.";
    TOO_SHORT "too_short" "A field has fewer characters than the rule asks for.";
    TOO_MANY_CHARS "too_many_chars" "A field has more characters than the rule allows.";
    VALUE_NOT_ALLOWED "value_not_allowed" "A field holds a value that is not on the rule's list.";
    EMPTY_PROMPT "empty_prompt" "The rendered prompt is empty or holds only white space.";
    EMPTY_COMPLETION "empty_completion" "The rendered completion is empty or holds only white space.";
    SEPARATOR_COLLISION "separator_collision" "The separator occurs in the row where the format did not put it.";
    STOP_COLLISION "stop_collision" "The stop occurs in the row where the format did not put it.";
    SPECIAL_TOKEN_IN_TEXT "special_token_in_text" "The text holds a control token of the tokenizer, written out.";
    DUPLICATE "duplicate" "An earlier row of this run has the same key.";
    DUPLICATE_AGAINST "duplicate_against" "A row of an earlier prepared folder has the same key.";
    TOO_LONG "too_long" "The row has more tokens than max_length, and the policy does not cut it.";
    NO_TRAINED_TOKEN "no_trained_token" "No token of the row would be trained.";
}

/// The registry's entry of this code.
pub fn find(code: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|r| r.code == code)
}
