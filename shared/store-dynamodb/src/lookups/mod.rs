//! The cache of prices and availabilities: one record per key, read a hundred at a time.

mod record;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use app::ports::StoreError;
use app::ports::lookups::{AvailabilityEntry, AvailabilityKey, Cached, Lookups, PriceEntry, PriceKey};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use aws_types::SdkConfig;

use crate::attribute::{Attributes, get_text, text};
use crate::batch::{read_all, write_all};

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
        Self { client: Client::new(sdk), table: table.into() }
    }
}

fn put(record: Attributes) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder()
        .set_item(Some(record))
        .build()
        .map_err(|error| StoreError::Refused { operation: "BatchWriteItem", reason: error.to_string() })?;
    Ok(WriteRequest::builder().put_request(put).build())
}

#[async_trait]
impl Lookups for LookupsTable {
    async fn read(&self, prices: &[PriceKey], availabilities: &[AvailabilityKey]) -> Result<Cached, StoreError> {
        let price_keys: Vec<String> = prices.iter().map(record::price_key).collect();
        let availability_keys: Vec<String> = availabilities.iter().map(record::availability_key).collect();
        // DynamoDB refuses a key twice in one call, and a buyer may well ask twice.
        let asked: HashSet<&String> = price_keys.iter().chain(&availability_keys).collect();
        let keys = asked.into_iter().map(|pk| Attributes::from([("pk".to_owned(), text(pk))])).collect();
        let found = read_all(&self.client, &self.table, keys, &[]).await?;
        let found: HashMap<&str, &Attributes> =
            found.iter().map(|record| Ok((get_text(record, "pk")?, record))).collect::<Result<_, StoreError>>()?;
        // An entry that cannot be read counts as none: the ERP is asked again and the entry written anew.
        let price = |pk: &String| found.get(pk.as_str()).and_then(|r| record::read_price(r).ok());
        let availability = |pk: &String| found.get(pk.as_str()).and_then(|r| record::read_availability(r).ok());
        Ok(Cached {
            prices: price_keys.iter().map(price).collect(),
            availabilities: availability_keys.iter().map(availability).collect(),
        })
    }

    async fn write(
        &self,
        prices: &[(PriceKey, PriceEntry)],
        availabilities: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError> {
        let prices = prices.iter().map(|(key, entry)| put(record::price(key, entry)?));
        let availabilities = availabilities.iter().map(|(key, entry)| put(record::availability(key, entry)));
        let requests = prices.chain(availabilities).collect::<Result<Vec<_>, _>>()?;
        write_all(&self.client, &self.table, requests).await
    }
}
