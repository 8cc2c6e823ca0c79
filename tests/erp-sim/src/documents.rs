//! Orders and quotes: storing, finding, advancing.

use std::collections::{BTreeMap, HashMap};

use wire::erp::Document;

use crate::mode::Mode;

/// Order or quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Order,
    Quote,
}

impl Kind {
    /// The status a document starts with.
    pub fn first_status(self) -> &'static str {
        match self {
            Self::Order => "new",
            Self::Quote => "requested",
        }
    }

    /// The status after `status`, or `None` at the end.
    fn next_status(self, status: &str) -> Option<&'static str> {
        match (self, status) {
            (Self::Order, "new") => Some("confirmed"),
            (Self::Order, "confirmed") => Some("shipped"),
            (Self::Quote, "requested") => Some("offered"),
            (Self::Order | Self::Quote, _) => None,
        }
    }
}

/// A document with what only the ERP itself knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub document: Document,
    /// The key that it was submitted with.
    pub key: Option<String>,
    /// When it was placed, in milliseconds.
    pub placed_at: i64,
    /// Before this instant it is not found; see the fault `late-visible`.
    pub visible_at: i64,
    /// When a quote ends.
    pub expires_at: Option<i64>,
    /// Whether a second submission is refused instead of answered; see the fault
    /// `duplicate-refused`.
    pub refuses_repeats: bool,
}

impl Stored {
    /// Whether it is accepted; a draft is not.
    pub fn accepted(&self) -> bool {
        self.document.accepted == Some(true)
    }

    /// The ERP's status.
    pub fn status(&self) -> &str {
        self.document.status.as_deref().unwrap_or("")
    }

    /// Sets the ERP's status.
    pub fn set_status(&mut self, status: &str) {
        self.document.status = Some(status.to_owned());
    }
}

/// All documents of a kind, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Documents {
    kind: Kind,
    all: Vec<Stored>,
    by_reference: HashMap<String, Vec<usize>>,
    by_id: HashMap<String, usize>,
    /// Reference by idempotency key.
    keys: BTreeMap<String, String>,
}

impl Documents {
    /// None yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            all: Vec::new(),
            by_reference: HashMap::new(),
            by_id: HashMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// The number that the next document gets.
    pub fn next_id(&self) -> String {
        let number = self.all.len().saturating_add(1001);
        match self.kind {
            Kind::Order => format!("SO-{number}"),
            Kind::Quote => format!("SQ-{number}"),
        }
    }

    /// Stores a document under its number, its reference and its key.
    pub fn add(&mut self, stored: Stored) {
        let index = self.all.len();
        if let Some(id) = stored.document.external_id() {
            self.by_id.insert(id.to_owned(), index);
        }
        if let Some(reference) = &stored.document.reference {
            self.by_reference
                .entry(reference.clone())
                .or_default()
                .push(index);
            if let Some(key) = &stored.key {
                self.keys.insert(key.clone(), reference.clone());
            }
        }
        self.all.push(stored);
    }

    /// The reference that a key was used for.
    pub fn reference_of_key(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// The document of a reference: the one that was accepted, and a draft only while there is no
    /// other. With a careful client at most one is accepted.
    pub fn by_reference(&mut self, reference: &str) -> Option<&mut Stored> {
        let documents = self.by_reference.get(reference)?;
        let is_accepted = |index: &&usize| self.all.get(**index).is_some_and(Stored::accepted);
        let index = *documents.iter().find(is_accepted).or(documents.first())?;
        self.all.get_mut(index)
    }

    /// The document with the ERP's number.
    pub fn by_id(&mut self, id: &str) -> Option<&mut Stored> {
        let index = *self.by_id.get(id)?;
        self.all.get_mut(index)
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[Stored] {
        &self.all
    }

    /// Moves every accepted document to where its age puts it; never back, and not at all in the
    /// explicit mode.
    pub fn age(&mut self, mode: Mode, now: i64) {
        let Mode::Automatic {
            confirm_after_ms,
            ship_after_ms,
        } = mode
        else {
            return;
        };
        for stored in self.all.iter_mut().filter(|stored| stored.accepted()) {
            let age = now.saturating_sub(stored.placed_at);
            let wanted = match self.kind {
                Kind::Order => [age >= confirm_after_ms, age >= ship_after_ms],
                // Quotes are offered at once: no person decides.
                Kind::Quote => [true, false],
            };
            let first = self.kind.first_status();
            if wanted[0]
                && stored.status() == first
                && let Some(next) = self.kind.next_status(first)
            {
                stored.set_status(next);
            }
            if wanted[1] && stored.status() == "confirmed" {
                stored.set_status("shipped");
            }
            if stored.status() == "offered" && stored.expires_at.is_some_and(|end| end <= now) {
                stored.set_status("expired");
            }
        }
    }

    /// Moves one document one step; false when it is unknown or at its end.
    pub fn advance(&mut self, id: &str) -> bool {
        let kind = self.kind;
        let Some(stored) = self.by_id(id).filter(|stored| stored.accepted()) else {
            return false;
        };
        match kind.next_status(stored.status()) {
            Some(next) => {
                stored.set_status(next);
                true
            }
            None => false,
        }
    }
}
