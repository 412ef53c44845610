//! Whether there is enough data, by the thresholds of the guide: a sentence for each.

use serde_json::{Value, json};

use super::facts::Facts;
use super::lengths::Lengths;
use super::masked::Mask;
use super::task::Task;
use super::thousands::thousands;

/// Rows below which no training is worth its cost, and rows that the guide asks for.
const LEAST: u64 = 100;
const ENOUGH: u64 = 1_000;
/// Rows that open-ended generation needs.
const ENOUGH_OPEN: u64 = 2_000;
/// Rows of each class.
const EACH_CLASS: u64 = 100;
/// Characters of English text in a token, about.
const CHARS_PER_TOKEN: u64 = 4;

/// The sentences: what each is about, whether it is enough (null where that depends on the model), and the text.
pub(super) fn sentences(facts: &Facts, task: Task, mask: &Mask) -> Value {
    let mut list = vec![rows(facts, task)];
    list.extend(classes(facts, mask));
    list.extend(lengths(facts));
    list.into()
}

fn rows(facts: &Facts, task: Task) -> Value {
    // A copy teaches nothing new.
    let rows = facts.counts.rows - facts.duplicates.count.min(facts.counts.rows);
    let (enough, wanted) = match task {
        Task::OpenEnded => (ENOUGH_OPEN, "a few thousand, for open-ended generation"),
        _ => (ENOUGH, "a thousand or more"),
    };
    let different = thousands(rows);
    let text = match rows {
        _ if rows < LEAST => {
            format!("{different} different rows: too few; start with a few hundred, and double them")
        }
        _ if rows < enough => format!("{different} different rows: a start; the guide asks for {wanted}"),
        _ => format!("{different} different rows: enough for a first training; the guide asks for {wanted}"),
    };
    json!({"about": "rows", "enough": rows >= enough, "text": text})
}

fn classes(facts: &Facts, mask: &Mask) -> Option<Value> {
    let ranked = facts.counts.classes.ranked()?;
    let small = ranked.iter().filter(|(_, rows)| *rows < EACH_CLASS).count();
    let (all, (name, least)) = (ranked.len(), ranked.last()?);
    let name = mask.text(name);
    let text = match small {
        0 => format!(
            "each of the {all} classes has {} rows or more; the guide asks for about 100",
            thousands(*least)
        ),
        _ => format!(
            "{small} of {all} classes have fewer than the 100 rows that the guide asks for; {name:?} has {least}"
        ),
    };
    Some(json!({"about": "classes", "enough": small == 0, "text": text}))
}

fn lengths(facts: &Facts) -> Option<Value> {
    let counts = &facts.counts;
    // Those of tokenized rows are those that are trained.
    let tokenized = [&counts.tokens.lengths, &counts.counted.row].into_iter().find(|of| of.texts > 0);
    if let Some(tokens) = tokenized {
        let tokens = thousands(tokens.percentile(0.99));
        let text =
            format!("99 of 100 rows have up to {tokens} tokens: a context of this length loses few rows");
        return Some(json!({"about": "lengths", "enough": Value::Null, "text": text}));
    }
    let longest = |lengths: &Lengths| lengths.percentile(0.99);
    let chars = longest(&counts.prompt_lengths) + longest(&counts.answer_lengths);
    (chars > 0).then(|| {
        let (tokens, chars) = (thousands(chars / CHARS_PER_TOKEN), thousands(chars));
        let text = format!(
            "99 of 100 prompts and answers have up to {chars} characters together, about {tokens} tokens of English: \
             a context of this length loses few rows; other languages have more tokens"
        );
        json!({"about": "lengths", "enough": Value::Null, "text": text})
    })
}
