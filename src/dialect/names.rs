//! Names of columns that say something about a row, and are none of its texts.

const WHOLE: &[&str] = &[
    "id",
    "idx",
    "index",
    "uid",
    "uuid",
    "guid",
    "key",
    "hash",
    "sha256",
    "md5",
    "lang",
    "language",
    "languages",
    "locale",
    "source",
    "src",
    "origin",
    "split",
    "subset",
    "set",
    "fold",
    "url",
    "uri",
    "link",
    "path",
    "file",
    "filename",
    "date",
    "time",
    "timestamp",
    "created",
    "created_at",
    "updated_at",
    "added",
    "category",
    "categories",
    "topic",
    "topics",
    "domain",
    "subject",
    "dataset",
    "task",
    "tasks",
    "meta",
    "metadata",
    "license",
    "author",
    "tags",
    "tag",
    "model",
    "model_name",
    "generator",
    "tokens",
    "length",
    "len",
    "difficulty",
    "level",
    "score",
    "rating",
    "quality",
    "version",
    "title",
    "type",
    "turns",
    "services",
    "description",
    "explanations",
    "explanation",
    "notes",
    "comment_id",
    "user",
    "username",
    "country",
    "year",
    "page",
    "section",
    "test",
    "entry_point",
    "parallel_tool_calls",
];
const BEGINNINGS: &[&str] = &["num_", "n_", "is_", "has_", "meta_", "date_", "source_"];
const ENDINGS: &[&str] = &[
    "_id",
    "_ids",
    "id",
    "_url",
    "_count",
    "_score",
    "_date",
    "_time",
    "_at",
    "_lang",
    "_language",
    "_name",
    "_length",
    "_len",
    "_tokens",
    "_index",
    "_idx",
    "_hash",
    "_source",
    "_type",
    "_version",
    "_rating",
    "_model",
    "_path",
    "_file",
];

/// Whether a name says that the column holds metadata.
pub(super) fn is_metadata(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    WHOLE.contains(&lower.as_str())
        || BEGINNINGS.iter().any(|start| lower.starts_with(start))
        || ENDINGS.iter().any(|end| {
            lower.ends_with(end) && (end.starts_with('_') || name.ends_with("ID") || name.ends_with("Id"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_recognised_by_its_name() {
        for name in ["id", "Lang", "task_id", "captionID", "num_turns", "created_at", "URL"] {
            assert!(is_metadata(name), "{name}");
        }
        for name in ["text", "valid", "paid", "answer", "", "label", "tweet"] {
            assert!(!is_metadata(name), "{name}");
        }
    }
}
