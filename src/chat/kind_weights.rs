//! The factors in the loss of the parts of an answer.

use serde::{Deserialize, Serialize};

use crate::record::turns::SpanKind;

/// The factor of each kind of text of a turn of the assistant: 1, if nothing else is said. What has the factor 0 does not
/// train.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindWeights {
    /// What is thought before.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub reasoning: f32,
    /// Calls of tools.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub calls: f32,
    /// What is said.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub content: f32,
}

fn one() -> f32 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

impl Default for KindWeights {
    fn default() -> Self {
        KindWeights { reasoning: 1.0, calls: 1.0, content: 1.0 }
    }
}

impl KindWeights {
    /// The factor of a kind.
    pub(super) fn of(self, kind: SpanKind) -> f32 {
        match kind {
            SpanKind::Reasoning => self.reasoning,
            SpanKind::Calls => self.calls,
            SpanKind::Content => self.content,
        }
    }

    /// The factors.
    pub(crate) fn all(self) -> [f32; 3] {
        [self.reasoning, self.calls, self.content]
    }
}
