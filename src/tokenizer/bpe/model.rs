//! A byte-level BPE model, read from `tokenizer.json` or made of a file of ranks.

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::merge::{MergeScratch, merge};
use super::pairs::{Merge, Pair, Pairs};
use super::seams::Seams;
use crate::tokenizer::byte_chars::byte_chars;
use crate::tokenizer::ranks::Ranks;

/// The keys of the file that are read here. The crate checks the others.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    model: Parts<'a>,
}

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    vocab: Vocab<'a>,
    #[serde(borrow)]
    merges: Vec<Line<'a>>,
}

/// Ids by token. Text is copied only where the file has escapes in it.
struct Vocab<'a>(HashMap<Cow<'a, str>, u32>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Vocab<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VocabVisitor;
        impl<'de> Visitor<'de> for VocabVisitor {
            type Value = Vocab<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("tokens and their ids")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocab<'de>, A::Error> {
                let mut vocab = HashMap::new();
                while let Some((Text(token), id)) = map.next_entry()? {
                    vocab.insert(token, id);
                }
                Ok(Vocab(vocab))
            }
        }
        deserializer.deserialize_map(VocabVisitor)
    }
}

/// A merge: two tokens as a list, or in the older form as a string with a space between them.
struct Line<'a>(Cow<'a, str>, Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Line<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a merge")
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Line<'de>, E> {
                let (left, right) =
                    text.split_once(' ').ok_or_else(|| E::custom("a merge without a space"))?;
                Ok(Line(left.into(), right.into()))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Line<'de>, E> {
                let (left, right) =
                    text.split_once(' ').ok_or_else(|| E::custom("a merge without a space"))?;
                Ok(Line(left.to_string().into(), right.to_string().into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Line<'de>, A::Error> {
                let mut part =
                    || seq.next_element::<Text<'de>>()?.ok_or_else(|| A::Error::custom("half a merge"));
                Ok(Line(part()?.0, part()?.0))
            }
        }
        deserializer.deserialize_any(LineVisitor)
    }
}

/// The model, ready to merge.
pub(crate) struct Model {
    /// The id of each single byte.
    byte_ids: [u32; 256],
    pairs: Pairs,
    pub(crate) seams: Seams,
    /// Tokens by their bytes, where a piece that is a token is not merged (`ignore_merges`).
    whole: Option<HashMap<Box<[u8]>, u32>>,
}

impl Model {
    /// The id of a whole piece that is a token, where such pieces are not merged.
    pub(crate) fn token(&self, piece: &[u8]) -> Option<i32> {
        self.whole.as_ref()?.get(piece).map(|&id| id as i32)
    }

    /// Merges these bytes, and appends their ids.
    pub(crate) fn merge(&self, bytes: &[u8], scratch: &mut MergeScratch, out: &mut Vec<i32>) {
        merge(&self.pairs, bytes.iter().map(|&b| self.byte_ids[usize::from(b)]), scratch, out);
    }

    /// The model of a file of ranks: any two tokens merge whose bytes together are a token, with the rank of that
    /// token.
    pub(crate) fn from_ranks(ranks: &Ranks) -> Self {
        let id = |token: &[u8]| ranks.ids.get(token).copied();
        let mut pairs = Vec::new();
        for (token, &merged) in &ranks.ids {
            for middle in 1..token.len() {
                if let (Some(left), Some(right)) = (id(&token[..middle]), id(&token[middle..])) {
                    pairs.push(((left, right), Merge { rank: merged, id: merged }));
                }
            }
        }
        Model {
            byte_ids: std::array::from_fn(|byte| id(&[byte as u8]).unwrap_or_default()),
            pairs: Pairs::new(&pairs),
            seams: Seams::new(ranks.ids.keys().map(AsRef::as_ref)),
            whole: Some(ranks.ids.clone()),
        }
    }

    /// Reads the model of a `tokenizer.json`.
    ///
    /// # Errors
    /// Why this engine cannot use the model.
    pub(crate) fn read(json: &[u8], ignore_merges: bool) -> Result<Self, String> {
        let File { model: Parts { vocab: Vocab(vocab), merges } } =
            serde_json::from_slice(json).map_err(|e| format!("its model cannot be read: {e}"))?;
        let mut by_id: Vec<u32> = vocab.values().copied().collect();
        by_id.sort_unstable();
        if by_id.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("two tokens of its vocabulary have the same id".to_string());
        }
        if by_id.last().is_some_and(|&id| id > i32::MAX as u32) {
            return Err("an id of its vocabulary is 2³¹ or more".to_string());
        }
        let chars = byte_chars();
        let mut byte_ids = [0; 256];
        for (id, c) in byte_ids.iter_mut().zip(chars) {
            *id = *vocab
                .get(c.encode_utf8(&mut [0; 4]) as &str)
                .ok_or_else(|| format!("its vocabulary has no token for the byte {c:?}"))?;
        }
        let mut read = Vec::with_capacity(merges.len());
        let mut product = String::new();
        for (rank, Line(left, right)) in merges.iter().enumerate() {
            product.clear();
            product.push_str(left);
            product.push_str(right);
            let id = |token: &str| {
                vocab
                    .get(token)
                    .copied()
                    .ok_or_else(|| format!("a merge names {token:?}, which is not in its vocabulary"))
            };
            let pair: Pair = (id(left)?, id(right)?);
            read.push((pair, Merge { rank: rank as u32, id: id(&product)? }));
        }
        let byte_of: HashMap<char, u8> = chars.iter().zip(0..=255).map(|(&c, b)| (c, b)).collect();
        let bytes =
            |token: &str| token.chars().map(|c| byte_of.get(&c).copied()).collect::<Option<Box<[u8]>>>();
        let tokens: HashMap<Box<[u8]>, u32> =
            vocab.iter().filter_map(|(token, &id)| Some((bytes(token)?, id))).collect();
        let seams = Seams::new(tokens.keys().map(AsRef::as_ref));
        Ok(Model { byte_ids, pairs: Pairs::new(&read), seams, whole: ignore_merges.then_some(tokens) })
    }
}
