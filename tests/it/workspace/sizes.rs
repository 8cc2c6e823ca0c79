//! Functions and files stay short enough to be read at once, and lines fit next to each other.

use std::collections::BTreeSet;
use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::source::{Module, files, only_for_tests, parse, production_crates, root};

const LINES_OF_A_FUNCTION: usize = 60;
const LINES_OF_A_FILE: usize = 400;
const COLUMNS_OF_CODE: usize = 100;
const COLUMNS_OF_DOCUMENTS: usize = 120;

/// Functions that are too long.
struct LongFunctions<'a> {
    module: &'a Module,
    found: Vec<String>,
}

impl LongFunctions<'_> {
    fn check(&mut self, attributes: &[Attribute], signature: &Signature, body: &Block) -> bool {
        if only_for_tests(attributes) {
            return false;
        }
        let lines = body.span().end().line - signature.span().start().line + 1;
        if lines > LINES_OF_A_FUNCTION {
            let (file, name) = (self.module.file.display(), &signature.ident);
            self.found.push(format!("{file}: {name} has {lines} lines"));
        }
        true
    }
}

impl<'ast> Visit<'ast> for LongFunctions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if self.check(&function.attrs, &function.sig, &function.block) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if self.check(&function.attrs, &function.sig, &function.block) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.check(&function.attrs, &function.sig, body);
        }
    }
}

fn long_functions(module: &Module) -> Vec<String> {
    let mut visitor = LongFunctions {
        module,
        found: Vec::new(),
    };
    for item in &module.items {
        visitor.visit_item(item);
    }
    visitor.found
}

#[test]
fn no_production_function_is_longer_than_a_screen() {
    let crates = production_crates();
    let modules = crates.iter().flat_map(|one| &one.modules);
    let found: Vec<_> = modules.flat_map(long_functions).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_long_function_is_found_wherever_it_is() {
    let body = "\n();".repeat(LINES_OF_A_FUNCTION);
    let text = format!(
        "fn free() {{{body} }} struct S; impl S {{ fn method() {{{body} }} }} \
         trait T {{ fn default() {{{body} }} fn none(); }} #[test] fn test() {{{body} }} \
         fn short() {{}}"
    );
    let modules = parse(&[("long", &text)]);
    assert_eq!(
        long_functions(&modules[0]),
        ["free", "method", "default"].map(|name| format!("long.rs: {name} has 61 lines"))
    );
}

/// Whether a file is short enough, or its module comment says why it is not.
fn long_file(text: &str) -> Option<usize> {
    let lines = text.lines().count();
    let reason = text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .any(|line| line.contains("One file"));
    (lines > LINES_OF_A_FILE && !reason).then_some(lines)
}

#[test]
fn a_long_production_file_gives_its_reason() {
    let crates = production_crates();
    let modules = crates.iter().flat_map(|one| &one.modules);
    let paths: BTreeSet<&Path> = modules.map(|module| module.file.as_path()).collect();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        if let Some(lines) = long_file(&text) {
            found.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(
        found.is_empty(),
        "split the file, or say in its module comment \"One file because ...\": {found:#?}"
    );
}

#[test]
fn only_a_reason_excuses_a_long_file() {
    let long = "\n".repeat(LINES_OF_A_FILE + 1);
    assert_eq!(long_file(&format!("//! Words.{long}")), Some(401));
    assert_eq!(long_file(&format!("//! One file because ...{long}")), None);
    assert_eq!(long_file("//! Words."), None);
}

/// The most columns of a line in a file; `None` where any line may be long, as in data.
fn columns(path: &Path) -> Option<usize> {
    if path.starts_with("tests/it/fixtures") || path.starts_with("tests/fuzz/corpus") {
        return None;
    }
    match path.extension().and_then(|end| end.to_str()) {
        Some("rs" | "py" | "sh") => Some(COLUMNS_OF_CODE),
        Some("md") => Some(COLUMNS_OF_DOCUMENTS),
        Some(_) => None,
        // Scripts have no ending.
        None => path.starts_with(".ci").then_some(COLUMNS_OF_CODE),
    }
}

/// The numbers of the lines that are too long. A word that cannot be broken, such as an address,
/// may stand in a line of its own, and a table of a document is as wide as it is.
fn long_lines(text: &str, columns: usize) -> Vec<usize> {
    let long = |line: &str| {
        line.chars().count() > columns
            && !line.trim_start().starts_with('|')
            && line.split_whitespace().count() > 2
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| long(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[test]
fn lines_of_code_and_documents_fit() {
    let mut found = Vec::new();
    for path in files() {
        let Some(columns) = columns(&path) else {
            continue;
        };
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        for line in long_lines(&text, columns) {
            found.push(format!("{}:{line}", path.display()));
        }
    }
    assert!(found.is_empty(), "{} lines: {found:#?}", found.len());
}

#[test]
fn long_lines_are_found_unless_nothing_can_break_them() {
    let long = "word ".repeat(21);
    let address = format!("// https://{}", "x".repeat(120));
    let text = format!("short\n{long}\n{address}\n| {long} |\n");
    assert_eq!(long_lines(&text, 100), [2]);
    assert_eq!(columns(Path::new("README.md")), Some(120));
    assert_eq!(columns(Path::new("shared/app/src/lib.rs")), Some(100));
    assert_eq!(columns(Path::new(".ci/run")), Some(100));
    assert_eq!(columns(Path::new("tests/it/fixtures/x.md")), None);
}
