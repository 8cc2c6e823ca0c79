//! The declared columns, compared with what is written down about them.

use std::path::Path;

use domain::load::{CatalogRecord, LoadKind, MemberRecord};

use super::rows::row;
use crate::load::columns::Field;
use crate::load::records::RecordFamily;

const README: &str = "../../functions/catalog-load/README.md";
const BEGIN: &str = "<!-- columns -->\n";
const END: &str = "<!-- /columns -->";

fn fields(kind: LoadKind) -> &'static [Field] {
    CatalogRecord::fields(kind)
        .or_else(|| MemberRecord::fields(kind))
        .unwrap()
}

fn tables() -> String {
    let mut text = String::new();
    for kind in LoadKind::ALL {
        text.push_str(&format!(
            "\n### {kind}\n\n| column | required | type | default | meaning |\n| --- | --- | --- | \
            --- | --- |\n"
        ));
        for field in fields(*kind) {
            let required = match (field.key, field.required) {
                (true, _) => "key",
                (false, true) => "yes",
                (false, false) => "",
            };
            let values: Vec<String> = field
                .values
                .split(", ")
                .filter(|value| !value.is_empty())
                .map(|value| format!("`{value}`"))
                .collect();
            let of = match values.as_slice() {
                [] => String::new(),
                values => format!(": {}", values.join(", ")),
            };
            let default = match field.default {
                "" => String::new(),
                default => format!("`{default}`"),
            };
            text.push_str(&format!(
                "| `{}` | {required} | {}{of} | {default} | {} |\n",
                field.name, field.type_name, field.meaning
            ));
        }
        if *kind == LoadKind::Items {
            text.push_str(
                "| `attr:<name>` |  | text |  | An attribute: as many such columns as there are. \
                |\n",
            );
        }
    }
    text.push('\n');
    text
}

#[test]
fn the_documentation_has_the_columns_that_are_declared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(README);
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", tables())).unwrap();
    } else {
        assert_eq!(
            written,
            tables(),
            "run `UPDATE_TABLES=1 cargo test -p app tables`"
        );
    }
}

#[test]
fn the_columns_of_a_key_come_first() {
    for kind in LoadKind::ALL {
        let fields = fields(*kind);
        let keys = fields.iter().filter(|field| field.key).count();
        assert!(keys > 0, "{kind}");
        assert!(fields.iter().take(keys).all(|field| field.key), "{kind}");
    }
}

#[test]
fn every_default_is_a_value_of_its_column() {
    let catalog = |kind, file| row::<CatalogRecord>(kind, file).is_ok();
    let member = |kind, file| row::<MemberRecord>(kind, file).is_ok();
    assert!(catalog(LoadKind::Categories, "category_id,name\nA,a\n"));
    assert!(catalog(LoadKind::Items, "sku,name,unit\nA,a,EA\n"));
    let file = "organization_id,name,currency\nA,a,USD\n";
    assert!(member(LoadKind::Organizations, file));
    let file = "user_id,organization_id,email\nA,B,a@example.com\n";
    assert!(member(LoadKind::Users, file));
    let file = "address_id,organization_id,kind,name,line1,city,country\nA,B,billing,a,b,c,US\n";
    assert!(member(LoadKind::Addresses, file));
}

/// The names of the fields in what `Debug` prints.
fn field_names(record: &impl std::fmt::Debug) -> String {
    let printed = format!("{record:#?}");
    let names = printed.lines().filter_map(|line| {
        let (name, _) = line.trim_start().split_once(": ")?;
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        name.chars().all(is_name).then(|| name.to_owned())
    });
    names.collect::<Vec<_>>().join(" ")
}

/// A change here means that stored records change: raise `LAYOUT` of the family, so that the next
/// load writes every row again, and then change what is expected.
#[test]
fn stored_records_do_not_change_without_a_new_layout() {
    let of = |kind, file| field_names(&row::<CatalogRecord>(kind, file).unwrap().record);
    let catalog = [
        of(LoadKind::Categories, "category_id,parent_id,name\nA,B,a\n"),
        of(
            LoadKind::Items,
            "sku,product_id,name,description,category_ids,unit\nA,B,a,d,C,EA\n",
        ),
        of(
            LoadKind::ItemDescriptions,
            "sku,language,name,description\nA,de,a,d\n",
        ),
        of(
            LoadKind::ListPrices,
            "sku,currency,amount,unit,valid_from,valid_until\nA,USD,1,EA,2025-01-01,2025-02-01\n",
        ),
    ];
    let of = |kind, file| field_names(&row::<MemberRecord>(kind, file).unwrap().record);
    let members = [
        of(
            LoadKind::Organizations,
            "organization_id,name,parent_id,currency,tax_id\nA,a,B,USD,T\n",
        ),
        of(
            LoadKind::Users,
            "user_id,organization_id,email,roles,language\nA,B,a@example.com,buyer,de\n",
        ),
        of(
            LoadKind::Addresses,
            "address_id,organization_id,kind,name,line1,line2,city,region,country\nA,B,billing,a,b,l,c,r,US\n",
        ),
    ];
    let expected = [
        "id name parent sequence",
        "sku product_id name description category_ids unit nominal_quantity quantity_multiple \
         status attributes",
        "sku language name description",
        "sku price amount currency unit valid_from valid_until",
    ];
    assert_eq!(
        (CatalogRecord::LAYOUT, catalog),
        (2, expected.map(str::to_owned))
    );
    let expected = [
        "id name parent status currency tax_id origin",
        "id organization email given_name family_name roles language status origin",
        "id organization kind postal name line1 line2 city region postal_code country status \
        origin",
    ];
    assert_eq!(
        (MemberRecord::LAYOUT, members),
        (2, expected.map(str::to_owned))
    );
}
