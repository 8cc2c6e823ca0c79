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
//! | `pointer` | kind | what readers see of the kind, see `loads::pointer` |
//!
//! The link from a category only helps to find items; the item itself says which categories it is
//! in. Every other record holds up to two versions of itself, see `version`.

mod read;
mod record;
mod sweep;
#[cfg(test)]
mod tests;
mod version;
mod write;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

/// The catalog in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct CatalogTable {
    client: Client,
    table: String,
}

impl CatalogTable {
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }
}
