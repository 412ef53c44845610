//! The token that ends a turn of the assistant, learnt from how a template continues after one.

use std::collections::HashSet;

use super::control_token;
use super::probe::replied;
use super::provenance::{Provenance, origins};
use super::render::Render;
use crate::chat::roles::TrainedRole;
use crate::chat::{ChatFormat, Conversation};
use crate::template::{Data, is_space};

/// How a template ends the turns of the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chat) enum Ending {
    /// With one token.
    Same,
    /// With another one at the end of the conversation.
    OtherAtEnd,
    /// With a token in the middle, and none at the end.
    MissingAtEnd,
    /// With nothing of its own: the token that opens the next turn stops the model.
    NextHeader,
    /// With no token at all.
    None,
    /// A plain turn is not printed, or not rendered.
    Dropped,
}

/// The tokens that end turns.
#[derive(Debug, Clone)]
pub(in crate::chat) struct EndTokens {
    pub(super) ending: Ending,
    middle: Option<Vec<char>>,
    end: Option<Vec<char>>,
}

const DIALOGUE: [(&str, &str); 2] =
    [("user", "How many legs does a spider have?"), ("assistant", "A spider has eight of them.")];

const INSTRUCTION: (&str, &str) = ("system", "Answer in whole sentences.");

const NEXT: [Option<(&str, &str)>; 4] = [
    None,
    Some(("user", "What about ants?")),
    Some(("assistant", "Insects have six.")),
    Some(("system", "Please reply in Spanish now.")),
];

const AFTER_SYSTEM: [(&str, &str); 2] = [("user", "Can it swim?"), ("assistant", "Some kinds can.")];

fn said((role, content): (&str, &str)) -> Data {
    Data::Map(vec![("role".into(), Data::Text(role.into())), ("content".into(), Data::Text(content.into()))])
}

/// The tokens that end the turns of a role.
pub(super) fn learn(format: &ChatFormat, role: TrainedRole) -> EndTokens {
    let plain = Conversation::default();
    let render = |conversation| Render { format, conversation, prompt: false };
    let [question, answer] = DIALOGUE.map(said);
    match role {
        TrainedRole::Assistant => learn_after(&render(&plain), role, &[question, answer]),
        TrainedRole::User => learn_after(&render(&plain), role, &[question]),
        TrainedRole::System => learn_after(&render(&plain), role, &[said(INSTRUCTION)]),
        TrainedRole::Tool => match replied() {
            Some((tools, messages)) => learn_after(&render(&tools), role, &messages),
            None => EndTokens { ending: Ending::Dropped, middle: None, end: None },
        },
    }
}

/// Learns the tokens from a conversation whose last message is of the role, and which goes on in several ways.
fn learn_after(render: &Render, role: TrainedRole, before: &[Data]) -> EndTokens {
    let mut after: [Option<Vec<char>>; 4] = [None, None, None, None];
    let mut openers: HashSet<Vec<char>> = HashSet::new();
    for (next, place) in NEXT.iter().zip(&mut after) {
        let mut messages = before.to_vec();
        messages.extend(next.map(said));
        if next.is_some_and(|(role, _)| role == "system") {
            messages.extend(AFTER_SYSTEM.map(said));
        }
        let Some(found) = origins(render, &messages).ok().filter(|found| found.whole) else { continue };
        *place = literal_after(&found, before.len().saturating_sub(1), next.is_some());
        if next.is_none() && place.is_some() {
            openers = openers_of(&found, render.format.bos());
        }
    }
    let [at_end, rest @ ..] = &after;
    let middle: Vec<&Vec<char>> = rest.iter().flatten().collect();
    // Templates may refuse a conversation that ends with another message than one of the assistant.
    let is_known = at_end.is_some() || role != TrainedRole::Assistant && !middle.is_empty();
    if !is_known {
        return EndTokens { ending: Ending::Dropped, middle: None, end: None };
    }
    let user = rest[0].as_deref().filter(|_| role == TrainedRole::Assistant).and_then(token);
    let own = common(&middle).and_then(token).or(user);
    let end = at_end.as_deref().and_then(token);
    let ending = match (&end, &own) {
        (Some(end), Some(own)) if end != own => Ending::OtherAtEnd,
        (Some(_), _) => Ending::Same,
        (None, Some(own)) if openers.contains(own) => Ending::NextHeader,
        (None, Some(_)) => Ending::MissingAtEnd,
        (None, None) => Ending::None,
    };
    EndTokens { ending, middle: own.or_else(|| end.clone()), end }
}

/// The template's own text after the turn of message `turn`, up to the next text or the end.
fn literal_after(found: &Provenance, turn: usize, has_next: bool) -> Option<Vec<char>> {
    let message = |at: usize| found.origins[at].map(|(leaf, _)| found.leaves[leaf].message);
    let length = found.text.len();
    let last = (0..length).rev().find(|at| message(*at) == Some(turn))?;
    let next = (last + 1..length).find(|at| message(*at).is_some());
    if has_next && next.and_then(message) != Some(turn + 1) {
        return None;
    }
    Some(found.text[last + 1..next.unwrap_or(length)].to_vec())
}

/// The first and the last control token before the first text: those that open turns.
fn openers_of(found: &Provenance, bos: Option<&str>) -> HashSet<Vec<char>> {
    let first = found.origins.iter().position(Option::is_some).unwrap_or(0);
    let text = &found.text[..first];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some((start, end)) = control_token::find(text, at) {
        let token = text[start..end].to_vec();
        if !bos.is_some_and(|bos| token.iter().copied().eq(bos.chars())) {
            tokens.push(token);
        }
        at = end;
    }
    [tokens.first(), tokens.last()].into_iter().flatten().cloned().collect()
}

/// The control token that a text begins with, after white space.
fn token(text: &[char]) -> Option<Vec<char>> {
    let (start, end) = control_token::find(text, 0)?;
    text[..start].iter().all(|c| is_space(*c)).then(|| text[start..end].to_vec())
}

/// What all texts begin with; none if there is no text.
fn common<'a>(texts: &[&'a Vec<char>]) -> Option<&'a [char]> {
    let (first, rest) = texts.split_first()?;
    let length =
        (0..first.len()).take_while(|&i| rest.iter().all(|text| text.get(i) == Some(&first[i]))).count();
    Some(&first[..length])
}

/// The end of a turn.
#[derive(Debug)]
pub(super) struct End {
    /// Where the token begins and ends.
    pub(super) span: Option<(usize, usize)>,
    pub(super) token: Option<String>,
    pub(super) state: &'static str,
}

impl EndTokens {
    /// Whether it could not be learnt how the template ends such turns.
    pub(super) fn are_unknown(&self) -> bool {
        self.ending == Ending::Dropped
    }

    /// Whether no token ends such turns.
    pub(super) fn are_none(&self) -> bool {
        self.end.is_none() && self.middle.is_none()
    }

    /// The tokens that end turns: that at the end of a conversation, then that before another turn.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &[char]> {
        [&self.end, &self.middle].into_iter().flatten().map(Vec::as_slice)
    }

    /// The token in the template's own text `post`, which begins at `end`.
    pub(super) fn after(&self, post: &[char], end: usize, is_last: bool, has_calls: bool) -> End {
        let order = if is_last { [&self.end, &self.middle] } else { [&self.middle, &self.end] };
        for token in order.into_iter().flatten() {
            let Some(at) = post.windows(token.len()).position(|window| window == token) else { continue };
            let state = match (post[..at].iter().all(|c| is_space(*c)), self.ending) {
                (_, Ending::NextHeader) => "next_header",
                (true, _) => "token",
                (false, _) => "after_wrapper",
            };
            let span = Some((end + at, end + at + token.len()));
            return End { span, token: Some(token.iter().collect()), state };
        }
        if let Some((start, to)) = control_token::find(post, 0).filter(|_| has_calls) {
            return End { span: None, token: Some(post[start..to].iter().collect()), state: "other_token" };
        }
        End { span: None, token: None, state: if is_last { "none_at_end" } else { "none" } }
    }
}
