use domain::load::{
    Accepted, CatalogRecord, LoadKind, LoadMode, MemberRecord, RowProblem, Sequence,
};
use domain::time::Timestamp;
use tabular::{FileError, Format, Framing, Profile, ReadStep, Source};

use crate::load::header::Header;
use crate::load::records::{RecordFamily, accept};

pub(super) type Understood<R> = Result<Accepted<R>, Vec<RowProblem>>;

/// Understands a file of a header and one row.
fn read<R: RecordFamily>(
    kind: LoadKind,
    mode: LoadMode,
    file: &str,
) -> Result<(Header, Understood<R>), FileError> {
    let mut source = Source::new(&Framing::new(Format::Csv));
    source.feed(file.to_owned().into());
    source.end();
    assert_eq!(source.next()?, ReadStep::Row);
    let header = Header::read(
        source.row(),
        kind,
        mode,
        R::fields(kind).unwrap(),
        &Profile::default(),
    )?;
    assert_eq!(source.next()?, ReadStep::Row);
    let row = accept(kind, &header, &source.row(), Sequence::new(1));
    Ok((header, row))
}

pub(super) fn row<R: RecordFamily>(kind: LoadKind, file: &str) -> Understood<R> {
    read(kind, LoadMode::Delta, file).unwrap().1
}

fn codes<R: std::fmt::Debug>(row: Understood<R>) -> Vec<(String, &'static str)> {
    row.unwrap_err()
        .into_iter()
        .map(|problem| (problem.field.into_owned(), problem.code))
        .collect()
}

#[test]
fn an_item_is_read_by_the_names_of_its_columns() {
    let file = "unit,attr:color,sku,attr:size,name,category_ids\nEA, Red ,A-1,,Frame,S1; S2;S1;\n";
    let CatalogRecord::Item(item) = row::<CatalogRecord>(LoadKind::Items, file).unwrap().record
    else {
        panic!("an item")
    };
    assert_eq!(
        (item.sku.as_str(), item.name.as_str(), item.unit.as_str()),
        ("A-1", "Frame", "EA")
    );
    assert_eq!(
        item.category_ids
            .iter()
            .map(|id| id.as_str())
            .collect::<Vec<_>>(),
        ["S1", "S2"]
    );
    assert_eq!(
        item.attributes.into_iter().collect::<Vec<_>>(),
        [("color".to_owned(), "Red".to_owned())]
    );
}

#[test]
fn every_problem_of_a_row_is_named_and_none_holds_its_content() {
    let file = "sku,name,unit,nominal_quantity,quantity_multiple,status,category_ids\n/secret,,EA,\
        secret,0,secret,a;/secret\n";
    let problems = row::<CatalogRecord>(LoadKind::Items, file).unwrap_err();
    assert!(
        problems
            .iter()
            .all(|problem| !problem.message.contains("secret")),
        "{problems:?}"
    );
    let named = codes(row::<CatalogRecord>(LoadKind::Items, file));
    let expected = [
        ("sku", "identifier"),
        ("name", "required"),
        ("category_ids", "identifier"),
        ("nominal_quantity", "quantity"),
        ("quantity_multiple", "quantity"),
        ("status", "choice"),
    ];
    assert_eq!(
        named,
        expected.map(|(field, code)| (field.to_owned(), code))
    );
}

#[test]
fn a_list_price_is_valid_to_the_end_of_its_last_day() {
    let file =
        "sku,currency,amount,unit,valid_from,valid_until\nA,USD,33.6442,EA,2022-05-30,2023-05-29\n";
    let CatalogRecord::ListPrice(price) = row::<CatalogRecord>(LoadKind::ListPrices, file)
        .unwrap()
        .record
    else {
        panic!("a list price")
    };
    assert_eq!(price.price.to_string(), "33.6442 USD");
    assert!(price.valid_at("2023-05-29T23:59:59Z".parse().unwrap()));
    assert!(!price.valid_at(Timestamp::parse_date("2023-05-30").unwrap()));
}

#[test]
fn amounts_currencies_and_dates_are_checked() {
    let check = |values: &str| {
        let file = format!("sku,currency,amount,unit,valid_from,valid_until\n{values}\n");
        codes(row::<CatalogRecord>(LoadKind::ListPrices, &file))
            .into_iter()
            .map(|(field, code)| format!("{field} {code}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(check("A,usd,1,EA,,"), ["currency currency"]);
    assert_eq!(check("A,USD,1e3,EA,,"), ["amount amount"]);
    assert_eq!(check("A,USD,\"1,5\",EA,,"), ["amount amount"]);
    assert_eq!(check("A,USD,-1,EA,,"), ["amount amount"]);
    assert_eq!(check("A,USD,1.123456,EA,,"), ["amount amount"]);
    assert_eq!(check("A,USD,1,EA,30.05.2022,"), ["valid_from date"]);
    assert_eq!(
        check("A,USD,1,EA,2022-05-30,2022-05-29"),
        ["valid_until validity"]
    );
    assert_eq!(check("A,USD,1,EA"), [" field_count"]);
}

#[test]
fn a_file_makes_no_user_an_operator() {
    let file = "user_id,organization_id,email,roles\nu,O,u@example.com,buyer;operator\n";
    assert_eq!(
        codes(row::<MemberRecord>(LoadKind::Users, file)),
        [("roles".to_owned(), "role")]
    );
}

#[test]
fn a_removal_needs_the_key_alone() {
    let file = "sku,name,unit,_action\nA,,,delete\n";
    let removal = row::<CatalogRecord>(LoadKind::Items, file).unwrap();
    assert!(matches!(removal.record, CatalogRecord::NoItem(sku) if sku.as_str() == "A"));
    let file = "sku,name,unit,_action\nA,,,drop\n";
    assert!(
        codes(row::<CatalogRecord>(LoadKind::Items, file))
            .contains(&("_action".to_owned(), "action"))
    );
}

#[test]
fn the_fingerprint_depends_on_what_a_row_says_and_not_on_its_layout() {
    let print = |file: &str| {
        row::<CatalogRecord>(LoadKind::Items, file)
            .unwrap()
            .fingerprint
    };
    let plain = print("sku,name,unit\nA,N,EA\n");
    assert_eq!(
        plain,
        print("unit,attr:color,name,sku,description\nEA,,\"N\",A,\n")
    );
    assert_ne!(plain, print("sku,name,unit\nA,N,PC\n"));
    assert_ne!(plain, print("sku,name,unit,attr:color\nA,N,EA,red\n"));
    assert_ne!(plain, print("sku,name,unit,_action\nA,N,EA,delete\n"));
}

#[test]
fn a_header_that_cannot_be_used_says_why() {
    let failure = |mode, header: &str| {
        let read = read::<CatalogRecord>(LoadKind::Items, mode, &format!("{header}\nx\n"));
        read.map(drop).unwrap_err()
    };
    let missing = failure(LoadMode::Snapshot, "sku,description");
    assert_eq!(
        (missing.code, missing.message.as_str()),
        (
            "missing_columns",
            "the header lacks columns that items need: name, unit"
        )
    );
    assert_eq!(
        failure(LoadMode::Snapshot, "sku,name,unit,name").code,
        "duplicate_column"
    );
    let wide = ",".repeat(600);
    assert_eq!(failure(LoadMode::Snapshot, &wide).code, "header_too_long");
}

#[test]
fn an_unknown_column_is_a_warning() {
    let (header, row) = read::<CatalogRecord>(
        LoadKind::Items,
        LoadMode::Snapshot,
        "sku,name,unit,_action,colour\nA,N,EA,delete,x\n",
    )
    .unwrap();
    assert_eq!(header.warnings.len(), 2);
    assert!(matches!(row.unwrap().record, CatalogRecord::Item(_)));
}
