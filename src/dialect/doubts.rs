//! What speaks against a dialect in the columns that it does not read.

use super::dialect::Verdict;
use super::head::Head;
use super::part_columns::PartColumns;

/// Columns that only preferences have.
const OF_PREFERENCES: &[&str] = &["chosen", "rejected", "preferred_output", "non_preferred_output"];

/// Columns that say whether an answer is a good one, by numbers or two words.
const JUDGEMENTS: &[&str] = &["label", "kto_tag"];
/// Columns of true and false that do, though names like them are often of metadata.
const JUDGED: &[&str] =
    &["is_good", "is_bad", "is_correct", "is_chosen", "is_preferred", "is_rejected", "is_accepted"];

/// Columns of images, sound and video.
const MEDIA: &[&str] = &["images", "image", "videos", "video", "audios", "audio"];

/// Columns that belong to a prompt.
const OF_PROMPTS: &[&str] = &["context", "system", "system_prompt"];

/// Columns that hold the answers to choose from.
const CHOICES: &[&str] = &["choices", "options", "answer_choices", "endings", "distractors"];
/// The first two of several columns that hold one of these answers each.
const CHOICE_COLUMNS: &[(&str, &str)] = &[
    ("a", "b"),
    ("option_a", "option_b"),
    ("option_1", "option_2"),
    ("option1", "option2"),
    ("choice_a", "choice_b"),
    ("choice_1", "choice_2"),
    ("choice1", "choice2"),
    ("opa", "opb"),
    ("distractor1", "distractor2"),
];

/// A doubt that names the column and what it may be.
pub(super) fn doubt(column: &str, holds: &str, other: &str) -> Verdict {
    Verdict::Doubt(format!("the column `{column}` {holds}, so that the rows may be of the dialect {other}"))
}

/// Doubts about rows that have one answer: that another column has another answer, or judges this one.
pub(super) fn one_answer(head: &Head, columns: &PartColumns) -> Verdict {
    if let Some(column) = head.other_named(columns, OF_PREFERENCES) {
        return doubt(column, "is usual in preferences", "preference");
    }
    if let Some(column) = head.other_messages(columns) {
        return doubt(column, "holds messages too", "preference");
    }
    if let Some(column) = head.other_bool(columns) {
        return doubt(column, "is true or false", "kto");
    }
    if let Some(column) = head.other_bool_named(columns, JUDGED) {
        return doubt(column, "is true or false", "kto");
    }
    if let Some(column) = head.other_rating(columns, JUDGEMENTS) {
        return doubt(column, "has two values, such as 0 and 1", "kto");
    }
    Verdict::Fits
}

/// A doubt about rows of text beside which there are images, sound or video.
pub(super) fn without_media(head: &Head, columns: &PartColumns) -> Option<Verdict> {
    let column = head.other_named(columns, MEDIA)?;
    Some(Verdict::Doubt(format!(
        "the column `{column}` holds more than text by its name, which would be left out"
    )))
}

/// A doubt about pairs that leave out a column without which their rows make no sense.
pub(super) fn without_which_no_sense(head: &Head, columns: &PartColumns) -> Option<Verdict> {
    if let Some(column) = head.other_named(columns, OF_PROMPTS) {
        return Some(Verdict::Doubt(format!(
            "the column `{column}` belongs to the prompt by its name, and does not hold text alone"
        )));
    }
    let named = |name| head.other_named(columns, &[name]);
    let one_of_two = || CHOICE_COLUMNS.iter().find_map(|(a, b)| named(b).and(named(a)));
    let column = head.other_named(columns, CHOICES).or_else(one_of_two)?;
    Some(Verdict::Doubt(format!(
        "the column `{column}` holds a choice of answers by its name, which the prompt would leave out"
    )))
}
