//! `dedup`, and the earlier folders it looks into.

use super::builder::Builder;
use super::stages::{Build, Counted, same_keys};
use crate::artifact::keys;
use crate::dedup::{KEY_BYTES, KeyOptions, KeyStage};
use crate::error::Result;
use crate::plan::Step;
use crate::plan::columns::dedup_columns;
use crate::plan::explain::detail;
use crate::record::schema;

impl Builder<'_> {
    pub fn dedup(&mut self, number: usize, step: &Step) -> Result<()> {
        let Step::Dedup { on, normalize, verify, keepers, against } = step else { return Ok(()) };
        let on = dedup_columns(on.as_deref(), self.formatted(), || self.compared());
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
            let (manifest, theirs) = keys::described(folder)?;
            same_keys(folder, &theirs, &recipe)?;
            self.note_wording(name, &manifest.format);
            self.earlier.push(manifest.data);
        }
        self.map(number, Counted::No, KeyStage(options))?;
        // What the ordered stage takes away again.
        self.empty = self.empty.clone().without_columns(&[KEY_BYTES])?;
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
            self.out.lines.push(detail(&format!(
                "note: {folder} was worded by other templates: prompt {prompt:?}, completion {completion:?}; \
                 only rows that render to the same text are found"
            )));
        }
    }
}
