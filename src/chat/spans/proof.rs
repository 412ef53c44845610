//! A render with all that is proven about it.

use super::ends::Ends;
use super::leaf::Leaf;
use super::provenance::{Provenance, contradicted, origins};
use super::render::Render;
use super::turn::{self, TurnSpans};
use crate::chat::roles::Roles;
use crate::chat::{ChatFormat, Conversation};
use crate::template::{Data, Failure};

/// A render, the turns of the chosen roles in it, and what of the other messages it does not print.
#[derive(Debug)]
pub(in crate::chat) struct Proof {
    /// The characters of the render, and where they come from.
    pub(in crate::chat) found: Provenance,
    /// The turns of the chosen roles.
    pub(in crate::chat) turns: Vec<TurnSpans>,
    /// Texts of other messages that are not printed, or not as a whole.
    pub(in crate::chat) lost: Vec<Lost>,
}

/// A text that a template does not print as a whole.
#[derive(Debug)]
pub(in crate::chat) struct Lost {
    /// The number of its message, from 0.
    pub(in crate::chat) message: usize,
    /// Where it is in the message, such as `content`.
    pub(in crate::chat) name: String,
    /// `dropped` or `part`.
    pub(in crate::chat) state: &'static str,
}

/// Renders a conversation, with the generation prompt if asked for, and proves what can be proven, of the turns of these
/// roles above all. No text may hold characters of the private use planes.
///
/// # Errors
/// It cannot be rendered.
pub(in crate::chat) fn prove(
    format: &ChatFormat,
    conversation: &Conversation,
    prompt: bool,
    roles: Roles,
    ends: &Ends,
) -> Result<Proof, Failure> {
    let render = Render { format, conversation, prompt };
    let messages = &conversation.messages;
    let found = origins(&render, messages)?;
    let wrong = contradicted(&render, messages, roles, &found);
    let turns = turn::turns(&render, messages, roles, ends, &found, &wrong);
    let lost = lost(messages, roles, &found);
    Ok(Proof { found, turns, lost })
}

fn lost(messages: &[Data], roles: Roles, found: &Provenance) -> Vec<Lost> {
    let others = |(_, leaf): &(usize, &Leaf)| found.whole && !roles.have(&messages[leaf.message]);
    let leaves = found.leaves.iter().enumerate().filter(others);
    let lost = leaves.filter_map(|(n, leaf)| {
        let state = turn::text_state(messages, found, n);
        matches!(state, "dropped" | "part").then(|| Lost { message: leaf.message, name: leaf.name(), state })
    });
    lost.collect()
}
