//! All answers begin alike.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// All answers begin alike.
pub(super) static COMMON_ANSWER_PREFIX: Finding = Finding {
    code: "common_answer_prefix",
    title: "all answers begin alike",
    why: "The model always writes it first, and each answer pays for it.",
    repair: "strip_affix(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// Fewer texts are alike by chance.
const TEXTS: u64 = 10;

fn check(facts: &Facts) -> Option<Whole> {
    let affix = facts.counts.answer_affixes.prefix();
    let texts = facts.counts.answer_lengths.texts;
    let is_long = affix.chars().count() >= 5;
    (texts >= TEXTS && is_long).then(|| Whole {
        count: texts,
        detail: format!("{affix:?}"),
        examples: Vec::new(),
        affix: Some(affix.into()),
    })
}
