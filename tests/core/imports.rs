//! Finds the imports of each file in the source: `use` lines and paths in code. Each is resolved to the file that
//! defines the item, also through `pub use` in other modules.

use std::collections::{BTreeMap, BTreeSet};

/// A path, or a module of the crate: `["record", "batch"]`.
type Path = Vec<String>;

/// The imports of each file.
pub type Imports = BTreeMap<String, BTreeSet<String>>;

/// The files that each of these files imports. Sources have names below `src`, such as `record/mod.rs`.
pub fn imports<'s>(sources: impl IntoIterator<Item = (&'s str, &'s str)>) -> Imports {
    let files: BTreeMap<Path, (&str, Names)> =
        sources.into_iter().map(|(name, code)| (module_of(name), (name, Names::of(code)))).collect();
    let found = |(module, (name, names)): (&Path, &(&str, Names))| {
        let reexported: BTreeSet<String> = names.reexported.keys().cloned().collect();
        let used = names.words.intersection(&reexported).map(|word| (vec![], vec![word.clone()]));
        let resolved =
            names.paths.iter().cloned().chain(used).filter_map(|(inline, path)| {
                resolve(&files, &[module.as_slice(), &inline].concat(), &path, 0)
            });
        let others = resolved.filter(|to| to != module && !to.is_empty());
        (name.to_string(), others.map(|to| files[&to].0.to_string()).collect())
    };
    files.iter().map(found).collect()
}

/// The imports that are part of a cycle: the imported file imports, directly or through others, the importing file.
pub fn cycles(imports: &Imports) -> Vec<String> {
    let all: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (file.as_str(), reached(imports, file))).collect();
    let edges = imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
    edges
        .filter(|(from, to)| all[to.as_str()].contains(from.as_str()))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect()
}

/// All files that a file imports, directly or through others.
fn reached<'i>(imports: &'i Imports, from: &'i str) -> BTreeSet<&'i str> {
    let (mut met, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        let imported = imports.get(file).into_iter().flatten().map(String::as_str);
        next.extend(imported.filter(|to| met.insert(*to)));
    }
    met
}

/// `record/json/mod.rs` is `record::json`, `record/batch.rs` is `record::batch`.
fn module_of(name: &str) -> Path {
    let mut module: Path = name.trim_end_matches(".rs").split('/').map(String::from).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// The module with a file that defines the item of a path; `None` for other crates. The depth limits cycles of `pub
/// use`.
fn resolve(
    files: &BTreeMap<Path, (&str, Names)>,
    module: &[String],
    path: &[String],
    depth: usize,
) -> Option<Path> {
    let has_file =
        |base: &[String], name: &String| files.contains_key(&[base, std::slice::from_ref(name)].concat());
    let (mut base, mut rest) = (module.to_vec(), path);
    match rest.first()?.as_str() {
        "crate" => (base, rest) = (vec![], &rest[1..]),
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|name| name == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        _ if has_file(&base, &rest[0]) => {}
        name => {
            // A name that the file itself imported by `use`.
            let own = files.get(&base).and_then(|(_, names)| names.imported.get(name))?;
            let whole = [own.as_slice(), &rest[1..]].concat();
            return (depth < 9 && whole != path).then(|| resolve(files, module, &whole, depth + 1))?;
        }
    }
    while rest.first().is_some_and(|name| has_file(&base, name)) {
        base.push(rest[0].clone());
        rest = &rest[1..];
    }
    // A module without a file is in the file of its parent.
    while !files.contains_key(&base) {
        base.pop()?;
    }
    let reexported = rest.first().and_then(|name| files[&base].1.reexported.get(name));
    let elsewhere = reexported.filter(|_| depth < 9).and_then(|path| {
        let whole = [path.as_slice(), &rest[1..]].concat();
        resolve(files, &base, &whole, depth + 1)
    });
    elsewhere.or(Some(base))
}

/// The names in a file.
#[derive(Default)]
struct Names {
    /// Paths, each with the inline modules that it is in.
    paths: Vec<(Path, Path)>,
    /// Paths by name: what `pub use` exports, and what all `use` lines import.
    reexported: BTreeMap<String, Path>,
    imported: BTreeMap<String, Path>,
    /// Single words in code.
    words: BTreeSet<String>,
}

impl Names {
    fn of(code: &str) -> Names {
        let tokens = tokens(code);
        let token = |i: usize| tokens.get(i).map_or("", String::as_str);
        let mut names = Names::default();
        // Inline modules, each with the number of braces that were open before it.
        let (mut inline, mut open, mut i) = (Vec::<(usize, String)>::new(), 0, 0);
        let mut public = false;
        while i < tokens.len() {
            let within: Path = inline.iter().map(|(_, name)| name.clone()).collect();
            match token(i) {
                "pub" => {
                    public = true;
                    i += 1;
                    if token(i) == "(" {
                        i += 1 + tokens[i..].iter().position(|t| t == ")").unwrap_or_default();
                    }
                    continue;
                }
                // Not `use<>`, which says what a type captures.
                "use" if token(i + 1) != "<" => {
                    let mut found = vec![];
                    i = tree(&tokens, i + 1, &[], &mut found);
                    for (name, path) in found {
                        if within.is_empty() {
                            names.imported.insert(name.clone(), path.clone());
                        }
                        match public && within.is_empty() {
                            true => drop(names.reexported.insert(name, path)),
                            false => names.paths.push((within.clone(), path)),
                        }
                    }
                }
                "mod" if token(i + 2) == "{" => {
                    inline.push((open, token(i + 1).to_string()));
                    i += 1;
                }
                "mod" => i += 2,
                "{" => open += 1,
                "}" => {
                    open -= 1;
                    inline.retain(|(before, _)| *before < open);
                }
                first if is_word(first) && !matches!(token(i.wrapping_sub(1)), "." | "fn" | "::") => {
                    let mut path = vec![first.to_string()];
                    while token(i + 1) == "::" && is_word(token(i + 2)) {
                        path.push(token(i + 2).to_string());
                        i += 2;
                    }
                    match path.len() {
                        1 => drop(names.words.insert(first.to_string())),
                        _ => names.paths.push((within, path)),
                    }
                }
                _ => {}
            }
            public = false;
            i += 1;
        }
        names
    }
}

/// Reads the rest of a `use`: each name with its path. Returns the index of the token that ends it.
fn tree(tokens: &[String], mut i: usize, before: &[String], found: &mut Vec<(String, Path)>) -> usize {
    let mut path = before.to_vec();
    let mut name = String::new();
    while i < tokens.len() {
        match tokens[i].as_str() {
            "::" => {}
            "{" => loop {
                i = tree(tokens, i + 1, &path, found);
                if tokens.get(i).is_none_or(|token| token != ",") {
                    name.clear();
                    break;
                }
            },
            "as" => {
                i += 1;
                name.clone_from(&tokens[i]);
            }
            "self" if !before.is_empty() && path.len() == before.len() => {
                name = path.last().cloned().unwrap_or_default();
            }
            "," | ";" | "}" => break,
            word => {
                path.push(word.to_string());
                name = word.to_string();
            }
        }
        i += 1;
    }
    if !name.is_empty() {
        found.push((name, path));
    }
    i
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single characters, without white space, comments, strings and character literals.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = vec![];
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = quoted(rest) {
            length
        } else if is_word(rest) {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_string());
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { c.len_utf8() };
            if !c.is_whitespace() {
                tokens.push(rest[..length].to_string());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character literal at the start of `rest`; `None` if there is none.
fn quoted(rest: &str) -> Option<usize> {
    let raw = rest.strip_prefix('r').map(|rest| rest.trim_start_matches('#'));
    if let Some(text) = raw.and_then(|text| text.strip_prefix('"')) {
        let begins = rest.len() - text.len();
        let end = format!("\"{}", "#".repeat(begins - 2));
        return Some(begins + text.find(&end).map_or(text.len(), |at| at + end.len()));
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    let mut inner = rest.char_indices().skip(1);
    let end = inner.find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    let end = end.map_or(rest.len(), |(at, _)| at + 1);
    // A lifetime has no closing quote.
    let is_character = rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'');
    (quote == '"' || is_character).then_some(end)
}

#[test]
fn a_path_is_resolved_to_the_file_that_defines_its_item() {
    let of_a = |code: &str| {
        let sources = [
            ("a/b.rs", code),
            ("a/mod.rs", "mod b;\nmod c;\npub use c::{C, d as e};\npub use crate::x;\n"),
            ("a/c.rs", ""),
            ("x/mod.rs", "pub(crate) mod y;\npub mod z;\npub use y::{Y, self};\npub use z::Z as W;\n"),
            ("x/y.rs", "pub use super::z::Deep;"),
            ("x/z.rs", ""),
        ];
        let of_b = imports(sources).remove("a/b.rs").unwrap_or_default();
        of_b.into_iter().collect::<Vec<_>>().join(" ")
    };
    for (code, expected) in [
        ("", ""),
        ("use std::fs;\nuse serde::Serialize;\nfn f() { fs::read(Self::X) }", ""),
        ("use super::c::Any;", "a/c.rs"),
        ("use super::C;", "a/c.rs"),
        ("use super::e;", "a/c.rs"),
        ("use super::defined_there;", "a/mod.rs"),
        ("use super::*;", "a/mod.rs"),
        ("use crate::x::Y;", "x/y.rs"),
        ("use crate::x::W;", "x/z.rs"),
        ("use crate::x::y::Deep;", "x/z.rs"),
        ("use super::super::x::z;", "x/z.rs"),
        ("use crate::{a::C, x::{self, y::{Any, More}, W as V}};", "a/c.rs x/mod.rs x/y.rs x/z.rs"),
        ("pub use crate::x::Y;\nfn f(_: Z) {}", ""),
        ("pub use crate::x::Y;\nfn f(_: Y) {}", "x/y.rs"),
        ("use crate::x;\nfn f() { x::y::f() }", "x/mod.rs x/y.rs"),
        ("use crate::x;\nfn f() -> x::W { x }", "x/mod.rs x/z.rs"),
        ("fn f() { let y: crate::x::W = super::c::new(); }", "a/c.rs x/z.rs"),
        ("pub(in crate::x) fn f<'a>() { '\"'; \"crate::x::Y\"; r#\"\"crate::x::Y\"# } // crate::x::Y", ""),
        ("mod tests {\n    use super::*;\n    use super::super::C;\n}\nuse super::e;", "a/c.rs"),
        ("mod inner { mod deep { use super::super::f; } }\nfn f() { super::c::f() }", "a/c.rs"),
    ] {
        assert_eq!(of_a(code), expected, "{code}");
    }
    let child = imports([("a/mod.rs", "mod b;\nfn f() { b::f() }"), ("a/b.rs", "")]);
    assert_eq!(child["a/mod.rs"].iter().collect::<Vec<_>>(), ["a/b.rs"]);
}

#[test]
fn cycles_are_found_through_other_files() {
    let found = |sources: &[(&'static str, &'static str)]| cycles(&imports(sources.iter().copied()));
    let through_a_re_export = [
        ("a/mod.rs", "mod b;\nmod c;\npub use b::B;\npub use c::C;\n"),
        ("a/b.rs", "use super::C;\nstruct B;"),
        ("a/c.rs", "use crate::a::{self};\nstruct C(a::B);"),
    ];
    assert_eq!(found(&through_a_re_export), ["a/b.rs -> a/c.rs", "a/c.rs -> a/b.rs"]);
    let child = [("a/mod.rs", "mod b;\nuse b::f;"), ("a/b.rs", "use super::G;")];
    assert_eq!(found(&child), ["a/b.rs -> a/mod.rs", "a/mod.rs -> a/b.rs"]);
    let of_three = [
        ("a.rs", "fn f() { crate::b::c::f() }"),
        ("b/mod.rs", "pub mod c;"),
        ("b/c.rs", "use super::super::d::{f, g};"),
        ("d.rs", "use crate::a::f;"),
        ("e.rs", "use crate::a::f;"),
    ];
    assert_eq!(found(&of_three), ["a.rs -> b/c.rs", "b/c.rs -> d.rs", "d.rs -> a.rs"]);
    assert_eq!(found(&of_three[1..]), [""; 0]);
}
