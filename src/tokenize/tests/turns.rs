//! Rows of any number of turns, compared with a naive implementation.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch, StringViewArray};
use arrow::datatypes::{Field, Float32Type, Int32Type, Schema, UInt8Type};

use super::super::{End, OnOverflow, TokenizeOptions, TokenizeStage};
use crate::flow::Map;
use crate::permutation::Permutation;
use crate::record::encode_turns;
use crate::record::turns::{Branch, Role, Span};
use crate::record::{Batch, Places, SpecialPolicy, schema};
use crate::report::StepCounts;
use crate::tokenizer::{LoadedTokenizer, fixtures};

/// Text, whether it trains, and its weight.
type Turn<'t> = (&'t str, bool, f32);
/// The id of a token, whether it trains, and its weight.
type Token = (i32, bool, f32);

const LIMIT: usize = 14;

fn spans(row: &[Turn<'_>]) -> (String, Vec<Span>) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    for (part, trained, weight) in row {
        text.push_str(part);
        let (end, role) = (text.len() as u32, if *trained { Role::Assistant } else { Role::User });
        spans.push(Span {
            end,
            role,
            trained: *trained,
            from_data: true,
            weight: *weight,
            branch: Branch::Main,
            kind: None,
        });
    }
    (text, spans)
}

fn batch_of(rows: &[Vec<Turn<'_>>], weighted: bool, as_text: Option<&[Vec<(u32, u32)>]>) -> Batch {
    let rows: Vec<_> = rows.iter().map(|row| spans(row)).collect();
    let rows: Vec<_> = rows.iter().map(|(text, spans)| (text.as_str(), spans.as_slice())).collect();
    let (fields, columns): (Vec<_>, Vec<_>) =
        encode_turns::columns(&rows, weighted).unwrap().into_iter().unzip();
    let records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let places = Places::numbered(0, 0, rows.len());
    let batch = Batch::new(records, places);
    let Some(as_text) = as_text else { return batch };
    let bytes = as_text.iter().map(|spans| {
        Some(
            spans.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]).flatten().collect::<Vec<u8>>(),
        )
    });
    let column: ArrayRef = Arc::new(BinaryArray::from_iter(bytes));
    batch.with_column(Field::new(schema::AS_TEXT, column.data_type().clone(), true), column).unwrap()
}

fn run(tokenizer: &LoadedTokenizer, options: &TokenizeOptions, batch: Batch) -> (Batch, StepCounts) {
    let mut counts = StepCounts::default();
    let batch = TokenizeStage::new(tokenizer, options.clone()).unwrap().map(batch, &mut counts).unwrap();
    (batch, counts)
}

/// The tokens of a row, turn by turn: the first text that has tokens is the start, all others are continuations.
fn naive(tokenizer: &LoadedTokenizer, row: &[Turn<'_>], plain: &[(u32, u32)]) -> Vec<Token> {
    let prefix = &tokenizer.prefix_ids;
    let mut tokens: Vec<Token> = prefix.iter().map(|id| (*id, false, row[0].2)).collect();
    let (mut start, mut turn, mut begun) = (0, 0, false);
    while turn < row.len() {
        let (mut text, (_, trained, weight)) = (String::new(), row[turn]);
        while turn < row.len() && row[turn].1 == trained && row[turn].2 == weight {
            text.push_str(row[turn].0);
            turn += 1;
        }
        // The bytes of this text that are plain text, one by one.
        let is_plain =
            |at: usize| plain.iter().any(|(a, b)| (*a as usize..*b as usize).contains(&(start + at)));
        let mut own: Vec<(u32, u32)> = Vec::new();
        for at in (0..text.len()).filter(|at| is_plain(*at)) {
            match own.last_mut().filter(|last| last.1 as usize == at) {
                Some(last) => last.1 += 1,
                None => own.push((at as u32, at as u32 + 1)),
            }
        }
        start += text.len();
        let (mut ids, mut session) = (Vec::new(), tokenizer.encoder().session());
        let encoded = match (begun, own.is_empty()) {
            (false, true) => session.encode_prompt(&text, &mut ids),
            (false, false) => session.encode_prompt_as_text(&text, &own, &mut ids),
            (true, true) => session.encode_continuation(&text, &mut ids),
            (true, false) => session.encode_continuation_as_text(&text, &own, &mut ids),
        };
        encoded.unwrap();
        if !begun && !ids.is_empty() {
            begun = true;
            if !prefix.is_empty() && ids.starts_with(prefix) {
                ids.drain(..prefix.len());
            }
        }
        tokens.extend(ids.iter().map(|id| (*id, trained, weight)));
        if turn == row.len() && ids.last() != Some(&2) {
            tokens.push((2, trained, weight));
        }
    }
    tokens
}

/// What is left of a row of more than `LIMIT` tokens, one token at a time.
fn cut(tokens: &[Token], prefix: usize, on_overflow: OnOverflow) -> Option<Vec<Token>> {
    let mut left = tokens.to_vec();
    while left.len() > LIMIT {
        match on_overflow {
            OnOverflow::TruncateCompletion => drop(left.pop()),
            OnOverflow::TruncatePromptLeft => {
                let before = left.iter().take_while(|token| !token.1).count();
                if before < prefix + 2 {
                    return None;
                }
                left.remove(prefix);
            }
            _ => return None,
        }
    }
    left.iter().skip(1).any(|token| token.1).then_some(left)
}

/// Ids, labels, lengths, kinds and weights.
type Columns = (Vec<i32>, Vec<i32>, Vec<i32>, Vec<u8>, Vec<f32>);

fn columns(tokens: &[Token]) -> Columns {
    let mut columns = Columns::default();
    for (i, (id, trained, weight)) in tokens.iter().enumerate() {
        let kind = if !trained {
            1
        } else if i == 0 {
            0
        } else {
            2
        };
        columns.0.push(*id);
        columns.1.push(if kind == 2 { *id } else { -100 });
        match (columns.3.last(), columns.4.last()) {
            (Some(last), Some(last_weight)) if *last == kind && last_weight == weight => {
                *columns.2.last_mut().unwrap() += 1;
            }
            _ => {
                columns.2.push(1);
                columns.3.push(kind);
                columns.4.push(*weight);
            }
        }
    }
    columns
}

fn columns_of(batch: &Batch, i: usize) -> Columns {
    let list = |name| batch.column(name).unwrap().as_list::<i32>().value(i);
    let numbers = |name| list(name).as_primitive::<Int32Type>().values().to_vec();
    (
        numbers(schema::INPUT_IDS),
        numbers(schema::LABELS),
        numbers(schema::SEGMENT_LENGTHS),
        list(schema::SEGMENT_KINDS).as_primitive::<UInt8Type>().values().to_vec(),
        list(schema::SEGMENT_WEIGHTS).as_primitive::<Float32Type>().values().to_vec(),
    )
}

/// Rows of 1 to 7 turns, and spans of control tokens, some of them written over a seam.
fn random_rows(seed: u64) -> (Vec<Vec<Turn<'static>>>, Vec<Vec<(u32, u32)>>) {
    let random = Permutation::new(1 << 40, seed, 0);
    let mut at = 0;
    let mut below = |n: usize| {
        at += 1;
        (random.row_at(at) % n as u64) as usize
    };
    let (mut rows, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..80 {
        let mut row: Vec<Turn<'_>> = Vec::new();
        for _ in 0..1 + below(7) {
            let (trained, weight) = (below(2) == 1, [1.0, 1.0, 0.5, 0.0][below(4)]);
            match below(6) {
                0 => row.extend([("</", trained, weight), ("s>", below(2) == 1, weight)]),
                _ => row.push((fixtures::TEXTS[below(fixtures::TEXTS.len())], trained, weight)),
            }
        }
        let text: String = row.iter().map(|turn| turn.0).collect();
        let found = text.match_indices("</s>").filter(|_| below(2) == 1);
        plain.push(found.map(|(at, token)| (at as u32, (at + token.len()) as u32)).collect());
        rows.push(row);
    }
    (rows, plain)
}

#[test]
fn rows_of_many_turns_are_those_of_the_naive_implementation() {
    let (mut kept, mut cuts, mut rejected, mut seams) = (0, 0, 0, 0);
    for (seed, (name, tokenizer, _)) in fixtures::all().into_iter().enumerate() {
        let (rows, plain) = random_rows(seed as u64);
        let expected: Vec<_> =
            rows.iter().zip(&plain).map(|(row, plain)| naive(&tokenizer, row, plain)).collect();
        for on_overflow in
            [OnOverflow::Reject, OnOverflow::TruncatePromptLeft, OnOverflow::TruncateCompletion]
        {
            let options = TokenizeOptions {
                max_length: Some(LIMIT),
                on_overflow,
                end: End::Eos(2),
                special_tokens: SpecialPolicy::AsToken,
                ..Default::default()
            };
            let (batch, counts) = run(&tokenizer, &options, batch_of(&rows, true, Some(&plain)));
            let left: Vec<_> =
                expected.iter().map(|tokens| cut(tokens, tokenizer.prefix_ids.len(), on_overflow)).collect();
            assert_eq!(batch.rejects.iter().map(|r| r.place.row as usize).collect::<Vec<_>>(), {
                let lost = left.iter().enumerate().filter(|(_, left)| left.is_none());
                lost.map(|(i, _)| i).collect::<Vec<_>>()
            });
            rejected += batch.rejects.len();
            let left: Vec<_> = left.into_iter().flatten().collect();
            assert_eq!(batch.rows(), left.len(), "{name}");
            for (i, tokens) in left.iter().enumerate() {
                assert_eq!(columns_of(&batch, i), columns(tokens), "{name} {on_overflow:?}");
                seams += usize::from(columns(tokens).2.len() > 2);
            }
            kept += left.len();
            cuts += counts.sums["truncated"];
            let trained: usize = left.iter().flat_map(|t| t.iter().skip(1)).filter(|t| t.1).count();
            assert_eq!(counts.sums["trained_tokens"], trained as u64);
        }
    }
    assert!(kept > 500 && cuts > 200 && rejected > 200 && seams > 300, "{kept} {cuts} {rejected} {seams}");
}

/// Prompt and completion as two columns, and as text with two spans.
#[test]
fn a_pair_is_a_row_of_two_turns() {
    let pairs: Vec<(&str, &str)> =
        fixtures::TEXTS.iter().flat_map(|p| fixtures::TEXTS.iter().map(move |c| (*p, *c))).collect();
    let column = |texts: Vec<&str>| -> ArrayRef { Arc::new(StringViewArray::from(texts)) };
    let records = RecordBatch::try_from_iter([
        (schema::PROMPT, column(pairs.iter().map(|r| r.0).collect())),
        (schema::COMPLETION, column(pairs.iter().map(|r| r.1).collect())),
    ]);
    let of_pairs = Batch { records: records.unwrap(), ..batch_of(&[], false, None) };
    let of_pairs = Batch { places: Places::numbered(0, 0, pairs.len()), ..of_pairs };
    let rows: Vec<Vec<Turn<'_>>> =
        pairs.iter().map(|(p, c)| vec![(*p, false, 1.0), (*c, true, 1.0)]).collect();
    for (name, tokenizer, _) in fixtures::all() {
        for on_overflow in [OnOverflow::Drop, OnOverflow::TruncatePromptLeft, OnOverflow::TruncateCompletion]
        {
            let options = TokenizeOptions {
                max_length: Some(LIMIT),
                on_overflow,
                end: End::Eos(2),
                keep_text: false,
                separator: Some("\n##\n".into()),
                stop: Some("\n###\n".into()),
                ..Default::default()
            };
            let (one, counts) = run(&tokenizer, &options, of_pairs.clone());
            let (two, same_counts) = run(&tokenizer, &options, batch_of(&rows, false, None));
            assert_eq!(one.records, two.records, "{name}");
            let rows_of =
                |batch: &Batch| -> Vec<_> { batch.rejects.iter().map(|r| (r.code, r.place.row)).collect() };
            assert_eq!(rows_of(&one), rows_of(&two));
            assert_eq!((counts.sums, counts.lengths), (same_counts.sums, same_counts.lengths));
        }
    }
}

#[test]
fn a_row_with_branches_is_refused() {
    let row = [Span {
        end: 1,
        role: Role::Assistant,
        trained: true,
        from_data: true,
        weight: 1.0,
        branch: Branch::Chosen,
        kind: None,
    }];
    let batch = batch_of(&[vec![("a", true, 1.0)]], false, None);
    let batch = encode_turns::columns(&[("a", &row)], false)
        .unwrap()
        .into_iter()
        .try_fold(batch, |batch, (field, column)| batch.with_column(field, column))
        .unwrap();
    let stage = TokenizeStage::new(&fixtures::byte_level(false), TokenizeOptions::default()).unwrap();
    assert_eq!(stage.map(batch, &mut StepCounts::default()).unwrap_err().code(), "internal");
}

/// Two turns before the first that trains, which weigh differently: a cut takes tokens of the first one, then of the
/// second, and leaves the separator with one token before it.
#[test]
fn a_cut_leaves_the_end_of_the_turns_before_the_first_that_trains() {
    let tokenizer = fixtures::byte_level_bos();
    // One token a character here.
    let row = vec![
        ("<^^", false, 1.0),
        ("^{~~", false, 0.5),
        ("|}", true, 1.0),
        ("^~~", false, 1.0),
        ("}", true, 1.0),
    ];
    let whole = naive(&tokenizer, &row, &[]);
    assert_eq!(whole.len(), 1 + 3 + 4 + 2 + 3 + 1 + 1);
    for limit in 5..whole.len() {
        let options = TokenizeOptions {
            max_length: Some(limit),
            on_overflow: OnOverflow::TruncatePromptLeft,
            end: End::Eos(2),
            separator: Some("~~".into()),
            ..Default::default()
        };
        let (batch, _) = run(&tokenizer, &options, batch_of(std::slice::from_ref(&row), true, None));
        let taken = whole.len() - limit;
        if taken > 3 + 1 {
            assert_eq!(batch.rejects[0].code, "too_long");
            assert_eq!(
                batch.rejects[0].detail,
                format!("15 tokens, 4 of them in turns that train; max_length is {limit}")
            );
            continue;
        }
        let left: Vec<Token> = [&whole[..1], &whole[1 + taken..]].concat();
        // BOS weighs what the first turn weighs.
        assert_eq!(columns_of(&batch, 0), columns(&left), "{limit}");
    }
}
