//! Answers with a label, of which few are good, or few are bad.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::preferences::Preferences;
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Answers with a label, of which few are good, or few are bad.
pub(super) static LABEL_IMBALANCE: Finding = Finding {
    code: "label_imbalance",
    title: "many more good answers than bad ones, or the other way round",
    why: "KTO weighs good and bad answers alike only where there are as many; by its paper their ratio is to be from 1 to 4/3.",
    repair: "the weight that is named, or balance(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answered,
    check: Check::Whole(check),
    applies: always,
};

/// Fewer rows show no balance.
const LEAST: u64 = 20;

fn check(facts: &Facts) -> Option<Whole> {
    let Preferences { good, bad, .. } = facts.counts.preferences;
    let (few, many) = (good.min(bad), good.max(bad));
    if few + many < LEAST || many * 3 <= few * 4 {
        return None;
    }
    let weight = match (few, good < bad) {
        (0, _) => String::new(),
        (_, is_good) => {
            let (name, ratio) = (if is_good { "desirable" } else { "undesirable" }, many as f64 / few as f64);
            format!("; KTOConfig({name}_weight={ratio:.2})")
        }
    };
    let detail = format!("{} good and {} bad{weight}", thousands(good), thousands(bad));
    let count = if few > 0 { few } else { many };
    Some(Whole { count, detail, examples: Vec::new(), affix: None })
}
