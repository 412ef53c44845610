//! The one table of targets: each limit with its source and the day on which it was read there. `docs/provider-files.md`
//! shows it.

use super::limit::{Closing, Limit, Source, Target, must, should};
use super::rule::Rule::{
    Answer, AnswerLast, BlocksContent, Bytes, CallBlocks, CallIds, Calls, Content, DescribedTools,
    DifferentOutputs, DoubtfulBytes, DoubtfulRoles, Extension, FewestRows, Keys, Mark, MessageKeys, MostRows,
    NameCharacters, NoBlankLines, NoMark, NoSharedRows, NoTools, NoWeight, NotBlank, OneFormat, OneSystem,
    Outputs, PartsContent, Reserved, ResultBlocks, Roles, SystemBlocks, SystemFirst, TextContent, ToolConfig,
    Tools, Turns, UploadBytes, UserFirst, Weight,
};
use crate::word::Word;

/// All targets.
pub(crate) const TARGETS: &[&Target] = &[
    &AZURE,
    &OPENAI,
    &TOGETHER,
    &FIREWORKS,
    &BEDROCK,
    &MISTRAL,
    &TRL,
    &AXOLOTL,
    &AZURE_DPO,
    &OPENAI_DPO,
    &TOGETHER_DPO,
    &FIREWORKS_DPO,
];

/// A target by its name.
impl Word for &'static Target {
    const ALL: &'static [Self] = TARGETS;

    fn name(self) -> &'static str {
        self.name
    }
}

const fn read(url: &'static str) -> Source {
    Source { url, seen: "2026-11-29" }
}

const JSON_RFC: Source = read("https://www.rfc-editor.org/rfc/rfc8259#section-8.1");
const JSON_LINES: Source = read("https://jsonlines.org/");
const AZURE_GUIDE: Source = read("https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/fine-tuning");
const AZURE_TOOLS: Source =
    read("https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/fine-tuning-functions");
const AZURE_UPLOADS: Source = read(
    "https://github.com/microsoft/azure-skills/blob/main/skills/microsoft-foundry/finetuning/references/large-file-uploads.md",
);
const AZURE_CHECKS: Source = read(
    "https://github.com/microsoft/azure-skills/tree/main/skills/microsoft-foundry/finetuning/scripts/validate",
);
const OPENAI_GUIDE: Source = read("https://developers.openai.com/docs/guides/distillation");
const AZURE_PAIRS: Source = read(
    "https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/fine-tuning-direct-preference-optimization",
);
const OPENAI_PAIRS: Source =
    read("https://developers.openai.com/api/docs/guides/direct-preference-optimization");
const TOGETHER_PAIRS: Source = read("https://docs.together.ai/docs/preference-fine-tuning");
const FIREWORKS_PAIRS: Source = read("https://docs.fireworks.ai/fine-tuning/dpo-fine-tuning");
const OPENAI_FILES: Source =
    read("https://github.com/openai/openai-python/blob/main/src/openai/resources/files.py");
const OPENAI_JOBS: Source = read(
    "https://github.com/openai/openai-python/blob/main/src/openai/types/fine_tuning/job_create_params.py",
);
const OPENAI_CHECKS: Source =
    read("https://github.com/openai/openai-cookbook/blob/main/examples/Chat_finetuning_data_prep.ipynb");
const OPENAI_END: Source = read("https://platform.openai.com/docs/deprecations");
const TOGETHER_GUIDE: Source = read("https://docs.together.ai/docs/fine-tuning/data-preparation");
const TOGETHER_TOOLS: Source = read("https://docs.together.ai/docs/fine-tuning/function-calling");
const TOGETHER_CHECKS: Source =
    read("https://github.com/togethercomputer/together-python/blob/main/src/together/utils/files.py");
const FIREWORKS_GUIDE: Source = read("https://docs.fireworks.ai/fine-tuning/fine-tuning-models");
const FIREWORKS_OPENAI: Source = read("https://docs.fireworks.ai/tools-sdks/openai-compatibility");
const NOVA_GUIDE: Source =
    read("https://docs.aws.amazon.com/nova/latest/nova2-userguide/nova-data-prep-sft-2.html");
const NOVA_1_GUIDE: Source =
    read("https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html");
const NOVA_CHECKS: Source = read("https://github.com/aws/nova-customization-sdk");
const BEDROCK_GUIDE: Source =
    read("https://docs.aws.amazon.com/bedrock/latest/userguide/nova-2-sft-data-prep.html");
const MISTRAL_GUIDE: Source =
    read("https://docs.mistral.ai/resources/deprecated/finetuning/text-vision-finetuning");
const MISTRAL_CHECKS: Source =
    read("https://github.com/mistralai/mistral-finetune/blob/main/finetune/data/tokenize.py");
const TRL_GUIDE: Source = read("https://github.com/huggingface/trl/blob/main/docs/source/dataset_formats.md");
const TRL_WEIGHTS: Source = read("https://github.com/huggingface/trl/issues/5761");
const AXOLOTL_GUIDE: Source = read("https://docs.axolotl.ai/docs/dataset-formats/conversation.html");

/// What OpenAI's format has, and Azure's, which follows it.
const OPENAI_KEYS: &[&str] = &["messages", "tools", "parallel_tool_calls", "functions"];
const OPENAI_MESSAGE_KEYS: &[&str] =
    &["role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"];
const OPENAI_ROLES: &[&str] = &["system", "developer", "user", "assistant", "tool", "function"];
const CHAT_ROLES: &[&str] = &["system", "user", "assistant", "tool"];

const AZURE: Target = Target {
    name: "azure",
    title: "Azure OpenAI, supervised chat",
    closing: None,
    format: AZURE_GUIDE,
    has_pairs: false,
    own: &[
        must(Mark, AZURE_GUIDE),
        must(Bytes(512 << 20, "512 MB"), AZURE_GUIDE),
        should(DoubtfulBytes(512_000_000, "512 MB"), AZURE_GUIDE),
        should(UploadBytes(100_000_000, "100 MB"), AZURE_UPLOADS),
        must(FewestRows(10), AZURE_GUIDE),
        should(NoBlankLines, JSON_LINES),
        should(Keys(OPENAI_KEYS), OPENAI_CHECKS),
        should(MessageKeys(OPENAI_MESSAGE_KEYS), OPENAI_CHECKS),
        must(Roles(OPENAI_ROLES), AZURE_CHECKS),
        should(DoubtfulRoles(&["developer", "function"]), AZURE_CHECKS),
        must(Answer, AZURE_CHECKS),
        must(Content, AZURE_CHECKS),
        must(PartsContent, AZURE_GUIDE),
        should(NotBlank, AZURE_CHECKS),
        must(Weight, AZURE_GUIDE),
        must(Calls, AZURE_TOOLS),
        must(CallIds, AZURE_TOOLS),
        must(Tools, AZURE_TOOLS),
        must(NoSharedRows, OPENAI_JOBS),
    ],
};

const OPENAI: Target = Target {
    name: "openai",
    title: "OpenAI, supervised chat",
    closing: Some(Closing {
        text: "closed to new users; nobody can start a job after 2027-01-06",
        source: OPENAI_END,
    }),
    format: OPENAI_GUIDE,
    has_pairs: false,
    own: &[
        should(NoMark, JSON_RFC),
        must(Bytes(512 << 20, "512 MB"), OPENAI_FILES),
        should(DoubtfulBytes(512_000_000, "512 MB"), OPENAI_FILES),
        must(FewestRows(10), OPENAI_GUIDE),
        should(NoBlankLines, JSON_LINES),
        should(Keys(OPENAI_KEYS), OPENAI_CHECKS),
        should(MessageKeys(OPENAI_MESSAGE_KEYS), OPENAI_CHECKS),
        must(Roles(OPENAI_ROLES), OPENAI_CHECKS),
        should(DoubtfulRoles(&["developer", "function"]), OPENAI_CHECKS),
        must(Answer, OPENAI_CHECKS),
        must(Content, OPENAI_CHECKS),
        must(PartsContent, OPENAI_GUIDE),
        must(Weight, OPENAI_GUIDE),
        must(Calls, OPENAI_GUIDE),
        must(CallIds, OPENAI_GUIDE),
        must(Tools, OPENAI_GUIDE),
        must(NoSharedRows, OPENAI_JOBS),
    ],
};

const TOGETHER: Target = Target {
    name: "together",
    title: "Together, conversations",
    closing: None,
    format: TOGETHER_GUIDE,
    has_pairs: false,
    own: &[
        must(NoMark, TOGETHER_CHECKS),
        must(Extension, TOGETHER_CHECKS),
        must(Bytes(100 << 30, "100 GB"), TOGETHER_GUIDE),
        should(DoubtfulBytes(100_000_000_000, "100 GB"), TOGETHER_GUIDE),
        must(FewestRows(1), TOGETHER_CHECKS),
        must(NoBlankLines, TOGETHER_CHECKS),
        must(OneFormat, TOGETHER_GUIDE),
        should(Keys(&["messages", "tools"]), TOGETHER_CHECKS),
        must(Roles(CHAT_ROLES), TOGETHER_TOOLS),
        must(SystemFirst, TOGETHER_GUIDE),
        must(UserFirst, TOGETHER_GUIDE),
        must(Turns, TOGETHER_GUIDE),
        should(Answer, TOGETHER_GUIDE),
        must(Content, TOGETHER_CHECKS),
        must(TextContent, TOGETHER_CHECKS),
        must(Weight, TOGETHER_GUIDE),
        should(Calls, TOGETHER_TOOLS),
        should(Tools, TOGETHER_TOOLS),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

const FIREWORKS: Target = Target {
    name: "fireworks",
    title: "Fireworks, supervised chat",
    closing: None,
    format: FIREWORKS_GUIDE,
    has_pairs: false,
    own: &[
        should(NoMark, JSON_RFC),
        must(Extension, FIREWORKS_GUIDE),
        must(FewestRows(3), FIREWORKS_GUIDE),
        must(MostRows(3_000_000), FIREWORKS_GUIDE),
        should(NoBlankLines, JSON_LINES),
        must(Roles(CHAT_ROLES), FIREWORKS_GUIDE),
        should(DoubtfulRoles(&["tool"]), FIREWORKS_GUIDE),
        must(SystemFirst, FIREWORKS_GUIDE),
        must(Content, FIREWORKS_GUIDE),
        should(TextContent, FIREWORKS_GUIDE),
        must(Weight, FIREWORKS_GUIDE),
        should(Calls, FIREWORKS_OPENAI),
        should(Tools, FIREWORKS_OPENAI),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

const BEDROCK: Target = Target {
    name: "bedrock",
    title: "Amazon Bedrock, conversations of Nova models",
    closing: None,
    format: NOVA_GUIDE,
    has_pairs: false,
    own: &[
        should(NoMark, JSON_RFC),
        must(Extension, NOVA_1_GUIDE),
        must(NameCharacters, NOVA_1_GUIDE),
        must(FewestRows(1), NOVA_GUIDE),
        should(FewestRows(100), NOVA_1_GUIDE),
        should(NoBlankLines, JSON_LINES),
        should(Keys(&["schemaVersion", "system", "messages", "toolConfig"]), NOVA_GUIDE),
        should(MessageKeys(&["role", "content"]), NOVA_GUIDE),
        must(Roles(&["user", "assistant"]), NOVA_GUIDE),
        must(UserFirst, NOVA_GUIDE),
        must(Turns, NOVA_GUIDE),
        must(AnswerLast, NOVA_GUIDE),
        must(Content, NOVA_GUIDE),
        must(BlocksContent, NOVA_GUIDE),
        must(SystemBlocks, NOVA_1_GUIDE),
        must(ToolConfig, NOVA_CHECKS),
        must(CallBlocks, NOVA_CHECKS),
        must(ResultBlocks, NOVA_CHECKS),
        should(NoTools, BEDROCK_GUIDE),
        should(NoWeight, NOVA_GUIDE),
        should(
            Reserved(&["User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"]),
            NOVA_1_GUIDE,
        ),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

const MISTRAL: Target = Target {
    name: "mistral",
    title: "Mistral, instructions",
    closing: Some(Closing {
        text: "its guide is marked as deprecated and no longer supported",
        source: MISTRAL_GUIDE,
    }),
    format: MISTRAL_GUIDE,
    has_pairs: false,
    own: &[
        must(NoMark, MISTRAL_CHECKS),
        must(Extension, MISTRAL_GUIDE),
        must(FewestRows(1), MISTRAL_GUIDE),
        must(NoBlankLines, MISTRAL_CHECKS),
        should(Keys(&["messages", "tools"]), MISTRAL_CHECKS),
        must(Roles(CHAT_ROLES), MISTRAL_CHECKS),
        must(OneSystem, MISTRAL_CHECKS),
        must(AnswerLast, MISTRAL_CHECKS),
        must(Content, MISTRAL_CHECKS),
        should(TextContent, MISTRAL_CHECKS),
        must(Weight, MISTRAL_CHECKS),
        must(Calls, MISTRAL_CHECKS),
        must(CallIds, MISTRAL_CHECKS),
        must(DescribedTools, MISTRAL_CHECKS),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

/// The keys of preferences, as OpenAI has them.
const PAIR_KEYS: &[&str] = &["input", "preferred_output", "non_preferred_output"];

const AZURE_DPO: Target = Target {
    name: "azure_dpo",
    title: "Azure OpenAI, preferences",
    closing: None,
    format: AZURE_PAIRS,
    has_pairs: true,
    own: &[
        must(Mark, AZURE_GUIDE),
        must(Bytes(512 << 20, "512 MB"), AZURE_GUIDE),
        should(DoubtfulBytes(512_000_000, "512 MB"), AZURE_GUIDE),
        should(UploadBytes(100_000_000, "100 MB"), AZURE_UPLOADS),
        must(FewestRows(10), AZURE_GUIDE),
        should(NoBlankLines, JSON_LINES),
        should(Keys(PAIR_KEYS), AZURE_PAIRS),
        must(Outputs(&["assistant", "tool"], None), AZURE_PAIRS),
        should(DifferentOutputs, AZURE_CHECKS),
        must(Roles(OPENAI_ROLES), AZURE_CHECKS),
        should(DoubtfulRoles(&["developer", "function"]), AZURE_CHECKS),
        must(Content, AZURE_CHECKS),
        must(TextContent, AZURE_PAIRS),
        must(Calls, AZURE_TOOLS),
        must(CallIds, AZURE_TOOLS),
        must(Tools, AZURE_TOOLS),
        must(NoSharedRows, OPENAI_JOBS),
    ],
};

const OPENAI_DPO: Target = Target {
    name: "openai_dpo",
    title: "OpenAI, preferences",
    closing: OPENAI.closing,
    format: OPENAI_PAIRS,
    has_pairs: true,
    own: &[
        should(NoMark, JSON_RFC),
        must(Bytes(512 << 20, "512 MB"), OPENAI_FILES),
        should(DoubtfulBytes(512_000_000, "512 MB"), OPENAI_FILES),
        must(FewestRows(10), OPENAI_GUIDE),
        should(NoBlankLines, JSON_LINES),
        should(Keys(PAIR_KEYS), OPENAI_PAIRS),
        must(Outputs(&["assistant"], None), OPENAI_PAIRS),
        should(DifferentOutputs, AZURE_CHECKS),
        must(Roles(OPENAI_ROLES), OPENAI_CHECKS),
        should(DoubtfulRoles(&["developer", "function"]), OPENAI_CHECKS),
        must(Content, OPENAI_CHECKS),
        must(TextContent, OPENAI_PAIRS),
        must(Calls, OPENAI_GUIDE),
        must(CallIds, OPENAI_GUIDE),
        must(Tools, OPENAI_GUIDE),
        must(NoSharedRows, OPENAI_JOBS),
    ],
};

const TOGETHER_DPO: Target = Target {
    name: "together_dpo",
    title: "Together, preferences",
    closing: None,
    format: TOGETHER_PAIRS,
    has_pairs: true,
    own: &[
        must(NoMark, TOGETHER_CHECKS),
        must(Extension, TOGETHER_CHECKS),
        must(Bytes(100 << 30, "100 GB"), TOGETHER_GUIDE),
        should(DoubtfulBytes(100_000_000_000, "100 GB"), TOGETHER_GUIDE),
        must(FewestRows(1), TOGETHER_CHECKS),
        must(NoBlankLines, TOGETHER_CHECKS),
        should(Keys(PAIR_KEYS), TOGETHER_PAIRS),
        must(Outputs(&["assistant"], Some(1)), TOGETHER_PAIRS),
        should(DifferentOutputs, AZURE_CHECKS),
        must(Roles(CHAT_ROLES), TOGETHER_TOOLS),
        must(SystemFirst, TOGETHER_GUIDE),
        must(Turns, TOGETHER_CHECKS),
        must(Content, TOGETHER_CHECKS),
        must(TextContent, TOGETHER_CHECKS),
        should(Calls, TOGETHER_TOOLS),
        should(Tools, TOGETHER_TOOLS),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

const FIREWORKS_DPO: Target = Target {
    name: "fireworks_dpo",
    title: "Fireworks, preferences",
    closing: None,
    format: FIREWORKS_PAIRS,
    has_pairs: true,
    own: &[
        should(NoMark, JSON_RFC),
        must(Extension, FIREWORKS_GUIDE),
        must(FewestRows(3), FIREWORKS_PAIRS),
        must(MostRows(3_000_000), FIREWORKS_PAIRS),
        should(NoBlankLines, JSON_LINES),
        must(Outputs(&["assistant"], None), FIREWORKS_PAIRS),
        should(DifferentOutputs, AZURE_CHECKS),
        must(Roles(CHAT_ROLES), FIREWORKS_PAIRS),
        should(DoubtfulRoles(&["tool"]), FIREWORKS_PAIRS),
        must(SystemFirst, FIREWORKS_GUIDE),
        must(Content, FIREWORKS_PAIRS),
        must(TextContent, FIREWORKS_PAIRS),
        should(Calls, FIREWORKS_OPENAI),
        should(Tools, FIREWORKS_OPENAI),
        should(NoSharedRows, OPENAI_JOBS),
    ],
};

const TRAINER_ROLES: &[&str] = &["system", "developer", "user", "assistant", "tool"];

const TRL: Target = Target {
    name: "trl",
    title: "TRL, conversations for SFTTrainer",
    closing: None,
    format: TRL_GUIDE,
    has_pairs: false,
    own: &TRAINER[0],
};

const AXOLOTL: Target = Target {
    name: "axolotl",
    title: "axolotl, conversations of type chat_template",
    closing: None,
    format: AXOLOTL_GUIDE,
    has_pairs: false,
    own: &TRAINER[1],
};

/// The limits of TRL and of axolotl. Their chat templates decide the rest.
const TRAINER: [[Limit; 5]; 2] = [trainer(TRL_GUIDE, TRL_WEIGHTS), trainer(AXOLOTL_GUIDE, AXOLOTL_GUIDE)];

const fn trainer(guide: Source, weights: Source) -> [Limit; 5] {
    [
        must(FewestRows(1), guide),
        should(Roles(TRAINER_ROLES), guide),
        should(Content, guide),
        should(NoWeight, weights),
        should(NoSharedRows, OPENAI_JOBS),
    ]
}
