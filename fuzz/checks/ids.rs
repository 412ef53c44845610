//! Checks that any text gets the same ids as from the `tokenizers` crate, with tokenizers whose ids show how text is
//! split.

use std::sync::LazyLock;

use fastprep::tokenizer::{LoadedTokenizer, TokenNames};
use serde_json::{Map, Value, json};

const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const O200K: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// The character that represents a byte.
fn char_of(byte: u8) -> char {
    let visible = |b: u8| matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let hidden = (0..byte).filter(|&b| !visible(b)).count() as u32;
    if visible(byte) { char::from(byte) } else { char::from_u32(0x100 + hidden).unwrap() }
}

/// A tokenizer of all bytes and many pairs of bytes, so that text that is split elsewhere gets other ids.
fn byte_level(normalizer: Value, pre_tokenizer: Value) -> LoadedTokenizer {
    let mut vocab = Map::new();
    for byte in 0..=255u8 {
        vocab.insert(char_of(byte).to_string(), json!(byte));
    }
    let mut merges = Vec::new();
    for left in 0..=255u8 {
        for right in (0..=255u8).filter(|&right| (u32::from(left) * 31 + u32::from(right) * 17) % 5 == 0) {
            let pair = [char_of(left).to_string(), char_of(right).to_string()];
            vocab.insert(pair.concat(), json!(vocab.len()));
            merges.push(json!(pair));
        }
    }
    let added = |id: usize, content: &str, normalized: bool, single_word: bool| {
        json!({"id": id, "content": content, "special": false, "normalized": normalized,
            "single_word": single_word, "lstrip": single_word, "rstrip": normalized})
    };
    let n = vocab.len();
    let file = json!({
        "version": "1.0",
        "added_tokens": [added(n, "<a>", false, false), added(n + 1, "tok", false, true), added(n + 2, "é2", true, false)],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    });
    LoadedTokenizer::from_json(&serde_json::to_vec(&file).unwrap(), &TokenNames::default()).unwrap()
}

fn split(pattern: &str) -> Value {
    json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
    ]})
}

static TOKENIZERS: LazyLock<Vec<LoadedTokenizer>> = LazyLock::new(|| {
    let gpt2 =
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
    let tokenizers = vec![
        byte_level(Value::Null, gpt2),
        byte_level(json!({"type": "NFC"}), split(CL100K)),
        byte_level(Value::Null, split(O200K)),
    ];
    for tokenizer in &tokenizers {
        assert!(tokenizer.engine().starts_with("byte-level"), "{}", tokenizer.engine());
    }
    tokenizers
});

/// Compares the ids of a text; input that is not UTF-8 is ignored.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for tokenizer in TOKENIZERS.iter() {
        let mut session = tokenizer.encoder().session();
        for at_start in [true, false] {
            let mut ids = Vec::new();
            match at_start {
                true => session.encode_prompt(text, &mut ids).unwrap(),
                false => session.encode_continuation(text, &mut ids).unwrap(),
            }
            assert_eq!(session.verify(text, at_start, &ids).unwrap(), None, "{text:?} {ids:?}");
        }
    }
}
