use serde_json::json;

use crate::error::Class;
use crate::tokenizer::{LoadedTokenizer, TokenNames, fixtures};

#[test]
fn a_folder_names_the_control_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("tokenizer.json", &fixtures::byte_level_json().to_string());
    let load = || LoadedTokenizer::from_path(folder.path()).unwrap();
    let bare = load();
    assert_eq!((bare.bos_id, bare.eos_id, bare.pad_id), (Some(1), None, None));
    write("special_tokens_map.json", r#"{"eos_token": "</s>", "bos_token": "<s>"}"#);
    write("tokenizer_config.json", r#"{"eos_token": {"content": "<unk>", "lstrip": false}}"#);
    let named = load();
    assert_eq!((named.bos_id, named.eos_id, named.pad_id), (Some(1), Some(2), None));
    assert_eq!((&named.digest, named.notes.as_slice()), (&bare.digest, [].as_slice()));
    assert_eq!(named.prefix_ids, [1]);
    assert!(named.suffix_ids.is_empty());
    let contents: Vec<&str> = named.control.tokens().tokens.iter().map(|t| t.content.as_str()).collect();
    assert_eq!(contents, ["<unk>", "<s>", "</s>"]);
    assert_eq!(named.token_id("</s>"), Some(2));
    let file = || LoadedTokenizer::from_path(&folder.path().join("tokenizer.json")).unwrap();
    assert_eq!(file().eos_id, Some(2));
    write(
        "tokenizer_config.json",
        r#"{"eos_token": "<unk>", "pad_token": "[PAD]", "added_tokens_decoder": {}}"#,
    );
    let added = load();
    assert_eq!((added.eos_id, added.pad_id), (Some(0), Some(bare.vocab_size as i32)));
    assert_ne!(added.digest, bare.digest);
    assert_eq!((file().pad_id, file().digest), (None, bare.digest));
    assert!(file().notes[0].contains("[PAD]"), "{:?}", file().notes);
}

#[test]
fn truncation_and_padding_of_the_file_are_off() {
    let mut json = fixtures::byte_level_json();
    json["truncation"] =
        json!({"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0});
    json["padding"] = json!({"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"});
    let tokenizer = LoadedTokenizer::from_json(json.to_string().as_bytes(), &TokenNames::default()).unwrap();
    assert_eq!(tokenizer.notes.len(), 2, "{:?}", tokenizer.notes);
    for (text, min, max) in [("a", 1, 1), ("a b c d e f g h", 8, 20)] {
        let mut ids = Vec::new();
        tokenizer.encoder().session().encode_prompt(text, &mut ids).unwrap();
        assert!((min..=max).contains(&ids.len()), "{ids:?}");
    }
}

#[test]
fn files_that_are_not_tokenizers_are_errors() {
    let good = fixtures::byte_level_json();
    let edited = |key: &str, value| {
        let mut json = good.clone();
        json[key] = value;
        json.to_string()
    };
    let mut random = good.clone();
    random["model"]["dropout"] = json!(0.1);
    let mut nameless = good.clone();
    nameless["post_processor"]["special_tokens"] = json!({});
    let cases = [
        (String::new(), "tokenizer_not_json"),
        ("{\"version\":".into(), "tokenizer_not_json"),
        ("[1, 2]".into(), "tokenizer_broken"),
        ("{}".into(), "tokenizer_broken"),
        (edited("version", json!("9")), "tokenizer_broken"),
        (edited("model", json!({"type": "Oracle"})), "tokenizer_broken"),
        (edited("pre_tokenizer", json!({"type": "Split", "pattern": {"Regex": "("}})), "tokenizer_broken"),
        (nameless.to_string(), "tokenizer_broken"),
        (random.to_string(), "tokenizer_random"),
    ];
    for (text, code) in cases {
        let e = LoadedTokenizer::from_json(text.as_bytes(), &TokenNames::default()).unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Tokenizer, code), "{e}");
        assert!(e.get_help().is_some());
    }
}

#[test]
fn the_error_for_a_missing_file_names_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &std::path::Path| LoadedTokenizer::from_path(path).unwrap_err();
    let e = refused(&folder.path().join("no"));
    assert_eq!(e.code(), "tokenizer_not_found");
    assert!(refused(folder.path()).message().contains("holds no tokenizer.json"));
    std::fs::write(folder.path().join("tokenizer.model"), "x").unwrap();
    assert!(refused(folder.path()).message().contains("tokenizer.model"));
    std::fs::write(folder.path().join("tokenizer.json"), "x").unwrap();
    let e = refused(folder.path());
    assert_eq!(e.code(), "tokenizer_not_json");
    assert!(e.get_path().unwrap().ends_with("tokenizer.json"));
}

#[test]
fn losses_are_found() {
    assert!(fixtures::byte_level(false).losses.is_empty());
    assert!(fixtures::sentencepiece().losses.is_empty(), "{:?}", fixtures::sentencepiece().losses);
    let lost = fixtures::wordpiece().losses;
    for name in ["upper case", "line breaks", "runs of spaces", "accents"] {
        assert!(lost.contains(&name), "{name} in {lost:?}");
    }
}

#[test]
fn real_tokenizers_have_the_known_properties() {
    let expected = [
        ("gpt2", 50257, vec![], vec![]),
        ("llama-2", 32000, vec![1], vec![]),
        ("llama-3", 128_256, vec![128_000], vec![]),
        ("mistral-7b-v0.1", 32000, vec![1], vec![]),
        ("qwen2", 151_646, vec![], vec![]),
        ("phi-2", 50295, vec![], vec![]),
        ("t5-small", 32100, vec![], vec![1]),
        ("bert-base-uncased", 30522, vec![101], vec![102]),
    ];
    for ((name, tokenizer), expected) in fixtures::real().iter().zip(expected) {
        let found =
            (name.as_str(), tokenizer.vocab_size, tokenizer.prefix_ids.clone(), tokenizer.suffix_ids.clone());
        eprintln!("{name} loses {:?}", tokenizer.losses);
        assert_eq!(found, expected);
    }
}
