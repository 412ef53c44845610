//! Finds added tokens in a text.
//!
//! The rules are those of the crate `tokenizers`: the leftmost match, of several the longest; matches do not overlap.
//! Only this file implements them.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use tokenizers::AddedToken;

use super::rare_starts::{Match, RareStarts};

/// Finds added tokens. The caller normalizes the text where that is needed.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// None where there are no tokens.
    search: Option<Search>,
    /// The rules of each pattern.
    rules: Vec<Rule>,
}

/// How the texts are searched for: the leftmost, of several the longest.
#[derive(Debug)]
enum Search {
    Rare(RareStarts),
    Any(AhoCorasick),
}

impl Search {
    /// The first match from `from` on, where the match before it ended.
    #[inline]
    fn next(&self, bytes: &[u8], from: usize) -> Option<Match> {
        match self {
            Search::Rare(texts) => texts.next(bytes, from),
            Search::Any(texts) => {
                let found = texts.find(Input::new(bytes).range(from..))?;
                Some((found.pattern().as_usize(), found.range()))
            }
        }
    }
}

#[derive(Debug)]
struct Rule {
    /// Matches only where no word character is next to it.
    single_word: bool,
    /// Includes the white space before it.
    lstrip: bool,
    /// Includes the white space after it.
    rstrip: bool,
}

/// An added token in a text.
#[derive(Debug)]
pub(crate) struct Found {
    /// The index of its pattern.
    pub pattern: usize,
    /// The token, and the white space beside it that it includes.
    pub taken: Range<usize>,
    /// The token alone.
    pub written: Range<usize>,
}

impl Finder {
    /// A finder for these tokens, each with the text to search for.
    ///
    /// # Errors
    /// There are too many tokens.
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
        let search = match RareStarts::new(&texts) {
            Some(texts) => Search::Rare(texts),
            None => {
                let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
                Search::Any(search.map_err(|e| format!("its added tokens cannot be searched for: {e}"))?)
            }
        };
        Ok(Finder { search: Some(search), rules })
    }

    /// Whether there are no tokens.
    pub(crate) fn is_empty(&self) -> bool {
        self.search.is_none()
    }

    /// The offset of the first text of a token, whether or not its rules allow a match. The bytes need not be valid
    /// UTF-8.
    pub(crate) fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.search.as_ref()?.next(bytes, 0).map(|(_, found)| found.start)
    }

    /// Whether the text of a token may be in a part of a text, as a whole or with some of its bytes. False says that none
    /// is. The part is not empty.
    pub(crate) fn may_touch(&self, text: &str, part: Range<usize>) -> bool {
        match &self.search {
            None => false,
            Some(Search::Rare(texts)) => texts.touches(text.as_bytes(), part),
            Some(Search::Any(_)) => true,
        }
    }

    /// Whether a token matches only as a single word.
    pub(crate) fn has_single_words(&self) -> bool {
        self.rules.iter().any(|rule| rule.single_word)
    }

    /// Calls `take` with each token of a text, in order. Tokens for which `skip` returns true (given the pattern and
    /// the range of the token) are plain text.
    #[inline]
    pub(crate) fn each(
        &self,
        text: &str,
        skip: impl Fn(usize, &Range<usize>) -> bool,
        mut take: impl FnMut(Found),
    ) {
        let Some(search) = &self.search else { return };
        let (mut done, mut from) = (0, 0);
        while let Some((pattern, written)) = search.next(text.as_bytes(), from) {
            from = written.end;
            let rule = &self.rules[pattern];
            // A skipped match is not searched for shorter tokens.
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

/// Whether a word character is next to a part of the text: one that `\w` of the crate `regex` matches, as in
/// `tokenizers`. `²` and `½` are not word characters; combining marks such as U+0301 and the joiner U+200D are.
fn touches_word(text: &str, part: &Range<usize>) -> bool {
    let is_word = |c: char| regex_syntax::is_word_character(c);
    text[..part.start].chars().next_back().is_some_and(is_word)
        || text[part.end..].chars().next().is_some_and(is_word)
}
