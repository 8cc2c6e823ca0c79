//! The seal of a preparation.

use domain::cart::Cart;
use domain::preparation::Preparation;
use domain::seal::sealed;
use sha2::{Digest, Sha256};

/// The digest of everything that a buyer of this preparation commits to.
pub(crate) fn seal(cart: &Cart, preparation: &Preparation) -> String {
    Sha256::digest(sealed(cart, preparation))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
