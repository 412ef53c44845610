//! The tokens of one row, counted by part, and cutting a row to a length.

use super::options::OnOverflow;
use crate::record::turns::SpanKind;

/// The number of tokens in each part of a row. The ids of the row are the last ids of the batch so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Row {
    /// Where it starts in the ids of the batch.
    pub start: usize,
    /// The prefix (BOS), which is never cut, then each part of the row.
    pub(crate) runs: Vec<Run>,
}

/// The tokens of one part. EOS belongs to the last part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(crate) tokens: usize,
    pub trained: bool,
    /// Its factor in the loss.
    pub weight: f32,
    /// What it is of a turn whose kinds train differently.
    pub kind: Option<SpanKind>,
}

impl Run {
    /// Whether both train alike.
    pub(super) fn trains_like(&self, other: &Run) -> bool {
        (self.trained, self.weight, self.kind) == (other.trained, other.weight, other.kind)
    }
}

/// Whether a row is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    Truncated,
    TooLong,
}

impl Row {
    pub(crate) fn len(&self) -> usize {
        self.before(self.runs.len())
    }

    /// Tokens before run number `i`.
    pub(crate) fn before(&self, i: usize) -> usize {
        self.runs[..i].iter().map(|run| run.tokens).sum()
    }

    /// Tokens of the parts that train, with EOS.
    pub(crate) fn target(&self) -> usize {
        self.runs.iter().filter(|run| run.trained).map(|run| run.tokens).sum()
    }

    /// Tokens that are trained: those of [`target`](Self::target) without the first token of the row, which cannot be
    /// predicted from anything.
    pub(crate) fn trained(&self) -> usize {
        let first = self.runs.iter().find(|run| run.tokens > 0);
        self.target() - usize::from(first.is_some_and(|run| run.trained))
    }

    /// The tokens of each kind, and how many of them are trained.
    pub(crate) fn of_kinds(&self) -> [[u64; 2]; 3] {
        let mut kinds = [[0; 2]; 3];
        let mut is_first = true;
        for run in self.runs.iter().filter(|run| run.tokens > 0) {
            if let Some(kind) = run.kind {
                let trained = if run.trained { run.tokens - usize::from(is_first) } else { 0 };
                kinds[kind as usize][0] += run.tokens as u64;
                kinds[kind as usize][1] += trained as u64;
            }
            is_first = false;
        }
        kinds
    }

    /// The number of the first run that trains and has tokens; the number of runs where there is none.
    fn first_trained(&self) -> usize {
        self.runs.iter().position(|run| run.trained && run.tokens > 0).unwrap_or(self.runs.len())
    }

    /// The number of the last run with tokens before [`first_trained`](Self::first_trained), other than the prefix.
    pub(crate) fn last_before_trained(&self) -> Option<usize> {
        (1..self.first_trained()).rev().find(|run| self.runs[*run].tokens > 0)
    }

    /// The ids of each part, and whether it trains. The first part has the ids of the prefix too. `ids` are those of
    /// the row.
    pub(crate) fn parts<'i>(&self, ids: &'i [i32]) -> impl Iterator<Item = (&'i [i32], bool)> + Clone {
        let mut end = self.runs.first().map_or(0, |run| run.tokens);
        self.runs.get(1..).unwrap_or_default().iter().enumerate().map(move |(i, run)| {
            let start = if i == 0 { 0 } else { end };
            end += run.tokens;
            (&ids[start..end], run.trained)
        })
    }

    /// Cuts the row, whose ids are the last of `ids`, to `limit` tokens as far as the policy allows.
    ///
    /// `TruncatePromptLeft` removes tokens after BOS from the turns before the first that trains, and leaves the last
    /// `kept` tokens of those turns. `TruncateCompletion` removes tokens from the end of the row, of any turn. Where
    /// no trained token would remain, the row is not cut, and the result is `TooLong`.
    pub(crate) fn fit(
        &mut self,
        ids: &mut Vec<i32>,
        limit: usize,
        on_overflow: OnOverflow,
        kept: usize,
    ) -> Fit {
        let excess = self.len().saturating_sub(limit);
        if excess == 0 {
            return Fit::Whole;
        }
        let prefix = self.runs[0].tokens;
        let first_trained = self.first_trained();
        let mut cut = self.clone();
        match on_overflow {
            OnOverflow::TruncatePromptLeft if excess + kept <= self.before(first_trained) - prefix => {
                remove_tokens(excess, cut.runs[1..first_trained].iter_mut());
                if cut.trained() == 0 {
                    return Fit::TooLong;
                }
                let first = self.start + prefix;
                ids.drain(first..first + excess);
            }
            OnOverflow::TruncateCompletion => {
                remove_tokens(excess, cut.runs[1..].iter_mut().rev());
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

/// Adds a token to the last run, where that trains alike and is number `first` or a later one; else as a new run.
pub(super) fn add_run(runs: &mut Vec<Run>, first: usize, token: Run) {
    let count = runs.len();
    match runs.last_mut() {
        Some(run) if count > first && run.trains_like(&token) => run.tokens += token.tokens,
        _ => runs.push(token),
    }
}

/// Subtracts `tokens` tokens from the runs, one run after another.
fn remove_tokens<'r>(mut tokens: usize, runs: impl Iterator<Item = &'r mut Run>) {
    for run in runs {
        let removed = run.tokens.min(tokens);
        run.tokens -= removed;
        tokens -= removed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_cut_by_policy() {
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
            let run = |tokens, trained| Run { tokens, trained, weight: 1.0, kind: None };
            let runs = vec![run(prefix, false), run(prompt, false), run(target, true)];
            let mut row = Row { start: 1, runs };
            assert_eq!(row.fit(&mut ids, limit, policy, kept), fit, "{left:?}");
            assert_eq!(ids[1..], *left);
            assert_eq!(row.len(), left.len());
            assert!(row.parts(&ids[1..]).all(|(ids, trained)| ids.iter().all(|&id| trained == (id >= 20))));
        }
    }

    /// A naive cut that removes one token at a time.
    fn naive(
        tokens: &[(usize, bool)],
        limit: usize,
        on_overflow: OnOverflow,
        kept: usize,
    ) -> Option<Vec<usize>> {
        let mut left: Vec<usize> = (0..tokens.len()).collect();
        let first_trained = tokens.iter().find(|(_, trained)| *trained).map(|(part, _)| *part);
        while left.len() > limit {
            match on_overflow {
                OnOverflow::TruncatePromptLeft => {
                    let may = |&&i: &&usize| tokens[i].0 > 0 && Some(tokens[i].0) < first_trained;
                    let before: Vec<usize> = left.iter().filter(may).copied().collect();
                    if before.len() <= kept {
                        return None;
                    }
                    left.retain(|i| *i != before[0]);
                }
                OnOverflow::TruncateCompletion => drop(left.pop()),
                _ => return None,
            }
        }
        left.iter().skip(1).any(|i| tokens[*i].1).then_some(left)
    }

    #[test]
    fn rows_of_any_turns_are_cut_as_the_naive_cut_does() {
        let mut whole = [0; 2];
        for shape in 0..4 * 4 * 4 * 4 * 2_usize {
            // Part 0 is BOS; then four turns of 0 to 3 tokens, of which the first and the third, or the others,
            // train.
            let counts = [1, shape % 4, shape / 4 % 4, shape / 16 % 4, shape / 64 % 4];
            let trains = |part: usize| part > 0 && part % 2 == shape / 256;
            let tokens: Vec<(usize, bool)> =
                (0..5).flat_map(|part| vec![(part, trains(part)); counts[part]]).collect();
            let run = |part| Run { tokens: counts[part], trained: trains(part), weight: 1.0, kind: None };
            let row = Row { start: 0, runs: (0..5).map(run).collect() };
            for limit in 2..tokens.len() {
                for policy in
                    [OnOverflow::Drop, OnOverflow::TruncatePromptLeft, OnOverflow::TruncateCompletion]
                {
                    for kept in 0..3 {
                        let mut ids: Vec<i32> = (0..tokens.len() as i32).collect();
                        let mut cut = row.clone();
                        let fit = cut.fit(&mut ids, limit, policy, kept);
                        let expected = match policy {
                            // A row without a turn that trains is not cut.
                            OnOverflow::TruncatePromptLeft if row.target() == 0 => None,
                            _ => naive(&tokens, limit, policy, kept),
                        };
                        whole[usize::from(expected.is_some())] += 1;
                        let Some(expected) = expected else {
                            assert_eq!((fit, &cut), (Fit::TooLong, &row));
                            continue;
                        };
                        assert_eq!(fit, Fit::Truncated);
                        assert_eq!(ids, expected.iter().map(|i| *i as i32).collect::<Vec<_>>());
                        let left = |part| expected.iter().filter(|i| tokens[**i].0 == part).count();
                        let runs: Vec<usize> = cut.runs.iter().map(|run| run.tokens).collect();
                        assert_eq!(runs, (0..5).map(left).collect::<Vec<_>>());
                    }
                }
            }
        }
        assert!(whole.iter().all(|n| *n > 1000), "{whole:?}");
    }
}
