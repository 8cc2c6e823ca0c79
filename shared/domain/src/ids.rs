//! Identifiers. Each has private content and one fallible constructor, so that nothing behind the
//! edge handles a bare text.

use std::fmt;
use std::sync::Arc;

use crate::text::every_byte;

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Longer than the identifier's limit, in bytes of UTF-8.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character, a slash, or white space at an end.
    #[error("contains a control character, a slash, or white space at an end")]
    Character,
}

/// Checks what all identifiers have in common. A slash is refused because a percent-encoded one
/// does not survive the path of an HTTP API.
fn check(text: &str, limit: usize) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > limit {
        Err(IdError::TooLong(limit))
    } else if every_byte(text, |byte| byte.is_ascii_graphic() & (byte != b'/')) {
        // The usual case.
        Ok(())
    } else if text.trim() != text || text.chars().any(|c| c.is_control() || c == '/') {
        Err(IdError::Character)
    } else {
        Ok(())
    }
}

// Shared and not owned: a request hands each id on many times, and a copy would be an allocation.
macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident, $limit:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Most bytes of UTF-8.
            pub const LIMIT: usize = $limit;

            /// Takes a text as identifier.
            ///
            /// # Errors
            /// [`IdError`] when it is empty, too long, or holds a character that identifiers never
            /// hold.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text, Self::LIMIT)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )*};
}

text_id! {
    /// An item as the ERP numbers it: what is priced, stocked and ordered.
    Sku, 64;
    /// A family of items in the ERP.
    ProductId, 64;
    /// A group of items in the catalog.
    CategoryId, 64;
    /// A place that holds stock.
    LocationId, 64;
    /// A customer organization. Every user belongs to one.
    OrganizationId, 64;
    /// A user; in most ERPs the e-mail address.
    UserId, 128;
    /// A postal address of an organization.
    AddressId, 64;
    /// A cart, and the order that it becomes.
    CartId, 64;
    /// A line of a cart, an order or a quote.
    LineId, 64;
    /// One preparation of one cart.
    PreparationId, 64;
    /// Something handed to the ERP: an order, a quote or an approved registration. It is the
    /// `reference` there.
    SubmissionId, 64;
    /// A request to register an organization or a user.
    RegistrationId, 64;
    /// One load of one file.
    LoadId, 64;
    /// An order or a quote as the ERP numbers it.
    ExternalId, 128;
    /// A unit of measure, such as `EA`.
    Unit, 16;
    /// A language tag, such as `en` or `zh-cht`.
    Language, 35;
    /// The store that a deployment serves.
    StoreId, 64;
}

// An order keeps its cart's id, so that the ERP can match a reservation with the order.
const _: () = assert!(CartId::LIMIT == SubmissionId::LIMIT);

impl SubmissionId {
    /// Returns the id of the order that `cart` becomes.
    #[must_use]
    pub fn of_cart(cart: &CartId) -> Self {
        Self(cart.0.clone())
    }
}

impl CartId {
    /// Returns the id of the cart that `order` was.
    #[must_use]
    pub fn of_order(order: &SubmissionId) -> Self {
        Self(order.0.clone())
    }
}
