//! The columns of a step that repairs text.

use super::ReadAs;
use super::chain_checks::{check_keeps_proof, is_proven};
use crate::dialect::{MessageEdit, Role};
use crate::error::{Class, Error, Result, missing_column};
use crate::flow::Edit;
use crate::format::{PromptFormat, Template};
use crate::plan::columns::{Columns, Use};
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Step, prompt_format};
use crate::record::is_text;
use crate::record::schema::{COMPLETION, PROMPT, is_json, type_name};
use crate::repair::EditStage;

/// The columns of prompt and completion in the templates of the format; without a format `prompt` and `completion`.
pub(super) fn raw_columns(format: Option<&PromptFormat>) -> (Vec<String>, Vec<String>) {
    let Some(format) = format else { return (vec![PROMPT.into()], vec![COMPLETION.into()]) };
    let names = |t: &Template| t.columns().iter().map(|c| c.name.clone()).collect();
    (names(format.prompt()), names(format.completion()))
}

/// What a step edits: text columns, or the texts of messages.
#[derive(Clone, Copy)]
pub(super) struct Edited<'v> {
    /// The name of the verb.
    pub(super) verb: &'static str,
    /// The columns that the user has named; none means that the chain says which they are.
    pub(super) columns: Option<&'v [String]>,
    /// The roles of the messages whose texts are edited; none means that the columns are text.
    pub(super) on: Option<&'v [Role]>,
}

impl Edited<'_> {
    /// Checks that the step may follow the steps `before`.
    pub(super) fn check(self, before: &[Step]) -> Result<()> {
        if self.on.is_some() && self.columns.is_none() && !before.iter().any(|step| step.is::<ReadAs>()) {
            let message = format!("{}: `on` needs the columns of messages", self.verb);
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("name them: columns=\"messages\"; or put read_as before this step"));
        }
        let is_any_proven = match self.columns {
            Some(columns) => columns.iter().any(|name| is_proven(before, name)),
            None => self.on.is_none(),
        };
        check_keeps_proof(self.verb, before, is_any_proven)
    }

    /// Records that the columns are used.
    pub(super) fn use_columns(self, columns: &mut Columns<'_>) -> Result<()> {
        let used = if self.on.is_some() { Use::Read } else { Use::Text(self.verb) };
        match self.columns {
            Some(named) => columns.use_all(named, used),
            // read_as uses them.
            None if self.on.is_some() => Ok(()),
            None => self.texts(columns.format()).iter().try_for_each(|name| {
                let or = ", or name the columns to change: columns=";
                columns.use_column(name, used).map_err(|e| columns.suggest_format(e, name, or))
            }),
        }
    }

    /// The columns of prompt and completion, each once.
    fn texts(self, format: Option<&PromptFormat>) -> Vec<String> {
        let (mut columns, completion) = raw_columns(format);
        for name in completion {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
    }

    /// The columns that are edited.
    fn decided(self, chain: Chain<'_>) -> Result<Vec<String>> {
        if let Some(named) = self.columns {
            return Ok(named.to_vec());
        }
        if self.on.is_none() {
            return Ok(self.texts(prompt_format(chain.steps).map(AsRef::as_ref)));
        }
        let before = chain.steps.get(..chain.index).unwrap_or_default();
        let read_as = before.iter().find_map(Step::get::<ReadAs>);
        let columns = read_as.map_or(Ok(Vec::new()), ReadAs::message_columns)?;
        if columns.is_empty() {
            let message = format!("{}: `on` needs messages, which the rows do not have", self.verb);
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("leave `on` out and name text columns, or name the columns of messages"));
        }
        Ok(columns)
    }

    /// Adds the line of `explain` and the stage. `shown` are the options, and `edit` what is done to a text.
    pub(super) fn resolve(
        self,
        shown: &str,
        edit: impl Edit + 'static,
        chain: Chain<'_>,
        builder: &mut Builder,
    ) -> Result<()> {
        let (verb, columns) = (self.verb, self.decided(chain)?);
        let names = |roles: &[Role]| roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
        let on = self.on.map_or(String::new(), |roles| format!(" on {}", names(roles)));
        builder.explain(&format!("{}{on}; {shown}", columns.join(", ")), "map");
        columns.iter().try_for_each(|name| self.check_type(name, builder))?;
        match self.on {
            None => builder.map(Counted::Yes, EditStage { verb, columns, edit }),
            Some(roles) => {
                let edit = MessageEdit { roles: roles.to_vec(), edit };
                builder.map(Counted::Yes, EditStage { verb, columns, edit })
            }
        }
    }

    /// Checks that a column exists and may be edited.
    pub(super) fn check_type(self, name: &str, builder: &Builder) -> Result<()> {
        let schema = builder.empty.records.schema();
        let Ok(field) = schema.field_with_name(name) else {
            return Err(missing_column(name, self.verb, &builder.visible()));
        };
        let is_text = is_text(field.data_type()) || field.data_type().is_null();
        let (wanted, help) = match self.on {
            None if is_text && !is_json(field) => return Ok(()),
            Some(_) if is_text => return Ok(()),
            None => (
                "text",
                format!(
                    "name text columns: columns=; texts of messages are changed by on=, as in {}(on=\"assistant\")",
                    self.verb
                ),
            ),
            Some(_) => (
                "messages as JSON",
                "write the rows as JSON lines first, where messages are JSON: sink_jsonl".into(),
            ),
        };
        let message = format!("{}: column `{name}` must be {wanted}; it is {}", self.verb, type_name(field));
        Err(Error::new(Class::Column, "wrong_type", message).column(name).help(help))
    }
}
