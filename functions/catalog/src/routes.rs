//! The handlers.

use std::sync::Arc;

use app::catalog::{Catalog, ShownItem};
use axum::extract::State;
use domain::ids::{CategoryId, Sku};
use lambda_kit::{Call, Json, Params, Path, Problem, parse_id};
use serde_json::{Value, json};
use wire::storefront::catalog as body;

use crate::read::{self, Languages, PageParams};

pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(crate) async fn categories(
    State(catalog): State<Arc<Catalog>>,
) -> Result<Json<body::Categories>, Problem> {
    let categories = catalog.categories().await?;
    Ok(Json(body::Categories {
        categories: categories.into_iter().map(body::Category::from).collect(),
    }))
}

pub(crate) async fn items_in(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Path(category_id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<body::Items>, Problem> {
    let category = parse_id(&category_id, CategoryId::parse)?;
    let (limit, cursor) = read::page(params);
    let page = catalog
        .items_in(&category, limit, cursor.as_ref(), &languages, call.now)
        .await?;
    Ok(Json(body::Items {
        items: page.items.into_iter().map(item_body).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

pub(crate) async fn item(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Path(sku): Path<String>,
) -> Result<Json<body::Item>, Problem> {
    let sku = parse_id(&sku, Sku::parse)?;
    let item = catalog.item(&sku, &languages, call.now).await?;
    Ok(Json(item_body(item)))
}

pub(crate) async fn query_items(
    State(catalog): State<Arc<Catalog>>,
    call: Call,
    Languages(languages): Languages,
    Json(query): Json<body::ItemsQuery>,
) -> Result<Json<body::FoundItems>, Problem> {
    let skus = read::skus(&query)?;
    let items = catalog.items(&skus, &languages, call.now).await?;
    Ok(Json(body::FoundItems {
        items: items.into_iter().map(item_body).collect(),
    }))
}

fn item_body(shown: ShownItem) -> body::Item {
    body::Item::new(shown.item, shown.list_prices)
}
