//! The members table.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `organization#<organization id>` | `organization` | an organization |
//! | `organization#<organization id>` | `rules` | its rules for orders |
//! | `organization#<organization id>` | `address#<address id>` | one of its addresses |
//! | `user#<user id>` | `user` | a user |
//! | `pointer` | kind | the newest snapshot of the kind, see `loads::pointer` |

mod read;
pub(crate) mod record;
mod sweep;
mod write;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

/// The members in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct MembersTable {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl MembersTable {
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }
}
