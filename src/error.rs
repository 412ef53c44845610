//! Errors: a class, a stable code, a message, a place and a help.

use std::fmt;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error; decides the Python exception and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An invalid option or an invalid order of steps (`PlanError`, a `ValueError`; exit code 2).
    Plan,
    /// A column that is missing or has the wrong type (`ColumnError`, a `KeyError`; exit code 2).
    Column,
    /// An input that cannot be opened or read (`SourceError`, an `OSError`; exit code 3).
    Source,
    /// Data that was not accepted (`DataError`, a `ValueError`; exit code 1).
    Data,
    /// A tokenizer that cannot be loaded or used (`TokenizerError`, a `ValueError`; exit code 2).
    Tokenizer,
    /// An output that cannot be written, published or verified (`PublishError`, an `OSError`; exit code 3).
    Publish,
    /// A failure inside a function or an expression of the user (`CallbackError`, a `RuntimeError`; exit code 1).
    Callback,
    /// Ctrl-C (`KeyboardInterrupt`).
    Cancelled,
    /// A bug in fastprep (`InternalError`, a `RuntimeError`; exit code 3).
    Internal,
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// An error: what is wrong, where, and what to do about it.
pub struct Error(Box<Inner>);

struct Inner {
    class: Class,
    code: &'static str,
    message: String,
    help: Option<String>,
    path: Option<String>,
    file: Option<u32>,
    row: Option<u64>,
    line: Option<u64>,
    column: Option<String>,
    reason: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error. `code` is a stable slug; `message` is one sentence that names the wrong value and the limit.
    #[cold]
    pub fn new(class: Class, code: &'static str, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            class,
            code,
            message: message.into(),
            help: None,
            path: None,
            file: None,
            row: None,
            line: None,
            column: None,
            reason: None,
            source: None,
        }))
    }

    /// A bug in fastprep, never the user's fault.
    #[cold]
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Error::new(Class::Internal, "internal", message)
            .help("this is a bug in fastprep; please report it with the plan that caused it")
    }

    /// The run was interrupted.
    #[cold]
    pub(crate) fn cancelled() -> Self {
        Error::new(Class::Cancelled, "cancelled", "interrupted; nothing was published")
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the file.
    #[must_use]
    pub fn path(mut self, path: impl fmt::Display) -> Self {
        self.0.path = Some(path.to_string());
        self
    }

    /// Adds the file by its index, which [`Error::name_file`] replaces by a path.
    #[must_use]
    pub fn file(mut self, file: u32) -> Self {
        self.0.file = Some(file);
        self
    }

    /// Replaces the index of the file by its name, at the end of a run.
    #[must_use]
    pub(crate) fn name_file(mut self, names: &[String]) -> Self {
        if let (None, Some(file)) = (&self.0.path, self.0.file) {
            self.0.path = names.get(file as usize).cloned();
        }
        self
    }

    /// Adds the row, counted from 0 within the file.
    #[must_use]
    pub fn row(mut self, row: u64) -> Self {
        self.0.row = Some(row);
        self
    }

    /// Adds the line, counted from 1 in the decompressed file.
    #[must_use]
    pub(crate) fn line(mut self, line: Option<u64>) -> Self {
        self.0.line = line;
        self
    }

    #[must_use]
    pub(crate) fn column(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    /// Adds the most frequent reason for removed rows, to an error about many rows.
    #[must_use]
    pub(crate) fn reason(mut self, reason: Option<String>) -> Self {
        self.0.reason = reason;
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub(crate) fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The kind of the error.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The code: a stable slug.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The message alone, without place and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, if known.
    pub fn get_help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The path of the file, if the error is about a file.
    pub fn get_path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The row, counted from 0.
    pub(crate) fn get_row(&self) -> Option<u64> {
        self.0.row
    }

    /// The line, counted from 1.
    pub(crate) fn get_line(&self) -> Option<u64> {
        self.0.line
    }

    pub(crate) fn get_column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The most frequent reason: its code, followed by a colon and the column or the control token, if there is one.
    pub(crate) fn get_reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &self.0;
        f.write_str(&e.message)?;
        match (&e.path, e.line, e.row) {
            (Some(path), Some(line), _) => write!(f, "\n  at {path}, line {line}")?,
            // People count rows from 1, as editors count lines; the field `row` counts from 0.
            (Some(path), None, Some(row)) => write!(f, "\n  at {path}, row {}", row + 1)?,
            (Some(path), None, None) => write!(f, "\n  at {path}")?,
            (None, _, Some(row)) => write!(f, "\n  at row {}", row + 1)?,
            (None, _, None) => {}
        }
        if let Some(source) = &e.source {
            write!(f, "\n  because: {source}")?;
        }
        if let Some(help) = &e.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.0.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

/// The end of a message about an unknown name: the known name that was probably meant, or nothing.
pub(crate) fn did_you_mean<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let near = known.into_iter().filter(|name| *name != given && is_near(given, name));
    match near.min_by_key(|name| edit_distance(given, name)) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Whether `given` may be a misspelling of `meant`.
pub(crate) fn is_near(given: &str, meant: &str) -> bool {
    edit_distance(given, meant) <= (meant.chars().count() / 2).min(2)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut diagonal = row[0];
        row[0] = i;
        for j in 1..=b.len() {
            let up = row[j];
            row[j] = (diagonal + usize::from(a[i - 1] != b[j - 1])).min(up + 1).min(row[j - 1] + 1);
            diagonal = up;
        }
    }
    row[b.len()]
}

/// The error for a column that does not exist. Lists the existing columns in order, and names the one that was
/// probably meant.
#[cold]
pub(crate) fn missing_column(name: &str, step: &str, known: &[String]) -> Error {
    let error = |listed: String| {
        let meant = did_you_mean(name, known.iter().map(String::as_str));
        let message = format!("{step}: there is no column `{name}`; {listed}{meant}");
        Error::new(Class::Column, "missing_column", message).column(name)
    };
    match known.len().saturating_sub(COLUMNS_SHOWN) {
        _ if known.is_empty() => error("the input has no columns".into()).help(
            "it is empty, or none of its first lines is a JSON object: JSON lines have one {…} per line; \
             read CSV with scan_csv, and files of an unknown format with scan",
        ),
        0 => error(format!("columns: {}", known.join(", "))),
        more => error(format!("columns: {}, … and {more} more", known[..COLUMNS_SHOWN].join(", "))),
    }
}

/// How many columns the message about an unknown column lists.
const COLUMNS_SHOWN: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_columns_in_their_order_and_names_the_one_that_was_meant() {
        let known = ["output", "instruction", "input"].map(String::from);
        let listed = |name| missing_column(name, "format", &known).to_string();
        assert_eq!(
            listed("Instructions"),
            "format: there is no column `Instructions`; columns: output, instruction, input; \
             did you mean `instruction`?"
        );
        assert_eq!(
            listed("question"),
            "format: there is no column `question`; columns: output, instruction, input"
        );
    }

    #[test]
    fn lists_some_of_many_columns_and_says_if_there_is_none() {
        let known: Vec<String> = (0..10_000).map(|i| format!("column{i}")).collect();
        let e = missing_column("colum7000", "select", &known).to_string();
        assert!(e.contains("columns: column0, column1, "), "{e}");
        assert!(e.ends_with("… and 9970 more; did you mean `column7000`?") && e.len() < 1000, "{e}");
        let e = missing_column("prompt", "format", &[]);
        assert!(e.message().ends_with("the input has no columns"), "{e}");
        assert!(e.get_help().unwrap().contains("scan_csv"), "{e}");
    }

    #[test]
    fn counts_rows_from_1_if_there_is_no_line() {
        let e = Error::new(Class::Data, "bad", "bad").path("a.parquet").row(82);
        assert_eq!((e.to_string().as_str(), e.get_row()), ("bad\n  at a.parquet, row 83", Some(82)));
        assert_eq!(Error::new(Class::Data, "bad", "bad").row(0).to_string(), "bad\n  at row 1");
    }

    #[test]
    fn shows_place_and_help() {
        let e = Error::new(Class::Data, "bad_json", "not JSON").path("a.jsonl").line(Some(3)).help("fix it");
        assert_eq!(e.to_string(), "not JSON\n  at a.jsonl, line 3\n  help: fix it");
    }
}
