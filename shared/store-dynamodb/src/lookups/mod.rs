//! The cache of prices and availabilities: one record per key, read a hundred at a time.

mod declared;
mod invalid;
mod lease;
mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use app::ports::StoreError;
use app::ports::erp::Capabilities;
use app::ports::lookups::{
    AvailabilityEntry, AvailabilityKey, Invalidation, Lease, LeaseWish, LookupKey, Lookups,
    PriceEntry, PriceKey, Slot,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use aws_types::SdkConfig;
use domain::freshness::Reason;
use domain::ids::StoreId;
use domain::time::Timestamp;

use crate::attribute::{Attributes, get_text, text};
use crate::batch::{Key, read_all, write_all};
use crate::error::store_error;
use invalid::Invalidated;

/// Tries of an invalidation against other ones at the same time.
const TRIES: u32 = 8;

/// Keeps answers of the ERP in DynamoDB.
#[derive(Debug, Clone)]
pub struct LookupsTable {
    client: Client,
    table: String,
}

impl LookupsTable {
    /// Keeps them in the given table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }

    /// What stands under each key, and what was invalidated in the store that all of them belong
    /// to.
    async fn read<E>(
        &self,
        store: Option<&StoreId>,
        keys: Vec<String>,
        entry: impl Fn(&Attributes) -> Result<E, StoreError>,
    ) -> Result<(Vec<Slot<E>>, Invalidated), StoreError> {
        let invalid = store.map(invalid::key);
        let asked: Vec<_> = keys.iter().chain(&invalid).map(Key::one).collect();
        let found = read_all(&self.client, &self.table, &asked, &[]).await?;
        let mut slots: HashMap<&str, Slot<E>> = HashMap::with_capacity(found.len());
        let mut invalidated = Invalidated::default();
        for found in &found {
            let pk = get_text(found, "pk")?;
            if invalid.as_deref() == Some(pk) {
                invalidated = Invalidated::read(found)?;
            } else {
                slots.insert(pk, record::slot(found, &entry)?);
            }
        }
        Ok((
            keys.iter()
                .map(|pk| slots.remove(pk.as_str()).unwrap_or_else(Slot::empty))
                .collect(),
            invalidated,
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
        let (mut slots, invalidated) = self.read(store, texts, record::read_price).await?;
        for (key, slot) in keys.iter().zip(&mut slots) {
            let organization = Some(&key.customer.organization);
            slot.entry
                .take_if(|entry| invalidated.covers(&key.sku, organization, entry.as_of));
        }
        Ok(slots)
    }

    async fn availabilities(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError> {
        let store = keys.first().map(|key| &key.store);
        let texts = keys.iter().map(record::availability_key).collect();
        let (mut slots, invalidated) = self.read(store, texts, record::read_availability).await?;
        for (key, slot) in keys.iter().zip(&mut slots) {
            slot.entry
                .take_if(|entry| invalidated.covers(&key.sku, None, entry.as_of));
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

    async fn lease(&self, wishes: &[LeaseWish], lease: &Lease) -> Result<Vec<bool>, StoreError> {
        let steps: Vec<lease::Step> = wishes
            .iter()
            .map(|wish| lease::Step::take(wish, lease))
            .collect();
        lease::each(&self.client, &self.table, &steps).await
    }

    async fn give_up(
        &self,
        keys: &[LookupKey],
        owner: &str,
        at: Timestamp,
        reason: Reason,
    ) -> Result<(), StoreError> {
        let steps: Vec<lease::Step> = keys
            .iter()
            .map(|key| lease::Step::give_up(key, owner, at, reason))
            .collect();
        lease::each(&self.client, &self.table, &steps).await?;
        Ok(())
    }

    async fn declared(
        &self,
        store: &StoreId,
    ) -> Result<Option<(Capabilities, Timestamp)>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(declared::key(store)));
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer.item.as_ref().map(declared::read).transpose()
    }

    async fn cache_capabilities(
        &self,
        store: &StoreId,
        capabilities: &Capabilities,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let record = declared::write(store, capabilities, at);
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
        let key = invalid::key(store);
        for attempt in 0..TRIES {
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
                .map(Invalidated::read)
                .transpose()?
                .unwrap_or_default();
            let seen = before.revision.clone();
            // Two operators at the same instant differ in what they saw.
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
