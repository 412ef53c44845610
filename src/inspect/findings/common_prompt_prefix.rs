//! All prompts begin alike.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// All prompts begin alike.
pub(super) static COMMON_PROMPT_PREFIX: Finding = Finding {
    code: "common_prompt_prefix",
    title: "all prompts begin alike",
    why: "Each row pays for tokens that say nothing; a fine-tuned model does not need the instruction.",
    repair: "strip_affix(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Prompts,
    check: Check::Whole(check),
    applies: always,
};

/// Fewer texts are alike by chance.
const TEXTS: u64 = 10;

fn check(facts: &Facts) -> Option<Whole> {
    let affix = facts.counts.prompt_affixes.prefix();
    let texts = facts.counts.prompt_lengths.texts;
    let is_long = affix.chars().count() >= 13;
    (texts >= TEXTS && is_long).then(|| Whole {
        count: texts,
        detail: format!("{affix:?}"),
        examples: Vec::new(),
        affix: Some(affix.into()),
    })
}
