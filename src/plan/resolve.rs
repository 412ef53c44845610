//! From what was said to what is run: columns found, defaults decided, every stage built once and tried on no
//! rows at all, so that what is wrong is said before a row is read.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::columns::{Use, dedup_columns, needed, not_tokenized, raw_columns};
use super::source::{Found, SourceColumn};
use super::{Plan, Step, TokenizeStep};
use crate::artifact::{Keys, keys};
use crate::cancel::Cancel;
use crate::compute::{FilterStage, HeadStage, ProjectStage, WithColumnsStage, call};
use crate::dedup::{DedupStage, KeyOptions, KeyStage};
use crate::error::{Class, Error, Result};
use crate::format::{FormatOptions, FormatStage, OnCollision, PromptFormat, PromptKeyStage, SpecialTokens};
use crate::hash;
use crate::pack::{self, PackOptions};
use crate::read::discover::names_from_shared;
use crate::read::{ColumnKind, Limits, ReadColumn};
use crate::record::schema::INPUT_IDS;
use crate::record::{Batch, Places, is_text, schema};
use crate::report::StepCounts;
use crate::split::{RestoreStage, SplitKeyStage, SplitStage};
use crate::stage::{Map, Ordered};
use crate::tokenize::{LoadedTokenizer, TokenizeOptions, TokenizeStage};
use crate::validate::ValidateStage;

/// A plan with everything decided.
pub struct Resolved {
    /// The source, looked at.
    pub found: Found,
    /// What is read of it.
    pub columns: Vec<ReadColumn>,
    /// The stages, each with the number of its step (1 is the first verb after the scan).
    pub stages: Vec<(usize, Counted, Build)>,
    /// Step names, the source's first.
    pub verbs: Vec<&'static str>,
    /// The plan for people, a line a step.
    pub lines: Vec<String>,
    /// The columns that reach the sink, hidden ones too.
    pub schema: SchemaRef,
    /// `train` first.
    pub split_names: Vec<String>,
    /// The column whose shares are reported.
    pub report_by: Option<String>,
    /// The prompt format.
    pub format: Option<Arc<PromptFormat>>,
    /// The tokenizer.
    pub tokenizer: Option<Arc<LoadedTokenizer>>,
    /// Tokens a row may have.
    pub max_length: Option<usize>,
    /// What all rows go through before the sink.
    pub barrier: Option<Barrier>,
    /// How keys are made, where there is a dedup.
    pub key_recipe: Option<String>,
    /// Earlier folders of all steps, as they are called in what is published.
    pub against: Vec<String>,
    /// Digest of all that decides the output but the input.
    pub fingerprint: String,
    /// The step of the last `head`, where there is one: what was read before it depends on when reading stopped.
    pub head: Option<usize>,
}

/// A step that must have seen all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// By this seed.
    Shuffle(u64),
    /// Joined to packs.
    Pack(PackOptions),
}

/// Whether a stage counts its rows for its step: of several stages of a step one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It does.
    Yes,
    /// Another one does.
    No,
}

/// A stage, or how to make it anew for each run.
pub enum Build {
    /// Has no state.
    Map(Arc<dyn Map>),
    /// Keeps so many rows.
    Head(usize),
    /// Looks keys up.
    Dedup {
        /// Names the kept rows.
        keepers: bool,
        /// Compares bytes.
        verify: bool,
        /// Earlier folders.
        against: Vec<String>,
        /// The number of the first of them among all of the plan.
        first: usize,
        /// Their keys must have been made so.
        recipe: String,
    },
}

impl Build {
    /// The ordered stage, with no row seen.
    pub fn ordered(&self, cancel: &Cancel) -> Result<Option<Box<dyn Ordered>>> {
        Ok(match self {
            Build::Map(_) => None,
            Build::Head(rows) => Some(Box::new(HeadStage::new(*rows))),
            Build::Dedup { keepers, verify, against, first, recipe } => {
                let mut stage = DedupStage::new(*keepers, *verify);
                for (i, folder) in against.iter().enumerate() {
                    let keys = Keys::open(folder.as_ref(), cancel)?;
                    same_keys(folder, &keys.recipe, recipe)?;
                    stage.seed(first + i, keys)?;
                }
                Some(Box::new(stage))
            }
        })
    }
}

/// Fails where the keys of an earlier folder cannot be compared with this plan's.
fn same_keys(folder: &str, theirs: &str, ours: &str) -> Result<()> {
    if theirs == ours {
        return Ok(());
    }
    let message = format!("dedup: its keys were made by `{theirs}`, this plan's by `{ours}`");
    Err(Error::new(Class::Plan, "other_keys", message)
        .path(folder)
        .help("give dedup the same on= and normalize= as that folder had, or prepare it again"))
}

/// Decides everything. Reads the heads of the files and the tokenizer, no row.
pub fn resolve(plan: &Plan, cancel: &Cancel) -> Result<Resolved> {
    let found = plan.source.find(cancel)?;
    let names: Vec<String> = found.columns.iter().map(|c| c.name.clone()).collect();
    check_names(plan.source.verb(), &names)?;
    let uses = needed(plan, &names)?;
    let columns =
        uses.iter().map(|(name, used)| read_column(&found, name, *used)).collect::<Result<Vec<_>>>()?;
    let (_, schema) = found.decoder(&columns, Limits::default())?;
    let mut verbs = vec![plan.source.verb()];
    verbs.extend(plan.steps.iter().map(Step::verb));
    let shown: Vec<String> = columns.iter().map(|c| shown_column(&found, c)).collect();
    let lines = vec![
        super::explain::line(plan.source.verb(), &found.describe(), "source"),
        super::explain::detail(&format!(
            "reads {} of {} columns: {}",
            columns.len(),
            names.len(),
            shown.join(", ")
        )),
    ];
    let mut builder = Builder {
        plan,
        earlier: Vec::new(),
        empty: Batch {
            seq: 0,
            records: RecordBatch::new_empty(schema),
            places: Places::numbered(0, 0, 0),
            rejects: Vec::new(),
            duplicates: Vec::new(),
        },
        out: Resolved {
            found,
            columns,
            stages: Vec::new(),
            verbs,
            lines,
            schema: Arc::new(arrow::datatypes::Schema::empty()),
            split_names: vec!["train".into()],
            report_by: None,
            format: None,
            tokenizer: None,
            max_length: None,
            barrier: None,
            key_recipe: None,
            against: folder_names(plan)?,
            fingerprint: String::new(),
            head: None,
        },
    };
    for (i, step) in plan.steps.iter().enumerate() {
        cancel.check()?;
        builder.step(i, step)?;
    }
    let Builder { mut out, earlier, .. } = builder;
    out.schema = builder.empty.records.schema();
    let mut decided = out.lines[1..].join("\n");
    let parts = [out.format.as_ref().map(|f| f.to_json()), out.tokenizer.as_ref().map(|t| t.digest.clone())];
    for part in parts.into_iter().map(Option::unwrap_or_default).chain(earlier) {
        decided.push('\n');
        decided.push_str(&part);
    }
    out.fingerprint = hash::digest_hex(decided.as_bytes());
    Ok(out)
}

/// What the earlier folders of all steps are called, in order.
fn folder_names(plan: &Plan) -> Result<Vec<String>> {
    let folders = plan.steps.iter().flat_map(|step| match step {
        Step::Dedup { against, .. } => against.as_slice(),
        _ => &[],
    });
    names_from_shared(&folders.map(PathBuf::from).collect::<Vec<_>>())
}

/// Fails where a column would be lost without a word: one of two of the same name, or one that looks like ours.
fn check_names(verb: &str, names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| super::not_reserved(verb, name))?;
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        None => Ok(()),
        Some((_, name)) => {
            let message = format!("{verb}: there are two columns `{name}`");
            Err(Error::new(Class::Column, "duplicate_column", message)
                .column(name)
                .help("rename one of them"))
        }
    }
}

fn shown_column(found: &Found, column: &ReadColumn) -> String {
    let known = found.columns.iter().find(|c| c.name == column.name);
    let type_name = match column.kind {
        ColumnKind::Json if found.is_json() => "json",
        _ => known.map_or("", |c| c.type_name.as_str()),
    };
    format!("{} {type_name}", column.name)
}

fn read_column(found: &Found, name: &str, used: Use) -> Result<ReadColumn> {
    let known = found.columns.iter().find(|c| c.name == name);
    let SourceColumn { kind, type_name, .. } =
        known.ok_or_else(|| Error::internal(format!("column `{name}` vanished")))?;
    let text = matches!(kind, ColumnKind::Text | ColumnKind::LenientText);
    let kind = match used {
        Use::Text(verb) => {
            let cannot = if found.is_json() { !text && *kind != ColumnKind::Json } else { !text };
            if cannot {
                return Err(Error::new(
                    Class::Column,
                    "wrong_type",
                    format!("{verb}: column `{name}` is {type_name}, and text is needed"),
                )
                .column(name)
                .help(format!("cast it first: .with_columns(pl.col(\"{name}\").cast(pl.String))")));
            }
            ColumnKind::Text
        }
        Use::Read => *kind,
        Use::Passes if !found.is_json() => *kind,
        Use::Passes if text => ColumnKind::LenientText,
        Use::Passes => ColumnKind::Json,
    };
    Ok(ReadColumn::new(name, kind))
}

struct Builder<'p> {
    plan: &'p Plan,
    /// The generations of the earlier folders met so far.
    earlier: Vec<String>,
    /// No rows, as they are at this point of the chain.
    empty: Batch,
    out: Resolved,
}

impl Builder<'_> {
    fn map(&mut self, step: usize, counted: Counted, stage: impl Map + 'static) -> Result<()> {
        let stage: Arc<dyn Map> = Arc::new(stage);
        self.empty = stage.map(self.empty.clone(), &mut StepCounts::default())?;
        self.out.stages.push((step, counted, Build::Map(stage)));
        Ok(())
    }

    fn say(&mut self, verb: &str, text: &str, kind: &str) {
        self.out.lines.push(super::explain::line(verb, text, kind));
    }

    fn visible(&self) -> Vec<String> {
        let schema = self.empty.records.schema();
        schema.fields().iter().map(|f| f.name().clone()).filter(|n| !schema::is_hidden(n)).collect()
    }

    fn formatted(&self) -> bool {
        self.out.format.is_some()
    }

    fn step(&mut self, index: usize, step: &Step) -> Result<()> {
        let (number, verb) = (index + 1, step.verb());
        match step {
            Step::Select(names) => {
                self.say(verb, &names.join(", "), "map");
                let columns = names.iter().map(|n| (n.clone(), n.clone())).collect();
                self.map(number, Counted::Yes, ProjectStage { columns })
            }
            Step::Rename(pairs) => {
                let shown: Vec<String> = pairs.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
                self.say(verb, &shown.join(", "), "map");
                let new = |n: String| {
                    let to =
                        pairs.iter().find(|(from, _)| *from == n).map_or(n.clone(), |(_, to)| to.clone());
                    (n, to)
                };
                let columns = self.visible().into_iter().map(new).collect();
                self.map(number, Counted::Yes, ProjectStage { columns })
            }
            Step::Filter { columns, label, function } => {
                self.say(verb, label, "map");
                let stage = FilterStage { columns: columns.clone(), function: Arc::clone(function) };
                self.map(number, Counted::Yes, stage)
            }
            Step::WithColumns { columns, label, function, .. } => {
                self.say(verb, label, "map");
                self.compute(number, Some(columns.clone()), function, verb.into())
            }
            Step::MapBatches { name, version, function } => {
                let version = version.as_ref().map_or("no version".into(), |v| format!("version {v}"));
                self.say(verb, &format!("{name}, {version}"), "map");
                self.compute(number, None, function, format!("{verb} {name}"))
            }
            Step::Head(rows) => {
                self.say(verb, &format!("{rows} rows, in input order"), "ordered");
                self.out.head = Some(number);
                self.out.stages.push((number, Counted::Yes, Build::Head(*rows)));
                Ok(())
            }
            Step::Validate { rules, policy } => {
                let shown: Vec<String> = rules.iter().map(crate::validate::Rule::describe).collect();
                self.say(verb, &format!("{}; on_invalid={}", shown.join("; "), policy.name()), "map");
                self.map(number, Counted::Yes, ValidateStage { rules: rules.clone(), policy: *policy })
            }
            Step::Format { format, on_collision } => self.format(index, format, *on_collision),
            Step::Dedup { .. } => self.dedup(number, step),
            Step::Split { options, by } => {
                let (columns, otherwise) = match by {
                    Some(by) => (by.clone(), Vec::new()),
                    None => raw_columns(self.plan),
                };
                let shares: Vec<String> = options.shares.iter().map(|(n, s)| format!("{n}={s}")).collect();
                let by_what = columns.join(", ");
                self.say(
                    verb,
                    &format!("{}, train the rest; by {by_what}; seed={}", shares.join(", "), options.seed),
                    "map",
                );
                match self.formatted_later(index) {
                    _ if by.is_some() => {
                        self.map(number, Counted::No, SplitKeyStage { columns, otherwise })?;
                    }
                    _ if self.formatted() => {}
                    Some(stage) => self.map(number, Counted::No, PromptKeyStage::new(stage?))?,
                    None => self.map(number, Counted::No, SplitKeyStage { columns, otherwise })?,
                }
                self.out.split_names = options.names();
                self.out.report_by.clone_from(&options.report_by);
                self.map(number, Counted::Yes, SplitStage::new(options.clone()))
            }
            Step::Restore { format, column, splits } => {
                self.say(verb, &format!("splits {} and format as published", splits.join(", ")), "map");
                self.out.format = Some(Arc::clone(format));
                self.out.split_names.clone_from(splits);
                self.map(number, Counted::Yes, RestoreStage { column: column.clone() })
            }
            Step::Tokenize(options) => self.tokenize(number, options),
            Step::Shuffle { seed } => {
                self.say(verb, &format!("all rows, before the sink; seed={seed}"), "barrier");
                self.out.barrier = Some(Barrier::Shuffle(*seed));
                Ok(())
            }
            Step::Pack { max_length, seed } => self.pack(*max_length, *seed),
        }
    }

    fn compute(
        &mut self,
        number: usize,
        columns: Option<Vec<String>>,
        function: &Arc<dyn crate::compute::Function>,
        step: String,
    ) -> Result<()> {
        let names = columns.clone().unwrap_or_else(|| self.visible());
        let schema = self.empty.records.schema();
        let indices: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n).ok()).collect();
        let makes = call(function.as_ref(), &self.empty.records.project(&indices)?, &step)?.schema();
        makes.fields().iter().try_for_each(|f| super::not_reserved(&step, f.name()))?;
        let replaces = columns.is_none();
        let function = Arc::clone(function);
        self.map(number, Counted::Yes, WithColumnsStage { columns, function, makes, replaces, step })
    }

    fn format(&mut self, index: usize, format: &Arc<PromptFormat>, on_collision: OnCollision) -> Result<()> {
        let later = &self.plan.steps[index + 1..];
        let prompt_key = later.iter().any(|s| matches!(s, Step::Split { by: None, .. }));
        let stage = self.format_stage(index, format, on_collision, prompt_key)?;
        let eos = if format.eos() { " + EOS" } else { "" };
        let used = format.columns();
        let replaced: Vec<String> = self
            .visible()
            .into_iter()
            .filter(|n| [schema::PROMPT, schema::COMPLETION].contains(&n.as_str()))
            .filter(|n| used.iter().all(|c| c.name != *n))
            .collect();
        let replaces = match replaced.is_empty() {
            true => String::new(),
            false => format!("; replaces column {}", replaced.join(", ")),
        };
        self.say(
            "format",
            &format!(
                "prompt {:?} + separator {:?}; completion {:?} + stop {:?}{eos}; on_collision={}{replaces}",
                format.prompt().source(),
                format.separator(),
                format.completion().source(),
                format.stop(),
                on_collision.name()
            ),
            "map",
        );
        if format.eos() && !later.iter().any(|s| matches!(s, Step::Tokenize(_))) {
            return Err(Error::new(
                Class::Plan,
                "no_tokenizer",
                "format: eos=True needs a tokenizer's EOS token",
            )
            .help("add .tokenize(...), or leave eos out"));
        }
        self.out.format = Some(Arc::clone(format));
        self.map(index + 1, Counted::Yes, stage)
    }

    /// The stage of the format at this step.
    fn format_stage(
        &self,
        index: usize,
        format: &PromptFormat,
        on_collision: OnCollision,
        prompt_key: bool,
    ) -> Result<FormatStage> {
        let tokenize = self.plan.steps[index + 1..].iter().find_map(|step| match step {
            Step::Tokenize(step) => Some(step),
            _ => None,
        });
        let special_tokens = match tokenize {
            Some(step) => {
                let tokenizer = step.tokenizer.load()?;
                let patterns: Vec<String> =
                    tokenizer.special_tokens.iter().map(|t| t.content.clone()).collect();
                (!patterns.is_empty()).then_some(SpecialTokens { patterns, policy: step.special_tokens })
            }
            None => None,
        };
        let options = FormatOptions { on_collision, special_tokens, prompt_key };
        FormatStage::new(format.clone(), options)
    }

    /// The stage of a later format, where its columns are there already: what decides a split before it.
    fn formatted_later(&self, index: usize) -> Option<Result<FormatStage>> {
        let schema = self.empty.records.schema();
        let is_there = |name: &str| schema.field_with_name(name).is_ok_and(|f| is_text(f.data_type()));
        self.plan.steps.iter().enumerate().skip(index).find_map(|(i, step)| match step {
            Step::Format { format, on_collision } if format.columns().iter().all(|c| is_there(&c.name)) => {
                Some(self.format_stage(i, format, *on_collision, true))
            }
            _ => None,
        })
    }

    fn dedup(&mut self, number: usize, step: &Step) -> Result<()> {
        let Step::Dedup { on, normalize, verify, keepers, against } = step else { return Ok(()) };
        let on = dedup_columns(on.as_deref(), self.formatted(), || self.visible());
        let mark = |column: &String| match (&self.out.format, column.as_str()) {
            (Some(format), schema::PROMPT) => format.separator().to_string(),
            (Some(format), schema::COMPLETION) => format.stop().to_string(),
            _ => String::new(),
        };
        let marks = on.iter().map(mark).collect();
        let options = KeyOptions { on, marks, normalize: *normalize, verify: *verify };
        let recipe = options.recipe();
        let mut text = format!("on {}, {}, first kept", options.on.join(", "), normalize.name());
        text.push_str(if *keepers { ", keepers named" } else { "" });
        text.push_str(if *verify { ", bytes compared" } else { ", 128-bit keys" });
        let first = self.earlier.len();
        let names = self.out.against[first..first + against.len()].to_vec();
        if !against.is_empty() {
            text.push_str(&format!(", against {}", names.join(", ")));
        }
        self.say("dedup", &text, "ordered");
        for (folder, name) in against.iter().zip(&names) {
            let (manifest, theirs) = keys::described(folder.as_ref())?;
            same_keys(folder, &theirs, &recipe)?;
            self.note_wording(name, &manifest.format);
            self.earlier.push(manifest.data);
        }
        self.map(number, Counted::No, KeyStage(options))?;
        // What the ordered stage takes away again.
        self.empty = self.empty.clone().without_columns(&[crate::dedup::KEY_BYTES])?;
        self.out.key_recipe = Some(recipe.clone());
        self.out.stages.push((
            number,
            Counted::Yes,
            Build::Dedup { keepers: *keepers, verify: *verify, against: against.clone(), first, recipe },
        ));
        Ok(())
    }

    /// Rows of other templates are rarely the same text: says so, since nothing else would.
    fn note_wording(&mut self, folder: &str, theirs: &serde_json::Value) {
        let Some(ours) = &self.out.format else { return };
        let template = |name: &str| theirs[name].as_str().unwrap_or_default().to_string();
        let (prompt, completion) = (template("prompt"), template("completion"));
        if (prompt.as_str(), completion.as_str()) != (ours.prompt().source(), ours.completion().source()) {
            self.out.lines.push(super::explain::detail(&format!(
                "note: {folder} was worded by other templates: prompt {prompt:?}, completion {completion:?}; \
                 only rows that render to the same text are found"
            )));
        }
    }

    fn tokenize(&mut self, number: usize, step: &TokenizeStep) -> Result<()> {
        let Some(format) = self.out.format.clone() else {
            return Err(Error::new(Class::Plan, "not_formatted", "tokenize: the rows are not proven yet").help(
                "put .format(PromptFormat(...)) before it; data that already ends in separator and stop is \
                 recognised and not given a second one",
            ));
        };
        not_tokenized(self.visible().iter().map(String::as_str))?;
        let tokenizer = step.tokenizer.load()?;
        let eos_id = match (format.eos(), tokenizer.eos_id) {
            (false, _) => None,
            (true, Some(id)) => Some(id),
            (true, None) => {
                return Err(Error::new(Class::Plan, "no_eos", "tokenize: the tokenizer names no EOS token").help(
                    "give the folder with tokenizer_config.json, or a transformers tokenizer, or leave eos out",
                ));
            }
        };
        let limit = step.max_length.map_or("none".into(), |n| n.to_string());
        self.say(
            "tokenize",
            &format!(
                "{}, {} ids; max_length={limit}; on_overflow={}; special_tokens={}; add_bos={}; keep_text={}",
                step.tokenizer.label(),
                tokenizer.vocab_size,
                step.on_overflow.name(),
                step.special_tokens.name(),
                step.add_bos,
                step.keep_text
            ),
            "map",
        );
        self.out.lines.push(super::explain::detail(&format!("engine: {}", tokenizer.engine())));
        if let Some(n) = step.verify {
            self.out.lines.push(super::explain::detail(&format!(
                "verify: row 0 and every {n} rows, against tokenizers"
            )));
        }
        for note in &tokenizer.notes {
            self.out.lines.push(super::explain::detail(&format!("note: {note}")));
        }
        let options = TokenizeOptions {
            max_length: step.max_length,
            on_overflow: step.on_overflow,
            special_tokens: step.special_tokens,
            eos_id,
            add_bos: step.add_bos,
            keep_text: step.keep_text,
            verify: step.verify,
            stop: Some(format.stop().to_string()),
        };
        self.out.tokenizer = Some(Arc::clone(&tokenizer));
        self.out.max_length = step.max_length;
        self.map(number, Counted::Yes, TokenizeStage::new(&tokenizer, options)?)
    }

    fn pack(&mut self, max_length: Option<usize>, seed: u64) -> Result<()> {
        let wrong =
            |message: String, help: &str| Err(Error::new(Class::Plan, "bad_max_length", message).help(help));
        let (Some(_), true) = (&self.out.tokenizer, self.empty.records.column_by_name(INPUT_IDS).is_some())
        else {
            return wrong("pack: the rows have no token ids".into(), "put .tokenize(...) before it");
        };
        let Some(longest) = self.out.max_length else {
            return wrong(
                "pack: a row may have any number of tokens, and none is cut".into(),
                "give tokenize a max_length: its on_overflow decides about longer rows",
            );
        };
        let limit = max_length.unwrap_or(longest);
        if limit < longest {
            return wrong(
                format!("pack: max_length={limit}, but rows have up to {longest} tokens, and none is cut"),
                "give tokenize the same max_length: its on_overflow decides about longer rows",
            );
        }
        let Ok(max_length) = u32::try_from(limit) else {
            return wrong(
                format!("pack: max_length={limit} is too large"),
                "packs of millions of tokens train nobody",
            );
        };
        let kept = pack::needed(&self.empty.records)?;
        let lost: Vec<String> =
            self.visible().into_iter().filter(|name| kept.column_by_name(name).is_none()).collect();
        self.say(
            "pack",
            &format!("best fit decreasing, max_length={max_length}; order by seed={seed}"),
            "barrier",
        );
        if !lost.is_empty() {
            self.out.lines.push(super::explain::detail(&format!("leaves out {}", lost.join(", "))));
        }
        let labels_follow = pack::labels_follow(&kept);
        self.empty.records = pack::join(&kept, &[], labels_follow)?;
        self.out.barrier = Some(Barrier::Pack(PackOptions { max_length, seed, labels_follow }));
        Ok(())
    }
}
