//! Every deployed function, by name.

use lambda_kit::{ConfigError, Function, Runtime};

macro_rules! functions {
    ($($name:literal => $crate_name:ident),* $(,)?) => {
        /// The names of all functions that this process can run.
        pub const NAMES: &[&str] = &[$($name),*];

        /// Builds the function of the given name; nothing when there is none.
        ///
        /// # Errors
        /// What the function says about its configuration.
        pub async fn build(name: &str, runtime: &Runtime) -> Option<Result<Function, ConfigError>> {
            match name {
                $($name => Some($crate_name::build(runtime).await),)*
                _ => None,
            }
        }
    };
}

functions! {
    "cart" => cart,
    "catalog" => catalog,
    "catalog-load" => catalog_load,
    "checkout" => checkout,
    "inventory" => inventory,
    "member-load" => member_load,
    "operations" => operations,
    "prices" => prices,
    "reconcile" => reconcile,
    "registration" => registration,
    "submit" => submit,
    "submit-worker" => submit_worker,
    "tracking" => tracking,
}
