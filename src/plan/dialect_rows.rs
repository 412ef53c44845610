//! The rows of a dialect, and rows of columns of text, as `inspect` sees them.

use arrow::array::{Array, StringViewArray};

use crate::dialect::{Cell, Dialect, Dialogue, PartCells, PartColumns, Role, TextKind, Turn};
use crate::error::Result;
use crate::inspect::{CallTexts, OpenRows, OwnText, ReadRows, Row, Speaker, Text};
use crate::record::turns::Branch;
use crate::record::{Batch, text_views};

/// Rows of a dialect.
pub(super) struct DialectRows {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) columns: PartColumns,
    /// What the format that rendered the rows wrote around their texts, if one did.
    pub(super) own: Option<OwnText>,
}

impl ReadRows for DialectRows {
    fn open<'b>(&'b self, batch: &'b Batch) -> Result<Box<dyn OpenRows + 'b>> {
        let cells = PartCells::new(&batch.records, &self.columns)?;
        Ok(Box::new(OpenDialect { dialect: self.dialect, cells, own: self.own.as_ref() }))
    }

    fn has_turns(&self) -> bool {
        true
    }

    fn own_text(&self) -> Option<&OwnText> {
        self.own.as_ref()
    }
}

struct OpenDialect<'o> {
    dialect: &'static dyn Dialect,
    cells: PartCells,
    own: Option<&'o OwnText>,
}

impl OpenRows for OpenDialect<'_> {
    fn row(&self, i: usize, take: &mut dyn FnMut(&Row<'_>)) -> Result<(), String> {
        let row = self.cells.row(i);
        let dialogue = self.dialect.read(&row);
        let dialogue = match &dialogue {
            Ok(dialogue) => dialogue,
            // A pair without an answer is a row whose answer is empty.
            Err(misfit) if misfit.unanswered => {
                return self.unanswered(row, take).ok_or_else(|| misfit.to_string());
            }
            Err(misfit) => return Err(misfit.to_string()),
        };
        take(&self.row_of(dialogue));
        Ok(())
    }
}

impl OpenDialect<'_> {
    /// Takes a row whose answer is null as one whose answer is empty.
    fn unanswered(&self, mut row: crate::dialect::Row<'_>, take: &mut dyn FnMut(&Row<'_>)) -> Option<()> {
        let part = self.dialect.read(&row).err()?.part;
        let (_, cell) = row.0.iter_mut().find(|(name, _)| *name == part)?;
        *cell = Cell::Text("".into());
        let dialogue = self.dialect.read(&row).ok()?;
        take(&self.row_of(&dialogue));
        Some(())
    }

    fn row_of<'r>(&self, dialogue: &'r Dialogue<'_>) -> Row<'r> {
        let mut row = Row { tools: dialogue.tools.as_deref(), label: dialogue.label, ..Row::default() };
        for (number, turn) in (1..).zip(&dialogue.turns) {
            let speaker = speaker(turn, dialogue.label);
            let before = row.texts.len();
            for said in &turn.texts {
                let speaker = if said.kind == TextKind::Reasoning { Speaker::Thought } else { speaker };
                row.texts.push(Text { branch: turn.branch, ..self.text(speaker, number, &said.text) });
            }
            for call in &turn.calls {
                let name = row.texts.len();
                row.calls.push(CallTexts { name, arguments: call.arguments.as_ref().map(|_| name + 1) });
                let texts = [Some(&call.name), call.arguments.as_ref()];
                let texts = texts.into_iter().flatten();
                let call = |text| Text { branch: turn.branch, ..Text::new(Speaker::Call, number, text) };
                row.texts.extend(texts.map(|text| call(text)));
            }
            if row.texts.len() == before {
                row.texts.push(Text { branch: turn.branch, ..Text::new(speaker, number, "") });
            }
        }
        row
    }

    /// A text of a turn, without what a format wrote around it.
    fn text<'r>(&self, speaker: Speaker, turn: u32, whole: &'r str) -> Text<'r> {
        let text = match (self.own, speaker) {
            (Some(own), Speaker::User) => own.prompt.without(whole),
            (Some(own), Speaker::Answer | Speaker::Rejected) => own.answer.without(whole),
            _ => whole,
        };
        Text { text, ..Text::new(speaker, turn, whole) }
    }
}

fn speaker(turn: &Turn<'_>, label: Option<bool>) -> Speaker {
    match turn.role {
        Role::System | Role::Developer => Speaker::System,
        Role::User => Speaker::User,
        Role::Tool => Speaker::Tool,
        Role::Assistant if turn.branch == Branch::Rejected => Speaker::Rejected,
        Role::Assistant if label == Some(false) => Speaker::Rejected,
        Role::Assistant => Speaker::Answer,
    }
}

/// Rows whose dialect is unknown: all columns of text.
pub(super) struct TextRows(pub(super) Vec<String>);

impl ReadRows for TextRows {
    fn open<'b>(&'b self, batch: &'b Batch) -> Result<Box<dyn OpenRows + 'b>> {
        let views = |name: &String| text_views(batch.column(name)?.as_ref());
        Ok(Box::new(OpenTexts(self.0.iter().map(views).collect::<Result<_>>()?)))
    }

    fn has_turns(&self) -> bool {
        false
    }
}

struct OpenTexts(Vec<StringViewArray>);

impl OpenRows for OpenTexts {
    fn row(&self, i: usize, take: &mut dyn FnMut(&Row<'_>)) -> Result<(), String> {
        let columns = (1..).zip(&self.0).filter(|(_, column)| column.is_valid(i));
        let texts = columns.map(|(turn, column)| Text::new(Speaker::Column, turn, column.value(i)));
        take(&Row { texts: texts.collect(), ..Row::default() });
        Ok(())
    }
}
