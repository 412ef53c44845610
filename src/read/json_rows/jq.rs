//! Commands with `jq`, in the help of errors.

/// How to write JSON lines of objects that are printed over several lines.
pub(crate) fn as_lines(shown: &str) -> String {
    format!(
        "write its rows as JSON lines. Objects one after another: {}. Rows in a list under a key: {}",
        jq("-c .", shown),
        jq("-c '.KEY[]'", shown)
    )
}

/// The command that writes JSON lines of a file with `jq`.
pub(crate) fn jq(arguments: &str, shown: &str) -> String {
    let decompress = [(".gz", "gzip"), (".zst", "zstd"), (".zstd", "zstd")];
    match decompress.iter().find(|(ending, _)| shown.ends_with(ending)) {
        Some((_, program)) => format!("{program} -dc {shown:?} | jq {arguments} > rows.jsonl"),
        None => format!("jq {arguments} {shown:?} > rows.jsonl"),
    }
}
