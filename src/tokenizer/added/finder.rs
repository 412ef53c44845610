//! Added tokens: what a tokenizer finds in a text before it does anything else to it.
//!
//! Found as the crate `tokenizers` finds them: the longest of the tokens that begin first, none overlapping. This is the
//! only place that knows these rules.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::AddedToken;

/// Finds added tokens in texts that are normalized already, or need not be.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// None where there is nothing to find.
    search: Option<AhoCorasick>,
    /// By pattern.
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// Counts only where no word character touches it.
    single_word: bool,
    /// Takes the white space before it.
    lstrip: bool,
    /// Takes the white space after it.
    rstrip: bool,
}

/// An added token in a text.
#[derive(Debug)]
pub(crate) struct Found {
    /// The number of its pattern.
    pub pattern: usize,
    /// What it takes of the text: itself, and white space beside it where it takes that.
    pub taken: Range<usize>,
    /// Itself.
    pub written: Range<usize>,
}

impl Finder {
    /// A finder for these tokens, each with the text that it is searched for as. Fails where they are too many.
    pub(crate) fn new<'t, T: AsRef<[u8]>>(
        tokens: impl IntoIterator<Item = (T, &'t AddedToken)>,
    ) -> Result<Self, String> {
        let (texts, rules): (Vec<T>, Vec<Rule>) = tokens
            .into_iter()
            .map(|(text, token)| {
                let AddedToken { single_word, lstrip, rstrip, .. } = *token;
                (text, Rule { single_word, lstrip, rstrip })
            })
            .unzip();
        if texts.is_empty() {
            return Ok(Finder::default());
        }
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
        let search = search.map_err(|e| format!("its added tokens: {e}"))?;
        Ok(Finder { search: Some(search), rules })
    }

    /// Whether there is nothing to find.
    pub(crate) fn is_empty(&self) -> bool {
        self.search.is_none()
    }

    /// Where the first text of a token begins, whether or not it counts as one; the bytes need not be whole characters.
    pub(crate) fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.search.as_ref()?.find(bytes).map(|found| found.start())
    }

    /// Whether a token depends on the characters beside it.
    pub(crate) fn has_single_words(&self) -> bool {
        self.rules.iter().any(|rule| rule.single_word)
    }

    /// Hands on the tokens of a text, in order, but for those that `skip` (a pattern's number, and where it is written)
    /// says are plain text.
    #[inline]
    pub(crate) fn each(
        &self,
        text: &str,
        skip: impl Fn(usize, &Range<usize>) -> bool,
        mut take: impl FnMut(Found),
    ) {
        let mut done = 0;
        for found in self.search.iter().flat_map(|search| search.find_iter(text)) {
            let (pattern, written) = (found.pattern().as_usize(), found.range());
            let rule = &self.rules[pattern];
            // What is passed over is not searched again for a shorter token.
            if skip(pattern, &written) || (rule.single_word && touches_word(text, &written)) {
                continue;
            }
            let mut taken = written.clone();
            if rule.lstrip {
                taken.start = text[..written.start].trim_end().len().max(done);
            }
            if rule.rstrip {
                taken.end = text.len() - text[written.end..].trim_start().len();
            }
            done = taken.end;
            take(Found { pattern, taken, written });
        }
    }
}

/// Whether a word character stands beside a part: what `\w` of the crate `regex` matches, which `tokenizers` asks.
/// `²` and `½` are none; combining marks such as U+0301 and the joiner U+200D are.
fn touches_word(text: &str, part: &Range<usize>) -> bool {
    let is_word = |c: char| regex_syntax::is_word_character(c);
    text[..part.start].chars().next_back().is_some_and(is_word)
        || text[part.end..].chars().next().is_some_and(is_word)
}
