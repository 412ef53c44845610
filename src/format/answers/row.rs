//! A row with preferences: its prompt and its answers, one after another.

use crate::format::OnDropped;
use crate::record::turns::{Branch, Span};
use crate::record::{Policy, reason};

use super::options::AnswersOptions;

/// An answer with its prompt, rendered and proven.
pub(super) struct Rendered {
    pub(super) branch: Branch,
    /// The prompt and the answer.
    pub(super) text: String,
    /// The bytes of the prompt. A span ends there.
    pub(super) prompt: usize,
    pub(super) spans: Vec<Span>,
    /// The value of [`crate::record::schema::AS_TEXT`].
    pub(super) as_text: Option<Vec<u8>>,
}

/// A row of prompt and answers.
pub(super) struct AnswersRow {
    /// The prompt, and then each answer.
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
    /// The value of [`crate::record::schema::AS_TEXT`] for this text.
    pub(super) as_text: Option<Vec<u8>>,
    /// The bytes of the prompt.
    pub(super) prompt: usize,
    /// Where each answer ends, and its branch.
    pub(super) answers: Vec<(Branch, usize)>,
}

/// Why a row is removed: a policy, a reason, and its detail.
pub(super) type Removed = (Policy, &'static str, String);

/// Joins the answers of a row.
///
/// # Errors
/// Why the row is removed.
pub(super) fn join(rendered: &[Rendered], options: &AnswersOptions) -> Result<AnswersRow, Removed> {
    let reject = |code, detail: &str| Err((Policy::Reject, code, detail.to_string()));
    let Some(first) = rendered.first() else {
        return reject(reason::PROMPT_DIFFERS, "the row has no answer");
    };
    let prompt = &first.text[..first.prompt];
    let mut row = AnswersRow {
        text: prompt.to_string(),
        spans: Vec::new(),
        as_text: None,
        prompt: first.prompt,
        answers: Vec::new(),
    };
    let mut untrained = false;
    for answer in rendered {
        if answer.text.get(..answer.prompt) != Some(prompt) {
            return reject(reason::PROMPT_DIFFERS, "the two answers do not have the same prompt");
        }
        let is_first = row.answers.is_empty();
        let moved = row.text.len() - row.prompt;
        row.text.push_str(&answer.text[answer.prompt..]);
        let mut start = 0;
        for span in &answer.spans {
            let (from, end) = (start, span.end as usize);
            start = end;
            if end <= row.prompt {
                // A prompt that trains would train twice.
                row.spans.extend(is_first.then_some(Span { trained: false, weight: 1.0, ..*span }));
            } else {
                untrained |= !span.trained && from < end;
                // The texts of a row are shorter than 4 GiB.
                row.spans.push(Span { end: (end + moved) as u32, branch: answer.branch, ..*span });
            }
        }
        for [from, to] in pairs(answer.as_text.as_deref().unwrap_or_default()) {
            let (from, to) = (from as usize, to as usize);
            if from < row.prompt && row.prompt < to {
                let detail = "a control token crosses the border between the prompt and an answer";
                return reject(reason::SPECIAL_TOKEN_IN_TEXT, detail);
            }
            let by = if to <= row.prompt { 0 } else { moved };
            if is_first || to > row.prompt {
                let plain = row.as_text.get_or_insert_default();
                for end in [from + by, to + by] {
                    plain.extend_from_slice(&(end as u32).to_le_bytes());
                }
            }
        }
        row.answers.push((answer.branch, row.text.len()));
    }
    let same = matches!(rendered, [a, b] if a.text == b.text);
    let found = [
        (same, options.on_same, reason::SAME_ANSWERS, "both answers are the same text"),
        (
            untrained,
            options.on_untrained,
            reason::UNTRAINED_WITHIN,
            "an answer holds text within that must not train",
        ),
    ];
    for (is_found, policy, code, detail) in found {
        if let (true, OnDropped::Remove(policy)) = (is_found, policy) {
            return Err((policy, code, detail.to_string()));
        }
    }
    Ok(row)
}

/// The pairs of numbers of a value of [`crate::record::schema::AS_TEXT`].
fn pairs(bytes: &[u8]) -> impl Iterator<Item = [u32; 2]> {
    bytes.as_chunks::<4>().0.as_chunks::<2>().0.iter().map(|pair| pair.map(u32::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Answers;
    use crate::record::turns::Role;

    fn options(policy: OnDropped) -> AnswersOptions {
        AnswersOptions { answers: Answers::Pair, on_same: policy, on_untrained: policy }
    }

    fn rendered(branch: Branch, answer: &str, as_text: &[[u32; 2]]) -> Rendered {
        let span = |end: usize, trained| Span {
            end: end as u32,
            role: Role::Assistant,
            trained,
            from_data: true,
            weight: 1.0,
            branch: Branch::Main,
            kind: None,
        };
        let text = format!("pp{answer}");
        let spans = vec![span(2, false), span(text.len(), true)];
        let as_text: Vec<u8> = as_text.iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
        Rendered { branch, text, prompt: 2, spans, as_text: (!as_text.is_empty()).then_some(as_text) }
    }

    #[test]
    fn prompt_and_answers_are_one_text_with_branches() {
        let pair = [
            rendered(Branch::Chosen, "aa", &[[0, 1], [2, 3]]),
            rendered(Branch::Rejected, "bbb", &[[0, 1], [3, 5]]),
        ];
        let row = join(&pair, &options(OnDropped::Keep)).ok().unwrap();
        assert_eq!(row.text, "ppaabbb");
        let spans: Vec<_> = row.spans.iter().map(|span| (span.end, span.branch, span.trained)).collect();
        assert_eq!(spans, [(2, Branch::Main, false), (4, Branch::Chosen, true), (7, Branch::Rejected, true)]);
        let plain: Vec<[u32; 2]> = pairs(row.as_text.as_deref().unwrap()).collect();
        assert_eq!(plain, [[0, 1], [2, 3], [5, 7]]);
        assert_eq!(row.answers, [(Branch::Chosen, 4), (Branch::Rejected, 7)]);
    }

    #[test]
    fn says_why_a_row_is_removed() {
        let code = |pair: &[Rendered], policy| join(pair, &options(policy)).err().map(|(_, code, _)| code);
        let reject = OnDropped::Remove(Policy::Reject);
        let a = || rendered(Branch::Chosen, "a", &[]);
        assert_eq!(code(&[a(), rendered(Branch::Rejected, "a", &[])], reject), Some(reason::SAME_ANSWERS));
        assert_eq!(code(&[a(), rendered(Branch::Rejected, "a", &[])], OnDropped::Keep), None);
        let crossing = rendered(Branch::Rejected, "b", &[[1, 3]]);
        assert_eq!(code(&[a(), crossing], reject), Some(reason::SPECIAL_TOKEN_IN_TEXT));
        let mut other = rendered(Branch::Rejected, "b", &[]);
        other.text = "qqb".into();
        assert_eq!(code(&[a(), other], reject), Some(reason::PROMPT_DIFFERS));
        let mut within = rendered(Branch::Rejected, "bc", &[]);
        within.spans.insert(1, Span { end: 3, trained: false, ..within.spans[1] });
        assert_eq!(code(&[a(), within], reject), Some(reason::UNTRAINED_WITHIN));
    }
}
