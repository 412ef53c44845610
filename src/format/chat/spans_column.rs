//! The column `spans`: the spans of a row's text as JSON.

use std::sync::Arc;

use arrow::array::ArrayRef;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::record::json::write_integer;
use crate::record::text_builder;
use crate::record::turns::{Branch, Role, Span, SpanKind};
use crate::word::{self, Word};

/// A span as it is published.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published<'a> {
    /// Where it begins and ends, in characters.
    start: usize,
    end: usize,
    role: &'a str,
    trained: bool,
    /// Whether it came from the data; otherwise the template wrote it.
    from_data: bool,
    #[serde(default, with = "word::optional")]
    kind: Option<SpanKind>,
    #[serde(default)]
    weight: Option<f32>,
}

/// Writes the spans of texts as JSON.
pub(super) struct SpansWriter {
    /// What follows the end of a span, by [`SpansWriter::tail`].
    tails: Vec<String>,
    /// Whether the weights of those that train are written.
    weighted: bool,
}

impl SpansWriter {
    /// Bytes of most spans.
    const SPAN_BYTES: usize = 104;

    /// `weighted` adds the weights of those that train.
    pub(super) fn new(weighted: bool) -> Self {
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        let of_role = |role: &Role| {
            let name = role.name();
            flags.map(|(trained, from_data)| {
                format!(",\"role\":\"{name}\",\"trained\":{trained},\"from_data\":{from_data}")
            })
        };
        SpansWriter { tails: Role::ALL.iter().flat_map(of_role).collect(), weighted }
    }

    fn tail(&self, span: &Span) -> &str {
        let flags = 2 * usize::from(span.trained) + usize::from(span.from_data);
        let role = Role::ALL.iter().position(|role| *role == span.role).unwrap_or_default();
        &self.tails[4 * role + flags]
    }

    /// Appends the JSON of the spans of a text.
    ///
    /// # Errors
    /// `Internal`: the spans do not fit the text.
    pub(super) fn write(&self, text: &str, spans: &[Span], out: &mut Vec<u8>) -> Result<()> {
        let (mut byte, mut start) = (0, 0);
        // Where the digits of `start` are.
        let mut digits = 0..0;
        out.push(b'[');
        for (i, span) in spans.iter().enumerate() {
            let part = text
                .get(byte..span.end as usize)
                .ok_or_else(|| Error::internal("the spans of a conversation do not fit its text"))?;
            let end = start + part.chars().count();
            out.extend_from_slice(if i == 0 { b"{\"start\":" } else { b",{\"start\":" });
            match i {
                0 => out.push(b'0'),
                _ => out.extend_from_within(digits),
            }
            out.extend_from_slice(b",\"end\":");
            let before = out.len();
            write_integer(out, end as u64);
            digits = before..out.len();
            out.extend_from_slice(self.tail(span).as_bytes());
            if let Some(kind) = span.kind {
                out.extend_from_slice(b",\"kind\":\"");
                out.extend_from_slice(kind.name().as_bytes());
                out.push(b'"');
            }
            if self.weighted && span.trained {
                out.extend_from_slice(b",\"weight\":");
                let weight = serde_json::to_string(&span.weight);
                out.extend(weight.map_err(|e| Error::internal(format!("a weight is no JSON: {e}")))?.bytes());
            }
            out.push(b'}');
            (byte, start) = (span.end as usize, end);
        }
        out.push(b']');
        Ok(())
    }
}

/// The column of the spans of rows.
///
/// # Errors
/// `Internal`: the spans do not fit a text.
pub(super) fn spans_column(rows: &[(&str, &[Span])], weighted: bool) -> Result<ArrayRef> {
    let spans: usize = rows.iter().map(|(_, spans)| spans.len()).sum();
    let mut column = text_builder(rows.len(), rows.len() * 2 + spans * SpansWriter::SPAN_BYTES);
    let (writer, mut json) = (SpansWriter::new(weighted), Vec::new());
    for (text, spans) in rows {
        json.clear();
        writer.write(text, spans, &mut json)?;
        let json = str::from_utf8(&json);
        column.append_value(json.map_err(|e| Error::internal(format!("spans are no UTF-8: {e}")))?);
    }
    Ok(Arc::new(column.finish()))
}

/// The spans of a text from their JSON; none where it is something else, or they do not cover the text.
pub(super) fn read_spans(text: &str, json: &str) -> Option<Vec<Span>> {
    let published: Vec<Published<'_>> = serde_json::from_str(json).ok()?;
    let (mut byte, mut start) = (0, 0);
    let mut spans = Vec::with_capacity(published.len());
    for Published { start: own_start, end, role, trained, from_data, kind, weight } in published {
        let characters = end.checked_sub(start).filter(|_| own_start == start)?;
        let rest = text.get(byte..)?;
        let bytes: usize = rest.chars().take(characters).map(char::len_utf8).sum();
        byte += bytes;
        let role = *Role::ALL.iter().find(|known| known.name() == role)?;
        let weight = Some(weight.unwrap_or(1.0)).filter(|w| w.is_finite() && *w >= 0.0)?;
        spans.push(Span {
            end: u32::try_from(byte).ok()?,
            role,
            trained,
            from_data,
            weight,
            branch: Branch::Main,
            kind,
        });
        start = end;
    }
    (byte == text.len()).then_some(spans)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;

    fn spans_json(text: &str, spans: &[Span], weighted: bool) -> Result<String> {
        Ok(spans_column(&[(text, spans)], weighted)?.as_string_view().value(0).to_string())
    }

    #[test]
    fn places_are_characters() {
        let span = |end, role, trained, from_data| {
            let (weight, branch) = (0.5, Branch::Main);
            Span { end, role, trained, from_data, weight, branch, kind: None }
        };
        let spans = [span(2, Role::User, false, true), span(3, Role::Assistant, true, false)];
        let expected = r#"[{"start":0,"end":1,"role":"user","trained":false,"from_data":true},{"start":1,"end":2,"role":"assistant","trained":true,"from_data":false}]"#;
        assert_eq!(spans_json("é.", &spans, false).unwrap(), expected);
        let weighted = expected.replace("false}]", "false,\"weight\":0.5}]");
        assert_eq!(spans_json("é.", &spans, true).unwrap(), weighted);
        assert_eq!(read_spans("é.", &weighted).unwrap(), [Span { weight: 1.0, ..spans[0] }, spans[1]]);
        let kinds = [spans[0], Span { kind: Some(SpanKind::Calls), ..spans[1] }];
        let with_kind = weighted.replace("false,\"weight\"", "false,\"kind\":\"calls\",\"weight\"");
        assert_eq!(spans_json("é.", &kinds, true).unwrap(), with_kind);
        assert_eq!(read_spans("é.", &with_kind).unwrap()[1], kinds[1]);
        for wrong in [
            &with_kind.replace("calls", "call"),
            "",
            "[]",
            "[1]",
            &expected.replace("\"end\":2", "\"end\":3")[..40],
            &expected.replace("user", "x"),
        ] {
            assert!(read_spans("é.", wrong).is_none(), "{wrong}");
        }
        assert_eq!(spans_json("", &[], false).unwrap(), "[]");
        assert!(read_spans("é..", expected).is_none());
        assert!(spans_json("é.", &[span(1, Role::User, false, true)], false).is_err());
    }
}
