//! What a finding is.

use super::expected::Expected;
use super::facts::Facts;
use super::row::{Match, Row};
use super::tokens::KnownTokens;
use super::whole::Whole;
use crate::personal_data::Kind;
use crate::word::Word;

/// What the model learns from rows of a finding, which decides its severity together with the share of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Something wrong.
    Severe,
    /// Less than it could.
    Moderate,
    /// Something that is only untidy.
    Minor,
}

impl Word for Harm {
    const ALL: &'static [Self] = &[Harm::Severe, Harm::Moderate, Harm::Minor];

    fn name(self) -> &'static str {
        match self {
            Harm::Severe => "severe",
            Harm::Moderate => "moderate",
            Harm::Minor => "minor",
        }
    }
}

impl Harm {
    /// The severity of what does this harm in this share of the rows.
    pub(crate) fn severity(self, share: f64) -> &'static str {
        let (high, medium) = match self {
            Harm::Severe => (0.01, 0.001),
            Harm::Moderate => (0.1, 0.01),
            Harm::Minor => (f64::INFINITY, 0.1),
        };
        match share {
            _ if share >= high => "high",
            _ if share >= medium => "medium",
            _ => "low",
        }
    }
}

/// The rows that a finding is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// All rows.
    Rows,
    /// Rows with a prompt.
    Prompts,
    /// Rows with an answer to be learnt.
    Answers,
    /// Rows with any answer, also one that is labelled as bad.
    Answered,
    /// Rows that are compared with another set.
    Compared,
}

/// Where a literal of a finding occurs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// The place, and the text.
    pub(crate) found: Match,
    /// The literal, as the finding writes it. The text may have another case.
    pub(crate) literal: &'static str,
    /// Whether the literal was in no text of the row before this one, and not before in this text. A check that reads
    /// more than what is around the hit looks at such hits alone: a text may hold a literal very often.
    pub(crate) is_first: bool,
    pub(crate) is_first_of_text: bool,
}

/// One of two styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Second,
}

/// How a finding is looked for.
pub(crate) enum Check {
    /// In each row.
    Row(fn(&Row<'_>) -> Option<Match>),
    /// At each place where one of the literals occurs, whatever its ASCII case.
    Literals(&'static [&'static str], fn(&Row<'_>, Hit) -> Option<Match>),
    /// Where a text holds personal data of this kind.
    Personal(Kind),
    /// Which of two styles a row has, if any, and the words for both. The finding is the rarer one, where both are common.
    Either(&'static str, &'static str, fn(&Row<'_>) -> Option<(Side, Match)>),
    /// In what is known of the tokens of each row.
    Tokens(fn(&KnownTokens) -> bool),
    /// In what becomes of each row when it is rendered: the fault with the code of the finding.
    Rendered,
    /// Whether a text is not as the user expects.
    Expected(fn(&Expected, &str) -> bool),
    /// In the facts of all rows.
    Whole(fn(&Facts) -> Option<Whole>),
}

/// A finding. It removes no row.
pub(crate) struct Finding {
    /// The stable name.
    pub(crate) code: &'static str,
    /// What it is, in a few words.
    pub(crate) title: &'static str,
    /// Why it matters.
    pub(crate) why: &'static str,
    /// The verb that repairs it, or what to do.
    pub(crate) repair: &'static str,
    /// Whether it may be wrong more often than one time in ten. A hint does not count towards the verdict.
    pub(crate) is_hint: bool,
    pub(crate) harm: Harm,
    pub(crate) among: Among,
    pub(crate) check: Check,
    /// Whether so many rows are a finding at all, by the facts of all rows.
    pub(crate) applies: fn(&Facts, u64) -> bool,
}

/// [`Finding::applies`] of most findings.
pub(crate) fn always(_: &Facts, _: u64) -> bool {
    true
}

impl Finding {
    /// The severity of a finding in this share of the rows.
    pub(crate) fn severity(&self, share: f64) -> &'static str {
        if self.is_hint { "hint" } else { self.harm.severity(share) }
    }
}
