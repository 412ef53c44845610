use crate::tokenizer::{LoadedTokenizer, Span, fixtures};

fn prompt(tokenizer: &LoadedTokenizer, text: &str) -> Vec<i32> {
    let mut ids = Vec::new();
    tokenizer.encoder().session().encode_prompt(text, &mut ids).unwrap();
    ids
}

fn continuation(tokenizer: &LoadedTokenizer, text: &str) -> Vec<i32> {
    let mut ids = Vec::new();
    tokenizer.encoder().session().encode_continuation(text, &mut ids).unwrap();
    ids
}

fn oracle(tokenizer: &LoadedTokenizer, text: &str) -> Vec<i32> {
    let encoding = tokenizer.reference().encode(text, false).unwrap();
    encoding.get_ids().iter().map(|&id| id.try_into().unwrap()).collect()
}

#[test]
fn prompt_ids_are_those_of_tokenizers() {
    for (name, tokenizer, _) in fixtures::all() {
        for text in fixtures::TEXTS {
            assert_eq!(prompt(&tokenizer, text), oracle(&tokenizer, text), "{name}: {text:?}");
        }
    }
}

/// Whether the reference decodes the ids of a text, at the start of a row, to that text.
fn is_unchanged(tokenizer: &LoadedTokenizer, text: &str) -> bool {
    tokenizer.decode(&oracle(tokenizer, text), false).unwrap() == text
}

/// Checks that the ids of prompt and completion decode to both texts, for all pairs of texts that the reference does not
/// change. Returns the number of pairs.
fn pairs_decode(name: &str, tokenizer: &LoadedTokenizer) -> usize {
    let mut checked = 0;
    for p in fixtures::TEXTS.iter().filter(|p| !p.is_empty() && is_unchanged(tokenizer, p)) {
        // With "x" before it, the text is not at the start.
        for c in
            fixtures::TEXTS.iter().filter(|c| c.contains("</s>") || is_unchanged(tokenizer, &format!("x{c}")))
        {
            let mut ids = prompt(tokenizer, p);
            ids.extend(continuation(tokenizer, c));
            assert_eq!(
                tokenizer.decode(&ids, false).unwrap(),
                format!("{p}{c}"),
                "{name}: {p:?} + {c:?} {ids:?}"
            );
            checked += 1;
        }
    }
    checked
}

#[test]
fn prompt_and_completion_decode_to_both_texts() {
    for (name, tokenizer, lossless) in fixtures::all() {
        if lossless {
            assert!(pairs_decode(name, &tokenizer) > 60, "{name}");
        }
    }
    for (name, tokenizer) in fixtures::real() {
        if !["t5-small", "bert-base-uncased"].contains(&name.as_str()) {
            assert!(pairs_decode(&name, &tokenizer) > 100, "{name}");
        }
    }
}

#[test]
fn a_prefix_space_comes_once_a_row() {
    let tokenizer = fixtures::byte_level(true);
    let mut ids = prompt(&tokenizer, "the sea");
    ids.extend(continuation(&tokenizer, "the sky"));
    assert_eq!(tokenizer.decode(&ids, false).unwrap(), " the seathe sky");
}

#[test]
fn words_stay_marked_where_white_space_is_lost() {
    let tokenizer = fixtures::word_marks();
    assert_eq!(continuation(&tokenizer, "the sea"), oracle(&tokenizer, "the sea"));
}

/// The spans of every second `needle` in `text`.
fn every_second(text: &str, needle: &str) -> Vec<Span> {
    let offset = |i: usize| u32::try_from(i).unwrap();
    text.match_indices(needle).step_by(2).map(|(i, n)| (offset(i), offset(i + n.len()))).collect()
}

#[test]
fn marked_control_tokens_are_plain_text() {
    let texts = [
        "</s>",
        "a </s> b </s> c",
        "</s></s></s>",
        "x</s>\n</s> <s>é</s>",
        "\u{fdd0}2\u{fdd1}</s>\u{fdd0}</s>2\u{fdd1}\u{fdd0}",
    ];
    let mut tokenizers: Vec<(String, LoadedTokenizer, bool)> =
        fixtures::all().into_iter().map(|(name, t, whole)| (name.to_string(), t, whole)).collect();
    for (name, tokenizer) in fixtures::real() {
        let whole = !["t5-small", "bert-base-uncased"].contains(&name.as_str());
        tokenizers.push((name, tokenizer, whole));
    }
    for (name, tokenizer, lossless) in &tokenizers {
        let named: Vec<&str> = tokenizer.control.tokens().tokens.iter().map(|t| t.content.as_str()).collect();
        let token = named.iter().find(|t| **t == "</s>").unwrap_or(&named[0]);
        let id = tokenizer.token_id(token).unwrap();
        for text in texts.map(|t| t.replace("</s>", token)) {
            let spans = every_second(&text, token);
            let meant = text.matches(token).count() - spans.len();
            for first in [true, false] {
                let mut ids = prompt(tokenizer, "x");
                let before = ids.len();
                if first {
                    ids.clear();
                    tokenizer.encoder().session().encode_prompt_as_text(&text, &spans, &mut ids).unwrap();
                } else {
                    tokenizer
                        .encoder()
                        .session()
                        .encode_continuation_as_text(&text, &spans, &mut ids)
                        .unwrap();
                }
                let from = if first { 0 } else { before };
                let found = ids[from..].iter().filter(|&&i| i == id).count();
                assert_eq!(found, meant, "{name}: {text:?} {ids:?}");
                let known = oracle(tokenizer, &format!("x{text}"));
                let unknown = tokenizer.token_id("<unk>").is_some_and(|unk| known.contains(&unk));
                if *lossless && !first && !unknown {
                    assert_eq!(tokenizer.decode(&ids, false).unwrap(), format!("x{text}"), "{name}: {ids:?}");
                }
            }
        }
    }
}

/// Without control tokens as plain text, the copy with stand-ins gives the ids of the tokenizer itself.
#[test]
fn stand_ins_change_no_ids() {
    let real = fixtures::real().into_iter().map(|(_, t)| t);
    for tokenizer in fixtures::all().into_iter().map(|(_, t, _)| t).chain(real) {
        let normalized = tokenizer.reference().get_added_vocabulary().get_added_tokens_decoder();
        assert!(normalized.values().filter(|t| t.special).all(|t| !t.normalized || !t.content.contains(' ')));
        for text in fixtures::TEXTS.iter().filter(|t| !t.contains('\u{fdd0}')) {
            let (mut start, mut following) = (Vec::new(), Vec::new());
            tokenizer.encoder().session().encode_prompt_as_text(text, &[], &mut start).unwrap();
            tokenizer.encoder().session().encode_continuation_as_text(text, &[], &mut following).unwrap();
            assert_eq!(start, prompt(&tokenizer, text), "{text:?}");
            assert_eq!(following, continuation(&tokenizer, text), "{text:?}");
        }
    }
}

#[test]
fn token_texts_join_to_the_decoded_text() {
    let real = fixtures::real().into_iter().map(|(_, t)| t);
    for tokenizer in fixtures::all().into_iter().map(|(_, t, _)| t).chain(real) {
        for text in fixtures::TEXTS {
            let mut ids = tokenizer.prefix_ids.clone();
            ids.extend(prompt(&tokenizer, text));
            let texts = tokenizer.token_texts(&ids).unwrap();
            assert_eq!(texts.len(), ids.len());
            assert_eq!(texts.concat(), tokenizer.decode(&ids, false).unwrap(), "{text:?}");
        }
        // A character cut in the middle.
        let mut ids = prompt(&tokenizer, "語😀");
        ids.pop();
        assert_eq!(tokenizer.token_texts(&ids).unwrap().concat(), tokenizer.decode(&ids, false).unwrap());
        assert!(tokenizer.token_texts(&[]).unwrap().is_empty());
    }
}

#[test]
fn a_character_of_several_tokens_belongs_to_the_last_token() {
    let tokenizer = fixtures::byte_level(false);
    let texts = tokenizer.token_texts(&prompt(&tokenizer, "語")).unwrap();
    assert_eq!(texts, ["", "", "語"]);
}

#[test]
fn repeating_the_start_of_the_last_text_changes_no_ids() {
    let tokenizer = fixtures::byte_level(false);
    assert!(tokenizer.engine().starts_with("byte-level"), "{}", tokenizer.engine());
    // Long enough to be kept, with seams that look far ahead, and two control-free middles.
    let head =
        "### Instruction:\nBelow is a task's text, don't 1234 answer…\n \n  \tWrite a response.\n\n日本語 "
            .repeat(3);
    let tails =
        ["", " ", "  x", "\n", "\n\n y", "'s", "'", "é", "\u{301}a", "1", "語", ".", "</s> a", "the end"];
    let cuts: Vec<usize> =
        head.char_indices().map(|(at, _)| at).filter(|at| at % 7 == 0 || *at < 90).collect();
    let mut session = tokenizer.encoder().session();
    for cut in cuts.iter().chain(cuts.iter().rev()) {
        for tail in tails {
            let text = format!("{}{tail}", &head[..*cut]);
            for _ in 0..2 {
                let mut ids = Vec::new();
                session.encode_prompt(&text, &mut ids).unwrap();
                assert_eq!(ids, oracle(&tokenizer, &text), "{text:?}");
                let mut ids = Vec::new();
                session.encode_continuation(&text, &mut ids).unwrap();
                assert_eq!(ids, oracle(&tokenizer, &text), "{text:?}");
            }
        }
    }
    // Texts longer than what is kept of them.
    let long = head.repeat(40);
    for end in [long.len(), 4_000, 4_096, 4_100, long.len() - 1].map(|end| long.floor_char_boundary(end)) {
        let mut ids = vec![7];
        session.encode_prompt(&long[..end], &mut ids).unwrap();
        assert_eq!(ids[1..], oracle(&tokenizer, &long[..end]));
    }
}
