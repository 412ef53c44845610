//! Conversations as rows of a chat format.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::Serialize;

use super::chat_format::not_rendered;
use super::kind_weights::KindWeights;
use super::kinds::{Kinds, may_hold_reasoning};
use super::layout::Layout;
use super::marks;
use super::open_end::{self, OnOpenEnd};
use super::roles::{Roles, TrainedRole};
use super::seeker::Seeker;
use super::shape::{Detail, Shape, Unseen, example, unseen};
use super::spans::{self, Closings, EndTokens, Ends, Proof, is_assistant};
use super::trained::Trained;
use super::training_row::{ChatFault, Masked, TrainingRow, masked, region};
use super::{ChatFormat, Conversation, TurnSpans};
use crate::error::{Class, Error, Result};
use crate::limits::MAX_MESSAGES;
use crate::template::Data;

/// Layouts that are kept. A layout of a long conversation takes some kilobytes.
const KEPT: usize = 2000;

/// Makes rows of conversations, and remembers what it has proven about conversations of the same shape.
#[derive(Debug)]
pub struct ChatRows {
    format: Arc<ChatFormat>,
    /// What happens to turns that no token ends.
    open_end: OnOpenEnd,
    /// None for templates that look for too many texts: their rows are proven one by one.
    seeker: Option<Seeker>,
    /// The roles whose turns train.
    roles: Roles,
    /// The factors of the kinds of texts.
    weights: KindWeights,
    ends: Ends,
    /// Learnt when they are first needed.
    closings: OnceLock<Closings>,
    /// By the key of a shape; none for shapes that have no layout.
    learnt: RwLock<HashMap<u128, Option<Arc<Learnt>>>>,
}

/// What is known of a shape.
#[derive(Debug)]
struct Learnt {
    layout: Layout,
    decided: Decided,
}

/// What is the same for all conversations of a shape, whatever else their texts say.
#[derive(Debug, Default)]
struct Decided {
    /// The layout of the text.
    text: bool,
    /// The generation prompt before each turn.
    prompts: bool,
}

impl Decided {
    fn all(&self) -> bool {
        self.text && self.prompts
    }
}

/// A turn of the assistant, and the part of the text that trains.
#[derive(Debug, Serialize)]
pub struct Turn {
    /// What is proven about the turn.
    #[serde(flatten)]
    pub spans: TurnSpans,
    /// Where the part that trains begins and ends, in characters.
    pub trained: Option<(usize, usize)>,
    /// Why no exact mask exists.
    pub fault: Option<ChatFault>,
}

impl ChatRows {
    /// Rows of a format.
    pub fn new(format: impl Into<Arc<ChatFormat>>) -> Self {
        let format = format.into();
        let seeker = Seeker::new(format.sought());
        let open_end = OnOpenEnd::default();
        ChatRows {
            format,
            open_end,
            seeker,
            roles: Roles::default(),
            weights: KindWeights::default(),
            ends: Ends::default(),
            closings: OnceLock::new(),
            learnt: RwLock::default(),
        }
    }

    /// The rows, where this happens to those of whose last turn the template prints no end.
    #[must_use]
    pub fn with_open_end(self, open_end: OnOpenEnd) -> Self {
        ChatRows { open_end, learnt: RwLock::default(), ..self }
    }

    /// The rows, where the turns of these roles train.
    #[must_use]
    pub fn with_roles(self, roles: Roles) -> Self {
        ChatRows { roles, learnt: RwLock::default(), ..self }
    }

    /// The rows, where the texts of the assistant have these factors.
    #[must_use]
    pub fn with_weights(self, weights: KindWeights) -> Self {
        ChatRows { weights, learnt: RwLock::default(), ..self }
    }

    /// The numbers of the messages of a conversation that train.
    pub fn trained_turns(&self, conversation: &Conversation, trained: impl Into<Trained>) -> Vec<usize> {
        conversation.trained_turns(trained, self.roles)
    }

    /// The format.
    pub fn format(&self) -> &ChatFormat {
        &self.format
    }

    /// The turns of the assistant in the text that [`ChatFormat::render`] gives.
    ///
    /// # Errors
    /// Those of `render`; `bad_messages`: a text holds characters of the private use planes.
    pub fn turns(&self, conversation: &Conversation, generation_prompt: bool) -> Result<Vec<Turn>> {
        check(conversation)?;
        let mut proof = self.proof(conversation, Roles::default(), generation_prompt)?;
        let turns = std::mem::take(&mut proof.turns);
        let turn = |spans: TurnSpans| {
            let region = region(&proof, TrainedRole::Assistant, &spans, false);
            Turn { trained: region.as_ref().ok().copied(), fault: region.err(), spans }
        };
        Ok(turns.into_iter().map(turn).collect())
    }

    /// A conversation as a row for training. A turn trains from where the generation prompt before it ends through the
    /// token that ends it. A message's own weight (`weight`, `loss_weight`, `train` or `loss`) is the factor of its
    /// turn; 0 or false says that it does not train.
    ///
    /// A short conversation of the same shape is proven first, and remembered. Where the template is known not to look into
    /// texts, the row has the texts of this one in their places. Elsewhere this one is rendered: if it is laid out as that
    /// one, all that was proven holds; otherwise it is proven by itself. The result does not depend on what is remembered.
    ///
    /// The inner error is why no exact mask exists.
    ///
    /// # Errors
    /// As [`turns`](ChatRows::turns).
    pub fn training_row(&self, conversation: &Conversation, trained: impl Into<Trained>) -> Result<Masked> {
        let trained = trained.into();
        let mut row = self.proven_row(conversation, trained)?;
        if let (Ok(row), OnOpenEnd::AppendEos, Some(eos)) = (&mut row, self.open_end, self.format.eos())
            && open_end::is_open(&row.spans)
        {
            open_end::append(&mut row.text, &mut row.spans, eos);
        }
        Ok(row)
    }

    /// The row of a conversation, with the text of the template alone.
    fn proven_row(&self, conversation: &Conversation, trained: Trained) -> Result<Masked> {
        check(conversation)?;
        if let Some(row) = self.known_row(conversation, trained)? {
            return Ok(row);
        }
        Ok(self.masked(conversation, &self.proof(conversation, self.roles, false)?, trained))
    }

    /// The row by what is known of its shape; none if it must be proven by itself.
    fn known_row(&self, conversation: &Conversation, trained: Trained) -> Result<Option<Masked>> {
        let Some(seeker) = &self.seeker else { return Ok(None) };
        // Which part of a content is reasoning is not known from its shape.
        if self.weights != KindWeights::default() && may_hold_reasoning(conversation) {
            return Ok(None);
        }
        let edges = Shape::of(conversation, trained, seeker, Detail::Edges);
        if let Some(Learnt { layout, .. }) = self.learnt(&edges, conversation, trained, seeker).as_deref() {
            return Ok(layout.composed(&edges.texts));
        }
        let words = Shape::of(conversation, trained, seeker, Detail::Words);
        let learnt = self.learnt(&words, conversation, trained, seeker);
        let Some(Learnt { layout, decided }) = learnt.as_deref() else { return Ok(None) };
        if decided.all() {
            return Ok(layout.composed(&words.texts));
        }
        let row = layout.row(self.format.render(conversation, false)?, &words.texts);
        let holds = |row: &Masked| decided.prompts || self.starts_hold(conversation, trained, row);
        Ok(row.filter(holds))
    }

    /// Whether each turn that trains begins where the generation prompt before it ends, as the whole prompt is rendered.
    fn starts_hold(&self, conversation: &Conversation, trained: Trained, row: &Masked) -> bool {
        let Ok(TrainingRow { text, spans, .. }) = row else { return false };
        let starts: Vec<usize> = (0..spans.len())
            .filter(|&i| spans[i].is_in_turn() && !(i > 0 && spans[i - 1].is_in_turn()))
            .map(|i| if i == 0 { 0 } else { spans[i - 1].end as usize })
            .collect();
        let holds = |i: usize| {
            let prompt = self.format.render_messages(&conversation.messages[..i], conversation, true);
            prompt.is_ok_and(|prompt| text.starts_with(&prompt) && starts.contains(&prompt.len()))
        };
        let answers = Roles::default();
        conversation
            .trained_turns(trained, self.roles)
            .into_iter()
            .filter(|i| answers.have(&conversation.messages[*i]))
            .all(holds)
    }

    fn learnt(
        &self,
        shape: &Shape<'_>,
        conversation: &Conversation,
        trained: Trained,
        seeker: &Seeker,
    ) -> Option<Arc<Learnt>> {
        let known = self.learnt.read().unwrap_or_else(PoisonError::into_inner).get(&shape.key).cloned();
        if let Some(known) = known {
            return known;
        }
        let layout = self.learn(conversation, trained, seeker, shape.detail).map(Arc::new);
        let mut layouts = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        if layouts.len() >= KEPT {
            layouts.clear();
        }
        layouts.insert(shape.key, layout.clone());
        layout
    }

    /// The layout of a shape, from a conversation that stands for all of the shape. Without the words that texts hold, a
    /// shape is of use only where they decide nothing.
    fn learn(
        &self,
        conversation: &Conversation,
        trained: Trained,
        seeker: &Seeker,
        detail: Detail,
    ) -> Option<Learnt> {
        let example = example(conversation, seeker, detail)?;
        let unseen = unseen(&example, seeker, detail);
        if detail == Detail::Edges && unseen.is_none() {
            return None;
        }
        let proof = self.proof(&example, self.roles, false).ok()?;
        let row = self.masked(&example, &proof, trained);
        let layout = Layout::new(&example, &proof, seeker, row)?;
        let decided = unseen.and_then(|unseen| self.decided(unseen, &layout)).unwrap_or_default();
        (detail == Detail::Words || decided.all()).then_some(Learnt { layout, decided })
    }

    /// What the template does with all conversations of the shape as with its example: where it does not look into a text.
    fn decided(&self, unseen: Unseen, layout: &Layout) -> Option<Decided> {
        let Unseen { conversation, placeholders, known } = unseen;
        let blind = self.format.blind(known)?;
        let render = |messages: &[Data], generation_prompt: bool| {
            self.format.render_with(&blind, messages, &conversation, generation_prompt).ok()
        };
        let text =
            render(&conversation.messages, false).is_some_and(|text| layout.fits(&text, &placeholders));
        let turns = conversation.messages.iter().enumerate().filter(|(_, message)| is_assistant(message));
        let prompts =
            turns.map(|(i, _)| render(&conversation.messages[..i], true)).all(|prompt| prompt.is_some());
        Some(Decided { text, prompts })
    }

    /// The tokens that end turns of the assistant.
    pub(super) fn ends(&self) -> &EndTokens {
        self.ends.of(&self.format, TrainedRole::Assistant)
    }

    /// What is proven about a conversation.
    ///
    /// # Errors
    /// As [`turns`](ChatRows::turns).
    pub(super) fn checked_proof(
        &self,
        conversation: &Conversation,
        generation_prompt: bool,
    ) -> Result<Proof> {
        check(conversation)?;
        self.proof(conversation, Roles::default(), generation_prompt)
    }

    /// What decides the kind of each text; none where all have the factor 1.
    fn kinds(&self) -> Option<Kinds<'_>> {
        (self.weights != KindWeights::default()).then(|| Kinds {
            weights: self.weights,
            closings: self.closings.get_or_init(|| spans::learn_closings(&self.format)),
        })
    }

    /// The row of a proof, with how the marks of the template differ from it.
    fn masked(&self, conversation: &Conversation, proof: &Proof, trained: Trained) -> Masked {
        let keeps_open = matches!(self.open_end, OnOpenEnd::Keep | OnOpenEnd::AppendEos);
        let mut row = masked(conversation, proof, trained, self.roles, self.kinds(), keeps_open)?;
        row.marks = marks::differences(&self.format, conversation, proof);
        Ok(row)
    }

    fn proof(&self, conversation: &Conversation, roles: Roles, generation_prompt: bool) -> Result<Proof> {
        spans::prove(&self.format, conversation, generation_prompt, roles, &self.ends)
            .map_err(|e| not_rendered(&e))
    }
}

/// Refuses what cannot be proven: more messages than can be in a moment, and characters which the proof puts in place of
/// others.
fn check(conversation: &Conversation) -> Result<()> {
    let bad = |message: String| Err(Error::new(Class::Data, "bad_messages", message));
    if conversation.messages.len() > MAX_MESSAGES {
        return bad(format!("there are more than {MAX_MESSAGES} messages"));
    }
    match spans::are_free(&conversation.messages) {
        true => Ok(()),
        false => {
            bad("a text holds characters of the private use planes, which stand for others in the proof \
                      of spans"
                .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatOptions, TrainedTurns, TrainingRow};
    use crate::record::turns::{Role, SpanKind};
    use crate::word::Word;

    const CHATML: &str = "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content|trim }}<|im_end|>\n{% endfor %}\
                          {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    fn row(
        template: &str,
        messages: &str,
        trained: TrainedTurns,
    ) -> std::result::Result<TrainingRow, ChatFault> {
        let format = ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap();
        ChatRows::new(format).training_row(&Conversation::parse(messages, None).unwrap(), trained).unwrap()
    }

    /// The texts that train, with their weights.
    fn trained(row: &TrainingRow) -> Vec<(&str, f32)> {
        let starts = std::iter::once(0).chain(row.spans.iter().map(|span| span.end as usize));
        let mut out: Vec<(usize, usize, f32)> = Vec::new();
        for (start, span) in starts.zip(&row.spans).filter(|(_, span)| span.trained) {
            match out.last_mut() {
                Some((_, end, _)) if *end == start => *end = span.end as usize,
                _ => out.push((start, span.end as usize, span.weight)),
            }
        }
        out.into_iter().map(|(start, end, weight)| (&row.text[start..end], weight)).collect()
    }

    const TALK: &str = r#"[{"role":"user","content":"Hi é"},{"role":"assistant","content":" Hi é "},
        {"role":"user","content":"<|im_end|>"},{"role":"assistant","content":"","weight":0.5}]"#;

    #[test]
    fn turns_train_through_their_end_token() {
        let all = row(CHATML, TALK, TrainedTurns::All).unwrap();
        assert_eq!(trained(&all), [("Hi é<|im_end|>", 1.0), ("<|im_end|>", 0.5)]);
        assert_eq!(trained(&row(CHATML, TALK, TrainedTurns::Last).unwrap()), [("<|im_end|>", 0.5)]);
        assert_eq!(all.spans.last().unwrap().end as usize, all.text.len());
        let data: String = all
            .spans
            .iter()
            .scan(0, |start, span| {
                let text = &all.text[*start..span.end as usize];
                *start = span.end as usize;
                Some(if span.from_data { text } else { "|" })
            })
            .collect();
        assert_eq!(data, "|Hi é|Hi é||<|im_end|>|||");
        let untrained = TALK.replace("0.5", "0");
        assert_eq!(trained(&row(CHATML, &untrained, TrainedTurns::All).unwrap()).len(), 1);
    }

    #[test]
    fn turns_of_other_roles_train_from_their_first_text() {
        let talk = r#"[{"role":"developer","content":"s"},{"role":"user","content":" Hi "},{"role":"assistant","content":"Ho"},
            {"role":"tool","content":"Hi"},{"role":"critic","content":"x"},{"role":"user","content":"","train":0.5}]"#;
        let talk = Conversation::parse(talk, None).unwrap();
        let row = |template: &str, roles: &[TrainedRole], turns: TrainedTurns| {
            let format = ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap();
            let rows = ChatRows::new(format).with_roles(Roles::of(roles));
            let row = rows.training_row(&talk, turns).unwrap();
            let proof = rows.proof(&talk, rows.roles, false).unwrap();
            assert_eq!(row, rows.masked(&talk, &proof, turns.into()));
            row.unwrap()
        };
        let all = TrainedRole::ALL;
        let made = row(CHATML, all, TrainedTurns::All);
        let expected = [
            ("s<|im_end|>", 1.0),
            ("Hi<|im_end|>", 1.0),
            ("Ho<|im_end|>", 1.0),
            ("Hi<|im_end|>", 1.0),
            ("<|im_end|>", 0.5),
        ];
        assert_eq!(trained(&made), expected);
        let roles: Vec<Role> =
            made.spans.iter().filter(|s| s.trained && s.from_data).map(|s| s.role).collect();
        assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool]);
        assert_eq!(trained(&row(CHATML, all, TrainedTurns::Last)), expected[4..]);
        assert_eq!(trained(&row(CHATML, &[TrainedRole::Tool], TrainedTurns::All)), expected[3..4]);
        // Without a token that ends turns, texts train alone.
        let no_end = CHATML.replace("<|im_end|>\n", "\n").replace("<|im_start|>", "# ");
        let users = row(&no_end, &[TrainedRole::User], TrainedTurns::All);
        assert_eq!(trained(&users), [("Hi", 1.0)]);
    }

    #[test]
    fn kinds_of_texts_have_factors_of_their_own() {
        const THINKS: &str = "{%- for m in messages %}<|im_start|>{{ m.role }}\n{% if m.reasoning_content %}<think>\n{{ m.reasoning_content|trim }}\n</think>\n\n{% endif %}\
            {{ m.content }}{% for c in m.tool_calls %}\n<call>{{ c.function.name }}({{ c.function.arguments|tojson }})</call>{% endfor %}<|im_end|>\n{% endfor %}\
            {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
        let call = r#""tool_calls":[{"function":{"name":"f","arguments":{"a":"x","n":1}}},{"function":{"name":"g","arguments":{}}}]"#;
        let talk = format!(
            r#"[{{"role":"user","content":"q"}},{{"role":"assistant","content":"","reasoning_content":" r ",{call}}},
            {{"role":"tool","content":"t"}},{{"role":"assistant","content":"c","weight":0.5,{call}}},
            {{"role":"user","content":"q"}},{{"role":"assistant","content":"<think>r</think> c"}},
            {{"role":"user","content":"q"}},{{"role":"assistant","content":""}}]"#
        );
        let talk = Conversation::parse(&talk, None).unwrap();
        let row = |weights| {
            let format = ChatFormat::new(THINKS.to_string(), ChatOptions::default()).unwrap();
            let rows = ChatRows::new(format).with_weights(weights);
            let row = rows.training_row(&talk, TrainedTurns::All).unwrap();
            let proof = rows.proof(&talk, Roles::default(), false).unwrap();
            assert_eq!(row, rows.masked(&talk, &proof, TrainedTurns::All.into()));
            row.unwrap()
        };
        let kinds = |row: &TrainingRow| -> Vec<(String, SpanKind, bool, f32)> {
            let starts = std::iter::once(0).chain(row.spans.iter().map(|span| span.end as usize));
            let mut out: Vec<(String, SpanKind, bool, f32)> = Vec::new();
            for (start, span) in starts.zip(&row.spans) {
                let Some(kind) = span.kind else {
                    out.push((String::new(), SpanKind::Content, false, -1.0));
                    continue;
                };
                let text = &row.text[start..span.end as usize];
                match out.last_mut() {
                    Some(last) if (last.1, last.2, last.3) == (kind, span.trained, span.weight) => {
                        last.0 += text
                    }
                    _ => out.push((text.to_string(), kind, span.trained, span.weight)),
                }
            }
            out.into_iter().filter(|(text, ..)| !text.is_empty()).collect()
        };
        let (r, k, c) = (SpanKind::Reasoning, SpanKind::Calls, SpanKind::Content);
        let calls = "<call>f({\"a\": \"x\", \"n\": 1})</call><call>g({})</call><|im_end|>";
        let all = row(KindWeights { reasoning: 0.0, calls: 0.25, content: 1.0 });
        let expected: &[(&str, SpanKind, bool, f32)] = &[
            ("<think>\nr\n</think>\n\n", r, false, 1.0),
            (calls, k, true, 0.25),
            ("c", c, true, 0.5),
            (calls, k, true, 0.125),
            ("<think>r</think> ", r, false, 1.0),
            ("c<|im_end|>", c, true, 1.0),
            ("<|im_end|>", c, true, 1.0),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(text, kind, trains, w)| ((*text).to_string(), *kind, *trains, *w))
            .collect();
        assert_eq!(kinds(&all), expected);
        // Turns of which nothing trains are turns still.
        let none = row(KindWeights { reasoning: 0.0, calls: 0.0, content: 0.0 });
        assert_eq!(none.spans.iter().filter(|span| span.trained).count(), 0);
        let plain = row(KindWeights::default());
        let in_turns = |row: &TrainingRow| -> Vec<(u32, bool)> {
            let alike = crate::record::turns::alike(&row.spans);
            alike.map(|spans| (spans[spans.len() - 1].end, spans[0].is_in_turn())).collect()
        };
        assert_eq!(in_turns(&none), in_turns(&plain));
        assert_eq!(in_turns(&all), in_turns(&plain));
    }

    #[test]
    fn kinds_that_cannot_be_told_apart_are_a_fault() {
        let template = CHATML.replace(
            "{{ m.content|trim }}",
            "{{ m.content }}{{ m.reasoning_content }}{% if m.reasoning_content and m.content %}!{% endif %}",
        );
        let talk = |content: &str| {
            let answer =
                serde_json::json!({"role": "assistant", "content": content, "reasoning_content": "r"});
            let messages = serde_json::json!([{"role": "user", "content": "q"}, answer]);
            Conversation::parse(&messages.to_string(), None).unwrap()
        };
        let code = |template: &str, weights, content: &str| {
            let format = ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap();
            let row =
                ChatRows::new(format).with_weights(weights).training_row(&talk(content), TrainedTurns::All);
            row.unwrap().map_or_else(|fault| fault.code, |_| "row")
        };
        let weights = KindWeights { reasoning: 0.5, ..KindWeights::default() };
        assert_eq!(code(&template, weights, "c"), "row");
        for content in ["c</think>", "<think>a</think></think>"] {
            assert_eq!(code(&template, weights, content), "not_proven", "{content}");
            let alike = KindWeights { calls: 0.0, ..KindWeights::default() };
            assert_eq!(code(&template, alike, content), "row");
        }
        // What is after reasoning was learnt from a longer one.
        let between = CHATML.replace(
            "{{ m.content|trim }}",
            "{% if m.reasoning_content %}{{ m.reasoning_content }}{% if m.reasoning_content|length < 5 %}-{% else %}</t>{% endif %}{% endif %}{{ m.content }}",
        );
        assert_eq!(code(&between, weights, "c"), "not_proven");
    }

    #[test]
    fn what_is_not_printed_is_a_fault() {
        let messages = r#"[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"},
            {"role":"assistant","content":"Ho","reasoning_content":"why","tool_calls":[{"function":{"name":"f","arguments":{}}}]}]"#;
        let template =
            CHATML.replace("{%- for m in messages %}", "{%- for m in messages if m.role != 'system' %}");
        let faults = row(&template, messages, TrainedTurns::All).unwrap().faults;
        let codes: Vec<_> =
            faults.iter().map(|fault| (fault.code, fault.message, fault.detail.as_str())).collect();
        assert_eq!(
            codes,
            [
                ("not_printed", 0, "the template prints nothing of `content` of message 0"),
                ("not_printed", 2, "the template prints nothing of `reasoning_content` of message 2"),
                (
                    "not_printed",
                    2,
                    "the template prints nothing of `tool_calls.0.function.name` of message 2"
                ),
            ]
        );
    }

    /// Conversations whose shapes and texts differ, some of which the template looks into.
    fn talks() -> Vec<Conversation> {
        let texts =
            ["Hi", " é\"<&\\\n ", "", " \n", "a\n</think>\nb", "</think>", "b</think>", "content", "x /no y"];
        let mut talks = Vec::new();
        for (i, first) in texts.iter().enumerate() {
            for second in texts {
                let mut answer = serde_json::json!({"role": "assistant", "content": second});
                if i % 3 == 1 {
                    let function =
                        serde_json::json!({"name": "f", "arguments": {"x": first, "n": [1.0, null]}});
                    answer["tool_calls"] = serde_json::json!([{"function": function}]);
                    answer["reasoning"] = first.to_string().into();
                }
                let messages = serde_json::json!([{"role": "user", "content": first}, answer]);
                talks.push(Conversation::parse(&messages.to_string(), None).unwrap());
            }
        }
        talks
    }

    const LOOKS_INTO_TEXTS: &str = "{%- for m in messages %}[{{ m.role }}]\
        {%- if '</think>' in m.content %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% else %}{{ m.content }}{% endif %}\
        {%- if m.reasoning_content %}({{ m.reasoning_content|tojson }}){% endif %}\
        {%- for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments|tojson }}{% endfor %}</s>\
        {%- endfor %}{% if add_generation_prompt %}[assistant]{% if '/no' in messages[0].content %}!{% endif %}{% endif %}";

    #[test]
    fn a_row_does_not_depend_on_the_rows_before_it() {
        for (template, layouts) in [(CHATML, 9), (LOOKS_INTO_TEXTS, 30)] {
            let format = || ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap();
            let (rows, mut by_layout) = (ChatRows::new(format()), 0);
            for talk in talks() {
                let row = rows.training_row(&talk, TrainedTurns::All).unwrap();
                assert_eq!(row, ChatRows::new(format()).training_row(&talk, TrainedTurns::All).unwrap());
                let proof = rows.proof(&talk, Roles::default(), false).unwrap();
                let alone = rows.masked(&talk, &proof, TrainedTurns::All.into());
                let is_proven = !alone.as_ref().is_err_and(|fault| fault.code == "not_proven");
                assert!(row == alone || !is_proven, "{row:?} {alone:?}");
                by_layout += usize::from(row == alone);
            }
            assert!(by_layout > 60, "{by_layout}");
            let known = rows.learnt.read().unwrap().values().flatten().count();
            assert!(known > layouts, "{known}");
        }
    }

    #[test]
    fn long_texts_are_proven_in_several_passes() {
        let long = "a \"b\" é ".repeat(20_000);
        let messages =
            serde_json::json!([{"role": "user", "content": long}, {"role": "assistant", "content": long}]);
        let talk = Conversation::parse(&messages.to_string(), None).unwrap();
        let rows = ChatRows::new(ChatFormat::new(CHATML.to_string(), ChatOptions::default()).unwrap());
        let proof = rows.proof(&talk, Roles::default(), false).unwrap();
        let alone = rows.masked(&talk, &proof, TrainedTurns::All.into());
        assert_eq!(trained(alone.as_ref().unwrap()), [(&*format!("{}<|im_end|>", long.trim_end()), 1.0)]);
        assert_eq!(rows.training_row(&talk, TrainedTurns::All).unwrap(), alone);
    }

    #[test]
    fn texts_with_characters_of_private_use_are_refused() {
        let talk = |text: &str| {
            let messages = serde_json::json!([{"role": "user", "content": text}]);
            let rows = ChatRows::new(ChatFormat::new(CHATML.to_string(), ChatOptions::default()).unwrap());
            rows.training_row(&Conversation::parse(&messages.to_string(), None).unwrap(), TrainedTurns::All)
                .map(drop)
        };
        assert_eq!(talk("a\u{f1000}").unwrap_err().code(), "bad_messages");
        assert!(talk("\u{e0061}\u{1f600}\u{e000}").is_ok());
    }

    #[test]
    fn no_mask_is_guessed() {
        let messages = r#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]"#;
        let reversed = CHATML.replace("in messages", "in messages|reverse");
        let longer = CHATML.replace("assistant\n{% endif", "assistant\n<think>\n{% endif");
        let by_text = CHATML.replace(
            "assistant\n{% endif",
            "assistant\n{% if messages[0].content == 'Hi' %}!{% endif %}{% endif",
        );
        let twice = CHATML.replace("{{ m.content|trim }}", "{{ m.content }}{{ m.content }}");
        let no_end = CHATML.replace("<|im_end|>", "");
        for (template, code) in [
            (&*reversed, "not_proven"),
            (&longer, "prompt_differs"),
            (&by_text, "prompt_differs"),
            (&twice, "printed_twice"),
            (&no_end, "no_end_token"),
        ] {
            assert_eq!(row(template, messages, TrainedTurns::All).unwrap_err().code, code, "{template}");
        }
        let first = r#"[{"role":"assistant","content":"Ho"},{"role":"user","content":"Hi"}]"#;
        assert_eq!(row(CHATML, first, TrainedTurns::All).unwrap_err().code, "no_prompt");
    }

    #[test]
    fn what_the_template_decides_by_a_text_is_proven_of_each() {
        let by_length = "{%- for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}\
            {% if add_generation_prompt %}[assistant]{% if messages[0].content|length > 30 %}!{% endif %}{% endif %}";
        let cut = CHATML.replace("m.content|trim", "m.content[:30]");
        for (template, decided) in [(CHATML, true), (by_length, false), (&*cut, false)] {
            let rows = ChatRows::new(ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap());
            for length in [3, 30, 31, 300] {
                let text = "a".repeat(length);
                let messages = format!(
                    r#"[{{"role":"user","content":"{text}"}},{{"role":"assistant","content":"{text}b"}}]"#
                );
                let talk = Conversation::parse(&messages, None).unwrap();
                let proof = rows.proof(&talk, Roles::default(), false).unwrap();
                let alone = rows.masked(&talk, &proof, TrainedTurns::All.into());
                assert_eq!(
                    rows.training_row(&talk, TrainedTurns::All).unwrap(),
                    alone,
                    "{template} {length}"
                );
                let known = rows.known_row(&talk, TrainedTurns::All.into()).unwrap();
                assert!(known.is_none_or(|known| known == alone));
            }
            let learnt = rows.learnt.read().unwrap();
            let mut all = learnt.values().flatten().map(|learnt| learnt.decided.all());
            assert!(all.all(|is_decided| is_decided == decided));
        }
    }

    #[test]
    fn an_open_end_is_kept_or_gets_eos() {
        let open = CHATML.replace(
            "<|im_end|>\n{% endfor %}",
            "{% if m.role == 'user' or not loop.last %}<|im_end|>\n{% endif %}{% endfor %}",
        );
        let talk = Conversation::parse(TALK, None).unwrap();
        let format = || {
            let options = serde_json::from_str(r#"{"special_tokens":{"eos_token":"</s>"}}"#).unwrap();
            ChatFormat::new(open.clone(), options).unwrap()
        };
        let row = |open_end, text: &str| {
            let talk = Conversation::parse(text, None).unwrap();
            ChatRows::new(format()).with_open_end(open_end).training_row(&talk, TrainedTurns::All).unwrap()
        };
        assert_eq!(row(OnOpenEnd::default(), TALK).unwrap_err().code, "no_end_token");
        let said = TALK.replace("\"content\":\"\"", "\"content\":\"So \"");
        assert_eq!(row(OnOpenEnd::default(), &said).unwrap_err().code, "no_end_token");
        let kept = row(OnOpenEnd::Keep, &said).unwrap();
        assert_eq!(trained(&kept), [("Hi é<|im_end|>", 1.0), ("So", 0.5)]);
        let ended = row(OnOpenEnd::AppendEos, &said).unwrap();
        assert_eq!(trained(&ended), [("Hi é<|im_end|>", 1.0), ("So</s>", 0.5)]);
        assert_eq!(ended.text, kept.text.clone() + "</s>");
        assert!(!ended.spans.last().unwrap().from_data);
        // Nothing is put after a turn that has an end.
        let rows = ChatRows::new(ChatFormat::new(CHATML.to_string(), ChatOptions::default()).unwrap());
        let plain = rows.training_row(&talk, TrainedTurns::All).unwrap();
        let same = rows.with_open_end(OnOpenEnd::AppendEos).training_row(&talk, TrainedTurns::All).unwrap();
        assert_eq!(plain, same);
    }
}
