//! Names, numbers and option words that Python takes from the core.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::artifact::open::MANIFEST;
use crate::cancel::Phase;
use crate::chat::{History, OnOpenEnd, ToolArguments, TrainedRole, TrainedTurns};
use crate::choose::{BalanceHow, Keep, MixUnit, OnExhausted};
use crate::dedup::Part;
use crate::dialect::Role;
use crate::error::{Class, Error, Result};
use crate::format::{OnCollision, OnDropped};
use crate::inspect::Harm;
use crate::limits::MAX_LINE_BYTES;
use crate::lint::Target;
use crate::load::FILLER;
use crate::personal_data::Kind;
use crate::read::splits::SPLIT;
use crate::record::schema::{
    CHAT_TEXT, CHOSEN_IDS, CHOSEN_LABELS, COMPLETION, COMPLETION_IDS, COMPLETION_LABELS, CONTEXT, IGNORE,
    INPUT_IDS, LABELS, NEVER, PROMPT, PROMPT_IDS, REJECTED_IDS, REJECTED_LABELS, ROW_WEIGHT, SEGMENT_KINDS,
    SEGMENT_LENGTHS, SEGMENT_WEIGHTS, SEQ_LENGTHS, SPANS, TARGET, TRAIN,
};
use crate::record::turns::SpanKind;
use crate::record::{Answers, Policy, SpecialPolicy, reason};
use crate::repair::UnicodeForm;
use crate::split::Existing;
use crate::tokenize::batch_api::WrittenTokens;
use crate::tokenize::{Boundary, OnOverflow};
use crate::word::{Word, one_of};
use crate::write::{Compression, Format};

/// The path that names standard input.
pub(crate) const STDIN: &str = "-";

const COMPRESSIONS: [(&str, Compression); 2] = [("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];

/// The value of a word of an option.
///
/// # Errors
/// `bad_option` for an unknown word.
pub(crate) fn word<T: Copy>(option: &str, given: &str, known: &[(&str, T)]) -> Result<T> {
    let wrong = |message| Error::new(Class::Plan, "bad_option", format!("`{option}` {message}"));
    one_of(given, known).map_err(wrong)
}

/// The compression with this name.
///
/// # Errors
/// `bad_option` for an unknown word.
pub(crate) fn compression(given: &str) -> Result<Compression> {
    word("compression", given, &COMPRESSIONS)
}

/// The output format with this name; `compression` is for JSON lines.
///
/// # Errors
/// `bad_option` for an unknown word.
pub fn format(given: &str, compression: Compression) -> Result<Format> {
    word("formats", given, &formats(compression).map(|format| (format.name(), format)))
}

fn formats(compression: Compression) -> [Format; 3] {
    [Format::Arrow, Format::Jsonl { compression }, Format::Parquet]
}

/// Adds all constants to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let texts = [
        // Columns.
        ("PROMPT", PROMPT),
        ("COMPLETION", COMPLETION),
        ("INPUT_IDS", INPUT_IDS),
        ("PROMPT_IDS", PROMPT_IDS),
        ("CHOSEN_IDS", CHOSEN_IDS),
        ("CHOSEN_LABELS", CHOSEN_LABELS),
        ("REJECTED_IDS", REJECTED_IDS),
        ("REJECTED_LABELS", REJECTED_LABELS),
        ("COMPLETION_IDS", COMPLETION_IDS),
        ("COMPLETION_LABELS", COMPLETION_LABELS),
        ("LABELS", LABELS),
        ("SEGMENT_LENGTHS", SEGMENT_LENGTHS),
        ("SEGMENT_KINDS", SEGMENT_KINDS),
        ("SEGMENT_WEIGHTS", SEGMENT_WEIGHTS),
        ("SEQ_LENGTHS", SEQ_LENGTHS),
        ("ROW_WEIGHT", ROW_WEIGHT),
        ("SPLIT", SPLIT),
        // The first split, and the first phase of a run.
        ("TRAIN", TRAIN),
        ("READ", Phase::Read.name()),
        // Reasons.
        ("DUPLICATE", reason::DUPLICATE),
        ("DUPLICATE_AGAINST", reason::DUPLICATE_AGAINST),
        ("FILTERED", reason::FILTERED),
        ("SEPARATOR_COLLISION", reason::SEPARATOR_COLLISION),
        ("SPECIAL_TOKEN_IN_TEXT", reason::SPECIAL_TOKEN_IN_TEXT),
        ("STOP_COLLISION", reason::STOP_COLLISION),
        // Files.
        ("ARROW", Format::Arrow.name()),
        ("PARQUET", Format::Parquet.name()),
        ("MANIFEST", MANIFEST),
        ("STDIN", STDIN),
    ];
    texts.into_iter().try_for_each(|(name, text)| module.add(name, text))?;
    [("NEVER", NEVER), ("CONTEXT", CONTEXT), ("TARGET", TARGET)]
        .into_iter()
        .try_for_each(|(name, kind)| module.add(name, kind))?;
    module.add("CHAT_COLUMNS", (CHAT_TEXT, SPANS))?;
    module.add("PAIR_COLUMNS", PyTuple::new(module.py(), Answers::Pair.rendered())?)?;
    module.add("LABELLED_COLUMNS", PyTuple::new(module.py(), Answers::Labelled.rendered())?)?;
    module.add("IGNORE", IGNORE)?;
    module.add("FILLER", FILLER)?;
    module.add("MAX_LINE_BYTES", MAX_LINE_BYTES)?;
    module.add("WORDS", words(module.py())?)
}

/// The words of each option.
fn words(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let words = PyDict::new(py);
    let add = |option: &str, known: Vec<&str>| words.set_item(option, PyTuple::new(py, known)?);
    add("Policy", names::<Policy>())?;
    add("OnCollision", names::<OnCollision>())?;
    add("Train", names::<TrainedTurns>())?;
    add("TrainedRole", names::<TrainedRole>())?;
    add("SpanKind", names::<SpanKind>())?;
    add("History", names::<History>())?;
    add("OnDropped", names::<OnDropped>())?;
    add("OnOpenEnd", names::<OnOpenEnd>())?;
    add("ToolArguments", names::<ToolArguments>())?;
    add("Boundary", names::<Boundary>())?;
    add("OnOverflow", names::<OnOverflow>())?;
    add("SpecialTokens", names::<SpecialPolicy>())?;
    add("WrittenTokens", names::<WrittenTokens>())?;
    add("Existing", names::<Existing>())?;
    add("Normalize", names::<Part>())?;
    add("UnicodeForm", names::<UnicodeForm>())?;
    add("Role", names::<Role>())?;
    add("Keep", names::<Keep>())?;
    add("Harm", names::<Harm>())?;
    add("BalanceHow", names::<BalanceHow>())?;
    add("MixUnit", names::<MixUnit>())?;
    add("OnExhausted", names::<OnExhausted>())?;
    add("PersonalData", names::<Kind>())?;
    add("Target", names::<&Target>())?;
    add("Format", formats(Compression::None).map(Format::name).to_vec())?;
    add("Compression", COMPRESSIONS.map(|(name, _)| name).to_vec())?;
    Ok(words)
}

fn names<T: Word>() -> Vec<&'static str> {
    T::ALL.iter().map(|word| word.name()).collect()
}
