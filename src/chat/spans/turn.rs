//! The turns of the assistant: their parts, their start and their end.

use std::collections::HashSet;

use serde::Serialize;

use super::end_token::{End, EndTokens};
use super::ends::Ends;
use super::escape::forms;
use super::provenance::Provenance;
use super::render::Render;
use super::stand_in::{MARK, bare};
use super::start::{Start, start_of};
use crate::chat::roles::{Roles, TrainedRole};
use crate::template::Data;

/// A text of a turn.
#[derive(Debug, Serialize)]
pub struct TextSpans {
    /// Where it is in the message, such as `content`.
    pub name: String,
    /// How it is printed: `exact`, `trimmed`, `part`, `split`, `escaped`, `twice`, `dropped`, `blank`; or why its place is
    /// not known: `unaligned`, `contradicted`, `edge_unclear`.
    pub state: &'static str,
    /// Where it is printed, in characters of the render.
    pub segments: Vec<(usize, usize)>,
}

/// A turn of a role that trains: the assistant, if nothing else is chosen.
#[derive(Debug, Serialize)]
pub struct TurnSpans {
    /// The number of its message, from 0.
    pub turn: usize,
    /// Its texts.
    pub texts: Vec<TextSpans>,
    /// Where the first character of the turn is, or would be if it is empty; none if it is not printed.
    pub first: Option<usize>,
    /// `ok`, `interleaved` with another message, `reordered`, or `not_printed`.
    pub order: &'static str,
    /// Where the generation prompt before it ends; of another role, where its first text begins.
    pub start: Option<usize>,
    /// `ok` or why there is no start.
    pub start_state: &'static str,
    /// Where the token that ends it begins and ends.
    pub end: Option<(usize, usize)>,
    /// That token.
    pub end_token: Option<String>,
    /// `token`, `after_wrapper`, `next_header`, or why there is none: `other_token`, `none`, `none_at_end`; of another role
    /// than the assistant also `not_learnt` and `no_token`, with an empty one after its last text.
    pub end_state: &'static str,
}

/// The turns of these roles in a conversation; `wrong` are texts whose place was contradicted.
pub(super) fn turns(
    render: &Render,
    messages: &[Data],
    roles: Roles,
    ends: &Ends,
    found: &Provenance,
    wrong: &HashSet<usize>,
) -> Vec<TurnSpans> {
    let places = first_places(found);
    let role = |(i, message)| TrainedRole::of(message).filter(|role| roles.has(*role)).map(|role| (i, role));
    let chosen = messages.iter().enumerate().filter_map(role);
    let turn =
        |(i, role)| turn(render, messages, role, ends.of(render.format, role), found, wrong, &places, i);
    chosen.map(turn).collect()
}

/// The characters of each message; of a text that is printed twice, those of the first time.
fn first_places(found: &Provenance) -> Vec<Vec<usize>> {
    let messages = found.leaves.iter().map(|leaf| leaf.message + 1).max().unwrap_or(0);
    let mut places = vec![Vec::new(); messages];
    let mut seen = HashSet::new();
    for (at, origin) in found.origins.iter().enumerate() {
        let Some(place) = origin else { continue };
        if seen.insert(*place) || at > 0 && found.origins[at - 1] == *origin {
            places[found.leaves[place.0].message].push(at);
        }
    }
    places
}

#[expect(clippy::too_many_arguments, reason = "what is known of the whole conversation, and which turn")]
fn turn(
    render: &Render,
    messages: &[Data],
    role: TrainedRole,
    ends: &EndTokens,
    found: &Provenance,
    wrong: &HashSet<usize>,
    places: &[Vec<usize>],
    i: usize,
) -> TurnSpans {
    let texts = found.leaves.iter().enumerate().filter(|(_, leaf)| leaf.message == i);
    let texts = texts.map(|(n, _)| text_spans(messages, found, wrong, n)).collect();
    let own = places.get(i).map(Vec::as_slice).unwrap_or_default();
    let (first, end) = match (own.first(), own.last()) {
        (Some(first), Some(last)) => (Some(*first), last + 1),
        _ => {
            let place = insertion(render, messages, i, &found.text);
            (place, place.unwrap_or(0))
        }
    };
    let Some(start) = first else {
        let (order, start_state, end_state) = ("not_printed", "not_printed", "not_printed");
        let (start, end, end_token) = (None, None, None);
        return TurnSpans { turn: i, texts, first, order, start, start_state, end, end_token, end_state };
    };
    let message = |at: usize| found.origins[at].map(|(leaf, _)| found.leaves[leaf].message);
    let before = (0..start).rev().find(|at| message(*at).is_some_and(|other| other != i));
    let after = (end..found.text.len()).find(|at| message(*at).is_some()).unwrap_or(found.text.len());
    let order = if (start..end).any(|at| message(at).is_some_and(|other| other != i)) {
        "interleaved"
    } else if before.and_then(message).is_none_or(|other| other < i) {
        "ok"
    } else {
        "reordered"
    };
    let begins = match (found.whole, role) {
        (false, _) => Start { at: None, state: "neighbours_unknown" },
        (true, TrainedRole::Assistant) => {
            start_of(render, messages, i, found, before.map_or(0, |at| at + 1), start)
        }
        // Nothing asks for it: there is no prompt, and its header is no part of it.
        (true, _) => Start { at: Some(start), state: "ok" },
    };
    let has_calls = messages[i].get("tool_calls").and_then(Data::list).is_some_and(|calls| !calls.is_empty());
    let ending = ends.after(&found.text[end..after], end, i + 1 == messages.len(), has_calls);
    let ending = match role {
        TrainedRole::Assistant => ending,
        _ if ends.are_unknown() => End { span: None, token: None, state: "not_learnt" },
        // The template ends such turns with no token.
        _ if ends.are_none() => End { span: Some((end, end)), token: None, state: "no_token" },
        _ => ending,
    };
    TurnSpans {
        turn: i,
        texts,
        first,
        order,
        start: begins.at,
        start_state: begins.state,
        end: ending.span,
        end_token: ending.token,
        end_state: ending.state,
    }
}

fn text_spans(messages: &[Data], found: &Provenance, wrong: &HashSet<usize>, n: usize) -> TextSpans {
    let (state, segments) = state_and_segments(messages, found, n);
    let state = match state {
        "unaligned" | "twice" => state,
        _ if wrong.contains(&n) => "contradicted",
        _ if found.unclear.contains(&n) => "edge_unclear",
        _ => state,
    };
    TextSpans { name: found.leaves[n].name(), state, segments }
}

/// How text number `n` is printed.
pub(super) fn text_state(messages: &[Data], found: &Provenance, n: usize) -> &'static str {
    state_and_segments(messages, found, n).0
}

fn state_and_segments(
    messages: &[Data],
    found: &Provenance,
    n: usize,
) -> (&'static str, Vec<(usize, usize)>) {
    let places = found.places.get(n).map(Vec::as_slice).unwrap_or_default();
    let mut segments: Vec<(usize, usize)> = Vec::new();
    for (at, _) in places {
        match segments.last_mut() {
            Some((_, end)) if *end == *at => *end += 1,
            _ => segments.push((*at, at + 1)),
        }
    }
    if found.lost.contains(&n) {
        return ("unaligned", segments);
    }
    let text: Vec<char> = found.leaves[n].text(messages).chars().collect();
    (state(&text, places, &segments, found), segments)
}

/// How a text is printed.
fn state(
    text: &[char],
    places: &[(usize, usize)],
    segments: &[(usize, usize)],
    found: &Provenance,
) -> &'static str {
    let (start, end) = bare(text);
    let bare = text.get(start..end).unwrap_or_default();
    let (Some((first, _)), Some((last, _))) = (places.first(), places.last()) else {
        return if bare.is_empty() { "blank" } else { "dropped" };
    };
    let printed =
        |places: &[(usize, usize)]| -> String { places.iter().map(|(at, _)| found.text[*at]).collect() };
    // Characters of one origin that are no form of it are several copies of it.
    let copied = |run: &[(usize, usize)]| run.len() > 1 && !forms(text[run[0].1]).contains(&printed(run));
    if !places.is_sorted_by_key(|(_, offset)| *offset) || places.chunk_by(|a, b| a.1 == b.1).any(copied) {
        return "twice";
    }
    let offsets: HashSet<usize> = places.iter().map(|(_, offset)| *offset).collect();
    if offsets.len() < bare.len() {
        return "part";
    }
    if segments.len() > 1 {
        return "split";
    }
    let printed = &found.text[*first..=*last];
    if printed == text {
        "exact"
    } else if printed == bare || text.windows(printed.len()).any(|window| window == printed) {
        "trimmed"
    } else {
        "escaped"
    }
}

/// Where the content of an empty turn would be printed.
fn insertion(render: &Render, messages: &[Data], i: usize, text: &[char]) -> Option<usize> {
    let mut marked = messages.to_vec();
    let Data::Map(members) = marked.get_mut(i)? else { return None };
    let mark = Data::Text(MARK.to_string().into());
    match members.iter_mut().find(|(name, _)| &**name == "content") {
        Some((_, Data::List(_))) => return None,
        Some((_, content)) => *content = mark,
        None => members.push(("content".into(), mark)),
    }
    let got: Vec<char> = render.text(&marked, render.prompt).ok()?.chars().collect();
    let at = got.iter().position(|c| *c == MARK)?;
    (got[..at] == text[..at.min(text.len())] && got[at + 1..] == text[at.min(text.len())..]).then_some(at)
}
