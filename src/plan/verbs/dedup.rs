//! `dedup`: removes exact duplicates, also of rows in earlier folders.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::chain_checks::check_no_copies;
use crate::artifact::keys;
use crate::dedup::{KeyOptions, KeyStage, Normalize};
use crate::error::Result;
use crate::plan::columns::{Columns, Conversations, Use};
use crate::plan::explain_lines::detail;
use crate::plan::json_forms::paths;
use crate::plan::resolve::{Build, Builder, Counted, check_recipe};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::Answers;
use crate::record::schema::{CHAT_TEXT, CHOSEN, COMPLETION, PROMPT, REJECTED};

/// Removes exact duplicates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedup {
    /// The columns to compare; none means `prompt` and `completion`, the `text` of conversations, prompt and answers of rows
    /// with preferences, or all columns before `format`.
    pub on: Option<Vec<String>>,
    /// How text is normalized before it is compared.
    pub normalize: Normalize,
    /// Whether bytes are compared if hashes are equal.
    pub verify: bool,
    /// Whether the output names the kept row for each removed one.
    pub keepers: bool,
    /// Earlier prepared folders whose rows count as seen.
    #[serde(with = "paths")]
    pub against: Vec<PathBuf>,
}

impl Dedup {
    /// The columns to compare.
    fn compared(&self, rendered: &[&str], all: impl FnOnce() -> Vec<String>) -> Vec<String> {
        match &self.on {
            Some(on) => on.clone(),
            None if rendered.is_empty() => all(),
            None => rendered.iter().map(|name| (*name).into()).collect(),
        }
    }
}

impl Named for Dedup {
    const NAME: &'static str = "dedup";
}

impl Verb for Dedup {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_no_copies(Self::NAME, before, "dedup would remove the copies")
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        let rendered: &[&str] = match columns.conversations() {
            _ if columns.answers() != Answers::One => columns.answers().rendered(),
            Conversations::Before { .. } => &[CHAT_TEXT],
            _ if columns.formatted() => &[PROMPT, COMPLETION],
            _ => &[],
        };
        let on = self.compared(rendered, || columns.compared());
        columns.use_all(&on, Use::Read)
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let rendered: &[&str] = match &builder.description {
            description if description.answers != Answers::One => description.answers.rendered(),
            description if description.chat.is_some() => &[CHAT_TEXT],
            description if description.format.is_some() => &[PROMPT, COMPLETION],
            _ => &[],
        };
        let on = self.compared(rendered, || builder.compared());
        let mark = |column: &String| match (&builder.description.format, column.as_str()) {
            (Some(format), PROMPT) => format.separator().to_string(),
            (Some(format), COMPLETION | CHOSEN | REJECTED) => format.stop().to_string(),
            _ => String::new(),
        };
        let marks = on.iter().map(mark).collect();
        let options = KeyOptions { on, marks, normalize: self.normalize, verify: self.verify };
        let recipe = options.recipe();
        let mut text = format!("on {}, {}, first kept", options.on.join(", "), self.normalize.name());
        text.push_str(if self.keepers { ", keepers named" } else { "" });
        text.push_str(if self.verify { ", bytes compared" } else { ", 128-bit keys" });
        let first = builder.description.earlier.len();
        let names = builder.description.against[first..first + self.against.len()].to_vec();
        if !self.against.is_empty() {
            text.push_str(&format!(", against {}", names.join(", ")));
        }
        builder.explain(&text, "ordered");
        for (folder, name) in self.against.iter().zip(&names) {
            let (manifest, theirs) = keys::with_recipe(&builder.store, folder)?;
            check_recipe(folder, &theirs, &recipe)?;
            note_other_templates(builder, name, &manifest.format);
            builder.description.earlier.push(manifest.data);
        }
        builder.map(Counted::No, KeyStage(options))?;
        builder.description.key_recipe = Some(recipe.clone());
        builder.ordered(Build::Dedup {
            keepers: self.keepers,
            verify: self.verify,
            store: builder.store.clone(),
            against: self.against.clone(),
            first,
            recipe,
        })
    }

    fn published(&self, names: &mut dyn Iterator<Item = String>) -> Result<Option<Step>> {
        let against = names.take(self.against.len()).map(PathBuf::from).collect();
        Ok(Some(Dedup { against, ..self.clone() }.into()))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

/// Adds a note if the folder was rendered by other templates, since then few duplicates can be found.
fn note_other_templates(builder: &mut Builder, folder: &str, theirs: &serde_json::Value) {
    if let Some(chat) = &builder.description.chat {
        if theirs["chat_template"].as_str() != Some(chat.source()) {
            builder.description.lines.push(detail(&format!(
                "note: {folder} was not rendered by this chat template; only rows of the same text are found"
            )));
        }
        return;
    }
    let Some(ours) = &builder.description.format else { return };
    let template = |name: &str| theirs[name].as_str().unwrap_or_default().to_string();
    let (prompt, completion) = (template("prompt"), template("completion"));
    if (prompt.as_str(), completion.as_str()) != (ours.prompt().source(), ours.completion().source()) {
        builder.description.lines.push(detail(&format!(
            "note: {folder} was rendered by other templates: prompt {prompt:?}, completion {completion:?}; \
             only rows that render to the same text are found"
        )));
    }
}
