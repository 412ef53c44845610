//! `agent_trace`: the log of an agent's session, one event a row. Recognised, and refused.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec};
use super::dialogue::Dialogue;
use super::misfit::Misfit;
use super::part_columns::PartColumns;
use crate::json::{Json, Kind};

/// The log of an agent's session.
pub(super) struct AgentTrace;

const EVENT: &str = "event";
const STEPS: &str = "steps";
const KIND: &str = "kind";
const SESSION: &str = "session";

const PARTS: &[PartSpec] = &[
    PartSpec::optional(KIND, Holds::Any, &["type"]),
    PartSpec::optional(EVENT, Holds::Any, &["message", "payload"]),
    PartSpec::optional(SESSION, Holds::Any, &["sessionId", "session_id", "parentUuid", "timestamp"]),
    PartSpec::optional(STEPS, Holds::Any, &["trajectory", "trajectories", "steps", "events", "traj"]),
];

/// Keys that the steps of a trajectory have.
const STEP_KEYS: [&str; 6] = ["action", "observation", "thought", "tool", "tool_call", "state"];

impl Dialect for AgentTrace {
    fn name(&self) -> &'static str {
        "agent_trace"
    }

    fn title(&self) -> &'static str {
        "the log of an agent's session"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn candidates(&self, names: &[String]) -> Vec<PartColumns> {
        let find = |spec: &PartSpec| spec.find(names).first().map(|column| (spec.name, (*column).clone()));
        let events: PartColumns = PARTS[..3].iter().filter_map(find).collect();
        let steps: PartColumns = PARTS[3..].iter().filter_map(find).collect();
        [events, steps]
            .into_iter()
            .zip([3, 1])
            .filter(|(found, n)| found.len() == *n)
            .map(|(found, _)| found)
            .collect()
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        if row.has(STEPS) {
            let cell = row.get(STEPS);
            let is_step = |step: &Json<'_>| {
                step.fields(STEP_KEYS).is_some_and(|keys| keys.into_iter().flatten().next().is_some())
            };
            let steps = cell.nested().and_then(Json::elements).unwrap_or_default();
            return match steps.first().is_some_and(is_step) {
                true => Ok(Dialogue::new(Vec::new())),
                false => Err(Misfit::of(STEPS, cell, "a list of actions and observations")),
            };
        }
        let (event, kind) = (row.get(EVENT), row.get(KIND));
        // Some events of a session, such as its summary, have neither a message nor a session.
        let is_event = event.is_null() || event.nested().is_some_and(|json| json.kind == Kind::Object);
        match kind.text() {
            None => Err(Misfit::of(KIND, kind, "the type of an event")),
            Some(_) if !is_event => Err(Misfit::of(EVENT, event, "an object")),
            Some(_) => {
                let distinctive = !event.is_null() && !row.get(SESSION).is_null();
                Ok(Dialogue { distinctive, ..Dialogue::new(Vec::new()) })
            }
        }
    }

    fn refusal(&self) -> Option<&'static str> {
        Some(
            "its rows are the events of a session, not dialogues: convert each session to one row of messages first, and scan \
             these",
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::name_of;

    #[test]
    fn events_and_trajectories() {
        let events = [
            r#"{"type":"summary","summary":"s"}"#,
            r#"{"type":"user","message":{"role":"user","content":"q"},"sessionId":"x","uuid":"y"}"#,
            r#"{"type":"assistant","message":{"role":"assistant","content":[]},"sessionId":"x","uuid":"z"}"#,
        ];
        assert_eq!(name_of(&events), "agent_trace kind=type event=message session=sessionId");
        let rollout = r#"{"timestamp":"t","type":"response_item","payload":{"type":"message"}}"#;
        assert_eq!(name_of(&[rollout]), "agent_trace kind=type event=payload session=timestamp");
        let steps = r#"{"instance_id":"i","trajectory":[{"action":"ls","observation":"a b","thought":"t"}]}"#;
        assert_eq!(name_of(&[steps]), "agent_trace steps=trajectory");
    }
}
