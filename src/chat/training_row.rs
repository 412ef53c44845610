//! A conversation as a row for training: its text, and spans that say what trains.

pub use super::fault::ChatFault;
use super::kind_weights::KindWeights;
use super::kinds::Kinds;
use super::open_end::open_end;
use super::roles::{Roles, TrainedRole};
use super::spans::{Lost, Proof};
use super::trained::Trained;
use super::{Conversation, TextSpans, TurnSpans};
pub(super) use crate::record::reason::NOT_PROVEN;
pub(super) use crate::record::reason::{CUT, PROMPT_DIFFERS};
use crate::record::reason::{NO_END_TOKEN, NO_PROMPT, NOT_PRINTED, PRINTED_TWICE, REPR, TURN_INTERLEAVED};
use crate::record::turns::{Branch, Role, Span, SpanKind};
use crate::template::Data;
use crate::word::Word;

/// A conversation as a row.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// The text that the model sees.
    pub text: String,
    /// Spans that cover it.
    pub spans: Vec<Span>,
    /// What the template does not print.
    pub faults: Vec<ChatFault>,
    /// How the marks of the template differ from what is proven to train.
    pub marks: Vec<&'static str>,
}

/// The part of a text that a turn trains, in characters.
struct Region {
    start: usize,
    end: usize,
    weight: f32,
    role: TrainedRole,
    /// Where each kind ends; empty where kinds do not matter.
    kinds: Vec<(usize, SpanKind)>,
}

/// A conversation as a row for training, or why no exact mask exists.
pub type Masked = Result<TrainingRow, ChatFault>;

/// The row of a render about which all that can be is proven. `keeps_open` says that the last turn may have no end.
pub(super) fn masked(
    conversation: &Conversation,
    proof: &Proof,
    trained: Trained,
    roles: Roles,
    kinds: Option<Kinds<'_>>,
    keeps_open: bool,
) -> Masked {
    let mut faults: Vec<ChatFault> = proof.lost.iter().map(of_lost).collect();
    let last = proof.turns.last().map(|turn| turn.turn);
    let mut regions: Vec<Region> = Vec::new();
    for turn in &proof.turns {
        faults.extend(lost_texts(turn));
        let message = &conversation.messages[turn.turn];
        let weight = weight(message);
        let Some(role) = TrainedRole::of(message).filter(|role| roles.has(*role)) else { continue };
        let is_trained = weight > 0.0 && trained.trains(turn.turn, last);
        match (is_trained, turn.first) {
            (false, _) => {}
            (true, Some(_)) => {
                let (start, end) = region(proof, role, turn, keeps_open)?;
                if regions.last().is_some_and(|before| before.role != role && before.end > start) {
                    let detail = format!("message {} begins within the turn before it", turn.turn);
                    return Err(ChatFault { code: NOT_PROVEN, message: turn.turn, member: None, detail });
                }
                let answer = kinds.filter(|_| role == TrainedRole::Assistant);
                let kinds = answer.map(|kinds| kinds.of_turn(conversation, proof, turn.turn, (start, end)));
                let kinds = kinds.transpose()?.unwrap_or_default();
                // Without a text between them, they are encoded at once, and it is not known which factor a token has.
                let touches = regions.last().is_some_and(|before| before.end >= start && before.role == role);
                if touches
                    && !kinds.is_empty()
                    && regions.last().is_some_and(|before| before.weight != weight)
                {
                    let detail = format!(
                        "message {} follows a turn of another weight without a text between",
                        turn.turn
                    );
                    return Err(ChatFault { code: NOT_PROVEN, message: turn.turn, member: None, detail });
                }
                regions.push(Region { start, end, weight, role, kinds });
            }
            (true, None) => check_not_printed(turn)?,
        }
    }
    faults.sort_by_key(|fault| fault.message);
    let weights = kinds.map(|kinds| kinds.weights).unwrap_or_default();
    let spans = spans(conversation, proof, &regions, weights);
    Ok(TrainingRow { text: proof.found.text.iter().collect(), spans, faults, marks: Vec::new() })
}

fn of_lost(lost: &Lost) -> ChatFault {
    let Lost { message, name, state } = lost;
    let (code, what) = if *state == "part" { (CUT, "only a part of") } else { (NOT_PRINTED, "nothing of") };
    let detail = format!("the template prints {what} `{name}` of message {message}");
    let member = name.split('.').next().map(str::to_string);
    ChatFault { code, message: *message, member, detail }
}

/// The texts of a turn that are not printed as a whole.
fn lost_texts(turn: &TurnSpans) -> impl Iterator<Item = ChatFault> {
    let lost = turn.texts.iter().filter(|text| matches!(text.state, "dropped" | "part"));
    lost.map(|text| of_lost(&Lost { message: turn.turn, name: text.name.clone(), state: text.state }))
}

/// Checks a turn that has no place in the render.
///
/// # Errors
/// It is not proven that the template prints nothing of it. Otherwise its texts have faults that say so.
fn check_not_printed(turn: &TurnSpans) -> Result<(), ChatFault> {
    let i = turn.turn;
    let is_unknown = |text: &&TextSpans| !matches!(text.state, "dropped" | "blank");
    let detail = match turn.texts.iter().find(is_unknown) {
        Some(TextSpans { name, .. }) => {
            format!("where `{name}` of message {i} is printed cannot be proven")
        }
        None if turn.texts.iter().any(|text| text.state == "dropped") => return Ok(()),
        None => format!("where message {i}, an empty turn, would be printed cannot be proven"),
    };
    Err(ChatFault { code: NOT_PROVEN, message: i, member: None, detail })
}

/// Where the trained part of a turn of a role begins and ends, in characters. `keeps_open` says that the last one may have
/// no end.
pub(super) fn region(
    proof: &Proof,
    role: TrainedRole,
    turn: &TurnSpans,
    keeps_open: bool,
) -> Result<(usize, usize), ChatFault> {
    let i = turn.turn;
    let fault = |code, detail| Err(ChatFault { code, message: i, member: None, detail });
    match turn.order {
        "ok" => {}
        "not_printed" => return fault(NOT_PRINTED, format!("the template prints nothing of message {i}")),
        "interleaved" => {
            return fault(TURN_INTERLEAVED, format!("the template prints other messages within message {i}"));
        }
        _ => return fault(TURN_INTERLEAVED, format!("the template prints message {i} after later ones")),
    }
    if proof.found.repr {
        return fault(REPR, "the template prints parts of messages as Python's `repr`".to_string());
    }
    for TextSpans { name, state, .. } in &turn.texts {
        match *state {
            "twice" => {
                return fault(PRINTED_TWICE, format!("the template prints `{name}` of message {i} twice"));
            }
            "unaligned" | "contradicted" => {
                return fault(
                    NOT_PROVEN,
                    format!("where `{name}` of message {i} is printed cannot be proven"),
                );
            }
            "edge_unclear" => {
                let detail =
                    format!("white space beside `{name}` of message {i} may be the template's or its own");
                return fault(NOT_PROVEN, detail);
            }
            _ => {}
        }
    }
    let Some(start) = turn.start else {
        let (code, why) = match turn.start_state {
            "first_message" => (NO_PROMPT, "no message is before"),
            "prompt_longer" => {
                (PROMPT_DIFFERS, "the generation prompt is longer than what the template prints before")
            }
            "prompt_differs" => {
                (PROMPT_DIFFERS, "the generation prompt is not what the template prints before")
            }
            "prefix_fails" => (PROMPT_DIFFERS, "the template does not render the messages before"),
            _ if role != TrainedRole::Assistant => {
                (NOT_PROVEN, "the template's own text cannot be proven before")
            }
            _ => (NOT_PROVEN, "the end of the generation prompt cannot be proven before"),
        };
        return fault(code, format!("{why} message {i}, a turn of the {}", role.name()));
    };
    if keeps_open
        && turn.end_state == "none_at_end"
        && let Some(end) = open_end(proof, turn).filter(|end| *end >= start)
    {
        return Ok((start, end));
    }
    match (turn.end, &turn.end_token) {
        (Some((_, end)), _) => Ok((start, end)),
        (None, Some(token)) => {
            fault(NO_END_TOKEN, format!("message {i} is followed by {token:?}, which ends no other turn"))
        }
        (None, None) if turn.end_state == "not_learnt" => {
            let detail = format!("how the template ends turns of the {} could not be learnt", role.name());
            fault(NOT_PROVEN, detail)
        }
        (None, None) => fault(NO_END_TOKEN, format!("no token ends message {i}")),
    }
}

/// The factor that a message gives its turn.
pub(super) fn weight(message: &Data) -> f32 {
    let given = ["weight", "loss_weight", "train", "loss"].iter().find_map(|name| message.get(name));
    match given {
        Some(Data::Bool(trains)) => f32::from(u8::from(*trains)),
        Some(Data::Number(number)) => {
            number.parse().ok().filter(|weight: &f32| weight.is_finite() && *weight >= 0.0).unwrap_or(1.0)
        }
        _ => 1.0,
    }
}

/// The spans of a render: cut at each region, where the role changes, and between data and template. What the template
/// writes before a message is of the message's role.
fn spans(conversation: &Conversation, proof: &Proof, regions: &[Region], weights: KindWeights) -> Vec<Span> {
    let roles: Vec<Role> = conversation.messages.iter().map(role).collect();
    let found = &proof.found;
    let last = (0..found.text.len()).rev().find_map(|at| found.message(at));
    let mut role_at = vec![last.map_or(Role::System, |message| roles[message]); found.text.len()];
    for at in (0..found.text.len().saturating_sub(1)).rev() {
        role_at[at] = found.message(at).map_or(role_at[at + 1], |message| roles[message]);
    }
    let mut spans: Vec<Span> = Vec::new();
    let mut end = 0u32;
    let mut regions = regions.iter().peekable();
    for (at, c) in found.text.iter().enumerate() {
        while regions.next_if(|region| region.end <= at).is_some() {}
        let region = regions.peek().filter(|region| region.start <= at);
        let kind =
            region.and_then(|region| region.kinds.iter().find(|(end, _)| at < *end)).map(|(_, kind)| *kind);
        let factor = kind.map_or(1.0, |kind| weights.of(kind));
        let trained = region.is_some() && factor > 0.0;
        let weight = region.filter(|_| trained).map_or(1.0, |region| region.weight * factor);
        let role = region.map_or(role_at[at], |region| region.role.of_spans());
        end += c.len_utf8() as u32;
        let from_data = found.message(at).is_some();
        let span = Span { end, role, trained, from_data, weight, branch: Branch::Main, kind };
        match spans.last_mut() {
            Some(last) if (Span { end, ..*last }) == span => *last = span,
            _ => spans.push(span),
        }
    }
    spans
}

fn role(message: &Data) -> Role {
    match message.get("role").and_then(Data::text).unwrap_or_default() {
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        "tool" | "function" => Role::Tool,
        _ => Role::User,
    }
}
