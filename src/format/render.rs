//! Renders rows into one text, with the position of each part.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, LargeStringBuilder, StringViewArray};

use super::marks::Written;
use super::prompt_format::PromptFormat;
use super::prompt_format::moved;
use super::prove::{RowSpan, Rows};
use super::template::{Column, Piece, Template};
use crate::error::{Class, Error, Result};
use crate::record::turns::{Branch, Role, Span};
use crate::record::{Batch, is_text, schema, text_views};

/// A format with the indices of its columns, so that rendering a row needs no lookup by name.
pub(super) struct Renderer {
    pub(crate) format: PromptFormat,
    /// The columns of both templates, in order of first use. All indices below are into these.
    pub(crate) columns: Vec<Column>,
    /// The columns of the prompt template.
    pub(crate) prompt: Vec<usize>,
    /// The columns of the completion template.
    pub(crate) completion: Vec<usize>,
    /// The format that rendered the text of the columns before; its literals do not count as data.
    rendered_by: Option<PromptFormat>,
}

/// The texts of the columns of a batch; none for a column that the batch does not have.
pub(super) type Values = Vec<Option<StringViewArray>>;

/// Rendered rows in one text.
pub(super) struct Page {
    /// Two values per row, prompt and completion. The builder of Arrow makes the array without validating the text
    /// again.
    text: LargeStringBuilder,
    /// The rows, in the order of the text, without gaps.
    pub(crate) rows: Vec<RowSpan>,
    /// The spans of all rows; see [`Rows`].
    pub(crate) spans: Vec<Span>,
    /// The ranges of text from columns, in order, if needed. Marks at the end of the data do not count.
    pub(crate) fields: Vec<FieldSpan>,
    /// The marks that the format wrote in addition to the separator and the stop of a row, in order.
    pub(crate) written: Vec<Written>,
    with_fields: bool,
}

/// Text that came from a column: byte offsets in the page, never empty.
#[derive(Clone, Copy)]
pub(super) struct FieldSpan {
    pub(crate) column: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Renderer {
    pub(crate) fn new(format: PromptFormat, rendered_by: Option<PromptFormat>) -> Self {
        let columns = format.columns();
        let indices = |template: &Template| {
            let position = |c: &Column| columns.iter().position(|known| known.name == c.name);
            template.columns().iter().filter_map(position).collect()
        };
        let (prompt, completion) = (indices(format.prompt()), indices(format.completion()));
        Renderer { columns, prompt, completion, format, rendered_by }
    }

    /// The text of the format's columns. Errors: `wrong_type` for a column that is not text.
    pub(crate) fn values(&self, batch: &Batch) -> Result<Values> {
        let texts = self.columns.iter().map(|column| {
            let Ok(i) = batch.records.schema_ref().index_of(&column.name) else { return Ok(None) };
            let array = batch.records.column(i);
            match array.data_type() {
                t if is_text(t) || t.is_null() => Ok(Some(text_views(array.as_ref())?)),
                _ => Err(not_text(batch, i)),
            }
        });
        texts.collect()
    }

    /// An upper limit for the bytes of all rows.
    pub(crate) fn size(&self, values: &Values, rows: usize) -> usize {
        let column = |c: usize| -> usize {
            // The low 32 bits of a view are its length.
            values[c].iter().flat_map(|array| array.views().iter()).map(|view| *view as u32 as usize).sum()
        };
        let template = |template: &Template, columns: &[usize]| {
            let literals: usize = template.literals().map(str::len).sum();
            rows * literals + template.fields().map(|c| column(columns[c])).sum::<usize>()
        };
        let marks = self.format.separator().len() + self.format.stop().len();
        template(self.format.prompt(), &self.prompt)
            + template(self.format.completion(), &self.completion)
            + rows * marks
    }

    /// The first column that is absent in this row and that the format needs.
    pub(crate) fn missing<'v>(&'v self, value: impl Fn(usize) -> Option<&'v str>) -> Option<usize> {
        let prompt = self.format.prompt().missing(|c| value(self.prompt[c])).map(|c| self.prompt[c]);
        prompt.or_else(|| {
            self.format.completion().missing(|c| value(self.completion[c])).map(|c| self.completion[c])
        })
    }

    /// Appends a row that has all needed columns.
    pub(crate) fn push<'v>(&'v self, page: &mut Page, row: usize, value: impl Fn(usize) -> Option<&'v str>) {
        let Renderer { format, prompt, completion, rendered_by, .. } = self;
        let by = rendered_by.as_ref();
        let marks = by.unwrap_or(format).marks();
        let start = page.text().len();
        let part = Part {
            template: format.prompt(),
            mark: format.separator(),
            columns: prompt,
            rendered_by: by.map(PromptFormat::prompt),
            marks_of: (marks.in_prompt > 0).then(|| by.unwrap_or(format)),
        };
        let first_span = page.spans.len();
        let (separator, in_data) = page.push_part(&part, &value);
        page.push_turn(Role::Prompt, start, separator);
        let part = Part {
            template: format.completion(),
            mark: format.stop(),
            columns: completion,
            rendered_by: by.map(PromptFormat::completion),
            marks_of: None,
        };
        let (stop, _) = page.push_part(&part, &value);
        page.push_turn(Role::Completion, start, stop);
        let spans = page.spans.len() - first_span;
        page.rows.push(RowSpan { row, start, end: page.text().len(), first_span, spans });
        if !marks.is_empty() {
            // If the data end in this separator, no literal of the template is before it.
            let by_separator = marks.by_separator.iter().filter(|(from, _)| !in_data || *from >= 0);
            page.written.extend(by_separator.map(|written| moved(*written, separator)));
            page.written.extend(marks.by_stop.iter().map(|written| moved(*written, stop)));
            let own = page.written.partition_point(|(at, _)| *at < start);
            page.written[own..].sort_unstable();
        }
    }
}

/// A part of a row: a body and the mark that ends it.
struct Part<'f> {
    template: &'f Template,
    mark: &'f str,
    columns: &'f [usize],
    /// The template that rendered the columns before.
    rendered_by: Option<&'f Template>,
    /// The format whose marks the literals contain; none if they contain none.
    marks_of: Option<&'f PromptFormat>,
}

impl Page {
    /// An empty page with room for this many rows and bytes.
    pub(crate) fn new(rows: usize, bytes: usize, with_fields: bool) -> Self {
        let text = LargeStringBuilder::with_capacity(2 * rows, bytes);
        let (rows, spans) = (Vec::with_capacity(rows), Vec::with_capacity(4 * rows));
        Page { text, rows, spans, fields: vec![], written: vec![], with_fields }
    }

    /// The text of all rows.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.values_slice()
    }

    /// The rows, for the prover.
    pub(crate) fn proven(&self) -> Rows<'_> {
        Rows { text: self.text(), rows: &self.rows, spans: &self.spans, written: &self.written }
    }

    /// The body of the first turn of a row that is trained on, or of the first that is not.
    pub(crate) fn body(&self, row: &RowSpan, trained: bool) -> &[u8] {
        let body = row.spans(&self.spans).find(|(_, span)| span.from_data && span.trained == trained);
        body.map_or(&[], |(range, _)| &self.text()[range])
    }

    /// Adds the two spans of a turn that ends here: the body up to `mark`, and the mark. The row starts at `start`.
    pub(crate) fn push_turn(&mut self, role: Role, start: usize, mark: usize) {
        for (end, from_data) in [(mark, true), (self.text().len(), false)] {
            let (trained, weight, branch) = (role == Role::Completion, 1.0, Branch::Main);
            // A page is far shorter than 4 GiB.
            let end = (end - start) as u32;
            self.spans.push(Span { end, role, trained, from_data, weight, branch, kind: None });
        }
    }

    /// Appends text to the current part.
    pub(crate) fn write(&mut self, text: &str) {
        // Writing to the builder cannot fail.
        let _ = self.text.write_str(text);
    }

    /// Ends the current part: the prompt or the completion of a row.
    pub(crate) fn end_part(&mut self) {
        self.text.append_value("");
    }

    /// Prompts and completions, alternating, as views over the text.
    pub(crate) fn into_views(mut self) -> StringViewArray {
        StringViewArray::from(&self.text.finish())
    }

    /// Appends a body, and its mark unless the body already ends in it. Gives the offset of the mark, and whether it
    /// came from the data.
    fn push_part<'v>(&mut self, part: &Part<'v>, value: impl Fn(usize) -> Option<&'v str>) -> (usize, bool) {
        let start = self.text().len();
        part.template.pieces(
            |c| value(part.columns[c]),
            |piece| match piece {
                Piece::Literal(text) => self.push_literal(part, text),
                Piece::Field(_, None) => {}
                Piece::Field(c, Some(text)) => match part.rendered_by {
                    None => self.push_field(part.columns[c], text),
                    Some(template) => {
                        let mut at = 0;
                        for span in template.literals_in(text) {
                            self.push_field(part.columns[c], &text[at..span.start]);
                            self.push_literal(part, &text[span.clone()]);
                            at = span.end;
                        }
                        self.push_field(part.columns[c], &text[at..]);
                    }
                },
            },
        );
        let marked = self.text()[start..].ends_with(part.mark.as_bytes());
        if !marked {
            self.write(part.mark);
        }
        self.end_part();
        let end = self.text().len() - part.mark.len();
        if marked {
            self.cut_fields(end);
        }
        (end, marked && part.rendered_by.is_none())
    }

    fn push_literal(&mut self, part: &Part, text: &str) {
        if let Some(format) = part.marks_of {
            let start = self.text().len();
            self.written.extend(format.occurrences(text).iter().map(|(at, mark)| (start + at, *mark)));
        }
        self.write(text);
    }

    fn push_field(&mut self, column: usize, text: &str) {
        if self.with_fields && !text.is_empty() {
            let start = self.text().len();
            self.fields.push(FieldSpan { column, start, end: start + text.len() });
        }
        self.write(text);
    }

    /// Shortens the last fields so that they end at `end` or before.
    fn cut_fields(&mut self, end: usize) {
        while let Some(last) = self.fields.last_mut().filter(|last| last.end > end) {
            last.end = end;
            if last.start >= end {
                self.fields.pop();
            }
        }
    }

    /// The fields of a row.
    pub(crate) fn fields_of(&self, row: &RowSpan) -> &[FieldSpan] {
        let first = self.fields.partition_point(|field| field.end <= row.start);
        let fields = &self.fields[first..];
        &fields[..fields.partition_point(|field| field.start < row.end)]
    }
}

/// The text of a column in a row.
#[inline]
pub(super) fn value(values: &Values, column: usize, row: usize) -> Option<&str> {
    values[column].as_ref().filter(|array| array.is_valid(row)).map(|array| array.value(row))
}

#[cold]
fn not_text(batch: &Batch, column: usize) -> Error {
    let field = Arc::clone(&batch.records.schema_ref().fields()[column]);
    let message =
        format!("format: column `{}` must be text; it is {}", field.name(), schema::type_name(&field));
    Error::new(Class::Column, "wrong_type", message)
        .column(field.name())
        .help("cast it to text before format")
}
