//! All dialects.

use super::agent_trace::AgentTrace;
use super::alpaca::Alpaca;
use super::chat_pairs::ChatPairs;
use super::chat_parts::ChatParts;
use super::classification::Classification;
use super::dialect::Dialect;
use super::image_parts::ImageParts;
use super::kto::Kto;
use super::openai_chat::OpenAiChat;
use super::openai_preference::OpenAiPreference;
use super::pairs::Pairs;
use super::preference::Preference;
use super::sharegpt::ShareGpt;
use super::text::Text;

/// All dialects, the more specific first: where the rows fit several, the first of them is recognised.
pub const DIALECTS: &[&dyn Dialect] = &[
    &ImageParts,
    &AgentTrace,
    &OpenAiPreference,
    &Preference,
    &Kto,
    &ChatPairs,
    &ChatParts,
    &ShareGpt,
    &OpenAiChat,
    &Alpaca,
    &Pairs,
    &Classification,
    &Text,
];

/// The dialect of this name.
pub fn find(name: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|dialect| dialect.name() == name)
}
