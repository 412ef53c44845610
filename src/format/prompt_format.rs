//! The prompt format: renders a row to the text that the model sees, in training and at inference.

use serde::{Deserialize, Serialize};

use super::marks::{Mark, Marks, Written, occurrences};
use super::template::{Column, Piece, Template};
use crate::error::{Class, Error, Result, is_near};
use crate::record::reason;

/// The version that [`PromptFormat::to_json`] writes. In version 1 no value was null.
pub(crate) const PROMPT_FORMAT_VERSION: u32 = 2;

/// The templates of prompt and completion, and the marks that end them. The text of a row is
/// `prompt + separator + completion + stop`. A text that already ends in its mark does not get a second one.
///
/// A format of text that was rendered elsewhere has an empty prompt and no separator: see [`PromptFormat::rendered`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFormat {
    prompt: Template,
    completion: Template,
    separator: String,
    stop: String,
    eos: Option<bool>,
    marks: Marks,
}

/// The rendered text of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The prompt, which ends in the separator.
    pub(crate) prompt: String,
    /// The completion, which ends in the stop.
    pub(crate) completion: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    prompt: String,
    completion: String,
    separator: Option<String>,
    stop: Option<String>,
    eos: Option<bool>,
}

impl PromptFormat {
    /// A format of two templates and their marks. `eos` says whether each row ends in the end-of-text token of the
    /// tokenizer; with none, the tokenizer decides.
    ///
    /// Errors: `bad_template`; `bad_prompt_format` if a mark is empty, or if the literals of the templates contain a
    /// mark where it is not allowed: see [`Marks::new`]. A template may end in its mark.
    pub fn new(
        prompt: &str,
        completion: &str,
        separator: &str,
        stop: &str,
        eos: Option<bool>,
    ) -> Result<Self> {
        for (name, mark) in [("separator", separator), ("stop", stop)] {
            if mark.is_empty() {
                return Err(bad(format!("`{name}` must not be empty"))
                    .help("choose a text that never occurs in the data"));
            }
        }
        let (mut prompt, mut completion) = (Template::parse(prompt)?, Template::parse(completion)?);
        prompt.strip_tail(separator);
        completion.strip_tail(stop);
        let marks = Marks::new(&prompt, &completion, separator, stop)?;
        let (separator, stop) = (separator.to_string(), stop.to_string());
        Ok(PromptFormat { prompt, completion, separator, stop, eos, marks })
    }

    /// The format of a column whose text was rendered elsewhere. All of the text is trained on, and nothing is
    /// proven, since the text may contain marks. Each text ends in `stop`, which is added if it is missing; without a
    /// stop, the end-of-text token of the tokenizer ends it.
    ///
    /// Errors: `bad_prompt_format` if the stop is empty, or if nothing would end a text.
    pub(crate) fn rendered(column: &str, stop: Option<&str>, eos: Option<bool>) -> Result<Self> {
        if stop == Some("") {
            return Err(bad("`stop` must not be empty".into()).help("omit it: EOS then ends each text"));
        }
        if stop.is_none() && eos == Some(false) {
            return Err(bad("without a stop and without EOS nothing ends a text".into())
                .help("omit eos, or give the token that ends each text as the stop"));
        }
        let completion = Template::parse(&format!("{{{column}}}"))?;
        if completion.frame() != Some(("", "")) {
            return Err(bad(format!("`column` must be the name of a column; got {column:?}"))
                .help("give the name without braces or other text"));
        }
        Ok(PromptFormat {
            prompt: Template::parse("")?,
            completion,
            separator: String::new(),
            stop: stop.unwrap_or_default().to_string(),
            eos,
            marks: Marks::default(),
        })
    }

    /// Whether the text was rendered elsewhere; then there is no separator.
    pub(crate) fn is_rendered(&self) -> bool {
        self.separator.is_empty()
    }

    /// The template of the prompt, without the separator.
    pub(crate) fn prompt(&self) -> &Template {
        &self.prompt
    }

    /// The template of the completion, without the stop.
    pub(crate) fn completion(&self) -> &Template {
        &self.completion
    }

    /// The text that ends every prompt; empty if the text was rendered elsewhere.
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// The text that ends every completion; empty if only EOS ends it.
    pub fn stop(&self) -> &str {
        &self.stop
    }

    /// Whether each row ends in the end-of-text token of the tokenizer; with none, the tokenizer decides.
    pub(crate) fn eos(&self) -> Option<bool> {
        self.eos
    }

    /// The occurrences of marks that the format writes in addition to the separator and the stop of a row.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// How many separators and stops the literals of the prompt template contain.
    pub(crate) fn marks_in_prompt(&self) -> usize {
        self.marks.in_prompt
    }

    /// Whether the separator and the stop each occur exactly once in a row.
    pub(crate) fn marks_are_unique(&self) -> bool {
        !self.is_rendered() && self.marks.is_empty()
    }

    /// All occurrences of the marks in a text, in order; they may overlap.
    pub(super) fn occurrences(&self, text: &str) -> Vec<Written> {
        occurrences([(Mark::Separator, &self.separator), (Mark::Stop, &self.stop)], text)
    }

    /// The stop strings for a sampler, such as `stop=` of a server. Empty if only EOS ends a completion.
    pub(crate) fn stop_strings(&self) -> Vec<String> {
        Some(self.stop.clone()).filter(|stop| !stop.is_empty()).into_iter().collect()
    }

    /// The columns of both templates in order of first use.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let mut columns = self.prompt.columns().to_vec();
        for column in self.completion.columns() {
            match columns.iter_mut().find(|c| c.name == column.name) {
                Some(known) => known.required |= column.required,
                None => columns.push(column.clone()),
            }
        }
        columns
    }

    /// The format as JSON with a version, for [`PromptFormat::from_json`].
    pub(crate) fn to_json(&self) -> String {
        let stored = Stored {
            version: PROMPT_FORMAT_VERSION,
            prompt: self.prompt.source().to_string(),
            completion: self.completion.source().to_string(),
            separator: Some(self.separator.clone()).filter(|separator| !separator.is_empty()),
            stop: Some(self.stop.clone()).filter(|stop| !stop.is_empty()),
            eos: self.eos,
        };
        // Strings and a bool can always be serialized.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads the format from JSON.
    ///
    /// Errors: `bad_prompt_format` for another version, unknown, missing or mistyped fields; those of
    /// [`PromptFormat::new`].
    pub(crate) fn from_json(json: &str) -> Result<Self> {
        let unreadable = |e: serde_json::Error| {
            bad("the prompt format cannot be read".into()).source(e).help(WRITTEN_BY_US)
        };
        let value: serde_json::Value = serde_json::from_str(json).map_err(unreadable)?;
        // The version is checked first, since a newer version may have unknown fields.
        if let Some(version) = value.get("version")
            && !version.as_u64().is_some_and(|v| (1..=u64::from(PROMPT_FORMAT_VERSION)).contains(&v))
        {
            return Err(bad(format!(
                "the prompt format has version {version}; this fastprep reads up to {PROMPT_FORMAT_VERSION}"
            ))
            .help("use the version of fastprep that wrote it, or a newer one"));
        }
        let s: Stored = serde_json::from_value(value).map_err(unreadable)?;
        match (&s.separator, &s.stop) {
            (Some(separator), Some(stop)) => {
                PromptFormat::new(&s.prompt, &s.completion, separator, stop, s.eos)
            }
            (None, stop) if s.prompt.is_empty() => {
                let column = s.completion.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let column = column.ok_or_else(|| {
                    bad("the prompt format cannot be read: `completion` must be one column in braces".into())
                        .help(WRITTEN_BY_US)
                })?;
                PromptFormat::rendered(column, stop.as_deref(), s.eos)
            }
            _ => Err(bad("the prompt format cannot be read: `separator` or `stop` is null".into())
                .help(WRITTEN_BY_US)),
        }
    }

    /// Renders a row for training. `lookup` gives the text of a column; none if it is absent. Collisions are not
    /// checked: see [`super::Prover`].
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub(crate) fn render<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<Rendered> {
        let prompt = self.render_prompt(lookup)?;
        let completion = render(&self.completion, &self.stop, lookup)?;
        Ok(Rendered { prompt, completion })
    }

    /// Renders the prompt for inference; it is identical to the prompt of a training row with these columns.
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub(crate) fn render_prompt<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<String> {
        render(&self.prompt, &self.separator, lookup)
    }

    /// Rejects a name that is probably a misspelt column of the templates, since the part for that column would be
    /// omitted. Other names may be columns that the templates do not use.
    ///
    /// Errors: `misspelt_column`.
    pub(crate) fn check_names(&self, given: &[&str]) -> Result<()> {
        let columns = self.columns();
        let absent = columns.iter().map(|c| c.name.as_str()).filter(|name| !given.contains(name));
        for meant in absent {
            let is_unused = |name: &str| columns.iter().all(|c| c.name != name);
            if let Some(name) = given.iter().find(|name| is_unused(name) && is_near(name, meant)) {
                let message = format!("`{name}` is not a column of the templates, and `{meant}` is missing");
                return Err(Error::new(Class::Column, "misspelt_column", message)
                    .column(*name)
                    .help(format!("write `{meant}`; if it has no value, give {meant}=None")));
            }
        }
        Ok(())
    }

    /// The answer in the output of a model: the text before the first stop, or all of it. If the completion template
    /// is one column with literals around it, those are removed.
    pub(crate) fn parse_completion(&self, text: &str) -> String {
        let body = match self.stop.is_empty() {
            true => text,
            false => text.split_once(&self.stop).map_or(text, |(body, _)| body),
        };
        let (head, tail) = self.completion.frame().unwrap_or_default();
        let body = body.strip_prefix(head).unwrap_or(body);
        body.strip_suffix(tail).unwrap_or(body).to_string()
    }

    /// Checks that this format could have rendered the prompt.
    ///
    /// Errors: `not_this_format`, with the reason.
    pub(crate) fn check_prompt(&self, text: &str) -> Result<()> {
        let (separator, stop) = (&self.separator, &self.stop);
        let Some(body) = text.strip_suffix(separator.as_str()) else {
            return Err(not_ours(format!("the prompt does not end in the separator {separator:?}")));
        };
        let own = self.written_in(body);
        let elsewhere = |found: &Written| *found != (body.len(), Mark::Separator) && !own.contains(found);
        if let Some((at, mark)) = self.occurrences(text).into_iter().find(elsewhere) {
            let needle = if mark == Mark::Separator { separator } else { stop };
            return Err(not_ours(format!(
                "the {} {needle:?} occurs in the prompt, at byte {at}",
                mark.name()
            )));
        }
        let (head, tail) = (self.prompt.head(), self.prompt.tail());
        if !body.starts_with(head) {
            return Err(not_ours(format!("the prompt does not start with the template's {head:?}")));
        }
        if !body.ends_with(tail) {
            return Err(not_ours(format!(
                "the prompt does not have the template's {tail:?} before the separator"
            )));
        }
        Ok(())
    }

    /// The marks that the format wrote into this prompt, as far as they can be found in the text: those of the
    /// separator, and those of the literals that [`Template::literals_in`] finds.
    fn written_in(&self, body: &str) -> Vec<Written> {
        if self.marks.is_empty() {
            return vec![];
        }
        let mut written: Vec<Written> =
            self.marks.by_separator.iter().map(|w| moved(*w, body.len())).collect();
        for span in self.prompt.literals_in(body) {
            written.extend(
                self.occurrences(&body[span.clone()]).iter().map(|(at, mark)| (at + span.start, *mark)),
            );
        }
        written
    }
}

/// Converts the offset of an occurrence from relative to a mark, to relative to the text with the mark at `at`.
pub(super) fn moved((from, mark): (isize, Mark), at: usize) -> Written {
    (at.saturating_add_signed(from), mark)
}

const WRITTEN_BY_US: &str =
    "it must be an object of version, prompt, completion, separator, stop and eos, as to_json() returns";

fn render<'v>(
    template: &'v Template,
    mark: &str,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String> {
    let value = |column: usize| lookup(&template.columns()[column].name);
    if let Some(column) = template.missing(value) {
        return Err(missing_field(&template.columns()[column].name));
    }
    let mut out = String::new();
    template.pieces(value, |piece| match piece {
        Piece::Literal(text) | Piece::Field(_, Some(text)) => out.push_str(text),
        Piece::Field(_, None) => {}
    });
    if !out.ends_with(mark) {
        out.push_str(mark);
    }
    Ok(out)
}

#[cold]
fn missing_field(name: &str) -> Error {
    let message = format!("`{name}` is missing, and the template needs it");
    Error::new(Class::Data, reason::MISSING_FIELD, message)
        .column(name)
        .help(format!("give it, or put it in an optional part: {{#{name}}}…{{{name}}}…{{/{name}}}"))
}

#[cold]
fn bad(message: String) -> Error {
    Error::new(Class::Plan, "bad_prompt_format", message)
}

#[cold]
fn not_ours(message: String) -> Error {
    Error::new(Class::Data, "not_this_format", message).help("create prompts with render_prompt()")
}

#[cfg(test)]
mod tests;
