//! `strip_affix` and `ensure_affix`: what texts begin and end with.

use crate::flow::Edit;

/// Removes a start and an end, each once.
pub(crate) struct StripAffix {
    pub(crate) prefix: String,
    pub(crate) suffix: String,
}

impl Edit for StripAffix {
    fn edit(&self, text: &str, _: &mut dyn FnMut(&'static str)) -> Option<String> {
        let rest = text.strip_prefix(self.prefix.as_str()).unwrap_or(text);
        let rest = rest.strip_suffix(self.suffix.as_str()).unwrap_or(rest);
        (rest.len() < text.len()).then(|| rest.to_string())
    }
}

/// Adds a start and an end where a text does not have them.
pub(crate) struct EnsureAffix {
    pub(crate) prefix: String,
    pub(crate) suffix: String,
}

impl Edit for EnsureAffix {
    fn edit(&self, text: &str, _: &mut dyn FnMut(&'static str)) -> Option<String> {
        let prefix = if text.starts_with(&self.prefix) { "" } else { &self.prefix };
        // As of the text with its start, so that a second run changes nothing.
        let has_end = text.ends_with(&self.suffix) || [prefix, text].concat().ends_with(&self.suffix);
        let suffix = if has_end { "" } else { &self.suffix };
        (!prefix.is_empty() || !suffix.is_empty()).then(|| [prefix, text, suffix].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affixes_are_removed_once_and_added_where_they_are_missing() {
        let (prefix, suffix) = ("Q: ".to_string(), " END".to_string());
        let strip = StripAffix { prefix: prefix.clone(), suffix: suffix.clone() };
        let ensure = EnsureAffix { prefix, suffix };
        for (text, stripped, ensured) in [
            ("Q: a END", Some("a"), None),
            ("Q: Q: a END END", Some("Q: a END"), None),
            ("a", None, Some("Q: a END")),
            ("a END", Some("a"), Some("Q: a END")),
            ("", None, Some("Q:  END")),
        ] {
            assert_eq!(strip.edit(text, &mut |_| ()).as_deref(), stripped, "{text}");
            assert_eq!(ensure.edit(text, &mut |_| ()).as_deref(), ensured, "{text}");
        }
    }

    #[test]
    fn a_start_may_hold_the_end() {
        let ensure = EnsureAffix { prefix: "##".into(), suffix: "#".into() };
        assert_eq!(ensure.edit("", &mut |_| ()).as_deref(), Some("##"));
        assert_eq!(ensure.edit("##", &mut |_| ()), None);
        let strip = StripAffix { prefix: "ab".into(), suffix: "bc".into() };
        assert_eq!(strip.edit("abc", &mut |_| ()).as_deref(), Some("c"));
    }
}
