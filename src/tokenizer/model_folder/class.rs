//! The class with which `AutoTokenizer` loads a folder. Most classes use `tokenizer.json` as it is; some take only
//! its vocabulary and build the other parts themselves.
//!
//! A test writes `classes.txt` from transformers (`tests/tokenizer/test_folder.py`).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tokenizers::{Model, ModelWrapper, Tokenizer};

use super::named::Tokens;
use super::object::Object;

/// The classes of transformers.
struct Classes {
    /// The class of each model type.
    of_model: HashMap<&'static str, &'static str>,
    /// Model types whose folders name a wrong class.
    misnamed: HashSet<&'static str>,
    /// Classes that build their pipeline themselves.
    own: HashSet<&'static str>,
}

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let mut classes = Classes { of_model: HashMap::new(), misnamed: HashSet::new(), own: HashSet::new() };
    for line in include_str!("classes.txt").lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(' ') {
            Some((model, class)) => {
                let name = model.trim_start_matches('!');
                classes.of_model.insert(name, class);
                if name.len() < model.len() {
                    classes.misnamed.insert(name);
                }
            }
            None => drop(classes.own.insert(line)),
        }
    }
    classes
});

/// Classes that use `tokenizer.json` for every folder.
const PLAIN: [&str; 4] =
    ["TokenizersBackend", "PythonBackend", "PreTrainedTokenizer", "MistralCommonBackend"];

fn without_fast(class: &str) -> &str {
    class.strip_suffix("Fast").unwrap_or(class)
}

/// The class of the folder, where it is one that builds its pipeline itself. `config` is the folder's
/// `tokenizer_config.json`, `model` its `config.json`.
pub(super) fn own_class(config: &Object, model: &Object, json: &[u8]) -> Option<String> {
    let text = |object: &Object, key: &str| object.get(key).and_then(Value::as_str).map(str::to_string);
    let model_type = text(model, "model_type").unwrap_or_default();
    let is_misnamed = [Some(model_type.clone()), text(model, "model_name")]
        .iter()
        .flatten()
        .any(|name| CLASSES.misnamed.contains(name.as_str()));
    let of_model = CLASSES.of_model.get(model_type.as_str()).copied();
    let named = text(config, "tokenizer_class").or_else(|| text(model, "tokenizer_class"));
    let class = match (named, of_model) {
        (Some(named), of_model)
            if without_fast(&named) == "LlamaTokenizer"
                && of_model != Some("MistralCommonBackend")
                && !is_misnamed
                && str::from_utf8(json).is_ok_and(|json| json.contains("\"ByteLevel\"")) =>
        {
            return None;
        }
        (Some(named), Some(of_model)) if without_fast(&named) != without_fast(of_model) => {
            match (PLAIN.contains(&without_fast(of_model)), is_misnamed) {
                (true, _) => return None,
                (false, true) => of_model.to_string(),
                (false, false) => named,
            }
        }
        (Some(named), _) => named,
        (None, of_model) => of_model?.to_string(),
    };
    let is_own = CLASSES.own.contains(class.as_str()) || CLASSES.own.contains(without_fast(&class));
    (is_own && !PLAIN.contains(&without_fast(&class))).then_some(class)
}

/// Whether a class is known to build the pipeline that the tokenizer has, with the same added tokens. False for most
/// classes, since their pipelines are not known here.
pub(super) fn builds_the_same(class: &str, config: &Object, tokens: &Tokens, tokenizer: &Tokenizer) -> bool {
    let flag = |key: &str| config.get(key).and_then(Value::as_bool);
    let byte_level = |add_prefix_space: bool, use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "use_regex": use_regex});
    const END: &str = "<|endoftext|>";
    let (normalizer, pre_tokenizer, by_bytes, defaults): (_, _, _, &[(&str, &str)]) = match without_fast(
        class,
    ) {
        "GPT2Tokenizer" => {
            let bytes = byte_level(flag("add_prefix_space").unwrap_or(false), true);
            (Value::Null, bytes, false, &[("unk_token", END), ("bos_token", END), ("eos_token", END)])
        }
        "Qwen2Tokenizer" => {
            let split = json!({
                "type": "Split", "pattern": {"Regex": QWEN2}, "behavior": "Isolated", "invert": false
            });
            let bytes = byte_level(flag("add_prefix_space").unwrap_or(false), false);
            let both = json!({"type": "Sequence", "pretokenizers": [split, bytes]});
            let defaults = &[("unk_token", END), ("eos_token", END), ("pad_token", END)];
            (json!({"type": "NFC"}), both, false, defaults)
        }
        "LlamaTokenizer" => {
            let add_prefix_space = flag("add_prefix_space").unwrap_or(true);
            let scheme = match (add_prefix_space, flag("legacy").unwrap_or(false)) {
                (false, _) => "never",
                (true, true) => "always",
                (true, false) => "first",
            };
            let mark = json!({
                "type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false
            });
            let defaults = &[("unk_token", "<unk>"), ("bos_token", "<s>"), ("eos_token", "</s>")];
            (Value::Null, mark, true, defaults)
        }
        "GemmaTokenizer" => {
            let mark = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
            let split = json!({
                "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false
            });
            let defaults = &[
                ("unk_token", "<unk>"),
                ("bos_token", "<bos>"),
                ("eos_token", "<eos>"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ];
            (mark, split, true, defaults)
        }
        _ => return false,
    };
    let mut own_pre_tokenizer = serde_json::to_value(tokenizer.get_pre_tokenizer()).unwrap_or_default();
    without_offsets(&mut own_pre_tokenizer);
    let pipeline_is_same = serde_json::to_value(tokenizer.get_normalizer()).unwrap_or_default() == normalizer
        && own_pre_tokenizer == pre_tokenizer;
    let ModelWrapper::BPE(model) = tokenizer.get_model() else { return false };
    let is_absent = |part: &Option<String>| part.as_ref().is_none_or(String::is_empty);
    let model_is_same = model.fuse_unk == by_bytes
        && model.byte_fallback == by_bytes
        && (by_bytes || model.unk_token.is_none())
        && !model.ignore_merges
        && is_absent(&model.continuing_subword_prefix)
        && is_absent(&model.end_of_word_suffix);
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let is_added = |content: &str| added.values().any(|token| token.content == content);
    let by_id = tokens.by_id();
    let mut next = tokenizer.get_model().get_vocab_size() as i64;
    let ids_are_same = by_id.iter().all(|(id, content)| {
        let known = tokenizer.get_model().token_to_id(content).map(i64::from);
        let expected = known.unwrap_or(next);
        next += i64::from(known.is_none());
        *id == expected
    });
    pipeline_is_same
        && model_is_same
        && ids_are_same
        && added.values().all(|token| by_id.iter().any(|(_, content)| *content == token.content))
        && defaults.iter().all(|(name, content)| tokens.is_named(name) || is_added(content))
}

/// Removes options that change only offsets.
fn without_offsets(part: &mut Value) {
    if let Some(part) = part.as_object_mut() {
        part.remove("trim_offsets");
    }
    for part in part.get_mut("pretokenizers").and_then(Value::as_array_mut).into_iter().flatten() {
        without_offsets(part);
    }
}

/// The pattern by which Qwen 2 splits text.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
