//! Rows rendered into one text, with what stands where.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, LargeStringBuilder, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::PromptFormat;
use super::prove::RowSpan;
use super::template::{Column, Piece, Template};
use crate::error::{Class, Error, Result};
use crate::record::{Batch, schema};

/// A format with its columns resolved, so that rendering a row looks nothing up by name.
pub(super) struct Renderer {
    pub format: PromptFormat,
    /// Of both templates, in order of first use; all indices below are into these.
    pub columns: Vec<Column>,
    /// The columns of the prompt's template.
    pub prompt: Vec<usize>,
    /// The columns of the completion's template.
    pub completion: Vec<usize>,
}

/// The text of a batch's columns; none where the batch has no such column.
pub(super) type Values = Vec<Option<StringViewArray>>;

/// Rendered rows, one after another.
pub(super) struct Page {
    /// Two values a row, prompt and completion. Arrow's builder gives a valid array in the end without reading
    /// the text once more.
    text: LargeStringBuilder,
    /// Ascending in the text, without gaps.
    pub rows: Vec<RowSpan>,
    /// What of the text came from columns, ascending, if that is asked for; marks that the data brought along
    /// are not in it.
    pub fields: Vec<FieldSpan>,
    with_fields: bool,
}

/// Text that came from a column: byte offsets in the page, never empty.
#[derive(Clone, Copy)]
pub(super) struct FieldSpan {
    pub column: usize,
    pub start: usize,
    pub end: usize,
}

impl Renderer {
    pub fn new(format: PromptFormat) -> Self {
        let columns = format.columns();
        let indices = |template: &Template| {
            let position = |c: &Column| columns.iter().position(|known| known.name == c.name);
            template.columns().iter().filter_map(position).collect()
        };
        let (prompt, completion) = (indices(format.prompt()), indices(format.completion()));
        Renderer { columns, prompt, completion, format }
    }

    /// The text of the format's columns. Errors: `wrong_type` for a column that is not text.
    pub fn values(&self, batch: &Batch) -> Result<Values> {
        let texts = self.columns.iter().map(|column| {
            let Ok(i) = batch.records.schema_ref().index_of(&column.name) else { return Ok(None) };
            let array = batch.records.column(i);
            match array.data_type() {
                DataType::Utf8View => Ok(Some(array.as_string_view().clone())),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(_, _) | DataType::Null
                    if is_text(array.data_type()) =>
                {
                    Ok(Some(cast(array, &DataType::Utf8View)?.as_string_view().clone()))
                }
                _ => Err(not_text(batch, i)),
            }
        });
        texts.collect()
    }

    /// Bytes that all rows take together, at most, if the marks of the data do not count.
    pub fn size(&self, values: &Values, rows: usize) -> usize {
        let column = |c: usize| -> usize {
            // The low half of a view is its length.
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

    /// The first column that is absent in this row where the format needs it.
    pub fn missing<'v>(&'v self, value: impl Fn(usize) -> Option<&'v str>) -> Option<usize> {
        let prompt = self.format.prompt().missing(|c| value(self.prompt[c])).map(|c| self.prompt[c]);
        prompt.or_else(|| {
            self.format.completion().missing(|c| value(self.completion[c])).map(|c| self.completion[c])
        })
    }

    /// Appends a row that misses nothing.
    pub fn push<'v>(&'v self, page: &mut Page, row: usize, value: impl Fn(usize) -> Option<&'v str>) {
        let Renderer { format, prompt, completion, .. } = self;
        let start = page.text().len();
        let separator = page.push_part(format.prompt(), format.separator(), prompt, &value);
        let middle = page.text().len();
        let stop = page.push_part(format.completion(), format.stop(), completion, &value);
        page.rows.push(RowSpan { row, start, separator, completion: middle, stop, end: page.text().len() });
    }
}

impl Page {
    /// An empty page with room for this many rows and bytes.
    pub fn new(rows: usize, bytes: usize, with_fields: bool) -> Self {
        let text = LargeStringBuilder::with_capacity(2 * rows, bytes);
        Page { text, rows: Vec::with_capacity(rows), fields: vec![], with_fields }
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        self.text.values_slice()
    }

    /// Appends text to the part that was begun.
    pub fn write(&mut self, text: &str) {
        // The builder takes all text.
        let _ = self.text.write_str(text);
    }

    /// Ends the part that was begun: the prompt or the completion of a row.
    pub fn end_part(&mut self) {
        self.text.append_value("");
    }

    /// Prompts and completions in turn, as views over the page's text.
    pub fn into_views(mut self) -> StringViewArray {
        StringViewArray::from(&self.text.finish())
    }

    /// Appends a body and the mark that ends it, unless the body already does; gives where the mark starts.
    fn push_part<'v>(
        &mut self,
        template: &'v Template,
        mark: &str,
        columns: &[usize],
        value: impl Fn(usize) -> Option<&'v str>,
    ) -> usize {
        let start = self.text().len();
        template.pieces(
            |c| value(columns[c]),
            |piece| match piece {
                Piece::Literal(text) => self.write(text),
                Piece::Field(_, None) => {}
                Piece::Field(c, Some(text)) => {
                    if self.with_fields && !text.is_empty() {
                        let start = self.text().len();
                        self.fields.push(FieldSpan { column: columns[c], start, end: start + text.len() });
                    }
                    self.write(text);
                }
            },
        );
        let marked = self.text()[start..].ends_with(mark.as_bytes());
        if !marked {
            self.write(mark);
        }
        self.end_part();
        let end = self.text().len() - mark.len();
        if marked {
            self.cut_fields(end);
        }
        end
    }

    /// Takes what lies behind `end` off the last fields.
    fn cut_fields(&mut self, end: usize) {
        while let Some(last) = self.fields.last_mut().filter(|last| last.end > end) {
            last.end = end;
            if last.start >= end {
                self.fields.pop();
            }
        }
    }

    /// The fields of a row.
    pub fn fields_of(&self, row: &RowSpan) -> &[FieldSpan] {
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

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

#[cold]
fn not_text(batch: &Batch, column: usize) -> Error {
    let field = Arc::clone(&batch.records.schema_ref().fields()[column]);
    let message =
        format!("format: column `{}` is {}, a template takes text", field.name(), schema::type_name(&field));
    Error::new(Class::Column, "wrong_type", message)
        .column(field.name())
        .help("cast it to text before format")
}
