//! All prompts end alike.

use crate::inspect::edges::{is_mark, without_sentence};
use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// All prompts end alike.
pub(super) static COMMON_PROMPT_SUFFIX: Finding = Finding {
    code: "common_prompt_suffix",
    title: "all prompts end alike",
    why: "The prompts have a separator already: format would write a second one.",
    repair: "strip_affix(…), or a PromptFormat with this mark",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Prompts,
    check: Check::Whole(check),
    applies: always,
};

/// Fewer texts are alike by chance.
const TEXTS: u64 = 10;

fn check(facts: &Facts) -> Option<Whole> {
    let affix = without_sentence(facts.counts.prompt_affixes.suffix());
    let texts = facts.counts.prompt_lengths.texts;
    let is_long = is_mark(affix);
    (texts >= TEXTS && is_long).then(|| Whole {
        count: texts,
        detail: format!("{affix:?}"),
        examples: Vec::new(),
        affix: Some(affix.into()),
    })
}
