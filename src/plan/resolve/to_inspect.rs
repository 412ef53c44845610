//! A plan for `inspect`: what its rows are, and only the columns that are looked at.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Field;
use serde_json::Value;

use super::dialects;
use super::resolve_plan::resolve;
use super::resolved::Resolved;
use crate::cancel::Cancel;
use crate::chat::ChatRows;
use crate::dialect::{self, Dialect, PartColumns, columns_json};
use crate::error::{Class, Error, Result, missing_column};
use crate::inspect::{Asked, ReadRows, RenderRows, has_tokens};
use crate::plan::conversations::DialectConversations;
use crate::plan::dialect_rows::{DialectRows, TextRows};
use crate::plan::own_text::own_text;
use crate::plan::rendered_conversations::RenderedConversations;
use crate::plan::sources_and_steps::Plan;
use crate::plan::step::{Step, answers};
use crate::plan::verbs::{
    AUTO, Format, FormatChat, Pack, ReadAs, Restore, Select, Shuffle, Split, Tokenize, check_dialect,
};
use crate::read::splits::SPLIT;
use crate::record::{Answers, is_text, schema};
use crate::store::Files;
use crate::tokenizer::LoadedTokenizer;

/// A plan for `inspect`.
pub(crate) struct ToInspect {
    /// The plan, with the columns that are looked at.
    pub(crate) plan: Resolved,
    /// How its rows are read.
    pub(crate) rows: Arc<dyn ReadRows>,
    /// The dialect, or `unknown`.
    pub(crate) dialect: &'static str,
    pub(crate) title: Option<&'static str>,
    /// The column of each part, as a JSON object.
    pub(crate) columns: Value,
    /// The columns that are not looked at.
    pub(crate) other_columns: Vec<String>,
    /// How the dialect was decided.
    pub(crate) note: Option<String>,
    /// The columns by whose values rows are counted.
    pub(crate) by: Vec<String>,
    /// Whether rows come from the splits of a prepared folder.
    pub(crate) has_splits: bool,
    /// Whether all rows are read from prepared folders.
    pub(crate) is_prepared: bool,
    /// Whether rows have tokens.
    pub(crate) is_tokenized: bool,
    /// What becomes of rows when a chat template renders them, if the plan does so.
    pub(crate) rendered: Option<Arc<dyn RenderRows>>,
}

/// Resolves a plan for `inspect`. Rows that are rendered are pairs. The dialect of others is that of the plan's
/// `read_as`, or is recognised by a look at the first rows. The rules are tried on no rows.
///
/// # Errors
/// Those of [`resolve`] and of the rules. `bad_chain`: the rows are packed. `missing_column`: there is no such column of
/// `by`, of a rule or of what is expected. `wrong_type`: text is expected in a column of another type.
pub(crate) fn to_inspect(
    plan: &Plan,
    by: Vec<String>,
    asked: &Asked,
    store: &Files,
    cancel: &Cancel,
) -> Result<ToInspect> {
    if plan.steps.iter().any(|step| step.is::<Pack>()) {
        let message = "inspect: packed rows have no texts";
        return Err(Error::new(Class::Plan, "bad_chain", message).help("inspect the plan before pack"));
    }
    let mut plan = plan.clone();
    let chat = take_chat(&mut plan)?;
    // The order of rows makes no difference.
    plan.steps.retain(|step| !step.is::<Shuffle>());
    plan.steps.iter_mut().filter_map(Step::get_mut::<Tokenize>).for_each(|step| step.keep_text = true);
    let (found, note) = what_rows_are(&mut plan, store, cancel)?;
    let rendered = match chat {
        Some(chat) => Some(rendered(&chat, found.as_ref(), note.as_deref(), asked)?),
        None => None,
    };
    let resolved = resolve(&plan, store, cancel)?;
    let names: Vec<String> = resolved.visible().into_iter().map(|(name, _)| name).collect();
    let mut folders = Vec::new();
    for origin in &resolved.job.origins {
        folders.extend(origin.source.manifests()?);
    }
    let is_prepared = !folders.is_empty() && folders.iter().all(Option::is_some);
    let Asked { rules, expected, .. } = asked;
    let expected_columns: Vec<&String> =
        expected.iter().map(|expected| &expected.on).filter(|on| names.contains(on)).collect();
    if let Some(expected) = expected
        .iter()
        .find(|expected| !names.contains(&expected.on) && (found.is_none() || expected.speaker().is_none()))
    {
        return Err(missing_column(&expected.on, "inspect: expect", &names)
            .help("name a column of text, or of rows with turns a role: system, user, assistant or tool"));
    }
    let of_rules: Vec<&String> = rules.iter().filter_map(|rule| rule.check.columns()).flatten().collect();
    if let Some(column) = by.iter().chain(of_rules.iter().copied()).find(|column| !names.contains(column)) {
        return Err(missing_column(column, "inspect", &names));
    }
    let (rows, looked_at): (Arc<dyn ReadRows>, Vec<String>) = match &found {
        Some((dialect, columns)) => {
            let looked_at: Vec<String> = columns.iter().map(|(_, column)| column.clone()).collect();
            let own = own_text(&plan, &folders, columns);
            (Arc::new(DialectRows { dialect: *dialect, columns: columns.clone(), own }), looked_at)
        }
        None => {
            let fields = resolved.job.schema.fields().iter();
            let texts = fields.filter(|field| {
                !schema::is_hidden(field.name()) && is_text(field.data_type()) && !schema::is_json(field)
            });
            let texts: Vec<String> = texts.map(|field| field.name().clone()).collect();
            (Arc::new(TextRows(texts.clone())), texts)
        }
    };
    let fields = resolved.job.schema.fields();
    let tokens: Vec<&str> = match fields.iter().any(|field| field.name() == schema::SEQ_LENGTHS) {
        // Packed rows are several documents.
        true => Vec::new(),
        false => fields.iter().filter(|field| has_tokens(field)).map(|field| field.name().as_str()).collect(),
    };
    let has_ids = tokens.len() == 2;
    let is_named = |name: &String| {
        looked_at.contains(name)
            || by.contains(name)
            || of_rules.contains(&name)
            || expected_columns.contains(&name)
            || tokens.contains(&name.as_str())
    };
    // A function of the user gets whole rows.
    let all_are_read = rules.iter().any(|rule| rule.check.columns().is_none());
    let is_read = |name: &String| all_are_read || is_named(name);
    let read: Vec<String> = names.iter().filter(|name| is_read(name)).cloned().collect();
    let is_whole = read.len() == names.len();
    let other_columns = names.iter().filter(|name| !is_named(name)).cloned().collect();
    // Rows of a prepared folder stay in their splits only with the column of these.
    let is_split = plan.steps.iter().any(|step| step.is::<Split>() || step.is::<Restore>());
    let has_splits = resolved.job.split_names.len() > 1 && !is_split;
    let selected = read.iter().cloned().chain(has_splits.then(|| SPLIT.to_string())).collect();
    let is_tokenized = plan.steps.iter().any(|step| step.is::<Tokenize>());
    let resolved = match is_whole && rules.is_empty() || is_tokenized || read.is_empty() {
        true => resolved,
        // No other columns are read, and those that are have their own types.
        false => resolve(&plan.push(Select { columns: selected }.into())?, store, cancel)?,
    };
    let fields = resolved.job.schema.fields();
    let is_no_text = |field: &&Arc<Field>| {
        expected_columns.contains(&field.name()) && !is_text(field.data_type()) && !schema::is_json(field)
    };
    if let Some(field) = fields.iter().find(is_no_text) {
        let message =
            format!("inspect: expect: column `{}` is {}, not text", field.name(), schema::type_name(field));
        return Err(Error::new(Class::Column, "wrong_type", message)
            .column(field.name())
            .help("name a column of text, or write a rule"));
    }
    let none = RecordBatch::new_empty(resolved.job.schema.clone());
    rules.iter().try_for_each(|rule| rule.check.check(&none).map(drop))?;
    Ok(ToInspect {
        plan: resolved,
        rows,
        dialect: found.as_ref().map_or(dialect::UNKNOWN, |(dialect, _)| dialect.name()),
        title: found.as_ref().map(|(dialect, _)| dialect.title()),
        columns: found.as_ref().map_or_else(|| Value::Object(Default::default()), |(_, c)| columns_json(c)),
        other_columns,
        note,
        by,
        has_splits,
        is_prepared,
        is_tokenized: has_ids,
        rendered,
    })
}

/// A `format` of conversations with the tokenizer after it, which are taken out of the plan: rows are looked at as they
/// are before, and rendered beside it.
struct Chat {
    format: FormatChat,
    tokenizer: Option<Arc<LoadedTokenizer>>,
}

/// # Errors
/// `bad_chain`: other steps are after `format`, or an earlier run has rendered the rows.
fn take_chat(plan: &mut Plan) -> Result<Option<Chat>> {
    let Some(at) = plan.steps.iter().position(|step| step.is::<FormatChat>()) else { return Ok(None) };
    let after = plan.steps.split_off(at);
    let is_known = |step: &Step| step.is::<FormatChat>() || step.is::<Tokenize>() || step.is::<Shuffle>();
    let format = after.first().and_then(Step::get::<FormatChat>).filter(|format| !format.rendered);
    let (Some(format), true) = (format, after.iter().all(is_known)) else {
        let message = "inspect: the rows are conversations that are rendered already";
        return Err(Error::new(Class::Plan, "bad_chain", message)
            .help("inspect the plan before format, or with format as its last step"));
    };
    let tokenizer = after.iter().find_map(Step::get::<Tokenize>);
    let tokenizer = tokenizer.map(|step| step.tokenizer.load()).transpose()?;
    Ok(Some(Chat { format: format.clone(), tokenizer }))
}

/// Renders the rows of a dialect as `format` does.
fn rendered(
    Chat { format, tokenizer }: &Chat,
    found: Option<&(&'static dyn Dialect, PartColumns)>,
    note: Option<&str>,
    asked: &Asked,
) -> Result<Arc<dyn RenderRows>> {
    let Some((dialect, columns)) = found else {
        let note = note.map_or(String::new(), |note| format!(": {note}"));
        let message = format!("inspect: it is not known which columns hold the conversations{note}");
        return Err(Error::new(Class::Plan, "no_dialect", message)
            .help("say it before format: read_as(\"openai_chat\", columns={\"messages\": \"…\"})"));
    };
    check_dialect(*dialect)?;
    if dialect.answers() != Answers::One {
        let message = format!(
            "inspect: what a chat template does to rows of the dialect {} is not looked into",
            dialect.name()
        );
        return Err(Error::new(Class::Plan, "dialect_refused", message).help(
            "inspect the plan before format: what is wrong with preferences is found without a template",
        ));
    }
    let counting = asked.counter.as_ref().map(|counter| counter.tokenizer.as_ref());
    let chat = format.as_trained(tokenizer.as_deref().or(counting))?;
    let variables = format.kwargs_column.clone();
    let rows =
        DialectConversations { dialect: *dialect, columns: columns.clone(), checked: false, variables };
    Ok(Arc::new(RenderedConversations {
        chat: ChatRows::new(chat)
            .with_open_end(format.on_open_end)
            .with_roles(format.roles_to_train)
            .with_weights(format.span_weights),
        rows: Box::new(rows),
        train: format.train,
        history: format.history,
        tool_arguments: format.tool_arguments,
    }))
}

type Found = Option<(&'static dyn Dialect, PartColumns)>;

/// The dialect and its columns, and how they were decided. A `read_as` whose dialect is open is taken out of the plan, so
/// that rows of another dialect are counted and not removed.
fn what_rows_are(plan: &mut Plan, store: &Files, cancel: &Cancel) -> Result<(Found, Option<String>)> {
    if plan.steps.iter().any(|step| step.is::<Format>()) {
        let rendered = answers(&plan.steps);
        let (name, columns) = match rendered {
            Answers::One => ("pairs", [schema::PROMPT, schema::COMPLETION].as_slice()),
            Answers::Pair => ("preference", rendered.rendered()),
            Answers::Labelled => ("kto", rendered.rendered()),
        };
        let dialect = dialect::find(name).ok_or_else(|| Error::internal("a dialect is missing"))?;
        let columns = columns.iter().map(|name| (*name, (*name).to_string())).collect();
        return Ok((Some((dialect, columns)), None));
    }
    let is_open = |step: &Step| step.get::<ReadAs>().is_some_and(|step| step.dialect == AUTO);
    plan.steps.retain(|step| !is_open(step));
    let named = plan.steps.iter().any(|step| step.is::<ReadAs>());
    let asked = match named {
        true => plan.clone(),
        false => plan.push(ReadAs { dialect: AUTO.into(), columns: None, note: None }.into())?,
    };
    let decided = dialects::decided(&asked, cancel, &|before| resolve(before, store, cancel))?;
    let step = decided.steps.iter().find_map(Step::get::<ReadAs>);
    let step = step.ok_or_else(|| Error::internal("the plan has no read_as"))?;
    let found = (step.decided()?, step.note.clone());
    if named {
        *plan = decided;
    }
    Ok(found)
}
