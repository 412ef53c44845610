//! The table of targets as JSON.

use serde_json::{Value, json};

use super::limit::{Limit, Target};
use super::targets::TARGETS;

/// All targets, with their limits.
pub(crate) fn table() -> Value {
    TARGETS.iter().map(|target| describe(target)).collect()
}

/// A target, with its limits.
pub(super) fn describe(target: &Target) -> Value {
    let closing = target.closing.map(
        |closing| json!({"text": closing.text, "source": closing.source.url, "seen": closing.source.seen}),
    );
    json!({
        "target": target.name,
        "title": target.title,
        "preferences": target.has_pairs,
        "closing": closing,
        "limits": target.limits().map(limit_json).collect::<Vec<_>>(),
    })
}

/// A limit.
pub(super) fn limit_json(limit: Limit) -> Value {
    json!({
        "code": limit.rule.code(),
        "severity": limit.severity.name(),
        "limit": limit.rule.text(),
        "fix": limit.rule.fix(),
        "source": limit.source.url,
        "seen": limit.source.seen,
    })
}
