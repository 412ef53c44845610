//! Control tokens of well-known models, which stand in data that were made for another one.

/// Written so that ordinary text and HTML hardly hold them: `<s>`, `</s>`, `<pad>` and `<unk>` are left out.
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

/// The tokens of other models for a tokenizer that has these of its own. One that holds an own token is left out, so
/// that it does not hide it.
pub(super) fn foreign_tokens(own: &[String]) -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter().filter(|token| own.iter().all(|own| !token.contains(own.as_str())))
}
