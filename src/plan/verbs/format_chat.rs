//! `format` of conversations: renders them by a chat template, with proof of what trains.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain_checks::{bad_chain, check_only_one};
use super::format::{is_reject, reject};
use super::{Format, ReadAs, Tokenize};
use crate::chat::{
    ChatFormat, History, KindWeights, OnOpenEnd, Roles, ToolArguments, TrainedRole, TrainedTurns,
};
use crate::dialect::{DIALECTS, Dialect, PartColumns};
use crate::error::{Class, Error, Result, missing_column};
use crate::format::{
    AnswersChatStage, AnswersOptions, ChatStage, ChatStageOptions, OnDropped, ReadConversations,
    SpecialTokens,
};
use crate::plan::answers_of_dialect::DialectAnswers;
use crate::plan::columns::{Columns, Use, column_exists};
use crate::plan::conversations::DialectConversations;
use crate::plan::explain_lines::detail;
use crate::plan::json_forms::chat_format;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::schema::{CHAT_TEXT, MESSAGE, SPANS};
use crate::record::{Answers, Policy};
use crate::tokenize::Boundary;
use crate::tokenizer::LoadedTokenizer;
use crate::word::{self, Word};

/// Renders conversations by a chat template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatChat {
    /// The chat format.
    #[serde(with = "chat_format")]
    pub format: Arc<ChatFormat>,
    /// Which turns of these roles train.
    #[serde(with = "word")]
    pub train: TrainedTurns,
    /// The roles whose turns train.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) roles_to_train: Roles,
    /// The factors of the kinds of texts of the assistant.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) span_weights: KindWeights,
    /// What is before the turns that train.
    #[serde(default, with = "word", skip_serializing_if = "is_default")]
    pub history: History,
    /// What happens to rows of which the template does not print a text.
    #[serde(with = "word")]
    pub(crate) on_dropped: OnDropped,
    /// What happens to rows of whose last turn the template prints no end.
    #[serde(default, with = "word", skip_serializing_if = "is_default")]
    pub(crate) on_open_end: OnOpenEnd,
    /// How the template sees arguments of calls that are text.
    #[serde(with = "word")]
    pub(crate) tool_arguments: ToolArguments,
    /// The column with variables of the template, objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kwargs_column: Option<String>,
    /// Whether messages may have weights other than 0 and 1.
    pub weights: bool,
    /// Whether an earlier run has rendered the rows: they have `text` and `spans`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) rendered: bool,
    /// What happens to rows whose two answers are the same.
    #[serde(default = "reject", with = "word", skip_serializing_if = "is_reject")]
    pub(crate) on_same_answers: OnDropped,
    /// What happens to rows with text within an answer that must not train.
    #[serde(default = "reject", with = "word", skip_serializing_if = "is_reject")]
    pub(crate) on_untrained: OnDropped,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Named for FormatChat {
    const NAME: &'static str = "format_chat";
}

impl Verb for FormatChat {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)?;
        if before.iter().any(|step| step.is::<Format>()) {
            return Err(bad_chain("format: the chain already has this step", "remove one of the two"));
        }
        if self.roles_to_train.all().next().is_none() {
            return Err(Error::new(Class::Plan, "bad_option", "format: `roles_to_train` is empty")
                .help("name a role: roles_to_train=\"assistant\""));
        }
        self.check_span_weights()?;
        if self.history == History::SplitTurns && self.roles_to_train != Roles::default() {
            let message = "format: with history=\"split_turns\" only turns of the assistant train, since a row has what the model sees before it answers";
            return Err(
                Error::new(Class::Plan, "bad_option", message).help("leave roles_to_train or history out")
            );
        }
        match before.iter().any(|step| step.is::<Tokenize>()) {
            true => Err(bad_chain("format: the rows are already tokenized", "put format before tokenize")),
            false => Ok(()),
        }
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if self.rendered {
            return columns.use_all(&[CHAT_TEXT.into(), SPANS.into()], Use::Read);
        }
        let read = columns.dialect().to_vec();
        columns.use_all(&read, Use::Read)?;
        if let Some(name) = &self.kwargs_column {
            columns.use_column(name, Use::Read)?;
        }
        columns.retain(|name| !read.iter().any(|used| used == name));
        let new: &[&str] = match (columns.answers(), self.history) {
            (Answers::One, History::AsRendered) => &[CHAT_TEXT, SPANS],
            (Answers::One, History::SplitTurns) => &[CHAT_TEXT, SPANS, MESSAGE],
            (preferences, _) => preferences.rendered(),
        };
        if let Some(name) = columns.names().find(|name| new.contains(name)) {
            return Err(column_exists("format", name));
        }
        columns.add_first(new);
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let visible = builder.visible();
        let source = if self.rendered { None } else { Some(dialect_before(chain, &visible)?) };
        let used = source.iter().flat_map(|(_, columns)| columns);
        let own = self.kwargs_column.iter().filter(|_| source.is_some());
        let needed = used.clone().map(|(_, name)| name).chain(own);
        if let Some(name) = needed.into_iter().find(|name| !visible.contains(name)) {
            return Err(missing_column(name, "format", &visible));
        }
        let tokenize = chain.after().iter().find_map(Step::get::<Tokenize>);
        let tokenizer = match tokenize {
            Some(step) => Some((step.tokenizer.load()?, step.special_tokens)),
            None => None,
        };
        let format = self.as_trained(tokenizer.as_ref().map(|(tokenizer, _)| tokenizer.as_ref()))?;
        if self.on_open_end == OnOpenEnd::AppendEos && format.eos().is_none() {
            let message =
                "format: on_open_end=\"append_eos\" needs an EOS token, which the format does not name";
            return Err(Error::new(Class::Plan, "bad_option", message).help(
                "name it, ChatFormat(…, special_tokens={\"eos_token\": \"…\"}), or put tokenize after format, whose \
                 tokenizer names it",
            ));
        }
        let answers = source.as_ref().map_or(Answers::One, |(dialect, _)| dialect.answers());
        self.check_options(answers)?;
        builder.explain(&self.shown(&format, answers), "map");
        let lines = &mut builder.description.lines;
        lines.push(detail(&match &source {
            Some((dialect, _)) => format!("of {}: {}", dialect.name(), dialect.title()),
            None => "rendered before: text and spans stay as they are".into(),
        }));
        let fit = tokenize.map(Tokenize::fit).transpose()?.flatten();
        if self.rendered && fit.is_some() {
            let message = "tokenize: on_overflow=\"drop_oldest_turns\" needs the messages, which a prepared folder does not have";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("prepare the data from the source, or choose another on_overflow"));
        }
        lines.push(detail(match answers {
            Answers::One => "split by the messages before the first answer; dedup by the text",
            Answers::Pair => {
                "split by the messages before the first answer; dedup by prompt and both answers"
            }
            Answers::Labelled => {
                "split by the messages before the first answer; dedup by prompt, completion and label"
            }
        }));
        let next = chain.after().first().and_then(Step::get::<Tokenize>);
        let options = ChatStageOptions {
            fit,
            train: self.train,
            roles: self.roles_to_train,
            span_weights: self.span_weights,
            history: self.history,
            on_dropped: self.on_dropped,
            on_open_end: self.on_open_end,
            tool_arguments: self.tool_arguments,
            variables: self.kwargs_column.clone(),
            weights: self.weights,
            special_tokens: tokenizer.map(|(tokenizer, policy)| SpecialTokens {
                tokens: Arc::clone(tokenizer.control.tokens()),
                policy,
            }),
            spans: next.is_none_or(|step| step.keep_text),
            whole: tokenize.is_some_and(|step| step.boundary == Boundary::Whole),
            prompt_key: chain.after().iter().any(|step| step.verb().needs_prompt_key()),
        };
        let consumed: Vec<String> = used.map(|(_, column)| column.clone()).collect();
        if let (Some((dialect, columns)), true) = (&source, answers != Answers::One) {
            let rows = Box::new(DialectAnswers { dialect: *dialect, columns: columns.clone() });
            let (on_same, on_untrained) = (self.on_same_answers, self.on_untrained);
            let of_rows = AnswersOptions { answers, on_same, on_untrained };
            let stage = AnswersChatStage::new(Arc::clone(&format), rows, consumed, options, of_rows)?;
            builder.description.chat = Some(format);
            builder.description.answers = answers;
            builder.description.on_same_answers = on_same.policy();
            return builder.map(Counted::Yes, stage);
        }
        let before = chain.index.checked_sub(1).and_then(|i| chain.steps.get(i));
        let checked = before.and_then(Step::get::<ReadAs>).is_some();
        let rows = source.map(|(dialect, columns)| -> Box<dyn ReadConversations> {
            let variables = self.kwargs_column.clone();
            Box::new(DialectConversations { dialect, columns, checked, variables })
        });
        let stage = ChatStage::new(Arc::clone(&format), rows, consumed, options)?;
        builder.description.chat = Some(format);
        builder.map(Counted::Yes, stage)
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn conversations(&self) -> Option<bool> {
        Some(self.weights)
    }

    fn answers(&self, before: &[Step]) -> Option<Answers> {
        let read_as = before.iter().find_map(Step::get::<ReadAs>).filter(|_| !self.rendered);
        let decided = read_as.and_then(|step| step.decided().ok().flatten());
        Some(decided.map_or(Answers::One, |(dialect, _)| dialect.answers()))
    }
}

impl FormatChat {
    /// # Errors
    /// `bad_option`: a factor is not a number of 0 or more, none is above 0, or the column of weights is missing.
    fn check_span_weights(&self) -> Result<()> {
        let bad = |problem: &str, help: &str| {
            Err(Error::new(Class::Plan, "bad_option", format!("format: `span_weights` {problem}")).help(help))
        };
        let all = self.span_weights.all();
        if !all.iter().all(|weight| weight.is_finite() && *weight >= 0.0) {
            return bad("must be numbers of 0 or more", "write span_weights={\"reasoning\": 0.5}");
        }
        if all.iter().all(|weight| *weight == 0.0) {
            return bad("are all 0, so that nothing trains", "give one of them a weight above 0");
        }
        if !self.weights && all.iter().any(|weight| ![0.0, 1.0].contains(weight)) {
            return bad("other than 0 and 1 need the column of weights", "add weights=True");
        }
        Ok(())
    }

    /// The format as training and inference use it: with the BOS and EOS tokens of the tokenizer where it names none
    /// itself, and with the arguments of calls as the template sees them.
    pub(in crate::plan) fn as_trained(&self, tokenizer: Option<&LoadedTokenizer>) -> Result<Arc<ChatFormat>> {
        let mut options = self.format.options().clone();
        options.tool_arguments = self.tool_arguments;
        if let Some(tokenizer) = tokenizer {
            let tokens = &tokenizer.control.tokens().tokens;
            for (name, id) in [("bos_token", tokenizer.bos_id), ("eos_token", tokenizer.eos_id)] {
                let token = tokens.iter().find(|token| Some(token.id) == id);
                if let Some(token) = token.filter(|_| !options.special_tokens.contains_key(name)) {
                    options.special_tokens.insert(name.to_string(), token.content.clone());
                }
            }
        }
        match options == *self.format.options() {
            true => Ok(Arc::clone(&self.format)),
            false => ChatFormat::new(self.format.source().to_string(), options).map(Arc::new),
        }
    }

    /// Checks that the options are for rows with these answers.
    ///
    /// # Errors
    /// `bad_option`.
    fn check_options(&self, answers: Answers) -> Result<()> {
        let bad = |problem: &str, help: &str| {
            Err(Error::new(Class::Plan, "bad_option", format!("format: {problem}")).help(help))
        };
        if answers != Answers::One {
            if self.history != History::AsRendered {
                return bad("`history` is not for rows with preferences", "leave it out");
            }
            if self.span_weights != KindWeights::default() {
                return bad("`span_weights` is not for rows with preferences", "leave it out");
            }
            if self.roles_to_train != Roles::default() {
                let help = "leave it out: the turns of the assistant in an answer train";
                return bad("`roles_to_train` is not for rows with preferences", help);
            }
            if self.kwargs_column.is_some() || !matches!(self.on_open_end, OnOpenEnd::Remove(_)) {
                let help = "leave them out: an answer ends in its end token";
                return bad("`kwargs_column` and an open end are not for rows with preferences", help);
            }
            return match (self.train, self.weights) {
                (TrainedTurns::All, false)
                    if answers == Answers::Pair || is_reject(&self.on_same_answers) =>
                {
                    Ok(())
                }
                (_, true) => bad("`weights` is not for rows with preferences", "leave it out"),
                (TrainedTurns::Last, _) => {
                    bad("`train` is not for rows with preferences, whose answers train", "leave it out")
                }
                _ => bad("`on_same_answers` is for rows of two answers", "leave it out"),
            };
        }
        match is_reject(&self.on_same_answers) && is_reject(&self.on_untrained) {
            true => Ok(()),
            false => {
                bad("`on_same_answers` and `on_untrained` are for rows with preferences", "leave them out")
            }
        }
    }

    /// The format and its options, for `explain`.
    fn shown(&self, format: &ChatFormat, answers: Answers) -> String {
        let now = format.options().now.as_deref().map_or(String::new(), |now| format!(", now={now}"));
        if answers != Answers::One {
            let on_same = match answers {
                Answers::Pair => format!("; on_same_answers={}", self.on_same_answers.name()),
                _ => String::new(),
            };
            return format!(
                "chat template {}{now}; on_dropped={}; tool_arguments={}{on_same}; on_untrained={}",
                format.digest(),
                self.on_dropped.name(),
                self.tool_arguments.name(),
                self.on_untrained.name()
            );
        }
        let history = match self.history {
            History::AsRendered => String::new(),
            other => format!("; history={}", other.name()),
        };
        let roles: Vec<&str> = self.roles_to_train.all().map(TrainedRole::name).collect();
        let roles = match self.roles_to_train == Roles::default() {
            true => String::new(),
            false => format!("; roles_to_train={}", roles.join(", ")),
        };
        let weights = serde_json::to_string(&self.span_weights).unwrap_or_default();
        let weights = match self.span_weights == KindWeights::default() {
            true => String::new(),
            false => format!("; span_weights={weights}"),
        };
        let kwargs =
            self.kwargs_column.as_ref().map_or(String::new(), |name| format!("; kwargs_column={name}"));
        let open_end = match self.on_open_end {
            OnOpenEnd::Remove(Policy::Reject) => String::new(),
            other => format!("; on_open_end={}", other.name()),
        };
        format!(
            "chat template {}{now}; train={}{roles}{weights}{history}; on_dropped={}{open_end}{kwargs}; tool_arguments={}; weights={}",
            format.digest(),
            self.train.name(),
            self.on_dropped.name(),
            self.tool_arguments.name(),
            self.weights
        )
    }
}

/// What the rows are, by the `read_as` before the step.
fn dialect_before(chain: Chain<'_>, visible: &[String]) -> Result<(&'static dyn Dialect, PartColumns)> {
    let before = chain.steps.get(..chain.index).unwrap_or_default();
    let read_as = before.iter().find_map(Step::get::<ReadAs>);
    let Some((dialect, columns)) = read_as.map(ReadAs::decided).transpose()?.flatten() else {
        let note =
            read_as.and_then(|step| step.note.clone()).map_or(String::new(), |note| format!(": {note}"));
        let message = format!("format: it is not known which columns hold the conversations{note}");
        return Err(Error::new(Class::Plan, "no_dialect", message).help(say_it(visible)));
    };
    check_dialect(dialect)?;
    Ok((dialect, columns))
}

/// The help for rows with these columns whose dialect is unknown.
fn say_it(visible: &[String]) -> String {
    let fits =
        |dialect: &&dyn Dialect| dialect.answers() != Answers::One && !dialect.candidates(visible).is_empty();
    let preferences: Vec<&dyn Dialect> = DIALECTS.iter().copied().filter(fits).collect();
    let mut ways: Vec<String> =
        preferences.iter().map(|dialect| format!("read_as({:?})", dialect.name())).collect();
    if preferences.iter().all(|dialect| dialect.answers() != Answers::Pair) {
        ways.push("read_as(\"openai_chat\", columns={\"messages\": \"…\"})".into());
    }
    format!("say it before format: {}", ways.join(", or "))
}

/// Refuses rows that are no conversations to learn.
///
/// # Errors
/// `dialect_refused`.
pub(in crate::plan) fn check_dialect(dialect: &dyn Dialect) -> Result<()> {
    if dialect.name() != "text" {
        return Ok(());
    }
    let message = format!("format: rows of text ({}) are no conversations to learn", dialect.title());
    Err(Error::new(Class::Plan, "dialect_refused", message)
        .help("plain text has no turns: render it with PromptFormat.rendered(…)"))
}
