//! The open cart, also as made of an earlier order: lines, totals from cached prices, live
//! availability when a quantity changes.

mod config;
mod read;
mod routes;

use std::sync::Arc;

use app::cart::{CartService, Reorder};
use app::directory::Directory;
use app::items::PricedItems;
use app::lookup::{AvailabilityLookup, LookupDeps, PriceLookup};
use app::reservations::Reservations;
use app::tracking::Tracking;
use axum::Router;
use axum::routing::{get, patch, post, put};
use domain::freshness::{AvailabilityFreshness, PriceFreshness};
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::{CartsTable, CatalogTable, LookupsTable, MembersTable, SubmissionsTable};

pub use config::Config;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        runtime.clock.clone(),
        runtime.metrics.handle(),
    );
    let erp = Arc::new(erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?);
    let submissions = Arc::new(SubmissionsTable::new(
        &runtime.sdk,
        config.submissions_table.clone(),
        None,
    ));
    let tracking = Tracking {
        erp: erp.clone(),
        submissions,
        clock: runtime.clock.clone(),
    };
    let service = Arc::new(service(runtime, config, erp));
    let orders = Router::new()
        .route("/orders/{id}/reorder", post(routes::reorder))
        .with_state(Arc::new(Reorder {
            tracking,
            carts: service.clone(),
        }));
    let carts = Router::new()
        .route("/carts", post(routes::create))
        .route("/carts/current", get(routes::current))
        .route("/carts/{cart_id}", get(routes::show).delete(routes::delete))
        .route(
            "/carts/{cart_id}/lines",
            post(routes::add_line).put(routes::replace_lines),
        )
        .route(
            "/carts/{cart_id}/lines/{line_id}",
            patch(routes::change_quantity).delete(routes::remove_line),
        )
        .route("/carts/{cart_id}/shipping", put(routes::set_shipping))
        .with_state(service);
    lambda_kit::serve(carts.merge(orders), runtime)
}

fn service(runtime: &Runtime, config: Config, erp: Arc<ErpClient>) -> CartService {
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let carts = Arc::new(CartsTable::new(
        &runtime.sdk,
        config.carts_table,
        ids.clone(),
    ));
    let members = Arc::new(MembersTable::new(&runtime.sdk, config.members_table));
    let cache = Arc::new(LookupsTable::new(&runtime.sdk, config.lookups_table));
    let deps = LookupDeps::new(erp.clone(), cache, clock.clone(), ids.clone(), config.store)
        .refreshing_ahead(runtime.after_response.handle())
        .with_metrics(runtime.metrics.handle());
    runtime.warm_with({
        let deps = deps.clone();
        async move { deps.warm_up().await }
    });
    CartService {
        items: PricedItems::new(
            Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
            clock.clone(),
        ),
        directory: Directory::new(members.clone(), clock.clone()),
        members,
        prices: PriceLookup {
            erp: erp.clone(),
            deps: deps.clone(),
            freshness: PriceFreshness::DEFAULT,
        },
        availability: AvailabilityLookup {
            erp: erp.clone(),
            deps,
            freshness: AvailabilityFreshness::new(config.rules),
        },
        reservations: Reservations {
            carts: carts.clone(),
            erp,
            clock: clock.clone(),
        },
        carts,
        clock,
        ids,
    }
}
