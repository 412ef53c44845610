//! A fast way is trusted once it has made the ids of the crate for texts that touch each of its rules.

use tokenizers::Tokenizer;

use super::engine::{Engine, Scratch};
use super::oracle::Oracle;
use super::position::Position;

/// Words, seams and rare characters. Each is tried alone, and each next to each.
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

/// Fails with the first text whose ids differ.
pub(super) fn check(way: &Engine, tokenizer: &Tokenizer, oracle: &Oracle) -> Result<(), String> {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().values();
    let mut added: Vec<&str> = added.map(|token| token.content.as_str()).collect();
    added.sort_unstable();
    // Of many, a few from all over: most differ by a number.
    let step = added.len().div_ceil(16).max(1);
    let fragments: Vec<&str> = FRAGMENTS.iter().copied().chain(added.into_iter().step_by(step)).collect();
    let mut scratch = Scratch::default();
    for first in &fragments {
        // One long text for each fragment: it stands before, between and behind all others.
        let mut text = String::from(*first);
        for second in &fragments {
            text.push_str(second);
            text.push_str(first);
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        way.append(&text, Position::Start, &mut scratch, &mut ours).map_err(|e| e.to_string())?;
        oracle.append(&text, &mut theirs).map_err(|e| e.to_string())?;
        if ours != theirs {
            return Err(format!("its ids were not the right ones for a text of many {first:?}"));
        }
    }
    Ok(())
}
