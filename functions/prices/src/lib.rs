//! Offer prices: what the ERP asks of the caller's organization.

use std::sync::Arc;

use app::directory::Directory;
use app::items::PricedItems;
use app::lookup::{
    AnsweredPrice, LookupDeps, Mode, PriceLookup, PriceQuery, PriceStatus, RequestedPrice,
};
use app::{FieldError, UseCaseError};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use domain::freshness::PriceFreshness;
use domain::ids::{Sku, StoreId, Unit};
use domain::money::Currency;
use domain::quantity::Quantity;
use erp_client::ErpClient;
use lambda_kit::{Call, ConfigError, Env, Function, Json, Member, Problem, Runtime};
use store_dynamodb::{CatalogTable, LookupsTable, MembersTable};
use wire::storefront::freshness::Freshness;
use wire::storefront::lookups as body;
use wire::value::Money;

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CATALOG_TABLE`: units and list prices.
    pub catalog_table: String,
    /// `MEMBERS_TABLE`: the organization's currency.
    pub members_table: String,
    /// `LOOKUPS_TABLE`: the cache.
    pub lookups_table: String,
    /// `STORE_ID`: the store that is asked for.
    pub store: StoreId,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            lookups_table: env.required("LOOKUPS_TABLE")?.to_owned(),
            store: StoreId::parse(env.required("STORE_ID")?)
                .map_err(|e| env.invalid("STORE_ID", &e.to_string()))?,
        })
    }
}

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
    let cache = Arc::new(LookupsTable::new(&runtime.sdk, config.lookups_table));
    let deps = LookupDeps::new(
        erp.clone(),
        cache,
        runtime.clock.clone(),
        runtime.ids.clone(),
        config.store,
    )
    .refreshing_ahead(runtime.after_response.handle())
    .with_metrics(runtime.metrics.handle());
    runtime.warm_with({
        let deps = deps.clone();
        async move { deps.warm_up().await }
    });
    let query = PriceQuery {
        directory: Directory::new(
            Arc::new(MembersTable::new(&runtime.sdk, config.members_table)),
            runtime.clock.clone(),
        ),
        items: PricedItems::new(
            Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
            runtime.clock.clone(),
        ),
        lookup: PriceLookup {
            erp,
            deps,
            freshness: PriceFreshness::DEFAULT,
        },
    };
    let router = Router::new()
        .route("/prices/query", post(prices))
        .with_state(Arc::new(query));
    lambda_kit::serve(router, runtime)
}

async fn prices(
    State(query): State<Arc<PriceQuery>>,
    call: Call,
    member: Member,
    Json(asked): Json<body::PriceQuery>,
) -> Result<Json<body::PricedItems>, Problem> {
    let currency = asked.currency.as_deref().map(Currency::parse).transpose();
    let currency = currency.map_err(|error| {
        UseCaseError::invalid("/currency", "invalid_currency", error.to_string())
    })?;
    let items = asked_items(&asked.items)?;
    let mode = match asked.mode {
        body::Mode::Cached => Mode::Cached,
        body::Mode::Auto => Mode::Auto,
        body::Mode::Live => Mode::Live,
    };
    let answers = query
        .answer(&call.context(), &member.customer, currency, mode, &items)
        .await?;
    Ok(Json(body::PricedItems {
        items: answers.into_iter().map(priced).collect(),
    }))
}

fn asked_items(items: &[body::PriceQueryItem]) -> Result<Vec<RequestedPrice>, UseCaseError> {
    let mut asked = Vec::with_capacity(items.len());
    let mut errors = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut refuse = |field: &str, code, message: String| {
            errors.push(FieldError::new(
                format!("/items/{at}/{field}"),
                code,
                message,
            ))
        };
        let sku = Sku::parse(&item.sku).map_err(|e| refuse("sku", "invalid_sku", e.to_string()));
        let quantity = item.quantity.map(|q| Quantity::new(q.0)).transpose();
        let quantity = quantity.map_err(|e| refuse("quantity", "invalid_quantity", e.to_string()));
        let unit = item.unit.as_deref().map(Unit::parse).transpose();
        let unit = unit.map_err(|e| refuse("unit", "invalid_unit", e.to_string()));
        if let (Ok(sku), Ok(quantity), Ok(unit)) = (sku, quantity, unit) {
            asked.push(RequestedPrice {
                sku,
                quantity,
                unit,
            });
        }
    }
    if errors.is_empty() {
        Ok(asked)
    } else {
        Err(UseCaseError::Invalid(errors))
    }
}

fn priced(answer: AnsweredPrice) -> body::PricedItem {
    let price = answer.price;
    let freshness = Freshness::from(&price.freshness);
    body::PricedItem {
        sku: answer.sku.as_str().to_owned(),
        quantity: answer.quantity.value().into(),
        unit: answer.unit.map(|unit| unit.as_str().to_owned()),
        status: match price.status {
            PriceStatus::Priced => body::PriceStatus::Priced,
            PriceStatus::Unpriced => body::PriceStatus::Unpriced,
            PriceStatus::Error => body::PriceStatus::Error,
        },
        offer_price: price.unit_price.map(Money::from),
        list_price: answer.list_price.map(Money::from),
        quantity_breaks: price
            .breaks
            .iter()
            .map(|step| body::QuantityBreak {
                min_quantity: step.min_quantity.value().into(),
                unit_price: step.unit_price.into(),
            })
            .collect(),
        code: if price.unit_price.is_none() {
            freshness.reason
        } else {
            None
        },
        freshness,
    }
}
