//! Invalidations, in one record per store that every read brings along.
//!
//! So an invalidation takes effect with the next read of every instance and writes no entry: it
//! needs neither a scan nor a list of keys. Invalidations older than any entry are forgotten; when
//! there are too many, everything is invalidated.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use app::ports::StoreError;
use app::ports::lookups::Invalidation;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{OrganizationId, Sku, StoreId};
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, find_instant, find_map, find_text, instant, number, text,
};
use crate::key::joined;

/// Most items and organizations in the record: about 60 kB, read with every lookup.
const MAX_NAMES: usize = 1_000;
/// How long the record lives after it was written, in seconds.
const RECORD_SECONDS: i64 = 3 * 86_400;

/// The invalidations of a store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Invalidations {
    all: Option<Timestamp>,
    skus: BTreeMap<String, Timestamp>,
    organizations: BTreeMap<String, Timestamp>,
    /// The revision of the record when it was read.
    pub(super) revision: Option<String>,
}

pub(super) fn key(store: &StoreId) -> String {
    joined(&["invalidated", store.as_str()])
}

impl Invalidations {
    /// Whether an answer of `as_of` was invalidated.
    pub(super) fn cover(
        &self,
        sku: &Sku,
        organization: Option<&OrganizationId>,
        as_of: Timestamp,
    ) -> bool {
        let sku = self.skus.get(sku.as_str());
        let organization =
            organization.and_then(|organization| self.organizations.get(organization.as_str()));
        [self.all.as_ref(), sku, organization]
            .into_iter()
            .flatten()
            .any(|at| as_of <= *at)
    }

    /// Adds an invalidation, and drops those from before `forget`.
    pub(super) fn and(mut self, what: &Invalidation, at: Timestamp, forget: Timestamp) -> Self {
        self.skus.retain(|_, earlier| *earlier > forget);
        self.organizations.retain(|_, earlier| *earlier > forget);
        match what {
            Invalidation::All => self.all = Some(at),
            Invalidation::Organization(organization) => {
                self.organizations.insert(organization.to_string(), at);
            }
            Invalidation::Skus(skus) => self
                .skus
                .extend(skus.iter().map(|sku| (sku.to_string(), at))),
        }
        if self.all == Some(at)
            || self.skus.len().saturating_add(self.organizations.len()) > MAX_NAMES
        {
            self.all = Some(at);
            self.skus.clear();
            self.organizations.clear();
        }
        self
    }

    pub(super) fn read(record: &Attributes) -> Result<Self, StoreError> {
        let stamps = |name: &str| {
            let mut stamps = BTreeMap::new();
            if let Some(map) = find_map(record, name)? {
                for what in map.keys() {
                    if let Some(at) = find_instant(map, what)? {
                        stamps.insert(what.clone(), at);
                    }
                }
            }
            Ok::<_, StoreError>(stamps)
        };
        Ok(Self {
            all: find_instant(record, "all")?,
            skus: stamps("skus")?,
            organizations: stamps("organizations")?,
            revision: find_text(record, "revision")?.map(str::to_owned),
        })
    }

    pub(super) fn write(&self, store: &StoreId, at: Timestamp, revision: &str) -> Attributes {
        let stamps = |stamps: &BTreeMap<String, Timestamp>| {
            let stamps: HashMap<String, AttributeValue> = stamps
                .iter()
                .map(|(what, at)| (what.clone(), instant(*at)))
                .collect();
            AttributeValue::M(stamps)
        };
        Record::empty()
            .with("pk", text(key(store)))
            .with("revision", text(revision))
            .with_some("all", self.all.map(instant))
            .with("skus", stamps(&self.skus))
            .with("organizations", stamps(&self.organizations))
            .with(
                "expiresAt",
                number(at.plus_seconds(RECORD_SECONDS).as_seconds()),
            )
            .into_attributes()
    }
}
