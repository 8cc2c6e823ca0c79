//! Preparation of an order: reserves the stock, asks for live prices and lets the ERP calculate the
//! totals. And the release of a preparation.

mod routes;

use std::sync::Arc;

use app::checkout::Checkout;
use app::directory::Directory;
use app::lookup::PriceLookup;
use app::reservations::Reservations;
use axum::Router;
use axum::routing::post;
use domain::freshness::PriceFreshness;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::{CartsTable, CatalogTable, LookupsTable, MembersTable};

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let erp = runtime.erp(ErpClient::from_variables)?;
    let cache = LookupsTable::new(sdk, env.required("LOOKUPS_TABLE")?);
    let carts = CartsTable::new(sdk, env.required("CARTS_TABLE")?, ids.clone());
    let carts = Arc::new(carts);
    let catalog = CatalogTable::new(sdk, env.required("CATALOG_TABLE")?);
    let members = MembersTable::new(sdk, env.required("MEMBERS_TABLE")?);
    let checkout = Checkout {
        catalog: Arc::new(catalog),
        directory: Directory::new(Arc::new(members), clock.clone()),
        prices: PriceLookup {
            erp: erp.clone(),
            deps: runtime.lookup_deps(erp.clone(), Arc::new(cache))?,
            freshness: PriceFreshness::DEFAULT,
        },
        reservations: Reservations {
            carts: carts.clone(),
            erp: erp.clone(),
            clock: clock.clone(),
        },
        carts,
        erp,
        clock,
        ids,
    };
    let router = Router::new()
        .route(
            "/carts/{cart_id}/preparation",
            post(routes::prepare).delete(routes::release),
        )
        .with_state(Arc::new(checkout));
    lambda_kit::serve(router, runtime)
}
