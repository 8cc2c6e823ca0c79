//! Parse and validate alone: the rows of a large file, read by the bare csv crate and understood by
//! us.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::time::Duration;

use app::load::{Header, RecordFamily, understand};
use bytes::Bytes;
use domain::load::{CatalogRecord, LoadKind, LoadMode};
use tabular::{Format, Profile, ReadStep, RowReader};

use crate::cpu;

/// Bytes of a piece, as they come from a bucket.
const PIECE: u64 = 64 * 1024;
/// How often each is measured; the median counts.
const ROUNDS: usize = 5;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Parsed {
    /// Rows of the file.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The median CPU time of the csv crate, reading `ByteRecord`s.
    pub bare: Duration,
    /// The same, with serde making a value of each row.
    pub values: Duration,
    /// The median CPU time of ours: every row understood and validated.
    pub ours: Duration,
}

impl Parsed {
    /// Our rows per second, in percent of those of the csv crate, and of those of the csv crate
    /// with serde.
    #[must_use]
    pub fn percent(&self) -> [u128; 2] {
        [self.bare, self.values].map(|other| other.as_micros() * 100 / self.ours.as_micros().max(1))
    }
}

/// Writes a file of items and measures both ways of reading it, turn by turn.
///
/// # Errors
/// The file cannot be written or read, or a row is not understood.
pub fn run(rows: u64, folder: &Path) -> Result<Parsed, Box<dyn std::error::Error + Send + Sync>> {
    let path = folder.join("items.csv");
    write_items(rows, &path)?;
    let bytes = path.metadata()?.len();
    let [mut bare, mut values, mut ours] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let begin = cpu::used();
        let read = bare_rows(&path)?;
        bare.push(cpu::used().saturating_sub(begin));
        let begin = cpu::used();
        let made = values_of(&path)?;
        values.push(cpu::used().saturating_sub(begin));
        let begin = cpu::used();
        let understood = understood_rows(&path)?;
        ours.push(cpu::used().saturating_sub(begin));
        if (read, made, understood) != (rows, rows, rows) {
            return Err(format!(
                "{rows} rows were written, the csv crate read {read} and {made}, we understood \
                 {understood}"
            )
            .into());
        }
    }
    Ok(Parsed {
        rows,
        bytes,
        bare: median(bare),
        values: median(values),
        ours: median(ours),
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn bare_rows(path: &Path) -> Result<u64, csv::Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

/// Reads each row as a load does, without storing it.
fn understood_rows(path: &Path) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let (kind, profile) = (LoadKind::Items, Profile::default());
    let mut reader = RowReader::new(&profile.framing(Format::Csv), None, u64::MAX)?;
    let mut pieces = pieces(path)?;
    let mut header = None;
    let mut rows = 0;
    loop {
        match reader.next()? {
            ReadStep::End => return Ok(rows),
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => reader.feed(piece),
                None => reader.end(),
            },
            ReadStep::Row => {
                let row = reader.row();
                match &header {
                    Some(header) => {
                        rows += u64::from(understand::<CatalogRecord>(kind, header, &row).is_ok());
                    }
                    None => {
                        let fields = CatalogRecord::fields(kind).unwrap_or_default();
                        let read = Header::read(row, kind, LoadMode::Delta, fields, &profile)?;
                        header = Some(read);
                    }
                }
            }
        }
    }
}

/// A row as serde makes it, without looking at what it says.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only the making is measured")]
struct Values {
    sku: String,
    product_id: Option<String>,
    name: String,
    description: Option<String>,
    category_ids: String,
    unit: String,
    nominal_quantity: Option<u32>,
    quantity_multiple: Option<u32>,
    status: String,
    #[serde(rename = "attr:color")]
    color: Option<String>,
    #[serde(rename = "attr:size")]
    size: Option<String>,
}

fn values_of(path: &Path) -> Result<u64, csv::Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut rows = 0;
    for row in reader.deserialize::<Values>() {
        std::hint::black_box(row?);
        rows += 1;
    }
    Ok(rows)
}

fn pieces(path: &Path) -> io::Result<impl Iterator<Item = Bytes>> {
    let file = File::open(path)?;
    Ok(std::iter::from_fn(move || {
        let mut piece = Vec::with_capacity(PIECE as usize);
        (&file)
            .take(PIECE)
            .read_to_end(&mut piece)
            .ok()
            .filter(|read| *read > 0)?;
        Some(piece.into())
    }))
}

/// Items of about 200 bytes each, the same ones every time.
pub(crate) fn write_items(rows: u64, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "sku,product_id,name,description,category_ids,unit,nominal_quantity,quantity_multiple,status,attr:color,attr:size"
    )?;
    const COLORS: [&str; 4] = ["red", "black", "silver", ""];
    let mut mixed: u64 = 1;
    for row in 0..rows {
        mixed = mixed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let random = mixed >> 33;
        let color = COLORS[(random % 4) as usize];
        writeln!(
            file,
            "SKU-{row:09},PROD-{:07},Hex bolt {random} galvanized,\"A bolt of grade {}, for work \
            outdoors, in wood and in \
             concrete; sold by the box of {} pieces\",C{};C{},EA,{},{},active,{color},{}",
            row / 4,
            random % 12,
            random % 500,
            random % 40,
            40 + random % 60,
            1 + random % 9,
            1 + random % 3,
            random % 64,
        )?;
    }
    file.flush()
}
