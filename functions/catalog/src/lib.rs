//! Browses the catalog: categories, items, list prices. Open to everyone.

mod read;
mod routes;

use std::sync::Arc;

use app::catalog::Catalog;
use axum::Router;
use axum::routing::{get, post};
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::CatalogTable;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let table = CatalogTable::new(&runtime.sdk, runtime.env.required("CATALOG_TABLE")?);
    let catalog = Catalog {
        reader: Arc::new(table),
    };
    let router = Router::new()
        .route("/health", get(routes::health))
        .route("/catalog/categories", get(routes::categories))
        .route(
            "/catalog/categories/{category_id}/items",
            get(routes::items_in),
        )
        .route("/catalog/items/{sku}", get(routes::item))
        .route("/catalog/items/query", post(routes::query_items))
        .with_state(Arc::new(catalog));
    lambda_kit::serve(router, runtime)
}
