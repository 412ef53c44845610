//! A template: literals, `{column}`, and optional parts.
//!
//! `{#input}…{input}…{/input}` is rendered if column `input` is present and not empty, `{^input}…{/input}` if it is
//! absent or empty. Parts can be nested. `{{` and `}}` are single braces. The name of a column is any text without
//! braces that does not start with `#`, `^` or `/`.

use std::ops::Range;

use crate::error::{Class, Error, Result};

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    ops: Vec<Op>,
    columns: Vec<Column>,
}

/// A column that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name of the column.
    pub(crate) name: String,
    /// Whether some `{column}` is outside a `{#column}` part. Then a row without the column cannot be rendered.
    pub(crate) required: bool,
}

/// A piece of the text of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'v> {
    /// A literal of the template.
    Literal(&'v str),
    /// The index of a column, and its text; none if it is absent.
    Field(usize, Option<&'v str>),
}

/// A step of rendering. Steps are a flat list, so that deeply nested parts need no recursion.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Literal(String),
    /// Index into the columns.
    Field(usize),
    /// Continues at `to` if the column is empty, or with `when_empty` false, if it is not.
    Skip {
        column: usize,
        when_empty: bool,
        to: usize,
    },
}

impl Template {
    /// Parses a template.
    ///
    /// Errors: `bad_template` with the position of the error, in characters from 0.
    pub(crate) fn parse(source: &str) -> Result<Self> {
        Parser::default().parse(source)
    }

    /// The template as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The columns in order of first use.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Gives the pieces of the text of a row in order. `value` gives the text of a column, by its index in
    /// [`Template::columns`]; none if it is absent.
    pub(crate) fn pieces<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
        mut emit: impl FnMut(Piece<'v>),
    ) {
        let mut next = 0;
        while let Some(op) = self.ops.get(next) {
            next += 1;
            match op {
                Op::Literal(text) => emit(Piece::Literal(text)),
                Op::Field(column) => emit(Piece::Field(*column, value(*column))),
                Op::Skip { column, when_empty, to } => {
                    if value(*column).is_none_or(str::is_empty) == *when_empty {
                        next = *to;
                    }
                }
            }
        }
    }

    /// The first column that is absent in this row and that the template needs.
    pub(crate) fn missing<'v>(&'v self, value: impl Fn(usize) -> Option<&'v str>) -> Option<usize> {
        let mut missing = None;
        self.pieces(value, |piece| {
            if let Piece::Field(column, None) = piece {
                missing = missing.or(Some(column));
            }
        });
        missing
    }

    /// The literal texts, in order.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.ops.iter().filter_map(|op| match op {
            Op::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The columns of a row with all optional parts, by index, in order and with repetitions.
    pub(crate) fn fields(&self) -> impl Iterator<Item = usize> {
        self.ops.iter().filter_map(|op| match op {
            Op::Field(column) => Some(*column),
            _ => None,
        })
    }

    /// The literal that every text starts with, or an empty text.
    pub(crate) fn head(&self) -> &str {
        match self.ops.first() {
            Some(Op::Literal(text)) => text,
            _ => "",
        }
    }

    /// The literal that every text ends with, or an empty text.
    pub(crate) fn tail(&self) -> &str {
        match self.ops.last() {
            Some(Op::Literal(text)) if !self.ends_in_optional_part() => text,
            _ => "",
        }
    }

    /// The ranges of the literals in a text of this template. Each is taken at its first occurrence after the one
    /// before it; literals of omitted parts are mostly not found.
    pub(super) fn literals_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut at = 0;
        let mut spans = vec![];
        for literal in self.literals() {
            if let Some(found) = text[at..].find(literal) {
                let start = at + found;
                at = start + literal.len();
                spans.push(start..at);
            }
        }
        spans
    }

    /// The literals before and after the column of a template that is one column outside optional parts.
    pub(crate) fn frame(&self) -> Option<(&str, &str)> {
        match self.ops.as_slice() {
            [Op::Field(_)] => Some(("", "")),
            [Op::Literal(head), Op::Field(_)] => Some((head, "")),
            [Op::Field(_), Op::Literal(tail)] => Some(("", tail)),
            [Op::Literal(head), Op::Field(_), Op::Literal(tail)] => Some((head, tail)),
            _ => None,
        }
    }

    /// Removes `text` from the end of the tail, if it is there. The source does not change.
    pub(super) fn strip_tail(&mut self, text: &str) {
        if let Some(kept) = self.tail().strip_suffix(text).map(str::to_string) {
            self.ops.pop();
            if !kept.is_empty() {
                self.ops.push(Op::Literal(kept));
            }
        }
    }

    fn ends_in_optional_part(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Skip { to, .. } if *to == self.ops.len()))
    }
}

#[derive(Default)]
struct Parser {
    literal: String,
    ops: Vec<Op>,
    columns: Vec<Column>,
    open: Vec<Open>,
}

/// An optional part that is not closed yet.
struct Open {
    op: usize,
    column: usize,
    when_empty: bool,
    at: usize,
}

impl Parser {
    fn parse(mut self, source: &str) -> Result<Template> {
        let mut at = 0;
        while let Some(found) = source[at..].find(['{', '}']) {
            self.literal.push_str(&source[at..at + found]);
            at += found;
            let rest = &source[at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                self.literal.push_str(&rest[..1]);
                at += 2;
            } else if let Some(inside) = rest.strip_prefix('{') {
                let end = inside.find(['{', '}']).filter(|&end| inside[end..].starts_with('}')).ok_or_else(
                    || {
                        bad(
                            source,
                            at,
                            "`{` is not closed",
                            "close it with `}`, or write `{{` for a brace in the text",
                        )
                    },
                )?;
                self.tag(source, at, &inside[..end])?;
                at += end + 2;
            } else {
                return Err(bad(
                    source,
                    at,
                    "`}` has no `{` before it",
                    "write `}}` for a brace in the text",
                ));
            }
        }
        self.literal.push_str(&source[at..]);
        self.flush();
        if let Some(open) = self.open.last() {
            let name = &self.columns[open.column].name;
            let sign = if open.when_empty { '#' } else { '^' };
            return Err(bad(
                source,
                open.at,
                &format!("the part `{{{sign}{name}}}` is not closed"),
                &format!("add `{{/{name}}}` where it ends"),
            ));
        }
        Ok(Template { source: source.to_string(), ops: self.ops, columns: self.columns })
    }

    fn tag(&mut self, source: &str, at: usize, tag: &str) -> Result<()> {
        let (sign, name) = match tag.chars().next() {
            Some(sign @ ('#' | '^' | '/')) => (Some(sign), &tag[1..]),
            _ => (None, tag),
        };
        if name.is_empty() {
            return Err(bad(
                source,
                at,
                &format!("`{{{tag}}}` has no column"),
                "put the name of a column between the braces, or write `{{` and `}}` for braces in the text",
            ));
        }
        self.flush();
        match sign {
            None => {
                let column = self.column(name);
                let own = self.open.iter().any(|open| open.column == column && open.when_empty);
                self.columns[column].required |= !own;
                self.ops.push(Op::Field(column));
            }
            Some('/') => return self.close(source, at, name),
            Some(sign) => {
                let (column, when_empty) = (self.column(name), sign == '#');
                self.open.push(Open { op: self.ops.len(), column, when_empty, at });
                self.ops.push(Op::Skip { column, when_empty, to: 0 });
            }
        }
        Ok(())
    }

    fn close(&mut self, source: &str, at: usize, name: &str) -> Result<()> {
        let Some(open) = self.open.pop() else {
            return Err(bad(
                source,
                at,
                &format!("`{{/{name}}}` closes a part that is not open"),
                &format!("open it with `{{#{name}}}` or `{{^{name}}}`"),
            ));
        };
        let opened = &self.columns[open.column].name;
        if opened != name {
            return Err(bad(
                source,
                at,
                &format!("`{{/{name}}}` must come after `{{/{opened}}}`"),
                &format!("close the part at position {} first", chars(source, open.at)),
            ));
        }
        let end = self.ops.len();
        if let Some(Op::Skip { to, .. }) = self.ops.get_mut(open.op) {
            *to = end;
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.ops.push(Op::Literal(std::mem::take(&mut self.literal)));
        }
    }

    fn column(&mut self, name: &str) -> usize {
        self.columns.iter().position(|c| c.name == name).unwrap_or_else(|| {
            self.columns.push(Column { name: name.to_string(), required: false });
            self.columns.len() - 1
        })
    }
}

#[cold]
fn bad(source: &str, at: usize, what: &str, help: &str) -> Error {
    let position = chars(source, at);
    Error::new(Class::Plan, "bad_template", format!("template {source:?}, position {position}: {what}"))
        .help(help)
}

fn chars(source: &str, at: usize) -> usize {
    source[..at].chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, row: &[(&str, &str)]) -> Result<String, String> {
        let template = Template::parse(template).unwrap();
        let value =
            |c: usize| row.iter().find(|(name, _)| *name == template.columns()[c].name).map(|(_, v)| *v);
        if let Some(column) = template.missing(value) {
            return Err(template.columns()[column].name.clone());
        }
        let mut out = String::new();
        template.pieces(value, |piece| match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Field(_, text) => out.push_str(text.unwrap()),
        });
        Ok(out)
    }

    #[test]
    fn renders() {
        let row = [("a", "1"), ("b", ""), ("c d", "3"), ("ü#", "4")];
        for (template, expected) in [
            ("", ""),
            ("x", "x"),
            ("{a}", "1"),
            ("{{a}}", "{a}"),
            ("{{{a}}}", "{1}"),
            ("é{c d}{ü#}", "é34"),
            ("{a}{a}{b}", "11"),
            ("{#a}[{a}]{/a}{^a}none{/a}", "[1]"),
            ("{#b}[{b}]{/b}{^b}none{/b}.", "none."),
            ("{#z}[{z}]{/z}{^z}none{/z}", "none"),
            ("{#a}{^b}{#z}1{/z}2{/b}3{/a}4", "234"),
            ("{#a}{/a}", ""),
        ] {
            assert_eq!(render(template, &row).as_deref(), Ok(expected), "{template}");
        }
        assert_eq!(render("{a}{z}", &row), Err("z".into()));
        assert_eq!(render("{#z}{y}{/z}", &row).as_deref(), Ok(""), "an absent part asks for nothing");
    }

    #[test]
    fn lists_columns_in_order_of_first_use() {
        let template = Template::parse("{#b}{b}{c}{/b}{a}{^d}{b}{/d}{#e}!{/e}{^f}{f}{/f}").unwrap();
        let columns: Vec<_> = template.columns().iter().map(|c| (c.name.as_str(), c.required)).collect();
        assert_eq!(columns, [("b", true), ("c", true), ("a", true), ("d", false), ("e", false), ("f", true)]);
        let template = Template::parse("{i}{#b}{#c}{b}{/c}{/b}").unwrap();
        assert_eq!(template.columns().iter().map(|c| c.required).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn errors_have_position_and_help() {
        for (template, position, message, help) in [
            ("é{a", 1, "`{` is not closed", "close it with `}`"),
            ("{a{b}", 0, "`{` is not closed", "write `{{`"),
            ("a}b", 1, "`}` has no `{` before it", "write `}}`"),
            ("{a}}", 3, "`}` has no `{` before it", "write `}}`"),
            ("ab{}", 2, "`{}` has no column", "put the name of a column"),
            ("{#}{/}", 0, "`{#}` has no column", "put the name of a column"),
            ("é{#a}x", 1, "the part `{#a}` is not closed", "add `{/a}`"),
            ("{^a}x", 0, "the part `{^a}` is not closed", "add `{/a}`"),
            ("x{/a}", 1, "`{/a}` closes a part that is not open", "open it with `{#a}`"),
            ("{#a}{#b}{/a}{/b}", 8, "`{/a}` must come after `{/b}`", "close the part at position 4 first"),
        ] {
            let e = Template::parse(template).unwrap_err();
            assert_eq!((e.class(), e.code()), (Class::Plan, "bad_template"), "{template}");
            assert!(e.message().contains(&format!("position {position}: {message}")), "{e}");
            assert!(e.get_help().unwrap().contains(help), "{e}");
        }
    }

    #[test]
    fn deep_nesting_does_not_recurse() {
        let n = 100_000;
        let source = format!("{}x{}", "{#a}".repeat(n), "{/a}".repeat(n));
        assert_eq!(render(&source, &[("a", "1")]).as_deref(), Ok("x"));
    }

    #[test]
    fn head_tail_and_frame_are_literals_of_every_text() {
        for (source, head, tail, frame) in [
            ("", "", "", None),
            ("x", "x", "x", None),
            ("a{c}b", "a", "b", Some(("a", "b"))),
            ("{c}", "", "", Some(("", ""))),
            ("{#c}a{c}b{/c}", "", "", None),
            ("{c}{#c}a{/c}", "", "", None),
            ("a{#c}b{/c}c", "a", "c", None),
            ("{c}{c}", "", "", None),
        ] {
            let t = Template::parse(source).unwrap();
            assert_eq!((t.head(), t.tail(), t.frame()), (head, tail, frame), "{source}");
        }
        let mut t = Template::parse("{#c}a{/c}END").unwrap();
        t.strip_tail("END");
        assert_eq!((t.tail(), t.source()), ("", "{#c}a{/c}END"));
        t.strip_tail("a");
        assert_eq!(t.literals().collect::<Vec<_>>(), ["a"]);
    }
}
