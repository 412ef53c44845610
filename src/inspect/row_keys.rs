//! By what rows are compared.

use super::row::{Row, Text};
use crate::hash;
use crate::record::Place;

/// The key of rows without a prompt, which do not contradict one another.
pub(super) const NO_PROMPT: u128 = 0;

/// The key of rows without texts, such as tokens alone, which are not compared.
pub(super) const NO_TEXTS: u64 = 0;

/// The keys of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowKeys {
    pub(crate) place: Place,
    /// Of the whole row; of nothing, where it has no texts.
    pub(crate) whole: u64,
    /// Of the prompt with system, tools and history, whatever its white space; of nothing, where the row has none of them.
    pub(crate) prompt: u128,
    /// Of the answer, whatever its white space.
    pub(crate) answer: u64,
    /// Whether another answer to the same prompt contradicts this one: it is neither one of a pair, nor labelled.
    pub(crate) is_only: bool,
    /// Whether the answer is a good one, if the row says so.
    pub(crate) label: Option<bool>,
}

/// The keys of a row; `folded` is overwritten.
pub(super) fn row_keys(row: &Row<'_>, place: Place, folded: &mut Vec<u8>) -> RowKeys {
    let at = row.prompt_len();
    let key = |texts: &[Text<'_>], digest: &mut dyn FnMut(&str) -> u128| -> u128 {
        // The turn tells two texts of one turn from two turns.
        let digests = texts
            .iter()
            .flat_map(|said| [u128::from(said.turn) << 8 | said.speaker as u128, digest(said.text)]);
        hash::key(digests)
    };
    let mut loose = |text: &str| {
        if is_folded(text.as_bytes()) {
            return hash::field(Some(text.as_bytes()));
        }
        folded.clear();
        for word in text.split_ascii_whitespace() {
            folded.extend_from_slice(word.as_bytes());
            folded.push(b' ');
        }
        folded.pop();
        hash::field(Some(folded))
    };
    let (prompt, answer) = row.texts.split_at(at);
    let tools = hash::field(row.tools.map(str::as_bytes));
    let has_prompt = row.tools.is_some() || prompt.iter().any(|said| !said.text.is_empty());
    let label = row.label.map_or(0, |label| 1 + u128::from(label));
    let whole = match row.texts.is_empty() {
        true => NO_TEXTS,
        false => {
            hash::key([key(&row.texts, &mut |text| hash::field(Some(text.as_bytes()))), tools, label]) as u64
        }
    };
    RowKeys {
        place,
        whole,
        prompt: if has_prompt { hash::key([key(prompt, &mut loose), tools]) } else { NO_PROMPT },
        answer: key(answer, &mut loose) as u64,
        is_only: !row.is_pair() && row.label.is_none(),
        label: row.label,
    }
}

/// Whether words are separated by one space, and there is no other white space. Loops without branches look at blocks.
fn is_folded(text: &[u8]) -> bool {
    let rest = text.get(1..).unwrap_or_default();
    let is_other = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r');
    let ends_in_space = text.starts_with(b" ") || text.ends_with(b" ");
    let has_other = text.iter().fold(false, |any, byte| any | is_other(*byte));
    let has_two = text.iter().zip(rest).fold(false, |any, (a, b)| any | (*a == b' ' && *b == b' '));
    !ends_in_space && !has_other && !has_two
}

#[cfg(test)]
mod tests {
    use super::is_folded;

    #[test]
    fn folded_text_is_its_words_with_a_space_between() {
        for text in
            ["", "a", "a b", "é b c", " ", " a", "a ", "a  b", "a\tb", "a\n", "\r", "a\u{a0}b", "a\x0bb"]
        {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            assert_eq!(is_folded(text.as_bytes()), words.join(" ") == text, "{text:?}");
        }
    }
}
