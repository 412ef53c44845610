//! What a format writes around the texts of rows that it rendered: it is no part of the data.

/// The separator and the stop by default.
const DEFAULT_MARKS: (&str, &str) = ("\n##\n", "\n###\n");

/// What a format writes in every row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnText {
    pub(crate) prompt: OwnPart,
    pub(crate) answer: OwnPart,
}

/// What a format writes around one part of a row: `head + text + tail + mark`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnPart {
    head: String,
    tail: String,
    mark: String,
    /// Other literals, between the columns; the longest first.
    between: Vec<String>,
}

impl OwnPart {
    /// What a template of these literals writes, which begins and ends with `head` and `tail`.
    pub(crate) fn new<'l>(
        (head, tail): (&str, &str),
        mark: &str,
        literals: impl Iterator<Item = &'l str>,
    ) -> Self {
        let mut between: Vec<String> =
            literals.filter(|literal| *literal != head && *literal != tail).map(str::to_string).collect();
        between.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        between.dedup();
        OwnPart { head: head.into(), tail: tail.into(), mark: mark.into(), between }
    }

    /// The text without what the format wrote around it. A text that does not end in the mark is not one of the format.
    ///
    /// Where the first or the last column is empty, the text begins or ends with a literal between columns.
    pub(crate) fn without<'t>(&self, text: &'t str) -> &'t str {
        let Some(text) = text.strip_suffix(self.mark.as_str()) else { return text };
        let text = text.strip_suffix(self.tail.as_str()).unwrap_or(text);
        let text = text.strip_prefix(self.head.as_str()).unwrap_or(text);
        let ends = self.between.iter().find_map(|literal| text.strip_suffix(literal.as_str()));
        let text = ends.unwrap_or(text);
        let starts = self.between.iter().find_map(|literal| text.strip_prefix(literal.as_str()));
        starts.unwrap_or(text)
    }
}

impl OwnText {
    /// Whether the marks are those by default.
    pub(crate) fn has_default_marks(&self) -> bool {
        (self.prompt.mark.as_str(), self.answer.mark.as_str()) == DEFAULT_MARKS
    }

    /// Whether the format writes this between columns of either part, where it cannot be told from the data.
    pub(crate) fn writes(&self, literal: &str) -> bool {
        [&self.prompt, &self.answer]
            .into_iter()
            .flat_map(|part| &part.between)
            .any(|own| own.contains(literal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_columns() {
        let literals = ["### Instruction:\n", "\n\n", "\n\n### Input:\n", "\n\n### Response:\n"];
        let part = OwnPart::new((literals[0], literals[3]), "<sep>", literals.into_iter());
        let own =
            |text: &str| part.without(&format!("{}{text}{}<sep>", literals[0], literals[3])).to_string();
        assert_eq!(own("Why? "), "Why? ");
        assert_eq!(own("Why?\n\n### Input:\n"), "Why?");
        assert_eq!(own("\n\nWhy?"), "Why?");
        assert_eq!(own(""), "");
        assert_eq!(part.without("### Instruction:\na"), "### Instruction:\na");
        let text = OwnText { prompt: part, ..OwnText::default() };
        assert!(text.writes("### Input:") && !text.writes("### Instruction:"));
        let plain = OwnPart::new(("", ""), "\n", [].into_iter());
        assert_eq!((plain.without("a \n"), plain.without("a")), ("a ", "a"));
    }
}
