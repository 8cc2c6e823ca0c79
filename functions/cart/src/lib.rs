//! The open cart, also as made of an earlier order: lines, totals from cached prices, live
//! availability when a quantity changes.

mod read;
mod routes;

use std::sync::Arc;

use app::cart::{CartService, Reorder};
use app::directory::Directory;
use app::items::PricedItems;
use app::lookup::{AvailabilityLookup, PriceLookup};
use app::reservations::Reservations;
use app::tracking::Tracking;
use axum::Router;
use axum::routing::{get, patch, post, put};
use domain::freshness::{AvailabilityFreshness, PriceFreshness};
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::{CartsTable, CatalogTable, LookupsTable, MembersTable, SubmissionsTable};

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let erp = runtime.erp(ErpClient::from_variables)?;
    let submissions = runtime.env.required("SUBMISSIONS_TABLE")?;
    let submissions = Arc::new(SubmissionsTable::new(&runtime.sdk, submissions, None));
    let tracking = Tracking {
        erp: erp.clone(),
        submissions,
        clock: runtime.clock.clone(),
    };
    let service = Arc::new(service(runtime, erp)?);
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

fn service(runtime: &Runtime, erp: Arc<ErpClient>) -> Result<CartService, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let carts = CartsTable::new(sdk, env.required("CARTS_TABLE")?, ids.clone());
    let carts = Arc::new(carts);
    let members = Arc::new(MembersTable::new(sdk, env.required("MEMBERS_TABLE")?));
    let catalog = CatalogTable::new(sdk, env.required("CATALOG_TABLE")?);
    let cache = LookupsTable::new(sdk, env.required("LOOKUPS_TABLE")?);
    // How long an availability is fresh.
    let rules = env.optionally_parsed("INVENTORY_RULES", wire::rules::read)?;
    let deps = runtime
        .lookup_deps(erp.clone(), Arc::new(cache))?
        .refreshing_ahead(runtime.after_response.handle());
    Ok(CartService {
        items: PricedItems::new(Arc::new(catalog), clock.clone()),
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
            freshness: AvailabilityFreshness::new(rules.unwrap_or_default()),
        },
        reservations: Reservations {
            carts: carts.clone(),
            erp,
            clock: clock.clone(),
        },
        carts,
        clock,
        ids,
    })
}
