//! What the key of an export file says about it.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Longest name of a file, in bytes. The name becomes part of other keys, and a key has at most
/// 1024.
const MAX_NAME: usize = 200;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value by its name in keys, records and messages.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The name in keys, records and messages.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use named;

named! {
    /// What the rows of a file are.
    LoadKind {
        /// Customer organizations.
        Organizations = "organizations",
        /// Users of organizations.
        Users = "users",
        /// Addresses of organizations.
        Addresses = "addresses",
        /// Groups of items.
        Categories = "categories",
        /// Items.
        Items = "items",
        /// Item texts in other languages.
        ItemDescriptions = "item-descriptions",
        /// List prices of items.
        ListPrices = "list-prices",
    }
}

named! {
    /// What a file is of all the rows that there are.
    LoadMode {
        /// The whole truth.
        Snapshot = "snapshot",
        /// Only what changed.
        Delta = "delta",
    }
}

/// The place of a file in the order of all files of its kind, whatever the order they arrive in:
/// the later wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(i64);

impl Sequence {
    /// Takes a number as sequence.
    #[must_use]
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl From<Timestamp> for Sequence {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millis())
    }
}

/// Why a key names no export file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportKeyError {
    /// It is not of the form `incoming/<kind>/<mode>/<name>.<format>`.
    #[error("the key is not of the form incoming/<kind>/<mode>/<name>.<format>")]
    Form,
    /// The kind is unknown.
    #[error("the key names no known kind of rows")]
    Kind,
    /// The mode is unknown.
    #[error("the key names neither snapshot nor delta")]
    Mode,
    /// The name is empty or too long.
    #[error("the name of the file is empty or longer than 200 bytes")]
    Name,
}

/// The key of an export file: `incoming/<kind>/<mode>/<name>.<format>[.gz|.zst]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportKey {
    text: String,
    kind: LoadKind,
    mode: LoadMode,
    name: String,
    suffix: String,
}

impl ExportKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`ExportKeyError`] if it does not name an export file. A file in an unreadable format is one
    /// all the same, so that its sender gets a report.
    pub fn parse(key: &str) -> Result<Self, ExportKeyError> {
        let mut parts = key.split('/');
        let (Some("incoming"), Some(kind), Some(mode), Some(file), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(ExportKeyError::Form);
        };
        if file.ends_with(".profile.json") {
            return Err(ExportKeyError::Form);
        }
        let kind = LoadKind::parse(kind).ok_or(ExportKeyError::Kind)?;
        let mode = LoadMode::parse(mode).ok_or(ExportKeyError::Mode)?;
        let (name, suffix) = split_suffix(file);
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(ExportKeyError::Name);
        }
        Ok(Self {
            text: key.to_owned(),
            kind,
            mode,
            name: name.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    /// The whole key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the rows are.
    #[must_use]
    pub fn kind(&self) -> LoadKind {
        self.kind
    }

    /// What the file is of all rows.
    #[must_use]
    pub fn mode(&self) -> LoadMode {
        self.mode
    }

    /// The file without folder and suffix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What follows the name: format and compression, such as `csv.gz`.
    #[must_use]
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// The keys of the profiles of the file, in the order in which they are looked for: its own,
    /// then that of its kind.
    #[must_use]
    pub fn profiles(&self) -> [String; 2] {
        [
            format!("{}.profile.json", self.text),
            format!("profiles/{}.json", self.kind),
        ]
    }

    /// The place of the file in the order of its kind: the last timestamp in its name, such as
    /// `items-20250207T100000Z`, else when it was last modified.
    #[must_use]
    pub fn sequence(&self, last_modified: Timestamp) -> Sequence {
        timestamp_in(&self.name).unwrap_or(last_modified).into()
    }

    /// The key of a file about the rows that the load `load_id` refused.
    #[must_use]
    pub fn rejects(&self, load_id: &crate::ids::LoadId, file: &str) -> String {
        format!("rejects/{}/{}/{load_id}/{file}", self.kind, self.name)
    }

    /// What the keys of objects begin with that the load `load_id` keeps while it runs.
    #[must_use]
    pub fn work(&self, load_id: &crate::ids::LoadId) -> String {
        format!("work/{}/{load_id}", self.kind)
    }

    /// The key of the report of the load `load_id`.
    #[must_use]
    pub fn report(&self, load_id: &crate::ids::LoadId) -> String {
        format!("reports/{}/{}/{load_id}.json", self.kind, self.name)
    }
}

/// Splits off the known suffixes, or else what follows the last point: `a.b.csv.gz` is `a.b` and
/// `csv.gz`.
fn split_suffix(file: &str) -> (&str, &str) {
    let plain = file
        .strip_suffix(".gz")
        .or_else(|| file.strip_suffix(".zst"))
        .unwrap_or(file);
    match plain.rsplit_once('.') {
        Some((name, _)) => (name, file.get(name.len() + 1..).unwrap_or_default()),
        None => (
            plain,
            file.get(plain.len()..)
                .unwrap_or_default()
                .trim_start_matches('.'),
        ),
    }
}

/// The last instant of the form `20250207T100000Z` in a name.
fn timestamp_in(name: &str) -> Option<Timestamp> {
    const FORM: &[u8; 16] = b"00000000T000000Z";
    let fits = |window: &[u8]| {
        window.iter().zip(FORM).all(|(c, f)| {
            if *f == b'0' {
                c.is_ascii_digit()
            } else {
                c == f
            }
        })
    };
    let at = name.as_bytes().windows(FORM.len()).rposition(fits)?;
    let digits = name.get(at..at + FORM.len())?;
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    );
    Timestamp::from_str(&text).ok()
}
