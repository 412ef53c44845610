//! Compares an engine with the oracle when a tokenizer is loaded, on texts that use every rule of the engine.

use tokenizers::Tokenizer;

use super::engine::{Engine, Scratch};
use super::oracle::Oracle;
use super::position::Position;

/// Words, white space, punctuation and rare characters. Each is tried next to each.
const FRAGMENTS: &[&str] = &[
    "",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    " \n",
    "\n ",
    "\n\n  ",
    "\u{a0}",
    "\u{85}",
    "\u{3000}",
    "a",
    "The",
    "hello",
    "HTTPServer",
    "camelCase",
    "été",
    "naïve",
    "Straße",
    "e\u{301}",
    "\u{301}",
    "ǅ",
    "Ωμέγα",
    "Привет",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "สวัสดี",
    "你好世界",
    "こんにちは",
    "カタカナ",
    "안녕",
    "ᄒ\u{1161}\u{11ab}",
    "'s",
    "'S",
    "'ſ",
    "'re",
    "'VE",
    "'ll",
    "don't",
    "'tis",
    "''",
    "0",
    "42",
    "123",
    "1234567",
    "३४",
    "Ⅷ",
    "²",
    "½",
    ".",
    "...",
    "!?",
    "-",
    "--",
    "_",
    "/",
    "//",
    "\\",
    "#",
    "##",
    "<",
    "</s>",
    "<|",
    "|>",
    "(",
    "){",
    "+=",
    "$",
    "€",
    "…",
    "—",
    "“",
    "。",
    "，",
    "😀",
    "👩\u{200d}👩\u{200d}👧",
    "🇳🇴",
    "❤\u{fe0f}",
    "\u{200b}",
    "\u{feff}",
    "\u{180e}",
    "\0",
    "\u{1}",
    "\u{7f}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
    "supercalifragilisticexpialidocious",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "................................................",
    "                                                  ",
];

/// Fails for the first text for which engine and oracle give different ids.
pub(super) fn check(engine: &Engine, tokenizer: &Tokenizer, oracle: &Oracle) -> Result<(), String> {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().values();
    let mut added: Vec<&str> = added.map(|token| token.content.as_str()).collect();
    added.sort_unstable();
    // Of many added tokens a sample: most differ only by a number.
    let step = added.len().div_ceil(16).max(1);
    let fragments: Vec<&str> = FRAGMENTS.iter().copied().chain(added.into_iter().step_by(step)).collect();
    let mut scratch = Scratch::default();
    for first in &fragments {
        // One long text for each fragment, in which it is before and after every other fragment.
        let mut text = String::from(*first);
        for second in &fragments {
            text.push_str(second);
            text.push_str(first);
        }
        let (mut ids, mut expected) = (Vec::new(), Vec::new());
        engine.append(&text, Position::Start, &mut scratch, &mut ids).map_err(|e| e.to_string())?;
        oracle.append(&text, &mut expected).map_err(|e| e.to_string())?;
        if ids != expected {
            return Err(format!("its ids differ for a text with {first:?}"));
        }
    }
    Ok(())
}
