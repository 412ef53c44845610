//! The rules that targets may have.

use std::fmt::Write;

/// A rule and its values. A rule has one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The file is not compressed.
    Uncompressed,
    /// The file is text in UTF-8, not in another encoding or a binary format.
    Text,
    /// The file begins with a byte order mark.
    Mark,
    /// It begins with none.
    NoMark,
    /// Its name ends in `.jsonl`.
    Extension,
    /// Its name has letters, digits, underscores, hyphens and dots of ASCII alone.
    NameCharacters,
    /// The most bytes of the file, in the words of the source.
    Bytes(u64, &'static str),
    /// Above so many bytes the source can be read in two ways.
    DoubtfulBytes(u64, &'static str),
    /// The most bytes of an upload in one piece.
    UploadBytes(u64, &'static str),
    /// The fewest rows of a file for training.
    FewestRows(u64),
    /// The most rows.
    MostRows(u64),
    /// There are no blank lines.
    NoBlankLines,
    /// Each line is UTF-8.
    Utf8,
    /// Each line is JSON.
    Json,
    /// Each line is an object.
    Object,
    /// `messages` is a list of at least one message.
    Messages,
    /// The same within `input`.
    InputMessages,
    /// Both outputs are lists of messages with these roles; of one message where that is all a target takes.
    Outputs(&'static [&'static str], Option<usize>),
    /// The outputs differ.
    DifferentOutputs,
    /// Each message is an object with a role that is text.
    MessageRoles,
    /// The keys of a row.
    Keys(&'static [&'static str]),
    /// A row of messages is not one of another format too.
    OneFormat,
    /// The keys of a message.
    MessageKeys(&'static [&'static str]),
    /// The roles of messages.
    Roles(&'static [&'static str]),
    /// Roles of which the sources do not agree.
    DoubtfulRoles(&'static [&'static str]),
    /// A message of the system is the first.
    SystemFirst,
    /// There is one message of the system at most.
    OneSystem,
    /// The first message, after one of the system, is the user's.
    UserFirst,
    /// Users and assistants take turns.
    Turns,
    /// There is a message of an assistant.
    Answer,
    /// The last message is an assistant's.
    AnswerLast,
    /// A message has content, or calls tools.
    Content,
    /// Content is text.
    TextContent,
    /// Content is text, or a list of parts with a `type`.
    PartsContent,
    /// Content is a list of objects.
    BlocksContent,
    /// `system`, beside the messages, is a list of objects.
    SystemBlocks,
    /// Content is not white space alone.
    NotBlank,
    /// `weight` is 0 or 1.
    Weight,
    /// `weight` is ignored.
    NoWeight,
    /// Calls of tools have an id, a name, and arguments as text.
    Calls,
    /// The result of a tool names its call.
    CallIds,
    /// Calls of tools are blocks of the assistant, with an id of their own, a tool that there is, and an object.
    CallBlocks,
    /// Results of tools are blocks of the user, once after their call.
    ResultBlocks,
    /// `tools` is a list of functions with names.
    Tools,
    /// The same with a description and parameters.
    DescribedTools,
    /// `toolConfig` has such a list.
    ToolConfig,
    /// There are no tools.
    NoTools,
    /// Texts that users and the system must not say.
    Reserved(&'static [&'static str]),
    /// No row of the validation is in the training.
    NoSharedRows,
}

impl Rule {
    /// The code of a breach.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Rule::Uncompressed => "compressed",
            Rule::Text => "not_text",
            Rule::Mark => "no_byte_order_mark",
            Rule::NoMark => "byte_order_mark",
            Rule::Extension => "file_extension",
            Rule::NameCharacters => "file_name",
            Rule::Bytes(..) => "file_too_large",
            Rule::DoubtfulBytes(..) => "file_may_be_too_large",
            Rule::UploadBytes(..) => "needs_upload_in_parts",
            Rule::FewestRows(_) => "too_few_rows",
            Rule::MostRows(_) => "too_many_rows",
            Rule::NoBlankLines => "blank_line",
            Rule::Utf8 => "bad_utf8",
            Rule::Json => "bad_json",
            Rule::Object => "not_an_object",
            Rule::Messages | Rule::InputMessages => "no_messages",
            Rule::Outputs(..) => "bad_output",
            Rule::DifferentOutputs => "same_outputs",
            Rule::MessageRoles => "no_role",
            Rule::Keys(_) => "unknown_key",
            Rule::OneFormat => "two_formats",
            Rule::MessageKeys(_) => "unknown_message_key",
            Rule::Roles(_) => "unknown_role",
            Rule::DoubtfulRoles(_) => "doubtful_role",
            Rule::SystemFirst => "system_not_first",
            Rule::OneSystem => "two_systems",
            Rule::UserFirst => "user_not_first",
            Rule::Turns => "no_alternation",
            Rule::Answer => "no_answer",
            Rule::AnswerLast => "answer_not_last",
            Rule::Content => "no_content",
            Rule::TextContent | Rule::PartsContent | Rule::BlocksContent => "content_type",
            Rule::SystemBlocks => "system_type",
            Rule::NotBlank => "blank_content",
            Rule::Weight => "bad_weight",
            Rule::NoWeight => "ignored_weight",
            Rule::Calls | Rule::CallBlocks => "bad_tool_call",
            Rule::ResultBlocks => "bad_tool_result",
            Rule::CallIds => "no_tool_call_id",
            Rule::Tools | Rule::DescribedTools | Rule::ToolConfig => "bad_tools",
            Rule::NoTools => "doubtful_tools",
            Rule::Reserved(_) => "reserved_text",
            Rule::NoSharedRows => "shared_row",
        }
    }

    /// The rule in words, with its values.
    pub(crate) fn text(self) -> String {
        let text = match self {
            Rule::Uncompressed => "the file is not compressed",
            Rule::Text => "the file is text in UTF-8",
            Rule::Mark => "the file begins with a byte order mark of UTF-8 (EF BB BF)",
            Rule::NoMark => "the file begins without a byte order mark",
            Rule::Extension => "the name of the file ends in .jsonl",
            Rule::NameCharacters => {
                "the name of the file has letters, digits, underscores, hyphens and dots of ASCII alone"
            }
            Rule::Bytes(_, words) => return format!("the file has at most {words}"),
            Rule::DoubtfulBytes(_, words) => {
                return format!("the file has at most {words} in units of 1,000, not of 1,024");
            }
            Rule::UploadBytes(_, words) => {
                return format!("a file of more than {words} is uploaded in parts");
            }
            Rule::FewestRows(1) => "a file for training has a row",
            Rule::FewestRows(rows) => return format!("a file for training has at least {rows} rows"),
            Rule::MostRows(rows) => return format!("the file has at most {rows} rows"),
            Rule::NoBlankLines => "no line is blank",
            Rule::Utf8 => "each line is UTF-8",
            Rule::Json => "each line is JSON",
            Rule::Object => "each line is a JSON object",
            Rule::Messages => "each row has `messages`, a list of at least one message",
            Rule::InputMessages => "each row has `input` with `messages`, a list of at least one message",
            Rule::Outputs(roles, most) => {
                let (count, roles) = (if most.is_some() { "one message" } else { "messages" }, listed(roles));
                return format!(
                    "`preferred_output` and `non_preferred_output` are lists of {count} with content, of {roles}"
                );
            }
            Rule::DifferentOutputs => "`preferred_output` and `non_preferred_output` differ",
            Rule::MessageRoles => "each message is an object with a `role`",
            Rule::Keys(known) => return format!("the keys of a row are {}", listed(known)),
            Rule::OneFormat => {
                "a row with `messages` has neither `text`, nor `prompt` and `completion`, nor `preferred_output`"
            }
            Rule::MessageKeys(known) => return format!("the keys of a message are {}", listed(known)),
            Rule::Roles(known) => return format!("the roles are {}", listed(known)),
            Rule::DoubtfulRoles(roles) => return format!("roles that may be refused: {}", listed(roles)),
            Rule::SystemFirst => "a message of the system is the first",
            Rule::OneSystem => "there is one message of the system at most",
            Rule::UserFirst => "the first message, after one of the system, is the user's",
            Rule::Turns => "messages of user and assistant alternate",
            Rule::Answer => "there is a message of the assistant",
            Rule::AnswerLast => "the last message is the assistant's",
            Rule::Content => "each message has content, or calls tools",
            Rule::TextContent => "content is text",
            Rule::PartsContent => "content is text, or a list of parts with a `type`",
            Rule::BlocksContent => "content is a list of objects, such as [{\"text\": …}]",
            Rule::SystemBlocks => "`system` is a list of objects, such as [{\"text\": …}]",
            Rule::NotBlank => "content is not white space alone",
            Rule::Weight => "`weight` is 0 or 1",
            Rule::NoWeight => "`weight` of messages is ignored",
            Rule::Calls => "a call of a tool has an `id`, a name, and arguments as text",
            Rule::CallIds => "a message of a tool has `tool_call_id`",
            Rule::CallBlocks => {
                "a block `toolUse`, of the assistant, has `toolUseId` that no other has, the name of a tool, and `input` that is an object"
            }
            Rule::ResultBlocks => {
                "a block `toolResult`, of the user, has `content` that is a list, and `toolUseId` of a call before it, the only one to name it"
            }
            Rule::Tools => "`tools` is a list of functions with names",
            Rule::DescribedTools => "`tools` is a list of functions with name, description and parameters",
            Rule::ToolConfig => {
                "`toolConfig` has `tools`, a list of `toolSpec` with a name of its own, a description, and `inputSchema` with `json` that has a `type`"
            }
            Rule::NoTools => {
                "there are no tools: the guides of the provider do not agree whether a job with tools fails"
            }
            Rule::Reserved(words) => {
                return format!("user and system do not say {}", listed(words));
            }
            Rule::NoSharedRows => "no conversation is in both training and validation",
        };
        text.to_string()
    }

    /// What to do about a breach.
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Rule::Uncompressed => "decompress the file",
            Rule::Text => "write JSON lines in UTF-8",
            Rule::Mark => "put the three bytes EF BB BF before the first line",
            Rule::NoMark => "remove the first three bytes: tail -c +4 FILE",
            Rule::Extension => "rename the file",
            Rule::NameCharacters => "rename the file",
            Rule::Bytes(..) | Rule::DoubtfulBytes(..) => {
                "split the file, or keep fewer rows: head(…) or sample(…)"
            }
            Rule::UploadBytes(..) => "use the provider's upload in parts",
            Rule::FewestRows(_) => "add rows",
            Rule::MostRows(_) => "keep fewer rows: head(…) or sample(…)",
            Rule::NoBlankLines => "remove the line",
            Rule::Utf8 => {
                "find the encoding, often WINDOWS-1252, and convert the file: iconv -f ENCODING -t UTF-8"
            }
            Rule::Json => "write one JSON object a line, with line ends in text as \\n",
            Rule::Object => "write each row as an object with `messages`",
            Rule::Messages => "write each row as {\"messages\": [{\"role\": …, \"content\": …}, …]}",
            Rule::InputMessages | Rule::Outputs(..) => {
                "write each row as {\"input\": {\"messages\": […]}, \"preferred_output\": […], \"non_preferred_output\": […]}"
            }
            Rule::DifferentOutputs => "leave the row out",
            Rule::MessageRoles => "write each message as {\"role\": …, \"content\": …}",
            Rule::Keys(_) => "leave the key out",
            Rule::OneFormat => "leave the keys of the other format out",
            Rule::MessageKeys(_) => "leave the key out",
            Rule::Roles(_) | Rule::DoubtfulRoles(_) => {
                "write the role as one that is known, or leave the row out"
            }
            Rule::SystemFirst | Rule::OneSystem => {
                "join the instructions to one message of the system, the first"
            }
            Rule::UserFirst => "leave out what the assistant says before the user",
            Rule::Turns => "join neighbouring messages of one role",
            Rule::Answer => "leave out rows without an answer",
            Rule::AnswerLast => "leave out the messages after the last answer",
            Rule::Content => "leave the message out, or give it content",
            Rule::TextContent => "write content as text",
            Rule::PartsContent => "write content as text, or as [{\"type\": \"text\", \"text\": …}]",
            Rule::BlocksContent | Rule::SystemBlocks => "write the text as [{\"text\": …}]",
            Rule::NotBlank => "leave the message out, or give it content",
            Rule::Weight => "write 1 for messages that are trained and 0 for others",
            Rule::NoWeight => "choose by the options of the trainer what is trained, or leave such rows out",
            Rule::Calls => {
                "write a call as {\"id\": …, \"type\": \"function\", \"function\": {\"name\": …, \"arguments\": \"{…}\"}}"
            }
            Rule::CallBlocks => {
                "write a call as {\"toolUse\": {\"toolUseId\": …, \"name\": …, \"input\": {…}}}"
            }
            Rule::ResultBlocks => {
                "write a result as {\"toolResult\": {\"toolUseId\": …, \"content\": [{\"text\": …}]}}"
            }
            Rule::ToolConfig => {
                "write a tool as {\"toolSpec\": {\"name\": …, \"description\": …, \"inputSchema\": {\"json\": {…}}}}"
            }
            Rule::NoTools => "ask the provider, or leave rows with tools out",
            Rule::CallIds => "name the call that the result answers: \"tool_call_id\": …",
            Rule::Tools | Rule::DescribedTools => {
                "write a tool as {\"type\": \"function\", \"function\": {\"name\": …, \"description\": …, \"parameters\": {…}}}"
            }
            Rule::Reserved(_) => "write other words",
            Rule::NoSharedRows => "leave the row out of one of the two: split(…), or dedup(against=…)",
        }
    }
}

/// Words in code quotes, with commas.
fn listed(words: &[&str]) -> String {
    let mut text = String::new();
    for (i, word) in words.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}`{word}`");
    }
    text
}
