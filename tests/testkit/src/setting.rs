//! What a developer who runs the tests may say about them.

/// A whole number from the environment, or else `default`.
///
/// # Panics
/// When the variable is not a number.
#[must_use]
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
    })
}
