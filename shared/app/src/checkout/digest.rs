//! The content digest of a preparation.

use domain::cart::Cart;
use domain::digest::canonical_text;
use domain::preparation::Preparation;
use sha2::{Digest, Sha256};

/// The digest of everything that a buyer of this preparation commits to.
pub(crate) fn content_digest(cart: &Cart, preparation: &Preparation) -> String {
    Sha256::digest(canonical_text(cart, preparation))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
