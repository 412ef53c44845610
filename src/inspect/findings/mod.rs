//! All findings, each in its file.

mod answer_repeats_prompt;
mod assistant_identity;
mod bank_accounts;
mod both_labels;
mod broken_arguments;
mod carriage_returns;
mod common_answer_prefix;
mod common_answer_suffix;
mod common_prompt_prefix;
mod common_prompt_suffix;
mod conflicting_answers;
mod control_characters;
mod control_tokens;
mod cut_off;
mod duplicate_rows;
mod emails;
mod empty_answers;
mod empty_prompts;
mod empty_turns;
mod formulaic_openings;
mod frequent_answers;
mod html;
mod identical_answers;
mod invisible_characters;
mod label_imbalance;
mod length_bias;
mod length_ceiling;
mod long_classes;
mod loops;
mod mark_collisions;
mod misfit_arguments;
mod missing_separator;
mod missing_stop;
mod mixed_casing;
mod mixed_endings;
mod mixed_line_ends;
mod mixed_markdown;
mod mixed_reasoning;
mod mojibake;
mod near_collisions;
mod not_nfc;
mod outer_white_space;
mod over_context;
mod payment_cards;
mod phone_numbers;
mod placeholders;
mod prompt_holds_answer;
mod refusals;
mod rendering;
mod replacement_characters;
mod secrets;
mod shared_prompts;
mod shared_rows;
mod small_classes;
mod templated_text;
mod turn_order;
mod unanswered_turns;
mod unbalanced_brackets;
mod unbalanced_fences;
mod unbalanced_quotes;
mod undefined_tools;
mod unexpected_length;
mod unexpected_pattern;
mod unexpected_script;
mod unfinished_tool_use;
mod untrained_rows;
mod upper_case;

use super::finding::Finding;

/// All findings, in the order of the page that describes them.
pub(crate) static FINDINGS: &[&Finding] = &[
    &empty_answers::EMPTY_ANSWERS,
    &empty_prompts::EMPTY_PROMPTS,
    &duplicate_rows::DUPLICATE_ROWS,
    &conflicting_answers::CONFLICTING_ANSWERS,
    &shared_rows::SHARED_ROWS,
    &shared_prompts::SHARED_PROMPTS,
    &answer_repeats_prompt::ANSWER_REPEATS_PROMPT,
    &prompt_holds_answer::PROMPT_HOLDS_ANSWER,
    &unanswered_turns::UNANSWERED_TURNS,
    &turn_order::TURN_ORDER,
    &empty_turns::EMPTY_TURNS,
    &unfinished_tool_use::UNFINISHED_TOOL_USE,
    &undefined_tools::UNDEFINED_TOOLS,
    &broken_arguments::BROKEN_ARGUMENTS,
    &misfit_arguments::MISFIT_ARGUMENTS,
    &frequent_answers::FREQUENT_ANSWERS,
    &formulaic_openings::FORMULAIC_OPENINGS,
    &mixed_reasoning::MIXED_REASONING,
    &mixed_casing::MIXED_CASING,
    &mixed_endings::MIXED_ENDINGS,
    &mixed_markdown::MIXED_MARKDOWN,
    &mojibake::MOJIBAKE,
    &replacement_characters::REPLACEMENT_CHARACTERS,
    &control_characters::CONTROL_CHARACTERS,
    &invisible_characters::INVISIBLE_CHARACTERS,
    &not_nfc::NOT_NFC,
    &carriage_returns::CARRIAGE_RETURNS,
    &mixed_line_ends::MIXED_LINE_ENDS,
    &outer_white_space::OUTER_WHITE_SPACE,
    &upper_case::UPPER_CASE,
    &html::HTML,
    &emails::EMAILS,
    &phone_numbers::PHONE_NUMBERS,
    &payment_cards::PAYMENT_CARDS,
    &bank_accounts::BANK_ACCOUNTS,
    &secrets::SECRETS,
    &control_tokens::CONTROL_TOKENS,
    &templated_text::TEMPLATED_TEXT,
    &mark_collisions::MARK_COLLISIONS,
    &near_collisions::NEAR_COLLISIONS,
    &missing_separator::MISSING_SEPARATOR,
    &missing_stop::MISSING_STOP,
    &common_prompt_prefix::COMMON_PROMPT_PREFIX,
    &common_prompt_suffix::COMMON_PROMPT_SUFFIX,
    &common_answer_prefix::COMMON_ANSWER_PREFIX,
    &common_answer_suffix::COMMON_ANSWER_SUFFIX,
    &unbalanced_fences::UNBALANCED_FENCES,
    &unbalanced_brackets::UNBALANCED_BRACKETS,
    &unbalanced_quotes::UNBALANCED_QUOTES,
    &cut_off::CUT_OFF,
    &length_ceiling::LENGTH_CEILING,
    &over_context::OVER_CONTEXT,
    &untrained_rows::UNTRAINED_ROWS,
    &rendering::CHAT_NOT_RENDERED,
    &rendering::BAD_MESSAGES,
    &rendering::NOT_PRINTED,
    &rendering::CUT,
    &rendering::NO_PROMPT,
    &rendering::PROMPT_DIFFERS,
    &rendering::NO_END_TOKEN,
    &rendering::TURN_INTERLEAVED,
    &rendering::PRINTED_TWICE,
    &rendering::REPR,
    &rendering::NOT_PROVEN,
    &rendering::GENERATION_MARKS,
    &loops::LOOPS,
    &placeholders::PLACEHOLDERS,
    &refusals::REFUSALS,
    &assistant_identity::ASSISTANT_IDENTITY,
    &small_classes::SMALL_CLASSES,
    &long_classes::LONG_CLASSES,
    &identical_answers::IDENTICAL_ANSWERS,
    &length_bias::LENGTH_BIAS,
    &label_imbalance::LABEL_IMBALANCE,
    &both_labels::BOTH_LABELS,
    &unexpected_length::UNEXPECTED_LENGTH,
    &unexpected_script::UNEXPECTED_SCRIPT,
    &unexpected_pattern::UNEXPECTED_PATTERN,
];
