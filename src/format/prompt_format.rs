//! The prompt format: what turns a row into the text that the model sees, in training and at inference.

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use super::prove::overlapping;
use super::template::{Column, Piece, Template};
use crate::error::{Class, Error, Result, is_near};
use crate::record::reason;

/// The version that [`PromptFormat::to_json`] writes.
pub const PROMPT_FORMAT_VERSION: u32 = 1;

/// Templates of prompt and completion, and the strings that end them. A row reads
/// `prompt + separator + completion + stop`; a text that already ends in its mark is not given a second one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFormat {
    prompt: Template,
    completion: Template,
    separator: String,
    stop: String,
    eos: bool,
}

/// One row, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Ends in the separator.
    pub prompt: String,
    /// Ends in the stop.
    pub completion: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    prompt: String,
    completion: String,
    separator: String,
    stop: String,
    eos: bool,
}

impl PromptFormat {
    /// A format of two templates, their marks, and whether a tokenizer ends each row in its end-of-text token.
    ///
    /// Errors: `bad_template`; `bad_prompt_format` where a mark is empty or occurs in the other, or where the
    /// templates' own text holds one, so that every row would collide. A template that ends in its mark is fine.
    pub fn new(prompt: &str, completion: &str, separator: &str, stop: &str, eos: bool) -> Result<Self> {
        for (name, mark) in [("separator", separator), ("stop", stop)] {
            if mark.is_empty() {
                return Err(
                    bad(format!("the {name} is empty")).help("give it a text that never occurs in your data")
                );
            }
        }
        for (inner, a, outer, b) in
            [("separator", separator, "stop", stop), ("stop", stop, "separator", separator)]
        {
            if b.contains(a) {
                return Err(bad(format!("the {inner} {a:?} occurs in the {outer} {b:?}"))
                    .help("choose two texts of which neither holds the other, such as \"\\n##\\n\" and \"\\n###\\n\""));
            }
        }
        let (mut prompt, mut completion) = (Template::parse(prompt)?, Template::parse(completion)?);
        prompt.strip_tail(separator);
        completion.strip_tail(stop);
        let format = PromptFormat {
            prompt,
            completion,
            separator: separator.to_string(),
            stop: stop.to_string(),
            eos,
        };
        format.check_literals()?;
        Ok(format)
    }

    /// The template of the prompt's body.
    pub fn prompt(&self) -> &Template {
        &self.prompt
    }

    /// The template of the completion's body.
    pub fn completion(&self) -> &Template {
        &self.completion
    }

    /// The end of every prompt.
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// The end of every completion.
    pub fn stop(&self) -> &str {
        &self.stop
    }

    /// Whether a tokenizer ends each row in its end-of-text token.
    pub fn eos(&self) -> bool {
        self.eos
    }

    /// What a sampler must stop at: `stop=` of a server.
    pub fn stop_strings(&self) -> Vec<String> {
        vec![self.stop.clone()]
    }

    /// The columns of both templates in order of first use.
    pub fn columns(&self) -> Vec<Column> {
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
    pub fn to_json(&self) -> String {
        let stored = Stored {
            version: PROMPT_FORMAT_VERSION,
            prompt: self.prompt.source().to_string(),
            completion: self.completion.source().to_string(),
            separator: self.separator.clone(),
            stop: self.stop.clone(),
            eos: self.eos,
        };
        // Strings and a bool always serialise.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// The format of this JSON.
    ///
    /// Errors: `bad_prompt_format` for another version, unknown, missing or mistyped fields; those of
    /// [`PromptFormat::new`].
    pub fn from_json(json: &str) -> Result<Self> {
        let unreadable = |e: serde_json::Error| {
            bad("the prompt format cannot be read".into()).source(e).help(WRITTEN_BY_US)
        };
        let value: serde_json::Value = serde_json::from_str(json).map_err(unreadable)?;
        // The version first: a newer one explains fields that are not known here.
        if let Some(version) = value.get("version")
            && version.as_u64() != Some(u64::from(PROMPT_FORMAT_VERSION))
        {
            return Err(bad(format!(
                "the prompt format has version {version}, this is {PROMPT_FORMAT_VERSION}"
            ))
            .help("read it with the version of fastprep that wrote it, or a newer one"));
        }
        let s: Stored = serde_json::from_value(value).map_err(unreadable)?;
        PromptFormat::new(&s.prompt, &s.completion, &s.separator, &s.stop, s.eos)
    }

    /// A row of training; `lookup` gives a column's text, none where it is absent. Renders only: whether the
    /// marks are unique is for [`super::Prover`] to say.
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub fn render<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<Rendered> {
        let prompt = self.render_prompt(lookup)?;
        let completion = render(&self.completion, &self.stop, lookup)?;
        Ok(Rendered { prompt, completion })
    }

    /// The prompt to sample from: byte for byte the prompt of a training row with these columns.
    ///
    /// Errors: `missing_field` for an absent column outside an optional part.
    pub fn render_prompt<'v>(&'v self, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<String> {
        render(&self.prompt, &self.separator, lookup)
    }

    /// Refuses a name that looks like a column that was not given: its part of the template would be left out.
    /// Other names are those of columns that the templates do not use.
    ///
    /// Errors: `misspelt_column`.
    pub fn check_names(&self, given: &[&str]) -> Result<()> {
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
    pub fn parse_completion(&self, text: &str) -> String {
        let body = text.split_once(&self.stop).map_or(text, |(body, _)| body);
        let (head, tail) = self.completion.frame().unwrap_or_default();
        let body = body.strip_prefix(head).unwrap_or(body);
        body.strip_suffix(tail).unwrap_or(body).to_string()
    }

    /// Whether this format made the prompt.
    ///
    /// Errors: `not_this_format` with the reason why it did not.
    pub fn check_prompt(&self, text: &str) -> Result<()> {
        let (separator, stop) = (&self.separator, &self.stop);
        let Some(body) = text.strip_suffix(separator.as_str()) else {
            return Err(not_ours(format!("the prompt does not end in the separator {separator:?}")));
        };
        for (name, mark, own) in [("separator", separator, Some(body.len())), ("stop", stop, None)] {
            if let Some(at) = first_but(own, mark, text) {
                return Err(not_ours(format!("the {name} {mark:?} occurs in the prompt, at byte {at}")));
            }
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

    /// Refuses templates whose own text would make rows collide.
    fn check_literals(&self) -> Result<()> {
        let (prompt, completion, separator, stop) =
            (&self.prompt, &self.completion, &self.separator, &self.stop);
        for text in prompt.literals() {
            self.check_literal("the prompt template", text, None, None)?;
        }
        for text in completion.literals() {
            self.check_literal("the completion template", text, None, None)?;
        }
        let middle = format!("{}{separator}{}", prompt.tail(), completion.head());
        let place = "the prompt template's end, the separator and the completion template's start";
        self.check_literal(place, &middle, Some(prompt.tail().len()), None)?;
        let end = format!("{}{stop}", completion.tail());
        self.check_literal(
            "the completion template's end and the stop",
            &end,
            None,
            Some(completion.tail().len()),
        )
    }

    /// Refuses a text that holds a mark but at its own place.
    fn check_literal(
        &self,
        place: &str,
        text: &str,
        separator: Option<usize>,
        stop: Option<usize>,
    ) -> Result<()> {
        for (name, mark, own) in [("separator", &self.separator, separator), ("stop", &self.stop, stop)] {
            if let Some(at) = first_but(own, mark, text) {
                return Err(bad(format!("the {name} {mark:?} occurs in {place}, at byte {at} of {text:?}"))
                    .help(format!("take it out of the template, or choose another {name}")));
            }
        }
        Ok(())
    }
}

/// Where the mark first occurs in the text, but for its own place.
fn first_but(own: Option<usize>, mark: &str, text: &str) -> Option<usize> {
    overlapping(&Finder::new(mark), text.as_bytes()).find(|at| Some(*at) != own)
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
