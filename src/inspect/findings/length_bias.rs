//! Preferred answers that are mostly longer, or mostly shorter.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::preferences::Preferences;
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Preferred answers that are mostly longer, or mostly shorter.
pub(super) static LENGTH_BIAS: Finding = Finding {
    code: "length_bias",
    title: "the preferred answer is mostly longer, or mostly shorter",
    why: "The model learns the length more easily than what makes an answer better.",
    repair: "sample(…) of the pairs, or a loss that corrects for length",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// Fewer pairs show no bias.
const LEAST: u64 = 50;
/// The share of pairs, in hundredths, from which it is a bias.
const SHARE: u64 = 65;

fn check(facts: &Facts) -> Option<Whole> {
    let Preferences { pairs, chosen_longer, rejected_longer, chosen_chars, rejected_chars, .. } =
        facts.counts.preferences;
    let (count, word) = match chosen_longer >= rejected_longer {
        true => (chosen_longer, "longer"),
        false => (rejected_longer, "shorter"),
    };
    if pairs < LEAST || count * 100 < pairs * SHARE {
        return None;
    }
    let mean = |chars: u64| thousands(chars / pairs);
    let detail = format!(
        "{word} in {} of {} pairs; {} and {} characters on average",
        thousands(count),
        thousands(pairs),
        mean(chosen_chars),
        mean(rejected_chars)
    );
    Some(Whole { count, detail, examples: Vec::new(), affix: None })
}
