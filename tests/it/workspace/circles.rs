//! No module needs one that needs it. A circle cannot be read, tested or moved in parts.
//!
//! `cargo test -p it circles -- --nocapture` prints every circle with the imports that close it.
//!
//! A module needs another one if it names something that is defined there. A module that names a
//! re-exported item needs the module that defines it; the re-export itself needs nothing. What a
//! module needs of those that it is a part of (`super`) does not count: they are read together.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, UseTree, Visibility};

use super::source::{Crate, Module, all_crates, parse};

type Path = Vec<String>;

/// What the modules of a crate define and import.
struct Names {
    modules: BTreeMap<Path, Scope>,
}

#[derive(Default)]
struct Scope {
    defined: BTreeSet<String>,
    /// The path in the crate that an imported name stands for, and whether others see it here.
    imported: BTreeMap<String, Import>,
    /// Modules of which everything is imported.
    globs: Vec<Path>,
}

struct Import {
    path: Path,
    reexported: bool,
}

impl Names {
    fn of(modules: &[Module]) -> Self {
        let mut names: BTreeMap<Path, Scope> = modules
            .iter()
            .map(|module| (module.path.clone(), Scope::default()))
            .collect();
        let known: BTreeSet<Path> = names.keys().cloned().collect();
        for module in modules {
            let scope = names.get_mut(&module.path).unwrap();
            for item in &module.items {
                if let Some(name) = defined(item) {
                    scope.defined.insert(name);
                }
                if let Item::Use(item) = item {
                    let reexported = !matches!(item.vis, Visibility::Inherited);
                    let mut leaves = Vec::new();
                    flatten(&item.tree, &[], &mut leaves);
                    for (path, name) in leaves {
                        let Some(path) = absolute(&module.path, &path, &known, scope) else {
                            continue;
                        };
                        match name {
                            Some(name) => {
                                scope.imported.insert(name, Import { path, reexported });
                            }
                            None => scope.globs.push(path),
                        }
                    }
                }
            }
        }
        Self { modules: names }
    }

    /// The module that defines what a path names; `None` if the path names a module.
    fn definer(&self, path: &[String]) -> Option<Path> {
        self.follow(path, &mut BTreeSet::new())
    }

    fn follow(&self, path: &[String], seen: &mut BTreeSet<Path>) -> Option<Path> {
        if !seen.insert(path.to_owned()) {
            return None;
        }
        let module = (0..=path.len())
            .rev()
            .map(|length| &path[..length])
            .find(|prefix| self.modules.contains_key(*prefix))?;
        let (name, rest) = path[module.len()..].split_first()?;
        let scope = &self.modules[module];
        if scope.defined.contains(name) {
            return Some(module.to_owned());
        }
        if let Some(import) = scope.imported.get(name) {
            return self.follow(&[&import.path, rest].concat(), seen);
        }
        for glob in &scope.globs {
            let there = [glob.as_slice(), std::slice::from_ref(name)].concat();
            if let Some(definer) = self.follow(&there, seen) {
                return Some(definer);
            }
        }
        None
    }

    /// The modules that a module needs, each with the path that says so.
    fn needs(&self, module: &Module) -> BTreeMap<Path, String> {
        let scope = &self.modules[&module.path];
        let known: BTreeSet<Path> = self.modules.keys().cloned().collect();
        let mut paths: Vec<Path> = Vec::new();
        for import in scope.imported.values() {
            if !import.reexported {
                paths.push(import.path.clone());
            }
        }
        for item in &module.items {
            if matches!(item, Item::Use(_)) {
                continue;
            }
            let mut named = Vec::new();
            named_paths(item.to_token_stream(), &mut named);
            for path in named {
                // A single name is in scope by an import; a private one was counted above.
                if path.len() == 1 && !scope.imported.contains_key(&path[0]) {
                    continue;
                }
                paths.extend(absolute(&module.path, &path, &known, scope));
            }
        }
        let mut needs = BTreeMap::new();
        for path in paths {
            if let Some(definer) = self
                .definer(&path)
                .filter(|definer| !module.path.starts_with(definer))
            {
                needs.entry(definer).or_insert_with(|| path.join("::"));
            }
        }
        needs
    }
}

/// The name that an item defines.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The paths of a `use`, each with the name that it is known by; `None` for everything in it.
fn flatten(tree: &UseTree, before: &[String], leaves: &mut Vec<(Path, Option<String>)>) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(path.ident.to_string()), leaves),
        UseTree::Name(name) if name.ident == "self" => {
            leaves.push((before.to_owned(), before.last().cloned()));
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            leaves.push((with(name.clone()), Some(name)));
        }
        UseTree::Rename(name) => {
            leaves.push((with(name.ident.to_string()), Some(name.rename.to_string())));
        }
        UseTree::Glob(_) => leaves.push((before.to_owned(), None)),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, leaves);
            }
        }
    }
}

/// The path from the root of the crate; `None` for what another crate defines.
fn absolute(at: &[String], path: &[String], known: &BTreeSet<Path>, scope: &Scope) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_owned()),
        "self" => Some([at, rest].concat()),
        "super" => {
            let parent = &at[..at.len().checked_sub(1)?];
            match rest.first().map(String::as_str) {
                Some("super") => absolute(parent, rest, known, scope),
                _ => Some([parent, rest].concat()),
            }
        }
        name => {
            let child = [at, &[name.to_owned()]].concat();
            if known.contains(&child) {
                return Some([&child, rest].concat());
            }
            let import = scope.imported.get(name)?;
            Some([&import.path, rest].concat())
        }
    }
}

/// Every path of identifiers in the tokens, in macros too.
fn named_paths(tokens: TokenStream, paths: &mut Vec<Path>) {
    let mut path: Path = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 && !path.is_empty() {
                    paths.push(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                if !path.is_empty() {
                    paths.push(std::mem::take(&mut path));
                }
                colons = 0;
                if let TokenTree::Group(group) = other {
                    named_paths(group.stream(), paths);
                }
            }
        }
    }
    if !path.is_empty() {
        paths.push(path);
    }
}

/// Modules that need each other, directly or through others.
struct Circle {
    modules: Vec<String>,
    /// `module needs module (by path)` for the edges within it.
    imports: Vec<String>,
}

fn circles(modules: &[Module]) -> Vec<Circle> {
    let names = Names::of(modules);
    let needs: BTreeMap<&Path, BTreeMap<Path, String>> = modules
        .iter()
        .map(|module| (&module.path, names.needs(module)))
        .collect();
    let reach = |from: &Path| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Path> = needs[from].keys().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next.clone()) {
                open.extend(needs[next].keys());
            }
        }
        reached
    };
    let reached: BTreeMap<&Path, BTreeSet<Path>> =
        needs.keys().map(|from| (*from, reach(from))).collect();
    let shown = |path: &Path| match path.is_empty() {
        true => "crate".to_owned(),
        false => path.join("::"),
    };
    let mut found: BTreeSet<Vec<&Path>> = BTreeSet::new();
    for (from, to) in &reached {
        if to.contains(*from) {
            let circle = needs.keys().copied();
            found.insert(
                circle
                    .filter(|other| to.contains(*other) && reached[other].contains(*from))
                    .collect(),
            );
        }
    }
    found
        .into_iter()
        .map(|circle| {
            let mut imports = Vec::new();
            for from in &circle {
                for (to, path) in needs[from].iter().filter(|(to, _)| circle.contains(to)) {
                    imports.push(format!("{} needs {} ({path})", shown(from), shown(to)));
                }
            }
            Circle {
                modules: circle.into_iter().map(shown).collect(),
                imports,
            }
        })
        .collect()
}

#[test]
fn no_module_needs_one_that_needs_it() {
    let mut found = BTreeSet::new();
    for Crate { folder, modules } in all_crates() {
        for circle in circles(&modules) {
            let circle_name = format!("{folder}: {}", circle.modules.join(", "));
            println!("{circle_name}");
            for import in circle.imports {
                println!("    {import}");
            }
            found.insert(circle_name);
        }
    }
    println!("{} circles", found.len());
    assert!(
        found.is_empty(),
        "run it with --nocapture to see the imports: {found:#?}"
    );
}

#[test]
fn circles_are_found_through_imports_paths_macros_and_reexports() {
    let modules = parse(&[
        ("crate", "pub use one::One; mod one; mod two;"),
        ("one", "use crate::two; pub struct One(two::Two);"),
        (
            "two",
            "pub struct Two; fn f() { assert!(crate::One::default()); }",
        ),
        // Needs one way only.
        ("three", "use super::one::One;"),
    ]);
    let found = circles(&modules);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].modules, ["one", "two"]);
    assert_eq!(
        found[0].imports,
        ["one needs two (two::Two)", "two needs one (One::default)"]
    );
}

#[test]
fn a_module_may_use_what_it_is_a_part_of_and_others_make_a_circle_with_it() {
    let parent = "pub struct Parent(Child); mod child; use child::Child;";
    let child = "use super::Parent; pub struct Child(Parent);";
    let modules = parse(&[("parent", parent), ("parent::child", child)]);
    assert!(circles(&modules).is_empty());
    let other = "pub struct Other(crate::parent::Parent);";
    let child = "use crate::other::Other; pub struct Child(Other);";
    let modules = parse(&[
        ("parent", parent),
        ("parent::child", child),
        ("other", other),
    ]);
    let found = circles(&modules);
    assert_eq!(found[0].modules, ["other", "parent", "parent::child"]);
}
