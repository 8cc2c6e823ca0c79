//! Browses the catalog: categories, items, list prices. Open to everyone.

mod languages;

use std::sync::Arc;

use app::UseCaseError;
use app::catalog::{Catalog, MAX_ITEMS, ShownItem};
use app::ports::Cursor;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use domain::ids::{CategoryId, Sku};
use lambda_kit::{
    Call, ConfigError, Env, Function, Json, Params, Path, Problem, Runtime, parse_id,
};
use serde::Deserialize;
use serde_json::{Value, json};
use store_dynamodb::CatalogTable;
use wire::storefront::catalog as body;

use crate::languages::Languages;

/// Items of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 20;

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CATALOG_TABLE`: where the catalog is kept.
    pub catalog_table: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let catalog = Arc::new(Catalog {
        reader: Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
    });
    let router = Router::new()
        .route("/health", get(health))
        .route("/catalog/categories", get(categories))
        .route("/catalog/categories/{category_id}/items", get(items_in))
        .route("/catalog/items/{sku}", get(item))
        .route("/catalog/items/query", post(query_items))
        .with_state(catalog);
    lambda_kit::serve(router, runtime)
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn categories(
    State(catalog): State<Arc<Catalog>>,
) -> Result<Json<body::Categories>, Problem> {
    let categories = catalog.categories().await?;
    Ok(Json(body::Categories {
        categories: categories.into_iter().map(body::Category::from).collect(),
    }))
}

#[derive(Debug, Deserialize)]
struct PageParams {
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn items_in(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Path(category_id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<body::Items>, Problem> {
    let category = parse_id(&category_id, CategoryId::parse)?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_ITEMS);
    let cursor = params.cursor.map(Cursor::new);
    let page = catalog
        .items_in(&category, limit, cursor.as_ref(), &languages, call.now)
        .await?;
    Ok(Json(body::Items {
        items: page.items.into_iter().map(shown).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

async fn item(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Path(sku): Path<String>,
) -> Result<Json<body::Item>, Problem> {
    let sku = parse_id(&sku, Sku::parse)?;
    let item = catalog.item(&sku, &languages, call.now).await?;
    Ok(Json(shown(item)))
}

async fn query_items(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Json(query): Json<body::ItemsQuery>,
) -> Result<Json<body::FoundItems>, Problem> {
    if query.skus.len() > MAX_ITEMS {
        return Err(UseCaseError::invalid(
            "/skus",
            "too_many",
            format!("a query has at most {MAX_ITEMS} skus"),
        )
        .into());
    }
    // What is no item number cannot exist, so it is absent like any other unknown one.
    let skus: Vec<Sku> = query
        .skus
        .iter()
        .filter_map(|sku| Sku::parse(sku).ok())
        .collect();
    let items = catalog.items(&skus, &languages, call.now).await?;
    Ok(Json(body::FoundItems {
        items: items.into_iter().map(shown).collect(),
    }))
}

fn shown(shown: ShownItem) -> body::Item {
    body::Item::new(shown.item, shown.list_prices)
}
