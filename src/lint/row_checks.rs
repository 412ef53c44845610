//! What is about one line.

use super::broken::Broken;
use super::limit::Target;
use super::message_checks;
use super::output_checks;
use super::row::{Row, value};
use super::row_key::row_key;
use super::rule::Rule;
use crate::json::{Json, JsonError, Kind, excerpt};

/// A line that was looked at.
pub(super) struct Checked {
    pub(super) broken: Vec<Broken>,
    /// The key of the conversation; none where there is none.
    pub(super) key: Option<u128>,
}

/// What is wrong with the text of a line, before there is a row.
enum NoRow {
    Blank,
    Utf8(usize),
    Json(JsonError),
    NotAnObject(String),
}

/// Whether a line is blank, and so no row.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'))
}

/// Looks at a line. The key is for comparing rows, if they are compared.
pub(super) fn check_line(target: &Target, line: &[u8], number: u64, is_compared: bool) -> Checked {
    let members = match members(line) {
        Ok(members) => members,
        Err(no_row) => {
            let broken = target.broken(Some(number), |rule| no_row.breach(rule));
            return Checked { broken, key: None };
        }
    };
    let row = Row::new(members, target.has_pairs);
    let broken = target.broken(Some(number), |rule| breach(rule, &row));
    let key = (is_compared && row.no_messages.is_none()).then(|| row_key(&row));
    Checked { broken, key }
}

fn members(line: &[u8]) -> Result<super::row::Members<'_>, NoRow> {
    if is_blank(line) {
        return Err(NoRow::Blank);
    }
    let text = std::str::from_utf8(line).map_err(|e| NoRow::Utf8(e.valid_up_to()))?;
    let json = Json::try_parse(text).map_err(NoRow::Json)?;
    json.members().ok_or_else(|| NoRow::NotAnObject(json.describe()))
}

impl NoRow {
    fn breach(&self, rule: Rule) -> Option<String> {
        match (rule, self) {
            (Rule::NoBlankLines, NoRow::Blank) => Some("blank".into()),
            (Rule::Utf8, NoRow::Utf8(at)) => Some(format!("at byte {at} of the line")),
            (Rule::Json, NoRow::Json(e)) => Some(e.within("line")),
            (Rule::Object, NoRow::NotAnObject(found)) => Some(found.clone()),
            _ => None,
        }
    }
}

fn breach(rule: Rule, row: &Row<'_>) -> Option<String> {
    match rule {
        Rule::Messages | Rule::InputMessages => row.no_messages.clone(),
        Rule::Outputs(roles, most) => output_checks::breach(row, roles, most),
        Rule::DifferentOutputs => output_checks::same(row),
        Rule::MessageRoles => row.no_role.clone(),
        Rule::Keys(known) => {
            let (key, _) = row.members.iter().find(|(key, _)| !known.contains(&key.as_ref()))?;
            Some(format!("`{}`", excerpt(key)))
        }
        Rule::OneFormat => {
            let has = |key: &str| value(&row.members, key).is_some();
            let other = [
                (has("text"), "`text`"),
                (has("prompt") && has("completion"), "`prompt` and `completion`"),
                (has("input") && has("preferred_output"), "`input` and `preferred_output`"),
            ];
            let (_, keys) = other.into_iter().find(|(found, _)| *found && has("messages"))?;
            Some(format!("`messages`, and {keys}"))
        }
        Rule::SystemBlocks => {
            let system = value(row.body(), "system")?;
            let is_block = |block: &Json<'_>| block.kind == Kind::Object;
            let fits = system.elements().is_some_and(|blocks| blocks.iter().all(is_block));
            (!fits).then(|| system.describe())
        }
        Rule::Tools => super::tool_checks::tools(row, &["name"]),
        Rule::DescribedTools => super::tool_checks::tools(row, &["name", "description", "parameters"]),
        Rule::ToolConfig => super::block_checks::tool_config(row),
        // Where a message is not read, nothing is said about the order of messages.
        _ if row.no_messages.is_some() || row.no_role.is_some() => None,
        Rule::CallBlocks => super::block_checks::calls(row),
        Rule::ResultBlocks => super::block_checks::results(row),
        Rule::NoTools => super::block_checks::any(row),
        _ => message_checks::breach(rule, &row.messages, row.body()),
    }
}
