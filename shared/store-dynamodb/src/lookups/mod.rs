//! The cache of prices and availabilities.
//!
//! One record per key holds the entry (`record`), the lease of the request that asks the ERP
//! (`lease`), and how the last lease failed. One record per store lists what was invalidated
//! (`invalidated`); every read brings it along. One more caches the ERP's capabilities
//! (`capabilities`).

mod capabilities;
mod invalidated;
mod lease;
mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use app::ports::StoreError;
use app::ports::lookups::{
    AvailabilityEntry, AvailabilityKey, CachedCapabilities, EntryLease, Invalidation, LeaseFailure,
    LeaseRequest, LookupKey, Lookups, PriceEntry, PriceKey, Slot,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use aws_types::SdkConfig;
use domain::ids::StoreId;
use domain::time::Timestamp;

use crate::attribute::{Attributes, get_text, text};
use crate::batch::{TableKey, read_all, write_all};
use crate::error::store_error;
use invalidated::Invalidations;
use lease::ConditionalUpdate;

/// Attempts of an invalidation against concurrent ones.
const ATTEMPTS: u32 = 8;

/// The cache in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct LookupsTable {
    client: Client,
    table: String,
}

impl LookupsTable {
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }

    /// The slot of each key, and the invalidations of the store that all keys belong to.
    async fn read<E>(
        &self,
        store: Option<&StoreId>,
        keys: Vec<String>,
        read_entry: impl Fn(&Attributes) -> Result<E, StoreError>,
    ) -> Result<(Vec<Slot<E>>, Invalidations), StoreError> {
        let invalidations_key = store.map(invalidated::key);
        let asked: Vec<_> = keys
            .iter()
            .chain(&invalidations_key)
            .map(TableKey::one)
            .collect();
        let records = read_all(&self.client, &self.table, &asked, &[]).await?;
        let mut slots: HashMap<&str, Slot<E>> = HashMap::with_capacity(records.len());
        let mut invalidations = Invalidations::default();
        for found in &records {
            let pk = get_text(found, "pk")?;
            if invalidations_key.as_deref() == Some(pk) {
                invalidations = Invalidations::read(found)?;
            } else {
                slots.insert(pk, record::slot(found, &read_entry)?);
            }
        }
        Ok((
            keys.iter()
                .map(|pk| slots.remove(pk.as_str()).unwrap_or_else(Slot::empty))
                .collect(),
            invalidations,
        ))
    }
}

fn put(record: Attributes) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder()
        .set_item(Some(record))
        .build()
        .map_err(|error| StoreError::Refused {
            operation: "BatchWriteItem",
            reason: error.to_string(),
        })?;
    Ok(WriteRequest::builder().put_request(put).build())
}

#[async_trait]
impl Lookups for LookupsTable {
    async fn prices(&self, keys: &[PriceKey]) -> Result<Vec<Slot<PriceEntry>>, StoreError> {
        let store = keys.first().map(|key| &key.store);
        let texts = keys.iter().map(record::price_key).collect();
        let (mut slots, invalidations) = self.read(store, texts, record::read_price).await?;
        for (key, slot) in keys.iter().zip(&mut slots) {
            let organization = Some(&key.customer.organization);
            slot.entry
                .take_if(|entry| invalidations.cover(&key.sku, organization, entry.as_of));
        }
        Ok(slots)
    }

    async fn availabilities(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError> {
        let store = keys.first().map(|key| &key.store);
        let texts = keys.iter().map(record::availability_key).collect();
        let (mut slots, invalidations) = self.read(store, texts, record::read_availability).await?;
        for (key, slot) in keys.iter().zip(&mut slots) {
            slot.entry
                .take_if(|entry| invalidations.cover(&key.sku, None, entry.as_of));
        }
        Ok(slots)
    }

    async fn cache_prices(&self, entries: &[(PriceKey, PriceEntry)]) -> Result<(), StoreError> {
        let requests = entries
            .iter()
            .map(|(key, entry)| put(record::price(key, entry)?));
        write_all(
            &self.client,
            &self.table,
            requests.collect::<Result<_, _>>()?,
        )
        .await
    }

    async fn cache_availabilities(
        &self,
        entries: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError> {
        let requests = entries
            .iter()
            .map(|(key, entry)| put(record::availability(key, entry)));
        write_all(
            &self.client,
            &self.table,
            requests.collect::<Result<_, _>>()?,
        )
        .await
    }

    async fn acquire_leases(
        &self,
        requests: &[LeaseRequest],
        lease: &EntryLease,
    ) -> Result<Vec<bool>, StoreError> {
        let updates: Vec<_> = requests
            .iter()
            .map(|request| ConditionalUpdate::acquire(request, lease))
            .collect();
        lease::update_each(&self.client, &self.table, &updates).await
    }

    async fn abandon_leases(
        &self,
        keys: &[LookupKey],
        owner: &str,
        failure: LeaseFailure,
    ) -> Result<(), StoreError> {
        let updates: Vec<_> = keys
            .iter()
            .map(|key| ConditionalUpdate::abandon(key, owner, failure))
            .collect();
        lease::update_each(&self.client, &self.table, &updates).await?;
        Ok(())
    }

    async fn capabilities(
        &self,
        store: &StoreId,
    ) -> Result<Option<CachedCapabilities>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(capabilities::key(store)));
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer.item.as_ref().map(capabilities::read).transpose()
    }

    async fn cache_capabilities(
        &self,
        store: &StoreId,
        declared: &CachedCapabilities,
    ) -> Result<(), StoreError> {
        let record = capabilities::write(store, declared);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(record));
        put.send()
            .await
            .map_err(|error| store_error("PutItem", error))?;
        Ok(())
    }

    async fn invalidate(
        &self,
        store: &StoreId,
        what: &Invalidation,
        at: Timestamp,
        forget: Timestamp,
    ) -> Result<(), StoreError> {
        let key = invalidated::key(store);
        for attempt in 0..ATTEMPTS {
            let get = self
                .client
                .get_item()
                .table_name(&self.table)
                .key("pk", text(&key))
                .consistent_read(true);
            let answer = get
                .send()
                .await
                .map_err(|error| store_error("GetItem", error))?;
            let before = answer
                .item
                .as_ref()
                .map(Invalidations::read)
                .transpose()?
                .unwrap_or_default();
            let seen = before.revision.clone();
            // Unique even if two operators invalidate at the same instant: they read different
            // revisions.
            let revision = format!(
                "{at} after {} {attempt}",
                seen.as_deref().map_or(0, str::len)
            );
            let record = before.and(what, at, forget).write(store, at, &revision);
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(record));
            let put = match seen {
                Some(seen) => put
                    .condition_expression("revision = :seen")
                    .expression_attribute_values(":seen", text(seen)),
                None => put.condition_expression("attribute_not_exists(pk)"),
            };
            match put.send().await {
                Ok(_) => return Ok(()),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_conditional_check_failed_exception()) => {}
                Err(error) => return Err(store_error("PutItem", error)),
            }
        }
        Err(StoreError::Throttled {
            operation: "PutItem",
        })
    }
}
