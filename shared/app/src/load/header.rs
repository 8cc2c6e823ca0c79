//! Finds the column of each field in one file, whatever the order and the names of the columns.

use domain::load::{LoadKind, LoadMode, Warning};
use tabular::{
    ATTRIBUTE_PREFIX, ColumnSelector, FileError, HeaderlessColumns, MAX_FIELDS, Mapping, Profile,
    RawRecord, RowDefect, Rule,
};

use super::columns::{Field, Shape};

/// The column that says what to do with a row of a delta.
pub(super) const ACTION: &str = "_action";
/// Longest name of a column that is quoted in a message.
const QUOTED: usize = 64;

/// The column of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ColumnRef {
    /// By its index.
    At(usize),
    /// By the name of the field, in a format that names fields.
    Named(String),
    /// No column: every row has the same value.
    Constant,
}

/// What a field is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldSource {
    pub column: ColumnRef,
    /// What its text means. `None` if the text is the value.
    pub rule: Option<Box<Rule>>,
}

/// How many fields a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// Any number, because they have names.
    Any,
}

/// Where one file has the fields of its kind.
#[derive(Debug, Clone)]
pub struct Header {
    /// The fields of the kind, in their declared order.
    pub fields: &'static [Field],
    /// What each of `fields` is made of.
    pub(super) sources: Vec<Option<FieldSource>>,
    /// What attributes are made of, by name.
    pub(super) attributes: Vec<(String, FieldSource)>,
    /// Whether rows may name attributes of their own.
    pub(super) own_attributes: bool,
    /// What the action is made of.
    pub(super) action: Option<FieldSource>,
    pub(super) width: Width,
    /// Oddities that are perhaps mistakes.
    pub warnings: Vec<Warning>,
}

/// What the rows of the file are, and how it is laid out.
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
            sources: vec![None; fields.len()],
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
                    let column = header.find(name, mapping, names.as_deref(), record.named)?;
                    header
                        .put(name, column, Some(&mapping.rule), scope)
                        .map_err(|()| {
                            FileError::profile(format!("fields.{name} is not a field of {kind}"))
                        })?;
                }
            }
            (None, Some(names)) => {
                for (column, name) in names.iter().enumerate() {
                    header.take(ColumnRef::At(column), name, scope);
                }
            }
            (None, None) => header.by_names(record, scope),
        }
        header.check(kind, profile)?;
        header.attributes.sort_by(|(one, _), (two, _)| one.cmp(two));
        Ok(header)
    }

    /// Reads the names of the columns of delimited text, and how many there are.
    fn columns(
        &mut self,
        record: RawRecord<'_>,
        profile: &Profile,
    ) -> Result<Option<Vec<String>>, FileError> {
        if !profile.header {
            self.width = match &profile.columns {
                HeaderlessColumns::Unknown => Width::AtLeast(0),
                HeaderlessColumns::Count(count) => Width::Exactly(*count),
                HeaderlessColumns::Names(names) => Width::Exactly(names.len()),
            };
            return match &profile.columns {
                HeaderlessColumns::Names(names) => unique(names.clone()).map(Some),
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
            let message = format!(
                "the header is not {encoding}; save the file as UTF-8, or name its \
                encoding in a profile"
            );
            FileError::new("encoding", message)
        })?;
        unique(names).map(Some)
    }

    /// Finds the column that a profile names.
    fn find(
        &mut self,
        name: &str,
        mapping: &Mapping,
        names: Option<&[String]>,
        named: bool,
    ) -> Result<ColumnRef, FileError> {
        let lacks = |what: String| {
            FileError::new(
                "missing_columns",
                format!("the profile makes {name} of {what}, which the file does not have"),
            )
        };
        match (&mapping.column, names) {
            (None, _) => Ok(ColumnRef::Constant),
            (Some(ColumnSelector::Named(column)), _) if named => {
                Ok(ColumnRef::Named(column.clone()))
            }
            (Some(ColumnSelector::Named(column)), Some(names)) => {
                let at = names.iter().position(|name| name == column.trim());
                at.map(ColumnRef::At)
                    .ok_or_else(|| lacks(format!("the column {}", quoted(column))))
            }
            (Some(ColumnSelector::Named(_)), None) => Err(FileError::profile(format!(
                "fields.{name} names a column, and columns does not give the names"
            ))),
            (Some(ColumnSelector::At(_)), _) if named => Err(FileError::profile(format!(
                "fields.{name} is a number, and fields of this format have names"
            ))),
            (Some(ColumnSelector::At(index)), _) => match &mut self.width {
                Width::Exactly(width) if index >= width => {
                    Err(lacks(format!("the column {index}")))
                }
                Width::AtLeast(_) if *index >= MAX_FIELDS => {
                    Err(lacks(format!("the column {index}")))
                }
                Width::AtLeast(width) => {
                    *width = (index + 1).max(*width);
                    Ok(ColumnRef::At(*index))
                }
                Width::Exactly(_) | Width::Any => Ok(ColumnRef::At(*index)),
            },
        }
    }

    /// Prepares for rows that name their fields, each of which may have other ones. The names in
    /// the first row are compared with the known ones, because one of them may be misspelled.
    fn by_names(&mut self, first: RawRecord<'_>, scope: Scope<'_>) {
        for name in first.names() {
            self.take(ColumnRef::Named(name.to_owned()), name, scope);
        }
        self.attributes.clear();
        let all = self.fields.iter().map(|field| field.name).chain([ACTION]);
        for name in all.collect::<Vec<_>>() {
            let _ = self.put(name, ColumnRef::Named(name.to_owned()), None, scope);
        }
    }

    /// Uses a column by its own name, or warns that it has no meaning.
    fn take(&mut self, column: ColumnRef, name: &str, scope: Scope<'_>) {
        let Scope { kind, mode, .. } = scope;
        if name == ACTION && mode == LoadMode::Snapshot
            || self.put(name, column, None, scope).is_err()
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

    /// Sets what a field is made of. An error if the kind has no such field.
    fn put(
        &mut self,
        name: &str,
        column: ColumnRef,
        rule: Option<&Rule>,
        scope: Scope<'_>,
    ) -> Result<(), ()> {
        let known = self.fields.iter().position(|field| field.name == name);
        let shape = known
            .and_then(|index| self.fields.get(index))
            .map_or(Shape::Text, |field| field.shape);
        let source = field_source(column, rule, shape, scope.profile);
        if let Some(slot) = known.and_then(|index| self.sources.get_mut(index)) {
            *slot = Some(source);
        } else if name == ACTION {
            self.action = (scope.mode == LoadMode::Delta).then_some(source);
        } else if let Some(attribute) = name.strip_prefix(ATTRIBUTE_PREFIX)
            && scope.kind == LoadKind::Items
            && !attribute.is_empty()
        {
            self.attributes.push((attribute.to_owned(), source));
        } else {
            return Err(());
        }
        Ok(())
    }

    fn check(&self, kind: LoadKind, profile: &Profile) -> Result<(), FileError> {
        let missing: Vec<&str> = self
            .fields
            .iter()
            .zip(&self.sources)
            .filter(|(field, source)| field.required && source.is_none())
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

/// Completes the rule of a field with the defaults of the profile.
fn field_source(
    column: ColumnRef,
    rule: Option<&Rule>,
    shape: Shape,
    profile: &Profile,
) -> FieldSource {
    let defaults = &profile.defaults;
    let mut rule = rule.cloned().unwrap_or_default();
    if column != ColumnRef::Constant {
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
    FieldSource {
        column,
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
