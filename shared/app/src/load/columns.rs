//! The columns of each kind of file: the one place that declares them. Parsing and the table of
//! columns in the documentation both come from here.
//!
//! To add a column, add a line below, read it in [`records`](super::records) and put it into the
//! record. The compiler refuses a column that is read as another type, or read as optional though
//! it is required. `UPDATE_TABLES=1 cargo test -p app tables` rewrites the table.

use std::marker::PhantomData;

/// How files write the text of a column. A profile has rules for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A date or an instant.
    Date,
}

/// A column of a kind of file.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name in the header.
    pub name: &'static str,
    /// Whether a file without the column, or a row without a value in it, is rejected.
    pub required: bool,
    /// Whether it is one of the columns that people recognize a row by.
    pub key: bool,
    /// How its text is written.
    pub shape: Shape,
    /// The name of its type in the documentation.
    pub type_name: &'static str,
    /// What an empty value means; empty if it means no value.
    pub default: &'static str,
    /// The only values, separated by commas; empty if the type allows others.
    pub values: &'static str,
    /// The documentation of the column.
    pub meaning: &'static str,
}

/// The type of a column's values, on the level of types: `row.quantity(ITEMS.name)` does not
/// compile.
pub trait ColumnType {
    /// Its name in the documentation.
    const NAME: &'static str;
    /// How files write it.
    const SHAPE: Shape = Shape::Text;
}

/// Whether a column has to be there, on the level of types.
pub trait Presence {
    /// Whether a value is required.
    const REQUIRED: bool;
    /// Whether it belongs to the key of the row.
    const KEY: bool = false;
    /// Whether an empty value has a meaning.
    const HAS_DEFAULT: bool = false;
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $text:literal $(, $shape:ident)?;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl ColumnType for $name {
            const NAME: &'static str = $text;
            $(const SHAPE: Shape = Shape::$shape;)?
        })+
    };
}

types! {
    /// A text without control characters other than line breaks and tabs.
    Text = "text";
    /// An identifier.
    Id = "identifier";
    /// Identifiers or words, separated by semicolons.
    List = "list, separated by `;`";
    /// One of a few words.
    Choice = "choice";
    /// A whole number.
    Whole = "whole number", Number;
    /// A decimal number with a decimal point.
    Decimal = "decimal number", Number;
    /// An amount of money in the currency of the row.
    Amount = "amount", Number;
    /// An ISO 4217 code.
    CurrencyCode = "currency code";
    /// A date, or an RFC 3339 instant.
    Date = "date", Date;
    /// An e-mail address.
    Email = "e-mail address";
    /// An ISO 3166-1 alpha-2 code.
    CountryCode = "country code";
    /// A language tag.
    LanguageTag = "language tag";
}

/// Required, and a part of what people recognize a row by.
#[derive(Debug, Clone, Copy)]
pub struct Key;
/// Required.
#[derive(Debug, Clone, Copy)]
pub struct Required;
/// May be missing or empty, and has its default then.
#[derive(Debug, Clone, Copy)]
pub struct WithDefault;
/// May be missing or empty, and has no value then.
#[derive(Debug, Clone, Copy)]
pub struct Optional;

impl Presence for Key {
    const REQUIRED: bool = true;
    const KEY: bool = true;
}
impl Presence for Required {
    const REQUIRED: bool = true;
}
impl Presence for Optional {
    const REQUIRED: bool = false;
}

impl Presence for WithDefault {
    const REQUIRED: bool = false;
    const HAS_DEFAULT: bool = true;
}

/// A presence with which every row has a value.
pub trait HasValue: Presence {}
impl HasValue for Key {}
impl HasValue for Required {}
impl HasValue for WithDefault {}

/// A column of a row, by which the row is asked for its value.
#[derive(Debug)]
pub struct Column<T, P> {
    index: usize,
    kind: PhantomData<(T, P)>,
}

impl<T, P> Clone for Column<T, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, P> Copy for Column<T, P> {}

impl<T, P> Column<T, P> {
    const fn new(index: usize) -> Self {
        Self {
            index,
            kind: PhantomData,
        }
    }

    /// Its index among the columns of its kind.
    #[inline]
    pub(super) fn index(self) -> usize {
        self.index
    }
}

impl<T: ColumnType, P: Presence> Column<T, P> {
    const fn field(
        name: &'static str,
        default: &'static str,
        values: &'static str,
        meaning: &'static str,
    ) -> Field {
        assert!(
            P::HAS_DEFAULT != default.is_empty(),
            "`= \"..\"` belongs to WithDefault, and WithDefault needs it"
        );
        Field {
            name,
            required: P::REQUIRED,
            key: P::KEY,
            shape: T::SHAPE,
            type_name: T::NAME,
            default,
            values,
            meaning,
        }
    }
}

/// Declares the columns of a kind: `name: Type Presence [of "only, values"] [= "default"],
/// "meaning";`. `$constant` has a handle for each; `$constant::FIELDS` lists them.
macro_rules! columns {
    ($(#[$doc:meta])* $constant:ident: $struct:ident {
        $($name:ident: $type:ident $presence:ident $(of $values:literal)? $(= $default:literal)?,
            $meaning:literal;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $struct {
            $(pub $name: Column<$type, $presence>,)+
        }

        $(#[$doc])*
        pub(super) const $constant: $struct = {
            #[allow(non_camel_case_types)]
            enum Index { $($name),+ }
            $struct { $($name: Column::new(Index::$name as usize),)+ }
        };

        impl $struct {
            /// The columns in the order of their handles.
            pub const FIELDS: &'static [Field] = &[
                $(Column::<$type, $presence>::field(
                    stringify!($name), concat!($($default)?), concat!($($values)?), $meaning,
                ),)+
            ];
        }
    };
}

columns! {
    /// Categories of the catalog.
    CATEGORIES: Categories {
        category_id: Id Key, "Identifies the category.";
        parent_id: Id Optional, "The category above it. Empty for a top category.";
        name: Text Required, "The name that buyers see.";
        sequence: Whole WithDefault = "0",
            "The order among categories with the same parent, ascending.";
    }
}

columns! {
    /// Items of the catalog.
    ITEMS: Items {
        sku: Id Key, "Identifies the item.";
        product_id: Id Optional, "Groups items that are variants of one product.";
        name: Text Required, "The name in the catalog's own language.";
        description: Text Optional, "The description in the catalog's own language.";
        category_ids: List Optional, "The categories that list the item.";
        unit: Id Required, "The unit in which quantities are counted.";
        nominal_quantity: Decimal WithDefault = "1",
            "How many units one piece has, for quantities that name no unit.";
        quantity_multiple: Decimal WithDefault = "1",
            "Quantities are rounded up to a multiple of it.";
        status: Choice WithDefault of "active, inactive" = "active",
            "Whether the item is sold. An inactive one is only shown.";
    }
}

columns! {
    /// Item descriptions: texts of items in other languages.
    DESCRIPTIONS: Descriptions {
        sku: Id Key, "The item.";
        language: LanguageTag Key, "The language. Upper and lower case do not differ.";
        name: Text Optional, "The name in this language.";
        description: Text Optional, "The description in this language.";
    }
}

columns! {
    /// List prices of items.
    LIST_PRICES: ListPrices {
        sku: Id Key, "The item.";
        currency: CurrencyCode Key, "The currency of the price.";
        amount: Amount Required, "The price of one unit: not negative, at most 5 decimal places.";
        unit: Id Required, "The unit. With item, currency and start it identifies the price.";
        valid_from: Date Optional, "The first day, or the instant, from which the price is valid.";
        valid_until: Date Optional,
            "The last day on which the price is valid, or the instant at which it ends.";
    }
}

columns! {
    /// Customer organizations.
    ORGANIZATIONS: Organizations {
        organization_id: Id Key, "Identifies the organization.";
        name: Text Required, "The name.";
        parent_id: Id Optional, "The organization above it.";
        status: Choice WithDefault of "active, inactive" = "active", "Whether its users may act.";
        currency: CurrencyCode Required, "The currency of its carts and orders.";
        tax_id: Text Optional, "The tax number.";
    }
}

columns! {
    /// Users of organizations.
    USERS: Users {
        user_id: Id Key, "Identifies the user, as the identity provider does.";
        organization_id: Id Required, "The organization of the user.";
        email: Email Required, "The e-mail address.";
        given_name: Text Optional, "The given name.";
        family_name: Text Optional, "The family name.";
        roles: List Optional of "buyer, approver, org_admin", "What the user may do.";
        language: LanguageTag Optional, "The language of pages and texts.";
        status: Choice WithDefault of "active, inactive" = "active", "Whether the user may act.";
    }
}

columns! {
    /// Addresses of organizations.
    ADDRESSES: Addresses {
        address_id: Id Key, "Identifies the address within its organization.";
        organization_id: Id Required, "The organization of the address.";
        kind: Choice Required of "billing, shipping", "What the address is used for.";
        name: Text Required, "The recipient.";
        line1: Text Required, "Street and number.";
        line2: Text Optional, "More of the street address.";
        city: Text Required, "The city.";
        region: Text Optional, "State, province or canton.";
        postal_code: Text Optional, "The postal code.";
        country: CountryCode Required, "The country.";
        status: Choice WithDefault of "active, inactive" = "active",
            "Whether the address may be used.";
    }
}
