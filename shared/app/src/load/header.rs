//! Which column holds which field, whatever their order and their names.

use domain::load::{LoadKind, LoadMode, Warning};
use tabular::{
    ATTRIBUTE_PREFIX, Column, Columns, FileError, MAX_FIELDS, Mapping, Profile, RawRecord,
    RowDefect, Rule,
};

/// What the text of a field is, for the ways in which files write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A date or an instant.
    Date,
}

/// A field of a kind of rows.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its column.
    pub name: &'static str,
    /// Whether a file without the column cannot be used, nor a row without a value.
    pub required: bool,
    /// What its text is.
    pub shape: Shape,
}

pub(super) const fn required(name: &'static str) -> Field {
    Field {
        name,
        required: true,
        shape: Shape::Text,
    }
}

pub(super) const fn optional(name: &'static str) -> Field {
    Field {
        name,
        required: false,
        shape: Shape::Text,
    }
}

impl Field {
    pub(super) const fn number(self) -> Self {
        Self {
            shape: Shape::Number,
            ..self
        }
    }

    pub(super) const fn date(self) -> Self {
        Self {
            shape: Shape::Date,
            ..self
        }
    }
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
    /// Nowhere: it is the same in all rows.
    Nowhere,
}

/// Where a value stands, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub place: Place,
    /// None when the text is ours already.
    pub rule: Option<Box<Rule>>,
}

/// How many fields a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// As many as it likes, for they have names.
    Any,
}

/// Where the fields of a kind stand in one file.
#[derive(Debug, Clone)]
pub struct Header {
    /// The fields of the kind, in its own order.
    pub fields: &'static [Field],
    /// What each of `fields` is made of.
    pub(super) origins: Vec<Option<Origin>>,
    /// What attributes are made of, by name.
    pub(super) attributes: Vec<(String, Origin)>,
    /// Whether rows may name attributes of their own.
    pub(super) own_attributes: bool,
    /// What the action is made of.
    pub(super) action: Option<Origin>,
    pub(super) width: Width,
    /// What may not be what was meant.
    pub warnings: Vec<Warning>,
}

/// What a file is of.
#[derive(Clone, Copy)]
struct Scope<'a> {
    kind: LoadKind,
    mode: LoadMode,
    profile: &'a Profile,
}

impl Header {
    /// Reads the first row of a file: the header, or any row if there is none.
    ///
    /// # Errors
    /// The file cannot be used: it lacks a column, or names one twice.
    pub fn read(
        record: RawRecord<'_>,
        kind: LoadKind,
        mode: LoadMode,
        fields: &'static [Field],
        profile: &Profile,
    ) -> Result<Self, FileError> {
        let scope = Scope {
            kind,
            mode,
            profile,
        };
        let mut header = Self {
            fields,
            origins: vec![None; fields.len()],
            attributes: Vec::new(),
            own_attributes: record.named && profile.fields.is_none(),
            action: None,
            width: Width::Any,
            warnings: Vec::new(),
        };
        let names = if record.named {
            None
        } else {
            header.columns(record, profile)?
        };
        match (&profile.fields, names) {
            (Some(fields), names) => {
                for (name, mapping) in fields {
                    let place = header.find(name, mapping, names.as_deref(), record.named)?;
                    header
                        .put(name, place, Some(&mapping.rule), scope)
                        .map_err(|()| {
                            FileError::profile(format!("fields.{name} is no field of {kind}"))
                        })?;
                }
            }
            (None, Some(names)) => {
                for (column, name) in names.iter().enumerate() {
                    header.take(Place::At(column), name, scope);
                }
            }
            (None, None) => header.by_names(record, scope),
        }
        header.check(kind, profile)?;
        header.attributes.sort_by(|(one, _), (two, _)| one.cmp(two));
        Ok(header)
    }

    /// The names of the columns of delimited text, and how many there are.
    fn columns(
        &mut self,
        record: RawRecord<'_>,
        profile: &Profile,
    ) -> Result<Option<Vec<String>>, FileError> {
        if !profile.header {
            self.width = match &profile.columns {
                Columns::Unknown => Width::AtLeast(0),
                Columns::Count(count) => Width::Exactly(*count),
                Columns::Names(names) => Width::Exactly(names.len()),
            };
            return match &profile.columns {
                Columns::Names(names) => unique(names.clone()).map(Some),
                _ => Ok(None),
            };
        }
        match record.defect {
            None | Some(RowDefect::Json(_) | RowDefect::Xml(_) | RowDefect::Encoding) => {}
            Some(RowDefect::TooManyFields) => {
                return Err(FileError::new(
                    "header_too_long",
                    format!("the header has more than {MAX_FIELDS} columns"),
                ));
            }
            Some(RowDefect::TooLong | RowDefect::OpenQuote) => {
                return Err(FileError::new(
                    "header_unreadable",
                    "the header does not end; a quote may not be closed",
                ));
            }
        }
        self.width = Width::Exactly(record.len());
        let names: Option<Vec<String>> = record
            .fields()
            .map(|field| {
                std::str::from_utf8(field)
                    .ok()
                    .map(|name| name.trim().to_owned())
            })
            .collect();
        let encoding = record.encoding().name();
        let names = names.ok_or_else(|| {
            let message =
                format!("the header is not {encoding}; save the file as UTF-8, or say its encoding in a profile");
            FileError::new("encoding", message)
        })?;
        unique(names).map(Some)
    }

    /// Where the column of a profile is.
    fn find(
        &mut self,
        name: &str,
        mapping: &Mapping,
        names: Option<&[String]>,
        named: bool,
    ) -> Result<Place, FileError> {
        let lacks = |what: String| {
            FileError::new(
                "missing_columns",
                format!("the profile makes {name} of {what}, which the file does not have"),
            )
        };
        match (&mapping.column, names) {
            (None, _) => Ok(Place::Nowhere),
            (Some(Column::Named(column)), _) if named => Ok(Place::Named(column.clone())),
            (Some(Column::Named(column)), Some(names)) => {
                let at = names.iter().position(|name| name == column.trim());
                at.map(Place::At)
                    .ok_or_else(|| lacks(format!("the column {}", quoted(column))))
            }
            (Some(Column::Named(_)), None) => Err(FileError::profile(format!(
                "fields.{name} names a column, and columns does not say the names"
            ))),
            (Some(Column::At(_)), _) if named => Err(FileError::profile(format!(
                "fields.{name} is a number, and fields of this format have names"
            ))),
            (Some(Column::At(index)), _) => match &mut self.width {
                Width::Exactly(width) if index >= width => {
                    Err(lacks(format!("the column {index}")))
                }
                Width::AtLeast(_) if *index >= MAX_FIELDS => {
                    Err(lacks(format!("the column {index}")))
                }
                Width::AtLeast(width) => {
                    *width = (index + 1).max(*width);
                    Ok(Place::At(*index))
                }
                Width::Exactly(_) | Width::Any => Ok(Place::At(*index)),
            },
        }
    }

    /// Where rows name their fields, each may have other ones. The names of the first row are
    /// compared with those that are known, in case there is a mistake in one.
    fn by_names(&mut self, first: RawRecord<'_>, scope: Scope<'_>) {
        for name in first.names() {
            self.take(Place::Named(name.to_owned()), name, scope);
        }
        self.attributes.clear();
        let all = self.fields.iter().map(|field| field.name).chain([ACTION]);
        for name in all.collect::<Vec<_>>() {
            let _ = self.put(name, Place::Named(name.to_owned()), None, scope);
        }
    }

    /// Takes a column by its own name, or notes that it means nothing.
    fn take(&mut self, place: Place, name: &str, scope: Scope<'_>) {
        let Scope { kind, mode, .. } = scope;
        if name == ACTION && mode == LoadMode::Snapshot
            || self.put(name, place, None, scope).is_err()
        {
            let message = format!(
                "the column {} is not known for {kind} in a {mode} and was ignored",
                quoted(name)
            );
            self.warnings.push(Warning {
                code: "unknown_column".into(),
                message,
            });
        }
    }

    /// Says what a field is made of; an error when there is none of that name.
    fn put(
        &mut self,
        name: &str,
        place: Place,
        rule: Option<&Rule>,
        scope: Scope<'_>,
    ) -> Result<(), ()> {
        let known = self.fields.iter().position(|field| field.name == name);
        let shape = known
            .and_then(|index| self.fields.get(index))
            .map_or(Shape::Text, |field| field.shape);
        let origin = origin(place, rule, shape, scope.profile);
        if let Some(slot) = known.and_then(|index| self.origins.get_mut(index)) {
            *slot = Some(origin);
        } else if name == ACTION {
            self.action = (scope.mode == LoadMode::Delta).then_some(origin);
        } else if let Some(attribute) = name.strip_prefix(ATTRIBUTE_PREFIX)
            && scope.kind == LoadKind::Items
            && !attribute.is_empty()
        {
            self.attributes.push((attribute.to_owned(), origin));
        } else {
            return Err(());
        }
        Ok(())
    }

    fn check(&self, kind: LoadKind, profile: &Profile) -> Result<(), FileError> {
        let missing: Vec<&str> = self
            .fields
            .iter()
            .zip(&self.origins)
            .filter(|(field, origin)| field.required && origin.is_none())
            .map(|(field, _)| field.name)
            .collect();
        match missing.as_slice() {
            [] => Ok(()),
            missing if profile.fields.is_some() => Err(FileError::profile(format!(
                "fields lacks what {kind} need: {}",
                missing.join(", ")
            ))),
            missing => Err(FileError::new(
                "missing_columns",
                format!(
                    "the header lacks columns that {kind} need: {}",
                    missing.join(", ")
                ),
            )),
        }
    }
}

/// A rule of its own, completed by what holds for all fields.
fn origin(place: Place, rule: Option<&Rule>, shape: Shape, profile: &Profile) -> Origin {
    let defaults = &profile.defaults;
    let mut rule = rule.cloned().unwrap_or_default();
    if place != Place::Nowhere {
        if rule.nulls.is_none() && !defaults.nulls.is_empty() {
            rule.nulls = Some(defaults.nulls.clone());
        }
        if shape == Shape::Date && rule.dates.is_none() {
            rule.dates.clone_from(&defaults.dates);
        }
        if shape == Shape::Number && rule.numbers.is_none() {
            rule.numbers = defaults.numbers;
        }
    }
    Origin {
        place,
        rule: Some(rule).filter(|rule| !rule.is_plain()).map(Box::new),
    }
}

fn unique(names: Vec<String>) -> Result<Vec<String>, FileError> {
    for (column, name) in names.iter().enumerate() {
        if !name.is_empty() && names.iter().take(column).any(|earlier| earlier == name) {
            return Err(FileError::new(
                "duplicate_column",
                format!("the header names the column {} twice", quoted(name)),
            ));
        }
    }
    Ok(names)
}

fn quoted(name: &str) -> String {
    let mut short: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(QUOTED)
        .collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}
