//! Checks the layers of the crate in its source: which modules import which, and which may use files, threads,
//! `unsafe`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{cycles, imports};

/// A module imports only from layers before its own; modules of layer 0 also from one another.
const LAYERS: [&[&str]; 7] = [
    &[
        "arrow_result",
        "artifact",
        "cancel",
        "error",
        "flow",
        "guard",
        "hash",
        "json",
        "limits",
        "permutation",
        "personal_data",
        "record",
        "report",
        "spill",
        "store",
        "testing",
        "word",
    ],
    &["template", "tokenizer"],
    &["chat"],
    &[
        "choose", "compute", "dedup", "dialect", "format", "inspect", "lint", "load", "pack", "read",
        "repair", "select", "shuffle", "split", "tokenize", "validate", "write",
    ],
    &["plan"],
    &["engine"],
    &["py"],
];

/// Access to files without the store: modules, and methods of paths.
const DIRECT_ACCESS: [&str; 14] = [
    "std::fs",
    "fs::",
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "tempfile",
    ".canonicalize()",
    ".exists()",
    ".is_dir()",
    ".is_file()",
    ".read_link()",
    ".symlink_metadata()",
    ".try_exists()",
];

/// Files that may access files without the store, and why.
const DIRECT_ACCESS_ALLOWED: [(&str, &str); 1] = [("py/stdin.rs", "standard input is not a file of a store")];

/// Calls of the handle that change files.
const CHANGES: [&str; 10] = [
    ".create_dir(",
    ".create_file(",
    ".create_nameless(",
    ".hard_link(",
    ".open_lock(",
    ".remove_dir(",
    ".remove_file(",
    ".remove_tree(",
    ".sync_dir(",
    ".write_file(",
];

struct Source {
    /// `dedup/index.rs`.
    name: String,
    /// Without comments.
    code: String,
    /// The code without its unit tests; empty if the whole file is tests.
    product: String,
    lines: usize,
}

impl Source {
    /// `dedup`.
    fn module(&self) -> &str {
        module(&self.name)
    }
}

/// The top-level module of a file.
fn module(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    collect(&root, &mut paths);
    paths.sort();
    assert!(paths.len() > 50, "only {} files", paths.len());
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&path).unwrap();
        let code: String = text.lines().map(|l| format!("{}\n", without_comment(l))).collect();
        let all_tests =
            ["tests", "testing", "fixtures"].iter().any(|t| name.split(['/', '.']).any(|part| part == *t));
        let product = match all_tests {
            true => String::new(),
            false => code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_string(),
        };
        Source { name, code, product, lines: text.lines().count() }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, paths),
            false if path.extension().is_some_and(|e| e == "rs") => paths.push(path),
            false => {}
        }
    }
}

/// The line without its comment. A `//` in a string also counts; no code that is searched for follows one.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|modules| modules.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` is in no layer: add it to LAYERS, and to DESIGN §3"))
}

#[test]
fn modules_import_from_the_layers_before_them() {
    let sources = sources();
    let all = imports(sources.iter().map(|source| (source.name.as_str(), source.code.as_str())));
    let mut wrong = vec![];
    for (file, imported) in all.iter().filter(|(file, _)| *file != "lib.rs") {
        let (from, own) = (module(file), layer(module(file)));
        for to in imported.iter().filter(|to| module(to) != from) {
            let other = layer(module(to));
            if other > own || (other == own && own > 0) {
                wrong.push(format!("{file} (layer {own}) imports {to} (layer {other})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_one_another() {
    let sources = sources();
    let all = imports(sources.iter().map(|source| (source.name.as_str(), source.product.as_str())));
    let edges: usize = all.values().map(|imported| imported.len()).sum();
    assert!(edges > 500, "only {edges} imports were found");
    let cycles = cycles(&all);
    assert!(cycles.is_empty(), "{}", cycles.join("\n"));
}

#[test]
fn every_module_is_declared_once() {
    let lib = sources().into_iter().find(|s| s.name == "lib.rs").unwrap().code;
    for module in LAYERS.concat() {
        assert_eq!(lib.matches(&format!("mod {module};")).count(), 1, "{module}");
    }
}

/// Whether a text has `what`, not as the end of a longer word.
fn has(text: &str, what: &str) -> bool {
    let longer = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(what).any(|(i, _)| !what.starts_with(longer) || !text[..i].ends_with(longer))
}

fn only_in(what: &[&str], may: impl Fn(&Source) -> bool) {
    for source in sources().iter().filter(|s| !may(s)) {
        for call in what {
            assert!(!has(&source.product, call), "{} has `{call}`", source.name);
        }
    }
}

#[test]
fn only_the_binding_names_pyo3() {
    only_in(&["pyo3"], |s| s.module() == "py");
}

#[test]
fn the_binding_imports_only_the_exceptions_of_the_package() {
    const MAY: [&str; 2] = ["\"fastprep.exceptions\"", "\"select\""];
    for source in sources().iter().filter(|s| s.module() == "py") {
        for (i, call) in source.product.match_indices("import(") {
            let rest = &source.product[i + call.len()..];
            assert!(MAY.iter().any(|name| rest.starts_with(name)), "{} imports {rest:.40}", source.name);
        }
        for call in [
            "import_bound(",
            "import_intern(",
            "py_run",
            "\"__import__\"",
            "\"importlib\"",
            ".eval(",
            ".run(",
        ] {
            assert!(!source.product.contains(call), "{} has `{call}`", source.name);
        }
    }
}

#[test]
fn only_engine_store_and_spill_create_threads() {
    let may = |s: &Source| ["engine", "store", "spill"].contains(&s.module());
    only_in(&["thread::", "rayon", "spawn(", "spawn_scoped("], may);
}

#[test]
fn only_the_store_accesses_files_and_only_write_and_spill_change_them() {
    let may = |s: &Source| DIRECT_ACCESS_ALLOWED.iter().any(|(name, _)| s.name == *name);
    only_in(&DIRECT_ACCESS, |s| s.module() == "store" || may(s));
    only_in(&CHANGES, |s| ["store", "write", "spill"].contains(&s.module()));
    let past = sources().into_iter().filter(|s| may(s) && s.product.contains("std::fs")).count();
    assert_eq!(past, DIRECT_ACCESS_ALLOWED.len(), "a file in the list needs no exception");
}

#[test]
fn unsafe_code_is_in_small_files_with_proofs() {
    const PROVEN: [&str; 6] = [
        "py/allocator.rs",
        "read/compact.rs",
        "read/views.rs",
        "store/map.rs",
        "tokenizer/cache/prefetch.rs",
        "tokenizer/pretokenize/masks.rs",
    ];
    for source in sources() {
        if PROVEN.contains(&source.name.as_str()) {
            let (lines, blocks) = (source.product.lines().count(), source.code.matches("unsafe {").count());
            // A clippy lint checks that each block has a safety comment.
            assert!(lines < 160 && blocks <= 5, "{}: {lines} lines, {blocks} blocks", source.name);
            continue;
        }
        // A lint denies unsafe code; this checks that the lint is not turned off.
        assert!(!source.code.contains("unsafe_code"), "{}", source.name);
        for word in ["unsafe {", "unsafe fn", "unsafe impl"] {
            assert!(!source.code.contains(word), "{} has `{word}`", source.name);
        }
    }
}

#[test]
fn files_stay_short() {
    for source in sources() {
        assert!(source.lines <= 800, "{} has {} lines", source.name, source.lines);
        if source.lines > 400 {
            println!("long: {} has {} lines", source.name, source.lines);
        }
    }
}
