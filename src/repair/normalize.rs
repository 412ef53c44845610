//! `normalize`: line ends, invisible characters, the Unicode form, and white space at the ends.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use crate::flow::Edit;
use crate::word::Word;

/// A Unicode form that text is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnicodeForm {
    /// Letters and their accents as one character, where there is one.
    Nfc,
    /// The same, and characters for compatibility as the plain ones: ﬁ as fi, ² as 2.
    Nfkc,
}

impl Word for UnicodeForm {
    const ALL: &'static [Self] = &[UnicodeForm::Nfc, UnicodeForm::Nfkc];

    fn name(self) -> &'static str {
        match self {
            UnicodeForm::Nfc => "NFC",
            UnicodeForm::Nfkc => "NFKC",
        }
    }
}

/// Which parts of text are normalized.
pub(crate) struct NormalizeText {
    /// `\r\n` and `\r` become `\n`.
    pub(crate) line_ends: bool,
    pub(crate) unicode: Option<UnicodeForm>,
    /// Invisible characters are removed.
    pub(crate) invisible: bool,
    /// White space at both ends is removed.
    pub(crate) strip: bool,
}

impl Edit for NormalizeText {
    fn edit(&self, text: &str, _: &mut dyn FnMut(&'static str)) -> Option<String> {
        let mut edited = Cow::Borrowed(text);
        if self.line_ends && memchr::memchr(b'\r', edited.as_bytes()).is_some() {
            edited = edited.replace("\r\n", "\n").replace('\r', "\n").into();
        }
        if self.invisible && may_be_invisible(edited.as_bytes()) && edited.contains(is_invisible) {
            edited = edited.replace(is_invisible, "").into();
        }
        if let Some(form) = self.unicode.filter(|form| !is_in_form(*form, &edited)) {
            let formed: String = match form {
                UnicodeForm::Nfc => edited.nfc().collect(),
                UnicodeForm::Nfkc => edited.nfkc().collect(),
            };
            // A quick check may doubt a text that is in the form.
            edited = if formed == edited { edited } else { formed.into() };
        }
        let stripped = if self.strip { edited.trim() } else { &edited };
        (stripped.len() < text.len() || matches!(edited, Cow::Owned(_))).then(|| stripped.to_string())
    }
}

/// Whether a text may have invisible characters: control characters, or characters outside ASCII.
fn may_be_invisible(text: &[u8]) -> bool {
    // Without branches, so that the compiler compares many bytes at once.
    text.iter().fold(false, |any, byte| {
        any | (*byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) | (*byte >= 0x7f)
    })
}

/// Whether it is a control character other than white space, or a character of no width that joins nothing.
fn is_invisible(c: char) -> bool {
    match c {
        // ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER are part of words and of emoji.
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' => true,
        _ => c.is_control() && !c.is_whitespace(),
    }
}

fn is_in_form(form: UnicodeForm, text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let quick = match form {
        UnicodeForm::Nfc => is_nfc_quick(text.chars()),
        UnicodeForm::Nfkc => is_nfkc_quick(text.chars()),
    };
    quick == IsNormalized::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: NormalizeText =
        NormalizeText { line_ends: false, unicode: None, invisible: false, strip: false };
    const ALL: NormalizeText =
        NormalizeText { line_ends: true, unicode: Some(UnicodeForm::Nfc), invisible: true, strip: true };

    fn edit(options: &NormalizeText, text: &str) -> Option<String> {
        options.edit(text, &mut |_| ())
    }

    #[test]
    fn each_part_changes_what_it_names() {
        let text = "\u{feff} a\r\nb\rc\u{200b}\u{0}e\u{301}ﬁ\u{c} ";
        assert_eq!(edit(&NOTHING, text), None);
        let changed = |options: NormalizeText| edit(&options, text).unwrap();
        assert_eq!(
            changed(NormalizeText { line_ends: true, ..NOTHING }),
            "\u{feff} a\nb\nc\u{200b}\u{0}e\u{301}ﬁ\u{c} "
        );
        assert_eq!(changed(NormalizeText { invisible: true, ..NOTHING }), " a\r\nb\rce\u{301}ﬁ\u{c} ");
        let form = |form| NormalizeText { unicode: Some(form), ..NOTHING };
        assert_eq!(changed(form(UnicodeForm::Nfc)), "\u{feff} a\r\nb\rc\u{200b}\u{0}éﬁ\u{c} ");
        assert_eq!(changed(form(UnicodeForm::Nfkc)), "\u{feff} a\r\nb\rc\u{200b}\u{0}éfi\u{c} ");
        assert_eq!(
            changed(NormalizeText { strip: true, ..NOTHING }),
            "\u{feff} a\r\nb\rc\u{200b}\u{0}e\u{301}ﬁ"
        );
        assert_eq!(edit(&ALL, text).unwrap(), "a\nb\nceéﬁ".replace("ceé", "cé"));
    }

    #[test]
    fn text_in_order_stays() {
        for text in [
            "",
            "a b\n\tc",
            "é",
            "ก\u{e33}",
            "नमस\u{94d}ते",
            "👩\u{200d}💻",
            "\u{645}\u{6cc}\u{200c}خواهم",
            "\u{fffd}",
        ] {
            assert_eq!(edit(&ALL, text), None, "{text:?}");
        }
        assert_eq!(edit(&ALL, " \u{3000}\n").unwrap(), "");
    }

    #[test]
    fn a_second_run_changes_nothing() {
        for c in ('\0'..=char::MAX).filter(|c| !c.is_ascii_alphanumeric()) {
            for form in UnicodeForm::ALL {
                let options = NormalizeText { unicode: Some(*form), ..ALL };
                let text = format!("{c}\u{301} a{c}\r\u{200b}\u{308}{c}");
                let once = edit(&options, &text).unwrap_or(text.clone());
                assert_eq!(edit(&options, &once), None, "{c:?} {form:?} {once:?}");
            }
        }
    }
}
