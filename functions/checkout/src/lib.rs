//! Preparation: reserve, price live, let the ERP calculate; and release.

mod config;

use std::sync::Arc;

use app::checkout::Checkout;
use app::directory::Directory;
use app::lookup::{LookupDeps, PriceLookup};
use app::reservations::Reservations;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use domain::freshness::PriceFreshness;
use domain::ids::CartId;
use erp_client::ErpClient;
use lambda_kit::{
    Buyer, Call, ConfigError, Function, Json, NoBody, Path, Problem, Runtime, parse_id,
};
use store_dynamodb::{CartsTable, CatalogTable, LookupsTable, MembersTable};
use wire::storefront::preparation::Preparation;

pub use config::Config;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        clock.clone(),
        runtime.metrics.handle(),
    );
    let erp = Arc::new(erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?);
    let carts = Arc::new(CartsTable::new(
        &runtime.sdk,
        config.carts_table,
        ids.clone(),
    ));
    let cache = Arc::new(LookupsTable::new(&runtime.sdk, config.lookups_table));
    let deps = LookupDeps::new(erp.clone(), cache, clock.clone(), ids.clone(), config.store)
        .with_metrics(runtime.metrics.handle());
    runtime.warm_with({
        let deps = deps.clone();
        async move { deps.warm_up().await }
    });
    let checkout = Checkout {
        catalog: Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
        directory: Directory::new(
            Arc::new(MembersTable::new(&runtime.sdk, config.members_table)),
            clock.clone(),
        ),
        prices: PriceLookup {
            erp: erp.clone(),
            deps,
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
            post(prepare).delete(release),
        )
        .with_state(Arc::new(checkout));
    lambda_kit::serve(router, runtime)
}

async fn prepare(
    State(checkout): State<Arc<Checkout>>,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<Preparation>, Problem> {
    let id = parse_id(&id, CartId::parse)?;
    let preparation = checkout.prepare(&call.context(), &customer, &id).await?;
    Ok(Json(Preparation::from(&preparation)))
}

async fn release(
    State(checkout): State<Arc<Checkout>>,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = parse_id(&id, CartId::parse)?;
    checkout.release(&call.context(), &customer, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
