//! Offer prices: what the ERP asks of the caller's organization.

mod read;
mod routes;

use std::sync::Arc;

use app::directory::Directory;
use app::items::PricedItems;
use app::lookup::{PriceLookup, PriceQuery};
use axum::Router;
use axum::routing::post;
use domain::freshness::PriceFreshness;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::{CatalogTable, LookupsTable, MembersTable};

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let clock = &runtime.clock;
    let erp = runtime.erp(ErpClient::from_variables)?;
    let cache = LookupsTable::new(sdk, env.required("LOOKUPS_TABLE")?);
    let members = MembersTable::new(sdk, env.required("MEMBERS_TABLE")?);
    let catalog = CatalogTable::new(sdk, env.required("CATALOG_TABLE")?);
    let query = PriceQuery {
        directory: Directory::new(Arc::new(members), clock.clone()),
        items: PricedItems::new(Arc::new(catalog), clock.clone()),
        lookup: PriceLookup {
            erp: erp.clone(),
            deps: runtime
                .lookup_deps(erp, Arc::new(cache))?
                .refreshing_ahead(runtime.after_response.handle()),
            freshness: PriceFreshness::DEFAULT,
        },
    };
    let router = Router::new()
        .route("/prices/query", post(routes::prices))
        .with_state(Arc::new(query));
    lambda_kit::serve(router, runtime)
}
