//! The same rows in every format, encoding and layout.

use bytes::Bytes;
use domain::load::{Accepted, CatalogRecord, ExportKey, LoadKind, LoadMode, RowProblem, Sequence};
use proptest::prelude::*;
use tabular::{Compression, FileError, Format, Framing, Profile, ReadStep, Source, SplitFinder};

use crate::load::header::Header;
use crate::load::records::{RecordFamily, accept};

pub(super) type Rowed = Vec<(u64, Result<Accepted<CatalogRecord>, Vec<RowProblem>>)>;

/// Understands a whole file, cut into pieces: its rows with their lines, and its rejected rows as
/// they are written back.
pub(super) fn load(
    kind: LoadKind,
    format: Format,
    profile: &Profile,
    file: &[u8],
    piece: usize,
) -> Result<(Rowed, Vec<u8>), FileError> {
    let mut source = Source::new(&profile.framing(format));
    let mut pieces = file.chunks(piece.max(1));
    let (mut rows, mut header, mut layout, mut rejected) = (Vec::new(), None, None, Vec::new());
    loop {
        match source.next()? {
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => source.feed(Bytes::copy_from_slice(piece)),
                None => source.end(),
            },
            ReadStep::End => break,
            ReadStep::Row => {
                let record = source.row();
                if header.is_none() {
                    let fields = CatalogRecord::fields(kind).unwrap();
                    header = Some(Header::read(
                        record,
                        kind,
                        LoadMode::Delta,
                        fields,
                        profile,
                    )?);
                    let file = source.rejects();
                    rejected.extend_from_slice(&file.prologue);
                    layout = Some(file);
                }
                if record.number > 0 {
                    let row = accept(kind, header.as_ref().unwrap(), &record, Sequence::new(1));
                    if row.is_err() {
                        layout.as_ref().unwrap().row(record.raw, &mut rejected);
                    }
                    rows.push((record.line, row));
                }
            }
        }
    }
    rejected.extend_from_slice(&layout.map(|layout| layout.epilogue).unwrap_or_default());
    Ok((rows, rejected))
}

fn items(format: Format, file: &[u8]) -> Rowed {
    load(LoadKind::Items, format, &Profile::default(), file, 7)
        .unwrap()
        .0
}

fn codes(rows: Rowed) -> Vec<String> {
    let code = |row: Result<_, Vec<RowProblem>>| match row {
        Ok(_) => "ok".to_owned(),
        Err(problems) => problems
            .into_iter()
            .map(|problem| format!("{}{}", problem.code, problem.field))
            .collect(),
    };
    rows.into_iter().map(|(_, row)| code(row)).collect()
}

pub(super) fn failure(format: Format, profile: &Profile, file: &[u8]) -> (String, String) {
    let failure = load(LoadKind::Items, format, profile, file, 5)
        .map(drop)
        .unwrap_err();
    (failure.code.to_owned(), failure.message)
}

pub(super) fn profile(json: &str) -> Profile {
    Profile::parse(json.as_bytes()).unwrap()
}

const CSV: &str = "sku,name,unit,category_ids,nominal_quantity,attr:color,attr:size\n\
                   A-1,Frame,EA,S1;S2,2.50,Red,\nB-1,\"Fork, \"\"red\"\"\",EA,,1,,58\n";

#[test]
fn the_same_rows_load_from_each_format() {
    let csv = items(Format::Csv, CSV.as_bytes());
    let ndjson = concat!(
        r#"{"sku":"A-1","name":"Frame","unit":"EA","category_ids":["S1","S2"],"#,
        r#""nominal_quantity":2.50,"attr:color":"Red"}"#,
        "\n\n        ",
        r#"{"attr":{"size":58},"sku":"B-1","name":"Fork, \"red\"","unit":"EA","#,
        r#""category_ids":null,"nominal_quantity":1}"#
    );
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?><!-- <row> -->
        <items xmlns="urn:x"><item sku="A-1" attr:color="Red"><name>Frame</name><unit>EA</unit>
        <category_ids>S1</category_ids><category_ids>S2</category_ids><nominal_quantity>2.50</nominal_quantity></item>
        <i><sku>B-1</sku><name>Fork, <![CDATA["r]>]]>&#101;d&quot;</name><unit>EA</unit><attr><size>58</size></attr><description/></i></items>"#;
    let xml = xml.replace("r]>", "r");
    for (format, file) in [(Format::Ndjson, ndjson), (Format::Xml, xml.as_str())] {
        let rows = items(format, file.as_bytes());
        assert_eq!(rows.len(), 2);
        for ((_, row), (_, expected)) in rows.into_iter().zip(&csv) {
            // The fingerprint hashes the text of a quantity.
            let (row, expected) = (row.unwrap(), expected.as_ref().unwrap());
            assert_eq!(row.record, expected.record, "{format}");
        }
    }
}

#[test]
fn a_json_row_that_is_not_a_flat_object_is_rejected_by_itself() {
    let file = br#"{"sku":"A","name":"N","unit":"EA"}
{"sku":"A","sku":"B","name":"N","unit":"EA"}
[1]
{"sku":"A","name":"N","unit":"EA","category_ids":["a;b"]}
{"sku":"A","name":"N","unit":"EA","category_ids":[["a"]]}
{"sku":"A","name":"N","unit":"EA"
{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}
{"sku":"A","name":"N","unit":"EA","nominal_quantity":1e3}
{"sku":"A","name":"N","unit":"EA","nominal_quantity":true}
{"sku":"A","name":"N","unit":"EA","quantity_multiple":123456.12345}
"#;
    let rows = [
        &file[..],
        b"{\"sku\":\"\xFF\",\"name\":\"N\",\"unit\":\"EA\"}",
    ]
    .concat();
    let rows = items(Format::Ndjson, &rows);
    assert_eq!(
        rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        (1..=11).collect::<Vec<_>>()
    );
    let quantity = "quantitynominal_quantity";
    let expected = [
        "ok", "json", "json", "json", "json", "json", "json", quantity, quantity, "ok", "encoding",
    ];
    assert_eq!(codes(rows), expected);
}

#[test]
fn xml_that_is_broken_or_declares_entities_is_rejected_as_a_file() {
    let code = |file: &str| failure(Format::Xml, &Profile::default(), file.as_bytes()).0;
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \
        \"&lol;&lol;\">]><lolz>&lol2;</lolz>";
    assert_eq!(code(laughs), "xml_doctype");
    let row = "<r sku='A'><name>N</name><unit>EA</unit></r>";
    for broken in [
        format!("<rows>{row}<r><a></b></r></rows>"),
        format!("<rows>{row}"),
        format!("<rows>{row}</row>"),
        format!("<rows>{row}text</rows>"),
        format!("<rows>{row}</rows><rows/>"),
        format!("<rows>{row}<r a='<'></rows>"),
        format!("<rows>{row}<1/></rows>"),
        format!("<rows>{row}<!-- </rows>"),
        "sku,name,unit\nA,N,EA\n".to_owned(),
        format!("{}<rows/>", " ".repeat(70_000)),
    ] {
        assert_eq!(code(&broken), "xml_syntax", "{broken}");
    }
    assert_eq!(
        code("<?xml version='1.0' encoding='EUC-JP'?><rows><r/></rows>"),
        "encoding"
    );
    let (_, message) = failure(
        Format::Xml,
        &Profile::default(),
        b"<rows>\n<r/>\n\n<r><a></b></r></rows>",
    );
    assert!(message.ends_with("(line 4)"), "{message}");
}

#[test]
fn an_xml_row_that_is_not_understood_is_rejected_by_itself() {
    let deep = format!("{}{}", "<a>".repeat(9), "</a>".repeat(9));
    let file = format!(
        "<rows><r/>{deep}<r>text</r><r><name>&nope;</name></r><r><name>AT&T</name></r><r a='1' \
        a='2'/>\
         <r sku='A'><name>N</name><unit>EA</unit></r></rows>"
    );
    let rows = items(Format::Xml, file.as_bytes());
    let required = "requiredskurequirednamerequiredunit";
    assert_eq!(
        codes(rows),
        [required, "xml", "xml", "xml", "xml", "xml", "ok"]
    );
}

#[test]
fn encodings_are_read_and_a_row_that_is_not_of_it_is_rejected_by_itself() {
    let text = "sku,name,unit\nA,Käse „€“ \u{1F9C0},EA\n";
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let plain = items(Format::Csv, text.as_bytes())[0].1.clone().unwrap();
    let marked = |text: &str, big| utf16(&format!("\u{FEFF}{text}"), big);
    for (json, file) in [
        ("{}", marked(text, true)),
        ("{}", marked(text, false)),
        (r#"{"encoding":"UTF-16LE"}"#, utf16(text, false)),
        (r#"{"encoding":"utf-16be"}"#, utf16(text, true)),
        ("{}", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
    ] {
        for piece in [1, 2, 3, 5, 1000] {
            let (rows, _) =
                load(LoadKind::Items, Format::Csv, &profile(json), &file, piece).unwrap();
            assert_eq!(rows[0].1.clone().unwrap(), plain, "{json}");
        }
    }
    let latin = b"sku;name;unit\nA;K\xE4se \x84\x80\x93;EA\n";
    let latin1252 = profile(r#"{"encoding":"windows-1252","delimiter":";"}"#);
    let (rows, _) = load(LoadKind::Items, Format::Csv, &latin1252, latin, 4).unwrap();
    let CatalogRecord::Item(item) = &rows[0].1.as_ref().unwrap().record else {
        panic!("an item")
    };
    assert_eq!(item.name, "Käse „€“");

    // A lone half of a pair, in the second of three rows; written back it is as it was.
    let mut broken = marked("sku,name,unit\nA,N,EA\nB,", false);
    let at = broken.len();
    broken.extend_from_slice(&[0x00, 0xD8]);
    broken.extend_from_slice(&utf16(",EA\nC,N,EA\n", false));
    let (rows, rejected) = load(
        LoadKind::Items,
        Format::Csv,
        &Profile::default(),
        &broken,
        3,
    )
    .unwrap();
    assert_eq!(codes(rows), ["ok", "encoding", "ok"]);
    let row = [utf16("B,", false), vec![0x00, 0xD8], utf16(",EA\n", false)].concat();
    assert_eq!(rejected, [marked("sku,name,unit\n", false), row].concat());
    assert_eq!(
        failure(Format::Csv, &Profile::default(), &broken[..at + 1]).0,
        "encoding"
    );
    let xml = b"<?xml version='1.0' encoding='ISO-8859-1'?><r><i \
        sku='A'><name>K\xE4se</name><unit>EA</unit></i></r>";
    assert_eq!(codes(items(Format::Xml, xml)), ["ok"]);
}

#[test]
fn rejected_rows_are_written_back_as_they_were() {
    let rejected = |format, profile: &Profile, file: &str| {
        let (rows, rejected) = load(LoadKind::Items, format, profile, file.as_bytes(), 6).unwrap();
        let again = load(LoadKind::Items, format, profile, &rejected, 6)
            .unwrap()
            .0;
        let bad = |rows: &Rowed| {
            rows.iter()
                .filter(|(_, row)| row.is_err())
                .map(|(_, row)| row.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(bad(&again), bad(&rows));
        assert_eq!(again.len(), bad(&rows).len());
        String::from_utf8(rejected).unwrap()
    };
    let plain = Profile::default();
    let csv = "sku,\"name\",unit\r\nA,a,EA\r\n\r\n,\"two\nlines\",EA\r\nB,b";
    assert_eq!(
        rejected(Format::Csv, &plain, csv),
        "sku,\"name\",unit\r\n,\"two\nlines\",EA\r\nB,b\n"
    );
    let foreign = profile(
        r#"{"delimiter":"+|","rowTerminator":"&|\n","quote":null,"header":false,"columns":3,
            "fields":{"sku":0,"name":1,"unit":2}}"#,
    );
    assert_eq!(
        rejected(Format::Csv, &foreign, "A+|a+|EA&|\n+|b+|EA&|\nC+|c"),
        "+|b+|EA&|\nC+|c&|\n"
    );
    let ndjson = "{\"sku\":1}\n{\"sku\":\"A\",\"name\":\"a\",\"unit\":\"EA\"}\r\nnull";
    assert_eq!(
        rejected(Format::Ndjson, &plain, ndjson),
        "{\"sku\":1}\nnull\n"
    );
    let xml = "<?xml version='1.0'?>\n<t:rows xmlns:t='u'><r \
        sku='A'><name>a</name><unit>EA</unit></r>\n\n<r>\n<sku>B</sku></r></t:rows>";
    assert_eq!(
        rejected(Format::Xml, &plain, xml),
        "<?xml version='1.0'?>\n<t:rows xmlns:t='u'>\n<r>\n<sku>B</sku></r>\n</t:rows>\n"
    );
}

/// A text as a cell of some layout, with what that layout needs around it.
fn cell(text: &str, delimiter: &str, quote: &str) -> String {
    if text.contains(delimiter) || text.contains(quote) || text.contains(['\r', '\n']) {
        format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)))
    } else {
        text.to_owned()
    }
}

fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "windows-1252" => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
        _ => text.as_bytes().to_vec(),
    }
}

/// Names of items, of characters that every encoding has, separators among them.
fn names() -> impl Strategy<Value = Vec<String>> {
    let part = proptest::sample::select(vec![
        "a", "B", "é", "€", " ", ",", ";", "|", "\"", "'", "\n", "~", "+", "x", "0",
    ]);
    let name =
        proptest::collection::vec(part, 0..8).prop_map(|parts| format!("n{}n", parts.concat()));
    proptest::collection::vec(name, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rows_written_in_any_layout_are_read_by_its_profile(
        names in names(),
        delimiter in proptest::sample::select(vec![",", ";", "\t", "+|", "~~"]),
        quote in proptest::sample::select(vec!["\"", "'", "''"]),
        terminator in proptest::sample::select(vec!["\n", "\r\n", "&|\n", "|"]),
        encoding in proptest::sample::select(vec!["utf-8", "windows-1252", "utf-16le", "utf-16be"]),
        header in any::<bool>(),
        turned in any::<bool>(),
        piece in 1_usize..200,
    ) {
        let mut written = String::new();
        let mut put = |mut cells: Vec<String>| {
            if turned {
                cells.reverse();
            }
            let cells: Vec<String> = cells
                .iter()
                // A terminator within a field is like a delimiter: it needs quotes.
                .map(|text| {
                    if text.contains(terminator) {
                        format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)))
                    } else {
                        cell(text, delimiter, quote)
                    }
                })
                .collect();
            written.push_str(&cells.join(delimiter));
            written.push_str(terminator);
        };
        let columns = ["Number", "Title", "Stock unit", "Pack", "Flag"];
        if header {
            put(columns.map(str::to_owned).to_vec());
        }
        for (number, name) in names.iter().enumerate() {
            let flag = if number % 3 == 0 { "x" } else { "" };
            put(vec![format!("S{number}"), name.clone(), "-".to_owned(),
                format!("1.{:03},50", number), flag.to_owned()]);
        }
        let column = |at: usize| match header {
            true => serde_json::json!(columns[at]),
            false => serde_json::json!(if turned { columns.len() - 1 - at } else { at }),
        };
        let mut json = serde_json::json!({
            "delimiter": delimiter, "quote": quote, "rowTerminator": terminator,
            "encoding": encoding, "header": header,
            "nulls": ["-"], "decimalSeparator": ",", "groupSeparator": ".",
            "fields": {
                "sku": column(0), "name": column(1), "nominal_quantity": column(3),
                "unit": {"column": column(2), "default": "EA"},
                "status": {"column": column(4), "values": {"x": "inactive", "": "active"}},
                "attr:origin": {"constant": "old"},
            },
        });
        if !header {
            json["columns"] = serde_json::json!(columns.len());
        }
        let profile = profile(&json.to_string());
        let file = encode(&written, encoding);
        let (rows, _) = load(LoadKind::Items, Format::Csv, &profile, &file, piece).unwrap();

        let canonical: String = names.iter().enumerate().map(|(number, name)| {
            let status = if number % 3 == 0 { "inactive" } else { "active" };
            format!("S{number},{},EA,1{:03}.50,{status},old\n", cell(name, ",", "\""), number)
        }).collect();
        let canonical = format!("sku,name,unit,nominal_quantity,status,attr:origin\n{canonical}");
        let expected = items(Format::Csv, canonical.as_bytes());
        let (rows, expected): (Vec<_>, Vec<_>) = (
            rows.into_iter().map(|(_, row)| row).collect(),
            expected.into_iter().map(|(_, row)| row).collect(),
        );
        // Equal to the fingerprint, which no layout changes.
        prop_assert_eq!(rows, expected);
    }

    #[test]
    fn rows_written_as_json_or_xml_are_read_as_they_were(names in names(), piece in 1_usize..200) {
        let mut files = [String::new(), "<rows>".to_owned(), "sku,name,unit\n".to_owned()];
        for (number, name) in names.iter().enumerate() {
            let row = serde_json::json!({"sku": format!("S{number}"), "name": name, "unit": "EA"});
            files[0].push_str(&row.to_string());
            files[0].push('\n');
            let name_xml = quick_xml::escape::escape(name.as_str());
            files[1].push_str(&format!("<row sku='S{number}'><name>{name_xml}</name><unit>EA</unit></row>\n"));
            files[2].push_str(&format!("S{number},{},EA\n", cell(name, ",", "\"")));
        }
        files[1].push_str("</rows>");
        let read = |format, file: &str| {
            let (profile, file) = (Profile::default(), file.as_bytes());
            let (rows, _) = load(LoadKind::Items, format, &profile, file, piece).unwrap();
            let mut finder = SplitFinder::new(&Framing::new(format), vec![]);
            finder.feed(Bytes::copy_from_slice(file), |_| ()).unwrap();
            assert_eq!(finder.end(|_| ()).unwrap().row, rows.len() as u64);
            rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
        };
        let csv = read(Format::Csv, &files[2]);
        prop_assert_eq!(&read(Format::Ndjson, &files[0]), &csv);
        prop_assert_eq!(&read(Format::Xml, &files[1]), &csv);
    }

    #[test]
    fn garbage_is_never_more_than_rejected(
        file in proptest::collection::vec(
            prop_oneof![
                any::<u8>().prop_map(|byte| vec![byte]),
                proptest::sample::select(vec![
                    &b"<"[..], b">", b"</", b"/>", b"<a>", b"</a>", b"<!--", b"-->", b"<![CDATA[",
                    b"]]>", b"<?", b"?>", b"'", b"=",
                    b"&", b";", b"{", b"}", b"[", b":", b"\"", b"\n", b"<rows>", b"</rows>",
                ]).prop_map(<[u8]>::to_vec),
            ],
            0..60,
        ).prop_map(|parts| parts.concat()),
        format in proptest::sample::select(vec![Format::Csv, Format::Ndjson, Format::Xml]),
        rooted in any::<bool>(),
        piece in 1_usize..20,
    ) {
        let file = if rooted { [&b"<rows>"[..], &file, b"</rows>"].concat() } else { file };
        let whole = load(LoadKind::Items, format, &Profile::default(), &file, file.len());
        let pieces = load(LoadKind::Items, format, &Profile::default(), &file, piece);
        let codes = |read: Result<(Rowed, Vec<u8>), FileError>| {
            read.map(|(rows, rejected)| (codes(rows), rejected))
        };
        prop_assert_eq!(codes(whole), codes(pieces));
    }
}

#[test]
fn a_key_of_every_format_and_compression_is_split_where_its_suffix_begins() {
    for format in Format::ALL {
        let suffixes = Compression::ALL.iter().map(|compression| {
            let suffix = format!("{format}.{}", compression.suffix());
            (suffix, Some(*compression))
        });
        for (suffix, compression) in suffixes.chain([(format.to_string(), None)]) {
            let key = ExportKey::parse(&format!("incoming/items/delta/a.b.{suffix}")).unwrap();
            assert_eq!((key.name(), key.suffix()), ("a.b", suffix.as_str()));
            let found = (
                Format::of_suffix(key.suffix()),
                Compression::of_suffix(key.suffix()),
            );
            assert_eq!(found, (Some(*format), compression), "{suffix}");
        }
    }
}
