//! Reads what members say about themselves, field by field. A request reports all of its errors,
//! not only the first.

#[cfg(test)]
mod tests;

use domain::caller::Role;
use domain::ids::{Language, UserId};
use domain::member::{AddressKind, PostalAddress};
use domain::money::Currency;

use crate::{FieldError, UseCaseError};

/// Most characters of a person's or an organization's name.
pub const MAX_NAME: usize = 100;
/// Most characters of a line of an address.
pub const MAX_LINE: usize = 200;
/// Most characters of a postal code and of a tax number.
pub const MAX_CODE: usize = 32;
/// Most characters of a reason.
pub const MAX_REASON: usize = 500;

/// An e-mail address. The check finds certain mistakes; only a message shows whether the address is
/// in use.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    text: String,
    user: UserId,
}

impl Email {
    /// Takes a text as e-mail address: one `@`, something before it, a dotted name after it,
    /// printable ASCII without spaces and quotes, and no more than a user id holds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let plain = |c: char| c.is_ascii_graphic() && !r#"@<>()[]\,;:"/"#.contains(c);
        let label = |label: &str| {
            !label.is_empty()
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let fits = (1..=64).contains(&local.len())
            && local.chars().all(plain)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label);
        let user = UserId::parse(&text.to_ascii_lowercase()).ok()?;
        fits.then(|| Self {
            text: text.to_owned(),
            user,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The user's id: the address in lower case, so that one address is one user however it is
    /// typed.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user.clone()
    }
}

impl std::fmt::Debug for Email {
    /// Leaves the address out: it is personal, and no log line may hold it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// An address as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct PostalText<'a> {
    /// Who receives it.
    pub name: &'a str,
    /// Street and number.
    pub line1: &'a str,
    /// More of the same.
    pub line2: Option<&'a str>,
    /// Town.
    pub city: &'a str,
    /// State, province or canton.
    pub region: Option<&'a str>,
    /// Postal code.
    pub postal_code: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
}

/// Reads fields and collects what is wrong with them. Each reader returns `None` for a field that
/// is wrong; `failure` returns all errors.
#[derive(Debug, Default)]
pub struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything so far was right.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.errors.is_empty()
    }

    /// What is wrong.
    #[must_use]
    pub fn failure(self) -> UseCaseError {
        UseCaseError::Invalid(self.errors)
    }

    fn wrong<T>(
        &mut self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Option<T> {
        self.errors.push(FieldError::new(pointer, code, message));
        None
    }

    /// A text of 1 to `limit` characters without control characters; white space at the ends does
    /// not count.
    pub fn text(&mut self, pointer: &str, text: &str, limit: usize) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            self.wrong(pointer, "empty", "must not be empty")
        } else if text.chars().count() > limit {
            self.wrong(
                pointer,
                "too_long",
                format!("must have at most {limit} characters"),
            )
        } else if text.chars().any(char::is_control) {
            self.wrong(
                pointer,
                "control_character",
                "must not contain control characters",
            )
        } else {
            Some(text.to_owned())
        }
    }

    /// A text that may be missing; an empty one is as good as missing.
    pub fn optional(
        &mut self,
        pointer: &str,
        text: Option<&str>,
        limit: usize,
    ) -> Option<Option<String>> {
        match text.map(str::trim).filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => self.text(pointer, text, limit).map(Some),
        }
    }

    /// An e-mail address.
    pub fn email(&mut self, pointer: &str, text: &str) -> Option<Email> {
        Email::parse(text.trim()).or_else(|| {
            let message = format!(
                "is not an e-mail address of at most {} characters (example: ann@example.com)",
                UserId::LIMIT
            );
            self.wrong(pointer, "invalid_email", message)
        })
    }

    /// A currency.
    pub fn currency(&mut self, pointer: &str, text: &str) -> Option<Currency> {
        Currency::parse(text).map_or_else(
            |error| self.wrong(pointer, "invalid_currency", error.to_string()),
            Some,
        )
    }

    /// A language; an empty one is as good as missing.
    pub fn language(&mut self, pointer: &str, text: Option<&str>) -> Option<Option<Language>> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Some(None);
        };
        let subtag = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        match Language::parse(text) {
            Ok(language) if text.split('-').all(subtag) => Some(Some(language)),
            _ => self.wrong(
                pointer,
                "invalid_language",
                "is not a language tag (example: de-CH)",
            ),
        }
    }

    /// Roles that exist, at least one, each once. Which of them the caller may give is not decided
    /// here.
    pub fn roles(&mut self, pointer: &str, texts: &[String]) -> Option<Vec<Role>> {
        if texts.is_empty() {
            return self.wrong(pointer, "empty", "must name at least one role");
        }
        let before = self.errors.len();
        let mut roles = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            match Role::parse(text) {
                Some(role) if roles.contains(&role) => {
                    self.wrong::<()>(
                        &format!("{pointer}/{at}"),
                        "duplicate",
                        "the role is named twice",
                    );
                }
                Some(role) => roles.push(role),
                None => {
                    self.wrong::<()>(
                        &format!("{pointer}/{at}"),
                        "unknown_role",
                        "must be one of buyer, approver, org_admin",
                    );
                }
            }
            // A list of a megabyte must not become a list of a hundred thousand errors.
            if self.errors.len() > before + 8 {
                break;
            }
        }
        (self.errors.len() == before).then_some(roles)
    }

    /// What an address is for.
    pub fn address_kind(&mut self, pointer: &str, text: &str) -> Option<AddressKind> {
        AddressKind::parse(text)
            .or_else(|| self.wrong(pointer, "invalid_value", "must be one of billing, shipping"))
    }

    /// A postal address whose fields stand at `pointer`.
    pub fn postal(&mut self, pointer: &str, address: &PostalText<'_>) -> Option<PostalAddress> {
        let name = self.text(&format!("{pointer}/name"), address.name, MAX_NAME);
        let line1 = self.text(&format!("{pointer}/line1"), address.line1, MAX_LINE);
        let line2 = self.optional(&format!("{pointer}/line2"), address.line2, MAX_LINE);
        let city = self.text(&format!("{pointer}/city"), address.city, MAX_NAME);
        let region = self.optional(&format!("{pointer}/region"), address.region, MAX_NAME);
        let postal_code = self.text(
            &format!("{pointer}/postalCode"),
            address.postal_code,
            MAX_CODE,
        );
        let country = self.country(&format!("{pointer}/country"), address.country);
        Some(PostalAddress {
            name: name?,
            line1: line1?,
            line2: line2?,
            city: city?,
            region: region?,
            postal_code: postal_code?,
            country: country?,
        })
    }

    /// A country: two capitals. The code is not looked up: the ERP knows where it delivers.
    fn country(&mut self, pointer: &str, text: &str) -> Option<String> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(text.to_owned()),
            _ => self.wrong(
                pointer,
                "invalid_country",
                "is not a country code of ISO 3166-1 (example: US)",
            ),
        }
    }
}
