use domain::load::{CatalogRecord, LoadKind, LoadMode};
use tabular::{Format, Profile, ReadStep, Source};

use super::formats::{failure, load, profile};
use crate::load::header::Header;
use crate::load::records::{RecordFamily, named_record};

#[test]
fn values_dates_and_numbers_are_made_ours() {
    let prices = profile(
        r#"{"delimiter":";","decimalSeparator":",","groupSeparator":".","dateFormat":"d.M.yyyy","nulls":["NULL"],
            "fields":{"sku":"Artikel","currency":{"constant":"EUR"},"amount":"Preis","unit":{"column":"ME","values":{"ST":"EA"}},
                      "valid_from":"von","valid_until":{"column":"bis","dateFormat":"yyyyMMdd HH:mm"},
                      "_action":{"column":"Loesch","values":{"X":"delete"},"default":"upsert"}}}"#,
    );
    let file = "Artikel;Preis;ME;von;bis;Loesch\n\
                A;1.234,5600;ST;1.2.2025;20250301 10:30;\n\
                B;,5;ST;NULL;;X\n\
                C;12.34,5;KG;31.2.2025;1.1.2026;\n";
    let (rows, _) = load(
        LoadKind::ListPrices,
        Format::Csv,
        &prices,
        file.as_bytes(),
        9,
    )
    .unwrap();
    let CatalogRecord::ListPrice(price) = &rows[0].1.as_ref().unwrap().record else {
        panic!("a list price")
    };
    assert_eq!(price.price.to_string(), "1234.56 EUR");
    assert_eq!(
        price.valid_from,
        Some("2025-02-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(
        price.valid_until,
        Some("2025-03-01T10:30:00Z".parse().unwrap())
    );
    assert!(matches!(
        rows[1].1.as_ref().unwrap().record,
        CatalogRecord::NoListPrice(..)
    ));
    let problems = rows[2].1.as_ref().unwrap_err();
    let mut named: Vec<_> = problems
        .iter()
        .map(|problem| (problem.field.as_ref(), problem.code))
        .collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            ("amount", "number"),
            ("unit", "value"),
            ("valid_from", "date"),
            ("valid_until", "date")
        ]
    );
}

#[test]
fn a_removal_needs_what_its_key_is_made_of_and_nothing_else() {
    let items = profile(
        r#"{"fields":{"sku":"No","name":"Name","unit":{"constant":"EA"},"status":{"column":"S","values":{"A":"active"}},
            "attr:built":{"column":"Built","dateFormat":"d.M.yyyy"},"_action":"Do"}}"#,
    );
    let file = "No,Name,S,Built,Do\nA,N,Z,x,delete\nA,N,Z,x,\n,N,A,,delete\n";
    let (rows, _) = load(LoadKind::Items, Format::Csv, &items, file.as_bytes(), 9).unwrap();
    assert!(matches!(&rows[0].1.as_ref().unwrap().record,
            CatalogRecord::NoItem(sku) if sku.as_str() == "A"));
    let fields = |row: usize| {
        let problems = rows[row].1.as_ref().unwrap_err();
        problems
            .iter()
            .map(|problem| problem.field.as_ref())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        [fields(1), fields(2)],
        [vec!["status", "attr:built"], vec!["sku"]]
    );
}

#[test]
fn a_rejected_price_whose_start_cannot_be_read_names_no_other_price() {
    let prices = profile(
        r#"{"dateFormat":"d.M.yyyy","fields":{"sku":"No","currency":{"constant":"EUR"},"amount":"Price",
            "unit":{"constant":"EA"},"valid_from":"From"}}"#,
    );
    let mut source = Source::new(&prices.framing(Format::Csv));
    source.feed("No,Price,From\nA,x,1.2.2025\nA,x,\nA,x,soon\n".into());
    source.end();
    source.next().unwrap();
    let kind = LoadKind::ListPrices;
    let fields = CatalogRecord::fields(kind).unwrap();
    let header = Header::read(source.row(), kind, LoadMode::Snapshot, fields, &prices).unwrap();
    let names = std::iter::from_fn(|| {
        source
            .next()
            .is_ok_and(|step| step == ReadStep::Row)
            .then(|| named_record::<CatalogRecord>(kind, &header, &source.row()))
    });
    let starts: Vec<_> = names
        .map(|name| match name {
            Some(CatalogRecord::NoListPrice(_, _, _, start)) => {
                Some(start.map(|start| start.to_string()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        starts,
        [
            Some(Some("2025-02-01T00:00:00.000Z".to_owned())),
            Some(None),
            None
        ]
    );
}

#[test]
fn attributes_are_made_ours_each_in_its_place() {
    let items = profile(
        r#"{"delimiter":";","fields":{"sku":"Artikel","name":"Name","unit":{"constant":"EA"},
            "attr:built":{"column":"gebaut","dateFormat":"d.M.yyyy"},"attr:color":"Farbe","attr:grade":"Stufe",
            "attr:width":{"column":"Breite","decimalSeparator":","}}}"#,
    );
    let file = "Artikel;Name;gebaut;Farbe;Stufe;Breite\n\
                A;N;1.2.2025;;B;1,5\n\
                B;N;;rot;;2,50\n\
                C;N;1.2.2025;rot;B;x\n";
    let (rows, _) = load(LoadKind::Items, Format::Csv, &items, file.as_bytes(), 9).unwrap();
    let attributes = |row: usize| {
        let CatalogRecord::Item(item) = &rows[row].1.as_ref().unwrap().record else {
            panic!("an item")
        };
        item.attributes
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(attributes(0), "built=2025-02-01 grade=B width=1.5");
    assert_eq!(attributes(1), "color=rot width=2.50");
    let problems = rows[2].1.as_ref().unwrap_err();
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.field.as_ref())
            .collect::<Vec<_>>(),
        ["attr:width"]
    );
}

#[test]
fn a_profile_that_cannot_be_used_says_which_member_is_wrong() {
    for (json, word) in [
        ("{", "line 1"),
        (r#"{"delimeter":";"}"#, "delimeter"),
        (r#"{"encoding":"ebcdic"}"#, "encoding"),
        (r#"{"delimiter":""}"#, "delimiter"),
        (r#"{"delimiter":"\""}"#, "quote"),
        (r#"{"rowTerminator":"|","delimiter":"||"}"#, "rowTerminator"),
        (r#"{"header":false}"#, "columns"),
        (r#"{"columns":3}"#, "header"),
        (r#"{"dateFormat":"dd.MM.yy"}"#, "dateFormat"),
        (r#"{"decimalSeparator":"12"}"#, "decimalSeparator"),
        (
            r#"{"fields":{"sku":{"column":1,"constant":"x"}}}"#,
            "fields.sku",
        ),
        (
            r#"{"fields":{"sku":{"colum":1}}}"#,
            "a field is the name of a column",
        ),
    ] {
        let failure = Profile::parse(json.as_bytes()).unwrap_err();
        assert!(
            failure.code == "profile" && failure.message.contains(word),
            "{json}: {}",
            failure.message
        );
    }
    let file = b"Number,Title\nA,N\n";
    for (fields, code, word) in [
        (r#"{"sku":"Number","name":"Title"}"#, "profile", "unit"),
        (
            r#"{"sku":"No.","name":"Title","unit":{"constant":"EA"}}"#,
            "missing_columns",
            "No.",
        ),
        (
            r#"{"sku":9,"name":"Title","unit":{"constant":"EA"}}"#,
            "missing_columns",
            "9",
        ),
        (
            r#"{"sku":"Number","name":"Title","unit":{"constant":"EA"},"colour":0}"#,
            "profile",
            "colour",
        ),
    ] {
        let (found, message) = failure(
            Format::Csv,
            &profile(&format!("{{\"fields\":{fields}}}")),
            file,
        );
        assert!(
            found == code && message.contains(word),
            "{fields}: {found} {message}"
        );
    }
}
