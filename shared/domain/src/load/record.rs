//! Rows that were understood, and what is wrong with those that were not.

use std::borrow::Cow;
use std::fmt;

use super::key::Sequence;
use crate::catalog::{Category, Item, ItemText, ListPrice};
use crate::ids::{AddressId, CategoryId, Language, OrganizationId, Sku, Unit, UserId};
use crate::member::{Address, Organization, User};
use crate::money::Currency;
use crate::time::Timestamp;

/// One thing that is wrong with a row, in words that an ERP team understands. The message holds
/// nothing of the row's content: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// A stable code.
    pub code: &'static str,
    /// The column; empty when the row as a whole is meant.
    pub field: Cow<'static, str>,
    /// For people.
    pub message: Cow<'static, str>,
}

impl RowProblem {
    /// A problem of one column.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            field: field.into(),
            message: message.into(),
        }
    }

    /// A problem of the row as a whole.
    pub fn row(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            field: Cow::Borrowed(""),
            message: message.into(),
        }
    }
}

/// A row of the catalog's files: what is so from now on, or which record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogRecord {
    /// A category is so.
    Category(Category),
    /// A category goes.
    NoCategory(CategoryId),
    /// An item is so.
    Item(Item),
    /// An item goes.
    NoItem(Sku),
    /// A text is so.
    Text(ItemText),
    /// A text goes.
    NoText(Sku, Language),
    /// A list price is so.
    ListPrice(ListPrice),
    /// A list price goes: currency, unit and start tell it from the item's others.
    NoListPrice(Sku, Currency, Unit, Option<Timestamp>),
}

/// A row of the members' files: what is so from now on, or which record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberRecord {
    /// An organization is so.
    Organization(Organization),
    /// An organization goes.
    NoOrganization(OrganizationId),
    /// A user is so.
    User(User),
    /// A user goes.
    NoUser(UserId),
    /// An address is so.
    Address(Address),
    /// An address goes.
    NoAddress(OrganizationId, AddressId),
}

/// A record that a row names besides its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A category.
    Category(CategoryId),
    /// An item.
    Item(Sku),
    /// An organization.
    Organization(OrganizationId),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category(id) => write!(f, "category {id}"),
            Self::Item(sku) => write!(f, "item {sku}"),
            Self::Organization(id) => write!(f, "organization {id}"),
        }
    }
}

impl Reference {
    /// The reference that [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(' ')?;
        match kind {
            "category" => CategoryId::parse(id).ok().map(Self::Category),
            "item" => Sku::parse(id).ok().map(Self::Item),
            "organization" => OrganizationId::parse(id).ok().map(Self::Organization),
            _ => None,
        }
    }
}

impl CatalogRecord {
    /// The version of the way in which these records are stored. Raise it when a field of a record,
    /// or what it means, changes: the next load then writes every row again, also those that say
    /// what they said before.
    pub const LAYOUT: u8 = 2;

    /// The other records that it names.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        match self {
            Self::Category(category) => category
                .parent
                .iter()
                .cloned()
                .map(Reference::Category)
                .collect(),
            Self::Item(item) => item
                .category_ids
                .iter()
                .cloned()
                .map(Reference::Category)
                .collect(),
            Self::Text(text) => vec![Reference::Item(text.sku.clone())],
            Self::ListPrice(price) => vec![Reference::Item(price.sku.clone())],
            Self::NoCategory(_) | Self::NoItem(_) | Self::NoText(..) | Self::NoListPrice(..) => {
                Vec::new()
            }
        }
    }
}

impl MemberRecord {
    /// The version of the way in which these records are stored; see [`CatalogRecord::LAYOUT`].
    pub const LAYOUT: u8 = 2;

    /// The other records that it names.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        match self {
            Self::Organization(organization) => organization
                .parent
                .iter()
                .cloned()
                .map(Reference::Organization)
                .collect(),
            Self::User(user) => vec![Reference::Organization(user.organization.clone())],
            Self::Address(address) => vec![Reference::Organization(address.organization.clone())],
            Self::NoOrganization(_) | Self::NoUser(_) | Self::NoAddress(..) => Vec::new(),
        }
    }
}

/// A row that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<R> {
    /// What it says.
    pub record: R,
    /// The place of its file in the order of files.
    pub sequence: Sequence,
    /// Equal for rows that say the same, and different otherwise.
    pub fingerprint: [u8; 16],
}
