//! Tiny tokenizers of every family, trained by the crate itself, and real ones where they are present.

use std::io::Read;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::unigram::{Unigram, UnigramTrainer};
use tokenizers::models::wordpiece::{WordPiece, WordPieceTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{AddedToken, PreTokenizerWrapper, Tokenizer};

use super::load::LoadedTokenizer;
use super::token_names::TokenNames;

/// The training data of the tiny tokenizers.
const CORPUS: &[&str] = &[
    "Name a colour of the rainbow, and say why you like it.\n##\nBlue is the colour of the sea and of the sky.\n",
    "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n",
    "The quick brown fox jumps over the lazy dog; the dog did not mind, and slept on.\n###\n",
    "Übung macht den Meister, sagt man. Déjà vu à l'école. Café crème, s'il vous plaît.",
    "Translate the sentence into English:\tdas Wetter ist heute schön </s> <s> [INST] x </s>.",
];

/// Texts with difficult starts and ends.
pub(crate) const TEXTS: &[&str] = &[
    "",
    "a",
    " a",
    "a ",
    "  two  spaces  ",
    "Name a colour",
    "Blue.\n###\n",
    "\n##\n",
    "\n\n\nx\n\n",
    "def f(a):\n    return a\n",
    "Déjà vu",
    "the end</s>",
    "the </s> end <s>",
    "</s>",
    "語 😀 \u{10ffff} e\u{301}",
    "\u{fdd0}2\u{fdd1} \u{fdd0}",
    "don't, won't",
];

fn names() -> TokenNames {
    TokenNames { bos: Some("<s>".into()), eos: Some("</s>".into()), pad: None }
}

fn load(json: &Value) -> LoadedTokenizer {
    LoadedTokenizer::from_json(json.to_string().as_bytes(), &names()).unwrap()
}

fn special() -> Vec<AddedToken> {
    ["<unk>", "<s>", "</s>"].iter().map(|t| AddedToken::from(*t, true)).collect()
}

fn trained(mut tokenizer: Tokenizer, trainer: impl Into<TrainerWrapper>) -> Value {
    tokenizer.train(&mut trainer.into(), CORPUS.iter()).unwrap();
    serde_json::to_value(&tokenizer).unwrap()
}

/// Adds BOS before a text, as Llama's post-processor does.
fn with_bos(mut json: Value) -> Value {
    let id = json["added_tokens"].as_array().unwrap().iter().find(|t| t["content"] == "<s>").unwrap()["id"]
        .clone();
    let bos = json!({"SpecialToken": {"id": "<s>", "type_id": 0}});
    let text = |id| json!({"Sequence": {"id": id, "type_id": 0}});
    json["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [bos, text("A")],
        "pair": [bos, text("A"), text("B")],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [id], "tokens": ["<s>"]}},
    });
    json
}

/// As GPT-2.
pub(crate) fn byte_level(add_prefix_space: bool) -> LoadedTokenizer {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(add_prefix_space, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let trainer = BpeTrainer::builder()
        .vocab_size(500)
        .show_progress(false)
        .special_tokens(special())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    load(&trained(tokenizer, trainer))
}

/// As GPT-2, with BOS as in Llama 3.
pub(crate) fn byte_level_json() -> Value {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let trainer = BpeTrainer::builder()
        .vocab_size(400)
        .show_progress(false)
        .special_tokens(special())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    with_bos(trained(tokenizer, trainer))
}

/// See [`byte_level_json`].
pub(crate) fn byte_level_bos() -> LoadedTokenizer {
    load(&byte_level_json())
}

/// Unigram with `Metaspace`, as ALBERT and newer T5.
pub(crate) fn unigram(scheme: PrependScheme, split: bool) -> LoadedTokenizer {
    let mut tokenizer = Tokenizer::new(Unigram::default());
    let metaspace = Metaspace::new('▁', scheme, split);
    tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::from(metaspace.clone())));
    tokenizer.with_decoder(Some(metaspace));
    let trainer = UnigramTrainer::builder()
        .vocab_size(160)
        .show_progress(false)
        .special_tokens(special())
        .unk_token(Some("<unk>".into()))
        .build()
        .unwrap();
    load(&trained(tokenizer, trainer))
}

/// As BERT.
pub(crate) fn wordpiece() -> LoadedTokenizer {
    let mut tokenizer = Tokenizer::new(WordPiece::builder().unk_token("<unk>".into()).build().unwrap());
    tokenizer.with_normalizer(Some(tokenizers::normalizers::BertNormalizer::default())).unwrap();
    tokenizer.with_pre_tokenizer(Some(tokenizers::pre_tokenizers::bert::BertPreTokenizer));
    tokenizer.with_decoder(Some(tokenizers::decoders::wordpiece::WordPiece::default()));
    let trainer =
        WordPieceTrainer::builder().vocab_size(200).show_progress(false).special_tokens(special()).build();
    load(&trained(tokenizer, trainer))
}

/// As Llama 2: `Prepend` and `Replace`, no pre-tokenizer, bytes for characters that the vocabulary lacks.
pub(crate) fn sentencepiece() -> LoadedTokenizer {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(Metaspace::default()));
    let trainer =
        BpeTrainer::builder().vocab_size(200).show_progress(false).special_tokens(special()).build();
    let mut json = with_bos(trained(tokenizer, trainer));
    let vocab = json["model"]["vocab"].as_object_mut().unwrap();
    for byte in 0..=255u8 {
        let id = vocab.len();
        vocab.insert(format!("<0x{byte:02X}>"), id.into());
    }
    json["model"]["byte_fallback"] = true.into();
    json["model"]["fuse_unk"] = true.into();
    json["model"]["unk_token"] = "<unk>".into();
    json["pre_tokenizer"] = Value::Null;
    let replace =
        |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    json["normalizer"] = json!({
        "type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")],
    });
    json["decoder"] = json!({"type": "Sequence", "decoders": [
        replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ]});
    load(&json)
}

/// As T5: white space splits and is lost, every word is marked.
pub(crate) fn word_marks() -> LoadedTokenizer {
    let mut json: Value = serde_json::to_value(unigram(PrependScheme::Always, true).reference()).unwrap();
    json["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, json["pre_tokenizer"],
    ]});
    load(&json)
}

/// Every tiny tokenizer, by name; true where decoding returns the text.
pub(crate) fn all() -> Vec<(&'static str, LoadedTokenizer, bool)> {
    vec![
        ("byte_level", byte_level(false), true),
        ("byte_level with BOS", byte_level_bos(), true),
        ("byte_level, prefix space", byte_level(true), false),
        ("unigram, always", unigram(PrependScheme::Always, true), true),
        ("unigram, first", unigram(PrependScheme::First, false), true),
        ("sentencepiece", sentencepiece(), true),
        ("word marks", word_marks(), false),
        ("wordpiece", wordpiece(), false),
    ]
}

/// The tokenizers of `shared/`, by name; none where that folder is absent.
pub(crate) fn real() -> Vec<(String, LoadedTokenizer)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = ["../shared", "../../shared"].map(|s| root.join(s).join("data/tokenizers"));
    let Some(folder) = folder.iter().find(|f| f.is_dir()) else {
        eprintln!("skipped: there is no ../shared/data/tokenizers");
        return Vec::new();
    };
    let names =
        ["gpt2", "llama-2", "llama-3", "mistral-7b-v0.1", "qwen2", "phi-2", "t5-small", "bert-base-uncased"];
    let load = |name: &str| {
        let file = std::fs::File::open(folder.join(format!("{name}.json.gz"))).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        LoadedTokenizer::from_json(&bytes, &TokenNames::default()).unwrap()
    };
    names.iter().map(|name| ((*name).to_string(), load(name))).collect()
}
