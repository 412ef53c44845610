use crate::tokenizer::{LoadedTokenizer, fixtures};

/// Ends and starts of parts: of templates, and such that a piece, a token or a character goes on in the next part.
const FRAGMENTS: &[&str] = &[
    "",
    "assistant\n",
    "\n",
    "\n\n",
    " ",
    "  ",
    "\r\n",
    "\t",
    "A",
    "a",
    "an answer",
    " answer",
    "'s",
    "'",
    "42",
    "4",
    "</s>",
    "<s>",
    "</",
    "s>",
    "<",
    ">",
    ".",
    "?!",
    "\u{301}",
    "e",
    "é",
    "Я",
    "語",
    "語 語",
    "😀",
    "\u{1161}",
    "\u{1100}",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "the end.",
    "\n\nThe sea",
    "x</s>\n<s>user\n",
    "<s>assistant\n\n",
];

/// Checks every row of three parts: where a tokenizer says that the ids are those of the parts, they are. Returns how often
/// it says so, and how often it could.
fn check(name: &str, tokenizer: &LoadedTokenizer) -> (usize, usize) {
    let (mut said, mut could) = (0, 0);
    let mut session = tokenizer.encoder().session();
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            for third in FRAGMENTS {
                let text = [*first, *second, *third].concat();
                let ends = [first.len(), first.len() + second.len()];
                let (mut whole, mut parts) = (Vec::new(), Vec::new());
                session.encode_prompt(&text, &mut whole).unwrap();
                for part in [first, second, third] {
                    match parts.is_empty() {
                        true => session.encode_prompt(part, &mut parts).unwrap(),
                        false => session.encode_continuation(part, &mut parts).unwrap(),
                    }
                }
                let joins = session.joins(&text, &ends);
                assert!(!joins || whole == parts, "{name}: {first:?} + {second:?} + {third:?}");
                said += usize::from(joins);
                could += usize::from(whole == parts);
            }
        }
    }
    (said, could)
}

#[test]
fn ids_that_are_said_to_be_those_of_the_parts_are() {
    for (name, tokenizer, _) in fixtures::all() {
        let (said, could) = check(name, &tokenizer);
        if name.starts_with("byte_level") && !name.contains("space") {
            assert!(said * 3 > could, "{name}: {said} of {could}");
        }
    }
}

#[test]
fn so_are_those_of_real_tokenizers() {
    for (name, tokenizer) in fixtures::real() {
        let (said, could) = check(&name, &tokenizer);
        eprintln!("{name}: {said} of {could}");
        if ["gpt2", "llama-3", "qwen2"].contains(&name.as_str()) {
            assert!(said * 3 > could, "{name}: {said} of {could}");
        }
    }
}
