//! Several sources: their columns laid beside one another, and the steps after the concat.

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
use crate::plan::needed_columns::Together;
use crate::plan::source::Found;
use crate::plan::sources_and_steps::Plan;
use crate::read::splits::SPLIT;
use crate::record::{is_text, schema};
use crate::select::ConcatStage;
use crate::store::Files;

/// The plan of several sources, whose rows a column tells apart.
pub(crate) fn of_several(
    plan: &Plan,
    store: &Files,
    column: &str,
    found: Vec<Found>,
    cancel: &Cancel,
) -> Result<Resolved> {
    let names = names(plan, &found, column, cancel)?;
    let together = Together { names: &names, source_column: column, steps: &plan.steps };
    let mut parts = Vec::new();
    let mut step = 0;
    let mut opaque_after = None;
    for (part, found) in plan.parts.iter().zip(&found) {
        let (mut chain, needed, columns) =
            ChainBuilder::start(part, found, &part.steps, Some(&together), step)?;
        chain.go_on(needed.opaque_from, cancel)?;
        opaque_after = needed.opaque_after;
        parts.push((chain.builder, columns, step));
        step += 1 + part.steps.len();
    }
    let target = target(plan, &names, column, parts.iter().map(|(builder, ..)| builder))?;
    let mut description = Description::default();
    let mut origins = Vec::new();
    let mut empty = None;
    for ((part, found), (mut builder, columns, number)) in plan.parts.iter().zip(found).zip(parts) {
        let joined = ConcatStage { schema: Arc::clone(&target), name: part.name.clone() };
        builder.first_step = step;
        builder.index = 0;
        builder.map(Counted::Yes, joined)?;
        description.lines.append(&mut builder.description.lines);
        origins.push(Origin { found, columns, step: number, stages: builder.job.stages });
        empty = Some(builder.empty);
    }
    let sources: Vec<&str> = plan.parts.iter().map(|part| part.name.as_str()).collect();
    description.lines.push(line(
        "concat",
        &format!("{}; column {column} says which", sources.join(", ")),
        "map",
    ));
    description.against = folder_names(plan)?;
    // JSON that another source brings is no type that the data have, either.
    let joins_json = target.fields().iter().any(|field| schema::is_json(field));
    let is_json = joins_json || origins.iter().any(|origin| origin.found.is_json());
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
    chain.go_on(opaque_after, cancel)?;
    let mut resolved = chain.finish();
    resolved.job.origins = origins;
    Ok(resolved)
}

/// The names of the columns of all plans, in the order in which they are met.
fn names(plan: &Plan, found: &[Found], column: &str, cancel: &Cancel) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (part, found) in plan.parts.iter().zip(found) {
        let (mut chain, needed, _) = ChainBuilder::start(part, found, &part.steps, None, 0)?;
        chain.go_on(needed.opaque_from, cancel)?;
        let builder = chain.builder;
        if builder.has_splits() {
            let message = format!(
                "concat: the rows of `{}` are in splits already: {}",
                part.name,
                found.splits.join(", ")
            );
            return Err(Error::new(Class::Plan, "in_splits", message).column(SPLIT).help(
                "leave the column out of that plan, drop(\"split\"), and split after concat; or keep it by another name, \
                 rename({\"split\": \"old_split\"})",
            ));
        }
        for name in builder.visible() {
            if name == column {
                let message = format!("concat: the plan `{}` has a column `{column}` already", part.name);
                return Err(Error::new(Class::Column, "duplicate_column", message).column(column).help(
                    "name the new column otherwise, concat(…, column=\"…\"), or rename that one before",
                ));
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// The columns of all plans that are read, each of one type, and the one that names the plan. What is JSON in one is JSON
/// in all, which has values of any type.
fn target<'b>(
    plan: &Plan,
    names: &[String],
    column: &str,
    builders: impl Iterator<Item = &'b Builder> + Clone,
) -> Result<SchemaRef> {
    let mut fields: Vec<Field> = Vec::new();
    for name in names {
        let mut of_name: Option<(Field, &str)> = None;
        for (part, builder) in plan.parts.iter().zip(builders.clone()) {
            let schema = builder.empty.records.schema();
            let Ok(field) = schema.field_with_name(name) else { continue };
            let field = match field {
                field if schema::is_json(field) => schema::json(name),
                field if is_text(field.data_type()) => schema::text(name),
                field => field.clone().with_nullable(true),
            };
            match &of_name {
                None => of_name = Some((field, &part.name)),
                Some((first, _)) if *first == field || schema::is_json(first) => {}
                Some(_) if schema::is_json(&field) => of_name = Some((field, &part.name)),
                Some((first, part)) if plain(first.data_type()) == plain(field.data_type()) => {
                    of_name = Some((Field::new(name, plain(first.data_type()), true), part));
                }
                Some((first, of)) => return Err(two_types(first, of, &field, &part.name)),
            }
        }
        fields.extend(of_name.map(|(field, _)| field));
    }
    fields.push(schema::text(column));
    Ok(Arc::new(Schema::new(fields)))
}

/// A type without what says nothing of its values: names of items, whether they may be null, how text is laid out.
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
fn two_types(first: &Field, of: &str, field: &Field, part: &str) -> Error {
    let name = field.name();
    let message = format!(
        "concat: column `{name}` is {} in `{of}` and {} in `{part}`",
        schema::type_name(first),
        schema::type_name(field)
    );
    Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
        "make them one type before concat, as in .with_columns(pl.col(\"{name}\").cast(pl.String)), or drop one"
    ))
}
