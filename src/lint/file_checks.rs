//! What is about a whole file.

use super::broken::Broken;
use super::limit::Target;
use super::rule::Rule;

/// What a file is, before its rows are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileFacts {
    /// Its name, without its folder.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Whether it begins with a byte order mark of UTF-8.
    pub(crate) has_mark: bool,
    pub(crate) is_compressed: bool,
    /// Why it is not text in UTF-8.
    pub(crate) not_text: Option<String>,
}

impl FileFacts {
    /// Whether it has lines to look at.
    pub(crate) fn has_lines(&self) -> bool {
        !self.is_compressed && self.not_text.is_none()
    }

    /// The limits of a file that this one breaks, with so many rows.
    pub(super) fn check(&self, target: &Target, rows: u64, is_for_training: bool) -> Vec<Broken> {
        target.broken(None, |rule| self.breach(rule, rows, is_for_training))
    }

    fn breach(&self, rule: Rule, rows: u64, is_for_training: bool) -> Option<String> {
        let found = |is: bool, detail: String| is.then_some(detail);
        let lines = self.has_lines();
        match rule {
            Rule::Uncompressed => found(self.is_compressed, "it is compressed".into()),
            Rule::Text => self.not_text.clone(),
            Rule::Mark => found(lines && !self.has_mark, "it has none".into()),
            Rule::NoMark => found(lines && self.has_mark, "it has one".into()),
            Rule::Extension => found(!self.name.ends_with(".jsonl"), self.name.clone()),
            Rule::NameCharacters => {
                let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
                let other = self.name.chars().find(|c| !is_known(*c))?;
                Some(format!("`{}`", other.escape_debug()))
            }
            Rule::Bytes(most, _) | Rule::DoubtfulBytes(most, _) | Rule::UploadBytes(most, _) => {
                found(self.bytes > most, format!("{} bytes", self.bytes))
            }
            Rule::FewestRows(least) => {
                found(lines && is_for_training && rows < least, format!("{rows} rows"))
            }
            Rule::MostRows(most) => found(lines && rows > most, format!("{rows} rows")),
            _ => None,
        }
    }
}
