//! `redact`: personal data and secrets replaced by placeholders.

use crate::error::Result;
use crate::flow::Edit;
use crate::personal_data::{Detector, Found, Kind};
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
}

impl Edit for Redact {
    fn edit(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<String> {
        let mut found = Vec::new();
        self.0.find(text, &mut found);
        if found.is_empty() {
            return None;
        }
        let (mut edited, mut end) = (String::with_capacity(text.len()), 0);
        for Found { kind, range } in found {
            edited.push_str(&text[end..range.start]);
            edited.push_str(kind.placeholder());
            end = range.end;
            replaced(kind.name());
        }
        edited.push_str(&text[end..]);
        Some(edited)
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
}
