//! The header of a file: which column holds which field, whatever their order.

use domain::load::{LoadFailure, LoadKind, LoadMode, Warning};

use super::source::{ATTRIBUTE, Flaw, MAX_FIELDS, Record};

/// A field of a kind of rows.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its column.
    pub name: &'static str,
    /// Whether a file without the column cannot be used, nor a row without a value.
    pub required: bool,
}

pub(super) const fn required(name: &'static str) -> Field {
    Field { name, required: true }
}

pub(super) const fn optional(name: &'static str) -> Field {
    Field { name, required: false }
}

/// The column that tells what to do with a row of a delta.
pub(super) const ACTION: &str = "_action";
/// Longest name of a column that is quoted in a message.
const QUOTED: usize = 64;

/// Where a value stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In this column.
    At(usize),
    /// In the field of this name.
    Named(String),
}

/// Where the fields of a kind stand in one file.
#[derive(Debug, Clone)]
pub struct Header {
    /// The fields of the kind, in its own order.
    pub fields: &'static [Field],
    /// The column of each of `fields`.
    pub(super) columns: Vec<Option<Place>>,
    /// The columns of attributes, by name.
    pub(super) attributes: Vec<(String, Place)>,
    /// The column of the action.
    pub(super) action: Option<Place>,
    /// How many columns there are, where they are told by their order.
    pub width: Option<usize>,
    /// What may not be what was meant.
    pub warnings: Vec<Warning>,
}

fn unusable(code: &'static str, message: impl Into<String>) -> LoadFailure {
    LoadFailure { code: code.into(), message: message.into() }
}

impl Header {
    /// Reads the first row of a file: the header, or in a format that names its fields any row.
    pub(super) fn read(
        record: Record<'_>,
        kind: LoadKind,
        mode: LoadMode,
        fields: &'static [Field],
    ) -> Result<Self, LoadFailure> {
        match record.flaw {
            None => {}
            Some(Flaw::TooManyFields) => {
                return Err(unusable("header_too_long", format!("the header has more than {MAX_FIELDS} columns")));
            }
            Some(Flaw::TooLong | Flaw::OpenQuote) => {
                return Err(unusable("header_unreadable", "the header does not end; a quote may not be closed"));
            }
            Some(Flaw::Json(_) | Flaw::Xml(_) | Flaw::Encoding) => {}
        }
        if record.named {
            return Ok(Self::by_names(record, kind, mode, fields));
        }
        let names: Option<Vec<&str>> =
            record.fields().map(|field| std::str::from_utf8(field).ok().map(str::trim)).collect();
        let encoding = record.encoding();
        let names = names.ok_or_else(|| {
            unusable(
                "encoding",
                format!("the header is not {encoding}; save the file as UTF-8, or say its encoding in a profile"),
            )
        })?;
        let mut header = Self {
            fields,
            columns: vec![None; fields.len()],
            attributes: Vec::new(),
            action: None,
            width: Some(names.len()),
            warnings: Vec::new(),
        };
        for (column, name) in names.iter().enumerate() {
            if !name.is_empty() && names.iter().take(column).any(|earlier| earlier == name) {
                return Err(unusable(
                    "duplicate_column",
                    format!("the header names the column {} twice", quoted(name)),
                ));
            }
            header.place(Place::At(column), name, kind, mode);
        }
        header.check(kind)?;
        header.attributes.sort_by(|(one, _), (two, _)| one.cmp(two));
        Ok(header)
    }

    /// Where rows name their fields, each may have other ones. The names of the first row are compared with those that are
    /// known, in case there is a mistake in one.
    fn by_names(first: Record<'_>, kind: LoadKind, mode: LoadMode, fields: &'static [Field]) -> Self {
        let mut header = Self {
            fields,
            columns: vec![None; fields.len()],
            attributes: Vec::new(),
            action: None,
            width: None,
            warnings: Vec::new(),
        };
        for name in first.names() {
            header.place(Place::Named(name.to_owned()), name, kind, mode);
        }
        header.attributes.clear();
        header.columns = fields.iter().map(|field| Some(Place::Named(field.name.to_owned()))).collect();
        header.action = (mode == LoadMode::Delta).then(|| Place::Named(ACTION.to_owned()));
        header
    }

    fn place(&mut self, column: Place, name: &str, kind: LoadKind, mode: LoadMode) {
        let known = self.fields.iter().position(|field| field.name == name);
        if let Some(slot) = known.and_then(|index| self.columns.get_mut(index)) {
            *slot = Some(column);
        } else if name == ACTION && mode == LoadMode::Delta {
            self.action = Some(column);
        } else if let Some(attribute) = name.strip_prefix(ATTRIBUTE)
            && kind == LoadKind::Items
            && !attribute.is_empty()
        {
            self.attributes.push((attribute.to_owned(), column));
        } else {
            let message = format!("the column {} is not known for {kind} in a {mode} and was ignored", quoted(name));
            self.warnings.push(Warning { code: "unknown_column".into(), message });
        }
    }

    fn check(&self, kind: LoadKind) -> Result<(), LoadFailure> {
        let missing: Vec<&str> = self
            .fields
            .iter()
            .zip(&self.columns)
            .filter(|(field, column)| field.required && column.is_none())
            .map(|(field, _)| field.name)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(unusable("missing_columns", format!("the header lacks columns that {kind} need: {}", missing.join(", "))))
    }
}

fn quoted(name: &str) -> String {
    let mut short: String = name.chars().filter(|c| !c.is_control()).take(QUOTED).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}
