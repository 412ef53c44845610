//! Control tokens of a tokenizer that stand in the data as text, and those of other models.

use std::ops::Range;
use std::sync::Arc;

use tokenizers::AddedToken;

use super::foreign_tokens::foreign_tokens;
use super::render::{FieldSpan, Page};
use crate::error::{Error, Result};
use crate::record::SpecialPolicy;
use crate::tokenizer::added::Finder;
use crate::tokenizer::added::{ControlTokens, Written};

/// How often text is stripped again because taking an occurrence out made another: enough for all but texts made
/// to be slow, whose rows are rejected.
const STRIP_PASSES: usize = 16;

/// The control tokens of the tokenizer that follows, and what is done where the data hold one.
#[derive(Debug, Clone)]
pub(crate) struct SpecialTokens {
    /// Where a text writes them.
    pub(crate) tokens: Arc<ControlTokens>,
    /// What is done.
    pub(crate) policy: SpecialPolicy,
}

/// Finds control tokens in rendered rows.
pub(super) struct Scanner {
    own: Arc<ControlTokens>,
    foreign: Finder,
    /// By pattern of `foreign`.
    foreign_names: Vec<&'static str>,
}

/// A control token that touches text of a column.
pub(super) struct Hit {
    /// Index into the page's rows.
    pub(crate) index: usize,
    /// Its number.
    token: usize,
    /// Bytes of the page.
    pub(crate) span: Range<usize>,
    /// The first column's text that it touches.
    pub(crate) field: FieldSpan,
}

impl Scanner {
    /// A scanner for these, and for what other models have in their place.
    pub(crate) fn new(own: &Arc<ControlTokens>) -> Result<Self> {
        let contents: Vec<String> = own.tokens.iter().map(|token| token.content.clone()).collect();
        let foreign_names: Vec<&'static str> = foreign_tokens(&contents).collect();
        let plain = AddedToken::default();
        let foreign =
            Finder::new(foreign_names.iter().map(|name| (*name, &plain))).map_err(Error::internal)?;
        Ok(Scanner { own: Arc::clone(own), foreign, foreign_names })
    }

    /// The tokenizer's control tokens in the page's prompts and completions.
    pub(crate) fn scan(&self, page: &Page) -> Vec<Hit> {
        scan(page, |bytes| self.own.first(bytes), |text| self.own.written(text))
    }

    /// Those that the tokenizer does not have: they are other models'.
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

    /// The token of a hit of [`Scanner::scan`].
    pub(crate) fn token(&self, hit: &Hit) -> &str {
        &self.own.tokens[hit.token].content
    }

    /// The token of a hit of [`Scanner::scan_foreign`].
    pub(crate) fn foreign_token(&self, hit: &Hit) -> &'static str {
        self.foreign_names[hit.token]
    }

    /// The text without the tokenizer's control tokens, nor those that came to be by taking others out.
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

/// The control tokens of the page's rows, each part searched on its own as the tokenizer encodes it, in order.
/// Those that the format wrote itself are left out: what counts is a byte from a column. So one that a column's text
/// only completes is found too. `first`: where the text of one first begins; `written`: those of a whole text.
fn scan(
    page: &Page,
    first: impl Fn(&[u8]) -> Option<usize>,
    written: impl Fn(&str) -> Vec<Written>,
) -> Vec<Hit> {
    let mut hits = vec![];
    let (mut at, mut field) = (0, 0);
    let mut parts =
        (0..).zip(&page.rows).flat_map(|(index, row)| row.parts(&page.spans).map(move |part| (index, part)));
    let mut part = parts.next();
    while let Some(offset) = first(&page.text()[at..]) {
        while part.as_ref().is_some_and(|(_, range)| range.end <= at + offset) {
            part = parts.next();
        }
        let Some((index, Range { start, end })) = part.clone() else { break };
        at = end;
        // Parts are whole texts.
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
