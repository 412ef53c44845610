//! Finds control tokens of the tokenizer, and of other models, in the text of columns.

use std::ops::Range;
use std::sync::Arc;

use tokenizers::AddedToken;

use super::foreign_tokens::foreign_tokens;
use super::render::{FieldSpan, Page};
use crate::error::{Error, Result};
use crate::record::SpecialPolicy;
use crate::tokenizer::added::Finder;
use crate::tokenizer::added::{ControlTokens, Written};

/// How often a text is stripped, since removing a token may create another. This is enough for all but texts that are
/// made to be slow; their rows are rejected.
const STRIP_PASSES: usize = 16;

/// The control tokens of the tokenizer of the plan, and what happens if the data contain one.
#[derive(Debug, Clone)]
pub(crate) struct SpecialTokens {
    /// Finds them in a text.
    pub(crate) tokens: Arc<ControlTokens>,
    /// What happens to such rows.
    pub(crate) policy: SpecialPolicy,
}

/// Finds control tokens in rendered rows.
pub(super) struct Scanner {
    own: Arc<ControlTokens>,
    foreign: Finder,
    /// The names by the pattern numbers of `foreign`.
    foreign_names: Vec<&'static str>,
}

/// A control token with at least one byte of the text of a column.
pub(super) struct Hit {
    /// The index of its row in the page.
    pub(crate) index: usize,
    /// The number of the token.
    token: usize,
    /// Its bytes in the page.
    pub(crate) span: Range<usize>,
    /// The first text of a column that it overlaps.
    pub(crate) field: FieldSpan,
}

impl Scanner {
    /// A scanner for these control tokens, and for those of other models.
    pub(crate) fn new(own: &Arc<ControlTokens>) -> Result<Self> {
        let contents: Vec<String> = own.tokens.iter().map(|token| token.content.clone()).collect();
        let foreign_names: Vec<&'static str> = foreign_tokens(&contents).collect();
        let plain = AddedToken::default();
        let foreign =
            Finder::new(foreign_names.iter().map(|name| (*name, &plain))).map_err(Error::internal)?;
        Ok(Scanner { own: Arc::clone(own), foreign, foreign_names })
    }

    /// Whether parts of a text may have a byte of a control token of the tokenizer or of another model. False says that
    /// none has.
    pub(crate) fn may_touch(&self, text: &str, parts: impl Iterator<Item = Range<usize>>) -> bool {
        let mut parts = parts.filter(|part| !part.is_empty());
        parts.any(|part| self.own.may_touch(text, part.clone()) || self.foreign.may_touch(text, part))
    }

    /// Finds control tokens of the tokenizer in the prompts and completions of a page.
    pub(crate) fn scan(&self, page: &Page) -> Vec<Hit> {
        scan(page, |bytes| self.own.first(bytes), |text| self.own.written(text))
    }

    /// Finds control tokens of other models, which the tokenizer does not have.
    pub(crate) fn scan_foreign(&self, page: &Page) -> Vec<Hit> {
        let written = |text: &str| {
            let mut written = Vec::new();
            let all = |_, _: &Range<usize>| false;
            self.foreign.each(text, all, |found| {
                written.push(Written { token: found.pattern, span: found.written });
            });
            written
        };
        scan(page, |bytes| self.foreign.first(bytes), written)
    }

    /// Whether a text in JSON may hold a control token of the tokenizer. False says that none does.
    pub(crate) fn may_be_in_json(&self, json: &str) -> bool {
        // Without escapes, the texts are written in the JSON as they are.
        memchr::memchr(b'\\', json.as_bytes()).is_some() || self.own.first(json.as_bytes()).is_some()
    }

    /// The first control token of the tokenizer in a text.
    pub(crate) fn first_in(&self, text: &str) -> Option<&str> {
        self.own.first(text.as_bytes())?;
        self.own.written(text).first().map(|written| self.own.tokens[written.token].content.as_str())
    }

    /// The token of a hit of [`Scanner::scan`].
    pub(crate) fn token(&self, hit: &Hit) -> &str {
        &self.own.tokens[hit.token].content
    }

    /// The token of a hit of [`Scanner::scan_foreign`].
    pub(crate) fn foreign_token(&self, hit: &Hit) -> &'static str {
        self.foreign_names[hit.token]
    }

    /// Removes the control tokens of the tokenizer from a text, also those that appear when others are removed.
    pub(crate) fn strip(&self, text: &str) -> String {
        let mut text = text.to_string();
        for _ in 0..STRIP_PASSES {
            let written = self.own.written(&text);
            if written.is_empty() {
                break;
            }
            let mut kept = String::with_capacity(text.len());
            let mut done = 0;
            for token in written {
                kept.push_str(&text[done..token.span.start]);
                done = token.span.end;
            }
            kept.push_str(&text[done..]);
            text = kept;
        }
        text
    }
}

/// The control tokens in the rows of a page, in order. Each part of a row is searched by itself, as the tokenizer
/// encodes it. Tokens that the format wrote are skipped; a token with at least one byte from a column counts. `first`
/// gives the position of the first token in some bytes, `written` all tokens of a text.
fn scan(
    page: &Page,
    first: impl Fn(&[u8]) -> Option<usize>,
    written: impl Fn(&str) -> Vec<Written>,
) -> Vec<Hit> {
    let mut hits = vec![];
    let (mut position, mut field) = (0, 0);
    let mut parts =
        (0..).zip(&page.rows).flat_map(|(index, row)| row.parts(&page.spans).map(move |part| (index, part)));
    let mut part = parts.next();
    while let Some(offset) = first(&page.text()[position..]) {
        while part.as_ref().is_some_and(|(_, range)| range.end <= position + offset) {
            part = parts.next();
        }
        let Some((index, Range { start, end })) = part.clone() else { break };
        position = end;
        // A part is valid UTF-8.
        for Written { token, span } in written(str::from_utf8(&page.text()[start..end]).unwrap_or_default()) {
            let span = start + span.start..start + span.end;
            while page.fields.get(field).is_some_and(|f| f.end <= span.start) {
                field += 1;
            }
            if let Some(touched) = page.fields.get(field).filter(|f| f.start < span.end) {
                hits.push(Hit { index, token, span, field: *touched });
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests;
