//! The texts of a conversation that a template may print.

use std::sync::Arc;

use super::walk::{Kind, Seen, Step as At, walk};
use crate::template::Data;

/// A step from a message to a text within it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The number and the name of a member.
    Member(usize, Arc<str>),
    Item(usize),
}

/// A text of a message.
#[derive(Debug, Clone)]
pub(in crate::chat) struct Leaf {
    /// The number of its message.
    pub(in crate::chat) message: usize,
    /// What it is.
    pub(in crate::chat) kind: Kind,
    path: Vec<Step>,
}

impl Leaf {
    /// All texts, message by message.
    pub(in crate::chat) fn all(messages: &[Data]) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for (message, data) in messages.iter().enumerate() {
            walk(data, &mut |seen, path| {
                if let Seen::Leaf(kind, _) = seen {
                    leaves.push(Leaf { message, kind, path: path.iter().map(step).collect() });
                }
            });
        }
        leaves
    }

    /// The text.
    pub(in crate::chat) fn text<'a>(&self, messages: &'a [Data]) -> &'a str {
        let start = messages.get(self.message);
        let found = start.and_then(|start| self.path.iter().try_fold(start, step_into));
        found.and_then(Data::text).unwrap_or_default()
    }

    /// Puts another text in its place.
    pub(in crate::chat) fn put(&self, messages: &mut [Data], text: String) {
        let start = messages.get_mut(self.message);
        let found = start.and_then(|start| self.path.iter().try_fold(start, step_into_mut));
        if let Some(place) = found {
            *place = Data::Text(text.into());
        }
    }

    /// `content`, `content.0.text`, `tool_calls.0.function.arguments.city`.
    pub(in crate::chat) fn name(&self) -> String {
        let steps = self.path.iter().map(|step| match step {
            Step::Member(_, name) => name.to_string(),
            Step::Item(i) => i.to_string(),
        });
        steps.collect::<Vec<_>>().join(".")
    }
}

fn step(at: &At<'_>) -> Step {
    match at {
        At::Member(at, name) => Step::Member(*at, Arc::from(*name)),
        At::Item(i) => Step::Item(*i),
    }
}

fn step_into<'a>(data: &'a Data, step: &Step) -> Option<&'a Data> {
    match (data, step) {
        (Data::Map(members), Step::Member(at, _)) => members.get(*at).map(|(_, value)| value),
        (Data::List(items), Step::Item(i)) => items.get(*i),
        _ => None,
    }
}

fn step_into_mut<'a>(data: &'a mut Data, step: &Step) -> Option<&'a mut Data> {
    match (data, step) {
        (Data::Map(members), Step::Member(at, _)) => members.get_mut(*at).map(|(_, value)| value),
        (Data::List(items), Step::Item(i)) => items.get_mut(*i),
        _ => None,
    }
}
