//! Answers that pile up at a length.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Answers that pile up at a length.
pub(super) static LENGTH_CEILING: Finding = Finding {
    code: "length_ceiling",
    title: "answers pile up at one length",
    why: "A limit of length has cut them, or a template has made them alike.",
    repair: "make these answers again with a higher limit",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// Characters of a bucket.
const BUCKET: u64 = 25;
/// Shorter answers are alike for other reasons.
const LEAST: u64 = 200;

/// The highest bucket of lengths that holds a twentieth of the answers and three times as many as each of the ten below,
/// where less than one in a hundred answers is longer.
fn check(facts: &Facts) -> Option<Whole> {
    let lengths = &facts.counts.answer_lengths;
    let within = |from: u64| -> u64 {
        lengths.counts().filter(|(chars, _)| (from..from + BUCKET).contains(chars)).map(|(_, n)| n).sum()
    };
    let mut longer = 0;
    let top = lengths.counts().rev().find(|(_, n)| {
        let here = longer;
        longer += n;
        here * 100 < lengths.texts && longer * 100 >= lengths.texts
    });
    let (top, _) = top?;
    let from = (top + 1).saturating_sub(BUCKET);
    let count = within(from);
    let below = (1..=10).map(|i| within(from.saturating_sub(i * BUCKET))).max()?;
    let piled = from >= LEAST && lengths.texts >= 100 && count * 20 >= lengths.texts && count >= 3 * below;
    piled.then(|| Whole {
        count,
        detail: format!("{} to {} characters", thousands(from), thousands(top)),
        examples: Vec::new(),
        affix: None,
    })
}
