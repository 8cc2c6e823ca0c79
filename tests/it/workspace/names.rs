//! One name stands for one thing.
//!
//! The messages of the ERP and those of the storefront are two more languages: their types carry
//! the names of what they describe, and are converted by hand. So a name stands for one thing among
//! the messages of the ERP, one among those of the storefront, and one among all other types. A
//! type that is private to its module is that module's affair.

use std::collections::BTreeMap;

use syn::{Fields, Item, Visibility};

use super::source::{Crate, Module, parse, production_crates};

/// Names that several crates or modules define on purpose, with the reason.
const SEVERAL: [(&str, &str); 2] = [
    ("ListParams", "the query of a list is its function's"),
    (
        "Operator",
        "the extractor of lambda-kit holds the proof of the domain",
    ),
];

/// Where each type is defined, as `folder: module`, by its language and name.
fn definitions(crates: &[Crate]) -> BTreeMap<(String, String), Vec<String>> {
    let mut definitions: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for Crate { folder, modules } in crates {
        for module in modules {
            let language = match (folder.as_str(), module.path.first()) {
                ("shared/wire", Some(messages)) => messages.clone(),
                _ => "ours".to_owned(),
            };
            for item in &module.items {
                let (visibility, name) = match item {
                    Item::Enum(item) => (&item.vis, &item.ident),
                    Item::Struct(item) => (&item.vis, &item.ident),
                    Item::Trait(item) => (&item.vis, &item.ident),
                    Item::Type(item) => (&item.vis, &item.ident),
                    _ => continue,
                };
                if matches!(visibility, Visibility::Inherited) {
                    continue;
                }
                let places = definitions
                    .entry((language.clone(), name.to_string()))
                    .or_default();
                places.push(format!("{folder}: {}", module.name()));
            }
        }
    }
    definitions
}

#[test]
fn a_type_name_has_one_definition() {
    let mut several = definitions(&production_crates());
    several.retain(|_, places| places.len() > 1);
    for (name, _) in SEVERAL {
        assert!(
            several
                .remove(&("ours".to_owned(), name.to_owned()))
                .is_some(),
            "{name} is defined once: take it off the list"
        );
    }
    assert!(several.is_empty(), "{} names: {several:#?}", several.len());
}

#[test]
fn a_name_with_two_definitions_is_found() {
    let one = |folder: &str, text| Crate {
        folder: folder.to_owned(),
        modules: parse(&[("crate", text)]),
    };
    let crates = [
        one(
            "shared/one",
            "pub struct Same; pub struct One; pub struct Other; struct Private;",
        ),
        one(
            "shared/wire",
            "mod erp { pub struct Same; pub struct Other; } mod storefront { pub struct Same; }",
        ),
        one(
            "shared/two",
            "mod within { pub(crate) enum Same { A } } #[cfg(test)] pub struct One;",
        ),
    ];
    let definitions = definitions(&crates);
    let key = |language: &str, name: &str| (language.to_owned(), name.to_owned());
    assert_eq!(
        definitions[&key("ours", "Same")],
        ["shared/one: crate", "shared/two: within"]
    );
    assert_eq!(definitions[&key("ours", "One")], ["shared/one: crate"]);
    assert_eq!(definitions[&key("erp", "Same")], ["shared/wire: erp"]);
    assert_eq!(definitions[&key("ours", "Other")].len(), 1);
    assert!(!definitions.contains_key(&key("ours", "Private")));
}

/// The fields of a struct that other modules can write.
fn open_fields(modules: &[Module], name: &str) -> Option<Vec<String>> {
    let items = modules.iter().flat_map(|module| &module.items);
    let found = items.into_iter().find_map(|item| match item {
        Item::Struct(item) if item.ident == name => Some(item),
        _ => None,
    })?;
    let Fields::Named(fields) = &found.fields else {
        return Some(Vec::new());
    };
    let open = fields
        .named
        .iter()
        .filter(|field| !matches!(field.vis, Visibility::Inherited));
    Some(
        open.filter_map(|field| field.ident.as_ref())
            .map(ToString::to_string)
            .collect(),
    )
}

/// Its state machine alone moves a submission.
#[test]
fn no_field_of_a_submission_is_open_to_other_modules() {
    let crates = production_crates();
    let domain = crates.iter().find(|one| one.folder == "shared/domain");
    let open = open_fields(&domain.unwrap().modules, "Submission");
    assert_eq!(open, Some(Vec::new()));
}

#[test]
fn an_open_field_is_found() {
    let modules = parse(&[(
        "crate",
        "pub struct Submission { pub one: u8, two: u8, pub(crate) three: u8 }",
    )]);
    assert_eq!(
        open_fields(&modules, "Submission"),
        Some(vec!["one".to_owned(), "three".to_owned()])
    );
    assert_eq!(open_fields(&modules, "Another"), None);
}
