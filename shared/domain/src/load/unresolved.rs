//! References to records that do not exist (yet).

use std::collections::BTreeMap;

use super::record::Reference;
use super::report::Warning;

/// References of rows to records that do not exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unresolved {
    /// The missing records, each with the number of rows that name it.
    pub missing: BTreeMap<Reference, u64>,
    /// References to further records.
    pub more: u64,
}

impl Unresolved {
    /// Most records that are listed by name.
    pub const MOST: usize = 100;
    /// Most that a warning names.
    const NAMED: usize = 5;

    /// Adds references to a missing record.
    pub fn note(&mut self, reference: Reference, times: u64) {
        if self.missing.len() < Self::MOST || self.missing.contains_key(&reference) {
            *self.missing.entry(reference).or_default() += times;
        } else {
            self.more += times;
        }
    }

    /// Adds the references of other rows.
    pub fn add(&mut self, other: &Self) {
        other
            .missing
            .iter()
            .for_each(|(reference, times)| self.note(reference.clone(), *times));
        self.more += other.more;
    }

    /// A warning for the ERP team; `None` if every reference leads to a record.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let count = self.missing.values().sum::<u64>() + self.more;
        let named: Vec<String> = self
            .missing
            .keys()
            .take(Self::NAMED)
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "{count} references lead to records that do not exist yet, such as {}; they resolve \
            when those records arrive",
            named.join(", ")
        );
        (count > 0).then(|| Warning {
            code: "unresolved_reference".into(),
            message,
        })
    }
}
