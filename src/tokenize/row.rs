//! The parts of one tokenized row, and how a row is cut to a length.

use super::options::OnOverflow;

/// Where a row's parts are: `prefix` (BOS), prompt, target. The row is the end of the ids so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it starts in the ids of the batch.
    pub start: usize,
    /// Tokens at its start that no cut takes away.
    pub prefix: usize,
    /// Tokens that are not trained: prefix and prompt.
    pub context: usize,
    /// Tokens of the completion, EOS included.
    pub target: usize,
}

/// Whether a row is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    Truncated,
    TooLong,
}

impl Row {
    pub fn len(self) -> usize {
        self.context + self.target
    }

    /// Where the completion starts in the ids of the batch.
    pub fn end_of_context(self) -> usize {
        self.start + self.context
    }

    /// Tokens whose label trains: the label of a row's first token has nothing before it to predict it from.
    pub fn trained(self) -> usize {
        self.target.saturating_sub(usize::from(self.context == 0))
    }

    /// Cuts the row, which is the end of `ids`, to `limit` tokens as far as the policy allows. The last `kept` tokens of
    /// the context stay.
    pub fn fit(&mut self, ids: &mut Vec<i32>, limit: usize, on_overflow: OnOverflow, kept: usize) -> Fit {
        if self.len() <= limit {
            return Fit::Whole;
        }
        let excess = self.len() - limit;
        let mut cut = *self;
        match on_overflow {
            OnOverflow::TruncatePromptLeft if excess + kept <= self.context - self.prefix => {
                cut.context -= excess;
                if cut.trained() == 0 {
                    return Fit::TooLong;
                }
                let first = self.start + self.prefix;
                ids.drain(first..first + excess);
            }
            OnOverflow::TruncateCompletion if excess < self.target => {
                cut.target -= excess;
                if cut.trained() == 0 {
                    return Fit::TooLong;
                }
                ids.truncate(self.start + limit);
            }
            _ => return Fit::TooLong,
        }
        *self = cut;
        Fit::Truncated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cut_as_the_policy_says() {
        use Fit::{TooLong, Truncated, Whole};
        use OnOverflow::{Drop, Reject, TruncateCompletion as Right, TruncatePromptLeft as Left};
        // prefix 0.., prompt 10.., target 20..; limit; policy, tokens of the prompt that stay; what is left.
        type Case = (usize, usize, usize, usize, OnOverflow, usize, Fit, &'static [i32]);
        let cases: &[Case] = &[
            (1, 2, 2, 5, Reject, 0, Whole, &[0, 10, 11, 20, 21]),
            (1, 2, 2, 4, Reject, 0, TooLong, &[0, 10, 11, 20, 21]),
            (1, 2, 2, 4, Drop, 0, TooLong, &[0, 10, 11, 20, 21]),
            (1, 2, 2, 4, Left, 0, Truncated, &[0, 11, 20, 21]),
            (1, 2, 2, 3, Left, 0, Truncated, &[0, 20, 21]),
            (1, 2, 2, 4, Left, 1, Truncated, &[0, 11, 20, 21]),
            (1, 2, 2, 3, Left, 1, TooLong, &[0, 10, 11, 20, 21]),
            (1, 2, 2, 2, Left, 0, TooLong, &[0, 10, 11, 20, 21]),
            (0, 2, 2, 2, Left, 0, Truncated, &[20, 21]),
            (0, 2, 1, 1, Left, 0, TooLong, &[10, 11, 20]),
            (1, 2, 2, 4, Right, 0, Truncated, &[0, 10, 11, 20]),
            (1, 2, 2, 3, Right, 0, TooLong, &[0, 10, 11, 20, 21]),
            (0, 0, 3, 2, Right, 0, Truncated, &[20, 21]),
            (0, 0, 3, 1, Right, 0, TooLong, &[20, 21, 22]),
        ];
        for &(prefix, prompt, target, limit, policy, kept, fit, left) in cases {
            let part = |from: i32, n: usize| (from..).take(n);
            let mut ids: Vec<i32> = vec![-1];
            ids.extend(part(0, prefix).chain(part(10, prompt)).chain(part(20, target)));
            let mut row = Row { start: 1, prefix, context: prefix + prompt, target };
            assert_eq!(row.fit(&mut ids, limit, policy, kept), fit, "{left:?}");
            assert_eq!(ids[1..], *left);
            assert_eq!(row.len(), left.len());
            assert_eq!(ids[1 + row.context..].iter().filter(|&&id| id < 20).count(), 0);
        }
    }
}
