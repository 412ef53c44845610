//! What becomes of conversations when a chat template renders them, for `inspect`.

use crate::chat::{ChatFault, ChatRows, Conversation, History, Masked, ToolArguments, TrainedTurns};
use crate::error::Result;
use crate::format::{OpenConversations, ReadConversations};
use crate::inspect::{OpenRendered, RenderFault, RenderRows, Rendered};
use crate::record::{Batch, finding, reason};

/// Rows of a dialect that a chat template renders, with the options of `format`.
pub(super) struct RenderedConversations {
    pub(super) chat: ChatRows,
    pub(super) rows: Box<dyn ReadConversations>,
    pub(super) train: TrainedTurns,
    pub(super) history: History,
    pub(super) tool_arguments: ToolArguments,
}

impl RenderedConversations {
    /// What becomes of a conversation.
    fn rendered(&self, conversation: &Conversation) -> Result<Rendered> {
        let turns = match self.history {
            History::AsRendered => Vec::new(),
            History::SplitTurns => self.chat.trained_turns(conversation, self.train),
        };
        if turns.is_empty() {
            return self.chat.training_row(conversation, self.train).map(of_row);
        }
        let mut all = Rendered::default();
        for turn in turns {
            let row = of_row(self.chat.turn_row(conversation, turn)?);
            all.is_trained |= row.is_trained;
            all.faults.extend(row.faults);
        }
        Ok(all)
    }
}

fn of_row(row: Masked) -> Rendered {
    let row = match row {
        Ok(row) => row,
        // Of such a row it is not known what trains.
        Err(fault) => return Rendered { is_trained: true, faults: vec![of_fault(fault)] },
    };
    let mut faults: Vec<RenderFault> = row.faults.into_iter().map(of_fault).collect();
    if !row.marks.is_empty() {
        let detail = format!("the marks differ: {}", row.marks.join(", "));
        faults.push(RenderFault { code: finding::GENERATION_MARKS, message: 0, detail });
    }
    Rendered { is_trained: row.spans.iter().any(|span| span.trained), faults }
}

fn of_fault(fault: ChatFault) -> RenderFault {
    RenderFault { code: fault.code, message: fault.message as u32 + 1, detail: fault.detail }
}

impl RenderRows for RenderedConversations {
    fn open<'b>(&'b self, batch: &'b Batch) -> Result<Box<dyn OpenRendered + 'b>> {
        Ok(Box::new(Open { rows: self, opened: self.rows.open(batch)? }))
    }
}

struct Open<'b> {
    rows: &'b RenderedConversations,
    opened: Box<dyn OpenConversations + 'b>,
}

impl OpenRendered for Open<'_> {
    fn row(&self, i: usize) -> Result<Option<Rendered>> {
        let mut parsed = None;
        let read = self.opened.row(i, &mut |json| parsed = Some(json.conversation()));
        // `inspect` counts rows that are none of their dialect.
        let (Ok(()), Some(parsed)) = (read, parsed) else { return Ok(None) };
        let refused = |code, detail| {
            let faults = vec![RenderFault { code, message: 0, detail }];
            Ok(Some(Rendered { is_trained: true, faults }))
        };
        let rendered = match parsed {
            Ok(Ok(conversation)) => {
                self.rows.rendered(&conversation.with_arguments(self.rows.tool_arguments))
            }
            Ok(Err(detail)) => return refused(reason::BAD_MESSAGES, detail),
            Err(e) => Err(e),
        };
        let codes = [reason::BAD_MESSAGES, reason::CHAT_NOT_RENDERED];
        match rendered {
            Ok(rendered) => Ok(Some(rendered)),
            Err(e) => match codes.into_iter().find(|code| *code == e.code()) {
                Some(code) => refused(code, e.message().to_string()),
                None => Err(e),
            },
        }
    }
}
