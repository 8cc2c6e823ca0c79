//! What was invalidated, in one record per store that every read brings along.
//!
//! So an invalidation takes effect with the next read of every instance, and touches no entry:
//! neither a scan nor a list of keys is needed. What is older than any entry can be is forgotten;
//! when there is too much, all is invalid.

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

/// Most items and organizations of the record: about 60 kB, read with every lookup while it is so
/// big.
const MOST: usize = 1_000;
/// How long the record stays after it was written, in seconds.
const KEEP_SECONDS: i64 = 3 * 86_400;

/// The invalidations of a store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Invalidated {
    all: Option<Timestamp>,
    skus: BTreeMap<String, Timestamp>,
    organizations: BTreeMap<String, Timestamp>,
    /// What the record was when it was read.
    pub(super) revision: Option<String>,
}

pub(super) fn key(store: &StoreId) -> String {
    joined(&["invalidated", store.as_str()])
}

impl Invalidated {
    /// Whether what was said at `as_of` may not be shown any more.
    pub(super) fn covers(
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

    /// With one more, without those before `forget`.
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
        if self.all == Some(at) || self.skus.len().saturating_add(self.organizations.len()) > MOST {
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
                number(at.plus_seconds(KEEP_SECONDS).as_seconds()),
            )
            .into_attributes()
    }
}
