//! The prompt format: what turns a row into the text that the model sees, in training and at inference.

use serde::{Deserialize, Serialize};

use super::marks::{Mark, Marks, Written, occurrences};
use super::template::{Column, Piece, Template};
use crate::error::{Class, Error, Result, is_near};
use crate::record::reason;

/// The version that [`PromptFormat::to_json`] writes. Version 1 had no null.
pub(crate) const PROMPT_FORMAT_VERSION: u32 = 2;

/// Templates of prompt and completion, and the strings that end them. A row reads
/// `prompt + separator + completion + stop`; a text that already ends in its mark is not given a second one.
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

/// One row, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Ends in the separator.
    pub(crate) prompt: String,
    /// Ends in the stop.
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
    /// A format of two templates, their marks, and whether each row ends in the tokenizer's end-of-text token; none:
    /// the tokenizer decides.
    ///
    /// Errors: `bad_template`; `bad_prompt_format` where a mark is empty, or where the templates' own text holds one
    /// that would hide where a part ends: see [`Marks::new`]. A template that ends in its mark is fine.
    pub fn new(
        prompt: &str,
        completion: &str,
        separator: &str,
        stop: &str,
        eos: Option<bool>,
    ) -> Result<Self> {
        for (name, mark) in [("separator", separator), ("stop", stop)] {
            if mark.is_empty() {
                return Err(
                    bad(format!("the {name} is empty")).help("give it a text that never occurs in your data")
                );
            }
        }
        let (mut prompt, mut completion) = (Template::parse(prompt)?, Template::parse(completion)?);
        prompt.strip_tail(separator);
        completion.strip_tail(stop);
        let marks = Marks::new(&prompt, &completion, separator, stop)?;
        let (separator, stop) = (separator.to_string(), stop.to_string());
        Ok(PromptFormat { prompt, completion, separator, stop, eos, marks })
    }

    /// The format of a column whose text was rendered elsewhere: all of it is trained, and nothing is proven, since
    /// marks in it mean what they meant there. Each text ends in `stop`, which is added where it is missing; without
    /// one, the tokenizer's end-of-text token ends it.
    ///
    /// Errors: `bad_prompt_format` where the stop is empty, or nothing would end a text.
    pub(crate) fn rendered(column: &str, stop: Option<&str>, eos: Option<bool>) -> Result<Self> {
        if stop == Some("") {
            return Err(bad("the stop is empty".into()).help("leave it out: EOS then ends each text"));
        }
        if stop.is_none() && eos == Some(false) {
            return Err(bad("without a stop and without EOS nothing ends a text".into())
                .help("leave eos out, or name the token that ends each text as its stop"));
        }
        let completion = Template::parse(&format!("{{{column}}}"))?;
        if completion.frame() != Some(("", "")) {
            return Err(bad(format!("{column:?} is not the name of a column")).help("give its name alone"));
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

    /// Whether the text was rendered elsewhere: there is no separator.
    pub(crate) fn is_rendered(&self) -> bool {
        self.separator.is_empty()
    }

    /// The template of the prompt's body.
    pub(crate) fn prompt(&self) -> &Template {
        &self.prompt
    }

    /// The template of the completion's body.
    pub(crate) fn completion(&self) -> &Template {
        &self.completion
    }

    /// The end of every prompt.
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// The end of every completion; empty where EOS alone ends it.
    pub fn stop(&self) -> &str {
        &self.stop
    }

    /// Whether each row ends in the tokenizer's end-of-text token; none: the tokenizer decides.
    pub(crate) fn eos(&self) -> Option<bool> {
        self.eos
    }

    /// The occurrences of the marks that the format writes beside each row's separator and stop.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// How many separators and stops the literals of the prompt's template hold.
    pub(crate) fn marks_in_prompt(&self) -> usize {
        self.marks.in_prompt
    }

    /// Whether a row holds the separator and the stop once each.
    pub(crate) fn marks_are_unique(&self) -> bool {
        !self.is_rendered() && self.marks.is_empty()
    }

    /// Where the marks occur in a text, in order, overlapping ones too.
    pub(super) fn occurrences(&self, text: &str) -> Vec<Written> {
        occurrences([(Mark::Separator, &self.separator), (Mark::Stop, &self.stop)], text)
    }

    /// What a sampler must stop at: `stop=` of a server. Empty where EOS alone ends a completion.
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

    /// The format as JSON, with a version: what [`PromptFormat::from_json`] reads.
    pub(crate) fn to_json(&self) -> String {
        let stored = Stored {
            version: PROMPT_FORMAT_VERSION,
            prompt: self.prompt.source().to_string(),
            completion: self.completion.source().to_string(),
            separator: Some(self.separator.clone()).filter(|separator| !separator.is_empty()),
            stop: Some(self.stop.clone()).filter(|stop| !stop.is_empty()),
            eos: self.eos,
        };
        // Strings and a bool always serialise.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// The format of this JSON.
    ///
    /// Errors: `bad_prompt_format` for another version, unknown, missing or mistyped fields; those of
    /// [`PromptFormat::new`].
    pub(crate) fn from_json(json: &str) -> Result<Self> {
        let unreadable = |e: serde_json::Error| {
            bad("the prompt format cannot be read".into()).source(e).help(WRITTEN_BY_US)
        };
        let value: serde_json::Value = serde_json::from_str(json).map_err(unreadable)?;
        // The version first: a newer one explains fields that are not known here.
        if let Some(version) = value.get("version")
            && !version.as_u64().is_some_and(|v| (1..=u64::from(PROMPT_FORMAT_VERSION)).contains(&v))
        {
            return Err(bad(format!(
                "the prompt format has version {version}, this is {PROMPT_FORMAT_VERSION}"
            ))
            .help("read it with the version of fastprep that wrote it, or a newer one"));
        }
        let s: Stored = serde_json::from_value(value).map_err(unreadable)?;
        match (&s.separator, &s.stop) {
            (Some(separator), Some(stop)) => {
                PromptFormat::new(&s.prompt, &s.completion, separator, stop, s.eos)
            }
            (None, stop) if s.prompt.is_empty() => {
                let column = s.completion.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let column = column.ok_or_else(|| {
                    bad("the prompt format cannot be read: completion names no column".into())
                        .help(WRITTEN_BY_US)
                })?;
                PromptFormat::rendered(column, stop.as_deref(), s.eos)
            }
            _ => Err(bad("the prompt format cannot be read: a null mark".into()).help(WRITTEN_BY_US)),
        }
    }

    /// A row of training; `lookup` gives a column's text, none where it is absent. Renders only: whether the
    /// marks are unique is for [`super::Prover`] to say.
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub(crate) fn render<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<Rendered> {
        let prompt = self.render_prompt(lookup)?;
        let completion = render(&self.completion, &self.stop, lookup)?;
        Ok(Rendered { prompt, completion })
    }

    /// The prompt to sample from: byte for byte the prompt of a training row with these columns.
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub(crate) fn render_prompt<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<String> {
        render(&self.prompt, &self.separator, lookup)
    }

    /// Refuses a name that looks like a column that was not given: its part of the template would be left out.
    /// Other names are those of columns that the templates do not use.
    ///
    /// Errors: `misspelt_column`.
    pub(crate) fn check_names(&self, given: &[&str]) -> Result<()> {
        let columns = self.columns();
        let absent = columns.iter().map(|c| c.name.as_str()).filter(|name| !given.contains(name));
        for meant in absent {
            let is_unused = |name: &str| columns.iter().all(|c| c.name != name);
            if let Some(name) = given.iter().find(|name| is_unused(name) && is_near(name, meant)) {
                let message = format!("`{name}` is no column of the templates, and `{meant}` is not given");
                return Err(Error::new(Class::Column, "misspelt_column", message)
                    .column(*name)
                    .help(format!("write `{meant}`; where it has no value, give {meant}=None")));
            }
        }
        Ok(())
    }

    /// The answer in a model's output: the text up to the first stop (all where there is none), without the
    /// literals around the field where the completion's template is one field.
    pub(crate) fn parse_completion(&self, text: &str) -> String {
        let body = match self.stop.is_empty() {
            true => text,
            false => text.split_once(&self.stop).map_or(text, |(body, _)| body),
        };
        let (head, tail) = self.completion.frame().unwrap_or_default();
        let body = body.strip_prefix(head).unwrap_or(body);
        body.strip_suffix(tail).unwrap_or(body).to_string()
    }

    /// Whether this format made the prompt.
    ///
    /// Errors: `not_this_format` with the reason why it did not.
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

    /// The marks that the format wrote into this prompt, separator and those it holds included, as far as the text
    /// shows: see [`Template::literals_in`].
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

/// An occurrence by its distance from a mark, as one of a text in which that mark stands.
pub(super) fn moved((from, mark): (isize, Mark), at: usize) -> Written {
    (at.saturating_add_signed(from), mark)
}

const WRITTEN_BY_US: &str =
    "it is an object of version, prompt, completion, separator, stop and eos, as to_json() gives it";

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
    let message = format!("there is no `{name}`, which the template needs");
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
    Error::new(Class::Data, "not_this_format", message).help("make prompts with render_prompt()")
}

#[cfg(test)]
mod tests;
