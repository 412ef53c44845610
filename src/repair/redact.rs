//! `redact`: personal data and secrets replaced by placeholders.

use std::ops::Range;

use super::json_tokens::tokens;
use crate::error::Result;
use crate::flow::Edit;
use crate::personal_data::{Detector, Found, Kind};
use crate::record::json::quoted;
use crate::word::Word;

/// Replaces personal data by placeholders.
pub(crate) struct Redact(Detector);

impl Redact {
    /// Replaces data of these kinds.
    ///
    /// # Errors
    /// Those of [`Detector::new`].
    pub(crate) fn new(kinds: &[Kind]) -> Result<Self> {
        Detector::new(kinds).map(Redact)
    }

    /// Edits the strings and numbers of a JSON object or array, so that it stays JSON; none if the text is neither. What
    /// is around them says what they are: `{"phone": 4155552671}`.
    fn json(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<Option<String>> {
        let (shown, tokens) = tokens(text)?;
        let mut found = Vec::new();
        self.0.find(&shown, &mut found);
        let mut found = found.into_iter().peekable();
        let (mut edited, mut end) = (String::new(), 0);
        for token in tokens {
            let mut own = Vec::new();
            while let Some(next) = found.next_if(|next| next.range.start < token.shown.end) {
                if next.range.start >= token.shown.start {
                    own.push(Found {
                        kind: next.kind,
                        range: next.range.start..next.range.end.min(token.shown.end),
                    });
                }
            }
            if !own.is_empty() {
                edited.push_str(&text[end..token.source.start]);
                edited.push_str(&quoted(&hidden(&shown, token.shown, own, replaced)));
                end = token.source.end;
            }
        }
        if end == 0 {
            return Some(None);
        }
        edited.push_str(&text[end..]);
        Some(Some(edited))
    }
}

/// A part of a text with placeholders for what was found in it.
fn hidden(
    text: &str,
    part: Range<usize>,
    found: Vec<Found>,
    replaced: &mut dyn FnMut(&'static str),
) -> String {
    let (mut edited, mut end) = (String::with_capacity(part.len()), part.start);
    for Found { kind, range } in found {
        edited.push_str(&text[end..range.start]);
        edited.push_str(kind.placeholder());
        end = range.end;
        replaced(kind.name());
    }
    edited.push_str(&text[end..part.end]);
    edited
}

impl Edit for Redact {
    fn edit(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<String> {
        if let Some(edited) = self.json(text, replaced) {
            return edited;
        }
        let mut found = Vec::new();
        self.0.find(text, &mut found);
        (!found.is_empty()).then(|| hidden(text, 0..text.len(), found, replaced))
    }

    fn reaches_calls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_replaced_and_counted() {
        let mut kinds = Vec::new();
        let redact = Redact::new(Kind::ALL).unwrap();
        let text = "joe@firm.com, ann@firm.com or 415-555-2671.";
        let edited = redact.edit(text, &mut |kind| kinds.push(kind));
        assert_eq!(edited.as_deref(), Some("[EMAIL], [EMAIL] or [PHONE]."));
        assert_eq!(kinds, ["email", "email", "phone"]);
        assert_eq!(redact.edit(&edited.unwrap(), &mut |_| ()), None);
        assert_eq!(Redact::new(&[Kind::Phone]).unwrap().edit("joe@firm.com", &mut |_| ()), None);
    }

    #[test]
    fn json_stays_json() {
        let redact = Redact::new(Kind::ALL).unwrap();
        for (text, expected) in [
            (r#"{"to":"a\njoe@firm.com\"", "n": 1.50}"#, Some(r#"{"to":"a\n[EMAIL]\"", "n": 1.50}"#)),
            (
                r#" {"phone": 4155552671, "x": [true, "phone", 4155552671]} "#,
                Some(r#" {"phone": "[PHONE]", "x": [true, "phone", "[PHONE]"]} "#),
            ),
            (r#"{"joe@firm.com": "é"}"#, Some(r#"{"[EMAIL]": "é"}"#)),
            (r#"[{"card": 4539578763621486}]"#, Some(r#"[{"card": "[CARD]"}]"#)),
            (r#"{"a": "\u0040", "b": "joe\u0040firm.com"}"#, Some(r#"{"a": "\u0040", "b": "[EMAIL]"}"#)),
            // A lone surrogate is no text: the JSON is edited as any other.
            (r#"{"a": -1, "b": "\ud800 joe@firm.com"}"#, Some(r#"{"a": -1, "b": "\ud800 [EMAIL]"}"#)),
            ("[1] joe@firm.com", Some("[1] [EMAIL]")),
            (r#"{"a": 1}"#, None),
        ] {
            let edited = redact.edit(text, &mut |_| ());
            assert_eq!(edited.as_deref(), expected, "{text}");
            if let Some(edited) = edited {
                assert_eq!(redact.edit(&edited, &mut |_| ()), None, "{edited}");
            }
        }
    }
}
