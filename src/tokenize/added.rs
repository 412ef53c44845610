//! Added tokens: found in the text before anything else is done to it.
//!
//! Two passes, as in `tokenizers`: tokens that are not normalized are searched for in the raw text; then each text
//! between them is normalized, and the others are searched for in that. The longest of those that begin first wins.

use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::Tokenizer;

use super::as_text::{Span, overlaps};
use super::normal::Normal;

/// A piece of a text.
pub enum Part<'a> {
    /// An added token.
    Token(i32),
    /// Text between them, normalized, never empty.
    Text(&'a str),
}

/// The added tokens of a tokenizer.
pub struct AddedTokens {
    raw: Finder,
    normalized: Finder,
}

#[derive(Default)]
struct Finder {
    /// None where there is nothing to find.
    search: Option<AhoCorasick>,
    /// By pattern.
    tokens: Vec<Token>,
}

struct Token {
    id: i32,
    /// Counts only where no letter, digit or `_` touches it.
    single_word: bool,
    /// Takes the white space before it.
    lstrip: bool,
    /// Takes the white space after it.
    rstrip: bool,
    /// A control token.
    special: bool,
}

impl AddedTokens {
    /// Those of a tokenizer, whose text is normalized so; why they cannot be searched for here is the error.
    pub fn new(tokenizer: &Tokenizer, normal: Normal) -> Result<Self, String> {
        let mut lists: [(Vec<String>, Vec<Token>); 2] = Default::default();
        let vocabulary = tokenizer.get_added_vocabulary();
        if vocabulary.get_encode_special_tokens() {
            return Err("it encodes special tokens as text".to_string());
        }
        for (&id, token) in vocabulary.get_added_tokens_decoder() {
            let id = i32::try_from(id).map_err(|_| "an id above 2³¹".to_string())?;
            let mut content = token.content.clone();
            if token.normalized {
                content = normal.apply(&content).into_owned();
            }
            let (contents, tokens) = &mut lists[usize::from(token.normalized)];
            contents.push(content);
            tokens.push(Token {
                id,
                single_word: token.single_word,
                lstrip: token.lstrip,
                rstrip: token.rstrip,
                special: token.special,
            });
        }
        let [raw, normalized] = lists.map(Finder::new);
        Ok(AddedTokens { raw: raw?, normalized: normalized? })
    }

    /// Whether one is normalized, or depends on more than its own text.
    pub fn looks_around(&self) -> bool {
        self.normalized.search.is_some() || self.raw.tokens.iter().any(|token| token.single_word)
    }

    /// Hands on the parts of a text, in order. Control tokens within `plain` are plain text.
    #[inline]
    pub fn split(&self, text: &str, plain: &[Span], normal: Normal, take: &mut impl FnMut(Part)) {
        self.raw.split(text, plain, &mut |part| match part {
            Part::Token(id) => take(Part::Token(id)),
            Part::Text(text) => self.normalized.split(&normal.apply(text), &[], take),
        });
    }
}

impl Finder {
    fn new((contents, tokens): (Vec<String>, Vec<Token>)) -> Result<Self, String> {
        if contents.is_empty() {
            return Ok(Finder::default());
        }
        let mut sorted: Vec<&String> = contents.iter().collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) || sorted[0].is_empty() {
            return Err("two added tokens are the same text".to_string());
        }
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&contents)
            .map_err(|e| format!("its added tokens: {e}"))?;
        Ok(Finder { search: Some(search), tokens })
    }

    #[inline]
    fn split(&self, text: &str, plain: &[Span], take: &mut impl FnMut(Part)) {
        let mut done = 0;
        for found in self.search.iter().flat_map(|search| search.find_iter(text)) {
            let token = &self.tokens[found.pattern().as_usize()];
            let (mut start, mut end) = (found.start(), found.end());
            let is_plain = token.special && overlaps(plain, start, end);
            if is_plain || (token.single_word && touches_word(text, start, end)) {
                continue;
            }
            if token.lstrip {
                start = text[..start].trim_end().len().max(done);
            }
            if token.rstrip {
                end = text.len() - text[end..].trim_start().len();
            }
            if done < start {
                take(Part::Text(&text[done..start]));
            }
            take(Part::Token(token.id));
            done = end;
        }
        if done < text.len() {
            take(Part::Text(&text[done..]));
        }
    }
}

/// Whether a letter, digit or underscore stands beside the part, as the regex crate's `\w` sees them.
fn touches_word(text: &str, start: usize, end: usize) -> bool {
    let is_word = |c: char| regex_syntax::is_word_character(c);
    text[..start].chars().next_back().is_some_and(is_word) || text[end..].chars().next().is_some_and(is_word)
}
