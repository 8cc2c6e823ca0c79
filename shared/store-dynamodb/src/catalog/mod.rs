//! The catalog table.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `categories` | category id | a category |
//! | `item#<sku>` | `item` | an item |
//! | `item#<sku>` | `text#<language>` | its texts in a language |
//! | `item#<sku>` | `price#<currency>#<valid from, or ->#<unit>` | a list price |
//! | `category#<category id>` | sku | that the item is in the category |
//!
//! The last is only a way to find items: whether an item is in a category stands in the item.

mod read;
mod record;
mod write;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

/// The catalog in its table.
#[derive(Debug, Clone)]
pub struct CatalogTable {
    client: Client,
    table: String,
}

impl CatalogTable {
    /// The catalog in the given table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(sdk), table: table.into() }
    }
}
