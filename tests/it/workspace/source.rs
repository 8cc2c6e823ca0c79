//! The source code as data: the files of the repository, and the modules of its crates, parsed.

use std::path::{Path, PathBuf};

use syn::{Attribute, Item, ItemMod};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// What the repository does not contain: build products and the local tools of a developer.
const IGNORED: [&str; 7] = [
    ".git",
    ".aws-sam",
    "__pycache__",
    "artifacts",
    "coverage",
    "node_modules",
    "target",
];

/// Every file of the repository, relative to its root and in order.
pub fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // `.ci/venv` installs programs of others into `.venv-NAME`.
            if IGNORED.contains(&&*name) || name.starts_with(".venv") {
                continue;
            }
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => walk(&entry.path(), found),
                kind if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root, &mut found);
    let mut files: Vec<_> = found
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap().to_owned())
        .collect();
    files.sort();
    files
}

/// A crate with the modules that are compiled outside of tests.
pub struct Crate {
    /// Its folder, such as `shared/app`.
    pub folder: String,
    pub modules: Vec<Module>,
}

/// A module. Items that are compiled only for tests are left out.
pub struct Module {
    /// Its path in the crate; empty for the root.
    pub path: Vec<String>,
    /// The file that it is in, relative to the root of the repository.
    pub file: PathBuf,
    pub items: Vec<Item>,
}

impl Module {
    /// The path as it is written after `crate::`; `crate` for the root.
    pub fn name(&self) -> String {
        if self.path.is_empty() {
            "crate".to_owned()
        } else {
            self.path.join("::")
        }
    }
}

/// The crates that are deployed: `shared/*` and `functions/*`.
pub fn production_crates() -> Vec<Crate> {
    crates(&["shared", "functions"])
}

/// Every crate of the workspace except for the integration tests themselves.
pub fn all_crates() -> Vec<Crate> {
    crates(&["shared", "functions", "tests"])
}

fn crates(layers: &[&str]) -> Vec<Crate> {
    let root = root();
    let mut crates = Vec::new();
    for layer in layers {
        for entry in std::fs::read_dir(root.join(layer)).unwrap() {
            let folder = entry.unwrap().path();
            let mut modules = Vec::new();
            for file in ["src/lib.rs", "src/main.rs"] {
                let file = folder.join(file);
                // A program that has a library is a few lines.
                if file.is_file() && modules.is_empty() {
                    read(&root, &file, &[], &mut modules);
                }
            }
            let folder = folder.strip_prefix(&root).unwrap();
            crates.push(Crate {
                folder: folder.to_str().unwrap().to_owned(),
                modules,
            });
        }
    }
    crates.retain(|one| !one.modules.is_empty());
    crates.sort_by(|one, two| one.folder.cmp(&two.folder));
    crates
}

/// The module in a file, and those that it declares.
fn read(root: &Path, file: &Path, path: &[String], modules: &mut Vec<Module>) {
    let text = std::fs::read_to_string(file).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| {
        panic!("{}: {error}", file.display());
    });
    let mut declared = Vec::new();
    split(
        syntax.items,
        path,
        file.strip_prefix(root).unwrap(),
        modules,
        &mut declared,
    );
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap();
    let mut folder = file.parent().unwrap().to_owned();
    if !["lib", "main", "mod"].contains(&stem) {
        folder.push(stem);
    }
    for child in declared {
        let within: PathBuf = child[path.len()..child.len() - 1].iter().collect();
        let name = child.last().unwrap();
        let folder = folder.join(within);
        let candidates = [
            folder.join(format!("{name}.rs")),
            folder.join(name).join("mod.rs"),
        ];
        let file = candidates.iter().find(|file| file.is_file());
        let file = file.unwrap_or_else(|| panic!("no file for {}", child.join("::")));
        read(root, file, &child, modules);
    }
}

/// Takes a module apart into its own items, inline modules, and modules in files of their own.
fn split(
    items: Vec<Item>,
    path: &[String],
    file: &Path,
    modules: &mut Vec<Module>,
    declared: &mut Vec<Vec<String>>,
) {
    let mut own = Vec::new();
    let mut inline = Vec::new();
    for item in items {
        if only_for_tests(attributes(&item)) {
            continue;
        }
        if let Item::Mod(ItemMod { ident, content, .. }) = item {
            let child = [path, &[ident.to_string()]].concat();
            match content {
                Some((_, items)) => inline.push((child, items)),
                None => declared.push(child),
            }
        } else {
            own.push(item);
        }
    }
    modules.push(Module {
        path: path.to_owned(),
        file: file.to_owned(),
        items: own,
    });
    for (child, items) in inline {
        split(items, &child, file, modules, declared);
    }
}

/// Modules from texts, for the tests of the checks.
pub fn parse(texts: &[(&str, &str)]) -> Vec<Module> {
    let mut modules = Vec::new();
    for (path, text) in texts {
        let path: Vec<String> = path
            .split("::")
            .filter(|name| *name != "crate")
            .map(str::to_owned)
            .collect();
        let items = syn::parse_file(text).unwrap().items;
        let file = PathBuf::from(path.join("/")).with_extension("rs");
        split(items, &path, &file, &mut modules, &mut Vec::new());
    }
    modules
}

/// Whether an item with these attributes exists in tests alone.
pub fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg") && condition.contains("test") && !condition.contains("not")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[test]
fn what_exists_in_tests_alone_is_left_out() {
    let modules = parse(&[(
        "crate",
        "struct Kept; #[cfg(test)] mod tests { struct Left; } #[cfg(test)] struct Left; \
         #[cfg(not(test))] struct Kept2; mod inner { struct Kept3; }",
    )]);
    let found: Vec<_> = modules
        .iter()
        .map(|module| (module.name(), module.items.len()))
        .collect();
    assert_eq!(
        found,
        [("crate".to_owned(), 2), ("inner".to_owned(), 1)],
        "module and number of items"
    );
}

#[test]
fn every_crate_and_every_module_is_read() {
    let crates = all_crates();
    let app = crates.iter().find(|one| one.folder == "shared/app");
    let names: Vec<_> = app.unwrap().modules.iter().map(Module::name).collect();
    for name in ["crate", "ports::erp", "load"] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with("tests")));
    assert!(crates.len() > 20, "{} crates", crates.len());
    assert!(files().contains(&PathBuf::from("Cargo.toml")));
}
