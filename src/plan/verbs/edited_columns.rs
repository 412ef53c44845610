//! The columns of a step that repairs text.

use super::chain_checks::{check_keeps_proof, is_proven};
use crate::error::{Class, Error, Result};
use crate::format::{PromptFormat, Template};
use crate::plan::columns::{Columns, Use};
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Step, prompt_format};
use crate::record::is_text;
use crate::record::schema::{COMPLETION, PROMPT, is_json, type_name};
use crate::repair::{Edit, EditStage};

/// The columns of prompt and completion in the templates of the format; without a format `prompt` and `completion`.
pub(super) fn raw_columns(format: Option<&PromptFormat>) -> (Vec<String>, Vec<String>) {
    let Some(format) = format else { return (vec![PROMPT.into()], vec![COMPLETION.into()]) };
    let names = |t: &Template| t.columns().iter().map(|c| c.name.clone()).collect();
    (names(format.prompt()), names(format.completion()))
}

/// The columns that are edited: those that the user has named, else those of prompt and completion.
fn edited(named: Option<&[String]>, format: Option<&PromptFormat>) -> Vec<String> {
    if let Some(named) = named {
        return named.to_vec();
    }
    let (mut columns, completion) = raw_columns(format);
    for name in completion {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

/// Rejects a step after `format` that would edit the prompt or the completion.
pub(super) fn check(verb: &'static str, named: Option<&[String]>, before: &[Step]) -> Result<()> {
    let is_any_proven = named.is_none_or(|columns| columns.iter().any(|name| is_proven(name)));
    check_keeps_proof(verb, before, is_any_proven)
}

/// Records that the columns are used as text.
pub(super) fn use_columns(
    verb: &'static str,
    named: Option<&[String]>,
    columns: &mut Columns<'_>,
) -> Result<()> {
    for name in edited(named, columns.format()) {
        let or_columns = ", or name the columns to change: columns=";
        let used = columns.use_column(&name, Use::Text(verb));
        used.map_err(|e| match named {
            Some(_) => e,
            None => columns.suggest_format(e, &name, or_columns),
        })?;
    }
    Ok(())
}

/// Adds the line of `explain` and the stage. `shown` are the options, and `edit` what is done to a text.
pub(super) fn resolve(
    verb: &'static str,
    named: Option<&[String]>,
    shown: &str,
    edit: impl Edit + 'static,
    chain: Chain<'_>,
    builder: &mut Builder,
) -> Result<()> {
    let columns = edited(named, prompt_format(chain.steps).map(AsRef::as_ref));
    builder.explain(&format!("{}; {shown}", columns.join(", ")), "map");
    let schema = builder.empty.records.schema();
    for name in &columns {
        let Ok(field) = schema.field_with_name(name) else { continue };
        if is_json(field) || !(is_text(field.data_type()) || field.data_type().is_null()) {
            let message = format!("{verb}: column `{name}` must be text; it is {}", type_name(field));
            return Err(Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
                "name text columns: columns=; or convert it to text first: with_columns(pl.col(\"{name}\").cast(pl.String))"
            )));
        }
    }
    builder.map(Counted::Yes, EditStage { verb, columns, edit })
}
