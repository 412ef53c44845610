//! Control tokens of well-known models, which occur in data made for another model.

/// Tokens that hardly occur in ordinary text and HTML; `<s>`, `</s>`, `<pad>` and `<unk>` do, and are not listed.
const KNOWN: [&str; 40] = [
    "<|endoftext|>",
    "<|endofprompt|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|python_tag|>",
    "<|header_start|>",
    "<|header_end|>",
    "<|eot|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
    "<|start|>",
    "<|channel|>",
    "<|message|>",
    "<|return|>",
    "<|call|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|START_OF_TURN_TOKEN|>",
    "<|END_OF_TURN_TOKEN|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "[INST]",
    "[/INST]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
];

/// The control tokens of other models, for a tokenizer with the control tokens `own`. A token that contains one of
/// `own` is omitted, so that it does not hide that token.
pub(super) fn foreign_tokens(own: &[String]) -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter().filter(|token| own.iter().all(|own| !token.contains(own.as_str())))
}
