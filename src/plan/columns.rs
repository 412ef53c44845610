//! Which columns of the source the plan needs, and how it uses each: found by name alone.

use std::collections::BTreeMap;

use super::{Plan, Step};
use crate::error::{Class, Error, Result, missing_column};
use crate::format::PromptFormat;
use crate::record::schema::{COMPLETION, PROMPT, ROW_WEIGHT, SEGMENT_WEIGHTS, TOKENIZED};
use crate::validate::Check;

/// How the plan uses a column of the source; the stronger use wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It only passes through, or is only asked whether it is null.
    Passes,
    /// Its value is read, whatever its type.
    Read,
    /// It must be text where it is not null; the verb that says so.
    Text(&'static str),
    /// It must be text in every row; likewise.
    TextInEveryRow(&'static str),
}

/// A column at some point of the chain, and the source's column it still is.
#[derive(Debug, Clone)]
struct Alive {
    name: String,
    origin: Option<String>,
}

/// Walks the chain.
struct Walk<'p> {
    alive: Vec<Alive>,
    uses: BTreeMap<String, Use>,
    /// After a function over all columns nothing is known by name until the plan is resolved by type.
    opaque: bool,
    plan: &'p Plan,
    /// The step it is at.
    step: usize,
    /// The column of the splits that rows have.
    splits: Option<&'p str>,
}

/// The source's columns that the plan needs, in the source's order, with their use. `splits` is the one that names the
/// splits of rows that have one.
pub fn needed(plan: &Plan, source: &[String], splits: Option<&str>) -> Result<Vec<(String, Use)>> {
    let alive = source.iter().map(|name| Alive { name: name.clone(), origin: Some(name.clone()) }).collect();
    let mut walk = Walk { alive, uses: BTreeMap::new(), opaque: false, plan, step: 0, splits };
    for (i, step) in plan.steps.iter().enumerate() {
        walk.step = i;
        walk.visit(step)?;
    }
    walk.keep_splits();
    for column in std::mem::take(&mut walk.alive) {
        if let Some(origin) = column.origin {
            walk.uses.entry(origin).or_insert(Use::Passes);
        }
    }
    Ok(source.iter().filter_map(|name| walk.uses.get(name).map(|u| (name.clone(), *u))).collect())
}

impl Walk<'_> {
    fn use_column(&mut self, name: &str, used: Use, verb: &'static str) -> Result<()> {
        match self.alive.iter().find(|c| c.name == name) {
            Some(Alive { origin: Some(origin), .. }) => {
                let entry = self.uses.entry(origin.clone()).or_insert(used);
                *entry = (*entry).max(used);
                Ok(())
            }
            Some(_) => Ok(()),
            None if self.opaque => Ok(()),
            None => {
                let known: Vec<String> = self.alive.iter().map(|c| c.name.clone()).collect();
                let mut e = missing_column(name, verb, &known);
                if let Some(way_out) = self.consumed_by_format(name).or_else(|| self.wants_format(name)) {
                    e = e.help(way_out);
                }
                Err(e)
            }
        }
    }

    fn consumed_by_format(&self, name: &str) -> Option<String> {
        self.plan.steps[..self.step].iter().find_map(|step| match step {
            Step::Format { format, .. } if format.columns().iter().any(|c| c.name == name) => Some(format!(
                "format renders `{name}` into prompt or completion and does not keep it: put this step before \
                 format, or keep a copy with with_columns(pl.col(\"{name}\").alias(\"{name}_raw\"))"
            )),
            _ => None,
        })
    }

    /// `prompt` and `completion` are what `format` makes; a step that takes them for granted says so.
    fn wants_format(&self, name: &str) -> Option<String> {
        let by = match self.plan.steps[self.step] {
            Step::Split { .. } => ", or name the columns that decide: by=",
            Step::Tokenize(_) => "",
            _ => return None,
        };
        let made_later = !self.formatted() && (name == PROMPT || name == COMPLETION);
        made_later.then(|| format!("put .format(PromptFormat(...)), which makes it, before this step{by}"))
    }

    /// The splits that rows have are theirs to the end, where nothing else is said.
    fn keep_splits(&mut self) {
        let column = self.splits.and_then(|name| self.alive.iter().position(|c| c.name == name));
        if let Some(column) = column
            && let Some(origin) = self.alive.remove(column).origin
        {
            self.uses.entry(origin).or_insert(Use::Read);
        }
    }

    fn use_all(&mut self, names: &[String], used: Use, verb: &'static str) -> Result<()> {
        names.iter().try_for_each(|name| self.use_column(name, used, verb))
    }

    fn visit(&mut self, step: &Step) -> Result<()> {
        let verb = step.verb();
        match step {
            Step::Select(names) => {
                self.use_all(names, Use::Read, verb)?;
                let old = std::mem::take(&mut self.alive);
                let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
                self.alive = names.iter().filter_map(find).collect();
                if let Some(twice) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
                    let message = format!("select: `{}` is named twice", twice.1);
                    return Err(Error::new(Class::Plan, "bad_option", message));
                }
            }
            Step::Rename(pairs) => {
                for (from, _) in pairs {
                    self.use_column(from, Use::Passes, verb)?;
                }
                for column in &mut self.alive {
                    if let Some((_, to)) = pairs.iter().find(|(from, _)| *from == column.name) {
                        column.name.clone_from(to);
                    }
                }
                if let Some((_, c)) = self
                    .alive
                    .iter()
                    .enumerate()
                    .find(|(i, c)| self.alive[..*i].iter().any(|o| o.name == c.name))
                {
                    let message = format!("rename: there would be two columns `{}`", c.name);
                    return Err(Error::new(Class::Plan, "bad_option", message));
                }
            }
            Step::Filter { columns, .. } => self.use_all(columns, Use::Read, verb)?,
            Step::WithColumns { columns, names, .. } => {
                self.use_all(columns, Use::Read, verb)?;
                for name in names {
                    match self.alive.iter_mut().find(|c| c.name == *name) {
                        Some(column) => column.origin = None,
                        None => self.alive.push(Alive { name: name.clone(), origin: None }),
                    }
                }
            }
            Step::MapBatches { .. } => {
                let all: Vec<String> = self.alive.iter().map(|c| c.name.clone()).collect();
                self.use_all(&all, Use::Read, verb)?;
                self.alive.clear();
                self.opaque = true;
            }
            Step::Validate { rules, .. } => {
                for rule in rules {
                    let used = if rule.check == Check::Required { Use::Passes } else { Use::Text(verb) };
                    self.use_column(&rule.column, used, verb)?;
                }
            }
            Step::Format { format, .. } => {
                let used = format.columns();
                for column in &used {
                    let used = if column.required { Use::TextInEveryRow(verb) } else { Use::Text(verb) };
                    self.use_column(&column.name, used, verb)?;
                }
                let columns: Vec<String> = used.into_iter().map(|c| c.name).collect();
                self.alive.retain(|c| !columns.contains(&c.name));
                not_made_by_format(self.alive.iter().map(|c| c.name.as_str()), format)?;
                self.alive.retain(|c| c.name != PROMPT);
                let made = [PROMPT, COMPLETION].map(|name| Alive { name: name.into(), origin: None });
                self.alive.splice(0..0, made);
            }
            Step::Dedup { on, .. } => {
                let compared = |c: &&Alive| self.splits != Some(c.name.as_str());
                let all = || self.alive.iter().filter(compared).map(|c| c.name.clone()).collect();
                let on = dedup_columns(on.as_deref(), self.formatted(), all);
                self.use_all(&on, Use::Read, verb)?;
            }
            Step::Split { options, by } => {
                if let Some(by) = by {
                    self.use_all(by, Use::Read, verb)?;
                } else if !self.formatted() {
                    let (prompt, completion) = self.raw_columns();
                    self.use_all(&prompt, Use::Read, verb)?;
                    self.use_all(&completion, Use::Read, verb)?;
                }
                if let Some(column) = &options.report_by {
                    self.use_column(column, Use::Read, verb)?;
                }
                self.keep_splits();
            }
            Step::Tokenize(options) => {
                self.use_column(PROMPT, Use::Text(verb), verb)?;
                self.use_column(COMPLETION, Use::Text(verb), verb)?;
                // Trainers read them as numbers.
                for name in [ROW_WEIGHT, SEGMENT_WEIGHTS] {
                    if self.alive.iter().any(|c| c.name == name) {
                        self.use_column(name, Use::Read, verb)?;
                    }
                }
                not_tokenized(self.alive.iter().map(|c| c.name.as_str()))?;
                self.alive.retain(|c| options.keep_text || (c.name != PROMPT && c.name != COMPLETION));
                let made = TOKENIZED.map(|name| Alive { name: name.into(), origin: None });
                self.alive.extend(made);
            }
            Step::Restore { column, .. } => {
                self.use_column(column, Use::Read, verb)?;
                self.alive.retain(|c| c.name != *column);
            }
            Step::Head(_) | Step::Shuffle { .. } => {}
            Step::Pack { .. } => {
                self.keep_splits();
                self.alive.retain(|c| c.name == ROW_WEIGHT || c.name == SEGMENT_WEIGHTS);
            }
        }
        Ok(())
    }

    fn formatted(&self) -> bool {
        self.plan.steps[..self.step].iter().any(|s| s.verb() == "format")
    }

    fn raw_columns(&self) -> (Vec<String>, Vec<String>) {
        raw_columns(self.plan)
    }
}

/// Fails where there is a column already that `tokenize` makes: the data's would be lost without a word.
pub fn not_tokenized<'n>(mut names: impl Iterator<Item = &'n str>) -> Result<()> {
    names.find(|name| TOKENIZED.contains(name)).map_or(Ok(()), |name| Err(exists("tokenize", name)))
}

/// Refuses columns that `format` would replace without having used them. A prompt whose template is empty was left out
/// on purpose.
pub fn not_made_by_format<'n>(names: impl Iterator<Item = &'n str>, format: &PromptFormat) -> Result<()> {
    let without_prompt = format.prompt().source().is_empty() && !format.is_rendered();
    let used = format.columns();
    let mut replaced = names.filter(|name| {
        (*name == COMPLETION || *name == PROMPT && !without_prompt) && used.iter().all(|c| c.name != **name)
    });
    replaced.next().map_or(Ok(()), |name| Err(exists("format", name)))
}

fn exists(verb: &str, name: &str) -> Error {
    let message = format!("{verb}: there is a column `{name}` already, which it would replace");
    Error::new(Class::Column, "duplicate_column", message).column(name).help(format!(
        "rename it first, as in .rename({{\"{name}\": \"old_{name}\"}}), or leave it out with select"
    ))
}

/// The raw columns of prompt and completion: those of the chain's format, or `prompt` and `completion`.
pub fn raw_columns(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let format = plan.steps.iter().find_map(|step| match step {
        Step::Format { format, .. } => {
            let names =
                |t: &crate::format::Template| t.columns().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
            Some((names(format.prompt()), names(format.completion())))
        }
        _ => None,
    });
    format.unwrap_or_else(|| (vec![PROMPT.into()], vec![COMPLETION.into()]))
}

/// What `dedup` compares: what it was told, else the rendered pair, else all columns.
pub fn dedup_columns(
    on: Option<&[String]>,
    formatted: bool,
    all: impl FnOnce() -> Vec<String>,
) -> Vec<String> {
    match on {
        Some(on) => on.to_vec(),
        None if formatted => vec![PROMPT.into(), COMPLETION.into()],
        None => all(),
    }
}
