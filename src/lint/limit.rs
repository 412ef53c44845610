//! Targets and their limits.

use super::rule::Rule;

/// Where a limit is written, and the day on which it was read there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) url: &'static str,
    /// As `2026-11-29`.
    pub(crate) seen: &'static str,
}

/// What happens to a file that breaks a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// By its source it is refused, or the job fails.
    Error,
    /// The sources are silent, or disagree; or it is accepted and something is ignored.
    Warning,
}

impl Severity {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A rule that a target has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) rule: Rule,
    pub(crate) severity: Severity,
    pub(crate) source: Source,
}

/// A limit whose breach is refused.
pub(super) const fn must(rule: Rule, source: Source) -> Limit {
    Limit { rule, severity: Severity::Error, source }
}

/// A limit whose breach may be refused, or ignored.
pub(super) const fn should(rule: Rule, source: Source) -> Limit {
    Limit { rule, severity: Severity::Warning, source }
}

/// Says that a target is closing down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closing {
    /// In a sentence without its full stop.
    pub(crate) text: &'static str,
    pub(crate) source: Source,
}

/// Where files of conversations are used: a provider or a trainer.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// What it is, in a few words.
    pub(crate) title: &'static str,
    pub(crate) closing: Option<Closing>,
    /// Where its format is described.
    pub(crate) format: Source,
    /// Whether its rows are preferences: an input and two outputs.
    pub(crate) has_pairs: bool,
    /// Its own limits; [`Target::limits`] has those of the format too.
    pub(super) own: &'static [Limit],
}

/// The rules of the format itself, which every target has.
const FORMAT: [Rule; 5] = [Rule::Uncompressed, Rule::Text, Rule::Utf8, Rule::Json, Rule::Object];
const CHAT: [Rule; 2] = [Rule::Messages, Rule::MessageRoles];
const PAIRS: [Rule; 2] = [Rule::InputMessages, Rule::MessageRoles];

impl Target {
    /// All limits. A broken limit is known by its number here.
    pub(crate) fn limits(&self) -> impl Iterator<Item = Limit> + '_ {
        let messages = if self.has_pairs { PAIRS } else { CHAT };
        let format = FORMAT.into_iter().chain(messages);
        format.map(|rule| must(rule, self.format)).chain(self.own.iter().copied())
    }

    /// Whether files begin with a byte order mark of UTF-8.
    pub(crate) fn has_mark(&self) -> bool {
        self.limits().any(|limit| limit.rule == Rule::Mark)
    }
}
