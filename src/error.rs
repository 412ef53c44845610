//! Errors are values: a class, a stable code, a place and a way out.

use std::fmt;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble it is; decides the Python exception and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An option or a chain that makes no sense (`PlanError`, a `ValueError`; exit code 2).
    Plan,
    /// A column that is not there or has the wrong type (`ColumnError`, a `KeyError`; exit code 2).
    Column,
    /// An input that cannot be opened or read (`SourceError`, an `OSError`; exit code 3).
    Source,
    /// Data that was not accepted (`DataError`, a `ValueError`; exit code 1).
    Data,
    /// A tokenizer that cannot be loaded or used (`TokenizerError`, a `ValueError`; exit code 2).
    Tokenizer,
    /// An output that cannot be written, published or verified (`PublishError`, an `OSError`; exit code 3).
    Publish,
    /// A failure inside a function or expression of the caller (`CallbackError`, a `RuntimeError`; exit code 1).
    Callback,
    /// Ctrl-C (`KeyboardInterrupt`).
    Cancelled,
    /// A defect of ours (`InternalError`, a `RuntimeError`; exit code 3).
    Internal,
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// An error: what, where, and the way out.
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
    /// A new error; `code` is a stable slug, `message` one sentence with the offending value and the limit.
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

    /// A defect of ours, never the user's fault.
    #[cold]
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Error::new(Class::Internal, "internal", message)
            .help("this is a defect of fastprep; please report it with the plan that led here")
    }

    /// The run was interrupted.
    #[cold]
    pub(crate) fn cancelled() -> Self {
        Error::new(Class::Cancelled, "cancelled", "interrupted; nothing was published")
    }

    /// Adds the way out.
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

    /// Adds the file by its index; [`Error::name_file`] makes it a path.
    #[must_use]
    pub fn file(mut self, file: u32) -> Self {
        self.0.file = Some(file);
        self
    }

    /// Turns a file's index into its name, once at the end of a run.
    #[must_use]
    pub(crate) fn name_file(mut self, names: &[String]) -> Self {
        if let (None, Some(file)) = (&self.0.path, self.0.file) {
            self.0.path = names.get(file as usize).cloned();
        }
        self
    }

    /// Adds the row: 0-based, counted within the file.
    #[must_use]
    pub fn row(mut self, row: u64) -> Self {
        self.0.row = Some(row);
        self
    }

    /// Adds the line: 1-based, of the decompressed stream.
    #[must_use]
    pub(crate) fn line(mut self, line: Option<u64>) -> Self {
        self.0.line = line;
        self
    }

    /// Adds the column.
    #[must_use]
    pub(crate) fn column(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    /// Adds the reason that took most rows out, where an error sums up many rows.
    #[must_use]
    pub(crate) fn reason(mut self, reason: Option<String>) -> Self {
        self.0.reason = reason;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub(crate) fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The class.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The stable slug.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The sentence alone, without place and way out.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The way out, where there is one.
    pub fn get_help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file.
    pub fn get_path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The row, 0-based.
    pub(crate) fn get_row(&self) -> Option<u64> {
        self.0.row
    }

    /// The line, 1-based.
    pub(crate) fn get_line(&self) -> Option<u64> {
        self.0.line
    }

    /// The column.
    pub(crate) fn get_column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The commonest reason: its code, and after a colon the column or the control token where there is one.
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

/// The end of a message about an unknown name: the known one that was probably meant, where there is one.
pub(crate) fn did_you_mean<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let near = known.into_iter().filter(|name| *name != given && is_near(given, name));
    match near.min_by_key(|name| edit_distance(given, name)) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Whether one may have been written for the other.
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

/// The error for a column that does not exist; names those that do, in their order, and the one that was probably meant.
#[cold]
pub(crate) fn missing_column(name: &str, step: &str, known: &[String]) -> Error {
    let error = |listed: String| {
        let meant = did_you_mean(name, known.iter().map(String::as_str));
        let message = format!("{step}: there is no column `{name}`; {listed}{meant}");
        Error::new(Class::Column, "missing_column", message).column(name)
    };
    match known.len().saturating_sub(COLUMNS_SHOWN) {
        _ if known.is_empty() => error("the input has no columns".into()).help(
            "it is empty, or no line of its head is a JSON object: JSON lines have one {…} a line; \
             CSV and other tables go through from_arrow(polars.read_csv(…))",
        ),
        0 => error(format!("there are: {}", known.join(", "))),
        more => error(format!("there are: {}, … and {more} more", known[..COLUMNS_SHOWN].join(", "))),
    }
}

/// Names that a message about an unknown column lists.
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
            "format: there is no column `Instructions`; there are: output, instruction, input; \
             did you mean `instruction`?"
        );
        assert_eq!(
            listed("question"),
            "format: there is no column `question`; there are: output, instruction, input"
        );
    }

    #[test]
    fn lists_some_of_many_columns_and_says_where_there_is_none() {
        let known: Vec<String> = (0..10_000).map(|i| format!("column{i}")).collect();
        let e = missing_column("colum7000", "select", &known).to_string();
        assert!(e.contains("there are: column0, column1, "), "{e}");
        assert!(e.ends_with("… and 9970 more; did you mean `column7000`?") && e.len() < 1000, "{e}");
        let e = missing_column("prompt", "format", &[]);
        assert!(e.message().ends_with("the input has no columns"), "{e}");
        assert!(e.get_help().unwrap().contains("read_csv"), "{e}");
    }

    #[test]
    fn shows_rows_counted_from_1_where_there_is_no_line() {
        let e = Error::new(Class::Data, "bad", "bad").path("a.parquet").row(82);
        assert_eq!((e.to_string().as_str(), e.get_row()), ("bad\n  at a.parquet, row 83", Some(82)));
        assert_eq!(Error::new(Class::Data, "bad", "bad").row(0).to_string(), "bad\n  at row 1");
    }

    #[test]
    fn shows_place_cause_and_way_out() {
        let e = Error::new(Class::Data, "bad_json", "not JSON").path("a.jsonl").line(Some(3)).help("fix it");
        assert_eq!(e.to_string(), "not JSON\n  at a.jsonl, line 3\n  help: fix it");
    }
}
