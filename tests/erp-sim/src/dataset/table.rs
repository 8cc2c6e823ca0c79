//! Reading a CSV file row by row, with errors that name the file and the line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rust_decimal::Decimal;
use time::Date;
use time::macros::format_description;

use super::Validity;

/// Why a data folder cannot be read. The text is one sentence for the author of the file.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file that must be there is not.
    #[error("{folder} holds no .csv file; expected at least one export of that kind")]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// The file cannot be opened.
    #[error("{file} cannot be read: {source}")]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: csv::Error,
    },
    /// A column that must be there is not.
    #[error("{file}, line 1: the column `{column}` is missing")]
    Column {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A row cannot be read.
    #[error("{file}, line {line}: {message}")]
    Row {
        /// The file.
        file: PathBuf,
        /// The line on which the row starts, counted from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
}

/// One row with its columns by name.
pub(super) struct Row<'a> {
    record: &'a csv::StringRecord,
    columns: &'a HashMap<String, usize>,
}

impl Row<'_> {
    /// The field, without surrounding space; empty when the column or the field is missing.
    pub fn text(&self, column: &str) -> &str {
        self.columns
            .get(column)
            .and_then(|index| self.record.get(*index))
            .unwrap_or("")
            .trim()
    }

    /// The field, which must not be empty.
    pub fn required(&self, column: &str) -> Result<&str, String> {
        match self.text(column) {
            "" => Err(format!("`{column}` is empty")),
            text => Ok(text),
        }
    }

    /// A plain decimal that must be there.
    pub fn decimal(&self, column: &str) -> Result<Decimal, String> {
        let text = self.required(column)?;
        Decimal::from_str(text)
            .map_err(|_| format!("`{column}` is not a decimal number: \"{text}\""))
    }

    /// A plain decimal, or nothing.
    pub fn optional_decimal(&self, column: &str) -> Result<Option<Decimal>, String> {
        if self.text(column).is_empty() {
            Ok(None)
        } else {
            self.decimal(column).map(Some)
        }
    }

    /// `valid_from` and `valid_until`: calendar days in UTC, both inclusive.
    pub fn validity(&self) -> Result<Validity, String> {
        const DAY: i64 = 86_400_000;
        Ok(Validity {
            from: self.day("valid_from")?,
            until: self.day("valid_until")?.map(|day| day.saturating_add(DAY)),
        })
    }

    fn day(&self, column: &str) -> Result<Option<i64>, String> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map(|date| {
                Some(
                    date.midnight()
                        .assume_utc()
                        .unix_timestamp()
                        .saturating_mul(1000),
                )
            })
            .map_err(|_| format!("`{column}` is not a date like 2026-01-31: \"{text}\""))
    }
}

/// Reads a file row by row; memory stays flat whatever its size.
pub(super) fn each_row(
    file: &Path,
    required: &[&str],
    mut take: impl FnMut(&Row<'_>) -> Result<(), String>,
) -> Result<(), DatasetError> {
    let open = |source| DatasetError::Open {
        file: file.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(file)
        .map_err(open)?;
    let columns: HashMap<String, usize> = reader
        .headers()
        .map_err(open)?
        .iter()
        .enumerate()
        .map(|(index, name)| (name.trim().trim_start_matches('\u{feff}').to_owned(), index))
        .collect();
    if let Some(column) = required
        .iter()
        .find(|column| !columns.contains_key(**column))
    {
        return Err(DatasetError::Column {
            file: file.to_owned(),
            column: (*column).to_owned(),
        });
    }
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        let failed = |message| DatasetError::Row {
            file: file.to_owned(),
            line,
            message,
        };
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let row = Row {
                    record: &record,
                    columns: &columns,
                };
                take(&row).map_err(|message| DatasetError::Row {
                    file: file.to_owned(),
                    line,
                    message,
                })?;
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    }
}
