//! What a chat template does to rows: findings with the codes of the reasons for which `format` removes them.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// A finding of rendered rows.
const fn of(
    code: &'static str,
    title: &'static str,
    why: &'static str,
    repair: &'static str,
    harm: Harm,
) -> Finding {
    Finding {
        code,
        title,
        why,
        repair,
        is_hint: false,
        harm,
        among: Among::Rows,
        check: Check::Rendered,
        applies: always,
    }
}

const REMOVED: &str = "Such rows are removed, since no mask of them is exact.";
const OTHER_TEMPLATE: &str = "format(…) with another template, or filter(…)";

/// Rows that the template does not render.
pub(super) static CHAT_NOT_RENDERED: Finding = of(
    "chat_not_rendered",
    "the chat template does not render the row",
    "The template refuses the row or fails, also at inference.",
    "filter(…), or format(…) with another template",
    Harm::Severe,
);

/// Rows whose messages cannot be rendered at all.
pub(super) static BAD_MESSAGES: Finding = of(
    "bad_messages",
    "messages that no chat template can be given",
    "Such rows are removed: their text cannot be proven.",
    "filter(…)",
    Harm::Severe,
);

/// Rows of which the template does not print a text.
pub(super) static NOT_PRINTED: Finding = of(
    "not_printed",
    "the chat template does not print a text of the row",
    "The model never sees it; a call or an answer that is not printed trains nothing.",
    "format(…) with another template, or with on_dropped=\"keep\"",
    Harm::Severe,
);

/// Rows of which the template prints a part of a text.
pub(super) static CUT: Finding = of(
    "cut",
    "the chat template prints a part of a text",
    "The model never sees the rest, such as the reasoning of earlier turns.",
    "format(…) with another template, or with on_dropped=\"keep\"",
    Harm::Moderate,
);

/// Rows that begin with an answer.
pub(super) static NO_PROMPT: Finding =
    of("no_prompt", "an answer that no prompt is before", REMOVED, "filter(…)", Harm::Moderate);

/// Rows whose prompt in training is not that of inference.
pub(super) static PROMPT_DIFFERS: Finding = of(
    "prompt_differs",
    "the text before an answer is not the prompt at inference",
    "The model would train on a prompt that it never gets; such rows are removed.",
    "format(train=\"last\"), template_kwargs=…, or another template",
    Harm::Severe,
);

/// Rows in which no token ends a turn.
pub(super) static NO_END_TOKEN: Finding = of(
    "no_end_token",
    "no token ends a turn that trains",
    "The model would not learn to stop; such rows are removed.",
    OTHER_TEMPLATE,
    Harm::Severe,
);

/// Rows with other messages within a turn.
pub(super) static TURN_INTERLEAVED: Finding = of(
    "turn_interleaved",
    "a turn is printed around other messages, or after later ones",
    REMOVED,
    OTHER_TEMPLATE,
    Harm::Moderate,
);

/// Rows of which a text is printed twice.
pub(super) static PRINTED_TWICE: Finding = of(
    "printed_twice",
    "the chat template prints a text of an answer twice",
    REMOVED,
    OTHER_TEMPLATE,
    Harm::Moderate,
);

/// Rows whose parts are printed as Python prints them.
pub(super) static REPR: Finding = of(
    "repr",
    "the chat template prints parts of messages as Python's `repr`",
    "The template expects text, so that the model would see brackets and quotes; such rows are removed.",
    "with_columns(…) to make one text of the parts, or another template",
    Harm::Severe,
);

/// Rows of which it is not known what trains.
pub(super) static NOT_PROVEN: Finding = of(
    "not_proven",
    "it cannot be proven where a text of the row is printed",
    REMOVED,
    OTHER_TEMPLATE,
    Harm::Moderate,
);

/// Rows in which the template marks other text than what trains.
pub(super) static GENERATION_MARKS: Finding = of(
    "generation_marks",
    "the chat template marks other text as generated than what is proven to train",
    "A trainer that goes by the marks trains other tokens than this program.",
    "nothing: the proof decides",
    Harm::Minor,
);
