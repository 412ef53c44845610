//! Control tokens of known families of models.

use crate::inspect::checks::is_exact;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Control tokens of known families of models.
pub(super) static CONTROL_TOKENS: Finding = Finding {
    code: "control_tokens",
    title: "control tokens of a model in the text",
    why: "Where a tokenizer parses them, a row can end a turn, or speak for another.",
    repair: "tokenize(special_tokens=\"reject\"), or with_columns(…) to remove them",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|endoftext|>",
    "<|startoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<|eom|>",
    "<|header_start|>",
    "<|header_end|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|python_tag|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|observation|>",
    "<|end|>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|return|>",
    "<|constrain|>",
    "<|call|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|file_sep|>",
    "<|endofprompt|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|START_OF_TURN_TOKEN|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|USER_TOKEN|>",
    "<|CHATBOT_TOKEN|>",
    "<|SYSTEM_TOKEN|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[TOOL_RESULTS]",
    "<bos>",
    "<eos>",
    "<unk>",
    "<pad>",
    "<\u{ff5c}begin\u{2581}of\u{2581}sentence\u{ff5c}>",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
    "<\u{ff5c}User\u{ff5c}>",
    "<\u{ff5c}Assistant\u{ff5c}>",
    "<s>",
    "</s>",
];

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let text = row.texts[hit.found.text].text;
    let stands = match hit.literal {
        // Within a text, these are tags of HTML.
        "<s>" => hit.found.start == 0,
        "</s>" => text[hit.found.end..].trim_start().is_empty(),
        _ => true,
    };
    (stands && is_exact(row, &hit)).then_some(hit.found)
}
