//! The open cart, also as made of an earlier order: lines, totals from cached prices, live
//! availability when a quantity changes.

mod config;
mod read;
mod routes;

use std::sync::Arc;

use app::articles::Articles;
use app::cart::{CartService, Reorder};
use app::directory::Directory;
use app::lookup::{
    AvailabilityLookup, AvailabilitySettings, LookupParts, PriceLookup, PriceSettings,
};
use app::reservations::Reservations;
use app::tracking::Tracking;
use axum::Router;
use axum::routing::{get, patch, post, put};
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Start};
use store_dynamodb::{CartsTable, CatalogTable, LookupsTable, MembersTable, SubmissionsTable};

pub use config::Config;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(start: &Start) -> Result<Function, ConfigError> {
    let config = Config::from_env(&start.env)?;
    let erp = ErpClient::from_variables(
        |name| start.env.optional(name),
        start.clock.clone(),
        start.metrics.handle(),
    );
    let erp = Arc::new(erp.map_err(|error| start.env.invalid(error.name, error.reason))?);
    let submissions = Arc::new(SubmissionsTable::new(
        &start.sdk,
        config.submissions_table.clone(),
        None,
    ));
    let tracking = Tracking {
        erp: erp.clone(),
        submissions,
        clock: start.clock.clone(),
    };
    let service = Arc::new(service(start, config, erp));
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
    lambda_kit::serve(carts.merge(orders), start)
}

fn service(start: &Start, config: Config, erp: Arc<ErpClient>) -> CartService {
    let (clock, ids) = (start.clock.clone(), start.ids.clone());
    let carts = Arc::new(CartsTable::new(&start.sdk, config.carts_table, ids.clone()));
    let members = Arc::new(MembersTable::new(&start.sdk, config.members_table));
    let cache = Arc::new(LookupsTable::new(&start.sdk, config.lookups_table));
    let parts = LookupParts::new(erp.clone(), cache, clock.clone(), ids.clone(), config.store)
        .renewing(start.after.handle())
        .measured(start.metrics.handle());
    start.warm_with({
        let parts = parts.clone();
        async move { parts.warm().await }
    });
    CartService {
        articles: Articles::new(
            Arc::new(CatalogTable::new(&start.sdk, config.catalog_table)),
            clock.clone(),
        ),
        directory: Directory::new(members.clone(), clock.clone()),
        members,
        prices: PriceLookup {
            erp: erp.clone(),
            parts: parts.clone(),
            settings: PriceSettings::default(),
        },
        availability: AvailabilityLookup {
            erp: erp.clone(),
            parts,
            settings: AvailabilitySettings {
                rules: config.rules,
                ..AvailabilitySettings::default()
            },
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
