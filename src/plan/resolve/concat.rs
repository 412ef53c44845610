//! Resolves a plan with several sources: finds the columns that all have together, and the steps after the concat.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

use super::build::Counted;
use super::builder::Builder;
use super::chain_builder::ChainBuilder;
use super::description::Description;
use super::earlier_folders::folder_names;
use super::job::{Job, Origin};
use super::resolved::Resolved;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::plan::explain_lines::line;
use crate::plan::needed_columns::ConcatColumns;
use crate::plan::source::ResolvedSource;
use crate::plan::sources_and_steps::Plan;
use crate::read::splits::SPLIT;
use crate::record::{is_text, schema};
use crate::select::ConcatStage;
use crate::store::Files;

/// Resolves a plan with several sources; `column` names the source of each row.
pub(crate) fn resolve_concat(
    plan: &Plan,
    store: &Files,
    column: &str,
    sources: Vec<ResolvedSource>,
    cancel: &Cancel,
) -> Result<Resolved> {
    let names = names(plan, &sources, column, cancel)?;
    let concat = ConcatColumns { names: &names, source_column: column, steps: &plan.steps };
    let mut parts = Vec::new();
    let mut step = 0;
    let mut opaque_after = None;
    for (part, source) in plan.parts.iter().zip(&sources) {
        let (mut chain, needed, columns) =
            ChainBuilder::start(part, source, &part.steps, Some(&concat), step)?;
        chain.resolve_steps(needed.opaque_from, cancel)?;
        opaque_after = needed.opaque_after;
        parts.push((chain.builder, columns, step));
        step += 1 + part.steps.len();
    }
    let target = target(plan, &names, column, parts.iter().map(|(builder, ..)| builder))?;
    let mut description = Description::default();
    let mut origins = Vec::new();
    let mut empty = None;
    for ((part, source), (mut builder, columns, number)) in plan.parts.iter().zip(sources).zip(parts) {
        let stage = ConcatStage { schema: Arc::clone(&target), name: part.name.clone() };
        builder.first_step = step;
        builder.index = 0;
        builder.map(Counted::Yes, stage)?;
        description.lines.append(&mut builder.description.lines);
        origins.push(Origin { source, columns, step: number, stages: builder.job.stages });
        empty = Some(builder.empty);
    }
    let part_names: Vec<&str> = plan.parts.iter().map(|part| part.name.as_str()).collect();
    description.lines.push(line(
        "concat",
        &format!("{}; column {column} says which", part_names.join(", ")),
        "map",
    ));
    description.against = folder_names(plan)?;
    // JSON of one source makes the column JSON for all.
    let has_json = target.fields().iter().any(|field| schema::is_json(field));
    let is_json = has_json || origins.iter().any(|origin| origin.source.is_json());
    let empty = empty.ok_or_else(|| Error::internal("a concat of no plan"))?;
    let builder = Builder {
        index: 0,
        name: "concat",
        is_last: false,
        first_step: step + 1,
        store: store.clone(),
        splits: Vec::new(),
        is_json,
        empty,
        job: Job::default(),
        description,
    };
    let mut chain = ChainBuilder { builder, steps: &plan.steps };
    chain.resolve_steps(opaque_after, cancel)?;
    let mut resolved = chain.finish();
    resolved.job.origins = origins;
    Ok(resolved)
}

/// The names of the columns of all plans, in the order in which they first appear.
fn names(plan: &Plan, sources: &[ResolvedSource], column: &str, cancel: &Cancel) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (part, source) in plan.parts.iter().zip(sources) {
        let (mut chain, needed, _) = ChainBuilder::start(part, source, &part.steps, None, 0)?;
        chain.resolve_steps(needed.opaque_from, cancel)?;
        let builder = chain.builder;
        if builder.has_splits() {
            let message = format!(
                "concat: the rows of `{}` are already in splits: {}",
                part.name,
                source.splits.join(", ")
            );
            return Err(Error::new(Class::Plan, "in_splits", message).column(SPLIT).help(
                "remove the column from that plan with drop(\"split\"), and split after concat; or keep it under another name \
                 with rename({\"split\": \"old_split\"})",
            ));
        }
        for name in builder.visible() {
            if name == column {
                let message = format!("concat: the plan `{}` already has a column `{column}`", part.name);
                return Err(Error::new(Class::Column, "duplicate_column", message).column(column).help(
                    "choose another name for the new column, concat(…, column=\"…\"), or rename the old one before concat",
                ));
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// The columns of all plans, each with one type, and the column that names the plan. A column that is JSON in one
/// plan is JSON in all.
fn target<'b>(
    plan: &Plan,
    names: &[String],
    column: &str,
    builders: impl Iterator<Item = &'b Builder> + Clone,
) -> Result<SchemaRef> {
    let mut fields: Vec<Field> = Vec::new();
    for name in names {
        let mut chosen: Option<(Field, &str)> = None;
        for (part, builder) in plan.parts.iter().zip(builders.clone()) {
            let schema = builder.empty.records.schema();
            let Ok(field) = schema.field_with_name(name) else { continue };
            let field = match field {
                field if schema::is_json(field) => schema::json(name),
                field if is_text(field.data_type()) => schema::text(name),
                field => field.clone().with_nullable(true),
            };
            match &chosen {
                None => chosen = Some((field, &part.name)),
                Some((first, _)) if *first == field || schema::is_json(first) => {}
                Some(_) if schema::is_json(&field) => chosen = Some((field, &part.name)),
                Some((first, part)) if plain(first.data_type()) == plain(field.data_type()) => {
                    chosen = Some((Field::new(name, plain(first.data_type()), true), part));
                }
                Some((first, first_part)) => return Err(two_types(first, first_part, &field, &part.name)),
            }
        }
        fields.extend(chosen.map(|(field, _)| field));
    }
    fields.push(schema::text(column));
    Ok(Arc::new(Schema::new(fields)))
}

/// A type without the details that do not change its values: names of items, nullability, and the layout of text.
fn plain(data_type: &DataType) -> DataType {
    let item = |field: &FieldRef| Arc::new(Field::new("item", plain(field.data_type()), true));
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::List(f) | DataType::LargeList(f) => DataType::LargeList(item(f)),
        DataType::Struct(fields) => {
            let field = |f: &FieldRef| Field::new(f.name(), plain(f.data_type()), true);
            DataType::Struct(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

#[cold]
fn two_types(first: &Field, first_part: &str, field: &Field, part: &str) -> Error {
    let name = field.name();
    let message = format!(
        "concat: column `{name}` is {} in `{first_part}` and {} in `{part}`",
        schema::type_name(first),
        schema::type_name(field)
    );
    Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
        "give them one type before concat, as in .with_columns(pl.col(\"{name}\").cast(pl.String)), or drop one"
    ))
}
